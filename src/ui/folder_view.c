/* folder_view.c - the pane of accounts and folders.
 *
 * One row an account, its folders below it (special ones first), unread counts at the right, and at
 * the end the row that adds an account. Where not everything fits, only the account that is open
 * shows its folders: the others are one row each, with what is unread in their INBOX, and stay in view. Folders are read again when an event says that
 * they changed: one short query. */
#include <string.h>
#include "folder_view.h"
#include "panes.h"
#include "scroll.h"
#include "pintail/util/i18n.h"
#include "pintail/util/text.h"

typedef enum { ROW_ACCOUNT, ROW_FOLDER, ROW_ADD } RowKind;

typedef struct {
    RowKind kind;
    gint64 account;
    const Folder *folder; /* borrowed from `folders` */
    char *text;           /* ROW_ACCOUNT */
    gboolean folded;      /* its folders are not shown */
    gint64 unread;        /* in its INBOX */
} FolderRow;

typedef struct {
    View view;
    GPtrArray *folders; /* of Folder */
    GArray *rows;       /* of FolderRow */
    Scroll scroll;
    gint64 open;        /* the list shows it */
    gboolean stale;
    int height;         /* rows of the pane when it was last drawn; 0: never */
    int pinned;         /* so many rows at the end do not scroll */
} FolderView;

static void row_clear(gpointer p)
{
    g_free(((FolderRow *)p)->text);
}

const char *folder_label(const Folder *f)
{
    return f->name;
}

static const FolderRow *row_at(const FolderView *v, int i)
{
    return i >= 0 && i < (int)v->rows->len ? &g_array_index(v->rows, FolderRow, i) : NULL;
}

static void add_row(FolderView *v, RowKind kind, gint64 account, const Folder *f, char *text_take)
{
    FolderRow r = {.kind = kind, .account = account, .folder = f, .text = text_take};
    g_array_append_val(v->rows, r);
}

/* The account whose folders are shown where not all can be; 0: none is open. */
static gint64 open_account(const FolderView *v)
{
    for (guint i = 0; i < v->folders->len; i++) {
        const Folder *f = v->folders->pdata[i];
        if (f->id == v->open)
            return f->account_id;
    }
    return 0;
}

static int rows_unfolded(const FolderView *v, gboolean with_add)
{
    int rows = (int)v->folders->len + (with_add ? 1 : 0);
    gint64 account = 0;
    for (guint i = 0; i < v->folders->len; i++) {
        const Folder *f = v->folders->pdata[i];
        rows += f->account_id != account ? 1 : 0;
        account = f->account_id;
    }
    return rows;
}

static void make_rows(FolderView *v)
{
    const FolderRow *at = row_at(v, v->scroll.cursor);
    gint64 folder = at && at->folder ? at->folder->id : 0, at_account = at ? at->account : 0;
    gboolean with_add = !v->view.ui->options->open_folder;
    gint64 account = 0, open = open_account(v);
    gboolean fold = open != 0 && v->height > 0 && rows_unfolded(v, with_add) > v->height;
    g_array_set_size(v->rows, 0);
    for (guint i = 0; i < v->folders->len; i++) {
        const Folder *f = v->folders->pdata[i];
        if (f->account_id != account) {
            account = f->account_id;
            add_row(v, ROW_ACCOUNT, account, NULL, account_name(v->view.ui->store, account));
        }
        FolderRow *head = &g_array_index(v->rows, FolderRow, v->rows->len - 1);
        if (fold && account != open) {
            head->folded = TRUE;
            head->unread += f->role == ROLE_INBOX ? f->unread : 0;
        } else {
            add_row(v, ROW_FOLDER, account, f, NULL);
        }
    }
    if (with_add)
        add_row(v, ROW_ADD, 0, NULL, NULL);
    /* the cursor stays on its folder, or its account */
    for (guint i = 0; i < v->rows->len; i++) {
        const FolderRow *r = row_at(v, (int)i);
        if (folder ? r->folder && r->folder->id == folder : at_account && r->kind == ROW_ACCOUNT && r->account == at_account)
            v->scroll.cursor = (int)i;
    }
}

/* Has an INBOX more mail, and more unread, than when it was last read? */
static gboolean has_new_mail(const GPtrArray *before, const GPtrArray *now)
{
    for (guint i = 0; before && i < before->len; i++) {
        const Folder *old = before->pdata[i];
        for (guint k = 0; old->role == ROLE_INBOX && k < now->len; k++) {
            const Folder *f = now->pdata[k];
            if (f->id == old->id && f->total > old->total && f->unread > old->unread)
                return TRUE;
        }
    }
    return FALSE;
}

/* An account that was taken out of the configuration keeps its mail and is not shown. With mistakes
 * in the configuration it may be missing because of one, so it stays in view. */
static void leave_out_removed(Ui *ui, GPtrArray *folders)
{
    if (ui->options->open_folder || conf_mistakes(ui->conf)->len > 0)
        return;
    gint64 account = 0;
    gboolean removed = FALSE;
    for (guint i = 0; i < folders->len;) {
        const Folder *f = folders->pdata[i];
        if (f->account_id != account) {
            account = f->account_id;
            removed = !ui_account(ui, account);
        }
        if (removed)
            g_ptr_array_remove_index(folders, i);
        else
            i++;
    }
}

static void read_folders(FolderView *v)
{
    Ui *ui = v->view.ui;
    g_autoptr(GError) err = NULL;
    GPtrArray *folders = folders_list(ui->store, 0, &err);
    v->stale = FALSE;
    if (!folders) {
        ui_say(ui, NOTICE_ERROR, "%s", err->message);
        return;
    }
    leave_out_removed(ui, folders);
    if (conf_bool(ui->conf, "beep") && has_new_mail(v->folders, folders))
        term_bell();
    GPtrArray *before = v->folders;
    v->folders = folders;
    make_rows(v);
    if (before)
        g_ptr_array_unref(before);
}

static void fresh(FolderView *v)
{
    if (v->stale)
        read_folders(v);
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
    const GPtrArray *folders = folder_view_folders(view);
    for (guint i = 0; i < folders->len; i++)
        if (((Folder *)folders->pdata[i])->id == id)
            return folders->pdata[i];
    return NULL;
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
        surface_field(s, y, 0, columns - (cells ? cells + 1 : 0), style, r->text ? r->text : "?");
        surface_put(s, y, columns - cells, cells, style_merge(style_of("folders.unread"), over), unread, -1);
        return;
    }
    if (r->kind == ROW_ADD) {
        g_autofree char *text = g_strdup_printf(" %s", _("+ add account"));
        surface_field(s, y, 0, columns, style_merge(style_of("folders.add"), over), text);
        return;
    }
    const Folder *f = r->folder;
    Style style = f->unread > 0 ? style_of("folders.unread") : style_of("folders");
    if (f->id == v->open)
        style = style_merge(style, style_of("folders.open"));
    if (f->flags & FOLDER_NOSELECT)
        style = style_of("folders.add");
    style = style_merge(style, over);
    g_autofree char *count =
        f->unread > 0 ? g_strdup_printf("%" G_GINT64_FORMAT, f->unread) : g_strdup("");
    int width = (int)strlen(count);
    surface_fill(s, y, 0, columns, style, " ");
    surface_put(s, y, 0, 1, style, f->id == v->open ? "▸" : " ", -1);
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
    if (rows != v->height && v->folders) {
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
        ui_say(ui, NOTICE_INFO, _("\"%s\" holds only folders, no messages"), r->folder->name);
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
    if (v->folders)
        g_ptr_array_unref(v->folders);
    g_array_unref(v->rows);
    g_free(v);
}

void folder_view_reload(View *view)
{
    ((FolderView *)view)->stale = TRUE;
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
    g_array_set_clear_func(v->rows, row_clear);
    v->stale = TRUE;
    return &v->view;
}
