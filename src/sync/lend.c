/* lend.c - see lend.h. Two events, each one a Cancel, which poll() can wait for: `given` wakes the fast lane,
 * `returned` the sync lane. */
#include "lend.h"
#include <errno.h>
#include <poll.h>
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/log.h"

#define SINGLE_FOR (10 * G_TIME_SPAN_MINUTE)
#define RECALL_MS  5000 /* so long at most new mail goes unnoticed while bodies are fetched beforehand */

struct Lend {
    pthread_mutex_t lock;
    LenderState state;
    gboolean wanted;  /* the fast lane waits */
    gboolean in;      /* the fast lane has one of its own */
    gboolean back;    /* `session` is what came back */
    ImapSession *session;
    gint64 single_until; /* monotonic */
    Cancel *given, *returned;
    const Cancel *borrower;
};

static void lend_lock(Lend *l)
{
    if (pthread_mutex_lock(&l->lock) != 0)
        g_error("lend: cannot lock");
}

static void lend_unlock(Lend *l)
{
    if (pthread_mutex_unlock(&l->lock) != 0)
        g_error("lend: cannot unlock");
}

Lend *lend_new(void)
{
    Lend *l = g_new0(Lend, 1);
    if (pthread_mutex_init(&l->lock, NULL) != 0)
        g_error("lend: cannot create a lock");
    l->given = cancel_new();
    l->returned = cancel_new();
    return l;
}

void lend_free(Lend *l)
{
    imap_free(l->session);
    cancel_free(l->given);
    cancel_free(l->returned);
    pthread_mutex_destroy(&l->lock);
    g_free(l);
}

void lend_set_single(Lend *l)
{
    lend_lock(l);
    l->single_until = g_get_monotonic_time() + SINGLE_FOR;
    lend_unlock(l);
}

gboolean lend_is_single(Lend *l)
{
    lend_lock(l);
    gboolean single = g_get_monotonic_time() < l->single_until;
    lend_unlock(l);
    return single;
}

void lend_set_in(Lend *l, gboolean in)
{
    lend_lock(l);
    l->in = in;
    lend_unlock(l);
}

gboolean lend_other_is_in(Lend *l)
{
    lend_lock(l);
    gboolean in = l->in;
    lend_unlock(l);
    return in;
}

void lend_set_state(Lend *l, LenderState state)
{
    lend_lock(l);
    l->state = state;
    if (state == LENDER_OFFLINE)
        cancel_trigger(l->given); /* whoever waits does so in vain */
    lend_unlock(l);
}

gboolean lend_is_online(Lend *l)
{
    lend_lock(l);
    gboolean online = l->state == LENDER_ONLINE;
    lend_unlock(l);
    return online;
}

gboolean lend_is_wanted(Lend *l)
{
    lend_lock(l);
    gboolean wanted = l->wanted;
    lend_unlock(l);
    return wanted;
}

const Cancel *lend_cancel(Lend *l)
{
    lend_lock(l);
    const Cancel *borrower = l->borrower;
    lend_unlock(l);
    return borrower;
}

/* Until one of the two is readable, or the time is over. */
static void wait_for(int fd, int other, int timeout_ms)
{
    struct pollfd fds[] = {{.fd = fd, .events = POLLIN}, {.fd = other, .events = POLLIN}};
    if (poll(fds, G_N_ELEMENTS(fds), timeout_ms) < 0 && errno != EINTR)
        g_error("lend: poll: %s", g_strerror(errno));
}

void lend_out(Lend *l, Worker *w, ImapSession **session)
{
    gboolean recalled = FALSE;
    gint64 until = g_get_monotonic_time() + RECALL_MS * G_TIME_SPAN_MILLISECOND;
    lend_lock(l);
    gboolean given = l->wanted;
    if (given) {
        cancel_reset(l->returned);
        l->wanted = l->back = FALSE;
        l->session = g_steal_pointer(session);
        cancel_trigger(l->given);
    }
    lend_unlock(l);
    while (given && !cancel_is_set(l->returned)) {
        gint64 left = (until - g_get_monotonic_time()) / 1000 + 1;
        wait_for(cancel_fd(l->returned), recalled ? -1 : queue_fd(w->inbox), recalled ? -1 : (int)CLAMP(left, 0, RECALL_MS));
        if (!recalled && (worker_has_requests(w) || g_get_monotonic_time() >= until)) {
            recalled = TRUE;
            worker_poke(w, LANE_FAST, REQUEST_OPEN, 0); /* means nothing there, but ends what need not be done now */
        }
    }
    lend_lock(l);
    if (given)
        *session = g_steal_pointer(&l->session);
    lend_unlock(l);
}

ImapSession *lend_borrow(Lend *l, Worker *w, GError **err)
{
    ImapSession *session = NULL;
    lend_lock(l);
    gboolean possible = l->state != LENDER_OFFLINE;
    if (possible) {
        cancel_reset(l->given);
        l->wanted = TRUE;
        l->borrower = w->cancel;
    }
    lend_unlock(l);
    if (!possible)
        return NULL;
    worker_poke(w, LANE_SYNC, REQUEST_REPLAY, 0); /* means nothing there, but ends IDLE */
    while (!cancel_is_set(l->given) && !cancel_is_set(w->cancel) && !worker_is_stopping(w))
        wait_for(cancel_fd(l->given), cancel_fd(w->cancel), -1);
    lend_lock(l);
    l->wanted = FALSE;
    if (!l->back)
        session = g_steal_pointer(&l->session);
    lend_unlock(l);
    if (!session && (cancel_is_set(w->cancel) || worker_is_stopping(w)))
        error_set(err, PINTAIL_ERROR_CANCELLED, _("cancelled"));
    return session;
}

void lend_return(Lend *l, ImapSession *take)
{
    lend_lock(l);
    l->session = take;
    l->back = TRUE;
    cancel_trigger(l->returned);
    lend_unlock(l);
}
