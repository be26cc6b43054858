/* picker_view.c - choose one of many: type to filter, Enter chooses. */
#include "picker_view.h"
#include "complete.h"
#include "field.h"
#include "scroll.h"
#include "pintail/util/i18n.h"
#include "pintail/util/text.h"

typedef struct {
    View view;
    char *title;
    GPtrArray *choices, *shown; /* `shown` borrows */
    Field *filter;
    Scroll scroll;
    void (*chosen)(Ui *ui, gint64 id, gpointer data);
    gpointer data;
} Picker;

static void choice_free(gpointer p)
{
    Choice *c = p;
    g_free(c->text);
    g_free(c->note);
    g_free(c);
}

GPtrArray *choices_new(void)
{
    return g_ptr_array_new_with_free_func(choice_free);
}

Choice *choices_add(GPtrArray *choices, gint64 id, const char *text, const char *note)
{
    Choice *c = g_new0(Choice, 1);
    c->id = id;
    c->text = g_strdup(text);
    c->note = g_strdup(note ? note : "");
    g_ptr_array_add(choices, c);
    return c;
}

static void filter(Picker *p)
{
    const char *typed = field_text(p->filter);
    g_ptr_array_set_size(p->shown, 0);
    for (guint i = 0; i < p->choices->len; i++) {
        Choice *c = p->choices->pdata[i];
        if (c->heading ? !*typed : complete_matches(c->text, typed))
            g_ptr_array_add(p->shown, c);
    }
}

/* Headings are stepped over. */
static void settle(Picker *p, int direction)
{
    int n = (int)p->shown->len;
    for (int i = 0; i < n; i++) {
        int at = CLAMP(p->scroll.cursor, 0, n - 1);
        if (!((Choice *)p->shown->pdata[at])->heading)
            break;
        if (at + direction < 0 || at + direction >= n)
            direction = -direction;
        p->scroll.cursor = at + direction;
    }
}

static void picker_draw(View *v, Surface *s, gboolean focused)
{
    Picker *p = (Picker *)v;
    int rows = surface_rows(s), columns = surface_columns(s);
    guint width = 10;
    for (guint i = 0; i < p->choices->len; i++)
        width = MAX(width, text_width(((Choice *)p->choices->pdata[i])->text, -1));
    width = MIN(width, (guint)MAX(columns - 14, 10));
    surface_clear(s, 0);
    int at = surface_put(s, 0, 1, -1, style_of("title"), p->title, -1) + 2;
    at += surface_put(s, 0, at, -1, style_of("help.note"), _("filter: "), -1);
    int cursor = field_draw(p->filter, s, 0, at, columns - at, style_of("prompt.input"));
    scroll_fit(&p->scroll, (int)p->shown->len, rows - 2);
    for (int i = 0; i < rows - 2 && p->scroll.top + i < (int)p->shown->len; i++) {
        const Choice *c = p->shown->pdata[p->scroll.top + i];
        gboolean on = p->scroll.top + i == p->scroll.cursor && !c->heading;
        Style style = style_merge(c->style, on ? style_of("selected") : 0);
        surface_fill(s, i + 2, 0, -1, on ? style : 0, " ");
        surface_put(s, i + 2, 0, 1, style, on ? "▸" : " ", -1);
        surface_field(s, i + 2, c->heading ? 1 : 2, (int)width, style, c->text);
        surface_put(s, i + 2, (int)width + 4, -1, on ? style : style_of("help.note"), c->note, -1);
    }
    if (p->shown->len == 0)
        surface_put(s, 2, 2, -1, style_of("help.note"), _("nothing matches"), -1);
    ui_cursor(v->ui, s, 0, cursor);
}

static void choose(Picker *p)
{
    if (p->shown->len == 0)
        return;
    const Choice *c = p->shown->pdata[p->scroll.cursor];
    if (c->heading)
        return;
    ui_pop(p->view.ui);
    p->chosen(p->view.ui, c->id, p->data);
}

static gboolean picker_key(View *v, const Key *k)
{
    Picker *p = (Picker *)v;
    if (k->kind == KEY_MOUSE) {
        int at = p->scroll.top + k->row - 2;
        if ((k->mouse == MOUSE_CLICK || k->mouse == MOUSE_DOUBLE) && k->row >= 2 &&
            at < (int)p->shown->len) {
            p->scroll.cursor = at;
            choose(p);
        }
        return TRUE;
    }
    /* motions and Enter are commands; what can be typed filters */
    gboolean typed = (k->kind == KEY_CHAR && !(k->mods & ~(guint)KEY_MOD_CTRL) &&
                      (!k->mods || k->code == 'u' || k->code == 'w')) ||
                     k->kind == KEY_BACKSPACE || k->kind == KEY_PASTE;
    if (!typed || !field_key(p->filter, k))
        return FALSE;
    filter(p);
    p->scroll.cursor = p->scroll.top = 0;
    settle(p, 1);
    return TRUE;
}

static gboolean picker_command(View *v, char **args)
{
    Picker *p = (Picker *)v;
    if (g_str_equal(args[0], "open")) {
        choose(p);
        return TRUE;
    }
    int before = p->scroll.cursor;
    if (!scroll_command(&p->scroll, args[0]))
        return FALSE;
    settle(p, p->scroll.cursor < before ? -1 : 1);
    return TRUE;
}

static void picker_free(View *v)
{
    Picker *p = (Picker *)v;
    g_free(p->title);
    g_ptr_array_unref(p->choices);
    g_ptr_array_unref(p->shown);
    field_free(p->filter);
    g_free(p);
}

static const ViewClass picker_class = {
    .context = "picker",
    .title = N_("Choose"),
    .draw = picker_draw,
    .key = picker_key,
    .command = picker_command,
    .free = picker_free,
};

View *picker_view_new(Ui *ui, const char *title, GPtrArray *choices_take,
                      void (*chosen)(Ui *ui, gint64 id, gpointer data), gpointer data)
{
    Picker *p = g_new0(Picker, 1);
    p->view.class = &picker_class;
    p->view.ui = ui;
    p->title = g_strdup(title);
    p->choices = choices_take;
    p->shown = g_ptr_array_new();
    p->filter = field_new("", FALSE);
    p->chosen = chosen;
    p->data = data;
    filter(p);
    settle(p, 1);
    return &p->view;
}
