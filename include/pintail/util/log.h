/* log.h - the debug and protocol log (`-d FILE`). Any thread; one line at a
 * time; costs a branch when no log is open. Secrets are kept out by those who
 * know the grammar (proto writes what it says, with credentials replaced). */
#pragma once
#include <glib.h>

gboolean log_open(const char *path, GError **err); /* 0600, appends; once, from main */
void log_close(void);
gboolean log_is_open(void);
/* "HH:MM:SS.mmm AREA: text" - control characters are escaped. */
void log_line(const char *area, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* One line of dialogue: `direction` is '>' (we said) or '<' (the server said). */
void log_dialogue(const char *connection, char direction, const char *bytes, gsize len);
