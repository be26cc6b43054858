/* layout.h - where panes go on a screen of a given size. Arithmetic only. */
#pragma once
#include <glib.h>

#define LAYOUT_ROWS_MIN    8
#define LAYOUT_COLUMNS_MIN 40

typedef enum { SIDEBAR_AUTO, SIDEBAR_ALWAYS, SIDEBAR_NEVER } Sidebar;
typedef enum { FOCUS_FOLDERS, FOCUS_LIST, FOCUS_VIEWER } Focus;

typedef struct {
    int row, column, rows, columns; /* rows 0: not shown */
} Rect;

typedef struct {
    gboolean too_small;
    Rect status, message, hints; /* one row each */
    Rect body;                   /* between them: where full-screen views go */
    Rect folders, list, viewer;
    Rect viewer_title;           /* the rule above (or the row at the head of) the viewer */
    int lines[2];                /* columns of vertical lines between panes; -1: none */
    int lines_rows[2];           /* how many rows of the body each goes down */
} Layout;

Layout layout_compute(int rows, int columns, Sidebar sidebar, int sidebar_width, Focus focus,
                      gboolean zoomed); /* sidebar_width 0: what fits */
