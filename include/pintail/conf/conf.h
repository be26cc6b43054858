/* conf.h - the person's configuration: options, bindings, colours, aliases, accounts.
 *
 * One command language for rc lines, key bindings and the `:` prompt. The lexer and the commands
 * that configure (set, bind, color, alias, account, source) are here; commands that
 * act on mail are ui's, which passes what it does not know to conf_execute().
 *
 * A Conf belongs to one thread (the UI's); workers only ever hold Accounts. Mistakes never stop a
 * load: each is collected as "FILE:LINE: what, and the nearest valid word". */
#pragma once
#include <glib.h>
#include "pintail/conf/account.h"

typedef struct Conf Conf;

/* $XDG_CONFIG_HOME/pintail/pintailrc if it exists, else ~/.pintailrc if it exists, else the
 * first (where a new one is written). */
char *conf_default_path(void);
/* Built-in defaults only (options, key bindings and colours, through the same parser). */
Conf *conf_new(void);
void conf_free(Conf *c);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Conf, conf_free)
/* Reads `path`, after forgetting what an earlier load or a prompt had set (what was executed before
 * the first load are the defaults and stays). GONE when there is none, STORE when unreadable (then
 * nothing is forgotten); mistakes inside are not errors: see conf_mistakes(). */
gboolean conf_load(Conf *c, const char *path, GError **err);
const GPtrArray *conf_mistakes(const Conf *c); /* of char *; borrowed */
const char *conf_path(const Conf *c);          /* NULL before a load */

/* One command line. INVALID with the message; `where` ("file:line") may be NULL. */
gboolean conf_execute(Conf *c, const char *line, GError **err);
/* The words of a command line: quotes ('..' at the start of a word, ".." anywhere) and backslashes
 * resolved, a comment (# at the start of a word) cut.
 * NULL-terminated, caller frees with g_strfreev; INVALID on an open quote. `;` separates commands
 * only in key bindings: conf_split_commands(). */
char **conf_words(const char *line, GError **err);
char **conf_split_commands(const char *line);
/* `text` as one or more words that the lexer reads back unchanged: quoted where it must be. */
char *conf_quote(const char *text);

/* ---- options ---- */
typedef enum { OPTION_BOOL, OPTION_NUMBER, OPTION_STRING, OPTION_CHOICE, OPTION_SECONDS, OPTION_SIZE } OptionType;
typedef struct {
    const char *name;
    OptionType type;
    const char *value;           /* default, as written in the rc */
    const char *const *choices;  /* OPTION_CHOICE */
    const char *help;            /* one line, N_() */
} Option;
const Option *conf_options(guint *count); /* the table: sorted by name, static */
gboolean conf_bool(const Conf *c, const char *name);   /* an unknown name aborts: it is a bug */
gint64 conf_number(const Conf *c, const char *name);   /* also SECONDS and SIZE (bytes) */
const char *conf_string(const Conf *c, const char *name); /* also CHOICE; borrowed until the next change */
char *conf_option_text(const Conf *c, const char *name);  /* as it would be written */
gboolean conf_set(Conf *c, const char *name, const char *value, GError **err);
/* Called after an option, binding or colour changed ("apply at once"), and with NULL after a typed
 * `source`: everything may have changed, accounts too, and conf_mistakes() are that file's. One
 * listener. */
void conf_on_change(Conf *c, void (*changed)(const char *what, void *data), void *data);

/* ---- account settings: the keys of an account block ---- */
struct AccountValue; /* conf's own */
typedef struct {
    const char *name;
    const char *argument; /* for help: "URL", "FILE", "yes|no" */
    const char *help;
    gboolean (*set)(Account *a, const struct AccountValue *value); /* conf's own */
} AccountSetting;
const AccountSetting *conf_account_settings(guint *count);

/* ---- bindings and colours (as text; ui's keymap and term resolve them) ---- */
typedef struct {
    char *context; /* "list", "viewer", "folders", "compose", "all" ... */
    char *key;     /* "d", "ctrl-d", "alt-v", "pgup", "f1" */
    char *command; /* NULL: unbound */
    char *where;   /* "file:line" or "default" */
} Binding;
const GPtrArray *conf_bindings(const Conf *c); /* of Binding; later ones win; borrowed */
typedef struct {
    char *element;   /* "list.unread" */
    char *style;     /* "bold red on default" */
    char *where;
} ColorRule;
const GPtrArray *conf_colors(const Conf *c);
/* So that mistakes in bind and color are found while reading: ui registers what exists.
 * NULL-terminated static lists; checks are skipped while none is registered. */
void conf_register_words(Conf *c, const char *const *contexts, const char *const *commands,
                         const char *const *elements);
/* Key and style syntax are checked by these: NULL when fine, else a reason (caller frees). */
void conf_register_syntax(Conf *c, char *(*key_problem)(const char *key),
                          char *(*style_problem)(const char *style));

/* ---- how messages are shown ---- */
typedef enum { HEADERS_SHOW, HEADERS_HIDE, HEADERS_ORDER, HEADERS_KINDS } HeadersKind;
/* Names of fields, of char *, as written but for the colon; "*" among the hidden: all. Borrowed. */
const GPtrArray *conf_headers(const Conf *c, HeadersKind kind);
/* Commands that make text of a part, by its type. Never changed: other threads may hold references. */
GHashTable *conf_filters(const Conf *c);
const char *filter_for(GHashTable *filters, const char *type); /* of that type, or of all of its kind; NULL: none */

/* ---- accounts and aliases ---- */
const GPtrArray *conf_accounts(const Conf *c); /* of Account; in order; borrowed */
Account *conf_account(const Conf *c, const char *name); /* borrowed; NULL when none */
/* One account from the text of its block (as account_to_rc() writes it), for a login test. */
Account *conf_account_from_text(const char *text, GError **err);
/* Appends the block to `path` (created 0600, with its directories) durably. Blocks on disk.
 * INVALID when the file has an account of that name. */
gboolean conf_append_account(const char *path, const Account *a, GError **err);
/* "Name <address>, ..." of an alias, NULL when there is none; borrowed. */
const char *conf_alias(const Conf *c, const char *nick);
