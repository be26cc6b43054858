/* From the dial to the authenticated state, against scripted servers: what is said before TLS,
 * which way of logging in is taken, and what a refusal means. */
#include <glib/gstdio.h>
#include "pintail/util/file.h"
#include "pintail/util/log.h"
#include "test_imap_rig.h"

static WireCert *cert;

static gboolean login(Rig *r, const char *user, const char *password, const char *mechanism)
{
    g_autoptr(Secret) secret = secret_new(password, strlen(password));
    Credentials who = {.user = user, .password = secret, .mechanism = mechanism};
    return imap_login(r->session, &who, &r->error);
}

static void test_plain_ir(void)
{
    Rig r;
    rig_open_with(&r,
                  "S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] hi\n"
                  "C: p1 AUTHENTICATE PLAIN AGFuYQBzZWNyZXQ=\n"
                  "S: p1 OK [CAPABILITY IMAP4rev1 IDLE ID] in\n"
                  "C~ p2 ID \\(\"name\" \"Pintail\" \"version\" \"[^\"]*\"\\)\n"
                  "C: p3 NOOP\n"
                  "S: * ID NIL\nS: p2 OK\nS: p3 OK\n",
                  NULL, TLS_OFF);
    g_assert_no_error(r.error);
    g_assert_false(imap_is_authenticated(r.session));
    g_assert_true(login(&r, "ana", "secret", NULL));
    g_assert_true(imap_has(r.session, IMAP_CAP_IDLE));
    g_assert_false(imap_has(r.session, IMAP_CAP_SASL_IR)); /* the new list replaces the old */
    g_assert_cmpstr(imap_description(r.session), ==, "PLAIN");
    g_assert_true(imap_noop(r.session, &r.error));
    rig_close(&r);
}

/* Without SASL-IR the server asks, here with a "+" and nothing else; capabilities are asked for
 * again. */
static void test_plain_asked(void)
{
    Rig r;
    rig_open_with(&r,
                  "S: * OK hi\n"
                  "C: p1 CAPABILITY\nS: * CAPABILITY IMAP4rev1 AUTH=PLAIN\nS: p1 OK\n"
                  "C: p2 AUTHENTICATE PLAIN\nS: +\n"
                  "C: AGFuYQBzZWNyZXQ=\nS: p2 OK in\n"
                  "C: p3 CAPABILITY\nS: * CAPABILITY IMAP4rev1 MOVE\nS: p3 OK\n",
                  NULL, TLS_OFF);
    g_assert_true(login(&r, "ana", "secret", "auto"));
    g_assert_true(imap_has(r.session, IMAP_CAP_MOVE));
    rig_close(&r);
}

static void test_login_command(void)
{
    Rig r;
    rig_open_with(&r,
                  "S: * OK [CAPABILITY IMAP4rev1] hi\n"
                  "C: p1 LOGIN \"ana\" \"a\\\\\"b\\\\\\\\c\"\n"
                  "S: p1 OK [CAPABILITY IMAP4rev1] in\n",
                  NULL, TLS_OFF);
    g_assert_true(login(&r, "ana", "a\"b\\c", NULL));
    rig_close(&r);
    /* not ASCII: a literal, and the server is waited for */
    rig_open_with(&r,
                  "S: * OK [CAPABILITY IMAP4rev1] hi\n"
                  "C: p1 LOGIN \"ana\" {3}\nS: + go on\nC: \xc3\xbcx\n"
                  "S: p1 OK [CAPABILITY IMAP4rev1] in\n",
                  NULL, TLS_OFF);
    g_assert_true(login(&r, "ana", "\xc3\xbcx", NULL));
    rig_close(&r);
    rig_open_with(&r,
                  "S: * OK [CAPABILITY IMAP4rev1 LITERAL-] hi\n"
                  "C: p1 LOGIN \"ana\" {3+}\nC: \xc3\xbcx\n"
                  "S: p1 OK [CAPABILITY IMAP4rev1] in\n",
                  NULL, TLS_OFF);
    g_assert_true(login(&r, "ana", "\xc3\xbcx", NULL));
    rig_close(&r);
}

/* BAD to a mechanism: LOGIN is tried; with LOGINDISABLED never. */
static void test_fall_back(void)
{
    Rig r;
    rig_open_with(&r,
                  "S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] hi\n"
                  "C~ p1 AUTHENTICATE PLAIN .*\nS: p1 BAD what?\n"
                  "C: p2 LOGIN \"ana\" \"secret\"\nS: p2 OK [CAPABILITY IMAP4rev1] in\n",
                  NULL, TLS_OFF);
    g_assert_true(login(&r, "ana", "secret", NULL));
    rig_close(&r);
    rig_open_with(&r, "S: * OK [CAPABILITY IMAP4rev1 LOGINDISABLED] hi\nclosed\n", NULL, TLS_OFF);
    g_assert_false(login(&r, "ana", "secret", NULL));
    rig_failed(&r, PINTAIL_ERROR_REFUSED, "allows no login");
    imap_free(g_steal_pointer(&r.session));
    rig_close(&r);
}

static void check_refusal(const char *answer, PintailErrorCode code, const char *word)
{
    Rig r;
    g_autofree char *script =
        g_strdup_printf("S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] hi\n"
                        "C~ p1 AUTHENTICATE PLAIN .*\nS: p1 %s\n",
                        answer);
    rig_open_with(&r, script, NULL, TLS_OFF);
    g_assert_false(login(&r, "ana", "secret", NULL));
    rig_failed(&r, code, word);
    g_assert_true(imap_usable(r.session));
    rig_close(&r);
}

static void test_refusals(void)
{
    check_refusal("NO [AUTHENTICATIONFAILED] no such user", PINTAIL_ERROR_AUTH, "no such user");
    check_refusal("NO wrong", PINTAIL_ERROR_AUTH, "wrong");
    check_refusal("NO [UNAVAILABLE] backend down", PINTAIL_ERROR_RETRY, "backend down");
    check_refusal("NO [INUSE] busy", PINTAIL_ERROR_RETRY, "busy");
    check_refusal("NO [LIMIT] too many", PINTAIL_ERROR_RETRY, "too many");
    check_refusal("NO [ALERT] Too many simultaneous connections. (Failure)", PINTAIL_ERROR_RETRY, "simultaneous");
    check_refusal("NO Maximum number of sessions reached", PINTAIL_ERROR_RETRY, "sessions");
    check_refusal("NO Too many failed login attempts", PINTAIL_ERROR_AUTH, "attempts");
    check_refusal("NO [CONTACTADMIN] ask", PINTAIL_ERROR_AUTH, "ask");
    check_refusal("NO", PINTAIL_ERROR_AUTH, "no reason");
}

static void test_second_try(void)
{
    Rig r;
    rig_open_with(&r,
                  "S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] hi\n"
                  "C~ p1 AUTHENTICATE PLAIN .*\nS: p1 NO wrong\n"
                  "C~ p2 AUTHENTICATE PLAIN .*\nS: p2 OK [CAPABILITY IMAP4rev1] in\n",
                  NULL, TLS_OFF);
    g_assert_false(login(&r, "ana", "wrong", NULL));
    g_clear_error(&r.error);
    g_assert_true(login(&r, "ana", "right", NULL));
    rig_close(&r);
}

/* What is no challenge is cancelled with "*" (RFC 3501 section 6.2.2), and the answer awaited:
 * the session stays in order. */
static void test_bad_challenge(void)
{
    Rig r;
    rig_open_with(&r,
                  "S: * OK [CAPABILITY IMAP4rev1 AUTH=SCRAM-SHA-256] hi\n"
                  "C: p1 AUTHENTICATE SCRAM-SHA-256\nS: + \nC~ .+\nS: + !!not base64!!\n"
                  "C: *\nS: p1 BAD cancelled\nC: p2 NOOP\nS: p2 OK\n",
                  NULL, TLS_OFF);
    g_assert_false(login(&r, "ana", "secret", NULL));
    g_assert_error(r.error, PINTAIL_ERROR, PINTAIL_ERROR_PROTOCOL);
    g_clear_error(&r.error);
    g_assert_true(imap_noop(r.session, &r.error));
    rig_close(&r);
}

static void check_connect(const char *script, TlsMode tls, PintailErrorCode code, const char *word)
{
    Rig r;
    rig_open_with(&r, script, cert, tls);
    g_assert_null(r.session);
    rig_failed(&r, code, word);
    rig_close(&r);
}

static void test_greetings(void)
{
    check_connect("S: * BYE [UNAVAILABLE] come back later\n", TLS_OFF, PINTAIL_ERROR_RETRY,
                  "come back later");
    check_connect("S: 220 mail.example.org ESMTP\nclosed\n", TLS_OFF, PINTAIL_ERROR_PROTOCOL,
                  "no IMAP server, it speaks SMTP");
    check_connect("S: \\x1b[2J\\xff\nclosed\n", TLS_OFF, PINTAIL_ERROR_PROTOCOL,
                  "is not IMAP");
    check_connect("close\n", TLS_OFF, PINTAIL_ERROR_RETRY, "");
    check_connect("S* 30 \n", TLS_OFF, PINTAIL_ERROR_PROTOCOL, "no greeting");
    check_connect("S: * OK hi\nC: p1 CAPABILITY\nS: * BYE going down\nclose\n", TLS_OFF,
                  PINTAIL_ERROR_RETRY, "going down");
    check_connect("S: * OK hi\nC: p1 CAPABILITY\nS: p7 OK\n", TLS_OFF, PINTAIL_ERROR_PROTOCOL,
                  "never sent");
    check_connect("S: * OK hi\nC: p1 CAPABILITY\nflood * OK la\n", TLS_OFF, PINTAIL_ERROR_PROTOCOL,
                  "answer nothing");
    check_connect("S: * OK hi\nC: p1 CAPABILITY\nflood * BYE bye\n", TLS_OFF, PINTAIL_ERROR_RETRY,
                  "bye");
}

static void test_starttls(void)
{
    Rig r;
    rig_open_with(&r,
                  "S: * OK [CAPABILITY IMAP4rev1 STARTTLS IDLE AUTH=PLAIN] hi\n"
                  "C: p1 STARTTLS\nS: p1 OK go\ntls\n"
                  "C: p2 CAPABILITY\nS: * CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN\nS: p2 OK\n"
                  "C: p3 AUTHENTICATE PLAIN AGFuYQBzZWNyZXQ=\nS: p3 OK [CAPABILITY IMAP4rev1] in\n",
                  cert, TLS_STARTTLS);
    g_assert_no_error(r.error);
    g_assert_false(imap_has(r.session, IMAP_CAP_IDLE)); /* said before TLS: forgotten */
    g_assert_true(login(&r, "ana", "secret", NULL));
    g_assert_true(g_str_has_prefix(imap_description(r.session), "TLSv1."));
    g_assert_true(g_str_has_suffix(imap_description(r.session), " PLAIN"));
    rig_close(&r);
}

static void test_implicit_tls(void)
{
    Rig r;
    rig_open_with(&r,
                  "tls\nS: * PREAUTH [CAPABILITY IMAP4rev1] hi\nC: p1 LOGOUT\nS: * BYE\nS: p1 OK\n",
                  cert, TLS_IMPLICIT);
    g_assert_no_error(r.error);
    g_assert_true(imap_is_authenticated(r.session));
    g_assert_true(imap_logout(r.session));
    g_assert_false(imap_usable(r.session));
    rig_close(&r);
}

/* THREATS: nothing leaves, nothing is believed, without the TLS that was asked for. */
static void test_tls_attacks(void)
{
    check_connect("S: * PREAUTH [CAPABILITY IMAP4rev1 STARTTLS] in\nclosed\n", TLS_STARTTLS,
                  PINTAIL_ERROR_TLS, "nothing was sent");
    check_connect("S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi\nclosed\n", TLS_STARTTLS,
                  PINTAIL_ERROR_TLS, "STARTTLS");
    check_connect(
        "S: * OK [CAPABILITY IMAP4rev1 STARTTLS] hi\nC: p1 STARTTLS\nS: p1 NO not now\nclosed\n",
        TLS_STARTTLS, PINTAIL_ERROR_TLS, "not now");
    check_connect("S: * OK [CAPABILITY IMAP4rev1 STARTTLS] hi\nC: p1 STARTTLS\n"
                  "S- p1 OK go\\r\\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\\r\\np2 OK\\r\\n\nclosed\n",
                  TLS_STARTTLS, PINTAIL_ERROR_PROTOCOL, "");
    Rig r; /* alerts and mail of before are not shown */
    rig_open_with(&r,
                  "S: * OK [CAPABILITY IMAP4rev1 STARTTLS] hi\nC: p1 STARTTLS\n"
                  "S: * OK [ALERT] call this number\nS: * 5 EXISTS\nS: p1 OK go\ntls\n"
                  "C: p2 CAPABILITY\nS: * CAPABILITY IMAP4rev1\nS: p2 OK\n",
                  cert, TLS_STARTTLS);
    g_assert_no_error(r.error);
    g_assert_false(imap_has_changes(r.session));
    rig_close(&r);
}

static void test_wrong_certificate(void)
{
    WireCert *other = wire_cert_new("DNS:other.example", -1, 1);
    Rig r;
    rig_open_with(&r, "tls-fails\n", other, TLS_IMPLICIT);
    g_assert_null(r.session);
    g_assert_error(r.error, PINTAIL_ERROR, PINTAIL_ERROR_TLS);
    g_assert_nonnull(r.report);
    rig_close(&r);
    wire_cert_free(other);
}

/* The dialogue is written down, what is secret is not. */
static void test_log(void)
{
    g_autofree char *dir = g_dir_make_tmp("imap-log-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(dir, "log", NULL);
    g_assert_true(log_open(file, NULL));
    WireServer *w = wire_start("S: * OK [CAPABILITY IMAP4rev1] hi\n"
                               "C: p1 LOGIN \"ana\" \"hunter22\"\n"
                               "S: p1 BAD cannot do LOGIN ana hunter22\n"
                               "C: p2 LOGIN \"ana\" \"hunter22\"\n"
                               "S: p2 OK [CAPABILITY IMAP4rev1 SASL-IR] welcome home\n");
    g_autoptr(Endpoint) e = wire_endpoint(w, PROTOCOL_IMAP, TLS_OFF);
    StreamOptions o = {.timeout_ms = 5000, .log_name = "work/imap"};
    GError *error = NULL;
    ImapSession *s = imap_connect(e, &o, NULL, &error);
    g_assert_no_error(error);
    g_autoptr(Secret) secret = secret_new("hunter22", 8);
    Credentials who = {.user = "ana", .password = secret};
    g_assert_false(imap_login(s, &who, &error));
    g_assert_null(strstr(error->message, "hunter22"));
    g_clear_error(&error);
    g_assert_true(imap_login(s, &who, &error));
    imap_free(s);
    wire_finish(w);
    log_close();
    g_autoptr(GBytes) bytes = file_read(file, 1 << 20, NULL);
    g_autofree char *text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
    g_assert_null(strstr(text, "hunter22"));
    g_assert_nonnull(strstr(text, "p1 LOGIN"));
    g_assert_nonnull(strstr(text, "welcome home"));
    g_unlink(file);
    g_rmdir(dir);
}

static void test_cancel(void)
{
    WireServer *w = wire_start("S: * OK [CAPABILITY IMAP4rev1] hi\nstall\n");
    g_autoptr(Endpoint) e = wire_endpoint(w, PROTOCOL_IMAP, TLS_OFF);
    g_autoptr(Cancel) cancel = cancel_new();
    StreamOptions o = {.timeout_ms = 10000, .cancel = cancel};
    GError *error = NULL;
    ImapSession *s = imap_connect(e, &o, NULL, &error);
    g_assert_no_error(error);
    cancel_trigger(cancel);
    g_assert_false(imap_noop(s, &error));
    g_assert_error(error, PINTAIL_ERROR, PINTAIL_ERROR_CANCELLED);
    g_clear_error(&error);
    g_assert_false(imap_usable(s));
    g_assert_false(imap_noop(s, &error));
    g_assert_error(error, PINTAIL_ERROR, PINTAIL_ERROR_RETRY);
    g_clear_error(&error);
    imap_free(s);
    wire_finish(w);
}

/* Silence, and bytes without an end: both end with the deadline of the phase. */
static void test_stalled(void)
{
    static const char *const plays[] = {"stall", "trickle x"};
    for (guint i = 0; i < G_N_ELEMENTS(plays); i++) {
        g_autofree char *script =
            g_strconcat("S: * OK [CAPABILITY IMAP4rev1] hi\nC: p1 NOOP\n", plays[i], "\n", NULL);
        WireServer *w = wire_start(script);
        g_autoptr(Endpoint) e = wire_endpoint(w, PROTOCOL_IMAP, TLS_OFF);
        StreamOptions o = {.timeout_ms = 100};
        GError *error = NULL;
        ImapSession *s = imap_connect(e, &o, NULL, &error);
        g_assert_no_error(error);
        g_assert_false(imap_noop(s, &error));
        g_assert_error(error, PINTAIL_ERROR, PINTAIL_ERROR_RETRY);
        g_clear_error(&error);
        imap_free(s);
        wire_finish(w);
    }
}

/* An OAuth server says in a challenge what is wrong with the token, and wants an empty line
 * before its NO. */
static void test_token_refused(void)
{
    Rig r;
    rig_open_with(&r,
                  "S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2 AUTH=PLAIN] hi\n"
                  "C~ p1 AUTHENTICATE XOAUTH2 [A-Za-z0-9+/=]+\nS: + eyJzdGF0dXMiOiI0MDAifQ==\nC:\n"
                  "S: p1 NO [AUTHENTICATIONFAILED] expired token\n",
                  NULL, TLS_OFF);
    g_autoptr(Secret) token = secret_new("ya29.token", 10);
    Credentials who = {.user = "ana@example.org", .token = token};
    g_assert_false(imap_login(r.session, &who, &r.error));
    g_assert_nonnull(strstr(r.error->message, "{\"status\":\"400\"}")); /* what the exchange said */
    rig_failed(&r, PINTAIL_ERROR_AUTH, "expired token");
    rig_close(&r);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    cert = wire_cert_new("DNS:localhost,IP:127.0.0.1", -1, 1);
    g_test_add_func("/imap/login/plain-ir", test_plain_ir);
    g_test_add_func("/imap/login/plain-asked", test_plain_asked);
    g_test_add_func("/imap/login/login-command", test_login_command);
    g_test_add_func("/imap/login/fall-back", test_fall_back);
    g_test_add_func("/imap/login/refusals", test_refusals);
    g_test_add_func("/imap/login/second-try", test_second_try);
    g_test_add_func("/imap/login/bad-challenge", test_bad_challenge);
    g_test_add_func("/imap/login/greetings", test_greetings);
    g_test_add_func("/imap/login/starttls", test_starttls);
    g_test_add_func("/imap/login/implicit-tls", test_implicit_tls);
    g_test_add_func("/imap/login/tls-attacks", test_tls_attacks);
    g_test_add_func("/imap/login/wrong-certificate", test_wrong_certificate);
    g_test_add_func("/imap/login/log", test_log);
    g_test_add_func("/imap/login/cancel", test_cancel);
    g_test_add_func("/imap/login/stalled", test_stalled);
    g_test_add_func("/imap/login/token-refused", test_token_refused);
    int failed = g_test_run();
    wire_cert_free(cert);
    return failed;
}
