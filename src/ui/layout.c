/* layout.c - where panes go on a screen of a given size.
 *
 * Status row, body, message row, hint row. The body holds
 *   160 columns and more:  folders | list | viewer
 *   below that:            folders | list  over the viewer, which keeps the full width so that
 *                          lines copied from it are clean
 *   below 80 columns:      without the folders, unless they have the focus (sidebar auto)
 *   few rows:              list or viewer, whichever has the focus */
#include "layout.h"

#define BODY_ROWS_SPLIT 11 /* fewer: list and viewer take turns */

static int folder_width(int columns, int wanted)
{
    if (wanted > 0)
        return CLAMP(wanted, 8, columns / 2);
    return columns >= 160 ? 24 : columns >= 100 ? 20 : columns >= 80 ? 17 : MAX(12, columns / 4);
}

static void place_wide(Layout *l, gboolean folders, int wanted)
{
    int column = 0, columns = l->body.columns;
    int left = folders ? folder_width(columns, wanted) : 0;
    int list = CLAMP((columns - left) * 76 / 175, 60, 90);
    if (folders) {
        l->folders = (Rect){l->body.row, 0, l->body.rows, left};
        l->lines[0] = left;
        l->lines_rows[0] = l->body.rows;
        column = left + 1;
    }
    l->list = (Rect){l->body.row, column, l->body.rows, list};
    column += list;
    l->lines[1] = column;
    l->lines_rows[1] = l->body.rows;
    column++;
    l->viewer_title = (Rect){l->body.row, column, 1, columns - column};
    l->viewer = (Rect){l->body.row + 1, column + 1, l->body.rows - 1, columns - column - 1};
}

static void place_stacked(Layout *l, gboolean folders, int wanted, Focus focus)
{
    int rows = l->body.rows, columns = l->body.columns, left = folders ? folder_width(columns, wanted) : 0;
    gboolean split = rows >= BODY_ROWS_SPLIT;
    int top = split ? MAX(5, rows * 9 / 21) : rows;
    if (!split && focus == FOCUS_VIEWER) {
        l->viewer_title = (Rect){l->body.row, 0, 1, columns};
        l->viewer = (Rect){l->body.row + 1, 0, rows - 1, columns};
        return;
    }
    if (folders && columns < 80 && focus == FOCUS_FOLDERS) {
        l->folders = (Rect){l->body.row, 0, top, columns}; /* unfolded over the list */
    } else if (folders) {
        l->folders = (Rect){l->body.row, 0, top, left};
        l->lines[0] = left;
        l->lines_rows[0] = top;
        l->list = (Rect){l->body.row, left + 1, top, columns - left - 1};
    } else {
        l->list = (Rect){l->body.row, 0, top, columns};
    }
    if (!split)
        return;
    l->viewer_title = (Rect){l->body.row + top, 0, 1, columns};
    l->viewer = (Rect){l->body.row + top + 1, 0, rows - top - 1, columns};
}

static void place_zoomed(Layout *l, Focus focus)
{
    Rect all = l->body;
    if (focus == FOCUS_FOLDERS) {
        l->folders = all;
    } else if (focus == FOCUS_LIST) {
        l->list = all;
    } else {
        l->viewer_title = (Rect){all.row, all.column, 1, all.columns};
        l->viewer = (Rect){all.row + 1, all.column, all.rows - 1, all.columns};
    }
}

Layout layout_compute(int rows, int columns, Sidebar sidebar, int sidebar_width, Focus focus,
                      gboolean zoomed)
{
    Layout l = {.lines = {-1, -1}};
    if (rows < LAYOUT_ROWS_MIN || columns < LAYOUT_COLUMNS_MIN) {
        l.too_small = TRUE;
        l.body = (Rect){0, 0, rows, columns};
        return l;
    }
    l.status = (Rect){0, 0, 1, columns};
    l.body = (Rect){1, 0, rows - 3, columns};
    l.message = (Rect){rows - 2, 0, 1, columns};
    l.hints = (Rect){rows - 1, 0, 1, columns};
    gboolean folders = sidebar == SIDEBAR_ALWAYS || focus == FOCUS_FOLDERS ||
                       (sidebar == SIDEBAR_AUTO && columns >= 80);
    if (zoomed)
        place_zoomed(&l, focus);
    else if (columns >= 160)
        place_wide(&l, folders, sidebar_width);
    else
        place_stacked(&l, folders, sidebar_width, focus);
    return l;
}
