/* test_words.c - the lexer: words, quotes, comments, several commands, and writing words back. */
#include "conf_private.h"
#include "pintail/util/error.h"

typedef struct {
    const char *line;
    const char *words[8];
} Case;

static const Case cases[] = {
    {"", {NULL}},
    {"   \t \r", {NULL}},
    {"# all of it", {NULL}},
    {"set sort date", {"set", "sort", "date", NULL}},
    {"  set\tsort   date  ", {"set", "sort", "date", NULL}},
    {"set sort date\r", {"set", "sort", "date", NULL}},
    {"set sort date # newest", {"set", "sort", "date", NULL}},
    {"password a#b", {"password", "a#b", NULL}}, /* inside a word it is no comment */
    {"a \"b c\" 'd e'", {"a", "b c", "d e", NULL}},
    {"a \"#b\" '#c' \\#d", {"a", "#b", "#c", "#d", NULL}},
    {"a \"\" ''", {"a", "", "", NULL}},
    {"subject:\"foo bar\" x", {"subject:foo bar", "x", NULL}},
    {"a \"b\\\"c\\\\d\\ne\\tf\"", {"a", "b\"c\\d\ne\tf", NULL}},
    {"a 'b\\n\"c'", {"a", "b\\n\"c", NULL}}, /* single quotes know nothing */
    {"a b\\ c \\\"d", {"a", "b c", "\"d", NULL}},
    {"address Conan O'Brien <conan@example.org>", {"address", "Conan", "O'Brien", "<conan@example.org>", NULL}},
    {"bind list '\\' zoom", {"bind", "list", "\\", "zoom", NULL}},
    {"end\\", {"end\\", NULL}},
    {"山田 \"太 郎\"", {"山田", "太 郎", NULL}},
};

static void test_words(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) err = NULL;
        g_auto(GStrv) got = conf_words(cases[i].line, &err);
        g_assert_no_error(err);
        if (!g_strv_equal((const char *const *)got, cases[i].words))
            g_error("<%s>", cases[i].line);
    }
}

static void test_open_quote(void)
{
    static const char *const lines[] = {"a \"b", "a 'b", "\"", "a b\"c", "a \"b\\\""};
    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autoptr(GError) err = NULL;
        g_assert_null(conf_words(lines[i], &err));
        g_assert_true(error_is(err, PINTAIL_ERROR_INVALID));
    }
}

static const Case commands[] = {
    {"", {NULL}},
    {" ; ;; ", {NULL}},
    {"delete", {"delete", NULL}},
    {"tag; next ;delete", {"tag", "next", "delete", NULL}},
    {"search \"a;b\"; next", {"search \"a;b\"", "next", NULL}},
    {"search 'a;b'; next", {"search 'a;b'", "next", NULL}},
    {"search a\\;b; next", {"search a\\;b", "next", NULL}},
    {"limit O'Brien; next", {"limit O'Brien", "next", NULL}},
    {"a 'b\\'; c", {"a 'b\\'", "c", NULL}},
    {"a 'x' 'y;z';b", {"a 'x' 'y;z'", "b", NULL}},
    {"a \"x 'y\"; b", {"a \"x 'y\"", "b", NULL}},
};

static void test_split(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        g_auto(GStrv) got = conf_split_commands(commands[i].line);
        if (!g_strv_equal((const char *const *)got, commands[i].words)) {
            g_autofree char *all = g_strjoinv("|", got);
            g_error("<%s>: %s", commands[i].line, all);
        }
    }
}

static void quotes(const char *value, const char *wanted)
{
    g_autofree char *text = words_quote(value);
    if (wanted)
        g_assert_cmpstr(text, ==, wanted);
    g_auto(GStrv) words = conf_words(text, NULL);
    g_assert_nonnull(words);
    g_autofree char *back = g_strjoinv(" ", words);
    g_assert_cmpstr(back, ==, value);
}

static void test_quote(void)
{
    quotes("plain", "plain");
    quotes("Ana Ruiz <ana@example.org>", "Ana Ruiz <ana@example.org>");
    quotes("Conan O'Brien", "Conan O'Brien");
    quotes("", "\"\"");
    quotes("two  blanks", "\"two  blanks\"");
    quotes(" ends ", "\" ends \"");
    quotes("#1 Fan", "\"#1 Fan\"");
    quotes("say \"hi\"", "\"say \\\"hi\\\"\"");
    quotes("back\\slash", "\"back\\\\slash\"");
    quotes("'quoted'", "\"'quoted'\"");
    quotes("line\nline\ttab", "\"line\\nline\\ttab\"");
    g_autoptr(GRand) r = g_rand_new_with_seed(7);
    for (int round = 0; round < 20000; round++) {
        char value[12];
        int len = g_rand_int_range(r, 0, sizeof value - 1);
        for (int i = 0; i < len; i++)
            value[i] = "ab '\"\\#;\n\t<"[g_rand_int_range(r, 0, 11)];
        value[len] = '\0';
        quotes(value, NULL);
    }
}

static void test_values(void)
{
    gboolean flag;
    gint64 n;
    g_assert_true(value_bool("On", &flag) && flag);
    g_assert_true(value_bool("no", &flag) && !flag);
    g_assert_false(value_bool("maybe", &flag));
    g_assert_false(value_bool("", &flag));
    g_assert_true(value_number("42", &n));
    g_assert_cmpint(n, ==, 42);
    static const char *const wrong[] = {"", "-1", "+1", "1x", "x", " 1", "1 ", "99999999999999999999", "1.5"};
    for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_assert_false(value_number(wrong[i], &n));
        g_assert_false(value_seconds(wrong[i], &n));
        g_assert_false(value_size(wrong[i], &n));
    }
    g_assert_true(value_seconds("30", &n) && n == 30);
    g_assert_true(value_seconds("30s", &n) && n == 30);
    g_assert_true(value_seconds("5m", &n) && n == 300);
    g_assert_true(value_seconds("2H", &n) && n == 7200);
    g_assert_true(value_seconds("14d", &n) && n == 14 * 86400);
    g_assert_false(value_seconds("5ms", &n));
    g_assert_false(value_seconds("9223372036854775807d", &n));
    g_assert_true(value_size("500", &n) && n == 500);
    g_assert_true(value_size("64K", &n) && n == 64000);
    g_assert_true(value_size("5M", &n) && n == 5000000);
    g_assert_true(value_size("1g", &n) && n == 1000000000);
    g_assert_false(value_size("5MB", &n));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/words/words", test_words);
    g_test_add_func("/words/open-quote", test_open_quote);
    g_test_add_func("/words/split", test_split);
    g_test_add_func("/words/quote", test_quote);
    g_test_add_func("/words/values", test_values);
    return g_test_run();
}
