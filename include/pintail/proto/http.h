/* http.h - one POST over HTTPS (RFC 9110, 9112): what unsubscribing with one click needs, and no more.
 *
 * TLS and its verification are not to be had without; nothing is followed, no cookie, name or credential
 * is sent. Blocks at most for the phases of `options`, a worker's thread; errors as in stream.h. */
#pragma once
#include "pintail/net/stream.h"

/* TRUE when an answer came: *status is its code, *words its reason (the caller owns it). INVALID for a URL
 * that is not https, or not of one host. */
gboolean http_post(const char *url, const char *content_type, const char *body, const StreamOptions *options,
                   guint *status, char **words, GError **err);
