/* term_private.h - what the files of this layer share. */
#pragma once
#include "pintail/term/term.h"

/* As term_open() on these descriptors (tests use a pty). */
gboolean term_open_on(int in, int out, gboolean mouse, GError **err);
/* Can the locale's charset show it? */
gboolean term_can_show(gunichar c);
void term_note_unshown(void); /* something was shown as "?" */

Surface *surface_whole(int rows, int columns);
void surface_resize(Surface *s, int rows, int columns);
