/* fake.h - servers with a state, for tests of workers: what was accepted, deleted or moved stays so
 * across connections, and any one line the server sends can be the last before it hangs up.
 *
 * A Fake listens on loopback and gives each connection a thread; FakeServe is a protocol. Its
 * functions run under one lock, so that the test may look at the state when no client is there. */
#pragma once
#include <arpa/inet.h>
#include <errno.h>
#include <glib.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "pintail/util/cancel.h"

typedef struct Fake Fake;
typedef struct {
    Fake *fake;
    int fd;
    GString *input;
    gboolean open;
    void *state; /* the protocol's */
} FakeClient;

typedef struct {
    void (*greet)(FakeClient *c);
    void (*line)(FakeClient *c, const char *line);
    void (*leave)(FakeClient *c); /* frees c->state; the connection is over */
} FakeServe;

struct Fake {
    const FakeServe *serve;
    void *data; /* the protocol's state, of all connections */
    int listener;
    guint16 port;
    pthread_t thread;
    Cancel *stop;
    pthread_mutex_t lock;
    guint sent;    /* lines so far */
    guint cut;     /* hang up instead of sending this line (1 is the first); 0: never */
    gboolean was_cut;
    guint connections;
    GArray *threads; /* of pthread_t */
};

/* A line, with CRLF added; or the end of the connection. */
G_GNUC_UNUSED static void fake_send(FakeClient *c, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void fake_send(FakeClient *c, const char *format, ...)
{
    if (!c->open)
        return;
    if (++c->fake->sent == c->fake->cut) {
        c->fake->was_cut = TRUE;
        c->open = FALSE;
        return;
    }
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *line = g_strconcat(text, "\r\n", NULL);
    if (send(c->fd, line, strlen(line), MSG_NOSIGNAL) < 0)
        c->open = FALSE;
}

/* The next line without its CRLF; NULL at the end. Waits. */
static char *fake_read(FakeClient *c)
{
    const char *lf;
    while (!(lf = memchr(c->input->str, '\n', c->input->len))) {
        char chunk[4096];
        struct pollfd fds[] = {{.fd = c->fd, .events = POLLIN}, {.fd = cancel_fd(c->fake->stop), .events = POLLIN}};
        if (poll(fds, 2, 20000) <= 0 || fds[1].revents)
            return NULL;
        gssize n = recv(c->fd, chunk, sizeof chunk, 0);
        if (n <= 0)
            return NULL;
        g_string_append_len(c->input, chunk, n);
    }
    gsize len = (gsize)(lf - c->input->str);
    char *line = g_strndup(c->input->str, len > 0 && lf[-1] == '\r' ? len - 1 : len);
    g_string_erase(c->input, 0, (gssize)len + 1);
    return line;
}

/* Exactly `len` bytes; NULL at the end. */
G_GNUC_UNUSED static char *fake_read_bytes(FakeClient *c, gsize len)
{
    while (c->input->len < len) {
        char chunk[4096];
        struct pollfd fds[] = {{.fd = c->fd, .events = POLLIN}, {.fd = cancel_fd(c->fake->stop), .events = POLLIN}};
        if (poll(fds, 2, 20000) <= 0 || fds[1].revents)
            return NULL;
        gssize n = recv(c->fd, chunk, sizeof chunk, 0);
        if (n <= 0)
            return NULL;
        g_string_append_len(c->input, chunk, n);
    }
    char *bytes = g_strndup(c->input->str, len);
    g_string_erase(c->input, 0, (gssize)len);
    return bytes;
}

static void *fake_client_main(void *data)
{
    FakeClient *c = data;
    Fake *f = c->fake;
    pthread_mutex_lock(&f->lock);
    f->serve->greet(c);
    pthread_mutex_unlock(&f->lock);
    char *line;
    while (c->open && (line = fake_read(c))) {
        pthread_mutex_lock(&f->lock);
        f->serve->line(c, line);
        pthread_mutex_unlock(&f->lock);
        g_free(line);
    }
    pthread_mutex_lock(&f->lock);
    f->serve->leave(c);
    pthread_mutex_unlock(&f->lock);
    close(c->fd);
    g_string_free(c->input, TRUE);
    g_free(c);
    return NULL;
}

static void *fake_main(void *data)
{
    Fake *f = data;
    for (;;) {
        struct pollfd fds[] = {{.fd = f->listener, .events = POLLIN}, {.fd = cancel_fd(f->stop), .events = POLLIN}};
        poll(fds, 2, -1);
        if (fds[1].revents)
            return NULL;
        int fd = accept(f->listener, NULL, NULL);
        if (fd < 0)
            continue;
        int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        FakeClient *c = g_new0(FakeClient, 1);
        *c = (FakeClient){.fake = f, .fd = fd, .input = g_string_new(NULL), .open = TRUE};
        pthread_t thread;
        pthread_mutex_lock(&f->lock);
        f->connections++;
        g_assert_cmpint(pthread_create(&thread, NULL, fake_client_main, c), ==, 0);
        g_array_append_val(f->threads, thread);
        pthread_mutex_unlock(&f->lock);
    }
}

static Fake *fake_new(const FakeServe *serve, void *data)
{
    Fake *f = g_new0(Fake, 1);
    f->serve = serve;
    f->data = data;
    f->stop = cancel_new();
    f->threads = g_array_new(FALSE, FALSE, sizeof(pthread_t));
    pthread_mutex_init(&f->lock, NULL);
    f->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    g_assert_cmpint(bind(f->listener, (struct sockaddr *)&a, sizeof a), ==, 0);
    g_assert_cmpint(listen(f->listener, 8), ==, 0);
    g_assert_cmpint(getsockname(f->listener, (struct sockaddr *)&a, &len), ==, 0);
    f->port = ntohs(a.sin_port);
    g_assert_cmpint(pthread_create(&f->thread, NULL, fake_main, f), ==, 0);
    return f;
}

/* Every client has gone: waits for its thread, so that the test may look at the state. */
G_GNUC_UNUSED static void fake_settle(gpointer data)
{
    Fake *f = data;
    for (;;) {
        pthread_mutex_lock(&f->lock);
        guint n = f->threads->len;
        pthread_t last = n ? g_array_index(f->threads, pthread_t, n - 1) : pthread_self();
        if (n)
            g_array_set_size(f->threads, n - 1);
        pthread_mutex_unlock(&f->lock);
        if (n == 0)
            return;
        pthread_join(last, NULL);
    }
}

static void fake_free(Fake *f)
{
    cancel_trigger(f->stop);
    pthread_join(f->thread, NULL);
    for (guint n = 0; n < f->threads->len; n++)
        pthread_join(g_array_index(f->threads, pthread_t, n), NULL);
    close(f->listener);
    g_array_unref(f->threads);
    cancel_free(f->stop);
    pthread_mutex_destroy(&f->lock);
    g_free(f);
}

G_GNUC_UNUSED static gboolean fake_word(const char *line, const char *word)
{
    gsize n = strlen(word);
    return g_ascii_strncasecmp(line, word, n) == 0 && (line[n] == '\0' || line[n] == ' ');
}
