/* pop3_lane.c - the POP3 worker: a session every `poll`, at once when the person wants it, with growing
 * pauses after trouble; the local Maildirs re-read beside it. Also the worker of accounts that are
 * only local. */
#include "lane.h"
#include "learn.h"
#include "pintail/store/folder.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/log.h"
#include "pop3_download.h"

#define TLS_RETRY (60 * G_TIME_SPAN_SECOND)
#define LOCAL_POLL (60 * G_TIME_SPAN_SECOND)

typedef struct {
    Worker *w;
    Pop3Download d;
    gint64 due;      /* monotonic: the next session; 0: only when asked for */
    gint64 earliest; /* LOGIN-DELAY (RFC 2449 section 6.5) */
    gint64 rescan;   /* monotonic: the next look at the Maildirs */
    guint failures;
    guint64 question; /* POP3_KEEP that is open; 0 */
    gboolean asked;
    GArray *bodies;   /* of gint64: messages somebody waits for */
} Pop3Lane;

/* ---- local folders ---- */

static void rescan(Worker *w, gint64 only)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(GPtrArray) folders = folders_list(w->store, w->account_id, &err);
    for (guint n = 0; folders && n < folders->len && !worker_is_stopping(w); n++) {
        const Folder *f = folders->pdata[n];
        if ((f->flags & FOLDER_LOCAL) && (only == 0 || only == f->id) && !err)
            folder_rescan(w->store, f->id, NULL, &err);
    }
    worker_complain(w, err);
}

/* What a local message has is here; more of it cannot be had from this worker. */
static void refuse_body(Worker *w, const Request *r)
{
    g_autoptr(GError) err = NULL;
    if (w->account->incoming)
        error_set(&err, PINTAIL_ERROR_REFUSED, _("read only: nothing is downloaded"));
    worker_body_event(w, r->message_id, r->section, err);
}

void local_lane(Worker *w)
{
    if (!worker_wait_for_lock(w))
        return;
    rescan(w, 0);
    while (!worker_once(w) && worker_wait(w, g_get_monotonic_time() + LOCAL_POLL)) {
        g_autoptr(Request) r = worker_next(w);
        if (!r)
            rescan(w, 0);
        else if (r->kind == REQUEST_OPEN || r->kind == REQUEST_SYNC)
            rescan(w, r->folder_id);
        else if (r->kind == REQUEST_BODY)
            refuse_body(w, r);
        else if (r->kind == REQUEST_LEARN)
            learn_run(w, r);
    }
}

/* ---- may mail be removed there? ---- */

static char *keep_key(const Worker *w)
{
    return g_strdup_printf("pop3-keep/%s", w->account->name);
}

/* What the account says, else what the person answered once. */
static Pop3KeepKind load_keep(Worker *w)
{
    if (w->account->pop3_keep != POP3_KEEP_UNSET)
        return w->account->pop3_keep;
    g_autofree char *key = keep_key(w);
    g_autofree char *value = meta_get(w->store, key);
    if (g_strcmp0(value, "never") == 0)
        return POP3_KEEP_NEVER;
    return g_strcmp0(value, "forever") == 0 ? POP3_KEEP_FOREVER : POP3_KEEP_UNSET;
}

static void ask_keep(Pop3Lane *l)
{
    if (l->asked || l->d.keep != POP3_KEEP_UNSET || l->d.on_server == 0)
        return;
    l->asked = TRUE;
    l->question = bus_question_id(l->w->context->bus);
    Event *e = event_new(EVENT_QUESTION, l->w->account_id);
    e->lane = l->w->lane;
    e->question = l->question;
    e->question_kind = QUESTION_POP3_KEEP;
    e->text = g_strdup_printf(_("%s: may mail be removed from %s once it has been downloaded here? "
                                "Until you answer, everything stays there."),
                              l->w->account->name, l->w->account->incoming->host);
    bus_post(l->w->context->bus, e);
}

static void take_answer(Pop3Lane *l, const Request *r)
{
    if (r->question != l->question || (r->answer != ANSWER_YES && r->answer != ANSWER_NO))
        return;
    l->question = 0;
    g_autofree char *key = keep_key(l->w);
    g_autoptr(GError) err = NULL;
    if (!meta_put(l->w->store, key, r->answer == ANSWER_YES ? "never" : "forever", &err)) {
        worker_complain(l->w, err);
        return;
    }
    l->d.keep = load_keep(l->w);
    l->due = g_get_monotonic_time();
}

/* ---- requests ---- */

static gboolean is_partial(Pop3Lane *l, gint64 message)
{
    g_autoptr(GHashTable) known = uidls_load(l->w->store, l->w->account_id, NULL);
    GHashTableIter iter;
    gpointer value;
    if (!known)
        return FALSE;
    g_hash_table_iter_init(&iter, known);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const Uidl *u = value;
        if (u->message == message)
            return u->partial;
    }
    return FALSE;
}

static void take_body(Pop3Lane *l, gint64 message, const char *section)
{
    g_autoptr(GError) err = NULL;
    if (!is_partial(l, message)) {
        worker_body_event(l->w, message, section, NULL); /* its file is here */
    } else if (worker_read_only(l->w)) {
        error_set(&err, PINTAIL_ERROR_REFUSED, _("read only: nothing is downloaded"));
        worker_body_event(l->w, message, section, err);
    } else if (!uidl_want(l->w->store, message, &err)) {
        worker_body_event(l->w, message, section, err);
    } else {
        g_array_append_val(l->bodies, message);
        l->due = g_get_monotonic_time();
    }
}

static void take_request(Pop3Lane *l, const Request *r)
{
    switch (r->kind) {
    case REQUEST_BODY:
        take_body(l, r->message_id, r->section);
        break;
    case REQUEST_OPEN:
        rescan(l->w, r->folder_id);
        break;
    case REQUEST_LEARN:
        learn_run(l->w, r);
        break;
    case REQUEST_SYNC:
        rescan(l->w, r->folder_id);
        l->due = g_get_monotonic_time();
        break;
    case REQUEST_RECONNECT:
        if (r->account_id != 0)
            shared_forgive(l->w->shared);
        l->due = g_get_monotonic_time();
        break;
    case REQUEST_REPLAY: /* the engine's word that the network is back */
        if (l->failures > 0 && l->due > 0)
            l->due = g_get_monotonic_time();
        break;
    case REQUEST_ANSWER:
        take_answer(l, r);
        break;
    default:
        break;
    }
}

/* Those who wait for a message hear how it went. */
static void answer_bodies(Pop3Lane *l, const GError *failure)
{
    for (guint n = 0; n < l->bodies->len; n++) {
        gint64 message = g_array_index(l->bodies, gint64, n);
        g_autoptr(GError) err = failure ? g_error_copy(failure) : NULL;
        if (!err && is_partial(l, message))
            error_set(&err, PINTAIL_ERROR_GONE, _("this message is no longer on the server"));
        worker_body_event(l->w, message, "", err);
    }
    g_array_set_size(l->bodies, 0);
}

/* ---- sessions ---- */

static void say_new(Pop3Lane *l)
{
    guint n = l->d.new_messages;
    if (n > 0)
        worker_notice(l->w, NOTICE_INFO, P_("%s: %u new message", "%s: %u new messages", n), l->w->account->name, n);
}

static void after_failure(Pop3Lane *l, const GError *err)
{
    gint64 now = g_get_monotonic_time();
    gint64 poll = (gint64)MAX(l->w->account->poll, 10) * G_USEC_PER_SEC;
    gboolean person = error_needs_person(err), tls = error_is(err, PINTAIL_ERROR_TLS);
    l->failures++;
    gint64 pause = MAX(backoff_us(l->failures), shared_connection_pause(l->w->shared));
    l->due = person ? 0 : error_is(err, PINTAIL_ERROR_CANCELLED) ? now + poll : now + MAX(pause, tls ? TLS_RETRY : 0);
    log_line("sync", "%s: %s", l->w->account->name, err->message);
    worker_state_failed(l->w, error_is(err, PINTAIL_ERROR_CANCELLED) ? _("cancelled; G connects again") : NULL, err);
    if (error_is(err, PINTAIL_ERROR_STORE) || error_is(err, PINTAIL_ERROR_PROTOCOL))
        worker_complain(l->w, err);
}

static void run_session(Pop3Lane *l)
{
    g_autoptr(GError) err = NULL;
    worker_state(l->w, ACCOUNT_CONNECTING, NULL);
    gboolean ok = pop3_download(&l->d, &err);
    if (worker_is_stopping(l->w))
        return;
    gint64 now = g_get_monotonic_time();
    l->earliest = now + l->d.login_delay * G_USEC_PER_SEC;
    say_new(l);
    answer_bodies(l, err);
    if (!ok) {
        after_failure(l, err);
        return;
    }
    l->failures = 0;
    l->due = now + (gint64)MAX(l->w->account->poll, 10) * G_USEC_PER_SEC;
    ask_keep(l);
    worker_poke(l->w, LANE_SEND, REQUEST_SEND, 0);
}

static void run(Pop3Lane *l)
{
    l->due = g_get_monotonic_time();
    for (;;) {
        gint64 due = l->due ? MAX(l->due, l->earliest) : 0;
        gint64 until = due && due < l->rescan ? due : l->rescan;
        if (!worker_wait(l->w, until))
            return;
        g_autoptr(Request) r = worker_next(l->w);
        gint64 now = g_get_monotonic_time();
        if (r) {
            take_request(l, r);
        } else if (due && now >= due) {
            run_session(l);
        } else if (now >= l->rescan) {
            rescan(l->w, 0);
            l->rescan = g_get_monotonic_time() + LOCAL_POLL;
        }
    }
}

void pop3_lane(Worker *w)
{
    if (!worker_wait_for_lock(w))
        return;
    Pop3Lane l = {.w = w};
    if (worker_read_only(w)) {
        worker_state(w, ACCOUNT_OFFLINE, worker_once(w) ? "" : _("read only"));
        local_lane(w);
        return;
    }
    l.d = (Pop3Download){.w = w, .login = login_new(w, w->account, w->account->incoming), .keep = load_keep(w)};
    l.d.missing = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    l.bodies = g_array_new(FALSE, FALSE, sizeof(gint64));
    rescan(w, 0);
    l.rescan = g_get_monotonic_time() + LOCAL_POLL;
    if (worker_once(w))
        run_session(&l);
    else
        run(&l);
    g_array_unref(l.bodies);
    g_hash_table_unref(l.d.missing);
    g_free(l.d.last_list);
    login_free(l.d.login);
}
