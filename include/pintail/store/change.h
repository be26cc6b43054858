/* change.h - what the person does: effect and operation in one durable transaction, and undo.
 *
 * Called by the writer thread. On a local folder files are moved or renamed and no
 * operation is needed. */
#pragma once
#include "pintail/store/message.h"

typedef enum {
    CHANGE_FLAGS, /* add, remove */
    CHANGE_MOVE,  /* to `destination`, of the same account */
    CHANGE_COPY,
    CHANGE_PURGE, /* for good: local files go, servers expunge these UIDs only */
} ChangeKind;

typedef struct {
    ChangeKind kind;
    const gint64 *placements;
    guint n;
    guint add, remove;   /* Flags */
    gint64 destination;  /* folder */
} Change;

/* Returns the undo group (> 0), 0 with err. REFUSED: read only, another account's folder. Placements
 * that are gone are left out; GONE when none is left. A purge cannot be undone. */
gint64 change_commit(Store *s, const Change *change, GError **err);
/* What was not replayed is deleted from the queue; for the rest the inverse is queued behind it. */
gboolean change_undo(Store *s, gint64 group, GError **err);

/* Puts a whole message (CRLF or LF) into a folder: a durable file first; on an IMAP folder a
 * placement that awaits its UID and an APPEND operation with it. `replaces` (a placement, or 0) is
 * removed once the new one is confirmed (drafts). Returns the placement. */
gint64 message_append(Store *s, gint64 folder, const void *bytes, gsize len, guint flags,
                      gint64 replaces, GError **err);
