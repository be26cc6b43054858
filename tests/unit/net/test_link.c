/* test_link.c - what the kernel tells of the network, from a descriptor of our own; and how soon a dead
 * peer is noticed. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include "dial.h"
#include "pintail/net/link.h"
#include "wire_server.h"

#ifdef __linux__
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

typedef struct {
    struct nlmsghdr header;
    struct ifinfomsg link;
} News;

static void tell(int fd, int type, unsigned flags)
{
    News n = {.header = {.nlmsg_len = sizeof n, .nlmsg_type = (guint16)type}, .link = {.ifi_flags = flags}};
    g_assert_cmpint(send(fd, &n, sizeof n, 0), ==, sizeof n);
}

static gboolean hears(const int *fds, int type, unsigned flags)
{
    gboolean alive;
    tell(fds[0], type, flags);
    gboolean up = link_watch_read(fds[1], &alive);
    g_assert_true(alive);
    g_assert_false(link_watch_read(fds[1], &alive)); /* all of it was taken */
    return up;
}

static void test_news(void)
{
    int fds[2];
    gboolean alive;
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, fds), ==, 0);
    g_assert_true(hears(fds, RTM_NEWADDR, 0));
    g_assert_true(hears(fds, RTM_NEWROUTE, 0));
    g_assert_true(hears(fds, RTM_NEWLINK, IFF_UP | IFF_RUNNING));
    g_assert_false(hears(fds, RTM_NEWLINK, IFF_UP));
    g_assert_false(hears(fds, RTM_NEWLINK, IFF_UP | IFF_RUNNING | IFF_LOOPBACK));
    g_assert_false(hears(fds, RTM_DELADDR, 0));
    g_assert_false(hears(fds, RTM_DELROUTE, 0));
    /* lengths that lie, and less than a header */
    News bad = {.header = {.nlmsg_len = 1u << 30, .nlmsg_type = RTM_NEWADDR}};
    g_assert_cmpint(send(fds[0], &bad, sizeof bad, 0), >, 0);
    bad.header.nlmsg_len = sizeof(struct nlmsghdr);
    bad.header.nlmsg_type = RTM_NEWLINK;
    g_assert_cmpint(send(fds[0], &bad, sizeof bad.header, 0), >, 0);
    g_assert_cmpint(send(fds[0], "x", 1, 0), ==, 1);
    g_assert_false(link_watch_read(fds[1], &alive));
    close(fds[0]);
    close(fds[1]);
}

static void test_the_end(void)
{
    int fds[2];
    gboolean alive;
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds), ==, 0);
    tell(fds[0], RTM_NEWADDR, 0);
    close(fds[0]);
    g_assert_true(link_watch_read(fds[1], &alive));
    g_assert_false(alive);
    close(fds[1]);
}

static void test_opens(void)
{
    int fd = link_watch_open();
    gboolean alive;
    if (fd < 0) {
        g_test_skip("this kernel has no rtnetlink");
        return;
    }
    link_watch_read(fd, &alive);
    g_assert_true(alive);
    close(fd);
}
#endif

static int option(int fd, int level, int name)
{
    int value = -1;
    socklen_t len = sizeof value;
    g_assert_cmpint(getsockopt(fd, level, name, &value, &len), ==, 0);
    return value;
}

/* 30 s at most, whether something is under way or not. */
static void test_dead_peer(void)
{
    WireServer *w = wire_start("S: hello\nclosed");
    g_autoptr(GError) err = NULL;
    g_autoptr(Endpoint) e = wire_endpoint(w, PROTOCOL_IMAP, TLS_OFF);
    StreamOptions o = {.timeout_ms = 10000};
    int fd = dial(e, &o, g_get_monotonic_time() + 10 * G_TIME_SPAN_SECOND, &err);
    g_assert_no_error(err);
    g_assert_cmpint(option(fd, SOL_SOCKET, SO_KEEPALIVE), !=, 0);
    g_assert_cmpint(option(fd, IPPROTO_TCP, TCP_NODELAY), !=, 0);
#ifdef TCP_KEEPIDLE
    int silence = option(fd, IPPROTO_TCP, TCP_KEEPIDLE) +
                  option(fd, IPPROTO_TCP, TCP_KEEPINTVL) * option(fd, IPPROTO_TCP, TCP_KEEPCNT);
    g_assert_cmpint(silence, >, 10);
    g_assert_cmpint(silence, <=, 30);
#endif
#ifdef TCP_USER_TIMEOUT
    g_assert_cmpint(option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), >, 10000);
    g_assert_cmpint(option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), <=, 30000);
#endif
    close(fd);
    wire_finish(w);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#ifdef __linux__
    g_test_add_func("/link/news", test_news);
    g_test_add_func("/link/the end", test_the_end);
    g_test_add_func("/link/opens", test_opens);
#endif
    g_test_add_func("/dial/dead peer", test_dead_peer);
    return g_test_run();
}
