/* search.c - running a pattern: columns for what rows know, index.db for words, and the text
 * itself for what is not indexed yet.
 *
 * The index only narrows: which messages may hold all the words. Every candidate is then
 * decided by the same function on its text, so that a result does not depend on how far the index
 * has come. */
#include <string.h>
#include "index_text.h"
#include "indexer_private.h"
#include "message_private.h"
#include "search_pattern.h"
#include "pintail/util/date.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"

#define PAGE      500
#define DRIVE_MAX 20000 /* candidates beyond this are looked up folder by folder instead */

typedef struct {
    Store *s;
    const GArray *terms;
    gint64 account, folder;
    const Cancel *stop;
    GHashTable *narrow; /* message ids that may hold the words; NULL: no help from the index */
    GHashTable *unindexed;
    GHashTable *folders; /* id -> folded name, where a term asks for it */
    GArray *hits;        /* of Hit */
} Search;

typedef struct {
    gint64 placement, date;
} Hit;

static gboolean is_text(TermKind kind)
{
    return kind == TERM_WORD || kind == TERM_BODY;
}

/* ---- deciding one row ---- */
typedef struct {
    gint64 placement, message, folder, date, size;
    guint flags;
    gboolean attachment;
} Candidate;

static gboolean holds(const char *plain, const Term *t)
{
    if (!plain)
        return FALSE;
    return t->phrase ? strstr(plain, t->text) != NULL : plain_has_word(plain, t->text);
}

/* The header and body text of the candidate, from the index or made now. */
typedef struct {
    char *header, *body;
    gboolean loaded;
} Texts;

static void texts_load(Search *q, gint64 message, Texts *t)
{
    if (t->loaded)
        return;
    t->loaded = TRUE;
    gboolean stale = g_hash_table_contains(q->unindexed, &message);
    if (!stale && q->s->index.sql && index_doc(q->s, message, &t->header, &t->body))
        return;
    t->header = index_header_text(q->s, message);
    t->body = index_body_text(q->s, message);
}

/* Fields of people and subject: anywhere in them ("from:ana" finds juliana@). */
static gboolean in_columns(Search *q, const Term *t, gint64 message)
{
    gboolean found = FALSE;
    sqlite3_stmt *st = db_query(&q->s->db,
                                "SELECT from_people, to_people, cc_people, subject FROM message"
                                " WHERE id = ?",
                                "i", message);
    if (!db_step(&q->s->db, st))
        return FALSE;
    static const guint8 columns[] = {
        [TERM_FROM] = 1,     [TERM_TO] = 2,     [TERM_CC] = 4,
        [TERM_TO_OR_CC] = 6, [TERM_ANYONE] = 7, [TERM_SUBJECT] = 8,
    };
    for (int i = 0; i < 4 && !found; i++) {
        if (!(columns[t->kind] & (1 << i)))
            continue;
        g_autofree char *text = g_strdup(db_peek(st, i));
        for (char *p = text; *p; p++) {
            if ((guchar)*p < ' ')
                *p = ' ';
        }
        g_autofree char *plain = index_plain(text, 65536);
        found = strstr(plain, t->text) != NULL;
    }
    db_reset(st);
    return found;
}

static gboolean in_folder(Search *q, const Term *t, gint64 folder)
{
    const char *name = g_hash_table_lookup(q->folders, &folder);
    if (!name)
        return FALSE;
    gsize len = strlen(name), want = strlen(t->text);
    if (want > len || strcmp(name + len - want, t->text) != 0)
        return FALSE;
    return len == want || strchr("/.\\", name[len - want - 1]) != NULL;
}

static gboolean term_holds(Search *q, const Term *t, const Candidate *c, Texts *texts)
{
    switch (t->kind) {
    case TERM_ALL:
        return TRUE;
    case TERM_FLAG:
        return ((c->flags & t->flag) != 0) == t->set;
    case TERM_ATTACHMENT:
        return c->attachment;
    case TERM_SINCE:
        return c->date >= t->number;
    case TERM_BEFORE:
        return c->date < t->number;
    case TERM_LARGER:
        return c->size > t->number;
    case TERM_SMALLER:
        return c->size < t->number;
    case TERM_IN:
        return in_folder(q, t, c->folder);
    case TERM_WORD:
        texts_load(q, c->message, texts);
        return holds(texts->header, t) || holds(texts->body, t);
    case TERM_BODY:
        texts_load(q, c->message, texts);
        return holds(texts->body, t);
    case TERM_FROM:
    case TERM_TO:
    case TERM_CC:
    case TERM_TO_OR_CC:
    case TERM_ANYONE:
    case TERM_SUBJECT:
        return in_columns(q, t, c->message);
    }
    return FALSE;
}

/* Cheap terms first: rows are only read, texts only unpacked, when the rest holds. */
static gboolean matches(Search *q, const Candidate *c)
{
    Texts texts = {0};
    gboolean match = TRUE;
    for (int pass = 0; pass < 3 && match; pass++) {
        for (guint i = 0; i < q->terms->len && match; i++) {
            const Term *t = &g_array_index(q->terms, Term, i);
            gboolean column = t->kind >= TERM_FROM && t->kind <= TERM_SUBJECT;
            int cost = is_text(t->kind) ? 2 : column ? 1 : 0;
            if (cost != pass)
                continue;
            gboolean narrowed_out = cost == 2 && !t->negated && q->narrow &&
                                    !g_hash_table_contains(q->narrow, &c->message);
            match = !narrowed_out && term_holds(q, t, c, &texts) != t->negated;
        }
    }
    g_free(texts.header);
    g_free(texts.body);
    return match;
}

/* ---- what the index says ---- */
static void add_id(GHashTable *set, gint64 id)
{
    gint64 *key = g_new(gint64, 1);
    *key = id;
    g_hash_table_add(set, key);
}

static GHashTable *id_set(void)
{
    return g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
}

/* The FTS query for a term: its words, all of them, the last one as a beginning. NULL: too short
 * to ask for (one letter costs a second). */
static char *fts_query(const Term *t)
{
    g_autofree char *words = index_words(t->text, 4096);
    g_auto(GStrv) word = g_strsplit(words, " ", -1);
    GString *query = g_string_new(NULL);
    guint n = g_strv_length(word);
    for (guint i = 0; i < n; i++) {
        glong letters = g_utf8_strlen(word[i], -1);
        if (letters == 0)
            continue;
        gboolean bigram = index_is_unspaced(g_utf8_get_char(word[i]));
        gboolean last = i + 1 == n;
        if (letters < 2 && (bigram || (last && !t->phrase))) {
            g_string_free(query, TRUE);
            return NULL;
        }
        /* "a b" looked for as a phrase may begin inside a word: only whole words in its
         * middle are certain to be tokens of the text. */
        if (t->phrase && !bigram && (i == 0 || last))
            continue;
        g_string_append_printf(query, "%s\"%s\"%s", query->len ? " AND " : "", word[i],
                               bigram || !last ? "" : "*");
    }
    if (query->len == 0) {
        g_string_free(query, TRUE);
        return NULL;
    }
    return g_string_free(query, FALSE);
}

static void collect_ids(Store *s, const char *sql, const char *query, GHashTable *into)
{
    sqlite3_stmt *st = db_query(&s->index, sql, "t", query);
    while (db_step(&s->index, st))
        add_id(into, db_int(st, 0));
}

/* Words of header and body may be spread over both: asked for one by one only when there is one. */
static GHashTable *ask_index(Search *q, const Term *t)
{
    g_autofree char *query = fts_query(t);
    if (!query)
        return NULL;
    GHashTable *found = id_set();
    collect_ids(q->s, "SELECT rowid FROM body_words WHERE body_words MATCH ?", query, found);
    if (t->kind == TERM_WORD)
        collect_ids(q->s, "SELECT rowid FROM header_words WHERE header_words MATCH ?", query,
                    found);
    return found;
}

static void keep_common(GHashTable *set, GHashTable *other)
{
    GHashTableIter it;
    gpointer id;
    g_hash_table_iter_init(&it, set);
    while (g_hash_table_iter_next(&it, &id, NULL)) {
        if (!g_hash_table_contains(other, id))
            g_hash_table_iter_remove(&it);
    }
}

static void narrow(Search *q)
{
    q->unindexed = id_set();
    sqlite3_stmt *st = db_query(&q->s->db, "SELECT message FROM index_queue WHERE gone = 0", "");
    while (db_step(&q->s->db, st))
        add_id(q->unindexed, db_int(st, 0));
    if (!store_index(q->s)) {
        db_ok(&q->s->db, NULL);
        return;
    }
    for (guint i = 0; i < q->terms->len; i++) {
        const Term *t = &g_array_index(q->terms, Term, i);
        if (!is_text(t->kind) || t->negated)
            continue;
        g_autoptr(GHashTable) found = ask_index(q, t);
        if (!found)
            continue;
        if (q->narrow)
            keep_common(q->narrow, found);
        else
            q->narrow = g_steal_pointer(&found);
    }
    if (!db_ok(&q->s->index, NULL)) /* no index is no reason to find nothing */
        g_clear_pointer(&q->narrow, g_hash_table_unref);
    if (!q->narrow)
        return;
    GHashTableIter it;
    gpointer id;
    g_hash_table_iter_init(&it, q->unindexed);
    while (g_hash_table_iter_next(&it, &id, NULL))
        add_id(q->narrow, *(gint64 *)id);
}

/* ---- going through candidates ---- */
#define CANDIDATE_COLUMNS                                                                          \
    "SELECT p.id, p.message, p.folder, p.date, p.size, p.shown_flags, m.attachment"                \
    " FROM placement p CROSS JOIN message m ON m.id = p.message"

static Candidate candidate_from(sqlite3_stmt *st)
{
    return (Candidate){db_int(st, 0), db_int(st, 1),        db_int(st, 2),     db_int(st, 3),
                       db_int(st, 4), (guint)db_int(st, 5), db_int(st, 6) != 0};
}

static void try_page(Search *q, const GArray *page, guint limit)
{
    for (guint i = 0; i < page->len && q->hits->len < limit; i++) {
        const Candidate *c = &g_array_index(page, Candidate, i);
        if (q->stop && cancel_is_set(q->stop))
            return;
        if (matches(q, c)) {
            Hit hit = {c->placement, c->date};
            g_array_append_val(q->hits, hit);
        }
    }
}

static void scan_folder(Search *q, gint64 folder, guint limit)
{
    gint64 date = G_MAXINT64, id = G_MAXINT64;
    g_autoptr(GArray) page = g_array_new(FALSE, FALSE, sizeof(Candidate));
    guint before = q->hits->len;
    do {
        g_array_set_size(page, 0);
        sqlite3_stmt *st = db_query(&q->s->db,
                                    CANDIDATE_COLUMNS
                                    " WHERE p.folder = ? AND p.shown = 1"
                                    " AND (p.date, p.id) < (?, ?) ORDER BY p.date DESC, p.id DESC"
                                    " LIMIT ?",
                                    "iiii", folder, date, id, I64(PAGE));
        while (db_step(&q->s->db, st)) {
            Candidate c = candidate_from(st);
            g_array_append_val(page, c);
        }
        try_page(q, page, before + limit);
        if (page->len > 0) {
            const Candidate *last = &g_array_index(page, Candidate, page->len - 1);
            date = last->date;
            id = last->placement;
        }
    } while (page->len == PAGE && q->hits->len < before + limit &&
             !(q->stop && cancel_is_set(q->stop)));
}

static gboolean in_scope(Search *q, gint64 folder)
{
    return g_hash_table_contains(q->folders, &folder);
}

static void scan_narrow(Search *q)
{
    GHashTableIter it;
    gpointer message;
    g_hash_table_iter_init(&it, q->narrow);
    g_autoptr(GArray) page = g_array_new(FALSE, FALSE, sizeof(Candidate));
    while (g_hash_table_iter_next(&it, &message, NULL)) {
        if (q->stop && cancel_is_set(q->stop))
            return;
        g_array_set_size(page, 0);
        sqlite3_stmt *st =
            db_query(&q->s->db, CANDIDATE_COLUMNS " WHERE p.message = ? AND p.shown = 1", "i",
                     *(gint64 *)message);
        while (db_step(&q->s->db, st)) {
            Candidate c = candidate_from(st);
            if (in_scope(q, c.folder))
                g_array_append_val(page, c);
        }
        try_page(q, page, G_MAXUINT);
    }
}

/* The folders in question, with their names for in:. */
static void load_scope(Search *q)
{
    q->folders = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    gboolean wide = FALSE;
    for (guint i = 0; i < q->terms->len; i++) {
        const Term *t = &g_array_index(q->terms, Term, i);
        wide = wide || (t->kind == TERM_IN && !t->negated);
    }
    /* "in:Archive" in a folder means: there, in this account. */
    gint64 account = q->account, folder = q->folder;
    if (folder && wide) {
        account = db_number(&q->s->db, 0, "SELECT account FROM folder WHERE id = ?", "i", folder);
        folder = 0;
    }
    sqlite3_stmt *st = db_query(&q->s->db,
                                "SELECT id, name FROM folder WHERE (?1 = 0 OR id = ?1)"
                                " AND (?2 = 0 OR ?1 <> 0 OR account = ?2)",
                                "ii", folder, account);
    while (db_step(&q->s->db, st)) {
        gint64 *key = g_new(gint64, 1);
        *key = db_int(st, 0);
        g_hash_table_insert(q->folders, key, index_plain(db_peek(st, 1), 4096));
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
    g_hash_table_unref(q->unindexed);
    if (q->narrow)
        g_hash_table_unref(q->narrow);
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
    g_autoptr(GArray) terms = search_parse(pattern, date_now(), err);
    if (!terms)
        return NULL;
    Search q = {.s = s, .terms = terms, .account = account, .folder = folder, .stop = stop};
    q.hits = g_array_new(FALSE, FALSE, sizeof(Hit));
    load_scope(&q);
    narrow(&q);
    if (q.narrow && g_hash_table_size(q.narrow) <= DRIVE_MAX) {
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
