/* tls_report.c - certificates to text. Every field is hostile: it is bounded and made
 * printable here, long before it can reach a screen. */
#include "tls_report.h"
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>
#include "pintail/util/date.h"
#include "pintail/util/i18n.h"
#include "pintail/util/text.h"

#define CHAIN_MAX 10   /* certificates shown; OpenSSL itself stops at 100 */
#define NAMES_MAX 50   /* alternative names shown */
#define FIELD_MAX 500u /* bytes of one name */
#define NAMES_WIDTH 120 /* cells of all names within a sentence */

char *tls_fingerprint(const X509 *certificate)
{
    guint8 digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    if (!X509_digest(certificate, EVP_sha256(), digest, &len))
        return NULL;
    GString *out = g_string_sized_new(3 * len);
    for (unsigned i = 0; i < len; i++)
        g_string_append_printf(out, i ? ":%02X" : "%02X", digest[i]);
    return g_string_free(out, FALSE);
}

static const char *next_digit(const char *p)
{
    while (*p && !g_ascii_isxdigit(*p))
        p++;
    return p;
}

gboolean tls_fingerprint_equal(const char *a, const char *b)
{
    gsize digits = 0;
    for (;; a++, b++, digits++) {
        a = next_digit(a);
        b = next_digit(b);
        if (!*a || !*b)
            return *a == *b && digits == 64;
        if (g_ascii_xdigit_value(*a) != g_ascii_xdigit_value(*b))
            return FALSE;
    }
}

static char *name_text(const X509_NAME *name)
{
    BIO *memory = BIO_new(BIO_s_mem());
    if (!memory)
        return g_strdup("");
    X509_NAME_print_ex(memory, name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB);
    char *bytes = NULL;
    long len = BIO_get_mem_data(memory, &bytes);
    char *text = printable_text(bytes ? bytes : "", MIN((gsize)MAX(len, 0), FIELD_MAX), FALSE);
    BIO_free(memory);
    return text;
}

static void append_name(GString *out, const GENERAL_NAME *name)
{
    g_autofree char *text = NULL;
    if (name->type == GEN_DNS) {
        const ASN1_IA5STRING *s = name->d.dNSName;
        text = printable_text((const char *)ASN1_STRING_get0_data(s),
                              MIN((gsize)ASN1_STRING_length(s), FIELD_MAX), FALSE);
    } else if (name->type == GEN_IPADD) {
        const ASN1_OCTET_STRING *s = name->d.iPAddress;
        char address[INET6_ADDRSTRLEN] = "";
        int family = ASN1_STRING_length(s) == 4 ? AF_INET : AF_INET6;
        if (ASN1_STRING_length(s) == 4 || ASN1_STRING_length(s) == 16)
            inet_ntop(family, ASN1_STRING_get0_data(s), address, sizeof address);
        text = g_strdup(address);
    }
    if (text && *text)
        g_string_append_printf(out, out->len ? ", %s" : "%s", text);
}

static char *alternative_names(const X509 *certificate)
{
    GString *out = g_string_new(NULL);
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    int count = names ? sk_GENERAL_NAME_num(names) : 0;
    for (int i = 0; i < MIN(count, NAMES_MAX); i++)
        append_name(out, sk_GENERAL_NAME_value(names, i));
    if (count > NAMES_MAX)
        g_string_append(out, ", …");
    GENERAL_NAMES_free(names);
    return g_string_free(out, FALSE);
}

static gint64 unix_time(const ASN1_TIME *when)
{
    struct tm tm = {0};
    return when && ASN1_TIME_to_tm(when, &tm) ? (gint64)timegm(&tm) : 0;
}

static Certificate *describe(const X509 *certificate)
{
    Certificate *c = g_new0(Certificate, 1);
    c->subject = name_text(X509_get_subject_name(certificate));
    c->issuer = name_text(X509_get_issuer_name(certificate));
    c->names = alternative_names(certificate);
    c->not_before = unix_time(X509_get0_notBefore(certificate));
    c->not_after = unix_time(X509_get0_notAfter(certificate));
    c->sha256 = tls_fingerprint(certificate);
    if (!c->sha256)
        c->sha256 = g_strdup("");
    return c;
}

static char *day(gint64 when)
{
    g_autoptr(GDateTime) d = g_date_time_new_from_unix_utc(when);
    return d ? g_date_time_format(d, "%Y-%m-%d") : g_strdup("?");
}

/* One sentence for the person who has to decide. */
static char *problem_text(int error, int depth, const Certificate *leaf, const char *host)
{
    g_autofree char *from = day(leaf ? leaf->not_before : 0);
    g_autofree char *until = day(leaf ? leaf->not_after : 0);
    switch (error) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        if (leaf && *leaf->names) {
            g_autofree char *names = text_clip(leaf->names, NAMES_WIDTH, FALSE);
            return g_strdup_printf(_("the certificate is for %s, not for %s"), names, host);
        }
        return g_strdup_printf(_("the certificate does not name %s"), host);
    case X509_V_ERR_CERT_HAS_EXPIRED:
        if (depth == 0)
            return g_strdup_printf(_("the certificate has expired on %s"), until);
        return g_strdup(_("a certificate of the authority that signed it has expired"));
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return g_strdup_printf(_("the certificate is not valid before %s: is the clock right?"),
                               from);
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        return g_strdup(_("the certificate is signed by itself, by no known authority"));
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        return g_strdup(_("the certificate is not signed by an authority that this system trusts"));
    default:
        return g_strdup(X509_verify_cert_error_string(error));
    }
}

TlsReport *tls_report_from(X509_STORE_CTX *failed, const char *host, guint16 port)
{
    int error = X509_STORE_CTX_get_error(failed);
    TlsReport *r = tls_report_new(host, port, "");
    X509 *leaf = X509_STORE_CTX_get0_cert(failed);
    STACK_OF(X509) *sent = X509_STORE_CTX_get0_untrusted(failed);
    if (leaf)
        g_ptr_array_add(r->chain, describe(leaf));
    for (int i = 0; sent && i < sk_X509_num(sent) && r->chain->len < CHAIN_MAX; i++) {
        X509 *one = sk_X509_value(sent, i);
        if (!leaf || X509_cmp(one, leaf) != 0)
            g_ptr_array_add(r->chain, describe(one));
    }
    g_free(r->problem);
    r->problem = problem_text(error, X509_STORE_CTX_get_error_depth(failed),
                              r->chain->len ? g_ptr_array_index(r->chain, 0) : NULL, host);
    ERR_clear_error();
    return r;
}
