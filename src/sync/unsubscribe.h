/* unsubscribe.h - leaving a list with one click (RFC 8058), by the engine's own worker. */
#pragma once
#include "worker.h"

/* REQUEST_UNSUBSCRIBE: posts to r->section, and says in a notice what came of it. */
void unsubscribe_run(Worker *w, const Request *r);
