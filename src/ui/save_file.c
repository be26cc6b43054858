/* save_file.c - see save_file.h. */
#include "save_file.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "pintail/util/error.h"
#include "pintail/util/file.h"
#include "pintail/util/i18n.h"

#define NAMES_MAX 1000 /* "report-2.pdf" and so on */

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

gboolean file_save_new(const char *path, GBytes *bytes, GError **err)
{
    g_autofree char *directory = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    int fd = file_create_new(directory, name, 0600, err);
    if (fd < 0)
        return FALSE;
    gsize len = 0;
    const char *at = g_bytes_get_data(bytes, &len);
    gboolean written = write_all(fd, at, len) && fsync(fd) == 0;
    int problem = errno;
    if (close(fd) != 0 && written) {
        problem = errno;
        written = FALSE;
    }
    if (!written) {
        unlink(path);
        error_set_errno(err, PINTAIL_ERROR_STORE, problem, _("cannot write '%s'"), path);
    }
    return written;
}

char *file_save_beside(const char *folder, const char *wanted, GBytes *bytes, GError **err)
{
    g_autofree char *name = file_safe_name(wanted);
    const char *dot = strrchr(name, '.');
    int stem = dot && dot > name ? (int)(dot - name) : (int)strlen(name);
    for (guint n = 1; n < NAMES_MAX; n++) {
        g_autoptr(GError) failure = NULL;
        g_autofree char *other = n == 1 ? g_strdup(name) : g_strdup_printf("%.*s-%u%s", stem, name, n, name + stem);
        g_autofree char *path = g_build_filename(folder, other, NULL);
        if (file_save_new(path, bytes, &failure))
            return g_steal_pointer(&path);
        if (!error_is(failure, PINTAIL_ERROR_REFUSED) || n + 1 == NAMES_MAX) {
            g_propagate_error(err, g_steal_pointer(&failure));
            return NULL;
        }
    }
    return NULL;
}
