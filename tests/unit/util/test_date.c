/* test_date.c - dates as mail has them. */
#include <string.h>
#include <time.h>
#include "pintail/util/date.h"

/* Expected results are written as ISO 8601 in UTC, and read by GLib. */
static gint64 utc(const char *iso)
{
    g_autoptr(GTimeZone) zone = g_time_zone_new_utc();
    g_autoptr(GDateTime) t = g_date_time_new_from_iso8601(iso, zone);
    g_assert_nonnull(t);
    return g_date_time_to_unix(t);
}

typedef struct {
    const char *text;
    const char *iso; /* NULL: no date */
    int zone;
} Case;

static const Case cases[] = {
    /* as RFC 5322 wants it */
    {"Thu, 19 Nov 2026 23:24:00 +0100", "2026-11-19T22:24:00Z", 60},
    {"19 Nov 2026 23:24:00 +0100", "2026-11-19T22:24:00Z", 60},
    {"Thu, 19 Nov 2026 23:24 -0530", "2026-11-20T04:54:00Z", -330},
    {"Fri, 21 Nov 1997 09:55:06 -0600", "1997-11-21T15:55:06Z", -360},
    {"Tue, 1 Jul 2003 10:52:37 +0200", "2003-07-01T08:52:37Z", 120},
    {"Thu, 13 Feb 1969 23:32:54 -0330", "1969-02-14T03:02:54Z", -210},
    {"Thu, 19 Nov 2026 23:24:00 -0000", "2026-11-19T23:24:00Z", 0},
    {"Thu,\r\n\t19 Nov 2026\r\n 23:24:00 +0100", "2026-11-19T22:24:00Z", 60},
    {"  Thu,19 Nov 2026 23:24:00+0100  ", "2026-11-19T22:24:00Z", 60},
    {"Thu, 31 Dec 1998 23:59:60 +0000", "1999-01-01T00:00:00Z", 0},
    {"Mon, 29 Feb 2024 12:00:00 +0000", "2024-02-29T12:00:00Z", 0},
    /* comments and obsolete forms */
    {"Thu, 19 Nov 2026 23:24:00 +0100 (CET)", "2026-11-19T22:24:00Z", 60},
    {"Thu (day) , 19 (Jan) Nov 2026 (a \\) (b 1999) c) 23:24:00 (12:00:00) +0100",
     "2026-11-19T22:24:00Z", 60},
    {"Thu, 19 Nov 2026 23:24:00 +0100 (unclosed", "2026-11-19T22:24:00Z", 60},
    {"Fri, 21 Nov 97 09:55:06 GMT", "1997-11-21T09:55:06Z", 0},
    {"21 Nov 49 09:55:06 GMT", "2049-11-21T09:55:06Z", 0},
    {"21 Nov 50 09:55:06 GMT", "1950-11-21T09:55:06Z", 0},
    {"21 Nov 126 09:55:06 GMT", "2026-11-21T09:55:06Z", 0},
    {"Thu, 19 Nov 2026 23:24:00 EST", "2026-11-20T04:24:00Z", -300},
    {"Thu, 19 Nov 2026 23:24:00 EDT", "2026-11-20T03:24:00Z", -240},
    {"Thu, 19 Nov 2026 23:24:00 PST", "2026-11-20T07:24:00Z", -480},
    {"Thu, 19 Nov 2026 23:24:00 UT", "2026-11-19T23:24:00Z", 0},
    {"Thu, 19 Nov 2026 23:24:00 Z", "2026-11-19T23:24:00Z", 0},
    {"Thu, 19 Nov 2026 23:24:00 A", "2026-11-19T23:24:00Z", 0}, /* military: unknown */
    {"Thu, 19 Nov 2026 23:24:00 CEST", "2026-11-19T21:24:00Z", 120},
    {"Thu, 19 Nov 2026 23:24:00 MESZ", "2026-11-19T21:24:00Z", 120},
    {"Thu, 19 Nov 2026 23:24:00 XYZ", "2026-11-19T23:24:00Z", 0},
    /* zones gone wrong */
    {"Thu, 19 Nov 2026 23:24:00", "2026-11-19T23:24:00Z", 0},
    {"Thu, 19 Nov 2026 23:24:00 GMT+0100", "2026-11-19T22:24:00Z", 60},
    {"Thu, 19 Nov 2026 23:24:00 GMT-5", "2026-11-20T04:24:00Z", -300},
    {"Thu, 19 Nov 2026 23:24:00 UTC+01:00", "2026-11-19T22:24:00Z", 60},
    {"Thu, 19 Nov 2026 23:24:00 +01:00", "2026-11-19T22:24:00Z", 60},
    {"Thu, 19 Nov 2026 23:24:00 +01", "2026-11-19T22:24:00Z", 60},
    {"Thu, 19 Nov 2026 23:24:00 +100", "2026-11-19T22:24:00Z", 60},
    {"Thu, 19 Nov 2026 23:24:00 +9999", "2026-11-19T23:24:00Z", 0},
    {"Thu, 19 Nov 2026 23:24:00 +0100 +0900", "2026-11-19T22:24:00Z", 60},
    {"Thu, 19 Nov 2026 23:24:00 -", "2026-11-19T23:24:00Z", 0},
    {"Thu, 19 Nov 2026 23:24:00 +1400", "2026-11-19T09:24:00Z", 840},
    /* weekday wrong, long, foreign or missing */
    {"Mon, 19 Nov 2026 23:24:00 +0100", "2026-11-19T22:24:00Z", 60},
    {"Thursday, 19 November 2026 23:24:00 +0100", "2026-11-19T22:24:00Z", 60},
    {"Do, 19 Nov 2026 23:24:00 +0100", "2026-11-19T22:24:00Z", 60},
    {"Thu 19 Nov 2026 23:24:00 +0100", "2026-11-19T22:24:00Z", 60},
    {"Thu, 19 nov 2026 23:24:00 +0100", "2026-11-19T22:24:00Z", 60},
    {"Thu, 19 NOV 2026 23:24:00 +0100", "2026-11-19T22:24:00Z", 60},
    {"Thu, Nov 19, 2026 23:24:00 +0100", "2026-11-19T22:24:00Z", 60},
    {"Sunday, 19th of Nov 2026 at 11:24 PM +0100", "2026-11-19T22:24:00Z", 60},
    /* ctime and friends */
    {"Thu Nov 19 23:24:00 2026", "2026-11-19T23:24:00Z", 0},
    {"Thu Nov  9 23:24:00 2026", "2026-11-09T23:24:00Z", 0},
    {"Thu Nov 19 23:24:00 CET 2026", "2026-11-19T22:24:00Z", 60},
    {"Thu Nov 19 23:24:00 +0100 2026", "2026-11-19T22:24:00Z", 60},
    {"Thu Nov 19 23:24:00 2026 +0100", "2026-11-19T22:24:00Z", 60},
    {"Thu Nov 19 2026 23:24:00 GMT+0100 (Central European Time)", "2026-11-19T22:24:00Z", 60},
    /* dashes, slashes, dots */
    {"19-Nov-2026 23:24:00 +0100", "2026-11-19T22:24:00Z", 60},
    {"Thu, 19-Nov-26 23:24:00 GMT", "2026-11-19T23:24:00Z", 0},
    {"19/Nov/2026:23:24:00 +0100", "2026-11-19T22:24:00Z", 60},
    {"19.11.2026 23:24:00", "2026-11-19T23:24:00Z", 0},
    {"19.11.26 23:24", "2026-11-19T23:24:00Z", 0},
    {"11/19/2026 23:24:00", "2026-11-19T23:24:00Z", 0},
    {"19/11/2026 23:24:00", "2026-11-19T23:24:00Z", 0},
    {"11/19/26, 11:24 PM", "2026-11-19T23:24:00Z", 0},
    {"Thu, 19 Nov 2026 23.24.00 +0100", "2026-11-19T22:24:00Z", 60},
    /* ISO 8601 and RFC 3339 */
    {"2026-11-19T23:24:00+01:00", "2026-11-19T22:24:00Z", 60},
    {"2026-11-19T23:24:00Z", "2026-11-19T23:24:00Z", 0},
    {"2026-11-19 23:24:00 +0100", "2026-11-19T22:24:00Z", 60},
    {"2026-11-19T23:24:00.123456789-05:00", "2026-11-20T04:24:00Z", -300},
    {"2026-11-19 23:24:00,123 +0100", "2026-11-19T22:24:00Z", 60},
    {"2026-11-19", "2026-11-19T00:00:00Z", 0},
    {"2026/11/19 23:24", "2026-11-19T23:24:00Z", 0},
    {"20261119232400", "2026-11-19T23:24:00Z", 0},
    /* the clock of twelve hours */
    {"19 Nov 2026 12:24:00 AM", "2026-11-19T00:24:00Z", 0},
    {"19 Nov 2026 12:24:00 PM", "2026-11-19T12:24:00Z", 0},
    {"19 Nov 2026 9:05 pm", "2026-11-19T21:05:00Z", 0},
    /* only a part of it, or nonsense in one piece */
    {"19 Nov 2026", "2026-11-19T00:00:00Z", 0},
    {"31 Nov 2026 12:00:00 +0000", "2026-11-30T12:00:00Z", 0},
    {"29 Feb 2026 12:00:00 +0000", "2026-02-28T12:00:00Z", 0},
    {"19 Nov 2026 99:99:99 +0000", "2026-11-19T00:00:00Z", 0},
    {"19 Nov 2026 24:00:00 +0000", "2026-11-20T00:00:00Z", 0},
    {"Sat, 01 Jan 0100 00:00:00 +0000", NULL, 0},
    {"", NULL, 0},
    {"   ", NULL, 0},
    {"yesterday", NULL, 0},
    {"23:24:00 +0100", NULL, 0},
    {"Nov 2026", NULL, 0},
    {"Thu, 19 2026", NULL, 0},
    {"Thu, 45 Nov 2026 10:00:00 +0000", NULL, 0},
    {"0000-00-00 00:00:00", NULL, 0},
    {"((((((((((", NULL, 0},
    {"99999999999999999999999999999999999", NULL, 0},
    {"+++++-----::::////", NULL, 0},
    {"\xff\xfe\x00\x01", NULL, 0},
};

static void test_parse(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const Case *c = &cases[i];
        MailDate d = {-1, -1};
        gboolean ok = date_parse(c->text, strlen(c->text), &d);
        if (ok != (c->iso != NULL) || (ok && (d.seconds != utc(c->iso) || d.zone_minutes != c->zone)))
            g_error("\"%s\": %d %" G_GINT64_FORMAT " (expected %s), zone %d (expected %d)", c->text,
                    ok, d.seconds, c->iso ? c->iso : "nothing", d.zone_minutes, c->zone);
    }
}

/* Every prefix of every case, in a buffer of exactly that size: nothing is read behind it. */
static void test_prefixes(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        for (gsize len = 0; len <= strlen(cases[i].text); len++) {
            g_autofree char *exact = g_memdup2(cases[i].text, len);
            MailDate d;
            date_parse(exact, len, &d);
            date_parse_internal(exact, len, &d);
        }
    }
    g_assert_true(TRUE);
}

static void test_random(void)
{
    static const char *const bits[] = {"19", "Nov", "2026", " ", ",", ":", "23:24", "+0100", "-",
                                       "(", ")", "\\", "99999", "GMT", "T", ".", "/", "pm", "\xe9"};
    g_autoptr(GRand) r = g_rand_new_with_seed(19);
    for (int round = 0; round < 20000; round++) {
        g_autoptr(GString) text = g_string_new(NULL);
        for (int n = g_rand_int_range(r, 0, 14); n > 0; n--)
            g_string_append(text, bits[g_rand_int_range(r, 0, G_N_ELEMENTS(bits))]);
        MailDate d;
        if (date_parse(text->str, text->len, &d)) {
            g_assert_cmpint(d.seconds, >, utc("1899-12-30T00:00:00Z"));
            g_assert_cmpint(d.seconds, <, utc("9999-12-31T23:59:59Z") + 3 * 86400);
            g_assert_cmpint(ABS(d.zone_minutes), <=, 15 * 60);
        }
    }
}

static void test_long(void)
{
    g_autofree char *open = g_strnfill(10 * 1024 * 1024, '(');
    MailDate d;
    g_assert_false(date_parse(open, 10 * 1024 * 1024, &d));
}

static void internal(const char *text, const char *iso, int zone)
{
    MailDate d;
    gboolean ok = date_parse_internal(text, strlen(text), &d);
    g_assert_cmpint(ok, ==, iso != NULL);
    if (iso) {
        g_assert_cmpint(d.seconds, ==, utc(iso));
        g_assert_cmpint(d.zone_minutes, ==, zone);
    }
}

static void test_internal(void)
{
    internal("17-Jul-1996 02:44:25 -0700", "1996-07-17T09:44:25Z", -420);
    internal(" 1-Jan-2026 00:00:00 +0000", "2026-01-01T00:00:00Z", 0);
    internal("1-Jan-2026 00:00:00 +0000", "2026-01-01T00:00:00Z", 0);
    internal("19-nov-2026 23:24:00", "2026-11-19T23:24:00Z", 0);
    internal("19-Nov-26 23:24:00 +0000", NULL, 0);
    internal("19-Xyz-2026 23:24:00 +0000", NULL, 0);
    internal("19-Nov-2026", NULL, 0);
    internal("19-N", NULL, 0);
    internal("", NULL, 0);
    internal("NIL", NULL, 0);
}

static void in_zone(const char *zone)
{
    g_setenv("TZ", zone, TRUE);
    tzset();
}

static void formats_as(char *got_take, const char *wanted)
{
    g_assert_cmpstr(got_take, ==, wanted);
    g_free(got_take);
}

static void test_format_wire(void)
{
    gint64 t = utc("2026-11-19T22:24:00Z");
    in_zone("CET-1");
    formats_as(date_format_rfc5322(t), "Thu, 19 Nov 2026 23:24:00 +0100");
    formats_as(date_format_internal(t), "19-Nov-2026 23:24:00 +0100");
    in_zone("NST3:30");
    formats_as(date_format_rfc5322(t), "Thu, 19 Nov 2026 18:54:00 -0330");
    in_zone("UTC0");
    formats_as(date_format_rfc5322(utc("2026-01-02T03:04:05Z")),
               "Fri, 2 Jan 2026 03:04:05 +0000");
    formats_as(date_format_internal(utc("2026-01-02T03:04:05Z")), "02-Jan-2026 03:04:05 +0000");
}

/* What we write, we read. */
static void test_round_trip(void)
{
    static const char *const zones[] = {"UTC0", "CET-1CEST,M3.5.0,M10.5.0/3", "IST-5:30", "HST10"};
    for (gsize z = 0; z < G_N_ELEMENTS(zones); z++) {
        in_zone(zones[z]);
        for (gint64 t = -1000000000; t < 4000000000; t += 86400 * 13 + 3607) {
            g_autofree char *text = date_format_rfc5322(t);
            g_autofree char *wire = date_format_internal(t);
            MailDate d, e;
            g_assert_true(date_parse(text, strlen(text), &d));
            g_assert_true(date_parse_internal(wire, strlen(wire), &e));
            g_assert_cmpint(d.seconds, ==, t);
            g_assert_cmpint(e.seconds, ==, t);
            g_assert_cmpint(d.zone_minutes, ==, e.zone_minutes);
        }
    }
}

static void test_format_short(void)
{
    in_zone("CET-1");
    gint64 now = utc("2026-11-19T22:30:00Z"); /* Thursday, 23:30 */
    formats_as(date_format_short(utc("2026-11-19T05:36:00Z"), now), "06:36");
    formats_as(date_format_short(utc("2026-11-18T23:00:00Z"), now), "00:00"); /* local midnight */
    formats_as(date_format_short(utc("2026-11-18T22:59:59Z"), now), "Wed");
    formats_as(date_format_short(utc("2026-11-13T12:00:00Z"), now), "Fri");
    formats_as(date_format_short(utc("2026-11-12T12:00:00Z"), now), "12 Nov");
    formats_as(date_format_short(utc("2026-01-01T12:00:00Z"), now), "1 Jan");
    formats_as(date_format_short(utc("2025-11-14T12:00:00Z"), now), "2025-11-14");
    formats_as(date_format_short(utc("2026-11-20T12:00:00Z"), now), "20 Nov"); /* from the future */
    formats_as(date_format_short(utc("2027-02-01T12:00:00Z"), now), "2027-02-01");
    formats_as(date_format_short(utc("2025-12-31T12:00:00Z"), utc("2026-01-02T12:00:00Z")), "Wed");
}

static void test_format_long(void)
{
    in_zone("CET-1");
    formats_as(date_format_long(utc("2026-11-19T22:24:00Z")), "Thu 19 Nov 2026, 23:24");
}

static void test_now(void)
{
    g_setenv("PINTAIL_NOW", "1795000000", TRUE);
    g_assert_cmpint(date_now(), ==, 1795000000);
    g_setenv("PINTAIL_NOW", "soon", TRUE);
    gint64 real = g_get_real_time() / G_USEC_PER_SEC;
    g_assert_cmpint(date_now(), >=, real);
    g_unsetenv("PINTAIL_NOW");
    g_assert_cmpint(date_now(), >=, real);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/date/parse", test_parse);
    g_test_add_func("/date/prefixes", test_prefixes);
    g_test_add_func("/date/random", test_random);
    g_test_add_func("/date/long", test_long);
    g_test_add_func("/date/internal", test_internal);
    g_test_add_func("/date/format-wire", test_format_wire);
    g_test_add_func("/date/round-trip", test_round_trip);
    g_test_add_func("/date/format-short", test_format_short);
    g_test_add_func("/date/format-long", test_format_long);
    g_test_add_func("/date/now", test_now);
    return g_test_run();
}
