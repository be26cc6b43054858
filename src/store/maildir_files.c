/* maildir_files.c - see maildir_files.h. A message is complete and fsynced under tmp/ before
 * it gets a name that any program looks at. */
#include "maildir_files.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "pintail/mime/flags.h"
#include "pintail/util/error.h"
#include "pintail/util/file.h"
#include "pintail/util/i18n.h"

static const char *const subdirectories[] = {"tmp", "new", "cur"};

gboolean maildir_make(const char *path, GError **err)
{
    for (guint i = 0; i < G_N_ELEMENTS(subdirectories); i++) {
        g_autofree char *sub = g_build_filename(path, subdirectories[i], NULL);
        if (!g_file_test(sub, G_FILE_TEST_IS_DIR) && !file_make_directories(sub, err))
            return FALSE;
    }
    return TRUE;
}

gboolean maildir_is(const char *path)
{
    g_autofree char *cur = g_build_filename(path, "cur", NULL);
    g_autofree char *new = g_build_filename(path, "new", NULL);
    return g_file_test(cur, G_FILE_TEST_IS_DIR) && g_file_test(new, G_FILE_TEST_IS_DIR);
}

char *maildir_base(const char *file)
{
    const char *slash = strrchr(file, '/');
    const char *name = slash ? slash + 1 : file;
    const char *colon = strchr(name, ':');
    return colon ? g_strndup(name, (gsize)(colon - name)) : g_strdup(name);
}

guint maildir_flags(const char *file)
{
    const char *info = strstr(file, ":2,");
    return info ? flags_from_maildir(info + 3) & MAILDIR_FLAGS_MASK : 0;
}

char *maildir_name(const char *base, guint flags, const char *file)
{
    flags &= MAILDIR_FLAGS_MASK;
    gboolean is_new = !file || g_str_has_prefix(file, "new/");
    if (is_new && flags == 0)
        return g_strconcat("new/", base, NULL);
    g_autofree char *letters = flags_to_maildir(flags);
    return g_strconcat("cur/", base, ":2,", letters, NULL);
}

char *maildir_unique(void)
{
    static atomic_uint counter;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return g_strdup_printf("%lld.P%ldQ%uR%08x%08x.pintail", (long long)now.tv_sec, (long)getpid(),
                           atomic_fetch_add(&counter, 1), g_random_int(), g_random_int());
}

char *maildir_derived(const char *tag, const void *key, gsize len)
{
    GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_checksum_update(sum, (const guchar *)tag, (gssize)strlen(tag) + 1);
    g_checksum_update(sum, key, (gssize)len);
    char *base = g_strdup_printf("P%.40s.pintail", g_checksum_get_string(sum));
    g_checksum_free(sum);
    return base;
}

GBytes *crlf_to_lf(const char *bytes, gsize len)
{
    gsize pairs = 0;
    for (const char *p = bytes, *end = bytes + len; (p = memchr(p, '\n', (gsize)(end - p))); p++) {
        if (p == bytes || p[-1] != '\r')
            return NULL;
        pairs++;
    }
    if (pairs == 0)
        return NULL;
    char *out = g_malloc(len - pairs + 1), *to = out;
    for (gsize i = 0; i < len; i++) {
        if (bytes[i] != '\r' || i + 1 == len || bytes[i + 1] != '\n')
            *to++ = bytes[i];
    }
    return g_bytes_new_take(out, (gsize)(to - out));
}

GBytes *lf_to_crlf(const char *bytes, gsize len)
{
    GByteArray *out = g_byte_array_sized_new((guint)MIN(len + len / 32 + 16, G_MAXINT32));
    gsize from = 0;
    for (gsize i = 0; i < len; i++) {
        if (bytes[i] != '\n' || (i > 0 && bytes[i - 1] == '\r'))
            continue;
        g_byte_array_append(out, (const guint8 *)bytes + from, (guint)(i - from));
        g_byte_array_append(out, (const guint8 *)"\r\n", 2);
        from = i + 1;
    }
    g_byte_array_append(out, (const guint8 *)bytes + from, (guint)(len - from));
    return g_byte_array_free_to_bytes(out);
}

static gboolean write_and_sync(int fd, const char *bytes, gsize len)
{
    while (len > 0) {
        ssize_t n = write(fd, bytes, MIN(len, (gsize)1 << 30));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            errno = n == 0 ? ENOSPC : errno;
            return FALSE;
        }
        bytes += n;
        len -= (gsize)n;
    }
    return fsync(fd) == 0;
}

gboolean maildir_write_tmp(const char *path, const char *base, const void *bytes, gsize len,
                           gsize *size, GError **err)
{
    g_autofree char *name = g_build_filename(path, "tmp", base, NULL);
    g_autoptr(GBytes) lf = crlf_to_lf(bytes, len);
    if (lf)
        bytes = g_bytes_get_data(lf, &len);
    unlink(name); /* left by a crash: nobody else writes this base */
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        error_set_errno(err, PINTAIL_ERROR_STORE, errno, _("cannot write '%s'"), name);
        return FALSE;
    }
    gboolean ok = write_and_sync(fd, bytes, len);
    int number = errno;
    if (close(fd) < 0 && ok && errno != EINTR) {
        number = errno;
        ok = FALSE;
    }
    if (!ok) {
        unlink(name);
        error_set_errno(err, PINTAIL_ERROR_STORE, number, _("cannot write '%s'"), name);
        return FALSE;
    }
    if (size)
        *size = len;
    return TRUE;
}

int maildir_rename_new(const char *from, const char *to)
{
#ifdef RENAME_NOREPLACE
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
#endif
    if (link(from, to) < 0)
        return -1;
    return unlink(from);
}

gboolean maildir_publish(const char *path, const char *base, const char *file, GError **err)
{
    g_autofree char *from = g_build_filename(path, "tmp", base, NULL);
    g_autofree char *to = g_build_filename(path, file, NULL);
    if (maildir_rename_new(from, to) == 0)
        return TRUE;
    int number = errno;
    unlink(from);
    if (number == EEXIST)
        return TRUE;
    error_set_errno(err, PINTAIL_ERROR_STORE, number, _("cannot write '%s'"), to);
    return FALSE;
}

gboolean maildir_sync_directory(const char *path, GError **err)
{
    return file_sync_directory(path, err);
}

gboolean maildir_sync(const char *path, GError **err)
{
    g_autofree char *cur = g_build_filename(path, "cur", NULL);
    g_autofree char *new = g_build_filename(path, "new", NULL);
    return file_sync_directory(new, err) && file_sync_directory(cur, err);
}

/* ---- reading ---- */
static gboolean scan_one(const char *path, const char *sub, MaildirSeen seen, void *data,
                         GError **err)
{
    g_autofree char *directory = g_build_filename(path, sub, NULL);
    DIR *d = opendir(directory);
    if (!d) {
        error_set_errno(err, errno == ENOENT ? PINTAIL_ERROR_GONE : PINTAIL_ERROR_STORE, errno,
                        _("cannot read the directory '%s'"), directory);
        return FALSE;
    }
    struct dirent *e;
    errno = 0;
    while ((e = readdir(d))) {
        gboolean other = e->d_type != DT_REG && e->d_type != DT_UNKNOWN && e->d_type != DT_LNK;
        if (e->d_name[0] != '.' && !other && g_utf8_validate(e->d_name, -1, NULL)) {
            g_autofree char *file = g_strconcat(sub, "/", e->d_name, NULL);
            seen(file, data);
        }
        errno = 0;
    }
    int number = errno;
    closedir(d);
    if (number) {
        error_set_errno(err, PINTAIL_ERROR_STORE, number, _("cannot read the directory '%s'"),
                        directory);
        return FALSE;
    }
    return TRUE;
}

/* new/ first, then cur/, then new/ again is not needed: a file that another program moves from new/
 * to cur/ between the two is seen twice, never missed. */
gboolean maildir_scan(const char *path, MaildirSeen seen, void *data, GError **err)
{
    return scan_one(path, "new", seen, data, err) && scan_one(path, "cur", seen, data, err);
}

typedef struct {
    const char *base;
    char *file;
} Find;

static void find_base(const char *file, void *data)
{
    Find *f = data;
    gsize len = strlen(f->base);
    const char *name = file + 4;
    if (strncmp(name, f->base, len) != 0 || (name[len] != '\0' && name[len] != ':'))
        return;
    g_free(f->file);
    f->file = g_strdup(file);
}

char *maildir_find(const char *path, const char *base)
{
    Find f = {.base = base};
    g_autofree char *fresh = g_build_filename(path, "new", base, NULL);
    if (access(fresh, F_OK) == 0)
        return g_strconcat("new/", base, NULL);
    maildir_scan(path, find_base, &f, NULL);
    return f.file;
}

char *maildir_find_path(const char *path)
{
    g_autofree char *directory = g_path_get_dirname(path);
    if (!g_str_has_suffix(directory, "/cur") && !g_str_has_suffix(directory, "/new"))
        return NULL;
    g_autofree char *maildir = g_path_get_dirname(directory);
    g_autofree char *base = maildir_base(path);
    g_autofree char *file = maildir_find(maildir, base);
    return file ? g_build_filename(maildir, file, NULL) : NULL;
}

static gint64 changed_at(const char *path, const char *sub)
{
    g_autofree char *directory = g_build_filename(path, sub, NULL);
    struct stat st;
    if (stat(directory, &st) < 0)
        return 0;
    return (gint64)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
}

void maildir_times(const char *path, gint64 *new_time, gint64 *cur_time)
{
    *new_time = changed_at(path, "new");
    *cur_time = changed_at(path, "cur");
}

void maildir_clean(const char *path)
{
    g_autofree char *tmp = g_build_filename(path, "tmp", NULL);
    DIR *d = opendir(tmp);
    if (!d)
        return;
    time_t limit = time(NULL) - 36 * 3600;
    struct dirent *e;
    while ((e = readdir(d))) {
        struct stat st;
        if (e->d_name[0] != '.' && fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(st.st_mode) && st.st_atime < limit && st.st_mtime < limit)
            unlinkat(dirfd(d), e->d_name, 0);
    }
    closedir(d);
}
