/* list_find.h - finding messages: search, limit, next unread, tag by pattern. The list view's. */
#pragma once
#include "list_private.h"

gboolean list_find_command(ListView *v, const char *name, const char *rest); /* TRUE: it was one of these */
void list_find_forget(ListView *v);      /* another folder was opened */
void list_find_limit_again(ListView *v); /* the folder changed under a limit */
/* A draft that is opened goes on being written: TRUE. */
gboolean list_open_elsewhere(Ui *ui, Selection s);
