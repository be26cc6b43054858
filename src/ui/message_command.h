/* message_command.h - acting on given messages as the commands do: with a word on it, and undo. */
#pragma once
#include "undo.h"
#include "view.h"

/* As delete-mode says; in Trash it asks. Undo puts the cursor on the first of them. */
void messages_delete(Ui *ui, GArray *ids_take);
void messages_mark_read(Ui *ui, GArray *ids_take);
void messages_undo(Ui *ui, const Undone *u, gint64 account);

/* thread_command.c: an Undone whose groups[0] is negative is of a thread, -placement; groups[1] says how. */
typedef enum { THREAD_UNDO_RESTORE = 1, THREAD_UNDO_UNMUTE, THREAD_UNDO_MUTE } ThreadUndo;
gboolean thread_command_undo(Store *s, gint64 placement, ThreadUndo how, GError **err);
