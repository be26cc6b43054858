/* run_status.c - `pintail status`: counts from the store, for a status line. Takes no lock and
 * writes nothing, so it may run as often as a status line likes. */
#include <stdio.h>
#include <sysexits.h>
#include "app.h"
#include "pintail/store/folder.h"
#include "pintail/store/op.h"
#include "pintail/store/outbox.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"

typedef struct {
    gint64 inbox, all;
    guint outbox, problems;
} Counts;

static gboolean count(Counts *c, Store *s, gint64 account, GError **err)
{
    g_autoptr(GPtrArray) folders = folders_list(s, account, err);
    if (!folders)
        return FALSE;
    for (guint n = 0; n < folders->len; n++) {
        const Folder *f = folders->pdata[n];
        if (f->role != ROLE_JUNK && f->role != ROLE_TRASH && f->role != ROLE_ALL)
            c->all += f->unread;
        if (f->role == ROLE_INBOX)
            c->inbox += f->unread;
    }
    return TRUE;
}

/* Of the accounts in the configuration; those that were taken out of it keep their mail and are not
 * shown. Without any account (or with mistakes, which may hide one) it is what the store has. */
static gboolean count_all(Counts *c, const Conf *conf, Store *s, GError **err)
{
    const GPtrArray *accounts = conf_accounts(conf);
    if (accounts->len == 0 || conf_mistakes(conf)->len > 0)
        return count(c, s, 0, err);
    for (guint n = 0; n < accounts->len; n++) {
        gint64 account = account_find(s, ((const Account *)accounts->pdata[n])->name);
        if (account && !count(c, s, account, err))
            return FALSE;
    }
    return TRUE;
}

static void print_counts(const Counts *c, const char *format)
{
    for (const char *at = format; *at; at++) {
        if (at[0] == '\\' && at[1] == 'n') {
            putchar('\n');
            at++;
        } else if (at[0] != '%' || !at[1]) {
            putchar(at[0]);
        } else {
            at++;
            if (*at == 'u')
                printf("%" G_GINT64_FORMAT, c->inbox);
            else if (*at == 'U')
                printf("%" G_GINT64_FORMAT, c->all);
            else if (*at == 'o')
                printf("%u", c->outbox);
            else if (*at == 'p')
                printf("%u", c->problems);
            else
                putchar(*at);
        }
    }
    putchar('\n');
}

int run_status(const Invocation *i)
{
    g_auto(App) app = {0};
    int status = EX_OK;
    if (!app_open(&app, i, STORE_READ_ONLY, &status))
        return status;
    g_autoptr(GError) err = NULL;
    g_autoptr(Store) s = store_connect(app.home, STORE_FOR_WORK, &err);
    gint64 account = 0;
    if (s && i->account && !(account = account_find(s, i->account)))
        error_set(&err, PINTAIL_ERROR_INVALID, _("the store knows no account '%s'"), i->account);
    Counts counts = {0};
    if (err || !(account ? count(&counts, s, account, &err) : count_all(&counts, app.conf, s, &err))) {
        fprintf(stderr, "pintail: %s\n", err->message);
        return app_status_of(err);
    }
    counts.outbox = outbox_count(s);
    counts.problems = ops_count(s, OP_PARKED);
    print_counts(&counts, i->format ? i->format : "%u");
    return EX_OK;
}
