/* imap.h - one IMAP session (RFC 3501, 9051, and the extensions named below).
 *
 * Thread: a session belongs to one worker and is straight-line code: every call blocks at
 * most for the phase deadlines of its StreamOptions (a transfer that makes progress extends
 * its own) and returns at once (CANCELLED) when cancelled.
 *
 * Errors, by what was damaged:
 *   this one command:  REFUSED (NO or BAD; or OK without the data it promised), GONE
 *                      ([NONEXISTENT], [TRYCREATE], a message that is not there), RETRY with
 *                      imap_usable() ([UNAVAILABLE], [INUSE], [LIMIT]: never a wrong password)
 *   the login:         AUTH (credentials refused; ask for others)
 *   the connection:    RETRY (closed, BYE, network), TLS, PROTOCOL (malformed), CANCELLED;
 *                      afterwards imap_usable() is FALSE and only imap_free() is left.
 * Messages carry server, command and the server's own words; imap_answer() has its code.
 *
 * Names of folders are UTF-8 throughout (imap_name_decode()). Messages are named by UID only;
 * the session keeps the map from sequence numbers that untagged EXPUNGE and FETCH need.
 * Everything a server says unasked (EXISTS, EXPUNGE, VANISHED, FETCH, ALERT, BYE) is
 * collected, whichever call reads it: imap_take_changes(). Unknown responses are ignored.
 *
 * Nothing the server announces is believed: no allocation by an announced size; lines,
 * literals, depth, counts and the number of useless responses per command are bounded. */
#pragma once
#include <glib.h>
#include "pintail/proto/auth.h"
#include "pintail/util/certificate.h"
#include "pintail/util/endpoint.h"
#include "pintail/util/span.h"

typedef struct ImapSession ImapSession;

/* ---- sets of UIDs ------------------------------------------------------------------- */

/* Ascending ranges that neither touch nor overlap; one owner. */
typedef struct ImapSet ImapSet;
#define IMAP_LAST G_MAXUINT32 /* "*" as the end of a range */

ImapSet *imap_set_new(void);
ImapSet *imap_set_of(const guint32 *uids, gsize n);     /* any order, repeats allowed, 0 ignored */
ImapSet *imap_set_range(guint32 first, guint32 last);   /* last may be IMAP_LAST */
void imap_set_add(ImapSet *s, guint32 first, guint32 last);
gboolean imap_set_contains(const ImapSet *s, guint32 uid);
guint64 imap_set_count(const ImapSet *s);
gboolean imap_set_is_empty(const ImapSet *s);
/* The members, ascending, at most `max` (GArray of guint32). */
GArray *imap_set_uids(const ImapSet *s, gsize max);
/* "1:5,9,12:*"; NULL when empty. */
char *imap_set_text(const ImapSet *s);
/* Takes out of `s`, from its low (or high) end, as many members as fit into `max_uids` and into
 * `max_text` bytes of text (0: IMAP_SET_TEXT); NULL when `s` is empty. Commands take any set
 * that fits IMAP_SET_TEXT; larger ones are the caller's to split, piece by piece. */
ImapSet *imap_set_take(ImapSet *s, gsize max_uids, gsize max_text, gboolean from_high_end);
#define IMAP_SET_TEXT 7000 /* under the 8000 octets of a command line (RFC 7162 section 4) */
/* What this server can take of it: less where imap_limit_lines() says so, or where a longer line was
 * answered BAD. */
gsize imap_set_room(const ImapSession *s);
void imap_limit_lines(ImapSession *s, guint octets); /* 0: no limit but ours */
ImapSet *imap_set_parse(Span text); /* NULL when malformed or of more than a million ranges */
void imap_set_free(ImapSet *s);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ImapSet, imap_set_free)

/* ---- names -------------------------------------------------------------------------- */

/* Modified UTF-7 (RFC 3501 section 5.1.3) <-> UTF-8. Decoding never fails and encoding gives
 * back the same bytes: a name that is not proper modified UTF-7 comes as U+F700 followed by
 * its bytes (those that are not UTF-8 as U+F780..U+F7FF). "inbox" becomes "INBOX". */
char *imap_name_decode(Span wire);
/* NULL when `name` is not UTF-8. */
char *imap_name_encode(const char *name);

/* ---- flags -------------------------------------------------------------------------- */

typedef enum { /* the values are those of mime's Flags */
    IMAP_FLAG_SEEN = 1 << 0,
    IMAP_FLAG_FLAGGED = 1 << 1,
    IMAP_FLAG_ANSWERED = 1 << 2,
    IMAP_FLAG_DELETED = 1 << 3,
    IMAP_FLAG_DRAFT = 1 << 4,
    IMAP_FLAG_FORWARDED = 1 << 5, /* $Forwarded */
    IMAP_FLAG_JUNK = 1 << 6,      /* $Junk */
    IMAP_FLAG_NOTJUNK = 1 << 7,   /* $NotJunk */
    IMAP_FLAG_MDNSENT = 1 << 8,   /* $MDNSent */
    IMAP_FLAG_RECENT = 1 << 15,   /* \Recent: never stored */
} ImapFlag;

typedef struct {
    guint bits;            /* IMAP_FLAG_* */
    GPtrArray *keywords;   /* of char *: all others, as the server writes them; NULL when none */
} ImapFlags;

/* ---- connecting --------------------------------------------------------------------- */

/* Dials, reads the greeting, asks for capabilities, STARTTLS as `where` demands, capabilities
 * again. `where` and `options` must outlive the session. RETRY (network, BYE), TLS (*report, may be NULL, has the chain; or
 * the server offers no STARTTLS, or says PREAUTH before it), PROTOCOL, CANCELLED. */
ImapSession *imap_connect(const Endpoint *where, const StreamOptions *options,
                          TlsReport **report, GError **err);
/* PREAUTH: imap_login() is not needed (it only does what follows a login). */
gboolean imap_is_authenticated(const ImapSession *s);
/* AUTHENTICATE with the best mechanism that both sides know, else LOGIN where that is allowed;
 * capabilities again, ID. Credentials need not outlive the call; may be NULL after PREAUTH.
 * After AUTH or REFUSED it may be tried again on the same connection. */
/* Do these words of a server mean that there are too many connections? Many have no code for it. */
gboolean imap_names_limit(const char *words);
gboolean imap_login(ImapSession *s, const Credentials *credentials, GError **err);
gboolean imap_logout(ImapSession *s); /* LOGOUT, at most 2 s; TRUE when it was answered */
void imap_free(ImapSession *s);       /* closes at once; never blocks */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ImapSession, imap_free)

gboolean imap_usable(const ImapSession *s);
/* "TLSv1.3 SCRAM-SHA-256": for a status line; borrowed. */
const char *imap_description(const ImapSession *s);
void imap_traffic(const ImapSession *s, guint64 *in, guint64 *out);

typedef enum {
    IMAP_CAP_IDLE, IMAP_CAP_ENABLE, IMAP_CAP_CONDSTORE, IMAP_CAP_QRESYNC, IMAP_CAP_UIDPLUS,
    IMAP_CAP_MOVE, IMAP_CAP_SPECIAL_USE, IMAP_CAP_LIST_EXTENDED, IMAP_CAP_LIST_STATUS,
    IMAP_CAP_ESEARCH, IMAP_CAP_SASL_IR, IMAP_CAP_LITERAL_PLUS, IMAP_CAP_LITERAL_MINUS,
    IMAP_CAP_NAMESPACE, IMAP_CAP_GMAIL, IMAP_CAP_COMPRESS, IMAP_CAP_NOTIFY, IMAP_CAP_UTF8,
    IMAP_CAP_OBJECTID, IMAP_CAP_REPLACE, IMAP_CAP_ID, IMAP_CAP_UNSELECT, IMAP_CAP_STATUS_SIZE,
    IMAP_CAP_STARTTLS, IMAP_CAP_LOGINDISABLED, IMAP_CAP_IMAP4REV2, IMAP_CAP_XLIST,
    IMAP_CAP_CREATE_SPECIAL_USE, IMAP_CAP_MULTIAPPEND, IMAP_CAP_BINARY,
    IMAP_CAP_APPENDLIMIT, IMAP_CAP_QUOTA, IMAP_CAP_ACL,
    IMAP_CAP_COUNT
} ImapCapability;
/* As last announced, less what proved not to work on this connection. */
gboolean imap_has(const ImapSession *s, ImapCapability c);
guint64 imap_append_limit(const ImapSession *s); /* APPENDLIMIT (RFC 7889) of all folders, 0: not said */
/* ENABLE (RFC 5161). A server that forgets the ENABLED response is taken at its OK. */
gboolean imap_enable(ImapSession *s, const char *names, GError **err);
/* What makes resynchronizing cheap (RFC 7162): ENABLE of QRESYNC, else of CONDSTORE, where offered.
 * Only sent: the answer is read along with the next command's. */
gboolean imap_enable_resync(ImapSession *s, GError **err);
/* COMPRESS=DEFLATE (RFC 4978) where offered; one round trip, with nothing in flight. Once compressed it
 * stays so. Not with a server on this machine, unless `here_too`. A server that refuses is asked no more:
 * that is TRUE. */
gboolean imap_compress(ImapSession *s, gboolean here_too, GError **err);
gboolean imap_is_compressed(const ImapSession *s);

/* The last tagged answer, valid until the next command; never NULL. */
typedef struct {
    char status;       /* 'O' OK, 'N' NO, 'B' BAD; 0 before the first */
    const char *code;  /* "OVERQUOTA", upper case, without arguments; "" when none */
    const char *text;  /* the server's words, printable */
} ImapAnswer;
const ImapAnswer *imap_answer(const ImapSession *s);

/* ---- folders ------------------------------------------------------------------------ */

typedef enum {
    IMAP_STATUS_MESSAGES = 1 << 0,
    IMAP_STATUS_UIDNEXT = 1 << 1,
    IMAP_STATUS_UIDVALIDITY = 1 << 2,
    IMAP_STATUS_UNSEEN = 1 << 3,
    IMAP_STATUS_HIGHESTMODSEQ = 1 << 4, /* asked for only with CONDSTORE */
    IMAP_STATUS_SIZE = 1 << 5,          /* asked for only with STATUS=SIZE */
    IMAP_STATUS_MAILBOXID = 1 << 6,     /* asked for only with OBJECTID (RFC 8474); by itself: beside other
                                         * items Cyrus 3.6 answers with memory that it has freed */
    IMAP_STATUS_APPENDLIMIT = 1 << 7,   /* asked for only where each folder has its own (RFC 7889) */
} ImapStatusItem;
#define IMAP_STATUS_USUAL (IMAP_STATUS_MESSAGES | IMAP_STATUS_UIDNEXT | IMAP_STATUS_UIDVALIDITY | \
                           IMAP_STATUS_UNSEEN | IMAP_STATUS_HIGHESTMODSEQ)

typedef struct {
    guint has; /* ImapStatusItem: which of the following the server gave */
    guint32 messages, uidnext, uidvalidity, unseen;
    guint64 highestmodseq, size, appendlimit;
    char mailboxid[64]; /* "": not given, or longer than any server makes it */
} ImapStatus;

typedef enum {
    IMAP_FOLDER_NOSELECT = 1 << 0, /* also \NonExistent */
    IMAP_FOLDER_NOINFERIORS = 1 << 1,
    IMAP_FOLDER_HASCHILDREN = 1 << 2,
    IMAP_FOLDER_HASNOCHILDREN = 1 << 3,
    IMAP_FOLDER_MARKED = 1 << 4,
    IMAP_FOLDER_UNMARKED = 1 << 5,
    IMAP_FOLDER_SUBSCRIBED = 1 << 6,
} ImapFolderFlag;

typedef enum {
    IMAP_USE_NONE, IMAP_USE_ALL, IMAP_USE_ARCHIVE, IMAP_USE_DRAFTS, IMAP_USE_FLAGGED,
    IMAP_USE_JUNK, IMAP_USE_SENT, IMAP_USE_TRASH, IMAP_USE_IMPORTANT, IMAP_USE_INBOX,
} ImapUse;

typedef struct {
    char *name;        /* UTF-8, with the delimiter as the server has it */
    char delimiter[2]; /* "" when flat */
    guint flags;       /* ImapFolderFlag */
    ImapUse use;       /* INBOX always; others as SPECIAL-USE (or XLIST's flags) says */
    ImapStatus status; /* has == 0 unless asked for and given */
} ImapFolder;

/* Every folder, each once (GPtrArray of ImapFolder, owned by the caller, frees its items): LIST
 * with RETURN where offered, in one flight with NAMESPACE; when RETURN is answered BAD or with
 * nothing, plain LIST and LSUB. `status_items` (ImapStatusItem; 0: none) come with LIST-STATUS
 * only: look at status.has and ask imap_status() for the rest. At most 200,000. */
GPtrArray *imap_list(ImapSession *s, guint status_items, GError **err);
void imap_folder_free(ImapFolder *f);

typedef enum { IMAP_NAMESPACE_PERSONAL, IMAP_NAMESPACE_OTHERS, IMAP_NAMESPACE_SHARED } ImapNamespaceKind;
typedef struct {
    ImapNamespaceKind kind;
    char *prefix;      /* UTF-8, e.g. "INBOX." */
    char delimiter[2];
} ImapNamespace;
/* As learnt by the last imap_list(); empty when the server has none. Borrowed. */
const GPtrArray *imap_namespaces(const ImapSession *s);

/* STATUS of each (not the selected one), pipelined: out[i].has is 0 for a folder whose STATUS was
 * refused. FALSE only when the connection broke. */
gboolean imap_status(ImapSession *s, const char *const *names, gsize n, guint items, ImapStatus *out,
                     GError **err);
/* MYRIGHTS of each (RFC 4314), pipelined: out[i] is the caller's, NULL where refused or without ACL. */
gboolean imap_my_rights(ImapSession *s, const char *const *names, gsize n, char **out, GError **err);
/* Storage in KiB of the folder's quota roots, of the one nearest to its limit; limit 0: none, or no QUOTA. */
gboolean imap_quota(ImapSession *s, const char *folder, guint64 *used, guint64 *limit, GError **err);
/* `use` sets a special use where the server lets one (CREATE-SPECIAL-USE), else IMAP_USE_NONE. */
gboolean imap_create(ImapSession *s, const char *name, ImapUse use, GError **err);
gboolean imap_delete(ImapSession *s, const char *name, GError **err);
gboolean imap_rename(ImapSession *s, const char *from, const char *to, GError **err);
gboolean imap_subscribe(ImapSession *s, const char *name, gboolean on, GError **err);

typedef struct {
    char *name;
    gboolean read_only;     /* EXAMINE, or the server says READ-ONLY */
    guint32 exists;
    guint32 uidvalidity;    /* 0: not given; wider numbers are folded to 32 bits */
    guint32 uidnext;        /* 0: not given */
    guint32 first_unseen;   /* sequence number; 0: not given */
    guint64 highestmodseq;  /* 0: none (NOMODSEQ); everything up to here has been told */
    ImapFlags permanent;    /* what may be changed for good; all bits when the server does not say */
    gboolean new_keywords;  /* \* */
    gboolean uid_not_sticky; /* [UIDNOTSTICKY]: UIDs mean nothing after this session */
} ImapMailbox;

/* SELECT or EXAMINE; whatever was selected is left, also when this fails. Borrowed: valid until
 * another is selected; the session keeps it up to date. Changes so far are dropped. */
const ImapMailbox *imap_select(ImapSession *s, const char *name, gboolean read_only, GError **err);
const ImapMailbox *imap_selected(const ImapSession *s); /* NULL: none */
/* What is known from before of the mailbox that is selected (RFC 7162 section 3.2.5). */
typedef struct {
    guint32 uidvalidity;
    guint64 modseq;
    const guint32 *uids; /* ascending */
    gsize n;
    gboolean whole;      /* they were all there was: uids[i] was message i + 1 */
} ImapKnown;
/* imap_select() that asks with QRESYNC, where that is enabled, for all that happened since. *resynced: it
 * is in imap_take_changes() - flags of what changed or is new, and what vanished -, complete up to
 * highestmodseq of the mailbox. Else a plain SELECT was made. `known` may be NULL. */
const ImapMailbox *imap_select_known(ImapSession *s, const char *name, gboolean read_only,
                                     const ImapKnown *known, gboolean *resynced, GError **err);
/* The same for the mailbox that is selected, with CONDSTORE (UID FETCH CHANGEDSINCE): flags since `modseq`,
 * and with QRESYNC (*vanished TRUE) what vanished. REFUSED where there is no CONDSTORE. */
gboolean imap_changed_since(ImapSession *s, guint64 modseq, gboolean *vanished, GError **err);
/* UNSELECT; without it an EXAMINE and CLOSE: never expunges. */
gboolean imap_unselect(ImapSession *s, GError **err);

/* ---- what changed ------------------------------------------------------------------- */

typedef struct {
    guint32 uid;
    guint64 modseq; /* 0: not given */
    ImapFlags flags;
} ImapFlagChange;

typedef struct {
    gboolean exists_changed; /* more messages than when last asked; see imap_selected()->exists */
    GArray *expunged;        /* of guint32 UIDs: EXPUNGE and VANISHED */
    guint unknown_expunged;  /* EXPUNGEs of messages whose UID this session never learnt */
    GArray *flags;           /* of ImapFlagChange, one per UID, the last state */
    guint unknown_flags;     /* FETCHes likewise */
    gboolean overflow;       /* more than is kept: compare the whole folder */
    gboolean lost;           /* the server closed the mailbox ([CLOSED], a new UIDVALIDITY): select again */
    GPtrArray *alerts;       /* of char *: [ALERT] texts, to be shown */
    GPtrArray *statuses;     /* of ImapFolder: name and status of other folders (NOTIFY) */
    gboolean folders_changed; /* made, renamed, deleted, or more statuses than are kept: LIST again */
} ImapChanges;

gboolean imap_has_changes(const ImapSession *s); /* alerts included */
/* Moves them out; never NULL. */
ImapChanges *imap_take_changes(ImapSession *s);
void imap_changes_free(ImapChanges *c);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ImapChanges, imap_changes_free)

typedef enum { IMAP_IDLE_CHANGED, IMAP_IDLE_WOKEN, IMAP_IDLE_TIMEOUT } ImapIdle;
/* IDLE (RFC 2177) until something changed, `wake_fd` (-1: none) is readable, or the time is over
 * (the caller's: at most 29 minutes); then DONE. Returns at once when changes wait already.
 * Without IDLE the same wait, then NOOP. FALSE: the connection broke, or the server refused. */
gboolean imap_idle(ImapSession *s, int wake_fd, guint timeout_ms, ImapIdle *why, GError **err);
gboolean imap_noop(ImapSession *s, GError **err);
/* NOTIFY (RFC 5465): from now on the server tells, unasked, what happens in all folders; during IDLE at
 * once. Only sent: the answer is read along with the next command's, imap_notifies() says what
 * it was. Nothing is sent where it is not offered. */
gboolean imap_notify(ImapSession *s, GError **err);
gboolean imap_notifies(const ImapSession *s);

/* ---- reading messages --------------------------------------------------------------- */

typedef struct {
    char *name, *value; /* name lower case; value as the server gave it (RFC 2047/2231 not decoded) */
} ImapParam;

/* BODYSTRUCTURE (RFC 3501 section 7.4.2). Texts are bytes of the server: any but NUL. */
typedef struct ImapBody ImapBody;
struct ImapBody {
    char *section;      /* what to ask for: "1.2"; "TEXT" for a multipart at the top, "2.TEXT" for the
                           multipart inside message/rfc822 part 2, "3" for a nested multipart (not
                           fetchable on every server) */
    char *type, *subtype; /* lower case; never NULL; "multipart" for those */
    GArray *params;       /* of ImapParam; may be NULL */
    char *id, *description, *encoding; /* NULL when NIL; encoding lower case */
    guint64 size;         /* in transfer encoding; 0 for multiparts */
    guint64 lines;        /* text and message/rfc822 */
    char *disposition;    /* lower case; NULL when not given */
    GArray *disposition_params;
    GPtrArray *children;  /* of ImapBody: the parts, or the one body of a message/rfc822; NULL when none */
};
void imap_body_free(ImapBody *b);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ImapBody, imap_body_free)
/* NULL when there is none. */
const char *imap_body_param(const GArray *params, const char *name);

typedef enum {
    IMAP_FETCH_FLAGS = 1 << 0,
    IMAP_FETCH_DATE = 1 << 1,    /* INTERNALDATE */
    IMAP_FETCH_SIZE = 1 << 2,    /* RFC822.SIZE */
    IMAP_FETCH_HEADER = 1 << 3,  /* BODY.PEEK[HEADER.FIELDS (fields)] */
    IMAP_FETCH_BODY = 1 << 4,    /* BODYSTRUCTURE */
    IMAP_FETCH_MODSEQ = 1 << 5,  /* asked for only with CONDSTORE */
    IMAP_FETCH_IDS = 1 << 6,     /* EMAILID with OBJECTID, X-GM-MSGID with Gmail; else not asked for */
    IMAP_FETCH_BAD_BODY = 1 << 7, /* in `has` only: BODYSTRUCTURE could not be read; fetch the raw message */
} ImapFetchItem;

/* What the server said of one message: everything is borrowed for the length of the call. */
typedef struct {
    guint32 uid; /* never 0 */
    guint has;   /* ImapFetchItem: which of the following are there */
    ImapFlags flags;
    guint64 modseq;
    Span date;   /* "17-Jul-1996 02:44:25 -0700" */
    guint64 size;
    Span header; /* cut at 1 MiB */
    ImapBody *body; /* may be stolen: set it to NULL */
    Span emailid, threadid;
    guint64 gm_msgid, gm_thrid;
} ImapFetched;

/* FALSE with *err: not called again for this step; the step ends with that error and the session
 * stays in order. A server may answer for one message in several pieces, or leave some out. */
typedef gboolean (*ImapFetchedFunc)(ImapFetched *m, gpointer data, GError **err);
/* Bytes of a section as they arrive; `total` is what the server announced (not to be trusted). */
typedef gboolean (*ImapSectionFunc)(guint32 uid, Span bytes, guint64 total, gpointer data,
                                    GError **err);

/* Steps are begun one after another without waiting (pipelined) and finished in the same order,
 * one imap_await() for each. With steps begun, no other call that sends a command is allowed.
 * Callbacks may not use the session. Keep at most a few steps in flight; two that ask for the
 * same items of the same message may not be among them. */

/* UID FETCH of `uids` (copied) for `items`; `fields` are the header names, blanks between, for
 * HEADER (NULL: the whole header). What the set does not name, or FETCHes of nothing that was
 * asked for, go to imap_take_changes(). */
gboolean imap_fetch_begin(ImapSession *s, const ImapSet *uids, guint items, const char *fields,
                          ImapFetchedFunc each, gpointer data, GError **err);
/* BODY.PEEK[section]<offset.length> of one message; "" is the whole message, length 0: to its end.
 * More than `limit` bytes (0: 1 GiB) end the connection. imap_await(): GONE when the message is
 * not there, REFUSED when the server said OK and sent no bytes. */
gboolean imap_section_begin(ImapSession *s, guint32 uid, const char *section, guint64 offset,
                            guint64 length, guint64 limit, ImapSectionFunc bytes, gpointer data,
                            GError **err);
/* The same with BINARY.PEEK (RFC 3516): the part without its transfer encoding, which the server undoes.
 * Only with IMAP_CAP_BINARY; REFUSED, code "UNKNOWN-CTE", when it cannot. */
gboolean imap_binary_begin(ImapSession *s, guint32 uid, const char *section, guint64 offset,
                           guint64 length, guint64 limit, ImapSectionFunc bytes, gpointer data,
                           GError **err);
gboolean imap_await(ImapSession *s, GError **err); /* the oldest step begun */
guint imap_pending(const ImapSession *s);          /* steps begun and not yet awaited */

/* Begin and await in one. */
gboolean imap_fetch(ImapSession *s, const ImapSet *uids, guint items, const char *fields,
                    ImapFetchedFunc each, gpointer data, GError **err);
gboolean imap_section(ImapSession *s, guint32 uid, const char *section, guint64 offset,
                      guint64 length, guint64 limit, ImapSectionFunc bytes, gpointer data,
                      GError **err);

/* UID SEARCH. Terms are ANDed; the last one has key NULL. `key` is sent as it is ("UNDELETED",
 * "UID 5:*", "HEADER"), `name` and `value` as strings when not NULL. The caller owns the set. */
typedef struct {
    const char *key, *name, *value;
} ImapTerm;
ImapSet *imap_search(ImapSession *s, const ImapTerm *terms, GError **err);

/* ---- changing messages -------------------------------------------------------------- */

typedef enum { IMAP_STORE_ADD, IMAP_STORE_REMOVE } ImapStore;
/* UID STORE +/-FLAGS (.SILENT when `silent`; else the new flags come as changes). `keywords` is
 * NULL-terminated or NULL. Messages that are gone are no error (RFC 3501 section 6.4.8). */
gboolean imap_store(ImapSession *s, const ImapSet *uids, ImapStore how, guint bits,
                    const char *const *keywords, gboolean silent, GError **err);

/* COPYUID (RFC 4315): from[i] became to[i] (GArrays of guint32 of the same length; empty when the
 * server did not say, or said nonsense). */
typedef struct {
    guint32 uidvalidity; /* of the destination; 0 when not said */
    GArray *from, *to;
} ImapCopied;
void imap_copied_clear(ImapCopied *c);
/* Never repeated by the session; what was moved or copied before an error is in *out (initialised by
 * the call, may be NULL). GONE: there is no such folder. */
gboolean imap_copy(ImapSession *s, const ImapSet *uids, const char *folder, ImapCopied *out,
                   GError **err);
/* Only with IMAP_CAP_MOVE (RFC 6851), else REFUSED at once: the caller's COPY + STORE + EXPUNGE. */
gboolean imap_move(ImapSession *s, const ImapSet *uids, const char *folder, ImapCopied *out,
                   GError **err);
/* UID EXPUNGE; only with IMAP_CAP_UIDPLUS, else REFUSED at once (a plain EXPUNGE would take
 * what others marked too). */
gboolean imap_expunge(ImapSession *s, const ImapSet *uids, GError **err);
/* EXPUNGE: takes everything that anybody has marked \Deleted. Only for a caller who has just made sure,
 * by a search, that nothing else is. */
gboolean imap_expunge_marked(ImapSession *s, GError **err);

typedef struct {
    Span message; /* CRLF line ends; must stay as it is during the call */
    guint bits;   /* IMAP_FLAG_* */
    const char *const *keywords; /* NULL-terminated or NULL */
    const char *date; /* date_format_internal(); NULL: now */
    void (*progress)(guint64 done, guint64 total, gpointer data); /* may be NULL */
    gpointer data;
} ImapAppend;
/* *uidvalidity and *uid (may be NULL) are 0 when the server does not say (no UIDPLUS). Nothing has
 * been stored when it fails with REFUSED or GONE; otherwise it may have been. */
gboolean imap_append(ImapSession *s, const char *folder, const ImapAppend *what,
                     guint32 *uidvalidity, guint32 *uid, GError **err);
/* All or none in one command (RFC 3502); n > 1 only with IMAP_CAP_MULTIAPPEND, else REFUSED at once.
 * uids[i] as *uid above. */
gboolean imap_append_many(ImapSession *s, const char *folder, const ImapAppend *what, guint n,
                          guint32 *uidvalidity, guint32 *uids, GError **err);
