/* send.c - the send lane: takes entries of the outbox, one at a time, to the submission server.
 *
 * An entry is `sending` on disk before the final dot leaves, so after any crash or cut it is
 * known whether the message may have arrived: then a person is asked, and it is never repeated
 * unasked. Recipients are tracked one by one. */
#include "send.h"
#include <string.h>
#include "lane.h"
#include "login.h"
#include "pintail/mime/delivery_status.h"
#include "pintail/util/date.h"
#include "pintail/util/error.h"
#include "pintail/util/file.h"
#include "pintail/util/i18n.h"
#include "pintail/util/log.h"

#define FILE_LIMIT (256 * 1024 * 1024)
#define LARGE_MESSAGE (256 * 1024)
#define LOOK_AGAIN (60 * G_TIME_SPAN_SECOND) /* clocks jump: never sleep for longer over a date */

G_STATIC_ASSERT((int)OUTBOX_NOTIFY_SUCCESS == (int)SMTP_NOTIFY_SUCCESS &&
                (int)OUTBOX_NOTIFY_FAILURE == (int)SMTP_NOTIFY_FAILURE &&
                (int)OUTBOX_NOTIFY_DELAY == (int)SMTP_NOTIFY_DELAY &&
                (int)OUTBOX_NOTIFY_NEVER == (int)SMTP_NOTIFY_NEVER);

/* ---- verdicts ---- */

gint64 send_pause(guint attempts)
{
    static const gint64 minutes[] = {1, 5, 15, 30, 60, 120, 240};
    return 60 * minutes[MIN(attempts, G_N_ELEMENTS(minutes) - 1)];
}

static Recipient *recipient_of(OutboxEntry *e, const char *address)
{
    for (guint n = 0; n < e->recipients->len; n++) {
        Recipient *r = e->recipients->pdata[n];
        if (r->state == RECIPIENT_WAITING && !r->held && g_str_equal(r->address, address))
            return r;
    }
    return NULL;
}

static void note_recipient(OutboxEntry *e, const SmtpRecipient *told)
{
    Recipient *r = recipient_of(e, told->address);
    if (!r)
        return;
    if (told->state == SMTP_RECIPIENT_ACCEPTED)
        r->state = RECIPIENT_ACCEPTED;
    else if (told->state == SMTP_RECIPIENT_REFUSED)
        r->state = RECIPIENT_REFUSED;
    if (told->words) {
        g_free(r->words);
        r->words = g_strdup(told->words);
    }
}

static guint count_state(const OutboxEntry *e, RecipientState state)
{
    guint n = 0;
    for (guint i = 0; i < e->recipients->len; i++)
        n += ((const Recipient *)e->recipients->pdata[i])->state == state;
    return n;
}

/* "bea@example.com: 5.1.1 no such user; ..." */
static char *words_of(const OutboxEntry *e, RecipientState state)
{
    GString *out = g_string_new(NULL);
    for (guint n = 0; n < e->recipients->len; n++) {
        const Recipient *r = e->recipients->pdata[n];
        if (r->state == state && r->words && *r->words)
            g_string_append_printf(out, "%s%s: %s", out->len > 0 ? "; " : "", r->address, r->words);
    }
    return g_string_free(out, FALSE);
}

static SendVerdict after_sent(const OutboxEntry *e, const SmtpResult *result)
{
    if (count_state(e, RECIPIENT_WAITING) > 0) {
        char *words = words_of(e, RECIPIENT_WAITING);
        if (!*words) {
            g_free(words);
            words = g_strdup(_("an earlier message to the same person has to go first"));
        }
        return (SendVerdict){OUTBOX_QUEUED, send_pause(e->attempts), words};
    }
    if (count_state(e, RECIPIENT_REFUSED) > 0)
        return (SendVerdict){OUTBOX_REFUSED, 0, words_of(e, RECIPIENT_REFUSED)};
    return (SendVerdict){OUTBOX_SENT, 0, g_strdup(result->words ? result->words : "")};
}

SendVerdict send_judge(OutboxEntry *e, const SmtpResult *result, const GError *failure)
{
    g_autofree char *words = g_strdup(failure ? failure->message : "");
    if (result->outcome != SMTP_UNKNOWN && result->outcome != SMTP_NOT_SENT)
        for (guint n = 0; n < result->recipients->len; n++)
            note_recipient(e, result->recipients->pdata[n]);
    switch (result->outcome) {
    case SMTP_SENT:
        return after_sent(e, result);
    case SMTP_REFUSED:
        return (SendVerdict){OUTBOX_REFUSED, 0, g_steal_pointer(&words)};
    case SMTP_UNKNOWN:
        return (SendVerdict){OUTBOX_UNKNOWN, 0, g_steal_pointer(&words)};
    case SMTP_LATER:
        return (SendVerdict){OUTBOX_QUEUED, send_pause(e->attempts), g_steal_pointer(&words)};
    case SMTP_NOT_SENT:
        break;
    }
    gboolean cancelled = error_is(failure, PINTAIL_ERROR_CANCELLED);
    return (SendVerdict){OUTBOX_QUEUED, cancelled ? 0 : send_pause(e->attempts), g_steal_pointer(&words)};
}

/* ---- the lane ---- */

typedef struct {
    guint64 question;
    gint64 entry;
} Asked;

typedef struct {
    Worker *w;
    Login *login;
    Smtp *smtp;       /* NULL: not connected */
    GArray *asked;    /* of Asked: MAYBE_SENT questions that are open */
    gint64 due;       /* monotonic: look at the outbox; 0: only when asked for */
    guint failures;
    gboolean needs_person;    /* to log in: the clock does not help */
    const OutboxEntry *entry; /* being sent */
} SendLane;

static void post_outbox(SendLane *l, gint64 id, Severity severity, const char *text)
{
    Event *e = event_new(EVENT_OUTBOX, l->w->account_id);
    e->lane = l->w->lane;
    e->outbox_id = id;
    e->severity = severity;
    e->text = g_strdup(text);
    bus_post(l->w->context->bus, e);
}

static char *names_of(const OutboxEntry *e)
{
    guint n = count_state(e, RECIPIENT_ACCEPTED);
    const char *first = "";
    for (guint i = e->recipients->len; i > 0; i--) {
        const Recipient *r = e->recipients->pdata[i - 1];
        if (r->state == RECIPIENT_ACCEPTED)
            first = r->address;
    }
    if (n <= 1)
        return g_strdup(first);
    return g_strdup_printf(P_("%s and %u other", "%s and %u others", n - 1), first, n - 1);
}

static void ask_maybe_sent(SendLane *l, const OutboxEntry *e, const char *why)
{
    for (guint n = 0; n < l->asked->len; n++)
        if (g_array_index(l->asked, Asked, n).entry == e->id)
            return;
    Asked a = {.question = bus_question_id(l->w->context->bus), .entry = e->id};
    g_array_append_val(l->asked, a);
    Event *question = event_new(EVENT_QUESTION, l->w->account_id);
    question->lane = l->w->lane;
    question->question = a.question;
    question->question_kind = QUESTION_MAYBE_SENT;
    question->outbox_id = e->id;
    question->text = g_strdup_printf(_("'%s' was perhaps sent, perhaps not: %s. Send it again?"),
                                     e->subject ? e->subject : "",
                                     why && *why ? why : _("the connection was lost at the very end"));
    bus_post(l->w->context->bus, question);
}

/* "no such mailbox (5.1.1 <x>: unknown)": what the code means, then the server's own words. */
static char *explained(const char *words)
{
    const char *meaning = delivery_status_meaning(words);
    return meaning ? g_strdup_printf("%s (%s)", meaning, words) : g_strdup(words);
}

/* One row has to do: for whom, and why. */
static char *refusal_text(const OutboxEntry *e, const SendVerdict *v)
{
    for (guint i = 0; i < e->recipients->len; i++) {
        const Recipient *r = e->recipients->pdata[i];
        if (r->state == RECIPIENT_REFUSED && r->words && *r->words) {
            g_autofree char *why = explained(r->words);
            return g_strdup_printf(_("Not sent to %s: %s"), r->address, why);
        }
    }
    return g_strdup_printf(_("Not sent: %s"), v->words);
}

/* What became of it, durably, then to the screen. */
static void record(SendLane *l, OutboxEntry *e, const SendVerdict *v)
{
    g_autoptr(GError) err = NULL;
    gint64 not_before = v->pause > 0 ? date_now() + v->pause : 0;
    if (!outbox_result(l->w->store, e, v->state, v->words, not_before, &err))
        worker_complain(l->w, err);
    if (count_state(e, RECIPIENT_ACCEPTED) > 0)
        worker_poke(l->w, LANE_FAST, REQUEST_REPLAY, 0); /* the Sent copy, the answered mark */
    g_autofree char *text = NULL;
    Severity severity = NOTICE_INFO;
    if (v->state == OUTBOX_SENT) {
        g_autofree char *names = names_of(e);
        text = g_strdup_printf(_("Sent to %s via %s"), names, l->w->account->smtp->host);
    } else if (v->state == OUTBOX_REFUSED) {
        text = refusal_text(e, v);
        severity = NOTICE_ERROR;
    } else if (v->state == OUTBOX_QUEUED && v->pause > 0) {
        text = g_strdup_printf(_("Not sent yet, it is tried again: %s"), v->words);
        severity = NOTICE_WARNING;
    }
    post_outbox(l, e->id, severity, text);
}

static gboolean before_final(void *data, GError **err)
{
    SendLane *l = data;
    return outbox_sending(l->w->store, l->entry->id, err);
}

static void show_progress(guint64 done, guint64 total, void *data)
{
    SendLane *l = data;
    if (total > LARGE_MESSAGE)
        worker_progress(l->w, _("Sending"), done, total, TRUE);
}

static void disconnect(SendLane *l)
{
    g_clear_pointer(&l->smtp, smtp_free);
}

static SendVerdict transmit(SendLane *l, OutboxEntry *e, GBytes *bytes)
{
    g_autoptr(GPtrArray) to = g_ptr_array_new();
    for (guint n = 0; n < e->recipients->len; n++) {
        const Recipient *r = e->recipients->pdata[n];
        if (r->state == RECIPIENT_WAITING && !r->held)
            g_ptr_array_add(to, r->address);
    }
    if (to->len == 0)
        return (SendVerdict){count_state(e, RECIPIENT_REFUSED) ? OUTBOX_REFUSED : OUTBOX_SENT, 0, g_strdup("")};
    g_ptr_array_add(to, NULL);
    gsize len = 0;
    const char *at = g_bytes_get_data(bytes, &len);
    g_free(e->via);
    e->via = g_strdup(l->w->account->smtp->host);
    SmtpMessage m = {.sender = e->from,
                     .notify = e->notify,
                     .envelope_id = e->message_id,
                     .recipients = (const char *const *)to->pdata,
                     .content = span_new(at, len),
                     .before_final = before_final,
                     .progress = show_progress,
                     .data = l};
    l->entry = e;
    g_autoptr(GError) failure = NULL;
    g_autoptr(SmtpResult) result = smtp_send(l->smtp, &m, &failure);
    l->entry = NULL;
    if (len > LARGE_MESSAGE)
        worker_progress(l->w, _("Sending"), len, len, TRUE);
    return send_judge(e, result, failure);
}

static gboolean connect_smtp(SendLane *l, GError **err)
{
    if (l->smtp && (!smtp_usable(l->smtp) || !smtp_noop(l->smtp, NULL)))
        disconnect(l);
    if (!l->smtp)
        l->smtp = login_smtp(l->login, err);
    return l->smtp != NULL;
}

/* No connection: the entry waits. When a person is needed it waits for them, not for the clock. */
static void not_connected(SendLane *l, OutboxEntry *e, const GError *err)
{
    gboolean person = error_needs_person(err) || error_is(err, PINTAIL_ERROR_TLS);
    gboolean cancelled = error_is(err, PINTAIL_ERROR_CANCELLED);
    SendVerdict v = {.state = error_is(err, PINTAIL_ERROR_REFUSED) ? OUTBOX_REFUSED : OUTBOX_QUEUED,
                     .words = g_strdup(err->message)};
    l->failures++;
    gint64 pause = MAX(backoff_us(l->failures), shared_connection_pause(l->w->shared));
    l->needs_person = person;
    l->due = person ? 0 : g_get_monotonic_time() + pause;
    if (!cancelled)
        worker_complain(l->w, err);
    if (cancelled)
        g_clear_pointer(&v.words, g_free);
    record(l, e, &v);
    g_free(v.words);
}

/* FALSE: no use to go on with the next entry now. */
static gboolean send_entry(SendLane *l, OutboxEntry *e)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(GBytes) bytes = file_read(e->path, FILE_LIMIT, &err);
    if (!bytes) {
        SendVerdict lost = {.state = OUTBOX_REFUSED, .words = err->message};
        record(l, e, &lost);
        return TRUE;
    }
    if (!connect_smtp(l, &err)) {
        not_connected(l, e, err);
        return FALSE;
    }
    l->failures = 0;
    SendVerdict v = transmit(l, e, bytes);
    record(l, e, &v);
    g_free(v.words);
    return smtp_usable(l->smtp);
}

/* Those that were perhaps sent, by us or by a process that died (outbox_claim() finds them). */
static void ask_about_unknown(SendLane *l)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(GPtrArray) entries = outbox_list(l->w->store, l->w->account_id, &err);
    for (guint n = 0; entries && n < entries->len; n++) {
        const OutboxEntry *e = entries->pdata[n];
        if (e->state == OUTBOX_UNKNOWN)
            ask_maybe_sent(l, e, e->words);
    }
    worker_complain(l->w, err);
}

static void send_all(SendLane *l)
{
    gint64 next = 0;
    gboolean more = TRUE;
    l->due = 0;
    l->needs_person = FALSE;
    while (more && !worker_is_stopping(l->w) && !cancel_is_set(l->w->cancel)) {
        g_autoptr(GError) err = NULL;
        g_autoptr(OutboxEntry) e = outbox_claim(l->w->store, l->w->account_id, &next, &err);
        if (!e) {
            worker_complain(l->w, err);
            break;
        }
        more = send_entry(l, e);
    }
    ask_about_unknown(l);
    if (l->smtp && smtp_usable(l->smtp) && !worker_is_stopping(l->w))
        smtp_quit(l->smtp);
    disconnect(l);
    if (l->due == 0 && !l->needs_person && (next > 0 || !more)) {
        gint64 wait = next > 0 ? MAX(next - date_now(), 1) * G_USEC_PER_SEC : LOOK_AGAIN;
        l->due = g_get_monotonic_time() + MIN(wait, LOOK_AGAIN);
    }
}

static void take_answer(SendLane *l, const Request *r)
{
    for (guint n = 0; n < l->asked->len; n++) {
        Asked a = g_array_index(l->asked, Asked, n);
        if (a.question != r->question)
            continue;
        if (r->answer != ANSWER_YES && r->answer != ANSWER_NO)
            return; /* asked, and left open: not again in this session */
        g_array_remove_index_fast(l->asked, n);
        g_autoptr(GError) err = NULL;
        gboolean ok = TRUE;
        if (r->answer == ANSWER_YES)
            ok = outbox_requeue(l->w->store, a.entry, &err);
        else
            ok = outbox_consider_sent(l->w->store, a.entry, &err);
        if (!ok)
            worker_complain(l->w, err);
        post_outbox(l, a.entry, NOTICE_INFO, NULL);
        worker_poke(l->w, LANE_FAST, REQUEST_REPLAY, 0);
        l->due = g_get_monotonic_time();
        return;
    }
}

static void take_request(SendLane *l, const Request *r)
{
    switch (r->kind) {
    case REQUEST_RECONNECT:
        if (r->account_id != 0)
            shared_forgive(l->w->shared);
        l->due = g_get_monotonic_time();
        break;
    case REQUEST_SEND:
        if (r->account_id != 0 || l->failures == 0) /* the engine's hint ends no pause */
            l->due = g_get_monotonic_time();
        break;
    case REQUEST_ANSWER:
        take_answer(l, r);
        break;
    default:
        break;
    }
}

static void run(SendLane *l)
{
    l->due = g_get_monotonic_time();
    while (worker_wait(l->w, l->due)) {
        g_autoptr(Request) r = worker_next(l->w);
        if (r)
            take_request(l, r);
        else if (l->due > 0 && g_get_monotonic_time() >= l->due)
            send_all(l);
    }
    for (Request *r; (r = worker_next(l->w)); request_free(r)) /* what was answered before the end counts */
        if (r->kind == REQUEST_ANSWER)
            take_answer(l, r);
}

void send_lane(Worker *w)
{
    if (worker_read_only(w))
        return;
    SendLane l = {.w = w, .login = login_new(w, w->account, w->account->smtp)};
    l.asked = g_array_new(FALSE, FALSE, sizeof(Asked));
    if (worker_once(w))
        send_all(&l);
    else
        run(&l);
    disconnect(&l);
    g_array_unref(l.asked);
    login_free(l.login);
}
