/* test_relay.c - messages between accounts: in both directions, undone, refused, and killed at every step. */
#include "crash_world.h"

/* A server that keeps what it is told, in a file: 'a' an APPEND, 'p' a deletion. */
static char *server_path(World *w)
{
    return g_build_filename(w->directory, "server", NULL);
}

static char *server_said(World *w)
{
    g_autofree char *path = server_path(w);
    char *text = NULL;
    return g_file_get_contents(path, &text, NULL, NULL) ? text : g_strdup("");
}

static void server_takes(World *w, const char *what)
{
    g_autofree char *path = server_path(w), *before = server_said(w);
    g_autofree char *now = g_strconcat(before, what, NULL);
    g_assert_true(g_file_set_contents(path, now, -1, NULL));
}

static gint64 work(World *w, gint64 *inbox, gint64 *archive)
{
    return imap_account(w->s, inbox, archive);
}

/* One round of what the lanes of `account` do. FALSE: nothing waits. */
static gboolean serve(World *w, gint64 account)
{
    g_autoptr(OpBatch) b = ops_next(w->s, account, 1, NULL);
    guint item = 0;
    guint32 uid = 20;
    if (!b)
        return FALSE;
    g_assert_cmpuint(b->items->len, ==, 1);
    g_autofree char *said = server_said(w);
    if (b->kind == OP_RELAY) {
        g_autofree char *text = mail_text(1, "from the server", "body");
        g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
        gint64 other = 0;
        ok(op_relayed(w->s, &g_array_index(b->items, OpItem, 0), bytes, &other, &err));
        g_assert_cmpint(other, !=, account);
        return TRUE;
    }
    if (b->kind == OP_APPEND && b->state == OP_INFLIGHT && !strchr(said, 'a')) {
        ok(ops_requeue(w->s, b, &err));
        return TRUE;
    }
    if (b->kind == OP_APPEND && b->state != OP_INFLIGHT) {
        ok(ops_mark_inflight(w->s, b, 100, 10, &err));
        server_takes(w, "a");
    }
    if (b->kind == OP_PURGE)
        server_takes(w, "p");
    ok(ops_done(w->s, b, &item, 1, b->kind == OP_APPEND ? &uid : NULL, 100, &err));
    return TRUE;
}

static void serve_all(World *w, gint64 account)
{
    for (int i = 0; serve(w, account); i++)
        g_assert_cmpint(i, <, 20);
}

static void prepare(World *w)
{
    gint64 inbox, archive;
    work(w, &inbox, &archive);
    g_autofree char *text = mail_text(2, "from a file", "body");
    ok(message_append(w->s, w->inbox, text, strlen(text), FLAG_FLAGGED, 0, &err));
    add_mail(w->s, inbox, 1, 1, "from the server", FLAG_SEEN);
}

/* Both ways at once; what is still at its source is moved (again). */
static void move_both(World *w)
{
    gint64 inbox, archive;
    gint64 account = work(w, &inbox, &archive);
    rescan_all(w);
    if (shown_count(w->s, w->inbox) > 0)
        do_change(w->s, CHANGE_MOVE, first_of(w->s, w->inbox), 0, 0, archive);
    if (shown_count(w->s, inbox) > 0)
        do_change(w->s, CHANGE_MOVE, first_of(w->s, inbox), 0, 0, w->archive);
    serve_all(w, account);
}

static void verify(World *w)
{
    gint64 inbox, archive;
    gint64 account = work(w, &inbox, &archive);
    rescan_all(w);
    /* each message at least once, whatever has happened */
    g_assert_cmpuint(shown_count(w->s, w->inbox) + shown_count(w->s, archive), >=, 1);
    g_assert_cmpuint(shown_count(w->s, inbox) + shown_count(w->s, w->archive), >=, 1);
    move_both(w);
    rescan_all(w);
    g_assert_false(ops_waiting(w->s, account));
    g_assert_cmpuint(shown_count(w->s, inbox), ==, 0);
    g_assert_cmpuint(shown_count(w->s, w->inbox), ==, 0);
    g_assert_cmpuint(mails_of(w, w->inbox), ==, 0);
    g_assert_cmpuint(shown_count(w->s, archive), ==, 1);
    g_assert_cmpuint(shown_count(w->s, w->archive), ==, 1);
    g_assert_cmpuint(mails_of(w, w->archive), ==, 1);
    g_assert_cmpuint(flags_of(w->s, first_of(w->s, w->archive)), ==, FLAG_SEEN);
    g_assert_cmpuint(flags_of(w->s, first_of(w->s, archive)), ==, FLAG_FLAGGED);
    g_autofree char *said = server_said(w);
    g_assert_nonnull(strchr(said, 'a'));
    g_assert_true(strchr(said, 'a') == strrchr(said, 'a')); /* once */
    g_assert_nonnull(strchr(said, 'p'));
}

static void test_killed(void)
{
    sweep("relay", prepare, move_both, verify, 5);
    sweep("append", prepare, move_both, verify, 2);
    sweep("change", prepare, move_both, verify, 8);
    sweep("ops", prepare, move_both, verify, 8);
}

/* ---- one store after the other ---- */

typedef struct {
    World w;
    gint64 account, inbox, archive, other, local;
} Both;

static void both_open(Both *b, Fixture *f)
{
    b->w = (World){.directory = f->directory, .s = f->s, .home = f->home};
    b->account = work(&b->w, &b->inbox, &b->archive);
    b->other = account_ensure(f->s, "home", STORED_LOCAL, NULL, NULL);
    g_autoptr(Folder) local = folder_by_role(f->s, b->other, ROLE_ARCHIVE);
    b->local = local->id;
    add_mail(f->s, b->inbox, 1, 1, "one", 0);
}

static void test_copy(Fixture *f, gconstpointer data)
{
    Both b;
    both_open(&b, f);
    g_autoptr(Row) there = row_of(f->s, first_of(f->s, b.inbox));
    ok(body_put(f->s, there->message, "", "From: x\r\n\r\nread\r\n", 17, &err));
    do_change(f->s, CHANGE_COPY, first_of(f->s, b.inbox), 0, 0, b.local);
    g_autoptr(Row) waiting = row_of(f->s, first_of(f->s, b.local));
    g_assert_true(body_have(f->s, waiting->message, "")); /* readable before it has come */
    g_assert_cmpuint(shown_count(f->s, b.inbox), ==, 1);
    g_assert_cmpuint(shown_count(f->s, b.local), ==, 1); /* at once */
    serve_all(&b.w, b.account);
    g_assert_cmpuint(shown_count(f->s, b.inbox), ==, 1);
    g_assert_cmpuint(shown_count(f->s, b.local), ==, 1);
    g_autoptr(Row) row = row_of(f->s, first_of(f->s, b.local));
    g_autoptr(GBytes) bytes = body_get(f->s, row->message, "", NULL);
    g_assert_nonnull(bytes);
    /* and back as a copy: an APPEND, after which both are there */
    do_change(f->s, CHANGE_COPY, first_of(f->s, b.local), 0, 0, b.archive);
    serve_all(&b.w, b.account);
    g_assert_cmpuint(shown_count(f->s, b.archive), ==, 1);
    g_assert_cmpuint(shown_count(f->s, b.local), ==, 1);
    g_autofree char *said = server_said(&b.w);
    g_assert_cmpstr(said, ==, "a");
}

static void test_undone(Fixture *f, gconstpointer data)
{
    Both b;
    both_open(&b, f);
    gint64 p = first_of(f->s, b.inbox);
    gint64 group = do_change(f->s, CHANGE_MOVE, p, 0, 0, b.local);
    g_assert_cmpuint(shown_count(f->s, b.inbox), ==, 0);
    ok(change_undo(f->s, group, &err)); /* before anything was done */
    g_assert_cmpint(first_of(f->s, b.inbox), ==, p);
    g_assert_cmpuint(shown_count(f->s, b.local), ==, 0);
    g_assert_false(ops_waiting(f->s, b.account));
    group = do_change(f->s, CHANGE_MOVE, p, 0, 0, b.local);
    serve_all(&b.w, b.account);
    ok(change_undo(f->s, group, &err)); /* after all was done: the way back */
    g_assert_cmpuint(shown_count(f->s, b.local), ==, 0);
    g_assert_cmpuint(shown_count(f->s, b.inbox), ==, 1);
    serve_all(&b.w, b.account);
    g_assert_cmpuint(shown_count(f->s, b.inbox), ==, 1);
    g_autoptr(Folder) local = folder_get(f->s, b.local, NULL);
    g_autofree char *cur = g_build_filename(local->path, "cur", NULL);
    g_assert_cmpuint(files_in(cur, ""), ==, 0);
}

/* Between two servers: nothing is deleted before the other has confirmed; a refusal leaves it where it is. */
static void test_servers(Fixture *f, gconstpointer data)
{
    Both b;
    both_open(&b, f);
    gint64 far = account_ensure(f->s, "far", STORED_IMAP, NULL, NULL);
    g_autoptr(Folder) there = folder_by_role(f->s, far, ROLE_INBOX);
    ok(folder_set_uidvalidity(f->s, there->id, 100, &err));
    do_change(f->s, CHANGE_MOVE, first_of(f->s, b.inbox), 0, 0, there->id);
    g_assert_null(ops_next(f->s, far, 10, NULL));
    g_assert_true(serve(&b.w, b.account)); /* the content */
    g_assert_null(ops_next(f->s, b.account, 10, NULL)); /* no deletion yet */
    g_autoptr(OpBatch) append = ops_next(f->s, far, 10, NULL);
    g_assert_cmpint(append->kind, ==, OP_APPEND);
    g_assert_cmpint(g_array_index(append->items, OpItem, 0).date, ==, 1800000001); /* when it came */
    guint item = 0;
    ok(ops_park(f->s, append, &item, 1, "Mailbox is full", &err));
    g_assert_cmpuint(shown_count(f->s, b.inbox), ==, 1);
    g_autoptr(GPtrArray) problems = ops_list(f->s, TRUE, NULL);
    g_assert_cmpuint(problems->len, ==, 1);
    ok(op_retry(f->s, ((OpRow *)problems->pdata[0])->id, &err));
    g_assert_cmpuint(shown_count(f->s, b.inbox), ==, 0);
    serve_all(&b.w, far);
    serve_all(&b.w, b.account);
    g_assert_cmpuint(shown_count(f->s, b.inbox), ==, 0);
    g_assert_cmpuint(shown_count(f->s, there->id), ==, 1);
    g_autofree char *said = server_said(&b.w);
    g_assert_cmpstr(said, ==, "ap");
}

/* It vanishes from the server before it was fetched: a problem, not a silence. */
static void test_vanished(Fixture *f, gconstpointer data)
{
    Both b;
    both_open(&b, f);
    do_change(f->s, CHANGE_MOVE, first_of(f->s, b.inbox), 0, 0, b.local);
    guint32 uid = 1;
    ok(placements_vanished(f->s, b.inbox, &uid, 1, &err));
    g_assert_cmpuint(ops_count(f->s, OP_PARKED), ==, 1);
    g_assert_cmpuint(shown_count(f->s, b.local), ==, 0);
    g_autoptr(GPtrArray) problems = ops_list(f->s, TRUE, NULL);
    ok(op_dismiss(f->s, ((OpRow *)problems->pdata[0])->id, &err));
    g_assert_cmpuint(ops_count(f->s, OP_PARKED), ==, 0);
}

static void test_local_accounts(Fixture *f, gconstpointer data)
{
    Both b;
    both_open(&b, f);
    gint64 third = account_ensure(f->s, "third", STORED_LOCAL, NULL, NULL);
    g_autoptr(Folder) there = folder_by_role(f->s, third, ROLE_INBOX);
    g_autofree char *text = mail_text(7, "seven", "body");
    ok(message_append(f->s, b.local, text, strlen(text), FLAG_SEEN, 0, &err));
    gint64 group = do_change(f->s, CHANGE_MOVE, first_of(f->s, b.local), 0, 0, there->id);
    g_assert_cmpuint(shown_count(f->s, b.local), ==, 0);
    g_assert_cmpuint(shown_count(f->s, there->id), ==, 1);
    ok(folder_rescan(f->s, there->id, NULL, &err));
    ok(folder_rescan(f->s, b.local, NULL, &err));
    g_assert_cmpuint(shown_count(f->s, b.local), ==, 0);
    g_assert_cmpuint(shown_count(f->s, there->id), ==, 1);
    ok(change_undo(f->s, group, &err));
    g_assert_cmpuint(shown_count(f->s, b.local), ==, 1);
    g_assert_cmpuint(shown_count(f->s, there->id), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/store/relay/killed", test_killed);
    TEST("/store/relay/copy", test_copy);
    TEST("/store/relay/undone", test_undone);
    TEST("/store/relay/servers", test_servers);
    TEST("/store/relay/vanished", test_vanished);
    TEST("/store/relay/local", test_local_accounts);
    return g_test_run();
}
