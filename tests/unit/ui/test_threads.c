/* Writer and loader: order, results on the caller's thread, stale results dropped, nothing lost at the end. */
#include <poll.h>
#include <string.h>
#include "../store/fixture.h"
#include "loader.h"
#include "writer.h"

/* The two need of a Ui only what is set here. */
static void wait_for(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    g_assert_cmpint(poll(&p, 1, 30000), ==, 1);
}

/* ---- writer ---- */

typedef struct {
    GString *order;
    guint done;
} Log;

typedef struct {
    Log *log;
    char name;
    gboolean fails;
} Step;

static gint64 step(Store *s, gpointer data, GError **err)
{
    const Step *w = data;
    if (w->fails) {
        error_set(err, PINTAIL_ERROR_REFUSED, "no");
        return 0;
    }
    return w->name;
}

static void stepped(Ui *ui, gint64 result, const GError *err, gpointer data)
{
    Step *w = data;
    g_string_append_c(w->log->order, err ? '!' : (char)result);
    w->log->done++;
}

static void in_order(Fixture *f, gconstpointer unused)
{
    Ui ui = {0};
    Log log = {.order = g_string_new(NULL)};
    Writer *w = writer_new(f->home, NULL);
    g_assert_nonnull(w);
    for (int i = 0; i < 20; i++) {
        Step *one = g_new0(Step, 1);
        *one = (Step){&log, (char)('a' + i), i == 5};
        writer_run(w, step, stepped, one, g_free);
    }
    g_assert_true(writer_busy(w));
    while (log.done < 20) {
        wait_for(writer_fd(w));
        g_assert_true(writer_deliver(w, &ui));
    }
    g_assert_cmpstr(log.order->str, ==, "abcde!ghijklmnopqrst");
    g_assert_false(writer_busy(w));
    g_assert_true(ui.dirty);
    writer_free(w);
    g_string_free(log.order, TRUE);
}

/* What was handed over is on disk when the writer is gone, though nobody waited for the answers. */
static void nothing_is_lost(Fixture *f, gconstpointer unused)
{
    GError *err = NULL;
    g_autofree char *maildir = g_build_filename(f->directory, "mail", NULL);
    gint64 account = account_ensure(f->s, "home", STORED_LOCAL, maildir, &err);
    g_assert_no_error(err);
    g_autoptr(Folder) inbox = folder_by_role(f->s, account, ROLE_INBOX);
    Writer *w = writer_new(f->home, &err);
    g_assert_no_error(err);
    for (int i = 0; i < 10; i++) {
        g_autofree char *text = mail_text(i, "kept", "body");
        g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
        writer_append(w, inbox->id, bytes, 0, 0, NULL, NULL, NULL);
    }
    writer_free(w);
    g_assert_cmpuint(shown_count(f->s, inbox->id), ==, 10);
}

static void group_known(Ui *ui, gint64 group, const GError *err, gpointer data)
{
    g_assert_no_error(err);
    *(gint64 *)data = group;
}

static void changes_and_undo(Fixture *f, gconstpointer unused)
{
    Ui ui = {0};
    GError *err = NULL;
    gint64 group = 0, back = 0;
    g_autofree char *maildir = g_build_filename(f->directory, "mail", NULL);
    gint64 account = account_ensure(f->s, "home", STORED_LOCAL, maildir, &err);
    g_autoptr(Folder) inbox = folder_by_role(f->s, account, ROLE_INBOX);
    g_autoptr(Folder) trash = folder_by_role(f->s, account, ROLE_TRASH);
    g_autofree char *text = mail_text(1, "moved", "body");
    gint64 placement = message_append(f->s, inbox->id, text, strlen(text), 0, 0, &err);
    g_assert_no_error(err);
    Writer *w = writer_new(f->home, &err);
    Change c = {.kind = CHANGE_MOVE, .placements = &placement, .n = 1, .destination = trash->id};
    writer_change(w, &c, group_known, &group, NULL);
    while (!group) {
        wait_for(writer_fd(w));
        writer_deliver(w, &ui);
    }
    g_assert_cmpuint(shown_count(f->s, inbox->id), ==, 0);
    writer_undo(w, group, group_known, &back, NULL);
    while (!back) {
        wait_for(writer_fd(w));
        writer_deliver(w, &ui);
    }
    g_assert_cmpuint(shown_count(f->s, inbox->id), ==, 1);
    writer_free(w);
}

/* ---- loader ---- */

typedef struct {
    int number;
    Cancel *started; /* set by the work when it runs */
    gboolean until_stopped;
} Load;

typedef struct {
    int last;
    guint calls;
} Seen;

static Seen seen;
static guint results_alive;

static gpointer load(Store *s, gpointer data, const Cancel *stop, GError **err)
{
    Load *l = data;
    if (l->started)
        cancel_trigger(l->started);
    if (l->until_stopped) {
        wait_for(cancel_fd(stop));
        error_set(err, PINTAIL_ERROR_CANCELLED, "stopped");
        return NULL;
    }
    g_atomic_int_inc((gint *)&results_alive);
    return g_memdup2(&l->number, sizeof l->number);
}

static void free_result(gpointer p)
{
    (void)g_atomic_int_dec_and_test((gint *)&results_alive);
    g_free(p);
}

static void loaded(Ui *ui, gpointer result, const GError *err, gpointer data)
{
    g_assert_no_error(err);
    seen.last = *(int *)result;
    seen.calls++;
    free_result(result);
}

static void run(Loader *l, LoadSlot slot, int number, Cancel *started, gboolean until_stopped)
{
    Load *job = g_new0(Load, 1);
    *job = (Load){number, started, until_stopped};
    loader_run(l, slot, load, loaded, job, g_free, free_result);
}

static void drain(Loader *l, Ui *ui)
{
    while (loader_busy(l)) {
        wait_for(loader_fd(l));
        loader_deliver(l, ui);
    }
}

static void only_the_last_counts(Fixture *f, gconstpointer unused)
{
    Ui ui = {0};
    seen = (Seen){0};
    Loader *l = loader_new(f->home, NULL);
    for (int i = 1; i <= 50; i++)
        run(l, LOAD_BODY, i, NULL, FALSE);
    g_assert_true(loader_busy_with(l, LOAD_BODY));
    drain(l, &ui);
    g_assert_cmpuint(seen.calls, ==, 1);
    g_assert_cmpint(seen.last, ==, 50);
    g_assert_false(loader_busy_with(l, LOAD_BODY));
    g_assert_cmpuint(results_alive, ==, 0); /* the stale ones were freed */
    loader_free(l);
}

static void a_new_job_stops_the_old(Fixture *f, gconstpointer unused)
{
    Ui ui = {0};
    seen = (Seen){0};
    g_autoptr(Cancel) started = cancel_new();
    Loader *l = loader_new(f->home, NULL);
    run(l, LOAD_SEARCH, 1, started, TRUE); /* would run for ever */
    wait_for(cancel_fd(started));
    run(l, LOAD_SEARCH, 2, NULL, FALSE);
    drain(l, &ui);
    g_assert_cmpuint(seen.calls, ==, 1);
    g_assert_cmpint(seen.last, ==, 2);
    loader_free(l);
}

/* A search that takes for ever keeps nobody from reading. */
static void long_work_does_not_hold_up_short(Fixture *f, gconstpointer unused)
{
    Ui ui = {0};
    seen = (Seen){0};
    g_autoptr(Cancel) started = cancel_new();
    Loader *l = loader_new(f->home, NULL);
    run(l, LOAD_SEARCH, 1, started, TRUE);
    wait_for(cancel_fd(started));
    run(l, LOAD_BODY, 2, NULL, FALSE);
    while (seen.calls == 0) {
        wait_for(loader_fd(l));
        loader_deliver(l, &ui);
    }
    g_assert_cmpint(seen.last, ==, 2);
    loader_stop(l, LOAD_SEARCH);
    drain(l, &ui);
    g_assert_cmpuint(seen.calls, ==, 1); /* what was stopped calls nobody */
    run(l, LOAD_SEARCH, 3, started, TRUE);
    loader_free(l); /* and ends at once whatever runs */
    g_assert_cmpuint(results_alive, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST("/ui/writer/order", in_order);
    TEST("/ui/writer/nothing-lost", nothing_is_lost);
    TEST("/ui/writer/undo", changes_and_undo);
    TEST("/ui/loader/last", only_the_last_counts);
    TEST("/ui/loader/stops", a_new_job_stops_the_old);
    TEST("/ui/loader/long-and-short", long_work_does_not_hold_up_short);
    return g_test_run();
}
