/* unsubscribe.c - see unsubscribe.h. */
#include "unsubscribe.h"
#include "pintail/proto/http.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"

#define PHASE_MS 15000

void unsubscribe_run(Worker *w, const Request *r)
{
    StreamOptions options = {.cancel = w->cancel, .timeout_ms = PHASE_MS, .log_name = "unsubscribe"};
    g_autoptr(GError) err = NULL;
    g_autofree char *words = NULL;
    guint status = 0;
    g_autoptr(GUri) uri = g_uri_parse(r->section, G_URI_FLAGS_ENCODED, NULL);
    const char *host = uri && g_uri_get_host(uri) ? g_uri_get_host(uri) : r->section;
    if (!http_post(r->section, "application/x-www-form-urlencoded", "List-Unsubscribe=One-Click", &options, &status,
                   &words, &err)) {
        if (!error_is(err, PINTAIL_ERROR_CANCELLED))
            worker_notice(w, NOTICE_ERROR, _("Not unsubscribed: %s"), err->message);
    } else if (status / 100 == 2) {
        worker_notice(w, NOTICE_INFO, _("Unsubscribed: %s has taken it (%u %s)"), host, status, words);
    } else if (status / 100 == 3) {
        worker_notice(w, NOTICE_WARNING, _("%s sends on to another page (%u), which is not followed: perhaps not unsubscribed"),
                      host, status);
    } else {
        worker_notice(w, NOTICE_ERROR, _("Not unsubscribed: %s says %u %s"), host, status, words);
    }
}
