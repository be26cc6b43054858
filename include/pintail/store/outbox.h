/* outbox.h - messages on their way out.
 *
 * queued -> sending (committed just before the final dot) -> sent | unknown; refused and
 * later go back to the person or wait. The file is durable before outbox_add() returns. A
 * crash while queued just repeats; an entry found `sending` at start is `unknown` and asks. */
#pragma once
#include "pintail/store/store.h"

typedef enum { OUTBOX_QUEUED, OUTBOX_SENDING, OUTBOX_UNKNOWN, OUTBOX_REFUSED, OUTBOX_SENT } OutboxState;
typedef enum { RECIPIENT_WAITING, RECIPIENT_ACCEPTED, RECIPIENT_REFUSED } RecipientState;

/* Delivery reports asked for, as bits (RFC 3461 section 4.1). */
enum {
    OUTBOX_NOTIFY_SUCCESS = 1 << 0,
    OUTBOX_NOTIFY_FAILURE = 1 << 1,
    OUTBOX_NOTIFY_DELAY = 1 << 2,
    OUTBOX_NOTIFY_NEVER = 1 << 3, /* alone */
};

typedef struct {
    char *address;
    RecipientState state;
    char *words; /* the server's, "" */
    gboolean held; /* as claimed: an older message to them has to go first */
} Recipient;
void recipient_free(Recipient *r);

typedef struct {
    gint64 id, account;
    OutboxState state;
    char *from;          /* envelope sender */
    GPtrArray *recipients; /* of Recipient */
    char *subject, *message_id, *path;
    char *words;         /* the last answer, "" */
    gint64 created, not_before; /* Unix seconds */
    gint64 finished;     /* when it was sent; 0 before */
    char *via;           /* the server that took it, or NULL; outbox_result() keeps it */
    guint notify;        /* OUTBOX_NOTIFY_*; 0: nothing is asked */
    guint attempts;
    gint64 answers;      /* placement that becomes answered or forwarded; 0 */
    gboolean forwards;
    gint64 sent_folder;  /* copy goes here; 0: none */
    gint64 draft;        /* placement of the draft that this was; purged when queued; 0 */
} OutboxEntry;
void outbox_entry_free(OutboxEntry *e);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OutboxEntry, outbox_entry_free)

/* Queues `bytes` (a whole message without Bcc). Fields id, state, path, attempts, created, finished and
 * via of `e` are ignored; with `not_before` it waits until then. Returns the id. */
gint64 outbox_add(Store *s, const OutboxEntry *e, const void *bytes, gsize len, GError **err);
GPtrArray *outbox_list(Store *s, gint64 account, GError **err); /* 0: all; not the sent ones; reads */
OutboxEntry *outbox_get(Store *s, gint64 id, GError **err);
guint outbox_count(Store *s); /* queued, sending, refused and unknown; reads */
/* The oldest that may go now, claimed for this process; NULL with err unset: none. *next (may be NULL):
 * when the next one may, Unix seconds, 0 for none. Order is kept per recipient: somebody who has not got an
 * older one that is being sent or tried again is `held` in the later ones, and they may go to the others. */
OutboxEntry *outbox_claim(Store *s, gint64 account, gint64 *next, GError **err);
OutboxEntry *outbox_claim_id(Store *s, gint64 id, GError **err); /* NULL unset: another process has it */
gboolean outbox_sending(Store *s, gint64 id, GError **err); /* durable: the final dot comes next */
/* Results of one transaction: per recipient, and what becomes of the entry. With SENT (or any accepted
 * recipient) the Sent copy and the answered/forwarded flag are queued in the same transaction;
 * recipients still waiting keep the entry queued until `not_before`. */
gboolean outbox_result(Store *s, const OutboxEntry *e, OutboxState state, const char *words,
                       gint64 not_before, GError **err);
/* What became of the message that was sent with this Message-ID, the last time if several; NULL with
 * err unset: it was not sent from here. Reads. */
OutboxEntry *outbox_sent_as(Store *s, const char *message_id, GError **err);
/* The person's answers: send again (queued), consider it sent, take it back (bytes are returned). */
gboolean outbox_requeue(Store *s, gint64 id, GError **err);
gboolean outbox_consider_sent(Store *s, gint64 id, GError **err);
GBytes *outbox_take_back(Store *s, gint64 id, OutboxEntry **entry, GError **err);
