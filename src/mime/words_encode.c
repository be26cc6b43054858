/* words_encode.c - text to encoded-words, folded (RFC 2047 sections 2 and 5).
 *
 * A word that is plain ASCII stays readable; a run of words that needs it becomes
 * UTF-8 encoded-words, each with whole characters. No line end of the text
 * survives: nobody injects a header through a subject or a name. */
#include "words.h"

#define HEADER_LINE_MAX 76
#define WORD_MAX 75 /* of an encoded-word, RFC 2047 section 2 */

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static gboolean is_atext(guchar c)
{
    return g_ascii_isalnum(c) || (c && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

static void fold(GString *out, gsize *column)
{
    g_string_append(out, "\r\n ");
    *column = 1;
}

static gboolean q_plain(guchar c)
{
    return g_ascii_isalnum(c) || (c && strchr("!*+-/", c));
}

/* How many bytes of whole characters fit in `room` characters of encoded text. */
static gsize chunk_fit(const char *p, gsize len, gsize room, gboolean q)
{
    gsize used = 0, i = 0;
    while (i < len) {
        gsize n = (gsize)g_utf8_skip[(guchar)p[i]];
        n = MIN(n, len - i);
        gsize cost = 0;
        for (gsize k = 0; k < n && q; k++)
            cost += q_plain((guchar)p[i + k]) || p[i + k] == ' ' ? 1 : 3;
        gsize total = q ? used + cost : (i + n + 2) / 3 * 4;
        if (total > room)
            break;
        used = total;
        i += n;
    }
    return i;
}

static void put_q(GString *out, const char *p, gsize len)
{
    static const char hex[] = "0123456789ABCDEF";
    for (gsize i = 0; i < len; i++) {
        guchar c = (guchar)p[i];
        if (c == ' ') {
            g_string_append_c(out, '_');
        } else if (q_plain(c)) {
            g_string_append_c(out, (char)c);
        } else {
            g_string_append_c(out, '=');
            g_string_append_c(out, hex[c >> 4]);
            g_string_append_c(out, hex[c & 15]);
        }
    }
}

static void put_b(GString *out, const char *text, gsize len)
{
    const guchar *p = (const guchar *)text;
    for (gsize i = 0; i < len; i += 3) {
        gsize have = MIN(len - i, 3);
        guint32 v = (guint32)p[i] << 16;
        v |= have > 1 ? (guint32)p[i + 1] << 8 : 0;
        v |= have > 2 ? (guint32)p[i + 2] : 0;
        g_string_append_c(out, alphabet[v >> 18]);
        g_string_append_c(out, alphabet[v >> 12 & 63]);
        g_string_append_c(out, have > 1 ? alphabet[v >> 6 & 63] : '=');
        g_string_append_c(out, have > 2 ? alphabet[v & 63] : '=');
    }
}

/* A run of text as one or more encoded-words. */
static void put_encoded(GString *out, const char *p, gsize len, gsize *column)
{
    gsize high = 0;
    for (gsize i = 0; i < len; i++)
        high += (guchar)p[i] >= 0x80;
    gboolean q = high * 6 < len * 2; /* mostly ASCII: stays legible */
    const gsize frame = strlen("=?UTF-8?Q?" "?=");
    while (len > 0) {
        gsize room = HEADER_LINE_MAX > *column + frame ? HEADER_LINE_MAX - *column - frame : 0;
        room = MIN(room, WORD_MAX - frame);
        gsize n = chunk_fit(p, len, room, q);
        if (n == 0 || (n < len && room < 24)) {
            if (*column > 1) {
                /* what stands before is a blank: it becomes the fold's */
                if (out->len > 0 && out->str[out->len - 1] == ' ')
                    g_string_truncate(out, out->len - 1);
                fold(out, column);
                continue;
            }
        }
        g_string_append(out, q ? "=?UTF-8?Q?" : "=?UTF-8?B?");
        gsize before = out->len;
        if (q)
            put_q(out, p, n);
        else
            put_b(out, p, n);
        g_string_append(out, "?=");
        *column += frame + (out->len - before - 2);
        p += n;
        len -= n;
        if (len > 0)
            fold(out, column);
    }
}

/* Can this word stand as it is? */
static gboolean word_is_plain(const char *p, gsize len, gboolean phrase)
{
    if (len > HEADER_LINE_MAX - 2)
        return FALSE;
    for (gsize i = 0; i < len; i++) {
        if ((guchar)p[i] < ' ' || (guchar)p[i] >= 0x7f || (phrase && !is_atext((guchar)p[i])))
            return FALSE;
        if (p[i] == '=' && i + 1 < len && p[i + 1] == '?')
            return FALSE; /* would be taken for an encoded-word */
    }
    return TRUE;
}

static void put_word(GString *out, const char *p, gsize len, gsize *column)
{
    gboolean after_blank = out->len > 0 && out->str[out->len - 1] == ' ';
    if (*column > 1 && *column + len > HEADER_LINE_MAX && after_blank) {
        g_string_truncate(out, out->len - 1);
        fold(out, column);
    }
    g_string_append_len(out, p, (gssize)len);
    *column += len;
}

static gboolean all_printable_ascii(const char *s)
{
    for (; *s; s++) {
        if ((guchar)*s < ' ' || (guchar)*s >= 0x7f || (s[0] == '=' && s[1] == '?'))
            return FALSE;
    }
    return TRUE;
}

/* ASCII with specials in it: one quoted string; FALSE when it would not fit on a line. */
static gboolean put_quoted(GString *out, const char *text, gsize *column)
{
    g_autoptr(GString) q = g_string_new("\"");
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            g_string_append_c(q, '\\');
        g_string_append_c(q, *text);
    }
    g_string_append_c(q, '"');
    if (q->len > HEADER_LINE_MAX - 2)
        return FALSE;
    put_word(out, q->str, q->len, column);
    return TRUE;
}

void words_encode(GString *out, const char *utf8, gsize *column, gboolean phrase)
{
    g_autofree char *text = g_utf8_make_valid(utf8, -1);
    for (char *p = text; *p; p++) {
        if ((guchar)*p < ' ' || *p == 0x7f)
            *p = ' ';
    }
    g_strstrip(text);
    gsize len = strlen(text);
    gboolean atoms = TRUE;
    for (gsize i = 0; i < len && phrase; i++)
        atoms = atoms && (text[i] == ' ' || is_atext((guchar)text[i]));
    atoms = atoms && !(phrase && strstr(text, "  "));
    if (phrase && !atoms && all_printable_ascii(text) && put_quoted(out, text, column))
        return;
    const char *p = text;
    while (*p) {
        gsize word = strcspn(p, " ");
        if (word == 0) { /* more than one blank in a row */
            if (*column < HEADER_LINE_MAX) {
                g_string_append_c(out, ' ');
                (*column)++;
            }
            p++;
            continue;
        }
        if (word_is_plain(p, word, phrase)) {
            put_word(out, p, word, column);
            p += word;
        } else {
            /* up to the last word that needs encoding before a plain one */
            gsize run = word;
            while (p[run]) {
                gsize gap = strspn(p + run, " ");
                gsize next = strcspn(p + run + gap, " ");
                if (next == 0 || word_is_plain(p + run + gap, next, phrase))
                    break;
                run += gap + next;
            }
            put_encoded(out, p, run, column);
            p += run;
        }
        if (*p == ' ') {
            g_string_append_c(out, ' ');
            (*column)++;
            p++;
        }
    }
}
