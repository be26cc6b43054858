/* man-tables.c - fills the tables of pintailrc(5) from the program's own: reads the template on
 * standard input and replaces the lines @ACCOUNT@, @OPTIONS@, @COMMANDS@, @CONTEXTS@ and @ELEMENTS@.
 * Build time only; the manual is in English. */
#include <stdio.h>
#include <string.h>
#include "command.h"
#include "keymap.h"
#include "pintail/conf/conf.h"

/* As roff text: backslash, hyphen, and a leading dot or quote. */
static void roff(const char *text)
{
    if (*text == '.' || *text == '\'')
        fputs("\\&", stdout);
    for (; *text; text++) {
        if (*text == '\\')
            fputs("\\e", stdout);
        else if (*text == '-')
            fputs("\\-", stdout);
        else
            putchar(*text);
    }
}

/* One entry: `extra` are sentences of their own, NULL-terminated; "" and NULL ones are left out. */
static void entry(const char *name, const char *argument, const char *help, const char *const *extra, gsize n)
{
    fputs(".TP\n\\fB", stdout);
    roff(name);
    fputs("\\fR", stdout);
    if (argument && *argument) {
        fputs(" \\fI", stdout);
        roff(argument);
        fputs("\\fR", stdout);
    }
    putchar('\n');
    roff(help);
    puts(".");
    for (gsize i = 0; i < n; i++) {
        if (!extra[i] || !*extra[i])
            continue;
        puts(".br");
        roff(extra[i]);
        putchar('\n');
    }
}

static void account_settings(void)
{
    guint n = 0;
    const AccountSetting *settings = conf_account_settings(&n);
    for (guint i = 0; i < n; i++)
        entry(settings[i].name, settings[i].argument, settings[i].help, NULL, 0);
}

static void options(void)
{
    static const char *const types[] = {"on|off", "NUMBER", "TEXT", NULL, "DURATION", "SIZE"};
    guint n = 0;
    const Option *table = conf_options(&n);
    for (guint i = 0; i < n; i++) {
        g_autofree char *choices =
            table[i].choices ? g_strjoinv("|", (char **)table[i].choices) : g_strdup(types[table[i].type]);
        g_autofree char *extra = *table[i].value ? g_strdup_printf("Default: %s", table[i].value) : NULL;
        entry(table[i].name, choices, table[i].help, (const char *[]){extra}, 1);
    }
}

static void commands_of_the_screen(void)
{
    static const char *const sets[] = {"mutt", "vi"};
    Keymap *keymaps[G_N_ELEMENTS(sets)];
    for (gsize s = 0; s < G_N_ELEMENTS(sets); s++) {
        g_autofree char *problem = NULL;
        g_autoptr(Conf) defaults = defaults_conf(sets[s], &problem);
        if (!defaults)
            g_error("%s", problem);
        keymaps[s] = keymap_new(defaults);
    }
    guint n;
    const Command *all = commands(&n);
    for (guint i = 0; i < n; i++) {
        g_autofree char *mutt = keymap_names(keymaps[0], all[i].name);
        g_autofree char *vi = keymap_names(keymaps[1], all[i].name);
        gboolean same = g_str_equal(mutt, vi);
        g_autofree char *where = g_strdup_printf("Contexts: %s", all[i].contexts);
        g_autofree char *keys = !*mutt ? NULL : g_strdup_printf(same ? "Keys: %s" : "Keys: %s (set keys mutt)", mutt);
        g_autofree char *vi_keys = same || !*vi ? NULL : g_strdup_printf("Keys: %s (set keys vi)", vi);
        entry(all[i].name, all[i].arguments, all[i].help, (const char *[]){where, keys, vi_keys}, 3);
    }
    for (gsize s = 0; s < G_N_ELEMENTS(sets); s++)
        keymap_free(keymaps[s]);
}

static void contexts(void)
{
    for (const char *const *name = command_contexts(); *name; name++) {
        const char *parent = context_parent(*name);
        g_autofree char *falls = parent ? g_strdup_printf("Keys it has none for are those of %s", parent) : NULL;
        entry(*name, NULL, context_title(*name), (const char *[]){falls}, 1);
    }
}

static void elements(void)
{
    g_autofree char *all = g_strjoinv(", ", (char **)default_elements());
    roff(all);
    puts(".");
}

int main(void)
{
    static const struct {
        const char *name;
        void (*print)(void);
    } tables[] = {{"@ACCOUNT@\n", account_settings},
                  {"@OPTIONS@\n", options},
                  {"@COMMANDS@\n", commands_of_the_screen},
                  {"@CONTEXTS@\n", contexts},
                  {"@ELEMENTS@\n", elements}};
    char line[4096];
    while (fgets(line, sizeof line, stdin)) {
        gsize i = 0;
        while (i < G_N_ELEMENTS(tables) && !g_str_equal(line, tables[i].name))
            i++;
        if (i < G_N_ELEMENTS(tables))
            tables[i].print();
        else
            fputs(line, stdout);
    }
    return ferror(stdin) || fflush(stdout) ? 1 : 0;
}
