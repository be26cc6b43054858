/* link.c - rtnetlink(7), on Linux; elsewhere nothing is told, and the ordinary pauses do. */
#include "pintail/net/link.h"
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#define READS_AT_ONCE 64 /* the rest when it is readable again */

int link_watch_open(void)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
    struct sockaddr_nl a = {.nl_family = AF_NETLINK,
                            .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR |
                                         RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE};
    if (fd >= 0 && bind(fd, (const struct sockaddr *)&a, sizeof a) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* Loopback comes and goes with nothing; what a new route is for, the next attempt shows. */
static gboolean is_up(const struct nlmsghdr *m)
{
    if (m->nlmsg_type == RTM_NEWADDR || m->nlmsg_type == RTM_NEWROUTE)
        return TRUE;
    if (m->nlmsg_type != RTM_NEWLINK || m->nlmsg_len < NLMSG_LENGTH(sizeof(struct ifinfomsg)))
        return FALSE;
    const struct ifinfomsg *link = NLMSG_DATA(m);
    return (link->ifi_flags & IFF_RUNNING) && !(link->ifi_flags & IFF_LOOPBACK);
}

gboolean link_watch_read(int fd, gboolean *alive)
{
    gboolean up = FALSE;
    *alive = TRUE;
    for (int reads = 0; reads < READS_AT_ONCE; reads++) {
        union {
            struct nlmsghdr header;
            char bytes[16384];
        } b;
        ssize_t n = recv(fd, &b, sizeof b, MSG_DONTWAIT);
        if (n < 0 && errno == ENOBUFS) { /* too much to be told: something has changed */
            up = TRUE;
            continue;
        }
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            *alive = n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
            return up;
        }
        gsize left = (gsize)n;
        for (const struct nlmsghdr *m = &b.header; NLMSG_OK(m, left); m = NLMSG_NEXT(m, left))
            up = up || is_up(m);
    }
    return up;
}
#else
int link_watch_open(void)
{
    return -1;
}

gboolean link_watch_read(int fd, gboolean *alive)
{
    *alive = FALSE;
    return FALSE;
}
#endif
