/* change_private.h - changes and operations: what other files of this layer need of them.
 * Inside a transaction of the caller unless it says otherwise. */
#pragma once
#include "message_private.h"
#include "pintail/store/change.h"
#include "pintail/store/op.h"

/* ---- change.c ---- */
/* Goes on with bulk changes that a crash interrupted. Own transactions. */
gboolean changes_resume(Store *s, GError **err);
/* One placement, without a way to undo: for answered marks and drafts that were sent. */
void change_flags_now(Store *s, gint64 placement, guint add, guint remove);
void change_purge_now(Store *s, gint64 placement);
/* Queues an operation; `p` is where it is given. Returns its id. */
gint64 op_insert(Store *s, OpKind kind, const Placement *p, gint64 destination,
                 gint64 destination_placement, guint add, guint remove);
char *op_file(Store *s, gint64 op);       /* APPEND: where its bytes are; NULL */
void op_remove_file(Store *s, gint64 op); /* once the transaction is committed */
/* An item of a group, as it was applied. */
typedef struct {
    gint64 group, placement, folder, op, destination_placement;
    guint added, removed;
} UndoItem;
enum { ITEM_PENDING, ITEM_APPLIED, ITEM_SKIPPED, ITEM_UNDONE };
enum { GROUP_DONE, GROUP_APPLYING, GROUP_UNDOING, GROUP_UNDONE };

/* ---- undo.c ---- */
gboolean undo_resume(Store *s, gint64 group, GError **err); /* own transactions */
void undo_follow(Store *s, gint64 kept, gint64 gone);       /* see placement_merge() */

/* ---- change_local.c: the file moves, then the row. FALSE: it is not there any more. ---- */
gboolean local_set_flags(Store *s, Placement *p, guint flags);
gboolean local_move(Store *s, Placement *p, gint64 destination);
gint64 local_copy(Store *s, Placement *p, gint64 destination); /* the new placement; 0 */
void local_purge(Store *s, Placement *p);

/* ---- relay.c: to a folder of another account. FALSE: it is not there any more. ---- */
gboolean relay_place(Store *s, Placement *p, gboolean move, gint64 destination, UndoItem *item);
/* Undone before it went: the source is what it was. FALSE: something builds on it. */
gboolean relay_withdraw(Store *s, const UndoItem *item);
/* A placement whose content has not come is deleted for good. FALSE: it is not such a one. */
gboolean relay_purge(Store *s, gint64 placement);
/* Its copy is stored elsewhere: it goes. */
void relay_leave(Store *s, gint64 placement);

/* ---- append.c ---- */
typedef struct {
    gint64 folder, account;
    gboolean local;
    char *maildir, *base, *path; /* path: of the durable file, or (local) of the one under tmp/ */
    gsize size;
    Envelope *envelope;
} Prepared;
void prepared_clear(Prepared *p); /* removes a file that was not used */
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Prepared, prepared_clear)
/* Before the transaction: the bytes, durable, under a name nobody looks at. `key` (may be NULL)
 * makes the name: the same key twice is the same message. */
gboolean append_prepare(Store *s, gint64 folder, const void *bytes, gsize len, const char *key,
                        Prepared *p, GError **err);
/* Inside it: row and operation. Returns the placement. */
gint64 append_place(Store *s, Prepared *p, guint flags, gint64 replaces);
void append_clean(Store *s); /* old files that nothing refers to; no transaction */
/* A placement that never came to be: it goes, with all operations on it and what they were to make.
 */
void placement_unmake(Store *s, gint64 placement);
/* Drops an APPEND that has not begun: the message goes, what it was to replace goes too. */
void append_withdraw(Store *s, gint64 op);
