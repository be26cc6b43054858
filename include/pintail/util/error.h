/* error.h - the one error domain.
 *
 * A code says what the caller may do next; the message is for people: what
 * happened, to which account, host, file or line, in the server's own words,
 * ready to be shown ("cannot open '/x': No space left on device"). */
#pragma once
#include <glib.h>

typedef enum {
    PINTAIL_ERROR_RETRY,     /* passing trouble (network, busy server, 4xx): try again later */
    PINTAIL_ERROR_AUTH,      /* credentials refused: ask for others */
    PINTAIL_ERROR_TLS,       /* no trusted TLS connection: ask about the certificate, never go on */
    PINTAIL_ERROR_REFUSED,   /* the server said no (NO, 5xx) to this one request; the session is usable */
    PINTAIL_ERROR_GONE,      /* the named thing does not exist (any more) */
    PINTAIL_ERROR_PROTOCOL,  /* the peer broke the protocol: close this connection */
    PINTAIL_ERROR_STORE,     /* local disk or database: tell the person, keep what is in memory */
    PINTAIL_ERROR_CANCELLED, /* the person, or quitting, asked for it: say nothing */
    PINTAIL_ERROR_INVALID,   /* what the person typed or wrote in the rc cannot be used */
} PintailErrorCode;

#define PINTAIL_ERROR (pintail_error_quark())
GQuark pintail_error_quark(void);

/* g_set_error() in our domain. */
void error_set(GError **err, PintailErrorCode code, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* As error_set() with ": strerror(number)" appended. */
void error_set_errno(GError **err, PintailErrorCode code, int number, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
/* Is `err` ours with this code? NULL is never a match. */
gboolean error_is(const GError *err, PintailErrorCode code);
/* AUTH or INVALID: trying again is of no use before a person has changed something. */
gboolean error_needs_person(const GError *err);
