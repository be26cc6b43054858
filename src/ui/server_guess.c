/* server_guess.c - see server_guess.h. */
#include <string.h>
#include "server_guess.h"
#include "pintail/util/i18n.h"

static const char app_password[] =
    N_("This provider wants an app password: make one in the security settings of your account.");
static const char oauth[] =
    N_("This provider accepts no passwords here: write `auth xoauth2` and a `token command: …` into the rc.");

/* Providers whose servers are not called imap.DOMAIN and smtp.DOMAIN, or that refuse plain passwords. */
static const struct {
    const char *domain, *imap, *pop3, *smtp, *hint;
} providers[] = {
    {"gmail.com", "imaps://imap.gmail.com", "pop3s://pop.gmail.com", "smtps://smtp.gmail.com", app_password},
    {"googlemail.com", "imaps://imap.gmail.com", "pop3s://pop.gmail.com", "smtps://smtp.gmail.com", app_password},
    {"outlook.com", "imaps://outlook.office365.com", "pop3s://outlook.office365.com", "smtp://smtp.office365.com", oauth},
    {"hotmail.com", "imaps://outlook.office365.com", "pop3s://outlook.office365.com", "smtp://smtp.office365.com", oauth},
    {"live.com", "imaps://outlook.office365.com", "pop3s://outlook.office365.com", "smtp://smtp.office365.com", oauth},
    {"icloud.com", "imaps://imap.mail.me.com", NULL, "smtp://smtp.mail.me.com", app_password},
    {"me.com", "imaps://imap.mail.me.com", NULL, "smtp://smtp.mail.me.com", app_password},
    {"yahoo.com", "imaps://imap.mail.yahoo.com", "pop3s://pop.mail.yahoo.com", "smtps://smtp.mail.yahoo.com", app_password},
    {"aol.com", "imaps://imap.aol.com", "pop3s://pop.aol.com", "smtps://smtp.aol.com", app_password},
    {"gmx.net", "imaps://imap.gmx.net", "pop3s://pop.gmx.net", "smtps://mail.gmx.net", NULL},
    {"gmx.de", "imaps://imap.gmx.net", "pop3s://pop.gmx.net", "smtps://mail.gmx.net", NULL},
    {"posteo.de", "imaps://posteo.de", "pop3s://posteo.de", "smtps://posteo.de", NULL},
    {"fastmail.com", "imaps://imap.fastmail.com", "pop3s://pop.fastmail.com", "smtps://smtp.fastmail.com", app_password},
};

/* "SCHEME PREFIX": the host is PREFIX and the domain. */
static const char *const patterns[][5] = {
    [PROTOCOL_IMAP] = {"imaps imap.", "imaps mail.", "imap imap.", "imaps ", NULL},
    [PROTOCOL_POP3] = {"pop3s pop.", "pop3s pop3.", "pop3s mail.", "pop3s ", NULL},
    [PROTOCOL_SMTP] = {"smtps smtp.", "smtp smtp.", "smtps mail.", "smtp mail.", NULL},
};

static const char *domain_of(const char *address)
{
    const char *at = strrchr(address, '@');
    return at && at[1] ? at + 1 : NULL;
}

GPtrArray *server_guesses(const char *address, Protocol protocol)
{
    GPtrArray *guesses = g_ptr_array_new_with_free_func(g_free);
    const char *domain = domain_of(address);
    if (!domain)
        return guesses;
    for (gsize i = 0; i < G_N_ELEMENTS(providers); i++) {
        if (g_ascii_strcasecmp(providers[i].domain, domain) != 0)
            continue;
        const char *url = protocol == PROTOCOL_IMAP ? providers[i].imap
                          : protocol == PROTOCOL_POP3 ? providers[i].pop3 : providers[i].smtp;
        if (url)
            g_ptr_array_add(guesses, g_strdup(url));
        return guesses;
    }
    for (const char *const *p = patterns[protocol]; *p; p++) {
        gsize scheme = strcspn(*p, " ");
        g_ptr_array_add(guesses, g_strdup_printf("%.*s://%s%s", (int)scheme, *p, *p + scheme + 1, domain));
    }
    return guesses;
}

const char *provider_hint(const char *address)
{
    const char *domain = domain_of(address);
    for (gsize i = 0; domain && i < G_N_ELEMENTS(providers); i++)
        if (g_ascii_strcasecmp(providers[i].domain, domain) == 0)
            return providers[i].hint ? _(providers[i].hint) : NULL;
    return NULL;
}

static const char *const usual_schemes[] = {
    [PROTOCOL_IMAP] = "imaps", [PROTOCOL_POP3] = "pop3s", [PROTOCOL_SMTP] = "smtps"};

GPtrArray *server_guesses_beside(const char *typed)
{
    static const char *const labels[] = {"imap.", "pop.", "pop3.", "mail."};
    GPtrArray *guesses = g_ptr_array_new_with_free_func(g_free);
    const char *host = strstr(typed, "://");
    host = host ? host + 3 : typed;
    host = strrchr(host, '@') ? strrchr(host, '@') + 1 : host;
    g_autofree char *name = g_strndup(host, strcspn(host, *host == '[' ? "]/" : ":/"));
    for (gsize i = 0; i < G_N_ELEMENTS(labels); i++)
        if (g_str_has_prefix(name, labels[i])) {
            g_ptr_array_add(guesses, g_strdup_printf("smtps://smtp.%s", name + strlen(labels[i])));
            g_ptr_array_add(guesses, g_strdup_printf("smtp://smtp.%s", name + strlen(labels[i])));
        }
    g_ptr_array_add(guesses, g_strdup_printf("smtps://%s%s", name, *host == '[' ? "]" : ""));
    g_ptr_array_add(guesses, g_strdup_printf("smtp://%s%s", name, *host == '[' ? "]" : ""));
    return guesses;
}

char *server_short(const char *url, Protocol protocol)
{
    gsize scheme = strlen(usual_schemes[protocol]);
    gboolean usual = strncmp(url, usual_schemes[protocol], scheme) == 0 && g_str_has_prefix(url + scheme, "://");
    return g_strdup(usual ? url + scheme + 3 : url);
}

char *server_complete(const char *typed, Protocol protocol, const char *user)
{
    const char *separator = strstr(typed, "://");
    const char *host = separator ? separator + 3 : typed;
    g_autofree char *scheme = separator ? g_strndup(typed, (gsize)(separator - typed)) : g_strdup(usual_schemes[protocol]);
    if (strchr(host, '@') || !*user)
        return g_strdup_printf("%s://%s", scheme, host);
    return g_strdup_printf("%s://%s@%s", scheme, user, host);
}

char *account_name_guess(const char *address)
{
    const char *domain = domain_of(address);
    g_auto(GStrv) labels = g_strsplit(domain ? domain : "", ".", -1);
    guint n = g_strv_length(labels);
    g_autofree char *name = g_ascii_strdown(n >= 2 ? labels[n - 2] : n == 1 ? labels[0] : "", -1);
    g_strcanon(name, "abcdefghijklmnopqrstuvwxyz0123456789-", '-');
    return *name && *name != '-' ? g_steal_pointer(&name) : g_strdup("mail");
}
