/* parts_view.c - see parts_view.h.
 *
 * Of what is tagged, or of the part under the cursor, one after the other; a part that is not here is asked
 * for, and the action goes on when it has come. */
#include <string.h>
#include "command.h"
#include "content.h"
#include "loader.h"
#include "panes.h"
#include "parts_job.h"
#include "parts_view.h"
#include "private_file.h"
#include "text_view.h"
#include "pintail/util/error.h"
#include "pintail/util/file.h"
#include "pintail/util/i18n.h"
#include "pintail/util/text.h"

typedef struct {
    char *section, *type, *name;
    guint64 size;
    guint depth;
    gboolean is_container, tagged;
} PartRow;

typedef struct {
    View view;
    gint64 message, account;
    GPtrArray *rows; /* of PartRow; NULL: not loaded yet */
    guint cursor, top;
    gboolean tree_asked; /* the list of parts was asked for */
    /* what waits for the part's content: */
    gboolean waiting;
    PartAction action;
    char *section, *path, *filter;
    /* an action on several: */
    GQueue todo;       /* of guint: rows that come after this one */
    guint done;        /* how many are done */
    guint64 bytes;
} Parts;

static void part_row_free(gpointer p)
{
    PartRow *r = p;
    g_free(r->section);
    g_free(r->type);
    g_free(r->name);
    g_free(r);
}

static Parts *open_parts(Ui *ui, gpointer view)
{
    for (guint i = 0; i < ui->stack->len; i++)
        if (ui->stack->pdata[i] == view)
            return view;
    return NULL;
}

/* ---- loading the tree ---- */

static void add_row(GPtrArray *rows, const Part *p, guint depth)
{
    PartRow *r = g_new0(PartRow, 1);
    r->section = g_strdup(content_section(p));
    r->type = g_strdup(p->type);
    r->name = g_strdup(*p->name ? p->name : p->description);
    r->size = p->encoding == PART_ENCODING_BASE64 ? p->size * 57 / 78 : p->size; /* about: lines of 76 and CRLF */
    r->depth = depth;
    r->is_container = part_is_multipart(p);
    g_ptr_array_add(rows, r);
}

/* In the order of the message, without recursion: a tree is as deep as its sender liked. */
static GPtrArray *flatten(const Part *root)
{
    GPtrArray *rows = g_ptr_array_new_with_free_func(part_row_free);
    g_autoptr(GPtrArray) todo = g_ptr_array_new();
    g_ptr_array_add(todo, (gpointer)root);
    while (todo->len > 0) {
        const Part *p = g_ptr_array_steal_index(todo, todo->len - 1);
        guint depth = 0;
        for (const Part *up = p->parent; up; up = up->parent)
            depth++;
        add_row(rows, p, depth);
        for (guint i = p->children->len; i-- > 0;)
            g_ptr_array_add(todo, p->children->pdata[i]);
    }
    return rows;
}

typedef struct {
    gint64 message;
    Parts *parts;
} LoadJob;

static gpointer load_rows(Store *s, gpointer data, const Cancel *stop, GError **err)
{
    gint64 message = ((const LoadJob *)data)->message;
    g_autoptr(GError) failure = NULL;
    g_autoptr(Content) c = content_open(s, message, &failure);
    if (c)
        return flatten(c->root);
    if (failure)
        g_propagate_error(err, g_steal_pointer(&failure));
    return NULL; /* without an error: it is not here yet */
}

static gboolean request_content(Parts *p, const char *section)
{
    Ui *ui = p->view.ui;
    Account *a = ui_account(ui, p->account);
    gboolean imap = a && a->incoming && a->incoming->protocol == PROTOCOL_IMAP;
    Request *r = request_new(REQUEST_BODY, p->account);
    r->message_id = p->message;
    r->section = g_strdup(section);
    return bus_request(ui->bus, imap ? LANE_FAST : LANE_SYNC, r);
}

static void fetch_tree(Parts *p)
{
    Ui *ui = p->view.ui;
    p->tree_asked = !p->tree_asked && request_content(p, "");
    if (p->tree_asked) {
        ui_say(ui, NOTICE_INFO, _("Fetching…  Esc: cancel"));
        return;
    }
    ui_say(ui, NOTICE_ERROR, _("This message is not downloaded, and it could not be fetched now"));
    ui_remove(ui, &p->view);
}

static void rows_loaded(Ui *ui, gpointer result, const GError *err, gpointer data)
{
    const LoadJob *job = data;
    Parts *p = open_parts(ui, job->parts);
    if (!p) {
        if (result)
            g_ptr_array_unref(result);
        return;
    }
    if (err) {
        ui_say(ui, NOTICE_ERROR, "%s", err->message);
        ui_remove(ui, &p->view);
        return;
    }
    if (!result) {
        fetch_tree(p);
        return;
    }
    p->rows = result;
    /* the first attachment, if there is one, is what one comes for */
    for (guint i = 0; i < p->rows->len; i++)
        if (*((const PartRow *)p->rows->pdata[i])->name) {
            p->cursor = i;
            break;
        }
    ui->dirty = TRUE;
}

static void start_rows(Parts *p)
{
    LoadJob *job = g_new(LoadJob, 1);
    *job = (LoadJob){p->message, p};
    loader_run(p->view.ui->loader, LOAD_PARTS, load_rows, rows_loaded, job, g_free, (GDestroyNotify)g_ptr_array_unref);
}

/* ---- one part after the other, by the loader ---- */

static void fetch_part(Parts *p)
{
    Ui *ui = p->view.ui;
    if (p->waiting || !request_content(p, p->section)) {
        p->waiting = FALSE;
        ui_say(ui, NOTICE_ERROR, _("This part is not downloaded, and it could not be fetched now"));
        return;
    }
    p->waiting = TRUE;
    ui_say(ui, NOTICE_INFO, _("Fetching…  Esc: cancel"));
}

static void path_asked(Ui *ui, const char *text, gpointer data);

static void ask_path(Parts *p, const char *question, const char *initial)
{
    ui_ask_completing(p->view.ui, question, initial, COMPLETE_FILE, path_asked, p);
}

/* To a shell on the terminal; its output stays until Enter. */
static gboolean run_pipe(Ui *ui, const char *command, const char *path)
{
    const char *argv[] = {"/bin/sh", "-c", "eval \"$1\" <\"$2\"; s=$?; printf '\\n%s ' \"$3\"; read -r _; exit $s",
                          "sh", command, path, _("Press Enter to go back to Pintail."), NULL};
    return ui_run_on_terminal(ui, argv);
}

/* A program with a window of its own goes on by itself; the file is there for a while. */
static void run_program(Ui *ui, PartResult *r)
{
    const char *script = r->on_terminal ? "eval \"$1\"" : "eval \"$1\" </dev/null >/dev/null 2>&1 &";
    const char *by_mailcap[] = {"/bin/sh", "-c", script, "sh", r->command, NULL};
    g_autofree char *opener = r->command ? NULL : g_find_program_in_path("xdg-open");
    const char *by_desktop[] = {opener, r->path, NULL};
    if (!r->command && !opener) {
        ui_say(ui, NOTICE_ERROR, _("No program for this here: name one in ~/.mailcap, or install xdg-open"));
        return;
    }
    if (ui_run_on_terminal(ui, r->command ? by_mailcap : by_desktop))
        ui_say(ui, NOTICE_INFO, _("Opened a copy that is only for reading"));
    else
        ui_say(ui, NOTICE_WARNING, _("This ended with an error: %s"), r->command ? r->command : opener);
    private_file_keep(ui, r->path);
    g_clear_pointer(&r->path, g_free);
}

static void next_part(Parts *p, const char *said);

static void part_succeeded(Parts *p, const PartJob *j, PartResult *r)
{
    Ui *ui = p->view.ui;
    p->done++;
    p->bytes += r->size;
    if (j->action == PART_SHOW || (j->action == PART_OPEN && r->text))
        ui_push(ui, text_view_new(ui, j->section, r->text ? r->text : ""));
    else if (j->action == PART_OPEN)
        run_program(ui, r);
    else if (j->action == PART_PIPE)
        ui_say(ui, run_pipe(ui, j->path, r->path) ? NOTICE_INFO : NOTICE_WARNING, _("Given to %s"), j->path);
    next_part(p, r->text);
}

static void part_done(Ui *ui, gpointer result, const GError *err, gpointer data)
{
    const PartJob *j = data;
    PartResult *r = result;
    Parts *p = open_parts(ui, j->owner);
    if (p && j->action == PART_SAVE && error_is(err, PINTAIL_ERROR_REFUSED))
        ask_path(p, _("(it exists already)  Save as:"), j->path);
    else if (err)
        ui_say(ui, NOTICE_ERROR, "%s", err->message);
    else if (p && r->missing)
        fetch_part(p);
    else if (p)
        part_succeeded(p, j, r);
    else if (r->text && j->action != PART_SHOW)
        ui_say(ui, NOTICE_INFO, "%s", r->text);
    if (r)
        part_result_free(r);
}

static void start_part(Parts *p)
{
    PartJob *j = g_new0(PartJob, 1);
    j->owner = p;
    j->message = p->message;
    j->action = p->action;
    j->section = g_strdup(p->section);
    j->path = g_strdup(p->path);
    j->filter = g_strdup(p->filter);
    loader_run(p->view.ui->loader, LOAD_PARTS, part_job_run, part_done, j, part_job_free, part_result_free);
}

static void begin_part(Parts *p, PartAction action, const PartRow *row, const char *path)
{
    const char *filter = filter_for(conf_filters(p->view.ui->conf), row->type);
    g_autofree char *kept = g_strdup(path); /* it may be p's own */
    p->waiting = FALSE;
    p->action = action;
    g_free(p->section);
    g_free(p->path);
    g_free(p->filter);
    p->section = g_strdup(row->section);
    p->path = g_steal_pointer(&kept);
    p->filter = g_strdup(filter);
    start_part(p);
}

static void next_part(Parts *p, const char *said)
{
    Ui *ui = p->view.ui;
    if (!g_queue_is_empty(&p->todo)) {
        begin_part(p, p->action, p->rows->pdata[GPOINTER_TO_UINT(g_queue_pop_head(&p->todo))], p->path);
    } else if (p->action == PART_SAVE_FREE) {
        g_autofree char *size = text_size(p->bytes);
        ui_say(ui, NOTICE_INFO, P_("Saved %u part in %s (%s)", "Saved %u parts in %s (%s)", p->done), p->done, p->path, size);
    } else if (p->action == PART_SAVE && said) {
        ui_say(ui, NOTICE_INFO, "%s", said);
    }
}

/* What is tagged, else what is under the cursor. */
static void begin_many(Parts *p, PartAction action, const char *path)
{
    g_queue_clear(&p->todo);
    p->done = 0;
    p->bytes = 0;
    for (guint i = 0; i < p->rows->len; i++)
        if (((PartRow *)p->rows->pdata[i])->tagged)
            g_queue_push_tail(&p->todo, GUINT_TO_POINTER(i));
    if (g_queue_is_empty(&p->todo))
        g_queue_push_tail(&p->todo, GUINT_TO_POINTER(p->cursor));
    begin_part(p, action, p->rows->pdata[GPOINTER_TO_UINT(g_queue_pop_head(&p->todo))], path);
}

/* ---- commands ---- */

static PartRow *current(const Parts *p)
{
    return p->rows && p->cursor < p->rows->len ? p->rows->pdata[p->cursor] : NULL;
}

static guint count_tagged(const Parts *p)
{
    guint n = 0;
    for (guint i = 0; p->rows && i < p->rows->len; i++)
        n += ((PartRow *)p->rows->pdata[i])->tagged ? 1 : 0;
    return n;
}

/* Something that can be saved, or several: FALSE, and said so, else. */
static gboolean have_target(Parts *p)
{
    const PartRow *row = current(p);
    if (count_tagged(p) > 0 || (row && !row->is_container))
        return TRUE;
    ui_say(p->view.ui, NOTICE_INFO, _("Choose one of the parts in it"));
    return FALSE;
}

static void toggle_tag(Parts *p)
{
    PartRow *row = current(p);
    if (!row)
        return;
    if (row->is_container)
        ui_say(p->view.ui, NOTICE_INFO, _("Choose one of the parts in it"));
    else
        row->tagged = !row->tagged;
    p->cursor += p->cursor + 1 < p->rows->len;
}

/* A name that is not taken: "report-2.pdf". */
static char *free_path(const char *directory, const char *name)
{
    const char *dot = strrchr(name, '.');
    int stem = dot && dot > name ? (int)(dot - name) : (int)strlen(name);
    char *path = g_build_filename(directory, name, NULL);
    for (guint n = 2; n < 1000 && g_file_test(path, G_FILE_TEST_EXISTS | G_FILE_TEST_IS_SYMLINK); n++) {
        g_autofree char *other = g_strdup_printf("%.*s-%u%s", stem, name, n, name + stem);
        g_free(path);
        path = g_build_filename(directory, other, NULL);
    }
    return path;
}

static void path_asked(Ui *ui, const char *text, gpointer data)
{
    Parts *p = open_parts(ui, data);
    const PartRow *row = p ? current(p) : NULL;
    if (!row || !text || !*text)
        return;
    g_queue_clear(&p->todo);
    g_autofree char *expanded = file_expand_home(text);
    g_autofree char *safe = file_safe_name(row->name);
    g_autofree char *path = g_file_test(expanded, G_FILE_TEST_IS_DIR)
        ? g_build_filename(expanded, safe, NULL) : g_canonicalize_filename(expanded, NULL);
    begin_part(p, PART_SAVE, row, path);
}

static void folder_asked(Ui *ui, const char *text, gpointer data)
{
    Parts *p = open_parts(ui, data);
    if (!p || !p->rows || !text || !*text)
        return;
    g_autofree char *expanded = file_expand_home(text);
    g_autofree char *folder = g_canonicalize_filename(expanded, NULL);
    if (g_file_test(folder, G_FILE_TEST_IS_DIR))
        begin_many(p, PART_SAVE_FREE, folder);
    else
        ui_say(ui, NOTICE_WARNING, _("There is no folder '%s'"), folder);
}

static void save(Parts *p)
{
    Ui *ui = p->view.ui;
    const char *downloads = g_get_user_special_dir(G_USER_DIRECTORY_DOWNLOAD);
    const char *folder = downloads && g_file_test(downloads, G_FILE_TEST_IS_DIR) ? downloads : g_get_home_dir();
    guint n = count_tagged(p);
    if (!have_target(p))
        return;
    if (n > 0) {
        g_autofree char *question = g_strdup_printf(P_("Save %u part in the folder:", "Save %u parts in the folder:", n), n);
        ui_ask_completing(ui, question, folder, COMPLETE_FILE, folder_asked, p);
        return;
    }
    const PartRow *row = current(p);
    g_autofree char *safe = file_safe_name(*row->name ? row->name : "part");
    g_autofree char *suggested = free_path(folder, safe);
    ask_path(p, _("Save as:"), suggested);
}

static void show(Parts *p)
{
    const PartRow *row = current(p);
    if (!row)
        return;
    g_queue_clear(&p->todo);
    if (g_str_has_prefix(row->type, "text/") || filter_for(conf_filters(p->view.ui->conf), row->type))
        begin_part(p, PART_SHOW, row, NULL);
    else
        ui_say(p->view.ui, NOTICE_INFO, _("%s cannot be shown as text: o opens it with a program, s saves it"), row->type);
}

static void command_asked(Ui *ui, const char *text, gpointer data)
{
    Parts *p = open_parts(ui, data);
    if (p && p->rows && text && *text)
        begin_many(p, PART_PIPE, text);
}

static void pipe_parts(Parts *p, char **args)
{
    g_autofree char *command = g_strjoinv(" ", args + 1);
    if (!have_target(p))
        return;
    if (*command)
        begin_many(p, PART_PIPE, command);
    else
        ui_ask(p->view.ui, _("Pipe to command:"), "", FALSE, command_asked, p);
}

static gboolean parts_command(View *v, char **args)
{
    Parts *p = (Parts *)v;
    const char *name = args[0];
    guint last = p->rows && p->rows->len ? p->rows->len - 1 : 0;
    v->ui->dirty = TRUE;
    if (g_str_equal(name, "up"))
        p->cursor -= p->cursor > 0;
    else if (g_str_equal(name, "down"))
        p->cursor += p->cursor < last;
    else if (g_str_equal(name, "first") || g_str_equal(name, "page-up"))
        p->cursor = 0;
    else if (g_str_equal(name, "last") || g_str_equal(name, "page-down"))
        p->cursor = last;
    else if (g_str_equal(name, "save"))
        save(p);
    else if (g_str_equal(name, "open"))
        show(p);
    else if (g_str_equal(name, "tag"))
        toggle_tag(p);
    else if (g_str_equal(name, "open-with") && have_target(p))
        begin_many(p, PART_OPEN, NULL);
    else if (g_str_equal(name, "pipe-part"))
        pipe_parts(p, args);
    else
        return FALSE;
    return TRUE;
}

static void parts_event(View *v, const Event *e)
{
    Parts *p = (Parts *)v;
    if (p->tree_asked && !p->rows && e->kind == EVENT_BODY && e->message_id == p->message) {
        if (e->ok) {
            start_rows(p);
        } else {
            ui_say(v->ui, NOTICE_ERROR, _("The message was not fetched: %s"), e->text ? e->text : "");
            ui_remove(v->ui, v);
        }
        return;
    }
    if (!p->waiting || e->kind != EVENT_BODY || e->message_id != p->message)
        return;
    if (!e->ok) {
        p->waiting = FALSE;
        ui_say(v->ui, NOTICE_ERROR, _("The part was not fetched: %s"), e->text ? e->text : "");
    } else if (e->section && g_str_equal(e->section, p->section)) {
        start_part(p);
    }
}

static void parts_draw(View *v, Surface *s, gboolean focused)
{
    Parts *p = (Parts *)v;
    int columns = surface_columns(s);
    guint fit = (guint)MAX(surface_rows(s) - 1, 1);
    surface_clear(s, style_of("list"));
    surface_field(s, 0, 0, columns, style_of("title"), _(" Parts of the message   s: save   Enter: show   q: back"));
    if (p->cursor < p->top)
        p->top = p->cursor;
    if (p->cursor >= p->top + fit)
        p->top = p->cursor - fit + 1;
    for (guint i = 0; p->rows && i < fit && p->top + i < p->rows->len; i++) {
        const PartRow *r = p->rows->pdata[p->top + i];
        gboolean here = p->top + i == p->cursor;
        g_autofree char *size = r->is_container ? g_strdup("") : text_size(r->size);
        g_autofree char *indent = g_strnfill(MIN(r->depth * 2, 20), ' ');
        g_autofree char *line = g_strdup_printf("%s%s", indent, *r->name ? r->name : r->type);
        Style style = here ? style_of("selected") : style_of("list");
        surface_field(s, (int)i + 1, 0, columns, style, r->tagged ? "*" : "");
        surface_field(s, (int)i + 1, 1, MAX(columns - 38, 1), style, line);
        surface_field(s, (int)i + 1, MAX(columns - 36, 1), 26, style, r->type);
        surface_field(s, (int)i + 1, MAX(columns - 9, 1), 9, style, size);
        if (here)
            ui_cursor(v->ui, s, (int)i + 1, 0);
    }
}

static void parts_free(View *v)
{
    Parts *p = (Parts *)v;
    g_clear_pointer(&p->rows, g_ptr_array_unref);
    g_queue_clear(&p->todo);
    g_free(p->section);
    g_free(p->path);
    g_free(p->filter);
    g_free(p);
}

static const ViewClass parts_class = {
    .context = "parts",
    .title = N_("Parts"),
    .draw = parts_draw,
    .command = parts_command,
    .event = parts_event,
    .free = parts_free,
};

void cmd_parts(Ui *ui, char **args)
{
    Selection at = panes_selection(ui);
    if (!at.message) {
        ui_say(ui, NOTICE_INFO, _("There is no message here"));
        return;
    }
    Parts *p = g_new0(Parts, 1);
    p->view.class = &parts_class;
    p->view.ui = ui;
    p->message = at.message;
    p->account = at.account;
    ui_push(ui, &p->view);
    start_rows(p);
}
