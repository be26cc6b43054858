/* problems_view.c - `O`: the outbox, and operations that a server refused; what to do about each. */
#include <string.h>
#include "compose.h"
#include "outbox_edit.h"
#include "problems_view.h"
#include "viewer_rows.h"
#include "writer.h"
#include "pintail/store/op.h"
#include "pintail/store/outbox.h"
#include "pintail/util/date.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"

#define WORDS_INDENT   12
#define WORDS_ROWS_MAX 12

typedef struct {
    gint64 outbox_id, op_id; /* one of them */
    gint64 account;
    OutboxState state;
    char *text;              /* the row */
    char *words;             /* the server's, below it */
    gboolean problem;
} Item;

typedef struct {
    View view;
    GPtrArray *items; /* of Item */
    guint cursor, top;
} Problems;

static void item_free(gpointer p)
{
    Item *i = p;
    g_free(i->text);
    g_free(i->words);
    g_free(i);
}

static char *recipients_text(const OutboxEntry *e)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < e->recipients->len; i++)
        g_string_append_printf(text, "%s%s", i ? ", " : "", ((const Recipient *)e->recipients->pdata[i])->address);
    return g_string_free(text, FALSE);
}

/* One line each, where the servers did not treat all alike. */
static char *results_text(const OutboxEntry *e)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < e->recipients->len; i++) {
        const Recipient *r = e->recipients->pdata[i];
        const char *result = r->state == RECIPIENT_ACCEPTED ? _("accepted")
                             : r->state == RECIPIENT_REFUSED ? _("refused") : _("waiting");
        gboolean say = r->state != RECIPIENT_ACCEPTED && r->words && *r->words;
        g_string_append_printf(text, "%s%s: %s%s%s", i ? "\n" : "", r->address, result, say ? ", " : "", say ? r->words : "");
    }
    return g_string_free(text, FALSE);
}

static const char *state_text(OutboxState state)
{
    switch (state) {
    case OUTBOX_QUEUED:
        return _("waiting");
    case OUTBOX_SENDING:
        return _("sending");
    case OUTBOX_UNKNOWN:
        return _("maybe sent");
    case OUTBOX_REFUSED:
        return _("refused");
    case OUTBOX_SENT:
        return _("sent");
    }
    return "";
}

static void add_outbox(Problems *p)
{
    g_autoptr(GPtrArray) entries = outbox_list(p->view.ui->store, 0, NULL);
    for (guint n = 0; entries && n < entries->len; n++) {
        const OutboxEntry *e = entries->pdata[n];
        g_autofree char *to = recipients_text(e);
        Item *i = g_new0(Item, 1);
        i->outbox_id = e->id;
        i->account = e->account;
        i->state = e->state;
        i->problem = e->state == OUTBOX_REFUSED || e->state == OUTBOX_UNKNOWN;
        i->text = g_strdup_printf(_("%-10s  %s  to %s"), state_text(e->state),
                                  e->subject && *e->subject ? e->subject : _("(no subject)"), to);
        gboolean heard = e->words && *e->words;
        g_autofree char *words = heard && e->recipients->len > 1 ? results_text(e) : g_strdup(heard ? e->words : "");
        g_autofree char *when = e->not_before > date_now() ? date_format_long(e->not_before) : NULL;
        i->words = when ? g_strdup_printf(_("%s\nnext try %s"), words, when) : g_steal_pointer(&words);
        g_ptr_array_add(p->items, i);
    }
}

static void add_operations(Problems *p)
{
    g_autoptr(GPtrArray) ops = ops_list(p->view.ui->store, TRUE, NULL);
    for (guint n = 0; ops && n < ops->len; n++) {
        const OpRow *o = ops->pdata[n];
        Item *i = g_new0(Item, 1);
        i->op_id = o->id;
        i->account = o->account;
        i->problem = TRUE;
        i->text = g_strdup_printf(_("%-10s  %s"), _("refused"), o->what);
        i->words = g_strdup(o->words ? o->words : "");
        g_ptr_array_add(p->items, i);
    }
}

/* The cursor stays on its item, as long as that is there. */
static void reload(Problems *p)
{
    const Item *at = p->cursor < p->items->len ? p->items->pdata[p->cursor] : NULL;
    gint64 outbox_id = at ? at->outbox_id : 0, op_id = at ? at->op_id : 0;
    g_ptr_array_set_size(p->items, 0);
    add_outbox(p);
    add_operations(p);
    for (guint i = 0; (outbox_id || op_id) && i < p->items->len; i++) {
        const Item *item = p->items->pdata[i];
        if (item->outbox_id == outbox_id && item->op_id == op_id)
            p->cursor = i;
    }
    if (p->cursor >= p->items->len)
        p->cursor = p->items->len ? p->items->len - 1 : 0;
    p->view.ui->dirty = TRUE;
}

/* The server's words below the row: all of them where the cursor is, else one row. */
static int words_rows(const Item *i, gboolean here, int columns, Surface *s, int row)
{
    const char *at = i->words;
    int n = 0;
    do {
        gsize line = strcspn(at, "\n"), skip = 0;
        gsize fits = line ? viewer_wrap(at, line, MAX(columns - WORDS_INDENT - 1, 2), TRUE, &skip) : 0;
        if (s && row + n < surface_rows(s))
            surface_put(s, row + n, WORDS_INDENT, columns - WORDS_INDENT, style_of("viewer.note"), at, (gssize)fits);
        at += fits + skip;
        at += *at == '\n' && fits + skip >= line;
        n++;
    } while (here && *at && n < WORDS_ROWS_MAX);
    return n;
}

static void problems_draw(View *v, Surface *s, gboolean focused)
{
    Problems *p = (Problems *)v;
    int rows = surface_rows(s), columns = surface_columns(s);
    surface_clear(s, style_of("list"));
    surface_field(s, 0, 0, columns, style_of("title"), _(" Outbox and problems"));
    if (p->items->len == 0)
        surface_put(s, 2, 2, columns - 2, style_of("viewer.note"), _("Everything has been sent and done."), -1);
    p->top = MIN(p->top, p->cursor);
    int room = rows - 1;
    for (guint n = p->cursor + 1; p->items->len && n-- > p->top;) { /* what is above it leaves room for it */
        room -= 1 + words_rows(p->items->pdata[n], n == p->cursor, columns, NULL, 0);
        if (room < 0 && n < p->cursor) {
            p->top = n + 1;
            break;
        }
    }
    int row = 1;
    for (guint n = p->top; n < p->items->len && row < rows; n++) {
        const Item *i = p->items->pdata[n];
        gboolean here = n == p->cursor;
        surface_field(s, row, 0, columns, here ? style_of("selected") : i->problem ? style_of("list.parked") : style_of("list"),
                      i->text);
        if (here)
            ui_cursor(v->ui, s, row, 0);
        row += 1 + words_rows(i, here, columns, s, row + 1);
    }
}

static const Item *current(Problems *p)
{
    return p->cursor < p->items->len ? p->items->pdata[p->cursor] : NULL;
}

/* ---- what can be done: by the writer, then the list is read again ---- */

typedef struct {
    gint64 outbox_id, op_id, account;
    gboolean retry;     /* else: dismiss an operation, or consider a message sent */
} Act;

static gint64 run_act(Store *s, gpointer data, GError **err)
{
    Act *a = data;
    if (a->op_id)
        return a->retry ? op_retry(s, a->op_id, err) : op_dismiss(s, a->op_id, err);
    return a->retry ? outbox_requeue(s, a->outbox_id, err) : outbox_consider_sent(s, a->outbox_id, err);
}

void problems_refresh(Ui *ui)
{
    View *top = ui->stack->len ? ui->stack->pdata[ui->stack->len - 1] : NULL;
    if (top && g_str_equal(top->class->context, "problems"))
        reload((Problems *)top);
}

static void acted(Ui *ui, gint64 result, const GError *err, gpointer data)
{
    const Act *a = data;
    if (err) {
        ui_say(ui, NOTICE_ERROR, "%s", err->message);
    } else if (a->retry) {
        if (a->op_id)
            ui_request(ui, REQUEST_REPLAY, a->account, 0, 0);
        else
            bus_request(ui->bus, LANE_SEND, request_new(REQUEST_SEND, a->account));
        ui_say(ui, NOTICE_INFO, _("Trying again"));
    } else {
        ui_say(ui, NOTICE_INFO, a->op_id ? _("Dismissed") : _("Taken as sent"));
    }
    problems_refresh(ui);
}

static void act(Problems *p, gboolean retry)
{
    const Item *i = current(p);
    if (!i)
        return;
    Act *a = g_new0(Act, 1);
    a->outbox_id = i->outbox_id;
    a->op_id = i->op_id;
    a->account = i->account;
    a->retry = retry;
    writer_run(p->view.ui->writer, run_act, acted, a, g_free);
}

static void dismiss_answered(Ui *ui, char key, gpointer data)
{
    View *top = ui->stack->len ? ui->stack->pdata[ui->stack->len - 1] : NULL;
    if (key == 'y' && top == data)
        act((Problems *)top, FALSE);
}

static void dismiss(Problems *p)
{
    const Item *i = current(p);
    Ui *ui = p->view.ui;
    if (!i)
        return;
    if (i->op_id)
        ui_ask_key(ui, _("Forget this change? The server keeps its state."), "yn", dismiss_answered, p);
    else if (i->state == OUTBOX_UNKNOWN)
        ui_ask_key(ui, _("Take it as sent? It will not be sent again."), "yn", dismiss_answered, p);
    else
        ui_say(ui, NOTICE_INFO, _("It was not sent: e takes it back to edit or discard it"));
}

static void edit(Problems *p)
{
    const Item *i = current(p);
    if (!i || !i->outbox_id) {
        ui_say(p->view.ui, NOTICE_INFO, _("Only a message can be edited"));
        return;
    }
    outbox_edit(p->view.ui, i->outbox_id, i->account);
}

static gboolean problems_command(View *v, char **args)
{
    Problems *p = (Problems *)v;
    const char *name = args[0];
    v->ui->dirty = TRUE;
    if (g_str_equal(name, "up"))
        p->cursor -= p->cursor > 0;
    else if (g_str_equal(name, "down"))
        p->cursor += p->cursor + 1 < p->items->len;
    else if (g_str_equal(name, "first") || g_str_equal(name, "page-up"))
        p->cursor = 0;
    else if (g_str_equal(name, "last") || g_str_equal(name, "page-down"))
        p->cursor = p->items->len ? p->items->len - 1 : 0;
    else if (g_str_equal(name, "retry"))
        act(p, TRUE);
    else if (g_str_equal(name, "dismiss"))
        dismiss(p);
    else if (g_str_equal(name, "edit") || g_str_equal(name, "open"))
        edit(p);
    else
        return FALSE;
    return TRUE;
}

static void problems_event(View *v, const Event *e)
{
    if (e->kind == EVENT_OUTBOX || e->kind == EVENT_FOLDERS || e->kind == EVENT_FOLDER)
        reload((Problems *)v);
}

static void problems_free(View *v)
{
    Problems *p = (Problems *)v;
    g_ptr_array_unref(p->items);
    g_free(p);
}

static const ViewClass problems_class = {
    .context = "problems",
    .title = N_("Outbox and problems"),
    .draw = problems_draw,
    .command = problems_command,
    .event = problems_event,
    .free = problems_free,
};

void cmd_problems(Ui *ui, char **args)
{
    Problems *p = g_new0(Problems, 1);
    p->view.class = &problems_class;
    p->view.ui = ui;
    p->items = g_ptr_array_new_with_free_func(item_free);
    reload(p);
    ui_push(ui, &p->view);
}
