/* start.h - how the screen begins and ends, and how a changed setting applies at once. */
#pragma once
#include "view.h"

char *start_key_problem(const char *key); /* for conf: NULL when fine; the caller frees */
void start_configure(Ui *ui);             /* colours, keys; listens for changes */
void start_first_views(Ui *ui);           /* before the first drawing: short reads only */
void start_after_first_screen(Ui *ui);
char *start_farewell(Ui *ui); /* what is still queued, or NULL; the caller owns it */
