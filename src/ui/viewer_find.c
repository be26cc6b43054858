/* viewer_find.c - finding and copying text in the message on the screen. */
#include <string.h>
#include "clipboard.h"
#include "loader.h"
#include "panes.h"
#include "viewer_private.h"
#include "pintail/util/i18n.h"
#include "pintail/util/text.h"

#define FOLDED_MAX (1 << 20) /* bytes of text up to which accents are ignored too */
#define AT_ONCE_MAX (1 << 18) /* bytes of text that a frame has time for; the loader searches more */

/* ---- which lines hold it ---- */

typedef struct {
    GPtrArray *lines;
    char *needle;
} Search;

static void search_free(gpointer p)
{
    Search *s = p;
    g_ptr_array_unref(s->lines);
    g_free(s->needle);
    g_free(s);
}

/* No more than `limit` of them are counted. */
static gsize text_bytes(const GPtrArray *lines, gsize limit)
{
    gsize n = 0;
    for (guint i = 0; i < lines->len && n <= limit; i++)
        n += strlen(((RenderLine *)lines->pdata[i])->text) + 1;
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

static gpointer search_work(Store *store, gpointer data, const Cancel *stop, GError **err)
{
    const Search *s = data;
    g_autofree char *folded = text_bytes(s->lines, FOLDED_MAX) <= FOLDED_MAX ? text_fold(s->needle, -1) : NULL;
    GArray *hits = g_array_new(FALSE, FALSE, sizeof(guint32));
    for (guint32 i = 0; i < s->lines->len; i++) {
        if (stop && i % 1024 == 0 && cancel_is_set(stop))
            break;
        if (holds(((RenderLine *)s->lines->pdata[i])->text, s->needle, folded))
            g_array_append_val(hits, i);
    }
    return hits;
}

static void go_to_hit(Viewer *v);

static void take_hits(Viewer *v, GArray *hits_take, GPtrArray *lines)
{
    if (v->hits)
        g_array_unref(v->hits);
    if (v->hits_of)
        g_ptr_array_unref(v->hits_of);
    v->hits = hits_take;
    v->hits_of = g_ptr_array_ref(lines);
    go_to_hit(v);
}

static void searched(Ui *ui, gpointer result, const GError *err, gpointer data)
{
    Viewer *v = (Viewer *)ui->panes->viewer;
    const Search *s = data;
    if (v->rows.rendered && v->rows.rendered->lines == s->lines && g_strcmp0(v->search, s->needle) == 0)
        take_hits(v, result, s->lines);
    else if (result)
        g_array_unref(result);
}

static void hits_free(gpointer hits)
{
    g_array_unref(hits);
}

void viewer_forget_search(Viewer *v)
{
    g_clear_pointer(&v->search, g_free);
    g_clear_pointer(&v->hits, g_array_unref);
    g_clear_pointer(&v->hits_of, g_ptr_array_unref);
    v->match = -1;
    v->by = 0;
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

/* The index in v->hits of the next one from `line` on; round the end. */
static guint next_hit(const Viewer *v, guint32 line, int by, gboolean from_here)
{
    guint n = v->hits->len;
    if (by > 0) {
        for (guint i = 0; i < n; i++) {
            guint32 at = g_array_index(v->hits, guint32, i);
            if (at > line || (from_here && at == line))
                return i;
        }
        return 0;
    }
    for (guint i = n; i-- > 0;)
        if (g_array_index(v->hits, guint32, i) < line)
            return i;
    return n - 1;
}

/* Does what v->by says, now that all hits are known. */
static void go_to_hit(Viewer *v)
{
    Ui *ui = v->view.ui;
    int by = v->by, first = v->top - (int)v->heads->len;
    v->by = 0;
    if (by == 0)
        return;
    if (v->hits->len == 0) {
        ui_say(ui, NOTICE_INFO, _("'%s' does not occur in this message"), v->search);
        return;
    }
    int start = v->match >= 0 ? v->match : first;
    guint32 line = start >= 0 && start < (int)v->rows.rows->len
                       ? g_array_index(v->rows.rows, ViewerRow, start).line : 0;
    guint hit = next_hit(v, line, by, v->from_here || v->match < 0);
    v->match = row_of_line(v, g_array_index(v->hits, guint32, hit));
    int row = (int)v->heads->len + v->match;
    if (row < v->top || row >= v->top + v->page)
        viewer_scroll_to(v, row - v->page / 3);
    ui_say(ui, NOTICE_INFO, P_("'%s': %u of %u line in this message", "'%s': %u of %u lines in this message", v->hits->len),
           v->search, hit + 1, v->hits->len);
}

void viewer_find(Viewer *v, int by, gboolean from_here)
{
    Ui *ui = v->view.ui;
    if (!v->rows.rendered || !v->search) {
        ui_say(ui, NOTICE_INFO, _("Nothing has been searched for yet"));
        return;
    }
    v->by = by;
    v->from_here = from_here;
    GPtrArray *lines = v->rows.rendered->lines;
    if (v->hits && v->hits_of == lines) {
        go_to_hit(v);
        return;
    }
    Search *s = g_new(Search, 1);
    *s = (Search){g_ptr_array_ref(lines), g_strdup(v->search)};
    if (text_bytes(lines, AT_ONCE_MAX) <= AT_ONCE_MAX) {
        take_hits(v, search_work(NULL, s, NULL, NULL), lines);
        search_free(s);
        return;
    }
    ui_say(ui, NOTICE_INFO, _("Searching…"));
    loader_run(ui->loader, LOAD_LAYOUT, search_work, searched, s, search_free, hits_free);
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
