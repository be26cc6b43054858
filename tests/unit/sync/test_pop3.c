/* test_pop3.c - the POP3 worker against a server with a state: what it decides, what it leaves on the
 * server, and, with the line cut at every place, that nothing is lost or doubled. */
#include "fake.h"
#include "home.h"
#include "pintail/store/uidl.h"
#include "pop3_download.h"

/* ---- decisions: a test is data ---- */

typedef struct {
    const char *name;
    Pop3KeepKind keep;
    guint days;
    gboolean delete_on_server, no_top;
    guint64 max_size, size;
    gboolean no_uidl;
    const char *known; /* NULL: not; letters: p partial, w wanted, d deleted here */
    gint64 age;        /* days since its download */
    Pop3Action action;
} Decision;

static const Decision decisions[] = {
    {.name = "new", .keep = POP3_KEEP_NEVER, .size = 10, .action = POP3_FETCH},
    {.name = "new, unset", .keep = POP3_KEEP_UNSET, .size = 10, .action = POP3_FETCH},
    {.name = "big", .keep = POP3_KEEP_NEVER, .max_size = 5, .size = 10, .action = POP3_FETCH_HEADER},
    {.name = "big without TOP", .keep = POP3_KEEP_NEVER, .max_size = 5, .size = 10, .no_top = TRUE, .action = POP3_FETCH},
    {.name = "big without UIDL", .keep = POP3_KEEP_NEVER, .max_size = 5, .size = 10, .no_uidl = TRUE, .action = POP3_FETCH},
    {.name = "at the limit", .keep = POP3_KEEP_NEVER, .max_size = 10, .size = 10, .action = POP3_FETCH},
    {.name = "known, never", .keep = POP3_KEEP_NEVER, .known = "", .action = POP3_DELETE},
    {.name = "known, forever", .keep = POP3_KEEP_FOREVER, .known = "", .action = POP3_SKIP},
    {.name = "known, unset", .keep = POP3_KEEP_UNSET, .known = "", .action = POP3_SKIP},
    {.name = "days, too young", .keep = POP3_KEEP_DAYS, .days = 14, .known = "", .age = 13, .action = POP3_SKIP},
    {.name = "days, old enough", .keep = POP3_KEEP_DAYS, .days = 14, .known = "", .age = 14, .action = POP3_DELETE},
    {.name = "header only stays", .keep = POP3_KEEP_NEVER, .known = "p", .action = POP3_SKIP},
    {.name = "header only, wanted", .keep = POP3_KEEP_NEVER, .known = "pw", .action = POP3_FETCH},
    {.name = "header only, wanted, unset", .keep = POP3_KEEP_UNSET, .known = "pw", .action = POP3_FETCH},
    {.name = "header only, days", .keep = POP3_KEEP_DAYS, .days = 1, .known = "p", .age = 9, .action = POP3_SKIP},
    {.name = "deleted here", .keep = POP3_KEEP_FOREVER, .known = "d", .action = POP3_SKIP},
    {.name = "deleted here and there", .keep = POP3_KEEP_FOREVER, .delete_on_server = TRUE, .known = "d", .action = POP3_DELETE},
    {.name = "deleted here, never", .keep = POP3_KEEP_NEVER, .known = "d", .action = POP3_DELETE},
    {.name = "deleted here, unset", .keep = POP3_KEEP_UNSET, .delete_on_server = TRUE, .known = "d", .action = POP3_SKIP},
};

static void test_decision(gconstpointer data)
{
    const Decision *d = data;
    gint64 now = 1795000000;
    Pop3Rules rules = {.keep = d->keep, .keep_days = d->days, .delete_on_server = d->delete_on_server,
                       .max_size = d->max_size, .top = !d->no_top, .now = now};
    Uidl known = {.downloaded = now - d->age * 86400};
    if (d->known) {
        known.partial = strchr(d->known, 'p') != NULL;
        known.wanted = strchr(d->known, 'w') != NULL;
        known.purge = strchr(d->known, 'd') != NULL;
    }
    g_assert_cmpint(pop3_decide(&rules, d->size, !d->no_uidl, d->known ? &known : NULL), ==, d->action);
}

/* ---- a server ---- */

typedef struct {
    GPtrArray *mails; /* of char *, lines ending in CRLF; NULL: deleted */
    GPtrArray *uidls;
    gboolean no_uidl, no_capa, same_uidl;
    guint retrs, deles;
} Box;

typedef struct {
    gboolean *deleted;
    guint count; /* of messages when the session began */
} Pop3State;

static void pop3_greet(FakeClient *c)
{
    Box *b = c->fake->data;
    Pop3State *s = g_new0(Pop3State, 1);
    s->count = b->mails->len;
    s->deleted = g_new0(gboolean, s->count + 1);
    c->state = s;
    fake_send(c, "+OK ready");
}

static void pop3_leave(FakeClient *c)
{
    Pop3State *s = c->state;
    g_free(s->deleted);
    g_free(s);
}

static const char *uidl_of(const Box *b, guint n)
{
    return b->same_uidl ? "same" : b->uidls->pdata[n];
}

static void pop3_list_reply(FakeClient *c, gboolean uidl)
{
    Box *b = c->fake->data;
    const Pop3State *s = c->state;
    fake_send(c, "+OK");
    for (guint n = 0; n < s->count; n++) {
        if (s->deleted[n])
            continue;
        if (uidl)
            fake_send(c, "%u %s", n + 1, uidl_of(b, n));
        else
            fake_send(c, "%u %zu", n + 1, strlen(b->mails->pdata[n]));
    }
    fake_send(c, ".");
}

static void pop3_content(FakeClient *c, guint n, gboolean header_only)
{
    Box *b = c->fake->data;
    g_auto(GStrv) lines = g_strsplit(b->mails->pdata[n], "\r\n", -1);
    fake_send(c, "+OK");
    for (guint i = 0; lines[i] && (lines[i + 1] || *lines[i]); i++) {
        fake_send(c, "%s%s", lines[i][0] == '.' ? "." : "", lines[i]);
        if (header_only && !*lines[i])
            break;
    }
    fake_send(c, ".");
}

static void pop3_update(FakeClient *c)
{
    Box *b = c->fake->data;
    const Pop3State *s = c->state;
    for (guint n = s->count; n > 0; n--) {
        if (s->deleted[n - 1]) {
            g_ptr_array_remove_index(b->mails, n - 1);
            g_ptr_array_remove_index(b->uidls, n - 1);
        }
    }
}

static void pop3_line(FakeClient *c, const char *line)
{
    Box *b = c->fake->data;
    Pop3State *s = c->state;
    const char *argument = strchr(line, ' ');
    guint n = argument ? (guint)g_ascii_strtoull(argument + 1, NULL, 10) : 0;
    gboolean named = n >= 1 && n <= s->count && !s->deleted[n - 1];
    if (fake_word(line, "CAPA") && !b->no_capa) {
        static const char *const capabilities[] = {"TOP", "UIDL", "USER", "RESP-CODES", "PIPELINING"};
        fake_send(c, "+OK");
        for (guint i = 0; i < G_N_ELEMENTS(capabilities); i++)
            if (!(b->no_uidl && i == 1))
                fake_send(c, "%s", capabilities[i]);
        fake_send(c, ".");
    } else if (fake_word(line, "USER") || fake_word(line, "PASS") || fake_word(line, "NOOP")) {
        fake_send(c, "+OK");
    } else if (fake_word(line, "STAT")) {
        fake_send(c, "+OK %u 0", s->count);
    } else if (fake_word(line, "LIST")) {
        pop3_list_reply(c, FALSE);
    } else if (fake_word(line, "UIDL") && !b->no_uidl) {
        pop3_list_reply(c, TRUE);
    } else if ((fake_word(line, "RETR") || fake_word(line, "TOP")) && named) {
        b->retrs += fake_word(line, "RETR");
        pop3_content(c, n - 1, fake_word(line, "TOP"));
    } else if (fake_word(line, "DELE") && named) {
        s->deleted[n - 1] = TRUE;
        b->deles++;
        fake_send(c, "+OK");
    } else if (fake_word(line, "QUIT")) {
        pop3_update(c);
        fake_send(c, "+OK");
        c->open = FALSE;
    } else {
        fake_send(c, "-ERR what?");
    }
}

static const FakeServe pop3_serve = {pop3_greet, pop3_line, pop3_leave};

static void add_mail(Box *b, const char *subject, guint lines)
{
    static guint number;
    GString *m = g_string_new(NULL);
    g_string_append_printf(m,
                           "From: Bea <bea@example.org>\r\nSubject: %s\r\nMessage-ID: <%s@example.org>\r\n"
                           "Date: Thu, 19 Nov 2026 10:00:00 +0000\r\n\r\n",
                           subject, subject);
    for (guint n = 0; n < lines; n++)
        g_string_append(m, n % 2 ? "a line of text\r\n" : ".a line with a dot\r\n");
    g_ptr_array_add(b->mails, g_string_free(m, FALSE));
    g_ptr_array_add(b->uidls, g_strdup_printf("uid%u", ++number));
}

static Box *box_new(const char *const *subjects)
{
    Box *b = g_new0(Box, 1);
    b->mails = g_ptr_array_new_with_free_func(g_free);
    b->uidls = g_ptr_array_new_with_free_func(g_free);
    for (guint n = 0; subjects[n]; n++)
        add_mail(b, subjects[n], 3);
    return b;
}

static void box_free(Box *b)
{
    g_ptr_array_unref(b->mails);
    g_ptr_array_unref(b->uidls);
    g_free(b);
}

static const char *const three[] = {"one", "three", "two", NULL};

static Home *pop3_home(const Fake *f, const char *settings)
{
    g_autofree char *rc = g_strdup_printf("account pop\n    address Ana <ana@example.org>\n"
                                          "    pop3 pop3://ana@127.0.0.1:%u\n    password secret\n"
                                          "    tls off\n    timeout 10s\n%s",
                                          f->port, settings);
    Home *h = home_new(rc);
    h->settle = fake_settle;
    h->settle_data = (gpointer)f;
    return h;
}

static void assert_inbox(Home *h, const char *subjects)
{
    g_autofree char *got = home_subjects(h, home_folder(h, "INBOX"));
    if (!g_str_equal(got, subjects))
        home_dump(h);
    g_assert_cmpstr(got, ==, subjects);
}

/* ---- what is left where ---- */

static void test_never(void)
{
    Box *b = box_new(three);
    Fake *f = fake_new(&pop3_serve, b);
    Home *h = pop3_home(f, "    pop3-keep never\n");
    home_run_once(h, 0, 1);
    assert_inbox(h, "one,three,two");
    g_assert_cmpuint(b->mails->len, ==, 0);
    g_assert_cmpuint(b->retrs, ==, 3);
    home_run_once(h, 0, 1);
    g_assert_cmpuint(b->retrs, ==, 3);
    g_autoptr(GHashTable) known = uidls_load(h->store, h->id, NULL);
    g_assert_cmpuint(g_hash_table_size(known), ==, 0);
    home_free(h);
    fake_free(f);
    box_free(b);
}

static void test_forever(void)
{
    Box *b = box_new(three);
    Fake *f = fake_new(&pop3_serve, b);
    Home *h = pop3_home(f, "    pop3-keep forever\n");
    home_run_once(h, 0, 1);
    home_run_once(h, 0, 1);
    assert_inbox(h, "one,three,two");
    g_assert_cmpuint(b->mails->len, ==, 3);
    g_assert_cmpuint(b->retrs, ==, 3);
    g_assert_cmpuint(b->deles, ==, 0);
    g_assert_null(home_last(h, EVENT_QUESTION));
    home_free(h);
    fake_free(f);
    box_free(b);
}

/* Nothing is deleted before the person has answered; the answer is kept. */
static void test_unset_asks(void)
{
    Box *b = box_new(three);
    Fake *f = fake_new(&pop3_serve, b);
    Home *h = pop3_home(f, "");
    home_run_once(h, 0, 1);
    assert_inbox(h, "one,three,two");
    Event *q = home_last(h, EVENT_QUESTION);
    g_assert_nonnull(q);
    g_assert_cmpint(q->question_kind, ==, QUESTION_POP3_KEEP);
    g_assert_cmpuint(b->deles, ==, 0);

    g_autoptr(Engine) e = home_engine(h, 0);
    q = home_wait(h, EVENT_QUESTION);
    Request *yes = request_new(REQUEST_ANSWER, h->id);
    yes->question = q->question;
    yes->answer = ANSWER_YES;
    g_assert_true(bus_request(h->bus, LANE_SYNC, yes));
    /* The answer brings a session at once: its end shows as the account going online twice. */
    gint64 end = g_get_monotonic_time() + HOME_PATIENCE;
    for (gboolean empty = FALSE; !empty;) {
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        home_wait(h, EVENT_ACCOUNT);
        pthread_mutex_lock(&f->lock);
        empty = b->deles == 3;
        pthread_mutex_unlock(&f->lock);
        if (!empty)
            bus_request(h->bus, LANE_SYNC, request_new(REQUEST_SYNC, h->id));
    }
    home_stop(h, e);
    home_run_once(h, 0, 1);
    g_assert_cmpuint(b->mails->len, ==, 0);
    assert_inbox(h, "one,three,two");
    home_free(h);
    fake_free(f);
    box_free(b);
}

static void test_without_uidl(gconstpointer keep)
{
    Box *b = box_new(three);
    b->no_uidl = b->no_capa = TRUE;
    Fake *f = fake_new(&pop3_serve, b);
    g_autofree char *settings = g_strdup_printf("    pop3-keep %s\n", (const char *)keep);
    Home *h = pop3_home(f, settings);
    home_run_once(h, 0, 1);
    home_run_once(h, 0, 1);
    assert_inbox(h, "one,three,two");
    g_assert_cmpuint(b->mails->len, ==, g_str_equal(keep, "never") ? 0 : 3);
    home_free(h);
    fake_free(f);
    box_free(b);
}

/* A server that gives one UIDL to all: they are told apart by content. */
static void test_same_uidl(void)
{
    Box *b = box_new(three);
    b->same_uidl = TRUE;
    Fake *f = fake_new(&pop3_serve, b);
    Home *h = pop3_home(f, "    pop3-keep never\n");
    home_run_once(h, 0, 1);
    assert_inbox(h, "one,three,two");
    g_assert_cmpuint(b->mails->len, ==, 0);
    home_free(h);
    fake_free(f);
    box_free(b);
}

static void test_big(void)
{
    static const char *const one[] = {"small", NULL};
    Box *b = box_new(one);
    add_mail(b, "tall", 200);
    Fake *f = fake_new(&pop3_serve, b);
    Home *h = pop3_home(f, "    pop3-keep never\n    pop3-max-size 1000\n");
    home_run_once(h, 0, 1);
    assert_inbox(h, "small,tall");
    g_assert_cmpuint(b->retrs, ==, 1);
    g_assert_cmpuint(b->mails->len, ==, 1); /* what is not here whole stays there */

    gint64 folder = 0, message = 0;
    guint32 uid = 0, uidvalidity = 0;
    gint64 p = home_placement(h, home_folder(h, "INBOX"), "tall");
    g_assert_true(placement_locate(h->store, p, &folder, &uid, &uidvalidity, &message));
    g_autoptr(Engine) e = home_engine(h, 0);
    Request *r = request_new(REQUEST_BODY, h->id);
    r->message_id = message;
    r->section = g_strdup("");
    g_assert_true(bus_request(h->bus, LANE_SYNC, r));
    Event *body = home_wait(h, EVENT_BODY);
    g_assert_cmpstr(body->text, ==, "");
    g_assert_true(body->ok);
    home_stop(h, e);
    g_assert_cmpuint(b->mails->len, ==, 0);
    assert_inbox(h, "small,tall");
    g_autoptr(GBytes) whole = body_get(h->store, message, "", NULL);
    g_assert_nonnull(whole);
    g_assert_cmpuint(g_bytes_get_size(whole), >, 3000);
    home_free(h);
    fake_free(f);
    box_free(b);
}

static void test_read_only(void)
{
    Box *b = box_new(three);
    Fake *f = fake_new(&pop3_serve, b);
    Home *h = pop3_home(f, "    pop3-keep never\n");
    home_run_once(h, ENGINE_READ_ONLY, 1);
    g_assert_cmpuint(f->connections, ==, 0);
    home_free(h);
    fake_free(f);
    box_free(b);
}

/* ---- the line is cut ---- */

/* Every message is on the server or here, and never twice here. */
static void assert_nothing_lost(Home *h, const Box *b)
{
    g_autofree char *here = home_subjects(h, home_folder(h, "INBOX"));
    for (guint n = 0; three[n]; n++) {
        gboolean local = FALSE, remote = FALSE;
        g_auto(GStrv) subjects = g_strsplit(here, ",", -1);
        for (guint i = 0; subjects[i]; i++) {
            gboolean it = g_str_equal(subjects[i], three[n]);
            g_assert_false(local && it);
            local = local || it;
        }
        g_autofree char *line = g_strdup_printf("Subject: %s\r\n", three[n]);
        for (guint i = 0; i < b->mails->len; i++)
            remote = remote || strstr(b->mails->pdata[i], line);
        g_assert_true(local || remote);
    }
}

static gboolean sweep_one(guint cut, gboolean no_uidl)
{
    Box *b = box_new(three);
    b->no_uidl = no_uidl;
    Fake *f = fake_new(&pop3_serve, b);
    f->cut = cut;
    Home *h = pop3_home(f, "    pop3-keep never\n");
    home_run_once(h, 0, 1);
    gboolean was_cut = f->was_cut;
    assert_nothing_lost(h, b);
    home_run_once(h, 0, 1);
    assert_nothing_lost(h, b);
    assert_inbox(h, "one,three,two");
    g_assert_cmpuint(b->mails->len, ==, 0);
    home_free(h);
    fake_free(f);
    box_free(b);
    return was_cut;
}

static void test_cut_everywhere(gconstpointer no_uidl)
{
    guint cut = 1;
    while (sweep_one(cut, no_uidl != NULL))
        cut++;
    g_assert_cmpuint(cut, >, 40);
    g_test_message("%u places", cut - 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint n = 0; n < G_N_ELEMENTS(decisions); n++) {
        g_autofree char *path = g_strdup_printf("/pop3/decide/%s", decisions[n].name);
        g_test_add_data_func(path, &decisions[n], test_decision);
    }
    g_test_add_func("/pop3/never", test_never);
    g_test_add_func("/pop3/forever", test_forever);
    g_test_add_func("/pop3/unset asks", test_unset_asks);
    g_test_add_data_func("/pop3/without UIDL, never", "never", test_without_uidl);
    g_test_add_data_func("/pop3/without UIDL, forever", "forever", test_without_uidl);
    g_test_add_func("/pop3/same UIDL", test_same_uidl);
    g_test_add_func("/pop3/big", test_big);
    g_test_add_func("/pop3/read only", test_read_only);
    g_test_add_data_func("/pop3/cut everywhere", NULL, test_cut_everywhere);
    g_test_add_data_func("/pop3/cut everywhere without UIDL", "", test_cut_everywhere);
    return g_test_run();
}
