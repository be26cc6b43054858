/* txn.c - write transactions: gate, commit, events afterwards. See private.h. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>
#include "private.h"
#include "maildir_files.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"

static void forget(Store *s)
{
    s->in_txn = s->db.in_txn = FALSE;
    s->seq = 0;
    g_hash_table_remove_all(s->touched);
    g_hash_table_remove_all(s->counted);
    g_ptr_array_set_size(s->renames, 0);
    g_hash_table_remove_all(s->unsynced);
}

gboolean txn_begin(Store *s, gboolean durable, GError **err)
{
    g_assert(!s->in_txn);
    if (s->home->flags & STORE_READ_ONLY) {
        error_set(err, PINTAIL_ERROR_REFUSED, _("opened read only: nothing is changed"));
        return FALSE;
    }
    db_ok(&s->db, NULL); /* what a read left behind has been reported by it */
    gate_enter(&s->home->gate, s->priority == STORE_FOR_PERSON);
    if (!db_synchronous(&s->db, durable) || !db_script(&s->db, "BEGIN IMMEDIATE")) {
        gate_leave(&s->home->gate);
        return db_ok(&s->db, err);
    }
    s->in_txn = s->db.in_txn = TRUE;
    return TRUE;
}

gint64 txn_seq(Store *s)
{
    if (s->seq == 0) {
        db_run(&s->db, "UPDATE sequence SET value = value + 1", "");
        s->seq = db_number(&s->db, 0, "SELECT value FROM sequence", "");
    }
    return s->seq;
}

static gint64 *boxed(gint64 n)
{
    gint64 *box = g_new(gint64, 1);
    *box = n;
    return box;
}

void txn_touch(Store *s, gint64 account, gint64 folder)
{
    txn_seq(s);
    if (!g_hash_table_contains(s->touched, &folder))
        g_hash_table_insert(s->touched, boxed(folder), boxed(account));
}

void txn_touch_list(Store *s, gint64 account)
{
    txn_seq(s);
    g_hash_table_add(s->counted, boxed(account));
}

void txn_renamed(Store *s, const char *from, const char *to)
{
    g_ptr_array_add(s->renames, g_strdup(from));
    g_ptr_array_add(s->renames, g_strdup(to));
}

void txn_created(Store *s, const char *path)
{
    g_ptr_array_add(s->renames, NULL);
    g_ptr_array_add(s->renames, g_strdup(path));
}

void txn_sync_parent(Store *s, const char *path)
{
    g_hash_table_add(s->unsynced, g_path_get_dirname(path));
}

static void sync_directories(Store *s)
{
    GHashTableIter it;
    gpointer directory;
    g_hash_table_iter_init(&it, s->unsynced);
    while (!db_failed(&s->db) && g_hash_table_iter_next(&it, &directory, NULL)) {
        GError *err = NULL;
        if (!maildir_sync_directory(directory, &err))
            db_fail(&s->db, err);
    }
}

/* Best effort, newest first: what cannot be undone is found by the next rescan. */
static void undo_files(Store *s)
{
    for (guint i = s->renames->len; i >= 2; i -= 2) {
        const char *from = s->renames->pdata[i - 2], *to = s->renames->pdata[i - 1];
        if (!from)
            unlink(to);
        else
            maildir_rename_new(to, from);
    }
}

void txn_rollback(Store *s)
{
    g_assert(s->in_txn);
    if (!sqlite3_get_autocommit(s->db.sql))
        sqlite3_exec(s->db.sql, "ROLLBACK", NULL, NULL, NULL);
    undo_files(s);
    forget(s);
    gate_leave(&s->home->gate);
}

gboolean txn_abandon(Store *s, GError **err)
{
    txn_rollback(s);
    db_ok(&s->db, err);
    return FALSE;
}

static void announce(Store *s, GHashTable *touched, GHashTable *counted, gint64 seq)
{
    StoreHome *h = s->home;
    if (!h->listener)
        return;
    GHashTableIter it;
    gpointer folder, account;
    g_hash_table_iter_init(&it, touched);
    while (g_hash_table_iter_next(&it, &folder, &account))
        h->listener(*(gint64 *)account, *(gint64 *)folder, seq, h->listener_data);
    g_hash_table_iter_init(&it, counted);
    while (g_hash_table_iter_next(&it, &account, NULL))
        h->listener(*(gint64 *)account, 0, seq, h->listener_data);
}

gboolean txn_commit(Store *s, GError **err)
{
    g_assert(s->in_txn);
    sync_directories(s); /* files first: what the database says about them is then true */
    if (db_failed(&s->db) || !db_script(&s->db, "COMMIT"))
        return txn_abandon(s, err);
    gint64 seq = s->seq;
    if (seq)
        atomic_fetch_add(&s->home->own_commits, 1);
    g_autoptr(GHashTable) touched = s->touched;
    g_autoptr(GHashTable) counted = s->counted;
    s->touched = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    s->counted = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    forget(s);
    gate_leave(&s->home->gate);
    announce(s, touched, counted, seq);
    return TRUE;
}

void txn_remove_file(Store *s, const char *path)
{
    db_run(&s->db, "INSERT INTO file_todo(path) VALUES(?)", "t", path);
}

/* The base name counts: another program may have changed the flags in the name meanwhile. */
static gboolean remove_file(const char *path)
{
    if (unlink(path) == 0)
        return TRUE;
    if (errno != ENOENT)
        return FALSE;
    g_autofree char *found = maildir_find_path(path);
    return !found || unlink(found) == 0 || errno == ENOENT;
}

void file_todo_run(Store *s)
{
    if (s->home->flags & STORE_READ_ONLY)
        return;
    g_autoptr(GArray) done = g_array_new(FALSE, FALSE, sizeof(gint64));
    g_autoptr(GHashTable) directories =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    sqlite3_stmt *st =
        db_query(&s->db, "SELECT id, path FROM file_todo ORDER BY id LIMIT 1000", "");
    while (db_step(&s->db, st)) {
        gint64 id = db_int(st, 0);
        if (!remove_file(db_peek(st, 1)))
            continue;
        g_array_append_val(done, id);
        g_hash_table_add(directories, g_path_get_dirname(db_peek(st, 1)));
    }
    db_ok(&s->db, NULL);
    if (done->len == 0)
        return;
    GHashTableIter it;
    gpointer directory;
    g_hash_table_iter_init(&it, directories);
    while (g_hash_table_iter_next(&it, &directory, NULL)) {
        if (!maildir_sync_directory(directory, NULL))
            return; /* the rows stay: done again after a crash */
    }
    if (!txn_begin(s, FALSE, NULL))
        return;
    for (guint i = 0; i < done->len; i++)
        db_run(&s->db, "DELETE FROM file_todo WHERE id = ?", "i", g_array_index(done, gint64, i));
    txn_commit(s, NULL);
}

gboolean read_begin(Store *s)
{
    return s->in_txn || db_script(&s->db, "BEGIN");
}

void read_end(Store *s)
{
    if (!s->in_txn && !sqlite3_get_autocommit(s->db.sql))
        sqlite3_exec(s->db.sql, "COMMIT", NULL, NULL, NULL);
}

gint64 slice_end(void)
{
    return g_get_monotonic_time() + SLICE_US;
}
