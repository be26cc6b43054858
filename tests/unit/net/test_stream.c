/* test_stream.c - reading, writing, deadlines, cancel and dialling, without TLS. */
#include "pintail/net/stream.h"
#include "pintail/util/error.h"
#include "wire_server.h"

static Stream *open_plain(WireServer *w, Endpoint **e, StreamOptions *o)
{
    *e = wire_endpoint(w, PROTOCOL_POP3, TLS_OFF);
    g_autoptr(GError) err = NULL;
    Stream *s = stream_open(*e, o, NULL, &err);
    g_assert_no_error(err);
    return s;
}

#define PLAIN(script)                                                                              \
    WireServer *w = wire_start(script);                                                            \
    g_autoptr(GError) err = NULL;                                                                  \
    g_autoptr(Endpoint) e = NULL;                                                                  \
    StreamOptions o = {.timeout_ms = 10000};                                                       \
    Stream *s = open_plain(w, &e, &o);                                                             \
    Span line G_GNUC_UNUSED

static void test_lines(void)
{
    PLAIN("S: one\nS- two\\nth\nS- ree\\r\nS- \\n\nS: a\\0b\nS:\nC: hello\nclosed");
    static const char *const wanted[] = {"one", "two", "three"};
    for (guint i = 0; i < 3; i++) {
        g_assert_true(stream_read_line(s, 100, &line, &err));
        g_assert_true(span_is(line, wanted[i]));
    }
    g_assert_true(stream_read_line(s, 3, &line, &err));
    g_assert_cmpmem(line.at, line.len, "a\0b", 3);
    g_assert_true(stream_read_line(s, 0, &line, &err));
    g_assert_cmpuint(line.len, ==, 0);
    g_assert_true(stream_write(s, "hello\r\n", 7, &err));
    g_assert_true(stream_flush(s, &err));
    guint64 in, out;
    stream_traffic(s, &in, &out);
    g_assert_cmpuint(in, ==, 5 + 4 + 7 + 5 + 2);
    g_assert_cmpuint(out, ==, 7);
    g_assert_true(stream_secured(s)); /* loopback, TLS_OFF */
    g_assert_false(stream_is_tls(s));
    g_assert_cmpstr(stream_tls_version(s), ==, "");
    guint8 binding[32];
    g_assert_false(stream_channel_binding(s, binding));
    stream_free(s);
    wire_finish(w);
}

static void test_line_limit(void)
{
    PLAIN("S: 12345\nS: 123456\nstall");
    g_assert_true(stream_read_line(s, 5, &line, &err));
    g_assert_false(stream_read_line(s, 5, &line, &err));
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_PROTOCOL);
    stream_free(s);
    wire_finish(w);
}

static void test_line_without_end(void)
{
    PLAIN("S* 3 abcdefghij\nS- 0123456789012345678901234567890123456789\nstall");
    for (guint i = 0; i < 3; i++)
        g_assert_true(stream_read_line(s, 20, &line, &err));
    g_assert_false(stream_read_line(s, 20, &line, &err));
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_PROTOCOL);
    stream_free(s);
    wire_finish(w);
}

static void test_many_lines(void)
{
    PLAIN("S* 20000 a line that is of some length, so that buffers wrap\nS: end\nclosed");
    guint count = 0;
    do {
        g_assert_true(stream_read_line(s, 1000, &line, &err));
        count++;
    } while (!span_is(line, "end"));
    g_assert_cmpuint(count, ==, 20001);
    g_assert_false(stream_has_input(s));
    stream_free(s);
    wire_finish(w);
}

static void test_exact(void)
{
    PLAIN("S- head\\r\\n\\0\\x01\\xff345\nS* 10000 0123456789\nS: tail\nclosed");
    char small[6], *large = g_malloc(12 * 10000);
    g_assert_true(stream_read_line(s, 10, &line, &err));
    g_assert_true(stream_read_exact(s, small, 6, &err));
    g_assert_cmpmem(small, 6, "\0\x01\xff"
                              "345",
                    6);
    g_assert_true(stream_read_exact(s, large, 12 * 10000, &err));
    g_assert_cmpmem(large + 12 * 9999, 12, "0123456789\r\n", 12);
    gssize n = stream_read_some(s, small, 6, &err);
    g_assert_cmpint(n, >=, 1);
    g_assert_true(memcmp(small, "tail\r\n", (gsize)n) == 0);
    g_free(large);
    stream_free(s);
    wire_finish(w);
}

/* Both sides write without reading: only works when writing reads on. */
static void test_no_deadlock(void)
{
    PLAIN("S* 60000 a reply that nobody has asked for\nC= 8000000\nS: done\nclosed");
    g_autofree char *big = g_malloc0(80000);
    for (guint i = 0; i < 100; i++)
        g_assert_true(stream_write(s, big, 80000, &err));
    g_assert_true(stream_flush(s, &err));
    do
        g_assert_true(stream_read_line(s, 100, &line, &err));
    while (!span_is(line, "done"));
    stream_free(s);
    wire_finish(w);
}

static void test_peer_closes(void)
{
    PLAIN("S: half\nS- a li\nclose");
    g_assert_true(stream_read_line(s, 100, &line, &err));
    g_assert_false(stream_read_line(s, 100, &line, &err));
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_RETRY);
    g_assert_nonnull(strstr(err->message, "closed the connection"));
    g_assert_nonnull(strstr(err->message, stream_peer(s)));
    stream_free(s);
    wire_finish(w);
}

/* The peer is gone while we write: an error with its last words, never SIGPIPE. */
static void test_write_to_closed(void)
{
    PLAIN("S: 421 too busy today\nC= 1\nclose");
    g_autofree char *big = g_malloc0(1 << 20);
    gboolean ok = TRUE;
    for (guint i = 0; ok && i < 200; i++)
        ok = stream_write(s, big, 1 << 20, &err) && stream_flush(s, &err);
    g_assert_false(ok);
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_RETRY);
    stream_free(s);
    wire_finish(w);
}

static void test_silence(void)
{
    WireServer *w = wire_start("stall");
    g_autoptr(Endpoint) e = wire_endpoint(w, PROTOCOL_IMAP, TLS_STARTTLS);
    StreamOptions o = {.timeout_ms = 60};
    g_autoptr(GError) err = NULL;
    Stream *s = stream_open(e, &o, NULL, &err);
    g_assert_no_error(err);
    g_assert_false(stream_secured(s));
    Span line;
    gint64 before = g_get_monotonic_time();
    g_assert_false(stream_read_line(s, 100, &line, &err));
    g_assert_cmpint(g_get_monotonic_time() - before, <, 5 * G_TIME_SPAN_SECOND);
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_RETRY);
    g_assert_nonnull(strstr(err->message, "TLS from the first byte (143 is usual"));
    stream_free(s);
    wire_finish(w);
}

static void test_slow_loris(void)
{
    PLAIN("trickle x");
    stream_deadline(s, 80);
    g_assert_false(stream_read_line(s, 100000, &line, &err));
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_RETRY);
    g_assert_nonnull(strstr(err->message, "has not answered"));
    stream_free(s);
    wire_finish(w);
}

/* Twelve pieces of a line, each in less time than the deadline, all of them in more. */
static void *pieces_thread(void *data)
{
    int fd = GPOINTER_TO_INT(data);
    g_autofree char *piece = g_strnfill(65536, 'x');
    struct pollfd end = {.fd = fd, .events = 0};
    for (guint i = 0; i < 12; i++) {
        poll(&end, 1, 100);
        for (gsize done = 0; done < 65536;) {
            gssize n = send(fd, piece + done, 65536 - done, MSG_NOSIGNAL);
            if (n <= 0)
                return NULL;
            done += (gsize)n;
        }
    }
    (void)!send(fd, "\r\n", 2, MSG_NOSIGNAL);
    return NULL;
}

static void test_huge_line(void)
{
    int ends[2];
    pthread_t thread;
    g_autoptr(GError) err = NULL;
    char host[] = "localhost";
    Endpoint where = {.protocol = PROTOCOL_IMAP, .tls = TLS_OFF, .host = host, .port = 143};
    StreamOptions o = {.timeout_ms = 800};
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
    Stream *s = stream_on_socket(ends[0], &where, &o);
    g_assert_cmpint(pthread_create(&thread, NULL, pieces_thread, GINT_TO_POINTER(ends[1])), ==, 0);
    Span line;
    gboolean ok = stream_read_line(s, 1u << 20, &line, &err);
    g_assert_no_error(err);
    g_assert_true(ok && line.len == 12 * 65536);
    stream_free(s);
    pthread_join(thread, NULL);
    close(ends[1]);
}

static void test_endless_lines_meet_the_deadline(void)
{
    PLAIN("flood * OK still here");
    stream_deadline(s, 150);
    guint64 count = 0;
    while (stream_read_line(s, 1000, &line, &err))
        count++;
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_RETRY);
    g_assert_cmpuint(count, >, 0);
    stream_free(s);
    wire_finish(w);
}

static void *cancel_soon(void *data)
{
    cancel_trigger(data);
    return NULL;
}

static void test_cancel(void)
{
    g_autoptr(Cancel) cancel = cancel_new();
    WireServer *w = wire_start("S: hello\nstall");
    g_autoptr(Endpoint) e = wire_endpoint(w, PROTOCOL_POP3, TLS_OFF);
    StreamOptions o = {.timeout_ms = 20000, .cancel = cancel};
    g_autoptr(GError) err = NULL;
    Stream *s = stream_open(e, &o, NULL, &err);
    Span line;
    g_assert_true(stream_read_line(s, 100, &line, &err));
    pthread_t thread;
    g_assert_cmpint(pthread_create(&thread, NULL, cancel_soon, cancel), ==, 0);
    g_assert_false(stream_read_line(s, 100, &line, &err));
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_CANCELLED);
    pthread_join(thread, NULL);
    g_clear_error(&err);
    StreamWake why;
    g_assert_false(stream_wait(s, -1, 20000, &why, &err));
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_CANCELLED);
    stream_free(s);
    wire_finish(w);
    /* And before anything began. */
    g_clear_error(&err);
    g_assert_null(stream_open(e, &o, NULL, &err));
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_CANCELLED);
}

static void test_wait(void)
{
    PLAIN("C: go\nS: one\nclose");
    StreamWake why;
    int ends[2];
    g_assert_cmpint(pipe(ends), ==, 0);
    g_assert_true(stream_wait(s, ends[0], 0, &why, &err));
    g_assert_cmpint(why, ==, STREAM_WAKE_TIMEOUT);
    g_assert_cmpint(write(ends[1], "x", 1), ==, 1);
    g_assert_true(stream_wait(s, ends[0], 20000, &why, &err));
    g_assert_cmpint(why, ==, STREAM_WAKE_OTHER);
    g_assert_true(stream_write(s, "go\r\n", 4, &err) && stream_flush(s, &err));
    g_assert_true(stream_wait(s, -1, 20000, &why, &err));
    g_assert_cmpint(why, ==, STREAM_WAKE_INPUT);
    g_assert_true(stream_read_line(s, 100, &line, &err));
    g_assert_false(stream_wait(s, -1, 20000, &why, &err));
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_RETRY);
    close(ends[0]);
    close(ends[1]);
    stream_free(s);
    wire_finish(w);
}

static void test_refused(void)
{
    /* A port that was just free, and is closed again. */
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    g_assert_cmpint(bind(fd, (struct sockaddr *)&a, sizeof a), ==, 0);
    getsockname(fd, (struct sockaddr *)&a, &len);
    Endpoint e = {.protocol = PROTOCOL_IMAP, .tls = TLS_IMPLICIT, .host = (char *)"127.0.0.1",
                  .port = ntohs(a.sin_port)};
    StreamOptions o = {.timeout_ms = 5000};
    g_autoptr(GError) err = NULL;
    g_assert_null(stream_open(&e, &o, NULL, &err));
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_RETRY);
    g_assert_nonnull(strstr(err->message, "refuses connections"));
    g_assert_nonnull(strstr(err->message, "993 is usual for IMAP over TLS"));
    close(fd);
}

static void test_unknown_host(void)
{
    /* .invalid never exists (RFC 6761 section 6.4); without a resolver the look-up fails too. */
    Endpoint e = {.protocol = PROTOCOL_IMAP, .tls = TLS_IMPLICIT,
                  .host = (char *)"imap.nowhere.invalid", .port = 993};
    StreamOptions o = {.timeout_ms = 5000, .setting = "imap of account work"};
    g_autoptr(GError) err = NULL;
    g_assert_null(stream_open(&e, &o, NULL, &err));
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_RETRY);
    g_assert_nonnull(strstr(err->message, "imap.nowhere.invalid"));
}

static void test_clear_text_is_refused(void)
{
    Endpoint e = {.protocol = PROTOCOL_IMAP, .tls = TLS_OFF, .host = (char *)"mail.example.org",
                  .port = 143};
    StreamOptions o = {.timeout_ms = 5000};
    g_autoptr(GError) err = NULL;
    g_assert_null(stream_open(&e, &o, NULL, &err));
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_TLS);
}

static void test_greetings(void)
{
    PLAIN("stall");
    static const struct {
        const char *line, *says;
    } cases[] = {
        {"* OK IMAP4rev1 ready", "speaks IMAP: '* OK IMAP4rev1 ready' (110 is usual for POP3)"},
        {"220 mx.example.org ESMTP", "speaks SMTP"},
        {"SSH-2.0-x", "speaks SSH"},
        {"\x15\x03\x01", "speaks TLS from the first byte"},
        {"what\x1b[2J", "is not POP3"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = stream_wrong_greeting(s, span_of(cases[i].line));
        g_test_message("%s", text);
        g_assert_nonnull(strstr(text, cases[i].says));
        g_assert_null(strchr(text, '\x1b'));
    }
    stream_free(s);
    wire_finish(w);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/stream/lines", test_lines);
    g_test_add_func("/stream/line-limit", test_line_limit);
    g_test_add_func("/stream/line-without-end", test_line_without_end);
    g_test_add_func("/stream/many-lines", test_many_lines);
    g_test_add_func("/stream/exact", test_exact);
    g_test_add_func("/stream/no-deadlock", test_no_deadlock);
    g_test_add_func("/stream/peer-closes", test_peer_closes);
    g_test_add_func("/stream/write-to-closed", test_write_to_closed);
    g_test_add_func("/stream/silence", test_silence);
    g_test_add_func("/stream/slow-loris", test_slow_loris);
    g_test_add_func("/stream/huge-line", test_huge_line);
    g_test_add_func("/stream/endless-lines", test_endless_lines_meet_the_deadline);
    g_test_add_func("/stream/cancel", test_cancel);
    g_test_add_func("/stream/wait", test_wait);
    g_test_add_func("/stream/refused", test_refused);
    g_test_add_func("/stream/unknown-host", test_unknown_host);
    g_test_add_func("/stream/clear-text", test_clear_text_is_refused);
    g_test_add_func("/stream/greetings", test_greetings);
    return g_test_run();
}
