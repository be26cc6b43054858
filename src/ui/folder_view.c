/* folder_view.c - the pane of accounts and folders.
 *
 * One row an account, its folders below it (special ones first), unread counts at the right, and at
 * the end the row that adds an account. Where not everything fits, only the account that is open
 * shows its folders: the others are one row each, with what is unread in their INBOX, and stay in view.
 *
 * An event that something changed costs one short query for the counters that did; the list is read again
 * when more than counters has changed. So ten thousand folders cost as little as ten. */
#include <string.h>
#include "folder_view.h"
#include "folder_rows.h"
#include "panes.h"
#include "scroll.h"
#include "pintail/util/i18n.h"
#include "pintail/util/text.h"

typedef struct {
    View view;
    GPtrArray *folders;  /* of Folder */
    GHashTable *by_id;   /* id (gint64 *, the folder's) -> Folder */
    GHashTable *names;   /* account (gint64 *) -> its name */
    GArray *rows;        /* of FolderRow */
    Scroll scroll;
    gint64 open;         /* the list shows it */
    gint64 seq;          /* what is here is as of this change; 0: nothing is */
    gboolean stale;      /* something has changed since */
    gboolean reload;     /* all of it is to be read, whatever has changed */
    gboolean remake;     /* the rows are to be made anew */
    FolderFilter filter; /* as they were made */
    FolderOrder order;
    int height;          /* rows of the pane when it was last drawn; 0: never */
    int pinned;          /* so many rows at the end do not scroll */
} FolderView;

const char *folder_label(const Folder *f)
{
    return f->label;
}

static const FolderRow *row_at(const FolderView *v, int i)
{
    return i >= 0 && i < (int)v->rows->len ? &g_array_index(v->rows, FolderRow, i) : NULL;
}

const char *folder_view_account_name(View *view, gint64 account)
{
    FolderView *v = (FolderView *)view;
    const char *name = g_hash_table_lookup(v->names, &account);
    if (name)
        return name;
    char *read = account_name(view->ui->store, account);
    if (!read)
        return "?";
    g_hash_table_insert(v->names, g_memdup2(&account, sizeof account), read);
    return read;
}

static void make_rows(FolderView *v)
{
    const FolderRow *at = row_at(v, v->scroll.cursor);
    gint64 folder = at && at->folder ? at->folder->id : 0, at_account = at ? at->account : 0;
    Conf *conf = v->view.ui->conf;
    v->filter = folder_filter_of(conf_string(conf, "folder-view"));
    v->order = folder_order_of(conf_string(conf, "folder-sort"));
    FolderRowsAs as = {.filter = v->filter,
                       .order = v->order,
                       .open = v->open,
                       .height = v->height,
                       .with_add = !v->view.ui->options->open_folder};
    v->remake = FALSE;
    folder_rows_make(v->folders, &as, v->rows, NULL);
    /* the cursor stays on its folder, or its account */
    for (guint i = 0; i < v->rows->len; i++) {
        const FolderRow *r = row_at(v, (int)i);
        if (folder ? r->folder && r->folder->id == folder
                   : at_account && r->kind == ROW_ACCOUNT && r->account == at_account)
            v->scroll.cursor = (int)i;
    }
}

/* An account that was taken out of the configuration keeps its mail and is not shown. With mistakes
 * in the configuration it may be missing because of one, so it stays in view. */
static GPtrArray *leave_out_removed(Ui *ui, GPtrArray *take)
{
    if (ui->options->open_folder || conf_mistakes(ui->conf)->len > 0)
        return take;
    GPtrArray *kept = g_ptr_array_new_full(take->len, (GDestroyNotify)folder_free);
    gint64 account = 0;
    gboolean removed = FALSE;
    for (guint i = 0; i < take->len; i++) {
        Folder *f = take->pdata[i];
        if (f->account_id != account) {
            account = f->account_id;
            removed = !ui_account(ui, account);
        }
        if (removed)
            folder_free(f);
        else
            g_ptr_array_add(kept, f);
    }
    g_ptr_array_set_free_func(take, NULL);
    g_ptr_array_unref(take);
    return kept;
}

/* An INBOX has more mail, and more unread, than before. */
static gboolean is_new_mail(const Folder *f, gint64 total, gint64 unread)
{
    return f->role == ROLE_INBOX && total > f->total && unread > f->unread;
}

static void index_folders(FolderView *v)
{
    g_hash_table_remove_all(v->by_id);
    for (guint i = 0; i < v->folders->len; i++) {
        Folder *f = v->folders->pdata[i];
        g_hash_table_insert(v->by_id, &f->id, f);
    }
}

static void read_all(FolderView *v, gint64 seq)
{
    Ui *ui = v->view.ui;
    g_autoptr(GError) err = NULL;
    GPtrArray *folders = folders_list(ui->store, 0, &err);
    if (!folders) {
        ui_say(ui, NOTICE_ERROR, "%s", err->message);
        return;
    }
    folders = leave_out_removed(ui, folders);
    gboolean ring = FALSE;
    for (guint i = 0; i < folders->len; i++) {
        const Folder *f = folders->pdata[i];
        const Folder *old = g_hash_table_lookup(v->by_id, &f->id);
        ring = ring || (old && is_new_mail(old, f->total, f->unread));
    }
    if (ring && conf_bool(ui->conf, "beep"))
        term_bell();
    GPtrArray *before = v->folders;
    v->folders = folders;
    v->seq = seq;
    index_folders(v);
    g_hash_table_remove_all(v->names);
    make_rows(v);
    if (before)
        g_ptr_array_unref(before);
}

/* Counters only: what has changed since, however many folders there are. */
static void take_counts(FolderView *v, const GArray *counts)
{
    gboolean ring = FALSE;
    for (guint i = 0; i < counts->len; i++) {
        const FolderCount *c = &g_array_index(counts, FolderCount, i);
        Folder *f = g_hash_table_lookup(v->by_id, &c->folder);
        if (!f || (f->total == c->total && f->unread == c->unread))
            continue;
        ring = ring || is_new_mail(f, c->total, c->unread);
        f->total = c->total;
        f->unread = c->unread;
        v->remake = TRUE;
    }
    if (ring && conf_bool(v->view.ui->conf, "beep"))
        term_bell();
}

static void fresh(FolderView *v)
{
    gboolean anew = FALSE;
    gint64 seq = 0;
    if (!v->stale)
        return;
    v->stale = FALSE;
    g_autoptr(GError) err = NULL;
    g_autoptr(GArray) counts = folders_counted(v->view.ui->store, v->seq, &seq, &anew, &err);
    if (!counts) {
        ui_say(v->view.ui, NOTICE_ERROR, "%s", err->message);
        return;
    }
    if (anew || v->reload || !v->folders) {
        v->reload = FALSE;
        read_all(v, seq);
        return;
    }
    v->seq = seq;
    take_counts(v, counts);
}

const GPtrArray *folder_view_folders(View *view)
{
    FolderView *v = (FolderView *)view;
    fresh(v);
    if (!v->folders)
        v->folders = g_ptr_array_new_with_free_func((GDestroyNotify)folder_free);
    return v->folders;
}

const Folder *folder_view_folder(View *view, gint64 id)
{
    (void)folder_view_folders(view);
    return g_hash_table_lookup(((FolderView *)view)->by_id, &id);
}

const Folder *folder_view_cursor(View *view, gint64 *account)
{
    FolderView *v = (FolderView *)view;
    const FolderRow *r = row_at(v, v->scroll.cursor);
    *account = r ? r->account : 0;
    return r ? r->folder : NULL;
}

void folder_view_note_open(View *view, gint64 folder)
{
    FolderView *v = (FolderView *)view;
    fresh(v);
    v->open = folder;
    if (v->folders)
        make_rows(v);
    for (guint i = 0; i < v->rows->len; i++) {
        const FolderRow *r = row_at(v, (int)i);
        if (r->folder && r->folder->id == folder)
            v->scroll.cursor = (int)i;
    }
}

/* ---- drawing ---- */

static void draw_row(FolderView *v, Surface *s, int y, const FolderRow *r, gboolean on, gboolean focused)
{
    int columns = surface_columns(s);
    Style over = !on ? 0 : style_of(focused ? "selected" : "selected.unfocused");
    if (r->kind == ROW_ACCOUNT) {
        Style style = style_merge(style_of("folders.account"), over);
        g_autofree char *unread = r->folded && r->unread > 0
                                      ? g_strdup_printf("%" G_GINT64_FORMAT, r->unread) : g_strdup("");
        int cells = (int)strlen(unread);
        surface_fill(s, y, 0, -1, over, " ");
        surface_field(s, y, 0, columns - (cells ? cells + 1 : 0), style, folder_view_account_name(&v->view, r->account));
        surface_put(s, y, columns - cells, cells, style_merge(style_of("folders.unread"), over), unread, -1);
        return;
    }
    if (r->kind == ROW_ADD) {
        g_autofree char *text = g_strdup_printf(" %s", _("+ add account"));
        surface_field(s, y, 0, columns, style_merge(style_of("folders.add"), over), text);
        return;
    }
    const Folder *f = r->folder;
    Style style = r->unread > 0 ? style_of("folders.unread") : style_of("folders");
    if (f->id == v->open)
        style = style_merge(style, style_of("folders.open"));
    if (f->flags & FOLDER_NOSELECT)
        style = style_of("folders.add");
    style = style_merge(style, over);
    g_autofree char *count = r->unread > 0 ? g_strdup_printf("%" G_GINT64_FORMAT, r->unread) : g_strdup("");
    int width = (int)strlen(count);
    const char *mark = f->id == v->open ? "▸" : r->folded ? "+" : f->flags & FOLDER_PINNED ? "*" : " ";
    surface_fill(s, y, 0, columns, style, " ");
    surface_put(s, y, 0, 1, style, mark, -1);
    surface_field(s, y, 1, columns - 2 - width, style, folder_label(f));
    surface_put(s, y, columns - width, width, style, count, -1);
}

/* What comes after the open account, when it is little: the other accounts should not be out of sight. */
static int rows_to_pin(const FolderView *v, int height)
{
    int count = (int)v->rows->len, tail = 0;
    if (count <= height || height < 6)
        return 0;
    while (tail < count && row_at(v, count - 1 - tail)->kind != ROW_FOLDER)
        tail++;
    return tail <= height / 3 ? tail : 0;
}

static void fit(FolderView *v, int height)
{
    int count = (int)v->rows->len, cursor = v->scroll.cursor;
    v->pinned = rows_to_pin(v, height);
    v->scroll.cursor = MIN(cursor, count - v->pinned - 1);
    scroll_fit(&v->scroll, count - v->pinned, height - v->pinned);
    v->scroll.count = count;
    v->scroll.cursor = CLAMP(cursor, 0, MAX(count - 1, 0));
}

/* Which row is drawn on line `y`. */
static int index_at(const FolderView *v, int y)
{
    return v->pinned && y >= v->scroll.page ? (int)v->rows->len - v->pinned + y - v->scroll.page
                                            : v->scroll.top + y;
}

static void folder_draw(View *view, Surface *s, gboolean focused)
{
    FolderView *v = (FolderView *)view;
    fresh(v);
    int rows = surface_rows(s);
    Conf *conf = view->ui->conf;
    gboolean other = v->filter != folder_filter_of(conf_string(conf, "folder-view")) ||
                     v->order != folder_order_of(conf_string(conf, "folder-sort"));
    if ((rows != v->height || v->remake || other) && v->folders) {
        v->height = rows;
        make_rows(v);
    }
    fit(v, rows);
    for (int i = 0; i < rows; i++) {
        int index = index_at(v, i);
        const FolderRow *r = row_at(v, index);
        if (!r)
            break;
        gboolean on = focused && index == v->scroll.cursor;
        draw_row(v, s, i, r, on, focused);
        if (on)
            ui_cursor(view->ui, s, i, 0);
    }
}

/* ---- commands ---- */

static void open_row(FolderView *v)
{
    const FolderRow *r = row_at(v, v->scroll.cursor);
    Ui *ui = v->view.ui;
    if (!r)
        return;
    if (r->kind == ROW_ADD) {
        ui_run_line(ui, "add-account");
    } else if (r->kind == ROW_ACCOUNT) {
        g_autoptr(Folder) inbox = folder_by_role(ui->store, r->account, ROLE_INBOX);
        if (inbox) {
            panes_open_folder(ui, inbox->id);
            panes_focus(ui, FOCUS_LIST);
        }
    } else if (r->folder->flags & FOLDER_NOSELECT) {
        ui_say(ui, NOTICE_INFO, _("\"%s\" holds only folders, no messages"), folder_label(r->folder));
    } else {
        panes_open_folder(ui, r->folder->id);
        panes_focus(ui, FOCUS_LIST);
    }
}

static gboolean folder_key(View *view, const Key *k)
{
    FolderView *v = (FolderView *)view;
    if (k->kind != KEY_MOUSE)
        return FALSE;
    if (k->mouse == MOUSE_WHEEL_UP || k->mouse == MOUSE_WHEEL_DOWN) {
        (void)scroll_command(&v->scroll, k->mouse == MOUSE_WHEEL_UP ? "up" : "down");
    } else if (k->mouse == MOUSE_CLICK && row_at(v, index_at(v, k->row))) {
        v->scroll.cursor = index_at(v, k->row);
        open_row(v);
    }
    return TRUE;
}

static gboolean folder_command(View *view, char **args)
{
    FolderView *v = (FolderView *)view;
    if (view->ui->panes->focus != FOCUS_FOLDERS)
        return FALSE;
    if (g_str_equal(args[0], "open")) {
        open_row(v);
        return TRUE;
    }
    return scroll_command(&v->scroll, args[0]);
}

static void folder_event(View *view, const Event *e)
{
    if (e->kind == EVENT_FOLDERS || e->kind == EVENT_FOLDER)
        ((FolderView *)view)->stale = TRUE;
}

static void folder_view_free(View *view)
{
    FolderView *v = (FolderView *)view;
    g_hash_table_unref(v->by_id);
    g_hash_table_unref(v->names);
    if (v->folders)
        g_ptr_array_unref(v->folders);
    g_array_unref(v->rows);
    g_free(v);
}

void folder_view_reload(View *view)
{
    FolderView *v = (FolderView *)view;
    v->stale = v->reload = TRUE;
}

static const ViewClass folder_class = {
    .context = "folders",
    .draw = folder_draw,
    .key = folder_key,
    .command = folder_command,
    .event = folder_event,
    .free = folder_view_free,
};

View *folder_view_new(Ui *ui)
{
    FolderView *v = g_new0(FolderView, 1);
    v->view.class = &folder_class;
    v->view.ui = ui;
    v->rows = g_array_new(FALSE, FALSE, sizeof(FolderRow));
    v->by_id = g_hash_table_new(g_int64_hash, g_int64_equal);
    v->names = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    v->stale = TRUE;
    return &v->view;
}
