/* folder_rows.c - see folder_rows.h. */
#include "folder_rows.h"
#include <string.h>
#include "pintail/util/text.h"

typedef struct {
    const FolderRowsAs *as;
    GHashTable *below;   /* names of folders that have some below them -> their FoldedSum */
    gint64 account;
    gint64 account_open; /* whose folders are shown where not all can be; 0 */
    gboolean fold;       /* not all can be shown: only those of account_open */
    guint64 looks;
} Making;

/* What is below a folder. */
typedef struct {
    gint64 unread;
    gboolean collapsed;
} Below;

FolderFilter folder_filter_of(const char *word)
{
    return g_str_equal(word, "unread")       ? FOLDERS_UNREAD
           : g_str_equal(word, "pinned")     ? FOLDERS_PINNED
           : g_str_equal(word, "subscribed") ? FOLDERS_SUBSCRIBED
                                             : FOLDERS_ALL;
}

FolderOrder folder_order_of(const char *word)
{
    return g_str_equal(word, "name") ? FOLDERS_BY_NAME : g_str_equal(word, "unread") ? FOLDERS_BY_UNREAD : FOLDERS_USUAL;
}

static gboolean passes(const FolderRowsAs *as, const Folder *f)
{
    if (f->id == as->open)
        return TRUE;
    switch (as->filter) {
    case FOLDERS_UNREAD:
        return f->unread > 0;
    case FOLDERS_PINNED:
        return (f->flags & FOLDER_PINNED) != 0;
    case FOLDERS_SUBSCRIBED:
        return (f->flags & (FOLDER_SUBSCRIBED | FOLDER_LOCAL)) != 0 || f->role == ROLE_INBOX;
    case FOLDERS_ALL:
        break;
    }
    return TRUE;
}

/* ---- what is below what ---- */

/* Calls for each folder above, from the top down; depth is bounded by the name's length. */
static gboolean above(const Folder *f, gsize *end)
{
    gsize step = strlen(f->delimiter);
    const char *next = step ? strstr(f->label + *end, f->delimiter) : NULL;
    if (!next || !next[step])
        return FALSE;
    *end = (gsize)(next - f->label) + step;
    return TRUE;
}

static void note_parents(Making *m, const GPtrArray *folders, guint from, guint to)
{
    g_hash_table_remove_all(m->below);
    for (guint i = from; i < to; i++) {
        const Folder *f = folders->pdata[i];
        g_hash_table_insert(m->below, g_strdup(f->label), NULL);
        m->looks++;
    }
    for (guint i = from; i < to; i++) {
        const Folder *f = folders->pdata[i];
        gsize end = 0;
        while (above(f, &end)) {
            g_autofree char *parent = g_strndup(f->label, end - strlen(f->delimiter));
            gpointer key, value;
            m->looks++;
            if (!g_hash_table_lookup_extended(m->below, parent, &key, &value))
                continue;
            Below *b = value ? value : g_new0(Below, 1);
            b->unread += f->unread;
            if (!value)
                g_hash_table_insert(m->below, g_steal_pointer(&parent), b);
        }
    }
    for (guint i = from; i < to; i++) {
        const Folder *f = folders->pdata[i];
        Below *b = g_hash_table_lookup(m->below, f->label);
        if (b)
            b->collapsed = (f->flags & FOLDER_COLLAPSED) != 0;
        m->looks++;
    }
}

static gboolean is_folded_away(Making *m, const Folder *f)
{
    gsize end = 0;
    if (f->id == m->as->open)
        return FALSE;
    while (above(f, &end)) {
        g_autofree char *parent = g_strndup(f->label, end - strlen(f->delimiter));
        const Below *b = g_hash_table_lookup(m->below, parent);
        m->looks++;
        if (b && b->collapsed)
            return TRUE;
    }
    return FALSE;
}

/* ---- order ---- */

typedef struct {
    const Folder *folder;
    char *key;
} Sortable;

static void sortable_clear(gpointer p)
{
    g_free(((Sortable *)p)->key);
}

static int by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(((const Sortable *)a)->key, ((const Sortable *)b)->key);
}

static int by_unread(gconstpointer a, gconstpointer b)
{
    const Sortable *x = a, *y = b;
    if (x->folder->unread != y->folder->unread)
        return x->folder->unread > y->folder->unread ? -1 : 1;
    return by_name(a, b);
}

/* ---- rows ---- */

static void add_row(GArray *rows, RowKind kind, gint64 account, const Folder *f)
{
    FolderRow r = {.kind = kind, .account = account, .folder = f};
    g_array_append_val(rows, r);
}

static void add_folder(Making *m, GArray *rows, const Folder *f)
{
    m->looks++;
    if (!passes(m->as, f) || (m->as->filter == FOLDERS_ALL && is_folded_away(m, f)))
        return;
    add_row(rows, ROW_FOLDER, m->account, f);
    FolderRow *r = &g_array_index(rows, FolderRow, rows->len - 1);
    const Below *b = m->as->filter == FOLDERS_ALL ? g_hash_table_lookup(m->below, f->label) : NULL;
    r->parent = b != NULL;
    r->folded = b && b->collapsed;
    r->unread = f->unread + (r->folded ? b->unread : 0);
}

static void add_sorted(Making *m, GArray *rows, const GPtrArray *folders, guint from, guint to)
{
    g_autoptr(GArray) sorted = g_array_new(FALSE, FALSE, sizeof(Sortable));
    g_array_set_clear_func(sorted, sortable_clear);
    for (guint i = from; i < to; i++) {
        Sortable s = {folders->pdata[i], text_fold(((Folder *)folders->pdata[i])->label, -1)};
        g_array_append_val(sorted, s);
    }
    g_array_sort(sorted, m->as->order == FOLDERS_BY_NAME ? by_name : by_unread);
    for (guint i = 0; i < sorted->len; i++)
        add_folder(m, rows, g_array_index(sorted, Sortable, i).folder);
}

static void add_account(Making *m, GArray *rows, const GPtrArray *folders, guint from, guint to)
{
    m->account = ((const Folder *)folders->pdata[from])->account_id;
    add_row(rows, ROW_ACCOUNT, m->account, NULL);
    if (m->fold && m->account != m->account_open) {
        FolderRow *head = &g_array_index(rows, FolderRow, rows->len - 1);
        head->folded = TRUE;
        for (guint i = from; i < to; i++)
            if (((const Folder *)folders->pdata[i])->role == ROLE_INBOX)
                head->unread += ((const Folder *)folders->pdata[i])->unread;
        return;
    }
    note_parents(m, folders, from, to);
    if (m->as->order != FOLDERS_USUAL) {
        add_sorted(m, rows, folders, from, to);
        return;
    }
    for (int pinned = 1; pinned >= 0; pinned--) /* what the person pinned stays at the top */
        for (guint i = from; i < to; i++) {
            const Folder *f = folders->pdata[i];
            if (((f->flags & FOLDER_PINNED) != 0) == pinned)
                add_folder(m, rows, f);
        }
}

static guint end_of_account(const GPtrArray *folders, guint from)
{
    guint to = from;
    while (to < folders->len &&
           ((const Folder *)folders->pdata[to])->account_id == ((const Folder *)folders->pdata[from])->account_id)
        to++;
    return to;
}

static void make(Making *m, const GPtrArray *folders, GArray *rows)
{
    g_array_set_size(rows, 0);
    for (guint from = 0, to; from < folders->len; from = to) {
        to = end_of_account(folders, from);
        add_account(m, rows, folders, from, to);
    }
    if (m->as->with_add)
        add_row(rows, ROW_ADD, 0, NULL);
}

void folder_rows_make(const GPtrArray *folders, const FolderRowsAs *as, GArray *rows, guint64 *looks)
{
    Making m = {.as = as, .below = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free)};
    for (guint i = 0; i < folders->len && as->open; i++)
        if (((const Folder *)folders->pdata[i])->id == as->open)
            m.account_open = ((const Folder *)folders->pdata[i])->account_id;
    make(&m, folders, rows);
    if (m.account_open && as->height > 0 && (int)rows->len > as->height) {
        m.fold = TRUE;
        make(&m, folders, rows);
    }
    if (looks)
        *looks = m.looks;
    g_hash_table_unref(m.below);
}
