/* test_bus.c - merging, order, and what happens to a request nobody serves. */
#include <pthread.h>
#include <poll.h>
#include "pintail/bus/bus.h"

typedef struct {
    Bus *bus;
    Queue *inbox;
    Cancel *cancel;
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
    f->bus = bus_new();
    f->inbox = queue_new((GDestroyNotify)request_free);
    f->cancel = cancel_new();
    bus_attach(f->bus, 7, LANE_FAST, f->inbox, f->cancel);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    bus_detach(f->bus, 7, LANE_FAST);
    queue_free(f->inbox);
    cancel_free(f->cancel);
    bus_free(f->bus);
}

static Event *next(Fixture *f, EventKind kind)
{
    Event *e = bus_next(f->bus);
    g_assert_nonnull(e);
    g_assert_cmpint(e->kind, ==, kind);
    return e;
}

static void test_folder_events_merge(Fixture *f, gconstpointer data)
{
    static const struct {
        gint64 folder, seq;
    } posted[] = {{1, 10}, {2, 11}, {1, 15}, {1, 12}};
    for (gsize i = 0; i < G_N_ELEMENTS(posted); i++) {
        Event *e = event_new(EVENT_FOLDER, 7);
        e->folder_id = posted[i].folder;
        e->change_seq = posted[i].seq;
        bus_post(f->bus, e);
    }
    g_autoptr(Event) first = next(f, EVENT_FOLDER);
    g_autoptr(Event) second = next(f, EVENT_FOLDER);
    g_assert_cmpint(first->folder_id, ==, 1);
    g_assert_cmpint(first->change_seq, ==, 15);
    g_assert_cmpint(second->folder_id, ==, 2);
    g_assert_null(bus_next(f->bus));
}

static void test_states_merge_but_notices_do_not(Fixture *f, gconstpointer data)
{
    for (int i = 0; i < 2; i++) {
        Event *state = event_new(EVENT_ACCOUNT, 7);
        state->state = i ? ACCOUNT_ONLINE : ACCOUNT_CONNECTING;
        state->text = g_strdup(i ? "online" : "connecting");
        bus_post(f->bus, state);
        Event *notice = event_new(EVENT_NOTICE, 7);
        notice->text = g_strdup("hello");
        bus_post(f->bus, notice);
    }
    g_autoptr(Event) state = next(f, EVENT_ACCOUNT);
    g_assert_cmpint(state->state, ==, ACCOUNT_ONLINE);
    g_assert_cmpstr(state->text, ==, "online");
    g_autoptr(Event) one = next(f, EVENT_NOTICE);
    g_autoptr(Event) two = next(f, EVENT_NOTICE);
    g_assert_null(bus_next(f->bus));
}

static void test_requests_merge(Fixture *f, gconstpointer data)
{
    for (int i = 0; i < 3; i++) {
        g_assert_true(bus_request(f->bus, LANE_FAST, request_new(REQUEST_REPLAY, 7)));
        Request *sync = request_new(REQUEST_SYNC, 7);
        sync->folder_id = i;
        g_assert_true(bus_request(f->bus, LANE_FAST, sync));
    }
    g_assert_cmpuint(queue_length(f->inbox), ==, 4);
}

static void test_what_the_person_waits_for_goes_first(Fixture *f, gconstpointer data)
{
    bus_request(f->bus, LANE_FAST, request_new(REQUEST_SYNC, 7));
    Request *body = request_new(REQUEST_BODY, 7);
    body->message_id = 42;
    bus_request(f->bus, LANE_FAST, body);
    g_autoptr(Request) first = queue_pop(f->inbox);
    g_assert_cmpint(first->kind, ==, REQUEST_BODY);
    g_assert_cmpint(first->message_id, ==, 42);
}

static Request *body_of(gint64 message, const char *section)
{
    Request *r = request_new(REQUEST_BODY, 7);
    r->message_id = message;
    r->section = g_strdup(section);
    return r;
}

/* Moving over the list and back asks once for each, the last one first. */
static void test_bodies_merge(Fixture *f, gconstpointer data)
{
    bus_request(f->bus, LANE_FAST, body_of(1, ""));
    bus_request(f->bus, LANE_FAST, body_of(2, ""));
    bus_request(f->bus, LANE_FAST, body_of(1, "2.1"));
    bus_request(f->bus, LANE_FAST, body_of(1, ""));
    static const struct {
        gint64 message;
        const char *section;
    } wanted[] = {{1, ""}, {1, "2.1"}, {2, ""}};
    for (gsize i = 0; i < G_N_ELEMENTS(wanted); i++) {
        g_autoptr(Request) r = queue_pop(f->inbox);
        g_assert_cmpint(r->message_id, ==, wanted[i].message);
        g_assert_cmpstr(r->section, ==, wanted[i].section);
    }
    g_assert_null(queue_pop(f->inbox));
}

/* Answers are never merged: each belongs to a question. */
static void test_answers(Fixture *f, gconstpointer data)
{
    bus_request(f->bus, LANE_FAST, request_new(REQUEST_SYNC, 7));
    for (guint64 i = 1; i <= 2; i++) {
        Request *r = request_new(REQUEST_ANSWER, 7);
        r->question = i;
        r->secret = secret_new("geheim", 6);
        bus_request(f->bus, LANE_FAST, r);
    }
    g_assert_cmpuint(queue_length(f->inbox), ==, 3);
    g_autoptr(Request) first = queue_pop(f->inbox);
    g_assert_cmpint(first->kind, ==, REQUEST_ANSWER);
}

static void test_progress(Fixture *f, gconstpointer data)
{
    for (int i = 1; i <= 3; i++) {
        Event *e = event_new(EVENT_PROGRESS, 7);
        e->lane = i == 2 ? LANE_SEND : LANE_SYNC;
        e->done = (guint64)i;
        e->total = 3;
        e->text = g_strdup_printf("%d of 3", i);
        bus_post(f->bus, e);
    }
    g_autoptr(Event) sync = next(f, EVENT_PROGRESS);
    g_autoptr(Event) sent = next(f, EVENT_PROGRESS);
    g_assert_cmpuint(sync->done, ==, 3);
    g_assert_cmpstr(sync->text, ==, "3 of 3");
    g_assert_cmpuint(sent->done, ==, 2);
    g_assert_null(bus_next(f->bus));
}

static void test_names(Fixture *f, gconstpointer data)
{
    for (int i = REQUEST_SYNC; i <= REQUEST_RELOAD; i++)
        g_assert_true(request_name((RequestKind)i) && *request_name((RequestKind)i));
    for (int i = EVENT_FOLDER; i <= EVENT_IDLE; i++)
        g_assert_true(event_name((EventKind)i) && *event_name((EventKind)i));
}

enum { WORKERS = 3, EVENTS = 2000 };

typedef struct {
    Bus *bus;
    gint64 account;
    pthread_t thread;
} Worker;

/* Attaches, posts, serves what it is asked, and leaves. */
static void *work(void *data)
{
    Worker *w = data;
    Queue *inbox = queue_new((GDestroyNotify)request_free);
    Cancel *cancel = cancel_new();
    bus_attach(w->bus, w->account, LANE_SYNC, inbox, cancel);
    for (int i = 0; i < EVENTS; i++) {
        Event *e = event_new(EVENT_NOTICE, w->account);
        e->question = bus_question_id(w->bus);
        bus_post(w->bus, e);
        request_free(queue_pop(inbox));
    }
    bus_detach(w->bus, w->account, LANE_SYNC);
    queue_free(inbox);
    cancel_free(cancel);
    return NULL;
}

static void test_threads(Fixture *f, gconstpointer data)
{
    Worker workers[WORKERS];
    for (int i = 0; i < WORKERS; i++) {
        workers[i] = (Worker){.bus = f->bus, .account = 100 + i};
        g_assert_cmpint(pthread_create(&workers[i].thread, NULL, work, &workers[i]), ==, 0);
    }
    g_autoptr(GHashTable) questions = g_hash_table_new(g_direct_hash, g_direct_equal);
    for (int got = 0; got < WORKERS * EVENTS;) {
        struct pollfd p = {.fd = bus_fd(f->bus), .events = POLLIN};
        g_assert_cmpint(poll(&p, 1, 30000), ==, 1);
        Event *e;
        while ((e = bus_next(f->bus))) {
            got++;
            g_assert_true(g_hash_table_add(questions, GSIZE_TO_POINTER((gsize)e->question)));
            bus_request(f->bus, LANE_SYNC, request_new(REQUEST_SYNC, e->account_id));
            bus_cancel(f->bus, e->account_id, LANE_SYNC);
            event_free(e);
        }
    }
    for (int i = 0; i < WORKERS; i++)
        g_assert_cmpint(pthread_join(workers[i].thread, NULL), ==, 0);
    g_assert_false(bus_request(f->bus, LANE_SYNC, request_new(REQUEST_SYNC, 100)));
}

static void test_nobody_serves(Fixture *f, gconstpointer data)
{
    Request *r = request_new(REQUEST_SEND, 7);
    g_assert_false(bus_request(f->bus, LANE_SEND, r));
    g_assert_cmpuint(queue_length(f->inbox), ==, 0);
}

static void test_cancel(Fixture *f, gconstpointer data)
{
    bus_cancel(f->bus, 7, LANE_SEND);
    g_assert_false(cancel_is_set(f->cancel));
    bus_cancel(f->bus, 7, LANE_FAST);
    g_assert_true(cancel_is_set(f->cancel));
}

static void test_questions_are_unique(Fixture *f, gconstpointer data)
{
    g_assert_cmpuint(bus_question_id(f->bus), !=, bus_question_id(f->bus));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(path, function) g_test_add(path, Fixture, NULL, set_up, function, tear_down)
    ADD("/bus/folder-events-merge", test_folder_events_merge);
    ADD("/bus/states-merge", test_states_merge_but_notices_do_not);
    ADD("/bus/requests-merge", test_requests_merge);
    ADD("/bus/body-first", test_what_the_person_waits_for_goes_first);
    ADD("/bus/bodies-merge", test_bodies_merge);
    ADD("/bus/answers", test_answers);
    ADD("/bus/progress", test_progress);
    ADD("/bus/names", test_names);
    ADD("/bus/threads", test_threads);
    ADD("/bus/nobody", test_nobody_serves);
    ADD("/bus/cancel", test_cancel);
    ADD("/bus/questions", test_questions_are_unique);
    return g_test_run();
}
