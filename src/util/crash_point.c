/* crash_point.c - see the contract. The counter is shared by all threads, so the N-th passage
 * of the process counts, whoever makes it. */
#include "pintail/util/crash_point.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <glib.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char wanted[32];
static atomic_long left;
static atomic_bool armed;

static void read_environment(void)
{
    const char *text = getenv("PINTAIL_CRASH_AT");
    const char *colon = text ? strchr(text, ':') : NULL;
    if (!colon || colon == text || (gsize)(colon - text) >= sizeof wanted)
        return;
    gint64 n = g_ascii_strtoll(colon + 1, NULL, 10);
    if (n < 1)
        return;
    memcpy(wanted, text, (gsize)(colon - text));
    atomic_store(&left, (long)n);
    atomic_store(&armed, TRUE);
}

void crash_point(const char *name)
{
    pthread_once(&once, read_environment);
    if (!atomic_load_explicit(&armed, memory_order_relaxed) || strcmp(name, wanted) != 0)
        return;
    if (atomic_fetch_sub(&left, 1) == 1)
        kill(getpid(), SIGKILL);
}
