/* gate.h - who writes next in this process: one at a time, persons before workers.
 *
 * SQLite lets one connection write and makes the others poll; the gate gives threads of one
 * process an order instead, so that a key press never queues behind background work. Workers go
 * in the order in which they came: one that writes without pause cannot keep the others out. */
#pragma once
#include <glib.h>
#include <pthread.h>

typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t person, work;
    guint persons_waiting, workers_waiting;
    guint64 next_ticket, serving; /* of workers */
    gboolean busy;
} Gate;

void gate_init(Gate *g);
void gate_clear(Gate *g);
void gate_enter(Gate *g, gboolean person); /* blocks until it is our turn */
void gate_leave(Gate *g);
