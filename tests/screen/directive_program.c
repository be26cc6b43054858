/* directive_program.c - directives that start, feed and end the program. */
#include "directive.h"
#include "keys.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static gboolean idle(Script *s, const void *data)
{
    if (!session_idle(session(s)))
        return FALSE;
    /* The byte may be of an event from before the key: idle is what stays so. */
    gint64 until = g_get_monotonic_time() + QUIET_MS * 1000;
    while (g_get_monotonic_time() < until)
        session_pump(until);
    return session_idle(session(s));
}

char *do_size(Script *s, const char *arg)
{
    char *rest;
    long columns = strtol(arg, &rest, 10), rows = *rest == 'x' ? strtol(rest + 1, &rest, 10) : 0;
    if (columns < 1 || rows < 1 || columns > 1000 || rows > 1000 || *rest)
        return g_strdup("write the size as COLUMNSxROWS");
    s->rows = (int)rows;
    s->columns = (int)columns;
    if (session(s))
        session_resize(session(s), s->rows, s->columns);
    return NULL;
}

char *do_env(Script *s, const char *arg)
{
    const char *equal = strchr(arg, '=');
    if (!equal) {
        s->env = g_environ_unsetenv(s->env, arg);
        return NULL;
    }
    g_autofree char *name = g_strndup(arg, equal - arg);
    set_env(s, name, equal + 1);
    return NULL;
}

char *do_spawn(Script *s, const char *arg)
{
    char *problem = NULL;
    session_free(session(s));
    s->sessions[s->current] = session_start(arg, s->env, s->home, s->rows, s->columns, &problem);
    return problem;
}

char *do_start(Script *s, const char *arg)
{
    g_autofree char *command = g_strconcat("exec \"$PINTAIL\" ", arg, NULL);
    return do_spawn(s, command);
}

/* Switches to another terminal, which has a program of its own. */
char *do_session(Script *s, const char *arg)
{
    for (int i = 0; i < SESSIONS_MAX; i++) {
        if (!s->names[i])
            s->names[i] = g_strdup(arg);
        if (strcmp(s->names[i], arg) == 0) {
            s->current = i;
            return NULL;
        }
    }
    return g_strdup("too many sessions");
}

char *do_keys(Script *s, const char *arg)
{
    gint64 deadline = deadline_of(s, DEADLINE_MS);
    for (const char *p = arg; *p;) {
        char *problem = NULL;
        g_autofree char *bytes = key_bytes(&p, &problem);
        if (!bytes)
            return problem;
        if (!session_key(session(s), bytes, strlen(bytes), deadline))
            return g_strdup("the program does not read its keys");
        /* Alone for as long as a person needs for another key: else it would be Alt with that. */
        if (strcmp(bytes, "\033") == 0) {
            gint64 until = g_get_monotonic_time() + ESC_MS * 1000;
            while (g_get_monotonic_time() < until)
                session_pump(until);
        }
    }
    return NULL;
}

char *do_paste(Script *s, const char *arg)
{
    g_autoptr(GString) text = unescape(arg);
    g_string_prepend(text, "\033[200~");
    g_string_append(text, "\033[201~");
    session_send(session(s), text->str, text->len);
    return NULL;
}

/* The same from a terminal that does not mark it: everything at once. */
char *do_burst(Script *s, const char *arg)
{
    g_autoptr(GString) text = unescape(arg);
    session_send(session(s), text->str, text->len);
    return NULL;
}

/* mouse click|release|wheel-up|wheel-down|drag ROW COLUMN, as xterm's mode 1006 reports it. */
char *do_mouse(Script *s, const char *arg)
{
    static const struct {
        const char *name;
        int button;
        char end;
    } kinds[] = {{"click", 0, 'M'}, {"release", 0, 'm'}, {"wheel-up", 64, 'M'}, {"wheel-down", 65, 'M'},
                 {"drag", 32, 'M'}};
    g_auto(GStrv) words = g_strsplit(arg, " ", -1);
    if (g_strv_length(words) != 3)
        return g_strdup("mouse KIND ROW COLUMN");
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (strcmp(words[0], kinds[i].name) != 0)
            continue;
        g_autofree char *bytes = g_strdup_printf("\033[<%d;%s;%s%c", kinds[i].button, words[2], words[1],
                                                 kinds[i].end);
        return session_key(session(s), bytes, strlen(bytes), deadline_of(s, DEADLINE_MS))
                   ? NULL : g_strdup("the program does not read its keys");
    }
    return g_strdup("unknown kind of mouse event");
}

char *do_idle(Script *s, const char *arg)
{
    return wait_for(s, idle, NULL) ? NULL : g_strdup("the program did not become idle");
}

static gboolean idle_or_ended(Script *s, const void *data)
{
    return program_ended(s, data) || idle(s, data);
}

/* As `idle`, where the program may as well have ended: killed at a step that is being tested. */
char *do_settled(Script *s, const char *arg)
{
    return wait_for(s, idle_or_ended, NULL) ? NULL : g_strdup("neither idle nor ended");
}

char *do_exit(Script *s, const char *arg)
{
    if (!wait_for(s, program_ended, NULL))
        return g_strdup("the program did not end");
    int status;
    session_ended(session(s), &status);
    if (strcmp(arg, "any") == 0)
        return NULL;
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (code != (int)strtol(arg, NULL, 10))
        return g_strdup_printf("the program ended with %d, not %s", code, arg);
    return NULL;
}

char *do_signal(Script *s, const char *arg)
{
    static const struct {
        const char *name;
        int number;
    } signals[] = {{"TERM", SIGTERM}, {"INT", SIGINT}, {"HUP", SIGHUP}, {"KILL", SIGKILL},
                   {"STOP", SIGSTOP}, {"CONT", SIGCONT}, {"TSTP", SIGTSTP}, {"USR1", SIGUSR1}};
    for (gsize i = 0; i < G_N_ELEMENTS(signals); i++)
        if (strcmp(arg, signals[i].name) == 0)
            return kill(session_pid(session(s)), signals[i].number) == 0 ? NULL : g_strdup("no such process");
    return g_strdup("unknown signal");
}

char *do_within(Script *s, const char *arg)
{
    s->within = (int)strtol(arg, NULL, 10);
    return s->within > 0 ? NULL : g_strdup("within MILLISECONDS");
}

