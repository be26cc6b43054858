/* parts_view.h - `v`: the parts of a message; saving, showing and piping one of them. */
#pragma once
#include "view.h"

void cmd_parts(Ui *ui, char **args);
