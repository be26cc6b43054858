/* subject.c - see subject.h. RFC 5256, 2.1: "Re:", "Fwd:" and their translations, with a number
 * ("Re[2]:", "Re(2):") and "[list]" between them. */
#include "subject.h"
#include <string.h>

static const struct {
    const char *word;
    gboolean reply;
} prefixes[] = {
    {"re", TRUE},   {"aw", TRUE},    {"sv", TRUE},  {"vs", TRUE},  {"antw", TRUE}, {"odp", TRUE},
    {"ref", TRUE},  {"rif", TRUE},   {"r\xc3\xa9", TRUE},          {"\xe5\x9b\x9e\xe5\xa4\x8d", TRUE},
    {"\xe7\xad\x94\xe5\xa4\x8d", TRUE},
    {"fwd", FALSE}, {"fw", FALSE},   {"wg", FALSE}, {"rv", FALSE}, {"tr", FALSE},  {"vl", FALSE},
    {"doorst", FALSE},
};

static const char *blanks(const char *p)
{
    while (*p == ' ' || *p == '\t')
        p++;
    return p;
}

/* "[2]", "(2)", "^2": how often; other text in brackets is no number. */
static const char *number(const char *p)
{
    char end = *p == '[' ? ']' : *p == '(' ? ')' : *p == '^' ? ' ' : '\0';
    if (!end)
        return p;
    const char *digit = p + 1;
    while (g_ascii_isdigit(*digit))
        digit++;
    if (digit == p + 1)
        return p;
    return end == ' ' ? digit : *digit == end ? digit + 1 : p;
}

/* Behind one prefix and its colon; NULL: there is none. */
static const char *prefix(const char *p, gboolean *reply)
{
    for (guint i = 0; i < G_N_ELEMENTS(prefixes); i++) {
        gsize len = strlen(prefixes[i].word);
        if (g_ascii_strncasecmp(p, prefixes[i].word, len) != 0)
            continue;
        const char *end = blanks(number(blanks(p + len)));
        gboolean wide = strncmp(end, "\xef\xbc\x9a", 3) == 0; /* U+FF1A */
        if (*end != ':' && !wide)
            continue;
        if (reply && prefixes[i].reply)
            *reply = TRUE;
        return end + (wide ? 3 : 1);
    }
    return NULL;
}

/* Behind "[list]" when a prefix or another one follows: else it is the subject's own. */
static const char *list_name(const char *p)
{
    if (*p != '[')
        return NULL;
    const char *end = p + 1;
    while (*end && *end != ']' && *end != '[')
        end++;
    return *end == ']' ? blanks(end + 1) : NULL;
}

const char *subject_bare(const char *subject, gboolean *reply)
{
    if (reply)
        *reply = FALSE;
    for (subject = blanks(subject);;) {
        const char *next = prefix(subject, reply);
        if (!next) {
            const char *behind = list_name(subject);
            next = behind ? prefix(behind, reply) : NULL;
        }
        if (!next)
            return subject;
        subject = blanks(next);
    }
}
