/* ui_command.c - commands that mean something everywhere. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "command.h"
#include "compose.h"
#include "folder_view.h"
#include "help_view.h"
#include "keymap.h"
#include "loop.h"
#include "panes.h"
#include "prompt.h"
#include "status.h"
#include "text_view.h"
#include "pintail/util/i18n.h"

/* ---- leaving ---- */

static void leave_answered(Ui *ui, char key, gpointer data)
{
    if (key == 'y')
        ui->leaving = TRUE;
}

static void ask_to_leave(Ui *ui, guint waiting)
{
    g_autofree char *question = g_strdup_printf(
        P_("%u change or message is queued and goes out next time. Leave?",
           "%u changes or messages are queued and go out next time. Leave?", waiting),
        waiting);
    ui_ask_key(ui, question, "yn", leave_answered, NULL);
}

/* What is on its way while the server answers is done in a moment, and no reason to ask. */
enum { LEAVE_LOOK_MS = 20, LEAVE_WAIT_MS = 1000 };

typedef struct {
    guint timer; /* 0: nobody waits */
    int left;    /* milliseconds */
} Leaving;

static Leaving leaving;

static void leave_when_done(Ui *ui, gpointer data)
{
    guint waiting = status_waiting(ui);
    leaving.timer = 0;
    leaving.left -= LEAVE_LOOK_MS;
    if (waiting == 0)
        ui->leaving = TRUE;
    else if (leaving.left <= 0)
        ask_to_leave(ui, waiting);
    else
        leaving.timer = loop_after(ui->loop, LEAVE_LOOK_MS, leave_when_done, NULL);
}

static gboolean is_online(Ui *ui)
{
    const GPtrArray *folders = folder_view_folders(ui->panes->folders);
    for (guint i = 0; i < folders->len; i++) {
        AccountState state = status_account_state(ui, ((const Folder *)folders->pdata[i])->account_id);
        if (state == ACCOUNT_ONLINE || state == ACCOUNT_ELSEWHERE)
            return TRUE;
    }
    return FALSE;
}

gboolean leaving_key(Ui *ui, const Key *k)
{
    if (!leaving.timer)
        return FALSE;
    gboolean cancels = k->kind == KEY_ESC || (k->kind == KEY_CHAR && k->code == 'c' && (k->mods & KEY_MOD_CTRL));
    if (!cancels) /* what was typed blindly is no command */
        return TRUE;
    loop_cancel(ui->loop, leaving.timer);
    leaving.timer = 0;
    ui_say(ui, NOTICE_INFO, _("Pintail stays"));
    return TRUE;
}

void cmd_quit(Ui *ui, char **args)
{
    View *v = ui_focused(ui);
    if (ui->stack->len) { /* it may have something to ask first */
        if (!v->class->command || !v->class->command(v, args))
            ui_pop(ui);
        return;
    }
    if (ui->panes->focus == FOCUS_VIEWER) {
        panes_focus(ui, FOCUS_LIST);
        return;
    }
    guint waiting = status_waiting(ui);
    if (waiting == 0) {
        ui->leaving = TRUE;
    } else if (is_online(ui)) {
        leaving.left = LEAVE_WAIT_MS;
        leaving.timer = loop_after(ui->loop, LEAVE_LOOK_MS, leave_when_done, NULL);
        ui_say(ui, NOTICE_INFO, P_("Finishing %u change (Esc: stay)", "Finishing %u changes (Esc: stay)", waiting), waiting);
    } else {
        ask_to_leave(ui, waiting);
    }
}

void cmd_exit(Ui *ui, char **args)
{
    ui->leaving = TRUE;
}

/* Esc: what is going on, then what is said, then what is on top; never what the person did. */
void cmd_cancel(Ui *ui, char **args)
{
    char *name[] = {(char *)"cancel", NULL};
    View *v = ui_focused(ui);
    ui->apply_tagged = FALSE;
    if (v->class->command && v->class->command(v, name))
        return;
    if (ui->stack->len) {
        ui_pop(ui);
        return;
    }
    View *viewer = ui->panes->viewer, *list = ui->panes->list;
    if (v != viewer && viewer->class->command(viewer, name))
        return;
    if (v != list && list->class->command(list, name))
        return;
    if (status_cancel(ui) | compose_cancel(ui)) /* both: the one says what the other does */
        return;
    if (ui->panes->zoomed)
        ui->panes->zoomed = FALSE;
    else if (ui->panes->focus != FOCUS_LIST)
        panes_focus(ui, FOCUS_LIST);
}

/* ---- the command line ---- */

void cmd_command_line(Ui *ui, char **args)
{
    prompt_command_line(ui, "");
}

void cmd_type(Ui *ui, char **args)
{
    g_autofree char *text = g_strjoinv(" ", args + 1);
    prompt_command_line(ui, text);
}

void cmd_help(Ui *ui, char **args)
{
    const char *context = ui_focused(ui)->class->context;
    if (g_str_equal(context, "help"))
        return;
    g_autofree char *filter = g_strjoinv(" ", args + 1);
    ui_push(ui, help_view_new(ui, context, filter));
}

void cmd_messages(Ui *ui, char **args)
{
    const GPtrArray *said = status_history(ui->status);
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = said->len; i > 0; i--) /* the newest first */
        g_string_append_printf(text, "%s\n", (const char *)said->pdata[i - 1]);
    ui_push(ui, text_view_new(ui, _("What was said"), said->len ? text->str : _("nothing yet")));
}

/* ---- the screen ---- */

void cmd_redraw(Ui *ui, char **args)
{
    term_redraw();
    ui->dirty = TRUE;
}

void cmd_zoom(Ui *ui, char **args)
{
    ui->panes->zoomed = !ui->panes->zoomed;
    ui->dirty = TRUE;
}

void cmd_focus(Ui *ui, char **args)
{
    static const char *const names[] = {"folders", "list", "viewer"};
    for (gsize i = 0; args[1] && i < G_N_ELEMENTS(names); i++)
        if (g_str_equal(args[1], names[i])) {
            panes_focus(ui, (Focus)i);
            return;
        }
    ui_say(ui, NOTICE_WARNING, _("focus takes folders, list or viewer"));
}

void cmd_pane_left(Ui *ui, char **args)
{
    if (ui->panes->focus != FOCUS_FOLDERS)
        panes_focus(ui, ui->panes->focus - 1);
}

void cmd_pane_right(Ui *ui, char **args)
{
    if (ui->panes->focus == FOCUS_FOLDERS)
        panes_focus(ui, FOCUS_LIST);
    else if (ui->panes->focus == FOCUS_LIST)
        ui_run_line(ui, "open");
}

void cmd_shell(Ui *ui, char **args)
{
    const char *shell = g_getenv("SHELL");
    if (!shell || !*shell)
        shell = "/bin/sh";
    g_autofree char *command = g_strjoinv(" ", args + 1);
    const char *interactive[] = {shell, NULL};
    /* what a command has printed must be readable before the screen returns */
    const char *one[] = {"/bin/sh", "-c", "eval \"$1\"; s=$?; printf '\\n%s ' \"$2\"; read -r _; exit $s",
                         "sh", command, _("Press Enter to go back to Pintail."), NULL};
    (void)ui_run_on_terminal(ui, *command ? one : interactive);
}

void cmd_suspend(Ui *ui, char **args)
{
    struct sigaction usual = {.sa_handler = SIG_DFL}, before;
    term_suspend();
    (void)sigaction(SIGTSTP, &usual, &before);
    (void)kill(0, SIGTSTP); /* the whole job, as the terminal's own key would */
    (void)sigaction(SIGTSTP, &before, NULL);
    term_resume();
    ui->dirty = TRUE;
}

/* ---- accounts ---- */

void cmd_get_mail(Ui *ui, char **args)
{
    const GPtrArray *accounts = conf_accounts(ui->conf);
    guint asked = 0;
    for (guint i = 0; i < accounts->len; i++) {
        const Account *a = accounts->pdata[i];
        gint64 id = account_find(ui->store, a->name);
        for (Lane lane = 0; id && lane < LANE_COUNT; lane++)
            if (bus_request(ui->bus, lane, request_new(REQUEST_RECONNECT, id)) && lane == LANE_SYNC)
                asked++;
        if (id)
            (void)bus_request(ui->bus, LANE_SYNC, request_new(REQUEST_SYNC, id));
    }
    if (asked)
        ui_say(ui, NOTICE_INFO, P_("Looking for mail in %u account", "Looking for mail in %u accounts", asked), asked);
    else
        ui_say(ui, NOTICE_WARNING, _("There is no account with a server to ask"));
}
