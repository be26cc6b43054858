/* thread.c - which conversation a message belongs to, kept up to date message by message.
 *
 * Every Message-ID that was seen, as a message's own or in its References and In-Reply-To, is
 * mapped to a thread; a message that names ids of several threads joins them. The smaller one is
 * relabelled, so the work for n messages stays within n log n whatever a sender puts in there. */
#include "message_private.h"

#define NAMED_MAX 100 /* ids of one message that are looked at: the newest */

static gint64 thread_of(Store *s, gint64 account, gint64 hash)
{
    return db_number(&s->db, 0, "SELECT thread FROM thread_ref WHERE account = ? AND hash = ?",
                     "ii", account, hash);
}

static gint64 weight(Store *s, gint64 thread)
{
    return db_number(
        &s->db, 0,
        "SELECT (SELECT count(*) FROM (SELECT 1 FROM message WHERE thread = ?1 LIMIT 2000))"
        " + (SELECT count(*) FROM (SELECT 1 FROM thread_ref WHERE thread = ?1 LIMIT 2000))",
        "i", thread);
}

/* Their rows look different now: lists that show them hear of it. */
static void relabel(Store *s, gint64 from, gint64 to)
{
    sqlite3_stmt *st = db_query(
        &s->db,
        "SELECT DISTINCT p.folder, f.account FROM message m"
        " CROSS JOIN placement p ON p.message = m.id CROSS JOIN folder f ON f.id = p.folder"
        " WHERE m.thread = ? LIMIT 1000",
        "i", from);
    g_autoptr(GArray) folders = g_array_new(FALSE, FALSE, sizeof(gint64));
    while (db_step(&s->db, st)) {
        gint64 pair[2] = {db_int(st, 0), db_int(st, 1)};
        g_array_append_vals(folders, pair, 2);
    }
    gint64 seq = txn_seq(s);
    db_run(&s->db,
           "UPDATE placement SET change_seq = ? WHERE shown = 1 AND message IN"
           " (SELECT id FROM message WHERE thread = ?)",
           "ii", seq, from);
    db_run(&s->db, "UPDATE message SET thread = ? WHERE thread = ?", "ii", to, from);
    db_run(&s->db, "UPDATE thread_ref SET thread = ? WHERE thread = ?", "ii", to, from);
    for (guint i = 0; i + 1 < folders->len; i += 2) {
        gint64 folder = g_array_index(folders, gint64, i);
        db_run(&s->db, "UPDATE folder SET change_seq = ? WHERE id = ?", "ii", seq, folder);
        txn_touch(s, g_array_index(folders, gint64, i + 1), folder);
    }
}

void thread_assign(Store *s, gint64 account, gint64 message, const Envelope *e)
{
    gint64 hashes[NAMED_MAX + 2];
    guint n = 0;
    hashes[n++] = message_hash(e);
    if (*e->in_reply_to)
        hashes[n++] = message_id_hash(e->in_reply_to);
    guint from = e->references->len > NAMED_MAX ? e->references->len - NAMED_MAX : 0;
    for (guint i = from; i < e->references->len; i++)
        hashes[n++] = message_id_hash(e->references->pdata[i]);
    gint64 thread = 0;
    for (guint i = 0; i < n; i++) {
        gint64 other = thread_of(s, account, hashes[i]);
        if (!other || other == thread)
            continue;
        if (!thread) {
            thread = other;
        } else if (weight(s, other) > weight(s, thread)) {
            relabel(s, thread, other);
            thread = other;
        } else {
            relabel(s, other, thread);
        }
    }
    if (!thread)
        thread = message;
    for (guint i = 0; i < n; i++)
        db_run(&s->db, "INSERT OR IGNORE INTO thread_ref VALUES(?, ?, ?)", "iii", account,
               hashes[i], thread);
    db_run(&s->db, "UPDATE message SET thread = ? WHERE id = ?", "ii", thread, message);
}
