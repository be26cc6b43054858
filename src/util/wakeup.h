/* wakeup.h - a descriptor that poll() sees as readable while it is set.
 *
 * eventfd where there is one, else a pipe. Setting is async-signal-safe, never
 * blocks and never fails: a full counter or pipe is readable already. */
#pragma once
#include <glib.h>

typedef struct {
    int read_fd;
    int write_fd; /* the same with eventfd */
} Wakeup;

void wakeup_init(Wakeup *w); /* aborts when the system has no descriptor left */
void wakeup_destroy(Wakeup *w);
void wakeup_set(const Wakeup *w);
void wakeup_clear(const Wakeup *w);
gboolean wakeup_is_set(const Wakeup *w);
