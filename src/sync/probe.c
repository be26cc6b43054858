/* probe.c - see probe.h. */
#include "probe.h"
#include "login.h"
#include "pintail/conf/conf.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"

static void post(Worker *w, guint done, guint total, const GError *failure, const char *text, TlsReport *report)
{
    Event *e = event_new(EVENT_PROBE, 0);
    e->lane = w->lane;
    e->done = done;
    e->total = total;
    e->ok = failure == NULL;
    e->code = failure ? failure->code : 0;
    e->text = g_strdup(text);
    e->report = report ? tls_report_ref(report) : NULL;
    bus_post(w->context->bus, e);
}

static gboolean probe_one(Worker *w, Account *a, const Endpoint *where, const Secret *password, guint done, guint total)
{
    g_autofree char *url = g_strdup_printf("%s:%u", where->host, where->port);
    g_autofree char *trying = g_strdup_printf(_("Logging in to %s…"), url);
    post(w, done, total, NULL, trying, NULL);
    g_autoptr(Login) l = login_new(w, a, where);
    g_autoptr(TlsReport) report = NULL;
    g_autoptr(GError) err = NULL;
    g_autofree char *description = NULL;
    if (!login_probe(l, password, &report, &description, &err)) {
        post(w, done, total, err, error_is(err, PINTAIL_ERROR_CANCELLED) ? _("cancelled") : err->message, report);
        return FALSE;
    }
    g_autofree char *text = g_strdup_printf(_("%s: logged in (%s)"), url, description ? description : "");
    post(w, done + 1, total, NULL, text, NULL);
    return TRUE;
}

char *probe_run(Worker *w, const Request *r)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(Account) a = conf_account_from_text(r->account_rc ? r->account_rc : "", &err);
    if (!a) {
        post(w, 0, 1, err, err->message, NULL);
        return NULL;
    }
    guint total = (a->incoming != NULL) + (a->smtp != NULL);
    if (total == 0) {
        error_set(&err, PINTAIL_ERROR_INVALID, _("this account names no server"));
        post(w, 0, 1, err, err->message, NULL);
        return NULL;
    }
    guint done = 0;
    if (a->incoming && !probe_one(w, a, a->incoming, r->secret, done++, total))
        return NULL;
    if (a->smtp && !probe_one(w, a, a->smtp, r->secret, done, total))
        return NULL;
    return g_strdup(a->name);
}
