/* account.h - everything that belongs to one account, as written in the rc.
 *
 * Immutable once loaded and reference counted: workers keep the one they started
 * with, a reload makes new ones. Nothing leaks from one account into another. */
#pragma once
#include <glib.h>
#include "pintail/util/endpoint.h"
#include "pintail/util/secret.h"

typedef enum { PASSWORD_ASK, PASSWORD_LITERAL, PASSWORD_COMMAND } PasswordKind;

typedef struct {
    PasswordKind kind;
    Secret *literal;
    char *command;
} PasswordSource;

typedef enum { POP3_KEEP_UNSET, POP3_KEEP_NEVER, POP3_KEEP_FOREVER, POP3_KEEP_DAYS } Pop3KeepKind;
typedef enum { SENT_FOLDER, SENT_SAME, SENT_NONE } SentKind;
/* Which bodies are fetched before they are opened. */
typedef enum { DOWNLOAD_RECENT, DOWNLOAD_HEADERS, DOWNLOAD_ALL } DownloadPolicy;

/* COMPRESS=DEFLATE. AUTO: where it is offered, but not with a server on this machine. */
typedef enum { COMPRESS_AUTO, COMPRESS_YES, COMPRESS_NO } CompressPolicy;

typedef struct {
    char *name;    /* for people */
    char *address;
} Identity;

typedef struct Account {
    gatomicrefcount refs;
    char *name;              /* of the block: unique, [A-Za-z0-9._-]+ */
    char *file;              /* where it was written, */
    guint line;              /* for messages */
    Identity identity;       /* `address Ana Ruiz <ana@example.org>` */
    GPtrArray *identities;   /* of Identity: further own addresses; may be empty */
    char *signature;         /* text, or "" (a value that begins with / or ~ is a file, read when used) */

    Endpoint *incoming;      /* imap or pop3; NULL: an account that only sends, or is local */
    Endpoint *smtp;          /* NULL: cannot send */
    PasswordSource password;      /* of incoming, and of smtp when that has none of its own */
    PasswordSource smtp_password; /* ASK here means "as incoming" */
    char *auth;              /* mechanism or "auto" */
    char *token_command;     /* OAuth access token; NULL */
    GPtrArray *auth_servers; /* of char *: whose Authentication-Results are believed beside the incoming host's */
    char *tls_ca;            /* file, or NULL */
    GPtrArray *tls_trust;    /* of char *: SHA-256 as in Certificate; may be empty */
    gboolean tls_off;        /* `tls off` */
    guint timeout;           /* seconds, each phase */

    char *drafts, *trash, *archive, *junk; /* folder names; NULL: by special use, then usual names */
    SentKind sent_kind;
    char *sent;              /* with SENT_FOLDER; NULL as above */

    Pop3KeepKind pop3_keep;  /* UNSET acts as FOREVER and is asked about: nothing is ever deleted
                                on a server before the person has answered */
    guint pop3_keep_days;
    gboolean pop3_delete_on_server; /* with pop3-keep: a deletion here is one there */
    guint64 pop3_max_size;   /* bytes; larger ones are listed from TOP; 0: no bound */
    DownloadPolicy download; /* IMAP; RECENT: of the last 30 days */
    CompressPolicy compress; /* IMAP */
    guint line_limit;        /* IMAP: octets of a command that the server reads; 0: the usual 8000 */
    char *maildir;           /* where local folders live; NULL: below the data directory */
    guint poll;              /* seconds between looks at POP3, and at IMAP folders without IDLE */
} Account;

Account *account_ref(Account *a);
void account_unref(Account *a);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Account, account_unref)

/* Is `address` one of this account's own? (case-insensitive) */
gboolean account_owns_address(const Account *a, const char *address);
/* The account as a block of rc text, commented and short: what differs from the defaults.
 * conf_account_from_text() reads it back whole but for literal passwords, which are left out. */
char *account_to_rc(const Account *a);
