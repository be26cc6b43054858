/* thread_command.c - what a person does with a conversation: delete, read, mute, break, join. */
#include "command.h"
#include "folder_view.h"
#include "list_view.h"
#include "message_command.h"
#include "panes.h"
#include "undo.h"
#include "writer.h"
#include "pintail/store/thread.h"
#include "pintail/util/i18n.h"

/* What belongs to the message under the cursor, in its folder, that message first. NULL: nothing is there, which was said. */
static GArray *thread_here(Ui *ui)
{
    g_autoptr(GError) err = NULL;
    Selection at = panes_selection(ui);
    gint64 thread = at.placement ? thread_of_placement(ui->store, at.placement) : 0;
    GArray *ids = thread ? thread_placements(ui->store, thread, at.folder, &err) : NULL;
    for (guint i = 1; ids && i < ids->len; i++)
        if (g_array_index(ids, gint64, i) == at.placement) {
            g_array_index(ids, gint64, i) = g_array_index(ids, gint64, 0);
            g_array_index(ids, gint64, 0) = at.placement;
        }
    if (ids && ids->len > 0)
        return ids;
    if (ids)
        g_array_unref(ids);
    ui_say(ui, err ? NOTICE_ERROR : NOTICE_WARNING, "%s", err ? err->message : _("There is no message here"));
    return NULL;
}

void cmd_delete_thread(Ui *ui, char **args)
{
    GArray *ids = ui_refuses(ui) ? NULL : thread_here(ui);
    if (!ids)
        return;
    /* from Trash nothing goes before the question was answered */
    const Folder *f = folder_view_folder(ui->panes->folders, panes_selection(ui).folder);
    if (f && f->role != ROLE_TRASH)
        list_view_leave_thread(ui->panes->list);
    messages_delete(ui, ids);
}

void cmd_read_thread(Ui *ui, char **args)
{
    GArray *ids = ui_refuses(ui) ? NULL : thread_here(ui);
    if (!ids)
        return;
    list_view_flags_pressed(ui->panes->list);
    messages_mark_read(ui, ids);
}

/* ---- what is kept by hand ---- */

typedef struct {
    ThreadUndo undo; /* how it is taken back */
    gint64 placement, parent, message, account;
    guint64 ticket;
    char *said;
} Hand;

static void hand_free(gpointer p)
{
    g_free(((Hand *)p)->said);
    g_free(p);
}

/* Writer thread. */
static gint64 hand_work(Store *s, gpointer data, GError **err)
{
    const Hand *h = data;
    gboolean done;
    if (h->undo == THREAD_UNDO_RESTORE)
        done = h->parent ? thread_join(s, h->placement, h->parent, err) : thread_break(s, h->placement, err);
    else
        done = thread_mute(s, thread_of_placement(s, h->placement), h->undo == THREAD_UNDO_UNMUTE, err);
    return done ? 1 : 0;
}

gboolean thread_command_undo(Store *s, gint64 placement, ThreadUndo how, GError **err)
{
    if (how == THREAD_UNDO_RESTORE)
        return thread_restore(s, placement, err);
    return thread_mute(s, thread_of_placement(s, placement), how == THREAD_UNDO_MUTE, err);
}

static void hand_done(Ui *ui, gint64 result, const GError *err, gpointer data)
{
    const Hand *h = data;
    if (err) {
        undo_failed(ui->undo, h->ticket);
        ui_say(ui, NOTICE_ERROR, "%s", err->message);
        return;
    }
    undo_committed(ui->undo, h->ticket, -h->placement, (gint64)h->undo);
    if (undo_wanted(ui->undo, h->ticket)) {
        Undone u = {.groups = {-h->placement, (gint64)h->undo}, .what = h->said, .placement = h->placement,
                    .message = h->message};
        messages_undo(ui, &u, h->account);
        return;
    }
    list_view_select_later(ui->panes->list, h->placement, h->message);
    ui_say(ui, NOTICE_INFO, _("%s.  u: undo"), h->said);
}

static void by_hand(Ui *ui, ThreadUndo undo, gint64 placement, gint64 parent, const char *said)
{
    Hand *h = g_new0(Hand, 1);
    h->undo = undo;
    h->placement = placement;
    h->parent = parent;
    h->account = panes_selection(ui).account;
    h->said = g_strdup(said);
    g_autoptr(GPtrArray) rows = rows_get(ui->store, &placement, 1, NULL);
    const Row *r = rows && rows->len ? rows->pdata[0] : NULL;
    h->message = r ? r->message : 0;
    h->ticket = undo_begin(ui->undo, said, placement, h->message);
    writer_run(ui->writer, hand_work, hand_done, h, hand_free);
}

/* 0: there is nothing, or it must not be changed, which was said. */
static gint64 message_here(Ui *ui)
{
    gint64 placement = ui_refuses(ui) ? 0 : panes_selection(ui).placement;
    if (!placement && !ui_is_read_only(ui))
        ui_say(ui, NOTICE_WARNING, _("There is no message here"));
    return placement;
}

void cmd_mute(Ui *ui, char **args)
{
    gint64 placement = message_here(ui);
    if (!placement)
        return;
    if (thread_is_muted(ui->store, thread_of_placement(ui->store, placement)))
        by_hand(ui, THREAD_UNDO_MUTE, placement, 0, _("The conversation is no longer muted"));
    else
        by_hand(ui, THREAD_UNDO_UNMUTE, placement, 0, _("Muted: what comes into this conversation is marked read"));
}

void cmd_break_thread(Ui *ui, char **args)
{
    gint64 placement = message_here(ui);
    if (placement)
        by_hand(ui, THREAD_UNDO_RESTORE, placement, 0, _("A conversation of its own now"));
}

void cmd_join_thread(Ui *ui, char **args)
{
    gint64 parent = message_here(ui);
    if (!parent)
        return;
    ui->apply_tagged = FALSE; /* it is about what is tagged anyway */
    g_autoptr(GArray) ids = list_view_tagged(ui->panes->list);
    guint joined = 0;
    for (guint i = 0; i < ids->len; i++) {
        gint64 id = g_array_index(ids, gint64, i);
        if (id == parent)
            continue;
        by_hand(ui, THREAD_UNDO_RESTORE, id, parent, _("Joined to this conversation"));
        joined++;
    }
    if (joined == 0)
        ui_say(ui, NOTICE_INFO, _("Tag what belongs below this message first (t)"));
    else
        list_view_clear_tags(ui->panes->list);
}
