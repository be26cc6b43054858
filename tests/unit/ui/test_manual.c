/* The manual and config.example against the program's tables: what one has, the other has. Run from
 * the top of the source tree, as make does. */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include "command.h"
#include "keymap.h"
#include "pintail/ui/ui.h"

static char *pintailrc_5; /* as it was built beside this test */

static char *read_file(const char *path)
{
    char *text = NULL;
    g_autoptr(GError) err = NULL;
    (void)g_file_get_contents(path, &text, NULL, &err);
    g_assert_no_error(err);
    return text;
}

/* From one heading to the next. */
static char *section(const char *text, const char *title)
{
    g_autofree char *heading = g_strdup_printf("\n.SH %s\n", title);
    const char *from = strstr(text, heading);
    if (!from)
        g_error("pintailrc(5) has no section %s", title);
    const char *to = strstr(from + 1, "\n.SH ");
    return to ? g_strndup(from, (gsize)(to - from)) : g_strdup(from);
}

static char *escaped(const char *name)
{
    g_auto(GStrv) pieces = g_strsplit(name, "-", -1);
    return g_strjoinv("\\-", pieces);
}

static guint count_entries(const char *text)
{
    guint n = 0;
    for (const char *at = text; (at = strstr(at, ".TP\n\\fB")); at++)
        n++;
    return n;
}

static void has_entry(const char *text, const char *name)
{
    g_autofree char *written = escaped(name);
    g_autofree char *entry = g_strdup_printf(".TP\n\\fB%s\\fR", written);
    if (!strstr(text, entry))
        g_error("pintailrc(5) does not describe %s", name);
}

static void the_manual_has_every_option(void)
{
    g_autofree char *manual = read_file(pintailrc_5);
    g_autofree char *text = section(manual, "OPTIONS");
    guint n;
    const Option *options = conf_options(&n);
    for (guint i = 0; i < n; i++)
        has_entry(text, options[i].name);
    g_assert_cmpuint(count_entries(text), ==, n);
}

static void the_manual_has_every_account_setting(void)
{
    g_autofree char *manual = read_file(pintailrc_5);
    g_autofree char *text = section(manual, "ACCOUNT SETTINGS");
    guint n;
    const AccountSetting *settings = conf_account_settings(&n);
    for (guint i = 0; i < n; i++)
        has_entry(text, settings[i].name);
    g_assert_cmpuint(count_entries(text), ==, n);
}

static void the_manual_has_every_command_and_context(void)
{
    g_autofree char *manual = read_file(pintailrc_5);
    g_autofree char *text = section(manual, "KEYS AND COMMANDS OF THE SCREEN");
    g_autofree char *contexts = section(manual, "CONTEXTS");
    guint n;
    const Command *all = commands(&n);
    for (guint i = 0; i < n; i++)
        has_entry(text, all[i].name);
    g_assert_cmpuint(count_entries(text), ==, n);
    for (const char *const *name = command_contexts(); *name; name++)
        has_entry(contexts, *name);
}

static void the_manual_has_every_element(void)
{
    g_autofree char *manual = read_file(pintailrc_5);
    g_autofree char *text = section(manual, "COMMANDS");
    for (const char *const *name = default_elements(); *name; name++) {
        g_autofree char *written = escaped(*name);
        g_autofree char *first = g_strdup_printf("\n%s, ", written);
        g_autofree char *between = g_strdup_printf(", %s", written);
        if (!strstr(text, first) && !strstr(text, between))
            g_error("pintailrc(5) does not name the element %s", *name);
    }
}

/* The commands that configure are described, each by an entry of its own or within one. */
static void the_manual_has_the_configuring_commands(void)
{
    static const char *const names[] = {"set", "unset", "toggle", "bind", "unbind", "color", "alias", "source", "account", "headers", "filter"};
    g_autofree char *manual = read_file(pintailrc_5);
    g_autofree char *text = section(manual, "COMMANDS");
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *entry = g_strdup_printf("\n.BI %s \"", names[i]);
        if (!strstr(text, entry))
            g_error("pintailrc(5) does not describe %s", names[i]);
    }
}

/* With every setting switched on, and checked as the program checks a person's own file. */
static void the_example_has_no_mistake(void)
{
    g_autofree char *text = read_file("config.example");
    g_autofree char *directory = g_dir_make_tmp("pintail-example-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "rc", NULL);
    g_autofree char *colors = g_build_filename(directory, "colors", NULL);
    g_autoptr(GString) on = g_string_new(NULL);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        gboolean setting = **line == '#' && (g_ascii_islower((*line)[1]) || g_str_has_prefix(*line + 1, "    "));
        g_string_append_printf(on, "%s\n", *line + (setting ? 1 : 0));
    }
    g_assert_true(g_file_set_contents(path, on->str, -1, NULL));
    g_assert_true(g_file_set_contents(colors, "color list normal\n", -1, NULL));
    g_assert_cmpint(chmod(path, 0600), ==, 0);

    g_autoptr(Conf) conf = conf_new();
    g_autoptr(GError) err = NULL;
    ui_register(conf);
    (void)conf_load(conf, path, &err);
    g_assert_no_error(err);
    const GPtrArray *mistakes = conf_mistakes(conf);
    if (mistakes->len)
        g_error("%s", (const char *)mistakes->pdata[0]);
    g_assert_cmpuint(conf_accounts(conf)->len, >, 0);
    g_remove(path);
    g_remove(colors);
    g_rmdir(directory);
}

static void mandoc_has_nothing_to_say(void)
{
    const char *const pages[] = {"man/pintail.1", pintailrc_5};
    g_autofree char *mandoc = g_find_program_in_path("mandoc");
    if (!mandoc) {
        g_test_skip("mandoc is not installed");
        return;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(pages); i++) {
        char *argv[] = {mandoc, (char *)"-Tlint", (char *)"-Wwarning", (char *)pages[i], NULL};
        g_autofree char *said = NULL;
        g_autoptr(GError) err = NULL;
        (void)g_spawn_sync(NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &said, NULL, NULL, &err);
        g_assert_no_error(err);
        g_assert_cmpstr(said, ==, "");
    }
}

int main(int argc, char **argv)
{
    g_autofree char *directory = g_path_get_dirname(argv[0]);
    pintailrc_5 = g_build_filename(directory, "..", "..", "man", "pintailrc.5", NULL);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/manual/options", the_manual_has_every_option);
    g_test_add_func("/manual/account-settings", the_manual_has_every_account_setting);
    g_test_add_func("/manual/commands", the_manual_has_every_command_and_context);
    g_test_add_func("/manual/elements", the_manual_has_every_element);
    g_test_add_func("/manual/configuring", the_manual_has_the_configuring_commands);
    g_test_add_func("/manual/example", the_example_has_no_mistake);
    g_test_add_func("/manual/mandoc", mandoc_has_nothing_to_say);
    int status = g_test_run();
    g_free(pintailrc_5);
    return status;
}
