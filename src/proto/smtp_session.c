/* smtp_session.c - from the dial to a session that may send (RFC 5321 section 3, RFC 3207,
 * RFC 4954).
 *
 * Guarantees: before TLS only greeting, EHLO and STARTTLS are said, and what the server
 * announced then is forgotten; authenticate() is the one place where a credential is sent,
 * and it begins by asking stream_secured(). */
#include "smtp_session.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/log.h"

/* An address literal (section 4.1.3) says nothing about this machine, unlike its name or its
 * address; servers accept it from a client that authenticates. */
#define OUR_NAME "[127.0.0.1]"

#define QUIT_TIMEOUT     5000 /* ms */
#define COMMAND_LINE_MAX 510  /* without CRLF, section 4.5.3.1.4 */

/* ---- talking ------------------------------------------------------------------------------- */

static void log_said(const Smtp *s, char direction, const char *bytes, gsize len)
{
    if (log_is_open())
        log_dialogue(s->options->log_name ? s->options->log_name : "smtp", direction, bytes, len);
}

guint smtp_timeout(const Smtp *s)
{
    return stream_timeout(s->stream);
}

gboolean smtp_say(Smtp *s, const char *line, const char *shown, GError **err)
{
    log_said(s, '>', shown ? shown : line, strlen(shown ? shown : line));
    stream_deadline(s->stream, 0);
    if (stream_write(s->stream, line, strlen(line), err) && stream_write(s->stream, "\r\n", 2, err))
        return TRUE;
    s->usable = FALSE;
    return FALSE;
}

gboolean smtp_flush(Smtp *s, GError **err)
{
    if (stream_flush(s->stream, err))
        return TRUE;
    s->usable = FALSE;
    return FALSE;
}

/* A 334 challenge may hold nonces and salts: not for the log. */
static void log_heard(const Smtp *s, Span line)
{
    if (line.len >= 3 && memcmp(line.at, "334", 3) == 0)
        log_said(s, '<', "334 (challenge)", 15);
    else if (sasl_guard_repeats(&s->guard, line))
        log_said(s, '<', SASL_REPEATED, strlen(SASL_REPEATED));
    else
        log_said(s, '<', line.at, line.len);
}

gboolean smtp_hear(Smtp *s, guint timeout_ms, GError **err)
{
    smtp_reply_reset(&s->reply);
    stream_deadline(s->stream, timeout_ms);
    gboolean last = FALSE;
    while (!last) {
        Span line;
        const char *reason;
        if (!stream_read_line(s->stream, SMTP_AUTH_MAX, &line, err)) {
            s->usable = FALSE;
            return FALSE;
        }
        log_heard(s, line);
        if (sasl_guard_repeats(&s->guard, line))
            line.len = MIN(line.len, 4u); /* the code alone: the words are shown to nobody */
        if (!smtp_reply_add(&s->reply, line, &last, &reason)) {
            s->usable = FALSE;
            error_set(err, PINTAIL_ERROR_PROTOCOL, _("%s does not speak SMTP properly: %s"),
                      stream_peer(s->stream), _(reason));
            return FALSE;
        }
    }
    if (s->reply.code == 421)
        s->usable = FALSE;
    return TRUE;
}

gboolean smtp_ask(Smtp *s, const char *line, GError **err)
{
    return smtp_say(s, line, NULL, err) && smtp_flush(s, err) && smtp_hear(s, 0, err);
}

char *smtp_reply_shown(const Smtp *s)
{
    return g_strdup_printf(s->reply.text->len ? "%d %s" : "%d", s->reply.code, s->reply.text->str);
}

/* The last reply as an error: RETRY for 4xx, `otherwise` for anything else. */
static gboolean fail_reply(Smtp *s, PintailErrorCode otherwise, const char *what, GError **err)
{
    g_autofree char *shown = smtp_reply_shown(s);
    error_set(err, smtp_reply_class(&s->reply) == 4 ? PINTAIL_ERROR_RETRY : otherwise,
              _("%s refuses %s: %s"), stream_peer(s->stream), what, shown);
    return FALSE;
}

/* ---- greeting, EHLO, STARTTLS --------------------------------------------------------------- */

static gboolean greet(Smtp *s, GError **err)
{
    stream_deadline(s->stream, 0);
    gboolean last = FALSE;
    while (!last) {
        Span line;
        const char *reason;
        if (!stream_read_line(s->stream, SMTP_LINE_MAX, &line, err))
            return FALSE;
        log_heard(s, line);
        if (!smtp_reply_add(&s->reply, line, &last, &reason)) {
            g_autofree char *text = stream_wrong_greeting(s->stream, line);
            error_set(err, PINTAIL_ERROR_PROTOCOL, "%s", text);
            return FALSE;
        }
    }
    return s->reply.code == 220 || fail_reply(s, PINTAIL_ERROR_REFUSED, _("a session"), err);
}

static gboolean hello(Smtp *s, GError **err)
{
    smtp_extensions_clear(&s->extensions);
    if (!smtp_ask(s, "EHLO " OUR_NAME, err))
        return FALSE;
    if (s->reply.code == 250) {
        smtp_extensions_parse(&s->extensions, &s->reply);
        return TRUE;
    }
    /* Section 3.2: only a server that does not know EHLO gets HELO. */
    if (smtp_reply_class(&s->reply) != 5)
        return fail_reply(s, PINTAIL_ERROR_PROTOCOL, "EHLO", err);
    smtp_reply_reset(&s->reply);
    smtp_extensions_parse(&s->extensions, &s->reply);
    if (!smtp_ask(s, "HELO " OUR_NAME, err))
        return FALSE;
    return s->reply.code == 250 || fail_reply(s, PINTAIL_ERROR_REFUSED, "HELO", err);
}

static gboolean start_tls(Smtp *s, TlsReport **report, GError **err)
{
    if (!s->extensions.starttls) {
        error_set(err, PINTAIL_ERROR_TLS,
                  _("%s offers no STARTTLS, without which password and mail would be readable on "
                    "the way: nothing was sent (is smtps:// right, port 465?)"),
                  stream_peer(s->stream));
        return FALSE;
    }
    if (!smtp_ask(s, "STARTTLS", err))
        return FALSE;
    if (s->reply.code != 220)
        return fail_reply(s, PINTAIL_ERROR_TLS, "STARTTLS", err);
    /* RFC 3207 section 4.2: whatever was learnt before is forgotten. */
    smtp_extensions_clear(&s->extensions);
    return stream_starttls(s->stream, report, err) && hello(s, err);
}

/* ---- AUTH (RFC 4954) ------------------------------------------------------------------------ */

static gboolean say_auth(gpointer session, const char *command, const GString *secret, GError **err)
{
    Smtp *s = session;
    g_autofree char *shown = sasl_line_shown(command, secret);
    log_said(s, '>', shown, strlen(shown));
    stream_deadline(s->stream, 0);
    if (sasl_line_write(s->stream, command, secret, err))
        return smtp_flush(s, err);
    s->usable = FALSE;
    return FALSE;
}

static gboolean hear_auth(gpointer session, SaslAnswer *answer, Span *challenge, GError **err)
{
    Smtp *s = session;
    if (!smtp_hear(s, 0, err))
        return FALSE;
    *challenge = span_of(g_ptr_array_index(s->reply.lines, 0));
    *answer = s->reply.code == 334                 ? SASL_CHALLENGE
              : s->reply.code == 235               ? SASL_ACCEPTED
              : smtp_reply_class(&s->reply) == 5 ? SASL_REFUSED
                                                   : SASL_FAILED;
    return TRUE;
}

/* 454, 432, 421: something else is wrong; that says nothing about the password. */
static void refused_auth(gpointer session, const char *detail, GError **err)
{
    Smtp *s = session;
    g_autofree char *shown = smtp_reply_shown(s);
    PintailErrorCode code = smtp_reply_class(&s->reply) == 4   ? PINTAIL_ERROR_RETRY
                            : smtp_reply_class(&s->reply) == 5 ? PINTAIL_ERROR_AUTH
                                                               : PINTAIL_ERROR_PROTOCOL;
    error_set(err, code, _("%s refuses %s: %s%s%s"), stream_peer(s->stream), s->login, shown,
              detail ? " " : "", detail ? detail : "");
}

static gboolean log_in(Smtp *s, Auth *take, const Credentials *c, char **mechanism, GError **err)
{
    SaslWire wire = {.session = s,
                     .command = "AUTH",
                     .service = "smtp",
                     .line_max = COMMAND_LINE_MAX,
                     .guard = &s->guard,
                     .say = say_auth,
                     .hear = hear_auth,
                     .refused = refused_auth};
    sasl_guard_begin(&s->guard, c);
    s->login = sasl_login_of(c);
    gboolean ok = sasl_log_in(&wire, take, c, (const char *const *)s->extensions.auth, s->stream,
                              mechanism, err);
    sasl_guard_end(&s->guard);
    return ok;
}

static gboolean authenticate(Smtp *s, const Credentials *c, char **mechanism, GError **err)
{
    if (!stream_secured(s->stream)) {
        error_set(err, PINTAIL_ERROR_TLS, _("%s is not reached through TLS: no password is sent"),
                  stream_peer(s->stream));
        return FALSE;
    }
    const char *const *offered = (const char *const *)s->extensions.auth;
    if (!offered[0]) {
        error_set(err, PINTAIL_ERROR_REFUSED,
                  _("%s offers no way to log in (is this the server for sending, port 587 or 465?)"),
                  stream_peer(s->stream));
        return FALSE;
    }
    Credentials known = *c;
    if (!auth_find_secret(&known, offered, s->stream, FALSE, err))
        return FALSE;
    Auth *a = auth_begin(&known, offered, "smtp", s->stream, err);
    return a && log_in(s, a, &known, mechanism, err);
}

/* ---- life ----------------------------------------------------------------------------------- */

static gboolean open_session(Smtp *s, const Credentials *c, TlsReport **report, GError **err)
{
    s->stream = stream_open(s->where, s->options, report, err);
    if (!s->stream || !greet(s, err) || !hello(s, err))
        return FALSE;
    if (s->where->tls == TLS_STARTTLS && !start_tls(s, report, err))
        return FALSE;
    g_autofree char *mechanism = NULL;
    if (c && !authenticate(s, c, &mechanism, err))
        return FALSE;
    const char *tls = stream_tls_version(s->stream);
    s->description = g_strdup_printf("%s%s%s", tls, *tls && mechanism ? " " : "",
                                     mechanism ? mechanism : "");
    return TRUE;
}

Smtp *smtp_open(const Endpoint *where, const StreamOptions *options,
                const Credentials *credentials, TlsReport **report, GError **err)
{
    g_autoptr(Smtp) s = g_new0(Smtp, 1);
    s->where = where;
    s->options = options;
    s->usable = TRUE;
    smtp_reply_init(&s->reply);
    return open_session(s, credentials, report, err) ? g_steal_pointer(&s) : NULL;
}

guint64 smtp_size_limit(const Smtp *s)
{
    return s->extensions.size_limit;
}

gboolean smtp_offers_8bit(const Smtp *s)
{
    return s->extensions.eight_bit;
}

gboolean smtp_offers_utf8(const Smtp *s)
{
    return s->extensions.utf8;
}

gboolean smtp_offers_dsn(const Smtp *s)
{
    return s->extensions.dsn;
}

const char *smtp_description(const Smtp *s)
{
    return s->description;
}

gboolean smtp_usable(const Smtp *s)
{
    return s->usable;
}

static gboolean expect_ok(Smtp *s, const char *command, GError **err)
{
    if (!smtp_ask(s, command, err))
        return FALSE;
    return smtp_reply_class(&s->reply) == 2 || fail_reply(s, PINTAIL_ERROR_REFUSED, command, err);
}

gboolean smtp_noop(Smtp *s, GError **err)
{
    return expect_ok(s, "NOOP", err);
}

gboolean smtp_reset(Smtp *s, GError **err)
{
    if (!expect_ok(s, "RSET", err))
        return FALSE;
    s->dirty = FALSE;
    return TRUE;
}

void smtp_quit(Smtp *s)
{
    if (s->usable && smtp_say(s, "QUIT", NULL, NULL)) {
        stream_deadline(s->stream, QUIT_TIMEOUT);
        if (smtp_flush(s, NULL))
            smtp_hear(s, QUIT_TIMEOUT, NULL);
    }
    s->usable = FALSE;
}

void smtp_free(Smtp *s)
{
    if (!s)
        return;
    stream_free(s->stream);
    sasl_guard_end(&s->guard);
    g_free(s->login);
    smtp_extensions_clear(&s->extensions);
    smtp_reply_clear(&s->reply);
    g_free(s->description);
    g_free(s);
}
