/* list.c - lists for the screen: ids in order, rows, and what changed since.
 *
 * Each order is one plain index over the rows that are shown; pages are found by key, never by
 * OFFSET. `id` breaks ties, so that an order is total and the same every time. */
#include "folder_private.h"
#include "message_private.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"

#define CHANGES_MAX 2000 /* beyond that a list is quicker built anew */
#define ALL_SLICE   4000

/* One text per order and direction: SQLite compares row values along the index. */
#define ORDER(columns, up, down)                                                                   \
    {                                                                                              \
        "SELECT id FROM placement WHERE folder = ? AND shown = 1 ORDER BY " up " LIMIT ?",         \
            "SELECT id FROM placement WHERE folder = ? AND shown = 1 ORDER BY " down " LIMIT ?",   \
            "SELECT id FROM placement WHERE folder = ?1 AND shown = 1 AND (" columns ") >"         \
            " (SELECT " columns " FROM placement WHERE id = ?2) ORDER BY " up " LIMIT ?3",         \
            "SELECT id FROM placement WHERE folder = ?1 AND shown = 1 AND (" columns ") <"         \
            " (SELECT " columns " FROM placement WHERE id = ?2) ORDER BY " down " LIMIT ?3"        \
    }

static const char *const orders[][4] = {
    [SORT_DATE] = ORDER("date, id", "date, id", "date DESC, id DESC"),
    [SORT_FROM] =
        ORDER("sort_from, date, id", "sort_from, date, id", "sort_from DESC, date DESC, id DESC"),
    [SORT_SUBJECT] = ORDER("sort_subject, date, id", "sort_subject, date, id",
                           "sort_subject DESC, date DESC, id DESC"),
    [SORT_SIZE] = ORDER("size, id", "size, id", "size DESC, id DESC"),
    [SORT_ARRIVAL] = ORDER("received, id", "received, id", "received DESC, id DESC"),
};

void row_free(Row *r)
{
    if (!r)
        return;
    g_free(r->from);
    g_free(r->from_address);
    g_free(r->to);
    g_free(r->subject);
    g_free(r);
}

static GArray *ids_new(void)
{
    return g_array_new(FALSE, FALSE, sizeof(gint64));
}

static void collect(Store *s, sqlite3_stmt *st, GArray *ids)
{
    while (db_step(&s->db, st)) {
        gint64 id = db_int(st, 0);
        g_array_append_val(ids, id);
    }
}

GArray *list_first(Store *s, gint64 folder, SortKey key, gboolean reverse, guint n, GError **err)
{
    GArray *ids = ids_new();
    collect(s, db_query(&s->db, orders[key][reverse ? 1 : 0], "ii", folder, I64(n)), ids);
    if (db_ok(&s->db, err))
        return ids;
    g_array_unref(ids);
    return NULL;
}

/* Between two slices the last row may be hidden or move in the order: if its row is gone
 * altogether, the page after it cannot be found and the whole begins again. */
GArray *list_all(Store *s, gint64 folder, SortKey key, gboolean reverse, const Cancel *stop,
                 GError **err)
{
    g_autoptr(GArray) ids = list_first(s, folder, key, reverse, ALL_SLICE, err);
    while (ids && ids->len > 0 && ids->len % ALL_SLICE == 0) {
        if (stop && cancel_is_set(stop)) {
            error_set(err, PINTAIL_ERROR_CANCELLED, _("stopped"));
            return NULL;
        }
        gint64 last = g_array_index(ids, gint64, ids->len - 1);
        if (!db_number(&s->db, 0, "SELECT 1 FROM placement WHERE id = ?", "i", last)) {
            g_array_unref(ids);
            ids = list_first(s, folder, key, reverse, ALL_SLICE, err);
            continue;
        }
        guint before = ids->len;
        collect(s,
                db_query(&s->db, orders[key][reverse ? 3 : 2], "iii", folder, last, I64(ALL_SLICE)),
                ids);
        if (!db_ok(&s->db, err))
            return NULL;
        if (ids->len == before)
            break;
    }
    return g_steal_pointer(&ids);
}

static Row *row_from(sqlite3_stmt *st)
{
    Row *r = g_new0(Row, 1);
    r->placement = db_int(st, 0);
    r->message = db_int(st, 1);
    r->folder = db_int(st, 2);
    r->thread = db_int(st, 3);
    r->flags = (guint)db_int(st, 4);
    r->date = db_int(st, 5);
    r->size = db_int(st, 6);
    r->from = db_text(st, 7);
    r->from_address = db_text(st, 8);
    r->to = db_text(st, 9);
    r->subject = db_text(st, 10);
    r->has_attachment = db_int(st, 11) != 0;
    r->waiting = db_int(st, 12) != 0;
    r->parked = db_int(st, 13) != 0;
    r->partial = db_int(st, 14) != 0;
    return r;
}

GPtrArray *rows_get(Store *s, const gint64 *ids, guint n, GError **err)
{
    GPtrArray *rows = g_ptr_array_new_full(n, (GDestroyNotify)row_free);
    gboolean reading = n > 1 && read_begin(s);
    for (guint i = 0; i < n; i++) {
        sqlite3_stmt *st = db_query(
            &s->db,
            "SELECT p.id, p.message, p.folder, m.thread, p.shown_flags, p.date, p.size, "
            "m.from_label,"
            " m.from_address, m.to_label, m.subject, m.attachment, p.waiting, p.parked, m.partial"
            " FROM placement p JOIN message m ON m.id = p.message WHERE p.id = ? AND p.shown = 1",
            "i", ids[i]);
        Row *row = NULL;
        if (db_step(&s->db, st)) {
            row = row_from(st);
            db_reset(st);
        }
        g_ptr_array_add(rows, row);
    }
    if (reading)
        read_end(s);
    if (db_ok(&s->db, err))
        return rows;
    g_ptr_array_unref(rows);
    return NULL;
}

/* ---- what changed ---- */
void list_changes_free(ListChanges *c)
{
    if (!c)
        return;
    g_array_unref(c->added);
    g_array_unref(c->changed);
    g_array_unref(c->removed);
    g_free(c);
}

/* A row that is buried after `since` was in the list at `since` when it had been shown by then. */
static void read_removed(Store *s, gint64 folder, gint64 since, ListChanges *c)
{
    sqlite3_stmt *st = db_query(&s->db,
                                "SELECT DISTINCT t.placement FROM tombstone t WHERE t.folder = ?"
                                " AND t.seq > ? AND t.added_seq <= ? AND NOT EXISTS(SELECT 1"
                                " FROM placement p WHERE p.id = t.placement AND p.shown = 1"
                                " AND p.folder = t.folder)"
                                " LIMIT ?",
                                "iiii", folder, since, since, I64(CHANGES_MAX + 1));
    collect(s, st, c->removed);
}

static void read_changed(Store *s, gint64 folder, gint64 since, ListChanges *c)
{
    sqlite3_stmt *st = db_query(
        &s->db,
        "SELECT p.id, p.added_seq > ?2 AND NOT EXISTS(SELECT 1 FROM tombstone t WHERE t.folder = ?1"
        "  AND t.seq > ?2 AND t.placement = p.id AND t.added_seq <= ?2)"
        " FROM placement p WHERE p.folder = ?1 AND p.change_seq > ?2 AND +p.shown = 1 LIMIT ?3",
        "iii", folder, since, I64(CHANGES_MAX + 1));
    while (db_step(&s->db, st)) {
        gint64 id = db_int(st, 0);
        g_array_append_val(db_int(st, 1) ? c->added : c->changed, id);
    }
}

ListChanges *list_changes(Store *s, gint64 folder, gint64 since, GError **err)
{
    g_autoptr(ListChanges) c = g_new0(ListChanges, 1);
    c->added = ids_new();
    c->changed = ids_new();
    c->removed = ids_new();
    read_begin(s);
    c->seq = db_number(&s->db, 0, "SELECT value FROM sequence", "");
    gint64 floor = db_number(&s->db, 0, "SELECT tombstone_floor FROM sequence", "");
    c->all = since < floor;
    if (!c->all) {
        read_removed(s, folder, since, c);
        read_changed(s, folder, since, c);
        c->all = c->added->len + c->changed->len > CHANGES_MAX || c->removed->len > CHANGES_MAX;
    }
    read_end(s);
    if (c->all) {
        g_array_set_size(c->added, 0);
        g_array_set_size(c->changed, 0);
        g_array_set_size(c->removed, 0);
    }
    return db_ok(&s->db, err) ? g_steal_pointer(&c) : NULL;
}
