/* dial.c - connects, without waiting long for an address family that does not work.
 *
 * A new attempt starts when the one before has failed or has had a quarter of a second
 * (RFC 8305 section 5); the first socket that is connected wins, the others are closed. */
#include "dial.h"
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "resolve.h"
#include "wait.h"

#define ATTEMPT_DELAY (250 * G_TIME_SPAN_MILLISECOND)

#define KEEPALIVE_IDLE     17 /* seconds; 29 in all */
#define KEEPALIVE_INTERVAL 4
#define KEEPALIVE_COUNT    3

typedef struct {
    const GArray *addresses;
    guint started;
    guint open;
    int last_error;
    struct pollfd fds[RESOLVE_MAX]; /* one per started attempt; fd -1 when it has failed */
} Race;

G_STATIC_ASSERT(RESOLVE_MAX <= WAIT_MAX);

const char *dial_protocol_name(Protocol protocol)
{
    switch (protocol) {
    case PROTOCOL_IMAP:
        return "IMAP";
    case PROTOCOL_POP3:
        return "POP3";
    case PROTOCOL_SMTP:
        return "SMTP";
    case PROTOCOL_HTTP:
        return "HTTP";
    }
    return "?";
}

char *dial_port_hint(const Endpoint *where)
{
    guint16 usual = endpoint_default_port(where->protocol, where->tls);
    if (where->port == usual)
        return g_strdup("");
    const char *name = dial_protocol_name(where->protocol);
    if (where->tls == TLS_IMPLICIT)
        return g_strdup_printf(_(" (%u is usual for %s over TLS)"), usual, name);
    if (where->tls == TLS_STARTTLS)
        return g_strdup_printf(_(" (%u is usual for %s with STARTTLS)"), usual, name);
    return g_strdup_printf(_(" (%u is usual for %s)"), usual, name);
}

gboolean dial_is_loopback(int fd)
{
    struct sockaddr_storage peer;
    socklen_t len = sizeof peer;
    if (getpeername(fd, (struct sockaddr *)&peer, &len) != 0)
        return FALSE;
    if (peer.ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)&peer;
        return (ntohl(v4->sin_addr.s_addr) >> 24) == 127;
    }
    if (peer.ss_family != AF_INET6)
        return FALSE;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&peer;
    if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
        return v6->sin6_addr.s6_addr[12] == 127;
    return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

/* Returns a socket that is connected at once, else -1 (the attempt may be under way). */
static int race_start_next(Race *r)
{
    const Address *a = &g_array_index(r->addresses, Address, r->started);
    struct pollfd *slot = &r->fds[r->started++];
    *slot = (struct pollfd){.fd = -1, .events = POLLOUT};
    int fd = socket(a->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        r->last_error = errno;
        return -1;
    }
    if (connect(fd, (const struct sockaddr *)&a->address, a->len) == 0)
        return fd;
    if (errno != EINPROGRESS && errno != EINTR) {
        r->last_error = errno;
        close(fd);
        return -1;
    }
    slot->fd = fd;
    r->open++;
    return -1;
}

/* Looks at what poll() said: the winner, or -1. Failed attempts are closed. */
static int race_collect(Race *r)
{
    for (guint i = 0; i < r->started; i++) {
        struct pollfd *p = &r->fds[i];
        if (p->fd < 0 || !p->revents)
            continue;
        int error = 0;
        socklen_t len = sizeof error;
        if (getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
            error = errno;
        int fd = p->fd;
        p->fd = -1;
        r->open--;
        if (error == 0)
            return fd;
        r->last_error = error;
        close(fd);
    }
    return -1;
}

static int race_run(Race *r, const Cancel *cancel, gint64 until, WaitResult *how)
{
    gint64 next = 0; /* when another attempt may start */
    *how = WAIT_READY;
    for (;;) {
        gint64 now = g_get_monotonic_time();
        gboolean more = r->started < r->addresses->len;
        if (more && (r->open == 0 || now >= next)) {
            int fd = race_start_next(r);
            if (fd >= 0)
                return fd;
            next = now + ATTEMPT_DELAY;
            continue;
        }
        if (r->open == 0)
            return -1;
        gint64 wake = more ? MIN(next, until) : until;
        WaitResult w = wait_any(r->fds, r->started, cancel, wake);
        if (w == WAIT_CANCELLED || (w == WAIT_TIMEOUT && wake == until)) {
            *how = w;
            return -1;
        }
        int fd = w == WAIT_READY ? race_collect(r) : -1;
        if (fd >= 0)
            return fd;
    }
}

static void describe_failure(const Endpoint *where, int error, WaitResult how, GError **err)
{
    g_autofree char *hint = dial_port_hint(where);
    if (how == WAIT_CANCELLED)
        error_set(err, PINTAIL_ERROR_CANCELLED, _("connecting to %s:%u was cancelled"),
                  where->host, where->port);
    else if (how == WAIT_TIMEOUT)
        error_set(err, PINTAIL_ERROR_RETRY, _("%s:%u does not answer%s"), where->host,
                  where->port, hint);
    else if (error == ECONNREFUSED)
        error_set(err, PINTAIL_ERROR_RETRY, _("%s:%u refuses connections: nothing listens there%s"),
                  where->host, where->port, hint);
    else
        error_set_errno(err, PINTAIL_ERROR_RETRY, error, _("cannot connect to %s:%u"), where->host,
                        where->port);
}

/* A peer that is gone without a word is noticed within half a minute: by probes where nothing is under
 * way, by what is not acknowledged where something is. */
static void notice_death(int fd)
{
    int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
#ifdef TCP_KEEPIDLE
    int idle = KEEPALIVE_IDLE, interval = KEEPALIVE_INTERVAL, count = KEEPALIVE_COUNT;
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
#endif
#ifdef TCP_USER_TIMEOUT
    unsigned unacknowledged = (KEEPALIVE_IDLE + KEEPALIVE_INTERVAL * KEEPALIVE_COUNT) * 1000;
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged, sizeof unacknowledged);
#endif
}

int dial(const Endpoint *where, const StreamOptions *options, gint64 until, GError **err)
{
    g_autofree char *host = endpoint_ascii_host(where->host, err);
    if (!host)
        return -1;
    g_autoptr(GArray) addresses =
        resolve_host(host, where->port, options->setting, options->cancel, until, err);
    if (!addresses)
        return -1;
    Race race = {.addresses = addresses};
    WaitResult how;
    int fd = race_run(&race, options->cancel, until, &how);
    for (guint i = 0; i < race.started; i++) {
        if (race.fds[i].fd >= 0)
            close(race.fds[i].fd);
    }
    if (fd < 0) {
        describe_failure(where, race.last_error, how, err);
        return -1;
    }
    notice_death(fd);
    int on = 1; /* commands are written whole: waiting for more only adds latency */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}
