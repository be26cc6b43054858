/* imap_cursor.c - see imap_cursor.h. */
#include "imap_cursor.h"

static gboolean ends_atom(int byte)
{
    return byte < 0 || byte <= ' ' || byte == '(' || byte == ')' || byte == '"' || byte == 0x7f;
}

gboolean imap_cursor_char(Cursor *c, char want)
{
    if (c->at == c->end || *c->at != want)
        return FALSE;
    c->at++;
    return TRUE;
}

void imap_cursor_blanks(Cursor *c)
{
    while (c->at < c->end && *c->at == ' ')
        c->at++;
}

gboolean imap_cursor_word(Cursor *c, const char *word)
{
    gsize len = strlen(word);
    if (cursor_left(c) < len || g_ascii_strncasecmp(c->at, word, len) != 0)
        return FALSE;
    if (cursor_left(c) > len && !ends_atom((guchar)c->at[len]))
        return FALSE;
    c->at += len;
    return TRUE;
}

gboolean imap_cursor_atom(Cursor *c, Span *out)
{
    const char *from = c->at;
    while (c->at < c->end && !ends_atom((guchar)*c->at))
        c->at++;
    *out = span_new(from, (gsize)(c->at - from));
    return out->len > 0;
}

gboolean imap_cursor_code_atom(Cursor *c, Span *out)
{
    const char *from = c->at;
    while (c->at < c->end && !ends_atom((guchar)*c->at) && *c->at != ']')
        c->at++;
    *out = span_new(from, (gsize)(c->at - from));
    return out->len > 0;
}

/* Digits into *value, saturating at G_MAXINT64; how many there were. */
static guint digits(Cursor *c, gint64 *value)
{
    guint n = 0;
    for (; c->at < c->end && g_ascii_isdigit(*c->at); c->at++, n++) {
        int d = *c->at - '0';
        *value = *value > (G_MAXINT64 - d) / 10 ? G_MAXINT64 : *value * 10 + d;
    }
    return n;
}

/* ".3736e+06" after `whole`: the number it makes. What follows a digit string in no such form
 * is left for whoever comes next. */
static gint64 fraction(Cursor *c, gint64 whole)
{
    Cursor p = *c;
    double value = (double)whole, scale = 1;
    if (imap_cursor_char(&p, '.')) {
        if (!g_ascii_isdigit(cursor_peek(&p)))
            return whole;
        for (; g_ascii_isdigit(cursor_peek(&p)); p.at++)
            value += (*p.at - '0') * (scale /= 10);
    }
    if (cursor_peek(&p) == 'e' || cursor_peek(&p) == 'E') {
        p.at++;
        gboolean negative = cursor_peek(&p) == '-';
        if (negative || cursor_peek(&p) == '+')
            p.at++;
        gint64 exponent = 0;
        if (digits(&p, &exponent) == 0)
            return whole;
        for (gint64 i = MIN(exponent, 40); i > 0; i--)
            value = negative ? value / 10 : value * 10;
    }
    *c = p;
    return value >= 9.2e18 ? G_MAXINT64 : (gint64)(value + 0.5);
}

gboolean imap_cursor_number(Cursor *c, gint64 *out)
{
    Cursor p = *c;
    gboolean negative = imap_cursor_char(&p, '-');
    gint64 value = 0;
    if (digits(&p, &value) == 0)
        return FALSE;
    if (cursor_peek(&p) == '.' || cursor_peek(&p) == 'e' || cursor_peek(&p) == 'E')
        value = fraction(&p, value);
    *out = negative ? -value : value;
    *c = p;
    return TRUE;
}

gboolean imap_cursor_uint32(Cursor *c, guint32 *out)
{
    guint64 value;
    Cursor p = *c;
    if (!imap_cursor_uint64(&p, &value) || value > G_MAXUINT32)
        return FALSE;
    *out = (guint32)value;
    *c = p;
    return TRUE;
}

gboolean imap_cursor_uint64(Cursor *c, guint64 *out)
{
    Cursor p = *c;
    guint64 value = 0;
    for (; p.at < p.end && g_ascii_isdigit(*p.at); p.at++) {
        guint d = (guint)(*p.at - '0');
        if (value > (G_MAXUINT64 - d) / 10)
            return FALSE;
        value = value * 10 + d;
    }
    if (p.at == c->at)
        return FALSE;
    *out = value;
    *c = p;
    return TRUE;
}

gboolean imap_cursor_quoted(Cursor *c, Span *out)
{
    if (cursor_peek(c) != '"')
        return FALSE;
    const char *from = c->at + 1, *p = from;
    gboolean escaped = FALSE;
    for (; p < c->end && *p != '"'; p++) {
        if (*p != '\\')
            continue;
        escaped = TRUE;
        if (++p == c->end)
            return FALSE;
    }
    if (p == c->end)
        return FALSE;
    *out = span_new(from, (gsize)(p - from));
    c->at = p + 1;
    if (!escaped || !c->chunk)
        return TRUE;
    char *plain = g_string_chunk_insert_len(c->chunk, from, (gssize)out->len), *to = plain;
    for (const char *q = from; q < p; q++) {
        if (*q == '\\' && q + 1 < p)
            q++;
        *to++ = *q;
    }
    *out = span_new(plain, (gsize)(to - plain));
    return TRUE;
}

gboolean imap_cursor_literal(Cursor *c, Span *out)
{
    Cursor p = *c;
    guint64 size;
    imap_cursor_char(&p, '~'); /* literal8, RFC 3516 */
    if (!imap_cursor_char(&p, '{') || !imap_cursor_uint64(&p, &size))
        return FALSE;
    imap_cursor_char(&p, '+');
    if (!imap_cursor_char(&p, '}') || !imap_cursor_char(&p, '\r') || !imap_cursor_char(&p, '\n'))
        return FALSE;
    if (size > cursor_left(&p))
        return FALSE;
    *out = span_new(p.at, (gsize)size);
    p.at += size;
    *c = p;
    return TRUE;
}

gboolean imap_cursor_string(Cursor *c, Span *out)
{
    return imap_cursor_quoted(c, out) || imap_cursor_literal(c, out);
}

gboolean imap_cursor_astring(Cursor *c, Span *out)
{
    return imap_cursor_string(c, out) || imap_cursor_atom(c, out);
}

gboolean imap_cursor_nstring(Cursor *c, Span *out, gboolean *nil)
{
    *nil = imap_cursor_word(c, "NIL");
    *out = SPAN_NONE;
    return *nil || imap_cursor_astring(c, out);
}

gboolean imap_cursor_skip(Cursor *c)
{
    Cursor p = *c;
    guint64 depth = 0; /* a counter, not a stack: any depth is harmless here */
    do {
        Span ignored;
        if (depth > 0)
            imap_cursor_blanks(&p);
        if (imap_cursor_char(&p, '('))
            depth++;
        else if (depth > 0 && imap_cursor_char(&p, ')'))
            depth--;
        else if (!imap_cursor_string(&p, &ignored) && !imap_cursor_atom(&p, &ignored))
            return FALSE;
    } while (depth > 0);
    *c = p;
    return TRUE;
}

guint32 imap_fold32(gint64 value)
{
    guint32 low = (guint32)((guint64)value & G_MAXUINT32);
    if (low == 0 && value != 0) /* a multiple of 2^32 must not look like "none" */
        return 1;
    return low;
}

guint32 imap_clamp32(gint64 value)
{
    return value < 0 ? 0 : (guint32)MIN(value, (gint64)G_MAXUINT32);
}

guint64 imap_clamp64(gint64 value)
{
    return value < 0 ? 0 : (guint64)value;
}

char *imap_dup(Span s)
{
    char *copy = g_malloc(s.len + 1);
    for (gsize i = 0; i < s.len; i++)
        copy[i] = s.at[i] ? s.at[i] : ' ';
    copy[s.len] = '\0';
    return copy;
}

char *imap_dup_lower(Span s)
{
    char *copy = imap_dup(s);
    for (char *p = copy; *p; p++)
        *p = g_ascii_tolower(*p);
    return copy;
}
