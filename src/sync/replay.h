/* replay.h - sends the person's changes to the server, oldest first.
 *
 * Never changes what the person sees: the screen's writer committed effect and operation
 * together. A crash leaves at most one batch in flight, its outcome unknown; the next run
 * asks the server before anything is repeated. Only the holder of the sync lock replays. */
#pragma once
#include "imap_fast.h"
#include "pintail/store/op.h"

/* Until nothing is left that can go now, or a request waits (TRUE; *finished FALSE then). FALSE with err: the
 * connection or the store; what was not confirmed stays queued. */
gboolean replay_run(FastLane *l, gboolean *finished, GError **err);

/* Where the items of a batch are in its target folder, looked for among UIDs that are new since it was
 * marked (all, when the folder was renumbered): uids[i], 0 when not found. By Message-ID and size,
 * each message of the server taken once. *uidvalidity of the target. A target that cannot be
 * selected has none of them. */
gboolean replay_find(FastLane *l, const OpBatch *b, guint32 *uids, guint32 *uidvalidity, GError **err);
