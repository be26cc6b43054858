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
/* A folder row, its placements and tombstones go, in slices. */
gboolean folder_remove(Store *s, gint64 folder, GError **err);

/* ---- sync_rows.c ---- */
/* The server does not have it any more; inside a transaction. */
void placement_vanish(Store *s, gint64 placement);

/* ---- uidl.c ---- */
void uidls_import(Store *s, gint64 account, const char *root); /* from the side file */
/* A file with this base has become `message`. */
void uidl_relink(Store *s, gint64 account, const char *base, gint64 message);
