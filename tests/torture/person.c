/* person.c - Pintail without a screen, for tests: what a person does comes as lines on standard input.
 *
 *   person -d LOG            the configuration is that of the environment's home, the account its first
 *
 *     online | offline       starts or stops the engine: lanes, connections, IDLE, as under the screen
 *     sync | reconnect       asks for everything to be looked at; forgets pauses
 *     flags ADD REMOVE ID... | move FOLDER ID... | copy FOLDER ID... | purge ID...
 *     append FOLDER FLAGS SUBJECT
 *     undo GROUP | dismiss | open FOLDER | quit
 *
 * FOLDER and ID are ids of folders and placements. Each line is answered by one: `ok NUMBER` (the undo group, the
 * placement) once it is committed, or `no WORDS`. Changes go the way of the screen: change_commit() on a
 * connection of a person, then a request to the lanes. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "app.h"
#include "pintail/store/change.h"
#include "pintail/store/folder.h"
#include "pintail/store/op.h"
#include "pintail/sync/engine.h"
#include "pintail/util/error.h"

typedef struct {
    App *app;
    Store *store;
    Engine *engine;
    gint64 account;
} Person;

static gint64 number(const char *word)
{
    return word ? g_ascii_strtoll(word, NULL, 10) : 0;
}

static void ask(Person *p, Lane lane, RequestKind kind, gint64 folder)
{
    Request *r = request_new(kind, p->account);
    r->folder_id = folder;
    bus_request(p->app->bus, lane, r);
}

static gint64 go_online(Person *p, GError **err)
{
    if (p->engine)
        return 1;
    p->engine = engine_new(p->app->bus, p->app->home, conf_accounts(p->app->conf), 0);
    return engine_start(p->engine, err);
}

static gint64 go_offline(Person *p)
{
    if (p->engine && !engine_stop(p->engine, 10000)) {
        fputs("person: the engine does not stop\n", stderr);
        abort();
    }
    g_clear_pointer(&p->engine, engine_free);
    return 1;
}

static gint64 change(Person *p, ChangeKind kind, char **words, GError **err)
{
    Change c = {.kind = kind};
    char **rest = words + 1;
    if (kind == CHANGE_FLAGS) {
        c.add = (guint)number(words[1]);
        c.remove = (guint)number(words[2]);
        rest = words + 3;
    } else if (kind != CHANGE_PURGE) {
        c.destination = number(words[1]);
        rest = words + 2;
    }
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint64));
    for (; *rest; rest++) {
        gint64 id = number(*rest);
        g_array_append_val(ids, id);
    }
    c.placements = (const gint64 *)(void *)ids->data;
    c.n = ids->len;
    gint64 group = change_commit(p->store, &c, err);
    if (group)
        ask(p, LANE_FAST, REQUEST_REPLAY, 0);
    return group;
}

static gint64 append(Person *p, char **words, GError **err)
{
    g_autofree char *text = g_strdup_printf("From: Ada Lovelace <ada@example.org>\nTo: bob@example.org\nSubject: %s\n"
                                            "Date: Sat, 21 Nov 2026 11:00:00 +0000\nMessage-ID: <%s@person.example.org>\n\n%s\n",
                                            words[3], words[3], words[3]);
    gint64 id = message_append(p->store, number(words[1]), text, strlen(text), (guint)number(words[2]), 0, err);
    if (id)
        ask(p, LANE_FAST, REQUEST_REPLAY, 0);
    return id;
}

static gint64 dismiss_all(Person *p, GError **err)
{
    g_autoptr(GPtrArray) parked = ops_list(p->store, TRUE, err);
    if (!parked)
        return 0;
    for (guint n = 0; n < parked->len; n++) {
        const OpRow *row = parked->pdata[n];
        fprintf(stderr, "dismissed: %s: %s\n", row->what, row->words ? row->words : "");
        if (!op_dismiss(p->store, row->id, err))
            return 0;
    }
    return 1;
}

static gint64 undo(Person *p, char **words, GError **err)
{
    if (!change_undo(p->store, number(words[1]), err))
        return 0;
    ask(p, LANE_FAST, REQUEST_REPLAY, 0);
    return 1;
}

static gint64 perform(Person *p, char **words, GError **err)
{
    const char *verb = words[0];
    guint n = g_strv_length(words);
    static const struct {
        const char *verb;
        ChangeKind kind;
        guint least;
    } changes[] = {{"flags", CHANGE_FLAGS, 4}, {"move", CHANGE_MOVE, 3}, {"copy", CHANGE_COPY, 3}, {"purge", CHANGE_PURGE, 2}};
    for (guint k = 0; k < G_N_ELEMENTS(changes); k++)
        if (g_str_equal(verb, changes[k].verb) && n >= changes[k].least)
            return change(p, changes[k].kind, words, err);
    if (g_str_equal(verb, "online"))
        return go_online(p, err);
    if (g_str_equal(verb, "offline"))
        return go_offline(p);
    if (g_str_equal(verb, "append") && n == 4)
        return append(p, words, err);
    if (g_str_equal(verb, "undo") && n == 2)
        return undo(p, words, err);
    if (g_str_equal(verb, "dismiss"))
        return dismiss_all(p, err);
    if (g_str_equal(verb, "sync") || (g_str_equal(verb, "open") && n == 2)) {
        gboolean opens = g_str_equal(verb, "open");
        ask(p, LANE_SYNC, opens ? REQUEST_OPEN : REQUEST_SYNC, opens ? number(words[1]) : 0);
        return 1;
    }
    if (g_str_equal(verb, "reconnect")) {
        ask(p, LANE_SYNC, REQUEST_RECONNECT, 0);
        ask(p, LANE_FAST, REQUEST_RECONNECT, 0);
        return 1;
    }
    g_set_error(err, PINTAIL_ERROR, PINTAIL_ERROR_INVALID, "what is '%s'?", verb);
    return 0;
}

/* FALSE: to leave. */
static gboolean obey(Person *p, char *line)
{
    g_auto(GStrv) words = g_strsplit(g_strstrip(line), " ", -1);
    if (!words[0] || g_str_equal(words[0], "quit"))
        return FALSE;
    g_autoptr(GError) err = NULL;
    gint64 result = perform(p, words, &err);
    if (result)
        printf("ok %lld\n", (long long)result);
    else
        printf("no %s\n", err ? err->message : "");
    fflush(stdout);
    return TRUE;
}

static void drain(Person *p)
{
    Event *e;
    while ((e = bus_next(p->app->bus))) {
        if (e->kind == EVENT_NOTICE || (e->kind == EVENT_ACCOUNT && e->text && *e->text))
            fprintf(stderr, "said: %s\n", e->text ? e->text : "");
        event_free(e);
    }
}

static void live(Person *p)
{
    g_autoptr(GString) input = g_string_new(NULL);
    struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = bus_fd(p->app->bus), .events = POLLIN}};
    for (;;) {
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            return;
        drain(p);
        if (!fds[0].revents)
            continue;
        char chunk[4096];
        gssize got = read(STDIN_FILENO, chunk, sizeof chunk);
        if (got <= 0)
            return;
        g_string_append_len(input, chunk, got);
        char *end;
        while ((end = memchr(input->str, '\n', input->len))) {
            g_autofree char *line = g_strndup(input->str, (gsize)(end - input->str));
            g_string_erase(input, 0, end - input->str + 1);
            if (!obey(p, line))
                return;
        }
    }
}

int main(int argc, char **argv)
{
    g_auto(Invocation) i = {0};
    g_auto(App) app = {0};
    g_autoptr(GError) err = NULL;
    int status = 1;
    if (!invocation_parse(&i, argc, argv, &err) || !app_open(&app, &i, 0, &status))
        return status;
    g_autoptr(Store) store = store_connect(app.home, STORE_FOR_PERSON, &err);
    Person p = {.app = &app, .store = store};
    if (!store || !app_ensure_accounts(&app, store, &err) || !store_home_start(app.home, &err)) {
        fprintf(stderr, "person: %s\n", err->message);
        return 1;
    }
    const Account *a = conf_accounts(app.conf)->pdata[0];
    p.account = account_find(store, a->name);
    live(&p);
    go_offline(&p);
    return 0;
}
