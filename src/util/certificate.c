/* certificate.c - life and death of the plain data in certificate.h. */
#include "pintail/util/certificate.h"

void certificate_free(Certificate *c)
{
    if (!c)
        return;
    g_free(c->subject);
    g_free(c->issuer);
    g_free(c->names);
    g_free(c->sha256);
    g_free(c);
}

TlsReport *tls_report_new(const char *host, guint16 port, const char *problem)
{
    TlsReport *r = g_new0(TlsReport, 1);
    g_atomic_ref_count_init(&r->refs);
    r->host = g_strdup(host ? host : "");
    r->port = port;
    r->problem = g_strdup(problem ? problem : "");
    r->chain = g_ptr_array_new_with_free_func((GDestroyNotify)certificate_free);
    return r;
}

TlsReport *tls_report_ref(TlsReport *r)
{
    g_atomic_ref_count_inc(&r->refs);
    return r;
}

void tls_report_unref(TlsReport *r)
{
    if (!r || !g_atomic_ref_count_dec(&r->refs))
        return;
    g_free(r->host);
    g_free(r->problem);
    g_ptr_array_unref(r->chain);
    g_free(r);
}
