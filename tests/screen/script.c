/* script.c - the language of screen tests: read a line, do it, stop at the first failure.
 *
 * One table holds every directive. Those that look at the screen wait until it is so, and fail at
 * the deadline (10 s, or what `within` said). Each script has a temporary home of its own. */
#include "directive.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

gint64 deadline_of(Script *s, int usual)
{
    int ms = s->within > 0 ? s->within : usual;
    s->within = 0;
    return g_get_monotonic_time() + (gint64)ms * 1000;
}

/* ---- waiting ---- */

gboolean wait_for(Script *s, Condition condition, const void *data)
{
    gint64 deadline = deadline_of(s, DEADLINE_MS);
    while (!condition(s, data)) {
        int status;
        if (g_get_monotonic_time() >= deadline)
            return FALSE;
        if (session_ended(session(s), &status))
            return condition(s, data); /* its last output came with its end */
        session_pump(deadline);
    }
    return TRUE;
}

gboolean program_ended(Script *s, const void *data)
{
    int status;
    return session_ended(session(s), &status);
}

/* ---- text of arguments ---- */

GString *unescape(const char *text)
{
    GString *out = g_string_new(NULL);
    for (const char *p = text; *p; p++) {
        if (*p != '\\' || !p[1]) {
            g_string_append_c(out, *p);
            continue;
        }
        switch (*++p) {
        case 'e': g_string_append_c(out, '\033'); break;
        case 'n': g_string_append_c(out, '\n'); break;
        case 'r': g_string_append_c(out, '\r'); break;
        case 't': g_string_append_c(out, '\t'); break;
        case 'x':
            if (g_ascii_isxdigit(p[1]) && g_ascii_isxdigit(p[2])) {
                g_string_append_c(out, (char)(g_ascii_xdigit_value(p[1]) << 4 | g_ascii_xdigit_value(p[2])));
                p += 2;
            }
            break;
        default: g_string_append_c(out, *p);
        }
    }
    return out;
}

/* ${NAME} from the script's environment; one that is not set stays as it is. */
static char *expand(Script *s, const char *text)
{
    GString *out = g_string_new(NULL);
    while (*text) {
        const char *end = text[0] == '$' && text[1] == '{' ? strchr(text, '}') : NULL;
        g_autofree char *name = end ? g_strndup(text + 2, end - text - 2) : NULL;
        const char *value = name ? g_environ_getenv(s->env, name) : NULL;
        if (value) {
            g_string_append(out, value);
            text = end + 1;
        } else {
            g_string_append_c(out, *text++);
        }
    }
    return g_string_free(out, FALSE);
}

char *compile(regex_t *regex, const char *pattern)
{
    int code = regcomp(regex, pattern, REG_EXTENDED | REG_NOSUB | REG_NEWLINE);
    if (code == 0)
        return NULL;
    char why[200];
    regerror(code, regex, why, sizeof why);
    return g_strdup_printf("bad regex: %s", why);
}

void set_env(Script *s, const char *name, const char *value)
{
    s->env = g_environ_setenv(s->env, name, value, TRUE);
}

static const struct {
    const char *name;
    Directive run;
    gboolean expands;  /* ${NAME} in the argument */
    gboolean screen;   /* needs a program on the screen */
} directives[] = {
    {"size", do_size, FALSE, FALSE},
    {"resize", do_size, FALSE, TRUE},
    {"env", do_env, TRUE, FALSE},
    {"write", do_write, TRUE, FALSE},
    {"start", do_start, FALSE, FALSE},
    {"spawn", do_spawn, FALSE, FALSE},
    {"session", do_session, FALSE, FALSE},
    {"keys", do_keys, TRUE, TRUE},
    {"paste", do_paste, TRUE, TRUE},
    {"burst", do_burst, TRUE, TRUE},
    {"mouse", do_mouse, FALSE, TRUE},
    {"idle", do_idle, FALSE, TRUE},
    {"exit", do_exit, FALSE, TRUE},
    {"signal", do_signal, FALSE, TRUE},
    {"settled", do_settled, FALSE, TRUE},
    {"within", do_within, FALSE, FALSE},
    {"expect", do_expect, TRUE, TRUE},
    {"expect-not", do_expect_not, TRUE, TRUE},
    {"expect-row", do_expect_row, TRUE, TRUE},
    {"row-matches", do_row_matches, TRUE, TRUE},
    {"cursor", do_cursor, FALSE, TRUE},
    {"mask", do_mask, TRUE, FALSE},
    {"screen", do_screen, FALSE, TRUE},
    {"raw", do_raw, TRUE, TRUE},
    {"raw-not", do_raw_not, TRUE, TRUE},
    {"raw-clean", do_raw_clean, FALSE, FALSE},
    {"svg", do_svg, TRUE, TRUE},
    {"run", do_run, FALSE, FALSE},
    {"eventually", do_eventually, FALSE, FALSE},
    {"output", do_output, TRUE, FALSE},
    {"load", do_load, TRUE, FALSE},
    {"servers", do_servers, FALSE, FALSE},
    {"fresh", do_fresh, FALSE, FALSE},
    {"needs", do_needs, FALSE, FALSE},
};

static char *execute(Script *s, const char *line)
{
    gsize len = strcspn(line, " \n");
    for (gsize i = 0; i < G_N_ELEMENTS(directives); i++) {
        if (strlen(directives[i].name) != len || strncmp(directives[i].name, line, len) != 0)
            continue;
        if (directives[i].screen && !session(s))
            return g_strdup("no program was started");
        const char *arg = line + len + strspn(line + len, " ");
        g_autofree char *text = directives[i].expands ? expand(s, arg) : g_strdup(arg);
        return directives[i].run(s, text);
    }
    return g_strdup("unknown directive");
}

/* What went wrong, where, and the screens, for a person. */
static char *report(Script *s, const char *path, guint line, const char *text, const char *reason)
{
    if (g_str_has_prefix(reason, "SKIP: "))
        return g_strdup(reason);
    g_autofree char *first = g_strndup(text, strcspn(text, "\n"));
    GString *out = g_string_new(NULL);
    g_string_append_printf(out, "%s:%u: %s\n%s\n", path, line, first, reason);
    for (int i = 0; i < SESSIONS_MAX; i++) {
        if (!s->sessions[i])
            continue;
        int row, column, status;
        gboolean visible;
        session_cursor(s->sessions[i], &row, &column, &visible);
        g_string_append_printf(out, "screen of %s, cursor %d %d%s", s->names[i], row + 1, column + 1,
                               visible ? "" : " (hidden)");
        if (session_ended(s->sessions[i], &status))
            g_string_append_printf(out, ", the program has ended with %d",
                                   WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
        g_string_append(out, ":\n");
        for (int r = 0; r < session_rows(s->sessions[i]); r++) {
            g_autofree char *content = session_row(s->sessions[i], r);
            g_string_append_printf(out, "%3d|%s\n", r + 1, content);
        }
    }
    return g_string_free(out, FALSE);
}

static void make_environment(Script *s)
{
    static const char *const passed[] = {"ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS"};
    g_autofree char *bin = g_path_get_dirname(s->context->program);
    g_autofree char *path = g_strdup_printf("%s:%s:%s:/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin",
                                            bin, s->context->tools, s->context->scripts);
    s->env = g_new0(char *, 1);
    for (gsize i = 0; i < G_N_ELEMENTS(passed); i++)
        if (g_getenv(passed[i]))
            set_env(s, passed[i], g_getenv(passed[i]));
    static const char *const fixed[][2] = {{"TERM", "xterm-256color"}, {"LANG", "C.UTF-8"}, {"TZ", "UTC"},
                                           {"PINTAIL_NOW", "1795262400"}, {"SHELL", "/bin/sh"},
                                           {"USER", "ada"}, {"LOGNAME", "ada"}};
    for (gsize i = 0; i < G_N_ELEMENTS(fixed); i++)
        set_env(s, fixed[i][0], fixed[i][1]);
    static const char *const dirs[][2] = {{"XDG_CONFIG_HOME", ".config"}, {"XDG_DATA_HOME", ".local/share"},
                                          {"XDG_STATE_HOME", ".local/state"}, {"XDG_CACHE_HOME", ".cache"},
                                          {"XDG_RUNTIME_DIR", "run"}, {"TMPDIR", "tmp"}};
    for (gsize i = 0; i < G_N_ELEMENTS(dirs); i++) {
        g_autofree char *dir = g_build_filename(s->home, dirs[i][1], NULL);
        g_mkdir_with_parents(dir, 0700);
        set_env(s, dirs[i][0], dir);
    }
    set_env(s, "HOME", s->home);
    set_env(s, "PATH", path);
    set_env(s, "PINTAIL", s->context->program);
    set_env(s, "TOOLS", s->context->tools);
}

static gboolean script_open(Script *s, const ScriptContext *context, const char *path)
{
    *s = (Script){.context = context, .rows = 24, .columns = 80};
    g_autofree char *base = g_path_get_basename(path);
    s->name = g_strndup(base, strcspn(base, "."));
    s->names[0] = g_strdup("main");
    s->masks = g_ptr_array_new_with_free_func(g_free);
    s->output = g_string_new(NULL);
    s->groups = g_array_new(FALSE, FALSE, sizeof(pid_t));
    s->root = g_dir_make_tmp("pintail-screen-XXXXXX", NULL);
    if (!s->root)
        return FALSE;
    s->home = g_build_filename(s->root, "home", NULL);
    g_mkdir_with_parents(s->home, 0700);
    make_environment(s);
    return TRUE;
}

static void script_close(Script *s)
{
    for (int i = 0; i < SESSIONS_MAX; i++) {
        session_free(s->sessions[i]);
        s->sessions[i] = NULL;
        g_free(s->names[i]);
    }
    for (guint i = 0; i < s->groups->len; i++)
        kill(-g_array_index(s->groups, pid_t, i), SIGKILL);
    gint64 deadline = g_get_monotonic_time() + RUN_MS * 1000;
    if (s->own_servers) {
        g_autofree char *command = g_strdup_printf("'%s/servers' stop '%s/srv'", s->context->scripts, s->root);
        shell(s, command, deadline);
    }
    if (s->root && !s->context->keep) {
        g_autofree char *command = g_strdup_printf("cd / && chmod -R u+rwX '%s'; rm -rf '%s'", s->root, s->root);
        shell(s, command, deadline);
    } else if (s->root) {
        g_print("# kept %s\n", s->root);
    }
    g_strfreev(s->env);
    g_ptr_array_unref(s->masks);
    g_array_unref(s->groups);
    g_string_free(s->output, TRUE);
    g_free(s->name);
    g_free(s->root);
    g_free(s->home);
}

/* The next directive with the lines that belong to it; *line counts. NULL at the end. */
static char *next_directive(char ***lines, guint *line, guint *at)
{
    while (**lines && ((**lines)[strspn(**lines, " ")] == '\0' || (**lines)[strspn(**lines, " ")] == '#')) {
        ++*lines;
        ++*line;
    }
    if (!**lines)
        return NULL;
    *at = ++*line;
    GString *text = g_string_new(**lines + strspn(**lines, " "));
    ++*lines;
    if (!g_str_has_suffix(text->str, " <<"))
        return g_string_free(text, FALSE);
    g_string_truncate(text, text->len - 3);
    gboolean shell_text = g_str_has_prefix(text->str, "run") || g_str_has_prefix(text->str, "eventually");
    g_string_append_c(text, shell_text ? ' ' : '\n');
    while (**lines && strcmp(**lines, "<<") != 0) {
        g_string_append_printf(text, "%s\n", *(*lines)++);
        ++*line;
    }
    if (**lines) {
        ++*lines;
        ++*line;
    }
    return g_string_free(text, FALSE);
}

/* repeat MAX ... end: the lines between again and again, with ${N} from 1 on, until a `break COMMAND`
 * succeeds. Not nested. */
typedef struct {
    char **begin; /* behind the `repeat` line; NULL: not in a loop */
    guint line;   /* of begin */
    long n, max;
} Loop;

static void loop_number(Script *s, Loop *loop, long n)
{
    g_autofree char *number = g_strdup_printf("%ld", n);
    loop->n = n;
    set_env(s, "N", number);
}

/* TRUE when the directive was one of the loop's; *failure as execute() has it. */
static gboolean loop_directive(Script *s, Loop *loop, const char *directive, char ***next, guint *line,
                               char **failure)
{
    if (g_str_has_prefix(directive, "repeat ")) {
        *loop = (Loop){.begin = *next, .line = *line, .max = strtol(directive + strlen("repeat "), NULL, 10)};
        loop_number(s, loop, 1);
        return TRUE;
    }
    if (strcmp(directive, "end") == 0) {
        if (!loop->begin || loop->n >= loop->max) {
            *failure = g_strdup_printf("still not done after %ld rounds", loop->n);
            return TRUE;
        }
        loop_number(s, loop, loop->n + 1);
        *next = loop->begin;
        *line = loop->line;
        return TRUE;
    }
    if (!g_str_has_prefix(directive, "break "))
        return FALSE;
    if (shell(s, directive + strlen("break "), deadline_of(s, RUN_MS)) == 0) {
        while (**next && strcmp(*(*next)++, "end") != 0)
            ++*line;
        ++*line;
        loop->begin = NULL;
    }
    return TRUE;
}

char *script_run(const ScriptContext *context, const char *path)
{
    g_autofree char *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, NULL))
        return g_strdup_printf("cannot read %s", path);
    Script s;
    char *failure = NULL;
    if (!script_open(&s, context, path))
        return g_strdup("cannot make a temporary directory");
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    char **next = lines;
    guint line = 0, at = 0;
    Loop loop = {0};
    while (!failure) {
        g_autofree char *directive = next_directive(&next, &line, &at);
        if (!directive)
            break;
        g_autofree char *reason = NULL;
        if (!loop_directive(&s, &loop, directive, &next, &line, &reason))
            reason = execute(&s, directive);
        if (reason && loop.begin) {
            g_autofree char *where = g_strdup_printf("%s\n(round %ld)", reason, loop.n);
            g_free(g_steal_pointer(&reason));
            reason = g_steal_pointer(&where);
        }
        if (reason)
            failure = report(&s, path, at, directive, reason);
    }
    script_close(&s);
    return failure;
}
