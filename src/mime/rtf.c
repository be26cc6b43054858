/* rtf.c - the text of a winmail.dat: LZFu (MS-OXRTFCP), and RTF to text or to the HTML that it was made
 * from (MS-OXRTFEX). One pass each; groups are counted, their states kept for GROUPS_MAX. */
#include <stdlib.h>
#include <string.h>
#include "charset.h"
#include "pintail/mime/part.h"
#include "tnef.h"

#define OUTPUT_MAX (16u << 20)
#define DICTIONARY 4096u
#define GROUPS_MAX 200
#define WORD_MAX 32

static const char prefix[] =
    "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern "
    "\\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0"
    "\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";

static guint32 u32(const char *p)
{
    const guchar *b = (const guchar *)p;
    return b[0] | (guint32)b[1] << 8 | (guint32)b[2] << 16 | (guint32)b[3] << 24;
}

GString *rtf_decompress(Span s)
{
    if (s.len < 16)
        return NULL;
    guint32 raw = MIN(u32(s.at + 4), OUTPUT_MAX), kind = u32(s.at + 8);
    const guchar *p = (const guchar *)s.at + 16, *end = (const guchar *)s.at + s.len;
    if (kind == 0x414c454d) /* "MELA": not compressed */
        return g_string_new_len((const char *)p, (gssize)MIN(raw, (gsize)(end - p)));
    if (kind != 0x75465a4c) /* "LZFu" */
        return NULL;
    g_autofree guchar *window = g_malloc0(DICTIONARY);
    guint write = sizeof prefix - 1;
    memcpy(window, prefix, write);
    GString *out = g_string_new(NULL);
    while (p < end && out->len < raw) {
        guint control = *p++;
        for (guint bit = 0; bit < 8 && p < end && out->len < raw; bit++, control >>= 1) {
            if (!(control & 1)) {
                g_string_append_c(out, (char)*p);
                window[write++ % DICTIONARY] = *p++;
                continue;
            }
            if (end - p < 2)
                return out;
            guint offset = (guint)p[0] << 4 | p[1] >> 4, length = (p[1] & 15u) + 2;
            p += 2;
            if (offset == write % DICTIONARY)
                return out;
            for (guint i = 0; i < length; i++) {
                guchar c = window[(offset + i) % DICTIONARY];
                g_string_append_c(out, (char)c);
                window[write++ % DICTIONARY] = c;
            }
        }
    }
    return out;
}

typedef struct {
    gboolean skip;     /* a destination that is no text */
    gboolean html_tag; /* {\*\htmltag ...} */
    gboolean html_rtf; /* between \htmlrtf and \htmlrtf0 */
    guint unicode_skip;
} Group;

typedef struct {
    const char *at, *end;
    GString *out, *bytes; /* bytes: of \'hh, not yet converted */
    Group groups[GROUPS_MAX];
    guint depth, skip_chars, codepage;
    gunichar high; /* the first half of a character */
    gboolean html, star;
} Rtf;

static Group *top(Rtf *r)
{
    return &r->groups[MIN(r->depth, GROUPS_MAX - 1)];
}

static gboolean is_shown(Rtf *r)
{
    const Group *g = top(r);
    if (r->html)
        return g->html_tag || (!g->skip && !g->html_rtf);
    return !g->skip;
}

static void flush(Rtf *r)
{
    if (r->bytes->len == 0)
        return;
    g_autofree char *page = g_strdup_printf("cp%u", r->codepage);
    g_autofree char *text = charset_to_utf8(span_new(r->bytes->str, r->bytes->len), r->codepage == 65001 ? "utf-8" : page, NULL);
    g_string_append(r->out, text);
    g_string_truncate(r->bytes, 0);
}

static void put_byte(Rtf *r, char c)
{
    if (r->skip_chars > 0)
        r->skip_chars--;
    else if (is_shown(r))
        g_string_append_c(r->bytes, c);
}

static void put_char(Rtf *r, gunichar c)
{
    if (!is_shown(r))
        return;
    flush(r);
    g_string_append_unichar(r->out, c);
}

static gboolean is_one_of(const char *word, const char *const *words)
{
    for (; *words; words++)
        if (strcmp(word, *words) == 0)
            return TRUE;
    return FALSE;
}

/* Characters that have a word of their own; 0 when it is none. */
static gunichar named_char(const char *word)
{
    static const struct {
        const char *word;
        gunichar c;
    } known[] = {
        {"par", '\n'},      {"line", '\n'},      {"row", '\n'},       {"sect", '\n'},
        {"page", '\n'},     {"tab", '\t'},       {"cell", '\t'},      {"emdash", 0x2014},
        {"endash", 0x2013}, {"bullet", 0x2022},  {"lquote", 0x2018},  {"rquote", 0x2019},
        {"ldblquote", 0x201c}, {"rdblquote", 0x201d}, {"emspace", ' '}, {"enspace", ' '},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(known); i++)
        if (strcmp(word, known[i].word) == 0)
            return known[i].c;
    return 0;
}

/* A character beyond the first 65536 comes as two halves. */
static void unicode_char(Rtf *r, long number)
{
    gunichar c = (gunichar)(number < 0 ? number + 65536 : number) & 0xffff, high = r->high;
    r->high = 0;
    if (c >= 0xd800 && c < 0xdc00)
        r->high = c;
    else if (c >= 0xdc00 && c < 0xe000)
        put_char(r, high ? 0x10000 + ((high - 0xd800) << 10) + (c - 0xdc00) : 0xfffd);
    else
        put_char(r, c ? c : 0xfffd);
}

static void control_word(Rtf *r, const char *word, gboolean has_number, long number)
{
    static const char *const destinations[] = {
        "fonttbl", "colortbl", "stylesheet", "info", "pict", "header", "footer", "headerl", "headerr",
        "footerl", "footerr", "footnote", "object", "xe", "tc", "listtable", "listoverridetable",
        "generator", "themedata", "datastore", "fldinst", "filetbl", "revtbl", NULL};
    Group *g = top(r);
    gunichar c = named_char(word);
    if (strcmp(word, "htmltag") == 0 && r->star) {
        flush(r);
        g->html_tag = r->html;
        g->skip = TRUE;
    } else if (r->star || is_one_of(word, destinations)) {
        flush(r);
        g->skip = TRUE;
    } else if (strcmp(word, "htmlrtf") == 0) {
        flush(r);
        g->html_rtf = !has_number || number != 0;
    } else if (strcmp(word, "ansicpg") == 0 && number > 0 && number < 70000) {
        r->codepage = (guint)number;
    } else if (strcmp(word, "uc") == 0) {
        g->unicode_skip = (guint)CLAMP(number, 0, 8);
    } else if (strcmp(word, "u") == 0 && has_number) {
        unicode_char(r, number);
        r->skip_chars = g->unicode_skip;
    } else if (c) {
        put_char(r, c);
    }
    r->star = FALSE;
}

static void read_control(Rtf *r)
{
    char word[WORD_MAX + 1];
    gsize n = 0;
    while (r->at < r->end && g_ascii_isalpha(*r->at)) {
        if (n < WORD_MAX)
            word[n++] = *r->at;
        r->at++;
    }
    word[n] = '\0';
    gboolean negative = r->at < r->end && *r->at == '-' && n > 0;
    r->at += negative;
    long number = 0;
    gboolean has_number = FALSE;
    while (r->at < r->end && g_ascii_isdigit(*r->at)) {
        number = MIN(number * 10 + (*r->at - '0'), 1000000);
        r->at++;
        has_number = TRUE;
    }
    if (r->at < r->end && *r->at == ' ')
        r->at++;
    control_word(r, word, has_number, negative ? -number : number);
}

static void read_backslash(Rtf *r)
{
    if (r->at == r->end)
        return;
    char c = *r->at;
    if (g_ascii_isalpha(c)) {
        read_control(r);
        return;
    }
    r->at++;
    if (c == '\'' && r->end - r->at >= 2) {
        int high = g_ascii_xdigit_value(r->at[0]), low = g_ascii_xdigit_value(r->at[1]);
        r->at += 2;
        if (high >= 0 && low >= 0)
            put_byte(r, (char)(high << 4 | low));
    } else if (c == '*') {
        r->star = TRUE;
    } else if (c == '~') {
        put_char(r, ' ');
    } else if (c == '_') {
        put_char(r, '-');
    } else if (c == '\\' || c == '{' || c == '}') {
        put_byte(r, c);
    } else if (c == '\n' || c == '\r') {
        put_char(r, '\n');
    }
}

static void read_all(Rtf *r)
{
    while (r->at < r->end && r->out->len + r->bytes->len < OUTPUT_MAX) {
        char c = *r->at++;
        if (c == '{') {
            Group inherited = *top(r);
            r->depth++;
            if (r->depth < GROUPS_MAX)
                *top(r) = inherited;
            r->skip_chars = 0;
        } else if (c == '}') {
            flush(r);
            r->depth -= r->depth > 0;
            r->skip_chars = 0;
            r->star = FALSE;
        } else if (c == '\\') {
            read_backslash(r);
        } else if (c != '\r' && c != '\n' && c != '\0') {
            put_byte(r, c);
        }
    }
    flush(r);
}

char *rtf_to_text(Span rtf, gboolean *html)
{
    if (rtf.len < 5 || memcmp(rtf.at, "{\\rtf", 5) != 0)
        return NULL;
    Rtf r = {.at = rtf.at, .end = rtf.at + rtf.len, .out = g_string_new(NULL),
             .bytes = g_string_new(NULL), .codepage = 1252};
    r.groups[0].unicode_skip = 1;
    r.html = *html = memmem(rtf.at, MIN(rtf.len, 1000), "\\fromhtml", 9) != NULL;
    read_all(&r);
    g_string_free(r.bytes, TRUE);
    return g_string_free(r.out, FALSE);
}
