/* conversation_view.c - a whole conversation, of all folders of its account, as one page.
 *
 * Its messages are read by the loader, those from the first unread one on before the others; each is
 * a section of rows as the viewer has them. The first row shown stays when sections above it grow. */
#include <string.h>
#include "command.h"
#include "conversation_view.h"
#include "folder_view.h"
#include "list_view.h"
#include "loader.h"
#include "panes.h"
#include "scroll.h"
#include "viewer_private.h"
#include "writer.h"
#include "pintail/store/thread.h"
#include "pintail/util/date.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/text.h"

#define SECTIONS_MAX 500  /* the newest of a longer conversation */
#define ROWS_MAX     1000 /* of one message here; the viewer has all of it */
#define AT_ONCE      16   /* messages that one job reads */

typedef struct {
    ThreadEntry entry;
    Loaded *loaded;  /* NULL: not read yet */
    ViewerRows rows;
    gboolean asked;  /* for its text, of a server */
    gboolean marked; /* read */
    char *problem;
} Section;

typedef struct {
    View view;
    gint64 account, folder, thread;
    GPtrArray *sections; /* of Section */
    guint left_out;      /* older ones beyond SECTIONS_MAX */
    char *subject;
    Scroll scroll;
    int width;
    gboolean hide_quotes;
    gboolean placed;     /* the page is where it begins: at what is unread */
    guint start;         /* section that the page begins with */
} Conversation;

static void section_free(gpointer p)
{
    Section *s = p;
    loaded_unref(s->loaded);
    viewer_rows_clear(&s->rows);
    g_free(s->problem);
    g_free(s);
}

/* ---- rows: a line with the name, attachments, an empty one, the text, an empty one ---- */

static const GPtrArray *attachments(const Section *s)
{
    return s->loaded && s->loaded->attachments->len ? s->loaded->attachments : NULL;
}

static int head_rows(const Section *s)
{
    return attachments(s) ? 3 : 2;
}

static gboolean cut(const Section *s)
{
    return s->rows.rows && !s->rows.complete;
}

static int section_rows(const Section *s)
{
    int text = s->rows.rows ? (int)s->rows.rows->len : 0;
    return head_rows(s) + MAX(text, 1) + (cut(s) ? 1 : 0) + 1;
}

static int total_rows(const Conversation *c)
{
    int n = 0;
    for (guint i = 0; i < c->sections->len; i++)
        n += section_rows(c->sections->pdata[i]);
    return n;
}

static int first_row(const Conversation *c, guint section)
{
    int n = 0;
    for (guint i = 0; i < section && i < c->sections->len; i++)
        n += section_rows(c->sections->pdata[i]);
    return n;
}

/* The section of a row; *within: its row there. */
static guint section_at(const Conversation *c, int row, int *within)
{
    guint i = 0;
    for (; i + 1 < c->sections->len && row >= section_rows(c->sections->pdata[i]); i++)
        row -= section_rows(c->sections->pdata[i]);
    *within = row;
    return i;
}

static void wrap(const Conversation *c, Section *s)
{
    viewer_rows_begin(&s->rows, s->loaded ? s->loaded->rendered : NULL, c->width, c->hide_quotes);
    viewer_rows_extend(&s->rows, ROWS_MAX, NULL);
}

/* Whatever `change` does to sections, the row on top stays there. */
static void wrap_all(Conversation *c)
{
    int within;
    guint on_top = section_at(c, c->scroll.top, &within);
    for (guint i = 0; i < c->sections->len; i++)
        wrap(c, c->sections->pdata[i]);
    if (c->sections->len)
        c->scroll.top = first_row(c, on_top) + MIN(within, section_rows(c->sections->pdata[on_top]) - 1);
}

static void take_loaded(Conversation *c, guint at, Loaded *take)
{
    int within;
    guint on_top = section_at(c, c->scroll.top, &within);
    Section *s = c->sections->pdata[at];
    loaded_unref(s->loaded);
    s->loaded = take;
    wrap(c, s);
    c->scroll.top = first_row(c, c->placed ? on_top : c->start) + (c->placed ? within : 0);
}

/* ---- reading ---- */

typedef struct {
    guint from, n;
    gint64 messages[AT_ONCE];
    gint64 thread;
    gboolean prefer_html;
    char *filter;
    GHashTable *filters;
} Batch;

static void batch_free(gpointer p)
{
    g_free(((Batch *)p)->filter);
    g_hash_table_unref(((Batch *)p)->filters);
    g_free(p);
}

static void loaded_free(gpointer p)
{
    loaded_unref(p);
}

static gpointer batch_work(Store *s, gpointer data, const Cancel *stop, GError **err)
{
    Batch *b = data;
    Reader how = {.prefer_html = b->prefer_html, .html_filter = b->filter, .filters = b->filters};
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(loaded_free);
    for (guint i = 0; i < b->n; i++) {
        Loaded *l = cancel_is_set(stop) ? NULL : viewer_load(s, b->messages[i], &how, stop, err);
        if (!l)
            return NULL;
        g_ptr_array_add(all, l);
    }
    return g_steal_pointer(&all);
}

static Conversation *find_open(Ui *ui, gint64 thread);
static void read_more(Conversation *c);
static void settle(Conversation *c);

static void batch_read(Ui *ui, gpointer result, const GError *err, gpointer data)
{
    const Batch *b = data;
    g_autoptr(GPtrArray) all = result;
    Conversation *c = find_open(ui, b->thread);
    if (!c)
        return;
    if (err && !error_is(err, PINTAIL_ERROR_CANCELLED))
        ui_say(ui, NOTICE_ERROR, "%s", err->message);
    if (!all)
        return;
    for (guint i = 0; i < all->len && b->from + i < c->sections->len; i++)
        take_loaded(c, b->from + i, g_steal_pointer(&all->pdata[i]));
    read_more(c);
    settle(c);
    ui->dirty = TRUE;
}

static void read_from(Conversation *c, guint from)
{
    Batch *b = g_new0(Batch, 1);
    b->from = from;
    b->thread = c->thread;
    b->prefer_html = conf_bool(c->view.ui->conf, "prefer-html");
    b->filters = g_hash_table_ref(conf_filters(c->view.ui->conf));
    b->filter = g_strdup(conf_string(c->view.ui->conf, "html-filter"));
    for (guint i = from; i < c->sections->len && b->n < AT_ONCE; i++) {
        const Section *s = c->sections->pdata[i];
        if (s->loaded)
            break;
        b->messages[b->n++] = s->entry.message;
    }
    loader_run(c->view.ui->loader, LOAD_CONVERSATION, batch_work, batch_read, b, batch_free,
               (GDestroyNotify)g_ptr_array_unref);
}

/* What is not read yet, from where the page begins, then what is above. */
static void read_more(Conversation *c)
{
    for (guint k = 0; k < c->sections->len; k++) {
        guint i = (c->start + k) % c->sections->len;
        if (!((Section *)c->sections->pdata[i])->loaded) {
            read_from(c, i);
            return;
        }
    }
}

/* ---- what is on the page: fetched where it is missing, and read now ---- */

static void seen_committed(Ui *ui, gint64 group, const GError *err, gpointer data)
{
    if (!err)
        (void)ui_request(ui, REQUEST_REPLAY, *(gint64 *)data, 0, 0);
    else if (!error_is(err, PINTAIL_ERROR_GONE))
        ui_say(ui, NOTICE_ERROR, "%s", err->message);
}

static void mark_seen(Conversation *c, GArray *ids)
{
    Ui *ui = c->view.ui;
    Change change = {.kind = CHANGE_FLAGS, .placements = (gint64 *)(void *)ids->data, .n = ids->len, .add = FLAG_SEEN};
    if (ids->len && !ui_is_read_only(ui) && !g_str_equal(conf_string(ui->conf, "mark-seen"), "never"))
        writer_change(ui->writer, &change, seen_committed, g_memdup2(&c->account, sizeof c->account), g_free);
}

static void settle(Conversation *c)
{
    g_autoptr(GArray) seen = g_array_new(FALSE, FALSE, sizeof(gint64));
    int rows, columns;
    term_size(&rows, &columns);
    if (c->scroll.page == 0) /* not drawn yet */
        c->scroll.page = MAX(rows - 4, 1);
    if (!c->placed)
        c->scroll.top = first_row(c, c->start);
    scroll_page(&c->scroll, total_rows(c), c->scroll.page);
    int row = 0, end = c->scroll.top + c->scroll.page;
    for (guint i = 0; i < c->sections->len && row < end; i++) {
        Section *s = c->sections->pdata[i];
        int next = row + section_rows(s);
        gboolean shown = next > c->scroll.top && s->loaded;
        row = next;
        if (shown && s->loaded->missing && !s->asked) {
            s->asked = TRUE;
            if (!ui_request(c->view.ui, REQUEST_BODY, c->account, s->entry.folder, s->entry.message))
                s->problem = g_strdup(_("Its text is not here yet"));
        } else if (shown && !s->loaded->missing && !s->marked && !(s->entry.flags & FLAG_SEEN)) {
            s->marked = TRUE;
            g_array_append_val(seen, s->entry.placement);
        }
    }
    mark_seen(c, seen);
}

/* What came into the conversation since, by date. */
static void refresh(Conversation *c)
{
    Store *store = c->view.ui->store;
    const Section *last = c->sections->pdata[c->sections->len - 1];
    gint64 thread = thread_of_placement(store, last->entry.placement); /* its number may have changed */
    g_autoptr(GArray) entries = thread ? thread_entries(store, thread, c->folder, TRUE, NULL) : NULL;
    g_autoptr(GHashTable) known = g_hash_table_new(g_int64_hash, g_int64_equal);
    for (guint i = 0; i < c->sections->len; i++)
        g_hash_table_add(known, &((Section *)c->sections->pdata[i])->entry.message);
    gboolean more = FALSE;
    for (guint i = 0; entries && i < entries->len && c->sections->len < SECTIONS_MAX; i++) {
        const ThreadEntry *e = &g_array_index(entries, ThreadEntry, i);
        if (g_hash_table_contains(known, &e->message))
            continue;
        guint at = c->sections->len;
        while (at > 0 && ((Section *)c->sections->pdata[at - 1])->entry.date > e->date)
            at--;
        if (at == 0 && c->left_out)
            continue; /* one of the oldest */
        int within;
        guint on_top = section_at(c, c->scroll.top, &within);
        Section *s = g_new0(Section, 1);
        s->entry = *e;
        g_ptr_array_insert(c->sections, (int)at, s);
        c->start += at <= c->start && c->sections->len > 1;
        c->scroll.top = first_row(c, on_top + (at <= on_top)) + within;
        more = TRUE;
    }
    if (more) /* a job on its way counts sections as they were: it is replaced */
        read_more(c);
}

static void conversation_event(View *view, const Event *e)
{
    Conversation *c = (Conversation *)view;
    if (e->kind == EVENT_FOLDER)
        refresh(c);
    for (guint i = 0; e->kind == EVENT_BODY && i < c->sections->len; i++) {
        Section *s = c->sections->pdata[i];
        if (s->entry.message != e->message_id || !s->loaded || !s->loaded->missing)
            continue;
        g_clear_pointer(&s->problem, g_free);
        if (e->text && *e->text)
            s->problem = g_strdup(e->text);
        else
            g_clear_pointer(&s->loaded, loaded_unref);
        if (!s->loaded && !loader_busy_with(view->ui->loader, LOAD_CONVERSATION))
            read_more(c);
        view->ui->dirty = TRUE;
    }
}

/* ---- drawing ---- */

static void draw_name(const Conversation *c, const Section *s, Surface *to, int y)
{
    const Envelope *e = s->loaded ? s->loaded->envelope : NULL;
    int columns = surface_columns(to);
    g_autofree char *from = e && e->from->len ? address_format(e->from->pdata[0], FALSE) : g_strdup(_("(nobody)"));
    const Folder *f = s->entry.folder == c->folder ? NULL
                      : folder_view_folder(c->view.ui->panes->folders, s->entry.folder);
    g_autofree char *name = f ? g_strdup_printf("%s (%s)", from, folder_label(f)) : g_steal_pointer(&from);
    g_autofree char *date = date_format_long(s->entry.date);
    int width = (int)text_width(date, -1), room = columns - width - 7;
    surface_fill(to, y, 0, -1, style_of("border"), "─");
    Style style = style_of(s->entry.flags & FLAG_SEEN ? "title" : "list.unread");
    surface_put(to, y, 1, 1, style, " ", -1);
    int at = surface_put(to, y, 2, MAX(room, 8), style, name, -1);
    surface_put(to, y, 2 + at, 1, style, " ", -1);
    if (room >= 8) {
        surface_put(to, y, columns - width - 3, 1, 0, " ", -1);
        surface_put(to, y, columns - width - 2, width, style_of("viewer.header"), date, -1);
        surface_put(to, y, columns - 2, 1, 0, " ", -1);
    }
}

static const char *state_of(const Section *s)
{
    if (s->problem)
        return s->problem;
    if (!s->loaded)
        return _("Reading…");
    return s->loaded->missing ? _("Fetching…") : _("(no text)");
}

static void draw_section_row(const Conversation *c, const Section *s, int row, Surface *to, int y)
{
    int text = row - head_rows(s), n = s->rows.rows ? (int)s->rows.rows->len : 0;
    if (row == 0) {
        draw_name(c, s, to, y);
    } else if (row == 1 && attachments(s)) {
        g_autoptr(GString) all = g_string_new(NULL);
        for (guint i = 0; i < s->loaded->attachments->len && all->len < 500; i++)
            g_string_append_printf(all, "%s%s", i ? "   " : "", (char *)s->loaded->attachments->pdata[i]);
        surface_put(to, y, 0, -1, style_of("viewer.attachment"), all->str, -1);
    } else if (text >= 0 && text < n) {
        (void)viewer_put_row(to, y, c->width, &s->rows, &g_array_index(s->rows.rows, ViewerRow, text));
    } else if (text == 0) {
        surface_put(to, y, 0, -1, style_of(s->problem ? "message.error" : "viewer.note"), state_of(s), -1);
    } else if (text == n && cut(s)) {
        surface_put(to, y, 0, -1, style_of("viewer.note"), _("[… Enter shows all of this message]"), -1);
    }
}

static void conversation_draw(View *view, Surface *s, gboolean focused)
{
    Conversation *c = (Conversation *)view;
    int rows = surface_rows(s) - 1, columns = surface_columns(s);
    guint n = c->sections->len;
    surface_clear(s, 0);
    g_autofree char *count = g_strdup_printf(P_("%u message", "%u messages", n + c->left_out), n + c->left_out);
    g_autofree char *shown = c->left_out ? g_strdup_printf(_("the newest %u of %s"), n, count) : g_steal_pointer(&count);
    g_autofree char *title = g_strdup_printf("%s  (%s)", *c->subject ? c->subject : _("(no subject)"), shown);
    surface_field(s, 0, 0, columns, style_of("title"), title);
    gboolean first = c->width == 0;
    if (c->width != columns) {
        c->width = columns;
        wrap_all(c);
    }
    if (first || !c->placed)
        c->scroll.top = first_row(c, c->start);
    scroll_page(&c->scroll, total_rows(c), rows);
    int within;
    guint at = section_at(c, c->scroll.top, &within);
    for (int y = 1; y <= rows && at < n; y++) {
        const Section *section = c->sections->pdata[at];
        draw_section_row(c, section, within, s, y);
        if (++within >= section_rows(section)) {
            within = 0;
            at++;
        }
    }
    if (focused)
        ui_cursor(view->ui, s, 1, 0);
}

/* ---- commands ---- */

static void step(Conversation *c, int by)
{
    int within;
    guint at = section_at(c, c->scroll.top, &within);
    if (by > 0 && at + 1 < c->sections->len)
        c->scroll.top = first_row(c, at + 1);
    else if (by < 0)
        c->scroll.top = first_row(c, within == 0 && at > 0 ? at - 1 : at);
    scroll_page(&c->scroll, total_rows(c), c->scroll.page);
}

/* The message on top alone, in its folder. */
static void open_one(Conversation *c)
{
    Ui *ui = c->view.ui;
    int within;
    const Section *s = c->sections->len ? c->sections->pdata[section_at(c, c->scroll.top, &within)] : NULL;
    if (!s)
        return;
    gint64 placement = s->entry.placement, folder = s->entry.folder;
    ui_remove(ui, &c->view);
    if (folder != panes_selection(ui).folder)
        panes_open_folder(ui, folder);
    if (panes_select(ui, placement)) {
        panes_focus(ui, FOCUS_LIST);
        ui_run_line(ui, "open");
    }
}

static gboolean conversation_command(View *view, char **args)
{
    Conversation *c = (Conversation *)view;
    const char *name = args[0];
    if (g_str_equal(name, "toggle-quotes")) {
        c->hide_quotes = !c->hide_quotes;
        wrap_all(c);
    } else if (g_str_equal(name, "next-message") || g_str_equal(name, "previous-message")) {
        step(c, *name == 'n' ? 1 : -1);
    } else if (g_str_equal(name, "open")) {
        open_one(c);
        return TRUE;
    } else if (!scroll_text_command(&c->scroll, name)) {
        return FALSE;
    }
    c->placed = TRUE;
    settle(c);
    view->ui->dirty = TRUE;
    return TRUE;
}

static void conversation_free(View *view)
{
    Conversation *c = (Conversation *)view;
    g_ptr_array_unref(c->sections);
    g_free(c->subject);
    g_free(c);
}

static const ViewClass conversation_class = {
    .context = "conversation",
    .title = N_("Conversation"),
    .draw = conversation_draw,
    .command = conversation_command,
    .event = conversation_event,
    .free = conversation_free,
};

static Conversation *find_open(Ui *ui, gint64 thread)
{
    for (guint i = 0; i < ui->stack->len; i++) {
        Conversation *c = ui->stack->pdata[i];
        if (c->view.class == &conversation_class && c->thread == thread)
            return c;
    }
    return NULL;
}

static int by_date(gconstpointer a, gconstpointer b)
{
    const ThreadEntry *x = a, *y = b;
    return x->date != y->date ? (x->date < y->date ? -1 : 1)
           : x->placement < y->placement ? -1 : x->placement > y->placement;
}

View *conversation_view_new(Ui *ui, gint64 placement)
{
    Selection at = panes_selection(ui);
    gint64 thread = thread_of_placement(ui->store, placement);
    g_autoptr(GArray) entries = thread ? thread_entries(ui->store, thread, at.folder, TRUE, NULL) : NULL;
    if (!entries || entries->len == 0)
        return NULL;
    g_array_sort(entries, by_date);
    Conversation *c = g_new0(Conversation, 1);
    c->view.class = &conversation_class;
    c->view.ui = ui;
    c->account = at.account;
    c->folder = at.folder;
    c->thread = thread;
    c->hide_quotes = TRUE;
    c->sections = g_ptr_array_new_with_free_func(section_free);
    c->left_out = entries->len > SECTIONS_MAX ? entries->len - SECTIONS_MAX : 0;
    gboolean unread = FALSE;
    for (guint i = c->left_out; i < entries->len; i++) {
        Section *s = g_new0(Section, 1);
        s->entry = g_array_index(entries, ThreadEntry, i);
        if (!unread) /* the first unread, else the last */
            c->start = c->sections->len;
        unread = unread || !(s->entry.flags & FLAG_SEEN);
        g_ptr_array_add(c->sections, s);
    }
    const Row *r = list_view_row(ui->panes->list);
    c->subject = g_strdup(r ? r->subject : "");
    read_more(c);
    return &c->view;
}

void cmd_conversation(Ui *ui, char **args)
{
    gint64 placement = panes_selection(ui).placement;
    View *v = placement ? conversation_view_new(ui, placement) : NULL;
    if (v)
        ui_push(ui, v);
    else
        ui_say(ui, NOTICE_WARNING, _("There is no message here"));
}
