/* mbox.h - the mbox format (mboxrd): one file, messages behind "From " lines. */
#pragma once
#include <glib.h>

typedef gboolean (*MboxMessage)(const char *bytes, gsize len, guint flags, void *data,
                                GError **err);
/* Calls `each` for every message, until it returns FALSE. */
gboolean mbox_read(const char *path, MboxMessage each, void *data, GError **err);
/* The same for bytes in memory; FALSE with INVALID (naming `path`) when they do not begin as an
 * mbox. */
gboolean mbox_split(const char *bytes, gsize len, const char *path, MboxMessage each, void *data,
                    GError **err);
void mbox_append(GString *to, GBytes *message, guint flags, gint64 received);
