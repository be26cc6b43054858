/* term.c - the terminal: curses begins and ends here.
 *
 * Keys are read and decoded here (decode.c), not by curses, so that a paste, a lone Esc and a key pressed
 * with Alt are told apart the same way everywhere. Signals are not touched: the loop says when
 * the size has changed. */
#include "curses_.h"
#include <errno.h>
#include <langinfo.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>
#include "decode.h"
#include "style_private.h"
#include "term_private.h"
#include "terminfo.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/text.h"

#define MODES_ON  "\033[?2004h" /* bracketed paste */
#define MODES_OFF "\033[?2004l"
#define MOUSE_ON  "\033[?1000h\033[?1002h\033[?1006h"
#define MOUSE_OFF "\033[?1006l\033[?1002l\033[?1000l"

static struct {
    SCREEN *screen;
    FILE *out, *in_file;
    int in, out_fd;
    gboolean open, suspended, mouse, color, utf8, ascii, ansi, unshown, resized, cursor_shown;
    int cursor_row, cursor_column;
    struct termios before;
    gboolean have_before;
    Decoder *decoder;
    Surface *surface;
    gint64 click_at; /* for double clicks */
    int click_row, click_column;
} t = {.in = -1};

static gint64 now_us(void)
{
    return g_get_monotonic_time();
}

/* Straight to the terminal: what curses has no call for. Text in it was made printable. */
static void say(const char *sequence)
{
    if (!t.out || !t.ansi)
        return;
    (void)fflush(t.out);
    gsize len = strlen(sequence);
    int fd = fileno(t.out);
    while (len > 0) {
        ssize_t n = write(fd, sequence, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        sequence += n;
        len -= (gsize)n;
    }
}

/* Terminals that understand CSI and OSC; what is not ECMA-48 gets none of it. */
static gboolean understands_ansi(const char *name)
{
    static const char *const families[] = {"xterm", "tmux", "screen", "rxvt", "linux", "alacritty",
                                           "foot", "kitty", "konsole", "gnome", "vte", "st",
                                           "wezterm", "ghostty", "putty", "iterm", "contour"};
    for (gsize i = 0; i < G_N_ELEMENTS(families); i++)
        if (g_str_has_prefix(name, families[i]))
            return TRUE;
    return FALSE;
}

static void modes(gboolean on)
{
    if (on) {
        say(MODES_ON);
        if (t.mouse)
            say(MOUSE_ON);
    } else {
        if (t.mouse)
            say(MOUSE_OFF);
        say(MODES_OFF);
    }
}

static void begin_color(void)
{
    const char *no_color = getenv("NO_COLOR");
    t.color = FALSE;
    if ((!no_color || !*no_color) && has_colors() && start_color() == OK) {
        gboolean with_default = use_default_colors() == OK;
        t.color = TRUE;
        style_terminal((guint)MIN(COLORS, 256), with_default);
    } else {
        style_terminal(0, TRUE);
    }
}

/* ---- a crash leaves a usable terminal ---- */

static const int fatal[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
static char restore_bytes[256]; /* made beforehand: a handler may only write() */
static gsize restore_len;

static void on_fatal(int signo)
{
    if (t.open && !t.suspended) {
        if (write(t.out_fd, restore_bytes, restore_len) < 0)
            t.open = FALSE; /* nothing more can be done */
        if (t.have_before)
            (void)tcsetattr(t.in, TCSANOW, &t.before);
    }
    (void)raise(signo); /* SA_RESETHAND: this time it ends the process */
}

static void guard_against_crashes(void)
{
    const char *leave = terminfo_leave();
    restore_len = g_strlcpy(restore_bytes, t.ansi ? MOUSE_OFF MODES_OFF "\033[?25h\033[0m" : "",
                            sizeof restore_bytes);
    restore_len = MIN(g_strlcat(restore_bytes, leave ? leave : "", sizeof restore_bytes),
                      sizeof restore_bytes - 1);
    for (gsize i = 0; i < G_N_ELEMENTS(fatal); i++) {
        struct sigaction now, ours = {.sa_handler = on_fatal, .sa_flags = SA_RESETHAND};
        if (sigaction(fatal[i], NULL, &now) == 0 && now.sa_handler == SIG_DFL)
            (void)sigaction(fatal[i], &ours, NULL); /* a sanitizer's stays */
    }
}

gboolean term_open_on(int in, int out, gboolean mouse, GError **err)
{
    const char *name = getenv("TERM");
    if (!terminfo_check(in, out, name, err))
        return FALSE;
    const char *codeset = nl_langinfo(CODESET);
    t.utf8 = g_ascii_strcasecmp(codeset, "UTF-8") == 0;
    t.ascii = g_str_has_prefix(codeset, "ANSI_X3") || g_ascii_strcasecmp(codeset, "US-ASCII") == 0;
    t.ansi = understands_ansi(name);
    t.mouse = mouse && t.ansi;
    t.have_before = tcgetattr(in, &t.before) == 0;
    t.in = in;
    t.out_fd = out;
    t.out = fdopen(dup(out), "w");
    t.in_file = fdopen(dup(in), "r");
    t.screen = t.out && t.in_file ? newterm(NULL, t.out, t.in_file) : NULL;
    if (!t.screen) {
        error_set(err, PINTAIL_ERROR_INVALID, _("cannot use the terminal TERM='%s'"), name);
        term_close();
        return FALSE;
    }
    (void)raw(); /* every key is ours: ^C, ^Z, ^S and ^Q too */
    (void)noecho();
    (void)nonl();
    (void)intrflush(stdscr, FALSE);
    (void)leaveok(stdscr, FALSE);
    begin_color();
    t.decoder = decoder_new();
    t.surface = surface_whole(LINES, COLS);
    t.open = TRUE;
    guard_against_crashes();
    modes(TRUE);
    return TRUE;
}

gboolean term_open(gboolean mouse, GError **err)
{
    return term_open_on(STDIN_FILENO, STDOUT_FILENO, mouse, err);
}

void term_close(void)
{
    if (t.open && !t.suspended) {
        modes(FALSE);
        (void)curs_set(1);
        (void)endwin();
    }
    if (t.screen)
        delscreen(t.screen);
    if (t.have_before && t.open)
        (void)tcsetattr(t.in, TCSADRAIN, &t.before);
    g_clear_pointer(&t.out, fclose);
    g_clear_pointer(&t.in_file, fclose);
    g_clear_pointer(&t.decoder, decoder_free);
    g_clear_pointer(&t.surface, surface_free);
    t.screen = NULL;
    t.open = t.suspended = t.have_before = FALSE;
    t.in = -1;
}

void term_suspend(void)
{
    if (!t.open || t.suspended)
        return;
    modes(FALSE);
    (void)curs_set(1);
    (void)endwin();
    t.suspended = TRUE;
}

void term_resume(void)
{
    if (!t.open || !t.suspended)
        return;
    t.suspended = FALSE;
    (void)reset_prog_mode();
    (void)clearok(stdscr, TRUE);
    (void)wrefresh(stdscr);
    modes(TRUE);
    t.resized = TRUE; /* it may have been, meanwhile */
}

/* ---- size ---- */

void term_note_resize(void)
{
    t.resized = TRUE;
}

static void take_size(void)
{
    struct winsize w = {0};
    if (ioctl(t.in, TIOCGWINSZ, &w) == 0 && w.ws_row > 0 && w.ws_col > 0 &&
        (w.ws_row != LINES || w.ws_col != COLS))
        (void)resizeterm(w.ws_row, w.ws_col);
    /* Even at the same size: it may have been smaller between, and have lost what did not fit. */
    (void)clearok(stdscr, TRUE);
    surface_resize(t.surface, LINES, COLS);
}

void term_size(int *rows, int *columns)
{
    *rows = t.open ? LINES : 0;
    *columns = t.open ? COLS : 0;
}

/* ---- keys ---- */

int term_fd(void)
{
    return t.in;
}

gint64 term_deadline(void)
{
    return t.decoder ? decoder_deadline(t.decoder) : 0;
}

static void note_click(Key *k)
{
    if (k->kind != KEY_MOUSE || k->mouse != MOUSE_CLICK)
        return;
    gint64 now = now_us();
    if (t.click_at && now - t.click_at < 400 * 1000 && k->row == t.click_row &&
        k->column == t.click_column) {
        k->mouse = MOUSE_DOUBLE;
        t.click_at = 0;
        return;
    }
    t.click_at = now;
    t.click_row = k->row;
    t.click_column = k->column;
}

gboolean term_read(Key *out)
{
    *out = (Key){.kind = KEY_NONE};
    if (!t.open || t.suspended)
        return FALSE;
    if (t.resized) {
        t.resized = FALSE;
        take_size();
        out->kind = KEY_RESIZED;
        return TRUE;
    }
    /* all that waits, so that a burst is seen as one; a flood comes in turns */
    char buffer[4096];
    for (guint turns = 0; turns < 64; turns++) {
        struct pollfd p = {.fd = t.in, .events = POLLIN};
        if (poll(&p, 1, 0) <= 0 || !(p.revents & POLLIN))
            break;
        ssize_t n = read(t.in, buffer, sizeof buffer);
        if (n <= 0)
            break;
        decoder_feed(t.decoder, buffer, (gsize)n, now_us());
        if ((gsize)n < sizeof buffer)
            break;
    }
    if (!decoder_next(t.decoder, now_us(), out))
        return FALSE;
    note_click(out);
    return TRUE;
}

/* ---- drawing ---- */

Surface *term_surface(void)
{
    return t.surface;
}

gboolean term_is_utf8(void)
{
    return t.utf8;
}

gboolean term_has_color(void)
{
    return t.color;
}

gboolean term_can_show(gunichar c)
{
    if (t.utf8 || c < 0x80)
        return TRUE;
    if (t.ascii)
        return FALSE;
    char bytes[MB_LEN_MAX];
    mbstate_t state;
    memset(&state, 0, sizeof state);
    return wcrtomb(bytes, (wchar_t)c, &state) == 1 && ((guchar)bytes[0] >= 0xa0);
}

void term_note_unshown(void)
{
    t.unshown = TRUE;
}

gboolean term_take_unshown(void)
{
    gboolean was = t.unshown;
    t.unshown = FALSE;
    return was;
}

void term_cursor(int row, int column, gboolean visible)
{
    t.cursor_row = row;
    t.cursor_column = column;
    t.cursor_shown = visible;
}

void term_refresh(void)
{
    if (!t.open || t.suspended)
        return;
    (void)curs_set(t.cursor_shown ? 1 : 0);
    (void)wmove(stdscr, CLAMP(t.cursor_row, 0, LINES - 1), CLAMP(t.cursor_column, 0, COLS - 1));
    (void)wnoutrefresh(stdscr);
    (void)doupdate();
}

void term_redraw(void)
{
    if (t.open)
        (void)clearok(stdscr, TRUE);
}

void term_title(const char *text)
{
    const char *name = getenv("TERM");
    if (!t.open || t.suspended || !name || g_str_has_prefix(name, "linux"))
        return;
    g_autofree char *printable = printable_text(text, strlen(text), FALSE);
    g_autofree char *clipped = text_clip(printable, 120, FALSE);
    g_autofree char *sequence = g_strdup_printf("\033]2;%s\007", clipped);
    if (t.utf8)
        say(sequence);
}

void term_bell(void)
{
    if (t.open && !t.suspended)
        (void)beep();
}

gboolean term_copy(const char *text, gsize len)
{
    const char *name = getenv("TERM"), *tmux = getenv("TMUX");
    /* terminals take about 100 KB of it */
    if (!t.open || t.suspended || !t.ansi || len > 74000 || !name || g_str_has_prefix(name, "linux"))
        return FALSE;
    g_autofree char *base64 = g_base64_encode((const guchar *)text, len);
    g_autofree char *plain = g_strdup_printf("\033]52;c;%s\007", base64);
    say(plain);
    if (tmux && *tmux) {
        g_autofree char *through = g_strdup_printf("\033Ptmux;\033\033]52;c;%s\007\033\\", base64);
        say(through);
    }
    return TRUE;
}
