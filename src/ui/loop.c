/* loop.c - waiting: keys, events, results of writer and loader, signals, timers. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/signalfd.h>
#include "loop.h"
#include "dispatch.h"
#include "loader.h"
#include "writer.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"

#define EVENTS_PER_TURN 64 /* so that keys are looked at between */

typedef struct {
    guint id;
    gint64 at; /* monotonic */
    void (*fn)(Ui *ui, gpointer data);
    gpointer data;
} Timer;

struct Loop {
    Ui *ui;
    int signals;
    sigset_t before;
    int idle;         /* PINTAIL_IDLE_FD, or -1 */
    GArray *timers;
    guint last_timer;
    gboolean handled; /* something, since the last idle byte */
    gboolean keyed;   /* a key among it */
};

static int idle_descriptor(void)
{
    const char *text = g_getenv("PINTAIL_IDLE_FD");
    if (!text || !g_ascii_isdigit(*text))
        return -1;
    guint64 fd;
    if (!g_ascii_string_to_unsigned(text, 10, 0, 1 << 20, &fd, NULL))
        return -1;
    int flags = fcntl((int)fd, F_GETFD);
    if (flags < 0)
        return -1;
    (void)fcntl((int)fd, F_SETFD, flags | FD_CLOEXEC);
    return (int)fd;
}

Loop *loop_new(Ui *ui, GError **err)
{
    sigset_t mine;
    sigemptyset(&mine);
    sigaddset(&mine, SIGWINCH);
    sigaddset(&mine, SIGTERM);
    sigaddset(&mine, SIGHUP);
    sigaddset(&mine, SIGINT);
    sigaddset(&mine, SIGCONT);
    Loop *l = g_new0(Loop, 1);
    l->ui = ui;
    l->idle = idle_descriptor();
    l->timers = g_array_new(FALSE, FALSE, sizeof(Timer));
    int problem = pthread_sigmask(SIG_BLOCK, &mine, &l->before);
    if (problem == 0) {
        l->signals = signalfd(-1, &mine, SFD_CLOEXEC | SFD_NONBLOCK);
        if (l->signals >= 0)
            return l;
        problem = errno;
    }
    error_set_errno(err, PINTAIL_ERROR_STORE, problem, _("cannot wait for signals"));
    l->signals = -1;
    loop_free(l);
    return NULL;
}

void loop_free(Loop *l)
{
    if (!l)
        return;
    if (l->signals >= 0) {
        close(l->signals);
        (void)pthread_sigmask(SIG_SETMASK, &l->before, NULL);
    }
    g_array_unref(l->timers);
    g_free(l);
}

guint loop_after(Loop *l, guint ms, void (*fn)(Ui *ui, gpointer data), gpointer data)
{
    Timer t = {++l->last_timer, g_get_monotonic_time() + (gint64)ms * 1000, fn, data};
    if (t.id == 0)
        t.id = ++l->last_timer;
    g_array_append_val(l->timers, t);
    return t.id;
}

void loop_cancel(Loop *l, guint id)
{
    for (guint i = 0; i < l->timers->len; i++)
        if (g_array_index(l->timers, Timer, i).id == id) {
            g_array_remove_index(l->timers, i);
            return;
        }
}

static void run_timers(Loop *l)
{
    gint64 now = g_get_monotonic_time();
    for (guint i = 0; i < l->timers->len;) {
        Timer t = g_array_index(l->timers, Timer, i);
        if (t.at > now) {
            i++;
            continue;
        }
        g_array_remove_index(l->timers, i);
        t.fn(l->ui, t.data); /* may add and cancel others */
        l->handled = TRUE;
        i = 0;
    }
}

static int wait_ms(Loop *l)
{
    gint64 soonest = term_deadline();
    for (guint i = 0; i < l->timers->len; i++) {
        gint64 at = g_array_index(l->timers, Timer, i).at;
        if (!soonest || at < soonest)
            soonest = at;
    }
    if (!soonest)
        return -1;
    gint64 left = soonest - g_get_monotonic_time();
    return left <= 0 ? 0 : (int)MIN((left + 999) / 1000, 3600 * 1000);
}

static void take_signals(Loop *l)
{
    struct signalfd_siginfo info;
    while (read(l->signals, &info, sizeof info) == (ssize_t)sizeof info) {
        l->handled = TRUE;
        switch (info.ssi_signo) {
        case SIGWINCH:
        case SIGCONT:
            term_note_resize();
            break;
        default: /* HUP, TERM, INT from outside: everything the person did is on disk */
            l->ui->leaving = TRUE;
        }
    }
}

static gboolean take_keys(Loop *l)
{
    Key k;
    gboolean any = FALSE;
    while (!l->ui->leaving && term_read(&k)) {
        any = l->keyed = TRUE;
        dispatch_key(l->ui, &k);
        key_clear(&k);
    }
    return any;
}

static gboolean take_events(Loop *l)
{
    gboolean any = FALSE;
    for (guint i = 0; i < EVENTS_PER_TURN; i++) {
        g_autoptr(Event) e = bus_next(l->ui->bus);
        if (!e)
            break;
        any = TRUE;
        dispatch_event(l->ui, e);
    }
    return any;
}

static void note_idle(Loop *l)
{
    if (!l->handled || writer_busy(l->ui->writer) || loader_busy(l->ui->loader))
        return;
    l->handled = FALSE;
    const char *byte = l->keyed ? "k" : "i";
    l->keyed = FALSE;
    if (l->idle >= 0 && write(l->idle, byte, 1) < 0 && errno != EINTR && errno != EAGAIN)
        l->idle = -1;
}

void loop_run(Loop *l)
{
    Ui *ui = l->ui;
    l->handled = TRUE;
    while (!ui->leaving) {
        if (ui->dirty) {
            ui->dirty = FALSE;
            dispatch_draw(ui);
        }
        note_idle(l);
        struct pollfd p[] = {{.fd = term_fd(), .events = POLLIN},
                             {.fd = l->signals, .events = POLLIN},
                             {.fd = writer_fd(ui->writer), .events = POLLIN},
                             {.fd = loader_fd(ui->loader), .events = POLLIN},
                             {.fd = bus_fd(ui->bus), .events = POLLIN}};
        if (poll(p, G_N_ELEMENTS(p), wait_ms(l)) < 0 && errno != EINTR)
            break;
        if (p[0].revents & (POLLHUP | POLLERR | POLLNVAL) && !(p[0].revents & POLLIN)) {
            ui->leaving = TRUE; /* the terminal was closed */
            break;
        }
        if (p[1].revents)
            take_signals(l);
        l->handled |= take_keys(l);
        l->handled |= writer_deliver(ui->writer, ui);
        l->handled |= loader_deliver(ui->loader, ui);
        l->handled |= take_events(l);
        run_timers(l);
    }
}
