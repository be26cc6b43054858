/* test_pop3.c - downloads: each message once, whatever is found on the way. */
#include "fixture.h"

static gint64 account, inbox, trash;

static void start(Fixture *f)
{
    account = account_ensure(f->s, "home", STORED_POP3, NULL, NULL);
    g_autoptr(Folder) i = folder_by_role(f->s, account, ROLE_INBOX);
    g_autoptr(Folder) t = folder_by_role(f->s, account, ROLE_TRASH);
    inbox = i->id;
    trash = t->id;
}

static gboolean download(Fixture *f, const char *uidl, int n)
{
    g_autofree char *text = mail_text(n, "pop", "body");
    Download d = {uidl, text, strlen(text), FALSE, strlen(text)};
    GError *err = NULL;
    gboolean done = pop3_store(f->s, account, &d, 1, &err);
    g_assert_no_error(err);
    return done;
}

static Uidl *known(Fixture *f, const char *uidl)
{
    g_autoptr(GHashTable) all = uidls_load(f->s, account, NULL);
    g_assert_nonnull(all);
    const Uidl *u = g_hash_table_lookup(all, uidl);
    Uidl *copy = u ? g_new0(Uidl, 1) : NULL;
    if (u) {
        *copy = *u;
        copy->uidl = g_strdup(u->uidl);
    }
    return copy;
}

static void lose_database(Fixture *f)
{
    close_store(f);
    g_autofree char *db = g_build_filename(f->directory, "store.db", NULL);
    g_assert_cmpint(g_unlink(db), ==, 0);
    open_store(f);
    start(f);
}

static void test_once(Fixture *f, gconstpointer data)
{
    start(f);
    g_assert_true(download(f, "u 1/%", 1));
    g_assert_true(download(f, "u2", 2));
    g_assert_true(download(f, "u 1/%", 1)); /* the server was not told to delete it */
    g_assert_cmpuint(shown_count(f->s, inbox), ==, 2);
    Uidl *u = known(f, "u 1/%");
    g_assert_nonnull(u);
    g_assert_cmpint(u->message, !=, 0);
    uidl_free(u);
    const char *gone[] = {"u 1/%"};
    ok(uidls_deleted(f->s, account, gone, 1, &err));
    g_assert_null(known(f, "u 1/%"));
    g_assert_cmpuint(shown_count(f->s, inbox), ==, 2);
}

static void test_database_lost(Fixture *f, gconstpointer data)
{
    start(f);
    g_assert_true(download(f, "u1", 1));
    g_assert_true(download(f, "u2", 2));
    const char *gone[] = {"u2"};
    ok(uidls_deleted(f->s, account, gone, 1, &err));
    lose_database(f);
    Uidl *u = known(f, "u1");
    g_assert_nonnull(u);
    uidl_free(u);
    g_assert_null(known(f, "u2"));
    g_assert_true(download(f, "u1", 1));
    g_assert_cmpuint(shown_count(f->s, inbox), ==, 2);
    u = known(f, "u1");
    g_assert_cmpint(u->message, !=, 0);
    uidl_free(u);
}

static void test_side_file_lost_too(Fixture *f, gconstpointer data)
{
    start(f);
    g_assert_true(download(f, "u1", 1));
    do_change(f->s, CHANGE_MOVE, first_of(f->s, inbox), 0, 0, trash);
    g_autofree char *side = g_build_filename(f->directory, "mail", "home", ".pintail-uidl", NULL);
    g_assert_cmpint(g_unlink(side), ==, 0);
    lose_database(f);
    g_assert_null(known(f, "u1"));
    g_assert_true(download(f, "u1", 1)); /* found by its base name, in Trash */
    g_assert_cmpuint(shown_count(f->s, inbox), ==, 0);
    g_assert_cmpuint(shown_count(f->s, trash), ==, 1);
}

static void test_torn_side_line(Fixture *f, gconstpointer data)
{
    start(f);
    g_assert_true(download(f, "u1", 1));
    g_autofree char *side = g_build_filename(f->directory, "mail", "home", ".pintail-uidl", NULL);
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents(side, &text, NULL, NULL));
    g_autofree char *torn = g_strconcat(text, "d 17000", NULL);
    g_assert_true(g_file_set_contents(side, torn, -1, NULL));
    g_assert_true(download(f, "u2", 2));
    lose_database(f);
    Uidl *u = known(f, "u2");
    g_assert_nonnull(u);
    uidl_free(u);
    g_autoptr(GHashTable) all = uidls_load(f->s, account, NULL);
    g_assert_cmpuint(g_hash_table_size(all), ==, 2);
}

/* RFC 1939 lets a server give a UIDL again once its message is gone. */
static void test_reused_uidl(Fixture *f, gconstpointer data)
{
    start(f);
    g_assert_true(download(f, "1", 1));
    const char *gone[] = {"1"};
    ok(uidls_deleted(f->s, account, gone, 1, &err));
    g_assert_true(download(f, "1", 2));
    g_assert_cmpuint(shown_count(f->s, inbox), ==, 2);
    g_assert_true(download(f, "1", 2));
    g_assert_cmpuint(shown_count(f->s, inbox), ==, 2);
}

static void test_without_uidl(Fixture *f, gconstpointer data)
{
    start(f);
    g_autofree char *one = mail_text(1, "no uidl", "body");
    g_autofree char *two = mail_text(2, "no uidl", "body");
    Download d[] = {{NULL, one, strlen(one), FALSE, 0},
                    {NULL, two, strlen(two), FALSE, 0},
                    {NULL, one, strlen(one), FALSE, 0}};
    g_assert_false(pop3_have_content(f->s, account, one, strlen(one)));
    ok(pop3_store(f->s, account, d, 3, &err));
    g_assert_cmpuint(shown_count(f->s, inbox), ==, 2);
    g_assert_true(pop3_have_content(f->s, account, one, strlen(one)));
    /* Purged here, still there: it does not come back. */
    do_change(f->s, CHANGE_PURGE, first_of(f->s, inbox), 0, 0, 0);
    g_assert_true(pop3_have_content(f->s, account, two, strlen(two)));
    g_autoptr(GHashTable) all = uidls_load(f->s, account, NULL);
    g_assert_cmpuint(g_hash_table_size(all), ==, 0);
}

static void test_purge(Fixture *f, gconstpointer data)
{
    start(f);
    g_assert_true(download(f, "u1", 1));
    do_change(f->s, CHANGE_MOVE, first_of(f->s, inbox), 0, 0, trash);
    Uidl *u = known(f, "u1");
    g_assert_false(u->purge);
    uidl_free(u);
    do_change(f->s, CHANGE_PURGE, first_of(f->s, trash), 0, 0, 0);
    u = known(f, "u1");
    g_assert_nonnull(u);
    g_assert_true(u->purge);
    g_assert_cmpint(u->message, ==, 0);
    uidl_free(u);
}

static void test_partial(Fixture *f, gconstpointer data)
{
    start(f);
    g_autofree char *text = mail_text(1, "big one", "the whole body");
    char *end = strstr(text, "\r\n\r\n") + 4;
    Download top = {"u1", text, (gsize)(end - text), TRUE, 9000000};
    ok(pop3_store(f->s, account, &top, 1, &err));
    gint64 p = first_of(f->s, inbox);
    g_autoptr(Row) r = row_of(f->s, p);
    g_assert_true(r->partial);
    g_assert_cmpint(r->size, ==, 9000000);
    g_autoptr(GBytes) header = body_get(f->s, r->message, "HEADER", NULL);
    g_assert_nonnull(header);
    g_assert_null(body_get(f->s, r->message, "", NULL));
    ok(folder_rescan(f->s, inbox, NULL, &err)); /* it has no file, and stays */
    do_change(f->s, CHANGE_FLAGS, p, FLAG_SEEN, 0, 0);
    do_change(f->s, CHANGE_MOVE, p, 0, 0, trash);
    ok(uidl_want(f->s, r->message, &err));
    Uidl *u = known(f, "u1");
    g_assert_true(u->wanted && u->partial);
    uidl_free(u);
    Download whole = {"u1", text, strlen(text), FALSE, 0};
    ok(pop3_store(f->s, account, &whole, 1, &err));
    u = known(f, "u1");
    g_assert_false(u->wanted || u->partial);
    uidl_free(u);
    g_assert_cmpuint(shown_count(f->s, inbox), ==, 0);
    g_assert_cmpint(first_of(f->s, trash), ==, p);
    g_autoptr(Row) now = row_of(f->s, p);
    g_assert_false(now->partial);
    g_assert_cmpuint(now->flags, ==, FLAG_SEEN);
    g_autoptr(GBytes) body = body_get(f->s, r->message, "", NULL);
    g_assert_nonnull(strstr(g_bytes_get_data(body, NULL), "the whole body"));
    ok(folder_rescan(f->s, trash, NULL, &err));
    g_assert_cmpuint(shown_count(f->s, trash), ==, 1);
}

/* Line ends: a Maildir has LF, unless the message mixes them. */
static void test_line_ends(Fixture *f, gconstpointer data)
{
    start(f);
    const char *mixed = "Subject: m\r\n\r\na\nb\r\n";
    Download d = {"u9", mixed, strlen(mixed), FALSE, 0};
    ok(pop3_store(f->s, account, &d, 1, &err));
    g_autoptr(Row) r = row_of(f->s, first_of(f->s, inbox));
    g_autoptr(GBytes) body = body_get(f->s, r->message, "", NULL);
    g_assert_cmpmem(g_bytes_get_data(body, NULL), g_bytes_get_size(body), mixed, strlen(mixed));
    g_assert_true(download(f, "u10", 1));
    g_autoptr(GPtrArray) all = g_ptr_array_new();
    g_autofree char *text = mail_text(1, "pop", "body");
    gint64 p = placement_by_message_id(f->s, account, "m1@example.org");
    g_autoptr(Row) lf = row_of(f->s, p);
    g_autoptr(GBytes) stored = body_get(f->s, lf->message, "", NULL);
    g_assert_null(memchr(g_bytes_get_data(stored, NULL), '\r', g_bytes_get_size(stored)));
    g_assert_cmpuint(g_bytes_get_size(stored), ==, (gsize)lf->size);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST("/store/pop3/once", test_once);
    TEST("/store/pop3/database-lost", test_database_lost);
    TEST("/store/pop3/side-file-lost-too", test_side_file_lost_too);
    TEST("/store/pop3/torn-side-line", test_torn_side_line);
    TEST("/store/pop3/reused-uidl", test_reused_uidl);
    TEST("/store/pop3/without-uidl", test_without_uidl);
    TEST("/store/pop3/purge", test_purge);
    TEST("/store/pop3/partial", test_partial);
    TEST("/store/pop3/line-ends", test_line_ends);
    return g_test_run();
}
