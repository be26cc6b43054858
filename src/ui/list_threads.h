/* list_threads.h - the list in threads: how branches are drawn, folding, finding rows in them. */
#pragma once
#include "list_private.h"

#define TREE_LEVELS 12 /* more are drawn as so many */

/* Which branches go on below the rows that are drawn; list_threads_prefix() keeps it from row to row. */
typedef struct {
    gboolean open[TREE_LEVELS + 1];
    int next; /* the row that it fits; -1: none */
} Branches;

/* "│ ├─ " before the subject of a row, in at most `cells`; "+4 " of a folded thread; "" of a flat list. The
 * caller owns it. Rows are asked for one after the other. */
char *list_threads_prefix(const ListView *v, Branches *b, int index, int cells);
/* A tree that is too large for the screen's thread is read by the loader. */
void list_threads_load(ListView *v);
/* What a command acts on when the cursor stands on a folded thread: all of it in the folder. NULL: no
 * such row. The caller owns it. */
GArray *list_threads_targets(ListView *v);
/* The next row (by 1 or -1) of an unread message, from the cursor around; its thread is unfolded. `self`:
 * the cursor's own row counts. -1: none. */
int list_threads_next_unread(ListView *v, int by, gboolean self);
/* The same for one of `ids`, a set; threads that hide it are unfolded. */
int list_threads_next_in(ListView *v, GHashTable *ids, int by, gboolean self);
/* How many of `ids` are in the list, and how many of them up to row `index` (0: too many to tell). */
void list_threads_count(ListView *v, GHashTable *ids, int index, guint *before, guint *total);
/* The first row of the next thread, or of the one before when this is the last; -1: there is no other. */
int list_threads_after(const ListView *v);
/* fold-thread, fold-all, parent. TRUE: it was one of these. */
gboolean list_threads_command(ListView *v, const char *name, const char *rest);
