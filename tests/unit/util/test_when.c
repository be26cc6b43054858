/* test_when.c - moments as people type them, seen from Thursday 2026-11-19, 15:00. */
#include <stdlib.h>
#include <time.h>
#include "pintail/util/when.h"

#define THURSDAY 1795100400 /* 2026-11-19 15:00 UTC */

static const struct {
    const char *text, *expected; /* NULL: not understood */
} cases[] = {
    {"18:30", "2026-11-19 18:30"},
    {"8:05", "2026-11-20 08:05"},
    {"15:00", "2026-11-20 15:00"},
    {"6pm", "2026-11-19 18:00"},
    {"12am", "2026-11-20 00:00"},
    {"tomorrow", "2026-11-20 08:00"},
    {"Tomorrow, at 9:15", "2026-11-20 09:15"},
    {"today 16", "2026-11-19 16:00"},
    {"mon", "2026-11-23 08:00"},
    {"thursday 10:00", "2026-11-26 10:00"},
    {"2026-12-24 20:00", "2026-12-24 20:00"},
    {"2026-12-24", "2026-12-24 08:00"},
    {"in 90m", "2026-11-19 16:30"},
    {"in 2 hours", "2026-11-19 17:00"},
    {"in 3 days", "2026-11-22 15:00"},
    {"", NULL},
    {"today 9:00", NULL},
    {"2020-01-01", NULL},
    {"2026-13-01", NULL},
    {"25:00", NULL},
    {"8:60", NULL},
    {"13pm", NULL},
    {"soon", NULL},
    {"in", NULL},
    {"in 0h", NULL},
    {"in 2h x", NULL},
    {"mon tue", NULL},
    {"8:00 9:00", NULL},
};

static void test_when(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        gint64 at = 0;
        gboolean ok = when_parse(cases[i].text, THURSDAY, &at);
        g_test_message("%s", cases[i].text);
        g_assert_true(ok == (cases[i].expected != NULL));
        if (!ok)
            continue;
        g_autoptr(GDateTime) there = g_date_time_new_from_unix_utc(at);
        g_autofree char *shown = g_date_time_format(there, "%Y-%m-%d %H:%M");
        g_assert_cmpstr(shown, ==, cases[i].expected);
    }
}

int main(int argc, char **argv)
{
    g_assert_true(g_setenv("TZ", "UTC", TRUE));
    tzset();
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/util/when", test_when);
    return g_test_run();
}
