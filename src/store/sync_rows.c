/* sync_rows.c - what a server has: new rows, flags, rows that are gone.
 *
 * All of it can be fetched again, so it commits with synchronous=NORMAL, in slices of at
 * most 10 ms, each complete in itself. */
#include "folder_private.h"
#include "message_private.h"
#include "pintail/store/op.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"

#define POURING_FROM 50 /* at once: a first sync, or a backlog */

/* ---- adding ---- */

/* Does the row wait for just such a UID? `state` is that of the operation that makes it, -1 when
 * that one is done. One that has not begun cannot have made this message. */
static gboolean may_take(sqlite3_stmt *st, gint64 uidvalidity, guint32 uid)
{
    if (sqlite3_column_type(st, 1) != SQLITE_NULL)
        return TRUE; /* has a UID of an older UIDVALIDITY */
    gint64 await_uidnext = db_int(st, 2);
    if (sqlite3_column_type(st, 3) == SQLITE_NULL)
        return await_uidnext > 0 && uid >= await_uidnext;
    return db_int(st, 3) == OP_INFLIGHT && db_int(st, 4) == uidvalidity && uid >= db_int(st, 5);
}

static gint64 find_waiting(Store *s, gint64 account, gint64 folder, gint64 uidvalidity,
                           const FetchedMessage *f)
{
    gint64 found = 0;
    sqlite3_stmt *st = db_query(
        &s->db,
        "SELECT p.id, p.uid, p.await_uidnext, o.state, o.recorded_uidvalidity, o.recorded_uidnext"
        " FROM message m CROSS JOIN placement p ON p.message = m.id"
        " LEFT JOIN op o ON (o.destination_placement = p.id AND o.destination_placement <> 0)"
        "  OR (o.placement = p.id AND o.kind = 4)"
        " WHERE m.account = ? AND m.mid_hash = ? AND m.size = ? AND +p.folder = ?"
        " AND p.file IS NULL AND (p.uid IS NULL OR p.uidvalidity <> ?) ORDER BY p.id",
        "iiiii", account, message_hash(f->envelope), I64(f->size), folder, uidvalidity);
    while (db_step(&s->db, st)) {
        if (may_take(st, uidvalidity, f->uid)) {
            found = db_int(st, 0);
            db_reset(st);
            break;
        }
    }
    return found;
}

/* The message that the server calls so, which lies in another folder, too: its content is fetched once. */
static gint64 same_message(Store *s, gint64 account, const FetchedMessage *f)
{
    if (!f->server_id || !*f->server_id)
        return 0;
    return db_number(&s->db, 0,
                     "SELECT id FROM message WHERE account = ? AND server_id = ? AND server_id <> ''"
                     " AND mid_hash = ? AND size = ? AND partial = 0 ORDER BY id LIMIT 1",
                     "itii", account, f->server_id, message_hash(f->envelope), I64(f->size));
}

static void name_message(Store *s, gint64 message, const FetchedMessage *f)
{
    if (f->server_id && *f->server_id)
        db_run(&s->db, "UPDATE message SET server_id = ? WHERE id = ? AND server_id = ''", "ti", f->server_id, message);
}

/* One slice. */
typedef struct {
    gint64 account, folder;
    guint32 uidvalidity;
    gboolean waiting;     /* is there any row that find_waiting() could find? */
    gint64 total, unread; /* added to the folder and not yet counted there */
    GArray *had;          /* of UidFlags; NULL */
} Adding;

static gboolean any_waiting(Store *s, const Adding *a)
{
    return db_number(&s->db, 0,
                     "SELECT EXISTS(SELECT 1 FROM placement INDEXED BY placement_await WHERE folder = ?1 AND uid IS NULL AND file IS NULL)"
                     " OR EXISTS(SELECT 1 FROM placement INDEXED BY placement_uid WHERE folder = ?1"
                     "  AND uidvalidity < ?2 AND uid IS NOT NULL)"
                     " OR EXISTS(SELECT 1 FROM placement INDEXED BY placement_uid WHERE folder = ?1"
                     "  AND uidvalidity > ?2 AND uid IS NOT NULL)",
                     "ii", a->folder, I64(a->uidvalidity)) != 0;
}

static void add_one(Store *s, Adding *a, const FetchedMessage *f)
{
    gint64 account = a->account, folder = a->folder;
    guint32 uidvalidity = a->uidvalidity;
    guint flags = f->flags & FLAGS_ALL;
    if (f->uid == 0 ||
        db_number(&s->db, 0,
                  "SELECT 1 FROM placement WHERE folder = ? AND uidvalidity = ? AND uid = ?", "iii",
                  folder, I64(uidvalidity), I64(f->uid))) { /* known: placements_flags() knows when its flags may be believed */
        UidFlags known = {.uid = f->uid, .flags = flags};
        if (a->had && f->uid != 0)
            g_array_append_val(a->had, known);
        return;
    }
    gint64 id = a->waiting ? find_waiting(s, account, folder, uidvalidity, f) : 0;
    if (id) {
        placement_bind(s, id, uidvalidity, f->uid);
        db_run(&s->db, "UPDATE placement SET server_flags = ? WHERE id = ?", "ii", I64(flags), id);
        name_message(s, db_number(&s->db, 0, "SELECT message FROM placement WHERE id = ?", "i", id), f);
    } else {
        gint64 message = same_message(s, account, f);
        if (!message) {
            message = message_insert(s, account, f->envelope, f->size, f->received, FALSE);
            name_message(s, message, f);
        }
        id = placement_insert_shown(s, message, folder, uidvalidity, f->uid, flags);
        a->total++;
        a->unread += !(flags & FLAG_SEEN);
        thread_arrived(s, message, id);
        return;
    }
    placement_recompute(s, id);
}

static gboolean position(Store *s, gint64 folder, gint64 *account, guint32 *uidvalidity)
{
    sqlite3_stmt *st =
        db_query(&s->db, "SELECT account, uidvalidity FROM folder WHERE id = ?", "i", folder);
    if (!db_step(&s->db, st)) {
        GError *gone = NULL;
        error_set(&gone, PINTAIL_ERROR_GONE, _("that folder is not there any more"));
        db_fail(&s->db, gone);
        return FALSE;
    }
    *account = db_int(st, 0);
    *uidvalidity = (guint32)db_int(st, 1);
    db_reset(st);
    return TRUE;
}

gboolean placements_add(Store *s, gint64 folder, const FetchedMessage *fetched, guint n, GError **err)
{
    return placements_fetched(s, folder, fetched, n, NULL, err);
}

gboolean placements_fetched(Store *s, gint64 folder, const FetchedMessage *fetched, guint n, GArray *had, GError **err)
{
    for (guint i = 0; i < n;) {
        if (!txn_begin(s, FALSE, err))
            return FALSE;
        Adding a = {.folder = folder, .had = had};
        gint64 end = slice_end();
        if (position(s, folder, &a.account, &a.uidvalidity)) {
            a.waiting = any_waiting(s, &a);
            do
                add_one(s, &a, &fetched[i++]);
            while (i < n && g_get_monotonic_time() < end);
            if (a.total)
                placement_counted(s, a.account, folder, a.total, a.unread);
        }
        if (!txn_commit(s, err))
            return FALSE;
    }
    if (n >= POURING_FROM)
        home_pours(s->home);
    return TRUE;
}

/* ---- what is known ---- */
GArray *placements_uids(Store *s, gint64 folder, guint32 lo, guint32 hi, GError **err)
{
    GArray *uids = g_array_new(FALSE, FALSE, sizeof(UidFlags));
    sqlite3_stmt *st = db_query(&s->db,
                                "SELECT p.uid, p.server_flags, p.id FROM placement p"
                                " WHERE p.folder = ?1 AND p.uidvalidity ="
                                " (SELECT uidvalidity FROM folder WHERE id = ?1)"
                                " AND p.uid BETWEEN ?2 AND ?3 ORDER BY p.uid",
                                "iii", folder, I64(lo), I64(hi));
    while (db_step(&s->db, st)) {
        UidFlags u = {(guint32)db_int(st, 0), (guint)db_int(st, 1), db_int(st, 2)};
        g_array_append_val(uids, u);
    }
    if (db_ok(&s->db, err))
        return uids;
    g_array_unref(uids);
    return NULL;
}

GArray *placements_known(Store *s, gint64 folder, GError **err)
{
    GArray *uids = g_array_new(FALSE, FALSE, sizeof(UidFlags));
    gint64 uidvalidity = db_number(&s->db, 0, "SELECT uidvalidity FROM folder WHERE id = ?", "i", folder);
    sqlite3_stmt *st = db_query(&s->db,
                                "SELECT uid FROM placement WHERE folder = ? AND uidvalidity = ?"
                                " AND uid IS NOT NULL ORDER BY uid",
                                "ii", folder, uidvalidity);
    while (db_step(&s->db, st)) {
        UidFlags u = {.uid = (guint32)db_int(st, 0)};
        g_array_append_val(uids, u);
    }
    if (db_ok(&s->db, err))
        return uids;
    g_array_unref(uids);
    return NULL;
}

guint placements_count(Store *s, gint64 folder)
{
    gint64 uidvalidity = db_number(&s->db, 0, "SELECT uidvalidity FROM folder WHERE id = ?", "i", folder);
    gint64 n = db_number(&s->db, 0, "SELECT count(*) FROM placement WHERE folder = ? AND uidvalidity = ?"
                                    " AND uid IS NOT NULL",
                         "ii", folder, uidvalidity);
    db_ok(&s->db, NULL);
    return (guint)n;
}

guint placements_outrun(Store *s, gint64 folder, const UidFlags *flags, guint n, gint64 issued_seq)
{
    gint64 uidvalidity = db_number(&s->db, 0, "SELECT uidvalidity FROM folder WHERE id = ?", "i", folder);
    guint outrun = 0;
    for (guint i = 0; i < n; i++)
        outrun += db_number(&s->db, 0,
                            "SELECT 1 FROM placement WHERE folder = ? AND uidvalidity = ? AND uid = ?"
                            " AND op_done_seq > ?",
                            "iiii", folder, uidvalidity, I64(flags[i].uid), issued_seq) != 0;
    db_ok(&s->db, NULL);
    return outrun;
}

gboolean placements_unplaced(Store *s, gint64 folder, const UidFlags *flags, guint n)
{
    gint64 uidvalidity = db_number(&s->db, 0, "SELECT uidvalidity FROM folder WHERE id = ?", "i", folder);
    gboolean all = TRUE;
    for (guint i = 0; i < n && all; i++)
        all = db_number(&s->db, 1, "SELECT EXISTS(SELECT 1 FROM placement WHERE folder = ? AND uidvalidity = ? AND uid = ?)",
                        "iii", folder, uidvalidity, I64(flags[i].uid)) != 0;
    db_ok(&s->db, NULL);
    return !all;
}

gboolean placement_locate(Store *s, gint64 placement, gint64 *folder, guint32 *uid,
                          guint32 *uidvalidity, gint64 *message)
{
    g_auto(Placement) p = {0};
    gboolean found = placement_load(s, placement, &p);
    if (folder)
        *folder = p.folder;
    if (uid)
        *uid = p.uid;
    if (message)
        *message = p.message;
    if (uidvalidity)
        *uidvalidity = (guint32)db_number(&s->db, 0, "SELECT uidvalidity FROM folder WHERE id = ?",
                                          "i", p.folder);
    db_ok(&s->db, NULL);
    return found;
}

gint64 placement_folder(Store *s, gint64 placement)
{
    gint64 folder =
        db_number(&s->db, 0, "SELECT folder FROM placement WHERE id = ?", "i", placement);
    db_ok(&s->db, NULL);
    return folder;
}

gboolean message_locate(Store *s, gint64 message, gint64 *folder, guint32 *uid, guint32 *uidvalidity, guint64 *size)
{
    sqlite3_stmt *st = db_query(&s->db,
                                "SELECT p.folder, p.uid, p.uidvalidity, m.size FROM message m"
                                " CROSS JOIN placement p ON p.message = m.id CROSS JOIN folder f ON f.id = p.folder"
                                " WHERE m.id = ? AND p.uid > 0 AND p.server_here = 1"
                                " AND p.uidvalidity = f.uidvalidity ORDER BY p.id LIMIT 1",
                                "i", message);
    gboolean found = db_step(&s->db, st);
    if (found) {
        *folder = db_int(st, 0);
        *uid = (guint32)db_int(st, 1);
        *uidvalidity = (guint32)db_int(st, 2);
        *size = (guint64)MAX(db_int(st, 3), 0);
        db_reset(st);
    }
    db_ok(&s->db, NULL);
    return found;
}

/* ---- changes ---- */
/* What the folder cannot keep (PERMANENTFLAGS) stays as it is here: `ours`. */
static void set_flags(Store *s, gint64 folder, guint32 uidvalidity, const UidFlags *u, gint64 seq, guint ours)
{
    guint theirs = u->flags & FLAGS_ALL & ~ours;
    gint64 id =
        db_number(&s->db, 0,
                  "SELECT id FROM placement WHERE folder = ? AND uidvalidity = ? AND uid = ?"
                  " AND op_done_seq <= ? AND server_flags <> (? | (server_flags & ?))",
                  "iiiiii", folder, I64(uidvalidity), I64(u->uid), seq, I64(theirs), I64(ours));
    if (!id)
        return;
    db_run(&s->db, "UPDATE placement SET server_flags = ? | (server_flags & ?) WHERE id = ?", "iii", I64(theirs),
           I64(ours), id);
    placement_recompute(s, id);
}

static guint local_flags(Store *s, gint64 folder)
{
    return FLAGS_ALL & ~(guint)db_number(&s->db, -1, "SELECT permanent FROM folder WHERE id = ?", "i", folder);
}

gboolean folder_set_permanent(Store *s, gint64 folder, guint flags, GError **err)
{
    flags &= FLAGS_ALL;
    guint ours = local_flags(s, folder);
    if (!db_ok(&s->db, err))
        return FALSE;
    if (ours == (FLAGS_ALL & ~flags))
        return TRUE;
    if (!txn_begin(s, FALSE, err))
        return FALSE;
    db_run(&s->db, "UPDATE folder SET permanent = ? WHERE id = ?", "ii", I64(flags), folder);
    return txn_commit(s, err);
}

gboolean placements_flags(Store *s, gint64 folder, const UidFlags *flags, guint n,
                          gint64 issued_seq, GError **err)
{
    for (guint i = 0; i < n;) {
        if (!txn_begin(s, FALSE, err))
            return FALSE;
        gint64 account;
        guint32 uidvalidity;
        gint64 end = slice_end();
        if (position(s, folder, &account, &uidvalidity)) {
            guint ours = local_flags(s, folder);
            do
                set_flags(s, folder, uidvalidity, &flags[i++], issued_seq, ours);
            while (i < n && g_get_monotonic_time() < end);
        }
        if (!txn_commit(s, err))
            return FALSE;
    }
    return TRUE;
}

gboolean placements_vanished(Store *s, gint64 folder, const guint32 *uids, guint n, GError **err)
{
    for (guint i = 0; i < n;) {
        if (!txn_begin(s, FALSE, err))
            return FALSE;
        gint64 account;
        guint32 uidvalidity;
        gint64 end = slice_end();
        if (position(s, folder, &account, &uidvalidity)) {
            do {
                gint64 id = db_number(
                    &s->db, 0,
                    "SELECT id FROM placement WHERE folder = ? AND uidvalidity = ? AND uid = ?",
                    "iii", folder, I64(uidvalidity), I64(uids[i++]));
                if (id)
                    placement_vanish(s, id);
            } while (i < n && g_get_monotonic_time() < end);
        }
        if (!txn_commit(s, err))
            return FALSE;
    }
    return TRUE;
}

/* ---- a message is gone while operations on it wait ---- */

/* Another client has made the same move: the same message is in the destination already. */
static gint64 already_there(Store *s, gint64 destination_placement)
{
    return db_number(&s->db, 0,
                     "SELECT e.id FROM placement d CROSS JOIN message dm ON dm.id = d.message"
                     " CROSS JOIN message m ON m.account = dm.account AND m.mid_hash = dm.mid_hash"
                     "  AND m.size = dm.size"
                     " CROSS JOIN placement e ON e.message = m.id AND +e.folder = d.folder"
                     "  AND e.uid IS NOT NULL AND e.server_here = 1"
                     " WHERE d.id = ? AND e.id <> d.id ORDER BY e.id DESC LIMIT 1",
                     "i", destination_placement);
}

static void give_up(Store *s, gint64 op, gint64 folder)
{
    g_autofree char *name = db_string(&s->db, "SELECT name FROM folder WHERE id = ?", "i", folder);
    g_autofree char *words =
        g_strdup_printf(_("the message is no longer in '%s' on the server"), name ? name : "");
    db_run(&s->db, "UPDATE op SET state = 2, words = ? WHERE id = ?", "ti", words, op);
}

static void take_over(Store *s, gint64 op, gint64 destination_placement, gint64 there)
{
    guint32 uid = 0, uidvalidity = 0;
    sqlite3_stmt *st =
        db_query(&s->db, "SELECT uid, uidvalidity FROM placement WHERE id = ?", "i", there);
    if (db_step(&s->db, st)) {
        uid = (guint32)db_int(st, 0);
        uidvalidity = (guint32)db_int(st, 1);
        db_reset(st);
    }
    /* What another client put there is the message itself, not a copy that we made: undo leaves it. */
    db_run(&s->db,
           "UPDATE undo_item SET destination_placement = 0"
           " WHERE op = ?1 AND op <> 0 AND EXISTS(SELECT 1 FROM op WHERE id = ?1 AND kind = 2)",
           "i", op);
    db_run(&s->db, "DELETE FROM op WHERE id = ?", "i", op);
    placement_bind(s, destination_placement, uidvalidity, uid);
}

void placement_vanish(Store *s, gint64 placement)
{
    g_auto(Placement) p = {0};
    if (!placement_load(s, placement, &p))
        return;
    db_run(&s->db, "UPDATE placement SET server_here = 0, uid = NULL WHERE id = ?", "i", placement);
    /* Flags and deletions have lost their object. */
    db_run(&s->db, "DELETE FROM op WHERE placement = ? AND kind IN (0, 3)", "i", placement);
    db_run(&s->db, "UPDATE op SET replaces = 0 WHERE replaces = ? AND replaces <> 0", "i",
           placement);
    gint64 after = 0, op;
    op = db_number(&s->db, 0, "SELECT id FROM op WHERE placement = ? AND kind = 8 AND state = 0 LIMIT 1", "i",
                   placement);
    if (op)
        give_up(s, op, p.folder);
    while ((op = db_number(&s->db, 0,
                           "SELECT id FROM op WHERE placement = ? AND kind IN (1, 2) AND state = 0"
                           " AND id > ? ORDER BY id LIMIT 1",
                           "ii", placement, after))) {
        gint64 to =
            db_number(&s->db, 0, "SELECT destination_placement FROM op WHERE id = ?", "i", op);
        gint64 there = already_there(s, to);
        if (there)
            take_over(s, op, to, there);
        else
            give_up(s, op, p.folder);
        after = op;
    }
    placement_recompute(s, placement);
    placement_collect(s, placement);
}

void placement_settle_lost(Store *s, gint64 placement)
{
    if (db_number(&s->db, 0,
                  "SELECT server_here = 0 AND uid IS NULL AND file IS NULL AND await_uidnext = 0"
                  " AND NOT EXISTS(SELECT 1 FROM op WHERE destination_placement = ?1"
                  " AND destination_placement <> 0)"
                  " AND NOT EXISTS(SELECT 1 FROM op WHERE placement = ?1 AND (kind = 4 OR state = 1))"
                  " FROM placement WHERE id = ?1",
                  "i", placement))
        placement_vanish(s, placement);
}
