/* key.h - what a person pressed, as one value, and its name in the rc. */
#pragma once
#include <glib.h>

typedef enum {
    KEY_NONE,
    KEY_CHAR = 1, /* code: the character; with KEY_MOD_CTRL: its lower-case letter */
    KEY_ENTER, KEY_ESC, KEY_TAB, KEY_BACKTAB, KEY_BACKSPACE, KEY_DELETE, KEY_INSERT,
    KEY_ARROW_UP, KEY_ARROW_DOWN, KEY_ARROW_LEFT, KEY_ARROW_RIGHT, KEY_PAGE_UP, KEY_PAGE_DOWN,
    KEY_HOME_, KEY_END_, KEY_FUNCTION, /* code: 1..12 */
    KEY_PASTE,  /* text: everything that was pasted, UTF-8 made valid, line ends \n; never runs
                   commands. code 1: a burst without brackets: a \n or \t in it may have been a key */
    KEY_MOUSE,  /* row, column, button */
    KEY_RESIZED,
} KeyKind;

enum { KEY_MOD_CTRL = 1, KEY_MOD_ALT = 2, KEY_MOD_SHIFT = 4 };
typedef enum { MOUSE_CLICK, MOUSE_DOUBLE, MOUSE_WHEEL_UP, MOUSE_WHEEL_DOWN, MOUSE_DRAG, MOUSE_RELEASE } MouseAction;

typedef struct {
    KeyKind kind;
    gunichar code;
    guint mods;
    char *text;       /* KEY_PASTE: owned by whoever took the Key: key_clear() */
    int row, column;  /* KEY_MOUSE, 0-based */
    MouseAction mouse;
} Key;

/* "d", "D", "ctrl-d", "alt-v", "pgup", "f1", "space", "enter", "esc"... FALSE with a reason (caller frees). */
gboolean key_parse(const char *name, Key *out, char **problem);
char *key_to_name(const Key *k); /* as key_parse() takes it */
char *key_label(const Key *k); /* short, for hints: "^D", "M-v", "PgUp", "Spc" */
gboolean key_equal(const Key *a, const Key *b);
void key_clear(Key *k);
