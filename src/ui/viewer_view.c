/* viewer_view.c - the pane that shows one message.
 *
 * The loader reads and renders; this draws. What is not here is asked of the server: at once when the
 * person opened the message, after a moment's rest of the cursor when it is only previewed. */
#include <string.h>
#include "command.h"
#include "list_view.h"
#include "loader.h"
#include "loop.h"
#include "viewer_private.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/text.h"

#define PREVIEW_REST_MS 150
#define SLOW_MS         10000
#define RETRIES         5

/* ---- rows ---- */

int viewer_total_rows(const Viewer *v)
{
    return (int)v->heads->len + (v->rows.rows ? (int)v->rows.rows->len : 0);
}

static void make_rows(Viewer *v)
{
    viewer_make_heads(v);
    viewer_rows_begin(&v->rows, v->loaded ? v->loaded->rendered : NULL, v->width, v->hide_quotes);
    v->match = -1;
}

static void have_rows(Viewer *v)
{
    viewer_rows_extend(&v->rows, (guint)MAX(v->top + 2 * v->page + 50, 0), NULL);
}

void viewer_scroll_to(Viewer *v, int top)
{
    v->top = MAX(top, 0);
    have_rows(v);
    v->top = CLAMP(v->top, 0, MAX(viewer_total_rows(v) - v->page, 0));
    v->view.ui->dirty = TRUE;
}

/* The first visible line of text stays where it is when the width changes. */
static void rewrap(Viewer *v, int width)
{
    int at = v->top - (int)v->heads->len;
    guint line = 0, start = 0;
    gboolean in_text = at >= 0 && v->rows.rows && at < (int)v->rows.rows->len;
    if (in_text) {
        const ViewerRow *r = &g_array_index(v->rows.rows, ViewerRow, at);
        line = r->line;
        start = r->start;
    }
    v->width = width;
    make_rows(v);
    if (!in_text)
        return;
    guint i = 0;
    for (;; i++) {
        if (i >= v->rows.rows->len) {
            if (v->rows.complete)
                break;
            viewer_rows_extend(&v->rows, i + 500, NULL);
            if (i >= v->rows.rows->len)
                break;
        }
        const ViewerRow *r = &g_array_index(v->rows.rows, ViewerRow, i);
        if (r->line > line || (r->line == line && r->start + r->len > start))
            break;
    }
    v->top = (int)v->heads->len + (int)i;
}

/* ---- the end of a long message: the loader wraps it ---- */

typedef struct {
    Loaded *loaded;
    ViewerRows rows;
} Wrapping;

static void wrapping_free(gpointer p)
{
    Wrapping *w = p;
    viewer_rows_clear(&w->rows);
    loaded_unref(w->loaded);
    g_free(w);
}

static gpointer wrap_work(Store *s, gpointer data, const Cancel *stop, GError **err)
{
    Wrapping *w = data;
    viewer_rows_extend(&w->rows, G_MAXUINT, stop);
    return NULL;
}

static void wrapped(Ui *ui, gpointer result, const GError *err, gpointer data)
{
    Viewer *v = (Viewer *)ui->panes->viewer;
    Wrapping *w = data;
    if (w->loaded != v->loaded || w->rows.width != v->rows.width ||
        w->rows.hide_quotes != v->rows.hide_quotes)
        return;
    viewer_rows_clear(&v->rows);
    v->rows = w->rows;
    w->rows = (ViewerRows){0};
    if (v->to_end)
        viewer_scroll_to(v, viewer_total_rows(v));
    v->to_end = FALSE;
}

static void go_to_end(Viewer *v)
{
    viewer_rows_extend(&v->rows, 5000, NULL); /* as many as a frame has time for */
    if (v->rows.complete || !v->loaded || !v->loaded->rendered) {
        viewer_scroll_to(v, viewer_total_rows(v));
        return;
    }
    Wrapping *w = g_new0(Wrapping, 1);
    w->loaded = loaded_ref(v->loaded);
    viewer_rows_begin(&w->rows, v->loaded->rendered, v->rows.width, v->rows.hide_quotes);
    v->to_end = TRUE;
    loader_run(v->view.ui->loader, LOAD_LAYOUT, wrap_work, wrapped, w, wrapping_free, NULL);
}

/* ---- content ---- */

typedef struct {
    gint64 message;
    Reader how;
    char *charset, *filter;
} Wanted;

static void wanted_free(gpointer p)
{
    Wanted *w = p;
    g_free(w->charset);
    g_free(w->filter);
    g_hash_table_unref(w->how.filters);
    g_free(w);
}

static void forget(Viewer *v)
{
    Loop *loop = v->view.ui->loop;
    loop_cancel(loop, v->fetch_timer);
    loop_cancel(loop, v->slow_timer);
    v->fetch_timer = v->slow_timer = 0;
    viewer_rows_clear(&v->rows);
    g_clear_pointer(&v->loaded, loaded_unref);
    g_clear_pointer(&v->problem, g_free);
}

static void fail(Viewer *v, const char *why)
{
    g_free(v->problem);
    v->problem = g_strdup(why);
    v->state = BODY_FAILED;
    loop_cancel(v->view.ui->loop, v->slow_timer);
    v->slow_timer = 0;
    v->view.ui->dirty = TRUE;
}

static void slow(Ui *ui, gpointer data)
{
    Viewer *v = data;
    v->slow_timer = 0;
    Account *a = ui_account(ui, list_view_selection(ui->panes->list).account);
    if (v->state == BODY_FETCHING)
        ui_say(ui, NOTICE_WARNING, _("%s has not answered for 10 seconds.  Esc: stop, G: reconnect"),
               a && a->incoming ? a->incoming->host : _("The server"));
}

static void fetch(Ui *ui, gpointer data)
{
    Viewer *v = data;
    Selection s = list_view_selection(ui->panes->list);
    v->fetch_timer = 0;
    if (!ui_request(ui, REQUEST_BODY, s.account, s.folder, v->message)) {
        fail(v, _("This message is not on this computer yet, and there is no connection to its server."));
        return;
    }
    v->state = BODY_FETCHING;
    v->slow_timer = loop_after(ui->loop, SLOW_MS, slow, v);
    ui->dirty = TRUE;
}

static gpointer load_work(Store *s, gpointer data, const Cancel *stop, GError **err)
{
    const Wanted *w = data;
    return viewer_load(s, w->message, &w->how, stop, err);
}

static void body_loaded(Ui *ui, gpointer result, const GError *err, gpointer data)
{
    Viewer *v = (Viewer *)ui->panes->viewer;
    Loaded *l = result;
    const Wanted *w = data;
    if (w->message != v->message) {
        loaded_unref(l);
        return;
    }
    if (err) {
        fail(v, err->message);
        return;
    }
    gboolean was_missing = v->loaded && v->loaded->missing;
    viewer_rows_clear(&v->rows);
    g_clear_pointer(&v->loaded, loaded_unref);
    v->loaded = l;
    v->width = 0; /* rows are made when it is drawn */
    if (!l->missing) {
        v->state = BODY_READY;
        loop_cancel(ui->loop, v->slow_timer);
        v->slow_timer = 0;
    } else if (was_missing && v->state == BODY_LOADING) {
        fail(v, _("The server gave no text for this message."));
    } else if (v->opened) {
        fetch(ui, v);
    } else {
        v->state = BODY_FETCHING;
        v->fetch_timer = loop_after(ui->loop, PREVIEW_REST_MS, fetch, v);
    }
}

static void load(Viewer *v)
{
    Ui *ui = v->view.ui;
    Wanted *w = g_new0(Wanted, 1);
    w->message = v->message;
    w->filter = g_strdup(conf_string(ui->conf, "html-filter"));
    w->charset = g_strdup(v->charset);
    w->how = (Reader){conf_bool(ui->conf, "prefer-html") != v->other_alternative, v->source, w->charset, w->filter,
                      g_hash_table_ref(conf_filters(ui->conf))};
    v->state = BODY_LOADING;
    loader_run(ui->loader, LOAD_BODY, load_work, body_loaded, w, wanted_free, (GDestroyNotify)loaded_unref);
}

void viewer_view_show(View *view, gint64 placement, gint64 message, gboolean opened)
{
    Viewer *v = (Viewer *)view;
    Ui *ui = view->ui;
    ui->dirty = TRUE;
    if (message && message == v->message) {
        v->placement = placement;
        v->opened = v->opened || opened;
        if (opened && v->fetch_timer) { /* it was only previewed: no more waiting */
            loop_cancel(ui->loop, v->fetch_timer);
            fetch(ui, v);
        } else if (opened && v->state == BODY_FAILED) {
            load(v);
        }
        return;
    }
    forget(v);
    loader_stop(ui->loader, LOAD_LAYOUT);
    v->placement = placement;
    v->message = message;
    v->opened = opened;
    v->top = 0;
    v->width = 0;
    v->match = -1;
    v->retries = 0;
    v->all_headers = v->other_alternative = v->source = v->to_end = FALSE;
    g_clear_pointer(&v->charset, g_free);
    v->state = BODY_NONE;
    if (message)
        load(v);
    else
        loader_stop(ui->loader, LOAD_BODY);
}

void viewer_view_reload(View *view)
{
    Viewer *v = (Viewer *)view;
    if (v->message)
        load(v);
}

gint64 viewer_view_message(View *view)
{
    return ((Viewer *)view)->message;
}

const Loaded *viewer_view_loaded(View *view)
{
    return ((Viewer *)view)->loaded;
}

const Rendered *viewer_view_rendered(View *view)
{
    Viewer *v = (Viewer *)view;
    return v->loaded ? v->loaded->rendered : NULL;
}

const Envelope *viewer_view_envelope(View *view)
{
    Viewer *v = (Viewer *)view;
    return v->loaded ? v->loaded->envelope : NULL;
}

char *viewer_view_text(View *view)
{
    const Rendered *r = viewer_view_rendered(view);
    return r ? rendered_to_text(r) : NULL;
}

/* What could not be had may be there now: its folder was matched anew, the server is back. */
static gboolean worth_another_try(Viewer *v, const Event *e)
{
    gboolean news = e->kind == EVENT_FOLDER || (e->kind == EVENT_ACCOUNT && e->state == ACCOUNT_ONLINE);
    return news && v->state == BODY_FAILED && v->retries++ < RETRIES;
}

static void viewer_event(View *view, const Event *e)
{
    Viewer *v = (Viewer *)view;
    if (worth_another_try(v, e)) {
        load(v);
        return;
    }
    if (e->kind != EVENT_BODY || !v->message || e->message_id != v->message || v->state == BODY_READY)
        return;
    if (e->text && *e->text)
        fail(v, e->text);
    else
        load(v);
}

/* ---- drawing ---- */

void viewer_view_draw_title(View *view, Surface *s, int rows)
{
    Viewer *v = (Viewer *)view;
    gboolean focused = view->ui->stack->len == 0 && view->ui->panes->focus == FOCUS_VIEWER;
    int columns = surface_columns(s);
    const Row *row = list_view_row(view->ui->panes->list);
    const char *subject = v->loaded && v->loaded->envelope ? v->loaded->envelope->subject
                          : row && row->message == v->message ? row->subject : "";
    guint total;
    gint64 position = list_view_position(view->ui->panes->list, &total);
    surface_fill(s, 0, 0, -1, style_of("border"), "─");
    if (v->state == BODY_NONE)
        return;
    int known = viewer_total_rows(v), last = MIN(v->top + rows, known);
    g_autofree char *part = NULL;
    if (v->rows.complete && known <= rows)
        part = g_strdup(C_("position in the text", "All"));
    else if (v->rows.complete && last >= known)
        part = g_strdup(_("End"));
    else if (v->rows.rendered && v->rows.rows && v->rows.rows->len) {
        int at = CLAMP(last - (int)v->heads->len - 1, 0, (int)v->rows.rows->len - 1);
        guint line = g_array_index(v->rows.rows, ViewerRow, at).line;
        part = g_strdup_printf("%u%%", line * 100 / MAX(v->rows.rendered->lines->len, 1));
    }
    g_autofree char *right =
        part ? g_strdup_printf(" %" G_GINT64_FORMAT "/%u ─ %d-%d (%s) ", position, total, v->top + 1,
                               last, part)
             : g_strdup_printf(" %" G_GINT64_FORMAT "/%u ", position, total);
    int width = (int)text_width(right, -1);
    surface_put(s, 0, MAX(columns - width - 1, 0), width, style_of("border"), right, -1);
    g_autofree char *clipped = text_clip(*subject ? subject : _("(no subject)"), (guint)MAX(columns - width - 6, 4), FALSE);
    g_autofree char *title = g_strdup_printf(" %s ", clipped);
    surface_put(s, 0, 1, -1, style_of(focused ? "title.focus" : "title"), title, -1);
}

static void draw_head(Surface *s, int y, const Head *h)
{
    Style style = style_of(h->element);
    int at = surface_put(s, y, 0, -1, style_merge(style, style_of("viewer.header.name")), h->text, h->name_len);
    surface_put(s, y, at, -1, style, h->text + h->name_len, -1);
    if (h->right) {
        int width = (int)text_width(h->right, -1);
        surface_put(s, y, surface_columns(s) - width, width, style_of("viewer.header"), h->right, -1);
    }
}

static void draw_text(Viewer *v, Surface *s, int y, const ViewerRow *r)
{
    int column = viewer_put_row(s, y, v->width, &v->rows, r);
    if (r->hidden)
        return;
    const RenderLine *l = v->rows.rendered->lines->pdata[r->line];
    viewer_mark_matches(v, s, y, column, l->text + r->start, r->len);
}

static void draw_state(Viewer *v, Surface *s, int y)
{
    const char *text = NULL;
    if (y >= surface_rows(s))
        return;
    if (v->state == BODY_FETCHING && !v->fetch_timer)
        text = _("Fetching…  Esc: cancel");
    else if (v->state == BODY_FAILED)
        text = v->problem;
    if (text)
        surface_put(s, y, 0, -1, style_of(v->state == BODY_FAILED ? "message.error" : "viewer.note"), text, -1);
}

static void viewer_draw(View *view, Surface *s, gboolean focused)
{
    Viewer *v = (Viewer *)view;
    int rows = surface_rows(s), columns = surface_columns(s);
    v->page = MAX(rows, 1);
    if (v->state == BODY_NONE)
        return;
    if (v->width != columns)
        rewrap(v, columns);
    else if (v->state != BODY_READY)
        viewer_make_heads(v);
    have_rows(v);
    v->top = CLAMP(v->top, 0, MAX(viewer_total_rows(v) - v->page, 0));
    for (int y = 0; y < rows; y++) {
        int i = v->top + y, text = i - (int)v->heads->len;
        if (text < 0)
            draw_head(s, y, v->heads->pdata[i]);
        else if (text < (int)v->rows.rows->len)
            draw_text(v, s, y, &g_array_index(v->rows.rows, ViewerRow, text));
        else
            break;
        int low = MIN(v->drag_from, v->drag_to), high = MAX(v->drag_from, v->drag_to);
        if (v->drag_from >= 0 && y >= low && y <= high)
            surface_restyle(s, y, 0, columns, style_of("selected"));
    }
    draw_state(v, s, (int)v->heads->len - v->top);
    if (focused)
        ui_cursor(view->ui, s, 0, 0);
}

/* ---- commands ---- */

static void page_on(Viewer *v)
{
    if (v->rows.complete && v->top + v->page >= viewer_total_rows(v)) {
        ui_run_line(v->view.ui, "next-message");
        return;
    }
    viewer_scroll_to(v, v->top + MAX(v->page - 1, 1));
}

static void skip_quoted(Viewer *v)
{
    if (!v->rows.rendered)
        return;
    int i = MAX(v->top - (int)v->heads->len, 0);
    gboolean quoted = FALSE;
    for (;; i++) {
        if (i >= (int)v->rows.rows->len && !v->rows.complete)
            viewer_rows_extend(&v->rows, (guint)i + 1000, NULL);
        if (i >= (int)v->rows.rows->len)
            break;
        const ViewerRow *r = &g_array_index(v->rows.rows, ViewerRow, i);
        gboolean q = ((RenderLine *)v->rows.rendered->lines->pdata[r->line])->quote_depth > 0;
        if (quoted && !q) {
            viewer_scroll_to(v, (int)v->heads->len + i);
            return;
        }
        quoted = quoted || q;
    }
    ui_say(v->view.ui, NOTICE_INFO, _("No more quoted text"));
}

static gboolean motion(Viewer *v, const char *name)
{
    int page = MAX(v->page - 1, 1), half = MAX(v->page / 2, 1);
    if (g_str_equal(name, "up"))
        viewer_scroll_to(v, v->top - 1);
    else if (g_str_equal(name, "down"))
        viewer_scroll_to(v, v->top + 1);
    else if (g_str_equal(name, "page-up"))
        viewer_scroll_to(v, v->top - page);
    else if (g_str_equal(name, "page-down"))
        viewer_scroll_to(v, v->top + page);
    else if (g_str_equal(name, "half-up"))
        viewer_scroll_to(v, v->top - half);
    else if (g_str_equal(name, "half-down"))
        viewer_scroll_to(v, v->top + half);
    else if (g_str_equal(name, "first"))
        viewer_scroll_to(v, 0);
    else if (g_str_equal(name, "last"))
        go_to_end(v);
    else
        return FALSE;
    return TRUE;
}

static void search_typed(Ui *ui, const char *text, gpointer data)
{
    Viewer *v = data;
    if (!text || !*text)
        return;
    viewer_forget_search(v);
    v->search = g_strdup(text);
    viewer_find(v, 1, TRUE);
}

static gboolean search_command(Viewer *v, const char *name, char **args)
{
    Ui *ui = v->view.ui;
    if (ui->panes->focus != FOCUS_VIEWER)
        return FALSE;
    if (g_str_equal(name, "search-next") && v->search) {
        viewer_find(v, 1, FALSE);
    } else if (g_str_equal(name, "search-previous") && v->search) {
        viewer_find(v, -1, FALSE);
    } else if (g_str_equal(name, "search")) {
        g_autofree char *text = g_strjoinv(" ", args + 1);
        if (*text)
            search_typed(ui, text, v);
        else
            ui_ask(ui, _("Search in this message:"), "", FALSE, search_typed, v);
    } else {
        return FALSE;
    }
    return TRUE;
}

static gboolean cancel(Viewer *v)
{
    Ui *ui = v->view.ui;
    if (v->state == BODY_FETCHING) {
        Selection s = list_view_selection(ui->panes->list);
        bus_cancel(ui->bus, s.account, LANE_FAST);
        fail(v, _("Stopped. Opening the message again fetches it."));
        return TRUE;
    }
    if (!v->search || ui->panes->focus != FOCUS_VIEWER)
        return FALSE;
    viewer_forget_search(v); /* the highlighting goes first */
    return TRUE;
}

static gboolean viewer_command(View *view, char **args)
{
    Viewer *v = (Viewer *)view;
    Ui *ui = view->ui;
    const char *name = args[0];
    ui->dirty = TRUE;
    if (g_str_equal(name, "cancel"))
        return cancel(v);
    if (search_command(v, name, args))
        return TRUE;
    if (g_str_equal(name, "toggle-quotes")) {
        v->hide_quotes = !v->hide_quotes;
        int top = v->top;
        make_rows(v);
        viewer_scroll_to(v, top);
        ui_say(ui, NOTICE_INFO, v->hide_quotes ? _("Quoted text hidden") : _("Quoted text shown"));
    } else if (g_str_equal(name, "headers")) {
        v->all_headers = !v->all_headers;
        viewer_make_heads(v);
        viewer_scroll_to(v, 0);
    } else if (g_str_equal(name, "alternative")) {
        viewer_switch_alternative(v);
    } else if (g_str_equal(name, "raw")) {
        v->source = !v->source;
        v->top = 0;
        viewer_view_reload(view);
    } else if (g_str_equal(name, "charset")) {
        viewer_charset(v, args[1]);
    } else if (ui->panes->focus != FOCUS_VIEWER) {
        return FALSE; /* the rest means the pane in focus */
    } else if (g_str_equal(name, "read-on")) {
        page_on(v);
    } else if (g_str_equal(name, "open")) { /* the list moved its cursor: open what is there */
        return FALSE;
    } else if (g_str_equal(name, "skip-quoted")) {
        skip_quoted(v);
    } else {
        return motion(v, name);
    }
    return TRUE;
}

/* Wheel scrolls; dragging selects whole rows of this pane and copies them. */
static gboolean viewer_key(View *view, const Key *k)
{
    Viewer *v = (Viewer *)view;
    if (k->kind != KEY_MOUSE)
        return FALSE;
    view->ui->dirty = TRUE;
    switch (k->mouse) {
    case MOUSE_WHEEL_UP:
        viewer_scroll_to(v, v->top - 3);
        break;
    case MOUSE_WHEEL_DOWN:
        viewer_scroll_to(v, v->top + 3);
        break;
    case MOUSE_DRAG:
        if (v->drag_from < 0)
            v->drag_from = k->row;
        v->drag_to = k->row;
        break;
    case MOUSE_RELEASE:
        if (v->drag_from >= 0)
            viewer_copy_rows(v, v->drag_from, v->drag_to);
        v->drag_from = v->drag_to = -1;
        break;
    default:
        v->drag_from = v->drag_to = -1;
    }
    return TRUE;
}

static void viewer_free(View *view)
{
    Viewer *v = (Viewer *)view;
    forget(v);
    g_ptr_array_unref(v->heads);
    viewer_forget_search(v);
    g_free(v->charset);
    g_free(v);
}

static const ViewClass viewer_class = {
    .context = "viewer",
    .draw = viewer_draw,
    .key = viewer_key,
    .command = viewer_command,
    .event = viewer_event,
    .free = viewer_free,
};

View *viewer_view_new(Ui *ui)
{
    Viewer *v = g_new0(Viewer, 1);
    v->view.class = &viewer_class;
    v->view.ui = ui;
    v->heads = g_ptr_array_new_with_free_func(viewer_head_free);
    v->drag_from = v->drag_to = v->match = -1;
    return &v->view;
}
