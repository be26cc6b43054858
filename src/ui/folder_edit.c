/* folder_edit.c - what a person does with folders: make, rename, delete, subscribe, pin, fold, mark read.
 *
 * A command acts on the folder under the cursor of the folder pane, else on the one that is open. */
#include <string.h>
#include "command.h"
#include "folder_view.h"
#include "panes.h"
#include "undo.h"
#include "writer.h"
#include "pintail/util/i18n.h"

/* ---- which one ---- */

static const Folder *target(Ui *ui)
{
    gint64 account = 0;
    const Folder *f = ui->panes->focus == FOCUS_FOLDERS ? folder_view_cursor(ui->panes->folders, &account)
                                                        : folder_view_folder(ui->panes->folders, panes_selection(ui).folder);
    if (!f)
        ui_say(ui, NOTICE_WARNING, _("There is no folder here"));
    return f;
}

static gint64 target_account(Ui *ui)
{
    gint64 account = 0;
    if (ui->panes->focus == FOCUS_FOLDERS)
        (void)folder_view_cursor(ui->panes->folders, &account);
    return account ? account : panes_selection(ui).account;
}

/* ---- through the writer ---- */

typedef gboolean (*Work)(Store *s, gpointer job, GError **err);

typedef struct {
    gint64 account, folder;
    char *name;  /* new, or of the folder */
    char *said;  /* on success; NULL: nothing */
    guint number, other;
    gboolean gone; /* the folder, afterwards */
    Work work;
} Job;

static void job_free(gpointer p)
{
    Job *j = p;
    g_free(j->name);
    g_free(j->said);
    g_free(j);
}

static gint64 work(Store *s, gpointer p, GError **err)
{
    return ((Job *)p)->work(s, p, err) ? 1 : 0;
}

static void worked(Ui *ui, gint64 result, const GError *err, gpointer p)
{
    Job *j = p;
    if (err) {
        ui_say(ui, NOTICE_ERROR, "%s", err->message);
        return;
    }
    if (j->gone && panes_selection(ui).folder == j->folder) { /* what was open gives way */
        g_autoptr(Folder) inbox = folder_by_role(ui->store, j->account, ROLE_INBOX);
        if (inbox)
            panes_open_folder(ui, inbox->id);
    }
    if (j->said)
        ui_say(ui, NOTICE_INFO, "%s", j->said);
    (void)ui_request(ui, REQUEST_REPLAY, j->account, j->folder, 0);
}

static Job *job_new(const Folder *f, gint64 account, Work what)
{
    Job *j = g_new0(Job, 1);
    j->account = f ? f->account_id : account;
    j->folder = f ? f->id : 0;
    j->name = f ? g_strdup(folder_label(f)) : NULL;
    j->work = what;
    return j;
}

static void run(Ui *ui, Job *take)
{
    writer_run(ui->writer, work, worked, take, job_free);
}

/* ---- making ---- */

static gboolean do_create(Store *s, gpointer p, GError **err)
{
    Job *j = p;
    j->folder = folder_create(s, j->account, j->name, err);
    return j->folder != 0;
}

static void create_named(Ui *ui, const char *text, gpointer data)
{
    gint64 account = *(gint64 *)data;
    g_free(data);
    if (!text || !*text)
        return;
    Job *j = job_new(NULL, account, do_create);
    j->name = g_strdup(text);
    j->said = g_strdup_printf(_("Folder \"%s\" made"), text);
    run(ui, j);
}

void cmd_folder_create(Ui *ui, char **args)
{
    if (ui_refuses(ui))
        return;
    gint64 account = target_account(ui);
    g_autofree char *name = g_strjoinv(" ", args + 1);
    if (!account) {
        ui_say(ui, NOTICE_WARNING, _("There is no account here"));
        return;
    }
    gpointer data = g_memdup2(&account, sizeof account);
    if (*name)
        create_named(ui, name, data);
    else
        ui_ask(ui, _("New folder:"), "", FALSE, create_named, data);
}

/* ---- renaming ---- */

static gboolean do_rename(Store *s, gpointer p, GError **err)
{
    Job *j = p;
    return folder_rename(s, j->folder, j->name, err);
}

static void rename_named(Ui *ui, const char *text, gpointer data)
{
    Job *j = data;
    if (!text || !*text || g_str_equal(text, j->name)) {
        job_free(j);
        return;
    }
    j->said = g_strdup_printf(_("\"%s\" is now \"%s\""), j->name, text);
    g_free(j->name);
    j->name = g_strdup(text);
    run(ui, j);
}

void cmd_folder_rename(Ui *ui, char **args)
{
    const Folder *f = ui_refuses(ui) ? NULL : target(ui);
    if (!f)
        return;
    g_autofree char *name = g_strjoinv(" ", args + 1);
    Job *j = job_new(f, 0, do_rename);
    if (*name)
        rename_named(ui, name, j);
    else
        ui_ask(ui, _("Rename folder to:"), folder_label(f), FALSE, rename_named, j);
}

/* ---- deleting ---- */

static gboolean do_delete(Store *s, gpointer p, GError **err)
{
    Job *j = p;
    return folder_delete(s, j->folder, err);
}

static void delete_answered(Ui *ui, char key, gpointer data)
{
    Job *j = data;
    if (key == 'y')
        run(ui, j);
    else
        job_free(j);
}

void cmd_folder_delete(Ui *ui, char **args)
{
    const Folder *f = ui_refuses(ui) ? NULL : target(ui);
    if (!f)
        return;
    if (f->role == ROLE_INBOX) {
        ui_say(ui, NOTICE_WARNING, _("INBOX cannot be deleted: mail arrives there"));
        return;
    }
    if (!folder_has_right(f, 'x')) {
        ui_say(ui, NOTICE_WARNING, _("you have no right to delete '%s'"), folder_label(f));
        return;
    }
    Job *j = job_new(f, 0, do_delete);
    j->gone = TRUE;
    j->said = g_strdup_printf(_("Folder \"%s\" deleted"), j->name);
    g_autofree char *question =
        f->total == 0
            ? g_strdup_printf(_("Delete the empty folder \"%s\"? (y/n)"), j->name)
            : g_strdup_printf(P_("Delete folder \"%s\" and the %lld message in it for good? (y/n)",
                                 "Delete folder \"%s\" and the %lld messages in it for good? (y/n)", (gulong)f->total),
                              j->name, (long long)f->total);
    ui_ask_key(ui, question, "yn", delete_answered, j);
}

/* ---- subscriptions, roles, marks ---- */

static gboolean do_subscribe(Store *s, gpointer p, GError **err)
{
    Job *j = p;
    return folder_subscribe(s, j->folder, j->number != 0, err);
}

static gboolean do_role(Store *s, gpointer p, GError **err)
{
    Job *j = p;
    return folder_set_role(s, j->folder, (FolderRole)j->number, err);
}

static gboolean do_mark(Store *s, gpointer p, GError **err)
{
    Job *j = p;
    return folder_mark(s, j->folder, j->number, j->other, err);
}

/* "on", "off", or the other way than now. */
static gboolean wanted(char **args, gboolean now)
{
    return args[1] && g_str_equal(args[1], "on") ? TRUE : args[1] && g_str_equal(args[1], "off") ? FALSE : !now;
}

void cmd_subscribe(Ui *ui, char **args)
{
    const Folder *f = ui_refuses(ui) ? NULL : target(ui);
    if (!f)
        return;
    Job *j = job_new(f, 0, do_subscribe);
    j->number = wanted(args, (f->flags & FOLDER_SUBSCRIBED) != 0);
    j->said = g_strdup_printf(j->number ? _("Subscribed to \"%s\"") : _("No longer subscribed to \"%s\""), j->name);
    run(ui, j);
}

void cmd_folder_role(Ui *ui, char **args)
{
    static const struct {
        const char *word;
        FolderRole role;
    } roles[] = {{"drafts", ROLE_DRAFTS}, {"sent", ROLE_SENT},   {"archive", ROLE_ARCHIVE},
                 {"junk", ROLE_JUNK},     {"trash", ROLE_TRASH}, {"none", ROLE_NONE}};
    const Folder *f = ui_refuses(ui) ? NULL : target(ui);
    for (guint i = 0; f && args[1] && i < G_N_ELEMENTS(roles); i++) {
        if (!g_str_equal(args[1], roles[i].word))
            continue;
        Job *j = job_new(f, 0, do_role);
        j->number = roles[i].role;
        j->said = roles[i].role ? g_strdup_printf(_("\"%s\" is used as %s from now on"), j->name, roles[i].word)
                                : g_strdup_printf(_("\"%s\" is a folder like others from now on"), j->name);
        run(ui, j);
        return;
    }
    if (f)
        ui_say(ui, NOTICE_WARNING, _("folder-role takes drafts, sent, archive, junk, trash or none"));
}

static void mark(Ui *ui, const Folder *f, guint flag, gboolean on, char *said_take)
{
    Job *j = job_new(f, 0, do_mark);
    j->number = on ? flag : 0;
    j->other = on ? 0 : flag;
    j->said = said_take;
    run(ui, j);
}

void cmd_folder_pin(Ui *ui, char **args)
{
    const Folder *f = target(ui);
    gboolean on = f && !(f->flags & FOLDER_PINNED);
    if (f)
        mark(ui, f, FOLDER_PINNED, on,
             g_strdup_printf(on ? _("\"%s\" is pinned") : _("\"%s\" is not pinned any more"), folder_label(f)));
}

void cmd_folder_fold(Ui *ui, char **args)
{
    const Folder *f = target(ui);
    if (f)
        mark(ui, f, FOLDER_COLLAPSED, wanted(args, (f->flags & FOLDER_COLLAPSED) != 0), NULL);
}

/* ---- what the pane shows ---- */

static void next_choice(Ui *ui, const char *option, const char *const *words, const char *given)
{
    const char *now = conf_string(ui->conf, option), *next = words[0];
    for (guint i = 0; words[i] && !given; i++)
        if (g_str_equal(words[i], now) && words[i + 1])
            next = words[i + 1];
    g_autofree char *line = g_strdup_printf("set %s %s", option, given ? given : next);
    ui_run_line(ui, line);
    if (!given)
        ui_say(ui, NOTICE_INFO, "%s: %s", option, next);
}

void cmd_folder_view(Ui *ui, char **args)
{
    static const char *const words[] = {"all", "unread", "pinned", "subscribed", NULL};
    next_choice(ui, "folder-view", words, args[1]);
}

void cmd_folder_sort(Ui *ui, char **args)
{
    static const char *const words[] = {"usual", "name", "unread", NULL};
    next_choice(ui, "folder-sort", words, args[1]);
}

/* ---- all read ---- */

typedef struct {
    gint64 account, folder;
    char *name;
    guint64 ticket;
    guint count;
} Reading;

static void reading_free(gpointer p)
{
    g_free(((Reading *)p)->name);
    g_free(p);
}

static gint64 mark_all(Store *s, gpointer p, GError **err)
{
    Reading *r = p;
    g_autoptr(GArray) ids = folder_unread(s, r->folder, err);
    if (!ids)
        return 0;
    r->count = ids->len;
    Change c = {.kind = CHANGE_FLAGS, .placements = (gint64 *)(void *)ids->data, .n = ids->len, .add = FLAG_SEEN};
    return ids->len ? change_commit(s, &c, err) : 0;
}

static void all_marked(Ui *ui, gint64 group, const GError *err, gpointer p)
{
    Reading *r = p;
    if (err || group == 0) {
        undo_failed(ui->undo, r->ticket);
        ui_say(ui, err ? NOTICE_ERROR : NOTICE_INFO, "%s", err ? err->message : _("All of it is read already"));
        return;
    }
    (void)ui_request(ui, REQUEST_REPLAY, r->account, 0, 0);
    undo_committed(ui->undo, r->ticket, group, 0);
    if (undo_wanted(ui->undo, r->ticket)) {
        writer_undo(ui->writer, group, NULL, NULL, NULL);
        return;
    }
    ui_say(ui, NOTICE_INFO,
           P_("Marked %u message in %s read.  u: undo", "Marked %u messages in %s read.  u: undo", r->count), r->count,
           r->name);
}

void cmd_folder_mark_read(Ui *ui, char **args)
{
    const Folder *f = ui_refuses(ui) ? NULL : target(ui);
    if (!f)
        return;
    Reading *r = g_new0(Reading, 1);
    r->account = f->account_id;
    r->folder = f->id;
    r->name = g_strdup(folder_label(f));
    g_autofree char *what = g_strdup_printf(_("marking %s read"), r->name);
    r->ticket = undo_begin(ui->undo, what, 0, 0);
    writer_run(ui->writer, mark_all, all_marked, r, reading_free);
}
