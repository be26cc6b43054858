/* app.c - opening and closing what every command needs, and answering workers'
 * questions where there is no screen. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <termios.h>
#include <unistd.h>
#include "app.h"
#include "pintail/store/folder.h"
#include "pintail/ui/ui.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/spawn.h"

int app_status_of(const GError *err)
{
    if (!err)
        return EX_OK;
    if (err->domain != PINTAIL_ERROR)
        return EX_SOFTWARE;
    switch ((PintailErrorCode)err->code) {
    case PINTAIL_ERROR_RETRY:
    case PINTAIL_ERROR_CANCELLED:
        return EX_TEMPFAIL;
    case PINTAIL_ERROR_AUTH:
        return EX_NOPERM;
    case PINTAIL_ERROR_TLS:
    case PINTAIL_ERROR_PROTOCOL:
        return EX_PROTOCOL;
    case PINTAIL_ERROR_REFUSED:
        return EX_UNAVAILABLE;
    case PINTAIL_ERROR_GONE:
        return EX_NOINPUT;
    case PINTAIL_ERROR_STORE:
        return EX_IOERR;
    case PINTAIL_ERROR_INVALID:
        return EX_USAGE;
    }
    return EX_SOFTWARE;
}

int app_status_of_event(int code)
{
    g_autoptr(GError) err = g_error_new_literal(PINTAIL_ERROR, code, "");
    return code == PINTAIL_ERROR_INVALID ? EX_CONFIG : app_status_of(err);
}

static void post(Bus *bus, EventKind kind, gint64 account, gint64 folder, gint64 change_seq)
{
    Event *e = event_new(kind, account);
    e->folder_id = folder;
    e->change_seq = change_seq;
    bus_post(bus, e);
}

static void post_change(gint64 account, gint64 folder, gint64 change_seq, void *data)
{
    if (!folder)
        post(data, EVENT_FOLDERS, account, 0, change_seq);
    if (folder || !account) /* what another process did may be in any folder */
        post(data, EVENT_FOLDER, account, folder, change_seq);
}

static void print_mistakes(const Conf *conf)
{
    const GPtrArray *mistakes = conf_mistakes(conf);
    for (guint n = 0; n < mistakes->len; n++)
        fprintf(stderr, "pintail: %s\n", (const char *)mistakes->pdata[n]);
}

static gboolean load_conf(App *app, const Invocation *i, int *status)
{
    app->conf = conf_new();
    ui_register(app->conf);
    g_autofree char *path = i->config ? g_strdup(i->config) : conf_default_path();
    g_autoptr(GError) err = NULL;
    if (conf_load(app->conf, path, &err)) {
        if (i->mode != MODE_OPEN) /* the screen shows them itself */
            print_mistakes(app->conf);
        return TRUE;
    }
    if (!i->config && error_is(err, PINTAIL_ERROR_GONE)) {
        app->rc_missing = TRUE;
        return TRUE;
    }
    fprintf(stderr, "pintail: %s\n", err->message);
    *status = EX_CONFIG;
    return FALSE;
}

gboolean app_open(App *app, const Invocation *i, StoreFlags flags, int *status)
{
    if (!load_conf(app, i, status))
        return FALSE;
    g_autofree char *directory = store_default_directory();
    g_autoptr(GError) err = NULL;
    app->bus = bus_new();
    app->home = store_home_open(directory, flags, &app->notice, &err);
    if (!app->home) {
        const char *hint = error_is(err, PINTAIL_ERROR_STORE)
                               ? _(" (mail is kept there; XDG_DATA_HOME names another place)") : "";
        fprintf(stderr, "pintail: %s%s\n", err->message, hint);
        *status = EX_CANTCREAT;
        return FALSE;
    }
    store_home_listen(app->home, post_change, app->bus);
    return TRUE;
}

void app_close(App *app)
{
    g_clear_pointer(&app->home, store_home_free);
    g_clear_pointer(&app->bus, bus_free);
    g_clear_pointer(&app->conf, conf_free);
    g_clear_pointer(&app->notice, g_free);
}

gboolean app_has_account(const App *app, const char *name, int *status)
{
    if (name ? conf_account(app->conf, name) != NULL : conf_accounts(app->conf)->len > 0)
        return TRUE;
    *status = name ? EX_USAGE : EX_CONFIG;
    if (name)
        fprintf(stderr, _("pintail: there is no account '%s' in the configuration\n"), name);
    else
        fputs(_("pintail: no account is configured; start pintail once to set one up\n"), stderr);
    return FALSE;
}

static StoredAccountKind kind_of(const Account *a)
{
    if (!a->incoming)
        return STORED_LOCAL;
    return a->incoming->protocol == PROTOCOL_IMAP ? STORED_IMAP : STORED_POP3;
}

gboolean app_ensure_accounts(App *app, Store *s, GError **err)
{
    const GPtrArray *accounts = conf_accounts(app->conf);
    for (guint n = 0; n < accounts->len; n++) {
        const Account *a = accounts->pdata[n];
        if (account_find_as(s, a->name, kind_of(a), a->maildir) == 0 &&
            account_ensure(s, a->name, kind_of(a), a->maildir, err) == 0)
            return FALSE;
    }
    return TRUE;
}

Account *app_sending_account(App *app, const char *name, GError **err)
{
    if (name) {
        Account *named = conf_account(app->conf, name);
        if (!named || !named->smtp)
            error_set(err, PINTAIL_ERROR_INVALID, _("account '%s' has no 'smtp' server"), name);
        return named && named->smtp ? named : NULL;
    }
    const GPtrArray *accounts = conf_accounts(app->conf);
    for (guint n = 0; n < accounts->len; n++) {
        Account *a = accounts->pdata[n];
        if (a->smtp)
            return a;
    }
    error_set(err, PINTAIL_ERROR_INVALID, _("no account has an 'smtp' server"));
    return NULL;
}

/* Reads a line from the terminal without echo. NULL without a terminal. */
static Secret *ask_secret(const char *prompt)
{
    FILE *tty = fopen("/dev/tty", "r+e");
    if (!tty)
        return NULL;
    struct termios before, hidden;
    gboolean is_tty = tcgetattr(fileno(tty), &before) == 0;
    if (is_tty) {
        hidden = before;
        hidden.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(fileno(tty), TCSAFLUSH, &hidden);
    }
    fprintf(tty, "%s: ", prompt);
    fflush(tty);
    char line[1024];
    Secret *secret = NULL;
    if (fgets(line, sizeof line, tty))
        secret = secret_new(line, strcspn(line, "\r\n"));
    secret_wipe(line, sizeof line);
    if (is_tty)
        tcsetattr(fileno(tty), TCSAFLUSH, &before);
    fputc('\n', tty);
    fclose(tty);
    return secret;
}

static Secret *run_password_command(const char *command)
{
    const char *argv[] = {"/bin/sh", "-c", command, NULL};
    g_autoptr(GString) output = NULL;
    int status = 0;
    if (!spawn_on_terminal(argv, &output, &status, NULL) || status != 0 || !output)
        return NULL;
    Secret *secret = secret_new(output->str, strcspn(output->str, "\r\n"));
    secret_wipe(output->str, output->len);
    return secret;
}

static void print_certificate(const TlsReport *report)
{
    fprintf(stderr, "%s\n", report->problem);
    if (report->chain->len == 0)
        return;
    const Certificate *c = report->chain->pdata[0];
    fprintf(stderr, _("  subject  %s\n  names    %s\n  issuer   %s\n  SHA-256  %s\n"), c->subject, c->names,
            c->issuer, c->sha256);
    fprintf(stderr, _("To accept it, write 'tls-trust %s' into the account, or open pintail.\n"), c->sha256);
}

void app_answer_question(App *app, const Event *question)
{
    Request *answer = request_new(REQUEST_ANSWER, question->account_id);
    answer->question = question->question;
    answer->answer = ANSWER_CANCEL;
    switch (question->question_kind) {
    case QUESTION_PASSWORD:
        answer->secret = ask_secret(question->text);
        break;
    case QUESTION_COMMAND:
        answer->secret = run_password_command(question->command);
        break;
    case QUESTION_CERTIFICATE:
        if (question->report)
            print_certificate(question->report);
        answer->answer = ANSWER_REJECT;
        break;
    case QUESTION_MAYBE_SENT:
    case QUESTION_POP3_KEEP:
        fprintf(stderr, _("pintail: %s\nOpen pintail to decide.\n"), question->text);
        break;
    }
    if (answer->secret)
        answer->answer = ANSWER_PASSWORD;
    bus_request(app->bus, question->lane, answer);
}
