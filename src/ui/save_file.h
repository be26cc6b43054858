/* save_file.h - files that the person keeps, made with O_EXCL in the folder that was named: nothing is
 * overwritten, no name of a message's leads anywhere else. Block on the disk. */
#pragma once
#include <glib.h>

/* A whole file or none. REFUSED when it exists. */
gboolean file_save_new(const char *path, GBytes *bytes, GError **err);
/* In the folder under that name made safe, beside what is there: "report-2.pdf". The path; the caller owns it. */
char *file_save_beside(const char *folder, const char *wanted, GBytes *bytes, GError **err);
