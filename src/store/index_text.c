/* index_text.c - see index_text.h. A word matches what begins with it ("meet" finds
 * "meeting"); a phrase, and anything in a script without spaces, matches where it occurs. The same
 * rule holds with and without the index. */
#include "index_text.h"
#include <string.h>
#include "pintail/util/text.h"

gboolean index_is_unspaced(gunichar c)
{
    return (c >= 0x0e00 && c <= 0x0eff) || /* Thai, Lao */
           (c >= 0x1000 && c <= 0x109f) || /* Myanmar */
           (c >= 0x1780 && c <= 0x17ff) || /* Khmer */
           (c >= 0x3040 && c <= 0x30ff) || /* kana */
           (c >= 0x3400 && c <= 0x9fff) || /* Han */
           (c >= 0xac00 && c <= 0xd7af) || /* Hangul: agglutinating, found inside words */
           (c >= 0xf900 && c <= 0xfaff) || (c >= 0x20000 && c <= 0x3ffff);
}

static gboolean is_word(gunichar c)
{
    return g_unichar_isalnum(c) || g_unichar_ismark(c);
}

static char *fold(const char *text, gsize limit)
{
    gsize len = strlen(text);
    if (len > limit) {
        len = limit;
        while (len > 0 && ((guchar)text[len] & 0xc0) == 0x80)
            len--;
    }
    return text_fold(text, (gssize)len);
}

static void end_word(GString *words)
{
    if (words->len && words->str[words->len - 1] != ' ')
        g_string_append_c(words, ' ');
}

char *index_words(const char *text, gsize limit)
{
    g_autofree char *folded = fold(text, limit);
    GString *words = g_string_sized_new(strlen(folded) + 16);
    gunichar before = 0; /* the last character of an unspaced run */
    gboolean alone = FALSE;
    for (const char *p = folded; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if (index_is_unspaced(c)) {
            end_word(words);
            if (before) {
                g_string_append_unichar(words, before);
                g_string_append_unichar(words, c);
            }
            alone = !before;
            before = c;
            continue;
        }
        if (before && alone) /* one character is a word of its own */
            g_string_append_unichar(words, before);
        if (before)
            end_word(words);
        before = 0;
        alone = FALSE;
        if (is_word(c))
            g_string_append_unichar(words, c);
        else
            end_word(words);
    }
    if (before && alone)
        g_string_append_unichar(words, before);
    return g_string_free(words, FALSE);
}

char *index_plain(const char *text, gsize limit)
{
    g_autofree char *folded = fold(text, limit);
    GString *plain = g_string_sized_new(strlen(folded) + 2);
    for (const char *p = folded; *p; p++) {
        gboolean blank = (guchar)*p <= ' ';
        if (!blank)
            g_string_append_c(plain, *p);
        else if (plain->len && plain->str[plain->len - 1] != ' ')
            g_string_append_c(plain, ' ');
    }
    return g_string_free(plain, FALSE);
}

gboolean plain_has_word(const char *plain, const char *word)
{
    gboolean anywhere = index_is_unspaced(g_utf8_get_char(word));
    for (const char *p = plain; (p = strstr(p, word)); p++) {
        if (anywhere || p == plain || !is_word(g_utf8_get_char(g_utf8_prev_char(p))) ||
            index_is_unspaced(g_utf8_get_char(g_utf8_prev_char(p))))
            return TRUE;
    }
    return FALSE;
}
