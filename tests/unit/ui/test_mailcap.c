/* test_mailcap.c - which program is found for a type, and what gets into its command. */
#include <string.h>
#include "mailcap.h"

static gboolean test_of(const char *command, gpointer data)
{
    return !strstr(command, "false");
}

static void check(const char *text, const char *type, const char *path, const char *command)
{
    MailcapEntry e = {0};
    gboolean found = mailcap_find(text, type, path, test_of, NULL, &e);
    g_assert_cmpint(found, ==, command != NULL);
    g_assert_cmpstr(e.command, ==, command);
    mailcap_entry_clear(&e);
}

static void test_entries(void)
{
    static const char text[] = "# a comment\n"
                               "application/pdf; never %s; test=false\n"
                               "application/pdf; see -t %t \\\n  '%s'; nametemplate=%s.pdf; test=test -f %s\n"
                               "image/*; pics %s\n"
                               "audio; play 100%%\n"
                               "text/x-a; cut -d\\; %s %{charset} x\n"
                               "video/mp4;\n"
                               "broken\n";
    check(text, "application/pdf", "/tmp/a.pdf", "see -t application/pdf   '/tmp/a.pdf'");
    check(text, "IMAGE/png", "/tmp/a", "pics /tmp/a");
    check(text, "audio/ogg", "/tmp/a", "play 100% </tmp/a");
    check(text, "text/x-a", "/tmp/a", "cut -d; /tmp/a  x");
    check(text, "video/mp4", "/tmp/a", NULL);
    check(text, "broken/x", "/tmp/a", NULL);
    check(text, "imagex/png", "/tmp/a", NULL);
    check("", "image/png", "/tmp/a", NULL);
}

static void test_hostile(void)
{
    check("*; x\nimage/*; show %s %t\n", "image/$(reboot)", "/tmp/a", "show /tmp/a ");
    check("image/*; show %s\n", "image/png", "/tmp/a;reboot", NULL);
    check("image/*; show %s\n", "image/png", "/tmp/$(x)", NULL);
    check("image/*; show %{", "image/png", "/tmp/a", "show  </tmp/a");
    g_autofree char *name = mailcap_plain_name("-a b$(c)`d`'e\".pdf");
    g_assert_cmpstr(name, ==, "a_b__c__d__e_.pdf");
    g_autofree char *accents = mailcap_plain_name("Größe.pdf");
    g_assert_cmpstr(accents, ==, "Größe.pdf");
}

static void test_flags(void)
{
    MailcapEntry e = {0};
    g_assert_true(mailcap_find("text/x; a %s; copiousoutput; needsterminal", "text/x", "/a", test_of, NULL, &e));
    g_assert_true(e.copious && e.on_terminal);
    mailcap_entry_clear(&e);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ui/mailcap/entries", test_entries);
    g_test_add_func("/ui/mailcap/hostile", test_hostile);
    g_test_add_func("/ui/mailcap/flags", test_flags);
    return g_test_run();
}
