/* indexer.c - the full-text index: taking the queue of store.db, writing index.db.
 *
 * One round takes the oldest entries, writes their postings and how far it came in one
 * transaction of index.db, then shortens the queue. A crash in between repeats nothing, since
 * entries up to `done` are skipped. Deleting a posting needs the text it was made of, which `doc`
 * keeps. */
#include <string.h>
#include <zstd.h>
#include "body_private.h"
#include "index_text.h"
#include "indexer_private.h"
#include "pintail/mime/part.h"
#include "pintail/mime/render.h"

#define BODY_TEXT_MAX   (1u << 20)
#define HEADER_TEXT_MAX 65536

/* ---- text of a message ---- */
char *index_header_text(Store *s, gint64 message)
{
    char *text = NULL;
    sqlite3_stmt *st = db_query(&s->db,
                                "SELECT subject, from_people, to_people, cc_people FROM message"
                                " WHERE id = ?",
                                "i", message);
    if (db_step(&s->db, st)) {
        g_autofree char *all = g_strdup_printf("%s\n%s\n%s\n%s", db_peek(st, 0), db_peek(st, 1),
                                               db_peek(st, 2), db_peek(st, 3));
        db_reset(st);
        for (char *p = all; *p; p++) {
            if ((guchar)*p < ' ')
                *p = ' ';
        }
        text = index_plain(all, HEADER_TEXT_MAX);
    }
    return text;
}

static char *text_of_part(const Part *part, const Span body)
{
    g_autoptr(GBytes) decoded = part_decode(part->encoding, body);
    gsize len;
    const char *at = g_bytes_get_data(decoded, &len);
    g_autofree char *utf8 =
        charset_to_utf8(span_new(at, MIN(len, (gsize)4 * BODY_TEXT_MAX)), part->charset, NULL);
    if (strcmp(part->type, "text/html") != 0)
        return g_steal_pointer(&utf8);
    g_autoptr(Rendered) rendered = render_html(utf8, strlen(utf8));
    return rendered_to_text(rendered);
}

/* The main text, when it is here; NULL otherwise. */
char *index_body_text(Store *s, gint64 message)
{
    g_autoptr(GBytes) whole = body_get(s, message, "", NULL);
    g_autofree char *text = NULL;
    if (whole) {
        gsize len;
        const char *at = g_bytes_get_data(whole, &len);
        g_autoptr(Part) root = part_parse(at, len);
        const Part *part = part_main_text(root, FALSE);
        text = part ? text_of_part(part, part->body) : g_strdup("");
    } else {
        g_autoptr(GBytes) tree = body_get(s, message, "TREE", NULL);
        g_autofree char *lines =
            tree ? g_strndup(g_bytes_get_data(tree, NULL), g_bytes_get_size(tree)) : NULL;
        g_autoptr(Part) root = lines ? part_tree_from_text(lines, NULL) : NULL;
        const Part *part = root ? part_main_text(root, FALSE) : NULL;
        g_autoptr(GBytes) body = part ? body_get(s, message, part->section, NULL) : NULL;
        if (body)
            text =
                text_of_part(part, span_new(g_bytes_get_data(body, NULL), g_bytes_get_size(body)));
    }
    return text ? index_plain(text, BODY_TEXT_MAX) : NULL;
}

/* ---- doc: text, compressed ---- */
static GBytes *squeeze(const char *text)
{
    gsize len = strlen(text), bound = ZSTD_compressBound(len);
    char *out = g_malloc(bound);
    gsize n = ZSTD_compress(out, bound, text, len, 3);
    if (ZSTD_isError(n))
        g_error("zstd: %s", ZSTD_getErrorName(n));
    return g_bytes_new_take(out, n);
}

static char *expand(const void *data, gsize len)
{
    unsigned long long size = len ? ZSTD_getFrameContentSize(data, len) : 0;
    if (size > 8u * BODY_TEXT_MAX)
        return g_strdup("");
    char *text = g_malloc(size + 1);
    gsize n = len ? ZSTD_decompress(text, size, data, len) : 0;
    text[ZSTD_isError(n) ? 0 : n] = '\0';
    return text;
}

gboolean index_doc(Store *s, gint64 message, char **header, char **body)
{
    *header = *body = NULL;
    sqlite3_stmt *st =
        db_query(&s->index, "SELECT header, body FROM doc WHERE message = ?", "i", message);
    if (!db_step(&s->index, st))
        return FALSE;
    *header = expand(sqlite3_column_blob(st, 0), (gsize)sqlite3_column_bytes(st, 0));
    if (sqlite3_column_type(st, 1) != SQLITE_NULL)
        *body = expand(sqlite3_column_blob(st, 1), (gsize)sqlite3_column_bytes(st, 1));
    db_reset(st);
    return TRUE;
}

/* ---- postings ---- */
static void forget(Store *s, gint64 message)
{
    g_autofree char *header = NULL, *body = NULL;
    if (!index_doc(s, message, &header, &body))
        return;
    g_autofree char *words = index_words(header, G_MAXSIZE / 2);
    db_run(&s->index, "INSERT INTO header_words(header_words, rowid, words) VALUES('delete', ?, ?)",
           "it", message, words);
    if (body) {
        g_autofree char *body_words = index_words(body, G_MAXSIZE / 2);
        db_run(&s->index, "INSERT INTO body_words(body_words, rowid, words) VALUES('delete', ?, ?)",
               "it", message, body_words);
    }
    db_run(&s->index, "DELETE FROM doc WHERE message = ?", "i", message);
}

static void add(Store *s, gint64 message)
{
    g_autofree char *header = index_header_text(s, message);
    if (!header)
        return; /* deleted meanwhile: its own entry follows */
    g_autofree char *body = index_body_text(s, message);
    g_autofree char *old_header = NULL, *old_body = NULL;
    index_doc(s, message, &old_header, &old_body);
    if (!body)
        body = g_steal_pointer(&old_body); /* evicted, still found */
    forget(s, message);
    g_autoptr(GBytes) small_header = squeeze(header);
    g_autoptr(GBytes) small_body = body ? squeeze(body) : NULL;
    gsize header_len, body_len = 0;
    const void *header_at = g_bytes_get_data(small_header, &header_len);
    const void *body_at = body ? g_bytes_get_data(small_body, &body_len) : NULL;
    db_run(&s->index,
           body ? "INSERT INTO doc VALUES(?, ?, ?)"
                : "INSERT INTO doc VALUES(?, ?, nullif(?, x''))",
           "ibb", message, header_at, header_len, body_at, body_len);
    g_autofree char *words = index_words(header, G_MAXSIZE / 2);
    db_run(&s->index, "INSERT INTO header_words(rowid, words) VALUES(?, ?)", "it", message, words);
    if (body) {
        g_autofree char *body_words = index_words(body, G_MAXSIZE / 2);
        db_run(&s->index, "INSERT INTO body_words(rowid, words) VALUES(?, ?)", "it", message,
               body_words);
    }
}

/* ---- a round ---- */
typedef struct {
    gint64 id, message;
    gboolean gone;
} Entry;

static GArray *take_entries(Store *s, guint max)
{
    GArray *entries = g_array_new(FALSE, FALSE, sizeof(Entry));
    sqlite3_stmt *st = db_query(
        &s->db, "SELECT id, message, gone FROM index_queue ORDER BY id LIMIT ?", "i", I64(max));
    while (db_step(&s->db, st)) {
        Entry e = {db_int(st, 0), db_int(st, 1), db_int(st, 2) != 0};
        g_array_append_val(entries, e);
    }
    return entries;
}

/* Adding is cheap to repeat and dear to do: only the last word on a message counts. */
static gboolean write_postings(Store *s, const GArray *entries, gint64 *last)
{
    gint64 end = g_get_monotonic_time() + 200000;
    if (!db_synchronous(&s->index, FALSE) || !db_script(&s->index, "BEGIN IMMEDIATE"))
        return FALSE;
    gint64 done = db_number(&s->index, 0, "SELECT done FROM state", "");
    *last = 0;
    for (guint i = 0; i < entries->len; i++) {
        const Entry *e = &g_array_index(entries, Entry, i);
        if (e->id > done) {
            if (e->gone)
                forget(s, e->message);
            else
                add(s, e->message);
        }
        *last = e->id;
        if (g_get_monotonic_time() > end)
            break;
    }
    db_run(&s->index, "UPDATE state SET done = max(done, ?)", "i", *last);
    if (!db_failed(&s->index) && db_script(&s->index, "COMMIT"))
        return TRUE;
    if (!sqlite3_get_autocommit(s->index.sql))
        sqlite3_exec(s->index.sql, "ROLLBACK", NULL, NULL, NULL);
    return FALSE;
}

gboolean indexer_round(Store *s, guint max)
{
    if (!store_index(s))
        return FALSE;
    g_autoptr(GArray) entries = take_entries(s, max);
    gint64 last = 0;
    if (entries->len == 0 || !write_postings(s, entries, &last))
        return FALSE;
    for (guint i = 0; i < entries->len; i++) {
        const Entry *e = &g_array_index(entries, Entry, i);
        if (e->gone && e->id <= last)
            cache_forget(s, e->message);
    }
    sqlite3_wal_checkpoint_v2(s->index.sql, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    if (!txn_begin(s, FALSE, NULL))
        return FALSE;
    db_run(&s->db, "DELETE FROM index_queue WHERE id <= ?", "i", last);
    return txn_commit(s, NULL) &&
           (entries->len == max || last < g_array_index(entries, Entry, entries->len - 1).id);
}

gboolean index_match(Store *s, const char *epoch, GError **err)
{
    g_autofree char *known = meta_get(s, "index-epoch");
    if (g_strcmp0(known, epoch) == 0)
        return TRUE;
    gint64 from = 0;
    for (gboolean more = known != NULL; more;) {
        if (!txn_begin(s, FALSE, err))
            return FALSE;
        gint64 to = db_number(&s->db, 0,
                              "SELECT max(id) FROM (SELECT id FROM message WHERE id > ? ORDER BY id"
                              " LIMIT 2000)",
                              "i", from);
        more = to > 0;
        if (more)
            db_run(&s->db,
                   "INSERT INTO index_queue(message, gone) SELECT id, 0 FROM message"
                   " WHERE id > ? AND id <= ?",
                   "ii", from, to);
        from = to;
        if (!txn_commit(s, err))
            return FALSE;
    }
    return meta_put(s, "index-epoch", epoch, err);
}
