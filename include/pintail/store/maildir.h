/* maildir.h - Maildir and mbox on disk, and moving mail between them and the store. */
#pragma once
#include "pintail/store/message.h"

typedef struct {
    guint messages, skipped;
} Moved;
/* Mail from a Maildir or an mbox file into a local folder or (as APPENDs) an IMAP folder. Nothing at
 * `path` is changed. Re-running skips what is there (Message-ID + size). */
gboolean mail_import(Store *s, const char *path, gint64 folder, Moved *moved, const Cancel *stop, GError **err);
/* A folder's messages, those whose content is here, to a new Maildir (`mbox` FALSE) or mbox file;
 * REFUSED when it exists. */
gboolean mail_export(Store *s, gint64 folder, const char *path, gboolean mbox, Moved *moved, const Cancel *stop, GError **err);
/* The same of these placements, in this order. */
gboolean mail_export_these(Store *s, const GArray *ids, const char *path, gboolean mbox, Moved *moved, const Cancel *stop, GError **err);
/* `pintail -f PATH`: a local account over an existing Maildir (used in place) or mbox (read only).
 * Returns the folder. */
gint64 mail_open_path(Store *s, const char *path, GError **err);
