/* text.c - how bytes become cells; see the contract.
 *
 * A grapheme here is what one terminal cell (or two) can hold: one spacing
 * character and up to four marks of width 0. That is a little finer than Unicode's
 * extended grapheme cluster, on purpose: terminals and ncurses place each
 * character of non-zero width in a cell of its own (spacing vowel signs,
 * regional indicators), so columns only line up when we count them so, too. The
 * exception is an emoji sequence (ZWJ, skin tone), which is drawn as its first emoji.
 *
 * Guarantees: linear; at least one byte is consumed per step; what comes out is valid
 * UTF-8 without any control, format, private or unassigned character. */
#include "pintail/util/text.h"
#include <string.h>
#include <utf8proc.h>
#include "pintail/util/i18n.h"

enum {
    INVALID = -1,
    REPLACEMENT = 0xfffd,
    MARKS_MAXIMUM = 4,
    ZWJ = 0x200d,
    BLACK_FLAG = 0x1f3f4,
    DOTTED_CIRCLE = 0x25cc,
};

/* One character, strictly (RFC 3629 section 4: no overlong form, no surrogate).
 * INVALID consumes one byte. */
static gint32 decode(const guchar *p, gsize len, gsize *used)
{
    *used = 1;
    guchar c = p[0];
    if (c < 0x80)
        return c;
    gsize need;
    gint32 value, least;
    if (c >= 0xc2 && c <= 0xdf) {
        need = 2, value = c & 0x1f, least = 0x80;
    } else if ((c & 0xf0) == 0xe0) {
        need = 3, value = c & 0x0f, least = 0x800;
    } else if (c >= 0xf0 && c <= 0xf4) {
        need = 4, value = c & 0x07, least = 0x10000;
    } else {
        return INVALID;
    }
    if (len < need)
        return INVALID;
    for (gsize i = 1; i < need; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return INVALID;
        value = (value << 6) | (p[i] & 0x3f);
    }
    if (value < least || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return INVALID;
    *used = need;
    return value;
}

static gsize encode(gint32 c, char *out)
{
    return (gsize)utf8proc_encode_char(c, (utf8proc_uint8_t *)out);
}

/* Left out of what is drawn: they have no picture of their own, and terminals
 * disagree about their width. Not the overrides and embeddings (U+202A-202E): those
 * are made visible, because they are used to lie. */
static gboolean is_left_out(gint32 c)
{
    if (c < 0x200b)
        return c == 0xad || c == 0x34f || c == 0x61c || c == 0x180e || c == 0x17b4 ||
               c == 0x17b5 || (c >= 0x180b && c <= 0x180d) || c == 0x180f;
    return c <= 0x200f                        /* ZWSP, ZWNJ, ZWJ, LRM, RLM */
           || (c >= 0x2060 && c <= 0x2064)    /* word joiner, invisible operators */
           || (c >= 0x2066 && c <= 0x2069)    /* bidi isolates */
           || (c >= 0xfe00 && c <= 0xfe0f)    /* variation selectors */
           || c == 0xfeff || (c >= 0xe0100 && c <= 0xe01ef);
}

static gboolean is_tag(gint32 c)
{
    return c >= 0xe0000 && c <= 0xe007f;
}

static gboolean is_skin_tone(gint32 c)
{
    return c >= 0x1f3fb && c <= 0x1f3ff;
}

static gboolean is_pictograph(const utf8proc_property_t *p)
{
    return p->boundclass == UTF8PROC_BOUNDCLASS_EXTENDED_PICTOGRAPHIC ||
           p->boundclass == UTF8PROC_BOUNDCLASS_E_BASE ||
           p->boundclass == UTF8PROC_BOUNDCLASS_E_BASE_GAZ ||
           p->boundclass == UTF8PROC_BOUNDCLASS_GLUE_AFTER_ZWJ;
}

/* Cells, as wcwidth() of glibc and terminals count them; utf8proc differs in three places. */
static guint8 cell_width(gint32 c, const utf8proc_property_t *p)
{
    if (p->category == UTF8PROC_CATEGORY_MC)
        return 1; /* spacing vowel signs */
    if ((c >= 0x1160 && c <= 0x11ff) || (c >= 0xd7b0 && c <= 0xd7ff))
        return 0; /* conjoining vowels and finals of Hangul */
    if ((c >= 0x4dc0 && c <= 0x4dff) || (c >= 0x3248 && c <= 0x324f))
        return 2; /* hexagrams, circled numbers */
    return (guint8)p->charwidth;
}

/* What stands for a character that may not be drawn; 0 when it may. */
static gint32 substitute(gint32 c, const utf8proc_property_t *p)
{
    if (c == INVALID)
        return REPLACEMENT;
    if (c == '\t')
        return ' ';
    if (c < 0x20)
        return 0x2400 + c; /* control pictures: ESC is U+241B */
    if (c == 0x7f)
        return 0x2421;
    switch (p->category) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return REPLACEMENT;
    case UTF8PROC_CATEGORY_ZS:
        return p->charwidth == 2 ? 0 : ' '; /* no-break and thin blanks */
    default:
        return 0;
    }
}

/* Marks, and what is left out, behind a base that was read up to `at`. Returns where the next
 * grapheme begins; adds the marks to `cells` (base in [0]). */
static gsize take_followers(const guchar *in, gsize at, gsize len, gboolean emoji,
                            gint32 cells[MARKS_MAXIMUM + 1], gint32 *count)
{
    gboolean joined = FALSE; /* a ZWJ stands before `at` */
    while (at < len && in[at] >= 0x80) {
        gsize used;
        gint32 c = decode(in + at, len - at, &used);
        if (c == INVALID)
            break;
        const utf8proc_property_t *p = utf8proc_get_property(c);
        if (is_left_out(c)) {
            joined = c == ZWJ || (joined && c >= 0xfe00 && c <= 0xfe0f);
            at += used;
            continue;
        }
        if (emoji && (is_skin_tone(c) || (joined && is_pictograph(p)) ||
                      (cells[0] == BLACK_FLAG && is_tag(c)))) {
            joined = FALSE;
            at += used;
            continue;
        }
        if (is_tag(c) || substitute(c, p) || cell_width(c, p) > 0)
            break;
        joined = FALSE;
        if (*count <= MARKS_MAXIMUM)
            cells[(*count)++] = c;
        at += used;
    }
    return at;
}

static Grapheme simple(char c, gsize bytes)
{
    Grapheme g;
    g.text[0] = c;
    g.text[1] = '\0';
    g.width = 1;
    g.bytes = bytes;
    return g;
}

/* Everything that is not two ASCII characters in a row. */
static Grapheme next_slow(const guchar *in, gsize len)
{
    gsize at = 0, used = 0;
    gint32 c = INVALID;
    /* What is left out before a character goes with it. */
    while (at < len) {
        c = decode(in + at, len - at, &used);
        if (c == INVALID || !is_left_out(c))
            break;
        at += used;
    }
    if (at == len || (at > 0 && c >= 0 && c < 0x20))
        return simple(' ', at); /* nothing to draw up to the end of this line */
    at += used;
    const utf8proc_property_t *p = utf8proc_get_property(c == INVALID ? REPLACEMENT : c);
    gint32 cells[MARKS_MAXIMUM + 1] = {c};
    gint32 count = 1;
    Grapheme g = {.width = 1};
    gint32 other = substitute(c, p);
    if (other) {
        cells[0] = other;
        at = other == ' ' && c != '\t' ? take_followers(in, at, len, FALSE, cells, &count) : at;
    } else {
        guint8 width = cell_width(c, p);
        if (width == 0) { /* a mark alone: on a dotted circle */
            cells[0] = DOTTED_CIRCLE;
            cells[count++] = c;
        } else {
            g.width = width;
        }
        at = take_followers(in, at, len, is_pictograph(p), cells, &count);
    }
    g.bytes = at;
    /* One code point instead of two wherever there is one: more fonts and terminals have it. */
    if (count > 1) {
        utf8proc_ssize_t composed = utf8proc_normalize_utf32(cells, count, UTF8PROC_COMPOSE);
        if (composed > 0)
            count = (gint32)composed;
    }
    gsize out = 0;
    for (gint32 i = 0; i < count; i++)
        out += encode(cells[i], g.text + out);
    g.text[out] = '\0';
    return g;
}

Grapheme printable_next(const char *bytes, gsize len)
{
    const guchar *in = (const guchar *)bytes;
    g_assert(len > 0);
    if (in[0] >= 0x20 && in[0] < 0x7f && (len == 1 || in[1] < 0x80))
        return simple(bytes[0], 1);
    return next_slow(in, len);
}

/* Bytes at the start that are printable ASCII and followed by nothing that could be a mark: each
 * is one cell and drawn as it is. */
static gsize plain_run(const char *text, gsize len)
{
    gsize n = 0;
    while (n < len && (guchar)text[n] >= 0x20 && (guchar)text[n] < 0x7f)
        n++;
    if (n > 0 && n < len && (guchar)text[n] >= 0x80)
        n--;
    return n;
}

static gsize length_of(const char *text, gssize len)
{
    return len < 0 ? strlen(text) : (gsize)len;
}

char *printable_text(const char *bytes, gsize len, gboolean keep_newlines)
{
    GString *out = g_string_sized_new(len + 16);
    gsize at = 0;
    while (at < len) {
        gsize plain = plain_run(bytes + at, len - at);
        if (plain) {
            g_string_append_len(out, bytes + at, (gssize)plain);
            at += plain;
            continue;
        }
        if (keep_newlines && bytes[at] == '\r' && at + 1 < len && bytes[at + 1] == '\n')
            at++;
        if (keep_newlines && bytes[at] == '\n') {
            g_string_append_c(out, '\n');
            at++;
            continue;
        }
        Grapheme g = printable_next(bytes + at, len - at);
        g_string_append(out, g.text);
        at += g.bytes;
    }
    return g_string_free(out, FALSE);
}

guint text_width(const char *text, gssize len)
{
    gsize n = length_of(text, len), at = 0;
    guint cells = 0;
    while (at < n) {
        gsize plain = plain_run(text + at, n - at);
        cells += (guint)plain;
        at += plain;
        if (at == n)
            break;
        Grapheme g = printable_next(text + at, n - at);
        cells += g.width;
        at += g.bytes;
    }
    return cells;
}

gsize text_fit(const char *text, gssize len, guint cells, guint *used)
{
    gsize n = length_of(text, len), at = 0;
    guint filled = 0;
    while (at < n) {
        Grapheme g = printable_next(text + at, n - at);
        if (filled + g.width > cells)
            break;
        filled += g.width;
        at += g.bytes;
    }
    if (used)
        *used = filled;
    return at;
}

/* May a row begin with it? Not with what closes or continues what stands before. */
static gboolean may_begin_row(const char *at, gsize len)
{
    static const char closing[] = "、。，．・：；？！）］｝」』】〉》ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ’”…";
    gunichar c = g_utf8_get_char_validated(at, (gssize)len);
    return c == (gunichar)-1 || c == (gunichar)-2 || !g_utf8_strchr(closing, -1, c);
}

static gboolean may_end_row(const char *text, gsize at)
{
    static const char opening[] = "（［｛「『【〈《‘“";
    gunichar c = g_utf8_get_char_validated(g_utf8_prev_char(text + at), -1);
    return c == (gunichar)-1 || c == (gunichar)-2 || !g_utf8_strchr(opening, -1, c);
}

gsize text_wrap(const char *text, gsize len, guint cells, gsize *skip, gboolean *whole)
{
    gsize at = 0, best = 0;
    guint filled = 0, before = 0;
    *skip = 0;
    if (whole)
        *whole = TRUE;
    while (at < len) {
        Grapheme g = printable_next(text + at, len - at);
        gboolean blank = text[at] == ' ';
        gboolean beside_wide = at > 0 && (g.width == 2 || before == 2) && text[at - 1] != ' ' &&
                               may_begin_row(text + at, len - at) && may_end_row(text, at);
        if (blank || (at > 0 && text[at - 1] == ' ') || beside_wide)
            best = at;
        if (filled + g.width > cells && at > 0)
            break;
        filled += g.width;
        before = g.width;
        at += g.bytes;
    }
    if (at >= len)
        return len;
    gsize end = best, next = best;
    while (end > 0 && text[end - 1] == ' ')
        end--;
    if (end == 0) {
        if (whole)
            *whole = FALSE;
        return at;
    }
    while (next < len && text[next] == ' ')
        next++;
    *skip = next - end;
    return end;
}

char *text_clip(const char *text, guint cells, gboolean pad)
{
    gsize len = strlen(text);
    guint used;
    gsize bytes = text_fit(text, (gssize)len, cells, &used);
    gboolean cut = bytes < len;
    if (cut)
        bytes = cells ? text_fit(text, (gssize)len, cells - 1, &used) : 0;
    g_autofree char *shown = printable_text(text, bytes, FALSE);
    GString *out = g_string_new(shown);
    if (cut && cells) {
        g_string_append(out, "…");
        used++;
    }
    for (; pad && used < cells; used++)
        g_string_append_c(out, ' ');
    return g_string_free(out, FALSE);
}

char *text_make_valid(const char *bytes, gsize len)
{
    GString *out = g_string_sized_new(len + 1);
    gsize at = 0;
    while (at < len) {
        const char *end;
        g_utf8_validate_len(bytes + at, len - at, &end); /* stops at NUL as well */
        g_string_append_len(out, bytes + at, end - (bytes + at));
        at = (gsize)(end - bytes);
        if (at < len) {
            g_string_append(out, "\xef\xbf\xbd");
            at++;
        }
    }
    return g_string_free(out, FALSE);
}

/* Accents and points; not the vowel signs of Indic scripts, the voicing marks of kana
 * or anything else without which a word is another word. */
static gboolean is_accent(gint32 c)
{
    return (c >= 0x300 && c <= 0x36f) || (c >= 0x1ab0 && c <= 0x1aff) ||
           (c >= 0x1dc0 && c <= 0x1dff) || (c >= 0x20d0 && c <= 0x20ff) ||
           (c >= 0xfe20 && c <= 0xfe2f) || (c >= 0x591 && c <= 0x5c7) || /* Hebrew points */
           (c >= 0x64b && c <= 0x65f) || c == 0x670;                     /* Arabic vowels */
}

char *text_fold(const char *text, gssize len)
{
    gsize n = length_of(text, len);
    gboolean ascii = TRUE;
    for (gsize i = 0; i < n && ascii; i++)
        ascii = text[i] && (guchar)text[i] < 0x80;
    if (ascii)
        return g_ascii_strdown(text, (gssize)n);
    g_autofree char *valid = text_make_valid(text, n);
    const utf8proc_option_t options =
        UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE;
    utf8proc_ssize_t room = (utf8proc_ssize_t)strlen(valid) * 2 + 16, got;
    gint32 *points = g_new(gint32, (gsize)room);
    got = utf8proc_decompose((const utf8proc_uint8_t *)valid, (utf8proc_ssize_t)strlen(valid),
                             points, room, options);
    if (got > room) { /* some ligatures expand to many */
        points = g_renew(gint32, points, (gsize)got);
        room = got;
        got = utf8proc_decompose((const utf8proc_uint8_t *)valid, (utf8proc_ssize_t)strlen(valid),
                                 points, room, options);
    }
    g_assert(got >= 0 && got <= room); /* the input is valid */
    utf8proc_ssize_t kept = 0;
    for (utf8proc_ssize_t i = 0; i < got; i++) {
        if (!is_accent(points[i]))
            points[kept++] = points[i];
    }
    kept = utf8proc_normalize_utf32(points, kept, UTF8PROC_COMPOSE | UTF8PROC_STABLE);
    GString *out = g_string_sized_new(n + 16);
    for (utf8proc_ssize_t i = 0; i < kept; i++) {
        char encoded[4];
        g_string_append_len(out, encoded, (gssize)encode(points[i], encoded));
    }
    g_free(points);
    return g_string_free(out, FALSE);
}

enum { NEAR_LENGTH = 48 }; /* longer words are nobody's typo */

/* Edits (insert, delete, change, swap of neighbours) from `a` to `b`, case ignored. */
static guint edit_distance(const char *a, const char *b)
{
    gsize la = strlen(a), lb = strlen(b);
    guint rows[3][NEAR_LENGTH + 1];
    guint *before = rows[0], *last = rows[1], *row = rows[2];
    if (la > NEAR_LENGTH || lb > NEAR_LENGTH)
        return G_MAXUINT;
    for (gsize j = 0; j <= lb; j++)
        last[j] = (guint)j;
    for (gsize i = 1; i <= la; i++) {
        row[0] = (guint)i;
        for (gsize j = 1; j <= lb; j++) {
            char x = g_ascii_tolower(a[i - 1]), y = g_ascii_tolower(b[j - 1]);
            guint best = MIN(last[j], row[j - 1]) + 1;
            best = MIN(best, last[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == g_ascii_tolower(b[j - 2]) &&
                g_ascii_tolower(a[i - 2]) == y)
                best = MIN(best, before[j - 2] + 1);
            row[j] = best;
        }
        guint *free_row = before;
        before = last;
        last = row;
        row = free_row;
    }
    return last[lb];
}

const char *text_nearest(const char *typed, const char *const *words)
{
    const char *best = NULL;
    guint least = (guint)MIN(strlen(typed), NEAR_LENGTH) / 3 + 1;
    if (strlen(typed) < 2)
        return NULL; /* everything is near to one letter */
    least = MIN(least, (guint)strlen(typed) - 1);
    for (; *words; words++) {
        guint distance = edit_distance(typed, *words);
        if (distance <= least && (!best || distance < least)) {
            best = *words;
            least = distance;
        }
    }
    return best;
}

char *text_size(guint64 bytes)
{
    static const char *const units[] = {N_("B"), N_("KB"), N_("MB"), N_("GB"), N_("TB"), N_("PB")};
    if (bytes < 1000)
        return g_strdup_printf(_("%u B"), (guint)bytes);
    guint unit = 1;
    guint64 scale = 1000;
    while (unit + 1 < G_N_ELEMENTS(units) && bytes >= scale * 1000 - scale / 2) {
        scale *= 1000;
        unit++;
    }
    double value = (double)bytes / (double)scale;
    /* A decimal where it says something: "1.2 MB", but "40 KB" and "12 MB". */
    if (unit > 1 && value < 9.95)
        return g_strdup_printf("%.1f %s", value, _(units[unit]));
    return g_strdup_printf("%.0f %s", value, _(units[unit]));
}
