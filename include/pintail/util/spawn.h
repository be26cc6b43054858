/* spawn.h - run other programs: argv only, never a shell of our making;
 * signals reset to their defaults, own process group, every other descriptor
 * closed. posix_spawn() underneath. */
#pragma once
#include <glib.h>
#include <sys/types.h>
#include "pintail/util/cancel.h"

/* Runs `command` as `/bin/sh -c command` (it comes from the person's own rc, which
 * may use shell syntax; nothing from a message or a server is ever put in it),
 * gives it `input` (may be NULL: /dev/null), collects up to 1 MiB of its output.
 * Blocks up to `timeout_ms`, or until cancelled; the process group is killed then.
 * Exit status 0 is success; otherwise REFUSED with the command and its last line of
 * standard error, or CANCELLED. The caller owns (and wipes, if secret) *output. */
gboolean spawn_capture(const char *command, const char *input, gsize input_len, int timeout_ms,
                       const Cancel *cancel, GString **output, GError **err);

/* Runs argv with the terminal (an editor, a pager, a shell): the caller has left
 * curses. Waits for its end; *status as from waitpid(). Hands the terminal's
 * foreground process group over and takes it back. `output` not NULL: standard
 * output is captured instead (a password command that prompts on the terminal). */
gboolean spawn_on_terminal(const char *const *argv, GString **output, int *status, GError **err);
