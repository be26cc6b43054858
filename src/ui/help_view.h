/* help_view.h - all commands with their keys, and all options: filters as you type, Enter runs. */
#pragma once
#include "view.h"

View *help_view_new(Ui *ui, const char *context, const char *filter);
