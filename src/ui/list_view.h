/* list_view.h - the pane of messages. */
#pragma once
#include "panes.h"
#include "pintail/store/message.h"

View *list_view_new(Ui *ui);
void list_view_open(View *v, gint64 folder);
void list_view_sort_changed(View *v);
Selection list_view_selection(View *v);
/* All of the folded thread under the cursor; NULL: there is none. The caller owns it. */
GArray *list_view_targets(View *v);
GArray *list_view_tagged(View *v);              /* gint64 placements; the caller owns it */
void list_view_clear_tags(View *v);
gboolean list_view_select(View *v, gint64 placement);
/* As soon as it is back, perhaps as another placement of the same message. */
void list_view_select_later(View *v, gint64 placement, gint64 message);
const Row *list_view_row(View *v);              /* under the cursor; borrowed until the next key; NULL */
/* The cursor goes on after a command: to the next message (mutt's resolve). */
void list_view_advance(View *v);
/* The same past the whole thread; without threads the cursor stays. */
void list_view_leave_thread(View *v);
/* A flag was toggled: the cursor stays, an opened message is not marked read behind its back. */
void list_view_flags_pressed(View *v);
/* Rows of these placements where they are known; NULL holes. Short read. */
GPtrArray *list_view_rows(View *v, const GArray *ids);
gint64 list_view_position(View *v, guint *total); /* of the cursor, from 1; 0: none */
/* "INBOX  104 messages, 19 unread", with what limits it. The caller owns it. */
char *list_view_summary(View *v);
/* Marks the row seen, as mark-seen wants it for opening. */
void list_view_opened(View *v);
