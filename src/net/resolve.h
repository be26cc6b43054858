/* resolve.h - names to addresses without ever being stuck in getaddrinfo(). */
#pragma once
#include <glib.h>
#include <netdb.h>
#include "pintail/util/cancel.h"

#define RESOLVE_MAX 8 /* addresses that are tried at most */

typedef struct {
    struct sockaddr_storage address;
    socklen_t len;
} Address;

/* Addresses of host (ASCII, or an IP address) in the order to try them: families in turn,
 * beginning with the one the system prefers (RFC 8305 section 4), at most RESOLVE_MAX.
 * Array of Address, never empty. The lookup runs in a detached thread, which is left behind
 * when cancelled or late. RETRY names host and, when not NULL, `setting`. */
GArray *resolve_host(const char *host, guint16 port, const char *setting, const Cancel *cancel,
                     gint64 until, GError **err);
