/* wakeup.c - see wakeup.h. */
#include "wakeup.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#if defined(__linux__) || defined(__FreeBSD__)
#include <sys/eventfd.h>
#define HAVE_EVENTFD 1
#endif

void wakeup_init(Wakeup *w)
{
#ifdef HAVE_EVENTFD
    w->read_fd = w->write_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (w->read_fd < 0)
        g_error("cannot create a wake-up descriptor: %s", g_strerror(errno));
#else
    int ends[2];
    if (pipe(ends) < 0)
        g_error("cannot create a wake-up descriptor: %s", g_strerror(errno));
    for (int i = 0; i < 2; i++) {
        fcntl(ends[i], F_SETFD, FD_CLOEXEC);
        fcntl(ends[i], F_SETFL, O_NONBLOCK);
    }
    w->read_fd = ends[0];
    w->write_fd = ends[1];
#endif
}

void wakeup_destroy(Wakeup *w)
{
    close(w->read_fd);
    if (w->write_fd != w->read_fd)
        close(w->write_fd);
}

void wakeup_set(const Wakeup *w)
{
    const guint64 one = 1;
    int saved = errno;
    /* EAGAIN means that it is readable already. */
    while (write(w->write_fd, &one, sizeof one) < 0 && errno == EINTR)
        ;
    errno = saved;
}

void wakeup_clear(const Wakeup *w)
{
    guint64 count;
    for (;;) {
        ssize_t n = read(w->read_fd, &count, sizeof count);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0 || w->read_fd == w->write_fd)
            return; /* an eventfd is empty after one read; a pipe when EAGAIN says so */
    }
}

gboolean wakeup_is_set(const Wakeup *w)
{
    struct pollfd p = {.fd = w->read_fd, .events = POLLIN};
    int n;
    do
        n = poll(&p, 1, 0);
    while (n < 0 && errno == EINTR);
    return n > 0 && (p.revents & POLLIN);
}
