/* tls.c - the handshake, and non-blocking reading and writing through it.
 *
 * Guarantees: the chain, the dates, the purpose and the host name (subjectAltName only,
 * RFC 9525 section 6) are checked by OpenSSL inside the handshake, so that a connection that
 * exists is a verified one; the only way around is the SHA-256 of a leaf certificate that
 * the person has trusted for this very host and port. */
#include "tls.h"
#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include "peer.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "tls_context.h"
#include "tls_report.h"
#include "wait.h"

struct Tls {
    SSL *ssl;
    int fd;
    const Endpoint *where;
    const StreamOptions *options;
    char *name;        /* ASCII host name or IP address that the certificate must have */
    TlsReport *report; /* what was wrong with the certificate; NULL when nothing was */
    int system_error;  /* errno of the last failed recv() or send() */
    char reason[160];
    gboolean up;     /* handshake done, nothing failed since */
    char first[100]; /* what the peer said first, to recognize a server without TLS */
    gsize first_len;
};

/* ---- socket below OpenSSL: its own BIO would use write(), which can raise SIGPIPE -------- */

static int socket_read(BIO *bio, char *to, int len)
{
    Tls *t = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    ssize_t n;
    do {
        n = recv(t->fd, to, (size_t)len, MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        BIO_set_retry_read(bio);
    else if (n < 0)
        t->system_error = errno;
    if (n > 0 && t->first_len < sizeof t->first) {
        gsize take = MIN((gsize)n, sizeof t->first - t->first_len);
        memcpy(t->first + t->first_len, to, take);
        t->first_len += take;
    }
    return (int)n;
}

static int socket_write(BIO *bio, const char *from, int len)
{
    Tls *t = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    ssize_t n;
    do {
        n = send(t->fd, from, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        BIO_set_retry_write(bio);
    else if (n < 0)
        t->system_error = errno;
    return (int)n;
}

static long socket_control(BIO *bio, int command, long number, void *pointer)
{
    return command == BIO_CTRL_FLUSH; /* nothing is buffered here */
}

static BIO_METHOD *method;
static pthread_once_t method_once = PTHREAD_ONCE_INIT;

static void make_method(void)
{
    method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "pintail socket");
    if (!method || !BIO_meth_set_read(method, socket_read) ||
        !BIO_meth_set_write(method, socket_write) || !BIO_meth_set_ctrl(method, socket_control))
        g_error("OpenSSL: out of memory");
}

/* ---- verification ----------------------------------------------------------------------- */

static gboolean is_pinned(const Tls *t, const X509 *leaf)
{
    const char *const *pins = t->options->trusted_sha256;
    g_autofree char *have = pins && leaf ? tls_fingerprint(leaf) : NULL;
    for (gsize i = 0; have && pins[i]; i++) {
        if (tls_fingerprint_equal(have, pins[i]))
            return TRUE;
    }
    return FALSE;
}

static int verify(X509_STORE_CTX *ctx, void *unused)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(ctx, SSL_get_ex_data_X509_STORE_CTX_idx());
    Tls *t = SSL_get_app_data(ssl);
    if (is_pinned(t, X509_STORE_CTX_get0_cert(ctx))) {
        X509_STORE_CTX_set_error(ctx, X509_V_OK);
        return 1;
    }
    if (X509_verify_cert(ctx) > 0)
        return 1;
    if (X509_STORE_CTX_get_error(ctx) == X509_V_OK) /* an internal failure is no success */
        X509_STORE_CTX_set_error(ctx, X509_V_ERR_UNSPECIFIED);
    g_clear_pointer(&t->report, tls_report_unref);
    t->report = tls_report_from(ctx, t->where->host, t->where->port);
    return 0;
}

static gboolean is_ip_address(const char *name)
{
    struct in6_addr v6;
    struct in_addr v4;
    return inet_pton(AF_INET, name, &v4) == 1 || inet_pton(AF_INET6, name, &v6) == 1;
}

static gboolean demand_name(Tls *t)
{
    char *zone = strchr(t->name, '%'); /* a zone index is ours, no certificate has it */
    if (zone)
        *zone = '\0';
    gsize len = strlen(t->name);
    if (len > 1 && t->name[len - 1] == '.') /* a rooted name: RFC 6066 section 3 */
        t->name[len - 1] = '\0';
    if (is_ip_address(t->name))
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(t->ssl), t->name) == 1;
    SSL_set_hostflags(t->ssl,
                      X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(t->ssl, t->name) == 1 && SSL_set_tlsext_host_name(t->ssl, t->name) == 1;
}

static gboolean prepare(Tls *t, GError **err)
{
    t->name = endpoint_ascii_host(t->where->host, err);
    if (!t->name)
        return FALSE;
    SSL_CTX *context = tls_context(t->options->ca_file, verify, err);
    if (!context)
        return FALSE;
    t->ssl = SSL_new(context);
    SSL_CTX_free(context);
    pthread_once(&method_once, make_method);
    BIO *bio = BIO_new(method);
    if (!t->ssl || !bio)
        g_error("OpenSSL: out of memory");
    BIO_set_data(bio, t);
    BIO_set_init(bio, 1);
    SSL_set_bio(t->ssl, bio, bio);
    SSL_set_app_data(t->ssl, t);
    SSL_set_connect_state(t->ssl);
    if (demand_name(t))
        return TRUE;
    error_set(err, PINTAIL_ERROR_TLS, _("'%s' cannot be a name in a certificate: %s"),
              t->where->host, tls_error_text());
    return FALSE;
}

/* ---- handshake -------------------------------------------------------------------------- */

static IoResult result_of(Tls *t, int returned)
{
    switch (SSL_get_error(t->ssl, returned)) {
    case SSL_ERROR_WANT_READ:
        return IO_WANT_READ;
    case SSL_ERROR_WANT_WRITE:
        return IO_WANT_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        return IO_EOF;
    default:
        break;
    }
    t->up = FALSE;
    unsigned long code = ERR_peek_error();
    gboolean cut = code && ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
    const char *reason = code ? tls_error_text() : NULL;
    if (!reason && t->system_error)
        reason = g_strerror(t->system_error);
    g_strlcpy(t->reason, reason ? reason : "", sizeof t->reason);
    return cut || (!code && !t->system_error) ? IO_EOF : IO_FAILED;
}

static TlsReport *any_report(Tls *t, const char *problem)
{
    if (t->report)
        return g_steal_pointer(&t->report);
    return tls_report_new(t->where->host, t->where->port, problem);
}

static void describe_failure(Tls *t, IoResult how, TlsReport **report, GError **err)
{
    g_autoptr(GError) e = NULL;
    if (t->report) {
        error_set(&e, PINTAIL_ERROR_TLS, _("no secure connection to %s:%u: %s"), t->where->host,
                  t->where->port, t->report->problem);
    } else if (t->first_len > 0 && !peer_is_tls(span_new(t->first, t->first_len))) {
        /* OpenSSL has read no more than it needed to see that this is no TLS. */
        ssize_t more = recv(t->fd, t->first + t->first_len, sizeof t->first - t->first_len,
                            MSG_DONTWAIT);
        t->first_len += more > 0 ? (gsize)more : 0;
        g_autofree char *text = peer_not_tls(t->where, span_new(t->first, t->first_len));
        error_set(&e, PINTAIL_ERROR_TLS, "%s", text);
    } else if (how == IO_EOF) {
        error_set(&e, PINTAIL_ERROR_RETRY, _("%s:%u closed the connection during the TLS handshake"),
                  t->where->host, t->where->port);
    } else if (t->system_error) {
        error_set(&e, PINTAIL_ERROR_RETRY, _("the TLS handshake with %s:%u broke off: %s"),
                  t->where->host, t->where->port, t->reason);
    } else {
        error_set(&e, PINTAIL_ERROR_TLS,
                  _("no secure connection to %s:%u: %s (TLS 1.2 is the least that is accepted)"),
                  t->where->host, t->where->port, t->reason);
    }
    if (report && error_is(e, PINTAIL_ERROR_TLS))
        *report = any_report(t, e->message);
    g_propagate_error(err, g_steal_pointer(&e));
}

static gboolean handshake(Tls *t, gint64 until, TlsReport **report, GError **err)
{
    for (;;) {
        ERR_clear_error();
        int returned = SSL_do_handshake(t->ssl);
        if (returned == 1)
            return TRUE;
        IoResult r = result_of(t, returned);
        if (r != IO_WANT_READ && r != IO_WANT_WRITE) {
            describe_failure(t, r, report, err);
            return FALSE;
        }
        /* A peer that feeds us byte by byte never makes poll() time out. */
        WaitResult w = g_get_monotonic_time() > until
                           ? WAIT_TIMEOUT
                           : wait_one(t->fd, r == IO_WANT_READ ? POLLIN : POLLOUT,
                                      t->options->cancel, until);
        if (w == WAIT_CANCELLED) {
            error_set(err, PINTAIL_ERROR_CANCELLED, _("connecting to %s:%u was cancelled"),
                      t->where->host, t->where->port);
            return FALSE;
        }
        if (w == WAIT_TIMEOUT) {
            g_autofree char *text = peer_silent_handshake(t->where);
            error_set(err, PINTAIL_ERROR_RETRY, "%s", text);
            return FALSE;
        }
    }
}

Tls *tls_connect(int fd, const Endpoint *where, const StreamOptions *options, gint64 until,
                 TlsReport **report, GError **err)
{
    Tls *t = g_new0(Tls, 1);
    t->fd = fd;
    t->where = where;
    t->options = options;
    g_autoptr(GError) e = NULL;
    if (!prepare(t, &e)) {
        if (report && error_is(e, PINTAIL_ERROR_TLS))
            *report = any_report(t, e->message);
        g_propagate_error(err, g_steal_pointer(&e));
        tls_free(t);
        return NULL;
    }
    if (!handshake(t, until, report, err)) {
        tls_free(t);
        return NULL;
    }
    t->up = TRUE;
    return t;
}

/* ---- transfer --------------------------------------------------------------------------- */

IoResult tls_read(Tls *t, void *to, gsize len, gsize *count)
{
    ERR_clear_error();
    t->system_error = 0;
    int returned = SSL_read_ex(t->ssl, to, len, count);
    return returned == 1 ? IO_DONE : result_of(t, returned);
}

IoResult tls_write(Tls *t, const void *from, gsize len, gsize *count)
{
    ERR_clear_error();
    t->system_error = 0;
    int returned = SSL_write_ex(t->ssl, from, len, count);
    return returned == 1 ? IO_DONE : result_of(t, returned);
}

const char *tls_reason(const Tls *t)
{
    return t->reason;
}

const char *tls_version(const Tls *t)
{
    return SSL_get_version(t->ssl);
}

/* RFC 9266 section 4.2: only TLS 1.3 makes the value unique without further conditions. */
gboolean tls_exporter(Tls *t, guint8 out[32])
{
    static const char label[] = "EXPORTER-Channel-Binding";
    return SSL_version(t->ssl) >= TLS1_3_VERSION &&
           SSL_export_keying_material(t->ssl, out, 32, label, sizeof label - 1, NULL, 0, 0) == 1;
}

void tls_free(Tls *t)
{
    if (!t)
        return;
    if (t->ssl && t->up)
        SSL_shutdown(t->ssl); /* close_notify, if the socket takes it at once */
    ERR_clear_error();
    SSL_free(t->ssl);
    tls_report_unref(t->report);
    g_free(t->name);
    g_free(t);
}
