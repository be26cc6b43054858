/* store.h - the local store: opening, connections, the write gate, change events.
 *
 * Files are the truth for what exists only here (Maildirs, drafts, outbox); three SQLite
 * databases index them and mirror servers (HACKING.md, "The store"). A StoreHome is one per
 * process; each thread makes its own Store from it and shares it with nobody.
 *
 * Unless a contract says "reads", a function may write: it passes the gate (persons first), runs in
 * one transaction, and returns after the commit. Everything the person did, outbox and UIDL steps
 * commit with synchronous=FULL; what can be fetched again with NORMAL. Errors are
 * STORE (path and reason), GONE (that id is no more) unless said otherwise. */
#pragma once
#include <glib.h>
#include "pintail/util/cancel.h"

typedef struct StoreHome StoreHome;
typedef struct Store Store;

typedef enum {
    STORE_READ_ONLY = 1 << 0, /* pintail -R: nothing is written, an absent store is an empty one */
    STORE_IN_MEMORY = 1 << 1, /* pintail -f PATH: databases in a private temporary directory */
} StoreFlags;

/* Opens or creates, migrates, salvages (a damaged database is set aside, its
 * operations and UIDLs saved first: *notice then tells the person; may be NULL).
 * A database of a newer version is refused with both versions named. `directory`
 * is normally $XDG_DATA_HOME/pintail: store_default_directory(). */
StoreHome *store_home_open(const char *directory, StoreFlags flags, char **notice, GError **err);
void store_home_free(StoreHome *h); /* all Stores of it are freed already */
const char *store_home_directory(const StoreHome *h);
char *store_default_directory(void);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StoreHome, store_home_free)

/* After each commit of this process: which folder changed (0: the account's folder list), up to
 * which sequence. From any thread that commits; also from the maintenance thread, with account 0 and
 * folder 0, when another process committed something. Must not block. Set once, before threads start. */
typedef void (*StoreListener)(gint64 account, gint64 folder, gint64 change_seq, void *data);
void store_home_listen(StoreHome *h, StoreListener listener, void *data);
/* Starts the maintenance thread (checkpoints, cache eviction, index, other processes' changes). */
gboolean store_home_start(StoreHome *h, GError **err);

typedef enum { STORE_FOR_PERSON, STORE_FOR_WORK } StorePriority;
Store *store_connect(StoreHome *h, StorePriority priority, GError **err);
void store_free(Store *s);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Store, store_free)
/* The last committed change sequence. Reads. */
gint64 store_change_seq(Store *s);

/* Bound of cache.db in bytes; kept in the store, written only when it differs. */
gboolean store_set_cache_size(Store *s, guint64 bytes, GError **err);

/* The lock that covers syncing and replay, between processes (never SQLite's files). TRUE when this
 * process holds it from now on; FALSE without error when another one does. */
gboolean store_home_lock_sync(StoreHome *h, GError **err);
void store_home_unlock_sync(StoreHome *h);

/* Certificates that a person chose to trust "always", per host:port. NULL when none. Reads. */
char *trust_get(Store *s, const char *host, guint16 port, char **description);
gboolean trust_put(Store *s, const char *host, guint16 port, const char *sha256,
                   const char *description, GError **err);

/* Small named values ("account form seen", ui state). NULL when unset. */
char *meta_get(Store *s, const char *key);
gboolean meta_put(Store *s, const char *key, const char *value, GError **err);
