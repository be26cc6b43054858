/* replay_find.c - has it been done? Looks for moved, copied and appended messages in their
 * destination, see replay.h. */
#include <string.h>
#include "pintail/mime/envelope.h"
#include "pintail/util/error.h"
#include "replay.h"

/* Up to so many messages a folder that was renumbered is read through; a larger one is searched. */
#define READ_THROUGH 1000

typedef struct {
    guint32 uid;
    guint64 size;
    char *message_id; /* "" */
    gboolean taken;
} Candidate;

static void candidate_clear(gpointer item)
{
    g_free(((Candidate *)item)->message_id);
}

static gboolean take_candidate(ImapFetched *m, gpointer data, GError **err)
{
    g_autoptr(Envelope) e = envelope_parse(m->header.at ? m->header.at : "", m->header.len);
    Candidate c = {.uid = m->uid, .size = m->size, .message_id = g_strdup(e->message_id)};
    g_array_append_val((GArray *)data, c);
    return TRUE;
}

static gboolean fetch_candidates(FastLane *l, const ImapSet *uids, GArray *into, GError **err)
{
    if (imap_set_is_empty(uids))
        return TRUE;
    return imap_fetch(l->session, uids, IMAP_FETCH_SIZE | IMAP_FETCH_HEADER, "MESSAGE-ID", take_candidate, into, err);
}

static gboolean search_candidates(FastLane *l, const OpBatch *b, GArray *into, GError **err)
{
    for (guint n = 0; n < b->items->len; n++) {
        const OpItem *item = &g_array_index(b->items, OpItem, n);
        if (!item->message_id || !*item->message_id)
            continue;
        ImapTerm terms[] = {{"HEADER", "Message-ID", item->message_id}, {0}};
        g_autoptr(ImapSet) found = imap_search(l->session, terms, err);
        if (!found || !fetch_candidates(l, found, into, err))
            return FALSE;
    }
    return TRUE;
}

static gboolean is_it(const OpBatch *b, const OpItem *item, const Candidate *c)
{
    const char *id = item->message_id ? item->message_id : "";
    if (!g_str_equal(id, c->message_id))
        return FALSE;
    /* A server may store appended bytes in its own way; with a Message-ID of ours that is enough. */
    if (b->kind == OP_APPEND && *id)
        return TRUE;
    return item->size == 0 || item->size == c->size;
}

static guint32 match(const OpBatch *b, const OpItem *item, GArray *candidates, guint32 from)
{
    for (guint n = 0; n < candidates->len; n++) {
        Candidate *c = &g_array_index(candidates, Candidate, n);
        if (c->taken || c->uid < from || !is_it(b, item, c))
            continue;
        c->taken = TRUE;
        return c->uid;
    }
    return 0;
}

gboolean replay_find(FastLane *l, const OpBatch *b, guint32 *uids, guint32 *uidvalidity, GError **err)
{
    memset(uids, 0, b->items->len * sizeof *uids);
    *uidvalidity = 0;
    g_autoptr(Folder) target = folder_get(l->w->store, b->kind == OP_APPEND ? b->folder : b->destination, err);
    if (!target)
        return FALSE;
    g_autoptr(GError) failure = NULL;
    fast_unselect(l); /* a new SELECT shows what has arrived since */
    const ImapMailbox *m = fast_select(l, target, FALSE, &failure);
    if (!m) {
        if (l->session && imap_usable(l->session))
            return TRUE;
        g_propagate_error(err, g_steal_pointer(&failure));
        return FALSE;
    }
    *uidvalidity = m->uidvalidity ? m->uidvalidity : 1;
    gboolean same = b->recorded_uidvalidity != 0 && b->recorded_uidvalidity == *uidvalidity;
    guint32 from = same ? MAX(b->recorded_uidnext, 1) : 1;
    g_autoptr(GArray) candidates = g_array_new(FALSE, FALSE, sizeof(Candidate));
    g_array_set_clear_func(candidates, candidate_clear);
    if (m->exists == 0 || (m->uidnext != 0 && m->uidnext <= from))
        return TRUE;
    if (from > 1 || m->exists <= READ_THROUGH) {
        g_autoptr(ImapSet) range = imap_set_range(from, IMAP_LAST);
        if (!fetch_candidates(l, range, candidates, err))
            return FALSE;
    } else if (!search_candidates(l, b, candidates, err)) {
        return FALSE;
    }
    for (guint n = 0; n < b->items->len; n++)
        uids[n] = match(b, &g_array_index(b->items, OpItem, n), candidates, from);
    return TRUE;
}
