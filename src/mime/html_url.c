/* html_url.c - see html_url.h. No list of companies: what gives a counter away is its shape. */
#include "html_url.h"
#include <string.h>

#define HOST_MAX 253
#define OPAQUE_MIN 24 /* so long a word without a meaning is a key to a reader */

gboolean url_is_web(const char *url)
{
    return g_ascii_strncasecmp(url, "https://", 8) == 0 || g_ascii_strncasecmp(url, "http://", 7) == 0;
}

/* Between "//" and what ends it; browsers take "\" for "/". */
static const char *authority(const char *url, gsize *len)
{
    const char *p = url_is_web(url) ? strchr(url, ':') + 1 : url;
    if ((p[0] != '/' && p[0] != '\\') || (p[1] != '/' && p[1] != '\\'))
        return NULL;
    p += 2;
    *len = strcspn(p, "/\\?#");
    return p;
}

char *url_host(const char *url)
{
    gsize len;
    const char *p = authority(url, &len);
    if (!p)
        return NULL;
    for (const char *at; (at = memchr(p, '@', len)); ) {
        len -= (gsize)(at + 1 - p);
        p = at + 1;
    }
    if (*p == '[') /* IPv6 */
        return g_ascii_strdown(p, (gssize)MIN(len, strcspn(p, "]") + 1));
    gsize n = 0;
    while (n < len && p[n] != ':')
        n++;
    while (n > 0 && p[n - 1] == '.')
        n--;
    if (n == 0 || n > HOST_MAX)
        return g_strdup("");
    g_autofree char *raw = g_uri_unescape_segment(p, p + n, NULL);
    g_autofree char *valid = g_utf8_make_valid(raw ? raw : "", -1);
    char *ascii = g_hostname_to_ascii(valid);
    if (!ascii)
        return g_strdup(valid);
    for (char *c = ascii; *c; c++)
        *c = g_ascii_tolower(*c);
    return ascii;
}

char *url_resolve(const char *base, const char *href)
{
    gsize scheme = strspn(href, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-");
    if (scheme > 0 && href[scheme] == ':')
        return g_strdup(href);
    if (!base || !url_is_web(base))
        return g_str_has_prefix(href, "//") ? g_strdup_printf("https:%s", href) : NULL;
    g_autoptr(GError) err = NULL;
    return g_uri_resolve_relative(base, href, G_URI_FLAGS_PARSE_RELAXED | G_URI_FLAGS_ENCODED, &err);
}

/* ---- counters ---- */

/* A word of a host's first label, or of a path: "click3", "links-2" are "click", "links". */
static gboolean word_is(const char *at, gsize len, const char *const *words)
{
    while (len > 0 && (g_ascii_isdigit(at[len - 1]) || at[len - 1] == '-'))
        len--;
    for (; *words; words++)
        if (strlen(*words) == len && g_ascii_strncasecmp(at, *words, len) == 0)
            return TRUE;
    return FALSE;
}

static gboolean host_has(const char *host, const char *const *words)
{
    for (const char *p = host; *p;) {
        gsize n = strcspn(p, ".");
        if (!p[n]) /* the last label is no word */
            return FALSE;
        if (word_is(p, n, words))
            return TRUE;
        p += n + 1;
    }
    return FALSE;
}

static const char *path_of(const char *url)
{
    gsize len;
    const char *p = authority(url, &len);
    return p ? p + len : "";
}

static gboolean path_has(const char *path, const char *const *words)
{
    gsize end = strcspn(path, "?#");
    for (gsize at = 0; at < end;) {
        at += strspn(path + at, "/");
        gsize n = strcspn(path + at, "/?#");
        if (word_is(path + at, n, words))
            return TRUE;
        at += n;
        if (n == 0)
            break;
    }
    return FALSE;
}

/* A long run of letters and digits of which no human makes sense. */
static gboolean has_opaque_word(const char *path)
{
    for (const char *p = path; *p;) {
        gsize n = 0, digits = 0, upper = 0;
        for (; g_ascii_isalnum(p[n]) || (p[n] && strchr("_-=%.~", p[n])); n++) {
            digits += g_ascii_isdigit(p[n]) != 0;
            upper += g_ascii_isupper(p[n]) != 0;
        }
        if (n >= OPAQUE_MIN && (digits >= 3 || upper >= 4))
            return TRUE;
        p += n ? n : 1;
    }
    return FALSE;
}

/* "?url=https%3A%2F%2F…", "/https://…" */
static char *target_within(const char *path)
{
    static const char *const names[] = {"url", "u", "q", "to", "target", "redirect", "redirect_url",
                                        "redirecturl", "redirect_uri", "dest", "destination", "link",
                                        "goto", "r", "adurl", "rurl", "ued", "href"};
    const char *query = strchr(path, '?');
    for (const char *p = query ? query + 1 : ""; *p;) {
        gsize n = strcspn(p, "&#"), name = strcspn(p, "=&#");
        for (gsize i = 0; i < G_N_ELEMENTS(names) && name < n; i++) {
            if (strlen(names[i]) != name || g_ascii_strncasecmp(p, names[i], name) != 0)
                continue;
            g_autofree char *value = g_uri_unescape_segment(p + name + 1, p + n, NULL);
            if (value && url_is_web(value))
                return g_utf8_make_valid(value, -1);
        }
        p += n + (p[n] != '\0');
    }
    const char *inner = strstr(path, "/http");
    if (inner && url_is_web(inner + 1))
        return g_utf8_make_valid(inner + 1, -1);
    if (inner && (strncmp(inner, "/https%3A", 9) == 0 || strncmp(inner, "/http%3A", 8) == 0)) {
        g_autofree char *value = g_uri_unescape_segment(inner + 1, inner + strcspn(inner, "?&#"), NULL);
        if (value && url_is_web(value))
            return g_utf8_make_valid(value, -1);
    }
    return NULL;
}

static const char *const click_hosts[] = {"click", "clicks", "link", "links", "lnk", "track", "tracking",
                                          "trk", "email", "mailtrack", "redirect", "redir", "elink",
                                          "go", "ct", "t", "e", "url", "nl", "mandrillapp", "list-manage",
                                          "sendgrid", "mailgun", "ablink", "ablinks", "r", NULL};
static const char *const click_paths[] = {"click", "clicks", "ls", "track", "trk", "redirect", "redir", "r",
                                          "c", "ct", "cl", "lt", "CL", "wf", "e", "link", "links", "f", "t",
                                          NULL};

gboolean url_counts_clicks(const char *url, char **target)
{
    if (target)
        *target = NULL;
    g_autofree char *host = url_is_web(url) ? url_host(url) : NULL;
    if (!host || !*host)
        return FALSE;
    const char *path = path_of(url);
    g_autofree char *inner = target_within(path);
    gboolean by_host = host_has(host, click_hosts), by_path = path_has(path, click_paths);
    if (inner) {
        g_autofree char *inner_host = url_host(inner);
        gboolean elsewhere = inner_host && !url_same_site(host, inner_host);
        if (!elsewhere && !by_host && !by_path)
            return FALSE;
        if (target)
            *target = g_steal_pointer(&inner);
        return TRUE;
    }
    return (by_host || by_path) && has_opaque_word(path);
}

gboolean url_counts_readers(const char *url)
{
    static const char *const paths[] = {"open", "opens", "track", "tracking", "pixel", "beacon", "o", "wf",
                                        "open.aspx", "pixel.gif", "open.gif", "o.gif", "beacon.gif",
                                        "open.php", "track.php", "pixel.png", "spacer_track", NULL};
    static const char *const hosts[] = {"open", "opens", "pixel", "beacon", "track", "tracking", "trk", NULL};
    g_autofree char *host = url_host(url);
    const char *path = path_of(url);
    if (!host || !has_opaque_word(path))
        return FALSE;
    return host_has(host, hosts) || path_has(path, paths);
}

/* ---- names ---- */

/* "https://Example.com/x", "www.example.com", "example.com": nothing beside it. */
char *url_named_host(const char *text)
{
    g_autofree char *one = g_strstrip(g_strdup(text));
    if (url_is_web(one) && !strpbrk(one, " \t\n"))
        return url_host(one);
    gsize n = strcspn(one, "/?#:");
    const char *dot = n > 0 ? memrchr(one, '.', n) : NULL;
    if (!dot || strpbrk(one, " \t\n@<>(),;|") || n > HOST_MAX || dot == one || one + n - dot < 3)
        return NULL;
    gunichar last = g_utf8_get_char_validated(dot + 1, -1);
    if (last == (gunichar)-1 || last == (gunichar)-2 || !g_unichar_isalpha(last))
        return NULL;
    /* a file name is no host: "invoice.pdf"; a host without "www." has to go on, or be known to be one */
    static const char *const endings[] = {"com", "org", "net", "gov", "edu", "io", "eu", "de", "fr", "uk",
                                          "example", "info", "biz", "ch", "at", "nl", "it", "es", "pl", "jp",
                                          "cn", "ru", "br", "au", "ca", "us", "me", "app", "dev", "shop"};
    gboolean known = g_ascii_strncasecmp(one, "www.", 4) == 0;
    for (gsize i = 0; i < G_N_ELEMENTS(endings) && !known; i++)
        known = strlen(endings[i]) == (gsize)(one + n - dot - 1) &&
                g_ascii_strncasecmp(dot + 1, endings[i], strlen(endings[i])) == 0;
    if (!known)
        return NULL;
    g_autofree char *url = g_strconcat("https://", one, NULL);
    return url_host(url);
}

/* The part that one can register: two labels, three where the second is one like "co" in "co.uk". */
static const char *site_of(const char *host)
{
    const char *label[3] = {host, host, host}; /* of the last, second and third label from the end */
    gsize n = strlen(host), found = 0;
    for (gsize i = n; i-- > 0 && found < 3;)
        if (host[i] == '.')
            label[found++] = host + i + 1;
    if (found < 2)
        return host;
    gsize tld = strlen(label[0]), second = (gsize)(label[0] - label[1]) - 1;
    return tld == 2 && second <= 3 ? (found < 3 ? host : label[2]) : label[1];
}

static gboolean is_number(const char *host)
{
    return strspn(host, "0123456789.") == strlen(host) || *host == '[';
}

gboolean url_same_site(const char *host, const char *other)
{
    if (strcmp(host, other) == 0)
        return TRUE;
    return !is_number(host) && !is_number(other) && strcmp(site_of(host), site_of(other)) == 0;
}

gboolean url_is_said_by(const char *url, const char *text)
{
    const char *bare = url;
    static const char *const prefixes[] = {"mailto:", "tel:", "https://", "http://"};
    for (gsize i = 0; i < G_N_ELEMENTS(prefixes); i++)
        if (g_ascii_strncasecmp(url, prefixes[i], strlen(prefixes[i])) == 0)
            bare = url + strlen(prefixes[i]);
    gsize n = strlen(bare);
    if (n > 0 && bare[n - 1] == '/')
        n--;
    const char *both[] = {url, bare};
    gsize lens[] = {(gsize)(bare - url) + n, n};
    gsize len = strlen(text);
    if (len > 0 && text[len - 1] == '/')
        len--;
    for (gsize i = 0; i < 2; i++)
        if (len == lens[i] && g_ascii_strncasecmp(both[i], text, len) == 0)
            return TRUE;
    if (g_ascii_strncasecmp(url, "tel:", 4) != 0)
        return FALSE;
    while (*bare && *text) { /* "+49 30 1234" is tel:+49301234 */
        while (*text && !g_ascii_isdigit(*text))
            text++;
        while (*bare && !g_ascii_isdigit(*bare))
            bare++;
        if (*text != *bare)
            return FALSE;
        if (*text) {
            text++;
            bare++;
        }
    }
    return strpbrk(bare, "0123456789") == NULL && strpbrk(text, "0123456789") == NULL;
}
