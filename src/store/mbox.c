/* mbox.c - see mbox.h. A message ends where a blank line is followed by "From "; a line of the
 * message that looks like one is written with one more '>' and read with one less. */
#include "mbox.h"
#include <string.h>
#include <time.h>
#include "maildir_files.h"
#include "pintail/mime/flags.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "private.h"

static const struct {
    char letter;
    guint flag;
} letters[] = {
    {'R', FLAG_SEEN},    {'F', FLAG_FLAGGED}, {'A', FLAG_ANSWERED},
    {'D', FLAG_DELETED}, {'T', FLAG_DRAFT},
};

static gboolean starts(const char *at, const char *end, const char *with)
{
    gsize len = strlen(with);
    return (gsize)(end - at) >= len && g_ascii_strncasecmp(at, with, len) == 0;
}

static const char *line_end(const char *at, const char *end)
{
    const char *nl = memchr(at, '\n', (gsize)(end - at));
    return nl ? nl + 1 : end;
}

static gboolean is_from(const char *at, const char *end)
{
    return end - at >= 5 && memcmp(at, "From ", 5) == 0;
}

static gboolean is_quoted_from(const char *at, const char *end)
{
    const char *p = at;
    while (p < end && *p == '>')
        p++;
    return p > at && is_from(p, end);
}

static gboolean is_blank(const char *at, const char *next)
{
    return (next - at == 1 && *at == '\n') || (next - at == 2 && at[0] == '\r' && at[1] == '\n');
}

/* Without quotes of "From ", without Status lines; *flags from those. */
static char *unquote(const char *at, const char *end, gsize *len, guint *flags)
{
    char *out = g_malloc((gsize)(end - at) + 1), *to = out;
    gboolean header = TRUE;
    *flags = 0;
    for (const char *next; at < end; at = next) {
        next = line_end(at, end);
        header = header && !is_blank(at, next);
        if (header && (starts(at, next, "Status:") || starts(at, next, "X-Status:"))) {
            const char *value = (const char *)memchr(at, ':', (gsize)(next - at)) + 1;
            for (const char *p = value; p < next; p++) {
                for (guint i = 0; i < G_N_ELEMENTS(letters); i++)
                    *flags |= *p == letters[i].letter ? letters[i].flag : 0;
            }
            continue;
        }
        if (is_quoted_from(at, next))
            at++;
        memcpy(to, at, (gsize)(next - at));
        to += next - at;
    }
    *len = (gsize)(to - out);
    return out;
}

gboolean mbox_split(const char *bytes, gsize len, const char *path, MboxMessage each, void *data,
                    GError **err)
{
    const char *at = bytes, *end = bytes + len;
    while (at < end && (*at == '\n' || *at == '\r'))
        at++;
    if (at < end && !is_from(at, end)) {
        error_set(err, PINTAIL_ERROR_INVALID, _("'%s' is neither a Maildir nor an mbox file"),
                  path);
        return FALSE;
    }
    while (at < end) {
        const char *start = line_end(at, end), *stop = start;
        gboolean blank = TRUE; /* a message may be empty */
        for (const char *p = start;; p = line_end(p, end)) {
            stop = p;
            if (p >= end || (blank && is_from(p, end)))
                break;
            blank = is_blank(p, line_end(p, end));
        }
        at = stop;
        /* The blank line before the next "From " belongs to the format. */
        if (stop > start && stop[-1] == '\n' && (stop - 1 == start || stop[-2] == '\n'))
            stop--;
        else if (stop - start >= 2 && stop[-1] == '\n' && stop[-2] == '\r' &&
                 (stop - 2 == start || stop[-3] == '\n'))
            stop -= 2;
        guint flags;
        gsize n;
        g_autofree char *message = unquote(start, stop, &n, &flags);
        if (n > 0 && n <= BODY_LIMIT && !each(message, n, flags, data, err))
            return FALSE;
    }
    return TRUE;
}

gboolean mbox_read(const char *path, MboxMessage each, void *data, GError **err)
{
    g_autoptr(GError) trouble = NULL;
    g_autoptr(GMappedFile) file = g_mapped_file_new(path, FALSE, &trouble);
    if (!file) {
        error_set(err, PINTAIL_ERROR_STORE, "%s", trouble->message);
        return FALSE;
    }
    const char *bytes = g_mapped_file_get_contents(file);
    return mbox_split(bytes ? bytes : "", g_mapped_file_get_length(file), path, each, data, err);
}

static void append_status(GString *to, guint flags)
{
    g_string_append(to, flags & FLAG_SEEN ? "Status: RO\n" : "Status: O\n");
    if (!(flags & (FLAG_FLAGGED | FLAG_ANSWERED | FLAG_DELETED | FLAG_DRAFT)))
        return;
    g_string_append(to, "X-Status: ");
    for (guint i = 1; i < G_N_ELEMENTS(letters); i++) {
        if (flags & letters[i].flag)
            g_string_append_c(to, letters[i].letter);
    }
    g_string_append_c(to, '\n');
}

void mbox_append(GString *to, GBytes *message, guint flags, gint64 received)
{
    gsize len;
    const char *at = g_bytes_get_data(message, &len);
    g_autoptr(GBytes) lf = crlf_to_lf(at, len);
    if (lf)
        at = g_bytes_get_data(lf, &len);
    time_t when = (time_t)received;
    struct tm tm;
    char date[64] = "Thu Jan  1 00:00:00 1970";
    if (gmtime_r(&when, &tm))
        strftime(date, sizeof date, "%a %b %e %H:%M:%S %Y", &tm);
    g_string_append_printf(to, "From MAILER-DAEMON %s\n", date);
    gboolean header = TRUE;
    for (const char *end = at + len, *next; at < end; at = next) {
        next = line_end(at, end);
        if (header && is_blank(at, next)) {
            append_status(to, flags);
            header = FALSE;
        }
        if (is_quoted_from(at, next) || is_from(at, next))
            g_string_append_c(to, '>');
        g_string_append_len(to, at, next - at);
    }
    if (len > 0 && to->str[to->len - 1] != '\n')
        g_string_append_c(to, '\n');
    g_string_append_c(to, '\n');
}
