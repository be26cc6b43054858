/* auth_scram.c - SCRAM (RFC 5802, 7677), with channel binding (RFC 9266), and EXTERNAL,
 * through GNU SASL. A library handle belongs to one exchange: nothing is shared.
 *
 * The tls-exporter property is set for -PLUS only: with it the library would say "y" in
 * the plain mechanisms, and servers that do offer -PLUS then take us for a victim. */
#include <gsasl.h>
#include "auth_mechanisms.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"

/* Each costs a hash; a server could otherwise keep us computing for hours (RFC 5802 section 9
 * names no limit; 4096 is usual, 600,000 the most that is recommended). */
#define ITERATIONS_MAX 1000000

struct ScramState {
    Gsasl *library;
    Gsasl_session *session;
};

static gboolean fail(const Auth *a, int code, GError **err)
{
    error_set(err, PINTAIL_ERROR_PROTOCOL, _("login with %s failed: %s"), a->mechanism->name,
              gsasl_strerror(code));
    return FALSE;
}

static gboolean open_session(Auth *a, GError **err)
{
    a->scram = g_new0(struct ScramState, 1);
    int code = gsasl_init(&a->scram->library);
    if (code == GSASL_OK)
        code = gsasl_client_start(a->scram->library, a->mechanism->name, &a->scram->session);
    return code == GSASL_OK || fail(a, code, err);
}

gboolean scram_begin(Auth *a, Stream *stream, GError **err)
{
    if (!open_session(a, err))
        return FALSE;
    Gsasl_session *session = a->scram->session;
    int code = gsasl_property_set(session, GSASL_AUTHID, a->user);
    if (code == GSASL_OK)
        code = gsasl_property_set(session, GSASL_PASSWORD, secret_text(a->secret, NULL));
    guint8 binding[32];
    if (code == GSASL_OK && a->mechanism->binding && stream_channel_binding(stream, binding)) {
        g_autofree char *text = g_base64_encode(binding, sizeof binding);
        code = gsasl_property_set(session, GSASL_CB_TLS_EXPORTER, text);
    }
    return code == GSASL_OK || fail(a, code, err);
}

gboolean external_begin(Auth *a, Stream *stream, GError **err)
{
    if (!open_session(a, err))
        return FALSE;
    int code = gsasl_property_set(a->scram->session, GSASL_AUTHZID, a->user);
    return code == GSASL_OK || fail(a, code, err);
}

/* server-first-message = nonce "," salt "," iteration-count (RFC 5802 section 7). */
static gboolean check_iterations(const char *challenge, gsize len, GError **err)
{
    g_autofree char *text = g_strndup(challenge, len);
    const char *i = strstr(text, ",i=");
    if (!i || g_ascii_strtoull(i + 3, NULL, 10) <= ITERATIONS_MAX)
        return TRUE; /* without one, the library says what is wrong */
    error_set(err, PINTAIL_ERROR_PROTOCOL,
              _("the server asks for an absurd number of hash iterations to log in"));
    return FALSE;
}

/* "e=invalid-proof" in place of the server's signature: the refusal itself follows. */
static gboolean is_server_error(const Auth *a, const char *challenge, gsize len)
{
    return a->mechanism->mutual && a->step == 2 && len > 2 && memcmp(challenge, "e=", 2) == 0;
}

gboolean scram_reply(Auth *a, const char *challenge, gsize len, GString *out, GError **err)
{
    if (is_server_error(a, challenge, len)) {
        auth_keep_server_error(a, challenge + 2, len - 2);
        return TRUE;
    }
    if (a->step == 1 && a->mechanism->mutual && !check_iterations(challenge, len, err))
        return FALSE;
    char *reply = NULL;
    size_t reply_len = 0;
    int code = gsasl_step(a->scram->session, challenge, len, &reply, &reply_len);
    if (code != GSASL_OK && code != GSASL_NEEDS_MORE) {
        gsasl_free(reply);
        if (a->mechanism->mutual && a->step == 2) {
            error_set(err, PINTAIL_ERROR_PROTOCOL,
                      _("the server could not prove that it knows the password itself (%s): it "
                        "may not be the real one"),
                      a->mechanism->name);
            return FALSE;
        }
        return fail(a, code, err);
    }
    a->complete = code == GSASL_OK;
    g_string_append_len(out, reply, (gssize)reply_len);
    gsasl_free(reply);
    return TRUE;
}

void scram_free(struct ScramState *s)
{
    if (!s)
        return;
    if (s->session)
        gsasl_finish(s->session);
    if (s->library)
        gsasl_done(s->library);
    g_free(s);
}
