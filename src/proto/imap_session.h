/* imap_session.h - what the files of the IMAP session share: commands in flight, the reading
 * loop, and the state that untagged responses update.
 *
 * imap_session.c  sending, reading, tagged answers, errors
 * imap_login.c    greeting, capabilities, STARTTLS, AUTHENTICATE, ID
 * imap_changes.c  EXISTS, EXPUNGE, FETCH, codes: the mailbox as it is now
 * imap_fetch.c    pipelined UID FETCH steps
 * imap_folder.c   LIST, NAMESPACE, STATUS, CREATE; imap_select.c  SELECT, UNSELECT
 * imap_store.c    SEARCH, STORE, COPY, MOVE, EXPUNGE
 * imap_append.c   APPEND; imap_idle.c  IDLE and NOOP */
#pragma once
#include "imap_frame.h"
#include "imap_grammar.h"
#include "imap_seqmap.h"
#include "pintail/proto/imap.h"
#include "sasl.h"

typedef struct ImapCommand ImapCommand;
typedef struct ImapStep ImapStep;

/* An untagged response while the command is in flight: TRUE when it was meant for it. */
typedef gboolean (*ImapDataFunc)(ImapSession *s, ImapCommand *c, const Response *r);

struct ImapCommand {
    char tag[16];
    char *what;    /* for messages: "SELECT Work" */
    gboolean done; /* the tagged answer is here: */
    char status;
    char *code, *arguments, *text;
    gsize length;       /* of its line */
    gboolean forgotten; /* nobody waits; freed with its answer */
    ImapDataFunc data;  /* or NULL */
    gpointer user;      /* of whoever sent it */
    void (*ended)(ImapSession *s, ImapCommand *c); /* when its answer is here; or NULL */
    ImapStep *step;     /* UID FETCH only */
};

struct ImapSession {
    Stream *stream;
    Frame frame;
    GStringChunk *chunk; /* of the response being handled */
    const Endpoint *where;
    gboolean broken, authenticated, preauth, bye, logging_out, unflushed;
    char *bye_text;
    guint last_tag;
    GQueue commands; /* of ImapCommand in flight, oldest first; borrowed */
    GQueue steps;    /* of ImapCommand begun and not awaited; owned */
    /* since the last command: */
    gint64 began;
    guint useless; /* responses that nobody wanted, */
    gsize useless_bytes;
    guint news;     /* and those that told of changes */
    gsize progress; /* bytes since the deadline was moved */

    Capabilities caps;
    guint caps_serial;    /* grows with every announcement */
    guint64 caps_dropped; /* proved not to work here */
    guint64 enabled;
    gboolean utf8; /* names go and come as UTF-8 (RFC 6855) */
    gboolean continued;
    GString *continuation;
    SaslGuard guard; /* while a login runs */
    char *description;
    ImapAnswer answer;
    char *answer_code, *answer_text;

    ImapMailbox *mailbox;
    gboolean selecting, resyncing; /* SELECT is under way; with QRESYNC */
    guint64 heard_modseq;          /* of changes since the last point at which all had been told */
    gboolean notifying;
    guint notify_next; /* the set of events that is asked for next */
    SeqMap map;
    ImapChanges *changes;
    GHashTable *changed_flags; /* UID -> index into changes->flags, plus one */
    gsize changed_bytes;       /* of the keywords there */
    GPtrArray *namespaces;
    ImapStep *claimer;    /* takes the literal that is being read */
    guint claims;         /* literals of this response that were looked at */
    char *limited;        /* the folder whose APPENDLIMIT was last heard, */
    guint64 limit;        /* and what it is */
    guint line_limit;     /* octets of a command; 0: ours */
    guint idle_cut_short; /* IDLEs that the server ended by itself */
};

#define CAP_BIT(c) (G_GUINT64_CONSTANT(1) << (c))

/* imap_connect() behind the dial. */
ImapSession *imap_session_on(Stream *stream_take, const Endpoint *where, const StreamOptions *options,
                             TlsReport **report, GError **err);

/* ---- a command line under construction ---------------------------------------------- */

typedef struct {
    ImapSession *session;
    GString *bytes, *log; /* the same, but for secrets */
    GArray *stops;        /* of gsize: after so many bytes a "+" has to come */
} Line;

void imap_line_init(Line *l, ImapSession *s, const char *text);
void imap_line_clear(Line *l); /* wipes */
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Line, imap_line_clear)
void imap_line_add(Line *l, const char *format, ...) G_GNUC_PRINTF(2, 3);
void imap_line_string(Line *l, Span text); /* quoted, or as a literal */
void imap_line_secret(Line *l, Span text); /* likewise, but for the log */
/* INVALID when `name` is not UTF-8. */
gboolean imap_line_name(Line *l, const char *name, GError **err);

/* ---- commands ----------------------------------------------------------------------- */

ImapCommand *imap_command_new(ImapSession *s, ImapDataFunc data, gpointer user, const char *what,
                              ...) G_GNUC_PRINTF(4, 5);
void imap_command_free(ImapSession *s, ImapCommand *c);
/* Tag, line, literals; waits for "+" where it must. TRUE too when the answer came early.
 * The choke point: nothing but CAPABILITY, STARTTLS, NOOP and LOGOUT passes unsecured. */
gboolean imap_command_send(ImapSession *s, ImapCommand *c, Line *line, GError **err);
/* Reads until its tagged answer is here. */
gboolean imap_command_wait(ImapSession *s, ImapCommand *c, GError **err);
/* Waits for "+": *go FALSE when the tagged answer came instead. */
gboolean imap_command_wait_continue(ImapSession *s, ImapCommand *c, gboolean *go, GError **err);
/* Keeps the answer for imap_answer(); OK is TRUE, else the error that the contract says. */
gboolean imap_command_judge(ImapSession *s, const ImapCommand *c, GError **err);
/* Send, wait, judge, free. */
gboolean imap_command_run(ImapSession *s, ImapCommand *take, Line *line, GError **err);
/* FALSE with RETRY when the connection is gone. */
gboolean imap_session_check(ImapSession *s, GError **err);
gboolean imap_session_read(ImapSession *s, GError **err); /* one response */
gboolean imap_session_flush(ImapSession *s, GError **err);
/* *err becomes what the person should read: BYE's words when there were any. */
gboolean imap_session_broke(ImapSession *s, GError *take, GError **err);
void imap_session_drop_capability(ImapSession *s, ImapCapability c);
void imap_session_set_capabilities(ImapSession *s, Span words);
void imap_session_clear_capabilities(ImapSession *s);
/* Before TLS, where TLS is demanded. */
gboolean imap_session_is_early(const ImapSession *s);

/* ---- imap_changes.c, imap_fetch.c --------------------------------------------------- */

void imap_changes_init(ImapSession *s);
void imap_changes_clear(ImapSession *s);
void imap_changes_reset(ImapSession *s); /* all but alerts */
void imap_mailbox_free(ImapMailbox *m);
void imap_changes_code(ImapSession *s, const Response *r);
/* FALSE: there has been so much news since the last command that it is none any more. */
gboolean imap_changes_count(ImapSession *s);
/* Counts and expunges; TRUE when it was news. */
gboolean imap_changes_untagged(ImapSession *s, const Response *r);
/* A command that lets the server tell everything has ended: all up to the highest MODSEQ heard of was told. */
void imap_changes_settle(ImapSession *s);
void imap_changes_flags(ImapSession *s, ImapFetched *m);

gboolean imap_fetch_untagged(ImapSession *s, const Response *r);
gboolean imap_fetch_claim(Span so_far, guint64 size, gpointer session, GError **err);
gboolean imap_fetch_bytes(Span bytes, guint64 size, gpointer session, GError **err);
void imap_step_free(ImapStep *step);
