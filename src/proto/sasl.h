/* sasl.h - private: a login by SASL, the same for IMAP (RFC 3501 section 6.2.2, RFC 4959), POP3
 * (RFC 5034) and SMTP (RFC 4954): each session gives its own way to say and to hear. */
#pragma once
#include "pintail/proto/auth.h"
#include "pintail/util/span.h"

/* While a login runs: what of ours a server might repeat ("unknown command PASS ..."), so that it
 * reaches neither the log nor a message. */
typedef struct {
    Secret *plain; /* password or token */
    Secret *line;  /* the last line of the exchange, base64 */
} SaslGuard;

void sasl_guard_begin(SaslGuard *g, const Credentials *c);
void sasl_guard_end(SaslGuard *g); /* also when it never began */
gboolean sasl_guard_repeats(const SaslGuard *g, Span heard);
#define SASL_REPEATED "[left out: repeats what was sent]" /* for the log */

typedef enum {
    SASL_CHALLENGE,
    SASL_ACCEPTED,
    SASL_REFUSED, /* these credentials, or this mechanism */
    SASL_FAILED,  /* for another reason: another mechanism is of no use */
} SaslAnswer;

typedef struct {
    gpointer session;
    const char *command; /* "AUTH" */
    const char *service; /* as for auth_begin() */
    gsize line_max;      /* the initial response goes along in a line of at most so many bytes; 0: never */
    SaslGuard *guard;
    /* One line: command and secret (each may be NULL); the secret is not for the log. */
    gboolean (*say)(gpointer session, const char *command, const GString *secret, GError **err);
    /* *challenge (base64) is good until the next call. FALSE: the session is over. */
    gboolean (*hear)(gpointer session, SaslAnswer *answer, Span *challenge, GError **err);
    /* The refusal heard last as an error; `detail` (may be NULL) is what the exchange said of it. */
    void (*refused)(gpointer session, const char *detail, GError **err);
    /* A challenge that cannot be answered: ends the exchange. NULL: the session is over then. */
    void (*cancel)(gpointer session);
} SaslWire;

/* Logs in with `take` (consumed), and where the server refuses a mechanism that auth_begin_again()
 * knows a substitute for, with that. *mechanism (the caller's) is set on success. */
gboolean sasl_log_in(const SaslWire *w, Auth *take, const Credentials *c, const char *const *offered,
                     Stream *stream, char **mechanism, GError **err);

/* "the login of ana", for messages; the caller owns it. */
char *sasl_login_of(const Credentials *c);
/* For `say`: "AUTH PLAIN (secret)", and the line itself into the stream's buffer. */
char *sasl_line_shown(const char *command, const GString *secret);
gboolean sasl_line_write(Stream *stream, const char *command, const GString *secret, GError **err);
