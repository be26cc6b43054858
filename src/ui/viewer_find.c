/* viewer_find.c - finding and copying text in the message on the screen. */
#include <string.h>
#include "clipboard.h"
#include "viewer_private.h"
#include "pintail/util/i18n.h"
#include "pintail/util/text.h"

#define FOLDED_MAX (1 << 20) /* bytes of text up to which accents are ignored too */

static gsize text_bytes(const Rendered *r)
{
    gsize n = 0;
    for (guint i = 0; i < r->lines->len && n <= FOLDED_MAX; i++)
        n += strlen(((RenderLine *)r->lines->pdata[i])->text);
    return n;
}

static gboolean holds(const char *text, const char *needle, const char *folded)
{
    if (strcasestr(text, needle))
        return TRUE;
    if (!folded)
        return FALSE;
    g_autofree char *all = text_fold(text, -1);
    return strstr(all, folded) != NULL;
}

/* The first row of that line; rows are made up to there. */
static int row_of_line(Viewer *v, guint line)
{
    while (!v->rows.complete &&
           (v->rows.rows->len == 0 ||
            g_array_index(v->rows.rows, ViewerRow, v->rows.rows->len - 1).line <= line))
        viewer_rows_extend(&v->rows, v->rows.rows->len + 2000, NULL);
    for (guint i = 0; i < v->rows.rows->len; i++)
        if (g_array_index(v->rows.rows, ViewerRow, i).line >= line)
            return (int)i;
    return (int)v->rows.rows->len - 1;
}

void viewer_find(Viewer *v, int by, gboolean from_here)
{
    Ui *ui = v->view.ui;
    if (!v->rows.rendered || !v->search) {
        ui_say(ui, NOTICE_INFO, _("Nothing has been searched for yet"));
        return;
    }
    const GPtrArray *lines = v->rows.rendered->lines;
    g_autofree char *folded =
        text_bytes(v->rows.rendered) <= FOLDED_MAX ? text_fold(v->search, -1) : NULL;
    int n = (int)lines->len, first = v->top - (int)v->heads->len;
    int start = v->match >= 0 ? v->match : first;
    guint line = start >= 0 && start < (int)v->rows.rows->len
                     ? g_array_index(v->rows.rows, ViewerRow, start).line : 0;
    for (int i = from_here ? 0 : 1; i <= n; i++) {
        int at = (((int)line + by * i) % n + n) % n;
        if (!holds(((RenderLine *)lines->pdata[at])->text, v->search, folded))
            continue;
        v->match = row_of_line(v, (guint)at);
        int row = (int)v->heads->len + v->match;
        if (row < v->top || row >= v->top + v->page)
            viewer_scroll_to(v, row - v->page / 3);
        ui_say(ui, NOTICE_INFO, _("'%s': line %d of %d in this message"), v->search, at + 1, n);
        return;
    }
    ui_say(ui, NOTICE_INFO, _("'%s' does not occur in this message"), v->search);
}

void viewer_mark_matches(const Viewer *v, Surface *s, int y, int column, const char *text, gsize len)
{
    if (!v->search || !*v->search)
        return;
    g_autofree char *row = g_strndup(text, len);
    gsize n = strlen(v->search);
    for (const char *at = row; (at = strcasestr(at, v->search)); at += n) {
        int before = (int)text_width(row, at - row);
        surface_restyle(s, y, column + before, (int)text_width(at, (gssize)n), style_of("viewer.match"));
    }
}

void viewer_copy_rows(Viewer *v, int from, int to)
{
    g_autoptr(GString) text = g_string_new(NULL);
    if (from > to) {
        int other = from;
        from = to;
        to = other;
    }
    for (int i = from; i <= to; i++) {
        int index = v->top + i;
        if (index < (int)v->heads->len) {
            g_string_append_printf(text, "%s\n", ((Head *)v->heads->pdata[index])->text);
            continue;
        }
        index -= (int)v->heads->len;
        if (index >= (int)v->rows.rows->len)
            break;
        const ViewerRow *r = &g_array_index(v->rows.rows, ViewerRow, index);
        const RenderLine *l = v->rows.rendered->lines->pdata[r->line];
        if (r->hidden)
            continue;
        if (r->start == 0)
            for (guint d = 0; d < l->quote_depth; d++)
                g_string_append(text, "> ");
        g_string_append_len(text, l->text + r->start, r->len);
        g_string_append(text, r->broken ? "" : "\n"); /* a word that was wrapped is whole again */
    }
    if (text->len)
        clipboard_copy(v->view.ui, text->str);
}
