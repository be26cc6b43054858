/* list_live.h - `/` while it is being typed. The list view's. */
#pragma once
#include "list_private.h"

/* Asks what to search for. With each character the list narrows to what matches, and the prompt says
 * how many there are and where; then the list is as it was, and `done` gets the text (NULL: Esc). */
void list_live_ask(ListView *v, void (*done)(Ui *ui, const char *text, gpointer data));
void list_live_forget(ListView *v); /* another folder was opened, or the view ends */
