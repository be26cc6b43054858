/* tls_report.h - why a certificate was not accepted, as plain data for the screen. */
#pragma once
#include <glib.h>
#include <openssl/x509.h>
#include "pintail/util/certificate.h"

/* From a failed verification; `host` is what was asked for. The caller owns it. */
TlsReport *tls_report_from(X509_STORE_CTX *failed, const char *host, guint16 port);
/* SHA-256 of the DER form as "AB:CD:...". The caller owns it; NULL when it cannot be computed. */
char *tls_fingerprint(const X509 *certificate);
/* Are these the same fingerprint, whatever their case and colons? */
gboolean tls_fingerprint_equal(const char *a, const char *b);
