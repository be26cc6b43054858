/* undo.c - taking a group of changes back, item by item.
 *
 * An operation that has not begun is deleted. One that has (or is done) gets its inverse
 * queued behind it. Where a later change stands on an item, that later change must be undone
 * first; such an item stays as it is. */
#include "change_private.h"
#include "folder_private.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"

void undo_follow(Store *s, gint64 kept, gint64 gone)
{
    db_run(&s->db, "UPDATE OR REPLACE undo_item SET placement = ? WHERE placement = ?", "ii", kept,
           gone);
    db_run(&s->db,
           "UPDATE undo_item SET destination_placement = ? WHERE destination_placement = ?"
           " AND destination_placement <> 0",
           "ii", kept, gone);
}

static int op_state(Store *s, gint64 op)
{
    return (int)db_number(&s->db, -1, "SELECT state FROM op WHERE id = ?", "i", op);
}

static gboolean undo_flags(Store *s, const UndoItem *item)
{
    int state = item->op ? op_state(s, item->op) : -1;
    g_auto(Placement) p = {0};
    if (!placement_load(s, item->placement, &p))
        return FALSE;
    if (state == OP_WAITING || state == OP_PARKED) {
        db_run(&s->db, "DELETE FROM op WHERE id = ?", "i", item->op);
        placement_recompute(s, item->placement);
        placement_collect(s, item->placement);
        return TRUE;
    }
    if (!p.shown)
        return FALSE;
    guint flags = (p.shown_flags | item->removed) & ~item->added;
    if (flags == p.shown_flags)
        return TRUE;
    if (p.folder_flags & FOLDER_LOCAL)
        return local_set_flags(s, &p, flags);
    op_insert(s, OP_FLAGS, &p, 0, 0, flags & ~p.shown_flags, p.shown_flags & ~flags);
    placement_recompute(s, p.id);
    return TRUE;
}

/* The operation that made the destination has not begun: both go, if nothing builds on them. */
static gboolean withdraw(Store *s, const UndoItem *item)
{
    gint64 to = item->destination_placement;
    if (db_number(&s->db, 0,
                  "SELECT EXISTS(SELECT 1 FROM op WHERE placement = ?1)"
                  " OR EXISTS(SELECT 1 FROM op WHERE replaces = ?1 AND replaces <> 0)",
                  "i", to))
        return FALSE;
    db_run(&s->db, "DELETE FROM op WHERE id = ?", "i", item->op);
    placement_recompute(s, to);
    placement_collect(s, to);
    placement_recompute(s, item->placement);
    placement_collect(s, item->placement);
    return TRUE;
}

/* *back: the row that stands for the message from now on where it was before; 0: the same one. */
static gboolean undo_place(Store *s, ChangeKind kind, gint64 destination, const UndoItem *item,
                           gint64 *back)
{
    int state = item->op ? op_state(s, item->op) : -1;
    gint64 account = folder_account(s, item->folder);
    gboolean relayed = folder_account(s, destination) != account;
    if (state == OP_WAITING || state == OP_PARKED)
        return relayed ? relay_withdraw(s, item) : withdraw(s, item);
    if (!item->destination_placement)
        return TRUE; /* it was there already */
    g_auto(Placement) d = {0};
    if (!placement_load(s, item->destination_placement, &d) || !d.shown || d.folder != destination)
        return FALSE;
    if (relayed && kind == CHANGE_MOVE) {
        UndoItem home = {.group = item->group};
        gboolean ok = account && relay_place(s, &d, TRUE, item->folder, &home);
        *back = home.destination_placement;
        return ok;
    }
    if (d.folder_flags & FOLDER_LOCAL) {
        if (kind == CHANGE_MOVE)
            return local_move(s, &d, item->folder);
        local_purge(s, &d);
        return TRUE;
    }
    if (kind == CHANGE_COPY) {
        op_insert(s, OP_PURGE, &d, 0, 0, 0, 0);
    } else {
        if (!folder_account(s, item->folder))
            return FALSE;
        *back = placement_clone(s, d.id, item->folder, FALSE);
        op_insert(s, OP_MOVE, &d, item->folder, *back, 0, 0);
    }
    placement_recompute(s, d.id);
    return TRUE;
}

/* TRUE: there are more. */
static gboolean undo_slice(Store *s, gint64 group, ChangeKind kind, gint64 destination, gint64 end)
{
    do {
        UndoItem item = {.group = group};
        sqlite3_stmt *st = db_query(&s->db,
                                    "SELECT placement, folder, op, destination_placement, added,"
                                    " removed FROM undo_item WHERE group_id = ? AND state = 1"
                                    " ORDER BY placement LIMIT 1",
                                    "i", group);
        if (!db_step(&s->db, st)) {
            db_run(&s->db, "UPDATE undo_group SET state = 3 WHERE id = ?", "i", group);
            return FALSE;
        }
        item = (UndoItem){group,         db_int(st, 0),        db_int(st, 1),       db_int(st, 2),
                          db_int(st, 3), (guint)db_int(st, 4), (guint)db_int(st, 5)};
        db_reset(st);
        gint64 back = 0;
        gboolean undone = kind == CHANGE_FLAGS ? undo_flags(s, &item)
                                               : undo_place(s, kind, destination, &item, &back);
        db_run(&s->db, "UPDATE undo_item SET state = ? WHERE group_id = ? AND placement = ?", "iii",
               I64(undone ? ITEM_UNDONE : ITEM_SKIPPED), group, item.placement);
        /* What was done to it before this change can be undone on the row that came back. */
        if (back)
            undo_follow(s, back, item.placement);
    } while (g_get_monotonic_time() < end && !db_failed(&s->db));
    return TRUE;
}

gboolean undo_resume(Store *s, gint64 group, GError **err)
{
    for (gboolean more = TRUE; more;) {
        if (!txn_begin(s, TRUE, err))
            return FALSE;
        more = FALSE;
        gint64 kind = 0, destination = 0;
        sqlite3_stmt *st =
            db_query(&s->db, "SELECT kind, destination FROM undo_group WHERE id = ? AND state = 2",
                     "i", group);
        if (db_step(&s->db, st)) {
            kind = db_int(st, 0);
            destination = db_int(st, 1);
            db_reset(st);
            more = undo_slice(s, group, (ChangeKind)kind, destination, slice_end());
        }
        crash_point("change");
        if (!txn_commit(s, err))
            return FALSE;
        crash_point("change");
    }
    file_todo_run(s);
    return TRUE;
}

gboolean change_undo(Store *s, gint64 group, GError **err)
{
    const char *why = NULL;
    if (!txn_begin(s, TRUE, err))
        return FALSE;
    gint64 kind = db_number(&s->db, -1, "SELECT kind FROM undo_group WHERE id = ?", "i", group);
    gint64 state = db_number(&s->db, -1, "SELECT state FROM undo_group WHERE id = ?", "i", group);
    if (kind < 0 || state == GROUP_UNDONE || state == GROUP_UNDOING)
        why = _("there is nothing to undo");
    else if (kind == CHANGE_PURGE)
        why = _("what is deleted for good cannot be undone");
    else if (state == GROUP_APPLYING)
        why = _("that change is still being made");
    if (why && !db_failed(&s->db)) {
        txn_rollback(s);
        error_set(err, kind < 0 ? PINTAIL_ERROR_GONE : PINTAIL_ERROR_REFUSED, "%s", why);
        return FALSE;
    }
    db_run(&s->db, "UPDATE undo_group SET state = 2 WHERE id = ?", "i", group);
    crash_point("change");
    if (!txn_commit(s, err))
        return FALSE;
    crash_point("change");
    if (!undo_resume(s, group, err))
        return FALSE;
    gint64 undone = db_number(
        &s->db, 0, "SELECT 1 FROM undo_item WHERE group_id = ? AND state = 3 LIMIT 1", "i", group);
    if (!db_ok(&s->db, err))
        return FALSE;
    if (!undone)
        error_set(err, PINTAIL_ERROR_REFUSED,
                  _("the message has been changed or moved since: undo that first"));
    return undone != 0;
}
