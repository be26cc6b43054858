/* compose_view.c - the review: what will be sent, to whom, with what; and the last decision.
 *
 * Sending means: into the outbox, durably; only then the screen closes. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "command.h"
#include "compose.h"
#include "loader.h"
#include "undo.h"
#include "viewer_rows.h"
#include "writer.h"
#include "pintail/util/date.h"
#include "pintail/util/error.h"
#include "pintail/util/file.h"
#include "pintail/util/i18n.h"
#include "pintail/util/text.h"
#include "pintail/util/when.h"

#define LABEL_CELLS 10

typedef struct {
    View view;
    Draft *draft;
    ComposeOrigin origin;
    guint top;       /* first row of the text shown */
    guint body_rows; /* as last drawn */
    gboolean more;   /* rows follow the last one drawn */
    gint64 not_before; /* send later: Unix seconds; 0 */
    gboolean busy;   /* on its way into the outbox or Drafts */
} Review;

/* ---- drawing ---- */

static void draw_field(Surface *s, int *row, const char *label, const char *value)
{
    surface_field(s, *row, 1, LABEL_CELLS, style_of("viewer.header.name"), label);
    surface_field(s, *row, 1 + LABEL_CELLS, surface_columns(s) - LABEL_CELLS - 2, style_of("viewer.header"), value);
    (*row)++;
}

static void draw_addresses(Surface *s, int *row, const char *label, const GPtrArray *list, gboolean always)
{
    if (list->len == 0 && !always)
        return;
    g_autofree char *text = address_list_format(list, FALSE);
    draw_field(s, row, label, text);
}

static guint64 attachment_size(const Attachment *a)
{
    struct stat st;
    if (a->content)
        return g_bytes_get_size(a->content);
    return a->path && stat(a->path, &st) == 0 ? (guint64)st.st_size : 0;
}

static char *attachment_label(const Attachment *a)
{
    if (a->name)
        return g_strdup(a->name);
    return a->path ? g_path_get_basename(a->path) : g_strdup(_("unnamed"));
}

static void draw_attachments(Surface *s, int *row, const GPtrArray *list)
{
    for (guint i = 0; i < list->len; i++) {
        const Attachment *a = list->pdata[i];
        g_autofree char *name = attachment_label(a);
        g_autofree char *size = text_size(attachment_size(a));
        g_autofree char *line = g_strdup_printf("[%u] %s  %s", i + 1, name, size);
        surface_field(s, *row, 1, LABEL_CELLS, style_of("viewer.header.name"), i == 0 ? _("Attached:") : "");
        surface_field(s, *row, 1 + LABEL_CELLS, surface_columns(s) - LABEL_CELLS - 2, style_of("viewer.attachment"), line);
        (*row)++;
    }
}

/* The text as it will be read: wrapped at words, from row `top` on. */
static void draw_body(Review *r, Surface *s, int row)
{
    int columns = MAX(surface_columns(s) - 2, 2);
    r->body_rows = (guint)MAX(surface_rows(s) - row, 0);
    guint n = 0;
    const char *at = r->draft->body ? r->draft->body : "";
    while (*at && row < surface_rows(s)) {
        gsize length = strcspn(at, "\n"), skip = 0;
        Style style = *at == '>' ? style_of("viewer.quote") : style_of("viewer");
        do {
            gsize fits = length ? viewer_wrap(at, length, columns, TRUE, &skip) : 0;
            if (n++ >= r->top && row < surface_rows(s))
                surface_put(s, row++, 1, columns, style, at, (gssize)fits);
            at += fits + skip;
            length -= MIN(fits + skip, length);
        } while (length > 0 && row < surface_rows(s));
        at += length > 0 ? 0 : *at == '\n';
    }
    r->more = *at != '\0';
}

static void review_draw(View *v, Surface *s, gboolean focused)
{
    Review *r = (Review *)v;
    const Draft *d = r->draft;
    surface_clear(s, style_of("viewer"));
    surface_field(s, 0, 0, surface_columns(s), style_of("title"),
                  r->busy ? _(" Storing…") : _(" Ready to send?"));
    int row = 1;
    g_autofree char *from = address_format(d->from, FALSE);
    draw_field(s, &row, _("From:"), from);
    draw_addresses(s, &row, _("To:"), d->to, TRUE);
    draw_addresses(s, &row, _("Cc:"), d->cc, FALSE);
    draw_addresses(s, &row, _("Bcc:"), d->bcc, FALSE);
    draw_addresses(s, &row, _("Reply-To:"), d->reply_to, FALSE);
    draw_field(s, &row, _("Subject:"), *d->subject ? d->subject : _("(none)"));
    draw_attachments(s, &row, d->attachments);
    surface_fill(s, row, 0, surface_columns(s), style_of("border"), "─");
    draw_body(r, s, row + 1);
    ui_cursor(v->ui, s, 0, 0);
}

/* ---- into the outbox ---- */

typedef struct {
    OutboxEntry *entry;
    GBytes *message;
    SentKind sent_kind;
    char *sent_name;
    gint64 draft_folder_account; /* keep as draft: the account; 0 */
    char *drafts_name;
    gint64 replaces;
    char *rescue;                /* its copies, for which there is no need afterwards */
} StoreJob;

static void store_job_free(gpointer p)
{
    StoreJob *j = p;
    if (j->entry)
        outbox_entry_free(j->entry);
    if (j->message)
        g_bytes_unref(j->message);
    g_free(j->sent_name);
    g_free(j->drafts_name);
    g_free(j->rescue);
    g_free(j);
}

static gint64 sent_folder(Store *s, const StoreJob *j, GError **err)
{
    if (j->sent_kind == SENT_SAME && j->entry->answers)
        return placement_folder(s, j->entry->answers);
    return folder_for_role(s, j->entry->account, ROLE_SENT, j->sent_name, err);
}

/* Writer thread. */
static gint64 queue_message(Store *s, gpointer data, GError **err)
{
    StoreJob *j = data;
    if (j->sent_kind != SENT_NONE && !(j->entry->sent_folder = sent_folder(s, j, err)))
        return 0;
    gsize len = 0;
    const void *bytes = g_bytes_get_data(j->message, &len);
    gint64 id = outbox_add(s, j->entry, bytes, len, err);
    if (id > 0 && j->rescue)
        rescue_remove(j->rescue);
    return id;
}

static gint64 keep_draft(Store *s, gpointer data, GError **err)
{
    StoreJob *j = data;
    gint64 folder = folder_for_role(s, j->draft_folder_account, ROLE_DRAFTS, j->drafts_name, err);
    if (!folder)
        return 0;
    gsize len = 0;
    const void *bytes = g_bytes_get_data(j->message, &len);
    gint64 placement = message_append(s, folder, bytes, len, FLAG_DRAFT | FLAG_SEEN, j->replaces, err);
    if (placement > 0 && j->rescue)
        rescue_remove(j->rescue);
    return placement;
}

/* The review that is on top, if it is still there; NULL after it was closed. */
static Review *open_review(Ui *ui, gpointer view)
{
    for (guint i = 0; i < ui->stack->len; i++)
        if (ui->stack->pdata[i] == view)
            return view;
    return NULL;
}

static void close_stored(Ui *ui, Review *r)
{
    rescue_forget(ui, &r->origin);
    ui_remove(ui, &r->view);
}

static gboolean failed(Ui *ui, Review *r, const GError *err)
{
    if (!err)
        return FALSE;
    if (r)
        r->busy = FALSE;
    ui_say(ui, NOTICE_ERROR, _("%s - the message is still here"), err->message);
    return TRUE;
}

/* A writer's or loader's `data` that also knows the review that waits. */
typedef struct {
    Review *review;
    StoreJob *job;
} Step;

static void step_free(gpointer p)
{
    Step *step = p;
    if (step->job)
        store_job_free(step->job);
    g_free(step);
}

static gint64 run_queue(Store *s, gpointer data, GError **err)
{
    return queue_message(s, ((Step *)data)->job, err);
}

static gint64 run_keep(Store *s, gpointer data, GError **err)
{
    return keep_draft(s, ((Step *)data)->job, err);
}

static void say_when(Ui *ui, gint64 not_before)
{
    gint64 left = not_before - date_now();
    g_autofree char *at = date_format_long(not_before);
    if (left < 120)
        ui_say(ui, NOTICE_INFO, P_("Sent in %lld second.  u: undo", "Sent in %lld seconds.  u: undo", (gulong)left),
               (long long)left);
    else
        ui_say(ui, NOTICE_INFO, _("Sent on %s, while Pintail runs.  u: undo"), at);
}

static void queued(Ui *ui, gint64 id, const GError *err, gpointer data)
{
    Step *step = data;
    Review *r = open_review(ui, step->review);
    if (failed(ui, r, err))
        return;
    gint64 account = step->job->entry->account, not_before = step->job->entry->not_before;
    if (r)
        close_stored(ui, r);
    if (not_before > date_now())
        undo_add_sending(ui->undo, id, account);
    Request *send = request_new(REQUEST_SEND, account);
    gboolean taken = bus_request(ui->bus, LANE_SEND, send);
    if (not_before > date_now())
        say_when(ui, not_before);
    else if (taken)
        ui_say(ui, NOTICE_INFO, _("Sending…"));
    else
        ui_say(ui, NOTICE_INFO, _("Queued; it goes out when the server is reached"));
}

static void kept(Ui *ui, gint64 placement, const GError *err, gpointer data)
{
    Step *step = data;
    Review *r = open_review(ui, step->review);
    if (failed(ui, r, err))
        return;
    gint64 account = step->job->draft_folder_account;
    if (r)
        close_stored(ui, r);
    ui_request(ui, REQUEST_REPLAY, account, 0, 0);
    ui_say(ui, NOTICE_INFO, _("Kept in Drafts: R continues it"));
}

static void add_recipients(OutboxEntry *e, const GPtrArray *list)
{
    for (guint i = 0; i < list->len; i++) {
        const Address *a = list->pdata[i];
        Recipient *recipient = g_new0(Recipient, 1);
        recipient->address = g_strdup(a->address);
        recipient->words = g_strdup("");
        g_ptr_array_add(e->recipients, recipient);
    }
}

static OutboxEntry *make_entry(const Review *r)
{
    const Draft *d = r->draft;
    OutboxEntry *e = g_new0(OutboxEntry, 1);
    e->account = r->origin.account_id;
    e->from = g_strdup(d->from->address);
    e->subject = g_strdup(d->subject);
    e->message_id = g_strdup(d->message_id);
    e->words = g_strdup("");
    e->recipients = g_ptr_array_new_with_free_func((GDestroyNotify)recipient_free);
    add_recipients(e, d->to);
    add_recipients(e, d->cc);
    add_recipients(e, d->bcc);
    e->answers = r->origin.answers;
    e->forwards = r->origin.forwards;
    e->draft = r->origin.draft;
    gint64 delay = conf_number(r->view.ui->conf, "send-delay");
    e->not_before = r->not_before ? r->not_before : delay > 0 ? date_now() + delay : 0;
    return e;
}

/* ---- the message is made by the loader: attachments are read from the disk ---- */

typedef struct {
    Review *review;
    Draft *draft; /* borrowed: a busy review lets nothing change it */
    ComposeFlags flags;
} Making;

static gpointer make_message(Store *s, gpointer data, const Cancel *stop, GError **err)
{
    Making *m = data;
    return compose_message(m->draft, m->flags, err);
}

static void made_to_send(Ui *ui, gpointer result, const GError *err, gpointer data)
{
    Making *m = data;
    g_autoptr(GBytes) message = result;
    Review *r = open_review(ui, m->review);
    if (!r || failed(ui, r, err))
        return;
    StoreJob *job = g_new0(StoreJob, 1);
    job->entry = make_entry(r);
    job->message = g_steal_pointer(&message);
    job->sent_kind = r->origin.account->sent_kind;
    job->sent_name = g_strdup(r->origin.account->sent);
    job->rescue = g_strdup(r->origin.rescue);
    Step *step = g_new(Step, 1);
    *step = (Step){r, job};
    writer_run(ui->writer, run_queue, queued, step, step_free);
}

static void made_to_keep(Ui *ui, gpointer result, const GError *err, gpointer data)
{
    Making *m = data;
    g_autoptr(GBytes) message = result;
    Review *r = open_review(ui, m->review);
    if (!r || failed(ui, r, err))
        return;
    StoreJob *job = g_new0(StoreJob, 1);
    job->message = g_steal_pointer(&message);
    job->draft_folder_account = r->origin.account_id;
    job->drafts_name = g_strdup(r->origin.account->drafts);
    job->replaces = r->origin.draft;
    job->rescue = g_strdup(r->origin.rescue);
    Step *step = g_new(Step, 1);
    *step = (Step){r, job};
    writer_run(ui->writer, run_keep, kept, step, step_free);
}

static void make(Review *r, ComposeFlags flags, LoadDone done)
{
    Ui *ui = r->view.ui;
    r->busy = TRUE;
    Making *m = g_new(Making, 1);
    *m = (Making){r, r->draft, flags};
    loader_run(ui->loader, LOAD_WRITE, make_message, done, m, g_free, (GDestroyNotify)g_bytes_unref);
}

/* ---- commands ---- */

static const char *first_problem(const Draft *d, const char **address)
{
    const GPtrArray *lists[] = {d->to, d->cc, d->bcc};
    for (gsize l = 0; l < G_N_ELEMENTS(lists); l++)
        for (guint i = 0; i < lists[l]->len; i++) {
            *address = ((const Address *)lists[l]->pdata[i])->address;
            const char *problem = address_problem(*address);
            if (problem)
                return problem;
        }
    return NULL;
}

static void send_anyway(Ui *ui, char key, gpointer data)
{
    Review *r = open_review(ui, data);
    if (r && key == 'y')
        make(r, 0, made_to_send);
}

static void send_message(Review *r)
{
    Ui *ui = r->view.ui;
    const char *address = NULL;
    const char *problem = first_problem(r->draft, &address);
    if (r->draft->to->len + r->draft->cc->len + r->draft->bcc->len == 0)
        ui_say(ui, NOTICE_ERROR, _("Nobody to send it to: t sets To"));
    else if (problem)
        ui_say(ui, NOTICE_ERROR, _("%s: %s"), address, problem);
    else if (!*r->draft->subject)
        ui_ask_key(ui, _("There is no subject. Send it without one?"), "yn", send_anyway, r);
    else
        make(r, 0, made_to_send);
}

static void send_at(Review *r, gint64 not_before)
{
    r->not_before = not_before;
    send_message(r);
}

static void later_asked(Ui *ui, const char *text, gpointer data)
{
    Review *r = open_review(ui, data);
    if (!r || !text || !*text)
        return;
    gint64 at;
    if (!when_parse(text, date_now(), &at)) {
        ui_say(ui, NOTICE_ERROR, _("'%s' is no time to come; write for example 18:30, tomorrow 8:00, mon, in 2h"), text);
        return;
    }
    send_at(r, at);
}

static void edit_again(Review *r, gboolean headers)
{
    Ui *ui = r->view.ui;
    Draft *d = g_steal_pointer(&r->draft);
    ComposeOrigin origin = r->origin;
    memset(&r->origin, 0, sizeof r->origin);
    ui_pop(ui);
    compose_edit(ui, d, &origin, headers);
}

static void leave_answered(Ui *ui, char key, gpointer data)
{
    Review *r = open_review(ui, data);
    if (!r)
        return;
    if (key == 'k') {
        make(r, COMPOSE_KEEP_BCC, made_to_keep);
    } else if (key == 'd') {
        close_stored(ui, r);
        ui_say(ui, NOTICE_INFO, _("Discarded"));
    }
}

/* What a crash would leave is brought up to date. */
static void changed(Review *r)
{
    rescue_save_later(r->view.ui, &r->origin, r->draft);
    r->view.ui->dirty = TRUE;
}

static void path_asked(Ui *ui, const char *text, gpointer data)
{
    Review *r = open_review(ui, data);
    if (!r || !text || !*text)
        return;
    g_autofree char *path = file_expand_home(text);
    struct stat st;
    int problem = stat(path, &st) != 0 ? errno : S_ISDIR(st.st_mode) ? EISDIR : access(path, R_OK) != 0 ? errno : 0;
    if (problem || !S_ISREG(st.st_mode)) {
        ui_say(ui, NOTICE_ERROR, _("Cannot attach '%s': %s"), path, problem ? g_strerror(problem) : _("it is no file"));
        return;
    }
    Attachment *a = g_new0(Attachment, 1);
    a->path = g_steal_pointer(&path);
    g_ptr_array_add(r->draft->attachments, a);
    changed(r);
}

static void remove_attachment(Review *r, guint index)
{
    g_autofree char *label = attachment_label(r->draft->attachments->pdata[index]);
    g_ptr_array_remove_index(r->draft->attachments, index);
    changed(r);
    ui_say(r->view.ui, NOTICE_INFO, _("Not attached any more: %s"), label);
}

static void detach(Review *r, const char *number)
{
    GPtrArray *list = r->draft->attachments;
    guint64 n = number ? g_ascii_strtoull(number, NULL, 10) : list->len;
    if (n < 1 || n > list->len)
        ui_say(r->view.ui, NOTICE_ERROR, _("There is no attachment %s"), number ? number : "");
    else
        remove_attachment(r, (guint)n - 1);
}

/* ---- header fields ---- */

typedef struct {
    Review *review;
    guint field; /* of fields[] */
} FieldEdit;

static GPtrArray *field_list(Draft *d, const char *field)
{
    return g_str_equal(field, "edit-to") ? d->to : g_str_equal(field, "edit-cc") ? d->cc
           : g_str_equal(field, "edit-bcc") ? d->bcc : d->reply_to;
}

static void set_from(Ui *ui, Review *r, const char *text)
{
    g_autoptr(GPtrArray) list = address_list_parse(text, strlen(text));
    const Address *a = list->len == 1 ? list->pdata[0] : NULL;
    const char *problem = a ? address_problem(a->address) : _("one address is needed");
    if (problem) {
        ui_say(ui, NOTICE_ERROR, "%s", problem);
        return;
    }
    address_free(r->draft->from);
    r->draft->from = address_new(a->name, a->address);
    if (!account_owns_address(r->origin.account, a->address))
        ui_say(ui, NOTICE_WARNING, _("%s is not an address of account %s"), a->address, r->origin.account->name);
}

static const struct {
    const char *command, *prompt;
} fields[] = {{"edit-to", N_("To:")},           {"edit-cc", N_("Cc:")},
              {"edit-bcc", N_("Bcc:")},         {"edit-subject", N_("Subject:")},
              {"edit-from", N_("From:")},       {"edit-reply-to", N_("Reply-To:")}};

static void field_asked(Ui *ui, const char *text, gpointer data)
{
    FieldEdit *edit = data;
    Review *r = open_review(ui, edit->review);
    g_autofree char *problem = NULL;
    if (r && text && g_str_equal(fields[edit->field].command, "edit-subject")) {
        g_free(r->draft->subject);
        r->draft->subject = g_strdup(text);
    } else if (r && text && g_str_equal(fields[edit->field].command, "edit-from")) {
        set_from(ui, r, text);
    } else if (r && text) {
        problem = compose_set_addresses(ui, field_list(r->draft, fields[edit->field].command), text);
    }
    if (problem) {
        compose_ask_addresses(ui, _(fields[edit->field].prompt), problem, text, field_asked, edit);
        return;
    }
    if (r && text)
        changed(r);
    g_free(edit);
}

static gboolean edit_field(Review *r, const char *command)
{
    for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
        if (!g_str_equal(fields[i].command, command))
            continue;
        FieldEdit *edit = g_new(FieldEdit, 1);
        *edit = (FieldEdit){r, i};
        if (g_str_equal(command, "edit-subject")) {
            ui_ask(r->view.ui, _(fields[i].prompt), r->draft->subject, FALSE, field_asked, edit);
            return TRUE;
        }
        if (g_str_equal(command, "edit-from")) {
            g_autofree char *from = address_format(r->draft->from, FALSE);
            ui_ask_completing(r->view.ui, _(fields[i].prompt), from, COMPLETE_IDENTITY, field_asked, edit);
            return TRUE;
        }
        g_autofree char *initial = address_list_format(field_list(r->draft, command), FALSE);
        compose_ask_addresses(r->view.ui, _(fields[i].prompt), NULL, initial, field_asked, edit);
        return TRUE;
    }
    return FALSE;
}

static void scroll(Review *r, int by)
{
    if (by < 0 || r->more)
        r->top = (guint)MAX((gint64)r->top + by, 0);
    r->view.ui->dirty = TRUE;
}

static gboolean review_command(View *v, char **args)
{
    Review *r = (Review *)v;
    Ui *ui = v->ui;
    const char *name = args[0];
    if (r->busy)
        return TRUE; /* a moment: it is being stored */
    if (g_str_equal(name, "send"))
        send_at(r, 0);
    else if (g_str_equal(name, "send-later") && args[1])
        later_asked(ui, args[1], r);
    else if (g_str_equal(name, "send-later"))
        ui_ask(ui, _("Send when: "), "", FALSE, later_asked, r);
    else if (g_str_equal(name, "edit") || g_str_equal(name, "edit-headers"))
        edit_again(r, g_str_equal(name, "edit-headers"));
    else if (g_str_equal(name, "postpone"))
        make(r, COMPOSE_KEEP_BCC, made_to_keep);
    else if (g_str_equal(name, "quit") || g_str_equal(name, "cancel"))
        ui_ask_key(ui, _("k: keep it as a draft   d: discard it   Esc: stay here"), "kd", leave_answered, r);
    else if (g_str_equal(name, "attach") && args[1])
        path_asked(ui, args[1], r);
    else if (g_str_equal(name, "attach"))
        ui_ask_completing(ui, _("Attach file: "), "", COMPLETE_FILE, path_asked, r);
    else if (g_str_equal(name, "detach"))
        detach(r, args[1]);
    else if (g_str_equal(name, "up") || g_str_equal(name, "down"))
        scroll(r, name[0] == 'u' ? -1 : 1);
    else if (g_str_equal(name, "page-up") || g_str_equal(name, "page-down"))
        scroll(r, (name[5] == 'u' ? -1 : 1) * (int)MAX(r->body_rows, 1));
    else
        return edit_field(r, name);
    return TRUE;
}

static void review_free(View *v)
{
    Review *r = (Review *)v;
    if (r->draft)
        draft_free(r->draft);
    compose_origin_clear(&r->origin);
    g_free(r);
}

static const ViewClass review_class = {
    .context = "compose",
    .title = N_("Review"),
    .draw = review_draw,
    .command = review_command,
    .free = review_free,
};

void compose_review(Ui *ui, Draft *draft_take, ComposeOrigin *origin_take)
{
    Review *r = g_new0(Review, 1);
    r->view.class = &review_class;
    r->view.ui = ui;
    r->draft = draft_take;
    r->origin = *origin_take;
    r->origin.reviewed = TRUE;
    memset(origin_take, 0, sizeof *origin_take);
    rescue_save_later(ui, &r->origin, r->draft); /* a crash before the decision loses nothing */
    ui_push(ui, &r->view);
}
