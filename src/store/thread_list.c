/* thread_list.c - a folder by conversations: threads in order, and the rows that they make.
 *
 * The order is that of `folder_thread`, an index of its own, so the first page of a folder of any
 * size is one short read. An open list is an array of threads; which row is where follows from
 * their sizes, and a tree is read when one of its rows is wanted. */
#include "thread_private.h"
#include <string.h>
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"

#define SLICE       4000
#define CHANGES_MAX 2000
#define TREE_MAX    1000 /* messages of a thread that is read on the UI thread */
#define TREES_KEPT  3000

/* ---- reading ---- */

static GArray *infos_new(guint reserved)
{
    return g_array_sized_new(FALSE, FALSE, sizeof(ThreadInfo), reserved);
}

static ThreadInfo info_from(sqlite3_stmt *st)
{
    return (ThreadInfo){db_int(st, 0), db_int(st, 1), (guint32)MAX(db_int(st, 2), 0),
                        (guint32)MAX(db_int(st, 3), 0)};
}

static void collect(Store *s, sqlite3_stmt *st, GArray *into)
{
    while (db_step(&s->db, st)) {
        ThreadInfo i = info_from(st);
        g_array_append_val(into, i);
    }
}

#define INFO "SELECT thread, newest, total, unread FROM folder_thread WHERE folder = ?1"

GArray *threads_first(Store *s, gint64 folder, gboolean newest_first, guint n, GError **err)
{
    GArray *infos = infos_new(n);
    collect(s,
            db_query(&s->db,
                     newest_first ? INFO " AND total > 0 ORDER BY newest DESC, thread DESC LIMIT ?2"
                                  : INFO " AND total > 0 ORDER BY newest, thread LIMIT ?2",
                     "ii", folder, I64(n)),
            infos);
    if (db_ok(&s->db, err))
        return infos;
    g_array_unref(infos);
    return NULL;
}

/* The place in the order is given by value, so it does not matter what happens to the last row
 * between two slices. */
GArray *threads_all(Store *s, gint64 folder, gboolean newest_first, const Cancel *stop, GError **err)
{
    gint64 most = db_number(&s->db, 0, "SELECT total FROM folder WHERE id = ?", "i", folder);
    g_autoptr(GArray) infos = infos_new((guint)CLAMP(most + 16, 16, 1 << 24));
    ThreadInfo last = {newest_first ? G_MAXINT64 : G_MININT64, newest_first ? G_MAXINT64 : G_MININT64, 0, 0};
    for (guint before = G_MAXUINT; before != infos->len;) {
        if (stop && cancel_is_set(stop)) {
            error_set(err, PINTAIL_ERROR_CANCELLED, _("stopped"));
            return NULL;
        }
        before = infos->len;
        collect(s,
                db_query(&s->db,
                         newest_first ? INFO " AND total > 0 AND (newest, thread) < (?2, ?3)"
                                             " ORDER BY newest DESC, thread DESC LIMIT ?4"
                                      : INFO " AND total > 0 AND (newest, thread) > (?2, ?3)"
                                             " ORDER BY newest, thread LIMIT ?4",
                         "iiii", folder, last.newest, last.thread, I64(SLICE)),
                infos);
        if (!db_ok(&s->db, err))
            return NULL;
        if (infos->len > 0)
            last = g_array_index(infos, ThreadInfo, infos->len - 1);
    }
    return g_steal_pointer(&infos);
}

/* ---- the list ---- */

struct ThreadList {
    gint64 folder, seq;
    gboolean newest_first, fold, complete;
    GArray *threads;      /* of ThreadInfo, in order */
    guint32 *start;       /* first row of each, and behind the last the number of rows */
    GHashTable *toggled;  /* threads whose folding is not the usual one */
    GHashTable *trees;    /* thread -> GArray of ThreadEntry */
};

static GHashTable *id_set(GDestroyNotify value)
{
    return g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, value);
}

static gpointer boxed(gint64 id)
{
    return g_memdup2(&id, sizeof id);
}

ThreadList *thread_list_new(gint64 folder, gboolean newest_first, gboolean fold)
{
    ThreadList *l = g_new0(ThreadList, 1);
    l->folder = folder;
    l->newest_first = newest_first;
    l->fold = fold;
    l->threads = infos_new(0);
    l->start = g_new0(guint32, 1);
    l->toggled = id_set(NULL);
    l->trees = id_set((GDestroyNotify)g_array_unref);
    return l;
}

void thread_list_free(ThreadList *l)
{
    if (!l)
        return;
    g_array_unref(l->threads);
    g_free(l->start);
    g_hash_table_unref(l->toggled);
    g_hash_table_unref(l->trees);
    g_free(l);
}

static const ThreadInfo *info(const ThreadList *l, guint n)
{
    return &g_array_index(l->threads, ThreadInfo, n);
}

static gboolean is_folded(const ThreadList *l, const ThreadInfo *i)
{
    if (i->total < 2)
        return FALSE;
    gboolean usual = l->fold || i->total > TREE_MAX;
    return usual != g_hash_table_contains(l->toggled, &i->thread);
}

static void lay_out(ThreadList *l)
{
    l->start = g_renew(guint32, l->start, l->threads->len + 1);
    gboolean plain = !l->fold && g_hash_table_size(l->toggled) == 0;
    guint32 row = 0;
    for (guint n = 0; n < l->threads->len; n++) {
        const ThreadInfo *i = info(l, n);
        l->start[n] = row;
        row += (plain && i->total <= TREE_MAX) || !is_folded(l, i) ? i->total : 1;
    }
    l->start[l->threads->len] = row;
}

void thread_list_set(ThreadList *l, GArray *threads_take, gint64 seq, gboolean complete)
{
    g_array_unref(l->threads);
    l->threads = threads_take;
    l->seq = seq;
    l->complete = complete;
    g_hash_table_remove_all(l->trees);
    lay_out(l);
}

guint thread_list_len(const ThreadList *l)
{
    return l->start[l->threads->len];
}

guint thread_list_threads(const ThreadList *l)
{
    return l->threads->len;
}

gboolean thread_list_complete(const ThreadList *l)
{
    return l->complete;
}

/* The thread that a row belongs to. */
static guint thread_at(const ThreadList *l, guint row)
{
    guint low = 0, high = l->threads->len;
    while (high - low > 1) {
        guint middle = low + (high - low) / 2;
        if (l->start[middle] <= row)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static GArray *tree(const ThreadList *l, gint64 thread)
{
    return g_hash_table_lookup(l->trees, &thread);
}

void thread_list_put(ThreadList *l, gint64 thread, GArray *entries_take)
{
    if (g_hash_table_size(l->trees) > TREES_KEPT)
        g_hash_table_remove_all(l->trees);
    g_hash_table_replace(l->trees, boxed(thread), entries_take);
}

gint64 thread_list_load(ThreadList *l, Store *s, guint index, guint n)
{
    gint64 large = 0;
    if (index >= thread_list_len(l))
        return 0;
    for (guint t = thread_at(l, index); t < l->threads->len && l->start[t] < index + n; t++) {
        const ThreadInfo *i = info(l, t);
        if (tree(l, i->thread))
            continue;
        if (i->total > TREE_MAX) {
            large = i->thread;
            continue;
        }
        GArray *entries = thread_entries(s, i->thread, l->folder, FALSE, NULL);
        if (entries)
            thread_list_put(l, i->thread, entries);
    }
    return large;
}

gboolean thread_list_row(const ThreadList *l, guint index, ThreadRow *row)
{
    if (index >= thread_list_len(l))
        return FALSE;
    guint t = thread_at(l, index), at = index - l->start[t];
    const ThreadInfo *i = info(l, t);
    const GArray *entries = tree(l, i->thread);
    *row = (ThreadRow){.thread = i->thread, .total = i->total, .unread = i->unread,
                       .folded = is_folded(l, i), .first = at == 0, .last = TRUE};
    if (entries && at < entries->len) {
        const ThreadEntry *e = &g_array_index(entries, ThreadEntry, at);
        row->placement = e->placement;
        row->depth = e->depth;
        row->last = e->last;
    }
    return TRUE;
}

static int number_of(const ThreadList *l, gint64 thread)
{
    for (guint n = 0; n < l->threads->len; n++)
        if (info(l, n)->thread == thread)
            return (int)n;
    return -1;
}

int thread_list_find(ThreadList *l, Store *s, gint64 thread, gint64 placement)
{
    int n = number_of(l, thread);
    if (n < 0)
        return -1;
    const ThreadInfo *i = info(l, (guint)n);
    if (is_folded(l, i))
        return (int)l->start[n];
    thread_list_load(l, s, l->start[n], 1);
    const GArray *entries = tree(l, thread);
    for (guint k = 0; entries && k < entries->len && k < i->total; k++)
        if (g_array_index(entries, ThreadEntry, k).placement == placement)
            return (int)(l->start[n] + k);
    return -1;
}

int thread_list_parent(const ThreadList *l, guint index)
{
    ThreadRow row;
    if (!thread_list_row(l, index, &row) || row.depth == 0)
        return -1;
    const GArray *entries = tree(l, row.thread);
    for (guint first = l->start[thread_at(l, index)], at = index; entries && at-- > first;)
        if (g_array_index(entries, ThreadEntry, at - first).depth < row.depth)
            return (int)at;
    return -1;
}

gboolean thread_list_fold(ThreadList *l, gint64 thread, gboolean fold)
{
    int n = number_of(l, thread);
    if (n < 0 || info(l, (guint)n)->total < 2 || is_folded(l, info(l, (guint)n)) == fold)
        return FALSE;
    if (!g_hash_table_remove(l->toggled, &thread))
        g_hash_table_add(l->toggled, boxed(thread));
    lay_out(l);
    return TRUE;
}

void thread_list_fold_all(ThreadList *l, gboolean fold)
{
    l->fold = fold;
    g_hash_table_remove_all(l->toggled);
    lay_out(l);
}

/* ---- what changed ---- */

static int order(const ThreadList *l, const ThreadInfo *a, const ThreadInfo *b)
{
    int by = a->newest < b->newest   ? -1
             : a->newest > b->newest ? 1
             : a->thread < b->thread ? -1
                                     : a->thread > b->thread;
    return l->newest_first ? -by : by;
}

static int in_order(gconstpointer a, gconstpointer b, gpointer list)
{
    return order(list, a, b);
}

/* One pass: those that changed leave, and come back where they belong now. */
static void merge(ThreadList *l, const GArray *changed)
{
    guint8 bits[8192] = {0}; /* most threads are told apart without a look into the table */
    g_autoptr(GHashTable) moved = g_hash_table_new(g_int64_hash, g_int64_equal);
    g_autoptr(GArray) back = infos_new(changed->len);
    for (guint k = 0; k < changed->len; k++) {
        ThreadInfo *i = &g_array_index(changed, ThreadInfo, k);
        bits[(guint64)i->thread / 8 % sizeof bits] |= (guint8)(1 << (i->thread & 7));
        g_hash_table_add(moved, &i->thread);
        g_hash_table_remove(l->trees, &i->thread);
        if (i->total > 0)
            g_array_append_val(back, *i);
    }
    g_array_sort_with_data(back, in_order, l);
    GArray *all = infos_new(l->threads->len + back->len);
    guint next = 0;
    for (guint n = 0; n < l->threads->len; n++) {
        const ThreadInfo *i = info(l, n);
        if (bits[(guint64)i->thread / 8 % sizeof bits] & (1 << (i->thread & 7)) &&
            g_hash_table_contains(moved, &i->thread))
            continue;
        while (next < back->len && order(l, &g_array_index(back, ThreadInfo, next), i) < 0)
            g_array_append_val(all, g_array_index(back, ThreadInfo, next++));
        g_array_append_val(all, *i);
    }
    while (l->complete && next < back->len) /* else: beyond the first page */
        g_array_append_val(all, g_array_index(back, ThreadInfo, next++));
    g_array_unref(l->threads);
    l->threads = all;
    lay_out(l);
}

gboolean thread_list_update(ThreadList *l, Store *s, gboolean *reload)
{
    *reload = FALSE;
    g_autoptr(GArray) changed = infos_new(16);
    gboolean reading = read_begin(s);
    gint64 seq = store_change_seq(s);
    gboolean too_old = l->seq < db_number(&s->db, 0, "SELECT tombstone_floor FROM sequence", "");
    collect(s,
            db_query(&s->db, INFO " AND change_seq > ?2 LIMIT ?3", "iii", l->folder, l->seq,
                     I64(CHANGES_MAX + 1)),
            changed);
    if (reading)
        read_end(s);
    if (!db_ok(&s->db, NULL))
        return FALSE;
    if (too_old || changed->len > CHANGES_MAX) {
        g_hash_table_remove_all(l->trees);
        *reload = TRUE;
        return TRUE;
    }
    l->seq = seq;
    if (changed->len == 0)
        return FALSE;
    merge(l, changed);
    return TRUE;
}
