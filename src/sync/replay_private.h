/* replay_private.h - what the files of replay share.
 *
 * replay.c         the queue, flags, moving and copying, recovery
 * replay_append.c  storing messages
 * replay_delete.c  removing messages
 * replay_find.c    has it been done?
 * replay_folder.c  folders; replay_relay.c  to other accounts */
#pragma once
#include "replay.h"

static inline const OpItem *item_at(const OpBatch *b, guint n)
{
    return &g_array_index(b->items, OpItem, n);
}

/* The UIDs of its items (guint32); the caller owns it. */
GArray *replay_uids(const OpBatch *b);
/* Items [low, high) as a batch that borrows them: only its `items` is to be freed. */
OpBatch replay_slice(const OpBatch *b, guint low, guint high);
/* *split: the server refused, and smaller batches may do. FALSE with err: stop. */
typedef gboolean (*ReplayFunc)(FastLane *l, const OpBatch *b, gboolean *split, GError **err);
/* Both halves of `b`, the halves of what `each` wants split, and so on, oldest first. */
gboolean replay_halves(FastLane *l, const OpBatch *b, ReplayFunc each, GError **err);

/* ---- outcomes ---- */
gboolean replay_done(FastLane *l, const OpBatch *b, GError **err);
gboolean replay_park(FastLane *l, const OpBatch *b, const char *words, GError **err);
/* Did the server say no to this one command? (Else the connection, or a busy server: later.) */
gboolean replay_is_refusal(FastLane *l, const GError *failure);
gboolean replay_park_if_refused(FastLane *l, const OpBatch *b, GError *failure_take, GError **err);
/* By where the items are now: uids[i] != 0 or `assumed` is done, the rest is parked with these words;
 * NULL: the rest is not in its folder any more. */
gboolean replay_settle(FastLane *l, const OpBatch *b, const guint32 *uids, guint32 uidvalidity, gboolean assumed,
                       const char *words, GError **err);

/* ---- folders ---- */
/* The folder, made on the server first where that is still to be done. NULL with err: GONE and REFUSED
 * are the server's no. */
Folder *replay_target(FastLane *l, gint64 id, GError **err);
/* UIDVALIDITY and UIDNEXT of the target, for the mark; 0 where the server does not say. */
gboolean replay_position(FastLane *l, const Folder *target, guint32 *uidvalidity, guint32 *uidnext, GError **err);

/* ---- replay_folder.c, replay_relay.c ---- */
gboolean replay_folder(FastLane *l, const OpBatch *b, GError **err);
gboolean replay_relay(FastLane *l, const OpBatch *b, GError **err);
/* What these placements (gint64) were moved from another account is stored: that account's lane may
 * delete them. */
void replay_tell_sources(FastLane *l, const GArray *sources);

/* ---- replay_append.c, replay_delete.c ---- */
gboolean replay_append(FastLane *l, const OpBatch *b, GError **err);
/* In the selected folder: marks and removes these UIDs and nothing else. REFUSED also when the server could
 * remove them only together with others that are marked. */
gboolean replay_delete(FastLane *l, const GArray *uids, GError **err);
/* Gmail: an EXPUNGE only takes a label away, except in Trash and Spam; so by way of Trash. */
gboolean replay_delete_gmail(FastLane *l, const OpBatch *b, const GArray *uids, GError **err);
/* Would a plain EXPUNGE, once these are marked, take nothing else? REFUSED with words for people. */
gboolean replay_may_expunge(FastLane *l, const GArray *uids, GError **err);
