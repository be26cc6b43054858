/* words.h - private: RFC 2047 encoded-words and RFC 2231 parameters. */
#pragma once
#include "pintail/util/span.h"

/* Unstructured text, already unfolded or not, appended as valid UTF-8. Encoded-words
 * are decoded wherever they stand: real mail puts them in quoted strings too. */
void words_decode(GString *out, Span text);
/* Text for a header's value: ASCII as it is, else encoded-words; folded (CRLF and a blank)
 * so that no line is longer than 76. `column` is where the value begins. Control
 * characters become blanks. With `phrase` specials are quoted (RFC 5322 phrase). */
void words_encode(GString *out, const char *utf8, gsize *column, gboolean phrase);

typedef struct {
    char *main;        /* the value before the first ';', comments removed; never NULL */
    GPtrArray *names;  /* of char *, lower case */
    GPtrArray *values; /* of char *, decoded to UTF-8 */
} Params;

/* A Content-Type or Content-Disposition value (RFC 2045, 2231). */
void params_init(Params *p, Span value);
void params_clear(Params *p);
/* Borrowed; NULL when not there. */
const char *params_get(const Params *p, const char *name);
/* Name and value pairs (NULL-terminated) as they came in a BODYSTRUCTURE. */
void params_init_pairs(Params *p, const char *const *pairs);
/* Appends `; name=value` folded: a token, a quoted string or RFC 2231 in pieces. */
void params_encode(GString *out, const char *name, const char *value);
