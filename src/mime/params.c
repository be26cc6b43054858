/* params.c - parameters of Content-Type and Content-Disposition: RFC 2045 section
 * 5.1, RFC 2231 (pieces, charset, language, either kind mixed with plain ones),
 * and unquoted blanks, missing semicolons, encoded-words, raw 8-bit. */
#include <stdlib.h>
#include "charset.h"
#include "pintail/mime/part.h"
#include "words.h"

#define PARAMS_MAX 200
#define PIECE_MAX 999

typedef struct {
    char *name;  /* lower case, without '*' */
    int piece;   /* -1: not in pieces */
    gboolean extended; /* percent-encoded, the first one with charset'language' */
    GString *value;
    guint order;
} Piece;

static void piece_free(gpointer data)
{
    Piece *p = data;
    g_free(p->name);
    g_string_free(p->value, TRUE);
    g_free(p);
}

typedef struct {
    const char *at, *end;
} Cursor;

static gboolean is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Steps over blanks and (nested) comments. */
static void skip_cfws(Cursor *c)
{
    while (c->at < c->end) {
        if (is_blank(*c->at)) {
            c->at++;
        } else if (*c->at == '(') {
            guint depth = 0;
            while (c->at < c->end) {
                char ch = *c->at++;
                if (ch == '\\' && c->at < c->end)
                    c->at++;
                else if (ch == '(')
                    depth++;
                else if (ch == ')' && --depth == 0)
                    break;
            }
        } else {
            return;
        }
    }
}

static void skip_blanks(Cursor *c)
{
    while (c->at < c->end && is_blank(*c->at))
        c->at++;
}

static GString *quoted_value(Cursor *c)
{
    GString *v = g_string_new(NULL);
    c->at++;
    while (c->at < c->end && *c->at != '"') {
        if (*c->at == '\\' && c->at + 1 < c->end) {
            /* a Windows path in a sloppy sender's quotes keeps its backslashes */
            if (g_ascii_isalnum(c->at[1]))
                g_string_append_c(v, '\\');
            c->at++;
        }
        if (*c->at != '\r' && *c->at != '\n')
            g_string_append_c(v, *c->at ? *c->at : '?');
        c->at++;
    }
    if (c->at < c->end)
        c->at++;
    return v;
}

/* Is the next word the name of another parameter, its ';' forgotten? */
static gboolean name_follows(const char *p, const char *end)
{
    const char *q = p;
    while (q < end && (g_ascii_isalnum(*q) || *q == '-' || *q == '*' || *q == '_'))
        q++;
    return q > p && q < end && *q == '=' && !(q + 1 < end && q[1] == '?');
}

/* Up to ';', as many unquoted file names have blanks; a comment at the end goes. */
static GString *plain_value(Cursor *c)
{
    GString *v = g_string_new(NULL);
    gboolean word_end = FALSE;
    while (c->at < c->end && *c->at != ';') {
        char ch = *c->at;
        if (is_blank(ch)) {
            word_end = TRUE;
            c->at++;
            continue;
        }
        if (word_end && (ch == '(' || name_follows(c->at, c->end)))
            break;
        if (word_end && v->len > 0)
            g_string_append_c(v, ' ');
        word_end = FALSE;
        g_string_append_c(v, ch ? ch : '?');
        c->at++;
    }
    if (c->at < c->end && *c->at == '(')
        skip_cfws(c);
    return v;
}

/* name, name*, name*3, name*3* into its parts. */
static void split_name(Piece *p, const char *at, gsize len)
{
    g_autofree char *raw = g_ascii_strdown(at, (gssize)len);
    char *star = strchr(raw, '*');
    p->piece = -1;
    if (star) {
        char *s = star + 1;
        if (g_ascii_isdigit(*s)) {
            guint64 n = g_ascii_strtoull(s, &s, 10);
            p->piece = n > PIECE_MAX ? PIECE_MAX : (int)n;
            p->extended = *s == '*';
        } else {
            p->extended = TRUE;
        }
        *star = '\0';
    }
    p->name = g_utf8_make_valid(raw, -1);
}

static GPtrArray *read_pieces(Cursor *c)
{
    GPtrArray *pieces = g_ptr_array_new_with_free_func(piece_free);
    while (c->at < c->end && pieces->len < PARAMS_MAX) {
        skip_cfws(c);
        if (c->at < c->end && *c->at == ';') {
            c->at++;
            continue;
        }
        const char *name = c->at;
        while (c->at < c->end && !is_blank(*c->at) && !strchr("=;(", *c->at ? *c->at : '?'))
            c->at++;
        gsize len = (gsize)(c->at - name);
        skip_cfws(c);
        if (c->at == c->end || *c->at != '=') {
            if (c->at < c->end && len == 0)
                c->at++;
            continue; /* no value: not a parameter */
        }
        c->at++;
        skip_blanks(c);
        if (len == 0)
            continue;
        Piece *p = g_new0(Piece, 1);
        split_name(p, name, len);
        p->value = c->at < c->end && *c->at == '"' ? quoted_value(c) : plain_value(c);
        p->order = pieces->len;
        g_ptr_array_add(pieces, p);
    }
    return pieces;
}

static void percent_decode(GString *out, const char *p)
{
    for (; *p; p++) {
        int high, low;
        if (*p == '%' && (high = g_ascii_xdigit_value(p[1])) >= 0 &&
            (low = g_ascii_xdigit_value(p[2])) >= 0) {
            g_string_append_c(out, (char)(high << 4 | low));
            p += 2;
        } else {
            g_string_append_c(out, *p);
        }
    }
}

static int compare_pieces(gconstpointer a, gconstpointer b)
{
    const Piece *x = *(const Piece *const *)a, *y = *(const Piece *const *)b;
    int by_name = strcmp(x->name, y->name);
    if (by_name)
        return by_name;
    /* a plain one of the same name is for programs without RFC 2231: last */
    int px = x->piece < 0 ? (x->extended ? -1 : PIECE_MAX + 1) : x->piece;
    int py = y->piece < 0 ? (y->extended ? -1 : PIECE_MAX + 1) : y->piece;
    return px != py ? px - py : (int)x->order - (int)y->order;
}

/* Between the quotes of charset'language'text; anything else is text with quotes in it. */
static gboolean is_language(const char *p, const char *end)
{
    while (p < end && (g_ascii_isalnum(*p) || *p == '-' || *p == '_'))
        p++;
    return p == end;
}

/* Pieces [from, to) of one name to one value. */
static char *join(const GPtrArray *pieces, guint from, guint to)
{
    g_autoptr(GString) bytes = g_string_new(NULL);
    g_autofree char *charset = NULL;
    gboolean extended = FALSE;
    for (guint i = from; i < to; i++) {
        const Piece *p = g_ptr_array_index(pieces, i);
        const char *text = p->value->str;
        if (p->extended) {
            const char *q1 = strchr(text, '\''), *q2 = q1 ? strchr(q1 + 1, '\'') : NULL;
            if (q2 && !is_language(q1 + 1, q2))
                q2 = NULL;
            if (!extended && q2) {
                charset = g_strndup(text, (gsize)(q1 - text));
                text = q2 + 1;
            } else if (extended && charset && q1 && (gsize)(q1 - text) == strlen(charset) &&
                       q1 > text && g_ascii_strncasecmp(text, charset, strlen(charset)) == 0) {
                text = q2 ? q2 + 1 : q1 + 1; /* the charset again in each piece */
            }
            extended = TRUE;
            percent_decode(bytes, text);
        } else {
            g_string_append_len(bytes, p->value->str, (gssize)p->value->len);
        }
        if (p->piece < 0)
            break;
    }
    GString *out = g_string_new(NULL);
    Span s = span_new(bytes->str, bytes->len);
    if (!extended)
        words_decode(out, s);
    else if (!charset || !charset_append(out, s, charset))
        charset_append_guessed(out, s);
    return g_string_free(out, FALSE);
}

static void collect(Params *p, GPtrArray *pieces)
{
    g_ptr_array_sort(pieces, compare_pieces);
    for (guint i = 0; i < pieces->len;) {
        const Piece *first = g_ptr_array_index(pieces, i);
        guint next = i + 1, use = i + 1;
        while (next < pieces->len) {
            const Piece *other = g_ptr_array_index(pieces, next);
            if (strcmp(other->name, first->name) != 0)
                break;
            if (first->piece >= 0 && other->piece >= 0)
                use = next + 1;
            next++;
        }
        g_ptr_array_add(p->names, g_strdup(first->name));
        g_ptr_array_add(p->values, join(pieces, i, use));
        i = next;
    }
}

static void init_empty(Params *p)
{
    p->names = g_ptr_array_new_with_free_func(g_free);
    p->values = g_ptr_array_new_with_free_func(g_free);
}

void params_init(Params *p, Span value)
{
    init_empty(p);
    GString *head = g_string_new(NULL);
    if (value.len > 0) {
        Cursor c = {value.at, value.at + value.len};
        for (skip_cfws(&c); c.at < c.end && *c.at != ';'; skip_cfws(&c)) {
            if (head->len > 0 && strchr(head->str, '/') && name_follows(c.at, c.end))
                break;
            if (*c.at == '"') { /* a quoted type, as some senders write it */
                c.at++;
                continue;
            }
            while (c.at < c.end && !is_blank(*c.at) && *c.at != ';' && *c.at != '(' &&
                   *c.at != '"') {
                g_string_append_c(head, *c.at ? *c.at : '?');
                c.at++;
            }
        }
        g_autoptr(GPtrArray) pieces = read_pieces(&c);
        collect(p, pieces);
    }
    p->main = g_string_free(head, FALSE);
}

void params_init_pairs(Params *p, const char *const *pairs)
{
    init_empty(p);
    p->main = g_strdup("");
    g_autoptr(GPtrArray) pieces = g_ptr_array_new_with_free_func(piece_free);
    for (gsize i = 0; pairs && pairs[i] && pairs[i + 1] && pieces->len < PARAMS_MAX; i += 2) {
        Piece *one = g_new0(Piece, 1);
        split_name(one, pairs[i], strlen(pairs[i]));
        one->value = g_string_new(pairs[i + 1]);
        one->order = pieces->len;
        g_ptr_array_add(pieces, one);
    }
    collect(p, pieces);
}

void params_clear(Params *p)
{
    g_free(p->main);
    g_ptr_array_unref(p->names);
    g_ptr_array_unref(p->values);
}

const char *params_get(const Params *p, const char *name)
{
    for (guint i = 0; i < p->names->len; i++) {
        if (strcmp(g_ptr_array_index(p->names, i), name) == 0)
            return g_ptr_array_index(p->values, i);
    }
    return NULL;
}

static gboolean is_token(const char *s)
{
    if (!*s)
        return FALSE;
    for (; *s; s++) {
        if ((guchar)*s <= ' ' || (guchar)*s >= 0x7f || strchr("()<>@,;:\\\"/[]?=", *s))
            return FALSE;
    }
    return TRUE;
}

static void encode_pieces(GString *out, const char *name, const char *value)
{
    const char *p = value;
    for (guint piece = 0; *p; piece++) {
        g_autoptr(GString) text = g_string_new(NULL);
        while (*p && text->len < 48) { /* whole characters */
            for (const char *stop = g_utf8_next_char(p); p < stop; p++) {
                guchar c = (guchar)*p;
                if (g_ascii_isalnum(c) || strchr("!#$&+-.^_`|~", c))
                    g_string_append_c(text, (char)c);
                else
                    g_string_append_printf(text, "%%%02X", c);
            }
        }
        const char *charset = piece == 0 ? "UTF-8''" : "";
        if (piece == 0 && !*p)
            g_string_append_printf(out, ";\r\n %s*=%s%s", name, charset, text->str);
        else
            g_string_append_printf(out, ";\r\n %s*%u*=%s%s", name, piece, charset, text->str);
    }
}

void params_encode(GString *out, const char *name, const char *value)
{
    g_autofree char *clean = g_utf8_make_valid(value, -1);
    gboolean ascii = TRUE;
    for (char *p = clean; *p; p++) {
        if ((guchar)*p < ' ' || *p == 0x7f)
            *p = ' ';
        ascii = ascii && (guchar)*p < 0x80;
    }
    if (is_token(clean) && strlen(clean) <= 60) {
        g_string_append_printf(out, ";\r\n %s=%s", name, clean);
    } else if (ascii && strlen(clean) <= 60) {
        g_string_append_printf(out, ";\r\n %s=\"", name);
        for (const char *p = clean; *p; p++) {
            if (*p == '"' || *p == '\\')
                g_string_append_c(out, '\\');
            g_string_append_c(out, *p);
        }
        g_string_append_c(out, '"');
    } else {
        encode_pieces(out, name, clean);
    }
}
