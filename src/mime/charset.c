/* charset.c - charsets as mail names them, through iconv, with counted buffers.
 *
 * Labels are mapped to what senders mean by them (as browsers do): ISO-8859-1 is
 * windows-1252, GB2312 is GB18030, KS_C_5601 is CP949. UTF-8 and windows-1252,
 * nearly all of today's mail, are converted here without iconv. The result is
 * always valid UTF-8 without NUL. */
#include "charset.h"
#include <errno.h>
#include <iconv.h>
#include "pintail/mime/part.h"

#define REPLACEMENT "\xEF\xBF\xBD"

/* windows-1252's 0x80..0x9f; 0 where nothing is assigned. */
static const gunichar2 cp1252[32] = {
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178,
};

static const struct {
    const char *label; /* lower case, without '-', '_' and blanks */
    const char *iconv; /* tried in order, '|' between; "" means: guess */
} aliases[] = {
    {"", ""},
    {"unknown8bit", ""},
    {"xunknown", ""},
    {"unknown", ""},
    {"8bit", ""},
    {"7bit", ""},
    {"binary", ""},
    {"default", ""},
    {"defaultcharset", ""},
    {"none", ""},
    {"ascii", ""},
    {"usascii", ""},
    {"ansix3.41968", ""},
    {"isoir6", ""},
    {"646", ""},
    {"xuserdefined", ""},
    {"utf8", "UTF-8"},
    {"xutf8", "UTF-8"},
    {"unicode11utf8", "UTF-8"},
    {"utf8mb4", "UTF-8"},
    {"utf7", "UTF-7"},
    {"unicode11utf7", "UTF-7"},
    {"xunicode20utf7", "UTF-7"},
    {"utf16", "UTF-16"},
    {"unicode", "UTF-16"},
    {"iso88591", "CP1252"},
    {"iso88591:1987", "CP1252"},
    {"88591", "CP1252"},
    {"latin1", "CP1252"},
    {"isolatin1", "CP1252"},
    {"l1", "CP1252"},
    {"cp819", "CP1252"},
    {"ansi", "CP1252"},
    {"xansi", "CP1252"},
    {"iso88598i", "ISO-8859-8"},
    {"iso88598e", "ISO-8859-8"},
    {"visual", "ISO-8859-8"},
    {"logical", "ISO-8859-8"},
    {"iso88596i", "ISO-8859-6"},
    {"iso88596e", "ISO-8859-6"},
    {"iso88599", "CP1254"},
    {"latin5", "CP1254"},
    {"iso885911", "CP874"},
    {"tis620", "CP874"},
    {"latin2", "ISO-8859-2"},
    {"latin9", "ISO-8859-15"},
    {"koi8", "KOI8-R"},
    {"gb2312", "GB18030"},
    {"gb231280", "GB18030"},
    {"gbk", "GB18030"},
    {"xgbk", "GB18030"},
    {"cngb", "GB18030"},
    {"euccn", "GB18030"},
    {"cp936", "GB18030"},
    {"chinese", "GB18030"},
    {"big5", "BIG5-HKSCS|BIG5"},
    {"cnbig5", "BIG5-HKSCS|BIG5"},
    {"xxbig5", "BIG5-HKSCS|BIG5"},
    {"ksc56011987", "CP949|UHC|EUC-KR"},
    {"ksc56011989", "CP949|UHC|EUC-KR"},
    {"ksc5601", "CP949|UHC|EUC-KR"},
    {"euckr", "CP949|UHC|EUC-KR"},
    {"korean", "CP949|UHC|EUC-KR"},
    {"xwindows949", "CP949|UHC|EUC-KR"},
    {"shiftjis", "CP932|SHIFT_JIS"},
    {"xsjis", "CP932|SHIFT_JIS"},
    {"sjis", "CP932|SHIFT_JIS"},
    {"mskanji", "CP932|SHIFT_JIS"},
    {"windows31j", "CP932|SHIFT_JIS"},
    {"eucjp", "EUC-JP-MS|EUC-JP"},
    {"xeucjp", "EUC-JP-MS|EUC-JP"},
    {"iso2022jp", "ISO-2022-JP-2|ISO-2022-JP"},
    {"iso2022jpms", "ISO-2022-JP-2|ISO-2022-JP"},
    {"macintosh", "MACINTOSH"},
    {"xmacroman", "MACINTOSH"},
    {"macroman", "MACINTOSH"},
};

/* Puts the label into `out` in the form of the table. */
static void simplify(const char *label, char *out, gsize size)
{
    gsize n = 0;
    for (; *label && n + 1 < size; label++) {
        if (*label == '*')
            break; /* RFC 2231 section 5: language */
        if (!strchr("-_ \t\"'", *label))
            out[n++] = g_ascii_tolower(*label);
    }
    out[n] = '\0';
}

/* Names to try, '|' between; "" for a label that says nothing. Owned. */
static char *candidates(const char *label)
{
    char simple[64];
    simplify(label, simple, sizeof simple);
    for (gsize i = 0; i < G_N_ELEMENTS(aliases); i++) {
        if (strcmp(simple, aliases[i].label) == 0)
            return g_strdup(aliases[i].iconv);
    }
    /* windows-1250, cp1250, x-cp1250, cp-850, ms949 */
    static const char *const pages[] = {"windows", "cp", "xcp", "ms", "ibm", "win"};
    for (gsize i = 0; i < G_N_ELEMENTS(pages); i++) {
        gsize n = strlen(pages[i]);
        if (strncmp(simple, pages[i], n) == 0 && simple[n] &&
            strspn(simple + n, "0123456789") == strlen(simple + n))
            return g_strconcat("CP", simple + n, NULL);
    }
    if (strncmp(simple, "iso8859", 7) == 0 && g_ascii_isdigit(simple[7])) {
        gsize digits = strspn(simple + 7, "0123456789");
        return g_strdup_printf("ISO-8859-%.*s", (int)MIN(digits, 2), simple + 7);
    }
    /* iconv names hold no slash (it would begin a suffix such as //TRANSLIT) */
    char *name = g_strndup(label, strcspn(label, "*/|"));
    return g_strstrip(name);
}

static void append_char(GString *out, gunichar c)
{
    if (c == 0)
        g_string_append(out, REPLACEMENT);
    else
        g_string_append_unichar(out, c);
}

static void append_cp1252(GString *out, Span s)
{
    gsize i = 0;
    while (i < s.len) {
        gsize run = i;
        while (run < s.len && (guchar)s.at[run] < 0x80 && s.at[run])
            run++;
        g_string_append_len(out, s.at + i, (gssize)(run - i));
        if (run == s.len)
            break;
        guchar c = (guchar)s.at[run];
        append_char(out, c >= 0x80 && c < 0xa0 ? cp1252[c - 0x80] : c);
        i = run + 1;
    }
}

/* Counts, when asked, valid sequences of several bytes and invalid bytes. */
static void append_utf8(GString *out, Span s, gsize *good, gsize *bad)
{
    if (s.len == 0)
        return;
    const char *p = s.at, *end = s.at + s.len;
    gsize invalid = 0;
    while (p < end) {
        const char *stop;
        gboolean ok = g_utf8_validate_len(p, (gsize)(end - p), &stop);
        if (good) {
            for (const char *q = p; q < stop; q++)
                *good += (guchar)*q >= 0xc0;
        }
        g_string_append_len(out, p, stop - p);
        if (ok)
            break;
        g_string_append(out, REPLACEMENT);
        invalid++;
        p = stop + 1;
    }
    if (bad)
        *bad += invalid;
}

/* One charset through iconv; FALSE when it does not know the name. */
static gboolean append_iconv(GString *out, Span s, const char *name)
{
    iconv_t cd = iconv_open("UTF-8", name);
    if (cd == (iconv_t)-1)
        return FALSE;
    g_autoptr(GString) raw = g_string_sized_new(s.len + s.len / 2 + 16);
    char buffer[4096];
    char *in = (char *)(gpointer)s.at; /* iconv() does not write to its input */
    gsize left = s.len;
    gboolean flushing = FALSE;
    for (;;) {
        char *to = buffer;
        gsize room = sizeof buffer;
        gsize r = flushing ? iconv(cd, NULL, NULL, &to, &room) : iconv(cd, &in, &left, &to, &room);
        int e = errno;
        g_string_append_len(raw, buffer, to - buffer);
        if (r != (gsize)-1) {
            if (flushing)
                break;
            flushing = TRUE;
        } else if (e == E2BIG) {
            continue;
        } else if (left > 0 && !flushing) {
            /* EILSEQ, or EINVAL for a character cut at the end */
            g_string_append(raw, REPLACEMENT);
            in++;
            left--;
        } else {
            break;
        }
    }
    iconv_close(cd);
    append_utf8(out, span_new(raw->str, raw->len), NULL, NULL);
    return TRUE;
}

static gboolean append_named(GString *out, Span bytes, const char *names)
{
    if (strcmp(names, "UTF-8") == 0) {
        append_utf8(out, bytes, NULL, NULL);
        return TRUE;
    }
    if (strcmp(names, "CP1252") == 0) {
        append_cp1252(out, bytes);
        return TRUE;
    }
    g_auto(GStrv) each = g_strsplit(names, "|", 4);
    for (gsize i = 0; each[i]; i++) {
        if (append_iconv(out, bytes, each[i]))
            return TRUE;
    }
    return FALSE;
}

gboolean charset_append(GString *out, Span bytes, const char *charset)
{
    g_autofree char *names = candidates(charset);
    if (!*names) {
        charset_append_guessed(out, bytes);
        return *charset != '\0';
    }
    return append_named(out, bytes, names);
}

gboolean charset_is_known(const char *charset)
{
    g_autoptr(GString) nothing = g_string_new(NULL);
    return *charset && charset_append(nothing, span_new("", 0), charset);
}

const char *charset_append_guessed(GString *out, Span bytes)
{
    if (bytes.len == 0)
        return "UTF-8";
    if (memchr(bytes.at, '\033', bytes.len) &&
        (memmem(bytes.at, bytes.len, "\033$B", 3) || memmem(bytes.at, bytes.len, "\033$@", 3)) &&
        append_named(out, bytes, "ISO-2022-JP-2|ISO-2022-JP"))
        return "ISO-2022-JP";
    gsize before = out->len, good = 0, bad = 0;
    append_utf8(out, bytes, &good, &bad);
    /* A NUL is damage in any charset and says nothing about which one it is. */
    if (bad == 0 || (bad <= good && memchr(bytes.at, 0, bytes.len)))
        return "UTF-8";
    const char *stop = NULL;
    for (const char *p = bytes.at; p < bytes.at + bytes.len && !stop; p++) {
        if ((guchar)*p >= 0x80)
            stop = p;
    }
    if (!stop)
        return "UTF-8"; /* only NULs */
    g_string_truncate(out, before);
    append_cp1252(out, bytes);
    return "windows-1252";
}

char *charset_to_utf8(Span bytes, const char *charset, const char **guessed)
{
    GString *out = g_string_sized_new(bytes.len + 16);
    const char *used = NULL;
    g_autofree char *names = candidates(charset ? charset : "");
    if (bytes.len == 0 || strcmp(names, "UTF-8") == 0) {
        gsize good = 0, bad = 0;
        append_utf8(out, bytes, &good, &bad);
        if (bad > 0 && good == 0) { /* labelled UTF-8 with not one UTF-8 character in it */
            g_string_truncate(out, 0);
            used = charset_append_guessed(out, bytes);
        }
    } else if (!*names || !append_named(out, bytes, names)) {
        used = charset_append_guessed(out, bytes);
    }
    if (guessed)
        *guessed = used;
    return g_string_free(out, FALSE);
}

char *charset_of_html(Span html)
{
    gsize limit = MIN(html.len, 2048);
    g_autofree char *head = g_ascii_strdown(html.at ? html.at : "", (gssize)limit);
    for (gsize i = 0; i < limit; i++) {
        if (!head[i])
            head[i] = ' ';
    }
    const char *meta = head;
    while ((meta = strstr(meta, "<meta"))) {
        gsize tag = strcspn(meta, ">");
        g_autofree char *text = g_strndup(meta, tag);
        const char *at = strstr(text, "charset");
        if (at) {
            at += strlen("charset");
            at += strspn(at, " \t\r\n");
            if (*at == '=') {
                at++;
                at += strspn(at, " \t\r\n\"'");
                return g_strndup(at, strcspn(at, " \t\r\n\"';/>"));
            }
        }
        meta += tag;
    }
    return NULL;
}
