/* endpoint.h - where a server is and how to talk to it, as written in the rc:
 * SCHEME://[USER@]HOST[:PORT], SCHEME imap, imaps, pop3, pop3s, smtp or smtps.
 * The plain schemes mean STARTTLS (required), the s-schemes TLS from the first byte. */
#pragma once
#include <glib.h>

/* HTTP is no scheme of the rc: only http.h makes such an endpoint. */
typedef enum { PROTOCOL_IMAP, PROTOCOL_POP3, PROTOCOL_SMTP, PROTOCOL_HTTP } Protocol;

typedef enum {
    TLS_IMPLICIT, /* handshake first */
    TLS_STARTTLS, /* upgrade before anything else; without it the connection is closed */
    TLS_OFF,      /* loopback, or the account says `tls off` */
} TlsMode;

typedef struct {
    Protocol protocol;
    TlsMode tls;
    char *user; /* percent-decoded; NULL when not given */
    char *host; /* as written, without brackets; never empty */
    guint16 port;
} Endpoint;

/* INVALID with the reason and what was expected. The caller owns the result.
 * USER may itself hold an '@' (the last one before the host separates). */
Endpoint *endpoint_parse(const char *url, GError **err);
Endpoint *endpoint_copy(const Endpoint *e);
void endpoint_free(Endpoint *e);
char *endpoint_to_url(const Endpoint *e); /* the default port is left out */
guint16 endpoint_default_port(Protocol protocol, TlsMode tls);
gboolean endpoint_is_loopback(const Endpoint *e); /* by its text: localhost, 127.0.0.0/8, ::1 */
/* The host as DNS and certificates know it (IDNA 2008, RFC 5890): A-labels for a name with letters
 * beyond ASCII, anything else unchanged. INVALID when there is no such form. Caller owns it. */
char *endpoint_ascii_host(const char *host, GError **err);
/* The host as people write it: A-labels ("xn--...") as what they stand for, anything else unchanged.
 * NULL when one of them stands for nothing that IDNA allows. Caller owns it. */
char *endpoint_unicode_host(const char *host);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Endpoint, endpoint_free)
