/* calendar_reply.c - the answer to an invitation: RFC 5546 section 3.2.3. */
#include "calendar_private.h"
#include <string.h>
#include <time.h>
#include "pintail/util/i18n.h"

#define FOLD_AT 73

gboolean calendar_is_invitation(const Calendar *c)
{
    const CalendarEvent *e = c->events->len ? c->events->pdata[0] : NULL;
    return e && strcmp(c->method, "REQUEST") == 0 && e->organizer && *e->organizer->address && *e->uid;
}

const char *calendar_invited(const Calendar *c, const char *const *own)
{
    const CalendarEvent *e = c->events->len ? c->events->pdata[0] : NULL;
    for (guint i = 0; e && i < e->attendees->len; i++) {
        const CalendarPerson *p = e->attendees->pdata[i];
        for (gsize n = 0; own && own[n]; n++)
            if (g_ascii_strcasecmp(p->address, own[n]) == 0)
                return own[n];
    }
    return own ? own[0] : NULL;
}

/* A content line, folded between characters (RFC 5545 section 3.1). Line ends in it cannot be. */
static void put(GString *out, const char *line)
{
    gsize used = 0;
    for (const char *p = line; *p;) {
        const char *next = g_utf8_next_char(p);
        if (used + (gsize)(next - p) > FOLD_AT) {
            g_string_append(out, "\r\n ");
            used = 1;
        }
        if (*p != '\r' && *p != '\n')
            g_string_append_len(out, p, next - p);
        used += (gsize)(next - p);
        p = next;
    }
    g_string_append(out, "\r\n");
}

static void put_text(GString *out, const char *name, const char *text)
{
    g_autoptr(GString) s = g_string_new(name);
    g_string_append_c(s, ':');
    for (const char *p = text; *p; p++) {
        if (strchr("\\;,", *p))
            g_string_append_c(s, '\\');
        if (*p == '\n')
            g_string_append(s, "\\n");
        else
            g_string_append_c(s, *p);
    }
    put(out, s->str);
}

/* A parameter's value: quoted, without what it cannot hold. */
static char *quoted(const char *text)
{
    char *s = g_strdup_printf("\"%s\"", text);
    for (char *p = s + 1; p[1]; p++)
        if (*p == '"' || (guchar)*p < ' ')
            *p = '\'';
    return s;
}

static void put_person(GString *out, const char *property, const char *name, const char *address,
                       const char *answer)
{
    g_autoptr(GString) s = g_string_new(property);
    if (answer)
        g_string_append_printf(s, ";PARTSTAT=%s", answer);
    if (name && *name) {
        g_autofree char *q = quoted(name);
        g_string_append_printf(s, ";CN=%s", q);
    }
    g_string_append_printf(s, ":mailto:%s", address);
    put(out, s->str);
}

static void put_stamp(GString *out, const char *name, gint64 seconds)
{
    struct tm tm;
    time_t t = (time_t)seconds;
    char text[32];
    if (!gmtime_r(&t, &tm) || strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &tm) == 0)
        return;
    g_autofree char *line = g_strdup_printf("%s:%s", name, text);
    put(out, line);
}

/* In UTC, or as a date; a local time without a known zone is left out. */
static void put_time(GString *out, const char *name, const CalendarTime *t)
{
    struct tm tm;
    time_t civil = (time_t)t->civil;
    char text[16];
    if (t->kind == TIME_ABSOLUTE) {
        put_stamp(out, name, t->absolute);
    } else if (t->kind == TIME_DATE && gmtime_r(&civil, &tm) && strftime(text, sizeof text, "%Y%m%d", &tm)) {
        g_autofree char *line = g_strdup_printf("%s;VALUE=DATE:%s", name, text);
        put(out, line);
    }
}

static void put_event(GString *out, const CalendarEvent *e, const char *attendee, const char *name,
                      const char *answer, gint64 now)
{
    const char *component = e->task ? "BEGIN:VTODO" : "BEGIN:VEVENT";
    put(out, component);
    put_text(out, "UID", e->uid);
    put_stamp(out, "DTSTAMP", now);
    if (strspn(e->sequence, "0123456789") == strlen(e->sequence) && *e->sequence)
        put_text(out, "SEQUENCE", e->sequence);
    if (*e->recurrence)
        put(out, e->recurrence);
    put_person(out, "ORGANIZER", e->organizer->name, e->organizer->address, NULL);
    put_person(out, "ATTENDEE", name, attendee, answer);
    put_time(out, "DTSTART", &e->start);
    if (!e->task)
        put_time(out, "DTEND", &e->end);
    if (*e->summary)
        put_text(out, "SUMMARY", e->summary);
    put(out, e->task ? "END:VTODO" : "END:VEVENT");
}

char *calendar_reply(const Calendar *c, const char *attendee, const char *name, InviteAnswer answer, gint64 now)
{
    static const char *const answers[] = {"ACCEPTED", "TENTATIVE", "DECLINED"};
    GString *out = g_string_new(NULL);
    put(out, "BEGIN:VCALENDAR");
    put(out, "PRODID:-//Pintail//Pintail//EN");
    put(out, "VERSION:2.0");
    put(out, "METHOD:REPLY");
    gboolean zones = FALSE; /* a RECURRENCE-ID may name one */
    for (guint i = 0; i < c->events->len; i++)
        zones = zones || strstr(((const CalendarEvent *)c->events->pdata[i])->recurrence, "TZID");
    if (zones) {
        g_auto(GStrv) lines = g_strsplit(c->zones->str, "\n", -1);
        for (gsize i = 0; lines[i]; i++)
            if (*lines[i])
                put(out, lines[i]);
    }
    for (guint i = 0; i < c->events->len; i++) {
        const CalendarEvent *e = c->events->pdata[i];
        if (e->organizer && *e->organizer->address && *e->uid)
            put_event(out, e, attendee, name, answers[answer], now);
    }
    put(out, "END:VCALENDAR");
    return g_string_free(out, FALSE);
}

Draft *calendar_reply_draft(const Calendar *c, const Address *from, const char *id, InviteAnswer answer, gint64 now)
{
    static const char *const subjects[] = {N_("Accepted: %s"), N_("Tentative: %s"), N_("Declined: %s")};
    static const char *const bodies[] = {N_("%s accepts the invitation."), N_("%s may come."),
                                         N_("%s declines the invitation.")};
    if (!calendar_is_invitation(c))
        return NULL;
    const CalendarEvent *e = c->events->pdata[0];
    Draft *d = draft_new(from);
    g_ptr_array_add(d->to, address_new(e->organizer->name, e->organizer->address));
    g_free(d->subject);
    d->subject = g_strdup_printf(_(subjects[answer]), *e->summary ? e->summary : _("(no title)"));
    g_free(d->body);
    g_autofree char *said = g_strdup_printf(_(bodies[answer]), *from->name ? from->name : from->address);
    d->body = g_strconcat(said, "\n", NULL);
    if (id && *id) {
        g_free(d->in_reply_to);
        d->in_reply_to = g_strdup(id);
    }
    char *ics = calendar_reply(c, from->address, from->name, answer, now);
    Attachment *a = g_new0(Attachment, 1);
    a->type = g_strdup("text/calendar");
    a->name = g_strdup("reply.ics");
    a->content = g_bytes_new_take(ics, strlen(ics));
    g_ptr_array_add(d->attachments, a);
    return d;
}
