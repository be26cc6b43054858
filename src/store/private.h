/* private.h - what the files of this layer share: the home, a thread's store, transactions.
 *
 * A transaction: txn_begin() passes the gate and takes SQLite's write lock; statements follow
 * (errors stick, see db.h); txn_commit() commits, or rolls everything back and says why; then the
 * gate opens and the listener hears which folders changed. Files made or renamed on the way are
 * noted with txn_renamed() and txn_created(), and undone with the transaction. */
#pragma once
#include <pthread.h>
#include <stdatomic.h>
#include "db.h"
#include "gate.h"
#include "pintail/store/store.h"
#include "pintail/util/crash_point.h"

#define BODY_LIMIT (256u * 1024 * 1024)
#define SLICE_US   8000 /* of the 10 ms that a transaction may last; the commit needs some */

struct StoreHome {
    char *directory; /* as given; data files are here even when the databases are elsewhere */
    guint flags;     /* StoreFlags */
    gboolean immutable;
    gboolean temporary; /* remove `directory` at the end */
    char *notice;
    Gate gate, cache_gate;
    StoreListener listener;
    void *listener_data;
    pthread_mutex_t lock; /* sync_fd, claims, used, wake */
    pthread_cond_t wake;  /* maintenance and index threads; CLOCK_MONOTONIC */
    gboolean stop, index_wanted, started;
    int sync_fd;        /* -1: not held */
    int use_fd;         /* store.lock, shared while open; alone (exclusive) to repair */
    GHashTable *claims; /* outbox id -> descriptor that holds its flock */
    GHashTable *used;   /* message id -> when its body was read (for the eviction order) */
    pthread_t maintenance, indexer;
    atomic_uint wal_pages, cache_wal_pages; /* as of the last commit */
    atomic_llong own_commits;               /* sequence numbers that this process has used */
    atomic_llong pouring_until;             /* monotonic: till then the index waits, see home_pours() */
    GHashTable *rescanned; /* accounts whose Maildirs pop3_store has looked through; lock */
};

struct Store {
    StoreHome *home;
    StorePriority priority;
    Db db;
    Db cache, index; /* opened when first needed */
    gboolean in_txn;
    gint64 seq;           /* of this transaction; 0: nothing changed yet */
    GHashTable *touched;  /* folder -> account, of this transaction */
    GHashTable *counted;  /* accounts whose list or counters changed */
    GPtrArray *renames;   /* from, to pairs; from NULL: `to` was created */
    GHashTable *unsynced; /* directories to be fsynced before the commit */
};

/* ---- txn.c ---- */
gboolean txn_begin(Store *s, gboolean durable, GError **err);
gboolean txn_commit(Store *s, GError **err);
void txn_rollback(Store *s);
/* Rolls back and hands out the error that stuck, if any. Always FALSE. */
gboolean txn_abandon(Store *s, GError **err);
gint64 txn_seq(Store *s); /* the change sequence number of this transaction */
void txn_touch(Store *s, gint64 account, gint64 folder); /* rows of a folder */
void txn_touch_list(Store *s, gint64 account);           /* the folder list, counters */
void txn_renamed(Store *s, const char *from, const char *to);
void txn_created(Store *s, const char *path);
void txn_sync_parent(Store *s, const char *path); /* fsync of its directory before the commit */
/* A file to be removed once this transaction is committed (and again after a crash). */
void txn_remove_file(Store *s, const char *path);
/* Removes what committed transactions wanted removed. */
void file_todo_run(Store *s);
gboolean read_begin(Store *s); /* several reads of one state */
void read_end(Store *s);
gint64 slice_end(void); /* g_get_monotonic_time() at which a slice should commit */

/* ---- home.c ---- */
gboolean store_cache(Store *s); /* opens s->cache; FALSE: not there (an error sticks to s->db) */
gboolean store_index(Store *s);
void home_wake(StoreHome *h);
/* Many rows or bodies were just stored, and more may follow. */
void home_pours(StoreHome *h);
char *home_path(const StoreHome *h, const char *name);

/* ---- salvage.c ---- */
/* Is `path` damaged? Cheap unless it is marked; then all of it is checked. */
gboolean salvage_needed(const char *path);
/* Sets the database aside and makes a new one with what could be read. *notice says so. The caller
 * is the only process that has it open. */
gboolean salvage_store(const char *directory, char **notice, GError **err);
/* Completes what a crash in the middle of that left. */
gboolean salvage_complete(const char *directory, GError **err);
/* NAME, NAME-wal and NAME-shm get another name; *where (may be NULL) says which. */
gboolean salvage_set_aside(const char *directory, const char *name, char **where, GError **err);
/* What is shown of the saved rows; after migration, before anything else. */
gboolean salvage_settle(Store *s, GError **err);

/* ---- maintain.c, indexer.c ---- */
void *maintain_thread(void *home);
void *indexer_thread(void *home);
/* One round of each, for tests and for the threads. */
void maintain_round(Store *s);
gboolean indexer_round(Store *s, guint max); /* TRUE: there is more */
/* The flags of message rows belong to this cache (these postings): otherwise all start anew. */
gboolean bodies_match_cache(Store *s, const char *epoch, GError **err);
gboolean index_match(Store *s, const char *epoch, GError **err);
