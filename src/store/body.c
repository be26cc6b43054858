/* body.c - content: of local mail from its file, of the rest from the cache.
 *
 * cache.db holds sections in zstd chunks of 64 KiB; it can always be fetched again, so it
 * commits with synchronous=NORMAL and has a gate of its own. message.content says what is there: it
 * is set after the cache has committed and cleared before the cache forgets, so it never promises
 * what is not there for longer than a crash, and body_get() looks for itself. */
#include <string.h>
#include <unistd.h>
#include <zstd.h>
#include "body_private.h"
#include "maildir_files.h"
#include "pintail/mime/part.h"
#include "pintail/util/date.h"
#include "pintail/util/error.h"
#include "pintail/util/file.h"
#include "pintail/util/i18n.h"

#define CHUNK 65536
#define LEVEL 3

/* ---- writing ---- */
static GPtrArray *compress_with(ZSTD_CCtx *context, const char *bytes, gsize len)
{
    GPtrArray *chunks = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    for (gsize from = 0; from < len; from += CHUNK) {
        gsize piece = MIN(len - from, (gsize)CHUNK), bound = ZSTD_compressBound(piece);
        char *out = g_malloc(bound);
        gsize n = ZSTD_compressCCtx(context, out, bound, bytes + from, piece, LEVEL);
        if (ZSTD_isError(n))
            g_error("zstd: %s", ZSTD_getErrorName(n));
        g_ptr_array_add(chunks, g_bytes_new_take(g_realloc(out, MAX(n, 1)), n));
    }
    return chunks;
}

static ZSTD_CCtx *compressor(void)
{
    ZSTD_CCtx *context = ZSTD_createCCtx();
    if (!context)
        g_error("zstd: no memory");
    return context;
}

GPtrArray *body_compress(const char *bytes, gsize len)
{
    ZSTD_CCtx *context = compressor();
    GPtrArray *chunks = compress_with(context, bytes, len);
    ZSTD_freeCCtx(context);
    return chunks;
}

void cache_delete(Db *cache, gint64 body)
{
    db_run(cache,
           "UPDATE state SET total = total - (SELECT stored FROM body WHERE id = ?1)"
           " WHERE EXISTS(SELECT 1 FROM body WHERE id = ?1)",
           "i", body);
    db_run(cache, "DELETE FROM chunk WHERE body = ?", "i", body);
    db_run(cache, "DELETE FROM body WHERE id = ?", "i", body);
}

gsize body_write_chunks(Db *cache, gint64 body, gint64 first, const GPtrArray *chunks)
{
    gsize stored = 0;
    for (guint i = 0; i < chunks->len; i++) {
        gsize n;
        const void *at = g_bytes_get_data(chunks->pdata[i], &n);
        db_run(cache, "INSERT INTO chunk VALUES(?, ?, ?)", "iib", body, first + i, at, n);
        stored += n;
    }
    return stored;
}

static void write_section(Db *cache, gint64 message, const char *section, gsize len,
                          const GPtrArray *chunks)
{
    gint64 old = db_number(cache, 0, "SELECT id FROM body WHERE message = ? AND section = ?", "it",
                           message, section);
    if (old)
        cache_delete(cache, old);
    gsize stored = 64;
    for (guint i = 0; i < chunks->len; i++)
        stored += g_bytes_get_size(chunks->pdata[i]);
    db_run(cache, "INSERT INTO body(message, section, size, stored, used) VALUES(?, ?, ?, ?, ?)",
           "itiii", message, section, I64(len), I64(stored), date_now());
    body_write_chunks(cache, db_last_id(cache), 0, chunks);
    db_run(cache, "UPDATE state SET total = total + ?", "i", I64(stored));
}

/* BEGIN under the cache's own gate. */
gboolean cache_begin(Store *s)
{
    if (!store_cache(s))
        return FALSE;
    gate_enter(&s->home->cache_gate, s->priority == STORE_FOR_PERSON);
    if (db_synchronous(&s->cache, FALSE) && db_script(&s->cache, "BEGIN IMMEDIATE"))
        return TRUE;
    gate_leave(&s->home->cache_gate);
    return FALSE;
}

gboolean cache_commit(Store *s, GError **err)
{
    if (!db_failed(&s->cache))
        db_script(&s->cache, "COMMIT");
    if (!sqlite3_get_autocommit(s->cache.sql))
        sqlite3_exec(s->cache.sql, "ROLLBACK", NULL, NULL, NULL);
    gate_leave(&s->home->cache_gate);
    return db_ok(&s->cache, err);
}

static guint content_bit(const char *section)
{
    if (!*section)
        return CONTENT_WHOLE;
    if (strcmp(section, "HEADER") == 0)
        return CONTENT_HEADER;
    return strcmp(section, "TREE") == 0 ? CONTENT_TREE : CONTENT_PART;
}

gboolean body_may_put(Store *s, guint64 len, GError **err)
{
    if (s->home->flags & STORE_READ_ONLY) {
        error_set(err, PINTAIL_ERROR_REFUSED, _("opened read only: nothing is changed"));
        return FALSE;
    }
    if (len > BODY_LIMIT) {
        error_set(err, PINTAIL_ERROR_REFUSED, _("the message is too large to be kept"));
        return FALSE;
    }
    return TRUE;
}

static void is_here(Store *s, gint64 message, const char *section)
{
    guint bit = content_bit(section);
    db_run(&s->db, "UPDATE message SET content = content | ?1 WHERE id = ?2 AND content & ?1 = 0",
           "ii", I64(bit), message);
    if (bit == CONTENT_WHOLE)
        index_enqueue(s, message, FALSE);
}

gboolean body_is_here(Store *s, gint64 message, const char *section, GError **err)
{
    if (!txn_begin(s, FALSE, err))
        return FALSE;
    is_here(s, message, section);
    return txn_commit(s, err);
}

/* One slice of them, compressed already; *done is how many. */
static gboolean put_slice(Store *s, const Body *bodies, GPtrArray *const *chunks, guint n, guint *done, GError **err)
{
    if (!cache_begin(s))
        return db_ok(&s->cache, err) && db_ok(&s->db, err);
    gint64 end = slice_end();
    guint i = 0;
    do {
        write_section(&s->cache, bodies[i].message, bodies[i].section, bodies[i].len, chunks[i]);
        i++;
    } while (i < n && g_get_monotonic_time() < end);
    if (!cache_commit(s, err) || !txn_begin(s, FALSE, err))
        return FALSE;
    for (guint k = 0; k < i; k++)
        is_here(s, bodies[k].message, bodies[k].section);
    *done = i;
    return txn_commit(s, err);
}

gboolean bodies_put(Store *s, const Body *bodies, guint n, GError **err)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
    gboolean ok = TRUE;
    ZSTD_CCtx *context = compressor();
    for (guint i = 0; ok && i < n; i++) {
        ok = body_may_put(s, bodies[i].len, err);
        if (ok)
            g_ptr_array_add(all, compress_with(context, bodies[i].bytes, bodies[i].len));
    }
    ZSTD_freeCCtx(context);
    guint done;
    for (guint at = 0; at < all->len; at += done) {
        done = all->len - at; /* where there is no cache, all of them are passed over */
        if (!put_slice(s, bodies + at, (GPtrArray **)(void *)all->pdata + at, done, &done, ok ? err : NULL))
            return FALSE;
    }
    if (n > 1)
        home_pours(s->home);
    return ok;
}

gboolean body_put(Store *s, gint64 message, const char *section, const void *bytes, gsize len,
                  GError **err)
{
    Body one = {message, section, bytes, len};
    return bodies_put(s, &one, 1, err);
}

/* ---- reading ---- */
static gboolean append_chunk(GByteArray *to, const void *data, gsize len, gsize limit)
{
    unsigned long long size = ZSTD_getFrameContentSize(data, len);
    if (size > CHUNK || size > limit - to->len) /* also both of its error values */
        return FALSE;
    guint before = to->len;
    g_byte_array_set_size(to, before + (guint)size);
    gsize n = ZSTD_decompress(to->data + before, size, data, len);
    return !ZSTD_isError(n) && n == size;
}

static GBytes *read_cached(Store *s, gint64 message, const char *section)
{
    gint64 id = 0, size = 0;
    sqlite3_stmt *st =
        db_query(&s->cache, "SELECT id, size FROM body WHERE message = ? AND section = ?", "it",
                 message, section);
    if (!db_step(&s->cache, st))
        return NULL;
    id = db_int(st, 0);
    size = db_int(st, 1);
    db_reset(st);
    if (size < 0 || size > BODY_LIMIT)
        return NULL;
    GByteArray *bytes = g_byte_array_sized_new((guint)size);
    gboolean ok = TRUE;
    st = db_query(&s->cache, "SELECT data FROM chunk WHERE body = ? ORDER BY n", "i", id);
    while (db_step(&s->cache, st))
        ok = ok && append_chunk(bytes, sqlite3_column_blob(st, 0),
                                (gsize)sqlite3_column_bytes(st, 0), (gsize)size);
    GBytes *whole = g_byte_array_free_to_bytes(bytes);
    if (ok && !db_failed(&s->cache) && g_bytes_get_size(whole) == (gsize)size)
        return whole;
    g_bytes_unref(whole);
    return NULL;
}

/* The order of eviction; written by the maintenance thread, since reading must not write. */
static void note_use(StoreHome *h, gint64 message)
{
    gint64 *key = g_new(gint64, 1), *when = g_new(gint64, 1);
    *key = message;
    *when = date_now();
    pthread_mutex_lock(&h->lock);
    g_hash_table_insert(h->used, key, when);
    pthread_mutex_unlock(&h->lock);
}

static gsize header_length(const char *at, gsize len)
{
    for (const char *p = at, *end = at + len; (p = memchr(p, '\n', (gsize)(end - p))); p++) {
        if (p + 1 < end && p[1] == '\n')
            return (gsize)(p + 2 - at);
        if (p + 2 < end && p[1] == '\r' && p[2] == '\n')
            return (gsize)(p + 3 - at);
    }
    return len;
}

/* A section of a message that is here whole. */
GBytes *section_of(GBytes *whole, const char *section)
{
    gsize len;
    const char *at = g_bytes_get_data(whole, &len);
    if (!*section)
        return g_bytes_ref(whole);
    if (strcmp(section, "HEADER") == 0)
        return g_bytes_new_from_bytes(whole, 0, header_length(at, len));
    g_autoptr(Part) root = part_parse(at, len);
    if (strcmp(section, "TREE") == 0) {
        char *text = part_tree_to_text(root);
        return g_bytes_new_take(text, strlen(text));
    }
    const Part *part = part_by_section(root, section);
    if (!part || !part->body.at || part->content)
        return NULL;
    return g_bytes_new_from_bytes(whole, (gsize)(part->body.at - at), part->body.len);
}

static GBytes *read_file(Store *s, const char *path, GError **err)
{
    g_autoptr(GError) trouble = NULL;
    GBytes *bytes = file_read(path, BODY_LIMIT, &trouble);
    if (!bytes && error_is(trouble, PINTAIL_ERROR_GONE)) {
        g_autofree char *renamed = maildir_find_path(path);
        g_clear_error(&trouble);
        if (!renamed)
            return NULL;
        bytes = file_read(renamed, BODY_LIMIT, &trouble);
    }
    if (!bytes && !error_is(trouble, PINTAIL_ERROR_GONE))
        g_propagate_error(err, g_steal_pointer(&trouble));
    return bytes;
}

/* A message on its way to another account (relay.c) has its content where it comes from. */
static gint64 content_of(Store *s, gint64 message)
{
    return db_number(&s->db, message,
                     "SELECT o.message FROM placement p CROSS JOIN op o ON o.destination_placement = p.id"
                     " AND o.destination_placement <> 0 AND o.kind = 8 WHERE p.message = ? LIMIT 1",
                     "i", message);
}

GBytes *body_get(Store *s, gint64 message, const char *section, GError **err)
{
    message = content_of(s, message);
    g_autofree char *path = message_file(s, message);
    if (!db_ok(&s->db, err))
        return NULL;
    if (path) {
        g_autoptr(GBytes) whole = read_file(s, path, err);
        return whole ? section_of(whole, section) : NULL;
    }
    if (!store_cache(s)) {
        db_ok(&s->db, err);
        return NULL;
    }
    g_autoptr(GBytes) found = read_cached(s, message, section);
    if (!found && *section) {
        g_autoptr(GBytes) whole = read_cached(s, message, "");
        if (whole)
            found = section_of(whole, section);
    }
    if (!db_ok(&s->cache, err))
        return NULL;
    if (found)
        note_use(s->home, message);
    return g_steal_pointer(&found);
}

gboolean body_have(Store *s, gint64 message, const char *section)
{
    message = content_of(s, message);
    g_autofree char *path = message_file(s, message);
    if (!db_ok(&s->db, NULL))
        return FALSE;
    if (path)
        return TRUE;
    if (!store_cache(s)) {
        db_ok(&s->db, NULL);
        return FALSE;
    }
    gint64 have = db_number(&s->cache, 0,
                            "SELECT 1 FROM body WHERE message = ? AND section IN (?, '') LIMIT 1",
                            "it", message, section);
    db_ok(&s->cache, NULL);
    return have != 0;
}

GArray *bodies_missing(Store *s, gint64 folder, gint64 since, guint n, GError **err)
{
    GArray *ids = g_array_new(FALSE, FALSE, sizeof(gint64));
    sqlite3_stmt *st =
        db_query(&s->db,
                 "SELECT p.message FROM placement p CROSS JOIN message m ON m.id = p.message"
                 " WHERE p.folder = ? AND p.shown = 1 AND p.date >= ? AND p.uid IS NOT"
                 " NULL AND m.content & 1 = 0 AND m.content & 6 <> 6"
                 " ORDER BY p.date DESC, p.id DESC LIMIT ?",
                 "iii", folder, since, I64(n));
    while (db_step(&s->db, st)) {
        gint64 id = db_int(st, 0);
        g_array_append_val(ids, id);
    }
    if (db_ok(&s->db, err))
        return ids;
    g_array_unref(ids);
    return NULL;
}

#define NEAR_LOOK 200 /* messages on either side */

static void near_side(Store *s, gint64 folder, gint64 date, gboolean older, guint n, GArray *ids)
{
    g_autofree char *sql = g_strdup_printf(
        "SELECT p.message FROM (SELECT message, shown_flags, uid, date FROM placement WHERE folder = ?"
        " AND shown = 1 AND date %s ? ORDER BY date %s LIMIT ?) p CROSS JOIN message m ON m.id = p.message"
        " WHERE p.shown_flags & 1 = 0 AND p.uid IS NOT NULL AND m.content & 1 = 0 AND m.content & 6 <> 6"
        " ORDER BY p.date %s LIMIT ?",
        older ? "<=" : ">=", older ? "DESC" : "ASC", older ? "DESC" : "ASC");
    sqlite3_stmt *st = db_query(&s->db, sql, "iiii", folder, date, I64(NEAR_LOOK), I64(n));
    while (db_step(&s->db, st)) {
        gint64 id = db_int(st, 0);
        g_array_append_val(ids, id);
    }
}

GArray *bodies_near(Store *s, gint64 message, guint n, GError **err)
{
    GArray *ids = g_array_new(FALSE, FALSE, sizeof(gint64));
    gint64 folder = 0, date = 0;
    sqlite3_stmt *st = db_query(&s->db,
                                "SELECT folder, date FROM placement WHERE message = ? AND shown = 1"
                                " ORDER BY id LIMIT 1",
                                "i", message);
    if (db_step(&s->db, st)) {
        folder = db_int(st, 0);
        date = db_int(st, 1);
        db_reset(st);
        near_side(s, folder, date, TRUE, n, ids);
        near_side(s, folder, date, FALSE, n, ids);
    }
    if (db_ok(&s->db, err))
        return ids;
    g_array_unref(ids);
    return NULL;
}

/* ---- keeping within bounds ---- */
gboolean bodies_match_cache(Store *s, const char *epoch, GError **err)
{
    g_autofree char *known = meta_get(s, "cache-epoch");
    if (g_strcmp0(known, epoch) == 0)
        return TRUE;
    for (gint64 more = known != NULL; more;) {
        if (!txn_begin(s, FALSE, err))
            return FALSE;
        db_run(&s->db,
               "UPDATE message SET content = 0 WHERE id IN"
               " (SELECT id FROM message WHERE content <> 0 LIMIT 2000)",
               "");
        more = db_changes(&s->db);
        if (!txn_commit(s, err))
            return FALSE;
    }
    return meta_put(s, "cache-epoch", epoch, err);
}

void cache_forget(Store *s, gint64 message)
{
    if (!cache_begin(s)) {
        db_ok(&s->cache, NULL);
        return;
    }
    gint64 id;
    while ((id = db_number(&s->cache, 0, "SELECT id FROM body WHERE message = ? LIMIT 1", "i",
                           message)))
        cache_delete(&s->cache, id);
    cache_commit(s, NULL);
}

static void write_uses(Store *s)
{
    StoreHome *h = s->home;
    pthread_mutex_lock(&h->lock);
    GHashTable *used = h->used;
    h->used = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    pthread_mutex_unlock(&h->lock);
    if (g_hash_table_size(used) > 0 && cache_begin(s)) {
        GHashTableIter it;
        gpointer message, when;
        g_hash_table_iter_init(&it, used);
        while (g_hash_table_iter_next(&it, &message, &when))
            db_run(&s->cache, "UPDATE body SET used = ? WHERE message = ?", "ii", *(gint64 *)when,
                   *(gint64 *)message);
        cache_commit(s, NULL);
    }
    db_ok(&s->cache, NULL);
    g_hash_table_destroy(used);
}

/* The least recently used message; all its sections go together. The row forgets first. */
static gboolean evict_one(Store *s)
{
    gint64 message =
        db_number(&s->cache, 0, "SELECT message FROM body ORDER BY used, id LIMIT 1", "");
    if (!message || !txn_begin(s, FALSE, NULL))
        return FALSE;
    db_run(&s->db, "UPDATE message SET content = 0 WHERE id = ?", "i", message);
    if (!txn_commit(s, NULL))
        return FALSE;
    cache_forget(s, message);
    return TRUE;
}

static gint64 cache_limit(Store *s)
{
    g_autofree char *wanted = meta_get(s, CACHE_BYTES_KEY);
    return wanted ? g_ascii_strtoll(wanted, NULL, 10) : CACHE_BYTES_DEFAULT;
}

gboolean store_set_cache_size(Store *s, guint64 bytes, GError **err)
{
    gint64 limit = (gint64)MIN(bytes, (guint64)G_MAXINT64);
    if (limit == cache_limit(s))
        return TRUE;
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, limit);
    return meta_put(s, CACHE_BYTES_KEY, text, err);
}

void cache_evict(Store *s)
{
    gint64 limit = cache_limit(s);
    if (!store_cache(s)) {
        db_ok(&s->db, NULL);
        return;
    }
    write_uses(s);
    /* A bound on one round, so that the thread gets back to its other work. */
    for (int i = 0; i < 200; i++) {
        if (db_number(&s->cache, 0, "SELECT total FROM state", "") <= limit || !evict_one(s))
            break;
    }
    db_ok(&s->cache, NULL);
}
