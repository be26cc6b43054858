/* trust_auth.c - Authentication-Results (RFC 8601 section 2.2). Linear; a field that breaks the grammar
 * says nothing. */
#include <string.h>
#include "html_url.h"
#include "pintail/mime/trust.h"

#define WORD_MAX 300

/* Blanks and comments, which may be nested. FALSE: a comment without its end. */
static gboolean skip_blank(const char **at)
{
    const char *p = *at;
    guint depth = 0;
    for (; *p; p++) {
        if (*p == '\\' && depth > 0 && p[1])
            p++;
        else if (*p == '(')
            depth++;
        else if (*p == ')' && depth > 0)
            depth--;
        else if (depth == 0 && !strchr(" \t\r\n", *p))
            break;
    }
    if (depth > 0)
        return FALSE;
    *at = p;
    return TRUE;
}

/* A token or a quoted string, lower case; NULL: none. `ends`: what a token ends at. The caller owns it. */
static char *take_until(const char **at, const char *ends)
{
    if (!skip_blank(at))
        return NULL;
    const char *p = *at;
    GString *out = g_string_new(NULL);
    if (*p == '"') {
        for (p++; *p && *p != '"'; p++) {
            if (*p == '\\' && p[1])
                p++;
            if (out->len < WORD_MAX)
                g_string_append_c(out, g_ascii_tolower(*p));
        }
        p += *p == '"';
    } else {
        for (; *p && !strchr(ends, *p); p++)
            if (out->len < WORD_MAX)
                g_string_append_c(out, g_ascii_tolower(*p));
    }
    gboolean any = p > *at;
    *at = p;
    return g_string_free(out, !any);
}

static char *take_word(const char **at)
{
    return take_until(at, " \t\r\n;=()\"");
}

static gboolean take_sign(const char **at, char sign)
{
    if (!skip_blank(at) || **at != sign)
        return FALSE;
    (*at)++;
    return TRUE;
}

static AuthResult result_of(const char *word)
{
    if (strcmp(word, "pass") == 0)
        return AUTH_PASS;
    if (strcmp(word, "fail") == 0 || strcmp(word, "hardfail") == 0)
        return AUTH_FAIL;
    if (strcmp(word, "softfail") == 0)
        return AUTH_SOFTFAIL;
    if (strcmp(word, "temperror") == 0 || strcmp(word, "permerror") == 0)
        return AUTH_ERROR;
    return AUTH_NONE;
}

static char *domain_of(const char *value)
{
    const char *at = strrchr(value, '@');
    return g_strdup(at ? at + 1 : value);
}

static gboolean is_property_of(const char *method, const char *property)
{
    if (strcmp(method, "dkim") == 0)
        return strcmp(property, "header.d") == 0 || strcmp(property, "header.i") == 0;
    if (strcmp(method, "spf") == 0)
        return strcmp(property, "smtp.mailfrom") == 0 || strcmp(property, "smtp.helo") == 0;
    return strcmp(property, "header.from") == 0;
}

static void keep(struct AuthMethod *m, AuthResult result, char **domain, const char *from)
{
    gboolean aligned = *domain && from && url_same_site(*domain, from);
    gboolean had = m->domain && from && url_same_site(m->domain, from) && m->result == AUTH_PASS;
    if (m->result != AUTH_NONE && (had || !(result == AUTH_PASS && (aligned || m->result != AUTH_PASS))))
        return;
    m->result = result;
    g_free(m->domain);
    m->domain = g_steal_pointer(domain);
}

/* "dkim=pass (good) reason="..." header.d=example.org" up to the semicolon. FALSE: not of that form. */
static gboolean take_method(const char **at, const char *from, AuthResults *out)
{
    g_autofree char *method = take_word(at), *domain = NULL;
    if (!method)
        return FALSE;
    if (strcmp(method, "none") == 0)
        return TRUE;
    method[strcspn(method, "/")] = '\0'; /* a version */
    g_autofree char *value = take_sign(at, '=') ? take_word(at) : NULL;
    if (!value)
        return FALSE;
    while (skip_blank(at) && **at && **at != ';') {
        g_autofree char *property = take_word(at);
        g_autofree char *is = property && take_sign(at, '=') ? take_until(at, " \t\r\n;()\"") : NULL;
        if (!is)
            return FALSE;
        if (is_property_of(method, property) && (!domain || strcmp(property, "header.d") == 0)) {
            g_free(domain);
            domain = domain_of(is);
        }
    }
    struct AuthMethod *m = strcmp(method, "dkim") == 0 ? &out->dkim : strcmp(method, "spf") == 0 ? &out->spf
                           : strcmp(method, "dmarc") == 0 ? &out->dmarc : NULL;
    if (m)
        keep(m, result_of(value), &domain, from);
    return TRUE;
}

void auth_results_parse(const char *value, const char *from_domain, AuthResults *out)
{
    const char *at = value;
    *out = (AuthResults){0};
    g_autofree char *server = take_word(&at);
    if (!server || !*server || *at == '=')
        return;
    if (skip_blank(&at) && g_ascii_isdigit(*at)) { /* the version */
        g_autofree char *version = take_word(&at);
        if (strcmp(version, "1") != 0)
            return;
    }
    while (take_sign(&at, ';')) {
        if (!skip_blank(&at) || !*at)
            break;
        if (!take_method(&at, from_domain, out)) {
            auth_results_clear(out);
            return;
        }
    }
    if (skip_blank(&at) && !*at)
        out->server = g_steal_pointer(&server);
    else
        auth_results_clear(out);
}

void auth_results_clear(AuthResults *r)
{
    g_free(r->server);
    g_free(r->dkim.domain);
    g_free(r->spf.domain);
    g_free(r->dmarc.domain);
    *r = (AuthResults){0};
}
