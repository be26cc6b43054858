/* directive_files.c - directives for files, helper commands and servers. */
#include "directive.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* write FILE, then the lines up to `<<`; 0600, because most of them are rc files. */
char *do_write(Script *s, const char *arg)
{
    const char *newline = strchr(arg, '\n');
    if (!newline)
        return g_strdup("write FILE <<, the text, and a line with << alone");
    g_autofree char *name = g_strndup(arg, newline - arg);
    g_autofree char *path = g_build_filename(s->home, name, NULL);
    g_autofree char *dir = g_path_get_dirname(path);
    if (g_mkdir_with_parents(dir, 0700) != 0 || !g_file_set_contents_full(path, newline + 1, -1, 0, 0600, NULL))
        return g_strdup_printf("cannot write %s", path);
    return NULL;
}

int shell(Script *s, const char *command, gint64 deadline)
{
    g_autofree char *file = g_build_filename(s->root, "output", NULL);
    pid_t pid = fork();
    if (pid == 0) {
        int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600), null = open("/dev/null", O_RDONLY);
        setpgid(0, 0);
        dup2(null, 0);
        dup2(fd, 1);
        dup2(fd, 2);
        if (chdir(s->home) == 0)
            execle("/bin/sh", "sh", "-c", command, (char *)NULL, s->env);
        _exit(127);
    }
    if (pid > 0)
        g_array_append_val(s->groups, pid);
    int status = -1;
    while (pid > 0 && waitpid(pid, &status, WNOHANG) == 0) {
        gint64 now = g_get_monotonic_time();
        if (now > deadline) {
            kill(-pid, SIGKILL);
            waitpid(pid, &status, 0);
            status = -1;
            break;
        }
        session_pump(now + 2000);
    }
    g_autofree char *text = NULL;
    gsize len = 0;
    g_file_get_contents(file, &text, &len, NULL);
    g_string_truncate(s->output, 0);
    g_string_append_len(s->output, text ? text : "", len);
    return status == -1 ? -1 : WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

char *do_run(Script *s, const char *arg)
{
    int code = shell(s, arg, deadline_of(s, RUN_MS));
    if (code == 0)
        return NULL;
    return g_strdup_printf(code < 0 ? "took too long (%d); it wrote:\n%s" : "ended with %d; it wrote:\n%s", code,
                           s->output->str);
}

/* Again and again until it succeeds: for what a server will know soon. */
char *do_eventually(Script *s, const char *arg)
{
    gint64 deadline = deadline_of(s, DEADLINE_MS);
    while (shell(s, arg, deadline) != 0) {
        gint64 now = g_get_monotonic_time();
        if (now >= deadline)
            return g_strdup_printf("did not become true; at last it wrote:\n%s", s->output->str);
        gint64 until = MIN(deadline, now + RETRY_MS * 1000);
        while (g_get_monotonic_time() < until)
            session_pump(until);
    }
    return NULL;
}

char *do_output(Script *s, const char *arg)
{
    regex_t regex;
    char *problem = compile(&regex, arg);
    if (problem)
        return problem;
    if (regexec(&regex, s->output->str, 0, NULL, 0) != 0)
        problem = g_strdup_printf("no match: %s\nit wrote:\n%s", arg, s->output->str);
    regfree(&regex);
    return problem;
}

static gboolean load_env(Script *s, const char *path)
{
    g_autofree char *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, NULL))
        return FALSE;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **l = lines; *l; l++) {
        char *equal = strchr(*l, '=');
        gsize len = equal ? strlen(equal) : 0;
        if (len < 3)
            continue;
        equal[len - 1] = *equal = '\0';
        set_env(s, *l, equal + 2);
    }
    return TRUE;
}

/* Variables from a file of NAME='VALUE' lines, such as a helper in the background writes. */
char *do_load(Script *s, const char *arg)
{
    g_autofree char *path = g_path_is_absolute(arg) ? g_strdup(arg) : g_build_filename(s->home, arg, NULL);
    return load_env(s, path) ? NULL : g_strdup_printf("cannot read %s", path);
}

static void new_logins(Script *s)
{
    g_autofree char *login = g_strdup_printf("%s-%d-%u", s->name, (int)getpid(), ++s->logins);
    g_autofree char *login2 = g_strconcat(login, "-b", NULL);
    set_env(s, "LOGIN", login);
    set_env(s, "LOGIN2", login2);
}

/* servers: those of the run, with mailboxes of this script's own (${LOGIN}, ${LOGIN2}).
 * servers private [OPTIONS]: own ones, which the script may stop and break. */
char *do_servers(Script *s, const char *arg)
{
    g_autofree char *path = g_strdup(s->context->servers);
    if (g_str_has_prefix(arg, "private")) {
        g_autofree char *dir = g_build_filename(s->root, "srv", NULL);
        g_autofree char *command = g_strdup_printf("%s/servers start %s --any-user secret %s",
                                                   s->context->scripts, dir, arg + strlen("private"));
        s->own_servers = TRUE;
        char *problem = do_run(s, command);
        if (problem)
            return problem;
        g_free(path);
        path = g_build_filename(dir, "env", NULL);
    }
    if (!path || !load_env(s, path))
        return g_strdup("the servers do not run");
    new_logins(s);
    set_env(s, "PASSWORD", "secret");
    return NULL;
}

/* New mailboxes on the server and an empty home, for the next round of a loop. */
char *do_fresh(Script *s, const char *arg)
{
    new_logins(s);
    return do_run(s, "find \"$HOME\" -mindepth 1 -delete; mkdir -p \"$XDG_CONFIG_HOME\" \"$XDG_DATA_HOME\" "
                     "\"$XDG_RUNTIME_DIR\" \"$TMPDIR\"");
}

/* needs root|PROGRAM: skips the script where it is missing. */
char *do_needs(Script *s, const char *arg)
{
    if (strcmp(arg, "root") == 0)
        return geteuid() == 0 ? NULL : g_strdup("SKIP: needs root");
    g_autofree char *found = g_find_program_in_path(arg);
    return found ? NULL : g_strdup_printf("SKIP: needs %s", arg);
}

