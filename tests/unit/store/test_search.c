/* test_search.c - the pattern language, and that the index changes nothing but the time. */
#include "fixture.h"
#include "index_text.h"
#include "private.h"
#include "search_pattern.h"
#include "pintail/util/date.h"

#define NOW G_GINT64_CONSTANT(1795089600) /* 2026-11-19 12:00 UTC */

static char *describe(const char *pattern)
{
    GError *err = NULL;
    g_autoptr(GArray) terms = search_parse(pattern, NOW, &err);
    if (!terms) {
        g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_INVALID);
        g_clear_error(&err);
        return g_strdup("error");
    }
    static const char *const names[] = {
        "all",  "word", "from",       "to",    "cc",     "tocc",   "anyone",  "subject",
        "body", "flag", "attachment", "since", "before", "larger", "smaller", "in"};
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < terms->len; i++) {
        const Term *t = &g_array_index(terms, Term, i);
        g_string_append_printf(text, "%s%s%s", i ? " " : "", t->negated ? "-" : "", names[t->kind]);
        if (t->kind == TERM_FLAG)
            g_string_append_printf(text, "(%x,%d)", t->flag, t->set);
        else if (t->kind >= TERM_LARGER && t->kind <= TERM_SMALLER)
            g_string_append_printf(text, "(%" G_GINT64_FORMAT ")", t->number);
        else if (*t->text)
            g_string_append_printf(text, t->phrase ? "(\"%s\")" : "(%s)", t->text);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static void test_patterns(void)
{
    static const char *const cases[][2] = {
        {"word", "word(word)"},
        {"Two  WORDS", "word(two) word(words)"},
        {"\"a Phrase\"", "word(\"a phrase\")"},
        {"from:ana subject:\"foo bar\" is:unread has:attachment",
         "from(ana) subject(\"foo bar\") flag(1,0) attachment"},
        {"-from:ana !is:flagged -word", "-from(ana) -flag(2,1) -word(word)"},
        {"larger:1M smaller:1.5k larger:10", "larger(1000000) smaller(1500) larger(10)"},
        {"in:Archive", "in(archive)"},
        {"~f ana ~s \"x y\" ~b b ~t t ~c c", "from(ana) subject(\"x y\") body(b) to(t) cc(c)"},
        {"~N ~F ~D ~A ~R !~Q", "flag(1,0) flag(2,1) flag(8,1) all flag(1,1) -flag(4,1)"},
        {"~fana", "from(ana)"},
        {"! ~N", "-flag(1,0)"},
        {"~z >2k ~z <3k", "larger(2000) smaller(3000)"},
        {"~d <1w ~d >1m", "since before"},
        {"~d 19/11/2026", "since before"},
        {"~d 1/11/2026-19/11/2026", "since before"},
        {"after:2025-01-01 before:2025-02", "since before"},
        {"after:2w before:today", "since before"},
        {"http://example.org", "word(http://example.org)"},
        {"re:something", "word(re:something)"},
        {"FROM:Ana", "from(ana)"},
        {"\xc3\x84rger", "word(arger)"},
        {"", "error"},
        {"   ", "error"},
        {"\"open", "error"},
        {"from:", "error"},
        {"is:nothing", "error"},
        {"after:soon", "error"},
        {"after:2025-13-01", "error"},
        {"larger:much", "error"},
        {"has:hope", "error"},
        {"~q x", "error"},
        {"~f", "error"},
        {"subjct:x", "error"},
        {"-", "word(-)"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *got = describe(cases[i][0]);
        g_assert_cmpstr(got, ==, cases[i][1]);
    }
    g_autofree char *many = g_strnfill(5000, 'x');
    g_autofree char *too_long = describe(many);
    g_assert_cmpstr(too_long, ==, "error");
}

static void test_misspelled(void)
{
    GError *err = NULL;
    g_assert_null(search_parse("subjct:x", NOW, &err));
    g_assert_nonnull(strstr(err->message, "'subject:'"));
    g_clear_error(&err);
}

static void test_dates(void)
{
    g_autoptr(GDateTime) start = g_date_time_new_local(2025, 1, 31, 0, 0, 0);
    g_autoptr(GArray) day = search_parse("after:2025-01-31", NOW, NULL);
    g_assert_cmpint(g_array_index(day, Term, 0).number, ==, g_date_time_to_unix(start));
    g_autoptr(GArray) whole = search_parse("~d 31/01/2025", NOW, NULL);
    g_assert_cmpuint(whole->len, ==, 2);
    g_assert_cmpint(g_array_index(whole, Term, 0).number, ==, g_date_time_to_unix(start));
    g_assert_cmpint(g_array_index(whole, Term, 1).number - g_array_index(whole, Term, 0).number, ==,
                    86400);
    g_autoptr(GArray) ago = search_parse("after:3d", NOW, NULL);
    g_assert_cmpint(g_array_index(ago, Term, 0).number, ==, NOW - 3 * 86400);
}

static void test_index_text(void)
{
    static const char *const cases[][2] = {
        {"Hello, World!", "hello world "},
        {"\xe5\xb1\xb1\xe7\x94\xb0\xe5\xa4\xaa",
         "\xe5\xb1\xb1\xe7\x94\xb0 \xe7\x94\xb0\xe5\xa4\xaa"},
        {"x\xe5\xb1\xb1", "x \xe5\xb1\xb1"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *got = index_words(cases[i][0], 1000);
        g_assert_cmpstr(got, ==, cases[i][1]);
    }
    g_assert_true(plain_has_word("the meeting", "meet"));
    g_assert_false(plain_has_word("the meeting", "eeting"));
    g_assert_true(plain_has_word("eeting meeting", "eeting"));
    g_assert_false(plain_has_word("", "x"));
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
    {"\"lue roo\"", "1"},
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

int main(int argc, char **argv)
{
    g_setenv("TZ", "UTC", TRUE);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/store/search/patterns", test_patterns);
    g_test_add_func("/store/search/misspelled", test_misspelled);
    g_test_add_func("/store/search/dates", test_dates);
    g_test_add_func("/store/search/index-text", test_index_text);
    TEST("/store/search/unindexed", test_unindexed);
    TEST("/store/search/indexed", test_indexed);
    TEST("/store/search/half-indexed", test_half_indexed);
    TEST("/store/search/limit-and-stop", test_limit_and_stop);
    TEST("/store/search/index-lost", test_index_lost);
    TEST("/store/search/evicted-still-found", test_evicted_still_found);
    return g_test_run();
}
