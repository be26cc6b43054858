/* machine.h - what happens to this machine that matters to connections: it slept, its network changed. */
#pragma once
#include <glib.h>

/* How long it has been asleep since it was started, in microseconds. */
gint64 machine_slept(void);
/* A descriptor for link_watch_read(), the caller's to close; -1: nothing is told. */
int machine_link(void);
/* For tests, before an engine is made: take these instead of the machine's (NULL: the machine's again).
 * The next machine_link() gives `link`. */
void machine_pretend(int link, gint64 (*slept)(void));
