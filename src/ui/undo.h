/* undo.h - what `u` takes back, newest first. */
#pragma once
#include <glib.h>

#define UNDO_LEVELS 100

typedef struct Undo Undo;
Undo *undo_new(void);
void undo_free(Undo *u);
/* An action was handed to the writer; its group is not known yet. Returns its ticket. */
guint64 undo_begin(Undo *u, const char *what, gint64 placement, gint64 message);
/* `also`: a second group of the same action, undone after the first; 0: none. */
void undo_committed(Undo *u, guint64 ticket, gint64 group, gint64 also);
/* A message that goes out after a while, committed already. */
void undo_add_sending(Undo *u, gint64 outbox, gint64 account);
void undo_failed(Undo *u, guint64 ticket); /* nothing to take back */
typedef struct {
    guint64 ticket;
    gint64 groups[2]; /* [0] is 0 while it is not committed yet */
    gint64 placement, message; /* where the cursor goes back to */
    gint64 outbox, account;    /* a message that waits to be sent; 0 */
    char *what;       /* owned by whoever took it */
} Undone;
/* Takes the newest away. FALSE: nothing is left. One that is not committed yet is remembered as wanted. */
gboolean undo_take(Undo *u, Undone *out);
/* Was this one, just committed, to be undone? Asked once. */
gboolean undo_wanted(Undo *u, guint64 ticket);
