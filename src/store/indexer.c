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

/* The separators of packed people become blanks. */
static char *plain_column(const char *text)
{
    g_autofree char *clean = g_strdup(text);
    for (char *p = clean; *p; p++) {
        if ((guchar)*p < ' ')
            *p = ' ';
    }
    return index_plain(clean, HEADER_TEXT_MAX);
}

char *index_header_text(Store *s, gint64 message, const char *files)
{
    GString *text = g_string_new(NULL);
    sqlite3_stmt *st = db_query(&s->db,
                                "SELECT subject, from_people, to_people, cc_people FROM message"
                                " WHERE id = ?",
                                "i", message);
    if (!db_step(&s->db, st)) {
        g_string_free(text, TRUE);
        return NULL;
    }
    for (int i = 0; i < 4; i++) {
        g_autofree char *plain = plain_column(db_peek(st, i));
        g_string_append(text, plain);
        g_string_append_c(text, INDEX_SEPARATOR);
    }
    db_reset(st);
    g_string_append(text, files);
    return g_string_free(text, FALSE);
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

static char *names_of(const Part *root)
{
    GString *names = g_string_new(NULL);
    g_autoptr(GPtrArray) attached = part_attachments(root);
    for (guint i = 0; i < attached->len && names->len < HEADER_TEXT_MAX; i++) {
        const Part *part = attached->pdata[i];
        g_string_append_printf(names, "%s ", part->name);
    }
    char *plain = plain_column(names->str);
    g_string_free(names, TRUE);
    return plain;
}

/* The main text and the names of attachments, when they are here. */
char *index_body_text(Store *s, gint64 message, char **files)
{
    g_autoptr(GBytes) whole = body_get(s, message, "", NULL);
    g_autofree char *text = NULL;
    *files = NULL;
    if (whole) {
        gsize len;
        const char *at = g_bytes_get_data(whole, &len);
        g_autoptr(Part) root = part_parse(at, len);
        const Part *part = part_main_text(root, FALSE);
        *files = names_of(root);
        text = part ? text_of_part(part, part->body) : g_strdup("");
    } else {
        g_autoptr(GBytes) tree = body_get(s, message, "TREE", NULL);
        g_autofree char *lines =
            tree ? g_strndup(g_bytes_get_data(tree, NULL), g_bytes_get_size(tree)) : NULL;
        g_autoptr(Part) root = lines ? part_tree_from_text(lines, NULL) : NULL;
        const Part *part = root ? part_main_text(root, FALSE) : NULL;
        g_autoptr(GBytes) body = part ? body_get(s, message, part->section, NULL) : NULL;
        if (root)
            *files = names_of(root);
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
    gsize n = ZSTD_compress(out, bound, text, len, 1);
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

char *index_column(const char *header, IndexColumn column)
{
    for (int i = 0; i < (int)column && header; i++) {
        header = strchr(header, INDEX_SEPARATOR);
        header = header ? header + 1 : NULL;
    }
    const char *end = header ? strchr(header, INDEX_SEPARATOR) : NULL;
    return !header ? g_strdup("") : end ? g_strndup(header, (gsize)(end - header)) : g_strdup(header);
}

char *index_old_body(Store *s, gint64 message)
{
    char *body = NULL;
    sqlite3_stmt *st =
        db_query(&s->index, "SELECT body FROM old_doc WHERE message = ?", "i", message);
    if (!db_step(&s->index, st))
        return NULL;
    if (sqlite3_column_type(st, 0) != SQLITE_NULL)
        body = expand(sqlite3_column_blob(st, 0), (gsize)sqlite3_column_bytes(st, 0));
    db_reset(st);
    return body;
}

/* ---- postings ---- */
static void post_header(Store *s, gint64 message, const char *header, gboolean remove)
{
    char *words[INDEX_COLUMNS];
    for (int i = 0; i < INDEX_COLUMNS; i++) {
        g_autofree char *text = index_column(header, (IndexColumn)i);
        words[i] = index_words(text, G_MAXSIZE / 2);
    }
    db_run(&s->index,
           remove ? "INSERT INTO header_words(header_words, rowid, subject, sender, recipient, copy,"
                    " file) VALUES('delete', ?, ?, ?, ?, ?, ?)"
                  : "INSERT INTO header_words(rowid, subject, sender, recipient, copy, file)"
                    " VALUES(?, ?, ?, ?, ?, ?)",
           "ittttt", message, words[0], words[1], words[2], words[3], words[4]);
    for (int i = 0; i < INDEX_COLUMNS; i++)
        g_free(words[i]);
}

static void post_body(Store *s, gint64 message, const char *body, gboolean remove)
{
    g_autofree char *words = index_words(body, G_MAXSIZE / 2);
    db_run(&s->index,
           remove ? "INSERT INTO body_words(body_words, rowid, words) VALUES('delete', ?, ?)"
                  : "INSERT INTO body_words(rowid, words) VALUES(?, ?)",
           "it", message, words);
}

static void forget(Store *s, gint64 message)
{
    g_autofree char *header = NULL, *body = NULL;
    if (!index_doc(s, message, &header, &body)) {
        db_run(&s->index, "DELETE FROM old_doc WHERE message = ?", "i", message);
        return;
    }
    post_header(s, message, header, TRUE);
    if (body)
        post_body(s, message, body, TRUE);
    db_run(&s->index, "DELETE FROM doc WHERE message = ?", "i", message);
}

static void put_doc(Store *s, gint64 message, const char *header, const char *body)
{
    g_autoptr(GBytes) small_header = squeeze(header);
    g_autoptr(GBytes) small_body = body ? squeeze(body) : NULL;
    gsize header_len, body_len = 0;
    const void *header_at = g_bytes_get_data(small_header, &header_len);
    const void *body_at = body ? g_bytes_get_data(small_body, &body_len) : NULL;
    db_run(&s->index,
           body ? "INSERT OR REPLACE INTO doc VALUES(?, ?, ?)"
                : "INSERT OR REPLACE INTO doc VALUES(?, ?, nullif(?, x''))",
           "ibb", message, header_at, header_len, body_at, body_len);
}

/* Only what is new is written: a body that comes later leaves the words of its header alone. */
static void add(Store *s, gint64 message)
{
    g_autofree char *old_header = NULL, *before = NULL, *files = NULL;
    gboolean known = index_doc(s, message, &old_header, &before);
    g_autofree char *body = index_body_text(s, message, &files);
    if (!files && known)
        files = index_column(old_header, INDEX_FILE);
    g_autofree char *header = index_header_text(s, message, files ? files : "");
    if (!header)
        return; /* deleted meanwhile: its own entry follows */
    if (!body) /* not here any more, still found */
        body = known ? g_strdup(before) : index_old_body(s, message);
    if (!known)
        db_run(&s->index, "DELETE FROM old_doc WHERE message = ?", "i", message);
    gboolean same_header = known && strcmp(header, old_header) == 0;
    gboolean same_body = known && g_strcmp0(body, before) == 0;
    if (same_header && same_body)
        return;
    if (known && !same_header)
        post_header(s, message, old_header, TRUE);
    if (before && !same_body)
        post_body(s, message, before, TRUE);
    put_doc(s, message, header, body);
    if (!same_header)
        post_header(s, message, header, FALSE);
    if (body && !same_body)
        post_body(s, message, body, FALSE);
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
