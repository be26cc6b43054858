/* auth.c - chooses a SASL mechanism and carries its bytes as base64 (RFC 4422, RFC 4648).
 *
 * Guarantees: a mechanism that shows its secret never begins on a stream that is not
 * secured; challenges are bounded and strictly decoded before a mechanism sees them;
 * buffers that held a secret are wiped. */
#include "pintail/proto/auth.h"
#include "auth_mechanisms.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/text.h"

#define CHALLENGE_MAX    12288
#define STEPS_MAX        8 /* no mechanism here has more than four */
#define SERVER_ERROR_MAX 300
#define OFFERED_SHOWN    20

/* ---- PLAIN (RFC 4616), LOGIN, XOAUTH2, OAUTHBEARER (RFC 7628) ------------------------------ */

static gboolean fail_unexpected(const Auth *a, GError **err)
{
    error_set(err, PINTAIL_ERROR_PROTOCOL, _("the server asks for more than %s has to say"),
              a->mechanism->name);
    return FALSE;
}

static gboolean plain_reply(Auth *a, const char *challenge, gsize len, GString *out, GError **err)
{
    if (a->step > 0)
        return fail_unexpected(a, err);
    gsize secret_len;
    const char *secret = secret_text(a->secret, &secret_len);
    g_string_append_c(out, '\0'); /* no authorization identity */
    g_string_append(out, a->user);
    g_string_append_c(out, '\0');
    g_string_append_len(out, secret, (gssize)secret_len);
    return TRUE;
}

/* Two questions whose wording differs from server to server: only their order counts. */
static gboolean login_reply(Auth *a, const char *challenge, gsize len, GString *out, GError **err)
{
    if (a->step > 1)
        return fail_unexpected(a, err);
    g_string_append(out, a->step == 0 ? a->user : secret_text(a->secret, NULL));
    return TRUE;
}

/* After an error challenge the exchange has to be ended by a dummy reply, or the server waits
 * (RFC 7628 section 3.2.3; XOAUTH2 wants an empty one). */
static gboolean oauth_error(Auth *a, const char *challenge, gsize len, const char *dummy,
                            GString *out, GError **err)
{
    if (a->step > 1)
        return fail_unexpected(a, err);
    auth_keep_server_error(a, challenge, len);
    g_string_append(out, dummy);
    return TRUE;
}

static gboolean xoauth2_reply(Auth *a, const char *challenge, gsize len, GString *out, GError **err)
{
    if (a->step > 0)
        return oauth_error(a, challenge, len, "", out, err);
    g_string_append_printf(out, "user=%s\001auth=Bearer %s\001\001", a->user,
                           secret_text(a->secret, NULL));
    return TRUE;
}

/* saslname of RFC 5801 section 4. */
static void append_saslname(GString *out, const char *name)
{
    for (; *name; name++) {
        if (*name == ',')
            g_string_append(out, "=2C");
        else if (*name == '=')
            g_string_append(out, "=3D");
        else
            g_string_append_c(out, *name);
    }
}

static gboolean bearer_reply(Auth *a, const char *challenge, gsize len, GString *out, GError **err)
{
    if (a->step > 0)
        return oauth_error(a, challenge, len, "\001", out, err);
    g_string_append(out, "n,a=");
    append_saslname(out, a->user);
    g_string_append(out, ",\001");
    if (a->host)
        g_string_append_printf(out, "host=%s\001port=%u\001", a->host, a->port);
    g_string_append_printf(out, "auth=Bearer %s\001\001", secret_text(a->secret, NULL));
    return TRUE;
}

/* ---- the table: strongest first ------------------------------------------------------------ */

static const Mechanism mechanisms[] = {
    {.name = "OAUTHBEARER", .token = TRUE, .clear = TRUE, .client_first = TRUE,
     .reply = bearer_reply},
    {.name = "XOAUTH2", .token = TRUE, .clear = TRUE, .client_first = TRUE,
     .reply = xoauth2_reply},
    {.name = "SCRAM-SHA-256-PLUS", .client_first = TRUE, .mutual = TRUE, .binding = TRUE,
     .begin = scram_begin, .reply = scram_reply},
    {.name = "SCRAM-SHA-256", .client_first = TRUE, .mutual = TRUE, .begin = scram_begin,
     .reply = scram_reply},
    {.name = "SCRAM-SHA-1-PLUS", .client_first = TRUE, .mutual = TRUE, .binding = TRUE,
     .begin = scram_begin, .reply = scram_reply},
    {.name = "SCRAM-SHA-1", .client_first = TRUE, .mutual = TRUE, .begin = scram_begin,
     .reply = scram_reply},
    {.name = "PLAIN", .clear = TRUE, .client_first = TRUE, .reply = plain_reply},
    {.name = "LOGIN", .clear = TRUE, .reply = login_reply},
    {.name = "EXTERNAL", .client_first = TRUE, .only_by_name = TRUE, .begin = external_begin,
     .reply = scram_reply},
};

static gboolean is_offered(const char *const *offered, const char *name)
{
    for (; offered && *offered; offered++) {
        if (g_ascii_strcasecmp(*offered, name) == 0)
            return TRUE;
    }
    return FALSE;
}

static gboolean is_automatic(const Credentials *c)
{
    return !c->mechanism || !*c->mechanism || g_ascii_strcasecmp(c->mechanism, "auto") == 0;
}

gboolean auth_has_password(const Credentials *c)
{
    return c->password || (c->find && !c->wants_token);
}

static gboolean has_token(const Credentials *c)
{
    return c->token || (c->find && c->wants_token);
}

static gboolean is_usable(const Mechanism *m, const Credentials *c, const char *const *offered,
                          Stream *stream)
{
    guint8 binding[32];
    if (!is_offered(offered, m->name))
        return FALSE;
    if (is_automatic(c) ? m->only_by_name : g_ascii_strcasecmp(c->mechanism, m->name) != 0)
        return FALSE;
    if (!m->only_by_name && !(m->token ? has_token(c) : auth_has_password(c)))
        return FALSE;
    if (m->clear && !(stream && stream_secured(stream)))
        return FALSE;
    return !m->binding || (stream && stream_channel_binding(stream, binding));
}

static const Mechanism *choose(const Credentials *c, const char *const *offered, Stream *stream,
                               const Mechanism *after)
{
    for (const Mechanism *m = after ? after + 1 : mechanisms;
         m < mechanisms + G_N_ELEMENTS(mechanisms); m++) {
        if (is_usable(m, c, offered, stream))
            return m;
    }
    return NULL;
}

/* Both lists, so that the person sees at once where they do not meet. */
static void fail_no_common(const Credentials *c, const char *const *offered, Stream *stream,
                           GError **err)
{
    g_autoptr(GString) theirs = g_string_new(NULL);
    for (guint i = 0; offered && offered[i] && i < OFFERED_SHOWN; i++)
        g_string_append_printf(theirs, i ? ", %s" : "%s", offered[i]);
    g_autofree char *shown = printable_text(theirs->str, MIN(theirs->len, 400u), FALSE);
    g_autoptr(GString) ours = g_string_new(NULL);
    for (guint i = 0; i < G_N_ELEMENTS(mechanisms); i++) {
        const Mechanism *m = &mechanisms[i];
        const char *const self[] = {m->name, NULL};
        if (is_usable(m, c, self, stream))
            g_string_append_printf(ours, ours->len ? ", %s" : "%s", m->name);
    }
    const char *where = stream ? stream_peer(stream) : "";
    if (is_automatic(c)) {
        error_set(err, PINTAIL_ERROR_INVALID,
                  _("%s: no common way to log in: the server offers %s, the account can use %s"), where,
                  *shown ? shown : _("nothing"), ours->len ? ours->str : _("nothing"));
        return;
    }
    g_autofree char *wanted = g_ascii_strup(c->mechanism, -1);
    if (is_offered(offered, c->mechanism)) { /* a password where a token is needed, no channel to bind to */
        error_set(err, PINTAIL_ERROR_INVALID,
                  _("%s: 'auth' of the account asks for %s, for which something is missing ('token' for XOAUTH2 "
                    "and OAUTHBEARER, TLS 1.3 for -PLUS): change or remove 'auth'; the server offers %s"),
                  where, wanted, shown);
        return;
    }
    error_set(err, PINTAIL_ERROR_INVALID,
              _("%s: 'auth' of the account asks for %s, the server offers %s: change or remove 'auth'"), where,
              wanted, *shown ? shown : _("nothing"));
}

/* What would break the grammar of a mechanism cannot be sent at all. */
static gboolean check_text(const Mechanism *m, const Credentials *c, GError **err)
{
    for (const char *p = c->user ? c->user : ""; *p; p++) {
        if ((guchar)*p < 0x20 || *p == 0x7f) {
            error_set(err, PINTAIL_ERROR_AUTH, _("the user name holds a control character"));
            return FALSE;
        }
    }
    gsize len = 0;
    const char *secret = m->only_by_name ? "" : secret_text(m->token ? c->token : c->password, &len);
    for (gsize i = 0; i < len; i++) {
        guchar u = (guchar)secret[i];
        if (m->token && (u <= 0x20 || u >= 0x7f)) {
            error_set(err, PINTAIL_ERROR_AUTH,
                      _("the token holds a character that no token has: does its command print "
                        "anything else?"));
            return FALSE;
        }
        if (u == 0) {
            error_set(err, PINTAIL_ERROR_AUTH, _("the password holds a NUL byte"));
            return FALSE;
        }
    }
    return TRUE;
}

static void keep_host(Auth *a, Stream *stream)
{
    const char *peer = stream ? stream_peer(stream) : "";
    const char *colon = strrchr(peer, ':');
    if (!colon)
        return;
    a->host = g_strndup(peer, (gsize)(colon - peer));
    a->port = (guint)g_ascii_strtoull(colon + 1, NULL, 10);
}

static Auth *begin(const Mechanism *m, const Credentials *c, Stream *stream, GError **err)
{
    if (!check_text(m, c, err))
        return NULL;
    g_autoptr(Auth) a = g_new0(Auth, 1);
    a->mechanism = m;
    a->user = g_strdup(c->user ? c->user : "");
    if (!m->only_by_name)
        a->secret = secret_ref(m->token ? c->token : c->password);
    keep_host(a, stream);
    if (m->begin && !m->begin(a, stream, err))
        return NULL;
    return g_steal_pointer(&a);
}

gboolean auth_find_secret(Credentials *c, const char *const *offered, Stream *stream, gboolean otherwise,
                          GError **err)
{
    const Mechanism *m = choose(c, offered, stream, NULL);
    if (!c->find || (m ? m->only_by_name : !otherwise))
        return TRUE;
    if (!c->find(c->find_data, &c->password, &c->token, err))
        return FALSE;
    c->find = NULL;
    return TRUE;
}

Auth *auth_begin(const Credentials *c, const char *const *offered, const char *service,
                 Stream *stream, GError **err)
{
    const Mechanism *m = choose(c, offered, stream, NULL);
    if (m)
        return begin(m, c, stream, err);
    fail_no_common(c, offered, stream, err);
    return NULL;
}

Auth *auth_begin_again(const Auth *failed, const Credentials *c, const char *const *offered,
                       const char *service, Stream *stream)
{
    if (!failed->mechanism->binding || !is_automatic(c))
        return NULL;
    const Mechanism *m = choose(c, offered, stream, failed->mechanism);
    while (m && m->binding)
        m = choose(c, offered, stream, m);
    return m && m->mutual ? begin(m, c, stream, NULL) : NULL;
}

/* ---- the exchange -------------------------------------------------------------------------- */

void auth_keep_server_error(Auth *a, const char *bytes, gsize len)
{
    g_free(a->server_error);
    a->server_error = len ? printable_text(bytes, MIN(len, SERVER_ERROR_MAX), FALSE) : NULL;
}

/* Strict (RFC 4648 section 3.3): g_base64_decode() skips what it does not know. */
static guchar *decode(Span text, gsize *len)
{
    gsize padding = 0;
    while (padding < 2 && padding < text.len && text.at[text.len - 1 - padding] == '=')
        padding++;
    gboolean ok = text.len % 4 == 0;
    for (gsize i = 0; ok && i < text.len - padding; i++)
        ok = g_ascii_isalnum(text.at[i]) || text.at[i] == '+' || text.at[i] == '/';
    if (!ok)
        return NULL;
    g_autofree char *copy = span_dup(text);
    guchar *bytes = g_base64_decode(copy, len);
    return bytes ? bytes : g_malloc0(1);
}

gboolean auth_step(Auth *a, Span challenge, GString **reply, GError **err)
{
    challenge = span_trim(challenge);
    if (challenge.len > CHALLENGE_MAX) {
        error_set(err, PINTAIL_ERROR_PROTOCOL, _("the server's login challenge is too long"));
        return FALSE;
    }
    if (a->step >= STEPS_MAX)
        return fail_unexpected(a, err);
    /* A client-first mechanism has nothing to learn from what invites it to begin. */
    if (a->step == 0 && a->mechanism->client_first)
        challenge = SPAN_NONE;
    gsize len = 0;
    g_autofree guchar *bytes = decode(challenge, &len);
    if (!bytes) {
        error_set(err, PINTAIL_ERROR_PROTOCOL, _("the server's login challenge is not base64"));
        return FALSE;
    }
    GString *plain = g_string_sized_new(4096); /* large enough: growing would leave copies behind */
    gboolean ok = a->mechanism->reply(a, (const char *)bytes, len, plain, err);
    a->step++;
    if (ok) {
        char *text = g_base64_encode((const guchar *)plain->str, plain->len);
        gsize text_len = strlen(text);
        *reply = g_string_sized_new(text_len + 3); /* and CRLF */
        g_string_append_len(*reply, text, (gssize)text_len);
        secret_wipe(text, text_len);
        g_free(text);
    }
    secret_wipe(plain->str, plain->allocated_len);
    g_string_free(plain, TRUE);
    return ok;
}

gboolean auth_complete(Auth *a, GError **err)
{
    if (!a->mechanism->mutual || a->complete)
        return TRUE;
    error_set(err, PINTAIL_ERROR_PROTOCOL,
              _("the server accepted the login without proving that it knows the password "
                "itself (%s): it may not be the real one"),
              a->mechanism->name);
    return FALSE;
}

const char *auth_mechanism(const Auth *a)
{
    return a->mechanism->name;
}

gboolean auth_client_first(const Auth *a)
{
    return a->mechanism->client_first;
}

const char *auth_server_error(const Auth *a)
{
    return a->server_error;
}

void auth_free(Auth *a)
{
    if (!a)
        return;
    scram_free(a->scram);
    secret_unref(a->secret);
    g_free(a->server_error);
    g_free(a->host);
    g_free(a->user);
    g_free(a);
}
