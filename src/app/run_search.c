/* run_search.c - `pintail search PATTERN`: what matches, newest first, one line or one JSON object
 * each; and `pintail show ID`'s way to a message. Reads the store, and nothing else. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include "app.h"
#include "pintail/mime/json.h"
#include "pintail/store/folder.h"
#include "pintail/store/message.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/text.h"

#define PAGE 256

typedef struct {
    GHashTable *folders; /* id -> "ACCOUNT/NAME" */
    gboolean json;
} Output;

char *app_pattern(const Invocation *i, guint from, guint to)
{
    GString *pattern = g_string_new(NULL);
    for (guint n = from; n < to; n++)
        g_string_append_printf(pattern, "%s%s", n > from ? " " : "",
                               (const char *)i->arguments->pdata[n]);
    return g_string_free(pattern, FALSE);
}

GArray *app_search(Store *s, const Invocation *i, const char *pattern, GError **err)
{
    gint64 account = i->account ? account_find(s, i->account) : 0;
    if (i->account && !account) {
        error_set(err, PINTAIL_ERROR_INVALID, _("the store knows no account '%s'"), i->account);
        return NULL;
    }
    return search_run(s, account, 0, pattern, G_MAXINT, NULL, err);
}

/* ---- one message ---- */

static char *when(gint64 seconds, const char *format)
{
    g_autoptr(GDateTime) t = g_date_time_new_from_unix_local(seconds);
    return t ? g_date_time_format(t, format) : g_strdup("");
}

static void put(GString *out, const char *name, const char *text)
{
    json_put_name(out, name);
    json_put_string(out, text, strlen(text));
}

static void print_json(const Row *r, const char *folder)
{
    static const struct {
        const char *name;
        guint flag;
    } flags[] = {
        {"seen", FLAG_SEEN},   {"flagged", FLAG_FLAGGED}, {"answered", FLAG_ANSWERED},
        {"draft", FLAG_DRAFT}, {"deleted", FLAG_DELETED}, {"forwarded", FLAG_FORWARDED},
    };
    g_autoptr(GString) out = g_string_new("{");
    g_autofree char *date = when(r->date, "%Y-%m-%dT%H:%M:%S%:z");
    json_put_name(out, "id");
    g_string_append_printf(out, "%" G_GINT64_FORMAT, r->placement);
    put(out, "folder", folder);
    put(out, "date", date);
    put(out, "from", r->from);
    put(out, "address", r->from_address);
    put(out, "to", r->to);
    put(out, "subject", r->subject);
    json_put_name(out, "size");
    g_string_append_printf(out, "%" G_GUINT64_FORMAT, r->size);
    json_put_name(out, "attachment");
    g_string_append(out, r->has_attachment ? "true" : "false");
    json_put_name(out, "flags");
    g_string_append_c(out, '[');
    for (guint i = 0; i < G_N_ELEMENTS(flags); i++) {
        if (r->flags & flags[i].flag) {
            json_put_comma(out);
            json_put_string(out, flags[i].name, strlen(flags[i].name));
        }
    }
    puts(g_string_append(out, "]}")->str);
}

static void print_line(const Row *r, const char *folder)
{
    g_autofree char *date = when(r->date, "%Y-%m-%d %H:%M");
    g_autofree char *from = printable_text(r->from, strlen(r->from), FALSE);
    g_autofree char *subject = printable_text(r->subject, strlen(r->subject), FALSE);
    g_autofree char *where = printable_text(folder, strlen(folder), FALSE);
    g_print("%" G_GINT64_FORMAT "\t%s\t%s\t%s\t%s\n", r->placement, date, where, from, subject);
}

static gboolean print_all(Store *s, const GArray *ids, const Output *o, GError **err)
{
    for (guint at = 0; at < ids->len; at += PAGE) {
        g_autoptr(GPtrArray) rows =
            rows_get(s, &g_array_index(ids, gint64, at), MIN(PAGE, ids->len - at), err);
        if (!rows)
            return FALSE;
        for (guint n = 0; n < rows->len; n++) {
            const Row *r = rows->pdata[n];
            const char *folder = r ? g_hash_table_lookup(o->folders, &r->folder) : NULL;
            if (r && o->json)
                print_json(r, folder ? folder : "");
            else if (r)
                print_line(r, folder ? folder : "");
        }
    }
    return TRUE;
}

static GHashTable *name_folders(Store *s, GError **err)
{
    g_autoptr(GPtrArray) folders = folders_list(s, 0, err);
    if (!folders)
        return NULL;
    GHashTable *names = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    for (guint n = 0; n < folders->len; n++) {
        const Folder *f = folders->pdata[n];
        g_autofree char *account = account_name(s, f->account_id);
        g_hash_table_insert(names, g_memdup2(&f->id, sizeof f->id),
                            g_strdup_printf("%s/%s", account ? account : "", f->name));
    }
    return names;
}

int run_search(const Invocation *i)
{
    g_auto(App) app = {0};
    int status = EX_OK;
    if (!app_open(&app, i, STORE_READ_ONLY, &status))
        return status;
    g_autoptr(GError) err = NULL;
    g_autoptr(Store) s = store_connect(app.home, STORE_FOR_WORK, &err);
    g_autofree char *pattern = app_pattern(i, 0, i->arguments->len);
    g_autoptr(GArray) ids = s ? app_search(s, i, pattern, &err) : NULL;
    g_autoptr(GHashTable) folders = ids ? name_folders(s, &err) : NULL;
    Output o = {folders, i->json};
    if (!folders || !print_all(s, ids, &o, &err)) {
        fprintf(stderr, "pintail: %s\n", err->message);
        return app_status_of(err);
    }
    return EX_OK;
}

/* ---- by id ---- */

GBytes *app_message(const Invocation *i, const char *id, int *status)
{
    g_auto(App) app = {0};
    if (!app_open(&app, i, STORE_READ_ONLY, status))
        return NULL;
    g_autoptr(GError) err = NULL;
    g_autoptr(Store) s = store_connect(app.home, STORE_FOR_WORK, &err);
    gint64 placement = g_ascii_strtoll(id, NULL, 10);
    g_autoptr(GPtrArray) rows = s ? rows_get(s, &placement, 1, &err) : NULL;
    const Row *r = rows ? rows->pdata[0] : NULL;
    g_autoptr(GBytes) bytes = r ? body_get(s, r->message, "", &err) : NULL;
    if (bytes)
        return g_steal_pointer(&bytes);
    if (err)
        fprintf(stderr, "pintail: %s\n", err->message);
    else
        fprintf(stderr, r ? _("pintail: message %s is not downloaded as a whole\n")
                          : _("pintail: there is no message %s\n"), id);
    *status = err ? app_status_of(err) : EX_NOINPUT;
    return NULL;
}
