/* text_view.c - a page of plain text over the panes. */
#include <string.h>
#include "text_view.h"
#include "scroll.h"
#include "viewer_rows.h"
#include "pintail/util/i18n.h"
#include "pintail/util/text.h"

typedef struct {
    View view;
    char *title;
    char **lines;
    GArray *rows; /* wrapped: byte offsets as Piece */
    int width;
    Scroll scroll;
} TextView;

typedef struct {
    const char *at;
    gsize len;
} Piece;

static void wrap(TextView *t, int width)
{
    if (t->rows && t->width == width)
        return;
    t->width = width;
    if (t->rows)
        g_array_set_size(t->rows, 0);
    else
        t->rows = g_array_new(FALSE, FALSE, sizeof(Piece));
    for (char **line = t->lines; *line; line++) {
        const char *at = *line;
        gsize left = strlen(at);
        do {
            gsize skip, n = viewer_wrap(at, left, MAX(width, 2), TRUE, &skip);
            Piece p = {at, n};
            g_array_append_val(t->rows, p);
            at += n + skip;
            left -= n + skip;
        } while (left > 0);
    }
}

static void text_draw(View *v, Surface *s, gboolean focused)
{
    TextView *t = (TextView *)v;
    int rows = surface_rows(s), columns = surface_columns(s);
    surface_clear(s, 0);
    surface_field(s, 0, 0, columns, style_of("title"), t->title);
    wrap(t, columns - 2);
    scroll_page(&t->scroll, (int)t->rows->len, rows - 2);
    for (int i = 0; i < rows - 2 && t->scroll.top + i < (int)t->rows->len; i++) {
        const Piece *p = &g_array_index(t->rows, Piece, t->scroll.top + i);
        surface_put(s, i + 2, 1, columns - 1, 0, p->at, (gssize)p->len);
    }
    ui_cursor(v->ui, s, 2, 0);
}

static gboolean text_command(View *v, char **args)
{
    return scroll_text_command(&((TextView *)v)->scroll, args[0]);
}

static void text_free(View *v)
{
    TextView *t = (TextView *)v;
    g_free(t->title);
    g_strfreev(t->lines);
    if (t->rows)
        g_array_unref(t->rows);
    g_free(t);
}

static const ViewClass text_class = {
    .context = "text",
    .title = N_("Text"),
    .draw = text_draw,
    .command = text_command,
    .free = text_free,
};

View *text_view_new(Ui *ui, const char *title, const char *text)
{
    TextView *t = g_new0(TextView, 1);
    t->view.class = &text_class;
    t->view.ui = ui;
    t->title = g_strdup(title);
    t->lines = g_strsplit(text, "\n", -1);
    return &t->view;
}
