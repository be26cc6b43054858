/* test_smtp_extensions.c - CHUNKING (RFC 3030) and DSN (RFC 3461) on the wire, to the byte. */
#include "test_smtp_rig.h"

#define CHUNK_EHLO GREETING "S: 250-mx\nS: 250-8BITMIME\nS: 250 CHUNKING\n"
#define PIPED_CHUNK_EHLO GREETING "S: 250-mx\nS: 250-PIPELINING\nS: 250 CHUNKING\n"
#define ENVELOPE "C~ MAIL .*\nS: 250 ok\nC: RCPT TO:<ben@example.com>\nS: 250 ok\n"
#define PIPED_ENVELOPE "C~ MAIL .*\nC: RCPT TO:<ben@example.com>\nS: 250 ok\nS: 250 ok\n"

/* ---- BDAT ------------------------------------------------------------------------------------ */

static void test_chunk(void)
{
    Talk t;
    /* Line ends are made CRLF; a dot is only a dot. */
    talk(&t, CHUNK_EHLO ENVELOPE "C: BDAT 12\nC: .\nC: hi\nC: ..x\nS: 250 12 octets\nC: BDAT 0 LAST\n"
                                 "S: 250 2.0.0 queued as 4XYZ\nC: MAIL FROM:<ana@example.org>\nS: 250 ok\n"
                                 "C~ RCPT .*\nS: 250 ok\nC: BDAT 4\nC: yo\nS: 250 ok\nC: BDAT 0 LAST\n"
                                 "S: 250 ok\nclosed");
    g_autoptr(SmtpResult) r = send_to(&t, one, ".\nhi\n..x");
    g_assert_no_error(t.err);
    g_assert_cmpint(r->outcome, ==, SMTP_SENT);
    g_assert_cmpstr(r->words, ==, "2.0.0 queued as 4XYZ");
    g_autoptr(SmtpResult) next = send_to(&t, one, "yo");
    g_assert_cmpint(next->outcome, ==, SMTP_SENT);
    hang_up(&t);
}

static void test_chunk_pipelined(void)
{
    Talk t;
    talk(&t, PIPED_CHUNK_EHLO PIPED_ENVELOPE "C: BDAT 4\nC: hi\nC: BDAT 0 LAST\nS: 250 ok\nS: 250 queued\n"
                                             "closed");
    g_autoptr(SmtpResult) r = send_to(&t, one, "hi");
    g_assert_no_error(t.err);
    g_assert_cmpint(r->outcome, ==, SMTP_SENT);
    g_assert_cmpstr(r->words, ==, "queued");
    hang_up(&t);
}

/* 2.5 MB go in three chunks; with pipelining one is on its way while the next is written. */
static void test_chunks(void)
{
    g_autoptr(GString) content = g_string_new(NULL);
    for (guint i = 0; i < 40000; i++)
        g_string_append(content, "a line of sixty-one octets, of which this message has so many\r\n");
    g_assert_cmpuint(content->len, ==, 40000 * 63);
    Talk t;
    talk(&t, PIPED_CHUNK_EHLO PIPED_ENVELOPE
         "C: BDAT 1048635\nC= 1048635\nC: BDAT 1048635\nC= 1048635\nS: 250 one\nC: BDAT 422730\n"
         "C= 422730\nS: 250 two\nC: BDAT 0 LAST\nS: 250 three\nS: 250 queued\nclosed");
    g_autoptr(SmtpResult) r = send_to(&t, one, content->str);
    g_assert_no_error(t.err);
    g_assert_cmpint(r->outcome, ==, SMTP_SENT);
    g_assert_cmpstr(r->words, ==, "queued");
    hang_up(&t);
}

static void test_chunk_refused(void)
{
    static const struct {
        const char *script;
        SmtpOutcome outcome;
        gboolean usable;
        const char *says;
    } cases[] = {
        {CHUNK_EHLO ENVELOPE "C: BDAT 4\nC: hi\nS: 552 5.3.4 too much\nC: RSET\nS: 250 ok\n", SMTP_REFUSED,
         TRUE, "552 5.3.4 too much"},
        {CHUNK_EHLO ENVELOPE "C: BDAT 4\nC: hi\nS: 451 4.3.0 later\nC: RSET\nS: 250 ok\n", SMTP_LATER, TRUE,
         "451 4.3.0 later"},
        {CHUNK_EHLO ENVELOPE "C: BDAT 4\nC: hi\nS: 421 4.3.2 closing\n", SMTP_LATER, FALSE, "421 4.3.2 closing"},
        {CHUNK_EHLO ENVELOPE "C: BDAT 4\nC: hi\nS: 250 ok\nC: BDAT 0 LAST\nS: 554 5.7.1 spam\nC: RSET\n"
                             "S: 250 ok\n", SMTP_REFUSED, TRUE, "554 5.7.1 spam"},
        /* Refused when the last was on its way already: the chunk's own words count. */
        {PIPED_CHUNK_EHLO PIPED_ENVELOPE "C: BDAT 4\nC: hi\nC: BDAT 0 LAST\nS: 452 4.3.1 full\nS: 503 no\n"
                                         "C: RSET\nS: 250 ok\n", SMTP_LATER, TRUE, "452 4.3.1 full"},
        /* A server that contradicts itself may have taken the message. */
        {PIPED_CHUNK_EHLO PIPED_ENVELOPE "C: BDAT 4\nC: hi\nC: BDAT 0 LAST\nS: 452 4.3.1 full\nS: 250 ok\n",
         SMTP_UNKNOWN, FALSE, "may have been sent or not"},
        {CHUNK_EHLO ENVELOPE "C: BDAT 4\nC: hi\nS: 250 ok\nC: BDAT 0 LAST\nS: 354 eh\n", SMTP_UNKNOWN, FALSE,
         "may have been sent or not"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("case %zu", i);
        g_autofree char *script = g_strconcat(cases[i].script, "closed", NULL);
        Talk t;
        talk(&t, script);
        g_autoptr(SmtpResult) r = send_to(&t, one, "hi");
        g_assert_cmpint(r->outcome, ==, cases[i].outcome);
        g_assert_nonnull(strstr(t.err->message, cases[i].says));
        g_assert_true(smtp_usable(t.smtp) == cases[i].usable);
        if (cases[i].usable)
            g_assert_true(smtp_reset(t.smtp, NULL));
        hang_up(&t);
    }
}

/* Announced, and not known after all: the same message goes by DATA. */
static void test_chunking_falls_back(void)
{
    Talk t;
    talk(&t, CHUNK_EHLO ENVELOPE "C: BDAT 4\nC: hi\nS: 502 5.5.1 unknown command\nC: RSET\nS: 250 ok\n" ENVELOPE
                                 "C: DATA\nS: 354 go\nC: hi\nC: .\nS: 250 ok\n" ENVELOPE
                                 "C: DATA\nS: 354 go\nC: yo\nC: .\nS: 250 ok\nclosed");
    g_autoptr(SmtpResult) r = send_to(&t, one, "hi");
    g_assert_no_error(t.err);
    g_assert_cmpint(r->outcome, ==, SMTP_SENT);
    g_autoptr(SmtpResult) next = send_to(&t, one, "yo");
    g_assert_cmpint(next->outcome, ==, SMTP_SENT);
    hang_up(&t);
}

static void test_chunk_nobody_accepted(void)
{
    Talk t;
    talk(&t, PIPED_CHUNK_EHLO "C~ MAIL .*\nC~ RCPT .*\nS: 250 ok\nS: 550 5.1.1 no\nclosed");
    g_autoptr(SmtpResult) r = send_to(&t, one, "hi");
    g_assert_cmpint(r->outcome, ==, SMTP_REFUSED);
    g_assert_true(smtp_usable(t.smtp));
    hang_up(&t);
}

static gboolean note_call(void *data, GError **err)
{
    ++*(guint *)data;
    return TRUE;
}

/* Cut after each line of the server: unknown exactly when "BDAT 0 LAST" may have gone out. */
static void cut_everywhere(const char *script, gboolean pipelined)
{
    guint outcomes[SMTP_UNKNOWN + 1] = {0};
    for (guint n = 0;; n++) {
        g_autofree char *cut = wire_cut_after(script, n);
        Talk t = {0};
        guint called = 0;
        talk_mode(&t, cut ? cut : script, TLS_OFF, NULL);
        if (t.smtp) {
            SmtpMessage m = {.sender = "ana@example.org", .recipients = one, .data = &called,
                             .content = span_of("hi"), .before_final = note_call};
            g_autoptr(SmtpResult) r = smtp_send(t.smtp, &m, &t.err);
            outcomes[r->outcome]++;
            if (r->outcome == SMTP_UNKNOWN || r->outcome == SMTP_SENT)
                g_assert_cmpuint(called, ==, 1);
        }
        smtp_free(t.smtp);
        endpoint_free(t.endpoint);
        g_clear_error(&t.err);
        wire_end(t.server, NULL);
        if (!cut)
            break;
    }
    g_assert_cmpuint(outcomes[SMTP_SENT], ==, 1);
    g_assert_cmpuint(outcomes[SMTP_NOT_SENT], >=, pipelined ? 1 : 2);
    g_assert_cmpuint(outcomes[SMTP_UNKNOWN], >=, 1);
    g_assert_cmpuint(outcomes[SMTP_REFUSED] + outcomes[SMTP_LATER], ==, 0);
}

static void test_chunk_cut_everywhere(void)
{
    cut_everywhere(CHUNK_EHLO ENVELOPE "C: BDAT 4\nC: hi\nS: 250 ok\nC: BDAT 0 LAST\nS- 25\nS: 0 ok\nclosed", FALSE);
    cut_everywhere(PIPED_CHUNK_EHLO PIPED_ENVELOPE "C: BDAT 4\nC: hi\nC: BDAT 0 LAST\nS: 250 ok\nS: 250 ok\nclosed",
                   TRUE);
}

/* ---- DSN ------------------------------------------------------------------------------------- */

static void expect_dsn(const char *ehlo, const char *const *to, guint notify, gboolean full, const char *id,
                       const char *mail, const char *rcpt)
{
    g_autofree char *script = g_strdup_printf(GREETING "%sC: %s\nS: 250 ok\nC: %s\nS: 250 ok\nC: DATA\n"
                                              "S: 354 go\nC: hi\nC: .\nS: 250 ok\nclosed", ehlo, mail, rcpt);
    Talk t;
    talk(&t, script);
    SmtpMessage m = {.sender = "ana@example.org", .recipients = to, .content = span_of("hi"),
                     .notify = notify, .return_full = full, .envelope_id = id};
    g_autoptr(SmtpResult) r = smtp_send(t.smtp, &m, &t.err);
    g_assert_no_error(t.err);
    g_assert_cmpint(r->outcome, ==, SMTP_SENT);
    hang_up(&t);
}

#define DSN "S: 250-mx\nS: 250 DSN\n"

static void test_dsn(void)
{
    static const char *const odd[] = {"a+b=c@example.com", NULL}, *const utf8[] = {"jörg+x@example.com", NULL};
    g_autofree char *long_id = g_strnfill(101, 'x');
    expect_dsn(DSN, one, SMTP_NOTIFY_SUCCESS | SMTP_NOTIFY_FAILURE | SMTP_NOTIFY_DELAY, FALSE, "id+1@example.org",
               "MAIL FROM:<ana@example.org> RET=HDRS ENVID=id+2B1@example.org",
               "RCPT TO:<ben@example.com> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;ben@example.com");
    expect_dsn(DSN, one, SMTP_NOTIFY_NEVER, TRUE, NULL, "MAIL FROM:<ana@example.org> RET=FULL",
               "RCPT TO:<ben@example.com> NOTIFY=NEVER ORCPT=rfc822;ben@example.com");
    expect_dsn(DSN, odd, SMTP_NOTIFY_FAILURE, FALSE, "gr\xc3\xbc\xc3\x9f", "MAIL FROM:<ana@example.org> RET=HDRS",
               "RCPT TO:<a+b=c@example.com> NOTIFY=FAILURE ORCPT=rfc822;a+2Bb+3Dc@example.com");
    expect_dsn("S: 250-mx\nS: 250-SMTPUTF8\nS: 250-8BITMIME\nS: 250 DSN\n", utf8, SMTP_NOTIFY_DELAY, FALSE, long_id,
               "MAIL FROM:<ana@example.org> SMTPUTF8 RET=HDRS",
               "RCPT TO:<j\\xc3\\xb6rg+x@example.com> NOTIFY=DELAY "
               "ORCPT=utf-8;j\\xc3\\xb6rg\\\\x{2B}x@example.com");
    /* Nothing asked, or nothing offered: not a word of it. */
    expect_dsn(DSN, one, 0, TRUE, "id", "MAIL FROM:<ana@example.org>", "RCPT TO:<ben@example.com>");
    expect_dsn("S: 250 mx\n", one, SMTP_NOTIFY_SUCCESS, TRUE, "id", "MAIL FROM:<ana@example.org>",
               "RCPT TO:<ben@example.com>");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    cert = wire_cert_new("DNS:localhost,IP:127.0.0.1", -1, 10);
    g_test_add_func("/smtp/chunk/one", test_chunk);
    g_test_add_func("/smtp/chunk/pipelined", test_chunk_pipelined);
    g_test_add_func("/smtp/chunk/many", test_chunks);
    g_test_add_func("/smtp/chunk/refused", test_chunk_refused);
    g_test_add_func("/smtp/chunk/fall-back", test_chunking_falls_back);
    g_test_add_func("/smtp/chunk/nobody", test_chunk_nobody_accepted);
    g_test_add_func("/smtp/chunk/cut-everywhere", test_chunk_cut_everywhere);
    g_test_add_func("/smtp/dsn", test_dsn);
    int result = g_test_run();
    wire_cert_free(cert);
    return result;
}
