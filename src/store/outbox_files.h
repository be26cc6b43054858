/* outbox_files.h - the outbox on disk. */
#pragma once
#include "outbox_private.h"

char *outbox_path(const StoreHome *h, const char *file);
char *account_name_of(Store *s, gint64 account);
/* Both files under tmp/, durable; returns their NAME.eml. */
char *outbox_write_files(StoreHome *h, const char *account, const OutboxEntry *e, const void *bytes,
                         gsize len, GError **err);
/* Inside the transaction: out of tmp/. */
gboolean outbox_publish_files(Store *s, const char *file, GError **err);
void outbox_remove_files(StoreHome *h, const char *file, gboolean temporary);
void outbox_drop_files(Store *s, const char *path); /* once the transaction is committed */
gboolean outbox_keep_taken(StoreHome *h, const char *path, GBytes *bytes, GError **err);

/* ---- outbox.c ---- */
gint64 outbox_adopt(Store *s, const OutboxEntry *e, const char *file, OutboxState state,
                    const char *words);
OutboxEntry *outbox_load(Store *s, gint64 id);
gboolean outbox_find_unknown(Store *s, GError **err);
