/* search_pattern.h - the pattern language of searches and limits: text in, terms out. Pure.
 *
 *   pattern  = terms side by side, all of which must hold
 *   term     = [-|!] (WORD | "a phrase" | key:VALUE | ~letter [VALUE])
 *   key      = from to cc subject body is has after before larger smaller in
 *   ~letter  = mutt's: f from, t to, c cc, s subject, b body, d date, z size, C to or cc, L anyone,
 *              N U new, R read, F flagged, D deleted, Q answered, A all */
#pragma once
#include <glib.h>

typedef enum {
    TERM_ALL,
    TERM_WORD, /* in header or body */
    TERM_FROM,
    TERM_TO,
    TERM_CC,
    TERM_TO_OR_CC,
    TERM_ANYONE,
    TERM_SUBJECT,
    TERM_BODY,
    TERM_FLAG, /* flag, set */
    TERM_ATTACHMENT,
    TERM_SINCE,   /* date >= number */
    TERM_BEFORE,  /* date < number */
    TERM_LARGER,  /* size > number */
    TERM_SMALLER, /* size < number */
    TERM_IN,      /* folder name or last component, folded */
} TermKind;

typedef struct {
    TermKind kind;
    gboolean negated, phrase;
    char *text; /* folded, blanks squeezed; "" where none */
    guint flag;
    gboolean set;
    gint64 number;
} Term;

/* Array of Term; INVALID with the reason. `now`: for "after:2w". */
GArray *search_parse(const char *pattern, gint64 now, GError **err);
