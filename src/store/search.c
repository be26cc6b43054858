/* search.c - finding messages: store.db for what rows know, index.db for words, and the text
 * itself for what is not indexed yet.
 *
 * The index only narrows (search_narrow.c). Every candidate is then decided by the same function
 * (search_match.c), so that a result does not depend on how far the index has come. */
#include <string.h>
#include "index_text.h"
#include "message_private.h"
#include "search_private.h"
#include "pintail/util/date.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"

#define PAGE      500
#define DRIVE_MAX 20000 /* candidates beyond this are looked up folder by folder instead */

typedef struct {
    gint64 placement, date;
} Hit;

/* ---- going through candidates ---- */
static const char by_date[] =
    "SELECT p.id, p.message, p.folder, p.date, p.received, p.size, p.shown_flags, m.attachment"
    " FROM placement p CROSS JOIN message m ON m.id = p.message"
    " WHERE p.folder = ? AND p.shown = 1 AND (p.date, p.id) < (?, ?) AND p.date >= ?"
    " ORDER BY p.date DESC, p.id DESC LIMIT ?";
static const char by_message[] =
    "SELECT p.id, p.message, p.folder, p.date, p.received, p.size, p.shown_flags, m.attachment"
    " FROM placement p CROSS JOIN message m ON m.id = p.message"
    " WHERE p.message = ? AND p.shown = 1";

static Candidate candidate_from(sqlite3_stmt *st)
{
    return (Candidate){db_int(st, 0), db_int(st, 1), db_int(st, 2),        db_int(st, 3),
                       db_int(st, 4), db_int(st, 5), (guint)db_int(st, 6), db_int(st, 7) != 0};
}

static void try_page(Search *q, const GArray *page, guint limit)
{
    for (guint i = 0; i < page->len && q->hits->len < limit; i++) {
        const Candidate *c = &g_array_index(page, Candidate, i);
        if (q->stop && cancel_is_set(q->stop))
            return;
        if (search_matches(q, c)) {
            Hit hit = {c->placement, c->date};
            g_array_append_val(q->hits, hit);
        }
    }
}

/* The days that all of the pattern is about: [*since, *before). */
static void bounds(const Node *n, gint64 *since, gint64 *before)
{
    for (guint i = 0; n->kind == NODE_AND && i < n->children->len; i++)
        bounds(n->children->pdata[i], since, before);
    if (n->kind == NODE_TERM && n->term.kind == TERM_SINCE)
        *since = MAX(*since, n->term.number);
    if (n->kind == NODE_TERM && n->term.kind == TERM_BEFORE)
        *before = MIN(*before, n->term.number);
}

static void scan_folder(Search *q, gint64 folder, guint limit)
{
    gint64 since = G_MININT64, date = G_MAXINT64, id = G_MAXINT64;
    g_autoptr(GArray) page = g_array_new(FALSE, FALSE, sizeof(Candidate));
    guint before = q->hits->len;
    bounds(q->root, &since, &date);
    guint n;
    do {
        n = 0;
        g_array_set_size(page, 0);
        sqlite3_stmt *st =
            db_query(&q->s->db, by_date, "iiiii", folder, date, id, since, I64(PAGE));
        while (db_step(&q->s->db, st)) {
            Candidate c = candidate_from(st);
            if (!q->narrow || ids_have(q->narrow, c.message))
                g_array_append_val(page, c);
            date = c.date;
            id = c.placement;
            n++;
        }
        try_page(q, page, before + limit);
    } while (n == PAGE && q->hits->len < before + limit && !(q->stop && cancel_is_set(q->stop)));
}

static void scan_narrow(Search *q)
{
    g_autoptr(GArray) page = g_array_new(FALSE, FALSE, sizeof(Candidate));
    for (guint i = 0; i < q->narrow->len; i++) {
        if (q->stop && cancel_is_set(q->stop))
            return;
        g_array_set_size(page, 0);
        sqlite3_stmt *st =
            db_query(&q->s->db, by_message, "i", g_array_index(q->narrow, gint64, i));
        while (db_step(&q->s->db, st)) {
            Candidate c = candidate_from(st);
            if (g_hash_table_contains(q->folders, &c.folder))
                g_array_append_val(page, c);
        }
        try_page(q, page, G_MAXUINT);
    }
}

static gboolean asks_for(const Node *n, TermKind kind)
{
    for (guint i = 0; n->kind != NODE_NOT && n->children && i < n->children->len; i++) {
        if (asks_for(n->children->pdata[i], kind))
            return TRUE;
    }
    return n->kind == NODE_TERM && n->term.kind == kind;
}

static void scope_free(gpointer p)
{
    ScopeFolder *f = p;
    g_free(f->name);
    g_free(f->account);
    g_free(f);
}

/* The folders in question. "in:Archive" in a folder means: there, in this account; "account:work"
 * means there, wherever one is. */
static void load_scope(Search *q)
{
    q->folders = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, scope_free);
    gint64 account = q->account, folder = q->folder;
    if (asks_for(q->root, TERM_ACCOUNT)) {
        account = folder = 0;
    } else if (folder && asks_for(q->root, TERM_IN)) {
        account = db_number(&q->s->db, 0, "SELECT account FROM folder WHERE id = ?", "i", folder);
        folder = 0;
    }
    sqlite3_stmt *st =
        db_query(&q->s->db,
                 "SELECT f.id, f.name, f.role, a.name FROM folder f CROSS JOIN account a"
                 " ON a.id = f.account WHERE (?1 = 0 OR f.id = ?1)"
                 " AND (?2 = 0 OR ?1 <> 0 OR f.account = ?2)",
                 "ii", folder, account);
    while (db_step(&q->s->db, st)) {
        ScopeFolder *f = g_new0(ScopeFolder, 1);
        f->name = index_plain(db_peek(st, 1), 4096);
        f->role = (int)db_int(st, 2);
        f->account = index_plain(db_peek(st, 3), 4096);
        gint64 id = db_int(st, 0);
        if (search_folder_may(q->root, f))
            g_hash_table_insert(q->folders, g_memdup2(&id, sizeof id), f);
        else
            scope_free(f);
    }
}

static int newest_first(gconstpointer a, gconstpointer b)
{
    const Hit *x = a, *y = b;
    if (x->date != y->date)
        return x->date > y->date ? -1 : 1;
    return x->placement > y->placement ? -1 : x->placement < y->placement;
}

static GArray *finish(Search *q, guint limit, GError **err)
{
    Store *s = q->s;
    gboolean stopped = q->stop && cancel_is_set(q->stop);
    g_array_sort(q->hits, newest_first);
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint64));
    for (guint i = 0; i < q->hits->len && i < limit; i++)
        g_array_append_val(ids, g_array_index(q->hits, Hit, i).placement);
    g_array_unref(q->hits);
    g_hash_table_unref(q->folders);
    g_array_unref(q->unindexed);
    if (q->narrow)
        g_array_unref(q->narrow);
    db_ok(&s->index, NULL);
    if (stopped) {
        db_ok(&s->db, NULL);
        error_set(err, PINTAIL_ERROR_CANCELLED, _("stopped"));
        return NULL;
    }
    return db_ok(&s->db, err) ? g_steal_pointer(&ids) : NULL;
}

GArray *search_run(Store *s, gint64 account, gint64 folder, const char *pattern, guint limit,
                   const Cancel *stop, GError **err)
{
    g_autoptr(Node) root = search_parse(pattern, date_now(), err);
    if (!root)
        return NULL;
    Search q = {.s = s, .root = root, .account = account, .folder = folder, .stop = stop};
    q.hits = g_array_new(FALSE, FALSE, sizeof(Hit));
    load_scope(&q);
    search_narrow(&q);
    if (q.narrow && q.narrow->len <= DRIVE_MAX) {
        scan_narrow(&q);
    } else {
        GHashTableIter it;
        gpointer id;
        g_hash_table_iter_init(&it, q.folders);
        while (g_hash_table_iter_next(&it, &id, NULL))
            scan_folder(&q, *(gint64 *)id, limit);
    }
    return finish(&q, limit, err);
}
