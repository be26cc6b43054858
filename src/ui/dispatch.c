/* dispatch.c - one key, one event, one drawing. */
#include <string.h>
#include "command.h"
#include "compose.h"
#include "dispatch.h"
#include "form_view.h"
#include "keymap.h"
#include "panes.h"
#include "prompt.h"
#include "question.h"
#include "status.h"
#include "viewer_rows.h"
#include "pintail/util/i18n.h"
#include "pintail/util/text.h"

static Layout current_layout(Ui *ui)
{
    int rows, columns;
    term_size(&rows, &columns);
    const char *sidebar = conf_string(ui->conf, "sidebar");
    Sidebar s = g_str_equal(sidebar, "always") ? SIDEBAR_ALWAYS
                : g_str_equal(sidebar, "never") ? SIDEBAR_NEVER : SIDEBAR_AUTO;
    return layout_compute(rows, columns, s, (int)conf_number(ui->conf, "sidebar-width"),
                          ui->panes->focus, ui->panes->zoomed);
}

/* ---- commands ---- */

/* The views that may do it, the one in focus first. */
static gboolean offer_to_views(Ui *ui, char **args)
{
    View *focused = ui_focused(ui);
    if (focused->class->command && focused->class->command(focused, args))
        return TRUE;
    if (ui->stack->len > 0)
        return FALSE; /* what lies under a full-screen view is not acted on */
    static const Focus order[] = {FOCUS_LIST, FOCUS_VIEWER, FOCUS_FOLDERS};
    for (gsize i = 0; i < G_N_ELEMENTS(order); i++) {
        View *v = panes_view(ui->panes, order[i]);
        if (v != focused && v->class->command && v->class->command(v, args))
            return TRUE;
    }
    return FALSE;
}

static gboolean means_something_here(Ui *ui, const Command *c)
{
    for (const char *context = ui_focused(ui)->class->context; context;
         context = context_parent(context))
        if (command_in_context(c, context))
            return TRUE;
    return ui->stack->len == 0 && (command_in_context(c, "list") || command_in_context(c, "viewer") ||
                                   command_in_context(c, "folders"));
}

gboolean dispatch_command(Ui *ui, char **args)
{
    const Command *c = command_find(args[0]);
    if (!c)
        return FALSE;
    if (g_str_equal(c->name, "headers") && args[1])
        return FALSE; /* which fields are shown is configuration */
    if (!means_something_here(ui, c)) {
        ui_say(ui, NOTICE_WARNING, _("%s does nothing in: %s"), c->name,
               context_title(ui_focused(ui)->class->context));
        return TRUE;
    }
    if (c->run)
        c->run(ui, args);
    else if (g_str_equal(c->name, "open") && args[1])
        folder_open_command(ui, args);
    else if (!offer_to_views(ui, args))
        ui_say(ui, NOTICE_WARNING, _("%s: there is nothing here to do that with"), c->name);
    if (!g_str_equal(c->name, "tagged"))
        ui->apply_tagged = FALSE;
    return TRUE;
}

void ui_run_line(Ui *ui, const char *line)
{
    g_auto(GStrv) each = conf_split_commands(line);
    for (char **one = each; one && *one; one++) {
        g_autoptr(GError) err = NULL;
        g_auto(GStrv) args = conf_words(*one, &err);
        if (args && !args[0])
            continue;
        if (args && dispatch_command(ui, args))
            continue;
        if (err || !conf_execute(ui->conf, *one, &err))
            ui_say(ui, NOTICE_ERROR, "%s", err ? err->message : *one);
    }
    ui->dirty = TRUE;
}

/* ---- keys ---- */

static void bound_key(Ui *ui, const Key *k)
{
    const char *context = ui_focused(ui)->class->context;
    const char *line = keymap_lookup(ui->keymap, context, k);
    if (line) {
        g_autofree char *copy = g_strdup(line); /* `bind` may replace the table */
        ui_run_line(ui, copy);
        return;
    }
    g_autofree char *key = key_label(k);
    g_autofree char *help = keymap_label(ui->keymap, context, "help");
    ui->apply_tagged = FALSE;
    ui_say(ui, NOTICE_INFO, _("%s does nothing here (%s).  %s: all keys"), key,
           context_title(context), help ? help : ":help");
}

static void refuse_paste(Ui *ui, const Key *k)
{
    glong n = g_utf8_strlen(k->text, -1);
    g_autofree char *key = keymap_label(ui->keymap, ui_focused(ui)->class->context, "command-line");
    ui_say(ui, NOTICE_WARNING,
           P_("%ld pasted character: nothing was run. Commands are typed after %s",
              "%ld pasted characters: nothing was run. Commands are typed after %s", n),
           n, key ? key : ":");
}

static void mouse_key(Ui *ui, Key *k)
{
    View *top = ui_focused(ui);
    if (ui->stack->len == 0) {
        (void)panes_mouse(ui, k);
        return;
    }
    k->row -= ui->panes->layout.body.row;
    if (k->mouse == MOUSE_WHEEL_UP || k->mouse == MOUSE_WHEEL_DOWN) {
        char *args[] = {(char *)(k->mouse == MOUSE_WHEEL_UP ? "up" : "down"), NULL};
        for (int i = 0; i < 3 && top->class->command; i++)
            (void)top->class->command(top, args);
    } else if (top->class->key) {
        (void)top->class->key(top, k);
    }
}

void dispatch_key(Ui *ui, Key *k)
{
    ui->dirty = TRUE;
    if (k->kind == KEY_RESIZED)
        return;
    status_key_pressed(ui->status);
    if (leaving_key(ui, k))
        return;
    View *v = ui_focused(ui);
    if (prompt_is_open(ui->prompts))
        prompt_key(ui, k);
    else if (k->kind == KEY_MOUSE)
        mouse_key(ui, k);
    else if (v->class->key && v->class->key(v, k))
        ui->dirty = TRUE;
    else if (k->kind == KEY_PASTE)
        refuse_paste(ui, k);
    else
        bound_key(ui, k);
    g_ptr_array_set_size(ui->closed, 0);
}

/* ---- events ---- */

void dispatch_event(Ui *ui, Event *e)
{
    ui->dirty = TRUE;
    status_event(ui, e);
    panes_event(ui, e);
    for (guint i = 0; i < ui->stack->len; i++) {
        View *v = ui->stack->pdata[i];
        if (v->class->event)
            v->class->event(v, e);
    }
    if (e->kind == EVENT_QUESTION)
        question_event(ui, e);
    else if (e->kind == EVENT_BODY)
        compose_event(ui, e);
    else if (e->kind == EVENT_FOLDERS || e->kind == EVENT_FOLDER)
        form_event(ui, e);
    g_ptr_array_set_size(ui->closed, 0);
}

/* ---- drawing ---- */

static Surface *part_of(Surface *screen, const Rect *r)
{
    return surface_sub(screen, r->row, r->column, r->rows, r->columns);
}

static void draw_too_small(Surface *screen, int rows, int columns)
{
    g_autofree char *text = g_strdup_printf(_("Terminal too small (%dx%d; need %dx%d)"), columns, rows,
                                            LAYOUT_COLUMNS_MIN, LAYOUT_ROWS_MIN);
    /* it must be readable even where it doesn't fit one row */
    const char *rest = text;
    gsize left = strlen(rest), skip;
    for (int row = 0; row < rows && left > 0 && columns > 1; row++) {
        gsize n = viewer_wrap(rest, left, columns, TRUE, &skip);
        surface_put(screen, row, 0, columns, 0, rest, (gssize)n);
        rest += n + skip;
        left -= n + skip;
    }
    term_cursor(0, 0, FALSE);
}

static void draw_title(Ui *ui)
{
    static char *shown;
    g_autofree char *title = panes_title(ui);
    if (g_strcmp0(shown, title) == 0)
        return;
    g_free(shown);
    shown = g_strdup(title);
    term_title(title);
}

static void note_unshown(Ui *ui)
{
    static gboolean told;
    if (!term_take_unshown() || told)
        return;
    told = TRUE;
    ui_say(ui, NOTICE_WARNING,
           _("This locale cannot show some characters: they appear as ? (LANG=C.UTF-8 shows them)"));
    g_autoptr(Surface) body = part_of(term_surface(), &ui->panes->layout.body);
    g_autoptr(Surface) row = part_of(term_surface(), &ui->panes->layout.message);
    status_draw_message(ui, body, row);
}

void dispatch_draw(Ui *ui)
{
    Surface *screen = term_surface();
    Layout l = current_layout(ui);
    surface_clear(screen, 0);
    if (l.too_small) {
        draw_too_small(screen, surface_rows(screen), surface_columns(screen));
        term_refresh();
        return;
    }
    term_cursor(l.hints.row, 0, FALSE);
    g_autoptr(Surface) status = part_of(screen, &l.status);
    g_autoptr(Surface) body = part_of(screen, &l.body);
    g_autoptr(Surface) message = part_of(screen, &l.message);
    g_autoptr(Surface) hints = part_of(screen, &l.hints);
    if (ui->stack->len) {
        View *v = ui->stack->pdata[ui->stack->len - 1];
        ui->panes->layout = l;
        v->class->draw(v, body, TRUE);
    } else {
        panes_draw(ui, screen, &l);
    }
    status_draw_first(ui, status);
    status_draw_hints(ui, hints);
    if (prompt_is_open(ui->prompts))
        prompt_draw(ui, body, message);
    else
        status_draw_message(ui, body, message);
    note_unshown(ui);
    draw_title(ui);
    term_refresh();
}
