/* bus.h - the only way between the screen and the workers.
 *
 * Requests go from ui to a lane of an account; events come back on one queue. Both are
 * tagged unions that own what they point to. Events carry ids, not mail: the store is the truth,
 * so events may be merged. Exceptions are progress, and questions, which are answered with
 * REQUEST_ANSWER. Everything here is thread-safe and never blocks. */
#pragma once
#include <glib.h>
#include "pintail/util/cancel.h"
#include "pintail/util/certificate.h"
#include "pintail/util/queue.h"
#include "pintail/util/secret.h"

/* An account has up to three workers; POP3 and local ones use SYNC for all incoming work.
 * Account 0 is the engine itself (probes, reloads). */
typedef enum { LANE_SYNC, LANE_FAST, LANE_SEND, LANE_COUNT } Lane;

/* ---- requests ---- */
typedef enum {
    REQUEST_SYNC,       /* look for changes now: folder_id, or 0 for the whole account */
    REQUEST_OPEN,       /* folder_id is on the screen: sync it first, and watch it */
    REQUEST_BODY,       /* fetch message_id's content: `section` is a part, "" what the viewer needs, "WHOLE" all */
    REQUEST_REPLAY,     /* operations were committed */
    REQUEST_SEND,       /* something is in the outbox */
    REQUEST_RECONNECT,  /* forget pauses, reconnect now (`G`) */
    REQUEST_ANSWER,     /* to a question */
    REQUEST_PROBE,      /* account 0: log in with `account_rc` and `password`, both ways */
    REQUEST_RELOAD,     /* account 0: the accounts in the rc changed; `accounts` is a list of rc blocks */
    REQUEST_LEARN,      /* POP3, local: give message_id to the command `section` */
    REQUEST_UNSUBSCRIBE, /* account 0: post to `section`, an https URL (RFC 8058); a NOTICE says what came of it */
} RequestKind;

typedef enum { ANSWER_CANCEL, ANSWER_PASSWORD, ANSWER_REJECT, ANSWER_ONCE, ANSWER_ALWAYS, ANSWER_YES, ANSWER_NO } AnswerKind;

typedef struct {
    RequestKind kind;
    gint64 account_id;
    gint64 folder_id;
    gint64 message_id;
    char *section;
    guint64 question;     /* ANSWER: which */
    AnswerKind answer;
    Secret *secret;       /* ANSWER_PASSWORD, PROBE */
    char *account_rc;     /* PROBE; RELOAD: all blocks, one text */
} Request;

/* ---- events ---- */
typedef enum {
    EVENT_FOLDER,      /* rows of folder_id (0: of any) changed, up to change_seq */
    EVENT_FOLDERS,     /* the folder list of account_id, or its counts, changed */
    EVENT_ACCOUNT,     /* connection state: state, text */
    EVENT_PROGRESS,    /* text, done, total, per_second (bytes); done == total ends it */
    EVENT_NOTICE,      /* one line for the status line: severity, text */
    EVENT_BODY,        /* message_id's `section` is in the cache; or failed: text says why */
    EVENT_OUTBOX,      /* an entry changed: outbox_id, text ("Sent to … via …") */
    EVENT_QUESTION,    /* needs an answer: see Question */
    EVENT_PROBE,       /* a step of a probe: done/total, text; `ok`, else `code`; `report` on TLS trouble */
    EVENT_IDLE,        /* lane has nothing left to do (sync command, tests) */
} EventKind;

typedef enum {
    ACCOUNT_OFFLINE, ACCOUNT_CONNECTING, ACCOUNT_ONLINE, ACCOUNT_WAITING, ACCOUNT_FAILED,
    ACCOUNT_ELSEWHERE, /* another process keeps it in step */
} AccountState;
typedef enum { NOTICE_INFO, NOTICE_WARNING, NOTICE_ERROR } Severity;

typedef enum {
    QUESTION_PASSWORD,    /* text says for what and why; answer PASSWORD or CANCEL */
    QUESTION_COMMAND,     /* run `command` with the terminal, its output is the password */
    QUESTION_CERTIFICATE, /* report; answer REJECT, ONCE or ALWAYS */
    QUESTION_MAYBE_SENT,  /* outbox_id may have been sent: send again (YES) or leave as sent (NO) */
    QUESTION_POP3_KEEP,   /* may mail be removed from this server after download? YES / NO */
} QuestionKind;

typedef struct {
    EventKind kind;
    gint64 account_id;
    Lane lane;
    gint64 folder_id;
    gint64 message_id;
    gint64 outbox_id;
    gint64 change_seq;
    AccountState state;
    Severity severity;
    char *text;       /* translated, for people */
    char *section;
    guint64 done, total, per_second;
    gboolean ok;
    int code;         /* the PintailErrorCode: PROBE that failed; NOTICE_ERROR; ACCOUNT that failed */
    guint64 question; /* unique in this process */
    QuestionKind question_kind;
    char *command;
    TlsReport *report;      /* CERTIFICATE, PROBE */
    char *old_certificate;  /* CERTIFICATE: what was trusted before, as text; or NULL */
} Event;

Request *request_new(RequestKind kind, gint64 account_id);
void request_free(Request *r);
const char *request_name(RequestKind kind); /* for the log */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Request, request_free)
Event *event_new(EventKind kind, gint64 account_id);
void event_free(Event *e);
const char *event_name(EventKind kind);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Event, event_free)

/* ---- the bus ---- */
typedef struct Bus Bus;
Bus *bus_new(void);
void bus_free(Bus *b); /* after all workers have detached */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Bus, bus_free)

/* Workers. Events FOLDER, FOLDERS, ACCOUNT and PROGRESS are merged with a waiting one alike. */
void bus_post(Bus *b, Event *take);
/* A worker's inbox of Request; borrowed by the bus until bus_detach(). */
void bus_attach(Bus *b, gint64 account_id, Lane lane, Queue *inbox, Cancel *cancel);
void bus_detach(Bus *b, gint64 account_id, Lane lane);
guint64 bus_question_id(Bus *b);

/* The screen. FALSE when nobody serves that lane (the request is freed). Equal REQUEST_SYNC, OPEN,
 * REPLAY and SEND that still wait are merged; BODY and ANSWER go first (the newest BODY before older
 * ones: it is what the person looks at now). */
gboolean bus_request(Bus *b, Lane lane, Request *take);
void bus_cancel(Bus *b, gint64 account_id, Lane lane); /* what it does now; the queue stays */
Event *bus_next(Bus *b); /* NULL when none waits; the caller owns it */
int bus_fd(const Bus *b); /* readable while events wait */
