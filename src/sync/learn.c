/* learn.c - see learn.h. Nothing of the message is ever in the command. */
#include "learn.h"
#include "pintail/store/message.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/spawn.h"

#define LEARN_MS 60000

void learn_run(Worker *w, const Request *r)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(GString) output = NULL;
    g_autoptr(GBytes) message = body_get(w->store, r->message_id, "", &err);
    gsize len = 0;
    const char *bytes = message ? g_bytes_get_data(message, &len) : NULL;
    if (!message && !err)
        error_set(&err, PINTAIL_ERROR_GONE, _("'%s' was not run: the whole message is not here"), r->section);
    if (err || !spawn_capture(r->section, bytes, len, LEARN_MS, w->cancel, &output, &err))
        worker_complain(w, err);
}
