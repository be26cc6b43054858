/* question.c - see question.h.
 *
 * A question comes when a worker has one, and its answers are letters: it waits until the
 * person's hands rest and no text is being written, so that no key meant for something else answers it. */
#include <string.h>
#include "question.h"
#include "certificate_view.h"
#include "loop.h"
#include "status.h"
#include "writer.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/secret.h"
#include "pintail/util/spawn.h"

#define QUIET_MS 600

/* Where the answer goes. */
typedef struct {
    gint64 account_id;
    Lane lane;
    guint64 question;
    gint64 outbox_id;
} Asker;

static Asker *asker_new(const Event *e)
{
    Asker *a = g_new(Asker, 1);
    *a = (Asker){e->account_id, e->lane, e->question, e->outbox_id};
    return a;
}

static void answer(Ui *ui, const Asker *a, AnswerKind kind, Secret *secret_take)
{
    Request *r = request_new(REQUEST_ANSWER, a->account_id);
    r->question = a->question;
    r->answer = kind;
    r->secret = secret_take;
    bus_request(ui->bus, a->lane, r);
}

/* ---- password ---- */

static void password_asked(Ui *ui, const char *text, gpointer data)
{
    g_autofree Asker *a = data;
    if (text)
        answer(ui, a, ANSWER_PASSWORD, secret_new(text, strlen(text)));
    else
        answer(ui, a, ANSWER_CANCEL, NULL);
}

static void ask_password(Ui *ui, const Event *e)
{
    g_autofree char *prompt = g_strdup_printf(_("%s  Password: "), e->text ? e->text : "");
    ui_ask(ui, prompt, "", TRUE, password_asked, asker_new(e));
}

/* A password command that wants the terminal (a passphrase is typed into pinentry). */
static void run_command(Ui *ui, const Event *e)
{
    g_autofree Asker *a = asker_new(e);
    const char *argv[] = {"/bin/sh", "-c", e->command, NULL};
    g_autoptr(GString) output = NULL;
    g_autoptr(GError) err = NULL;
    int status = 0;
    term_suspend();
    gboolean ran = spawn_on_terminal(argv, &output, &status, &err);
    term_resume();
    ui->dirty = TRUE;
    if (!ran || status != 0) {
        ui_say(ui, NOTICE_ERROR, _("The password command '%s' failed: %s"), e->command,
               err ? err->message : _("it said no"));
        answer(ui, a, ANSWER_CANCEL, NULL);
    } else {
        answer(ui, a, ANSWER_PASSWORD, secret_new(output->str, strcspn(output->str, "\r\n")));
    }
    if (output)
        secret_wipe(output->str, output->len);
}

/* ---- yes or no ---- */

static void yes_no_asked(Ui *ui, char key, gpointer data)
{
    g_autofree Asker *a = data;
    answer(ui, a, key == 'y' ? ANSWER_YES : key == 'n' ? ANSWER_NO : ANSWER_CANCEL, NULL);
}

static void ask_yes_no(Ui *ui, const Event *e, const char *keys_text)
{
    g_autofree char *prompt = g_strdup_printf("%s %s", e->text ? e->text : "", keys_text);
    ui_ask_key(ui, prompt, "yn", yes_no_asked, asker_new(e));
}

/* ---- certificate ---- */

static void certificate_answered(Ui *ui, AnswerKind kind, gpointer data)
{
    g_autofree Asker *a = data;
    answer(ui, a, kind, NULL);
}

static void ask_certificate(Ui *ui, const Event *e)
{
    if (e->report) {
        certificate_open(ui, e->report, e->old_certificate, certificate_answered, asker_new(e));
        return;
    }
    g_autofree Asker *a = asker_new(e);
    answer(ui, a, ANSWER_REJECT, NULL);
}

static void put_question(Ui *ui, const Event *e)
{
    switch (e->question_kind) {
    case QUESTION_PASSWORD:
        ask_password(ui, e);
        break;
    case QUESTION_COMMAND:
        run_command(ui, e);
        break;
    case QUESTION_CERTIFICATE:
        ask_certificate(ui, e);
        break;
    case QUESTION_MAYBE_SENT:
        ask_yes_no(ui, e, "");
        break;
    case QUESTION_POP3_KEEP:
        ask_yes_no(ui, e, _("y: remove   n: keep"));
        break;
    }
}

/* ---- not into what is being typed ---- */

static gboolean is_typing(Ui *ui)
{
    const char *context = ui_focused(ui)->class->context;
    return g_str_equal(context, "editor") || g_str_equal(context, "form") ||
           g_get_monotonic_time() - status_last_key(ui->status) < QUIET_MS * 1000;
}

static void put_questions(Ui *ui, gpointer data)
{
    ui->question_timer = 0;
    while (!g_queue_is_empty(ui->questions) && !is_typing(ui)) {
        g_autoptr(Event) e = g_queue_pop_head(ui->questions);
        put_question(ui, e);
    }
    if (!g_queue_is_empty(ui->questions))
        ui->question_timer = loop_after(ui->loop, QUIET_MS / 4, put_questions, NULL);
}

static Event *copy(const Event *e)
{
    Event *c = event_new(EVENT_QUESTION, e->account_id);
    c->lane = e->lane;
    c->outbox_id = e->outbox_id;
    c->question = e->question;
    c->question_kind = e->question_kind;
    c->text = g_strdup(e->text);
    c->command = g_strdup(e->command);
    c->report = e->report ? tls_report_ref(e->report) : NULL;
    c->old_certificate = g_strdup(e->old_certificate);
    return c;
}

void question_event(Ui *ui, const Event *e)
{
    if (!ui->questions)
        ui->questions = g_queue_new();
    g_queue_push_tail(ui->questions, copy(e));
    if (!ui->question_timer)
        put_questions(ui, NULL);
}

void questions_free(GQueue *questions)
{
    if (questions)
        g_queue_free_full(questions, (GDestroyNotify)event_free);
}
