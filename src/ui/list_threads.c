/* list_threads.c - the list in threads: how branches are drawn, folding, finding rows in them. */
#include <string.h>
#include "list_threads.h"
#include "loader.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"

#define BACK_MAX 2000 /* rows looked back for what a branch on the first row hangs from */
#define HITS_MAX 2000 /* so many are put in order; of more, the next is looked for row by row */
#define WALK_MAX 4000

/* ---- branches ---- */

/* What is open above `index`: the last row of each level before it. */
static void look_back(const ListView *v, Branches *b, int index, guint depth)
{
    memset(b->open, 0, sizeof b->open);
    guint below = depth;
    for (int at = index - 1; at >= 0 && index - at < BACK_MAX && below > 0; at--) {
        ThreadRow r;
        if (!list_model_thread(&v->model, at, &r))
            return;
        if (r.depth < below) {
            below = r.depth;
            if (below <= TREE_LEVELS)
                b->open[below] = !r.last;
        }
    }
}

char *list_threads_prefix(const ListView *v, Branches *b, int index, int cells)
{
    ThreadRow r;
    if (!list_model_thread(&v->model, index, &r))
        return g_strdup("");
    if (r.depth > 0 && b->next != index)
        look_back(v, b, index, r.depth);
    b->next = index + 1;
    if (r.depth <= TREE_LEVELS)
        b->open[r.depth] = !r.last;
    if (r.folded)
        return g_strdup_printf("+%u ", r.total - 1);
    /* the levels next to the message; a narrow column keeps half of itself for the subject */
    int levels = MIN((int)r.depth, CLAMP(cells / 4, 1, TREE_LEVELS));
    g_autoptr(GString) s = g_string_new(NULL);
    for (int level = (int)r.depth - levels + 1; level < (int)r.depth; level++)
        g_string_append(s, level <= TREE_LEVELS && b->open[level] ? "│ " : "  ");
    if (r.depth > 0)
        g_string_append(s, r.last ? "└─ " : "├─ ");
    return g_string_free(g_steal_pointer(&s), FALSE);
}

/* ---- large trees ---- */

typedef struct {
    gint64 folder, thread;
} Tree;

static gpointer tree_work(Store *s, gpointer data, const Cancel *stop, GError **err)
{
    const Tree *t = data;
    return thread_entries(s, t->thread, t->folder, FALSE, err);
}

static void tree_read(Ui *ui, gpointer result, const GError *err, gpointer data)
{
    ListView *v = (ListView *)ui->panes->list;
    const Tree *t = data;
    if (err || !v->model.threads || t->folder != v->model.folder) {
        if (err && !error_is(err, PINTAIL_ERROR_CANCELLED))
            ui_say(ui, NOTICE_ERROR, "%s", err->message);
        if (result)
            g_array_unref(result);
        return;
    }
    thread_list_put(v->model.threads, t->thread, result);
    v->model.large = 0;
    list_moved(v);
}

void list_threads_load(ListView *v)
{
    Loader *l = v->view.ui->loader;
    if (!v->model.large || !list_model_threaded(&v->model) || loader_busy_with(l, LOAD_TREE))
        return;
    Tree *t = g_new0(Tree, 1);
    *t = (Tree){v->model.folder, v->model.large};
    loader_run(l, LOAD_TREE, tree_work, tree_read, t, g_free, (GDestroyNotify)g_array_unref);
}

/* ---- finding rows ---- */

GArray *list_threads_targets(ListView *v)
{
    ThreadRow r;
    if (!list_model_thread(&v->model, v->scroll.cursor, &r) || !r.folded)
        return NULL;
    return thread_placements(v->view.ui->store, r.thread, v->model.folder, NULL);
}

/* The first unread row of a thread that begins at `first`, from `from` on in direction `by`; -1. */
static int unread_in(ListView *v, int first, guint total, int from, int by)
{
    Store *s = v->view.ui->store;
    int end = MIN(first + (int)total, list_model_len(&v->model));
    for (int at = CLAMP(from, first, end - 1); at >= first && at < end; at += by) {
        list_model_need(&v->model, s, at, 1);
        const Row *r = list_model_row(&v->model, list_model_at(&v->model, at));
        if (r && !(r->flags & (FLAG_SEEN | FLAG_DELETED)))
            return at;
    }
    return -1;
}

/* The first row of the thread that `at` is in. */
static int first_of_thread(const ListView *v, int at)
{
    ThreadRow r;
    while (at > 0 && thread_list_row(v->model.threads, (guint)at, &r) && !r.first)
        at--;
    return at;
}

int list_threads_after(const ListView *v)
{
    ThreadRow r;
    if (!list_model_thread(&v->model, v->scroll.cursor, &r))
        return -1;
    int first = first_of_thread(v, v->scroll.cursor), next = first + (r.folded ? 1 : (int)r.total);
    return next < list_model_len(&v->model) ? next : first > 0 ? first_of_thread(v, first - 1) : -1;
}

int list_threads_next_unread(ListView *v, int by, gboolean self)
{
    ListModel *m = &v->model;
    int n = list_model_len(m), at = v->scroll.cursor + (self ? 0 : by), looked = 0;
    for (int turn = 0; turn <= n && n > 0; turn++) {
        at = (at % n + n) % n;
        int first = first_of_thread(v, at);
        ThreadRow r;
        if (!thread_list_row(m->threads, (guint)first, &r))
            return -1;
        if (r.unread > 0 && r.folded && thread_list_fold(m->threads, r.thread, FALSE)) {
            int shown = unread_in(v, first, r.total, by > 0 ? first : first + (int)r.total - 1, by);
            if (shown >= 0)
                return shown;
            (void)thread_list_fold(m->threads, r.thread, TRUE);
        } else if (r.unread > 0) {
            int found = unread_in(v, first, r.total, at, by);
            if (found >= 0 || ++looked > WALK_MAX)
                return found;
        }
        at = by < 0 ? first - 1 : first + (r.folded ? 1 : (int)r.total);
    }
    return -1;
}

/* Where each of `ids` is, their threads unfolded; in order. */
static GArray *places(ListView *v, GHashTable *ids)
{
    ListModel *m = &v->model;
    GHashTableIter it;
    gpointer key;
    for (int pass = 0; pass < 2; pass++) { /* unfolding moves rows: first all of it, then the places */
        GArray *rows = g_array_new(FALSE, FALSE, sizeof(int));
        g_hash_table_iter_init(&it, ids);
        while (g_hash_table_iter_next(&it, &key, NULL)) {
            gint64 id = *(gint64 *)key, thread = thread_of_placement(m->store, id);
            if (thread && pass == 0)
                (void)thread_list_fold(m->threads, thread, FALSE);
            int at = thread && pass > 0 ? thread_list_find(m->threads, m->store, thread, id) : -1;
            if (at >= 0)
                g_array_append_val(rows, at);
        }
        if (pass > 0)
            return rows;
        g_array_unref(rows);
    }
    return NULL;
}

int list_threads_next_in(ListView *v, GHashTable *ids, int by, gboolean self)
{
    ListModel *m = &v->model;
    int n = list_model_len(m), best = -1, round = -1;
    if (g_hash_table_size(ids) > HITS_MAX) {
        for (int i = self ? 0 : 1; i <= MIN(n, WALK_MAX); i++) {
            int at = ((v->scroll.cursor + by * i) % n + n) % n;
            gint64 id = list_model_at(m, at);
            if (id && g_hash_table_contains(ids, &id))
                return at;
        }
        return -1;
    }
    gint64 here = list_model_at(m, v->scroll.cursor);
    g_autoptr(GArray) rows = places(v, ids);
    int moved = here ? list_model_index(m, here) : -1; /* threads above may have been unfolded */
    if (moved >= 0)
        v->scroll.cursor = moved;
    int cursor = v->scroll.cursor;
    for (guint i = 0; i < rows->len; i++) {
        int at = g_array_index(rows, int, i), ahead = (at - cursor) * by;
        if (ahead > 0 || (self && ahead == 0))
            best = best < 0 || (at - best) * by < 0 ? at : best;
        round = round < 0 || (at - round) * by < 0 ? at : round;
    }
    return best >= 0 ? best : round;
}

void list_threads_count(ListView *v, GHashTable *ids, int index, guint *before, guint *total)
{
    *total = *before = 0;
    if (g_hash_table_size(ids) > HITS_MAX) {
        *total = g_hash_table_size(ids);
        return;
    }
    g_autoptr(GArray) rows = places(v, ids);
    *total = rows->len;
    for (guint i = 0; i < rows->len; i++)
        *before += g_array_index(rows, int, i) <= index;
}

/* ---- commands ---- */

static void fold_one(ListView *v, const char *how)
{
    ThreadRow r;
    if (!list_model_thread(&v->model, v->scroll.cursor, &r))
        return;
    gboolean fold = *how ? g_str_equal(how, "on") : !r.folded;
    int first = first_of_thread(v, v->scroll.cursor);
    if (!thread_list_fold(v->model.threads, r.thread, fold)) {
        ui_say(v->view.ui, NOTICE_INFO,
               r.total < 2 ? _("This is no thread, only one message")
               : fold      ? _("The thread is folded already")
                           : _("The thread is unfolded already"));
        return;
    }
    v->scroll.cursor = first;
    list_moved(v);
}

static void fold_all(ListView *v, const char *how)
{
    ThreadRow r;
    if (!list_model_thread(&v->model, v->scroll.cursor, &r))
        return;
    v->folded = *how ? g_str_equal(how, "on") : !v->folded;
    gint64 placement = r.placement;
    thread_list_fold_all(v->model.threads, v->folded);
    int at = thread_list_find(v->model.threads, v->view.ui->store, r.thread, placement);
    v->scroll.cursor = MAX(at, 0);
    list_moved(v);
}

static void go_to_parent(ListView *v)
{
    int at = thread_list_parent(v->model.threads, (guint)v->scroll.cursor);
    if (at < 0) {
        ui_say(v->view.ui, NOTICE_INFO, _("Nothing before this message is here"));
        return;
    }
    v->scroll.cursor = at;
    list_moved(v);
}

gboolean list_threads_command(ListView *v, const char *name, const char *rest)
{
    static const char *const names[] = {"fold-thread", "fold-all", "parent", NULL};
    if (!g_strv_contains(names, name))
        return FALSE;
    if (!list_model_threaded(&v->model))
        ui_say(v->view.ui, NOTICE_INFO, _("The list shows no threads now (o t, or :set threads on)"));
    else if (g_str_equal(name, "fold-thread"))
        fold_one(v, rest);
    else if (g_str_equal(name, "fold-all"))
        fold_all(v, rest);
    else
        go_to_parent(v);
    return TRUE;
}
