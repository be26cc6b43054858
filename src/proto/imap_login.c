/* imap_login.c - from the dial to the authenticated state: greeting, capabilities, STARTTLS,
 * AUTHENTICATE or LOGIN, ID, LOGOUT.
 *
 * Guarantees: with TLS demanded, nothing but the greeting, capabilities and the answer to
 * STARTTLS is believed before the handshake, and all of it is forgotten after it; PREAUTH
 * before TLS ends the connection (CVE-2020-14093); no credential is written or logged in
 * clear; a password is only sent where stream_secured(). */
#include "imap_session.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/log.h"
#include "pintail/util/text.h"

#define GREETING_LINES 20
#define MAX_LINE       8000 /* an initial response that makes a longer line is sent as its own */
#define LOGOUT_MS      2000

/* ---- capabilities ------------------------------------------------------------------- */

void imap_session_set_capabilities(ImapSession *s, Span words)
{
    imap_capabilities_clear(&s->caps);
    imap_parse_capabilities(words, &s->caps);
    s->caps_serial++;
}

void imap_session_clear_capabilities(ImapSession *s)
{
    imap_capabilities_clear(&s->caps);
    s->caps_serial = 0;
}

void imap_session_drop_capability(ImapSession *s, ImapCapability c)
{
    s->caps_dropped |= CAP_BIT(c);
}

gboolean imap_has(const ImapSession *s, ImapCapability c)
{
    return (s->caps.bits & ~s->caps_dropped & CAP_BIT(c)) != 0;
}

guint64 imap_append_limit(const ImapSession *s)
{
    return s->caps.append_limit;
}

static gboolean ask_capabilities(ImapSession *s, GError **err)
{
    g_auto(Line) line = {0};
    imap_line_init(&line, s, "CAPABILITY");
    return imap_command_run(s, imap_command_new(s, NULL, NULL, "CAPABILITY"), &line, err);
}

/* As the server said, or as it says when asked. */
static gboolean know_capabilities(ImapSession *s, GError **err)
{
    if (s->caps_serial > 0)
        return TRUE;
    if (!ask_capabilities(s, err))
        return FALSE;
    if (s->caps_serial > 0)
        return TRUE;
    imap_session_set_capabilities(
        s, SPAN_LITERAL("IMAP4rev1")); /* OK without the data: the plain path */
    return TRUE;
}

static gboolean enabled_data(ImapSession *s, ImapCommand *c, const Response *r)
{
    if (r->kind != RESPONSE_ENABLED)
        return FALSE;
    Capabilities enabled;
    imap_parse_capabilities(r->rest, &enabled);
    s->enabled |= enabled.bits;
    imap_capabilities_clear(&enabled);
    gboolean is_new = !*(gboolean *)c->user;
    *(gboolean *)c->user = TRUE;
    return is_new;
}

gboolean imap_enable(ImapSession *s, const char *names, GError **err)
{
    gboolean said = FALSE;
    g_auto(Line) line = {0};
    imap_line_init(&line, s, "");
    imap_line_add(&line, "ENABLE %s", names);
    if (!imap_command_run(s, imap_command_new(s, enabled_data, &said, "ENABLE %s", names), &line,
                          err))
        return FALSE;
    if (!said) { /* seen: OK and no ENABLED */
        Capabilities asked;
        imap_parse_capabilities(span_of(names), &asked);
        s->enabled |= asked.bits;
        imap_capabilities_clear(&asked);
    }
    return TRUE;
}

static void enable_ended(ImapSession *s, ImapCommand *c)
{
    if (c->status == 'O') /* seen: OK and no ENABLED */
        s->enabled |= imap_has(s, IMAP_CAP_QRESYNC) ? CAP_BIT(IMAP_CAP_QRESYNC) : CAP_BIT(IMAP_CAP_CONDSTORE);
    else
        imap_session_drop_capability(s, IMAP_CAP_QRESYNC);
}

gboolean imap_enable_resync(ImapSession *s, GError **err)
{
    gboolean qresync = imap_has(s, IMAP_CAP_QRESYNC);
    if (!imap_has(s, IMAP_CAP_ENABLE) || (!qresync && !imap_has(s, IMAP_CAP_CONDSTORE)))
        return TRUE;
    g_auto(Line) line = {0};
    imap_line_init(&line, s, qresync ? "ENABLE QRESYNC" : "ENABLE CONDSTORE");
    ImapCommand *c = imap_command_new(s, NULL, NULL, "ENABLE");
    c->forgotten = TRUE;
    c->ended = enable_ended;
    if (imap_command_send(s, c, &line, err))
        return TRUE;
    imap_command_free(s, c);
    return FALSE;
}

static void utf8_ended(ImapSession *s, ImapCommand *c)
{
    if (c->status != 'O') {
        s->utf8 = FALSE;
        imap_session_drop_capability(s, IMAP_CAP_UTF8);
    }
}

/* Names as UTF-8: RFC 6855, or IMAP4rev2 (RFC 9051 section 6.3.1), which a server of both revisions speaks
 * when it is asked to. Only sent: commands are done in order, so those that follow know. */
static gboolean enable_utf8(ImapSession *s, GError **err)
{
    gboolean rev2 = imap_has(s, IMAP_CAP_IMAP4REV2), utf8 = imap_has(s, IMAP_CAP_UTF8);
    if (!(rev2 || utf8) || !imap_has(s, IMAP_CAP_ENABLE) || s->utf8)
        return TRUE;
    g_auto(Line) line = {0};
    imap_line_init(&line, s, rev2 && utf8 ? "ENABLE IMAP4rev2 UTF8=ACCEPT" : rev2 ? "ENABLE IMAP4rev2" : "ENABLE UTF8=ACCEPT");
    ImapCommand *c = imap_command_new(s, NULL, NULL, "ENABLE");
    c->forgotten = TRUE;
    c->ended = utf8_ended;
    s->utf8 = TRUE;
    if (imap_command_send(s, c, &line, err))
        return TRUE;
    imap_command_free(s, c);
    return FALSE;
}

/* ---- connecting --------------------------------------------------------------------- */

static gboolean take_greeting(ImapSession *s, const Response *r, GError **err)
{
    g_autofree char *words =
        printable_text(r->text.at ? r->text.at : "", MIN(r->text.len, 400), FALSE);
    if (r->status == 'Y' || r->status == 'N' || r->status == 'B') {
        error_set(err, PINTAIL_ERROR_RETRY, _("%s does not let us in: %s"), stream_peer(s->stream),
                  *words ? words : _("no reason given"));
        return FALSE;
    }
    if (r->status == 'P') {
        if (imap_session_is_early(s)) {
            error_set(err, PINTAIL_ERROR_TLS,
                      _("%s says that we are logged in before the connection is encrypted: "
                        "this looks like an attack, and nothing was sent"),
                      stream_peer(s->stream));
            return FALSE;
        }
        s->authenticated = s->preauth = TRUE;
    }
    if (span_is(r->code, "CAPABILITY"))
        imap_session_set_capabilities(s, r->arguments);
    return TRUE;
}

static gboolean read_greeting(ImapSession *s, GError **err)
{
    stream_deadline(s->stream, 0);
    for (guint i = 0; i < GREETING_LINES; i++) {
        Span bytes;
        Response r;
        if (!imap_frame_read(&s->frame, &bytes, err))
            return FALSE;
        imap_parse_response(bytes, &r);
        if (r.kind == RESPONSE_STATUS)
            return take_greeting(s, &r, err);
        if (bytes.len > 0) {
            g_autofree char *text = stream_wrong_greeting(s->stream, bytes);
            error_set(err, PINTAIL_ERROR_PROTOCOL, "%s", text);
            return FALSE;
        }
    }
    error_set(err, PINTAIL_ERROR_PROTOCOL, _("%s sent no greeting"), stream_peer(s->stream));
    return FALSE;
}

static gboolean start_tls(ImapSession *s, TlsReport **report, GError **err)
{
    g_autoptr(GError) refused = NULL;
    if (!imap_has(s, IMAP_CAP_STARTTLS)) {
        error_set(err, PINTAIL_ERROR_TLS,
                  _("%s offers no encryption (STARTTLS): use imaps://, or write 'tls off' if the "
                    "password may travel in clear text"),
                  stream_peer(s->stream));
        return FALSE;
    }
    g_auto(Line) line = {0};
    imap_line_init(&line, s, "STARTTLS");
    if (!imap_command_run(s, imap_command_new(s, NULL, NULL, "STARTTLS"), &line, &refused)) {
        if (s->broken) {
            g_propagate_error(err, g_steal_pointer(&refused));
            return FALSE;
        }
        error_set(err, PINTAIL_ERROR_TLS, "%s", refused->message);
        return FALSE;
    }
    if (s->frame.has_pushed) {
        error_set(err, PINTAIL_ERROR_PROTOCOL, _("%s sent data before the TLS handshake"),
                  stream_peer(s->stream));
        return FALSE;
    }
    if (!stream_starttls(s->stream, report, err))
        return FALSE;
    imap_frame_reset(&s->frame);
    imap_session_clear_capabilities(s);
    s->caps_dropped = 0;
    s->bye = FALSE;
    g_clear_pointer(&s->bye_text, g_free);
    return TRUE;
}

static gboolean greet(ImapSession *s, TlsReport **report, GError **err)
{
    if (!read_greeting(s, err))
        return FALSE;
    if (s->where->tls == TLS_OFF && !stream_secured(s->stream)) {
        error_set(err, PINTAIL_ERROR_TLS,
                  _("%s would be used without encryption: write 'tls off' "
                    "in the account if that is meant"),
                  stream_peer(s->stream));
        return FALSE;
    }
    if (!know_capabilities(s, err))
        return FALSE;
    if (imap_session_is_early(s)) {
        if (!start_tls(s, report, err) || !know_capabilities(s, err))
            return FALSE;
    }
    return TRUE;
}

static void describe(ImapSession *s, const char *mechanism)
{
    const char *tls = stream_tls_version(s->stream);
    g_free(s->description);
    s->description = g_strconcat(tls, *tls && *mechanism ? " " : "", mechanism, NULL);
}

ImapSession *imap_connect(const Endpoint *where, const StreamOptions *options, TlsReport **report,
                          GError **err)
{
    if (report)
        *report = NULL;
    Stream *stream = stream_open(where, options, report, err);
    return stream ? imap_session_on(stream, where, options, report, err) : NULL;
}

ImapSession *imap_session_on(Stream *stream_take, const Endpoint *where, const StreamOptions *options,
                             TlsReport **report, GError **err)
{
    ImapSession *s = g_new0(ImapSession, 1);
    s->stream = stream_take;
    s->where = where;
    s->chunk = g_string_chunk_new(512);
    s->continuation = g_string_new(NULL);
    s->namespaces = g_ptr_array_new();
    s->answer = (ImapAnswer){0, "", ""};
    imap_frame_init(&s->frame, s->stream, options->log_name, &s->guard);
    s->frame.sink = (FrameSink){imap_fetch_claim, imap_fetch_bytes, s};
    g_queue_init(&s->commands);
    g_queue_init(&s->steps);
    imap_seqmap_init(&s->map);
    imap_changes_init(s);
    describe(s, "");
    GError *error = NULL;
    if (greet(s, report, &error)) {
        describe(s, "");
        return s;
    }
    imap_session_broke(s, error, err);
    imap_free(s);
    return NULL;
}

gboolean imap_is_authenticated(const ImapSession *s)
{
    return s->authenticated;
}

const char *imap_description(const ImapSession *s)
{
    return s->description;
}

/* ---- logging in --------------------------------------------------------------------- */

/* The command of the exchange that runs, and its refusal. */
typedef struct {
    ImapSession *session;
    ImapCommand *command;
    GError *refusal;
} LoginRun;

static gboolean say_on(ImapSession *s, const GString *secret, GError **err)
{
    GError *error = NULL;
    g_autofree char *shown = sasl_line_shown(NULL, secret);
    if (s->frame.log_name && log_is_open())
        log_dialogue(s->frame.log_name, '>', shown, strlen(shown));
    stream_deadline(s->stream, 0);
    if (!sasl_line_write(s->stream, NULL, secret, &error))
        return imap_session_broke(s, error, err);
    return imap_session_flush(s, err);
}

static gboolean say_auth(gpointer data, const char *command, const GString *secret, GError **err)
{
    LoginRun *run = data;
    ImapSession *s = run->session;
    if (!command)
        return say_on(s, secret, err);
    g_auto(Line) line = {0};
    imap_line_init(&line, s, command);
    if (secret) {
        g_string_append_printf(line.bytes, " %s", secret->str);
        g_string_append(line.log, " (secret)");
    }
    imap_command_free(s, run->command);
    run->command = imap_command_new(s, NULL, NULL, "%s", command);
    return imap_command_send(s, run->command, &line, err);
}

gboolean imap_names_limit(const char *words)
{
    static const char *const limits[] = {"too many", "maximum number of", "maximum connection", "connection limit",
                                         "number of connections", "simultaneous connections", NULL};
    g_autofree char *lower = g_ascii_strdown(words, -1);
    for (guint i = 0; limits[i]; i++) {
        if (strstr(lower, limits[i]) && (strstr(lower, "connect") || strstr(lower, "session") || strstr(lower, "login")))
            break;
        if (!limits[i + 1])
            return FALSE;
    }
    static const char *const passwords[] = {"failed", "failures", "invalid", "attempts", "incorrect", NULL};
    for (guint i = 0; passwords[i]; i++)
        if (strstr(lower, passwords[i]))
            return FALSE;
    return TRUE;
}

/* A NO to a login means wrong credentials unless its code, or its words, say otherwise. */
static gboolean judge_login(ImapSession *s, const ImapCommand *c, GError **err)
{
    GError *error = NULL;
    if (imap_command_judge(s, c, &error))
        return TRUE;
    static const char *const no_fault[] = {"", "ALERT", "CONTACTADMIN", NULL};
    if (c->status == 'N' && imap_names_limit(s->answer.text))
        error->code = PINTAIL_ERROR_RETRY;
    else if (c->status == 'N' && g_strv_contains(no_fault, s->answer.code))
        error->code = PINTAIL_ERROR_AUTH;
    g_propagate_error(err, error);
    return FALSE;
}

static gboolean hear_auth(gpointer data, SaslAnswer *answer, Span *challenge, GError **err)
{
    LoginRun *run = data;
    ImapSession *s = run->session;
    gboolean go;
    if (!imap_command_wait_continue(s, run->command, &go, err))
        return FALSE;
    if (go) {
        *answer = SASL_CHALLENGE;
        *challenge = span_new(s->continuation->str, s->continuation->len);
        return TRUE;
    }
    g_clear_error(&run->refusal);
    *answer = judge_login(s, run->command, &run->refusal)          ? SASL_ACCEPTED
              : error_is(run->refusal, PINTAIL_ERROR_AUTH) ? SASL_REFUSED
                                                                   : SASL_FAILED;
    return TRUE;
}

static void refused_auth(gpointer data, const char *detail, GError **err)
{
    const LoginRun *run = data;
    error_set(err, (PintailErrorCode)run->refusal->code, "%s%s%s", run->refusal->message,
              detail ? " " : "", detail ? detail : "");
}

/* RFC 3501 section 6.2.2: "*", and the answer to it, after which the session is in order again. */
static void cancel_auth(gpointer data)
{
    LoginRun *run = data;
    g_autoptr(GString) star = g_string_new("*");
    gboolean go = TRUE;
    if (!say_on(run->session, star, NULL) ||
        !imap_command_wait_continue(run->session, run->command, &go, NULL) || go)
        run->session->broken = TRUE;
}

/* `take` is consumed. */
static gboolean authenticate(ImapSession *s, Auth *take, const Credentials *who,
                             const char *const *offered, GError **err)
{
    LoginRun run = {.session = s};
    SaslWire wire = {.session = &run,
                     .command = "AUTHENTICATE",
                     .service = "imap",
                     .line_max = imap_has(s, IMAP_CAP_SASL_IR) ? MAX_LINE : 0,
                     .guard = &s->guard,
                     .say = say_auth,
                     .hear = hear_auth,
                     .refused = refused_auth,
                     .cancel = cancel_auth};
    g_autofree char *mechanism = NULL;
    s->frame.hide_challenge = TRUE;
    gboolean good = sasl_log_in(&wire, take, who, offered, s->stream, &mechanism, err);
    s->frame.hide_challenge = FALSE;
    if (good)
        describe(s, mechanism);
    else if (run.command && run.command->status == 'O')
        s->broken = TRUE; /* logged in to a server that did not prove itself */
    imap_command_free(s, run.command);
    g_clear_error(&run.refusal);
    return good;
}

static gboolean login_command(ImapSession *s, const Credentials *who, GError **err)
{
    gsize len;
    const char *password = secret_text(who->password, &len);
    if (memchr(password, '\0', len)) {
        error_set(err, PINTAIL_ERROR_AUTH, _("the password for %s holds a NUL byte"),
                  stream_peer(s->stream));
        return FALSE;
    }
    g_auto(Line) line = {0};
    imap_line_init(&line, s, "LOGIN ");
    imap_line_secret(&line, span_of(who->user));
    imap_line_add(&line, " ");
    imap_line_secret(&line, span_new(password, len));
    ImapCommand *c = imap_command_new(s, NULL, NULL, "LOGIN");
    gboolean good = imap_command_send(s, c, &line, err) && imap_command_wait(s, c, err) &&
                    judge_login(s, c, err);
    if (good)
        describe(s, "LOGIN");
    imap_command_free(s, c);
    return good;
}

static gboolean may_use_login(const ImapSession *s, const Credentials *who)
{
    return auth_has_password(who) && who->user && !imap_has(s, IMAP_CAP_LOGINDISABLED) &&
           (!who->mechanism || g_ascii_strcasecmp(who->mechanism, "auto") == 0 ||
            g_ascii_strcasecmp(who->mechanism, "LOGIN") == 0);
}

static const char *const *offered_by(const ImapSession *s)
{
    static const char *const none[] = {NULL};
    return s->caps.mechanisms ? (const char *const *)s->caps.mechanisms->pdata : none;
}

static gboolean log_in(ImapSession *s, const Credentials *who, GError **err)
{
    g_autoptr(GError) error = NULL;
    const char *const *offered = offered_by(s);
    Auth *auth = auth_begin(who, offered, "imap", s->stream, &error);
    gboolean common = auth != NULL;
    if (common && authenticate(s, auth, who, offered, &error))
        return TRUE;
    /* no mechanism in common, or one that the server cannot handle itself (BAD) */
    gboolean fall_back = !s->broken && may_use_login(s, who) && (!common || s->answer.status == 'B');
    if (fall_back) {
        g_clear_error(&error);
        return login_command(s, who, err);
    }
    if (!common && !offered[0] && imap_has(s, IMAP_CAP_LOGINDISABLED)) {
        error_set(err, PINTAIL_ERROR_REFUSED, _("%s allows no login on this connection"),
                  stream_peer(s->stream));
        return FALSE;
    }
    g_propagate_error(err, g_steal_pointer(&error));
    return FALSE;
}

/* ID (RFC 2971) where offered: some servers list nothing before it. Its answer is read along
 * with the next command's. */
static gboolean send_id(ImapSession *s, GError **err)
{
    if (!imap_has(s, IMAP_CAP_ID))
        return TRUE;
    g_auto(Line) line = {0};
    imap_line_init(&line, s, "ID (\"name\" \"Pintail\" \"version\" ");
    imap_line_string(&line, span_of(PINTAIL_VERSION));
    imap_line_add(&line, ")");
    ImapCommand *c = imap_command_new(s, NULL, NULL, "ID");
    c->forgotten = TRUE;
    if (imap_command_send(s, c, &line, err))
        return TRUE;
    imap_command_free(s, c);
    return FALSE;
}

gboolean imap_login(ImapSession *s, const Credentials *credentials, GError **err)
{
    if (!imap_session_check(s, err))
        return FALSE;
    if (imap_session_is_early(s) || !stream_secured(s->stream)) {
        error_set(err, PINTAIL_ERROR_TLS, _("the connection to %s is not encrypted"),
                  stream_peer(s->stream));
        return FALSE;
    }
    if (!s->authenticated) {
        guint before = s->caps_serial;
        s->answer = (ImapAnswer){0, "", ""};
        Credentials known = *credentials;
        if (!auth_find_secret(&known, offered_by(s), s->stream, may_use_login(s, &known), err))
            return FALSE;
        sasl_guard_begin(&s->guard, &known);
        gboolean good = log_in(s, &known, err);
        sasl_guard_end(&s->guard);
        if (!good)
            return FALSE;
        s->authenticated = TRUE;
        if (s->caps_serial == before) /* not said along with the OK, and may have changed */
            imap_session_clear_capabilities(s);
    }
    s->frame.line_limit = FRAME_LINE;
    return know_capabilities(s, err) && send_id(s, err) && enable_utf8(s, err);
}

/* ---- compression ------------------------------------------------------------------- */

gboolean imap_is_compressed(const ImapSession *s)
{
    return stream_is_compressed(s->stream);
}

gboolean imap_compress(ImapSession *s, gboolean here_too, GError **err)
{
    g_autoptr(GError) refused = NULL;
    if (!imap_session_check(s, err))
        return FALSE;
    if (imap_is_compressed(s) || !imap_has(s, IMAP_CAP_COMPRESS) || (!here_too && stream_is_loopback(s->stream)))
        return TRUE;
    g_auto(Line) line = {0};
    imap_line_init(&line, s, "COMPRESS DEFLATE");
    if (!imap_command_run(s, imap_command_new(s, NULL, NULL, "COMPRESS"), &line, &refused)) {
        imap_session_drop_capability(s, IMAP_CAP_COMPRESS);
        if (!s->broken) /* RFC 4978 section 3: NO, or BAD when TLS compresses already */
            return TRUE;
        g_propagate_error(err, g_steal_pointer(&refused));
        return FALSE;
    }
    if (stream_compress(s->stream, &refused))
        return TRUE;
    return imap_session_broke(s, g_steal_pointer(&refused), err);
}

/* ---- the end ------------------------------------------------------------------------ */

gboolean imap_logout(ImapSession *s)
{
    if (s->broken || s->bye)
        return FALSE;
    s->logging_out = TRUE;
    g_auto(Line) line = {0};
    imap_line_init(&line, s, "LOGOUT");
    ImapCommand *c = imap_command_new(s, NULL, NULL, "LOGOUT");
    gboolean sent = imap_command_send(s, c, &line, NULL);
    if (sent) {
        stream_deadline(s->stream, LOGOUT_MS);
        sent = imap_command_wait(s, c, NULL);
    }
    imap_command_free(s, c);
    s->broken = TRUE;
    return sent;
}

void imap_free(ImapSession *s)
{
    if (!s)
        return;
    while (!g_queue_is_empty(&s->steps))
        imap_command_free(s, g_queue_pop_head(&s->steps));
    while (!g_queue_is_empty(&s->commands))
        imap_command_free(s, g_queue_pop_head(&s->commands));
    imap_changes_clear(s);
    imap_mailbox_free(s->mailbox);
    imap_seqmap_clear(&s->map);
    imap_capabilities_clear(&s->caps);
    imap_frame_clear(&s->frame);
    sasl_guard_end(&s->guard);
    g_ptr_array_unref(s->namespaces);
    g_string_chunk_free(s->chunk);
    g_string_free(s->continuation, TRUE);
    g_free(s->bye_text);
    g_free(s->description);
    g_free(s->limited);
    g_free(s->answer_code);
    g_free(s->answer_text);
    stream_free(s->stream);
    g_free(s);
}
