/* date.h - dates of mail: in all the forms that real messages have, out in the
 * one that RFC 5322 wants and in the short ones that a list wants. */
#pragma once
#include <glib.h>

typedef struct {
    gint64 seconds;  /* Unix time */
    int zone_minutes; /* east of UTC, as the sender wrote it; 0 when unknown (-0000) */
} MailDate;

/* RFC 5322 section 3.3 and 4.3, and the broken forms seen in practice (two-digit
 * years, missing zone, named zones, weekday wrong or missing, ctime, ISO 8601,
 * extra comments). FALSE when nothing can be made of it. Linear time. */
gboolean date_parse(const char *text, gsize len, MailDate *out);
/* IMAP INTERNALDATE, "17-Jul-1996 02:44:25 -0700" (RFC 3501 section 9, date-time). */
gboolean date_parse_internal(const char *text, gsize len, MailDate *out);

char *date_format_rfc5322(gint64 seconds); /* local zone: "Thu, 19 Nov 2026 23:24:00 +0100" */
char *date_format_internal(gint64 seconds); /* for APPEND */
/* For a list, relative to `now`: "06:36" today, "Wed" within six days, "14 Nov"
 * this year, "2025-11-14" else; translated, at most 10 cells. */
char *date_format_short(gint64 seconds, gint64 now);
char *date_format_long(gint64 seconds); /* "Thu 19 Nov 2026, 23:24", translated */
/* "Thu 19 Nov 2026", translated, of seconds that count as if local time were UTC. */
char *date_format_day(gint64 civil);
gint64 date_to_civil(gint64 seconds); /* Unix time as such seconds, in the local zone */
const char *date_month_name(int month);     /* 1: "Jan", translated; static */
const char *date_weekday_name(int weekday); /* 0: "Sun" */
/* Now, Unix seconds; PINTAIL_NOW in the environment overrides it (screen tests). */
gint64 date_now(void);
