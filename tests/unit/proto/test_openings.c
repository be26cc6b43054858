/* test_openings.c - the way to an open session, in all three protocols, with a server that goes
 * silent, drips, floods or hangs up at each step: everything ends, in time and with an error that can
 * be shown, and no step says more than it may. */
#include "pintail/proto/imap.h"
#include "pintail/proto/pop3.h"
#include "pintail/proto/smtp.h"
#include "pintail/util/error.h"
#include "wire_server.h"

static WireCert *cert;
static Secret *password;

/* With STARTTLS, and PLAIN inside. */
static const char *const openings[] = {
    "S: * OK hi\n"
    "C: p1 CAPABILITY\nS: * CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN SASL-IR\nS: p1 OK\n"
    "C: p2 STARTTLS\nS: p2 OK go\ntls\n"
    "C: p3 CAPABILITY\nS: * CAPABILITY IMAP4rev1 AUTH=PLAIN\nS: p3 OK\n"
    "C: p4 AUTHENTICATE PLAIN\nS: +\nC: AGFuYQBjb3JyZWN0IGhvcnNl\nS: p4 OK in\n"
    "C: p5 CAPABILITY\nS: * CAPABILITY IMAP4rev1\nS: p5 OK\n",
    "S: +OK hi\n"
    "C: STLS\nS: +OK go\ntls\n"
    "C: CAPA\nS: +OK\nS: SASL PLAIN\nS: .\n"
    "C: AUTH PLAIN AGFuYQBjb3JyZWN0IGhvcnNl\nS: +OK\n"
    "C: CAPA\nS: +OK\nS: .\n",
    "S: 220-hi\nS: 220 there\n"
    "C~ EHLO .*\nS: 250-mx\nS: 250 STARTTLS\n"
    "C: STARTTLS\nS: 220 go\ntls\n"
    "C~ EHLO .*\nS: 250-mx\nS: 250 AUTH PLAIN\n"
    "C: AUTH PLAIN AGFuYQBjb3JyZWN0IGhvcnNl\nS: 235 in\n",
};

static gboolean attempt(Protocol protocol, const char *script, guint timeout_ms, GError **err)
{
    WireServer *w = wire_start_with(script, cert, 0);
    g_autoptr(Endpoint) e = wire_endpoint(w, protocol, TLS_STARTTLS);
    StreamOptions o = {.timeout_ms = timeout_ms, .ca_file = cert->file};
    Credentials c = {.user = "ana", .password = password};
    gboolean ok;
    if (protocol == PROTOCOL_IMAP) {
        g_autoptr(ImapSession) s = imap_connect(e, &o, NULL, err);
        ok = s && imap_login(s, &c, err);
    } else if (protocol == PROTOCOL_POP3) {
        g_autoptr(Pop3) p = pop3_open(e, &o, &c, NULL, err);
        ok = p != NULL;
    } else {
        g_autoptr(Smtp) s = smtp_open(e, &o, &c, NULL, err);
        ok = s != NULL;
    }
    wire_finish(w);
    return ok;
}

static void test_whole(void)
{
    for (Protocol p = PROTOCOL_IMAP; p <= PROTOCOL_SMTP; p++) {
        g_autoptr(GError) err = NULL;
        gboolean ok = attempt(p, openings[p], 5000, &err);
        g_assert_no_error(err);
        g_assert_true(ok);
    }
}

static void expect_shown(const GError *err)
{
    g_assert_true(g_utf8_validate(err->message, -1, NULL));
    for (const char *p = err->message; *p; p++)
        g_assert_true((guchar)*p >= 0x20 && *p != 0x7f);
    g_assert_null(strstr(err->message, "correct horse"));
}

/* Plays each opening up to each line that the server sends, and then `play`. */
static void at_each_step(const char *play, gboolean in_tls, guint timeout_ms)
{
    for (Protocol p = PROTOCOL_IMAP; p <= PROTOCOL_SMTP; p++) {
        for (guint n = 0;; n++) {
            g_autofree char *cut = wire_cut_after(openings[p], n);
            if (!cut || (!in_tls && strstr(cut, "\ntls\n")))
                break;
            cut[strlen(cut) - strlen("close\n")] = '\0';
            g_autofree char *script = g_strconcat(cut, play, "\n", NULL);
            g_autoptr(GError) err = NULL;
            gint64 began = g_get_monotonic_time();
            g_assert_false(attempt(p, script, timeout_ms, &err));
            g_assert_cmpint(g_get_monotonic_time() - began, <, 15 * G_TIME_SPAN_SECOND);
            g_assert_true(err->domain == PINTAIL_ERROR);
            g_assert_true(err->code == PINTAIL_ERROR_RETRY || err->code == PINTAIL_ERROR_PROTOCOL ||
                          err->code == PINTAIL_ERROR_TLS || err->code == PINTAIL_ERROR_AUTH ||
                          err->code == PINTAIL_ERROR_REFUSED);
            expect_shown(err);
        }
    }
}

static void test_silence(void)
{
    at_each_step("stall", TRUE, 300);
}

static void test_cut(void)
{
    at_each_step("close", TRUE, 5000);
}

/* One byte now and then, without and with line ends: a deadline is for the step, not for the byte. */
static void test_slow_loris(void)
{
    at_each_step("trickle x", FALSE, 200);
    at_each_step("drip 10 ", FALSE, 200);
    at_each_step("drip 10 250-more", FALSE, 200);
}

static void test_floods(void)
{
    static const char *const floods[] = {"x",         "* OK [CAPABILITY STARTTLS] la",
                                         "* CAPABILITY IMAP4rev1", "250-and on", "220-and on", "+OK", "+ ",
                                         "\\x1b]0;owned\\x07\\x9b2J\\xff\\xfe"};
    for (guint i = 0; i < G_N_ELEMENTS(floods); i++) {
        g_autofree char *play = g_strconcat("flood ", floods[i], NULL);
        at_each_step(play, TRUE, 5000);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    password = secret_new("correct horse", 13);
    cert = wire_cert_new("DNS:localhost,IP:127.0.0.1", -1, 10);
    g_test_add_func("/openings/whole", test_whole);
    g_test_add_func("/openings/silence", test_silence);
    g_test_add_func("/openings/cut", test_cut);
    g_test_add_func("/openings/slow-loris", test_slow_loris);
    g_test_add_func("/openings/floods", test_floods);
    int result = g_test_run();
    secret_unref(password);
    wire_cert_free(cert);
    return result;
}
