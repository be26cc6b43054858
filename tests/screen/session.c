/* session.c - a child on a pty, its output in libvterm.
 *
 * The slave side stays open here too, so that the length of the input queue can be asked: a key has
 * been read when that queue is empty. Keys are sent one by one, because a program may rightly
 * take several that wait together for a paste. */
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { IDLE_FD = 10, END_SECONDS = 3, HANDLED_MS = 2000, APART_MS = 20, RAW_MAX = 256 * 1024 * 1024 };

struct Session {
    VTerm *vt;
    VTermScreen *screen;
    int rows, columns;
    int master, slave; /* -1: closed */
    int idle;          /* readable end; -1: closed */
    int pidfd;
    pid_t pid;
    gboolean ended;
    int status;
    gboolean said_idle;  /* since the last input */
    gboolean sent;       /* the last input was keys, not a new size */
    gboolean says_key;   /* a program that says when it has handled a key (`k`, else `i`) */
    VTermPos cursor;
    gboolean cursor_visible;
    GString *raw;
};

static GPtrArray *sessions; /* all that exist, borrowed */

static int on_cursor(VTermPos pos, VTermPos oldpos, int visible, void *data)
{
    Session *s = data;
    s->cursor = pos;
    return 1;
}

static int on_property(VTermProp prop, VTermValue *value, void *data)
{
    Session *s = data;
    if (prop == VTERM_PROP_CURSORVISIBLE)
        s->cursor_visible = value->boolean;
    return 1;
}

static const VTermScreenCallbacks callbacks = {.movecursor = on_cursor, .settermprop = on_property};

static void child_run(const char *command, char **env, const char *directory, int slave, int idle)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setsid();
    ioctl(slave, TIOCSCTTY, 0);
    dup2(slave, 0);
    dup2(slave, 1);
    dup2(slave, 2);
    dup2(idle, IDLE_FD);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    if (chdir(directory) == 0)
        execle("/bin/sh", "sh", "-c", command, (char *)NULL, env);
    _exit(127);
}

Session *session_start(const char *command, char **env, const char *directory, int rows, int columns,
                       char **problem)
{
    int master, slave, idle[2];
    struct winsize size = {.ws_row = rows, .ws_col = columns};
    if (openpty(&master, &slave, NULL, NULL, &size) != 0 || pipe2(idle, O_CLOEXEC | O_NONBLOCK) != 0) {
        *problem = g_strdup_printf("cannot open a terminal: %s", g_strerror(errno));
        return NULL;
    }
    fcntl(master, F_SETFD, FD_CLOEXEC);
    fcntl(slave, F_SETFD, FD_CLOEXEC);
    fcntl(master, F_SETFL, O_NONBLOCK);
    g_auto(GStrv) full = g_environ_setenv(g_strdupv(env), "PINTAIL_IDLE_FD", "10", TRUE);
    pid_t pid = fork();
    if (pid == 0)
        child_run(command, full, directory, slave, idle[1]);
    close(idle[1]);
    if (pid < 0) {
        *problem = g_strdup_printf("cannot start: %s", g_strerror(errno));
        return NULL;
    }
    Session *s = g_new0(Session, 1);
    *s = (Session){.rows = rows, .columns = columns, .master = master, .slave = slave, .idle = idle[0],
                   .pid = pid, .cursor_visible = TRUE, .raw = g_string_new(NULL)};
    s->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    s->vt = vterm_new(rows, columns);
    vterm_set_utf8(s->vt, 1);
    s->screen = vterm_obtain_screen(s->vt);
    vterm_screen_set_callbacks(s->screen, &callbacks, s);
    vterm_screen_enable_altscreen(s->screen, 1);
    vterm_screen_reset(s->screen, 1);
    if (!sessions)
        sessions = g_ptr_array_new();
    g_ptr_array_add(sessions, s);
    return s;
}

int session_rows(const Session *s)
{
    return s->rows;
}

int session_columns(const Session *s)
{
    return s->columns;
}

pid_t session_pid(const Session *s)
{
    return s->pid;
}

VTermScreen *session_screen(const Session *s)
{
    return s->screen;
}

void session_resize(Session *s, int rows, int columns)
{
    struct winsize size = {.ws_row = rows, .ws_col = columns};
    s->rows = rows;
    s->columns = columns;
    s->said_idle = s->sent = FALSE;
    vterm_set_size(s->vt, rows, columns);
    ioctl(s->slave, TIOCSWINSZ, &size);
}

/* Everything that is there now; FALSE when there was nothing. */
static gboolean take_output(Session *s)
{
    char buffer[65536];
    gboolean any = FALSE;
    while (s->master >= 0) {
        ssize_t n = read(s->master, buffer, sizeof buffer);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            break;
        if (n <= 0) {
            close(s->master);
            s->master = -1;
            return TRUE;
        }
        any = TRUE;
        if (s->raw->len + n < RAW_MAX)
            g_string_append_len(s->raw, buffer, n);
        vterm_input_write(s->vt, buffer, n);
        char answer[512];
        gsize len = vterm_output_read(s->vt, answer, sizeof answer);
        if (len > 0)
            session_send(s, answer, len);
    }
    return any;
}

static void take_idle(Session *s)
{
    char buffer[512];
    ssize_t n = -1;
    while (s->idle >= 0 && (n = read(s->idle, buffer, sizeof buffer)) > 0)
        for (ssize_t i = 0; i < n; i++) {
            s->says_key |= buffer[i] == 'k';
            s->said_idle |= buffer[i] == 'k' || !s->says_key || !s->sent;
        }
    if (n == 0) { /* the program closed it: never again */
        close(s->idle);
        s->idle = -1;
    }
}

static void take_end(Session *s)
{
    if (!s->ended && waitpid(s->pid, &s->status, WNOHANG) == s->pid) {
        s->ended = TRUE;
        take_output(s);
    }
}

/* As session_pump(), for one session only: the others may be gone already. */
static gboolean pump_one(Session *s, gint64 deadline)
{
    gint64 left = deadline - g_get_monotonic_time();
    struct pollfd fds[] = {{.fd = s->master, .events = POLLIN}, {.fd = s->pidfd, .events = POLLIN}};
    if (left <= 0 || poll(fds, 2, (int)(left / 1000) + 1) <= 0)
        return FALSE;
    take_output(s);
    take_end(s);
    return TRUE;
}

void session_free(Session *s)
{
    if (!s)
        return;
    g_ptr_array_remove(sessions, s);
    /* As a terminal that is closed: the program may tidy up, but not for long. */
    if (!s->ended)
        kill(-s->pid, SIGHUP);
    gint64 deadline = g_get_monotonic_time() + END_SECONDS * G_USEC_PER_SEC;
    while (!s->ended && pump_one(s, deadline))
        ;
    if (!s->ended) {
        kill(-s->pid, SIGKILL);
        waitpid(s->pid, NULL, 0);
    }
    if (s->master >= 0)
        close(s->master);
    close(s->slave);
    if (s->idle >= 0)
        if (s->idle >= 0)
        close(s->idle);
    close(s->pidfd);
    vterm_free(s->vt);
    g_string_free(s->raw, TRUE);
    g_free(s);
}

gboolean session_pump(gint64 deadline)
{
    guint count = sessions ? sessions->len : 0;
    g_autofree struct pollfd *fds = g_new0(struct pollfd, count * 3 + 1);
    for (guint i = 0; i < count; i++) {
        Session *s = g_ptr_array_index(sessions, i);
        fds[i * 3] = (struct pollfd){.fd = s->master, .events = POLLIN};
        fds[i * 3 + 1] = (struct pollfd){.fd = s->idle, .events = POLLIN};
        fds[i * 3 + 2] = (struct pollfd){.fd = s->ended ? -1 : s->pidfd, .events = POLLIN};
    }
    gint64 left = deadline - g_get_monotonic_time();
    int n = poll(fds, count * 3, left <= 0 ? 0 : (int)((left + 999) / 1000));
    if (n <= 0)
        return n < 0 && errno == EINTR;
    for (guint i = 0; i < count; i++) {
        Session *s = g_ptr_array_index(sessions, i);
        /* The idle byte comes after the output that it speaks of: read in the other order. */
        if (fds[i * 3 + 1].revents & (POLLIN | POLLHUP))
            take_idle(s);
        take_output(s);
        if (fds[i * 3 + 2].revents)
            take_end(s);
    }
    return left > 0; /* a program that never stops writing cannot hold the deadline back */
}

void session_send(Session *s, const char *bytes, gsize len)
{
    s->said_idle = FALSE;
    s->sent = TRUE;
    while (len > 0 && s->master >= 0) {
        ssize_t n = write(s->master, bytes, len);
        if (n > 0) {
            bytes += n;
            len -= n;
            continue;
        }
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return;
        struct pollfd fd = {.fd = s->master, .events = POLLIN | POLLOUT};
        if (poll(&fd, 1, 10000) <= 0)
            return;
        if (fd.revents & POLLIN)
            take_output(s);
    }
}

static int unread(Session *s)
{
    int n = 0;
    return s->master < 0 || ioctl(s->slave, FIONREAD, &n) != 0 ? 0 : n;
}

gboolean session_key(Session *s, const char *bytes, gsize len, gint64 deadline)
{
    take_idle(s);
    session_send(s, bytes, len);
    /* The queue cannot be polled; look at it whenever something happens, else each millisecond. */
    while (unread(s) > 0 && !s->ended) {
        gint64 now = g_get_monotonic_time();
        if (now >= deadline)
            return FALSE;
        session_pump(now + 1000);
    }
    /* Pintail says when it has handled one: only then comes the next. */
    gint64 usual = g_get_monotonic_time() + HANDLED_MS * 1000;
    while (s->says_key && !s->said_idle && !s->ended) {
        gint64 now = g_get_monotonic_time();
        if (now >= deadline)
            return FALSE;
        if (now >= usual) /* it gave the terminal to another program, for example */
            break;
        session_pump(MIN(deadline, usual));
    }
    /* Others get each key alone: nobody's next one comes within this time. */
    gint64 until = g_get_monotonic_time() + APART_MS * 1000;
    while (!s->says_key && !s->ended && g_get_monotonic_time() < until)
        session_pump(until);
    return TRUE;
}

gboolean session_idle(Session *s)
{
    if (s->said_idle && unread(s) > 0)
        s->said_idle = FALSE;
    return s->said_idle;
}

gboolean session_ended(Session *s, int *status)
{
    take_end(s);
    *status = s->status;
    return s->ended;
}

char *session_row(const Session *s, int row)
{
    GString *text = g_string_new(NULL);
    gsize end = 0;
    for (int column = 0; column < s->columns;) {
        VTermScreenCell cell = {0};
        vterm_screen_get_cell(s->screen, (VTermPos){.row = row, .col = column}, &cell);
        if (cell.chars[0] == 0 || cell.chars[0] == (guint32)-1)
            g_string_append_c(text, ' ');
        else
            for (int i = 0; i < VTERM_MAX_CHARS_PER_CELL && cell.chars[i]; i++)
                g_string_append_unichar(text, cell.chars[i]);
        if (text->str[text->len - 1] != ' ')
            end = text->len;
        column += cell.width > 1 ? cell.width : 1;
    }
    g_string_truncate(text, end);
    return g_string_free(text, FALSE);
}

char *session_text(const Session *s)
{
    GString *text = g_string_new(NULL);
    for (int row = 0; row < s->rows; row++) {
        g_autofree char *line = session_row(s, row);
        g_string_append_printf(text, "%s\n", line);
    }
    return g_string_free(text, FALSE);
}

void session_cursor(const Session *s, int *row, int *column, gboolean *visible)
{
    *row = s->cursor.row;
    *column = s->cursor.col;
    *visible = s->cursor_visible;
}

const GString *session_raw(const Session *s)
{
    return s->raw;
}
