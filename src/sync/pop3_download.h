/* pop3_download.h - one POP3 session: what is new comes into the Maildir, then leaves the server as
 * the account says.
 *
 * DELE is sent only for what pop3_store() has made safe (file, directory and UIDL row), and a
 * UIDL is forgotten only after QUIT was answered. A session cut anywhere neither loses a
 * message nor stores it twice. */
#pragma once
#include "login.h"
#include "pintail/store/uidl.h"

typedef enum {
    POP3_SKIP,
    POP3_FETCH,
    POP3_FETCH_HEADER, /* TOP: larger than pop3-max-size */
    POP3_DELETE,
} Pop3Action;

typedef struct {
    Pop3KeepKind keep;
    guint keep_days;
    gboolean delete_on_server;
    guint64 max_size; /* 0: no bound */
    gboolean top;     /* the server has TOP */
    gint64 now;       /* Unix seconds */
} Pop3Rules;

/* Pure. `known` is NULL for a message that was never downloaded, or that has no UIDL of its own. */
Pop3Action pop3_decide(const Pop3Rules *rules, guint64 size, gboolean has_uidl, const Uidl *known);
/* May a message that was just stored whole leave the server at once? */
gboolean pop3_leaves_at_once(const Pop3Rules *rules);

typedef struct {
    Worker *w;
    Login *login;
    Pop3KeepKind keep;       /* the account's, or the person's answer */
    GHashTable *missing;     /* set of char *: UIDLs that the last list lacked */
    char *last_list;         /* sizes, where the server has no UIDL: nothing new when equal */
    gint64 login_delay;      /* seconds, as the server said */
    guint new_messages;      /* of the last session */
    guint on_server;         /* likewise */
} Pop3Download;

gboolean pop3_download(Pop3Download *d, GError **err);
