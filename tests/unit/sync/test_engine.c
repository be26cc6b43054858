/* test_engine.c - starting, stopping, the lock, questions: nothing ever hangs, and no question
 * is asked twice. */
#include "fake.h"
#include "home.h"
#include "shared.h"
#include "worker.h"
#include "wire_server.h"

/* A server that accepts connections and says nothing at all. */
static void silent_greet(FakeClient *c)
{
}
static void silent_line(FakeClient *c, const char *line)
{
}
static void silent_leave(FakeClient *c)
{
}
static const FakeServe silent = {silent_greet, silent_line, silent_leave};

static Home *home_for(const char *scheme, guint16 port, const char *settings)
{
    g_autofree char *rc = g_strdup_printf("account work\n    address Ana <ana@example.org>\n    %s %s%s://ana@127.0.0.1:%u\n"
                                          "    smtp smtp://ana@127.0.0.1:%u\n    timeout 20s\n%s",
                                          scheme, scheme, strstr(settings, "tls off") ? "" : "s", port, port, settings);
    return home_new(rc);
}

static void test_stops_at_once(gconstpointer scheme)
{
    Fake *f = fake_new(&silent, NULL);
    Home *h = home_for(scheme, f->port, "    password secret\n    tls off\n");
    g_autoptr(Engine) e = home_engine(h, 0);
    home_wait(h, EVENT_ACCOUNT); /* connecting */
    gint64 before = g_get_monotonic_time();
    g_assert_true(engine_stop(e, 2000));
    g_assert_cmpint(g_get_monotonic_time() - before, <, 2 * G_TIME_SPAN_SECOND);
    home_free(h);
    fake_free(f);
}

static void test_never_started(void)
{
    Home *h = home_for("imap", 9, "    password secret\n    tls off\n");
    g_autoptr(GPtrArray) accounts = g_ptr_array_new();
    g_ptr_array_add(accounts, h->account);
    g_autoptr(Engine) e = engine_new(h->bus, h->store_home, accounts, 0);
    g_assert_true(engine_stop(e, 100));
    g_clear_pointer(&e, engine_free);
    home_free(h);
}

/* Quitting while a question waits. */
static void test_stops_while_asking(void)
{
    WireCert *cert = wire_cert_new("IP:127.0.0.1", -1, 9);
    WireServer *server = wire_start_with("tls-fails\n", cert, 0);
    Home *h = home_for("pop3", server->port, "    password secret\n");
    g_autoptr(Engine) e = home_engine(h, 0);
    home_wait(h, EVENT_QUESTION);
    g_assert_true(engine_stop(e, 2000));
    home_free(h);
    wire_finish(server);
    wire_cert_free(cert);
}

/* No password leaves before the certificate is accepted; "always" is kept for the next time. */
static void test_certificate(void)
{
    WireCert *cert = wire_cert_new("IP:127.0.0.1", -1, 9);
    WireServer *server = wire_start_with("tls-fails\naccept\ntls\nS: -ERR busy\nclose\n", cert, 0);
    Home *h = home_for("pop3", server->port, "    password secret\n");
    g_autoptr(Engine) e = home_engine(h, ENGINE_ONCE);
    Event *q = home_wait(h, EVENT_QUESTION);
    g_assert_cmpint(q->question_kind, ==, QUESTION_CERTIFICATE);
    g_assert_cmpstr(((Certificate *)q->report->chain->pdata[0])->sha256, ==, cert->sha256);
    g_assert_null(q->old_certificate);
    Request *r = request_new(REQUEST_ANSWER, h->id);
    r->question = q->question;
    r->answer = ANSWER_ALWAYS;
    g_assert_true(bus_request(h->bus, LANE_SYNC, r));
    Event *idle;
    do
        idle = home_wait(h, EVENT_IDLE);
    while (idle->lane != LANE_SYNC);
    g_assert_true(engine_stop(e, 2000));
    g_autofree char *trusted = trust_get(h->store, "127.0.0.1", server->port, NULL);
    g_assert_cmpstr(trusted, ==, cert->sha256);
    home_free(h);
    wire_finish(server);
    wire_cert_free(cert);
}

/* A rejected one is the end of it: nobody connects again until the person wants it. */
static void test_rejected(void)
{
    WireCert *cert = wire_cert_new("IP:127.0.0.1", -1, 9);
    WireServer *server = wire_start_with("tls-fails\n", cert, 0);
    Home *h = home_for("pop3", server->port, "    password secret\n");
    g_autoptr(Engine) e = home_engine(h, ENGINE_ONCE);
    Event *q = home_wait(h, EVENT_QUESTION);
    Request *r = request_new(REQUEST_ANSWER, h->id);
    r->question = q->question;
    r->answer = ANSWER_REJECT;
    g_assert_true(bus_request(h->bus, LANE_SYNC, r));
    Event *state;
    do
        state = home_wait(h, EVENT_ACCOUNT);
    while (state->state != ACCOUNT_FAILED);
    g_assert_true(engine_stop(e, 2000));
    home_free(h);
    wire_finish(server);
    wire_cert_free(cert);
}

/* Another process has the lock: nothing is downloaded; when it lets go, we take over. */
static void test_takes_over(void)
{
    Fake *f = fake_new(&silent, NULL);
    Home *h = home_for("pop3", f->port, "    password secret\n    tls off\n");
    g_autoptr(GError) err = NULL;
    StoreHome *other = store_home_open(h->directory, 0, NULL, &err);
    g_assert_no_error(err);
    g_assert_true(store_home_lock_sync(other, &err));

    h->settle = fake_settle;
    h->settle_data = f;
    home_run_once(h, 0, 2); /* sync says so and ends, send has nothing to do */
    Event *notice = home_last(h, EVENT_NOTICE);
    g_assert_nonnull(notice);
    g_assert_nonnull(strstr(notice->text, "another Pintail"));
    g_assert_cmpuint(f->connections, ==, 0);

    g_autoptr(Engine) e = home_engine(h, 0);
    store_home_unlock_sync(other);
    home_wait(h, EVENT_ACCOUNT); /* connecting */
    g_assert_true(engine_stop(e, 2000));
    g_assert_true(store_home_lock_sync(other, &err));
    store_home_free(other);
    home_free(h);
    fake_free(f);
}

static void test_reload(void)
{
    Fake *f = fake_new(&silent, NULL);
    Home *h = home_for("pop3", f->port, "    password secret\n    tls off\n");
    g_autoptr(GPtrArray) none = g_ptr_array_new();
    g_autoptr(Engine) e = engine_new(h->bus, h->store_home, none, 0);
    g_autoptr(GError) err = NULL;
    g_assert_true(engine_start(e, &err));
    g_autoptr(GPtrArray) accounts = g_ptr_array_new();
    g_ptr_array_add(accounts, h->account);
    engine_reload(e, accounts);
    home_wait(h, EVENT_ACCOUNT);
    /* The same again, as another object: nobody is disturbed, so nothing is said. */
    g_autofree char *rc = g_strdup_printf("account work\n    address Ana <ana@example.org>\n    pop3 pop3://ana@127.0.0.1:%u\n"
                                          "    smtp smtp://ana@127.0.0.1:%u\n    timeout 20s\n    password secret\n    tls off\n",
                                          f->port, f->port);
    Request *r = request_new(REQUEST_RELOAD, 0);
    r->account_rc = g_steal_pointer(&rc);
    g_assert_true(bus_request(h->bus, LANE_SYNC, r));
    Request *probe = request_new(REQUEST_PROBE, 0); /* answered after the reload */
    probe->account_rc = g_strdup("account x\n    nonsense\n");
    g_assert_true(bus_request(h->bus, LANE_SYNC, probe));
    Event *p = home_wait(h, EVENT_PROBE);
    g_assert_false(p->ok);
    engine_reload(e, none);
    g_assert_true(engine_stop(e, 2000));
    fake_settle(f);
    g_assert_cmpuint(f->connections, <=, 1);
    home_free(h);
    fake_free(f);
}

static void test_probe_refused(void)
{
    WireServer *server = wire_start("S: +OK\nC: CAPA\nS: -ERR\nC: USER ana\nS: +OK\nC: PASS wrong\n"
                                    "S: -ERR [AUTH] no such luck\nclose\n");
    Home *h = home_new("account none\n    address a@example.org\n    smtp smtp://127.0.0.1:9\n    password x\n");
    g_autoptr(Engine) e = home_engine(h, 0);
    Request *r = request_new(REQUEST_PROBE, 0);
    r->account_rc = g_strdup_printf("account new\n    address ana@example.org\n    pop3 pop3://ana@127.0.0.1:%u\n    tls off\n",
                                    server->port);
    r->secret = secret_new("wrong", 5);
    g_assert_true(bus_request(h->bus, LANE_SYNC, r));
    Event *p;
    do
        p = home_wait(h, EVENT_PROBE);
    while (p->ok);
    g_assert_nonnull(strstr(p->text, "no such luck"));
    g_assert_nonnull(strstr(p->text, "127.0.0.1"));
    g_assert_true(engine_stop(e, 2000));
    home_free(h);
    wire_finish(server);
}

/* ---- shared state ---- */

static void test_shared_secrets(void)
{
    g_autoptr(Shared) s = shared_new();
    g_autoptr(Secret) first = secret_new("one", 3);
    g_autoptr(Secret) second = secret_new("two", 3);
    guint generation = 9;
    gboolean was_good = FALSE;
    g_assert_null(shared_secret(s, SLOT_INCOMING, &generation));
    guint old = shared_secret_put(s, SLOT_INCOMING, first, FALSE);
    guint new = shared_secret_put(s, SLOT_INCOMING, second, TRUE);
    /* a slower lane was refused with the old one: the new one is to be tried */
    g_assert_true(shared_secret_refused(s, SLOT_INCOMING, old, "no", &was_good));
    g_assert_null(shared_refusal(s, SLOT_INCOMING));
    g_assert_false(shared_secret_refused(s, SLOT_INCOMING, new, "no", &was_good));
    g_assert_false(was_good);
    g_autofree char *words = shared_refusal(s, SLOT_INCOMING);
    g_assert_cmpstr(words, ==, "no");
    g_assert_null(shared_secret(s, SLOT_INCOMING, &generation));
    g_assert_null(shared_secret(s, SLOT_SMTP, &generation));
}

static void test_three_a_minute(void)
{
    g_autoptr(Shared) s = shared_new();
    shared_connection_failed(s);
    shared_connection_failed(s);
    g_assert_cmpint(shared_connection_pause(s), ==, 0);
    shared_connection_failed(s);
    g_assert_cmpint(shared_connection_pause(s), >, 50 * G_TIME_SPAN_SECOND);
    shared_forgive(s);
    g_assert_cmpint(shared_connection_pause(s), ==, 0);
}

static void test_backoff(void)
{
    for (guint n = 0; n < 40; n++) {
        g_assert_cmpint(backoff_us(n), >=, 700000);
        g_assert_cmpint(backoff_us(n), <=, 376 * G_TIME_SPAN_SECOND);
    }
    g_assert_cmpint(backoff_us(1), <, 2 * G_TIME_SPAN_SECOND);
    g_assert_cmpint(backoff_us(20), >, 200 * G_TIME_SPAN_SECOND);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/engine/stops at once, IMAP", "imap", test_stops_at_once);
    g_test_add_data_func("/engine/stops at once, POP3", "pop3", test_stops_at_once);
    g_test_add_func("/engine/never started", test_never_started);
    g_test_add_func("/engine/stops while asking", test_stops_while_asking);
    g_test_add_func("/engine/certificate", test_certificate);
    g_test_add_func("/engine/rejected certificate", test_rejected);
    g_test_add_func("/engine/takes over", test_takes_over);
    g_test_add_func("/engine/reload", test_reload);
    g_test_add_func("/engine/probe refused", test_probe_refused);
    g_test_add_func("/shared/secrets", test_shared_secrets);
    g_test_add_func("/shared/three a minute", test_three_a_minute);
    g_test_add_func("/shared/backoff", test_backoff);
    return g_test_run();
}
