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

int run_transfer(const Invocation *i)
{
    g_auto(App) app = {0};
    int status = EX_OK;
    if (!app_open(&app, i, 0, &status))
        return status;
    if (!app_has_account(&app, i->account, &status))
        return status;
    gboolean import = i->mode == MODE_IMPORT;
    const char *path = i->arguments->pdata[import ? 0 : 1];
    const char *name = i->arguments->pdata[import ? 1 : 0];
    g_autoptr(GError) err = NULL;
    g_autoptr(Store) s = store_connect(app.home, STORE_FOR_PERSON, &err);
    g_autoptr(Folder) f = NULL;
    Moved moved = {0};
    gboolean done = s && app_ensure_accounts(&app, s, &err) && (f = find_folder(&app, s, i, name, &err)) &&
                    (import ? mail_import(s, path, f->id, &moved, NULL, &err)
                            : mail_export(s, f->id, path, i->mbox, &moved, NULL, &err));
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
