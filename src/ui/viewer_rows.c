/* viewer_rows.c - lines of a message wrapped to a width, as far as they are needed. */
#include <string.h>
#include "viewer_rows.h"
#include "pintail/util/text.h"

#define FLOWED_CELLS 96 /* a paragraph is not wider: longer lines are hard to read */

void viewer_rows_begin(ViewerRows *r, const Rendered *rendered, int width, gboolean hide_quotes)
{
    viewer_rows_clear(r);
    r->rendered = rendered ? rendered_fit(rendered, (guint)MAX(width, 20)) : NULL;
    r->width = MAX(width, 4);
    r->hide_quotes = hide_quotes;
    r->rows = g_array_new(FALSE, TRUE, sizeof(ViewerRow));
    r->complete = rendered == NULL || rendered->lines->len == 0;
}

void viewer_rows_clear(ViewerRows *r)
{
    if (r->rows)
        g_array_unref(r->rows);
    rendered_free(r->rendered);
    *r = (ViewerRows){0};
}

int viewer_quote_cells(guint depth, int width)
{
    return MIN((int)depth * 2, width / 2 & ~1);
}

gsize viewer_wrap(const char *text, gsize len, int cells, gboolean by_words, gsize *skip)
{
    if (by_words)
        return text_wrap(text, len, (guint)MAX(cells, 2), skip, NULL);
    *skip = 0;
    gsize fits = text_fit(text, (gssize)len, (guint)MAX(cells, 2), NULL);
    return fits > 0 || len == 0 ? fits : printable_next(text, len).bytes;
}

/* A run of quoted lines that are hidden becomes one row. */
static void add_hidden(ViewerRows *r)
{
    ViewerRow row = {.line = r->next_line};
    const GPtrArray *lines = r->rendered->lines;
    while (r->next_line < lines->len &&
           ((RenderLine *)lines->pdata[r->next_line])->quote_depth > 0) {
        row.hidden++;
        r->next_line++;
    }
    g_array_append_val(r->rows, row);
}

static void add_row(ViewerRows *r, const RenderLine *l)
{
    int width = r->width - viewer_quote_cells(l->quote_depth, r->width);
    if (l->flowed)
        width = MIN(width, FLOWED_CELLS);
    ViewerRow row = {.line = r->next_line, .start = r->next_start};
    if (r->next_start > 0)
        row.indent = (guint8)MIN((int)l->indent, width / 2);
    gsize skip, left = strlen(l->text + r->next_start);
    gsize n = viewer_wrap(l->text + r->next_start, left, width - row.indent, l->kind != LINE_PRE && l->kind != LINE_TABLE && l->kind != LINE_DIFF, &skip);
    row.len = (guint32)n;
    row.broken = skip == 0 && n < left;
    g_array_append_val(r->rows, row);
    r->next_start += (guint32)(n + skip);
    if (n + skip >= left) {
        r->next_line++;
        r->next_start = 0;
    }
}

void viewer_rows_extend(ViewerRows *r, guint n, const Cancel *stop)
{
    if (!r->rendered)
        return;
    const GPtrArray *lines = r->rendered->lines;
    for (guint turn = 0; r->rows->len < n && r->next_line < lines->len; turn++) {
        if (stop && turn % 1024 == 0 && cancel_is_set(stop))
            return;
        const RenderLine *l = lines->pdata[r->next_line];
        if (r->hide_quotes && l->quote_depth > 0 && r->next_start == 0)
            add_hidden(r);
        else
            add_row(r, l);
    }
    r->complete = r->next_line >= lines->len;
}
