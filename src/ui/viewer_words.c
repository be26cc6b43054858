/* viewer_words.c - rows of text: lines by what they are, words of a line in their own styles. */
#include "viewer_private.h"
#include "pintail/util/i18n.h"

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

static const char *element_of(const RenderLine *l)
{
    static const char *const quotes[] = {"viewer.quote", "viewer.quote2", "viewer.quote3"};
    static const char *const patches[] = {
        "viewer", [DIFF_CONTEXT] = "viewer", [DIFF_ADDED] = "viewer.diff.added",
        [DIFF_REMOVED] = "viewer.diff.removed", [DIFF_HUNK] = "viewer.diff.hunk", [DIFF_FILE] = "viewer.diff.file"};
    if (l->quote_depth > 0)
        return quotes[MIN(l->quote_depth, 3) - 1];
    switch (l->kind) {
    case LINE_SIGNATURE: return "viewer.signature";
    case LINE_HEADING: return "viewer.heading";
    case LINE_LINKS: return "viewer.links";
    case LINE_CARD: return "viewer.card";
    case LINE_DIFF: return patches[MIN(l->level, DIFF_FILE)];
    default: return "viewer";
    }
}

int viewer_put_row(Surface *s, int y, int width, const ViewerRows *rows, const ViewerRow *r)
{
    if (r->hidden) {
        g_autofree char *text = g_strdup_printf(
            P_("[… %u quoted line]", "[… %u quoted lines]", r->hidden), r->hidden);
        surface_put(s, y, 0, -1, style_of("viewer.note"), text, -1);
        return 0;
    }
    const RenderLine *l = rows->rendered->lines->pdata[r->line];
    Style style = style_of(element_of(l));
    int column = viewer_quote_cells(l->quote_depth, width);
    for (int i = 0; i < column; i += 2)
        surface_put(s, y, i, 2, style, "> ", 2);
    column += r->indent;
    viewer_put_styled(s, y, column, style, l, r->start, r->len);
    return column;
}
