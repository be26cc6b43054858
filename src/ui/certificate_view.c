/* certificate_view.c - a certificate that is not trusted: what is wrong, the chain, and the choice. */
#include <string.h>
#include "certificate_view.h"
#include "scroll.h"
#include "viewer_rows.h"
#include "pintail/util/date.h"
#include "pintail/util/i18n.h"

typedef struct {
    View view;
    void (*done)(Ui *ui, AnswerKind answer, gpointer data);
    gpointer data;
    TlsReport *report;
    char *old;
    gboolean answered;
    Scroll scroll;
} CertificateView;

/* At words; a fingerprint between its bytes. */
static gsize row_of_value(const char *value, gsize left, int columns, gsize *skip)
{
    gsize fits = viewer_wrap(value, left, columns, TRUE, skip);
    gsize at = fits;
    while (fits < left && *skip == 0 && at > 0 && value[at - 1] != ':')
        at--;
    return at > 0 ? at : fits;
}

static void line(Surface *s, int *row, int top, const char *label, const char *value)
{
    gsize left = strlen(value), skip = 0;
    do {
        int at = *row - top;
        gsize fits = left ? row_of_value(value, left, surface_columns(s) - 16, &skip) : 0;
        if (at >= 1 && at < surface_rows(s)) {
            surface_field(s, at, 1, 14, style_of("viewer.header.name"), label);
            surface_put(s, at, 15, surface_columns(s) - 16, style_of("viewer"), value, (gssize)fits);
        }
        label = "";
        value += fits + skip;
        left -= MIN(fits + skip, left);
        (*row)++;
    } while (left > 0);
}

static void draw_certificate(Surface *s, int *row, int top, const Certificate *c)
{
    g_autofree char *from = date_format_long(c->not_before);
    g_autofree char *until = date_format_long(c->not_after);
    g_autofree char *validity = g_strdup_printf("%s – %s", from, until);
    line(s, row, top, _("Issued to"), c->subject);
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

/* All below the title, from row `top` on; returns how many rows there are. */
static int draw_text(const CertificateView *c, Surface *s, int top)
{
    int row = 2;
    line(s, &row, top, _("Problem"), c->report->problem);
    line(s, &row, top, _("Asked for"), c->report->host);
    row++;
    line(s, &row, top, "", c->old
        ? _("Nothing has been sent. If the server's owner has not announced this, reject it: somebody may be in between.")
        : _("Nothing has been sent. Compare the fingerprint with what the server's owner says."));
    line(s, &row, top, "", _("r: reject   o: accept this once   a: always, on this server"));
    row++;
    if (c->old) {
        line(s, &row, top, _("Until now"), c->old);
        row++;
    }
    for (guint i = 0; i < c->report->chain->len; i++)
        draw_certificate(s, &row, top, c->report->chain->pdata[i]);
    return row - 2; /* the title's, and what follows the last */
}

static void certificate_draw(View *v, Surface *s, gboolean focused)
{
    CertificateView *c = (CertificateView *)v;
    surface_clear(s, style_of("viewer"));
    g_autofree char *title = g_strdup_printf(c->old ? _(" The certificate of %s:%u has changed, and is not trusted")
                                                    : _(" The certificate of %s:%u is not trusted"),
                                             c->report->host, (guint)c->report->port);
    surface_field(s, 0, 0, surface_columns(s), style_of("title"), title);
    scroll_page(&c->scroll, draw_text(c, s, G_MAXINT / 2), surface_rows(s) - 1);
    draw_text(c, s, c->scroll.top);
    ui_cursor(v->ui, s, 0, 0);
}

static void certificate_answer(CertificateView *c, AnswerKind kind)
{
    Ui *ui = c->view.ui;
    c->answered = TRUE;
    ui_pop(ui);
    c->done(ui, kind, c->data);
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
    return scroll_text_command(&c->scroll, args[0]);
}

static void certificate_view_free(View *v)
{
    CertificateView *c = (CertificateView *)v;
    if (!c->answered) /* the program ends */
        c->done(v->ui, ANSWER_REJECT, c->data);
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

void certificate_open(Ui *ui, TlsReport *report, const char *old,
                      void (*done)(Ui *ui, AnswerKind answer, gpointer data), gpointer data)
{
    CertificateView *c = g_new0(CertificateView, 1);
    c->view.class = &certificate_class;
    c->view.ui = ui;
    c->done = done;
    c->data = data;
    c->report = tls_report_ref(report);
    c->old = g_strdup(old);
    ui_push(ui, &c->view);
}
