/* dispatch.h - what the loop calls: one key, one event, one drawing. */
#pragma once
#include "view.h"

void dispatch_key(Ui *ui, Key *k);
void dispatch_event(Ui *ui, Event *e);
void dispatch_draw(Ui *ui);
/* Runs a command of the table by name where the focus is. FALSE: unknown. */
gboolean dispatch_command(Ui *ui, char **args);
