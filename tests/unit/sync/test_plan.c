/* test_plan.c - plan(): each test is data. UIDs are written "1:3,7"; a known one may carry flags
 * "5=S" (S seen, F flagged). */
#include <glib.h>
#include <string.h>
#include "pintail/proto/imap.h"
#include "plan.h"

typedef struct {
    const char *name;
    /* server */
    guint32 uidvalidity, uidnext, exists;
    guint64 modseq;
    const char *uids; /* what a search finds; NULL: none was made */
    guint32 from;
    gboolean second_look;
    const char *changed, *gone; /* since here_modseq, as CHANGEDSINCE and VANISHED tell; NULL: not asked */
    /* here */
    guint32 here_uidvalidity, here_uidnext, floor;
    guint64 here_modseq;
    const char *known;
    gboolean flags_current;
    const char *leaving;
    /* so */
    PlanSearch search;
    const char *actions;
} Case;

static const Case cases[] = {
    {.name = "nothing changed: no search, but flags are read once",
     .uidvalidity = 7, .uidnext = 4, .exists = 3,
     .here_uidvalidity = 7, .here_uidnext = 4, .floor = 1, .known = "1:3",
     .search = PLAN_SEARCH_NONE, .actions = "flags 1:3 | synced 4 mod 0 floor 1"},
    {.name = "nothing changed, and the modification sequence says so",
     .uidvalidity = 7, .uidnext = 4, .exists = 3, .modseq = 99,
     .here_uidvalidity = 7, .here_uidnext = 4, .floor = 1, .here_modseq = 99, .known = "1:3",
     .search = PLAN_SEARCH_NONE, .actions = "synced 4 mod 99 floor 1"},
    {.name = "another modification sequence: flags",
     .uidvalidity = 7, .uidnext = 4, .exists = 3, .modseq = 100,
     .here_uidvalidity = 7, .here_uidnext = 4, .floor = 1, .here_modseq = 99, .known = "1:3",
     .search = PLAN_SEARCH_NONE, .actions = "flags 1:3 | synced 4 mod 100 floor 1"},
    {.name = "flags are current on this connection",
     .uidvalidity = 7, .uidnext = 4, .exists = 3,
     .here_uidvalidity = 7, .here_uidnext = 4, .floor = 1, .known = "1:3", .flags_current = TRUE,
     .search = PLAN_SEARCH_NONE, .actions = "synced 4 mod 0 floor 1"},
    {.name = "first time: an empty folder",
     .uidvalidity = 7, .uidnext = 1, .exists = 0, .uids = "", .from = 1,
     .here_uidvalidity = 0, .known = "",
     .search = PLAN_SEARCH_NONE, .actions = "reset 7 | synced 1 mod 0 floor 1 | drop unbound"},
    {.name = "first time, nothing searched yet",
     .uidvalidity = 7, .uidnext = 100, .exists = 99,
     .here_uidvalidity = 0, .known = "",
     .search = PLAN_SEARCH_ALL, .actions = "reset 7 | synced 100 mod 0 floor 0 | drop unbound"},
    {.name = "first time: newest first, the floor sinks after each step",
     .uidvalidity = 7, .uidnext = 201, .exists = 200, .modseq = 5, .uids = "1:200", .from = 1,
     .here_uidvalidity = 7, .known = "",
     .search = PLAN_SEARCH_NONE,
     .actions = "headers 141:200 | synced 201 mod 5 floor 141 | headers 21:140 | synced 201 mod 5 floor 21 | "
                "headers 1:20 | synced 201 mod 5 floor 1 | synced 201 mod 5 floor 1"},
    {.name = "new mail: only what is new is searched",
     .uidvalidity = 7, .uidnext = 6, .exists = 5, .uids = "4:5", .from = 4,
     .here_uidvalidity = 7, .here_uidnext = 4, .floor = 1, .known = "1:3", .flags_current = TRUE,
     .search = PLAN_SEARCH_NONE,
     .actions = "headers 4:5 | synced 6 mod 0 floor 1 | synced 6 mod 0 floor 1"},
    {.name = "new mail, before the search",
     .uidvalidity = 7, .uidnext = 6, .exists = 5,
     .here_uidvalidity = 7, .here_uidnext = 4, .floor = 1, .known = "1:3",
     .search = PLAN_SEARCH_NEW, .actions = "flags 1:3 | synced 6 mod 0 floor 1"},
    {.name = "a server that does not give UIDNEXT",
     .uidvalidity = 7, .uidnext = 0, .exists = 4, .uids = "4", .from = 4,
     .here_uidvalidity = 7, .here_uidnext = 4, .floor = 1, .known = "1:3", .flags_current = TRUE,
     .search = PLAN_SEARCH_NONE,
     .actions = "headers 4 | synced 5 mod 0 floor 1 | synced 5 mod 0 floor 1"},
    {.name = "4:* answers with 3 when there is no 4",
     .uidvalidity = 7, .uidnext = 0, .exists = 3, .uids = "3", .from = 4,
     .here_uidvalidity = 7, .here_uidnext = 4, .floor = 1, .known = "1:3", .flags_current = TRUE,
     .search = PLAN_SEARCH_ALL, .actions = "synced 4 mod 0 floor 1"},
    {.name = "new mail, and the count says that something went: search all",
     .uidvalidity = 7, .uidnext = 6, .exists = 4, .uids = "4:5", .from = 4,
     .here_uidvalidity = 7, .here_uidnext = 4, .floor = 1, .known = "1:3", .flags_current = TRUE,
     .search = PLAN_SEARCH_ALL,
     .actions = "headers 4:5 | synced 6 mod 0 floor 1 | synced 6 mod 0 floor 1"},
    {.name = "one went, one came",
     .uidvalidity = 7, .uidnext = 6, .exists = 4, .uids = "1,3:5", .from = 1,
     .here_uidvalidity = 7, .here_uidnext = 4, .floor = 1, .known = "1:3", .flags_current = TRUE,
     .search = PLAN_SEARCH_NONE,
     .actions = "vanished 2 | headers 4:5 | synced 6 mod 0 floor 1 | synced 6 mod 0 floor 1"},
    {.name = "the last message went, without any other change",
     .uidvalidity = 7, .uidnext = 4, .exists = 2,
     .here_uidvalidity = 7, .here_uidnext = 4, .floor = 1, .known = "1:3", .flags_current = TRUE,
     .search = PLAN_SEARCH_ALL, .actions = "synced 4 mod 0 floor 1"},
    {.name = "what our own MOVE takes has not vanished",
     .uidvalidity = 7, .uidnext = 4, .exists = 1, .uids = "3", .from = 1,
     .here_uidvalidity = 7, .here_uidnext = 4, .floor = 1, .known = "1:3", .flags_current = TRUE, .leaving = "2",
     .search = PLAN_SEARCH_NONE, .actions = "vanished 1 | synced 4 mod 0 floor 1"},
    {.name = "a new UIDVALIDITY: everything anew, and what is not found again goes",
     .uidvalidity = 8, .uidnext = 3, .exists = 2, .modseq = 4, .uids = "1:2", .from = 1,
     .here_uidvalidity = 7, .here_uidnext = 400, .floor = 1, .here_modseq = 4, .known = "5,300",
     .search = PLAN_SEARCH_NONE,
     .actions = "reset 8 | headers 1:2 | synced 3 mod 4 floor 1 | synced 3 mod 4 floor 1 | drop unbound"},
    {.name = "an interrupted first sync goes on below its floor, after new mail and flags",
     .uidvalidity = 7, .uidnext = 102, .exists = 101, .uids = "1:101", .from = 1,
     .here_uidvalidity = 7, .here_uidnext = 101, .floor = 61, .known = "61:100",
     .search = PLAN_SEARCH_NONE,
     .actions = "headers 101 | synced 102 mod 0 floor 61 | flags 61:100 | headers 1:60 | "
                "synced 102 mod 0 floor 1 | synced 102 mod 0 floor 1"},
    {.name = "interrupted among new mail: the gap below what came is filled",
     .uidvalidity = 7, .uidnext = 14, .exists = 13, .uids = "11:13", .from = 11,
     .here_uidvalidity = 7, .here_uidnext = 11, .floor = 1, .known = "1:10,13", .flags_current = TRUE,
     .search = PLAN_SEARCH_NONE,
     .actions = "headers 11:12 | synced 14 mod 0 floor 1 | flags 13:13 | synced 14 mod 0 floor 1"},
    {.name = "what our own operation named first: another client may have changed its flags since",
     .uidvalidity = 7, .uidnext = 4, .exists = 4, .modseq = 9,
     .here_uidvalidity = 7, .here_uidnext = 4, .floor = 1, .here_modseq = 9, .known = "1:3,8", .flags_current = TRUE,
     .search = PLAN_SEARCH_NONE, .actions = "flags 8:8 | synced 9 mod 9 floor 1"},
    {.name = "what our own operation named first, found by the search",
     .uidvalidity = 7, .uidnext = 4, .exists = 5, .modseq = 9, .uids = "8:9", .from = 4,
     .here_uidvalidity = 7, .here_uidnext = 4, .floor = 1, .here_modseq = 9, .known = "1:3,8", .flags_current = TRUE,
     .search = PLAN_SEARCH_NONE,
     .actions = "headers 9 | synced 10 mod 9 floor 1 | flags 8:8 | synced 10 mod 9 floor 1"},
    {.name = "a hole is filled without moving the floor",
     .uidvalidity = 7, .uidnext = 6, .exists = 5, .uids = "1:5", .from = 1,
     .here_uidvalidity = 7, .here_uidnext = 6, .floor = 1, .known = "1:2,4:5", .flags_current = TRUE,
     .search = PLAN_SEARCH_NONE, .actions = "headers 3 | synced 6 mod 0 floor 1"},
    {.name = "a mass disappearance is looked at again",
     .uidvalidity = 7, .uidnext = 31, .exists = 5, .uids = "26:30", .from = 1,
     .here_uidvalidity = 7, .here_uidnext = 31, .floor = 1, .known = "1:30", .flags_current = TRUE,
     .search = PLAN_SEARCH_NONE, .actions = "look again | synced 31 mod 0 floor 1"},
    {.name = "and believed the second time",
     .uidvalidity = 7, .uidnext = 31, .exists = 5, .uids = "26:30", .from = 1, .second_look = TRUE,
     .here_uidvalidity = 7, .here_uidnext = 31, .floor = 1, .known = "1:30", .flags_current = TRUE,
     .search = PLAN_SEARCH_NONE, .actions = "vanished 1:25 | synced 31 mod 0 floor 1"},
    {.name = "a small folder that empties is no mass",
     .uidvalidity = 7, .uidnext = 6, .exists = 0, .uids = "", .from = 1,
     .here_uidvalidity = 7, .here_uidnext = 6, .floor = 1, .known = "1:5", .flags_current = TRUE,
     .search = PLAN_SEARCH_NONE, .actions = "vanished 1:5 | synced 6 mod 0 floor 1"},
    {.name = "mail that came while we were looking counts into UIDNEXT",
     .uidvalidity = 7, .uidnext = 4, .exists = 4, .uids = "1:4", .from = 1,
     .here_uidvalidity = 7, .here_uidnext = 4, .floor = 1, .known = "1:3", .flags_current = TRUE,
     .search = PLAN_SEARCH_NONE, .actions = "headers 4 | synced 5 mod 0 floor 1 | synced 5 mod 0 floor 1"},
};

static const Case since_cases[] = {
    {.name = "nothing at all",
     .uidvalidity = 7, .uidnext = 4, .exists = 3, .modseq = 99, .changed = "", .gone = "",
     .here_uidvalidity = 7, .here_uidnext = 4, .floor = 1, .here_modseq = 99, .known = "1:3",
     .search = PLAN_SEARCH_NONE, .actions = "synced 4 mod 99 floor 1"},
    {.name = "flags, new mail and what is gone, without any search",
     .uidvalidity = 7, .uidnext = 7, .exists = 5, .modseq = 105, .changed = "2,5:6", .gone = "3",
     .here_uidvalidity = 7, .here_uidnext = 5, .floor = 1, .here_modseq = 99, .known = "1:4",
     .search = PLAN_SEARCH_NONE,
     .actions = "vanished 3 | changed 3 | headers 5:6 | synced 7 mod 105 floor 1 | synced 7 mod 105 floor 1"},
    {.name = "UIDs that were never known may have vanished too",
     .uidvalidity = 7, .uidnext = 30, .exists = 2, .modseq = 105, .changed = "", .gone = "3,5:29",
     .here_uidvalidity = 7, .here_uidnext = 5, .floor = 1, .here_modseq = 99, .known = "1:3",
     .search = PLAN_SEARCH_NONE, .actions = "vanished 3 | synced 30 mod 105 floor 1"},
    {.name = "what our own MOVE takes has not vanished",
     .uidvalidity = 7, .uidnext = 4, .exists = 1, .modseq = 105, .changed = "", .gone = "2:3",
     .here_uidvalidity = 7, .here_uidnext = 4, .floor = 1, .here_modseq = 99, .known = "1:3", .leaving = "2",
     .search = PLAN_SEARCH_NONE, .actions = "vanished 3 | synced 4 mod 105 floor 1"},
    {.name = "without VANISHED the count tells that something is gone",
     .uidvalidity = 7, .uidnext = 4, .exists = 2, .modseq = 105, .changed = "1",
     .here_uidvalidity = 7, .here_uidnext = 4, .floor = 1, .here_modseq = 99, .known = "1:3",
     .search = PLAN_SEARCH_ALL, .actions = "changed 1 | synced 4 mod 105 floor 1"},
    {.name = "and after that search",
     .uidvalidity = 7, .uidnext = 4, .exists = 2, .modseq = 105, .changed = "1", .uids = "1,3", .from = 1,
     .here_uidvalidity = 7, .here_uidnext = 4, .floor = 1, .here_modseq = 99, .known = "1:3",
     .search = PLAN_SEARCH_NONE, .actions = "vanished 2 | changed 1 | synced 4 mod 105 floor 1"},
    {.name = "new mail that a server forgets to tell of is searched for",
     .uidvalidity = 7, .uidnext = 6, .exists = 5, .modseq = 105, .changed = "5", .gone = "",
     .here_uidvalidity = 7, .here_uidnext = 4, .floor = 1, .here_modseq = 99, .known = "1:3",
     .search = PLAN_SEARCH_ALL,
     .actions = "changed 1 | headers 5 | synced 6 mod 105 floor 1 | synced 6 mod 105 floor 1"},
    {.name = "a copy of ours in front of UIDNEXT is known, and no new mail",
     .uidvalidity = 7, .uidnext = 6, .exists = 4, .modseq = 105, .changed = "5", .gone = "4",
     .here_uidvalidity = 7, .here_uidnext = 4, .floor = 1, .here_modseq = 99, .known = "1:3,5",
     .search = PLAN_SEARCH_NONE, .actions = "changed 1 | synced 6 mod 105 floor 1"},
    {.name = "a copy of ours that was not known when the server told of what was known",
     .uidvalidity = 7, .uidnext = 7, .exists = 5, .modseq = 105, .changed = "", .gone = "", .uids = "1:3,5:6", .from = 1,
     .here_uidvalidity = 7, .here_uidnext = 4, .floor = 1, .here_modseq = 99, .known = "1:3,5",
     .search = PLAN_SEARCH_NONE,
     .actions = "headers 6 | synced 7 mod 105 floor 1 | flags 5:5 | synced 7 mod 105 floor 1"},
    {.name = "new mail that is told of",
     .uidvalidity = 7, .uidnext = 5, .exists = 4, .modseq = 105, .changed = "4,4", .gone = "",
     .here_uidvalidity = 7, .here_uidnext = 4, .floor = 1, .here_modseq = 99, .known = "1:3",
     .search = PLAN_SEARCH_NONE,
     .actions = "changed 1 | headers 4 | synced 5 mod 105 floor 1 | synced 5 mod 105 floor 1"},
    {.name = "a mass disappearance is not recorded before the second look",
     .uidvalidity = 7, .uidnext = 31, .exists = 5, .modseq = 105, .changed = "", .gone = "1:25",
     .here_uidvalidity = 7, .here_uidnext = 31, .floor = 1, .here_modseq = 99, .known = "1:30",
     .search = PLAN_SEARCH_NONE, .actions = "look again | synced 31 mod 99 floor 1"},
    {.name = "an interrupted first sync goes on, its flags by what changed",
     .uidvalidity = 7, .uidnext = 101, .exists = 100, .modseq = 105, .changed = "70", .gone = "", .uids = "1:100", .from = 1,
     .here_uidvalidity = 7, .here_uidnext = 101, .floor = 61, .here_modseq = 99, .known = "61:100",
     .search = PLAN_SEARCH_NONE,
     .actions = "changed 1 | headers 1:60 | synced 101 mod 105 floor 1 | synced 101 mod 105 floor 1"},
};

/* When may it be asked what happened since? */
static void test_can_ask(void)
{
    PlanServer server = {.uidvalidity = 7, .highestmodseq = 10};
    PlanLocal local = {.uidvalidity = 7, .uidnext = 5, .highestmodseq = 10};
    g_assert_true(plan_can_ask_since(&server, &local));
    server.highestmodseq = 9; /* a server that was set back */
    g_assert_false(plan_can_ask_since(&server, &local));
    server.highestmodseq = 11;
    server.uidvalidity = 8;
    g_assert_false(plan_can_ask_since(&server, &local));
    server.uidvalidity = 7;
    local.highestmodseq = 0;
    g_assert_false(plan_can_ask_since(&server, &local));
    server.highestmodseq = 0;
    g_assert_false(plan_can_ask_since(&server, &local));
}

static GArray *uids_of(const char *text)
{
    g_autoptr(ImapSet) set = text && *text ? imap_set_parse(span_of(text)) : imap_set_new();
    g_assert_nonnull(set);
    return imap_set_uids(set, G_MAXUINT32);
}

static GArray *known_of(const char *text)
{
    g_autoptr(GArray) uids = uids_of(text);
    GArray *known = g_array_new(FALSE, TRUE, sizeof(UidFlags));
    for (guint n = 0; n < uids->len; n++) {
        UidFlags f = {.uid = g_array_index(uids, guint32, n)};
        g_array_append_val(known, f);
    }
    return known;
}

static void test_case(gconstpointer data)
{
    const Case *c = data;
    g_autoptr(GArray) uids = uids_of(c->uids);
    g_autoptr(GArray) known = known_of(c->known);
    g_autoptr(GArray) leaving = uids_of(c->leaving);
    PlanServer server = {.uidvalidity = c->uidvalidity, .uidnext = c->uidnext, .exists = c->exists,
                         .highestmodseq = c->modseq, .uids = (const guint32 *)(void *)uids->data,
                         .n_uids = uids->len, .uids_from = c->from, .second_look = c->second_look};
    PlanLocal local = {.uidvalidity = c->here_uidvalidity, .uidnext = c->here_uidnext, .floor_uid = c->floor,
                       .highestmodseq = c->here_modseq, .known = (const UidFlags *)(void *)known->data,
                       .n_known = known->len, .flags_current = c->flags_current};
    PlanOps ops = {.leaving = (const guint32 *)(void *)leaving->data, .n_leaving = leaving->len};
    g_autoptr(GArray) changed = known_of(c->changed);
    g_autoptr(GArray) gone = uids_of(c->gone);
    server.since = c->changed != NULL;
    server.knows_gone = c->gone != NULL;
    server.changed = (const UidFlags *)(void *)changed->data;
    server.n_changed = changed->len;
    server.gone = (const guint32 *)(void *)gone->data;
    server.n_gone = gone->len;
    g_assert_cmpint(plan_search(&server, &local), ==, c->search);
    g_autoptr(Plan) p = plan(&server, &local, &ops);
    g_autofree char *text = plan_to_text(p);
    g_assert_cmpstr(text, ==, c->actions);
}

/* Whatever happens between two syncs, and wherever the first is stopped: carrying out plans ends in the
 * server's set, and no UID is fetched twice. */
static void carry_out(const Plan *p, guint steps, GHashTable *here, guint *fetched, PlanLocal *local)
{
    for (guint n = 0; n < p->actions->len && n < steps; n++) {
        const PlanAction *a = &g_array_index(p->actions, PlanAction, n);
        for (guint i = 0; i < a->n; i++) {
            gpointer uid = GUINT_TO_POINTER(g_array_index(p->uids, guint32, a->at + i));
            if (a->kind == PLAN_VANISHED) {
                g_assert_true(g_hash_table_remove(here, uid));
            } else {
                g_assert_true(g_hash_table_add(here, uid));
                (*fetched)++;
            }
        }
        if (a->kind == PLAN_RESET)
            local->uidvalidity = a->uidnext;
        if (a->kind == PLAN_SYNCED) {
            local->uidnext = a->uidnext;
            local->floor_uid = a->floor_uid;
            local->highestmodseq = a->highestmodseq;
        }
    }
}

static int compare_uids(const void *a, const void *b)
{
    return *(const guint32 *)a < *(const guint32 *)b ? -1 : 1;
}

static GArray *sorted_known(GHashTable *here)
{
    g_autoptr(GArray) uids = g_array_new(FALSE, FALSE, sizeof(guint32));
    GHashTableIter i;
    gpointer key;
    g_hash_table_iter_init(&i, here);
    while (g_hash_table_iter_next(&i, &key, NULL)) {
        guint32 uid = GPOINTER_TO_UINT(key);
        g_array_append_val(uids, uid);
    }
    g_array_sort(uids, compare_uids);
    GArray *known = g_array_new(FALSE, TRUE, sizeof(UidFlags));
    for (guint n = 0; n < uids->len; n++) {
        UidFlags f = {.uid = g_array_index(uids, guint32, n)};
        g_array_append_val(known, f);
    }
    return known;
}

/* One sync as the worker does it, stopped after `steps` actions. */
static void one_sync(GArray *there, guint32 uidnext, GHashTable *here, PlanLocal *local, guint steps, guint *fetched)
{
    g_autoptr(GArray) known = sorted_known(here);
    local->known = (const UidFlags *)(void *)known->data;
    local->n_known = known->len;
    PlanServer server = {.uidvalidity = 7, .uidnext = uidnext, .exists = there->len, .second_look = TRUE};
    PlanOps none = {0};
    for (PlanSearch s; (s = plan_search(&server, local)) != PLAN_SEARCH_NONE;) {
        server.uids_from = s == PLAN_SEARCH_ALL ? 1 : local->uidnext;
        guint first = 0;
        while (first < there->len && g_array_index(there, guint32, first) < server.uids_from)
            first++;
        server.uids = &g_array_index(there, guint32, first);
        server.n_uids = there->len - first;
    }
    g_autoptr(Plan) p = plan(&server, local, &none);
    carry_out(p, steps, here, fetched, local);
    local->known = NULL;
}

static void test_stopped_anywhere(void)
{
    for (guint stop = 0; stop < 14; stop++) {
        g_autoptr(GArray) there = g_array_new(FALSE, FALSE, sizeof(guint32));
        for (guint32 uid = 1; uid <= 900; uid++)
            if (uid % 3 != 0)
                g_array_append_val(there, uid);
        g_autoptr(GHashTable) here = g_hash_table_new(NULL, NULL);
        PlanLocal local = {.uidvalidity = 7};
        guint fetched = 0;
        one_sync(there, 901, here, &local, stop, &fetched);
        /* meanwhile mail comes and goes */
        g_array_remove_range(there, there->len - 40, 30);
        g_array_remove_range(there, 5, 10);
        for (guint32 uid = 901; uid <= 1100; uid++)
            g_array_append_val(there, uid);
        one_sync(there, 1101, here, &local, stop / 2, &fetched);
        one_sync(there, 1101, here, &local, G_MAXUINT, &fetched);
        g_assert_cmpuint(g_hash_table_size(here), ==, there->len);
        for (guint n = 0; n < there->len; n++)
            g_assert_true(g_hash_table_contains(here, GUINT_TO_POINTER(g_array_index(there, guint32, n))));
        g_assert_cmpuint(local.floor_uid, ==, 1);
        g_assert_cmpuint(local.uidnext, ==, 1101);
        guint before = fetched;
        one_sync(there, 1101, here, &local, G_MAXUINT, &fetched);
        g_assert_cmpuint(fetched, ==, before);
    }
}

/* ---- HIGHESTMODSEQ keeps its promise, wherever syncs are stopped ---- */

typedef struct {
    guint32 uid;
    guint flags;
    guint64 modseq;
    gboolean gone;
} There;

typedef struct {
    GRand *random;
    GArray *all; /* of There, also what is gone */
    guint64 modseq;
    GHashTable *here; /* uid -> flags + 1 */
    PlanLocal local;
} Model;

static void disturb(Model *m)
{
    for (int n = g_rand_int_range(m->random, 0, 30); n > 0; n--) {
        int what = g_rand_int_range(m->random, 0, 3);
        There fresh = {.uid = m->all->len + 1, .flags = (guint)g_rand_int_range(m->random, 0, 4), .modseq = ++m->modseq};
        if (what == 0 || m->all->len == 0) {
            g_array_append_val(m->all, fresh);
            continue;
        }
        There *t = &g_array_index(m->all, There, g_rand_int_range(m->random, 0, (gint32)m->all->len));
        if (t->gone)
            continue;
        t->modseq = m->modseq;
        t->flags = fresh.flags;
        t->gone = what == 1;
    }
}

static guint32 model_uidnext(const Model *m)
{
    return m->all->len + 1;
}

static void model_action(Model *m, const Plan *p, const PlanAction *a, const PlanServer *server)
{
    for (guint i = 0; i < a->n; i++) {
        guint32 uid = g_array_index(p->uids, guint32, a->at + i);
        const There *t = &g_array_index(m->all, There, uid - 1);
        if (a->kind == PLAN_VANISHED)
            g_hash_table_remove(m->here, GUINT_TO_POINTER(uid));
        else if (!t->gone) /* it may go between the search and the FETCH */
            g_hash_table_insert(m->here, GUINT_TO_POINTER(uid), GUINT_TO_POINTER(t->flags + 1));
    }
    for (gsize n = 0; a->kind == PLAN_CHANGED && n < server->n_changed; n++)
        if (g_hash_table_contains(m->here, GUINT_TO_POINTER(server->changed[n].uid)))
            g_hash_table_insert(m->here, GUINT_TO_POINTER(server->changed[n].uid),
                                GUINT_TO_POINTER(server->changed[n].flags + 1));
    for (guint32 uid = a->first; a->kind == PLAN_FLAGS && uid <= a->last; uid++) {
        const There *t = &g_array_index(m->all, There, uid - 1);
        if (!t->gone && g_hash_table_contains(m->here, GUINT_TO_POINTER(uid)))
            g_hash_table_insert(m->here, GUINT_TO_POINTER(uid), GUINT_TO_POINTER(t->flags + 1));
    }
    if (a->kind == PLAN_SYNCED) {
        m->local.uidnext = a->uidnext;
        m->local.floor_uid = a->floor_uid;
        m->local.highestmodseq = a->highestmodseq;
    }
}

/* `disturbed`: the server goes on changing while the plan is carried out. */
static void model_sync(Model *m, guint steps, gboolean disturbed)
{
    g_autoptr(GArray) known = sorted_known(m->here);
    g_autoptr(GArray) changed = g_array_new(FALSE, TRUE, sizeof(UidFlags));
    g_autoptr(GArray) gone = g_array_new(FALSE, FALSE, sizeof(guint32));
    g_autoptr(GArray) uids = g_array_new(FALSE, FALSE, sizeof(guint32));
    m->local.known = (const UidFlags *)(void *)known->data;
    m->local.n_known = known->len;
    PlanServer server = {.uidvalidity = 7, .uidnext = model_uidnext(m), .highestmodseq = m->modseq, .second_look = TRUE};
    for (guint n = 0; n < m->all->len; n++) {
        const There *t = &g_array_index(m->all, There, n);
        UidFlags f = {.uid = t->uid, .flags = t->flags};
        if (t->modseq > m->local.highestmodseq && t->gone)
            g_array_append_val(gone, t->uid);
        else if (t->modseq > m->local.highestmodseq)
            g_array_append_val(changed, f);
        server.exists += !t->gone;
        if (!t->gone)
            g_array_append_val(uids, t->uid);
    }
    if (plan_can_ask_since(&server, &m->local) && g_rand_int_range(m->random, 0, 4) > 0) {
        server.since = TRUE;
        server.knows_gone = g_rand_boolean(m->random);
        server.changed = (const UidFlags *)(void *)changed->data;
        server.n_changed = changed->len;
        server.gone = (const guint32 *)(void *)gone->data;
        server.n_gone = server.knows_gone ? gone->len : 0;
    }
    for (PlanSearch s; (s = plan_search(&server, &m->local)) != PLAN_SEARCH_NONE;) {
        guint first = 0;
        server.uids_from = s == PLAN_SEARCH_ALL ? 1 : m->local.uidnext;
        while (first < uids->len && g_array_index(uids, guint32, first) < server.uids_from)
            first++;
        server.uids = (const guint32 *)(void *)uids->data + first;
        server.n_uids = uids->len - first;
    }
    PlanOps none = {0};
    g_autoptr(Plan) p = plan(&server, &m->local, &none);
    for (guint n = 0; n < p->actions->len && n < steps; n++) {
        model_action(m, p, &g_array_index(p->actions, PlanAction, n), &server);
        if (disturbed)
            disturb(m);
    }
    m->local.known = NULL;
}

static void test_modseq(void)
{
    for (guint32 seed = 1; seed <= 400; seed++) {
        Model m = {.random = g_rand_new_with_seed(seed), .all = g_array_new(FALSE, TRUE, sizeof(There)), .modseq = 1,
                   .here = g_hash_table_new(NULL, NULL), .local = {.uidvalidity = 7}};
        for (int n = 0; n < 20; n++)
            disturb(&m);
        for (int round = 0; round < 12; round++) {
            disturb(&m);
            model_sync(&m, (guint)g_rand_int_range(m.random, 0, 8), g_rand_boolean(m.random));
        }
        model_sync(&m, G_MAXUINT, FALSE);
        guint count = 0;
        for (guint n = 0; n < m.all->len; n++) {
            const There *t = &g_array_index(m.all, There, n);
            guint here = GPOINTER_TO_UINT(g_hash_table_lookup(m.here, GUINT_TO_POINTER(t->uid)));
            count += !t->gone;
            if (here != (t->gone ? 0 : t->flags + 1))
                g_error("seed %u: UID %u is %u here and %u there", seed, t->uid, here, t->gone ? 0 : t->flags + 1);
        }
        g_assert_cmpuint(g_hash_table_size(m.here), ==, count);
        g_rand_free(m.random);
        g_array_unref(m.all);
        g_hash_table_unref(m.here);
    }
}

static void test_flags_in_steps(void)
{
    g_autoptr(GArray) known = g_array_new(FALSE, TRUE, sizeof(UidFlags));
    for (guint32 uid = 2; uid <= 5000; uid += 2) {
        UidFlags f = {.uid = uid};
        g_array_append_val(known, f);
    }
    PlanServer server = {.uidvalidity = 7, .uidnext = 5001, .exists = known->len};
    PlanLocal local = {.uidvalidity = 7, .uidnext = 5001, .floor_uid = 1,
                       .known = (const UidFlags *)(void *)known->data, .n_known = known->len};
    PlanOps none = {0};
    g_autoptr(Plan) p = plan(&server, &local, &none);
    g_autofree char *text = plan_to_text(p);
    g_assert_cmpstr(text, ==, "flags 3002:5000 | flags 1002:3000 | flags 2:1000 | synced 5001 mod 0 floor 1");
}

static void test_flag_changes(void)
{
    const UidFlags known[] = {{.uid = 1}, {.uid = 2, .flags = FLAG_SEEN}, {.uid = 5, .flags = FLAG_SEEN}, {.uid = 9}};
    const UidFlags server[] = {{.uid = 9, .flags = FLAG_FLAGGED}, {.uid = 1}, {.uid = 2, .flags = FLAG_SEEN},
                               {.uid = 5, .flags = FLAG_SEEN}, {.uid = 5}, {.uid = 7, .flags = FLAG_SEEN}};
    g_autoptr(GArray) c = plan_flag_changes(known, G_N_ELEMENTS(known), server, G_N_ELEMENTS(server));
    g_assert_cmpuint(c->len, ==, 2);
    g_assert_cmpuint(g_array_index(c, UidFlags, 0).uid, ==, 5);
    g_assert_cmpuint(g_array_index(c, UidFlags, 0).flags, ==, 0);
    g_assert_cmpuint(g_array_index(c, UidFlags, 1).uid, ==, 9);
    g_assert_cmpuint(g_array_index(c, UidFlags, 1).flags, ==, FLAG_FLAGGED);
    g_autoptr(GArray) none = plan_flag_changes(NULL, 0, NULL, 0);
    g_assert_cmpuint(none->len, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint n = 0; n < G_N_ELEMENTS(cases); n++) {
        g_autofree char *path = g_strdup_printf("/plan/%s", cases[n].name);
        g_strdelimit(path + 6, "/", '-');
        g_test_add_data_func(path, &cases[n], test_case);
    }
    for (guint n = 0; n < G_N_ELEMENTS(since_cases); n++) {
        g_autofree char *path = g_strdup_printf("/plan/since/%s", since_cases[n].name);
        g_test_add_data_func(path, &since_cases[n], test_case);
    }
    g_test_add_func("/plan/can ask", test_can_ask);
    g_test_add_func("/plan/stopped anywhere", test_stopped_anywhere);
    g_test_add_func("/plan/modification sequences", test_modseq);
    g_test_add_func("/plan/flags in steps", test_flags_in_steps);
    g_test_add_func("/plan/flag changes", test_flag_changes);
    return g_test_run();
}
