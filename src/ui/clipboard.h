/* clipboard.h - text to the clipboard: the terminal's (OSC 52), and `copy-command`. */
#pragma once
#include "view.h"

void clipboard_copy(Ui *ui, const char *text);
