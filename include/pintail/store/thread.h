/* thread.h - conversations: which messages belong together, in what order, and what can be done
 * with one.
 *
 * A thread is a set of messages of one account, in whatever folders they are. It follows from the
 * messages and from what the person did by hand, never from the order in which mail came:
 * References and In-Reply-To; and a reply ("Re:") that names no other message belongs to the
 * message with the same subject right before it (60 days at most). Row.thread is its id; it changes
 * when conversations join or part, and all rows that it concerns are then `changed`. */
#pragma once
#include "pintail/store/message.h"

/* ---- a folder by conversations ---- */
typedef struct {
    gint64 thread;
    gint64 newest;         /* date of its newest message in this folder */
    guint32 total, unread; /* of it in this folder */
} ThreadInfo;

/* The first `n` of a folder's threads, by their newest message; arrays of ThreadInfo. Reads; short. */
GArray *threads_first(Store *s, gint64 folder, gboolean newest_first, guint n, GError **err);
/* All of them, for the loader, in slices between which `stop` is looked at. */
GArray *threads_all(Store *s, gint64 folder, gboolean newest_first, const Cancel *stop, GError **err);

/* ---- one conversation ---- */
typedef struct {
    gint64 placement, message, folder, date;
    guint flags;
    guint16 depth; /* 0: nothing before it is here */
    gboolean last; /* no sibling follows: its branch is drawn with a corner */
} ThreadEntry;

/* A thread's messages, each behind the one that it answers, answers by date. `folder`: only what is
 * there; `everywhere`: the whole conversation, each message once, that in `folder` (0: none)
 * preferred, what is in Trash and Junk only left out. Array of ThreadEntry; empty when there is no
 * such thread. Reads: a few milliseconds per thousand messages. */
GArray *thread_entries(Store *s, gint64 thread, gint64 folder, gboolean everywhere, GError **err);
/* The thread of a placement, 0: gone. Reads. */
gint64 thread_of_placement(Store *s, gint64 placement);

/* ---- the list of a folder in threads: what a view shows, row by row ----
 * UI thread only (make it from threads_first(), and again with what the loader got from
 * threads_all()). Holds 24 bytes per thread; trees are read when rows of them are wanted. */
typedef struct ThreadList ThreadList;

typedef struct {
    gint64 thread, placement; /* placement 0: see thread_list_load() */
    guint16 depth;
    gboolean last;
    gboolean folded;        /* this row stands for the whole thread */
    guint32 total, unread;  /* of the thread in this folder */
    gboolean first;         /* of its thread */
} ThreadRow;

/* `fold`: threads begin folded. Those of more than 1000 messages always do. */
ThreadList *thread_list_new(gint64 folder, gboolean newest_first, gboolean fold);
void thread_list_free(ThreadList *l);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ThreadList, thread_list_free)
/* Takes the array of threads_first() (complete: FALSE) or threads_all(); what is folded stays so.
 * `seq`: store_change_seq() from before they were read. */
void thread_list_set(ThreadList *l, GArray *threads_take, gint64 seq, gboolean complete);
guint thread_list_len(const ThreadList *l);         /* rows */
guint thread_list_threads(const ThreadList *l);
gboolean thread_list_complete(const ThreadList *l);
/* Reads the trees that rows index..index+n need. A thread of more than 1000 messages is not read
 * here: its id is returned (else 0), have the loader run thread_entries() and give it
 * thread_list_put(). */
gint64 thread_list_load(ThreadList *l, Store *s, guint index, guint n);
void thread_list_put(ThreadList *l, gint64 thread, GArray *entries_take);
gboolean thread_list_row(const ThreadList *l, guint index, ThreadRow *row); /* FALSE: beyond the end */
/* Where a placement (of this thread) is; its thread's first row while that is folded; -1: not here. */
int thread_list_find(ThreadList *l, Store *s, gint64 thread, gint64 placement);
/* The row of its parent; -1 when it has none. */
int thread_list_parent(const ThreadList *l, guint index);
gboolean thread_list_fold(ThreadList *l, gint64 thread, gboolean fold); /* FALSE: nothing changed */
void thread_list_fold_all(ThreadList *l, gboolean fold);
/* What happened since the last time: threads that changed get their new place. *reload: too much,
 * read threads_all() again. TRUE when rows changed. */
gboolean thread_list_update(ThreadList *l, Store *s, gboolean *reload);

/* ---- things done with one ---- */
/* Its placements, for change_commit(): in `folder`, 0: everywhere in the account. Reads. */
GArray *thread_placements(Store *s, gint64 thread, gint64 folder, GError **err);
/* By hand; kept here under the Message-ID, so a new download changes nothing of it. */
/* This message and what answers it become a thread of their own. */
gboolean thread_break(Store *s, gint64 placement, GError **err);
/* It, and what answers it, hangs below `parent` (of the same account) from now on. */
gboolean thread_join(Store *s, gint64 placement, gint64 parent, GError **err);
/* Takes either back. */
gboolean thread_restore(Store *s, gint64 placement, GError **err);
/* What comes into a muted thread is marked read at once; `is:muted` finds it. */
gboolean thread_mute(Store *s, gint64 thread, gboolean mute, GError **err);
gboolean thread_is_muted(Store *s, gint64 thread); /* reads */
