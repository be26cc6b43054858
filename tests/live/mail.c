/* mail.c - mail through real servers: sent by SMTP to the user's own mailbox, and fetched from there by
 * POP3 until nothing is left. `make live` runs it on servers of its own; on others:
 *
 *   PINTAIL_TEST_SMTP=smtp://USER@HOST:PORT PINTAIL_TEST_POP3=pop3://USER@HOST:PORT
 *   PINTAIL_TEST_PASSWORD=... [PINTAIL_TEST_CA=FILE] [PINTAIL_TEST_LOG=FILE]
 *
 * The mailbox is USER@example.org (USER itself when it holds an '@'); it is emptied. The server refuses
 * unknown@example.org for good and later@example.org for now. */
#include "pintail/proto/pop3.h"
#include "pintail/proto/smtp.h"
#include "pintail/util/error.h"
#include "pintail/util/log.h"

#define ARRIVAL_S 30 /* how long a message may take from one server to the other */
#define LARGE     3000000

static StreamOptions options;
static Secret *password;
static Endpoint *smtp_at, *pop3_at;

#define OK(call)                                                                                   \
    G_STMT_START                                                                                   \
    {                                                                                              \
        gboolean done_ = (call);                                                                   \
        g_assert_no_error(error);                                                                  \
        g_assert_true(done_);                                                                      \
    }                                                                                              \
    G_STMT_END

static char *own_address(void)
{
    return strchr(smtp_at->user, '@') ? g_strdup(smtp_at->user)
                                      : g_strdup_printf("%s@example.org", smtp_at->user);
}

/* Lines that begin with dots, lone ones too, line ends of all kinds, a last line without one, and one
 * as long as RFC 5321 section 4.5.3.1.6 allows. */
static char *small_body(void)
{
    g_autofree char *longest = g_strnfill(998, 'l');
    return g_strconcat(".\r\n..\n...\r.a\r\n\r\n", longest, "\r\n.\n.\r\ngr\xc3\xbc\xc3\x9f\r\nlast", NULL);
}

static char *large_body(void)
{
    GString *out = g_string_sized_new(LARGE + 100);
    for (guint i = 0; out->len < LARGE; i++)
        g_string_append_printf(out, "%sline %u of many, with some words in it\r\n", i % 7 ? "" : ".", i);
    return g_string_free(out, FALSE);
}

/* As it arrives: every line end is CRLF. */
static char *normalized(const char *body)
{
    GString *out = g_string_new(NULL);
    for (const char *p = body; *p; p++) {
        if (*p != '\r' && *p != '\n') {
            g_string_append_c(out, *p);
            continue;
        }
        g_string_append(out, "\r\n");
        p += *p == '\r' && p[1] == '\n';
    }
    if (!g_str_has_suffix(out->str, "\r\n"))
        g_string_append(out, "\r\n");
    return g_string_free(out, FALSE);
}

static gboolean count_call(void *data, GError **err)
{
    (*(guint *)data)++;
    return TRUE;
}

static void send_one(Smtp *s, const char *const *to, const char *subject, const char *body, SmtpOutcome outcome)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *from = own_address();
    g_autofree char *text =
        g_strdup_printf("From: Ana <%s>\r\nSubject: %s\r\nMessage-ID: <%s-live@example.org>\r\n\r\n%s", from,
                        subject, subject, body);
    guint finals = 0;
    SmtpMessage m = {.sender = from, .recipients = to, .content = span_of(text),
                     .before_final = count_call, .data = &finals};
    g_autoptr(SmtpResult) r = smtp_send(s, &m, &error);
    if (error)
        g_test_message("%s", error->message);
    g_assert_cmpint(r->outcome, ==, outcome);
    g_assert_cmpuint(finals, ==, outcome == SMTP_SENT);
    g_assert_true(smtp_usable(s));
    for (guint i = 0; i < r->recipients->len; i++) {
        const SmtpRecipient *one = g_ptr_array_index(r->recipients, i);
        SmtpRecipientState state = g_str_has_prefix(one->address, "unknown@") ? SMTP_RECIPIENT_REFUSED
                                   : g_str_has_prefix(one->address, "later@") ? SMTP_RECIPIENT_LATER
                                                                               : SMTP_RECIPIENT_ACCEPTED;
        g_assert_cmpint(one->state, ==, state);
        g_assert_true(state == SMTP_RECIPIENT_ACCEPTED || one->enhanced);
    }
}

static void send_some(const char *mechanism)
{
    GError *error = NULL;
    g_autofree char *self = own_address(), *body = small_body(), *large = large_body();
    const char *const me[] = {self, NULL};
    const char *const mixed[] = {"unknown@example.org", self, "later@example.org", NULL};
    const char *const nobody[] = {"unknown@example.org", NULL}, *const later[] = {"later@example.org", NULL};
    Credentials who = {.user = smtp_at->user, .password = password, .mechanism = mechanism};
    g_autoptr(Smtp) s = smtp_open(smtp_at, &options, &who, NULL, &error);
    g_assert_no_error(error);
    g_test_message("%s, SIZE %" G_GUINT64_FORMAT, smtp_description(s), smtp_size_limit(s));
    g_assert_true(smtp_offers_8bit(s));
    send_one(s, me, "small", body, SMTP_SENT);
    send_one(s, nobody, "refused", body, SMTP_REFUSED);
    send_one(s, later, "later", body, SMTP_LATER);
    send_one(s, mixed, "mixed", body, SMTP_SENT);
    OK(smtp_noop(s, &error));
    send_one(s, me, "large", large, SMTP_SENT);
    OK(smtp_reset(s, &error));
    smtp_quit(s);
    g_assert_false(smtp_usable(s));
}

/* ---- POP3 ------------------------------------------------------------------------------------ */

static Pop3 *pop3_session(const char *mechanism)
{
    GError *error = NULL;
    Credentials who = {.user = pop3_at->user, .password = password, .mechanism = mechanism};
    Pop3 *p = pop3_open(pop3_at, &options, &who, NULL, &error);
    g_assert_no_error(error);
    return p;
}

static void empty_mailbox(void)
{
    GError *error = NULL;
    g_autoptr(Pop3) p = pop3_session(NULL);
    g_autoptr(GPtrArray) items = pop3_list(p, &error);
    g_assert_no_error(error);
    for (guint i = 0; i < items->len; i++)
        OK(pop3_delete(p, &((Pop3Item *)g_ptr_array_index(items, i))->number, 1, NULL, &error));
    OK(pop3_quit(p, &error));
}

/* A session that sees `n` messages. */
static Pop3 *wait_for(guint n, const char *mechanism)
{
    gint64 end = g_get_monotonic_time() + ARRIVAL_S * G_TIME_SPAN_SECOND;
    for (;;) {
        GError *error = NULL;
        g_autoptr(Pop3) p = pop3_session(mechanism);
        guint count = 0;
        guint64 octets;
        OK(pop3_stat(p, &count, &octets, &error));
        if (count >= n || g_get_monotonic_time() > end) {
            g_assert_cmpuint(count, ==, n);
            return g_steal_pointer(&p);
        }
        OK(pop3_quit(p, &error));
    }
}

typedef struct {
    GPtrArray *texts; /* of GString */
    guint failed;
} Fetched;

static gboolean fetched_begin(guint number, void *data, GError **err)
{
    g_ptr_array_add(((Fetched *)data)->texts, g_string_new(NULL));
    return TRUE;
}

static gboolean fetched_bytes(const char *bytes, gsize len, void *data, GError **err)
{
    const Fetched *f = data;
    g_string_append_len(g_ptr_array_index(f->texts, f->texts->len - 1), bytes, (gssize)len);
    return TRUE;
}

static gboolean fetched_end(guint number, const GError *failure, void *data, GError **err)
{
    ((Fetched *)data)->failed += failure != NULL;
    return TRUE;
}

static void free_text(gpointer text)
{
    g_string_free(text, TRUE);
}

static void expect_body(const Fetched *f, const char *subject, const char *body)
{
    g_autofree char *wanted = normalized(body), *line = g_strdup_printf("\r\nSubject: %s\r\n", subject);
    for (guint i = 0; i < f->texts->len; i++) {
        const GString *text = g_ptr_array_index(f->texts, i);
        const char *blank = strstr(text->str, "\r\n\r\n");
        if (!strstr(text->str, line))
            continue;
        g_assert_nonnull(blank);
        g_assert_cmpuint(strlen(text->str), ==, text->len);
        g_assert_true(g_str_equal(blank + 4, wanted));
        return;
    }
    g_error("'%s' has not arrived", subject);
}

static void read_all(Pop3 *p, const guint *numbers, guint n)
{
    GError *error = NULL;
    g_autofree char *body = small_body(), *large = large_body();
    Fetched f = {.texts = g_ptr_array_new_with_free_func(free_text)};
    Pop3Sink sink = {fetched_begin, fetched_bytes, fetched_end, &f};
    OK(pop3_retrieve(p, numbers, n, -1, 2 * LARGE, &sink, &error));
    g_assert_cmpuint(f.failed, ==, 0);
    g_assert_cmpuint(f.texts->len, ==, n);
    expect_body(&f, "small", body);
    expect_body(&f, "mixed", body);
    expect_body(&f, "large", large);
    g_ptr_array_set_size(f.texts, 0);
    OK(pop3_retrieve(p, numbers, n, 0, 65536, &sink, &error)); /* TOP: headers alone */
    for (guint i = 0; i < f.texts->len; i++) {
        const GString *text = g_ptr_array_index(f.texts, i);
        g_assert_true(text->len < 4096 && g_str_has_suffix(text->str, "\r\n\r\n"));
    }
    const guint gone[] = {numbers[0], 9999};
    g_ptr_array_set_size(f.texts, 0);
    OK(pop3_retrieve(p, gone, 2, -1, 2 * LARGE, &sink, &error));
    g_assert_cmpuint(f.failed, ==, 1);
    g_ptr_array_unref(f.texts);
}

static void fetch_some(const char *mechanism)
{
    GError *error = NULL;
    guint numbers[3];
    g_autofree char *uidl = NULL;
    {
        g_autoptr(Pop3) p = wait_for(3, mechanism);
        g_test_message("%s", pop3_description(p));
        g_autoptr(GPtrArray) items = pop3_list(p, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(items->len, ==, 3);
        for (guint i = 0; i < 3; i++) {
            const Pop3Item *item = g_ptr_array_index(items, i);
            numbers[i] = item->number;
            g_assert_true(item->uidl && item->size > 1000);
        }
        uidl = g_strdup(((Pop3Item *)g_ptr_array_index(items, 2))->uidl);
        read_all(p, numbers, 3);
        gsize deleted = 0;
        OK(pop3_delete(p, numbers, 2, &deleted, &error));
        OK(pop3_reset(p, &error)); /* not meant */
        OK(pop3_delete(p, numbers, 3, &deleted, &error));
        g_assert_cmpuint(deleted, ==, 3);
    } /* cut without QUIT: nothing is gone */
    g_autoptr(Pop3) again = wait_for(3, mechanism);
    g_autoptr(GPtrArray) items = pop3_list(again, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(((Pop3Item *)g_ptr_array_index(items, 2))->uidl, ==, uidl);
    OK(pop3_delete(again, numbers, 3, NULL, &error));
    OK(pop3_noop(again, &error));
    OK(pop3_quit(again, &error));
    g_autoptr(Pop3) empty = wait_for(0, mechanism);
    g_autoptr(GPtrArray) none = pop3_list(empty, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(none->len, ==, 0);
}

/* ---- both -------------------------------------------------------------------------------------- */

static void test_wrong_password(void)
{
    g_autoptr(Secret) wrong = secret_new("no such password", 16);
    static const char *const mechanisms[] = {NULL, "PLAIN", "LOGIN", "user"};
    for (guint i = 0; i < G_N_ELEMENTS(mechanisms); i++) {
        Credentials who = {.user = pop3_at->user, .password = wrong, .mechanism = mechanisms[i]};
        g_autoptr(GError) incoming = NULL, outgoing = NULL;
        g_assert_null(pop3_open(pop3_at, &options, &who, NULL, &incoming));
        g_test_message("%s", incoming->message);
        g_assert_error(incoming, PINTAIL_ERROR, PINTAIL_ERROR_AUTH);
        g_assert_null(smtp_open(smtp_at, &options, &who, NULL, &outgoing));
        g_test_message("%s", outgoing->message);
        g_assert_nonnull(outgoing);
        gboolean of_pop3 = g_strcmp0(mechanisms[i], "user") == 0; /* not for sending: no password helps */
        g_assert_cmpint(outgoing->code, ==, of_pop3 ? PINTAIL_ERROR_INVALID : PINTAIL_ERROR_AUTH);
    }
}

static void test_mail(void)
{
    static const char *const incoming[] = {NULL, "PLAIN", "user"}, *const outgoing[] = {NULL, "PLAIN", "LOGIN"};
    empty_mailbox();
    for (guint i = 0; i < G_N_ELEMENTS(incoming); i++) {
        send_some(outgoing[i]);
        fetch_some(incoming[i]);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    const char *smtp = g_getenv("PINTAIL_TEST_SMTP"), *pop3 = g_getenv("PINTAIL_TEST_POP3"),
               *secret = g_getenv("PINTAIL_TEST_PASSWORD");
    if (!smtp || !pop3 || !secret)
        g_error("PINTAIL_TEST_SMTP, _POP3 and _PASSWORD name no servers");
    smtp_at = endpoint_parse(smtp, NULL);
    pop3_at = endpoint_parse(pop3, NULL);
    g_assert_true(smtp_at && smtp_at->user && pop3_at && pop3_at->user);
    password = secret_new(secret, strlen(secret));
    options =
        (StreamOptions){.timeout_ms = 10000, .ca_file = g_getenv("PINTAIL_TEST_CA"), .log_name = "live"};
    if (g_getenv("PINTAIL_TEST_LOG"))
        log_open(g_getenv("PINTAIL_TEST_LOG"), NULL);
    g_test_add_func("/mail/live/wrong-password", test_wrong_password);
    g_test_add_func("/mail/live/send-and-fetch", test_mail);
    int result = g_test_run();
    log_close();
    endpoint_free(smtp_at);
    endpoint_free(pop3_at);
    secret_unref(password);
    return result;
}
