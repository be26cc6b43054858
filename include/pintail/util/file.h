/* file.h - files that survive a power cut, and files that nobody else reads.
 *
 * Every function may block on the disk: never call one on the UI thread. Errors
 * are STORE and name the path. Descriptors are close-on-exec. */
#pragma once
#include <glib.h>

/* mkdir -p with mode 0700; each directory that it made is fsynced, and its parent. */
gboolean file_make_directories(const char *path, GError **err);

/* Writes `len` bytes to `directory/name` so that after a crash the file is
 * whole or not there: temporary file (O_EXCL, 0600) in `temporary_directory`
 * (same file system; NULL means `directory`), write, fsync, rename (never over
 * an existing file: REFUSED), fsync of `directory`. Nothing is left behind on failure. */
gboolean file_write_durable(const char *directory, const char *name,
                            const char *temporary_directory, const void *bytes, gsize len,
                            GError **err);
/* As above, replacing what was there. */
gboolean file_replace_durable(const char *path, const void *bytes, gsize len, GError **err);

gboolean file_sync_directory(const char *path, GError **err);
/* rename() that refuses to replace, then fsync of both directories. GONE when `from` is not there. */
gboolean file_move_durable(const char *from, const char *to, GError **err);
gboolean file_remove_durable(const char *path, GError **err); /* a missing file is success */
/* Whole file, at most `limit` bytes (REFUSED when larger), GONE when not there. */
GBytes *file_read(const char *path, gsize limit, GError **err);

/* A safe base name for an attachment: no directory, no control character, no
 * leading dot, valid UTF-8, at most 200 bytes, never empty. The caller owns it. */
char *file_safe_name(const char *wanted);
/* Opens `directory/name` with O_CREAT|O_EXCL|O_NOFOLLOW and `mode`; -1 with err (REFUSED when it exists). */
int file_create_new(const char *directory, const char *name, int mode, GError **err);
/* "~" and "~/x" become the home directory. The caller owns the result. */
char *file_expand_home(const char *path);
