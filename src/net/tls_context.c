/* tls_context.c - one SSL_CTX per ca_file, because loading a trust store is slow.
 *
 * The table is guarded by a lock; a context is not changed any more once it is in the
 * table, so connections of all threads may use it at the same time. */
#include "tls_context.h"
#include <errno.h>
#include <openssl/err.h>
#include <pthread.h>
#include <sys/stat.h>
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"

typedef struct {
    char *ca_file; /* NULL: only the system's anchors */
    gint64 changed; /* state of the file when it was read */
    gint64 size;
    SSL_CTX *context;
} Entry;

#define ENTRIES_MAX 16 /* more ca_files than accounts have: the oldest is forgotten */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static Entry entries[ENTRIES_MAX];
static guint next_slot;

const char *tls_error_text(void)
{
    unsigned long code = ERR_get_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    ERR_clear_error();
    return reason ? reason : _("unknown reason");
}

static SSL_CTX *build(const char *ca_file, TlsVerify verify, GError **err)
{
    ERR_clear_error();
    SSL_CTX *c = SSL_CTX_new(TLS_client_method());
    if (!c || !SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION)) {
        error_set(err, PINTAIL_ERROR_TLS, _("cannot start OpenSSL: %s"), tls_error_text());
        SSL_CTX_free(c);
        return NULL;
    }
    SSL_CTX_set_options(c, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                            SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_read_ahead(c, 1);
    SSL_CTX_set_verify(c, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(c, verify, NULL);
    /* A missing system store is no error here: then nothing verifies, which is said later. */
    SSL_CTX_set_default_verify_paths(c);
    ERR_clear_error();
    if (!ca_file)
        return c;
    if (!SSL_CTX_load_verify_file(c, ca_file)) {
        error_set(err, PINTAIL_ERROR_TLS, _("cannot use the certificates in '%s': %s"), ca_file,
                  tls_error_text());
        SSL_CTX_free(c);
        return NULL;
    }
    /* What the person named is trusted as it is, be it a root or not. */
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(c), X509_V_FLAG_PARTIAL_CHAIN);
    return c;
}

static SSL_CTX *find(const char *ca_file, gint64 changed, gint64 size)
{
    for (guint i = 0; i < ENTRIES_MAX; i++) {
        Entry *e = &entries[i];
        if (e->context && g_strcmp0(e->ca_file, ca_file) == 0 && e->changed == changed &&
            e->size == size)
            return e->context;
    }
    return NULL;
}

static void keep(const char *ca_file, gint64 changed, gint64 size, SSL_CTX *context)
{
    Entry *e = NULL;
    for (guint i = 0; i < ENTRIES_MAX && !e; i++) {
        if (!entries[i].context || g_strcmp0(entries[i].ca_file, ca_file) == 0)
            e = &entries[i];
    }
    if (!e)
        e = &entries[next_slot++ % ENTRIES_MAX];
    SSL_CTX_free(e->context);
    g_free(e->ca_file);
    *e = (Entry){g_strdup(ca_file), changed, size, context};
}

SSL_CTX *tls_context(const char *ca_file, TlsVerify verify, GError **err)
{
    gint64 changed = 0, size = 0;
    struct stat st;
    if (ca_file) {
        if (stat(ca_file, &st) != 0) {
            error_set_errno(err, PINTAIL_ERROR_TLS, errno, _("cannot read certificates from '%s'"),
                            ca_file);
            return NULL;
        }
        changed = (gint64)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
        size = st.st_size;
    }
    pthread_mutex_lock(&lock);
    SSL_CTX *c = find(ca_file, changed, size);
    if (!c) {
        c = build(ca_file, verify, err);
        if (c)
            keep(ca_file, changed, size, c);
    }
    if (c)
        SSL_CTX_up_ref(c);
    pthread_mutex_unlock(&lock);
    return c;
}
