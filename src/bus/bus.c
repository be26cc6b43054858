/* bus.c - a queue of events, and a table of inboxes by account and lane.
 *
 * The table's lock is held while a request is pushed, so an inbox cannot go away under a
 * sender; pushing never blocks. */
#include <pthread.h>
#include "pintail/bus/bus.h"
#include "pintail/util/log.h"

typedef struct {
    gint64 account_id;
    Lane lane;
    Queue *inbox;   /* borrowed from the worker */
    Cancel *cancel; /* likewise */
} Post;

struct Bus {
    pthread_mutex_t lock; /* guards posts and last_question */
    GArray *posts;        /* of Post: a handful, so searched from the start */
    guint64 last_question;
    Queue *events;
};

Bus *bus_new(void)
{
    Bus *b = g_new0(Bus, 1);
    pthread_mutex_init(&b->lock, NULL);
    b->posts = g_array_new(FALSE, FALSE, sizeof(Post));
    b->events = queue_new((GDestroyNotify)event_free);
    return b;
}

void bus_free(Bus *b)
{
    if (!b)
        return;
    queue_free(b->events);
    g_array_unref(b->posts);
    pthread_mutex_destroy(&b->lock);
    g_free(b);
}

/* ---- events ---- */

/* Takes over what `newer` says; its texts move. */
static void take_texts(Event *into, Event *newer)
{
    g_free(into->text);
    into->text = g_steal_pointer(&newer->text);
}

/* Is `queued` about the same thing as `item`, so that only the newer state matters? Merges if so. */
static gboolean merge_event(gpointer queued, gpointer item)
{
    Event *old = queued, *newer = item;
    if (old->kind != newer->kind || old->account_id != newer->account_id)
        return FALSE;
    switch (newer->kind) {
    case EVENT_FOLDER:
        if (old->folder_id != newer->folder_id)
            return FALSE;
        old->change_seq = MAX(old->change_seq, newer->change_seq);
        return TRUE;
    case EVENT_FOLDERS:
        old->change_seq = MAX(old->change_seq, newer->change_seq);
        return TRUE;
    case EVENT_ACCOUNT:
        if (old->lane != newer->lane)
            return FALSE;
        old->state = newer->state;
        old->severity = newer->severity;
        old->code = newer->code;
        take_texts(old, newer);
        return TRUE;
    case EVENT_PROGRESS:
        if (old->lane != newer->lane)
            return FALSE;
        old->done = newer->done;
        old->total = newer->total;
        old->per_second = newer->per_second;
        old->folder_id = newer->folder_id;
        old->message_id = newer->message_id;
        take_texts(old, newer);
        return TRUE;
    default:
        return FALSE;
    }
}

void bus_post(Bus *b, Event *take)
{
    log_line("bus", "event %s account %" G_GINT64_FORMAT " folder %" G_GINT64_FORMAT, event_name(take->kind),
             take->account_id, take->folder_id);
    queue_push_merging(b->events, take, merge_event);
}

Event *bus_next(Bus *b)
{
    return queue_pop(b->events);
}

int bus_fd(const Bus *b)
{
    return queue_fd(b->events);
}

guint64 bus_question_id(Bus *b)
{
    pthread_mutex_lock(&b->lock);
    guint64 id = ++b->last_question;
    pthread_mutex_unlock(&b->lock);
    return id;
}

/* ---- workers' inboxes ---- */

/* Under the lock. NULL when nobody serves that lane. */
static Post *find_post(Bus *b, gint64 account_id, Lane lane)
{
    for (guint i = 0; i < b->posts->len; i++) {
        Post *p = &g_array_index(b->posts, Post, i);
        if (p->account_id == account_id && p->lane == lane)
            return p;
    }
    return NULL;
}

void bus_attach(Bus *b, gint64 account_id, Lane lane, Queue *inbox, Cancel *cancel)
{
    Post post = {account_id, lane, inbox, cancel};
    pthread_mutex_lock(&b->lock);
    g_assert(!find_post(b, account_id, lane));
    g_array_append_val(b->posts, post);
    pthread_mutex_unlock(&b->lock);
}

void bus_detach(Bus *b, gint64 account_id, Lane lane)
{
    pthread_mutex_lock(&b->lock);
    Post *p = find_post(b, account_id, lane);
    if (p)
        g_array_remove_index_fast(b->posts, (guint)(p - (Post *)(void *)b->posts->data));
    pthread_mutex_unlock(&b->lock);
}

static gboolean is_mergeable(RequestKind kind)
{
    return kind == REQUEST_SYNC || kind == REQUEST_OPEN || kind == REQUEST_REPLAY || kind == REQUEST_SEND;
}

static gboolean same_request(gpointer queued, gpointer item)
{
    const Request *old = queued, *newer = item;
    return old->kind == newer->kind && old->folder_id == newer->folder_id &&
           old->message_id == newer->message_id && g_strcmp0(old->section, newer->section) == 0;
}

gboolean bus_request(Bus *b, Lane lane, Request *take)
{
    log_line("bus", "request %s account %" G_GINT64_FORMAT " folder %" G_GINT64_FORMAT
             " message %" G_GINT64_FORMAT, request_name(take->kind), take->account_id, take->folder_id,
             take->message_id);
    pthread_mutex_lock(&b->lock);
    Post *p = find_post(b, take->account_id, lane);
    if (!p)
        request_free(take);
    else if (take->kind == REQUEST_ANSWER)
        queue_push_front(p->inbox, take);
    else if (take->kind == REQUEST_BODY)
        queue_push_front_merging(p->inbox, take, same_request);
    else if (is_mergeable(take->kind))
        queue_push_merging(p->inbox, take, same_request);
    else
        queue_push(p->inbox, take);
    gboolean served = p != NULL;
    pthread_mutex_unlock(&b->lock);
    return served;
}

void bus_cancel(Bus *b, gint64 account_id, Lane lane)
{
    pthread_mutex_lock(&b->lock);
    Post *p = find_post(b, account_id, lane);
    if (p)
        cancel_trigger(p->cancel);
    pthread_mutex_unlock(&b->lock);
}
