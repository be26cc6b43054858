/* schema.h - the tables, and how an older database becomes a newer one. */
#pragma once
#include "db.h"

typedef enum { SCHEMA_STORE, SCHEMA_CACHE, SCHEMA_INDEX } SchemaKind;

/* The version that this program writes. */
int schema_version(SchemaKind kind);
/* Creates or migrates, step by step, each in one transaction with its version (PRAGMA
 * user_version). REFUSED, with both versions named, when the database is newer. `read_only`: an
 * older one is refused as well. */
gboolean schema_migrate(Db *db, SchemaKind kind, GError **err);
/* For tests: only up to `version`. */
gboolean schema_migrate_to(Db *db, SchemaKind kind, int version, GError **err);
