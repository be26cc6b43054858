/* man-tables.c - fills the tables of pintailrc(5) from the program's own: reads the
 * template on standard input, replaces @ACCOUNT@, @OPTIONS@ and @COMMANDS@. Build time only. */
#include <stdio.h>
#include <string.h>
#include "pintail/conf/conf.h"
#include "pintail/ui/ui.h"

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

static void entry(const char *name, const char *argument, const char *help, const char *extra)
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
    putchar('\n');
    if (extra && *extra) {
        roff(extra);
        putchar('\n');
    }
}

static void account_settings(void)
{
    guint n = 0;
    const AccountSetting *settings = conf_account_settings(&n);
    for (guint i = 0; i < n; i++)
        entry(settings[i].name, settings[i].argument, settings[i].help, NULL);
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
        entry(table[i].name, choices, table[i].help, extra);
    }
}

static void commands(void)
{
    g_autofree char *text = ui_commands_text();
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        g_auto(GStrv) fields = g_strsplit(*line, "\t", 3);
        if (g_strv_length(fields) != 3)
            continue;
        g_autofree char *keys = *fields[1] ? g_strdup_printf("Keys: %s", fields[1]) : NULL;
        entry(fields[0], NULL, fields[2], keys);
    }
}

int main(void)
{
    char line[4096];
    while (fgets(line, sizeof line, stdin)) {
        if (g_str_equal(line, "@ACCOUNT@\n"))
            account_settings();
        else if (g_str_equal(line, "@OPTIONS@\n"))
            options();
        else if (g_str_equal(line, "@COMMANDS@\n"))
            commands();
        else
            fputs(line, stdout);
    }
    return ferror(stdin) || fflush(stdout) ? 1 : 0;
}
