/* imap_fast.c - the fast lane: its own connection, opened when first needed, for what the person
 * waits for (bodies first), for replaying operations, and, when nothing else is to be done, for
 * fetching bodies beforehand. */
#include "imap_fast.h"
#include "lane.h"
#include "lend.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/log.h"
#include "replay.h"

#define TEST_AFTER (60 * G_TIME_SPAN_SECOND)  /* unused so long: is it still there? */
#define CLOSE_AFTER (10 * G_TIME_SPAN_MINUTE) /* unused so long: let it go */
#define DOUBT_AGAIN (10 * G_TIME_SPAN_SECOND) /* a server that renumbers at every look is not asked more often */
#define AT_ONCE 1                             /* a point of monotonic time that has passed */

void fast_disconnect(FastLane *l)
{
    Lend *lend = shared_lend(l->w->shared);
    g_clear_pointer(&l->session, imap_free);
    l->selected = 0;
    if (l->borrowed)
        lend_return(lend, NULL);
    l->borrowed = FALSE;
    lend_set_in(lend, FALSE);
}

/* The sync lane's, when it has one and the server wants no second. */
static gboolean borrow(FastLane *l, GError **err)
{
    l->session = lend_borrow(shared_lend(l->w->shared), l->w, err);
    l->borrowed = l->session != NULL;
    return l->borrowed;
}

/* What was borrowed goes back after each piece of work; one of our own goes when the sync lane cannot get
 * in beside it. */
static void give_back(FastLane *l)
{
    Lend *lend = shared_lend(l->w->shared);
    if (!l->session || worker_has_requests(l->w))
        return;
    if (l->borrowed && imap_pending(l->session) == 0) {
        lend_return(lend, g_steal_pointer(&l->session));
        l->borrowed = FALSE;
        l->selected = 0;
    } else if (l->borrowed) {
        fast_disconnect(l);
    } else if (lend_is_single(lend)) {
        imap_logout(l->session);
        fast_disconnect(l);
    }
}

/* A connection of its own, or else the sync lane's for a while. */
static void get_session(FastLane *l, GError **err)
{
    Lend *lend = shared_lend(l->w->shared);
    g_autoptr(GError) failure = NULL;
    if (lend_is_single(lend) && (borrow(l, &failure) || failure)) {
        if (failure)
            g_propagate_error(err, g_steal_pointer(&failure));
        return;
    }
    l->session = login_imap(l->login, &failure);
    if (l->session) {
        lend_set_in(lend, TRUE);
        return;
    }
    if (login_was_limited(l->login)) {
        log_line("sync", "%s: one connection for all: %s", l->w->account->name, failure->message);
        lend_set_single(lend);
        g_autoptr(GError) cancelled = NULL;
        if (borrow(l, &cancelled))
            return;
        if (cancelled) {
            g_propagate_error(err, g_steal_pointer(&cancelled));
            return;
        }
    }
    g_propagate_error(err, g_steal_pointer(&failure));
}

static gboolean still_there(FastLane *l)
{
    if (!imap_usable(l->session) || l->resumes != g_atomic_int_get(&l->w->context->resumes))
        return FALSE;
    return g_get_monotonic_time() - l->used < TEST_AFTER || imap_noop(l->session, NULL);
}

gboolean fast_connect(FastLane *l, GError **err)
{
    if (l->session && !still_there(l))
        fast_disconnect(l);
    if (!l->session) {
        l->resumes = g_atomic_int_get(&l->w->context->resumes);
        get_session(l, err);
    }
    l->used = g_get_monotonic_time();
    return l->session != NULL;
}

void fast_unselect(FastLane *l)
{
    l->selected = 0;
}

guint32 fast_uidvalidity(const ImapMailbox *m)
{
    return m->uidvalidity ? m->uidvalidity : 1; /* some give 0, or none */
}

const ImapMailbox *fast_select(FastLane *l, const Folder *folder, gboolean writable, GError **err)
{
    if (!fast_connect(l, err))
        return NULL;
    const ImapMailbox *m = imap_selected(l->session);
    /* A session goes on with a mailbox that was deleted and made anew meanwhile: it is not what the store
     * knows by now, and what is selected again is. */
    if (l->selected == folder->id && m && (l->writable || !writable) && fast_uidvalidity(m) == folder->uidvalidity)
        return m;
    l->selected = 0;
    m = imap_select(l->session, folder->name, !writable || worker_read_only(l->w), err);
    if (!m)
        return NULL;
    l->selected = folder->id;
    l->writable = writable;
    l->sees_below = m->uidnext;
    return m;
}

void fast_doubt(FastLane *l, gint64 folder)
{
    gint64 now = g_get_monotonic_time();
    if (l->doubted == folder && now - l->doubted_at < DOUBT_AGAIN)
        return;
    l->doubted = folder;
    l->doubted_at = now;
    worker_poke(l->w, LANE_SYNC, REQUEST_SYNC, folder);
}

gboolean fast_see(FastLane *l, guint32 highest, GError **err)
{
    if (highest < l->sees_below)
        return TRUE;
    if (!imap_noop(l->session, err))
        return FALSE;
    l->sees_below = highest + 1;
    return TRUE;
}

/* ---- requests ---- */

static void add_prefetch(FastLane *l, gint64 folder)
{
    if (folder == 0 || l->w->account->download == DOWNLOAD_HEADERS)
        return;
    g_autoptr(Folder) f = folder_get(l->w->store, folder, NULL);
    if (!f || f->role == ROLE_JUNK || f->role == ROLE_TRASH)
        return;
    for (GList *i = l->prefetch.head; i; i = i->next)
        if (*(gint64 *)i->data == folder)
            return;
    gint64 *item = g_new(gint64, 1);
    *item = folder;
    g_queue_push_tail(&l->prefetch, item);
}

static void want_replay(FastLane *l)
{
    l->replay_due = !worker_read_only(l->w);
    l->replay_at = AT_ONCE;
}

static void take_request(FastLane *l, const Request *r)
{
    switch (r->kind) {
    case REQUEST_BODY:
        bodies_serve(l, r->message_id, r->section);
        break;
    case REQUEST_REPLAY:
        /* The engine's hint ends no pause; nor does the sync lane's that a folder is in step, where it comes from
         * our own look at that folder. */
        if ((r->account_id != 0 && (r->folder_id == 0 || !lend_is_single(shared_lend(l->w->shared)))) || !l->replay_due)
            want_replay(l);
        break;
    case REQUEST_SYNC:
        add_prefetch(l, r->folder_id);
        break;
    case REQUEST_OPEN:
        if (r->folder_id != 0)
            l->warm = r->folder_id;
        break;
    case REQUEST_RECONNECT:
        if (r->account_id != 0)
            shared_forgive(l->w->shared);
        want_replay(l);
        break;
    default:
        break;
    }
}

/* ---- work ---- */

static void fast_replay(FastLane *l)
{
    if (worker_lock(l->w) != LOCK_OURS) {
        l->replay_due = FALSE; /* the engine pokes when the lock is ours */
        return;
    }
    g_autoptr(GError) err = NULL;
    gboolean finished = FALSE;
    if (replay_run(l, &finished, &err)) {
        l->failures = 0;
        l->replay_due = !finished;
        return;
    }
    if (l->session && (!imap_usable(l->session) || imap_pending(l->session) > 0))
        fast_disconnect(l);
    l->failures++;
    log_line("sync", "%s: replay: %s", l->w->account->name, err->message);
    if (error_needs_person(err) || error_is(err, PINTAIL_ERROR_CANCELLED)) {
        l->replay_due = FALSE; /* the sync lane says so, and pokes when it is online */
        return;
    }
    if (error_is(err, PINTAIL_ERROR_STORE))
        worker_complain(l->w, err);
    l->replay_at = g_get_monotonic_time() + MAX(backoff_us(l->failures), shared_connection_pause(l->w->shared));
}

static gint64 next_work(const FastLane *l)
{
    if (l->replay_due)
        return l->replay_at;
    if (l->warm != 0 || l->near_to != 0 || l->prefetch.length > 0)
        return AT_ONCE;
    return l->session ? l->used + CLOSE_AFTER : 0;
}

/* The sync lane is busy with what is on the screen: a message opened there finds a login and its folder. */
static void warm_up(FastLane *l)
{
    g_autoptr(Folder) f = folder_get(l->w->store, l->warm, NULL);
    g_autoptr(GError) err = NULL;
    l->warm = 0;
    if (!f || lend_is_single(shared_lend(l->w->shared)) || worker_lock(l->w) != LOCK_OURS)
        return;
    if (!fast_select(l, f, FALSE, &err))
        log_line("sync", "%s: a second connection: %s", l->w->account->name, err->message);
}

static void work(FastLane *l)
{
    gint64 now = g_get_monotonic_time();
    if (l->replay_due && now >= l->replay_at)
        fast_replay(l);
    else if (!l->replay_due && l->warm != 0)
        warm_up(l);
    else if (!l->replay_due && l->near_to != 0)
        bodies_fetch_near(l);
    else if (!l->replay_due && l->prefetch.length > 0)
        bodies_prefetch(l);
    else if (l->session && now >= l->used + CLOSE_AFTER) {
        imap_logout(l->session);
        fast_disconnect(l);
    }
}

/* Alerts are shown (RFC 3501 section 7.1); what changed in a folder is the sync lane's to find, which hears
 * the rest of a session that it has lent. */
static void hear(FastLane *l)
{
    if (!l->session || l->borrowed)
        return;
    g_autoptr(ImapChanges) c = imap_take_changes(l->session);
    worker_alerts(l->w, c->alerts);
}

static void run(FastLane *l)
{
    while (worker_wait(l->w, next_work(l))) {
        g_autoptr(Request) r = worker_next(l->w);
        if (r)
            take_request(l, r);
        else
            work(l);
        hear(l);
        if (l->session && !imap_usable(l->session))
            fast_disconnect(l);
        give_back(l);
    }
}

/* `pintail sync`: after the others, what they left to be replayed, then bodies. */
static void run_once(FastLane *l)
{
    Shared *shared = l->w->shared;
    while (!(shared_has_ended(shared, LANE_SYNC) && (!l->w->account->smtp || shared_has_ended(shared, LANE_SEND)))) {
        if (!worker_wait(l->w, 0))
            return;
        g_autoptr(Request) r = worker_next(l->w);
        if (r)
            take_request(l, r);
    }
    gboolean finished = worker_read_only(l->w) || worker_lock(l->w) != LOCK_OURS;
    do {
        Request *r;
        while ((r = worker_next(l->w))) {
            take_request(l, r);
            request_free(r);
        }
        g_autoptr(GError) err = NULL;
        if (!finished && !replay_run(l, &finished, &err)) {
            worker_complain(l->w, err);
            break;
        }
    } while (!finished && !worker_is_stopping(l->w));
    while (l->prefetch.length > 0 && !worker_is_stopping(l->w))
        bodies_prefetch(l);
    if (l->session && imap_usable(l->session))
        imap_logout(l->session);
}

void imap_fast_lane(Worker *w)
{
    FastLane l = {.w = w};
    l.login = login_new(w, w->account, w->account->incoming);
    g_queue_init(&l.prefetch);
    if (worker_once(w)) {
        run_once(&l);
    } else {
        want_replay(&l);
        run(&l);
    }
    fast_disconnect(&l);
    gint64 *folder;
    while ((folder = g_queue_pop_head(&l.prefetch)))
        g_free(folder);
    login_free(l.login);
}
