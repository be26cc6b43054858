/* queue.c - see the contract. The wake-up descriptor is set when the queue stops
 * being empty and cleared when it becomes empty, both under the lock, so its state
 * is always the queue's. */
#include "pintail/util/queue.h"
#include <pthread.h>
#include "wakeup.h"

struct Queue {
    pthread_mutex_t lock;
    GQueue items; /* oldest at the head */
    GDestroyNotify free_item;
    Wakeup wakeup;
};

static void queue_lock(Queue *q)
{
    if (pthread_mutex_lock(&q->lock) != 0)
        g_error("queue: cannot lock");
}

static void queue_unlock(Queue *q)
{
    if (pthread_mutex_unlock(&q->lock) != 0)
        g_error("queue: cannot unlock");
}

Queue *queue_new(GDestroyNotify free_item)
{
    Queue *q = g_new0(Queue, 1);
    if (pthread_mutex_init(&q->lock, NULL) != 0)
        g_error("queue: cannot create a lock");
    g_queue_init(&q->items);
    q->free_item = free_item;
    wakeup_init(&q->wakeup);
    return q;
}

static void item_free(const Queue *q, gpointer item)
{
    if (q->free_item)
        q->free_item(item);
}

void queue_free(Queue *q)
{
    if (!q)
        return;
    gpointer item;
    while ((item = g_queue_pop_head(&q->items)))
        item_free(q, item);
    wakeup_destroy(&q->wakeup);
    pthread_mutex_destroy(&q->lock);
    g_free(q);
}

static void push_locked(Queue *q, gpointer item, gboolean front)
{
    gboolean was_empty = q->items.length == 0;
    if (front)
        g_queue_push_head(&q->items, item);
    else
        g_queue_push_tail(&q->items, item);
    if (was_empty)
        wakeup_set(&q->wakeup);
}

void queue_push(Queue *q, gpointer item_take)
{
    g_assert(item_take);
    queue_lock(q);
    push_locked(q, item_take, FALSE);
    queue_unlock(q);
}

void queue_push_front(Queue *q, gpointer item_take)
{
    g_assert(item_take);
    queue_lock(q);
    push_locked(q, item_take, TRUE);
    queue_unlock(q);
}

static gboolean push_merging(Queue *q, gpointer item, gboolean (*same)(gpointer, gpointer),
                             gboolean front)
{
    GList *found = NULL;
    queue_lock(q);
    for (GList *l = q->items.tail; l && !found; l = l->prev)
        found = same(l->data, item) ? l : NULL;
    if (!found) {
        push_locked(q, item, front);
    } else if (front) {
        g_queue_unlink(&q->items, found);
        g_queue_push_head_link(&q->items, found);
    }
    queue_unlock(q);
    if (found)
        item_free(q, item);
    return !found;
}

gboolean queue_push_merging(Queue *q, gpointer item_take,
                            gboolean (*same)(gpointer queued, gpointer item))
{
    g_assert(item_take);
    return push_merging(q, item_take, same, FALSE);
}

gboolean queue_push_front_merging(Queue *q, gpointer item_take,
                                  gboolean (*same)(gpointer queued, gpointer item))
{
    g_assert(item_take);
    return push_merging(q, item_take, same, TRUE);
}

gpointer queue_pop(Queue *q)
{
    queue_lock(q);
    gpointer item = g_queue_pop_head(&q->items);
    if (item && q->items.length == 0)
        wakeup_clear(&q->wakeup);
    queue_unlock(q);
    return item;
}

guint queue_length(Queue *q)
{
    queue_lock(q);
    guint n = q->items.length;
    queue_unlock(q);
    return n;
}

int queue_fd(const Queue *q)
{
    return q->wakeup.read_fd;
}
