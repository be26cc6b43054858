/* replay_folder.c - folders are renamed, deleted and subscribed to on the server, as the person wanted.
 *
 * All of it can be asked for again: a rename whose source is gone and whose target is there has been
 * done, and what is gone need not be deleted. */
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "replay_private.h"

static gboolean is_there(FastLane *l, const char *name, gboolean *there, GError **err)
{
    ImapStatus status = {0};
    if (!imap_status(l->session, &name, 1, IMAP_STATUS_MESSAGES, &status, err))
        return FALSE;
    *there = status.has != 0;
    return TRUE;
}

/* A server may refuse to rename or delete what is selected, here or in the other lane's session. */
static gboolean leave(FastLane *l, GError **err)
{
    fast_unselect(l);
    return !imap_selected(l->session) || imap_unselect(l->session, err);
}

/* No, but was it done already (a reply was lost)? */
static gboolean was_done(FastLane *l, const OpBatch *b, const Folder *f, gboolean *done, GError **err)
{
    gboolean old = TRUE, new = FALSE;
    *done = FALSE;
    if (!is_there(l, f->name, &old, err) || (b->kind == OP_FOLDER_RENAME && !is_there(l, b->name, &new, err)))
        return FALSE;
    *done = b->kind == OP_FOLDER_RENAME ? !old && new : b->kind == OP_FOLDER_DELETE && !old;
    return TRUE;
}

static gboolean command(FastLane *l, const OpBatch *b, const Folder *f, GError **err)
{
    switch (b->kind) {
    case OP_FOLDER_RENAME:
        if (!imap_rename(l->session, f->name, b->name, err))
            return FALSE;
        /* RFC 3501 section 6.3.6: a subscription is to a name */
        if (f->flags & FOLDER_SUBSCRIBED) {
            (void)imap_subscribe(l->session, b->name, TRUE, NULL);
            if (imap_usable(l->session))
                (void)imap_subscribe(l->session, f->name, FALSE, NULL);
        }
        return TRUE;
    case OP_FOLDER_DELETE:
        return imap_delete(l->session, f->name, err);
    case OP_FOLDER_SUBSCRIBE:
        return imap_subscribe(l->session, f->name, (b->add & 1) != 0, err);
    default:
        g_assert_not_reached();
    }
}

gboolean replay_folder(FastLane *l, const OpBatch *b, GError **err)
{
    g_autoptr(GError) refused = NULL;
    g_autoptr(Folder) f = folder_get(l->w->store, b->folder, &refused);
    if (!f && error_is(refused, PINTAIL_ERROR_GONE))
        return op_folder_done(l->w->store, b, err);
    if (!f) {
        g_propagate_error(err, g_steal_pointer(&refused));
        return FALSE;
    }
    if (b->kind == OP_FOLDER_CREATE) {
        g_autoptr(Folder) made = replay_target(l, f->id, &refused);
        return made ? op_folder_done(l->w->store, b, err)
                    : replay_park_if_refused(l, b, g_steal_pointer(&refused), err);
    }
    /* It was never made there. */
    if ((f->flags & FOLDER_TO_CREATE) && b->kind == OP_FOLDER_DELETE)
        return op_folder_done(l->w->store, b, err);
    if (!leave(l, err))
        return FALSE;
    gboolean done = command(l, b, f, &refused);
    if (!done && replay_is_refusal(l, refused) && b->kind != OP_FOLDER_SUBSCRIBE) {
        g_autofree char *words = g_strdup(refused->message);
        if (!was_done(l, b, f, &done, err))
            return FALSE;
        if (!done)
            return replay_park(l, b, words, err);
    }
    if (!done)
        return replay_park_if_refused(l, b, g_steal_pointer(&refused), err);
    if (!op_folder_done(l->w->store, b, err))
        return FALSE;
    worker_poke(l->w, LANE_SYNC, REQUEST_SYNC, 0);
    return TRUE;
}
