/* worker.h - a thread with an inbox, a cancel and a Store of its own; what it says to the
 * screen, and how it waits.
 *
 * Everything below "the worker's own thread" is called by that thread only. A worker runs one
 * function, a lane (lane.h), from start to end. */
#pragma once
#include <pthread.h>
#include "pintail/bus/bus.h"
#include "pintail/conf/account.h"
#include "pintail/store/store.h"
#include "pintail/sync/engine.h"
#include "shared.h"

/* Does this process hold the sync lock? */
typedef enum { LOCK_UNDECIDED, LOCK_OURS, LOCK_ELSEWHERE } LockState;

/* What all workers of an engine share; outlives them. */
typedef struct {
    Bus *bus;
    StoreHome *home;
    EngineFlags flags;
    gint lock;    /* LockState; atomic, set by the engine's own worker */
    gint resumes; /* atomic: how often the machine came back from sleep; connections from before are dead */
} Context;

typedef struct Worker Worker;
typedef void (*LaneFunc)(Worker *w);

struct Worker {
    Context *context;
    Account *account; /* NULL: the engine's own */
    gint64 account_id;
    Lane lane;
    Shared *shared;
    LaneFunc run;
    void *data;
    Queue *inbox;
    Cancel *cancel;
    Cancel *ended;  /* set when the thread's last line has been reached */
    gint stopping;  /* atomic */
    gboolean started, attached;
    pthread_t thread;
    /* its own thread's: */
    Store *store;
    int watch;             /* a descriptor that ends worker_wait() when it is readable; -1 */
    gboolean watch_ready;  /* it did */
    GQueue put_off; /* of Request: came while a question waited */
    gint64 progress_since; /* monotonic */
    guint64 progress_from;
    gint64 progress_posted; /* monotonic */
};

Worker *worker_new(Context *context, Account *account, gint64 account_id, Lane lane, Shared *shared,
                   LaneFunc run, void *data);
/* To the bus: requests are taken from now on, also before it is started. */
void worker_attach(Worker *w);
void worker_detach(Worker *w);
gboolean worker_start(Worker *w, GError **err);
void worker_stop(Worker *w); /* asks it to end; does not wait */
/* TRUE when it has ended by `until` (monotonic); it is detached and joined then. */
gboolean worker_join(Worker *w, gint64 until);
void worker_free(Worker *w); /* ended, or never started */

/* ---- the worker's own thread ---- */
gboolean worker_is_stopping(const Worker *w);
gboolean worker_once(const Worker *w);      /* ENGINE_ONCE */
gboolean worker_read_only(const Worker *w); /* ENGINE_READ_ONLY */
LockState worker_lock(const Worker *w);

/* The next request, or NULL; what was cancelled before is forgotten. */
Request *worker_next(Worker *w);
gboolean worker_has_requests(Worker *w);
/* Until a request waits, `until` (monotonic microseconds, 0: no end), a cancel or the end. FALSE when stopping. */
gboolean worker_wait(Worker *w, gint64 until);
/* Waits until the lock is decided; TRUE when it is ours. In ONCE mode FALSE as soon as it is
 * another's (that is said); else waits for it. FALSE also when stopping. */
gboolean worker_wait_for_lock(Worker *w);

/* Posts the question and waits for its answer; other requests are put off. NULL with CANCELLED. */
Request *worker_ask(Worker *w, Event *question_take, GError **err);
/* Waits for one request of any kind and puts it off. FALSE with CANCELLED. */
gboolean worker_put_off(Worker *w, GError **err);
/* To another lane of this account. */
void worker_poke(Worker *w, Lane lane, RequestKind kind, gint64 folder);

void worker_state(Worker *w, AccountState state, const char *text);
/* OFFLINE, or FAILED where only a person can help; `text` NULL: the message of `why`. */
void worker_state_failed(Worker *w, const char *text, const GError *why);
void worker_notice(Worker *w, Severity severity, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* [ALERT]s of the server (array of char *), those that no lane has just shown. */
void worker_alerts(Worker *w, const GPtrArray *alerts);
/* An error as a notice; CANCELLED says nothing. */
void worker_complain(Worker *w, const GError *err);
void worker_progress(Worker *w, const char *text, guint64 done, guint64 total, gboolean in_bytes);
void worker_body_event(Worker *w, gint64 message, const char *section, const GError *failure);
void worker_idle(Worker *w);

/* Growing pauses with jitter: 1 s, 2 s, 4 s .. 5 min. */
gint64 backoff_us(guint failures);
