/* test_conversations.c - threads: hard cases by hand, any order of arrival, what is done with one,
 * and lists by conversations. PINTAIL_SEED repeats a run. */
#include "fixture.h"
#include "pintail/store/thread.h"
#include "private.h"
#include "subject.h"

static gint64 account, inbox, archive;

typedef struct {
    const char *id, *refs, *parent, *subject;
    int day;
} Mail;

static void put(Store *s, gint64 folder, guint32 uid, const Mail *m, guint flags)
{
    GString *h = g_string_new(NULL);
    g_string_append_printf(h, "From: P <p@example.org>\r\nTo: Ada <ada@example.com>\r\nSubject: %s\r\n",
                           m->subject);
    if (m->id)
        g_string_append_printf(h, "Message-ID: <%s@example.org>\r\n", m->id);
    if (m->parent)
        g_string_append_printf(h, "In-Reply-To: <%s@example.org>\r\n", m->parent);
    if (m->refs) {
        g_auto(GStrv) refs = g_strsplit(m->refs, " ", -1);
        g_string_append(h, "References:");
        for (char **r = refs; *r; r++)
            g_string_append_printf(h, " <%s@example.org>", *r);
        g_string_append(h, "\r\n");
    }
    g_string_append(h, "\r\n");
    g_autoptr(Envelope) e = envelope_parse(h->str, h->len);
    e->date = 1700000000 + (gint64)m->day * 86400;
    FetchedMessage f = {uid, flags, e, 1000 + uid, e->date, NULL};
    ok(placements_add(s, folder, &f, 1, &err));
    g_string_free(h, TRUE);
}

static gint64 id_of(Store *s, const char *id)
{
    g_autofree char *whole = g_strdup_printf("%s@example.org", id);
    gint64 p = placement_by_message_id(s, account, whole);
    g_assert_cmpint(p, >, 0);
    return p;
}

/* "a(b(c)d) e": the ids of all threads as trees, threads by their newest, children in brackets. */
static char *shape(Store *s, gint64 folder, gboolean everywhere)
{
    GError *err = NULL;
    GString *text = g_string_new(NULL);
    g_autoptr(GArray) infos = threads_all(s, folder, FALSE, NULL, &err);
    g_assert_no_error(err);
    for (guint i = 0; i < infos->len; i++) {
        const ThreadInfo *info = &g_array_index(infos, ThreadInfo, i);
        g_autoptr(GArray) entries = thread_entries(s, info->thread, folder, everywhere, &err);
        g_assert_no_error(err);
        if (!everywhere)
            g_assert_cmpuint(entries->len, ==, info->total);
        guint depth = 0;
        g_string_append(text, i ? " / " : "");
        for (guint k = 0; k < entries->len; k++) {
            const ThreadEntry *e = &g_array_index(entries, ThreadEntry, k);
            g_assert_cmpuint(e->depth, <=, k ? depth + 1 : 0);
            for (; k && depth < e->depth; depth++)
                g_string_append_c(text, '(');
            for (; depth > e->depth; depth--)
                g_string_append_c(text, ')');
            depth = e->depth;
            g_autoptr(Envelope) env = message_envelope(s, e->message, NULL);
            g_string_append_printf(text, "%s%.*s", k ? " " : "",
                                   (int)strcspn(env->message_id, "@"), env->message_id);
        }
        for (; depth; depth--)
            g_string_append_c(text, ')');
    }
    return g_string_free(text, FALSE);
}

/* The counters that lists are read from agree with the rows. */
static void check_counts(Store *s)
{
    g_assert_cmpint(
        db_number(&s->db, -1,
                  "SELECT count(*) FROM (SELECT folder, thread, newest, total, unread"
                  " FROM folder_thread WHERE total > 0 EXCEPT SELECT p.folder, m.thread,"
                  " max(p.date), count(*), sum(p.shown_flags & 1 = 0) FROM placement p"
                  " JOIN message m ON m.id = p.message WHERE p.shown = 1"
                  " GROUP BY p.folder, m.thread)",
                  ""),
        ==, 0);
    g_assert_cmpint(db_number(&s->db, -1, "SELECT sum(total) FROM folder_thread", ""), ==,
                    db_number(&s->db, -2, "SELECT count(*) FROM placement WHERE shown = 1", ""));
    g_assert_cmpint(db_number(&s->db, -1,
                              "SELECT count(*) FROM message m WHERE thread <> (SELECT r.thread"
                              " FROM thread_ref r WHERE r.account = m.account"
                              " AND r.hash = m.mid_hash)",
                              ""),
                    ==, 0);
}

static void expect(Fixture *f, const char *want)
{
    g_autofree char *got = shape(f->s, inbox, FALSE);
    g_assert_cmpstr(got, ==, want);
    check_counts(f->s);
}

static void put_all(Fixture *f, const Mail *mails, guint n)
{
    account = imap_account(f->s, &inbox, &archive);
    for (guint i = 0; i < n; i++)
        put(f->s, inbox, i + 1, &mails[i], 0);
}

/* ---- subjects ---- */
static void test_subjects(void)
{
    static const struct {
        const char *subject, *bare;
        gboolean reply;
    } cases[] = {
        {"Meeting", "Meeting", FALSE},
        {"Re: Meeting", "Meeting", TRUE},
        {"RE:RE:  re: Meeting", "Meeting", TRUE},
        {"Re[2]: Meeting", "Meeting", TRUE},
        {"Re (3): Meeting", "Meeting", TRUE},
        {"Re^2: Meeting", "Meeting", TRUE},
        {"Fwd: Meeting", "Meeting", FALSE},
        {"Fwd: Re: Meeting", "Meeting", TRUE},
        {"AW: WG: Meeting", "Meeting", TRUE},
        {"[list] Re: Meeting", "Meeting", TRUE},
        {"Re: [list] Re: Meeting", "Meeting", TRUE},
        {"Re: [list] Meeting", "[list] Meeting", TRUE},
        {"[list] Meeting", "[list] Meeting", FALSE},
        {"\xe5\x9b\x9e\xe5\xa4\x8d\xef\xbc\x9aMeeting", "Meeting", TRUE},
        {"Relax", "Relax", FALSE},
        {"Re Meeting", "Re Meeting", FALSE},
        {"Re:", "", TRUE},
        {"", "", FALSE},
        {"[", "[", FALSE},
        {"Re[2", "Re[2", FALSE},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        gboolean reply = FALSE;
        g_assert_cmpstr(subject_bare(cases[i].subject, &reply), ==, cases[i].bare);
        g_assert_cmpint(reply, ==, cases[i].reply);
    }
}

/* ---- hard cases ---- */
static void test_plain(Fixture *f, gconstpointer data)
{
    static const Mail mails[] = {
        {"a", NULL, NULL, "one", 1},       {"b", "a", "a", "Re: one", 2},
        {"c", "a b", "b", "Re: one", 3},   {"d", "a", "a", "Re: one", 4},
        {"e", NULL, NULL, "other", 5},     {"f", NULL, "e", "Re: other", 6},
        {"g", "a b c", "c", "changed", 7},
    };
    put_all(f, mails, G_N_ELEMENTS(mails));
    expect(f, "e( f) / a( b( c( g)) d)");
}

static void test_missing_parent(Fixture *f, gconstpointer data)
{
    static const Mail mails[] = {
        {"c", "a b", "b", "Re: x", 3},
        {"d", "a", "a", "Re: x", 4},
        {"e", "b", "b", "Re: x", 5},
    };
    put_all(f, mails, G_N_ELEMENTS(mails));
    expect(f, "c d e");
    Mail b = {"b", "a", "a", "Re: x", 2}, a = {"a", NULL, NULL, "x", 1};
    put(f->s, inbox, 10, &b, 0);
    expect(f, "b( c e) d");
    put(f->s, inbox, 11, &a, 0);
    expect(f, "a( b( c e) d)");
}

static void test_joined_late(Fixture *f, gconstpointer data)
{
    static const Mail mails[] = {
        {"a", NULL, NULL, "x", 1},
        {"c", "b", NULL, "y", 3},
    };
    put_all(f, mails, G_N_ELEMENTS(mails));
    expect(f, "a / c");
    gint64 seq = store_change_seq(f->s);
    Mail b = {"b", "a", NULL, "z", 2};
    put(f->s, inbox, 10, &b, 0);
    expect(f, "a( b( c))");
    g_autoptr(ListChanges) changes = list_changes(f->s, inbox, seq, NULL);
    g_assert_cmpuint(changes->added->len, ==, 1);
    g_assert_cmpuint(changes->changed->len, ==, 1); /* its thread is another one now */
}

static void test_circles(Fixture *f, gconstpointer data)
{
    static const Mail mails[] = {
        {"a", "c", "c", "x", 1}, {"b", "a", "a", "x", 2}, {"c", "b", "b", "x", 3},
        {"d", "d", "d", "y", 4}, {"e", "f", "f", "z", 5}, {"f", "e", "e", "z", 6},
        {"g", "a b c", NULL, "x", 7},
    };
    put_all(f, mails, G_N_ELEMENTS(mails));
    expect(f, "d / e( f) / a( b( c( g)))");
}

static void test_same_id_twice(Fixture *f, gconstpointer data)
{
    static const Mail mails[] = {
        {"a", NULL, NULL, "x", 1}, {"a", NULL, NULL, "x", 2}, {"b", "a", "a", "x", 3},
        {NULL, NULL, NULL, "no id", 4},
    };
    put_all(f, mails, G_N_ELEMENTS(mails));
    expect(f, "a( b) a / ");
}

static void test_by_subject(Fixture *f, gconstpointer data)
{
    static const Mail mails[] = {
        {"a", NULL, NULL, "Report", 1},       {"b", NULL, NULL, "Re: Report", 2},
        {"c", NULL, NULL, "report", 10},      {"d", NULL, NULL, "AW: Report", 12},
        {"e", NULL, NULL, "Re: Report", 200}, /* too late */
        {"f", NULL, NULL, "Re: Other", 13},   {"g", NULL, NULL, "Re: hi", 14},
        {"h", NULL, NULL, "hi", 13},          /* says nothing */
        {"i", "a", NULL, "Re: Elsewhere", 20},
    };
    put_all(f, mails, G_N_ELEMENTS(mails));
    expect(f, "c( d) / f / h / g / a( b i) / e");
}

/* A newsletter of the same subject comes between two that were connected: they part. */
static void test_by_subject_parted(Fixture *f, gconstpointer data)
{
    static const Mail mails[] = {
        {"a", NULL, NULL, "Report", 1},
        {"c", NULL, NULL, "Re: Report", 9},
        {"d", "c", "c", "Re: Report", 10},
    };
    put_all(f, mails, G_N_ELEMENTS(mails));
    expect(f, "a( c( d))");
    Mail b = {"b", NULL, NULL, "Report", 8};
    put(f->s, inbox, 10, &b, 0);
    expect(f, "a / b( c( d))");
}

static void test_across_folders(Fixture *f, gconstpointer data)
{
    account = imap_account(f->s, &inbox, &archive);
    Mail a = {"a", NULL, NULL, "x", 1}, b = {"b", "a", "a", "Re: x", 2}, c = {"c", "a b", "b", "Re: x", 3};
    put(f->s, inbox, 1, &a, 0);
    put(f->s, archive, 1, &b, 0); /* the sent reply */
    put(f->s, inbox, 2, &c, 0);
    expect(f, "a( c)");
    g_autofree char *whole = shape(f->s, inbox, TRUE);
    g_assert_cmpstr(whole, ==, "a( b( c))");
    do_change(f->s, CHANGE_COPY, id_of(f->s, "a"), 0, 0, archive);
    g_autofree char *once = shape(f->s, inbox, TRUE);
    g_assert_cmpstr(once, ==, "a( b( c))");
    g_autoptr(Folder) trash = folder_by_role(f->s, account, ROLE_TRASH);
    do_change(f->s, CHANGE_MOVE, id_of(f->s, "b"), 0, 0, trash->id);
    g_autofree char *without = shape(f->s, inbox, TRUE);
    g_assert_cmpstr(without, ==, "a( c)");
    check_counts(f->s);
    gint64 thread = thread_of_placement(f->s, placement_at(f->s, inbox, 1));
    g_autoptr(GArray) here = thread_placements(f->s, thread, inbox, NULL);
    g_autoptr(GArray) all = thread_placements(f->s, thread, 0, NULL);
    g_assert_cmpuint(here->len, ==, 2);
    g_assert_cmpuint(all->len, ==, 4);
}

/* ---- any order of arrival ---- */
#define CROWD 40

static const char *const subjects[] = {"Report", "Re: Report", "Meeting", "Re: Meeting", "Fwd: Report"};

static void invent(GRand *random, Mail *mails, char **keep)
{
    for (int i = 0; i < CROWD; i++) {
        GString *refs = g_string_new(NULL);
        int names = g_rand_int_range(random, -3, 5);
        for (int k = 0; k < names; k++) /* itself, later ones and unknown ones too */
            g_string_append_printf(refs, "%sm%d", k ? " " : "",
                                   g_rand_int_range(random, 0, CROWD * 3 / 2));
        keep[2 * i] = g_strdup_printf("m%d", i);
        keep[2 * i + 1] = g_string_free(refs, FALSE);
        mails[i] = (Mail){keep[2 * i], names > 0 ? keep[2 * i + 1] : NULL, NULL,
                          subjects[g_rand_int_range(random, 0, 5)],
                          g_rand_int_range(random, 0, 10) * CROWD + i};
    }
}

static char *arrive(const Mail *mails, GRand *random, gboolean hands)
{
    Fixture f = {0};
    set_up(&f, NULL);
    account = imap_account(f.s, &inbox, &archive);
    int order[CROWD];
    for (int i = 0; i < CROWD; i++)
        order[i] = i;
    for (int i = CROWD - 1; random && i > 0; i--) {
        int k = g_rand_int_range(random, 0, i + 1), keep = order[i];
        order[i] = order[k];
        order[k] = keep;
    }
    for (int i = 0; i < CROWD; i++)
        put(f.s, inbox, (guint32)i + 1, &mails[order[i]], 0);
    if (hands) { /* gone and downloaded again, as from a server that was reset */
        ok(thread_break(f.s, id_of(f.s, "m3"), &err));
        ok(thread_join(f.s, id_of(f.s, "m4"), id_of(f.s, "m3"), &err));
        ok(thread_break(f.s, id_of(f.s, "m5"), &err));
        check_counts(f.s);
        guint32 uids[CROWD];
        for (guint32 i = 0; i < CROWD; i++)
            uids[i] = i + 1;
        ok(placements_vanished(f.s, inbox, uids, CROWD, &err));
        g_assert_cmpint(db_number(&f.s->db, -1, "SELECT count(*) FROM thread_ref", ""), ==, 0);
        for (int i = CROWD - 1; i >= 0; i--)
            put(f.s, inbox, (guint32)(100 + i), &mails[order[i]], 0);
    }
    check_counts(f.s);
    char *got = shape(f.s, inbox, FALSE);
    tear_down(&f, NULL);
    return got;
}

static void test_any_order(void)
{
    const char *seed_text = g_getenv("PINTAIL_SEED");
    guint32 seed = seed_text ? (guint32)g_ascii_strtoull(seed_text, NULL, 10) : g_random_int();
    g_test_message("PINTAIL_SEED=%u", seed);
    g_autoptr(GRand) random = g_rand_new_with_seed(seed);
    for (int round = 0; round < 6; round++) {
        Mail mails[CROWD];
        char *keep[2 * CROWD];
        invent(random, mails, keep);
        gboolean hands = round >= 4;
        g_autofree char *first = arrive(mails, NULL, hands);
        for (int i = 0; i < 3; i++) {
            g_autofree char *other = arrive(mails, random, hands);
            g_assert_cmpstr(other, ==, first);
        }
        for (int i = 0; i < 2 * CROWD; i++)
            g_free(keep[i]);
    }
}

/* ---- by hand ---- */
static void test_break_and_join(Fixture *f, gconstpointer data)
{
    static const Mail mails[] = {
        {"a", NULL, NULL, "x", 1},       {"b", "a", "a", "Re: x", 2},
        {"c", "a b", "b", "Re: x", 3},   {"d", "a b c", "c", "Re: x", 4},
        {"e", "a", "a", "Re: x", 5},     {"z", NULL, NULL, "other", 6},
    };
    put_all(f, mails, G_N_ELEMENTS(mails));
    expect(f, "a( b( c( d)) e) / z");
    ok(thread_break(f->s, id_of(f->s, "c"), &err));
    expect(f, "c( d) / a( b e) / z");
    ok(thread_join(f->s, id_of(f->s, "c"), id_of(f->s, "z"), &err));
    expect(f, "a( b e) / z( c( d))");
    /* what comes later belongs there too */
    Mail g = {"g", "a b c d", "d", "Re: x", 7};
    put(f->s, inbox, 20, &g, 0);
    expect(f, "a( b e) / z( c( d( g)))");
    GError *err = NULL;
    g_assert_false(thread_join(f->s, id_of(f->s, "z"), id_of(f->s, "c"), &err));
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_REFUSED);
    g_clear_error(&err);
    reopen(f);
    expect(f, "a( b e) / z( c( d( g)))");
    ok(thread_restore(f->s, id_of(f->s, "c"), &err));
    expect(f, "z / a( b( c( d( g))) e)");
}

static void test_mute(Fixture *f, gconstpointer data)
{
    static const Mail mails[] = {{"a", NULL, NULL, "x", 1}, {"b", NULL, NULL, "y", 2}};
    put_all(f, mails, G_N_ELEMENTS(mails));
    gint64 thread = thread_of_placement(f->s, id_of(f->s, "a"));
    ok(thread_mute(f->s, thread, TRUE, &err));
    Mail c = {"c", "a", "a", "Re: x", 3}, d = {"d", "b", "b", "Re: y", 3};
    put(f->s, inbox, 3, &c, 0);
    put(f->s, inbox, 4, &d, 0);
    g_assert_cmphex(flags_of(f->s, id_of(f->s, "c")), ==, FLAG_SEEN);
    g_assert_cmphex(flags_of(f->s, id_of(f->s, "d")), ==, 0);
    g_assert_true(thread_is_muted(f->s, thread_of_placement(f->s, id_of(f->s, "c"))));
    ok(thread_mute(f->s, thread_of_placement(f->s, id_of(f->s, "c")), FALSE, &err));
    Mail g = {"g", "a", "a", "Re: x", 4};
    put(f->s, inbox, 5, &g, 0);
    g_assert_cmphex(flags_of(f->s, id_of(f->s, "g")), ==, 0);
    check_counts(f->s);
}

/* ---- 100,000 messages: time in proportion, no stack ---- */
static void test_huge(Fixture *f, gconstpointer data)
{
    account = imap_account(f->s, &inbox, &archive);
    guint n = g_test_slow() ? 100000 : 20000;
    FetchedMessage *step = g_new0(FetchedMessage, n);
    for (guint i = 0; i < n; i++) {
        g_autofree char *h = g_strdup_printf(
            "Subject: Re: x\r\nMessage-ID: <n%u@example.org>\r\nReferences: <n%u@example.org>\r\n\r\n",
            i, i ? i - 1 : n);
        Envelope *e = envelope_parse(h, strlen(h));
        e->date = 1700000000 + i;
        /* every other one first: pieces that the second half joins */
        guint at = i % 2 ? n / 2 + i / 2 : i / 2;
        step[at] = (FetchedMessage){.uid = i + 1, .flags = i % 3 ? FLAG_SEEN : 0, .envelope = e, .size = 1000 + i,
                                     .received = e->date};
    }
    ok(placements_add(f->s, inbox, step, n, &err));
    for (guint i = 0; i < n; i++)
        envelope_unref((Envelope *)step[i].envelope);
    g_free(step);
    g_autoptr(GArray) threads = threads_all(f->s, inbox, TRUE, NULL, NULL);
    g_assert_cmpuint(threads->len, ==, 1);
    const ThreadInfo *info = &g_array_index(threads, ThreadInfo, 0);
    g_assert_cmpuint(info->total, ==, n);
    g_autoptr(GArray) entries = thread_entries(f->s, info->thread, inbox, FALSE, NULL);
    g_assert_cmpuint(entries->len, ==, n);
    for (guint i = 0; i < n; i += 97)
        g_assert_cmpuint(g_array_index(entries, ThreadEntry, i).depth, ==, MIN(i, 1000));
    check_counts(f->s);
}

/* ---- the list ---- */
static char *rows(ThreadList *l, Store *s)
{
    GString *text = g_string_new(NULL);
    g_assert_cmpint(thread_list_load(l, s, 0, thread_list_len(l)), ==, 0);
    ThreadRow row;
    for (guint i = 0; thread_list_row(l, i, &row); i++) {
        g_autoptr(Row) r = row_of(s, row.placement);
        g_autoptr(Envelope) e = message_envelope(s, r->message, NULL);
        g_string_append_printf(text, "%s%.*s%s%s", i ? " " : "", row.depth, ">>>>>>", row.folded ? "+" : "",
                               "");
        g_string_append_len(text, e->message_id, (gssize)strcspn(e->message_id, "@"));
        g_assert_cmpint(thread_list_find(l, s, row.thread, row.placement), ==, (int)i);
    }
    return g_string_free(text, FALSE);
}

#define expect_rows(want)                                                                          \
    do {                                                                                           \
        g_autofree char *got = rows(l, f->s);                                                      \
        g_assert_cmpstr(got, ==, want);                                                            \
    } while (0)

static void test_list(Fixture *f, gconstpointer data)
{
    static const Mail mails[] = {
        {"a", NULL, NULL, "x", 1}, {"b", "a", "a", "Re: x", 2},   {"e", NULL, NULL, "y", 3},
        {"c", "a b", NULL, "x", 4}, {"d", NULL, NULL, "z", 5},
    };
    put_all(f, mails, G_N_ELEMENTS(mails));
    g_autoptr(ThreadList) l = thread_list_new(inbox, TRUE, FALSE);
    gint64 seq = store_change_seq(f->s);
    thread_list_set(l, threads_first(f->s, inbox, TRUE, 50, NULL), seq, TRUE);
    expect_rows("d a >b >>c e");
    g_assert_cmpint(thread_list_parent(l, 3), ==, 2);
    g_assert_cmpint(thread_list_parent(l, 2), ==, 1);
    g_assert_cmpint(thread_list_parent(l, 1), ==, -1);
    gint64 a = thread_of_placement(f->s, id_of(f->s, "a"));
    g_assert_true(thread_list_fold(l, a, TRUE));
    g_assert_false(thread_list_fold(l, a, TRUE));
    expect_rows("d +a e");
    gboolean reload;
    g_assert_false(thread_list_update(l, f->s, &reload));
    Mail late = {"g", "e", "e", "Re: y", 9};
    put(f->s, inbox, 50, &late, 0);
    g_assert_true(thread_list_update(l, f->s, &reload));
    g_assert_false(reload);
    expect_rows("e >g d +a");
    g_autoptr(Folder) trash = folder_by_role(f->s, account, ROLE_TRASH);
    do_change(f->s, CHANGE_MOVE, id_of(f->s, "d"), 0, 0, trash->id);
    do_change(f->s, CHANGE_MOVE, id_of(f->s, "g"), 0, 0, trash->id);
    g_assert_true(thread_list_update(l, f->s, &reload));
    expect_rows("+a e");
    thread_list_fold_all(l, FALSE);
    expect_rows("a >b >>c e");
    check_counts(f->s);
    /* two threads become one */
    Mail bridge = {"h", "a e", NULL, "w", 10};
    put(f->s, inbox, 51, &bridge, FLAG_SEEN);
    g_assert_true(thread_list_update(l, f->s, &reload));
    expect_rows("a >b >>c e >h");
    g_assert_cmpuint(thread_list_threads(l), ==, 1);
}

/* An update, whatever happened, gives what opening anew gives. */
static void test_list_updates(Fixture *f, gconstpointer data)
{
    g_autoptr(GRand) random = g_rand_new();
    account = imap_account(f->s, &inbox, &archive);
    Mail mails[CROWD];
    char *keep[2 * CROWD];
    invent(random, mails, keep);
    g_autoptr(ThreadList) l = thread_list_new(inbox, TRUE, FALSE);
    thread_list_set(l, threads_all(f->s, inbox, TRUE, NULL, NULL), store_change_seq(f->s), TRUE);
    for (int i = 0; i < CROWD; i++) {
        put(f->s, inbox, (guint32)i + 1, &mails[i], 0);
        if (i % 3 == 0)
            do_change(f->s, CHANGE_MOVE, first_of(f->s, inbox), 0, 0, archive);
        if (i % 5 == 0)
            continue;
        gboolean reload;
        thread_list_update(l, f->s, &reload);
        g_assert_false(reload);
        g_autoptr(ThreadList) fresh = thread_list_new(inbox, TRUE, FALSE);
        thread_list_set(fresh, threads_all(f->s, inbox, TRUE, NULL, NULL), 0, TRUE);
        g_autofree char *want = rows(fresh, f->s);
        g_autofree char *got = rows(l, f->s);
        g_assert_cmpstr(got, ==, want);
    }
    check_counts(f->s);
    for (int i = 0; i < 2 * CROWD; i++)
        g_free(keep[i]);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/store/conversations/subjects", test_subjects);
    TEST("/store/conversations/plain", test_plain);
    TEST("/store/conversations/missing-parent", test_missing_parent);
    TEST("/store/conversations/joined-late", test_joined_late);
    TEST("/store/conversations/circles", test_circles);
    TEST("/store/conversations/same-id-twice", test_same_id_twice);
    TEST("/store/conversations/by-subject", test_by_subject);
    TEST("/store/conversations/by-subject-parted", test_by_subject_parted);
    TEST("/store/conversations/across-folders", test_across_folders);
    g_test_add_func("/store/conversations/any-order", test_any_order);
    TEST("/store/conversations/break-and-join", test_break_and_join);
    TEST("/store/conversations/mute", test_mute);
    TEST("/store/conversations/huge", test_huge);
    TEST("/store/conversations/list", test_list);
    TEST("/store/conversations/list-updates", test_list_updates);
    return g_test_run();
}
