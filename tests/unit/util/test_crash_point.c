/* test_crash_point.c - a process ends at the N-th passage of the named step, and only there. */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <glib.h>
#include "pintail/util/crash_point.h"

/* How a child ends that passes a, b, b, c under `at`: 0, or the signal's number. The passages
 * before the end are told through a pipe. */
static int ends(const char *at, const char *passed)
{
    static const char *const steps[] = {"a", "b", "b", "c"};
    int ends[2], status;
    g_assert_cmpint(pipe(ends), ==, 0);
    pid_t child = fork();
    g_assert_cmpint(child, >=, 0);
    if (child == 0) {
        if (at)
            g_setenv("PINTAIL_CRASH_AT", at, TRUE);
        else
            g_unsetenv("PINTAIL_CRASH_AT");
        for (gsize i = 0; i < G_N_ELEMENTS(steps); i++) {
            crash_point(steps[i]);
            if (write(ends[1], steps[i], 1) != 1)
                _exit(3);
        }
        _exit(0);
    }
    close(ends[1]);
    char told[8] = {0};
    gsize n = 0;
    ssize_t got;
    while (n < sizeof told - 1 && (got = read(ends[0], told + n, sizeof told - 1 - n)) > 0)
        n += (gsize)got;
    close(ends[0]);
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_cmpstr(told, ==, passed);
    if (WIFSIGNALED(status))
        return WTERMSIG(status);
    g_assert_cmpint(WEXITSTATUS(status), ==, 0);
    return 0;
}

static void test_crash_point(void)
{
    g_assert_cmpint(ends(NULL, "abbc"), ==, 0);
    g_assert_cmpint(ends("a:1", ""), ==, SIGKILL);
    g_assert_cmpint(ends("b:1", "a"), ==, SIGKILL);
    g_assert_cmpint(ends("b:2", "ab"), ==, SIGKILL);
    g_assert_cmpint(ends("b:3", "abbc"), ==, 0);
    g_assert_cmpint(ends("c:1", "abb"), ==, SIGKILL);
    g_assert_cmpint(ends("d:1", "abbc"), ==, 0);
    static const char *const nonsense[] = {"", "b", ":1", "b:0", "b:-1", "b:x",
                                           "a-name-that-is-longer-than-any-step-has:1"};
    for (gsize i = 0; i < G_N_ELEMENTS(nonsense); i++)
        g_assert_cmpint(ends(nonsense[i], "abbc"), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/crash-point", test_crash_point);
    return g_test_run();
}
