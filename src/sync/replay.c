/* replay.c - see replay.h.
 *
 * Flags and purges are idempotent: they are simply repeated. MOVE, COPY and APPEND are marked,
 * durably and with the destination's UIDVALIDITY and UIDNEXT, before their first byte; after a
 * lost connection or a crash recover() looks whether they had their effect. Without MOVE a message is
 * copied; the deletion of its source then takes the operation's place in the queue. What the
 * server refuses is asked for again in halves, down to the message that is the trouble: that one is
 * parked with the server's words and stops nothing but itself. */
#include "replay_private.h"
#include <string.h>
#include "folder_facts.h"
#include "listing.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/log.h"

#define BATCH 500

GArray *replay_uids(const OpBatch *b)
{
    GArray *uids = g_array_new(FALSE, FALSE, sizeof(guint32));
    for (guint n = 0; n < b->items->len; n++)
        if (item_at(b, n)->uid != 0)
            g_array_append_val(uids, item_at(b, n)->uid);
    return uids;
}

static guint32 highest_of(const OpBatch *b)
{
    guint32 highest = 0;
    for (guint n = 0; n < b->items->len; n++)
        highest = MAX(highest, item_at(b, n)->uid);
    return highest;
}

static ImapSet *set_of(const GArray *uids)
{
    return imap_set_of((const guint32 *)(void *)uids->data, uids->len);
}

OpBatch replay_slice(const OpBatch *b, guint low, guint high)
{
    OpBatch some = *b;
    some.items = g_array_new(FALSE, FALSE, sizeof(OpItem));
    g_array_append_vals(some.items, item_at(b, low), high - low);
    return some;
}

gboolean replay_halves(FastLane *l, const OpBatch *b, ReplayFunc each, GError **err)
{
    g_autoptr(GArray) bounds = g_array_new(FALSE, FALSE, sizeof(guint)); /* a stack of (low, high) */
    guint middle = b->items->len / 2, first[] = {middle, b->items->len, 0, middle};
    g_array_append_vals(bounds, first, 4);
    while (bounds->len > 0) {
        guint low = g_array_index(bounds, guint, bounds->len - 2), high = g_array_index(bounds, guint, bounds->len - 1);
        g_array_set_size(bounds, bounds->len - 2);
        OpBatch some = replay_slice(b, low, high);
        gboolean split = FALSE;
        gboolean ok = each(l, &some, &split, err);
        g_array_unref(some.items);
        if (!ok)
            return FALSE;
        middle = low + (high - low) / 2;
        guint more[] = {middle, high, low, middle};
        if (split)
            g_array_append_vals(bounds, more, 4);
    }
    return TRUE;
}

/* As many of the batch as one command can carry; the others stay in the queue. */
static void fit_command(FastLane *l, OpBatch *b)
{
    g_autoptr(GArray) uids = replay_uids(b);
    g_autoptr(ImapSet) all = set_of(uids);
    g_autofree char *text = imap_set_text(all);
    if (!text || strlen(text) <= imap_set_room(l->session))
        return;
    g_autoptr(ImapSet) some = imap_set_take(all, G_MAXSIZE, imap_set_room(l->session), FALSE);
    for (guint n = b->items->len; n > 0; n--)
        if (!imap_set_contains(some, item_at(b, n - 1)->uid))
            op_batch_drop(b, n - 1);
}

/* ---- outcomes ---- */

gboolean replay_done(FastLane *l, const OpBatch *b, GError **err)
{
    g_autofree guint *all = g_new(guint, MAX(b->items->len, 1));
    for (guint n = 0; n < b->items->len; n++)
        all[n] = n;
    return ops_done(l->w->store, b, all, b->items->len, NULL, 0, err);
}

static gboolean park(FastLane *l, const OpBatch *b, const GArray *items, const char *words, GError **err)
{
    if (items->len == 0)
        return TRUE;
    worker_notice(l->w, NOTICE_WARNING, _("%s: the server refused a change: %s"), l->w->account->name, words);
    return ops_park(l->w->store, b, (const guint *)(void *)items->data, items->len, words, err);
}

gboolean replay_park(FastLane *l, const OpBatch *b, const char *words, GError **err)
{
    g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(guint));
    for (guint n = 0; n < b->items->len; n++)
        g_array_append_val(all, n);
    return park(l, b, all, words, err);
}

/* Did the server say no to this one command? (Else the connection, or a busy server: later.) */
gboolean replay_is_refusal(FastLane *l, const GError *failure)
{
    return l->session && imap_usable(l->session) &&
           (error_is(failure, PINTAIL_ERROR_REFUSED) || error_is(failure, PINTAIL_ERROR_GONE));
}

gboolean replay_park_if_refused(FastLane *l, const OpBatch *b, GError *failure_take, GError **err)
{
    if (!replay_is_refusal(l, failure_take)) {
        g_propagate_error(err, failure_take);
        return FALSE;
    }
    g_autoptr(GError) failure = failure_take;
    return replay_park(l, b, failure->message, err);
}

/* ---- folders ---- */

static ImapUse use_of(FolderRole role)
{
    switch (role) {
    case ROLE_DRAFTS:
        return IMAP_USE_DRAFTS;
    case ROLE_SENT:
        return IMAP_USE_SENT;
    case ROLE_ARCHIVE:
        return IMAP_USE_ARCHIVE;
    case ROLE_JUNK:
        return IMAP_USE_JUNK;
    case ROLE_TRASH:
        return IMAP_USE_TRASH;
    default:
        return IMAP_USE_NONE;
    }
}

/* A folder for a role may have been wished for before the server's folders were known: what the server has for
 * it is taken instead. */
static gboolean look_for_role(FastLane *l, GError **err)
{
    g_autoptr(GPtrArray) list = imap_list(l->session, 0, err);
    if (!list)
        return FALSE;
    g_autoptr(GArray) listed = listing_with_roles(list, l->w->account);
    return folder_facts_listed(l->w, l->session, listed, err) &&
           folders_seen(l->w->store, l->w->account_id, (const ListedFolder *)(void *)listed->data, listed->len, err);
}

/* The folder, made on the server first where that is still to be done. NULL with err: GONE and REFUSED
 * are the server's no. */
Folder *replay_target(FastLane *l, gint64 id, GError **err)
{
    g_autoptr(Folder) f = folder_get(l->w->store, id, err);
    if (!f || !(f->flags & FOLDER_TO_CREATE))
        return g_steal_pointer(&f);
    if (!fast_connect(l, err) || (f->role != ROLE_NONE && !look_for_role(l, err)))
        return NULL;
    folder_free(f);
    f = folder_get(l->w->store, id, err);
    if (!f || !(f->flags & FOLDER_TO_CREATE))
        return g_steal_pointer(&f);
    g_autoptr(GError) failure = NULL;
    if (!imap_create(l->session, f->name, use_of(f->role), &failure) &&
        !(imap_usable(l->session) && g_str_equal(imap_answer(l->session)->code, "ALREADYEXISTS"))) {
        g_propagate_error(err, g_steal_pointer(&failure));
        return NULL;
    }
    if (!imap_subscribe(l->session, f->name, TRUE, &failure))
        log_line("sync", "cannot subscribe to '%s': %s", f->name, failure ? failure->message : "");
    if (!imap_usable(l->session) || !folder_created(l->w->store, f->id, err)) {
        if (err && !*err)
            g_propagate_error(err, g_steal_pointer(&failure));
        return NULL;
    }
    f->flags &= ~(guint)FOLDER_TO_CREATE;
    worker_poke(l->w, LANE_SYNC, REQUEST_SYNC, 0);
    return g_steal_pointer(&f);
}

/* Which flags the folder keeps for good (RFC 3501 section 7.1, PERMANENTFLAGS). */
static guint possible_flags(const ImapMailbox *m)
{
    guint keywords = IMAP_FLAG_FORWARDED | IMAP_FLAG_JUNK | IMAP_FLAG_NOTJUNK | IMAP_FLAG_MDNSENT;
    return (m->permanent.bits | (m->new_keywords ? keywords : 0)) & FLAGS_ALL;
}

/* Selects the folder where a batch's messages are. *m is NULL when the batch had to be parked. */
static gboolean select_source(FastLane *l, const OpBatch *b, const ImapMailbox **m, GError **err)
{
    *m = NULL;
    g_autoptr(Folder) f = folder_get(l->w->store, b->folder, err);
    if (!f)
        return FALSE;
    GError *failure = NULL;
    const ImapMailbox *selected = fast_select(l, f, TRUE, &failure);
    if (!selected)
        return replay_park_if_refused(l, b, failure, err);
    if (fast_uidvalidity(selected) != f->uidvalidity) {
        fast_doubt(l, f->id);
        error_set(err, PINTAIL_ERROR_RETRY, _("the server has renumbered '%s'; changes wait until it is matched again"),
                  f->name);
        return FALSE;
    }
    if (selected->read_only) {
        g_autofree char *words = g_strdup_printf(_("'%s' is read only on the server"), f->name);
        return replay_park(l, b, words, err);
    }
    *m = selected;
    return folder_set_permanent(l->w->store, f->id, possible_flags(selected), err) && fast_see(l, highest_of(b), err);
}

gboolean replay_position(FastLane *l, const Folder *target, guint32 *uidvalidity, guint32 *uidnext, GError **err)
{
    *uidvalidity = *uidnext = 0;
    const ImapMailbox *m = imap_selected(l->session);
    if (l->selected == target->id && m) {
        fast_unselect(l); /* STATUS is for folders that are not selected */
        if (!imap_unselect(l->session, err))
            return FALSE;
    }
    ImapStatus status = {0};
    const char *name = target->name;
    if (!imap_status(l->session, &name, 1, IMAP_STATUS_UIDVALIDITY | IMAP_STATUS_UIDNEXT | IMAP_STATUS_APPENDLIMIT, &status, err))
        return FALSE;
    if (status.has & IMAP_STATUS_UIDVALIDITY)
        *uidvalidity = status.uidvalidity ? status.uidvalidity : 1;
    if (status.has & IMAP_STATUS_UIDNEXT)
        *uidnext = status.uidnext;
    return TRUE;
}

/* ---- flags ---- */

static gboolean store_flags(FastLane *l, const ImapMailbox *m, const OpBatch *b, const ImapSet *uids, GError **err)
{
    /* What the folder cannot keep is left out, since the server would drop it, or refuse all: it is kept
     * here (folder_set_permanent()). */
    guint possible = possible_flags(m), add = b->add & possible, remove = b->remove & possible;
    return (add == 0 || imap_store(l->session, uids, IMAP_STORE_ADD, add, NULL, TRUE, err)) &&
           (remove == 0 || imap_store(l->session, uids, IMAP_STORE_REMOVE, remove, NULL, TRUE, err));
}

static gboolean replay_flags(FastLane *l, const OpBatch *b, gboolean *split, GError **err)
{
    const ImapMailbox *m = NULL;
    if (!select_source(l, b, &m, err))
        return FALSE;
    if (!m)
        return TRUE;
    g_autoptr(GArray) uids = replay_uids(b);
    g_autoptr(ImapSet) set = set_of(uids);
    GError *failure = NULL;
    if (store_flags(l, m, b, set, &failure))
        return replay_done(l, b, err);
    *split = b->items->len > 1 && replay_is_refusal(l, failure);
    if (!*split)
        return replay_park_if_refused(l, b, failure, err);
    g_error_free(failure); /* one of them is the trouble */
    return TRUE;
}

/* ---- deleting ---- */

static gboolean replay_purge(FastLane *l, const OpBatch *b, gboolean *split, GError **err)
{
    const ImapMailbox *m = NULL;
    if (!select_source(l, b, &m, err))
        return FALSE;
    if (!m)
        return TRUE;
    g_autoptr(GArray) uids = replay_uids(b);
    GError *failure = NULL;
    shared_set_leaving(l->w->shared, b->folder, (const guint32 *)(void *)uids->data, uids->len);
    gboolean ok = imap_has(l->session, IMAP_CAP_GMAIL) ? replay_delete_gmail(l, b, uids, &failure)
                                                       : replay_delete(l, uids, &failure);
    if (ok)
        ok = replay_done(l, b, err);
    else
        ok = replay_park_if_refused(l, b, failure, err);
    shared_set_leaving(l->w->shared, 0, NULL, 0);
    return ok;
}

/* ---- moving and copying ---- */

/* The server was asked and these are not in the folder: another client was first. Known at once, because
 * sync leaves what we are moving to us; what is to become of the operation the store knows. */
static gboolean let_go(FastLane *l, const OpBatch *b, const GArray *items, GError **err)
{
    for (guint n = 0; n < items->len; n++) {
        guint at = g_array_index(items, guint, n);
        OpBatch one = replay_slice(b, at, at + 1);
        guint32 uid = item_at(b, at)->uid;
        gboolean ok = ops_requeue(l->w->store, &one, err) && placements_vanished(l->w->store, b->folder, &uid, 1, err);
        g_array_unref(one.items);
        if (!ok)
            return FALSE;
    }
    return TRUE;
}

gboolean replay_settle(FastLane *l, const OpBatch *b, const guint32 *uids, guint32 uidvalidity, gboolean assumed,
                       const char *words, GError **err)
{
    g_autoptr(GArray) done = g_array_new(FALSE, FALSE, sizeof(guint));
    g_autoptr(GArray) refused = g_array_new(FALSE, FALSE, sizeof(guint));
    g_autoptr(GArray) new_uids = g_array_new(FALSE, FALSE, sizeof(guint32));
    gboolean unknown = FALSE;
    for (guint n = 0; n < b->items->len; n++) {
        if (uids[n] == 0 && !assumed) {
            g_array_append_val(refused, n);
            continue;
        }
        unknown = unknown || uids[n] == 0;
        g_array_append_val(done, n);
        g_array_append_val(new_uids, uids[n]);
    }
    const guint *items = (const guint *)(void *)done->data;
    const guint32 *to = (const guint32 *)(void *)new_uids->data;
    /* Without MOVE the message now is in both folders: what is left is a deletion like any other. */
    gboolean by_copy = b->kind == OP_MOVE && !imap_has(l->session, IMAP_CAP_MOVE);
    if (done->len > 0 && !(by_copy ? ops_copied : ops_done)(l->w->store, b, items, done->len, to, uidvalidity, err))
        return FALSE;
    if (unknown)
        worker_poke(l->w, LANE_SYNC, REQUEST_SYNC, b->kind == OP_APPEND ? b->folder : b->destination);
    return words ? park(l, b, refused, words, err) : let_go(l, b, refused, err);
}

/* COPYUID in the order of the items; 0 for what it does not name. FALSE when it names none. */
static gboolean copied_uids(const OpBatch *b, const ImapCopied *copied, guint32 *uids)
{
    g_autoptr(GHashTable) to = g_hash_table_new(NULL, NULL);
    for (guint i = 0; i < copied->from->len; i++)
        g_hash_table_insert(to, GUINT_TO_POINTER(g_array_index(copied->from, guint32, i)),
                            GUINT_TO_POINTER(g_array_index(copied->to, guint32, i)));
    for (guint n = 0; n < b->items->len; n++)
        uids[n] = GPOINTER_TO_UINT(g_hash_table_lookup(to, GUINT_TO_POINTER(item_at(b, n)->uid)));
    return copied->from->len > 0;
}

/* Is it the batch that was refused, or could it be one message of it? */
static gboolean may_be_one(FastLane *l, const OpBatch *b)
{
    static const char *const all[] = {"OVERQUOTA", "TRYCREATE", "NONEXISTENT", "NOPERM", "READ-ONLY", NULL};
    return b->items->len > 1 && !g_strv_contains(all, imap_answer(l->session)->code);
}

/* Refused: what arrived all the same is done, for the rest smaller commands may do. */
static gboolean after_refusal(FastLane *l, const OpBatch *b, guint32 *uids, guint32 uidvalidity, gboolean said,
                              const char *words, gboolean *split, GError **err)
{
    if (!may_be_one(l, b))
        return replay_settle(l, b, uids, uidvalidity, FALSE, words, err);
    if (!said && !replay_find(l, b, uids, &uidvalidity, err))
        return FALSE;
    guint arrived = 0;
    for (guint n = 0; n < b->items->len; n++)
        arrived += uids[n] != 0;
    *split = arrived == 0;
    if (*split)
        return TRUE;
    for (guint n = 0; n < b->items->len; n++) {
        OpBatch one = replay_slice(b, n, n + 1);
        gboolean ok = uids[n] != 0 ? replay_settle(l, &one, &uids[n], uidvalidity, FALSE, "", err)
                                   : ops_requeue(l->w->store, &one, err);
        g_array_unref(one.items);
        if (!ok)
            return FALSE;
    }
    return TRUE;
}

/* The command itself, then what became of each item; they are marked. */
static gboolean transfer(FastLane *l, const OpBatch *b, gboolean *split, GError **err)
{
    const ImapMailbox *m = NULL;
    g_autoptr(Folder) target = folder_get(l->w->store, b->destination, err);
    if (!target || !select_source(l, b, &m, err))
        return FALSE;
    if (!m)
        return TRUE;
    g_autoptr(GArray) source = replay_uids(b);
    g_autoptr(ImapSet) set = set_of(source);
    g_autofree guint32 *uids = g_new0(guint32, MAX(b->items->len, 1));
    gboolean atomic = b->kind == OP_MOVE && imap_has(l->session, IMAP_CAP_MOVE);
    ImapCopied copied = {0};
    g_autoptr(GError) failure = NULL;
    gboolean ok = (atomic ? imap_move : imap_copy)(l->session, set, target->name, &copied, &failure);
    gboolean said = copied.from && copied_uids(b, &copied, uids);
    guint32 uidvalidity = copied.uidvalidity;
    imap_copied_clear(&copied);
    if (!ok && !replay_is_refusal(l, failure)) {
        g_propagate_error(err, g_steal_pointer(&failure));
        return FALSE; /* stays in flight: recover() looks */
    }
    if (!ok)
        return after_refusal(l, b, uids, uidvalidity, said, failure->message, split, err);
    /* OK without COPYUID: nothing was there to be moved, or the server does not say. Look. */
    if (!said && !replay_find(l, b, uids, &uidvalidity, err))
        return FALSE;
    gboolean assumed = !said && !imap_has(l->session, IMAP_CAP_UIDPLUS);
    return replay_settle(l, b, uids, uidvalidity, assumed, NULL, err);
}

/* Where a move will end in an EXPUNGE that could take too much, it is not begun. */
static gboolean may_begin(FastLane *l, const OpBatch *b, gboolean *may, GError **err)
{
    *may = TRUE;
    if (b->kind != OP_MOVE || imap_has(l->session, IMAP_CAP_MOVE) || imap_has(l->session, IMAP_CAP_UIDPLUS))
        return TRUE;
    g_autoptr(GArray) uids = replay_uids(b);
    GError *failure = NULL;
    if (replay_may_expunge(l, uids, &failure))
        return TRUE;
    *may = FALSE;
    return replay_park_if_refused(l, b, failure, err);
}

/* Marked, durably and with the position of the target, before the first byte. */
static gboolean begin_transfer(FastLane *l, const OpBatch *batch, gboolean *split, GError **err)
{
    OpBatch b = *batch;
    g_autoptr(Folder) target = folder_get(l->w->store, b.destination, err);
    return target && replay_position(l, target, &b.recorded_uidvalidity, &b.recorded_uidnext, err) &&
           ops_mark_inflight(l->w->store, &b, b.recorded_uidvalidity, b.recorded_uidnext, err) &&
           transfer(l, &b, split, err);
}

static gboolean replay_transfer(FastLane *l, const OpBatch *b, GError **err)
{
    GError *failure = NULL;
    g_autoptr(Folder) target = replay_target(l, b->destination, &failure);
    if (!target)
        return replay_park_if_refused(l, b, failure, err);
    const ImapMailbox *m = NULL;
    gboolean may, split = FALSE;
    if (!select_source(l, b, &m, err))
        return FALSE;
    if (!m)
        return TRUE;
    if (!may_begin(l, b, &may, err))
        return FALSE;
    if (!may)
        return TRUE;
    g_autoptr(GArray) uids = replay_uids(b);
    if (b->kind == OP_MOVE)
        shared_set_leaving(l->w->shared, b->folder, (const guint32 *)(void *)uids->data, uids->len);
    gboolean ok = begin_transfer(l, b, &split, err) && (!split || replay_halves(l, b, begin_transfer, err));
    shared_set_leaving(l->w->shared, 0, NULL, 0);
    return ok;
}

/* ---- after a crash or a lost connection ---- */

/* Those that arrived are done; the others wait again. */
static gboolean recover(FastLane *l, const OpBatch *b, GError **err)
{
    g_autofree guint32 *uids = g_new0(guint32, MAX(b->items->len, 1));
    guint32 uidvalidity = 0;
    if (!fast_connect(l, err) || !replay_find(l, b, uids, &uidvalidity, err))
        return FALSE;
    for (guint n = 0; n < b->items->len; n++) {
        OpBatch one = replay_slice(b, n, n + 1);
        gboolean ok = uids[n] != 0 ? replay_settle(l, &one, &uids[n], uidvalidity, TRUE, "", err)
                                   : ops_requeue(l->w->store, &one, err);
        g_array_unref(one.items);
        if (!ok)
            return FALSE;
    }
    return TRUE;
}

/* ---- the queue ---- */

static gboolean replay_batch(FastLane *l, OpBatch *b, GError **err)
{
    gboolean repeatable = b->kind == OP_FLAGS || b->kind == OP_PURGE || b->kind > OP_APPEND, split = FALSE;
    if (b->state == OP_INFLIGHT && !repeatable)
        return recover(l, b, err);
    if (!fast_connect(l, err))
        return FALSE;
    if (b->kind < OP_APPEND)
        fit_command(l, b);
    switch (b->kind) {
    case OP_FLAGS:
        return replay_flags(l, b, &split, err) && (!split || replay_halves(l, b, replay_flags, err));
    case OP_PURGE:
        return replay_purge(l, b, &split, err);
    case OP_MOVE:
    case OP_COPY:
        return replay_transfer(l, b, err);
    case OP_APPEND:
        return replay_append(l, b, err);
    case OP_FOLDER_CREATE:
    case OP_FOLDER_RENAME:
    case OP_FOLDER_DELETE:
    case OP_FOLDER_SUBSCRIBE:
        return replay_folder(l, b, err);
    case OP_RELAY:
        return replay_relay(l, b, err);
    }
    g_assert_not_reached();
}

gboolean replay_run(FastLane *l, gboolean *finished, GError **err)
{
    gint64 last = 0;
    guint repeats = 0;
    *finished = FALSE;
    while (!worker_is_stopping(l->w) && !worker_has_requests(l->w)) {
        GError *failure = NULL;
        g_autoptr(OpBatch) b = ops_next(l->w->store, l->w->account_id, BATCH, &failure);
        if (!b) {
            *finished = failure == NULL;
            if (failure)
                g_propagate_error(err, failure);
            return failure == NULL;
        }
        gint64 id = b->items->len > 0 ? item_at(b, 0)->id : 0;
        repeats = id == last ? repeats + 1 : 0;
        last = id;
        if (repeats > 2) {
            error_set(err, PINTAIL_ERROR_RETRY, _("%s: a change cannot be carried out now; it is kept"),
                      l->w->account->name);
            return FALSE;
        }
        if (!replay_batch(l, b, err))
            return FALSE;
    }
    return TRUE;
}
