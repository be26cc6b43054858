/* maintain.c - the maintenance thread: checkpoints, eviction, tidying, other processes' commits.
 *
 * Checkpoints: autocheckpoint is off, so no commit of a person ever pays for one. PASSIVE
 * runs when the WAL has grown by 4 MB; a steady writer keeps it from ever starting anew, so beyond
 * 16 MB a RESTART runs under the gate, where no writer of this process is under way. */
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "body_private.h"
#include "change_private.h"

#define PERIOD_MS       500
#define PASSIVE_PAGES   1000
#define RESTART_PAGES   4000
#define UNDO_KEPT       50
#define SENT_KEPT       100
#define TOMBSTONES_KEPT 20000
#define INDEX_AT_LEAST  (5 * G_TIME_SPAN_SECOND)
#define SMALL_CACHE     "PRAGMA cache_size=-1024" /* these threads go through it once */

static void checkpoint(Db *db, Gate *gate, atomic_uint *pages)
{
    unsigned now = atomic_load(pages);
    if (now < PASSIVE_PAGES || !db->sql)
        return;
    int log = 0, done = 0;
    sqlite3_wal_checkpoint_v2(db->sql, NULL, SQLITE_CHECKPOINT_PASSIVE, &log, &done);
    if (log > RESTART_PAGES) {
        gate_enter(gate, FALSE);
        db_busy_limit(db, 50); /* readers of a moment; then later */
        sqlite3_wal_checkpoint_v2(db->sql, NULL, SQLITE_CHECKPOINT_RESTART, &log, &done);
        db_busy_limit(db, 0);
        gate_leave(gate);
    }
    /* Wakes again when it has grown by as much. */
    atomic_store(pages, 0);
}

static void tidy(Store *s)
{
    gint64 newest = db_number(&s->db, 0, "SELECT max(id) FROM undo_group", "");
    gint64 old =
        db_number(&s->db, 0, "SELECT id FROM undo_group WHERE id <= ? AND state IN (0, 3) LIMIT 1",
                  "i", newest - UNDO_KEPT);
    gint64 buried = db_number(&s->db, 0,
                              "SELECT seq FROM tombstone ORDER BY seq DESC"
                              " LIMIT 1 OFFSET " G_STRINGIFY(TOMBSTONES_KEPT),
                              "");
    gint64 sent = db_number(&s->db, 0,
                            "SELECT id FROM outbox WHERE state = 4 ORDER BY id DESC"
                            " LIMIT 1 OFFSET " G_STRINGIFY(SENT_KEPT),
                            "");
    if ((!old && !buried && !sent) || !txn_begin(s, FALSE, NULL))
        return;
    if (old) {
        db_run(&s->db,
               "DELETE FROM undo_item WHERE group_id = ?1 AND placement IN"
               " (SELECT placement FROM undo_item WHERE group_id = ?1 LIMIT 500)",
               "i", old);
        if (db_changes(&s->db) == 0)
            db_run(&s->db, "DELETE FROM undo_group WHERE id = ?", "i", old);
    }
    if (buried) {
        db_run(&s->db, "UPDATE sequence SET tombstone_floor = max(tombstone_floor, ?)", "i",
               buried);
        db_run(&s->db,
               "DELETE FROM tombstone WHERE (folder, seq, placement) IN (SELECT folder, seq,"
               " placement FROM tombstone WHERE seq <= ? LIMIT 500)",
               "i", buried);
        db_run(&s->db,
               "DELETE FROM folder_thread WHERE total = 0 AND (folder, thread) IN"
               " (SELECT t.folder, t.thread FROM folder f CROSS JOIN folder_thread t"
               " ON t.folder = f.id AND t.change_seq <= ? WHERE t.total = 0 LIMIT 500)",
               "i", buried);
    }
    if (sent) {
        db_run(&s->db,
               "DELETE FROM outbox_recipient WHERE outbox IN"
               " (SELECT id FROM outbox WHERE state = 4 AND id <= ?)",
               "i", sent);
        db_run(&s->db, "DELETE FROM outbox WHERE state = 4 AND id <= ?", "i", sent);
    }
    txn_commit(s, NULL);
}

void maintain_round(Store *s)
{
    StoreHome *h = s->home;
    file_todo_run(s);
    tidy(s);
    db_ok(&s->db, NULL);
    cache_evict(s);
    checkpoint(&s->db, &h->gate, &h->wal_pages);
    checkpoint(&s->cache, &h->cache_gate, &h->cache_wal_pages);
}

/* ---- what other processes commit ---- */
typedef struct {
    gint64 version, seq, own;
} Seen;

/* Each transaction that changes anything uses exactly one sequence number, so more numbers used
 * than this process has used are another's. Counted under the gate, where none of ours is between
 * its commit and its count. */
static gboolean others_committed(Store *s, Seen *seen)
{
    gint64 version = db_number(&s->db, 0, "PRAGMA data_version", "");
    if (version == seen->version)
        return FALSE;
    gate_enter(&s->home->gate, FALSE);
    gint64 seq = store_change_seq(s);
    gint64 own = atomic_load(&s->home->own_commits);
    gate_leave(&s->home->gate);
    gboolean others = seen->version && seq - seen->seq != own - seen->own;
    *seen = (Seen){version, seq, own};
    return others;
}

static gboolean wait_period(StoreHome *h, int ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&h->lock);
    if (!h->stop)
        pthread_cond_timedwait(&h->wake, &h->lock, &until);
    gboolean stop = h->stop;
    pthread_mutex_unlock(&h->lock);
    return !stop;
}

static void clear_noise(Store *s)
{
    db_ok(&s->db, NULL);
    db_ok(&s->cache, NULL);
    db_ok(&s->index, NULL);
}

void *maintain_thread(void *home)
{
    StoreHome *h = home;
    g_autoptr(Store) s = store_connect(h, STORE_FOR_WORK, NULL);
    Seen seen = {0};
    int rounds = 0;
    if (s) {
        db_script(&s->db, SMALL_CACHE);
        others_committed(s, &seen);
        append_clean(s);
    }
    while (s && wait_period(h, PERIOD_MS)) {
        if (others_committed(s, &seen) && h->listener)
            h->listener(0, 0, seen.seq, h->listener_data);
        if (++rounds % 4 == 0 || atomic_load(&h->wal_pages) >= PASSIVE_PAGES ||
            atomic_load(&h->cache_wal_pages) >= PASSIVE_PAGES)
            maintain_round(s);
        clear_noise(s);
    }
    return NULL;
}

/* Indexing may lag; what a person waits for, and a first sync, come first. */
static void be_nice(void)
{
#ifdef __linux__
    setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), 15); /* this thread only */
#endif
}

/* While rows or bodies pour in, indexing would take the disk, the gate and a processor from them: it waits
 * until they have come, but never longer than INDEX_AT_LEAST. */
static gboolean others_pour_in(StoreHome *h, gint64 last_round)
{
    gint64 now = g_get_monotonic_time();
    return now < atomic_load(&h->pouring_until) && now - last_round < INDEX_AT_LEAST;
}

void *indexer_thread(void *home)
{
    StoreHome *h = home;
    be_nice();
    g_autoptr(Store) s = store_connect(h, STORE_FOR_WORK, NULL);
    if (s)
        db_script(&s->db, SMALL_CACHE);
    gboolean more = FALSE;
    gint64 last = g_get_monotonic_time();
    while (s && wait_period(h, others_pour_in(h, last) ? PERIOD_MS / 5 : more ? 1 : 2 * PERIOD_MS)) {
        if (others_pour_in(h, last))
            continue;
        more = indexer_round(s, 400);
        last = g_get_monotonic_time();
        clear_noise(s);
    }
    return NULL;
}
