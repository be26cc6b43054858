/* op.h - operations that wait for a server: the replay's view.
 *
 * States: waiting -> inflight -> (gone when done | parked when refused). At most one batch of
 * a non-idempotent kind per account is in flight. Only the holder of the sync lock calls
 * these, except the list for the screen. */
#pragma once
#include "pintail/store/message.h"

typedef enum { OP_FLAGS, OP_MOVE, OP_COPY, OP_PURGE, OP_APPEND,
    OP_FOLDER_RENAME, OP_FOLDER_DELETE, OP_FOLDER_SUBSCRIBE, /* of `folder`: no items but their ids */
    OP_RELAY, /* the message's content is wanted here, for a folder of another account */
    OP_FOLDER_CREATE,
} OpKind;
typedef enum { OP_WAITING, OP_INFLIGHT, OP_PARKED } OpState;

typedef struct {
    gint64 id;
    gint64 placement;    /* source; for APPEND the placement that awaits its UID */
    gint64 destination_placement; /* MOVE, COPY: the one that awaits its UID */
    gint64 message;
    guint32 uid;         /* under the folder's present UIDVALIDITY; 0: awaiting one */
    char *message_id;    /* to find it again */
    guint64 size;
    char *file;          /* APPEND: the bytes */
    guint flags;         /* APPEND: to set */
    gint64 date;
    gint64 replaces;     /* APPEND: placement to purge afterwards; 0 */
} OpItem;

typedef struct {
    OpKind kind;
    OpState state;         /* INFLIGHT: from before a crash; ask the server before repeating */
    gint64 account, folder, destination; /* folder: where the command is given; APPEND: target */
    guint add, remove;
    char *name;            /* FOLDER_RENAME: the new one */
    guint32 recorded_uidvalidity, recorded_uidnext; /* of the destination, when it was marked */
    GArray *items;         /* of OpItem; all alike in the fields above */
} OpBatch;
void op_batch_free(OpBatch *b);
void op_batch_drop(OpBatch *b, guint n); /* leaves item n out: it is for another batch */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OpBatch, op_batch_free)

/* The oldest batch that can go now: its messages have no earlier operation that waits or is
 * parked, and have a UID. In-flight ones from before a crash come first. NULL with err unset: none. */
OpBatch *ops_next(Store *s, gint64 account, guint max, GError **err);
gboolean ops_waiting(Store *s, gint64 account); /* is there anything that waits? reads */
/* Before the first byte of a MOVE, COPY or APPEND, durably. GONE: one of them was undone meanwhile;
 * nothing is marked, take the next batch. */
gboolean ops_mark_inflight(Store *s, const OpBatch *b, guint32 destination_uidvalidity,
                           guint32 destination_uidnext, GError **err);
/* The server confirmed these items; `uids[i]` is the new UID of item i (0: unknown), may be NULL. */
gboolean ops_done(Store *s, const OpBatch *b, const guint *items, guint n, const guint32 *uids,
                  guint32 destination_uidvalidity, GError **err);
/* MOVE by COPY: these items are at the destination now, and still at the source. A PURGE of the
 * source takes the operation's place. */
gboolean ops_copied(Store *s, const OpBatch *b, const guint *items, guint n, const guint32 *uids,
                    guint32 destination_uidvalidity, GError **err);
/* The connection was lost before the command, or recovery found that it had no effect: waits again. */
gboolean ops_requeue(Store *s, const OpBatch *b, GError **err);
/* The folder operation is done on the server: name, children, rows follow. */
gboolean op_folder_done(Store *s, const OpBatch *b, GError **err);
/* The content of a RELAY's item (the whole message): it is put into its folder, or becomes an APPEND of that
 * folder's account, *account; what it was moved from goes when that is confirmed. GONE: it was undone. */
gboolean op_relayed(Store *s, const OpItem *item, GBytes *message, gint64 *account, GError **err);
/* Refused: shown state reverts, the server's words are kept. */
gboolean ops_park(Store *s, const OpBatch *b, const guint *items, guint n, const char *words,
                  GError **err);

/* ---- problems, for people ---- */
typedef struct {
    gint64 id, account, placement, message;
    OpKind kind;
    OpState state;
    char *what;    /* "move 'Autumn sale' to Trash", translated */
    char *words;   /* the server's */
    gint64 since;
} OpRow;
void op_row_free(OpRow *r);
GPtrArray *ops_list(Store *s, gboolean parked_only, GError **err); /* of OpRow, oldest first */
guint ops_count(Store *s, OpState state);
gboolean op_retry(Store *s, gint64 id, GError **err);
gboolean op_dismiss(Store *s, gint64 id, GError **err);
