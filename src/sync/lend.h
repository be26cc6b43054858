/* lend.h - one connection for two lanes, where a server admits no second one: the sync lane lends its
 * session between two steps, or out of IDLE; the fast lane gives it back after each piece of work.
 *
 * One of each account, behind a lock. A session is in one thread's hands at a time. */
#pragma once
#include "pintail/proto/imap.h"
#include "worker.h"

typedef enum { LENDER_OFFLINE, LENDER_CONNECTING, LENDER_ONLINE } LenderState;

Lend *lend_new(void);
void lend_free(Lend *l);

/* The server has refused a second connection: for some minutes none is tried. */
void lend_set_single(Lend *l);
gboolean lend_is_single(Lend *l);

/* ---- the sync lane ---- */
void lend_set_state(Lend *l, LenderState state);
gboolean lend_is_wanted(Lend *l);
const Cancel *lend_cancel(Lend *l); /* the fast lane's, for what it does with the session */
/* Hands *session over, and waits until it is back: NULL then when it was lost. What arrives in the inbox
 * asks the fast lane for an early end. */
void lend_out(Lend *l, Worker *w, ImapSession **session);
/* Does the fast lane hold a connection of its own? */
gboolean lend_other_is_in(Lend *l);

/* ---- the fast lane ---- */
gboolean lend_is_online(Lend *l);
void lend_set_in(Lend *l, gboolean in); /* it has a connection of its own */
/* Waits for the sync lane to come to a good point; lend_return() must follow. NULL without err: it has no
 * connection. NULL with CANCELLED. */
ImapSession *lend_borrow(Lend *l, Worker *w, GError **err);
void lend_return(Lend *l, ImapSession *take); /* NULL: it is lost */
