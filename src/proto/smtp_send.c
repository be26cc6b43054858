/* smtp_send.c - one mail transaction (RFC 5321 section 3.3), pipelined where offered.
 *
 * The stages, and what a fault in each means for the outcome:
 *
 *   MAIL, RCPT, DATA, content   nothing can have been accepted       NOT_SENT
 *   before_final()              the caller commits "sending"         NOT_SENT
 *   the final dot is written    from its first byte on               UNKNOWN
 *   the reply is read           2xx SENT, 4xx LATER, 5xx REFUSED
 *
 * The content is normalized while it is written: every line ends in CRLF and only then is a
 * leading dot doubled (section 4.5.2), so that no content can end the message early
 * whatever line ends it has. */
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/log.h"
#include "pintail/util/text.h"
#include "smtp_session.h"

#define CHUNK        65536 /* content between two looks at the deadline */
#define PATH_MAX_LEN 1000  /* section 4.5.3.1.3 says 256; what servers do with more is theirs */
#define FINAL_FACTOR 20    /* a server may scan and deliver before it answers: 30 s become the 10
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

/* ---- before anything is sent ----------------------------------------------------------------- */

typedef struct {
    guint64 size; /* with CRLF line ends, without stuffed dots (RFC 1870 section 3) */
    gboolean eight_bit, nul;
} Measure;

static Measure measure(Span content)
{
    Measure m = {0};
    const char *p = content.at, *end = content.at + content.len;
    gboolean line_end = TRUE;
    for (; p < end; p++) {
        m.eight_bit |= (guchar)*p >= 0x80;
        m.nul |= *p == '\0';
        line_end = *p == '\r' || *p == '\n';
        if (*p == '\r' && p + 1 < end && p[1] == '\n')
            p++;
        m.size += line_end ? 2 : 1;
    }
    m.size += line_end ? 0 : 2;
    return m;
}

/* Can this stand between "<" and ">" of one command line, and mean only what it says? */
static gboolean path_is_sane(const char *path)
{
    gboolean quoted = FALSE;
    for (const char *p = path; *p; p++) {
        if ((guchar)*p < 0x20 || *p == 0x7f || p - path >= PATH_MAX_LEN)
            return FALSE;
        if (*p == '"')
            quoted = !quoted;
        else if (quoted && *p == '\\' && (guchar)p[1] >= 0x20 && p[1] != 0x7f)
            p++; /* the second half of a quoted pair */
        else if (!quoted && strchr("<> ,;", *p))
            return FALSE;
    }
    return !quoted;
}

static gboolean is_ascii(const char *text)
{
    for (; *text; text++) {
        if ((guchar)*text >= 0x80)
            return FALSE;
    }
    return TRUE;
}

static gboolean check_path(const Smtp *s, const char *path, gboolean sender, gboolean *utf8,
                           GError **err)
{
    g_autofree char *shown = printable_text(path, strlen(path), FALSE);
    if ((!sender && !*path) || !path_is_sane(path) || !g_utf8_validate(path, -1, NULL)) {
        error_set(err, PINTAIL_ERROR_REFUSED,
                  sender ? _("'%s' is not an address that mail can be sent from")
                         : _("'%s' is not an address that mail can be sent to"),
                  shown);
        return FALSE;
    }
    if (is_ascii(path))
        return TRUE;
    *utf8 = TRUE;
    if (s->extensions.utf8)
        return TRUE;
    error_set(err, PINTAIL_ERROR_REFUSED,
              _("%s cannot handle the address '%s': it takes only ASCII (no SMTPUTF8)"),
              stream_peer(s->stream), shown);
    return FALSE;
}

static gboolean check(const Smtp *s, const SmtpMessage *m, const Measure *size, gboolean *utf8,
                      GError **err)
{
    if (!check_path(s, m->sender, TRUE, utf8, err))
        return FALSE;
    if (!m->recipients[0]) {
        error_set(err, PINTAIL_ERROR_REFUSED, _("the message has no recipient"));
        return FALSE;
    }
    for (const char *const *r = m->recipients; *r; r++) {
        if (!check_path(s, *r, FALSE, utf8, err))
            return FALSE;
    }
    if (s->extensions.size_limit && size->size > s->extensions.size_limit) {
        error_set(err, PINTAIL_ERROR_REFUSED,
                  _("the message has %llu bytes, but %s takes at most %llu"),
                  (unsigned long long)size->size, stream_peer(s->stream),
                  (unsigned long long)s->extensions.size_limit);
        return FALSE;
    }
    if (size->nul || (size->eight_bit && !s->extensions.eight_bit)) {
        error_set(err, PINTAIL_ERROR_REFUSED,
                  _("%s takes no 8-bit text: the message has to be encoded differently"),
                  stream_peer(s->stream));
        return FALSE;
    }
    return TRUE;
}

/* ---- the envelope ------------------------------------------------------------------------------ */

static gboolean say_mail(Smtp *s, const SmtpMessage *m, const Measure *size, gboolean utf8,
                         GError **err)
{
    g_autoptr(GString) line = g_string_new(NULL);
    g_string_printf(line, "MAIL FROM:<%s>", m->sender);
    if (s->extensions.size)
        g_string_append_printf(line, " SIZE=%" G_GUINT64_FORMAT, size->size);
    if (size->eight_bit)
        g_string_append(line, " BODY=8BITMIME");
    if (utf8)
        g_string_append(line, " SMTPUTF8");
    return smtp_say(s, line->str, NULL, err);
}

static gboolean say_recipient(Smtp *s, const char *address, GError **err)
{
    g_autofree char *line = g_strdup_printf("RCPT TO:<%s>", address);
    return smtp_say(s, line, NULL, err);
}

/* Section 4.5.3.1.10: 552 may be an old way of saying 452, too many recipients. */
static gboolean is_temporary(const SmtpReply *r)
{
    gboolean too_many = r->code == 552 && (!r->enhanced[0] || strcmp(r->enhanced, "5.5.3") == 0);
    return smtp_reply_class(r) == 4 || too_many;
}

static void take_recipient_reply(const Smtp *s, SmtpRecipient *one)
{
    SmtpRecipientState state = smtp_reply_class(&s->reply) == 2 ? SMTP_RECIPIENT_ACCEPTED
                               : is_temporary(&s->reply)        ? SMTP_RECIPIENT_LATER
                                                                : SMTP_RECIPIENT_REFUSED;
    recipient_take(one, &s->reply, state);
}

typedef struct {
    SmtpReply mail, data; /* copies: the session's reply is overwritten */
    guint accepted;
} Envelope;

static void envelope_clear(Envelope *e)
{
    smtp_reply_clear(&e->mail);
    smtp_reply_clear(&e->data);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Envelope, envelope_clear)

static void reply_swap(SmtpReply *a, SmtpReply *b)
{
    SmtpReply keep = *a;
    *a = *b;
    *b = keep;
}

static gboolean hear_recipients(Smtp *s, SmtpResult *r, Envelope *e, GError **err)
{
    for (guint i = 0; i < r->recipients->len; i++) {
        if (!smtp_hear(s, 0, err))
            return FALSE;
        if (smtp_reply_class(&e->mail) == 2) {
            take_recipient_reply(s, recipient_at(r, i));
            e->accepted += recipient_at(r, i)->state == SMTP_RECIPIENT_ACCEPTED;
        }
        if (!s->usable) /* 421: no further reply comes */
            return TRUE;
    }
    return TRUE;
}

/* All in one go (RFC 2920 section 3.1): DATA is the last of the group. FALSE: connection lost. */
static gboolean envelope_pipelined(Smtp *s, const SmtpMessage *m, const Measure *size, gboolean utf8,
                                   SmtpResult *r, Envelope *e, GError **err)
{
    if (!say_mail(s, m, size, utf8, err))
        return FALSE;
    for (const char *const *to = m->recipients; *to; to++) {
        if (!say_recipient(s, *to, err))
            return FALSE;
    }
    if (!smtp_say(s, "DATA", NULL, err) || !smtp_flush(s, err) || !smtp_hear(s, 0, err))
        return FALSE;
    reply_swap(&e->mail, &s->reply);
    if (!s->usable)
        return TRUE;
    if (!hear_recipients(s, r, e, err))
        return FALSE;
    if (!s->usable) {
        reply_swap(&e->data, &s->reply);
        return TRUE;
    }
    if (!smtp_hear(s, 0, err))
        return FALSE;
    reply_swap(&e->data, &s->reply);
    return TRUE;
}

static gboolean envelope_stepwise(Smtp *s, const SmtpMessage *m, const Measure *size, gboolean utf8,
                                  SmtpResult *r, Envelope *e, GError **err)
{
    if (!say_mail(s, m, size, utf8, err) || !smtp_flush(s, err) || !smtp_hear(s, 0, err))
        return FALSE;
    reply_swap(&e->mail, &s->reply);
    if (smtp_reply_class(&e->mail) != 2)
        return TRUE;
    for (guint i = 0; i < r->recipients->len && s->usable; i++) {
        SmtpRecipient *one = recipient_at(r, i);
        if (!say_recipient(s, one->address, err) || !smtp_flush(s, err) || !smtp_hear(s, 0, err))
            return FALSE;
        take_recipient_reply(s, one);
        e->accepted += one->state == SMTP_RECIPIENT_ACCEPTED;
    }
    if (s->usable && e->accepted && !smtp_ask(s, "DATA", err))
        return FALSE;
    if (!s->usable || e->accepted)
        reply_swap(&e->data, &s->reply);
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
static gboolean judge_envelope(Smtp *s, SmtpResult *r, Envelope *e, GError **err)
{
    if (smtp_reply_class(&e->mail) != 2) {
        reply_swap(&s->reply, &e->mail);
        if (e->data.code == 354)
            s->usable = FALSE; /* no sane server: do not guess what it waits for */
        settle_reply(r, s, _("this sender"), err);
        return FALSE;
    }
    if (!s->usable) { /* 421 in the middle */
        reply_swap(&s->reply, &e->data);
        settle_reply(r, s, _("the message"), err);
        return FALSE;
    }
    if (e->accepted == 0) {
        if (e->data.code == 354)
            end_empty(s);
        settle_recipients(r, s, err);
        return FALSE;
    }
    reply_swap(&s->reply, &e->data);
    if (s->reply.code == 354)
        return TRUE;
    settle_reply(r, s, _("the message"), err);
    return FALSE;
}

/* ---- the content ------------------------------------------------------------------------------ */

static gboolean is_line_end(const char *p, const char *end)
{
    return p < end && (*p == '\r' || *p == '\n');
}

/* A line, or a piece of a very long one; *p moves behind it, *fresh tells whether a line begins. */
static gboolean write_piece(Stream *out, const char **p, const char *end, gboolean *fresh,
                            GError **err)
{
    const char *stop = *p, *limit = *p + MIN((gsize)(end - *p), (gsize)CHUNK);
    while (stop < limit && !is_line_end(stop, limit))
        stop++;
    if ((*fresh && **p == '.' && !stream_write(out, ".", 1, err)) ||
        !stream_write(out, *p, (gsize)(stop - *p), err))
        return FALSE;
    *fresh = stop == end || is_line_end(stop, end);
    *p = stop;
    if (!*fresh)
        return TRUE;
    if (stop < end)
        *p += *stop == '\r' && stop + 1 < end && stop[1] == '\n' ? 2 : 1;
    return stream_write(out, "\r\n", 2, err);
}

static gboolean write_content(Smtp *s, const SmtpMessage *m, GError **err)
{
    const char *p = m->content.at, *end = p + m->content.len, *mark = p;
    gboolean ok = TRUE, fresh = TRUE;
    stream_deadline(s->stream, 0);
    while (ok && p < end) {
        ok = write_piece(s->stream, &p, end, &fresh, err);
        if (ok && (p - mark >= CHUNK || p == end)) {
            ok = stream_flush(s->stream, err);
            stream_deadline(s->stream, 0); /* what was taken is progress */
            mark = p;
            if (m->progress)
                m->progress((guint64)(p - m->content.at), m->content.len, m->data);
        }
    }
    if (!ok)
        s->usable = FALSE;
    return ok;
}

/* A server that has had enough answers, or hangs up, before the dot: then the dot is not sent and
 * the outcome is certain. TRUE when the dot may follow. */
static gboolean still_wanted(Smtp *s, SmtpResult *r, GError **err)
{
    StreamWake why;
    if (!stream_wait(s->stream, -1, 0, &why, err)) {
        s->usable = FALSE;
        settle_lost(r, SMTP_NOT_SENT);
        return FALSE;
    }
    if (why != STREAM_WAKE_INPUT)
        return TRUE;
    gboolean heard = smtp_hear(s, 0, err);
    s->usable = FALSE;
    if (!heard) {
        settle_lost(r, SMTP_NOT_SENT);
        return FALSE;
    }
    settle_reply(r, s, _("the message"), err);
    return FALSE;
}

static gboolean commit(Smtp *s, const SmtpMessage *m, SmtpResult *r, GError **err)
{
    if (!still_wanted(s, r, err))
        return FALSE;
    if (m->before_final && !m->before_final(m->data, err)) {
        s->usable = FALSE;
        settle_lost(r, SMTP_NOT_SENT);
        return FALSE;
    }
    return still_wanted(s, r, err);
}

static void finish(Smtp *s, SmtpResult *r, GError **err)
{
    g_autoptr(GError) e = NULL;
    gboolean heard = smtp_say(s, ".", NULL, &e) && smtp_flush(s, &e) &&
                     smtp_hear(s, (guint)MIN((guint64)smtp_timeout(s) * FINAL_FACTOR, 3600000u), &e);
    int class = heard ? smtp_reply_class(&s->reply) : 0;
    if (class == 2) {
        settle(r, s, SMTP_SENT, SMTP_RECIPIENT_ACCEPTED);
        return;
    }
    if (class == 4 || class == 5) {
        settle_reply(r, s, _("the message"), err);
        return;
    }
    s->usable = FALSE;
    settle_lost(r, SMTP_UNKNOWN);
    PintailErrorCode code = error_is(e, PINTAIL_ERROR_CANCELLED) ? PINTAIL_ERROR_CANCELLED
                            : error_is(e, PINTAIL_ERROR_RETRY)   ? PINTAIL_ERROR_RETRY
                                                                 : PINTAIL_ERROR_PROTOCOL;
    g_autofree char *shown = heard ? smtp_reply_shown(s) : NULL;
    error_set(err, code, _("the message may have been sent or not: %s"), e ? e->message : shown);
}

SmtpResult *smtp_send(Smtp *s, const SmtpMessage *m, GError **err)
{
    SmtpResult *r = result_new(m->recipients);
    Measure size = measure(m->content);
    gboolean utf8 = FALSE;
    if (!check(s, m, &size, &utf8, err)) {
        r->outcome = SMTP_REFUSED;
        return r;
    }
    if (s->dirty && !smtp_reset(s, err)) {
        s->usable = FALSE;
        return r;
    }
    s->dirty = TRUE;
    g_auto(Envelope) e = {0};
    smtp_reply_init(&e.mail);
    smtp_reply_init(&e.data);
    gboolean alive = (s->extensions.pipelining ? envelope_pipelined : envelope_stepwise)(
        s, m, &size, utf8, r, &e, err);
    if (!alive) {
        settle_lost(r, SMTP_NOT_SENT);
        return r;
    }
    if (!judge_envelope(s, r, &e, err))
        return r;
    if (log_is_open())
        log_line(s->options->log_name ? s->options->log_name : "smtp",
                 "> (message, %" G_GUINT64_FORMAT " bytes)", size.size);
    if (!write_content(s, m, err)) {
        settle_lost(r, SMTP_NOT_SENT);
        return r;
    }
    if (commit(s, m, r, err)) {
        finish(s, r, err);
        s->dirty = FALSE; /* RFC 5321 section 4.1.1.4: any final reply ends the transaction */
    }
    return r;
}
