/* thread.c - which conversation a message belongs to, kept up to date message by message.
 *
 * Every Message-ID that was seen, as a message's own or in its References and In-Reply-To, is
 * mapped to a thread (`thread_ref`); a message that names ids of several threads joins them. The
 * smaller one is relabelled, so the work for n messages stays within n log n whatever a sender puts
 * in there. So a thread is a connected component, and does not depend on the order of arrival.
 *
 * A message that names no other one is loose: a reply among those ("Re:") is connected with the
 * loose message of the same subject right before it, by date. One that arrives between two others
 * may part them; then the thread is worked out anew (thread_rebuild.c).
 *
 * `folder_thread` counts, for each folder, what of a thread is shown in it, in the transaction
 * that changes it: lists by conversations are read from it as others are from their index. A row
 * with total 0 says until when a thread was there, as a tombstone does. */
#include "thread_private.h"
#include <string.h>
#include "subject.h"
#include "pintail/util/text.h"

#define SUBJECT_MIN   3   /* letters of a subject that says anything */
#define RECOUNT_MAX   500 /* messages of a thread whose newest one is looked for again */
#define SPLIT_MAX     2000

/* ---- the ids of a message ---- */

static gboolean any_hand(Store *s, gint64 account)
{
    return db_number(&s->db, 0, "SELECT 1 FROM thread_hand WHERE account = ? LIMIT 1", "i",
                     account) != 0;
}

gboolean thread_hand(Store *s, gint64 account, gint64 hash, gint64 *parent)
{
    sqlite3_stmt *st =
        db_query(&s->db, "SELECT parent FROM thread_hand WHERE account = ? AND hash = ?", "ii",
                 account, hash);
    if (!db_step(&s->db, st))
        return FALSE;
    *parent = db_int(st, 0);
    db_reset(st);
    return TRUE;
}

/* What the person did to the newest of them counts; what stands before it does not any more. */
static void cut_by_hand(Store *s, gint64 account, Chain *c)
{
    gint64 parent;
    for (guint i = c->n; i-- > 0;) {
        if (!thread_hand(s, account, c->hash[i], &parent))
            continue;
        guint from = i;
        if (parent && from > 0)
            c->hash[--from] = parent;
        else if (parent) {
            guint keep = MIN(c->n, CHAIN_MAX - 1);
            memmove(c->hash + 1, c->hash + c->n - keep, keep * sizeof *c->hash);
            c->hash[0] = parent;
            c->n = keep + 1;
        }
        memmove(c->hash, c->hash + from, (c->n - from) * sizeof *c->hash);
        c->n -= from;
        return;
    }
}

void thread_chain(Store *s, gint64 account, gint64 own, const char *in_reply_to,
                  const char *const *references, guint n, Chain *c)
{
    c->n = 0;
    if (*in_reply_to)
        c->hash[c->n++] = message_id_hash(in_reply_to);
    for (guint i = n > CHAIN_NAMED ? n - CHAIN_NAMED : 0; i < n; i++)
        c->hash[c->n++] = message_id_hash(references[i]);
    c->hash[c->n++] = own;
    if (any_hand(s, account))
        cut_by_hand(s, account, c);
}

void thread_chain_columns(Store *s, gint64 account, gint64 own, const char *in_reply_to,
                          const char *refs, Chain *c)
{
    g_auto(GStrv) all = g_strsplit(refs, " ", -1);
    guint n = 0;
    for (guint i = 0; all[i]; i++) { /* without the empty ones */
        if (*all[i]) {
            char *one = all[i];
            all[i] = all[n];
            all[n++] = one;
        }
    }
    thread_chain(s, account, own, in_reply_to, (const char *const *)all, n, c);
}

gint64 thread_loose(const char *subject, gboolean *reply)
{
    const char *bare = subject_bare(subject, reply);
    if (g_utf8_strlen(bare, -1) < SUBJECT_MIN)
        return 0;
    g_autofree char *folded = text_fold(bare, (gssize)strlen(bare));
    g_strchomp(folded);
    gint64 hash = message_id_hash(folded);
    return hash ? hash : 1;
}

/* ---- threads ---- */

gint64 thread_of_hash(Store *s, gint64 account, gint64 hash)
{
    return db_number(&s->db, 0, "SELECT thread FROM thread_ref WHERE account = ? AND hash = ?",
                     "ii", account, hash);
}

static gint64 weight(Store *s, gint64 thread)
{
    return db_number(
        &s->db, 0,
        "SELECT (SELECT count(*) FROM (SELECT 1 FROM message WHERE thread = ?1 LIMIT 200000))"
        " + (SELECT count(*) FROM (SELECT 1 FROM thread_ref WHERE thread = ?1 LIMIT 200000))",
        "i", thread);
}

static gint64 heavier(Store *s, gint64 a, gint64 b)
{
    /* Nearly always one of them is small: then that is all that has to be counted. */
    for (gint64 limit = 64;; limit *= 8) {
        gint64 n[2], pair[2] = {a, b};
        for (int i = 0; i < 2; i++)
            n[i] = db_number(&s->db, 0,
                             "SELECT count(*) FROM (SELECT 1 FROM thread_ref WHERE thread = ?"
                             " LIMIT ?)",
                             "ii", pair[i], limit);
        if (n[0] < limit || n[1] < limit)
            return n[0] >= n[1] ? a : b;
        if (limit > 100000)
            return weight(s, a) >= weight(s, b) ? a : b;
    }
}

static GArray *folders_of(Store *s, gint64 thread)
{
    GArray *folders = g_array_new(FALSE, FALSE, sizeof(gint64));
    sqlite3_stmt *st = db_query(
        &s->db,
        "SELECT f.id FROM folder f WHERE EXISTS(SELECT 1 FROM folder_thread t"
        " WHERE t.folder = f.id AND t.thread = ?1)",
        "i", thread);
    while (db_step(&s->db, st)) {
        gint64 id = db_int(st, 0);
        g_array_append_val(folders, id);
    }
    return folders;
}

static void touch(Store *s, gint64 folder)
{
    gint64 account =
        db_number(&s->db, 0, "SELECT account FROM folder WHERE id = ?", "i", folder);
    db_run(&s->db, "UPDATE folder SET change_seq = ? WHERE id = ?", "ii", txn_seq(s), folder);
    txn_touch(s, account, folder);
}

/* Their rows look different now: lists that show them hear of it. */
static void relabel(Store *s, gint64 from, gint64 to)
{
    g_autoptr(GArray) folders = folders_of(s, from);
    gint64 seq = folders->len ? txn_seq(s) : 0;
    if (folders->len)
        db_run(&s->db,
               "UPDATE placement SET change_seq = ? WHERE shown = 1 AND message IN"
               " (SELECT id FROM message WHERE thread = ?)",
               "ii", seq, from);
    db_run(&s->db, "UPDATE message SET thread = ? WHERE thread = ?", "ii", to, from);
    db_run(&s->db, "UPDATE thread_ref SET thread = ? WHERE thread = ?", "ii", to, from);
    for (guint i = 0; i < folders->len; i++) {
        gint64 folder = g_array_index(folders, gint64, i);
        db_run(&s->db,
               "INSERT INTO folder_thread SELECT folder, ?, newest, total, unread, ?"
               " FROM folder_thread WHERE folder = ? AND thread = ?"
               " ON CONFLICT(folder, thread) DO UPDATE SET total = total + excluded.total,"
               " newest = CASE WHEN total = 0 THEN excluded.newest WHEN excluded.total = 0"
               "  THEN newest ELSE max(newest, excluded.newest) END,"
               " unread = unread + excluded.unread, change_seq = excluded.change_seq",
               "iiii", to, seq, folder, from);
        db_run(&s->db,
               "UPDATE folder_thread SET total = 0, unread = 0, change_seq = ?"
               " WHERE folder = ? AND thread = ?",
               "iii", seq, folder, from);
        touch(s, folder);
    }
}

gint64 thread_unite(Store *s, gint64 account, const Chain *c, gint64 message)
{
    gint64 thread = 0, label[CHAIN_MAX];
    for (guint i = 0; i < c->n; i++) {
        label[i] = thread_of_hash(s, account, c->hash[i]);
        if (!label[i] || label[i] == thread)
            continue;
        if (!thread) {
            thread = label[i];
            continue;
        }
        /* an earlier one may have been relabelled by now */
        gint64 other = thread_of_hash(s, account, c->hash[i]);
        if (other == thread)
            continue;
        gint64 kept = heavier(s, thread, other);
        relabel(s, kept == thread ? other : thread, kept);
        thread = kept;
    }
    if (!thread)
        thread = message;
    for (guint i = 0; i < c->n; i++) {
        if (!label[i])
            db_run(&s->db, "INSERT OR IGNORE INTO thread_ref VALUES(?, ?, ?)", "iii", account,
                   c->hash[i], thread);
    }
    return thread;
}

/* ---- by subject ---- */

gint64 thread_loose_before(Store *s, gint64 account, gint64 loose, gint64 date, gint64 hash,
                           gint64 *its_hash)
{
    gint64 found = 0;
    sqlite3_stmt *st = db_query(&s->db,
                                "SELECT id, mid_hash FROM message WHERE account = ? AND loose = ?"
                                " AND (date, mid_hash) < (?, ?) AND date >= ?"
                                " ORDER BY date DESC, mid_hash DESC LIMIT 1",
                                "iiiii", account, loose, date, hash, date - LOOSE_SECONDS);
    if (db_step(&s->db, st)) {
        found = db_int(st, 0);
        *its_hash = db_int(st, 1);
        db_reset(st);
    }
    return found;
}

/* The loose message right behind, when it is a reply that reaches back to (date, hash): its hash. */
static gint64 reply_behind(Store *s, gint64 account, gint64 loose, gint64 date, gint64 hash)
{
    gint64 found = 0;
    gboolean reply = FALSE;
    sqlite3_stmt *st = db_query(&s->db,
                                "SELECT mid_hash, subject FROM message WHERE account = ?"
                                " AND loose = ? AND (date, mid_hash) > (?, ?) AND date <= ?"
                                " ORDER BY date, mid_hash LIMIT 1",
                                "iiiii", account, loose, date, hash, date + LOOSE_SECONDS);
    if (db_step(&s->db, st)) {
        found = db_int(st, 0);
        subject_bare(db_peek(st, 1), &reply);
        db_reset(st);
    }
    gint64 parent;
    return reply && !thread_hand(s, account, found, &parent) ? found : 0;
}

/* Returns the thread afterwards. */
static gint64 connect_loose(Store *s, gint64 account, gint64 message, gint64 own, gint64 loose, gint64 date,
                            gint64 thread, gboolean reply)
{
    gint64 before = 0, parent;
    gint64 known = thread_loose_before(s, account, loose, date, own, &before);
    gboolean hand = thread_hand(s, account, own, &parent);
    Chain c = {{own}, 1};
    if (known && reply && !hand)
        c.hash[c.n++] = before;
    gint64 behind = reply_behind(s, account, loose, date, own);
    if (behind)
        c.hash[c.n++] = behind;
    if (c.n == 1)
        return thread; /* nobody to be connected with */
    thread = thread_unite(s, account, &c, message);
    /* It stands between two that were connected, and only with one of them: those part. */
    if (known && behind && c.n == 2) {
        gint64 old = thread_of_hash(s, account, behind);
        db_run(&s->db, "UPDATE message SET thread = ? WHERE id = ?", "ii", old, message);
        if (thread_of_hash(s, account, before) == old &&
            db_number(&s->db, 0,
                      "SELECT count(*) FROM (SELECT 1 FROM message WHERE thread = ? LIMIT ?)",
                      "ii", old, I64(SPLIT_MAX)) < SPLIT_MAX)
            thread_rebuild(s, account, old);
        thread = thread_of_hash(s, account, own);
    }
    return thread;
}

/* ---- a message arrives ---- */

static gint64 loose_of(const Envelope *e, gboolean *reply)
{
    gboolean names = *e->in_reply_to || e->references->len > 0;
    return names ? 0 : thread_loose(e->subject, reply);
}

gint64 thread_assign(Store *s, gint64 account, gint64 message, const Envelope *e, gint64 *loose)
{
    Chain c;
    gboolean reply = FALSE;
    thread_chain(s, account, message_hash(e), e->in_reply_to, (const char *const *)e->references->pdata,
                 e->references->len, &c);
    *loose = loose_of(e, &reply);
    return thread_unite(s, account, &c, message);
}

void thread_connect(Store *s, gint64 account, gint64 message, const Envelope *e, gint64 date, gint64 thread)
{
    gboolean reply = FALSE;
    gint64 loose = loose_of(e, &reply);
    gint64 now = loose ? connect_loose(s, account, message, message_hash(e), loose, date, thread, reply) : thread;
    if (now != thread)
        db_run(&s->db, "UPDATE message SET thread = ? WHERE id = ?", "ii", now, message);
}

/* ---- counted by folder ---- */

void thread_recount(Store *s, gint64 folder, gint64 thread)
{
    gint64 newest = 0, total = 0, unread = 0;
    sqlite3_stmt *st = db_query(&s->db,
                                "SELECT max(p.date), count(*), sum(p.shown_flags & 1 = 0)"
                                " FROM message m CROSS JOIN placement p ON p.message = m.id"
                                " WHERE m.thread = ? AND +p.folder = ? AND +p.shown = 1",
                                "ii", thread, folder);
    if (db_step(&s->db, st)) {
        newest = db_int(st, 0);
        total = db_int(st, 1);
        unread = db_int(st, 2);
        db_reset(st);
    }
    if (total == 0) {
        db_run(&s->db,
               "UPDATE folder_thread SET total = 0, unread = 0, change_seq = ?"
               " WHERE folder = ? AND thread = ?",
               "iii", txn_seq(s), folder, thread);
        return;
    }
    db_run(&s->db, "INSERT OR REPLACE INTO folder_thread VALUES(?, ?, ?, ?, ?, ?)", "iiiiii",
           folder, thread, newest, total, unread, txn_seq(s));
}

void thread_add(Store *s, gint64 folder, gint64 thread, gint64 date, gint64 total, gint64 unread)
{
    db_run(&s->db,
           "INSERT INTO folder_thread VALUES(?, ?, ?, ?, ?, ?)"
           " ON CONFLICT(folder, thread) DO UPDATE SET total = total + excluded.total,"
           " newest = CASE WHEN total = 0 THEN excluded.newest"
           "  ELSE max(newest, excluded.newest) END,"
           " unread = unread + excluded.unread, change_seq = excluded.change_seq",
           "iiiiii", folder, thread, date, total, unread, txn_seq(s));
}

void thread_count(Store *s, gint64 folder, gint64 message, gint64 date, gint64 total, gint64 unread)
{
    gint64 thread = db_number(&s->db, 0, "SELECT thread FROM message WHERE id = ?", "i", message);
    if (total >= 0) {
        thread_add(s, folder, thread, date, total, unread);
        return;
    }
    db_run(&s->db,
           "UPDATE folder_thread SET total = total + ?, unread = unread + ?, change_seq = ?"
           " WHERE folder = ? AND thread = ?",
           "iiiii", total, unread, txn_seq(s), folder, thread);
    /* Was it the newest? Not asked of a huge thread, where emptying it would take the square of
     * its size: that one keeps its place until it has become small. */
    gint64 left = db_number(&s->db, 0,
                            "SELECT total FROM folder_thread WHERE folder = ? AND thread = ?"
                            " AND newest = ?",
                            "iii", folder, thread, date);
    if (left > 0 && left <= RECOUNT_MAX)
        thread_recount(s, folder, thread);
}
