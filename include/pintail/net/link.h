/* link.h - news that this machine's network has changed, to be waited for. */
#pragma once
#include <glib.h>

/* A descriptor that is readable when interfaces, addresses or routes have changed; close() it. -1 where the
 * system does not tell. */
int link_watch_open(void);
/* Takes what waits. TRUE when something has come up that a connection may go through: an address, a route, an
 * interface that runs. *alive FALSE: nothing more will come. */
gboolean link_watch_read(int fd, gboolean *alive);
