/* replay_delete.c - messages are removed from a server, and no others.
 *
 * With UIDPLUS by UID EXPUNGE (RFC 4315). Without it there is only EXPUNGE, which takes everything
 * that anybody has marked \Deleted: it is sent only when a search, made on a fresh SELECT and once more
 * after marking, finds nothing marked but what is to go. Otherwise our marks are taken back, and the
 * person is told why. */
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "replay_private.h"

static ImapSet *set_of(const GArray *uids)
{
    return imap_set_of((const guint32 *)(void *)uids->data, uids->len);
}

/* Each piece that a command can carry. */
static gboolean store_deleted(FastLane *l, const GArray *uids, ImapStore how, gboolean expunge, GError **err)
{
    g_autoptr(ImapSet) rest = set_of(uids);
    while (!imap_set_is_empty(rest)) {
        g_autoptr(ImapSet) piece = imap_set_take(rest, G_MAXSIZE, imap_set_room(l->session), FALSE);
        if (!imap_store(l->session, piece, how, IMAP_FLAG_DELETED, NULL, TRUE, err) ||
            (expunge && !imap_expunge(l->session, piece, err)))
            return FALSE;
    }
    return TRUE;
}

gboolean replay_may_expunge(FastLane *l, const GArray *uids, GError **err)
{
    ImapTerm marked[] = {{.key = "DELETED"}, {0}};
    g_autoptr(ImapSet) ours = set_of(uids);
    g_autoptr(ImapSet) found = imap_search(l->session, marked, err);
    if (!found)
        return FALSE;
    g_autoptr(GArray) list = imap_set_uids(found, G_MAXSIZE);
    guint others = 0;
    for (guint n = 0; n < list->len; n++)
        others += !imap_set_contains(ours, g_array_index(list, guint32, n));
    if (others == 0)
        return TRUE;
    error_set(err, PINTAIL_ERROR_REFUSED,
              P_("this server removes only everything that is marked deleted at once (no UIDPLUS), and another "
                 "message in '%s' is: remove or unmark that one first, then retry",
                 "this server removes only everything that is marked deleted at once (no UIDPLUS), and other "
                 "messages in '%s' are: remove or unmark those first, then retry",
                 others),
              imap_selected(l->session)->name);
    return FALSE;
}

/* What this session has seen of the folder may be old: selected anew. */
static gboolean select_anew(FastLane *l, GError **err)
{
    const ImapMailbox *m = imap_selected(l->session);
    g_autofree char *name = g_strdup(m->name);
    guint32 uidvalidity = m->uidvalidity;
    m = imap_select(l->session, name, FALSE, err);
    if (!m)
        fast_unselect(l);
    if (m && (m->uidvalidity != uidvalidity || m->read_only)) {
        error_set(err, PINTAIL_ERROR_RETRY, _("'%s' has changed on the server meanwhile"), name);
        return FALSE;
    }
    return m != NULL;
}

gboolean replay_delete(FastLane *l, const GArray *uids, GError **err)
{
    if (uids->len == 0)
        return TRUE;
    if (imap_has(l->session, IMAP_CAP_UIDPLUS))
        return store_deleted(l, uids, IMAP_STORE_ADD, TRUE, err);
    if (!select_anew(l, err) || !replay_may_expunge(l, uids, err) ||
        !store_deleted(l, uids, IMAP_STORE_ADD, FALSE, err))
        return FALSE;
    g_autoptr(GError) refused = NULL;
    if (replay_may_expunge(l, uids, &refused))
        return imap_expunge_marked(l->session, err);
    if (imap_usable(l->session) && !store_deleted(l, uids, IMAP_STORE_REMOVE, FALSE, err))
        return FALSE;
    g_propagate_error(err, g_steal_pointer(&refused));
    return FALSE;
}

/* Should the line break between the two commands, the messages are in Trash, which Gmail empties itself: the
 * repeated operation finds nothing at the source, and what is in Trash is shown there. */
gboolean replay_delete_gmail(FastLane *l, const OpBatch *b, const GArray *uids, GError **err)
{
    g_autoptr(Folder) source = folder_get(l->w->store, b->folder, err);
    if (!source)
        return FALSE;
    g_autoptr(Folder) trash = folder_by_role(l->w->store, l->w->account_id, ROLE_TRASH);
    if (!trash || source->role == ROLE_TRASH || source->role == ROLE_JUNK || !imap_has(l->session, IMAP_CAP_MOVE))
        return replay_delete(l, uids, err);
    g_autoptr(ImapSet) rest = set_of(uids);
    g_autoptr(GArray) there = g_array_new(FALSE, FALSE, sizeof(guint32));
    gboolean ok = TRUE;
    while (ok && !imap_set_is_empty(rest)) {
        g_autoptr(ImapSet) piece = imap_set_take(rest, G_MAXSIZE, imap_set_room(l->session), FALSE);
        ImapCopied copied = {0};
        ok = imap_move(l->session, piece, trash->name, &copied, err);
        if (copied.to)
            g_array_append_vals(there, copied.to->data, copied.to->len);
        imap_copied_clear(&copied);
    }
    fast_unselect(l);
    return ok && (there->len == 0 || (fast_select(l, trash, TRUE, err) && replay_delete(l, there, err)));
}
