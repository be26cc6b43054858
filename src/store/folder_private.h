/* folder_private.h - folders: what other files of this layer need of them. */
#pragma once
#include "pintail/store/folder.h"
#include "private.h"

char *folder_maildir(Store *s, gint64 folder); /* absolute; NULL: not a local folder */
char *account_maildir(Store *s, gint64 account);
gint64 folder_account(Store *s, gint64 folder); /* 0: gone */
guint folder_flags(Store *s, gint64 folder);
/* Inside a transaction. Makes the row (and, `local`, the Maildir). 0: an error sticks. */
gint64 folder_insert(Store *s, gint64 account, const char *name, const char *delimiter,
                     FolderRole role, guint flags, const char *path);
/* Adds what lies below the account's Maildir and has no row yet. Inside a transaction. */
void folders_adopt(Store *s, gint64 account, const char *root);
/* More than counters of an account's folders has changed. Inside a transaction. */
void folders_changed(Store *s, gint64 account);
gboolean folder_name_ok(const char *name, GError **err);
gboolean folder_is_standard(const char *name); /* a local account makes it anew when it is missing */
/* A free path below the account's Maildir for a folder of this name; the caller owns it. */
char *folder_local_path(Store *s, gint64 account, const char *name);
/* Something waits to go there, or to come from there, or was never anywhere else. */
gboolean folder_holds_only_copies(Store *s, gint64 folder);

/* ---- folder_change.c ---- */
/* What is shown of a folder while operations on it wait. Inside a transaction. */
void folder_recompute(Store *s, gint64 folder);
/* Rows of the folder and of what is below it get their new names. Inside a transaction. */
void folder_rename_rows(Store *s, gint64 account, const char *old, const char *name, const char *delimiter);
/* The server is to have it soon, not only when something is put there. Inside a transaction. */
void folder_queue_creation(Store *s, gint64 account, gint64 folder, const char *name);
/* A name as typed, with the personal namespace's prefix where it has none; the caller owns it. */
char *folder_wire_name(Store *s, gint64 account, const char *typed);
gboolean folder_commit(Store *s, GError **err);
gboolean folder_refuse(Store *s, GError **err, const char *format, const char *name);

/* ---- folder_local.c: own transactions ---- */
gboolean folder_rename_local(Store *s, const Folder *f, const char *name, GError **err);
gboolean folder_delete_local(Store *s, const Folder *f, GError **err);
gboolean folders_resume(Store *s, gint64 account, GError **err); /* what a crash interrupted */

/* A folder row, its placements and tombstones go, in slices. */
gboolean folder_remove(Store *s, gint64 folder, GError **err);

/* ---- sync_rows.c ---- */
/* The server does not have it any more; inside a transaction. */
void placement_vanish(Store *s, gint64 placement);
/* If another client took the message away: what is still to be done with it has lost its object, and would
 * wait for ever. */
void placement_settle_lost(Store *s, gint64 placement);

/* ---- uidl.c ---- */
void uidls_import(Store *s, gint64 account, const char *root); /* from the side file */
/* A file with this base has become `message`. */
void uidl_relink(Store *s, gint64 account, const char *base, gint64 message);
