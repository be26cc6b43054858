/* test_local.c - local folders: files and rows always say the same. */
#include "fixture.h"

static gint64 account, inbox, trash;
static char *inbox_path;

static void start(Fixture *f)
{
    account = account_ensure(f->s, "home", STORED_POP3, NULL, NULL);
    g_autoptr(Folder) i = folder_by_role(f->s, account, ROLE_INBOX);
    g_autoptr(Folder) t = folder_by_role(f->s, account, ROLE_TRASH);
    inbox = i->id;
    trash = t->id;
    g_free(inbox_path);
    inbox_path = g_strdup(i->path);
}

static GPtrArray *files_in(const char *maildir)
{
    GPtrArray *files = g_ptr_array_new_with_free_func(g_free);
    static const char *const subs[] = {"new", "cur"};
    for (guint i = 0; i < 2; i++) {
        g_autofree char *path = g_build_filename(maildir, subs[i], NULL);
        g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
        const char *name;
        while ((name = g_dir_read_name(dir)))
            g_ptr_array_add(files, g_build_filename(subs[i], name, NULL));
    }
    return files;
}

static void put_file(const char *maildir, const char *file, const char *text)
{
    g_autofree char *path = g_build_filename(maildir, file, NULL);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static gint64 append(Fixture *f, int n, guint flags)
{
    g_autofree char *text = mail_text(n, "local", "body");
    gint64 p = 0;
    ok(p = message_append(f->s, inbox, text, strlen(text), flags, 0, &err));
    return p;
}

static void test_append_flags_move(Fixture *f, gconstpointer data)
{
    start(f);
    gint64 p = append(f, 1, FLAG_SEEN);
    g_autoptr(GPtrArray) files = files_in(inbox_path);
    g_assert_cmpuint(files->len, ==, 1);
    g_assert_true(g_str_has_suffix(files->pdata[0], ":2,S"));
    gint64 group = do_change(f->s, CHANGE_FLAGS, p, FLAG_FLAGGED, FLAG_SEEN, 0);
    g_autoptr(GPtrArray) flagged = files_in(inbox_path);
    g_assert_true(g_str_has_suffix(flagged->pdata[0], ":2,F"));
    ok(change_undo(f->s, group, &err));
    g_autoptr(GPtrArray) back = files_in(inbox_path);
    g_assert_cmpstr(back->pdata[0], ==, files->pdata[0]);
    gint64 move = do_change(f->s, CHANGE_MOVE, p, 0, 0, trash);
    g_assert_cmpuint(shown_count(f->s, inbox), ==, 0);
    g_assert_cmpuint(shown_count(f->s, trash), ==, 1);
    g_autoptr(GPtrArray) none = files_in(inbox_path);
    g_assert_cmpuint(none->len, ==, 0);
    g_assert_cmpint(placement_folder(f->s, p), ==, trash);
    ok(change_undo(f->s, move, &err));
    g_assert_cmpuint(shown_count(f->s, inbox), ==, 1);
    g_autoptr(GPtrArray) again = files_in(inbox_path);
    g_assert_cmpstr(again->pdata[0], ==, files->pdata[0]);
    g_assert_false(ops_waiting(f->s, account));
}

static void test_copy_purge(Fixture *f, gconstpointer data)
{
    start(f);
    gint64 p = append(f, 1, 0);
    do_change(f->s, CHANGE_COPY, p, 0, 0, trash);
    gint64 copy = first_of(f->s, trash);
    g_autoptr(Row) r = row_of(f->s, copy);
    do_change(f->s, CHANGE_PURGE, p, 0, 0, 0);
    g_autoptr(GPtrArray) none = files_in(inbox_path);
    g_assert_cmpuint(none->len, ==, 0);
    g_autoptr(GBytes) bytes = body_get(f->s, r->message, "HEADER", NULL);
    g_assert_nonnull(bytes); /* the other placement has a file of its own */
    do_change(f->s, CHANGE_PURGE, copy, 0, 0, 0);
    g_assert_cmpuint(message_size(f->s, r->message), ==, 0);
}

static void test_rescan(Fixture *f, gconstpointer data)
{
    start(f);
    gboolean changed = FALSE;
    put_file(inbox_path, "new/1.other", "Subject: from another program\n\nx\n");
    put_file(inbox_path, "cur/2.other:2,RS", "Subject: second\n\nx\n");
    ok(folder_rescan(f->s, inbox, &changed, &err));
    g_assert_true(changed);
    g_assert_cmpuint(shown_count(f->s, inbox), ==, 2);
    ok(folder_rescan(f->s, inbox, &changed, &err));
    g_assert_false(changed);
    /* Another program reads the new one, and removes the second. */
    g_autofree char *from = g_build_filename(inbox_path, "new/1.other", NULL);
    g_autofree char *to = g_build_filename(inbox_path, "cur/1.other:2,S", NULL);
    g_autofree char *second = g_build_filename(inbox_path, "cur/2.other:2,RS", NULL);
    g_assert_cmpint(g_rename(from, to), ==, 0);
    g_assert_cmpint(g_unlink(second), ==, 0);
    ok(folder_rescan(f->s, inbox, &changed, &err));
    g_assert_true(changed);
    g_assert_cmpuint(shown_count(f->s, inbox), ==, 1);
    g_assert_cmpuint(flags_of(f->s, first_of(f->s, inbox)), ==, FLAG_SEEN);
}

static void test_renamed_meanwhile(Fixture *f, gconstpointer data)
{
    start(f);
    put_file(inbox_path, "new/1.other", "Subject: x\n\nx\n");
    ok(folder_rescan(f->s, inbox, NULL, &err));
    gint64 p = first_of(f->s, inbox);
    g_autofree char *from = g_build_filename(inbox_path, "new/1.other", NULL);
    g_autofree char *to = g_build_filename(inbox_path, "cur/1.other:2,R", NULL);
    g_assert_cmpint(g_rename(from, to), ==, 0);
    do_change(f->s, CHANGE_FLAGS, p, FLAG_SEEN, 0, 0);
    g_assert_cmpuint(flags_of(f->s, p), ==, FLAG_SEEN);
    g_autoptr(GPtrArray) files = files_in(inbox_path);
    g_assert_cmpuint(files->len, ==, 1);
    g_assert_cmpstr(files->pdata[0], ==, "cur/1.other:2,S");
    /* Removed meanwhile: nothing is left to be changed, and the row goes. */
    g_autofree char *now = g_build_filename(inbox_path, "cur/1.other:2,S", NULL);
    g_assert_cmpint(g_unlink(now), ==, 0);
    do_change(f->s, CHANGE_FLAGS, p, FLAG_FLAGGED, 0, 0);
    g_assert_cmpuint(shown_count(f->s, inbox), ==, 0);
}

static void test_moved_by_another(Fixture *f, gconstpointer data)
{
    start(f);
    g_autoptr(Folder) t = folder_get(f->s, trash, NULL);
    put_file(inbox_path, "new/1.other", "Subject: x\n\nx\n");
    ok(folder_rescan(f->s, inbox, NULL, &err));
    g_autofree char *from = g_build_filename(inbox_path, "new/1.other", NULL);
    g_autofree char *to = g_build_filename(t->path, "cur/1.other:2,", NULL);
    g_autoptr(Row) before = row_of(f->s, first_of(f->s, inbox));
    g_assert_cmpint(g_rename(from, to), ==, 0);
    ok(folder_rescan(f->s, trash, NULL, &err)); /* the new place is seen first */
    ok(folder_rescan(f->s, inbox, NULL, &err));
    g_assert_cmpuint(shown_count(f->s, inbox), ==, 0);
    g_assert_cmpuint(shown_count(f->s, trash), ==, 1);
    g_autoptr(Row) after = row_of(f->s, first_of(f->s, trash));
    g_assert_cmpint(after->message, ==, before->message);
}

static void test_draft_replaced(Fixture *f, gconstpointer data)
{
    start(f);
    gint64 one = append(f, 1, FLAG_DRAFT);
    g_autofree char *text = mail_text(1, "local", "second version");
    gint64 two = 0;
    ok(two = message_append(f->s, inbox, text, strlen(text), FLAG_DRAFT, one, &err));
    g_assert_cmpuint(shown_count(f->s, inbox), ==, 1);
    g_autoptr(GPtrArray) files = files_in(inbox_path);
    g_assert_cmpuint(files->len, ==, 1);
    g_autoptr(Row) r = row_of(f->s, two);
    g_autoptr(GBytes) body = body_get(f->s, r->message, "", NULL);
    g_assert_nonnull(strstr(g_bytes_get_data(body, NULL), "second version"));
}

static void test_database_lost(Fixture *f, gconstpointer data)
{
    start(f);
    append(f, 1, FLAG_SEEN);
    append(f, 2, FLAG_FLAGGED);
    close_store(f);
    g_autofree char *db = g_build_filename(f->directory, "store.db", NULL);
    g_assert_cmpint(g_unlink(db), ==, 0);
    open_store(f);
    start(f);
    ok(folder_rescan(f->s, inbox, NULL, &err));
    g_assert_cmpuint(shown_count(f->s, inbox), ==, 2);
}

/* A Maildir that cannot be written: an error that names it, and nothing half done. */
static void test_broken_maildir(Fixture *f, gconstpointer data)
{
    start(f);
    gint64 p = append(f, 1, 0);
    g_autofree char *cur = g_build_filename(inbox_path, "cur", NULL);
    g_autofree char *away = g_build_filename(inbox_path, "away", NULL);
    g_assert_cmpint(g_rename(cur, away), ==, 0);
    g_assert_true(g_file_set_contents(cur, "", 0, NULL)); /* a file: nothing can be made in it */
    Change c = {CHANGE_FLAGS, &p, 1, FLAG_SEEN, 0, 0};
    GError *err = NULL;
    g_assert_cmpint(change_commit(f->s, &c, &err), ==, 0);
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_STORE);
    g_assert_nonnull(strstr(err->message, cur));
    g_clear_error(&err);
    g_assert_cmpint(g_unlink(cur), ==, 0);
    g_assert_cmpint(g_rename(away, cur), ==, 0);
    g_assert_cmpuint(flags_of(f->s, p), ==, 0);
    do_change(f->s, CHANGE_FLAGS, p, FLAG_SEEN, 0, 0);
    g_assert_cmpuint(flags_of(f->s, p), ==, FLAG_SEEN);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST("/store/local/append-flags-move", test_append_flags_move);
    TEST("/store/local/copy-purge", test_copy_purge);
    TEST("/store/local/rescan", test_rescan);
    TEST("/store/local/renamed-meanwhile", test_renamed_meanwhile);
    TEST("/store/local/moved-by-another", test_moved_by_another);
    TEST("/store/local/draft-replaced", test_draft_replaced);
    TEST("/store/local/database-lost", test_database_lost);
    TEST("/store/local/broken-maildir", test_broken_maildir);
    int status = g_test_run();
    g_free(inbox_path);
    return status;
}
