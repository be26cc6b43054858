/* test_folders.c - accounts, folders, LIST, UIDVALIDITY. */
#include "fixture.h"

static void test_local_account(Fixture *f, gconstpointer data)
{
    GError *err = NULL;
    gint64 account = account_ensure(f->s, "home", STORED_POP3, NULL, &err);
    g_assert_no_error(err);
    g_autoptr(GPtrArray) list = folders_list(f->s, account, &err);
    static const char *const names[] = {"INBOX", "Drafts", "Sent", "Archive", "Junk", "Trash"};
    g_assert_cmpuint(list->len, ==, 6);
    for (guint i = 0; i < 6; i++) {
        const Folder *folder = list->pdata[i];
        g_assert_cmpstr(folder->name, ==, names[i]);
        g_autofree char *cur = g_build_filename(folder->path, "cur", NULL);
        g_assert_true(g_file_test(cur, G_FILE_TEST_IS_DIR));
    }
    g_assert_cmpint(account_ensure(f->s, "home", STORED_POP3, NULL, &err), ==, account);
    g_assert_cmpint(account_find(f->s, "home"), ==, account);
    g_assert_cmpint(account_find(f->s, "other"), ==, 0);
}

static void test_same_name_other_kind(Fixture *f, gconstpointer data)
{
    gint64 imap = account_ensure(f->s, "home", STORED_IMAP, NULL, NULL);
    gint64 pop = account_ensure(f->s, "home", STORED_POP3, NULL, NULL);
    g_assert_cmpint(imap, !=, pop);
    g_assert_cmpint(account_find(f->s, "home"), ==, pop);
    g_autoptr(GPtrArray) all = folders_list(f->s, 0, NULL);
    for (guint i = 0; i < all->len; i++)
        g_assert_cmpint(((Folder *)all->pdata[i])->account_id, ==, pop);
}

static void test_hostile_names(Fixture *f, gconstpointer data)
{
    GError *err = NULL;
    gint64 account = account_ensure(f->s, "home", STORED_LOCAL, NULL, &err);
    static const char *const names[] = {"../../etc", "a/../b", "cur", "x/new", "/abs", "CUR"};
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        gint64 id = folder_create(f->s, account, names[i], &err);
        g_assert_no_error(err);
        g_autoptr(Folder) folder = folder_get(f->s, id, NULL);
        g_assert_cmpstr(folder->name, ==, names[i]);
        g_autofree char *real = g_canonicalize_filename(folder->path, NULL);
        g_assert_cmpstr(real, ==, folder->path);
        g_assert_true(g_str_has_prefix(real, f->directory));
        for (guint n = 0; n < i; n++) {
            g_autoptr(Folder) other = folder_by_name(f->s, account, names[n]);
            g_assert_cmpstr(other->path, !=, folder->path);
        }
    }
    g_assert_cmpint(folder_create(f->s, account, "cur", &err), ==, 0);
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_REFUSED);
    g_clear_error(&err);
    g_assert_cmpint(folder_create(f->s, account, "a\nb", &err), ==, 0);
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_INVALID);
    g_clear_error(&err);
}

static void test_adopts_directories(Fixture *f, gconstpointer data)
{
    g_autofree char *root = g_build_filename(f->directory, "Mail", NULL);
    gint64 account = account_ensure(f->s, "home", STORED_LOCAL, root, NULL);
    ok(folder_create(f->s, account, "Projects/2026", &err));
    close_store(f);
    g_autofree char *db = g_build_filename(f->directory, "store.db", NULL);
    g_assert_cmpint(g_unlink(db), ==, 0);
    open_store(f);
    account = account_ensure(f->s, "home", STORED_LOCAL, root, NULL);
    g_autoptr(Folder) found = folder_by_name(f->s, account, "Projects/2026");
    g_assert_null(found); /* its parent is no Maildir: only Maildirs are looked into */
    g_autofree char *parent = g_build_filename(root, "Projects", "cur", NULL);
    g_autofree char *parent_new = g_build_filename(root, "Projects", "new", NULL);
    g_assert_cmpint(g_mkdir(parent, 0700), ==, 0);
    g_assert_cmpint(g_mkdir(parent_new, 0700), ==, 0);
    account = account_ensure(f->s, "home", STORED_LOCAL, root, NULL);
    g_autoptr(Folder) now = folder_by_name(f->s, account, "Projects/2026");
    g_assert_nonnull(now);
}

static void test_short_list(Fixture *f, gconstpointer data)
{
    gint64 inbox, archive;
    gint64 account = imap_account(f->s, &inbox, &archive);
    add_mail(f->s, archive, 5, 1, "kept", 0);
    ListedFolder short_list[] = {{"INBOX", "/", ROLE_INBOX, 0, NULL}};
    ok(folders_listed(f->s, account, short_list, 0, &err)); /* nothing at all: proves nothing */
    g_autoptr(Folder) a = folder_get(f->s, archive, NULL);
    g_assert_false(a->flags & FOLDER_VANISHED);
    ok(folders_listed(f->s, account, short_list, 1, &err));
    g_autoptr(Folder) b = folder_get(f->s, archive, NULL);
    g_assert_true(b->flags & FOLDER_VANISHED);
    /* Something waits in it: it stays however often it is missing. */
    gint64 p = placement_at(f->s, archive, 5);
    gint64 group = do_change(f->s, CHANGE_FLAGS, p, FLAG_FLAGGED, 0, 0);
    for (int i = 0; i < 3; i++)
        ok(folders_listed(f->s, account, short_list, 1, &err));
    g_autoptr(Folder) c = folder_get(f->s, archive, NULL);
    g_assert_nonnull(c);
    ok(change_undo(f->s, group, &err));
    ok(folders_listed(f->s, account, short_list, 1, &err));
    GError *err = NULL;
    g_assert_null(folder_get(f->s, archive, &err));
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_GONE);
    g_clear_error(&err);
    g_assert_cmpint(placement_folder(f->s, p), ==, 0);
}

static void test_comes_back(Fixture *f, gconstpointer data)
{
    gint64 inbox, archive;
    gint64 account = imap_account(f->s, &inbox, &archive);
    ListedFolder one[] = {{"inbox", "/", ROLE_NONE, 0, NULL}};
    ListedFolder both[] = {{"INBOX", "/", ROLE_NONE, 0, NULL}, {"Archive", "/", ROLE_NONE, 0, NULL}};
    ok(folders_listed(f->s, account, one, 1, &err));
    ok(folders_listed(f->s, account, both, 2, &err));
    ok(folders_listed(f->s, account, one, 1, &err));
    g_autoptr(Folder) a = folder_get(f->s, archive, NULL);
    g_assert_nonnull(a); /* only two in a row count */
    g_assert_cmpint(a->role, ==, ROLE_ARCHIVE);
}

/* What was filed before the first LIST goes to the folder that the server has for it. */
static void test_takes_place(Fixture *f, gconstpointer data)
{
    gint64 account = 0, sent = 0, drafts = 0, junk = 0, seen = 0;
    ok(account = account_ensure(f->s, "fresh", STORED_IMAP, NULL, &err));
    ok(sent = folder_for_role(f->s, account, ROLE_SENT, NULL, &err));
    ok(drafts = folder_for_role(f->s, account, ROLE_DRAFTS, NULL, &err));
    ok(junk = folder_for_role(f->s, account, ROLE_JUNK, NULL, &err));
    StoredNamespace own = {NAMESPACE_PERSONAL, "INBOX.", "."};
    ok(account_set_namespaces(f->s, account, &own, 1, &err));
    ListedFolder listed[] = {{"Sent", ".", ROLE_NONE, 0, NULL}, /* another use here */
                             {"INBOX", ".", ROLE_INBOX, 0, NULL},
                             {"INBOX.Gesendet", ".", ROLE_SENT, 0, NULL},
                             {"Drafts", ".", ROLE_DRAFTS, 0, NULL}};
    for (int i = 0; i < 2; i++)
        ok(seen = folders_listed(f->s, account, listed, G_N_ELEMENTS(listed), &err));
    g_autoptr(Folder) s = folder_get(f->s, sent, NULL);
    g_assert_cmpstr(s->name, ==, "INBOX.Gesendet");
    g_assert_cmpint(s->role, ==, ROLE_SENT);
    g_assert_false(s->flags & FOLDER_TO_CREATE);
    g_autoptr(Folder) other = folder_by_name(f->s, account, "Sent");
    g_assert_cmpint(other->role, ==, ROLE_NONE);
    g_autoptr(Folder) d = folder_get(f->s, drafts, NULL);
    g_assert_cmpstr(d->name, ==, "Drafts");
    g_assert_false(d->flags & FOLDER_TO_CREATE);
    g_autoptr(Folder) j = folder_get(f->s, junk, NULL); /* there is none: it is made where folders can be */
    g_assert_cmpstr(j->name, ==, "INBOX.Junk");
    g_assert_cmpstr(j->delimiter, ==, ".");
    g_assert_true(j->flags & FOLDER_TO_CREATE);
}

static void test_to_create(Fixture *f, gconstpointer data)
{
    gint64 inbox, archive;
    gint64 account = imap_account(f->s, &inbox, &archive);
    gint64 junk = 0;
    ok(junk = folder_for_role(f->s, account, ROLE_JUNK, "Junk", &err));
    g_autoptr(Folder) a = folder_get(f->s, junk, NULL);
    g_assert_true(a->flags & FOLDER_TO_CREATE);
    g_assert_cmpstr(a->delimiter, ==, "/");
    g_assert_cmpint(folder_for_role(f->s, account, ROLE_JUNK, "Other", NULL), ==, junk);
    ListedFolder listed[] = {{"INBOX", "/", ROLE_INBOX, 0, NULL}};
    ok(folders_listed(f->s, account, listed, 1, &err));
    ok(folders_listed(f->s, account, listed, 1, &err));
    g_autoptr(Folder) b = folder_get(f->s, junk, NULL);
    g_assert_nonnull(b);
    ok(folder_created(f->s, junk, &err));
    g_autoptr(Folder) c = folder_get(f->s, junk, NULL);
    g_assert_false(c->flags & FOLDER_TO_CREATE);
}

static void test_uidvalidity(Fixture *f, gconstpointer data)
{
    gint64 inbox, archive;
    imap_account(f->s, &inbox, &archive);
    add_mail(f->s, inbox, 1, 1, "one", 0);
    add_mail(f->s, inbox, 2, 2, "two", 0);
    gint64 one = placement_at(f->s, inbox, 1), two = placement_at(f->s, inbox, 2);
    gint64 group = do_change(f->s, CHANGE_FLAGS, one, FLAG_FLAGGED, 0, 0);
    g_assert_cmpint(group, >, 0);
    do_change(f->s, CHANGE_MOVE, two, 0, 0, archive);
    ok(folder_set_uidvalidity(f->s, inbox, 200, &err));
    g_assert_cmpuint(shown_count(f->s, inbox), ==, 1); /* rows stay while they have no UID */
    g_autoptr(GArray) none = placements_uids(f->s, inbox, 1, G_MAXUINT32, NULL);
    g_assert_cmpuint(none->len, ==, 0);
    guint32 uid = 99;
    g_assert_true(placement_locate(f->s, one, NULL, &uid, NULL, NULL));
    g_assert_cmpuint(uid, ==, 0);
    add_mail(f->s, inbox, 71, 1, "one", 0);
    g_assert_cmpint(placement_at(f->s, inbox, 71), ==, one);
    g_assert_cmpuint(flags_of(f->s, one), ==, FLAG_FLAGGED);
    ok(folder_drop_unbound(f->s, inbox, &err));
    /* `two` was not found again: its move is a problem for the person. */
    g_autoptr(GPtrArray) parked = ops_list(f->s, TRUE, NULL);
    g_assert_cmpuint(parked->len, ==, 1);
    g_assert_cmpint(((OpRow *)parked->pdata[0])->placement, ==, two);
    ok(op_dismiss(f->s, ((OpRow *)parked->pdata[0])->id, &err));
    g_assert_cmpuint(shown_count(f->s, inbox), ==, 1);
    g_assert_cmpuint(shown_count(f->s, archive), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST("/store/folder/local-account", test_local_account);
    TEST("/store/folder/same-name-other-kind", test_same_name_other_kind);
    TEST("/store/folder/hostile-names", test_hostile_names);
    TEST("/store/folder/adopts-directories", test_adopts_directories);
    TEST("/store/folder/short-list", test_short_list);
    TEST("/store/folder/comes-back", test_comes_back);
    TEST("/store/folder/to-create", test_to_create);
    TEST("/store/folder/takes-place", test_takes_place);
    TEST("/store/folder/uidvalidity", test_uidvalidity);
    return g_test_run();
}
