/* span.h - a stretch of somebody else's bytes: nothing is owned, nothing ends
 * in NUL. Valid as long as the buffer it points into. */
#pragma once
#include <glib.h>
#include <string.h>

typedef struct {
    const char *at; /* may be NULL when len is 0 */
    gsize len;
} Span;

#define SPAN_NONE ((Span){NULL, 0})
#define SPAN_LITERAL(text) ((Span){(text), sizeof(text) - 1})

static inline Span span_new(const char *at, gsize len)
{
    return (Span){at, len};
}
static inline Span span_of(const char *text)
{
    return (Span){text, text ? strlen(text) : 0};
}
static inline char *span_dup(Span s)
{
    return g_strndup(s.at ? s.at : "", s.len);
}
static inline gboolean span_is(Span s, const char *text)
{
    return s.len == strlen(text) && g_ascii_strncasecmp(s.at ? s.at : "", text, s.len) == 0;
}
Span span_trim(Span s); /* without leading and trailing blanks, tabs, CR and LF */
