/* run_send.c - `pintail send`: a message from standard input goes into the outbox first, then out.
 *
 * Whatever happens, the message is kept: the last line on standard error says where. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>
#include "app.h"
#include "pintail/mime/compose.h"
#include "pintail/store/folder.h"
#include "pintail/store/outbox.h"
#include "pintail/sync/engine.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/text.h"

#define BODY_MAX (64u << 20) /* bytes of standard input */

static char *read_body(GError **err)
{
    g_autoptr(GString) text = g_string_new(NULL);
    char buffer[65536];
    gsize n;
    while ((n = fread(buffer, 1, sizeof buffer, stdin)) > 0) {
        g_string_append_len(text, buffer, (gssize)n);
        if (text->len > BODY_MAX) {
            error_set(err, PINTAIL_ERROR_INVALID, _("the text on standard input is larger than 64 MB"));
            return NULL;
        }
    }
    if (ferror(stdin)) {
        error_set_errno(err, PINTAIL_ERROR_STORE, errno, _("cannot read standard input"));
        return NULL;
    }
    return text_make_valid(text->str, text->len);
}

/* Adds the addresses of each word (a list is allowed) after looking them over. */
static gboolean add_recipients(App *app, GPtrArray *into, const GPtrArray *words, GError **err)
{
    for (guint n = 0; n < words->len; n++) {
        const char *word = words->pdata[n];
        const char *alias = conf_alias(app->conf, word);
        const char *text = alias ? alias : word;
        g_autoptr(GPtrArray) list = address_list_parse(text, strlen(text));
        gboolean clean = TRUE;
        for (const char *at = text; *at; at++)
            clean = clean && (guchar)*at >= 0x20 && *at != 0x7f;
        if (list->len == 0 || !clean) {
            error_set(err, PINTAIL_ERROR_INVALID, _("'%s' is not an address"), word);
            return FALSE;
        }
        for (guint k = 0; k < list->len; k++) {
            const Address *a = list->pdata[k];
            const char *problem = address_problem(a->address);
            if (problem) {
                error_set(err, PINTAIL_ERROR_INVALID, _("address '%s': %s"), *a->address ? a->address : word, problem);
                return FALSE;
            }
            g_ptr_array_add(into, address_new(a->name, a->address));
        }
    }
    return TRUE;
}

static Draft *make_draft(App *app, const Invocation *i, const Account *account, GError **err)
{
    g_autoptr(Address) from = address_new(account->identity.name, account->identity.address);
    g_autoptr(Draft) d = draft_new(from);
    if (!add_recipients(app, d->to, i->arguments, err) || !add_recipients(app, d->cc, i->cc, err) ||
        !add_recipients(app, d->bcc, i->bcc, err))
        return NULL;
    g_free(d->subject);
    d->subject = g_strdup(i->subject ? i->subject : "");
    g_free(d->body);
    d->body = read_body(err);
    if (!d->body)
        return NULL;
    for (guint n = 0; n < i->attach->len; n++) {
        Attachment *a = g_new0(Attachment, 1);
        a->path = g_strdup(i->attach->pdata[n]);
        g_ptr_array_add(d->attachments, a);
    }
    return g_steal_pointer(&d);
}

static void add_envelope(GPtrArray *into, const GPtrArray *from)
{
    for (guint n = 0; n < from->len; n++) {
        Recipient *r = g_new0(Recipient, 1);
        r->address = g_strdup(((const Address *)from->pdata[n])->address);
        r->words = g_strdup("");
        g_ptr_array_add(into, r);
    }
}

static gint64 sent_folder(Store *s, gint64 account, const Account *a)
{
    if (a->sent_kind == SENT_NONE)
        return 0;
    return folder_for_role(s, account, ROLE_SENT, a->sent, NULL); /* sent all the same when there is none */
}

static gint64 queue_draft(Store *s, gint64 account, const Account *a, Draft *d, GError **err)
{
    g_autoptr(GBytes) message = compose_message(d, 0, err);
    if (!message)
        return 0;
    g_autoptr(OutboxEntry) e = g_new0(OutboxEntry, 1);
    e->account = account;
    e->from = g_strdup(a->identity.address);
    e->subject = g_strdup(d->subject);
    e->message_id = g_strdup(d->message_id);
    e->recipients = g_ptr_array_new_with_free_func((GDestroyNotify)recipient_free);
    add_envelope(e->recipients, d->to);
    add_envelope(e->recipients, d->cc);
    add_envelope(e->recipients, d->bcc);
    e->sent_folder = sent_folder(s, account, a);
    gsize len = 0;
    const void *bytes = g_bytes_get_data(message, &len);
    return outbox_add(s, e, bytes, len, err);
}

/* Has the entry come to rest? *status is then the exit status, *words what to tell. */
static gboolean is_decided(Store *s, gint64 id, int *status, char **words)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(OutboxEntry) e = outbox_get(s, id, &err);
    if (!e) {
        *status = error_is(err, PINTAIL_ERROR_GONE) ? EX_OK : app_status_of(err);
        *words = error_is(err, PINTAIL_ERROR_GONE) ? NULL : g_strdup(err->message);
        return TRUE;
    }
    *words = g_strdup(e->words ? e->words : "");
    switch (e->state) {
    case OUTBOX_SENT:
        *status = EX_OK;
        return TRUE;
    case OUTBOX_REFUSED:
        *status = EX_UNAVAILABLE;
        return TRUE;
    case OUTBOX_UNKNOWN:
        *status = EX_TEMPFAIL;
        return TRUE;
    case OUTBOX_QUEUED:
        *status = EX_TEMPFAIL;
        return e->attempts > 0;
    case OUTBOX_SENDING:
        break;
    }
    g_clear_pointer(words, g_free);
    return FALSE;
}

static int submit(App *app, Store *s, const Account *a, gint64 account, gint64 id)
{
    g_autoptr(GPtrArray) accounts = g_ptr_array_new();
    g_ptr_array_add(accounts, (gpointer)a);
    g_autoptr(Engine) engine = engine_new(app->bus, app->home, accounts, ENGINE_SEND_ONLY | ENGINE_ONCE);
    g_autoptr(GError) err = NULL;
    if (!engine_start(engine, &err)) {
        fprintf(stderr, "pintail: %s\n", err->message);
        return EX_TEMPFAIL;
    }
    int status = EX_TEMPFAIL;
    int trouble = EX_TEMPFAIL; /* of the last notice: a login that failed is nothing that passes */
    gboolean finished = FALSE; /* the lane has nothing more to do */
    g_autofree char *words = NULL;
    g_autofree char *notice = NULL; /* the last thing a worker said: why nothing was tried */
    while (!is_decided(s, id, &status, &words) && !finished) {
        struct pollfd fd = {.fd = bus_fd(app->bus), .events = POLLIN};
        poll(&fd, 1, 1000); /* another process may be the one that sends it */
        Event *e;
        while ((e = bus_next(app->bus))) {
            if (e->kind == EVENT_QUESTION)
                app_answer_question(app, e);
            else if (e->kind == EVENT_IDLE && e->account_id == account)
                finished = TRUE;
            else if ((e->kind == EVENT_NOTICE || e->kind == EVENT_ACCOUNT) && e->text && *e->text) {
                g_free(notice);
                notice = g_strdup(e->text);
                trouble = e->kind == EVENT_NOTICE && e->severity == NOTICE_ERROR ? app_status_of_event(e->code) : trouble;
            }
            event_free(e);
        }
        g_clear_pointer(&words, g_free);
    }
    g_clear_pointer(&words, g_free);
    is_decided(s, id, &status, &words);
    engine_stop(engine, 2000);
    if (status == EX_TEMPFAIL)
        status = trouble;
    if (status != EX_OK) {
        const char *why = words && *words ? words : notice ? notice : _("not sent yet");
        g_autofree char *clean = printable_text(why, strlen(why), FALSE);
        fprintf(stderr, _("pintail: %s\nThe message is kept in the outbox: open pintail and press O.\n"), clean);
    }
    return status;
}

int run_send(const Invocation *i)
{
    if (i->read_only) {
        fputs(_("pintail: -R (read only) and send exclude each other\n"), stderr);
        return EX_USAGE;
    }
    g_auto(App) app = {0};
    int status = EX_OK;
    if (!app_open(&app, i, 0, &status))
        return status;
    if (!app_has_account(&app, i->account, &status))
        return status;
    g_autoptr(GError) err = NULL;
    const Account *a = app_sending_account(&app, i->account, &err);
    g_autoptr(Draft) draft = a ? make_draft(&app, i, a, &err) : NULL;
    g_autoptr(Store) s = draft ? store_connect(app.home, STORE_FOR_PERSON, &err) : NULL;
    if (!s || !app_ensure_accounts(&app, s, &err)) {
        fprintf(stderr, "pintail: %s\n", err->message);
        return app_status_of(err);
    }
    gint64 account = account_find(s, a->name);
    gint64 id = queue_draft(s, account, a, draft, &err);
    if (id == 0) {
        fprintf(stderr, "pintail: %s\n", err->message);
        return app_status_of(err);
    }
    return submit(&app, s, a, account, id);
}
