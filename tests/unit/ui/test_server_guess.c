/* test_server_guess.c - likely servers of an address, and what was typed as a whole URL. */
#include "server_guess.h"

static void test_domain_patterns(void)
{
    g_autoptr(GPtrArray) imap = server_guesses("ada@example.org", PROTOCOL_IMAP);
    g_autoptr(GPtrArray) pop3 = server_guesses("ada@example.org", PROTOCOL_POP3);
    g_autoptr(GPtrArray) smtp = server_guesses("ada@example.org", PROTOCOL_SMTP);
    g_assert_cmpstr(imap->pdata[0], ==, "imaps://imap.example.org");
    g_assert_cmpstr(imap->pdata[imap->len - 1], ==, "imaps://example.org");
    g_assert_cmpstr(pop3->pdata[0], ==, "pop3s://pop.example.org");
    g_assert_cmpstr(smtp->pdata[0], ==, "smtps://smtp.example.org");
}

static void test_every_guess_is_an_endpoint(void)
{
    static const char *const addresses[] = {"a@example.org", "a@gmail.com", "a@outlook.com", "a@gmx.net", "a@icloud.com"};
    static const Protocol protocols[] = {PROTOCOL_IMAP, PROTOCOL_POP3, PROTOCOL_SMTP};
    for (gsize a = 0; a < G_N_ELEMENTS(addresses); a++)
        for (gsize p = 0; p < G_N_ELEMENTS(protocols); p++) {
            g_autoptr(GPtrArray) guesses = server_guesses(addresses[a], protocols[p]);
            for (guint i = 0; i < guesses->len; i++) {
                g_autoptr(GError) err = NULL;
                g_autofree char *url = server_complete(guesses->pdata[i], protocols[p], addresses[a]);
                g_autoptr(Endpoint) e = endpoint_parse(url, &err);
                g_assert_no_error(err);
                g_assert_cmpint(e->protocol, ==, protocols[p]);
                g_assert_cmpstr(e->user, ==, addresses[a]);
            }
        }
}

static void test_no_domain(void)
{
    g_autoptr(GPtrArray) none = server_guesses("ada", PROTOCOL_IMAP);
    g_autoptr(GPtrArray) empty = server_guesses("ada@", PROTOCOL_IMAP);
    g_assert_cmpuint(none->len, ==, 0);
    g_assert_cmpuint(empty->len, ==, 0);
}

static void test_complete(void)
{
    static const struct {
        const char *typed, *user, *url;
    } cases[] = {
        {"mail.example.org", "ada@example.org", "imaps://ada@example.org@mail.example.org"},
        {"imap://localhost:1143", "ada", "imap://ada@localhost:1143"},
        {"imap://bob@localhost", "ada", "imap://bob@localhost"},
        {"bob@localhost", "ada", "imaps://bob@localhost"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *url = server_complete(cases[i].typed, PROTOCOL_IMAP, cases[i].user);
        g_assert_cmpstr(url, ==, cases[i].url);
    }
}

static void test_account_names(void)
{
    static const char *const cases[][2] = {{"ada@example.org", "example"},
                                           {"ada@mail.Example.org", "example"},
                                           {"ada@localhost", "localhost"},
                                           {"ada@b\xc3\xbc" "cher.example", "b--cher"},
                                           {"ada", "mail"}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *name = account_name_guess(cases[i][0]);
        g_assert_cmpstr(name, ==, cases[i][1]);
    }
}

static void test_hints(void)
{
    g_assert_nonnull(provider_hint("ada@gmail.com"));
    g_assert_null(provider_hint("ada@example.org"));
    g_assert_null(provider_hint("ada"));
}

static void test_beside(void)
{
    g_autoptr(GPtrArray) named = server_guesses_beside("imaps://ada@imap.example.org:993");
    g_assert_cmpstr(named->pdata[0], ==, "smtps://smtp.example.org");
    g_assert_cmpstr(named->pdata[named->len - 1], ==, "smtp://imap.example.org");
    g_autoptr(GPtrArray) bare = server_guesses_beside("box.example.org");
    g_assert_cmpuint(bare->len, ==, 2);
    g_assert_cmpstr(bare->pdata[0], ==, "smtps://box.example.org");
    g_autoptr(GPtrArray) literal = server_guesses_beside("imaps://[::1]:9993");
    g_assert_cmpstr(literal->pdata[0], ==, "smtps://[::1]");
}

static void test_short(void)
{
    static const struct {
        const char *url;
        Protocol protocol;
        const char *shown;
    } all[] = {{"imaps://imap.example.org", PROTOCOL_IMAP, "imap.example.org"},
               {"imap://imap.example.org", PROTOCOL_IMAP, "imap://imap.example.org"},
               {"smtps://smtp.example.org", PROTOCOL_SMTP, "smtp.example.org"},
               {"pop3s://pop.example.org", PROTOCOL_POP3, "pop.example.org"},
               {"imaps://imap.example.org", PROTOCOL_POP3, "imaps://imap.example.org"}};
    for (gsize i = 0; i < G_N_ELEMENTS(all); i++) {
        g_autofree char *shown = server_short(all[i].url, all[i].protocol);
        g_assert_cmpstr(shown, ==, all[i].shown);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/server-guess/patterns", test_domain_patterns);
    g_test_add_func("/server-guess/endpoints", test_every_guess_is_an_endpoint);
    g_test_add_func("/server-guess/no-domain", test_no_domain);
    g_test_add_func("/server-guess/complete", test_complete);
    g_test_add_func("/server-guess/account-names", test_account_names);
    g_test_add_func("/server-guess/hints", test_hints);
    g_test_add_func("/server-guess/beside", test_beside);
    g_test_add_func("/server-guess/short", test_short);
    return g_test_run();
}
