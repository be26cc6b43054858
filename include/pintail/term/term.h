/* term.h - the terminal: curses begins and ends here, and keys come in.
 *
 * UI thread only. Nothing else in the program writes to the terminal while it is open.
 * Pasted text (bracketed, or a burst faster than a person types: several printable characters that
 * wait in the input, unless a slow line has brought them together) comes as one KEY_PASTE. Esc waits
 * at most 25 ms.
 * TERM=dumb or no terminal: term_open() fails with one sentence. NO_COLOR is respected. */
#pragma once
#include <glib.h>
#include "pintail/term/key.h"
#include "pintail/term/surface.h"

gboolean term_open(gboolean mouse, GError **err);
void term_close(void); /* restores the screen; also safe after a failed open */
void term_suspend(void); /* before another program gets the terminal */
void term_resume(void);  /* and after: everything is drawn anew */
void term_size(int *rows, int *columns);
void term_note_resize(void); /* SIGWINCH came: the next term_read() gives KEY_RESIZED */
int term_fd(void);       /* readable: call term_read() until it returns FALSE */
gboolean term_read(Key *out); /* FALSE: nothing more now */
/* Deadline (monotonic microseconds) until which an unfinished Esc sequence or paste waits; 0: none. */
gint64 term_deadline(void);
Surface *term_surface(void); /* the whole screen; borrowed */
void term_cursor(int row, int column, gboolean visible); /* where the real cursor rests */
void term_refresh(void); /* one write of what changed */
void term_redraw(void);  /* everything, next time (Ctrl-L) */
void term_title(const char *text); /* made printable; where the terminal can */
void term_bell(void);
/* OSC 52, through tmux too; FALSE when the terminal surely cannot. The text is base64. */
gboolean term_copy(const char *text, gsize len);
/* Can this character be shown here (LANG=C: one "?" each, and once a notice)? */
gboolean term_is_utf8(void);
gboolean term_take_unshown(void); /* was something shown as "?" since the last call? */
gboolean term_has_color(void);
