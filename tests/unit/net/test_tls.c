/* test_tls.c - who is believed, who is not, and what is said about it. */
#include "pintail/net/stream.h"
#include "pintail/util/error.h"
#include "tls_report.h"
#include "wire_server.h"

static WireCert *good, *other_name, *expired, *common_name_only;

typedef struct {
    const WireCert *cert;
    const char *script;
    TlsMode mode;
    int max_version;
    StreamOptions options;
} Case;

static Stream *try(const Case *c, WireServer **w, Endpoint **e, TlsReport **report, GError **err)
{
    *w = wire_start_with(c->script, c->cert, c->max_version);
    *e = wire_endpoint(*w, PROTOCOL_IMAP, c->mode);
    return stream_open(*e, &c->options, report, err);
}

static void expect_failure(const Case *c, PintailErrorCode code, const char *says)
{
    WireServer *w;
    g_autoptr(Endpoint) e = NULL;
    g_autoptr(TlsReport) report = NULL;
    g_autoptr(GError) err = NULL;
    g_assert_null(try(c, &w, &e, &report, &err));
    g_assert_error(err, PINTAIL_ERROR, (int)code);
    g_test_message("%s", err->message);
    g_assert_nonnull(strstr(err->message, says));
    g_assert_true((report != NULL) == (code == PINTAIL_ERROR_TLS));
    wire_finish(w);
}

static void test_trusted(void)
{
    Case c = {good, "tls\nS: * OK ready\nC: a1 LOGOUT\nclosed", TLS_IMPLICIT, 0,
              {.ca_file = good->file, .timeout_ms = 10000}};
    for (guint i = 0; i < 2; i++) { /* the second time with the cached context */
        WireServer *w;
        g_autoptr(Endpoint) e = NULL;
        g_autoptr(TlsReport) report = NULL;
        g_autoptr(GError) err = NULL;
        g_autoptr(Stream) s = try(&c, &w, &e, &report, &err);
        g_assert_no_error(err);
        g_assert_null(report);
        g_assert_true(stream_secured(s) && stream_is_tls(s));
        g_assert_cmpstr(stream_tls_version(s), ==, "TLSv1.3");
        guint8 binding[32] = {0}, again[32] = {0}, zero[32] = {0};
        g_assert_true(stream_channel_binding(s, binding) && stream_channel_binding(s, again));
        g_assert_cmpmem(binding, 32, again, 32);
        g_assert_true(memcmp(binding, zero, 32) != 0);
        Span line;
        g_assert_true(stream_read_line(s, 100, &line, &err));
        g_assert_true(span_is(line, "* OK ready"));
        g_assert_true(stream_write(s, "a1 LOGOUT\r\n", 11, &err) && stream_flush(s, &err));
        stream_free(g_steal_pointer(&s));
        wire_finish(w);
    }
}

static void test_tls12(void)
{
    Case c = {good, "tls\nS: * OK ready\nclosed", TLS_IMPLICIT, TLS1_2_VERSION,
              {.ca_file = good->file, .timeout_ms = 10000}};
    WireServer *w;
    g_autoptr(Endpoint) e = NULL;
    g_autoptr(GError) err = NULL;
    Stream *s = try(&c, &w, &e, NULL, &err);
    g_assert_no_error(err);
    guint8 binding[32];
    g_assert_cmpstr(stream_tls_version(s), ==, "TLSv1.2");
    g_assert_false(stream_channel_binding(s, binding));
    stream_free(s);
    wire_finish(w);
}

static void test_old_version(void)
{
    Case c = {good, "tls-fails\nclose", TLS_IMPLICIT, TLS1_1_VERSION,
              {.ca_file = good->file, .timeout_ms = 10000}};
    expect_failure(&c, PINTAIL_ERROR_TLS, "TLS 1.2 is the least");
}

static void test_unknown_authority(void)
{
    Case c = {good, "tls-fails\nclose", TLS_IMPLICIT, 0, {.timeout_ms = 10000}};
    WireServer *w;
    g_autoptr(Endpoint) e = NULL;
    g_autoptr(TlsReport) report = NULL;
    g_autoptr(GError) err = NULL;
    g_assert_null(try(&c, &w, &e, &report, &err));
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_TLS);
    g_assert_nonnull(strstr(err->message, "signed by itself"));
    g_assert_cmpstr(report->host, ==, "127.0.0.1");
    g_assert_cmpuint(report->port, ==, e->port);
    g_assert_cmpuint(report->chain->len, ==, 1);
    const Certificate *leaf = g_ptr_array_index(report->chain, 0);
    g_assert_cmpstr(leaf->sha256, ==, good->sha256);
    g_assert_cmpstr(leaf->names, ==, "localhost, 127.0.0.1");
    g_assert_cmpstr(leaf->subject, ==, "CN = localhost");
    g_assert_cmpint(leaf->not_after - leaf->not_before, ==, 11 * 86400);
    wire_finish(w);
}

static void test_wrong_name(void)
{
    Case c = {other_name, "tls-fails\nclose", TLS_IMPLICIT, 0,
              {.ca_file = other_name->file, .timeout_ms = 10000}};
    expect_failure(&c, PINTAIL_ERROR_TLS, "is for mail.example.com, 10.1.2.3, not for 127.0.0.1");
}

/* The common name says localhost, the alternative names do not (RFC 9525 section 6.3). */
static void test_common_name_does_not_count(void)
{
    WireServer *w = wire_start_with("tls-fails\nclose", common_name_only, 0);
    g_autoptr(Endpoint) e = wire_endpoint(w, PROTOCOL_IMAP, TLS_IMPLICIT);
    g_free(e->host);
    e->host = g_strdup("localhost");
    StreamOptions o = {.ca_file = common_name_only->file, .timeout_ms = 10000};
    g_autoptr(GError) err = NULL;
    g_assert_null(stream_open(e, &o, NULL, &err));
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_TLS);
    wire_finish(w);
}

static void test_dns_name(void)
{
    WireServer *w = wire_start_with("tls\nS: * OK\nclosed", good, 0);
    g_autoptr(Endpoint) e = wire_endpoint(w, PROTOCOL_IMAP, TLS_IMPLICIT);
    g_free(e->host);
    e->host = g_strdup("localhost"); /* ::1 may be tried first and refuses: then 127.0.0.1 */
    StreamOptions o = {.ca_file = good->file, .timeout_ms = 10000};
    g_autoptr(GError) err = NULL;
    Stream *s = stream_open(e, &o, NULL, &err);
    g_assert_no_error(err);
    stream_free(s);
    wire_finish(w);
}

static void test_expired(void)
{
    Case c = {expired, "tls-fails\nclose", TLS_IMPLICIT, 0,
              {.ca_file = expired->file, .timeout_ms = 10000}};
    expect_failure(&c, PINTAIL_ERROR_TLS, "has expired on ");
}

/* A pin holds whatever the chain, the dates and the names say; and only for that leaf. */
static void test_pinned(void)
{
    g_autofree char *lower = g_ascii_strdown(expired->sha256, -1);
    g_auto(GStrv) parts = g_strsplit(lower, ":", -1);
    g_autofree char *plain = g_strjoinv("", parts);
    const char *const pins[] = {good->sha256, plain, NULL};
    Case c = {expired, "tls\nS: * OK\nclosed", TLS_IMPLICIT, 0,
              {.trusted_sha256 = pins, .timeout_ms = 10000}};
    WireServer *w;
    g_autoptr(Endpoint) e = NULL;
    g_autoptr(GError) err = NULL;
    Stream *s = try(&c, &w, &e, NULL, &err);
    g_assert_no_error(err);
    stream_free(s);
    wire_finish(w);
    Case d = {other_name, "tls-fails\nclose", TLS_IMPLICIT, 0,
              {.trusted_sha256 = pins, .timeout_ms = 10000}};
    expect_failure(&d, PINTAIL_ERROR_TLS, "signed by itself");
}

static void test_fingerprints(void)
{
    g_assert_true(tls_fingerprint_equal(good->sha256, good->sha256));
    g_assert_false(tls_fingerprint_equal(good->sha256, expired->sha256));
    g_assert_false(tls_fingerprint_equal("", ""));
    g_assert_false(tls_fingerprint_equal("AB", "AB"));
    g_autofree char *longer = g_strconcat(good->sha256, ":00", NULL);
    g_assert_false(tls_fingerprint_equal(good->sha256, longer));
}

static void test_missing_ca_file(void)
{
    Case c = {good, "stall", TLS_IMPLICIT, 0,
              {.ca_file = "/nonexistent/ca.pem", .timeout_ms = 10000}};
    expect_failure(&c, PINTAIL_ERROR_TLS, "'/nonexistent/ca.pem'");
}

static void test_clear_text_answers(void)
{
    Case c = {NULL, "S: * OK IMAP4rev1 ready\nstall", TLS_IMPLICIT, 0, {.timeout_ms = 10000}};
    expect_failure(&c, PINTAIL_ERROR_TLS,
                   "then TLS begins with STARTTLS (993 is usual for IMAP over TLS); it says '* OK IMAP4rev1 ready'");
    Case d = {NULL, "S: +OK ready\nstall", TLS_IMPLICIT, 0, {.timeout_ms = 10000}};
    expect_failure(&d, PINTAIL_ERROR_TLS, "is no IMAP server with TLS, it speaks POP3: '+OK ready'");
}

/* A greeting was awaited where TLS begins at once: seen long before the deadline, and the way out named. */
static void test_tls_port(void)
{
    static const TlsMode modes[] = {TLS_STARTTLS, TLS_OFF};
    static const char *const names[] = {"imaps://127.0.0.1:", "pop3s://127.0.0.1:", "smtps://127.0.0.1:"};
    for (guint i = 0; i < G_N_ELEMENTS(modes) * G_N_ELEMENTS(names); i += 5) {
        WireServer *w = wire_start_with(i % 2 ? "next\ntls\nclosed" : "next\ntls-fails\nclosed", good, 0);
        g_autoptr(Endpoint) e = wire_endpoint(w, (Protocol)(i / 2), modes[i % 2]);
        StreamOptions o = {.timeout_ms = 2000, .ca_file = i % 2 ? good->file : NULL};
        g_autoptr(GError) err = NULL;
        gint64 before = g_get_monotonic_time();
        Stream *s = stream_open(e, &o, NULL, &err);
        g_assert_no_error(err);
        Span line;
        g_assert_false(stream_read_line(s, 100, &line, &err));
        g_assert_cmpint(g_get_monotonic_time() - before, <, 1900 * G_TIME_SPAN_MILLISECOND);
        g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_TLS);
        g_test_message("%s", err->message);
        g_assert_nonnull(strstr(err->message, names[i / 2]));
        stream_free(s);
        wire_finish(w);
    }
}

/* One that is only slow is waited for. */
static void test_slow_greeting(void)
{
    WireServer *w = wire_start("drip 900 * OK at last");
    g_autoptr(Endpoint) e = wire_endpoint(w, PROTOCOL_IMAP, TLS_STARTTLS);
    StreamOptions o = {.timeout_ms = 1200};
    g_autoptr(GError) err = NULL;
    Stream *s = stream_open(e, &o, NULL, &err);
    Span line;
    g_assert_true(stream_read_line(s, 100, &line, &err));
    g_assert_no_error(err);
    g_assert_true(span_is(line, "* OK at last"));
    stream_free(s);
    wire_finish(w);
}

static void test_handshake_cut(void)
{
    Case c = {NULL, "C= 20\nclose", TLS_IMPLICIT, 0, {.timeout_ms = 10000}};
    expect_failure(&c, PINTAIL_ERROR_RETRY, "TLS handshake");
}

static void test_handshake_stalls(void)
{
    Case c = {NULL, "stall", TLS_IMPLICIT, 0, {.timeout_ms = 60}};
    expect_failure(&c, PINTAIL_ERROR_RETRY, "does not finish the TLS handshake");
    Case d = {NULL, "trickle \x16\x03\x03\x3f\x3f\x02", TLS_IMPLICIT, 0, {.timeout_ms = 200}};
    WireServer *w;
    g_autoptr(Endpoint) e = NULL;
    g_autoptr(GError) err = NULL;
    g_assert_null(try(&d, &w, &e, NULL, &err));
    g_assert_true(error_is(err, PINTAIL_ERROR_RETRY) || error_is(err, PINTAIL_ERROR_TLS));
    wire_finish(w);
}

static void starttls(const char *script, gboolean works, PintailErrorCode code)
{
    Case c = {good, script, TLS_STARTTLS, 0, {.ca_file = good->file, .timeout_ms = 10000}};
    WireServer *w;
    g_autoptr(Endpoint) e = NULL;
    g_autoptr(GError) err = NULL;
    Stream *s = try(&c, &w, &e, NULL, &err);
    g_assert_no_error(err);
    g_assert_false(stream_secured(s));
    Span line;
    g_assert_true(stream_read_line(s, 100, &line, &err));
    g_assert_true(stream_write(s, "a STARTTLS\r\n", 12, &err) && stream_flush(s, &err));
    g_assert_true(stream_read_line(s, 100, &line, &err));
    g_assert_true(stream_starttls(s, NULL, &err) == works);
    g_assert_true(stream_secured(s) == works);
    if (works) {
        g_assert_true(stream_read_line(s, 100, &line, &err));
        g_assert_true(span_is(line, "* inside"));
    } else {
        g_assert_error(err, PINTAIL_ERROR, (int)code);
    }
    stream_free(s);
    wire_finish(w);
}

static void test_starttls(void)
{
    starttls("S: * OK\nC: a STARTTLS\nS: a OK\ntls\nS: * inside\nclosed", TRUE, 0);
}

static void test_starttls_injection(void)
{
    starttls("S: * OK\nC: a STARTTLS\nS- a OK\\r\\n* CAPABILITY AUTH=PLAIN\\r\\n\nstall", FALSE,
             PINTAIL_ERROR_PROTOCOL);
}

/* More than one record, partial records, both ways at once. */
static void test_bulk(void)
{
    Case c = {good, "tls\nS* 40000 a reply of moderate length\nC= 3000000\nS: done\nclosed",
              TLS_IMPLICIT, 0, {.ca_file = good->file, .timeout_ms = 15000}};
    WireServer *w;
    g_autoptr(Endpoint) e = NULL;
    g_autoptr(GError) err = NULL;
    Stream *s = try(&c, &w, &e, NULL, &err);
    g_assert_no_error(err);
    g_autofree char *big = g_malloc0(100000);
    for (guint i = 0; i < 30; i++)
        g_assert_true(stream_write(s, big, 100000, &err));
    g_assert_true(stream_flush(s, &err));
    Span line;
    guint count = 0;
    do {
        g_assert_true(stream_read_line(s, 100, &line, &err));
        count++;
    } while (!span_is(line, "done"));
    g_assert_cmpuint(count, ==, 40001);
    stream_free(s);
    wire_finish(w);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    good = wire_cert_new("DNS:localhost,IP:127.0.0.1", -1, 10);
    other_name = wire_cert_new("DNS:mail.example.com,IP:10.1.2.3", -1, 10);
    expired = wire_cert_new("DNS:localhost,IP:127.0.0.1", -10, -1);
    common_name_only = wire_cert_new("email:ana@example.org", -1, 10);
    g_test_add_func("/tls/trusted", test_trusted);
    g_test_add_func("/tls/1.2", test_tls12);
    g_test_add_func("/tls/old-version", test_old_version);
    g_test_add_func("/tls/unknown-authority", test_unknown_authority);
    g_test_add_func("/tls/wrong-name", test_wrong_name);
    g_test_add_func("/tls/common-name", test_common_name_does_not_count);
    g_test_add_func("/tls/dns-name", test_dns_name);
    g_test_add_func("/tls/expired", test_expired);
    g_test_add_func("/tls/pinned", test_pinned);
    g_test_add_func("/tls/fingerprints", test_fingerprints);
    g_test_add_func("/tls/missing-ca-file", test_missing_ca_file);
    g_test_add_func("/tls/clear-text-answers", test_clear_text_answers);
    g_test_add_func("/tls/a port for TLS", test_tls_port);
    g_test_add_func("/tls/a slow greeting", test_slow_greeting);
    g_test_add_func("/tls/handshake-cut", test_handshake_cut);
    g_test_add_func("/tls/handshake-stalls", test_handshake_stalls);
    g_test_add_func("/tls/starttls", test_starttls);
    g_test_add_func("/tls/starttls-injection", test_starttls_injection);
    g_test_add_func("/tls/bulk", test_bulk);
    int result = g_test_run();
    wire_cert_free(good);
    wire_cert_free(other_name);
    wire_cert_free(expired);
    wire_cert_free(common_name_only);
    return result;
}
