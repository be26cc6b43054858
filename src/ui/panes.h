/* panes.h - the three panes: folders, list, viewer; which has the focus, where they are. */
#pragma once
#include "layout.h"
#include "view.h"

typedef struct Panes {
    View *folders, *list, *viewer;
    Focus focus;
    gboolean zoomed;
    Layout layout; /* as last drawn */
} Panes;

Panes *panes_new(Ui *ui);
void panes_free(Panes *p);
void panes_draw(Ui *ui, Surface *screen, const Layout *l);
View *panes_view(const Panes *p, Focus focus);
void panes_focus(Ui *ui, Focus focus);
void panes_event(Ui *ui, const Event *e);
gboolean panes_mouse(Ui *ui, const Key *k); /* TRUE: it was on one of them */

char *panes_title(Ui *ui); /* of the terminal's window: "INBOX (19) - Pintail"; the caller owns it */

/* ---- what is selected, for commands ---- */
typedef struct {
    gint64 account, folder; /* of the list; 0: none open */
    gint64 placement, message; /* under the cursor; 0: the list is empty */
} Selection;
Selection panes_selection(Ui *ui);
/* The placements that a command acts on: what is tagged after `;`, else the one under
 * the cursor. gint64; empty with a message on the screen when there is none. */
GArray *panes_targets(Ui *ui);
void panes_open_folder(Ui *ui, gint64 folder); /* into the list */
/* Cursor to a placement of the open folder; FALSE when it isn't in the list. */
gboolean panes_select(Ui *ui, gint64 placement);
