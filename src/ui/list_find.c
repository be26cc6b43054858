/* list_find.c - finding messages: search, limit, next unread, tag by pattern.
 *
 * Patterns run in the loader; Esc stops them. A search shows how many messages match, where it
 * looked, and which of them the cursor is on. */
#include <string.h>
#include "command.h"
#include "compose.h"
#include "folder_view.h"
#include "list_find.h"
#include "list_live.h"
#include "list_threads.h"
#include "loader.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"

#define HITS_MAX (1 << 20)

typedef enum { FIND_SEARCH, FIND_LIMIT, FIND_TAG, FIND_UNREAD } FindKind;

#define UNREAD_LOOKED_AT 512 /* rows, on the UI thread; beyond that the loader looks */

typedef struct {
    FindKind kind;
    gint64 account, folder;
    char *pattern;
    gboolean again; /* a limit that is worked out anew: nothing is said */
} Find;

static void find_free(gpointer p)
{
    g_free(((Find *)p)->pattern);
    g_free(p);
}

void list_find_forget(ListView *v)
{
    g_clear_pointer(&v->hits, g_hash_table_unref);
    g_clear_pointer(&v->search, g_free);
}

/* ---- hits ---- */

static void say_hit(ListView *v, int index)
{
    guint before = 0, total = 0;
    if (list_model_threaded(&v->model))
        list_threads_count(v, v->hits, index, &before, &total);
    for (guint i = 0; i < (list_model_threaded(&v->model) ? 0 : v->model.shown->len); i++)
        if (g_hash_table_contains(v->hits, &g_array_index(v->model.shown, gint64, i))) {
            total++;
            before += (int)i <= index;
        }
    const Folder *f = folder_view_folder(v->view.ui->panes->folders, v->model.folder);
    ui_say(v->view.ui, NOTICE_INFO, P_("%u of %u match for '%s' in %s (headers and text)",
                                       "%u of %u matches for '%s' in %s (headers and text)", total),
           before, total, v->search, f ? folder_label(f) : "");
}

/* The next hit from the cursor; `self`: the cursor's own message counts. */
static void go_to_hit(ListView *v, int by, gboolean self)
{
    int n = list_model_len(&v->model);
    if (!v->hits) {
        ui_say(v->view.ui, NOTICE_INFO, _("Nothing has been searched for yet"));
        return;
    }
    gboolean threads = list_model_threaded(&v->model);
    for (int i = self ? 0 : 1; i <= n; i++) {
        int at = threads ? list_threads_next_in(v, v->hits, by, self) : ((v->scroll.cursor + by * i) % n + n) % n;
        if (at < 0)
            break;
        if (!threads && !g_hash_table_contains(v->hits, &g_array_index(v->model.shown, gint64, at)))
            continue;
        gboolean wrapped = by > 0 ? at < v->scroll.cursor : at > v->scroll.cursor;
        v->scroll.cursor = at;
        list_moved(v);
        say_hit(v, at);
        if (wrapped)
            term_bell();
        return;
    }
    ui_say(v->view.ui, NOTICE_INFO, _("No match for '%s'"), v->search ? v->search : "");
}

static void take_hits(ListView *v, const Find *f, const GArray *ids)
{
    list_find_forget(v);
    v->search = g_strdup(f->pattern);
    v->hits = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    for (guint i = 0; i < ids->len; i++)
        g_hash_table_add(v->hits, g_memdup2(&g_array_index(ids, gint64, i), sizeof(gint64)));
    if (ids->len == 0 || list_model_len(&v->model) == 0) {
        const Folder *folder = folder_view_folder(v->view.ui->panes->folders, v->model.folder);
        ui_say(v->view.ui, NOTICE_INFO, _("No match for '%s' in %s (headers and text)"), f->pattern,
               folder ? folder_label(folder) : "");
        return;
    }
    go_to_hit(v, 1, TRUE);
}

static void take_limit(ListView *v, const Find *f, GArray *ids)
{
    gint64 cursor = list_model_at(&v->model, v->scroll.cursor);
    if (!f->again) {
        g_free(v->pattern);
        v->pattern = g_strdup(f->pattern);
    }
    list_model_limit(&v->model, ids);
    int at = list_model_index(&v->model, cursor);
    v->scroll.cursor = at >= 0 ? at : f->again ? v->scroll.cursor : 0;
    list_moved(v);
    if (!f->again)
        ui_say(v->view.ui, NOTICE_INFO, P_("%u message matches; an empty limit shows all again",
                                           "%u messages match; an empty limit shows all again", ids->len),
               ids->len);
}

static void take_tags(ListView *v, const GArray *ids)
{
    for (guint i = 0; i < ids->len; i++)
        g_hash_table_add(v->model.tags, g_memdup2(&g_array_index(ids, gint64, i), sizeof(gint64)));
    ui_say(v->view.ui, NOTICE_INFO, P_("Tagged %u message;  ; acts on what is tagged",
                                       "Tagged %u messages;  ; acts on what is tagged", ids->len), ids->len);
}

static void take_unread(ListView *v, const GArray *ids);

/* ---- the loader ---- */

static gpointer find_work(Store *s, gpointer data, const Cancel *stop, GError **err)
{
    const Find *f = data;
    return search_run(s, f->account, f->folder, f->pattern, HITS_MAX, stop, err);
}

static void found(Ui *ui, gpointer result, const GError *err, gpointer data)
{
    g_autoptr(GArray) ids = result;
    ListView *v = (ListView *)ui->panes->list;
    const Find *f = data;
    if (err) {
        if (!error_is(err, PINTAIL_ERROR_CANCELLED))
            ui_say(ui, NOTICE_ERROR, "%s", err->message);
        return;
    }
    if (!ids || f->folder != v->model.folder)
        return;
    if (f->kind == FIND_SEARCH)
        take_hits(v, f, ids);
    else if (f->kind == FIND_LIMIT)
        take_limit(v, f, ids);
    else if (f->kind == FIND_TAG)
        take_tags(v, ids);
    else
        take_unread(v, ids);
}

static void find(ListView *v, FindKind kind, const char *pattern, gboolean again)
{
    Find *f = g_new0(Find, 1);
    f->kind = kind;
    f->account = v->account;
    f->folder = v->model.folder;
    f->pattern = g_strdup(pattern);
    f->again = again;
    if (!again)
        ui_say(v->view.ui, NOTICE_INFO, _("Searching '%s'…  Esc: stop"), pattern);
    loader_run(v->view.ui->loader, LOAD_SEARCH, find_work, found, f, find_free,
               (GDestroyNotify)g_array_unref);
}

void list_find_limit_again(ListView *v)
{
    if (!loader_busy_with(v->view.ui->loader, LOAD_SEARCH))
        find(v, FIND_LIMIT, v->pattern, TRUE);
}

/* ---- asking ---- */

static void limit_typed(Ui *ui, const char *text, gpointer data)
{
    ListView *v = (ListView *)ui->panes->list;
    if (!text)
        return;
    if (*text && !g_str_equal(text, "all")) {
        find(v, FIND_LIMIT, text, FALSE);
        return;
    }
    gint64 cursor = list_model_at(&v->model, v->scroll.cursor);
    g_clear_pointer(&v->pattern, g_free);
    list_model_limit(&v->model, NULL);
    v->scroll.cursor = MAX(list_model_index(&v->model, cursor), 0);
    list_moved(v);
}

static void search_typed(Ui *ui, const char *text, gpointer data)
{
    if (text && *text)
        find((ListView *)ui->panes->list, FIND_SEARCH, text, FALSE);
}

static void tag_typed(Ui *ui, const char *text, gpointer data)
{
    if (text && *text)
        find((ListView *)ui->panes->list, FIND_TAG, text, FALSE);
}

static void ask(ListView *v, const char *question, const char *initial, const char *rest,
                void (*typed)(Ui *ui, const char *text, gpointer data))
{
    if (!v->model.folder)
        return;
    if (*rest)
        typed(v->view.ui, rest, NULL);
    else
        ui_ask_completing(v->view.ui, question, initial, COMPLETE_PATTERN, typed, NULL);
}

/* ---- unread ---- */

static void folder_answered(Ui *ui, char key, gpointer data)
{
    gint64 *folder = data;
    if (key == 'y') {
        panes_open_folder(ui, *folder);
        panes_focus(ui, FOCUS_LIST);
        ui_run_line(ui, "first; next-unread");
    }
    g_free(folder);
}

/* The next folder with unread mail, after asking. */
static void offer_next_folder(ListView *v)
{
    Ui *ui = v->view.ui;
    const GPtrArray *folders = folder_view_folders(ui->panes->folders);
    guint start = 0;
    for (guint i = 0; i < folders->len; i++)
        if (((Folder *)folders->pdata[i])->id == v->model.folder)
            start = i + 1;
    for (guint i = 0; i + 1 < folders->len; i++) {
        const Folder *f = folders->pdata[(start + i) % folders->len];
        if (f->unread == 0 || f->role == ROLE_TRASH || f->role == ROLE_JUNK || f->id == v->model.folder ||
            f->role == ROLE_DRAFTS || f->role == ROLE_SENT)
            continue;
        g_autofree char *question = g_strdup_printf(
            P_("No more unread mail here. Open %s (%lld unread)?",
               "No more unread mail here. Open %s (%lld unread)?", f->unread),
            folder_label(f), (long long)f->unread);
        ui_ask_key(ui, question, "yn", folder_answered, g_memdup2(&f->id, sizeof f->id));
        return;
    }
    ui_say(ui, NOTICE_INFO, _("No more unread mail"));
}

static void go_to_unread(ListView *v, int index)
{
    Ui *ui = v->view.ui;
    v->scroll.cursor = index;
    v->last_unread = list_model_at(&v->model, index);
    list_moved(v);
    if (ui->panes->focus == FOCUS_VIEWER)
        ui_run_line(ui, "open");
}

static void next_unread(ListView *v, int by)
{
    Ui *ui = v->view.ui;
    int n = list_model_len(&v->model);
    const Folder *f = folder_view_folder(ui->panes->folders, v->model.folder);
    gboolean reading = ui->panes->focus == FOCUS_VIEWER;
    const Row *here = list_view_row(&v->view);
    /* in the list the message under the cursor counts when it was not opened */
    gboolean self = !reading && by > 0 && here && !(here->flags & FLAG_SEEN) &&
                    v->last_unread != here->placement;
    if (list_model_threaded(&v->model)) {
        int at = list_threads_next_unread(v, by, self);
        if (at >= 0)
            go_to_unread(v, at);
        else
            offer_next_folder(v);
        return;
    }
    for (int i = self ? 0 : 1; i < MIN(n, UNREAD_LOOKED_AT); i++) {
        int at = ((v->scroll.cursor + by * i) % n + n) % n;
        if (!list_model_row(&v->model, list_model_at(&v->model, at)))
            list_model_need(&v->model, ui->store, by > 0 ? at : MAX(at - 63, 0), 64);
        const Row *r = list_model_row(&v->model, list_model_at(&v->model, at));
        if (r && !(r->flags & (FLAG_SEEN | FLAG_DELETED))) {
            go_to_unread(v, at);
            return;
        }
    }
    if (n > UNREAD_LOOKED_AT && f && f->unread > 0)
        find(v, FIND_UNREAD, "is:unread", TRUE);
    else
        offer_next_folder(v);
}

/* Far away in a long list: the nearest below the cursor, else from the top. */
static void take_unread(ListView *v, const GArray *ids)
{
    int n = list_model_len(&v->model);
    g_autoptr(GHashTable) unread = g_hash_table_new(g_int64_hash, g_int64_equal);
    for (guint i = 0; i < ids->len; i++)
        g_hash_table_add(unread, &g_array_index(ids, gint64, i));
    for (int i = 1; i < n; i++) {
        int at = (v->scroll.cursor + i) % n;
        gint64 id = list_model_at(&v->model, at);
        if (g_hash_table_contains(unread, &id)) {
            go_to_unread(v, at);
            return;
        }
    }
    offer_next_folder(v);
}

gboolean list_open_elsewhere(Ui *ui, Selection s)
{
    const Folder *f = folder_view_folder(ui->panes->folders, s.folder);
    if (!f || f->role != ROLE_DRAFTS)
        return FALSE;
    compose_continue(ui, s.placement, s.message);
    return TRUE;
}

gboolean list_find_command(ListView *v, const char *name, const char *rest)
{
    Ui *ui = v->view.ui;
    if (g_str_equal(name, "search") && !*rest && v->model.folder)
        list_live_ask(v, search_typed);
    else if (g_str_equal(name, "search"))
        ask(v, _("Search:"), "", rest, search_typed);
    else if (g_str_equal(name, "search-next"))
        go_to_hit(v, 1, FALSE);
    else if (g_str_equal(name, "search-previous"))
        go_to_hit(v, -1, FALSE);
    else if (g_str_equal(name, "limit"))
        ask(v, _("Show only (empty: all):"), v->pattern, rest, limit_typed);
    else if (g_str_equal(name, "tag-pattern"))
        ask(v, _("Tag messages that match:"), "", rest, tag_typed);
    else if (g_str_equal(name, "next-unread"))
        next_unread(v, 1);
    else if (g_str_equal(name, "previous-unread"))
        next_unread(v, -1);
    else if (g_str_equal(name, "cancel") && loader_busy_with(ui->loader, LOAD_SEARCH)) {
        loader_stop(ui->loader, LOAD_SEARCH);
        ui_say(ui, NOTICE_INFO, _("Search stopped"));
    } else
        return FALSE;
    return TRUE;
}
