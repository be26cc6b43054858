/* question.c - see question.h. */
#include <string.h>
#include "question.h"
#include "writer.h"
#include "pintail/util/date.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/secret.h"
#include "pintail/util/spawn.h"
#include "pintail/util/text.h"

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

/* ---- certificate: a screen of its own ---- */

typedef struct {
    View view;
    Asker *asker;
    TlsReport *report;
    char *old;
    gboolean answered;
    guint top;
} CertificateView;

static void line(Surface *s, int *row, guint top, const char *label, const char *value)
{
    int at = *row - (int)top;
    if (at >= 1 && at < surface_rows(s)) {
        surface_field(s, at, 1, 14, style_of("viewer.header.name"), label);
        surface_put(s, at, 15, surface_columns(s) - 16, style_of("viewer"), value, -1);
    }
    (*row)++;
}

static void draw_certificate(Surface *s, int *row, guint top, const Certificate *c)
{
    g_autofree char *from = date_format_long(c->not_before);
    g_autofree char *until = date_format_long(c->not_after);
    g_autofree char *validity = g_strdup_printf("%s – %s", from, until);
    line(s, row, top, _("Subject"), c->subject);
    line(s, row, top, _("Names"), c->names);
    line(s, row, top, _("Issuer"), c->issuer);
    line(s, row, top, _("Valid"), validity);
    /* the fingerprint in two halves, so that it can be compared at 80 columns */
    gsize half = strlen(c->sha256) / 2 + 1;
    g_autofree char *first = g_strndup(c->sha256, MIN(half, strlen(c->sha256)));
    line(s, row, top, _("SHA-256"), first);
    line(s, row, top, "", c->sha256 + strlen(first));
    (*row)++;
}

static void certificate_draw(View *v, Surface *s, gboolean focused)
{
    CertificateView *c = (CertificateView *)v;
    surface_clear(s, style_of("viewer"));
    g_autofree char *title = g_strdup_printf(_(" The certificate of %s:%u is not trusted"), c->report->host,
                                             (guint)c->report->port);
    surface_field(s, 0, 0, surface_columns(s), style_of("title"), title);
    int row = 2;
    line(s, &row, c->top, _("Problem"), c->report->problem);
    line(s, &row, c->top, _("Asked for"), c->report->host);
    row++;
    for (guint i = 0; i < c->report->chain->len; i++)
        draw_certificate(s, &row, c->top, c->report->chain->pdata[i]);
    if (c->old) {
        line(s, &row, c->top, _("Trusted so far"), "");
        g_auto(GStrv) lines = g_strsplit(c->old, "\n", -1);
        for (char **at = lines; *at; at++)
            line(s, &row, c->top, "", *at);
        row++;
    }
    line(s, &row, c->top, "", _("Nothing has been sent. Compare the fingerprint with what the server's owner says."));
    line(s, &row, c->top, "", _("r: reject   o: accept this once   a: accept always, for this server only"));
    ui_cursor(v->ui, s, 0, 0);
}

static void certificate_answer(CertificateView *c, AnswerKind kind)
{
    Ui *ui = c->view.ui;
    c->answered = TRUE;
    answer(ui, c->asker, kind, NULL);
    ui_pop(ui);
}

static gboolean certificate_command(View *v, char **args)
{
    static const struct {
        const char *command;
        AnswerKind answer;
    } answers[] = {{"reject", ANSWER_REJECT}, {"accept-once", ANSWER_ONCE}, {"accept-always", ANSWER_ALWAYS},
                   {"quit", ANSWER_REJECT},   {"cancel", ANSWER_REJECT}};
    CertificateView *c = (CertificateView *)v;
    for (gsize i = 0; i < G_N_ELEMENTS(answers); i++)
        if (g_str_equal(args[0], answers[i].command)) {
            certificate_answer(c, answers[i].answer);
            return TRUE;
        }
    if (g_str_equal(args[0], "down"))
        c->top++;
    else if (g_str_equal(args[0], "up") && c->top > 0)
        c->top--;
    else
        return FALSE;
    v->ui->dirty = TRUE;
    return TRUE;
}

static void certificate_view_free(View *v)
{
    CertificateView *c = (CertificateView *)v;
    if (!c->answered) /* the program ends */
        answer(v->ui, c->asker, ANSWER_REJECT, NULL);
    g_free(c->asker);
    tls_report_unref(c->report);
    g_free(c->old);
    g_free(c);
}

static const ViewClass certificate_class = {
    .context = "question",
    .title = N_("Certificate"),
    .draw = certificate_draw,
    .command = certificate_command,
    .free = certificate_view_free,
};

static void ask_certificate(Ui *ui, const Event *e)
{
    if (!e->report) {
        g_autofree Asker *a = asker_new(e);
        answer(ui, a, ANSWER_REJECT, NULL);
        return;
    }
    CertificateView *c = g_new0(CertificateView, 1);
    c->view.class = &certificate_class;
    c->view.ui = ui;
    c->asker = asker_new(e);
    c->report = tls_report_ref(e->report);
    c->old = g_strdup(e->old_certificate);
    ui_push(ui, &c->view);
}

void question_event(Ui *ui, const Event *e)
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
        ask_yes_no(ui, e, _("Send it again? (y/n)"));
        break;
    case QUESTION_POP3_KEEP:
        ask_yes_no(ui, e, _("(y: remove / n: keep)"));
        break;
    }
}
