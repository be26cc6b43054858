/* status.c - the first row, the message row, the hint row. */
#include <string.h>
#include "status.h"
#include "keymap.h"
#include "folder_view.h"
#include "list_view.h"
#include "loop.h"
#include "panes.h"
#include "prompt.h"
#include "pintail/store/op.h"
#include "pintail/util/i18n.h"
#include "pintail/util/text.h"

#define HISTORY 200
#define ERROR_READ_US (1500 * 1000) /* an error stays for at least this long, whatever is pressed */

typedef struct {
    AccountState state;
    char *text;
    char *told; /* the reason that the person has read; NULL: none since it was online */
    gint64 since;
    gboolean slow; /* that was said */
} Connection;

#define SLOW_MS 10000 /* without an answer to a new connection: it is said */

struct Status {
    Severity severity;
    char *text; /* NULL: nothing is said */
    gint64 said_at;
    GPtrArray *history;
    GHashTable *connections; /* account id -> Connection */
    Event progress;          /* text, done, total, per_second; text NULL: none */
    guint outbox, parked, waiting; /* parked: refused operations and messages, and those perhaps sent */
    gint64 last_key;
};

static void connection_free(gpointer p)
{
    Connection *c = p;
    g_free(c->text);
    g_free(c->told);
    g_free(c);
}

Status *status_new(void)
{
    Status *s = g_new0(Status, 1);
    s->history = g_ptr_array_new_with_free_func(g_free);
    s->connections = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, connection_free);
    return s;
}

void status_free(Status *s)
{
    if (!s)
        return;
    g_free(s->text);
    g_free(s->progress.text);
    g_ptr_array_unref(s->history);
    g_hash_table_unref(s->connections);
    g_free(s);
}

/* ---- what they show ---- */

void status_say(Status *s, Severity severity, const char *text)
{
    g_free(s->text);
    s->text = g_strdup(text);
    s->severity = severity;
    s->said_at = g_get_monotonic_time();
    if (s->history->len >= HISTORY)
        g_ptr_array_remove_index(s->history, 0);
    g_ptr_array_add(s->history, g_strdup(text));
}

gint64 status_last_key(const Status *s)
{
    return s->last_key;
}

void status_key_pressed(Status *s)
{
    s->last_key = g_get_monotonic_time();
    if (s->severity == NOTICE_ERROR && g_get_monotonic_time() - s->said_at < ERROR_READ_US)
        return;
    g_clear_pointer(&s->text, g_free);
    s->severity = NOTICE_INFO;
}

const GPtrArray *status_history(const Status *s)
{
    return s->history;
}

/* Connections that were said to be slow. */
static gboolean cancel_slow(Ui *ui)
{
    GHashTableIter i;
    gpointer id, value;
    gboolean any = FALSE;
    g_hash_table_iter_init(&i, ui->status->connections);
    while (g_hash_table_iter_next(&i, &id, &value)) {
        Connection *c = value;
        if (!c->slow || c->state != ACCOUNT_CONNECTING)
            continue;
        c->slow = FALSE;
        any = TRUE;
        bus_cancel(ui->bus, *(const gint64 *)id, LANE_SYNC);
    }
    return any;
}

gboolean status_cancel(Ui *ui)
{
    Status *s = ui->status;
    gboolean was = cancel_slow(ui) || s->text != NULL;
    g_clear_pointer(&s->text, g_free);
    if (!s->progress.text)
        return was;
    /* what is under way and shown is what Esc stops */
    bus_cancel(ui->bus, s->progress.account_id, s->progress.lane);
    ui_say(ui, NOTICE_INFO, _("Stopped: %s"), s->progress.text);
    g_clear_pointer(&s->progress.text, g_free);
    return TRUE;
}

void status_counts_changed(Ui *ui)
{
    Status *s = ui->status;
    g_autoptr(GPtrArray) entries = outbox_list(ui->store, 0, NULL);
    s->outbox = 0;
    s->parked = ops_count(ui->store, OP_PARKED);
    for (guint i = 0; entries && i < entries->len; i++) {
        OutboxState state = ((const OutboxEntry *)entries->pdata[i])->state;
        gboolean goes_out = state == OUTBOX_QUEUED || state == OUTBOX_SENDING;
        s->outbox += goes_out;
        s->parked += !goes_out;
    }
    s->waiting = ops_count(ui->store, OP_WAITING) + ops_count(ui->store, OP_INFLIGHT);
}

guint status_problems(Ui *ui)
{
    status_counts_changed(ui);
    return ui->status->parked;
}

guint status_waiting(Ui *ui)
{
    status_counts_changed(ui);
    return ui->status->outbox + ui->status->waiting;
}

AccountState status_account_state(Ui *ui, gint64 account)
{
    Connection *c = g_hash_table_lookup(ui->status->connections, &account);
    return c ? c->state : ACCOUNT_OFFLINE;
}

/* Why there is no connection is said once, not at every further attempt. */
static void say_why(Status *s, const Event *e)
{
    gboolean broken = e->state == ACCOUNT_OFFLINE || e->state == ACCOUNT_FAILED;
    Connection *before = g_hash_table_lookup(s->connections, &e->account_id);
    if (!broken || !e->text || !*e->text || (before && g_strcmp0(before->told, e->text) == 0))
        return;
    status_say(s, e->state == ACCOUNT_FAILED ? NOTICE_ERROR : NOTICE_WARNING, e->text);
}

static void say_slow(Ui *ui, gpointer data)
{
    GHashTableIter i;
    gpointer id, value;
    g_hash_table_iter_init(&i, ui->status->connections);
    while (g_hash_table_iter_next(&i, &id, &value)) {
        Connection *c = value;
        Account *a = ui_account(ui, *(const gint64 *)id);
        if (c->state == ACCOUNT_CONNECTING && a && a->incoming &&
            g_get_monotonic_time() - c->since >= SLOW_MS * G_TIME_SPAN_MILLISECOND) {
            c->slow = TRUE;
            ui_say(ui, NOTICE_WARNING, _("%s has not answered for 10 seconds.  Esc: stop, G: reconnect"),
                   a->incoming->host);
        }
    }
}

static void take_connection(Ui *ui, const Event *e)
{
    Status *s = ui->status;
    Connection *before = g_hash_table_lookup(s->connections, &e->account_id);
    gboolean broken = e->state == ACCOUNT_OFFLINE || e->state == ACCOUNT_FAILED;
    say_why(s, e);
    const char *told = broken ? e->text : e->state == ACCOUNT_ONLINE || !before ? NULL : before->told;
    Connection *c = g_new0(Connection, 1);
    c->state = e->state;
    c->since = g_get_monotonic_time();
    if (c->state == ACCOUNT_CONNECTING)
        loop_after(ui->loop, SLOW_MS, say_slow, NULL);
    c->text = g_strdup(e->text ? e->text : "");
    c->told = g_strdup(told);
    g_hash_table_replace(s->connections, g_memdup2(&e->account_id, sizeof e->account_id), c);
}

static void take_progress(Status *s, const Event *e)
{
    g_clear_pointer(&s->progress.text, g_free);
    if (e->total > 0 && e->done >= e->total)
        return;
    s->progress.text = g_strdup(e->text ? e->text : "");
    s->progress.account_id = e->account_id;
    s->progress.lane = e->lane;
    s->progress.done = e->done;
    s->progress.total = e->total;
    s->progress.per_second = e->per_second;
}

void status_event(Ui *ui, const Event *e)
{
    Status *s = ui->status;
    switch (e->kind) {
    case EVENT_ACCOUNT:
        take_connection(ui, e);
        if (e->state == ACCOUNT_OFFLINE || e->state == ACCOUNT_FAILED) {
            if (s->progress.account_id == e->account_id)
                g_clear_pointer(&s->progress.text, g_free);
        }
        break;
    case EVENT_PROGRESS:
        take_progress(s, e);
        break;
    case EVENT_NOTICE:
        if (e->text && *e->text)
            status_say(s, e->severity, e->text);
        break;
    case EVENT_OUTBOX:
        if (e->text && *e->text)
            status_say(s, e->severity, e->text);
        status_counts_changed(ui);
        break;
    case EVENT_FOLDER:
    case EVENT_FOLDERS:
    case EVENT_IDLE:
        status_counts_changed(ui);
        break;
    default:
        break;
    }
}

/* ---- the first row ---- */

/* "IMAP TLS"; "" for an account without a server. */
static char *protocol_text(const Account *a, gboolean *clear)
{
    static const char *const names[] = {"IMAP", "POP3", "SMTP"};
    *clear = FALSE;
    if (!a || !a->incoming)
        return g_strdup("");
    *clear = a->tls_off || a->incoming->tls == TLS_OFF;
    return g_strdup_printf("%s %s", names[a->incoming->protocol], *clear ? _("no TLS") : "TLS");
}

typedef struct {
    Surface *row;
    int right; /* first column taken */
    Style base;
} Right;

/* One item from the right; those that don't fit are left out. */
static void put_right(Right *r, Style style, const char *text)
{
    int width = (int)text_width(text, -1);
    if (!*text || r->right - width - 2 < surface_columns(r->row) / 3)
        return;
    r->right -= width + 1;
    surface_put(r->row, 0, r->right, width, style, text, -1);
    r->right--;
}

static void put_connection(Ui *ui, Right *r, gint64 account_id)
{
    static const struct {
        const char *text, *element;
    } states[] = {[ACCOUNT_OFFLINE] = {N_("○ offline"), "status"},
                  [ACCOUNT_CONNECTING] = {N_("○ connecting"), "status"},
                  [ACCOUNT_ONLINE] = {N_("● online"), "status.online"},
                  [ACCOUNT_WAITING] = {N_("○ waiting"), "status.warning"},
                  [ACCOUNT_FAILED] = {N_("✗ failed"), "status.error"},
                  [ACCOUNT_ELSEWHERE] = {N_("● by another Pintail"), "status"}};
    Account *a = ui_account(ui, account_id);
    gboolean clear;
    g_autofree char *protocol = protocol_text(a, &clear);
    AccountState state = status_account_state(ui, account_id);
    put_right(r, clear ? style_of("status.warning") : r->base, protocol);
    if (!a || a->incoming)
        put_right(r, style_of(states[state].element), _(states[state].text));
}

/* "87% of 5 GB": RFC 9208. */
static void put_quota(Ui *ui, Right *r, gint64 account)
{
    guint64 used = 0, limit = 0;
    if (!account || !account_quota(ui->store, account, &used, &limit, NULL) || limit == 0)
        return;
    guint percent = (guint)MIN((double)used / (double)limit * 100, 999);
    g_autofree char *size = text_size(limit > G_MAXUINT64 / 1024 ? G_MAXUINT64 : limit * 1024);
    g_autofree char *text = g_strdup_printf(_("%u%% of %s"), percent, size);
    put_right(r, percent >= 90 ? style_of("status.warning") : r->base, text);
}

/* In folders of other people and shared ones: what may be done there (RFC 4314). */
static void put_rights(Ui *ui, Right *r, gint64 folder)
{
    const Folder *f = folder ? folder_view_folder(ui->panes->folders, folder) : NULL;
    if (!f || !(f->flags & (FOLDER_OTHERS | FOLDER_SHARED | FOLDER_READ_ONLY)))
        return;
    if (f->flags & FOLDER_READ_ONLY)
        put_right(r, style_of("status.warning"), _("folder read only"));
    if (*f->rights) {
        g_autofree char *text = g_strdup_printf(_("rights %s"), f->rights);
        put_right(r, r->base, text);
    }
}

static char *what_is_open(Ui *ui)
{
    if (ui->stack->len == 0)
        return list_view_summary(ui->panes->list);
    const ViewClass *class = ui_focused(ui)->class;
    return g_strdup(class->title ? _(class->title) : "");
}

void status_draw_first(Ui *ui, Surface *row)
{
    Status *s = ui->status;
    Selection at = panes_selection(ui);
    Style base = style_of("status");
    Right right = {row, surface_columns(row), base};
    surface_fill(row, 0, 0, -1, base, " ");
    if (at.account)
        put_connection(ui, &right, at.account);
    if (s->parked) {
        g_autofree char *key = keymap_label(ui->keymap, ui_focused(ui)->class->context, "problems");
        g_autofree char *text = g_strdup_printf(
            P_("%u problem: %s", "%u problems: %s", s->parked), s->parked, key ? key : ":problems");
        put_right(&right, style_of("status.error"), text);
    }
    put_quota(ui, &right, at.account);
    put_rights(ui, &right, at.folder);
    if (s->outbox) {
        g_autofree char *text = g_strdup_printf(_("outbox %u"), s->outbox);
        put_right(&right, style_of("status.warning"), text);
    }
    if (s->waiting) {
        g_autofree char *text = g_strdup_printf(_("↑%u"), s->waiting);
        put_right(&right, base, text);
    }
    if (ui_is_read_only(ui))
        put_right(&right, style_of("status.warning"), _("read only"));

    /* Where there is no room for both, what is open matters more than whose it is. */
    int room = MAX(right.right - 1, 0);
    g_autofree char *what = what_is_open(ui);
    Account *a = ui_account(ui, at.account);
    const char *whose[] = {a ? a->identity.address : NULL, a ? a->name : NULL};
    g_autofree char *left = g_strdup_printf(" %s", what);
    for (gsize i = 0; i < G_N_ELEMENTS(whose) && whose[i]; i++) {
        g_autofree char *both = g_strdup_printf(" %s  %s", whose[i], what);
        if ((int)text_width(both, -1) > room)
            continue;
        g_free(left);
        left = g_steal_pointer(&both);
        break;
    }
    surface_field(row, 0, 0, room, style_of("status.title"), left);
}

/* ---- the message row ---- */

static void draw_progress(Ui *ui, Surface *row)
{
    const Event *p = &ui->status->progress;
    Style style = style_of("message.progress");
    int columns = surface_columns(row);
    g_autofree char *key = keymap_label(ui->keymap, "list", "cancel");
    g_autofree char *stop = g_strdup_printf(_("%s: cancel"), key ? key : ":cancel");
    g_autofree char *rate = text_size(p->per_second);
    g_autoptr(GString) tail = g_string_new(NULL);
    if (p->per_second)
        g_string_append_printf(tail, " %s/s", rate);
    g_string_append_printf(tail, "  %s", stop);
    int end = columns - (int)text_width(tail->str, -1) - 1;
    int at = 1 + surface_put(row, 0, 1, MAX(end - 24, 10), style, p->text, -1);
    if (p->total) {
        g_autofree char *counts =
            g_strdup_printf("  %" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT "  ", p->done, p->total);
        at += surface_put(row, 0, at, MAX(end - at, 0), style, counts, -1);
        int bar = MIN(end - at - 2, 30);
        if (bar >= 5) {
            int full = (int)(p->done * (guint64)bar / p->total);
            at += surface_put(row, 0, at, 1, style, "[", -1);
            surface_fill(row, 0, at, full, style, "#");
            surface_fill(row, 0, at + full, bar - full, style, ".");
            at += bar;
            at += surface_put(row, 0, at, 1, style, "]", -1);
        }
    }
    surface_put(row, 0, MIN(at, end), -1, style, tail->str, -1);
}

void status_draw_message(Ui *ui, Surface *body, Surface *row)
{
    static const char *const elements[] = {"message.info", "message.warning", "message.error"};
    Status *s = ui->status;
    if (s->text) {
        const char *rest;
        g_autofree char *text = g_strdup_printf(" %s", s->text);
        Style style = style_of(elements[s->severity]);
        (void)prompt_draw_above(body, style, text, 0, &rest);
        surface_field(row, 0, 0, -1, style, rest);
    } else if (s->progress.text) {
        draw_progress(ui, row);
    }
}

/* ---- the hint row ---- */

typedef struct {
    const char *context, *command, *label;
} Hint;

/* In the order of use; what doesn't fit is left out, help is always there. */
static const Hint hints[] = {
    {"list", "open", N_("Open")}, {"list", "reply", N_("Reply")}, {"list", "reply-all", N_("All")},
    {"list", "write", N_("Write")}, {"list", "delete", N_("Delete")}, {"list", "move", N_("Move")},
    {"list", "search", N_("Search")}, {"list", "next-unread", N_("Next")},
    {"list", "undo", N_("Undo")}, {"list", "archive", N_("Archive")}, {"list", "go", N_("Folders")},
    {"list", "get-mail", N_("Get mail")}, {"list", "quit", N_("Quit")},
    {"viewer", "read-on", N_("Page")}, {"viewer", "reply", N_("Reply")}, {"viewer", "reply-all", N_("All")},
    {"viewer", "write", N_("Write")}, {"viewer", "delete", N_("Delete")}, {"viewer", "move", N_("Move")},
    {"viewer", "search", N_("Search")}, {"viewer", "parts", N_("Parts")},
    {"viewer", "next-unread", N_("Next")}, {"viewer", "quit", N_("Back")}, {"viewer", "zoom", N_("Zoom")},
    {"viewer", "headers", N_("Headers")}, {"viewer", "links", N_("Links")},
    {"folders", "open", N_("Open")}, {"folders", "pane-right", N_("Messages")},
    {"folders", "go", N_("Jump")}, {"folders", "folder-view", N_("View")},
    {"folders", "get-mail", N_("Get mail")},
    {"folders", "write", N_("Write")}, {"folders", "quit", N_("Quit")},
    {"help", "open", N_("Run")}, {"help", "cancel", N_("Close")},
    {"picker", "open", N_("Choose")}, {"picker", "cancel", N_("Close")},
    {"conversation", "page-down", N_("Page on")}, {"conversation", "next-message", N_("Next")},
    {"conversation", "open", N_("Open")}, {"conversation", "toggle-quotes", N_("Quotes")},
    {"conversation", "cancel", N_("Close")},
    {"text", "page-down", N_("Page on")}, {"text", "cancel", N_("Close")},
    {"compose", "send", N_("Send")}, {"compose", "edit", N_("Edit")}, {"compose", "attach", N_("Attach")},
    {"compose", "edit-to", N_("To")}, {"compose", "edit-subject", N_("Subject")},
    {"compose", "postpone", N_("Keep draft")}, {"compose", "quit", N_("Leave")},
    {"compose", "edit-cc", N_("Cc")}, {"compose", "edit-bcc", N_("Bcc")}, {"compose", "detach", N_("Detach")},
    {"compose", "edit-headers", N_("Edit with headers")}, {"compose", "edit-from", N_("From")},
    {"problems", "edit", N_("Edit")}, {"problems", "retry", N_("Try again")},
    {"problems", "dismiss", N_("Dismiss")}, {"problems", "quit", N_("Close")},
    {"parts", "open", N_("Show")}, {"parts", "save", N_("Save")}, {"parts", "open-with", N_("Open")},
    {"parts", "tag", N_("Tag")}, {"parts", "pipe-part", N_("Pipe")}, {"parts", "quit", N_("Close")},
    {"links", "open", N_("Open")}, {"links", "quit", N_("Close")},
    /* where letters are text, a few keys are fixed: "=" and the key's name */
    {"form", "=Enter", N_("Go on")}, {"form", "=Tab", N_("Next field")}, {"form", "=^C", N_("Leave")},
    {"editor", "=^X", N_("Done")}, {"editor", "=^C", N_("Leave it")}, {"editor", "=^Z", N_("Undo")},
    {"editor", "=^K", N_("Cut line")},
    {"question", "accept-once", N_("Once")}, {"question", "accept-always", N_("Always")},
    {"question", "reject", N_("Reject")},
};

static int put_hint(Surface *row, int at, int limit, const char *key, const char *label)
{
    int width = (int)(text_width(key, -1) + text_width(label, -1)) + 3;
    if (at + width > limit)
        return -1;
    at += surface_put(row, 0, at, -1, style_of("hint.key"), key, -1);
    at += surface_put(row, 0, at + 1, -1, style_of("hint"), label, -1) + 1;
    return at + 2;
}

/* While something is typed or asked, keys mean what they mean there. */
static void draw_prompt_hints(Ui *ui, Surface *row)
{
    static const struct {
        const char *key, *label;
        gboolean line, completing; /* only where a line is typed; where Tab has something to offer */
    } keys[] = {{N_("Enter"), N_("OK"), TRUE, FALSE}, {N_("Esc"), N_("Cancel"), FALSE, FALSE},
                {N_("Tab"), N_("Complete"), TRUE, TRUE}, {"^U", N_("Clear"), TRUE, FALSE}};
    gboolean line = prompt_is_line(ui->prompts), completing = prompt_completes(ui->prompts);
    int at = 1;
    for (gsize i = 0; i < G_N_ELEMENTS(keys) && at > 0; i++)
        if ((line || !keys[i].line) && (completing || !keys[i].completing))
            at = put_hint(row, at, surface_columns(row), _(keys[i].key), _(keys[i].label));
}

void status_draw_hints(Ui *ui, Surface *row)
{
    if (prompt_is_open(ui->prompts)) {
        draw_prompt_hints(ui, row);
        return;
    }
    const char *context = ui_focused(ui)->class->context;
    int at = 1, columns = surface_columns(row);
    gboolean types_text = g_str_equal(context, "form") || g_str_equal(context, "editor");
    g_autofree char *help = types_text ? g_strdup("F1") : keymap_label(ui->keymap, context, "help");
    int help_width = help ? (int)(text_width(help, -1) + text_width(_("Help"), -1)) + 2 : 0;
    for (gsize i = 0; i < G_N_ELEMENTS(hints); i++) {
        if (!g_str_equal(hints[i].context, context))
            continue;
        const char *command = hints[i].command;
        g_autofree char *key = *command == '=' ? g_strdup(command + 1) : keymap_label(ui->keymap, context, command);
        if (!key)
            continue;
        int next = put_hint(row, at, columns - help_width, key, _(hints[i].label));
        if (next < 0)
            break;
        at = next;
    }
    if (help)
        (void)put_hint(row, at, columns + 2, help, _("Help"));
}
