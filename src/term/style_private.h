/* style_private.h - what a Style means, for the surface. */
#pragma once
#include "pintail/term/surface.h"

enum {
    LOOK_BOLD = 1, LOOK_DIM = 2, LOOK_ITALIC = 4, LOOK_UNDERLINE = 8, LOOK_REVERSE = 16,
    LOOK_BLINK = 32,
};
#define LOOK_UNSET   (-2) /* as what lies under it */
#define LOOK_DEFAULT (-1) /* the terminal's own */
#define LOOK_RGB     0x1000000

typedef struct {
    int fg, bg;       /* LOOK_UNSET, LOOK_DEFAULT, 0..255, or LOOK_RGB | 0xrrggbb */
    guint attributes; /* LOOK_* */
} Look;

const Look *style_look(Style s);
/* How many colours the terminal has (0: none are used), and whether it has default ones. */
void style_terminal(guint colors, gboolean with_default);
/* A Look's colour as curses numbers it; `unset` when the terminal has no default colours. */
int style_terminal_color(int color, int unset);
