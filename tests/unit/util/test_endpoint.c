/* test_endpoint.c - server addresses as people write them. */
#include <string.h>
#include "pintail/util/endpoint.h"
#include "pintail/util/error.h"

typedef struct {
    const char *url;
    Protocol protocol;
    TlsMode tls;
    const char *user, *host;
    guint16 port;
    const char *back; /* as endpoint_to_url() writes it; NULL: the same */
} Good;

static const Good good[] = {
    {"imaps://ana@imap.example.org", PROTOCOL_IMAP, TLS_IMPLICIT, "ana", "imap.example.org", 993, NULL},
    {"imap://imap.example.org", PROTOCOL_IMAP, TLS_STARTTLS, NULL, "imap.example.org", 143, NULL},
    {"pop3s://ana@pop.example", PROTOCOL_POP3, TLS_IMPLICIT, "ana", "pop.example", 995, NULL},
    {"pop3://pop.example", PROTOCOL_POP3, TLS_STARTTLS, NULL, "pop.example", 110, NULL},
    {"smtps://ana@smtp.example", PROTOCOL_SMTP, TLS_IMPLICIT, "ana", "smtp.example", 465, NULL},
    {"smtp://ana@smtp.example", PROTOCOL_SMTP, TLS_STARTTLS, "ana", "smtp.example", 587, NULL},
    {"smtp://smtp.example:25", PROTOCOL_SMTP, TLS_STARTTLS, NULL, "smtp.example", 25, NULL},
    {"IMAPS://imap.example.org:993/", PROTOCOL_IMAP, TLS_IMPLICIT, NULL, "imap.example.org", 993,
     "imaps://imap.example.org"},
    {"imaps://ana@example.org@imap.example.org", PROTOCOL_IMAP, TLS_IMPLICIT, "ana@example.org",
     "imap.example.org", 993, NULL},
    {"imaps://ana%40example.org@imap.example.org:1993", PROTOCOL_IMAP, TLS_IMPLICIT,
     "ana@example.org", "imap.example.org", 1993, "imaps://ana@example.org@imap.example.org:1993"},
    {"imaps://a%3Ab%2fc%25@h.example", PROTOCOL_IMAP, TLS_IMPLICIT, "a:b/c%", "h.example", 993,
     "imaps://a%3Ab%2Fc%25@h.example"},
    {"imaps://zo%C3%AB@h.example", PROTOCOL_IMAP, TLS_IMPLICIT, "zoë", "h.example", 993,
     "imaps://zoë@h.example"},
    {"imap://ana@[::1]:1143", PROTOCOL_IMAP, TLS_STARTTLS, "ana", "::1", 1143, NULL},
    {"imaps://[2001:db8::25]", PROTOCOL_IMAP, TLS_IMPLICIT, NULL, "2001:db8::25", 993, NULL},
    {"imaps://[fe80::1%eth0]:993", PROTOCOL_IMAP, TLS_IMPLICIT, NULL, "fe80::1%eth0", 993,
     "imaps://[fe80::1%eth0]"},
    {"imap://127.0.0.1:10143", PROTOCOL_IMAP, TLS_STARTTLS, NULL, "127.0.0.1", 10143, NULL},
    {"imaps://post.bücher.example", PROTOCOL_IMAP, TLS_IMPLICIT, NULL, "post.bücher.example", 993,
     NULL},
    {"imap://mail_1.example.", PROTOCOL_IMAP, TLS_STARTTLS, NULL, "mail_1.example.", 143, NULL},
    {"imaps://host.example:65535", PROTOCOL_IMAP, TLS_IMPLICIT, NULL, "host.example", 65535, NULL},
};

static void test_good(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
        const Good *g = &good[i];
        g_autoptr(GError) err = NULL;
        g_autoptr(Endpoint) e = endpoint_parse(g->url, &err);
        g_assert_no_error(err);
        g_assert_cmpint(e->protocol, ==, g->protocol);
        g_assert_cmpint(e->tls, ==, g->tls);
        g_assert_cmpstr(e->user, ==, g->user);
        g_assert_cmpstr(e->host, ==, g->host);
        g_assert_cmpuint(e->port, ==, g->port);
        g_autofree char *url = endpoint_to_url(e);
        g_assert_cmpstr(url, ==, g->back ? g->back : g->url);
        g_autoptr(Endpoint) again = endpoint_parse(url, &err);
        g_assert_no_error(err);
        g_assert_cmpstr(again->user, ==, e->user);
        g_assert_cmpstr(again->host, ==, e->host);
        g_assert_cmpuint(again->port, ==, e->port);
    }
}

static const struct {
    const char *url, *says;
} bad[] = {
    {"", "://"},
    {"imap.example.org", "://"},
    {"imaps:/imap.example.org", "://"},
    {"http://example.org", "imap, imaps"},
    {"imapss://example.org", "imap, imaps"},
    {"://example.org", "imap, imaps"},
    {"imaps://", "host is missing"},
    {"imaps://ana@", "host is missing"},
    {"imaps:///", "host is missing"},
    {"imaps://@imap.example.org", "before the \"@\""},
    {"imaps://ana:geheim@imap.example.org", "password does not belong"},
    {"imaps://ana%zz@imap.example.org", "user name"},
    {"imaps://ana%4@h.example", "user name"},
    {"imaps://ana%00@h.example", "user name"},
    {"imaps://ana%0d%0aNOOP@h.example", "user name"},
    {"imaps://ana%ff@h.example", "user name"},
    {"imaps://imap.example.org:", "port"},
    {"imaps://imap.example.org:0", "port"},
    {"imaps://imap.example.org:65536", "port"},
    {"imaps://imap.example.org:99999999999999999999", "port"},
    {"imaps://imap.example.org:993x", "port"},
    {"imaps://imap.example.org:-1", "port"},
    {"imaps://imap.example.org/INBOX", "follow"},
    {"imaps://imap.example.org?x=y", "follow"},
    {"imaps://imap.example.org#x", "follow"},
    {"imaps://::1", "brackets"},
    {"imaps://[::1", "]"},
    {"imaps://[::g]", "IPv6"},
    {"imaps://[127.0.0.1]", "IPv6"},
    {"imaps://[]", "IPv6"},
    {"imaps://[fe80::1%]", "IPv6"},
    {"imaps://[fe80::1%a;b]", "IPv6"},
    {"imaps://[::1]x", "follow"},
    {"imaps://imap example.org", "host name"},
    {"imaps://imap..example.org", "host name"},
    {"imaps://.example.org", "host name"},
    {"imaps://-oProxyCommand", "host name"},
    {"imaps://a;b", "host name"},
    {"imaps://$(id)", "host name"},
    {"imaps://h\x1b[31m.example", "host name"},
    {"imaps://\xff\xfe", "host name"},
};

static void test_bad(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) err = NULL;
        Endpoint *e = endpoint_parse(bad[i].url, &err);
        g_assert_null(e);
        g_assert_true(error_is(err, PINTAIL_ERROR_INVALID));
        if (!strstr(err->message, bad[i].says) || !strstr(err->message, "imaps://ana@"))
            g_error("'%s': '%s' does not say '%s'", bad[i].url, err->message, bad[i].says);
    }
    g_autofree char *long_host = g_strnfill(300, 'a');
    g_autofree char *url = g_strconcat("imap://", long_host, NULL);
    g_assert_null(endpoint_parse(url, NULL)); /* and without a place for the error */
}

static void test_loopback(void)
{
    static const struct {
        const char *host;
        gboolean is;
    } hosts[] = {
        {"localhost", TRUE},   {"LocalHost", TRUE},   {"mail.localhost", TRUE},
        {"127.0.0.1", TRUE},   {"127.255.0.3", TRUE}, {"::1", TRUE},
        {"128.0.0.1", FALSE},  {"127.0.0.1.example", FALSE}, {"localhost.example", FALSE},
        {"notlocalhost", FALSE}, {"::2", FALSE},      {"127.1", FALSE},
        {".localhost", FALSE}, {"0.0.0.0", FALSE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(hosts); i++) {
        Endpoint e = {.host = (char *)hosts[i].host};
        if (endpoint_is_loopback(&e) != hosts[i].is)
            g_error("%s", hosts[i].host);
    }
}

static void test_copy(void)
{
    g_autoptr(Endpoint) e = endpoint_parse("imaps://ana@imap.example.org:1", NULL);
    g_autoptr(Endpoint) c = endpoint_copy(e);
    g_assert_true(c->user != e->user && c->host != e->host);
    g_assert_cmpstr(c->user, ==, "ana");
    g_assert_cmpstr(c->host, ==, "imap.example.org");
    g_assert_cmpuint(c->port, ==, 1);
    g_assert_null(endpoint_copy(NULL));
    endpoint_free(NULL);
    g_assert_cmpuint(endpoint_default_port(PROTOCOL_POP3, TLS_OFF), ==, 110);
    c->tls = TLS_OFF;
    c->port = 143;
    g_autofree char *url = endpoint_to_url(c);
    g_assert_cmpstr(url, ==, "imap://ana@imap.example.org");
}

static void test_ascii_host(void)
{
    static const struct {
        const char *host, *ascii;
    } hosts[] = {
        {"imap.example.org", "imap.example.org"}, {"mail_1.example", "mail_1.example"},
        {"::1", "::1"},  {"post.bücher.example", "post.xn--bcher-kva.example"},
        {"Straße.example", "xn--strae-oqa.example"},
        {"例え.example", "xn--r8jz45g.example"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(hosts); i++) {
        g_autoptr(GError) err = NULL;
        g_autofree char *ascii = endpoint_ascii_host(hosts[i].host, &err);
        g_assert_no_error(err);
        g_assert_cmpstr(ascii, ==, hosts[i].ascii);
    }
    g_autoptr(GError) err = NULL;
    g_assert_null(endpoint_ascii_host("bü\xe2\x80\xae.example", &err));
    g_assert_true(error_is(err, PINTAIL_ERROR_INVALID));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/endpoint/good", test_good);
    g_test_add_func("/endpoint/bad", test_bad);
    g_test_add_func("/endpoint/loopback", test_loopback);
    g_test_add_func("/endpoint/copy", test_copy);
    g_test_add_func("/endpoint/ascii-host", test_ascii_host);
    return g_test_run();
}
