/* db.c - see db.h. */
#include "db.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "pintail/util/error.h"
#include "pintail/util/file.h"
#include "pintail/util/i18n.h"
#include "pintail/util/log.h"

#define BUSY_LIMIT_MS 20000

char *db_damage_mark(const char *path)
{
    return g_strconcat(path, ".damaged", NULL);
}

/* Other processes hold the write lock for some milliseconds: look again soon, then less often. */
static int on_busy(void *data, int count)
{
    static const int pause_ms[] = {1, 1, 2, 2, 5, 5, 10, 10, 20, 20, 50};
    int n = (int)G_N_ELEMENTS(pause_ms);
    int waited = 76 + MAX(0, count - n) * 50;
    if (count >= n && waited > BUSY_LIMIT_MS)
        return 0;
    g_usleep((gulong)pause_ms[MIN(count, n - 1)] * 1000);
    return 1;
}

static void note_damage(const Db *db)
{
    g_autofree char *mark = db_damage_mark(db->path);
    g_autofree char *directory = g_path_get_dirname(mark);
    g_autofree char *name = g_path_get_basename(mark);
    int fd = file_create_new(directory, name, 0600, NULL);
    if (fd >= 0)
        close(fd);
}

/* sqlite3_system_errno() knows nothing of a commit that failed; the log does:
 * "os_unix.c:39000: (28) fdatasync(/path) - No space left on device". */
static _Thread_local int logged_errno;

void db_note_log(void *data, int code, const char *text)
{
    const char *number = g_str_has_prefix(text, "os_unix.c:") ? strstr(text, ": (") : NULL;
    if (number)
        logged_errno = (int)CLAMP(g_ascii_strtoll(number + 3, NULL, 10), 0, 4095);
}

static void set_error(Db *db, int code, const char *sql)
{
    if (db->error)
        return;
    int number = db->sql ? sqlite3_system_errno(db->sql) : 0;
    if (number == 0)
        number = logged_errno;
    logged_errno = 0;
    int primary = code & 0xff;
    const char *reason = db->sql ? sqlite3_errmsg(db->sql) : sqlite3_errstr(code);
    log_line("store", "%s: %d %s in: %s", db->path, code, reason, sql);
    if (primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB) {
        if (!db->read_only)
            note_damage(db);
        error_set(&db->error, PINTAIL_ERROR_STORE,
                  _("'%s' is damaged (%s); the next start repairs it"), db->path, reason);
        return;
    }
    if (primary == SQLITE_BUSY || primary == SQLITE_LOCKED)
        reason = _("another process is writing to it");
    else if (primary == SQLITE_FULL && number == 0)
        reason = g_strerror(ENOSPC);
    else if ((primary == SQLITE_FULL || primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN) &&
             number != 0)
        reason = g_strerror(number);
    error_set(&db->error, PINTAIL_ERROR_STORE, _("cannot use '%s': %s"), db->path, reason);
}

/* SQLite would create it with the process's umask; nobody else may read mail. Only
 * a file that was not there is opened here, so no lock of another connection can be dropped. */
static gboolean create_private(const char *path, gboolean *fresh, GError **err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST)
        return TRUE;
    if (fd < 0) {
        error_set_errno(err, PINTAIL_ERROR_STORE, errno, _("cannot create '%s'"), path);
        return FALSE;
    }
    close(fd);
    return *fresh = TRUE;
}

static gboolean configure(Db *db)
{
    /* Small caches: eight connections with SQLite's default took 26 MB. */
    if (!db_script(db, "PRAGMA cache_size=-1024; PRAGMA temp_store=MEMORY; PRAGMA mmap_size=0;"))
        return FALSE;
    if (db->read_only)
        return TRUE;
    db->full = TRUE;
    return db_script(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                         "PRAGMA wal_autocheckpoint=0; PRAGMA journal_size_limit=16777216;");
}

static void finalize(gpointer st)
{
    sqlite3_finalize(st);
}

gboolean db_open(Db *db, const char *path, guint flags, GError **err)
{
    *db = (Db){.path = g_strdup(path), .read_only = (flags & DB_READ_ONLY) != 0};
    db->statements = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, finalize);
    gboolean fresh = FALSE;
    if (!db->read_only && !create_private(path, &fresh, err)) {
        db_close(db);
        return FALSE;
    }
    g_autofree char *escaped = g_uri_escape_string(path, "/", FALSE);
    g_autofree char *uri =
        g_strdup_printf("file:%s%s", escaped, flags & DB_IMMUTABLE ? "?immutable=1" : "");
    int mode = SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX |
               (db->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
    int rc = sqlite3_open_v2(uri, &db->sql, mode, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_extended_result_codes(db->sql, 1);
        sqlite3_busy_handler(db->sql, on_busy, NULL);
        configure(db);
    } else {
        set_error(db, rc, "open");
    }
    if (db_ok(db, err))
        return TRUE;
    db_close(db);
    if (fresh)
        (void)unlink(path); /* on a full disk: no empty file is left behind */
    return FALSE;
}

void db_close(Db *db)
{
    if (db->statements)
        g_hash_table_destroy(db->statements);
    if (db->sql && sqlite3_close(db->sql) != SQLITE_OK)
        g_error("store: a statement of '%s' was left open", db->path);
    g_clear_error(&db->error);
    g_free(db->path);
    *db = (Db){0};
}

static sqlite3_stmt *prepare_anew(Db *db, const char *sql)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v3(db->sql, sql, -1, SQLITE_PREPARE_PERSISTENT, &st, NULL);
    if (rc != SQLITE_OK) {
        set_error(db, rc, sql);
        return NULL;
    }
    g_hash_table_insert(db->statements, (gpointer)sqlite3_sql(st), st);
    return st;
}

/* Nearly all texts are literals: where one lies says which it is, and comparing it with what was prepared
 * is quicker than hashing it. */
static sqlite3_stmt *prepare(Db *db, const char *sql)
{
    if (db->error)
        return NULL;
    DbRecent *recent = &db->recent[(GPOINTER_TO_SIZE(sql) >> 3) % G_N_ELEMENTS(db->recent)];
    sqlite3_stmt *st = recent->at == sql && strcmp(recent->text, sql) == 0 ? recent->statement : NULL;
    if (!st) {
        st = g_hash_table_lookup(db->statements, sql);
        if (!st)
            st = prepare_anew(db, sql);
        if (!st)
            return NULL;
        *recent = (DbRecent){sql, sqlite3_sql(st), st};
    }
    if (sqlite3_stmt_busy(st))
        g_error("store: statement used inside its own loop: %s", sql);
    return st;
}

/* `keep`: how long texts stay as they are, SQLITE_STATIC when the statement is finished before the caller
 * goes on. */
static sqlite3_stmt *prepare_bound(Db *db, sqlite3_destructor_type keep, const char *sql, const char *types,
                                   va_list ap)
{
    sqlite3_stmt *st = prepare(db, sql);
    if (!st)
        return NULL;
    if (sqlite3_bind_parameter_count(st) != (int)strlen(types))
        g_error("store: wrong number of arguments: %s", sql);
    int rc = SQLITE_OK;
    for (int i = 1; *types && rc == SQLITE_OK; i++, types++) {
        const char *text;
        gsize len;
        switch (*types) {
        case 'i':
            rc = sqlite3_bind_int64(st, i, va_arg(ap, gint64));
            break;
        case 't':
            text = va_arg(ap, const char *);
            rc = text ? sqlite3_bind_text(st, i, text, -1, keep)
                      : sqlite3_bind_null(st, i);
            break;
        case 'b':
            text = va_arg(ap, const char *);
            len = va_arg(ap, gsize);
            rc = sqlite3_bind_blob64(st, i, text ? text : "", len, keep);
            break;
        default:
            g_error("store: unknown type letter '%c': %s", *types, sql);
        }
    }
    if (rc != SQLITE_OK) {
        set_error(db, rc, sql);
        return NULL;
    }
    return st;
}

sqlite3_stmt *db_query(Db *db, const char *sql, const char *types, ...)
{
    va_list ap;
    va_start(ap, types);
    sqlite3_stmt *st = prepare_bound(db, SQLITE_TRANSIENT, sql, types, ap);
    va_end(ap);
    return st;
}

void db_reset(sqlite3_stmt *st)
{
    if (!st)
        return;
    sqlite3_reset(st);
    sqlite3_clear_bindings(st);
}

gboolean db_step(Db *db, sqlite3_stmt *st)
{
    if (!st)
        return FALSE;
    if (db->error) {
        db_reset(st);
        return FALSE;
    }
    int rc = sqlite3_step(st);
    if (rc == SQLITE_ROW)
        return TRUE;
    if (rc != SQLITE_DONE)
        set_error(db, rc, sqlite3_sql(st));
    db_reset(st);
    return FALSE;
}

gboolean db_run(Db *db, const char *sql, const char *types, ...)
{
    va_list ap;
    va_start(ap, types);
    sqlite3_stmt *st = prepare_bound(db, SQLITE_STATIC, sql, types, ap);
    va_end(ap);
    while (db_step(db, st))
        ;
    return db->error == NULL;
}

gint64 db_number(Db *db, gint64 otherwise, const char *sql, const char *types, ...)
{
    va_list ap;
    va_start(ap, types);
    sqlite3_stmt *st = prepare_bound(db, SQLITE_STATIC, sql, types, ap);
    va_end(ap);
    if (!db_step(db, st))
        return otherwise;
    gint64 n = sqlite3_column_type(st, 0) == SQLITE_NULL ? otherwise : db_int(st, 0);
    db_reset(st);
    return n;
}

char *db_string(Db *db, const char *sql, const char *types, ...)
{
    va_list ap;
    va_start(ap, types);
    sqlite3_stmt *st = prepare_bound(db, SQLITE_STATIC, sql, types, ap);
    va_end(ap);
    if (!db_step(db, st))
        return NULL;
    char *text = g_strdup((const char *)sqlite3_column_text(st, 0));
    db_reset(st);
    return text;
}

gboolean db_script(Db *db, const char *script)
{
    if (db->error)
        return FALSE;
    int rc = sqlite3_exec(db->sql, script, NULL, NULL, NULL);
    if (rc != SQLITE_OK)
        set_error(db, rc, script);
    return rc == SQLITE_OK;
}

gint64 db_last_id(Db *db)
{
    return db->error ? 0 : sqlite3_last_insert_rowid(db->sql);
}

gint64 db_changes(Db *db)
{
    return db->error ? 0 : sqlite3_changes(db->sql);
}

void db_fail(Db *db, GError *take)
{
    if (db->error)
        g_error_free(take);
    else
        db->error = take;
}

gboolean db_failed(const Db *db)
{
    return db->error != NULL;
}

gboolean db_ok(Db *db, GError **err)
{
    if (!db->error)
        return TRUE;
    if (!db->in_txn)
        g_propagate_error(err, g_steal_pointer(&db->error));
    else if (err)
        *err = g_error_copy(db->error);
    return FALSE;
}

void db_busy_limit(Db *db, int ms)
{
    if (ms > 0)
        sqlite3_busy_timeout(db->sql, ms);
    else
        sqlite3_busy_handler(db->sql, on_busy, NULL);
}

gboolean db_synchronous(Db *db, gboolean full)
{
    if (db->full == full)
        return TRUE;
    if (!db_script(db, full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL"))
        return FALSE;
    db->full = full;
    return TRUE;
}

const char *db_peek(sqlite3_stmt *st, int column)
{
    const char *text = (const char *)sqlite3_column_text(st, column);
    return text ? text : "";
}

char *db_text(sqlite3_stmt *st, int column)
{
    return g_strdup(db_peek(st, column));
}
