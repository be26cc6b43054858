/* test_smtp.c - whole SMTP dialogues against a scripted server: each shape of a transaction, each
 * refusal, each place where a connection can be lost, and what may be repeated after it. */
#include "test_smtp_rig.h"

static Secret *password, *token;

/* ---- whole transactions ---------------------------------------------------------------------- */

static void test_simple(void)
{
    Talk t;
    talk(&t, PLAIN_EHLO "C: MAIL FROM:<ana@example.org> SIZE=20\nS: 250 2.1.0 ok\n"
                        "C: RCPT TO:<ben@example.com>\nS: 250 2.1.5 ok\nC: DATA\nS: 354 go\n"
                        "C: Subject: hi\nC:\nC: yes\nC: .\nS: 250 2.0.0 Ok: queued as 4XYZ\n"
                        "C: NOOP\nS: 250 ok\nC: QUIT\nS: 221 bye\nclosed");
    g_assert_cmpuint(smtp_size_limit(t.smtp), ==, 1000);
    g_assert_true(smtp_offers_8bit(t.smtp));
    g_autoptr(SmtpResult) r = send_to(&t, one, "Subject: hi\n\nyes\n");
    g_assert_no_error(t.err);
    g_assert_cmpint(r->outcome, ==, SMTP_SENT);
    g_assert_cmpint(r->code, ==, 250);
    g_assert_cmpstr(r->enhanced, ==, "2.0.0");
    g_assert_cmpstr(r->words, ==, "2.0.0 Ok: queued as 4XYZ");
    expect_state(r, 0, SMTP_RECIPIENT_ACCEPTED, 250);
    g_assert_true(smtp_usable(t.smtp));
    g_assert_true(smtp_noop(t.smtp, &t.err));
    smtp_quit(t.smtp);
    g_assert_false(smtp_usable(t.smtp));
    hang_up(&t);
}

static void test_pipelined(void)
{
    Talk t;
    talk(&t, PIPED_EHLO "C: MAIL FROM:<ana@example.org> SIZE=4\nC: RCPT TO:<ben@example.com>\n"
                        "C: RCPT TO:<cleo@example.com>\nC: RCPT TO:<dan@example.com>\nC: DATA\n"
                        "S: 250 ok\nS: 250 ok\nS: 251 will forward\nS: 250 ok\nS: 354 go\n"
                        "C: hi\nC: .\nS: 250 ok\nC: MAIL FROM:<ana@example.org> SIZE=4\n"
                        "C: RCPT TO:<ben@example.com>\nC: DATA\nS: 250 ok\nS: 250 ok\nS: 354 go\n"
                        "C: yo\nC: .\nS: 250 ok\nclosed");
    for (guint i = 0; i < 2; i++) { /* the second needs no RSET */
        g_autoptr(SmtpResult) r = send_to(&t, i ? one : three, i ? "yo" : "hi\r\n");
        g_assert_cmpint(r->outcome, ==, SMTP_SENT);
        for (guint k = 0; k < r->recipients->len; k++)
            expect_state(r, k, SMTP_RECIPIENT_ACCEPTED, 250);
    }
    hang_up(&t);
}

/* What goes out between 354 and the dot. */
static void expect_wire(const char *content, const char *wire)
{
    Talk t;
    talk(&t, PLAIN_EHLO "C~ MAIL .*\nS: 250 ok\nC~ RCPT .*\nS: 250 ok\nC: DATA\nS: 354 go\nC#\n"
                        "S: 250 ok\nclosed");
    SmtpMessage m = {.sender = "", .recipients = one, .content = span_of(content)};
    g_autoptr(SmtpResult) r = smtp_send(t.smtp, &m, &t.err);
    g_assert_no_error(t.err);
    g_assert_cmpint(r->outcome, ==, SMTP_SENT);
    smtp_free(g_steal_pointer(&t.smtp));
    g_autofree char *got = NULL;
    g_assert_true(wire_end(t.server, &got));
    g_assert_cmpstr(got, ==, wire);
    endpoint_free(t.endpoint);
}

static void test_line_ends_and_dots(void)
{
    expect_wire("", "");
    expect_wire("a", "a\r\n");
    expect_wire("a\r\nb\nc\rd\r\n", "a\r\nb\r\nc\r\nd\r\n");
    expect_wire(".\r\n..\nx.\n.y", "..\r\n...\r\nx.\r\n..y\r\n");
    expect_wire("a\n.\nb\r.\rc\r\n.\r\n", "a\r\n..\r\nb\r\n..\r\nc\r\n..\r\n");
    expect_wire("\r\r\n\n", "\r\n\r\n\r\n");
}

static void test_long_lines(void)
{
    /* A dot exactly where a piece of a very long line begins is no dot at a line's start. */
    GString *content = g_string_new(NULL);
    for (guint i = 0; i < 65536; i++)
        g_string_append_c(content, 'x');
    g_string_append(content, ".yz\n.\n");
    Talk t;
    talk(&t, GREETING "S: 250 mx\nC~ MAIL .*\nS: 250 ok\nC~ RCPT .*\nS: 250 ok\nC: DATA\nS: 354 go\n"
                      "C#\nS: 250 ok\nclosed");
    g_autoptr(SmtpResult) r = send_to(&t, one, content->str);
    g_assert_cmpint(r->outcome, ==, SMTP_SENT);
    smtp_free(t.smtp);
    g_autofree char *got = NULL;
    g_assert_true(wire_end(t.server, &got));
    g_assert_cmpuint(strlen(got), ==, 65536 + 3 + 2 + 4);
    g_assert_true(g_str_has_suffix(got, "x.yz\r\n..\r\n"));
    endpoint_free(t.endpoint);
    g_string_free(content, TRUE);
}

static guint64 last_progress;

static void count_progress(guint64 done, guint64 total, void *data)
{
    g_assert_cmpuint(done, >, last_progress);
    g_assert_cmpuint(done, <=, total);
    last_progress = done;
}

static void test_large(void)
{
    Talk t;
    talk(&t, GREETING "S: 250-mx\nS: 250 SIZE 50000000\nC: MAIL FROM:<ana@example.org> SIZE=6000000\n"
                      "S: 250 ok\nC~ RCPT .*\nS: 250 ok\nC: DATA\nS: 354 go\nC* .\nS: 250 ok\nclosed");
    /* 60 bytes and LF, which are 62 on the wire; the last one is cut to make 6,000,000. */
    GString *content = g_string_new(NULL);
    for (guint i = 0; i <= 6000000 / 62; i++)
        g_string_append(content, "an ordinary line of mail: sixty bytes, then comes a line end\n");
    g_string_truncate(content, 6000000 / 62 * 61 + 6000000 % 62 - 2);
    SmtpMessage m = {.sender = "ana@example.org", .recipients = one, .progress = count_progress,
                     .content = span_new(content->str, content->len)};
    last_progress = 0;
    g_autoptr(SmtpResult) r = smtp_send(t.smtp, &m, &t.err);
    g_assert_no_error(t.err);
    g_assert_cmpint(r->outcome, ==, SMTP_SENT);
    g_assert_cmpuint(last_progress, ==, m.content.len);
    g_string_free(content, TRUE);
    hang_up(&t);
}

/* ---- refusals -------------------------------------------------------------------------------- */

static void test_partial_refusal(void)
{
    static const char *const scripts[] = {
        PLAIN_EHLO "C~ MAIL .*\nS: 250 ok\nC: RCPT TO:<ben@example.com>\nS: 550-5.1.1 no\n"
                   "S: 550 5.1.1 such user\nC: RCPT TO:<cleo@example.com>\nS: 250 ok\n"
                   "C: RCPT TO:<dan@example.com>\nS: 452 4.2.2 mailbox full\nC: DATA\nS: 354 go\n"
                   "C: hi\nC: .\nS: 250 2.0.0 queued\nclosed",
        PIPED_EHLO "C~ MAIL .*\nC~ RCPT .*\nC~ RCPT .*\nC~ RCPT .*\nC: DATA\nS: 250 ok\n"
                   "S: 550-5.1.1 no\nS: 550 5.1.1 such user\nS: 250 ok\nS: 452 4.2.2 mailbox full\n"
                   "S: 354 go\nC: hi\nC: .\nS: 250 2.0.0 queued\nclosed",
    };
    for (guint i = 0; i < 2; i++) {
        Talk t;
        talk(&t, scripts[i]);
        g_autoptr(SmtpResult) r = send_to(&t, three, "hi");
        g_assert_no_error(t.err);
        g_assert_cmpint(r->outcome, ==, SMTP_SENT);
        expect_state(r, 0, SMTP_RECIPIENT_REFUSED, 550);
        expect_state(r, 1, SMTP_RECIPIENT_ACCEPTED, 250);
        expect_state(r, 2, SMTP_RECIPIENT_LATER, 452);
        const SmtpRecipient *ben = g_ptr_array_index(r->recipients, 0);
        g_assert_cmpstr(ben->enhanced, ==, "5.1.1");
        g_assert_cmpstr(ben->words, ==, "5.1.1 no such user");
        hang_up(&t);
    }
}

static void test_nobody_accepted(void)
{
    static const struct {
        const char *script;
        SmtpOutcome outcome;
    } cases[] = {
        {PLAIN_EHLO "C~ MAIL .*\nS: 250 ok\nC~ RCPT .*\nS: 550 no\nC~ RCPT .*\nS: 550 no\nC~ RCPT .*\n"
                    "S: 553 no\nC: RSET\nS: 250 ok\nC~ MAIL .*\nS: 550 no\nclosed", SMTP_REFUSED},
        {PLAIN_EHLO "C~ MAIL .*\nS: 250 ok\nC~ RCPT .*\nS: 550 no\nC~ RCPT .*\nS: 451 wait\nC~ RCPT .*\n"
                    "S: 553 no\nC: RSET\nS: 250 ok\nC~ MAIL .*\nS: 550 no\nclosed", SMTP_LATER},
        {PIPED_EHLO "C~ MAIL .*\nC~ RCPT .*\nC~ RCPT .*\nC~ RCPT .*\nC: DATA\nS: 250 ok\nS: 550 no\n"
                    "S: 550 no\nS: 550 no\nS: 503 no recipients\nC: RSET\nS: 250 ok\nC~ MAIL .*\n"
                    "C~ RCPT .*\nC: DATA\nS: 550 no\nS: 503 no\nS: 503 no\nclosed", SMTP_REFUSED},
        /* DATA accepted all the same (RFC 2920 section 3.1) */
        {PIPED_EHLO "C~ MAIL .*\nC~ RCPT .*\nC~ RCPT .*\nC~ RCPT .*\nC: DATA\nS: 250 ok\nS: 550 no\n"
                    "S: 552 too many recipients\nS: 550 no\nS: 354 go\nC: .\nS: 554 no recipients\n"
                    "C: RSET\nS: 250 ok\nC~ MAIL .*\nC~ RCPT .*\nC: DATA\nS: 550 no\nS: 503 no\n"
                    "S: 503 no\nclosed", SMTP_LATER},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        Talk t;
        talk(&t, cases[i].script);
        g_autoptr(SmtpResult) r = send_to(&t, three, "hi");
        g_assert_cmpint(r->outcome, ==, cases[i].outcome);
        g_assert_true(error_is(t.err, cases[i].outcome == SMTP_LATER ? PINTAIL_ERROR_RETRY
                                                                     : PINTAIL_ERROR_REFUSED));
        expect_state(r, 0, SMTP_RECIPIENT_REFUSED, 550);
        g_autoptr(SmtpResult) again = send_to(&t, one, "hi");
        g_assert_cmpint(again->outcome, ==, SMTP_REFUSED);
        g_assert_nonnull(strstr(t.err->message, "550 no"));
        hang_up(&t);
    }
}

/* The same code at each stage, stepwise and pipelined. */
static void test_refused_at_each_stage(void)
{
    static const char *const stages[] = {
        PLAIN_EHLO "C~ MAIL .*\nS: %s\nclosed",
        PLAIN_EHLO "C~ MAIL .*\nS: 250 ok\nC~ RCPT .*\nS: %s\nclosed",
        PLAIN_EHLO "C~ MAIL .*\nS: 250 ok\nC~ RCPT .*\nS: 250 ok\nC: DATA\nS: %s\nclosed",
        PLAIN_EHLO "C~ MAIL .*\nS: 250 ok\nC~ RCPT .*\nS: 250 ok\nC: DATA\nS: 354 go\nC* .\nS: %s\nclosed",
        PIPED_EHLO "C~ MAIL .*\nC~ RCPT .*\nC: DATA\nS: %s\nS: 503 no\nS: 503 no\nclosed",
        PIPED_EHLO "C~ MAIL .*\nC~ RCPT .*\nC: DATA\nS: 250 ok\nS: %s\nS: 503 no\nclosed",
        PIPED_EHLO "C~ MAIL .*\nC~ RCPT .*\nC: DATA\nS: 250 ok\nS: 250 ok\nS: %s\nclosed",
    };
    static const struct {
        const char *reply;
        SmtpOutcome outcome;
        gboolean usable;
    } replies[] = {
        {"451 4.3.0 later", SMTP_LATER, TRUE},
        {"554 5.7.1 spam", SMTP_REFUSED, TRUE},
        {"421 4.3.2 closing", SMTP_LATER, FALSE},
    };
    for (gsize s = 0; s < G_N_ELEMENTS(stages); s++) {
        for (gsize k = 0; k < G_N_ELEMENTS(replies); k++) {
            g_test_message("stage %zu, %s", s, replies[k].reply);
            g_autofree char *script = g_strdup_printf(stages[s], replies[k].reply);
            Talk t;
            talk(&t, script);
            g_autoptr(SmtpResult) r = send_to(&t, one, "hi");
            g_assert_cmpint(r->outcome, ==, replies[k].outcome);
            g_assert_true(smtp_usable(t.smtp) == replies[k].usable);
            g_assert_nonnull(strstr(t.err->message, replies[k].reply));
            g_assert_cmpint(r->code, ==, (int)g_ascii_strtoull(replies[k].reply, NULL, 10));
            expect_state(r, 0,
                         replies[k].outcome == SMTP_LATER ? SMTP_RECIPIENT_LATER : SMTP_RECIPIENT_REFUSED,
                         r->code);
            hang_up(&t);
        }
    }
}

static void test_refused_before_anything_is_sent(void)
{
    Talk t;
    talk(&t, GREETING "S: 250-mx\nS: 250 SIZE 100\nclosed");
    g_autofree char *big = g_strnfill(98, 'x'); /* and a CRLF: fits exactly */
    g_autofree char *bigger = g_strnfill(99, 'x');
    const char *const injected[] = {"a@b> SIZE=1\r\nRSET", NULL}, *const gt[] = {"a>b@example.org", NULL};
    const char *const blank[] = {"a b@example.org", NULL}, *const none[] = {"", NULL};
    const char *const utf8[] = {"jörg@example.org", NULL}, *const nobody[] = {NULL};
    const char *const quoted[] = {"\"a", NULL}, *const broken[] = {"\xff\x9b@example.org", NULL};
    const struct {
        const char *const *to;
        const char *content, *says;
    } cases[] = {
        {one, bigger, "takes at most 100"}, {one, "gr\xc3\xbc\xc3\x9f", "encoded differently"},
        {injected, "x", "not an address"},  {gt, "x", "not an address"},
        {blank, "x", "not an address"},     {none, "x", "not an address"},
        {quoted, "x", "not an address"},    {utf8, "x", "SMTPUTF8"},
        {nobody, "x", "no recipient"},      {broken, "x", "not an address"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(SmtpResult) r = send_to(&t, cases[i].to, cases[i].content);
        g_assert_cmpint(r->outcome, ==, SMTP_REFUSED);
        g_assert_error(t.err, PINTAIL_ERROR, PINTAIL_ERROR_REFUSED);
        g_assert_nonnull(strstr(t.err->message, cases[i].says));
        g_assert_true(g_utf8_validate(t.err->message, -1, NULL) && !strpbrk(t.err->message, "\r\n"));
        g_assert_true(smtp_usable(t.smtp));
    }
    hang_up(&t);
    talk(&t, GREETING "S: 250-mx\nS: 250 SIZE 100\nC~ MAIL .* SIZE=100\nS: 250 ok\nC~ RCPT .*\n"
                      "S: 250 ok\nC: DATA\nS: 354 go\nC* .\nS: 250 ok\nclosed");
    g_autoptr(SmtpResult) fits = send_to(&t, one, big);
    g_assert_cmpint(fits->outcome, ==, SMTP_SENT);
    hang_up(&t);
}

static void test_eight_bit_and_utf8(void)
{
    Talk t;
    talk(&t, GREETING "S: 250-mx\nS: 250-8BITMIME\nS: 250 SMTPUTF8\n"
                      "C: MAIL FROM:<ana@example.org> BODY=8BITMIME SMTPUTF8\nS: 250 ok\n"
                      "C: RCPT TO:<j\\xc3\\xb6rg@example.org>\nS: 250 ok\n"
                      "C: RCPT TO:<\"odd > \\\\\" name\"@example.org>\nS: 250 ok\n"
                      "C: DATA\nS: 354 go\nC: gr\\xc3\\xbc\\xc3\\x9f\nC: .\nS: 250 ok\nclosed");
    const char *const to[] = {"jörg@example.org", "\"odd > \\\" name\"@example.org", NULL};
    g_autoptr(SmtpResult) r = send_to(&t, to, "gr\xc3\xbc\xc3\x9f");
    g_assert_no_error(t.err);
    g_assert_cmpint(r->outcome, ==, SMTP_SENT);
    g_assert_true(smtp_offers_utf8(t.smtp));
    hang_up(&t);
}

/* ---- before_final ------------------------------------------------------------------------------ */

static gboolean note_call(void *data, GError **err)
{
    ++*(guint *)data;
    return TRUE;
}

static gboolean say_no(void *data, GError **err)
{
    error_set(err, PINTAIL_ERROR_STORE, "disk full");
    return FALSE;
}

static void test_before_final(void)
{
    Talk t;
    talk(&t, PLAIN_EHLO "C~ MAIL .*\nS: 250 ok\nC~ RCPT .*\nS: 250 ok\nC: DATA\nS: 354 go\nC: hi\n"
                        "closed");
    SmtpMessage m = {.sender = "ana@example.org", .recipients = one, .content = span_of("hi"),
                     .before_final = say_no};
    g_autoptr(SmtpResult) r = smtp_send(t.smtp, &m, &t.err);
    g_assert_cmpint(r->outcome, ==, SMTP_NOT_SENT);
    g_assert_error(t.err, PINTAIL_ERROR, PINTAIL_ERROR_STORE);
    expect_state(r, 0, SMTP_RECIPIENT_UNTRIED, 250);
    g_assert_false(smtp_usable(t.smtp));
    hang_up(&t);
}

/* The connection is cut after each line that the server says: the outcome is UNKNOWN exactly
 * when the dot may have gone out, and before_final() has run by then. */
static void cut_everywhere(const char *script)
{
    guint unknown = 0, not_sent = 0, unopened = 0, sent = 0;
    for (guint n = 0;; n++) {
        g_autofree char *cut = wire_cut_after(script, n);
        Talk t = {0};
        guint called = 0;
        talk_mode(&t, cut ? cut : script, TLS_OFF, NULL);
        if (!t.smtp) {
            g_assert_error(t.err, PINTAIL_ERROR, PINTAIL_ERROR_RETRY);
            unopened++;
        } else {
            SmtpMessage m = {.sender = "ana@example.org", .recipients = one, .data = &called,
                             .content = span_of("hi"), .before_final = note_call};
            g_autoptr(SmtpResult) r = smtp_send(t.smtp, &m, &t.err);
            g_assert_true(r->outcome == SMTP_SENT || !smtp_usable(t.smtp));
            if (r->outcome == SMTP_NOT_SENT) {
                g_assert_error(t.err, PINTAIL_ERROR, PINTAIL_ERROR_RETRY);
                not_sent++;
            } else {
                g_assert_cmpuint(called, ==, 1);
                unknown += r->outcome == SMTP_UNKNOWN;
                sent += r->outcome == SMTP_SENT;
                const SmtpRecipient *ben = g_ptr_array_index(r->recipients, 0);
                g_assert_cmpint(ben->state, ==, r->outcome == SMTP_SENT ? SMTP_RECIPIENT_ACCEPTED
                                                                       : SMTP_RECIPIENT_UNKNOWN);
            }
        }
        smtp_free(t.smtp);
        endpoint_free(t.endpoint);
        g_clear_error(&t.err);
        wire_end(t.server, NULL); /* where the client stops first is not fixed in a cut script */
        if (!cut)
            break;
    }
    g_assert_cmpuint(sent, ==, 1);
    g_assert_cmpuint(unopened, >=, 2);
    g_assert_cmpuint(not_sent, >=, 3);
    g_assert_cmpuint(unknown, >=, 1);
}

static void test_cut_everywhere(void)
{
    cut_everywhere(PLAIN_EHLO "C~ MAIL .*\nS: 250 ok\nC~ RCPT .*\nS: 250 ok\nC: DATA\nS: 354 go\n"
                              "C* .\nS- 25\nS- 0 2.0\nS: .0 ok\nclosed");
    cut_everywhere(PIPED_EHLO "C~ MAIL .*\nC~ RCPT .*\nC: DATA\nS: 250 ok\nS: 250 ok\nS: 354 go\n"
                              "C* .\nS: 250-almost\nS: 250 ok\nclosed");
}

/* Only what follows is to take too long, however slow the machine is. */
static gboolean be_impatient(void *data, GError **err)
{
    ((Talk *)data)->options.timeout_ms = 50;
    return TRUE;
}

static void after_the_dot(const char *ending, PintailErrorCode code)
{
    g_autofree char *script = g_strconcat(
        PLAIN_EHLO "C~ MAIL .*\nS: 250 ok\nC~ RCPT .*\nS: 250 ok\nC: DATA\nS: 354 go\nC* .\n", ending, NULL);
    Talk t;
    talk(&t, script);
    SmtpMessage m = {.sender = "ana@example.org", .recipients = one, .content = span_of("hi"),
                     .before_final = be_impatient, .data = &t};
    g_autoptr(SmtpResult) r = smtp_send(t.smtp, &m, &t.err);
    g_assert_cmpint(r->outcome, ==, SMTP_UNKNOWN);
    g_assert_error(t.err, PINTAIL_ERROR, (int)code);
    g_assert_nonnull(strstr(t.err->message, "may have been sent or not"));
    expect_state(r, 0, SMTP_RECIPIENT_UNKNOWN, 250);
    g_assert_false(smtp_usable(t.smtp));
    hang_up(&t);
}

static void test_unknown(void)
{
    after_the_dot("reset", PINTAIL_ERROR_RETRY);
    after_the_dot("stall", PINTAIL_ERROR_RETRY);
    after_the_dot("trickle 250-x\\r\\n", PINTAIL_ERROR_RETRY);
    after_the_dot("S: what?\nstall", PINTAIL_ERROR_PROTOCOL);
    after_the_dot("S: 354 more?\nstall", PINTAIL_ERROR_PROTOCOL);
    after_the_dot("S: 250-yes\nS: 550 no\nstall", PINTAIL_ERROR_PROTOCOL);
    after_the_dot("flood 250-and so on", PINTAIL_ERROR_PROTOCOL);
}

static Cancel *cancel;

static gboolean cancel_now(void *data, GError **err)
{
    cancel_trigger(cancel);
    return TRUE;
}

static void test_cancel_before_the_dot(void)
{
    cancel = cancel_new();
    Talk t = {.options.cancel = cancel};
    talk_mode(&t, PLAIN_EHLO "C~ MAIL .*\nS: 250 ok\nC~ RCPT .*\nS: 250 ok\nC: DATA\nS: 354 go\nC: hi\n"
                             "closed", TLS_OFF, NULL);
    SmtpMessage m = {.sender = "ana@example.org", .recipients = one, .content = span_of("hi"),
                     .before_final = cancel_now};
    g_autoptr(SmtpResult) r = smtp_send(t.smtp, &m, &t.err);
    g_assert_cmpint(r->outcome, ==, SMTP_NOT_SENT);
    g_assert_error(t.err, PINTAIL_ERROR, PINTAIL_ERROR_CANCELLED);
    hang_up(&t);
    cancel_free(cancel);
}

/* The server has had enough in the middle of the content: its words count, no dot is sent. */
static void test_refused_early(void)
{
    Talk t;
    talk(&t, PLAIN_EHLO "C~ MAIL .*\nS: 250 ok\nC~ RCPT .*\nS: 250 ok\nC: DATA\nS- 354 go\\r\\n552 "
                        "5.3.4 too much\\r\\n\nC: hi\nclosed");
    guint called = 0;
    SmtpMessage m = {.sender = "ana@example.org", .recipients = one, .content = span_of("hi"),
                     .before_final = note_call, .data = &called};
    g_autoptr(SmtpResult) r = smtp_send(t.smtp, &m, &t.err);
    g_assert_cmpint(r->outcome, ==, SMTP_REFUSED);
    g_assert_cmpuint(called, ==, 0);
    g_assert_cmpstr(r->enhanced, ==, "5.3.4");
    g_assert_false(smtp_usable(t.smtp));
    hang_up(&t);
}

/* ---- opening ------------------------------------------------------------------------------------ */

static void expect_no_session(const char *script, TlsMode mode, const Credentials *c,
                              PintailErrorCode code, const char *says)
{
    Talk t = {.options.timeout_ms = 5000};
    talk_mode(&t, script, mode, c);
    g_assert_null(t.smtp);
    g_assert_error(t.err, PINTAIL_ERROR, (int)code);
    g_test_message("%s", t.err->message);
    g_assert_nonnull(strstr(t.err->message, says));
    g_assert_null(strstr(t.err->message, "correct"));
    hang_up(&t);
}

static void test_greetings(void)
{
    expect_no_session("S: 554 no service\nclosed", TLS_OFF, NULL, PINTAIL_ERROR_REFUSED, "554 no service");
    expect_no_session("S: 421 busy\nclosed", TLS_OFF, NULL, PINTAIL_ERROR_RETRY, "421 busy");
    expect_no_session("S: * PREAUTH welcome\nclosed", TLS_OFF, NULL, PINTAIL_ERROR_PROTOCOL, "speaks IMAP");
    expect_no_session("S: +OK ready\nclosed", TLS_STARTTLS, NULL, PINTAIL_ERROR_PROTOCOL, "speaks POP3");
    expect_no_session("S: 235 you are logged in\nclosed", TLS_STARTTLS, NULL, PINTAIL_ERROR_REFUSED, "235");
    expect_no_session("flood 220-and so on", TLS_OFF, NULL, PINTAIL_ERROR_PROTOCOL, "");
}

static void test_helo_fallback(void)
{
    Talk t;
    talk(&t, GREETING "S: 500 what?\nC: HELO [127.0.0.1]\nS: 250 mx\nC: MAIL FROM:<ana@example.org>\n"
                      "S: 250 ok\nC~ RCPT .*\nS: 250 ok\nC: DATA\nS: 354 go\nC* .\nS: 250 ok\nclosed");
    g_autoptr(SmtpResult) r = send_to(&t, one, "hi");
    g_assert_cmpint(r->outcome, ==, SMTP_SENT);
    g_assert_cmpuint(smtp_size_limit(t.smtp), ==, 0);
    hang_up(&t);
    expect_no_session(GREETING "S: 500 what?\nC: HELO [127.0.0.1]\nS: 250 mx\nclosed", TLS_STARTTLS, NULL,
                      PINTAIL_ERROR_TLS, "no STARTTLS");
}

#define OFFER GREETING "S: 250-mx\nS: 250-AUTH PLAIN\nS: 250 STARTTLS\n"

static void test_starttls(void)
{
    Credentials c = {.user = "ana", .password = password};
    Talk t = {0};
    /* What was offered before TLS is forgotten: PLAIN was, inside only LOGIN is. */
    talk_mode(&t, OFFER "C: STARTTLS\nS: 220 go\ntls\nC: EHLO [127.0.0.1]\nS: 250-mx\nS: 250 AUTH LOGIN\n"
                        "C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: YW5h\nS: 334 UGFzc3dvcmQ6\n"
                        "C: Y29ycmVjdCBob3JzZQ==\nS: 235 2.7.0 in\nclosed", TLS_STARTTLS, &c);
    g_assert_no_error(t.err);
    g_assert_cmpstr(smtp_description(t.smtp), ==, "TLSv1.3 LOGIN");
    hang_up(&t);
    /* Injection: bytes behind the consent (CVE-2011-0411). */
    expect_no_session(OFFER "C: STARTTLS\nS- 220 go\\r\\n250 AUTH PLAIN\\r\\n\nstall", TLS_STARTTLS, &c,
                      PINTAIL_ERROR_PROTOCOL, "tampering");
    /* Stripped. */
    expect_no_session(GREETING "S: 250-mx\nS: 250 AUTH PLAIN\nclosed", TLS_STARTTLS, &c,
                      PINTAIL_ERROR_TLS, "no STARTTLS");
    expect_no_session(OFFER "C: STARTTLS\nS: 454 not now\nclosed", TLS_STARTTLS, &c,
                      PINTAIL_ERROR_RETRY, "454 not now");
    expect_no_session(OFFER "C: STARTTLS\nS: 502 no\nclosed", TLS_STARTTLS, &c, PINTAIL_ERROR_TLS, "502 no");
    expect_no_session(OFFER "C: STARTTLS\nS: 250 eh\nclosed", TLS_STARTTLS, &c, PINTAIL_ERROR_TLS, "250 eh");
}

#define AUTH_EHLO GREETING "S: 250-mx\nS: 250-AUTH PLAIN LOGIN XOAUTH2\nS: 250 AUTH=LOGIN PLAIN\n"

static void test_auth(void)
{
    Credentials c = {.user = "ana", .password = password};
    Talk t = {0};
    talk_mode(&t, "tls\n" AUTH_EHLO "C: AUTH PLAIN AGFuYQBjb3JyZWN0IGhvcnNl\nS: 235 in\nclosed",
              TLS_IMPLICIT, &c);
    g_assert_no_error(t.err);
    g_assert_cmpstr(smtp_description(t.smtp), ==, "TLSv1.3 PLAIN");
    hang_up(&t);
    /* Too long for one line: asked for (RFC 4954 section 4). */
    g_autofree char *long_user = g_strnfill(600, 'u');
    Credentials d = {.user = long_user, .password = password};
    t = (Talk){0};
    talk_mode(&t, AUTH_EHLO "C: AUTH PLAIN\nS: 334 \nC~ AHV1dX.*\nS: 235 in\nclosed", TLS_OFF, &d);
    g_assert_no_error(t.err);
    hang_up(&t);
    Credentials o = {.user = "ana@example.org", .token = token};
    expect_no_session(AUTH_EHLO "C~ AUTH XOAUTH2 .*\nS: 334 eyJzdGF0dXMiOiI0MDEifQ==\nC:\n"
                                "S: 535 5.7.8 no\nclosed", TLS_OFF, &o, PINTAIL_ERROR_AUTH,
                      "535 5.7.8 no {\"status\":\"401\"}");
}

static void test_auth_refused(void)
{
    Credentials c = {.user = "ana", .password = password, .mechanism = "PLAIN"};
    static const struct {
        const char *reply;
        PintailErrorCode code;
    } cases[] = {
        {"S: 535 5.7.8 wrong", PINTAIL_ERROR_AUTH},   {"S: 454 4.7.0 database", PINTAIL_ERROR_RETRY},
        {"S: 421 closing", PINTAIL_ERROR_RETRY},      {"S: 250 hm", PINTAIL_ERROR_PROTOCOL},
        {"S: 334 !!!", PINTAIL_ERROR_PROTOCOL},       {"S: 334 \nstall", PINTAIL_ERROR_PROTOCOL},
        {"close", PINTAIL_ERROR_RETRY},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *script = g_strconcat(AUTH_EHLO "C~ AUTH PLAIN .*\n", cases[i].reply, NULL);
        expect_no_session(script, TLS_OFF, &c, cases[i].code, "");
    }
    expect_no_session(PLAIN_EHLO "closed", TLS_OFF, &c, PINTAIL_ERROR_REFUSED, "offers no way to log in");
    expect_no_session(GREETING "S: 250-mx\nS: 250 AUTH CRAM-MD5\nclosed", TLS_OFF, &c, PINTAIL_ERROR_INVALID,
                      "offers CRAM-MD5");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    password = secret_new("correct horse", 13);
    token = secret_new("ya29.tok-en", 11);
    cert = wire_cert_new("DNS:localhost,IP:127.0.0.1", -1, 10);
    g_test_add_func("/smtp/simple", test_simple);
    g_test_add_func("/smtp/pipelined", test_pipelined);
    g_test_add_func("/smtp/line-ends-and-dots", test_line_ends_and_dots);
    g_test_add_func("/smtp/long-lines", test_long_lines);
    g_test_add_func("/smtp/large", test_large);
    g_test_add_func("/smtp/partial-refusal", test_partial_refusal);
    g_test_add_func("/smtp/nobody-accepted", test_nobody_accepted);
    g_test_add_func("/smtp/refused-at-each-stage", test_refused_at_each_stage);
    g_test_add_func("/smtp/refused-unsent", test_refused_before_anything_is_sent);
    g_test_add_func("/smtp/8bit-utf8", test_eight_bit_and_utf8);
    g_test_add_func("/smtp/before-final", test_before_final);
    g_test_add_func("/smtp/cut-everywhere", test_cut_everywhere);
    g_test_add_func("/smtp/unknown", test_unknown);
    g_test_add_func("/smtp/cancel-before-dot", test_cancel_before_the_dot);
    g_test_add_func("/smtp/refused-early", test_refused_early);
    g_test_add_func("/smtp/greetings", test_greetings);
    g_test_add_func("/smtp/helo", test_helo_fallback);
    g_test_add_func("/smtp/starttls", test_starttls);
    g_test_add_func("/smtp/auth", test_auth);
    g_test_add_func("/smtp/auth-refused", test_auth_refused);
    int result = g_test_run();
    secret_unref(password);
    secret_unref(token);
    wire_cert_free(cert);
    return result;
}
