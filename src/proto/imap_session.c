/* imap_session.c - sending commands, reading responses, tagged answers and what they mean.
 *
 * Every byte to the server goes through imap_command_send() or what it has allowed; every response
 * through imap_session_read(). A connection that broke stays broken. */
#include "imap_session.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/log.h"
#include "pintail/util/text.h"

#define USELESS_MAX     5000              /* responses nobody wanted, per command */
#define USELESS_BYTES   (8 * 1024 * 1024) /* and their bytes */
#define USELESS_EXTENDS 100 /* so many of them extend the deadline: "still searching" */
#define PATIENCE        40 /* deadlines that a command may take with little to show for it; then */
#define PROGRESS        16384 /* so many bytes have to come before each */
#define AFTER_BYE       16
#define BYE_MS          2000
#define LINE_SHORT      1000
#define LINE_REST       250 /* of a line: all but the set of messages */
#define WORDS_MAX       400 /* bytes of the server's words that are kept */
#define CODE_MAX        64

/* ---- lines -------------------------------------------------------------------------- */

void imap_line_init(Line *l, ImapSession *s, const char *text)
{
    l->session = s;
    l->bytes = g_string_new(text);
    l->log = g_string_new(text);
    l->stops = g_array_new(FALSE, FALSE, sizeof(gsize));
}

void imap_line_clear(Line *l)
{
    if (!l->bytes)
        return;
    secret_wipe(l->bytes->str, l->bytes->len);
    g_string_free(l->bytes, TRUE);
    g_string_free(l->log, TRUE);
    g_array_unref(l->stops);
    l->bytes = NULL;
}

void imap_line_add(Line *l, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *text = g_strdup_vprintf(format, ap);
    va_end(ap);
    g_string_append(l->bytes, text);
    g_string_append(l->log, text);
}

static gboolean fits_quoted(Span s)
{
    if (s.len > 1000)
        return FALSE;
    for (gsize i = 0; i < s.len; i++) {
        if ((guchar)s.at[i] < 0x20 || (guchar)s.at[i] > 0x7e)
            return FALSE;
    }
    return TRUE;
}

static void add_quoted(GString *out, Span s)
{
    g_string_append_c(out, '"');
    for (gsize i = 0; i < s.len; i++) {
        if (s.at[i] == '"' || s.at[i] == '\\')
            g_string_append_c(out, '\\');
        g_string_append_c(out, s.at[i]);
    }
    g_string_append_c(out, '"');
}

static void add_string(Line *l, Span s, gboolean secret)
{
    if (secret)
        g_string_append(l->log, "[left out]");
    if (fits_quoted(s)) {
        add_quoted(l->bytes, s);
        if (!secret)
            add_quoted(l->log, s);
        return;
    }
    gboolean plus = imap_has(l->session, IMAP_CAP_LITERAL_PLUS) ||
                    (imap_has(l->session, IMAP_CAP_LITERAL_MINUS) && s.len <= 4096);
    g_string_append_printf(l->bytes, "{%" G_GSIZE_FORMAT "%s}\r\n", s.len, plus ? "+" : "");
    gsize here = l->bytes->len;
    if (!plus)
        g_array_append_val(l->stops, here);
    g_string_append_len(l->bytes, s.at, (gssize)s.len);
    if (!secret) {
        g_string_append_printf(l->log, "{%" G_GSIZE_FORMAT "} ", s.len);
        g_string_append_len(l->log, s.at, (gssize)s.len);
    }
}

void imap_line_string(Line *l, Span text)
{
    add_string(l, text, FALSE);
}

void imap_line_secret(Line *l, Span text)
{
    add_string(l, text, TRUE);
}

gboolean imap_line_name(Line *l, const char *name, GError **err)
{
    g_autofree char *wire = l->session->utf8 ? imap_name_encode_utf8(name) : imap_name_encode(name);
    if (!wire) {
        g_autofree char *shown = printable_text(name, strlen(name), FALSE);
        error_set(err, PINTAIL_ERROR_INVALID, _("'%s' cannot be a folder name: it is not UTF-8"),
                  shown);
        return FALSE;
    }
    /* RFC 6855 section 3: then a quoted string may hold UTF-8 */
    if (l->session->utf8 && !strpbrk(wire, "\r\n") && g_utf8_validate(wire, -1, NULL)) {
        add_quoted(l->bytes, span_of(wire));
        add_quoted(l->log, span_of(wire));
    } else {
        imap_line_string(l, span_of(wire));
    }
    return TRUE;
}

gsize imap_set_room(const ImapSession *s)
{
    guint limit = s && s->line_limit ? MAX(s->line_limit, 2 * LINE_REST) : IMAP_SET_TEXT + LINE_REST;
    return MIN(limit - LINE_REST, IMAP_SET_TEXT);
}

void imap_limit_lines(ImapSession *s, guint octets)
{
    s->line_limit = octets;
}

/* ---- commands ----------------------------------------------------------------------- */

ImapCommand *imap_command_new(ImapSession *s, ImapDataFunc data, gpointer user, const char *what,
                              ...)
{
    ImapCommand *c = g_new0(ImapCommand, 1);
    va_list ap;
    va_start(ap, what);
    g_autofree char *text = g_strdup_vprintf(what, ap);
    va_end(ap);
    c->what = printable_text(text, strlen(text), FALSE); /* it may name a folder */
    c->data = data;
    c->user = user;
    return c;
}

void imap_command_free(ImapSession *s, ImapCommand *c)
{
    if (!c)
        return;
    g_queue_remove(&s->commands, c);
    g_clear_pointer(&c->step, imap_step_free);
    g_free(c->what);
    g_free(c->code);
    g_free(c->arguments);
    g_free(c->text);
    g_free(c);
}

gboolean imap_session_check(ImapSession *s, GError **err)
{
    if (!s->broken)
        return TRUE;
    error_set(err, PINTAIL_ERROR_RETRY, _("the connection to %s is closed"),
              stream_peer(s->stream));
    return FALSE;
}

gboolean imap_session_broke(ImapSession *s, GError *take, GError **err)
{
    s->broken = TRUE;
    if (s->bye && !error_is(take, PINTAIL_ERROR_CANCELLED)) {
        g_clear_error(&take);
        error_set(err, PINTAIL_ERROR_RETRY, _("%s closed the connection: %s"),
                  stream_peer(s->stream), s->bye_text);
        return FALSE;
    }
    g_propagate_error(err, take);
    return FALSE;
}

gboolean imap_session_is_early(const ImapSession *s)
{
    return s->where->tls != TLS_OFF && !stream_is_tls(s->stream);
}

/* What may be said before the connection is secured. */
static gboolean harmless(const Line *l)
{
    static const char *const words[] = {"CAPABILITY", "STARTTLS", "NOOP", "LOGOUT"};
    for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
        if (strcmp(l->bytes->str, words[i]) == 0)
            return TRUE;
    }
    return FALSE;
}

static gboolean write_bytes(ImapSession *s, const char *bytes, gsize len, GError **err)
{
    GError *error = NULL;
    s->unflushed = TRUE;
    if (stream_write(s->stream, bytes, len, &error))
        return TRUE;
    return imap_session_broke(s, error, err);
}

gboolean imap_session_flush(ImapSession *s, GError **err)
{
    GError *error = NULL;
    s->unflushed = FALSE;
    if (stream_flush(s->stream, &error))
        return TRUE;
    return imap_session_broke(s, error, err);
}

gboolean imap_command_send(ImapSession *s, ImapCommand *c, Line *line, GError **err)
{
    if (!imap_session_check(s, err))
        return FALSE;
    if (s->bye && !s->logging_out)
        return imap_session_broke(s, NULL, err);
    if ((imap_session_is_early(s) || !stream_secured(s->stream)) && !harmless(line)) {
        error_set(err, PINTAIL_ERROR_TLS, _("the connection to %s is not encrypted"),
                  stream_peer(s->stream));
        s->broken = TRUE;
        return FALSE;
    }
    g_assert(c->step || s->logging_out || g_queue_is_empty(&s->steps)); /* see the contract */
    g_snprintf(c->tag, sizeof c->tag, "p%u", ++s->last_tag);
    s->began = g_get_monotonic_time();
    s->useless = s->news = 0;
    s->useless_bytes = s->progress = 0;
    g_queue_push_tail(&s->commands, c);
    stream_deadline(s->stream, 0);
    g_string_prepend_c(line->bytes, ' ');
    g_string_prepend(line->bytes, c->tag);
    gsize shift = strlen(c->tag) + 1, from = 0;
    if (s->frame.log_name && log_is_open()) {
        g_autofree char *shown = g_strdup_printf("%s %s", c->tag, line->log->str);
        log_dialogue(s->frame.log_name, '>', shown, strlen(shown));
    }
    g_string_append(line->bytes, "\r\n");
    c->length = line->bytes->len;
    for (guint i = 0; i < line->stops->len; i++) {
        gsize stop = g_array_index(line->stops, gsize, i) + shift;
        gboolean go;
        if (!write_bytes(s, line->bytes->str + from, stop - from, err) ||
            !imap_command_wait_continue(s, c, &go, err))
            return FALSE;
        if (!go)
            return TRUE;
        from = stop;
    }
    return write_bytes(s, line->bytes->str + from, line->bytes->len - from, err);
}

gboolean imap_command_wait(ImapSession *s, ImapCommand *c, GError **err)
{
    while (!c->done) {
        if (!imap_session_read(s, err))
            return FALSE;
    }
    return TRUE;
}

gboolean imap_command_wait_continue(ImapSession *s, ImapCommand *c, gboolean *go, GError **err)
{
    s->continued = FALSE;
    while (!s->continued && !c->done) {
        if (!imap_session_read(s, err))
            return FALSE;
    }
    *go = !c->done;
    return TRUE;
}

gboolean imap_command_run(ImapSession *s, ImapCommand *take, Line *line, GError **err)
{
    gboolean good = imap_command_send(s, take, line, err) && imap_command_wait(s, take, err) &&
                    imap_command_judge(s, take, err);
    imap_command_free(s, take);
    return good;
}

/* ---- answers ------------------------------------------------------------------------ */

static gboolean one_of(const char *code, const char *const *list)
{
    return g_strv_contains(list, code);
}

static PintailErrorCode error_of_code(const char *code)
{
    static const char *const later[] = {"UNAVAILABLE", "INUSE",     "IN-USE",
                                        "LIMIT",       "SERVERBUG", NULL};
    static const char *const gone[] = {"NONEXISTENT", "TRYCREATE", NULL};
    static const char *const who[] = {"AUTHENTICATIONFAILED", "AUTHORIZATIONFAILED", "EXPIRED",
                                      "PRIVACYREQUIRED", NULL};
    if (one_of(code, later))
        return PINTAIL_ERROR_RETRY;
    if (one_of(code, gone))
        return PINTAIL_ERROR_GONE;
    return one_of(code, who) ? PINTAIL_ERROR_AUTH : PINTAIL_ERROR_REFUSED;
}

gboolean imap_command_judge(ImapSession *s, const ImapCommand *c, GError **err)
{
    g_free(s->answer_code);
    g_free(s->answer_text);
    s->answer_code = g_strdup(c->code ? c->code : "");
    s->answer_text = g_strdup(c->text ? c->text : "");
    s->answer = (ImapAnswer){c->status, s->answer_code, s->answer_text};
    if (c->status == 'O')
        return TRUE;
    /* There are servers that read no more than that (PROTOCOLS, quirk 8): shorter ones from now on. */
    if (c->status == 'B' && c->length > LINE_SHORT)
        s->line_limit = LINE_SHORT;
    const char *words = *s->answer_text ? s->answer_text : s->answer_code;
    error_set(err, c->status == 'B' ? PINTAIL_ERROR_REFUSED : error_of_code(s->answer_code),
              _("%s answered %s to %s: %s"), stream_peer(s->stream),
              c->status == 'B' ? "BAD" : "NO", c->what, *words ? words : _("no reason given"));
    return FALSE;
}

/* The server's words as they may be shown. */
static char *words_of(const ImapSession *s, Span text)
{
    if (text.len == 0 || sasl_guard_repeats(&s->guard, text))
        return g_strdup("");
    return printable_text(text.at, MIN(text.len, WORDS_MAX), FALSE);
}

/* Upper case; "" when it is nothing that a code can be. */
static char *code_of(const ImapSession *s, Span code)
{
    for (gsize i = 0; i < code.len; i++) {
        if (!g_ascii_isgraph(code.at[i]))
            return g_strdup("");
    }
    if (code.len == 0 || code.len > CODE_MAX || sasl_guard_repeats(&s->guard, code))
        return g_strdup("");
    return g_ascii_strup(code.at, (gssize)code.len);
}

static gboolean handle_tagged(ImapSession *s, const Response *r, GError **err)
{
    ImapCommand *c = NULL;
    for (GList *l = s->commands.head; l && !c; l = l->next) {
        ImapCommand *one = l->data;
        if (span_is(r->tag, one->tag))
            c = one;
    }
    if (!c) {
        g_autofree char *tag = words_of(s, r->tag);
        error_set(err, PINTAIL_ERROR_PROTOCOL,
                  _("%s answered a command that was never sent ('%s')"), stream_peer(s->stream),
                  tag);
        return FALSE;
    }
    imap_changes_code(s, r);
    c->done = TRUE;
    c->status = r->status;
    c->code = code_of(s, r->code);
    c->arguments = g_strndup(r->arguments.at ? r->arguments.at : "", r->arguments.len);
    c->text = words_of(s, r->text);
    g_queue_remove(&s->commands, c);
    if (c->ended)
        c->ended(s, c);
    if (c->forgotten)
        imap_command_free(s, c);
    return TRUE;
}

static void handle_bye(ImapSession *s, const Response *r)
{
    s->bye = TRUE;
    stream_deadline(s->stream, BYE_MS); /* it should close now; do not wait long for that */
    g_free(s->bye_text);
    s->bye_text = words_of(s, r->text.len > 0 ? r->text : r->code);
}

static gboolean offer(ImapSession *s, const Response *r)
{
    for (GList *l = s->commands.head; l; l = l->next) {
        ImapCommand *c = l->data;
        if (c->data && c->data(s, c, r))
            return TRUE;
    }
    return FALSE;
}

/* TRUE when it was wanted, or is news: whoever says TRUE bounds how often. */
static gboolean handle_untagged(ImapSession *s, const Response *r)
{
    if (r->kind == RESPONSE_CAPABILITY) {
        imap_session_set_capabilities(s, r->rest);
        return FALSE;
    }
    if (r->kind == RESPONSE_STATUS && r->status == 'Y') {
        handle_bye(s, r);
        return FALSE;
    }
    if (r->kind == RESPONSE_STATUS)
        imap_changes_code(s, r);
    /* CVE-2021-29969 and its kind: before TLS nothing else is believed */
    if (imap_session_is_early(s))
        return r->kind == RESPONSE_STATUS && offer(s, r);
    if (offer(s, r))
        return TRUE;
    if (!s->authenticated)
        return FALSE;
    if (r->kind == RESPONSE_FETCH)
        return imap_fetch_untagged(s, r);
    return imap_changes_untagged(s, r);
}

/* A response that counts moves the deadline, but a server that drips one now and then must not
 * hold a command for ever. */
static void extend_deadline(ImapSession *s, gsize bytes)
{
    gint64 patience = (gint64)stream_timeout(s->stream) * PATIENCE * G_TIME_SPAN_MILLISECOND;
    s->progress += bytes;
    if (s->bye || (s->progress < PROGRESS && g_get_monotonic_time() - s->began > patience))
        return;
    s->progress = 0;
    stream_deadline(s->stream, 0);
}

/* Responses that nobody wanted are bounded in number and bytes, and extend the deadline only a
 * few times. */
static gboolean count_useless(ImapSession *s, gsize bytes, GError **err)
{
    s->useless++;
    s->useless_bytes += bytes;
    if (s->useless <= USELESS_EXTENDS)
        extend_deadline(s, 0);
    gboolean after_bye = s->bye && s->useless > AFTER_BYE;
    if (s->useless <= USELESS_MAX && s->useless_bytes <= USELESS_BYTES && !after_bye)
        return TRUE;
    error_set(err, after_bye ? PINTAIL_ERROR_RETRY : PINTAIL_ERROR_PROTOCOL,
              _("%s keeps sending responses that answer nothing"), stream_peer(s->stream));
    return FALSE;
}

static gboolean is_leftover(Span line) /* seen after FETCH: blank lines, a lone parenthesis */
{
    Span t = span_trim(line);
    return t.len == 0 || (t.len == 1 && *t.at == ')');
}

static gboolean handle(ImapSession *s, Span bytes, GError **err)
{
    Response r;
    imap_parse_response(bytes, &r);
    gboolean useful = FALSE;
    switch (r.kind) {
    case RESPONSE_STRAY:
        if (!is_leftover(bytes)) {
            g_autofree char *shown = words_of(s, bytes);
            error_set(err, PINTAIL_ERROR_PROTOCOL, _("%s does not speak IMAP: '%s'"),
                      stream_peer(s->stream), shown);
            return FALSE;
        }
        break;
    case RESPONSE_CONTINUE:
        useful = !s->continued;
        s->continued = TRUE;
        g_string_truncate(s->continuation, 0);
        g_string_append_len(s->continuation, r.text.at, (gssize)MIN(r.text.len, 65536));
        break;
    case RESPONSE_TAGGED:
        useful = TRUE;
        if (!handle_tagged(s, &r, err))
            return FALSE;
        break;
    default:
        useful = handle_untagged(s, &r);
    }
    if (!useful)
        return count_useless(s, bytes.len, err);
    extend_deadline(s, bytes.len);
    return TRUE;
}

gboolean imap_session_read(ImapSession *s, GError **err)
{
    GError *error = NULL;
    Span bytes;
    if (!imap_session_check(s, err) || (s->unflushed && !imap_session_flush(s, err)))
        return FALSE;
    if (!imap_frame_read(&s->frame, &bytes, &error) || !handle(s, bytes, &error)) {
        g_string_chunk_clear(s->chunk);
        return imap_session_broke(s, error, err);
    }
    g_string_chunk_clear(s->chunk);
    return TRUE;
}

const ImapAnswer *imap_answer(const ImapSession *s)
{
    return &s->answer;
}

gboolean imap_usable(const ImapSession *s)
{
    return !s->broken && !s->bye;
}

void imap_traffic(const ImapSession *s, guint64 *in, guint64 *out)
{
    stream_traffic(s->stream, in, out);
}
