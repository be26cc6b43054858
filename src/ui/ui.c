/* ui.c - the screen's beginning and end, and what all views share. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "command.h"
#include "compose.h"
#include "dispatch.h"
#include "keymap.h"
#include "loader.h"
#include "loop.h"
#include "panes.h"
#include "private_file.h"
#include "prompt.h"
#include "question.h"
#include "start.h"
#include "status.h"
#include "undo.h"
#include "writer.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/spawn.h"

/* ---- views ---- */

void ui_push(Ui *ui, View *take)
{
    g_ptr_array_add(ui->stack, take);
    ui->dirty = TRUE;
}

void ui_remove(Ui *ui, View *v)
{
    if (g_ptr_array_remove(ui->stack, v))
        g_ptr_array_add(ui->closed, v);
    ui->dirty = TRUE;
}

void ui_pop(Ui *ui)
{
    if (ui->stack->len > 0)
        ui_remove(ui, ui->stack->pdata[ui->stack->len - 1]);
}

View *ui_focused(Ui *ui)
{
    if (ui->stack->len)
        return ui->stack->pdata[ui->stack->len - 1];
    return panes_view(ui->panes, ui->panes->focus);
}

void ui_say(Ui *ui, Severity severity, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *text = g_strdup_vprintf(format, ap);
    va_end(ap);
    status_say(ui->status, severity, text);
    ui->dirty = TRUE;
}

void ui_cursor(Ui *ui, const Surface *s, int row, int column)
{
    int top, left;
    if (prompt_is_open(ui->prompts))
        return; /* it has the cursor */
    surface_origin(s, &top, &left);
    term_cursor(top + row, left + column, TRUE);
}

gboolean ui_is_read_only(Ui *ui)
{
    return ui->read_only || (ui->read_only_folder && ui->read_only_folder == panes_selection(ui).folder);
}

gboolean ui_refuses(Ui *ui)
{
    gboolean refuses = ui_is_read_only(ui);
    if (refuses)
        ui_say(ui, NOTICE_WARNING, ui->read_only ? _("Opened read only (-R): nothing is changed")
                                                 : _("Opened read only (:open -r): nothing is changed"));
    return refuses;
}

Account *ui_account(Ui *ui, gint64 account_id)
{
    g_autofree char *name = account_id ? account_name(ui->store, account_id) : NULL;
    return name ? conf_account(ui->conf, name) : NULL;
}

Account *ui_current_account(Ui *ui)
{
    Selection s = panes_selection(ui);
    Account *a = ui_account(ui, s.account);
    const GPtrArray *all = conf_accounts(ui->conf);
    return a ? a : all->len ? all->pdata[0] : NULL;
}

gboolean ui_request(Ui *ui, RequestKind kind, gint64 account, gint64 folder, gint64 message)
{
    static const Lane lanes[] = {LANE_FAST, LANE_SYNC};
    /* what is on the screen concerns the lane that watches, and no other */
    for (gsize i = kind == REQUEST_OPEN ? 1 : 0; i < G_N_ELEMENTS(lanes); i++) {
        Request *r = request_new(kind, account);
        r->folder_id = folder;
        r->message_id = message;
        if (kind == REQUEST_BODY)
            r->section = g_strdup("");
        if (bus_request(ui->bus, lanes[i], r))
            return TRUE;
    }
    return FALSE;
}

gboolean ui_run_on_terminal(Ui *ui, const char *const *argv)
{
    int status = 0;
    g_autoptr(GError) err = NULL;
    term_suspend();
    gboolean ran = spawn_on_terminal(argv, NULL, &status, &err);
    term_resume();
    ui->dirty = TRUE;
    if (!ran) {
        ui_say(ui, NOTICE_ERROR, "%s", err->message);
        return FALSE;
    }
    return status == 0;
}

/* ---- configuration ---- */

void ui_register(Conf *conf)
{
    conf_register_words(conf, command_contexts(), command_names(), default_elements());
    conf_register_syntax(conf, start_key_problem, style_problem);
}

/* ---- beginning and end ---- */

static void ui_clear(Ui *ui)
{
    conf_on_change(ui->conf, NULL, NULL);
    /* Loader first: its jobs borrow from views. Then the views, which may leave something to the writer. */
    loader_free(g_steal_pointer(&ui->loader));
    if (ui->stack)
        while (ui->stack->len)
            ui_pop(ui);
    if (ui->closed)
        g_ptr_array_unref(ui->closed);
    if (ui->stack)
        g_ptr_array_unref(ui->stack);
    panes_free(ui->panes);
    g_clear_pointer(&ui->composing, composing_free);
    g_clear_pointer(&ui->questions, questions_free);
    writer_free(ui->writer); /* finishes what was handed over */
    prompts_free(ui->prompts);
    keymap_free(ui->keymap);
    undo_free(ui->undo);
    status_free(ui->status);
    private_files_free(ui);
    loop_free(ui->loop);
    store_free(ui->store);
}

static void close_view(gpointer p)
{
    View *v = p;
    v->class->free(v);
}

static gboolean ui_init(Ui *ui, const UiOptions *o, GError **err)
{
    *ui = (Ui){.conf = o->conf, .bus = o->bus, .home = o->home, .options = o,
               .read_only = (o->flags & UI_READ_ONLY) != 0, .dirty = TRUE};
    ui->stack = g_ptr_array_new();
    ui->closed = g_ptr_array_new_with_free_func(close_view);
    ui->status = status_new();
    ui->prompts = prompts_new();
    ui->undo = undo_new();
    ui->keymap = keymap_new(o->conf);
    /* first of all: threads inherit the blocked signals */
    if (!(ui->loop = loop_new(ui, err)) ||
        !(ui->store = store_connect(o->home, STORE_FOR_PERSON, err)) ||
        !(ui->writer = writer_new(o->home, err)) || !(ui->loader = loader_new(o->home, err)))
        return FALSE;
    start_configure(ui);
    panes_new(ui);
    return TRUE;
}

int ui_run(const UiOptions *options)
{
    Ui ui;
    g_autoptr(GError) err = NULL;
    if (!ui_init(&ui, options, &err) || !term_open(conf_bool(options->conf, "mouse"), &err)) {
        fprintf(stderr, "pintail: %s\n", err->message);
        ui_clear(&ui);
        return 1;
    }
    start_first_views(&ui);
    dispatch_draw(&ui);
    ui.dirty = FALSE;
    if (options->first_screen)
        options->first_screen(options->data);
    start_after_first_screen(&ui);
    loop_run(ui.loop);
    g_autofree char *farewell = start_farewell(&ui);
    term_close();
    if (farewell)
        printf("%s\n", farewell);
    (void)fflush(stdout);
    if (options->leaving)
        options->leaving(options->data);
    ui_clear(&ui);
    return 0;
}
