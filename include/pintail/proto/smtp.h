/* smtp.h - one SMTP submission session (RFC 5321, 6409).
 *
 * Thread: a session belongs to one worker; every call blocks at most for the phase
 * deadlines of its StreamOptions and returns at once (CANCELLED) when cancelled.
 *
 * What a caller may rely on, for "nothing lost and nothing sent twice":
 *  - before_final() runs when every byte but the final dot has been handed to the
 *    system and nothing has been accepted yet. A crash before it: just repeat.
 *  - The outcome says exactly what may be repeated without asking (see SmtpOutcome).
 *  - SMTP_SENT is reported only after a well-formed 2xx to the final dot. */
#pragma once
#include <glib.h>
#include "pintail/proto/auth.h"
#include "pintail/util/certificate.h"
#include "pintail/util/endpoint.h"
#include "pintail/util/span.h"

typedef struct Smtp Smtp;

/* Dials, reads the greeting, EHLO (HELO as fallback), STARTTLS as `where` demands, EHLO
 * again, and authenticates when `credentials` is not NULL. Never a credential on a
 * connection that is not stream_secured(). The host's own name is not given away: EHLO
 * says an address literal. `where` and `options` must outlive the session; credentials
 * need not. RETRY (network, 4xx), TLS (*report has the chain), AUTH (credentials refused),
 * REFUSED (the server wants no session, or offers no way to log in), PROTOCOL, CANCELLED. */
Smtp *smtp_open(const Endpoint *where, const StreamOptions *options,
                const Credentials *credentials, TlsReport **report, GError **err);
/* SIZE as announced (RFC 1870), 0 when no limit is known. */
guint64 smtp_size_limit(const Smtp *s);
gboolean smtp_offers_8bit(const Smtp *s); /* 8BITMIME, RFC 6152 */
gboolean smtp_offers_utf8(const Smtp *s); /* SMTPUTF8, RFC 6531 */
gboolean smtp_offers_dsn(const Smtp *s);  /* DSN, RFC 3461 */
/* "TLSv1.3 SCRAM-SHA-256": for a status line; borrowed. */
const char *smtp_description(const Smtp *s);

typedef enum {
    SMTP_NOT_SENT, /* no decision of the server: nobody has the message, safe to repeat */
    SMTP_LATER,    /* 4xx for the message, or no recipient accepted and at least one 4xx: repeat later */
    SMTP_REFUSED,  /* 5xx, or what the server announced cannot carry it: needs a person */
    SMTP_SENT,     /* accepted for every recipient that is SMTP_ACCEPTED; others may be refused */
    SMTP_UNKNOWN,  /* the connection was lost after the final dot: sent or not, never repeat unasked */
} SmtpOutcome;

typedef enum {
    SMTP_RECIPIENT_UNTRIED,  /* with SMTP_NOT_SENT */
    SMTP_RECIPIENT_ACCEPTED, /* only with SMTP_SENT: the server has the message for this one */
    SMTP_RECIPIENT_LATER,
    SMTP_RECIPIENT_REFUSED,
    SMTP_RECIPIENT_UNKNOWN,  /* only with SMTP_UNKNOWN */
} SmtpRecipientState;

typedef struct {
    char *address; /* as given */
    SmtpRecipientState state;
    int code;       /* of the reply that decided for this one; 0 when there was none */
    char *enhanced; /* "5.1.1" (RFC 2034), or NULL */
    char *words;    /* the server's text, lines joined by a blank, printable; or NULL */
} SmtpRecipient;

typedef struct {
    SmtpOutcome outcome;
    int code; /* of the reply that decided for the whole message; 0 when there was none */
    char *enhanced;
    char *words;           /* e.g. "2.0.0 Ok: queued as 4XYZ" */
    GPtrArray *recipients; /* of SmtpRecipient, in the order given; never NULL */
} SmtpResult;

/* When the servers on the way shall report, as bits (RFC 3461 section 4.1). 0: nothing is asked,
 * and failures are reported as ever. */
enum {
    SMTP_NOTIFY_SUCCESS = 1 << 0,
    SMTP_NOTIFY_FAILURE = 1 << 1,
    SMTP_NOTIFY_DELAY = 1 << 2,
    SMTP_NOTIFY_NEVER = 1 << 3, /* alone */
};

typedef struct {
    const char *sender;            /* reverse path without angle brackets; "" is the null path */
    const char *const *recipients; /* NULL-terminated, without angle brackets, at least one */
    Span content;                  /* headers and body, Bcc already removed; any line ends: CRLF goes out */
    guint notify;                  /* SMTP_NOTIFY_*; has no effect where DSN is not offered */
    gboolean return_full;          /* reports bring the whole message back, not only its header */
    const char *envelope_id;       /* what reports name it by; ASCII, else it is left out; or NULL */
    /* Right before the final dot is written (commit "sending" durably here). FALSE with *err
     * aborts: the connection is cut without the dot, the outcome is SMTP_NOT_SENT. May be NULL. */
    gboolean (*before_final)(void *data, GError **err);
    /* Content octets handed over so far, of how many. May be NULL. */
    void (*progress)(guint64 done, guint64 total, void *data);
    void *data;
} SmtpMessage;

/* One transaction. Never NULL. *err is set for every outcome but SMTP_SENT, ready to be shown:
 * RETRY with LATER; REFUSED with REFUSED; RETRY, PROTOCOL, CANCELLED, or what before_final()
 * said with NOT_SENT; RETRY, PROTOCOL or CANCELLED with UNKNOWN.
 * Refused before anything is sent: larger than SIZE, 8-bit content without 8BITMIME (encode it
 * again and retry), 8-bit addresses without SMTPUTF8, a line over 998 octets is left as it is. */
SmtpResult *smtp_send(Smtp *s, const SmtpMessage *message, GError **err);
void smtp_result_free(SmtpResult *r);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmtpResult, smtp_result_free)

/* May another smtp_send() be tried on this connection? (FALSE after NOT_SENT and UNKNOWN.) */
gboolean smtp_usable(const Smtp *s);
/* NOOP: is the connection still alive? */
gboolean smtp_noop(Smtp *s, GError **err);
/* RSET: forget a half transaction. smtp_send() does it itself where needed. */
gboolean smtp_reset(Smtp *s, GError **err);
void smtp_quit(Smtp *s); /* QUIT and its reply, at most 5 s, errors ignored; then smtp_free() */
void smtp_free(Smtp *s); /* closes at once */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Smtp, smtp_free)
