/* endpoint.c - SCHEME://[USER@]HOST[:PORT] (RFC 3986 section 3.2, no more of it than
 * a server's address needs). Linear; nothing is resolved here. */
#include "pintail/util/endpoint.h"
#include <arpa/inet.h>
#include <idn2.h>
#include <string.h>
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"

static const struct {
    const char *scheme;
    Protocol protocol;
    TlsMode tls;
    guint16 port;
} schemes[] = {
    {"imap", PROTOCOL_IMAP, TLS_STARTTLS, 143}, {"imaps", PROTOCOL_IMAP, TLS_IMPLICIT, 993},
    {"pop3", PROTOCOL_POP3, TLS_STARTTLS, 110}, {"pop3s", PROTOCOL_POP3, TLS_IMPLICIT, 995},
    /* RFC 6409 and RFC 8314: submission, not relay. */
    {"smtp", PROTOCOL_SMTP, TLS_STARTTLS, 587}, {"smtps", PROTOCOL_SMTP, TLS_IMPLICIT, 465},
};

guint16 endpoint_default_port(Protocol protocol, TlsMode tls)
{
    if (protocol == PROTOCOL_HTTP)
        return 443;
    TlsMode wanted = tls == TLS_OFF ? TLS_STARTTLS : tls; /* clear text uses the same port */
    for (gsize i = 0; i < G_N_ELEMENTS(schemes); i++) {
        if (schemes[i].protocol == protocol && schemes[i].tls == wanted)
            return schemes[i].port;
    }
    g_assert_not_reached();
}

static gboolean invalid(GError **err, const char *url, const char *why)
{
    error_set(err, PINTAIL_ERROR_INVALID,
              _("'%s' is not a server address: %s (expected for example %s)"), url, why,
              "imaps://ana@imap.example.org");
    return FALSE;
}

static int hex_value(char c)
{
    return g_ascii_isxdigit(c) ? g_ascii_xdigit_value(c) : -1;
}

/* NULL when there is an escape that is none, or a control character. */
static char *percent_decode(const char *text, gsize len)
{
    g_autoptr(GString) out = g_string_sized_new(len);
    for (gsize i = 0; i < len; i++) {
        guchar c = (guchar)text[i];
        if (c == '%') {
            if (i + 2 >= len || hex_value(text[i + 1]) < 0 || hex_value(text[i + 2]) < 0)
                return NULL;
            c = (guchar)(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
            i += 2;
        }
        if (c < 0x20 || c == 0x7f)
            return NULL;
        g_string_append_c(out, (char)c);
    }
    if (!g_utf8_validate(out->str, (gssize)out->len, NULL))
        return NULL;
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static gboolean parse_scheme(const char *url, Endpoint *e, const char **rest, GError **err)
{
    const char *colon = strstr(url, "://");
    if (!colon)
        return invalid(err, url, _("it has no \"://\""));
    gsize len = (gsize)(colon - url);
    for (gsize i = 0; i < G_N_ELEMENTS(schemes); i++) {
        if (strlen(schemes[i].scheme) == len &&
            g_ascii_strncasecmp(url, schemes[i].scheme, len) == 0) {
            e->protocol = schemes[i].protocol;
            e->tls = schemes[i].tls;
            e->port = schemes[i].port;
            *rest = colon + 3;
            return TRUE;
        }
    }
    return invalid(err, url, _("it must begin with imap, imaps, pop3, pop3s, smtp or smtps"));
}

static gboolean parse_user(const char *url, const char *text, gsize len, Endpoint *e, GError **err)
{
    if (len == 0)
        return invalid(err, url, _("nothing stands before the \"@\""));
    if (memchr(text, ':', len))
        return invalid(err, url, _("a password does not belong here, use the setting \"password\"; "
                                   "a colon in the user name is written %3A"));
    e->user = percent_decode(text, len);
    return e->user || invalid(err, url, _("the user name is not valid text"));
}

/* Without brackets; an IPv6 address may carry a zone ("fe80::1%eth0"). */
static gboolean parse_ipv6(const char *url, const char *text, gsize len, Endpoint *e, GError **err)
{
    g_autofree char *address = g_strndup(text, len);
    char *zone = strchr(address, '%');
    if (zone)
        *zone = '\0';
    struct in6_addr ignored;
    gboolean zone_ok = !zone || zone[1];
    for (const char *p = zone ? zone + 1 : ""; *p && zone_ok; p++)
        zone_ok = g_ascii_isalnum(*p) || strchr("._-", *p);
    if (!zone_ok || inet_pton(AF_INET6, address, &ignored) != 1)
        return invalid(err, url, _("the brackets must hold an IPv6 address"));
    e->host = g_strndup(text, len);
    return TRUE;
}

static gboolean parse_name(const char *url, const char *text, gsize len, Endpoint *e, GError **err)
{
    if (len == 0)
        return invalid(err, url, _("the host is missing"));
    if (len > 255 || text[0] == '.' || text[0] == '-' || !g_utf8_validate(text, (gssize)len, NULL))
        return invalid(err, url, _("the host name is not valid"));
    for (gsize i = 0; i < len; i++) {
        guchar c = (guchar)text[i];
        gboolean dots = c == '.' && i + 1 < len && text[i + 1] == '.';
        if (dots || (c < 0x80 && !g_ascii_isalnum(c) && !strchr("._-", c)))
            return invalid(err, url, _("the host name is not valid"));
    }
    e->host = g_strndup(text, len);
    return TRUE;
}

static gboolean parse_port(const char *url, const char *text, Endpoint *e, GError **err)
{
    guint port = 0;
    gsize digits = 0;
    for (; g_ascii_isdigit(text[digits]) && digits < 6; digits++)
        port = port * 10 + (guint)(text[digits] - '0');
    if (digits == 0 || text[digits] || port == 0 || port > 65535)
        return invalid(err, url, _("the port must be a number from 1 to 65535"));
    e->port = (guint16)port;
    return TRUE;
}

Endpoint *endpoint_parse(const char *url, GError **err)
{
    g_autoptr(Endpoint) e = g_new0(Endpoint, 1);
    const char *rest = NULL;
    if (!parse_scheme(url, e, &rest, err))
        return NULL;
    g_autofree char *authority = g_strdup(rest);
    gsize len = strlen(authority);
    if (len && authority[len - 1] == '/')
        authority[--len] = '\0';
    if (strpbrk(authority, "/?#")) {
        invalid(err, url, _("nothing may follow the host and port"));
        return NULL;
    }
    char *host = authority;
    char *at = strrchr(authority, '@');
    if (at) {
        if (!parse_user(url, authority, (gsize)(at - authority), e, err))
            return NULL;
        host = at + 1;
    }
    const char *after;
    if (host[0] == '[') {
        const char *close = strchr(host, ']');
        if (!close) {
            invalid(err, url, _("the \"]\" is missing"));
            return NULL;
        }
        if (!parse_ipv6(url, host + 1, (gsize)(close - host - 1), e, err))
            return NULL;
        after = close + 1;
    } else {
        gsize name = strcspn(host, ":");
        if (strchr(host + name, ':') != strrchr(host + name, ':')) {
            invalid(err, url, _("an IPv6 address is written in brackets, [::1]"));
            return NULL;
        }
        if (!parse_name(url, host, name, e, err))
            return NULL;
        after = host + name;
    }
    if (*after && *after != ':') {
        invalid(err, url, _("nothing may follow the host and port"));
        return NULL;
    }
    if (*after == ':' && !parse_port(url, after + 1, e, err))
        return NULL;
    return g_steal_pointer(&e);
}

Endpoint *endpoint_copy(const Endpoint *e)
{
    if (!e)
        return NULL;
    Endpoint *copy = g_memdup2(e, sizeof *e);
    copy->user = g_strdup(e->user);
    copy->host = g_strdup(e->host);
    return copy;
}

void endpoint_free(Endpoint *e)
{
    if (!e)
        return;
    g_free(e->user);
    g_free(e->host);
    g_free(e);
}

char *endpoint_to_url(const Endpoint *e)
{
    TlsMode written = e->tls == TLS_OFF ? TLS_STARTTLS : e->tls;
    GString *url = g_string_new(NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(schemes); i++) {
        if (schemes[i].protocol == e->protocol && schemes[i].tls == written)
            g_string_append_printf(url, "%s://", schemes[i].scheme);
    }
    for (const char *p = e->user; p && *p; p++) {
        guchar c = (guchar)*p;
        if (c >= 0x80 || g_ascii_isalnum(c) || strchr("-._~+@=!$&'()*,", c))
            g_string_append_c(url, (char)c);
        else
            g_string_append_printf(url, "%%%02X", c);
    }
    if (e->user)
        g_string_append_c(url, '@');
    g_string_append_printf(url, strchr(e->host, ':') ? "[%s]" : "%s", e->host);
    if (e->port != endpoint_default_port(e->protocol, e->tls))
        g_string_append_printf(url, ":%u", e->port);
    return g_string_free(url, FALSE);
}

gboolean endpoint_is_loopback(const Endpoint *e)
{
    struct in_addr v4;
    struct in6_addr v6;
    gsize len = strlen(e->host);
    if (g_ascii_strcasecmp(e->host, "localhost") == 0 ||
        g_ascii_strcasecmp(e->host, "localhost.") == 0 ||
        (len > 10 && g_ascii_strcasecmp(e->host + len - 10, ".localhost") == 0)) /* RFC 6761 */
        return TRUE;
    if (inet_pton(AF_INET, e->host, &v4) == 1)
        return (ntohl(v4.s_addr) >> 24) == 127;
    return inet_pton(AF_INET6, e->host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

char *endpoint_ascii_host(const char *host, GError **err)
{
    gboolean ascii = TRUE;
    for (const char *p = host; *p && ascii; p++)
        ascii = (guchar)*p < 0x80;
    if (ascii)
        return g_strdup(host); /* addresses, and names with underscores, stay as they are */
    char *encoded = NULL;
    int rc = idn2_to_ascii_8z(host, &encoded, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
    if (rc != IDN2_OK) {
        error_set(err, PINTAIL_ERROR_INVALID, _("'%s' is not a valid host name: %s"), host,
                  idn2_strerror(rc));
        return NULL;
    }
    char *copy = g_strdup(encoded);
    idn2_free(encoded);
    return copy;
}

char *endpoint_unicode_host(const char *host)
{
    char *decoded = NULL;
    if (!g_utf8_validate(host, -1, NULL) || idn2_to_unicode_8z8z(host, &decoded, 0) != IDN2_OK)
        return NULL;
    char *copy = g_strdup(decoded);
    idn2_free(decoded);
    return copy;
}
