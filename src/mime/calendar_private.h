/* calendar_private.h - private: the files of the calendar. */
#pragma once
#include "content_line.h"
#include "pintail/mime/calendar.h"

gint64 civil_seconds(int year, int month, int day, int hour, int minute, int second);
void civil_from_days(gint64 days, int *year, int *month, int *day);
/* 0 is Sunday. */
int civil_weekday(gint64 days);
/* "20261119T140000Z", "20261119"; FALSE when it is neither. */
gboolean calendar_stamp(const char *value, CalendarTime *out);

/* The VTIMEZONEs of one object. */
typedef struct Zones Zones;
Zones *zones_new(void);
void zones_free(Zones *z);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Zones, zones_free)
void zones_begin(Zones *z);              /* BEGIN:VTIMEZONE */
void zones_begin_observance(Zones *z);   /* STANDARD or DAYLIGHT */
void zones_line(Zones *z, const ContentLine *l);
/* Seconds east of UTC at that civil time: by the object's own VTIMEZONE, else by the system's zone of
 * that name. FALSE when neither knows it. */
gboolean zones_offset(const Zones *z, const char *name, gint64 civil, gint64 *offset);
