/* What the screen's parts work out: panes, scrolling, columns, wrapping, undo steps, typing. */
#include <locale.h>
#include <string.h>
#include "complete.h"
#include "field.h"
#include "index_format.h"
#include "layout.h"
#include "scroll.h"
#include "undo.h"
#include "viewer_rows.h"
#include "pintail/util/text.h"

/* ---- panes ---- */

static gboolean overlap(const Rect *a, const Rect *b)
{
    return a->rows > 0 && b->rows > 0 && a->columns > 0 && b->columns > 0 && a->row < b->row + b->rows &&
           b->row < a->row + a->rows && a->column < b->column + b->columns &&
           b->column < a->column + a->columns;
}

static void check_layout(int rows, int columns, Sidebar sidebar, int width, Focus focus, gboolean zoomed)
{
    Layout l = layout_compute(rows, columns, sidebar, width, focus, zoomed);
    g_assert_cmpint(l.too_small, ==, rows < 8 || columns < 40);
    if (l.too_small)
        return;
    const Rect *all[] = {&l.status, &l.message, &l.hints, &l.folders, &l.list, &l.viewer, &l.viewer_title};
    const Rect *focused[] = {&l.folders, &l.list, &l.viewer};
    for (gsize i = 0; i < G_N_ELEMENTS(all); i++) {
        const Rect *r = all[i];
        if (r->rows <= 0)
            continue;
        g_assert_cmpint(r->row, >=, 0);
        g_assert_cmpint(r->column, >=, 0);
        g_assert_cmpint(r->row + r->rows, <=, rows);
        g_assert_cmpint(r->column + r->columns, <=, columns);
        g_assert_cmpint(r->columns, >, 0);
        for (gsize j = i + 1; j < G_N_ELEMENTS(all); j++)
            g_assert_false(overlap(r, all[j]));
        for (int line = 0; line < 2; line++) /* no pane holds a border */
            if (l.lines[line] >= 0 && i >= 3 && r->row < l.body.row + l.lines_rows[line])
                g_assert_false(r->column <= l.lines[line] && l.lines[line] < r->column + r->columns);
    }
    g_assert_cmpint(focused[focus]->rows, >, 0); /* what has the focus can be seen */
}

static void panes_never_overlap(void)
{
    for (int rows = 1; rows <= 70; rows += rows < 30 ? 1 : 7)
        for (int columns = 1; columns <= 260; columns += columns < 170 ? 1 : 13)
            for (Sidebar s = SIDEBAR_AUTO; s <= SIDEBAR_NEVER; s++)
                for (Focus f = FOCUS_FOLDERS; f <= FOCUS_VIEWER; f++) {
                    check_layout(rows, columns, s, 0, f, FALSE);
                    check_layout(rows, columns, s, 0, f, TRUE);
                    check_layout(rows, columns, s, 500, f, FALSE);
                }
}

static void usual_sizes(void)
{
    Layout l = layout_compute(24, 80, SIDEBAR_AUTO, 0, FOCUS_LIST, FALSE);
    g_assert_cmpint(l.folders.columns, ==, 17);
    g_assert_cmpint(l.list.rows, ==, 9); /* a heading and eight messages */
    g_assert_cmpint(l.viewer.columns, ==, 80); /* full width: copied lines are clean */
    g_assert_cmpint(l.viewer.rows, ==, 11);
    l = layout_compute(50, 200, SIDEBAR_AUTO, 0, FOCUS_LIST, FALSE);
    g_assert_cmpint(l.folders.columns, ==, 24);
    g_assert_cmpint(l.list.columns, ==, 76);
    g_assert_cmpint(l.viewer.row, ==, l.list.row + 1); /* beside it */
    l = layout_compute(24, 79, SIDEBAR_AUTO, 0, FOCUS_LIST, FALSE);
    g_assert_cmpint(l.folders.rows, ==, 0); /* folded away */
    l = layout_compute(24, 79, SIDEBAR_AUTO, 0, FOCUS_FOLDERS, FALSE);
    g_assert_cmpint(l.folders.columns, ==, 79); /* unfolded while it has the focus */
    l = layout_compute(24, 80, SIDEBAR_NEVER, 0, FOCUS_LIST, FALSE);
    g_assert_cmpint(l.folders.rows, ==, 0);
    l = layout_compute(7, 80, SIDEBAR_AUTO, 0, FOCUS_LIST, FALSE);
    g_assert_true(l.too_small);
    l = layout_compute(8, 40, SIDEBAR_AUTO, 0, FOCUS_LIST, FALSE);
    g_assert_false(l.too_small);
}

/* ---- scrolling ---- */

static void scrolling(void)
{
    Scroll s = {0};
    scroll_fit(&s, 100, 10);
    g_assert_true(scroll_command(&s, "down"));
    g_assert_cmpint(s.cursor, ==, 1);
    g_assert_cmpint(s.top, ==, 0);
    g_assert_true(scroll_command(&s, "page-down"));
    g_assert_cmpint(s.cursor, ==, 10);
    g_assert_cmpint(s.top, ==, 1);
    g_assert_true(scroll_command(&s, "half-down"));
    g_assert_cmpint(s.cursor, ==, 15);
    g_assert_true(scroll_command(&s, "last"));
    g_assert_cmpint(s.cursor, ==, 99);
    g_assert_cmpint(s.top, ==, 90);
    g_assert_true(scroll_command(&s, "first"));
    g_assert_cmpint(s.cursor, ==, 0);
    g_assert_true(scroll_command(&s, "up"));
    g_assert_cmpint(s.cursor, ==, 0);
    g_assert_false(scroll_command(&s, "delete"));
    s.cursor = 99;
    scroll_fit(&s, 5, 10); /* the list shrank */
    g_assert_cmpint(s.cursor, ==, 4);
    g_assert_cmpint(s.top, ==, 0);
    scroll_fit(&s, 0, 10);
    g_assert_cmpint(s.cursor, ==, 0);
    scroll_fit(&s, 100, 10);
    s.top = 40;
    s.cursor = 45;
    scroll_fit(&s, 100, 3); /* the pane shrank: the cursor stays in it */
    g_assert_cmpint(s.cursor, ==, 45);
    g_assert_cmpint(s.top, ==, 43);
    Scroll t = {0};
    scroll_page(&t, 30, 10);
    g_assert_true(scroll_text_command(&t, "last"));
    g_assert_cmpint(t.top, ==, 20);
    g_assert_true(scroll_text_command(&t, "page-up"));
    g_assert_cmpint(t.top, ==, 11);
}

/* ---- the columns of the list ---- */

static void columns_of_the_list(void)
{
    static const char *const formats[] = {"%Z %-17F %s %D", "%Z %D %-20F %s", "%s", "%F", "%4C %Z %c %F %s",
                                          "%50F%50F%s", "%%", "", "%q %s", "%", "%-", "%-20", "é %s é"};
    for (gsize i = 0; i < G_N_ELEMENTS(formats); i++) {
        IndexFormat f = {0};
        IndexCell cells[INDEX_COLUMNS_MAX];
        index_format_parse(&f, formats[i]);
        g_assert_cmpuint(f.n, >, 0);
        for (int columns = 0; columns <= 200; columns++) {
            index_format_place(&f, columns, cells);
            int end = 0;
            for (guint n = 0; n < f.n; n++) {
                g_assert_cmpint(cells[n].column, >=, end);
                g_assert_cmpint(cells[n].cells, >=, 0);
                end = cells[n].column + cells[n].cells;
            }
            g_assert_cmpint(end, <=, columns);
        }
        index_format_clear(&f);
    }
}

static void fields_of_a_row(void)
{
    Row r = {.flags = FLAG_FLAGGED, .date = 1763766000, .size = 40000, .from = (char *)"Grace Hopper",
             .from_address = (char *)"grace@example.org", .to = (char *)"Ada", .subject = (char *)"Report",
             .has_attachment = TRUE};
    IndexValues v = {.row = &r, .number = 7, .now = 1763769600};
    IndexFormat f = {0};
    index_format_parse(&f, "%Z|%F|%s|%C|%c");
    static const char *const expected[] = {"●⚑", "|", "Grace Hopper", "|", "@Report", "|", "7", "|"};
    for (gsize i = 0; i < G_N_ELEMENTS(expected); i++) {
        g_autofree char *text = index_format_text(&f.fields[i], &v, 20);
        g_assert_cmpstr(text, ==, expected[i]);
    }
    v.recipient = TRUE;
    v.tagged = TRUE;
    r.flags = FLAG_SEEN | FLAG_ANSWERED;
    r.subject = (char *)"";
    g_autofree char *marks = index_format_text(&f.fields[0], &v, 2);
    g_autofree char *to = index_format_text(&f.fields[2], &v, 20);
    g_autofree char *subject = index_format_text(&f.fields[4], &v, 20);
    g_assert_cmpstr(marks, ==, "*r");
    g_assert_cmpstr(to, ==, "Ada");
    g_assert_nonnull(strstr(subject, "(no subject)"));
    index_format_clear(&f);
    index_format_parse(&f, "%n%a%t%M%s");
    static const char *const others[] = {"Grace Hopper", "grace@example.org", "Ada", "+4", "└─ @Report"};
    r.subject = (char *)"Report";
    v = (IndexValues){.row = &r, .recipient = TRUE, .hidden = 4, .tree = "└─ "};
    g_assert_cmpuint(f.n, ==, G_N_ELEMENTS(others));
    for (guint n = 0; n < f.n; n++) {
        g_autofree char *text = index_format_text(&f.fields[n], &v, 20);
        g_assert_cmpstr(text, ==, others[n]);
    }
    index_format_clear(&f);
}

/* ---- wrapping ---- */

static void wrap_is(const char *text, int cells, const char *expected)
{
    g_autoptr(GString) out = g_string_new(NULL);
    gsize left = strlen(text), skip;
    do {
        gsize n = viewer_wrap(text, left, cells, TRUE, &skip);
        g_assert_cmpuint(n + skip, >, 0);
        g_assert_cmpuint(n + skip, <=, left);
        g_assert_cmpint((int)text_width(text, (gssize)n), <=, MAX(cells, 2));
        g_string_append_printf(out, "%s%.*s", out->len ? "/" : "", (int)n, text);
        text += n + skip;
        left -= n + skip;
    } while (left > 0);
    g_assert_cmpstr(out->str, ==, expected);
}

static void wrapping(void)
{
    wrap_is("one two three", 13, "one two three");
    wrap_is("one two three", 8, "one two/three");
    wrap_is("one two three", 7, "one two/three");
    wrap_is("one two three", 6, "one/two/three");
    wrap_is("one    two", 5, "one/two");
    wrap_is("https://example.org/a/very/long/path", 10, "https://ex/ample.org//a/very/lon/g/path");
    wrap_is("see https://example.org", 10, "see/https://ex/ample.org");
    wrap_is("日本語日本語", 5, "日本/語日/本語");
    wrap_is("héllo wörld", 6, "héllo/wörld");
}

static Rendered *render_lines(const char *text)
{
    return render_plain(text, strlen(text), FALSE, FALSE);
}

static void rows_of_a_message(void)
{
    Rendered *r = render_lines("Hello\n\n> quoted one\n> quoted two\nmy answer is longer than the pane is wide\n");
    ViewerRows rows = {0};
    viewer_rows_begin(&rows, r, 20, FALSE);
    viewer_rows_extend(&rows, G_MAXUINT, NULL);
    g_assert_true(rows.complete);
    guint all = rows.rows->len;
    g_assert_cmpuint(all, >=, 7);
    /* every byte of the text is in a row or is a blank at a wrap */
    for (guint i = 0; i < all; i++) {
        const ViewerRow *row = &g_array_index(rows.rows, ViewerRow, i);
        const RenderLine *l = r->lines->pdata[row->line];
        g_assert_cmpuint(row->start + row->len, <=, strlen(l->text));
        g_assert_false(row->broken);
    }
    viewer_rows_begin(&rows, r, 20, TRUE); /* quotes hidden: one row for both */
    viewer_rows_extend(&rows, G_MAXUINT, NULL);
    guint hidden = 0;
    for (guint i = 0; i < rows.rows->len; i++)
        hidden += g_array_index(rows.rows, ViewerRow, i).hidden;
    g_assert_cmpuint(hidden, ==, 2);
    g_assert_cmpuint(rows.rows->len, ==, all - 1);
    viewer_rows_clear(&rows);
    rendered_free(r);
}

/* The first page of a message of any size is made without looking at the rest. */
static void rows_are_made_as_needed(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (int i = 0; i < 50000; i++)
        g_string_append_printf(text, "line %d of a long message\n", i);
    Rendered *r = render_lines(text->str);
    ViewerRows rows = {0};
    viewer_rows_begin(&rows, r, 40, FALSE);
    viewer_rows_extend(&rows, 60, NULL);
    g_assert_cmpuint(rows.rows->len, ==, 60);
    g_assert_cmpuint(rows.next_line, ==, 60);
    g_assert_false(rows.complete);
    g_autoptr(Cancel) stop = cancel_new();
    cancel_trigger(stop);
    viewer_rows_extend(&rows, G_MAXUINT, stop); /* stopped at once */
    g_assert_false(rows.complete);
    viewer_rows_extend(&rows, G_MAXUINT, NULL);
    g_assert_true(rows.complete);
    viewer_rows_clear(&rows);
    rendered_free(r);
}

static void a_broken_word_is_known(void)
{
    Rendered *r = render_lines("https://example.org/0123456789/0123456789\n");
    ViewerRows rows = {0};
    viewer_rows_begin(&rows, r, 20, FALSE);
    viewer_rows_extend(&rows, G_MAXUINT, NULL);
    g_assert_true(g_array_index(rows.rows, ViewerRow, 0).broken);
    viewer_rows_clear(&rows);
    rendered_free(r);
    for (guint depth = 0; depth < 300; depth++) {
        g_assert_cmpint(viewer_quote_cells(depth, 20), <=, 10);
        g_assert_cmpint(viewer_quote_cells(depth, 20) % 2, ==, 0);
    }
}

/* ---- undo ---- */

static void undo_steps(void)
{
    Undo *u = undo_new();
    Undone out;
    g_assert_false(undo_take(u, &out));
    guint64 a = undo_begin(u, "first", 1, 11), b = undo_begin(u, "second", 2, 12);
    undo_committed(u, a, 100, 0);
    undo_committed(u, b, 200, 201);
    g_assert_true(undo_take(u, &out)); /* newest first */
    g_assert_cmpint(out.groups[0], ==, 200);
    g_assert_cmpint(out.groups[1], ==, 201);
    g_assert_cmpint(out.placement, ==, 2);
    g_assert_cmpint(out.message, ==, 12);
    g_assert_cmpstr(out.what, ==, "second");
    g_free(out.what);
    guint64 c = undo_begin(u, "third", 3, 13);
    g_assert_true(undo_take(u, &out)); /* before it was committed: undone when it is */
    g_assert_cmpint(out.groups[0], ==, 0);
    g_free(out.what);
    undo_committed(u, c, 300, 0);
    g_assert_true(undo_wanted(u, c));
    g_assert_false(undo_wanted(u, c));
    g_assert_false(undo_wanted(u, a));
    guint64 d = undo_begin(u, "refused", 4, 14);
    undo_failed(u, d);
    g_assert_true(undo_take(u, &out));
    g_assert_cmpint(out.groups[0], ==, 100);
    g_free(out.what);
    for (int i = 0; i < 300; i++)
        undo_begin(u, "many", i, i);
    int levels = 0;
    for (; undo_take(u, &out); levels++)
        g_free(out.what);
    g_assert_cmpint(levels, ==, UNDO_LEVELS);
    undo_free(u);
}

/* ---- typing ---- */

static void type_text(Field *f, const char *text)
{
    for (; *text; text = g_utf8_next_char(text)) {
        Key k = {.kind = KEY_CHAR, .code = g_utf8_get_char(text)};
        g_assert_true(field_key(f, &k));
    }
}

static void press(Field *f, KeyKind kind, gunichar code, guint mods)
{
    Key k = {.kind = kind, .code = code, .mods = mods};
    g_assert_true(field_key(f, &k));
}

static void typing(void)
{
    g_autoptr(Field) f = field_new("", FALSE);
    type_text(f, "Zoë 山田");
    g_assert_cmpstr(field_text(f), ==, "Zoë 山田");
    press(f, KEY_BACKSPACE, 0, 0);
    g_assert_cmpstr(field_text(f), ==, "Zoë 山");
    press(f, KEY_HOME_, 0, 0);
    press(f, KEY_DELETE, 0, 0);
    type_text(f, "z");
    g_assert_cmpstr(field_text(f), ==, "zoë 山");
    press(f, KEY_END_, 0, 0);
    press(f, KEY_CHAR, 'w', KEY_MOD_CTRL);
    g_assert_cmpstr(field_text(f), ==, "zoë ");
    press(f, KEY_CHAR, 'u', KEY_MOD_CTRL);
    g_assert_cmpstr(field_text(f), ==, "");
    field_set(f, "e\314\201x"); /* a letter with its mark is one */
    press(f, KEY_ARROW_LEFT, 0, 0);
    press(f, KEY_BACKSPACE, 0, 0);
    g_assert_cmpstr(field_text(f), ==, "x");
    Key enter = {.kind = KEY_ENTER};
    g_assert_false(field_key(f, &enter));
}

static void pasting(void)
{
    g_autoptr(Field) f = field_new("", FALSE);
    g_autoptr(GString) big = g_string_new(NULL);
    for (int i = 0; i < 5000; i++)
        g_string_append(big, "0123456789");
    Key k = {.kind = KEY_PASTE, .text = big->str};
    g_assert_true(field_key(f, &k)); /* all of one burst arrives */
    g_assert_cmpuint(strlen(field_text(f)), ==, 50000);
    field_set(f, "");
    Key lines = {.kind = KEY_PASTE, .text = (char *)"ada@example.org\tsecret\n", .code = 1};
    g_autofree char *rest = field_paste(f, &lines);
    g_assert_cmpstr(field_text(f), ==, "ada@example.org");
    g_assert_cmpstr(rest, ==, "\tsecret\n");
}

static void matching(void)
{
    g_assert_true(complete_matches("Archive/2025", "arch"));
    g_assert_true(complete_matches("Archive/2025", "2025 ARCH"));
    g_assert_false(complete_matches("Archive/2025", "arch 2024"));
    g_assert_true(complete_matches("Übersetzung", "über"));
    g_assert_true(complete_matches("anything", ""));
    g_assert_cmpstr(complete_last_word("from:ana is:un"), ==, "is:un");
    g_assert_cmpstr(complete_last_word("a,b"), ==, "b");
    g_assert_cmpstr(complete_last_word(""), ==, "");
}

int main(int argc, char **argv)
{
    setlocale(LC_ALL, "C.UTF-8");
    g_setenv("TZ", "UTC", TRUE);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ui/layout/never-overlaps", panes_never_overlap);
    g_test_add_func("/ui/layout/usual", usual_sizes);
    g_test_add_func("/ui/scroll", scrolling);
    g_test_add_func("/ui/index-format/columns", columns_of_the_list);
    g_test_add_func("/ui/index-format/fields", fields_of_a_row);
    g_test_add_func("/ui/wrap/words", wrapping);
    g_test_add_func("/ui/wrap/rows", rows_of_a_message);
    g_test_add_func("/ui/wrap/as-needed", rows_are_made_as_needed);
    g_test_add_func("/ui/wrap/broken-words", a_broken_word_is_known);
    g_test_add_func("/ui/undo", undo_steps);
    g_test_add_func("/ui/field/typing", typing);
    g_test_add_func("/ui/field/pasting", pasting);
    g_test_add_func("/ui/complete/matching", matching);
    return g_test_run();
}
