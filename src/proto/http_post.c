/* http_post.c - see http.h. The answer's body is not read: its first line says all. */
#include "pintail/proto/http.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"

#define LINE_MAX_BYTES 4096
#define INTERIM_MAX    5   /* 1xx answers */
#define FIELDS_MAX     200

typedef struct {
    Endpoint *where;
    char *target;    /* path and query */
    char *authority; /* for Host */
} Target;

static void target_clear(Target *t)
{
    endpoint_free(t->where);
    g_free(t->target);
    g_free(t->authority);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Target, target_clear)

/* Nothing that could end a line, or is no character of a URL, goes on. */
static gboolean is_clean(const char *url)
{
    for (const char *p = url; *p; p++)
        if ((guchar)*p <= ' ' || (guchar)*p >= 0x7f || *p == '\\')
            return FALSE;
    return TRUE;
}

static gboolean parse(const char *url, Target *out, GError **err)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(GUri) u = is_clean(url) ? g_uri_parse(url, G_URI_FLAGS_ENCODED, &why) : NULL;
    const char *host = u ? g_uri_get_host(u) : NULL;
    if (!u || !host || !*host || g_ascii_strcasecmp(g_uri_get_scheme(u), "https") != 0 || g_uri_get_userinfo(u)) {
        error_set(err, PINTAIL_ERROR_INVALID, _("'%s' is no https address that can be posted to"), url);
        return FALSE;
    }
    int port = g_uri_get_port(u);
    const char *path = g_uri_get_path(u), *query = g_uri_get_query(u);
    out->where = g_new0(Endpoint, 1);
    out->where->protocol = PROTOCOL_HTTP;
    out->where->tls = TLS_IMPLICIT;
    out->where->host = g_strdup(host);
    out->where->port = port > 0 ? (guint16)port : 443;
    out->target = g_strdup_printf("%s%s%s", path && *path ? path : "/", query ? "?" : "", query ? query : "");
    const char *form = strchr(host, ':') ? "[%s]" : "%s";
    g_autofree char *name = g_strdup_printf(form, host);
    out->authority = out->where->port == 443 ? g_strdup(name) : g_strdup_printf("%s:%u", name, out->where->port);
    return TRUE;
}

/* "HTTP/1.1 200 OK". */
static gboolean parse_status(Span line, guint *status, char **words)
{
    if (line.len < 12 || memcmp(line.at, "HTTP/1.", 7) != 0 || line.at[8] != ' ')
        return FALSE;
    *status = 0;
    for (gsize i = 9; i < 12; i++) {
        if (!g_ascii_isdigit(line.at[i]))
            return FALSE;
        *status = *status * 10 + (guint)(line.at[i] - '0');
    }
    g_autofree char *rest = g_strndup(line.at + 12, MIN(line.len - 12, 100));
    *words = g_utf8_make_valid(g_strstrip(rest), -1);
    return *status >= 100;
}

static gboolean read_answer(Stream *s, guint *status, char **words, GError **err)
{
    for (guint interim = 0; interim < INTERIM_MAX; interim++) {
        Span line;
        if (!stream_read_line(s, LINE_MAX_BYTES, &line, err))
            return FALSE;
        if (!parse_status(line, status, words))
            break;
        if (*status >= 200)
            return TRUE;
        g_clear_pointer(words, g_free);
        for (guint i = 0; i < FIELDS_MAX; i++) {
            if (!stream_read_line(s, LINE_MAX_BYTES, &line, err))
                return FALSE;
            if (line.len == 0)
                break;
        }
    }
    g_clear_pointer(words, g_free);
    error_set(err, PINTAIL_ERROR_PROTOCOL, _("%s does not answer as a web server does"), stream_peer(s));
    return FALSE;
}

gboolean http_post(const char *url, const char *content_type, const char *body, const StreamOptions *options,
                   guint *status, char **words, GError **err)
{
    g_auto(Target) t = {0};
    *words = NULL;
    if (!parse(url, &t, err))
        return FALSE;
    g_autoptr(TlsReport) report = NULL;
    g_autoptr(Stream) s = stream_open(t.where, options, &report, err);
    if (!s)
        return FALSE;
    if (!stream_is_tls(s)) {
        error_set(err, PINTAIL_ERROR_TLS, _("%s: no TLS"), stream_peer(s));
        return FALSE;
    }
    g_autofree char *head = g_strdup_printf("POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\nContent-Length: %" G_GSIZE_FORMAT
                                            "\r\nConnection: close\r\n\r\n", t.target, t.authority, content_type, strlen(body));
    stream_deadline(s, 0);
    return stream_write(s, head, strlen(head), err) && stream_write(s, body, strlen(body), err) &&
           stream_flush(s, err) && read_answer(s, status, words, err);
}
