/* db.h - one SQLite connection: cached statements, and errors that stick.
 *
 * The first failure is kept, and from then on every call does nothing, until db_ok() has handed
 * it out. So code reads as a straight line of statements and asks once, at its end (a
 * transaction asks in txn_commit()); nothing can be half committed because a check was forgotten.
 *
 * `types`: one letter per argument: i gint64 (write I64(x)!), t text (NULL is NULL),
 * b bytes then gsize. One thread.
 *
 * Joins are written CROSS JOIN, in the order in which they are to run: without statistics the
 * planner sometimes begins at the wrong end, and goes through a whole folder for one message.
 * "+column" keeps it from an index for the same reason. */
#pragma once
#include <glib.h>
#include <sqlite3.h>

#define I64(x) ((gint64)(x))

typedef struct { /* a statement, by where its text lies */
    const char *at, *text;
    sqlite3_stmt *statement;
} DbRecent;

typedef struct {
    sqlite3 *sql; /* NULL: not open */
    char *path;
    GHashTable *statements; /* text -> sqlite3_stmt */
    DbRecent recent[256];
    GError *error;          /* the first one since db_ok() */
    gboolean full;          /* synchronous=FULL now */
    gboolean in_txn;        /* db_ok() shows the error but keeps it, for the commit */
    gboolean read_only;
} Db;

typedef enum { DB_READ_ONLY = 1 << 0, DB_IMMUTABLE = 1 << 1 } DbFlags;

/* Opens an existing file, or creates it with mode 0600. STORE with path and reason. */
gboolean db_open(Db *db, const char *path, guint flags, GError **err);
void db_close(Db *db);

gboolean db_run(Db *db, const char *sql, const char *types, ...);
/* Rows: `st = db_query(...); while (db_step(db, st)) ...`; db_step() resets at the end. Leave a
 * loop early with db_reset(). NULL after a failure (db_step() and db_reset() accept it). The same
 * text must not be queried again inside its own loop. */
sqlite3_stmt *db_query(Db *db, const char *sql, const char *types, ...);
gboolean db_step(Db *db, sqlite3_stmt *st);
void db_reset(sqlite3_stmt *st);
/* First column of the first row. */
gint64 db_number(Db *db, gint64 otherwise, const char *sql, const char *types, ...);
char *db_string(Db *db, const char *sql, const char *types, ...); /* NULL: no row, or NULL */
gboolean db_script(Db *db, const char *script); /* several statements, no result */
gint64 db_last_id(Db *db);
gint64 db_changes(Db *db);

void db_fail(Db *db, GError *take); /* makes an error of ours stick */
gboolean db_failed(const Db *db);
gboolean db_ok(Db *db, GError **err); /* TRUE when nothing failed; else hands the error out */
gboolean db_synchronous(Db *db, gboolean full); /* outside transactions */
void db_busy_limit(Db *db, int ms); /* waits no longer for other processes; 0: as usual again */

char *db_text(sqlite3_stmt *st, int column);       /* a copy, "" for NULL */
const char *db_peek(sqlite3_stmt *st, int column); /* until the next step, "" for NULL */
static inline gint64 db_int(sqlite3_stmt *st, int column)
{
    return sqlite3_column_int64(st, column);
}

/* A damaged file is marked by PATH.damaged; the next store_home_open() salvages it. */
/* For SQLITE_CONFIG_LOG: remembers why a system call of this thread failed. */
void db_note_log(void *data, int code, const char *text);
char *db_damage_mark(const char *path);
