/* search_value.h - dates and sizes as people write them in a pattern. Pure. */
#pragma once
#include <glib.h>

/* "500", "40K", "1.5M", "2GB" */
gboolean search_size(const char *text, gint64 *out);
/* [*from, *to) is the day, week, month or year that is meant, in local time: 2025-01-31, 2025/1/31,
 * 31/01/2025, 2025-01, 2025; today, yesterday, monday, march, this-week, last-week, last-month,
 * last-year; 3d 2w 6m 1y 12h: that long ago (both are that moment). */
gboolean search_date(const char *text, gint64 now, gint64 *from, gint64 *to);
