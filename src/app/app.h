/* app.h - what the subcommands share: the command line and the opened parts.
 *
 * main() reads the command line into an Invocation and calls one run_*()
 * function, which opens what it needs (app_open) and returns the exit status
 * (sysexits: 64 usage, 66 no such thing, 69 refused, 73 cannot create, 74 store, 75 temporary,
 * 76 certificate or protocol, 77 login, 78 configuration). */
#pragma once
#include "pintail/bus/bus.h"
#include "pintail/conf/conf.h"
#include "pintail/store/store.h"

typedef enum {
    MODE_OPEN, /* the screen */
    MODE_CHECK_CONFIG,
    MODE_HELP,
    MODE_VERSION,
    MODE_SEND, /* from here on: commands with arguments of their own */
    MODE_SYNC,
    MODE_STATUS,
    MODE_IMPORT,
    MODE_EXPORT,
    MODE_SHOW,
    MODE_SEARCH,
} Mode;

typedef struct {
    Mode mode;
    char *config;       /* -c */
    char *debug_log;    /* -d */
    char *path;         /* -f */
    char *mailto;
    char *account;      /* --account */
    gboolean read_only; /* -R */
    gboolean mbox;      /* export --mbox */
    char *format;       /* status --format */
    gboolean json, raw, headers; /* show; search: json */
    char *part;         /* show --part */
    guint width;        /* show --width; 0: the terminal's */
    char *subject;      /* send -s */
    GPtrArray *cc, *bcc, *attach, *arguments; /* of char *; never NULL */
} Invocation;

/* FALSE with a message (INVALID): exit 64. */
gboolean invocation_parse(Invocation *out, int argc, char **argv, GError **err);
void invocation_clear(Invocation *i);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Invocation, invocation_clear)

/* Configuration, store and bus, opened together. */
typedef struct {
    Conf *conf;
    gboolean rc_missing;
    StoreHome *home;
    Bus *bus;
    char *notice; /* what opening the store had to say; or NULL */
} App;

/* Opens them; the store's listener posts to the bus. On failure the message has been
 * printed to standard error and *status is the exit status. */
gboolean app_open(App *app, const Invocation *i, StoreFlags flags, int *status);
void app_close(App *app);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(App, app_close)
/* FALSE when there is no account, or none called `name` (may be NULL): said, with its exit status. */
gboolean app_has_account(const App *app, const char *name, int *status);
/* Makes the configured accounts known to the store (a write only for those that are new or changed). */
gboolean app_ensure_accounts(App *app, Store *s, GError **err);
/* The account of this name, or the first that can send (NULL name). Borrowed; NULL with err. */
Account *app_sending_account(App *app, const char *name, GError **err);
/* Answers a question of a worker on the terminal (password, certificate), for
 * commands without a screen; without a terminal the answer is "cancel". */
void app_answer_question(App *app, const Event *question);
/* The exit status that goes with an error. */
int app_status_of(const GError *err);
/* The one that goes with the code of a worker's failure. */
int app_status_of_event(int code);

/* Arguments from..to-1 with blanks between. */
char *app_pattern(const Invocation *i, guint from, guint to);
/* What matches everywhere, or in the account of --account. */
GArray *app_search(Store *s, const Invocation *i, const char *pattern, GError **err);
/* The whole message of a placement id; NULL: said why, *status set. */
GBytes *app_message(const Invocation *i, const char *id, int *status);

int run_open(const Invocation *i);
int run_send(const Invocation *i);
int run_sync(const Invocation *i);
int run_status(const Invocation *i);
int run_show(const Invocation *i);
int run_search(const Invocation *i);
int run_transfer(const Invocation *i); /* import and export */
