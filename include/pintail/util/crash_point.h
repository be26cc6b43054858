/* crash_point.h - lets a test end this process at the N-th passage of a named step.
 *
 * PINTAIL_CRASH_AT="NAME:N" in the environment (N from 1), read at the first passage; without it
 * a passage costs one branch. Ends by SIGKILL: no handler, no flush, as a crash would. */
#pragma once

void crash_point(const char *name); /* any thread */
