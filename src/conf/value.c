/* value.c - the forms of values in the rc, and how an unknown word is reported. */
#include <errno.h>
#include <stdlib.h>
#include "conf_private.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/text.h"

gboolean value_bool(const char *text, gboolean *out)
{
    static const struct {
        const char *word;
        gboolean value;
    } words[] = {{"on", TRUE},   {"yes", TRUE}, {"true", TRUE},   {"1", TRUE},
                 {"off", FALSE}, {"no", FALSE}, {"false", FALSE}, {"0", FALSE}};
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
        if (g_ascii_strcasecmp(text, words[i].word) == 0)
            return *out = words[i].value, TRUE;
    return FALSE;
}

/* Digits, then one of `units` ("" for none); the factor of units[i] is factors[i]. */
static gboolean number_with_unit(const char *text, const char *units, const gint64 *factors, gint64 *out)
{
    if (!g_ascii_isdigit(*text))
        return FALSE;
    char *end = NULL;
    errno = 0;
    gint64 number = g_ascii_strtoll(text, &end, 10);
    if (errno != 0)
        return FALSE;
    gint64 factor = 1;
    if (*end) {
        const char *unit = strchr(units, g_ascii_tolower(*end));
        if (!unit || end[1])
            return FALSE;
        factor = factors[unit - units];
    }
    if (number > G_MAXINT64 / factor)
        return FALSE;
    *out = number * factor;
    return TRUE;
}

gboolean value_number(const char *text, gint64 *out)
{
    return number_with_unit(text, "", NULL, out);
}

gboolean value_seconds(const char *text, gint64 *out)
{
    static const gint64 factors[] = {1, 60, 3600, 86400};
    return number_with_unit(text, "smhd", factors, out);
}

gboolean value_size(const char *text, gint64 *out)
{
    static const gint64 factors[] = {1, 1000, 1000000, 1000000000};
    return number_with_unit(text, "bkmg", factors, out);
}

void error_unknown(GError **err, const char *message, const char *word, const char *const *words)
{
    const char *nearest = text_nearest(word, words);
    if (nearest)
        error_set(err, PINTAIL_ERROR_INVALID, _("%s \"%s\", did you mean \"%s\"?"), message, word, nearest);
    else
        error_set(err, PINTAIL_ERROR_INVALID, "%s \"%s\"", message, word);
}
