/* calendar_card.c - an invitation, event or task as people read it. */
#include "calendar_private.h"
#include "card_private.h"
#include <stdlib.h>
#include <string.h>
#include "pintail/util/date.h"
#include "pintail/util/i18n.h"

#define EVENTS_SHOWN 5
#define PEOPLE_SHOWN 12
#define NOTE_SHOWN 300
#define DAY 86400

static gboolean is(const char *a, const char *b)
{
    return g_ascii_strcasecmp(a, b) == 0;
}

/* In the local zone, as civil seconds. */
static gint64 local_civil(const CalendarTime *t)
{
    return t->kind == TIME_ABSOLUTE ? date_to_civil(t->absolute) : t->civil;
}

static void append_clock(GString *out, gint64 civil)
{
    gint64 s = ((civil % DAY) + DAY) % DAY;
    g_string_append_printf(out, "%02d:%02d", (int)(s / 3600), (int)(s % 3600 / 60));
}

static void append_moment(GString *out, const CalendarTime *t, gint64 civil)
{
    g_autofree char *day = date_format_day(civil);
    g_string_append(out, day);
    if (t->kind == TIME_DATE)
        return;
    g_string_append(out, ", ");
    append_clock(out, civil);
}

/* "Thu 19 Nov 2026, 14:00–15:30"; the end of a whole day is the day after it (RFC 5545 3.6.1). */
static char *when(const CalendarEvent *e)
{
    GString *out = g_string_new(NULL);
    const CalendarTime *from = e->start.kind != TIME_NONE ? &e->start : &e->end;
    if (from->kind == TIME_NONE)
        return g_string_free(out, FALSE);
    gint64 a = local_civil(from), b = local_civil(&e->end);
    if (e->end.kind == TIME_DATE && from->kind == TIME_DATE && from != &e->end)
        b -= DAY;
    append_moment(out, from, a);
    gboolean same_day = (a - ((a % DAY) + DAY) % DAY) == (b - ((b % DAY) + DAY) % DAY);
    if (e->end.kind != TIME_NONE && from != &e->end && b > a) {
        g_string_append(out, same_day ? "–" : " – ");
        if (same_day)
            append_clock(out, b);
        else
            append_moment(out, &e->end, b);
    }
    if (from->kind == TIME_DATE)
        g_string_append_printf(out, " (%s)", _("all day"));
    else if (*e->zone)
        g_string_append_printf(out, _(" (time zone of the sender: %s)"), e->zone);
    return g_string_free(out, FALSE);
}

/* ---- RRULE ---- */

typedef struct {
    char freq;     /* S, I (minute), H, D, W, M, Y; 0 */
    int interval, count;
    char *days, *month_days, *months;
    CalendarTime until;
} Rule;

static void rule_clear(Rule *r)
{
    g_free(r->days);
    g_free(r->month_days);
    g_free(r->months);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Rule, rule_clear)

static void rule_read(Rule *r, const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, ";", 30);
    r->interval = 1;
    for (gsize i = 0; parts[i]; i++) {
        char *v = strchr(parts[i], '=');
        if (!v)
            continue;
        *v++ = '\0';
        if (is(parts[i], "FREQ"))
            r->freq = is(v, "MINUTELY") ? 'I' : g_ascii_toupper(*v);
        else if (is(parts[i], "INTERVAL"))
            r->interval = CLAMP((int)strtol(v, NULL, 10), 1, 1000);
        else if (is(parts[i], "COUNT"))
            r->count = CLAMP((int)strtol(v, NULL, 10), 0, 100000);
        else if (is(parts[i], "UNTIL"))
            calendar_stamp(v, &r->until);
        else if (is(parts[i], "BYDAY") && !r->days)
            r->days = g_strdup(v);
        else if (is(parts[i], "BYMONTHDAY") && !r->month_days)
            r->month_days = g_strdup(v);
        else if (is(parts[i], "BYMONTH") && !r->months)
            r->months = g_strdup(v);
    }
}

static char *every(const Rule *r)
{
    guint n = (guint)r->interval;
    switch (r->freq) {
    case 'D': return g_strdup_printf(P_("every day", "every %u days", n), n);
    case 'W': return g_strdup_printf(P_("every week", "every %u weeks", n), n);
    case 'M': return g_strdup_printf(P_("every month", "every %u months", n), n);
    case 'Y': return g_strdup_printf(P_("every year", "every %u years", n), n);
    case 'H': return g_strdup_printf(P_("every hour", "every %u hours", n), n);
    case 'I': return g_strdup_printf(P_("every minute", "every %u minutes", n), n);
    default: return g_strdup(_("again and again"));
    }
}

static const char *ordinal(int n)
{
    static const char *const names[] = {N_("first"), N_("second"), N_("third"), N_("fourth"), N_("fifth")};
    if (n == -1)
        return _("last");
    return n >= 1 && n <= 5 ? _(names[n - 1]) : NULL;
}

/* "2MO,-1FR" as "second Mon, last Fri" */
static char *weekdays(const char *list)
{
    static const char *const names[] = {"SU", "MO", "TU", "WE", "TH", "FR", "SA"};
    GString *out = g_string_new(NULL);
    g_auto(GStrv) each = g_strsplit(list, ",", 20);
    for (gsize i = 0; each[i]; i++) {
        char *end;
        int n = (int)strtol(each[i], &end, 10);
        for (int d = 0; d < 7; d++) {
            if (!is(end, names[d]))
                continue;
            const char *which = ordinal(n);
            g_string_append_printf(out, "%s%s%s%s", out->len ? ", " : "", which ? which : "",
                                   which ? " " : "", date_weekday_name(d));
        }
    }
    return g_string_free(out, FALSE);
}

static char *repeats(const CalendarEvent *e)
{
    g_auto(Rule) r = {0};
    rule_read(&r, e->rule);
    g_autofree char *head = every(&r);
    g_autofree char *days = r.days ? weekdays(r.days) : g_strdup("");
    GString *out = g_string_new(head);
    if (*days)
        g_string_append_printf(out, _(" on %s"), days);
    else if (r.month_days && strlen(r.month_days) < 40)
        g_string_append_printf(out, _(" on day %s"), r.month_days);
    if (r.months && r.freq == 'Y') {
        int month = (int)strtol(r.months, NULL, 10);
        if (month >= 1 && month <= 12)
            g_string_append_printf(out, _(" in %s"), date_month_name(month));
    }
    if (r.until.kind != TIME_NONE) {
        g_autofree char *day = date_format_day(local_civil(&r.until));
        g_string_append_printf(out, _(" until %s"), day);
    } else if (r.count > 0) {
        g_string_append_printf(out, P_(", %d time", ", %d times", r.count), r.count);
    }
    return g_string_free(out, FALSE);
}

/* ---- people ---- */

/* The address always, for a name can be anything. */
static void append_person(GString *out, const CalendarPerson *p)
{
    if (*p->name && *p->address && g_ascii_strcasecmp(p->name, p->address) != 0)
        g_string_append_printf(out, "%s <%s>", p->name, p->address);
    else
        g_string_append(out, *p->address ? p->address : *p->name ? p->name : "?");
}

static const char *answer_text(const char *answer)
{
    static const struct {
        const char *name, *text;
    } known[] = {
        {"ACCEPTED", N_("accepted")},   {"DECLINED", N_("declined")},
        {"TENTATIVE", N_("tentative")}, {"DELEGATED", N_("delegated")},
        {"COMPLETED", N_("completed")}, {"IN-PROCESS", N_("in progress")},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(known); i++)
        if (is(answer, known[i].name))
            return _(known[i].text);
    return NULL;
}

static char *people(const GPtrArray *attendees)
{
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < attendees->len && i < PEOPLE_SHOWN; i++) {
        const CalendarPerson *p = attendees->pdata[i];
        const char *answer = answer_text(p->answer);
        g_string_append(out, i ? ", " : "");
        append_person(out, p);
        if (answer)
            g_string_append_printf(out, " (%s)", answer);
    }
    if (attendees->len > PEOPLE_SHOWN) {
        guint more = attendees->len - PEOPLE_SHOWN;
        g_string_append_printf(out, P_(" and %u more", " and %u more", more), more);
    }
    return g_string_free(out, FALSE);
}

/* ---- the card ---- */

static char *reply_title(const CalendarEvent *e, const char *summary)
{
    const CalendarPerson *p = e->attendees->len ? e->attendees->pdata[0] : NULL;
    g_autoptr(GString) who = g_string_new(NULL);
    if (p)
        append_person(who, p);
    else
        g_string_append(who, "?");
    if (p && is(p->answer, "ACCEPTED"))
        return g_strdup_printf(_("%s accepts: %s"), who->str, summary);
    if (p && is(p->answer, "DECLINED"))
        return g_strdup_printf(_("%s declines: %s"), who->str, summary);
    if (p && is(p->answer, "TENTATIVE"))
        return g_strdup_printf(_("%s may come: %s"), who->str, summary);
    return g_strdup_printf(_("Answer of %s: %s"), who->str, summary);
}

static char *title(const Calendar *c, const CalendarEvent *e)
{
    const char *summary = *e->summary ? e->summary : _("(no title)");
    if (is(c->method, "REPLY"))
        return reply_title(e, summary);
    if (is(c->method, "CANCEL") || is(e->status, "CANCELLED"))
        return g_strdup_printf(_("Cancelled: %s"), summary);
    if (is(c->method, "REQUEST") && !e->task)
        return g_strdup_printf(_("Invitation: %s"), summary);
    if (is(c->method, "COUNTER"))
        return g_strdup_printf(_("Another time is proposed: %s"), summary);
    if (is(c->method, "DECLINECOUNTER"))
        return g_strdup_printf(_("The proposed time is declined: %s"), summary);
    return g_strdup_printf(e->task ? _("Task: %s") : _("Event: %s"), summary);
}

static void add_event(GString *out, const Calendar *c, const CalendarEvent *e)
{
    g_autofree char *head = title(c, e), *time = when(e), *who = people(e->attendees);
    if (out->len)
        g_string_append_c(out, '\n');
    card_text(out, head);
    if (*time)
        card_line(out, e->task && e->start.kind == TIME_NONE ? _("Due") : _("When"), time);
    if (*e->rule) {
        g_autofree char *again = repeats(e);
        card_line(out, _("Repeats"), again);
    }
    if (*e->recurrence)
        card_line(out, _("Concerns"), _("one of the repetitions only"));
    if (*e->location)
        card_line(out, _("Where"), e->location);
    if (e->organizer) {
        g_autoptr(GString) organizer = g_string_new(NULL);
        append_person(organizer, e->organizer);
        card_line(out, _("Organizer"), organizer->str);
    }
    if (*who)
        card_line(out, _("Who"), who);
    if (is(e->status, "TENTATIVE"))
        card_line(out, _("Status"), _("tentative"));
    else if (is(e->status, "COMPLETED"))
        card_line(out, _("Status"), _("completed"));
    if (*e->url)
        card_line(out, _("Link"), e->url);
    if (*e->description) {
        g_autofree char *note = g_utf8_strlen(e->description, -1) > NOTE_SHOWN
                                    ? g_utf8_substring(e->description, 0, NOTE_SHOWN) : NULL;
        g_autofree char *cut = note ? g_strconcat(note, "…", NULL) : NULL;
        card_line(out, _("Note"), cut ? cut : e->description);
    }
}

char *calendar_card(const char *utf8)
{
    g_autoptr(Calendar) c = calendar_parse(utf8);
    g_autoptr(GString) out = g_string_new(NULL);
    for (guint i = 0; i < c->events->len && i < EVENTS_SHOWN; i++)
        add_event(out, c, c->events->pdata[i]);
    if (out->len == 0)
        return NULL;
    if (c->events->len > EVENTS_SHOWN) {
        guint more = c->events->len - EVENTS_SHOWN;
        g_autofree char *t = g_strdup_printf(P_("and %u more event", "and %u more events", more), more);
        g_string_append_printf(out, "\n%s", t);
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}
