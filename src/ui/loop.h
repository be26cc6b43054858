/* loop.h - waiting: keys, events, results of writer and loader, signals, timers.
 *
 * One poll(); nothing in it ever blocks. Keys are served first. When the descriptor
 * named by PINTAIL_IDLE_FD exists, one byte is written to it each time everything that came has been
 * handled and drawn, and neither writer nor loader has work left: `k` when a key was among it, else `i`.
 * Tests wait for that. */
#pragma once
#include "view.h"

typedef struct Loop Loop;
Loop *loop_new(Ui *ui, GError **err); /* blocks the signals it takes over in this thread */
void loop_free(Loop *l);
void loop_run(Loop *l); /* until ui->leaving */
/* Calls `fn` once after `ms`. Returns an id for loop_cancel(). */
guint loop_after(Loop *l, guint ms, void (*fn)(Ui *ui, gpointer data), gpointer data);
void loop_cancel(Loop *l, guint id); /* 0 and unknown ones are fine */
