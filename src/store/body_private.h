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
GBytes *section_of(GBytes *whole, const char *section);
