/* test_bus.c - merging, order, and what happens to a request nobody serves. */
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
    ADD("/bus/nobody", test_nobody_serves);
    ADD("/bus/cancel", test_cancel);
    ADD("/bus/questions", test_questions_are_unique);
    return g_test_run();
}
