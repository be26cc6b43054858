/* help_view.c - all commands with their keys, and all options: filters as you type, Enter runs.
 *
 * First what the keys do in the pane that help was called from, then the commands that mean
 * something elsewhere, then the options with their values. */
#include "help_view.h"
#include "command.h"
#include "complete.h"
#include "field.h"
#include "keymap.h"
#include "prompt.h"
#include "scroll.h"
#include "pintail/util/i18n.h"
#include "pintail/util/text.h"

typedef enum { ENTRY_HEADING, ENTRY_COMMAND, ENTRY_OPTION } EntryKind;

typedef struct {
    EntryKind kind;
    char *keys, *name, *help;
    gboolean arguments; /* must be given some */
} Entry;

typedef struct {
    View view;
    const char *context;
    GPtrArray *entries, *shown; /* `shown` borrows */
    Field *filter;
    Scroll scroll;
} HelpView;

static void entry_free(gpointer p)
{
    Entry *e = p;
    g_free(e->keys);
    g_free(e->name);
    g_free(e->help);
    g_free(e);
}

static Entry *add(HelpView *h, EntryKind kind, char *keys_take, const char *name, const char *help)
{
    Entry *e = g_new0(Entry, 1);
    e->kind = kind;
    e->keys = keys_take ? keys_take : g_strdup("");
    e->name = g_strdup(name);
    e->help = g_strdup(help);
    g_ptr_array_add(h->entries, e);
    return e;
}

static gboolean here(const HelpView *h, const Command *c)
{
    if (g_str_equal(c->contexts, "all"))
        return FALSE;
    for (const char *context = h->context; context; context = context_parent(context))
        if (command_in_context(c, context))
            return TRUE;
    return FALSE;
}

static void add_commands(HelpView *h, int which)
{
    guint n;
    const Command *all = commands(&n);
    for (guint i = 0; i < n; i++) {
        const Command *c = &all[i];
        gboolean everywhere = g_str_equal(c->contexts, "all");
        if (which != (here(h, c) ? 0 : everywhere ? 1 : 2))
            continue;
        g_autofree char *name = c->arguments ? g_strdup_printf("%s %s", c->name, c->arguments)
                                             : g_strdup(c->name);
        char *keys = keymap_labels(h->view.ui->keymap, which == 2 ? NULL : h->context, c->name);
        Entry *e = add(h, ENTRY_COMMAND, keys, name, _(c->help));
        e->arguments = c->arguments && c->arguments[0] != '[';
    }
}

static void fill(HelpView *h)
{
    add(h, ENTRY_HEADING, NULL, context_title(h->context), "");
    add_commands(h, 0);
    add(h, ENTRY_HEADING, NULL, _("everywhere"), "");
    add_commands(h, 1);
    add(h, ENTRY_HEADING, NULL, _("elsewhere"), "");
    add_commands(h, 2);
    add(h, ENTRY_HEADING, NULL, _("options (:set NAME VALUE, or in the configuration file)"), "");
    guint n;
    const Option *options = conf_options(&n);
    for (guint i = 0; i < n; i++) {
        g_autofree char *value = conf_option_text(h->view.ui->conf, options[i].name);
        g_autofree char *help = g_strdup_printf("[%s] %s", value, _(options[i].help));
        add(h, ENTRY_OPTION, NULL, options[i].name, help);
    }
}

static void filter(HelpView *h)
{
    const char *typed = field_text(h->filter);
    g_ptr_array_set_size(h->shown, 0);
    for (guint i = 0; i < h->entries->len; i++) {
        Entry *e = h->entries->pdata[i];
        g_autofree char *all = g_strdup_printf("%s %s %s", e->keys, e->name, e->help);
        if (e->kind == ENTRY_HEADING ? !*typed : complete_matches(all, typed))
            g_ptr_array_add(h->shown, e);
    }
}

static void settle(HelpView *h, int direction)
{
    int n = (int)h->shown->len;
    for (int i = 0; i < n; i++) {
        int at = CLAMP(h->scroll.cursor, 0, n - 1);
        if (((Entry *)h->shown->pdata[at])->kind != ENTRY_HEADING)
            break;
        if (at + direction < 0 || at + direction >= n)
            direction = -direction;
        h->scroll.cursor = at + direction;
    }
}

static void draw_entry(const HelpView *h, Surface *s, int row, const Entry *e, gboolean on, int keys,
                       int name)
{
    if (e->kind == ENTRY_HEADING) {
        surface_put(s, row, 1, -1, style_of("help.title"), e->name, -1);
        return;
    }
    Style over = on ? style_of("selected") : 0;
    surface_fill(s, row, 0, -1, over, " ");
    surface_put(s, row, 0, 1, over, on ? "▸" : " ", -1);
    surface_field(s, row, 2, keys, style_merge(style_of("help.key"), over), e->keys);
    surface_field(s, row, keys + 3, name, style_merge(style_of("help"), over), e->name);
    surface_field(s, row, keys + name + 4, -1, over, e->help);
}

static void help_draw(View *v, Surface *s, gboolean focused)
{
    HelpView *h = (HelpView *)v;
    int rows = surface_rows(s), columns = surface_columns(s);
    int keys = columns >= 100 ? 16 : 11, name = columns >= 100 ? 30 : 19;
    surface_clear(s, 0);
    int at = 1 + surface_put(s, 0, 1, -1, style_of("title"), _("Type to find a command, key or option: "), -1);
    int cursor = field_draw(h->filter, s, 0, at, columns - at, style_of("prompt.input"));
    scroll_fit(&h->scroll, (int)h->shown->len, rows - 2);
    for (int i = 0; i < rows - 2 && h->scroll.top + i < (int)h->shown->len; i++) {
        int index = h->scroll.top + i;
        draw_entry(h, s, i + 2, h->shown->pdata[index], index == h->scroll.cursor, keys, name);
    }
    if (h->shown->len == 0)
        surface_put(s, 2, 2, -1, style_of("help.note"), _("nothing matches"), -1);
    ui_cursor(v->ui, s, 0, cursor);
}

static void run_chosen(HelpView *h)
{
    Ui *ui = h->view.ui;
    if (h->shown->len == 0)
        return;
    const Entry *e = h->shown->pdata[h->scroll.cursor];
    if (e->kind == ENTRY_HEADING)
        return;
    g_auto(GStrv) words = g_strsplit(e->name, " ", 2);
    ui_pop(ui);
    if (e->kind == ENTRY_OPTION) {
        g_autofree char *line = g_strdup_printf("set %s ", words[0]);
        prompt_command_line(ui, line);
    } else if (e->arguments) {
        g_autofree char *line = g_strdup_printf("%s ", words[0]);
        prompt_command_line(ui, line);
    } else {
        ui_run_line(ui, words[0]);
    }
}

static gboolean help_key(View *v, const Key *k)
{
    HelpView *h = (HelpView *)v;
    if (k->kind == KEY_MOUSE) {
        int at = h->scroll.top + k->row - 2;
        if (k->mouse == MOUSE_CLICK && k->row >= 2 && at < (int)h->shown->len)
            h->scroll.cursor = at;
        return TRUE;
    }
    gboolean typed = (k->kind == KEY_CHAR && (!k->mods || (k->mods == KEY_MOD_CTRL &&
                                                           (k->code == 'u' || k->code == 'w')))) ||
                     k->kind == KEY_BACKSPACE || k->kind == KEY_PASTE;
    if (!typed || !field_key(h->filter, k))
        return FALSE;
    filter(h);
    h->scroll.cursor = h->scroll.top = 0;
    settle(h, 1);
    return TRUE;
}

static gboolean help_command(View *v, char **args)
{
    HelpView *h = (HelpView *)v;
    if (g_str_equal(args[0], "open")) {
        run_chosen(h);
        return TRUE;
    }
    int before = h->scroll.cursor;
    if (!scroll_command(&h->scroll, args[0]))
        return FALSE;
    settle(h, h->scroll.cursor < before ? -1 : 1);
    if (g_str_equal(args[0], "first"))
        h->scroll.top = 0;
    return TRUE;
}

static void help_free(View *v)
{
    HelpView *h = (HelpView *)v;
    g_ptr_array_unref(h->entries);
    g_ptr_array_unref(h->shown);
    field_free(h->filter);
    g_free(h);
}

static const ViewClass help_class = {
    .context = "help",
    .title = N_("Help"),
    .draw = help_draw,
    .key = help_key,
    .command = help_command,
    .free = help_free,
};

View *help_view_new(Ui *ui, const char *context, const char *typed)
{
    HelpView *h = g_new0(HelpView, 1);
    h->view.class = &help_class;
    h->view.ui = ui;
    h->context = context;
    h->entries = g_ptr_array_new_with_free_func(entry_free);
    h->shown = g_ptr_array_new();
    h->filter = field_new(typed, FALSE);
    fill(h);
    filter(h);
    settle(h, 1);
    return &h->view;
}
