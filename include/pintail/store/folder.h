/* folder.h - accounts and folders as the store knows them. Ids are never reused. */
#pragma once
#include "pintail/store/store.h"

typedef enum { STORED_IMAP, STORED_POP3, STORED_LOCAL } StoredAccountKind;

typedef enum {
    ROLE_NONE, ROLE_INBOX, ROLE_DRAFTS, ROLE_SENT, ROLE_ARCHIVE, ROLE_JUNK, ROLE_TRASH,
    ROLE_ALL, ROLE_FLAGGED, ROLE_IMPORTANT,
} FolderRole;

typedef enum {
    FOLDER_NOSELECT = 1 << 0,
    FOLDER_SUBSCRIBED = 1 << 1,
    FOLDER_LOCAL = 1 << 2,     /* a Maildir of ours */
    FOLDER_TO_CREATE = 1 << 3, /* made here, not yet on the server: replay creates it first */
    FOLDER_VANISHED = 1 << 4,  /* not listed any more; kept while something in it exists only here */
    FOLDER_READ_ONLY = 1 << 5, /* the server lets nothing be changed */
    FOLDER_TO_DELETE = 1 << 6, /* deleted by the person, not yet on the server: no list shows it */
    FOLDER_PINNED = 1 << 7,    /* kept in view by the person */
    FOLDER_COLLAPSED = 1 << 8, /* the person folded away what is below it */
    FOLDER_ROLE_BY_HAND = 1 << 9,
    FOLDER_OTHERS = 1 << 10,   /* another person's (RFC 2342) */
    FOLDER_SHARED = 1 << 11,
    FOLDER_NO_CHILDREN = 1 << 12, /* \Noinferiors */
} FolderFlags;

typedef struct {
    gint64 id, account_id;
    char *name;       /* whole name, UTF-8, with the server's delimiter */
    char *label;      /* as people see it: without the personal namespace's prefix, renamed already */
    char *delimiter;  /* "" when flat */
    char *mailbox_id; /* RFC 8474; "" when not known */
    char *rights;     /* RFC 4314: "lrswi"; "" when not known: all are assumed */
    FolderRole role;
    guint flags;      /* FolderFlags */
    gint64 total, unread; /* shown, not server, numbers */
    gint64 change_seq;
    /* the server's, as of the last sync: */
    guint32 uidvalidity, uidnext;
    guint64 highestmodseq;
    guint32 floor_uid;    /* every message with a UID >= this is known; 0: nothing yet, 1: all */
    char *path;           /* FOLDER_LOCAL: the Maildir */
} Folder;
void folder_free(Folder *f);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Folder, folder_free)

/* The account of this name, made when absent. POP3 and LOCAL ones get their local folders (INBOX,
 * Drafts, Sent, Trash, Archive, Junk) as Maildirs below `maildir` (NULL: <data>/mail/<name>). */
gint64 account_ensure(Store *s, const char *name, StoredAccountKind kind, const char *maildir,
                      GError **err);
gint64 account_find(Store *s, const char *name); /* 0 when absent; reads */
/* The same, but 0 also when account_ensure() with these would change something. Reads. */
gint64 account_find_as(Store *s, const char *name, StoredAccountKind kind, const char *maildir);
char *account_name(Store *s, gint64 account);     /* NULL when absent; reads */

/* Special folders first (INBOX, Drafts, Sent, Archive, Junk, Trash), then by name;
 * account 0: all, in the accounts' order. Array of Folder. Reads. */
GPtrArray *folders_list(Store *s, gint64 account, GError **err);
Folder *folder_get(Store *s, gint64 id, GError **err);
Folder *folder_by_name(Store *s, gint64 account, const char *name); /* NULL when absent; reads */
Folder *folder_by_role(Store *s, gint64 account, FolderRole role);  /* NULL when absent; reads */
/* The folder that `role` needs, made here (FOLDER_TO_CREATE, or a Maildir) when the account has none,
 * under this name (NULL: the usual one, "Sent"). */
gint64 folder_for_role(Store *s, gint64 account, FolderRole role, const char *name, GError **err);
gint64 folder_create(Store *s, gint64 account, const char *name, GError **err);

/* What the person does with folders. On a server the change waits as an operation (op.h) and is shown
 * at once; a Maildir is changed at once. Durable. REFUSED: INBOX, a taken name, no right to.
 * Names are as people type them: the personal namespace's prefix is put before them. */
gboolean folder_rename(Store *s, gint64 folder, const char *name, GError **err);
/* With all its messages; what is below it stays. */
gboolean folder_delete(Store *s, gint64 folder, GError **err);
gboolean folder_subscribe(Store *s, gint64 folder, gboolean on, GError **err);
/* From now on this one is the account's Sent, Trash...; ROLE_NONE: it is none of them. */
gboolean folder_set_role(Store *s, gint64 folder, FolderRole role, GError **err);
/* FOLDER_PINNED and FOLDER_COLLAPSED. */
gboolean folder_mark(Store *s, gint64 folder, guint add, guint remove, GError **err);
/* All placements in it that are not read (gint64); the caller owns it. Reads; not for the UI thread. */
GArray *folder_unread(Store *s, gint64 folder, GError **err);
/* Has the person a right (RFC 4314) there? TRUE when it is not known. */
gboolean folder_has_right(const Folder *f, char right);
/* Counters of folders that changed after `since`, for a list that has been read: FolderCount. *anew: more
 * than counters has changed, read the list anew. *seq: up to here. Reads. */
typedef struct {
    gint64 folder, total, unread;
} FolderCount;
GArray *folders_counted(Store *s, gint64 since, gint64 *seq, gboolean *anew, GError **err);

/* ---- what the server says of its folders ---- */
typedef enum { NAMESPACE_PERSONAL, NAMESPACE_OTHERS, NAMESPACE_SHARED } NamespaceKind;
typedef struct {
    NamespaceKind kind;
    const char *prefix, *delimiter;
} StoredNamespace;
/* Written only when they differ. */
gboolean account_set_namespaces(Store *s, gint64 account, const StoredNamespace *all, guint n, GError **err);
gboolean folder_set_mailbox_id(Store *s, gint64 folder, const char *id, GError **err);
gboolean folder_set_rights(Store *s, gint64 folder, const char *rights, GError **err);
/* Storage in KiB (RFC 9208); limit 0: none. */
gboolean account_set_quota(Store *s, gint64 account, guint64 used, guint64 limit, GError **err);
/* FALSE: none is known. *read: Unix seconds; may be NULL. Reads. */
gboolean account_quota(Store *s, gint64 account, guint64 *used, guint64 *limit, gint64 *read);

/* What LIST said: adds, updates, follows a mailbox that was renamed (by its mailbox_id), and marks what is missing - it is removed only when a second list in
 * a row lacks it too, and never while something in it exists only here. */
typedef struct {
    const char *name, *delimiter;
    FolderRole role;
    guint flags;
    const char *mailbox_id; /* RFC 8474; NULL or "": not given */
} ListedFolder;
/* A folder that was to be made for a role (folder_for_role()) becomes the listed one that has it. */
gboolean folders_listed(Store *s, gint64 account, const ListedFolder *listed, guint n, GError **err);
/* The same, but nothing is concluded from what is missing. */
gboolean folders_seen(Store *s, gint64 account, const ListedFolder *listed, guint n, GError **err);
/* Replay has created it on the server. */
gboolean folder_created(Store *s, gint64 folder, GError **err);

/* Sync position after a step whose rows are committed. */
gboolean folder_set_synced(Store *s, gint64 folder, guint32 uidnext, guint64 highestmodseq,
                           guint32 floor_uid, GError **err);
/* The Flags that the server keeps for good (PERMANENTFLAGS); -1 until it is known. Others are kept here:
 * what a sync says of them changes nothing. Writes only what is new. */
gboolean folder_set_permanent(Store *s, gint64 folder, guint flags, GError **err);
/* A new UIDVALIDITY (0: first SELECT): placements are kept, without UID, until the
 * next sync has bound them anew (Message-ID + size); what it does not find goes then. */
gboolean folder_set_uidvalidity(Store *s, gint64 folder, guint32 uidvalidity, GError **err);
/* Ends that: forgets the placements that no sync has bound. */
gboolean folder_drop_unbound(Store *s, gint64 folder, GError **err);
/* Re-reads a local folder's Maildir (other programs may have changed it): new files appear, renamed
 * ones change flags, missing ones go. *changed may be NULL. */
gboolean folder_rescan(Store *s, gint64 folder, gboolean *changed, GError **err);
