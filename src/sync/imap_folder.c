/* imap_folder.c - one folder brought in step with its server: SELECT, search, plan, then the plan's
 * actions, a few steps of headers in flight, with a look at the inbox between steps.
 *
 * May stop after any action: the position in the store only ever promises rows that are
 * committed, and the next plan goes on from there. */
#include "imap_sync.h"
#include "pintail/util/date.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/log.h"
#include "plan.h"

/* A flag is the same bit to the protocol and to the store. */
G_STATIC_ASSERT((guint)IMAP_FLAG_SEEN == FLAG_SEEN && (guint)IMAP_FLAG_FLAGGED == FLAG_FLAGGED &&
                (guint)IMAP_FLAG_ANSWERED == FLAG_ANSWERED && (guint)IMAP_FLAG_DELETED == FLAG_DELETED &&
                (guint)IMAP_FLAG_DRAFT == FLAG_DRAFT && (guint)IMAP_FLAG_FORWARDED == FLAG_FORWARDED &&
                (guint)IMAP_FLAG_JUNK == FLAG_JUNK && (guint)IMAP_FLAG_NOTJUNK == FLAG_NOTJUNK &&
                (guint)IMAP_FLAG_MDNSENT == FLAG_MDNSENT && !((guint)IMAP_FLAG_RECENT & FLAGS_ALL));

#define STEPS_BEFORE_LOOK 2

#define COMPRESS_FROM 500 /* headers that are to come */

/* Steps in flight: what the person opens meanwhile waits for them, so there are more only while they come
 * fast. */
#define IN_FLIGHT 2
#define IN_FLIGHT_FAST 4
#define FAST (150 * G_TIME_SPAN_MILLISECOND)

#define HEADER_ITEMS (IMAP_FETCH_FLAGS | IMAP_FETCH_DATE | IMAP_FETCH_SIZE | IMAP_FETCH_HEADER | IMAP_FETCH_IDS)

/* One step of headers or flags: what was asked and what came. */
typedef struct {
    ImapSet *uids;
    gboolean is_flags;
    guint32 first, last;
    gint64 issued; /* change sequence when it was asked */
    GArray *heard; /* of UidFlags */
    GArray *fetched;  /* of FetchedMessage; each owns its envelope */
    GHashTable *index; /* uid -> position in fetched + 1 */
} Step;

typedef struct {
    SyncLane *lane;
    Folder *folder;
    const Plan *plan;
    const PlanServer *server;
    gint64 issued; /* change sequence when `server` was asked what changed */
    GQueue ahead;  /* of Step: begun, not awaited */
    guint begun;   /* actions before this one have been begun */
    guint in_flight;
    gboolean asked_compression, first_done;
    gboolean outrun; /* some flags could not be taken in: HIGHESTMODSEQ stays, and tells of them again */
    guint done, total; /* headers */
    gboolean stopped;  /* something else is more urgent */
    char *label;
} FolderSync;

static void clear_fetched(gpointer item)
{
    FetchedMessage *m = item;
    envelope_unref((Envelope *)m->envelope);
    g_free(m->server_id);
}

static Step *step_new(const guint32 *uids, guint n)
{
    Step *s = g_new0(Step, 1);
    s->uids = imap_set_of(uids, n);
    s->fetched = g_array_new(FALSE, TRUE, sizeof(FetchedMessage));
    g_array_set_clear_func(s->fetched, clear_fetched);
    s->index = g_hash_table_new(NULL, NULL);
    s->heard = g_array_new(FALSE, FALSE, sizeof(UidFlags));
    return s;
}

static void step_free(Step *s)
{
    if (!s)
        return;
    imap_set_free(s->uids);
    g_array_unref(s->fetched);
    g_hash_table_unref(s->index);
    g_array_unref(s->heard);
    g_free(s);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Step, step_free)

/* A server may answer for one message in pieces. */
static gboolean step_take(ImapFetched *m, gpointer data, GError **err)
{
    Step *s = data;
    gpointer key = GUINT_TO_POINTER(m->uid);
    guint at = GPOINTER_TO_UINT(g_hash_table_lookup(s->index, key));
    if (at == 0) {
        FetchedMessage empty = {.uid = m->uid};
        g_array_append_val(s->fetched, empty);
        at = s->fetched->len;
        g_hash_table_insert(s->index, key, GUINT_TO_POINTER(at));
    }
    FetchedMessage *f = &g_array_index(s->fetched, FetchedMessage, at - 1);
    if (m->has & IMAP_FETCH_FLAGS)
        f->flags = m->flags.bits & FLAGS_ALL;
    if (m->has & IMAP_FETCH_SIZE)
        f->size = m->size;
    MailDate date;
    if ((m->has & IMAP_FETCH_DATE) && date_parse_internal(m->date.at, m->date.len, &date))
        f->received = date.seconds;
    if (m->has & IMAP_FETCH_IDS && !f->server_id && (m->gm_msgid || m->emailid.len > 0))
        f->server_id = m->gm_msgid ? g_strdup_printf("g%" G_GUINT64_FORMAT, m->gm_msgid)
                                   : g_strdup_printf("e%.*s", (int)MIN(m->emailid.len, 255), m->emailid.at);
    if ((m->has & IMAP_FETCH_HEADER) && !f->envelope)
        f->envelope = envelope_parse(m->header.at ? m->header.at : "", m->header.len);
    return TRUE;
}

/* Those of messages on which an operation of ours completed meanwhile are older than that. */
static gboolean store_flags(FolderSync *f, const UidFlags *flags, guint n, gint64 issued, GError **err)
{
    Store *store = f->lane->w->store;
    if (n == 0)
        return TRUE;
    if (!placements_flags(store, f->folder->id, flags, n, issued, err))
        return FALSE;
    /* Asked afterwards: an operation may complete while that waits for its turn. */
    if (placements_outrun(store, f->folder->id, flags, n, issued) > 0)
        f->outrun = TRUE;
    return TRUE;
}

/* What came goes into the store; a message without its header waits for the next sync, unless
 * `bare`: then it is shown without. */
static gboolean step_store(FolderSync *f, Step *s, gboolean bare, GError **err)
{
    for (guint n = s->fetched->len; n > 0; n--) {
        FetchedMessage *m = &g_array_index(s->fetched, FetchedMessage, n - 1);
        if (!m->envelope && bare)
            m->envelope = envelope_parse("", 0);
        if (!m->envelope)
            g_array_remove_index_fast(s->fetched, n - 1);
    }
    f->done += (guint)imap_set_count(s->uids);
    if (f->total > PLAN_FIRST_STEP)
        worker_progress(f->lane->w, f->label, f->done, f->total, FALSE);
    g_autoptr(GArray) had = g_array_new(FALSE, FALSE, sizeof(UidFlags));
    if (s->fetched->len > 0 &&
        !placements_fetched(f->lane->w->store, f->folder->id, (const FetchedMessage *)(void *)s->fetched->data,
                            s->fetched->len, had, err))
        return FALSE;
    /* An operation of ours has named it meanwhile, by the flags that it was given; these may be newer. */
    return store_flags(f, (const UidFlags *)(void *)had->data, had->len, s->issued, err);
}

static gboolean take_flags(ImapFetched *m, gpointer data, GError **err)
{
    if (m->has & IMAP_FETCH_FLAGS) {
        UidFlags flags = {.uid = m->uid, .flags = m->flags.bits & FLAGS_ALL};
        g_array_append_val(((Step *)data)->heard, flags);
    }
    return TRUE;
}

static Step *step_begin(FolderSync *f, const PlanAction *a, GError **err)
{
    g_autoptr(Step) s = step_new(&g_array_index(f->plan->uids, guint32, a->at), a->n);
    ImapSession *session = f->lane->session;
    s->issued = store_change_seq(f->lane->w->store);
    if (a->kind == PLAN_HEADERS)
        return imap_fetch_begin(session, s->uids, HEADER_ITEMS, ENVELOPE_FIELDS, step_take, s, err)
                   ? g_steal_pointer(&s)
                   : NULL;
    s->is_flags = TRUE;
    s->first = a->first;
    s->last = a->last;
    imap_set_add(s->uids, a->first, a->last);
    return imap_fetch_begin(session, s->uids, IMAP_FETCH_FLAGS, NULL, take_flags, s, err) ? g_steal_pointer(&s) : NULL;
}

static gboolean flags_store(FolderSync *f, const Step *s, GError **err)
{
    g_autoptr(GArray) known = placements_uids(f->lane->w->store, f->folder->id, s->first, s->last, err);
    if (!known)
        return FALSE;
    g_autoptr(GArray) changes = plan_flag_changes((const UidFlags *)(void *)known->data, known->len,
                                                  (const UidFlags *)(void *)s->heard->data, s->heard->len);
    return store_flags(f, (const UidFlags *)(void *)changes->data, changes->len, s->issued, err);
}

/* One message, or a server that chokes on one, must not keep the others away (PROTOCOLS, quirk
 * 4): halves of what was refused are asked for again, down to the message that cannot be read. */
static gboolean fetch_in_halves(FolderSync *f, const Step *refused, GError **err)
{
    g_autoptr(GArray) uids = imap_set_uids(refused->uids, PLAN_LARGEST_STEP);
    g_autoptr(GQueue) ranges = g_queue_new(); /* pairs (low, high) + 1 */
    g_queue_push_tail(ranges, GUINT_TO_POINTER(1));
    g_queue_push_tail(ranges, GUINT_TO_POINTER(uids->len + 1));
    while (ranges->length > 0) {
        guint low = GPOINTER_TO_UINT(g_queue_pop_head(ranges)) - 1;
        guint high = GPOINTER_TO_UINT(g_queue_pop_head(ranges)) - 1;
        g_autoptr(Step) s = step_new(&g_array_index(uids, guint32, low), high - low);
        g_autoptr(GError) failure = NULL;
        gboolean single = high - low == 1;
        s->issued = store_change_seq(f->lane->w->store);
        gboolean ok = imap_fetch(f->lane->session, s->uids, HEADER_ITEMS, ENVELOPE_FIELDS, step_take, s, &failure);
        if (!ok && single && imap_usable(f->lane->session)) {
            g_clear_error(&failure);
            ok = imap_fetch(f->lane->session, s->uids, IMAP_FETCH_FLAGS | IMAP_FETCH_SIZE | IMAP_FETCH_DATE, NULL,
                            step_take, s, &failure);
        }
        if (!ok && !imap_usable(f->lane->session)) {
            g_propagate_error(err, g_steal_pointer(&failure));
            return FALSE;
        }
        if (ok && !step_store(f, s, single, err))
            return FALSE;
        if (!ok && !single) {
            guint middle = low + (high - low) / 2;
            guint bounds[] = {low, middle, middle, high};
            for (guint n = 0; n < G_N_ELEMENTS(bounds); n++)
                g_queue_push_tail(ranges, GUINT_TO_POINTER(bounds[n] + 1));
        }
    }
    return TRUE;
}

/* Awaits it and stores what came. *refused: the server did, and goes on. */
static gboolean step_settle(FolderSync *f, Step *s, gboolean *refused, GError **err)
{
    g_autoptr(GError) failure = NULL;
    if (imap_await(f->lane->session, &failure))
        return s->is_flags ? flags_store(f, s, err) : step_store(f, s, FALSE, err);
    if (!imap_usable(f->lane->session)) {
        g_propagate_error(err, g_steal_pointer(&failure));
        return FALSE;
    }
    log_line("sync", "%s: a step was refused: %s", f->folder->name, failure->message);
    f->outrun = f->outrun || s->is_flags;
    return *refused = TRUE;
}

/* All that is ahead; those that were refused are asked for again, once nothing is pending any more. */
static gboolean finish_ahead(FolderSync *f, GPtrArray *refused, GError **err)
{
    gboolean ok = TRUE;
    Step *s;
    while (ok && (s = g_queue_pop_head(&f->ahead))) {
        gboolean no = FALSE;
        ok = step_settle(f, s, &no, err);
        if (no)
            g_ptr_array_add(refused, s);
        else
            step_free(s);
    }
    for (guint n = 0; ok && n < refused->len; n++) {
        const Step *one = refused->pdata[n];
        ok = one->is_flags || fetch_in_halves(f, one, err);
    }
    return ok;
}

static gboolean step_finish(FolderSync *f, Step *take, GError **err)
{
    g_autoptr(GPtrArray) refused = g_ptr_array_new_with_free_func((GDestroyNotify)step_free);
    g_ptr_array_add(refused, take);
    gboolean no = FALSE;
    return step_settle(f, take, &no, err) && (!no || finish_ahead(f, refused, err));
}

static gboolean is_network(const PlanAction *a)
{
    return a->kind == PLAN_HEADERS || a->kind == PLAN_FLAGS;
}

/* Steps with nothing but positions before them are begun ahead. */
static gboolean begin_ahead(FolderSync *f, GError **err)
{
    guint most = f->lane->look ? IN_FLIGHT : f->in_flight; /* LIST waits for them, too */
    while (f->begun < f->plan->actions->len && f->ahead.length + 1 < most) {
        const PlanAction *a = &g_array_index(f->plan->actions, PlanAction, f->begun);
        if (!is_network(a) && a->kind != PLAN_SYNCED)
            return TRUE;
        Step *s = is_network(a) ? step_begin(f, a, err) : NULL;
        if (is_network(a) && !s)
            return FALSE;
        if (s)
            g_queue_push_tail(&f->ahead, s);
        f->begun++;
    }
    return TRUE;
}

/* A large folder is worth the round trip, once its first screen is there. */
static gboolean wants_compression(const FolderSync *f)
{
    const Account *a = f->lane->w->account;
    return a->compress != COMPRESS_NO && f->total >= COMPRESS_FROM && !f->asked_compression &&
           !imap_is_compressed(f->lane->session);
}

static gboolean do_step(FolderSync *f, guint at, GError **err)
{
    if (at < f->begun && f->ahead.length == 0) /* with the refused one before it */
        return TRUE;
    g_autoptr(Step) s = g_queue_pop_head(&f->ahead);
    if (!s) {
        s = step_begin(f, &g_array_index(f->plan->actions, PlanAction, at), err);
        f->begun = at + 1;
    }
    gboolean compress = wants_compression(f);
    if (!s || (!compress && !begin_ahead(f, err)))
        return FALSE;
    gint64 began = g_get_monotonic_time();
    if (!step_finish(f, g_steal_pointer(&s), err))
        return FALSE;
    if (!f->first_done && f->total > PLAN_FIRST_STEP)
        sync_lane_reading(f->lane, f->folder->id);
    f->first_done = TRUE;
    f->in_flight = g_get_monotonic_time() - began < FAST ? IN_FLIGHT_FAST : IN_FLIGHT;
    if (!compress)
        return TRUE;
    f->asked_compression = TRUE;
    return imap_compress(f->lane->session, f->lane->w->account->compress == COMPRESS_YES, err);
}

static gboolean do_local(FolderSync *f, const PlanAction *a, GError **err)
{
    Store *store = f->lane->w->store;
    gint64 folder = f->folder->id;
    switch (a->kind) {
    case PLAN_RESET:
        if (f->folder->uidvalidity != 0)
            worker_notice(f->lane->w, NOTICE_INFO, _("%s: the server has renumbered '%s'; matching its messages anew"),
                          f->lane->w->account->name, f->folder->name);
        return folder_set_uidvalidity(store, folder, a->uidnext, err);
    case PLAN_VANISHED:
        return placements_vanished(store, folder, &g_array_index(f->plan->uids, guint32, a->at), a->n, err);
    case PLAN_CHANGED:
        return store_flags(f, f->server->changed, (guint)f->server->n_changed, f->issued, err);
    case PLAN_SYNCED:
        return folder_set_synced(store, folder, a->uidnext, f->outrun ? f->folder->highestmodseq : a->highestmodseq,
                                 a->floor_uid, err);
    case PLAN_DROP_UNBOUND:
        return folder_drop_unbound(store, folder, err);
    default:
        return TRUE;
    }
}

/* All actions, or as many as were possible before something else became urgent. */
static gboolean run_plan(FolderSync *f, GError **err)
{
    gboolean ok = TRUE;
    guint asked = 0;
    for (guint n = 0; ok && n < f->plan->actions->len; n++) {
        const PlanAction *a = &g_array_index(f->plan->actions, PlanAction, n);
        gboolean network = is_network(a);
        asked += network;
        /* What other folders there are is not to wait for all of a large one. */
        if (network && (sync_lane_listen(f->lane, f->folder->id) || (f->lane->look && asked > STEPS_BEFORE_LOOK))) {
            f->stopped = TRUE;
            break;
        }
        if (network)
            ok = do_step(f, n, err);
        else
            ok = do_local(f, a, err);
    }
    g_autoptr(GPtrArray) refused = g_ptr_array_new_with_free_func((GDestroyNotify)step_free);
    ok = ok && finish_ahead(f, refused, err);
    g_queue_clear_full(&f->ahead, (GDestroyNotify)step_free);
    if (f->total > PLAN_FIRST_STEP)
        worker_progress(f->lane->w, f->label, f->total, f->total, FALSE);
    return ok;
}

static guint count_headers(const Plan *p)
{
    guint total = 0;
    for (guint n = 0; n < p->actions->len; n++) {
        const PlanAction *a = &g_array_index(p->actions, PlanAction, n);
        total += a->kind == PLAN_HEADERS ? a->n : 0;
    }
    return total;
}

static gboolean asks_to_look_again(const Plan *p)
{
    for (guint n = 0; n < p->actions->len; n++)
        if (g_array_index(p->actions, PlanAction, n).kind == PLAN_LOOK_AGAIN)
            return TRUE;
    return FALSE;
}

static gboolean take_uid(ImapFetched *m, gpointer data, GError **err)
{
    imap_set_add(data, m->uid, m->uid);
    return TRUE;
}

/* The UIDs from a server whose UID SEARCH answers nothing. */
static ImapSet *uids_by_fetch(SyncLane *l, guint32 from, GError **err)
{
    g_autoptr(ImapSet) range = imap_set_new();
    g_autoptr(ImapSet) found = imap_set_new();
    imap_set_add(range, from, IMAP_LAST);
    return imap_fetch(l->session, range, IMAP_FETCH_FLAGS, NULL, take_uid, found, err) ? g_steal_pointer(&found) : NULL;
}

/* UIDs at or above `from` into *uids, ascending. */
static gboolean search_from(SyncLane *l, guint32 from, GArray **uids, GError **err)
{
    g_autofree char *range = g_strdup_printf("UID %u:*", from);
    ImapTerm terms[] = {{.key = from == 1 ? "ALL" : range}, {0}};
    ImapTerm all[] = {{.key = "ALL"}, {0}};
    g_autoptr(GError) refused = NULL;
    g_autoptr(ImapSet) found = imap_search(l->session, terms, &refused);
    if (!found && from > 1 && imap_usable(l->session)) /* NO for a range past the end (PROTOCOLS, quirk 5) */
        found = imap_search(l->session, all, NULL);
    if (!found && imap_usable(l->session)) {
        log_line("sync", "asking by FETCH: %s", refused->message);
        found = uids_by_fetch(l, 1, err);
    } else if (!found) {
        g_propagate_error(err, g_steal_pointer(&refused));
    }
    if (!found)
        return FALSE;
    g_clear_pointer(uids, g_array_unref);
    *uids = imap_set_uids(found, G_MAXUINT32);
    guint below = 0; /* "9:*" finds the last message whatever its UID; a server may find more */
    while (below < (*uids)->len && g_array_index(*uids, guint32, below) < from)
        below++;
    if (below > 0)
        g_array_remove_range(*uids, 0, below);
    return TRUE;
}

/* Fills in what the plan needs to know of the server. */
static gboolean look(SyncLane *l, PlanServer *server, const PlanLocal *local, GArray **uids, GError **err)
{
    for (;;) {
        PlanSearch what = server->second_look && server->uids_from != 1 ? PLAN_SEARCH_ALL : plan_search(server, local);
        if (what == PLAN_SEARCH_NONE)
            return TRUE;
        server->uids_from = what == PLAN_SEARCH_ALL || server->exists == 0 ? 1 : local->uidnext;
        if (server->exists == 0) { /* nothing is found in nothing, and some do not even say so */
            server->n_uids = 0;
            return TRUE;
        }
        if (!search_from(l, server->uids_from, uids, err))
            return FALSE;
        server->uids = (const guint32 *)(void *)(*uids)->data;
        server->n_uids = (*uids)->len;
    }
}

static PlanServer server_side(const ImapMailbox *m)
{
    return (PlanServer){.uidvalidity = m->uidvalidity ? m->uidvalidity : 1, /* some give 0, or none */
                        .uidnext = m->uidnext,
                        .exists = m->exists,
                        .highestmodseq = m->highestmodseq};
}

/* What is asked and known while one folder's plan is made. */
typedef struct {
    PlanServer server;
    PlanLocal local;
    GArray *known, *uids, *changed; /* what those point into */
    ImapChanges *told;
    gint64 issued;
} Look;

static void look_clear(Look *k)
{
    g_clear_pointer(&k->known, g_array_unref);
    g_clear_pointer(&k->uids, g_array_unref);
    g_clear_pointer(&k->changed, g_array_unref);
    g_clear_pointer(&k->told, imap_changes_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Look, look_clear)

/* What the server told since our HIGHESTMODSEQ becomes part of what the plan looks at; not when it
 * told only in part. */
static void take_told(Look *k, ImapChanges *told_take, gint64 issued, gboolean knows_gone)
{
    k->told = told_take;
    k->issued = issued;
    if (told_take->overflow || told_take->lost || told_take->unknown_flags > 0 || told_take->unknown_expunged > 0)
        return;
    k->changed = g_array_new(FALSE, FALSE, sizeof(UidFlags));
    for (guint n = 0; n < told_take->flags->len; n++) {
        const ImapFlagChange *c = &g_array_index(told_take->flags, ImapFlagChange, n);
        UidFlags f = {.uid = c->uid, .flags = c->flags.bits & FLAGS_ALL};
        g_array_append_val(k->changed, f);
    }
    k->server.since = TRUE;
    k->server.knows_gone = knows_gone;
    k->server.changed = (const UidFlags *)(void *)k->changed->data;
    k->server.n_changed = k->changed->len;
    k->server.gone = (const guint32 *)(void *)told_take->expunged->data;
    k->server.n_gone = told_take->expunged->len;
}

/* Learns what happened since our HIGHESTMODSEQ, where the server can tell. */
static gboolean ask_since(SyncLane *l, Look *k, GError **err)
{
    g_autoptr(GError) refused = NULL;
    gboolean vanished;
    if (l->told) {
        take_told(k, g_steal_pointer(&l->told), l->issued, TRUE);
        return TRUE;
    }
    gboolean same = k->server.highestmodseq == k->local.highestmodseq && !l->stale;
    if (l->current || same || k->server.second_look || !plan_can_ask_since(&k->server, &k->local))
        return TRUE;
    gint64 issued = store_change_seq(l->w->store);
    if (imap_changed_since(l->session, k->local.highestmodseq, &vanished, &refused)) {
        const ImapMailbox *m = imap_selected(l->session);
        k->server.exists = m->exists;
        k->server.highestmodseq = m->highestmodseq;
        take_told(k, sync_lane_hear(l), issued, vanished);
        return TRUE;
    }
    if (!imap_usable(l->session)) {
        g_propagate_error(err, g_steal_pointer(&refused));
        return FALSE;
    }
    log_line("sync", "CHANGEDSINCE was refused: %s", refused->message);
    return TRUE;
}

/* FALSE: the plan cannot be made now. */
static gboolean look_at(SyncLane *l, const Folder *folder, gboolean second_look, Look *k, GError **err)
{
    k->server = server_side(imap_selected(l->session));
    k->server.second_look = second_look;
    k->known = placements_known(l->w->store, folder->id, err);
    if (!k->known)
        return FALSE;
    k->local = (PlanLocal){.uidvalidity = folder->uidvalidity,
                           .uidnext = folder->uidnext,
                           .floor_uid = folder->floor_uid,
                           .highestmodseq = folder->highestmodseq,
                           .known = (const UidFlags *)(void *)k->known->data,
                           .n_known = k->known->len,
                           .flags_current = l->current};
    if (!ask_since(l, k, err))
        return FALSE;
    if (l->stale && !k->server.since) /* HIGHESTMODSEQ of its SELECT says nothing any more */
        k->local.highestmodseq = 0;
    return look(l, &k->server, &k->local, &k->uids, err);
}

static ImapStatus status_of(const PlanServer *server)
{
    ImapStatus status = {.has = IMAP_STATUS_MESSAGES | IMAP_STATUS_UIDNEXT | IMAP_STATUS_UIDVALIDITY,
                         .messages = server->exists,
                         .uidnext = server->uidnext,
                         .uidvalidity = server->uidvalidity,
                         .highestmodseq = server->highestmodseq};
    if (server->highestmodseq > 0)
        status.has |= IMAP_STATUS_HIGHESTMODSEQ;
    return status;
}

/* SELECT, with all that is known where the server can make use of it. EXAMINE: looking changes nothing,
 * not even \Recent; only replay selects for writing. */
static gboolean examine(SyncLane *l, const Folder *folder, GError **err)
{
    gboolean resynced = FALSE;
    ImapKnown known = {.uidvalidity = folder->uidvalidity,
                       .modseq = folder->uidnext > 0 ? folder->highestmodseq : 0,
                       .whole = folder->floor_uid == 1};
    g_autoptr(GArray) rows = known.modseq > 0 ? placements_known(l->w->store, folder->id, err) : NULL;
    if (known.modseq > 0 && !rows)
        return FALSE;
    g_autofree guint32 *uids = g_new(guint32, rows ? rows->len + 1 : 1);
    for (guint n = 0; rows && n < rows->len; n++)
        uids[n] = g_array_index(rows, UidFlags, n).uid;
    known.uids = uids;
    known.n = rows ? rows->len : 0;
    l->issued = store_change_seq(l->w->store);
    if (!imap_select_known(l->session, folder->name, TRUE, &known, &resynced, err))
        return FALSE;
    if (resynced)
        l->told = sync_lane_hear(l);
    return TRUE;
}

/* Selects it unless it is. FALSE with err unset: this folder cannot be had now, which was said. */
static gboolean select_folder(SyncLane *l, const Folder *folder, gboolean anew, GError **err)
{
    g_clear_pointer(&l->told, imap_changes_free);
    if (l->selected == folder->id && !anew && imap_selected(l->session)) {
        l->stale = !l->current;
        return TRUE;
    }
    l->selected = 0;
    l->current = l->stale = FALSE;
    g_autoptr(GError) failure = NULL;
    if (examine(l, folder, &failure)) {
        l->selected = folder->id;
        return TRUE;
    }
    if (!imap_usable(l->session) || error_is(failure, PINTAIL_ERROR_STORE)) {
        g_propagate_error(err, g_steal_pointer(&failure));
        return FALSE;
    }
    if (error_is(failure, PINTAIL_ERROR_GONE))
        l->look = !worker_once(l->w); /* the next LIST tells */
    else
        worker_complain(l->w, failure);
    return FALSE;
}

static gboolean is_syncable(const Folder *f)
{
    return !(f->flags & (FOLDER_NOSELECT | FOLDER_LOCAL | FOLDER_TO_CREATE | FOLDER_VANISHED));
}

static void remember_status(SyncLane *l, gint64 folder, const ImapStatus *status)
{
    gint64 *key = g_new(gint64, 1);
    *key = folder;
    g_hash_table_replace(l->seen, key, g_memdup2(status, sizeof *status));
}

/* One plan made and carried out. *again: it asked for a second look first. */
static gboolean sync_once(SyncLane *l, const Folder *folder, gboolean second_look, gboolean *again, GError **err)
{
    g_auto(Look) k = {0};
    if (!look_at(l, folder, second_look, &k, err))
        return FALSE;
    g_autoptr(GArray) leaving = shared_leaving(l->w->shared, folder->id);
    PlanOps ops = {.leaving = (const guint32 *)(void *)leaving->data, .n_leaving = leaving->len};
    g_autoptr(Plan) p = plan(&k.server, &k.local, &ops);
    ImapStatus status = status_of(&k.server);
    g_autofree char *text = plan_to_text(p);
    log_line("sync", "%s: %s", folder->name, text);
    *again = asks_to_look_again(p);
    FolderSync f = {.lane = l, .folder = (Folder *)folder, .plan = p, .total = count_headers(p),
                    .server = &k.server, .issued = k.issued, .in_flight = IN_FLIGHT};
    f.label = g_strdup_printf(_("Fetching %s"), folder->name);
    gboolean ok = run_plan(&f, err);
    g_free(f.label);
    if (!ok || *again)
        return ok;
    if (f.stopped || f.outrun) {
        l->current = FALSE;
        gint64 *later = g_new(gint64, 1);
        *later = folder->id;
        g_queue_push_tail(&l->todo, later);
        return TRUE;
    }
    l->current = TRUE;
    remember_status(l, folder->id, &status);
    return sync_lane_take_changes(l, err);
}

gboolean imap_folder_sync(SyncLane *l, gint64 id, GError **err)
{
    gboolean again = FALSE;
    for (int looks = 0; looks < 2; looks++) {
        g_autoptr(GError) failure = NULL;
        g_autoptr(Folder) folder = folder_get(l->w->store, id, &failure);
        if (!folder || !is_syncable(folder))
            return TRUE;
        if (!select_folder(l, folder, looks > 0, &failure) ||
            !sync_once(l, folder, looks > 0, &again, &failure)) {
            if (!failure)
                return TRUE;
            gboolean only_this = imap_usable(l->session) && imap_pending(l->session) == 0 &&
                                 !error_is(failure, PINTAIL_ERROR_STORE);
            if (only_this)
                worker_complain(l->w, failure);
            else
                g_propagate_error(err, g_steal_pointer(&failure));
            return only_this;
        }
        if (!again)
            return TRUE;
        log_line("sync", "%s: most of it seems to be gone: looking again", folder->name);
    }
    return TRUE;
}
