/* session.h - one program on one pseudo-terminal, with the screen that it draws.
 *
 * A session owns the pty, the child and a libvterm screen of it. Nothing here sleeps: every wait is
 * poll() on what the program writes, on the pipe where it says that it is idle, and on its end.
 * One thread; one process may hold several sessions (two programs on one store). */
#pragma once
#include <glib.h>
#include <vterm.h>

typedef struct Session Session;

/* Runs `command` with /bin/sh in `directory`, environment `env`. NULL with *problem (caller frees). */
Session *session_start(const char *command, char **env, const char *directory, int rows, int columns,
                       char **problem);
void session_free(Session *s); /* kills what still runs */
int session_rows(const Session *s);
int session_columns(const Session *s);
void session_resize(Session *s, int rows, int columns);
pid_t session_pid(const Session *s);

/* Bytes to the program at once, as a terminal delivers a paste. */
void session_send(Session *s, const char *bytes, gsize len);
/* One key, and waits until the program has read it, and handled it where it says that it is idle.
 * FALSE when it did not until `deadline`. */
gboolean session_key(Session *s, const char *bytes, gsize len, gint64 deadline);
/* Takes in what all sessions wrote. Returns at the first activity, or at `deadline`
 * (monotonic microseconds): then FALSE. */
gboolean session_pump(gint64 deadline);
/* Has the program said that it is idle since the last key, with no input left unread? */
gboolean session_idle(Session *s);
/* Has the program ended? *status as waitpid() gives it. */
gboolean session_ended(Session *s, int *status);

/* One row as text, without blanks at its end; the caller frees. A wide character is itself, once. */
char *session_row(const Session *s, int row);
char *session_text(const Session *s); /* all rows, a newline after each */
void session_cursor(const Session *s, int *row, int *column, gboolean *visible);
const GString *session_raw(const Session *s); /* everything that the program has written */
/* The screen as a picture: SVG text, for the manual. */
char *session_svg(const Session *s);
VTermScreen *session_screen(const Session *s); /* for svg.c */
