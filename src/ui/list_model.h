/* list_model.h - a folder's messages in order: ids, the rows that were looked at, what is tagged.
 *
 * The first page is read at once; the whole list comes from the loader. Changes are
 * applied to the ids; where that would need a sort of everything, the list is to be loaded anew.
 * In threads the order is that of a ThreadList, and `ids` is empty; under a limit the list is flat. */
#pragma once
#include "pintail/store/message.h"
#include "pintail/store/thread.h"

typedef struct {
    gint64 folder;
    SortKey key;
    gboolean reverse;
    GArray *ids;       /* gint64 placements */
    gboolean complete; /* FALSE: the first page only */
    gint64 seq;        /* changes up to here are in `ids` */
    GHashTable *rows;  /* placement -> Row; NULL values: gone */
    GHashTable *tags;  /* placements */
    GHashTable *only;  /* limit: these placements; NULL: all */
    GArray *added;     /* what the last update brought */
    GArray *shown;     /* what the person sees: `ids`, or those of them in `only`; see list_model_len() */
    Store *store;      /* borrowed; trees of threads are read when they are wanted */
    ThreadList *threads; /* NULL: a flat list */
    gint64 large;      /* a thread whose tree the loader is to read (list_model_need()); 0 */
} ListModel;

void list_model_init(ListModel *m);
void list_model_clear(ListModel *m);
/* Forgets everything and reads the first `n`. FALSE with err. Short. */
gboolean list_model_open(ListModel *m, Store *s, gint64 folder, SortKey key, gboolean reverse,
                         guint n, GError **err);
/* The same by threads, by the newest message of each. */
gboolean list_model_open_threads(ListModel *m, Store *s, gint64 folder, gboolean newest_first, guint n,
                                 GError **err);
/* The whole list, as it was at change `seq`: ids, of threads ThreadInfo. Takes it. */
void list_model_set(ListModel *m, GArray *ids_take, gint64 seq);
gboolean list_model_threaded(const ListModel *m); /* rows are those of `threads` */
int list_model_len(const ListModel *m);           /* rows that the person sees */
gboolean list_model_thread(const ListModel *m, int index, ThreadRow *row); /* FALSE: flat, or beyond the end */
/* What has changed since; TRUE: ids or rows did. *reload: the loader is to build the list anew. */
gboolean list_model_update(ListModel *m, Store *s, gboolean *reload);
void list_model_limit(ListModel *m, GArray *placements); /* NULL: no limit */
int list_model_index(const ListModel *m, gint64 placement); /* among the shown; -1 */
gint64 list_model_at(const ListModel *m, int index);        /* 0: none */
/* Rows from `index` on, n of them, are read if they are not known. Short. */
void list_model_need(ListModel *m, Store *s, int index, int n);
/* Of the rows that are known, the shown one of this message; -1. */
int list_model_find_message(const ListModel *m, gint64 message);
const Row *list_model_row(const ListModel *m, gint64 placement); /* NULL: unknown or gone */
