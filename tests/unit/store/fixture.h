/* fixture.h - a store in a directory of its own, and mail to put into it. */
#pragma once
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "pintail/store/change.h"
#include "pintail/store/folder.h"
#include "pintail/store/maildir.h"
#include "pintail/store/op.h"
#include "pintail/store/outbox.h"
#include "pintail/store/uidl.h"
#include "pintail/util/error.h"

typedef struct {
    char *directory;
    StoreHome *home;
    Store *s;
} Fixture;

/* `call` takes &err, an error of its own whatever else is called so around it. */
#pragma GCC diagnostic ignored "-Wshadow"
#define ok(call)                                                                                   \
    do {                                                                                           \
        GError *err = NULL;                                                                        \
        gboolean result = (call) != 0;                                                             \
        g_assert_no_error(err);                                                                    \
        g_assert_true(result);                                                                     \
    } while (0)

static G_GNUC_UNUSED void remove_tree(const char *path)
{
    GDir *dir = g_dir_open(path, 0, NULL);
    const char *name;
    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *child = g_build_filename(path, name, NULL);
        if (g_file_test(child, G_FILE_TEST_IS_DIR) && !g_file_test(child, G_FILE_TEST_IS_SYMLINK))
            remove_tree(child);
        else
            g_unlink(child);
    }
    if (dir)
        g_dir_close(dir);
    g_rmdir(path);
}

/* A fresh directory, in memory where there is such a place: what is tested does not depend on the
 * disk, and thousands of fsyncs on a busy one take minutes. */
static G_GNUC_UNUSED char *fresh_directory(void)
{
    const char *base =
        access("/dev/shm", W_OK) == 0 && !g_getenv("TMPDIR") ? "/dev/shm" : g_get_tmp_dir();
    char *directory = g_build_filename(base, "pintail-test-XXXXXX", NULL);
    g_assert_nonnull(g_mkdtemp(directory));
    return directory;
}

static G_GNUC_UNUSED void open_store(Fixture *f)
{
    GError *err = NULL;
    f->home = store_home_open(f->directory, 0, NULL, &err);
    g_assert_no_error(err);
    g_assert_nonnull(f->home);
    f->s = store_connect(f->home, STORE_FOR_PERSON, &err);
    g_assert_no_error(err);
    g_assert_nonnull(f->s);
}

static G_GNUC_UNUSED void close_store(Fixture *f)
{
    store_free(f->s);
    store_home_free(f->home);
    f->s = NULL;
    f->home = NULL;
}

static G_GNUC_UNUSED void reopen(Fixture *f)
{
    close_store(f);
    open_store(f);
}

static G_GNUC_UNUSED void set_up(Fixture *f, gconstpointer data)
{
    f->directory = fresh_directory();
    open_store(f);
}

static G_GNUC_UNUSED void tear_down(Fixture *f, gconstpointer data)
{
    if (f->home)
        close_store(f);
    remove_tree(f->directory);
    g_free(f->directory);
}

#define TEST(path, function) g_test_add(path, Fixture, NULL, set_up, function, tear_down)

/* ---- mail ---- */
static G_GNUC_UNUSED char *mail_text(int n, const char *subject, const char *body)
{
    return g_strdup_printf("From: Sender %d <sender%d@example.org>\r\n"
                           "To: Ada <ada@example.com>\r\n"
                           "Subject: %s\r\n"
                           "Message-ID: <m%d@example.org>\r\n"
                           "Date: Thu, 19 Nov 2026 %02d:%02d:%02d +0000\r\n"
                           "\r\n%s\r\n",
                           n, n, subject, n, n / 3600 % 24, n / 60 % 60, n % 60, body);
}

/* One message, as a FETCH would give it. */
static G_GNUC_UNUSED void add_mail(Store *s, gint64 folder, guint32 uid, int n, const char *subject,
                                   guint flags)
{
    g_autofree char *text = mail_text(n, subject, "body");
    g_autoptr(Envelope) e = envelope_parse(text, strlen(text));
    FetchedMessage m = {uid, flags, e, 1000 + (guint64)n, 1800000000 + n, NULL};
    GError *err = NULL;
    g_assert_true(placements_add(s, folder, &m, 1, &err));
    g_assert_no_error(err);
}

static G_GNUC_UNUSED gint64 placement_at(Store *s, gint64 folder, guint32 uid)
{
    g_autoptr(GArray) uids = placements_uids(s, folder, uid, uid, NULL);
    return uids->len ? g_array_index(uids, UidFlags, 0).placement : 0;
}

static G_GNUC_UNUSED guint shown_count(Store *s, gint64 folder)
{
    g_autoptr(GArray) ids = list_all(s, folder, SORT_DATE, TRUE, NULL, NULL);
    g_autoptr(Folder) f = folder_get(s, folder, NULL);
    g_assert_nonnull(ids);
    g_assert_nonnull(f);
    g_assert_cmpint(f->total, ==, ids->len); /* the counters always agree with the rows */
    g_autoptr(GPtrArray) rows =
        rows_get(s, (const gint64 *)(const void *)ids->data, ids->len, NULL);
    gint64 unread = 0;
    for (guint i = 0; i < rows->len; i++) {
        g_assert_nonnull(rows->pdata[i]);
        unread += !(((Row *)rows->pdata[i])->flags & FLAG_SEEN);
    }
    g_assert_cmpint(f->unread, ==, unread);
    return ids->len;
}

static G_GNUC_UNUSED Row *row_of(Store *s, gint64 placement)
{
    g_autoptr(GPtrArray) rows = rows_get(s, &placement, 1, NULL);
    g_assert_nonnull(rows);
    Row *r = rows->pdata[0];
    rows->pdata[0] = NULL;
    return r;
}

static G_GNUC_UNUSED guint flags_of(Store *s, gint64 placement)
{
    g_autoptr(Row) r = row_of(s, placement);
    g_assert_nonnull(r);
    return r->flags;
}

static G_GNUC_UNUSED gint64 first_of(Store *s, gint64 folder)
{
    g_autoptr(GArray) ids = list_first(s, folder, SORT_DATE, TRUE, 1, NULL);
    g_assert_cmpuint(ids->len, ==, 1);
    return g_array_index(ids, gint64, 0);
}

static G_GNUC_UNUSED gint64 imap_account(Store *s, gint64 *inbox, gint64 *archive)
{
    GError *err = NULL;
    gint64 account = account_ensure(s, "work", STORED_IMAP, NULL, &err);
    g_assert_no_error(err);
    ListedFolder listed[] = {{"INBOX", "/", ROLE_INBOX, FOLDER_SUBSCRIBED, NULL},
                             {"Archive", "/", ROLE_ARCHIVE, FOLDER_SUBSCRIBED, NULL},
                             {"Trash", "/", ROLE_TRASH, FOLDER_SUBSCRIBED, NULL},
                             {"Drafts", "/", ROLE_DRAFTS, FOLDER_SUBSCRIBED, NULL},
                             {"Sent", "/", ROLE_SENT, FOLDER_SUBSCRIBED, NULL}};
    g_assert_true(folders_listed(s, account, listed, G_N_ELEMENTS(listed), &err));
    g_assert_no_error(err);
    for (FolderRole role = ROLE_INBOX; role <= ROLE_TRASH; role++) {
        g_autoptr(Folder) f = folder_by_role(s, account, role);
        if (f)
            g_assert_true(folder_set_uidvalidity(s, f->id, 100, NULL));
        if (f && role == ROLE_INBOX)
            *inbox = f->id;
        if (f && role == ROLE_ARCHIVE)
            *archive = f->id;
    }
    return account;
}

static G_GNUC_UNUSED gint64 do_change(Store *s, ChangeKind kind, gint64 placement, guint add,
                                      guint remove, gint64 destination)
{
    Change c = {kind, &placement, 1, add, remove, destination};
    GError *err = NULL;
    gint64 group = change_commit(s, &c, &err);
    g_assert_no_error(err);
    g_assert_cmpint(group, >, 0);
    return group;
}

/* Replays the next batch as a server that confirms it; uids from *next_uid on. FALSE: nothing. */
static G_GNUC_UNUSED gboolean replay_one(Store *s, gint64 account, guint32 *next_uid)
{
    GError *err = NULL;
    g_autoptr(OpBatch) b = ops_next(s, account, 100, &err);
    g_assert_no_error(err);
    if (!b)
        return FALSE;
    g_autofree guint *items = g_new(guint, b->items->len);
    g_autofree guint32 *uids = g_new0(guint32, b->items->len);
    for (guint i = 0; i < b->items->len; i++) {
        items[i] = i;
        if (b->kind == OP_MOVE || b->kind == OP_COPY || b->kind == OP_APPEND)
            uids[i] = (*next_uid)++;
    }
    if (b->kind == OP_MOVE || b->kind == OP_COPY || b->kind == OP_APPEND)
        ok(ops_mark_inflight(s, b, 100, 1, &err));
    ok(ops_done(s, b, items, b->items->len, uids, 100, &err));
    return TRUE;
}
