/* change.c - what the person does, as intent, items and operations.
 *
 * A group is committed with the ids it acts on; each item is then applied, in the same
 * transaction when there are few, else in slices. An item is pending until the slice that applied
 * it is committed, so a crash in the middle is continued by the next store_home_open(). What is
 * needed to undo an item is written as it is applied. */
#include "change_private.h"
#include "folder_private.h"
#include "pintail/util/date.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"

#define AT_ONCE 64

gint64 op_insert(Store *s, OpKind kind, const Placement *p, gint64 destination,
                 gint64 destination_placement, guint add, guint remove)
{
    db_run(&s->db,
           "INSERT INTO op(account, kind, state, placement, destination_placement, message, folder,"
           " destination, add_flags, remove_flags, created, subject)"
           " SELECT ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, subject FROM message WHERE id = ?",
           "iiiiiiiiiii", p->account, I64(kind), p->id, destination_placement, p->message,
           p->folder, destination, I64(add), I64(remove), date_now(), p->message);
    return db_last_id(&s->db);
}

/* ---- one item ---- */
static gboolean item_flags(Store *s, Placement *p, guint add, guint remove, UndoItem *item)
{
    guint flags = (p->shown_flags | add) & ~remove & FLAGS_ALL;
    item->added = flags & ~p->shown_flags;
    item->removed = p->shown_flags & ~flags;
    if (!item->added && !item->removed)
        return TRUE;
    if (p->folder_flags & FOLDER_LOCAL)
        return local_set_flags(s, p, flags);
    item->op = op_insert(s, OP_FLAGS, p, 0, 0, item->added, item->removed);
    placement_recompute(s, p->id);
    return TRUE;
}

static gboolean item_place(Store *s, Placement *p, OpKind kind, gint64 destination, UndoItem *item)
{
    if (kind == OP_MOVE && p->folder == destination)
        return TRUE;
    if (folder_account(s, destination) != p->account)
        return relay_place(s, p, kind == OP_MOVE, destination, item);
    if (p->folder_flags & FOLDER_LOCAL) {
        if (kind == OP_MOVE) {
            item->destination_placement = p->id;
            return local_move(s, p, destination);
        }
        item->destination_placement = local_copy(s, p, destination);
        return item->destination_placement != 0;
    }
    item->destination_placement = placement_clone(s, p->id, destination, FALSE);
    item->op = op_insert(s, kind, p, destination, item->destination_placement, 0, 0);
    placement_recompute(s, p->id);
    return TRUE;
}

static void item_purge(Store *s, Placement *p)
{
    if (relay_purge(s, p->id))
        return;
    if (p->folder_flags & FOLDER_LOCAL) {
        local_purge(s, p);
        return;
    }
    gint64 append = db_number(
        &s->db, 0, "SELECT id FROM op WHERE placement = ? AND kind = 4 AND state <> 1", "i", p->id);
    if (append) {
        append_withdraw(s, append);
        return;
    }
    op_insert(s, OP_PURGE, p, 0, 0, 0, 0);
    placement_recompute(s, p->id);
}

static gboolean item_apply(Store *s, ChangeKind kind, guint add, guint remove, gint64 destination,
                           UndoItem *item)
{
    g_auto(Placement) p = {0};
    if (!placement_load(s, item->placement, &p) || !p.shown)
        return FALSE;
    item->folder = p.folder;
    switch (kind) {
    case CHANGE_FLAGS:
        return item_flags(s, &p, add, remove, item);
    case CHANGE_MOVE:
        return item_place(s, &p, OP_MOVE, destination, item);
    case CHANGE_COPY:
        return item_place(s, &p, OP_COPY, destination, item);
    case CHANGE_PURGE:
        item_purge(s, &p);
        return TRUE;
    }
    g_assert_not_reached();
}

void change_flags_now(Store *s, gint64 placement, guint add, guint remove)
{
    UndoItem item = {.placement = placement};
    item_apply(s, CHANGE_FLAGS, add, remove, 0, &item);
}

void change_purge_now(Store *s, gint64 placement)
{
    UndoItem item = {.placement = placement};
    item_apply(s, CHANGE_PURGE, 0, 0, 0, &item);
}

/* ---- a group ---- */
typedef struct {
    gint64 id, destination, account;
    ChangeKind kind;
    guint add, remove;
    int state;
} Group;

static gboolean group_load(Store *s, gint64 id, Group *g)
{
    sqlite3_stmt *st = db_query(&s->db,
                                "SELECT kind, add_flags, remove_flags, destination, state, account"
                                " FROM undo_group WHERE id = ?",
                                "i", id);
    if (!db_step(&s->db, st))
        return FALSE;
    *g = (Group){.id = id,
                 .kind = (ChangeKind)db_int(st, 0),
                 .add = (guint)db_int(st, 1),
                 .remove = (guint)db_int(st, 2),
                 .destination = db_int(st, 3),
                 .state = (int)db_int(st, 4),
                 .account = db_int(st, 5)};
    db_reset(st);
    return TRUE;
}

/* Applies pending items until the slice is over; TRUE: there are more. */
static gboolean apply_slice(Store *s, const Group *g, gint64 end)
{
    do {
        UndoItem item = {.group = g->id};
        item.placement =
            db_number(&s->db, 0,
                      "SELECT placement FROM undo_item WHERE group_id = ? AND state = 0"
                      " ORDER BY placement LIMIT 1",
                      "i", g->id);
        if (!item.placement) {
            db_run(&s->db, "UPDATE undo_group SET state = 0 WHERE id = ?", "i", g->id);
            return FALSE;
        }
        gboolean applied = item_apply(s, g->kind, g->add, g->remove, g->destination, &item);
        db_run(&s->db,
               "UPDATE undo_item SET state = ?, folder = ?, op = ?, destination_placement = ?,"
               " added = ?, removed = ? WHERE group_id = ? AND placement = ?",
               "iiiiiiii", I64(applied ? ITEM_APPLIED : ITEM_SKIPPED), item.folder, item.op,
               item.destination_placement, I64(item.added), I64(item.removed), g->id,
               item.placement);
    } while (g_get_monotonic_time() < end && !db_failed(&s->db));
    return TRUE;
}

static gboolean commit_change(Store *s, GError **err)
{
    crash_point("change");
    if (!txn_commit(s, err))
        return FALSE;
    crash_point("change");
    file_todo_run(s);
    crash_point("change");
    return TRUE;
}

static gboolean group_run(Store *s, gint64 id, GError **err)
{
    for (gboolean more = TRUE; more;) {
        Group g;
        if (!txn_begin(s, TRUE, err))
            return FALSE;
        more =
            group_load(s, id, &g) && g.state == GROUP_APPLYING && apply_slice(s, &g, slice_end());
        if (!commit_change(s, err))
            return FALSE;
    }
    return TRUE;
}

gboolean changes_resume(Store *s, GError **err)
{
    for (;;) {
        gint64 id = 0, state = 0;
        sqlite3_stmt *st = db_query(
            &s->db, "SELECT id, state FROM undo_group WHERE state IN (1, 2) ORDER BY id LIMIT 1",
            "");
        if (db_step(&s->db, st)) {
            id = db_int(st, 0);
            state = db_int(st, 1);
            db_reset(st);
        }
        if (!id)
            return db_ok(&s->db, err);
        if (!(state == GROUP_APPLYING ? group_run(s, id, err) : undo_resume(s, id, err)))
            return FALSE;
    }
}

/* ---- committing ---- */
static void refuse(Store *s, const char *text, const char *name)
{
    GError *refused = NULL;
    if (name)
        error_set(&refused, PINTAIL_ERROR_REFUSED, text, name);
    else
        error_set(&refused, PINTAIL_ERROR_REFUSED, "%s", text);
    db_fail(&s->db, refused);
}

/* May things be put into this folder? */
static gint64 check_destination(Store *s, gint64 folder)
{
    g_autoptr(Folder) f = folder_get(s, folder, NULL);
    if (!f) {
        GError *gone = NULL;
        error_set(&gone, PINTAIL_ERROR_GONE, _("that folder is not there any more"));
        db_fail(&s->db, gone);
        return 0;
    }
    if (f->flags & FOLDER_READ_ONLY)
        refuse(s, _("'%s' is read only"), f->name);
    else if (f->flags & (FOLDER_NOSELECT | FOLDER_VANISHED | FOLDER_TO_DELETE))
        refuse(s, _("'%s' cannot hold messages"), f->name);
    else if (!folder_has_right(f, 'i'))
        refuse(s, _("you have no right to put messages into '%s'"), f->name);
    return f->account_id;
}

/* May this be done to a message of that folder (RFC 4314 section 4)? */
static gboolean is_allowed(const Change *c, const char *rights)
{
    Folder f = {.rights = (char *)rights};
    if (c->kind == CHANGE_FLAGS)
        return folder_has_right(&f, ((c->add | c->remove) & FLAGS_ALL) == FLAG_SEEN ? 's' : 'w');
    return c->kind == CHANGE_COPY || (folder_has_right(&f, 't') && folder_has_right(&f, 'e'));
}

/* *relayed: some go to another account. */
static guint add_items(Store *s, gint64 group, const Change *c, gint64 account, gboolean *relayed)
{
    guint n = 0;
    *relayed = FALSE;
    for (guint i = 0; i < c->n && !db_failed(&s->db); i++) {
        sqlite3_stmt *st = db_query(&s->db,
                                    "SELECT f.account, f.flags, f.rights, m.partial FROM placement p"
                                    " JOIN folder f ON f.id = p.folder JOIN message m ON m.id = p.message"
                                    " WHERE p.id = ? AND p.shown = 1",
                                    "i", c->placements[i]);
        if (!db_step(&s->db, st))
            continue;
        gint64 its = db_int(st, 0);
        guint flags = (guint)db_int(st, 1);
        gboolean allowed = is_allowed(c, db_peek(st, 2)), partial = db_int(st, 3) != 0;
        db_reset(st);
        *relayed = *relayed || (account && its != account);
        if (account && its != account && partial)
            refuse(s, _("only the header of a message is here: open it first, so that the rest is fetched"), NULL);
        else if ((flags & FOLDER_READ_ONLY) && c->kind != CHANGE_COPY)
            refuse(s, _("this folder is read only"), NULL);
        else if (!allowed)
            refuse(s, _("you have no right to do that in this folder"), NULL);
        db_run(&s->db,
               "INSERT OR IGNORE INTO undo_item(group_id, placement, state) VALUES(?, ?, 0)", "ii",
               group, c->placements[i]);
        n++;
    }
    return n;
}

static gint64 add_group(Store *s, const Change *c, guint *n, gboolean *relayed)
{
    gint64 account = 0;
    if (c->kind == CHANGE_MOVE || c->kind == CHANGE_COPY)
        account = check_destination(s, c->destination);
    db_run(&s->db,
           "INSERT INTO undo_group(kind, account, add_flags, remove_flags, destination, state)"
           " VALUES(?, ?, ?, ?, ?, ?)",
           "iiiiii", I64(c->kind), account, I64(c->add & FLAGS_ALL), I64(c->remove & FLAGS_ALL),
           c->destination, I64(GROUP_APPLYING));
    gint64 group = db_last_id(&s->db);
    *n = add_items(s, group, c, account, relayed);
    return group;
}

gint64 change_commit(Store *s, const Change *change, GError **err)
{
    guint n = 0;
    gboolean relayed = FALSE;
    crash_point("change");
    if (!txn_begin(s, TRUE, err))
        return 0;
    gint64 group = add_group(s, change, &n, &relayed);
    if (n == 0 && !db_failed(&s->db)) {
        txn_rollback(s);
        error_set(err, PINTAIL_ERROR_GONE, _("the message is not there any more"));
        return 0;
    }
    /* What leaves files behind is decided before it is done, so that a crash is gone on from (relay.c). */
    if (n <= AT_ONCE && !relayed) {
        Group g;
        if (group_load(s, group, &g))
            apply_slice(s, &g, G_MAXINT64);
        return commit_change(s, err) ? group : 0;
    }
    if (!commit_change(s, err) || !group_run(s, group, err))
        return 0;
    return group;
}
