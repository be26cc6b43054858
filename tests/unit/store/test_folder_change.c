/* test_folder_change.c - folders renamed, deleted, subscribed to, by the person and by others; names with a
 * namespace's prefix; rights; counters of ten thousand folders; killed in the middle. */
#include "crash_world.h"

static Folder *named(Store *s, gint64 account, const char *label)
{
    g_autoptr(GPtrArray) all = folders_list(s, account, NULL);
    for (guint i = 0; i < all->len; i++) {
        Folder *f = all->pdata[i];
        if (g_str_equal(f->label, label))
            return folder_get(s, f->id, NULL);
    }
    return NULL;
}

static gint64 id_of(Store *s, gint64 account, const char *label)
{
    g_autoptr(Folder) f = named(s, account, label);
    return f ? f->id : 0;
}

static void listed(Store *s, gint64 account, const char *names, const char *ids)
{
    g_auto(GStrv) words = g_strsplit(names, " ", -1), marks = g_strsplit(ids, " ", -1);
    g_autoptr(GArray) all = g_array_new(FALSE, TRUE, sizeof(ListedFolder));
    for (guint i = 0; words[i]; i++) {
        ListedFolder f = {.name = words[i], .delimiter = "/", .mailbox_id = i < g_strv_length(marks) ? marks[i] : NULL};
        g_array_append_val(all, f);
    }
    ok(folders_listed(s, account, (const ListedFolder *)(void *)all->data, all->len, &err));
}

/* The next operation, which must be of this kind. */
static void confirm(Store *s, gint64 account, OpKind kind, const char *name)
{
    g_autoptr(OpBatch) b = ops_next(s, account, 10, NULL);
    g_assert_nonnull(b);
    g_assert_cmpint(b->kind, ==, kind);
    if (name)
        g_assert_cmpstr(b->name, ==, name);
    ok(op_folder_done(s, b, &err));
}

/* Shown at once under the new name; LIST still has the old one; then the server has done it. */
static void test_renamed(Fixture *f, gconstpointer data)
{
    gint64 inbox, archive;
    gint64 account = imap_account(f->s, &inbox, &archive);
    listed(f->s, account, "INBOX Archive Archive/2025 Archived Trash", "");
    gint64 child = id_of(f->s, account, "Archive/2025"), other = id_of(f->s, account, "Archived");
    add_mail(f->s, archive, 1, 1, "stays", 0);
    ok(folder_rename(f->s, archive, "Attic", &err));
    g_assert_cmpint(id_of(f->s, account, "Attic"), ==, archive);
    listed(f->s, account, "INBOX Archive Archive/2025 Archived Trash", "");
    g_assert_cmpint(id_of(f->s, account, "Attic"), ==, archive);
    g_autoptr(Folder) before = folder_get(f->s, archive, NULL);
    g_assert_cmpstr(before->name, ==, "Archive"); /* what commands must say until then */
    confirm(f->s, account, OP_FOLDER_RENAME, "Attic");
    g_autoptr(Folder) after = folder_get(f->s, archive, NULL);
    g_assert_cmpstr(after->name, ==, "Attic");
    g_assert_cmpint(id_of(f->s, account, "Attic/2025"), ==, child);
    g_assert_cmpint(id_of(f->s, account, "Archived"), ==, other);
    g_assert_cmpuint(shown_count(f->s, archive), ==, 1);
    g_assert_cmpuint(after->uidvalidity, ==, 100); /* nothing is fetched again */
}

/* LIST was quicker than the confirmation: the row that it made goes. */
static void test_list_first(Fixture *f, gconstpointer data)
{
    gint64 inbox, archive;
    gint64 account = imap_account(f->s, &inbox, &archive);
    add_mail(f->s, archive, 1, 1, "stays", 0);
    ok(folder_rename(f->s, archive, "Attic", &err));
    listed(f->s, account, "INBOX Attic Trash Drafts Sent", "");
    listed(f->s, account, "INBOX Attic Trash Drafts Sent", "");
    confirm(f->s, account, OP_FOLDER_RENAME, "Attic");
    g_assert_cmpint(id_of(f->s, account, "Attic"), ==, archive);
    g_assert_cmpuint(shown_count(f->s, archive), ==, 1);
}

static void test_refused(Fixture *f, gconstpointer data)
{
    gint64 inbox, archive;
    gint64 account = imap_account(f->s, &inbox, &archive);
    GError *err = NULL;
    g_assert_false(folder_rename(f->s, inbox, "X", &err));
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_REFUSED);
    g_clear_error(&err);
    g_assert_false(folder_rename(f->s, archive, "Trash", &err));
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_REFUSED);
    g_clear_error(&err);
    g_assert_false(folder_rename(f->s, archive, "a\nb", &err));
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_INVALID);
    g_clear_error(&err);
    g_assert_false(folder_delete(f->s, inbox, &err));
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_REFUSED);
    g_clear_error(&err);
    /* the server's no: the old name is shown again, until it is tried again */
    ok(folder_rename(f->s, archive, "Attic", &err));
    g_autoptr(OpBatch) b = ops_next(f->s, account, 10, NULL);
    guint item = 0;
    ok(ops_park(f->s, b, &item, 1, "Permission denied", &err));
    g_assert_cmpint(id_of(f->s, account, "Archive"), ==, archive);
    g_autoptr(GPtrArray) problems = ops_list(f->s, TRUE, NULL);
    g_assert_cmpstr(((OpRow *)problems->pdata[0])->what, ==, "rename folder Archive to Attic");
    ok(op_retry(f->s, ((OpRow *)problems->pdata[0])->id, &err));
    g_assert_cmpint(id_of(f->s, account, "Attic"), ==, archive);
    g_autoptr(OpBatch) again = ops_next(f->s, account, 10, NULL);
    ok(ops_park(f->s, again, &item, 1, "No", &err));
    ok(op_dismiss(f->s, g_array_index(again->items, OpItem, 0).id, &err));
    g_assert_cmpint(id_of(f->s, account, "Archive"), ==, archive);
    g_assert_false(ops_waiting(f->s, account));
}

/* Deleted after what was done in it before; hidden at once. */
static void test_deleted(Fixture *f, gconstpointer data)
{
    gint64 inbox, archive;
    gint64 account = imap_account(f->s, &inbox, &archive);
    add_mail(f->s, archive, 1, 1, "saved first", 0);
    do_change(f->s, CHANGE_MOVE, placement_at(f->s, archive, 1), 0, 0, inbox);
    ok(folder_delete(f->s, archive, &err));
    g_assert_cmpint(id_of(f->s, account, "Archive"), ==, 0);
    g_assert_null(folder_by_role(f->s, account, ROLE_ARCHIVE));
    guint32 uid = 30;
    g_assert_true(replay_one(f->s, account, &uid)); /* the move */
    confirm(f->s, account, OP_FOLDER_DELETE, NULL);
    g_assert_null(folder_get(f->s, archive, NULL));
    g_assert_cmpuint(shown_count(f->s, inbox), ==, 1);
    gint64 p = first_of(f->s, inbox);
    Change c = {CHANGE_MOVE, &p, 1, 0, 0, archive};
    g_assert_cmpint(change_commit(f->s, &c, NULL), ==, 0);
}

/* Another client renamed it: with MAILBOXID it is the same folder, with all that is known of it. */
static void test_followed(Fixture *f, gconstpointer data)
{
    gint64 inbox, archive;
    gint64 account = imap_account(f->s, &inbox, &archive);
    listed(f->s, account, "INBOX Archive Trash", "F1 F2 F3");
    add_mail(f->s, archive, 1, 1, "stays", 0);
    ok(folder_set_synced(f->s, archive, 2, 7, 1, &err));
    listed(f->s, account, "INBOX Attic Trash", "F1 F2 F3");
    g_assert_cmpint(id_of(f->s, account, "Attic"), ==, archive);
    g_autoptr(Folder) a = folder_get(f->s, archive, NULL);
    g_assert_cmpuint(a->uidnext, ==, 2);
    g_assert_cmpuint(a->highestmodseq, ==, 7);
    g_assert_cmpuint(shown_count(f->s, archive), ==, 1);
    /* one deleted and another made with its id's like is another */
    listed(f->s, account, "INBOX Attic Trash More", "F1 F2 F3 F9");
    g_assert_cmpint(id_of(f->s, account, "More"), !=, archive);
}

/* "INBOX." before every name: put there by us, shown by nobody. */
static void test_prefix(Fixture *f, gconstpointer data)
{
    gint64 account = account_ensure(f->s, "prefixed", STORED_IMAP, NULL, NULL);
    StoredNamespace all[] = {{NAMESPACE_PERSONAL, "INBOX.", "."}, {NAMESPACE_SHARED, "shared.", "."}};
    ok(account_set_namespaces(f->s, account, all, 2, &err));
    ListedFolder list[] = {{"INBOX", ".", ROLE_INBOX, 0, NULL}, {"INBOX.Sent", ".", ROLE_SENT, 0, NULL}};
    ok(folders_listed(f->s, account, list, 2, &err));
    g_assert_cmpint(id_of(f->s, account, "Sent"), >, 0);
    gint64 made = folder_create(f->s, account, "Plans.2026", NULL);
    g_autoptr(Folder) plans = folder_get(f->s, made, NULL);
    g_assert_cmpstr(plans->name, ==, "INBOX.Plans.2026");
    g_assert_cmpstr(plans->label, ==, "Plans.2026");
    g_autoptr(Folder) whole = folder_get(f->s, folder_create(f->s, account, "INBOX.Whole", NULL), NULL);
    g_assert_cmpstr(whole->name, ==, "INBOX.Whole");
    g_autoptr(Folder) shared = folder_get(f->s, folder_create(f->s, account, "shared.List", NULL), NULL);
    g_assert_cmpstr(shared->name, ==, "shared.List");
    g_autoptr(Folder) trash = folder_get(f->s, folder_for_role(f->s, account, ROLE_TRASH, NULL, NULL), NULL);
    g_assert_cmpstr(trash->name, ==, "INBOX.Trash");
    for (int i = 0; i < 3; i++)
        confirm(f->s, account, OP_FOLDER_CREATE, NULL);
    ok(folder_rename(f->s, id_of(f->s, account, "Sent"), "Posted", &err));
    confirm(f->s, account, OP_FOLDER_RENAME, "INBOX.Posted");
}

static void test_subscribed(Fixture *f, gconstpointer data)
{
    gint64 inbox, archive;
    gint64 account = imap_account(f->s, &inbox, &archive);
    ok(folder_subscribe(f->s, archive, FALSE, &err));
    ListedFolder list[] = {{"INBOX", "/", ROLE_INBOX, 0, NULL}, {"Archive", "/", ROLE_ARCHIVE, FOLDER_SUBSCRIBED, NULL}};
    ok(folders_listed(f->s, account, list, 2, &err));
    g_autoptr(Folder) a = folder_get(f->s, archive, NULL);
    g_assert_false(a->flags & FOLDER_SUBSCRIBED); /* the server does not know yet */
    confirm(f->s, account, OP_FOLDER_SUBSCRIBE, NULL);
    ok(folders_listed(f->s, account, list, 2, &err));
    g_autoptr(Folder) b = folder_get(f->s, archive, NULL);
    g_assert_true(b->flags & FOLDER_SUBSCRIBED);
}

/* What the person chose, a LIST does not change; marks neither. */
static void test_roles(Fixture *f, gconstpointer data)
{
    gint64 inbox, archive;
    gint64 account = imap_account(f->s, &inbox, &archive);
    listed(f->s, account, "INBOX Archive Trash Old", "");
    gint64 old = id_of(f->s, account, "Old");
    ok(folder_set_role(f->s, old, ROLE_ARCHIVE, &err));
    ok(folder_mark(f->s, old, FOLDER_PINNED, 0, &err));
    ListedFolder list[] = {{"INBOX", "/", ROLE_INBOX, 0, NULL}, {"Archive", "/", ROLE_ARCHIVE, 0, NULL},
                           {"Old", "/", ROLE_NONE, 0, NULL}, {"Trash", "/", ROLE_TRASH, 0, NULL}};
    ok(folders_listed(f->s, account, list, 4, &err));
    g_autoptr(Folder) now = folder_by_role(f->s, account, ROLE_ARCHIVE);
    g_assert_cmpint(now->id, ==, old);
    g_assert_true(now->flags & FOLDER_PINNED);
    ok(folder_set_role(f->s, old, ROLE_NONE, &err));
    ok(folders_listed(f->s, account, list, 4, &err));
    g_autoptr(Folder) back = folder_by_role(f->s, account, ROLE_ARCHIVE);
    g_assert_cmpint(back->id, ==, archive);
}

static void test_rights(Fixture *f, gconstpointer data)
{
    gint64 inbox, archive;
    gint64 account = imap_account(f->s, &inbox, &archive);
    add_mail(f->s, archive, 1, 1, "theirs", 0);
    add_mail(f->s, inbox, 1, 2, "mine", 0);
    gint64 p = placement_at(f->s, archive, 1), q = placement_at(f->s, inbox, 1);
    GError *err = NULL;
    ok(folder_set_rights(f->s, archive, "lrs", &err));
    Change away = {CHANGE_MOVE, &p, 1, 0, 0, inbox}, in = {CHANGE_COPY, &q, 1, 0, 0, archive};
    Change flag = {CHANGE_FLAGS, &p, 1, FLAG_FLAGGED, 0, 0}, seen = {CHANGE_FLAGS, &p, 1, FLAG_SEEN, 0, 0};
    Change *no[] = {&away, &in, &flag};
    for (guint i = 0; i < 3; i++) {
        g_assert_cmpint(change_commit(f->s, no[i], &err), ==, 0);
        g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_REFUSED);
        g_clear_error(&err);
    }
    g_assert_cmpint(change_commit(f->s, &seen, NULL), >, 0);
    g_assert_false(folder_delete(f->s, archive, NULL));
    ok(folder_set_rights(f->s, archive, "lr", &err));
    g_autoptr(Folder) read_only = folder_get(f->s, archive, NULL);
    g_assert_true(read_only->flags & FOLDER_READ_ONLY);
    ok(folder_set_rights(f->s, archive, "lrswicd", &err)); /* as older servers say it */
    g_assert_cmpint(change_commit(f->s, &away, NULL), >, 0);
    g_assert_true(ops_waiting(f->s, account));
    guint64 used, limit;
    g_assert_false(account_quota(f->s, account, &used, &limit, NULL));
    ok(account_set_quota(f->s, account, 10, 1000, &err));
    g_assert_true(account_quota(f->s, account, &used, &limit, NULL));
    g_assert_cmpuint(limit, ==, 1000);
}

/* Ten thousand folders: news of one message is news of one folder. */
static void test_many(Fixture *f, gconstpointer data)
{
    gint64 inbox, archive;
    gint64 account = imap_account(f->s, &inbox, &archive), seq = 0;
    g_autoptr(GArray) all = g_array_new(FALSE, TRUE, sizeof(ListedFolder));
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    ListedFolder first = {.name = "INBOX", .delimiter = "/", .role = ROLE_INBOX};
    g_array_append_val(all, first);
    for (int i = 0; i < 10000; i++) {
        g_ptr_array_add(names, g_strdup_printf("lists/%d/%d", i / 100, i));
        ListedFolder one = {.name = names->pdata[i], .delimiter = "/"};
        g_array_append_val(all, one);
    }
    ok(folders_listed(f->s, account, (const ListedFolder *)(void *)all->data, all->len, &err));
    /* those of before are gone after the second list without them */
    ok(folders_listed(f->s, account, (const ListedFolder *)(void *)all->data, all->len, &err));
    gboolean anew = FALSE;
    g_autoptr(GArray) everything = folders_counted(f->s, seq, &seq, &anew, NULL);
    g_assert_true(anew);
    add_mail(f->s, id_of(f->s, account, "lists/50/5005"), 1, 1, "news", 0);
    g_autoptr(GArray) news = folders_counted(f->s, seq, &seq, &anew, NULL);
    g_assert_false(anew);
    g_assert_cmpuint(news->len, ==, 1);
    g_assert_cmpint(g_array_index(news, FolderCount, 0).unread, ==, 1);
    /* and an unchanged LIST is no news at all */
    gint64 before = seq;
    ok(folders_listed(f->s, account, (const ListedFolder *)(void *)all->data, all->len, &err));
    g_autoptr(GArray) none = folders_counted(f->s, seq, &seq, &anew, NULL);
    g_assert_false(anew);
    g_assert_cmpuint(none->len, ==, 0);
    g_assert_cmpint(seq, ==, before);
}

/* ---- Maildirs, killed at each step ---- */

static void prepare_local(World *w)
{
    gint64 plans = folder_create(w->s, w->account, "Plans", NULL);
    gint64 below = folder_create(w->s, w->account, "Plans/2026", NULL);
    g_autofree char *text = mail_text(1, "plan", "body");
    ok(message_append(w->s, plans, text, strlen(text), 0, 0, &err));
    ok(message_append(w->s, below, text, strlen(text), 0, 0, &err));
    gint64 doomed = folder_create(w->s, w->account, "Doomed", NULL);
    ok(message_append(w->s, doomed, text, strlen(text), 0, 0, &err));
}

static void change_local(World *w)
{
    gint64 plans = id_of(w->s, w->account, "Plans"), doomed = id_of(w->s, w->account, "Doomed");
    if (plans)
        ok(folder_rename(w->s, plans, "Attic", &err));
    if (doomed)
        ok(folder_delete(w->s, doomed, &err));
}

static void verify_local(World *w)
{
    change_local(w);
    g_autoptr(GPtrArray) all = folders_list(w->s, w->account, NULL);
    for (guint i = 0; i < all->len; i++)
        ok(folder_rescan(w->s, ((Folder *)all->pdata[i])->id, NULL, &err));
    g_assert_cmpuint(all->len, ==, 8); /* the six, Attic, Attic/2026 */
    gint64 attic = id_of(w->s, w->account, "Attic"), below = id_of(w->s, w->account, "Attic/2026");
    g_assert_cmpuint(shown_count(w->s, attic), ==, 1);
    g_assert_cmpuint(shown_count(w->s, below), ==, 1);
    g_assert_cmpuint(mails_of(w, attic), ==, 1);
    g_autoptr(Folder) f = folder_get(w->s, below, NULL);
    g_assert_true(g_str_has_suffix(f->path, "Attic/2026"));
    g_autofree char *root = g_path_get_dirname(f->path);
    g_autofree char *account = g_path_get_dirname(root), *gone = g_build_filename(account, "Doomed", NULL);
    g_autofree char *old = g_build_filename(account, "Plans", NULL);
    g_assert_false(g_file_test(gone, G_FILE_TEST_EXISTS));
    g_assert_false(g_file_test(old, G_FILE_TEST_EXISTS));
}

static void test_local(void)
{
    sweep("folder", prepare_local, change_local, verify_local, 10);
}

static void test_local_refused(Fixture *f, gconstpointer data)
{
    gint64 account = account_ensure(f->s, "home", STORED_LOCAL, NULL, NULL);
    g_assert_false(folder_delete(f->s, id_of(f->s, account, "Sent"), NULL));
    gint64 mine = folder_create(f->s, account, "Mine", NULL);
    g_assert_false(folder_rename(f->s, mine, "Mine/Below", NULL));
    g_assert_false(folder_subscribe(f->s, mine, TRUE, NULL));
    /* another program's file in it is not thrown away */
    g_autoptr(Folder) m = folder_get(f->s, mine, NULL);
    g_autofree char *foreign = g_build_filename(m->path, "cur", "sub", NULL);
    g_assert_cmpint(g_mkdir(foreign, 0700), ==, 0);
    GError *err = NULL;
    g_assert_false(folder_delete(f->s, mine, &err));
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_REFUSED);
    g_clear_error(&err);
    g_assert_cmpint(id_of(f->s, account, "Mine"), ==, mine);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/store/folder/local", test_local); /* first: see crash_world.h */
    TEST("/store/folder/renamed", test_renamed);
    TEST("/store/folder/list-first", test_list_first);
    TEST("/store/folder/refused", test_refused);
    TEST("/store/folder/deleted", test_deleted);
    TEST("/store/folder/followed", test_followed);
    TEST("/store/folder/prefix", test_prefix);
    TEST("/store/folder/subscribed", test_subscribed);
    TEST("/store/folder/roles", test_roles);
    TEST("/store/folder/rights", test_rights);
    TEST("/store/folder/many", test_many);
    TEST("/store/folder/local-refused", test_local_refused);
    return g_test_run();
}
