/* home.h - a temporary home with a store, a bus and one account, and engines that run in it until all
 * their lanes have nothing left to do. */
#pragma once
#include <glib.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <unistd.h>
#include "pintail/conf/conf.h"
#include "pintail/store/change.h"
#include "pintail/store/folder.h"
#include "pintail/store/message.h"
#include "pintail/store/op.h"
#include "pintail/store/outbox.h"
#include "pintail/sync/engine.h"
#include "pintail/util/error.h"

#define HOME_PATIENCE (30 * G_TIME_SPAN_SECOND)

typedef struct {
    char *directory;
    StoreHome *store_home;
    Bus *bus;
    Store *store;
    Account *account;
    gint64 id;
    GPtrArray *events; /* of Event: all that came since the home was opened */
    void (*settle)(gpointer data); /* called when an engine has ended; NULL */
    gpointer settle_data;
} Home;

/* In memory where that is possible: hundreds of homes are made, and what a power cut would do is
 * tested elsewhere. */
static char *home_make_directory(void)
{
    gboolean shm = !g_getenv("TMPDIR") && g_access("/dev/shm", W_OK) == 0;
    char *path = g_build_filename(shm ? "/dev/shm" : g_get_tmp_dir(), "pintail-sync-XXXXXX", NULL);
    g_assert_nonnull(g_mkdtemp(path));
    return path;
}

static void home_open_store(Home *h)
{
    g_autoptr(GError) err = NULL;
    h->store_home = store_home_open(h->directory, 0, NULL, &err);
    g_assert_no_error(err);
    h->store = store_connect(h->store_home, STORE_FOR_PERSON, &err);
    g_assert_no_error(err);
}

/* `rc` is an account block. */
static Home *home_new(const char *rc)
{
    Home *h = g_new0(Home, 1);
    g_autoptr(GError) err = NULL;
    h->directory = home_make_directory();
    h->bus = bus_new();
    h->account = conf_account_from_text(rc, &err);
    g_assert_no_error(err);
    h->events = g_ptr_array_new_with_free_func((GDestroyNotify)event_free);
    home_open_store(h);
    StoredAccountKind kind = !h->account->incoming                               ? STORED_LOCAL
                             : h->account->incoming->protocol == PROTOCOL_IMAP ? STORED_IMAP
                                                                                : STORED_POP3;
    h->id = account_ensure(h->store, h->account->name, kind, h->account->maildir, &err);
    g_assert_no_error(err);
    return h;
}

static void home_remove_tree(const char *path)
{
    g_autoptr(GDir) dir = g_file_test(path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open(path, 0, NULL);
    const char *name;
    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *below = g_build_filename(path, name, NULL);
        home_remove_tree(below);
    }
    g_remove(path);
}

static void home_free(Home *h)
{
    store_free(h->store);
    store_home_free(h->store_home);
    account_unref(h->account);
    g_ptr_array_unref(h->events);
    bus_free(h->bus);
    home_remove_tree(h->directory);
    g_free(h->directory);
    g_free(h);
}

static Engine *home_engine(Home *h, EngineFlags flags)
{
    g_autoptr(GPtrArray) accounts = g_ptr_array_new();
    g_ptr_array_add(accounts, h->account);
    Engine *e = engine_new(h->bus, h->store_home, accounts, flags);
    g_autoptr(GError) err = NULL;
    g_assert_true(engine_start(e, &err));
    g_assert_no_error(err);
    return e;
}

/* The next event of this kind; others are kept in h->events. Owned by h. */
static Event *home_wait(Home *h, EventKind kind)
{
    gint64 end = g_get_monotonic_time() + HOME_PATIENCE;
    for (;;) {
        Event *e;
        while ((e = bus_next(h->bus))) {
            g_ptr_array_add(h->events, e);
            if (e->kind == kind)
                return e;
        }
        struct pollfd fd = {.fd = bus_fd(h->bus), .events = POLLIN};
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        poll(&fd, 1, 1000);
    }
}

/* The last event of this kind; NULL. */
G_GNUC_UNUSED static Event *home_last(Home *h, EventKind kind)
{
    for (guint n = h->events->len; n > 0; n--)
        if (((Event *)h->events->pdata[n - 1])->kind == kind)
            return h->events->pdata[n - 1];
    return NULL;
}

static void home_stop(Home *h, Engine *e)
{
    g_assert_true(engine_stop(e, 5000));
    if (h->settle)
        h->settle(h->settle_data);
}

/* Until `lanes` lanes are idle. */
G_GNUC_UNUSED static void home_run_once(Home *h, EngineFlags flags, guint lanes)
{
    g_autoptr(Engine) e = home_engine(h, flags | ENGINE_ONCE);
    while (lanes > 0) {
        home_wait(h, EVENT_IDLE);
        lanes--;
    }
    home_stop(h, e);
}

G_GNUC_UNUSED static gint64 home_folder(Home *h, const char *name)
{
    g_autoptr(Folder) f = folder_by_name(h->store, h->id, name);
    g_assert_nonnull(f);
    return f->id;
}

/* Subjects of a folder, sorted, "," between. */
G_GNUC_UNUSED static char *home_subjects(Home *h, gint64 folder)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(GArray) ids = list_first(h->store, folder, SORT_SUBJECT, FALSE, 1000, &err);
    g_assert_no_error(err);
    g_autoptr(GPtrArray) rows = rows_get(h->store, (const gint64 *)(void *)ids->data, ids->len, &err);
    g_assert_no_error(err);
    GString *out = g_string_new(NULL);
    for (guint n = 0; n < rows->len; n++) {
        const Row *r = rows->pdata[n];
        if (r)
            g_string_append_printf(out, "%s%s", out->len ? "," : "", r->subject);
    }
    return g_string_free(out, FALSE);
}

/* The placement of the message with this subject; 0. */
G_GNUC_UNUSED static gint64 home_placement(Home *h, gint64 folder, const char *subject)
{
    g_autoptr(GArray) ids = list_first(h->store, folder, SORT_SUBJECT, FALSE, 1000, NULL);
    g_autoptr(GPtrArray) rows = rows_get(h->store, (const gint64 *)(void *)ids->data, ids->len, NULL);
    for (guint n = 0; n < rows->len; n++) {
        const Row *r = rows->pdata[n];
        if (r && g_str_equal(r->subject, subject))
            return r->placement;
    }
    return 0;
}

/* What was said so far, for a failing test's log. */
G_GNUC_UNUSED static void home_dump(Home *h)
{
    for (guint n = 0; n < h->events->len; n++) {
        const Event *e = h->events->pdata[n];
        if (e->text && *e->text)
            g_test_message("%s: %s", event_name(e->kind), e->text);
    }
}
