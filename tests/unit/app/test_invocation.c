/* test_invocation.c - the command line, as people and scripts write it. */
#include "app.h"
#include "pintail/util/error.h"

static gboolean parse(Invocation *i, const char *line, GError **err)
{
    g_auto(GStrv) words = g_strsplit(line, " ", -1);
    return invocation_parse(i, (int)g_strv_length(words), words, err);
}

static void test_modes(void)
{
    static const struct {
        const char *line;
        Mode mode;
    } cases[] = {
        {"pintail", MODE_OPEN},
        {"pintail -c rc", MODE_OPEN},
        {"pintail --check-config", MODE_CHECK_CONFIG},
        {"pintail --version", MODE_VERSION},
        {"pintail --help", MODE_HELP},
        {"pintail send --help", MODE_HELP},
        {"pintail sync", MODE_SYNC},
        {"pintail status --format %u", MODE_STATUS},
        {"pintail import a b", MODE_IMPORT},
        {"pintail export --mbox INBOX out", MODE_EXPORT},
        {"pintail show --json -", MODE_SHOW},
        {"pintail show 12", MODE_SHOW},
        {"pintail search --json from:ana is:unread", MODE_SEARCH},
        {"pintail export from:ana is:unread out", MODE_EXPORT},
        {"pintail show --width 60 --headers --part 1.2 file", MODE_SHOW},
        {"pintail mailto:ada@example.org", MODE_OPEN},
    };
    for (gsize n = 0; n < G_N_ELEMENTS(cases); n++) {
        g_auto(Invocation) i = {0};
        g_autoptr(GError) err = NULL;
        g_assert_true(parse(&i, cases[n].line, &err));
        g_assert_no_error(err);
        g_assert_cmpint(i.mode, ==, cases[n].mode);
    }
}

static void test_mistakes(void)
{
    static const char *const cases[] = {
        "pintail -Z",         "pintail --nonsense",  "pintail nonsense",  "pintail -c",
        "pintail send",       "pintail send -s x",   "pintail send -Q a", "pintail sync now",
        "pintail import a",   "pintail export a",    "pintail status --formt x", "pintail --versionx",
        "pintail sync --mbox", "pintail show", "pintail show a b", "pintail show --width 5 a",
        "pintail show --width wide a", "pintail search", "pintail search --raw a", "pintail show --jsn a",
    };
    for (gsize n = 0; n < G_N_ELEMENTS(cases); n++) {
        g_auto(Invocation) i = {0};
        g_autoptr(GError) err = NULL;
        g_test_message("%s", cases[n]);
        g_assert_false(parse(&i, cases[n], &err));
        g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_INVALID);
    }
}

static void test_send_as_in_mutt(void)
{
    g_auto(Invocation) i = {0};
    g_autoptr(GError) err = NULL;
    g_assert_true(parse(&i, "pintail -c rc send -s Hi -c c@example.org -bb@example.org -a one two -- -x@example.org y@example.org", &err));
    g_assert_no_error(err);
    g_assert_cmpstr(i.config, ==, "rc");
    g_assert_cmpstr(i.subject, ==, "Hi");
    g_assert_cmpuint(i.cc->len, ==, 1);
    g_assert_cmpstr(i.cc->pdata[0], ==, "c@example.org");
    g_assert_cmpstr(i.bcc->pdata[0], ==, "b@example.org");
    g_assert_cmpuint(i.attach->len, ==, 2);
    g_assert_cmpstr(i.attach->pdata[1], ==, "two");
    g_assert_cmpuint(i.arguments->len, ==, 2);
    g_assert_cmpstr(i.arguments->pdata[0], ==, "-x@example.org");
}

static void test_one_attachment_without_dashes(void)
{
    g_auto(Invocation) i = {0};
    g_assert_true(parse(&i, "pintail send -a file ada@example.org", NULL));
    g_assert_cmpuint(i.attach->len, ==, 1);
    g_assert_cmpuint(i.arguments->len, ==, 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/invocation/modes", test_modes);
    g_test_add_func("/invocation/mistakes", test_mistakes);
    g_test_add_func("/invocation/send-as-in-mutt", test_send_as_in_mutt);
    g_test_add_func("/invocation/one-attachment", test_one_attachment_without_dashes);
    return g_test_run();
}
