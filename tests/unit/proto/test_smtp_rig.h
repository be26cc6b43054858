/* test_smtp_rig.h - an SMTP session on a scripted server, for test_smtp*.c. The program's main()
 * makes `cert`. */
#pragma once
#include "pintail/proto/smtp.h"
#include "pintail/util/error.h"
#include "wire_server.h"

static WireCert *cert;

#define GREETING "S: 220 mx.example.org ESMTP\nC: EHLO [127.0.0.1]\n"
#define PLAIN_EHLO GREETING "S: 250-mx.example.org\nS: 250-SIZE 1000\nS: 250 8BITMIME\n"
#define PIPED_EHLO GREETING "S: 250-mx.example.org\nS: 250-PIPELINING\nS: 250-SIZE\nS: 250 8BITMIME\n"

typedef struct {
    WireServer *server;
    Endpoint *endpoint;
    StreamOptions options;
    Smtp *smtp;
    GError *err;
} Talk;

static void talk_mode(Talk *t, const char *script, TlsMode mode, const Credentials *c)
{
    t->server = wire_start_with(script, cert, 0);
    t->endpoint = wire_endpoint(t->server, PROTOCOL_SMTP, mode);
    t->options.ca_file = cert->file;
    if (!t->options.timeout_ms)
        t->options.timeout_ms = 10000;
    t->smtp = smtp_open(t->endpoint, &t->options, c, NULL, &t->err);
}

G_GNUC_UNUSED static void talk(Talk *t, const char *script)
{
    *t = (Talk){0};
    talk_mode(t, script, TLS_OFF, NULL);
    g_assert_no_error(t->err);
}

G_GNUC_UNUSED static void hang_up(Talk *t)
{
    smtp_free(t->smtp);
    endpoint_free(t->endpoint);
    g_clear_error(&t->err);
    wire_finish(t->server);
}

static const char *const one[] = {"ben@example.com", NULL};
G_GNUC_UNUSED static const char *const three[] = {"ben@example.com", "cleo@example.com", "dan@example.com", NULL};

G_GNUC_UNUSED static SmtpResult *send_to(Talk *t, const char *const *to, const char *content)
{
    g_clear_error(&t->err);
    SmtpMessage m = {.sender = "ana@example.org", .recipients = to, .content = span_of(content)};
    return smtp_send(t->smtp, &m, &t->err);
}

G_GNUC_UNUSED static void expect_state(const SmtpResult *r, guint i, SmtpRecipientState state, int code)
{
    const SmtpRecipient *one_recipient = g_ptr_array_index(r->recipients, i);
    g_assert_cmpint(one_recipient->state, ==, state);
    g_assert_cmpint(one_recipient->code, ==, code);
}
