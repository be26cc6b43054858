/* test_lists.c - orders, pages, changes since, threads, and that every order is an index. */
#include "fixture.h"
#include "private.h"

static gint64 inbox, archive, account;

static void start(Fixture *f)
{
    account = imap_account(f->s, &inbox, &archive);
}

static void test_orders(Fixture *f, gconstpointer data)
{
    start(f);
    static const char *const subjects[] = {"Zebra", "apple", "Re: Mango", "Ärger", "apple"};
    for (int i = 0; i < 5; i++)
        add_mail(f->s, inbox, (guint32)i + 1, i, subjects[i], 0);
    static const int by_subject[] = {1, 4, 3, 2, 0};
    for (int reverse = 0; reverse < 2; reverse++) {
        for (SortKey key = SORT_DATE; key <= SORT_ARRIVAL; key++) {
            g_autoptr(GArray) all = list_all(f->s, inbox, key, reverse, NULL, NULL);
            g_autoptr(GArray) first = list_first(f->s, inbox, key, reverse, 2, NULL);
            g_assert_cmpuint(all->len, ==, 5);
            g_assert_cmpuint(first->len, ==, 2);
            for (guint i = 0; i < 5; i++) {
                guint at = reverse ? 4 - i : i;
                guint n = key == SORT_SUBJECT ? (guint)by_subject[at] : at;
                g_assert_cmpint(g_array_index(all, gint64, i), ==,
                                placement_at(f->s, inbox, n + 1));
            }
            g_assert_cmpint(g_array_index(first, gint64, 1), ==, g_array_index(all, gint64, 1));
        }
    }
}

static void test_gone_rows(Fixture *f, gconstpointer data)
{
    start(f);
    add_mail(f->s, inbox, 1, 1, "x", 0);
    gint64 ids[] = {placement_at(f->s, inbox, 1), 424242, placement_at(f->s, inbox, 1)};
    g_autoptr(GPtrArray) rows = rows_get(f->s, ids, 3, NULL);
    g_assert_cmpuint(rows->len, ==, 3);
    g_assert_nonnull(rows->pdata[0]);
    g_assert_null(rows->pdata[1]);
    g_assert_nonnull(rows->pdata[2]);
}

static gboolean has(const GArray *ids, gint64 id)
{
    for (guint i = 0; i < ids->len; i++) {
        if (g_array_index(ids, gint64, i) == id)
            return TRUE;
    }
    return FALSE;
}

static void test_changes(Fixture *f, gconstpointer data)
{
    start(f);
    add_mail(f->s, inbox, 1, 1, "a", 0);
    add_mail(f->s, inbox, 2, 2, "b", 0);
    gint64 a = placement_at(f->s, inbox, 1), b = placement_at(f->s, inbox, 2);
    gint64 since = store_change_seq(f->s);
    g_autoptr(ListChanges) none = list_changes(f->s, inbox, since, NULL);
    g_assert_cmpuint(none->added->len + none->changed->len + none->removed->len, ==, 0);
    g_assert_cmpint(none->seq, ==, since);
    add_mail(f->s, inbox, 3, 3, "c", 0);
    gint64 c = placement_at(f->s, inbox, 3);
    do_change(f->s, CHANGE_FLAGS, a, FLAG_SEEN, 0, 0);
    gint64 move = do_change(f->s, CHANGE_MOVE, b, 0, 0, archive);
    g_autoptr(ListChanges) some = list_changes(f->s, inbox, since, NULL);
    g_assert_true(some->added->len == 1 && has(some->added, c));
    g_assert_true(some->changed->len == 1 && has(some->changed, a));
    g_assert_true(some->removed->len == 1 && has(some->removed, b));
    /* Gone and back: for who knew it, changed; for who looked in between, added. */
    gint64 between = store_change_seq(f->s);
    ok(change_undo(f->s, move, &err));
    g_autoptr(ListChanges) known = list_changes(f->s, inbox, since, NULL);
    g_assert_true(has(known->changed, b) && !has(known->added, b) && !has(known->removed, b));
    g_autoptr(ListChanges) looked = list_changes(f->s, inbox, between, NULL);
    g_assert_true(has(looked->added, b) && looked->removed->len == 0);
    /* Came and went unseen: nothing to tell. */
    gint64 now = store_change_seq(f->s);
    add_mail(f->s, inbox, 4, 4, "d", 0);
    guint32 uid = 4;
    ok(placements_vanished(f->s, inbox, &uid, 1, &err));
    g_autoptr(ListChanges) unseen = list_changes(f->s, inbox, now, NULL);
    g_assert_cmpuint(unseen->added->len + unseen->changed->len + unseen->removed->len, ==, 0);
}

/* A view that only ever applies changes holds the same set as the list. */
static void test_changes_random(Fixture *f, gconstpointer data)
{
    start(f);
    g_autoptr(GRand) random = g_rand_new_with_seed(4711);
    g_autoptr(GHashTable) view = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    gint64 since = 0;
    guint32 next = 1;
    for (int round = 0; round < 150; round++) {
        for (int i = g_rand_int_range(random, 0, 4); i >= 0; i--) {
            g_autoptr(GArray) ids = list_all(f->s, inbox, SORT_DATE, TRUE, NULL, NULL);
            int what = ids->len ? g_rand_int_range(random, 0, 4) : 0;
            gint64 p = ids->len ? g_array_index(ids, gint64,
                                                (guint)g_rand_int_range(random, 0, (int)ids->len))
                                : 0;
            guint32 uid = 0;
            if (what == 0) {
                add_mail(f->s, inbox, next, (int)next, "x", 0);
                next++;
            } else if (what == 1) {
                do_change(f->s, CHANGE_FLAGS, p, FLAG_SEEN, 0, 0);
            } else if (what == 2) {
                gint64 group = do_change(f->s, CHANGE_MOVE, p, 0, 0, archive);
                if (g_rand_boolean(random))
                    ok(change_undo(f->s, group, &err));
            } else if (placement_locate(f->s, p, NULL, &uid, NULL, NULL) && uid) {
                ok(placements_vanished(f->s, inbox, &uid, 1, &err));
            }
        }
        g_autoptr(ListChanges) c = list_changes(f->s, inbox, since, NULL);
        g_assert_false(c->all);
        for (guint i = 0; i < c->removed->len; i++)
            g_assert_true(g_hash_table_remove(view, &g_array_index(c->removed, gint64, i)));
        for (guint i = 0; i < c->changed->len; i++)
            g_assert_true(g_hash_table_contains(view, &g_array_index(c->changed, gint64, i)));
        for (guint i = 0; i < c->added->len; i++) {
            gint64 *key = g_new(gint64, 1);
            *key = g_array_index(c->added, gint64, i);
            g_assert_true(g_hash_table_add(view, key));
        }
        since = c->seq;
        g_assert_cmpuint(g_hash_table_size(view), ==, shown_count(f->s, inbox));
    }
}

static void test_too_many_changes(Fixture *f, gconstpointer data)
{
    start(f);
    for (int i = 0; i < 2100; i++)
        add_mail(f->s, inbox, (guint32)i + 1, i, "x", 0);
    g_autoptr(ListChanges) c = list_changes(f->s, inbox, 0, NULL);
    g_assert_true(c->all);
}

static void add_threaded(Fixture *f, guint32 uid, const char *id, const char *references)
{
    g_autofree char *text = g_strdup_printf("From: a@example.org\nSubject: t\nMessage-ID: <%s>\n"
                                            "References: %s\n\n",
                                            id, references);
    g_autoptr(Envelope) e = envelope_parse(text, strlen(text));
    FetchedMessage m = {uid, 0, e, uid, 1800000000, NULL};
    ok(placements_add(f->s, inbox, &m, 1, &err));
}

static gint64 thread_at(Fixture *f, guint32 uid)
{
    g_autoptr(Row) r = row_of(f->s, placement_at(f->s, inbox, uid));
    return r->thread;
}

static void test_threads(Fixture *f, gconstpointer data)
{
    start(f);
    add_threaded(f, 1, "a@x", "");
    add_threaded(f, 2, "c@x", "<b@x>"); /* b has not come yet */
    add_threaded(f, 3, "z@x", "");
    g_assert_cmpint(thread_at(f, 1), !=, thread_at(f, 2));
    gint64 since = store_change_seq(f->s);
    add_threaded(f, 4, "b@x", "<a@x>"); /* joins both */
    g_assert_cmpint(thread_at(f, 1), ==, thread_at(f, 2));
    g_assert_cmpint(thread_at(f, 4), ==, thread_at(f, 2));
    g_assert_cmpint(thread_at(f, 3), !=, thread_at(f, 1));
    g_autoptr(ListChanges) c = list_changes(f->s, inbox, since, NULL);
    g_assert_cmpuint(c->changed->len, ==, 1); /* the one whose thread is another now */
}

static void test_hostile_envelope(Fixture *f, gconstpointer data)
{
    start(f);
    g_autoptr(GString) text = g_string_new("Subject: ");
    for (int i = 0; i < 20000; i++)
        g_string_append(text, "\xc3\xa4\x1f\x1e");
    g_string_append(text, "\nTo: ");
    for (int i = 0; i < 5000; i++)
        g_string_append_printf(text, "\x1e N%d\x1f <n%d@example.org>,", i, i);
    g_string_append(text, " x@example.org\n\n");
    g_autoptr(Envelope) e = envelope_parse(text->str, text->len);
    FetchedMessage m = {1, 0, e, 1, 1800000000, NULL};
    ok(placements_add(f->s, inbox, &m, 1, &err));
    g_autoptr(Row) r = row_of(f->s, placement_at(f->s, inbox, 1));
    g_assert_true(g_utf8_validate(r->subject, -1, NULL));
    g_assert_cmpuint(strlen(r->subject), <=, 8192);
    g_autoptr(Envelope) back = message_envelope(f->s, r->message, NULL);
    g_assert_cmpuint(back->to->len, >, 100);
}

static void test_envelope_from_columns(Fixture *f, gconstpointer data)
{
    start(f);
    const char *text = "From: \"Ruiz, Ana\" <ana@example.org>\nSender: s@example.org\n"
                       "Reply-To: r@example.org\nTo: a@example.com, B <b@example.com>\n"
                       "Cc: c@example.com\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n"
                       "Date: Thu, 19 Nov 2026 12:00:00 +0230\nMessage-ID: <i@example.org>\n"
                       "In-Reply-To: <p@example.org>\nReferences: <o@example.org> <p@example.org>\n"
                       "List-Id: L <l.example.org>\nList-Post: <mailto:l@example.org>\n\n";
    g_autoptr(Envelope) e = envelope_parse(text, strlen(text));
    FetchedMessage m = {1, 0, e, 1, 1800000000, NULL};
    ok(placements_add(f->s, inbox, &m, 1, &err));
    g_autoptr(Row) r = row_of(f->s, placement_at(f->s, inbox, 1));
    g_autoptr(Envelope) b = message_envelope(f->s, r->message, NULL);
    g_assert_cmpstr(b->subject, ==, e->subject);
    g_assert_cmpint(b->date, ==, e->date);
    g_assert_cmpint(b->zone_minutes, ==, e->zone_minutes);
    g_assert_cmpstr(b->message_id, ==, e->message_id);
    g_assert_cmpstr(b->in_reply_to, ==, e->in_reply_to);
    g_assert_cmpstr(b->list_id, ==, e->list_id);
    g_assert_cmpstr(b->list_post, ==, e->list_post);
    GPtrArray *ours[] = {e->from, e->sender, e->reply_to, e->to, e->cc, e->bcc, e->references};
    GPtrArray *theirs[] = {b->from, b->sender, b->reply_to, b->to, b->cc, b->bcc, b->references};
    for (guint i = 0; i < G_N_ELEMENTS(ours); i++)
        g_assert_cmpuint(ours[i]->len, ==, theirs[i]->len);
    g_assert_cmpstr(((Address *)b->from->pdata[0])->name, ==, "Ruiz, Ana");
    g_assert_cmpstr(r->from, ==, "Ruiz, Ana");
}

/* No order of a list may sort or scan: 100,000 rows or one, the same few pages are read. */
static void test_plans(Fixture *f, gconstpointer data)
{
    static const char *const orders[] = {"date DESC, id DESC",
                                         "sort_from DESC, date DESC, id DESC",
                                         "sort_subject DESC, date DESC, id DESC",
                                         "size DESC, id DESC",
                                         "received DESC, id DESC",
                                         "date, id",
                                         "size, id"};
    for (guint i = 0; i < G_N_ELEMENTS(orders); i++) {
        g_autofree char *sql = g_strdup_printf(
            "EXPLAIN QUERY PLAN SELECT id FROM placement WHERE folder = 1 AND shown = 1"
            " ORDER BY %s LIMIT 50",
            orders[i]);
        sqlite3_stmt *st = db_query(&f->s->db, sql, "");
        guint n = 0;
        while (db_step(&f->s->db, st)) {
            const char *detail = db_peek(st, 3);
            g_assert_nonnull(strstr(detail, "USING COVERING INDEX placement_"));
            g_assert_null(strstr(detail, "TEMP B-TREE"));
            n++;
        }
        g_assert_cmpuint(n, ==, 1);
    }
    g_assert_true(db_ok(&f->s->db, NULL));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST("/store/list/orders", test_orders);
    TEST("/store/list/gone-rows", test_gone_rows);
    TEST("/store/list/changes", test_changes);
    TEST("/store/list/changes-random", test_changes_random);
    TEST("/store/list/too-many-changes", test_too_many_changes);
    TEST("/store/list/threads", test_threads);
    TEST("/store/list/hostile-envelope", test_hostile_envelope);
    TEST("/store/list/envelope-from-columns", test_envelope_from_columns);
    TEST("/store/list/plans", test_plans);
    return g_test_run();
}
