/* loader.c - the threads for what is local but slow. */
#include <poll.h>
#include <pthread.h>
#include "loader.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/queue.h"

enum { QUICK, LONG, THREADS };

typedef struct {
    LoadSlot slot;
    guint64 generation;
    LoadWork work; /* NULL: the end of the thread */
    LoadDone done;
    gpointer data, result;
    GDestroyNotify free_data, free_result;
    Cancel *stop; /* this job's own: stopping it never touches the next one */
    gint refs;    /* of the slot and of whoever has it queued; UI thread and atomics */
    GError *err;
} Job;

typedef struct {
    Store *store;
    pthread_t thread;
    gboolean started;
    Queue *jobs, *results;
} Hand;

struct Loader {
    Hand hands[THREADS];
    Queue *results;
    Job *current[LOAD_SLOTS]; /* UI thread: what was asked for last; holds a reference */
    guint64 generation;
    guint handed_over;
};

static void job_unref(gpointer p)
{
    Job *j = p;
    if (!g_atomic_int_dec_and_test(&j->refs))
        return;
    if (j->result && j->free_result)
        j->free_result(j->result);
    if (j->free_data)
        j->free_data(j->data);
    g_clear_pointer(&j->stop, cancel_free);
    g_clear_error(&j->err);
    g_free(j);
}

static void *loader_main(void *data)
{
    Hand *h = data;
    for (;;) {
        Job *j = queue_pop(h->jobs);
        if (!j) {
            struct pollfd p = {.fd = queue_fd(h->jobs), .events = POLLIN};
            (void)poll(&p, 1, -1);
            continue;
        }
        if (!j->work) {
            job_unref(j);
            return NULL;
        }
        if (!cancel_is_set(j->stop))
            j->result = j->work(h->store, j->data, j->stop, &j->err);
        queue_push(h->results, j);
    }
}

Loader *loader_new(StoreHome *home, GError **err)
{
    Loader *l = g_new0(Loader, 1);
    l->results = queue_new(job_unref);
    for (guint i = 0; i < THREADS; i++) {
        Hand *h = &l->hands[i];
        h->results = l->results;
        h->store = store_connect(home, STORE_FOR_PERSON, err);
        if (!h->store) {
            loader_free(l);
            return NULL;
        }
        h->jobs = queue_new(job_unref);
        int problem = pthread_create(&h->thread, NULL, loader_main, h);
        if (problem != 0) {
            error_set_errno(err, PINTAIL_ERROR_STORE, problem, _("cannot start a thread"));
            loader_free(l);
            return NULL;
        }
        h->started = TRUE;
    }
    return l;
}

void loader_free(Loader *l)
{
    if (!l)
        return;
    for (guint i = 0; i < LOAD_SLOTS; i++)
        loader_stop(l, i);
    for (guint i = 0; i < THREADS; i++) {
        Hand *h = &l->hands[i];
        if (h->started) {
            Job *end = g_new0(Job, 1);
            end->refs = 1;
            queue_push_front(h->jobs, end);
            (void)pthread_join(h->thread, NULL);
        }
        g_clear_pointer(&h->jobs, queue_free);
        g_clear_pointer(&h->store, store_free);
    }
    queue_free(l->results);
    g_free(l);
}

void loader_stop(Loader *l, LoadSlot slot)
{
    Job *j = l ? g_steal_pointer(&l->current[slot]) : NULL; /* none: the program ends */
    if (!j)
        return;
    cancel_trigger(j->stop);
    job_unref(j);
}

void loader_run(Loader *l, LoadSlot slot, LoadWork work, LoadDone done, gpointer data,
                GDestroyNotify free_data, GDestroyNotify free_result)
{
    loader_stop(l, slot);
    Job *j = g_new0(Job, 1);
    j->slot = slot;
    j->generation = ++l->generation;
    j->work = work;
    j->done = done;
    j->data = data;
    j->free_data = free_data;
    j->free_result = free_result;
    j->stop = cancel_new();
    j->refs = 2;
    l->current[slot] = j;
    l->handed_over++;
    gboolean takes_long = slot == LOAD_LIST || slot == LOAD_SEARCH || slot == LOAD_LAYOUT ||
                          slot == LOAD_TREE;
    queue_push(l->hands[takes_long ? LONG : QUICK].jobs, j);
}

gboolean loader_busy_with(const Loader *l, LoadSlot slot)
{
    return l->current[slot] != NULL;
}

gboolean loader_busy(const Loader *l)
{
    return l->handed_over > 0;
}

int loader_fd(const Loader *l)
{
    return queue_fd(l->results);
}

gboolean loader_deliver(Loader *l, Ui *ui)
{
    gboolean any = FALSE;
    for (Job *j; (j = queue_pop(l->results)); any = TRUE) {
        l->handed_over--;
        Job *wanted = l->current[j->slot];
        if (wanted && wanted->generation == j->generation) {
            /* first out of the slot: the callback may ask for the next thing */
            l->current[j->slot] = NULL;
            ui->dirty = TRUE;
            j->done(ui, g_steal_pointer(&j->result), j->err, j->data);
            job_unref(j);
        }
        job_unref(j);
    }
    return any;
}
