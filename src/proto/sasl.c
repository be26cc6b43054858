/* sasl.c - see sasl.h. What auth.c decides, carried over the wire; whatever held a secret is wiped. */
#include "sasl.h"
#include "pintail/util/i18n.h"
#include "pintail/util/text.h"

#define GUARDED_MIN 8 /* bytes of a line: shorter ones are in every other word */

/* ---- the guard ------------------------------------------------------------------------------- */

void sasl_guard_begin(SaslGuard *g, const Credentials *c)
{
    sasl_guard_end(g);
    if (c->password || c->token)
        g->plain = secret_ref(c->password ? c->password : c->token);
}

void sasl_guard_end(SaslGuard *g)
{
    g_clear_pointer(&g->plain, secret_unref);
    g_clear_pointer(&g->line, secret_unref);
}

static gboolean holds(Span heard, const Secret *secret)
{
    gsize len = 0;
    const char *text = secret ? secret_text(secret, &len) : NULL;
    return len > 0 && heard.len >= len && memmem(heard.at, heard.len, text, len) != NULL;
}

gboolean sasl_guard_repeats(const SaslGuard *g, Span heard)
{
    return holds(heard, g->plain) || holds(heard, g->line);
}

/* ---- lines ----------------------------------------------------------------------------------- */

char *sasl_login_of(const Credentials *c)
{
    g_autofree char *user = printable_text(c->user ? c->user : "?", c->user ? strlen(c->user) : 1, FALSE);
    return g_strdup_printf(_("the login of %s"), user);
}

char *sasl_line_shown(const char *command, const GString *secret)
{
    return g_strconcat(command ? command : "", command && secret ? " " : "", secret ? "(secret)" : "",
                       NULL);
}

gboolean sasl_line_write(Stream *stream, const char *command, const GString *secret, GError **err)
{
    return (!command || stream_write(stream, command, strlen(command), err)) &&
           (!command || !secret || stream_write(stream, " ", 1, err)) &&
           (!secret || stream_write(stream, secret->str, secret->len, err)) &&
           stream_write(stream, "\r\n", 2, err);
}

static void wipe(GString *g)
{
    if (!g)
        return;
    secret_wipe(g->str, g->len);
    g_string_free(g, TRUE);
}

static gboolean say(const SaslWire *w, const char *command, const GString *secret, GError **err)
{
    if (secret && secret->len >= GUARDED_MIN) {
        secret_unref(w->guard->line);
        w->guard->line = secret_new(secret->str, secret->len);
    }
    return w->say(w->session, command, secret, err);
}

/* ---- the exchange ---------------------------------------------------------------------------- */

/* The command, with the initial response where there is one and it fits; else that is left in
 * *pending for the first challenge. */
static gboolean begin(const SaslWire *w, Auth *a, GString **pending, GError **err)
{
    g_autofree char *command = g_strdup_printf("%s %s", w->command, auth_mechanism(a));
    if (auth_client_first(a) && !auth_step(a, SPAN_NONE, pending, err))
        return FALSE;
    if (!*pending || strlen(command) + 1 + MAX((*pending)->len, 1) > w->line_max)
        return say(w, command, NULL, err);
    if ((*pending)->len == 0)
        g_string_append_c(*pending, '='); /* RFC 4954 section 4, RFC 4959 section 3 */
    gboolean ok = say(w, command, *pending, err);
    wipe(g_steal_pointer(pending));
    return ok;
}

static gboolean respond(const SaslWire *w, Auth *a, GString *first_take, Span challenge, GError **err)
{
    GString *reply = first_take;
    if (!reply && !auth_step(a, challenge, &reply, err)) {
        if (w->cancel)
            w->cancel(w->session);
        return FALSE;
    }
    gboolean ok = say(w, NULL, reply, err);
    wipe(reply);
    return ok;
}

/* Until the server has decided; auth_step() bounds the number of challenges. */
static gboolean exchange(const SaslWire *w, Auth *a, SaslAnswer *answer, GError **err)
{
    GString *pending = NULL;
    Span challenge = SPAN_NONE;
    gboolean ok = begin(w, a, &pending, err) && w->hear(w->session, answer, &challenge, err);
    while (ok && *answer == SASL_CHALLENGE)
        ok = respond(w, a, g_steal_pointer(&pending), challenge, err) &&
             w->hear(w->session, answer, &challenge, err);
    wipe(pending);
    return ok;
}

gboolean sasl_log_in(const SaslWire *w, Auth *take, const Credentials *c, const char *const *offered,
                     Stream *stream, char **mechanism, GError **err)
{
    g_autoptr(Auth) a = take;
    for (;;) {
        SaslAnswer answer = SASL_FAILED;
        if (!exchange(w, a, &answer, err))
            return FALSE;
        if (answer == SASL_ACCEPTED) {
            if (!auth_complete(a, err))
                return FALSE;
            *mechanism = g_strdup(auth_mechanism(a));
            return TRUE;
        }
        g_autoptr(Auth) next =
            answer == SASL_REFUSED ? auth_begin_again(a, c, offered, w->service, stream) : NULL;
        if (!next) {
            w->refused(w->session, auth_server_error(a), err);
            return FALSE;
        }
        auth_free(a);
        a = g_steal_pointer(&next);
    }
}
