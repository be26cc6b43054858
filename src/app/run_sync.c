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
    g_autofree char *clean = printable_text(text, strlen(text), FALSE);
    end_line(run);
    fprintf(stderr, "pintail: %s\n", clean);
}

static void print_progress(SyncRun *run, const Event *e)
{
    if (!run->tty || !e->text)
        return;
    g_autofree char *clean = text_clip(e->text, 60, FALSE);
    end_line(run);
    if (e->total > 0)
        fprintf(stderr, "%s  %" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT, clean, e->done, e->total);
    else
        fputs(clean, stderr);
    fflush(stderr);
    run->line_open = TRUE;
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
        print_progress(run, e);
        break;
    case EVENT_NOTICE:
    case EVENT_OUTBOX:
        if (e->text)
            print_line(run, e->text);
        if (e->kind == EVENT_NOTICE && e->severity == NOTICE_ERROR)
            run->status = EX_TEMPFAIL;
        break;
    case EVENT_ACCOUNT:
        if (e->state == ACCOUNT_FAILED || e->state == ACCOUNT_OFFLINE) {
            run->status = EX_TEMPFAIL;
            if (e->text && *e->text)
                print_line(run, e->text);
        }
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
        if (a->incoming)
            g_hash_table_add(run->busy, lane_key(id, LANE_SYNC));
        if (a->incoming && a->incoming->protocol == PROTOCOL_IMAP)
            g_hash_table_add(run->busy, lane_key(id, LANE_FAST));
        if (a->smtp)
            g_hash_table_add(run->busy, lane_key(id, LANE_SEND));
    }
}

/* The accounts this run is about: all, or the one that --account names. */
static GPtrArray *chosen_accounts(App *app, const Invocation *i, GError **err)
{
    g_autoptr(GPtrArray) chosen = g_ptr_array_new_with_free_func((GDestroyNotify)account_unref);
    const GPtrArray *all = conf_accounts(app->conf);
    for (guint n = 0; n < all->len; n++) {
        Account *a = all->pdata[n];
        if (!i->account || g_str_equal(i->account, a->name))
            g_ptr_array_add(chosen, account_ref(a));
    }
    if (chosen->len > 0)
        return g_steal_pointer(&chosen);
    if (i->account)
        error_set(err, PINTAIL_ERROR_INVALID, _("there is no account '%s' in the configuration"), i->account);
    else
        error_set(err, PINTAIL_ERROR_INVALID, _("no account is configured; start pintail once to set one up"));
    return NULL;
}

int run_sync(const Invocation *i)
{
    g_auto(App) app = {0};
    int status = EX_OK;
    if (!app_open(&app, i, 0, &status))
        return status;
    g_autoptr(GError) err = NULL;
    g_autoptr(Store) s = store_connect(app.home, STORE_FOR_WORK, &err);
    g_autoptr(GPtrArray) accounts = NULL;
    if (!s || !app_ensure_accounts(&app, s, &err) || !(accounts = chosen_accounts(&app, i, &err))) {
        fprintf(stderr, "pintail: %s\n", err->message);
        return app_status_of(err);
    }

    SyncRun run = {.app = &app,
                   .busy = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                   .tty = isatty(STDERR_FILENO),
                   .status = EX_OK};
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
        Event *e;
        while ((e = bus_next(app.bus))) {
            handle(&run, e);
            event_free(e);
        }
    }
    end_line(&run);
    engine_stop(engine, 2000);
    g_hash_table_unref(run.busy);
    return run.status;
}
