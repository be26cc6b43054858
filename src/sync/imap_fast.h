/* imap_fast.h - the fast lane's state and connection, shared by its loop (imap_fast.c), the fetching
 * of bodies (imap_bodies.c) and replay (replay.c). One thread. */
#pragma once
#include "login.h"
#include "pintail/store/folder.h"

typedef struct {
    Worker *w;
    Login *login;
    ImapSession *session; /* NULL: not connected */
    gint64 selected;      /* folder id; 0 */
    gboolean writable;    /* SELECT, not EXAMINE */
    guint32 sees_below;   /* UIDs below this are known to this session */
    gint64 used;          /* monotonic: last time the session answered */
    int resumes;
    gboolean replay_due;
    gint64 replay_at;     /* monotonic: not before */
    guint failures;
    GQueue prefetch;      /* of gint64 *: folders whose bodies may be fetched beforehand */
    gint64 doubted;       /* folder that the sync lane was asked to match anew, at `doubted_at` (monotonic) */
    gint64 doubted_at;
    gint64 warm;          /* folder to be selected before anybody asks: what is opened costs its FETCH; 0 */
    gint64 near_to;       /* message that is being read: the unread next to it are fetched; 0 */
    gboolean borrowed;    /* the session is the sync lane's */
    guint64 window;       /* bytes of small bodies in flight (imap_flow.c) */
    gboolean nested;      /* a small body is being served between the pieces of a large one */
} FastLane;

/* A connection that answers. */
gboolean fast_connect(FastLane *l, GError **err);
void fast_disconnect(FastLane *l);
guint32 fast_uidvalidity(const ImapMailbox *m); /* never 0 */
/* This session sees another UIDVALIDITY than the store: the sync lane selects anew and matches. */
void fast_doubt(FastLane *l, gint64 folder);
/* Connects and selects; GONE when the server has no such folder. */
const ImapMailbox *fast_select(FastLane *l, const Folder *folder, gboolean writable, GError **err);
/* A session learns of new messages only when the server gets to say so: until then commands that name
 * them succeed without any effect. Makes sure that UIDs up to `highest` are seen (NOOP). */
gboolean fast_see(FastLane *l, guint32 highest, GError **err);
/* The next fast_select() selects anew. */
void fast_unselect(FastLane *l);

/* Fetches what `section` asks for ("" what the viewer needs, "WHOLE" the whole message) into the
 * cache; says so with EVENT_BODY, and with progress when it is large. */
void bodies_serve(FastLane *l, gint64 message, const char *section);
/* The whole message; fetched into the cache first when it is not there. NULL with err. */
GBytes *bodies_whole(FastLane *l, gint64 message, GError **err);
/* The unread next to l->near_to. */
void bodies_fetch_near(FastLane *l);
/* Some bodies of the first folder in l->prefetch; returns when a request waits. */
void bodies_prefetch(FastLane *l);
