/* ops_list.c - operations as people see them: problems, retry, dismiss. */
#include "change_private.h"
#include "folder_private.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"

void op_row_free(OpRow *r)
{
    if (!r)
        return;
    g_free(r->what);
    g_free(r->words);
    g_free(r);
}

static char *describe(OpKind kind, const char *subject, const char *destination, guint add)
{
    switch (kind) {
    case OP_FLAGS:
        return g_strdup_printf(add ? _("mark '%s'") : _("unmark '%s'"), subject);
    case OP_MOVE:
        return g_strdup_printf(_("move '%s' to %s"), subject, destination);
    case OP_COPY:
        return g_strdup_printf(_("copy '%s' to %s"), subject, destination);
    case OP_PURGE:
        return g_strdup_printf(_("delete '%s' for good"), subject);
    case OP_APPEND:
        return g_strdup_printf(_("store '%s' in %s"), subject, destination);
    case OP_FOLDER_RENAME:
        return g_strdup_printf(_("rename folder %s to %s"), destination, subject);
    case OP_FOLDER_CREATE:
        return g_strdup_printf(_("make folder %s"), subject);
    case OP_FOLDER_DELETE:
        return g_strdup_printf(_("delete folder %s"), subject);
    case OP_FOLDER_SUBSCRIBE:
        return g_strdup_printf(add ? _("subscribe to %s") : _("unsubscribe from %s"), subject);
    case OP_RELAY:
        return g_strdup_printf(_("take '%s' to %s, of another account"), subject, destination);
    }
    return g_strdup(subject);
}

GPtrArray *ops_list(Store *s, gboolean parked_only, GError **err)
{
    GPtrArray *rows = g_ptr_array_new_with_free_func((GDestroyNotify)op_row_free);
    sqlite3_stmt *st = db_query(&s->db,
                                "SELECT o.id, o.account, o.placement, o.message, o.kind, o.state,"
                                " o.words, o.created, o.subject, d.name, o.add_flags FROM op o"
                                " LEFT JOIN folder d ON d.id = o.destination"
                                " WHERE o.state = 2 OR ? = 0 ORDER BY o.id",
                                "i", I64(parked_only));
    while (db_step(&s->db, st)) {
        OpRow *r = g_new0(OpRow, 1);
        r->id = db_int(st, 0);
        r->account = db_int(st, 1);
        r->placement = db_int(st, 2);
        r->message = db_int(st, 3);
        r->kind = (OpKind)db_int(st, 4);
        r->state = (OpState)db_int(st, 5);
        r->words = db_text(st, 6);
        r->since = db_int(st, 7);
        g_autofree char *subject = db_text(st, 8);
        r->what = describe(r->kind, subject, db_peek(st, 9), (guint)db_int(st, 10));
        g_ptr_array_add(rows, r);
    }
    if (db_ok(&s->db, err))
        return rows;
    g_ptr_array_unref(rows);
    return NULL;
}

guint ops_count(Store *s, OpState state)
{
    /* An operation leaves soon or is a problem for a person: there are never very many. */
    gint64 n = db_number(&s->db, 0, "SELECT count(*) FROM op WHERE state = ?", "i", I64(state));
    db_ok(&s->db, NULL);
    return (guint)n;
}

typedef struct {
    gint64 id, placement, to, replaces, folder;
    OpKind kind;
} Parked;

static gboolean load_parked(Store *s, gint64 id, Parked *p)
{
    sqlite3_stmt *st = db_query(&s->db,
                                "SELECT placement, destination_placement, replaces, folder, kind"
                                " FROM op WHERE id = ? AND state = 2",
                                "i", id);
    if (!db_step(&s->db, st))
        return FALSE;
    *p = (Parked){
        id, db_int(st, 0), db_int(st, 1), db_int(st, 2), db_int(st, 3), (OpKind)db_int(st, 4)};
    db_reset(st);
    return TRUE;
}

static gboolean gone(Store *s, GError **err)
{
    txn_rollback(s);
    if (db_ok(&s->db, err))
        error_set(err, PINTAIL_ERROR_GONE, _("that problem is not there any more"));
    return FALSE;
}

static gboolean is_of_folder(OpKind kind)
{
    return kind == OP_FOLDER_RENAME || kind == OP_FOLDER_DELETE || kind == OP_FOLDER_SUBSCRIBE || kind == OP_FOLDER_CREATE;
}

/* A folder that the server will not have, and that holds nothing. */
static gboolean give_up_folder(Store *s, const Parked *p, GError **err)
{
    return p->kind != OP_FOLDER_CREATE || !(folder_flags(s, p->folder) & FOLDER_TO_CREATE) ||
           folder_holds_only_copies(s, p->folder) || folder_remove(s, p->folder, err);
}

gboolean op_retry(Store *s, gint64 id, GError **err)
{
    Parked p;
    if (!txn_begin(s, TRUE, err))
        return FALSE;
    if (!load_parked(s, id, &p))
        return gone(s, err);
    if (is_of_folder(p.kind)) {
        db_run(&s->db, "UPDATE op SET state = 0, words = '' WHERE id = ?", "i", id);
        folder_recompute(s, p.folder);
        return txn_commit(s, err);
    }
    if (p.kind != OP_APPEND &&
        !db_number(&s->db, 0,
                   "SELECT server_here OR EXISTS(SELECT 1 FROM op WHERE"
                   " destination_placement = ?1 AND destination_placement <> 0)"
                   " FROM placement WHERE id = ?1",
                   "i", p.placement)) {
        txn_rollback(s);
        error_set(err, PINTAIL_ERROR_REFUSED,
                  _("the message is no longer there: this can only be dismissed"));
        return FALSE;
    }
    db_run(&s->db, "UPDATE op SET state = 0, words = '' WHERE id = ?", "i", id);
    placement_recompute(s, p.placement);
    if (p.replaces)
        placement_recompute(s, p.replaces);
    return txn_commit(s, err);
}

/* What was done to the moved message is meant for the message, which stays where it is. */
static void hand_back(Store *s, const Parked *p)
{
    db_run(&s->db, "UPDATE op SET placement = ?, folder = ? WHERE placement = ?", "iii",
           p->placement, p->folder, p->to);
    gint64 op;
    while ((
        op = db_number(&s->db, 0,
                       "SELECT id FROM op WHERE placement = ? AND kind = 1 AND destination = folder"
                       " LIMIT 1",
                       "i", p->placement))) {
        gint64 to =
            db_number(&s->db, 0, "SELECT destination_placement FROM op WHERE id = ?", "i", op);
        Parked back = {.placement = p->placement, .to = to, .folder = p->folder};
        db_run(&s->db, "DELETE FROM op WHERE id = ?", "i", op);
        db_run(&s->db, "UPDATE op SET placement = ?, folder = ? WHERE placement = ?", "iii",
               back.placement, back.folder, back.to);
        placement_recompute(s, to);
        placement_collect(s, to);
    }
}

gboolean op_dismiss(Store *s, gint64 id, GError **err)
{
    Parked p;
    if (!txn_begin(s, TRUE, err))
        return FALSE;
    if (!load_parked(s, id, &p))
        return gone(s, err);
    if (is_of_folder(p.kind)) {
        db_run(&s->db, "DELETE FROM op WHERE id = ?", "i", id);
        folder_recompute(s, p.folder);
    } else if (p.kind == OP_APPEND) {
        /* The message existed only here, and the person gives it up; what it was to replace stays.
         */
        db_run(&s->db, "UPDATE op SET replaces = 0 WHERE id = ?", "i", id);
        append_withdraw(s, id);
        if (p.replaces)
            placement_recompute(s, p.replaces);
    } else {
        db_run(&s->db, "DELETE FROM op WHERE id = ?", "i", id);
        if (p.kind == OP_MOVE)
            hand_back(s, &p);
        else if (p.to)
            placement_unmake(s, p.to);
        if (p.to) {
            placement_recompute(s, p.to);
            placement_collect(s, p.to);
        }
        placement_settle_lost(s, p.placement);
        placement_recompute(s, p.placement);
        placement_collect(s, p.placement);
    }
    if (!txn_commit(s, err))
        return FALSE;
    file_todo_run(s);
    return give_up_folder(s, &p, err);
}
