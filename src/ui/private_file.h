/* private_file.h - files for other programs to look at: in a directory of their own that only this person
 * may enter, mode 0600, removed after a while, at the latest when Pintail ends. */
#pragma once
#include "view.h"

#define PRIVATE_FILE_MS (15 * 60 * 1000) /* long enough for a slow browser to have read it */

/* On a loader thread. The path; the caller owns it. `name` is made safe. NULL with err. */
char *private_file_write(const char *name, const char *bytes, gsize len, GError **err);
void private_file_discard(gpointer path); /* removes it at once; frees `path` */
/* UI thread: that file goes after PRIVATE_FILE_MS, or when the program ends. */
void private_file_keep(Ui *ui, const char *path);
void private_files_free(Ui *ui); /* removes all */
/* The program of the person (BROWSER, xdg-open) for a web address or file, on the terminal. FALSE: said why. */
gboolean browser_open(Ui *ui, const char *target);
