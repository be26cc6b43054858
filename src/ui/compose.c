/* compose.c - see compose.h. */
#include <string.h>
#include "command.h"
#include "compose.h"
#include "content.h"
#include "list_view.h"
#include "loader.h"
#include "panes.h"
#include "writer.h"
#include "pintail/mime/calendar.h"
#include "pintail/mime/reading.h"
#include "pintail/mime/render.h"
#include "pintail/util/date.h"
#include "pintail/util/error.h"
#include "pintail/util/file.h"
#include "pintail/util/i18n.h"

#define SIGNATURE_MAX 65536

typedef enum { COMPOSE_REPLY, COMPOSE_FORWARD, COMPOSE_AS_NEW, COMPOSE_CONTINUE, COMPOSE_INVITE } ComposeKind;

/* What the loader is asked for; it owns all of it. */
typedef struct {
    ComposeKind kind;
    ReplyMode mode;
    InviteAnswer answer;
    gboolean attached;     /* forward: as message/rfc822 */
    gboolean prefer_html;
    gint64 message;
    Address *from;
    char **own;            /* addresses that are not answered to */
} ComposeJob;

/* What it found: a draft, or the section that must be fetched first. */
typedef struct {
    Draft *draft;
    char *missing;
} ComposeResult;

struct Composing {
    ComposeOrigin origin;
    ComposeJob job;        /* to be run again when content has come */
    gint64 waits_for;      /* message whose content was asked for; 0 */
    char *section;
};

void compose_origin_clear(ComposeOrigin *o)
{
    if (o->account)
        account_unref(o->account);
    rescue_unlock(o);
    g_free(o->rescue);
    memset(o, 0, sizeof *o);
}

static void job_clear(ComposeJob *j)
{
    address_free(j->from);
    g_strfreev(j->own);
    memset(j, 0, sizeof *j);
}

static ComposeJob *job_copy(const ComposeJob *j)
{
    ComposeJob *copy = g_new(ComposeJob, 1);
    *copy = *j;
    copy->from = address_new(j->from->name, j->from->address);
    copy->own = g_strdupv(j->own);
    return copy;
}

static void job_free(gpointer p)
{
    job_clear(p);
    g_free(p);
}

static void result_free(gpointer p)
{
    ComposeResult *r = p;
    if (r->draft)
        draft_free(r->draft);
    g_free(r->missing);
    g_free(r);
}

void composing_free(Composing *c)
{
    if (!c)
        return;
    compose_origin_clear(&c->origin);
    job_clear(&c->job);
    g_free(c->section);
    g_free(c);
}

/* ---- who writes ---- */

static Address *address_of(const Account *a)
{
    return address_new(a->identity.name, a->identity.address);
}

static char **own_addresses(const Account *a)
{
    g_autoptr(GStrvBuilder) own = g_strv_builder_new();
    g_strv_builder_add(own, a->identity.address);
    for (guint i = 0; i < a->identities->len; i++)
        g_strv_builder_add(own, ((const Identity *)a->identities->pdata[i])->address);
    return g_strv_builder_end(own);
}

/* The identity that a message was sent to, so that the answer comes from it. */
static void choose_identity(Address *from, const GPtrArray *recipients, const Account *a)
{
    for (guint n = 0; n < recipients->len; n++) {
        const Address *to = recipients->pdata[n];
        for (guint i = 0; i < a->identities->len; i++) {
            const Identity *own = a->identities->pdata[i];
            if (g_ascii_strcasecmp(own->address, to->address) != 0)
                continue;
            g_free(from->name);
            g_free(from->address);
            from->name = g_strdup(own->name);
            from->address = g_strdup(own->address);
            return;
        }
    }
}

/* The account that can send for the folder in view, with an origin for it. Says why not. */
static gboolean begin(Ui *ui, ComposeOrigin *origin)
{
    memset(origin, 0, sizeof *origin);
    if (ui_refuses(ui))
        return FALSE;
    Account *a = ui_current_account(ui);
    if (!a || !a->smtp) {
        ui_say(ui, NOTICE_ERROR, a ? _("Account %s has no 'smtp' server to send with") :
               _("No account can send%s: set one up with :add-account"), a ? a->name : "");
        return FALSE;
    }
    origin->account = account_ref(a);
    origin->account_id = account_find(ui->store, a->name);
    return TRUE;
}

/* A value that begins with / or ~ names a file. */
static char *signature_text(const Account *a)
{
    if (a->signature[0] != '/' && a->signature[0] != '~')
        return g_strdup(a->signature);
    g_autofree char *path = file_expand_home(a->signature);
    g_autoptr(GBytes) bytes = file_read(path, SIGNATURE_MAX, NULL);
    return bytes ? g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes)) : g_strdup("");
}

/* Below what is there, or `above` it: what was written by somebody else and goes along as it is. */
static void add_signature(Draft *d, const Account *a, gboolean above)
{
    g_autofree char *signature = signature_text(a);
    if (!*g_strchomp(signature))
        return;
    const char *body = d->body ? d->body : "";
    char *with = above ? g_strdup_printf("\n-- \n%s\n%s", signature, body)
                       : g_strdup_printf("%s\n-- \n%s\n", *body ? body : "\n", signature);
    g_free(d->body);
    d->body = with;
}

/* ---- a new message: To and Subject are asked for, then the editor ---- */

typedef struct {
    Draft *draft;
    ComposeOrigin origin;
} Asking;

static void asking_free(Asking *a)
{
    draft_free(a->draft);
    compose_origin_clear(&a->origin);
    g_free(a);
}

static void edit_asked(Ui *ui, Asking *a)
{
    compose_edit(ui, g_steal_pointer(&a->draft), &a->origin, FALSE);
    g_free(a);
}

static void subject_asked(Ui *ui, const char *text, gpointer data)
{
    Asking *a = data;
    if (!text) {
        asking_free(a);
        ui_say(ui, NOTICE_INFO, _("Nothing was written"));
        return;
    }
    g_free(a->draft->subject);
    a->draft->subject = g_strdup(text);
    edit_asked(ui, a);
}

static void ask_subject(Ui *ui, Asking *a)
{
    if (*a->draft->subject)
        edit_asked(ui, a);
    else
        ui_ask(ui, _("Subject:"), "", FALSE, subject_asked, a);
}

/* Aliases resolved, each address looked over. FALSE with *problem (owned by the caller). */
static gboolean parse_recipients(const Ui *ui, const char *text, GPtrArray *into, char **problem)
{
    g_autoptr(GPtrArray) list = address_list_parse(text, strlen(text));
    for (guint i = 0; i < list->len; i++) {
        const Address *a = list->pdata[i];
        const char *alias = strchr(a->address, '@') ? NULL : conf_alias(ui->conf, a->address);
        if (!alias && !*a->address && *a->name)
            alias = conf_alias(ui->conf, a->name);
        if (alias) {
            g_autoptr(GPtrArray) members = address_list_parse(alias, strlen(alias));
            for (guint k = 0; k < members->len; k++) {
                const Address *m = members->pdata[k];
                g_ptr_array_add(into, address_new(m->name, m->address));
            }
            continue;
        }
        const char *reason = address_problem(a->address);
        if (reason) {
            *problem = g_strdup_printf("%s: %s", *a->address ? a->address : a->name, reason);
            return FALSE;
        }
        g_ptr_array_add(into, address_new(a->name, a->address));
    }
    return TRUE;
}

char *compose_set_addresses(Ui *ui, GPtrArray *list, const char *text)
{
    char *problem = NULL;
    g_autoptr(GPtrArray) parsed = g_ptr_array_new_with_free_func((GDestroyNotify)address_free);
    if (!parse_recipients(ui, text, parsed, &problem))
        return problem;
    g_ptr_array_set_size(list, 0);
    while (parsed->len > 0)
        g_ptr_array_add(list, g_ptr_array_steal_index(parsed, 0));
    return NULL;
}

/* The question has the row where messages are shown: so it says the problem itself. */
void compose_ask_addresses(Ui *ui, const char *label, const char *problem, const char *initial,
                           void (*done)(Ui *ui, const char *text, gpointer data), gpointer data)
{
    g_autofree char *question = problem ? g_strdup_printf("(%s)  %s", problem, label) : g_strdup(label);
    ui_ask_completing(ui, question, initial, COMPLETE_ADDRESS, done, data);
}

static void to_asked(Ui *ui, const char *text, gpointer data)
{
    Asking *a = data;
    if (!text) {
        asking_free(a);
        ui_say(ui, NOTICE_INFO, _("Nothing was written"));
        return;
    }
    g_autofree char *problem = compose_set_addresses(ui, a->draft->to, text);
    if (problem)
        compose_ask_addresses(ui, a->origin.forwards ? _("Forward to:") : _("To:"), problem, text, to_asked, a);
    else
        ask_subject(ui, a);
}

void cmd_write(Ui *ui, char **args)
{
    ComposeOrigin origin;
    if (!begin(ui, &origin))
        return;
    Asking *a = g_new0(Asking, 1);
    g_autoptr(Address) from = address_of(origin.account);
    a->draft = draft_new(from);
    add_signature(a->draft, origin.account, FALSE);
    a->origin = origin;
    g_autofree char *to = g_strjoinv(" ", args + 1);
    if (*to)
        to_asked(ui, to, a);
    else
        compose_ask_addresses(ui, _("To:"), NULL, "", to_asked, a);
}

/* The draft that the URL asks for; NULL: said why not. */
static Draft *draft_of_url(Ui *ui, const char *url, ComposeOrigin *origin)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(Draft) d = draft_from_mailto(url, &err);
    if (!d)
        ui_say(ui, NOTICE_ERROR, "%s", err->message);
    if (!d || !begin(ui, origin))
        return NULL;
    address_free(d->from);
    d->from = address_of(origin->account);
    return g_steal_pointer(&d);
}

void compose_mailto(Ui *ui, const char *url)
{
    ComposeOrigin origin;
    g_autoptr(Draft) d = draft_of_url(ui, url, &origin);
    if (!d)
        return;
    Asking *a = g_new0(Asking, 1);
    a->draft = g_steal_pointer(&d);
    add_signature(a->draft, origin.account, FALSE);
    a->origin = origin;
    ask_subject(ui, a);
}

void compose_mailto_review(Ui *ui, const char *url)
{
    ComposeOrigin origin;
    Draft *d = draft_of_url(ui, url, &origin);
    if (d)
        compose_review(ui, d, &origin);
}

/* ---- from a message: the loader makes the draft ---- */

static ComposeResult *missing(const char *section)
{
    ComposeResult *r = g_new0(ComposeResult, 1);
    r->missing = g_strdup(section);
    return r;
}

/* The text that a person reads, as plain lines. NULL with *need: that section is not here. */
static char *readable_text(const Content *c, Store *s, gboolean prefer_html, const char **need, GError **err)
{
    const Part *p = part_main_text(c->root, prefer_html);
    if (!p)
        return g_strdup("");
    g_autofree char *text = content_text(c, s, p, err);
    if (!text) {
        *need = content_section(p);
        return NULL;
    }
    g_autoptr(Rendered) r = g_str_equal(p->type, "text/html") ? render_html(text, strlen(text))
                                                              : render_plain(text, strlen(text), p->flowed, p->delsp);
    return rendered_to_text(r);
}

/* The parts a person sees as attachments go along. FALSE with *need or *err. */
static gboolean attach_parts(const Content *c, Store *s, Draft *d, const char **need, GError **err)
{
    g_autoptr(GPtrArray) parts = part_attachments(c->root);
    for (guint i = 0; i < parts->len; i++) {
        const Part *p = parts->pdata[i];
        g_autoptr(GBytes) bytes = content_part(c, s, p, err);
        if (!bytes) {
            *need = content_section(p);
            return FALSE;
        }
        Attachment *a = g_new0(Attachment, 1);
        a->type = g_strdup(p->type);
        a->name = *p->name ? g_strdup(p->name) : g_strdup_printf(_("part %s"), p->section);
        a->content = g_steal_pointer(&bytes);
        g_ptr_array_add(d->attachments, a);
    }
    return TRUE;
}

static Draft *make_answer(const ComposeJob *j, const Content *c, Store *s, const char **need, GError **err)
{
    g_autoptr(Envelope) e = message_envelope(s, j->message, err);
    if (!e)
        return NULL;
    g_autofree char *text = readable_text(c, s, j->prefer_html, need, err);
    if (!text)
        return NULL;
    g_autoptr(Draft) d = j->kind == COMPOSE_REPLY
        ? draft_reply(e, j->mode, j->from, (const char *const *)j->own, text)
        : draft_forward(e, j->from, text, j->attached ? c->whole : NULL);
    if (j->kind == COMPOSE_FORWARD && !j->attached && !attach_parts(c, s, d, need, err))
        return NULL;
    return g_steal_pointer(&d);
}

/* The answer to the first invitation in the message; for the address of ours that it names. */
static Draft *answer_invitation(const ComposeJob *j, const Content *c, Store *s, const char **need, GError **err)
{
    g_autoptr(GArray) readings = part_reading(c->root, FALSE);
    g_autoptr(Envelope) e = message_envelope(s, j->message, NULL);
    for (guint i = 0; i < readings->len; i++) {
        const Reading *r = &g_array_index(readings, Reading, i);
        if (r->kind != READ_CARD || r->enclosed || !(strstr(r->part->type, "calendar") || strstr(r->part->type, "/ics")))
            continue;
        GError *failure = NULL;
        g_autofree char *text = content_text(c, s, r->part, &failure);
        if (!text) {
            *need = content_section(r->part);
            if (failure)
                g_propagate_error(err, failure);
            return NULL;
        }
        g_autoptr(Calendar) calendar = calendar_parse(text);
        const char *invited = calendar_invited(calendar, (const char *const *)j->own);
        g_autoptr(Address) from = address_new(j->from->name, invited ? invited : j->from->address);
        Draft *d = calendar_reply_draft(calendar, from, e ? e->message_id : NULL, j->answer, date_now());
        if (d)
            return d;
    }
    error_set(err, PINTAIL_ERROR_INVALID, _("There is no invitation in this message that could be answered"));
    return NULL;
}

static gpointer run_job(Store *s, gpointer data, const Cancel *stop, GError **err)
{
    const ComposeJob *j = data;
    const char *need = NULL;
    g_autoptr(GError) failure = NULL;
    g_autoptr(Content) c = content_open(s, j->message, &failure);
    g_autoptr(Draft) d = NULL;
    gboolean needs_whole = j->kind == COMPOSE_AS_NEW || j->kind == COMPOSE_CONTINUE || j->attached;
    if (failure) {
        g_propagate_error(err, g_steal_pointer(&failure));
        return NULL;
    }
    if (!c || (needs_whole && !c->whole))
        need = needs_whole ? "WHOLE" : ""; /* bus.h, REQUEST_BODY */
    else if (needs_whole && j->kind != COMPOSE_FORWARD)
        d = draft_from_message(g_bytes_get_data(c->whole, NULL), g_bytes_get_size(c->whole), &failure);
    else if (j->kind == COMPOSE_INVITE)
        d = answer_invitation(j, c, s, &need, &failure);
    else
        d = make_answer(j, c, s, &need, &failure);
    if (failure) {
        g_propagate_error(err, g_steal_pointer(&failure));
        return NULL;
    }
    if (!d)
        return missing(need ? need : "");
    ComposeResult *r = g_new0(ComposeResult, 1);
    r->draft = g_steal_pointer(&d);
    return r;
}

static void start_job(Ui *ui);

/* Asks the account's worker for what is missing; the answer comes as EVENT_BODY. */
static void fetch(Ui *ui, const char *section)
{
    Composing *c = ui->composing;
    if (c->section && g_str_equal(c->section, section) && c->waits_for) {
        ui_say(ui, NOTICE_ERROR, _("The message's text could not be fetched"));
        g_clear_pointer(&ui->composing, composing_free);
        return;
    }
    g_free(c->section);
    c->section = g_strdup(section);
    c->waits_for = c->job.message;
    Request *r = request_new(REQUEST_BODY, c->origin.account_id);
    r->message_id = c->job.message;
    r->section = g_strdup(section);
    Lane lane = c->origin.account->incoming && c->origin.account->incoming->protocol == PROTOCOL_IMAP
                    ? LANE_FAST : LANE_SYNC;
    if (bus_request(ui->bus, lane, r)) {
        ui_say(ui, NOTICE_INFO, _("Fetching the message first…  Esc: cancel"));
        return;
    }
    ui_say(ui, NOTICE_ERROR, _("The message is not downloaded, and there is no connection to fetch it"));
    g_clear_pointer(&ui->composing, composing_free);
}

/* Two blank lines on top, to write into; what stays empty is taken away after the editor. */
static void leave_room(Draft *d)
{
    char *with = g_strconcat("\n\n", d->body ? d->body : "", NULL);
    g_free(d->body);
    d->body = with;
}

static void finish_draft(Ui *ui, Composing *c, Draft *d)
{
    gboolean answer = c->job.kind == COMPOSE_REPLY || c->job.kind == COMPOSE_FORWARD;
    if (c->job.kind == COMPOSE_AS_NEW) { /* a new message: its own identity */
        g_clear_pointer(&d->message_id, g_free);
        d->date = 0;
    }
    if (!account_owns_address(c->origin.account, d->from->address)) {
        address_free(d->from);
        d->from = address_of(c->origin.account);
    }
    if (c->job.kind == COMPOSE_FORWARD)
        add_signature(d, c->origin.account, TRUE);
    if (answer)
        leave_room(d);
    if (c->job.kind == COMPOSE_REPLY)
        add_signature(d, c->origin.account, FALSE);
    if (c->job.kind == COMPOSE_CONTINUE && d->in_reply_to && *d->in_reply_to)
        c->origin.answers = placement_by_message_id(ui->store, c->origin.account_id, d->in_reply_to);
    if (c->job.kind == COMPOSE_INVITE) { /* nothing to write; y sends it */
        compose_review(ui, d, &c->origin);
        return;
    }
    if (c->job.kind != COMPOSE_FORWARD) {
        compose_edit(ui, d, &c->origin, FALSE);
        return;
    }
    Asking *a = g_new0(Asking, 1);
    a->draft = d;
    a->origin = c->origin;
    memset(&c->origin, 0, sizeof c->origin);
    compose_ask_addresses(ui, _("Forward to:"), NULL, "", to_asked, a);
}

static void job_done(Ui *ui, gpointer result, const GError *err, gpointer data)
{
    ComposeResult *r = result;
    Composing *c = ui->composing;
    if (!c) { /* cancelled meanwhile */
        if (r)
            result_free(r);
        return;
    }
    if (err) {
        ui_say(ui, NOTICE_ERROR, "%s", err->message);
        g_clear_pointer(&ui->composing, composing_free);
    } else if (r->missing) {
        fetch(ui, r->missing);
    } else {
        ui->composing = NULL;
        finish_draft(ui, c, g_steal_pointer(&r->draft));
        composing_free(c);
    }
    if (r)
        result_free(r);
}

static void start_job(Ui *ui)
{
    loader_run(ui->loader, LOAD_WRITE, run_job, job_done, job_copy(&ui->composing->job), job_free, result_free);
}

gboolean compose_cancel(Ui *ui)
{
    if (!ui->composing)
        return FALSE;
    g_clear_pointer(&ui->composing, composing_free);
    ui_say(ui, NOTICE_INFO, _("Nothing was written"));
    return TRUE;
}

void compose_event(Ui *ui, const Event *e)
{
    Composing *c = ui->composing;
    if (!c || e->kind != EVENT_BODY || !c->waits_for || e->message_id != c->waits_for)
        return;
    if (e->ok) {
        start_job(ui);
        return;
    }
    ui_say(ui, NOTICE_ERROR, _("Cannot answer without the message: %s"), e->text ? e->text : _("it was not fetched"));
    g_clear_pointer(&ui->composing, composing_free);
}

/* On the message under the cursor. */
static void start_as(Ui *ui, ComposeKind kind, ReplyMode mode, gboolean attached, InviteAnswer answer)
{
    Selection at = panes_selection(ui);
    ComposeOrigin origin;
    if (!at.message) {
        ui_say(ui, NOTICE_INFO, _("There is no message here"));
        return;
    }
    if (!begin(ui, &origin))
        return;
    g_clear_pointer(&ui->composing, composing_free);
    Composing *c = g_new0(Composing, 1);
    c->origin = origin;
    if (kind == COMPOSE_REPLY || kind == COMPOSE_FORWARD || kind == COMPOSE_INVITE)
        c->origin.answers = at.placement;
    c->origin.forwards = kind == COMPOSE_FORWARD;
    c->origin.draft = kind == COMPOSE_CONTINUE ? at.placement : 0;
    c->job = (ComposeJob){.kind = kind,
                          .mode = mode,
                          .answer = answer,
                          .attached = attached,
                          .prefer_html = conf_bool(ui->conf, "prefer-html"),
                          .message = at.message,
                          .from = address_of(origin.account),
                          .own = own_addresses(origin.account)};
    g_autoptr(Envelope) e = message_envelope(ui->store, at.message, NULL);
    if (e && kind == COMPOSE_REPLY) {
        choose_identity(c->job.from, e->to, origin.account);
        choose_identity(c->job.from, e->cc, origin.account);
    }
    ui->composing = c;
    start_job(ui);
}

static void start(Ui *ui, ComposeKind kind, ReplyMode mode, gboolean attached)
{
    start_as(ui, kind, mode, attached, INVITE_ACCEPT);
}

void cmd_invite(Ui *ui, char **args)
{
    static const char *const words[] = {"accept", "tentative", "decline", NULL};
    for (int i = 0; args[1] && words[i]; i++) {
        if (g_str_equal(args[1], words[i])) {
            start_as(ui, COMPOSE_INVITE, REPLY_SENDER, FALSE, (InviteAnswer)i);
            return;
        }
    }
    ui_say(ui, NOTICE_ERROR, _("invite: write accept, tentative or decline"));
}

void cmd_reply(Ui *ui, char **args)
{
    start(ui, COMPOSE_REPLY, REPLY_SENDER, FALSE);
}

void cmd_reply_all(Ui *ui, char **args)
{
    start(ui, COMPOSE_REPLY, REPLY_ALL, FALSE);
}

void cmd_reply_list(Ui *ui, char **args)
{
    start(ui, COMPOSE_REPLY, REPLY_LIST, FALSE);
}

void cmd_forward(Ui *ui, char **args)
{
    const char *how = args[1] ? args[1] : conf_string(ui->conf, "forward");
    if (!g_str_equal(how, "inline") && !g_str_equal(how, "attached"))
        ui_say(ui, NOTICE_ERROR, _("forward: write inline or attached"));
    else
        start(ui, COMPOSE_FORWARD, REPLY_SENDER, g_str_equal(how, "attached"));
}

void cmd_edit_as_new(Ui *ui, char **args)
{
    start(ui, COMPOSE_AS_NEW, REPLY_SENDER, FALSE);
}

/* ---- going on with what was begun ---- */

void compose_continue(Ui *ui, gint64 placement, gint64 message)
{
    panes_select(ui, placement);
    start(ui, COMPOSE_CONTINUE, REPLY_SENDER, FALSE);
}

void compose_offer_rescued(Ui *ui)
{
    if (!ui->read_only && rescue_exists(ui->home))
        ui_say(ui, NOTICE_WARNING, _("A message that you were writing was kept: R goes on with it"));
}

/* Was it queued before the program ended? Then it is on its way, not to be written on. */
static gboolean is_queued(const Ui *ui, const Draft *d)
{
    g_autoptr(GPtrArray) entries = outbox_list(ui->store, 0, NULL);
    for (guint i = 0; entries && d->message_id && i < entries->len; i++)
        if (g_strcmp0(((const OutboxEntry *)entries->pdata[i])->message_id, d->message_id) == 0)
            return TRUE;
    return FALSE;
}

static gboolean resume_rescued(Ui *ui)
{
    ComposeOrigin origin;
    if (!rescue_exists(ui->home) || !begin(ui, &origin))
        return FALSE;
    g_autoptr(GError) err = NULL;
    g_autofree char *name = NULL;
    Draft *d = rescue_find(ui->home, &origin, &name, &err);
    if (!d) {
        ui_say(ui, NOTICE_ERROR, "%s", err ? err->message : _("It is gone"));
        compose_origin_clear(&origin);
        return TRUE;
    }
    if (is_queued(ui, d)) {
        rescue_forget(ui, &origin);
        compose_origin_clear(&origin);
        draft_free(d);
        return FALSE;
    }
    Account *own = name ? conf_account(ui->conf, name) : NULL;
    if (own && own != origin.account) {
        account_unref(origin.account);
        origin.account = account_ref(own);
        origin.account_id = account_find(ui->store, own->name);
    }
    compose_review(ui, d, &origin);
    return TRUE;
}

void cmd_resume(Ui *ui, char **args)
{
    if (ui_refuses(ui) || resume_rescued(ui))
        return;
    Account *a = ui_current_account(ui);
    g_autoptr(Folder) drafts = a ? folder_by_role(ui->store, account_find(ui->store, a->name), ROLE_DRAFTS) : NULL;
    if (!drafts || drafts->total == 0) {
        ui_say(ui, NOTICE_INFO, _("There is no draft"));
        return;
    }
    Selection at = panes_selection(ui);
    if (at.folder == drafts->id && at.message) {
        start(ui, COMPOSE_CONTINUE, REPLY_SENDER, FALSE);
        return;
    }
    panes_open_folder(ui, drafts->id);
    ui_say(ui, NOTICE_INFO, _("Choose the draft, then press R"));
}
