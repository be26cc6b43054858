/* peer.h - who answered instead of the one expected, in words for people. */
#pragma once
#include <glib.h>
#include "pintail/util/endpoint.h"
#include "pintail/util/span.h"

/* Could these first bytes be a TLS record (RFC 8446 section 5.1)? */
gboolean peer_is_tls(Span first);
/* A server that answered the handshake with `first`. The caller owns the text, also below. */
char *peer_not_tls(const Endpoint *where, Span first);
char *peer_silent_handshake(const Endpoint *where); /* nothing came until the deadline */
char *peer_silent_greeting(const Endpoint *where);
char *peer_expects_tls(const Endpoint *where);       /* clear text, or STARTTLS, was wanted */
char *peer_wrong_greeting(const Endpoint *where, Span line);
