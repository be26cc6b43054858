/* when.h - a moment to come as a person types it: "18:30", "tomorrow", "tomorrow 8:00", "mon 9:15",
 * "in 2h", "in 3 days", "2026-12-24 8:00". Local time; without a time of day 8:00 in the morning. */
#pragma once
#include <glib.h>

/* FALSE: not understood, or not after `now` (Unix seconds). A bare time that is over today means tomorrow. */
gboolean when_parse(const char *text, gint64 now, gint64 *out);
