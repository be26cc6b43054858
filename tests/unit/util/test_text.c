/* test_text.c - nothing dangerous comes out of printable_next(), and columns add up. */
#include <locale.h>
#include <string.h>
#include <utf8proc.h>
#include "pintail/util/text.h"

/* What every grapheme must satisfy, whatever went in. */
static void check_grapheme(const Grapheme *g, gsize len)
{
    g_assert_cmpuint(g->bytes, >=, 1);
    g_assert_cmpuint(g->bytes, <=, len);
    g_assert_true(g->width == 1 || g->width == 2);
    gsize size = strnlen(g->text, sizeof g->text);
    g_assert_cmpuint(size, >, 0);
    g_assert_cmpuint(size, <, sizeof g->text);
    g_assert_true(g_utf8_validate(g->text, (gssize)size, NULL));
    int points = 0;
    for (const char *p = g->text; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        points++;
        if (c == 0xfffd)
            continue;
        utf8proc_category_t k = utf8proc_category((utf8proc_int32_t)c);
        g_assert_true(k != UTF8PROC_CATEGORY_CC && k != UTF8PROC_CATEGORY_CF &&
                      k != UTF8PROC_CATEGORY_CO && k != UTF8PROC_CATEGORY_CN &&
                      k != UTF8PROC_CATEGORY_CS && k != UTF8PROC_CATEGORY_ZL &&
                      k != UTF8PROC_CATEGORY_ZP);
        g_assert_false(c >= 0xfe00 && c <= 0xfe0f);
    }
    g_assert_cmpint(points, <=, 5);
}

static void expect(const char *in, const char *out, guint width)
{
    g_autofree char *got = printable_text(in, strlen(in), FALSE);
    g_assert_cmpstr(got, ==, out);
    g_assert_cmpuint(text_width(in, -1), ==, width);
    for (gsize at = 0, len = strlen(in); at < len;) {
        Grapheme g = printable_next(in + at, len - at);
        check_grapheme(&g, len - at);
        at += g.bytes;
    }
}

static void test_every_byte(void)
{
    for (int b = 0; b < 256; b++) {
        char one[] = {(char)b};
        Grapheme g = printable_next(one, 1);
        check_grapheme(&g, 1);
        g_assert_cmpuint(g.width, ==, 1);
        g_assert_cmpuint(g.bytes, ==, 1);
        if (b >= 0x20 && b < 0x7f) {
            g_assert_cmpint(g.text[0], ==, b);
            g_assert_cmpint(g.text[1], ==, 0);
        }
        if (b >= 0x80)
            g_assert_cmpstr(g.text, ==, "\xef\xbf\xbd");
        /* Before and after letters, each byte is still one cell of its own. */
        char three[] = {'a', (char)b, 'z'};
        gsize at = 0;
        int cells = 0;
        while (at < sizeof three) {
            g = printable_next(three + at, sizeof three - at);
            check_grapheme(&g, sizeof three - at);
            at += g.bytes;
            cells++;
        }
        g_assert_cmpint(cells, ==, 3);
    }
}

static void test_byte_pairs(void)
{
    for (int a = 0; a < 256; a++) {
        for (int b = 0; b < 256; b++) {
            char two[] = {(char)a, (char)b};
            for (gsize at = 0; at < 2;) {
                Grapheme g = printable_next(two + at, 2 - at);
                check_grapheme(&g, 2 - at);
                at += g.bytes;
            }
        }
    }
}

static void test_every_character(void)
{
    for (gunichar c = 0; c <= 0x10ffff; c++) {
        if (c >= 0xd800 && c <= 0xdfff)
            continue;
        char text[8] = {'x'};
        int len = 1 + g_unichar_to_utf8(c, text + 1);
        Grapheme alone = printable_next(text + 1, (gsize)len - 1);
        check_grapheme(&alone, (gsize)len - 1);
        g_assert_cmpuint(alone.bytes, ==, len - 1);
        Grapheme behind = printable_next(text, (gsize)len);
        check_grapheme(&behind, (gsize)len);
        g_assert_cmpint(behind.text[0] == 'x' || (guchar)behind.text[0] >= 0xc0, ==, TRUE);
    }
}

static void test_controls(void)
{
    expect("a\tb", "a b", 3);
    expect("\x1b[31mred", "␛[31mred", 8);
    expect("\a\b\r\n", "␇␈␍␊", 4);
    expect("\x7f", "␡", 1);
    expect("\xc2\x9b" "31m", "\xef\xbf\xbd" "31m", 4); /* CSI as C1 in UTF-8 */
    expect("\x9b" "31m", "\xef\xbf\xbd" "31m", 4);     /* and as a raw byte */
    expect("\xc2\x85", "\xef\xbf\xbd", 1);
    expect("\xe2\x80\xa8\xe2\x80\xa9", "\xef\xbf\xbd\xef\xbf\xbd", 2); /* U+2028/9 */
    Grapheme nul = printable_next("\0x", 2);
    g_assert_cmpstr(nul.text, ==, "␀");
    g_assert_cmpuint(nul.bytes, ==, 1);
    /* ESC followed by a mark: the mark does not hide it */
    expect("\x1b\xcc\x81", "␛◌́", 2);
}

static void test_broken_utf8(void)
{
    expect("\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd", 2);         /* overlong "/" */
    expect("\xe0\x80\x9b", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", 3); /* overlong ESC */
    expect("\xf0\x80\x80\x9b", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", 4);
    expect("\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", 3); /* surrogate */
    expect("\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", 4);
    expect("\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd", 2); /* cut off */
    expect("\xe2\x82q", "\xef\xbf\xbd\xef\xbf\xbdq", 3);
    expect("a\xcc", "a\xef\xbf\xbd", 2);
    /* The length rules, not a byte behind it. */
    Grapheme g = printable_next("\xc3\xa9", 1);
    g_assert_cmpstr(g.text, ==, "\xef\xbf\xbd");
    g = printable_next("e\xcc\x81", 2);
    g_assert_cmpstr(g.text, ==, "e");
    g_assert_cmpuint(g.bytes, ==, 1);
}

static void test_bidi(void)
{
    /* Overrides and embeddings show; marks and isolates go. */
    expect("exe\xe2\x80\xaegpj", "exe\xef\xbf\xbdgpj", 7);
    expect("\xe2\x80\xaa\xe2\x80\xab\xe2\x80\xac\xe2\x80\xad",
           "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", 4);
    expect("\xe2\x81\xa6" "abc\xe2\x81\xa9" "d", "abcd", 4);
    expect("a\xe2\x80\x8f" "b\xe2\x80\x8e" "c\xd8\x9c", "abc", 3);
    expect("محمد علي", "محمد علي", 8);
    expect("שלום", "שלום", 4);
}

static void test_left_out(void)
{
    expect("co\xc2\xadop\xe2\x80\x8b" "er\xef\xbb\xbf" "ate", "cooperate", 9);
    expect("\xef\xbb\xbfstart", "start", 5);
    /* Nothing but those: something has to be drawn, and it is a blank. */
    Grapheme g = printable_next("\xe2\x80\x8b\xe2\x80\x8c", 6);
    g_assert_cmpstr(g.text, ==, " ");
    g_assert_cmpuint(g.bytes, ==, 6);
    /* A newline behind them is not swallowed. */
    g_autofree char *lines = printable_text("\xe2\x80\x8b\nx", 5, TRUE);
    g_assert_cmpstr(lines, ==, " \nx");
    /* Preheader padding: linear and gone. */
    GString *pad = g_string_new("Hi");
    for (int i = 0; i < 20000; i++)
        g_string_append(pad, "\xcd\x8f\xe2\x80\x8c\xc2\xad");
    g_string_append(pad, "there");
    expect(pad->str, "Hithere", 7);
    g_string_free(pad, TRUE);
    /* No-break and thin blanks are blanks. */
    expect("a\xc2\xa0" "b\xe2\x80\xaf" "c\xe2\x80\x89" "d", "a b c d", 7);
}

static void test_marks(void)
{
    expect("e\xcc\x81", "é", 1);      /* composed */
    expect("\xc3\xa9", "é", 1);
    expect("n\xcc\x83" "o", "ño", 2);
    expect("q\xcc\x81", "q\xcc\x81", 1); /* no such letter: kept apart, in one cell */
    expect("\xcc\x81" "a", "◌́a", 2);     /* a mark alone */
    expect("Z\xcc\x81\xcc\x82\xcc\x83\xcc\x84\xcc\x85\xcc\x86\xcc\x87",
           "Ź\xcc\x82\xcc\x83\xcc\x84", 1); /* zalgo: four marks, the rest dropped */
    GString *zalgo = g_string_new("x");
    for (int i = 0; i < 50000; i++)
        g_string_append(zalgo, "\xcc\xb6");
    g_assert_cmpuint(text_width(zalgo->str, -1), ==, 1);
    g_string_free(zalgo, TRUE);
    expect("नमस्ते", "नमस्ते", 4); /* spacing vowel signs have cells, virama has none */
    expect("ภาษาไทย", "ภาษาไทย", 7);
    expect("\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab", "한", 2); /* conjoining jamo */
}

static void test_wide(void)
{
    expect("山田太郎", "山田太郎", 8);
    expect("한국어", "한국어", 6);
    expect("ｱｲ", "ｱｲ", 2);
    expect("Ａ", "Ａ", 2);
    expect("\xe3\x80\x80", "\xe3\x80\x80", 2); /* ideographic space */
    expect("か\xe3\x82\x99", "が", 2);
    Grapheme g = printable_next("数字", 6);
    g_assert_cmpuint(g.bytes, ==, 3);
    g_assert_cmpuint(g.width, ==, 2);
}

static void test_emoji(void)
{
    expect("😀", "😀", 2);
    expect("👩\xe2\x80\x8d👩\xe2\x80\x8d👧\xe2\x80\x8d👦!", "👩!", 3); /* a family: its first */
    expect("👍🏽x", "👍x", 3);
    expect("🏽", "🏽", 2); /* a skin tone alone */
    expect("❤\xef\xb8\x8f", "❤", 1);
    expect("🏳\xef\xb8\x8f\xe2\x80\x8d🌈.", "🏳.", 2);
    expect("🧑🏿\xe2\x80\x8d🚀", "🧑", 2);
    expect("🇩🇪", "🇩🇪", 2); /* two cells, one letter each */
    /* England: a flag with tags; the same tags without a flag are shown */
    expect("🏴\xf3\xa0\x81\xa7\xf3\xa0\x81\xa2\xf3\xa0\x81\xbf", "🏴", 2);
    expect("a\xf3\xa0\x81\xa7", "a\xef\xbf\xbd", 2);
    /* A ZWJ between letters joins nothing. */
    expect("a\xe2\x80\x8d😀", "a😀", 3);
    /* The whole family is one step. */
    const char *family = "👩\xe2\x80\x8d👧";
    g_assert_cmpuint(printable_next(family, strlen(family)).bytes, ==, strlen(family));
}

static void test_private(void)
{
    expect("\xee\x80\x80", "\xef\xbf\xbd", 1);
    expect("\xf3\xb0\x80\x80", "\xef\xbf\xbd", 1);
    expect("\xef\xbf\xbf", "\xef\xbf\xbd", 1);     /* noncharacter */
    expect("\xef\xbf\xb9", "\xef\xbf\xbd", 1);     /* interlinear annotation */
}

static void test_random(void)
{
    g_autoptr(GRand) r = g_rand_new_with_seed(20261119);
    static const char *const bits[] = {"a", "é", "\xcc\x81", "\xe2\x80\x8d", "😀", "🏽", "山",
                                       "\x1b", "\xff", "\xe2\x80\xae", "\n", "\xc2\x9b", "\xe2",
                                       "\xf0\x9f", "🇩", "\xef\xb8\x8f", "\xf3\xa0\x81\xa7"};
    for (int round = 0; round < 3000; round++) {
        g_autoptr(GString) in = g_string_new(NULL);
        for (int n = g_rand_int_range(r, 1, 30); n > 0; n--)
            g_string_append(in, bits[g_rand_int_range(r, 0, G_N_ELEMENTS(bits))]);
        guint cells = 0;
        for (gsize at = 0; at < in->len;) {
            /* An exact heap copy, so that a read behind the end is caught. */
            g_autofree char *exact = g_memdup2(in->str + at, in->len - at);
            Grapheme g = printable_next(exact, in->len - at);
            check_grapheme(&g, in->len - at);
            at += g.bytes;
            cells += g.width;
        }
        g_assert_cmpuint(text_width(in->str, (gssize)in->len), ==, cells);
        /* What is printable stays as it is and as wide as it is. */
        g_autofree char *once = printable_text(in->str, in->len, FALSE);
        g_autofree char *twice = printable_text(once, strlen(once), FALSE);
        g_assert_cmpuint(text_width(twice, -1), <=, text_width(once, -1));
    }
}

static void test_fit(void)
{
    guint used;
    g_assert_cmpuint(text_fit("abcdef", -1, 3, &used), ==, 3);
    g_assert_cmpuint(used, ==, 3);
    g_assert_cmpuint(text_fit("山田太郎", -1, 5, &used), ==, 6); /* no half character */
    g_assert_cmpuint(used, ==, 4);
    g_assert_cmpuint(text_fit("abc", -1, 10, NULL), ==, 3);
    g_assert_cmpuint(text_fit("", -1, 10, &used), ==, 0);
    g_assert_cmpuint(used, ==, 0);
    g_assert_cmpuint(text_fit("e\xcc\x81x", -1, 1, &used), ==, 3); /* marks go with their letter */
    g_assert_cmpuint(text_fit("abc", 2, 10, NULL), ==, 2);
}

static void clip(const char *in, guint cells, gboolean pad, const char *out)
{
    g_autofree char *got = text_clip(in, cells, pad);
    g_assert_cmpstr(got, ==, out);
    if (pad)
        g_assert_cmpuint(text_width(got, -1), ==, cells);
}

static void test_clip(void)
{
    clip("hello", 5, FALSE, "hello");
    clip("hello", 4, FALSE, "hel…");
    clip("hello", 8, TRUE, "hello   ");
    clip("hello", 1, TRUE, "…");
    clip("hello", 0, TRUE, "");
    clip("", 3, TRUE, "   ");
    clip("山田太郎", 6, TRUE, "山田… ");
    clip("山田太郎", 8, TRUE, "山田太郎");
    clip("a\x1b[2J", 4, FALSE, "a␛[…");
    clip("a\nb", 9, FALSE, "a␊b");
}

static void test_newlines(void)
{
    g_autofree char *text = printable_text("a\r\nb\n\n\tc\r", 9, TRUE);
    g_assert_cmpstr(text, ==, "a\nb\n\n c␍");
    g_autofree char *empty = printable_text("", 0, TRUE);
    g_assert_cmpstr(empty, ==, "");
}

static void test_make_valid(void)
{
    g_autofree char *a = text_make_valid("gr\xfc\xdf" "e", 5);
    g_assert_cmpstr(a, ==, "gr\xef\xbf\xbd\xef\xbf\xbd" "e");
    g_autofree char *b = text_make_valid("a\0b", 3);
    g_assert_cmpstr(b, ==, "a\xef\xbf\xbd" "b");
    g_autofree char *c = text_make_valid("Zoë", 4);
    g_assert_cmpstr(c, ==, "Zoë");
    g_autofree char *d = text_make_valid("Zo\xc3\xab", 3); /* cut inside the last character */
    g_assert_cmpstr(d, ==, "Zo\xef\xbf\xbd");
    g_autofree char *e = text_make_valid(NULL, 0);
    g_assert_cmpstr(e, ==, "");
}

static void fold(const char *in, const char *out)
{
    g_autofree char *got = text_fold(in, -1);
    g_assert_cmpstr(got, ==, out);
}

static void test_fold(void)
{
    fold("Hello WORLD", "hello world");
    fold("Grüße", "grusse");
    fold("GRÜSSE", "grusse");
    fold("Zoë", "zoe");
    fold("Zoe\xcc\x88", "zoe");
    fold("ÉCOLE", "ecole");
    fold("ΣΊΣΥΦΟΣ", "σισυφοσ");
    fold("Привет", "привет");
    fold("ｆｕｌｌ", "full");
    fold("ﬁne", "fine");
    fold("が", "が"); /* the voicing mark makes another word */
    fold("한국", "한국");
    fold("नमस्ते", "नमस्ते");
    fold("\xff" "A\xc3\xa9", "\xef\xbf\xbd" "ae");
    fold("ﷺ", "صلى الله عليه وسلم"); /* expands to many characters */
    g_autofree char *part = text_fold("ABCDEF", 3);
    g_assert_cmpstr(part, ==, "abc");
    g_autofree char *nul = text_fold("A\0B", 3);
    g_assert_cmpstr(nul, ==, "a\xef\xbf\xbd" "b");
}

static void test_nearest(void)
{
    static const char *const words[] = {"index-format", "threads", "mark-seen", "sort", "editor",
                                        NULL};
    g_assert_cmpstr(text_nearest("indx-format", words), ==, "index-format");
    g_assert_cmpstr(text_nearest("index_format", words), ==, "index-format");
    g_assert_cmpstr(text_nearest("Thread", words), ==, "threads");
    g_assert_cmpstr(text_nearest("mrak-seen", words), ==, "mark-seen");
    g_assert_cmpstr(text_nearest("sotr", words), ==, "sort");
    g_assert_null(text_nearest("password", words));
    g_assert_null(text_nearest("x", words));
    g_assert_null(text_nearest("", words));
    g_autofree char *huge = g_strnfill(100000, 'a');
    g_assert_null(text_nearest(huge, words));
    static const char *const none[] = {NULL};
    g_assert_null(text_nearest("sort", none));
}

static void size_is(guint64 bytes, const char *text)
{
    g_autofree char *got = text_size(bytes);
    g_assert_cmpstr(got, ==, text);
}

static void test_size(void)
{
    size_is(0, "0 B");
    size_is(13, "13 B");
    size_is(999, "999 B");
    size_is(1000, "1 KB");
    size_is(39600, "40 KB");
    size_is(999499, "999 KB");
    size_is(999500, "1.0 MB");
    size_is(1234567, "1.2 MB");
    size_is(12345678, "12 MB");
    size_is(4200000000ULL, "4.2 GB");
    size_is(G_MAXUINT64, "18447 PB");
}

int main(int argc, char **argv)
{
    setlocale(LC_ALL, "C.UTF-8");
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/text/every-byte", test_every_byte);
    g_test_add_func("/text/byte-pairs", test_byte_pairs);
    g_test_add_func("/text/every-character", test_every_character);
    g_test_add_func("/text/controls", test_controls);
    g_test_add_func("/text/broken-utf8", test_broken_utf8);
    g_test_add_func("/text/bidi", test_bidi);
    g_test_add_func("/text/left-out", test_left_out);
    g_test_add_func("/text/marks", test_marks);
    g_test_add_func("/text/wide", test_wide);
    g_test_add_func("/text/emoji", test_emoji);
    g_test_add_func("/text/private", test_private);
    g_test_add_func("/text/random", test_random);
    g_test_add_func("/text/fit", test_fit);
    g_test_add_func("/text/clip", test_clip);
    g_test_add_func("/text/newlines", test_newlines);
    g_test_add_func("/text/make-valid", test_make_valid);
    g_test_add_func("/text/fold", test_fold);
    g_test_add_func("/text/nearest", test_nearest);
    g_test_add_func("/text/size", test_size);
    return g_test_run();
}
