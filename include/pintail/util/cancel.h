/* cancel.h - one-way "stop what you are doing" flag that poll() can wait for.
 *
 * Set from any thread, seen by one worker. Stays set until cancel_reset(). */
#pragma once
#include <glib.h>

typedef struct Cancel Cancel;

Cancel *cancel_new(void); /* aborts when the system has no descriptor left */
void cancel_free(Cancel *c);
void cancel_trigger(Cancel *c); /* any thread; async-signal-safe */
void cancel_reset(Cancel *c);   /* the worker, before it begins the next request */
gboolean cancel_is_set(const Cancel *c);
int cancel_fd(const Cancel *c); /* readable while set; borrowed, never read it */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cancel, cancel_free)
