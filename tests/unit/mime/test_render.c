/* test_render.c - text and HTML to lines. Expected lines are written as
 * KIND QUOTE INDENT FLOW|text, KIND one of t(ext) q(uote) s(ignature) h(eading) p(re) l(inks) c(ard) d(iff) |(table). */
#include <string.h>
#include "html.h"
#include "pintail/mime/render.h"

static char *shown(const Rendered *given)
{
    g_autoptr(Rendered) r = rendered_fit(given, 60);
    static const char kinds[] = "tqshplcd|";
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < r->lines->len; i++) {
        const RenderLine *l = g_ptr_array_index(r->lines, i);
        g_assert_true(g_utf8_validate(l->text, -1, NULL));
        g_assert_null(strchr(l->text, '\n'));
        g_string_append_printf(out, "%c%u%u%c|%s\n", kinds[l->kind], l->quote_depth, l->indent,
                               l->flowed ? 'f' : '-', l->text);
    }
    return g_string_free(out, FALSE);
}

static void assert_plain(const char *text, gboolean flowed, gboolean delsp, const char *expected)
{
    g_autoptr(Rendered) r = render_plain(text, strlen(text), flowed, delsp);
    g_autofree char *got = shown(r);
    g_assert_cmpstr(got, ==, expected);
}

static void test_plain(void)
{
    assert_plain("", FALSE, FALSE, "");
    assert_plain("a\r\nb", FALSE, FALSE, "t00-|a\nt00-|b\n");
    assert_plain("a\n\nb\n", FALSE, FALSE, "t00-|a\nt00-|\nt00-|b\n");
    assert_plain("> a\n>> b\n> > c\n>\nd", FALSE, FALSE,
                 "q10-|a\nq20-|b\nq20-|c\nq10-|\nt00-|d\n");
    assert_plain("a\n-- \nAna\n> x", FALSE, FALSE, "t00-|a\ns00-|-- \ns00-|Ana\nq10-|x\n");
    assert_plain(">From here", FALSE, FALSE, "t00-|From here\n");
    assert_plain("  indented", FALSE, FALSE, "t00-|  indented\n");
    assert_plain(">", FALSE, FALSE, "q10-|\n");
}

static void test_patch(void)
{
    static const char text[] =
        "Please apply.\n---\n a.c | 2 +-\n\ndiff --git a/a.c b/a.c\nindex 1..2 100644\n--- a/a.c\n+++ b/a.c\n"
        "@@ -1,3 +1,3 @@ int f(void)\n one\n--- \n++\n three\n-- \n2.39\n+ not of it\n--- nor this\n";
    static const guint8 levels[] = {0, 0, 0, 0, DIFF_FILE, DIFF_FILE, DIFF_FILE, DIFF_FILE, DIFF_HUNK, DIFF_CONTEXT,
                                    DIFF_REMOVED, DIFF_ADDED, DIFF_CONTEXT, 0, 0, 0, 0};
    g_autoptr(Rendered) r = render_plain(text, strlen(text), FALSE, FALSE);
    g_assert_cmpuint(r->lines->len, ==, G_N_ELEMENTS(levels));
    for (guint i = 0; i < r->lines->len; i++) {
        const RenderLine *l = r->lines->pdata[i];
        g_assert_cmpuint(l->level, ==, levels[i]);
        g_assert_true((l->kind == LINE_DIFF) == (levels[i] != 0));
    }
    g_assert_cmpint(((RenderLine *)r->lines->pdata[13])->kind, ==, LINE_SIGNATURE);
    /* counts that lie, and a patch that ends too early */
    assert_plain("--- a\n+++ b\n@@ -1,99999999999 +1 @@\n", FALSE, FALSE, "d00-|--- a\nd00-|+++ b\nt00-|@@ -1,99999999999 +1 @@\n");
    assert_plain("--- a\n+++ b\n@@ -1,9 +1,9 @@\n x\nend\n+y", FALSE, FALSE,
                 "d00-|--- a\nd00-|+++ b\nd00-|@@ -1,9 +1,9 @@\nd00-| x\nt00-|end\nt00-|+y\n");
    assert_plain("--- a\n+++ b\n@@ -0,0 +1 @@\n+1\n\\ No newline at end of file\nend", FALSE, FALSE,
                 "d00-|--- a\nd00-|+++ b\nd00-|@@ -0,0 +1 @@\nd00-|+1\nd00-|\\ No newline at end of file\nt00-|end\n");
}

static void test_urls(void)
{
    static const char text[] = "Go to https://example.org/a, or write mailto:a@example.org.\n> http://example.com\n";
    g_autoptr(Rendered) r = render_plain(text, strlen(text), FALSE, FALSE);
    const RenderLine *l = r->lines->pdata[0];
    g_assert_cmpuint(l->n_spans, ==, 2);
    g_assert_cmpuint(l->spans[0].start, ==, 6);
    g_assert_cmpuint(l->spans[0].len, ==, strlen("https://example.org/a"));
    g_assert_cmpuint(l->spans[1].len, ==, strlen("mailto:a@example.org"));
    g_assert_cmpint(l->spans[0].style, ==, RENDER_URL);
    l = r->lines->pdata[1];
    g_assert_cmpuint(l->n_spans, ==, 1);
}

static void test_source(void)
{
    static const char text[] = "From: a\r\n> not a quote\n-- \n\n>From x";
    g_autoptr(Rendered) r = render_source(text, strlen(text));
    g_autofree char *got = shown(r);
    g_assert_cmpstr(got, ==, "p00-|From: a\np00-|> not a quote\np00-|-- \np00-|\np00-|>From x\n");
}

static void test_flowed(void)
{
    assert_plain("one \ntwo \nthree\nfour", TRUE, FALSE, "t00f|one two three\nt00f|four\n");
    assert_plain("one \ntwo", TRUE, TRUE, "t00f|onetwo\n");
    assert_plain("> one \n> two\nthree", TRUE, FALSE, "q10f|one two\nt00f|three\n");
    assert_plain("> one \nplain", TRUE, FALSE, "q10f|one \nt00f|plain\n"); /* depth changed */
    assert_plain(" From x\n >y", TRUE, FALSE, "t00f|From x\nt00f|>y\n");    /* space-stuffed */
    assert_plain("a\n-- \nAna\n----- F\nb", FALSE, FALSE, "t00-|a\ns00-|-- \ns00-|Ana\nt00-|----- F\nt00-|b\n");
    assert_plain("a\n-- \nAna\n----- F\nb", TRUE, FALSE, "t00f|a\ns00-|-- \ns00f|Ana\nt00f|----- F\nt00f|b\n");
    assert_plain("bye \n-- \nAna \nC", TRUE, FALSE, "t00f|bye \ns00-|-- \ns00f|Ana C\n");
    assert_plain("a \n", TRUE, FALSE, "t00f|a \n");
    assert_plain("\n", TRUE, FALSE, "t00f|\n");
}

static const struct {
    const char *html, *expected;
} pages[] = {
    {"", ""},
    {"text", "t00f|text\n"},
    {"a  b\n\tc", "t00f|a b c\n"},
    {"<p>a</p><p>b</p>", "t00f|a\nt00-|\nt00f|b\n"},
    {"<div>a</div><div>b</div>", "t00f|a\nt00f|b\n"},
    {"a<br>b<br><br>c", "t00f|a\nt00f|b\nt00-|\nt00f|c\n"},
    {"<p>a</p><p>&nbsp;</p><p></p><p>b</p>", "t00f|a\nt00-|\nt00f|b\n"},
    {"<h2>Title</h2>text", "h00f|Title\nt00-|\nt00f|text\n"},
    {"<b>a</b><i>b</i> <u>c</u>", "t00f|ab c\n"},
    {"&lt;b&gt; &amp; &eacute;", "t00f|<b> & \303\251\n"},
    {"<pre>a  b\n\tc\n\nd</pre>e", "p00-|a  b\np00-|\tc\np00-|\np00-|d\nt00-|\nt00f|e\n"},
    {"<blockquote>a<blockquote>b</blockquote></blockquote>c",
     "q10f|a\nq10-|\nq20f|b\nt00-|\nt00f|c\n"},
    {"<ul><li>a<li>b<ul><li>c</ul></ul>d",
     "t04f|  \342\200\242 a\nt04f|  \342\200\242 b\nt06f|    \342\227\246 c\nt00-|\nt00f|d\n"},
    {"<ol><li>a<li>b</ol>", "t05f|  1. a\nt05f|  2. b\n"},
    {"<ol start=9><li><p>a</p><p>b</p></ol>", "t05f|  9. a\nt00-|\nt05f|     b\n"},
    /* never seen */
    {"<style>x</style><script>y</script><title>z</title>a<!-- b -->", "t00f|a\n"},
    {"<div style='display:none'>x</div>a", "t00f|a\n"},
    {"<div style='DISPLAY : None !important'>x</div>a", "t00f|a\n"},
    {"<span style='font-size:0'>x<b style='font-size:9px'>y</b></span>a", "t00f|ya\n"},
    {"<span style='font-size:0.9em'>x</span>", "t00f|x\n"},
    {"<div style='max-height:0;overflow:hidden'>x</div>a", "t00f|a\n"},
    {"<div style='max-height:0.5em'>x</div>a", "t00f|x\nt00f|a\n"},
    {"<div style='opacity:0'>x</div><div style='visibility:hidden'>y</div><p hidden>z</p>a", "t00f|a\n"},
    {"a\xE2\x80\x8B\xEF\xBB\xBF&shy;b", "t00f|ab\n"},
    {"Hi &zwnj;&nbsp;&zwnj;&nbsp;&#847;&nbsp;<p>a", "t00f|Hi\nt00-|\nt00f|a\n"},
    {"<svg><text>x</text></svg><iframe src=x>y</iframe>a", "t00f|a\n"},
    /* links and images */
    {"<a href='https://x.example/'>go</a>", "t00f|go[1]\nt00-|\nl04-|[1] https://x.example/\n"},
    {"<a href='https://x.example/'>a</a> <a href='https://x.example/'>b</a>",
     "t00f|a[1] b[1]\nt00-|\nl04-|[1] https://x.example/\n"},
    {"<a href='#x'>a</a><a href='javascript:alert(1)'>b</a><a name=q>c</a>", "t00f|abc\n"},
    {"<a href='https://x.example/'></a>a", "t00f|a\n"},
    {"<img src=https://x.example/i alt='A picture'>", "t00f|[A picture]\n"},
    {"<img src=https://x.example/i>a", "t00f|a\n"},
    {"<a href='https://x.example/'><img src=i></a>",
     "t00f|[image][1]\nt00-|\nl04-|[1] https://x.example/\n"},
    /* tables */
    {"<table><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table>",
     "|00-|a  b\n|00-|c  d\n"},
    {"<table><tr><th>a<th>b<th>c<tr><td>1<td><td>3</table>", "|00-|a  b  c\n|00-|─  ─  ─\n|00-|1     3\n"},
    {"<table><tr><td><p>a</p></td><td><div>b</div></td></tr><tr><td><p>c</p></td><td>d</td></tr></table>",
     "|00-|a  b\n|00-|c  d\n"},
    {"<table><tr><td></td><td>a</td><td></td></tr></table>b", "t00f|a\nt00-|\nt00f|b\n"},
    {"<table><tr><td><p>a</p><p>b</p></td><td>c</td></tr></table>",
     "t00f|a\nt00-|\nt00f|b\nt00f|c\n"},
    {"<table><tr><td><table><tr><td>a</td><td>b</td></tr></table></td></tr></table>", "t00f|a | b\n"},
    {"x<table><tr><td>a</td><td>b</td></tr></table>y", "t00f|x\nt00-|\nt00f|a | b\nt00-|\nt00f|y\n"},
    /* broken */
    {"<p>a<div>b</p>c</i></table>", "t00f|a\nt00-|\nt00f|b\nt00-|\nt00f|c\n"},
    {"<b", ""},
    {"a</p", "t00f|a\n"},
    {"\xff<p>x", "t00f|\357\277\275\nt00-|\nt00f|x\n"},
};

static void test_html(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(pages); i++) {
        g_test_message("%s", pages[i].html);
        g_autoptr(Rendered) r = render_html(pages[i].html, strlen(pages[i].html));
        g_autofree char *got = shown(r);
        g_assert_cmpstr(got, ==, pages[i].expected);
    }
}

static void test_counts(void)
{
    static const char html[] = "<img src='http://a.example/1'><img src='//a.example/2'>"
                               "<img src='cid:3'><a href='mailto:a@b.example'>m</a>";
    g_autoptr(Rendered) r = render_html(html, strlen(html));
    g_assert_cmpuint(r->remote_images, ==, 2);
    g_assert_cmpuint(r->links->len, ==, 1);
    g_assert_cmpstr(g_ptr_array_index(r->links, 0), ==, "mailto:a@b.example");
    g_assert_false(r->truncated);
}

/* Documents that cost other programs minutes, gigabytes or the stack. */
static void test_bounded(void)
{
    static const char *const units[] = {
        "<div>", "<b>", "<table><tr><td>", "<ul><li>", "<blockquote>", "<a href=x>", "<font color=%u><p>",
        "<b id=%u><p>", "</p>", "<br>", "x<br>", "<p>", "<", "&", "&amp", "<!--", "<a href=http://%u.example>x</a>",
        "<table>", "<select>", "<template>", "<svg>", "<pre>\n", "<td>", "<i><div>", "<tr><td>a<td>b",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(units); i++) {
        g_autoptr(GString) s = g_string_new(NULL);
        for (guint n = 0; s->len < 400000; n++)
            g_string_append_printf(s, units[i], n);
        gint64 start = g_get_monotonic_time();
        g_autoptr(Rendered) r = render_html(s->str, s->len);
        g_test_message("%s: %u lines, %d ms", units[i], r->lines->len,
                       (int)((g_get_monotonic_time() - start) / 1000));
        g_assert_cmpuint(r->lines->len, <=, 110000);
        g_assert_cmpint(g_get_monotonic_time() - start, <, 20 * G_USEC_PER_SEC);
    }
}

static void test_too_costly_is_still_read(void)
{
    g_autoptr(GString) s = g_string_new(NULL);
    for (guint i = 0; i < 310000; i++)
        g_string_append(s, "<i>");
    g_string_append(s, "<p>the &lt;text&gt;</p><script>no</script>");
    g_assert_null(html_parse(s->str, s->len));
    g_autoptr(Rendered) r = render_html(s->str, s->len);
    g_autofree char *got = shown(r);
    g_assert_nonnull(strstr(got, "the <text>"));
    g_assert_null(strstr(got, "no"));
}

static void test_truncated(void)
{
    g_autoptr(GString) s = g_string_new(NULL);
    for (guint i = 0; i < 200000; i++)
        g_string_append(s, "x\n");
    g_autoptr(Rendered) r = render_plain(s->str, s->len, FALSE, FALSE);
    g_assert_false(r->truncated); /* a log is read whole */
    g_assert_cmpuint(r->lines->len, ==, 200000);
    g_string_prepend(s, "<pre>");
    g_autoptr(Rendered) html = render_html(s->str, s->len);
    g_assert_true(html->truncated);
    g_assert_cmpuint(html->lines->len, ==, 100001);
}

static void assert_text(const char *html, const char *expected)
{
    g_autoptr(Rendered) r = render_html(html, strlen(html));
    g_autofree char *got = rendered_to_text(r);
    g_assert_cmpstr(got, ==, expected);
}

static void test_to_text(void)
{
    assert_text("", "");
    assert_text("<p>a</p><blockquote>b<blockquote>c</blockquote></blockquote>",
                "a\n\n> b\n>\n>> c\n");
    assert_text("<ul><li>aaaa aaaa aaaa aaaa aaaa aaaa aaaa aaaa aaaa aaaa aaaa aaaa aaaa aaaa aaaa</ul>",
                "  \342\200\242 aaaa aaaa aaaa aaaa aaaa aaaa aaaa aaaa aaaa aaaa aaaa aaaa aaaa\n"
                "    aaaa aaaa\n");
    static const char plain[] = "> quoted\n\nmine\n";
    g_autoptr(Rendered) r = render_plain(plain, strlen(plain), FALSE, FALSE);
    g_autofree char *got = rendered_to_text(r);
    g_assert_cmpstr(got, ==, plain);
    /* a word that fits nowhere stays whole */
    g_autofree char *word = g_strnfill(300, 'w');
    g_autofree char *text = g_strdup_printf("a %s b", word);
    g_autofree char *expected = g_strdup_printf("a\n%s\nb\n", word);
    assert_text(text, expected);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mime/render/plain", test_plain);
    g_test_add_func("/mime/render/flowed", test_flowed);
    g_test_add_func("/mime/render/patch", test_patch);
    g_test_add_func("/mime/render/urls", test_urls);
    g_test_add_func("/mime/render/source", test_source);
    g_test_add_func("/mime/render/html", test_html);
    g_test_add_func("/mime/render/counts", test_counts);
    g_test_add_func("/mime/render/bounded", test_bounded);
    g_test_add_func("/mime/render/too-costly", test_too_costly_is_still_read);
    g_test_add_func("/mime/render/truncated", test_truncated);
    g_test_add_func("/mime/render/to-text", test_to_text);
    return g_test_run();
}
