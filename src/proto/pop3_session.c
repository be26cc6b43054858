/* pop3_session.c - from the dial to the TRANSACTION state (RFC 1939 sections 3 to 5, RFC 2595,
 * RFC 5034).
 *
 * Guarantees: before TLS only the greeting is read and STLS is said; log_in() is the one place
 * where a credential is sent, and it begins by asking stream_secured(). */
#include "pop3_session.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/log.h"
#include "pintail/util/text.h"

#define CHALLENGE_LINE_MAX 16384
#define COMMAND_LINE_MAX   253 /* without CRLF, RFC 2449 section 4 */
#define LINES_MAX          1000000
#define CAPABILITIES_MAX   65536 /* bytes of CAPA's answer */
#define PROGRESS           16384 /* bytes that are worth a new deadline */

/* ---- talking --------------------------------------------------------------------------------- */

static void log_said(const Pop3 *p, char direction, const char *bytes, gsize len)
{
    if (log_is_open())
        log_dialogue(p->options->log_name ? p->options->log_name : "pop3", direction, bytes, len);
}

static gboolean broken(Pop3 *p)
{
    p->usable = FALSE;
    return FALSE;
}

gboolean pop3_say(Pop3 *p, const char *line, const char *shown, GError **err)
{
    log_said(p, '>', shown ? shown : line, strlen(shown ? shown : line));
    stream_deadline(p->stream, 0);
    if (stream_write(p->stream, line, strlen(line), err) && stream_write(p->stream, "\r\n", 2, err))
        return TRUE;
    return broken(p);
}

gboolean pop3_flush(Pop3 *p, GError **err)
{
    return stream_flush(p->stream, err) || broken(p);
}

/* A status line as it was read. What of ours it repeats is shown to nobody. */
static gboolean take_status(Pop3 *p, Span line, Pop3Status *status, GError **err)
{
    gboolean repeats = sasl_guard_repeats(&p->guard, line);
    Span shown = repeats ? SPAN_LITERAL(SASL_REPEATED) : line;
    log_said(p, '<', shown.at, shown.len);
    if (pop3_parse_status(line, status)) {
        if (repeats)
            status->text = SPAN_NONE;
        if (sasl_guard_repeats(&p->guard, status->code))
            status->code = SPAN_NONE;
        return TRUE;
    }
    g_autofree char *words = printable_text(shown.len ? shown.at : "", MIN(shown.len, 100u), FALSE);
    error_set(err, PINTAIL_ERROR_PROTOCOL, _("%s answers with neither +OK nor -ERR: '%s'"),
              stream_peer(p->stream), words);
    return broken(p);
}

gboolean pop3_hear(Pop3 *p, Pop3Status *status, GError **err)
{
    Span line;
    stream_deadline(p->stream, 0);
    return stream_read_line(p->stream, POP3_LINE_MAX, &line, err) ? take_status(p, line, status, err)
                                                                  : broken(p);
}

gboolean pop3_ask(Pop3 *p, const char *line, Pop3Status *status, GError **err)
{
    return pop3_say(p, line, NULL, err) && pop3_flush(p, err) && pop3_hear(p, status, err);
}

/* The server's words with their code, as they came. */
static char *words(const Pop3Status *s)
{
    g_autofree char *code = printable_text(s->code.len ? s->code.at : "", MIN(s->code.len, 60u), FALSE);
    g_autofree char *text =
        printable_text(s->text.len ? s->text.at : "", MIN(s->text.len, 400u), FALSE);
    if (*code)
        return g_strdup_printf("[%s] %s", code, text);
    return g_strdup(*text ? text : "-ERR");
}

gboolean pop3_fail(Pop3 *p, const Pop3Status *status, PintailErrorCode otherwise, const char *what,
                   GError **err)
{
    g_autofree char *said = words(status);
    error_set(err, pop3_refusal(status, otherwise), _("%s refuses %s: %s"), stream_peer(p->stream),
              what, said);
    return FALSE;
}

gboolean pop3_lines(Pop3 *p, gsize limit, void (*line)(Span line, void *data), void *data, GError **err)
{
    gsize since = 0, total = 0;
    stream_deadline(p->stream, 0);
    for (guint i = 0; i < LINES_MAX && total <= limit; i++) {
        Span l;
        if (!stream_read_line(p->stream, POP3_LINE_MAX, &l, err))
            return broken(p);
        if (l.len == 1 && *l.at == '.')
            return TRUE;
        if (l.len && *l.at == '.')
            l = span_new(l.at + 1, l.len - 1);
        since += l.len + 2;
        total += l.len + 2;
        if (since >= PROGRESS) {
            stream_deadline(p->stream, 0);
            since = 0;
        }
        if (line)
            line(l, data);
    }
    error_set(err, PINTAIL_ERROR_PROTOCOL, _("%s sends a list that does not end"),
              stream_peer(p->stream));
    return broken(p);
}

/* ---- greeting, STLS, CAPA ---------------------------------------------------------------------- */

static gboolean greet(Pop3 *p, GError **err)
{
    Span line;
    Pop3Status status;
    if (!stream_read_line(p->stream, POP3_LINE_MAX, &line, err))
        return FALSE;
    log_said(p, '<', line.at, line.len);
    if (!pop3_parse_status(line, &status)) {
        g_autofree char *text = stream_wrong_greeting(p->stream, line);
        error_set(err, PINTAIL_ERROR_PROTOCOL, "%s", text);
        return FALSE;
    }
    return status.ok || pop3_fail(p, &status, PINTAIL_ERROR_REFUSED, _("a session"), err);
}

/* RFC 2595 section 4. */
static gboolean start_tls(Pop3 *p, TlsReport **report, GError **err)
{
    Pop3Status status;
    if (!pop3_ask(p, "STLS", &status, err))
        return FALSE;
    if (status.ok)
        return stream_starttls(p->stream, report, err);
    g_autofree char *said = words(&status);
    PintailErrorCode code = pop3_refusal(&status, PINTAIL_ERROR_TLS);
    error_set(err, code == PINTAIL_ERROR_RETRY ? code : PINTAIL_ERROR_TLS,
              _("%s does not begin TLS, without which password and mail would be readable on the "
                "way: %s (is pop3s:// right, port 995?)"),
              stream_peer(p->stream), said);
    return FALSE;
}

static void take_capability(Span line, void *data)
{
    Pop3 *p = data;
    pop3_parse_capability(line, &p->capabilities, p->sasl);
}

static gboolean ask_capabilities(Pop3 *p, GError **err)
{
    Pop3Status status;
    if (!pop3_ask(p, "CAPA", &status, err))
        return FALSE;
    g_ptr_array_set_size(p->sasl, 0);
    p->capabilities = (Pop3Capabilities){.known = status.ok, .expire_days = -1};
    if (status.ok)
        return pop3_lines(p, CAPABILITIES_MAX, take_capability, p, err);
    /* From before RFC 2449: what is optional in RFC 1939 is worth a try. */
    p->capabilities.user = p->capabilities.top = p->capabilities.uidl = TRUE;
    return TRUE;
}

/* ---- login ------------------------------------------------------------------------------------- */

static gboolean say_auth(gpointer session, const char *command, const GString *secret, GError **err)
{
    Pop3 *p = session;
    g_autofree char *shown = sasl_line_shown(command, secret);
    log_said(p, '>', shown, strlen(shown));
    stream_deadline(p->stream, 0);
    return (sasl_line_write(p->stream, command, secret, err) && stream_flush(p->stream, err)) || broken(p);
}

/* Either a challenge ("+ base64") or the final status. */
static gboolean hear_auth(gpointer session, SaslAnswer *answer, Span *challenge, GError **err)
{
    Pop3 *p = session;
    Span line;
    stream_deadline(p->stream, 0);
    if (!stream_read_line(p->stream, CHALLENGE_LINE_MAX, &line, err))
        return broken(p);
    if (line.len >= 1 && *line.at == '+' && (line.len == 1 || line.at[1] == ' ')) {
        log_said(p, '<', "+ (challenge)", 13);
        *answer = SASL_CHALLENGE;
        *challenge = span_new(line.at + 1, line.len - 1);
        return TRUE;
    }
    Pop3Status status;
    if (!take_status(p, line, &status, err))
        return FALSE;
    g_clear_error(&p->refusal);
    if (!status.ok)
        pop3_fail(p, &status, PINTAIL_ERROR_AUTH, p->login, &p->refusal);
    *answer = status.ok                                            ? SASL_ACCEPTED
              : error_is(p->refusal, PINTAIL_ERROR_AUTH) ? SASL_REFUSED
                                                                   : SASL_FAILED;
    return TRUE;
}

static void refused_auth(gpointer session, const char *detail, GError **err)
{
    Pop3 *p = session;
    error_set(err, (PintailErrorCode)p->refusal->code, "%s%s%s", p->refusal->message, detail ? " " : "",
              detail ? detail : "");
}

/* `take` is consumed. */
static gboolean log_in_sasl(Pop3 *p, Auth *take, const Credentials *c, const char *const *offered,
                            GError **err)
{
    SaslWire wire = {.session = p,
                     .command = "AUTH",
                     .service = "pop",
                     .line_max = COMMAND_LINE_MAX,
                     .guard = &p->guard,
                     .say = say_auth,
                     .hear = hear_auth,
                     .refused = refused_auth};
    return sasl_log_in(&wire, take, c, offered, p->stream, &p->description, err);
}

static gboolean fits_a_line(const char *bytes, gsize len)
{
    return !memchr(bytes, '\r', len) && !memchr(bytes, '\n', len) && !memchr(bytes, '\0', len);
}

static gboolean log_in_user(Pop3 *p, const Credentials *c, GError **err)
{
    gsize len;
    const char *password = secret_text(c->password, &len);
    if (!c->user || !fits_a_line(c->user, strlen(c->user)) || !fits_a_line(password, len)) {
        error_set(err, PINTAIL_ERROR_AUTH, _("user name and password must each be one line"));
        return FALSE;
    }
    Pop3Status status;
    g_autofree char *user = g_strdup_printf("USER %s", c->user);
    if (!pop3_ask(p, user, &status, err))
        return FALSE;
    if (!status.ok)
        return pop3_fail(p, &status, PINTAIL_ERROR_AUTH, p->login, err);
    GString *line = g_string_sized_new(len + 8);
    g_string_printf(line, "PASS %s", password);
    gboolean ok = pop3_say(p, line->str, "PASS (secret)", err) && pop3_flush(p, err) &&
                  pop3_hear(p, &status, err);
    secret_wipe(line->str, line->len);
    g_string_free(line, TRUE);
    if (!ok)
        return FALSE;
    p->description = g_strdup("USER");
    return status.ok || pop3_fail(p, &status, PINTAIL_ERROR_AUTH, p->login, err);
}

static gboolean log_in(Pop3 *p, const Credentials *wanted, GError **err)
{
    if (!stream_secured(p->stream)) {
        error_set(err, PINTAIL_ERROR_TLS, _("%s is not reached through TLS: no password is sent"),
                  stream_peer(p->stream));
        return FALSE;
    }
    Credentials known = *wanted;
    const Credentials *c = &known;
    gboolean user = c->mechanism && g_ascii_strcasecmp(c->mechanism, "user") == 0;
    gboolean automatic = !c->mechanism || !*c->mechanism ||
                         g_ascii_strcasecmp(c->mechanism, "auto") == 0;
    g_autoptr(GPtrArray) offered = g_ptr_array_new();
    for (guint i = 0; i < p->sasl->len; i++)
        g_ptr_array_add(offered, g_ptr_array_index(p->sasl, i));
    g_ptr_array_add(offered, NULL);
    const char *const *names = (const char *const *)offered->pdata;
    if (!auth_find_secret(&known, names, p->stream, user || (automatic && auth_has_password(c)), err))
        return FALSE;
    g_autoptr(GError) none = NULL;
    Auth *a = user ? NULL : auth_begin(c, names, "pop", p->stream, &none);
    /* Many servers list USER, or nothing, and take it. */
    gboolean plain = !a && c->password && (user || automatic);
    if (a || plain) {
        sasl_guard_begin(&p->guard, c);
        p->login = sasl_login_of(c);
        gboolean ok = a ? log_in_sasl(p, a, c, names, err) : log_in_user(p, c, err);
        sasl_guard_end(&p->guard);
        return ok;
    }
    if (none)
        g_propagate_error(err, g_steal_pointer(&none));
    else
        error_set(err, PINTAIL_ERROR_AUTH, _("there is no password to log in with"));
    return FALSE;
}

/* ---- life -------------------------------------------------------------------------------------- */

static gboolean open_session(Pop3 *p, const Credentials *c, TlsReport **report, GError **err)
{
    p->stream = stream_open(p->where, p->options, report, err);
    if (!p->stream || !greet(p, err))
        return FALSE;
    if (p->where->tls == TLS_STARTTLS && !start_tls(p, report, err))
        return FALSE;
    if (!ask_capabilities(p, err) || !log_in(p, c, err))
        return FALSE;
    /* RFC 2449 section 5: some hold only after the login. */
    if (p->capabilities.known && !ask_capabilities(p, err))
        return FALSE;
    const char *tls = stream_tls_version(p->stream);
    g_autofree char *mechanism = g_steal_pointer(&p->description);
    p->description = g_strdup_printf("%s%s%s", tls, *tls ? " " : "", mechanism);
    return TRUE;
}

Pop3 *pop3_open(const Endpoint *where, const StreamOptions *options,
                const Credentials *credentials, TlsReport **report, GError **err)
{
    g_autoptr(Pop3) p = g_new0(Pop3, 1);
    p->where = where;
    p->options = options;
    p->usable = TRUE;
    p->sasl = g_ptr_array_new_with_free_func(g_free);
    return open_session(p, credentials, report, err) ? g_steal_pointer(&p) : NULL;
}

const Pop3Capabilities *pop3_capabilities(const Pop3 *p)
{
    return &p->capabilities;
}

const char *pop3_description(const Pop3 *p)
{
    return p->description;
}

gboolean pop3_usable(const Pop3 *p)
{
    return p->usable;
}

void pop3_free(Pop3 *p)
{
    if (!p)
        return;
    stream_free(p->stream);
    sasl_guard_end(&p->guard);
    g_clear_error(&p->refusal);
    g_free(p->login);
    g_ptr_array_unref(p->sasl);
    g_free(p->description);
    g_free(p);
}
