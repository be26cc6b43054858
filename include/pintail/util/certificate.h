/* certificate.h - what a server presented in TLS and what is wrong with it, as
 * plain data that net fills in, the bus carries and the screen shows. */
#pragma once
#include <glib.h>

typedef struct {
    char *subject;    /* one line, printable */
    char *issuer;
    char *names;      /* subject alternative names, ", " between; "" when none */
    gint64 not_before; /* Unix seconds */
    gint64 not_after;
    char *sha256;     /* of the DER form, upper-case hex with colons */
} Certificate;

typedef struct {
    gatomicrefcount refs;
    char *host; /* the name that was asked for */
    guint16 port;
    char *problem;    /* one sentence, translated: what is wrong */
    GPtrArray *chain; /* of Certificate, the server's own first; may be empty */
} TlsReport;

TlsReport *tls_report_new(const char *host, guint16 port, const char *problem);
TlsReport *tls_report_ref(TlsReport *r);
void tls_report_unref(TlsReport *r);
void certificate_free(Certificate *c);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TlsReport, tls_report_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Certificate, certificate_free)
