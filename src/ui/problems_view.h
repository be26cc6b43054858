/* problems_view.h - `O` and `:ops`: the outbox, and operations that a server refused. */
#pragma once
#include "view.h"

void problems_refresh(Ui *ui); /* when it is what is seen */
void cmd_problems(Ui *ui, char **args);
