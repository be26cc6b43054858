/* test_threads.c - a person, two workers, maintenance and indexer on one home at once; and the
 * gate. */
#include "fixture.h"
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include "private.h"

#define ROUNDS 40

typedef struct {
    StoreHome *home;
    gint64 account, inbox, archive;
    guint32 first;
} Job;

static atomic_int events;

static void heard(gint64 account, gint64 folder, gint64 seq, void *data)
{
    atomic_fetch_add(&events, 1);
}

static void *worker(void *data)
{
    const Job *j = data;
    Store *s = store_connect(j->home, STORE_FOR_WORK, NULL);
    for (guint32 i = 0; i < ROUNDS; i++) {
        guint32 uid = j->first + i;
        add_mail(s, j->inbox, uid, (int)uid, "worker", 0);
        g_autoptr(Row) r = row_of(s, placement_at(s, j->inbox, uid));
        if (!r)
            continue; /* the person has moved it already */
        ok(body_put(s, r->message, "", "Subject: x\n\nsearch me", 21, &err));
        UidFlags flags = {uid, FLAG_FLAGGED, 0};
        ok(placements_flags(s, j->inbox, &flags, 1, store_change_seq(s), &err));
    }
    store_free(s);
    return NULL;
}

static void *person(void *data)
{
    const Job *j = data;
    Store *s = store_connect(j->home, STORE_FOR_PERSON, NULL);
    gint64 since = 0;
    for (int i = 0; i < ROUNDS; i++) {
        g_autoptr(GArray) ids = list_first(s, j->inbox, SORT_DATE, TRUE, 10, NULL);
        g_autoptr(GPtrArray) rows = rows_get(s, (gint64 *)(void *)ids->data, ids->len, NULL);
        g_autoptr(ListChanges) changes = list_changes(s, j->inbox, since, NULL);
        since = changes->seq;
        if (ids->len == 0)
            continue;
        gint64 p = g_array_index(ids, gint64, 0);
        gint64 group = do_change(s, CHANGE_FLAGS, p, FLAG_SEEN, 0, 0);
        if (i % 2)
            ok(change_undo(s, group, &err));
        do_change(s, CHANGE_MOVE, p, 0, 0, j->archive);
        g_autoptr(GArray) hits = search_run(s, j->account, 0, "worker", 5, NULL, NULL);
        g_assert_nonnull(hits);
    }
    store_free(s);
    return NULL;
}

static void test_together(Fixture *f, gconstpointer data)
{
    Job job = {.home = f->home};
    job.account = imap_account(f->s, &job.inbox, &job.archive);
    store_home_listen(f->home, heard, NULL);
    atomic_store(&f->home->wal_pages, 5000); /* a checkpoint is due at once */
    ok(store_home_start(f->home, &err));
    Job one = job, two = job;
    one.first = 1000;
    two.first = 2000;
    pthread_t threads[3];
    g_assert_cmpint(pthread_create(&threads[0], NULL, person, &job), ==, 0);
    g_assert_cmpint(pthread_create(&threads[1], NULL, worker, &one), ==, 0);
    g_assert_cmpint(pthread_create(&threads[2], NULL, worker, &two), ==, 0);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    g_assert_cmpuint(shown_count(f->s, job.inbox) + shown_count(f->s, job.archive), ==, 2 * ROUNDS);
    g_assert_cmpint(atomic_load(&events), >, ROUNDS);
    reopen(f); /* joins maintenance and indexer */
    g_assert_cmpuint(shown_count(f->s, job.inbox) + shown_count(f->s, job.archive), ==, 2 * ROUNDS);
    g_autofree char *check = db_string(&f->s->db, "PRAGMA integrity_check", "");
    g_assert_cmpstr(check, ==, "ok");
}

/* ---- the gate: persons pass workers that wait ---- */
typedef struct {
    Gate *gate;
    gboolean person;
    GString *order; /* only changed inside the gate */
} Passer;

static void *pass(void *data)
{
    Passer *p = data;
    gate_enter(p->gate, p->person);
    g_string_append_c(p->order, p->person ? 'p' : 'w');
    gate_leave(p->gate);
    return NULL;
}

static guint waiting(Gate *g, gboolean person)
{
    pthread_mutex_lock(&g->lock);
    guint n = person ? g->persons_waiting : g->workers_waiting;
    pthread_mutex_unlock(&g->lock);
    return n;
}

static void test_gate(void)
{
    Gate gate;
    gate_init(&gate);
    g_autoptr(GString) order = g_string_new(NULL);
    Passer worker_one = {&gate, FALSE, order}, worker_two = {&gate, FALSE, order};
    Passer someone = {&gate, TRUE, order};
    pthread_t threads[3];
    gate_enter(&gate, FALSE);
    pthread_create(&threads[0], NULL, pass, &worker_one);
    pthread_create(&threads[1], NULL, pass, &worker_two);
    while (waiting(&gate, FALSE) < 2)
        sched_yield();
    pthread_create(&threads[2], NULL, pass, &someone);
    while (waiting(&gate, TRUE) < 1)
        sched_yield();
    gate_leave(&gate);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    g_assert_cmpstr(order->str, ==, "pww");
    gate_clear(&gate);
}

/* ---- another process commits: the listener hears of it ---- */
static atomic_int foreign;

static void heard_foreign(gint64 account, gint64 folder, gint64 seq, void *data)
{
    if (account == 0 && folder == 0) {
        pthread_mutex_t *lock = ((void **)data)[0];
        pthread_cond_t *cond = ((void **)data)[1];
        pthread_mutex_lock(lock);
        atomic_store(&foreign, 1);
        pthread_cond_signal(cond);
        pthread_mutex_unlock(lock);
    }
}

/* A second home on the same directory stands for the other process. */
static void test_foreign_commit(Fixture *f, gconstpointer data)
{
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
    void *pair[] = {&lock, &cond};
    gint64 inbox, archive;
    imap_account(f->s, &inbox, &archive);
    store_home_listen(f->home, heard_foreign, pair);
    ok(store_home_start(f->home, &err));
    StoreHome *other = store_home_open(f->directory, 0, NULL, NULL);
    Store *s = store_connect(other, STORE_FOR_WORK, NULL);
    guint32 uid = 1;
    pthread_mutex_lock(&lock);
    /* Its first look may come after a commit; so commit until it is heard. */
    while (!atomic_load(&foreign)) {
        add_mail(s, inbox, uid, (int)uid, "elsewhere", 0);
        uid++;
        struct timespec soon;
        clock_gettime(CLOCK_REALTIME, &soon);
        soon.tv_sec += 1;
        pthread_cond_timedwait(&cond, &lock, &soon);
        g_assert_cmpuint(uid, <, 60);
    }
    pthread_mutex_unlock(&lock);
    store_free(s);
    store_home_free(other);
}

/* GLib's slice allocator hands memory from thread to thread where TSan cannot see it; it is read
 * from the environment before main(). */
static void without_slices(char **argv)
{
#ifdef __SANITIZE_THREAD__
    if (!g_getenv("G_SLICE")) {
        g_setenv("G_SLICE", "always-malloc", TRUE);
        execv("/proc/self/exe", argv);
    }
#endif
}

int main(int argc, char **argv)
{
    without_slices(argv);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/store/threads/gate", test_gate);
    TEST("/store/threads/together", test_together);
    TEST("/store/threads/foreign-commit", test_foreign_commit);
    return g_test_run();
}
