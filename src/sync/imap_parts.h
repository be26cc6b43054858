/* imap_parts.h - sections of one message, from the server into the cache. */
#pragma once
#include "imap_fast.h"

#define SMALL_MESSAGE (128 * 1024) /* comes whole, and at once */

/* Where one message is. */
typedef struct {
    gint64 message;
    guint32 uid, uidvalidity;
    guint64 size;
    Folder *folder;
    gboolean borrowed; /* the folder */
} Place;
static inline void place_clear(Place *p)
{
    if (!p->borrowed)
        g_clear_pointer(&p->folder, folder_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Place, place_clear)
/* Selects its folder, and makes sure that the session knows of it. GONE: it was renumbered. */
gboolean place_select(FastLane *l, const Place *p, GError **err);

/* One section into the cache. A large one (`expected` bytes, 0: unknown) in pieces, beginning with what an
 * earlier attempt has left, with progress, and with what the person wants meanwhile between two pieces;
 * `base64`: its encoding, which BINARY can spare the wire. */
gboolean section_fetch(FastLane *l, const Place *p, const char *section, guint64 expected, gboolean base64,
                       GError **err);

typedef struct {
    const Place *place;
    const char *section;
    guint64 size; /* about */
    gboolean arrived;
} SmallSection;
/* Small ones, several in flight (imap_flow.h). What a server refuses has not arrived; FALSE: the connection
 * broke, or the store did. */
gboolean sections_fetch(FastLane *l, SmallSection *wanted, guint n, GError **err);
