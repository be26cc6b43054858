/* test_auth.c - choosing a mechanism, and each exchange; SCRAM against the server side of
 * GNU SASL, with and without a forged proof. */
#include <gsasl.h>
#include "pintail/proto/auth.h"
#include "pintail/util/error.h"
#include "wire_server.h"

static Secret *password, *token;
static WireCert *cert;

typedef struct {
    WireServer *server;
    Endpoint *endpoint;
    StreamOptions options;
    Stream *stream;
} Line;

static void line_up(Line *l, TlsMode mode)
{
    *l = (Line){.options = {.timeout_ms = 10000, .ca_file = cert->file}};
    l->server = wire_start_with(mode == TLS_IMPLICIT ? "tls\nstall" : "stall", cert, 0);
    l->endpoint = wire_endpoint(l->server, PROTOCOL_IMAP, mode);
    g_autoptr(GError) err = NULL;
    l->stream = stream_open(l->endpoint, &l->options, NULL, &err);
    g_assert_no_error(err);
}

static void line_down(Line *l)
{
    stream_free(l->stream);
    endpoint_free(l->endpoint);
    wire_finish(l->server);
}

static const char *const everything[] = {
    "CRAM-MD5", "DIGEST-MD5", "NTLM", "login", "PLAIN", "XOAUTH2", "OAUTHBEARER", "SCRAM-SHA-1",
    "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS", "EXTERNAL", "GSSAPI", NULL};

/* The next reply, decoded; "" stands for an empty challenge. */
static char *step(Auth *a, const char *challenge, gsize *len)
{
    g_autoptr(GError) err = NULL;
    g_autofree char *text = g_base64_encode((const guchar *)challenge, strlen(challenge));
    GString *reply = NULL;
    g_assert_true(auth_step(a, span_of(text), &reply, &err));
    g_assert_no_error(err);
    gsize n = 0;
    char *plain = reply->len ? (char *)g_base64_decode(reply->str, &n) : g_strdup("");
    g_string_free(reply, TRUE);
    plain = g_realloc(plain, n + 1);
    plain[n] = '\0';
    if (len)
        *len = n;
    return plain;
}

static void expect_choice(const Credentials *c, const char *const *offered, Stream *s,
                          const char *wanted)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(Auth) a = auth_begin(c, offered, "imap", s, &err);
    if (wanted) {
        g_assert_no_error(err);
        g_assert_cmpstr(auth_mechanism(a), ==, wanted);
        return;
    }
    g_assert_null(a);
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_INVALID);
    g_test_message("%s", err->message);
    g_assert_null(strstr(err->message, "correct horse"));
}

static void test_choice(void)
{
    Line clear, starttls, tls;
    line_up(&clear, TLS_OFF);
    line_up(&starttls, TLS_STARTTLS);
    line_up(&tls, TLS_IMPLICIT);
    Credentials c = {.user = "ana", .password = password};
    expect_choice(&c, everything, tls.stream, "SCRAM-SHA-256-PLUS");
    expect_choice(&c, everything, clear.stream, "SCRAM-SHA-256"); /* nothing to bind to */
    const char *const weak[] = {"LOGIN", "PLAIN", "CRAM-MD5", NULL};
    expect_choice(&c, weak, tls.stream, "PLAIN");
    expect_choice(&c, weak, clear.stream, "PLAIN");       /* loopback, tls off */
    expect_choice(&c, weak, starttls.stream, NULL);       /* not secured */
    const char *const hashes[] = {"CRAM-MD5", "DIGEST-MD5", "NTLM", NULL};
    expect_choice(&c, hashes, tls.stream, NULL);
    const char *const oauth[] = {"XOAUTH2", "OAUTHBEARER", NULL};
    expect_choice(&c, oauth, tls.stream, NULL);
    const char *const none[] = {NULL};
    expect_choice(&c, none, tls.stream, NULL);
    c.mechanism = "login";
    expect_choice(&c, everything, tls.stream, "LOGIN");
    c.mechanism = "EXTERNAL";
    expect_choice(&c, everything, tls.stream, "EXTERNAL");
    c.mechanism = "CRAM-MD5";
    expect_choice(&c, everything, tls.stream, NULL);
    c = (Credentials){.user = "ana", .token = token, .mechanism = "auto"};
    expect_choice(&c, everything, tls.stream, "OAUTHBEARER");
    expect_choice(&c, everything, starttls.stream, NULL);
    c = (Credentials){.user = "ana"};
    const char *const external[] = {"EXTERNAL", NULL};
    expect_choice(&c, external, tls.stream, NULL); /* only by name */
    line_down(&clear);
    line_down(&starttls);
    line_down(&tls);
}

static void test_both_lists_are_named(void)
{
    Line l;
    line_up(&l, TLS_IMPLICIT);
    Credentials c = {.user = "ana", .password = password};
    const char *const offered[] = {"GSSAPI", "X\x1b[2J", NULL};
    g_autoptr(GError) err = NULL;
    g_assert_null(auth_begin(&c, offered, "imap", l.stream, &err));
    g_assert_nonnull(strstr(err->message, "offers GSSAPI, X"));
    g_assert_nonnull(strstr(err->message, "PLAIN, LOGIN"));
    g_assert_null(strchr(err->message, '\x1b'));
    line_down(&l);
}

static Auth *begin(Line *l, const Credentials *c, const char *only)
{
    const char *const offered[] = {only, NULL};
    g_autoptr(GError) err = NULL;
    Auth *a = auth_begin(c, offered, "imap", l->stream, &err);
    g_assert_no_error(err);
    return a;
}

static void test_plain_and_login(void)
{
    Line l;
    line_up(&l, TLS_OFF);
    Credentials c = {.user = "ana@example.org", .password = password};
    g_autoptr(Auth) a = begin(&l, &c, "PLAIN");
    g_assert_true(auth_client_first(a));
    gsize len;
    g_autofree char *r = step(a, "whatever the server says first", &len);
    g_assert_cmpmem(r, len, "\0ana@example.org\0correct horse", 30);
    g_autoptr(GError) err = NULL;
    g_assert_true(auth_complete(a, &err));
    GString *none = NULL;
    g_assert_false(auth_step(a, span_of("YQ=="), &none, &err));
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_PROTOCOL);
    g_clear_error(&err);
    g_autoptr(Auth) b = begin(&l, &c, "LOGIN");
    g_assert_false(auth_client_first(b));
    g_autofree char *user = step(b, "Username:", NULL);
    g_autofree char *pass = step(b, "", NULL);
    g_assert_cmpstr(user, ==, "ana@example.org");
    g_assert_cmpstr(pass, ==, "correct horse");
    g_assert_false(auth_step(b, span_of(""), &none, &err));
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_PROTOCOL);
    line_down(&l);
}

static void test_bad_challenges(void)
{
    Line l;
    line_up(&l, TLS_OFF);
    Credentials c = {.user = "ana", .password = password};
    g_autofree char *huge = g_strnfill(20000, 'A');
    const char *bad[] = {"no base64!", "YQ=", "Y===", "YQ==YQ==", "=", huge, "YQ\xff="};
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(Auth) a = begin(&l, &c, "LOGIN");
        g_autoptr(GError) err = NULL;
        GString *reply = NULL;
        g_assert_false(auth_step(a, span_of(bad[i]), &reply, &err));
        g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_PROTOCOL);
        g_assert_null(reply);
    }
    line_down(&l);
}

static void test_oauth(void)
{
    Line l;
    line_up(&l, TLS_OFF);
    Credentials c = {.user = "a=n,a@example.org", .token = token};
    g_autoptr(Auth) a = begin(&l, &c, "OAUTHBEARER");
    g_autofree char *r = step(a, "", NULL);
    g_autofree char *wanted =
        g_strdup_printf("n,a=a=3Dn=2Ca@example.org,\001host=127.0.0.1\001port=%u\001"
                        "auth=Bearer ya29.tok-en\001\001",
                        l.endpoint->port);
    g_assert_cmpstr(r, ==, wanted);
    g_assert_null(auth_server_error(a));
    g_autofree char *dummy = step(a, "{\"status\":\"invalid_token\"}", NULL);
    g_assert_cmpstr(dummy, ==, "\001");
    g_assert_cmpstr(auth_server_error(a), ==, "{\"status\":\"invalid_token\"}");
    g_autoptr(GError) err = NULL;
    GString *none = NULL;
    g_assert_false(auth_step(a, span_of(""), &none, &err));
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_PROTOCOL);

    g_autoptr(Auth) b = begin(&l, &c, "XOAUTH2");
    g_autofree char *x = step(b, "", NULL);
    g_assert_cmpstr(x, ==, "user=a=n,a@example.org\001auth=Bearer ya29.tok-en\001\001");
    g_autofree char *empty = step(b, "{\"status\":\"401\"}", NULL);
    g_assert_cmpstr(empty, ==, "");
    g_assert_cmpstr(auth_server_error(b), ==, "{\"status\":\"401\"}");
    line_down(&l);
}

static void test_unfit_secrets(void)
{
    Line l;
    line_up(&l, TLS_OFF);
    g_autoptr(Secret) two_lines = secret_new("tok\nen", 6);
    g_autoptr(Secret) nul = secret_new("a\0b", 3);
    const char *const offered[] = {"PLAIN", "XOAUTH2", NULL};
    const Credentials bad[] = {
        {.user = "ana", .token = two_lines},
        {.user = "ana", .password = nul},
        {.user = "ana\r\nQUIT", .password = password},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) err = NULL;
        g_assert_null(auth_begin(&bad[i], offered, "smtp", l.stream, &err));
        g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_AUTH);
    }
    line_down(&l);
}

/* ---- SCRAM ------------------------------------------------------------------------------- */

static char *binding_text; /* for the server's side */

static int server_callback(Gsasl *library, Gsasl_session *s, Gsasl_property p)
{
    if (p == GSASL_PASSWORD)
        return gsasl_property_set(s, p, "correct horse");
    if (p == GSASL_CB_TLS_EXPORTER && binding_text)
        return gsasl_property_set(s, p, binding_text);
    return GSASL_NO_CALLBACK;
}

static void scram(const char *mechanism, Line *l, gboolean forge, const char *say_error)
{
    Gsasl *library;
    Gsasl_session *server;
    g_assert_cmpint(gsasl_init(&library), ==, GSASL_OK);
    gsasl_callback_set(library, server_callback);
    g_assert_cmpint(gsasl_server_start(library, mechanism, &server), ==, GSASL_OK);
    Credentials c = {.user = "ana", .password = password};
    g_autoptr(Auth) a = begin(l, &c, mechanism);
    g_assert_cmpstr(auth_mechanism(a), ==, mechanism);
    g_autofree char *challenge = g_strdup("");
    g_autoptr(GError) err = NULL;
    for (guint i = 0; i < 3; i++) {
        GString *reply = NULL;
        if (i == 2 && say_error) {
            g_free(challenge);
            challenge = g_base64_encode((const guchar *)say_error, strlen(say_error));
        }
        if (i == 2 && forge) { /* another signature of the right form */
            gsize n;
            g_autofree guchar *text = g_base64_decode(challenge, &n);
            text[4] = text[4] == 'A' ? 'B' : 'A';
            g_free(challenge);
            challenge = g_base64_encode(text, n);
        }
        gboolean ok = auth_step(a, span_of(challenge), &reply, &err);
        if (forge && i == 2) {
            g_assert_false(ok);
            g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_PROTOCOL);
            g_assert_nonnull(strstr(err->message, "may not be the real one"));
            break;
        }
        g_assert_no_error(err);
        if (i < 2) {
            g_autoptr(GError) early = NULL;
            g_assert_false(auth_complete(a, &early)); /* an OK now would prove nothing */
            char *next = NULL;
            int code = gsasl_step64(server, reply->str, &next);
            g_assert_cmpint(code, ==, i == 0 ? GSASL_NEEDS_MORE : GSASL_OK);
            g_free(challenge);
            challenge = g_strdup(next);
            gsasl_free(next);
        } else {
            g_assert_cmpuint(reply->len, ==, 0);
        }
        g_string_free(reply, TRUE);
    }
    g_clear_error(&err);
    g_assert_true(auth_complete(a, &err) == (!forge && !say_error));
    g_assert_cmpstr(auth_server_error(a), ==, say_error ? say_error + 2 : NULL);
    gsasl_finish(server);
    gsasl_done(library);
}

static void test_scram(void)
{
    Line l;
    line_up(&l, TLS_OFF);
    scram("SCRAM-SHA-1", &l, FALSE, NULL);
    scram("SCRAM-SHA-256", &l, FALSE, NULL);
    scram("SCRAM-SHA-256", &l, TRUE, NULL);
    scram("SCRAM-SHA-256", &l, FALSE, "e=invalid-proof");
    line_down(&l);
}

static void test_scram_plus(void)
{
    Line l;
    line_up(&l, TLS_IMPLICIT);
    guint8 binding[32];
    g_assert_true(stream_channel_binding(l.stream, binding));
    binding_text = g_base64_encode(binding, 32);
    scram("SCRAM-SHA-256-PLUS", &l, FALSE, NULL);
    scram("SCRAM-SHA-1-PLUS", &l, FALSE, NULL);
    g_clear_pointer(&binding_text, g_free);
    /* With TLS, but without -PLUS: no channel binding is claimed at all. */
    Credentials c = {.user = "ana", .password = password};
    g_autoptr(Auth) a = begin(&l, &c, "SCRAM-SHA-256");
    g_autofree char *first = step(a, "", NULL);
    g_assert_true(g_str_has_prefix(first, "n,,n=ana,r="));
    line_down(&l);
}

static void test_again_without_binding(void)
{
    Line l;
    line_up(&l, TLS_IMPLICIT);
    Credentials c = {.user = "ana", .password = password};
    const char *const offered[] = {"PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS", NULL};
    g_autoptr(Auth) a = auth_begin(&c, offered, "imap", l.stream, NULL);
    g_autoptr(Auth) b = auth_begin_again(a, &c, offered, "imap", l.stream);
    g_assert_cmpstr(auth_mechanism(b), ==, "SCRAM-SHA-256");
    g_assert_null(auth_begin_again(b, &c, offered, "imap", l.stream));
    const char *const only[] = {"PLAIN", "SCRAM-SHA-256-PLUS", NULL};
    g_assert_null(auth_begin_again(a, &c, only, "imap", l.stream)); /* never down to PLAIN */
    c.mechanism = "SCRAM-SHA-256-PLUS";
    g_assert_null(auth_begin_again(a, &c, offered, "imap", l.stream));
    line_down(&l);
}

static void test_scram_absurd_iterations(void)
{
    Line l;
    line_up(&l, TLS_OFF);
    Credentials c = {.user = "ana", .password = password};
    g_autoptr(Auth) a = begin(&l, &c, "SCRAM-SHA-256");
    g_autofree char *first = step(a, "", NULL);
    g_autofree char *challenge =
        g_strdup_printf("r=%sserver,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=2000000000", strstr(first, "r=") + 2);
    g_autofree char *text = g_base64_encode((guchar *)challenge, strlen(challenge));
    g_autoptr(GError) err = NULL;
    GString *reply = NULL;
    g_assert_false(auth_step(a, span_of(text), &reply, &err));
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_PROTOCOL);
    line_down(&l);
}

static void test_external(void)
{
    Line l;
    line_up(&l, TLS_IMPLICIT);
    Credentials c = {.user = "ana", .mechanism = "EXTERNAL"};
    g_autoptr(Auth) a = begin(&l, &c, "EXTERNAL");
    g_autofree char *r = step(a, "", NULL);
    g_assert_cmpstr(r, ==, "ana");
    line_down(&l);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    password = secret_new("correct horse", 13);
    token = secret_new("ya29.tok-en", 11);
    cert = wire_cert_new("DNS:localhost,IP:127.0.0.1", -1, 10);
    g_test_add_func("/auth/choice", test_choice);
    g_test_add_func("/auth/both-lists", test_both_lists_are_named);
    g_test_add_func("/auth/plain-login", test_plain_and_login);
    g_test_add_func("/auth/bad-challenges", test_bad_challenges);
    g_test_add_func("/auth/oauth", test_oauth);
    g_test_add_func("/auth/unfit-secrets", test_unfit_secrets);
    g_test_add_func("/auth/scram", test_scram);
    g_test_add_func("/auth/scram-plus", test_scram_plus);
    g_test_add_func("/auth/again", test_again_without_binding);
    g_test_add_func("/auth/iterations", test_scram_absurd_iterations);
    g_test_add_func("/auth/external", test_external);
    int result = g_test_run();
    secret_unref(password);
    secret_unref(token);
    wire_cert_free(cert);
    return result;
}
