/* test_links.c - addresses in a message, those of its HTML and those that stand in its text. */
#include <string.h>
#include "links.h"

static void check(const char *text, const char *const *expected)
{
    g_autoptr(Rendered) r = render_plain(text, strlen(text), FALSE, FALSE);
    g_autoptr(GPtrArray) links = links_of(r);
    guint n = g_strv_length((char **)expected);
    g_assert_cmpuint(links->len, ==, n);
    for (guint i = 0; i < n; i++)
        g_assert_cmpstr(links->pdata[i], ==, expected[i]);
}

static void test_ends(void)
{
    check("none: ftp://x example.org www.example.org https:// file:///etc/passwd\n", (const char *[]){NULL});
    check("See https://example.org/a?b=c&d=e. Or <http://example.com/>, (https://example.org/x), \"https://q.example\"\n",
          (const char *[]){"https://example.org/a?b=c&d=e", "http://example.com/", "https://example.org/x",
                           "https://q.example", NULL});
    check("https://example.org/wiki/Duck_(bird) is one, mailto:bea@example.com another!\n",
          (const char *[]){"https://example.org/wiki/Duck_(bird)", "mailto:bea@example.com", NULL});
}

static void test_each_once(void)
{
    check("https://example.org/\n> https://example.org/\n> HTTPS://example.com\n",
          (const char *[]){"https://example.org/", "HTTPS://example.com", NULL});
}

static void test_html_keeps_its_numbers(void)
{
    static const char html[] = "<p>https://example.org/first <a href='https://example.com/one'>one</a></p>";
    g_autoptr(Rendered) r = render_html(html, strlen(html));
    g_autoptr(GPtrArray) links = links_of(r);
    g_assert_cmpuint(links->len, ==, 2);
    g_assert_cmpstr(links->pdata[0], ==, "https://example.com/one");
    g_assert_cmpstr(links->pdata[1], ==, "https://example.org/first");
}

static void test_bounded(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < 5000; i++)
        g_string_append_printf(text, "https://example.org/%u ", i);
    g_autoptr(Rendered) r = render_plain(text->str, text->len, FALSE, FALSE);
    g_autoptr(GPtrArray) links = links_of(r);
    g_assert_cmpuint(links->len, ==, 1000);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/links/ends", test_ends);
    g_test_add_func("/links/each-once", test_each_once);
    g_test_add_func("/links/html-numbers", test_html_keeps_its_numbers);
    g_test_add_func("/links/bounded", test_bounded);
    return g_test_run();
}
