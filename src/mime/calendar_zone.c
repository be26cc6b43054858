/* calendar_zone.c - what VTIMEZONE says (RFC 5545 section 3.6.5): the latest onset before a time gives
 * its offset. Yearly rules by month and weekday, which is what calendars write; RDATE and single ones. */
#include "calendar_private.h"
#include <stdlib.h>
#include <string.h>

#define ZONES_MAX 50
#define OBSERVANCES_MAX 200
#define DAY 86400

typedef struct {
    gint64 onset;      /* civil seconds of DTSTART */
    gint64 last;       /* of RDATE: the latest; G_MININT64 */
    gint64 until;      /* of the rule */
    gint64 from, to;
    gboolean has_onset, has_to, yearly;
    int month, week, weekday, month_day; /* week 0: any (then month_day is the earliest day) */
} Observance;

typedef struct {
    char *name;
    GArray *observances;
} Zone;

struct Zones {
    GPtrArray *zones;
};

static void zone_free(gpointer p)
{
    Zone *z = p;
    g_free(z->name);
    g_array_unref(z->observances);
    g_free(z);
}

Zones *zones_new(void)
{
    Zones *z = g_new0(Zones, 1);
    z->zones = g_ptr_array_new_with_free_func(zone_free);
    return z;
}

void zones_free(Zones *z)
{
    if (!z)
        return;
    g_ptr_array_unref(z->zones);
    g_free(z);
}

static Zone *current(const Zones *z)
{
    return z->zones->len ? z->zones->pdata[z->zones->len - 1] : NULL;
}

void zones_begin(Zones *z)
{
    if (z->zones->len >= ZONES_MAX)
        return;
    Zone *zone = g_new0(Zone, 1);
    zone->name = g_strdup("");
    zone->observances = g_array_new(FALSE, TRUE, sizeof(Observance));
    g_ptr_array_add(z->zones, zone);
}

void zones_begin_observance(Zones *z)
{
    Zone *zone = current(z);
    if (!zone || zone->observances->len >= OBSERVANCES_MAX)
        return;
    Observance o = {.last = G_MININT64, .until = G_MAXINT64};
    g_array_append_val(zone->observances, o);
}

/* "+0100", "-053000" */
static gint64 offset_of(const char *v)
{
    gint64 sign = *v == '-' ? -1 : 1;
    const char *d = v + (*v == '-' || *v == '+');
    gsize n = strspn(d, "0123456789");
    if (n < 4)
        return 0;
    gint64 seconds = ((d[0] - '0') * 10 + d[1] - '0') * 3600 + ((d[2] - '0') * 10 + d[3] - '0') * 60;
    if (n >= 6)
        seconds += (d[4] - '0') * 10 + d[5] - '0';
    return sign * seconds;
}

static int weekday_of(const char *s)
{
    static const char *const names[] = {"SU", "MO", "TU", "WE", "TH", "FR", "SA"};
    for (int i = 0; i < 7; i++)
        if (g_ascii_strncasecmp(s, names[i], 2) == 0)
            return i;
    return -1;
}

static void read_rule(Observance *o, const char *rule)
{
    g_auto(GStrv) parts = g_strsplit(rule, ";", 20);
    o->month = 1;
    o->weekday = -1;
    o->month_day = 1;
    for (gsize i = 0; parts[i]; i++) {
        char *value = strchr(parts[i], '=');
        if (!value)
            continue;
        *value++ = '\0';
        if (g_ascii_strcasecmp(parts[i], "FREQ") == 0) {
            o->yearly = g_ascii_strcasecmp(value, "YEARLY") == 0;
        } else if (g_ascii_strcasecmp(parts[i], "BYMONTH") == 0) {
            o->month = CLAMP((int)strtol(value, NULL, 10), 1, 12);
        } else if (g_ascii_strcasecmp(parts[i], "BYMONTHDAY") == 0) {
            o->month_day = CLAMP((int)strtol(value, NULL, 10), 1, 31);
        } else if (g_ascii_strcasecmp(parts[i], "BYDAY") == 0) {
            char *end;
            o->week = CLAMP((int)strtol(value, &end, 10), -5, 5);
            o->weekday = weekday_of(end);
        } else if (g_ascii_strcasecmp(parts[i], "UNTIL") == 0) {
            CalendarTime t;
            if (calendar_stamp(value, &t))
                o->until = t.civil + DAY; /* it is in UTC: a day more never matters */
        }
    }
}

void zones_line(Zones *z, const ContentLine *l)
{
    Zone *zone = current(z);
    CalendarTime t;
    if (!zone)
        return;
    if (strcmp(l->name, "TZID") == 0) {
        g_free(zone->name);
        zone->name = content_unescape(l->value, TRUE);
        return;
    }
    if (zone->observances->len == 0)
        return;
    Observance *o = &g_array_index(zone->observances, Observance, zone->observances->len - 1);
    if (strcmp(l->name, "DTSTART") == 0 && calendar_stamp(l->value, &t)) {
        o->onset = t.civil;
        o->has_onset = TRUE;
    } else if (strcmp(l->name, "TZOFFSETTO") == 0) {
        o->to = offset_of(l->value);
        o->has_to = TRUE;
    } else if (strcmp(l->name, "TZOFFSETFROM") == 0) {
        o->from = offset_of(l->value);
    } else if (strcmp(l->name, "RRULE") == 0) {
        read_rule(o, l->value);
    } else if (strcmp(l->name, "RDATE") == 0 && calendar_stamp(l->value, &t)) {
        o->last = MAX(o->last, t.civil);
    }
}

static int days_of(int year, int month)
{
    gint64 a = civil_seconds(year, month, 1, 0, 0, 0);
    gint64 b = month == 12 ? civil_seconds(year + 1, 1, 1, 0, 0, 0) : civil_seconds(year, month + 1, 1, 0, 0, 0);
    return (int)((b - a) / DAY);
}

/* The onset of a yearly rule in `year`. */
static gint64 onset_in(const Observance *o, int year)
{
    gint64 time = ((o->onset % DAY) + DAY) % DAY;
    int day = o->month_day, length = days_of(year, o->month);
    if (o->weekday >= 0) {
        if (o->week >= 0) {
            int first = o->week > 0 ? 1 : o->month_day;
            gint64 days = civil_seconds(year, o->month, first, 0, 0, 0) / DAY;
            day = first + (o->weekday - civil_weekday(days) + 7) % 7 + (o->week > 0 ? (o->week - 1) * 7 : 0);
        } else {
            gint64 days = civil_seconds(year, o->month, length, 0, 0, 0) / DAY;
            day = length - (civil_weekday(days) - o->weekday + 7) % 7 + (o->week + 1) * 7;
        }
    }
    return civil_seconds(year, o->month, CLAMP(day, 1, length), 0, 0, 0) + time;
}

/* The latest onset at or before `civil`; FALSE when it had none. */
static gboolean latest_onset(const Observance *o, gint64 civil, gint64 *at)
{
    gboolean found = FALSE;
    gint64 days = civil >= 0 ? civil / DAY : -((-civil + DAY - 1) / DAY);
    int year, month, day;
    if (!o->has_onset || !o->has_to)
        return FALSE;
    if (o->onset <= civil) {
        *at = o->onset;
        found = TRUE;
    }
    if (o->last <= civil && (!found || o->last > *at) && o->last != G_MININT64) {
        *at = o->last;
        found = TRUE;
    }
    if (!o->yearly || !found)
        return found;
    civil_from_days(days, &year, &month, &day);
    for (int y = year - 1; y <= year; y++) {
        gint64 t = onset_in(o, y);
        if (t <= civil && t >= o->onset && t <= o->until && t > *at)
            *at = t;
    }
    return TRUE;
}

static gboolean offset_by_zone(const Zone *zone, gint64 civil, gint64 *offset)
{
    gboolean found = FALSE;
    gint64 best = 0, at;
    for (guint i = 0; i < zone->observances->len; i++) {
        const Observance *o = &g_array_index(zone->observances, Observance, i);
        if (latest_onset(o, civil, &at) && (!found || at > best)) {
            best = at;
            *offset = o->to;
            found = TRUE;
        }
    }
    if (!found && zone->observances->len) { /* before all of them */
        *offset = g_array_index(zone->observances, Observance, 0).from;
        found = TRUE;
    }
    return found;
}

/* A name of the time zone database, and nothing that could be a path elsewhere. */
static gboolean is_zone_name(const char *name)
{
    for (const char *p = name; *p; p++)
        if (!g_ascii_isalnum(*p) && !strchr("_+-/", *p))
            return FALSE;
    return g_ascii_isalpha(*name) && strlen(name) < 60;
}

gboolean zones_offset(const Zones *z, const char *name, gint64 civil, gint64 *offset)
{
    for (guint i = 0; i < z->zones->len; i++) {
        const Zone *zone = z->zones->pdata[i];
        if (strcmp(zone->name, name) == 0)
            return offset_by_zone(zone, civil, offset);
    }
    const char *plain = name; /* "/example.org/Europe/Berlin": the last two words */
    if (*name == '/') {
        const char *last = strrchr(name, '/');
        while (last > name && last[-1] != '/')
            last--;
        plain = last;
    }
    if (!is_zone_name(plain))
        return FALSE;
    g_autoptr(GTimeZone) system = g_time_zone_new_identifier(plain);
    if (!system)
        return FALSE;
    gint64 t = civil;
    int interval = g_time_zone_adjust_time(system, G_TIME_TYPE_STANDARD, &t);
    *offset = g_time_zone_get_offset(system, interval);
    return TRUE;
}
