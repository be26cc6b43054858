/* probe.h - REQUEST_PROBE: does an account work? Logs in to its servers for real. */
#pragma once
#include "worker.h"

/* Posts EVENT_PROBE for each step: `ok` and done < total while it goes on, done == total when all
 * worked, not `ok` with the reason (and the report of a certificate) when one did not. Asks nothing
 * and keeps nothing. Returns the account's name when it works (the caller owns it), else NULL. */
char *probe_run(Worker *w, const Request *r);
