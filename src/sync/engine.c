/* engine.c - starts, reloads and stops the workers of all accounts; holds the sync lock.
 *
 * The engine has a worker of its own (account 0) which does all that may block: taking the lock
 * (tried again each second while another process has it), starting and joining workers, probes.
 * Callers only leave a note in its inbox. */
#include "pintail/sync/engine.h"
#include <string.h>
#include <unistd.h>
#include "account_same.h"
#include "lane.h"
#include "machine.h"
#include "pintail/conf/conf.h"
#include "pintail/net/link.h"
#include "pintail/store/folder.h"
#include "pintail/store/op.h"
#include "pintail/store/outbox.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/log.h"
#include "probe.h"
#include "unsubscribe.h"

#define LOCK_EVERY G_USEC_PER_SEC
#define LOOK_EVERY (2 * G_USEC_PER_SEC)  /* for what other processes have committed */
#define RELOAD_PATIENCE (5 * G_USEC_PER_SEC)
#define LINK_SETTLES (G_USEC_PER_SEC / 2)
#define LINK_AGAIN (5 * G_USEC_PER_SEC)
#define ASLEEP (5 * G_USEC_PER_SEC)      /* a gap longer than this between two clocks was a sleep */

/* The workers of one account. */
typedef struct {
    Account *account;
    gint64 id;
    Shared *shared;
    Worker *lanes[LANE_COUNT]; /* NULL: it has none */
    gboolean started;
} Crew;

struct Engine {
    Context context;
    Worker *self;
    gboolean attached;
    pthread_mutex_t lock; /* guards wanted, reload, stop_by */
    GPtrArray *wanted;    /* of Account */
    gboolean reload;
    gint64 stop_by;       /* monotonic */
    /* its own worker's, and after that has ended the owner's: */
    GPtrArray *crews;
    GHashTable *proven;   /* account name -> Secret that a probe has just logged in with */
    GPtrArray *left;      /* of Worker: did not end in time; never freed */
    gint64 change_seq;
    gint64 slept;         /* microseconds this machine has slept so far */
    gint64 link_due, link_said; /* monotonic: the lanes are told that the network changed; 0 */
};

static void engine_lock(Engine *e)
{
    if (pthread_mutex_lock(&e->lock) != 0)
        g_error("engine: cannot lock");
}

static void engine_unlock(Engine *e)
{
    if (pthread_mutex_unlock(&e->lock) != 0)
        g_error("engine: cannot unlock");
}

static GPtrArray *reference_all(const GPtrArray *accounts)
{
    GPtrArray *copy = g_ptr_array_new_with_free_func((GDestroyNotify)account_unref);
    for (guint n = 0; accounts && n < accounts->len; n++)
        g_ptr_array_add(copy, account_ref(accounts->pdata[n]));
    return copy;
}

/* ---- crews ---- */

static LaneFunc lane_function(const Engine *e, const Account *a, Lane lane)
{
    gboolean send_only = (e->context.flags & ENGINE_SEND_ONLY) != 0;
    gboolean imap = a->incoming && a->incoming->protocol == PROTOCOL_IMAP;
    if (lane == LANE_SEND)
        return a->smtp ? send_lane : NULL;
    if (send_only)
        return NULL;
    if (lane == LANE_FAST)
        return imap ? imap_fast_lane : NULL;
    return imap ? imap_sync_lane : a->incoming ? pop3_lane : local_lane;
}

/* Its workers take requests from now on; they are started by crew_start(). */
static void crew_add(Engine *e, Account *a, gint64 id)
{
    Crew *c = g_new0(Crew, 1);
    c->account = account_ref(a);
    c->id = id;
    c->shared = shared_new();
    const Secret *proven = a->password.kind == PASSWORD_ASK ? g_hash_table_lookup(e->proven, a->name) : NULL;
    for (int slot = 0; proven && slot < SLOT_COUNT; slot++)
        shared_secret_put(c->shared, (SecretSlot)slot, proven, TRUE);
    g_ptr_array_add(e->crews, c);
    for (int lane = 0; lane < LANE_COUNT; lane++) {
        LaneFunc run = lane_function(e, a, lane);
        if (run)
            c->lanes[lane] = worker_new(&e->context, a, id, lane, c->shared, run, NULL);
        if (run)
            worker_attach(c->lanes[lane]);
    }
}

static void crew_start(Engine *e, Crew *c)
{
    c->started = TRUE;
    for (int lane = 0; lane < LANE_COUNT; lane++) {
        g_autoptr(GError) err = NULL;
        Worker *w = c->lanes[lane];
        if (!w || worker_start(w, &err))
            continue;
        worker_complain(e->self, err);
        worker_detach(w);
        g_clear_pointer(&c->lanes[lane], worker_free);
    }
}

static void crew_stop(Crew *c)
{
    for (int lane = 0; lane < LANE_COUNT; lane++)
        if (c->lanes[lane])
            worker_stop(c->lanes[lane]);
}

/* Joins what ends until then; the others are left behind, cut off from the bus. */
static void crew_end(Engine *e, Crew *c, gint64 until)
{
    for (int lane = 0; lane < LANE_COUNT; lane++) {
        Worker *w = g_steal_pointer(&c->lanes[lane]);
        if (!w)
            continue;
        if (worker_join(w, until)) {
            worker_free(w);
            continue;
        }
        worker_detach(w);
        g_ptr_array_add(e->left, w);
    }
    shared_unref(c->shared);
    account_unref(c->account);
    g_free(c);
}

static void poke_lane(Crew *c, Lane lane, RequestKind kind)
{
    if (c->lanes[lane] && queue_length(c->lanes[lane]->inbox) == 0)
        queue_push(c->lanes[lane]->inbox, request_new(kind, 0));
}

/* ---- accounts ---- */

static StoredAccountKind stored_kind(const Account *a)
{
    if (!a->incoming)
        return STORED_LOCAL;
    return a->incoming->protocol == PROTOCOL_IMAP ? STORED_IMAP : STORED_POP3;
}

static gint64 id_of(Worker *w, const Account *a)
{
    gint64 id = account_find(w->store, a->name);
    g_autoptr(GError) err = NULL;
    if (id == 0)
        id = account_ensure(w->store, a->name, stored_kind(a), a->maildir, &err);
    worker_complain(w, err);
    return id;
}

static gboolean is_wanted(const GPtrArray *wanted, const Account *a)
{
    for (guint n = 0; n < wanted->len; n++)
        if (account_same(wanted->pdata[n], a))
            return TRUE;
    return FALSE;
}

static gboolean has_crew(const Engine *e, const Account *a)
{
    for (guint n = 0; n < e->crews->len; n++)
        if (account_same(((Crew *)e->crews->pdata[n])->account, a))
            return TRUE;
    return FALSE;
}

/* Stops whose account changed or is gone, starts who is missing; the others go on undisturbed. */
static void arrange(Engine *e)
{
    engine_lock(e);
    g_autoptr(GPtrArray) wanted = reference_all(e->wanted);
    e->reload = FALSE;
    engine_unlock(e);
    g_autoptr(GPtrArray) leaving = g_ptr_array_new();
    for (guint n = e->crews->len; n > 0; n--) {
        Crew *c = e->crews->pdata[n - 1];
        if (is_wanted(wanted, c->account))
            continue;
        crew_stop(c);
        g_ptr_array_add(leaving, c);
        g_ptr_array_remove_index_fast(e->crews, n - 1);
    }
    gint64 until = g_get_monotonic_time() + RELOAD_PATIENCE;
    for (guint n = 0; n < leaving->len; n++)
        crew_end(e, leaving->pdata[n], until);
    for (guint n = 0; n < wanted->len && !worker_is_stopping(e->self); n++) {
        Account *a = wanted->pdata[n];
        gint64 id = has_crew(e, a) ? 0 : id_of(e->self, a);
        if (id != 0)
            crew_add(e, a, id);
    }
    for (guint n = 0; n < e->crews->len && !worker_is_stopping(e->self); n++)
        if (!((Crew *)e->crews->pdata[n])->started)
            crew_start(e, e->crews->pdata[n]);
}

/* One block after another: "account NAME" begins each. */
static GPtrArray *accounts_from_text(const char *text, GError **err)
{
    g_autoptr(GPtrArray) accounts = g_ptr_array_new_with_free_func((GDestroyNotify)account_unref);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autoptr(GString) block = g_string_new(NULL);
    for (guint n = 0;; n++) {
        gboolean begins = lines[n] && (g_str_has_prefix(lines[n], "account ") || g_str_has_prefix(lines[n], "account\t"));
        if ((begins || !lines[n]) && strstr(block->str, "account") == block->str) {
            Account *a = conf_account_from_text(block->str, err);
            if (!a)
                return NULL;
            g_ptr_array_add(accounts, a);
        }
        if (!lines[n])
            return g_steal_pointer(&accounts);
        if (begins)
            g_string_truncate(block, 0);
        g_string_append_printf(block, "%s\n", lines[n]);
    }
}

static void take_reload(Engine *e, const Request *r)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(GPtrArray) accounts = accounts_from_text(r->account_rc ? r->account_rc : "", &err);
    if (!accounts) {
        worker_complain(e->self, err);
        return;
    }
    engine_lock(e);
    g_ptr_array_unref(e->wanted);
    e->wanted = g_steal_pointer(&accounts);
    e->reload = TRUE;
    engine_unlock(e);
}

/* ---- the lock, and what others did ---- */

static void try_lock(Engine *e)
{
    g_autoptr(GError) err = NULL;
    LockState before = g_atomic_int_get(&e->context.lock);
    gboolean ours = store_home_lock_sync(e->context.home, &err);
    if (err && before == LOCK_UNDECIDED)
        worker_complain(e->self, err);
    g_atomic_int_set(&e->context.lock, ours ? LOCK_OURS : LOCK_ELSEWHERE);
    if (before == (ours ? LOCK_OURS : LOCK_ELSEWHERE))
        return;
    log_line("sync", "sync lock: %s", ours ? "ours" : "held by another process");
    for (guint n = 0; n < e->crews->len; n++)
        for (int lane = 0; lane < LANE_COUNT; lane++)
            poke_lane(e->crews->pdata[n], lane, REQUEST_RECONNECT);
}

/* Another process may have committed changes or queued mail; only we send them. */
static void look_for_work(Engine *e)
{
    gint64 seq = store_change_seq(e->self->store);
    gboolean changed = seq != e->change_seq;
    e->change_seq = seq;
    gboolean outbox = outbox_count(e->self->store) > 0;
    for (guint n = 0; n < e->crews->len; n++) {
        Crew *c = e->crews->pdata[n];
        if (changed && ops_waiting(e->self->store, c->id))
            poke_lane(c, LANE_FAST, REQUEST_REPLAY);
        if (changed && outbox)
            poke_lane(c, LANE_SEND, REQUEST_SEND);
    }
}

/* What failed for want of a network is tried again at once; whoever is connected hears nothing of it. */
static void network_is_back(Engine *e, RequestKind kind)
{
    for (guint n = 0; n < e->crews->len; n++) {
        Crew *c = e->crews->pdata[n];
        shared_connection_worked(c->shared);
        poke_lane(c, LANE_SYNC, kind);
        poke_lane(c, LANE_SEND, REQUEST_RECONNECT);
    }
}

static void unwatch_link(Engine *e)
{
    if (e->self->watch >= 0)
        close(e->self->watch);
    e->self->watch = -1;
}

static void look_at_clock(Engine *e)
{
    gint64 slept = machine_slept();
    if (slept - e->slept > ASLEEP) {
        log_line("sync", "back from sleep: connecting anew");
        g_atomic_int_inc(&e->context.resumes);
        network_is_back(e, REQUEST_SYNC);
    }
    e->slept = slept;
}

/* The kernel tells of a network in many pieces: when it has come to rest for a moment, and not too often. */
static void look_at_link(Engine *e)
{
    gint64 now = g_get_monotonic_time();
    if (e->self->watch_ready) {
        gboolean alive, up = link_watch_read(e->self->watch, &alive);
        if (up && e->link_due == 0)
            e->link_due = MAX(now + LINK_SETTLES, e->link_said + LINK_AGAIN);
        if (!alive)
            unwatch_link(e);
        look_at_clock(e); /* after a sleep this is the first that is heard */
    }
    if (e->link_due == 0 || now < e->link_due)
        return;
    log_line("sync", "the network has changed");
    e->link_said = now;
    e->link_due = 0;
    network_is_back(e, REQUEST_REPLAY); /* nothing to the sync lane, but it ends a pause */
}

/* ---- the engine's own worker ---- */

/* What works is not asked for again when the account comes. */
static void take_probe(Engine *e, const Request *r)
{
    char *name = probe_run(e->self, r);
    if (name && r->secret)
        g_hash_table_replace(e->proven, name, secret_ref(r->secret));
    else
        g_free(name);
}

static void take_request(Engine *e, const Request *r)
{
    if (r->kind == REQUEST_PROBE)
        take_probe(e, r);
    else if (r->kind == REQUEST_RELOAD)
        take_reload(e, r);
    else if (r->kind == REQUEST_UNSUBSCRIBE)
        unsubscribe_run(e->self, r);
}

static gboolean reload_is_due(Engine *e)
{
    engine_lock(e);
    gboolean due = e->reload;
    engine_unlock(e);
    return due;
}

static void stop_all(Engine *e)
{
    for (guint n = 0; n < e->crews->len; n++)
        crew_stop(e->crews->pdata[n]);
    engine_lock(e);
    gint64 until = e->stop_by;
    engine_unlock(e);
    for (guint n = 0; n < e->crews->len; n++)
        crew_end(e, e->crews->pdata[n], until);
    g_ptr_array_set_size(e->crews, 0);
    if (g_atomic_int_get(&e->context.lock) == LOCK_OURS && e->left->len == 0)
        store_home_unlock_sync(e->context.home);
}

static void engine_lane(Worker *w)
{
    Engine *e = w->data;
    gboolean wants_lock = !(e->context.flags & ENGINE_SEND_ONLY);
    e->slept = machine_slept();
    if (!worker_once(w))
        w->watch = machine_link();
    e->change_seq = store_change_seq(w->store);
    if (wants_lock)
        try_lock(e);
    arrange(e);
    for (;;) {
        gboolean ours = worker_lock(w) == LOCK_OURS;
        gboolean trying = wants_lock && !ours && !worker_once(w);
        gint64 next = g_get_monotonic_time() + (trying ? LOCK_EVERY : LOOK_EVERY);
        if (!worker_wait(w, e->link_due > 0 ? MIN(next, e->link_due) : next))
            break;
        look_at_link(e);
        g_autoptr(Request) r = worker_next(w);
        if (r)
            take_request(e, r);
        if (reload_is_due(e))
            arrange(e);
        if (r)
            continue;
        if (trying)
            try_lock(e);
        if (!worker_once(w))
            look_for_work(e);
        look_at_clock(e);
    }
    unwatch_link(e);
    stop_all(e);
}

/* ---- the contract ---- */

Engine *engine_new(Bus *bus, StoreHome *home, const GPtrArray *accounts, EngineFlags flags)
{
    Engine *e = g_new0(Engine, 1);
    e->context = (Context){.bus = bus, .home = home, .flags = flags, .lock = LOCK_UNDECIDED};
    if (pthread_mutex_init(&e->lock, NULL) != 0)
        g_error("engine: cannot create a lock");
    e->wanted = reference_all(accounts);
    e->crews = g_ptr_array_new();
    e->proven = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)secret_unref);
    e->left = g_ptr_array_new();
    e->self = worker_new(&e->context, NULL, 0, LANE_SYNC, NULL, engine_lane, e);
    return e;
}

/* Before anything runs: what the screen asks for from now on finds its lane. */
static gboolean add_crews(Engine *e, GError **err)
{
    g_autoptr(Store) store = store_connect(e->context.home, STORE_FOR_PERSON, err);
    if (!store)
        return FALSE;
    for (guint n = 0; n < e->wanted->len; n++) {
        Account *a = e->wanted->pdata[n];
        gint64 id = account_find(store, a->name);
        if (id != 0)
            crew_add(e, a, id);
    }
    return TRUE;
}

gboolean engine_start(Engine *e, GError **err)
{
    if (!add_crews(e, err))
        return FALSE;
    worker_attach(e->self);
    if (!worker_start(e->self, err))
        return FALSE;
    bus_attach(e->context.bus, 0, LANE_FAST, e->self->inbox, e->self->cancel);
    bus_attach(e->context.bus, 0, LANE_SEND, e->self->inbox, e->self->cancel);
    e->attached = TRUE;
    return TRUE;
}

void engine_reload(Engine *e, const GPtrArray *accounts)
{
    engine_lock(e);
    g_ptr_array_unref(e->wanted);
    e->wanted = reference_all(accounts);
    e->reload = TRUE;
    engine_unlock(e);
    queue_push(e->self->inbox, request_new(REQUEST_RECONNECT, 0)); /* wakes it */
}

/* Crews that were never started. */
static void drop_crews(Engine *e)
{
    for (guint n = 0; n < e->crews->len; n++)
        crew_end(e, e->crews->pdata[n], 0);
    g_ptr_array_set_size(e->crews, 0);
}

gboolean engine_stop(Engine *e, guint timeout_ms)
{
    gint64 by = g_get_monotonic_time() + (gint64)timeout_ms * 1000;
    if (!e->self->started) {
        worker_detach(e->self);
        drop_crews(e);
        return e->left->len == 0;
    }
    engine_lock(e);
    e->stop_by = by - MIN((gint64)timeout_ms * 100, 100000); /* leaves its own worker time to end */
    engine_unlock(e);
    if (e->attached) {
        bus_detach(e->context.bus, 0, LANE_FAST);
        bus_detach(e->context.bus, 0, LANE_SEND);
        e->attached = FALSE;
    }
    worker_stop(e->self);
    if (!worker_join(e->self, by))
        return FALSE;
    drop_crews(e);
    return e->left->len == 0;
}

void engine_free(Engine *e)
{
    if (!e)
        return;
    /* Threads that were left behind still use all this; the process is about to end. */
    if (!engine_stop(e, 2000))
        return;
    worker_free(e->self);
    g_ptr_array_unref(e->wanted);
    g_ptr_array_unref(e->crews);
    g_hash_table_unref(e->proven);
    g_ptr_array_unref(e->left);
    pthread_mutex_destroy(&e->lock);
    g_free(e);
}
