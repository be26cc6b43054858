/* test_search.c - the pattern language, and that the index changes nothing but the time. */
#include "fixture.h"
#include "index_text.h"
#include "private.h"
#include "search_pattern.h"
#include "search_value.h"
#include "pintail/util/date.h"

#define NOW G_GINT64_CONSTANT(1795089600) /* 2026-11-19 12:00 UTC */

static void describe_node(GString *text, const Node *n, gboolean top)
{
    static const char *const names[] = {
        [TERM_ALL] = "all",         [TERM_WORD] = "word",
        [TERM_FROM] = "from",       [TERM_TO] = "to",
        [TERM_CC] = "cc",           [TERM_TO_OR_CC] = "tocc",
        [TERM_ANYONE] = "anyone",   [TERM_SUBJECT] = "subject",
        [TERM_FILENAME] = "file",   [TERM_BODY] = "body",
        [TERM_FLAG] = "flag",       [TERM_ATTACHMENT] = "attachment",
        [TERM_SINCE] = "since",     [TERM_BEFORE] = "before",
        [TERM_LARGER] = "larger",   [TERM_SMALLER] = "smaller",
        [TERM_IN] = "in",           [TERM_ACCOUNT] = "account",
        [TERM_LIST] = "list",       [TERM_ID] = "id",
        [TERM_REFERS] = "refers",   [TERM_RECEIVED_SINCE] = "received-since",
        [TERM_MUTED] = "muted",     [TERM_RECEIVED_BEFORE] = "received-before",
        [TERM_LAST] = "last",
    };
    const Term *t = &n->term;
    if (n->kind == NODE_TERM) {
        g_string_append(text, names[t->kind]);
        if (t->kind == TERM_FLAG)
            g_string_append_printf(text, "(%x,%d)", t->flag, t->set);
        else if (t->kind == TERM_LARGER || t->kind == TERM_SMALLER)
            g_string_append_printf(text, "(%" G_GINT64_FORMAT ")", t->number);
        else if (*t->text)
            g_string_append_printf(text, t->phrase ? "(\"%s\")" : "(%s)", t->text);
        return;
    }
    gboolean brackets = n->kind != NODE_NOT && !top;
    g_string_append(text, n->kind == NODE_NOT ? "-" : brackets ? "[" : "");
    for (guint i = 0; i < n->children->len; i++) {
        g_string_append(text, i == 0 ? "" : n->kind == NODE_OR ? " | " : " ");
        describe_node(text, n->children->pdata[i], FALSE);
    }
    g_string_append(text, brackets ? "]" : "");
}

static char *describe(const char *pattern)
{
    GError *err = NULL;
    g_autoptr(Node) n = search_parse(pattern, NOW, &err);
    if (!n) {
        g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_INVALID);
        char *why = g_strdup_printf("error: %s", err->message);
        g_clear_error(&err);
        return why;
    }
    GString *text = g_string_new(NULL);
    describe_node(text, n, TRUE);
    return g_string_free(text, FALSE);
}

/* What is cheap to know stands first. An error's beginning is enough. */
static void test_patterns(void)
{
    static const char *const cases[][2] = {
        {"word", "word(word)"},
        {"Two  WORDS", "word(two) word(words)"},
        {"\"a Phrase\"", "word(\"a phrase\")"},
        {"from:ana subject:\"foo bar\" is:unread has:attachment",
         "flag(1,0) attachment from(ana) subject(\"foo bar\")"},
        {"-from:ana !is:flagged -word", "-flag(2,1) -from(ana) -word(word)"},
        {"larger:1M smaller:1.5k larger:10", "larger(1000000) smaller(1500) larger(10)"},
        {"size:10K..2M", "larger(9999) smaller(2000001)"},
        {"size:..2M", "smaller(2000001)"},
        {"size:<3k", "smaller(3000)"},
        {"in:Archive account:Work", "in(archive) account(work)"},
        {"~f ana ~s \"x y\" ~b b ~t t ~c c", "from(ana) subject(\"x y\") to(t) cc(c) body(b)"},
        {"~N ~F ~D ~A ~R !~Q", "flag(1,0) flag(2,1) flag(8,1) all flag(1,1) -flag(4,1)"},
        {"~fana", "from(ana)"},
        {"! ~N", "-flag(1,0)"},
        {"!!~N", "flag(1,0)"},
        {"~z >2k ~z <3k", "larger(2000) smaller(3000)"},
        {"~d <1w ~d >1m", "since before"},
        {"~d 19/11/2026", "since before"},
        {"~d 1/11/2026-19/11/2026", "since before"},
        {"~r <1w", "received-since"},
        {"~i <a@example.org> ~x b@example.org", "id(a@example.org) refers(b@example.org)"},
        {"~y flagged ~l", "flag(2,1) list"},
        {"~C ada ~L bob", "tocc(ada) anyone(bob)"},
        {"after:2025-01-01 before:2025-02", "since before"},
        {"after:2w before:today", "since before"},
        {"on:yesterday", "since before"},
        {"date:2025-01..2025-03", "since before"},
        {"date:..2025-03", "before"},
        {"newer_than:2d older_than:1d", "since before"},
        {"list:devel id:x@y filename:Report tag:forwarded is:muted is:last is:list",
         "flag(20,1) list(devel) id(x@y) list muted last file(report)"},
        {"http://example.org", "word(http://example.org)"},
        {"re:something", "word(re:something)"},
        {"FROM:Ana", "from(ana)"},
        {"\xc3\x84rger", "word(arger)"},
        {"a or b", "word(a) | word(b)"},
        {"a OR b c", "word(a) | [word(b) word(c)]"},
        {"a | b | c", "word(a) | word(b) | word(c)"},
        {"a and b AND c", "word(a) word(b) word(c)"},
        {"a and not b", "word(a) -word(b)"},
        {"(a or b) c", "[word(a) | word(b)] word(c)"},
        {"-(a b)", "-[word(a) word(b)]"},
        {"not (is:unread or from:x)", "-[flag(1,0) | from(x)]"},
        {"((a))", "word(a)"},
        {"(from:ana)or(from:bob)", "from(ana) | from(bob)"},
        {"f(x)", "word(f(x))"},
        {"x)", "word(x))"},
        {"(f(x))", "word(f(x))"},
        {"or", "word(or)"},
        {"cats or", "word(cats) word(or)"},
        {"nothing", "word(nothing)"},
        {"-", "word(-)"},
        {"", "error: nothing to look for"},
        {"   ", "error: nothing to look for"},
        {"()", "error: nothing to look for"},
        {"\"open", "error: a quote is missing at the end of: \"open"},
        {"(a", "error: a closing bracket is missing"},
        {"from:", "error: 'from:' needs a value"},
        {"subject:\"\"", "error: 'subject:' needs a value"},
        {"is:nothing", "error: is:nothing is not known: unread,"},
        {"after:soon", "error: 'soon' is no date: 2025-01-31,"},
        {"after:2025-13-01", "error: '2025-13-01' is no date"},
        {"date:..", "error: '..' is no date"},
        {"larger:much", "error: 'much' is no size: 500, 40K, 1.5M"},
        {"size:1..x", "error: '1..x' is no size"},
        {"has:hope", "error: has:hope is not known: has:attachment"},
        {"~q x", "error: '~q' is not known: ~f"},
        {"~f", "error: '~f' needs a value"},
        {"~d never", "error: 'never' is no date"},
        {"subjct:x", "error: 'subjct:' is not known: did you mean 'subject:'?"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *got = describe(cases[i][0]);
        if (g_str_has_prefix(cases[i][1], "error"))
            got[MIN(strlen(got), strlen(cases[i][1]))] = '\0';
        g_test_message("%s", cases[i][0]);
        g_assert_cmpstr(got, ==, cases[i][1]);
    }
}

/* Whatever is pasted, the work is bounded. */
static void test_bounds(void)
{
    g_autofree char *many = g_strnfill(5000, 'x');
    g_autofree char *too_long = describe(many);
    g_assert_cmpstr(too_long, ==, "error: that pattern cannot be used");
    g_autofree char *brackets = g_strnfill(4000, '(');
    g_autofree char *too_deep = describe(brackets);
    g_assert_cmpstr(too_deep, ==, "error: that pattern has too many brackets");
    g_autoptr(GString) words = g_string_new(NULL);
    for (int i = 0; i < 100; i++)
        g_string_append_printf(words, "w%d ", i);
    g_autofree char *too_many = describe(words->str);
    g_assert_cmpstr(too_many, ==, "error: that pattern has too many parts");
    g_autofree char *bytes = describe("caf\xe9");
    g_assert_cmpstr(bytes, ==, "error: that pattern cannot be used");
}

static gint64 day(int year, int month, int day)
{
    g_autoptr(GDateTime) t = g_date_time_new_local(year, month, day, 0, 0, 0);
    return g_date_time_to_unix(t);
}

/* 19 November 2026 is a Thursday. */
static void test_dates(void)
{
    const struct {
        const char *text;
        gint64 from, to;
    } cases[] = {
        {"2025-01-31", day(2025, 1, 31), day(2025, 2, 1)},
        {"2025/1/31", day(2025, 1, 31), day(2025, 2, 1)},
        {"31/01/2025", day(2025, 1, 31), day(2025, 2, 1)},
        {"31/1/25", day(2025, 1, 31), day(2025, 2, 1)},
        {"2025-02", day(2025, 2, 1), day(2025, 3, 1)},
        {"2024", day(2024, 1, 1), day(2025, 1, 1)},
        {"today", day(2026, 11, 19), day(2026, 11, 20)},
        {"Yesterday", day(2026, 11, 18), day(2026, 11, 19)},
        {"thursday", day(2026, 11, 19), day(2026, 11, 20)},
        {"fri", day(2026, 11, 13), day(2026, 11, 14)},
        {"march", day(2026, 3, 1), day(2026, 4, 1)},
        {"dec", day(2025, 12, 1), day(2026, 1, 1)},
        {"this-week", day(2026, 11, 16), day(2026, 11, 23)},
        {"last-week", day(2026, 11, 9), day(2026, 11, 16)},
        {"last-month", day(2026, 10, 1), day(2026, 11, 1)},
        {"last-year", day(2025, 1, 1), day(2026, 1, 1)},
        {"3d", NOW - 3 * 86400, NOW - 3 * 86400},
        {"12h", NOW - 12 * 3600, NOW - 12 * 3600},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        gint64 from, to;
        g_test_message("%s", cases[i].text);
        g_assert_true(search_date(cases[i].text, NOW, &from, &to));
        g_assert_cmpint(from, ==, cases[i].from);
        g_assert_cmpint(to, ==, cases[i].to);
    }
    static const char *const bad[] = {"",         "2025-13", "2025-02-30", "99999999d", "3x", "12/2025",
                                      "last-era", "20",      "2025-01-01x"};
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        gint64 from, to;
        g_assert_false(search_date(bad[i], NOW, &from, &to));
    }
}

static void test_index_text(void)
{
    static const char *const cases[][2] = {
        {"Hello, World!", "hello world "},
        {"\xe5\xb1\xb1\xe7\x94\xb0\xe5\xa4\xaa",
         "\xe5\xb1\xb1\xe7\x94\xb0 \xe7\x94\xb0\xe5\xa4\xaa \xe5\xa4\xaa "},
        {"x\xe5\xb1\xb1", "x \xe5\xb1\xb1 "},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *got = index_words(cases[i][0], 1000);
        g_assert_cmpstr(got, ==, cases[i][1]);
    }
    g_assert_true(plain_has_word("the meeting", "meet", FALSE));
    g_assert_false(plain_has_word("the meeting", "meet", TRUE));
    g_assert_true(plain_has_word("to meet, then", "meet", TRUE));
    g_assert_false(plain_has_word("the meeting", "eeting", FALSE));
    g_assert_true(plain_has_word("eeting meeting", "eeting", FALSE));
    g_assert_false(plain_has_word("", "x", FALSE));
}

/* ---- running ---- */
static gint64 account, inbox, archive;

static const struct {
    const char *from, *subject, *body;
    guint flags;
    const char *type;
} mails[] = {
    {"Ana Ruiz <ana@example.org>", "Meeting tomorrow", "We meet in the blue room.", 0,
     "text/plain"},
    {"Juliana <jul@example.org>", "Re: Meeting", "Which room exactly?", FLAG_SEEN, "text/plain"},
    {"Bob <bob@example.com>", "Invoice 2026", "Please find the invoice attached.", FLAG_FLAGGED,
     "text/plain"},
    {"=?utf-8?b?5bGx55Sw5aSq6YOO?= <yamada@example.org>", "=?utf-8?b?5Lya6K2w44Gu5LqI5a6a?=",
     "\xe6\x98\x8e\xe6\x97\xa5\xe3\x81\xae\xe4\xbc\x9a\xe8\xad\xb0\xe3\x81\xa7\xe3\x81\x99",
     FLAG_SEEN, "text/plain; charset=utf-8"},
    {"Shop <shop@example.com>", "Sale", "<p>Big <b>sale</b> of r&eacute;sum&eacute;s</p>",
     FLAG_ANSWERED, "text/html"},
    {"Bob <bob@example.com>", "foo-bar baz", "C++ and foo-barbaz and x ray", 0, "text/plain"},
};

static void fill(Fixture *f)
{
    account = imap_account(f->s, &inbox, &archive);
    for (guint i = 0; i < G_N_ELEMENTS(mails); i++) {
        g_autofree char *text = g_strdup_printf(
            "From: %s\r\nTo: ada@example.com\r\nSubject: %s\r\nDate: %d Nov 2026 12:00:00 +0000\r\n"
            "Message-ID: <s%u@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: %s\r\n\r\n%s\r\n",
            mails[i].from, mails[i].subject, (int)i + 1, i, mails[i].type, mails[i].body);
        g_autoptr(Envelope) e = envelope_parse(text, strlen(text));
        FetchedMessage m = {i + 1, mails[i].flags, e, 1000 * (i + 1), 1800000000, NULL};
        ok(placements_add(f->s, i < 5 ? inbox : archive, &m, 1, &err));
        g_autoptr(Row) r = row_of(f->s, placement_at(f->s, i < 5 ? inbox : archive, i + 1));
        ok(body_put(f->s, r->message, "", text, strlen(text), &err));
    }
}

/* The hits as digits, newest first. */
static char *search(Fixture *f, gint64 folder, const char *pattern)
{
    GError *err = NULL;
    g_autoptr(GArray) ids = search_run(f->s, account, folder, pattern, 100, NULL, &err);
    g_assert_no_error(err);
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < ids->len; i++) {
        guint32 uid = 0;
        placement_locate(f->s, g_array_index(ids, gint64, i), NULL, &uid, NULL, NULL);
        g_string_append_printf(text, "%u", uid);
    }
    return g_string_free(text, FALSE);
}

static const char *const questions[][2] = {
    {"meeting", "21"},
    {"meet", "21"},
    {"room", "21"},
    {"eeting", ""},
    {"\"blue room\"", "1"},
    {"\"blue roo\"", "1"},
    {"\"lue room\"", ""},
    {"\"meet\"", "1"},
    {"\"room\"", "21"},
    {"sale or invoice", "53"},
    {"(sale or invoice) is:flagged", "3"},
    {"-(sale or invoice)", "421"},
    {"meeting or is:answered", "521"},
    {"subject:eeting", ""},
    {"subject:\"re: meet\"", "2"},
    {"date:2026-11-02..2026-11-03", "32"},
    {"id:s2@example.org", "3"},
    {"account:elsewhere", ""},
    {"in:inbox room", "21"},
    {"-in:inbox", ""},
    {"from:ana", "21"},
    {"from:\"Ana R\"", "1"},
    {"subject:meeting", "21"},
    {"body:meeting", ""},
    {"body:meet", "1"},
    {"is:unread", "531"},
    {"is:unread -meeting", "53"},
    {"-meeting", "543"},
    {"meeting -from:juliana", "1"},
    {"is:flagged", "3"},
    {"is:answered", "5"},
    {"larger:2K", "543"},
    {"after:2026-11-03", "543"},
    {"before:2026-11-02T", "error"},
    {"before:2026-11-02", "1"},
    {"resumes", "5"},
    {"r\xc3\xa9sum\xc3\xa9s", "5"},
    {"invoice bob", "3"},
    {"\xe5\xb1\xb1\xe7\x94\xb0", "4"},
    {"\xe4\xbc\x9a\xe8\xad\xb0", "4"},
    {"\xe8\xad\xb0", "4"},
    {"\xe6\x98\x8e\xe4\xbc\x9a", ""},
    {"in:Archive foo", "6"},
    {"~A", "54321"},
    {"in:Archive foo-bar", "6"},
    {"in:Archive x", "6"},
    {"in:Archive \"x ray\"", "6"},
    {"in:Archive c++", "6"},
    {"in:Archive is:read", ""},
    {"to:ada@example.com is:read", "42"},
    {"nothingofthekind", ""},
};

static void ask_all(Fixture *f)
{
    for (guint i = 0; i < G_N_ELEMENTS(questions); i++) {
        if (strcmp(questions[i][1], "error") == 0) {
            g_assert_null(search_run(f->s, account, inbox, questions[i][0], 9, NULL, NULL));
            continue;
        }
        g_autofree char *got = search(f, inbox, questions[i][0]);
        g_test_message("%s", questions[i][0]);
        g_assert_cmpstr(got, ==, questions[i][1]);
    }
    g_autofree char *everywhere = search(f, 0, "bob");
    g_assert_cmpstr(everywhere, ==, "63");
}

static void test_unindexed(Fixture *f, gconstpointer data)
{
    fill(f);
    ask_all(f);
}

static void test_indexed(Fixture *f, gconstpointer data)
{
    fill(f);
    while (indexer_round(f->s, 100))
        ;
    g_assert_cmpint(db_number(&f->s->db, -1, "SELECT count(*) FROM index_queue", ""), ==, 0);
    g_assert_cmpint(
        db_number(&f->s->index, -1, "SELECT count(*) FROM doc WHERE body IS NOT NULL", ""), ==,
        (gint64)G_N_ELEMENTS(mails));
    ask_all(f);
}

static void test_half_indexed(Fixture *f, gconstpointer data)
{
    fill(f);
    indexer_round(f->s, 5);
    g_assert_cmpint(db_number(&f->s->db, -1, "SELECT count(*) FROM index_queue", ""), >, 0);
    ask_all(f);
}

static void test_limit_and_stop(Fixture *f, gconstpointer data)
{
    fill(f);
    g_autoptr(GArray) two = search_run(f->s, account, inbox, "~A", 2, NULL, NULL);
    g_assert_cmpuint(two->len, ==, 2);
    g_autoptr(Cancel) stop = cancel_new();
    cancel_trigger(stop);
    GError *err = NULL;
    g_assert_null(search_run(f->s, account, inbox, "~A", 2, stop, &err));
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_CANCELLED);
    g_clear_error(&err);
}

/* The index is lost: nothing is found less, and it is built again. */
static void test_index_lost(Fixture *f, gconstpointer data)
{
    fill(f);
    while (indexer_round(f->s, 100))
        ;
    close_store(f);
    g_autofree char *path = g_build_filename(f->directory, "index.db", NULL);
    g_assert_cmpint(g_unlink(path), ==, 0);
    open_store(f);
    ask_all(f);
    while (indexer_round(f->s, 100))
        ;
    ask_all(f);
    g_assert_cmpint(db_number(&f->s->index, -1, "SELECT count(*) FROM doc", ""), ==,
                    (gint64)G_N_ELEMENTS(mails));
}

/* The body goes from the cache; what was indexed of it is still found. */
static void test_evicted_still_found(Fixture *f, gconstpointer data)
{
    fill(f);
    while (indexer_round(f->s, 100))
        ;
    ok(meta_put(f->s, "cache-bytes", "0", &err));
    maintain_round(f->s);
    ask_all(f);
}

/* The index of the version before: what it knew of bodies that have gone is found all the time. */
static void test_from_version_1(Fixture *f, gconstpointer data)
{
    fill(f);
    while (indexer_round(f->s, 100))
        ;
    ok(meta_put(f->s, "cache-bytes", "0", &err));
    maintain_round(f->s);
    g_assert_true(db_script(
        &f->s->index,
        "DROP TABLE header_words; DROP TABLE body_words; DROP TABLE old_doc;"
        "CREATE VIRTUAL TABLE header_words USING fts5(words, content='', tokenize='unicode61');"
        "CREATE VIRTUAL TABLE body_words USING fts5(words, content='', detail='none',"
        "  prefix='2 3', tokenize='unicode61');"
        "PRAGMA user_version=1"));
    reopen(f);
    ask_all(f);
    while (indexer_round(f->s, 100))
        ;
    ask_all(f);
    g_assert_cmpint(db_number(&f->s->index, -1, "SELECT count(*) FROM old_doc", ""), ==, 0);
    g_assert_cmpint(db_number(&f->s->db, -1, "SELECT count(*) FROM index_queue", ""), ==, 0);
}

int main(int argc, char **argv)
{
    g_setenv("TZ", "UTC", TRUE);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/store/search/patterns", test_patterns);
    g_test_add_func("/store/search/bounds", test_bounds);
    g_test_add_func("/store/search/dates", test_dates);
    g_test_add_func("/store/search/index-text", test_index_text);
    TEST("/store/search/unindexed", test_unindexed);
    TEST("/store/search/indexed", test_indexed);
    TEST("/store/search/half-indexed", test_half_indexed);
    TEST("/store/search/limit-and-stop", test_limit_and_stop);
    TEST("/store/search/index-lost", test_index_lost);
    TEST("/store/search/evicted-still-found", test_evicted_still_found);
    TEST("/store/search/from-version-1", test_from_version_1);
    return g_test_run();
}
