/* auth.h - credentials, and SASL as IMAP, POP3 and SMTP share it. */
#pragma once
#include <glib.h>
#include "pintail/net/stream.h"
#include "pintail/util/secret.h"

/* Mechanisms from strongest to weakest; a server's list and the account's `auth`
 * setting choose. CRAM-MD5, DIGEST-MD5 and NTLM are never used; EXTERNAL only when
 * it is asked for by name. */
typedef struct {
    const char *user;
    const Secret *password;    /* or NULL when a token is used */
    const Secret *token;       /* OAuth access token (XOAUTH2, OAUTHBEARER); or NULL */
    const char *mechanism;     /* `auth` of the account: only this one; NULL or "auto": the best */
    /* Or instead of both, may be NULL: asks for the one that is not known yet, `wants_token` or not,
     * and only when the server offers a way to log in with it. Lends what it fills in. */
    gboolean (*find)(gpointer data, const Secret **password, const Secret **token, GError **err);
    gpointer find_data;
    gboolean wants_token;
} Credentials;

/* To be called before auth_begin(): carries out c->find where there is a use for its answer.
 * `otherwise`: the protocol has a command of its own that takes a password. */
gboolean auth_find_secret(Credentials *c, const char *const *offered, Stream *stream, gboolean otherwise,
                          GError **err);
/* Is there a password, or is one to be had? */
gboolean auth_has_password(const Credentials *c);

/* One SASL exchange, transport neutral: the session calls auth_step() with each
 * decoded challenge and sends what comes out. */
typedef struct Auth Auth;

/* Chooses among `offered` (NULL-terminated mechanism names as the server lists
 * them); INVALID with both lists named when none fits. `service` is "imap", "pop" or "smtp". */
Auth *auth_begin(const Credentials *c, const char *const *offered, const char *service,
                 Stream *stream, GError **err);
const char *auth_mechanism(const Auth *a);
/* Does the client speak first (so that an initial response may be sent)? */
gboolean auth_client_first(const Auth *a);
/* `challenge` and *reply are base64 as on the wire; *reply is owned by the caller (wipe it).
 * Challenges are bounded (12 KiB). PROTOCOL when malformed. */
gboolean auth_step(Auth *a, Span challenge, GString **reply, GError **err);
/* The server has said OK: for mutual mechanisms (SCRAM) FALSE when it has not proved itself. */
gboolean auth_complete(Auth *a, GError **err);
/* What the server said inside the exchange about why it refuses (the JSON of RFC 7628 section
 * 3.2.2, "e=..." of SCRAM): printable, for the message; NULL when nothing. Borrowed. */
const char *auth_server_error(const Auth *a);
/* The server has refused `failed`: what may be tried next on the same connection, or NULL. Only
 * SCRAM without channel binding after -PLUS that nobody had asked for by name: servers exist that
 * offer -PLUS with another kind of binding than RFC 9266. Arguments as for auth_begin(). */
Auth *auth_begin_again(const Auth *failed, const Credentials *c, const char *const *offered,
                       const char *service, Stream *stream);
void auth_free(Auth *a);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Auth, auth_free)
