/* Nothing that is drawn reaches the terminal as a control sequence, and columns line up.
 *
 * The terminal is a pty; what curses writes to it is read back byte by byte. */
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "style_private.h"
#include "term_private.h"
#include "pintail/util/error.h"
#include "pintail/util/text.h"

static int master = -1, slave = -1;

static void open_terminal(const char *term)
{
    struct winsize size = {.ws_row = 24, .ws_col = 80};
    g_autoptr(GError) err = NULL;
    g_setenv("TERM", term, TRUE);
    g_assert_cmpint(openpty(&master, &slave, NULL, NULL, &size), ==, 0);
    g_assert_cmpint(fcntl(master, F_SETFL, O_NONBLOCK), ==, 0);
    gboolean ok = term_open_on(slave, slave, TRUE, &err);
    g_assert_no_error(err);
    g_assert_true(ok);
}

/* Everything that has been written until now. */
static GString *written(void)
{
    GString *all = g_string_new(NULL);
    char buffer[65536];
    for (;;) {
        ssize_t n = read(master, buffer, sizeof buffer);
        if (n <= 0)
            break;
        g_string_append_len(all, buffer, n);
    }
    return all;
}

static void close_terminal(void)
{
    term_close();
    close(master);
    close(slave);
}

/* What the bytes leave on the screen when curses' own sequences are taken out; fails on a byte
 * that curses would not write. */
static char *plain(const GString *bytes)
{
    g_autoptr(GString) out = g_string_new(NULL);
    for (gsize i = 0; i < bytes->len; i++) {
        guchar c = (guchar)bytes->str[i];
        if (c == 0x1b) {
            guchar next = (guchar)bytes->str[++i];
            if (next == '[') { /* CSI: parameters, then one final byte */
                for (i++; i < bytes->len && (guchar)bytes->str[i] < 0x40; i++)
                    g_assert_true(g_ascii_isdigit(bytes->str[i]) || strchr(";?<>", bytes->str[i]));
                g_assert_nonnull(strchr("HJKABCDGXPLMdmhlr@bt", bytes->str[i]));
            } else if (next == '(' || next == ')') {
                i++;
            } else {
                g_assert_nonnull(strchr("78=>M", next));
            }
            continue;
        }
        if (c == '\r' || c == '\n' || c == '\b' || c == 0x0e || c == 0x0f)
            continue;
        g_assert_cmpint(c, >=, 0x20);
        g_assert_cmpint(c, !=, 0x7f);
        g_string_append_c(out, (char)c);
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

/* Draws and returns what arrived on the screen. */
static char *drawn(const char *text, gsize len)
{
    Surface *s = term_surface();
    GString *before = written();
    g_string_free(before, TRUE);
    surface_clear(s, 0);
    term_redraw();
    surface_put(s, 3, 5, -1, 0, text, (gssize)len);
    term_refresh();
    GString *bytes = written();
    char *shown = plain(bytes);
    g_string_free(bytes, TRUE);
    return shown;
}

static void every_byte_is_harmless(void)
{
    static const char *const terms[] = {"xterm-256color", "vt100"};
    for (gsize t = 0; t < G_N_ELEMENTS(terms); t++) {
        open_terminal(terms[t]);
        for (int b = 0; b < 256; b++) {
            char one[] = {'<', (char)b, '>'};
            g_autofree char *shown = drawn(one, sizeof one);
            g_assert_true(strchr(shown, '<') != NULL && strchr(shown, '>') != NULL);
            if (b >= 0x20 && b < 0x7f)
                g_assert_nonnull(memchr(shown, b, strlen(shown)));
        }
        for (guint c = 0x80; c < 0xa0; c++) { /* C1 as UTF-8 */
            char two[] = {'<', (char)0xc2, (char)c, '>'};
            g_autofree char *shown = drawn(two, sizeof two);
            g_assert_null(memmem(shown, strlen(shown), two + 1, 2));
        }
        close_terminal();
    }
}

static void known_attacks(void)
{
    static const char *const attacks[] = {
        "\033]0;owned\007", "\033[2J\033[H", "\2331;31m", "\302\2331;31m", "\033P+q544e\033\\",
        "\033]52;c;cm0gLXJm\007", "\016\017\005", "a\033[200~b", "\342\200\256txt.exe", "x\342\200\250y",
        "\363\240\200\201tag", "\xc0\x9b[31m", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\033", "\r\nFrom: x",
    };
    open_terminal("xterm-256color");
    for (gsize i = 0; i < G_N_ELEMENTS(attacks); i++) {
        g_autofree char *shown = drawn(attacks[i], strlen(attacks[i]));
        g_assert_true(g_utf8_validate(shown, -1, NULL));
        g_assert_null(strstr(shown, "\342\200\256")); /* no bidi override */
        g_assert_null(strstr(shown, "\342\200\250"));
    }
    close_terminal();
}

static void random_bytes(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(7);
    open_terminal("xterm-256color");
    for (int round = 0; round < 300; round++) {
        char bytes[120];
        for (gsize i = 0; i < sizeof bytes; i++)
            bytes[i] = (char)g_rand_int_range(rand, 0, 256);
        g_autofree char *shown = drawn(bytes, sizeof bytes);
        g_assert_nonnull(shown);
    }
    close_terminal();
}

static void widths_add_up(void)
{
    static const char *const texts[] = {"plain", "日本語", "e\314\201a\314\200", "👩‍👩‍👧 family", "👍🏽", "🇩🇪",
                                        "नमस्ते", "محمد", "a\314\201\314\202\314\203\314\204\314\205\314\206",
                                        "\314\201alone", "ﷺ", "\tb", "한국어"};
    open_terminal("xterm-256color");
    Surface *s = term_surface();
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        int used = surface_put(s, 0, 0, -1, 0, texts[i], -1);
        g_assert_cmpint(used, ==, (int)text_width(texts[i], -1));
        for (int cells = 0; cells <= used + 1; cells++) /* clipped, never beyond */
            g_assert_cmpint(surface_put(s, 1, 0, cells, 0, texts[i], -1), <=, cells);
    }
    /* a wide character has no room in the last column */
    g_assert_cmpint(surface_put(s, 0, 79, -1, 0, "日", -1), ==, 0);
    g_assert_cmpint(surface_put(s, 0, 78, -1, 0, "日", -1), ==, 2);
    g_assert_cmpint(surface_put(s, -1, 0, -1, 0, "x", -1), ==, 0);
    g_assert_cmpint(surface_put(s, 24, 0, -1, 0, "x", -1), ==, 0);
    g_assert_cmpint(surface_put(s, 0, 80, -1, 0, "x", -1), ==, 0);
    close_terminal();
}

static void parts_of_a_surface(void)
{
    open_terminal("xterm-256color");
    int row, column;
    g_autoptr(Surface) part = surface_sub(term_surface(), 10, 70, 5, 20);
    g_assert_cmpint(surface_columns(part), ==, 10); /* clipped */
    g_assert_cmpint(surface_rows(part), ==, 5);
    g_autoptr(Surface) inner = surface_sub(part, 4, 3, 9, 9);
    surface_origin(inner, &row, &column);
    g_assert_cmpint(row, ==, 14);
    g_assert_cmpint(column, ==, 73);
    g_assert_cmpint(surface_rows(inner), ==, 1);
    g_assert_cmpint(surface_columns(inner), ==, 7);
    g_assert_cmpint(surface_put(inner, 1, 0, -1, 0, "x", -1), ==, 0);
    g_autoptr(Surface) none = surface_sub(part, 99, 99, 1, 1);
    g_assert_cmpint(surface_rows(none), ==, 0);
    close_terminal();
}

static void fields(void)
{
    open_terminal("xterm-256color");
    Surface *s = term_surface();
    GString *start = written();
    g_string_free(start, TRUE);
    surface_clear(s, 0);
    surface_field(s, 0, 0, 8, 0, "short");
    surface_put(s, 0, 8, -1, 0, "|", -1);
    surface_field(s, 1, 0, 8, 0, "much too long");
    surface_put(s, 1, 8, -1, 0, "|", -1);
    surface_field(s, 2, 0, 8, 0, "日本語日本語");
    surface_put(s, 2, 8, -1, 0, "|", -1);
    term_redraw();
    term_refresh();
    GString *bytes = written();
    g_autofree char *shown = plain(bytes);
    g_string_free(bytes, TRUE);
    g_assert_nonnull(strstr(shown, "short"));
    g_assert_nonnull(strstr(shown, "much to…|"));
    g_assert_nonnull(strstr(shown, "日本語… |"));
    close_terminal();
}

static void ascii_only(void)
{
    g_assert_nonnull(setlocale(LC_ALL, "C"));
    open_terminal("vt100");
    g_assert_false(term_is_utf8());
    g_autofree char *shown = drawn("│ Zoë 数 ▸●…", strlen("│ Zoë 数 ▸●…"));
    for (const char *p = shown; *p; p++)
        g_assert_cmpint((guchar)*p, <, 0x80);
    g_assert_nonnull(strstr(shown, "| Zo? ? "));
    g_assert_nonnull(strstr(shown, ">*~"));
    g_assert_true(term_take_unshown());
    g_assert_false(term_take_unshown());
    close_terminal();
    g_assert_nonnull(setlocale(LC_ALL, "C.UTF-8"));
}

static void styles(void)
{
    g_assert_null(style_problem("bold reverse red on default"));
    g_assert_null(style_problem("#ff8800 on 17"));
    g_assert_null(style_problem(""));
    g_autofree char *problem = style_problem("bold purpel");
    g_assert_nonnull(strstr(problem, "purpel"));
    g_assert_cmpuint(style_parse("bold purpel"), ==, 0);
    g_assert_cmpuint(style_parse("normal"), ==, 0);
    g_assert_cmpuint(style_parse("bold red"), ==, style_parse("red bold"));
    const Look *l = style_look(style_parse("underline bright-blue on #102030"));
    g_assert_cmpint(l->fg, ==, 12);
    g_assert_cmpint(l->bg, ==, (LOOK_RGB | 0x102030));
    g_assert_cmpuint(l->attributes, ==, LOOK_UNDERLINE);

    style_reset();
    style_set("list", "red");
    style_set("list.unread", "bold");
    g_assert_cmpuint(style_of("list.unread"), ==, style_parse("bold"));
    g_assert_cmpuint(style_of("list.flagged"), ==, style_parse("red"));
    g_assert_cmpuint(style_of("list.a.b"), ==, style_parse("red"));
    g_assert_cmpuint(style_of("viewer"), ==, 0);
    style_set("list", "blue");
    g_assert_cmpuint(style_of("list"), ==, style_parse("blue"));
    g_assert_cmpuint(style_merge(style_parse("bold red"), style_parse("reverse")), ==,
                     style_parse("bold red reverse"));
    g_assert_cmpuint(style_merge(style_parse("bold red"), style_parse("blue on white")), ==,
                     style_parse("bold blue on white"));
    style_reset();
}

static void colors_of_terminals(void)
{
    style_terminal(256, TRUE);
    g_assert_cmpint(style_terminal_color(LOOK_RGB | 0xff0000, 0), ==, 196);
    g_assert_cmpint(style_terminal_color(LOOK_DEFAULT, 7), ==, -1);
    style_terminal(8, FALSE);
    g_assert_cmpint(style_terminal_color(LOOK_UNSET, 7), ==, 7);
    g_assert_cmpint(style_terminal_color(12, 0), ==, 4);
    g_assert_cmpint(style_terminal_color(196, 0), ==, 1);
    g_assert_cmpint(style_terminal_color(LOOK_RGB | 0x00ff10, 0), ==, 2);
}

static void no_color(void)
{
    g_setenv("NO_COLOR", "1", TRUE);
    open_terminal("xterm-256color");
    g_assert_false(term_has_color());
    close_terminal();
    g_unsetenv("NO_COLOR");
    open_terminal("xterm-256color");
    g_assert_true(term_has_color());
    close_terminal();
}

static void unusable_terminals(void)
{
    static const char *const terms[] = {"dumb", "", "no-such-terminal"};
    struct winsize size = {.ws_row = 24, .ws_col = 80};
    g_assert_cmpint(openpty(&master, &slave, NULL, NULL, &size), ==, 0);
    for (gsize i = 0; i < G_N_ELEMENTS(terms); i++) {
        g_autoptr(GError) err = NULL;
        g_setenv("TERM", terms[i], TRUE);
        g_assert_false(term_open_on(slave, slave, FALSE, &err));
        g_assert_true(error_is(err, PINTAIL_ERROR_INVALID));
        g_assert_null(strchr(err->message, '\n'));
        term_close(); /* also safe after a failed open */
    }
    close(master);
    close(slave);
    int fds[2];
    g_autoptr(GError) err = NULL;
    g_setenv("TERM", "xterm", TRUE);
    g_assert_cmpint(pipe(fds), ==, 0);
    g_assert_false(term_open_on(fds[0], fds[1], FALSE, &err));
    g_assert_nonnull(err);
    close(fds[0]);
    close(fds[1]);
}

/* What was typed comes as keys; the size follows the terminal's. */
static void reading(void)
{
    Key k;
    open_terminal("xterm-256color");
    g_assert_false(term_read(&k));
    g_assert_cmpint(write(master, "q", 1), ==, 1);
    struct pollfd p = {.fd = term_fd(), .events = POLLIN};
    g_assert_cmpint(poll(&p, 1, 5000), ==, 1);
    g_assert_true(term_read(&k));
    g_assert_cmpint(k.kind, ==, KEY_CHAR);
    g_assert_cmpint((int)k.code, ==, 'q');
    struct winsize size = {.ws_row = 50, .ws_col = 200};
    g_assert_cmpint(ioctl(master, TIOCSWINSZ, &size), ==, 0);
    g_assert_false(term_read(&k));
    term_note_resize();
    g_assert_true(term_read(&k));
    g_assert_cmpint(k.kind, ==, KEY_RESIZED);
    int rows, columns;
    term_size(&rows, &columns);
    g_assert_cmpint(rows, ==, 50);
    g_assert_cmpint(columns, ==, 200);
    g_assert_cmpint(surface_columns(term_surface()), ==, 200);
    close_terminal();
}

/* A copy goes out as base64, whatever the text holds; a title is made printable. */
static void copying_and_titles(void)
{
    open_terminal("xterm-256color");
    g_unsetenv("TMUX");
    GString *start = written();
    g_string_free(start, TRUE);
    g_assert_true(term_copy("a\033]0;x\007b", 8));
    GString *bytes = written();
    g_assert_nonnull(strstr(bytes->str, "\033]52;c;YRtdMDt4B2I=\007"));
    g_string_free(bytes, TRUE);
    term_title("In\007box\033[2J");
    bytes = written();
    g_assert_cmpuint(strcspn(bytes->str + 4, "\033\007") + 4, ==, bytes->len - 1); /* ends once, at the end */
    g_string_free(bytes, TRUE);
    close_terminal();
    open_terminal("vt100");
    g_assert_false(term_copy("x", 1));
    close_terminal();
}

int main(int argc, char **argv)
{
    if (!setlocale(LC_ALL, "C.UTF-8"))
        return 77;
    g_unsetenv("NO_COLOR");
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/term/style/parse", styles);
    g_test_add_func("/term/style/terminals", colors_of_terminals);
    g_test_add_func("/term/surface/every-byte", every_byte_is_harmless);
    g_test_add_func("/term/surface/attacks", known_attacks);
    g_test_add_func("/term/surface/random", random_bytes);
    g_test_add_func("/term/surface/widths", widths_add_up);
    g_test_add_func("/term/surface/parts", parts_of_a_surface);
    g_test_add_func("/term/surface/fields", fields);
    g_test_add_func("/term/surface/ascii", ascii_only);
    g_test_add_func("/term/open/no-color", no_color);
    g_test_add_func("/term/open/unusable", unusable_terminals);
    g_test_add_func("/term/read", reading);
    g_test_add_func("/term/copy", copying_and_titles);
    return g_test_run();
}
