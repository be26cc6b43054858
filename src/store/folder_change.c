/* folder_change.c - what the person does with folders: rename, delete, subscribe, roles, marks.
 *
 * `name` is what the server calls a folder, until it has confirmed another; what a waiting operation
 * makes of it is shown beside it (`wished`, FOLDER_TO_DELETE), derived by folder_recompute(). Operations
 * of a folder stand in the queue under the message -id, which keeps their order. Local folders:
 * folder_local.c. */
#include <string.h>
#include "change_private.h"
#include "folder_private.h"
#include "pintail/util/date.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"

gboolean folder_has_right(const Folder *f, char right)
{
    if (!*f->rights)
        return TRUE;
    /* RFC 4314 section 2.1.1: what older servers call c and d */
    if ((right == 'k' || right == 'x') && strchr(f->rights, 'c'))
        return TRUE;
    if ((right == 't' || right == 'e' || right == 'x') && strchr(f->rights, 'd'))
        return TRUE;
    return strchr(f->rights, right) != NULL;
}

/* ---- operations of folders ---- */

void folder_recompute(Store *s, gint64 folder)
{
    db_run(&s->db,
           "UPDATE folder SET wished = (SELECT o.subject FROM op o WHERE o.message = -?1"
           "  AND o.kind = 5 AND o.state <> 2 ORDER BY o.id DESC LIMIT 1),"
           " flags = CASE WHEN flags & 4 THEN flags"
           "  WHEN EXISTS(SELECT 1 FROM op o WHERE o.message = -?1 AND o.kind = 6 AND o.state <> 2)"
           "  THEN flags | 64 ELSE flags & ~64 END WHERE id = ?1",
           "i", folder);
    folders_changed(s, folder_account(s, folder));
}

static void queue_op(Store *s, const Folder *f, OpKind kind, const char *subject, gboolean on)
{
    /* A later wish takes the place of an earlier one. */
    db_run(&s->db, "DELETE FROM op WHERE message = ? AND kind = ?", "ii", -f->id, I64(kind));
    db_run(&s->db,
           "INSERT INTO op(account, kind, state, placement, message, folder, destination, add_flags,"
           " created, subject) VALUES(?, ?, 0, 0, ?, ?, ?, ?, ?, ?)",
           "iiiiiiit", f->account_id, I64(kind), -f->id, f->id, f->id, I64(on), date_now(), subject);
    folder_recompute(s, f->id);
}

void folder_queue_creation(Store *s, gint64 account, gint64 folder, const char *name)
{
    Folder f = {.id = folder, .account_id = account};
    queue_op(s, &f, OP_FOLDER_CREATE, name, TRUE);
}

gboolean folder_commit(Store *s, GError **err)
{
    crash_point("folder");
    if (!txn_commit(s, err))
        return FALSE;
    crash_point("folder");
    return TRUE;
}

gboolean folder_refuse(Store *s, GError **err, const char *format, const char *name)
{
    txn_rollback(s);
    if (db_ok(&s->db, err))
        error_set(err, PINTAIL_ERROR_REFUSED, format, name);
    return FALSE;
}

void folder_rename_rows(Store *s, gint64 account, const char *old, const char *name, const char *delimiter)
{
    gint64 length = (gint64)g_utf8_strlen(old, -1);
    db_run(&s->db, "UPDATE folder SET name = ? WHERE account = ? AND name = ?", "tit", name, account, old);
    if (*delimiter) { /* RFC 3501 section 6.3.5: what is below goes along */
        g_autofree char *below = g_strconcat(old, delimiter, NULL);
        db_run(&s->db,
               "UPDATE OR IGNORE folder SET name = ? || substr(name, ?) WHERE account = ?"
               " AND substr(name, 1, ?) = ?",
               "tiiit", name, length + 1, account, length + 1, below);
    }
    folders_changed(s, account);
}

/* LIST was quicker: the new name has a row. FALSE with err unset: something waits there, it stays. */
static gboolean make_way(Store *s, gint64 account, const char *name, gint64 folder, GError **err)
{
    gint64 other = db_number(&s->db, 0, "SELECT id FROM folder WHERE account = ? AND name = ? AND id <> ?",
                             "iti", account, name, folder);
    if (!db_ok(&s->db, err))
        return FALSE;
    if (!other)
        return TRUE;
    return !folder_holds_only_copies(s, other) && folder_remove(s, other, err);
}

gboolean op_folder_done(Store *s, const OpBatch *b, GError **err)
{
    gint64 op = b->items->len ? g_array_index(b->items, OpItem, 0).id : 0;
    g_autoptr(Folder) f = folder_get(s, b->folder, NULL);
    g_autoptr(GError) failure = NULL;
    gboolean rename = f && b->kind == OP_FOLDER_RENAME && strcmp(f->name, b->name) != 0 &&
                      make_way(s, f->account_id, b->name, f->id, &failure);
    if (failure) {
        g_propagate_error(err, g_steal_pointer(&failure));
        return FALSE;
    }
    crash_point("folder");
    if (!txn_begin(s, TRUE, err))
        return FALSE;
    db_run(&s->db, "DELETE FROM op WHERE id = ?", "i", op);
    if (rename)
        folder_rename_rows(s, f->account_id, f->name, b->name, f->delimiter);
    /* It is gone on the server: no list is to show it until its rows are. */
    if (f && b->kind == OP_FOLDER_DELETE)
        db_run(&s->db, "UPDATE folder SET flags = flags | ?, missing = 2 WHERE id = ?", "ii",
               I64(FOLDER_VANISHED), f->id);
    if (f)
        folder_recompute(s, f->id);
    if (!folder_commit(s, err))
        return FALSE;
    return !f || b->kind != OP_FOLDER_DELETE || folder_remove(s, f->id, err);
}

/* ---- names ---- */

char *folder_wire_name(Store *s, gint64 account, const char *typed)
{
    g_autofree char *prefix = db_string(
        &s->db, "SELECT prefix FROM namespace WHERE account = ? AND kind = 0 LIMIT 1", "i", account);
    if (g_ascii_strcasecmp(typed, "INBOX") == 0)
        return g_strdup("INBOX");
    if (!prefix || !*prefix)
        return g_strdup(typed);
    gint64 whole = db_number(&s->db, 0,
                             "SELECT 1 FROM namespace WHERE account = ?1 AND prefix <> ''"
                             " AND substr(?2, 1, length(prefix)) = prefix LIMIT 1",
                             "it", account, typed);
    return whole ? g_strdup(typed) : g_strconcat(prefix, typed, NULL);
}

/* ---- the person's changes ---- */

static Folder *load(Store *s, gint64 folder, GError **err)
{
    g_autoptr(Folder) f = folder_get(s, folder, err);
    if (!f || txn_begin(s, TRUE, err))
        return g_steal_pointer(&f);
    return NULL;
}

gboolean folder_rename(Store *s, gint64 folder, const char *typed, GError **err)
{
    if (!folder_name_ok(typed, err))
        return FALSE;
    g_autoptr(Folder) f = load(s, folder, err);
    if (!f)
        return FALSE;
    g_autofree char *name = folder_wire_name(s, f->account_id, typed);
    if (f->role == ROLE_INBOX || strcmp(f->name, "INBOX") == 0)
        return folder_refuse(s, err, _("'%s' cannot be renamed: mail arrives there"), f->label);
    if (!folder_has_right(f, 'x'))
        return folder_refuse(s, err, _("you have no right to rename '%s'"), f->label);
    if (strcmp(name, f->name) == 0) {
        db_run(&s->db, "DELETE FROM op WHERE message = ? AND kind = 5 AND state <> 1", "i", -f->id);
        folder_recompute(s, f->id);
        return folder_commit(s, err);
    }
    if (db_number(&s->db, 0, "SELECT 1 FROM folder WHERE account = ? AND name = ? AND id <> ?", "iti",
                  f->account_id, name, f->id))
        return folder_refuse(s, err, _("there is a folder '%s' already"), typed);
    if (f->flags & FOLDER_LOCAL) {
        txn_rollback(s);
        return folder_rename_local(s, f, name, err);
    }
    if (f->flags & FOLDER_TO_CREATE)
        folder_rename_rows(s, f->account_id, f->name, name, f->delimiter);
    else
        queue_op(s, f, OP_FOLDER_RENAME, name, FALSE);
    return folder_commit(s, err);
}

gboolean folder_delete(Store *s, gint64 folder, GError **err)
{
    g_autoptr(Folder) f = load(s, folder, err);
    if (!f)
        return FALSE;
    if (f->role == ROLE_INBOX || strcmp(f->name, "INBOX") == 0)
        return folder_refuse(s, err, _("'%s' cannot be deleted: mail arrives there"), f->label);
    if (!folder_has_right(f, 'x'))
        return folder_refuse(s, err, _("you have no right to delete '%s'"), f->label);
    if (f->flags & FOLDER_LOCAL) {
        txn_rollback(s);
        return folder_delete_local(s, f, err);
    }
    if (f->flags & FOLDER_TO_CREATE)
        db_run(&s->db, "DELETE FROM op WHERE message = ? AND kind = 9", "i", -f->id);
    if ((f->flags & (FOLDER_TO_CREATE | FOLDER_VANISHED)) && !folder_holds_only_copies(s, f->id)) {
        return folder_commit(s, err) && folder_remove(s, f->id, err);
    }
    queue_op(s, f, OP_FOLDER_DELETE, f->label, FALSE);
    return folder_commit(s, err);
}

gboolean folder_subscribe(Store *s, gint64 folder, gboolean on, GError **err)
{
    g_autoptr(Folder) f = load(s, folder, err);
    if (!f)
        return FALSE;
    if (f->flags & FOLDER_LOCAL)
        return folder_refuse(s, err, _("'%s' is on this machine: there is nothing to subscribe to"), f->label);
    db_run(&s->db, on ? "UPDATE folder SET flags = flags | 2 WHERE id = ?"
                      : "UPDATE folder SET flags = flags & ~2 WHERE id = ?", "i", f->id);
    if (!(f->flags & FOLDER_TO_CREATE))
        queue_op(s, f, OP_FOLDER_SUBSCRIBE, f->label, on);
    folders_changed(s, f->account_id);
    return folder_commit(s, err);
}

gboolean folder_set_role(Store *s, gint64 folder, FolderRole role, GError **err)
{
    g_autoptr(Folder) f = load(s, folder, err);
    if (!f)
        return FALSE;
    if (f->role == ROLE_INBOX || role == ROLE_INBOX)
        return folder_refuse(s, err, _("INBOX stays what it is: '%s' cannot be changed to or from it"), f->label);
    if (f->flags & FOLDER_NOSELECT)
        return folder_refuse(s, err, _("'%s' holds only folders, no messages"), f->label);
    if (role != ROLE_NONE)
        db_run(&s->db, "UPDATE folder SET role = 0, flags = flags & ~512 WHERE account = ? AND role = ?", "ii",
               f->account_id, I64(role));
    db_run(&s->db, "UPDATE folder SET role = ?, flags = flags | 512 WHERE id = ?", "ii", I64(role), f->id);
    folders_changed(s, f->account_id);
    return folder_commit(s, err);
}

gboolean folder_mark(Store *s, gint64 folder, guint add, guint remove, GError **err)
{
    const guint marks = FOLDER_PINNED | FOLDER_COLLAPSED;
    if (!txn_begin(s, FALSE, err))
        return FALSE;
    db_run(&s->db, "UPDATE folder SET flags = (flags | ?) & ~? WHERE id = ?", "iii", I64(add & marks),
           I64(remove & marks), folder);
    folders_changed(s, folder_account(s, folder));
    return txn_commit(s, err);
}

GArray *folder_unread(Store *s, gint64 folder, GError **err)
{
    GArray *ids = g_array_new(FALSE, FALSE, sizeof(gint64));
    sqlite3_stmt *st = db_query(&s->db,
                                "SELECT id FROM placement WHERE folder = ? AND shown = 1"
                                " AND shown_flags & 1 = 0",
                                "i", folder);
    while (db_step(&s->db, st)) {
        gint64 id = db_int(st, 0);
        g_array_append_val(ids, id);
    }
    if (db_ok(&s->db, err))
        return ids;
    g_array_unref(ids);
    return NULL;
}

/* ---- counters, for a list that has been read ---- */

GArray *folders_counted(Store *s, gint64 since, gint64 *seq, gboolean *anew, GError **err)
{
    GArray *counts = g_array_new(FALSE, FALSE, sizeof(FolderCount));
    read_begin(s);
    *anew = db_number(&s->db, 0, "SELECT max(list_seq) FROM account", "") > since;
    *seq = db_number(&s->db, 0, "SELECT value FROM sequence", "");
    sqlite3_stmt *st = *anew ? NULL
                             : db_query(&s->db,
                                        "SELECT id, total, unread FROM folder INDEXED BY folder_seq"
                                        " WHERE change_seq > ?", "i", since);
    while (db_step(&s->db, st)) {
        FolderCount c = {db_int(st, 0), db_int(st, 1), db_int(st, 2)};
        g_array_append_val(counts, c);
    }
    read_end(s);
    if (db_ok(&s->db, err))
        return counts;
    g_array_unref(counts);
    return NULL;
}

/* ---- what the server says ---- */

static gboolean same_namespaces(Store *s, gint64 account, const StoredNamespace *all, guint n)
{
    guint same = 0;
    for (guint i = 0; i < n; i++)
        same += db_number(&s->db, 0,
                          "SELECT 1 FROM namespace WHERE account = ? AND kind = ? AND prefix = ?"
                          " AND delimiter = ?",
                          "iitt", account, I64(all[i].kind), all[i].prefix, all[i].delimiter) != 0;
    return same == n &&
           db_number(&s->db, 0, "SELECT count(*) FROM namespace WHERE account = ?", "i", account) == n;
}

gboolean account_set_namespaces(Store *s, gint64 account, const StoredNamespace *all, guint n, GError **err)
{
    if (same_namespaces(s, account, all, n))
        return db_ok(&s->db, err);
    if (!txn_begin(s, FALSE, err))
        return FALSE;
    db_run(&s->db, "DELETE FROM namespace WHERE account = ?", "i", account);
    for (guint i = 0; i < n; i++)
        db_run(&s->db, "INSERT OR REPLACE INTO namespace VALUES(?, ?, ?, ?)", "iitt", account,
               I64(all[i].kind), all[i].prefix, all[i].delimiter);
    folders_changed(s, account);
    return txn_commit(s, err);
}

gboolean folder_set_mailbox_id(Store *s, gint64 folder, const char *id, GError **err)
{
    if (!txn_begin(s, FALSE, err))
        return FALSE;
    db_run(&s->db, "UPDATE folder SET mailbox_id = ? WHERE id = ?", "ti", id, folder);
    return txn_commit(s, err);
}

gboolean folder_set_rights(Store *s, gint64 folder, const char *rights, GError **err)
{
    if (db_number(&s->db, 0, "SELECT 1 FROM folder WHERE id = ? AND rights = ?", "it", folder, rights))
        return db_ok(&s->db, err);
    Folder f = {.rights = (char *)rights};
    gboolean nothing = *rights && !folder_has_right(&f, 's') && !folder_has_right(&f, 'w') &&
                       !folder_has_right(&f, 'i') && !folder_has_right(&f, 't');
    if (!txn_begin(s, FALSE, err))
        return FALSE;
    db_run(&s->db, "UPDATE folder SET rights = ?, flags = (flags & ~32) | ? WHERE id = ?", "tii", rights,
           I64(nothing ? FOLDER_READ_ONLY : 0), folder);
    folders_changed(s, folder_account(s, folder));
    return txn_commit(s, err);
}

gboolean account_set_quota(Store *s, gint64 account, guint64 used, guint64 limit, GError **err)
{
    if (!txn_begin(s, FALSE, err))
        return FALSE;
    db_run(&s->db, "UPDATE account SET quota_used = ?, quota_limit = ?, quota_read = ? WHERE id = ?", "iiii",
           I64(MIN(used, G_MAXINT64)), I64(MIN(limit, G_MAXINT64)), date_now(), account);
    txn_touch_list(s, account);
    return txn_commit(s, err);
}

gboolean account_quota(Store *s, gint64 account, guint64 *used, guint64 *limit, gint64 *read)
{
    gboolean known = FALSE;
    sqlite3_stmt *st = db_query(&s->db,
                                "SELECT quota_used, quota_limit, quota_read FROM account WHERE id = ?"
                                " AND quota_read > 0",
                                "i", account);
    if (db_step(&s->db, st)) {
        known = TRUE;
        *used = (guint64)db_int(st, 0);
        *limit = (guint64)db_int(st, 1);
        if (read)
            *read = db_int(st, 2);
        db_reset(st);
    }
    return db_ok(&s->db, NULL) && known;
}
