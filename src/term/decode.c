/* decode.c - bytes from a terminal's keyboard to keys.
 *
 * Escape sequences are recognized by their form (CSI, SS3, SGR mouse, bracketed paste, the "u" form of
 * modified keys), not by terminfo, so that the same ones work whatever TERM says. A sequence of
 * a known form but unknown meaning is dropped whole: its letters never run commands.
 *
 * Two or more printable characters that wait together were not typed by a person: they come as one
 * KEY_PASTE with code 1 (a burst). Exceptions are a held key (the character that came last, again), and
 * few keys soon after others: somebody is typing while the line, or we, were slow. */
#include <string.h>
#include "decode.h"
#include "pintail/util/text.h"

#define PASTE_MAX (16 << 20) /* bytes; what lies beyond is dropped */
#define SEQUENCE_MAX 64      /* bytes of one escape sequence */
#define FEW 3                /* keys that a moment's delay brings together */
#define MANY 8               /* that a slow line brings together, */
#define STROKE_US 30000      /* at the rate at which fingers can have made them */
#define PIECES_US 100000     /* a burst that was cut in two */

struct Decoder {
    GString *in;     /* not decoded yet */
    GString *paste;  /* between the brackets; NULL: outside */
    gint64 fed;      /* when bytes came last */
    gboolean waits;  /* for more bytes, until a deadline */
    gunichar last;   /* the last plain character, */
    gint64 last_at;  /* and when */
    gint64 typed_at; /* the last key of the keyboard, */
    gint64 typed_before; /* and the one before what was fed last */
    gint64 burst_at;
};

Decoder *decoder_new(void)
{
    Decoder *d = g_new0(Decoder, 1);
    d->in = g_string_new(NULL);
    return d;
}

void decoder_free(Decoder *d)
{
    if (!d)
        return;
    g_string_free(d->in, TRUE);
    if (d->paste)
        g_string_free(d->paste, TRUE);
    g_free(d);
}

void decoder_feed(Decoder *d, const char *bytes, gsize len, gint64 now)
{
    g_string_append_len(d->in, bytes, (gssize)len);
    d->fed = now;
    d->typed_before = d->typed_at;
}

gint64 decoder_deadline(const Decoder *d)
{
    if (!d->waits)
        return 0;
    return d->fed + (d->paste ? DECODE_PASTE_WAIT_US : DECODE_ESC_WAIT_US);
}

/* ---- escape sequences ---- */

static guint modifiers(guint parameter)
{
    guint bits = parameter > 0 ? parameter - 1 : 0, mods = 0;
    if (bits & 1)
        mods |= KEY_MOD_SHIFT;
    if (bits & (2 | 8))
        mods |= KEY_MOD_ALT;
    if (bits & 4)
        mods |= KEY_MOD_CTRL;
    return mods;
}

/* A character with modifiers as CSI u or modifyOtherKeys tell it. */
static void from_codepoint(Key *k, gunichar c, guint mods)
{
    static const struct {
        gunichar c;
        KeyKind kind;
    } special[] = {{13, KEY_ENTER}, {27, KEY_ESC}, {9, KEY_TAB}, {127, KEY_BACKSPACE}};
    k->mods = mods;
    for (gsize i = 0; i < G_N_ELEMENTS(special); i++)
        if (special[i].c == c) {
            k->kind = special[i].kind;
            if (k->kind == KEY_TAB && (mods & KEY_MOD_SHIFT)) {
                k->kind = KEY_BACKTAB;
                k->mods &= ~(guint)KEY_MOD_SHIFT;
            }
            return;
        }
    if (c < 0x20 || c > 0x10ffff || !g_unichar_validate(c))
        return;
    k->kind = KEY_CHAR;
    k->code = c;
    if ((mods & KEY_MOD_SHIFT) && !(mods & KEY_MOD_CTRL))
        k->code = g_unichar_toupper(c);
    k->mods &= ~(guint)KEY_MOD_SHIFT;
}

static KeyKind tilde_kind(guint n, gunichar *function)
{
    static const guint8 functions[] = {11, 12, 13, 14, 15, 17, 18, 19, 20, 21, 23, 24};
    for (guint i = 0; i < G_N_ELEMENTS(functions); i++)
        if (functions[i] == n) {
            *function = i + 1;
            return KEY_FUNCTION;
        }
    switch (n) {
    case 1: case 7: return KEY_HOME_;
    case 2: return KEY_INSERT;
    case 3: return KEY_DELETE;
    case 4: case 8: return KEY_END_;
    case 5: return KEY_PAGE_UP;
    case 6: return KEY_PAGE_DOWN;
    default: return KEY_NONE;
    }
}

static KeyKind letter_kind(char c, gunichar *function)
{
    switch (c) {
    case 'A': return KEY_ARROW_UP;
    case 'B': return KEY_ARROW_DOWN;
    case 'C': return KEY_ARROW_RIGHT;
    case 'D': return KEY_ARROW_LEFT;
    case 'H': return KEY_HOME_;
    case 'F': return KEY_END_;
    case 'M': return KEY_ENTER; /* SS3 M: the keypad's */
    case 'Z': return KEY_BACKTAB;
    case 'P': case 'Q': case 'R': case 'S':
        *function = (gunichar)(c - 'P' + 1);
        return KEY_FUNCTION;
    default: return KEY_NONE;
    }
}

static void mouse(Key *k, const guint *p, guint n, gboolean release)
{
    if (n < 3)
        return;
    guint button = p[0];
    k->kind = KEY_MOUSE;
    k->column = (int)MIN(p[1], 10000u) - 1;
    k->row = (int)MIN(p[2], 10000u) - 1;
    if (button & 4)
        k->mods |= KEY_MOD_SHIFT;
    if (button & 8)
        k->mods |= KEY_MOD_ALT;
    if (button & 16)
        k->mods |= KEY_MOD_CTRL;
    if (button & 64)
        k->mouse = button & 1 ? MOUSE_WHEEL_DOWN : MOUSE_WHEEL_UP;
    else if (release)
        k->mouse = MOUSE_RELEASE;
    else if (button & 32)
        k->mouse = MOUSE_DRAG;
    else
        k->mouse = MOUSE_CLICK;
    /* only the first button acts; the others are the terminal's (paste, menus) */
    if (!(button & 64) && (button & 3) != 0 && !release)
        k->kind = KEY_NONE;
    if (k->row < 0 || k->column < 0)
        k->kind = KEY_NONE;
}

/* CSI at in[0..1]; 0: incomplete. */
static gsize csi(Decoder *d, Key *k)
{
    const char *s = d->in->str;
    gsize len = d->in->len, i = 2;
    if (len > 2 && s[2] == '[') { /* the Linux console's F1..F5 */
        if (len < 4)
            return 0;
        if (s[3] >= 'A' && s[3] <= 'E') {
            k->kind = KEY_FUNCTION;
            k->code = (gunichar)(s[3] - 'A' + 1);
        }
        return 4;
    }
    char mark = 0;
    if (i < len && (s[i] == '<' || s[i] == '?' || s[i] == '>' || s[i] == '='))
        mark = s[i++];
    guint p[8] = {0}, n = 0;
    gboolean digits = FALSE;
    for (; i < len && (guchar)s[i] < 0x40; i++) {
        if (i > SEQUENCE_MAX || (guchar)s[i] < 0x20)
            return i; /* not a sequence after all: drop what looked like one */
        if (g_ascii_isdigit(s[i])) {
            if (n < G_N_ELEMENTS(p))
                p[n] = MIN(p[n] * 10 + (guint)(s[i] - '0'), 0x110000u);
            digits = TRUE;
        } else if (s[i] == ';') {
            n++;
        }
    }
    if (i >= len)
        return 0;
    n = MIN(n + (digits ? 1 : 0), (guint)G_N_ELEMENTS(p));
    char final = s[i++];
    if (mark == '<' && (final == 'M' || final == 'm')) {
        mouse(k, p, n, final == 'm');
        return i;
    }
    if (mark)
        return i;
    if (final == '~' && p[0] == 200) {
        d->paste = g_string_new(NULL);
    } else if (final == '~' && p[0] == 27 && n >= 3) {
        from_codepoint(k, p[2], modifiers(p[1]));
    } else if (final == '~') {
        k->kind = tilde_kind(p[0], &k->code);
        k->mods = n >= 2 ? modifiers(p[1]) : 0;
    } else if (final == 'u') {
        from_codepoint(k, p[0], n >= 2 ? modifiers(p[1]) : 0);
    } else {
        k->kind = letter_kind(final, &k->code);
        k->mods = n >= 2 && k->kind != KEY_NONE ? modifiers(p[1]) : 0;
    }
    return i;
}

/* Characters that control keys make. */
static void control(Key *k, guchar c)
{
    if (c == '\r' || c == '\n')
        k->kind = KEY_ENTER;
    else if (c == '\t')
        k->kind = KEY_TAB;
    else if (c == 0x7f || c == 0x08)
        k->kind = KEY_BACKSPACE;
    else if (c == 0x1b)
        k->kind = KEY_ESC;
    else {
        k->kind = KEY_CHAR;
        k->mods |= KEY_MOD_CTRL;
        k->code = c == 0 ? ' ' : c <= 26 ? (gunichar)(c - 1 + 'a') : (gunichar)(c + '@');
    }
}

/* One character at `at`; 0: incomplete. */
static gsize character(const char *at, gsize len, gboolean timed_out, gunichar *c)
{
    gunichar u = g_utf8_get_char_validated(at, (gssize)len);
    if (u == (gunichar)-2 && !timed_out && len < 4)
        return 0;
    if (u == (gunichar)-1 || u == (gunichar)-2) {
        *c = 0xfffd;
        return 1;
    }
    *c = u;
    return (gsize)g_unichar_to_utf8(u, NULL);
}

/* Esc at in[0]; 0: incomplete. */
static gsize escape(Decoder *d, Key *k, gboolean timed_out)
{
    const char *s = d->in->str;
    gsize len = d->in->len, used;
    if (len == 1) {
        k->kind = KEY_ESC;
        return timed_out ? 1 : 0;
    }
    if (s[1] == '[' && (len > 2 || !timed_out)) {
        used = csi(d, k);
        /* cut short: nothing of it is a key */
        return used ? used : timed_out ? len : 0;
    }
    if (s[1] == 'O' && len > 2) {
        gsize i = 2;
        guint mod = 0;
        if (g_ascii_isdigit(s[2]) && len > 3)
            mod = (guint)(s[i++] - '0');
        k->kind = letter_kind(s[i], &k->code);
        k->mods = modifiers(mod);
        return i + 1;
    }
    if (s[1] == 'O' && !timed_out)
        return 0;
    if (s[1] == '\033') {
        k->kind = KEY_ESC;
        return 1;
    }
    k->mods = KEY_MOD_ALT;
    if ((guchar)s[1] < 0x20 || s[1] == 0x7f) {
        control(k, (guchar)s[1]);
        return 2;
    }
    gunichar c = 0;
    used = character(s + 1, len - 1, timed_out, &c);
    if (!used)
        return 0;
    k->kind = KEY_CHAR;
    k->code = c;
    return used + 1;
}

/* ---- pastes ---- */

static void make_paste(Key *k, const char *bytes, gsize len, gunichar burst)
{
    char *text = text_make_valid(bytes, len);
    char *to = text;
    for (const char *p = text; *p; p++) { /* line ends become \n; other control characters go */
        if (*p == '\r') {
            *to++ = '\n';
            if (p[1] == '\n')
                p++;
        } else if ((guchar)*p >= 0x20 || *p == '\n' || *p == '\t') {
            if (*p != 0x7f)
                *to++ = *p;
        }
    }
    *to = '\0';
    k->kind = KEY_PASTE;
    k->code = burst;
    k->text = text;
}

static gboolean in_paste(Decoder *d, gint64 now, Key *out)
{
    static const char end[] = "\033[201~";
    const gsize end_len = sizeof end - 1;
    char *at = memmem(d->in->str, d->in->len, end, end_len);
    gboolean over = now >= d->fed + DECODE_PASTE_WAIT_US;
    gsize take = at ? (gsize)(at - d->in->str) : d->in->len;
    if (!at && !over) { /* its end may have come in part */
        gsize kept = MIN(end_len - 1, take);
        while (kept > 0 && memcmp(d->in->str + take - kept, end, kept) != 0)
            kept--;
        take -= kept;
    }
    if (d->paste->len < PASTE_MAX)
        g_string_append_len(d->paste, d->in->str, (gssize)MIN(take, PASTE_MAX - d->paste->len));
    g_string_erase(d->in, 0, (gssize)(at ? take + end_len : take));
    if (!at && !over) {
        d->waits = TRUE;
        return FALSE;
    }
    make_paste(out, d->paste->str, d->paste->len, 0);
    g_string_free(g_steal_pointer(&d->paste), TRUE);
    return TRUE;
}

/* Can a person who is typing have made these while nothing was read? */
static gboolean is_typing(const Decoder *d, guint characters)
{
    gint64 gap = d->fed - d->typed_before;
    if (d->typed_before == 0 || gap > DECODE_TYPING_US || (d->burst_at && d->fed - d->burst_at < PIECES_US))
        return FALSE;
    return characters <= FEW || (characters <= MANY && gap >= (gint64)characters * STROKE_US);
}

/* Length of the run of text at the start of the input when it is a burst, else 0. */
static gsize burst(Decoder *d, gboolean timed_out, gint64 now)
{
    gsize i = 0;
    guint printable = 0, characters = 0;
    gunichar first = 0;
    gboolean alike = TRUE;
    while (i < d->in->len) {
        guchar b = (guchar)d->in->str[i];
        characters++;
        if (b == '\r' || b == '\n' || b == '\t') {
            alike = FALSE;
            i++;
            continue;
        }
        if (b < 0x20 || b == 0x7f)
            break;
        gunichar c = 0;
        gsize n = character(d->in->str + i, d->in->len - i, timed_out, &c);
        if (!n)
            break;
        if (printable++ == 0)
            first = c;
        alike = alike && c == first;
        i += n;
    }
    if (printable < 2)
        return 0;
    if (alike && first == d->last && now - d->last_at < DECODE_REPEAT_US)
        return 0; /* a held key */
    return is_typing(d, characters) ? 0 : i;
}

gboolean decoder_next(Decoder *d, gint64 now, Key *out)
{
    for (;;) {
        *out = (Key){.kind = KEY_NONE};
        d->waits = FALSE;
        if (d->paste)
            return in_paste(d, now, out);
        if (d->in->len == 0)
            return FALSE;
        gboolean timed_out = now >= d->fed + DECODE_ESC_WAIT_US;
        guchar first = (guchar)d->in->str[0];
        gsize used;
        if (first == 0x1b) {
            used = escape(d, out, timed_out);
        } else if (first < 0x20 || first == 0x7f) {
            control(out, first);
            used = 1;
        } else if ((used = burst(d, timed_out, now)) > 0) {
            make_paste(out, d->in->str, used, 1);
            d->burst_at = now;
        } else {
            gunichar c = 0;
            used = character(d->in->str, d->in->len, timed_out, &c);
            out->kind = KEY_CHAR;
            out->code = c;
            if (used) {
                d->last = c;
                d->last_at = now;
            }
        }
        if (!used) {
            d->waits = TRUE;
            out->kind = KEY_NONE;
            return FALSE;
        }
        g_string_erase(d->in, 0, (gssize)used);
        if (out->kind != KEY_PASTE && out->kind != KEY_MOUSE && out->kind != KEY_NONE)
            d->typed_at = now;
        if (out->kind != KEY_NONE)
            return TRUE;
    }
}
