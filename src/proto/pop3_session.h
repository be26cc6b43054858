/* pop3_session.h - private to pop3*.c: the session, and how it talks. */
#pragma once
#include "pintail/proto/pop3.h"
#include "pop3_parse.h"
#include "sasl.h"

#define POP3_LINE_MAX 4096 /* RFC 2449 section 4 says 512 */

struct Pop3 {
    const Endpoint *where;
    const StreamOptions *options;
    Stream *stream;
    Pop3Capabilities capabilities;
    GPtrArray *sasl; /* of char * */
    gboolean usable;
    char *description;
    SaslGuard guard;  /* while the login runs, */
    char *login;      /* as for sasl_login_of(), */
    GError *refusal;  /* and of its last AUTH */
};

/* Writes a command line (buffered); `shown` replaces it in the log when it holds a secret. */
gboolean pop3_say(Pop3 *p, const char *line, const char *shown, GError **err);
gboolean pop3_flush(Pop3 *p, GError **err);
/* Reads a status line. FALSE: the connection is unusable. The spans live until the next read. */
gboolean pop3_hear(Pop3 *p, Pop3Status *status, GError **err);
gboolean pop3_ask(Pop3 *p, const char *line, Pop3Status *status, GError **err);
/* A -ERR as an error of code pop3_refusal(status, otherwise). Always FALSE. */
gboolean pop3_fail(Pop3 *p, const Pop3Status *status, PintailErrorCode otherwise, const char *what,
                   GError **err);
/* Reads a multi-line reply line by line, dots unstuffed, up to "."; `line` may be NULL. At most a
 * million lines of `limit` bytes together; beyond that, or past the deadline, the connection is
 * unusable. */
gboolean pop3_lines(Pop3 *p, gsize limit, void (*line)(Span line, void *data), void *data, GError **err);
