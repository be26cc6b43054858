/* list_model.c - a folder's messages in order. */
#include "list_model.h"

#define ROWS_KEPT      4000
#define ADDED_IN_PLACE 200 /* more are quicker sorted by the store */

static GHashTable *id_set(void)
{
    return g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
}

static void set_add(GHashTable *set, gint64 id)
{
    g_hash_table_add(set, g_memdup2(&id, sizeof id));
}

static void free_row(gpointer p)
{
    row_free(p); /* NULL for one that is gone */
}

void list_model_init(ListModel *m)
{
    *m = (ListModel){0};
    m->ids = g_array_new(FALSE, FALSE, sizeof(gint64));
    m->shown = g_array_ref(m->ids);
    m->added = g_array_new(FALSE, FALSE, sizeof(gint64));
    m->rows = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, free_row);
    m->tags = id_set();
}

void list_model_clear(ListModel *m)
{
    g_array_unref(m->ids);
    g_array_unref(m->shown);
    g_array_unref(m->added);
    g_hash_table_unref(m->rows);
    g_hash_table_unref(m->tags);
    if (m->only)
        g_hash_table_unref(m->only);
    g_clear_pointer(&m->threads, thread_list_free);
}

/* ---- what is shown ---- */

gboolean list_model_threaded(const ListModel *m)
{
    return m->threads && !m->only;
}

int list_model_len(const ListModel *m)
{
    return (int)(list_model_threaded(m) ? thread_list_len(m->threads) : m->shown->len);
}

gboolean list_model_thread(const ListModel *m, int index, ThreadRow *row)
{
    if (!list_model_threaded(m) || index < 0 || !thread_list_row(m->threads, (guint)index, row))
        return FALSE;
    if (!row->placement) {
        (void)thread_list_load(m->threads, m->store, (guint)index, 1);
        (void)thread_list_row(m->threads, (guint)index, row);
    }
    return TRUE;
}

static void show(ListModel *m)
{
    g_array_unref(m->shown);
    if (!m->only) {
        m->shown = g_array_ref(m->ids);
        return;
    }
    m->shown = g_array_new(FALSE, FALSE, sizeof(gint64));
    for (guint i = 0; i < m->ids->len; i++) {
        gint64 id = g_array_index(m->ids, gint64, i);
        if (g_hash_table_contains(m->only, &id))
            g_array_append_val(m->shown, id);
    }
}

void list_model_limit(ListModel *m, GArray *placements)
{
    g_clear_pointer(&m->only, g_hash_table_unref);
    if (placements) {
        m->only = id_set();
        for (guint i = 0; i < placements->len; i++)
            set_add(m->only, g_array_index(placements, gint64, i));
    }
    show(m);
    if (placements && m->threads) /* `ids` has none of them: the order is that of the search */
        g_array_append_vals(m->shown, placements->data, placements->len);
}

int list_model_index(const ListModel *m, gint64 placement)
{
    if (list_model_threaded(m)) {
        gint64 thread = thread_of_placement(m->store, placement);
        return thread ? thread_list_find(m->threads, m->store, thread, placement) : -1;
    }
    for (guint i = 0; i < m->shown->len; i++)
        if (g_array_index(m->shown, gint64, i) == placement)
            return (int)i;
    return -1;
}

gint64 list_model_at(const ListModel *m, int index)
{
    ThreadRow row;
    if (list_model_threaded(m))
        return list_model_thread(m, index, &row) ? row.placement : 0;
    return index >= 0 && index < (int)m->shown->len ? g_array_index(m->shown, gint64, index) : 0;
}

/* ---- rows ---- */

int list_model_find_message(const ListModel *m, gint64 message)
{
    GHashTableIter it;
    gpointer value;
    g_hash_table_iter_init(&it, m->rows);
    while (g_hash_table_iter_next(&it, NULL, &value)) {
        const Row *r = value;
        int at = r && r->message == message ? list_model_index(m, r->placement) : -1;
        if (at >= 0)
            return at;
    }
    return -1;
}

const Row *list_model_row(const ListModel *m, gint64 placement)
{
    return g_hash_table_lookup(m->rows, &placement);
}

static void read_rows(ListModel *m, Store *s, const GArray *ids)
{
    if (ids->len == 0)
        return;
    g_autoptr(GPtrArray) rows = rows_get(s, (const gint64 *)(const void *)ids->data, ids->len, NULL);
    for (guint i = 0; rows && i < rows->len; i++) {
        gint64 id = g_array_index(ids, gint64, i);
        g_hash_table_replace(m->rows, g_memdup2(&id, sizeof id), g_steal_pointer(&rows->pdata[i]));
    }
}

void list_model_need(ListModel *m, Store *s, int index, int n)
{
    if (g_hash_table_size(m->rows) > ROWS_KEPT)
        g_hash_table_remove_all(m->rows);
    g_autoptr(GArray) missing = g_array_new(FALSE, FALSE, sizeof(gint64));
    if (list_model_threaded(m))
        m->large = thread_list_load(m->threads, s, (guint)MAX(index, 0), (guint)MAX(n, 0));
    for (int i = MAX(index, 0); i < index + n && i < list_model_len(m); i++) {
        gint64 id = list_model_at(m, i);
        if (id && !g_hash_table_contains(m->rows, &id))
            g_array_append_val(missing, id);
    }
    read_rows(m, s, missing);
}

/* ---- the list ---- */

static void begin(ListModel *m, Store *s, gint64 folder, SortKey key, gboolean reverse, gint64 seq)
{
    if (folder != m->folder)
        g_hash_table_remove_all(m->tags);
    g_hash_table_remove_all(m->rows);
    g_clear_pointer(&m->only, g_hash_table_unref);
    g_clear_pointer(&m->threads, thread_list_free);
    m->large = 0;
    m->store = s;
    m->folder = folder;
    m->key = key;
    m->reverse = reverse;
    m->seq = seq;
}

gboolean list_model_open(ListModel *m, Store *s, gint64 folder, SortKey key, gboolean reverse,
                         guint n, GError **err)
{
    gint64 seq = store_change_seq(s);
    GArray *first = list_first(s, folder, key, reverse, n, err);
    if (!first)
        return FALSE;
    begin(m, s, folder, key, reverse, seq);
    g_array_unref(m->ids);
    m->ids = first;
    m->complete = first->len < n;
    show(m);
    return TRUE;
}

gboolean list_model_open_threads(ListModel *m, Store *s, gint64 folder, gboolean newest_first, guint n,
                                 GError **err)
{
    gint64 seq = store_change_seq(s);
    GArray *first = threads_first(s, folder, newest_first, n, err);
    if (!first)
        return FALSE;
    begin(m, s, folder, SORT_DATE, newest_first, seq);
    g_array_unref(m->ids);
    m->ids = g_array_new(FALSE, FALSE, sizeof(gint64));
    m->threads = thread_list_new(folder, newest_first, FALSE);
    m->complete = first->len < n;
    thread_list_set(m->threads, first, seq, m->complete);
    show(m);
    return TRUE;
}

void list_model_set(ListModel *m, GArray *ids_take, gint64 seq)
{
    if (m->threads) {
        thread_list_set(m->threads, ids_take, seq, TRUE);
        m->seq = MIN(m->seq, seq); /* rows that changed since then are still to be read again */
        m->complete = TRUE;
        return;
    }
    g_array_unref(m->ids);
    m->ids = ids_take;
    m->seq = seq;
    m->complete = TRUE;
    show(m);
}

/* ---- changes ---- */

static void remove_ids(ListModel *m, const GArray *removed)
{
    g_autoptr(GHashTable) gone = id_set();
    for (guint i = 0; i < removed->len; i++) {
        gint64 id = g_array_index(removed, gint64, i);
        set_add(gone, id);
        g_hash_table_remove(m->rows, &id);
        g_hash_table_remove(m->tags, &id);
    }
    /* a new array: `shown` may be the same one */
    GArray *kept = g_array_sized_new(FALSE, FALSE, sizeof(gint64), m->ids->len);
    for (guint i = 0; i < m->ids->len; i++) {
        gint64 id = g_array_index(m->ids, gint64, i);
        if (!g_hash_table_contains(gone, &id))
            g_array_append_val(kept, id);
    }
    g_array_unref(m->ids);
    m->ids = kept;
}

/* Order of two rows as the store has it; only for keys that a Row holds. */
static int compare(const ListModel *m, const Row *a, const Row *b)
{
    gint64 x = m->key == SORT_SIZE ? (gint64)a->size : a->date;
    gint64 y = m->key == SORT_SIZE ? (gint64)b->size : b->date;
    int order = x < y ? -1 : x > y ? 1 : a->placement < b->placement ? -1 : a->placement > b->placement;
    return m->reverse ? -order : order;
}

static const Row *row_of(ListModel *m, Store *s, gint64 id)
{
    if (!g_hash_table_contains(m->rows, &id)) {
        g_autoptr(GArray) one = g_array_new(FALSE, FALSE, sizeof(gint64));
        g_array_append_val(one, id);
        read_rows(m, s, one);
    }
    return list_model_row(m, id);
}

/* Where it goes, by halving; -1: that cannot be told (a row on the way is gone). */
static int place_of(ListModel *m, Store *s, const Row *new_row)
{
    int low = 0, high = (int)m->ids->len;
    while (low < high) {
        int middle = low + (high - low) / 2;
        gint64 id = g_array_index(m->ids, gint64, middle);
        const Row *r = row_of(m, s, id);
        if (!r)
            return -1;
        if (compare(m, r, new_row) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static gboolean insert_ids(ListModel *m, Store *s, const GArray *added)
{
    if (added->len > ADDED_IN_PLACE || (m->key != SORT_DATE && m->key != SORT_SIZE))
        return FALSE;
    for (guint i = 0; i < added->len; i++) {
        gint64 id = g_array_index(added, gint64, i);
        const Row *r = row_of(m, s, id);
        if (!r)
            continue; /* gone again */
        int at = place_of(m, s, r);
        if (at < 0)
            return FALSE;
        if (at < (int)m->ids->len && g_array_index(m->ids, gint64, at) == id)
            continue;
        if (!m->complete && at == (int)m->ids->len)
            continue; /* beyond the first page: the whole list will have it */
        g_array_insert_val(m->ids, (guint)at, id);
        if (m->only)
            set_add(m->only, id); /* new mail shows under a limit until that is worked out anew */
    }
    return TRUE;
}

static void forget_rows(ListModel *m, const GArray *ids)
{
    for (guint i = 0; i < ids->len; i++)
        g_hash_table_remove(m->rows, &g_array_index(ids, gint64, i));
}

static gboolean update_threads(ListModel *m, Store *s, const ListChanges *c, gboolean *reload)
{
    gboolean moved = thread_list_update(m->threads, s, reload);
    if (c->all) {
        g_hash_table_remove_all(m->rows);
        m->seq = c->seq;
        return TRUE;
    }
    forget_rows(m, c->changed);
    forget_rows(m, c->added);
    forget_rows(m, c->removed);
    for (guint i = 0; i < c->removed->len; i++)
        g_hash_table_remove(m->tags, &g_array_index(c->removed, gint64, i));
    m->seq = c->seq;
    g_array_append_vals(m->added, c->added->data, c->added->len);
    return moved || c->added->len + c->changed->len + c->removed->len > 0;
}

gboolean list_model_update(ListModel *m, Store *s, gboolean *reload)
{
    *reload = FALSE;
    g_array_set_size(m->added, 0);
    if (!m->folder)
        return FALSE;
    g_autoptr(ListChanges) c = list_changes(s, m->folder, m->seq, NULL);
    if (!c)
        return FALSE;
    if (m->threads)
        return update_threads(m, s, c, reload);
    if (c->all) {
        g_hash_table_remove_all(m->rows);
        *reload = TRUE;
        return TRUE;
    }
    if (c->added->len + c->changed->len + c->removed->len == 0) {
        m->seq = c->seq;
        return FALSE;
    }
    for (guint i = 0; i < c->changed->len; i++)
        g_hash_table_remove(m->rows, &g_array_index(c->changed, gint64, i));
    for (guint i = 0; i < c->added->len; i++)
        g_hash_table_remove(m->rows, &g_array_index(c->added, gint64, i));
    if (c->removed->len)
        remove_ids(m, c->removed);
    if (c->added->len && !insert_ids(m, s, c->added)) {
        *reload = TRUE;
        return TRUE;
    }
    m->seq = c->seq;
    g_array_append_vals(m->added, c->added->data, c->added->len);
    show(m);
    return TRUE;
}
