/* render_diff.c - see render_diff.h. A hunk's header says how many lines follow, so that what is below a
 * patch (git's "-- " and version, a list's footer) is never taken for it. */
#include <string.h>
#include "pintail/mime/render.h"
#include "render_diff.h"

static gboolean begins(const char *line, gsize len, const char *with)
{
    gsize n = strlen(with);
    return len >= n && memcmp(line, with, n) == 0;
}

/* "12" or "12,5" at *at: its count, 1 where none is given. */
static gboolean take_range(const char **at, const char *end, guint64 *count)
{
    const char *p = *at;
    gsize digits = 0;
    *count = 1;
    while (p < end && g_ascii_isdigit(*p)) {
        p++;
        digits++;
    }
    if (digits == 0)
        return FALSE;
    if (p < end && *p == ',') {
        *count = 0;
        for (digits = 0, p++; p < end && g_ascii_isdigit(*p) && digits < 9; p++, digits++)
            *count = *count * 10 + (guint64)(*p - '0');
        if (digits == 0)
            return FALSE;
    }
    *at = p;
    return TRUE;
}

/* "@@ -1,3 +1,4 @@" */
static gboolean take_hunk(Diff *d, const char *line, gsize len)
{
    const char *at = line + 4, *end = line + len;
    Diff found = {.in_file = TRUE};
    if (!begins(line, len, "@@ -") || !take_range(&at, end, &found.old) || end - at < 3 || at[0] != ' ' || at[1] != '+')
        return FALSE;
    at += 2;
    if (!take_range(&at, end, &found.new) || !begins(at, (gsize)(end - at), " @@"))
        return FALSE;
    *d = found;
    return TRUE;
}

static DiffLine hunk_line(Diff *d, const char *line, gsize len)
{
    char c = len > 0 ? line[0] : ' ';
    if (c == '+' && d->new > 0) {
        d->new--;
        return DIFF_ADDED;
    }
    if (c == '-' && d->old > 0) {
        d->old--;
        return DIFF_REMOVED;
    }
    if (c == ' ' && d->old > 0 && d->new > 0) {
        d->old--;
        d->new--;
        return DIFF_CONTEXT;
    }
    if (c == '\\')
        return DIFF_CONTEXT; /* "\ No newline at end of file" */
    *d = (Diff){0}; /* it is broken off */
    return 0;
}

static gboolean next_begins(const char *line, gsize len, const char *end, const char *with)
{
    const char *nl = memchr(line + len, '\n', (gsize)(end - line) - len);
    return nl && begins(nl + 1, (gsize)(end - nl) - 1, with);
}

DiffLine diff_line(Diff *d, const char *line, gsize len, const char *end)
{
    static const char *const facts[] = {"index ", "new file mode ", "deleted file mode ", "old mode ", "new mode ",
                                        "similarity index ", "rename from ", "rename to ", "copy from ",
                                        "copy to ", "Binary files ", "+++ ", "===="};
    if (d->old > 0 || d->new > 0)
        return hunk_line(d, line, len);
    if (begins(line, len, "diff --git ") || (begins(line, len, "--- ") && next_begins(line, len, end, "+++ "))) {
        d->in_file = TRUE;
        return DIFF_FILE;
    }
    if (!d->in_file)
        return 0;
    if (take_hunk(d, line, len))
        return DIFF_HUNK;
    for (gsize i = 0; i < G_N_ELEMENTS(facts); i++)
        if (begins(line, len, facts[i]))
            return DIFF_FILE;
    if (begins(line, len, "\\ "))
        return DIFF_CONTEXT;
    d->in_file = FALSE;
    return 0;
}
