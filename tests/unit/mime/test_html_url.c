/* test_html_url.c - trackers, links that lie, style sheets, and what a browser is given. */
#include <string.h>
#include "html_url.h"
#include "pintail/mime/render.h"

static void test_hosts(void)
{
    static const struct {
        const char *url, *host;
    } rows[] = {
        {"https://Example.ORG/x", "example.org"},
        {"http://user:secret@evil.example:8080/", "evil.example"},
        {"https://bank.example@198.51.100.7/verify", "198.51.100.7"},
        {"https://bank.example\\@evil.example/", "bank.example"}, /* as browsers read it */
        {"//cdn.example.org/x", "cdn.example.org"},
        {"https://b\303\274cher.example/", "xn--bcher-kva.example"},
        {"https://example.org.", "example.org"},
        {"https://[2001:db8::1]:443/", "[2001:db8::1]"},
        {"https:///x", ""},
        {"mailto:a@example.org", NULL},
        {"x", NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *host = url_host(rows[i].url);
        g_test_message("%s", rows[i].url);
        g_assert_cmpstr(host, ==, rows[i].host);
    }
    g_assert_true(url_same_site("www.bank.example", "bank.example"));
    g_assert_true(url_same_site("a.shop.co.uk", "b.shop.co.uk"));
    g_assert_false(url_same_site("shop.co.uk", "evil.co.uk"));
    g_assert_false(url_same_site("bank.example.evil.example", "bank.example"));
    g_assert_false(url_same_site("198.51.100.7", "203.0.100.7"));
}

static void test_counters(void)
{
    static const struct {
        const char *url;
        gboolean counts;
        const char *target;
    } rows[] = {
        {"https://click.shop.example/ls/click?upn=u001.aBcDeFgH1234567890IjKlMnOp", TRUE, NULL},
        {"https://go.shop.example/c?url=https%3A%2F%2Fother.example%2Fsale&x=1", TRUE, "https://other.example/sale"},
        {"https://search.example/url?q=https://target.example/p&sa=D", TRUE, "https://target.example/p"},
        {"https://safelinks.example/?url=https%3A%2F%2Fbank.example%2F", TRUE, "https://bank.example/"},
        {"https://shop.example/login?redirect=https%3A%2F%2Fshop.example%2Fcart", FALSE, NULL},
        {"https://shop.example/orders/10482", FALSE, NULL},
        {"https://links.example/short", FALSE, NULL},
        {"mailto:a@example.org", FALSE, NULL},
        {"https://e/", FALSE, NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *target = NULL;
        g_test_message("%s", rows[i].url);
        g_assert_cmpint(url_counts_clicks(rows[i].url, &target), ==, rows[i].counts);
        g_assert_cmpstr(target, ==, rows[i].target);
    }
    g_assert_true(url_counts_readers("https://open.mail.example/o/Ab12Cd34Ef56Gh78Ij90Kl12Mn34.gif"));
    g_assert_false(url_counts_readers("https://img.example/photos/open.jpg"));
}

static void test_names(void)
{
    static const struct {
        const char *text, *host;
    } rows[] = {
        {"https://www.bank.example/login", "www.bank.example"}, {" www.bank.example ", "www.bank.example"},
        {"bank.example", "bank.example"}, {"bank.com/login", "bank.com"}, {"invoice.pdf", NULL},
        {"Click here", NULL}, {"ana@bank.example", NULL}, {"3.5", NULL}, {"e.g.", NULL}, {"", NULL},
        {"See bank.example", NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *host = url_named_host(rows[i].text);
        g_test_message("%s", rows[i].text);
        g_assert_cmpstr(host, ==, rows[i].host);
    }
}

static char *one_image(const char *id, gpointer data)
{
    return strcmp(id, "a@example.org") == 0 ? g_strdup("data:image/png;base64,QUJD") : NULL;
}

/* Nothing that would be loaded, run or sent is in what a browser gets. */
static void test_browser(void)
{
    static const char html[] =
        "<html><head><base href='https://evil.example/'><link rel=stylesheet href='https://evil.example/s.css'>"
        "<meta http-equiv=refresh content='0;url=https://evil.example/'><style>@import 'https://evil.example/i.css';"
        ".a{background:url(https://evil.example/b.png)} .b{color:red} .c{background:\\75rl(//evil.example)}</style></head>"
        "<body onload='alert(1)' background='https://evil.example/bg.png'><script>alert(2)</script>"
        "<p style='color:green;background-image:url(https://evil.example/c.png);margin:1px' onclick=x>Text &lt;b&gt;</p>"
        "<img src='https://evil.example/t.gif' srcset='https://evil.example/u.gif 2x'><img src='cid:a%40example.org' alt='\"&gt;'>"
        "<img src='cid:b'><img src='data:image/svg+xml;base64,PHN2Zz4='><iframe src='https://evil.example/f'></iframe>"
        "<svg><image href='https://evil.example/s'/></svg><video poster='https://evil.example/v'></video>"
        "<form action='https://evil.example/p'><input name=q><button>B</button></form><object data='https://evil.example/o'></object>"
        "<a href='https://good.example/' ping='https://evil.example/ping'>go</a><a href='javascript:alert(3)'>js</a></body></html>";
    g_autofree char *page = html_for_browser(html, strlen(html), one_image, NULL);
    g_assert_null(strstr(page, "evil.example"));
    g_assert_null(strstr(page, "alert"));
    g_assert_null(strstr(page, "svg"));
    g_assert_null(strstr(page, "<form"));
    g_assert_null(strstr(page, "75rl"));
    g_assert_nonnull(strstr(page, "default-src 'none'"));
    g_assert_nonnull(strstr(page, "src=\"data:image/png;base64,QUJD\""));
    g_assert_nonnull(strstr(page, "Text &lt;b&gt;"));
    g_assert_nonnull(strstr(page, "color:green;"));
    g_assert_nonnull(strstr(page, "href=\"https://good.example/\""));
}

/* A second text of one message goes on counting. */
static void test_numbers(void)
{
    static const char html[] = "<a href='https://x.example/'>x</a>";
    g_autoptr(Rendered) r = render_html_from(html, strlen(html), 7);
    g_autofree char *text = rendered_to_text(r);
    g_assert_cmpstr(text, ==, "x[8]\n\n[8] https://x.example/\n");
    g_assert_cmpuint(((RenderLine *)r->lines->pdata[0])->spans[0].link, ==, 8);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mime/html/hosts", test_hosts);
    g_test_add_func("/mime/html/counters", test_counters);
    g_test_add_func("/mime/html/names", test_names);
    g_test_add_func("/mime/html/browser", test_browser);
    g_test_add_func("/mime/html/numbers", test_numbers);
    return g_test_run();
}
