/* search_private.h - the three steps of a search: what the index says (search_narrow.c), going
 * through candidates (search.c), deciding one (search_match.c). */
#pragma once
#include "private.h"
#include "search_pattern.h"
#include "pintail/util/cancel.h"

typedef struct {
    char *name, *account; /* folded */
    int role;
} ScopeFolder;

typedef struct {
    Store *s;
    Node *root;
    gint64 account, folder;
    const Cancel *stop;
    GArray *narrow;      /* messages that may match, in order; NULL: any may */
    GArray *unindexed;   /* messages that the index does not know as they are, in order */
    GHashTable *folders; /* id -> ScopeFolder */
    GArray *hits;
} Search;

typedef struct {
    gint64 placement, message, folder, date, received, size;
    guint flags;
    gboolean attachment;
} Candidate;

/* Arrays of gint64 in order, each once. */
gboolean ids_have(const GArray *ids, gint64 id);

/* Fills unindexed, narrow, and `found` of the terms. */
void search_narrow(Search *q);
gboolean search_matches(Search *q, const Candidate *c);
/* May anything in that folder match? */
gboolean search_folder_may(const Node *n, const ScopeFolder *f);
