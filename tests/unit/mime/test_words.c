/* test_words.c - encoded-words both ways, and parameters. */
#include <string.h>
#include "pintail/mime/part.h"
#include "words.h"

static const struct {
    const char *text, *expected;
} words[] = {
    {"plain", "plain"},
    {"  plain  ", "plain"},
    {"=?utf-8?q?a?=", "a"},
    {"=?UTF-8?Q?a=20b_c?=", "a b c"},
    {"=?utf-8?b?w7w=?=", "\303\274"},
    {"x =?utf-8?q?a?= y", "x a y"},
    {"x=?utf-8?q?a?=y", "xay"},
    /* only blanks between words go */
    {"=?utf-8?q?a?= =?utf-8?q?b?=", "ab"},
    {"=?utf-8?q?a?=\r\n\t=?utf-8?q?b?=", "ab"},
    {"=?utf-8?q?a?==?utf-8?q?b?=", "ab"},
    {"=?utf-8?q?a?= . =?utf-8?q?b?=", "a . b"},
    {"=?utf-8?q?a_?= =?utf-8?q?b?=", "a b"},
    /* a character split between words, both encodings, mixed too */
    {"=?utf-8?q?=C3?= =?utf-8?q?=BC?=", "\303\274"},
    {"=?utf-8?b?4pw=?= =?utf-8?b?kw==?=", "\342\234\223"},
    {"=?utf-8?b?4pw=?= =?UTF-8?q?=93?=", "\342\234\223"},
    /* base64 cut in the middle of a quantum: one sextet belongs to the next word */
    {"=?utf-8?b?w7zD?= =?utf-8?b?tg==?=", "\303\274\303\266"},
    {"=?utf-8?b?YWJjZ?= =?utf-8?b?GVm?=", "abcdef"},
    /* padded in the middle, text behind it, no padding */
    {"=?utf-8?b?YQ==Yg==?=", "ab"},
    {"=?utf-8?b?YQ==?= b", "a b"},
    {"=?utf-8?b?YQ?= =?utf-8?b?Yg?=", "ab"},
    /* charsets */
    {"=?iso-8859-1?q?=E9?=", "\303\251"},
    {"=?windows-1252?q?=80?=", "\342\202\254"},
    {"=?iso-8859-1?q?=80?=", "\342\202\254"},
    {"=?iso-2022-jp?b?GyRCRnxLXBsoQg==?=", "\346\227\245\346\234\254"},
    {"=?gb2312?b?zuLO5A==?=", "\345\220\264\346\255\246"},
    {"=?ks_c_5601-1987?b?x9Gx2w==?=", "\355\225\234\352\270\200"},
    {"=?koi8-r?b?7cnS?=", "\320\234\320\270\321\200"},
    {"=?utf-8*en?q?a?=", "a"},
    {"=?x-nonsense?q?=C3=BC?=", "\303\274"},
    {"=?x-nonsense?q?=FC?=", "\303\274"},
    {"=?utf-8?q?=FF?=", "\357\277\275"},
    {"=?utf-8?q?=00?=", "\357\277\275"},
    {"=?iso-8859-1?q?=E9?= =?utf-8?q?=C3=A9?=", "\303\251\303\251"},
    /* broken, left as they are */
    {"=?utf-8?q?a", "=?utf-8?q?a"},
    {"=?utf-8?x?a?=", "=?utf-8?x?a?="},
    {"=??q?a?=", "=??q?a?="},
    {"=?utf-8?q?", "=?utf-8?q?"},
    {"=?", "=?"},
    {"=", "="},
    {"a =? b ?= c", "a =? b ?= c"},
    /* broken, understood */
    {"=?utf-8?q?a b?=", "a b"},
    {"=?utf-8?b?YW\r\n Jj?=", "abc"},
    {"=?utf-8?q?a=\r\n b?=", "a=b"},
    {"=?utf-8?q?" "?=", ""},
    {"=?utf-8?q?=e?=", "=e"},
    /* unlabelled 8-bit */
    {"gr\303\274n", "gr\303\274n"},
    {"gr\374n", "gr\303\274n"},
    {"\200", "\342\202\254"},
};

static void test_decode(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
        g_autofree char *got = header_decode(words[i].text, strlen(words[i].text));
        g_assert_cmpstr(got, ==, words[i].expected);
    }
}

static void assert_encoded(const char *text, gboolean phrase)
{
    g_autoptr(GString) out = g_string_new("Subject: ");
    gsize column = out->len;
    words_encode(out, text, &column, phrase);
    g_auto(GStrv) lines = g_strsplit(out->str, "\r\n", -1);
    for (guint i = 0; lines[i]; i++) {
        g_assert_cmpuint(strlen(lines[i]), <=, 78);
        g_assert_true(i == 0 || lines[i][0] == ' ');
        g_assert_true(i == 0 || strspn(lines[i], " \t") < strlen(lines[i]));
        g_assert_null(strpbrk(lines[i], "\r\n"));
        for (const char *p = lines[i]; *p; p++)
            g_assert_cmpint((guchar)*p, <, 0x80);
        for (const char *p = strstr(lines[i], "=?UTF-8"); p; p = strstr(p + 10, "=?UTF-8"))
            g_assert_cmpint(strstr(p + 10, "?=") - p + 2, <=, 75);
    }
    g_autofree char *back = header_decode(out->str + 9, out->len - 9);
    g_autofree char *wanted = g_strdup(text);
    g_strstrip(g_strdelimit(wanted, "\r\n\t", ' '));
    if (!phrase)
        g_assert_cmpstr(back, ==, wanted);
}

static void test_encode(void)
{
    static const char *const texts[] = {
        "", "plain", "two words", "gr\303\274n", "a =?utf-8?q?b?= c", "x  y",
        "\346\227\245\346\234\254\350\252\236\343\201\256\344\273\266\345\220\215\343\201\214"
        "\351\225\267\343\201\204\343\201\250\343\201\215\343\200\201\346\212\230\343\202\212"
        "\350\277\224\343\201\227\343\201\214\345\277\205\350\246\201\343\201\247\343\201\231",
        "a line\r\nBcc: x@example.org", "ends in \303\274",
        "\303\274ber alle Berge und durch alle T\303\244ler f\303\274hrt ein Weg, den niemand kennt au\303\237er "
        "denen, die ihn schon einmal gegangen sind, und die sagen nichts",
        "a plain subject that is rather long and so has to be folded at a blank somewhere near "
        "column seventy six of the line",
        "averyveryveryverylongwordwithoutanyblankinitthatdoesnotfitonalineofseventyeightcharacters"
        "averyveryveryverylongwordwithoutanyblankinitthatdoesnotfitonalineofseventyeightcharacters",
        "\360\237\230\200 \360\237\230\201 ok \360\237\230\202",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        assert_encoded(texts[i], FALSE);
        assert_encoded(texts[i], TRUE);
    }
}

/* Text of every length around the fold. */
static void test_encode_lengths(void)
{
    for (guint n = 0; n < 160; n++) {
        g_autoptr(GString) s = g_string_new(NULL);
        for (guint i = 0; i < n; i++)
            g_string_append(s, i % 7 == 6 ? " " : i % 5 == 0 ? "\303\251" : "e");
        g_autofree char *stripped = g_strstrip(g_strdup(s->str));
        assert_encoded(stripped, FALSE);
    }
}

static void test_decode_linear(void)
{
    static const char *const units[] = {"=?", "=?a?q?", "=?a?q?x ", "=?a?b?YQ", "?=", "=?a?q?b?= ", "="};
    for (gsize i = 0; i < G_N_ELEMENTS(units); i++) {
        g_autoptr(GString) s = g_string_new(NULL);
        while (s->len < 1000000)
            g_string_append(s, units[i]);
        gint64 start = g_get_monotonic_time();
        g_autofree char *got = header_decode(s->str, s->len);
        g_assert_nonnull(got);
        g_assert_cmpint(g_get_monotonic_time() - start, <, 10 * G_USEC_PER_SEC);
    }
}

static const struct {
    const char *value, *main, *name, *expected; /* expected NULL: there is none */
} params[] = {
    {"text/plain; charset=utf-8", "text/plain", "charset", "utf-8"},
    {"text/plain; charset=\"utf-8\"", "text/plain", "charset", "utf-8"},
    {"text/plain;charset = utf-8 ; x=y", "text/plain", "x", "y"},
    {"text/plain; charset=utf-8 (comment)", "text/plain", "charset", "utf-8"},
    {"(a) text (b) / (c) plain (d); charset=x", "text/plain", "charset", "x"},
    {"text/plain", "text/plain", "charset", NULL},
    {"text/plain;", "text/plain", "charset", NULL},
    {"text/plain; charset", "text/plain", "charset", NULL},
    {"text/plain; charset=", "text/plain", "charset", ""},
    {"text/plain; ;; = ; charset=x", "text/plain", "charset", "x"},
    {"text/plain charset=x", "text/plain", "charset", "x"},
    {"text/plain; a=b charset=x", "text/plain", "charset", "x"},
    {"\"text/plain\"; charset=x", "text/plain", "charset", "x"},
    {"attachment; filename=two words.txt", "attachment", "filename", "two words.txt"},
    {"attachment; filename=\"a\\\"b\\\\c\"", "attachment", "filename", "a\"b\\c"},
    {"attachment; filename=\"C:\\dir\\file\"", "attachment", "filename", "C:\\dir\\file"},
    {"attachment; filename=\"open", "attachment", "filename", "open"},
    {"attachment; filename=\"a\r\n b\"", "attachment", "filename", "a b"},
    {"attachment; filename==?utf-8?q?=C3=BC?=.txt", "attachment", "filename", "\303\274.txt"},
    {"attachment; filename=\"=?utf-8?q?=C3=BC?=\"", "attachment", "filename", "\303\274"},
    {"attachment; filename=gr\374n", "attachment", "filename", "gr\303\274n"},
    /* RFC 2231 */
    {"x/y; title*=us-ascii'en-us'This%20is%20%2A", "x/y", "title", "This is *"},
    {"x/y; n*0=ab; n*1=cd", "x/y", "n", "abcd"},
    {"x/y; n*1=cd; n*0=ab", "x/y", "n", "abcd"},
    {"x/y; n*0*=utf-8''%C3; n*1*=%BC; n*2=\"%41\"", "x/y", "n", "\303\274%41"},
    {"x/y; n*=iso-8859-1''%FC", "x/y", "n", "\303\274"},
    {"x/y; n*=nonsense''%C3%BC", "x/y", "n", "\303\274"},
    {"x/y; n*=%C3%BC", "x/y", "n", "\303\274"},
    {"x/y; n=plain; n*=utf-8''%C3%BC", "x/y", "n", "\303\274"},
    {"x/y; n*=utf-8''it%27s%20'quoted'", "x/y", "n", "it's 'quoted'"},
    {"x/y; n*=utf-8''%", "x/y", "n", "%"},
    {"x/y; n*10=c; n*2=b; n*0=a", "x/y", "n", "abc"},
    {"x/y; n*0*=utf-8''a; n*0*=utf-8''b", "x/y", "n", "ab"},
    {"", "", "n", NULL},
    {";n=1", "", "n", "1"},
};

static void test_params(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(params); i++) {
        Params p;
        params_init(&p, span_of(params[i].value));
        g_test_message("%s", params[i].value);
        g_assert_cmpstr(p.main, ==, params[i].main);
        g_assert_cmpstr(params_get(&p, params[i].name), ==, params[i].expected);
        params_clear(&p);
    }
}

static void test_params_round_trip(void)
{
    static const char *const values[] = {
        "report.pdf", "two words.txt", "a\"b\\c", "gr\303\274n.txt", "\346\227\245\346\234\254.txt",
        "a;b=c", "100%.txt", "it's",
        "a-very-long-name-of-a-file-that-does-not-fit-on-one-line-of-a-header-and-is-split-up.txt",
        "\303\244\303\266\303\274\303\244\303\266\303\274\303\244\303\266\303\274\303\244\303\266\303\274"
        "\303\244\303\266\303\274\303\244\303\266\303\274\303\244\303\266\303\274.txt",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(values); i++) {
        g_autoptr(GString) out = g_string_new("attachment");
        params_encode(out, "filename", values[i]);
        g_auto(GStrv) lines = g_strsplit(out->str, "\r\n", -1);
        for (guint k = 0; lines[k]; k++)
            g_assert_cmpuint(strlen(lines[k]), <=, 78);
        Params p;
        params_init(&p, span_new(out->str, out->len));
        g_assert_cmpstr(params_get(&p, "filename"), ==, values[i]);
        params_clear(&p);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mime/words/decode", test_decode);
    g_test_add_func("/mime/words/decode-linear", test_decode_linear);
    g_test_add_func("/mime/words/encode", test_encode);
    g_test_add_func("/mime/words/encode-lengths", test_encode_lengths);
    g_test_add_func("/mime/params/decode", test_params);
    g_test_add_func("/mime/params/round-trip", test_params_round_trip);
    return g_test_run();
}
