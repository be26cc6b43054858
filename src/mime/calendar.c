/* calendar.c - iCalendar to events: see calendar.h. Components nest (an alarm in an event); what is
 * inside one that is not known is passed over. */
#include "calendar_private.h"
#include <string.h>

#define EVENTS_MAX 200
#define ATTENDEES_MAX 1000
#define DEPTH_MAX 16
#define ZONES_TEXT_MAX 65536

gint64 civil_seconds(int year, int month, int day, int hour, int minute, int second)
{
    gint64 y = year - (month <= 2);
    gint64 era = (y >= 0 ? y : y - 399) / 400;
    gint64 yoe = y - era * 400;
    gint64 doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    gint64 days = era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
    return days * 86400 + hour * 3600 + minute * 60 + second;
}

void civil_from_days(gint64 days, int *year, int *month, int *day)
{
    days += 719468;
    gint64 era = (days >= 0 ? days : days - 146096) / 146097;
    gint64 doe = days - era * 146097;
    gint64 yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    gint64 doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    gint64 mp = (5 * doy + 2) / 153;
    *day = (int)(doy - (153 * mp + 2) / 5 + 1);
    *month = (int)(mp < 10 ? mp + 3 : mp - 9);
    *year = (int)(yoe + era * 400 + (*month <= 2));
}

int civil_weekday(gint64 days)
{
    return (int)(((days + 4) % 7 + 7) % 7);
}

static int digits(const char *p, int n)
{
    int v = 0;
    while (n-- > 0)
        v = v * 10 + (*p++ - '0');
    return v;
}

gboolean calendar_stamp(const char *value, CalendarTime *out)
{
    const char *p = value + strspn(value, " ");
    *out = (CalendarTime){TIME_NONE, 0, 0};
    if (strspn(p, "0123456789") != 8)
        return FALSE;
    int year = digits(p, 4), month = digits(p + 4, 2), day = digits(p + 6, 2);
    if (month < 1 || month > 12 || day < 1 || day > 31)
        return FALSE;
    out->kind = TIME_DATE;
    out->civil = civil_seconds(year, month, day, 0, 0, 0);
    if (p[8] != 'T' || strspn(p + 9, "0123456789") < 4)
        return TRUE;
    gboolean seconds = strspn(p + 9, "0123456789") >= 6;
    int h = digits(p + 9, 2), m = digits(p + 11, 2), s = seconds ? digits(p + 13, 2) : 0;
    if (h > 24 || m > 59 || s > 60)
        return FALSE;
    out->civil += h * 3600 + m * 60 + s;
    out->kind = p[seconds ? 15 : 13] == 'Z' ? TIME_ABSOLUTE : TIME_LOCAL;
    out->absolute = out->civil;
    return TRUE;
}

static void person_free(gpointer p)
{
    CalendarPerson *c = p;
    if (!c)
        return;
    g_free(c->name);
    g_free(c->address);
    g_free(c->answer);
    g_free(c);
}

static void event_free(gpointer p)
{
    CalendarEvent *e = p;
    g_free(e->uid);
    g_free(e->summary);
    g_free(e->location);
    g_free(e->status);
    g_free(e->url);
    g_free(e->description);
    g_free(e->rule);
    g_free(e->sequence);
    g_free(e->recurrence);
    g_free(e->zone);
    person_free(e->organizer);
    g_ptr_array_unref(e->attendees);
    g_free(e);
}

static CalendarEvent *event_new(gboolean task)
{
    CalendarEvent *e = g_new0(CalendarEvent, 1);
    char **texts[] = {&e->uid, &e->summary, &e->location, &e->status, &e->url,
                      &e->description, &e->rule, &e->sequence, &e->recurrence, &e->zone};
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        *texts[i] = g_strdup("");
    e->task = task;
    e->attendees = g_ptr_array_new_with_free_func(person_free);
    return e;
}

void calendar_free(Calendar *c)
{
    if (!c)
        return;
    g_free(c->method);
    g_ptr_array_unref(c->events);
    g_string_free(c->zones, TRUE);
    g_free(c);
}

static CalendarPerson *person_of(const ContentLine *l)
{
    CalendarPerson *p = g_new0(CalendarPerson, 1);
    const char *name = content_param(l, "CN"), *answer = content_param(l, "PARTSTAT");
    const char *address = l->value + strspn(l->value, " ");
    const char *email = content_param(l, "EMAIL"); /* RFC 7986: where the value is no mailto: */
    if (g_ascii_strncasecmp(address, "mailto:", 7) == 0)
        address += 7;
    else if (email)
        address = g_ascii_strncasecmp(email, "mailto:", 7) == 0 ? email + 7 : email;
    p->name = g_strdup(name ? name : "");
    p->address = strchr(address, '@') ? g_strstrip(g_strdup(address)) : g_strdup("");
    p->answer = answer ? g_ascii_strup(answer, -1) : g_strdup("NEEDS-ACTION");
    return p;
}

static void take(char **into, const ContentLine *l, gboolean one_line)
{
    if (**into)
        return;
    g_free(*into);
    *into = content_unescape(l->value, one_line);
}

/* P1DT2H30M, PT45M, P2W: seconds. */
static gint64 duration_of(const char *v)
{
    gint64 total = 0, number = 0;
    v += strspn(v, "+-");
    for (gboolean time = FALSE; *v && total < G_MAXINT32; v++) {
        if (g_ascii_isdigit(*v)) {
            number = MIN(number * 10 + (*v - '0'), 10000000);
            continue;
        }
        gint64 unit = *v == 'W' ? 604800 : *v == 'D' ? 86400 : *v == 'H' ? 3600 : *v == 'S' ? 1 : 0;
        if (*v == 'M' && time)
            unit = 60;
        time = time || *v == 'T';
        total += number * unit;
        number = 0;
    }
    return total;
}

static void read_time(CalendarTime *into, CalendarEvent *e, const ContentLine *l, const Zones *zones)
{
    const char *zone = content_param(l, "TZID");
    gint64 offset;
    if (!calendar_stamp(l->value, into) || into->kind != TIME_LOCAL || !zone)
        return;
    if (zones_offset(zones, zone, into->civil, &offset)) {
        into->kind = TIME_ABSOLUTE;
        into->absolute = into->civil - offset;
    } else if (!*e->zone) {
        g_free(e->zone);
        e->zone = g_strdup(zone);
    }
}

/* The line again, as it came. */
static char *line_text(const ContentLine *l)
{
    GString *s = g_string_new(l->name);
    for (guint i = 0; i + 1 < l->params->len; i += 2)
        g_string_append_printf(s, ";%s=\"%s\"", (char *)l->params->pdata[i], (char *)l->params->pdata[i + 1]);
    g_string_append_printf(s, ":%s", l->value);
    return g_string_free(s, FALSE);
}

static void event_line(CalendarEvent *e, const ContentLine *l, const Zones *zones)
{
    const struct {
        const char *name;
        char **into;
    } texts[] = {{"UID", &e->uid}, {"SUMMARY", &e->summary}, {"LOCATION", &e->location},
                 {"STATUS", &e->status}, {"URL", &e->url}, {"DESCRIPTION", &e->description},
                 {"RRULE", &e->rule}, {"SEQUENCE", &e->sequence}};
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        if (strcmp(l->name, texts[i].name) == 0)
            take(texts[i].into, l, TRUE);
    if (strcmp(l->name, "DTSTART") == 0) {
        read_time(&e->start, e, l, zones);
    } else if (strcmp(l->name, "DTEND") == 0 || (e->task && strcmp(l->name, "DUE") == 0)) {
        read_time(&e->end, e, l, zones);
    } else if (strcmp(l->name, "DURATION") == 0 && e->end.kind == TIME_NONE) {
        e->end.absolute = duration_of(l->value); /* added to the start when the event is complete */
    } else if (strcmp(l->name, "RECURRENCE-ID") == 0 && !*e->recurrence) {
        g_free(e->recurrence);
        e->recurrence = line_text(l);
    } else if (strcmp(l->name, "ORGANIZER") == 0 && !e->organizer) {
        e->organizer = person_of(l);
    } else if (strcmp(l->name, "ATTENDEE") == 0 && e->attendees->len < ATTENDEES_MAX) {
        g_ptr_array_add(e->attendees, person_of(l));
    }
}

static void event_end(CalendarEvent *e)
{
    if (e->end.kind != TIME_NONE || e->end.absolute == 0)
        return;
    gint64 seconds = e->end.absolute;
    e->end = e->start;
    e->end.civil += seconds;
    e->end.absolute += seconds;
    if (e->end.kind == TIME_DATE && seconds < 86400)
        e->end.kind = TIME_NONE;
}

typedef struct {
    Calendar *c;
    Zones *zones;
    char *open[DEPTH_MAX];
    guint depth;  /* may exceed DEPTH_MAX: those are only counted */
    CalendarEvent *event;
    guint event_depth;
} Reader;

static gboolean inside(const Reader *r, const char *component)
{
    for (guint i = 0; i < MIN(r->depth, DEPTH_MAX); i++)
        if (g_ascii_strcasecmp(r->open[i], component) == 0)
            return TRUE;
    return FALSE;
}

static void begin(Reader *r, const char *component, gboolean zones_only)
{
    gboolean task = g_ascii_strcasecmp(component, "VTODO") == 0;
    if (r->depth < DEPTH_MAX)
        r->open[r->depth] = g_strdup(component);
    r->depth++;
    if (!zones_only && !r->event && (task || g_ascii_strcasecmp(component, "VEVENT") == 0) && r->c->events->len < EVENTS_MAX) {
        r->event = event_new(task);
        r->event_depth = r->depth;
        g_ptr_array_add(r->c->events, r->event);
    } else if (zones_only && g_ascii_strcasecmp(component, "VTIMEZONE") == 0) {
        zones_begin(r->zones);
    } else if (zones_only && inside(r, "VTIMEZONE") &&
               (g_ascii_strcasecmp(component, "STANDARD") == 0 || g_ascii_strcasecmp(component, "DAYLIGHT") == 0)) {
        zones_begin_observance(r->zones);
    }
}

static void end(Reader *r)
{
    if (r->depth == 0)
        return;
    if (r->event && r->depth == r->event_depth) {
        event_end(r->event);
        r->event = NULL;
    }
    r->depth--;
    if (r->depth < DEPTH_MAX)
        g_clear_pointer(&r->open[r->depth], g_free);
}

static void keep_zone(Reader *r, const ContentLine *l)
{
    if (r->c->zones->len > ZONES_TEXT_MAX)
        return;
    g_autofree char *text = line_text(l);
    g_string_append_printf(r->c->zones, "%s\n", text);
}

/* Zones are read in a pass of their own, first: they may stand anywhere. */
static void read_lines(Reader *r, const char *utf8, gboolean zones_only)
{
    ContentCursor cursor;
    g_auto(ContentLine) l = {0};
    content_cursor_init(&cursor, utf8);
    while (content_line_next(&cursor, &l)) {
        gboolean is_begin = strcmp(l.name, "BEGIN") == 0, is_end = strcmp(l.name, "END") == 0;
        g_strstrip(l.value);
        if (is_begin)
            begin(r, l.value, zones_only);
        gboolean zone = inside(r, "VTIMEZONE");
        if (zones_only && zone)
            keep_zone(r, &l);
        if (is_end)
            end(r);
        else if (is_begin)
            continue;
        else if (zones_only && zone)
            zones_line(r->zones, &l);
        else if (!zones_only && r->event && r->depth == r->event_depth)
            event_line(r->event, &l, r->zones);
        else if (!zones_only && !r->event && !*r->c->method && strcmp(l.name, "METHOD") == 0) {
            g_free(r->c->method);
            r->c->method = g_ascii_strup(l.value, -1);
        }
    }
    while (r->depth > 0) /* what was never ended */
        end(r);
}

Calendar *calendar_parse(const char *utf8)
{
    Calendar *c = g_new0(Calendar, 1);
    c->method = g_strdup("");
    c->events = g_ptr_array_new_with_free_func(event_free);
    c->zones = g_string_new(NULL);
    g_autoptr(Zones) zones = zones_new();
    Reader r = {.c = c, .zones = zones};
    read_lines(&r, utf8, TRUE);
    read_lines(&r, utf8, FALSE);
    return c;
}
