/* imap_flow.h - small sections of many messages, one after the other, so many in flight that the line does
 * not rest: what has come is stored while the next is on its way. */
#pragma once
#include "imap_parts.h"

typedef struct Flow Flow;

Flow *flow_new(FastLane *l);
/* Asks for one section (copied) of about `size` bytes; may wait for earlier ones, and selects the folder. *arrived
 * (may be NULL) becomes TRUE when it is in the cache; what a server refuses does not arrive. FALSE: the
 * connection broke, the folder cannot be had, or the store failed; only flow_free() is left then. */
gboolean flow_add(Flow *f, const Place *p, const char *section, guint64 size, gboolean *arrived, GError **err);
/* Everything that was asked for has come and is stored; *done grows by how many. Then more may be added. */
gboolean flow_finish(Flow *f, guint *done, GError **err);
/* Without flow_finish(), what is still to come is lost, and the connection with it. */
void flow_free(Flow *f);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Flow, flow_free)
