/* viewer_words.c - words of a line in their own styles: bold, italic, links. */
#include "viewer_private.h"

static Style style_of_span(Style style, const RenderSpan *span)
{
    static const struct {
        guint8 bit;
        const char *element;
    } elements[] = {{RENDER_BOLD, "viewer.bold"},           {RENDER_ITALIC, "viewer.italic"},
                    {RENDER_UNDERLINE, "viewer.underline"}, {RENDER_STRIKE, "viewer.strike"},
                    {RENDER_CODE, "viewer.code"},           {RENDER_URL, "viewer.link"}};
    for (gsize i = 0; i < G_N_ELEMENTS(elements); i++)
        if (span->style & elements[i].bit)
            style = style_merge(style, style_of(elements[i].element));
    return span->link ? style_merge(style, style_of("viewer.link")) : style;
}

/* The first span that ends behind `at`. */
static guint first_span(const RenderLine *l, gsize at)
{
    guint low = 0, high = l->n_spans;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        if ((gsize)l->spans[middle].start + l->spans[middle].len > at)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

void viewer_put_styled(Surface *s, int y, int column, Style base, const RenderLine *l, gsize start, gsize len)
{
    gsize end = start + len;
    for (guint i = first_span(l, start); start < end; i++) {
        const RenderSpan *span = i < l->n_spans ? &l->spans[i] : NULL;
        gsize plain = span ? MIN(MAX(span->start, start), end) : end;
        if (plain > start)
            column += surface_put(s, y, column, -1, base, l->text + start, (gssize)(plain - start));
        start = plain;
        if (!span || start >= end)
            continue;
        gsize stop = MIN((gsize)span->start + span->len, end);
        column += surface_put(s, y, column, -1, style_of_span(base, span), l->text + start, (gssize)(stop - start));
        start = stop;
    }
}
