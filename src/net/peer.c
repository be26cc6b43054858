/* peer.c - recognizes the other protocols that sit on mail ports by how they greet. */
#include "peer.h"
#include <string.h>
#include "dial.h"
#include "pintail/util/i18n.h"
#include "pintail/util/text.h"

#define QUOTE_MAX 80 /* bytes of a greeting that are shown */

gboolean peer_is_tls(Span first)
{
    if (first.len == 0)
        return FALSE;
    guint8 type = (guint8)first.at[0];
    return type >= 20 && type <= 24 && (first.len < 2 || first.at[1] == 3);
}

static gboolean begins(Span s, const char *with)
{
    gsize len = strlen(with);
    return s.len >= len && g_ascii_strncasecmp(s.at, with, len) == 0;
}

/* NULL when unknown. */
static const char *guess(Span first)
{
    if (begins(first, "* OK") || begins(first, "* PREAUTH") || begins(first, "* BYE"))
        return "IMAP";
    if (begins(first, "+OK") || begins(first, "-ERR"))
        return "POP3";
    if (begins(first, "SSH-"))
        return "SSH";
    if (begins(first, "HTTP/") || begins(first, "<"))
        return "HTTP";
    if (peer_is_tls(first))
        return "TLS";
    gboolean code = first.len >= 4 && g_ascii_isdigit(first.at[0]) && g_ascii_isdigit(first.at[1]) &&
                    g_ascii_isdigit(first.at[2]) && (first.at[3] == ' ' || first.at[3] == '-');
    return code ? "SMTP" : NULL;
}

static char *quote(Span first)
{
    gsize len = 0;
    while (len < first.len && len < QUOTE_MAX && first.at[len] != '\r' && first.at[len] != '\n')
        len++;
    return printable_text(len ? first.at : "", len, FALSE);
}

/* "imaps://localhost:993" where `suffix` is "s". */
static char *with_scheme(const Endpoint *where, const char *suffix)
{
    g_autofree char *name = g_ascii_strdown(dial_protocol_name(where->protocol), -1);
    gboolean v6 = strchr(where->host, ':') != NULL;
    return g_strdup_printf(v6 ? "%s%s://[%s]:%u" : "%s%s://%s:%u", name, suffix, where->host, where->port);
}

char *peer_expects_tls(const Endpoint *where)
{
    g_autofree char *hint = dial_port_hint(where);
    g_autofree char *other = with_scheme(where, "s");
    return g_strdup_printf(_("%s:%u speaks TLS from the first byte: write %s for it%s"), where->host, where->port,
                           other, hint);
}

char *peer_not_tls(const Endpoint *where, Span first)
{
    const char *what = guess(first);
    g_autofree char *words = quote(first);
    g_autofree char *hint = dial_port_hint(where);
    if (what && strcmp(what, dial_protocol_name(where->protocol)) == 0) {
        g_autofree char *other = with_scheme(where, "");
        return g_strdup_printf(_("%s:%u speaks %s in clear text at first: write %s for it, then TLS begins "
                                 "with STARTTLS%s; it says '%s'"),
                               where->host, where->port, what, other, hint, words);
    }
    if (what)
        return g_strdup_printf(_("%s:%u is no %s server with TLS, it speaks %s: '%s'%s"),
                               where->host, where->port, dial_protocol_name(where->protocol), what,
                               words, hint);
    return g_strdup_printf(_("%s:%u does not speak TLS: '%s'%s"), where->host, where->port, words,
                           hint);
}

char *peer_silent_handshake(const Endpoint *where)
{
    g_autofree char *hint = dial_port_hint(where);
    return g_strdup_printf(_("%s:%u accepts the connection but does not finish the TLS handshake%s"),
                           where->host, where->port, hint);
}

char *peer_silent_greeting(const Endpoint *where)
{
    g_autofree char *hint = dial_port_hint(where);
    return g_strdup_printf(_("%s:%u accepts the connection but says nothing: it may be overloaded, "
                             "or expect TLS from the first byte%s"),
                           where->host, where->port, hint);
}

char *peer_wrong_greeting(const Endpoint *where, Span line)
{
    const char *what = guess(line);
    const char *wanted = dial_protocol_name(where->protocol);
    g_autofree char *words = quote(line);
    g_autofree char *hint = dial_port_hint(where);
    if (what && strcmp(what, "TLS") == 0)
        return peer_expects_tls(where);
    if (what && strcmp(what, wanted) != 0)
        return g_strdup_printf(_("%s:%u is no %s server, it speaks %s: '%s'%s"), where->host,
                               where->port, wanted, what, words, hint);
    return g_strdup_printf(_("what %s:%u greets with is not %s: '%s'%s"), where->host, where->port,
                           wanted, words, hint);
}
