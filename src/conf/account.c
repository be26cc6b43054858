/* account.c - the settings of an account block: one table of names, help and
 * functions, and the block as text again. */
#include <string.h>
#include "conf_private.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"

#define DEFAULT_TIMEOUT       30      /* seconds */
#define DEFAULT_POLL          300     /* seconds */
#define DEFAULT_POP3_MAX_SIZE 5000000 /* bytes */

static void identity_free(gpointer p)
{
    Identity *i = p;
    g_free(i->name);
    g_free(i->address);
    g_free(i);
}

Account *account_new(const char *name, const char *file, guint line)
{
    Account *a = g_new0(Account, 1);
    g_atomic_ref_count_init(&a->refs);
    a->name = g_strdup(name);
    a->file = g_strdup(file ? file : "");
    a->line = line;
    a->identity.name = g_strdup("");
    a->identity.address = g_strdup("");
    a->identities = g_ptr_array_new_with_free_func(identity_free);
    a->signature = g_strdup("");
    a->auth = g_strdup("auto");
    a->tls_trust = g_ptr_array_new_with_free_func(g_free);
    a->auth_servers = g_ptr_array_new_with_free_func(g_free);
    a->timeout = DEFAULT_TIMEOUT;
    a->poll = DEFAULT_POLL;
    a->pop3_max_size = DEFAULT_POP3_MAX_SIZE;
    return a;
}

Account *account_ref(Account *a)
{
    g_atomic_ref_count_inc(&a->refs);
    return a;
}

static void password_clear(PasswordSource *p)
{
    secret_unref(p->literal);
    g_free(p->command);
    *p = (PasswordSource){.kind = PASSWORD_ASK};
}

void account_unref(Account *a)
{
    if (!a || !g_atomic_ref_count_dec(&a->refs))
        return;
    g_free(a->name);
    g_free(a->file);
    g_free(a->identity.name);
    g_free(a->identity.address);
    g_ptr_array_unref(a->identities);
    g_free(a->signature);
    endpoint_free(a->incoming);
    endpoint_free(a->smtp);
    password_clear(&a->password);
    password_clear(&a->smtp_password);
    g_free(a->auth);
    g_free(a->token_command);
    g_free(a->tls_ca);
    g_ptr_array_unref(a->tls_trust);
    g_ptr_array_unref(a->auth_servers);
    g_free(a->drafts);
    g_free(a->trash);
    g_free(a->archive);
    g_free(a->junk);
    g_free(a->sent);
    g_free(a->maildir);
    g_free(a);
}

gboolean account_owns_address(const Account *a, const char *address)
{
    if (g_ascii_strcasecmp(a->identity.address, address) == 0)
        return TRUE;
    for (guint i = 0; i < a->identities->len; i++)
        if (g_ascii_strcasecmp(((const Identity *)a->identities->pdata[i])->address, address) == 0)
            return TRUE;
    return FALSE;
}

/* ---- one function a setting ---- */

struct AccountValue {
    const char *name;
    char **values; /* NULL-terminated words after the name, at least one */
    const char *rest; /* the same as written */
    gboolean rc_is_private;
    GError **err;
};

static gboolean complain(const struct AccountValue *s, const char *expected)
{
    error_set(s->err, PINTAIL_ERROR_INVALID, _("%s wants %s, not \"%s\""), s->name, expected, s->rest);
    return FALSE;
}

static gboolean replace(char **slot, const char *value)
{
    g_free(*slot);
    *slot = g_strdup(value);
    return TRUE;
}

/* `Ana Ruiz <ana@example.org>` or `ana@example.org`. */
static gboolean parse_identity(const struct AccountValue *s, Identity *out)
{
    g_autofree char *whole = g_strjoinv(" ", s->values);
    char *open = strrchr(whole, '<');
    char *close = open ? strchr(open, '>') : NULL;
    g_autofree char *address = close ? g_strndup(open + 1, (gsize)(close - open - 1)) : g_strdup(whole);
    g_strstrip(address);
    if (open)
        *open = '\0';
    if ((open && (!close || close[1])) || !strchr(address, '@') || strpbrk(address, " \t<>") ||
        address[0] == '@' || g_str_has_suffix(address, "@"))
        return complain(s, _("Name <user@host>"));
    g_free(out->name);
    g_free(out->address);
    out->name = g_strdup(open ? g_strstrip(whole) : "");
    out->address = g_steal_pointer(&address);
    return TRUE;
}

static gboolean set_address(Account *a, const struct AccountValue *s)
{
    return parse_identity(s, &a->identity);
}

static gboolean set_identity(Account *a, const struct AccountValue *s)
{
    Identity *i = g_new0(Identity, 1);
    if (!parse_identity(s, i)) {
        identity_free(i);
        return FALSE;
    }
    g_ptr_array_add(a->identities, i);
    return TRUE;
}

static gboolean set_signature(Account *a, const struct AccountValue *s)
{
    g_free(a->signature);
    a->signature = g_strjoinv(" ", s->values);
    return TRUE;
}

static gboolean set_server(const struct AccountValue *s, Protocol protocol, const char *scheme, Endpoint **slot)
{
    g_autoptr(Endpoint) e = endpoint_parse(s->values[0], s->err);
    if (!e)
        return FALSE;
    if (e->protocol != protocol) {
        g_autofree char *expected = g_strdup_printf(_("%s://… or %ss://…"), scheme, scheme);
        return complain(s, expected);
    }
    if (*slot) {
        error_set(s->err, PINTAIL_ERROR_INVALID, _("%s: this account has such a server already"), s->name);
        return FALSE;
    }
    *slot = g_steal_pointer(&e);
    return TRUE;
}

static gboolean set_imap(Account *a, const struct AccountValue *s)
{
    return set_server(s, PROTOCOL_IMAP, "imap", &a->incoming);
}

static gboolean set_pop3(Account *a, const struct AccountValue *s)
{
    return set_server(s, PROTOCOL_POP3, "pop3", &a->incoming);
}

static gboolean set_smtp(Account *a, const struct AccountValue *s)
{
    return set_server(s, PROTOCOL_SMTP, "smtp", &a->smtp);
}

/* `command: pass show mail/work`, or the password itself in a file nobody else reads. */
static gboolean parse_password(const struct AccountValue *s, PasswordSource *out)
{
    static const char prefix[] = "command:";
    if (g_str_has_prefix(s->rest, prefix)) {
        g_autofree char *command = g_strdup(s->rest + strlen(prefix));
        if (!*g_strstrip(command))
            return complain(s, _("a command after \"command:\""));
        password_clear(out);
        out->kind = PASSWORD_COMMAND;
        out->command = g_steal_pointer(&command);
        return TRUE;
    }
    if (s->values[1]) {
        error_set(s->err, PINTAIL_ERROR_INVALID,
                  _("%s: write \"command: …\", or put a password with blanks in quotes"), s->name);
        return FALSE;
    }
    if (!s->rc_is_private) {
        error_set(s->err, PINTAIL_ERROR_INVALID,
                  _("%s: a password may stand here only when nobody else can read this file; "
                    "run chmod 600 on it, or write \"command: …\""), s->name);
        return FALSE;
    }
    password_clear(out);
    out->kind = PASSWORD_LITERAL;
    out->literal = secret_new(s->values[0], strlen(s->values[0]));
    return TRUE;
}

static gboolean set_password(Account *a, const struct AccountValue *s)
{
    return parse_password(s, &a->password);
}

static gboolean set_smtp_password(Account *a, const struct AccountValue *s)
{
    return parse_password(s, &a->smtp_password);
}

static gboolean set_auth(Account *a, const struct AccountValue *s)
{
    static const char *const mechanisms[] = {"auto", "plain", "login", "xoauth2", "oauthbearer", "external",
        "scram-sha-1", "scram-sha-256", "scram-sha-1-plus", "scram-sha-256-plus", NULL};
    g_autofree char *lower = g_ascii_strdown(s->values[0], -1);
    if (!g_strv_contains(mechanisms, lower)) {
        error_unknown(s->err, _("auth: unknown mechanism"), s->values[0], mechanisms);
        return FALSE;
    }
    return replace(&a->auth, lower);
}

static gboolean set_token(Account *a, const struct AccountValue *s)
{
    static const char prefix[] = "command:";
    if (!g_str_has_prefix(s->rest, prefix))
        return complain(s, _("\"command: …\", which prints an access token"));
    g_free(a->token_command);
    a->token_command = g_strstrip(g_strdup(s->rest + strlen(prefix)));
    return TRUE;
}

static gboolean set_tls(Account *a, const struct AccountValue *s)
{
    gboolean on;
    if (!value_bool(s->values[0], &on))
        return complain(s, _("on or off"));
    a->tls_off = !on;
    return TRUE;
}

static gboolean set_tls_ca(Account *a, const struct AccountValue *s)
{
    return replace(&a->tls_ca, s->values[0]);
}

static gboolean set_tls_trust(Account *a, const struct AccountValue *s)
{
    g_autofree char *upper = g_ascii_strup(s->values[0], -1);
    g_autoptr(GString) fingerprint = g_string_new(NULL);
    guint digits = 0;
    for (const char *at = upper; *at; at++) {
        if (*at == ':')
            continue;
        if (!g_ascii_isxdigit(*at))
            return complain(s, _("a SHA-256 fingerprint"));
        if (digits > 0 && digits % 2 == 0)
            g_string_append_c(fingerprint, ':');
        g_string_append_c(fingerprint, *at);
        digits++;
    }
    if (digits != 64)
        return complain(s, _("a SHA-256 fingerprint"));
    g_ptr_array_add(a->tls_trust, g_strdup(fingerprint->str));
    return TRUE;
}

static gboolean set_auth_server(Account *a, const struct AccountValue *s)
{
    g_ptr_array_add(a->auth_servers, g_ascii_strdown(s->values[0], -1));
    return TRUE;
}

static gboolean parse_seconds(const struct AccountValue *s, guint *out)
{
    gint64 seconds;
    if (!value_seconds(s->values[0], &seconds) || seconds < 1 || seconds > 86400)
        return complain(s, _("a time such as 30s or 5m"));
    *out = (guint)seconds;
    return TRUE;
}

static gboolean set_timeout(Account *a, const struct AccountValue *s)
{
    return parse_seconds(s, &a->timeout);
}

static gboolean set_poll(Account *a, const struct AccountValue *s)
{
    return parse_seconds(s, &a->poll);
}

static gboolean parse_folder(const struct AccountValue *s, char **slot)
{
    g_free(*slot);
    *slot = g_strjoinv(" ", s->values);
    return TRUE;
}

static gboolean set_drafts(Account *a, const struct AccountValue *s)
{
    return parse_folder(s, &a->drafts);
}

static gboolean set_trash(Account *a, const struct AccountValue *s)
{
    return parse_folder(s, &a->trash);
}

static gboolean set_archive(Account *a, const struct AccountValue *s)
{
    return parse_folder(s, &a->archive);
}

static gboolean set_junk(Account *a, const struct AccountValue *s)
{
    return parse_folder(s, &a->junk);
}

static gboolean set_sent(Account *a, const struct AccountValue *s)
{
    a->sent_kind = g_str_equal(s->rest, "same") ? SENT_SAME
                   : g_str_equal(s->rest, "none") ? SENT_NONE : SENT_FOLDER;
    if (a->sent_kind == SENT_FOLDER)
        return parse_folder(s, &a->sent);
    g_clear_pointer(&a->sent, g_free);
    return TRUE;
}

static gboolean set_pop3_keep(Account *a, const struct AccountValue *s)
{
    const char *value = s->values[0];
    gint64 seconds = 0;
    if (g_str_equal(value, "never"))
        a->pop3_keep = POP3_KEEP_NEVER;
    else if (g_str_equal(value, "forever"))
        a->pop3_keep = POP3_KEEP_FOREVER;
    else if (g_str_has_suffix(value, "d") && value_seconds(value, &seconds) && seconds > 0)
        a->pop3_keep = POP3_KEEP_DAYS;
    else
        return complain(s, _("never, forever, or days such as 14d"));
    a->pop3_keep_days = (guint)MIN(seconds / 86400, G_MAXINT);
    return TRUE;
}

static gboolean set_pop3_delete_on_server(Account *a, const struct AccountValue *s)
{
    return value_bool(s->values[0], &a->pop3_delete_on_server) || complain(s, _("yes or no"));
}

static gboolean set_pop3_max_size(Account *a, const struct AccountValue *s)
{
    gint64 size;
    if (!value_size(s->values[0], &size))
        return complain(s, _("a size such as 5M"));
    a->pop3_max_size = (guint64)size;
    return TRUE;
}

static gboolean set_maildir(Account *a, const struct AccountValue *s)
{
    return replace(&a->maildir, s->values[0]);
}

static const char *const download_policies[] = {
    [DOWNLOAD_RECENT] = "recent", [DOWNLOAD_HEADERS] = "headers", [DOWNLOAD_ALL] = "all"};

static gboolean set_download(Account *a, const struct AccountValue *s)
{
    for (gsize i = 0; i < G_N_ELEMENTS(download_policies); i++)
        if (g_str_equal(s->values[0], download_policies[i]))
            return a->download = (DownloadPolicy)i, TRUE;
    return complain(s, _("headers, recent or all"));
}

static gboolean set_line_limit(Account *a, const struct AccountValue *s)
{
    gint64 octets;
    if (!value_size(s->values[0], &octets) || octets < 512 || octets > 8192)
        return complain(s, _("a number of octets from 512 to 8192"));
    a->line_limit = (guint)octets;
    return TRUE;
}

static gboolean set_compress(Account *a, const struct AccountValue *s)
{
    if (!g_str_equal(s->values[0], "yes") && !g_str_equal(s->values[0], "no"))
        return complain(s, _("yes or no"));
    a->compress = g_str_equal(s->values[0], "yes") ? COMPRESS_YES : COMPRESS_NO;
    return TRUE;
}

/* ---- the table ---- */

static const AccountSetting settings[] = {
    {"address", "NAME <ADDRESS>", N_("who you are: the From of what you write"), set_address},
    {"imap", "URL", N_("IMAP server: imaps://user@host, or imap:// for STARTTLS"), set_imap},
    {"pop3", "URL", N_("POP3 server in place of IMAP: pop3s://user@host, or pop3:// for STLS"), set_pop3},
    {"smtp", "URL", N_("server that sends: smtps://user@host, or smtp:// for STARTTLS (port 587)"), set_smtp},
    {"password", "command: COMMAND", N_("prints the password; without it you are asked once a session; a literal "
                                        "password only in a file with mode 0600"), set_password},
    {"smtp-password", "command: COMMAND", N_("when sending needs another password than reading"), set_smtp_password},
    {"auth", "MECHANISM", N_("auto, or one SASL mechanism: plain, login, xoauth2, oauthbearer, scram-sha-256, …"), set_auth},
    {"token", "command: COMMAND", N_("prints an OAuth access token, for xoauth2 and oauthbearer"), set_token},
    {"identity", "NAME <ADDRESS>", N_("a further address of yours in this account; may be repeated"), set_identity},
    {"signature", "TEXT|FILE", N_("put below what you write; a file when it begins with / or ~"), set_signature},
    {"tls", "on|off", N_("off: talk in clear text to this server, and to a password thief"), set_tls},
    {"tls-ca", "FILE", N_("further certificate authorities to trust, in PEM form"), set_tls_ca},
    {"tls-trust", "SHA256", N_("trust this one certificate of the server; may be repeated"), set_tls_trust},
    {"auth-server", "ID|none", N_("believe what this server found out about senders (Authentication-Results), beside the incoming server itself; may be repeated"), set_auth_server},
    {"timeout", "TIME", N_("longest wait for a server in each phase; 30s"), set_timeout},
    {"poll", "TIME", N_("time between looks at POP3, and at folders that are not watched; 5m"), set_poll},
    {"download", "recent|headers|all", N_("IMAP bodies fetched beforehand: of 30 days, none, or all"), set_download},
    {"imap-line-limit", "OCTETS", N_("the longest command that the IMAP server reads, where it is less than 8000"), set_line_limit},
    {"compress", "yes|no", N_("IMAP traffic compressed where the server can; by default with other machines only"), set_compress},
    {"drafts", "FOLDER", N_("where drafts are kept, when the server does not say"), set_drafts},
    {"sent", "FOLDER|same|none", N_("where copies of what you sent go; same: beside the answered message"), set_sent},
    {"trash", "FOLDER", N_("where deleted messages go, when the server does not say"), set_trash},
    {"archive", "FOLDER", N_("where archived messages go, when the server does not say"), set_archive},
    {"junk", "FOLDER", N_("where junk goes, when the server does not say"), set_junk},
    {"pop3-keep", "never|forever|DAYSd", N_("how long mail stays on the POP3 server after download"), set_pop3_keep},
    {"pop3-delete-on-server", "yes|no", N_("with pop3-keep: deleting here deletes there too; no"), set_pop3_delete_on_server},
    {"pop3-max-size", "SIZE", N_("larger messages are listed first and fetched when opened; 5M, 0 for no bound"), set_pop3_max_size},
    {"maildir", "DIRECTORY", N_("where this account's local folders live"), set_maildir},
};

const AccountSetting *conf_account_settings(guint *count)
{
    *count = G_N_ELEMENTS(settings);
    return settings;
}

gboolean account_is_setting(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(settings); i++)
        if (g_str_equal(settings[i].name, name))
            return TRUE;
    return FALSE;
}

static void unknown_setting(const char *name, GError **err)
{
    const char *names[G_N_ELEMENTS(settings) + 1] = {NULL};
    for (gsize i = 0; i < G_N_ELEMENTS(settings); i++)
        names[i] = settings[i].name;
    error_unknown(err, _("unknown account setting"), name, names);
}

gboolean account_set(Account *a, char **words, const char *rest, gboolean rc_is_private, GError **err)
{
    for (gsize i = 0; i < G_N_ELEMENTS(settings); i++) {
        if (!g_str_equal(settings[i].name, words[0]))
            continue;
        struct AccountValue value = {words[0], words + 1, rest, rc_is_private, err};
        if (words[1])
            return settings[i].set(a, &value);
        error_set(err, PINTAIL_ERROR_INVALID, _("%s wants %s"), words[0], settings[i].argument);
        return FALSE;
    }
    unknown_setting(words[0], err);
    return FALSE;
}

gboolean account_check(const Account *a, GError **err)
{
    if (!*a->identity.address)
        error_set(err, PINTAIL_ERROR_INVALID, _("account %s has no address"), a->name);
    else if (!a->incoming && !a->smtp && !a->maildir)
        error_set(err, PINTAIL_ERROR_INVALID, _("account %s has no server: write imap, pop3 or smtp"), a->name);
    else
        return TRUE;
    return FALSE;
}

/* ---- the block as text ---- */

/* `value` is quoted where that is needed; NULL or "": nothing is written. */
static void put(GString *text, const char *name, const char *value, const char *comment)
{
    if (!value || !*value)
        return;
    g_autofree char *quoted = words_quote(value);
    g_string_append_printf(text, "    %-10s%s%s", name, strlen(name) >= 10 ? " " : "", quoted);
    if (comment)
        g_string_append_printf(text, "   # %s", comment);
    g_string_append_c(text, '\n');
}

/* A command is the shell's, so it is written as it is. */
static void put_command(GString *text, const char *name, const char *command)
{
    if (command)
        g_string_append_printf(text, "    %-10s%scommand: %s\n", name, strlen(name) >= 10 ? " " : "",
                               command);
}

static void put_server(GString *text, const char *name, const Endpoint *e)
{
    g_autofree char *url = e ? endpoint_to_url(e) : NULL;
    put(text, name, url, NULL);
}

static void put_identity(GString *text, const char *name, const Identity *i)
{
    g_autofree char *both =
        *i->name ? g_strdup_printf("%s <%s>", i->name, i->address) : g_strdup(i->address);
    put(text, name, both, NULL);
}

static void put_number(GString *text, const char *name, guint64 value, guint64 standard, const char *unit)
{
    g_autofree char *written = g_strdup_printf("%" G_GUINT64_FORMAT "%s", value, unit);
    if (value != standard)
        put(text, name, written, NULL);
}

static void put_pop3(GString *text, const Account *a)
{
    g_autofree char *days = g_strdup_printf("%ud", a->pop3_keep_days);
    if (a->pop3_keep == POP3_KEEP_NEVER)
        put(text, "pop3-keep", "never", _("mail is removed from the server after download"));
    else if (a->pop3_keep == POP3_KEEP_FOREVER)
        put(text, "pop3-keep", "forever", _("mail stays on the server"));
    else if (a->pop3_keep == POP3_KEEP_DAYS)
        put(text, "pop3-keep", days, _("mail is removed from the server after this time"));
    put(text, "pop3-delete-on-server", a->pop3_delete_on_server ? "yes" : NULL, NULL);
    put_number(text, "pop3-max-size", a->pop3_max_size, DEFAULT_POP3_MAX_SIZE, "");
}

static void put_folders(GString *text, const Account *a)
{
    static const char *const kinds[] = {[SENT_SAME] = "same", [SENT_NONE] = "none"};
    put(text, "drafts", a->drafts, NULL);
    put(text, "sent", a->sent_kind == SENT_FOLDER ? a->sent : kinds[a->sent_kind], NULL);
    put(text, "trash", a->trash, NULL);
    put(text, "archive", a->archive, NULL);
    put(text, "junk", a->junk, NULL);
    put(text, "maildir", a->maildir, NULL);
}

char *account_to_rc(const Account *a)
{
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, "account %s\n", a->name);
    put_identity(text, "address", &a->identity);
    for (guint i = 0; i < a->identities->len; i++)
        put_identity(text, "identity", a->identities->pdata[i]);
    if (a->incoming)
        put_server(text, a->incoming->protocol == PROTOCOL_POP3 ? "pop3" : "imap", a->incoming);
    put_pop3(text, a);
    put_server(text, "smtp", a->smtp);
    put(text, "auth", g_str_equal(a->auth, "auto") ? NULL : a->auth, NULL);
    put(text, "tls", a->tls_off ? "off" : NULL, NULL);
    put(text, "tls-ca", a->tls_ca, NULL);
    for (guint i = 0; i < a->tls_trust->len; i++)
        put(text, "tls-trust", a->tls_trust->pdata[i], NULL);
    for (guint i = 0; i < a->auth_servers->len; i++)
        put(text, "auth-server", a->auth_servers->pdata[i], NULL);
    put_number(text, "timeout", a->timeout, DEFAULT_TIMEOUT, "s");
    put_number(text, "poll", a->poll, DEFAULT_POLL, "s");
    put(text, "download", a->download == DOWNLOAD_RECENT ? NULL : download_policies[a->download], NULL);
    put_number(text, "imap-line-limit", a->line_limit, 0, "");
    if (a->compress != COMPRESS_AUTO)
        put(text, "compress", a->compress == COMPRESS_YES ? "yes" : "no", NULL);
    put_folders(text, a);
    put(text, "signature", a->signature, NULL);
    put_command(text, "token", a->token_command);
    put_command(text, "smtp-password", a->smtp_password.command);
    put_command(text, "password", a->password.command);
    if (!a->password.command && !a->token_command)
        g_string_append_printf(text, "    # password command: pass show mail/%s   # %s\n", a->name,
                               _("without this line Pintail asks"));
    return g_string_free(text, FALSE);
}
