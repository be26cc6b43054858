/* message.h - messages and placements: reading lists, adding what servers have.
 *
 * A message is content; a placement is that message in a folder. Everything on the screen is named
 * by placement id (never reused). `server_flags` is what the server said, `shown_flags` what the person
 * sees: the server's with all waiting operations applied. */
#pragma once
#include "pintail/mime/envelope.h"
#include "pintail/mime/flags.h"
#include "pintail/store/store.h"

/* ---- lists: reads, short, indexed; for the UI thread one page at a time ---- */
typedef enum { SORT_DATE, SORT_FROM, SORT_SUBJECT, SORT_SIZE, SORT_ARRIVAL } SortKey;

typedef struct {
    gint64 placement, message, folder, thread;
    guint flags;           /* Flags, shown */
    gint64 date;           /* Unix seconds: Date, or arrival where that is hopeless */
    guint64 size;
    char *from, *from_address; /* label and address of the first author */
    char *to;              /* label of the first recipient, for Sent and Drafts */
    char *subject;
    gboolean has_attachment;
    gboolean waiting;      /* an operation on it has not reached the server */
    gboolean parked;       /* an operation on it was refused */
    gboolean partial;      /* POP3: only its header is here */
} Row;
void row_free(Row *r);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Row, row_free)

/* The first `n` placements of the order (`newest first` is SORT_DATE with reverse), gint64s. */
GArray *list_first(Store *s, gint64 folder, SortKey key, gboolean reverse, guint n, GError **err);
/* All of them, for the loader: runs in slices of at most 10 ms between which `stop` is looked at. */
GArray *list_all(Store *s, gint64 folder, SortKey key, gboolean reverse, const Cancel *stop,
                 GError **err);
/* Rows in the order of `ids`; one that is gone is NULL. */
GPtrArray *rows_get(Store *s, const gint64 *ids, guint n, GError **err);
/* What happened in a folder after `since`. */
typedef struct {
    GArray *added, *changed, *removed; /* gint64 placements */
    gint64 seq;                        /* up to here */
    gboolean all;                      /* too much: build the list anew */
} ListChanges;
ListChanges *list_changes(Store *s, gint64 folder, gint64 since, GError **err);
void list_changes_free(ListChanges *c);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ListChanges, list_changes_free)

/* From content if it is here, else from the columns; the caller owns it. */
Envelope *message_envelope(Store *s, gint64 message, GError **err);
/* Any placement of the message with this Message-ID in the account; 0 when none. */
gint64 placement_by_message_id(Store *s, gint64 account, const char *message_id);
gint64 placement_folder(Store *s, gint64 placement); /* 0 when gone */

/* ---- content ---- */
/* `section` "" is the whole message, "HEADER" its header, "1.2" a part's body (encoded), "TREE" the
 * text of part_tree_to_text(). Local mail is read from its file. NULL without error when it is
 * not here. Limited to 256 MiB. */
GBytes *body_get(Store *s, gint64 message, const char *section, GError **err);
gboolean body_have(Store *s, gint64 message, const char *section);
/* Into the cache (zstd, 64 KiB chunks); a whole message also feeds the index. */
gboolean body_put(Store *s, gint64 message, const char *section, const void *bytes, gsize len,
                  GError **err);
/* Several at once: a commit for all, in slices. Those before the first that fails are there. */
typedef struct {
    gint64 message;
    const char *section;
    const void *bytes;
    gsize len;
} Body;
gboolean bodies_put(Store *s, const Body *bodies, guint n, GError **err);
/* The same piece by piece. `how` ("" or a letter) keeps apart what is fetched in different ways. `at` is
 * what is here already, body_begun(); 0 begins anew. Nobody reads it before the `last` piece, which may
 * be empty. GONE: what was begun has been evicted meanwhile; begin anew. */
guint64 body_begun(Store *s, gint64 message, const char *section, const char *how);
gboolean body_add(Store *s, gint64 message, const char *section, const char *how, guint64 at, const void *bytes,
                  gsize len, gboolean last, GError **err);
/* Unread messages next to this one (by date, in its folder) whose viewer content is not here: the next older
 * and the next newer, at most n of each. */
GArray *bodies_near(Store *s, gint64 message, guint n, GError **err);
/* Of those in `folder` newer than `since`, at most n messages whose viewer content is not here. */
GArray *bodies_missing(Store *s, gint64 folder, gint64 since, guint n, GError **err);

/* ---- sync: what a server has ---- */
typedef struct {
    guint32 uid;
    guint flags;
    const Envelope *envelope;
    guint64 size;
    gint64 received; /* INTERNALDATE */
    char *server_id; /* EMAILID or X-GM-MSGID: the same wherever the message lies; NULL. The caller's. */
} FetchedMessage;
/* Binds a waiting placement (Message-ID + size, or the same UID) before it creates one. */
gboolean placements_add(Store *s, gint64 folder, const FetchedMessage *fetched, guint n, GError **err);
/* The same, and appends to `had` (of UidFlags; NULL) the flags of those that had a row with this UID, which keeps its
 * own: an operation of ours may have named it after this was asked. placements_flags() decides. */
gboolean placements_fetched(Store *s, gint64 folder, const FetchedMessage *fetched, guint n, GArray *had, GError **err);
typedef struct {
    guint32 uid;
    guint flags;
    gint64 placement; /* when from the store */
} UidFlags;
/* What is known: UIDs lo..hi with server flags, ascending. Array of UidFlags. Reads. */
GArray *placements_uids(Store *s, gint64 folder, guint32 lo, guint32 hi, GError **err);
/* The same for all UIDs, without flags: quick, from an index alone. */
GArray *placements_known(Store *s, gint64 folder, GError **err);
/* How many there are. */
guint placements_count(Store *s, gint64 folder);
/* How many of these did placements_flags() ignore? Asked behind it. */
guint placements_outrun(Store *s, gint64 folder, const UidFlags *flags, guint n, gint64 issued_seq);
/* New server flags; those of a placement on which an operation completed after
 * `issued_seq` (store_change_seq() before the FETCH was sent) are ignored. */
gboolean placements_flags(Store *s, gint64 folder, const UidFlags *flags, guint n,
                          gint64 issued_seq, GError **err);
/* Is any of these without a row? Its flags could not be taken in. */
gboolean placements_unplaced(Store *s, gint64 folder, const UidFlags *flags, guint n);
gboolean placements_vanished(Store *s, gint64 folder, const guint32 *uids, guint n, GError **err);
/* UID and folder of a placement; FALSE when it is gone. uid 0: it awaits one. */
gboolean placement_locate(Store *s, gint64 placement, gint64 *folder, guint32 *uid,
                          guint32 *uidvalidity, gint64 *message);
/* Where the message's content can be fetched from, and its size; FALSE: from nowhere (now). */
gboolean message_locate(Store *s, gint64 message, gint64 *folder, guint32 *uid, guint32 *uidvalidity, guint64 *size);
guint64 message_size(Store *s, gint64 message);

/* ---- search (this folder, or folder 0: the account, account 0 too: everything) ---- */
/* `pattern` as in UX.md; words are looked for in header and body. INVALID with the reason. Placements,
 * newest first, at most `limit`; runs in slices, looks at `stop`. */
GArray *search_run(Store *s, gint64 account, gint64 folder, const char *pattern, guint limit,
                   const Cancel *stop, GError **err);
