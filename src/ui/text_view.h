/* text_view.h - a page of plain text over the panes: mistakes, messages, a log. */
#pragma once
#include "view.h"

View *text_view_new(Ui *ui, const char *title, const char *text);
