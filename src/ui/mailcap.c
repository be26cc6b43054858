/* mailcap.c - see mailcap.h. Nothing of a message gets into a command but a path without special
 * characters and the type. */
#include <string.h>
#include "mailcap.h"
#include "pintail/util/file.h"

#define FILE_MAX (1u << 20)

static gboolean is_plain(char c)
{
    return g_ascii_isalnum(c) || strchr("._+-/", c) || (guchar)c >= 0x80;
}

static gboolean all_plain(const char *text)
{
    for (; *text; text++)
        if (!is_plain(*text))
            return FALSE;
    return TRUE;
}

char *mailcap_plain_name(const char *name)
{
    g_autofree char *safe = file_safe_name(name);
    for (char *at = safe; *at; at++)
        if (!is_plain(*at) || *at == '/')
            *at = '_';
    return *safe == '-' ? g_strconcat("_", safe, NULL) : g_steal_pointer(&safe);
}

void mailcap_entry_clear(MailcapEntry *e)
{
    g_free(e->command);
    *e = (MailcapEntry){0};
}

/* Up to the next `;` that is not escaped; *at goes behind it. NULL at the end. */
static char *take_field(const char **at)
{
    if (!*at)
        return NULL;
    g_autoptr(GString) field = g_string_new(NULL);
    const char *p = *at;
    for (; *p && *p != ';'; p++) {
        if (*p == '\\' && p[1])
            p++;
        g_string_append_c(field, *p);
    }
    *at = *p ? p + 1 : NULL;
    return g_strdup(g_strstrip(field->str));
}

static gboolean type_matches(const char *pattern, const char *type)
{
    gsize major = strcspn(type, "/");
    if (g_ascii_strcasecmp(pattern, type) == 0)
        return TRUE;
    return g_ascii_strncasecmp(pattern, type, major) == 0 &&
           (pattern[major] == '\0' || g_str_equal(pattern + major, "/*"));
}

static char *expand(const char *template, const char *type, const char *path)
{
    g_autoptr(GString) out = g_string_new(NULL);
    gboolean named = FALSE;
    for (const char *p = template; *p; p++) {
        if (*p != '%' || !p[1]) {
            g_string_append_c(out, *p);
            continue;
        }
        p++;
        if (*p == 's') {
            g_string_append(out, path);
            named = TRUE;
        } else if (*p == 't') {
            g_string_append(out, all_plain(type) ? type : "");
        } else if (*p == '%') {
            g_string_append_c(out, '%');
        } else if (*p == '{') { /* a parameter of the sender's: never */
            p += strcspn(p, "}");
            if (!*p)
                break;
        }
    }
    if (!named)
        g_string_append_printf(out, " <%s", path);
    return g_string_free(g_steal_pointer(&out), FALSE);
}

typedef struct {
    const char *type, *path;
    gboolean (*test)(const char *command, gpointer data);
    gpointer data;
} Wanted;

static gboolean take_entry(const char *line, const Wanted *w, MailcapEntry *found)
{
    const char *at = line;
    g_autofree char *type = take_field(&at);
    if (*type == '#' || !*type || !type_matches(type, w->type))
        return FALSE;
    g_autofree char *command = take_field(&at);
    if (!command || !*command)
        return FALSE;
    MailcapEntry e = {0};
    char *flag;
    gboolean passes = TRUE;
    while (passes && (flag = take_field(&at))) {
        e.on_terminal = e.on_terminal || g_ascii_strcasecmp(flag, "needsterminal") == 0;
        e.copious = e.copious || g_ascii_strcasecmp(flag, "copiousoutput") == 0;
        if (g_ascii_strncasecmp(flag, "test=", 5) == 0) {
            g_autofree char *test = expand(flag + 5, w->type, w->path);
            passes = w->test(test, w->data);
        }
        g_free(flag);
    }
    if (!passes)
        return FALSE;
    e.command = expand(command, w->type, w->path);
    *found = e;
    return TRUE;
}

gboolean mailcap_find(const char *text, const char *type, const char *path,
                      gboolean (*test)(const char *command, gpointer data), gpointer data, MailcapEntry *found)
{
    Wanted w = {type, path, test, data};
    g_autoptr(GString) line = g_string_new(NULL);
    if (!all_plain(path))
        return FALSE;
    for (const char *p = text; *p;) {
        gsize n = strcspn(p, "\n");
        gboolean goes_on = n > 0 && p[n - 1] == '\\' && p[n];
        g_string_append_len(line, p, (gssize)(goes_on ? n - 1 : n));
        p += n + (p[n] != '\0');
        if (goes_on)
            continue;
        if (take_entry(line->str, &w, found))
            return TRUE;
        g_string_truncate(line, 0);
    }
    return FALSE;
}

char *mailcap_read(void)
{
    const char *given = g_getenv("MAILCAPS");
    g_autofree char *usual = g_build_filename(g_get_home_dir(), ".mailcap:/etc/mailcap", NULL);
    g_auto(GStrv) paths = g_strsplit(given && *given ? given : usual, ":", 20);
    g_autoptr(GString) all = g_string_new(NULL);
    for (gsize i = 0; paths[i]; i++) {
        g_autoptr(GBytes) bytes = *paths[i] ? file_read(paths[i], FILE_MAX, NULL) : NULL;
        gsize len = 0;
        const char *text = bytes ? g_bytes_get_data(bytes, &len) : "";
        g_string_append_len(all, text, (gssize)strnlen(text, len));
        g_string_append_c(all, '\n');
    }
    return g_string_free(g_steal_pointer(&all), FALSE);
}
