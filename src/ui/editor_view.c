/* editor_view.c - the built-in editor, for when no other is set or found: arrows, words wrapped to the
 * screen, paste, undo. Ctrl-X (or Ctrl-S) is done, Ctrl-C leaves without the changes (asks).
 *
 * The text is one string and the cursor a byte offset; rows are found anew at each drawing, which
 * for a message that a person types is quick enough (a 1 MB text: a few milliseconds). */
#include <string.h>
#include "view.h"
#include "compose.h"
#include "loop.h"
#include "pintail/util/i18n.h"
#include "pintail/util/text.h"

#define UNDO_MAX 200
#define PAGE_MIN 3
#define KEEP_MS  1000 /* what a crash may cost at most */

typedef struct {
    char *text;
    gsize cursor;
} Snapshot;

typedef struct {
    gsize start, end; /* bytes of the text; the line's end or the blank it wrapped at is left out */
} VisualRow;

typedef struct {
    View view;
    char *title;
    GString *text;
    gsize cursor;
    guint wanted_column; /* kept over up and down */
    guint top;           /* first row shown */
    guint columns, rows; /* as last drawn */
    GArray *layout;      /* of VisualRow */
    GPtrArray *undo;     /* of Snapshot */
    gboolean typing;     /* the last change was a character: one undo step with the next */
    gboolean changed;
    guint keep_timer;    /* 0: everything is kept */
    EditorUser user;
    gpointer data;       /* NULL after user.done() */
} Editor;

static void snapshot_free(gpointer p)
{
    Snapshot *s = p;
    g_free(s->text);
    g_free(s);
}

/* ---- layout ---- */

/* One logical line [start, end) into rows of at most `columns` cells, broken at blanks where there are. */
static void layout_line(Editor *e, gsize start, gsize end)
{
    gsize row = start, at = start, blank = 0;
    guint used = 0;
    while (at < end) {
        Grapheme g = printable_next(e->text->str + at, end - at);
        if (used + g.width > e->columns && at > row) {
            gsize stop = blank > row ? blank : at;
            VisualRow r = {row, stop};
            g_array_append_val(e->layout, r);
            row = at = stop;
            blank = 0;
            used = 0;
            continue;
        }
        used += g.width;
        at += g.bytes;
        if (g.text[0] == ' ' && g.text[1] == '\0')
            blank = at;
    }
    VisualRow r = {row, end};
    g_array_append_val(e->layout, r);
}

static void layout(Editor *e)
{
    g_array_set_size(e->layout, 0);
    const char *text = e->text->str;
    gsize start = 0;
    for (;;) {
        const char *newline = memchr(text + start, '\n', e->text->len - start);
        gsize end = newline ? (gsize)(newline - text) : e->text->len;
        layout_line(e, start, end);
        if (!newline)
            return;
        start = end + 1;
    }
}

static guint row_of(const Editor *e, gsize offset)
{
    guint low = 0, high = e->layout->len;
    while (high - low > 1) {
        guint middle = (low + high) / 2;
        if (g_array_index(e->layout, VisualRow, middle).start <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static guint column_of(const Editor *e, guint row)
{
    gsize start = g_array_index(e->layout, VisualRow, row).start;
    return text_width(e->text->str + start, (gssize)(e->cursor - start));
}

static gsize before(const Editor *e, gsize at);

/* The last offset that is drawn in `row`: where a line wraps, its end is the next row's beginning. */
static gsize row_end(const Editor *e, guint row)
{
    gsize end = g_array_index(e->layout, VisualRow, row).end;
    return end < e->text->len && e->text->str[end] != '\n' ? before(e, end) : end;
}

/* The offset in `row` nearest to the column `cells`. */
static gsize offset_at(const Editor *e, guint row, guint cells)
{
    const VisualRow *r = &g_array_index(e->layout, VisualRow, row);
    guint used;
    gsize at = r->start + text_fit(e->text->str + r->start, (gssize)(r->end - r->start), cells, &used);
    return MIN(at, row_end(e, row));
}

/* ---- changes ---- */

static void keep_now(Ui *ui, gpointer data)
{
    Editor *e = data;
    e->keep_timer = 0;
    e->user.keep(ui, e->text->str, e->data);
}

static void keep_later(Editor *e)
{
    if (!e->keep_timer && e->user.keep)
        e->keep_timer = loop_after(e->view.ui->loop, KEEP_MS, keep_now, e);
}

/* A step of undo is what was typed since the last other key, or a word of it. */
static void remember(Editor *e, gboolean typing)
{
    e->changed = TRUE;
    keep_later(e);
    if (typing && e->typing)
        return;
    e->typing = typing;
    Snapshot *s = g_new(Snapshot, 1);
    s->text = g_strdup(e->text->str);
    s->cursor = e->cursor;
    g_ptr_array_add(e->undo, s);
    if (e->undo->len > UNDO_MAX)
        g_ptr_array_remove_index(e->undo, 0);
}

static void insert(Editor *e, const char *text, gboolean typing)
{
    if (typing && *text == ' ')
        e->typing = FALSE;
    remember(e, typing);
    g_string_insert(e->text, (gssize)e->cursor, text);
    e->cursor += strlen(text);
}

static gsize before(const Editor *e, gsize at)
{
    /* the grapheme that ends at `at`: walk from the start of its line */
    gsize line = at;
    while (line > 0 && e->text->str[line - 1] != '\n')
        line--;
    if (line == at)
        return at > 0 ? at - 1 : 0;
    gsize last = line;
    while (line < at) {
        last = line;
        line += printable_next(e->text->str + line, at - line).bytes;
    }
    return last;
}

static gsize after(const Editor *e, gsize at)
{
    if (at >= e->text->len)
        return at;
    if (e->text->str[at] == '\n')
        return at + 1;
    const char *newline = memchr(e->text->str + at, '\n', e->text->len - at);
    gsize end = newline ? (gsize)(newline - e->text->str) : e->text->len;
    return at + printable_next(e->text->str + at, end - at).bytes;
}

static void erase(Editor *e, gsize from, gsize to)
{
    if (from >= to)
        return;
    remember(e, FALSE);
    g_string_erase(e->text, (gssize)from, (gssize)(to - from));
    e->cursor = from;
}

static void undo(Editor *e)
{
    if (e->undo->len == 0) {
        ui_say(e->view.ui, NOTICE_INFO, _("Nothing left to undo"));
        return;
    }
    Snapshot *s = g_ptr_array_steal_index(e->undo, e->undo->len - 1);
    g_string_assign(e->text, s->text);
    e->cursor = s->cursor;
    e->typing = FALSE;
    keep_later(e);
    snapshot_free(s);
}

static void move_rows(Editor *e, int by)
{
    guint row = row_of(e, e->cursor);
    if (e->wanted_column == G_MAXUINT)
        e->wanted_column = column_of(e, row);
    gint64 target = CLAMP((gint64)row + by, 0, (gint64)e->layout->len - 1);
    e->cursor = offset_at(e, (guint)target, e->wanted_column);
}

/* ---- leaving ---- */

static void finish(Editor *e, gboolean keep)
{
    Ui *ui = e->view.ui;
    gpointer data = g_steal_pointer(&e->data);
    g_autofree char *text = keep ? g_strdup(e->text->str) : NULL;
    loop_cancel(ui->loop, e->keep_timer);
    e->keep_timer = 0;
    ui_remove(ui, &e->view);
    e->user.done(ui, text, data);
}

static void discard_answered(Ui *ui, char key, gpointer data)
{
    if (key == 'y')
        finish(data, FALSE);
}

static void leave(Editor *e)
{
    if (!e->changed)
        finish(e, FALSE);
    else
        ui_ask_key(e->view.ui, _("Leave the editor and lose what you wrote here?"), "yn", discard_answered, e);
}

/* ---- keys ---- */

static gboolean control_key(Editor *e, gunichar letter)
{
    switch (letter) {
    case 'x':
    case 's':
        finish(e, TRUE);
        return TRUE;
    case 'c':
        leave(e);
        return TRUE;
    case 'z':
    case '_':
        undo(e);
        return TRUE;
    case 'k': {
        const char *newline = memchr(e->text->str + e->cursor, '\n', e->text->len - e->cursor);
        gsize end = newline ? (gsize)(newline - e->text->str) : e->text->len;
        erase(e, e->cursor, end > e->cursor ? end : after(e, e->cursor));
        return TRUE;
    }
    case 'a':
        e->cursor = g_array_index(e->layout, VisualRow, row_of(e, e->cursor)).start;
        return TRUE;
    case 'e':
        e->cursor = row_end(e, row_of(e, e->cursor));
        return TRUE;
    }
    return FALSE;
}

static gboolean move_key(Editor *e, const Key *k)
{
    int page = (int)MAX(e->rows, PAGE_MIN) - 1;
    switch (k->kind) {
    case KEY_ARROW_UP:
        move_rows(e, -1);
        return TRUE;
    case KEY_ARROW_DOWN:
        move_rows(e, 1);
        return TRUE;
    case KEY_PAGE_UP:
        move_rows(e, -page);
        return TRUE;
    case KEY_PAGE_DOWN:
        move_rows(e, page);
        return TRUE;
    default:
        return FALSE;
    }
}

static gboolean edit_key(Editor *e, const Key *k)
{
    switch (k->kind) {
    case KEY_ARROW_LEFT:
        e->cursor = before(e, e->cursor);
        return TRUE;
    case KEY_ARROW_RIGHT:
        e->cursor = after(e, e->cursor);
        return TRUE;
    case KEY_HOME_:
        return control_key(e, 'a');
    case KEY_END_:
        return control_key(e, 'e');
    case KEY_BACKSPACE:
        erase(e, before(e, e->cursor), e->cursor);
        return TRUE;
    case KEY_DELETE:
        erase(e, e->cursor, after(e, e->cursor));
        return TRUE;
    case KEY_ENTER:
        insert(e, "\n", FALSE);
        return TRUE;
    case KEY_TAB:
        insert(e, "    ", FALSE);
        return TRUE;
    case KEY_PASTE:
        insert(e, k->text, FALSE);
        return TRUE;
    default:
        return FALSE;
    }
}

static gboolean editor_key(View *v, const Key *k)
{
    Editor *e = (Editor *)v;
    if (e->columns == 0)
        return FALSE;
    layout(e);
    v->ui->dirty = TRUE;
    if (k->kind != KEY_CHAR || k->mods)
        e->typing = FALSE;
    if (move_key(e, k))
        return TRUE;
    e->wanted_column = G_MAXUINT;
    if (k->kind == KEY_CHAR && (k->mods & KEY_MOD_CTRL))
        return control_key(e, k->code);
    if (k->kind == KEY_CHAR && k->mods == 0) {
        char utf8[7] = {0};
        g_unichar_to_utf8(k->code, utf8);
        insert(e, utf8, TRUE);
        return TRUE;
    }
    return edit_key(e, k);
}

static void editor_draw(View *v, Surface *s, gboolean focused)
{
    Editor *e = (Editor *)v;
    e->columns = (guint)MAX(surface_columns(s) - 1, 1);
    e->rows = (guint)MAX(surface_rows(s) - 1, 1);
    layout(e);
    guint row = row_of(e, e->cursor);
    if (row < e->top)
        e->top = row;
    if (row >= e->top + e->rows)
        e->top = row - e->rows + 1;

    surface_clear(s, 0);
    surface_field(s, 0, 0, surface_columns(s), style_of("title"), e->title);
    for (guint i = 0; i < e->rows && e->top + i < e->layout->len; i++) {
        const VisualRow *r = &g_array_index(e->layout, VisualRow, e->top + i);
        Style style = e->text->str[r->start] == '>' ? style_of("viewer.quote") : 0;
        surface_put(s, (int)i + 1, 0, -1, style, e->text->str + r->start, (gssize)(r->end - r->start));
    }
    ui_cursor(v->ui, s, (int)(row - e->top) + 1, (int)column_of(e, row));
}

static gboolean editor_command(View *v, char **args)
{
    if (!g_str_equal(args[0], "cancel") && !g_str_equal(args[0], "quit"))
        return FALSE;
    leave((Editor *)v);
    return TRUE;
}

static void editor_free(View *v)
{
    Editor *e = (Editor *)v;
    if (e->data) { /* the program ends: the text is there the next time */
        if (e->keep_timer) {
            loop_cancel(v->ui->loop, e->keep_timer);
            keep_now(v->ui, e);
        }
        e->user.free(e->data);
    }
    g_free(e->title);
    g_string_free(e->text, TRUE);
    g_array_unref(e->layout);
    g_ptr_array_unref(e->undo);
    g_free(e);
}

static const ViewClass editor_class = {
    .context = "editor",
    .title = N_("Editor"),
    .draw = editor_draw,
    .key = editor_key,
    .command = editor_command,
    .free = editor_free,
};

void editor_open(Ui *ui, const char *title, const char *text, const EditorUser *user, gpointer data)
{
    Editor *e = g_new0(Editor, 1);
    e->view.class = &editor_class;
    e->view.ui = ui;
    e->title = g_strdup(title);
    e->text = g_string_new(text);
    e->wanted_column = G_MAXUINT;
    e->layout = g_array_new(FALSE, FALSE, sizeof(VisualRow));
    e->undo = g_ptr_array_new_with_free_func(snapshot_free);
    e->user = *user;
    e->data = data;
    ui_push(ui, &e->view);
}
