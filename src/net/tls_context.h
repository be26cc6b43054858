/* tls_context.h - what all connections with one set of trust anchors share. */
#pragma once
#include <glib.h>
#include <openssl/ssl.h>

typedef int (*TlsVerify)(X509_STORE_CTX *ctx, void *unused);

/* A context for the system's trust store plus `ca_file` (NULL: none), built once per state
 * of that file, with `verify` deciding on chains (always the same function); the caller owns a reference (SSL_CTX_free()). Any thread. TLS when the
 * file cannot be used. */
SSL_CTX *tls_context(const char *ca_file, TlsVerify verify, GError **err);
/* Takes the oldest reason out of this thread's OpenSSL error queue and empties it. Static. */
const char *tls_error_text(void);
