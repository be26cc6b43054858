/* Names of keys, and bytes from a keyboard to keys. */
#include <string.h>
#include "decode.h"

static void names_round_trip(void)
{
    static const struct {
        const char *written, *name, *label;
    } cases[] = {
        {"d", "d", "d"}, {"D", "D", "D"}, {"space", "space", "Spc"}, {" ", "space", "Spc"},
        {"ctrl-d", "ctrl-d", "^D"}, {"Ctrl-D", "ctrl-d", "^D"}, {"^d", "ctrl-d", "^D"},
        {"alt-v", "alt-v", "M-v"}, {"alt-V", "alt-V", "M-V"}, {"f1", "f1", "F1"}, {"F12", "f12", "F12"},
        {"pgup", "pgup", "PgUp"}, {"PageDown", "pgdn", "PgDn"}, {"enter", "enter", "Enter"},
        {"return", "enter", "Enter"}, {"ctrl-m", "enter", "Enter"}, {"ctrl-i", "tab", "Tab"},
        {"ctrl-h", "backspace", "BkSp"}, {"shift-tab", "backtab", "S-Tab"}, {"esc", "esc", "Esc"},
        {"ctrl-alt-x", "ctrl-alt-x", "M-^X"}, {"ctrl-up", "ctrl-up", "^Up"}, {";", "semicolon", ";"},
        {"#", "hash", "#"}, {"\\", "backslash", "\\"}, {"ñ", "ñ", "ñ"}, {"-", "-", "-"}, {"^", "^", "^"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        Key k, again;
        char *problem = NULL;
        g_assert_true(key_parse(cases[i].written, &k, &problem));
        g_assert_null(problem);
        g_autofree char *name = key_to_name(&k), *label = key_label(&k);
        g_assert_cmpstr(name, ==, cases[i].name);
        g_assert_cmpstr(label, ==, cases[i].label);
        g_assert_true(key_parse(name, &again, NULL));
        g_assert_true(key_equal(&k, &again));
    }
}

static void wrong_names_are_explained(void)
{
    static const char *const wrong[] = {"", "ab", "ctrl-", "f0", "f13", "f1x", "shift-a", "ctrl-é", "\001", "\xff"};
    for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
        Key k;
        g_autofree char *problem = NULL;
        g_assert_false(key_parse(wrong[i], &k, &problem));
        g_assert_nonnull(problem);
    }
}

/* All keys that `bytes` give when they come at once, as names; the end has come. */
static char *decode(const char *bytes, gsize len)
{
    g_autoptr(Decoder) d = decoder_new();
    g_autoptr(GString) out = g_string_new(NULL);
    gint64 now = 1000000;
    decoder_feed(d, bytes, len, now);
    for (int late = 0; late < 2; late++) {
        Key k;
        while (decoder_next(d, now, &k)) {
            g_autofree char *name = key_to_name(&k);
            if (k.kind == KEY_PASTE)
                g_string_append_printf(out, "%s[%s]%u", out->len ? " " : "", k.text, k.code);
            else if (k.kind == KEY_MOUSE)
                g_string_append_printf(out, "%smouse%d@%d,%d", out->len ? " " : "", k.mouse, k.row, k.column);
            else
                g_string_append_printf(out, "%s%s", out->len ? " " : "", name);
            key_clear(&k);
        }
        now += 10 * G_USEC_PER_SEC;
    }
    g_assert_cmpint(decoder_deadline(d), ==, 0);
    return g_string_free(g_steal_pointer(&out), FALSE);
}

#define CHECK(bytes, expected)                                                                \
    do {                                                                                      \
        g_autofree char *got = decode(bytes, sizeof(bytes) - 1);                              \
        g_assert_cmpstr(got, ==, expected);                                                   \
    } while (0)

static void sequences(void)
{
    CHECK("d", "d");
    CHECK("\r", "enter");
    CHECK("\t", "tab");
    CHECK("\177", "backspace");
    CHECK("\004", "ctrl-d");
    CHECK("\034", "ctrl-backslash");
    CHECK("\033", "esc");
    CHECK("\033\033", "esc esc");
    CHECK("\033d", "alt-d");
    CHECK("\033\004", "ctrl-alt-d");
    CHECK("\033[A", "up");
    CHECK("\033OA", "up");
    CHECK("\033[1;5A", "ctrl-up");
    CHECK("\033[1;3D", "alt-left");
    CHECK("\033[5~\033[6~", "pgup pgdn");
    CHECK("\033[3~", "delete");
    CHECK("\033[Z", "backtab");
    CHECK("\033OP\033[11~\033[[A\033[24~", "f1 f1 f1 f12");
    CHECK("\033[H\033[F\033[1~\033[4~\033[7~\033[8~", "home end home end home end");
    CHECK("\033[100;5u", "ctrl-d");
    CHECK("\033[27;5;100~", "ctrl-d");
    CHECK("\303\261", "ñ");
}

static void unknown_sequences_run_nothing(void)
{
    CHECK("\033[99~", "");
    CHECK("\033[?1;2c", "");
    CHECK("\033[200;300;400z", "");
    CHECK("\033[12", "");          /* cut short */
    CHECK("\033[999999999999999999999A", "up");
    CHECK("\033[<0;5;7M\033[<0;5;7m", "mouse0@6,4 mouse5@6,4");
    CHECK("\033[<64;1;1M\033[<65;1;1M", "mouse2@0,0 mouse3@0,0");
    CHECK("\033[<2;5;7M", ""); /* the right button is the terminal's */
    CHECK("\033[<0;0;0M", "");
}

static void pastes(void)
{
    CHECK("\033[200~thanks, see you tomorrow\033[201~", "[thanks, see you tomorrow]0");
    CHECK("\033[200~a\r\nb\rc\td\033[0m\001\033[201~q", "[a\nb\nc\td[0m]0 q");
    CHECK("\033[200~never ends", "[never ends]0");
    CHECK("\033[200~\033[201~", "[]0");
    CHECK("thanks, see you tomorrow", "[thanks, see you tomorrow]1");
    CHECK("du", "[du]1");
    CHECK("dd", "[dd]1");
    CHECK("ada@example.org\r", "[ada@example.org\n]1");
    CHECK("d\r", "d enter"); /* one character is a key */
    CHECK("ab\033[A", "[ab]1 up");
    CHECK("\303", "\357\277\275"); /* invalid: one substitute */
}

/* A paste that comes in pieces, its end cut at every place. */
static void paste_in_pieces(void)
{
    static const char whole[] = "\033[200~h\303\251llo\nworld\033[201~";
    for (gsize cut = 1; cut < sizeof whole - 1; cut++) {
        g_autoptr(Decoder) d = decoder_new();
        Key k = {0};
        gint64 now = 1000;
        decoder_feed(d, whole, cut, now);
        gboolean have = decoder_next(d, now, &k);
        if (!have) {
            decoder_feed(d, whole + cut, sizeof whole - 1 - cut, now + 1000);
            have = decoder_next(d, now + 1000, &k);
        }
        g_assert_true(have);
        g_assert_cmpint(k.kind, ==, KEY_PASTE);
        g_assert_cmpstr(k.text, ==, "h\303\251llo\nworld");
        key_clear(&k);
        g_assert_false(decoder_next(d, now + 1000, &k));
    }
}

static void esc_waits_and_no_longer(void)
{
    g_autoptr(Decoder) d = decoder_new();
    Key k;
    decoder_feed(d, "\033", 1, 1000);
    g_assert_false(decoder_next(d, 1000, &k));
    g_assert_cmpint(decoder_deadline(d), ==, 1000 + DECODE_ESC_WAIT_US);
    g_assert_false(decoder_next(d, 1000 + DECODE_ESC_WAIT_US - 1, &k));
    g_assert_true(decoder_next(d, 1000 + DECODE_ESC_WAIT_US, &k));
    g_assert_cmpint(k.kind, ==, KEY_ESC);
    g_assert_cmpint(decoder_deadline(d), ==, 0);
    /* Esc, and later a key that deletes: two keys, never Alt-d */
    decoder_feed(d, "\033", 1, 5000000);
    g_assert_false(decoder_next(d, 5000000, &k));
    g_assert_true(decoder_next(d, 5100000, &k));
    g_assert_cmpint(k.kind, ==, KEY_ESC);
    decoder_feed(d, "d", 1, 5100000);
    g_assert_true(decoder_next(d, 5100000, &k));
    g_assert_cmpint(k.kind, ==, KEY_CHAR);
    g_assert_cmpuint(k.mods, ==, 0);
}

static void a_held_key_repeats(void)
{
    g_autoptr(Decoder) d = decoder_new();
    Key k;
    guint n = 0;
    decoder_feed(d, "j", 1, 1000);
    g_assert_true(decoder_next(d, 1000, &k));
    decoder_feed(d, "jjj", 3, 50000);
    while (decoder_next(d, 50000, &k)) {
        g_assert_cmpint(k.kind, ==, KEY_CHAR);
        n++;
    }
    g_assert_cmpuint(n, ==, 3);
    decoder_feed(d, "jj", 2, 50000 + DECODE_TYPING_US * 2);
    g_assert_true(decoder_next(d, 50000 + DECODE_TYPING_US * 2, &k));
    g_assert_cmpint(k.kind, ==, KEY_PASTE);
    key_clear(&k);
}

/* What a slow line brings together after earlier keys are keys; at the pace of no fingers, or out of
 * nowhere, it is a paste. */
static void typing_over_a_slow_line(void)
{
    static const struct {
        const char *bytes;
        gint64 gap; /* since the key before; ms */
        gboolean keys;
    } cases[] = {
        {"du", 5, TRUE},         {"jdu", 5, TRUE},         {"j\r", 5, TRUE},
        {"jdjd", 5, FALSE},      {"jdjd", 300, TRUE},      {"jdjdjdjd", 300, TRUE},
        {"jdjdjdjd", 200, FALSE}, {"jdjdjdjdj", 2900, FALSE}, {"du", 3100, FALSE},
        {"dd AAA", 100, FALSE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Decoder) d = decoder_new();
        Key k;
        gint64 now = 1000000;
        decoder_feed(d, "k", 1, now);
        g_assert_true(decoder_next(d, now, &k));
        now += cases[i].gap * 1000;
        decoder_feed(d, cases[i].bytes, strlen(cases[i].bytes), now);
        gsize n = 0;
        while (decoder_next(d, now, &k)) {
            g_assert_cmpint(k.kind == KEY_PASTE, ==, !cases[i].keys);
            key_clear(&k);
            n++;
        }
        g_assert_cmpuint(n, ==, cases[i].keys ? strlen(cases[i].bytes) : 1);
    }
}

/* The rest of a burst that came in two pieces is no key. */
static void a_burst_in_pieces(void)
{
    g_autoptr(Decoder) d = decoder_new();
    Key k;
    decoder_feed(d, "j", 1, 1000000);
    g_assert_true(decoder_next(d, 1000000, &k));
    decoder_feed(d, "thanks, see you tomorr", 22, 1200000);
    g_assert_true(decoder_next(d, 1200000, &k));
    g_assert_cmpint(k.kind, ==, KEY_PASTE);
    key_clear(&k);
    decoder_feed(d, "ow", 2, 1210000);
    g_assert_true(decoder_next(d, 1210000, &k));
    g_assert_cmpint(k.kind, ==, KEY_PASTE);
    key_clear(&k);
}

/* Anything at all ends, and gives no key without meaning. */
static void any_bytes(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(20261121);
    for (int round = 0; round < 20000; round++) {
        char bytes[24];
        gsize len = (gsize)g_rand_int_range(rand, 1, sizeof bytes);
        static const char likely[] = "\033[]O<>?;0123456789~MmAuZ\r\t\001\177\303\251az";
        for (gsize i = 0; i < len; i++)
            bytes[i] = g_rand_int_range(rand, 0, 4) ? likely[g_rand_int_range(rand, 0, sizeof likely - 1)]
                                                    : (char)g_rand_int_range(rand, 0, 256);
        g_autofree char *got = decode(bytes, len);
        g_assert_true(g_utf8_validate(got, -1, NULL));
        g_assert_null(strstr(got, "none"));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/term/key/names", names_round_trip);
    g_test_add_func("/term/key/wrong-names", wrong_names_are_explained);
    g_test_add_func("/term/decode/sequences", sequences);
    g_test_add_func("/term/decode/unknown", unknown_sequences_run_nothing);
    g_test_add_func("/term/decode/paste", pastes);
    g_test_add_func("/term/decode/paste-in-pieces", paste_in_pieces);
    g_test_add_func("/term/decode/esc", esc_waits_and_no_longer);
    g_test_add_func("/term/decode/held-key", a_held_key_repeats);
    g_test_add_func("/term/decode/typing", typing_over_a_slow_line);
    g_test_add_func("/term/decode/burst-in-pieces", a_burst_in_pieces);
    g_test_add_func("/term/decode/any-bytes", any_bytes);
    return g_test_run();
}
