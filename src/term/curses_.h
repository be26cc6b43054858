/* curses_.h - curses as this layer sees it: no function-like macros, and without the key names
 * that pintail/term/key.h uses for its own. Include it before that one. */
#pragma once
#define NCURSES_NOMACROS 1
#include <curses.h>
#undef KEY_ENTER
#undef KEY_BACKSPACE
#undef KEY_MOUSE
