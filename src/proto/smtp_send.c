/* smtp_send.c - one mail transaction (RFC 5321 section 3.3), pipelined where offered.
 *
 * The stages, and what a fault in each means for the outcome:
 *
 *   MAIL, RCPT, DATA, content   nothing can have been accepted       NOT_SENT
 *   before_final()              the caller commits "sending"         NOT_SENT
 *   the final dot is written    from its first byte on               UNKNOWN
 *   the reply is read           2xx SENT, 4xx LATER, 5xx REFUSED
 *
 * Where CHUNKING is offered (RFC 3030) the content goes in chunks, none of which is the last, and
 * "BDAT 0 LAST" stands for the dot: so what is said above holds for both. */
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/log.h"
#include "smtp_envelope.h"

#define CHUNK        65536   /* content between two looks at the deadline */
#define BDAT_CHUNK   1048576 /* content between two replies */
#define BDAT_AHEAD   1       /* chunks whose reply has not come, where commands may be pipelined */
#define FINAL_FACTOR 20      /* a server may scan and deliver before it answers: 30 s become the 10
                                minutes of section 4.5.3.2.6 */

static void recipient_free(SmtpRecipient *r)
{
    g_free(r->address);
    g_free(r->enhanced);
    g_free(r->words);
    g_free(r);
}

void smtp_result_free(SmtpResult *r)
{
    if (!r)
        return;
    g_free(r->enhanced);
    g_free(r->words);
    g_ptr_array_unref(r->recipients);
    g_free(r);
}

static SmtpResult *result_new(const char *const *recipients)
{
    SmtpResult *r = g_new0(SmtpResult, 1);
    r->outcome = SMTP_NOT_SENT;
    r->recipients = g_ptr_array_new_with_free_func((GDestroyNotify)recipient_free);
    for (; *recipients; recipients++) {
        SmtpRecipient *one = g_new0(SmtpRecipient, 1);
        one->address = g_strdup(*recipients);
        g_ptr_array_add(r->recipients, one);
    }
    return r;
}

static SmtpRecipient *recipient_at(const SmtpResult *r, guint i)
{
    return g_ptr_array_index(r->recipients, i);
}

static void recipient_take(SmtpRecipient *one, const SmtpReply *reply, SmtpRecipientState state)
{
    one->state = state;
    one->code = reply->code;
    g_free(one->enhanced);
    one->enhanced = reply->enhanced[0] ? g_strdup(reply->enhanced) : NULL;
    g_free(one->words);
    one->words = g_strdup(reply->text->str);
}

/* Everyone who is not out of it already shares the fate of the message. */
static void settle(SmtpResult *r, const Smtp *s, SmtpOutcome outcome, SmtpRecipientState state)
{
    r->outcome = outcome;
    r->code = s->reply.code;
    g_free(r->enhanced);
    r->enhanced = s->reply.enhanced[0] ? g_strdup(s->reply.enhanced) : NULL;
    g_free(r->words);
    r->words = g_strdup(s->reply.text->str);
    for (guint i = 0; i < r->recipients->len; i++) {
        SmtpRecipient *one = recipient_at(r, i);
        if (one->state == SMTP_RECIPIENT_ACCEPTED || one->state == SMTP_RECIPIENT_UNTRIED)
            recipient_take(one, &s->reply, state);
    }
}

/* The connection failed: what was accepted so far counts for nothing. */
static void settle_lost(SmtpResult *r, SmtpOutcome outcome)
{
    r->outcome = outcome;
    for (guint i = 0; i < r->recipients->len; i++) {
        SmtpRecipient *one = recipient_at(r, i);
        if (outcome == SMTP_UNKNOWN && one->state == SMTP_RECIPIENT_ACCEPTED)
            one->state = SMTP_RECIPIENT_UNKNOWN;
        else if (outcome == SMTP_NOT_SENT)
            one->state = SMTP_RECIPIENT_UNTRIED;
    }
}

/* A reply that does not let the whole message through. */
static void settle_reply(SmtpResult *r, Smtp *s, const char *what, GError **err)
{
    g_autofree char *shown = smtp_reply_shown(s);
    if (smtp_reply_class(&s->reply) == 4) {
        settle(r, s, SMTP_LATER, SMTP_RECIPIENT_LATER);
        error_set(err, PINTAIL_ERROR_RETRY, _("%s cannot take %s now: %s"), stream_peer(s->stream),
                  what, shown);
    } else if (smtp_reply_class(&s->reply) == 5) {
        settle(r, s, SMTP_REFUSED, SMTP_RECIPIENT_REFUSED);
        error_set(err, PINTAIL_ERROR_REFUSED, _("%s refuses %s: %s"), stream_peer(s->stream), what,
                  shown);
    } else {
        s->usable = FALSE;
        settle_lost(r, SMTP_NOT_SENT);
        error_set(err, PINTAIL_ERROR_PROTOCOL, _("%s answers %s with nonsense: %s"),
                  stream_peer(s->stream), what, shown);
    }
}

/* ---- the envelope ------------------------------------------------------------------------------ */

/* ---- the envelope ------------------------------------------------------------------------------ */

typedef struct {
    Smtp *s;
    const SmtpMessage *m;
    SmtpResult *r;
    SmtpMeasure size;
    gboolean utf8;
    gboolean chunked;     /* BDAT, not DATA */
    guint pending;        /* chunks whose reply has not come */
    guint accepted;       /* recipients */
    SmtpReply mail, data; /* copies: the session's reply is overwritten */
} Transaction;

static void transaction_clear(Transaction *t)
{
    smtp_reply_clear(&t->mail);
    smtp_reply_clear(&t->data);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Transaction, transaction_clear)

static gboolean say_mail(Transaction *t, GError **err)
{
    g_autofree char *line = smtp_mail_line(t->s, t->m, &t->size, t->utf8);
    return smtp_say(t->s, line, NULL, err);
}

static gboolean say_recipient(Transaction *t, const char *address, GError **err)
{
    g_autofree char *line = smtp_recipient_line(t->s, t->m, address);
    return smtp_say(t->s, line, NULL, err);
}

/* Section 4.5.3.1.10: 552 may be an old way of saying 452, too many recipients. */
static gboolean is_temporary(const SmtpReply *r)
{
    gboolean too_many = r->code == 552 && (!r->enhanced[0] || strcmp(r->enhanced, "5.5.3") == 0);
    return smtp_reply_class(r) == 4 || too_many;
}

static void take_recipient_reply(Transaction *t, SmtpRecipient *one)
{
    const SmtpReply *reply = &t->s->reply;
    SmtpRecipientState state = smtp_reply_class(reply) == 2 ? SMTP_RECIPIENT_ACCEPTED
                               : is_temporary(reply)        ? SMTP_RECIPIENT_LATER
                                                            : SMTP_RECIPIENT_REFUSED;
    recipient_take(one, reply, state);
    t->accepted += state == SMTP_RECIPIENT_ACCEPTED;
}

static void reply_swap(SmtpReply *a, SmtpReply *b)
{
    SmtpReply keep = *a;
    *a = *b;
    *b = keep;
}

static gboolean hear_recipients(Transaction *t, GError **err)
{
    for (guint i = 0; i < t->r->recipients->len; i++) {
        if (!smtp_hear(t->s, 0, err))
            return FALSE;
        if (smtp_reply_class(&t->mail) == 2)
            take_recipient_reply(t, recipient_at(t->r, i));
        if (!t->s->usable) /* 421: no further reply comes */
            return TRUE;
    }
    return TRUE;
}

/* All in one go (RFC 2920 section 3.1): DATA is the last of the group. FALSE: connection lost. */
static gboolean envelope_pipelined(Transaction *t, GError **err)
{
    Smtp *s = t->s;
    if (!say_mail(t, err))
        return FALSE;
    for (const char *const *to = t->m->recipients; *to; to++) {
        if (!say_recipient(t, *to, err))
            return FALSE;
    }
    if ((!t->chunked && !smtp_say(s, "DATA", NULL, err)) || !smtp_flush(s, err) ||
        !smtp_hear(s, 0, err))
        return FALSE;
    reply_swap(&t->mail, &s->reply);
    if (!s->usable)
        return TRUE;
    if (!hear_recipients(t, err) || (s->usable && !t->chunked && !smtp_hear(s, 0, err)))
        return FALSE;
    if (!s->usable || !t->chunked)
        reply_swap(&t->data, &s->reply);
    return TRUE;
}

static gboolean envelope_stepwise(Transaction *t, GError **err)
{
    Smtp *s = t->s;
    if (!say_mail(t, err) || !smtp_flush(s, err) || !smtp_hear(s, 0, err))
        return FALSE;
    reply_swap(&t->mail, &s->reply);
    if (smtp_reply_class(&t->mail) != 2)
        return TRUE;
    for (guint i = 0; i < t->r->recipients->len && s->usable; i++) {
        SmtpRecipient *one = recipient_at(t->r, i);
        if (!say_recipient(t, one->address, err) || !smtp_flush(s, err) || !smtp_hear(s, 0, err))
            return FALSE;
        take_recipient_reply(t, one);
    }
    gboolean data = s->usable && t->accepted && !t->chunked;
    if (data && !smtp_ask(s, "DATA", err))
        return FALSE;
    if (!s->usable || data)
        reply_swap(&t->data, &s->reply);
    return TRUE;
}

/* Nobody was accepted: later when at least one may be tried again, else refused. */
static void settle_recipients(SmtpResult *r, Smtp *s, GError **err)
{
    const SmtpRecipient *first = recipient_at(r, 0);
    r->outcome = SMTP_REFUSED;
    for (guint i = 0; i < r->recipients->len; i++) {
        const SmtpRecipient *one = recipient_at(r, i);
        if (one->state == SMTP_RECIPIENT_LATER && r->outcome == SMTP_REFUSED) {
            r->outcome = SMTP_LATER;
            first = one;
        }
    }
    r->code = first->code;
    r->enhanced = g_strdup(first->enhanced);
    r->words = g_strdup(first->words);
    error_set(err, r->outcome == SMTP_LATER ? PINTAIL_ERROR_RETRY : PINTAIL_ERROR_REFUSED,
              r->outcome == SMTP_LATER ? _("%s cannot take mail for %s now: %d %s")
                                       : _("%s refuses mail for %s: %d %s"),
              stream_peer(s->stream), first->address, first->code, first->words);
}

/* RFC 2920 section 3.1: DATA was accepted although no recipient was: an empty message ends it. */
static void end_empty(Smtp *s)
{
    if (!smtp_ask(s, ".", NULL))
        s->usable = FALSE;
}

/* Judges the envelope; TRUE when the content may follow. */
static gboolean judge_envelope(Transaction *t, GError **err)
{
    Smtp *s = t->s;
    if (smtp_reply_class(&t->mail) != 2) {
        reply_swap(&s->reply, &t->mail);
        if (t->data.code == 354)
            s->usable = FALSE; /* no sane server: do not guess what it waits for */
        settle_reply(t->r, s, _("this sender"), err);
        return FALSE;
    }
    if (!s->usable) { /* 421 in the middle */
        reply_swap(&s->reply, &t->data);
        settle_reply(t->r, s, _("the message"), err);
        return FALSE;
    }
    if (t->accepted == 0) {
        if (t->data.code == 354)
            end_empty(s);
        settle_recipients(t->r, s, err);
        return FALSE;
    }
    if (t->chunked)
        return TRUE;
    reply_swap(&s->reply, &t->data);
    if (s->reply.code == 354)
        return TRUE;
    settle_reply(t->r, s, _("the message"), err);
    return FALSE;
}

/* ---- the content ------------------------------------------------------------------------------ */

/* In pieces, each with a deadline of its own: what was taken is progress. */
static gboolean write_octets(Smtp *s, const char *at, gsize len, GError **err)
{
    for (gsize n; len > 0; at += n, len -= n) {
        n = MIN(len, (gsize)CHUNK);
        stream_deadline(s->stream, 0);
        if (!stream_write(s->stream, at, n, err) || !smtp_flush(s, err)) {
            s->usable = FALSE;
            return FALSE;
        }
    }
    return TRUE;
}

static void show_progress(const Transaction *t, const SmtpContent *c)
{
    const SmtpMessage *m = t->m;
    if (m->progress)
        m->progress((guint64)(c->at - m->content.at), m->content.len, m->data);
}

/* FALSE: the connection is lost, nobody has the message. */
static gboolean write_data(Transaction *t, GError **err)
{
    g_autoptr(GString) buffer = g_string_sized_new(CHUNK + 1024);
    SmtpContent c;
    smtp_content_begin(&c, t->m->content, TRUE);
    while (smtp_content_next(&c, buffer, CHUNK)) {
        if (!write_octets(t->s, buffer->str, buffer->len, err)) {
            settle_lost(t->r, SMTP_NOT_SENT);
            return FALSE;
        }
        g_string_truncate(buffer, 0);
        show_progress(t, &c);
    }
    return TRUE;
}

/* The reply to the oldest chunk without one. After a no, later chunks are refused too (RFC 3030
 * section 2): their replies are read and say nothing. FALSE: settled. */
static gboolean hear_chunk(Transaction *t, GError **err)
{
    Smtp *s = t->s;
    if (!smtp_hear(s, 0, err)) {
        settle_lost(t->r, SMTP_NOT_SENT);
        return FALSE;
    }
    t->pending--;
    if (smtp_reply_class(&s->reply) == 2)
        return TRUE;
    reply_swap(&t->data, &s->reply);
    while (t->pending > 0 && s->usable && smtp_hear(s, 0, NULL))
        t->pending--;
    reply_swap(&s->reply, &t->data);
    settle_reply(t->r, s, _("the message"), err);
    return FALSE;
}

static gboolean write_chunks(Transaction *t, GError **err)
{
    g_autoptr(GString) buffer = g_string_sized_new(MIN(t->size.size, (guint64)BDAT_CHUNK) + 1024);
    guint ahead = t->s->extensions.pipelining ? BDAT_AHEAD : 0;
    SmtpContent c;
    smtp_content_begin(&c, t->m->content, FALSE);
    while (smtp_content_next(&c, buffer, BDAT_CHUNK)) {
        g_autofree char *line = g_strdup_printf("BDAT %zu", buffer->len);
        if (!smtp_say(t->s, line, NULL, err) ||
            !write_octets(t->s, buffer->str, buffer->len, err)) {
            settle_lost(t->r, SMTP_NOT_SENT);
            return FALSE;
        }
        t->pending++;
        while (t->pending > ahead) {
            if (!hear_chunk(t, err))
                return FALSE;
        }
        g_string_truncate(buffer, 0);
        show_progress(t, &c);
    }
    return TRUE;
}

/* A server that has had enough answers, or hangs up, before the dot: then the dot is not sent and
 * the outcome is certain. TRUE when the dot may follow. */
static gboolean still_wanted(Transaction *t, GError **err)
{
    Smtp *s = t->s;
    for (;;) {
        StreamWake why;
        if (!stream_wait(s->stream, -1, 0, &why, err)) {
            s->usable = FALSE;
            settle_lost(t->r, SMTP_NOT_SENT);
            return FALSE;
        }
        if (why != STREAM_WAKE_INPUT)
            return TRUE;
        if (t->pending == 0)
            break;
        if (!hear_chunk(t, err))
            return FALSE;
    }
    gboolean heard = smtp_hear(s, 0, err);
    s->usable = FALSE;
    if (heard)
        settle_reply(t->r, s, _("the message"), err);
    else
        settle_lost(t->r, SMTP_NOT_SENT);
    return FALSE;
}

static gboolean commit(Transaction *t, GError **err)
{
    const SmtpMessage *m = t->m;
    if (!still_wanted(t, err))
        return FALSE;
    if (m->before_final && !m->before_final(m->data, err)) {
        t->s->usable = FALSE;
        settle_lost(t->r, SMTP_NOT_SENT);
        return FALSE;
    }
    return still_wanted(t, err);
}

/* The dot and the reply to it. The reply to a last chunk may come first: a no to it stands, and a
 * yes after that no would be a riddle (*class 0). FALSE: no reply. */
static gboolean say_final(Transaction *t, int *class, GError **err)
{
    Smtp *s = t->s;
    guint patience = (guint)MIN((guint64)smtp_timeout(s) * FINAL_FACTOR, 3600000u);
    if (!smtp_say(s, t->chunked ? "BDAT 0 LAST" : ".", NULL, err) || !smtp_flush(s, err))
        return FALSE;
    int refused = 0;
    for (; t->pending > 0; t->pending--) {
        if (!smtp_hear(s, patience, err))
            return FALSE;
        if (!refused && smtp_reply_class(&s->reply) != 2) {
            refused = smtp_reply_class(&s->reply);
            reply_swap(&t->data, &s->reply);
        }
    }
    if (!smtp_hear(s, patience, err))
        return FALSE;
    *class = smtp_reply_class(&s->reply);
    if (refused) {
        gboolean both = *class == 4 || *class == 5;
        reply_swap(&t->data, &s->reply);
        *class = both ? refused : 0;
    }
    return TRUE;
}

static void finish(Transaction *t, GError **err)
{
    g_autoptr(GError) e = NULL;
    Smtp *s = t->s;
    int class = 0;
    gboolean heard = say_final(t, &class, &e);
    if (class == 2) {
        settle(t->r, s, SMTP_SENT, SMTP_RECIPIENT_ACCEPTED);
        return;
    }
    if (class == 4 || class == 5) {
        settle_reply(t->r, s, _("the message"), err);
        return;
    }
    s->usable = FALSE;
    settle_lost(t->r, SMTP_UNKNOWN);
    PintailErrorCode code = error_is(e, PINTAIL_ERROR_CANCELLED) ? PINTAIL_ERROR_CANCELLED
                            : error_is(e, PINTAIL_ERROR_RETRY)   ? PINTAIL_ERROR_RETRY
                                                                 : PINTAIL_ERROR_PROTOCOL;
    g_autofree char *shown = heard ? smtp_reply_shown(s) : NULL;
    error_set(err, code, _("the message may have been sent or not: %s"), e ? e->message : shown);
}

static void log_content(const Transaction *t)
{
    if (log_is_open())
        log_line(t->s->options->log_name ? t->s->options->log_name : "smtp",
                 "> (message, %" G_GUINT64_FORMAT " bytes)", t->size.size);
}

static void transact(Transaction *t, GError **err)
{
    Smtp *s = t->s;
    if (s->dirty && !smtp_reset(s, err)) {
        s->usable = FALSE;
        return;
    }
    s->dirty = TRUE;
    if (!(s->extensions.pipelining ? envelope_pipelined : envelope_stepwise)(t, err)) {
        settle_lost(t->r, SMTP_NOT_SENT);
        return;
    }
    if (!judge_envelope(t, err))
        return;
    log_content(t);
    if (!(t->chunked ? write_chunks : write_data)(t, err))
        return;
    if (commit(t, err)) {
        finish(t, err);
        /* RFC 5321 section 4.1.1.4: any final reply ends the transaction, but after a refused
         * chunk RSET has to be said (RFC 3030 section 2). */
        s->dirty = t->chunked && t->r->outcome != SMTP_SENT;
    }
}

/* What says "I do not know BDAT" although it was announced: a proxy on the way, say. */
static gboolean chunking_failed(const Transaction *t, const SmtpResult *r)
{
    return t->chunked && r->outcome == SMTP_REFUSED && t->s->usable && t->s->dirty &&
           (r->code == 500 || r->code == 502 || r->code == 504);
}

SmtpResult *smtp_send(Smtp *s, const SmtpMessage *m, GError **err)
{
    SmtpResult *r = result_new(m->recipients);
    SmtpMeasure size = smtp_measure(m->content);
    gboolean utf8 = FALSE;
    if (!smtp_envelope_check(s, m, &size, &utf8, err)) {
        r->outcome = SMTP_REFUSED;
        return r;
    }
    for (;;) {
        g_autoptr(GError) failed = NULL;
        g_auto(Transaction) t = {.s = s, .m = m, .r = r, .size = size, .utf8 = utf8};
        t.chunked = s->extensions.chunking && m->content.len > 0;
        smtp_reply_init(&t.mail);
        smtp_reply_init(&t.data);
        transact(&t, &failed);
        if (!chunking_failed(&t, r)) {
            if (failed)
                g_propagate_error(err, g_steal_pointer(&failed));
            return r;
        }
        s->extensions.chunking = FALSE;
        smtp_result_free(r);
        r = result_new(m->recipients);
    }
}
