/* test_log_secrets.c - the protocol log shows the dialogue and never a credential, in no form in
 * which it goes over the wire: safe to paste into a bug report. */
#include <glib/gstdio.h>
#include "pintail/proto/pop3.h"
#include "pintail/proto/smtp.h"
#include "pintail/util/log.h"
#include "wire_server.h"

static const char password_text[] = "correct horse";
static const char token_text[] = "ya29.tok-en";

/* base64 of what holds the secret, at each of the three alignments, without the edges. */
static void expect_absent(const char *log, const char *secret)
{
    g_assert_null(strstr(log, secret));
    for (guint shift = 0; shift < 3; shift++) {
        g_autofree char *padded = g_strconcat(&"xx"[2 - shift], secret, NULL);
        g_autofree char *coded = g_base64_encode((const guchar *)padded, strlen(padded));
        g_autofree char *middle = g_strndup(coded + 4, (strlen(secret) - 4) / 3 * 4 - 4);
        g_assert_cmpuint(strlen(middle), >=, 4);
        g_assert_null(strstr(log, middle));
    }
}

static void smtp(const char *script, const Credentials *c)
{
    WireServer *w = wire_start(script);
    g_autoptr(Endpoint) e = wire_endpoint(w, PROTOCOL_SMTP, TLS_OFF);
    StreamOptions o = {.timeout_ms = 10000, .log_name = "work/smtp"};
    g_autoptr(GError) err = NULL;
    Smtp *s = smtp_open(e, &o, c, NULL, &err);
    g_assert_no_error(err);
    smtp_free(s);
    wire_finish(w);
}

static void pop3(const char *script, const Credentials *c)
{
    WireServer *w = wire_start(script);
    g_autoptr(Endpoint) e = wire_endpoint(w, PROTOCOL_POP3, TLS_OFF);
    StreamOptions o = {.timeout_ms = 10000, .log_name = "home/pop3"};
    g_autoptr(GError) err = NULL;
    Pop3 *p = pop3_open(e, &o, c, NULL, &err);
    g_assert_no_error(err);
    pop3_free(p);
    wire_finish(w);
}

static void test_log(void)
{
    g_autofree char *path = NULL;
    g_autoptr(GError) err = NULL;
    int fd = g_file_open_tmp("pintail-log-XXXXXX", &path, &err);
    g_assert_no_error(err);
    close(fd);
    g_assert_true(log_open(path, &err));
    g_autoptr(Secret) password = secret_new(password_text, strlen(password_text));
    g_autoptr(Secret) token = secret_new(token_text, strlen(token_text));
    const char *const mechanisms[] = {"PLAIN", "LOGIN"};
    for (guint i = 0; i < 2; i++) {
        Credentials c = {.user = "ana", .password = password, .mechanism = mechanisms[i]};
        const char *dialogue = i == 0 ? "S: %s\n" : "S: %s\nC~ .*\nS: %s\nC~ .*\nS: %s\n";
        g_autofree char *in_smtp = g_strdup_printf(dialogue, i ? "334 VXNlcjo=" : "235 ok", "334 ", "235 ok");
        g_autofree char *in_pop3 = g_strdup_printf(dialogue, i ? "+ VXNlcjo=" : "+OK", "+ ", "+OK");
        g_autofree char *s = g_strconcat("S: 220 mx\nC~ EHLO .*\nS: 250-mx\nS: 250 AUTH PLAIN LOGIN\nC~ AUTH .*\n",
                                         in_smtp, "closed", NULL);
        g_autofree char *p = g_strconcat("S: +OK\nC: CAPA\nS: +OK\nS: SASL PLAIN LOGIN\nS: .\nC~ AUTH .*\n",
                                         in_pop3, "C: CAPA\nS: -ERR\nclosed", NULL);
        smtp(s, &c);
        pop3(p, &c);
    }
    Credentials bearer = {.user = "ana", .token = token};
    smtp("S: 220 mx\nC~ EHLO .*\nS: 250-mx\nS: 250 AUTH OAUTHBEARER\nC~ AUTH .*\nS: 235 ok\nclosed", &bearer);
    Credentials plain = {.user = "ana", .password = password};
    pop3("S: +OK\nC: CAPA\nS: -ERR\nC: USER ana\nS: +OK\nC: PASS correct horse\nS: +OK\nclosed", &plain);
    log_close();
    g_autofree char *log = NULL;
    g_assert_true(g_file_get_contents(path, &log, NULL, &err));
    g_unlink(path);
    expect_absent(log, password_text);
    expect_absent(log, token_text);
    g_assert_nonnull(strstr(log, "AUTH PLAIN (secret)"));
    g_assert_nonnull(strstr(log, "AUTH OAUTHBEARER (secret)"));
    g_assert_nonnull(strstr(log, "PASS (secret)"));
    g_assert_nonnull(strstr(log, "EHLO [127.0.0.1]"));
    g_assert_nonnull(strstr(log, "home/pop3"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/proto/log-secrets", test_log);
    return g_test_run();
}
