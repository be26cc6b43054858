/* test_transfer.c - import, export, and opening a path. */
#include "fixture.h"
#include "maildir_files.h"
#include "mbox.h"

static gint64 account, inbox;

static void start(Fixture *f)
{
    account = account_ensure(f->s, "home", STORED_LOCAL, NULL, NULL);
    g_autoptr(Folder) i = folder_by_role(f->s, account, ROLE_INBOX);
    inbox = i->id;
    for (int n = 0; n < 3; n++) {
        g_autofree char *text = mail_text(n, "transfer", "From here\r\n>From there\r\n\r\nFrom me");
        ok(message_append(f->s, inbox, text, strlen(text), n == 1 ? FLAG_SEEN | FLAG_FLAGGED : 0, 0,
                          &err));
    }
}

static char *whole(Fixture *f, gint64 folder, int n)
{
    g_autofree char *id = g_strdup_printf("m%d@example.org", n);
    g_autoptr(GArray) ids = list_all(f->s, folder, SORT_DATE, FALSE, NULL, NULL);
    for (guint i = 0; i < ids->len; i++) {
        g_autoptr(Row) r = row_of(f->s, g_array_index(ids, gint64, i));
        g_autoptr(GBytes) b = body_get(f->s, r->message, "", NULL);
        g_autofree char *text = g_strndup(g_bytes_get_data(b, NULL), g_bytes_get_size(b));
        if (strstr(text, id))
            return g_steal_pointer(&text);
    }
    return NULL;
}

static void round_trip(Fixture *f, gboolean mbox)
{
    start(f);
    Moved moved;
    g_autofree char *path = g_build_filename(f->directory, "export", NULL);
    ok(mail_export(f->s, inbox, path, mbox, &moved, NULL, &err));
    g_assert_cmpuint(moved.messages, ==, 3);
    GError *err = NULL;
    g_assert_false(mail_export(f->s, inbox, path, mbox, &moved, NULL, &err));
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_REFUSED);
    g_clear_error(&err);
    gint64 to = 0;
    ok(to = folder_create(f->s, account, "Imported", &err));
    ok(mail_import(f->s, path, to, &moved, NULL, &err));
    g_assert_cmpuint(moved.messages, ==, 3);
    g_assert_cmpuint(moved.skipped, ==, 0);
    ok(mail_import(f->s, path, to, &moved, NULL, &err));
    g_assert_cmpuint(moved.messages, ==, 0);
    g_assert_cmpuint(moved.skipped, ==, 3);
    g_assert_cmpuint(shown_count(f->s, to), ==, 3);
    for (int n = 0; n < 3; n++) {
        g_autofree char *before = whole(f, inbox, n);
        g_autofree char *after = whole(f, to, n);
        g_assert_cmpstr(after, ==, before);
    }
    g_autoptr(GArray) ids = list_all(f->s, to, SORT_DATE, FALSE, NULL, NULL);
    g_assert_cmpuint(flags_of(f->s, g_array_index(ids, gint64, 1)), ==, FLAG_SEEN | FLAG_FLAGGED);
}

static void test_maildir(Fixture *f, gconstpointer data)
{
    round_trip(f, FALSE);
}

static void test_mbox(Fixture *f, gconstpointer data)
{
    round_trip(f, TRUE);
}

static void test_import_to_imap(Fixture *f, gconstpointer data)
{
    start(f);
    gint64 work_inbox = 0, archive = 0;
    gint64 work = imap_account(f->s, &work_inbox, &archive);
    g_autofree char *path = g_build_filename(f->directory, "export", NULL);
    Moved moved;
    ok(mail_export(f->s, inbox, path, TRUE, NULL, NULL, &err));
    ok(mail_import(f->s, path, archive, &moved, NULL, &err));
    g_assert_cmpuint(moved.messages, ==, 3);
    ok(mail_import(f->s, path, archive, &moved, NULL, &err));
    g_assert_cmpuint(moved.skipped, ==, 3);
    g_autoptr(OpBatch) b = ops_next(f->s, work, 10, NULL);
    g_assert_cmpint(b->kind, ==, OP_APPEND);
    g_assert_cmpint(b->destination, ==, archive);
}

static gboolean collect(const char *bytes, gsize len, guint flags, void *data, GError **err)
{
    g_string_append_printf(data, "[%.*s|%x]", (int)len, bytes, flags);
    return TRUE;
}

static void test_split(void)
{
    static const char *const cases[][2] = {
        {"From a\nS: 1\n\nx\n\nFrom b\nS: 2\n\ny\n", "[S: 1\n\nx\n|0][S: 2\n\ny\n|0]"},
        {"From a\nS: 1\n\n>From x\n>>From y\nFrom z\n\n", "[S: 1\n\nFrom x\n>From y\nFrom z\n|0]"},
        {"From a\nStatus: RO\nS: 1\nX-Status: FA\n\nStatus: body\n", "[S: 1\n\nStatus: body\n|7]"},
        {"\n\nFrom a\nS: 1\n\n", "[S: 1\n|0]"},
        {"From a", ""},
        {"", ""},
        {"From a\r\nS: 1\r\n\r\nx\r\n\r\nFrom b\r\nS: 2\r\n\r\n",
         "[S: 1\r\n\r\nx\r\n|0][S: 2\r\n|0]"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GString) got = g_string_new(NULL);
        g_assert_true(mbox_split(cases[i][0], strlen(cases[i][0]), "x", collect, got, NULL));
        g_assert_cmpstr(got->str, ==, cases[i][1]);
    }
    GError *err = NULL;
    g_assert_false(mbox_split("Subject: x\n", 11, "path", collect, NULL, &err));
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_INVALID);
    g_clear_error(&err);
}

static void test_open_path(Fixture *f, gconstpointer data)
{
    start(f);
    g_autofree char *maildir = g_build_filename(f->directory, "Maildir", NULL);
    g_autofree char *mbox = g_build_filename(f->directory, "mbox", NULL);
    ok(mail_export(f->s, inbox, maildir, FALSE, NULL, NULL, &err));
    ok(mail_export(f->s, inbox, mbox, TRUE, NULL, NULL, &err));
    g_autofree char *before = NULL, *after = NULL;
    g_assert_true(g_file_get_contents(mbox, &before, NULL, NULL));
    GError *err = NULL;
    StoreHome *home = store_home_open(f->directory, STORE_IN_MEMORY, NULL, &err);
    Store *s = store_connect(home, STORE_FOR_PERSON, &err);
    gint64 one = mail_open_path(s, maildir, &err);
    g_assert_no_error(err);
    g_assert_cmpuint(shown_count(s, one), ==, 3);
    gint64 p = first_of(s, one);
    do_change(s, CHANGE_FLAGS, p, FLAG_ANSWERED, 0, 0);
    gint64 two = mail_open_path(s, mbox, &err);
    g_assert_no_error(err);
    g_assert_cmpuint(shown_count(s, two), ==, 3);
    p = first_of(s, two);
    Change c = {CHANGE_PURGE, &p, 1, 0, 0, 0};
    g_assert_cmpint(change_commit(s, &c, &err), ==, 0);
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_REFUSED);
    g_clear_error(&err);
    g_assert_cmpint(mail_open_path(s, "/nowhere/at/all", &err), ==, 0);
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_GONE);
    g_clear_error(&err);
    g_assert_cmpint(mail_open_path(s, f->directory, &err), ==, 0);
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_INVALID);
    g_clear_error(&err);
    store_free(s);
    store_home_free(home);
    g_assert_true(g_file_get_contents(mbox, &after, NULL, NULL));
    g_assert_cmpstr(after, ==, before);
    g_autofree char *cur = g_build_filename(maildir, "cur", NULL);
    g_autoptr(GDir) dir = g_dir_open(cur, 0, NULL);
    const char *name;
    guint answered = 0;
    while ((name = g_dir_read_name(dir)))
        answered += strchr(strchr(name, ':'), 'R') != NULL;
    g_assert_cmpuint(answered, ==, 1); /* used in place */
}

static void test_line_ends(void)
{
    g_assert_null(crlf_to_lf("a\nb\r\n", 5));
    g_assert_null(crlf_to_lf("abc", 3));
    g_autoptr(GBytes) lf = crlf_to_lf("a\r\n\r\rb\r\n", 8);
    g_assert_cmpmem(g_bytes_get_data(lf, NULL), g_bytes_get_size(lf), "a\n\r\rb\n", 6);
    g_autoptr(GBytes) crlf = lf_to_crlf("\na\r\n\n", 5);
    g_assert_cmpmem(g_bytes_get_data(crlf, NULL), g_bytes_get_size(crlf), "\r\na\r\n\r\n", 7);
    g_autoptr(GBytes) empty = lf_to_crlf("", 0);
    g_assert_cmpuint(g_bytes_get_size(empty), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST("/store/transfer/maildir", test_maildir);
    TEST("/store/transfer/mbox", test_mbox);
    TEST("/store/transfer/import-to-imap", test_import_to_imap);
    g_test_add_func("/store/transfer/split", test_split);
    TEST("/store/transfer/open-path", test_open_path);
    g_test_add_func("/store/transfer/line-ends", test_line_ends);
    return g_test_run();
}
