/* wait.h - the one way in which net waits: descriptors, cancel, and a deadline. */
#pragma once
#include <glib.h>
#include <poll.h>
#include "pintail/util/cancel.h"

#define WAIT_MAX 16 /* descriptors besides cancel's */

typedef enum { WAIT_READY, WAIT_TIMEOUT, WAIT_CANCELLED } WaitResult;

/* Polls `fds` (n <= WAIT_MAX; revents are filled in) and `cancel` (may be NULL) until
 * `until` (g_get_monotonic_time() clock, -1: no limit). Cancel wins over readiness, and
 * readiness over time. */
WaitResult wait_any(struct pollfd *fds, gsize n, const Cancel *cancel, gint64 until);
/* The same for one descriptor. */
WaitResult wait_one(int fd, short events, const Cancel *cancel, gint64 until);
