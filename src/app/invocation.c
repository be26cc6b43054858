/* invocation.c - the command line, read by hand because two commands use the
 * letters of mutt (`send -c ADDRESS`) beside our own (`-c FILE`). */
#include <string.h>
#include "app.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"

typedef struct {
    char **next; /* the word after the current one */
    GError **err;
} Words;

/* The value of an option: the rest of the word (`-sX`, `--format=X`) or the next word. */
static char *option_value(Words *w, const char *word, const char *name)
{
    gsize len = strlen(name);
    if (g_str_has_prefix(name, "--") && word[len] == '=')
        return g_strdup(word + len + 1);
    if (!g_str_has_prefix(name, "--") && word[len] != '\0')
        return g_strdup(word + len);
    if (!*w->next) {
        error_set(w->err, PINTAIL_ERROR_INVALID, _("option '%s' needs a value"), name);
        return NULL;
    }
    return g_strdup(*w->next++);
}

static gboolean is_option(const char *word, const char *name)
{
    if (!g_str_has_prefix(word, name))
        return FALSE;
    if (g_str_has_prefix(name, "--"))
        return word[strlen(name)] == '\0' || word[strlen(name)] == '=';
    return TRUE;
}

static gboolean take_text(Words *w, const char *word, const char *name, char **into)
{
    char *value = option_value(w, word, name);
    if (!value)
        return FALSE;
    g_free(*into);
    *into = value;
    return TRUE;
}

static gboolean take_item(Words *w, const char *word, const char *name, GPtrArray *into)
{
    char *value = option_value(w, word, name);
    if (!value)
        return FALSE;
    g_ptr_array_add(into, value);
    return TRUE;
}

static gboolean unknown(Words *w, const char *word)
{
    error_set(w->err, PINTAIL_ERROR_INVALID, _("unknown option '%s'"), word);
    return FALSE;
}

static gboolean global_option(Invocation *i, Words *w, const char *word)
{
    if (g_str_equal(word, "--help") || g_str_equal(word, "-h"))
        i->mode = MODE_HELP;
    else if (g_str_equal(word, "--version"))
        i->mode = MODE_VERSION;
    else if (g_str_equal(word, "--check-config"))
        i->mode = MODE_CHECK_CONFIG;
    else if (g_str_equal(word, "-R"))
        i->read_only = TRUE;
    else if (is_option(word, "--account"))
        return take_text(w, word, "--account", &i->account);
    else if (g_str_has_prefix(word, "--"))
        return unknown(w, word);
    else if (is_option(word, "-c"))
        return take_text(w, word, "-c", &i->config);
    else if (is_option(word, "-d"))
        return take_text(w, word, "-d", &i->debug_log);
    else if (is_option(word, "-f"))
        return take_text(w, word, "-f", &i->path);
    else
        return unknown(w, word);
    return TRUE;
}

static gboolean show_option(Invocation *i, Words *w, const char *word)
{
    guint64 width;
    if (g_str_equal(word, "--json"))
        return i->json = TRUE;
    if (g_str_equal(word, "--raw"))
        return i->raw = TRUE;
    if (g_str_equal(word, "--headers"))
        return i->headers = TRUE;
    if (is_option(word, "--part"))
        return take_text(w, word, "--part", &i->part);
    if (!is_option(word, "--width"))
        return unknown(w, word);
    g_autofree char *value = option_value(w, word, "--width");
    if (!value)
        return FALSE;
    if (!g_ascii_string_to_unsigned(value, 10, 20, 1000, &width, NULL)) {
        error_set(w->err, PINTAIL_ERROR_INVALID, _("--width is a number from 20 to 1000, not '%s'"), value);
        return FALSE;
    }
    i->width = (guint)width;
    return TRUE;
}

static gboolean command_option(Invocation *i, Words *w, const char *word)
{
    if (g_str_equal(word, "--help"))
        return i->mode = MODE_HELP, TRUE;
    if (is_option(word, "--account"))
        return take_text(w, word, "--account", &i->account);
    if (i->mode == MODE_SEND) {
        if (is_option(word, "-s"))
            return take_text(w, word, "-s", &i->subject);
        if (is_option(word, "-c"))
            return take_item(w, word, "-c", i->cc);
        if (is_option(word, "-b"))
            return take_item(w, word, "-b", i->bcc);
        if (is_option(word, "-a")) {
            if (!take_item(w, word, "-a", i->attach))
                return FALSE;
            /* as in mutt: `-a FILE FILE -- ADDRESS` */
            gboolean ends = FALSE;
            for (char **at = w->next; *at; at++)
                ends = ends || g_str_equal(*at, "--");
            while (ends && *w->next && (*w->next)[0] != '-')
                g_ptr_array_add(i->attach, g_strdup(*w->next++));
            return TRUE;
        }
    }
    if (i->mode == MODE_STATUS && is_option(word, "--format"))
        return take_text(w, word, "--format", &i->format);
    if (i->mode == MODE_EXPORT && g_str_equal(word, "--mbox"))
        return i->mbox = TRUE;
    if (i->mode == MODE_SEARCH && g_str_equal(word, "--json"))
        return i->json = TRUE;
    if (i->mode == MODE_SHOW)
        return show_option(i, w, word);
    return unknown(w, word);
}

static gboolean arguments_fit(const Invocation *i, GError **err)
{
    guint n = i->arguments->len;
    switch (i->mode) {
    case MODE_SEND:
        if (n + i->cc->len + i->bcc->len > 0)
            return TRUE;
        error_set(err, PINTAIL_ERROR_INVALID, _("send: no recipient was given"));
        return FALSE;
    case MODE_IMPORT:
        if (n == 2)
            return TRUE;
        error_set(err, PINTAIL_ERROR_INVALID, _("import needs a path and a folder"));
        return FALSE;
    case MODE_EXPORT:
        if (n >= 2)
            return TRUE;
        error_set(err, PINTAIL_ERROR_INVALID, _("export needs a folder or a pattern, and a path"));
        return FALSE;
    case MODE_SEARCH:
        if (n > 0)
            return TRUE;
        error_set(err, PINTAIL_ERROR_INVALID, _("search needs a pattern"));
        return FALSE;
    case MODE_SHOW:
        if (n == 1)
            return TRUE;
        error_set(err, PINTAIL_ERROR_INVALID, _("show needs a file, the id of a message, or - for standard input"));
        return FALSE;
    default:
        if (n == 0)
            return TRUE;
        error_set(err, PINTAIL_ERROR_INVALID, _("unexpected argument '%s'"),
                  (const char *)i->arguments->pdata[0]);
        return FALSE;
    }
}

static gboolean command_word(Invocation *i, Words *w, const char *word)
{
    static const struct {
        const char *name;
        Mode mode;
    } commands[] = {
        {"send", MODE_SEND},     {"sync", MODE_SYNC},     {"status", MODE_STATUS},
        {"import", MODE_IMPORT}, {"export", MODE_EXPORT},
        {"show", MODE_SHOW},     {"search", MODE_SEARCH},
    };
    if (g_ascii_strncasecmp(word, "mailto:", 7) == 0) {
        g_free(i->mailto);
        i->mailto = g_strdup(word);
        return TRUE;
    }
    for (gsize n = 0; n < G_N_ELEMENTS(commands); n++)
        if (g_str_equal(word, commands[n].name))
            return i->mode = commands[n].mode, TRUE;
    error_set(w->err, PINTAIL_ERROR_INVALID, _("unknown command '%s'"), word);
    return FALSE;
}

gboolean invocation_parse(Invocation *out, int argc, char **argv, GError **err)
{
    out->cc = g_ptr_array_new_with_free_func(g_free);
    out->bcc = g_ptr_array_new_with_free_func(g_free);
    out->attach = g_ptr_array_new_with_free_func(g_free);
    out->arguments = g_ptr_array_new_with_free_func(g_free);

    Words w = {.next = argc > 0 ? argv + 1 : argv, .err = err};
    gboolean options_end = FALSE;
    while (*w.next) {
        const char *word = *w.next++;
        gboolean command = out->mode >= MODE_SEND;
        if (!options_end && g_str_equal(word, "--")) {
            options_end = TRUE;
        } else if (!options_end && word[0] == '-' && word[1] != '\0') {
            if (!(command ? command_option(out, &w, word) : global_option(out, &w, word)))
                return FALSE;
        } else if (command) {
            g_ptr_array_add(out->arguments, g_strdup(word));
        } else if (!command_word(out, &w, word)) {
            return FALSE;
        }
    }
    return arguments_fit(out, err);
}

void invocation_clear(Invocation *i)
{
    g_free(i->config);
    g_free(i->debug_log);
    g_free(i->path);
    g_free(i->mailto);
    g_free(i->account);
    g_free(i->format);
    g_free(i->subject);
    g_free(i->part);
    g_clear_pointer(&i->cc, g_ptr_array_unref);
    g_clear_pointer(&i->bcc, g_ptr_array_unref);
    g_clear_pointer(&i->attach, g_ptr_array_unref);
    g_clear_pointer(&i->arguments, g_ptr_array_unref);
}
