/* test_flags.c - flag names on the wire and in Maildir. */
#include "pintail/mime/flags.h"
#include <string.h>

static void test_names_round_trip(void)
{
    for (guint bit = 0; bit < 9; bit++) {
        const char *name = flag_imap_name((Flags)(1u << bit));
        g_assert_nonnull(name);
        g_assert_cmpuint(flag_from_imap(name, strlen(name)), ==, 1u << bit);
        g_autofree char *upper = g_ascii_strup(name, -1);
        g_assert_cmpuint(flag_from_imap(upper, strlen(upper)), ==, 1u << bit);
    }
    g_assert_null(flag_imap_name((Flags)(1u << 9)));
    g_assert_null(flag_imap_name((Flags)(FLAG_SEEN | FLAG_DRAFT)));
}

static void test_unknown_and_aliases(void)
{
    g_assert_cmpuint(flag_from_imap("\\Recent", 7), ==, 0);
    g_assert_cmpuint(flag_from_imap("\\Seen", 4), ==, 0);
    g_assert_cmpuint(flag_from_imap("", 0), ==, 0);
    g_assert_cmpuint(flag_from_imap("NonJunk", 7), ==, FLAG_NOTJUNK);
    g_assert_cmpuint(flag_from_imap("\\SeenX", 5), ==, FLAG_SEEN); /* counted, not NUL-ended */
}

static void test_maildir(void)
{
    g_autofree char *none = flags_to_maildir(0);
    g_autofree char *some = flags_to_maildir(FLAG_SEEN | FLAG_FLAGGED | FLAG_JUNK);
    g_autofree char *all = flags_to_maildir(FLAGS_ALL);
    g_assert_cmpstr(none, ==, "");
    g_assert_cmpstr(some, ==, "FS");
    g_assert_cmpstr(all, ==, "DFPRST");
    g_assert_cmpuint(flags_from_maildir("FSabc1,"), ==, FLAG_SEEN | FLAG_FLAGGED);
    g_assert_cmpuint(flags_from_maildir("TSRPFD"), ==,
                     FLAG_DELETED | FLAG_SEEN | FLAG_ANSWERED | FLAG_FORWARDED | FLAG_FLAGGED |
                         FLAG_DRAFT);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mime/flags/names", test_names_round_trip);
    g_test_add_func("/mime/flags/unknown", test_unknown_and_aliases);
    g_test_add_func("/mime/flags/maildir", test_maildir);
    return g_test_run();
}
