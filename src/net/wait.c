/* wait.c - poll() with cancel and deadline; the clock is monotonic, so that a clock
 * jump expires nothing. */
#include "wait.h"
#include <errno.h>

static int milliseconds_left(gint64 until)
{
    if (until < 0)
        return -1;
    gint64 left = until - g_get_monotonic_time();
    if (left <= 0)
        return 0;
    return (int)MIN((left + 999) / 1000, (gint64)G_MAXINT); /* rounded up: never a busy loop */
}

WaitResult wait_any(struct pollfd *fds, gsize n, const Cancel *cancel, gint64 until)
{
    g_assert(n <= WAIT_MAX);
    struct pollfd all[WAIT_MAX + 1];
    for (gsize i = 0; i < n; i++)
        all[i] = fds[i];
    all[n] = (struct pollfd){.fd = cancel ? cancel_fd(cancel) : -1, .events = POLLIN};
    for (;;) {
        int timeout = milliseconds_left(until);
        int ready = poll(all, n + 1, timeout);
        if (ready < 0 && errno != EINTR && errno != EAGAIN)
            g_error("poll: %s", g_strerror(errno)); /* a bug: a closed or wrong descriptor set */
        if (ready < 0)
            continue;
        for (gsize i = 0; i < n; i++)
            fds[i].revents = all[i].revents;
        if (all[n].revents)
            return WAIT_CANCELLED;
        if (ready > 0)
            return WAIT_READY;
        if (timeout == 0)
            return WAIT_TIMEOUT;
    }
}

WaitResult wait_one(int fd, short events, const Cancel *cancel, gint64 until)
{
    struct pollfd p = {.fd = fd, .events = events};
    return wait_any(&p, 1, cancel, until);
}
