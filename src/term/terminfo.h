/* terminfo.h - is this a terminal that a screen can be drawn on? */
#pragma once
#include <glib.h>

/* INVALID with one sentence when not. */
gboolean terminfo_check(int in, int out, const char *name, GError **err);
/* What leaves the screen that curses entered; NULL when the terminal has none. After newterm() only. */
const char *terminfo_leave(void);
