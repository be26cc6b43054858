/* home.c - the store of a process: opening and migrating, a Store per thread, the sync lock.
 *
 * STORE_READ_ONLY never writes to the given directory: databases that are there are opened read
 * only, a store that is not there is an empty one in a private temporary directory. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "private.h"
#include "folder_private.h"
#include "outbox_private.h"
#include "change_private.h"
#include "schema.h"
#include "pintail/util/error.h"
#include "pintail/util/file.h"
#include "pintail/util/i18n.h"

char *store_default_directory(void)
{
    const char *data = g_getenv("XDG_DATA_HOME");
    if (data && g_path_is_absolute(data))
        return g_build_filename(data, "pintail", NULL);
    g_autofree char *home = file_expand_home("~");
    return g_build_filename(home, ".local", "share", "pintail", NULL);
}

char *home_path(const StoreHome *h, const char *name)
{
    return g_build_filename(h->directory, name, NULL);
}

const char *store_home_directory(const StoreHome *h)
{
    return h->directory;
}

static gboolean choose_directory(StoreHome *h, const char *directory, GError **err)
{
    g_autofree char *database = g_build_filename(directory, "store.db", NULL);
    gboolean absent = (h->flags & STORE_READ_ONLY) && access(database, F_OK) < 0 && errno == ENOENT;
    if (!(h->flags & STORE_IN_MEMORY) && !absent) {
        h->directory = g_strdup(directory);
        if (!(h->flags & STORE_READ_ONLY))
            return file_make_directories(directory, err);
        h->immutable = access(directory, W_OK) < 0;
        return TRUE;
    }
    g_autofree char *template = g_build_filename(g_get_tmp_dir(), "pintail-XXXXXX", NULL);
    if (!g_mkdtemp_full(template, 0700)) {
        error_set_errno(err, PINTAIL_ERROR_STORE, errno, _("cannot make the directory '%s'"),
                        template);
        return FALSE;
    }
    h->directory = g_steal_pointer(&template);
    h->temporary = TRUE;
    return TRUE;
}

static guint open_flags(const StoreHome *h)
{
    gboolean read_only = (h->flags & STORE_READ_ONLY) && !h->temporary;
    return (read_only ? DB_READ_ONLY : 0) | (read_only && h->immutable ? DB_IMMUTABLE : 0);
}

static gboolean open_database(StoreHome *h, Db *db, const char *name, SchemaKind kind, GError **err)
{
    g_autofree char *path = home_path(h, name);
    if (!db_open(db, path, open_flags(h), err))
        return FALSE;
    if (schema_migrate(db, kind, err))
        return TRUE;
    db_close(db);
    return FALSE;
}

static gboolean use_lock(StoreHome *h, int how)
{
    int rc;
    do
        rc = flock(h->use_fd, how);
    while (rc < 0 && errno == EINTR);
    return rc == 0;
}

/* TRUE in *alone: no other process has this store open, and none will before we are done. */
static gboolean lock_use(StoreHome *h, gboolean *alone, GError **err)
{
    g_autofree char *path = home_path(h, "store.lock");
    h->use_fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (h->use_fd < 0) {
        error_set_errno(err, PINTAIL_ERROR_STORE, errno, _("cannot open '%s'"), path);
        return FALSE;
    }
    *alone = use_lock(h, LOCK_EX | LOCK_NB);
    if (*alone || use_lock(h, LOCK_SH)) /* waits while another one prepares or repairs it */
        return TRUE;
    error_set_errno(err, PINTAIL_ERROR_STORE, errno, _("cannot lock '%s'"), path);
    return FALSE;
}

/* Message ids of another store.db mean other messages: such a cache is worse than none. */
static gboolean drop_strangers(StoreHome *h, GError **err)
{
    static const char *const others[] = {"cache.db", "index.db"};
    g_autofree char *path = home_path(h, "store.db");
    if (access(path, F_OK) == 0)
        return TRUE;
    for (guint i = 0; i < G_N_ELEMENTS(others); i++) {
        g_autofree char *other = home_path(h, others[i]);
        if (access(other, F_OK) == 0 && !salvage_set_aside(h->directory, others[i], NULL, err))
            return FALSE;
    }
    return TRUE;
}

/* What can be made again is only set aside; store.db is salvaged first. */
static gboolean heal(StoreHome *h, gboolean alone, char **notice, GError **err)
{
    static const char *const names[] = {"store.db", "cache.db", "index.db"};
    if (alone && (!salvage_complete(h->directory, err) || !drop_strangers(h, err)))
        return FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = home_path(h, names[i]);
        if (!salvage_needed(path))
            continue;
        if (!alone) {
            error_set(err, PINTAIL_ERROR_STORE,
                      _("'%s' is damaged: close the other Pintail, then start again to repair it"),
                      path);
            return FALSE;
        }
        if (!(i == 0 ? salvage_store(h->directory, notice, err)
                     : salvage_set_aside(h->directory, names[i], NULL, err)))
            return FALSE;
    }
    return TRUE;
}

/* Opens each database once, so that they exist, are of this version, and match each other. */
static gboolean prepare(StoreHome *h, GError **err)
{
    if ((h->flags & STORE_READ_ONLY) && !h->temporary) {
        g_autoptr(Store) s = store_connect(h, STORE_FOR_WORK, err);
        return s != NULL;
    }
    Db db;
    if (!open_database(h, &db, "store.db", SCHEMA_STORE, err))
        return FALSE;
    db_close(&db);
    if (!open_database(h, &db, "cache.db", SCHEMA_CACHE, err))
        return FALSE;
    g_autofree char *cache_epoch = db_string(&db, "SELECT epoch FROM state", "");
    db_close(&db);
    if (!open_database(h, &db, "index.db", SCHEMA_INDEX, err))
        return FALSE;
    g_autofree char *index_epoch = db_string(&db, "SELECT epoch FROM state", "");
    db_close(&db);
    if (h->flags & STORE_READ_ONLY)
        return TRUE;
    g_autoptr(Store) s = store_connect(h, STORE_FOR_WORK, err);
    if (!s || !salvage_settle(s, err))
        return FALSE;
    if (!bodies_match_cache(s, cache_epoch, err) || !index_match(s, index_epoch, err))
        return FALSE;
    file_todo_run(s);
    return changes_resume(s, err) && outbox_recover(s, err);
}

static gboolean open_all(StoreHome *h, char **notice, GError **err)
{
    gboolean alone = FALSE;
    if (h->flags & STORE_READ_ONLY)
        return prepare(h, err);
    if (!lock_use(h, &alone, err) || !heal(h, alone, notice, err) || !prepare(h, err))
        return FALSE;
    return !alone || use_lock(h, LOCK_SH);
}

static void init_locks(StoreHome *h)
{
    gate_init(&h->gate);
    gate_init(&h->cache_gate);
    pthread_condattr_t clock;
    if (pthread_mutex_init(&h->lock, NULL) != 0 || pthread_condattr_init(&clock) != 0 ||
        pthread_condattr_setclock(&clock, CLOCK_MONOTONIC) != 0 ||
        pthread_cond_init(&h->wake, &clock) != 0)
        g_error("store: no memory for a lock");
    pthread_condattr_destroy(&clock);
}

static void close_descriptor(gpointer fd)
{
    close(GPOINTER_TO_INT(fd));
}

/* Its counters are behind one lock that every allocation of every thread would take. */
static void configure_sqlite(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite3_config(SQLITE_CONFIG_LOG, db_note_log, NULL);
}

StoreHome *store_home_open(const char *directory, StoreFlags flags, char **notice, GError **err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, configure_sqlite);
    if (notice)
        *notice = NULL;
    StoreHome *h = g_new0(StoreHome, 1);
    h->flags = flags;
    h->sync_fd = h->use_fd = -1;
    h->claims = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, close_descriptor);
    h->used = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    h->rescanned = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    init_locks(h);
    g_autofree char *said = NULL;
    if (!choose_directory(h, directory, err) || !open_all(h, &said, err)) {
        store_home_free(h);
        return NULL;
    }
    if (notice)
        *notice = g_steal_pointer(&said);
    return h;
}

/* Only for our own temporary directory: the databases, and the files of a store in it. */
static void remove_tree(const char *path, int depth)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *name;
    while (dir && depth < 8 && (name = g_dir_read_name(dir))) {
        g_autofree char *child = g_build_filename(path, name, NULL);
        if (unlink(child) < 0 && (errno == EISDIR || errno == EPERM))
            remove_tree(child, depth + 1);
    }
    rmdir(path);
}

void store_home_free(StoreHome *h)
{
    if (!h)
        return;
    pthread_mutex_lock(&h->lock);
    h->stop = TRUE;
    pthread_cond_broadcast(&h->wake);
    pthread_mutex_unlock(&h->lock);
    if (h->started) {
        pthread_join(h->maintenance, NULL);
        pthread_join(h->indexer, NULL);
    }
    store_home_unlock_sync(h);
    if (h->use_fd >= 0)
        close(h->use_fd);
    g_hash_table_destroy(h->claims);
    g_hash_table_destroy(h->used);
    g_hash_table_destroy(h->rescanned);
    if (h->temporary)
        remove_tree(h->directory, 0);
    pthread_cond_destroy(&h->wake);
    pthread_mutex_destroy(&h->lock);
    gate_clear(&h->gate);
    gate_clear(&h->cache_gate);
    g_free(h->directory);
    g_free(h);
}

void store_home_listen(StoreHome *h, StoreListener listener, void *data)
{
    g_assert(!h->started);
    h->listener = listener;
    h->listener_data = data;
}

gboolean store_home_start(StoreHome *h, GError **err)
{
    if (h->started || (h->flags & STORE_READ_ONLY))
        return TRUE;
    int rc = pthread_create(&h->maintenance, NULL, maintain_thread, h);
    if (rc == 0) {
        rc = pthread_create(&h->indexer, NULL, indexer_thread, h);
        if (rc != 0) {
            pthread_mutex_lock(&h->lock);
            h->stop = TRUE;
            pthread_cond_broadcast(&h->wake);
            pthread_mutex_unlock(&h->lock);
            pthread_join(h->maintenance, NULL);
        }
    }
    if (rc != 0) {
        error_set_errno(err, PINTAIL_ERROR_STORE, rc, _("cannot start a thread"));
        return FALSE;
    }
    h->started = TRUE;
    return TRUE;
}

void home_wake(StoreHome *h)
{
    pthread_mutex_lock(&h->lock);
    pthread_cond_broadcast(&h->wake);
    pthread_mutex_unlock(&h->lock);
}

#define POURING (500 * G_TIME_SPAN_MILLISECOND)

void home_pours(StoreHome *h)
{
    atomic_store(&h->pouring_until, g_get_monotonic_time() + POURING);
}

/* ---- a thread's store ---- */
#define WAL_WAKE_PAGES 1000

static int on_wal(void *pages, sqlite3 *sql, const char *name, int n)
{
    atomic_store((atomic_uint *)pages, (unsigned)n);
    return SQLITE_OK;
}

static int on_store_wal(void *home, sqlite3 *sql, const char *name, int n)
{
    StoreHome *h = home;
    unsigned before = atomic_exchange(&h->wal_pages, (unsigned)n);
    if (n >= WAL_WAKE_PAGES && before < WAL_WAKE_PAGES)
        home_wake(h);
    return SQLITE_OK;
}

Store *store_connect(StoreHome *h, StorePriority priority, GError **err)
{
    Store *s = g_new0(Store, 1);
    s->home = h;
    s->priority = priority;
    s->touched = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    s->counted = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    s->renames = g_ptr_array_new_with_free_func(g_free);
    s->unsynced = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (!open_database(h, &s->db, "store.db", SCHEMA_STORE, err)) {
        store_free(s);
        return NULL;
    }
    if (priority == STORE_FOR_WORK) /* a first sync inserts at random places of five indexes */
        db_script(&s->db, "PRAGMA cache_size=-6144");
    sqlite3_wal_hook(s->db.sql, on_store_wal, h);
    return s;
}

void store_free(Store *s)
{
    if (!s)
        return;
    g_assert(!s->in_txn);
    db_close(&s->db);
    db_close(&s->cache);
    db_close(&s->index);
    g_hash_table_destroy(s->touched);
    g_hash_table_destroy(s->counted);
    g_ptr_array_unref(s->renames);
    g_hash_table_destroy(s->unsynced);
    g_free(s);
}

static gboolean open_side(Store *s, Db *db, const char *name, SchemaKind kind)
{
    if (db->sql)
        return TRUE;
    GError *err = NULL;
    if (open_database(s->home, db, name, kind, &err))
        return TRUE;
    db_fail(&s->db, err);
    return FALSE;
}

gboolean store_cache(Store *s)
{
    if (s->cache.sql)
        return TRUE;
    if (!open_side(s, &s->cache, "cache.db", SCHEMA_CACHE))
        return FALSE;
    sqlite3_wal_hook(s->cache.sql, on_wal, &s->home->cache_wal_pages);
    return TRUE;
}

gboolean store_index(Store *s)
{
    return open_side(s, &s->index, "index.db", SCHEMA_INDEX);
}

gint64 store_change_seq(Store *s)
{
    gint64 seq = db_number(&s->db, 0, "SELECT value FROM sequence", "");
    db_ok(&s->db, NULL);
    return seq;
}

/* ---- between processes ---- */
gboolean store_home_lock_sync(StoreHome *h, GError **err)
{
    if (h->flags & STORE_READ_ONLY)
        return FALSE;
    pthread_mutex_lock(&h->lock);
    gboolean held = h->sync_fd >= 0;
    pthread_mutex_unlock(&h->lock);
    if (held)
        return TRUE;
    g_autofree char *path = home_path(h, "sync.lock");
    int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        error_set_errno(err, PINTAIL_ERROR_STORE, errno, _("cannot open '%s'"), path);
        return FALSE;
    }
    int rc;
    do
        rc = flock(fd, LOCK_EX | LOCK_NB);
    while (rc < 0 && errno == EINTR);
    if (rc < 0) {
        int number = errno;
        close(fd);
        if (number != EWOULDBLOCK)
            error_set_errno(err, PINTAIL_ERROR_STORE, number, _("cannot lock '%s'"), path);
        return FALSE;
    }
    pthread_mutex_lock(&h->lock);
    if (h->sync_fd >= 0)
        close(fd); /* cannot be: the first one's lock would have refused this one */
    else
        h->sync_fd = fd;
    pthread_mutex_unlock(&h->lock);
    return TRUE;
}

void store_home_unlock_sync(StoreHome *h)
{
    pthread_mutex_lock(&h->lock);
    if (h->sync_fd >= 0)
        close(h->sync_fd);
    h->sync_fd = -1;
    pthread_mutex_unlock(&h->lock);
}
