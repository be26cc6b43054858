/* queue.h - unbounded queue of owned pointers with a wake-up descriptor.
 *
 * Many producers, one consumer. Never blocks: the consumer polls queue_fd(). */
#pragma once
#include <glib.h>

typedef struct Queue Queue;

Queue *queue_new(GDestroyNotify free_item); /* frees what is left when the queue is freed */
void queue_free(Queue *q);
void queue_push(Queue *q, gpointer item_take); /* any thread */
/* Puts an item first: what the person waits for goes before background work. */
void queue_push_front(Queue *q, gpointer item_take);
/* Calls `same(queued, data)` from newest to oldest; when it returns TRUE nothing
 * is pushed, `item_take` is freed, and FALSE is returned. `same` may change the
 * queued item (to merge); it runs under the queue's lock and must be short. */
gboolean queue_push_merging(Queue *q, gpointer item_take,
                            gboolean (*same)(gpointer queued, gpointer item));
/* Likewise, but in front: a queued item that is the same moves to the front itself. */
gboolean queue_push_front_merging(Queue *q, gpointer item_take,
                                  gboolean (*same)(gpointer queued, gpointer item));
gpointer queue_pop(Queue *q); /* oldest, or NULL when empty; the caller owns it */
guint queue_length(Queue *q);
int queue_fd(const Queue *q); /* readable while not empty; borrowed */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Queue, queue_free)
