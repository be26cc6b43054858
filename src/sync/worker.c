/* worker.c - see worker.h. */
#include "worker.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/log.h"

#define BACKOFF_LIMIT_S 300
#define PROGRESS_EVERY 50000 /* microseconds: as often as anybody can see */

Worker *worker_new(Context *context, Account *account, gint64 account_id, Lane lane, Shared *shared,
                   LaneFunc run, void *data)
{
    Worker *w = g_new0(Worker, 1);
    w->context = context;
    w->account = account ? account_ref(account) : NULL;
    w->account_id = account_id;
    w->lane = lane;
    w->shared = shared ? shared_ref(shared) : NULL;
    w->run = run;
    w->data = data;
    w->watch = -1;
    w->inbox = queue_new((GDestroyNotify)request_free);
    w->cancel = cancel_new();
    w->ended = cancel_new();
    g_queue_init(&w->put_off);
    return w;
}

void worker_free(Worker *w)
{
    if (!w)
        return;
    g_queue_clear_full(&w->put_off, (GDestroyNotify)request_free);
    queue_free(w->inbox);
    cancel_free(w->cancel);
    cancel_free(w->ended);
    shared_unref(w->shared);
    if (w->account)
        account_unref(w->account);
    g_free(w);
}

static void *worker_main(void *data)
{
    Worker *w = data;
    g_autoptr(GError) err = NULL;
    w->store = store_connect(w->context->home, STORE_FOR_WORK, &err);
    if (w->store)
        w->run(w);
    else
        worker_complain(w, err);
    g_clear_pointer(&w->store, store_free);
    if (worker_once(w) && !worker_is_stopping(w)) {
        if (w->shared && w->lane != LANE_FAST) {
            shared_lane_ended(w->shared, w->lane);
            worker_poke(w, LANE_FAST, REQUEST_REPLAY, 0);
        }
        worker_idle(w);
    }
    cancel_trigger(w->ended);
    return NULL;
}

void worker_attach(Worker *w)
{
    bus_attach(w->context->bus, w->account_id, w->lane, w->inbox, w->cancel);
    w->attached = TRUE;
}

void worker_detach(Worker *w)
{
    if (w->attached)
        bus_detach(w->context->bus, w->account_id, w->lane);
    w->attached = FALSE;
}

gboolean worker_start(Worker *w, GError **err)
{
    /* Signals are main's: a worker starts with all of them blocked. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int failed = pthread_create(&w->thread, NULL, worker_main, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed) {
        error_set_errno(err, PINTAIL_ERROR_RETRY, failed, _("cannot start a worker thread"));
        return FALSE;
    }
    w->started = TRUE;
    return TRUE;
}

void worker_stop(Worker *w)
{
    g_atomic_int_set(&w->stopping, TRUE);
    cancel_trigger(w->cancel);
}

gboolean worker_join(Worker *w, gint64 until)
{
    while (w->started && !cancel_is_set(w->ended)) {
        gint64 left = (until - g_get_monotonic_time() + 999) / 1000;
        struct pollfd fd = {.fd = cancel_fd(w->ended), .events = POLLIN};
        if (left <= 0)
            return FALSE;
        if (poll(&fd, 1, (int)MIN(left, 60000)) < 0 && errno != EINTR)
            g_error("worker: poll: %s", g_strerror(errno));
    }
    worker_detach(w);
    if (w->started) {
        pthread_join(w->thread, NULL);
        w->started = FALSE;
    }
    return TRUE;
}

gboolean worker_is_stopping(const Worker *w)
{
    return g_atomic_int_get(&w->stopping);
}

gboolean worker_once(const Worker *w)
{
    return (w->context->flags & ENGINE_ONCE) != 0;
}

gboolean worker_read_only(const Worker *w)
{
    return (w->context->flags & ENGINE_READ_ONLY) != 0;
}

LockState worker_lock(const Worker *w)
{
    return g_atomic_int_get(&w->context->lock);
}

/* worker_stop() sets `stopping` before the cancel: whoever looks after the reset sees it. */
static void forget_cancel(Worker *w)
{
    if (!worker_is_stopping(w))
        cancel_reset(w->cancel);
    if (worker_is_stopping(w))
        cancel_trigger(w->cancel);
}

Request *worker_next(Worker *w)
{
    forget_cancel(w);
    Request *r = g_queue_pop_head(&w->put_off);
    return r ? r : queue_pop(w->inbox);
}

gboolean worker_has_requests(Worker *w)
{
    return w->put_off.length > 0 || queue_length(w->inbox) > 0;
}

/* FALSE when the time is over. */
static gboolean wait_inbox(Worker *w, gint64 until)
{
    struct pollfd fds[] = {{.fd = queue_fd(w->inbox), .events = POLLIN},
                           {.fd = cancel_fd(w->cancel), .events = POLLIN},
                           {.fd = w->watch, .events = POLLIN}};
    int timeout = -1;
    if (until > 0) {
        gint64 left = (until - g_get_monotonic_time() + 999) / 1000;
        if (left <= 0)
            return FALSE;
        timeout = (int)MIN(left, G_MAXINT / 2);
    }
    if (poll(fds, G_N_ELEMENTS(fds), timeout) < 0 && errno != EINTR)
        g_error("worker: poll: %s", g_strerror(errno));
    w->watch_ready = fds[2].revents != 0;
    return TRUE;
}

gboolean worker_wait(Worker *w, gint64 until)
{
    forget_cancel(w);
    w->watch_ready = FALSE;
    while (!worker_is_stopping(w) && !worker_has_requests(w) && !cancel_is_set(w->cancel)) {
        if (!wait_inbox(w, until) || w->watch_ready)
            break;
    }
    return !worker_is_stopping(w);
}

/* What comes while another process syncs: the folder on the screen is remembered, the
 * rest is the other's to do. */
static void take_without_lock(Worker *w, Request **open)
{
    g_autoptr(Request) r = worker_next(w);
    if (!r)
        return;
    if (r->kind == REQUEST_OPEN) {
        request_free(*open);
        *open = g_steal_pointer(&r);
    } else if (r->kind == REQUEST_BODY) {
        g_autoptr(GError) err = NULL;
        error_set(&err, PINTAIL_ERROR_RETRY, _("another Pintail is running and downloads for this account"));
        worker_body_event(w, r->message_id, r->section, err);
    }
}

gboolean worker_wait_for_lock(Worker *w)
{
    g_autoptr(Request) open = NULL;
    gboolean said = FALSE;
    while (!worker_is_stopping(w)) {
        LockState lock = worker_lock(w);
        if (lock == LOCK_OURS) {
            if (open)
                g_queue_push_head(&w->put_off, g_steal_pointer(&open));
            return TRUE;
        }
        if (lock == LOCK_ELSEWHERE && worker_once(w)) {
            worker_notice(w, NOTICE_ERROR, _("%s: another Pintail is running and keeps this account in step"),
                          w->account->name);
            return FALSE;
        }
        if (lock == LOCK_ELSEWHERE && !said)
            worker_state(w, ACCOUNT_ELSEWHERE, _("another Pintail keeps this account in step"));
        said = said || lock == LOCK_ELSEWHERE;
        /* The engine pokes every lane when the lock changes hands. */
        if (worker_wait(w, 0))
            take_without_lock(w, &open);
    }
    return FALSE;
}

Request *worker_ask(Worker *w, Event *question_take, GError **err)
{
    guint64 id = bus_question_id(w->context->bus);
    question_take->question = id;
    question_take->lane = w->lane;
    bus_post(w->context->bus, question_take);
    for (;;) {
        gboolean ends = worker_is_stopping(w) || cancel_is_set(w->cancel);
        Request *r = queue_pop(w->inbox); /* an answer that was given before the end counts */
        if (!r && ends)
            break;
        if (!r) {
            wait_inbox(w, 0);
            continue;
        }
        if (r->kind == REQUEST_ANSWER && r->question == id)
            return r;
        if (r->kind == REQUEST_ANSWER)
            request_free(r); /* to a question that nobody waits for any more */
        else
            g_queue_push_tail(&w->put_off, r);
    }
    error_set(err, PINTAIL_ERROR_CANCELLED, _("cancelled"));
    return NULL;
}

gboolean worker_put_off(Worker *w, GError **err)
{
    while (!worker_is_stopping(w) && !cancel_is_set(w->cancel)) {
        Request *r = queue_pop(w->inbox);
        if (r) {
            g_queue_push_tail(&w->put_off, r);
            return TRUE;
        }
        wait_inbox(w, 0);
    }
    error_set(err, PINTAIL_ERROR_CANCELLED, _("cancelled"));
    return FALSE;
}

void worker_poke(Worker *w, Lane lane, RequestKind kind, gint64 folder)
{
    Request *r = request_new(kind, w->account_id);
    r->folder_id = folder;
    bus_request(w->context->bus, lane, r);
}

static Event *lane_event(Worker *w, EventKind kind)
{
    Event *e = event_new(kind, w->account_id);
    e->lane = w->lane;
    return e;
}

void worker_state(Worker *w, AccountState state, const char *text)
{
    Event *e = lane_event(w, EVENT_ACCOUNT);
    e->state = state;
    e->text = g_strdup(text ? text : "");
    bus_post(w->context->bus, e);
}

void worker_state_failed(Worker *w, const char *text, const GError *why)
{
    gboolean person = error_needs_person(why) || error_is(why, PINTAIL_ERROR_TLS);
    Event *e = lane_event(w, EVENT_ACCOUNT);
    e->state = person ? ACCOUNT_FAILED : ACCOUNT_OFFLINE;
    e->code = why->code;
    e->text = g_strdup(text ? text : why->message);
    bus_post(w->context->bus, e);
}

void worker_notice(Worker *w, Severity severity, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    Event *e = lane_event(w, EVENT_NOTICE);
    e->severity = severity;
    e->text = g_strdup_vprintf(format, args);
    va_end(args);
    log_line("sync", "%s", e->text);
    bus_post(w->context->bus, e);
}

void worker_alerts(Worker *w, const GPtrArray *alerts)
{
    for (guint n = 0; n < alerts->len; n++) {
        const char *text = alerts->pdata[n];
        if (shared_is_new_alert(w->shared, text))
            worker_notice(w, NOTICE_WARNING, _("%s says: %s"), w->account->name, text);
    }
}

void worker_complain(Worker *w, const GError *err)
{
    if (!err || error_is(err, PINTAIL_ERROR_CANCELLED))
        return;
    Event *e = lane_event(w, EVENT_NOTICE);
    e->severity = NOTICE_ERROR;
    e->code = err->code;
    if (w->account)
        e->text = g_strdup_printf("%s: %s", w->account->name, err->message);
    else
        e->text = g_strdup(err->message);
    log_line("sync", "%s", e->text);
    bus_post(w->context->bus, e);
}

void worker_progress(Worker *w, const char *text, guint64 done, guint64 total, gboolean in_bytes)
{
    gint64 now = g_get_monotonic_time();
    if (w->progress_since == 0 || done < w->progress_from) {
        w->progress_since = now;
        w->progress_from = done;
    }
    if (done < total && now - w->progress_posted < PROGRESS_EVERY)
        return;
    w->progress_posted = now;
    Event *e = lane_event(w, EVENT_PROGRESS);
    e->text = g_strdup(text);
    e->done = MIN(done, total);
    e->total = total;
    gint64 spent = now - w->progress_since;
    if (in_bytes && spent > 100000)
        e->per_second = (guint64)((double)(done - w->progress_from) * 1e6 / (double)spent);
    if (done >= total)
        w->progress_since = w->progress_posted = 0;
    bus_post(w->context->bus, e);
}

void worker_body_event(Worker *w, gint64 message, const char *section, const GError *failure)
{
    Event *e = lane_event(w, EVENT_BODY);
    e->message_id = message;
    e->section = g_strdup(section ? section : "");
    e->ok = failure == NULL;
    e->text = g_strdup(failure ? failure->message : "");
    bus_post(w->context->bus, e);
}

void worker_idle(Worker *w)
{
    bus_post(w->context->bus, lane_event(w, EVENT_IDLE));
}

gint64 backoff_us(guint failures)
{
    guint seconds = failures >= 9 ? BACKOFF_LIMIT_S : MIN(1u << (failures > 0 ? failures - 1 : 0), BACKOFF_LIMIT_S);
    return (gint64)(seconds * 1e6 * g_random_double_range(0.75, 1.25));
}
