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

/* Runs of a script without spaces: `last` is their last character. */
static void end_run(GString *words, gunichar last, gboolean alone, gboolean query)
{
    if (last && (alone || !query)) {
        end_word(words);
        g_string_append_unichar(words, last);
    }
    if (last)
        end_word(words);
}

static char *split(const char *text, gsize limit, gboolean query)
{
    g_autofree char *folded = fold(text, limit);
    GString *words = g_string_sized_new(strlen(folded) + 16);
    gunichar before = 0; /* the last character of an unspaced run */
    gboolean alone = FALSE;
    gsize start = 0;
    for (const char *p = folded; *p; p = g_utf8_next_char(p)) {
        gunichar c = (guchar)*p < 0x80 ? (guchar)*p : g_utf8_get_char(p);
        if (c >= 0x80 && index_is_unspaced(c)) {
            end_word(words);
            if (before) {
                g_string_append_unichar(words, before);
                g_string_append_unichar(words, c);
            }
            alone = !before;
            before = c;
            continue;
        }
        if (before) {
            end_run(words, before, alone, query);
            before = 0;
        }
        if (c < 0x80 ? !g_ascii_isalnum((char)c) : !is_word(c)) {
            end_word(words);
            continue;
        }
        if (!words->len || words->str[words->len - 1] == ' ')
            start = words->len;
        if (words->len - start >= INDEX_WORD_MAX)
            continue;
        if (c < 0x80)
            g_string_append_c(words, (char)c);
        else
            g_string_append_unichar(words, c);
    }
    end_run(words, before, alone, query);
    return g_string_free(words, FALSE);
}

char *index_words(const char *text, gsize limit)
{
    return split(text, limit, FALSE);
}

char *index_query_words(const char *text)
{
    return split(text, 65536, TRUE);
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

/* Is the text between two words here? Nothing separates those of an unspaced script. */
static gboolean between(gunichar left, gunichar right)
{
    return !is_word(left) || !is_word(right) || index_is_unspaced(left) || index_is_unspaced(right);
}

gboolean plain_has_word(const char *plain, const char *word, gboolean whole)
{
    gsize len = strlen(word);
    gunichar first = g_utf8_get_char(word);
    gunichar last = len ? g_utf8_get_char(g_utf8_prev_char(word + len)) : 0;
    for (const char *p = plain; (p = strstr(p, word)); p++) {
        gboolean begins = p == plain || !is_word(first) ||
                          between(g_utf8_get_char(g_utf8_prev_char(p)), first);
        gboolean ends = !whole || !p[len] || between(last, g_utf8_get_char(p + len));
        if (begins && ends)
            return TRUE;
        if (!*p)
            break;
    }
    return FALSE;
}
