/* search_narrow.c - which messages may match, as the index knows. It errs only by naming too many:
 * what waits to be indexed may always match. */
#include <stdlib.h>
#include <string.h>
#include "index_text.h"
#include "search_private.h"

/* ---- arrays of ids ---- */
static GArray *ids_new(void)
{
    return g_array_new(FALSE, FALSE, sizeof(gint64));
}

static gint64 id_at(const GArray *ids, guint i)
{
    return g_array_index(ids, gint64, i);
}

static int by_id(const void *a, const void *b)
{
    gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;
    return x < y ? -1 : x > y;
}

gboolean ids_have(const GArray *ids, gint64 id)
{
    return ids->len && bsearch(&id, ids->data, ids->len, sizeof id, by_id);
}

static GArray *ids_both(const GArray *a, const GArray *b)
{
    GArray *both = ids_new();
    for (guint i = 0, j = 0; i < a->len && j < b->len;) {
        gint64 x = id_at(a, i), y = id_at(b, j);
        if (x == y)
            g_array_append_val(both, x);
        i += x <= y;
        j += y <= x;
    }
    return both;
}

static GArray *ids_either(const GArray *a, const GArray *b)
{
    GArray *all = g_array_sized_new(FALSE, FALSE, sizeof(gint64), a->len + b->len);
    for (guint i = 0, j = 0; i < a->len || j < b->len;) {
        gint64 x = i < a->len ? id_at(a, i) : G_MAXINT64, y = j < b->len ? id_at(b, j) : G_MAXINT64;
        gint64 id = MIN(x, y);
        g_array_append_val(all, id);
        i += x <= y;
        j += y <= x;
    }
    return all;
}

/* ---- one term ---- */

/* The FTS query for a term: its words, all of them, the last one as a beginning. NULL: too short to
 * ask for (one letter costs a second). *exact: whatever is found holds the term. */
static char *fts_query(const Term *t, gboolean *exact)
{
    g_autofree char *words = g_strchomp(index_query_words(t->text));
    g_auto(GStrv) word = g_strsplit(words, " ", -1);
    GString *query = g_string_new(NULL);
    guint n = g_strv_length(word);
    gboolean whole = t->phrase && !strchr(t->text, ' ');
    *exact = n == 1 && strcmp(words, t->text) == 0;
    for (guint i = 0; i < n; i++) {
        glong letters = g_utf8_strlen(word[i], -1);
        gboolean unspaced = letters > 0 && index_is_unspaced(g_utf8_get_char(word[i]));
        gboolean beginning = unspaced ? letters == 1 : i + 1 == n && !whole;
        if (letters == 0 || (beginning && !unspaced && letters < 2))
            continue;
        g_string_append_printf(query, "%s\"%s\"%s", query->len ? " AND " : "", word[i],
                               beginning ? "*" : "");
    }
    return g_string_free(query, query->len == 0);
}

static GArray *collect(Search *q, const char *sql, const char *query)
{
    GArray *ids = ids_new();
    sqlite3_stmt *st = db_query(&q->s->index, sql, "t", query);
    while (db_step(&q->s->index, st)) {
        gint64 id = db_int(st, 0);
        g_array_append_val(ids, id);
        if (ids->len % 4096 == 0 && q->stop && cancel_is_set(q->stop)) {
            db_reset(st);
            break;
        }
    }
    return ids;
}

static GArray *ask(Search *q, const Term *t, gboolean *exact)
{
    g_autofree char *query = fts_query(t, exact);
    if (!query)
        return NULL;
    if (t->kind == TERM_FILENAME) {
        g_autofree char *file = g_strdup_printf("file : (%s)", query);
        return collect(q, "SELECT rowid FROM header_words WHERE header_words MATCH ? ORDER BY rowid",
                       file);
    }
    if (t->kind == TERM_SUBJECT) {
        g_autofree char *subject = g_strdup_printf("subject : (%s)", query);
        return collect(q, "SELECT rowid FROM header_words WHERE header_words MATCH ? ORDER BY rowid",
                       subject);
    }
    g_autoptr(GArray) body =
        collect(q, "SELECT rowid FROM body_words WHERE body_words MATCH ? ORDER BY rowid", query);
    if (t->kind == TERM_BODY)
        return g_steal_pointer(&body);
    g_autoptr(GArray) header =
        collect(q, "SELECT rowid FROM header_words WHERE header_words MATCH ? ORDER BY rowid", query);
    return ids_either(body, header);
}

static gboolean is_asked(TermKind kind)
{
    return kind == TERM_SUBJECT || term_is_text(kind);
}

static void ask_all(Search *q, Node *n)
{
    for (guint i = 0; n->children && i < n->children->len; i++)
        ask_all(q, n->children->pdata[i]);
    if (n->kind != NODE_TERM || !is_asked(n->term.kind))
        return;
    g_autoptr(GArray) found = ask(q, &n->term, &n->exact);
    n->found = found ? ids_either(found, q->unindexed) : NULL;
}

static void forget_all(Node *n)
{
    for (guint i = 0; n->children && i < n->children->len; i++)
        forget_all(n->children->pdata[i]);
    g_clear_pointer(&n->found, g_array_unref);
}

/* ---- the whole ---- */

/* Of AND what all name, of OR what any names; of NOT nothing is known. NULL: anything may. */
static GArray *candidates(const Node *n)
{
    if (n->kind == NODE_TERM)
        return n->found ? g_array_ref(n->found) : NULL;
    GArray *all = NULL;
    for (guint i = 0; n->kind != NODE_NOT && i < n->children->len; i++) {
        GArray *one = candidates(n->children->pdata[i]);
        if (!one && n->kind == NODE_OR) {
            g_clear_pointer(&all, g_array_unref);
            return NULL;
        }
        if (!one)
            continue;
        if (all) {
            g_autoptr(GArray) before = all;
            all = n->kind == NODE_OR ? ids_either(before, one) : ids_both(before, one);
            g_array_unref(one);
        } else {
            all = one;
        }
    }
    return all;
}

void search_narrow(Search *q)
{
    q->unindexed = ids_new();
    sqlite3_stmt *st = db_query(
        &q->s->db, "SELECT DISTINCT message FROM index_queue WHERE gone = 0 ORDER BY message", "");
    while (db_step(&q->s->db, st)) {
        gint64 id = db_int(st, 0);
        g_array_append_val(q->unindexed, id);
    }
    if (!store_index(q->s)) {
        db_ok(&q->s->db, NULL);
        return;
    }
    ask_all(q, q->root);
    if (!db_ok(&q->s->index, NULL)) /* no index is no reason to find nothing */
        forget_all(q->root);
    q->narrow = candidates(q->root);
}
