/* address.c - address lists: RFC 5322 section 3.4, the obsolete forms of 4.4, and
 * what is broken in practice (RFC 7103 section 7.2).
 *
 * One pass over the text cuts it into words, quoted strings, comments and
 * specials; an element ends at ',' or ';'. Linear. Nothing is ever decoded inside an
 * addr-spec, and an element never shows the first of two addresses as if it were
 * the only one: the one in angle brackets counts, else each becomes an entry. */
#include <string.h>
#include "pintail/mime/envelope.h"
#include "words.h"

#define ADDRESSES_MAX 10000
#define LITERAL_MAX 300 /* look-ahead for the end of a domain literal */

typedef enum { PIECE_WORD, PIECE_QUOTED } PieceKind;

typedef struct {
    PieceKind kind;
    guint from, to;  /* in `text` */
    gboolean joined; /* touches what is before it: no blank between */
} Piece;

typedef struct {
    const char *at, *end;
    GPtrArray *out;
    GString *text;   /* of the pieces of this element; quoted strings without their quotes */
    GArray *pieces;
    GString *angle;  /* inside <> */
    GString *comment;
    gboolean has_angle, in_angle, blank_before, any;
} Reader;

Address *address_new(const char *name, const char *address)
{
    Address *a = g_new(Address, 1);
    a->name = g_strdup(name ? name : "");
    a->address = g_strdup(address ? address : "");
    return a;
}

void address_free(Address *a)
{
    if (!a)
        return;
    g_free(a->name);
    g_free(a->address);
    g_free(a);
}

static gboolean is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Bytes that go into a string for people or the wire: no line ends, no NUL. */
static void put(GString *s, char c)
{
    if (c == '\0')
        g_string_append(s, "\xEF\xBF\xBD");
    else if (c != '\r' && c != '\n')
        g_string_append_c(s, c);
}

/* Comment at the cursor ("("), nested ones kept with their parentheses. */
static void read_comment(Reader *r)
{
    guint depth = 1;
    if (r->comment->len > 0)
        g_string_append_c(r->comment, ' ');
    for (r->at++; r->at < r->end; r->at++) {
        char c = *r->at;
        if (c == '\\' && r->at + 1 < r->end)
            c = *++r->at;
        else if (c == '(')
            depth++;
        else if (c == ')' && --depth == 0)
            break;
        put(r->comment, c);
    }
    if (r->at < r->end)
        r->at++;
    r->blank_before = TRUE;
}

static void add_piece(Reader *r, PieceKind kind, guint from)
{
    gboolean joined = r->pieces->len > 0 && !r->blank_before;
    Piece p = {kind, from, (guint)r->text->len, joined};
    g_array_append_val(r->pieces, p);
    r->blank_before = FALSE;
    r->any = TRUE;
}

/* Is there a closing quote? RFC 7103 7.2.5: an unbalanced one is dropped, it must
 * not swallow the addresses behind it. A quote with an angle bracket and a comma
 * before its end is taken for unbalanced when the number of quotes is odd. */
static void read_quoted(Reader *r)
{
    guint from = (guint)r->text->len;
    const char *p = r->at + 1;
    while (p < r->end && *p != '"')
        p += *p == '\\' && p + 1 < r->end ? 2 : 1;
    if (p >= r->end) {
        r->at++;
        return;
    }
    for (p = r->at + 1; *p != '"'; p++) {
        if (*p == '\\')
            p++;
        put(r->text, *p);
    }
    r->at = p + 1;
    add_piece(r, PIECE_QUOTED, from);
}

static gboolean is_special(char c)
{
    return c && strchr("<>(),;:\"", c);
}

/* A run of ordinary characters; encoded-words are kept whole even where a broken
 * sender left specials in them. */
static void read_word(Reader *r)
{
    guint from = (guint)r->text->len;
    gboolean literal = FALSE; /* in a domain literal */
    while (r->at < r->end && !is_blank(*r->at)) {
        char c = *r->at;
        if (c == '[')
            literal = r->text->len > from && r->text->str[r->text->len - 1] == '@';
        else if (c == ']')
            literal = FALSE;
        else if (is_special(c) && !(literal && c == ':'))
            break;
        if (c == '=' && r->end - r->at > 6 && r->at[1] == '?') {
            const char *limit = r->end - r->at > 200 ? r->at + 200 : r->end;
            const char *q = memchr(r->at + 2, '?', (gsize)(limit - r->at - 2));
            if (q && limit - q > 3 && q[2] == '?') {
                const char *close = memmem(q + 3, (gsize)(limit - q - 3), "?=", 2);
                if (close && !memchr(r->at, '\n', (gsize)(close - r->at)) &&
                    !memchr(r->at, ' ', (gsize)(close - r->at)) &&
                    !memchr(r->at, '<', (gsize)(close - r->at))) {
                    for (; r->at < close + 2; r->at++)
                        put(r->text, *r->at);
                    continue;
                }
            }
        }
        if (c == '\\' && r->at + 1 < r->end)
            c = *++r->at;
        put(r->text, c);
        r->at++;
    }
    add_piece(r, PIECE_WORD, from);
}

/* Inside <>: everything but blanks, comments and a route (RFC 5322 section 4.4). */
static void read_angle(Reader *r)
{
    gsize start = r->angle->len;
    gboolean quoted = FALSE, literal = FALSE;
    while (r->at < r->end) {
        char c = *r->at;
        if (quoted) {
            put(r->angle, c);
            if (c == '\\' && r->at + 1 < r->end)
                put(r->angle, *++r->at);
            else if (c == '"')
                quoted = FALSE;
        } else if (c == '"') {
            quoted = memchr(r->at + 1, '"', (gsize)(r->end - r->at - 1)) != NULL;
            if (quoted)
                put(r->angle, c);
        } else if (literal && c != ']') {
            if (!is_blank(c))
                put(r->angle, c);
        } else if (c == '(') {
            read_comment(r);
            continue;
        } else if (c == '>') {
            break;
        } else if (c == ',' && r->angle->len > start && r->angle->str[start] != '@') {
            break; /* the '>' is missing */
        } else if (c == '[' || c == ']') {
            literal = c == '[' && memchr(r->at, ']', MIN((gsize)(r->end - r->at), LITERAL_MAX));
            put(r->angle, c);
        } else if (c != '<' && !is_blank(c)) {
            put(r->angle, c);
        }
        r->at++;
    }
    while (r->at < r->end && *r->at == '>')
        r->at++;
    char *route = r->angle->str[start] == '@' ? strchr(r->angle->str + start, ':') : NULL;
    if (route)
        g_string_erase(r->angle, (gssize)start, route + 1 - (r->angle->str + start));
    r->has_angle = r->any = TRUE;
    r->blank_before = TRUE;
}

static Piece *piece_at(Reader *r, guint i)
{
    return &g_array_index(r->pieces, Piece, i);
}

static char *decoded(const char *text, gsize len)
{
    GString *out = g_string_new(NULL);
    words_decode(out, span_trim(span_new(text, len)));
    return g_strstrip(g_string_free(out, FALSE));
}

/* The words of pieces [from, to) with one blank where there was any. */
static char *phrase(Reader *r, guint from, guint to)
{
    g_autoptr(GString) s = g_string_new(NULL);
    for (guint i = from; i < to; i++) {
        Piece *p = piece_at(r, i);
        if (s->len > 0 && !p->joined)
            g_string_append_c(s, ' ');
        g_string_append_len(s, r->text->str + p->from, p->to - p->from);
    }
    return decoded(s->str, s->len);
}

static void emit(Reader *r, const char *name, const char *address)
{
    if (r->out->len < ADDRESSES_MAX) {
        g_autofree char *valid = g_utf8_make_valid(address, -1);
        g_ptr_array_add(r->out, address_new(name, valid));
    }
}

static gboolean piece_has(Reader *r, const Piece *p, char c)
{
    return memchr(r->text->str + p->from, c, p->to - p->from) != NULL;
}

/* Do pieces i and i+1 belong to one addr-spec? They touch, or a dot or an '@'
 * stands between them (RFC 5322 section 4.4 allows blanks around both). */
static gboolean glued(Reader *r, guint i, gboolean at_seen)
{
    Piece *a = piece_at(r, i), *b = piece_at(r, i + 1);
    if (b->joined)
        return TRUE;
    char last = a->to > a->from ? r->text->str[a->to - 1] : ' ';
    char first = b->to > b->from ? r->text->str[b->from] : ' ';
    gboolean dot = (last == '.' && a->to - a->from == 1) || (first == '.' && b->to - b->from == 1);
    return last == '@' || first == '@' || dot ||
           (at_seen && a->kind == PIECE_WORD && b->kind == PIECE_WORD &&
            (last == '.' || first == '.'));
}

/* An element without angle brackets: each group of pieces with an '@' is an
 * address; words before it are its name, as is a comment behind it. */
static void end_plain_element(Reader *r)
{
    guint n = r->pieces->len, name_from = 0;
    guint found = 0;
    for (guint i = 0; i < n;) {
        guint to = i + 1;
        gboolean at = piece_at(r, i)->kind == PIECE_WORD && piece_has(r, piece_at(r, i), '@');
        while (to < n && glued(r, to - 1, at)) {
            at = at || (piece_at(r, to)->kind == PIECE_WORD && piece_has(r, piece_at(r, to), '@'));
            to++;
        }
        if (at) {
            g_autoptr(GString) spec = g_string_new(NULL);
            for (guint k = i; k < to; k++) {
                Piece *p = piece_at(r, k);
                gboolean q = p->kind == PIECE_QUOTED;
                g_string_append_printf(spec, "%s%.*s%s", q ? "\"" : "", (int)(p->to - p->from),
                                       r->text->str + p->from, q ? "\"" : "");
            }
            g_autofree char *name = i > name_from ? phrase(r, name_from, i)
                                                  : decoded(r->comment->str, r->comment->len);
            emit(r, name, spec->str);
            found++;
            name_from = to;
        }
        i = to;
    }
    if (found > 0 || !r->any)
        return;
    g_autofree char *words = phrase(r, 0, n);
    g_autofree char *comment = decoded(r->comment->str, r->comment->len);
    if (n == 1 && piece_at(r, 0)->kind == PIECE_WORD && !strstr(r->text->str, "=?")) {
        emit(r, comment, r->text->str); /* a local user */
    } else if (n > 0) {
        emit(r, words, "");
    }
}

static void end_element(Reader *r)
{
    if (r->has_angle) {
        g_autofree char *name = phrase(r, 0, r->pieces->len);
        if (!*name) {
            g_free(name);
            name = decoded(r->comment->str, r->comment->len);
        }
        if (*name || r->angle->len > 0)
            emit(r, name, r->angle->str);
    } else {
        end_plain_element(r);
    }
    g_string_truncate(r->text, 0);
    g_string_truncate(r->angle, 0);
    g_string_truncate(r->comment, 0);
    g_array_set_size(r->pieces, 0);
    r->has_angle = r->any = r->blank_before = FALSE;
}

/* ':' outside brackets: what came before is a group's name and goes, unless it is
 * an address itself (then the colon is dirt). */
static void read_colon(Reader *r)
{
    gboolean address = r->has_angle;
    for (guint i = 0; i < r->pieces->len && !address; i++)
        address = piece_at(r, i)->kind == PIECE_WORD && piece_has(r, piece_at(r, i), '@');
    if (address) {
        end_element(r);
    } else {
        g_string_truncate(r->text, 0);
        g_string_truncate(r->comment, 0);
        g_array_set_size(r->pieces, 0);
        r->any = FALSE;
    }
    r->blank_before = TRUE;
}

/* '<': a second one in an element starts the next element (a comma is missing). */
static void read_open(Reader *r)
{
    if (r->has_angle)
        end_element(r);
    r->at++;
    read_angle(r);
}

GPtrArray *address_list_parse(const char *text, gsize len)
{
    Reader r = {.at = text,
                .end = len > 0 ? text + len : text,
                .out = g_ptr_array_new_with_free_func((GDestroyNotify)address_free),
                .text = g_string_new(NULL),
                .pieces = g_array_new(FALSE, FALSE, sizeof(Piece)),
                .angle = g_string_new(NULL),
                .comment = g_string_new(NULL)};
    while (len > 0 && r.at < r.end && r.out->len < ADDRESSES_MAX) {
        char c = *r.at;
        if (is_blank(c)) {
            r.blank_before = TRUE;
            r.at++;
        } else if (c == ',' || c == ';') {
            end_element(&r);
            r.at++;
        } else if (c == '(') {
            read_comment(&r);
        } else if (c == '<') {
            read_open(&r);
        } else if (c == ':') {
            r.at++;
            read_colon(&r);
        } else if (c == '"') {
            read_quoted(&r);
        } else if (c == '>' || c == ')') {
            r.at++;
        } else {
            if (r.has_angle && r.pieces->len > 0)
                end_element(&r); /* "A <a@x> B <b@x>": the comma is missing */
            read_word(&r);
        }
    }
    end_element(&r);
    g_string_free(r.text, TRUE);
    g_array_unref(r.pieces);
    g_string_free(r.angle, TRUE);
    g_string_free(r.comment, TRUE);
    return r.out;
}
