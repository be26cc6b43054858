/* gate.c - see gate.h. A worker starts only when no person waits; the wait of a person is
 * bounded by one transaction of a worker (10 ms). */
#include "gate.h"

static void must(int rc, const char *what)
{
    if (rc != 0)
        g_error("%s: %s", what, g_strerror(rc));
}

void gate_init(Gate *g)
{
    must(pthread_mutex_init(&g->lock, NULL), "pthread_mutex_init");
    must(pthread_cond_init(&g->person, NULL), "pthread_cond_init");
    must(pthread_cond_init(&g->work, NULL), "pthread_cond_init");
    g->persons_waiting = g->workers_waiting = 0;
    g->next_ticket = g->serving = 0;
    g->busy = FALSE;
}

void gate_clear(Gate *g)
{
    g_assert(!g->busy && g->persons_waiting == 0 && g->workers_waiting == 0);
    pthread_cond_destroy(&g->work);
    pthread_cond_destroy(&g->person);
    pthread_mutex_destroy(&g->lock);
}

void gate_enter(Gate *g, gboolean person)
{
    must(pthread_mutex_lock(&g->lock), "pthread_mutex_lock");
    if (person) {
        g->persons_waiting++;
        while (g->busy)
            pthread_cond_wait(&g->person, &g->lock);
        g->persons_waiting--;
    } else {
        guint64 ticket = g->next_ticket++;
        g->workers_waiting++;
        while (g->busy || g->persons_waiting > 0 || ticket != g->serving)
            pthread_cond_wait(&g->work, &g->lock);
        g->workers_waiting--;
        g->serving++;
    }
    g->busy = TRUE;
    pthread_mutex_unlock(&g->lock);
}

void gate_leave(Gate *g)
{
    must(pthread_mutex_lock(&g->lock), "pthread_mutex_lock");
    g_assert(g->busy);
    g->busy = FALSE;
    if (g->persons_waiting > 0)
        pthread_cond_signal(&g->person);
    else
        pthread_cond_broadcast(&g->work); /* few wait; the one whose turn it is goes */
    pthread_mutex_unlock(&g->lock);
}
