/* test_folder_rows.c - the rows of the folder pane: folding, filters, orders, and what ten thousand folders cost. */
#include <string.h>
#include "folder_rows.h"

static gint64 last_id;

static Folder *add(GPtrArray *all, gint64 account, const char *name, gint64 unread, guint flags)
{
    Folder *f = g_new0(Folder, 1);
    f->id = ++last_id;
    f->account_id = account;
    f->name = g_strdup(name);
    f->label = g_strdup(name);
    f->delimiter = g_strdup("/");
    f->rights = g_strdup("");
    f->unread = unread;
    f->flags = flags;
    f->role = g_str_equal(name, "INBOX") ? ROLE_INBOX : ROLE_NONE;
    g_ptr_array_add(all, f);
    return f;
}

static GPtrArray *some(void)
{
    GPtrArray *all = g_ptr_array_new_with_free_func((GDestroyNotify)folder_free);
    last_id = 0;
    add(all, 1, "INBOX", 2, FOLDER_SUBSCRIBED);
    add(all, 1, "Archive", 0, 0);
    add(all, 1, "Archive/2025", 3, 0);
    add(all, 1, "Archive/2025/May", 1, FOLDER_PINNED);
    add(all, 1, "Archived", 0, 0);
    add(all, 2, "INBOX", 7, 0);
    add(all, 2, "zeta", 0, 0);
    add(all, 2, "Alpha", 5, 0);
    return all;
}

/* "1:INBOX 1:Archive+ ..." */
static char *shown(const GPtrArray *all, const FolderRowsAs *as)
{
    g_autoptr(GArray) rows = g_array_new(FALSE, TRUE, sizeof(FolderRow));
    GString *text = g_string_new(NULL);
    folder_rows_make(all, as, rows, NULL);
    for (guint i = 0; i < rows->len; i++) {
        const FolderRow *r = &g_array_index(rows, FolderRow, i);
        if (r->kind == ROW_ACCOUNT)
            g_string_append_printf(text, "[%d%s] ", (int)r->account, r->folded ? "+" : "");
        else if (r->kind == ROW_ADD)
            g_string_append(text, "add ");
        else
            g_string_append_printf(text, "%s%s=%d ", r->folder->label, r->folded ? "+" : "", (int)r->unread);
    }
    return g_string_free(text, FALSE);
}

#define expect(all, as, wanted)                                                                     \
    do {                                                                                           \
        g_autofree char *text = shown(all, &(as));                                                 \
        g_assert_cmpstr(text, ==, wanted);                                                         \
    } while (0)

static void test_all(void)
{
    g_autoptr(GPtrArray) all = some();
    FolderRowsAs as = {.with_add = TRUE};
    expect(all, as,
           "[1] Archive/2025/May=1 INBOX=2 Archive=0 Archive/2025=3 Archived=0 "
           "[2] INBOX=7 zeta=0 Alpha=5 add ");
    as = (FolderRowsAs){.open = 1, .height = 7}; /* no room: the other account is one row */
    expect(all, as, "[1] Archive/2025/May=1 INBOX=2 Archive=0 Archive/2025=3 Archived=0 [2+] ");
}

static void test_folded(void)
{
    g_autoptr(GPtrArray) all = some();
    FolderRowsAs as = {0};
    ((Folder *)all->pdata[1])->flags |= FOLDER_COLLAPSED;
    expect(all, as, "[1] INBOX=2 Archive+=4 Archived=0 [2] INBOX=7 zeta=0 Alpha=5 ");
    as.open = 3; /* what is open is never folded away */
    expect(all, as, "[1] INBOX=2 Archive+=4 Archive/2025=3 Archived=0 [2] INBOX=7 zeta=0 Alpha=5 ");
    ((Folder *)all->pdata[4])->flags |= FOLDER_COLLAPSED; /* nothing is below it */
    as.open = 0;
    expect(all, as, "[1] INBOX=2 Archive+=4 Archived=0 [2] INBOX=7 zeta=0 Alpha=5 ");
}

static void test_filters(void)
{
    g_autoptr(GPtrArray) all = some();
    FolderRowsAs as = {.filter = FOLDERS_UNREAD, .open = 2};
    expect(all, as, "[1] Archive/2025/May=1 INBOX=2 Archive=0 Archive/2025=3 [2] INBOX=7 Alpha=5 ");
    as = (FolderRowsAs){.filter = FOLDERS_PINNED};
    expect(all, as, "[1] Archive/2025/May=1 [2] ");
    as.filter = FOLDERS_SUBSCRIBED;
    expect(all, as, "[1] INBOX=2 [2] INBOX=7 ");
    as = (FolderRowsAs){.order = FOLDERS_BY_NAME};
    expect(all, as,
           "[1] Archive=0 Archive/2025=3 Archive/2025/May=1 Archived=0 INBOX=2 [2] Alpha=5 INBOX=7 zeta=0 ");
    as.order = FOLDERS_BY_UNREAD;
    expect(all, as,
           "[1] Archive/2025=3 INBOX=2 Archive/2025/May=1 Archive=0 Archived=0 [2] INBOX=7 Alpha=5 zeta=0 ");
}

/* Flat names (delimiter NIL), strange ones: no folder is below another. */
static void test_strange(void)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)folder_free);
    Folder *flat = add(all, 1, "a/b", 1, FOLDER_COLLAPSED);
    add(all, 1, "a/b/c", 1, 0);
    add(all, 1, "/", 1, 0);
    add(all, 1, "//x//", 1, 0);
    add(all, 1, "end/", 1, 0);
    FolderRowsAs as = {0};
    expect(all, as, "[1] a/b+=2 /=1 //x//=1 end/=1 ");
    for (guint i = 0; i < all->len; i++)
        *((Folder *)all->pdata[i])->delimiter = '\0';
    g_assert_cmpstr(flat->delimiter, ==, "");
    expect(all, as, "[1] a/b=1 a/b/c=1 /=1 //x//=1 end/=1 ");
}

/* Each folder is looked at a fixed number of times, however many there are. */
static void test_cost(void)
{
    guint64 looks[2];
    for (int round = 0; round < 2; round++) {
        int n = round ? 10000 : 1000;
        g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)folder_free);
        g_autoptr(GArray) rows = g_array_new(FALSE, TRUE, sizeof(FolderRow));
        FolderRowsAs as = {0};
        for (int i = 0; i < n; i++) {
            g_autofree char *name = g_strdup_printf("lists/%d/%d", i / 100, i);
            add(all, 1, name, i % 2, i % 3 ? 0 : FOLDER_COLLAPSED);
        }
        folder_rows_make(all, &as, rows, &looks[round]);
        g_assert_cmpuint(rows->len, ==, n + 1);
        g_assert_cmpuint(looks[round], <=, 12 * (guint64)n);
    }
    g_assert_cmpuint(looks[1], <=, 10 * looks[0] + 100);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ui/folder-rows/all", test_all);
    g_test_add_func("/ui/folder-rows/folded", test_folded);
    g_test_add_func("/ui/folder-rows/filters", test_filters);
    g_test_add_func("/ui/folder-rows/strange", test_strange);
    g_test_add_func("/ui/folder-rows/cost", test_cost);
    return g_test_run();
}
