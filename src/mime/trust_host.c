/* trust_host.c - domains that imitate others by their letters.
 *
 * After Unicode's UTS 39, cut down to what is seen in phishing: letters of several kinds of writing in one
 * label, and labels whose every letter has a Latin double. */
#include <string.h>
#include "pintail/mime/trust.h"
#include "pintail/util/endpoint.h"

/* Doubles of Latin letters and digits in Cyrillic, Greek, Armenian and the like; sorted by code point. */
static const struct {
    guint16 from;
    char to;
} doubles[] = {
    {0x0131, 'i'}, {0x0237, 'j'}, {0x0251, 'a'}, {0x0261, 'g'}, {0x0269, 'i'}, {0x028b, 'u'}, {0x03b1, 'a'},
    {0x03b3, 'y'}, {0x03b9, 'i'}, {0x03ba, 'k'}, {0x03bd, 'v'}, {0x03bf, 'o'}, {0x03c1, 'p'}, {0x03c3, 'o'},
    {0x03c5, 'u'}, {0x03c7, 'x'}, {0x03f2, 'c'}, {0x03f3, 'j'}, {0x0430, 'a'}, {0x0433, 'r'}, {0x0435, 'e'},
    {0x0438, 'u'}, {0x043a, 'k'}, {0x043e, 'o'}, {0x043f, 'n'}, {0x0440, 'p'}, {0x0441, 'c'}, {0x0443, 'y'},
    {0x0445, 'x'}, {0x0448, 'w'}, {0x0455, 's'}, {0x0456, 'i'}, {0x0457, 'i'}, {0x0458, 'j'}, {0x0461, 'w'},
    {0x0475, 'v'}, {0x04ab, 'c'}, {0x04af, 'y'}, {0x04bb, 'h'}, {0x04cf, 'l'}, {0x0501, 'd'}, {0x051b, 'q'},
    {0x051d, 'w'}, {0x0561, 'w'}, {0x0563, 'q'}, {0x0566, 'q'}, {0x0570, 'h'}, {0x0578, 'n'}, {0x057c, 'n'},
    {0x057d, 'u'}, {0x0581, 'g'}, {0x0584, 'f'}, {0x0585, 'o'}, {0x0587, 'l'},
};

static char latin_double(gunichar c)
{
    gsize low = 0, high = G_N_ELEMENTS(doubles);
    while (low < high) {
        gsize middle = (low + high) / 2;
        if (doubles[middle].from == c)
            return doubles[middle].to;
        if (doubles[middle].from < c)
            low = middle + 1;
        else
            high = middle;
    }
    return 0;
}

enum {
    LATIN = 1, CYRILLIC = 2, GREEK = 4, HAN = 8, KANA = 16, HANGUL = 32, BOPOMOFO = 64, OTHER = 128,
};

static guint script_bit(gunichar c)
{
    switch (g_unichar_get_script(c)) {
    case G_UNICODE_SCRIPT_COMMON:
    case G_UNICODE_SCRIPT_INHERITED: return 0;
    case G_UNICODE_SCRIPT_LATIN: return LATIN;
    case G_UNICODE_SCRIPT_CYRILLIC: return CYRILLIC;
    case G_UNICODE_SCRIPT_GREEK: return GREEK;
    case G_UNICODE_SCRIPT_HAN: return HAN;
    case G_UNICODE_SCRIPT_HIRAGANA:
    case G_UNICODE_SCRIPT_KATAKANA: return KANA;
    case G_UNICODE_SCRIPT_HANGUL: return HANGUL;
    case G_UNICODE_SCRIPT_BOPOMOFO: return BOPOMOFO;
    default: return OTHER;
    }
}

/* Those that are written together: Japanese, Korean and Chinese, each with Latin letters. */
static gboolean may_stand_together(guint scripts)
{
    static const guint sets[] = {LATIN | HAN | KANA, LATIN | HAN | HANGUL, LATIN | HAN | BOPOMOFO};
    if ((scripts & (scripts - 1)) == 0)
        return TRUE;
    for (gsize i = 0; i < G_N_ELEMENTS(sets); i++)
        if ((scripts & ~sets[i]) == 0)
            return TRUE;
    return FALSE;
}

static HostKind label_kind(const char *at, gsize len)
{
    guint scripts = 0, letters = 0, doubled = 0, foreign = 0;
    for (const char *p = at; p < at + len; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        guint bit = script_bit(c);
        if (c < 0x80 && !g_ascii_isalpha((char)c))
            continue;
        scripts |= bit;
        letters++;
        foreign += c >= 0x80;
        doubled += c >= 0x80 && latin_double(g_unichar_tolower(c)) != 0;
    }
    if (foreign == 0)
        return HOST_PLAIN;
    if (!may_stand_together(scripts))
        return HOST_MIXED;
    return doubled == letters && !(scripts & LATIN) && letters > 2 ? HOST_CONFUSABLE : HOST_INTERNATIONAL;
}

HostKind host_kind(const char *host, char **ascii, char **unicode)
{
    g_autofree char *valid = g_utf8_make_valid(host, -1);
    g_autofree char *u = endpoint_unicode_host(valid);
    g_autofree char *a = endpoint_ascii_host(valid, NULL);
    g_autofree char *lower = g_utf8_strdown(u ? u : valid, -1);
    HostKind kind = HOST_PLAIN;
    const char *at = lower;
    while (*at) {
        gsize n = strcspn(at, ".");
        HostKind one = label_kind(at, n);
        if (!u && g_ascii_strncasecmp(at, "xn--", 4) == 0)
            one = HOST_MIXED; /* it stands for nothing that may be in a name */
        kind = MAX(kind, one);
        at += n + (at[n] == '.');
    }
    if (!a && kind > HOST_PLAIN)
        kind = MAX(kind, HOST_MIXED);
    if (ascii)
        *ascii = g_strdup(a ? a : valid);
    if (unicode)
        *unicode = g_strdup(u ? u : valid);
    return kind;
}

char *host_skeleton(const char *host)
{
    g_autofree char *u = NULL;
    (void)host_kind(host, NULL, &u);
    g_autofree char *lower = g_utf8_strdown(u, -1);
    g_autofree char *apart = g_utf8_normalize(lower, -1, G_NORMALIZE_ALL);
    GString *out = g_string_new(NULL);
    for (const char *p = apart ? apart : lower; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        char twin = latin_double(c);
        if (g_unichar_ismark(c) || c == '-')
            continue;
        c = twin ? (gunichar)twin : c;
        c = c == '0' ? 'o' : c == '1' || c == 'i' ? 'l' : c == '5' ? 's' : c;
        if (c == 'n' && out->len > 0 && out->str[out->len - 1] == 'r')
            out->str[out->len - 1] = 'm';
        else if (c == 'v' && out->len > 0 && out->str[out->len - 1] == 'v')
            out->str[out->len - 1] = 'w';
        else
            g_string_append_unichar(out, c);
    }
    return g_string_free(out, FALSE);
}
