/* test_codec.c - transfer encodings and charsets. */
#include <string.h>
#include "charset.h"
#include "codec.h"
#include "pintail/mime/part.h"

static void assert_decoded(PartEncoding encoding, const char *text, const char *expected)
{
    g_autoptr(GBytes) b = part_decode(encoding, span_of(text));
    gsize len;
    const char *data = g_bytes_get_data(b, &len);
    g_autofree char *got = g_strndup(data ? data : "", len);
    g_assert_cmpstr(got, ==, expected);
}

static void test_base64(void)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"", ""},
        {"YWJj", "abc"},
        {"YWI=", "ab"},
        {"YQ==", "a"},
        {"YWJj\r\nZGVm\r\n", "abcdef"},
        {"  Y W\tJ j ", "abc"},
        {"YW!Jj", "abc"},
        {"YWI", "ab"},
        {"YQ", "a"},
        {"Y", ""},
        {"YQ==\r\nYWJj\r\n", "aabc"}, /* two pieces after each other */
        {"YWI=\r\n_______________\r\nlist mailing list\r\n", "ab"},
        {"YWI=\r\nthis is a footer\r\n", "ab"},
        {"====", ""},
        {"=YWJj", "abc"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        assert_decoded(PART_ENCODING_BASE64, cases[i].text, cases[i].expected);
}

static void test_yenc(void)
{
    assert_decoded(PART_ENCODING_YENC, "=ybegin line=4 size=3 name=a\r\n\x8b\x8c=}\r\n=yend size=3\r\n", "ab\x13");
    assert_decoded(PART_ENCODING_YENC, "=ybegin part=1 line=4 size=2 name=a\n=ypart begin=1 end=2\n\x8b\n\x8c", "ab");
    assert_decoded(PART_ENCODING_YENC, "\x8b=", "a\x13"); /* cut behind the escape */
}

static void test_quoted_printable(void)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"", ""},
        {"plain\r\ntext", "plain\r\ntext"},
        {"a=3Db", "a=b"},
        {"a=3db", "a=b"},
        {"soft=\r\nbreak", "softbreak"},
        {"soft=\nbreak", "softbreak"},
        {"soft=  \r\nbreak", "softbreak"},
        {"end=", "end"},
        {"blanks  \t\r\nat end  ", "blanks\r\nat end"},
        {"in  the middle", "in  the middle"},
        {"=XY=4", "=XY=4"},
        {"a_b", "a_b"},
        {"=\r\n=\r\n", ""},
        {"==3D", "=="},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        assert_decoded(PART_ENCODING_QUOTED_PRINTABLE, cases[i].text, cases[i].expected);
}

static void test_uuencode(void)
{
    static const char whole[] = "begin 644 a.txt\n%:&5L;&\\\n`\nend\n";
    assert_decoded(PART_ENCODING_UUENCODE, whole, "hello");
    assert_decoded(PART_ENCODING_UUENCODE, "text before\n\nbegin 644 a.txt\n%:&5L;&\\\n`\nend\nafter", "hello");
    assert_decoded(PART_ENCODING_UUENCODE, "begin 644 a.txt\r\n%:&5L;&\\\r\n \r\nend\r\n", "hello");
    assert_decoded(PART_ENCODING_UUENCODE, "begin 644 a.txt\n%:&5L;&\\\n", "hello");
    assert_decoded(PART_ENCODING_UUENCODE, "no begin here\n%:&5L;&\\\n", "");
    UuFile f;
    Span text = SPAN_LITERAL("Hello\nbegin the day with\nbegin 644 my file.txt\n%:&5L;&\\\n`\nend\nbye\n");
    g_assert_true(uu_find(text, 0, &f));
    g_autofree char *name = span_dup(f.name), *all = span_dup(f.whole);
    g_assert_cmpstr(name, ==, "my file.txt");
    g_assert_cmpstr(all, ==, "begin 644 my file.txt\n%:&5L;&\\\n`\nend\n");
    g_assert_false(uu_find(text, (gsize)(f.whole.at - text.at) + f.whole.len, &f));
    Span prose = SPAN_LITERAL("begin 644 people came\nand went away again, all of them in the rain\n");
    g_assert_false(uu_find(prose, 0, &f));
}

static void test_encode_round_trip(void)
{
    guint32 seed = 3;
    for (gsize len = 0; len < 300; len++) {
        g_autoptr(GString) raw = g_string_new(NULL), b64 = g_string_new(NULL);
        for (gsize i = 0; i < len; i++) {
            seed = seed * 1664525u + 1013904223u;
            g_string_append_c(raw, (char)(seed >> 24));
        }
        base64_encode_lines(b64, span_new(raw->str, raw->len));
        g_autoptr(GBytes) back = part_decode(PART_ENCODING_BASE64, span_new(b64->str, b64->len));
        gsize n;
        const char *data = g_bytes_get_data(back, &n);
        g_assert_cmpmem(data, n, raw->str, raw->len);
        /* text: no CR of its own; line ends come back as CRLF */
        g_autoptr(GString) text = g_string_new(NULL), wanted = g_string_new(NULL),
                           qp = g_string_new(NULL);
        for (gsize i = 0; i < raw->len; i++) {
            char c = raw->str[i] == '\r' ? ' ' : i % 37 == 36 ? '\n' : raw->str[i];
            g_string_append_c(text, c);
            g_string_append(wanted, c == '\n' ? "\r" : "");
            g_string_append_c(wanted, c);
        }
        qp_encode_text(qp, span_new(text->str, text->len));
        g_autoptr(GBytes) plain =
            part_decode(PART_ENCODING_QUOTED_PRINTABLE, span_new(qp->str, qp->len));
        data = g_bytes_get_data(plain, &n);
        g_assert_cmpmem(data, n, wanted->str, wanted->len);
        g_auto(GStrv) lines = g_strsplit(qp->str, "\r\n", -1);
        for (guint i = 0; lines[i]; i++)
            g_assert_cmpuint(strlen(lines[i]), <=, 76);
    }
}

static void test_qp_protects_line_starts(void)
{
    g_autoptr(GString) qp = g_string_new(NULL);
    qp_encode_text(qp, SPAN_LITERAL("From here\n.\n.. dots\nend \n"));
    g_assert_cmpstr(qp->str, ==, "=46rom here\r\n=2E\r\n=2E. dots\r\nend=20\r\n");
}

static const struct {
    const char *bytes, *charset, *expected, *guessed;
} charsets[] = {
    {"abc", "us-ascii", "abc", "UTF-8"},
    {"\303\274", "utf-8", "\303\274", NULL},
    {"\303\274", "\"UTF8\"", "\303\274", NULL},
    {"\374", "ISO-8859-1", "\303\274", NULL},
    {"\200", "iso-8859-1", "\342\202\254", NULL},
    {"\344", "iso_8859-15", "\303\244", NULL},
    {"\244", "ISO-8859-15", "\342\202\254", NULL},
    {"\333", "windows-1257", "\305\252", NULL},
    {"\317\360", "cp-1251", "\320\237\321\200", NULL},
    {"\371\354", "iso-8859-8-i", "\327\251\327\234", NULL},
    {"\223\372", "Shift_JIS", "\346\227\245", NULL},
    {"\244\242", "euc-jp", "\343\201\202", NULL},
    {"\244\244", "big5", "\344\270\255", NULL},
    {"\326\320", "gb2312", "\344\270\255", NULL},
    {"\033$B$\"\033(B", "iso-2022-jp", "\343\201\202", NULL},
    {"+AOk-", "utf-7", "\303\251", NULL},
    /* no label, a wrong one, one that nobody knows */
    {"\303\274", "", "\303\274", "UTF-8"},
    {"\374", "", "\303\274", "windows-1252"},
    {"\033$B$\"\033(B", "", "\343\201\202", "ISO-2022-JP"},
    {"\374", "us-ascii", "\303\274", "windows-1252"},
    {"\303\274", "x-nonsense", "\303\274", "UTF-8"},
    {"\374", "x-nonsense", "\303\274", "windows-1252"},
    {"gr\374n", "utf-8", "gr\303\274n", "windows-1252"},
    {"\303\274 \374", "utf-8", "\303\274 \357\277\275", NULL},
    {"\326", "gb2312", "\357\277\275", NULL},
};

static void test_charsets(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(charsets); i++) {
        const char *guessed = "unset";
        g_test_message("%s", charsets[i].charset);
        g_autofree char *got =
            charset_to_utf8(span_of(charsets[i].bytes), charsets[i].charset, &guessed);
        g_assert_cmpstr(got, ==, charsets[i].expected);
        g_assert_cmpstr(guessed, ==, charsets[i].guessed);
    }
}

/* Longer than any buffer, so that every seam is crossed; and bytes that are none. */
static void test_charset_long(void)
{
    static const char *const names[] = {"gb2312", "iso-2022-jp", "utf-16", "utf-7", "big5",
                                        "euc-kr", "shift_jis", "koi8-r", "cp437"};
    for (gsize n = 0; n < G_N_ELEMENTS(names); n++) {
        g_autoptr(GString) s = g_string_new(NULL);
        guint32 seed = (guint32)n + 1;
        while (s->len < 20000) {
            seed = seed * 1664525u + 1013904223u;
            g_string_append_c(s, (char)(seed >> 24));
        }
        g_autofree char *got = charset_to_utf8(span_new(s->str, s->len), names[n], NULL);
        g_assert_true(g_utf8_validate(got, -1, NULL));
        g_assert_cmpuint(strlen(got), >, 1000);
    }
    g_autoptr(GString) chinese = g_string_new(NULL);
    for (guint i = 0; i < 5000; i++)
        g_string_append(chinese, "\326\320");
    g_autofree char *got = charset_to_utf8(span_new(chinese->str, chinese->len), "gbk", NULL);
    g_assert_cmpuint(g_utf8_strlen(got, -1), ==, 5000);
}

static void test_nul(void)
{
    g_autofree char *got = charset_to_utf8(SPAN_LITERAL("a\0b"), "utf-8", NULL);
    g_assert_cmpstr(got, ==, "a\357\277\275b");
    g_autofree char *latin = charset_to_utf8(SPAN_LITERAL("a\0b\374"), "iso-8859-1", NULL);
    g_assert_cmpstr(latin, ==, "a\357\277\275b\303\274");
    g_autofree char *none = charset_to_utf8(SPAN_NONE, "utf-8", NULL);
    g_assert_cmpstr(none, ==, "");
}

static void test_html_meta(void)
{
    g_autofree char *a = charset_of_html(SPAN_LITERAL("<html><META Charset='KOI8-R'>"));
    g_autofree char *b = charset_of_html(SPAN_LITERAL(
        "<meta name=x><meta http-equiv=Content-Type content=\"text/html; charset=gb2312\">"));
    g_assert_cmpstr(a, ==, "koi8-r");
    g_assert_cmpstr(b, ==, "gb2312");
    g_assert_null(charset_of_html(SPAN_LITERAL("<p>charset=x</p>")));
    g_assert_null(charset_of_html(SPAN_NONE));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mime/codec/base64", test_base64);
    g_test_add_func("/mime/codec/quoted-printable", test_quoted_printable);
    g_test_add_func("/mime/codec/uuencode", test_uuencode);
    g_test_add_func("/mime/codec/round-trip", test_encode_round_trip);
    g_test_add_func("/mime/codec/line-starts", test_qp_protects_line_starts);
    g_test_add_func("/mime/charset/known", test_charsets);
    g_test_add_func("/mime/charset/long", test_charset_long);
    g_test_add_func("/mime/charset/nul", test_nul);
    g_test_add_func("/mime/charset/html-meta", test_html_meta);
    g_test_add_func("/mime/codec/yenc", test_yenc);
    return g_test_run();
}
