/* login.c - see login.h. */
#include "login.h"
#include <string.h>
#include "lend.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/spawn.h"

#define COMMAND_TIMEOUT_MS 60000
/* Servers close a connection that waits for a login for long; after a slow answer it is dialled again. */
#define STALE_AFTER (30 * G_TIME_SPAN_SECOND)

struct Login {
    Worker *w;
    Account *account;
    Endpoint *where; /* with the account's `tls off` applied */
    StreamOptions options;
    char *setting, *log_name;
    GPtrArray *trusted; /* of char *, NULL at the end */
    /* of the present attempt: */
    SecretSlot slot;
    guint generation;
    Secret *secret, *token;
    gboolean no_credentials; /* the person gave none: not a refusal of the server */
    gboolean stale;          /* the connection waited too long for the person */
    gboolean limited;        /* the server has enough connections of ours */
};

static const char *protocol_name(const Endpoint *e)
{
    static const char *const names[] = {"imap", "pop3", "smtp"};
    return names[e->protocol];
}

Login *login_new(Worker *w, Account *account, const Endpoint *where)
{
    Login *l = g_new0(Login, 1);
    l->w = w;
    l->account = account_ref(account);
    l->where = endpoint_copy(where);
    if (account->tls_off && where->tls == TLS_STARTTLS)
        l->where->tls = TLS_OFF;
    l->setting = g_strdup_printf(_("%s of account %s"), protocol_name(where), account->name);
    l->log_name = g_strdup_printf("%s/%s/%d", account->name, protocol_name(where), (int)w->lane);
    l->trusted = g_ptr_array_new_with_free_func(g_free);
    l->options = (StreamOptions){.cancel = w->cancel,
                                 .timeout_ms = account->timeout * 1000,
                                 .ca_file = account->tls_ca,
                                 .allow_clear = account->tls_off,
                                 .setting = l->setting,
                                 .log_name = l->log_name};
    return l;
}

static void forget_attempt(Login *l)
{
    g_clear_pointer(&l->secret, secret_unref);
    g_clear_pointer(&l->token, secret_unref);
    l->no_credentials = l->stale = FALSE;
}

void login_free(Login *l)
{
    if (!l)
        return;
    forget_attempt(l);
    g_free(l->setting);
    g_free(l->log_name);
    g_ptr_array_unref(l->trusted);
    endpoint_free(l->where);
    account_unref(l->account);
    g_free(l);
}

/* ---- credentials ---- */

static const char *user_of(const Login *l)
{
    if (l->where->user)
        return l->where->user;
    if (l->account->incoming && l->account->incoming->user)
        return l->account->incoming->user;
    return l->account->identity.address;
}

static gboolean is_smtp(const Login *l)
{
    return l->where->protocol == PROTOCOL_SMTP;
}

/* SMTP uses the incoming password unless it has one of its own, or was refused with it. */
static SecretSlot slot_of(const Login *l)
{
    if (!is_smtp(l))
        return SLOT_INCOMING;
    if (l->account->smtp_password.kind != PASSWORD_ASK)
        return SLOT_SMTP;
    guint generation = 0;
    g_autoptr(Secret) own = shared_secret(l->w->shared, SLOT_SMTP, &generation);
    g_autofree char *refusal = shared_refusal(l->w->shared, SLOT_SMTP);
    return own || refusal ? SLOT_SMTP : SLOT_INCOMING;
}

static const PasswordSource *source_of(const Login *l, SecretSlot slot)
{
    if (slot == SLOT_SMTP && l->account->smtp_password.kind != PASSWORD_ASK)
        return &l->account->smtp_password;
    return &l->account->password;
}

static Secret *first_line(GString *output)
{
    Secret *secret = NULL;
    gsize len = strcspn(output->str, "\r\n");
    if (len > 0)
        secret = secret_new(output->str, len);
    secret_wipe(output->str, output->len);
    g_string_free(output, TRUE);
    return secret;
}

static Secret *run_command(Login *l, const char *command, GError **err)
{
    GString *output = NULL;
    if (!spawn_capture(command, NULL, 0, COMMAND_TIMEOUT_MS, l->w->cancel, &output, err))
        return NULL;
    Secret *secret = first_line(output);
    if (!secret)
        error_set(err, PINTAIL_ERROR_AUTH, _("'%s' printed nothing"), command);
    return secret;
}

/* The answer's secret; without one every lane gives up, for the reason `why` (may be NULL), until the
 * person wants it tried again. */
static Secret *ask(Login *l, QuestionKind kind, const char *command, const char *text, const char *why, GError **err)
{
    Event *question = event_new(EVENT_QUESTION, l->w->account_id);
    question->question_kind = kind;
    question->text = g_strdup(text);
    question->command = g_strdup(command);
    worker_state(l->w, ACCOUNT_WAITING, text);
    g_autoptr(Request) answer = worker_ask(l->w, question, err);
    if (!answer)
        return NULL;
    if (answer->answer == ANSWER_PASSWORD && answer->secret)
        return secret_ref(answer->secret);
    g_autofree char *words = NULL;
    if (!why)
        words = g_strdup_printf(_("not logged in to %s:%u, no password was given"), l->where->host, l->where->port);
    shared_deny(l->w->shared, why ? why : words);
    error_set(err, PINTAIL_ERROR_AUTH, "%s", why ? why : words);
    return NULL;
}

static Secret *ask_password(Login *l, const char *refusal, GError **err)
{
    g_autofree char *text = NULL;
    if (refusal)
        text = g_strdup_printf(_("%s\nPassword of %s on %s:%u (account %s)"), refusal, user_of(l),
                               l->where->host, l->where->port, l->account->name);
    else
        text = g_strdup_printf(_("Password of %s on %s:%u (account %s)"), user_of(l), l->where->host,
                               l->where->port, l->account->name);
    return ask(l, QUESTION_PASSWORD, NULL, text, refusal, err);
}

/* In a worker there is no terminal: a command that needs one is run again by the screen. */
static Secret *command_or_question(Login *l, const char *command, GError **err)
{
    g_autoptr(GError) failure = NULL;
    Secret *secret = run_command(l, command, &failure);
    if (secret)
        return secret;
    if (error_is(failure, PINTAIL_ERROR_CANCELLED)) {
        g_propagate_error(err, g_steal_pointer(&failure));
        return NULL;
    }
    g_autofree char *why = g_strdup_printf(_("password command failed: %s"), failure->message);
    g_autofree char *text = g_strdup_printf("%s: %s", l->account->name, why);
    return ask(l, QUESTION_COMMAND, command, text, why, err);
}

static Secret *find_secret(Login *l, SecretSlot slot, gboolean *typed, GError **err)
{
    g_autofree char *refusal = shared_refusal(l->w->shared, slot);
    const PasswordSource *source = source_of(l, slot);
    *typed = FALSE;
    if (!refusal && source->kind == PASSWORD_LITERAL)
        return secret_ref(source->literal);
    if (!refusal && source->kind == PASSWORD_COMMAND)
        return command_or_question(l, source->command, err);
    *typed = TRUE;
    return ask_password(l, refusal, err);
}

static gboolean take_known_secret(Login *l)
{
    l->slot = slot_of(l);
    g_clear_pointer(&l->secret, secret_unref);
    l->secret = shared_secret(l->w->shared, l->slot, &l->generation);
    return l->secret != NULL;
}

static gboolean is_denied(Login *l, GError **err)
{
    g_autofree char *denied = shared_denied(l->w->shared);
    if (denied)
        error_set(err, PINTAIL_ERROR_AUTH, "%s", denied);
    return denied != NULL;
}

/* Until it is our turn to ask. Wakes up by the request that shared_end_asking() sends. */
static gboolean wait_for_turn(Login *l, GError **err)
{
    Worker *w = l->w;
    while (!shared_begin_asking(w->shared, w->inbox)) {
        if (!worker_put_off(w, err)) {
            shared_stop_waiting(w->shared, w->inbox);
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean get_password(Login *l, GError **err)
{
    if (take_known_secret(l))
        return TRUE;
    if (is_denied(l, err) || !wait_for_turn(l, err))
        return FALSE;
    gboolean have = take_known_secret(l); /* another lane may have asked meanwhile */
    if (!have && !is_denied(l, err)) {
        gboolean typed = FALSE;
        l->secret = find_secret(l, l->slot, &typed, err);
        have = l->secret != NULL;
        if (have)
            l->generation = shared_secret_put(l->w->shared, l->slot, l->secret, typed);
    }
    shared_end_asking(l->w->shared);
    return have;
}

static gboolean get_credentials(Login *l, const Secret **password, const Secret **token, GError **err)
{
    gboolean have;
    if (l->account->token_command) {
        *token = l->token = run_command(l, l->account->token_command, err);
        have = l->token != NULL;
        /* A person has to see to it; the server was not even asked. */
        if (!have && *err && (*err)->code != PINTAIL_ERROR_CANCELLED)
            (*err)->code = PINTAIL_ERROR_AUTH;
    } else {
        have = get_password(l, err);
        *password = l->secret;
    }
    l->no_credentials = !have;
    return have;
}

/* The server is there, and offers a way to log in with what this finds. */
static gboolean find_credentials(gpointer data, const Secret **password, const Secret **token, GError **err)
{
    Login *l = data;
    gint64 before = g_get_monotonic_time();
    if (!get_credentials(l, password, token, err))
        return FALSE;
    l->stale = !l->token && g_get_monotonic_time() - before > STALE_AFTER;
    if (l->stale)
        error_set(err, PINTAIL_ERROR_RETRY, _("%s:%u: connecting again"), l->where->host, l->where->port);
    return !l->stale;
}

/* The person is asked when the server has shown itself, or has refused an earlier answer. */
static gboolean begin_credentials(Login *l, Credentials *out, GError **err)
{
    *out = (Credentials){.user = user_of(l),
                         .mechanism = l->account->auth,
                         .find = find_credentials,
                         .find_data = l,
                         .wants_token = l->account->token_command != NULL};
    g_autofree char *refusal = shared_refusal(l->w->shared, slot_of(l));
    if (!refusal || out->wants_token)
        return TRUE;
    out->find = NULL;
    return get_credentials(l, &out->password, &out->token, err);
}

/* ---- certificates ---- */

static void add_trusted(GPtrArray *to, const char *sha256)
{
    if (sha256)
        g_ptr_array_add(to, g_strdup(sha256));
}

static void collect_trusted(Login *l)
{
    g_ptr_array_set_size(l->trusted, 0);
    for (guint n = 0; n < l->account->tls_trust->len; n++)
        add_trusted(l->trusted, l->account->tls_trust->pdata[n]);
    g_autofree char *always = trust_get(l->w->store, l->where->host, l->where->port, NULL);
    add_trusted(l->trusted, always);
    if (l->w->shared) {
        g_autofree char *once = shared_trusted_once(l->w->shared, l->where->host, l->where->port);
        add_trusted(l->trusted, once);
    }
    g_ptr_array_add(l->trusted, NULL);
    l->options.trusted_sha256 = (const char *const *)l->trusted->pdata;
}

static char *describe(const Certificate *c)
{
    g_autoptr(GDateTime) end = g_date_time_new_from_unix_utc(c->not_after);
    g_autofree char *day = end ? g_date_time_format(end, "%Y-%m-%d") : g_strdup("?");
    return g_strdup_printf(_("%s, issued by %s, valid until %s, SHA-256 %s"), c->subject, c->issuer, day, c->sha256);
}

static gboolean is_trusted_now(Login *l, const char *sha256)
{
    collect_trusted(l);
    return g_strv_contains(l->options.trusted_sha256, sha256);
}

/* The person decides. TRUE: connect again. */
static gboolean ask_certificate(Login *l, TlsReport *report, const GError *why, GError **err)
{
    Worker *w = l->w;
    const Certificate *leaf = report->chain->pdata[0];
    Event *question = event_new(EVENT_QUESTION, w->account_id);
    question->question_kind = QUESTION_CERTIFICATE;
    question->text = g_strdup(why->message);
    question->report = tls_report_ref(report);
    g_autofree char *old = trust_get(w->store, l->where->host, l->where->port, &question->old_certificate);
    if (old && !question->old_certificate)
        question->old_certificate = g_strdup(old);
    worker_state(w, ACCOUNT_WAITING, why->message);
    g_autoptr(Request) answer = worker_ask(w, question, err);
    if (!answer)
        return FALSE;
    if (answer->answer == ANSWER_ONCE || answer->answer == ANSWER_ALWAYS) {
        shared_trust_once(w->shared, l->where->host, l->where->port, leaf->sha256);
        g_autofree char *description = describe(leaf);
        return answer->answer == ANSWER_ONCE ||
               trust_put(w->store, l->where->host, l->where->port, leaf->sha256, description, err);
    }
    shared_deny(w->shared, why->message);
    error_set(err, PINTAIL_ERROR_TLS, "%s", why->message);
    return FALSE;
}

static gboolean settle_certificate(Login *l, TlsReport *report, const GError *why, GError **err)
{
    const Certificate *leaf = report->chain->pdata[0];
    if (is_denied(l, err) || !wait_for_turn(l, err))
        return FALSE;
    gboolean again = is_trusted_now(l, leaf->sha256) || (!is_denied(l, err) && ask_certificate(l, report, why, err));
    shared_end_asking(l->w->shared);
    return again;
}

/* ---- opening ---- */

typedef gpointer (*OpenFunc)(Login *l, TlsReport **report, GError **err);

/* It has enough connections of this account: because it says so, or because it has one and will do without
 * this one for now (RFC 5530: INUSE and UNAVAILABLE may mean other things as well). */
static gboolean is_limit(const Login *l, const ImapSession *s, const GError *failure)
{
    static const char *const perhaps[] = {"INUSE", "UNAVAILABLE", NULL};
    if (!error_is(failure, PINTAIL_ERROR_RETRY) || !l->w->shared)
        return FALSE;
    const char *code = s ? imap_answer(s)->code : "";
    Lend *lend = shared_lend(l->w->shared);
    gboolean has_one = l->w->lane == LANE_SYNC ? lend_other_is_in(lend) : lend_is_online(lend);
    return g_str_equal(code, "LIMIT") || imap_names_limit(failure->message) ||
           (has_one && g_strv_contains(perhaps, code));
}

static gpointer open_imap(Login *l, TlsReport **report, GError **err)
{
    Credentials c;
    if (!begin_credentials(l, &c, err))
        return NULL;
    GError *failure = NULL;
    g_autoptr(ImapSession) s = imap_connect(l->where, &l->options, report, &failure);
    if (!s || !imap_login(s, &c, &failure)) {
        l->limited = is_limit(l, s, failure);
        g_propagate_error(err, failure);
        return NULL;
    }
    imap_limit_lines(s, l->account->line_limit);
    return g_steal_pointer(&s);
}

static gpointer open_pop3(Login *l, TlsReport **report, GError **err)
{
    Credentials c;
    return begin_credentials(l, &c, err) ? pop3_open(l->where, &l->options, &c, report, err) : NULL;
}

static gpointer open_smtp(Login *l, TlsReport **report, GError **err)
{
    Credentials c;
    return begin_credentials(l, &c, err) ? smtp_open(l->where, &l->options, &c, report, err) : NULL;
}

/* The server refused the credentials. TRUE: there is something else to be tried. */
static gboolean settle_refusal(Login *l, const GError *refusal)
{
    if (!l->secret)
        return FALSE; /* a fresh token was refused, another one would be too; or a certificate of ours */
    gboolean was_good = FALSE;
    SecretSlot slot = l->slot;
    /* The incoming server took this password: SMTP needs one of its own. */
    if (is_smtp(l) && slot == SLOT_INCOMING && l->account->incoming) {
        guint generation = shared_secret_put(l->w->shared, SLOT_SMTP, l->secret, FALSE);
        shared_secret_refused(l->w->shared, SLOT_SMTP, generation, refusal->message, &was_good);
        return TRUE;
    }
    shared_secret_refused(l->w->shared, slot, l->generation, refusal->message, &was_good);
    return TRUE;
}

static gboolean pause_is_over(Login *l, GError **err)
{
    gint64 pause = shared_connection_pause(l->w->shared);
    if (pause == 0)
        return TRUE;
    error_set(err, PINTAIL_ERROR_RETRY, _("%s:%u: the last connections failed; the next one is tried in %d seconds"),
              l->where->host, l->where->port, (int)(pause / G_USEC_PER_SEC) + 1);
    return FALSE;
}

/* Opens until it works, or nobody can help any more. Each turn after a refusal needs a person's
 * answer (or another lane's), so this ends. */
static gpointer login_open(Login *l, OpenFunc open, GError **err)
{
    for (;;) {
        if (!pause_is_over(l, err))
            return NULL;
        collect_trusted(l);
        forget_attempt(l);
        l->limited = FALSE;
        g_autoptr(GError) failure = NULL;
        g_autoptr(TlsReport) report = NULL;
        gpointer session = open(l, &report, &failure);
        if (session) {
            if (l->secret)
                shared_secret_accepted(l->w->shared, l->slot, l->generation);
            shared_connection_worked(l->w->shared);
            forget_attempt(l);
            return session;
        }
        gboolean again = l->stale;
        if (!again && !l->no_credentials && !l->limited && !error_is(failure, PINTAIL_ERROR_CANCELLED))
            shared_connection_failed(l->w->shared);
        if (error_is(failure, PINTAIL_ERROR_AUTH) && !l->no_credentials)
            again = settle_refusal(l, failure);
        else if (error_is(failure, PINTAIL_ERROR_TLS) && report && report->chain->len > 0) {
            if (!settle_certificate(l, report, failure, err))
                return NULL;
            again = TRUE;
        }
        forget_attempt(l);
        if (!again) {
            g_propagate_error(err, g_steal_pointer(&failure));
            return NULL;
        }
    }
}

gboolean login_was_limited(const Login *l)
{
    return l->limited;
}

void login_use_cancel(Login *l, const Cancel *cancel)
{
    l->options.cancel = cancel ? cancel : l->w->cancel;
}

ImapSession *login_imap(Login *l, GError **err)
{
    return login_open(l, open_imap, err);
}

Pop3 *login_pop3(Login *l, GError **err)
{
    return login_open(l, open_pop3, err);
}

Smtp *login_smtp(Login *l, GError **err)
{
    return login_open(l, open_smtp, err);
}

/* ---- probes ---- */

static gboolean probe_credentials(Login *l, const Secret *password, Credentials *out, GError **err)
{
    const PasswordSource *source = source_of(l, is_smtp(l) ? SLOT_SMTP : SLOT_INCOMING);
    *out = (Credentials){.user = user_of(l), .mechanism = l->account->auth};
    if (l->account->token_command) {
        out->token = l->token = run_command(l, l->account->token_command, err);
        return l->token != NULL;
    }
    if (source->kind == PASSWORD_LITERAL)
        l->secret = secret_ref(source->literal);
    else if (source->kind == PASSWORD_COMMAND)
        l->secret = run_command(l, source->command, err);
    else if (password)
        l->secret = secret_ref(password);
    else
        error_set(err, PINTAIL_ERROR_AUTH, _("no password for %s on %s"), user_of(l), l->where->host);
    out->password = l->secret;
    return l->secret != NULL;
}

gboolean login_probe(Login *l, const Secret *password, TlsReport **report, char **description, GError **err)
{
    Credentials c;
    forget_attempt(l);
    collect_trusted(l);
    if (!probe_credentials(l, password, &c, err))
        return FALSE;
    if (l->where->protocol == PROTOCOL_IMAP) {
        g_autoptr(ImapSession) s = imap_connect(l->where, &l->options, report, err);
        if (!s || !imap_login(s, &c, err))
            return FALSE;
        *description = g_strdup(imap_description(s));
        imap_logout(s);
        return TRUE;
    }
    if (l->where->protocol == PROTOCOL_POP3) {
        g_autoptr(Pop3) p = pop3_open(l->where, &l->options, &c, report, err);
        if (!p)
            return FALSE;
        *description = g_strdup(pop3_description(p));
        return pop3_quit(p, err);
    }
    g_autoptr(Smtp) s = smtp_open(l->where, &l->options, &c, report, err);
    if (!s)
        return FALSE;
    *description = g_strdup(smtp_description(s));
    smtp_quit(s);
    return TRUE;
}
