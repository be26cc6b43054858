/* ops.c - the replay's view of operations: what may go now, and what became of it.
 *
 * Order is kept per message: an operation goes only when no older one on the same message is
 * left, waiting or parked. An in-flight batch of before a crash is handed out first and whole. */
#include "change_private.h"
#include "folder_private.h"
#include "pintail/util/error.h"
#include "pintail/util/file.h"
#include "pintail/util/i18n.h"

static void item_clear(OpItem *item)
{
    g_free(item->message_id);
    g_free(item->file);
}

void op_batch_free(OpBatch *b)
{
    if (!b)
        return;
    for (guint i = 0; i < b->items->len; i++)
        item_clear(&g_array_index(b->items, OpItem, i));
    g_array_unref(b->items);
    g_free(b->name);
    g_free(b);
}

void op_batch_drop(OpBatch *b, guint n)
{
    item_clear(&g_array_index(b->items, OpItem, n));
    g_array_remove_index(b->items, n);
}

/* ---- what may go ---- */
#define APPENDS 50 /* in one batch: each is a file to be read */

/* The deletion of a copy elsewhere (what MOVE by COPY leaves behind) is nobody's business. */
#define FIRST_OF_ITS_MESSAGE                                                                       \
    " NOT EXISTS(SELECT 1 FROM op e WHERE e.message = o.message AND e.id < o.id"                   \
    "  AND NOT (e.kind = 3 AND e.placement <> o.placement))"
#define HAS_UID                                                                                    \
    " (o.kind IN (4, 5, 7, 9) OR (o.kind = 6 AND NOT EXISTS(SELECT 1 FROM op e WHERE e.id < o.id"          \
    "   AND (e.folder = o.folder OR e.destination = o.folder)))"                                    \
    "  OR EXISTS(SELECT 1 FROM placement p JOIN folder f ON f.id = p.folder"            \
    "  WHERE p.id = o.placement AND p.uid IS NOT NULL AND p.uidvalidity = f.uidvalidity))"

static gint64 find_head(Store *s, gint64 account)
{
    gint64 head = db_number(&s->db, 0,
                            "SELECT id FROM op WHERE account = ? AND state = 1 ORDER BY id LIMIT 1",
                            "i", account);
    if (head)
        return head;
    return db_number(
        &s->db, 0,
        "SELECT o.id FROM op o WHERE o.account = ? AND o.state = 0 AND" FIRST_OF_ITS_MESSAGE
        " AND" HAS_UID " ORDER BY o.id LIMIT 1",
        "i", account);
}

static OpBatch *batch_of(Store *s, gint64 head)
{
    OpBatch *b = g_new0(OpBatch, 1);
    b->items = g_array_new(FALSE, TRUE, sizeof(OpItem));
    sqlite3_stmt *st = db_query(&s->db,
                                "SELECT kind, state, account, folder, destination, add_flags,"
                                " remove_flags, recorded_uidvalidity, recorded_uidnext, subject"
                                " FROM op WHERE id = ?",
                                "i", head);
    if (db_step(&s->db, st)) {
        b->kind = (OpKind)db_int(st, 0);
        b->state = (OpState)db_int(st, 1);
        b->account = db_int(st, 2);
        b->folder = db_int(st, 3);
        b->destination = db_int(st, 4);
        b->add = (guint)db_int(st, 5);
        b->remove = (guint)db_int(st, 6);
        b->recorded_uidvalidity = (guint32)db_int(st, 7);
        b->recorded_uidnext = (guint32)db_int(st, 8);
        b->name = db_text(st, 9);
        db_reset(st);
    }
    return b;
}

static OpItem item_from(sqlite3_stmt *st)
{
    return (OpItem){.id = db_int(st, 0),
                    .placement = db_int(st, 1),
                    .destination_placement = db_int(st, 2),
                    .message = db_int(st, 3),
                    .flags = (guint)db_int(st, 4),
                    .date = db_int(st, 5),
                    .replaces = db_int(st, 6),
                    .message_id = db_text(st, 7),
                    .size = (guint64)db_int(st, 8),
                    .uid = (guint32)db_int(st, 9)};
}

#define ITEM_COLUMNS                                                                               \
    "SELECT o.id, o.placement, o.destination_placement, o.message, o.add_flags,"                       \
    " CASE o.kind WHEN 4 THEN m.received ELSE o.created END,"                                       \
    " o.replaces, m.message_id, m.size, (SELECT p.uid FROM placement p JOIN folder f"              \
    "  ON f.id = p.folder WHERE p.id = o.placement AND p.uidvalidity = f.uidvalidity)"             \
    " FROM op o LEFT JOIN message m ON m.id = o.message WHERE o.account = ?1"

static void read_items(Store *s, OpBatch *b, gint64 head, guint max)
{
    sqlite3_stmt *st;
    if (b->state == OP_INFLIGHT)
        st = db_query(&s->db,
                      ITEM_COLUMNS " AND o.state = 1 AND o.kind = ?2 AND o.folder = ?3"
                                   " AND o.destination = ?4 ORDER BY o.id",
                      "iiii", b->account, I64(b->kind), b->folder, b->destination);
    else
        st =
            db_query(&s->db,
                     ITEM_COLUMNS " AND o.state = 0 AND o.kind = ?2 AND o.folder = ?3"
                                  " AND o.destination = ?4 AND o.add_flags = ?5"
                                  " AND o.remove_flags = ?6 AND o.id >= ?7 AND" FIRST_OF_ITS_MESSAGE
                                  " AND" HAS_UID " ORDER BY o.id LIMIT ?8",
                     "iiiiiiii", b->account, I64(b->kind), b->folder, b->destination, I64(b->add),
                     I64(b->remove), head, I64(b->kind == OP_APPEND ? APPENDS : MAX(max, 1)));
    while (db_step(&s->db, st)) {
        OpItem item = item_from(st);
        g_array_append_val(b->items, item);
    }
    for (guint i = 0; b->kind == OP_APPEND && i < b->items->len; i++) {
        OpItem *item = &g_array_index(b->items, OpItem, i);
        item->file = op_file(s, item->id);
    }
}

OpBatch *ops_next(Store *s, gint64 account, guint max, GError **err)
{
    g_autoptr(OpBatch) b = NULL;
    read_begin(s);
    gint64 head = find_head(s, account);
    if (head) {
        b = batch_of(s, head);
        read_items(s, b, head, max);
    }
    read_end(s);
    return db_ok(&s->db, err) ? g_steal_pointer(&b) : NULL;
}

gboolean ops_waiting(Store *s, gint64 account)
{
    gint64 any = db_number(&s->db, 0,
                           "SELECT EXISTS(SELECT 1 FROM op WHERE account = ? AND state IN (0, 1))",
                           "i", account);
    db_ok(&s->db, NULL);
    return any != 0;
}

/* ---- before and after the command ---- */
static gboolean begin(Store *s, GError **err)
{
    crash_point("ops");
    return txn_begin(s, TRUE, err);
}

static gboolean finish(Store *s, GError **err)
{
    crash_point("ops");
    if (!txn_commit(s, err))
        return FALSE;
    crash_point("ops");
    file_todo_run(s);
    crash_point("ops");
    return TRUE;
}

static const OpItem *item_at(const OpBatch *b, guint i)
{
    return &g_array_index(b->items, OpItem, i);
}

gboolean ops_mark_inflight(Store *s, const OpBatch *b, guint32 destination_uidvalidity,
                           guint32 destination_uidnext, GError **err)
{
    if (!begin(s, err))
        return FALSE;
    for (guint i = 0; i < b->items->len && !db_failed(&s->db); i++) {
        db_run(&s->db,
               "UPDATE op SET state = 1, recorded_uidvalidity = ?, recorded_uidnext = ?"
               " WHERE id = ? AND state IN (0, 1)",
               "iii", I64(destination_uidvalidity), I64(destination_uidnext), item_at(b, i)->id);
        if (!db_changes(&s->db) && !db_failed(&s->db)) {
            GError *gone = NULL;
            error_set(&gone, PINTAIL_ERROR_GONE, _("a change was undone meanwhile"));
            db_fail(&s->db, gone);
        }
    }
    return finish(s, err);
}

gboolean ops_requeue(Store *s, const OpBatch *b, GError **err)
{
    if (!begin(s, err))
        return FALSE;
    for (guint i = 0; i < b->items->len; i++)
        db_run(&s->db,
               "UPDATE op SET state = 0, recorded_uidvalidity = 0, recorded_uidnext = 0"
               " WHERE id = ? AND state = 1",
               "i", item_at(b, i)->id);
    for (guint i = 0; i < b->items->len; i++) /* it may have gone while the command was under way */
        placement_settle_lost(s, item_at(b, i)->placement);
    return finish(s, err);
}

/* ---- done ---- */
/* Sync may have seen the message before its UID was told: then the two rows are one. */
static void bind_what_came(Store *s, gint64 placement, guint32 uidvalidity, guint32 from)
{
    gint64 uid =
        db_number(&s->db, 0,
                  "SELECT e.uid FROM placement d CROSS JOIN message dm ON dm.id = d.message"
                  " CROSS JOIN message m ON m.account = dm.account AND m.mid_hash = dm.mid_hash"
                  "  AND m.size = dm.size"
                  " CROSS JOIN placement e ON e.message = m.id AND +e.folder = d.folder"
                  " WHERE d.id = ?1 AND d.uid IS NULL AND e.id <> d.id"
                  "  AND +e.uidvalidity = ?2 AND +e.uid >= ?3 ORDER BY e.uid LIMIT 1",
                  "iii", placement, I64(uidvalidity), I64(from));
    if (uid)
        placement_bind(s, placement, uidvalidity, (guint32)uid);
}

/* Recorded when the command was marked: only newer UIDs of the destination can be its result.
 * (Read from the row: the caller's batch may be older than the mark.) */
typedef struct {
    gint64 uidvalidity, uidnext;
} Recorded;

static Recorded recorded_of(Store *s, gint64 op)
{
    return (Recorded){
        db_number(&s->db, 0, "SELECT recorded_uidvalidity FROM op WHERE id = ?", "i", op),
        db_number(&s->db, 0, "SELECT recorded_uidnext FROM op WHERE id = ?", "i", op)};
}

static void arrived(Store *s, gint64 placement, guint flags, guint32 uid, guint32 uidvalidity,
                    Recorded recorded)
{
    gint64 current = db_number(&s->db, 0,
                               "SELECT f.uidvalidity FROM placement p JOIN folder f"
                               " ON f.id = p.folder WHERE p.id = ?",
                               "i", placement);
    guint32 from = recorded.uidvalidity == current ? (guint32)MAX(recorded.uidnext, 1) : 1;
    /* The sync lane may have found it first: then it has the server's flags, which another client may have changed. */
    db_run(&s->db,
           "UPDATE placement SET server_here = 1,"
           " server_flags = CASE WHEN uid IS NOT NULL AND uidvalidity = ? THEN server_flags ELSE ? END,"
           " op_done_seq = ?, await_uidnext = CASE WHEN uid IS NULL THEN ? ELSE 0 END WHERE id = ?",
           "iiiii", current, I64(flags), txn_seq(s), I64(from), placement);
    if (uid && current && uidvalidity == current)
        placement_bind(s, placement, uidvalidity, uid);
    else
        bind_what_came(s, placement, (guint32)current, from);
    placement_recompute(s, placement);
}

static void leave(Store *s, gint64 placement)
{
    db_run(&s->db, "UPDATE placement SET server_here = 0, uid = NULL WHERE id = ?", "i", placement);
    placement_recompute(s, placement);
    placement_collect(s, placement);
}

static void done_flags(Store *s, const OpBatch *b, const OpItem *item, gboolean known)
{
    g_auto(Placement) p = {0};
    if (!placement_load(s, item->placement, &p))
        return;
    guint flags = (p.server_flags | b->add) & ~b->remove;
    db_run(&s->db, "UPDATE placement SET server_flags = ?, op_done_seq = ? WHERE id = ?", "iii",
           I64(flags), txn_seq(s), p.id);
    db_run(&s->db, "DELETE FROM op WHERE id = ?", "i", item->id);
    /* Undone while the command was on its way: the server has it, so take it back there, before
     * anything that was done since: the inverse stands in the old operation's place. */
    if (!known) {
        gint64 inverse = op_insert(s, OP_FLAGS, &p, 0, 0, b->remove, b->add);
        db_run(&s->db, "UPDATE op SET id = ? WHERE id = ?", "ii", item->id, inverse);
    }
    placement_recompute(s, p.id);
}

/* A copy of it is where it was to be moved: what is left is to delete it here. */
static void leave_later(Store *s, gint64 placement)
{
    g_auto(Placement) p = {0};
    if (!placement_load(s, placement, &p))
        return;
    if (!p.server_here || !p.uid) {
        leave(s, placement);
        return;
    }
    op_insert(s, OP_PURGE, &p, 0, 0, 0, 0);
    placement_recompute(s, placement);
}

static void done_place(Store *s, const OpBatch *b, const OpItem *item, guint32 uid,
                       guint32 uidvalidity, gboolean by_copy)
{
    /* Read anew: a merge may have given the message another row meanwhile. */
    gint64 to =
        db_number(&s->db, 0, "SELECT destination_placement FROM op WHERE id = ?", "i", item->id);
    gint64 from = db_number(&s->db, 0, "SELECT placement FROM op WHERE id = ?", "i", item->id);
    guint flags = placement_flags_before(s, from, item->id);
    Recorded recorded = recorded_of(s, item->id);
    db_run(&s->db, "DELETE FROM op WHERE id = ?", "i", item->id);
    arrived(s, to, flags, uid, uidvalidity, recorded);
    if (b->kind == OP_MOVE && by_copy) {
        leave_later(s, from);
    } else if (b->kind == OP_MOVE) {
        leave(s, from);
    } else {
        placement_recompute(s, from);
        placement_collect(s, from);
    }
}

static void done_append(Store *s, const OpItem *item, guint32 uid, guint32 uidvalidity)
{
    Recorded recorded = recorded_of(s, item->id);
    gint64 placement = db_number(&s->db, 0, "SELECT placement FROM op WHERE id = ?", "i", item->id);
    gint64 replaces = db_number(&s->db, 0, "SELECT replaces FROM op WHERE id = ?", "i", item->id);
    op_remove_file(s, item->id);
    db_run(&s->db, "DELETE FROM op WHERE id = ?", "i", item->id);
    arrived(s, placement, item->flags, uid, uidvalidity, recorded);
    relay_leave(s, replaces);
}

static void done_one(Store *s, const OpBatch *b, const OpItem *item, guint32 uid,
                     guint32 uidvalidity, gboolean by_copy)
{
    gboolean known = db_number(&s->db, 0, "SELECT 1 FROM op WHERE id = ?", "i", item->id) != 0;
    switch (b->kind) {
    case OP_FLAGS:
        done_flags(s, b, item, known);
        break;
    case OP_MOVE:
    case OP_COPY:
        if (known)
            done_place(s, b, item, uid, uidvalidity, by_copy);
        break;
    case OP_PURGE:
        db_run(&s->db, "DELETE FROM op WHERE id = ?", "i", item->id);
        placement_vanish(s, item->placement);
        break;
    case OP_APPEND:
        if (known)
            done_append(s, item, uid, uidvalidity);
        break;
    case OP_FOLDER_RENAME:
    case OP_FOLDER_DELETE:
    case OP_FOLDER_SUBSCRIBE:
    case OP_FOLDER_CREATE:
    case OP_RELAY: /* op_folder_done(), op_relayed() */
        break;
    }
}

/* The bytes stay readable here: into the cache before their file goes. Best effort, since
 * the server has them. */
static void keep_appended(Store *s, const OpBatch *b, const guint *items, guint n)
{
    for (guint i = 0; b->kind == OP_APPEND && i < n; i++) {
        const OpItem *item = item_at(b, items[i]);
        g_autoptr(GBytes) bytes = item->file ? file_read(item->file, BODY_LIMIT, NULL) : NULL;
        gsize len;
        const void *at = bytes ? g_bytes_get_data(bytes, &len) : NULL;
        if (at)
            body_put(s, item->message, "", at, len, NULL);
    }
}

static gboolean done(Store *s, const OpBatch *b, const guint *items, guint n, const guint32 *uids,
                     guint32 destination_uidvalidity, gboolean by_copy, GError **err)
{
    keep_appended(s, b, items, n);
    if (!begin(s, err))
        return FALSE;
    for (guint i = 0; i < n; i++)
        done_one(s, b, item_at(b, items[i]), uids ? uids[i] : 0, destination_uidvalidity, by_copy);
    return finish(s, err);
}

gboolean ops_done(Store *s, const OpBatch *b, const guint *items, guint n, const guint32 *uids,
                  guint32 destination_uidvalidity, GError **err)
{
    return done(s, b, items, n, uids, destination_uidvalidity, FALSE, err);
}

gboolean ops_copied(Store *s, const OpBatch *b, const guint *items, guint n, const guint32 *uids,
                    guint32 destination_uidvalidity, GError **err)
{
    return done(s, b, items, n, uids, destination_uidvalidity, TRUE, err);
}

/* ---- refused ---- */
gboolean ops_park(Store *s, const OpBatch *b, const guint *items, guint n, const char *words,
                  GError **err)
{
    if (!begin(s, err))
        return FALSE;
    for (guint i = 0; i < n; i++) {
        const OpItem *item = item_at(b, items[i]);
        db_run(&s->db, "UPDATE op SET state = 2, words = ? WHERE id = ?", "ti", words, item->id);
        placement_recompute(s, item->placement);
        if (item->message < 0)
            folder_recompute(s, -item->message);
        if (item->replaces)
            placement_recompute(s, item->replaces);
    }
    return finish(s, err);
}
