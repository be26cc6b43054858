/* date.c - dates of mail.
 *
 * The parser does not follow one grammar, because the mail that is out there does not:
 * it walks once over the text and asks of each piece what it could be (a month, a
 * time, a zone, a year...), so that order, commas and extra words do not matter.
 * Calendar arithmetic is our own: no library call here reads the zone of the
 * machine to understand a date. Linear; looks at no more than TEXT_MAXIMUM bytes. */
#include "pintail/util/date.h"
#include <string.h>
#include <time.h>
#include "pintail/util/i18n.h"
#include "pintail/util/text.h"

enum { TEXT_MAXIMUM = 256 };

static const char *const months[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                     "jul", "aug", "sep", "oct", "nov", "dec"};
static const char *const weekdays[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

static const char *const month_names[] = {N_("Jan"), N_("Feb"), N_("Mar"), N_("Apr"),
                                          N_("May"), N_("Jun"), N_("Jul"), N_("Aug"),
                                          N_("Sep"), N_("Oct"), N_("Nov"), N_("Dec")};
static const char *const weekday_names[] = {N_("Sun"), N_("Mon"), N_("Tue"), N_("Wed"),
                                            N_("Thu"), N_("Fri"), N_("Sat")};

/* RFC 5322 section 4.3, and those that mail programs write beside them. Military letters other
 * than Z are unknown zones (they were defined the wrong way round), so they are not here. */
static const struct {
    const char *name;
    int minutes;
} zones[] = {
    {"ut", 0},      {"utc", 0},     {"gmt", 0},    {"z", 0},      {"wet", 0},     {"est", -300},
    {"edt", -240},  {"cst", -360},  {"cdt", -300}, {"mst", -420}, {"mdt", -360},  {"pst", -480},
    {"pdt", -420},  {"akst", -540}, {"hst", -600}, {"cet", 60},   {"cest", 120},  {"met", 60},
    {"mest", 120},  {"mez", 60},    {"mesz", 120}, {"bst", 60},   {"west", 60},   {"eet", 120},
    {"eest", 180},  {"msk", 180},   {"jst", 540},  {"kst", 540},  {"aest", 600},  {"aedt", 660},
    {"nzst", 720},  {"nzdt", 780},
};

typedef struct {
    gint64 year;
    int month, day; /* 0: not seen */
    int hour, minute, second;
    int zone;
    gboolean have_year, have_time, have_zone, named_zone;
    gboolean pm, am;
} Pieces;

typedef struct {
    const char *at, *end;
} Cursor;

/* Days from 1970-01-01 to a date of the Gregorian calendar (proleptic). */
static gint64 days_from_civil(gint64 year, int month, int day)
{
    year -= month <= 2;
    gint64 era = (year >= 0 ? year : year - 399) / 400;
    gint64 of_era = year - era * 400;
    gint64 of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int days_in_month(gint64 year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    gboolean leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

/* Digits from the cursor on, at most `most` of them; how many there were. */
static int take_number(Cursor *c, int most, gint64 *value)
{
    int digits = 0;
    *value = 0;
    while (c->at < c->end && g_ascii_isdigit(*c->at) && digits < most) {
        *value = *value * 10 + (*c->at++ - '0');
        digits++;
    }
    return digits;
}

static gboolean next_is(const Cursor *c, char wanted)
{
    return c->at < c->end && *c->at == wanted;
}

static gboolean digit_at(const Cursor *c, gsize offset)
{
    return (gsize)(c->end - c->at) > offset && g_ascii_isdigit(c->at[offset]);
}

/* RFC 5322 section 4.3: two digits 00-49 are 20xx, 50-99 and three digits are 1900 on. */
static void set_year(Pieces *p, gint64 value, int digits)
{
    if (digits <= 2)
        value += value < 50 ? 2000 : 1900;
    else if (digits == 3)
        value += 1900;
    p->year = value;
    p->have_year = TRUE;
}

/* Behind the hours: ":MM[:SS[.fraction]]"; dots instead of colons occur as well. */
static void take_time(Cursor *c, gint64 hour, Pieces *p)
{
    gint64 minute = 0, second = 0;
    char separator = *c->at++;
    take_number(c, 2, &minute);
    if (next_is(c, separator) && digit_at(c, 1)) {
        c->at++;
        take_number(c, 2, &second);
    }
    if ((next_is(c, '.') || next_is(c, ',')) && digit_at(c, 1)) {
        gint64 fraction;
        c->at++;
        take_number(c, 18, &fraction);
    }
    if (p->have_time || hour > 24 || minute > 59 || second > 61)
        return;
    p->hour = (int)hour;
    p->minute = (int)minute;
    p->second = (int)second;
    p->have_time = TRUE;
}

/* At '+' or '-': "+0100", "+01:00", "+01", "+1". FALSE when it is something else. */
static gboolean take_zone(Cursor *c, Pieces *p)
{
    Cursor ahead = {c->at + 1, c->end};
    int sign = *c->at == '-' ? -1 : 1;
    gint64 value, minutes = 0;
    int digits = take_number(&ahead, 5, &value);
    if (digits == 0 || digits > 4)
        return FALSE;
    if (digits <= 2) {
        if (next_is(&ahead, ':') && digit_at(&ahead, 1)) {
            ahead.at++;
            take_number(&ahead, 2, &minutes);
        }
        minutes += value * 60;
    } else {
        minutes = value / 100 * 60 + value % 100;
    }
    c->at = ahead.at;
    if (minutes > 15 * 60)
        return TRUE; /* no such place: as good as no zone */
    if (!p->have_zone || p->named_zone) /* "GMT+0100": the number corrects the name */
        p->zone = sign * (int)minutes;
    p->have_zone = TRUE;
    p->named_zone = FALSE;
    return TRUE;
}

static gboolean in_order(int month, int day)
{
    return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

/* Three numbers with the same separator: ISO 8601 when the year is first, "19.11.2026",
 * "11/19/2026" (or 19/11/2026, where only that can be meant). FALSE when it is not that. */
static gboolean take_numeric_date(Cursor *c, gint64 first, int first_digits, Pieces *p)
{
    Cursor ahead = *c;
    char separator = *ahead.at;
    gint64 second, third;
    ahead.at++;
    int second_digits = take_number(&ahead, 3, &second);
    if (second_digits < 1 || second_digits > 2 || !next_is(&ahead, separator) ||
        !digit_at(&ahead, 1))
        return FALSE;
    ahead.at++;
    int third_digits = take_number(&ahead, 5, &third);
    if (third_digits > 4 || p->day || p->month)
        return FALSE;
    gint64 year = third;
    int month, day, year_digits = third_digits;
    if (first_digits == 4) {
        year = first;
        year_digits = 4;
        month = (int)second;
        day = (int)third;
    } else if (separator == '/' && first <= 12) {
        month = (int)first;
        day = (int)second;
    } else {
        day = (int)first;
        month = (int)second;
    }
    if (!in_order(month, day))
        return FALSE;
    p->month = month;
    p->day = day;
    set_year(p, year, year_digits);
    c->at = ahead.at;
    /* ISO 8601 puts a T before the time. */
    if ((next_is(c, 'T') || next_is(c, 't')) && digit_at(c, 1))
        c->at++;
    return TRUE;
}

static void take_digits(Cursor *c, Pieces *p)
{
    gint64 value;
    int digits = take_number(c, 18, &value);
    if (digits <= 2 && next_is(c, ':') && digit_at(c, 1)) {
        take_time(c, value, p);
        return;
    }
    if ((next_is(c, '-') || next_is(c, '/') || next_is(c, '.')) && digit_at(c, 1) &&
        take_numeric_date(c, value, digits, p))
        return;
    /* "23.24.00" behind a complete date */
    if (digits <= 2 && next_is(c, '.') && digit_at(c, 1) && p->day && p->month && p->have_year &&
        !p->have_time) {
        take_time(c, value, p);
        return;
    }
    if (digits == 14 && !p->day && value / 10000000000 >= 1900) { /* 20261119232400 */
        p->year = value / 10000000000;
        p->have_year = TRUE;
        p->month = (int)(value / 100000000 % 100);
        p->day = (int)(value / 1000000 % 100);
        p->hour = (int)(value / 10000 % 100);
        p->minute = (int)(value / 100 % 100);
        p->second = (int)(value % 100);
        p->have_time = p->hour < 24 && p->minute < 60 && p->second < 62;
    } else if (digits <= 2 && !p->day && value >= 1 && value <= 31) {
        p->day = (int)value;
    } else if (!p->have_year && digits >= 2 && digits <= 4) {
        set_year(p, value, digits);
    }
}

static int find_word(const char *word, gsize len, const char *const *names, int count)
{
    for (int i = 0; len >= 3 && i < count; i++) {
        if (g_ascii_strncasecmp(word, names[i], 3) == 0)
            return i;
    }
    return -1;
}

static void take_word(Cursor *c, Pieces *p)
{
    const char *word = c->at;
    while (c->at < c->end && g_ascii_isalpha(*c->at))
        c->at++;
    gsize len = (gsize)(c->at - word);
    if (len == 2 && g_ascii_strncasecmp(word, "pm", 2) == 0) {
        p->pm = TRUE;
        return;
    }
    if (len == 2 && g_ascii_strncasecmp(word, "am", 2) == 0) {
        p->am = TRUE;
        return;
    }
    for (gsize i = 0; p->have_time && !p->have_zone && i < G_N_ELEMENTS(zones); i++) {
        if (strlen(zones[i].name) == len && g_ascii_strncasecmp(word, zones[i].name, len) == 0) {
            p->zone = zones[i].minutes;
            p->have_zone = p->named_zone = TRUE;
            return;
        }
    }
    int month = find_word(word, len, months, G_N_ELEMENTS(months));
    if (month >= 0 && p->month == 0)
        p->month = month + 1;
    /* Weekdays, "DST", "at", "of" and the rest say nothing that we need. */
}

/* Comments nest (RFC 5322 section 3.2.2); an open one ends with the text. */
static void skip_comment(Cursor *c)
{
    int depth = 0;
    for (; c->at < c->end; c->at++) {
        if (*c->at == '\\' && c->at + 1 < c->end)
            c->at++;
        else if (*c->at == '(')
            depth++;
        else if (*c->at == ')' && --depth == 0) {
            c->at++;
            return;
        }
    }
}

static gboolean assemble(Pieces *p, MailDate *out)
{
    if (!p->day || !p->month || !p->have_year || !in_order(p->month, p->day))
        return FALSE;
    if (p->year < 1900 || p->year > 9999)
        return FALSE;
    /* "31 Nov" is a mistake of one or two days, not no date at all. */
    p->day = MIN(p->day, days_in_month(p->year, p->month));
    if (p->pm && p->hour < 12)
        p->hour += 12;
    else if (p->am && p->hour == 12)
        p->hour = 0;
    out->zone_minutes = p->zone;
    out->seconds = days_from_civil(p->year, p->month, p->day) * 86400 + p->hour * 3600 +
                   p->minute * 60 + p->second - (gint64)p->zone * 60;
    return TRUE;
}

gboolean date_parse(const char *text, gsize len, MailDate *out)
{
    Cursor c = {text, text + MIN(len, (gsize)TEXT_MAXIMUM)};
    Pieces p = {0};
    while (c.at < c.end) {
        if (g_ascii_isdigit(*c.at)) {
            take_digits(&c, &p);
        } else if (g_ascii_isalpha(*c.at)) {
            take_word(&c, &p);
        } else if (*c.at == '(') {
            skip_comment(&c);
        } else if ((*c.at == '+' || *c.at == '-') && p.have_time && digit_at(&c, 1) &&
                   take_zone(&c, &p)) {
            continue;
        } else {
            c.at++;
        }
    }
    return assemble(&p, out);
}

gboolean date_parse_internal(const char *text, gsize len, MailDate *out)
{
    Cursor c = {text, text + MIN(len, (gsize)TEXT_MAXIMUM)};
    Pieces p = {0};
    gint64 day, year, hour;
    while (next_is(&c, ' ')) /* date-day-fixed: (SP DIGIT) */
        c.at++;
    int digits = take_number(&c, 2, &day);
    if (digits == 0 || !next_is(&c, '-') || c.end - c.at < 5)
        return FALSE;
    c.at++;
    int month = find_word(c.at, 3, months, G_N_ELEMENTS(months));
    c.at += 3;
    if (month < 0 || !next_is(&c, '-'))
        return FALSE;
    c.at++;
    if (take_number(&c, 4, &year) != 4)
        return FALSE;
    while (next_is(&c, ' '))
        c.at++;
    if (take_number(&c, 2, &hour) == 0 || !next_is(&c, ':'))
        return FALSE;
    take_time(&c, hour, &p);
    while (next_is(&c, ' '))
        c.at++;
    if (!p.have_time)
        return FALSE;
    if (next_is(&c, '+') || next_is(&c, '-'))
        take_zone(&c, &p);
    p.day = (int)day;
    p.month = month + 1;
    p.year = year;
    p.have_year = TRUE;
    return assemble(&p, out);
}

static int zone_of(const struct tm *tm)
{
    return (int)(tm->tm_gmtoff / 60);
}

static char *format_with_zone(gint64 seconds, gboolean internal)
{
    struct tm tm;
    time_t t = (time_t)seconds;
    if (!localtime_r(&t, &tm)) {
        t = 0;
        gmtime_r(&t, &tm);
    }
    int zone = zone_of(&tm);
    char sign = zone < 0 ? '-' : '+';
    zone = ABS(zone);
    /* Names on the wire are English whatever the locale is: capitalise our own. */
    char month[4] = {g_ascii_toupper(months[tm.tm_mon][0]), months[tm.tm_mon][1],
                     months[tm.tm_mon][2], '\0'};
    if (internal)
        return g_strdup_printf("%02d-%s-%04d %02d:%02d:%02d %c%02d%02d", tm.tm_mday, month,
                               tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec, sign,
                               zone / 60, zone % 60);
    const char *weekday = weekdays[tm.tm_wday];
    return g_strdup_printf("%c%s, %d %s %04d %02d:%02d:%02d %c%02d%02d",
                           g_ascii_toupper(weekday[0]), weekday + 1, tm.tm_mday, month,
                           tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec, sign, zone / 60,
                           zone % 60);
}

char *date_format_rfc5322(gint64 seconds)
{
    return format_with_zone(seconds, FALSE);
}

char *date_format_internal(gint64 seconds)
{
    return format_with_zone(seconds, TRUE);
}

static gint64 local_day(const struct tm *tm)
{
    return days_from_civil((gint64)tm->tm_year + 1900, tm->tm_mon + 1, tm->tm_mday);
}

char *date_format_short(gint64 seconds, gint64 now)
{
    struct tm then_tm, now_tm;
    time_t then_t = (time_t)seconds, now_t = (time_t)now;
    if (!localtime_r(&then_t, &then_tm) || !localtime_r(&now_t, &now_tm))
        return g_strdup("?");
    gint64 ago = local_day(&now_tm) - local_day(&then_tm);
    g_autofree char *text = NULL;
    if (ago == 0)
        return g_strdup_printf("%02d:%02d", then_tm.tm_hour, then_tm.tm_min);
    if (ago > 0 && ago <= 6)
        text = g_strdup(_(weekday_names[then_tm.tm_wday]));
    else if (then_tm.tm_year == now_tm.tm_year)
        /* TRANSLATORS: day and month name, "14 Nov" */
        text = g_strdup_printf(_("%d %s"), then_tm.tm_mday, _(month_names[then_tm.tm_mon]));
    else
        text = g_strdup_printf("%04d-%02d-%02d", then_tm.tm_year + 1900, then_tm.tm_mon + 1,
                               then_tm.tm_mday);
    return text_clip(text, 10, FALSE);
}

char *date_format_long(gint64 seconds)
{
    struct tm tm;
    time_t t = (time_t)seconds;
    if (!localtime_r(&t, &tm))
        return g_strdup("?");
    /* TRANSLATORS: weekday, day, month name, year, hour, minute: "Thu 19 Nov 2026, 23:24" */
    return g_strdup_printf(_("%s %d %s %d, %02d:%02d"), _(weekday_names[tm.tm_wday]), tm.tm_mday,
                           _(month_names[tm.tm_mon]), tm.tm_year + 1900, tm.tm_hour, tm.tm_min);
}

char *date_format_day(gint64 civil)
{
    struct tm tm;
    time_t t = (time_t)civil;
    if (!gmtime_r(&t, &tm))
        return g_strdup("?");
    /* TRANSLATORS: weekday, day, month name, year: "Thu 19 Nov 2026" */
    return g_strdup_printf(_("%s %d %s %d"), _(weekday_names[tm.tm_wday]), tm.tm_mday,
                           _(month_names[tm.tm_mon]), tm.tm_year + 1900);
}

const char *date_month_name(int month)
{
    return month >= 1 && month <= 12 ? _(month_names[month - 1]) : "?";
}

const char *date_weekday_name(int weekday)
{
    return weekday >= 0 && weekday <= 6 ? _(weekday_names[weekday]) : "?";
}

gint64 date_to_civil(gint64 seconds)
{
    struct tm tm;
    time_t t = (time_t)seconds;
    return localtime_r(&t, &tm) ? (gint64)timegm(&tm) : seconds;
}

gint64 date_now(void)
{
    const char *fixed = g_getenv("PINTAIL_NOW");
    if (fixed && *fixed) {
        char *end;
        gint64 seconds = g_ascii_strtoll(fixed, &end, 10);
        if (*end == '\0')
            return seconds;
    }
    return g_get_real_time() / G_USEC_PER_SEC;
}
