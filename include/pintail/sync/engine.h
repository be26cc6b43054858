/* engine.h - the workers of all accounts: start, reload, stop.
 *
 * engine_new() opens no socket and starts no thread. The holder of the sync
 * lock syncs and replays; another process only fetches bodies and submits what it claims
 * itself, and takes over when the lock is free. All results reach the screen over the bus. */
#pragma once
#include "pintail/bus/bus.h"
#include "pintail/conf/account.h"
#include "pintail/store/store.h"

typedef struct Engine Engine;

typedef enum {
    ENGINE_READ_ONLY = 1 << 0, /* EXAMINE, no replay, no download, no sending */
    ENGINE_ONCE = 1 << 1,      /* `pintail sync`: no IDLE; EVENT_IDLE per lane when done */
    ENGINE_SEND_ONLY = 1 << 2, /* `pintail send`: only the send lane */
} EngineFlags;

/* `accounts`: of Account; referenced, not taken. Each must exist in the store (account_ensure()). */
Engine *engine_new(Bus *bus, StoreHome *home, const GPtrArray *accounts, EngineFlags flags);
gboolean engine_start(Engine *e, GError **err);
/* Workers of accounts that changed stop and start anew, others go on undisturbed. */
void engine_reload(Engine *e, const GPtrArray *accounts);
/* Cancels every wait, joins the workers; at most `timeout_ms`, then they are left behind
 * (the process ends). TRUE when all ended. */
gboolean engine_stop(Engine *e, guint timeout_ms);
void engine_free(Engine *e);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Engine, engine_free)
