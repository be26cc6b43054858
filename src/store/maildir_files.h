/* maildir_files.h - Maildir on disk, without the database.
 *
 * A message's file is named by its base (never changes) and where it stands: "new/BASE" or
 * "cur/BASE:2,FLAGS", relative to the Maildir; that is what placement.file holds. */
#pragma once
#include <glib.h>

gboolean maildir_make(const char *path, GError **err); /* with cur, new and tmp; durable */
gboolean maildir_is(const char *path);
char *maildir_base(const char *file);  /* without directory and ":2,..." */
guint maildir_flags(const char *file); /* Flags that the name says */
#define MAILDIR_FLAGS_MASK                                                                         \
    (FLAG_SEEN | FLAG_FLAGGED | FLAG_ANSWERED | FLAG_DELETED | FLAG_DRAFT | FLAG_FORWARDED)
/* The name for these flags; `file` (may be NULL: new mail) says where it stands now. */
char *maildir_name(const char *base, guint flags, const char *file);
char *maildir_unique(void); /* a base for a message without a better one */
/* Of 'tag' and key: the same message always gets the same one. */
char *maildir_derived(const char *tag, const void *key, gsize len);

/* tmp/BASE, written and fsynced; CRLF becomes LF where every line ends so. *size: of the file. */
gboolean maildir_write_tmp(const char *path, const char *base, const void *bytes, gsize len,
                           gsize *size, GError **err);
/* rename() that never replaces; -1 with errno. */
int maildir_rename_new(const char *from, const char *to);
/* tmp/BASE gets its name `file`; the directory is not yet fsynced. An existing file of
 * that name is success (the same base is the same message). */
gboolean maildir_publish(const char *path, const char *base, const char *file, GError **err);
gboolean maildir_sync(const char *path, GError **err); /* cur/ and new/ */
gboolean maildir_sync_directory(const char *path, GError **err);
/* Where a base stands now, "new/..." or "cur/..."; NULL when it is not there. */
char *maildir_find(const char *path, const char *base);
/* The same for a whole path that is not right any more. */
char *maildir_find_path(const char *path);

typedef void (*MaildirSeen)(const char *file, void *data); /* "new/x" or "cur/x:2,S" */
gboolean maildir_scan(const char *path, MaildirSeen seen, void *data, GError **err);
/* What cur/ and new/ were last changed at, nanoseconds; 0 when not there. */
void maildir_times(const char *path, gint64 *new_time, gint64 *cur_time);
/* Removes tmp files older than 36 hours, as every Maildir program does. */
void maildir_clean(const char *path);
/* Whole CRLF bytes as LF ones, when every line ends in CRLF; NULL when that is not so. */
GBytes *crlf_to_lf(const char *bytes, gsize len);
GBytes *lf_to_crlf(const char *bytes, gsize len); /* every bare LF becomes CRLF */
