/* folder_view.h - the pane of accounts and folders. */
#pragma once
#include "view.h"

View *folder_view_new(Ui *ui);
void folder_view_note_open(View *v, gint64 folder); /* the list shows it: the cursor goes there */
void folder_view_reload(View *v); /* the configuration changed: read the folders again before they are needed */
/* Folders in the order of the pane (all accounts), of Folder; borrowed until the next event. */
const GPtrArray *folder_view_folders(View *v);
const Folder *folder_view_folder(View *v, gint64 id); /* borrowed; NULL when unknown */
/* Under the pane's cursor; NULL on an account's row. *account: whose row it is, 0 when none's. */
const Folder *folder_view_cursor(View *v, gint64 *account);
const char *folder_view_account_name(View *v, gint64 account); /* borrowed until the next event */
/* The name as people see it, without the prefix of the account's namespace. */
const char *folder_label(const Folder *f);
