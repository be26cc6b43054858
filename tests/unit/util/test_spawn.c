/* test_spawn.c - other programs: output, failure, deadline, cancel, cleanliness. */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <pthread.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include "pintail/util/error.h"
#include "pintail/util/spawn.h"

enum { PLENTY = 60000 };

static char *capture(const char *command, const char *input)
{
    g_autoptr(GError) err = NULL;
    GString *out = NULL;
    g_assert_true(spawn_capture(command, input, input ? strlen(input) : 0, PLENTY, NULL, &out, &err));
    g_assert_no_error(err);
    return g_string_free(out, FALSE);
}

static char *refused(const char *command, const char *input, gsize len)
{
    g_autoptr(GError) err = NULL;
    GString *out = NULL;
    g_assert_false(spawn_capture(command, input, len, PLENTY, NULL, &out, &err));
    g_assert_true(error_is(err, PINTAIL_ERROR_REFUSED));
    g_assert_null(out);
    return g_strdup(err->message);
}

static void test_output(void)
{
    g_autofree char *a = capture("printf 'geheim\\n'", NULL);
    g_assert_cmpstr(a, ==, "geheim\n");
    g_autofree char *b = capture("cat", "what goes in comes out");
    g_assert_cmpstr(b, ==, "what goes in comes out");
    g_autofree char *c = capture("cat", ""); /* an empty input ends */
    g_assert_cmpstr(c, ==, "");
    g_autofree char *d = capture("cat", NULL); /* no input is /dev/null */
    g_assert_cmpstr(d, ==, "");
    g_autofree char *e = capture("echo noise >&2; echo done", NULL);
    g_assert_cmpstr(e, ==, "done\n");
    g_assert_true(spawn_capture("echo unwanted", NULL, 0, PLENTY, NULL, NULL, NULL));
}

static void test_large(void)
{
    g_autofree char *in = g_strnfill(1000 * 1000, 'x');
    g_autofree char *out = capture("cat", in);
    g_assert_cmpstr(out, ==, in);
    g_autofree char *why = refused("yes", NULL, 0);
    g_assert_nonnull(strstr(why, "1 MiB"));
}

static void test_refused(void)
{
    g_autofree char *a = refused("echo first >&2; echo 'gpg: no key' >&2; exit 3", NULL, 0);
    g_assert_true(g_str_has_suffix(a, "status 3: gpg: no key"));
    g_autofree char *b = refused("exit 1", NULL, 0);
    g_assert_nonnull(strstr(b, "'exit 1' failed with exit status 1"));
    g_autofree char *c = refused("kill -TERM $$", NULL, 0);
    g_assert_nonnull(strstr(c, "signal"));
    g_autofree char *d = refused("/nonexistent/program", NULL, 0);
    g_assert_nonnull(strstr(d, "127"));
}

/* A program that does not read its input is no reason to die of SIGPIPE. */
static void test_unread_input(void)
{
    g_autofree char *in = g_strnfill(1000 * 1000, 'x');
    g_autofree char *out = capture("exec 0<&-; echo fine", in);
    g_assert_cmpstr(out, ==, "fine\n");
    sigset_t pending;
    g_assert_cmpint(sigpending(&pending), ==, 0);
    g_assert_false(sigismember(&pending, SIGPIPE));
}

static void test_timeout(void)
{
    g_autoptr(GError) err = NULL;
    gint64 start = g_get_monotonic_time();
    g_assert_false(spawn_capture("sleep 1000", NULL, 0, 50, NULL, NULL, &err));
    g_assert_true(error_is(err, PINTAIL_ERROR_REFUSED));
    g_assert_nonnull(strstr(err->message, "did not end within"));
    g_assert_cmpint(g_get_monotonic_time() - start, <, 20 * G_USEC_PER_SEC);
}

/* The whole group goes, children of the shell included: the pipe that only they hold closes. */
static void test_kills_group(void)
{
    int ends[2];
    g_assert_cmpint(pipe(ends), ==, 0);
    g_autofree char *fifo = g_build_filename(g_get_tmp_dir(), "pintail-spawn-fifo-XXXXXX", NULL);
    g_assert_nonnull(g_mkdtemp(fifo));
    g_autofree char *path = g_build_filename(fifo, "fifo", NULL);
    g_assert_cmpint(mkfifo(path, 0600), ==, 0);
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    g_autofree char *command = g_strdup_printf("exec 3>'%s'; sleep 1000 & sleep 1000", path);
    g_assert_false(spawn_capture(command, NULL, 0, 300, NULL, NULL, NULL));
    fcntl(fd, F_SETFL, 0);
    char byte;
    g_assert_cmpint(read(fd, &byte, 1), ==, 0); /* blocks for ever if one survived */
    close(fd);
    close(ends[0]);
    close(ends[1]);
    g_unlink(path);
    g_rmdir(fifo);
}

static void test_cancel(void)
{
    g_autoptr(Cancel) c = cancel_new();
    g_autoptr(GError) err = NULL;
    cancel_trigger(c);
    g_assert_false(spawn_capture("sleep 1000", NULL, 0, PLENTY, c, NULL, &err));
    g_assert_true(error_is(err, PINTAIL_ERROR_CANCELLED));
    g_clear_error(&err);
    cancel_reset(c);
    g_assert_true(spawn_capture("exit 0", NULL, 0, PLENTY, c, NULL, &err));
}

static void *cancel_when_it_runs(void *data)
{
    void **both = data;
    char byte;
    g_assert_cmpint(read(GPOINTER_TO_INT(both[1]), &byte, 1), ==, 1);
    cancel_trigger(both[0]);
    return NULL;
}

static void test_cancel_while_running(void)
{
    g_autofree char *directory = g_dir_make_tmp("pintail-spawn-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "fifo", NULL);
    g_assert_cmpint(mkfifo(path, 0600), ==, 0);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    g_autoptr(Cancel) c = cancel_new();
    g_autoptr(GError) err = NULL;
    void *both[] = {c, GINT_TO_POINTER(fd)};
    pthread_t thread;
    g_assert_cmpint(pthread_create(&thread, NULL, cancel_when_it_runs, both), ==, 0);
    g_autofree char *command = g_strdup_printf("echo > '%s'; sleep 1000", path);
    g_assert_false(spawn_capture(command, NULL, 0, PLENTY, c, NULL, &err));
    g_assert_true(error_is(err, PINTAIL_ERROR_CANCELLED));
    g_assert_cmpint(pthread_join(thread, NULL), ==, 0);
    close(fd);
    g_unlink(path);
    g_rmdir(directory);
}

/* A helper that goes to the background with the pipe in hand does not hold us up. */
static void test_background(void)
{
    gint64 start = g_get_monotonic_time();
    g_autofree char *out = capture("echo started; sleep 30 &", NULL);
    g_assert_cmpstr(out, ==, "started\n");
    g_assert_cmpint(g_get_monotonic_time() - start, <, 20 * G_USEC_PER_SEC);
}

/* No descriptor, blocked or ignored signal of ours, and no terminal, comes along. */
static void test_clean(void)
{
    int leak = open("/dev/null", O_RDONLY); /* deliberately without close-on-exec */
    g_assert_cmpint(leak, >=, 3);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    void (*pipe_before)(int) = signal(SIGPIPE, SIG_IGN);
    g_autofree char *open_fds = capture("for f in 3 4 5 6 7 8 9; do "
                                        "[ -e /proc/self/fd/$f ] && echo $f; done; true", NULL);
    g_autofree char *masks = capture("grep -E '^Sig(Blk|Ign)' /proc/self/status", NULL);
    g_autofree char *tty = capture("(: </dev/tty) 2>/dev/null && echo yes || echo no", NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    signal(SIGPIPE, pipe_before);
    close(leak);
    g_assert_cmpstr(open_fds, ==, "");
    /* The lower 31 bits: libc keeps two of the others to itself. */
    g_assert_true(g_regex_match_simple("^SigBlk:\t0{16}\nSigIgn:\t[0-9a-f]{8}[08]0{7}\n$", masks, 0,
                                       0));
    g_assert_cmpstr(tty, ==, "no\n");
}

static void test_no_descriptor_leak(void)
{
    g_autofree char *warm = capture("true", NULL);
    int first = dup(0);
    close(first);
    for (int i = 0; i < 5; i++) {
        g_autofree char *out = capture("cat", "x");
        spawn_capture("exit 1", NULL, 0, PLENTY, NULL, NULL, NULL);
        spawn_capture("sleep 1000", NULL, 0, 5, NULL, NULL, NULL);
    }
    int last = dup(0);
    close(last);
    g_assert_cmpint(first, ==, last);
    g_assert_cmpint(waitpid(-1, NULL, WNOHANG), ==, -1); /* and no child */
    g_assert_cmpint(errno, ==, ECHILD);
}

static void test_terminal_program(void)
{
    g_autoptr(GError) err = NULL;
    GString *out = NULL;
    int status = -1;
    const char *const argv[] = {"sh", "-c", "printf '%s' \"$1\"; exit 4", "sh", "a b;c", NULL};
    g_assert_true(spawn_on_terminal(argv, &out, &status, &err));
    g_assert_no_error(err);
    g_assert_cmpstr(out->str, ==, "a b;c"); /* one argument, and no shell looked at it */
    g_string_free(out, TRUE);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 4);

    const char *const killed[] = {"sh", "-c", "kill -KILL $$", NULL};
    g_assert_true(spawn_on_terminal(killed, NULL, &status, &err));
    g_assert_true(WIFSIGNALED(status));

    /* Stopped without a shell that could go on with it: it is continued. */
    const char *const stops[] = {"sh", "-c", "kill -STOP $$; echo on", NULL};
    g_assert_true(spawn_on_terminal(stops, &out, &status, &err));
    g_assert_cmpstr(out->str, ==, "on\n");
    g_string_free(out, TRUE);

    const char *const missing[] = {"pintail-no-such-editor", NULL};
    g_assert_false(spawn_on_terminal(missing, NULL, &status, &err));
    g_assert_true(error_is(err, PINTAIL_ERROR_GONE));
    g_assert_nonnull(strstr(err->message, "pintail-no-such-editor"));
}

/* On a terminal of its own: what `script` printed, with its exit status checked by the child. The
 * child has the terminal back afterwards, in the modes that it had. */
static char *on_a_terminal(const char *script, const char *typed, gboolean captured)
{
    int master;
    pid_t child = forkpty(&master, NULL, NULL, NULL);
    g_assert_cmpint(child, >=, 0);
    if (child == 0) {
        const char *const argv[] = {"sh", "-c", script, NULL};
        GString *out = NULL;
        int status = -1;
        struct termios before, after;
        tcgetattr(0, &before);
        gboolean ok = spawn_on_terminal(argv, captured ? &out : NULL, &status, NULL);
        tcgetattr(0, &after);
        printf("[%s]%s%s%s.", out ? out->str : "",
               ok && WIFEXITED(status) && WEXITSTATUS(status) == 4 ? " ended" : " failed",
               tcgetpgrp(0) == getpgrp() ? " ours" : " lost",
               before.c_lflag == after.c_lflag ? " sane" : " raw");
        fflush(stdout);
        _exit(0);
    }
    g_assert_cmpint(write(master, typed, strlen(typed)), ==, (gssize)strlen(typed));
    GString *all = g_string_new(NULL);
    char chunk[256];
    ssize_t n;
    while ((n = read(master, chunk, sizeof chunk)) > 0) /* EIO when the child is gone */
        g_string_append_len(all, chunk, n);
    close(master);
    int status;
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    return g_string_free(all, FALSE);
}

static void test_terminal_handed_over(void)
{
    /* A program may read the terminal at once, and leave it raw. */
    g_autofree char *a = on_a_terminal("read x; stty -icanon -echo; printf '<%s>' \"$x\"; exit 4",
                                       "hello\n", FALSE);
    g_assert_nonnull(strstr(a, "<hello>"));
    g_assert_nonnull(strstr(a, "[] ended ours sane."));
    /* A password command: prompts on the terminal, prints to us. */
    g_autofree char *b = on_a_terminal("printf 'prompt: ' >/dev/tty; read x; echo \"$x\" | tr a-z A-Z; exit 4",
                                       "geheim\n", TRUE);
    g_assert_nonnull(strstr(b, "prompt: "));
    g_assert_nonnull(strstr(b, "[GEHEIM\r\n] ended ours sane."));
    /* Stopped where no shell could continue it. */
    g_autofree char *c = on_a_terminal("kill -TSTP $$; read x; printf '<%s>' \"$x\"; exit 4", "on\n", FALSE);
    g_assert_nonnull(strstr(c, "<on>"));
    g_assert_nonnull(strstr(c, "ended ours sane."));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    /* Without a terminal, wherever this runs. A process group leader may not, and asks a child. */
    if (setsid() < 0) {
        pid_t child = fork();
        g_assert_cmpint(child, >=, 0);
        int status = 1;
        if (child > 0)
            return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status)
                                                                             : 1;
        g_assert_cmpint(setsid(), >=, 0);
    }
    g_test_add_func("/spawn/output", test_output);
    g_test_add_func("/spawn/large", test_large);
    g_test_add_func("/spawn/refused", test_refused);
    g_test_add_func("/spawn/unread-input", test_unread_input);
    g_test_add_func("/spawn/timeout", test_timeout);
    g_test_add_func("/spawn/kills-group", test_kills_group);
    g_test_add_func("/spawn/cancel", test_cancel);
    g_test_add_func("/spawn/cancel-while-running", test_cancel_while_running);
    g_test_add_func("/spawn/background", test_background);
    g_test_add_func("/spawn/clean", test_clean);
    g_test_add_func("/spawn/no-descriptor-leak", test_no_descriptor_leak);
    g_test_add_func("/spawn/terminal-program", test_terminal_program);
    g_test_add_func("/spawn/terminal-handed-over", test_terminal_handed_over);
    return g_test_run();
}
