/* The tables of commands, keys and colours, and what hints say about them. */
#include <string.h>
#include "command.h"
#include "keymap.h"
#include "pintail/ui/ui.h"

static const char *const sets[] = {"mutt", "vi"};

static gboolean is_context(const char *name)
{
    return g_strv_contains(command_contexts(), name);
}

static void every_default_line_is_understood(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(sets); i++) {
        g_autofree char *problem = NULL;
        g_autoptr(Conf) c = defaults_conf(sets[i], &problem);
        g_assert_cmpstr(problem, ==, NULL);
        g_assert_nonnull(c);
        /* and by the checks that the person's own lines go through */
        ui_register(c);
        for (const char *const *line = default_bindings(sets[i]); *line; line++) {
            g_autoptr(GError) err = NULL;
            (void)conf_execute(c, *line, &err);
            g_assert_no_error(err);
        }
        for (const char *const *line = default_colors(); *line; line++) {
            g_autoptr(GError) err = NULL;
            (void)conf_execute(c, *line, &err);
            g_assert_no_error(err);
        }
    }
}

static void no_key_is_bound_twice(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(sets); i++) {
        g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        guint lines = 0;
        for (const char *const *line = default_bindings(sets[i]); *line; line++, lines++) {
            g_auto(GStrv) words = conf_words(*line, NULL);
            g_assert_nonnull(words);
            g_assert_cmpuint(g_strv_length(words), >=, 4);
            Key k;
            g_assert_true(key_parse(words[2], &k, NULL));
            g_assert_true(is_context(words[1]));
            g_autofree char *name = key_to_name(&k);
            char *id = g_strdup_printf("%s %s", words[1], name);
            if (!g_hash_table_add(seen, id))
                g_error("%s: bound twice in set %s", *line, sets[i]);
        }
        g_assert_cmpuint(lines, >, 50);
    }
}

/* A bound command exists, and means something where it is bound. */
static void every_binding_does_something(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(sets); i++) {
        for (const char *const *line = default_bindings(sets[i]); *line; line++) {
            g_auto(GStrv) words = conf_words(*line, NULL);
            g_autofree char *bound = g_strjoinv(" ", words + 3);
            g_auto(GStrv) command = conf_words(bound, NULL);
            const Command *c = command_find(command[0]);
            if (!c)
                g_error("%s: no such command", *line);
            if (g_str_equal(words[1], "all"))
                g_assert_cmpstr(c->contexts, ==, c->contexts);
            else {
                gboolean found = FALSE;
                for (const char *context = words[1]; context; context = context_parent(context))
                    found = found || command_in_context(c, context);
                if (!found && g_str_equal(words[1], "list")) /* the viewer inherits these */
                    found = command_in_context(c, "viewer");
                if (!found)
                    g_error("%s: means nothing there", *line);
            }
        }
    }
}

static void every_command_is_complete(void)
{
    guint n;
    const Command *all = commands(&n);
    for (guint i = 0; i < n; i++) {
        g_assert_nonnull(all[i].name);
        g_assert_nonnull(all[i].help);
        g_assert_cmpuint(strlen(all[i].help), >, 3);
        g_assert_cmpuint(strlen(all[i].help), <, 90);
        g_assert_true(command_find(all[i].name) == &all[i]); /* names are unique */
        g_auto(GStrv) contexts = g_strsplit(all[i].contexts, " ", -1);
        for (char **c = contexts; *c; c++)
            if (!is_context(*c))
                g_error("%s: no such context '%s'", all[i].name, *c);
    }
}

/* What a person who comes from mutt, or reads the hints, presses. */
static void promised_keys(void)
{
    static const struct {
        const char *context, *key, *line;
    } cases[] = {
        {"list", "d", "delete"}, {"viewer", "d", "delete"}, {"list", "D", "delete-pattern"},
        {"list", "s", "move"}, {"list", "C", "copy"}, {"list", "A", "archive"}, {"list", "X", "junk"},
        {"list", "F", "flag"}, {"list", "N", "toggle-new"}, {"list", "t", "tag"},
        {"list", "T", "tag-pattern"}, {"viewer", "T", "toggle-quotes"}, {"list", ";", "tagged"},
        {"list", "l", "limit"}, {"list", "/", "search"}, {"list", "n", "search-next"},
        {"list", "alt-n", "search-previous"}, {"list", "o", "sort"}, {"list", "$", "purge"},
        {"list", "tab", "next-unread"}, {"list", "enter", "open"}, {"list", "space", "open"},
        {"viewer", "space", "read-on"}, {"viewer", "-", "page-up"}, {"viewer", "j", "next-message"},
        {"viewer", "down", "down"}, {"list", "j", "down"}, {"folders", "q", "quit"}, {"list", "x", "exit"},
        {"list", "u", "undo"}, {"list", "G", "get-mail"}, {"list", "y", "go"}, {"list", "alt-3", "account 3"},
        {"list", "{", "previous-folder"}, {"list", "}", "next-folder"}, {"list", "c", "change-folder"},
        {"list", "!", "shell"}, {"list", "|", "pipe"}, {"list", "h", "headers"}, {"list", "\\", "zoom"},
        {"list", "?", "help"}, {"form", "f1", "help"}, {"compose", ":", "command-line"},
        {"list", "ctrl-l", "redraw"}, {"list", "ctrl-y", "clipboard"}, {"list", "esc", "cancel"},
        {"list", "r", "reply"}, {"list", "g", "reply-all"}, {"list", "L", "reply-list"},
        {"list", "f", "forward"}, {"list", "m", "write"}, {"list", "R", "resume"}, {"list", "O", "problems"},
        {"list", "e", "edit-as-new"}, {"list", "v", "parts"}, {"list", "U", "links"},
        {"compose", "y", "send"}, {"compose", "e", "edit"}, {"compose", "E", "edit-headers"},
        {"compose", "a", "attach"}, {"compose", "D", "detach"}, {"compose", "P", "postpone"},
        {"list", "5", "type \"jump 5\""},
    };
    g_autoptr(Conf) conf = conf_new();
    Keymap *k = keymap_new(conf);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        Key key;
        g_assert_true(key_parse(cases[i].key, &key, NULL));
        const char *line = keymap_lookup(k, cases[i].context, &key);
        if (g_strcmp0(line, cases[i].line) != 0)
            g_error("%s in %s: %s, not %s", cases[i].key, cases[i].context, line, cases[i].line);
    }
    keymap_free(k);
}

/* Nothing that loses mail hangs on a key that begins with Esc. */
static void esc_never_begins_a_loss(void)
{
    static const char *const losing[] = {"delete", "delete-pattern", "purge", "move", "junk", "exit", "send"};
    for (gsize i = 0; i < G_N_ELEMENTS(sets); i++) {
        g_autoptr(Conf) c = defaults_conf(sets[i], NULL);
        const GPtrArray *bindings = conf_bindings(c);
        for (guint n = 0; n < bindings->len; n++) {
            const Binding *b = bindings->pdata[n];
            Key k;
            g_assert_true(key_parse(b->key, &k, NULL));
            for (gsize l = 0; l < G_N_ELEMENTS(losing); l++)
                g_assert_false((k.mods & KEY_MOD_ALT) && g_str_equal(b->command, losing[l]));
        }
    }
}

static const char *at(const Keymap *k, const char *context, const char *name)
{
    Key key;
    g_assert_true(key_parse(name, &key, NULL));
    return keymap_lookup(k, context, &key);
}

static void own_bindings_win(void)
{
    g_autoptr(Conf) conf = conf_new();
    g_autoptr(GError) err = NULL;
    ui_register(conf);
    g_assert_true(conf_execute(conf, "bind list d archive", &err));
    g_assert_true(conf_execute(conf, "bind viewer z delete", &err));
    g_assert_true(conf_execute(conf, "set keys vi", &err)); /* after them, and still below them */
    Keymap *k = keymap_new(conf);
    g_assert_cmpstr(at(k, "list", "d"), ==, "archive");
    g_assert_cmpstr(at(k, "viewer", "d"), ==, "archive"); /* inherited */
    g_assert_cmpstr(at(k, "viewer", "z"), ==, "delete");
    g_assert_cmpstr(at(k, "list", "G"), ==, "last");
    g_autofree char *label = keymap_label(k, "viewer", "delete");
    g_assert_cmpstr(label, ==, "z");
    keymap_free(k);
}

static void labels_are_what_keys_mean_here(void)
{
    g_autoptr(Conf) conf = conf_new();
    Keymap *k = keymap_new(conf);
    g_autofree char *quotes = keymap_label(k, "viewer", "toggle-quotes");
    g_autofree char *tag_in_list = keymap_label(k, "list", "tag-pattern");
    g_autofree char *tag_in_viewer = keymap_label(k, "viewer", "tag-pattern"); /* T is quotes there */
    g_autofree char *delete = keymap_label(k, "list", "delete");
    g_autofree char *quit = keymap_label(k, "list", "quit");
    g_autofree char *none = keymap_label(k, "list", "no-such-command");
    g_assert_cmpstr(quotes, ==, "T");
    g_assert_cmpstr(tag_in_list, ==, "T");
    g_assert_cmpstr(tag_in_viewer, ==, NULL);
    g_assert_cmpstr(delete, ==, "d");
    g_assert_cmpstr(quit, ==, "q");
    g_assert_null(none);
    keymap_free(k);
}

static void every_element_has_a_good_style(void)
{
    for (const char *const *line = default_colors(); *line; line++) {
        g_auto(GStrv) words = conf_words(*line, NULL);
        g_assert_cmpuint(g_strv_length(words), ==, 3);
        g_autofree char *problem = style_problem(words[2]);
        g_assert_cmpstr(problem, ==, NULL);
    }
}

static void mistakes_name_the_nearest_word(void)
{
    static const struct {
        const char *line, *hint;
    } cases[] = {
        {"bind list d delet", "delete"}, {"bind lst d delete", "list"}, {"color list.unred bold", "list.unread"},
        {"bind list ctrl-é delete", "ctrl-"}, {"color list purpel", "purpel"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Conf) conf = conf_new();
        g_autoptr(GError) err = NULL;
        ui_register(conf);
        g_assert_false(conf_execute(conf, cases[i].line, &err));
        g_assert_nonnull(err);
        g_assert_nonnull(strstr(err->message, cases[i].hint));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ui/keys/defaults", every_default_line_is_understood);
    g_test_add_func("/ui/keys/once", no_key_is_bound_twice);
    g_test_add_func("/ui/keys/commands-exist", every_binding_does_something);
    g_test_add_func("/ui/keys/promised", promised_keys);
    g_test_add_func("/ui/keys/esc", esc_never_begins_a_loss);
    g_test_add_func("/ui/keys/own", own_bindings_win);
    g_test_add_func("/ui/keys/labels", labels_are_what_keys_mean_here);
    g_test_add_func("/ui/commands/complete", every_command_is_complete);
    g_test_add_func("/ui/colors", every_element_has_a_good_style);
    g_test_add_func("/ui/mistakes", mistakes_name_the_nearest_word);
    return g_test_run();
}
