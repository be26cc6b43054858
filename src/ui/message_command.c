/* message_command.c - what a person does with messages: delete, move, flag, undo.
 *
 * A command takes the ids it acts on when the key is pressed and moves the cursor on at once; the
 * writer commits effect and operation together, and the rows change when an event says so. */
#include <string.h>
#include "command.h"
#include "complete.h"
#include "folder_view.h"
#include "list_view.h"
#include "loader.h"
#include "message_command.h"
#include "outbox_edit.h"
#include "panes.h"
#include "undo.h"
#include "writer.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/text.h"

#define PATTERN_MAX (1 << 20)

/* One action on its way through the writer. */
typedef struct {
    ChangeKind kind;
    GArray *ids;
    guint add, remove;
    gint64 account;
    gint64 destination; /* folder; 0: the one of `role` */
    gint64 other_account; /* the destination's, when it is another one; 0 */
    FolderRole role;
    char *role_name;    /* the rc's name for it; NULL */
    char *said;         /* on success, with %s for the destination; NULL: nothing */
    guint64 ticket;
    gint64 message;     /* of the first placement */
    gint64 first_group; /* junk: flags are changed before the move */
    char *learn;        /* what learns from the messages; NULL */
    char *destination_name;
} Action;

static void action_free(gpointer p)
{
    Action *a = p;
    if (!a)
        return;
    g_array_unref(a->ids);
    g_free(a->role_name);
    g_free(a->said);
    g_free(a->learn);
    g_free(a->destination_name);
    g_free(a);
}

/* ---- on the writer's thread ---- */

static gint64 commit(Store *s, gpointer p, GError **err)
{
    Action *a = p;
    if (a->role && !a->destination) {
        a->destination = folder_for_role(s, a->account, a->role, a->role_name, err);
        if (!a->destination)
            return 0;
    }
    Change c = {.kind = a->kind, .placements = (gint64 *)(void *)a->ids->data, .n = a->ids->len,
                .add = a->add, .remove = a->remove, .destination = a->destination};
    if (a->kind == CHANGE_MOVE && (a->add || a->remove)) {
        Change flags = c;
        flags.kind = CHANGE_FLAGS;
        a->first_group = change_commit(s, &flags, err);
        if (!a->first_group)
            return 0;
        c.add = c.remove = 0;
    }
    gint64 group = change_commit(s, &c, err);
    if (group && a->destination) {
        g_autoptr(Folder) f = folder_get(s, a->destination, NULL);
        a->destination_name = g_strdup(f ? f->label : "?");
    }
    return group;
}

/* ---- back on the UI thread ---- */

/* In the lane of the account, one after the other. */
static void learn(Ui *ui, const Action *a)
{
    g_autoptr(GPtrArray) rows = rows_get(ui->store, (const gint64 *)(const void *)a->ids->data, a->ids->len, NULL);
    for (guint i = 0; rows && i < rows->len; i++) {
        const Row *row = rows->pdata[i];
        if (!row)
            continue;
        Request *r = request_new(REQUEST_LEARN, a->account);
        r->message_id = row->message;
        r->section = g_strdup(a->learn);
        (void)bus_request(ui->bus, LANE_SYNC, r);
    }
}

static void committed(Ui *ui, gint64 group, const GError *err, gpointer p)
{
    Action *a = p;
    if (err) {
        undo_failed(ui->undo, a->ticket);
        ui_say(ui, NOTICE_ERROR, "%s", err->message);
        return;
    }
    if (a->learn)
        learn(ui, a);
    (void)ui_request(ui, REQUEST_REPLAY, a->account, 0, 0);
    if (a->other_account)
        (void)ui_request(ui, REQUEST_REPLAY, a->other_account, 0, 0);
    if (a->kind == CHANGE_PURGE)
        undo_failed(ui->undo, a->ticket);
    else
        undo_committed(ui->undo, a->ticket, group, a->first_group);
    if (undo_wanted(ui->undo, a->ticket)) {
        Undone u = {.groups = {group, a->first_group}, .what = a->said,
                    .placement = g_array_index(a->ids, gint64, 0), .message = a->message};
        messages_undo(ui, &u, a->account);
        return;
    }
    if (a->said && a->destination_name)
        ui_say(ui, NOTICE_INFO, a->said, a->destination_name);
    else if (a->said)
        ui_say(ui, NOTICE_INFO, "%s", a->said);
}

static void run_action(Ui *ui, Action *take, const char *what)
{
    gint64 first = g_array_index(take->ids, gint64, 0);
    g_autoptr(GPtrArray) rows = rows_get(ui->store, &first, 1, NULL);
    const Row *r = rows ? rows->pdata[0] : NULL;
    take->message = r ? r->message : 0;
    take->ticket = undo_begin(ui->undo, what, first, take->message);
    writer_run(ui->writer, commit, committed, take, action_free);
}

/* "'Autumn sale'", or "12 messages". */
static char *name_of(Ui *ui, const GArray *ids)
{
    if (ids->len != 1)
        return g_strdup_printf(P_("%u message", "%u messages", ids->len), ids->len);
    g_autoptr(GPtrArray) rows = list_view_rows(ui->panes->list, ids);
    const Row *r = rows && rows->len ? rows->pdata[0] : NULL;
    g_autofree char *subject = text_clip(r && *r->subject ? r->subject : _("(no subject)"), 40, FALSE);
    return g_strdup_printf("'%s'", subject);
}

/* `%` in a name must not become a directive. */
static char *escape_percent(const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, "%", -1);
    return g_strjoinv("%%", parts);
}

/* Message "FORMAT(name) u: undo" with one %s left for the destination. */
static char *moved_text(Ui *ui, const char *format, const char *name)
{
    g_autofree char *safe = escape_percent(name);
    return g_strdup_printf(format, safe, "%s");
}

static Action *action_new(Ui *ui, ChangeKind kind, GArray *ids_take)
{
    Action *a = g_new0(Action, 1);
    a->kind = kind;
    a->ids = ids_take;
    a->account = panes_selection(ui).account;
    return a;
}

/* ---- undo ---- */

typedef struct {
    gint64 groups[2];
    gint64 placement, message, account;
    char *what;
} Undoing;

static void undoing_free(gpointer p)
{
    g_free(((Undoing *)p)->what);
    g_free(p);
}

static gint64 undo_work(Store *s, gpointer p, GError **err)
{
    Undoing *u = p;
    if (u->groups[0] < 0)
        return thread_command_undo(s, -u->groups[0], (ThreadUndo)u->groups[1], err) ? 1 : 0;
    if (!change_undo(s, u->groups[0], err))
        return 0;
    return !u->groups[1] || change_undo(s, u->groups[1], err) ? 1 : 0;
}

/* What is taken back may have gone to another account. */
static void replay_everywhere(Ui *ui)
{
    const GPtrArray *accounts = conf_accounts(ui->conf);
    for (guint i = 0; i < accounts->len; i++) {
        gint64 account = account_find(ui->store, ((Account *)accounts->pdata[i])->name);
        if (account)
            (void)ui_request(ui, REQUEST_REPLAY, account, 0, 0);
    }
}

static void undone(Ui *ui, gint64 result, const GError *err, gpointer p)
{
    Undoing *u = p;
    if (err) {
        ui_say(ui, NOTICE_ERROR, "%s", err->message);
        return;
    }
    replay_everywhere(ui);
    list_view_select_later(ui->panes->list, u->placement, u->message);
    ui_say(ui, NOTICE_INFO, _("Undone: %s"), u->what);
}

void messages_undo(Ui *ui, const Undone *u, gint64 account)
{
    Undoing *job = g_new0(Undoing, 1);
    job->groups[0] = u->groups[0];
    job->groups[1] = u->groups[1];
    job->placement = u->placement;
    job->message = u->message;
    job->account = account;
    job->what = g_strdup(u->what ? u->what : "");
    writer_run(ui->writer, undo_work, undone, job, undoing_free);
}

void cmd_undo(Ui *ui, char **args)
{
    Undone u = {0};
    if (ui_refuses(ui))
        return;
    if (!undo_take(ui->undo, &u)) {
        ui_say(ui, NOTICE_INFO, _("There is nothing to undo"));
        return;
    }
    if (u.outbox)
        outbox_edit(ui, u.outbox, u.account);
    else if (u.groups[0])
        messages_undo(ui, &u, panes_selection(ui).account);
    g_free(u.what);
}

/* The cursor goes on at once when it stood on what goes away; it stays when other messages do. */
static void advance_past(Ui *ui, const GArray *ids)
{
    if (ids->len == 1 && g_array_index(ids, gint64, 0) == panes_selection(ui).placement)
        list_view_advance(ui->panes->list);
}

/* ---- moving ---- */

/* An IMAP server learns by itself from where a message is moved to. NULL: nothing is to be run. */
static char *learner(Ui *ui, guint add)
{
    const Account *account = ui_current_account(ui);
    const char *command = conf_string(ui->conf, add & FLAG_JUNK ? "junk-command" : "ham-command");
    gboolean imap = account && account->incoming && account->incoming->protocol == PROTOCOL_IMAP;
    return *command && !imap ? g_strdup(command) : NULL;
}

static void move_to_role(Ui *ui, GArray *ids_take, FolderRole role, const char *role_name, guint add,
                         guint remove)
{
    Action *a = action_new(ui, CHANGE_MOVE, ids_take);
    a->role = role;
    a->role_name = g_strdup(role_name);
    a->add = add;
    a->remove = remove;
    a->learn = add & (FLAG_JUNK | FLAG_NOTJUNK) ? learner(ui, add) : NULL;
    g_autofree char *name = name_of(ui, a->ids);
    g_autofree char *what = g_strdup_printf(_("move of %s"), name);
    a->said = moved_text(ui, _("Moved %s to %s.  u: undo"), name);
    advance_past(ui, a->ids);
    run_action(ui, a, what);
}

typedef struct {
    GArray *ids;
    ChangeKind kind;
} Pending; /* what a question is about */

static void pending_free(Pending *p)
{
    g_array_unref(p->ids);
    g_free(p);
}

static void move_to(Ui *ui, GArray *ids_take, ChangeKind kind, gint64 folder)
{
    const Folder *f = folder_view_folder(ui->panes->folders, folder);
    Selection at = panes_selection(ui);
    if (!f || (kind == CHANGE_MOVE && folder == at.folder)) {
        ui_say(ui, NOTICE_WARNING, _("The message is in that folder already"));
        g_array_unref(ids_take);
        return;
    }
    Action *a = action_new(ui, kind, ids_take);
    a->other_account = f->account_id != at.account ? f->account_id : 0;
    a->destination = folder;
    ui->last_destination = folder;
    g_autofree char *name = name_of(ui, a->ids);
    g_autofree char *what =
        g_strdup_printf(kind == CHANGE_MOVE ? _("move of %s") : _("copy of %s"), name);
    a->said = moved_text(ui, kind == CHANGE_MOVE ? _("Moved %s to %s.  u: undo")
                                                 : _("Copied %s to %s.  u: undo"), name);
    if (kind == CHANGE_MOVE)
        advance_past(ui, a->ids);
    run_action(ui, a, what);
}

static void destination_typed(Ui *ui, const char *text, gpointer data)
{
    Pending *p = data;
    gint64 account = panes_selection(ui).account;
    gint64 folder = !text ? 0 : *text ? complete_find_folder(ui, account, text) : ui->last_destination;
    if (folder)
        move_to(ui, g_array_ref(p->ids), p->kind, folder);
    pending_free(p);
}

static void ask_destination(Ui *ui, char **args, ChangeKind kind)
{
    if (ui_refuses(ui))
        return;
    GArray *ids = panes_targets(ui);
    if (ids->len == 0) {
        g_array_unref(ids);
        return;
    }
    Pending *p = g_new0(Pending, 1);
    p->ids = ids;
    p->kind = kind;
    g_autofree char *typed = g_strjoinv(" ", args + 1);
    if (*typed) {
        destination_typed(ui, typed, p);
        return;
    }
    const Folder *last = folder_view_folder(ui->panes->folders, ui->last_destination);
    g_autofree char *name = name_of(ui, ids);
    g_autofree char *question =
        last ? g_strdup_printf(kind == CHANGE_MOVE ? _("Move %s to (%s):") : _("Copy %s to (%s):"),
                               name, folder_label(last))
             : g_strdup_printf(kind == CHANGE_MOVE ? _("Move %s to:") : _("Copy %s to:"), name);
    ui_ask_completing(ui, question, "", COMPLETE_FOLDER, destination_typed, p);
}

void cmd_move(Ui *ui, char **args)
{
    ask_destination(ui, args, CHANGE_MOVE);
}

void cmd_copy(Ui *ui, char **args)
{
    ask_destination(ui, args, CHANGE_COPY);
}

void cmd_archive(Ui *ui, char **args)
{
    if (ui_refuses(ui))
        return;
    g_autoptr(GArray) ids = panes_targets(ui);
    const Folder *f = folder_view_folder(ui->panes->folders, panes_selection(ui).folder);
    Account *account = ui_current_account(ui);
    if (ids->len == 0)
        return;
    if (f && f->role == ROLE_ARCHIVE) {
        ui_say(ui, NOTICE_INFO, _("This is the Archive folder"));
        return;
    }
    move_to_role(ui, g_array_ref(ids), ROLE_ARCHIVE, account ? account->archive : NULL, 0, 0);
}

void cmd_junk(Ui *ui, char **args)
{
    if (ui_refuses(ui))
        return;
    g_autoptr(GArray) ids = panes_targets(ui);
    const Folder *f = folder_view_folder(ui->panes->folders, panes_selection(ui).folder);
    Account *account = ui_current_account(ui);
    if (ids->len == 0)
        return;
    if (f && f->role == ROLE_JUNK)
        move_to_role(ui, g_array_ref(ids), ROLE_INBOX, NULL, FLAG_NOTJUNK, FLAG_JUNK);
    else
        move_to_role(ui, g_array_ref(ids), ROLE_JUNK, account ? account->junk : NULL, FLAG_JUNK,
                     FLAG_NOTJUNK);
}

/* ---- deleting ---- */

static void purge_answered(Ui *ui, char key, gpointer data)
{
    Pending *p = data;
    if (key == 'y') {
        Action *a = action_new(ui, CHANGE_PURGE, g_array_ref(p->ids));
        a->said = g_strdup_printf(
            P_("%u message removed for good", "%u messages removed for good", a->ids->len),
            a->ids->len);
        advance_past(ui, a->ids);
        run_action(ui, a, "");
    }
    pending_free(p);
}

/* For good: asks, and names the count. */
static void ask_purge(Ui *ui, GArray *ids_take)
{
    Pending *p = g_new0(Pending, 1);
    p->ids = ids_take;
    p->kind = CHANGE_PURGE;
    g_autofree char *name = name_of(ui, ids_take);
    g_autofree char *question = g_strdup_printf(_("Remove %s for good? This cannot be undone."), name);
    ui_ask_key(ui, question, "yn", purge_answered, p);
}

static void delete_ids(Ui *ui, GArray *ids_take)
{
    const Folder *f = folder_view_folder(ui->panes->folders, panes_selection(ui).folder);
    Account *account = ui_current_account(ui);
    if (f && f->role == ROLE_TRASH) {
        ask_purge(ui, ids_take);
    } else if (g_str_equal(conf_string(ui->conf, "delete-mode"), "mark")) {
        Action *a = action_new(ui, CHANGE_FLAGS, ids_take);
        a->add = FLAG_DELETED;
        g_autofree char *name = name_of(ui, a->ids);
        g_autofree char *what = g_strdup_printf(_("deletion mark on %s"), name);
        a->said = g_strdup_printf(_("Marked %s deleted.  u: undo, $: remove for good"), name);
        advance_past(ui, a->ids);
        run_action(ui, a, what);
    } else {
        move_to_role(ui, ids_take, ROLE_TRASH, account ? account->trash : NULL, 0, 0);
    }
}

void cmd_delete(Ui *ui, char **args)
{
    if (ui_refuses(ui))
        return;
    g_autoptr(GArray) ids = panes_targets(ui);
    if (ids->len)
        delete_ids(ui, g_array_ref(ids));
}

void cmd_undelete(Ui *ui, char **args)
{
    if (ui_refuses(ui))
        return;
    g_autoptr(GArray) ids = panes_targets(ui);
    if (ids->len == 0)
        return;
    Action *a = action_new(ui, CHANGE_FLAGS, g_array_ref(ids));
    a->remove = FLAG_DELETED;
    run_action(ui, a, _("undeleting"));
}

void messages_delete(Ui *ui, GArray *ids_take)
{
    delete_ids(ui, ids_take);
}

void messages_mark_read(Ui *ui, GArray *ids_take)
{
    Action *a = action_new(ui, CHANGE_FLAGS, ids_take);
    a->add = FLAG_SEEN;
    g_autofree char *name = name_of(ui, a->ids);
    a->said = g_strdup_printf(_("Marked %s read"), name);
    run_action(ui, a, a->said);
}

/* ---- many at once ---- */

typedef struct {
    gint64 account, folder;
    char *pattern; /* NULL: everything in the folder */
} Find;

static void find_free(gpointer p)
{
    g_free(((Find *)p)->pattern);
    g_free(p);
}

static gpointer find_work(Store *s, gpointer data, const Cancel *stop, GError **err)
{
    Find *f = data;
    if (!f->pattern)
        return list_all(s, f->folder, SORT_DATE, TRUE, stop, err);
    return search_run(s, f->account, f->folder, f->pattern, PATTERN_MAX, stop, err);
}

static void find(Ui *ui, const char *pattern, LoadDone done)
{
    Selection at = panes_selection(ui);
    Find *f = g_new0(Find, 1);
    f->account = at.account;
    f->folder = at.folder;
    f->pattern = g_strdup(pattern);
    loader_run(ui->loader, LOAD_SEARCH, find_work, done, f, find_free, (GDestroyNotify)g_array_unref);
}

static void delete_answered(Ui *ui, char key, gpointer data)
{
    Pending *p = data;
    if (key == 'y')
        delete_ids(ui, g_array_ref(p->ids));
    pending_free(p);
}

static void found_to_delete(Ui *ui, gpointer result, const GError *err, gpointer data)
{
    GArray *ids = result;
    const Find *f = data;
    const Folder *folder = folder_view_folder(ui->panes->folders, f->folder);
    if (err || ids->len == 0) {
        if (err)
            ui_say(ui, NOTICE_ERROR, "%s", err->message);
        else
            ui_say(ui, NOTICE_INFO, _("Nothing here matches '%s'"), f->pattern);
        if (ids)
            g_array_unref(ids);
        return;
    }
    if (folder && folder->role == ROLE_TRASH) {
        ask_purge(ui, ids);
        return;
    }
    Pending *p = g_new0(Pending, 1);
    p->ids = ids;
    g_autofree char *question = g_strdup_printf(
        P_("Delete %u message that matches '%s'?", "Delete %u messages that match '%s'?", ids->len),
        ids->len, f->pattern);
    ui_ask_key(ui, question, "yn", delete_answered, p);
}

static void delete_pattern_typed(Ui *ui, const char *text, gpointer data)
{
    if (text && *text)
        find(ui, text, found_to_delete);
}

void cmd_delete_pattern(Ui *ui, char **args)
{
    if (ui_refuses(ui) || !panes_selection(ui).folder)
        return;
    g_autofree char *pattern = g_strjoinv(" ", args + 1);
    if (*pattern)
        delete_pattern_typed(ui, pattern, NULL);
    else
        ui_ask_completing(ui, _("Delete messages that match:"), "", COMPLETE_PATTERN,
                          delete_pattern_typed, NULL);
}

static void found_to_purge(Ui *ui, gpointer result, const GError *err, gpointer data)
{
    GArray *ids = result;
    if (err) {
        ui_say(ui, NOTICE_ERROR, "%s", err->message);
    } else if (ids->len) {
        ask_purge(ui, ids);
        return;
    } else {
        ui_say(ui, NOTICE_INFO, _("Changes are on their way; no message is marked deleted"));
    }
    if (ids)
        g_array_unref(ids);
}

void cmd_purge(Ui *ui, char **args)
{
    Selection at = panes_selection(ui);
    const Folder *f = folder_view_folder(ui->panes->folders, at.folder);
    if (ui_refuses(ui) || !f)
        return;
    (void)ui_request(ui, REQUEST_REPLAY, at.account, 0, 0);
    find(ui, f->role == ROLE_TRASH ? NULL : "is:deleted", found_to_purge);
}

/* ---- flags ---- */

/* Adds `flag` unless all have it (or, with `invert`, all lack it). */
static void toggle(Ui *ui, Flags flag, const char *on, const char *off)
{
    if (ui_refuses(ui))
        return;
    g_autoptr(GArray) ids = panes_targets(ui);
    if (ids->len == 0)
        return;
    g_autoptr(GPtrArray) rows = list_view_rows(ui->panes->list, ids);
    gboolean all = rows != NULL;
    for (guint i = 0; rows && i < rows->len; i++) {
        const Row *r = rows->pdata[i];
        all = all && (!r || (r->flags & flag));
    }
    Action *a = action_new(ui, CHANGE_FLAGS, g_array_ref(ids));
    a->add = all ? 0 : flag;
    a->remove = all ? flag : 0;
    g_autofree char *name = name_of(ui, ids);
    a->said = g_strdup_printf(all ? off : on, name);
    list_view_flags_pressed(ui->panes->list);
    run_action(ui, a, a->said);
}

void cmd_flag(Ui *ui, char **args)
{
    toggle(ui, FLAG_FLAGGED, _("Flagged %s"), _("Flag taken from %s"));
}

void cmd_toggle_new(Ui *ui, char **args)
{
    toggle(ui, FLAG_SEEN, _("Marked %s read"), _("Marked %s unread"));
}

void cmd_tagged(Ui *ui, char **args)
{
    g_autoptr(GArray) ids = list_view_tagged(ui->panes->list);
    if (ids->len == 0) {
        ui_say(ui, NOTICE_INFO, _("No message is tagged (t tags one, T those that match)"));
        return;
    }
    ui->apply_tagged = TRUE;
    ui_say(ui, NOTICE_INFO, P_("%u tagged: the next key acts on it", "%u tagged: the next key acts on all of them", ids->len), ids->len);
}
