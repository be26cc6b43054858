/* file.c - durable files. The order is always: bytes, fsync of the file, name, fsync
 * of the directory; a caller that saw success will find the file after a power cut.
 * On failure the temporary file is removed, so a full disk leaves nothing behind. */
#include "pintail/util/file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/text.h"

static gboolean failed(GError **err, int number, const char *format, const char *path)
{
    error_set_errno(err, PINTAIL_ERROR_STORE, number, format, path);
    return FALSE;
}

gboolean file_sync_directory(const char *path, GError **err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return failed(err, errno, _("cannot open the directory '%s'"), path);
    int rc = fsync(fd);
    int number = errno;
    close(fd);
    /* Some network file systems cannot sync a directory and say EINVAL; there is
     * nothing better to do there. */
    if (rc < 0 && number != EINVAL && number != ENOTSUP)
        return failed(err, number, _("cannot write the directory '%s' to disk"), path);
    return TRUE;
}

static gboolean sync_parent(const char *path, GError **err)
{
    g_autofree char *parent = g_path_get_dirname(path);
    return file_sync_directory(parent, err);
}

static gboolean is_directory(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

gboolean file_make_directories(const char *path, GError **err)
{
    g_autofree char *so_far = g_strdup(path);
    gsize len = strlen(so_far);
    while (len > 1 && so_far[len - 1] == '/')
        so_far[--len] = '\0';
    if (len == 0)
        return failed(err, ENOENT, _("cannot make the directory '%s'"), path);
    /* One component at a time, from the first. */
    for (gsize i = 1; i <= len; i++) {
        if (so_far[i] != '/' && so_far[i] != '\0')
            continue;
        char kept = so_far[i];
        so_far[i] = '\0';
        if (mkdir(so_far, 0700) == 0) {
            if (!file_sync_directory(so_far, err) || !sync_parent(so_far, err))
                return FALSE;
        } else {
            /* A read-only parent reports EROFS or EACCES even for what is there. */
            int number = errno;
            if (!is_directory(so_far))
                return failed(err, number == EEXIST ? ENOTDIR : number,
                              _("cannot make the directory '%s'"), so_far);
        }
        so_far[i] = kept;
    }
    return TRUE;
}

static gboolean write_all(int fd, const char *bytes, gsize len)
{
    while (len > 0) {
        ssize_t n = write(fd, bytes, MIN(len, (gsize)1 << 30));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            if (n == 0)
                errno = ENOSPC;
            return FALSE;
        }
        bytes += n;
        len -= (gsize)n;
    }
    return TRUE;
}

/* A file in `directory` under a name of our own, complete and on disk; NULL with err, and then
 * nothing is left. The caller owns the path. */
static char *write_temporary(const char *directory, const void *bytes, gsize len, mode_t mode,
                             const char *wanted, GError **err)
{
    static atomic_uint counter;
    g_autofree char *path = NULL;
    int fd = -1;
    for (int tries = 0; tries < 100 && fd < 0; tries++) {
        g_free(path);
        path = g_strdup_printf("%s/.pintail-%ld-%u-%08x.tmp", directory, (long)getpid(),
                               atomic_fetch_add(&counter, 1), g_random_int());
        fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0 && errno != EEXIST)
            break;
    }
    if (fd < 0) {
        failed(err, errno, _("cannot write '%s'"), wanted);
        return NULL;
    }
    gboolean ok = write_all(fd, bytes, len) && (mode == 0600 || fchmod(fd, mode) == 0) &&
                  fsync(fd) == 0;
    int number = errno;
    if (close(fd) < 0 && ok && errno != EINTR) { /* NFS reports a full disk here */
        number = errno;
        ok = FALSE;
    }
    if (ok)
        return g_steal_pointer(&path);
    unlink(path);
    failed(err, number, _("cannot write '%s'"), wanted);
    return NULL;
}

/* rename() that never replaces. -1 with errno. */
static int rename_new(const char *from, const char *to)
{
#ifdef RENAME_NOREPLACE
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
#endif
    /* The file system has no such rename: a hard link refuses as well. */
    if (link(from, to) < 0)
        return -1;
    return unlink(from);
}

gboolean file_write_durable(const char *directory, const char *name,
                            const char *temporary_directory, const void *bytes, gsize len,
                            GError **err)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    g_autofree char *temporary = write_temporary(
        temporary_directory ? temporary_directory : directory, bytes, len, 0600, path, err);
    if (!temporary)
        return FALSE;
    if (rename_new(temporary, path) < 0) {
        int number = errno;
        unlink(temporary);
        error_set_errno(err, number == EEXIST ? PINTAIL_ERROR_REFUSED : PINTAIL_ERROR_STORE, number,
                        _("cannot write '%s'"), path);
        return FALSE;
    }
    if (!file_sync_directory(directory, err)) {
        unlink(path);
        return FALSE;
    }
    return TRUE;
}

gboolean file_replace_durable(const char *path, const void *bytes, gsize len, GError **err)
{
    /* Through a link (an rc file kept elsewhere) to what it points at; the mode stays. */
    char *resolved = realpath(path, NULL);
    g_autofree char *real = g_strdup(resolved ? resolved : path);
    free(resolved);
    struct stat st;
    mode_t mode = stat(real, &st) == 0 ? (st.st_mode & 0777) : 0600;
    g_autofree char *directory = g_path_get_dirname(real);
    g_autofree char *temporary = write_temporary(directory, bytes, len, mode, path, err);
    if (!temporary)
        return FALSE;
    if (rename(temporary, real) < 0) {
        int number = errno;
        unlink(temporary);
        return failed(err, number, _("cannot write '%s'"), path);
    }
    return file_sync_directory(directory, err);
}

gboolean file_move_durable(const char *from, const char *to, GError **err)
{
    if (rename_new(from, to) < 0) {
        int number = errno;
        PintailErrorCode code = PINTAIL_ERROR_STORE;
        if (number == EEXIST)
            code = PINTAIL_ERROR_REFUSED;
        else if (number == ENOENT && access(from, F_OK) < 0)
            code = PINTAIL_ERROR_GONE;
        error_set_errno(err, code, number, _("cannot move '%s' to '%s'"), from, to);
        return FALSE;
    }
    g_autofree char *old_directory = g_path_get_dirname(from);
    g_autofree char *new_directory = g_path_get_dirname(to);
    /* The new name first: a crash between the two may leave both, never none. */
    if (!file_sync_directory(new_directory, err))
        return FALSE;
    return g_str_equal(old_directory, new_directory) || file_sync_directory(old_directory, err);
}

gboolean file_remove_durable(const char *path, GError **err)
{
    if (unlink(path) < 0) {
        if (errno == ENOENT)
            return TRUE;
        return failed(err, errno, _("cannot remove '%s'"), path);
    }
    return sync_parent(path, err);
}

static GBytes *read_all(int fd, gsize limit, gsize expected, const char *path, GError **err)
{
    g_autoptr(GByteArray) bytes = g_byte_array_sized_new((guint)MIN(expected, (gsize)1 << 30) + 1);
    guint8 chunk[32768];
    for (;;) {
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            failed(err, errno, _("cannot read '%s'"), path);
            return NULL;
        }
        if (n == 0)
            break;
        if ((gsize)n > limit - bytes->len) {
            error_set(err, PINTAIL_ERROR_REFUSED,
                      _("cannot read '%s': it is larger than %zu bytes"), path,
                      limit);
            return NULL;
        }
        g_byte_array_append(bytes, chunk, (guint)n);
    }
    return g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
}

GBytes *file_read(const char *path, gsize limit, GError **err)
{
    limit = MIN(limit, (gsize)G_MAXINT32); /* what a GByteArray holds with room to spare */
    /* O_NONBLOCK: a FIFO in a mail directory must not stop the thread. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        gboolean gone = errno == ENOENT || errno == ENOTDIR;
        error_set_errno(err, gone ? PINTAIL_ERROR_GONE : PINTAIL_ERROR_STORE, errno,
                        _("cannot open '%s'"), path);
        return NULL;
    }
    struct stat st;
    GBytes *bytes = NULL;
    if (fstat(fd, &st) < 0)
        failed(err, errno, _("cannot read '%s'"), path);
    else if (!S_ISREG(st.st_mode))
        error_set(err, PINTAIL_ERROR_STORE, _("cannot read '%s': it is not a regular file"), path);
    else if ((guint64)st.st_size > limit)
        error_set(err, PINTAIL_ERROR_REFUSED,
                  _("cannot read '%s': it is larger than %zu bytes"), path, limit);
    else
        bytes = read_all(fd, limit, (gsize)st.st_size, path, err);
    close(fd);
    return bytes;
}

/* Drops what may not stand in a name: controls (C1 too), separators, bidi controls (they make
 * "exe.gpj" look like a picture) and the characters other systems forbid. */
static gboolean name_character_ok(gunichar c)
{
    if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c == '/' || c == '\\')
        return FALSE;
    if (c < 0x80)
        return !strchr(":*?\"<>|", (int)c);
    GUnicodeType type = g_unichar_type(c);
    return type != G_UNICODE_FORMAT && type != G_UNICODE_LINE_SEPARATOR &&
           type != G_UNICODE_PARAGRAPH_SEPARATOR && type != G_UNICODE_PRIVATE_USE &&
           type != G_UNICODE_UNASSIGNED && type != G_UNICODE_CONTROL;
}

/* Cuts to `limit` bytes at a character, keeping a short extension. */
static void cut_name(GString *name, gsize limit)
{
    if (name->len <= limit)
        return;
    const char *dot = strrchr(name->str, '.');
    gsize extension = dot ? name->len - (gsize)(dot - name->str) : 0;
    if (extension > 16)
        extension = 0;
    g_autofree char *tail = g_strdup(name->str + name->len - extension);
    gsize keep = limit - extension;
    while (keep > 0 && ((guchar)name->str[keep] & 0xc0) == 0x80)
        keep--;
    g_string_truncate(name, keep);
    g_string_append(name, tail);
}

char *file_safe_name(const char *wanted)
{
    g_autofree char *valid = text_make_valid(wanted ? wanted : "", wanted ? strlen(wanted) : 0);
    /* Only what follows the last separator of either kind. */
    const char *base = valid;
    for (const char *p = valid; *p; p++) {
        if (*p == '/' || *p == '\\')
            base = p + 1;
    }
    GString *name = g_string_new(NULL);
    for (const char *p = base; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        gboolean leading = name->len == 0 && (c == '.' || c == ' ' || c == '-' || c == '~');
        if (leading)
            continue; /* hidden, an option, somebody's home */
        if (c == '\t' || c == '\n' || c == '\r')
            g_string_append_c(name, ' ');
        else if (name_character_ok(c))
            g_string_append_unichar(name, c);
        else if (c < 0x80 && c >= 0x20 && c != 0x7f)
            g_string_append_c(name, '_');
    }
    cut_name(name, 200);
    while (name->len && (name->str[name->len - 1] == ' ' || name->str[name->len - 1] == '.'))
        g_string_truncate(name, name->len - 1);
    if (name->len == 0)
        g_string_assign(name, "attachment");
    return g_string_free(name, FALSE);
}

int file_create_new(const char *directory, const char *name, int mode, GError **err)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, (mode_t)mode);
    if (fd < 0)
        error_set_errno(err, errno == EEXIST ? PINTAIL_ERROR_REFUSED : PINTAIL_ERROR_STORE, errno,
                        _("cannot create '%s'"), path);
    return fd;
}

char *file_expand_home(const char *path)
{
    if (path[0] != '~' || (path[1] != '/' && path[1] != '\0'))
        return g_strdup(path);
    const char *home = g_getenv("HOME");
    if (!home || !*home)
        home = g_get_home_dir();
    return g_strconcat(home, path + 1, NULL);
}
