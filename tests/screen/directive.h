/* directive.h - what the directives of screen scripts share: the script being run, waiting, text.
 * Private to the harness. */
#pragma once
#include "script.h"
#include "session.h"

#include <regex.h>

enum { DEADLINE_MS = 10000, RUN_MS = 60000, ESC_MS = 60, QUIET_MS = 20, RETRY_MS = 50, SESSIONS_MAX = 4 };

typedef struct {
    const ScriptContext *context;
    char *name;            /* of the script, without directory and .screen */
    char *root;            /* temporary directory: home/ and what the script needs */
    char *home;
    char **env;
    int rows, columns;
    Session *sessions[SESSIONS_MAX];
    char *names[SESSIONS_MAX];
    int current;
    int within;            /* ms, for the next directive that waits; 0: default */
    GPtrArray *masks;      /* of char *: regexes, hidden in `screen` */
    GString *output;       /* of the last `run` */
    gboolean own_servers;
    guint logins;          /* made so far, so that each is another */
    GArray *groups;        /* of pid_t: process groups of commands, ended with the script */
} Script;

/* NULL: done. Else the reason of the failure (owned by the caller). */
typedef char *(*Directive)(Script *s, const char *arg);


static inline Session *session(Script *s)
{
    return s->sessions[s->current];
}

/* Until when a directive may wait: `usual` ms, or what `within` said (once). */
gint64 deadline_of(Script *s, int usual);
typedef gboolean (*Condition)(Script *s, const void *data);
/* Takes in output until the condition holds; FALSE at the deadline, or when the program has ended
 * without it. */
gboolean wait_for(Script *s, Condition condition, const void *data);
gboolean program_ended(Script *s, const void *data);
/* Runs a shell command while the sessions go on; its exit status, -1 when it took too long. */
int shell(Script *s, const char *command, gint64 deadline);

/* \e \n \r \t \\ \xHH; everything else is itself. */
GString *unescape(const char *text);
void set_env(Script *s, const char *name, const char *value);
/* NULL and *regex set (the caller frees it), or the problem. */
char *compile(regex_t *regex, const char *pattern);

char *do_size(Script *s, const char *arg);
char *do_env(Script *s, const char *arg);
char *do_spawn(Script *s, const char *arg);
char *do_start(Script *s, const char *arg);
char *do_session(Script *s, const char *arg);
char *do_keys(Script *s, const char *arg);
char *do_paste(Script *s, const char *arg);
char *do_burst(Script *s, const char *arg);
char *do_mouse(Script *s, const char *arg);
char *do_idle(Script *s, const char *arg);
char *do_exit(Script *s, const char *arg);
char *do_signal(Script *s, const char *arg);
char *do_within(Script *s, const char *arg);
char *do_expect(Script *s, const char *arg);
char *do_expect_not(Script *s, const char *arg);
char *do_expect_row(Script *s, const char *arg);
char *do_row_matches(Script *s, const char *arg);
char *do_cursor(Script *s, const char *arg);
char *do_mask(Script *s, const char *arg);
char *do_screen(Script *s, const char *arg);
char *do_raw(Script *s, const char *arg);
char *do_raw_not(Script *s, const char *arg);
char *do_raw_clean(Script *s, const char *arg);
char *do_svg(Script *s, const char *arg);
char *do_write(Script *s, const char *arg);
char *do_run(Script *s, const char *arg);
char *do_eventually(Script *s, const char *arg);
char *do_output(Script *s, const char *arg);
char *do_load(Script *s, const char *arg);
char *do_servers(Script *s, const char *arg);
char *do_settled(Script *s, const char *arg);
char *do_fresh(Script *s, const char *arg);
char *do_needs(Script *s, const char *arg);
