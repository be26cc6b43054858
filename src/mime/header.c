/* header.c - see header.h. RFC 5322 sections 2.2 and 4.5, and what real mail
 * does instead: no blank line, a blank first line, mbox separators, garbage. */
#include "header.h"
#include "pintail/mime/part.h"

#define FIELD_NAME_MAX 200 /* a longer "name" is text with a colon in it */

char line_end_of(const char *at, gsize len)
{
    return len > 0 && !memchr(at, '\n', len) && memchr(at, '\r', len) ? '\r' : '\n';
}

static const char *next_line(const char *p, const char *end, char eol)
{
    const char *nl = memchr(p, eol, (gsize)(end - p));
    return nl ? nl + 1 : end;
}

/* `next` is where the following line begins. */
static gboolean line_is_blank(const char *p, const char *next)
{
    while (p < next && (*p == '\r' || *p == '\n'))
        p++;
    return p == next;
}

static gboolean is_wsp(char c)
{
    return c == ' ' || c == '\t';
}

/* Length of the field name that begins at `p`, 0 when the line is no field.
 * *colon is set behind the name and its blanks. */
static gsize field_name(const char *p, const char *end, const char **colon)
{
    const char *q = p;
    while (q < end && (guchar)*q > ' ' && *q != ':' && (guchar)*q < 0x7f && q - p <= FIELD_NAME_MAX)
        q++;
    gsize len = (gsize)(q - p);
    while (q < end && is_wsp(*q))
        q++;
    if (len == 0 || len > FIELD_NAME_MAX || q == end || *q != ':')
        return 0;
    if (end - q > 2 && q[1] == '/' && q[2] == '/')
        return 0; /* a URL at the start of a line of text */
    *colon = q;
    return len;
}

static gboolean line_is_field(const char *p, const char *end)
{
    const char *colon;
    return field_name(p, end, &colon) > 0;
}

void header_cursor_init(HeaderCursor *c, Span block)
{
    c->at = block.at;
    c->end = block.at ? block.at + block.len : NULL;
    c->eol = line_end_of(block.at, block.len);
    HeaderExtent extent = header_find(c->at, c->end, c->eol, TRUE, NULL, NULL);
    c->at = extent.fields.at;
    c->end = extent.fields.at + extent.fields.len;
}

gboolean header_cursor_next(HeaderCursor *c, HeaderField *out)
{
    while (c->at < c->end) {
        const char *start = c->at, *colon = NULL;
        const char *next = next_line(start, c->end, c->eol);
        gsize name = field_name(start, next, &colon);
        while (next < c->end && is_wsp(*next))
            next = next_line(next, c->end, c->eol);
        c->at = next;
        if (name == 0)
            continue;
        const char *last = next;
        while (last > colon + 1 && (last[-1] == '\n' || last[-1] == '\r'))
            last--;
        out->name = span_new(start, name);
        out->value = span_new(colon + 1, (gsize)(last - colon - 1));
        return TRUE;
    }
    return FALSE;
}

gboolean header_field_is(const HeaderField *f, const char *name)
{
    return span_is(f->name, name);
}

/* Where the header begins: behind a From_ line and blank lines, but only when a
 * field follows; otherwise the blank line is the end of an empty header. */
static const char *message_start(const char *at, const char *end, char eol)
{
    const char *p = at;
    const char *q = p < end && *p == '>' ? p + 1 : p;
    if (end - q > 5 && memcmp(q, "From ", 5) == 0 && !line_is_field(q, next_line(q, end, eol)))
        p = next_line(q, end, eol);
    const char *after_from = p;
    while (p < end) {
        const char *next = next_line(p, end, eol);
        if (!line_is_blank(p, next))
            break;
        p = next;
    }
    return p < end && line_is_field(p, next_line(p, end, eol)) ? p : after_from;
}

HeaderExtent header_find(const char *at, const char *end, char eol, gboolean is_message,
                         HeaderStop stop, gpointer data)
{
    HeaderExtent out = {{at, 0}, end};
    if (at == end)
        return out;
    const char *p = is_message ? message_start(at, end, eol) : at;
    const char *fields = p, *last_end = p, *separator = NULL;
    gboolean in_field = FALSE;
    while (p < end) {
        if (stop && end - p > 1 && p[0] == '-' && p[1] == '-' && stop(p, data)) {
            separator = out.body = p;
            break;
        }
        const char *next = next_line(p, end, eol);
        if (line_is_blank(p, next)) {
            separator = p;
            out.body = next;
            break;
        }
        if (!is_wsp(*p))
            in_field = *p == ':' || line_is_field(p, next); /* ':': a field that lost its name */
        if (in_field)
            last_end = next;
        p = next;
    }
    if (!separator)
        separator = end;
    if (last_end < separator)
        out.body = last_end;
    out.fields = span_new(fields, (gsize)(last_end - fields));
    return out;
}

char *header_unfold(Span value)
{
    Span s = span_trim(value);
    char *out = g_malloc(s.len + 1);
    gsize n = 0;
    for (gsize i = 0; i < s.len; i++) {
        char c = s.at[i];
        if (c == '\n' || (c == '\r' && i + 1 < s.len && s.at[i + 1] == '\n'))
            continue;
        if (c == '\r')
            c = ' ';
        out[n++] = c ? c : '?';
    }
    out[n] = '\0';
    return out;
}

char *header_get(Span header, const char *name)
{
    HeaderCursor c;
    HeaderField f;
    if (header.len == 0)
        return NULL;
    header_cursor_init(&c, header);
    while (header_cursor_next(&c, &f)) {
        if (header_field_is(&f, name))
            return header_unfold(f.value);
    }
    return NULL;
}
