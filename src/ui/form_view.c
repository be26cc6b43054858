/* form_view.c - see form_view.h.
 *
 * Two texts and two Enters are enough: address, password. Everything else is guessed, shown, and
 * may be changed. Nothing is written and no password kept before both logins have succeeded. */
#include <string.h>
#include "certificate_view.h"
#include "command.h"
#include "field.h"
#include "form_view.h"
#include "loop.h"
#include "panes.h"
#include "server_guess.h"
#include "viewer_rows.h"
#include "writer.h"
#include "pintail/mime/envelope.h"
#include "pintail/store/folder.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/text.h"

#define LABEL_CELLS  18
#define FIELD_CELLS  54
#define NOTE_CELLS   76
#define ROOMY_ROWS   18 /* enough for blank rows between */
#define DEFAULT_DAYS 14
#define MAX_DAYS     3650
#define RETRY_MS     30 /* of a probe that nobody took yet */

typedef enum { ITEM_ADDRESS, ITEM_PASSWORD, ITEM_NAME, ITEM_KIND, ITEM_INCOMING, ITEM_SMTP, ITEM_KEEP, ITEM_COUNT } Item;
typedef enum { KEEP_UNANSWERED, KEEP_REMOVE, KEEP_SOME_DAYS, KEEP_FOREVER, KEEP_COUNT } Keep;

/* One of the two servers: guesses are tried one after another until the person edits it. */
typedef struct {
    GPtrArray *guesses; /* of char *; may be empty */
    guint at;
    gboolean edited;
} Guess;

typedef struct {
    View view;
    Field *fields[ITEM_COUNT]; /* NULL for the two choices */
    Item focus;
    gboolean pop3;
    Keep keep;
    guint days;
    char *guessed_for;         /* address that the guesses belong to */
    char *beside;              /* incoming server that the SMTP guesses belong to; or NULL */
    Guess incoming, smtp;
    GPtrArray *trusted, *once; /* of char *: fingerprints accepted here; `once` is not written down */
    char *asked;               /* fingerprint that is being looked at */
    gboolean probing;
    guint retry;               /* timer; 0: none */
    GPtrArray *results;        /* of char *: one line a step */
    gboolean failed;           /* the last result is an error, */
    gboolean hinted;           /* and the one before, of which it is the hint */
    Account *account;          /* what is being tried, then written */
} Form;

/* ---- what the fields say ---- */

static const char *text_of(const Form *f, Item item)
{
    return field_text(f->fields[item]);
}

static void show_guess(Form *f, Guess *g, Item item, Protocol protocol)
{
    if (g->edited || g->at >= g->guesses->len)
        return;
    g_autofree char *shown = server_short(g->guesses->pdata[g->at], protocol);
    field_set(f->fields[item], shown);
}

static void guess_again(Form *f, Guess *g, Item item, Protocol protocol)
{
    if (g->guesses)
        g_ptr_array_unref(g->guesses);
    g->guesses = server_guesses(text_of(f, ITEM_ADDRESS), protocol);
    g->at = 0;
    show_guess(f, g, item, protocol);
}

static Protocol incoming_protocol(const Form *f)
{
    return f->pop3 ? PROTOCOL_POP3 : PROTOCOL_IMAP;
}

/* Who names the server of incoming mail has most likely the other one beside it. */
static void guess_smtp_beside(Form *f)
{
    const char *incoming = text_of(f, ITEM_INCOMING);
    if (!f->incoming.edited || !*incoming || f->smtp.edited || g_strcmp0(incoming, f->beside) == 0)
        return;
    g_free(f->beside);
    f->beside = g_strdup(incoming);
    g_ptr_array_unref(f->smtp.guesses);
    f->smtp.guesses = server_guesses_beside(incoming);
    f->smtp.at = 0;
    show_guess(f, &f->smtp, ITEM_SMTP, PROTOCOL_SMTP);
}

/* After the address or the kind changed. */
static void update_guesses(Form *f)
{
    g_autofree char *now = g_strdup_printf("%d %s", (int)f->pop3, text_of(f, ITEM_ADDRESS));
    if (g_strcmp0(now, f->guessed_for) == 0)
        return;
    g_free(f->guessed_for);
    f->guessed_for = g_steal_pointer(&now);
    guess_again(f, &f->incoming, ITEM_INCOMING, incoming_protocol(f));
    guess_again(f, &f->smtp, ITEM_SMTP, PROTOCOL_SMTP);
}

/* ---- results ---- */

static void add_result(Form *f, gboolean failed, const char *format, ...) G_GNUC_PRINTF(3, 4);
static void add_result(Form *f, gboolean failed, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_ptr_array_add(f->results, g_strdup_vprintf(format, args));
    va_end(args);
    f->failed = failed;
    f->hinted = FALSE;
    f->view.ui->dirty = TRUE;
}

static void complain(Form *f, Item item, const char *text)
{
    g_ptr_array_set_size(f->results, 0);
    add_result(f, TRUE, "%s", text);
    f->focus = item;
}

/* ---- the account as rc text, and as an Account ---- */

static char *unique_name(const Form *f)
{
    g_autofree char *base = account_name_guess(text_of(f, ITEM_ADDRESS));
    if (!conf_account(f->view.ui->conf, base))
        return g_steal_pointer(&base);
    for (guint n = 2;; n++) {
        g_autofree char *name = g_strdup_printf("%s-%u", base, n);
        if (!conf_account(f->view.ui->conf, name))
            return g_steal_pointer(&name);
    }
}

static void put(GString *rc, const char *name, const char *value)
{
    g_autofree char *quoted = conf_quote(value);
    g_string_append_printf(rc, "    %s %s\n", name, quoted);
}

/* As it is tried, or (not `trying`) as it is written down. */
static char *account_text(const Form *f, gboolean trying)
{
    g_autofree char *name = unique_name(f);
    GString *rc = g_string_new(NULL);
    g_string_append_printf(rc, "account %s\n", name);
    const char *address = text_of(f, ITEM_ADDRESS), *person = text_of(f, ITEM_NAME);
    g_autofree char *identity = *person ? g_strdup_printf("%s <%s>", person, address) : g_strdup(address);
    put(rc, "address", identity);
    g_autofree char *incoming = server_complete(text_of(f, ITEM_INCOMING), incoming_protocol(f), address);
    put(rc, f->pop3 ? "pop3" : "imap", incoming);
    g_autofree char *smtp = server_complete(text_of(f, ITEM_SMTP), PROTOCOL_SMTP, address);
    put(rc, "smtp", smtp);
    if (f->pop3 && f->keep == KEEP_SOME_DAYS)
        g_string_append_printf(rc, "    pop3-keep %ud\n", f->days);
    else if (f->pop3)
        put(rc, "pop3-keep", f->keep == KEEP_REMOVE ? "never" : "forever");
    for (guint i = 0; i < f->trusted->len; i++)
        put(rc, "tls-trust", f->trusted->pdata[i]);
    for (guint i = 0; trying && i < f->once->len; i++)
        put(rc, "tls-trust", f->once->pdata[i]);
    return g_string_free(rc, FALSE);
}

/* ---- trying it ---- */

static void probe_again(Ui *ui, gpointer data);

static void probe(Form *f)
{
    Ui *ui = f->view.ui;
    g_autofree char *text = account_text(f, TRUE);
    g_autoptr(GError) err = NULL;
    Account *a = conf_account_from_text(text, &err);
    if (!a) {
        complain(f, ITEM_INCOMING, err->message);
        return;
    }
    g_autofree char *written = account_text(f, FALSE);
    g_clear_pointer(&f->account, account_unref);
    f->account = conf_account_from_text(written, NULL);
    account_unref(a);
    const char *password = text_of(f, ITEM_PASSWORD);
    Request *r = request_new(REQUEST_PROBE, 0);
    r->account_rc = g_strdup(text);
    r->secret = secret_new(password, strlen(password));
    f->probing = TRUE;
    if (!bus_request(ui->bus, LANE_SYNC, r)) /* keys can be quicker than the start of the workers */
        f->retry = loop_after(ui->loop, RETRY_MS, probe_again, f);
}

static void probe_again(Ui *ui, gpointer data)
{
    Form *f = data;
    f->retry = 0;
    if (f->probing)
        probe(f);
}

static void connect_now(Form *f)
{
    const char *problem = address_problem(text_of(f, ITEM_ADDRESS));
    update_guesses(f);
    guess_smtp_beside(f);
    g_ptr_array_set_size(f->results, 0);
    if (problem)
        complain(f, ITEM_ADDRESS, problem);
    else if (!*text_of(f, ITEM_PASSWORD))
        complain(f, ITEM_PASSWORD, _("The password is missing"));
    else if (!*text_of(f, ITEM_INCOMING))
        complain(f, ITEM_INCOMING, _("Which server has your mail? Write its name, e.g. imap.example.org"));
    else if (!*text_of(f, ITEM_SMTP))
        complain(f, ITEM_SMTP, _("Which server sends? Write its name, e.g. smtp.example.org"));
    else if (f->pop3 && f->keep == KEEP_UNANSWERED)
        complain(f, ITEM_KEEP, _("Say first whether mail is removed from the server (Space changes the answer)"));
    else
        probe(f);
}

/* Another guess instead of the one that could not be reached. */
static gboolean try_next(Form *f, Guess *g, Item item, Protocol protocol, const Event *e)
{
    gboolean unreachable = e->code == PINTAIL_ERROR_RETRY || e->code == PINTAIL_ERROR_GONE ||
                           e->code == PINTAIL_ERROR_PROTOCOL;
    gboolean last = g->at + 1 >= g->guesses->len;
    if (!unreachable || g->edited || (last && g->at == 0))
        return FALSE;
    if (last) { /* none of them: it is for the person to say */
        field_set(f->fields[item], "");
        g_ptr_array_set_size(f->results, 0);
        add_result(f, TRUE, "%s", e->text ? e->text : "");
        const char *at = strrchr(text_of(f, ITEM_ADDRESS), '@');
        add_result(f, TRUE, protocol == PROTOCOL_SMTP
            ? _("No sending server was found for %s. Write its name: your provider's help has it, often smtp.… or mail.…")
            : _("No mail server was found for %s. If that is spelled right, write the server's name: your provider's help has it, often imap.… or mail.…"),
            at ? at + 1 : "");
        f->hinted = TRUE;
        f->focus = item;
        g->at = 0;
        return TRUE;
    }
    g->at++;
    show_guess(f, g, item, protocol);
    probe(f);
    return TRUE;
}

static Form *open_form(Ui *ui, gpointer form)
{
    for (guint i = 0; i < ui->stack->len; i++)
        if (ui->stack->pdata[i] == form)
            return form;
    return NULL;
}

static void certificate_answered(Ui *ui, AnswerKind answer, gpointer data)
{
    Form *f = open_form(ui, data);
    if (!f)
        return;
    if (answer == ANSWER_REJECT) {
        f->focus = ITEM_INCOMING;
        add_result(f, TRUE, _("The certificate was rejected; nothing was sent. Change the server, or press Enter to look again."));
    } else {
        g_ptr_array_add(answer == ANSWER_ONCE ? f->once : f->trusted, g_steal_pointer(&f->asked));
        probe(f);
    }
}

static void step_failed(Form *f, const Event *e)
{
    gboolean incoming = e->done == 0;
    if (e->code == PINTAIL_ERROR_CANCELLED)
        return; /* of a probe before this one */
    f->probing = FALSE;
    const char *fingerprint = e->report && e->report->chain->len
                                  ? ((const Certificate *)e->report->chain->pdata[0])->sha256 : NULL;
    if (fingerprint) {
        g_free(f->asked);
        f->asked = g_strdup(fingerprint);
        certificate_open(f->view.ui, e->report, NULL, certificate_answered, f);
        return;
    }
    if (incoming ? try_next(f, &f->incoming, ITEM_INCOMING, incoming_protocol(f), e)
                 : try_next(f, &f->smtp, ITEM_SMTP, PROTOCOL_SMTP, e))
        return;
    add_result(f, TRUE, "%s", e->text ? e->text : _("it failed"));
    const char *hint = e->code == PINTAIL_ERROR_AUTH ? provider_hint(text_of(f, ITEM_ADDRESS)) : NULL;
    if (hint) {
        add_result(f, TRUE, "%s", hint);
        f->hinted = TRUE;
    }
    f->focus = e->code == PINTAIL_ERROR_AUTH ? ITEM_PASSWORD : incoming ? ITEM_INCOMING : ITEM_SMTP;
}

/* ---- it works: into the rc and the store, by the writer ---- */

typedef struct {
    Form *form;
    char *path;
    Account *account;
} Finish;

static void finish_free(gpointer p)
{
    Finish *finish = p;
    g_free(finish->path);
    account_unref(finish->account);
    g_free(finish);
}

static gint64 run_finish(Store *s, gpointer data, GError **err)
{
    Finish *finish = data;
    const Account *a = finish->account;
    if (!conf_append_account(finish->path, a, err))
        return 0;
    StoredAccountKind kind = a->incoming->protocol == PROTOCOL_IMAP ? STORED_IMAP : STORED_POP3;
    return account_ensure(s, a->name, kind, a->maildir, err);
}

static void finished(Ui *ui, gint64 account, const GError *err, gpointer data)
{
    const Finish *finish = data;
    Form *f = open_form(ui, finish->form);
    g_autoptr(GError) failure = NULL;
    if (err || !conf_load(ui->conf, finish->path, &failure)) {
        if (f)
            add_result(f, TRUE, _("The account works, but: %s"), err ? err->message : failure->message);
        return;
    }
    ui->options->accounts_changed(ui->options->data);
    ui->awaited_account = account;
    if (f)
        ui_pop(ui);
    ui_say(ui, NOTICE_INFO, _("Welcome. Your settings are in %s"), finish->path);
    form_event(ui, NULL);
}

void form_event(Ui *ui, const Event *e)
{
    g_autoptr(Folder) inbox = ui->awaited_account ? folder_by_role(ui->store, ui->awaited_account, ROLE_INBOX) : NULL;
    if (!inbox)
        return;
    ui->awaited_account = 0;
    panes_open_folder(ui, inbox->id);
    panes_focus(ui, FOCUS_LIST);
}

static void step_done(Form *f, const Event *e)
{
    add_result(f, FALSE, "%s", e->text ? e->text : "");
    if (e->done < e->total)
        return;
    f->probing = FALSE;
    Finish *finish = g_new0(Finish, 1);
    finish->form = f;
    finish->path = conf_path(f->view.ui->conf) ? g_strdup(conf_path(f->view.ui->conf)) : conf_default_path();
    finish->account = account_ref(f->account);
    writer_run(f->view.ui->writer, run_finish, finished, finish, finish_free);
}

static void form_view_event(View *v, const Event *e)
{
    Form *f = (Form *)v;
    if (e->kind != EVENT_PROBE || !f->probing)
        return;
    (e->ok ? step_done : step_failed)(f, e);
    v->ui->dirty = TRUE;
}

/* ---- drawing ---- */

static const char *keep_text(const Form *f)
{
    switch (f->keep) {
    case KEEP_UNANSWERED:
        return _("– please choose –");
    case KEEP_REMOVE:
        return _("Yes, remove it as soon as it is safely here");
    case KEEP_SOME_DAYS:
        break; /* said with the number */
    case KEEP_FOREVER:
    case KEEP_COUNT:
        break;
    }
    return _("No, keep everything on the server");
}

/* Wrapped at words; returns the row below. */
static int draw_note(Surface *s, int row, int last, Style style, const char *text)
{
    while (*text && row < last) {
        gsize skip = 0, fits = viewer_wrap(text, strlen(text), MIN(surface_columns(s) - 4, NOTE_CELLS), TRUE, &skip);
        surface_put(s, row++, 2, -1, style, text, (gssize)fits);
        text += fits + skip;
    }
    return row;
}

static void draw_label(const Form *f, Surface *s, int row, Item item, const char *label)
{
    Style style = style_of("form.label");
    surface_field(s, row, 2, LABEL_CELLS, f->focus == item ? style_merge(style, style_of("title")) : style, label);
}

static void draw_text(const Form *f, Surface *s, int row, Item item, const char *label)
{
    draw_label(f, s, row, item, label);
    int cells = MAX(surface_columns(s) - LABEL_CELLS - 5, 1);
    gboolean guessed = (item == ITEM_INCOMING && !f->incoming.edited) || (item == ITEM_SMTP && !f->smtp.edited);
    Style style = style_of("form.input");
    if (guessed)
        style = style_merge(style, style_of("form.note"));
    int column = field_draw(f->fields[item], s, row, 2 + LABEL_CELLS, MIN(cells, FIELD_CELLS), style);
    if (f->focus == item)
        ui_cursor(f->view.ui, s, row, column);
}

static void draw_choice(const Form *f, Surface *s, int row, Item item, const char *label, const char *value)
{
    draw_label(f, s, row, item, label);
    gboolean here = f->focus == item;
    g_autofree char *text = g_strdup_printf(here ? _("‹%s›  Space: change") : "‹%s›", value);
    surface_put(s, row, 2 + LABEL_CELLS, -1, here ? style_of("selected") : 0, text, -1);
    if (here)
        ui_cursor(f->view.ui, s, row, 2 + LABEL_CELLS);
}

/* What happens if nothing is changed; where that is of use. */
static const char *note_for(const Form *f)
{
    if (f->focus == ITEM_INCOMING || f->focus == ITEM_SMTP)
        return _("A name is enough (TLS is used). Otherwise imaps:// imap:// pop3s:// pop3:// smtps:// smtp://, with USER@ before and :PORT after the name.");
    if (f->focus == ITEM_KEEP)
        return _("Nothing is removed there before you have answered, nor before it is safely on this disk.");
    return _("Your address and password are enough to begin. The servers are guessed from the address; everything can be changed. Nothing is written to the disk before a login has succeeded.");
}

static void form_draw(View *v, Surface *s, gboolean focused)
{
    Form *f = (Form *)v;
    int last = surface_rows(s);
    surface_clear(s, style_of("form"));
    surface_field(s, 0, 0, surface_columns(s), style_of("title"), _(" Set up an account"));
    int row = last >= ROOMY_ROWS ? 2 : 1;
    draw_text(f, s, row++, ITEM_ADDRESS, _("Your mail address"));
    draw_text(f, s, row++, ITEM_PASSWORD, _("Password"));
    draw_text(f, s, row++, ITEM_NAME, _("Your name"));
    row += last >= ROOMY_ROWS;
    draw_choice(f, s, row++, ITEM_KIND, _("Incoming mail"),
                f->pop3 ? _("POP3: is downloaded to this computer") : _("IMAP: stays on the server, in step"));
    draw_text(f, s, row++, ITEM_INCOMING, _("  its server"));
    draw_text(f, s, row++, ITEM_SMTP, _("Sending server"));
    if (f->pop3) {
        row += last >= ROOMY_ROWS;
        surface_put(s, row++, 2, -1, style_of("form.label"), _("Is mail removed from the server after download?"), -1);
        g_autofree char *days = g_strdup_printf(P_("Yes, after %u day (type how many)", "Yes, after %u days (type how many)", f->days), f->days);
        draw_choice(f, s, row++, ITEM_KEEP, "", f->keep == KEEP_SOME_DAYS ? days : keep_text(f));
    }
    row += last >= ROOMY_ROWS;
    for (guint i = 0; i < f->results->len; i++) {
        gboolean bad = f->failed && i + 1 >= f->results->len - (f->hinted ? 1 : 0);
        row = draw_note(s, row, last, style_of(bad ? "form.error" : "form.ok"), f->results->pdata[i]);
    }
    if (f->probing)
        row = draw_note(s, row, last, style_of("form.note"), _("Esc: stop"));
    if (f->results->len == 0)
        draw_note(s, row, last, style_of("form.note"), note_for(f));
}

/* ---- keys ---- */

static void move(Form *f, int by)
{
    if (f->focus == ITEM_ADDRESS)
        update_guesses(f);
    if (f->focus == ITEM_INCOMING)
        guess_smtp_beside(f);
    int count = f->pop3 ? ITEM_COUNT : ITEM_KEEP;
    f->focus = (Item)(((int)f->focus + by + count) % count);
}

static void enter(Form *f)
{
    if (f->focus == ITEM_ADDRESS && !*text_of(f, ITEM_PASSWORD))
        move(f, 1);
    else
        connect_now(f);
}

static void change_choice(Form *f, int by)
{
    if (f->focus == ITEM_KIND) {
        f->pop3 = !f->pop3;
        f->incoming.edited = FALSE;
        update_guesses(f);
    } else if (f->focus == ITEM_KEEP) {
        f->keep = (Keep)(((int)f->keep + by + KEEP_COUNT) % KEEP_COUNT);
        if (f->keep == KEEP_UNANSWERED)
            f->keep = by > 0 ? KEEP_REMOVE : KEEP_FOREVER;
    }
}

static gboolean choice_key(Form *f, const Key *k)
{
    if (k->kind == KEY_ARROW_LEFT || k->kind == KEY_ARROW_RIGHT || (k->kind == KEY_CHAR && k->code == ' ')) {
        change_choice(f, k->kind == KEY_ARROW_LEFT ? -1 : 1);
        return TRUE;
    }
    if (f->focus == ITEM_KEEP && k->kind == KEY_CHAR && k->mods == 0 && k->code >= '0' && k->code <= '9') {
        guint days = f->keep == KEEP_SOME_DAYS && f->days != DEFAULT_DAYS ? f->days * 10 : 0;
        days += k->code - '0';
        f->keep = KEEP_SOME_DAYS;
        f->days = CLAMP(days, 1, MAX_DAYS);
        return TRUE;
    }
    return k->kind == KEY_CHAR && k->mods == 0;
}

static void leave_answered(Ui *ui, char key, gpointer data)
{
    if (key == 'y' && open_form(ui, data))
        ui_pop(ui);
}

static void leave(Form *f)
{
    Ui *ui = f->view.ui;
    if (conf_accounts(ui->conf)->len == 0)
        ui_run_line(ui, "exit");
    else if (*text_of(f, ITEM_ADDRESS))
        ui_ask_key(ui, _("Leave without setting up this account?"), "yn", leave_answered, f);
    else
        ui_pop(ui);
}

static void stop_probe(Form *f)
{
    if (!f->probing)
        return;
    f->probing = FALSE;
    bus_cancel(f->view.ui->bus, 0, LANE_SYNC);
    add_result(f, TRUE, _("Stopped"));
}

static void note_edited(Form *f)
{
    if (f->focus == ITEM_INCOMING)
        f->incoming.edited = TRUE;
    if (f->focus == ITEM_SMTP)
        f->smtp.edited = TRUE;
}

/* What is typed takes the place of a guess; other keys go into it. */
static void replace_guess(Form *f, const Key *k)
{
    Guess *g = f->focus == ITEM_INCOMING ? &f->incoming : f->focus == ITEM_SMTP ? &f->smtp : NULL;
    gboolean is_text = k->kind == KEY_PASTE || (k->kind == KEY_CHAR && !(k->mods & (KEY_MOD_CTRL | KEY_MOD_ALT)));
    if (g && !g->edited && is_text)
        field_set(f->fields[f->focus], "");
}

/* A burst like "address Enter password Enter" arrives as one paste: its lines go on like keys. */
static void take_paste(Form *f, const Key *k)
{
    Key rest = {.kind = KEY_PASTE, .code = k->code, .text = g_strdup(k->text)};
    while (rest.text && !f->probing) {
        Field *field = f->fields[f->focus];
        if (*rest.text != '\n' && *rest.text != '\t')
            replace_guess(f, &rest);
        char *after = field ? field_paste(field, &rest) : NULL;
        note_edited(f);
        g_free(rest.text);
        rest.text = NULL;
        if (after && *after == '\t')
            move(f, 1);
        else if (after)
            enter(f);
        if (after && after[1])
            rest.text = g_strdup(after + 1);
        g_free(after);
    }
    g_free(rest.text);
}

static gboolean form_key(View *v, const Key *k)
{
    Form *f = (Form *)v;
    v->ui->dirty = TRUE;
    if (k->kind == KEY_ESC || (k->kind == KEY_CHAR && (k->mods & KEY_MOD_CTRL) && k->code == 'c')) {
        if (f->probing)
            stop_probe(f);
        else
            leave(f);
        return TRUE;
    }
    if (k->kind == KEY_FUNCTION || k->kind == KEY_RESIZED || k->kind == KEY_MOUSE)
        return FALSE;
    switch (k->kind) {
    case KEY_ENTER:
        if (!f->probing)
            enter(f);
        return TRUE;
    case KEY_TAB:
    case KEY_ARROW_DOWN:
        move(f, 1);
        return TRUE;
    case KEY_BACKTAB:
    case KEY_ARROW_UP:
        move(f, -1);
        return TRUE;
    case KEY_PASTE:
        stop_probe(f);
        take_paste(f, k);
        return TRUE;
    default:
        stop_probe(f); /* of what is being changed */
        replace_guess(f, k);
        if (!f->fields[f->focus])
            return choice_key(f, k);
        if (!field_key(f->fields[f->focus], k))
            return FALSE;
    }
    note_edited(f);
    return TRUE;
}

static gboolean form_command(View *v, char **args)
{
    return FALSE;
}

static void form_free(View *v)
{
    Form *f = (Form *)v;
    stop_probe(f);
    loop_cancel(v->ui->loop, f->retry);
    for (int i = 0; i < ITEM_COUNT; i++)
        if (f->fields[i])
            field_free(f->fields[i]);
    g_free(f->guessed_for);
    g_free(f->beside);
    g_free(f->asked);
    g_ptr_array_unref(f->once);
    g_clear_pointer(&f->incoming.guesses, g_ptr_array_unref);
    g_clear_pointer(&f->smtp.guesses, g_ptr_array_unref);
    g_ptr_array_unref(f->trusted);
    g_ptr_array_unref(f->results);
    g_clear_pointer(&f->account, account_unref);
    g_free(f);
}

static const ViewClass form_class = {
    .context = "form",
    .title = N_("New account"),
    .draw = form_draw,
    .key = form_key,
    .command = form_command,
    .event = form_view_event,
    .free = form_free,
};

void form_open(Ui *ui)
{
    if (ui_refuses(ui))
        return;
    Form *f = g_new0(Form, 1);
    f->view.class = &form_class;
    f->view.ui = ui;
    for (int i = 0; i < ITEM_COUNT; i++)
        if (i != ITEM_KIND && i != ITEM_KEEP)
            f->fields[i] = field_new("", i == ITEM_PASSWORD);
    f->days = DEFAULT_DAYS;
    f->trusted = g_ptr_array_new_with_free_func(g_free);
    f->once = g_ptr_array_new_with_free_func(g_free);
    f->results = g_ptr_array_new_with_free_func(g_free);
    ui_push(ui, &f->view);
}

void cmd_add_account(Ui *ui, char **args)
{
    form_open(ui);
}
