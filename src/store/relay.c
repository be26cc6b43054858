/* relay.c - messages go from one account to another.
 *
 * Nothing leaves its source before it is stored, and confirmed, at its destination:
 *
 *   local  -> server: a file in append/, an APPEND that `replaces` the source
 *   server -> server: a RELAY until the content is here, which then becomes that APPEND
 *   server -> local:  a RELAY; with the content come the file, its row, and the source's deletion
 *   local  -> local:  the file is written, then the source goes, in the group's second transaction
 *
 * Each account has a message of its own. What may be done twice (a file that a crash left without its
 * row) has a name derived from what it is, so that the second time finds the first. */
#include <string.h>
#include "change_private.h"
#include "folder_private.h"
#include "maildir_files.h"
#include "pintail/util/error.h"
#include "pintail/util/file.h"
#include "pintail/util/i18n.h"

/* ---- leaving ---- */

void relay_leave(Store *s, gint64 placement)
{
    g_auto(Placement) p = {0};
    if (!placement || !placement_load(s, placement, &p))
        return;
    if (p.folder_flags & FOLDER_LOCAL) {
        local_purge(s, &p);
        return;
    }
    op_insert(s, OP_PURGE, &p, 0, 0, 0, 0);
    placement_recompute(s, placement);
}

/* When it came, for the list there and for APPEND's date. */
static void keep_received(Store *s, gint64 placement, gint64 received)
{
    db_run(&s->db, "UPDATE message SET received = ? WHERE id = (SELECT message FROM placement WHERE id = ?)", "ii",
           received, placement);
    db_run(&s->db, "UPDATE placement SET received = ? WHERE id = ?", "ii", received, placement);
}

static gint64 received_of(Store *s, gint64 message)
{
    return db_number(&s->db, 0, "SELECT received FROM message WHERE id = ?", "i", message);
}

/* ---- from a local folder ---- */

static gboolean from_file(Store *s, const Placement *p, gboolean move, gint64 destination, UndoItem *item)
{
    GError *err = NULL;
    g_autofree char *path = placement_path(p);
    g_autoptr(GBytes) bytes = path ? file_read(path, BODY_LIMIT, &err) : NULL;
    if (!bytes) {
        if (err && !error_is(err, PINTAIL_ERROR_GONE))
            db_fail(&s->db, err);
        else
            g_clear_error(&err);
        return FALSE;
    }
    gsize len;
    const void *at = g_bytes_get_data(bytes, &len);
    gint64 received = received_of(s, p->message);
    g_auto(Prepared) new = {0};
    g_autofree char *key = g_strdup_printf("relay/%" G_GINT64_FORMAT "/%" G_GINT64_FORMAT "/%s/%" G_GSIZE_FORMAT,
                                           item->group, p->id, p->base, len);
    if (!append_prepare(s, destination, at, len, key, &new, &err)) {
        db_fail(&s->db, err);
        return FALSE;
    }
    if (!new.local)
        txn_created(s, new.path);
    item->destination_placement = append_place(s, &new, p->shown_flags, move ? p->id : 0);
    keep_received(s, item->destination_placement, received);
    item->op = db_number(&s->db, 0, "SELECT id FROM op WHERE placement = ? AND kind = 4", "i",
                         item->destination_placement);
    return !db_failed(&s->db);
}

/* ---- from a server ---- */

/* The same message in another account: its row there. */
static gint64 twin_of(Store *s, const Placement *p, gint64 destination)
{
    g_autoptr(Envelope) e = envelope_from_row(s, p->message);
    if (!e)
        return 0;
    gint64 size = db_number(&s->db, 0, "SELECT size FROM message WHERE id = ?", "i", p->message);
    gint64 message = message_insert(s, folder_account(s, destination), e, (guint64)size, received_of(s, p->message), FALSE);
    return placement_insert(s, message, destination, 0, 0, p->shown_flags, FALSE);
}

gboolean relay_place(Store *s, Placement *p, gboolean move, gint64 destination, UndoItem *item)
{
    if (p->folder_flags & FOLDER_LOCAL)
        return from_file(s, p, move, destination, item);
    gint64 to = twin_of(s, p, destination);
    if (!to)
        return FALSE;
    item->destination_placement = to;
    item->op = op_insert(s, OP_RELAY, p, destination, to, 0, 0);
    db_run(&s->db, "UPDATE op SET replaces = ? WHERE id = ?", "ii", move ? p->id : I64(0), item->op);
    placement_recompute(s, p->id);
    placement_recompute(s, to);
    return !db_failed(&s->db);
}

gboolean relay_withdraw(Store *s, const UndoItem *item)
{
    gint64 to = item->destination_placement;
    if (db_number(&s->db, 0,
                  "SELECT EXISTS(SELECT 1 FROM op WHERE placement = ?1 AND id <> ?2)"
                  " OR EXISTS(SELECT 1 FROM op WHERE replaces = ?1 AND replaces <> 0)",
                  "ii", to, item->op))
        return FALSE;
    op_remove_file(s, item->op);
    db_run(&s->db, "DELETE FROM op WHERE id = ?", "i", item->op);
    placement_delete(s, to);
    placement_recompute(s, item->placement);
    return TRUE;
}

gboolean relay_purge(Store *s, gint64 placement)
{
    UndoItem item = {.destination_placement = placement};
    gint64 from = 0;
    sqlite3_stmt *st = db_query(&s->db,
                                "SELECT id, placement, replaces FROM op WHERE destination_placement = ?"
                                " AND kind = 8",
                                "i", placement);
    if (!db_step(&s->db, st))
        return FALSE;
    item.op = db_int(st, 0);
    item.placement = db_int(st, 1);
    from = db_int(st, 2);
    db_reset(st);
    db_run(&s->db, "DELETE FROM op WHERE id = ?", "i", item.op);
    placement_unmake(s, placement);
    if (from)
        relay_leave(s, from);
    placement_recompute(s, item.placement);
    return TRUE;
}

/* ---- the content has come ---- */

/* Into the Maildir, under the row that stands there already. */
static void into_maildir(Store *s, Prepared *new, gint64 to, guint flags)
{
    GError *err = NULL;
    gint64 adopted = db_number(&s->db, 0, "SELECT id FROM placement WHERE base = ? AND +folder = ? AND id <> ?",
                               "tii", new->base, new->folder, to);
    if (adopted) /* a crash had come between the file and its row, and somebody found it */
        placement_delete(s, adopted);
    g_autofree char *file = maildir_name(new->base, flags, "cur/");
    g_autofree char *before = maildir_find(new->maildir, new->base);
    crash_point("relay");
    if (before) { /* under a name with other flags: this is it */
        g_free(file);
        file = g_steal_pointer(&before);
    } else if (!maildir_publish(new->maildir, new->base, file, &err)) {
        db_fail(&s->db, err);
        return;
    } else {
        g_clear_pointer(&new->path, g_free);
    }
    crash_point("relay");
    g_autofree char *path = g_build_filename(new->maildir, file, NULL);
    txn_created(s, path);
    txn_sync_parent(s, path);
    placement_set_file(s, to, new->base, file);
    db_run(&s->db, "UPDATE placement SET server_here = 1 WHERE id = ?", "i", to);
}

static void into_append(Store *s, Prepared *new, gint64 to, gint64 op, guint flags)
{
    g_autofree char *name = g_path_get_basename(new->path);
    g_autofree char *file = g_build_filename("append", name, NULL);
    txn_created(s, new->path);
    db_run(&s->db,
           "UPDATE op SET kind = 4, state = 0, account = ?, placement = ?, destination_placement = 0,"
           " message = (SELECT message FROM placement WHERE id = ?2), folder = ?, destination = ?3,"
           " add_flags = ?, remove_flags = 0, file = ? WHERE id = ?",
           "iiiiti", new->account, to, new->folder, I64(flags), file, op);
    g_clear_pointer(&new->path, g_free); /* kept from now on; a rollback removes it again */
}

static gboolean gone(Store *s, GError **err)
{
    txn_rollback(s);
    if (db_ok(&s->db, err))
        error_set(err, PINTAIL_ERROR_GONE, _("a change was undone meanwhile"));
    return FALSE;
}

static gint64 op_place(Store *s, gint64 op)
{
    return db_number(&s->db, 0, "SELECT destination_placement FROM op WHERE id = ? AND kind = 8 AND state = 0", "i",
                     op);
}

gboolean op_relayed(Store *s, const OpItem *item, GBytes *message, gint64 *account, GError **err)
{
    gsize len;
    const void *at = g_bytes_get_data(message, &len);
    gint64 to = op_place(s, item->id);
    gint64 folder = to ? placement_folder(s, to) : 0;
    g_auto(Prepared) new = {0};
    g_autofree char *key = g_strdup_printf("relay/%" G_GINT64_FORMAT "/%" G_GINT64_FORMAT "/%u/%s/%" G_GSIZE_FORMAT,
                                           item->id, item->date, item->uid, item->message_id, len);
    if (!folder)
        return db_ok(&s->db, err) && gone(s, err);
    if (!append_prepare(s, folder, at, len, key, &new, err))
        return FALSE;
    crash_point("relay");
    if (!txn_begin(s, TRUE, err))
        return FALSE;
    if (op_place(s, item->id) != to || placement_folder(s, to) != folder)
        return gone(s, err);
    guint flags = placement_flags_before(s, item->placement, item->id);
    guint shown = placement_flags_before(s, to, 0);
    gint64 replaces = db_number(&s->db, 0, "SELECT replaces FROM op WHERE id = ?", "i", item->id);
    *account = new.account;
    db_run(&s->db, "UPDATE message SET size = ? WHERE id = (SELECT message FROM placement WHERE id = ?)", "ii",
           I64(new.size), to);
    db_run(&s->db, "UPDATE placement SET size = ?, server_flags = ? WHERE id = ?", "iii", I64(new.size),
           I64(new.local ? shown : flags), to);
    if (new.local) {
        into_maildir(s, &new, to, shown);
        db_run(&s->db, "DELETE FROM op WHERE id = ?", "i", item->id);
        relay_leave(s, replaces);
    } else {
        into_append(s, &new, to, item->id, flags);
        db_run(&s->db, "UPDATE placement SET await_uidnext = 0 WHERE id = ?", "i", to);
    }
    placement_recompute(s, to);
    placement_recompute(s, item->placement);
    crash_point("relay");
    if (!txn_commit(s, err))
        return FALSE;
    crash_point("relay");
    file_todo_run(s);
    return TRUE;
}
