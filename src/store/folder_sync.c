/* folder_sync.c - folders as a server lists them, and how far each is synced.
 *
 * A server may leave a folder out of a LIST by mistake: one that is missing is kept, marked,
 * until a second LIST lacks it too, and for as long as something in it exists only here. An
 * empty LIST proves nothing. */
#include <string.h>
#include "folder_private.h"
#include "message_private.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"

#define KEPT_FLAGS                                                                                 \
    (FOLDER_LOCAL | FOLDER_READ_ONLY | FOLDER_TO_DELETE | FOLDER_PINNED | FOLDER_COLLAPSED |        \
     FOLDER_ROLE_BY_HAND)

static const char *canonical(const char *name)
{
    return g_ascii_strcasecmp(name, "INBOX") == 0 ? "INBOX" : name;
}

static void list_one(Store *s, gint64 account, const ListedFolder *l)
{
    const char *name = canonical(l->name);
    FolderRole role = strcmp(name, "INBOX") == 0 ? ROLE_INBOX : l->role;
    const char *delimiter = l->delimiter ? l->delimiter : "";
    const char *mailbox_id = l->mailbox_id ? l->mailbox_id : "";
    gint64 id = 0, have_flags = 0, have_role = 0, kept = KEPT_FLAGS;
    gboolean same = FALSE;
    sqlite3_stmt *st = db_query(
        &s->db,
        "SELECT id, flags, role, delimiter, missing, mailbox_id FROM folder WHERE account = ?"
        " AND name = ?",
        "it", account, name);
    if (db_step(&s->db, st)) {
        id = db_int(st, 0);
        have_flags = db_int(st, 1);
        have_role = db_int(st, 2);
        same = strcmp(db_peek(st, 3), delimiter) == 0 && db_int(st, 4) == 0 &&
               (!*mailbox_id || strcmp(db_peek(st, 5), mailbox_id) == 0);
        db_reset(st);
    }
    /* A server that does not say (no SPECIAL-USE) leaves what was chosen here. */
    if (role != ROLE_NONE && db_number(&s->db, 0,
                                       "SELECT 1 FROM folder WHERE account = ? AND role = ?"
                                       " AND flags & 512 AND name <> ?",
                                       "iit", account, I64(role), name))
        role = ROLE_NONE; /* the person has given it to another folder */
    if (id && (role == ROLE_NONE || (have_flags & FOLDER_ROLE_BY_HAND)))
        role = (FolderRole)have_role;
    else if (role != ROLE_NONE) /* and one folder only has it: the account may name another now */
        db_run(&s->db, "UPDATE folder SET role = ? WHERE account = ? AND role = ? AND name <> ?",
               "iiit", I64(ROLE_NONE), account, I64(role), name);
    if (id && db_number(&s->db, 0, "SELECT 1 FROM op WHERE message = ? AND kind = 7", "i", -id))
        kept |= FOLDER_SUBSCRIBED;
    gint64 flags = (I64(l->flags) & ~(kept | FOLDER_TO_CREATE | FOLDER_VANISHED)) | (have_flags & kept);
    if (!id) {
        id = folder_insert(s, account, name, delimiter, role, (guint)flags, NULL);
        if (*mailbox_id)
            db_run(&s->db, "UPDATE folder SET mailbox_id = ? WHERE id = ?", "ti", mailbox_id, id);
    }
    else if (!same || flags != have_flags || (gint64)role != have_role) {
        db_run(&s->db,
               "UPDATE folder SET flags = ?, role = ?, delimiter = ?, missing = 0,"
               " mailbox_id = CASE ?5 WHEN '' THEN mailbox_id ELSE ?5 END WHERE id = ?4",
               "iitit", flags, I64(role), delimiter, id, mailbox_id);
        folders_changed(s, account);
    }
}

gboolean folder_holds_only_copies(Store *s, gint64 folder)
{
    return db_number(&s->db, 1,
                     "SELECT EXISTS(SELECT 1 FROM op WHERE folder = ?1 OR destination = ?1)"
                     " OR EXISTS(SELECT 1 FROM placement WHERE folder = ?1 AND file IS NOT NULL)",
                     "i", folder) != 0;
}

gboolean folder_remove(Store *s, gint64 folder, GError **err)
{
    for (gboolean more = TRUE; more;) {
        if (!txn_begin(s, FALSE, err))
            return FALSE;
        gint64 account = folder_account(s, folder);
        gint64 end = slice_end();
        gint64 id = 1;
        while (g_get_monotonic_time() < end &&
               (id = db_number(&s->db, 0, "SELECT id FROM placement WHERE folder = ? LIMIT 1", "i",
                               folder)))
            placement_delete(s, id);
        more = id != 0;
        if (!more) {
            db_run(&s->db, "DELETE FROM tombstone WHERE folder = ?", "i", folder);
            db_run(&s->db, "DELETE FROM folder_thread WHERE folder = ?", "i", folder);
            db_run(&s->db, "DELETE FROM folder WHERE id = ?", "i", folder);
            folders_changed(s, account);
        }
        if (!txn_commit(s, err))
            return FALSE;
    }
    return TRUE;
}

static gboolean mark_missing(Store *s, gint64 account, GHashTable *listed, GArray *doomed,
                             GError **err)
{
    g_autoptr(GArray) missing = g_array_new(FALSE, FALSE, sizeof(gint64));
    if (!txn_begin(s, FALSE, err))
        return FALSE;
    sqlite3_stmt *st = db_query(&s->db,
                                "SELECT id, name FROM folder WHERE account = ? AND flags & 12 = 0"
                                " AND name <> 'INBOX'",
                                "i", account);
    while (db_step(&s->db, st)) {
        gint64 id = db_int(st, 0);
        if (!g_hash_table_contains(listed, db_peek(st, 1)))
            g_array_append_val(missing, id);
    }
    for (guint i = 0; i < missing->len; i++) {
        gint64 id = g_array_index(missing, gint64, i);
        db_run(&s->db, "UPDATE folder SET missing = missing + 1, flags = flags | ? WHERE id = ?",
               "ii", I64(FOLDER_VANISHED), id);
        folders_changed(s, account);
        if (db_number(&s->db, 0, "SELECT missing FROM folder WHERE id = ?", "i", id) >= 2 &&
            !folder_holds_only_copies(s, id))
            g_array_append_val(doomed, id);
    }
    return txn_commit(s, err);
}

/* Another client has renamed it (RFC 8474 section 4): all that is known of it stays. */
static void follow_rename(Store *s, gint64 account, const ListedFolder *l, GHashTable *listed)
{
    g_autofree char *before = NULL;
    gint64 id = 0;
    if (!l->mailbox_id || !*l->mailbox_id ||
        db_number(&s->db, 0, "SELECT 1 FROM folder WHERE account = ? AND name = ?", "it", account, l->name))
        return;
    sqlite3_stmt *st = db_query(&s->db,
                                "SELECT id, name FROM folder WHERE account = ? AND mailbox_id = ?"
                                " AND name <> 'INBOX' LIMIT 1",
                                "it", account, l->mailbox_id);
    if (db_step(&s->db, st)) {
        id = db_int(st, 0);
        before = db_text(st, 1);
        db_reset(st);
    }
    if (!id || g_hash_table_contains(listed, before))
        return;
    db_run(&s->db, "UPDATE folder SET name = ?, missing = 0, flags = flags & ~16 WHERE id = ?", "ti", l->name, id);
    folders_changed(s, account);
}

/* What was put into "Sent" before the server's folders were known belongs into what the server calls so: the
 * folder that was to be made for a role becomes the one that has it. */
static void take_place(Store *s, gint64 account, const ListedFolder *l)
{
    if (l->role == ROLE_NONE || l->role == ROLE_INBOX || !*l->name || (l->flags & FOLDER_NOSELECT))
        return;
    gint64 id = db_number(&s->db, 0,
                          "SELECT f.id FROM folder f WHERE f.account = ?1 AND f.role = ?2 AND f.flags & 520 = 8"
                          " AND NOT EXISTS(SELECT 1 FROM folder WHERE account = ?1 AND name = ?3)"
                          " AND NOT EXISTS(SELECT 1 FROM op WHERE message = -f.id) LIMIT 1",
                          "iit", account, I64(l->role), canonical(l->name));
    if (!id)
        return;
    db_run(&s->db, "UPDATE folder SET name = ? WHERE id = ?", "ti", canonical(l->name), id);
    folders_changed(s, account);
}

/* The others get the server's delimiter, and the prefix without which it makes no folders. */
static void fit_names(Store *s, gint64 account)
{
    g_autofree char *delimiter = db_string(
        &s->db, "SELECT delimiter FROM folder WHERE account = ? AND name = 'INBOX' AND delimiter <> ''", "i", account);
    g_autoptr(GArray) flat = g_array_new(FALSE, FALSE, sizeof(gint64));
    sqlite3_stmt *st = delimiter ? db_query(&s->db,
                                            "SELECT id FROM folder WHERE account = ? AND flags & 8 AND role <> 0"
                                            " AND delimiter = ''",
                                            "i", account)
                                 : NULL;
    while (st && db_step(&s->db, st)) {
        gint64 id = db_int(st, 0);
        g_array_append_val(flat, id);
    }
    for (guint i = 0; i < flat->len; i++) {
        gint64 id = g_array_index(flat, gint64, i);
        g_autofree char *typed = db_string(&s->db, "SELECT name FROM folder WHERE id = ?", "i", id);
        g_autofree char *name = folder_wire_name(s, account, typed ? typed : "");
        db_run(&s->db, "UPDATE OR IGNORE folder SET name = ?, delimiter = ? WHERE id = ?", "tti", name, delimiter, id);
        folders_changed(s, account);
    }
}

static gboolean take_places(Store *s, gint64 account, const ListedFolder *listed, guint n, GError **err)
{
    if (!db_number(&s->db, 0, "SELECT 1 FROM folder WHERE account = ? AND flags & 8 AND role <> 0", "i", account))
        return db_ok(&s->db, err);
    if (!txn_begin(s, FALSE, err))
        return FALSE;
    for (guint i = 0; i < n; i++)
        take_place(s, account, &listed[i]);
    return txn_commit(s, err);
}

gboolean folders_seen(Store *s, gint64 account, const ListedFolder *listed, guint n, GError **err)
{
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < n; i++)
        if (*listed[i].name)
            g_hash_table_add(names, (gpointer)canonical(listed[i].name));
    if (!take_places(s, account, listed, n, err))
        return FALSE;
    for (guint i = 0; i < n;) {
        if (!txn_begin(s, FALSE, err))
            return FALSE;
        for (gint64 end = slice_end(); i < n && g_get_monotonic_time() < end; i++) {
            if (!*listed[i].name)
                continue;
            follow_rename(s, account, &listed[i], names);
            list_one(s, account, &listed[i]);
        }
        if (i == n)
            fit_names(s, account);
        if (!txn_commit(s, err))
            return FALSE;
    }
    return TRUE;
}

gboolean folders_listed(Store *s, gint64 account, const ListedFolder *listed, guint n, GError **err)
{
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < n; i++)
        if (*listed[i].name)
            g_hash_table_add(names, (gpointer)canonical(listed[i].name));
    if (!folders_seen(s, account, listed, n, err))
        return FALSE;
    if (g_hash_table_size(names) == 0)
        return TRUE;
    g_autoptr(GArray) doomed = g_array_new(FALSE, FALSE, sizeof(gint64));
    if (!mark_missing(s, account, names, doomed, err))
        return FALSE;
    for (guint i = 0; i < doomed->len; i++) {
        if (!folder_remove(s, g_array_index(doomed, gint64, i), err))
            return FALSE;
    }
    return TRUE;
}

gboolean folder_created(Store *s, gint64 folder, GError **err)
{
    if (!txn_begin(s, TRUE, err))
        return FALSE;
    db_run(&s->db, "UPDATE folder SET flags = flags & ~? WHERE id = ?", "ii", I64(FOLDER_TO_CREATE),
           folder);
    folders_changed(s, folder_account(s, folder));
    return txn_commit(s, err);
}

/* ---- the sync position ---- */

/* A message that a server took without telling its UID, and that looks different there (some
 * rewrite what they store), is never found again by Message-ID + size. Its own row has come with
 * the sync; after the third complete one the waiting row has served. */
static void give_up_waiting(Store *s, gint64 folder, guint32 uidnext, guint32 floor_uid)
{
    db_run(&s->db,
           "UPDATE placement INDEXED BY placement_await SET await_rounds = await_rounds + 1"
           " WHERE folder = ? AND uid IS NULL"
           " AND file IS NULL AND await_uidnext > 0 AND await_uidnext < ? AND await_uidnext >= ?",
           "iii", folder, I64(uidnext), I64(floor_uid));
    if (!db_changes(&s->db))
        return;
    gint64 id;
    while ((id = db_number(
                &s->db, 0,
                "SELECT p.id FROM placement p INDEXED BY placement_await WHERE p.folder = ?"
                " AND p.uid IS NULL"
                " AND p.file IS NULL AND p.await_rounds >= 3 AND NOT EXISTS(SELECT 1 FROM op o"
                " WHERE o.placement = p.id) AND NOT EXISTS(SELECT 1 FROM op o"
                " WHERE o.destination_placement = p.id AND o.destination_placement <> 0)"
                " LIMIT 1",
                "i", folder)))
        placement_delete(s, id);
}

gboolean folder_set_synced(Store *s, gint64 folder, guint32 uidnext, guint64 highestmodseq,
                           guint32 floor_uid, GError **err)
{
    if (!txn_begin(s, FALSE, err))
        return FALSE;
    db_run(&s->db, "UPDATE folder SET uidnext = ?, highestmodseq = ?, floor_uid = ? WHERE id = ?",
           "iiii", I64(uidnext), I64(highestmodseq), I64(floor_uid), folder);
    if (floor_uid)
        give_up_waiting(s, folder, uidnext, floor_uid);
    return txn_commit(s, err);
}

gboolean folder_set_uidvalidity(Store *s, gint64 folder, guint32 uidvalidity, GError **err)
{
    if (!txn_begin(s, FALSE, err))
        return FALSE;
    gint64 have = db_number(&s->db, -1, "SELECT uidvalidity FROM folder WHERE id = ?", "i", folder);
    if (have < 0) {
        txn_rollback(s);
        if (db_ok(&s->db, err))
            error_set(err, PINTAIL_ERROR_GONE, _("that folder is not there any more"));
        return FALSE;
    }
    if (have != (gint64)uidvalidity) {
        db_run(&s->db,
               "UPDATE folder SET uidvalidity = ?, uidnext = 0, highestmodseq = 0, floor_uid = 0"
               " WHERE id = ?",
               "ii", I64(uidvalidity), folder);
        /* What waited for a UID of the old counting may get any of the new one. */
        db_run(&s->db,
               "UPDATE placement INDEXED BY placement_await"
               " SET await_uidnext = min(await_uidnext, 1) WHERE folder = ?"
               " AND uid IS NULL AND file IS NULL AND await_uidnext > 1",
               "i", folder);
    }
    return txn_commit(s, err);
}

static gint64 next_unbound(Store *s, gint64 folder, gint64 uidvalidity)
{
    static const char *const sql[] = {
        "SELECT id FROM placement WHERE folder = ? AND uidvalidity < ? AND uid IS NOT NULL LIMIT 1",
        "SELECT id FROM placement WHERE folder = ? AND uidvalidity > ? AND uid IS NOT NULL LIMIT 1",
    };
    gint64 id = db_number(&s->db, 0, sql[0], "ii", folder, uidvalidity);
    return id ? id : db_number(&s->db, 0, sql[1], "ii", folder, uidvalidity);
}

gboolean folder_drop_unbound(Store *s, gint64 folder, GError **err)
{
    for (gint64 id = 1; id;) {
        if (!txn_begin(s, TRUE, err)) /* an operation may be parked by it */
            return FALSE;
        gint64 uidvalidity =
            db_number(&s->db, 0, "SELECT uidvalidity FROM folder WHERE id = ?", "i", folder);
        gint64 end = slice_end();
        while (g_get_monotonic_time() < end && (id = next_unbound(s, folder, uidvalidity)))
            placement_vanish(s, id);
        if (!txn_commit(s, err))
            return FALSE;
    }
    return TRUE;
}
