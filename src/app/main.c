/* main.c - the program: reads the command line and runs one mode. */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include "app.h"
#include "pintail/ui/ui.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/log.h"

static void print_help(void)
{
    fputs(_("Usage: pintail [OPTION]... [mailto:URL | COMMAND [ARGUMENT]...]\n"
            "Read, write and keep mail in the terminal.\n\n"
            "Commands:\n"
            "  (none)             open the screen\n"
            "  send [-s SUBJECT] [-c ADDRESS] [-b ADDRESS] [-a FILE]... [--] ADDRESS...\n"
            "                     send standard input as a message\n"
            "  sync               bring all accounts in step once, without a screen\n"
            "  status [--format FORMAT]\n"
            "                     print unread counts (%u INBOX, %U all, %o outbox, %p problems)\n"
            "  import PATH FOLDER\n"
            "                     copy a Maildir or mbox into a folder\n"
            "  export [--mbox] FOLDER|PATTERN PATH\n"
            "                     copy a folder, or what matches, into a new Maildir or mbox\n"
            "  search [--json] PATTERN\n"
            "                     list what matches: id, date, folder, sender, subject\n"
            "  show [--json] [--width N] [--headers] [--raw] [--part N] FILE|ID|-\n"
            "                     print a message as the viewer shows it, or as JSON\n"
            "  mailto:URL         open the screen and write to that address\n\n"
            "Options:\n"
            "  -c FILE            read this configuration instead of the usual one\n"
            "  -R                 read only: change nothing on any server\n"
            "  -f PATH            open a Maildir or mbox\n"
            "  -d FILE            write the dialogue with the servers to FILE, without secrets\n"
            "  --account NAME     the account that a command is about\n"
            "  --check-config     report mistakes in the configuration\n"
            "  --help, --version\n\n"
            "FOLDER is a name in the first account, or ACCOUNT/NAME.\n"
            "Manuals: pintail(1), pintailrc(5)\n"),
          stdout);
}

static int check_config(const Invocation *i)
{
    g_autoptr(Conf) conf = conf_new();
    ui_register(conf);
    g_autofree char *path = i->config ? g_strdup(i->config) : conf_default_path();
    g_autoptr(GError) err = NULL;
    if (!conf_load(conf, path, &err)) {
        fprintf(stderr, "pintail: %s\n", err->message);
        return EX_CONFIG;
    }
    const GPtrArray *mistakes = conf_mistakes(conf);
    for (guint n = 0; n < mistakes->len; n++)
        fprintf(stderr, "%s\n", (const char *)mistakes->pdata[n]);
    return mistakes->len ? EX_CONFIG : EX_OK;
}

static int run(const Invocation *i)
{
    switch (i->mode) {
    case MODE_HELP:
        print_help();
        return EX_OK;
    case MODE_VERSION:
        printf("pintail %s\n", PINTAIL_VERSION);
        return EX_OK;
    case MODE_CHECK_CONFIG:
        return check_config(i);
    case MODE_SEND:
        return run_send(i);
    case MODE_SYNC:
        return run_sync(i);
    case MODE_STATUS:
        return run_status(i);
    case MODE_IMPORT:
    case MODE_EXPORT:
        return run_transfer(i);
    case MODE_SEARCH:
        return run_search(i);
    case MODE_SHOW:
        return run_show(i);
    case MODE_OPEN:
        return run_open(i);
    }
    g_assert_not_reached();
}

int main(int argc, char **argv)
{
    setlocale(LC_ALL, "");
    bindtextdomain(GETTEXT_PACKAGE, PINTAIL_LOCALEDIR);
    bind_textdomain_codeset(GETTEXT_PACKAGE, "UTF-8");
    textdomain(GETTEXT_PACKAGE);
    signal(SIGPIPE, SIG_IGN); /* a closed connection is an error of write(), not our end */

    g_auto(Invocation) i = {0};
    g_autoptr(GError) err = NULL;
    if (!invocation_parse(&i, argc, argv, &err)) {
        fprintf(stderr, _("pintail: %s\nTry 'pintail --help'.\n"), err->message);
        return EX_USAGE;
    }
    if (i.debug_log && !log_open(i.debug_log, &err)) {
        fprintf(stderr, "pintail: %s\n", err->message);
        return EX_CANTCREAT;
    }
    int status = run(&i);
    log_close();
    if (fflush(stdout) != 0 && status == EX_OK) {
        perror("pintail");
        status = EX_IOERR;
    }
    return status;
}
