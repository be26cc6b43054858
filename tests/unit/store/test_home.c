/* test_home.c - opening: versions, modes, damage, read only, locks, several processes. */
#include "fixture.h"
#include <fcntl.h>
#include <sys/wait.h>
#include "private.h"
#include "schema.h"

static char *in(Fixture *f, const char *name)
{
    return g_build_filename(f->directory, name, NULL);
}

static void test_modes(Fixture *f, gconstpointer data)
{
    ok(meta_put(f->s, "key", "value", &err));
    static const char *const names[] = {"store.db", "store.db-wal", "store.db-shm", "cache.db",
                                        "index.db"};
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = in(f, names[i]);
        struct stat st;
        if (stat(path, &st) < 0)
            continue;
        g_assert_cmphex(st.st_mode & 0777, ==, 0600);
    }
    g_autofree char *value = meta_get(f->s, "key");
    g_assert_cmpstr(value, ==, "value");
    g_assert_null(meta_get(f->s, "other"));
}

static void test_trust(Fixture *f, gconstpointer data)
{
    g_autofree char *description = NULL;
    g_assert_null(trust_get(f->s, "mail.example.org", 993, NULL));
    ok(trust_put(f->s, "Mail.example.org", 993, "AA:BB", "seen in 2026", &err));
    g_autofree char *sha = trust_get(f->s, "mail.example.org", 993, &description);
    g_assert_cmpstr(sha, ==, "AA:BB");
    g_assert_cmpstr(description, ==, "seen in 2026");
    g_assert_null(trust_get(f->s, "mail.example.org", 995, NULL));
}

/* Every step of the schema, from the database that the step before it had made. */
static void test_migrations(Fixture *f, gconstpointer data)
{
    for (SchemaKind kind = SCHEMA_STORE; kind <= SCHEMA_INDEX; kind++) {
        for (int from = 0; from < schema_version(kind); from++) {
            g_autofree char *path = in(f, "migrate.db");
            Db db;
            GError *err = NULL;
            g_assert_true(db_open(&db, path, 0, &err));
            if (from > 0)
                g_assert_true(schema_migrate_to(&db, kind, from, &err));
            g_assert_true(schema_migrate(&db, kind, &err));
            g_assert_no_error(err);
            g_assert_cmpint(db_number(&db, -1, "PRAGMA user_version", ""), ==,
                            schema_version(kind));
            g_autofree char *check = db_string(&db, "PRAGMA integrity_check", "");
            g_assert_cmpstr(check, ==, "ok");
            db_close(&db);
            g_unlink(path);
        }
    }
}

static void test_newer(Fixture *f, gconstpointer data)
{
    close_store(f);
    g_autofree char *path = in(f, "store.db");
    Db db;
    g_assert_true(db_open(&db, path, 0, NULL));
    g_assert_true(db_script(&db, "PRAGMA user_version=77"));
    db_close(&db);
    GError *err = NULL;
    g_assert_null(store_home_open(f->directory, 0, NULL, &err));
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_REFUSED);
    g_autofree char *ours = g_strdup_printf("%d", schema_version(SCHEMA_STORE));
    g_assert_nonnull(strstr(err->message, "77"));
    g_assert_nonnull(strstr(err->message, ours));
    g_clear_error(&err);
    g_assert_true(g_file_test(path, G_FILE_TEST_EXISTS));
}

static guint count_files(Fixture *f, const char *prefix)
{
    g_autoptr(GDir) dir = g_dir_open(f->directory, 0, NULL);
    const char *name;
    guint n = 0;
    while ((name = g_dir_read_name(dir)))
        n += g_str_has_prefix(name, prefix);
    return n;
}

static void open_with_notice(Fixture *f, char **notice)
{
    GError *err = NULL;
    f->home = store_home_open(f->directory, 0, notice, &err);
    g_assert_no_error(err);
    f->s = store_connect(f->home, STORE_FOR_PERSON, &err);
    g_assert_no_error(err);
}

static void test_not_a_database(Fixture *f, gconstpointer data)
{
    close_store(f);
    g_autofree char *path = in(f, "store.db");
    g_assert_true(g_file_set_contents(path,
                                      "this is no database at all, but somebody's notes...\n"
                                      "this is no database at all, but somebody's notes...\n"
                                      "this is no database at all, but somebody's notes...\n",
                                      -1, NULL));
    g_autofree char *notice = NULL;
    open_with_notice(f, &notice);
    g_assert_nonnull(notice);
    g_assert_nonnull(strstr(notice, "store.db.aside-1"));
    g_autofree char *aside = in(f, "store.db.aside-1");
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents(aside, &text, NULL, NULL));
    g_assert_true(g_str_has_prefix(text, "this is no database"));
    g_assert_cmpint(account_ensure(f->s, "work", STORED_IMAP, NULL, NULL), >, 0);
}

/* Overwrites whole pages in the middle of the file, and leaves the tables of operations
 * and UIDLs readable or not as it happens: what could be read must be there again. */
static void damage(Fixture *f, guint from_page, guint pages)
{
    g_autofree char *path = in(f, "store.db");
    int fd = open(path, O_RDWR | O_CLOEXEC);
    g_assert_cmpint(fd, >=, 0);
    char page[4096];
    memset(page, 0xa5, sizeof page);
    for (guint i = 0; i < pages; i++)
        g_assert_cmpint(pwrite(fd, page, sizeof page, (off_t)(from_page + i) * 4096), ==, 4096);
    close(fd);
    g_autofree char *mark = db_damage_mark(path);
    g_assert_true(g_file_set_contents(mark, "", 0, NULL));
}

static gint64 page_of(Fixture *f, const char *name)
{
    return db_number(&f->s->db, 0, "SELECT rootpage FROM sqlite_master WHERE name = ?", "t", name);
}

static void test_damaged(Fixture *f, gconstpointer data)
{
    gint64 inbox, archive;
    gint64 account = imap_account(f->s, &inbox, &archive);
    for (int i = 1; i <= 300; i++)
        add_mail(f->s, inbox, (guint32)i, i, "row", 0);
    gint64 p = placement_at(f->s, inbox, 7);
    do_change(f->s, CHANGE_FLAGS, p, FLAG_FLAGGED, 0, 0);
    do_change(f->s, CHANGE_MOVE, p, 0, 0, archive);
    gint64 pop = account_ensure(f->s, "home", STORED_POP3, NULL, NULL);
    g_autofree char *text = mail_text(1, "pop", "x");
    Download d = {"uidl-1", text, strlen(text), FALSE, 0};
    ok(pop3_store(f->s, pop, &d, 1, &err));
    gint64 highest = db_number(&f->s->db, 0, "SELECT max(id) FROM placement", "");
    gint64 bad_page = page_of(f, "placement_date");
    close_store(f);
    damage(f, (guint)bad_page - 1, 1);
    g_autofree char *notice = NULL;
    open_with_notice(f, &notice);
    g_assert_nonnull(notice);
    g_assert_nonnull(strstr(notice, "2 waiting changes"));
    g_assert_cmpuint(count_files(f, "store.db.aside-1"), >=, 1);
    g_assert_cmpint(account_find(f->s, "work"), ==, account);
    /* The operations are as they were, on the same placements, and show the same. */
    g_assert_true(ops_waiting(f->s, account));
    g_assert_cmpuint(shown_count(f->s, archive), ==, 1);
    g_assert_cmpuint(flags_of(f->s, first_of(f->s, archive)), ==, FLAG_FLAGGED);
    g_autoptr(OpBatch) b = ops_next(f->s, account, 10, NULL);
    g_assert_cmpuint(g_array_index(b->items, OpItem, 0).uid, ==, 7);
    g_autoptr(GHashTable) known = uidls_load(f->s, pop, NULL);
    g_assert_true(g_hash_table_contains(known, "uidl-1"));
    g_autoptr(Folder) pop_inbox = folder_by_role(f->s, pop, ROLE_INBOX);
    ok(folder_rescan(f->s, pop_inbox->id, NULL, &err));
    g_assert_cmpuint(shown_count(f->s, pop_inbox->id), ==, 1);
    g_autoptr(Folder) i = folder_get(f->s, inbox, NULL);
    g_assert_cmpuint(i->floor_uid, ==, 0); /* to be listed anew */
    add_mail(f->s, inbox, 7, 7, "row", 0);
    add_mail(f->s, inbox, 8, 8, "row", 0);
    g_assert_cmpuint(shown_count(f->s, inbox), ==, 1);
    g_assert_cmpint(placement_at(f->s, inbox, 8), >, highest); /* no id is used again */
    g_free(g_steal_pointer(&notice));
    close_store(f);
    open_with_notice(f, &notice);
    g_assert_null(notice);
}

static void test_damaged_cache(Fixture *f, gconstpointer data)
{
    gint64 inbox, archive;
    imap_account(f->s, &inbox, &archive);
    add_mail(f->s, inbox, 1, 1, "row", 0);
    g_autoptr(Row) r = row_of(f->s, placement_at(f->s, inbox, 1));
    ok(body_put(f->s, r->message, "", "Subject: x\n\ny", 13, &err));
    g_assert_true(body_have(f->s, r->message, ""));
    close_store(f);
    g_autofree char *path = in(f, "cache.db");
    g_autofree char *mark = db_damage_mark(path);
    g_assert_true(g_file_set_contents(path,
                                      "garbage, garbage, garbage, garbage, garbage, garbage, "
                                      "garbage, garbage, garbage, garbage, garbage",
                                      -1, NULL));
    open_store(f);
    g_assert_false(body_have(f->s, r->message, ""));
    g_autoptr(GArray) missing = bodies_missing(f->s, inbox, 0, 10, NULL);
    g_assert_cmpuint(missing->len, ==, 1); /* known to be gone, so it is fetched again */
    ok(body_put(f->s, r->message, "", "Subject: x\n\ny", 13, &err));
    g_assert_true(body_have(f->s, r->message, ""));
}

/* A new store.db numbers its messages anew: a cache of the old one would show other people's mail.
 */
static void test_foreign_cache(Fixture *f, gconstpointer data)
{
    gint64 inbox, archive;
    imap_account(f->s, &inbox, &archive);
    add_mail(f->s, inbox, 1, 1, "row", 0);
    g_autoptr(Row) r = row_of(f->s, placement_at(f->s, inbox, 1));
    ok(body_put(f->s, r->message, "", "Subject: old\n\ny", 15, &err));
    close_store(f);
    g_autofree char *path = in(f, "store.db");
    g_assert_cmpint(g_unlink(path), ==, 0);
    open_store(f);
    g_assert_null(body_get(f->s, r->message, "", NULL));
}

static void test_read_only(Fixture *f, gconstpointer data)
{
    gint64 inbox, archive;
    imap_account(f->s, &inbox, &archive);
    add_mail(f->s, inbox, 1, 1, "row", 0);
    GError *err = NULL;
    StoreHome *home = store_home_open(f->directory, STORE_READ_ONLY, NULL, &err);
    g_assert_no_error(err);
    Store *s = store_connect(home, STORE_FOR_PERSON, &err);
    g_assert_no_error(err);
    gint64 p = placement_at(s, inbox, 1);
    Change c = {CHANGE_FLAGS, &p, 1, FLAG_SEEN, 0, 0};
    g_assert_cmpint(change_commit(s, &c, &err), ==, 0);
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_REFUSED);
    g_clear_error(&err);
    g_assert_cmpint(message_append(s, inbox, "x\n\n", 3, 0, 0, &err), ==, 0);
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_REFUSED);
    g_clear_error(&err);
    g_assert_false(body_put(s, 1, "", "x", 1, NULL));
    g_assert_false(store_home_lock_sync(home, NULL));
    store_free(s);
    store_home_free(home);
    /* One that is not there is empty, and is not made. */
    g_autofree char *absent = in(f, "absent");
    home = store_home_open(absent, STORE_READ_ONLY, NULL, &err);
    g_assert_no_error(err);
    s = store_connect(home, STORE_FOR_PERSON, &err);
    g_autoptr(GPtrArray) list = folders_list(s, 0, NULL);
    g_assert_cmpuint(list->len, ==, 0);
    store_free(s);
    store_home_free(home);
    g_assert_false(g_file_test(absent, G_FILE_TEST_EXISTS));
}

static void test_in_memory(Fixture *f, gconstpointer data)
{
    GError *err = NULL;
    StoreHome *home = store_home_open(f->directory, STORE_IN_MEMORY, NULL, &err);
    g_assert_no_error(err);
    g_autofree char *where = g_strdup(store_home_directory(home));
    g_assert_cmpstr(where, !=, f->directory);
    Store *s = store_connect(home, STORE_FOR_PERSON, NULL);
    g_assert_cmpint(account_ensure(s, "x", STORED_LOCAL, NULL, NULL), >, 0);
    store_free(s);
    store_home_free(home);
    g_assert_false(g_file_test(where, G_FILE_TEST_EXISTS));
}

static void test_cannot_be_made(Fixture *f, gconstpointer data)
{
    g_autofree char *file = in(f, "file");
    g_assert_true(g_file_set_contents(file, "", 0, NULL));
    g_autofree char *below = g_build_filename(file, "store", NULL);
    GError *err = NULL;
    g_assert_null(store_home_open(below, 0, NULL, &err));
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_STORE);
    g_assert_nonnull(strstr(err->message, file));
    g_clear_error(&err);
}

/* SQLITE_FULL by a page limit: the error says where, nothing is half there, and it goes on after.
 */
static void test_full(Fixture *f, gconstpointer data)
{
    gint64 inbox, archive;
    imap_account(f->s, &inbox, &archive);
    gint64 pages = db_number(&f->s->db, 0, "PRAGMA page_count", "");
    g_autofree char *limit = g_strdup_printf("PRAGMA max_page_count=%d", (int)pages + 2);
    g_assert_true(db_script(&f->s->db, limit));
    GError *err = NULL;
    int n = 1;
    for (; n < 2000 && !err; n++) {
        g_autofree char *text = mail_text(n, "row", "body");
        g_autoptr(Envelope) e = envelope_parse(text, strlen(text));
        FetchedMessage m = {(guint32)n, 0, e, 1000, 1, NULL};
        placements_add(f->s, inbox, &m, 1, &err);
    }
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_STORE);
    g_assert_nonnull(strstr(err->message, "store.db"));
    g_assert_nonnull(strstr(err->message, "No space left"));
    g_clear_error(&err);
    guint before = shown_count(f->s, inbox);
    g_assert_cmpuint(before, ==, (guint)n - 2);
    g_assert_true(db_script(&f->s->db, "PRAGMA max_page_count=1000000"));
    add_mail(f->s, inbox, 5000, 5000, "after", 0);
    g_assert_cmpuint(shown_count(f->s, inbox), ==, before + 1);
}

/* ---- with another process ---- */
static int in_process(void (*what)(const char *directory, int fd), const char *directory, int fd)
{
    fflush(NULL);
    pid_t child = fork();
    g_assert_cmpint(child, >=, 0);
    if (child == 0) {
        what(directory, fd);
        _exit(0);
    }
    return child;
}

static void expect_success(pid_t child)
{
    int status;
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 0);
}

static void hold_lock(const char *directory, int fd)
{
    StoreHome *home = store_home_open(directory, 0, NULL, NULL);
    g_assert_true(store_home_lock_sync(home, NULL));
    g_assert_cmpint(write(fd, "x", 1), ==, 1);
    char c;
    g_assert_cmpint(read(fd + 1, &c, 1), >=, 0); /* until told, or the other end is gone */
    _exit(0);                                    /* as a crash: nothing is unlocked */
}

static void test_sync_lock(Fixture *f, gconstpointer data)
{
    close_store(f);
    int up[2], down[2];
    g_assert_cmpint(pipe(up), ==, 0);
    g_assert_cmpint(pipe(down), ==, 0);
    g_assert_cmpint(dup2(down[0], up[1] + 40), >=, 0);
    g_assert_cmpint(dup2(up[1], up[1] + 39), >=, 0);
    pid_t child = in_process(hold_lock, f->directory, up[1] + 39);
    char c;
    g_assert_cmpint(read(up[0], &c, 1), ==, 1);
    open_store(f);
    GError *err = NULL;
    g_assert_false(store_home_lock_sync(f->home, &err));
    g_assert_no_error(err);
    /* Reading and changing go on meanwhile. */
    ok(meta_put(f->s, "k", "v", &err));
    g_assert_cmpint(write(down[1], "x", 1), ==, 1);
    expect_success(child);
    g_assert_true(store_home_lock_sync(f->home, &err));
    g_assert_true(store_home_lock_sync(f->home, &err));
    store_home_unlock_sync(f->home);
    for (int i = 0; i < 2; i++) {
        close(up[i]);
        close(down[i]);
    }
    close(up[1] + 39);
    close(up[1] + 40);
}

#define ROUNDS 60

static void write_rows(const char *directory, int first)
{
    GError *err = NULL;
    StoreHome *home = store_home_open(directory, 0, NULL, &err);
    g_assert_no_error(err);
    Store *s = store_connect(home, STORE_FOR_WORK, &err);
    g_assert_no_error(err);
    gint64 account = account_find(s, "work");
    g_autoptr(Folder) inbox = folder_by_role(s, account, ROLE_INBOX);
    g_autoptr(Folder) archive = folder_by_role(s, account, ROLE_ARCHIVE);
    for (int i = 0; i < ROUNDS; i++) {
        int n = first + i;
        add_mail(s, inbox->id, (guint32)n, n, "two writers", 0);
        do_change(s, CHANGE_MOVE, placement_at(s, inbox->id, (guint32)n), 0, 0, archive->id);
    }
    store_free(s);
    store_home_free(home);
}

static void test_two_writers(Fixture *f, gconstpointer data)
{
    gint64 inbox, archive;
    imap_account(f->s, &inbox, &archive);
    close_store(f);
    pid_t one = in_process(write_rows, f->directory, 1000);
    pid_t two = in_process(write_rows, f->directory, 2000);
    expect_success(one);
    expect_success(two);
    open_store(f);
    g_assert_cmpuint(shown_count(f->s, inbox), ==, 0);
    g_assert_cmpuint(shown_count(f->s, archive), ==, 2 * ROUNDS);
    g_assert_cmpuint(ops_count(f->s, OP_WAITING), ==, 2 * ROUNDS);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST("/store/opening/modes", test_modes);
    TEST("/store/opening/trust", test_trust);
    TEST("/store/opening/migrations", test_migrations);
    TEST("/store/opening/newer", test_newer);
    TEST("/store/opening/not-a-database", test_not_a_database);
    TEST("/store/opening/damaged", test_damaged);
    TEST("/store/opening/damaged-cache", test_damaged_cache);
    TEST("/store/opening/foreign-cache", test_foreign_cache);
    TEST("/store/opening/read-only", test_read_only);
    TEST("/store/opening/in-memory", test_in_memory);
    TEST("/store/opening/cannot-be-made", test_cannot_be_made);
    TEST("/store/opening/full", test_full);
    TEST("/store/opening/sync-lock", test_sync_lock);
    TEST("/store/opening/two-writers", test_two_writers);
    return g_test_run();
}
