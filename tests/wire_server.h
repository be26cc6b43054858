/* wire_server.h - a server that plays a script, for tests of protocol code.
 *
 * A thread listens on loopback and plays the script line by line; whatever the client
 * says otherwise than written ends the connection, is printed at once with both lines,
 * and fails wire_finish(). Nothing waits longer than WIRE_PATIENCE seconds.
 *
 *   S: text      send text and CRLF            S- text      send text as it is
 *   S* N text    send text and CRLF N times
 *   C: text      expect exactly this line      C~ regex     expect a line that matches as a whole
 *   C* text      read lines up to this one     C= N         read N bytes
 *   C#           read lines up to "." and keep them for wire_end()
 *   tls          shake hands now               tls-fails    shake hands, which has to fail
 *   closed       the client has to close now   stall        say nothing until the client closes
 *   trickle text send byte by byte, for ever, slowly, until the client closes (not in TLS)
 *   drip MS text send text and CRLF every MS milliseconds until the client closes
 *   flood text   send text and CRLF for ever, fast, until the client closes
 *   close        end this connection           reset        end it with RST
 *   accept       wait for the next connection (the first is implied)
 *   next         the same, while this one stays open
 *   # comment
 *
 * In text, \r \n \t \0 \\ and \xHH are bytes, and blanks at the end count. */
#pragma once
#include <arpa/inet.h>
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include "pintail/util/endpoint.h"

#define WIRE_PATIENCE 20 /* seconds */

/* ---- certificates ------------------------------------------------------------------------ */

typedef struct {
    EVP_PKEY *key;
    X509 *certificate;
    char *file;   /* PEM of the certificate, for ca_file; removed by wire_cert_free() */
    char *sha256; /* "AB:CD:..." */
} WireCert;

/* Signed by itself; `names` as in "DNS:localhost,IP:127.0.0.1"; valid between these
 * days from today (negative: past). */
G_GNUC_UNUSED static WireCert *wire_cert_new(const char *names, int from_day, int to_day)
{
    WireCert *c = g_new0(WireCert, 1);
    c->key = EVP_EC_gen("P-256");
    c->certificate = X509_new();
    g_assert_true(c->key && c->certificate);
    X509_set_version(c->certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(c->certificate), g_random_int_range(1, G_MAXINT));
    X509_gmtime_adj(X509_getm_notBefore(c->certificate), 86400L * from_day);
    X509_gmtime_adj(X509_getm_notAfter(c->certificate), 86400L * to_day);
    X509_set_pubkey(c->certificate, c->key);
    X509_NAME *name = X509_get_subject_name(c->certificate);
    /* The common name is right on purpose: it must not count. */
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const guint8 *)"localhost", -1, -1, 0);
    X509_set_issuer_name(c->certificate, name);
    X509V3_CTX ctx;
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, c->certificate, c->certificate, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, NID_subject_alt_name, names);
    g_assert_nonnull(e);
    X509_add_ext(c->certificate, e, -1);
    X509_EXTENSION_free(e);
    g_assert_true(X509_sign(c->certificate, c->key, EVP_sha256()) > 0);
    int fd = g_file_open_tmp("wire-cert-XXXXXX.pem", &c->file, NULL);
    g_assert_cmpint(fd, >=, 0);
    FILE *f = fdopen(fd, "w");
    g_assert_true(f && PEM_write_X509(f, c->certificate));
    fclose(f);
    guint8 digest[32];
    unsigned len = sizeof digest;
    g_assert_true(X509_digest(c->certificate, EVP_sha256(), digest, &len));
    GString *hex = g_string_new(NULL);
    for (unsigned i = 0; i < len; i++)
        g_string_append_printf(hex, i ? ":%02X" : "%02X", digest[i]);
    c->sha256 = g_string_free(hex, FALSE);
    return c;
}

G_GNUC_UNUSED static void wire_cert_free(WireCert *c)
{
    g_unlink(c->file);
    g_free(c->file);
    g_free(c->sha256);
    X509_free(c->certificate);
    EVP_PKEY_free(c->key);
    g_free(c);
}

/* ---- the server -------------------------------------------------------------------------- */

typedef struct {
    pthread_t thread;
    char *script;
    int listener;
    guint16 port;
    SSL_CTX *context;
    /* the thread's, until wire_finish() has joined it */
    int fd;
    SSL *ssl;
    GString *input;
    GString *captured;
    char *failure;
    guint line; /* of the script */
    guint connections;
} WireServer;

static void wire_fail(WireServer *w, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void wire_fail(WireServer *w, const char *format, ...)
{
    if (w->failure)
        return;
    va_list list;
    va_start(list, format);
    g_autofree char *what = g_strdup_vprintf(format, list);
    va_end(list);
    w->failure = g_strdup_printf("script line %u: %s", w->line, what);
    g_autofree char *shown = g_strescape(w->failure, "\"\\");
    fprintf(stderr, "# wire server: %s\n", shown);
}

static GString *wire_unescape(const char *text)
{
    GString *out = g_string_new(NULL);
    for (const char *p = text; *p; p++) {
        if (*p != '\\' || !p[1]) {
            g_string_append_c(out, *p);
            continue;
        }
        p++;
        if (*p == 'x' && g_ascii_isxdigit(p[1]) && g_ascii_isxdigit(p[2])) {
            g_string_append_c(out, (char)(g_ascii_xdigit_value(p[1]) * 16 +
                                          g_ascii_xdigit_value(p[2])));
            p += 2;
        } else {
            g_string_append_c(out, *p == 'r' ? '\r' : *p == 'n' ? '\n' : *p == 't' ? '\t'
                                              : *p == '0' ? '\0' : *p);
        }
    }
    return out;
}

static void wire_hang_up(WireServer *w)
{
    if (w->ssl) {
        SSL_shutdown(w->ssl);
        SSL_free(w->ssl);
        w->ssl = NULL;
    }
    if (w->fd >= 0)
        close(w->fd);
    w->fd = -1;
    g_string_truncate(w->input, 0);
}

static gboolean wire_accept(WireServer *w)
{
    struct pollfd p = {.fd = w->listener, .events = POLLIN};
    if (poll(&p, 1, WIRE_PATIENCE * 1000) != 1) {
        wire_fail(w, "no client connected");
        return FALSE;
    }
    wire_hang_up(w);
    w->fd = accept(w->listener, NULL, NULL);
    struct timeval limit = {.tv_sec = WIRE_PATIENCE};
    setsockopt(w->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(w->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    int on = 1;
    setsockopt(w->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    w->connections++;
    return w->fd >= 0;
}

/* FALSE when the client is gone. */
static gboolean wire_send(WireServer *w, const char *bytes, gsize len)
{
    while (len > 0) {
        gssize n = w->ssl ? SSL_write(w->ssl, bytes, (int)MIN(len, 1u << 20))
                          : send(w->fd, bytes, len, MSG_NOSIGNAL);
        if (n <= 0)
            return FALSE;
        bytes += n;
        len -= (gsize)n;
    }
    return TRUE;
}

/* More input: 1, end of connection: 0, nothing for too long: -1. */
static int wire_more(WireServer *w)
{
    char chunk[16384];
    gssize n;
    if (w->ssl) {
        ERR_clear_error();
        n = SSL_read(w->ssl, chunk, sizeof chunk);
        if (n <= 0)
            return SSL_get_error(w->ssl, (int)n) == SSL_ERROR_WANT_READ ? -1 : 0;
    } else {
        n = recv(w->fd, chunk, sizeof chunk, 0);
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return -1;
        if (n <= 0)
            return 0;
    }
    g_string_append_len(w->input, chunk, n);
    return 1;
}

/* The client's next line without CRLF; NULL (and failed) when none comes. */
static GString *wire_line(WireServer *w, const char *wanted)
{
    const char *lf;
    while (!(lf = memchr(w->input->str, '\n', w->input->len))) {
        int more = w->input->len < (1u << 22) ? wire_more(w) : 0;
        if (more == 1)
            continue;
        wire_fail(w, "wanted '%s', but the client %s after '%s'", wanted,
                  more < 0 ? "said nothing more" : "closed", w->input->str);
        return NULL;
    }
    gsize len = (gsize)(lf - w->input->str);
    gsize text = len > 0 && lf[-1] == '\r' ? len - 1 : len;
    if (text == len)
        wire_fail(w, "the client ended a line without CR");
    GString *line = g_string_new_len(w->input->str, (gssize)text);
    g_string_erase(w->input, 0, (gssize)len + 1);
    return line;
}

static void wire_expect(WireServer *w, const char *text)
{
    GString *wanted = wire_unescape(text);
    GString *line = wire_line(w, text);
    if (line && !g_string_equal(line, wanted))
        wire_fail(w, "wanted '%s', got '%s'", text, line->str);
    if (line)
        g_string_free(line, TRUE);
    g_string_free(wanted, TRUE);
}

static void wire_expect_regex(WireServer *w, const char *pattern)
{
    g_autofree char *whole = g_strdup_printf("^(?:%s)$", pattern);
    GString *line = wire_line(w, pattern);
    if (line && !g_regex_match_simple(whole, line->str, G_REGEX_DOLLAR_ENDONLY, 0))
        wire_fail(w, "wanted what matches '%s', got '%s'", pattern, line->str);
    if (line)
        g_string_free(line, TRUE);
}

static void wire_expect_until(WireServer *w, const char *last, gboolean capture)
{
    for (;;) {
        GString *line = wire_line(w, last);
        gboolean end = !line || strcmp(line->str, last) == 0;
        if (line && capture && !end)
            g_string_append_printf(w->captured, "%s\r\n", line->str);
        if (line)
            g_string_free(line, TRUE);
        if (end)
            return;
    }
}

static void wire_expect_bytes(WireServer *w, gsize count)
{
    while (w->input->len < count) {
        if (wire_more(w) != 1) {
            wire_fail(w, "wanted %zu bytes, got %zu", count, w->input->len);
            return;
        }
    }
    g_string_append_len(w->captured, w->input->str, (gssize)count);
    g_string_erase(w->input, 0, (gssize)count);
}

static void wire_expect_close(WireServer *w, gboolean strict)
{
    if (strict && w->input->len)
        wire_fail(w, "the client should close, but said '%s'", w->input->str);
    int more;
    while ((more = wire_more(w)) == 1) {
        if (strict)
            wire_fail(w, "the client should close, but said '%s'", w->input->str);
        g_string_truncate(w->input, 0);
    }
    if (more < 0)
        wire_fail(w, "the client should close, but did not");
}

/* One byte at a time; poll() on the client both paces it and sees the end. */
static void wire_trickle(WireServer *w, const char *text)
{
    gint64 end = g_get_monotonic_time() + WIRE_PATIENCE * G_TIME_SPAN_SECOND;
    GString *bytes = wire_unescape(text);
    gboolean open = TRUE;
    for (gsize i = 0; open && g_get_monotonic_time() < end; i = (i + 1) % bytes->len) {
        char scratch[512];
        struct pollfd p = {.fd = w->fd, .events = POLLIN};
        open = !(poll(&p, 1, 5) > 0 && recv(w->fd, scratch, sizeof scratch, 0) <= 0) &&
               wire_send(w, bytes->str + i, 1);
    }
    if (open)
        wire_fail(w, "the client took bytes one by one for ever");
    g_string_free(bytes, TRUE);
}

static void wire_drip(WireServer *w, const char *text)
{
    char *line = NULL;
    int pause = (int)g_ascii_strtoll(text, &line, 10);
    gint64 end = g_get_monotonic_time() + WIRE_PATIENCE * G_TIME_SPAN_SECOND;
    GString *bytes = wire_unescape(line + (*line == ' '));
    g_string_append(bytes, "\r\n");
    gboolean open = TRUE;
    while (open && g_get_monotonic_time() < end) {
        char scratch[512];
        struct pollfd p = {.fd = w->fd, .events = POLLIN};
        open = !(poll(&p, 1, pause) > 0 && recv(w->fd, scratch, sizeof scratch, 0) <= 0) &&
               wire_send(w, bytes->str, bytes->len);
    }
    if (open)
        wire_fail(w, "the client took lines one by one for ever");
    g_string_free(bytes, TRUE);
}

static void wire_flood(WireServer *w, const char *text)
{
    GString *line = wire_unescape(text);
    g_string_append(line, "\r\n");
    GString *block = g_string_new(NULL);
    while (block->len < 65536)
        g_string_append_len(block, line->str, (gssize)line->len);
    g_string_free(line, TRUE);
    guint64 sent = 0;
    while (wire_send(w, block->str, block->len) && (sent += block->len) < (1u << 30))
        ;
    if (sent >= 1u << 30)
        wire_fail(w, "the client swallowed 1 GiB");
    g_string_free(block, TRUE);
}

static void wire_tls(WireServer *w, gboolean succeeds)
{
    if (w->input->len)
        wire_fail(w, "the client sent '%s' before the handshake", w->input->str);
    w->ssl = SSL_new(w->context);
    SSL_set_fd(w->ssl, w->fd);
    ERR_clear_error();
    gboolean ok = SSL_accept(w->ssl) == 1;
    if (ok && !succeeds) {
        /* In TLS 1.3 the server is done before the client has looked at the certificate. */
        char byte;
        ok = SSL_read(w->ssl, &byte, 1) == 1;
    }
    if (ok != succeeds)
        wire_fail(w, succeeds ? "the handshake failed" : "the handshake succeeded");
    if (!ok) {
        SSL_free(w->ssl);
        w->ssl = NULL;
    }
}

static void wire_send_text(WireServer *w, const char *text, gboolean crlf, guint times)
{
    GString *bytes = wire_unescape(text);
    if (crlf)
        g_string_append(bytes, "\r\n");
    for (guint i = 0; i < times; i++) {
        if (!wire_send(w, bytes->str, bytes->len))
            break; /* the client's next words, or the test, tell whether that was right */
    }
    g_string_free(bytes, TRUE);
}

static void wire_play_line(WireServer *w, const char *l)
{
    if (g_str_has_prefix(l, "S: ") || strcmp(l, "S:") == 0)
        wire_send_text(w, l[2] ? l + 3 : "", TRUE, 1);
    else if (g_str_has_prefix(l, "S- "))
        wire_send_text(w, l + 3, FALSE, 1);
    else if (g_str_has_prefix(l, "S* ")) {
        char *rest;
        guint64 n = g_ascii_strtoull(l + 3, &rest, 10);
        wire_send_text(w, *rest ? rest + 1 : "", TRUE, (guint)n);
    } else if (g_str_has_prefix(l, "C: ") || strcmp(l, "C:") == 0)
        wire_expect(w, l[2] ? l + 3 : "");
    else if (g_str_has_prefix(l, "C~ "))
        wire_expect_regex(w, l + 3);
    else if (g_str_has_prefix(l, "C* "))
        wire_expect_until(w, l + 3, FALSE);
    else if (g_str_has_prefix(l, "C= "))
        wire_expect_bytes(w, (gsize)g_ascii_strtoull(l + 3, NULL, 10));
    else if (strcmp(l, "C#") == 0)
        wire_expect_until(w, ".", TRUE);
    else if (strcmp(l, "tls") == 0 || strcmp(l, "tls-fails") == 0)
        wire_tls(w, l[3] == '\0');
    else if (strcmp(l, "closed") == 0 || strcmp(l, "stall") == 0)
        wire_expect_close(w, l[0] == 'c');
    else if (g_str_has_prefix(l, "trickle "))
        wire_trickle(w, l + 8);
    else if (g_str_has_prefix(l, "drip "))
        wire_drip(w, l + 5);
    else if (g_str_has_prefix(l, "flood "))
        wire_flood(w, l + 6);
    else if (strcmp(l, "close") == 0)
        wire_hang_up(w);
    else if (strcmp(l, "reset") == 0) {
        struct linger now = {.l_onoff = 1};
        setsockopt(w->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        wire_hang_up(w);
    } else if (strcmp(l, "accept") == 0) {
        wire_hang_up(w);
        wire_accept(w);
    } else if (strcmp(l, "next") == 0)
        wire_accept(w);
    else
        wire_fail(w, "what is '%s'?", l);
}

static void *wire_thread(void *data)
{
    WireServer *w = data;
    g_auto(GStrv) lines = g_strsplit(w->script, "\n", -1);
    gboolean ready = wire_accept(w);
    for (guint i = 0; ready && lines[i] && !w->failure; i++) {
        w->line = i + 1;
        const char *l = lines[i];
        while (*l == ' ')
            l++;
        if (*l && *l != '#')
            wire_play_line(w, l);
    }
    wire_hang_up(w);
    /* After a mismatch nobody may wait for us in the backlog either. */
    close(w->listener);
    w->listener = -1;
    return NULL;
}

/* Starts playing; `cert` is needed for "tls" and must outlive the server. */
G_GNUC_UNUSED static WireServer *wire_start_with(const char *script, const WireCert *cert,
                                                 int max_tls_version)
{
    WireServer *w = g_new0(WireServer, 1);
    w->script = g_strdup(script);
    w->fd = -1;
    w->input = g_string_new(NULL);
    w->captured = g_string_new(NULL);
    if (cert) {
        w->context = SSL_CTX_new(TLS_server_method());
        g_assert_true(SSL_CTX_use_certificate(w->context, cert->certificate) == 1 &&
                      SSL_CTX_use_PrivateKey(w->context, cert->key) == 1);
        if (max_tls_version) {
            SSL_CTX_set_security_level(w->context, 0); /* old versions need their old hashes */
            SSL_CTX_set_max_proto_version(w->context, max_tls_version);
        }
    }
    w->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    g_assert_cmpint(bind(w->listener, (struct sockaddr *)&a, sizeof a), ==, 0);
    g_assert_cmpint(listen(w->listener, 8), ==, 0);
    g_assert_cmpint(getsockname(w->listener, (struct sockaddr *)&a, &len), ==, 0);
    w->port = ntohs(a.sin_port);
    /* OpenSSL writes to sockets with write(): the server's thread wants no SIGPIPE from it,
     * while the client under test is not protected. */
    sigset_t pipe_signal, before;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    g_assert_cmpint(pthread_create(&w->thread, NULL, wire_thread, w), ==, 0);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return w;
}

G_GNUC_UNUSED static WireServer *wire_start(const char *script)
{
    return wire_start_with(script, NULL, 0);
}

/* Where the client should connect; the caller owns it. */
G_GNUC_UNUSED static Endpoint *wire_endpoint(const WireServer *w, Protocol protocol, TlsMode tls)
{
    static const char *const schemes[] = {"imap", "pop3", "smtp"};
    g_autofree char *url = g_strdup_printf("%s://localhost:%u", schemes[protocol], w->port);
    Endpoint *e = endpoint_parse(url, NULL);
    g_assert_nonnull(e);
    g_free(e->host); /* 127.0.0.1 and not localhost: that may mean ::1 first */
    e->host = g_strdup("127.0.0.1");
    e->tls = tls;
    return e;
}

/* Waits for the script's end and frees the server; TRUE when all went as written. *captured
 * (may be NULL) gets what "C#" and "C=" kept. */
G_GNUC_UNUSED static gboolean wire_end(WireServer *w, char **captured)
{
    pthread_join(w->thread, NULL);
    gboolean ok = !w->failure;
    if (captured)
        *captured = g_string_free(g_steal_pointer(&w->captured), FALSE);
    else
        g_string_free(w->captured, TRUE);
    g_string_free(w->input, TRUE);
    SSL_CTX_free(w->context);
    g_free(w->failure);
    g_free(w->script);
    g_free(w);
    return ok;
}

#define wire_finish(w) g_assert_true(wire_end((w), NULL))

/* The script up to and including its n-th line that sends something (0: none), and then the
 * connection is closed; NULL when it has fewer. For "cut after each line" loops. */
G_GNUC_UNUSED static char *wire_cut_after(const char *script, guint n)
{
    g_auto(GStrv) lines = g_strsplit(script, "\n", -1);
    GString *out = g_string_new(NULL);
    guint sent = 0;
    for (guint i = 0; lines[i]; i++) {
        const char *l = lines[i];
        while (*l == ' ')
            l++;
        gboolean sends = l[0] == 'S';
        if (sends && sent == n) {
            g_string_append(out, "close\n");
            return g_string_free(out, FALSE);
        }
        sent += sends;
        g_string_append_printf(out, "%s\n", lines[i]);
    }
    g_string_free(out, TRUE);
    return NULL;
}
