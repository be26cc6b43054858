/* imap_frame.c - see imap_frame.h. RFC 3501 section 4.3 (literals). */
#include "imap_frame.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/log.h"

#define PIECE    32768
#define PROGRESS 65536 /* so many bytes extend the deadline */
#define HELD     2
#define FRAME_KEPT (1024 * 1024)

void imap_frame_init(Frame *f, Stream *stream, const char *log_name, const SaslGuard *guard)
{
    *f = (Frame){.stream = stream,
                 .log_name = log_name,
                 .guard = guard,
                 .line_limit = FRAME_LINE_EARLY};
    f->text = g_string_new(NULL);
    f->pushed = g_string_new(NULL);
}

void imap_frame_clear(Frame *f)
{
    if (!f->text)
        return;
    g_string_free(f->text, TRUE);
    g_string_free(f->pushed, TRUE);
    f->text = f->pushed = NULL;
}

void imap_frame_reset(Frame *f)
{
    g_string_truncate(f->text, 0);
    g_string_truncate(f->pushed, 0);
    f->has_pushed = FALSE;
}

static void log_line_of(const Frame *f, Span line)
{
    if (!f->log_name || !log_is_open())
        return;
    if (f->hide_challenge && line.len > 1 && *line.at == '+')
        line = SPAN_LITERAL("+ [challenge left out]");
    else if (sasl_guard_repeats(f->guard, line))
        line = SPAN_LITERAL(SASL_REPEATED);
    log_dialogue(f->log_name, '<', line.at, line.len);
}

/* Empties it, and gives back what a huge response has taken. */
static void empty(GString **text)
{
    if ((*text)->allocated_len <= FRAME_KEPT) {
        g_string_truncate(*text, 0);
        return;
    }
    g_string_free(*text, TRUE);
    *text = g_string_new(NULL);
}

static gboolean next_line(Frame *f, Span *line, GError **err)
{
    if (f->has_pushed) {
        f->has_pushed = FALSE;
        *line = span_new(f->pushed->str, f->pushed->len);
        return TRUE;
    }
    if (!stream_read_line(f->stream, f->line_limit, line, err))
        return FALSE;
    log_line_of(f, *line);
    return TRUE;
}

static void push_line(Frame *f, Span line)
{
    g_string_truncate(f->pushed, 0);
    g_string_append_len(f->pushed, line.at, (gssize)line.len);
    f->has_pushed = TRUE;
}

/* A literal on its way: to memory (kept) or to whoever claimed it. The last bytes are held
 * back until the line behind it has shown whether they belong to it. */
typedef struct {
    gboolean claimed;
    guint64 size;
    GString *kept;
    char held[HELD];
    gsize n_held;
} Literal;

static gboolean deliver(Frame *f, Literal *l, const char *bytes, gsize len, GError **err)
{
    if (len == 0)
        return TRUE;
    if (l->claimed)
        return f->sink.bytes(span_new(bytes, len), l->size, f->sink.data, err);
    gsize room = FRAME_LITERAL - MIN(FRAME_LITERAL, l->kept->len);
    g_string_append_len(l->kept, bytes, (gssize)MIN(len, room));
    return TRUE;
}

static gboolean read_bytes(Frame *f, Literal *l, GError **err)
{
    char buffer[HELD + PIECE];
    guint64 left = l->size, since = 0;
    while (left > 0) {
        memcpy(buffer, l->held, l->n_held);
        gssize n = stream_read_some(f->stream, buffer + l->n_held, (gsize)MIN(left, PIECE), err);
        if (n <= 0)
            return FALSE;
        left -= (guint64)n;
        since += (guint64)n;
        if (since >= PROGRESS) {
            stream_deadline(f->stream, 0);
            since = 0;
        }
        gsize have = l->n_held + (gsize)n, hold = MIN(have, HELD);
        if (!deliver(f, l, buffer, have - hold, err))
            return FALSE;
        memcpy(l->held, buffer + have - hold, hold);
        l->n_held = hold;
    }
    return TRUE;
}

/* The line behind a FETCH literal begins with neither blank nor parenthesis: up to two bytes
 * of the literal are still in it. How many? */
static gsize spilt_bytes(Span rest)
{
    for (gsize i = 1; i <= 2 && i < rest.len; i++) {
        if ((rest.at[i] == ')' && i + 1 == rest.len) || rest.at[i] == ' ')
            return i;
    }
    return 0;
}

/* The line behind a FETCH literal is empty. Either the announced size was too small and CRLF
 * belongs to the literal - then the next line goes on with ')' or an item - or it was too
 * large and the literal has swallowed the ')'. */
static gboolean mend_empty(Frame *f, Literal *l, GString *rest, GError **err)
{
    Span line;
    if (!next_line(f, &line, err))
        return FALSE;
    if (line.len > 0 && (*line.at == ')' || *line.at == ' ')) {
        g_string_append_len(rest, line.at, (gssize)line.len);
        gboolean has_cr = l->n_held > 0 && l->held[l->n_held - 1] == '\r';
        if (!deliver(f, l, l->held, l->n_held, err) ||
            !deliver(f, l, has_cr ? "\n" : "\r\n", has_cr ? 1 : 2, err))
            return FALSE;
        l->n_held = 0;
        return TRUE;
    }
    push_line(f, line);
    g_string_append_c(rest, ')');
    if (l->n_held == 2 && l->held[0] == ')' && l->held[1] == '\r')
        l->n_held = 0;
    else if (l->n_held > 0 && l->held[l->n_held - 1] == ')')
        l->n_held--;
    return TRUE;
}

/* Reads the literal and the line behind it; both are appended to f->text. */
static gboolean read_literal(Frame *f, guint64 size, gboolean is_fetch, GString *rest, GError **err)
{
    g_autoptr(GError) refused = NULL;
    Literal l = {.size = size};
    l.claimed = f->sink.claim &&
                f->sink.claim(span_new(f->text->str, f->text->len), size, f->sink.data, &refused);
    if (refused) {
        g_propagate_error(err, g_steal_pointer(&refused));
        return FALSE;
    }
    if (!l.claimed && size > FRAME_LITERAL_ANNOUNCED) {
        error_set(err, PINTAIL_ERROR_PROTOCOL,
                  _("%s announces an absurd literal of %llu bytes"),
                  stream_peer(f->stream), (unsigned long long)size);
        return FALSE;
    }
    l.kept = g_string_new(NULL);
    Span line;
    gboolean good = read_bytes(f, &l, err) && next_line(f, &line, err);
    g_string_truncate(rest, 0);
    if (good && is_fetch && line.len == 0) {
        good = mend_empty(f, &l, rest, err);
    } else if (good) {
        gsize spilt = is_fetch && *line.at != ')' && *line.at != ' ' ? spilt_bytes(line) : 0;
        g_string_append_len(rest, line.at + spilt, (gssize)(line.len - spilt));
        char extra[2] = {0};
        memcpy(extra, line.at, spilt);
        good = deliver(f, &l, l.held, l.n_held, err) && deliver(f, &l, extra, spilt, err);
        l.n_held = 0;
    }
    good = good && deliver(f, &l, l.held, l.n_held, err);
    if (good) {
        g_string_append_printf(f->text, "{%" G_GSIZE_FORMAT "}\r\n", l.kept->len);
        g_string_append_len(f->text, l.kept->str, (gssize)l.kept->len);
    }
    g_string_free(l.kept, TRUE);
    return good;
}

static gboolean may_hold_literals(Span line, gboolean *is_fetch)
{
    Response r;
    imap_parse_response(line, &r);
    *is_fetch = r.kind == RESPONSE_FETCH;
    return r.kind != RESPONSE_STATUS && r.kind != RESPONSE_TAGGED && r.kind != RESPONSE_CONTINUE &&
           r.kind != RESPONSE_STRAY;
}

/* Adds the literals of a response whose first line is f->text. */
static gboolean read_rest(Frame *f, GString *rest, GError **err)
{
    gboolean is_fetch;
    if (!may_hold_literals(span_new(f->text->str, f->text->len), &is_fetch))
        return TRUE;
    gsize line_at = 0, brace;
    guint64 size;
    while (imap_parse_literal_end(span_new(f->text->str + line_at, f->text->len - line_at), &brace,
                                  &size)) {
        g_string_truncate(f->text, line_at + brace);
        if (!read_literal(f, size, is_fetch, rest, err))
            return FALSE;
        line_at = f->text->len;
        g_string_append_len(f->text, rest->str, (gssize)rest->len);
        if (f->text->len > FRAME_RESPONSE) {
            error_set(err, PINTAIL_ERROR_PROTOCOL, _("%s sent a response of more than %u MB"),
                      stream_peer(f->stream), (guint)(FRAME_RESPONSE / 1000000));
            return FALSE;
        }
    }
    return TRUE;
}

gboolean imap_frame_read(Frame *f, Span *out, GError **err)
{
    Span line;
    if (!next_line(f, &line, err))
        return FALSE;
    empty(&f->text);
    g_string_append_len(f->text, line.at, (gssize)line.len);
    GString *rest = g_string_new(NULL);
    gboolean good = read_rest(f, rest, err);
    g_string_free(rest, TRUE);
    if (good && f->text->len == 0)
        *out = span_new("", 0);
    else if (good)
        *out = span_new(f->text->str, f->text->len);
    return good;
}
