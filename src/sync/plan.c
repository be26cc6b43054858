/* plan.c - see plan.h.
 *
 * The order serves the person: what is gone leaves at once (no network is needed), new mail
 * comes next, newest first, then the flags of what is on the screen, and last the backfill of
 * an old folder. The position (uidnext, floor) moves only after the rows that it promises. */
#include "plan.h"
#include "pintail/proto/imap.h"

/* More than this many and more than half of a folder at once: looked at twice. */
#define MASS_MINIMUM 10

static gboolean same_folder(const PlanServer *server, const PlanLocal *local)
{
    return local->uidvalidity == server->uidvalidity;
}

static int compare_uids(const void *a, const void *b)
{
    guint32 x = *(const guint32 *)a, y = *(const guint32 *)b;
    return x < y ? -1 : x > y;
}

static gboolean uid_in(const guint32 *uids, gsize n, guint32 uid)
{
    return n > 0 && bsearch(&uid, uids, n, sizeof *uids, compare_uids) != NULL;
}

/* The first known entry at or above `uid`. */
static gsize known_from(const PlanLocal *local, guint32 uid)
{
    gsize low = 0, high = local->n_known;
    while (low < high) {
        gsize middle = low + (high - low) / 2;
        if (local->known[middle].uid < uid)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

gboolean plan_can_ask_since(const PlanServer *server, const PlanLocal *local)
{
    return same_folder(server, local) && local->uidnext > 0 && local->highestmodseq > 0 &&
           server->highestmodseq >= local->highestmodseq;
}

static gboolean is_known(const PlanLocal *local, guint32 uid)
{
    gsize at = known_from(local, uid);
    return at < local->n_known && local->known[at].uid == uid;
}

/* New UIDs among what changed, ascending, each once. */
static GArray *new_among_changed(const PlanServer *server, const PlanLocal *local)
{
    GArray *fresh = g_array_new(FALSE, FALSE, sizeof(guint32));
    for (gsize n = 0; n < server->n_changed; n++)
        if (!is_known(local, server->changed[n].uid) && server->changed[n].uid > 0)
            g_array_append_val(fresh, server->changed[n].uid);
    g_array_sort(fresh, compare_uids);
    guint kept = 0;
    for (guint n = 0; n < fresh->len; n++)
        if (kept == 0 || g_array_index(fresh, guint32, n) != g_array_index(fresh, guint32, kept - 1))
            g_array_index(fresh, guint32, kept++) = g_array_index(fresh, guint32, n);
    g_array_set_size(fresh, kept);
    return fresh;
}

/* What is known here and gone there, ascending, each once. */
static GArray *known_among_gone(const PlanServer *server, const PlanLocal *local)
{
    GArray *gone = g_array_new(FALSE, FALSE, sizeof(guint32));
    g_autofree guint32 *sorted = g_memdup2(server->gone, server->n_gone * sizeof *sorted);
    if (server->n_gone > 0)
        qsort(sorted, server->n_gone, sizeof *sorted, compare_uids);
    for (gsize n = 0; n < server->n_gone; n++)
        if ((n == 0 || sorted[n] != sorted[n - 1]) && is_known(local, sorted[n]))
            g_array_append_val(gone, sorted[n]);
    return gone;
}

/* Does what the server told add up to what it has? */
static gboolean adds_up(const PlanServer *server, const PlanLocal *local)
{
    g_autoptr(GArray) fresh = new_among_changed(server, local);
    g_autoptr(GArray) gone = known_among_gone(server, local);
    return local->n_known - gone->len + fresh->len == server->exists;
}

PlanSearch plan_search(const PlanServer *server, const PlanLocal *local)
{
    if (server->uids_from == 1)
        return PLAN_SEARCH_NONE;
    if (server->since && local->floor_uid == 1)
        return adds_up(server, local) ? PLAN_SEARCH_NONE : PLAN_SEARCH_ALL;
    if (!same_folder(server, local) || local->uidnext == 0 || local->floor_uid != 1)
        return PLAN_SEARCH_ALL;
    gsize before = known_from(local, local->uidnext);
    if (server->uids_from == 0) {
        gboolean nothing_new = server->uidnext != 0 && server->uidnext == local->uidnext;
        if (!nothing_new)
            return PLAN_SEARCH_NEW;
        return server->exists == local->n_known ? PLAN_SEARCH_NONE : PLAN_SEARCH_ALL;
    }
    return before + server->n_uids == server->exists ? PLAN_SEARCH_NONE : PLAN_SEARCH_ALL;
}

typedef struct {
    const PlanServer *server;
    const PlanLocal *local;
    const PlanOps *ops;
    Plan *plan;
    gboolean reset;
    guint32 uidnext;          /* after this plan */
    guint64 modseq;           /* that holds for what is known before all has come */
    GArray *missing, *vanished; /* of guint32, ascending */
} Planning;

/* Without a search, what changed tells what is new, and the server what is gone. */
static void take_changes(Planning *p)
{
    g_autoptr(GArray) fresh = new_among_changed(p->server, p->local);
    g_autoptr(GArray) gone = known_among_gone(p->server, p->local);
    g_array_append_vals(p->missing, fresh->data, fresh->len);
    for (guint n = 0; n < gone->len; n++) {
        guint32 uid = g_array_index(gone, guint32, n);
        if (!uid_in(p->ops->leaving, p->ops->n_leaving, uid))
            g_array_append_val(p->vanished, uid);
    }
}

static void compare_sides(Planning *p)
{
    const PlanServer *server = p->server;
    if (server->since && server->uids_from == 0) {
        take_changes(p);
        return;
    }
    gsize n_known = p->reset ? 0 : p->local->n_known;
    gsize k = p->reset ? 0 : known_from(p->local, server->uids_from);
    if (server->uids_from == 0)
        return;
    for (gsize s = 0; s < server->n_uids || k < n_known;) {
        guint32 there = s < server->n_uids ? server->uids[s] : G_MAXUINT32;
        guint32 here = k < n_known ? p->local->known[k].uid : G_MAXUINT32;
        if (there == here && s < server->n_uids && k < n_known) {
            s++, k++;
        } else if (k == n_known || (s < server->n_uids && there < here)) {
            /* "5:*" always answers with the last message, even when it is below 5 */
            if (there >= server->uids_from)
                g_array_append_val(p->missing, there);
            s++;
        } else {
            if (!uid_in(p->ops->leaving, p->ops->n_leaving, here))
                g_array_append_val(p->vanished, here);
            k++;
        }
    }
}

static guint32 next_uid(const Planning *p)
{
    guint32 next = MAX(p->server->uidnext, 1);
    if (p->server->n_uids > 0)
        next = MAX(next, p->server->uids[p->server->n_uids - 1] + 1);
    if (!p->reset && p->server->uids_from == 0)
        next = MAX(next, p->local->uidnext);
    if (!p->reset && p->server->uids_from == 0 && p->local->n_known > 0) /* the number of messages was compared */
        next = MAX(next, p->local->known[p->local->n_known - 1].uid + 1);
    for (gsize n = 0; n < p->server->n_changed; n++)
        next = MAX(next, p->server->changed[n].uid + 1);
    return next;
}

static PlanAction *add(Planning *p, PlanKind kind)
{
    PlanAction action = {.kind = kind};
    g_array_append_val(p->plan->actions, action);
    return &g_array_index(p->plan->actions, PlanAction, p->plan->actions->len - 1);
}

static void add_uids(Planning *p, PlanKind kind, const guint32 *uids, guint n)
{
    PlanAction *a = add(p, kind);
    a->at = p->plan->uids->len;
    a->n = n;
    g_array_append_vals(p->plan->uids, uids, n);
}

static void add_synced(Planning *p, guint64 highestmodseq, guint32 floor_uid)
{
    PlanAction *a = add(p, PLAN_SYNCED);
    a->uidnext = p->uidnext;
    a->highestmodseq = highestmodseq;
    a->floor_uid = floor_uid;
}

static gboolean is_mass(const Planning *p)
{
    guint gone = p->vanished->len;
    return gone >= MASS_MINIMUM && (gsize)gone * 2 > p->local->n_known;
}

/* missing[low .. high) newest first; with `floor` (> 0: the present one) the position sinks
 * after each step. */
static void add_headers(Planning *p, guint low, guint high, guint32 floor)
{
    const guint32 *missing = (const guint32 *)(void *)p->missing->data;
    guint step = PLAN_FIRST_STEP;
    while (high > low) {
        guint n = MIN(step, high - low);
        high -= n;
        add_uids(p, PLAN_HEADERS, missing + high, n);
        if (floor > missing[high]) {
            floor = missing[high];
            add_synced(p, p->modseq, floor);
        }
        step = MIN(step * 2, PLAN_LARGEST_STEP);
    }
}

/* Of known[from ..), newest first. */
static void add_flags(Planning *p, gsize from)
{
    const PlanLocal *local = p->local;
    for (gsize high = local->n_known; high > from;) {
        gsize low = high - from > PLAN_FLAGS_STEP ? high - PLAN_FLAGS_STEP : from;
        PlanAction *a = add(p, PLAN_FLAGS);
        a->first = local->known[low].uid;
        a->last = local->known[high - 1].uid;
        high = low;
    }
}

static gboolean flags_needed(const Planning *p)
{
    if (p->reset || p->local->flags_current || p->server->since)
        return FALSE;
    return p->server->highestmodseq == 0 || p->server->highestmodseq != p->local->highestmodseq;
}

/* What is known beyond the position is what our own operations put there: with the flags that it had here, while another
 * client may have changed them since; and a server that resynchronizes speaks only of what was known before. The first entry of which the flags are to be read; n_known: none. */
static gsize flags_from(const Planning *p)
{
    if (flags_needed(p))
        return 0;
    if (p->reset)
        return p->local->n_known;
    gsize from = known_from(p->local, p->local->uidnext);
    if (!p->server->since || from == p->local->n_known)
        return from;
    g_autoptr(GHashTable) told = g_hash_table_new(NULL, NULL);
    for (gsize n = 0; n < p->server->n_changed; n++)
        g_hash_table_add(told, GUINT_TO_POINTER(p->server->changed[n].uid));
    while (from < p->local->n_known && g_hash_table_contains(told, GUINT_TO_POINTER(p->local->known[from].uid)))
        from++;
    return from;
}

Plan *plan(const PlanServer *server, const PlanLocal *local, const PlanOps *ops)
{
    Planning p = {.server = server, .local = local, .ops = ops, .plan = g_new0(Plan, 1)};
    p.plan->actions = g_array_new(FALSE, FALSE, sizeof(PlanAction));
    p.plan->uids = g_array_new(FALSE, FALSE, sizeof(guint32));
    p.missing = g_array_new(FALSE, FALSE, sizeof(guint32));
    p.vanished = g_array_new(FALSE, FALSE, sizeof(guint32));
    p.reset = !same_folder(server, local);
    p.uidnext = next_uid(&p);
    compare_sides(&p);
    /* What changed is taken in first; where nothing was known, nothing can have changed. */
    gboolean up_to_date = server->since || p.reset || local->n_known == 0;
    p.modseq = up_to_date ? server->highestmodseq : local->highestmodseq;
    gboolean first = p.reset || local->floor_uid == 0;
    gboolean mass = p.vanished->len > 0 && is_mass(&p) && !server->second_look;
    if (mass) /* HIGHESTMODSEQ has to tell of them again */
        p.modseq = local->highestmodseq;

    if (p.reset)
        add(&p, PLAN_RESET)->uidnext = server->uidvalidity;
    if (mass)
        add(&p, PLAN_LOOK_AGAIN);
    else if (p.vanished->len > 0)
        add_uids(&p, PLAN_VANISHED, (const guint32 *)(void *)p.vanished->data, p.vanished->len);

    if (server->since && server->n_changed > 0)
        add(&p, PLAN_CHANGED)->first = (guint)server->n_changed;

    guint old = 0; /* missing[0 .. old) lie below what was synced before */
    while (!first && old < p.missing->len && g_array_index(p.missing, guint32, old) < local->uidnext)
        old++;
    if (first) {
        add_flags(&p, flags_from(&p)); /* of what we ourselves have put there */
        add_headers(&p, 0, p.missing->len, G_MAXUINT32);
    } else {
        add_headers(&p, old, p.missing->len, 0);
        if (p.missing->len > old)
            add_synced(&p, p.modseq, local->floor_uid);
        add_flags(&p, flags_from(&p));
        add_headers(&p, 0, old, local->floor_uid);
    }
    gboolean whole = server->uids_from == 1 || (!first && local->floor_uid == 1);
    add_synced(&p, mass ? p.modseq : server->highestmodseq, whole ? 1 : first ? 0 : local->floor_uid);
    if (p.reset)
        add(&p, PLAN_DROP_UNBOUND);
    g_array_unref(p.missing);
    g_array_unref(p.vanished);
    return p.plan;
}

void plan_free(Plan *p)
{
    if (!p)
        return;
    g_array_unref(p->actions);
    g_array_unref(p->uids);
    g_free(p);
}

static void append_action(GString *out, const Plan *p, const PlanAction *a)
{
    static const char *const names[] = {"reset",   "look again", "vanished", "changed",
                                        "headers", "flags",      "synced",   "drop unbound"};
    g_string_append_printf(out, "%s%s", out->len > 0 ? " | " : "", names[a->kind]);
    if (a->kind == PLAN_CHANGED)
        g_string_append_printf(out, " %u", a->first);
    if (a->n > 0) {
        g_autoptr(ImapSet) set = imap_set_of(&g_array_index(p->uids, guint32, a->at), a->n);
        g_autofree char *text = imap_set_text(set);
        g_string_append_printf(out, " %s", text);
    }
    if (a->kind == PLAN_RESET)
        g_string_append_printf(out, " %u", a->uidnext);
    if (a->kind == PLAN_FLAGS)
        g_string_append_printf(out, " %u:%u", a->first, a->last);
    if (a->kind == PLAN_SYNCED)
        g_string_append_printf(out, " %u mod %" G_GUINT64_FORMAT " floor %u", a->uidnext,
                               a->highestmodseq, a->floor_uid);
}

char *plan_to_text(const Plan *p)
{
    GString *out = g_string_new(NULL);
    for (guint n = 0; n < p->actions->len; n++)
        append_action(out, p, &g_array_index(p->actions, PlanAction, n));
    return g_string_free(out, FALSE);
}

typedef struct {
    UidFlags flags;
    gsize order;
} Heard;

static int compare_heard(const void *a, const void *b)
{
    const Heard *x = a, *y = b;
    if (x->flags.uid != y->flags.uid)
        return x->flags.uid < y->flags.uid ? -1 : 1;
    return x->order < y->order ? -1 : 1;
}

GArray *plan_flag_changes(const UidFlags *known, gsize n_known, const UidFlags *server, gsize n_server)
{
    GArray *changes = g_array_new(FALSE, FALSE, sizeof(UidFlags));
    g_autofree Heard *heard = g_new(Heard, MAX(n_server, 1));
    for (gsize n = 0; n < n_server; n++)
        heard[n] = (Heard){.flags = server[n], .order = n};
    qsort(heard, n_server, sizeof *heard, compare_heard);
    gsize k = 0;
    for (gsize n = 0; n < n_server; n++) {
        if (n + 1 < n_server && heard[n + 1].flags.uid == heard[n].flags.uid)
            continue;
        while (k < n_known && known[k].uid < heard[n].flags.uid)
            k++;
        if (k < n_known && known[k].uid == heard[n].flags.uid && known[k].flags != heard[n].flags.flags)
            g_array_append_val(changes, heard[n].flags);
    }
    return changes;
}
