/* loader.h - the threads for what is local but slow: big lists, searches, decoding, layout.
 *
 * Work is handed over by slot. A new job in a slot stops the old one and makes
 * its result stale: stale results are dropped (each job has a generation number), so a callback always
 * belongs to the last thing that was asked for. Two threads: one for what the person looks at
 * now (a message), one for what may take long (a whole list, a search). */
#pragma once
#include "view.h"

typedef enum {
    LOAD_LIST,   /* the whole list of a folder */
    LOAD_SEARCH, /* search and limit */
    LOAD_BODY,   /* the viewer's message */
    LOAD_LAYOUT, /* the viewer's lines to the end; search in them */
    LOAD_PARTS,  /* parts view, saving an attachment */
    LOAD_WRITE,  /* what a reply or forward quotes; drafts */
    LOAD_TREE,   /* of a thread that is too large to be read at once */
    LOAD_CONVERSATION, /* its messages, some at a time */
    LOAD_OTHER,
    LOAD_SLOTS,
} LoadSlot;

typedef struct Loader Loader;
/* On a loader thread. Looks at `stop` now and then. Returns the result; NULL with *err: failed. */
typedef gpointer (*LoadWork)(Store *s, gpointer data, const Cancel *stop, GError **err);
/* On the UI thread. Owns `result`. */
typedef void (*LoadDone)(Ui *ui, gpointer result, const GError *err, gpointer data);

Loader *loader_new(StoreHome *home, GError **err);
void loader_free(Loader *l); /* stops what runs */
void loader_run(Loader *l, LoadSlot slot, LoadWork work, LoadDone done, gpointer data,
                GDestroyNotify free_data, GDestroyNotify free_result);
void loader_stop(Loader *l, LoadSlot slot); /* no callback will come */
gboolean loader_busy_with(const Loader *l, LoadSlot slot);
gboolean loader_busy(const Loader *l);
int loader_fd(const Loader *l);
gboolean loader_deliver(Loader *l, Ui *ui); /* TRUE when there was something */
