/* machine.c - see machine.h. */
#include "machine.h"
#include <time.h>
#include "pintail/net/link.h"

static gint64 (*pretended)(void);
static int pretended_link;

void machine_pretend(int link, gint64 (*slept)(void))
{
    pretended_link = link;
    pretended = slept;
}

int machine_link(void)
{
    return pretended ? pretended_link : link_watch_open();
}

gint64 machine_slept(void)
{
    if (pretended)
        return pretended();
#ifdef CLOCK_BOOTTIME
    struct timespec all, awake;
    if (clock_gettime(CLOCK_BOOTTIME, &all) == 0 && clock_gettime(CLOCK_MONOTONIC, &awake) == 0)
        return ((gint64)all.tv_sec - awake.tv_sec) * G_USEC_PER_SEC + (all.tv_nsec - awake.tv_nsec) / 1000;
#endif
    return 0;
}
