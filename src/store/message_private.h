/* message_private.h - message and placement rows. Everything here runs inside a transaction
 * of the caller unless it only reads; errors stick to s->db. */
#pragma once
#include "pintail/mime/envelope.h"
#include "pintail/store/message.h"
#include "private.h"

/* ---- message.c ---- */
/* message.content: what of it is in the cache; 0 for local mail, whose file is asked instead. */
enum { CONTENT_WHOLE = 1, CONTENT_TREE = 2, CONTENT_PART = 4, CONTENT_HEADER = 8 };

gint64 message_insert(Store *s, gint64 account, const Envelope *e, guint64 size, gint64 received,
                      gboolean partial);
/* The whole of a partial message has come. */
void message_complete(Store *s, gint64 message, const Envelope *e, guint64 size);
/* Deletes the row when nothing refers to it any more. */
void message_collect(Store *s, gint64 message);
/* Stands for the Message-ID, or for what else tells messages apart where there is none. */
gint64 message_hash(const Envelope *e);
gint64 message_id_hash(const char *message_id);
Envelope *envelope_from_row(Store *s, gint64 message);
void index_enqueue(Store *s, gint64 message, gboolean gone);
/* Where the content of a message is as a file, local mail or an APPEND that waits; NULL: nowhere.
 */
char *message_file(Store *s, gint64 message);
char *people_pack(const GPtrArray *people);
GPtrArray *people_unpack(const char *packed);

/* ---- thread.c ---- */
/* The thread of a message whose row is still to be made under this id; `loose` as in the row, or 0. */
gint64 thread_assign(Store *s, gint64 account, gint64 message, const Envelope *e, gint64 *loose);
/* Once the row of a loose message is there: it may belong to another thread. */
void thread_connect(Store *s, gint64 account, gint64 message, const Envelope *e, gint64 date, gint64 thread);
void thread_add(Store *s, gint64 folder, gint64 thread, gint64 date, gint64 total, gint64 unread);
/* What is shown of a message in a folder has changed by so much. */
void thread_count(Store *s, gint64 folder, gint64 message, gint64 date, gint64 total,
                  gint64 unread);
/* A placement that a server or a download has brought: in a muted thread it is marked read. */
void thread_arrived(Store *s, gint64 message, gint64 placement);

/* ---- placement.c ---- */
typedef struct {
    gint64 id, message, folder, account;
    guint32 uid;      /* under the folder's present UIDVALIDITY; 0: awaiting one */
    gboolean unbound; /* has a UID of an older UIDVALIDITY */
    gboolean server_here, shown, waiting, parked;
    guint server_flags, shown_flags;
    guint folder_flags;
    gint64 added_seq, op_done_seq, date;
    char *base, *file; /* local mail; file also NULL for partial mail */
    char *maildir;     /* absolute path of a local folder; else NULL */
} Placement;
void placement_clear(Placement *p);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Placement, placement_clear)
gboolean placement_load(Store *s, gint64 id, Placement *p); /* FALSE: gone */
char *placement_path(const Placement *p);                   /* NULL without a file */

/* New row; it is not shown before placement_recompute() says so. */
gint64 placement_insert(Store *s, gint64 message, gint64 folder, guint32 uidvalidity, guint32 uid,
                        guint server_flags, gboolean server_here);
/* A row that a server has and no operation knows yet: shown at once, and counted in its thread, but not in its
 * folder: placement_counted() takes many together, in the same transaction. */
gint64 placement_insert_shown(Store *s, gint64 message, gint64 folder, guint32 uidvalidity, guint32 uid, guint flags);
void placement_counted(Store *s, gint64 account, gint64 folder, gint64 total, gint64 unread);
gint64 placement_clone(Store *s, gint64 source, gint64 folder, gboolean server_here);
void placement_set_file(Store *s, gint64 id, const char *base, const char *file);
/* The one function that decides shown_*, waiting, parked and the folder's counters, for
 * this placement and for those that operations derive from it. */
void placement_recompute(Store *s, gint64 id);
/* Flags with all operations before `op` (0: all) applied. */
guint placement_flags_before(Store *s, gint64 id, gint64 op);
void placement_touch(Store *s, gint64 id); /* its row looks different now */
/* A local message now stands in another folder, under the same id. */
void placement_refolder(Store *s, gint64 id, gint64 folder);
/* Removes the row (and its message, when that was the last one). */
void placement_delete(Store *s, gint64 id);
/* placement_delete() when neither server nor an operation knows it any more. */
void placement_collect(Store *s, gint64 id);
/* The server has it under this UID. Merges with a row that sync made for the same UID. */
void placement_bind(Store *s, gint64 id, guint32 uidvalidity, guint32 uid);
/* `gone` becomes part of `kept`: operations and undo follow. */
void placement_merge(Store *s, gint64 kept, gint64 gone);
