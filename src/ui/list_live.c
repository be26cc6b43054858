/* list_live.c - results while a search is being typed.
 *
 * One letter filters the rows at hand. From the second character on the loader searches; a new
 * character stops the search for the one before, so typing never waits. Only the newest matches are
 * shown, and nothing is previewed or marked, until Enter. */
#include <string.h>
#include "command.h"
#include "folder_view.h"
#include "list_live.h"
#include "loader.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"

#define SHOWN_MAX   2000
#define ROWS_AT_HAND 256

struct ListLive {
    gint64 folder;
    int cursor, top;
    GArray *before; /* under a limit: what was shown; NULL: no limit */
    void (*done)(Ui *ui, const char *text, gpointer data);
};

typedef struct {
    gint64 account, folder;
    char *pattern;
} Wanted;

static void wanted_free(gpointer p)
{
    g_free(((Wanted *)p)->pattern);
    g_free(p);
}

void list_live_forget(ListView *v)
{
    if (v->live && v->live->before)
        g_array_unref(v->live->before);
    g_clear_pointer(&v->live, g_free);
}

/* ---- what is shown ---- */

static void note(ListView *v, guint n, gboolean more)
{
    const Folder *f = folder_view_folder(v->view.ui->panes->folders, v->model.folder);
    /* TRANSLATORS: how many messages match, and in which folder; "+": there are more */
    g_autofree char *text = g_strdup_printf(_("%u%s in %s"), n, more ? "+" : "", f ? folder_label(f) : "");
    ui_ask_note(v->view.ui, text);
}

static void show_only(ListView *v, const GArray *ids)
{
    g_autoptr(GArray) those = g_array_new(FALSE, FALSE, sizeof(gint64));
    g_autoptr(GHashTable) allowed = g_hash_table_new(g_int64_hash, g_int64_equal);
    const GArray *before = v->live->before;
    for (guint i = 0; before && i < before->len; i++)
        g_hash_table_add(allowed, &g_array_index(before, gint64, i));
    for (guint i = 0; i < ids->len; i++) {
        if (!before || g_hash_table_contains(allowed, &g_array_index(ids, gint64, i)))
            g_array_append_val(those, g_array_index(ids, gint64, i));
    }
    list_model_limit(&v->model, those);
    v->scroll.cursor = v->scroll.top = 0;
    note(v, those->len, ids->len == SHOWN_MAX);
    v->view.ui->dirty = TRUE;
}

static void show_as_before(ListView *v)
{
    list_model_limit(&v->model, v->live->before);
    v->scroll.cursor = v->live->cursor;
    v->scroll.top = v->live->top;
    scroll_fit(&v->scroll, list_model_len(&v->model), v->scroll.page);
    ui_ask_note(v->view.ui, "");
    v->view.ui->dirty = TRUE;
}

/* ---- one letter ---- */

static gboolean begins_a_word(const char *text, const char *letter)
{
    g_autofree char *plain = text_fold(text, -1);
    for (const char *p = plain; (p = strstr(p, letter)); p++) {
        if (p == plain || !g_unichar_isalnum(g_utf8_get_char(g_utf8_prev_char(p))))
            return TRUE;
    }
    return FALSE;
}

static void filter_rows(ListView *v, const char *typed)
{
    g_autofree char *letter = text_fold(typed, -1);
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint64));
    if (!g_unichar_isalnum(g_utf8_get_char(letter))) {
        show_as_before(v);
        return;
    }
    list_model_limit(&v->model, v->live->before);
    int from = CLAMP(v->live->cursor - ROWS_AT_HAND / 2, 0, MAX(list_model_len(&v->model) - 1, 0));
    for (int i = from; i < MIN(list_model_len(&v->model), from + ROWS_AT_HAND); i++) {
        gint64 id = list_model_at(&v->model, i);
        const Row *r = list_model_row(&v->model, id);
        if (r && (begins_a_word(r->subject, letter) || begins_a_word(r->from, letter)))
            g_array_append_val(ids, id);
    }
    show_only(v, ids);
}

/* ---- more ---- */

/* Of a pattern that is not whole yet ("boat from:") what stands before its last word. */
static gpointer work(Store *s, gpointer data, const Cancel *stop, GError **err)
{
    const Wanted *w = data;
    g_autofree char *pattern = g_strdup(w->pattern);
    for (;;) {
        g_autoptr(GError) why = NULL;
        GArray *ids = search_run(s, w->account, w->folder, pattern, SHOWN_MAX, stop, &why);
        char *last = ids || !error_is(why, PINTAIL_ERROR_INVALID) ? NULL : strrchr(pattern, ' ');
        if (!last) {
            if (why)
                g_propagate_error(err, g_steal_pointer(&why));
            return ids;
        }
        *last = '\0';
    }
}

/* What is no pattern at all ("from:") changes nothing. */
static void found(Ui *ui, gpointer result, const GError *err, gpointer data)
{
    g_autoptr(GArray) ids = result;
    ListView *v = (ListView *)ui->panes->list;
    if (ids && v->live && v->live->folder == v->model.folder)
        show_only(v, ids);
}

static void typed(Ui *ui, const char *text, gpointer data)
{
    ListView *v = (ListView *)ui->panes->list;
    if (!v->live || v->live->folder != v->model.folder)
        return;
    g_autofree char *pattern = g_strstrip(g_strdup(text));
    loader_stop(ui->loader, LOAD_SEARCH);
    glong letters = g_utf8_strlen(pattern, -1);
    if (letters == 0) {
        show_as_before(v);
    } else if (letters == 1) {
        filter_rows(v, pattern);
    } else {
        Wanted *w = g_new0(Wanted, 1);
        w->account = v->account;
        w->folder = v->model.folder;
        w->pattern = g_steal_pointer(&pattern);
        loader_run(ui->loader, LOAD_SEARCH, work, found, w, wanted_free, (GDestroyNotify)g_array_unref);
    }
}

static void answered(Ui *ui, const char *text, gpointer data)
{
    ListView *v = (ListView *)ui->panes->list;
    void (*done)(Ui *ui, const char *text, gpointer data) = v->live ? v->live->done : NULL;
    loader_stop(ui->loader, LOAD_SEARCH);
    if (v->live && v->live->folder == v->model.folder)
        show_as_before(v);
    list_live_forget(v);
    if (done)
        done(ui, text, NULL);
}

void list_live_ask(ListView *v, void (*done)(Ui *ui, const char *text, gpointer data))
{
    list_live_forget(v);
    v->live = g_new0(ListLive, 1);
    v->live->folder = v->model.folder;
    v->live->cursor = v->scroll.cursor;
    v->live->top = v->scroll.top;
    v->live->done = done;
    if (v->model.only) {
        v->live->before = g_array_new(FALSE, FALSE, sizeof(gint64));
        g_array_append_vals(v->live->before, v->model.shown->data, v->model.shown->len);
    }
    ui_ask_watching(v->view.ui, _("Search:"), COMPLETE_PATTERN, typed, answered, NULL);
}
