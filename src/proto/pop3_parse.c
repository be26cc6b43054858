/* pop3_parse.c - linear and bounded, lenient where real servers are known to differ. */
#include "pop3_parse.h"

#define NUMBER_MAX    G_MAXINT32
#define UIDL_MAX      1000 /* RFC 1939 section 7 says 70; it is only a key to us */
#define MECHANISM_MAX 64
#define LOGIN_DELAY_MAX 86400 /* no server can keep us away for longer than a day */

static gboolean is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static Span skip_blanks(Span s)
{
    while (s.len && is_blank(*s.at))
        s = span_new(s.at + 1, s.len - 1);
    return s;
}

/* Cuts the next word off *s; an empty span at the end. */
static Span next_word(Span *s)
{
    *s = skip_blanks(*s);
    gsize len = 0;
    while (len < s->len && !is_blank(s->at[len]))
        len++;
    Span word = span_new(s->at, len);
    *s = span_new(s->at + len, s->len - len);
    return word;
}

static gboolean begins(Span s, const char *with)
{
    gsize len = strlen(with);
    return s.len >= len && g_ascii_strncasecmp(s.at, with, len) == 0;
}

gboolean pop3_parse_status(Span line, Pop3Status *status)
{
    *status = (Pop3Status){.ok = begins(line, "+OK")};
    gsize skip = status->ok ? 3 : 4;
    if (!status->ok && !begins(line, "-ERR"))
        return FALSE;
    if (line.len > skip && !is_blank(line.at[skip]))
        return FALSE;
    Span rest = skip_blanks(span_new(line.at + skip, line.len - skip));
    const char *close = rest.len && *rest.at == '[' ? memchr(rest.at, ']', rest.len) : NULL;
    if (close) {
        status->code = span_new(rest.at + 1, (gsize)(close - rest.at) - 1);
        rest = skip_blanks(span_new(close + 1, rest.len - (gsize)(close + 1 - rest.at)));
    }
    status->text = rest;
    return TRUE;
}

static gboolean contains(Span text, const char *const *words)
{
    g_autofree char *lower = g_ascii_strdown(text.at ? text.at : "", (gssize)MIN(text.len, 512u));
    for (; *words; words++) {
        if (strstr(lower, *words))
            return TRUE;
    }
    return FALSE;
}

/* `code` or one of its subcodes, after "/". */
static gboolean code_is(Span code, const char *name)
{
    gsize len = strlen(name);
    return begins(code, name) && (code.len == len || code.at[len] == '/');
}

PintailErrorCode pop3_refusal(const Pop3Status *status, PintailErrorCode otherwise)
{
    static const char *const temporary[] = {
        "already locked", "lock busy", "in use", "try again", "try later", "temporar",
        "unavailable", "too many connections", "server busy", NULL};
    if (code_is(status->code, "IN-USE") || code_is(status->code, "LOGIN-DELAY") ||
        code_is(status->code, "SYS/TEMP"))
        return PINTAIL_ERROR_RETRY;
    if (code_is(status->code, "AUTH"))
        return PINTAIL_ERROR_AUTH;
    if (code_is(status->code, "SYS"))
        return PINTAIL_ERROR_REFUSED;
    return contains(status->text, temporary) ? PINTAIL_ERROR_RETRY : otherwise;
}

static void add_mechanisms(Span list, GPtrArray *sasl)
{
    for (Span word = next_word(&list); word.len; word = next_word(&list)) {
        g_autofree char *name = span_dup(word);
        if (word.len <= 20 && sasl->len < MECHANISM_MAX &&
            !g_ptr_array_find_with_equal_func(sasl, name, g_str_equal, NULL))
            g_ptr_array_add(sasl, g_steal_pointer(&name));
    }
}

void pop3_parse_capability(Span line, Pop3Capabilities *c, GPtrArray *sasl)
{
    Span name = next_word(&line);
    guint64 number = 0;
    if (span_is(name, "TOP"))
        c->top = TRUE;
    else if (span_is(name, "UIDL"))
        c->uidl = TRUE;
    else if (span_is(name, "USER"))
        c->user = TRUE;
    else if (span_is(name, "STLS"))
        c->stls = TRUE;
    else if (span_is(name, "PIPELINING"))
        c->pipelining = TRUE;
    else if (span_is(name, "RESP-CODES"))
        c->resp_codes = TRUE;
    else if (span_is(name, "UTF8"))
        c->utf8 = TRUE;
    else if (span_is(name, "LOGIN-DELAY") && pop3_parse_size(skip_blanks(line), &number))
        c->login_delay = (gint64)MIN(number, (guint64)LOGIN_DELAY_MAX);
    else if (span_is(name, "EXPIRE") && pop3_parse_size(skip_blanks(line), &number))
        c->expire_days = (gint64)MIN(number, (guint64)G_MAXINT32); /* NEVER is no number: -1 stays */
    else if (span_is(name, "SASL")) {
        c->sasl_ir = TRUE; /* RFC 5034 section 4 */
        add_mechanisms(line, sasl);
    }
}

gboolean pop3_parse_size(Span text, guint64 *size)
{
    guint64 n = 0;
    gsize digits = 0;
    for (; digits < text.len && digits < 19 && g_ascii_isdigit(text.at[digits]); digits++)
        n = n * 10 + (guint64)(text.at[digits] - '0');
    if (digits == 0 || (digits < text.len && !is_blank(text.at[digits])))
        return FALSE;
    *size = n;
    return TRUE;
}

gboolean pop3_parse_numbered(Span line, guint *number, Span *rest)
{
    line = skip_blanks(line);
    if (begins(line, "+OK "))
        line = span_new(line.at + 4, line.len - 4);
    guint64 n;
    if (!pop3_parse_size(next_word(&line), &n) || n == 0 || n > NUMBER_MAX)
        return FALSE;
    *number = (guint)n;
    *rest = skip_blanks(line);
    return TRUE;
}

gboolean pop3_parse_uidl(Span text, Span *uidl)
{
    *uidl = next_word(&text);
    if (uidl->len == 0 || uidl->len > UIDL_MAX)
        return FALSE;
    for (gsize i = 0; i < uidl->len; i++) {
        guchar c = (guchar)uidl->at[i];
        if (c <= 0x20 || c == 0x7f || c == 0xff)
            return FALSE;
    }
    return TRUE;
}

/* ---- multi-line content ---------------------------------------------------------------------- */

static Pop3Body after(Pop3Body state, char c)
{
    if (c == '\r')
        return POP3_BODY_CR;
    return state == POP3_BODY_CR && c == '\n' ? POP3_BODY_START : POP3_BODY_TEXT;
}

/* Content from here to a dot at the start of a line, or to the end of the input. */
static gsize run_length(Pop3Body *state, Span in)
{
    gsize i = 0;
    while (i < in.len) {
        if (*state == POP3_BODY_START && in.at[i] == '.')
            break;
        if (*state == POP3_BODY_TEXT) { /* most bytes: on to the next CR */
            const char *cr = memchr(in.at + i, '\r', in.len - i);
            i = cr ? (gsize)(cr - in.at) : in.len;
            if (!cr)
                break;
        }
        *state = after(*state, in.at[i]);
        i++;
    }
    return i;
}

gboolean pop3_body_next(Pop3Body *state, Span *in, Span *piece)
{
    while (in->len && *state != POP3_BODY_END) {
        char c = *in->at;
        if (*state == POP3_BODY_DOT) { /* the dot is gone already */
            *state = c == '\r' ? POP3_BODY_DOT_CR : POP3_BODY_TEXT;
            if (c == '\r')
                *in = span_new(in->at + 1, in->len - 1);
            continue;
        }
        if (*state == POP3_BODY_DOT_CR) {
            *state = c == '\n' ? POP3_BODY_END : POP3_BODY_CR;
            if (c == '\n') {
                *in = span_new(in->at + 1, in->len - 1);
                continue;
            }
            *piece = SPAN_LITERAL("\r"); /* it was content after all */
            return TRUE;
        }
        if (*state == POP3_BODY_START && c == '.') {
            *state = POP3_BODY_DOT;
            *in = span_new(in->at + 1, in->len - 1);
            continue;
        }
        gsize len = run_length(state, *in);
        *piece = span_new(in->at, len);
        *in = span_new(in->at + len, in->len - len);
        return TRUE;
    }
    return FALSE;
}
