/* list_view.c - the pane of messages.
 *
 * Cursor and first row shown are kept by placement through every change; the viewer previews
 * what is under the cursor. */
#include <stdlib.h>
#include <string.h>
#include "list_view.h"
#include "complete.h"
#include "folder_view.h"
#include "index_format.h"
#include "list_find.h"
#include "list_live.h"
#include "list_model.h"
#include "list_private.h"
#include "list_threads.h"
#include "loader.h"
#include "loop.h"
#include "scroll.h"
#include "status.h"
#include "viewer_view.h"
#include "writer.h"
#include "pintail/util/date.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"

#define FIRST_PAGE    200
#define TAGS_IN_ORDER 64

/* ---- keeping the place ---- */

typedef struct {
    gint64 cursor, top;
} Place;

static Place place_of(const ListView *v)
{
    return (Place){list_model_at(&v->model, v->scroll.cursor), list_model_at(&v->model, v->scroll.top)};
}

/* Where the message is that the cursor is to go to; -1: not there (yet). */
static int wanted_index(const ListView *v)
{
    int at = v->wanted ? list_model_index(&v->model, v->wanted) : -1;
    for (guint i = 0; at < 0 && v->wanted_message && i < v->model.added->len; i++) {
        gint64 id = g_array_index(v->model.added, gint64, i);
        const Row *r = list_model_row(&v->model, id);
        if (r && r->message == v->wanted_message) /* it came back under another number */
            at = list_model_index(&v->model, id);
    }
    return at;
}

/* Where the cursor's message is now; if it is gone, what came after it stays under the cursor. */
static void restore(ListView *v, Place p)
{
    int top = p.top ? list_model_index(&v->model, p.top) : -1;
    int cursor = p.cursor ? list_model_index(&v->model, p.cursor) : -1;
    if (v->scroll.top == 0) /* the newest stay in view while the cursor lets them */
        top = 0;
    if (top >= 0)
        v->scroll.top = top;
    if (cursor >= 0)
        v->scroll.cursor = cursor;
    int wanted = wanted_index(v);
    if (wanted >= 0) {
        v->scroll.cursor = wanted;
        v->wanted = v->wanted_message = 0;
    }
    scroll_fit(&v->scroll, list_model_len(&v->model), v->scroll.page);
}

/* The viewer follows the cursor. */
static void preview(ListView *v)
{
    gint64 placement = list_model_at(&v->model, v->scroll.cursor);
    list_model_need(&v->model, v->view.ui->store, v->scroll.cursor, 1);
    const Row *r = list_model_row(&v->model, placement);
    viewer_view_show(v->view.ui->panes->viewer, r ? placement : 0, r ? r->message : 0, FALSE);
}

void list_moved(ListView *v)
{
    scroll_fit(&v->scroll, list_model_len(&v->model), v->scroll.page);
    preview(v);
    v->view.ui->dirty = TRUE;
}

/* ---- loading ---- */

typedef struct {
    gint64 folder, seq;
    SortKey key;
    gboolean reverse, threads;
} Load;

static gpointer load_work(Store *s, gpointer data, const Cancel *stop, GError **err)
{
    Load *l = data;
    l->seq = store_change_seq(s);
    if (l->threads)
        return threads_all(s, l->folder, l->reverse, stop, err);
    return list_all(s, l->folder, l->key, l->reverse, stop, err);
}

static void update(ListView *v);

static void loaded(Ui *ui, gpointer result, const GError *err, gpointer data)
{
    ListView *v = (ListView *)ui->panes->list;
    Load *l = data;
    if (err || l->folder != v->model.folder || l->threads != (v->model.threads != NULL)) {
        if (err && !error_is(err, PINTAIL_ERROR_CANCELLED))
            ui_say(ui, NOTICE_ERROR, "%s", err->message);
        if (result)
            g_array_unref(result);
        return;
    }
    Place p = place_of(v);
    list_model_set(&v->model, result, l->seq);
    restore(v, p);
    update(v); /* what happened while it was read */
}

static void load_all(ListView *v)
{
    Load *l = g_new0(Load, 1);
    l->folder = v->model.folder;
    l->key = v->model.key;
    l->reverse = v->model.reverse;
    l->threads = v->model.threads != NULL;
    loader_run(v->view.ui->loader, LOAD_LIST, load_work, loaded, l, g_free,
               (GDestroyNotify)g_array_unref);
}

static void update(ListView *v)
{
    gboolean reload;
    Place p = place_of(v);
    gint64 message = viewer_view_message(v->view.ui->panes->viewer);
    if (list_model_update(&v->model, v->view.ui->store, &reload)) {
        restore(v, p);
        if (list_model_at(&v->model, v->scroll.cursor) != p.cursor || !message)
            preview(v);
        if (v->pattern)
            list_find_limit_again(v);
    }
    if (reload && !loader_busy_with(v->view.ui->loader, LOAD_LIST))
        load_all(v);
    v->view.ui->dirty = TRUE;
}

static SortKey sort_key(const Conf *c)
{
    static const char *const names[] = {[SORT_DATE] = "date", [SORT_FROM] = "from",
                                        [SORT_SUBJECT] = "subject", [SORT_SIZE] = "size",
                                        [SORT_ARRIVAL] = "arrival"};
    const char *wanted = conf_string(c, "sort");
    for (SortKey k = SORT_DATE; k <= SORT_ARRIVAL; k++)
        if (g_str_equal(wanted, names[k]))
            return k;
    return SORT_DATE;
}

static gboolean open_list(ListView *v, gint64 folder)
{
    Ui *ui = v->view.ui;
    g_autoptr(GError) err = NULL;
    int rows, columns;
    term_size(&rows, &columns);
    guint page = (guint)MAX(rows, FIRST_PAGE);
    gboolean reverse = conf_bool(ui->conf, "sort-reverse");
    gboolean open = conf_bool(ui->conf, "threads")
                        ? list_model_open_threads(&v->model, ui->store, folder, reverse, page, &err)
                        : list_model_open(&v->model, ui->store, folder, sort_key(ui->conf), reverse, page, &err);
    v->folded = FALSE;
    if (!open) {
        ui_say(ui, NOTICE_ERROR, "%s", err->message);
        return FALSE;
    }
    g_clear_pointer(&v->pattern, g_free);
    if (!v->model.complete)
        load_all(v);
    else
        loader_stop(ui->loader, LOAD_LIST);
    return TRUE;
}

void list_view_open(View *view, gint64 folder)
{
    ListView *v = (ListView *)view;
    Ui *ui = view->ui;
    g_autoptr(Folder) f = folder_get(ui->store, folder, NULL);
    if (!f || !open_list(v, folder))
        return;
    v->account = f->account_id;
    v->recipient = f->role == ROLE_SENT || f->role == ROLE_DRAFTS;
    v->wanted = v->wanted_message = 0;
    v->scroll.cursor = v->scroll.top = 0;
    if (!conf_bool(ui->conf, "sort-reverse")) /* the newest is at the end */
        v->scroll.cursor = v->scroll.top = list_model_len(&v->model);
    scroll_fit(&v->scroll, list_model_len(&v->model), v->scroll.page);
    list_find_forget(v);
    list_live_forget(v);
    preview(v);
    (void)ui_request(ui, REQUEST_OPEN, v->account, folder, 0);
    ui->dirty = TRUE;
}

void list_view_sort_changed(View *view)
{
    ListView *v = (ListView *)view;
    Place p = place_of(v);
    if (!v->model.folder || !open_list(v, v->model.folder))
        return;
    v->wanted = p.cursor;
    restore(v, (Place){0});
    list_moved(v);
}

/* ---- what others ask ---- */

Selection list_view_selection(View *view)
{
    ListView *v = (ListView *)view;
    Selection s = {.account = v->account, .folder = v->model.folder};
    s.placement = list_model_at(&v->model, v->scroll.cursor);
    list_model_need(&v->model, view->ui->store, v->scroll.cursor, 1);
    const Row *r = list_model_row(&v->model, s.placement);
    s.message = r ? r->message : 0;
    return s;
}

const Row *list_view_row(View *view)
{
    ListView *v = (ListView *)view;
    list_model_need(&v->model, view->ui->store, v->scroll.cursor, 1);
    return list_model_row(&v->model, list_model_at(&v->model, v->scroll.cursor));
}

static int by_place(gconstpointer a, gconstpointer b, gpointer model)
{
    return list_model_index(model, *(const gint64 *)a) - list_model_index(model, *(const gint64 *)b);
}

static int by_id(gconstpointer a, gconstpointer b)
{
    gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;
    return x < y ? -1 : x > y;
}

/* In the order of the rows; many in that of their arrival, which needs no look at each. */
static GArray *tagged_in_threads(ListView *v)
{
    GArray *ids = g_array_new(FALSE, FALSE, sizeof(gint64));
    GHashTableIter it;
    gpointer key;
    g_hash_table_iter_init(&it, v->model.tags);
    while (g_hash_table_iter_next(&it, &key, NULL))
        g_array_append_val(ids, *(gint64 *)key);
    g_array_sort(ids, by_id);
    if (ids->len <= TAGS_IN_ORDER)
        g_array_sort_with_data(ids, by_place, &v->model);
    return ids;
}

GArray *list_view_targets(View *view)
{
    return list_threads_targets((ListView *)view);
}

GArray *list_view_tagged(View *view)
{
    ListView *v = (ListView *)view;
    if (v->model.threads)
        return tagged_in_threads(v);
    GArray *ids = g_array_new(FALSE, FALSE, sizeof(gint64));
    for (guint i = 0; i < v->model.ids->len; i++) { /* in the order of the list */
        gint64 id = g_array_index(v->model.ids, gint64, i);
        if (g_hash_table_size(v->model.tags) && g_hash_table_contains(v->model.tags, &id))
            g_array_append_val(ids, id);
    }
    return ids;
}

void list_view_clear_tags(View *view)
{
    g_hash_table_remove_all(((ListView *)view)->model.tags);
    view->ui->dirty = TRUE;
}

GPtrArray *list_view_rows(View *view, const GArray *ids)
{
    return rows_get(view->ui->store, (const gint64 *)(const void *)ids->data, ids->len, NULL);
}

void list_view_select_later(View *view, gint64 placement, gint64 message)
{
    ListView *v = (ListView *)view;
    if (list_view_select(view, placement))
        return;
    v->wanted_message = message;
    /* The change may have been applied already, before the writer's answer was delivered. */
    int at = list_model_find_message(&v->model, message);
    if (at < 0)
        return;
    v->wanted = v->wanted_message = 0;
    v->scroll.cursor = at;
    list_moved(v);
}

gboolean list_view_select(View *view, gint64 placement)
{
    ListView *v = (ListView *)view;
    int at = list_model_index(&v->model, placement);
    v->wanted_message = 0;
    if (at < 0) {
        v->wanted = placement; /* as soon as it is there */
        return FALSE;
    }
    v->wanted = 0;
    v->scroll.cursor = at;
    list_moved(v);
    return TRUE;
}

void list_view_advance(View *view)
{
    ListView *v = (ListView *)view;
    int last = list_model_len(&v->model) - 1;
    v->scroll.cursor += v->scroll.cursor < last ? 1 : v->scroll.cursor > 0 ? -1 : 0;
    list_moved(v);
}

void list_view_leave_thread(View *view)
{
    ListView *v = (ListView *)view;
    int at = list_threads_after(v);
    if (at < 0)
        return;
    v->scroll.cursor = at;
    list_moved(v);
}

gint64 list_view_position(View *view, guint *total)
{
    ListView *v = (ListView *)view;
    *total = (guint)list_model_len(&v->model);
    return *total ? v->scroll.cursor + 1 : 0;
}

char *list_view_summary(View *view)
{
    ListView *v = (ListView *)view;
    const Folder *f = v->model.folder
                          ? folder_view_folder(view->ui->panes->folders, v->model.folder) : NULL;
    if (!f)
        return g_strdup(_("no folder"));
    g_autoptr(GString) s = g_string_new(folder_label(f));
    gint64 total = MAX(f->total, 0);
    g_string_append_printf(s, P_("  %lld message", "  %lld messages", total), (long long)total);
    if (f->unread > 0)
        g_string_append_printf(s, _(", %lld unread"), (long long)f->unread);
    if (v->pattern)
        g_string_append_printf(s, _(", %u match '%s'"), (guint)list_model_len(&v->model), v->pattern);
    guint tagged = g_hash_table_size(v->model.tags);
    if (tagged)
        g_string_append_printf(s, _(", %u tagged"), tagged);
    return g_string_free(g_steal_pointer(&s), FALSE);
}

/* ---- reading ---- */

static void seen_committed(Ui *ui, gint64 group, const GError *err, gpointer data)
{
    if (!err)
        (void)ui_request(ui, REQUEST_REPLAY, *(gint64 *)data, 0, 0);
    else if (!error_is(err, PINTAIL_ERROR_GONE))
        ui_say(ui, NOTICE_ERROR, "%s", err->message);
}

static void mark_seen(Ui *ui, gint64 account, gint64 placement)
{
    Change c = {.kind = CHANGE_FLAGS, .placements = &placement, .n = 1, .add = FLAG_SEEN};
    if (ui_is_read_only(ui))
        return;
    writer_change(ui->writer, &c, seen_committed, g_memdup2(&account, sizeof account), g_free);
}

static void seen_after_a_while(Ui *ui, gpointer data)
{
    ListView *v = data;
    v->seen_timer = 0;
    Selection s = list_view_selection(&v->view);
    const Row *r = list_view_row(&v->view);
    if (r && s.placement == v->seen_placement && !(r->flags & FLAG_SEEN))
        mark_seen(ui, s.account, s.placement);
}

void list_view_opened(View *view)
{
    ListView *v = (ListView *)view;
    Ui *ui = view->ui;
    const Row *r = list_view_row(view);
    const char *when = conf_string(ui->conf, "mark-seen");
    loop_cancel(ui->loop, v->seen_timer);
    v->seen_timer = 0;
    if (!r || (r->flags & FLAG_SEEN) || g_str_equal(when, "never"))
        return;
    if (g_str_equal(when, "open")) {
        mark_seen(ui, v->account, r->placement);
        return;
    }
    char *unit;
    gulong seconds = strtoul(when, &unit, 10);
    seconds = MIN(seconds, 3600) * (*unit == 'm' ? 60 : 1);
    v->seen_placement = r->placement;
    v->seen_timer = loop_after(ui->loop, (guint)seconds * 1000, seen_after_a_while, v);
}

void list_view_flags_pressed(View *view)
{
    ListView *v = (ListView *)view;
    loop_cancel(view->ui->loop, v->seen_timer);
    v->seen_timer = 0;
}

static void show_opened(ListView *v)
{
    Ui *ui = v->view.ui;
    Selection s = list_view_selection(&v->view);
    viewer_view_show(ui->panes->viewer, s.placement, s.message, TRUE);
    list_view_opened(&v->view);
}

static void open_message(ListView *v)
{
    Ui *ui = v->view.ui;
    Selection s = list_view_selection(&v->view);
    if (!s.message) {
        ui_say(ui, NOTICE_INFO, _("There is no message here"));
        return;
    }
    if (list_open_elsewhere(ui, s))
        return;
    panes_focus(ui, FOCUS_VIEWER);
    show_opened(v);
}

/* ---- drawing ---- */

static Style row_style(const ListView *v, const Row *r)
{
    gint64 id = r->placement;
    Style s = style_of("list");
    if (!(r->flags & FLAG_SEEN))
        s = style_merge(s, style_of("list.unread"));
    if (r->flags & FLAG_FLAGGED)
        s = style_merge(s, style_of("list.flagged"));
    if (r->parked)
        s = style_merge(s, style_of("list.parked"));
    if (g_hash_table_contains(v->model.tags, &id))
        s = style_merge(s, style_of("list.tagged"));
    if (r->flags & FLAG_DELETED)
        s = style_merge(s, style_of("list.deleted"));
    return s;
}

static void draw_header(ListView *v, Surface *s, const IndexCell *cells)
{
    Style style = style_of("list.header");
    for (guint i = 0; i < v->format.n; i++) {
        const IndexField *f = &v->format.fields[i];
        if (!f->letter)
            continue;
        const char *title = index_format_title(f->letter, v->recipient);
        int width = (int)g_utf8_strlen(title, -1);
        int at = 1 + cells[i].column + (f->right ? MAX(cells[i].cells - width, 0)
                                                 : f->letter == 's' ? 1 : 0);
        surface_put(s, 0, at, MIN(cells[i].cells, width), style, title, -1);
    }
}

static void draw_row(ListView *v, Surface *s, int y, int index, const IndexCell *cells, Branches *branches,
                     gboolean on, gboolean focused)
{
    ThreadRow thread = {0};
    const Row *r = list_model_row(&v->model, list_model_at(&v->model, index));
    Style over = !on ? 0 : style_of(focused ? "selected" : "selected.unfocused");
    (void)list_model_thread(&v->model, index, &thread);
    Style style = r ? row_style(v, r) : style_of("list");
    if (thread.folded && thread.unread > 0)
        style = style_merge(style, style_of("list.unread"));
    style = style_merge(style, over);
    surface_fill(s, y, 0, -1, style, " ");
    surface_put(s, y, 0, 1, style, on ? "▸" : " ", -1);
    if (!r) /* it has just gone; the next event takes it out of the list */
        return;
    IndexValues values = {r, (guint)index + 1, g_hash_table_contains(v->model.tags, &r->placement),
                          v->recipient, v->now, .thread_unread = thread.folded && thread.unread > 0,
                          .hidden = thread.folded ? thread.total - 1 : 0};
    for (guint i = 0; i < v->format.n; i++) {
        const IndexField *f = &v->format.fields[i];
        if (cells[i].cells <= 0)
            continue;
        g_autofree char *tree = f->letter == 's' ? list_threads_prefix(v, branches, index, cells[i].cells) : NULL;
        values.tree = tree;
        g_autofree char *text = index_format_text(f, &values, cells[i].cells);
        int skip = 0;
        if (f->right) {
            int width = (int)text_width(text, -1);
            skip = MAX(cells[i].cells - width, 0);
        }
        surface_field(s, y, 1 + cells[i].column + skip, cells[i].cells - skip, style, text);
    }
}

/* A folder of which nothing is known yet is not an empty one. */
static const char *nothing_here(ListView *v)
{
    const Folder *f = folder_view_folder(v->view.ui->panes->folders, v->model.folder);
    if (!f || f->uidvalidity != 0 || (f->flags & FOLDER_LOCAL))
        return _("No messages");
    AccountState state = status_account_state(v->view.ui, v->account);
    return state == ACCOUNT_ONLINE || state == ACCOUNT_CONNECTING ? _("Fetching…") : _("Not fetched yet");
}

static void draw_empty(ListView *v, Surface *s)
{
    const char *text = v->pattern                             ? _("No message matches")
                       : !v->model.folder                     ? _("No folder is open")
                       : loader_busy_with(v->view.ui->loader, LOAD_LIST) ? _("Reading…")
                                                              : nothing_here(v);
    surface_put(s, 1, 2, -1, style_of("viewer.note"), text, -1);
}

static void list_draw(View *view, Surface *s, gboolean focused)
{
    ListView *v = (ListView *)view;
    IndexCell cells[INDEX_COLUMNS_MAX];
    int rows = surface_rows(s) - 1, columns = surface_columns(s);
    const char *format = conf_string(view->ui->conf, "index-format");
    if (g_strcmp0(format, v->format_text) != 0) {
        g_free(v->format_text);
        v->format_text = g_strdup(format);
        index_format_parse(&v->format, format);
    }
    v->now = date_now();
    index_format_place(&v->format, columns - 1, cells);
    draw_header(v, s, cells);
    scroll_fit(&v->scroll, list_model_len(&v->model), rows);
    list_model_need(&v->model, view->ui->store, v->scroll.top, rows);
    list_threads_load(v);
    Branches branches = {.next = -1};
    for (int i = 0; i < rows && v->scroll.top + i < list_model_len(&v->model); i++) {
        int index = v->scroll.top + i;
        draw_row(v, s, i + 1, index, cells, &branches, index == v->scroll.cursor, focused);
        if (focused && index == v->scroll.cursor)
            ui_cursor(view->ui, s, i + 1, 0);
    }
    if (list_model_len(&v->model) == 0)
        draw_empty(v, s);
}

/* ---- commands ---- */

static gboolean list_key(View *view, const Key *k)
{
    ListView *v = (ListView *)view;
    if (k->kind != KEY_MOUSE)
        return FALSE;
    if (k->mouse == MOUSE_WHEEL_UP || k->mouse == MOUSE_WHEEL_DOWN) {
        v->scroll.cursor += k->mouse == MOUSE_WHEEL_UP ? -3 : 3;
        v->scroll.cursor = CLAMP(v->scroll.cursor, 0, MAX(list_model_len(&v->model) - 1, 0));
        list_moved(v);
    } else if (k->row >= 1 && v->scroll.top + k->row - 1 < list_model_len(&v->model)) {
        if (k->mouse == MOUSE_CLICK) {
            v->scroll.cursor = v->scroll.top + k->row - 1;
            list_moved(v);
        } else if (k->mouse == MOUSE_DOUBLE) {
            open_message(v);
        }
    }
    return TRUE;
}

static void step(ListView *v, int by)
{
    int next = v->scroll.cursor + by;
    if (next < 0 || next >= list_model_len(&v->model)) {
        ui_say(v->view.ui, NOTICE_INFO, by > 0 ? _("This is the last message") : _("This is the first message"));
        return;
    }
    v->scroll.cursor = next;
    list_moved(v);
    if (v->view.ui->panes->focus == FOCUS_VIEWER)
        show_opened(v);
}

static void tag(ListView *v)
{
    gint64 id = list_model_at(&v->model, v->scroll.cursor);
    if (!id)
        return;
    if (!g_hash_table_remove(v->model.tags, &id))
        g_hash_table_add(v->model.tags, g_memdup2(&id, sizeof id));
    if (v->view.ui->panes->focus == FOCUS_LIST && v->scroll.cursor + 1 < list_model_len(&v->model)) {
        v->scroll.cursor++;
        list_moved(v);
    }
}

static void sort_command(ListView *v, const char *key)
{
    Ui *ui = v->view.ui;
    g_autoptr(GError) err = NULL;
    gboolean threads = g_str_equal(key, "threads"), had = conf_bool(ui->conf, "threads");
    gboolean same = threads ? had : !had && g_str_equal(key, conf_string(ui->conf, "sort"));
    gboolean reverse = conf_bool(ui->conf, "sort-reverse");
    /* dates begin with the newest, names with A */
    gboolean wanted = same ? !reverse : !(g_str_equal(key, "from") || g_str_equal(key, "subject"));
    if ((!threads && !conf_set(ui->conf, "sort", key, &err)) ||
        (threads != had && !conf_set(ui->conf, "threads", threads ? "on" : "off", &err)) ||
        (wanted != reverse && !conf_set(ui->conf, "sort-reverse", wanted ? "on" : "off", &err)))
        ui_say(ui, NOTICE_WARNING, "%s", err->message);
    else
        ui_say(ui, NOTICE_INFO, wanted ? _("Sorted by %s, reversed") : _("Sorted by %s"), key);
}

static void sort_chosen(Ui *ui, char key, gpointer data)
{
    static const char *const names[] = {"threads", "date", "arrival", "from", "subject", "size"};
    static const char keys[] = "tdafsz";
    const char *at = key ? strchr(keys, key) : NULL;
    if (at)
        sort_command((ListView *)ui->panes->list, names[at - keys]);
}

static void jump(ListView *v, const char *where)
{
    guint64 n;
    guint total = (guint)list_model_len(&v->model);
    if (where && g_ascii_string_to_unsigned(where, 10, 1, MAX(total, 1), &n, NULL)) {
        v->scroll.cursor = (int)n - 1;
        list_moved(v);
    } else {
        ui_say(v->view.ui, NOTICE_WARNING, _("jump takes a number from 1 to %u"), total);
    }
}

/* From here on the cursor is where the person put it, whatever comes back later. */
static void moved_by_hand(ListView *v)
{
    v->wanted = v->wanted_message = 0;
    list_moved(v);
}

static gboolean list_command(View *view, char **args)
{
    ListView *v = (ListView *)view;
    Ui *ui = view->ui;
    const char *name = args[0];
    g_autofree char *rest = g_strjoinv(" ", args + 1);
    if (list_find_command(v, name, rest) || list_threads_command(v, name, rest))
        return TRUE;
    if (g_str_equal(name, "open"))
        open_message(v);
    else if (g_str_equal(name, "next-message") || g_str_equal(name, "previous-message"))
        step(v, name[0] == 'n' ? 1 : -1);
    else if (g_str_equal(name, "tag"))
        tag(v);
    else if (g_str_equal(name, "untag-all"))
        list_view_clear_tags(view);
    else if (g_str_equal(name, "jump"))
        jump(v, args[1]);
    else if (g_str_equal(name, "sort") && *rest)
        sort_command(v, rest);
    else if (g_str_equal(name, "sort"))
        ui_ask_key(ui, _("Sort by: t threads, d date, a arrival, f from, s subject, z size"), "tdafsz", sort_chosen, NULL);
    else if (ui->panes->focus == FOCUS_LIST && scroll_command(&v->scroll, name))
        moved_by_hand(v);
    else
        return FALSE;
    return TRUE;
}

/* The folder on the screen is gone: its rows mean nothing any more. */
static void leave_folder_that_is_gone(ListView *v)
{
    Ui *ui = v->view.ui;
    g_autoptr(Folder) open = folder_get(ui->store, v->model.folder, NULL);
    g_autoptr(Folder) inbox = open ? NULL : folder_by_role(ui->store, v->account, ROLE_INBOX);
    if (!inbox)
        return;
    panes_open_folder(ui, inbox->id);
    ui_say(ui, NOTICE_WARNING, _("The folder that was open is not there any more"));
}

static void list_event(View *view, const Event *e)
{
    ListView *v = (ListView *)view;
    if (!v->model.folder)
        return;
    if (e->kind == EVENT_ACCOUNT && e->account_id == v->account && e->state == ACCOUNT_CONNECTING) {
        /* a worker that begins (again) does not know what is on the screen */
        (void)ui_request(view->ui, REQUEST_OPEN, v->account, v->model.folder, 0);
        return;
    }
    if (e->kind == EVENT_FOLDERS)
        leave_folder_that_is_gone(v);
    if (e->kind != EVENT_FOLDER)
        return;
    if (e->folder_id == v->model.folder || e->folder_id == 0)
        update(v);
}

static void list_free(View *view)
{
    ListView *v = (ListView *)view;
    list_model_clear(&v->model);
    index_format_clear(&v->format);
    list_find_forget(v);
    list_live_forget(v);
    g_free(v->format_text);
    g_free(v->pattern);
    g_free(v);
}

static const ViewClass list_class = {
    .context = "list",
    .draw = list_draw,
    .key = list_key,
    .command = list_command,
    .event = list_event,
    .free = list_free,
};

View *list_view_new(Ui *ui)
{
    ListView *v = g_new0(ListView, 1);
    v->view.class = &list_class;
    v->view.ui = ui;
    list_model_init(&v->model);
    return &v->view;
}
