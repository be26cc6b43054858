/* shared.h - what the lanes of one account have in common, behind one lock: passwords in memory,
 * certificates accepted for now, connections that failed, UIDs that replay is moving.
 *
 * Any lane's thread; every call is short and never waits for the network or a person. Nothing
 * in here is shared between accounts. Referenced: it outlives each of the lanes. */
#pragma once
#include <glib.h>
#include "pintail/util/queue.h"
#include "pintail/util/secret.h"

typedef struct Shared Shared;
typedef struct Lend Lend; /* lend.h */

typedef enum { SLOT_INCOMING, SLOT_SMTP, SLOT_COUNT } SecretSlot;

Shared *shared_new(void);
Shared *shared_ref(Shared *s);
void shared_unref(Shared *s);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Shared, shared_unref)

/* ---- passwords ---- */
/* The password in memory and its generation; NULL when there is none. The caller owns it. */
Secret *shared_secret(Shared *s, SecretSlot slot, guint *generation);
/* A new one, `typed` by the person or found; returns its generation. Ends a refusal and a denial. */
guint shared_secret_put(Shared *s, SecretSlot slot, const Secret *secret, gboolean typed);
/* The server refused the one of this generation, in these words. TRUE when another has come since:
 * try that one. *was_good: it had been accepted before. */
gboolean shared_secret_refused(Shared *s, SecretSlot slot, guint generation, const char *words,
                               gboolean *was_good);
void shared_secret_accepted(Shared *s, SecretSlot slot, guint generation);
/* Why the last one was refused, NULL when none was; the caller owns it. */
char *shared_refusal(Shared *s, SecretSlot slot);
/* The person declined to answer: nobody asks again, and every lane gives up with these words, until
 * shared_forgive(). */
void shared_deny(Shared *s, const char *words);
char *shared_denied(Shared *s); /* NULL when nothing was; the caller owns it */
/* The person wants it tried again (`G`): denials and pauses end. */
void shared_forgive(Shared *s);

/* ---- one question at a time ---- */
/* TRUE: it is this lane's turn to ask; shared_end_asking() must follow. FALSE: another lane is
 * asking; `inbox` gets a REQUEST_RECONNECT when that has ended. */
gboolean shared_begin_asking(Shared *s, Queue *inbox);
void shared_end_asking(Shared *s);
void shared_stop_waiting(Shared *s, Queue *inbox);

/* ---- certificates ---- */
void shared_trust_once(Shared *s, const char *host, guint16 port, const char *sha256);
char *shared_trusted_once(Shared *s, const char *host, guint16 port); /* NULL; the caller owns it */

/* ---- failing connections: at most three a minute ---- */
void shared_connection_failed(Shared *s);
void shared_connection_worked(Shared *s);
gint64 shared_connection_pause(Shared *s); /* microseconds until the next may be tried; 0 */

Lend *shared_lend(Shared *s);             /* borrowed */

/* Has no lane of this account shown this alert within the last minutes? */
gboolean shared_is_new_alert(Shared *s, const char *text);

/* ---- UIDs that our own MOVE or EXPUNGE is about to take ---- */
void shared_set_leaving(Shared *s, gint64 folder, const guint32 *uids, guint n); /* n 0: none */
GArray *shared_leaving(Shared *s, gint64 folder); /* of guint32, ascending; the caller owns it */

/* ---- lanes that have ended (ENGINE_ONCE: what they did is replayed after them) ---- */
void shared_lane_ended(Shared *s, int lane);
gboolean shared_has_ended(Shared *s, int lane);
