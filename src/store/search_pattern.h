/* search_pattern.h - the pattern language of searches and limits: text in, a tree out. Pure.
 *
 *   pattern = all { or all }               or: "or", "OR", "|"
 *   all     = not { [and] not }            side by side: both must hold
 *   not     = { - | ! | not } one
 *   one     = ( pattern ) | WORD | "a phrase" | key:VALUE | ~letter [VALUE]
 *   key     = from to cc subject body filename list id in account tag is has
 *             after since before on date newer_than older_than larger smaller size
 *   ~letter = mutt's; see `letters` in search_pattern.c
 *
 * A word matches what begins with it ("meet" finds "meeting"), a phrase where its words stand one
 * behind the other, the last one as a beginning; a single word in quotes only itself. In scripts
 * without spaces anything matches where it occurs; so it does in the names and addresses of people,
 * and in those of lists ("from:ana" finds Juliana). Case and accents do not count. */
#pragma once
#include <glib.h>

typedef enum {
    TERM_ALL,
    TERM_WORD, /* in header, body or attachment names */
    TERM_FROM,
    TERM_TO,
    TERM_CC,
    TERM_TO_OR_CC,
    TERM_ANYONE,
    TERM_SUBJECT,
    TERM_FILENAME, /* of an attachment */
    TERM_BODY,
    TERM_FLAG, /* flag, set */
    TERM_ATTACHMENT,
    TERM_SINCE,          /* date >= number */
    TERM_BEFORE,         /* date < number */
    TERM_RECEIVED_SINCE, /* the same of its arrival */
    TERM_RECEIVED_BEFORE,
    TERM_LARGER,  /* size > number */
    TERM_SMALLER, /* size < number */
    TERM_IN,      /* folder name or last component, folded; a role: "inbox", "sent" */
    TERM_ACCOUNT, /* its name, folded */
    TERM_LIST,    /* List-Id; "": any mailing list */
    TERM_ID,      /* Message-ID */
    TERM_REFERS,  /* an id in References or In-Reply-To */
    TERM_MUTED,   /* its thread is */
    TERM_LAST,    /* nothing newer in its thread */
} TermKind;

typedef struct {
    TermKind kind;
    gboolean phrase; /* in quotes */
    char *text;      /* folded, blanks squeezed; "" where none */
    guint flag;
    gboolean set;
    gint64 number;
} Term;

typedef enum { NODE_TERM, NODE_NOT, NODE_AND, NODE_OR } NodeKind;
typedef struct Node {
    NodeKind kind;
    Term term;
    GPtrArray *children; /* of Node, the cheap ones first; NOT: one */
    int cost;            /* 0: the row decides, 1: the message's columns, 2: other rows, 3: text */
    GArray *found;       /* messages that may hold the term, as the index says; NULL: it cannot say */
    gboolean exact;      /* and they do */
} Node;
void node_free(Node *n);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Node, node_free)

/* INVALID with the reason. `now`: for "after:2w". At most 64 terms, 32 brackets deep. */
Node *search_parse(const char *pattern, gint64 now, GError **err);
gboolean term_is_text(TermKind kind); /* its words are asked of the index, and verified in the text */
