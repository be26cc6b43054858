/* when.c - see when.h. One walk over the words; the calendar is mktime()'s, so that days on which clocks
 * change have their own length. */
#include "pintail/util/when.h"
#include <string.h>
#include <time.h>
#include "pintail/util/i18n.h"

#define MORNING 8 /* hours */

typedef struct {
    struct tm at; /* local */
    gboolean day, clock;
} When;

static gboolean is_word(const char *word, const char *english)
{
    g_autofree char *folded = g_utf8_casefold(word, -1);
    g_autofree char *translated = g_utf8_casefold(_(english), -1);
    return g_str_equal(folded, english) || g_str_equal(folded, translated);
}

/* "8:30", "8", "8am", "8:30pm" */
static gboolean take_clock(When *w, const char *word)
{
    char *end = NULL;
    guint64 hour = g_ascii_strtoull(word, &end, 10), minute = 0;
    if (end == word || end - word > 2)
        return FALSE;
    gboolean minutes = *end == ':' && g_ascii_isdigit(end[1]) && g_ascii_isdigit(end[2]);
    if (minutes) {
        minute = (guint64)(end[1] - '0') * 10 + (guint64)(end[2] - '0');
        end += 3;
    }
    gboolean pm = g_ascii_strcasecmp(end, "pm") == 0, am = g_ascii_strcasecmp(end, "am") == 0;
    if ((pm || am) && (hour < 1 || hour > 12))
        return FALSE;
    hour = (pm || am) && hour == 12 ? 0 : hour;
    hour += pm ? 12 : 0;
    if ((*end && !pm && !am) || hour > 23 || minute > 59 || w->clock)
        return FALSE;
    w->at.tm_hour = (int)hour;
    w->at.tm_min = (int)minute;
    return w->clock = TRUE;
}

static gboolean take_date(When *w, const char *word)
{
    gsize len = strlen(word);
    if (len != 10 || word[4] != '-' || word[7] != '-' || strspn(word, "0123456789-") != len || w->day)
        return FALSE;
    w->at.tm_year = (int)g_ascii_strtoull(word, NULL, 10) - 1900;
    w->at.tm_mon = (int)g_ascii_strtoull(word + 5, NULL, 10) - 1;
    w->at.tm_mday = (int)g_ascii_strtoull(word + 8, NULL, 10);
    w->day = TRUE;
    return w->at.tm_mon >= 0 && w->at.tm_mon < 12 && w->at.tm_mday >= 1 && w->at.tm_mday <= 31;
}

static gboolean take_day(When *w, const char *word)
{
    static const char *const days[] = {N_("sunday"),   N_("monday"), N_("tuesday"), N_("wednesday"),
                                       N_("thursday"), N_("friday"), N_("saturday")};
    if (w->day)
        return FALSE;
    if (is_word(word, N_("today")))
        return w->day = TRUE;
    if (is_word(word, N_("tomorrow"))) {
        w->at.tm_mday++;
        return w->day = TRUE;
    }
    g_autofree char *folded = g_utf8_casefold(word, -1);
    for (int i = 0; i < 7 && strlen(folded) >= 2; i++) {
        g_autofree char *translated = g_utf8_casefold(_(days[i]), -1);
        if (!g_str_has_prefix(days[i], folded) && !g_str_has_prefix(translated, folded))
            continue;
        int ahead = (i - w->at.tm_wday + 7) % 7;
        w->at.tm_mday += ahead ? ahead : 7; /* "monday", said on one, is the next */
        return w->day = TRUE;
    }
    return FALSE;
}

/* "2h", "90m", "3" "days" */
static gboolean take_span(const char *number, const char *unit, gint64 *seconds)
{
    static const struct {
        const char *unit;
        gint64 seconds;
    } units[] = {{"m", 60},      {"min", 60},     {"minute", 60}, {"minutes", 60}, {"h", 3600}, {"hour", 3600},
                 {"hours", 3600}, {"d", 86400},    {"day", 86400}, {"days", 86400}, {"w", 604800}, {"week", 604800},
                 {"weeks", 604800}};
    char *end = NULL;
    guint64 n = g_ascii_strtoull(number, &end, 10);
    if (end == number || n == 0 || n > 10000)
        return FALSE;
    if (*end && unit)
        return FALSE;
    const char *name = *end ? end : unit ? unit : "";
    for (gsize i = 0; i < G_N_ELEMENTS(units); i++) {
        if (g_ascii_strcasecmp(units[i].unit, name) == 0) {
            *seconds = (gint64)n * units[i].seconds;
            return TRUE;
        }
    }
    return FALSE;
}

gboolean when_parse(const char *text, gint64 now, gint64 *out)
{
    g_auto(GStrv) words = g_strsplit_set(text, " \t,", 8);
    time_t t = (time_t)now;
    When w = {0};
    gint64 span = 0;
    const char *kept[8];
    guint n = 0;
    for (guint i = 0; words[i] && n < G_N_ELEMENTS(kept) - 1; i++) {
        if (*words[i] && !is_word(words[i], N_("at")))
            kept[n++] = words[i];
    }
    kept[n] = NULL;
    if (n == 0 || !localtime_r(&t, &w.at))
        return FALSE;
    if (is_word(kept[0], N_("in"))) {
        if (n < 2 || n > 3 || !take_span(kept[1], kept[2], &span))
            return FALSE;
        *out = now + span;
        return TRUE;
    }
    w.at.tm_hour = MORNING;
    w.at.tm_min = w.at.tm_sec = 0;
    for (guint i = 0; i < n; i++) {
        if (!take_date(&w, kept[i]) && !take_day(&w, kept[i]) && !take_clock(&w, kept[i]))
            return FALSE;
    }
    w.at.tm_isdst = -1;
    struct tm first = w.at; /* mktime() normalizes what it is given */
    time_t then = mktime(&first);
    if (!w.day && then <= t) {
        w.at.tm_mday++;
        then = mktime(&w.at);
    }
    *out = then;
    return then > t;
}
