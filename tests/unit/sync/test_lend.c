/* test_lend.c - a server that admits so many connections and no more: everything the person asks for is
 * done with what there is. And what happens to this machine: its network comes back, it wakes up. */
#ifdef __linux__
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#endif
#include "imap_home.h"
#include "machine.h"

typedef struct {
    ImapWorld *w;
    Fake *f;
    Home *h;
    const char *words;  /* of the refusal */
    GPtrArray *in;      /* of FakeClient: logged in */
    guint limit, refused;
    gboolean cut;       /* the next LIST ends its connection */
    gboolean alert;     /* each body comes with one */
    gboolean down;      /* it greets with BYE */
    Cancel *stored;     /* a STORE came */
} Narrow;

static Narrow *narrow; /* one server per test */

static gboolean admits(FakeClient *c, const char *tag, const char *command)
{
    if (fake_word(command, "LOGIN")) {
        if (narrow->in->len >= narrow->limit) {
            narrow->refused++;
            fake_send(c, "%s %s", tag, narrow->words);
            return TRUE;
        }
        g_ptr_array_add(narrow->in, c);
    }
    if (fake_word(command, "LIST") && narrow->cut) {
        narrow->cut = c->open = FALSE;
        return TRUE;
    }
    if (narrow->alert && strstr(command, "BODY.PEEK[]"))
        fake_send(c, "* OK [ALERT] the disk is full");
    if (g_str_has_prefix(command, "UID STORE"))
        cancel_trigger(narrow->stored);
    return FALSE;
}

static void leave(FakeClient *c)
{
    g_ptr_array_remove(narrow->in, c);
    imap_leave(c);
}

static void greet(FakeClient *c)
{
    imap_greet(c);
    if (narrow->down)
        c->open = FALSE; /* before a command is read: a dead line */
}

static const FakeServe serve = {greet, imap_line, leave};

static void narrow_new(guint limit, const char *words)
{
    narrow = g_new0(Narrow, 1);
    *narrow = (Narrow){.w = world_new(5, "UIDPLUS MOVE UNSELECT"), .words = words, .limit = limit};
    narrow->in = g_ptr_array_new();
    narrow->stored = cancel_new();
    narrow->w->intercept = admits;
    narrow->f = fake_new(&serve, narrow->w);
    narrow->h = imap_home(narrow->f);
    home_run_once(narrow->h, 0, 2); /* the headers */
    narrow->refused = 0;
}

static void narrow_free(void)
{
    home_free(narrow->h);
    fake_free(narrow->f);
    world_free(narrow->w);
    g_ptr_array_unref(narrow->in);
    cancel_free(narrow->stored);
    g_clear_pointer(&narrow, g_free);
}

static void wait_online(void)
{
    while (home_wait(narrow->h, EVENT_ACCOUNT)->state != ACCOUNT_ONLINE)
        ;
}

static void assert_body(const char *subject)
{
    Home *h = narrow->h;
    gint64 placement = home_placement(h, home_folder(h, "INBOX"), subject), folder, message = 0;
    guint32 uid, uidvalidity;
    g_assert_true(placement_locate(h->store, placement, &folder, &uid, &uidvalidity, &message));
    Request *r = request_new(REQUEST_BODY, h->id);
    r->message_id = message;
    r->section = g_strdup("");
    g_assert_true(bus_request(h->bus, LANE_FAST, r));
    Event *e = home_wait(h, EVENT_BODY);
    g_assert_cmpstr(e->text, ==, "");
    g_assert_true(e->ok);
    g_assert_true(body_have(h->store, message, ""));
}

static void assert_flagged(const char *subject, const char *there)
{
    Home *h = narrow->h;
    cancel_reset(narrow->stored);
    change(h, CHANGE_FLAGS, home_placement(h, home_folder(h, "INBOX"), subject), FLAG_FLAGGED, 0);
    bus_request(h->bus, LANE_FAST, request_new(REQUEST_REPLAY, h->id));
    struct pollfd fd = {.fd = cancel_fd(narrow->stored), .events = POLLIN};
    g_assert_cmpint(poll(&fd, 1, 30000), ==, 1);
    pthread_mutex_lock(&narrow->f->lock); /* the command has been answered */
    assert_there(narrow->w, "INBOX", there);
    pthread_mutex_unlock(&narrow->f->lock);
}

static void assert_never_offline(guint from)
{
    for (guint n = from; n < narrow->h->events->len; n++) {
        const Event *e = narrow->h->events->pdata[n];
        if (e->kind == EVENT_ACCOUNT && (e->state == ACCOUNT_OFFLINE || e->state == ACCOUNT_FAILED))
            g_error("offline: %s", e->text);
        g_assert_cmpint(e->kind, !=, EVENT_QUESTION);
        if (e->kind == EVENT_NOTICE)
            g_assert_cmpint(e->severity, ==, NOTICE_INFO);
    }
}

/* One connection for all: bodies and operations get their turn, and the sync lane goes on after each. */
static void test_one(gconstpointer words)
{
    narrow_new(1, words);
    guint from = narrow->h->events->len;
    g_autoptr(Engine) e = home_engine(narrow->h, 0);
    wait_online();
    assert_body("mail 1");
    assert_flagged("mail 2", "mail 1,mail 2*,mail 3,mail 4,mail 5");
    assert_body("mail 3");
    assert_flagged("mail 4", "mail 1,mail 2*,mail 3,mail 4*,mail 5");
    pthread_mutex_lock(&narrow->f->lock);
    g_assert_cmpuint(narrow->in->len, ==, 1);
    g_assert_cmpuint(narrow->refused, ==, 1); /* it is not tried again each time */
    pthread_mutex_unlock(&narrow->f->lock);
    assert_never_offline(from);
    home_stop(narrow->h, e);
    narrow_free();
}

/* An alert is shown by whichever lane hears it, and once. */
static void test_alert(void)
{
    narrow_new(2, "");
    guint from = narrow->h->events->len;
    g_autoptr(Engine) e = home_engine(narrow->h, 0);
    wait_online();
    pthread_mutex_lock(&narrow->f->lock);
    narrow->alert = TRUE;
    pthread_mutex_unlock(&narrow->f->lock);
    assert_body("mail 1");
    const Event *said = home_wait(narrow->h, EVENT_NOTICE);
    g_assert_cmpstr(said->text, ==, "work says: the disk is full");
    g_assert_cmpint(said->lane, ==, LANE_FAST);
    assert_body("mail 2");
    assert_flagged("mail 3", "mail 1,mail 2,mail 3*,mail 4,mail 5");
    home_stop(narrow->h, e);
    guint notices = 0;
    for (guint n = from; n < narrow->h->events->len; n++)
        notices += ((Event *)narrow->h->events->pdata[n])->kind == EVENT_NOTICE;
    g_assert_cmpuint(notices, ==, 1);
    narrow_free();
}

/* Both were in, and the sync lane's connection is lost: the fast lane makes room for it. */
static void test_makes_room(void)
{
    narrow_new(2, "NO [LIMIT] too many");
    g_autoptr(Engine) e = home_engine(narrow->h, 0);
    wait_online();
    assert_body("mail 1");
    pthread_mutex_lock(&narrow->f->lock);
    g_assert_cmpuint(narrow->in->len, ==, 2);
    narrow->limit = 1;
    narrow->cut = TRUE;
    pthread_mutex_unlock(&narrow->f->lock);
    bus_request(narrow->h->bus, LANE_SYNC, request_new(REQUEST_SYNC, narrow->h->id));
    while (home_wait(narrow->h, EVENT_ACCOUNT)->state != ACCOUNT_OFFLINE)
        ; /* it was cut */
    guint from = narrow->h->events->len;
    wait_online();
    assert_body("mail 2");
    assert_flagged("mail 3", "mail 1,mail 2,mail 3*,mail 4,mail 5");
    pthread_mutex_lock(&narrow->f->lock);
    g_assert_cmpuint(narrow->in->len, ==, 1);
    pthread_mutex_unlock(&narrow->f->lock);
    assert_never_offline(from);
    home_stop(narrow->h, e);
    narrow_free();
}

/* ---- the machine ---- */

#ifdef __linux__
static int slept; /* seconds; atomic */

static gint64 pretended_sleep(void)
{
    return (gint64)g_atomic_int_get(&slept) * G_TIME_SPAN_SECOND;
}

static Engine *engine_on(int fds[2])
{
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), ==, 0);
    machine_pretend(fds[1], pretended_sleep);
    return home_engine(narrow->h, 0);
}

static void tell_of_address(int fd)
{
    struct nlmsghdr news = {.nlmsg_len = sizeof news, .nlmsg_type = RTM_NEWADDR};
    for (int n = 0; n < 20; n++) /* as it comes: many of them */
        g_assert_cmpint(send(fd, &news, sizeof news, 0), ==, sizeof news);
}

static guint connections(void)
{
    pthread_mutex_lock(&narrow->f->lock);
    guint n = narrow->f->connections;
    pthread_mutex_unlock(&narrow->f->lock);
    return n;
}

/* After many failures the pause is long; the network that is back ends it, once. */
static void test_network_is_back(void)
{
    int fds[2];
    narrow_new(2, "");
    narrow->down = TRUE;
    g_autoptr(Engine) e = engine_on(fds);
    for (int n = 0; n < 7; n++) { /* then it is a minute */
        while (home_wait(narrow->h, EVENT_ACCOUNT)->state != ACCOUNT_OFFLINE)
            ;
        if (n < 6)
            bus_request(narrow->h->bus, LANE_SYNC, request_new(REQUEST_RECONNECT, narrow->h->id));
    }
    pthread_mutex_lock(&narrow->f->lock);
    narrow->down = FALSE;
    pthread_mutex_unlock(&narrow->f->lock);
    guint before = connections();
    gint64 began = g_get_monotonic_time();
    tell_of_address(fds[0]);
    wait_online();
    g_assert_cmpint(g_get_monotonic_time() - began, <, 20 * G_TIME_SPAN_SECOND);
    g_assert_cmpuint(connections(), ==, before + 1);
    assert_body("mail 1");
    home_stop(narrow->h, e);
    machine_pretend(-1, NULL);
    close(fds[0]);
    narrow_free();
}

/* Connections from before the sleep are dead: new ones at once, and "offline" is never said. */
static void test_wakes_up(void)
{
    int fds[2];
    narrow_new(2, "");
    g_atomic_int_set(&slept, 7);
    g_autoptr(Engine) e = engine_on(fds);
    wait_online();
    assert_body("mail 1");
    guint before = connections(), from = narrow->h->events->len;
    g_atomic_int_set(&slept, 3607);
    tell_of_address(fds[0]); /* else it is seen at the next look at the clock */
    wait_online();
    assert_never_offline(from);
    g_assert_cmpuint(connections(), >=, before + 1); /* the fast lane gets ready beside it, or when needed */
    assert_body("mail 2");
    g_assert_cmpuint(connections(), ==, before + 2);
    home_stop(narrow->h, e);
    machine_pretend(-1, NULL);
    close(fds[0]);
    narrow_free();
}
#endif

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/lend/LIMIT", "NO [LIMIT] Maximum number of connections from user+IP exceeded", test_one);
    g_test_add_data_func("/lend/ALERT", "NO [ALERT] Too many simultaneous connections. (Failure)", test_one);
    g_test_add_data_func("/lend/UNAVAILABLE", "NO [UNAVAILABLE] come back later", test_one);
    g_test_add_func("/lend/alert", test_alert);
    g_test_add_func("/lend/makes room", test_makes_room);
#ifdef __linux__
    g_test_add_func("/machine/the network is back", test_network_is_back);
    g_test_add_func("/machine/wakes up", test_wakes_up);
#endif
    return g_test_run();
}
