/* harness.c - runs screen scripts, each in a process of its own, and prints TAP.
 *
 * Usage: screen-harness -p PROGRAM [-j N] [--keep] SCRIPT...     (UPDATE=1 rewrites expected screens)
 *
 * One set of servers is started for the run when a script asks for it; each script has mailboxes and
 * a home of its own, so that the order and the number of jobs do not matter. */
#include "script.h"

#include <glib/gstdio.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SCRIPT_SECONDS = 300 };

typedef struct {
    const char *path;
    pid_t pid;
    gint64 started;
    FILE *output;
} Job;

static char *servers_dir; /* NULL: not started */
static char *scripts_dir;

static int run_servers(const char *verb, const char *dir, const char *option, const char *value)
{
    g_autofree char *program = g_build_filename(scripts_dir, "servers", NULL);
    const char *argv[] = {program, verb, dir, option, value, NULL};
    int status = -1;
    if (!g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, NULL, &status, NULL))
        return -1;
    return status;
}

static void stop_servers(void)
{
    if (!servers_dir)
        return;
    run_servers("stop", servers_dir, NULL, NULL);
    g_rmdir(servers_dir);
    g_clear_pointer(&servers_dir, g_free);
}

static void on_signal(int number)
{
    exit(128 + number); /* through atexit: the servers end too */
}

static gboolean wants_servers(const char *path)
{
    g_autofree char *text = NULL;
    return g_file_get_contents(path, &text, NULL, NULL) &&
           (g_str_has_prefix(text, "servers\n") || strstr(text, "\nservers\n"));
}

static void start_servers(void)
{
    servers_dir = g_dir_make_tmp("pintail-run-XXXXXX", NULL);
    if (!servers_dir || run_servers("start", servers_dir, "--any-user", "secret") != 0) {
        g_printerr("the servers did not start\n");
        exit(1);
    }
}

static void job_start(Job *job, const ScriptContext *context)
{
    job->output = tmpfile();
    job->started = g_get_monotonic_time();
    job->pid = fork();
    if (job->pid != 0)
        return;
    g_clear_pointer(&servers_dir, g_free); /* the parent's to stop */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    alarm(SCRIPT_SECONDS);
    g_autofree char *failure = script_run(context, job->path);
    if (failure)
        fputs(failure, job->output);
    fflush(job->output);
    _exit(failure ? 1 : 0);
}

/* Prints its line; TRUE when it did not fail. */
static gboolean job_report(Job *job, int status, guint number)
{
    char line[4096];
    double seconds = (double)(g_get_monotonic_time() - job->started) / G_USEC_PER_SEC;
    gboolean passed = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    rewind(job->output);
    const char *first = fgets(line, sizeof line, job->output);
    if (!passed && first && g_str_has_prefix(line, "SKIP: ")) {
        printf("ok %u %s # %s\n", number, job->path, line);
        passed = TRUE;
    } else {
        printf("%s %u %s # %.1f s\n", passed ? "ok" : "not ok", number, job->path, seconds);
        if (WIFSIGNALED(status))
            printf("# %s\n", WTERMSIG(status) == SIGALRM ? "took too long" : strsignal(WTERMSIG(status)));
        for (; first; first = fgets(line, sizeof line, job->output))
            printf("# %s", line);
    }
    fclose(job->output);
    fflush(stdout);
    return passed;
}

static gboolean run_all(char **paths, guint count, int jobs_max, const ScriptContext *context)
{
    g_autofree Job *jobs = g_new0(Job, count);
    guint next = 0, running = 0, done = 0;
    gboolean good = TRUE;
    printf("1..%u\n", count);
    fflush(stdout);
    while (done < count) {
        while (running < (guint)jobs_max && next < count) {
            jobs[next].path = paths[next];
            job_start(&jobs[next++], context);
            running++;
        }
        int status;
        pid_t pid = wait(&status);
        for (guint i = 0; i < next; i++) {
            if (jobs[i].pid != pid)
                continue;
            good &= job_report(&jobs[i], status, ++done);
            running--;
        }
    }
    return good;
}

int main(int argc, char **argv)
{
    g_autofree char *program = NULL, *tests = NULL, *output = NULL;
    int jobs = 2;
    gboolean keep = FALSE, tap = FALSE;
    g_auto(GStrv) paths = NULL;
    const GOptionEntry entries[] = {
        {"program", 'p', 0, G_OPTION_ARG_FILENAME, &program, "the program under test", "FILE"},
        {"tests", 't', 0, G_OPTION_ARG_FILENAME, &tests, "the project's tests directory", "DIR"},
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "where svg files go", "DIR"},
        {"jobs", 'j', 0, G_OPTION_ARG_INT, &jobs, "how many at once", "N"},
        {"keep", 'k', 0, G_OPTION_ARG_NONE, &keep, "keep the temporary directories", NULL},
        {"tap", 0, 0, G_OPTION_ARG_NONE, &tap, "print TAP (it always does)", NULL},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &paths, NULL, "SCRIPT..."},
        {NULL},
    };
    setlocale(LC_ALL, "C.UTF-8");
    g_autoptr(GOptionContext) options = g_option_context_new(NULL);
    g_autoptr(GError) error = NULL;
    g_option_context_add_main_entries(options, entries, NULL);
    if (!g_option_context_parse(options, &argc, &argv, &error) || !paths || !program) {
        g_printerr("%s\n", error ? error->message : "screen-harness -p PROGRAM SCRIPT...");
        return 64;
    }
    g_autofree char *here = g_canonicalize_filename(tests ? tests : "tests", NULL);
    g_autofree char *expected = g_build_filename(here, "screen/expected", NULL);
    g_autofree char *tools = g_build_filename(here, "tools", NULL);
    g_autofree char *full = g_canonicalize_filename(program, NULL);
    g_autofree char *images = g_canonicalize_filename(output ? output : ".", NULL);
    scripts_dir = g_canonicalize_filename("../scripts", here);
    ScriptContext context = {.program = full, .expected = expected, .tools = tools, .scripts = scripts_dir,
                             .output = images, .keep = keep, .update = g_getenv("UPDATE") != NULL};
    signal(SIGPIPE, SIG_IGN);
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    atexit(stop_servers);
    guint count = g_strv_length(paths);
    for (guint i = 0; i < count && !servers_dir; i++)
        if (wants_servers(paths[i]))
            start_servers();
    g_autofree char *env_file = servers_dir ? g_build_filename(servers_dir, "env", NULL) : NULL;
    context.servers = env_file;
    return run_all(paths, count, jobs, &context) ? 0 : 1;
}
