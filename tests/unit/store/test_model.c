/* test_model.c - random changes, undo, replay and refusals against a simple model.
 *
 * The model of a message is where the person sees it and with which flags; of the server, the
 * same for what it has been told. At every step the store must show what the model says; at the
 * end, with everything replayed, server and screen must agree. PINTAIL_SEED repeats a run. */
#include "fixture.h"

#define MESSAGES   6
#define FOLDERS    3
#define STEPS      400
#define UNDO_DEPTH 12

typedef struct {
    int folder; /* -1: purged */
    guint flags;
} Seen;

typedef struct {
    Seen before[MESSAGES];
    gint64 group;
} Done;

typedef struct {
    Store *s;
    GRand *random;
    gint64 account, folders[FOLDERS];
    Seen screen[MESSAGES];
    Done undo[UNDO_DEPTH];
    int undoable;
    guint32 next_uid;
    OpBatch *on_the_way; /* marked; the server's answer is still to come */
} Model;

/* The placement that stands for message `n` now, 0: it is not shown. */
static gint64 find(Model *m, int n)
{
    if (m->screen[n].folder < 0)
        return 0;
    gint64 folder = m->folders[m->screen[n].folder];
    g_autoptr(GArray) ids = list_all(m->s, folder, SORT_DATE, FALSE, NULL, NULL);
    g_autoptr(GPtrArray) rows = rows_get(m->s, (gint64 *)(void *)ids->data, ids->len, NULL);
    g_autofree char *subject = g_strdup_printf("message %d", n);
    for (guint i = 0; i < rows->len; i++) {
        const Row *r = rows->pdata[i];
        if (strcmp(r->subject, subject) == 0)
            return r->placement;
    }
    return 0;
}

static void check(Model *m)
{
    int expected[FOLDERS] = {0};
    for (int n = 0; n < MESSAGES; n++) {
        if (m->screen[n].folder < 0)
            continue;
        expected[m->screen[n].folder]++;
        gint64 p = find(m, n);
        g_assert_cmpint(p, !=, 0);
        g_assert_cmphex(flags_of(m->s, p), ==, m->screen[n].flags);
    }
    for (int i = 0; i < FOLDERS; i++)
        g_assert_cmpuint(shown_count(m->s, m->folders[i]), ==, (guint)expected[i]);
}

static void remember(Model *m, gint64 group, const Seen *before)
{
    if (m->undoable == UNDO_DEPTH) {
        memmove(m->undo, m->undo + 1, sizeof(Done) * (UNDO_DEPTH - 1));
        m->undoable--;
    }
    Done *d = &m->undo[m->undoable++];
    memcpy(d->before, before, sizeof d->before);
    d->group = group;
}

static void step_change(Model *m)
{
    Seen before[MESSAGES];
    memcpy(before, m->screen, sizeof before);
    int n = g_rand_int_range(m->random, 0, MESSAGES);
    gint64 p = find(m, n);
    if (!p)
        return;
    if (g_rand_boolean(m->random)) {
        guint add = (guint)g_rand_int_range(m->random, 0, 8);
        guint remove = (guint)g_rand_int_range(m->random, 0, 8) & ~add;
        gint64 group = do_change(m->s, CHANGE_FLAGS, p, add, remove, 0);
        m->screen[n].flags = (m->screen[n].flags | add) & ~remove;
        remember(m, group, before);
    } else {
        int to = g_rand_int_range(m->random, 0, FOLDERS);
        gint64 group = do_change(m->s, CHANGE_MOVE, p, 0, 0, m->folders[to]);
        m->screen[n].folder = to;
        remember(m, group, before);
    }
}

static void step_undo(Model *m)
{
    if (m->undoable == 0)
        return;
    Done *d = &m->undo[--m->undoable];
    GError *err = NULL;
    gboolean undone = change_undo(m->s, d->group, &err);
    g_assert_no_error(err);
    g_assert_true(undone);
    memcpy(m->screen, d->before, sizeof m->screen);
}

/* The server takes the next batch, or answers the one that is under way. */
static void step_replay(Model *m)
{
    GError *err = NULL;
    if (!m->on_the_way) {
        OpBatch *b = ops_next(m->s, m->account, 3, &err);
        g_assert_no_error(err);
        if (b && (b->kind == OP_FLAGS || ops_mark_inflight(m->s, b, 100, m->next_uid, &err)))
            m->on_the_way = b;
        else
            op_batch_free(b);
        g_assert_no_error(err);
        return;
    }
    OpBatch *b = g_steal_pointer(&m->on_the_way);
    g_autofree guint *items = g_new(guint, b->items->len);
    g_autofree guint32 *uids = g_new0(guint32, b->items->len);
    for (guint i = 0; i < b->items->len; i++) {
        items[i] = i;
        uids[i] = m->next_uid++;
    }
    if (b->kind != OP_FLAGS && g_rand_int_range(m->random, 0, 5) == 0)
        ok(ops_requeue(m->s, b, &err)); /* the connection was lost before the command */
    else
        ok(ops_done(m->s, b, items, b->items->len, uids, 100, &err));
    op_batch_free(b);
}

/* Commands that were under way at a crash come back as in flight; flags just go again. */
static void step_crash(Model *m, Fixture *f)
{
    op_batch_free(m->on_the_way);
    m->on_the_way = NULL;
    reopen(f);
    m->s = f->s;
}

static void run(Fixture *f, guint32 seed)
{
    Model m = {.s = f->s, .random = g_rand_new_with_seed(seed), .next_uid = 1000};
    g_test_message("seed %u", seed);
    m.account = imap_account(f->s, &m.folders[0], &m.folders[1]);
    g_autoptr(Folder) trash = folder_by_role(f->s, m.account, ROLE_TRASH);
    m.folders[2] = trash->id;
    for (int n = 0; n < MESSAGES; n++) {
        g_autofree char *subject = g_strdup_printf("message %d", n);
        add_mail(f->s, m.folders[0], (guint32)n + 1, n, subject, 0);
    }
    for (int i = 0; i < STEPS; i++) {
        switch (g_rand_int_range(m.random, 0, 8)) {
        case 0:
        case 1:
        case 2:
            step_change(&m);
            break;
        case 3:
        case 4:
            step_undo(&m);
            break;
        case 5:
        case 6:
            step_replay(&m);
            break;
        default:
            if (g_rand_int_range(m.random, 0, 8) == 0)
                step_crash(&m, f);
        }
        check(&m);
    }
    while (m.on_the_way || ops_waiting(m.s, m.account))
        step_replay(&m);
    check(&m);
    g_assert_cmpuint(ops_count(m.s, OP_PARKED), ==, 0);
    /* Nothing waits: what the server was told is what is shown. */
    for (int i = 0; i < FOLDERS; i++) {
        g_autoptr(GArray) uids = placements_uids(m.s, m.folders[i], 1, G_MAXUINT32, NULL);
        g_assert_cmpuint(uids->len, ==, shown_count(m.s, m.folders[i]));
        for (guint n = 0; n < uids->len; n++) {
            const UidFlags *u = &g_array_index(uids, UidFlags, n);
            g_assert_cmphex(u->flags, ==, flags_of(m.s, u->placement));
        }
    }
    g_rand_free(m.random);
}

static void test_model(Fixture *f, gconstpointer data)
{
    const char *wanted = g_getenv("PINTAIL_SEED");
    run(f, wanted ? (guint32)g_ascii_strtoull(wanted, NULL, 10) : (guint32)GPOINTER_TO_UINT(data));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint seed = 1; seed <= 6; seed++) {
        g_autofree char *path = g_strdup_printf("/store/model/seed-%u", seed);
        g_test_add(path, Fixture, GUINT_TO_POINTER(seed), set_up, test_model, tear_down);
    }
    return g_test_run();
}
