/* folder_rows.h - which rows the folder pane has: accounts, folders, in which order, which folded away.
 *
 * Pure: folders in, rows out; linear, whatever is folded (n log n when sorted otherwise). */
#pragma once
#include "pintail/store/folder.h"

typedef enum { ROW_ACCOUNT, ROW_FOLDER, ROW_ADD } RowKind;

typedef struct {
    RowKind kind;
    gint64 account;
    const Folder *folder; /* borrowed from the folders */
    gboolean folded;      /* an account whose folders are not shown, a folder with folders below that are not */
    gboolean parent;      /* there are folders below it */
    gint64 unread;        /* ROW_ACCOUNT folded: in its INBOX; a folded folder: what is below included */
} FolderRow;

typedef enum { FOLDERS_ALL, FOLDERS_UNREAD, FOLDERS_PINNED, FOLDERS_SUBSCRIBED } FolderFilter;
typedef enum { FOLDERS_USUAL, FOLDERS_BY_NAME, FOLDERS_BY_UNREAD } FolderOrder;

typedef struct {
    FolderFilter filter;
    FolderOrder order;
    gint64 open;       /* the folder in the list: never left out */
    int height;        /* rows of the pane; 0: not known yet */
    gboolean with_add; /* a row that adds an account at the end */
} FolderRowsAs;

FolderFilter folder_filter_of(const char *word); /* "all", "unread", "pinned", "subscribed" */
FolderOrder folder_order_of(const char *word);   /* "usual", "name", "unread" */

/* `folders` is of Folder, the accounts one after the other; `rows` of FolderRow is filled anew. *looks (may be
 * NULL) counts how often a folder was looked at. */
void folder_rows_make(const GPtrArray *folders, const FolderRowsAs *as, GArray *rows, guint64 *looks);
