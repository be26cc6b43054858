/* schema.c - one script per version step, never edited once released: a change of the
 * tables is a new step at the end of its list, with a test that starts from the step before it.
 *
 * Notes on store.db:
 * - AUTOINCREMENT everywhere an id leaves the store: an id is never used again.
 * - `placement` repeats the sort keys of its message, so that each order of a list is one plain
 *   index over (folder, shown, key); the row id, which ends every index, breaks ties.
 * - A UID is valid only together with the folder's present `uidvalidity`; a new UIDVALIDITY
 *   therefore unbinds every placement without touching a row.
 * - `message.mid_hash` stands for Message-ID, or for From, Date and Subject where there is none. */
#include "schema.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"

static const char store_v1[] =
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE sequence(only INTEGER PRIMARY KEY CHECK(only = 1), value INTEGER NOT NULL,"
    "  tombstone_floor INTEGER NOT NULL);"
    "INSERT INTO sequence VALUES(1, 0, 0);"
    "CREATE TABLE trust(host TEXT NOT NULL, port INTEGER NOT NULL, sha256 TEXT NOT NULL,"
    "  description TEXT NOT NULL, PRIMARY KEY(host, port)) WITHOUT ROWID;"
    "CREATE TABLE account(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL,"
    "  kind INTEGER NOT NULL, maildir TEXT, current INTEGER NOT NULL, UNIQUE(name, kind));"
    "CREATE TABLE folder(id INTEGER PRIMARY KEY AUTOINCREMENT, account INTEGER NOT NULL,"
    "  name TEXT NOT NULL, delimiter TEXT NOT NULL, role INTEGER NOT NULL, flags INTEGER NOT NULL,"
    "  total INTEGER NOT NULL DEFAULT 0, unread INTEGER NOT NULL DEFAULT 0,"
    "  change_seq INTEGER NOT NULL DEFAULT 0,"
    "  uidvalidity INTEGER NOT NULL DEFAULT 0, uidnext INTEGER NOT NULL DEFAULT 0,"
    "  highestmodseq INTEGER NOT NULL DEFAULT 0, floor_uid INTEGER NOT NULL DEFAULT 0,"
    "  missing INTEGER NOT NULL DEFAULT 0, path TEXT,"
    "  new_time INTEGER NOT NULL DEFAULT 0, cur_time INTEGER NOT NULL DEFAULT 0,"
    "  UNIQUE(account, name));"
    "CREATE TABLE message(id INTEGER PRIMARY KEY AUTOINCREMENT, account INTEGER NOT NULL,"
    "  thread INTEGER NOT NULL DEFAULT 0, mid_hash INTEGER NOT NULL, message_id TEXT NOT NULL,"
    "  in_reply_to TEXT NOT NULL, refs TEXT NOT NULL, date INTEGER NOT NULL,"
    "  sent INTEGER NOT NULL, zone INTEGER NOT NULL, received INTEGER NOT NULL,"
    "  size INTEGER NOT NULL, subject TEXT NOT NULL, from_label TEXT NOT NULL,"
    "  from_address TEXT NOT NULL, to_label TEXT NOT NULL, from_people TEXT NOT NULL,"
    "  to_people TEXT NOT NULL, cc_people TEXT NOT NULL, extra TEXT NOT NULL,"
    "  attachment INTEGER NOT NULL, partial INTEGER NOT NULL, content INTEGER NOT NULL DEFAULT 0);"
    "CREATE INDEX message_mid ON message(account, mid_hash);"
    "CREATE INDEX message_thread ON message(thread);"
    "CREATE TABLE thread_ref(account INTEGER NOT NULL, hash INTEGER NOT NULL,"
    "  thread INTEGER NOT NULL, PRIMARY KEY(account, hash)) WITHOUT ROWID;"
    "CREATE INDEX thread_ref_thread ON thread_ref(thread);"
    "CREATE TABLE placement(id INTEGER PRIMARY KEY AUTOINCREMENT, message INTEGER NOT NULL,"
    "  folder INTEGER NOT NULL, uidvalidity INTEGER NOT NULL DEFAULT 0, uid INTEGER,"
    "  server_here INTEGER NOT NULL, server_flags INTEGER NOT NULL,"
    "  shown INTEGER NOT NULL DEFAULT 0, shown_flags INTEGER NOT NULL DEFAULT 0,"
    "  waiting INTEGER NOT NULL DEFAULT 0, parked INTEGER NOT NULL DEFAULT 0,"
    "  date INTEGER NOT NULL, received INTEGER NOT NULL, size INTEGER NOT NULL,"
    "  sort_from TEXT NOT NULL, sort_subject TEXT NOT NULL,"
    "  base TEXT, file TEXT,"
    "  await_uidnext INTEGER NOT NULL DEFAULT 0, await_rounds INTEGER NOT NULL DEFAULT 0,"
    "  added_seq INTEGER NOT NULL DEFAULT 0, change_seq INTEGER NOT NULL DEFAULT 0,"
    "  op_done_seq INTEGER NOT NULL DEFAULT 0);"
    "CREATE UNIQUE INDEX placement_uid ON placement(folder, uidvalidity, uid) WHERE uid IS NOT "
    "NULL;"
    "CREATE INDEX placement_await ON placement(folder, id) WHERE uid IS NULL AND file IS NULL;"
    "CREATE INDEX placement_message ON placement(message);"
    "CREATE INDEX placement_base ON placement(base) WHERE base IS NOT NULL;"
    "CREATE INDEX placement_seq ON placement(folder, change_seq);"
    "CREATE INDEX placement_date ON placement(folder, shown, date);"
    "CREATE INDEX placement_received ON placement(folder, shown, received);"
    "CREATE INDEX placement_from ON placement(folder, shown, sort_from, date);"
    "CREATE INDEX placement_subject ON placement(folder, shown, sort_subject, date);"
    "CREATE INDEX placement_size ON placement(folder, shown, size);"
    "CREATE TABLE tombstone(folder INTEGER NOT NULL, seq INTEGER NOT NULL,"
    "  placement INTEGER NOT NULL, added_seq INTEGER NOT NULL,"
    "  PRIMARY KEY(folder, seq, placement)) WITHOUT ROWID;"
    "CREATE INDEX tombstone_seq ON tombstone(seq);"
    "CREATE TABLE op(id INTEGER PRIMARY KEY AUTOINCREMENT, account INTEGER NOT NULL,"
    "  kind INTEGER NOT NULL, state INTEGER NOT NULL, placement INTEGER NOT NULL,"
    "  destination_placement INTEGER NOT NULL DEFAULT 0, message INTEGER NOT NULL,"
    "  folder INTEGER NOT NULL, destination INTEGER NOT NULL DEFAULT 0,"
    "  add_flags INTEGER NOT NULL DEFAULT 0, remove_flags INTEGER NOT NULL DEFAULT 0,"
    "  file TEXT, replaces INTEGER NOT NULL DEFAULT 0, words TEXT NOT NULL DEFAULT '',"
    "  subject TEXT NOT NULL, created INTEGER NOT NULL,"
    "  recorded_uidvalidity INTEGER NOT NULL DEFAULT 0,"
    "  recorded_uidnext INTEGER NOT NULL DEFAULT 0);"
    "CREATE INDEX op_state ON op(account, state, id);"
    "CREATE INDEX op_message ON op(message, id);"
    "CREATE INDEX op_placement ON op(placement, id);"
    "CREATE INDEX op_destination ON op(destination_placement) WHERE destination_placement <> 0;"
    "CREATE INDEX op_replaces ON op(replaces) WHERE replaces <> 0;"
    "CREATE TABLE undo_group(id INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL,"
    "  account INTEGER NOT NULL, add_flags INTEGER NOT NULL, remove_flags INTEGER NOT NULL,"
    "  destination INTEGER NOT NULL, state INTEGER NOT NULL);"
    "CREATE TABLE undo_item(group_id INTEGER NOT NULL, placement INTEGER NOT NULL,"
    "  state INTEGER NOT NULL, folder INTEGER NOT NULL DEFAULT 0, op INTEGER NOT NULL DEFAULT 0,"
    "  destination_placement INTEGER NOT NULL DEFAULT 0, added INTEGER NOT NULL DEFAULT 0,"
    "  removed INTEGER NOT NULL DEFAULT 0, PRIMARY KEY(group_id, placement)) WITHOUT ROWID;"
    "CREATE INDEX undo_item_state ON undo_item(group_id, state, placement);"
    "CREATE INDEX undo_item_placement ON undo_item(placement);"
    "CREATE INDEX undo_item_destination ON undo_item(destination_placement)"
    "  WHERE destination_placement <> 0;"
    "CREATE INDEX undo_item_op ON undo_item(op) WHERE op <> 0;"
    "CREATE TABLE file_todo(id INTEGER PRIMARY KEY AUTOINCREMENT, path TEXT NOT NULL);"
    "CREATE TABLE uidl(account INTEGER NOT NULL, uidl TEXT NOT NULL, base TEXT NOT NULL,"
    "  message INTEGER NOT NULL, downloaded INTEGER NOT NULL, partial INTEGER NOT NULL,"
    "  wanted INTEGER NOT NULL, purge INTEGER NOT NULL, content INTEGER NOT NULL,"
    "  PRIMARY KEY(account, uidl)) WITHOUT ROWID;"
    "CREATE INDEX uidl_message ON uidl(message) WHERE message <> 0;"
    "CREATE INDEX uidl_base ON uidl(account, base);"
    "CREATE TABLE outbox(id INTEGER PRIMARY KEY AUTOINCREMENT, account INTEGER NOT NULL,"
    "  state INTEGER NOT NULL, sender TEXT NOT NULL, subject TEXT NOT NULL,"
    "  message_id TEXT NOT NULL, file TEXT NOT NULL UNIQUE, words TEXT NOT NULL DEFAULT '',"
    "  created INTEGER NOT NULL, not_before INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,"
    "  answers INTEGER NOT NULL, forwards INTEGER NOT NULL, sent_folder INTEGER NOT NULL,"
    "  draft INTEGER NOT NULL, copied INTEGER NOT NULL DEFAULT 0);"
    "CREATE INDEX outbox_state ON outbox(state, account, id);"
    "CREATE TABLE outbox_recipient(outbox INTEGER NOT NULL, n INTEGER NOT NULL,"
    "  address TEXT NOT NULL, state INTEGER NOT NULL, words TEXT NOT NULL,"
    "  PRIMARY KEY(outbox, n)) WITHOUT ROWID;"
    "CREATE TABLE index_queue(id INTEGER PRIMARY KEY AUTOINCREMENT, message INTEGER NOT NULL,"
    "  gone INTEGER NOT NULL);"
    "CREATE INDEX index_queue_message ON index_queue(message);";

/* What became of sent mail is looked for by Message-ID. */
static const char store_v2[] =
    "ALTER TABLE outbox ADD COLUMN notify INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE outbox ADD COLUMN finished INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE outbox ADD COLUMN via TEXT NOT NULL DEFAULT '';"
    "CREATE INDEX outbox_message_id ON outbox(message_id);";

/* Threads by folder (see thread.c), and what the person does to them by hand. */
static const char store_v3[] =
    "ALTER TABLE message ADD COLUMN loose INTEGER;"
    "CREATE INDEX message_loose ON message(account, loose, date, mid_hash)"
    "  WHERE loose IS NOT NULL;"
    "CREATE TABLE thread_hand(account INTEGER NOT NULL, hash INTEGER NOT NULL,"
    "  parent INTEGER NOT NULL, PRIMARY KEY(account, hash)) WITHOUT ROWID;"
    "CREATE TABLE thread_mute(account INTEGER NOT NULL, hash INTEGER NOT NULL,"
    "  PRIMARY KEY(account, hash)) WITHOUT ROWID;"
    "CREATE TABLE folder_thread(folder INTEGER NOT NULL, thread INTEGER NOT NULL,"
    "  newest INTEGER NOT NULL, total INTEGER NOT NULL, unread INTEGER NOT NULL,"
    "  change_seq INTEGER NOT NULL, PRIMARY KEY(folder, thread)) WITHOUT ROWID;"
    "CREATE INDEX folder_thread_newest ON folder_thread(folder, newest) WHERE total > 0;"
    "CREATE INDEX folder_thread_seq ON folder_thread(folder, change_seq);"
    "INSERT INTO folder_thread SELECT p.folder, m.thread, max(p.date), count(*),"
    "  sum(p.shown_flags & 1 = 0), (SELECT value FROM sequence)"
    "  FROM placement p CROSS JOIN message m ON m.id = p.message WHERE p.shown = 1"
    "  GROUP BY p.folder, m.thread;";

/* What the server itself calls a message wherever it lies (EMAILID, X-GM-MSGID), and the flags that
 * a folder keeps for good: the others are kept here. */
static const char store_v4[] =
    "ALTER TABLE message ADD COLUMN server_id TEXT NOT NULL DEFAULT '';"
    "CREATE INDEX message_server_id ON message(account, server_id) WHERE server_id <> '';"
    "ALTER TABLE folder ADD COLUMN permanent INTEGER NOT NULL DEFAULT -1;";

/* A mailbox that another client renamed is known by `mailbox_id` (RFC 8474); `rights` as in RFC 4314, ''
 * where unknown; `wished` is the name that a waiting rename gives; `moved_from` the directory from
 * which a local folder is still to be moved. `list_seq` grows with all but the counters. */
static const char store_v5[] =
    "ALTER TABLE folder ADD COLUMN mailbox_id TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE folder ADD COLUMN rights TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE folder ADD COLUMN wished TEXT;"
    "ALTER TABLE folder ADD COLUMN moved_from TEXT;"
    "CREATE INDEX folder_seq ON folder(change_seq);"
    "ALTER TABLE account ADD COLUMN list_seq INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE account ADD COLUMN quota_used INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE account ADD COLUMN quota_limit INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE account ADD COLUMN quota_read INTEGER NOT NULL DEFAULT 0;"
    "CREATE TABLE namespace(account INTEGER NOT NULL, kind INTEGER NOT NULL, prefix TEXT NOT NULL,"
    "  delimiter TEXT NOT NULL, PRIMARY KEY(account, kind, prefix)) WITHOUT ROWID;";

/* body.id names its chunks; `used` is Unix seconds, coarse. state.total is the sum of `stored`. */
static const char cache_v1[] =
    "CREATE TABLE state(only INTEGER PRIMARY KEY CHECK(only = 1), total INTEGER NOT NULL,"
    "  epoch TEXT NOT NULL);"
    "INSERT INTO state VALUES(1, 0, lower(hex(randomblob(16))));"
    "CREATE TABLE body(id INTEGER PRIMARY KEY AUTOINCREMENT, message INTEGER NOT NULL,"
    "  section TEXT NOT NULL, size INTEGER NOT NULL, stored INTEGER NOT NULL,"
    "  used INTEGER NOT NULL, UNIQUE(message, section));"
    "CREATE INDEX body_used ON body(used, id);"
    "CREATE TABLE chunk(body INTEGER NOT NULL, n INTEGER NOT NULL, data BLOB NOT NULL,"
    "  PRIMARY KEY(body, n)) WITHOUT ROWID;";

/* Contentless FTS5: the text is in `doc` (zstd), because deleting wants it back. */
static const char index_v1[] =
    "CREATE TABLE state(only INTEGER PRIMARY KEY CHECK(only = 1), done INTEGER NOT NULL,"
    "  epoch TEXT NOT NULL);"
    "INSERT INTO state VALUES(1, 0, lower(hex(randomblob(16))));"
    "CREATE TABLE doc(message INTEGER PRIMARY KEY, header BLOB NOT NULL, body BLOB);"
    "CREATE VIRTUAL TABLE header_words USING fts5(words, content='', tokenize='unicode61');"
    "CREATE VIRTUAL TABLE body_words USING fts5(words, content='', detail='none',"
    "  prefix='2 3', tokenize='unicode61');";

/* Columns of the header of their own, names of attachments, words as index_words() parts them. What
 * was indexed of bodies that are not here any more waits in `old_doc` to be indexed again. */
static const char index_v2[] =
    "DROP TABLE header_words; DROP TABLE body_words;"
    "ALTER TABLE doc RENAME TO old_doc;"
    "CREATE TABLE doc(message INTEGER PRIMARY KEY, header BLOB NOT NULL, body BLOB);"
    "CREATE VIRTUAL TABLE header_words USING fts5(subject, sender, recipient, copy, file,"
    "  content='', detail='column', prefix='2 3', tokenize='ascii');"
    "CREATE VIRTUAL TABLE body_words USING fts5(words, content='', detail='none', prefix='2 3',"
    "  tokenize='ascii');"
    "UPDATE state SET done = 0, epoch = lower(hex(randomblob(16)));";

static const char *const store_steps[] = {store_v1, store_v2, store_v3, store_v4, store_v5};
static const char *const cache_steps[] = {cache_v1};
static const char *const index_steps[] = {index_v1, index_v2};

static const struct {
    const char *const *steps;
    int n;
} schemas[] = {
    [SCHEMA_STORE] = {store_steps, G_N_ELEMENTS(store_steps)},
    [SCHEMA_CACHE] = {cache_steps, G_N_ELEMENTS(cache_steps)},
    [SCHEMA_INDEX] = {index_steps, G_N_ELEMENTS(index_steps)},
};

int schema_version(SchemaKind kind)
{
    return schemas[kind].n;
}

static gboolean step_up(Db *db, SchemaKind kind, int from)
{
    g_autofree char *stamp = g_strdup_printf("PRAGMA user_version=%d", from + 1);
    /* Looked at again under the lock: another process may be migrating too. */
    if (!db_script(db, "BEGIN IMMEDIATE"))
        return FALSE;
    if (db_number(db, -1, "PRAGMA user_version", "") == from) {
        db_script(db, schemas[kind].steps[from]);
        db_script(db, stamp);
    }
    if (db_script(db, "COMMIT"))
        return TRUE;
    if (!sqlite3_get_autocommit(db->sql))
        sqlite3_exec(db->sql, "ROLLBACK", NULL, NULL, NULL);
    return FALSE;
}

gboolean schema_migrate_to(Db *db, SchemaKind kind, int version, GError **err)
{
    int have = (int)db_number(db, 0, "PRAGMA user_version", "");
    if (!db_ok(db, err))
        return FALSE;
    if (have > version || (have < version && db->read_only)) {
        error_set(err, PINTAIL_ERROR_REFUSED,
                  have > version
                      ? _("'%s' was written by a newer Pintail (database version %d; this program "
                          "knows up to %d): use that one")
                      : _("'%s' has database version %d, this program writes %d: open it once "
                          "without -R"),
                  db->path, have, version);
        return FALSE;
    }
    for (; have < version; have++) {
        if (!step_up(db, kind, have))
            return db_ok(db, err);
    }
    return TRUE;
}

gboolean schema_migrate(Db *db, SchemaKind kind, GError **err)
{
    return schema_migrate_to(db, kind, schemas[kind].n, err);
}
