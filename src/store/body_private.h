/* body_private.h - the body cache: what maintenance and index need of it. */
#pragma once
#include "message_private.h"

#define CACHE_BYTES_KEY     "cache-bytes" /* meta: the bound, decimal */
#define CACHE_BYTES_DEFAULT (G_GINT64_CONSTANT(1) << 30)

gboolean cache_begin(Store *s);
gboolean cache_commit(Store *s, GError **err);
void cache_delete(Db *cache, gint64 body);
void cache_forget(Store *s, gint64 message);
/* Writes when bodies were read, and evicts until the bound is kept. */
void cache_evict(Store *s);
/* Bytes as zstd chunks (GBytes). */
GPtrArray *body_compress(const char *bytes, gsize len);
/* Numbered from `first`; how many bytes they take. */
gsize body_write_chunks(Db *cache, gint64 body, gint64 first, const GPtrArray *chunks);
/* Not when the store is read only, or for so much. */
gboolean body_may_put(Store *s, guint64 len, GError **err);
/* The cache has committed it: the message says so. */
gboolean body_is_here(Store *s, gint64 message, const char *section, GError **err);
GBytes *section_of(GBytes *whole, const char *section);
