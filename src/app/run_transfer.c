/* run_transfer.c - `pintail import` and `pintail export`: mail between the store and Maildir or mbox. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include "app.h"
#include "pintail/store/folder.h"
#include "pintail/store/maildir.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"

/* NAME in the first account (or the one of --account), or ACCOUNT/NAME. */
static Folder *find_folder(App *app, Store *s, const Invocation *i, const char *text, GError **err)
{
    const char *slash = strchr(text, '/');
    if (slash && !i->account) {
        g_autofree char *account = g_strndup(text, (gsize)(slash - text));
        gint64 id = account_find(s, account);
        Folder *f = id ? folder_by_name(s, id, slash + 1) : NULL;
        if (f)
            return f;
    }
    const GPtrArray *accounts = conf_accounts(app->conf);
    const char *name = i->account ? i->account : accounts->len ? ((Account *)accounts->pdata[0])->name : NULL;
    gint64 id = name ? account_find(s, name) : 0;
    Folder *f = id ? folder_by_name(s, id, text) : NULL;
    if (!f)
        error_set(err, PINTAIL_ERROR_GONE, _("there is no folder '%s'; write NAME or ACCOUNT/NAME"), text);
    return f;
}

/* A folder; where there is none of that name, a pattern. */
static gboolean export(App *app, Store *s, const Invocation *i, Moved *moved, GError **err)
{
    const char *path = i->arguments->pdata[i->arguments->len - 1];
    g_autofree char *what = app_pattern(i, 0, i->arguments->len - 1);
    g_autoptr(GError) no_folder = NULL;
    g_autoptr(Folder) f = find_folder(app, s, i, what, &no_folder);
    if (f)
        return mail_export(s, f->id, path, i->mbox, moved, NULL, err);
    g_autoptr(GArray) ids = app_search(s, i, what, err);
    if (!ids)
        return FALSE;
    if (ids->len > 0)
        return mail_export_these(s, ids, path, i->mbox, moved, NULL, err);
    error_set(err, PINTAIL_ERROR_GONE, _("there is no folder '%s', and no message matches it"), what);
    return FALSE;
}

int run_transfer(const Invocation *i)
{
    g_auto(App) app = {0};
    int status = EX_OK;
    if (!app_open(&app, i, 0, &status))
        return status;
    if (!app_has_account(&app, i->account, &status))
        return status;
    gboolean import = i->mode == MODE_IMPORT;
    g_autoptr(GError) err = NULL;
    g_autoptr(Store) s = store_connect(app.home, STORE_FOR_PERSON, &err);
    g_autoptr(Folder) f = NULL;
    Moved moved = {0};
    gboolean done = s && app_ensure_accounts(&app, s, &err);
    if (done && import)
        done = (f = find_folder(&app, s, i, i->arguments->pdata[1], &err)) &&
               mail_import(s, i->arguments->pdata[0], f->id, &moved, NULL, &err);
    else if (done)
        done = export(&app, s, i, &moved, &err);
    if (!done) {
        fprintf(stderr, "pintail: %s\n", err->message);
        return app_status_of(err);
    }
    if (import)
        printf(P_("%u message imported", "%u messages imported", moved.messages), moved.messages);
    else
        printf(P_("%u message exported", "%u messages exported", moved.messages), moved.messages);
    if (moved.skipped > 0)
        printf(import ? _(", %u were there already") : _(", %u left out because they are not downloaded"),
               moved.skipped);
    putchar('\n');
    return EX_OK;
}
