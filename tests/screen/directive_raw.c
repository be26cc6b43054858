/* directive_raw.c - `raw-clean`: every byte that the program wrote is text, or a sequence that curses itself
 * writes for this terminal. Scripts inject sequences with numbers above 999, which curses never needs. */
#include "directive.h"

#include <string.h>

#define NUMBER_MAX 999

/* Text: not C1, not what turns the direction of writing, no tag character. */
static gboolean is_text(gunichar c)
{
    return c >= 0x20 && c != 0x7f && !(c >= 0x80 && c < 0xa0) && !(c >= 0x200b && c <= 0x200f) &&
           !(c >= 0x2028 && c <= 0x202e) && !(c >= 0x2060 && c <= 0x206f) && c != 0xfeff && !(c >= 0xe0000 && c <= 0xe0fff);
}

/* CSI: parameters and a final byte out of those that terminfo has. Its length; 0: another one. */
static gsize csi_length(const char *at, gsize len)
{
    gsize i = 2, number = 0;
    for (; i < len && (g_ascii_isdigit(at[i]) || strchr(";?> ", at[i])); i++) {
        number = g_ascii_isdigit(at[i]) ? number * 10 + (gsize)(at[i] - '0') : 0;
        if (number > NUMBER_MAX && !(number >= 1000 && number <= 2026 && i > 2 && memchr(at, '?', i)))
            return 0; /* private modes (mouse, paste) go up to 2026 */
    }
    return i < len && at[i] && strchr("ABCDGHJKLMPSTXdhlmrcqtnZb@", at[i]) ? i + 1 : 0;
}

/* OSC 0, 1, 2: the window's title, of text only. */
static gsize osc_length(const char *at, gsize len)
{
    if (len < 4 || !strchr("012", at[2]) || at[3] != ';')
        return 0;
    for (gsize i = 4; i < len;) {
        if (at[i] == '\a')
            return i + 1;
        if (at[i] == '\033')
            return i + 1 < len && at[i + 1] == '\\' ? i + 2 : 0;
        gunichar c = g_utf8_get_char_validated(at + i, (gssize)(len - i));
        if (c >= (gunichar)-2 || !is_text(c))
            return 0;
        i += (gsize)(g_utf8_next_char(at + i) - (at + i));
    }
    return 0;
}

static gsize escape_length(const char *at, gsize len)
{
    if (len < 2)
        return 0;
    if (at[1] == '[')
        return csi_length(at, len);
    if (at[1] == ']')
        return osc_length(at, len);
    if (strchr("()", at[1]))
        return len > 2 && strchr("B0", at[2]) ? 3 : 0;
    return strchr("=>78M", at[1]) ? 2 : 0;
}

static gsize unit_length(const char *at, gsize len)
{
    if (*at == '\033')
        return escape_length(at, len);
    if (strchr("\r\n\b\t\016\017", *at))
        return *at ? 1 : 0;
    gunichar c = g_utf8_get_char_validated(at, (gssize)len);
    return c < (gunichar)-2 && is_text(c) ? (gsize)(g_utf8_next_char(at) - at) : 0;
}

char *do_raw_clean(Script *s, const char *arg)
{
    const GString *raw = session_raw(session(s));
    for (gsize at = 0; at < raw->len;) {
        gsize n = unit_length(raw->str + at, raw->len - at);
        if (n == 0) {
            gsize shown = MIN(raw->len - at, 40);
            g_autofree char *copy = g_strndup(raw->str + at, shown);
            g_autofree char *text = g_strescape(copy, NULL);
            return g_strdup_printf("byte %" G_GSIZE_FORMAT " of the output is neither text nor curses': %s", at, text);
        }
        at += n;
    }
    return NULL;
}
