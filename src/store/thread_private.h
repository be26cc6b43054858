/* thread_private.h - what the files about threads share. */
#pragma once
#include "message_private.h"
#include "pintail/store/thread.h"

#define CHAIN_NAMED 100            /* ids of one message that are looked at: the newest */
#define CHAIN_MAX   (CHAIN_NAMED + 2)
#define LOOSE_SECONDS (60 * 86400) /* a reply by its subject alone comes within that */

/* The ids that a message names and its own, oldest first, its own last; cut where a message was
 * broken off by hand, led by the one that it was joined to. */
typedef struct {
    gint64 hash[CHAIN_MAX];
    guint n;
} Chain;
void thread_chain(Store *s, gint64 account, gint64 own, const char *in_reply_to,
                  const char *const *references, guint n, Chain *c);
/* The same from the columns; `refs` separated by blanks. */
void thread_chain_columns(Store *s, gint64 account, gint64 own, const char *in_reply_to,
                          const char *refs, Chain *c);
/* What the person did to this message: the one it hangs below, 0: it was broken off. */
gboolean thread_hand(Store *s, gint64 account, gint64 hash, gint64 *parent);
/* Of a subject: what stands for it when a message names no other one; 0: too common to say much.
 * *reply: it answers something. */
gint64 thread_loose(const char *subject, gboolean *reply);

/* Puts all ids into one thread and returns it; the smaller ones are relabelled. `message`: a row
 * that has no thread yet (or 0), whose id names a new one. */
gint64 thread_unite(Store *s, gint64 account, const Chain *c, gint64 message);
/* The loose message right before (hash, date), not older than LOOSE_SECONDS; 0: none. *hash: its id. */
gint64 thread_loose_before(Store *s, gint64 account, gint64 loose, gint64 date, gint64 hash,
                           gint64 *its_hash);
/* Works out anew which messages of a thread belong together, and labels them. */
void thread_rebuild(Store *s, gint64 account, gint64 thread);
gint64 thread_of_hash(Store *s, gint64 account, gint64 hash); /* 0: unknown */
/* A folder's row of a thread, from its messages. */
void thread_recount(Store *s, gint64 folder, gint64 thread);
