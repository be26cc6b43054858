/* message_files.c - whole messages outside of Pintail: given to a program, saved, printed; several as one mbox
 * or one after the other. */
#include <string.h>
#include <unistd.h>
#include "command.h"
#include "list_view.h"
#include "loader.h"
#include "panes.h"
#include "private_file.h"
#include "save_file.h"
#include "viewer_load.h"
#include "viewer_view.h"
#include "pintail/store/maildir.h"
#include "pintail/util/date.h"
#include "pintail/util/error.h"
#include "pintail/util/file.h"
#include "pintail/util/i18n.h"

typedef enum {
    OUT_PIPE_EACH, /* `target` is a command, run for each message */
    OUT_PIPE_MBOX, /* the same, once, with all of them */
    OUT_SAVE_MBOX, /* `target` is a file */
    OUT_SAVE_EACH, /* `target` is a folder */
    OUT_SAVE_ONE,  /* `target` is a file */
    OUT_PRINT,
} OutKind;

typedef struct {
    OutKind kind;
    GArray *placements;
    char *target;
    char *fallback; /* the text on the screen, should the message not be here; NULL */
    gboolean prefer_html;
    char *html_filter;
    GHashTable *filters;
} Out;

typedef struct {
    GPtrArray *paths; /* private files for the program; of char * */
    guint done, missing;
} OutResult;

static void out_free(gpointer p)
{
    Out *o = p;
    g_array_unref(o->placements);
    g_free(o->target);
    g_free(o->fallback);
    g_free(o->html_filter);
    if (o->filters)
        g_hash_table_unref(o->filters);
    g_free(o);
}

static void out_result_free(gpointer p)
{
    OutResult *r = p;
    g_ptr_array_unref(r->paths);
    g_free(r);
}

/* ---- on the loader's thread ---- */

static gboolean add_file(OutResult *r, const char *name, const char *bytes, gsize len, GError **err)
{
    char *path = private_file_write(name, bytes, len, err);
    if (path)
        g_ptr_array_add(r->paths, path);
    return path != NULL;
}

static int oldest_first(gconstpointer a, gconstpointer b)
{
    const Row *x = *(Row *const *)a, *y = *(Row *const *)b;
    return x->date != y->date ? (x->date < y->date ? -1 : 1) : (x->placement > y->placement) - (x->placement < y->placement);
}

/* Their rows, oldest first: patches build on each other. */
static GPtrArray *rows_of(Store *s, const Out *o, GError **err)
{
    GPtrArray *rows = rows_get(s, (const gint64 *)(void *)o->placements->data, o->placements->len, err);
    for (guint i = rows ? rows->len : 0; i-- > 0;)
        if (!rows->pdata[i])
            g_ptr_array_remove_index(rows, i);
    if (rows)
        g_ptr_array_sort(rows, oldest_first);
    return rows;
}

static gboolean make_mbox(Store *s, const Out *o, const GPtrArray *rows, OutResult *r, const Cancel *stop, GError **err)
{
    g_autofree char *path = o->kind == OUT_SAVE_MBOX ? g_strdup(o->target) : private_file_write("messages.mbox", "", 0, err);
    Moved moved = {0};
    if (!path)
        return FALSE;
    if (o->kind == OUT_PIPE_MBOX)
        (void)unlink(path); /* made anew, in a folder that is ours alone */
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint64));
    for (guint i = 0; i < rows->len; i++)
        g_array_append_val(ids, ((const Row *)rows->pdata[i])->placement);
    if (!mail_export_these(s, ids, path, TRUE, &moved, stop, err))
        return FALSE;
    r->done = moved.messages;
    r->missing = moved.skipped;
    if (o->kind == OUT_PIPE_MBOX)
        g_ptr_array_add(r->paths, g_steal_pointer(&path));
    return TRUE;
}

/* For paper: what a person reads, with who and when. */
static char *printed(Store *s, const Out *o, gint64 message, const Cancel *stop, GError **err)
{
    Reader how = {.prefer_html = o->prefer_html, .html_filter = o->html_filter, .filters = o->filters};
    g_autoptr(Loaded) l = viewer_load(s, message, &how, stop, err);
    if (!l || !l->rendered || !l->envelope)
        return NULL;
    const Envelope *e = l->envelope;
    g_autofree char *from = address_list_format(e->from, FALSE), *to = address_list_format(e->to, FALSE);
    g_autofree char *cc = address_list_format(e->cc, FALSE);
    g_autofree char *date = e->date ? date_format_long(e->date) : g_strdup("");
    g_autofree char *text = rendered_to_text(l->rendered);
    g_autofree char *attached = g_strdup("");
    for (guint i = 0; i < l->attachments->len; i++) {
        g_autofree char *before = g_steal_pointer(&attached);
        attached = g_strdup_printf("%s%s\n", before, (const char *)l->attachments->pdata[i]);
    }
    g_autofree char *copies = *cc ? g_strdup_printf("%s %s\n", _("Cc:  "), cc) : g_strdup("");
    return g_strdup_printf("%s %s\n%s %s\n%s%s %s\n%s %s\n%s\n%s", _("From:"), from, _("To:  "), to, copies, _("Date:"), date,
                           _("Subject:"), e->subject, attached, text);
}

static gboolean take_one(Store *s, const Out *o, const Row *row, OutResult *r, const Cancel *stop, GError **err)
{
    g_autoptr(GError) failure = NULL;
    gsize len = 0;
    g_autofree char *text = o->kind == OUT_PRINT ? printed(s, o, row->message, stop, &failure) : NULL;
    g_autoptr(GBytes) whole = text ? g_bytes_new(text, strlen(text))
                              : o->kind != OUT_PRINT ? body_get(s, row->message, "", &failure) : NULL;
    gboolean on_screen = !failure && !whole && o->fallback && o->kind == OUT_PIPE_EACH;
    if (on_screen)
        whole = g_bytes_new(o->fallback, strlen(o->fallback));
    if (failure) {
        g_propagate_error(err, g_steal_pointer(&failure));
        return FALSE;
    }
    if (!whole) {
        r->missing++;
        return TRUE;
    }
    const char *bytes = g_bytes_get_data(whole, &len);
    g_autofree char *name = g_strdup_printf("%.120s.eml", *row->subject ? row->subject : "message");
    g_autofree char *valid = g_utf8_make_valid(name, -1);
    g_autofree char *saved = NULL;
    r->done++;
    if (o->kind == OUT_SAVE_ONE)
        return file_save_new(o->target, whole, err);
    if (o->kind == OUT_SAVE_EACH)
        return (saved = file_save_beside(o->target, valid, whole, err)) != NULL;
    return add_file(r, o->kind == OUT_PRINT ? "message.txt" : "message.eml", bytes, len, err);
}

static gpointer out_work(Store *s, gpointer data, const Cancel *stop, GError **err)
{
    const Out *o = data;
    OutResult *r = g_new0(OutResult, 1);
    r->paths = g_ptr_array_new_with_free_func(private_file_discard);
    g_autoptr(GPtrArray) rows = rows_of(s, o, err);
    gboolean ok = rows != NULL;
    if (ok && (o->kind == OUT_PIPE_MBOX || o->kind == OUT_SAVE_MBOX))
        ok = make_mbox(s, o, rows, r, stop, err);
    else
        for (guint i = 0; ok && i < rows->len; i++)
            ok = take_one(s, o, rows->pdata[i], r, stop, err);
    if (ok)
        return r;
    out_result_free(r);
    return NULL;
}

/* ---- back on the UI thread ---- */

/* To a shell on the terminal. `wait`: its output stays until Enter. */
static gboolean run(Ui *ui, const char *command, const char *path, gboolean wait)
{
    const char *script = wait ? "eval \"$1\" <\"$2\"; s=$?; printf '\\n%s ' \"$3\"; read -r _; exit $s"
                              : "eval \"$1\" <\"$2\"";
    const char *argv[] = {"/bin/sh", "-c", script, "sh", command, path, _("Press Enter to go back to Pintail."), NULL};
    return ui_run_on_terminal(ui, argv);
}

static void run_all(Ui *ui, const Out *o, const OutResult *r)
{
    for (guint i = 0; i < r->paths->len; i++) {
        gboolean last = i + 1 == r->paths->len;
        if (run(ui, o->target, r->paths->pdata[i], o->kind != OUT_PRINT && last))
            continue;
        ui_say(ui, NOTICE_WARNING, _("This ended with an error: %s"), o->target);
        return; /* what comes after a patch that does not apply would not either */
    }
    if (o->kind == OUT_PRINT)
        ui_say(ui, NOTICE_INFO, _("Given to %s"), o->target);
    else
        ui_say(ui, NOTICE_INFO, _("Done: %s"), o->target);
}

static void out_ready(Ui *ui, gpointer result, const GError *err, gpointer data)
{
    const Out *o = data;
    OutResult *r = result;
    if (err) {
        ui_say(ui, NOTICE_ERROR, "%s", err->message);
        return;
    }
    if (r->missing > 0)
        ui_say(ui, NOTICE_WARNING, P_("%u message is not here yet: open it first", "%u messages are not here yet: open them first",
                                      r->missing), r->missing);
    else if (o->kind <= OUT_PIPE_MBOX || o->kind == OUT_PRINT)
        run_all(ui, o, r);
    else
        ui_say(ui, NOTICE_INFO, P_("Saved %u message: %s", "Saved %u messages: %s", r->done), r->done, o->target);
    out_result_free(r);
}

static void begin(Ui *ui, Out *take, OutKind kind)
{
    take->kind = kind;
    loader_run(ui->loader, LOAD_OTHER, out_work, out_ready, take, out_free, out_result_free);
}

/* What the command is about; NULL: nothing, and that was said. */
static Out *out_new(Ui *ui)
{
    GArray *ids = panes_targets(ui);
    if (ids->len == 0) {
        g_array_unref(ids);
        return NULL;
    }
    Out *o = g_new0(Out, 1);
    o->placements = ids;
    gint64 shown = viewer_view_message(ui->panes->viewer);
    if (ids->len == 1 && panes_selection(ui).message == shown)
        o->fallback = viewer_view_text(ui->panes->viewer);
    return o;
}

/* ---- to a program ---- */

static void how_answered(Ui *ui, char key, gpointer data)
{
    if (key)
        begin(ui, data, key == 'm' ? OUT_PIPE_MBOX : OUT_PIPE_EACH);
    else
        out_free(data);
}

static void command_typed(Ui *ui, const char *text, gpointer data)
{
    Out *o = data;
    if (!text || !*text) {
        out_free(o);
        return;
    }
    o->target = g_strdup(text);
    if (o->placements->len > 1)
        ui_ask_key(ui, _("m: all as one mbox, e: the command for each message"), "me", how_answered, o);
    else
        begin(ui, o, OUT_PIPE_EACH);
}

void cmd_pipe(Ui *ui, char **args)
{
    Out *o = out_new(ui);
    if (!o)
        return;
    g_autofree char *command = g_strjoinv(" ", args + 1);
    if (*command)
        command_typed(ui, command, o);
    else
        ui_ask(ui, _("Pipe to command:"), "", FALSE, command_typed, o);
}

/* ---- to a file ---- */

static void path_typed(Ui *ui, const char *text, gpointer data)
{
    Out *o = data;
    if (!text || !*text) {
        out_free(o);
        return;
    }
    g_autofree char *expanded = file_expand_home(text);
    o->target = g_canonicalize_filename(expanded, NULL);
    begin(ui, o, g_file_test(o->target, G_FILE_TEST_IS_DIR) ? OUT_SAVE_EACH
                 : o->placements->len > 1                   ? OUT_SAVE_MBOX : OUT_SAVE_ONE);
}

void cmd_save_message(Ui *ui, char **args)
{
    Out *o = out_new(ui);
    if (!o)
        return;
    g_autofree char *path = g_strjoinv(" ", args + 1);
    if (*path) {
        path_typed(ui, path, o);
        return;
    }
    guint n = o->placements->len;
    g_autofree char *question = n == 1 ? g_strdup(_("Save the message as:"))
                                       : g_strdup_printf(_("Save %u messages in a new mbox, or each in the folder:"), n);
    ui_ask_completing(ui, question, n == 1 ? "~/message.eml" : "~/messages.mbox", COMPLETE_FILE, path_typed, o);
}

/* ---- to the printer ---- */

void cmd_print(Ui *ui, char **args)
{
    const char *command = conf_string(ui->conf, "print-command");
    if (!*command) {
        ui_say(ui, NOTICE_WARNING, _("No printer is set up: `:set print-command lpr`, or another program"));
        return;
    }
    Out *o = out_new(ui);
    if (!o)
        return;
    o->target = g_strdup(command);
    o->prefer_html = conf_bool(ui->conf, "prefer-html");
    o->html_filter = g_strdup(conf_string(ui->conf, "html-filter"));
    o->filters = g_hash_table_ref(conf_filters(ui->conf));
    begin(ui, o, OUT_PRINT);
}
