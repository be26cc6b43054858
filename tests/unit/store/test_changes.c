/* test_changes.c - changes on IMAP folders: operations, replay, parking, undo, merging. */
#include "fixture.h"

static gint64 inbox, archive, account;

static void start(Fixture *f)
{
    account = imap_account(f->s, &inbox, &archive);
    add_mail(f->s, inbox, 1, 1, "one", 0);
    add_mail(f->s, inbox, 2, 2, "two", FLAG_SEEN);
    add_mail(f->s, inbox, 3, 3, "three", 0);
}

static void test_flags(Fixture *f, gconstpointer data)
{
    start(f);
    gint64 p = placement_at(f->s, inbox, 1);
    do_change(f->s, CHANGE_FLAGS, p, FLAG_SEEN | FLAG_FLAGGED, 0, 0);
    g_assert_cmpuint(flags_of(f->s, p), ==, FLAG_SEEN | FLAG_FLAGGED);
    g_autoptr(Row) r = row_of(f->s, p);
    g_assert_true(r->waiting);
    g_assert_cmpuint(shown_count(f->s, inbox), ==, 3);
    reopen(f);
    g_autoptr(OpBatch) b = ops_next(f->s, account, 10, NULL);
    g_assert_cmpint(b->kind, ==, OP_FLAGS);
    g_assert_cmpuint(b->add, ==, FLAG_SEEN | FLAG_FLAGGED);
    g_assert_cmpuint(b->items->len, ==, 1);
    g_assert_cmpuint(g_array_index(b->items, OpItem, 0).uid, ==, 1);
    gint64 before = store_change_seq(f->s);
    guint item = 0;
    ok(ops_done(f->s, b, &item, 1, NULL, 0, &err));
    g_assert_false(ops_waiting(f->s, account));
    /* A FETCH that was on its way before is not believed; a later one is. */
    UidFlags stale = {1, 0, 0};
    ok(placements_flags(f->s, inbox, &stale, 1, before, &err));
    g_assert_cmpuint(flags_of(f->s, p), ==, FLAG_SEEN | FLAG_FLAGGED);
    ok(placements_flags(f->s, inbox, &stale, 1, store_change_seq(f->s), &err));
    g_assert_cmpuint(flags_of(f->s, p), ==, 0);
}

static void test_move_and_done(Fixture *f, gconstpointer data)
{
    start(f);
    gint64 p = placement_at(f->s, inbox, 1);
    do_change(f->s, CHANGE_FLAGS, p, FLAG_SEEN, 0, 0);
    do_change(f->s, CHANGE_MOVE, p, 0, 0, archive);
    g_assert_cmpuint(shown_count(f->s, inbox), ==, 2);
    g_assert_cmpuint(shown_count(f->s, archive), ==, 1);
    gint64 d = first_of(f->s, archive);
    g_assert_cmpuint(flags_of(f->s, d), ==, FLAG_SEEN);
    do_change(f->s, CHANGE_FLAGS, d, FLAG_FLAGGED, 0, 0); /* before it has a UID */
    g_assert_cmpuint(flags_of(f->s, d), ==, FLAG_SEEN | FLAG_FLAGGED);
    guint32 uid = 500;
    g_assert_true(replay_one(f->s, account, &uid)); /* +SEEN */
    g_assert_true(replay_one(f->s, account, &uid)); /* MOVE */
    g_assert_cmpint(placement_at(f->s, archive, 500), ==, d);
    g_assert_true(replay_one(f->s, account, &uid)); /* +FLAGGED */
    g_assert_false(replay_one(f->s, account, &uid));
    g_assert_cmpuint(flags_of(f->s, d), ==, FLAG_SEEN | FLAG_FLAGGED);
    g_assert_cmpint(placement_folder(f->s, p), ==, 0);
    g_assert_cmpuint(shown_count(f->s, archive), ==, 1);
}

/* The server's flags of a copy that the sync lane finds before the lane that made it is told. */
static void test_flags_found_first(Fixture *f, gconstpointer data)
{
    start(f);
    do_change(f->s, CHANGE_MOVE, placement_at(f->s, inbox, 1), 0, 0, archive);
    g_autoptr(OpBatch) b = ops_next(f->s, account, 10, NULL);
    ok(ops_mark_inflight(f->s, b, 100, 500, &err));
    add_mail(f->s, archive, 500, 1, "one", FLAG_ANSWERED);
    guint item = 0;
    guint32 uid = 500;
    ok(ops_done(f->s, b, &item, 1, &uid, 100, &err));
    g_assert_cmpuint(flags_of(f->s, placement_at(f->s, archive, 500)), ==, FLAG_ANSWERED);
    g_assert_cmpuint(shown_count(f->s, archive), ==, 1);
}

/* And of one that has its row when its header comes: they are handed back, to be judged as others are. */
static void test_flags_found_second(Fixture *f, gconstpointer data)
{
    start(f);
    gint64 before = store_change_seq(f->s);
    do_change(f->s, CHANGE_MOVE, placement_at(f->s, inbox, 1), 0, 0, archive);
    UidFlags there = {.uid = 500, .flags = FLAG_ANSWERED};
    g_assert_true(placements_unplaced(f->s, archive, &there, 1));
    guint32 uid = 500;
    g_assert_true(replay_one(f->s, account, &uid));
    g_assert_false(placements_unplaced(f->s, archive, &there, 1));
    g_autofree char *text = mail_text(1, "one", "body");
    g_autoptr(Envelope) e = envelope_parse(text, strlen(text));
    FetchedMessage m = {500, FLAG_ANSWERED, e, 1001, 1800000001, NULL};
    g_autoptr(GArray) had = g_array_new(FALSE, FALSE, sizeof(UidFlags));
    ok(placements_fetched(f->s, archive, &m, 1, had, &err));
    g_assert_cmpuint(had->len, ==, 1);
    g_assert_cmpuint(g_array_index(had, UidFlags, 0).uid, ==, 500);
    g_assert_cmpuint(g_array_index(had, UidFlags, 0).flags, ==, FLAG_ANSWERED);
    g_assert_cmpuint(flags_of(f->s, placement_at(f->s, archive, 500)), ==, 0);
    g_assert_cmpuint(placements_outrun(f->s, archive, &there, 1, before), ==, 1);
    g_assert_cmpuint(placements_outrun(f->s, archive, &there, 1, store_change_seq(f->s)), ==, 0);
}

/* Before our copy is made another client moves the message there: undoing the copy must not delete the only one. */
static void test_undo_copy_not_made(Fixture *f, gconstpointer data)
{
    start(f);
    gint64 group = do_change(f->s, CHANGE_COPY, placement_at(f->s, inbox, 1), 0, 0, archive);
    add_mail(f->s, archive, 500, 1, "one", 0);
    guint32 gone = 1;
    ok(placements_vanished(f->s, inbox, &gone, 1, &err));
    g_assert_cmpuint(shown_count(f->s, archive), ==, 1);
    g_assert_false(ops_waiting(f->s, account));
    ok(change_undo(f->s, group, &err));
    g_assert_false(ops_waiting(f->s, account));
    g_assert_cmpuint(shown_count(f->s, archive), ==, 1);
}

static void test_park(Fixture *f, gconstpointer data)
{
    start(f);
    gint64 p = placement_at(f->s, inbox, 1);
    do_change(f->s, CHANGE_MOVE, p, 0, 0, archive);
    gint64 other = placement_at(f->s, inbox, 3);
    do_change(f->s, CHANGE_FLAGS, other, FLAG_SEEN, 0, 0);
    gint64 d = first_of(f->s, archive);
    do_change(f->s, CHANGE_FLAGS, d, FLAG_FLAGGED, 0, 0);
    g_autoptr(OpBatch) b = ops_next(f->s, account, 10, NULL);
    g_assert_cmpint(b->kind, ==, OP_MOVE);
    ok(ops_mark_inflight(f->s, b, 100, 7, &err));
    guint item = 0;
    ok(ops_park(f->s, b, &item, 1, "no room", &err));
    g_assert_cmpuint(shown_count(f->s, inbox), ==, 3);
    g_assert_cmpuint(shown_count(f->s, archive), ==, 0);
    g_autoptr(Row) r = row_of(f->s, p);
    g_assert_true(r->parked);
    /* Only its own message is blocked. */
    g_autoptr(OpBatch) next = ops_next(f->s, account, 10, NULL);
    g_assert_cmpint(g_array_index(next->items, OpItem, 0).placement, ==, other);
    ok(ops_done(f->s, next, &item, 1, NULL, 0, &err));
    g_assert_null(ops_next(f->s, account, 10, NULL));
    g_autoptr(GPtrArray) parked = ops_list(f->s, TRUE, NULL);
    g_assert_cmpuint(parked->len, ==, 1);
    g_assert_cmpstr(((OpRow *)parked->pdata[0])->words, ==, "no room");
    g_assert_cmpstr(((OpRow *)parked->pdata[0])->what, ==, "move 'one' to Archive");
    gint64 id = ((OpRow *)parked->pdata[0])->id;
    ok(op_retry(f->s, id, &err));
    g_assert_cmpuint(shown_count(f->s, archive), ==, 1);
    g_autoptr(OpBatch) again = ops_next(f->s, account, 10, NULL);
    ok(ops_park(f->s, again, &item, 1, "still no room", &err));
    /* Dismissed: the message stays, and what was done to its copy-to-be is done to it. */
    ok(op_dismiss(f->s, id, &err));
    g_assert_cmpuint(shown_count(f->s, inbox), ==, 3);
    g_assert_cmpuint(shown_count(f->s, archive), ==, 0);
    g_assert_cmpuint(flags_of(f->s, p), ==, FLAG_FLAGGED);
    g_assert_cmpuint(ops_count(f->s, OP_PARKED), ==, 0);
}

static void test_undo_waiting(Fixture *f, gconstpointer data)
{
    start(f);
    gint64 p = placement_at(f->s, inbox, 2);
    gint64 flags = do_change(f->s, CHANGE_FLAGS, p, FLAG_FLAGGED, FLAG_SEEN, 0);
    gint64 move = do_change(f->s, CHANGE_MOVE, p, 0, 0, archive);
    GError *err = NULL;
    ok(change_undo(f->s, move, &err));
    g_assert_cmpuint(shown_count(f->s, inbox), ==, 3);
    g_assert_cmpuint(shown_count(f->s, archive), ==, 0);
    ok(change_undo(f->s, flags, &err));
    g_assert_cmpuint(flags_of(f->s, p), ==, FLAG_SEEN);
    g_assert_false(ops_waiting(f->s, account));
    g_assert_false(change_undo(f->s, flags, &err));
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_REFUSED);
    g_clear_error(&err);
}

static void test_undo_done(Fixture *f, gconstpointer data)
{
    start(f);
    gint64 p = placement_at(f->s, inbox, 1);
    gint64 move = do_change(f->s, CHANGE_MOVE, p, 0, 0, archive);
    guint32 uid = 900;
    g_assert_true(replay_one(f->s, account, &uid));
    ok(change_undo(f->s, move, &err));
    g_assert_cmpuint(shown_count(f->s, inbox), ==, 3);
    g_assert_cmpuint(shown_count(f->s, archive), ==, 0);
    g_autoptr(OpBatch) b = ops_next(f->s, account, 10, NULL);
    g_assert_cmpint(b->kind, ==, OP_MOVE);
    g_assert_cmpint(b->folder, ==, archive);
    g_assert_cmpint(b->destination, ==, inbox);
    g_assert_cmpuint(g_array_index(b->items, OpItem, 0).uid, ==, 900);
}

static void test_undo_in_flight(Fixture *f, gconstpointer data)
{
    start(f);
    gint64 p = placement_at(f->s, inbox, 1);
    gint64 move = do_change(f->s, CHANGE_MOVE, p, 0, 0, archive);
    g_autoptr(OpBatch) b = ops_next(f->s, account, 10, NULL);
    ok(ops_mark_inflight(f->s, b, 100, 40, &err));
    ok(change_undo(f->s, move, &err)); /* the inverse queues behind it */
    g_assert_cmpuint(shown_count(f->s, inbox), ==, 3);
    g_assert_cmpuint(shown_count(f->s, archive), ==, 0);
    reopen(f);
    g_autoptr(OpBatch) crashed = ops_next(f->s, account, 10, NULL);
    g_assert_cmpint(crashed->state, ==, OP_INFLIGHT);
    g_assert_cmpuint(crashed->recorded_uidnext, ==, 40);
    guint item = 0;
    guint32 uid = 41;
    ok(ops_done(f->s, crashed, &item, 1, &uid, 100, &err));
    g_autoptr(OpBatch) back = ops_next(f->s, account, 10, NULL);
    g_assert_cmpint(back->folder, ==, archive);
    g_assert_cmpuint(g_array_index(back->items, OpItem, 0).uid, ==, 41);
    ok(ops_done(f->s, back, &item, 1, NULL, 100, &err));
    g_assert_cmpuint(shown_count(f->s, inbox), ==, 3);
    g_assert_cmpuint(shown_count(f->s, archive), ==, 0);
}

static void test_undo_flags_under_way(Fixture *f, gconstpointer data)
{
    start(f);
    gint64 p = placement_at(f->s, inbox, 1);
    gint64 group = do_change(f->s, CHANGE_FLAGS, p, FLAG_FLAGGED, 0, 0);
    g_autoptr(OpBatch) b = ops_next(f->s, account, 10, NULL); /* its command is sent now */
    ok(change_undo(f->s, group, &err));
    g_assert_cmpuint(flags_of(f->s, p), ==, 0);
    guint item = 0;
    ok(ops_done(f->s, b, &item, 1, NULL, 0, &err));
    g_assert_cmpuint(flags_of(f->s, p), ==, 0);
    g_autoptr(OpBatch) inverse = ops_next(f->s, account, 10, NULL);
    g_assert_nonnull(inverse);
    g_assert_cmpuint(inverse->remove, ==, FLAG_FLAGGED);
}

static void test_marked_after_undo(Fixture *f, gconstpointer data)
{
    start(f);
    gint64 p = placement_at(f->s, inbox, 1);
    gint64 group = do_change(f->s, CHANGE_MOVE, p, 0, 0, archive);
    g_autoptr(OpBatch) b = ops_next(f->s, account, 10, NULL);
    ok(change_undo(f->s, group, &err));
    GError *err = NULL;
    g_assert_false(ops_mark_inflight(f->s, b, 100, 1, &err));
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_GONE);
    g_clear_error(&err);
}

/* The message arrives by sync before COPYUID is read, after it, and without any COPYUID. */
static void test_late_copyuid(Fixture *f, gconstpointer data)
{
    start(f);
    guint item = 0;
    for (guint way = 0; way < 4; way++) {
        guint32 from = way + 1, uid = 700 + way, told = way == 2 || way == 3 ? 0 : uid;
        if (way == 3)
            add_mail(f->s, inbox, 4, 4, "four", 0);
        gint64 p = placement_at(f->s, inbox, from);
        do_change(f->s, CHANGE_MOVE, p, 0, 0, archive);
        g_autoptr(OpBatch) b = ops_next(f->s, account, 10, NULL);
        gint64 d = g_array_index(b->items, OpItem, 0).destination_placement;
        ok(ops_mark_inflight(f->s, b, 100, 600, &err));
        if (way == 0 || way == 2)
            add_mail(f->s, archive, uid, (int)from, "same", FLAG_FLAGGED);
        ok(ops_done(f->s, b, &item, 1, &told, 100, &err));
        if (way == 1 || way == 3)
            add_mail(f->s, archive, uid, (int)from, "same", FLAG_FLAGGED);
        g_assert_cmpint(placement_at(f->s, archive, uid), ==, d);
        g_assert_cmpuint(shown_count(f->s, archive), ==, way + 1);
    }
}

static void test_not_bound_to_older(Fixture *f, gconstpointer data)
{
    start(f);
    gint64 p = placement_at(f->s, inbox, 1);
    do_change(f->s, CHANGE_MOVE, p, 0, 0, archive);
    /* A copy of the same message that was there all along is not the one that moves. */
    add_mail(f->s, archive, 10, 1, "one", 0);
    g_assert_cmpuint(shown_count(f->s, archive), ==, 2);
    g_autoptr(OpBatch) b = ops_next(f->s, account, 10, NULL);
    gint64 d = g_array_index(b->items, OpItem, 0).destination_placement;
    g_assert_cmpint(placement_at(f->s, archive, 10), !=, d);
    ok(ops_mark_inflight(f->s, b, 100, 11, &err));
    guint item = 0;
    guint32 none = 0;
    ok(ops_done(f->s, b, &item, 1, &none, 100, &err));
    add_mail(f->s, archive, 11, 1, "one", 0);
    g_assert_cmpint(placement_at(f->s, archive, 11), ==, d);
    g_assert_cmpuint(shown_count(f->s, archive), ==, 2);
}

static void test_merge_keeps_operations(Fixture *f, gconstpointer data)
{
    start(f);
    gint64 p = placement_at(f->s, inbox, 1);
    do_change(f->s, CHANGE_MOVE, p, 0, 0, archive);
    g_autoptr(OpBatch) b = ops_next(f->s, account, 10, NULL);
    gint64 d = g_array_index(b->items, OpItem, 0).destination_placement;
    ok(ops_requeue(f->s, b, &err));
    /* Seen by sync while the operation is thought not to have begun: a row of its own... */
    add_mail(f->s, archive, 50, 1, "one", 0);
    gint64 e = placement_at(f->s, archive, 50);
    g_assert_cmpint(e, !=, d);
    gint64 group = do_change(f->s, CHANGE_FLAGS, e, FLAG_FLAGGED, 0, 0);
    /* ...and another client did the same move: then the two are one. */
    guint32 gone = 1;
    ok(placements_vanished(f->s, inbox, &gone, 1, &err));
    g_assert_cmpint(placement_at(f->s, archive, 50), ==, d);
    g_assert_cmpuint(shown_count(f->s, archive), ==, 1);
    g_assert_cmpuint(flags_of(f->s, d), ==, FLAG_FLAGGED);
    g_assert_cmpuint(ops_count(f->s, OP_PARKED), ==, 0);
    ok(change_undo(f->s, group, &err));
    g_assert_cmpuint(flags_of(f->s, d), ==, 0);
}

static void test_vanished_source(Fixture *f, gconstpointer data)
{
    start(f);
    gint64 p = placement_at(f->s, inbox, 1);
    do_change(f->s, CHANGE_FLAGS, p, FLAG_SEEN, 0, 0);
    do_change(f->s, CHANGE_MOVE, p, 0, 0, archive);
    guint32 gone = 1;
    ok(placements_vanished(f->s, inbox, &gone, 1, &err));
    g_assert_cmpuint(shown_count(f->s, inbox), ==, 2);
    g_assert_cmpuint(shown_count(f->s, archive), ==, 0);
    g_autoptr(GPtrArray) parked = ops_list(f->s, TRUE, NULL);
    g_assert_cmpuint(parked->len, ==, 1);
    GError *err = NULL;
    g_assert_false(op_retry(f->s, ((OpRow *)parked->pdata[0])->id, &err));
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_REFUSED);
    g_clear_error(&err);
    ok(op_dismiss(f->s, ((OpRow *)parked->pdata[0])->id, &err));
    g_assert_cmpint(placement_folder(f->s, p), ==, 0);
    g_assert_cmpuint(ops_count(f->s, OP_WAITING), ==, 0);
}

/* What was done with the moved message afterwards does not wait for a message that is nowhere. */
static void test_vanished_with_more(Fixture *f, gconstpointer data)
{
    start(f);
    gint64 two = placement_at(f->s, inbox, 2);
    do_change(f->s, CHANGE_MOVE, placement_at(f->s, inbox, 1), 0, 0, archive);
    do_change(f->s, CHANGE_MOVE, two, 0, 0, archive);
    g_autoptr(GArray) moved = list_all(f->s, archive, SORT_DATE, FALSE, NULL, NULL);
    g_assert_cmpuint(moved->len, ==, 2);
    do_change(f->s, CHANGE_FLAGS, g_array_index(moved, gint64, 0), FLAG_FLAGGED, 0, 0);
    do_change(f->s, CHANGE_PURGE, g_array_index(moved, gint64, 0), 0, 0, 0);
    do_change(f->s, CHANGE_COPY, g_array_index(moved, gint64, 1), 0, 0, inbox);
    guint32 gone[] = {1, 2};
    ok(placements_vanished(f->s, inbox, gone, 2, &err));
    for (guint n = 0; n < 10 && ops_count(f->s, OP_PARKED) > 0; n++) {
        g_autoptr(GPtrArray) parked = ops_list(f->s, TRUE, NULL);
        ok(op_dismiss(f->s, ((OpRow *)parked->pdata[0])->id, &err));
    }
    g_assert_cmpuint(ops_count(f->s, OP_PARKED), ==, 0);
    g_assert_cmpuint(ops_count(f->s, OP_WAITING), ==, 0);
    g_assert_cmpuint(shown_count(f->s, archive), ==, 0);
    g_assert_cmpuint(shown_count(f->s, inbox), ==, 1);
    g_assert_cmpint(placement_folder(f->s, two), ==, 0);
}

/* EXPUNGE of our own MOVE arrives before its OK. */
static void test_vanished_by_own_move(Fixture *f, gconstpointer data)
{
    start(f);
    gint64 p = placement_at(f->s, inbox, 1);
    do_change(f->s, CHANGE_MOVE, p, 0, 0, archive);
    g_autoptr(OpBatch) b = ops_next(f->s, account, 10, NULL);
    ok(ops_mark_inflight(f->s, b, 100, 5, &err));
    guint32 gone = 1, uid = 5;
    ok(placements_vanished(f->s, inbox, &gone, 1, &err));
    g_assert_cmpuint(shown_count(f->s, archive), ==, 1);
    guint item = 0;
    ok(ops_done(f->s, b, &item, 1, &uid, 100, &err));
    g_assert_cmpuint(shown_count(f->s, archive), ==, 1);
    g_assert_cmpuint(ops_count(f->s, OP_PARKED), ==, 0);
}

/* Another client removed it while our command was under way, which therefore had no effect. */
static void test_vanished_under_way(Fixture *f, gconstpointer data)
{
    start(f);
    gint64 p = placement_at(f->s, inbox, 1);
    do_change(f->s, CHANGE_COPY, p, 0, 0, archive);
    g_autoptr(OpBatch) b = ops_next(f->s, account, 10, NULL);
    ok(ops_mark_inflight(f->s, b, 100, 5, &err));
    guint32 gone = 1;
    ok(placements_vanished(f->s, inbox, &gone, 1, &err));
    ok(ops_requeue(f->s, b, &err));
    g_assert_cmpuint(ops_count(f->s, OP_WAITING), ==, 0);
    g_assert_cmpuint(ops_count(f->s, OP_PARKED), ==, 1);
    g_assert_cmpuint(shown_count(f->s, archive), ==, 0);
}

static void test_copy_and_purge(Fixture *f, gconstpointer data)
{
    start(f);
    gint64 p = placement_at(f->s, inbox, 1);
    gint64 copy = do_change(f->s, CHANGE_COPY, p, 0, 0, archive);
    g_assert_cmpuint(shown_count(f->s, inbox), ==, 3);
    g_assert_cmpuint(shown_count(f->s, archive), ==, 1);
    guint32 uid = 30;
    g_assert_true(replay_one(f->s, account, &uid));
    ok(change_undo(f->s, copy, &err));
    g_assert_cmpuint(shown_count(f->s, archive), ==, 0);
    g_autoptr(OpBatch) b = ops_next(f->s, account, 10, NULL);
    g_assert_cmpint(b->kind, ==, OP_PURGE);
    guint item = 0;
    ok(ops_done(f->s, b, &item, 1, NULL, 0, &err));
    g_assert_cmpint(placement_at(f->s, archive, 30), ==, 0);
    GError *err = NULL;
    gint64 purge = do_change(f->s, CHANGE_PURGE, p, 0, 0, 0);
    g_assert_cmpuint(shown_count(f->s, inbox), ==, 2);
    g_assert_false(change_undo(f->s, purge, &err));
    g_clear_error(&err);
}

static void test_append(Fixture *f, gconstpointer data)
{
    start(f);
    g_autoptr(Folder) drafts = folder_by_role(f->s, account, ROLE_DRAFTS);
    const char *text = "Subject: draft\nMessage-ID: <d1@example.com>\n\nfirst\n";
    gint64 one = 0, two = 0;
    ok(one = message_append(f->s, drafts->id, text, strlen(text), FLAG_DRAFT | FLAG_SEEN, 0, &err));
    g_assert_cmpuint(shown_count(f->s, drafts->id), ==, 1);
    g_autoptr(Row) r = row_of(f->s, one);
    g_assert_cmpstr(r->subject, ==, "draft");
    g_autoptr(GBytes) body = body_get(f->s, r->message, "", NULL);
    g_assert_nonnull(body);
    g_assert_cmpuint(g_bytes_get_size(body), ==, strlen(text) + 4); /* CRLF, as on the wire */
    /* Saved again before it went: only the second one is sent. */
    ok(two = message_append(f->s, drafts->id, text, strlen(text), FLAG_DRAFT, one, &err));
    g_assert_cmpuint(shown_count(f->s, drafts->id), ==, 1);
    g_autoptr(OpBatch) b = ops_next(f->s, account, 10, NULL);
    g_assert_cmpint(b->kind, ==, OP_APPEND);
    const OpItem *item = &g_array_index(b->items, OpItem, 0);
    g_assert_cmpint(item->placement, ==, two);
    g_assert_true(g_file_test(item->file, G_FILE_TEST_EXISTS));
    g_autofree char *file = g_strdup(item->file);
    guint32 uid = 1;
    g_assert_true(replay_one(f->s, account, &uid));
    g_assert_false(g_file_test(file, G_FILE_TEST_EXISTS));
    g_assert_cmpint(placement_at(f->s, drafts->id, 1), ==, two);
    g_autoptr(Row) kept = row_of(f->s, two);
    g_autoptr(GBytes) cached = body_get(f->s, kept->message, "", NULL);
    g_assert_nonnull(cached);
    /* Replaces one that the server has: purged after the new one is confirmed. */
    gint64 three = 0;
    ok(three = message_append(f->s, drafts->id, text, strlen(text), FLAG_DRAFT, two, &err));
    g_assert_cmpuint(shown_count(f->s, drafts->id), ==, 1);
    g_assert_true(replay_one(f->s, account, &uid));
    g_autoptr(OpBatch) purge = ops_next(f->s, account, 10, NULL);
    g_assert_cmpint(purge->kind, ==, OP_PURGE);
    g_assert_cmpuint(g_array_index(purge->items, OpItem, 0).uid, ==, 1);
    g_assert_true(replay_one(f->s, account, &uid));
    g_assert_cmpuint(shown_count(f->s, drafts->id), ==, 1);
    g_assert_false(replay_one(f->s, account, &uid));
}

static void test_append_refused(Fixture *f, gconstpointer data)
{
    start(f);
    g_autoptr(Folder) drafts = folder_by_role(f->s, account, ROLE_DRAFTS);
    const char *text = "Subject: only here\n\nx\n";
    gint64 one = 0;
    ok(one = message_append(f->s, drafts->id, text, strlen(text), 0, 0, &err));
    g_autoptr(OpBatch) b = ops_next(f->s, account, 10, NULL);
    guint item = 0;
    ok(ops_park(f->s, b, &item, 1, "quota", &err));
    g_assert_cmpuint(shown_count(f->s, drafts->id), ==, 1); /* it exists nowhere else */
    g_autoptr(GPtrArray) parked = ops_list(f->s, TRUE, NULL);
    ok(op_dismiss(f->s, ((OpRow *)parked->pdata[0])->id, &err));
    g_assert_cmpuint(shown_count(f->s, drafts->id), ==, 0);
    g_autofree char *append = g_build_filename(f->directory, "append", NULL);
    g_autoptr(GDir) dir = g_dir_open(append, 0, NULL);
    g_assert_null(g_dir_read_name(dir));
}

static void test_unbindable_arrival(Fixture *f, gconstpointer data)
{
    start(f);
    gint64 p = placement_at(f->s, inbox, 1);
    do_change(f->s, CHANGE_MOVE, p, 0, 0, archive);
    g_autoptr(OpBatch) b = ops_next(f->s, account, 10, NULL);
    ok(ops_mark_inflight(f->s, b, 100, 5, &err));
    guint item = 0;
    guint32 none = 0;
    ok(ops_done(f->s, b, &item, 1, &none, 100, &err));
    add_mail(f->s, archive, 5, 99, "rewritten by the server", 0);
    for (int i = 0; i < 3; i++) {
        g_assert_cmpuint(shown_count(f->s, archive), ==, 2);
        ok(folder_set_synced(f->s, archive, 6, 0, 1, &err));
    }
    g_assert_cmpuint(shown_count(f->s, archive), ==, 1);
}

static void test_refusals(Fixture *f, gconstpointer data)
{
    start(f);
    GError *err = NULL;
    gint64 p = placement_at(f->s, inbox, 1);
    Change c = {CHANGE_MOVE, &p, 1, 0, 0, 123456};
    g_assert_cmpint(change_commit(f->s, &c, &err), ==, 0);
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_GONE);
    g_clear_error(&err);
    gint64 gone = 98765;
    Change d = {CHANGE_FLAGS, &gone, 1, FLAG_SEEN, 0, 0};
    g_assert_cmpint(change_commit(f->s, &d, &err), ==, 0);
    g_assert_error(err, PINTAIL_ERROR, PINTAIL_ERROR_GONE);
    g_clear_error(&err);
    g_assert_cmpuint(shown_count(f->s, inbox), ==, 3);
    g_assert_false(ops_waiting(f->s, account));
}

static void test_bulk(Fixture *f, gconstpointer data)
{
    start(f);
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint64));
    for (guint32 uid = 10; uid < 310; uid++) {
        add_mail(f->s, inbox, uid, (int)uid, "bulk", 0);
        gint64 p = placement_at(f->s, inbox, uid);
        g_array_append_val(ids, p);
    }
    Change c = {CHANGE_MOVE, (gint64 *)(void *)ids->data, ids->len, 0, 0, archive};
    gint64 group = 0;
    ok(group = change_commit(f->s, &c, &err));
    g_assert_cmpuint(shown_count(f->s, archive), ==, 300);
    g_autoptr(OpBatch) b = ops_next(f->s, account, 1000, NULL);
    g_assert_cmpuint(b->items->len, ==, 300);
    ok(change_undo(f->s, group, &err));
    g_assert_cmpuint(shown_count(f->s, archive), ==, 0);
    g_assert_cmpuint(shown_count(f->s, inbox), ==, 303);
    g_assert_false(ops_waiting(f->s, account));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST("/store/change/flags", test_flags);
    TEST("/store/change/move", test_move_and_done);
    TEST("/store/change/undo a copy that was not made", test_undo_copy_not_made);
    TEST("/store/change/flags found first", test_flags_found_first);
    TEST("/store/change/flags found second", test_flags_found_second);
    TEST("/store/change/park", test_park);
    TEST("/store/change/undo-waiting", test_undo_waiting);
    TEST("/store/change/undo-done", test_undo_done);
    TEST("/store/change/undo-in-flight", test_undo_in_flight);
    TEST("/store/change/undo-flags-under-way", test_undo_flags_under_way);
    TEST("/store/change/marked-after-undo", test_marked_after_undo);
    TEST("/store/change/late-copyuid", test_late_copyuid);
    TEST("/store/change/not-bound-to-older", test_not_bound_to_older);
    TEST("/store/change/merge-keeps-operations", test_merge_keeps_operations);
    TEST("/store/change/vanished-source", test_vanished_source);
    TEST("/store/change/vanished-with-more", test_vanished_with_more);
    TEST("/store/change/vanished-under-way", test_vanished_under_way);
    TEST("/store/change/vanished-by-own-move", test_vanished_by_own_move);
    TEST("/store/change/copy-and-purge", test_copy_and_purge);
    TEST("/store/change/append", test_append);
    TEST("/store/change/append-refused", test_append_refused);
    TEST("/store/change/unbindable-arrival", test_unbindable_arrival);
    TEST("/store/change/refusals", test_refusals);
    TEST("/store/change/bulk", test_bulk);
    return g_test_run();
}
