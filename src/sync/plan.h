/* plan.h - what has to be done to bring one folder in step with its server.
 *
 * Pure: plan() looks at what the server said, what is known here and what is under way, and
 * returns actions in the order in which they are to be done. The caller may stop after any
 * action; a later plan() goes on from there. A test is data: three structures in, one text out.
 *
 * A stored HIGHESTMODSEQ promises that of every message known here the flags are at least as new, and that
 * what had vanished by then is gone. So it moves once the changes since the old one were taken in;
 * headers that come later are newer still. */
#pragma once
#include <glib.h>
#include "pintail/store/message.h"

#define PLAN_FIRST_STEP 60   /* headers of the first step: one screen, at once */
#define PLAN_LARGEST_STEP 500
#define PLAN_FLAGS_STEP 1000 /* messages whose flags are read with one command */

typedef struct {
    guint32 uidvalidity;
    guint32 uidnext;       /* 0: the server does not say */
    guint32 exists;
    guint64 highestmodseq; /* 0: no CONDSTORE */
    const guint32 *uids;   /* what a search found at or above uids_from, ascending */
    gsize n_uids;
    guint32 uids_from;     /* 1: everything was searched; 0: nothing was */
    gboolean since;        /* `changed`, and `gone` when `knows_gone`, are all that happened since local->highestmodseq */
    gboolean knows_gone;
    const UidFlags *changed; /* flags of what changed or is new; any order */
    gsize n_changed;
    const guint32 *gone;     /* UIDs that vanished, known here or not; any order */
    gsize n_gone;
    gboolean second_look;  /* `uids` come from a second, later search that was made to be sure */
} PlanServer;

typedef struct {
    guint32 uidvalidity, uidnext, floor_uid; /* as in Folder */
    guint64 highestmodseq;
    const UidFlags *known; /* ascending */
    gsize n_known;
    gboolean flags_current; /* read on this connection, which has told us of changes since */
} PlanLocal;

typedef struct {
    const guint32 *leaving; /* our own MOVE or EXPUNGE of these is under way: replay will tell; ascending */
    gsize n_leaving;
} PlanOps;

typedef enum {
    PLAN_RESET,        /* folder_set_uidvalidity(): nothing that was known has a UID any more */
    PLAN_LOOK_AGAIN,   /* most of the folder is gone: search once more before believing it */
    PLAN_VANISHED,     /* uids: are gone */
    PLAN_CHANGED,      /* server->changed: compare and store these flags */
    PLAN_HEADERS,      /* uids: fetch and add, one step */
    PLAN_FLAGS,        /* first..last: read the flags and compare */
    PLAN_SYNCED,       /* folder_set_synced(uidnext, highestmodseq, floor_uid) */
    PLAN_DROP_UNBOUND, /* after a reset: what was not found again is gone */
} PlanKind;

typedef struct {
    PlanKind kind;
    guint at, n;         /* uids: plan->uids[at .. at + n) */
    guint32 first, last; /* FLAGS; CHANGED: how many, in `first` */
    guint32 uidnext, floor_uid; /* SYNCED; RESET: uidnext is the new UIDVALIDITY */
    guint64 highestmodseq;
} PlanAction;

typedef struct {
    GArray *actions; /* of PlanAction */
    GArray *uids;    /* of guint32 */
} Plan;

/* May the server be asked for what happened since local->highestmodseq? */
gboolean plan_can_ask_since(const PlanServer *server, const PlanLocal *local);
typedef enum { PLAN_SEARCH_NONE, PLAN_SEARCH_NEW, PLAN_SEARCH_ALL } PlanSearch;
/* Which search plan() needs beyond what `server` holds: none, UIDs from local->uidnext on, all. */
PlanSearch plan_search(const PlanServer *server, const PlanLocal *local);
/* Never NULL. */
Plan *plan(const PlanServer *server, const PlanLocal *local, const PlanOps *ops);
void plan_free(Plan *p);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Plan, plan_free)
/* "vanished 3,5 | headers 40:99 | flags 1:39 | synced 100 mod 7 floor 1": for the log and the tests. */
char *plan_to_text(const Plan *p);

/* Of `server` (any order; a later entry for the same UID wins) those that differ from `known`
 * (ascending). Array of UidFlags, ascending. */
GArray *plan_flag_changes(const UidFlags *known, gsize n_known, const UidFlags *server, gsize n_server);
