/* imap_sync.c - the IMAP sync lane: connect, LIST, sync what changed (the open folder, INBOX, the
 * others), then IDLE on what is on the screen; NOTIFY tells of the rest, or STATUS every `poll` where there is
 * none; after a lost connection again, with growing pauses. */
#include "imap_sync.h"
#include "folder_facts.h"
#include "lane.h"
#include "lend.h"
#include "listing.h"
#include "pintail/store/op.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/log.h"

#define IDLE_LIMIT_MS (28 * 60 * 1000) /* RFC 2177: re-issued at least every 29 minutes */
#define TLS_RETRY (60 * G_TIME_SPAN_SECOND)
#define INBOX_LOOK (30 * G_TIME_SPAN_SECOND)
#define STATUS_BATCH 50
#define TURN 2       /* steps of a sync before the connection is lent again */
#define ROOM_TRIES 4 /* while the fast lane logs out */

/* ---- the inbox ---- */

static void add_todo(SyncLane *l, gint64 folder, gboolean first)
{
    for (GList *i = l->todo.head; i; i = i->next) {
        if (*(gint64 *)i->data != folder)
            continue;
        if (!first)
            return;
        g_free(i->data);
        g_queue_delete_link(&l->todo, i);
        break;
    }
    gint64 *item = g_new(gint64, 1);
    *item = folder;
    if (first)
        g_queue_push_head(&l->todo, item);
    else
        g_queue_push_tail(&l->todo, item);
}

void sync_lane_first(SyncLane *l, gint64 folder)
{
    if (folder != 0)
        add_todo(l, folder, TRUE);
}

static gboolean take_request(SyncLane *l, const Request *r, gint64 folder)
{
    switch (r->kind) {
    case REQUEST_OPEN:
        l->open = r->folder_id;
        if (l->open != 0 && (l->open != l->selected || !l->current))
            sync_lane_first(l, l->open);
        return folder != 0 && l->open != folder;
    case REQUEST_SYNC:
        if (r->folder_id != 0) {
            sync_lane_first(l, r->folder_id);
            l->doubted = r->folder_id;
        } else {
            l->look = TRUE;
        }
        return FALSE;
    case REQUEST_RECONNECT:
        if (r->account_id != 0)
            shared_forgive(l->w->shared);
        l->look = TRUE;
        return FALSE;
    default:
        return FALSE;
    }
}

gboolean sync_lane_listen(SyncLane *l, gint64 folder)
{
    gboolean other = FALSE;
    while (worker_has_requests(l->w)) {
        g_autoptr(Request) r = worker_next(l->w);
        if (r)
            other = take_request(l, r, folder) || other;
    }
    if (folder != 0)
        l->turn++;
    return other || (l->turn > TURN && lend_is_wanted(shared_lend(l->w->shared)));
}

/* ---- what changed ---- */

static gboolean apply_flags(SyncLane *l, const GArray *changes, GError **err)
{
    g_autoptr(GArray) flags = g_array_new(FALSE, FALSE, sizeof(UidFlags));
    for (guint n = 0; n < changes->len; n++) {
        const ImapFlagChange *c = &g_array_index(changes, ImapFlagChange, n);
        UidFlags f = {.uid = c->uid, .flags = c->flags.bits & FLAGS_ALL};
        g_array_append_val(flags, f);
    }
    const UidFlags *heard = (const UidFlags *)(void *)flags->data;
    Store *store = l->w->store;
    gint64 now = store_change_seq(store);
    if (flags->len == 0)
        return TRUE;
    /* The server's present state: an answer to nothing we asked, so nothing of ours is newer
     * that it would not tell as well. */
    if (!placements_flags(store, l->selected, heard, flags->len, now, err))
        return FALSE;
    /* A row that comes by another way than the next plan's headers would never have them; nor has one of which an
     * operation completed just now. */
    if (placements_unplaced(store, l->selected, heard, flags->len) ||
        placements_outrun(store, l->selected, heard, flags->len, now) > 0)
        l->current = FALSE;
    return TRUE;
}

static gboolean apply_expunged(SyncLane *l, const GArray *expunged, GError **err)
{
    g_autoptr(GArray) leaving = shared_leaving(l->w->shared, l->selected);
    g_autoptr(ImapSet) ours = imap_set_of((const guint32 *)(void *)leaving->data, leaving->len);
    g_autoptr(GArray) gone = g_array_new(FALSE, FALSE, sizeof(guint32));
    for (guint n = 0; n < expunged->len; n++) {
        guint32 uid = g_array_index(expunged, guint32, n);
        if (!imap_set_contains(ours, uid))
            g_array_append_val(gone, uid);
    }
    /* Replay is about to tell of the others; should it fail, the next plan counts and finds them. */
    return gone->len == 0 || placements_vanished(l->w->store, l->selected, (const guint32 *)(void *)gone->data,
                                                 gone->len, err);
}

static gboolean has_changed(SyncLane *l, const Folder *f, const ImapStatus *now)
{
    const ImapStatus *before = g_hash_table_lookup(l->seen, &f->id);
    if (!before) {
        gboolean same = (now->has & IMAP_STATUS_HIGHESTMODSEQ) && now->highestmodseq > 0 &&
                        now->highestmodseq == f->highestmodseq && now->uidnext == f->uidnext &&
                        now->uidvalidity == f->uidvalidity && f->floor_uid == 1;
        /* Not every server raises HIGHESTMODSEQ when something is expunged. */
        return !same || ((now->has & IMAP_STATUS_MESSAGES) && now->messages != placements_count(l->w->store, f->id));
    }
    guint both = before->has & now->has;
    return ((both & IMAP_STATUS_MESSAGES) && before->messages != now->messages) ||
           ((both & IMAP_STATUS_UIDNEXT) && before->uidnext != now->uidnext) ||
           ((both & IMAP_STATUS_UIDVALIDITY) && before->uidvalidity != now->uidvalidity) ||
           ((both & IMAP_STATUS_UNSEEN) && before->unseen != now->unseen) ||
           ((both & IMAP_STATUS_HIGHESTMODSEQ) && before->highestmodseq != now->highestmodseq);
}

/* NOTIFY: another folder is not as it was when it was last looked at. */
static void take_status(SyncLane *l, const ImapFolder *told)
{
    g_autoptr(Folder) f = folder_by_name(l->w->store, l->w->account_id, told->name);
    if (!f)
        l->look = TRUE;
    else if (f->id != l->selected && has_changed(l, f, &told->status))
        add_todo(l, f->id, f->id == l->open);
}

ImapChanges *sync_lane_hear(SyncLane *l)
{
    ImapChanges *c = imap_take_changes(l->session);
    worker_alerts(l->w, c->alerts);
    for (guint n = 0; n < c->statuses->len; n++)
        take_status(l, c->statuses->pdata[n]);
    l->look = l->look || c->folders_changed;
    return c;
}

/* Everything up to here has been told and taken in: the next SELECT need not tell it again. */
static gboolean advance(SyncLane *l, GError **err)
{
    const ImapMailbox *m = imap_selected(l->session);
    g_autoptr(Folder) f = m ? folder_get(l->w->store, l->selected, NULL) : NULL;
    if (!f || f->floor_uid != 1 || f->uidvalidity != m->uidvalidity || m->highestmodseq <= f->highestmodseq)
        return TRUE;
    return folder_set_synced(l->w->store, f->id, f->uidnext, m->highestmodseq, 1, err);
}

gboolean sync_lane_take_changes(SyncLane *l, GError **err)
{
    g_autoptr(ImapChanges) c = sync_lane_hear(l);
    if (l->selected == 0)
        return TRUE;
    if (!apply_expunged(l, c->expunged, err) || !apply_flags(l, c->flags, err))
        return FALSE;
    gint64 folder = l->selected;
    if (c->lost)
        l->selected = 0;
    if (c->overflow || c->lost || c->unknown_expunged > 0 || c->unknown_flags > 0)
        l->current = FALSE;
    if (c->exists_changed || !l->current) {
        sync_lane_first(l, folder);
        return TRUE;
    }
    return (c->flags->len == 0 && c->expunged->len == 0) || advance(l, err);
}

/* ---- folders ---- */

static gboolean list_folders(SyncLane *l, GPtrArray **folders, GError **err)
{
    /* In one flight: what happens behind this LIST is told. */
    gboolean watches = !worker_once(l->w);
    g_autoptr(GPtrArray) list = NULL;
    if (!watches || imap_notify(l->session, err))
        list = imap_list(l->session, IMAP_STATUS_USUAL, err);
    if (!list || !folder_facts_identify(l, list, err))
        return FALSE;
    /* RFC 3501 section 5.1: INBOX always exists; a list without anything is a server's trouble. */
    if (list->len > 0) {
        g_autoptr(GArray) listed = listing_with_roles(list, l->w->account);
        l->look_at_rights = TRUE;
        if (!folder_facts_listed(l->w, l->session, listed, err) ||
            !folders_listed(l->w->store, l->w->account_id, (const ListedFolder *)(void *)listed->data, listed->len, err))
            return FALSE;
    }
    *folders = g_steal_pointer(&list);
    return TRUE;
}

static void judge(SyncLane *l, const Folder *f, const ImapStatus *now)
{
    if (has_changed(l, f, now)) {
        add_todo(l, f->id, f->id == l->open);
        return;
    }
    gint64 *key = g_new(gint64, 1);
    *key = f->id;
    g_hash_table_replace(l->seen, key, g_memdup2(now, sizeof *now));
}

/* STATUS of those that LIST did not give it for. */
static gboolean ask_status(SyncLane *l, const GPtrArray *folders, GError **err)
{
    for (guint at = 0; at < folders->len; at += STATUS_BATCH) {
        guint n = MIN(STATUS_BATCH, folders->len - at);
        const char *names[STATUS_BATCH];
        ImapStatus status[STATUS_BATCH];
        for (guint i = 0; i < n; i++)
            names[i] = ((const Folder *)folders->pdata[at + i])->name;
        memset(status, 0, sizeof status);
        if (!imap_status(l->session, names, n, IMAP_STATUS_USUAL, status, err))
            return FALSE;
        for (guint i = 0; i < n; i++)
            judge(l, folders->pdata[at + i], &status[i]);
        sync_lane_listen(l, 0);
    }
    return TRUE;
}

/* The folder on the screen is not listed any more: that is said, once. */
static void say_vanished(SyncLane *l, const Folder *f)
{
    if (f->id != l->open || (f->id == l->told_vanished) == !!(f->flags & FOLDER_VANISHED))
        return;
    l->told_vanished = f->flags & FOLDER_VANISHED ? f->id : 0;
    if (l->told_vanished)
        worker_notice(l->w, NOTICE_WARNING, _("%s: the folder '%s' is not on the server any more"), l->account_name,
                      f->name);
}

/* Which folders changed at all: one round trip where the server has LIST-STATUS. */
static gboolean look_around(SyncLane *l, GError **err)
{
    g_autoptr(GPtrArray) listed = NULL;
    l->look = FALSE;
    if (!list_folders(l, &listed, err))
        return FALSE;
    g_autoptr(GHashTable) given = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint n = 0; n < listed->len; n++) {
        ImapFolder *f = listed->pdata[n];
        if (f->status.has & IMAP_STATUS_UIDNEXT)
            g_hash_table_insert(given, f->name, &f->status);
    }
    g_autoptr(GPtrArray) all = folders_list(l->w->store, l->w->account_id, err);
    if (!all)
        return FALSE;
    g_autoptr(GPtrArray) rest = g_ptr_array_new();
    for (guint n = 0; n < all->len; n++) {
        Folder *f = all->pdata[n];
        say_vanished(l, f);
        if (f->flags & (FOLDER_NOSELECT | FOLDER_LOCAL | FOLDER_TO_CREATE | FOLDER_VANISHED))
            continue;
        const ImapStatus *status = g_hash_table_lookup(given, f->name);
        if (f->id == l->selected) { /* the connection tells; STATUS is for the others (RFC 3501 6.3.10) */
            if (!l->current)
                add_todo(l, f->id, f->id == l->open);
            continue;
        }
        if (status)
            judge(l, f, status);
        else
            g_ptr_array_add(rest, f);
    }
    return ask_status(l, rest, err);
}

/* The folder to be watched: the one on the screen, else INBOX; 0 when there is none. */
static gint64 watched_folder(SyncLane *l)
{
    g_autoptr(Folder) open = l->open ? folder_get(l->w->store, l->open, NULL) : NULL;
    if (open && open->account_id == l->w->account_id &&
        !(open->flags & (FOLDER_NOSELECT | FOLDER_LOCAL | FOLDER_TO_CREATE | FOLDER_VANISHED)))
        return open->id;
    g_autoptr(Folder) inbox = folder_by_role(l->w->store, l->w->account_id, ROLE_INBOX);
    return inbox ? inbox->id : 0;
}

void sync_lane_reading(SyncLane *l, gint64 folder)
{
    if (folder != 0 && !worker_once(l->w) && folder == watched_folder(l))
        worker_poke(l->w, LANE_FAST, REQUEST_OPEN, folder);
}

/* ---- one connection ---- */

static gboolean connected(SyncLane *l, GError **err)
{
    l->selected = 0;
    l->current = FALSE;
    l->look = TRUE;
    l->resumes = g_atomic_int_get(&l->w->context->resumes);
    l->session = login_imap(l->login, err);
    if (!l->session)
        return FALSE;
    worker_state(l->w, ACCOUNT_ONLINE, imap_description(l->session));
    if (!imap_enable_resync(l->session, err))
        return FALSE;
    lend_set_state(shared_lend(l->w->shared), LENDER_ONLINE);
    /* The other lanes may have given up while there was no network. */
    worker_poke(l->w, LANE_FAST, REQUEST_REPLAY, 0);
    worker_poke(l->w, LANE_SEND, REQUEST_SEND, 0);
    sync_lane_reading(l, watched_folder(l));
    return TRUE;
}

static gboolean sync_next(SyncLane *l, GError **err)
{
    g_autofree gint64 *folder = g_queue_pop_head(&l->todo);
    if (*folder == l->doubted) { /* it may have been made anew since it was selected */
        l->selected = *folder == l->selected ? 0 : l->selected;
        l->doubted = 0;
    }
    if (!imap_folder_sync(l, *folder, err))
        return FALSE;
    /* Operations may have been waiting for a UID; bodies may be wanted beforehand. */
    worker_poke(l->w, LANE_FAST, REQUEST_SYNC, *folder);
    if (ops_waiting(l->w->store, l->w->account_id))
        worker_poke(l->w, LANE_FAST, REQUEST_REPLAY, *folder);
    return TRUE;
}

/* While another folder is watched, INBOX is looked at between two polls: that is
 * where mail arrives. */
static gboolean look_at_inbox(SyncLane *l, gint64 inbox, GError **err)
{
    g_autoptr(GPtrArray) one = g_ptr_array_new_with_free_func((GDestroyNotify)folder_free);
    Folder *f = folder_get(l->w->store, inbox, NULL);
    l->next_inbox = g_get_monotonic_time() + INBOX_LOOK;
    if (!f)
        return TRUE;
    g_ptr_array_add(one, f);
    return ask_status(l, one, err);
}

static gboolean watch(SyncLane *l, GError **err)
{
    gint64 folder = watched_folder(l);
    if (folder != 0 && (l->selected != folder || !l->current) && !l->tried_watch) {
        l->tried_watch = TRUE; /* once: a folder that cannot be selected is no reason to spin */
        sync_lane_first(l, folder);
        return TRUE;
    }
    l->tried_watch = FALSE;
    g_autoptr(Folder) inbox = folder_by_role(l->w->store, l->w->account_id, ROLE_INBOX);
    gboolean told = imap_notifies(l->session); /* of all folders: nothing has to be asked */
    gboolean elsewhere = !told && inbox && inbox->id != folder;
    gint64 until = elsewhere ? MIN(l->next_poll, l->next_inbox) : l->next_poll;
    gint64 left = told ? IDLE_LIMIT_MS : MAX(until - g_get_monotonic_time(), 0) / 1000;
    ImapIdle why;
    if (!folder_facts_ask(l, err) ||
        !imap_idle(l->session, queue_fd(l->w->inbox), (guint)MIN(left, IDLE_LIMIT_MS), &why, err))
        return FALSE;
    if (!told && g_get_monotonic_time() >= l->next_poll)
        l->look = TRUE;
    if (!sync_lane_take_changes(l, err))
        return FALSE;
    return !elsewhere || l->look || g_get_monotonic_time() < l->next_inbox || look_at_inbox(l, inbox->id, err);
}

/* To the fast lane for one piece of work: what was selected is not any more. */
static gboolean lend_session(SyncLane *l, GError **err)
{
    Lend *lend = shared_lend(l->w->shared);
    if (l->selected != 0 && !sync_lane_take_changes(l, err))
        return FALSE;
    g_clear_pointer(&l->told, imap_changes_free);
    login_use_cancel(l->login, lend_cancel(lend));
    lend_out(lend, l->w, &l->session);
    login_use_cancel(l->login, NULL);
    l->selected = 0;
    l->turn = 0;
    l->current = l->tried_watch = FALSE;
    if (!l->session || !imap_usable(l->session)) {
        error_set(err, PINTAIL_ERROR_RETRY, _("%s: the connection was lost"), l->w->account->name);
        return FALSE;
    }
    g_autoptr(ImapChanges) c = sync_lane_hear(l); /* of the folder that was worked in, the next look tells */
    return TRUE;
}

static gboolean serve_connection(SyncLane *l, GError **err)
{
    while (!worker_is_stopping(l->w)) {
        sync_lane_listen(l, 0);
        gboolean our_turn = l->turn <= TURN && (l->look || l->todo.length > 0);
        if (!our_turn && lend_is_wanted(shared_lend(l->w->shared)) && !lend_session(l, err))
            return FALSE;
        if (l->resumes != g_atomic_int_get(&l->w->context->resumes)) {
            error_set(err, PINTAIL_ERROR_RETRY, _("%s: connecting again after a pause of this machine"),
                      l->w->account->name);
            return FALSE;
        }
        if (l->look) {
            l->next_poll = g_get_monotonic_time() + (gint64)MAX(l->w->account->poll, 10) * G_USEC_PER_SEC;
            l->next_inbox = g_get_monotonic_time() + INBOX_LOOK;
            /* What is on the screen is brought up to date before anything else is asked. */
            if (l->open != 0 && l->selected == 0 && !imap_folder_sync(l, l->open, err))
                return FALSE;
            if (!look_around(l, err))
                return FALSE;
        } else if (l->todo.length > 0) {
            if (!sync_next(l, err))
                return FALSE;
        } else if (worker_once(l->w)) {
            if (!folder_facts_ask(l, err))
                return FALSE;
            imap_logout(l->session);
            return TRUE;
        } else if (!watch(l, err)) {
            return FALSE;
        }
    }
    imap_logout(l->session);
    return TRUE;
}

/* ---- between connections ---- */

static gint64 pause_after(SyncLane *l, const GError *why, guint failures)
{
    gint64 now = g_get_monotonic_time();
    if (error_needs_person(why))
        return 0; /* until the person wants it */
    if (error_is(why, PINTAIL_ERROR_CANCELLED))
        return now + (gint64)MAX(l->w->account->poll, 10) * G_USEC_PER_SEC;
    gint64 pause = MAX(backoff_us(failures), shared_connection_pause(l->w->shared));
    return now + (error_is(why, PINTAIL_ERROR_TLS) ? MAX(pause, TLS_RETRY) : pause);
}

static void wait_offline(SyncLane *l, gint64 until, gboolean needs_person)
{
    while (worker_wait(l->w, until)) {
        g_autoptr(Request) r = worker_next(l->w);
        if (!r)
            return;
        take_request(l, r, 0);
        if (r->kind == REQUEST_RECONNECT || (r->account_id == 0 && !needs_person))
            return;
        if (r->kind == REQUEST_SYNC && r->folder_id == 0 && !needs_person)
            return;
    }
}

static void say_offline(SyncLane *l, const GError *why)
{
    log_line("sync", "%s: %s", l->w->account->name, why->message);
    worker_state_failed(l->w, error_is(why, PINTAIL_ERROR_CANCELLED) ? _("cancelled; G connects again") : NULL, why);
    if (error_is(why, PINTAIL_ERROR_STORE) || error_is(why, PINTAIL_ERROR_PROTOCOL))
        worker_complain(l->w, why);
}

static void forget_todo(SyncLane *l)
{
    gint64 *item;
    while ((item = g_queue_pop_head(&l->todo)))
        g_free(item);
}

/* The fast lane's connection is the one too many: it lets it go, and there will be place for this one. */
static gboolean makes_room(SyncLane *l, guint failures)
{
    Lend *lend = shared_lend(l->w->shared);
    if (l->session || !login_was_limited(l->login) || !lend_other_is_in(lend))
        return FALSE;
    lend_set_single(lend);
    worker_poke(l->w, LANE_FAST, REQUEST_OPEN, 0);
    return failures < ROOM_TRIES;
}

static void run(SyncLane *l)
{
    Lend *lend = shared_lend(l->w->shared);
    guint failures = 0;
    while (!worker_is_stopping(l->w)) {
        g_autoptr(GError) err = NULL;
        worker_state(l->w, ACCOUNT_CONNECTING, NULL);
        lend_set_state(lend, LENDER_CONNECTING);
        sync_lane_listen(l, 0); /* also forgets an earlier cancel */
        gint64 since = g_get_monotonic_time();
        gboolean ok = connected(l, &err) && serve_connection(l, &err);
        gboolean room = !ok && makes_room(l, failures);
        gboolean woke = !ok && l->resumes != g_atomic_int_get(&l->w->context->resumes);
        g_clear_pointer(&l->session, imap_free);
        lend_set_state(lend, LENDER_OFFLINE);
        if (worker_is_stopping(l->w) || (ok && worker_once(l->w)))
            return;
        if (woke) { /* no pause: what went through before the sleep says nothing of now */
            failures = 0;
            continue;
        }
        if (!room)
            say_offline(l, err);
        if (worker_once(l->w))
            return;
        if (g_get_monotonic_time() - since > G_TIME_SPAN_MINUTE)
            failures = 0;
        failures++;
        wait_offline(l, pause_after(l, err, failures), error_needs_person(err));
    }
}

void imap_sync_lane(Worker *w)
{
    if (!worker_wait_for_lock(w))
        return;
    SyncLane l = {.w = w, .turn = TURN + 1, .account_name = w->account->name};
    l.login = login_new(w, w->account, w->account->incoming);
    l.seen = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    g_queue_init(&l.todo);
    run(&l);
    forget_todo(&l);
    g_hash_table_unref(l.seen);
    login_free(l.login);
}
