/* lane.h - what a worker can be: one function each, from the thread's start to its end. */
#pragma once
#include "worker.h"

void imap_sync_lane(Worker *w); /* watches and syncs */
void imap_fast_lane(Worker *w); /* what the person waits for, and replay */
void pop3_lane(Worker *w);      /* download and delete */
void local_lane(Worker *w);     /* re-reads Maildirs */
void send_lane(Worker *w);      /* the outbox */
