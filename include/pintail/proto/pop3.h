/* pop3.h - one POP3 session (RFC 1939, 2449, 2595, 5034).
 *
 * Thread: a session belongs to one worker; every call blocks at most for the phase
 * deadlines of its StreamOptions (a transfer that makes progress extends its own) and
 * returns at once (CANCELLED) when cancelled.
 *
 * Errors: RETRY (network, and [IN-USE], [LOGIN-DELAY], [SYS/TEMP]: never a wrong
 * password), AUTH, TLS, REFUSED (-ERR to one command; the session goes on), GONE (-ERR to
 * a command that names a message), PROTOCOL, CANCELLED. After RETRY, PROTOCOL or CANCELLED
 * the session is only good for pop3_free(): then the server forgets its DELEs.
 *
 * No announced number is trusted: sizes and counts bound nothing and allocate nothing. */
#pragma once
#include <glib.h>
#include "pintail/proto/auth.h"
#include "pintail/util/certificate.h"
#include "pintail/util/endpoint.h"

typedef struct Pop3 Pop3;

typedef struct {
    gboolean known; /* CAPA was answered; else everything below is a guess to be tried */
    gboolean top, uidl, user, stls, pipelining, resp_codes, sasl_ir, utf8;
    gint64 login_delay; /* seconds between logins, 0 none (RFC 2449) */
    gint64 expire_days; /* the server deletes after so many days; -1 never or not said */
} Pop3Capabilities;

/* Dials, greeting, STLS as `where` demands (at once: nothing that is said before TLS is
 * believed), CAPA, AUTH or USER and PASS (only when stream_secured()), CAPA once more. `where` and `options` must outlive the session,
 * `credentials` (never NULL) need not. */
Pop3 *pop3_open(const Endpoint *where, const StreamOptions *options,
                const Credentials *credentials, TlsReport **report, GError **err);
const Pop3Capabilities *pop3_capabilities(const Pop3 *p);
/* "TLSv1.3 PLAIN": for a status line; borrowed. */
const char *pop3_description(const Pop3 *p);
gboolean pop3_usable(const Pop3 *p);

gboolean pop3_stat(Pop3 *p, guint *count, guint64 *octets, GError **err);

typedef struct {
    guint number; /* of this session only */
    guint64 size; /* as announced */
    char *uidl;   /* NULL when the server gives none for this message; else 1..1000 bytes 0x21..0xFE */
} Pop3Item;

/* LIST, and UIDL where the server has it (in one go when it pipelines): array of Pop3Item by
 * number. Duplicate or absurd lines are dropped; two messages with one UIDL are both given.
 * At most a million messages. */
GPtrArray *pop3_list(Pop3 *p, GError **err);

/* Where content goes. `begin` follows the server's +OK, `end` comes for each number that was
 * answered, so after a refusal without `begin`. Every function may be NULL, and may fail with *err: then the session
 * is closed. `end` gets NULL when the message came whole up to its CRLF.CRLF, else why not
 * (GONE/REFUSED: the next message follows; anything else: the session is over; content that
 * came before is to be thrown away). */
typedef struct {
    gboolean (*begin)(guint number, void *data, GError **err);
    gboolean (*bytes)(const char *bytes, gsize len, void *data, GError **err); /* dots unstuffed, lines as sent */
    gboolean (*end)(guint number, const GError *failure, void *data, GError **err);
    void *data;
} Pop3Sink;

/* RETR (lines < 0) or TOP number `lines` for each of numbers[0..n), pipelined where offered.
 * More than `limit` bytes of one message end the session (PROTOCOL): ask only for what
 * pop3_list() says is smaller, and set the limit well above it. FALSE when the session
 * ended; single refusals are told to `end` and are no failure of the call. */
gboolean pop3_retrieve(Pop3 *p, const guint *numbers, gsize n, int lines, guint64 limit,
                       const Pop3Sink *sink, GError **err);

/* DELE for each; *deleted (may be NULL) counts the +OKs. Nothing is gone before pop3_quit()
 * succeeds (RFC 1939 section 6). GONE or REFUSED when the server refused at least one. */
gboolean pop3_delete(Pop3 *p, const guint *numbers, gsize n, gsize *deleted, GError **err);
gboolean pop3_reset(Pop3 *p, GError **err); /* RSET: un-delete */
gboolean pop3_noop(Pop3 *p, GError **err);
/* QUIT: the server removes what was deleted. TRUE only after its +OK; the session is over
 * either way, call pop3_free(). */
gboolean pop3_quit(Pop3 *p, GError **err);
void pop3_free(Pop3 *p); /* closes at once; DELEs without pop3_quit() are undone by the server */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Pop3, pop3_free)
