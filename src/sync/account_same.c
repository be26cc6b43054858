/* account_same.c - see account_same.h. Only what workers use is compared: another signature
 * is no reason to connect anew. */
#include "account_same.h"

static gboolean same_text(const char *a, const char *b)
{
    return g_strcmp0(a, b) == 0;
}

static gboolean same_endpoint(const Endpoint *a, const Endpoint *b)
{
    if (!a || !b)
        return a == b;
    return a->protocol == b->protocol && a->tls == b->tls && a->port == b->port && same_text(a->host, b->host) &&
           same_text(a->user, b->user);
}

static gboolean same_secret(const Secret *a, const Secret *b)
{
    if (!a || !b)
        return a == b;
    return same_text(secret_text(a, NULL), secret_text(b, NULL));
}

static gboolean same_password(const PasswordSource *a, const PasswordSource *b)
{
    return a->kind == b->kind && same_text(a->command, b->command) && same_secret(a->literal, b->literal);
}

static gboolean same_list(const GPtrArray *a, const GPtrArray *b)
{
    if (a->len != b->len)
        return FALSE;
    for (guint n = 0; n < a->len; n++)
        if (!same_text(a->pdata[n], b->pdata[n]))
            return FALSE;
    return TRUE;
}

static gboolean same_folders(const Account *a, const Account *b)
{
    return same_text(a->drafts, b->drafts) && same_text(a->trash, b->trash) && same_text(a->archive, b->archive) &&
           same_text(a->junk, b->junk) && same_text(a->sent, b->sent) && a->sent_kind == b->sent_kind &&
           same_text(a->maildir, b->maildir);
}

static gboolean same_download(const Account *a, const Account *b)
{
    return a->pop3_keep == b->pop3_keep && a->pop3_keep_days == b->pop3_keep_days &&
           a->pop3_delete_on_server == b->pop3_delete_on_server && a->pop3_max_size == b->pop3_max_size &&
           a->download == b->download && a->compress == b->compress && a->line_limit == b->line_limit && a->poll == b->poll;
}

gboolean account_same(const Account *a, const Account *b)
{
    return same_text(a->name, b->name) && same_text(a->identity.address, b->identity.address) &&
           same_endpoint(a->incoming, b->incoming) && same_endpoint(a->smtp, b->smtp) &&
           same_password(&a->password, &b->password) && same_password(&a->smtp_password, &b->smtp_password) &&
           same_text(a->auth, b->auth) && same_text(a->token_command, b->token_command) &&
           same_text(a->tls_ca, b->tls_ca) && same_list(a->tls_trust, b->tls_trust) && a->tls_off == b->tls_off &&
           a->timeout == b->timeout && same_folders(a, b) && same_download(a, b);
}
