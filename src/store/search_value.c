/* search_value.c - see search_value.h. */
#include "search_value.h"
#include <string.h>

gboolean search_size(const char *text, gint64 *out)
{
    char *end;
    double n = g_ascii_strtod(text, &end);
    if (end == text || n < 0 || n > 1e15)
        return FALSE;
    double unit = 1;
    switch (g_ascii_toupper(*end)) {
    case 'K':
        unit = 1e3;
        end++;
        break;
    case 'M':
        unit = 1e6;
        end++;
        break;
    case 'G':
        unit = 1e9;
        end++;
        break;
    }
    if (g_ascii_toupper(*end) == 'B')
        end++;
    *out = (gint64)(n * unit);
    return *end == '\0';
}

/* ---- dates ---- */

/* The period that begins on that day: (years, months, days) long. */
static gboolean period(GDateTime *start, int years, int months, int days, gint64 *from, gint64 *to)
{
    if (!start)
        return FALSE;
    g_autoptr(GDateTime) end = g_date_time_add_full(start, years, months, days, 0, 0, 0);
    if (!end)
        return FALSE;
    *from = g_date_time_to_unix(start);
    *to = g_date_time_to_unix(end);
    return TRUE;
}

static GDateTime *day_of(GDateTime *t)
{
    return g_date_time_new_local(g_date_time_get_year(t), g_date_time_get_month(t),
                                 g_date_time_get_day_of_month(t), 0, 0, 0);
}

/* "3d", "2w", "6m", "1y", "12h": that long ago. */
static gboolean parse_ago(const char *text, GDateTime *now, gint64 *from, gint64 *to)
{
    char *end;
    gint64 n = g_ascii_strtoll(text, &end, 10);
    if (end == text || n < 0 || n > 100000 || !*end || end[1])
        return FALSE;
    int back = (int)-n;
    g_autoptr(GDateTime) then = *end == 'h'   ? g_date_time_add_hours(now, back)
                                : *end == 'd' ? g_date_time_add_days(now, back)
                                : *end == 'w' ? g_date_time_add_weeks(now, back)
                                : *end == 'm' ? g_date_time_add_months(now, back)
                                : *end == 'y' ? g_date_time_add_years(now, back)
                                              : NULL;
    if (!then)
        return FALSE;
    *from = *to = g_date_time_to_unix(then);
    return TRUE;
}

/* A whole number of at most `digits` digits; advances. */
static gboolean number(const char **at, int digits, int *out)
{
    int n = 0, used = 0;
    for (; used < digits && g_ascii_isdigit(**at); used++)
        n = n * 10 + *(*at)++ - '0';
    *out = n;
    return used > 0;
}

static gboolean parse_day(const char *text, gint64 *from, gint64 *to)
{
    int a = 0, month = 0, day = 0, year;
    const char *at = text;
    if (!number(&at, 4, &a))
        return FALSE;
    year = a;
    if (*at == '/' && at - text < 3) { /* 31/01/2025 */
        at++;
        if (!number(&at, 2, &month) || *at++ != '/' || !number(&at, 4, &year) || *at)
            return FALSE;
        day = a;
        year += year < 100 ? 2000 : 0;
    } else {
        char mark = *at == '/' ? '/' : '-';
        if (at - text != 4 || (*at && (*at++ != mark || !number(&at, 2, &month))) ||
            (*at && (*at++ != mark || !number(&at, 2, &day))) || *at)
            return FALSE;
    }
    g_autoptr(GDateTime) start =
        g_date_time_new_local(year, month ? month : 1, day ? day : 1, 0, 0, 0);
    return period(start, !month, month && !day, day != 0, from, to);
}

static int word_number(const char *text, const char *const *words, int n)
{
    for (int i = 0; i < n; i++) {
        if (g_ascii_strcasecmp(text, words[i]) == 0 ||
            (strlen(text) == 3 && g_ascii_strncasecmp(text, words[i], 3) == 0))
            return i + 1;
    }
    return 0;
}

/* "monday": the last one, today included. "march": the last one that has begun. */
static gboolean parse_name(const char *text, GDateTime *today, gint64 *from, gint64 *to)
{
    static const char *const days[] = {"monday", "tuesday",  "wednesday", "thursday",
                                       "friday", "saturday", "sunday"};
    static const char *const months[] = {"january",   "february", "march",    "april",
                                         "may",       "june",     "july",     "august",
                                         "september", "october",  "november", "december"};
    int day = word_number(text, days, 7), month = word_number(text, months, 12);
    if (day) {
        int back = (g_date_time_get_day_of_week(today) - day + 7) % 7;
        g_autoptr(GDateTime) start = g_date_time_add_days(today, -back);
        return period(start, 0, 0, 1, from, to);
    }
    if (!month)
        return FALSE;
    int year = g_date_time_get_year(today) - (month > g_date_time_get_month(today));
    g_autoptr(GDateTime) start = g_date_time_new_local(year, month, 1, 0, 0, 0);
    return period(start, 0, 1, 0, from, to);
}

/* "last-week", "this-month": whole ones; weeks begin on Monday. */
static gboolean parse_period(const char *text, GDateTime *today, gint64 *from, gint64 *to)
{
    int last = g_ascii_strncasecmp(text, "last", 4) == 0;
    if (!last && g_ascii_strncasecmp(text, "this", 4) != 0)
        return FALSE;
    const char *unit = text + 4;
    if (*unit == '-' || *unit == '_' || *unit == ' ')
        unit++;
    int year = g_date_time_get_year(today), month = g_date_time_get_month(today);
    if (g_ascii_strcasecmp(unit, "week") == 0) {
        g_autoptr(GDateTime) start =
            g_date_time_add_days(today, 1 - g_date_time_get_day_of_week(today) - 7 * last);
        return period(start, 0, 0, 7, from, to);
    }
    if (g_ascii_strcasecmp(unit, "month") == 0) {
        g_autoptr(GDateTime) first = g_date_time_new_local(year, month, 1, 0, 0, 0);
        g_autoptr(GDateTime) start = g_date_time_add_months(first, -last);
        return period(start, 0, 1, 0, from, to);
    }
    if (g_ascii_strcasecmp(unit, "year") == 0) {
        g_autoptr(GDateTime) start = g_date_time_new_local(year - last, 1, 1, 0, 0, 0);
        return period(start, 1, 0, 0, from, to);
    }
    return FALSE;
}

gboolean search_date(const char *text, gint64 now, gint64 *from, gint64 *to)
{
    g_autoptr(GDateTime) t = g_date_time_new_from_unix_local(now);
    g_autoptr(GDateTime) today = day_of(t);
    if (g_ascii_strcasecmp(text, "today") == 0)
        return period(today, 0, 0, 1, from, to);
    if (g_ascii_strcasecmp(text, "yesterday") == 0) {
        g_autoptr(GDateTime) start = g_date_time_add_days(today, -1);
        return period(start, 0, 0, 1, from, to);
    }
    return parse_ago(text, t, from, to) || parse_day(text, from, to) ||
           parse_name(text, today, from, to) || parse_period(text, today, from, to);
}
