/* imap_sync.h - the IMAP sync lane's state, shared by its loop (imap_sync.c) and the syncing of one
 * folder (imap_folder.c). One thread. */
#pragma once
#include "login.h"
#include "pintail/store/folder.h"

typedef struct {
    Worker *w;
    const char *account_name;
    Login *login;
    ImapSession *session; /* NULL: not connected */
    gint64 open;          /* folder on the screen; 0 */
    gint64 selected;      /* folder id; 0 */
    gboolean current;     /* the selected folder is in step, and we have heard of every change since */
    gboolean stale;       /* it changed since its SELECT, and we do not know how */
    ImapChanges *told;    /* what its SELECT told since our HIGHESTMODSEQ (QRESYNC); NULL */
    gint64 issued;        /* change sequence when that was asked */
    GQueue todo;          /* of gint64 *: folders to be synced, first first */
    GHashTable *seen;     /* folder id (gint64 *) -> ImapStatus as of its last sync */
    guint turn;           /* steps since the connection was lent: each lane gets on (lend.h) */
    gint64 doubted;       /* folder that another lane wants to be selected anew; 0 */
    gint64 told_vanished; /* the open folder, when its end was said */
    gboolean look;        /* LIST and STATUS are due */
    gboolean tried_watch; /* the folder to be watched was synced just now */
    gint64 next_poll;     /* monotonic */
    gint64 next_inbox;    /* monotonic: INBOX, while another folder is watched */
    int resumes;          /* the context's counter when connected */
    gboolean look_at_rights; /* folders were listed (folder_facts.h) */
} SyncLane;

/* Takes what waits in the inbox. TRUE when it concerns another folder than `folder`: what is being
 * done there should stop at the next good point (0: never mind). */
gboolean sync_lane_listen(SyncLane *l, gint64 folder);
/* Syncs this folder at the next opportunity, before all others. */
void sync_lane_first(SyncLane *l, gint64 folder);
/* The fast lane gets ready for what the person opens in `folder`, when that is the one on the screen (or INBOX). */
void sync_lane_reading(SyncLane *l, gint64 folder);
/* What the server said unasked: shows alerts, queues other folders of which it told; the rest is the
 * caller's. Never NULL. */
ImapChanges *sync_lane_hear(SyncLane *l);
/* Applies what the server said unasked about the selected folder. */
gboolean sync_lane_take_changes(SyncLane *l, GError **err);

/* Brings one folder in step, newest first. FALSE when the connection is lost or the store fails;
 * trouble with this folder alone is said and is TRUE. */
gboolean imap_folder_sync(SyncLane *l, gint64 folder, GError **err);
