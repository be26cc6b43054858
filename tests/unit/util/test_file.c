/* test_file.c - durable files: order of system calls, each of them failing, nothing left behind.
 *
 * fsync(), renameat2() and link() are this program's own here: they record what they are asked
 * for, fail when the test says so, and else do the real thing. */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "pintail/util/error.h"
#include "pintail/util/file.h"

static GString *calls;       /* "fsync x; rename a b; ..." base names; ours as "tmp" */
static int fail_fsync_at;    /* 1: the first from now on fails; 0: none */
static int fail_fsync_errno;
static int rename_errno;     /* what renameat2() fails with; 0: it works */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    return g_str_has_suffix(base, ".tmp") ? "tmp" : base;
}

int fsync(int fd)
{
    char link_name[64], path[4096];
    snprintf(link_name, sizeof link_name, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link_name, path, sizeof path - 1);
    path[MAX(n, 0)] = '\0';
    if (calls)
        g_string_append_printf(calls, "fsync %s; ", base_name(path));
    if (fail_fsync_at && --fail_fsync_at == 0) {
        errno = fail_fsync_errno;
        return -1;
    }
    return (int)syscall(SYS_fsync, fd);
}

int renameat2(int old_directory, const char *from, int new_directory, const char *to,
              unsigned int flags)
{
    if (calls)
        g_string_append_printf(calls, "rename %s %s; ", base_name(from), base_name(to));
    if (rename_errno) {
        errno = rename_errno;
        return -1;
    }
    return (int)syscall(SYS_renameat2, old_directory, from, new_directory, to, flags);
}

typedef struct {
    char *root;
} Fixture;

static void remove_tree(const char *path)
{
    struct stat st;
    if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        g_autoptr(GDir) d = g_dir_open(path, 0, NULL);
        const char *name;
        while (d && (name = g_dir_read_name(d))) {
            g_autofree char *child = g_build_filename(path, name, NULL);
            remove_tree(child);
        }
    }
    remove(path);
}

static void set_up(Fixture *f, gconstpointer data)
{
    f->root = g_dir_make_tmp("pintail-file-XXXXXX", NULL);
    calls = g_string_new(NULL);
    fail_fsync_at = 0;
    fail_fsync_errno = EIO;
    rename_errno = 0;
}

static void tear_down(Fixture *f, gconstpointer data)
{
    g_string_free(calls, TRUE);
    calls = NULL;
    remove_tree(f->root);
    g_free(f->root);
}

static char *in(const Fixture *f, const char *name)
{
    return g_build_filename(f->root, name, NULL);
}

static guint entries(const char *directory)
{
    g_autoptr(GDir) d = g_dir_open(directory, 0, NULL);
    g_assert_nonnull(d);
    guint n = 0;
    while (g_dir_read_name(d))
        n++;
    return n;
}

static void holds(const char *path, const char *wanted)
{
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, wanted);
}

static int mode_of(const char *path)
{
    struct stat st;
    g_assert_cmpint(stat(path, &st), ==, 0);
    return st.st_mode & 0777;
}

static void failed_with(GError *err_take, PintailErrorCode code, const char *path)
{
    g_assert_true(error_is(err_take, (int)code));
    if (!strstr(err_take->message, path))
        g_error("\"%s\" does not name %s", err_take->message, path);
    g_error_free(err_take);
}

static void test_directories(Fixture *f, gconstpointer data)
{
    GError *err = NULL;
    g_autofree char *deep = in(f, "a/b//c/");
    g_assert_true(file_make_directories(deep, &err));
    g_assert_cmpint(mode_of(deep), ==, 0700);
    /* Each new one is synced, and the directory that names it. */
    g_autofree char *root = g_path_get_basename(f->root);
    g_autofree char *wanted = g_strdup_printf(
        "fsync a; fsync %s; fsync b; fsync a; ", root);
    g_assert_true(g_str_has_prefix(calls->str, wanted));
    g_string_truncate(calls, 0);
    g_assert_true(file_make_directories(deep, &err));
    g_assert_cmpstr(calls->str, ==, ""); /* what is there costs nothing */

    g_autofree char *file = in(f, "file");
    g_assert_true(g_file_set_contents(file, "x", 1, NULL));
    g_autofree char *below = in(f, "file/sub");
    g_assert_false(file_make_directories(file, &err));
    failed_with(g_steal_pointer(&err), PINTAIL_ERROR_STORE, file);
    g_assert_false(file_make_directories(below, &err));
    failed_with(g_steal_pointer(&err), PINTAIL_ERROR_STORE, file);
    g_assert_false(file_make_directories("", &err));
    failed_with(g_steal_pointer(&err), PINTAIL_ERROR_STORE, "");
    fail_fsync_at = 1;
    g_autofree char *more = in(f, "more");
    g_assert_false(file_make_directories(more, &err));
    failed_with(g_steal_pointer(&err), PINTAIL_ERROR_STORE, more);
    g_assert_true(file_make_directories("/", &err));
}

static void test_write(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) err = NULL;
    g_autofree char *path = in(f, "mail");
    g_autofree char *root = g_path_get_basename(f->root);
    g_assert_true(file_write_durable(f->root, "mail", NULL, "hello", 5, &err));
    g_assert_no_error(err);
    holds(path, "hello");
    g_assert_cmpint(mode_of(path), ==, 0600);
    g_assert_cmpuint(entries(f->root), ==, 1);
    g_autofree char *wanted = g_strdup_printf("fsync tmp; rename tmp mail; fsync %s; ", root);
    g_assert_cmpstr(calls->str, ==, wanted);

    /* Never over another one. */
    g_assert_false(file_write_durable(f->root, "mail", NULL, "other", 5, &err));
    g_assert_true(error_is(err, PINTAIL_ERROR_REFUSED));
    holds(path, "hello");
    g_assert_cmpuint(entries(f->root), ==, 1);
}

static void test_write_elsewhere(Fixture *f, gconstpointer data)
{
    GError *err = NULL;
    g_autofree char *tmp = in(f, "tmp"), *new = in(f, "new"), *path = in(f, "new/1");
    g_assert_true(file_make_directories(tmp, &err));
    g_assert_true(file_make_directories(new, &err));
    g_string_truncate(calls, 0);
    g_assert_true(file_write_durable(new, "1", tmp, "", 0, &err)); /* an empty one, too */
    g_assert_cmpstr(calls->str, ==, "fsync tmp; rename tmp 1; fsync new; ");
    holds(path, "");
    g_assert_cmpuint(entries(tmp), ==, 0);
    g_autofree char *missing = in(f, "missing");
    g_assert_false(file_write_durable(missing, "1", NULL, "x", 1, &err));
    failed_with(g_steal_pointer(&err), PINTAIL_ERROR_STORE, missing);
    g_assert_false(file_write_durable(missing, "1", tmp, "x", 1, &err));
    failed_with(g_steal_pointer(&err), PINTAIL_ERROR_STORE, missing);
    g_assert_cmpuint(entries(tmp), ==, 0);
}

static void test_write_fsync_fails(Fixture *f, gconstpointer data)
{
    for (int at = 1; at <= 2; at++) { /* the file's, the directory's */
        GError *err = NULL;
        fail_fsync_at = at;
        g_assert_false(file_write_durable(f->root, "mail", NULL, "hello", 5, &err));
        failed_with(err, PINTAIL_ERROR_STORE, f->root);
        g_assert_cmpuint(entries(f->root), ==, 0);
    }
    /* A file system that cannot sync directories at all is no failure. */
    fail_fsync_at = 2;
    fail_fsync_errno = EINVAL;
    g_assert_true(file_write_durable(f->root, "mail", NULL, "hello", 5, NULL));
}

/* RLIMIT_FSIZE stands in for a full disk: write() comes back short, then fails. */
static void test_write_full_disk(Fixture *f, gconstpointer data)
{
    GError *err = NULL;
    g_autofree char *big = g_strnfill(200000, 'x');
    g_autofree char *rc = in(f, "rc");
    g_assert_true(g_file_set_contents(rc, "old", 3, NULL));
    struct rlimit kept, small;
    g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &kept), ==, 0);
    small = kept;
    small.rlim_cur = 100000;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &small), ==, 0);
    gboolean written = file_write_durable(f->root, "mail", NULL, big, 200000, &err);
    gboolean replaced = file_replace_durable(rc, big, 200000, NULL);
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &kept), ==, 0);
    signal(SIGXFSZ, handler);
    g_assert_false(written);
    g_assert_false(replaced);
    failed_with(err, PINTAIL_ERROR_STORE, "mail");
    g_assert_cmpuint(entries(f->root), ==, 1);
    holds(rc, "old");
}

/* Where renameat2() cannot refuse, link() does it. */
static void test_old_file_system(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) err = NULL;
    g_autofree char *path = in(f, "mail"), *other = in(f, "other");
    rename_errno = EINVAL;
    g_assert_true(file_write_durable(f->root, "mail", NULL, "hello", 5, &err));
    holds(path, "hello");
    g_assert_cmpuint(entries(f->root), ==, 1);
    g_assert_false(file_write_durable(f->root, "mail", NULL, "again", 5, &err));
    g_assert_true(error_is(err, PINTAIL_ERROR_REFUSED));
    g_assert_cmpuint(entries(f->root), ==, 1);
    g_assert_true(file_move_durable(path, other, NULL));
    holds(other, "hello");
    g_assert_cmpuint(entries(f->root), ==, 1);
    rename_errno = EACCES; /* another failure is a failure */
    g_assert_false(file_write_durable(f->root, "mail", NULL, "hello", 5, NULL));
    g_assert_cmpuint(entries(f->root), ==, 1);
}

static void test_replace(Fixture *f, gconstpointer data)
{
    GError *err = NULL;
    g_autofree char *path = in(f, "rc");
    g_assert_true(file_replace_durable(path, "one", 3, &err));
    g_assert_cmpint(mode_of(path), ==, 0600);
    g_assert_cmpint(chmod(path, 0644), ==, 0);
    g_assert_true(file_replace_durable(path, "two", 3, &err));
    holds(path, "two");
    g_assert_cmpint(mode_of(path), ==, 0644); /* the person's own choice stays */
    g_assert_cmpuint(entries(f->root), ==, 1);

    /* Through a link: what it points at is replaced, the link stays. */
    g_autofree char *link_path = in(f, "link");
    g_assert_cmpint(symlink("rc", link_path), ==, 0);
    g_assert_true(file_replace_durable(link_path, "three", 5, &err));
    g_assert_true(g_file_test(link_path, G_FILE_TEST_IS_SYMLINK));
    holds(path, "three");

    fail_fsync_at = 1;
    g_assert_false(file_replace_durable(path, "four", 4, &err));
    failed_with(g_steal_pointer(&err), PINTAIL_ERROR_STORE, path);
    holds(path, "three");
    g_assert_cmpuint(entries(f->root), ==, 2);
    g_autofree char *missing = in(f, "missing/rc");
    g_assert_false(file_replace_durable(missing, "x", 1, &err));
    failed_with(g_steal_pointer(&err), PINTAIL_ERROR_STORE, missing);
    g_autofree char *directory = in(f, "directory");
    g_assert_true(file_make_directories(directory, NULL));
    g_assert_false(file_replace_durable(directory, "x", 1, &err));
    failed_with(g_steal_pointer(&err), PINTAIL_ERROR_STORE, directory);
    g_assert_cmpuint(entries(f->root), ==, 3);
}

static void test_move(Fixture *f, gconstpointer data)
{
    GError *err = NULL;
    g_autofree char *new = in(f, "new"), *cur = in(f, "cur");
    g_autofree char *from = in(f, "new/1"), *to = in(f, "cur/1:2,S");
    g_assert_true(file_make_directories(new, NULL));
    g_assert_true(file_make_directories(cur, NULL));
    g_assert_true(g_file_set_contents(from, "mail", 4, NULL));
    g_string_truncate(calls, 0);
    g_assert_true(file_move_durable(from, to, &err));
    g_assert_cmpstr(calls->str, ==, "rename 1 1:2,S; fsync cur; fsync new; ");
    holds(to, "mail");

    g_assert_false(file_move_durable(from, to, &err));
    failed_with(g_steal_pointer(&err), PINTAIL_ERROR_GONE, from);
    g_assert_true(g_file_set_contents(from, "other", 5, NULL));
    g_assert_false(file_move_durable(from, to, &err));
    failed_with(g_steal_pointer(&err), PINTAIL_ERROR_REFUSED, to);
    holds(from, "other");
    holds(to, "mail");
    g_autofree char *nowhere = in(f, "none/1");
    g_assert_false(file_move_durable(from, nowhere, &err));
    failed_with(g_steal_pointer(&err), PINTAIL_ERROR_STORE, nowhere);
    /* Within one directory it is synced once. */
    g_autofree char *renamed = in(f, "new/2");
    g_string_truncate(calls, 0);
    g_assert_true(file_move_durable(from, renamed, &err));
    g_assert_cmpstr(calls->str, ==, "rename 1 2; fsync new; ");
    fail_fsync_at = 1;
    g_assert_false(file_move_durable(renamed, from, &err));
    failed_with(g_steal_pointer(&err), PINTAIL_ERROR_STORE, new);
}

static void test_remove(Fixture *f, gconstpointer data)
{
    GError *err = NULL;
    g_autofree char *path = in(f, "mail");
    g_autofree char *root = g_path_get_basename(f->root);
    g_autofree char *wanted = g_strdup_printf("fsync %s; ", root);
    g_assert_true(g_file_set_contents(path, "x", 1, NULL));
    g_assert_true(file_remove_durable(path, &err));
    g_assert_cmpstr(calls->str, ==, wanted);
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    g_assert_true(file_remove_durable(path, &err)); /* already gone: done */
    g_assert_true(file_make_directories(path, &err));
    g_assert_false(file_remove_durable(path, &err));
    failed_with(g_steal_pointer(&err), PINTAIL_ERROR_STORE, path);
}

static void test_read(Fixture *f, gconstpointer data)
{
    GError *err = NULL;
    g_autofree char *path = in(f, "mail");
    g_assert_true(g_file_set_contents(path, "a\0b", 3, NULL));
    g_autoptr(GBytes) bytes = file_read(path, 3, &err);
    g_assert_no_error(err);
    gsize len;
    const void *got = g_bytes_get_data(bytes, &len);
    g_assert_cmpmem(got, len, "a\0b", 3);
    g_assert_null(file_read(path, 2, &err));
    failed_with(g_steal_pointer(&err), PINTAIL_ERROR_REFUSED, path);
    g_autofree char *missing = in(f, "missing");
    g_assert_null(file_read(missing, 10, &err));
    failed_with(g_steal_pointer(&err), PINTAIL_ERROR_GONE, missing);
    g_autofree char *below = in(f, "mail/x");
    g_assert_null(file_read(below, 10, &err));
    failed_with(g_steal_pointer(&err), PINTAIL_ERROR_GONE, below);
    g_assert_null(file_read(f->root, 10, &err));
    failed_with(g_steal_pointer(&err), PINTAIL_ERROR_STORE, f->root);
    g_autofree char *fifo = in(f, "fifo");
    g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
    g_assert_null(file_read(fifo, 10, &err)); /* and it does not wait for a writer */
    failed_with(g_steal_pointer(&err), PINTAIL_ERROR_STORE, fifo);
    g_autofree char *big = g_strnfill(300000, 'y');
    g_assert_true(g_file_set_contents(path, big, 300000, NULL));
    g_autoptr(GBytes) all = file_read(path, G_MAXSIZE, NULL);
    g_assert_cmpmem(g_bytes_get_data(all, NULL), g_bytes_get_size(all), big, 300000);
    g_assert_cmpint(truncate(path, 0), ==, 0);
    g_autoptr(GBytes) empty = file_read(path, 0, NULL);
    g_assert_cmpuint(g_bytes_get_size(empty), ==, 0);
}

static void safe(const char *wanted, const char *name)
{
    g_autofree char *got = file_safe_name(wanted);
    g_assert_cmpstr(got, ==, name);
}

static void test_safe_name(Fixture *f, gconstpointer data)
{
    safe("report.pdf", "report.pdf");
    safe("Quarterly report 2026 Q3.pdf", "Quarterly report 2026 Q3.pdf");
    safe("数字 figures.csv", "数字 figures.csv");
    safe("../../etc/passwd", "passwd");
    safe("/etc/passwd", "passwd");
    safe("C:\\Windows\\system.ini", "system.ini");
    safe("..", "attachment");
    safe("....", "attachment");
    safe("/", "attachment");
    safe("a/", "attachment");
    safe("", "attachment");
    safe(NULL, "attachment");
    safe("   ", "attachment");
    safe(".bashrc", "bashrc");
    safe(" .-.ssh", "ssh");
    safe("-rf", "rf");
    safe("~root", "root");
    safe("a\nb\tc", "a b c");
    safe("a\x1b[31mb\x7f", "a[31mb");
    safe("a:b*c?d\"e<f>g|h", "a_b_c_d_e_f_g_h");
    safe("photo\xe2\x80\xaegpj.exe", "photogpj.exe"); /* no override that turns it round */
    safe("a\xc2\x9b" "b", "ab");
    safe("gr\xfc\xdf" "e.txt", "gr\xef\xbf\xbd\xef\xbf\xbd" "e.txt");
    safe("name. . ", "name");
    g_autofree char *x = g_strnfill(500, 'x');
    g_autofree char *long_name = g_strconcat(x, ".tar", NULL);
    g_autofree char *cut = file_safe_name(long_name);
    g_assert_cmpuint(strlen(cut), ==, 200);
    g_assert_true(g_str_has_suffix(cut, "x.tar"));
    g_autoptr(GString) wide = g_string_new(NULL);
    for (int i = 0; i < 100; i++)
        g_string_append(wide, "数");
    g_autofree char *cut_wide = file_safe_name(wide->str);
    g_assert_cmpuint(strlen(cut_wide), ==, 198);
    g_assert_true(g_utf8_validate(cut_wide, -1, NULL));
}

static void test_create_new(Fixture *f, gconstpointer data)
{
    GError *err = NULL;
    g_autofree char *path = in(f, "save");
    int fd = file_create_new(f->root, "save", 0640, &err);
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(fcntl(fd, F_GETFD) & FD_CLOEXEC, !=, 0);
    close(fd);
    g_assert_cmpint(file_create_new(f->root, "save", 0600, &err), ==, -1);
    failed_with(g_steal_pointer(&err), PINTAIL_ERROR_REFUSED, path);
    g_autofree char *dangling = in(f, "link");
    g_assert_cmpint(symlink("target", dangling), ==, 0);
    g_assert_cmpint(file_create_new(f->root, "link", 0600, &err), ==, -1);
    failed_with(g_steal_pointer(&err), PINTAIL_ERROR_REFUSED, dangling);
    g_autofree char *missing = in(f, "missing");
    g_assert_cmpint(file_create_new(missing, "x", 0600, &err), ==, -1);
    failed_with(g_steal_pointer(&err), PINTAIL_ERROR_STORE, missing);
}

static void expands(const char *path, const char *wanted)
{
    g_autofree char *got = file_expand_home(path);
    g_assert_cmpstr(got, ==, wanted);
}

static void test_home(Fixture *f, gconstpointer data)
{
    g_setenv("HOME", "/home/ana", TRUE);
    expands("~", "/home/ana");
    expands("~/Mail", "/home/ana/Mail");
    expands("~bob/Mail", "~bob/Mail");
    expands("/x/~", "/x/~");
    expands("", "");
    g_unsetenv("HOME");
    g_autofree char *got = file_expand_home("~/x"); /* from the user database */
    g_assert_cmpint(got[0], ==, '/');
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add(name, Fixture, NULL, set_up, function, tear_down)
    ADD("/file/directories", test_directories);
    ADD("/file/write", test_write);
    ADD("/file/write-elsewhere", test_write_elsewhere);
    ADD("/file/write-fsync-fails", test_write_fsync_fails);
    ADD("/file/write-full-disk", test_write_full_disk);
    ADD("/file/old-file-system", test_old_file_system);
    ADD("/file/replace", test_replace);
    ADD("/file/move", test_move);
    ADD("/file/remove", test_remove);
    ADD("/file/read", test_read);
    ADD("/file/safe-name", test_safe_name);
    ADD("/file/create-new", test_create_new);
    ADD("/file/home", test_home);
    return g_test_run();
}
