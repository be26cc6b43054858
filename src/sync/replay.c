/* replay.c - see replay.h.
 *
 * Flags and purges are idempotent: they are simply repeated. MOVE, COPY and APPEND are marked,
 * durably and with the destination's UIDVALIDITY and UIDNEXT, before their first byte; after a
 * lost connection or a crash recover() looks whether they had their effect. What the server
 * refuses is parked with its words and stops nothing but its own message. */
#include "replay.h"
#include <string.h>
#include "pintail/util/date.h"
#include "pintail/util/error.h"
#include "pintail/util/file.h"
#include "pintail/util/i18n.h"
#include "pintail/util/log.h"

#define BATCH 200
#define FILE_LIMIT (256 * 1024 * 1024)
#define LARGE_APPEND (256 * 1024)

static const OpItem *item_at(const OpBatch *b, guint n)
{
    return &g_array_index(b->items, OpItem, n);
}

static GArray *source_uids(const OpBatch *b)
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

/* A batch of one item of `b`; borrows it. */
static OpBatch single(const OpBatch *b, guint n)
{
    OpBatch one = *b;
    one.items = g_array_new(FALSE, FALSE, sizeof(OpItem));
    g_array_append_val(one.items, *item_at(b, n));
    return one;
}

/* ---- outcomes ---- */

static gboolean done_all(FastLane *l, const OpBatch *b, GError **err)
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

static gboolean park_all(FastLane *l, const OpBatch *b, const char *words, GError **err)
{
    g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(guint));
    for (guint n = 0; n < b->items->len; n++)
        g_array_append_val(all, n);
    return park(l, b, all, words, err);
}

/* Did the server say no to this one command? (Else the connection, or a busy server: later.) */
static gboolean is_refusal(FastLane *l, const GError *failure)
{
    return l->session && imap_usable(l->session) &&
           (error_is(failure, PINTAIL_ERROR_REFUSED) || error_is(failure, PINTAIL_ERROR_GONE));
}

static gboolean park_if_refused(FastLane *l, const OpBatch *b, GError *failure_take, GError **err)
{
    if (!is_refusal(l, failure_take)) {
        g_propagate_error(err, failure_take);
        return FALSE;
    }
    g_autoptr(GError) failure = failure_take;
    return park_all(l, b, failure->message, err);
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

/* The folder, made on the server first where that is still to be done. NULL with err: GONE and REFUSED
 * are the server's no. */
static Folder *target_folder(FastLane *l, gint64 id, GError **err)
{
    g_autoptr(Folder) f = folder_get(l->w->store, id, err);
    if (!f || !(f->flags & FOLDER_TO_CREATE))
        return g_steal_pointer(&f);
    if (!fast_connect(l, err))
        return NULL;
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
        return park_if_refused(l, b, failure, err);
    if (fast_uidvalidity(selected) != f->uidvalidity) {
        fast_doubt(l, f->id);
        error_set(err, PINTAIL_ERROR_RETRY, _("the server has renumbered '%s'; changes wait until it is matched again"),
                  f->name);
        return FALSE;
    }
    if (selected->read_only) {
        g_autofree char *words = g_strdup_printf(_("'%s' is read only on the server"), f->name);
        return park_all(l, b, words, err);
    }
    *m = selected;
    return fast_see(l, highest_of(b), err);
}

/* UIDVALIDITY and UIDNEXT of the target, for the mark; 0 where the server does not say. */
static gboolean target_position(FastLane *l, const Folder *target, guint32 *uidvalidity, guint32 *uidnext, GError **err)
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
    if (!imap_status(l->session, &name, 1, IMAP_STATUS_UIDVALIDITY | IMAP_STATUS_UIDNEXT, &status, err))
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
    /* A keyword that the folder cannot keep is left out: the server would drop it, or refuse all. */
    guint keywords = IMAP_FLAG_FORWARDED | IMAP_FLAG_JUNK | IMAP_FLAG_NOTJUNK | IMAP_FLAG_MDNSENT;
    guint possible = m->permanent.bits | (m->new_keywords ? keywords : 0);
    guint add = b->add & possible;
    return (add == 0 || imap_store(l->session, uids, IMAP_STORE_ADD, add, NULL, TRUE, err)) &&
           (b->remove == 0 || imap_store(l->session, uids, IMAP_STORE_REMOVE, b->remove, NULL, TRUE, err));
}

static gboolean replay_flags(FastLane *l, const OpBatch *b, GError **err)
{
    const ImapMailbox *m = NULL;
    if (!select_source(l, b, &m, err))
        return FALSE;
    if (!m)
        return TRUE;
    g_autoptr(GArray) uids = source_uids(b);
    g_autoptr(ImapSet) set = set_of(uids);
    GError *failure = NULL;
    if (store_flags(l, m, b, set, &failure))
        return done_all(l, b, err);
    if (b->items->len == 1 || !is_refusal(l, failure))
        return park_if_refused(l, b, failure, err);
    /* One of them is the trouble: each by itself. */
    g_clear_error(&failure);
    for (guint n = 0; n < b->items->len; n++) {
        OpBatch one = single(b, n);
        gboolean ok = replay_flags(l, &one, err); /* at most one level deep: it has one item */
        g_array_unref(one.items);
        if (!ok)
            return FALSE;
    }
    return TRUE;
}

/* ---- deleting ---- */

/* Marks and removes these UIDs only. Without UIDPLUS there is no way to remove only these: they stay
 * marked \Deleted. */
static gboolean delete_uids(FastLane *l, const GArray *uids, GError **err)
{
    if (uids->len == 0)
        return TRUE;
    g_autoptr(ImapSet) set = set_of(uids);
    if (!imap_store(l->session, set, IMAP_STORE_ADD, IMAP_FLAG_DELETED, NULL, TRUE, err))
        return FALSE;
    return !imap_has(l->session, IMAP_CAP_UIDPLUS) || imap_expunge(l->session, set, err);
}

static gboolean replay_purge(FastLane *l, const OpBatch *b, GError **err)
{
    const ImapMailbox *m = NULL;
    if (!select_source(l, b, &m, err))
        return FALSE;
    if (!m)
        return TRUE;
    if (!imap_has(l->session, IMAP_CAP_UIDPLUS))
        return park_all(l, b, _("this server cannot remove single messages (no UIDPLUS), and removing all that are "
                                "marked could take what another program has marked"), err);
    g_autoptr(GArray) uids = source_uids(b);
    GError *failure = NULL;
    shared_set_leaving(l->w->shared, b->folder, (const guint32 *)(void *)uids->data, uids->len);
    gboolean ok = delete_uids(l, uids, &failure);
    ok = ok ? done_all(l, b, err) : park_if_refused(l, b, failure, err);
    shared_set_leaving(l->w->shared, 0, NULL, 0);
    return ok;
}

/* ---- moving and copying ---- */

/* Sorts a batch by where its items are now: uids[i] != 0 or `assumed` is done, the rest is parked. */
static gboolean settle(FastLane *l, const OpBatch *b, const guint32 *uids, guint32 uidvalidity, gboolean assumed,
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
    if (done->len > 0 && !ops_done(l->w->store, b, (const guint *)(void *)done->data, done->len,
                                   (const guint32 *)(void *)new_uids->data, uidvalidity, err))
        return FALSE;
    if (unknown)
        worker_poke(l->w, LANE_SYNC, REQUEST_SYNC, b->kind == OP_APPEND ? b->folder : b->destination);
    return park(l, b, refused, words, err);
}

/* COPYUID in the order of the items; 0 for what it does not name. */
static gboolean copied_uids(const OpBatch *b, const ImapCopied *copied, guint32 *uids)
{
    memset(uids, 0, b->items->len * sizeof *uids);
    for (guint n = 0; n < b->items->len; n++)
        for (guint i = 0; i < copied->from->len && uids[n] == 0; i++)
            if (g_array_index(copied->from, guint32, i) == item_at(b, n)->uid)
                uids[n] = g_array_index(copied->to, guint32, i);
    return copied->from->len > 0;
}

/* The sources of what has arrived are removed (MOVE by COPY). */
static gboolean delete_sources(FastLane *l, const OpBatch *b, const guint32 *uids, gboolean assumed, GError **err)
{
    g_autoptr(GArray) gone = g_array_new(FALSE, FALSE, sizeof(guint32));
    for (guint n = 0; n < b->items->len; n++)
        if ((uids[n] != 0 || assumed) && item_at(b, n)->uid != 0)
            g_array_append_val(gone, item_at(b, n)->uid);
    g_autoptr(Folder) source = folder_get(l->w->store, b->folder, err);
    if (!source)
        return FALSE;
    const ImapMailbox *m = fast_select(l, source, TRUE, err);
    if (!m)
        return FALSE;
    if ((m->uidvalidity ? m->uidvalidity : 1) != source->uidvalidity)
        return TRUE; /* these UIDs mean nothing any more: the next sync shows what is there */
    return fast_see(l, highest_of(b), err) && delete_uids(l, gone, err);
}

/* The command itself, then what became of each item. */
static gboolean transfer(FastLane *l, OpBatch *b, const Folder *target, GError **err)
{
    g_autoptr(GArray) source = source_uids(b);
    g_autoptr(ImapSet) set = set_of(source);
    g_autofree guint32 *uids = g_new0(guint32, MAX(b->items->len, 1));
    gboolean moving = b->kind == OP_MOVE, atomic = imap_has(l->session, IMAP_CAP_MOVE);
    ImapCopied copied = {0};
    g_autoptr(GError) failure = NULL;
    gboolean ok = moving && atomic ? imap_move(l->session, set, target->name, &copied, &failure)
                                   : imap_copy(l->session, set, target->name, &copied, &failure);
    gboolean said = copied.from && copied_uids(b, &copied, uids);
    guint32 uidvalidity = copied.uidvalidity;
    imap_copied_clear(&copied);
    if (!ok && !is_refusal(l, failure)) {
        g_propagate_error(err, g_steal_pointer(&failure));
        return FALSE; /* stays in flight: recover() looks */
    }
    /* OK without COPYUID: nothing was there to be moved, or the server does not say. Look. */
    if (ok && !said && !replay_find(l, b, uids, &uidvalidity, err))
        return FALSE;
    gboolean assumed = ok && !said && !imap_has(l->session, IMAP_CAP_UIDPLUS);
    if (ok && moving && !atomic && !delete_sources(l, b, uids, assumed, err))
        return FALSE;
    return settle(l, b, uids, uidvalidity, assumed,
                  failure ? failure->message : _("the message is not in its folder any more"), err);
}

static gboolean replay_transfer(FastLane *l, OpBatch *b, GError **err)
{
    GError *failure = NULL;
    g_autoptr(Folder) target = target_folder(l, b->destination, &failure);
    if (!target)
        return park_if_refused(l, b, failure, err);
    if (!fast_connect(l, err) || !target_position(l, target, &b->recorded_uidvalidity, &b->recorded_uidnext, err))
        return FALSE;
    const ImapMailbox *m = NULL;
    if (!select_source(l, b, &m, err))
        return FALSE;
    if (!m)
        return TRUE;
    if (!ops_mark_inflight(l->w->store, b, b->recorded_uidvalidity, b->recorded_uidnext, err))
        return FALSE;
    g_autoptr(GArray) uids = source_uids(b);
    if (b->kind == OP_MOVE)
        shared_set_leaving(l->w->shared, b->folder, (const guint32 *)(void *)uids->data, uids->len);
    gboolean ok = transfer(l, b, target, err);
    shared_set_leaving(l->w->shared, 0, NULL, 0);
    return ok;
}

/* ---- appending ---- */

/* IMAP wants CRLF; files of ours may have either. */
static GBytes *with_crlf(GBytes *bytes)
{
    gsize len = 0;
    const char *at = g_bytes_get_data(bytes, &len);
    gboolean proper = TRUE;
    for (gsize n = 0; n < len && proper; n++)
        proper = at[n] != '\n' || (n > 0 && at[n - 1] == '\r');
    if (proper)
        return g_bytes_ref(bytes);
    GString *out = g_string_sized_new(len + len / 32);
    for (gsize n = 0; n < len; n++) {
        if (at[n] == '\n' && (n == 0 || at[n - 1] != '\r'))
            g_string_append_c(out, '\r');
        g_string_append_c(out, at[n]);
    }
    return g_string_free_to_bytes(out);
}

static void append_progress(guint64 done, guint64 total, gpointer data)
{
    if (total > LARGE_APPEND)
        worker_progress(data, _("Storing a message"), done, total, TRUE);
}

static gboolean append_item(FastLane *l, OpBatch *one, const Folder *target, GBytes *bytes, GError **err)
{
    const OpItem *item = item_at(one, 0);
    gsize len = 0;
    const char *at = g_bytes_get_data(bytes, &len);
    g_autofree char *date = item->date ? date_format_internal(item->date) : NULL;
    ImapAppend what = {.message = span_new(at, len),
                       .bits = item->flags,
                       .date = date,
                       .progress = append_progress,
                       .data = l->w};
    guint32 uidvalidity = 0, uid = 0;
    GError *failure = NULL;
    if (!imap_append(l->session, target->name, &what, &uidvalidity, &uid, &failure))
        return park_if_refused(l, one, failure, err);
    /* Without APPENDUID, looking now is cheap, and spares the sync lane a guess. */
    if (uid == 0 && !replay_find(l, one, &uid, &uidvalidity, err))
        return FALSE;
    return settle(l, one, &uid, uidvalidity, TRUE, "", err);
}

static gboolean replay_append_one(FastLane *l, OpBatch *one, const Folder *target, GError **err)
{
    const OpItem *item = item_at(one, 0);
    g_autoptr(GError) failure = NULL;
    g_autoptr(GBytes) file = file_read(item->file ? item->file : "", FILE_LIMIT, &failure);
    if (!file)
        return park_all(l, one, failure->message, err);
    if (!fast_connect(l, err) || !target_position(l, target, &one->recorded_uidvalidity, &one->recorded_uidnext, err) ||
        !ops_mark_inflight(l->w->store, one, one->recorded_uidvalidity, one->recorded_uidnext, err))
        return FALSE;
    g_autoptr(GBytes) bytes = with_crlf(file);
    return append_item(l, one, target, bytes, err);
}

static gboolean replay_append(FastLane *l, const OpBatch *b, GError **err)
{
    GError *failure = NULL;
    g_autoptr(Folder) target = target_folder(l, b->folder, &failure);
    if (!target)
        return park_if_refused(l, b, failure, err);
    for (guint n = 0; n < b->items->len; n++) {
        OpBatch one = single(b, n);
        gboolean ok = replay_append_one(l, &one, target, err);
        g_array_unref(one.items);
        if (!ok)
            return FALSE;
    }
    return TRUE;
}

/* ---- after a crash or a lost connection ---- */

/* Those that arrived are done (and for MOVE by COPY, their sources removed); the others wait again. */
static gboolean recover(FastLane *l, const OpBatch *b, GError **err)
{
    g_autofree guint32 *uids = g_new0(guint32, MAX(b->items->len, 1));
    guint32 uidvalidity = 0;
    if (!fast_connect(l, err) || !replay_find(l, b, uids, &uidvalidity, err))
        return FALSE;
    if (b->kind == OP_MOVE && !delete_sources(l, b, uids, FALSE, err))
        return FALSE;
    for (guint n = 0; n < b->items->len; n++) {
        OpBatch one = single(b, n);
        gboolean ok = uids[n] != 0 ? settle(l, &one, &uids[n], uidvalidity, TRUE, "", err)
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
    gboolean repeatable = b->kind == OP_FLAGS || b->kind == OP_PURGE;
    if (b->state == OP_INFLIGHT && !repeatable)
        return recover(l, b, err);
    switch (b->kind) {
    case OP_FLAGS:
        return replay_flags(l, b, err);
    case OP_PURGE:
        return replay_purge(l, b, err);
    case OP_MOVE:
    case OP_COPY:
        return replay_transfer(l, b, err);
    case OP_APPEND:
        return replay_append(l, b, err);
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
