/* The message list follows the store: order, changes, limits, and what is kept through them. */
#include <string.h>
#include "../store/fixture.h"
#include "list_model.h"

typedef struct {
    Fixture f;
    gint64 account, folder, other;
} Mail;

static gint64 add(Mail *m, int n, gint64 folder)
{
    g_autofree char *text = g_strdup_printf(
        "From: Person %03d <p%d@example.org>\r\nTo: ada@example.org\r\nSubject: Message %d\r\n"
        "Date: Thu, %02d Nov 2026 %02d:00:00 +0000\r\nMessage-ID: <m%d@example.org>\r\n\r\nText %d\r\n",
        (n * 37) % 100, n, n, 1 + n % 28, n / 28 % 24, n, n);
    GError *err = NULL;
    gint64 id = message_append(m->f.s, folder, text, strlen(text), 0, 0, &err);
    g_assert_no_error(err);
    return id;
}

static void begin(Mail *m, int messages)
{
    GError *err = NULL;
    m->f.directory = g_dir_make_tmp("pintail-list-XXXXXX", &err);
    g_assert_no_error(err);
    open_store(&m->f);
    g_autofree char *maildir = g_build_filename(m->f.directory, "mail", NULL);
    m->account = account_ensure(m->f.s, "home", STORED_LOCAL, maildir, &err);
    g_assert_no_error(err);
    g_autoptr(Folder) inbox = folder_by_role(m->f.s, m->account, ROLE_INBOX);
    g_autoptr(Folder) archive = folder_by_role(m->f.s, m->account, ROLE_ARCHIVE);
    m->folder = inbox->id;
    m->other = archive->id;
    for (int i = 0; i < messages; i++)
        add(m, i, m->folder);
}

static void end(Mail *m)
{
    close_store(&m->f);
    remove_tree(m->f.directory);
    g_free(m->f.directory);
}

static void open_model(Mail *m, ListModel *list, SortKey key, gboolean reverse, guint n)
{
    GError *err = NULL;
    g_assert_true(list_model_open(list, m->f.s, m->folder, key, reverse, n, &err));
    g_assert_no_error(err);
}

static GArray *whole(Mail *m, const ListModel *list)
{
    GError *err = NULL;
    GArray *ids = list_all(m->f.s, m->folder, list->key, list->reverse, NULL, &err);
    g_assert_no_error(err);
    return ids;
}

/* The list is exactly what the store would give anew. */
static void same_as_store(Mail *m, const ListModel *list)
{
    g_autoptr(GArray) ids = whole(m, list);
    g_assert_cmpuint(list->ids->len, ==, ids->len);
    g_assert_cmpint(memcmp(list->ids->data, ids->data, ids->len * sizeof(gint64)), ==, 0);
}

static gint64 change(Mail *m, ChangeKind kind, gint64 placement, guint flags, gint64 destination)
{
    GError *err = NULL;
    Change c = {.kind = kind, .placements = &placement, .n = 1, .add = flags, .destination = destination};
    gint64 group = change_commit(m->f.s, &c, &err);
    g_assert_no_error(err);
    return group;
}

static void follows_changes(void)
{
    Mail m = {0};
    ListModel list;
    gboolean reload;
    begin(&m, 40);
    for (int reverse = 0; reverse < 2; reverse++) {
        list_model_init(&list);
        open_model(&m, &list, SORT_DATE, reverse, 1000);
        g_assert_true(list.complete);
        same_as_store(&m, &list);
        g_assert_false(list_model_update(&list, m.f.s, &reload)); /* nothing happened */

        add(&m, 100 + reverse, m.folder);
        add(&m, 17 + 200 * (reverse + 1), m.folder);
        g_assert_true(list_model_update(&list, m.f.s, &reload));
        g_assert_false(reload);
        g_assert_cmpuint(list.added->len, ==, 2);
        same_as_store(&m, &list);

        gint64 victim = list_model_at(&list, 7), next = list_model_at(&list, 8);
        gint64 group = change(&m, CHANGE_MOVE, victim, 0, m.other);
        g_assert_true(list_model_update(&list, m.f.s, &reload));
        g_assert_cmpint(list_model_index(&list, victim), ==, -1);
        g_assert_cmpint(list_model_index(&list, next), ==, 7);
        same_as_store(&m, &list);
        GError *err = NULL;
        g_assert_true(change_undo(m.f.s, group, &err));
        g_assert_no_error(err);
        g_assert_true(list_model_update(&list, m.f.s, &reload));
        same_as_store(&m, &list);

        gint64 third = list_model_at(&list, 3);
        list_model_need(&list, m.f.s, 0, 10);
        g_assert_cmpuint(list_model_row(&list, third)->flags & FLAG_FLAGGED, ==, 0);
        change(&m, CHANGE_FLAGS, third, FLAG_FLAGGED, 0);
        g_assert_true(list_model_update(&list, m.f.s, &reload));
        list_model_need(&list, m.f.s, 0, 10);
        g_assert_cmpuint(list_model_row(&list, third)->flags & FLAG_FLAGGED, !=, 0);
        Change back = {.kind = CHANGE_FLAGS, .placements = &third, .n = 1, .remove = FLAG_FLAGGED};
        ok(change_commit(m.f.s, &back, &err));
        list_model_clear(&list);
    }
    end(&m);
}

static void other_orders_are_loaded_anew(void)
{
    Mail m = {0};
    ListModel list;
    gboolean reload;
    begin(&m, 20);
    list_model_init(&list);
    open_model(&m, &list, SORT_FROM, FALSE, 1000);
    same_as_store(&m, &list);
    add(&m, 77, m.folder);
    g_assert_true(list_model_update(&list, m.f.s, &reload));
    g_assert_true(reload);
    gint64 seq = store_change_seq(m.f.s);
    list_model_set(&list, whole(&m, &list), seq);
    g_assert_false(list_model_update(&list, m.f.s, &reload));
    same_as_store(&m, &list);
    list_model_clear(&list);
    end(&m);
}

/* Only the first page is there: what happens beyond it comes with the rest. */
static void first_page_then_the_rest(void)
{
    Mail m = {0};
    ListModel list;
    gboolean reload;
    begin(&m, 30);
    list_model_init(&list);
    open_model(&m, &list, SORT_DATE, TRUE, 10);
    g_assert_false(list.complete);
    g_assert_cmpuint(list.shown->len, ==, 10);
    g_autoptr(GArray) all = whole(&m, &list);
    gint64 seq = store_change_seq(m.f.s);
    g_assert_cmpint(memcmp(list.ids->data, all->data, 10 * sizeof(gint64)), ==, 0);
    gint64 oldest = g_array_index(all, gint64, 29), newest = g_array_index(all, gint64, 0);
    change(&m, CHANGE_MOVE, oldest, 0, m.other); /* after the loader had read it */
    change(&m, CHANGE_MOVE, newest, 0, m.other);
    list_model_update(&list, m.f.s, &reload);
    g_assert_cmpint(list_model_index(&list, newest), ==, -1);
    list_model_set(&list, g_array_ref(all), seq);
    g_assert_true(list_model_update(&list, m.f.s, &reload));
    g_assert_true(list.complete);
    same_as_store(&m, &list);
    list_model_clear(&list);
    end(&m);
}

static void limits_and_tags(void)
{
    Mail m = {0};
    ListModel list;
    gboolean reload;
    begin(&m, 10);
    list_model_init(&list);
    open_model(&m, &list, SORT_DATE, TRUE, 1000);
    g_autoptr(GArray) some = g_array_new(FALSE, FALSE, sizeof(gint64));
    gint64 a = list_model_at(&list, 2), b = list_model_at(&list, 5);
    g_array_append_val(some, b);
    g_array_append_val(some, a);
    list_model_limit(&list, some);
    g_assert_cmpuint(list.shown->len, ==, 2); /* in the order of the list */
    g_assert_cmpint(list_model_at(&list, 0), ==, a);
    g_assert_cmpint(list_model_at(&list, 1), ==, b);
    g_assert_cmpint(list_model_at(&list, 2), ==, 0);
    g_hash_table_add(list.tags, g_memdup2(&a, sizeof a));
    g_hash_table_add(list.tags, g_memdup2(&b, sizeof b));
    change(&m, CHANGE_MOVE, a, 0, m.other);
    g_assert_true(list_model_update(&list, m.f.s, &reload));
    g_assert_cmpuint(list.shown->len, ==, 1);
    g_assert_cmpuint(g_hash_table_size(list.tags), ==, 1); /* what is gone is not tagged */
    list_model_limit(&list, NULL);
    g_assert_cmpuint(list.shown->len, ==, 9);
    list_model_clear(&list);
    end(&m);
}

/* Day of November, and what it answers (0: nothing). */
static gint64 add_answer(Mail *m, int n, int day, int answers)
{
    g_autofree char *reply = answers ? g_strdup_printf("In-Reply-To: <t%d@example.org>\r\n", answers) : g_strdup("");
    g_autofree char *text = g_strdup_printf(
        "From: Ana Ruiz <ana@example.org>\r\nTo: ada@example.org\r\nSubject: Words %d\r\n"
        "Date: %02d Nov 2026 10:00:00 +0000\r\nMessage-ID: <t%d@example.org>\r\n%s\r\nText\r\n", n, day, n, reply);
    GError *err = NULL;
    gint64 id = message_append(m->f.s, m->folder, text, strlen(text), 0, 0, &err);
    g_assert_no_error(err);
    return id;
}

static void shows(const ListModel *list, const gint64 *ids, int n)
{
    g_assert_cmpint(list_model_len(list), ==, n);
    for (int i = 0; i < n; i++) {
        g_assert_cmpint(list_model_at(list, i), ==, ids[i]);
        g_assert_cmpint(list_model_index(list, ids[i]), ==, i);
    }
    g_assert_cmpint(list_model_at(list, n), ==, 0);
    g_assert_cmpint(list_model_at(list, -1), ==, 0);
}

static void in_threads(void)
{
    Mail m = {0};
    ListModel list;
    GError *err = NULL;
    gboolean reload;
    begin(&m, 0);
    gint64 a = add_answer(&m, 1, 1, 0), b = add_answer(&m, 2, 2, 0), a2 = add_answer(&m, 3, 3, 1);
    list_model_init(&list);
    g_assert_true(list_model_open_threads(&list, m.f.s, m.folder, TRUE, 10, &err));
    g_assert_no_error(err);
    shows(&list, (gint64[]){a, a2, b}, 3);
    ThreadRow row;
    g_assert_true(list_model_thread(&list, 1, &row));
    g_assert_cmpuint(row.depth, ==, 1);
    /* new mail brings its thread up; a tag stays where it was */
    g_hash_table_add(list.tags, g_memdup2(&a2, sizeof a2));
    gint64 b2 = add_answer(&m, 4, 4, 2);
    g_assert_true(list_model_update(&list, m.f.s, &reload));
    g_assert_false(reload);
    shows(&list, (gint64[]){b, b2, a, a2}, 4);
    g_assert_cmpuint(list.added->len, ==, 1);
    g_assert_cmpuint(g_hash_table_size(list.tags), ==, 1);
    /* a folded thread is one row, where all of it is found */
    g_assert_true(list_model_thread(&list, 0, &row));
    g_assert_true(thread_list_fold(list.threads, row.thread, TRUE));
    g_assert_cmpint(list_model_len(&list), ==, 3);
    g_assert_cmpint(list_model_index(&list, b2), ==, 0);
    g_assert_true(thread_list_fold(list.threads, row.thread, FALSE));
    /* a limit is flat, in the order of the search; without it the threads are back */
    g_autoptr(GArray) some = g_array_new(FALSE, FALSE, sizeof(gint64));
    g_array_append_val(some, a2);
    g_array_append_val(some, b);
    list_model_limit(&list, some);
    g_assert_false(list_model_thread(&list, 0, &row));
    shows(&list, (gint64[]){a2, b}, 2);
    list_model_limit(&list, NULL);
    shows(&list, (gint64[]){b, b2, a, a2}, 4);
    /* what goes takes its tag along */
    change(&m, CHANGE_MOVE, a2, 0, m.other);
    g_assert_true(list_model_update(&list, m.f.s, &reload));
    shows(&list, (gint64[]){b, b2, a}, 3);
    g_assert_cmpint(list_model_index(&list, a2), ==, -1);
    g_assert_cmpuint(g_hash_table_size(list.tags), ==, 0);
    /* the whole, from the loader; then flat again */
    gint64 seq = store_change_seq(m.f.s);
    list_model_set(&list, threads_all(m.f.s, m.folder, TRUE, NULL, &err), seq);
    shows(&list, (gint64[]){b, b2, a}, 3);
    open_model(&m, &list, SORT_DATE, TRUE, 10);
    shows(&list, (gint64[]){b2, b, a}, 3);
    list_model_clear(&list);
    end(&m);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ui/list/changes", follows_changes);
    g_test_add_func("/ui/list/other-orders", other_orders_are_loaded_anew);
    g_test_add_func("/ui/list/first-page", first_page_then_the_rest);
    g_test_add_func("/ui/list/limits", limits_and_tags);
    g_test_add_func("/ui/list/threads", in_threads);
    return g_test_run();
}
