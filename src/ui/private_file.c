/* private_file.c - see private_file.h. */
#include "private_file.h"
#include <errno.h>
#include <unistd.h>
#include "loop.h"
#include "pintail/util/error.h"
#include "pintail/util/file.h"
#include "pintail/util/i18n.h"

/* $XDG_RUNTIME_DIR is gone with the session, should we be killed. */
static char *new_directory(GError **err)
{
    const char *runtime = g_getenv("XDG_RUNTIME_DIR");
    if (runtime && *runtime) {
        g_autofree char *template = g_build_filename(runtime, "pintail-XXXXXX", NULL);
        if (g_mkdtemp_full(template, 0700))
            return g_steal_pointer(&template);
    }
    g_autofree char *template = g_build_filename(g_get_tmp_dir(), "pintail-XXXXXX", NULL);
    if (g_mkdtemp_full(template, 0700))
        return g_steal_pointer(&template);
    error_set_errno(err, PINTAIL_ERROR_STORE, errno, _("cannot make a directory for the file in '%s'"), g_get_tmp_dir());
    return NULL;
}

static gboolean write_all(int fd, const char *bytes, gsize len)
{
    while (len > 0) {
        gssize n = write(fd, bytes, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return FALSE;
        bytes += n;
        len -= (gsize)n;
    }
    return TRUE;
}

char *private_file_write(const char *name, const char *bytes, gsize len, GError **err)
{
    g_autofree char *directory = new_directory(err);
    if (!directory)
        return NULL;
    g_autofree char *safe = file_safe_name(name);
    g_autofree char *path = g_build_filename(directory, safe, NULL);
    int fd = file_create_new(directory, safe, 0600, err);
    gboolean written = fd >= 0 && write_all(fd, bytes, len);
    int problem = errno;
    if (fd >= 0 && close(fd) != 0 && written) {
        problem = errno;
        written = FALSE;
    }
    if (written)
        return g_steal_pointer(&path);
    if (fd >= 0)
        error_set_errno(err, PINTAIL_ERROR_STORE, problem, _("cannot write '%s'"), path);
    (void)unlink(path);
    (void)rmdir(directory);
    return NULL;
}

void private_file_discard(gpointer data)
{
    g_autofree char *path = data;
    g_autofree char *directory = g_path_get_dirname(path);
    (void)unlink(path);
    (void)rmdir(directory);
}

static void remove_oldest(Ui *ui, gpointer data)
{
    if (ui->private_files && ui->private_files->len > 0)
        g_ptr_array_remove_index(ui->private_files, 0);
}

void private_file_keep(Ui *ui, const char *path)
{
    if (!ui->private_files)
        ui->private_files = g_ptr_array_new_with_free_func(private_file_discard);
    g_ptr_array_add(ui->private_files, g_strdup(path));
    loop_after(ui->loop, PRIVATE_FILE_MS, remove_oldest, NULL); /* all stay equally long: the first goes first */
}

void private_files_free(Ui *ui)
{
    if (ui->private_files)
        g_ptr_array_unref(g_steal_pointer(&ui->private_files));
}

gboolean browser_open(Ui *ui, const char *target)
{
    const char *browser = g_getenv("BROWSER");
    g_autofree char *opener = browser && *browser ? g_strdup(browser) : g_find_program_in_path("xdg-open");
    if (!opener) {
        ui_say(ui, NOTICE_ERROR, _("No program opens links here: set BROWSER, or install xdg-open"));
        return FALSE;
    }
    const char *argv[] = {opener, target, NULL};
    return ui_run_on_terminal(ui, argv);
}
