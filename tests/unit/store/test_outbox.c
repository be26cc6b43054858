/* test_outbox.c - states of what is on its way out. */
#include "fixture.h"

static gint64 account, sent;

static void start(Fixture *f, StoredAccountKind kind)
{
    account = account_ensure(f->s, "home", kind, NULL, NULL);
    sent = folder_for_role(f->s, account, ROLE_SENT, "Sent", NULL);
    g_assert_cmpint(sent, >, 0);
}

static OutboxEntry *entry_new(void)
{
    OutboxEntry *e = g_new0(OutboxEntry, 1);
    e->account = account;
    e->from = g_strdup("ada@example.com");
    e->recipients = g_ptr_array_new_with_free_func((GDestroyNotify)recipient_free);
    static const char *const to[] = {"grace@example.org", "linus@example.org"};
    for (guint i = 0; i < 2; i++) {
        Recipient *r = g_new0(Recipient, 1);
        r->address = g_strdup(to[i]);
        r->words = g_strdup("");
        g_ptr_array_add(e->recipients, r);
    }
    e->subject = g_strdup("hello");
    e->message_id = g_strdup("o1@example.com");
    e->sent_folder = sent;
    return e;
}

static const char text[] =
    "From: ada@example.com\r\nSubject: hello\r\nMessage-ID: <o1@example.com>\r\n\r\nhi\r\n";

static gint64 queue(Fixture *f, gint64 answers, gint64 draft)
{
    g_autoptr(OutboxEntry) e = entry_new();
    e->answers = answers;
    e->draft = draft;
    gint64 id = 0;
    ok(id = outbox_add(f->s, e, text, strlen(text), &err));
    return id;
}

static void set_all(OutboxEntry *e, RecipientState state)
{
    for (guint i = 0; i < e->recipients->len; i++)
        ((Recipient *)e->recipients->pdata[i])->state = state;
}

static OutboxState state_of(Fixture *f, gint64 id)
{
    g_autoptr(OutboxEntry) e = outbox_get(f->s, id, NULL);
    g_assert_nonnull(e);
    return e->state;
}

static void test_sent(Fixture *f, gconstpointer data)
{
    start(f, STORED_LOCAL);
    g_autoptr(Folder) drafts = folder_by_role(f->s, account, ROLE_DRAFTS);
    g_autoptr(Folder) inbox = folder_by_role(f->s, account, ROLE_INBOX);
    gint64 draft = 0, original = 0;
    ok(draft = message_append(f->s, drafts->id, text, strlen(text), FLAG_DRAFT, 0, &err));
    ok(original = message_append(f->s, inbox->id, "Subject: q\n\n?\n", 14, 0, 0, &err));
    gint64 id = queue(f, original, draft);
    g_assert_cmpuint(shown_count(f->s, drafts->id), ==, 0);
    g_assert_cmpuint(outbox_count(f->s), ==, 1);
    reopen(f);
    gint64 next = 1;
    g_autoptr(OutboxEntry) e = outbox_claim(f->s, account, &next, NULL);
    g_assert_cmpint(e->id, ==, id);
    g_assert_cmpint(next, ==, 0);
    g_autofree char *content = NULL;
    g_assert_true(g_file_get_contents(e->path, &content, NULL, NULL));
    g_assert_cmpstr(content, ==, text);
    g_assert_null(outbox_claim(f->s, account, NULL, NULL)); /* it is ours already */
    ok(outbox_sending(f->s, id, &err));
    set_all(e, RECIPIENT_ACCEPTED);
    ok(outbox_result(f->s, e, OUTBOX_SENT, "250 ok", 0, &err));
    g_assert_cmpint(state_of(f, id), ==, OUTBOX_SENT);
    g_assert_cmpuint(outbox_count(f->s), ==, 0);
    g_assert_cmpuint(shown_count(f->s, sent), ==, 1);
    g_assert_cmpuint(flags_of(f->s, original), ==, FLAG_ANSWERED);
    g_assert_false(g_file_test(e->path, G_FILE_TEST_EXISTS));
}

static void test_imap_consequences(Fixture *f, gconstpointer data)
{
    start(f, STORED_IMAP);
    gint64 id = queue(f, 0, 0);
    g_autoptr(OutboxEntry) e = outbox_claim_id(f->s, id, NULL);
    g_assert_nonnull(e);
    set_all(e, RECIPIENT_ACCEPTED);
    ok(outbox_result(f->s, e, OUTBOX_SENT, "", 0, &err));
    g_assert_cmpuint(shown_count(f->s, sent), ==, 1);
    g_autoptr(OpBatch) b = ops_next(f->s, account, 10, NULL);
    g_assert_cmpint(b->kind, ==, OP_APPEND);
    g_assert_true(g_array_index(b->items, OpItem, 0).flags & FLAG_SEEN);
}

static void test_per_recipient(Fixture *f, gconstpointer data)
{
    start(f, STORED_LOCAL);
    gint64 id = queue(f, 0, 0);
    g_autoptr(OutboxEntry) e = outbox_claim_id(f->s, id, NULL);
    ((Recipient *)e->recipients->pdata[0])->state = RECIPIENT_ACCEPTED;
    ok(outbox_result(f->s, e, OUTBOX_SENT, "450 later", 4000000000, &err));
    g_assert_cmpint(state_of(f, id), ==, OUTBOX_QUEUED);
    g_assert_cmpuint(shown_count(f->s, sent), ==, 1);
    gint64 next = 0;
    g_assert_null(outbox_claim(f->s, account, &next, NULL));
    g_assert_cmpint(next, ==, 4000000000);
    ok(outbox_requeue(f->s, id, &err));
    g_autoptr(OutboxEntry) again = outbox_claim(f->s, account, &next, NULL);
    g_assert_cmpint(((Recipient *)again->recipients->pdata[0])->state, ==, RECIPIENT_ACCEPTED);
    g_assert_cmpint(((Recipient *)again->recipients->pdata[1])->state, ==, RECIPIENT_WAITING);
    Recipient *second = again->recipients->pdata[1];
    second->state = RECIPIENT_REFUSED;
    g_free(second->words);
    second->words = g_strdup("550 no such user");
    ok(outbox_result(f->s, again, OUTBOX_REFUSED, "550", 0, &err));
    g_assert_cmpuint(shown_count(f->s, sent), ==, 1); /* one copy, not two */
    g_autoptr(OutboxEntry) now = outbox_get(f->s, id, NULL);
    g_assert_cmpint(now->state, ==, OUTBOX_REFUSED);
    g_assert_cmpuint(now->attempts, ==, 2);
    g_assert_cmpstr(((Recipient *)now->recipients->pdata[1])->words, ==, "550 no such user");
    g_assert_cmpuint(outbox_count(f->s), ==, 1);
}

static void test_unknown(Fixture *f, gconstpointer data)
{
    start(f, STORED_LOCAL);
    gint64 id = queue(f, 0, 0);
    g_autoptr(OutboxEntry) e = outbox_claim_id(f->s, id, NULL);
    ok(outbox_sending(f->s, id, &err));
    reopen(f); /* the process that sent it is gone */
    g_assert_cmpint(state_of(f, id), ==, OUTBOX_UNKNOWN);
    g_assert_null(outbox_claim(f->s, account, NULL, NULL)); /* never repeated by itself */
    ok(outbox_consider_sent(f->s, id, &err));
    g_assert_cmpint(state_of(f, id), ==, OUTBOX_SENT);
    g_assert_cmpuint(shown_count(f->s, sent), ==, 1);
    gint64 other = queue(f, 0, 0);
    g_autoptr(OutboxEntry) o = outbox_claim_id(f->s, other, NULL);
    ok(outbox_sending(f->s, other, &err));
    reopen(f);
    ok(outbox_requeue(f->s, other, &err));
    g_autoptr(OutboxEntry) again = outbox_claim(f->s, account, NULL, NULL);
    g_assert_cmpint(again->id, ==, other);
}

static void test_take_back(Fixture *f, gconstpointer data)
{
    start(f, STORED_LOCAL);
    gint64 id = queue(f, 0, 0);
    g_autoptr(OutboxEntry) claimed = outbox_claim_id(f->s, id, NULL);
    GError *err = NULL;
    g_assert_null(outbox_take_back(f->s, id, NULL, &err));
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_REFUSED);
    g_clear_error(&err);
    ok(outbox_result(f->s, claimed, OUTBOX_QUEUED, "421 later", 0, &err));
    g_autoptr(OutboxEntry) e = NULL;
    g_autoptr(GBytes) bytes = outbox_take_back(f->s, id, &e, &err);
    g_assert_no_error(err);
    g_assert_cmpmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), text, strlen(text));
    g_assert_cmpuint(e->recipients->len, ==, 2);
    g_assert_cmpuint(outbox_count(f->s), ==, 0);
    g_assert_null(outbox_get(f->s, id, &err));
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_GONE);
    g_clear_error(&err);
    reopen(f);
    g_assert_cmpuint(outbox_count(f->s), ==, 0);
}

static void test_database_lost(Fixture *f, gconstpointer data)
{
    start(f, STORED_LOCAL);
    queue(f, 0, 0);
    close_store(f);
    g_autofree char *db = g_build_filename(f->directory, "store.db", NULL);
    g_assert_cmpint(g_unlink(db), ==, 0);
    open_store(f);
    g_autoptr(GPtrArray) list = outbox_list(f->s, 0, NULL);
    g_assert_cmpuint(list->len, ==, 1);
    const OutboxEntry *e = list->pdata[0];
    g_assert_cmpint(e->state, ==, OUTBOX_REFUSED); /* nothing goes by itself after that */
    g_assert_cmpstr(e->from, ==, "ada@example.com");
    g_assert_cmpuint(e->recipients->len, ==, 2);
    g_assert_cmpstr(e->subject, ==, "hello");
}

static void test_file_gone(Fixture *f, gconstpointer data)
{
    start(f, STORED_LOCAL);
    gint64 id = queue(f, 0, 0);
    g_autoptr(OutboxEntry) e = outbox_get(f->s, id, NULL);
    g_assert_cmpint(g_unlink(e->path), ==, 0);
    GError *err = NULL;
    g_assert_null(outbox_claim(f->s, account, NULL, &err));
    g_assert_no_error(err);
    g_autoptr(OutboxEntry) now = outbox_get(f->s, id, NULL);
    g_assert_cmpint(now->state, ==, OUTBOX_REFUSED);
    g_assert_nonnull(strstr(now->words, e->path));
}

static const Recipient *nth(const OutboxEntry *e, guint i)
{
    return e->recipients->pdata[i];
}

/* Mail to one person arrives in the order in which it was written; others need not wait for them. */
static void test_order(Fixture *f, gconstpointer data)
{
    start(f, STORED_LOCAL);
    gint64 first = queue(f, 0, 0), second = queue(f, 0, 0), third;
    g_autoptr(OutboxEntry) e = outbox_claim(f->s, account, NULL, NULL);
    g_assert_cmpint(e->id, ==, first);
    g_assert_false(nth(e, 0)->held);
    ((Recipient *)e->recipients->pdata[1])->state = RECIPIENT_ACCEPTED; /* linus has it, grace later */
    ok(outbox_result(f->s, e, OUTBOX_QUEUED, "450 later", 4000000000, &err));
    gint64 next = 0;
    g_autoptr(OutboxEntry) linus = outbox_claim(f->s, account, &next, NULL);
    g_assert_cmpint(linus->id, ==, second);
    g_assert_cmpint(next, ==, 4000000000);
    g_assert_true(nth(linus, 0)->held);
    g_assert_false(nth(linus, 1)->held);
    ((Recipient *)linus->recipients->pdata[1])->state = RECIPIENT_ACCEPTED;
    ok(outbox_result(f->s, linus, OUTBOX_SENT, "", 0, &err));
    g_assert_cmpint(state_of(f, second), ==, OUTBOX_QUEUED); /* for grace */
    g_autoptr(OutboxEntry) upper = entry_new();
    g_ptr_array_remove_index(upper->recipients, 1);
    g_free(((Recipient *)upper->recipients->pdata[0])->address);
    ((Recipient *)upper->recipients->pdata[0])->address = g_strdup("Grace@Example.org");
    ok(third = outbox_add(f->s, upper, text, strlen(text), &err));
    g_assert_null(outbox_claim(f->s, account, NULL, NULL)); /* second and third wait for the first */
    ok(outbox_requeue(f->s, first, &err));
    gint64 expected[] = {first, second, third};
    for (guint i = 0; i < 3; i++) {
        g_autoptr(OutboxEntry) turn = outbox_claim(f->s, account, NULL, NULL);
        g_assert_nonnull(turn);
        g_assert_cmpint(turn->id, ==, expected[i]);
        ok(outbox_sending(f->s, turn->id, &err));
        g_assert_null(outbox_claim(f->s, account, NULL, NULL));
        set_all(turn, RECIPIENT_ACCEPTED);
        ok(outbox_result(f->s, turn, OUTBOX_SENT, "", 0, &err));
    }
}

/* One that is to be sent tomorrow holds nobody up, and goes when its time has come. */
static void test_send_later(Fixture *f, gconstpointer data)
{
    start(f, STORED_LOCAL);
    g_autoptr(OutboxEntry) later = entry_new();
    later->not_before = 4000000000;
    gint64 tomorrow, now, next = 0;
    ok(tomorrow = outbox_add(f->s, later, text, strlen(text), &err));
    now = queue(f, 0, 0);
    g_autoptr(OutboxEntry) e = outbox_claim(f->s, account, &next, NULL);
    g_assert_cmpint(e->id, ==, now);
    g_assert_cmpint(next, ==, 4000000000);
    g_setenv("PINTAIL_NOW", "4000000000", TRUE);
    g_autoptr(OutboxEntry) due = outbox_claim(f->s, account, &next, NULL);
    g_unsetenv("PINTAIL_NOW");
    g_assert_nonnull(due);
    g_assert_cmpint(due->id, ==, tomorrow);
}

/* The server's last words and the request for reports stay with the message. */
static void test_what_became_of_it(Fixture *f, gconstpointer data)
{
    start(f, STORED_LOCAL);
    g_assert_null(outbox_sent_as(f->s, "o1@example.com", NULL));
    g_autoptr(OutboxEntry) asked = entry_new();
    asked->notify = OUTBOX_NOTIFY_SUCCESS | OUTBOX_NOTIFY_DELAY;
    gint64 id;
    ok(id = outbox_add(f->s, asked, text, strlen(text), &err));
    g_autoptr(OutboxEntry) e = outbox_claim_id(f->s, id, NULL);
    g_assert_cmpuint(e->notify, ==, asked->notify);
    g_assert_null(outbox_sent_as(f->s, "o1@example.com", NULL)); /* not yet */
    set_all(e, RECIPIENT_ACCEPTED);
    g_free(e->via);
    e->via = g_strdup("mail.example.com");
    ok(outbox_result(f->s, e, OUTBOX_SENT, "2.0.0 queued as 4XYZ", 0, &err));
    g_autoptr(OutboxEntry) sent_entry = outbox_sent_as(f->s, "o1@example.com", NULL);
    g_assert_nonnull(sent_entry);
    g_assert_cmpstr(sent_entry->words, ==, "2.0.0 queued as 4XYZ");
    g_assert_cmpstr(sent_entry->via, ==, "mail.example.com");
    g_assert_cmpint(sent_entry->finished, >, 0);
    g_assert_cmpuint(sent_entry->recipients->len, ==, 2);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST("/store/outbox/sent", test_sent);
    TEST("/store/outbox/imap-consequences", test_imap_consequences);
    TEST("/store/outbox/per-recipient", test_per_recipient);
    TEST("/store/outbox/unknown", test_unknown);
    TEST("/store/outbox/take-back", test_take_back);
    TEST("/store/outbox/database-lost", test_database_lost);
    TEST("/store/outbox/file-gone", test_file_gone);
    TEST("/store/outbox/order", test_order);
    TEST("/store/outbox/send-later", test_send_later);
    TEST("/store/outbox/what-became-of-it", test_what_became_of_it);
    return g_test_run();
}
