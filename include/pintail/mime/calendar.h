/* calendar.h - events of iCalendar objects (RFC 5545), and the answer to an invitation (RFC 5546
 * section 3.2.3, sent as RFC 6047 says). Pure, linear, bounded; any bytes may come. */
#pragma once
#include <glib.h>
#include "pintail/mime/compose.h"

typedef enum { TIME_NONE, TIME_DATE, TIME_LOCAL, TIME_ABSOLUTE } CalendarTimeKind;

typedef struct {
    CalendarTimeKind kind;
    gint64 civil;    /* as it was written, seconds as if it were UTC */
    gint64 absolute; /* Unix time; for TIME_ABSOLUTE only */
} CalendarTime;

typedef struct {
    char *name, *address; /* "" when missing */
    char *answer;         /* PARTSTAT in upper case, "NEEDS-ACTION" */
} CalendarPerson;

typedef struct {
    gboolean task; /* VTODO */
    char *uid, *summary, *location, *status, *url, *description, *rule, *sequence;
    char *recurrence; /* the RECURRENCE-ID line as it came, with its parameters; "" */
    char *zone;       /* TZID of the start when nothing is known of it; "" */
    CalendarTime start, end;
    CalendarPerson *organizer; /* or NULL */
    GPtrArray *attendees;      /* of CalendarPerson */
} CalendarEvent;

typedef struct {
    char *method;      /* upper case; "" */
    GPtrArray *events; /* of CalendarEvent */
    GString *zones;    /* the VTIMEZONEs as they came */
} Calendar;

Calendar *calendar_parse(const char *utf8);
void calendar_free(Calendar *c);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Calendar, calendar_free)

typedef enum { INVITE_ACCEPT, INVITE_TENTATIVE, INVITE_DECLINE } InviteAnswer;
/* May it be answered: a REQUEST with an organizer who has an address? */
gboolean calendar_is_invitation(const Calendar *c);
/* The attendee among `own` (NULL-terminated addresses) whom the invitation names; else the first of
 * `own`; NULL when there is none. Borrowed from `own`. */
const char *calendar_invited(const Calendar *c, const char *const *own);
/* A message to the organizer with the answer in it (RFC 6047). `id` is the invitation's Message-ID or
 * NULL. NULL when it is no invitation. */
Draft *calendar_reply_draft(const Calendar *c, const Address *from, const char *id, InviteAnswer answer, gint64 now);
/* The REPLY as an iCalendar object (CRLF, folded). `now` is Unix time. The caller owns it. */
char *calendar_reply(const Calendar *c, const char *attendee, const char *name, InviteAnswer answer, gint64 now);
