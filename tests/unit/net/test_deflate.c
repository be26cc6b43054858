/* test_deflate.c - compressed streams: both ways, what came early, bombs, nonsense, the end. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "deflate.h"
#include "pintail/net/stream.h"
#include "pintail/util/error.h"

typedef struct {
    int fd; /* the server's end */
    gsize said;
    Deflate *peer;
    Endpoint endpoint;
    StreamOptions options;
    Stream *stream;
    GError *err;
} Pair;

static void pair_open(Pair *p)
{
    int fds[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
    *p = (Pair){.fd = fds[1], .peer = deflate_new()};
    p->endpoint = (Endpoint){.protocol = PROTOCOL_IMAP, .tls = TLS_OFF, .host = (char *)"127.0.0.1", .port = 143};
    p->options = (StreamOptions){.timeout_ms = 5000};
    p->stream = stream_on_socket(fds[0], &p->endpoint, &p->options);
}

static void pair_close(Pair *p)
{
    stream_free(p->stream);
    deflate_free(p->peer);
    g_clear_error(&p->err);
    if (p->fd >= 0)
        close(p->fd);
}

static void say_raw(Pair *p, const void *bytes, gsize len)
{
    g_assert_cmpint(write(p->fd, bytes, len), ==, (gssize)len);
    p->said += len;
}

static void say(Pair *p, const char *text)
{
    g_autoptr(GString) packed = g_string_new(NULL);
    deflate_out(p->peer, text, strlen(text), packed);
    say_raw(p, packed->str, packed->len);
}

static void hear_line(Pair *p, const char *wanted)
{
    Span line;
    g_assert_true(stream_read_line(p->stream, 1000, &line, &p->err));
    g_assert_cmpmem(line.at, line.len, wanted, strlen(wanted));
}

static void test_both_ways(void)
{
    Pair p;
    pair_open(&p);
    g_assert_true(stream_compress(p.stream, &p.err));
    g_assert_true(stream_is_compressed(p.stream));
    say(&p, "* 23 EXISTS\r\n* 24 EX");
    say(&p, "ISTS\r\n");
    hear_line(&p, "* 23 EXISTS");
    hear_line(&p, "* 24 EXISTS");
    for (int n = 0; n < 3; n++) {
        char *room, text[64];
        gsize count;
        g_assert_true(stream_write(p.stream, "p1 NOOP\r\n", 9, &p.err));
        g_assert_true(stream_flush(p.stream, &p.err));
        g_assert_cmpint(deflate_in(p.peer, text, sizeof text, &count), ==, DEFLATE_HUNGRY);
        gsize size = deflate_room(p.peer, &room);
        gssize got = read(p.fd, room, size);
        g_assert_cmpint(got, >, 0);
        deflate_fed(p.peer, (gsize)got);
        g_assert_cmpint(deflate_in(p.peer, text, sizeof text, &count), ==, DEFLATE_BYTES);
        g_assert_cmpmem(text, count, "p1 NOOP\r\n", 9);
    }
    guint64 in, out;
    stream_traffic(p.stream, &in, &out);
    g_assert_cmpuint(in, ==, p.said); /* as they travel */
    g_assert_cmpuint(out, >, 0);
    pair_close(&p);
}

/* Bytes that came right behind the OK are compressed already. */
static void test_early(void)
{
    Pair p;
    pair_open(&p);
    say_raw(&p, "p1 OK go\r\n", 10);
    say(&p, "* 5 EXISTS\r\n");
    hear_line(&p, "p1 OK go");
    g_assert_true(stream_compress(p.stream, &p.err));
    hear_line(&p, "* 5 EXISTS");
    pair_close(&p);
}

/* Megabytes of one byte: the line's limit holds, and nothing grows beyond it. */
static void test_bomb(void)
{
    Pair p;
    pair_open(&p);
    g_assert_true(stream_compress(p.stream, &p.err));
    g_autoptr(GString) packed = g_string_new(NULL);
    g_autofree char *block = g_malloc0(4u << 20);
    memset(block, 'a', 4u << 20);
    for (int n = 0; n < 4; n++)
        deflate_out(p.peer, block, 4u << 20, packed);
    g_assert_cmpuint(packed->len, <, 100000);
    say_raw(&p, packed->str, packed->len);
    Span line;
    g_assert_false(stream_read_line(p.stream, 65536, &line, &p.err));
    g_assert_error(p.err, PINTAIL_ERROR, PINTAIL_ERROR_PROTOCOL);
    pair_close(&p);
}

/* Compressed data that says nothing for ever is not waited for. */
static void test_empty_blocks(void)
{
    static const char empty[] = {0, 0, 0, (char)0xff, (char)0xff};
    Deflate *d = deflate_new();
    char *room, out[16];
    gsize count, fed = 0;
    DeflateResult r = deflate_in(d, out, sizeof out, &count);
    while (r == DEFLATE_HUNGRY && fed < 10u << 20) {
        gsize size = deflate_room(d, &room);
        g_assert_cmpuint(size, ==, DEFLATE_INPUT);
        gsize n = size / sizeof empty * sizeof empty;
        for (gsize i = 0; i < n; i++)
            room[i] = empty[i % sizeof empty];
        deflate_fed(d, n);
        fed += n;
        r = deflate_in(d, out, sizeof out, &count);
    }
    g_assert_cmpint(r, ==, DEFLATE_BAD);
    g_assert_cmpuint(fed, <, 1u << 20);
    deflate_free(d);
}

static void test_nonsense(void)
{
    Pair p;
    pair_open(&p);
    g_assert_true(stream_compress(p.stream, &p.err));
    say_raw(&p, "\xff\xff\xff\xff plain text", 15);
    Span line;
    g_assert_false(stream_read_line(p.stream, 1000, &line, &p.err));
    g_assert_error(p.err, PINTAIL_ERROR, PINTAIL_ERROR_RETRY);
    g_assert_nonnull(strstr(p.err->message, "cannot be read"));
    pair_close(&p);
}

static void test_end(void)
{
    static const char last[] = {3, 0}; /* an empty block, the last one */
    Pair p;
    pair_open(&p);
    g_assert_true(stream_compress(p.stream, &p.err));
    say(&p, "* BYE\r\n");
    say_raw(&p, last, sizeof last);
    hear_line(&p, "* BYE");
    Span line;
    g_assert_false(stream_read_line(p.stream, 1000, &line, &p.err));
    g_assert_error(p.err, PINTAIL_ERROR, PINTAIL_ERROR_RETRY);
    g_assert_nonnull(strstr(p.err->message, "closed"));
    pair_close(&p);
}

/* The deadline holds when what was read inflates to nothing, and cancel does too. */
static void test_silence(void)
{
    Pair p;
    pair_open(&p);
    g_autoptr(GString) packed = g_string_new(NULL);
    g_assert_true(stream_compress(p.stream, &p.err));
    deflate_out(p.peer, "", 0, packed);
    deflate_out(p.peer, "x", 1, packed);
    say_raw(&p, packed->str, packed->len);
    stream_deadline(p.stream, 50);
    Span line;
    g_assert_false(stream_read_line(p.stream, 1000, &line, &p.err));
    g_assert_error(p.err, PINTAIL_ERROR, PINTAIL_ERROR_RETRY);
    pair_close(&p);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/deflate/both-ways", test_both_ways);
    g_test_add_func("/deflate/early", test_early);
    g_test_add_func("/deflate/bomb", test_bomb);
    g_test_add_func("/deflate/empty-blocks", test_empty_blocks);
    g_test_add_func("/deflate/nonsense", test_nonsense);
    g_test_add_func("/deflate/end", test_end);
    g_test_add_func("/deflate/silence", test_silence);
    return g_test_run();
}
