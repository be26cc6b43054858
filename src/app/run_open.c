/* run_open.c - the screen: the store first, then the first page, then the network. */
#include <stdio.h>
#include <sysexits.h>
#include "app.h"
#include "pintail/store/folder.h"
#include "pintail/store/maildir.h"
#include "pintail/sync/engine.h"
#include "pintail/ui/ui.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"

#define STOP_TIMEOUT_MS 1500 /* leaving takes under two seconds, whatever the servers do */

typedef struct {
    App *app;
    Engine *engine;
} Session;

static void say(App *app, const GError *err)
{
    Event *e = event_new(EVENT_NOTICE, 0);
    e->severity = NOTICE_ERROR;
    e->text = g_strdup(err->message);
    bus_post(app->bus, e);
}

static void first_screen(void *data)
{
    Session *session = data;
    g_autoptr(GError) err = NULL;
    if (!store_home_start(session->app->home, &err) || !engine_start(session->engine, &err))
        say(session->app, err);
}

static void accounts_changed(void *data)
{
    Session *session = data;
    g_autoptr(GError) err = NULL;
    g_autoptr(Store) s = store_connect(session->app->home, STORE_FOR_PERSON, &err);
    if (!s || !app_ensure_accounts(session->app, s, &err)) {
        say(session->app, err);
        return;
    }
    engine_reload(session->engine, conf_accounts(session->app->conf));
}

static void leaving(void *data)
{
    Session *session = data;
    engine_stop(session->engine, STOP_TIMEOUT_MS);
}

/* The accounts' rows, or the folder of `-f PATH`. */
static gboolean prepare(App *app, const Invocation *i, gint64 *folder, GError **err)
{
    g_autoptr(Store) s = store_connect(app->home, STORE_FOR_PERSON, err);
    if (!s)
        return FALSE;
    if (i->path)
        return (*folder = mail_open_path(s, i->path, err)) != 0;
    return app_ensure_accounts(app, s, err);
}

int run_open(const Invocation *i)
{
    g_auto(App) app = {0};
    int status = EX_OK;
    if (!app_open(&app, i, i->path ? STORE_IN_MEMORY : 0, &status))
        return status;

    g_autoptr(GError) err = NULL;
    UiOptions options = {.conf = app.conf,
                         .bus = app.bus,
                         .home = app.home,
                         .mailto = i->mailto,
                         .notice = app.notice,
                         .first_screen = first_screen,
                         .leaving = leaving,
                         .accounts_changed = accounts_changed};
    if (!prepare(&app, i, &options.open_folder, &err)) {
        fprintf(stderr, "pintail: %s\n", err->message);
        return app_status_of(err);
    }
    if (i->read_only)
        options.flags |= UI_READ_ONLY;
    if (!i->path && conf_accounts(app.conf)->len == 0)
        options.flags |= UI_NO_ACCOUNT;

    g_autoptr(GPtrArray) none = g_ptr_array_new();
    g_autoptr(Engine) engine = engine_new(app.bus, app.home, i->path ? none : conf_accounts(app.conf),
                                          i->read_only ? ENGINE_READ_ONLY : 0);
    Session session = {.app = &app, .engine = engine};
    options.data = &session;
    return ui_run(&options);
}
