/* run_sync.c - `pintail sync`: every account once, no screen, a progress line on a terminal. */
#include <poll.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>
#include "app.h"
#include "pintail/store/folder.h"
#include "pintail/sync/engine.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/text.h"

typedef struct {
    App *app;
    GHashTable *busy;   /* "account/lane" that has not reported EVENT_IDLE */
    GHashTable *names;  /* gint64 account to name */
    GPtrArray *said;    /* lines: two lanes often have the same to say */
    gboolean tty;       /* standard error shows progress */
    gboolean line_open;
    int status;
} SyncRun;

static char *lane_key(gint64 account, Lane lane)
{
    return g_strdup_printf("%" G_GINT64_FORMAT "/%d", account, (int)lane);
}

static void end_line(SyncRun *run)
{
    if (run->line_open)
        fputs("\r\033[K", stderr);
    run->line_open = FALSE;
}

static void print_line(SyncRun *run, const char *text)
{
    for (guint n = 0; n < run->said->len; n++)
        if (g_str_has_suffix(run->said->pdata[n], text))
            return;
    g_autofree char *clean = printable_text(text, strlen(text), FALSE);
    end_line(run);
    fprintf(stderr, "pintail: %s\n", clean);
    g_ptr_array_add(run->said, g_strdup(text));
}

static const char *name_of(SyncRun *run, gint64 account)
{
    const char *name = g_hash_table_lookup(run->names, &account);
    return name ? name : "";
}

/* "work: INBOX  200/2000": it stays until something else is to be said. */
static void print_progress(SyncRun *run, const Event *e, const char *text)
{
    if (!run->tty || !text)
        return;
    g_autofree char *whole = g_strdup_printf("%s: %s", name_of(run, e->account_id), text);
    g_autofree char *clean = text_clip(whole, 60, FALSE);
    end_line(run);
    if (e->kind == EVENT_PROGRESS && e->total > 0)
        fprintf(stderr, "%s  %" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT, clean, e->done, e->total);
    else
        fputs(clean, stderr);
    fflush(stderr);
    run->line_open = TRUE;
}

/* The worst of what happened: what needs a person outweighs what another try may mend. */
static void note_failure(SyncRun *run, int code)
{
    int status = app_status_of_event(code);
    if (run->status == EX_OK || run->status == EX_TEMPFAIL)
        run->status = status;
}

static void handle_account(SyncRun *run, const Event *e)
{
    if (e->state == ACCOUNT_CONNECTING)
        print_progress(run, e, _("connecting"));
    else if (e->state == ACCOUNT_ONLINE)
        print_progress(run, e, _("looking for changes"));
    if (e->state != ACCOUNT_FAILED && e->state != ACCOUNT_OFFLINE)
        return;
    if (!e->text || !*e->text)
        return; /* read only: there is nothing to connect for */
    note_failure(run, e->code);
    g_autofree char *line = g_strdup_printf("%s: %s", name_of(run, e->account_id), e->text);
    print_line(run, line);
}

static void handle(SyncRun *run, const Event *e)
{
    switch (e->kind) {
    case EVENT_IDLE: {
        g_autofree char *key = lane_key(e->account_id, e->lane);
        g_hash_table_remove(run->busy, key);
        break;
    }
    case EVENT_PROGRESS:
        print_progress(run, e, e->text);
        break;
    case EVENT_NOTICE:
        if (e->severity == NOTICE_ERROR)
            note_failure(run, e->code);
        if (e->text)
            print_line(run, e->text);
        break;
    case EVENT_OUTBOX:
        if (e->text)
            print_line(run, e->text);
        break;
    case EVENT_ACCOUNT:
        handle_account(run, e);
        break;
    case EVENT_QUESTION:
        end_line(run);
        app_answer_question(run->app, e);
        break;
    default:
        break;
    }
}

static void expect_lanes(SyncRun *run, Store *s, const GPtrArray *accounts)
{
    for (guint n = 0; n < accounts->len; n++) {
        const Account *a = accounts->pdata[n];
        gint64 id = account_find(s, a->name);
        g_hash_table_insert(run->names, g_memdup2(&id, sizeof id), g_strdup(a->name));
        if (a->incoming)
            g_hash_table_add(run->busy, lane_key(id, LANE_SYNC));
        if (a->incoming && a->incoming->protocol == PROTOCOL_IMAP)
            g_hash_table_add(run->busy, lane_key(id, LANE_FAST));
        if (a->smtp)
            g_hash_table_add(run->busy, lane_key(id, LANE_SEND));
    }
}

/* The accounts this run is about: all, or the one that --account names. */
static GPtrArray *chosen_accounts(const App *app, const Invocation *i)
{
    GPtrArray *chosen = g_ptr_array_new_with_free_func((GDestroyNotify)account_unref);
    const GPtrArray *all = conf_accounts(app->conf);
    for (guint n = 0; n < all->len; n++) {
        Account *a = all->pdata[n];
        if (!i->account || g_str_equal(i->account, a->name))
            g_ptr_array_add(chosen, account_ref(a));
    }
    return chosen;
}

static void run_clear(SyncRun *run)
{
    end_line(run);
    g_hash_table_unref(run->busy);
    g_hash_table_unref(run->names);
    g_ptr_array_unref(run->said);
}

static void drain(SyncRun *run)
{
    Event *e;
    while ((e = bus_next(run->app->bus))) {
        handle(run, e);
        event_free(e);
    }
}

int run_sync(const Invocation *i)
{
    g_auto(App) app = {0};
    int status = EX_OK;
    if (!app_open(&app, i, 0, &status))
        return status;
    if (!app_has_account(&app, i->account, &status))
        return status;
    g_autoptr(GError) err = NULL;
    g_autoptr(Store) s = store_connect(app.home, STORE_FOR_WORK, &err);
    if (!s || !app_ensure_accounts(&app, s, &err)) {
        fprintf(stderr, "pintail: %s\n", err->message);
        return app_status_of(err);
    }
    g_autoptr(GPtrArray) accounts = chosen_accounts(&app, i);
    SyncRun run = {.app = &app,
                   .busy = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                   .names = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free),
                   .said = g_ptr_array_new_with_free_func(g_free),
                   .tty = isatty(STDERR_FILENO),
                   .status = EX_OK};
    if (app.notice)
        print_line(&run, app.notice);
    expect_lanes(&run, s, accounts);
    g_autoptr(Engine) engine =
        engine_new(app.bus, app.home, accounts, ENGINE_ONCE | (i->read_only ? ENGINE_READ_ONLY : 0));
    if (!store_home_start(app.home, &err) || !engine_start(engine, &err)) {
        print_line(&run, err->message);
        run.status = app_status_of(err);
        g_hash_table_remove_all(run.busy);
    }
    while (g_hash_table_size(run.busy) > 0) {
        struct pollfd fd = {.fd = bus_fd(app.bus), .events = POLLIN};
        poll(&fd, 1, -1);
        drain(&run);
    }
    engine_stop(engine, 2000);
    drain(&run);
    run_clear(&run);
    return run.status;
}
