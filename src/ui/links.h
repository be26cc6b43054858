/* links.h - `U`: the links of the message on the screen; the real target is always shown before it is opened. */
#pragma once
#include "view.h"

void cmd_links(Ui *ui, char **args);
