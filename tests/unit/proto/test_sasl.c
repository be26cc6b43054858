/* test_sasl.c - the login as IMAP, POP3 and SMTP share it, against hostile servers: each case is
 * played in all three. */
#include <glib/gstdio.h>
#include "pintail/proto/imap.h"
#include "pintail/proto/pop3.h"
#include "pintail/proto/smtp.h"
#include "pintail/util/error.h"
#include "pintail/util/log.h"
#include "wire_server.h"

static WireCert *cert;
static Secret *password;

/* Up to the login: %s are the mechanisms, as each lists them. */
static char *opening(Protocol protocol, const char *mechanisms)
{
    g_auto(GStrv) names = g_strsplit(mechanisms, " ", -1);
    g_autofree char *imap = g_strjoinv(" AUTH=", names);
    switch (protocol) {
    case PROTOCOL_IMAP:
        return g_strdup_printf("S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=%s] hi\n", imap);
    case PROTOCOL_POP3:
        return g_strdup_printf("S: +OK\nC: CAPA\nS: +OK\nS: SASL %s\nS: .\n", mechanisms);
    case PROTOCOL_SMTP:
        return g_strdup_printf("S: 220 mx\nC~ EHLO .*\nS: 250-mx\nS: 250 AUTH %s\n", mechanisms);
    case PROTOCOL_HTTP:
        break;
    }
    return NULL;
}

static gboolean log_in(Protocol protocol, const Endpoint *e, const StreamOptions *o, const Credentials *c,
                       GError **err)
{
    if (protocol == PROTOCOL_IMAP) {
        g_autoptr(ImapSession) s = imap_connect(e, o, NULL, err);
        return s && imap_login(s, c, err);
    }
    if (protocol == PROTOCOL_POP3) {
        g_autoptr(Pop3) p = pop3_open(e, o, c, NULL, err);
        return p != NULL;
    }
    g_autoptr(Smtp) s = smtp_open(e, o, c, NULL, err);
    return s != NULL;
}

static void play(Protocol protocol, const char *mechanisms, const char *rest, TlsMode tls,
                 const Credentials *c, GError **err)
{
    g_autofree char *begin = opening(protocol, mechanisms);
    g_autofree char *script = g_strconcat(tls == TLS_IMPLICIT ? "tls\n" : "", begin, rest, NULL);
    WireServer *w = wire_start_with(script, cert, 0);
    g_autoptr(Endpoint) e = wire_endpoint(w, protocol, tls);
    StreamOptions o = {.timeout_ms = 5000, .ca_file = cert->file, .log_name = "hostile"};
    g_assert_false(log_in(protocol, e, &o, c, err));
    wire_finish(w);
}

/* A mechanism that has an answer to everything must not be asked for ever. */
static void test_endless_challenges(void)
{
    static const char *const floods[] = {"C~ p1 AUTHENTICATE EXTERNAL .*\nflood + \n",
                                         "C~ AUTH EXTERNAL .*\nflood + \n",
                                         "C~ AUTH EXTERNAL .*\nflood 334 \n"};
    Credentials c = {.user = "ana", .mechanism = "EXTERNAL"};
    for (Protocol p = PROTOCOL_IMAP; p <= PROTOCOL_SMTP; p++) {
        g_autoptr(GError) err = NULL;
        play(p, "EXTERNAL", floods[p], TLS_IMPLICIT, &c, &err);
        g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_PROTOCOL);
    }
}

static void test_long_challenge(void)
{
    Credentials c = {.user = "ana", .password = password, .mechanism = "LOGIN"};
    static const char *const questions[] = {"C: p1 AUTHENTICATE LOGIN\nS: + %s\nC: *\nclose\n",
                                            "C: AUTH LOGIN\nS: + %s\nclosed\n",
                                            "C: AUTH LOGIN\nS: 334 %s\nclosed\n"};
    g_autofree char *challenge = g_strnfill(12292, 'A');
    for (Protocol p = PROTOCOL_IMAP; p <= PROTOCOL_SMTP; p++) {
        g_autoptr(GError) err = NULL;
        g_autofree char *rest = g_strdup_printf(questions[p], challenge);
        play(p, "LOGIN", rest, TLS_OFF, &c, &err);
        g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_PROTOCOL);
        g_assert_nonnull(strstr(err->message, "too long"));
    }
}

/* A server whose -PLUS is of another kind than ours gets the same mechanism without it, once. */
static void test_without_binding(void)
{
    static const char *const dialogues[] = {
        "C~ p1 AUTHENTICATE SCRAM-SHA-256-PLUS .*\nS: p1 NO bad binding\n"
        "C~ p2 AUTHENTICATE SCRAM-SHA-256 .*\nS: p2 NO no such user\nclosed\n",
        "C~ AUTH SCRAM-SHA-256-PLUS .*\nS: -ERR bad binding\n"
        "C~ AUTH SCRAM-SHA-256 .*\nS: -ERR no such user\nclosed\n",
        "C~ AUTH SCRAM-SHA-256-PLUS .*\nS: 535 bad binding\n"
        "C~ AUTH SCRAM-SHA-256 .*\nS: 535 no such user\nclosed\n"};
    Credentials c = {.user = "ana", .password = password};
    for (Protocol p = PROTOCOL_IMAP; p <= PROTOCOL_SMTP; p++) {
        g_autoptr(GError) err = NULL;
        play(p, "PLAIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS", dialogues[p], TLS_IMPLICIT, &c, &err);
        g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_AUTH);
        g_assert_nonnull(strstr(err->message, "no such user"));
    }
}

/* What went wrong for other reasons (a busy server) is not tried again in another form. */
static void test_busy_is_final(void)
{
    static const char *const dialogues[] = {
        "C~ p1 AUTHENTICATE SCRAM-SHA-256-PLUS .*\nS: p1 NO [UNAVAILABLE] later\nclosed\n",
        "C~ AUTH SCRAM-SHA-256-PLUS .*\nS: -ERR [SYS/TEMP] later\nclosed\n",
        "C~ AUTH SCRAM-SHA-256-PLUS .*\nS: 454 later\nclosed\n"};
    Credentials c = {.user = "ana", .password = password};
    for (Protocol p = PROTOCOL_IMAP; p <= PROTOCOL_SMTP; p++) {
        g_autoptr(GError) err = NULL;
        play(p, "SCRAM-SHA-256 SCRAM-SHA-256-PLUS", dialogues[p], TLS_IMPLICIT, &c, &err);
        g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_RETRY);
        g_assert_nonnull(strstr(err->message, "later"));
    }
}

/* "OK" without the proof that SCRAM demands: a server that does not know the password. */
static void test_accepted_without_proof(void)
{
    static const char *const dialogues[] = {"C~ p1 AUTHENTICATE SCRAM-SHA-256 .*\nS: p1 OK welcome\nclosed\n",
                                            "C~ AUTH SCRAM-SHA-256 .*\nS: +OK welcome\nclosed\n",
                                            "C~ AUTH SCRAM-SHA-256 .*\nS: 235 welcome\nclosed\n"};
    Credentials c = {.user = "ana", .password = password};
    for (Protocol p = PROTOCOL_IMAP; p <= PROTOCOL_SMTP; p++) {
        g_autoptr(GError) err = NULL;
        play(p, "SCRAM-SHA-256", dialogues[p], TLS_OFF, &c, &err);
        g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_PROTOCOL);
        g_assert_nonnull(strstr(err->message, "without proving"));
    }
}

/* ---- when a secret is asked for ---------------------------------------------------------------- */

static gboolean count_finds(gpointer data, const Secret **found, const Secret **token, GError **err)
{
    ++*(guint *)data;
    error_set(err, PINTAIL_ERROR_CANCELLED, "nobody answers");
    return FALSE;
}

/* Nobody is asked for a password that the server has no use for; the message says what to change. */
static void test_nothing_in_common(void)
{
    guint asked = 0;
    Credentials c = {.user = "ana", .find = count_finds, .find_data = &asked, .mechanism = "scram-sha-256"};
    for (Protocol p = PROTOCOL_IMAP; p <= PROTOCOL_SMTP; p++) {
        g_autoptr(GError) err = NULL;
        play(p, "PLAIN LOGIN", "closed\n", TLS_OFF, &c, &err);
        g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_INVALID);
        g_test_message("%s", err->message);
        g_assert_nonnull(strstr(err->message, "127.0.0.1:"));
        g_assert_nonnull(strstr(err->message, "'auth' of the account asks for SCRAM-SHA-256, the server offers PLAIN, LOGIN"));
    }
    g_assert_cmpuint(asked, ==, 0);
}

static void test_asked_when_it_fits(void)
{
    static const char *const offers[] = {"PLAIN SCRAM-SHA-256", "SCRAM-SHA-256", "SCRAM-SHA-256 LOGIN"};
    for (Protocol p = PROTOCOL_IMAP; p <= PROTOCOL_SMTP; p++) {
        guint asked = 0;
        Credentials c = {.user = "ana", .find = count_finds, .find_data = &asked, .mechanism = "scram-sha-256"};
        g_autoptr(GError) err = NULL;
        play(p, offers[p], "closed\n", TLS_OFF, &c, &err);
        g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_CANCELLED);
        g_assert_cmpuint(asked, ==, 1);
    }
}

/* A password is no token. */
static void test_token_for_password(void)
{
    guint asked = 0;
    Credentials c = {.user = "ana", .find = count_finds, .find_data = &asked, .mechanism = "xoauth2"};
    g_autoptr(GError) err = NULL;
    play(PROTOCOL_SMTP, "PLAIN XOAUTH2", "closed\n", TLS_IMPLICIT, &c, &err);
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_INVALID);
    g_assert_nonnull(strstr(err->message, "'token'"));
    g_assert_cmpuint(asked, ==, 0);
}

/* ---- secrets that come back ------------------------------------------------------------------ */

/* AGFuYQBjb3JyZWN0IGhvcnNl is what PLAIN sends for ana and her password. */
#define CODED "AGFuYQBjb3JyZWN0IGhvcnNl"

static void play_repeats(Protocol p, const char *rest)
{
    Credentials c = {.user = "ana", .password = password, .mechanism = "PLAIN"};
    g_autoptr(GError) err = NULL;
    play(p, "PLAIN", rest, TLS_OFF, &c, &err);
    g_assert_nonnull(err);
    g_assert_null(strstr(err->message, "correct horse"));
    g_assert_null(strstr(err->message, CODED));
}

static void test_repeated_secrets(void)
{
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("pintail-log-XXXXXX", &path, NULL);
    g_assert_cmpint(fd, >=, 0);
    close(fd);
    g_assert_true(log_open(path, NULL));
    static const char *const imap[] = {
        "S: p1 NO not " CODED "\nclosed\n", "S: p1 NO [X" CODED "] no\nclosed\n",
        "S: p1 NO the password 'correct horse' is wrong\nclosed\n", "S: * BYE \\0correct horse\nclose\n",
        "S: correct horse?\nclosed\n", "S: * OK [ALERT] correct horse is a bad password\nS: p1 NO no\nclosed\n"};
    for (guint i = 0; i < G_N_ELEMENTS(imap); i++) {
        g_autofree char *rest = g_strconcat("C: p1 AUTHENTICATE PLAIN " CODED "\n", imap[i], NULL);
        play_repeats(PROTOCOL_IMAP, rest);
    }
    static const char *const pop3[] = {"S: -ERR not " CODED "\nclosed\n", "S: -ERR [" CODED "] no\nclosed\n",
                                       "S: -ERR \\0correct horse\nclosed\n", "S: correct horse?\nclosed\n"};
    for (guint i = 0; i < G_N_ELEMENTS(pop3); i++) {
        g_autofree char *rest = g_strconcat("C: AUTH PLAIN " CODED "\n", pop3[i], NULL);
        play_repeats(PROTOCOL_POP3, rest);
    }
    static const char *const smtp[] = {"S: 535 not " CODED "\nclosed\n", "S: 500 correct horse?\nclosed\n",
                                       "S: 535-no\nS: 535 AUTH PLAIN " CODED "\nclosed\n",
                                       "S: AUTH PLAIN " CODED "\nclosed\n"};
    for (guint i = 0; i < G_N_ELEMENTS(smtp); i++) {
        g_autofree char *rest = g_strconcat("C: AUTH PLAIN " CODED "\n", smtp[i], NULL);
        play_repeats(PROTOCOL_SMTP, rest);
    }
    log_close();
    g_autofree char *log = NULL;
    g_assert_true(g_file_get_contents(path, &log, NULL, NULL));
    g_unlink(path);
    g_assert_null(strstr(log, "correct horse"));
    g_assert_null(strstr(log, CODED));
    g_assert_nonnull(strstr(log, "left out: repeats"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    password = secret_new("correct horse", 13);
    cert = wire_cert_new("DNS:localhost,IP:127.0.0.1", -1, 10);
    g_test_add_func("/sasl/endless-challenges", test_endless_challenges);
    g_test_add_func("/sasl/long-challenge", test_long_challenge);
    g_test_add_func("/sasl/without-binding", test_without_binding);
    g_test_add_func("/sasl/busy-is-final", test_busy_is_final);
    g_test_add_func("/sasl/accepted-without-proof", test_accepted_without_proof);
    g_test_add_func("/sasl/nothing in common", test_nothing_in_common);
    g_test_add_func("/sasl/asked when it fits", test_asked_when_it_fits);
    g_test_add_func("/sasl/a token where a password is", test_token_for_password);
    g_test_add_func("/sasl/repeated-secrets", test_repeated_secrets);
    int result = g_test_run();
    secret_unref(password);
    wire_cert_free(cert);
    return result;
}
