/* option.c - the table of options, and their values.
 *
 * One row an option: its name, type, default as written in the rc, and help. The help
 * overlay, completion, pintailrc(5) and the test of config.example read this table. */
#include <string.h>
#include "conf_private.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"

static const char *const delete_modes[] = {"trash", "mark", NULL};
static const char *const forward_modes[] = {"inline", "attached", NULL};
static const char *const key_sets[] = {"mutt", "vi", NULL};
static const char *const folder_views[] = {"all", "unread", "pinned", "subscribed", NULL};
static const char *const folder_sorts[] = {"usual", "name", "unread", NULL};
static const char *const sidebar_modes[] = {"auto", "always", "never", NULL};
static const char *const sort_keys[] = {"date", "arrival", "from", "subject", "size", NULL};

static const Option options[] = {
    {"beep", OPTION_BOOL, "off", NULL, N_("ring the terminal's bell when new mail arrives")},
    {"cache-size", OPTION_SIZE, "500M", NULL,
     N_("disk space for cached bodies of IMAP mail; the least recently read go first")},
    {"copy-command", OPTION_STRING, "", NULL,
     N_("program that gets copied text when the terminal has no clipboard of its own, e.g. wl-copy")},
    {"delete-mode", OPTION_CHOICE, "trash", delete_modes,
     N_("what deleting does: move to the Trash folder, or only mark (purge with $)")},
    {"editor", OPTION_STRING, "", NULL, N_("editor for messages; empty: $VISUAL, $EDITOR, or the built-in one")},
    {"folder-sort", OPTION_CHOICE, "usual", folder_sorts,
     N_("order of the folders: usual (INBOX, Drafts, Sent... first), name, or unread (most first)")},
    {"folder-view", OPTION_CHOICE, "all", folder_views,
     N_("which folders are listed: all, those with unread mail, the pinned, or the subscribed ones")},
    {"forward", OPTION_CHOICE, "inline", forward_modes,
     N_("how a message is forwarded: its text, or the whole message attached")},
    {"ham-command", OPTION_STRING, "", NULL,
     N_("program that learns from a message that is not junk, on its standard input; for POP3 and local mail")},
    {"html-filter", OPTION_STRING, "", NULL,
     N_("program that makes text of HTML, from its standard input; empty: Pintail itself")},
    {"index-format", OPTION_STRING, "%Z %-17F %s %D", NULL,
     N_("columns of the list: %Z marks, %D date, %F %n %a %t people, %s subject, %c size, %C number, %M hidden")},
    {"junk-command", OPTION_STRING, "", NULL,
     N_("program that learns from junk, on its standard input; for POP3 and local mail, e.g. sa-learn --spam")},
    {"keys", OPTION_CHOICE, "mutt", key_sets, N_("default key set")},
    {"mark-seen", OPTION_STRING, "open", NULL,
     N_("when a message counts as read: open, after a time such as 2s, or never")},
    {"mouse", OPTION_BOOL, "on", NULL, N_("use the mouse")},
    {"prefer-html", OPTION_BOOL, "off", NULL, N_("show the HTML alternative of a message rather than the plain one")},
    {"print-command", OPTION_STRING, "", NULL, N_("program that gets the text of a message to print, e.g. lpr")},
    {"send-delay", OPTION_SECONDS, "0s", NULL,
     N_("how long a message waits after y, so that u can take it back")},
    {"sidebar", OPTION_CHOICE, "auto", sidebar_modes,
     N_("folder pane: auto (folds away below 80 columns), always, or never")},
    {"sidebar-width", OPTION_NUMBER, "0", NULL, N_("columns of the folder pane; 0 fits it to the screen")},
    {"sort", OPTION_CHOICE, "date", sort_keys, N_("order of the message list")},
    {"sort-reverse", OPTION_BOOL, "on", NULL, N_("newest (or last) first")},
    {"threads", OPTION_BOOL, "off", NULL,
     N_("show messages by conversation, that with the newest message first")},
};

const Option *conf_options(guint *count)
{
    *count = G_N_ELEMENTS(options);
    return options;
}

const Option *option_find(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(options); i++)
        if (g_str_equal(options[i].name, name))
            return &options[i];
    return NULL;
}

void option_unknown(GError **err, const char *name)
{
    const char *names[G_N_ELEMENTS(options) + 1] = {NULL};
    for (gsize i = 0; i < G_N_ELEMENTS(options); i++)
        names[i] = options[i].name;
    error_unknown(err, _("unknown option"), name, names);
}

struct OptionValues {
    char *text[G_N_ELEMENTS(options)]; /* as written; NULL: the default */
};

OptionValues *option_values_new(void)
{
    return g_new0(OptionValues, 1);
}

void option_values_free(OptionValues *v)
{
    for (gsize i = 0; v && i < G_N_ELEMENTS(options); i++)
        g_free(v->text[i]);
    g_free(v);
}

/* What `value` should have been, or NULL when it is fine. Translated. */
static const char *expected_form(const Option *o, const char *value)
{
    gboolean flag;
    gint64 number;
    switch (o->type) {
    case OPTION_BOOL:
        return value_bool(value, &flag) ? NULL : _("on or off");
    case OPTION_NUMBER:
        return value_number(value, &number) ? NULL : _("a number");
    case OPTION_SECONDS:
        return value_seconds(value, &number) ? NULL : _("a time such as 30s, 5m or 2h");
    case OPTION_SIZE:
        return value_size(value, &number) ? NULL : _("a size such as 500K, 5M or 1G");
    case OPTION_STRING:
        if (g_str_equal(o->name, "mark-seen") && !g_str_equal(value, "open") && !g_str_equal(value, "never") &&
            !value_seconds(value, &number))
            return _("open, never, or a time such as 2s");
        return NULL;
    case OPTION_CHOICE:
        return NULL; /* reported with the nearest choice */
    }
    return NULL;
}

static gboolean check_value(const Option *o, const char *value, GError **err)
{
    if (o->type == OPTION_CHOICE && !g_strv_contains(o->choices, value)) {
        g_autofree char *all = g_strjoinv(", ", (char **)o->choices);
        g_autofree char *message = g_strdup_printf(_("%s is one of %s, not"), o->name, all);
        error_unknown(err, message, value, o->choices);
        return FALSE;
    }
    const char *expected = expected_form(o, value);
    if (expected)
        error_set(err, PINTAIL_ERROR_INVALID, _("%s wants %s, not \"%s\""), o->name, expected, value);
    return expected == NULL;
}

gboolean option_set(OptionValues *v, const char *name, const char *value, GError **err)
{
    const Option *o = option_find(name);
    if (!o) {
        option_unknown(err, name);
        return FALSE;
    }
    if (!value)
        value = o->value;
    if (!check_value(o, value, err))
        return FALSE;
    char **slot = &v->text[o - options];
    g_free(*slot);
    *slot = g_strdup(value);
    return TRUE;
}

const char *option_text(const OptionValues *v, const char *name)
{
    const Option *o = option_find(name);
    if (!o)
        g_error("no option is called '%s'", name);
    const char *text = v->text[o - options];
    return text ? text : o->value;
}
