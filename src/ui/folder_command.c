/* folder_command.c - going to accounts and folders. */
#include <stdlib.h>
#include <string.h>
#include "command.h"
#include "complete.h"
#include "folder_view.h"
#include "panes.h"
#include "picker_view.h"
#include "writer.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"

static void go_to(Ui *ui, gint64 folder)
{
    while (ui->stack->len && g_str_equal(ui_focused(ui)->class->context, "picker"))
        ui_pop(ui);
    if (ui->stack->len) {
        ui_say(ui, NOTICE_WARNING, _("Close what is open first (%s)"),
               ui_focused(ui)->class->title ? _(ui_focused(ui)->class->title) : "");
        return;
    }
    panes_open_folder(ui, folder);
    panes_focus(ui, FOCUS_LIST);
}

static void go_to_inbox(Ui *ui, gint64 account)
{
    g_autoptr(Folder) inbox = account ? folder_by_role(ui->store, account, ROLE_INBOX) : NULL;
    if (inbox)
        go_to(ui, inbox->id);
    else
        ui_say(ui, NOTICE_WARNING, _("This account's folders are not known yet"));
}

void cmd_account(Ui *ui, char **args)
{
    const GPtrArray *accounts = conf_accounts(ui->conf);
    const char *which = args[1] ? args[1] : "1";
    guint64 n;
    if (g_ascii_string_to_unsigned(which, 10, 1, accounts->len, &n, NULL)) {
        const Account *a = accounts->pdata[n - 1];
        go_to_inbox(ui, account_find(ui->store, a->name));
        return;
    }
    Account *named = conf_account(ui->conf, which);
    if (named)
        go_to_inbox(ui, account_find(ui->store, named->name));
    else
        ui_say(ui, NOTICE_WARNING,
               P_("There is no account %s: there is %u", "There is no account %s: there are %u",
                  accounts->len),
               which, accounts->len);
}

static void picked(Ui *ui, gint64 folder, gpointer data)
{
    go_to(ui, folder);
}

void cmd_jump_list(Ui *ui, char **args)
{
    const GPtrArray *folders = folder_view_folders(ui->panes->folders);
    GPtrArray *choices = choices_new();
    gint64 account = 0;
    for (guint i = 0; i < folders->len; i++) {
        const Folder *f = folders->pdata[i];
        const char *name = folder_view_account_name(ui->panes->folders, f->account_id);
        if (f->account_id != account) {
            account = f->account_id;
            Choice *heading = choices_add(choices, 0, name, NULL);
            heading->heading = TRUE;
            heading->style = style_of("folders.account");
        }
        if (f->flags & FOLDER_NOSELECT)
            continue;
        g_autofree char *text = g_strdup_printf("%s/%s", name, folder_label(f));
        g_autofree char *note =
            f->unread ? g_strdup_printf(_("%lld of %lld unread"), (long long)f->unread,
                                        (long long)f->total)
                      : g_strdup_printf("%" G_GINT64_FORMAT, f->total);
        Choice *c = choices_add(choices, f->id, text, note);
        if (f->unread)
            c->style = style_of("folders.unread");
    }
    ui_push(ui, picker_view_new(ui, _("Go to"), choices, picked, NULL));
}

static void named(Ui *ui, const char *text, gpointer data)
{
    if (!text || !*text)
        return;
    gint64 folder = complete_find_folder(ui, panes_selection(ui).account, text);
    if (folder)
        go_to(ui, folder);
}

void folder_open_command(Ui *ui, char **args)
{
    gboolean read_only = g_str_equal(args[1], "-r");
    g_autofree char *name = g_strjoinv(" ", args + (read_only ? 2 : 1));
    Selection at = panes_selection(ui);
    gint64 folder = *name ? complete_find_folder(ui, at.account, name) : at.folder;
    if (!folder)
        return;
    if (folder != at.folder || *name)
        go_to(ui, folder);
    ui->read_only_folder = read_only ? folder : 0;
    if (read_only)
        ui_say(ui, NOTICE_INFO, _("Read only until another folder is opened"));
}

void cmd_change_folder(Ui *ui, char **args)
{
    g_autofree char *name = g_strjoinv(" ", args + 1);
    if (*name)
        named(ui, name, NULL);
    else
        ui_ask_completing(ui, _("Open folder:"), "", COMPLETE_FOLDER, named, NULL);
}

static void step(Ui *ui, int by)
{
    const GPtrArray *folders = folder_view_folders(ui->panes->folders);
    gint64 open = panes_selection(ui).folder;
    int n = (int)folders->len, at = by > 0 ? -1 : n;
    for (int i = 0; i < n; i++)
        if (((Folder *)folders->pdata[i])->id == open)
            at = i;
    for (at += by; at >= 0 && at < n; at += by) {
        const Folder *f = folders->pdata[at];
        if (f->flags & FOLDER_NOSELECT)
            continue;
        Focus focus = ui->panes->focus;
        panes_open_folder(ui, f->id);
        panes_focus(ui, focus == FOCUS_VIEWER ? FOCUS_LIST : focus);
        return;
    }
    ui_say(ui, NOTICE_INFO, by > 0 ? _("This is the last folder") : _("This is the first folder"));
}

void cmd_next_folder(Ui *ui, char **args)
{
    step(ui, 1);
}

void cmd_previous_folder(Ui *ui, char **args)
{
    step(ui, -1);
}

/* Where nobody looks for new mail. */
static gboolean is_side(const Folder *f)
{
    return f->role == ROLE_JUNK || f->role == ROLE_TRASH || f->role == ROLE_ALL || (f->flags & FOLDER_NOSELECT);
}

void cmd_next_unread_folder(Ui *ui, char **args)
{
    const GPtrArray *folders = folder_view_folders(ui->panes->folders);
    gint64 open = panes_selection(ui).folder;
    guint n = folders->len, at = n - 1;
    for (guint i = 0; i < n; i++)
        if (((Folder *)folders->pdata[i])->id == open)
            at = i;
    for (guint i = 1; i <= n; i++) {
        const Folder *f = folders->pdata[(at + i) % n];
        if (f->unread == 0 || is_side(f) || f->id == open)
            continue;
        Focus focus = ui->panes->focus;
        panes_open_folder(ui, f->id);
        panes_focus(ui, focus == FOCUS_VIEWER ? FOCUS_LIST : focus);
        return;
    }
    ui_say(ui, NOTICE_INFO, _("No other folder has unread mail"));
}
