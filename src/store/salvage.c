/* salvage.c - a damaged store.db: what exists only here is saved from it, and it is set aside.
 *
 * Saved: accounts and folders with their ids, operations with the placements and messages
 * that they name, POP3 UIDLs, the outbox, trusted certificates, named values, threads that were broken, joined or
 * muted by hand. Everything else
 * is rebuilt: lists and flags from servers, local mail from its files. Each table is read from its
 * beginning up to the damage and from its end down to it.
 *
 * Steps, so that a crash anywhere repeats or completes it: read into store.db.salvage; rename that
 * to store.db.salvaged (now it counts); set the damaged one aside; rename to store.db. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "change_private.h"
#include "schema.h"
#include "pintail/util/error.h"
#include "pintail/util/file.h"
#include "pintail/util/i18n.h"
#include "pintail/util/log.h"

#define ID_GAP 1000000 /* ids that could not be read are not used again either */

/* ---- is it damaged? ---- */
static gboolean is_damage(int rc)
{
    return (rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB;
}

static int first_row(sqlite3 *sql, const char *query, gboolean *ok)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(sql, query, -1, &st, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(st);
    const char *text = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(st, 0) : NULL;
    *ok = text && strcmp(text, "ok") == 0;
    sqlite3_finalize(st);
    return rc;
}

gboolean salvage_needed(const char *path)
{
    g_autofree char *mark = db_damage_mark(path);
    gboolean marked = access(mark, F_OK) == 0;
    if (access(path, F_OK) < 0)
        return FALSE;
    sqlite3 *sql = NULL;
    gboolean ok = FALSE;
    int rc = sqlite3_open_v2(path, &sql, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_busy_timeout(sql, 10000);
        rc = first_row(
            sql, marked ? "PRAGMA quick_check(1)" : "SELECT max(rootpage) FROM sqlite_master", &ok);
    }
    sqlite3_close(sql);
    if (marked && ok)
        unlink(mark);
    return is_damage(rc) || (marked && rc == SQLITE_ROW && !ok);
}

/* ---- setting aside ---- */
static gboolean move(const char *from, const char *to, GError **err)
{
    if (rename(from, to) == 0 || errno == ENOENT)
        return TRUE;
    error_set_errno(err, PINTAIL_ERROR_STORE, errno, _("cannot move '%s' to '%s'"), from, to);
    return FALSE;
}

gboolean salvage_set_aside(const char *directory, const char *name, char **where, GError **err)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    g_autofree char *aside = NULL;
    for (int n = 1; !aside || access(aside, F_OK) == 0; n++) {
        g_free(aside);
        aside = g_strdup_printf("%s.aside-%d", path, n);
    }
    static const char *const suffixes[] = {"-wal", "-shm", ""};
    for (guint i = 0; i < G_N_ELEMENTS(suffixes); i++) {
        g_autofree char *from = g_strconcat(path, suffixes[i], NULL);
        g_autofree char *to = g_strconcat(aside, suffixes[i], NULL);
        if (!move(from, to, err))
            return FALSE;
    }
    g_autofree char *mark = db_damage_mark(path);
    unlink(mark);
    if (where)
        *where = g_steal_pointer(&aside);
    return file_sync_directory(directory, err);
}

/* ---- copying what can be read ---- */
typedef struct {
    sqlite3 *from;
    sqlite3 *to;
} Copy;

static gboolean has_column(sqlite3 *sql, const char *table, const char *column)
{
    return sqlite3_table_column_metadata(sql, NULL, table, column, NULL, NULL, NULL, NULL, NULL) ==
           SQLITE_OK;
}

/* One row of any statement into `table`, the columns that both have. */
static void insert_row(Copy *c, const char *table, sqlite3_stmt *row)
{
    g_autoptr(GString) columns = g_string_new(NULL);
    g_autoptr(GString) marks = g_string_new(NULL);
    for (int i = 0; i < sqlite3_column_count(row); i++) {
        const char *name = sqlite3_column_name(row, i);
        if (!has_column(c->to, table, name))
            continue;
        g_string_append_printf(columns, "%s\"%s\"", columns->len ? ", " : "", name);
        g_string_append_printf(marks, "%s?%d", marks->len ? ", " : "", i + 1);
    }
    g_autofree char *text =
        g_strdup_printf("INSERT OR IGNORE INTO %s(%s) VALUES(%s)", table, columns->str, marks->str);
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(c->to, text, -1, &st, NULL) == SQLITE_OK) {
        for (int i = 0; i < sqlite3_column_count(row); i++) {
            if (i < sqlite3_bind_parameter_count(st))
                sqlite3_bind_value(st, i + 1, sqlite3_column_value(row, i));
        }
        sqlite3_step(st);
    }
    sqlite3_finalize(st);
}

/* FALSE: the damage was met. */
static gboolean copy_rows(Copy *c, const char *table, const char *query)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(c->from, query, -1, &st, NULL);
    if (rc == SQLITE_OK) {
        while ((rc = sqlite3_step(st)) == SQLITE_ROW)
            insert_row(c, table, st);
    }
    sqlite3_finalize(st);
    return rc == SQLITE_DONE;
}

static void copy_table(Copy *c, const char *table, const char *key)
{
    g_autofree char *up = g_strdup_printf("SELECT * FROM %s NOT INDEXED", table);
    g_autofree char *down = g_strdup_printf("SELECT * FROM %s ORDER BY %s DESC", table, key);
    if (!copy_rows(c, table, up))
        copy_rows(c, table, down);
}

static const struct {
    const char *table, *key;
} tables[] = {
    {"account", "id"},
    {"folder", "id"},
    {"trust", "host DESC, port"},
    {"op", "id"},
    {"uidl", "account DESC, uidl"},
    {"outbox", "id"},
    {"outbox_recipient", "outbox DESC, n"},
    {"file_todo", "id"},
    {"meta", "key"},
    {"namespace", "account DESC, kind"},
    {"thread_hand", "account DESC, hash"},
    {"thread_mute", "account DESC, hash"},
};

/* The rows that operations and the outbox name; one that cannot be read is missing there too. */
static const char *const named[][2] = {
    {"placement", "SELECT DISTINCT placement FROM op"},
    {"placement", "SELECT DISTINCT destination_placement FROM op WHERE destination_placement <> 0"},
    {"placement", "SELECT DISTINCT replaces FROM op WHERE replaces <> 0"},
    {"message", "SELECT DISTINCT message FROM op"},
};

static void copy_named(Copy *c, const char *table, const char *ids)
{
    g_autofree char *query = g_strdup_printf("SELECT * FROM %s WHERE id = ?", table);
    sqlite3_stmt *list = NULL, *row = NULL;
    if (sqlite3_prepare_v2(c->to, ids, -1, &list, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(c->from, query, -1, &row, NULL) == SQLITE_OK) {
        while (sqlite3_step(list) == SQLITE_ROW) {
            sqlite3_bind_int64(row, 1, sqlite3_column_int64(list, 0));
            if (sqlite3_step(row) == SQLITE_ROW)
                insert_row(c, table, row);
            sqlite3_reset(row);
        }
    }
    sqlite3_finalize(list);
    sqlite3_finalize(row);
}

/* Positions and counters belong to what is not here; ids go on behind all that may have been. */
static const char settle[] =
    "DELETE FROM meta WHERE key IN ('cache-epoch', 'index-epoch');"
    "INSERT OR REPLACE INTO meta VALUES('salvaged', '1');"
    "UPDATE folder SET total = 0, unread = 0, uidnext = 0, highestmodseq = 0, floor_uid = 0,"
    "  new_time = 0, cur_time = 0;"
    "UPDATE uidl SET message = 0; DELETE FROM uidl WHERE partial = 1;"
    "UPDATE placement SET shown = 0, base = NULL, file = NULL;"
    "UPDATE message SET content = 0, thread = id;"
    "UPDATE outbox SET answers = 0, draft = 0"
    "  WHERE answers NOT IN (SELECT id FROM placement) OR draft NOT IN (SELECT id FROM placement);"
    "DELETE FROM sqlite_sequence WHERE name IN ('message', 'placement', 'op', 'outbox', 'folder',"
    "  'account', 'undo_group');";

static void raise_ids(Copy *c)
{
    static const char *const with_ids[] = {"message", "placement", "op",        "outbox",
                                           "folder",  "account",   "undo_group"};
    for (guint i = 0; i < G_N_ELEMENTS(with_ids); i++) {
        gint64 highest = 0;
        sqlite3_stmt *st = NULL;
        g_autofree char *ask = g_strdup_printf("SELECT max(id) FROM %s", with_ids[i]);
        sqlite3 *both[] = {c->from, c->to};
        for (guint n = 0; n < 2; n++) {
            if (sqlite3_prepare_v2(both[n], ask, -1, &st, NULL) == SQLITE_OK &&
                sqlite3_step(st) == SQLITE_ROW)
                highest = MAX(highest, sqlite3_column_int64(st, 0));
            sqlite3_finalize(st);
            st = NULL;
        }
        g_autofree char *put = g_strdup_printf(
            "INSERT INTO sqlite_sequence(name, seq) VALUES('%s', %" G_GINT64_FORMAT ")",
            with_ids[i], highest + ID_GAP);
        sqlite3_exec(c->to, put, NULL, NULL, NULL);
    }
}

static int open_damaged(const char *path, sqlite3 **sql)
{
    int rc = sqlite3_open_v2(path, sql, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK)
        sqlite3_exec(*sql, "PRAGMA cell_size_check=ON", NULL, NULL, NULL);
    return rc;
}

static guint copy_all(Db *db, const char *damaged)
{
    Copy c = {.to = db->sql};
    if (open_damaged(damaged, &c.from) == SQLITE_OK) {
        for (guint i = 0; i < G_N_ELEMENTS(tables); i++)
            copy_table(&c, tables[i].table, tables[i].key);
        for (guint i = 0; i < G_N_ELEMENTS(named); i++)
            copy_named(&c, named[i][0], named[i][1]);
    }
    db_script(db, settle);
    raise_ids(&c);
    sqlite3_close(c.from);
    return (guint)db_number(db, 0, "SELECT count(*) FROM op", "");
}

static gboolean read_into(const char *damaged, const char *path, guint *saved, GError **err)
{
    static const char *const leftovers[] = {"", "-wal", "-shm", "-journal"};
    for (guint i = 0; i < G_N_ELEMENTS(leftovers); i++) {
        g_autofree char *old = g_strconcat(path, leftovers[i], NULL);
        unlink(old);
    }
    Db db;
    if (!db_open(&db, path, 0, err))
        return FALSE;
    gboolean ok = schema_migrate(&db, SCHEMA_STORE, err);
    if (ok) {
        db_script(&db, "BEGIN IMMEDIATE");
        *saved = copy_all(&db, damaged);
        db_script(&db, "COMMIT");
        db_script(&db, "PRAGMA journal_mode=DELETE"); /* one file, so that it can be renamed */
        ok = db_ok(&db, err);
    }
    db_close(&db);
    return ok;
}

gboolean salvage_complete(const char *directory, GError **err)
{
    g_autofree char *path = g_build_filename(directory, "store.db", NULL);
    g_autofree char *ready = g_build_filename(directory, "store.db.salvaged", NULL);
    if (access(ready, F_OK) < 0)
        return TRUE;
    if (access(path, F_OK) == 0 && !salvage_set_aside(directory, "store.db", NULL, err))
        return FALSE;
    return move(ready, path, err) && file_sync_directory(directory, err);
}

gboolean salvage_store(const char *directory, char **notice, GError **err)
{
    g_autofree char *damaged = g_build_filename(directory, "store.db", NULL);
    g_autofree char *work = g_build_filename(directory, "store.db.salvage", NULL);
    g_autofree char *ready = g_build_filename(directory, "store.db.salvaged", NULL);
    g_autofree char *where = NULL;
    guint saved = 0;
    if (!read_into(damaged, work, &saved, err))
        return FALSE;
    static const char *const others[] = {"cache.db", "index.db"}; /* they name lost ids */
    for (guint i = 0; i < G_N_ELEMENTS(others); i++) {
        if (!salvage_set_aside(directory, others[i], NULL, err))
            return FALSE;
    }
    if (!move(work, ready, err) || !file_sync_directory(directory, err) ||
        !salvage_set_aside(directory, "store.db", &where, err) || !salvage_complete(directory, err))
        return FALSE;
    log_line("store", "salvaged into a new store.db; the damaged one is %s", where);
    if (notice)
        *notice = g_strdup_printf(
            P_("The mail database was damaged. It is kept as '%s'; %u waiting change was saved, "
               "and "
               "lists are read anew.",
               "The mail database was damaged. It is kept as '%s'; %u waiting changes were saved, "
               "and lists are read anew.",
               saved),
            where, saved);
    return TRUE;
}

gboolean salvage_settle(Store *s, GError **err)
{
    g_autofree char *salvaged = meta_get(s, "salvaged");
    if (!salvaged)
        return TRUE;
    if (!txn_begin(s, TRUE, err))
        return FALSE;
    /* An operation whose rows were lost cannot be made; a person may still want to know. */
    g_autofree char *words = g_strdup(_("what it was about was lost with the damaged database"));
    db_run(&s->db,
           "UPDATE op SET state = 2, words = ? WHERE placement NOT IN"
           " (SELECT id FROM placement)",
           "t", words);
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint64));
    sqlite3_stmt *st = db_query(&s->db, "SELECT id FROM placement ORDER BY id", "");
    while (db_step(&s->db, st)) {
        gint64 id = db_int(st, 0);
        g_array_append_val(ids, id);
    }
    for (guint i = 0; i < ids->len; i++)
        placement_recompute(s, g_array_index(ids, gint64, i));
    return txn_commit(s, err);
}
