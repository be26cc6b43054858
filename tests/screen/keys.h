/* keys.h - key names of scripts: <Enter> <Esc> <C-l> <M-1> <F1> <Up>, else each character itself. */
#pragma once
#include <glib.h>

/* Bytes of the next key at *cursor, which moves behind it; the caller frees. NULL with *problem. */
char *key_bytes(const char **cursor, char **problem);
