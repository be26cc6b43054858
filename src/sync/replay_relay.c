/* replay_relay.c - messages on their way to another account: their content is fetched whole and handed to
 * the store, which puts it where it is to go (src/store/relay.c); the other account's lane then is told. */
#include "pintail/store/message.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "replay_private.h"

/* Something for it has been queued by this lane. */
static void tell(FastLane *l, gint64 account)
{
    Request *r = request_new(REQUEST_REPLAY, account);
    if (account != 0 && account != l->w->account_id)
        (void)bus_request(l->w->context->bus, LANE_FAST, r);
    else
        request_free(r);
}

static gboolean relay_one(FastLane *l, const OpBatch *one, GError **err)
{
    const OpItem *item = item_at(one, 0);
    GError *failure = NULL;
    gint64 account = 0;
    g_autoptr(GBytes) bytes = bodies_whole(l, item->message, &failure);
    if (!bytes && l->session && replay_is_refusal(l, failure))
        return replay_park_if_refused(l, one, failure, err);
    if (!bytes) {
        g_propagate_error(err, failure);
        return FALSE;
    }
    if (op_relayed(l->w->store, item, bytes, &account, &failure)) {
        tell(l, account);
        return TRUE;
    }
    if (error_is(failure, PINTAIL_ERROR_GONE)) { /* undone meanwhile */
        g_error_free(failure);
        return TRUE;
    }
    if (!error_is(failure, PINTAIL_ERROR_REFUSED)) {
        g_propagate_error(err, failure);
        return FALSE;
    }
    gboolean parked = replay_park(l, one, failure->message, err);
    g_error_free(failure);
    return parked;
}

gboolean replay_relay(FastLane *l, const OpBatch *b, GError **err)
{
    for (guint n = 0; n < b->items->len && !worker_has_requests(l->w) && !worker_is_stopping(l->w); n++) {
        OpBatch one = replay_slice(b, n, n + 1);
        gboolean ok = relay_one(l, &one, err);
        g_array_unref(one.items);
        if (!ok)
            return FALSE;
        worker_progress(l->w, _("Taking messages to another account"), n + 1, b->items->len, FALSE);
    }
    return TRUE;
}

void replay_tell_sources(FastLane *l, const GArray *sources)
{
    for (guint n = 0; n < sources->len; n++) {
        gint64 folder = placement_folder(l->w->store, g_array_index(sources, gint64, n));
        g_autoptr(Folder) f = folder ? folder_get(l->w->store, folder, NULL) : NULL;
        if (f)
            tell(l, f->account_id);
    }
}
