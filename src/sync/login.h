/* login.h - from an Endpoint and an Account to a session that is logged in, for all three protocols:
 * stream options, credentials, and the questions that only a person can answer.
 *
 * Passwords are asked for once per account and kept in memory (shared.h). A refused one is asked
 * for again with the server's words; nothing is retried unasked. While a question waits the
 * worker keeps its queue (worker_ask). No credential is obtained before it is needed: for IMAP
 * after the connection (and its certificate) stands. */
#pragma once
#include "pintail/proto/imap.h"
#include "pintail/proto/pop3.h"
#include "pintail/proto/smtp.h"
#include "worker.h"

typedef struct Login Login;

/* References `account`, copies `where`. Must outlive the sessions made. */
Login *login_new(Worker *w, Account *account, const Endpoint *where);
void login_free(Login *l);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Login, login_free)

/* Errors as from *_open(); AUTH also when the person gave no password: then wait for REQUEST_RECONNECT.
 * RETRY at once when this account failed three times within a minute. */
ImapSession *login_imap(Login *l, GError **err);
/* Was the last failure the server's limit of connections? */
gboolean login_was_limited(const Login *l);
/* What ends waits of the sessions made, instead of the worker's own cancel (NULL: that again). */
void login_use_cancel(Login *l, const Cancel *cancel);
Pop3 *login_pop3(Login *l, GError **err);
Smtp *login_smtp(Login *l, GError **err);

/* One attempt with this password (NULL: as configured), without any question: for probes. Only says
 * whether it works. *description (caller owns it): "TLSv1.3 PLAIN". */
gboolean login_probe(Login *l, const Secret *password, TlsReport **report, char **description, GError **err);
