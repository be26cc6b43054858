/* dial.h - a connected, non-blocking, close-on-exec TCP socket. */
#pragma once
#include <glib.h>
#include "pintail/net/stream.h"

/* Resolves and connects to where->host:where->port, the addresses of both families in turn
 * (RFC 8305 in spirit). -1 with RETRY, INVALID (host name without an ASCII form) or CANCELLED. */
int dial(const Endpoint *where, const StreamOptions *options, gint64 until, GError **err);
/* Is the peer of this socket on this machine, whatever its name says? */
gboolean dial_is_loopback(int fd);
/* Hints for messages: " (993 is usual for IMAP over TLS)" or "". The caller owns it. */
char *dial_port_hint(const Endpoint *where);
const char *dial_protocol_name(Protocol protocol);
