/* test_send.c - the send lane against a server with a state: verdicts, recipients one by one, and,
 * with the line cut at every place, that a message is never sent twice unasked and never lost. */
#include "fake.h"
#include "home.h"
#include "send.h"

/* ---- verdicts: a test is data ---- */

typedef struct {
    const char *name;
    SmtpOutcome outcome;
    const char *recipients; /* a accepted, l later, r refused, u untried, ? unknown */
    guint attempts;
    OutboxState state;
    gint64 pause;
    const char *after; /* w waiting, a accepted, r refused */
} Verdict;

static const Verdict verdicts[] = {
    {"all accepted", SMTP_SENT, "aa", 0, OUTBOX_SENT, 0, "aa"},
    {"one refused", SMTP_SENT, "ar", 0, OUTBOX_REFUSED, 0, "ar"},
    {"one later", SMTP_SENT, "al", 0, OUTBOX_QUEUED, 60, "aw"},
    {"one of each", SMTP_SENT, "alr", 1, OUTBOX_QUEUED, 300, "awr"},
    {"refused", SMTP_REFUSED, "rr", 0, OUTBOX_REFUSED, 0, "rr"},
    {"later", SMTP_LATER, "ll", 3, OUTBOX_QUEUED, 1800, "ww"},
    {"later for long", SMTP_LATER, "l", 99, OUTBOX_QUEUED, 14400, "w"},
    {"not sent", SMTP_NOT_SENT, "uu", 0, OUTBOX_QUEUED, 60, "ww"},
    {"maybe sent", SMTP_UNKNOWN, "??", 0, OUTBOX_UNKNOWN, 0, "ww"},
};

static SmtpRecipientState state_of(char letter)
{
    switch (letter) {
    case 'a':
        return SMTP_RECIPIENT_ACCEPTED;
    case 'l':
        return SMTP_RECIPIENT_LATER;
    case 'r':
        return SMTP_RECIPIENT_REFUSED;
    case 'u':
        return SMTP_RECIPIENT_UNTRIED;
    default:
        return SMTP_RECIPIENT_UNKNOWN;
    }
}

static OutboxEntry *entry_new(guint recipients)
{
    OutboxEntry *e = g_new0(OutboxEntry, 1);
    e->from = g_strdup("ana@example.org");
    e->subject = g_strdup("hello");
    e->message_id = g_strdup("hello@example.org");
    e->recipients = g_ptr_array_new_with_free_func((GDestroyNotify)recipient_free);
    for (guint n = 0; n < recipients; n++) {
        Recipient *r = g_new0(Recipient, 1);
        r->address = g_strdup_printf("to%u@example.com", n);
        r->words = g_strdup("");
        g_ptr_array_add(e->recipients, r);
    }
    return e;
}

static void test_verdict(gconstpointer data)
{
    const Verdict *v = data;
    guint n = (guint)strlen(v->recipients);
    g_autoptr(OutboxEntry) e = entry_new(n);
    e->attempts = v->attempts;
    SmtpRecipient recipients[4] = {0};
    SmtpResult result = {.outcome = v->outcome, .recipients = g_ptr_array_new()};
    for (guint i = 0; i < n; i++) {
        recipients[i] = (SmtpRecipient){.address = ((Recipient *)e->recipients->pdata[i])->address,
                                        .state = state_of(v->recipients[i]), .words = (char *)"words"};
        g_ptr_array_add(result.recipients, &recipients[i]);
    }
    g_autoptr(GError) failure = NULL;
    if (v->outcome != SMTP_SENT)
        error_set(&failure, PINTAIL_ERROR_RETRY, "reason");
    SendVerdict got = send_judge(e, &result, failure);
    g_assert_cmpint(got.state, ==, v->state);
    g_assert_cmpint(got.pause, ==, v->pause);
    for (guint i = 0; i < n; i++)
        g_assert_cmpint("war"[((Recipient *)e->recipients->pdata[i])->state], ==, v->after[i]);
    g_free(got.words);
    g_ptr_array_unref(result.recipients);
}

/* ---- a server ---- */

typedef struct {
    GPtrArray *accepted;      /* of char *: "to0,to1|content" */
    GString *envelope;        /* MAIL and RCPT lines as they came */
    const char *refuse, *later; /* local parts; NULL */
} Post;

typedef struct {
    GString *recipients, *content;
    gboolean in_data, logged_in;
} SmtpState;

static void smtp_greet(FakeClient *c)
{
    SmtpState *s = g_new0(SmtpState, 1);
    s->recipients = g_string_new(NULL);
    s->content = g_string_new(NULL);
    c->state = s;
    fake_send(c, "220 mail.example.org ready");
}

static void smtp_leave(FakeClient *c)
{
    SmtpState *s = c->state;
    g_string_free(s->recipients, TRUE);
    g_string_free(s->content, TRUE);
    g_free(s);
}

static void smtp_data_line(FakeClient *c, const char *line)
{
    SmtpState *s = c->state;
    Post *p = c->fake->data;
    if (!g_str_equal(line, ".")) {
        g_string_append_printf(s->content, "%s\r\n", line[0] == '.' ? line + 1 : line);
        return;
    }
    s->in_data = FALSE;
    g_ptr_array_add(p->accepted, g_strdup_printf("%s|%s", s->recipients->str, s->content->str));
    fake_send(c, "250 2.0.0 queued as 4XYZ");
}

static void smtp_recipient(FakeClient *c, const char *line)
{
    SmtpState *s = c->state;
    Post *p = c->fake->data;
    g_string_append_printf(p->envelope, "%s\n", line);
    const char *open = strchr(line, '<');
    g_autofree char *local = open ? g_strndup(open + 1, strcspn(open + 1, "@>")) : g_strdup("");
    if (g_strcmp0(local, p->refuse) == 0) {
        fake_send(c, "550 5.1.1 no such user");
    } else if (g_strcmp0(local, p->later) == 0) {
        fake_send(c, "450 4.2.1 mailbox busy");
    } else {
        g_string_append_printf(s->recipients, "%s%s", s->recipients->len ? "," : "", local);
        fake_send(c, "250 2.1.5 ok");
    }
}

static void smtp_line(FakeClient *c, const char *line)
{
    SmtpState *s = c->state;
    if (s->in_data) {
        smtp_data_line(c, line);
    } else if (fake_word(line, "EHLO")) {
        fake_send(c, "250-mail.example.org");
        fake_send(c, "250-SIZE 1000000");
        fake_send(c, "250-AUTH PLAIN");
        fake_send(c, "250-DSN");
        fake_send(c, "250 ENHANCEDSTATUSCODES");
    } else if (fake_word(line, "AUTH")) {
        s->logged_in = g_str_has_suffix(line, "AGFuYQBzZWNyZXQ="); /* \0ana\0secret */
        fake_send(c, "%s", s->logged_in ? "235 2.7.0 ok" : "535 5.7.8 wrong password");
    } else if (!s->logged_in) {
        fake_send(c, "530 5.7.0 log in first");
    } else if (g_ascii_strncasecmp(line, "MAIL", 4) == 0 || fake_word(line, "RSET")) {
        g_string_truncate(s->recipients, 0);
        g_string_truncate(s->content, 0);
        g_string_append_printf(((Post *)c->fake->data)->envelope, "%s\n", line);
        fake_send(c, "250 2.1.0 ok");
    } else if (g_ascii_strncasecmp(line, "RCPT", 4) == 0) {
        smtp_recipient(c, line);
    } else if (fake_word(line, "DATA")) {
        s->in_data = s->recipients->len > 0;
        fake_send(c, "%s", s->in_data ? "354 go on" : "554 5.5.1 no valid recipients");
    } else if (fake_word(line, "QUIT")) {
        fake_send(c, "221 2.0.0 bye");
        c->open = FALSE;
    } else {
        fake_send(c, "250 2.0.0 ok");
    }
}

static const FakeServe smtp_serve = {smtp_greet, smtp_line, smtp_leave};

static Post *post_new(void)
{
    Post *p = g_new0(Post, 1);
    p->accepted = g_ptr_array_new_with_free_func(g_free);
    p->envelope = g_string_new(NULL);
    return p;
}

static void post_free(Post *p)
{
    g_ptr_array_unref(p->accepted);
    g_string_free(p->envelope, TRUE);
    g_free(p);
}

static Home *send_home(const Fake *f, const char *password)
{
    g_autofree char *rc = g_strdup_printf("account out\n    address Ana <ana@example.org>\n"
                                          "    smtp smtp://ana@127.0.0.1:%u\n    %s\n    tls off\n    timeout 10s\n",
                                          f->port, password);
    Home *h = home_new(rc);
    h->settle = fake_settle;
    h->settle_data = (gpointer)f;
    return h;
}

static gint64 queue(Home *h, guint recipients)
{
    static const char message[] = "From: ana@example.org\r\nSubject: hello\r\nMessage-ID: <hello@example.org>\r\n\r\n"
                                  "Hello.\r\n.dot\r\n";
    g_autoptr(OutboxEntry) e = entry_new(recipients);
    g_autoptr(Folder) sent = folder_by_role(h->store, h->id, ROLE_SENT);
    g_autoptr(GError) err = NULL;
    e->account = h->id;
    e->sent_folder = sent->id;
    gint64 id = outbox_add(h->store, e, message, strlen(message), &err);
    g_assert_no_error(err);
    return id;
}

static void run(Home *h)
{
    home_run_once(h, ENGINE_SEND_ONLY, 1);
}

/* ---- */

static void test_sends(void)
{
    Post *p = post_new();
    Fake *f = fake_new(&smtp_serve, p);
    Home *h = send_home(f, "password secret");
    queue(h, 2);
    run(h);
    g_assert_cmpuint(p->accepted->len, ==, 1);
    g_assert_true(g_str_has_prefix(p->accepted->pdata[0], "to0,to1|From: ana@example.org\r\n"));
    g_assert_true(g_str_has_suffix(p->accepted->pdata[0], "Hello.\r\n.dot\r\n"));
    g_assert_cmpuint(outbox_count(h->store), ==, 0);
    g_assert_cmpstr(home_last(h, EVENT_OUTBOX)->text, ==, "Sent to to0@example.com and 1 other via 127.0.0.1");
    g_autofree char *copies = home_subjects(h, home_folder(h, "Sent"));
    g_assert_cmpstr(copies, ==, "hello");
    run(h);
    g_assert_cmpuint(p->accepted->len, ==, 1);
    home_free(h);
    fake_free(f);
    post_free(p);
}

static void test_each_recipient(void)
{
    Post *p = post_new();
    Fake *f = fake_new(&smtp_serve, p);
    Home *h = send_home(f, "password secret");
    p->refuse = "to0";
    p->later = "to2";
    gint64 id = queue(h, 3);
    run(h);
    g_assert_cmpuint(p->accepted->len, ==, 1);
    g_assert_true(g_str_has_prefix(p->accepted->pdata[0], "to1|"));
    g_autoptr(OutboxEntry) e = outbox_get(h->store, id, NULL);
    g_assert_nonnull(e);
    g_assert_cmpint(e->state, ==, OUTBOX_QUEUED);
    g_assert_cmpint(e->not_before, >, 0);
    g_assert_cmpint(((Recipient *)e->recipients->pdata[0])->state, ==, RECIPIENT_REFUSED);
    g_assert_cmpint(((Recipient *)e->recipients->pdata[1])->state, ==, RECIPIENT_ACCEPTED);
    g_assert_cmpint(((Recipient *)e->recipients->pdata[2])->state, ==, RECIPIENT_WAITING);

    /* Later only to whom it is due, and then what was refused is what is left. */
    p->later = NULL;
    g_assert_true(g_setenv("PINTAIL_NOW", "1900000000", TRUE));
    run(h);
    g_unsetenv("PINTAIL_NOW");
    g_assert_cmpuint(p->accepted->len, ==, 2);
    g_assert_true(g_str_has_prefix(p->accepted->pdata[1], "to2|"));
    g_autoptr(OutboxEntry) left = outbox_get(h->store, id, NULL);
    g_assert_cmpint(left->state, ==, OUTBOX_REFUSED);
    g_assert_nonnull(strstr(left->words, "no such user"));
    g_assert_cmpstr(home_last(h, EVENT_OUTBOX)->text, ==,
                    "Not sent to to0@example.com: there is no such mailbox (5.1.1 no such user)");
    g_assert_null(strstr(p->envelope->str, "NOTIFY"));
    g_autofree char *copies = home_subjects(h, home_folder(h, "Sent"));
    g_assert_cmpstr(copies, ==, "hello");
    home_free(h);
    fake_free(f);
    post_free(p);
}

/* Reports are asked for under the message's own name; what the server said last is kept. */
static void test_delivery_reports(void)
{
    Post *p = post_new();
    Fake *f = fake_new(&smtp_serve, p);
    Home *h = send_home(f, "password secret");
    g_autoptr(OutboxEntry) e = entry_new(1);
    e->account = h->id;
    e->notify = OUTBOX_NOTIFY_SUCCESS | OUTBOX_NOTIFY_FAILURE;
    g_assert_cmpint(outbox_add(h->store, e, "Subject: hello\r\n\r\nx\r\n", 21, NULL), >, 0);
    run(h);
    g_assert_cmpuint(p->accepted->len, ==, 1);
    g_assert_nonnull(strstr(p->envelope->str, " RET=HDRS ENVID=hello@example.org\n"));
    g_assert_nonnull(strstr(p->envelope->str, "RCPT TO:<to0@example.com> NOTIFY=SUCCESS,FAILURE "
                                              "ORCPT=rfc822;to0@example.com\n"));
    g_autoptr(OutboxEntry) done = outbox_sent_as(h->store, "hello@example.org", NULL);
    g_assert_nonnull(done);
    g_assert_cmpstr(done->words, ==, "2.0.0 queued as 4XYZ");
    g_assert_cmpstr(done->via, ==, "127.0.0.1");
    home_free(h);
    fake_free(f);
    post_free(p);
}

/* The server's words come back in the question; the new password is used at once, and remembered. */
static void test_wrong_password(void)
{
    Post *p = post_new();
    Fake *f = fake_new(&smtp_serve, p);
    Home *h = send_home(f, "password nonsense");
    queue(h, 1);
    g_autoptr(Engine) e = home_engine(h, ENGINE_SEND_ONLY | ENGINE_ONCE);
    Event *q = home_wait(h, EVENT_QUESTION);
    g_assert_cmpint(q->question_kind, ==, QUESTION_PASSWORD);
    g_autofree char *place = g_strdup_printf("127.0.0.1:%u", f->port);
    g_test_message("%s", q->text);
    g_assert_nonnull(strstr(q->text, place));
    g_assert_nonnull(strstr(q->text, "wrong password"));
    Request *r = request_new(REQUEST_ANSWER, h->id);
    r->question = q->question;
    r->answer = ANSWER_PASSWORD;
    r->secret = secret_new("secret", 6);
    g_assert_true(bus_request(h->bus, LANE_SEND, r));
    home_wait(h, EVENT_IDLE);
    home_stop(h, e);
    g_assert_cmpuint(p->accepted->len, ==, 1);
    home_free(h);
    fake_free(f);
    post_free(p);
}

/* Without an answer nothing is tried again, and the message is kept. */
static void test_no_password(void)
{
    Post *p = post_new();
    Fake *f = fake_new(&smtp_serve, p);
    Home *h = send_home(f, "password nonsense");
    gint64 id = queue(h, 1);
    g_autoptr(Engine) e = home_engine(h, ENGINE_SEND_ONLY | ENGINE_ONCE);
    Event *q = home_wait(h, EVENT_QUESTION);
    Request *r = request_new(REQUEST_ANSWER, h->id);
    r->question = q->question;
    r->answer = ANSWER_CANCEL;
    g_assert_true(bus_request(h->bus, LANE_SEND, r));
    home_wait(h, EVENT_IDLE);
    home_stop(h, e);
    g_assert_cmpuint(f->connections, ==, 1);
    g_autoptr(OutboxEntry) kept = outbox_get(h->store, id, NULL);
    g_assert_cmpint(kept->state, ==, OUTBOX_QUEUED);
    g_test_message("%s", kept->words);
    g_assert_nonnull(strstr(kept->words, "wrong password"));
    home_free(h);
    fake_free(f);
    post_free(p);
}

/* "maybe sent" asks; yes sends it again, once. */
static void test_maybe_sent(void)
{
    Post *p = post_new();
    Fake *f = fake_new(&smtp_serve, p);
    Home *h = send_home(f, "password secret");
    gint64 id = queue(h, 1);
    f->cut = 11; /* greeting, 5 of EHLO, AUTH, MAIL, RCPT, DATA, the final answer */
    g_autoptr(Engine) e = home_engine(h, ENGINE_SEND_ONLY);
    Event *q = home_wait(h, EVENT_QUESTION);
    g_assert_cmpint(q->question_kind, ==, QUESTION_MAYBE_SENT);
    g_assert_cmpint(q->outbox_id, ==, id);
    g_autoptr(OutboxEntry) kept = outbox_get(h->store, id, NULL);
    g_assert_cmpint(kept->state, ==, OUTBOX_UNKNOWN);
    Request *r = request_new(REQUEST_ANSWER, h->id);
    r->question = q->question;
    r->answer = ANSWER_YES;
    g_assert_true(bus_request(h->bus, LANE_SEND, r));
    gint64 end = g_get_monotonic_time() + HOME_PATIENCE;
    while (outbox_count(h->store) > 0) {
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        home_wait(h, EVENT_OUTBOX);
    }
    home_stop(h, e);
    g_assert_cmpuint(p->accepted->len, ==, 2);
    home_free(h);
    fake_free(f);
    post_free(p);
}

/* ---- the line is cut ---- */

static gboolean sweep_one(guint cut)
{
    Post *p = post_new();
    Fake *f = fake_new(&smtp_serve, p);
    Home *h = send_home(f, "password secret");
    gint64 id = queue(h, 2);
    f->cut = cut;
    run(h);
    gboolean was_cut = f->was_cut;
    g_autoptr(OutboxEntry) e = outbox_get(h->store, id, NULL);
    OutboxState state = e ? e->state : OUTBOX_SENT;
    if (state == OUTBOX_QUEUED) /* nobody has it */
        g_assert_cmpuint(p->accepted->len, ==, 0);
    else if (state == OUTBOX_UNKNOWN)
        g_assert_cmpint(home_last(h, EVENT_QUESTION)->question_kind, ==, QUESTION_MAYBE_SENT);
    else
        g_assert_cmpint(state, ==, OUTBOX_SENT);

    g_assert_true(g_setenv("PINTAIL_NOW", "1900000000", TRUE));
    run(h);
    g_unsetenv("PINTAIL_NOW");
    g_autoptr(OutboxEntry) after = outbox_get(h->store, id, NULL);
    g_assert_cmpint(after ? after->state : OUTBOX_SENT, ==, state == OUTBOX_UNKNOWN ? OUTBOX_UNKNOWN : OUTBOX_SENT);
    g_assert_cmpuint(p->accepted->len, <=, 1);
    if (state != OUTBOX_UNKNOWN)
        g_assert_cmpuint(p->accepted->len, ==, 1);
    home_free(h);
    fake_free(f);
    post_free(p);
    return was_cut;
}

static void test_cut_everywhere(void)
{
    guint cut = 1;
    while (sweep_one(cut))
        cut++;
    g_assert_cmpuint(cut, >, 10);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint n = 0; n < G_N_ELEMENTS(verdicts); n++) {
        g_autofree char *path = g_strdup_printf("/send/verdict/%s", verdicts[n].name);
        g_test_add_data_func(path, &verdicts[n], test_verdict);
    }
    g_test_add_func("/send/sends", test_sends);
    g_test_add_func("/send/each recipient", test_each_recipient);
    g_test_add_func("/send/delivery reports", test_delivery_reports);
    g_test_add_func("/send/wrong password", test_wrong_password);
    g_test_add_func("/send/no password", test_no_password);
    g_test_add_func("/send/maybe sent", test_maybe_sent);
    g_test_add_func("/send/cut everywhere", test_cut_everywhere);
    return g_test_run();
}
