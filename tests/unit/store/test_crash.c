/* test_crash.c - SIGKILL at every step of a download, an outbox send, a change and a replay; then
 * a new process goes on, and every message is there exactly once and every change applied.
 *
 * The step is PINTAIL_CRASH_AT's N-th, for N = 1, 2, ... until a run gets through. A crash point
 * that is never passed would end the sweep at once: the number of steps is checked too. */
#include "crash_world.h"

/* ---- POP3 ---- */
static void download_three(World *w)
{
    char *texts[3];
    Download d[3];
    static const char *const uidls[] = {"a", "b", "c"};
    g_autoptr(GHashTable) known = uidls_load(w->s, w->account, NULL);
    guint n = 0;
    for (int i = 0; i < 3; i++) {
        texts[i] = mail_text(i, "crash", "body");
        if (!g_hash_table_contains(known, uidls[i])) /* what sync asks before RETR */
            d[n++] = (Download){uidls[i], texts[i], strlen(texts[i]), FALSE, 0};
    }
    if (n)
        ok(pop3_store(w->s, w->account, d, n, &err));
    ok(uidls_deleted(w->s, w->account, uidls, 1, &err)); /* the server has deleted "a" */
    for (int i = 0; i < 3; i++)
        g_free(texts[i]);
}

/* The server still lists what it was not told to delete, so a new session does it all again;
 * "a" is only downloaded anew if its deletion was not recorded. */
static void verify_download(World *w)
{
    rescan_all(w);
    g_assert_cmpuint(mails_of(w, w->inbox), ==, shown_count(w->s, w->inbox));
    download_three(w);
    rescan_all(w);
    g_assert_cmpuint(shown_count(w->s, w->inbox), ==, 3);
    g_assert_cmpuint(mails_of(w, w->inbox), ==, 3);
    g_autoptr(GHashTable) known = uidls_load(w->s, w->account, NULL);
    g_assert_cmpuint(g_hash_table_size(known), ==, 2);
    for (int i = 0; i < 3; i++) {
        g_autofree char *id = g_strdup_printf("m%d@example.org", i);
        gint64 p = placement_by_message_id(w->s, w->account, id);
        g_assert_cmpint(p, !=, 0);
        g_autoptr(Row) r = row_of(w->s, p);
        g_autoptr(GBytes) whole = body_get(w->s, r->message, "", NULL);
        g_assert_cmpint((gint64)g_bytes_get_size(whole), ==, r->size);
    }
}

static void test_pop3(void)
{
    sweep("pop3", nothing, download_three, verify_download, 12);
}

/* ---- outbox ---- */
static const char letter[] =
    "From: a@example.com\r\nSubject: out\r\nMessage-ID: <out@example.com>\r\n\r\nhi\r\n";

static OutboxEntry *letter_entry(World *w)
{
    OutboxEntry *e = g_new0(OutboxEntry, 1);
    e->account = w->account;
    e->from = g_strdup("a@example.com");
    e->recipients = g_ptr_array_new_with_free_func((GDestroyNotify)recipient_free);
    Recipient *r = g_new0(Recipient, 1);
    r->address = g_strdup("b@example.org");
    g_ptr_array_add(e->recipients, r);
    e->subject = g_strdup("out");
    e->message_id = g_strdup("out@example.com");
    e->sent_folder = w->sent;
    g_autoptr(Folder) drafts = folder_by_role(w->s, w->account, ROLE_DRAFTS);
    e->draft = first_of(w->s, drafts->id);
    e->answers = first_of(w->s, w->inbox);
    return e;
}

static void prepare_letter(World *w)
{
    g_autoptr(Folder) drafts = folder_by_role(w->s, w->account, ROLE_DRAFTS);
    ok(message_append(w->s, drafts->id, letter, strlen(letter), FLAG_DRAFT, 0, &err));
    ok(message_append(w->s, w->inbox, "Subject: q\n\n?\n", 14, 0, 0, &err));
}

static void note_transmission(World *w)
{
    g_autofree char *path = g_build_filename(w->directory, "transmitted", NULL);
    g_autofree char *so_far = NULL;
    g_file_get_contents(path, &so_far, NULL, NULL);
    g_autofree char *now = g_strconcat(so_far ? so_far : "", "x", NULL);
    g_assert_true(g_file_set_contents(path, now, -1, NULL));
}

static guint transmissions(World *w)
{
    g_autofree char *path = g_build_filename(w->directory, "transmitted", NULL);
    g_autofree char *text = NULL;
    return g_file_get_contents(path, &text, NULL, NULL) ? (guint)strlen(text) : 0;
}

static void submit(World *w)
{
    g_autoptr(OutboxEntry) e = outbox_claim(w->s, w->account, NULL, NULL);
    if (!e)
        return;
    ok(outbox_sending(w->s, e->id, &err));
    note_transmission(w); /* the final dot */
    ((Recipient *)e->recipients->pdata[0])->state = RECIPIENT_ACCEPTED;
    ok(outbox_result(w->s, e, OUTBOX_SENT, "250 ok", 0, &err));
}

static void queue_and_send(World *w)
{
    g_autoptr(OutboxEntry) e = letter_entry(w);
    ok(outbox_add(w->s, e, letter, strlen(letter), &err));
    submit(w);
}

static void verify_letter(World *w)
{
    rescan_all(w);
    g_autoptr(Folder) drafts = folder_by_role(w->s, w->account, ROLE_DRAFTS);
    ok(folder_rescan(w->s, drafts->id, NULL, &err));
    submit(w); /* what was only queued goes out by itself */
    g_assert_cmpuint(transmissions(w), <=, 1);
    g_autoptr(GPtrArray) left = outbox_list(w->s, 0, NULL);
    g_assert_cmpuint(left->len, <=, 1);
    guint in_drafts = shown_count(w->s, drafts->id);
    if (left->len == 1) {
        const OutboxEntry *e = left->pdata[0];
        /* Sent perhaps: then it asks. Not queued for certain: the draft is still there. */
        if (e->state == OUTBOX_UNKNOWN) {
            g_assert_cmpuint(in_drafts, ==, 0);
            ok(transmissions(w) ? outbox_consider_sent(w->s, e->id, &err)
                                : outbox_requeue(w->s, e->id, &err));
            submit(w);
        } else {
            g_assert_cmpint(e->state, ==, OUTBOX_REFUSED);
            g_assert_cmpuint(in_drafts, ==, 1);
            g_assert_cmpuint(transmissions(w), ==, 0);
            g_autoptr(GBytes) back = outbox_take_back(w->s, e->id, NULL, NULL);
            g_assert_cmpuint(g_bytes_get_size(back), ==, strlen(letter));
        }
    }
    rescan_all(w);
    in_drafts = shown_count(w->s, drafts->id);
    guint in_sent = shown_count(w->s, w->sent);
    g_assert_cmpuint(in_drafts + in_sent, ==, 1); /* the letter is in one place */
    g_assert_cmpuint(transmissions(w), ==, in_sent);
    g_assert_cmpuint(mails_of(w, w->sent), ==, in_sent);
    g_assert_cmpuint(mails_of(w, drafts->id), ==, in_drafts);
    g_assert_cmpuint(flags_of(w->s, first_of(w->s, w->inbox)), ==, in_sent ? FLAG_ANSWERED : 0);
    g_assert_cmpuint(outbox_count(w->s), ==, 0);
    g_autofree char *outbox = g_build_filename(w->directory, "outbox", NULL);
    g_assert_cmpuint(files_in(outbox, ".eml"), ==, 0);
}

static void test_outbox(void)
{
    sweep("outbox", prepare_letter, queue_and_send, verify_letter, 12);
}

/* ---- changes of local mail ---- */
#define MAILS 4

static void prepare_mail(World *w)
{
    for (int i = 0; i < MAILS; i++) {
        g_autofree char *text = mail_text(i, "change", "body");
        ok(message_append(w->s, w->inbox, text, strlen(text), 0, 0, &err));
    }
}

static void change_all(World *w)
{
    g_autoptr(GArray) ids = list_all(w->s, w->inbox, SORT_DATE, TRUE, NULL, NULL);
    const gint64 *p = (const gint64 *)(const void *)ids->data;
    Change flag = {CHANGE_FLAGS, p, ids->len, FLAG_FLAGGED, 0, 0};
    Change move = {CHANGE_MOVE, p, 2, 0, 0, w->archive};
    Change purge = {CHANGE_PURGE, p + 2, 1, 0, 0, 0};
    ok(change_commit(w->s, &flag, &err));
    ok(change_commit(w->s, &move, &err));
    ok(change_commit(w->s, &purge, &err));
}

static void verify_changes(World *w)
{
    rescan_all(w);
    guint inbox = shown_count(w->s, w->inbox), archive = shown_count(w->s, w->archive);
    guint all = inbox + archive;
    /* Everything once, except what the person had deleted for good. */
    g_assert_cmpuint(all, >=, MAILS - 1);
    g_assert_cmpuint(all, <=, MAILS);
    g_assert_cmpuint(mails_of(w, w->inbox), ==, inbox);
    g_assert_cmpuint(mails_of(w, w->archive), ==, archive);
    guint found = 0;
    for (int i = 0; i < MAILS; i++) {
        g_autofree char *id = g_strdup_printf("m%d@example.org", i);
        found += placement_by_message_id(w->s, w->account, id) != 0;
    }
    g_assert_cmpuint(found, ==, all);
}

static void test_change(void)
{
    sweep("change", prepare_mail, change_all, verify_changes, 15);
}

static void append_one(World *w)
{
    g_autofree char *text = mail_text(7, "append", "body");
    ok(message_append(w->s, w->archive, text, strlen(text), FLAG_SEEN, 0, &err));
}

static void verify_append(World *w)
{
    rescan_all(w);
    guint n = shown_count(w->s, w->archive);
    g_assert_cmpuint(n, <=, 1);
    g_assert_cmpuint(mails_of(w, w->archive), ==, n);
}

static void test_append(void)
{
    sweep("append", nothing, append_one, verify_append, 5);
}

/* ---- replay of operations ---- */
/* A server in a file: one line per message, "UID FOLDER FLAGS". A MOVE makes a new line. */
static gint64 work_account(World *w, gint64 *inbox, gint64 *archive)
{
    return imap_account(w->s, inbox, archive);
}

static char *server_path(World *w)
{
    return g_build_filename(w->directory, "server", NULL);
}

static void prepare_replay(World *w)
{
    gint64 inbox, archive;
    gint64 account = work_account(w, &inbox, &archive);
    add_mail(w->s, inbox, 1, 1, "one", 0);
    add_mail(w->s, inbox, 2, 2, "two", 0);
    do_change(w->s, CHANGE_FLAGS, placement_at(w->s, inbox, 1), FLAG_SEEN, 0, 0);
    do_change(w->s, CHANGE_MOVE, placement_at(w->s, inbox, 1), 0, 0, archive);
    do_change(w->s, CHANGE_FLAGS, placement_at(w->s, inbox, 2), FLAG_FLAGGED, 0, 0);
    g_assert_true(ops_waiting(w->s, account));
    g_autofree char *path = server_path(w);
    g_assert_true(g_file_set_contents(path, "", 0, NULL));
}

/* What a worker does: in flight ones are looked up at the server before anything is repeated. Without
 * MOVE a copy is made, and the deletion that is left is an operation of its own ("d"). */
static void replay_with(World *w, gboolean by_copy)
{
    gint64 inbox, archive;
    gint64 account = work_account(w, &inbox, &archive);
    g_autofree char *path = server_path(w);
    for (int i = 0; i < 20; i++) {
        g_autoptr(OpBatch) b = ops_next(w->s, account, 10, NULL);
        if (!b)
            return;
        g_autofree char *moved = NULL;
        g_assert_true(g_file_get_contents(path, &moved, NULL, NULL));
        guint item = 0;
        guint32 uid = 10;
        if (b->kind == OP_MOVE && b->state == OP_INFLIGHT && !*moved) {
            ok(ops_requeue(w->s, b, &err));
            continue;
        }
        if (b->kind == OP_MOVE && b->state != OP_INFLIGHT) {
            ok(ops_mark_inflight(w->s, b, 100, 10, &err));
            g_autofree char *more = g_strconcat(moved, "m", NULL);
            g_assert_true(g_file_set_contents(path, more, -1, NULL));
        }
        g_assert_cmpuint(b->items->len, ==, 1);
        if (b->kind == OP_PURGE && !strchr(moved, 'd')) {
            g_assert_cmpuint(g_array_index(b->items, OpItem, 0).uid, ==, 1);
            g_autofree char *more = g_strconcat(moved, "d", NULL);
            g_assert_true(g_file_set_contents(path, more, -1, NULL));
        }
        if (b->kind == OP_MOVE && by_copy)
            ok(ops_copied(w->s, b, &item, 1, &uid, 100, &err));
        else
            ok(ops_done(w->s, b, &item, 1, &uid, 100, &err));
    }
    g_assert_not_reached();
}

static void replay_all(World *w)
{
    replay_with(w, FALSE);
}

static void replay_copying(World *w)
{
    replay_with(w, TRUE);
}

static void verify_with(World *w, gboolean by_copy)
{
    replay_with(w, by_copy);
    gint64 inbox, archive;
    gint64 account = work_account(w, &inbox, &archive);
    g_autofree char *path = server_path(w);
    g_autofree char *moved = NULL;
    g_assert_true(g_file_get_contents(path, &moved, NULL, NULL));
    g_assert_cmpstr(moved, ==, by_copy ? "md" : "m"); /* once */
    g_assert_false(ops_waiting(w->s, account));
    g_assert_cmpuint(shown_count(w->s, inbox), ==, 1);
    g_assert_cmpuint(shown_count(w->s, archive), ==, 1);
    g_assert_cmpuint(flags_of(w->s, placement_at(w->s, archive, 10)), ==, FLAG_SEEN);
    g_assert_cmpuint(flags_of(w->s, placement_at(w->s, inbox, 2)), ==, FLAG_FLAGGED);
}

static void verify_replay(World *w)
{
    verify_with(w, FALSE);
}

static void verify_copying(World *w)
{
    verify_with(w, TRUE);
}

static void test_ops(void)
{
    sweep("ops", prepare_replay, replay_all, verify_replay, 12);
    sweep("ops", prepare_replay, replay_copying, verify_copying, 16);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/store/crash/pop3", test_pop3);
    g_test_add_func("/store/crash/outbox", test_outbox);
    g_test_add_func("/store/crash/change", test_change);
    g_test_add_func("/store/crash/append", test_append);
    g_test_add_func("/store/crash/ops", test_ops);
    return g_test_run();
}
