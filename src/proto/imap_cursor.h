/* imap_cursor.h - the words of IMAP's grammar (RFC 3501 section 9): tiny functions that
 * advance a cursor over bytes in memory, or return FALSE and leave it where it was.
 *
 * Pure: no I/O, no recursion, linear. What they give points into the input, or into the
 * cursor's chunk where a quoted string had to be unescaped. */
#pragma once
#include <glib.h>
#include "pintail/util/span.h"

typedef struct {
    const char *at, *end;
    GStringChunk *chunk; /* of whoever made the cursor; NULL: escapes in strings stay */
} Cursor;

#define IMAP_MAX_DEPTH 100

static inline Cursor cursor_new(Span s, GStringChunk *chunk)
{
    return (Cursor){s.at, s.at ? s.at + s.len : NULL, chunk};
}
static inline gsize cursor_left(const Cursor *c)
{
    return (gsize)(c->end - c->at);
}
static inline int cursor_peek(const Cursor *c) /* -1 at the end */
{
    return c->at < c->end ? (guchar)*c->at : -1;
}
static inline Span cursor_rest(const Cursor *c)
{
    return span_new(c->at, cursor_left(c));
}

gboolean imap_cursor_char(Cursor *c, char want);
void imap_cursor_blanks(Cursor *c); /* any number, none included */
/* `word` without regard to case, followed by something that ends an atom. */
gboolean imap_cursor_word(Cursor *c, const char *word);
/* Everything up to a blank, parenthesis, quote or control character; at least one byte.
 * Brackets belong to it (BODY[...] is cursor_item's). */
gboolean imap_cursor_atom(Cursor *c, Span *out);
/* An atom of a response code: ends at ']' as well. */
gboolean imap_cursor_code_atom(Cursor *c, Span *out);
/* Lenient, because servers are: a sign, a fraction, an exponent (9.3736e+06); saturates. */
gboolean imap_cursor_number(Cursor *c, gint64 *out);
/* A nz-number or number of 32 bits, digits only, for sequence numbers and UIDs. */
gboolean imap_cursor_uint32(Cursor *c, guint32 *out);
/* uint64, digits only (X-GM-MSGID). */
gboolean imap_cursor_uint64(Cursor *c, guint64 *out);
gboolean imap_cursor_quoted(Cursor *c, Span *out);
gboolean imap_cursor_literal(Cursor *c, Span *out); /* {n}, {n+}, ~{n}, then CRLF and n bytes */
gboolean imap_cursor_string(Cursor *c, Span *out);
gboolean imap_cursor_astring(Cursor *c, Span *out);
/* NIL: TRUE with *nil set and an empty span. Accepts an atom for a string. */
gboolean imap_cursor_nstring(Cursor *c, Span *out, gboolean *nil);
/* One value of any form: atom, string, literal, or a list with all it holds. */
gboolean imap_cursor_skip(Cursor *c);

/* Numbers as this project keeps them. */
guint32 imap_fold32(gint64 value);  /* UIDVALIDITY: wider or negative, yet stable; 0 stays 0 */
guint32 imap_clamp32(gint64 value); /* counts: negative is 0 */
guint64 imap_clamp64(gint64 value);
/* NUL-terminated copy; a NUL inside becomes a blank. */
char *imap_dup(Span s);
char *imap_dup_lower(Span s);
