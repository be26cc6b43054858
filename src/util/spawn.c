/* spawn.c - children by posix_spawn(): no code of ours runs between fork and exec,
 * so it is safe beside other threads.
 *
 * A captured command has a session of its own: no terminal, so that a program that
 * wants to prompt fails at once instead of stopping in the background, and its
 * process group is all that has to be killed. A terminal command has a process
 * group of its own that owns the terminal until it ends or is stopped. */
#include "pintail/util/spawn.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/secret.h"

enum {
    OUTPUT_MAXIMUM = 1024 * 1024,
    STDERR_KEPT = 4096,
    POLL_SLICE = 20, /* ms between looks at a child, where there is no pidfd */
};

extern char **environ;

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static gboolean open_pipe(int ends[2], GError **err)
{
    if (pipe2(ends, O_CLOEXEC) == 0)
        return TRUE;
    error_set_errno(err, PINTAIL_ERROR_STORE, errno, _("cannot create a pipe"));
    ends[0] = ends[1] = -1;
    return FALSE;
}

/* Signals as a new program expects them: nothing blocked, nothing ignored. */
static void attributes_init(posix_spawnattr_t *attributes, short flags)
{
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_init(attributes);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &all);
    posix_spawnattr_setpgroup(attributes, 0);
    posix_spawnattr_setflags(attributes,
                             (short)(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | flags));
}

/* Ours are close-on-exec; this catches those of libraries. */
static void close_others(posix_spawn_file_actions_t *actions)
{
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
    posix_spawn_file_actions_addclosefrom_np(actions, 3);
#endif
}

/* ---- a command whose output is wanted ---- */

typedef struct {
    pid_t pid;
    int in, out, errors; /* our ends; -1 when done with */
    int exited;          /* pidfd, -1 where the system has none */
    const char *input;
    gsize input_left;
    GString *output;
    GString *complaint; /* the end of standard error */
    gboolean too_much;
    gboolean ended;
    int status;
} Capture;

static gboolean capture_start(Capture *c, const char *command, gboolean with_input, GError **err)
{
    int in[2] = {-1, -1}, out[2] = {-1, -1}, errors[2] = {-1, -1};
    gboolean ok = (!with_input || open_pipe(in, err)) && open_pipe(out, err) &&
                  open_pipe(errors, err);
    if (ok) {
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        posix_spawn_file_actions_init(&actions);
        if (with_input)
            posix_spawn_file_actions_adddup2(&actions, in[0], 0);
        else
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&actions, out[1], 1);
        posix_spawn_file_actions_adddup2(&actions, errors[1], 2);
        close_others(&actions);
        attributes_init(&attributes, POSIX_SPAWN_SETSID);
        char *argv[] = {(char *)"/bin/sh", (char *)"-c", (char *)command, NULL};
        int rc = posix_spawn(&c->pid, argv[0], &actions, &attributes, argv, environ);
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attributes);
        ok = rc == 0;
        if (!ok)
            error_set_errno(err, PINTAIL_ERROR_REFUSED, rc, _("cannot run '%s'"), command);
    }
    close_fd(&in[0]);
    close_fd(&out[1]);
    close_fd(&errors[1]);
    c->in = in[1];
    c->out = out[0];
    c->errors = errors[0];
    if (!ok)
        return FALSE;
    int ours[] = {c->in, c->out, c->errors};
    for (gsize i = 0; i < G_N_ELEMENTS(ours); i++) {
        if (ours[i] >= 0)
            fcntl(ours[i], F_SETFL, O_NONBLOCK);
    }
#ifdef SYS_pidfd_open
    c->exited = (int)syscall(SYS_pidfd_open, c->pid, 0); /* close-on-exec by itself */
#endif
    return TRUE;
}

/* The output may be a password: a buffer that is outgrown is wiped, not only freed. */
static void append_secretly(GString **text, const char *bytes, gsize len)
{
    GString *old = *text;
    if (old->len + len + 1 > old->allocated_len) {
        GString *bigger = g_string_sized_new((old->len + len) * 2);
        g_string_append_len(bigger, old->str, (gssize)old->len);
        secret_wipe(old->str, old->allocated_len);
        g_string_free(old, TRUE);
        *text = bigger;
    }
    g_string_append_len(*text, bytes, (gssize)len);
}

static void capture_read(Capture *c, int *fd)
{
    char chunk[4096];
    ssize_t n = -1;
    /* Bounded: a child that was left behind may write for ever. */
    for (int rounds = 0; *fd >= 0 && rounds <= OUTPUT_MAXIMUM / (int)sizeof chunk; rounds++) {
        n = read(*fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            break;
        if (n <= 0) {
            n = 0;
            break;
        }
        if (fd == &c->errors) {
            g_string_append_len(c->complaint, chunk, n);
            if (c->complaint->len > 2 * STDERR_KEPT)
                g_string_erase(c->complaint, 0, (gssize)(c->complaint->len - STDERR_KEPT));
        } else if (c->output->len + (gsize)n > OUTPUT_MAXIMUM) {
            c->too_much = TRUE;
            break;
        } else {
            append_secretly(&c->output, chunk, (gsize)n);
        }
        if (c->ended)
            continue; /* drain what is left */
        break;        /* else back to poll(): the deadline counts */
    }
    if (*fd >= 0 && n == 0)
        close_fd(fd);
    secret_wipe(chunk, sizeof chunk);
}

/* write() to a pipe that may have no reader, without a SIGPIPE for the process. */
static void capture_write(Capture *c)
{
    sigset_t pipe_only, before, pending;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
    sigpending(&pending);
    gboolean was_pending = sigismember(&pending, SIGPIPE) == 1;
    ssize_t n = write(c->in, c->input, c->input_left);
    int number = errno;
    if (n >= 0) {
        c->input += n;
        c->input_left -= (gsize)n;
    }
    if (n < 0 && number == EPIPE && !was_pending) {
        int ignored;
        sigpending(&pending);
        if (sigismember(&pending, SIGPIPE) == 1)
            sigwait(&pipe_only, &ignored);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    /* A program that does not want its input is not wrong: its exit status decides. */
    if ((n < 0 && number != EAGAIN && number != EINTR) || c->input_left == 0)
        close_fd(&c->in);
}

static void capture_wait(Capture *c, int flags)
{
    pid_t got;
    do
        got = waitpid(c->pid, &c->status, flags);
    while (got < 0 && errno == EINTR);
    if (got == c->pid)
        c->ended = TRUE;
    else if (got < 0) { /* somebody else reaped it: its status is lost */
        c->status = W_EXITCODE(127, 0);
        c->ended = TRUE;
    }
}

/* One wait for whatever comes first. */
static void capture_step(Capture *c, const Cancel *cancel, int timeout_ms)
{
    struct pollfd fds[5] = {
        {.fd = c->in, .events = POLLOUT},
        {.fd = c->out, .events = POLLIN},
        {.fd = c->errors, .events = POLLIN},
        {.fd = c->exited, .events = POLLIN},
        {.fd = cancel ? cancel_fd(cancel) : -1, .events = POLLIN},
    };
    if (c->exited < 0)
        timeout_ms = MIN(timeout_ms, POLL_SLICE);
    if (poll(fds, G_N_ELEMENTS(fds), timeout_ms) < 0)
        return;
    if (fds[0].revents)
        capture_write(c);
    if (fds[1].revents)
        capture_read(c, &c->out);
    if (fds[2].revents)
        capture_read(c, &c->errors);
    if (c->exited < 0 || fds[3].revents)
        capture_wait(c, WNOHANG);
}

/* The last line that says something, as valid text. */
static char *last_line(const GString *text)
{
    gsize end = text->len;
    while (end > 0 && g_ascii_isspace(text->str[end - 1]))
        end--;
    gsize begin = end;
    while (begin > 0 && text->str[begin - 1] != '\n' && end - begin < 300)
        begin--;
    return g_utf8_make_valid(text->str + begin, (gssize)(end - begin));
}

static gboolean capture_verdict(const Capture *c, const char *command, const Cancel *cancel,
                                int timeout_ms, GError **err)
{
    if (c->ended && WIFEXITED(c->status) && WEXITSTATUS(c->status) == 0 && !c->too_much)
        return TRUE;
    g_autofree char *said = last_line(c->complaint);
    if (c->too_much)
        error_set(err, PINTAIL_ERROR_REFUSED, _("'%s' wrote more than 1 MiB; it was stopped"),
                  command);
    else if (!c->ended && cancel && cancel_is_set(cancel))
        error_set(err, PINTAIL_ERROR_CANCELLED, _("'%s' was cancelled"), command);
    else if (!c->ended)
        error_set(err, PINTAIL_ERROR_REFUSED, _("'%s' did not end within %d s; it was stopped"),
                  command, (timeout_ms + 999) / 1000);
    else if (WIFSIGNALED(c->status))
        error_set(err, PINTAIL_ERROR_REFUSED, _("'%s' was ended by a signal (%s)"), command,
                  g_strsignal(WTERMSIG(c->status)));
    else if (*said)
        error_set(err, PINTAIL_ERROR_REFUSED, _("'%s' failed with exit status %d: %s"), command,
                  WEXITSTATUS(c->status), said);
    else
        error_set(err, PINTAIL_ERROR_REFUSED, _("'%s' failed with exit status %d"), command,
                  WEXITSTATUS(c->status));
    return FALSE;
}

static void capture_clear(Capture *c)
{
    close_fd(&c->in);
    close_fd(&c->out);
    close_fd(&c->errors);
    close_fd(&c->exited);
    if (c->output) {
        secret_wipe(c->output->str, c->output->allocated_len);
        g_string_free(c->output, TRUE);
    }
    g_string_free(c->complaint, TRUE);
}

gboolean spawn_capture(const char *command, const char *input, gsize input_len, int timeout_ms,
                       const Cancel *cancel, GString **output, GError **err)
{
    Capture c = {.in = -1, .out = -1, .errors = -1, .exited = -1, .input = input,
                 .input_left = input_len};
    c.output = g_string_sized_new(4096);
    c.complaint = g_string_new(NULL);
    gboolean ok = capture_start(&c, command, input != NULL, err);
    if (ok) {
        gint64 deadline = g_get_monotonic_time() + (gint64)timeout_ms * 1000;
        if (c.in >= 0 && c.input_left == 0)
            close_fd(&c.in);
        while (!c.ended && !c.too_much && !(cancel && cancel_is_set(cancel))) {
            gint64 left = (deadline - g_get_monotonic_time() + 999) / 1000;
            if (left <= 0)
                break;
            capture_step(&c, cancel, (int)left);
        }
        /* What was written before the end; a child left behind may still hold the pipe. */
        if (c.ended) {
            capture_read(&c, &c.out);
            capture_read(&c, &c.errors);
        }
        ok = capture_verdict(&c, command, cancel, timeout_ms, err);
        if (!c.ended) {
            kill(-c.pid, SIGKILL);
            capture_wait(&c, 0);
        }
    }
    if (ok && output)
        *output = g_steal_pointer(&c.output);
    capture_clear(&c);
    return ok;
}

/* ---- a program on the terminal ---- */

/* tcsetpgrp() from a process that may be in the background itself. */
static void give_terminal(int tty, pid_t group)
{
    sigset_t ttou, before;
    sigemptyset(&ttou);
    sigaddset(&ttou, SIGTTOU);
    pthread_sigmask(SIG_BLOCK, &ttou, &before);
    (void)tcsetpgrp(tty, group); /* fails when the group has just ended: nothing to do then */
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* Ctrl-Z in the child stops us as well, so that the shell gets its prompt. Where no
 * shell waits (an orphaned process group) the kernel discards the signal and we go on. */
static void stop_ourselves(void)
{
    struct sigaction standard = {.sa_handler = SIG_DFL}, kept;
    sigset_t stop, before;
    sigemptyset(&standard.sa_mask);
    sigemptyset(&stop);
    sigaddset(&stop, SIGTSTP);
    sigaction(SIGTSTP, &standard, &kept);
    pthread_sigmask(SIG_UNBLOCK, &stop, &before);
    kill(getpid(), SIGTSTP);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    sigaction(SIGTSTP, &kept, NULL);
}

static int spawn_in_foreground(pid_t *pid, const char *const *argv, int tty, int output)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 35)
    if (tty >= 0) /* in the child, before it runs: it can never read too early */
        posix_spawn_file_actions_addtcsetpgrp_np(&actions, tty);
#endif
    if (tty >= 0 && !isatty(0))
        posix_spawn_file_actions_adddup2(&actions, tty, 0);
    if (output >= 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1);
    else if (tty >= 0 && !isatty(1))
        posix_spawn_file_actions_adddup2(&actions, tty, 1);
    close_others(&actions);
    attributes_init(&attributes, POSIX_SPAWN_SETPGROUP);
    int rc = posix_spawnp(pid, argv[0], &actions, &attributes, (char **)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return rc;
}

/* What the child has written so far. Its end of the pipe may outlive it, so this never blocks;
 * what is more than the maximum is read and forgotten. */
static void read_output(int *fd, GString **output)
{
    char chunk[4096];
    ssize_t n = -1;
    for (int rounds = 0; rounds <= OUTPUT_MAXIMUM / (int)sizeof chunk; rounds++) {
        n = read(*fd, chunk, sizeof chunk);
        if (n == 0 || (n < 0 && errno != EINTR))
            break;
        if (n > 0 && (*output)->len + (gsize)n <= OUTPUT_MAXIMUM)
            append_secretly(output, chunk, (gsize)n);
    }
    if (n == 0)
        close_fd(fd);
    secret_wipe(chunk, sizeof chunk);
}

/* Until the child has ended; collects from `out` (-1: nothing) meanwhile. */
static void wait_on_terminal(pid_t pid, int tty, pid_t our_group, int *out, GString **text,
                             int *status)
{
    for (;;) {
        if (*out >= 0) {
            /* In slices: a child that is stopped says so to waitpid() only. */
            struct pollfd p = {.fd = *out, .events = POLLIN};
            if (poll(&p, 1, POLL_SLICE) > 0)
                read_output(out, text);
        }
        pid_t got = waitpid(pid, status, WUNTRACED | (*out >= 0 ? WNOHANG : 0));
        if (got == 0 || (got < 0 && errno == EINTR))
            continue;
        if (got < 0) {
            *status = W_EXITCODE(127, 0); /* somebody else reaped it */
            return;
        }
        if (!WIFSTOPPED(*status))
            break;
        if (tty >= 0) {
            give_terminal(tty, our_group);
            stop_ourselves();
            give_terminal(tty, pid);
        }
        kill(-pid, SIGCONT);
    }
    if (*out >= 0)
        read_output(out, text);
}

gboolean spawn_on_terminal(const char *const *argv, GString **output, int *status, GError **err)
{
    int out[2] = {-1, -1};
    if (output && !open_pipe(out, err))
        return FALSE;
    int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    struct termios kept;
    gboolean modes = tty >= 0 && tcgetattr(tty, &kept) == 0;
    pid_t pid, our_group = getpgrp();
    int rc = spawn_in_foreground(&pid, argv, tty, out[1]);
    close_fd(&out[1]);
    if (rc != 0) {
        if (tty >= 0)
            give_terminal(tty, our_group); /* the child may have taken it before exec failed */
        close_fd(&out[0]);
        close_fd(&tty);
        error_set_errno(err, rc == ENOENT ? PINTAIL_ERROR_GONE : PINTAIL_ERROR_REFUSED, rc,
                        _("cannot run '%s'"), argv[0]);
        return FALSE;
    }
#if !(defined(__GLIBC__) && __GLIBC_PREREQ(2, 35))
    if (tty >= 0) {
        give_terminal(tty, pid);
        kill(-pid, SIGCONT); /* it may have asked for the terminal before it had it */
    }
#endif
    GString *text = NULL;
    if (output) {
        text = g_string_sized_new(4096);
        fcntl(out[0], F_SETFL, O_NONBLOCK);
    }
    int ended = 0;
    wait_on_terminal(pid, tty, our_group, &out[0], &text, &ended);
    close_fd(&out[0]);
    if (tty >= 0)
        give_terminal(tty, our_group);
    if (modes)
        tcsetattr(tty, TCSADRAIN, &kept); /* an editor that crashed leaves raw mode behind */
    close_fd(&tty);
    if (status)
        *status = ended;
    if (output)
        *output = text;
    return TRUE;
}
