/* log.c - see the contract. A line is built in full and goes out in one write() to
 * a descriptor opened with O_APPEND, so lines of several threads, and of
 * several programs on the same file, do not mix. */
#include "pintail/util/log.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"

enum { LINE_MAXIMUM = 4096 }; /* of text per line; what is longer is cut, and says so */

static atomic_bool is_open;
static int log_fd = -1; /* guarded by lock */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

gboolean log_open(const char *path, GError **err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600);
    if (fd < 0) {
        error_set_errno(err, PINTAIL_ERROR_STORE, errno, _("cannot open the log '%s'"), path);
        return FALSE;
    }
    pthread_mutex_lock(&lock);
    if (log_fd >= 0)
        close(log_fd);
    log_fd = fd;
    atomic_store(&is_open, TRUE);
    pthread_mutex_unlock(&lock);
    return TRUE;
}

void log_close(void)
{
    pthread_mutex_lock(&lock);
    atomic_store(&is_open, FALSE);
    if (log_fd >= 0)
        close(log_fd);
    log_fd = -1;
    pthread_mutex_unlock(&lock);
}

gboolean log_is_open(void)
{
    return atomic_load_explicit(&is_open, memory_order_relaxed);
}

/* Bytes that are no printable ASCII become \xNN: a log is read in terminals too. */
static void append_escaped(GString *line, const char *bytes, gsize len)
{
    gsize shown = MIN(len, LINE_MAXIMUM);
    for (gsize i = 0; i < shown; i++) {
        guchar c = (guchar)bytes[i];
        if (c == '\\')
            g_string_append(line, "\\\\");
        else if (c == '\r')
            g_string_append(line, "\\r");
        else if (c == '\n')
            g_string_append(line, "\\n");
        else if (c == '\t')
            g_string_append(line, "\\t");
        else if (c < 0x20 || c >= 0x7f)
            g_string_append_printf(line, "\\x%02x", c);
        else
            g_string_append_c(line, (char)c);
    }
    if (shown < len)
        g_string_append_printf(line, "... (%" G_GSIZE_FORMAT " bytes)", len);
}

static GString *line_begin(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    struct tm tm;
    localtime_r(&now.tv_sec, &tm);
    GString *line = g_string_sized_new(160);
    g_string_append_printf(line, "%02d:%02d:%02d.%03ld ", tm.tm_hour, tm.tm_min, tm.tm_sec,
                           now.tv_nsec / 1000000);
    return line;
}

static void line_end(GString *line)
{
    g_string_append_c(line, '\n');
    pthread_mutex_lock(&lock);
    if (log_fd >= 0) {
        gsize at = 0;
        while (at < line->len) {
            ssize_t n = write(log_fd, line->str + at, line->len - at);
            if (n < 0 && errno == EINTR)
                continue;
            if (n <= 0)
                break; /* a full disk must not stop the mail */
            at += (gsize)n;
        }
    }
    pthread_mutex_unlock(&lock);
    g_string_free(line, TRUE);
}

void log_line(const char *area, const char *format, ...)
{
    if (!log_is_open())
        return;
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    GString *line = line_begin();
    g_string_append_printf(line, "%s: ", area);
    append_escaped(line, text, strlen(text));
    line_end(line);
}

void log_dialogue(const char *connection, char direction, const char *bytes, gsize len)
{
    if (!log_is_open())
        return;
    /* The line's own end says nothing. */
    if (len && bytes[len - 1] == '\n')
        len--;
    if (len && bytes[len - 1] == '\r')
        len--;
    GString *line = line_begin();
    g_string_append_printf(line, "%s %c ", connection, direction);
    append_escaped(line, bytes, len);
    line_end(line);
}
