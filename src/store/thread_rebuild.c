/* thread_rebuild.c - a thread worked out anew, and what the person does to one by hand.
 *
 * Joining is what every message does on its way in; parting cannot be done piece by piece, so the
 * messages of the thread are read, connected in memory, and labelled: each part by the lowest
 * message id in it, which no other thread can have as its label. Linear in the size of the thread. */
#include "thread_private.h"
#include <string.h>
#include "change_private.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"

typedef struct {
    gint64 id, hash;
    Chain chain;
} Member;

/* Ids by number, and which of them are connected. */
typedef struct {
    GHashTable *numbers; /* hash -> number + 1 */
    GArray *up;          /* guint: the number of another one of the same part; itself at the top */
    GArray *label;       /* gint64, at the top: lowest message id, 0: none has that id */
} Parts;

static guint number_of(Parts *p, gint64 hash)
{
    gpointer known = g_hash_table_lookup(p->numbers, &hash);
    if (known)
        return GPOINTER_TO_UINT(known) - 1;
    guint n = p->up->len;
    gint64 none = 0;
    g_array_append_val(p->up, n);
    g_array_append_val(p->label, none);
    g_hash_table_insert(p->numbers, g_memdup2(&hash, sizeof hash), GUINT_TO_POINTER(n + 1));
    return n;
}

static guint top_of(Parts *p, guint n)
{
    guint *up = (guint *)(void *)p->up->data;
    while (up[n] != n) {
        up[n] = up[up[n]];
        n = up[n];
    }
    return n;
}

static void connect(Parts *p, gint64 a, gint64 b)
{
    guint x = top_of(p, number_of(p, a)), y = top_of(p, number_of(p, b));
    g_array_index(p->up, guint, x) = y;
}

static GArray *members_of(Store *s, gint64 thread)
{
    GArray *ids = g_array_new(FALSE, FALSE, sizeof(gint64));
    sqlite3_stmt *st =
        db_query(&s->db, "SELECT id FROM message WHERE thread = ? ORDER BY id", "i", thread);
    while (db_step(&s->db, st)) {
        gint64 id = db_int(st, 0);
        g_array_append_val(ids, id);
    }
    return ids;
}

/* With the loose message before it, where it is connected with that. */
static void member_load(Store *s, gint64 account, gint64 id, Member *m)
{
    *m = (Member){.id = id};
    sqlite3_stmt *st = db_query(&s->db,
                                "SELECT mid_hash, date, loose, in_reply_to, refs, subject"
                                " FROM message WHERE id = ?",
                                "i", id);
    if (!db_step(&s->db, st))
        return;
    gboolean reply = FALSE;
    m->hash = db_int(st, 0);
    gint64 date = db_int(st, 1), loose = db_int(st, 2), before, parent;
    if (loose)
        thread_loose(db_peek(st, 5), &reply);
    thread_chain_columns(s, account, m->hash, db_peek(st, 3), db_peek(st, 4), &m->chain);
    db_reset(st);
    if (reply && m->chain.n == 1 && !thread_hand(s, account, m->hash, &parent) &&
        thread_loose_before(s, account, loose, date, m->hash, &before)) {
        m->chain.hash[0] = before;
        m->chain.hash[m->chain.n++] = m->hash;
    }
}

static void connect_members(Store *s, gint64 account, const GArray *ids, GArray *hashes, Parts *p)
{
    for (guint i = 0; i < ids->len; i++) {
        Member m;
        member_load(s, account, g_array_index(ids, gint64, i), &m);
        for (guint k = 0; k + 1 < m.chain.n; k++)
            connect(p, m.chain.hash[k], m.chain.hash[k + 1]);
        number_of(p, m.hash);
        g_array_append_val(hashes, m.hash);
    }
    for (guint i = 0; i < ids->len; i++) {
        gint64 id = g_array_index(ids, gint64, i);
        gint64 hash = g_array_index(hashes, gint64, i);
        gint64 *label = &g_array_index(p->label, gint64, top_of(p, number_of(p, hash)));
        if (!*label || id < *label)
            *label = id;
    }
}

/* The labels of the parts; 0 for ids of nobody who is still here. */
static gint64 label_of(Parts *p, gint64 hash)
{
    if (!g_hash_table_contains(p->numbers, &hash))
        return 0;
    return g_array_index(p->label, gint64, top_of(p, number_of(p, hash)));
}

static void label_refs(Store *s, gint64 account, gint64 thread, Parts *p)
{
    g_autoptr(GArray) hashes = g_array_new(FALSE, FALSE, sizeof(gint64));
    sqlite3_stmt *st =
        db_query(&s->db, "SELECT hash FROM thread_ref WHERE thread = ?", "i", thread);
    while (db_step(&s->db, st)) {
        gint64 hash = db_int(st, 0);
        g_array_append_val(hashes, hash);
    }
    for (guint i = 0; i < hashes->len; i++) {
        gint64 hash = g_array_index(hashes, gint64, i), label = label_of(p, hash);
        if (!label)
            db_run(&s->db, "DELETE FROM thread_ref WHERE account = ? AND hash = ?", "ii", account,
                   hash);
        else if (label != thread)
            db_run(&s->db, "UPDATE thread_ref SET thread = ? WHERE account = ? AND hash = ?", "iii",
                   label, account, hash);
    }
}

static void label_message(Store *s, gint64 message, gint64 label, GHashTable *folders)
{
    db_run(&s->db, "UPDATE message SET thread = ? WHERE id = ?", "ii", label, message);
    sqlite3_stmt *st = db_query(
        &s->db, "SELECT DISTINCT folder FROM placement WHERE message = ? AND shown = 1", "i",
        message);
    while (db_step(&s->db, st)) {
        gint64 folder = db_int(st, 0);
        if (!g_hash_table_contains(folders, &folder))
            g_hash_table_add(folders, g_memdup2(&folder, sizeof folder));
    }
    db_run(&s->db, "UPDATE placement SET change_seq = ? WHERE message = ? AND shown = 1", "ii",
           txn_seq(s), message);
}

static void recount_all(Store *s, GHashTable *folders, GHashTable *labels)
{
    GHashTableIter f, l;
    gpointer folder, label;
    g_hash_table_iter_init(&f, folders);
    while (g_hash_table_iter_next(&f, &folder, NULL)) {
        gint64 id = *(gint64 *)folder;
        g_hash_table_iter_init(&l, labels);
        while (g_hash_table_iter_next(&l, &label, NULL))
            thread_recount(s, id, *(gint64 *)label);
        db_run(&s->db, "UPDATE folder SET change_seq = ? WHERE id = ?", "ii", txn_seq(s), id);
        txn_touch(s, db_number(&s->db, 0, "SELECT account FROM folder WHERE id = ?", "i", id), id);
    }
}

static GHashTable *id_set(void)
{
    return g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
}

static void set_add(GHashTable *set, gint64 id)
{
    if (!g_hash_table_contains(set, &id))
        g_hash_table_add(set, g_memdup2(&id, sizeof id));
}

void thread_rebuild(Store *s, gint64 account, gint64 thread)
{
    g_autoptr(GArray) ids = members_of(s, thread);
    g_autoptr(GArray) hashes = g_array_new(FALSE, FALSE, sizeof(gint64));
    Parts p = {g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL),
               g_array_new(FALSE, FALSE, sizeof(guint)), g_array_new(FALSE, FALSE, sizeof(gint64))};
    connect_members(s, account, ids, hashes, &p);
    label_refs(s, account, thread, &p);
    g_autoptr(GHashTable) folders = id_set(), labels = id_set();
    set_add(labels, thread);
    for (guint i = 0; i < ids->len; i++) {
        gint64 label = label_of(&p, g_array_index(hashes, gint64, i));
        if (label == thread)
            continue;
        label_message(s, g_array_index(ids, gint64, i), label, folders);
        set_add(labels, label);
    }
    recount_all(s, folders, labels);
    g_hash_table_unref(p.numbers);
    g_array_unref(p.up);
    g_array_unref(p.label);
}

/* ---- by hand ---- */

typedef struct {
    gint64 account, message, hash, thread;
} Subject;

static gboolean find(Store *s, gint64 placement, Subject *it)
{
    sqlite3_stmt *st = db_query(&s->db,
                                "SELECT m.account, m.id, m.mid_hash, m.thread FROM placement p"
                                " CROSS JOIN message m ON m.id = p.message WHERE p.id = ?",
                                "i", placement);
    if (!db_step(&s->db, st)) {
        GError *gone = NULL;
        error_set(&gone, PINTAIL_ERROR_GONE, _("the message is not there any more"));
        db_fail(&s->db, gone);
        return FALSE;
    }
    *it = (Subject){db_int(st, 0), db_int(st, 1), db_int(st, 2), db_int(st, 3)};
    db_reset(st);
    return TRUE;
}

/* Connects each member anew: what a cut had kept apart comes together. */
static void reconnect(Store *s, gint64 account, gint64 thread)
{
    g_autoptr(GArray) ids = members_of(s, thread);
    for (guint i = 0; i < ids->len; i++) {
        Member m;
        member_load(s, account, g_array_index(ids, gint64, i), &m);
        if (m.chain.n > 1)
            thread_unite(s, account, &m.chain, m.id);
    }
}

/* Is `hash` among those that hang, by hand, below `below`? Then joining them would make a circle. */
static gboolean hangs_below(Store *s, gint64 account, gint64 hash, gint64 below)
{
    for (int i = 0; i < 1000 && hash; i++) {
        if (hash == below)
            return TRUE;
        hash = db_number(&s->db, 0, "SELECT parent FROM thread_hand WHERE account = ? AND hash = ?",
                         "ii", account, hash);
    }
    return FALSE;
}

static void put_hand(Store *s, const Subject *it, gint64 parent)
{
    db_run(&s->db, "INSERT OR REPLACE INTO thread_hand VALUES(?, ?, ?)", "iii", it->account,
           it->hash, parent);
}

gboolean thread_break(Store *s, gint64 placement, GError **err)
{
    Subject it;
    if (!txn_begin(s, TRUE, err))
        return FALSE;
    if (find(s, placement, &it)) {
        put_hand(s, &it, 0);
        thread_rebuild(s, it.account, it.thread);
    }
    return txn_commit(s, err);
}

gboolean thread_join(Store *s, gint64 placement, gint64 parent, GError **err)
{
    Subject it, other;
    if (!txn_begin(s, TRUE, err))
        return FALSE;
    if (find(s, placement, &it) && find(s, parent, &other)) {
        GError *refused = NULL;
        if (it.account != other.account)
            error_set(&refused, PINTAIL_ERROR_REFUSED,
                      _("messages of two accounts cannot become one thread"));
        else if (hangs_below(s, it.account, other.hash, it.hash))
            error_set(&refused, PINTAIL_ERROR_REFUSED,
                      _("a message cannot hang below itself"));
        if (refused) {
            db_fail(&s->db, refused);
        } else {
            put_hand(s, &it, other.hash);
            Chain pair = {{other.hash, it.hash}, 2};
            thread_rebuild(s, it.account, thread_unite(s, it.account, &pair, it.message));
        }
    }
    return txn_commit(s, err);
}

gboolean thread_restore(Store *s, gint64 placement, GError **err)
{
    Subject it;
    if (!txn_begin(s, TRUE, err))
        return FALSE;
    if (find(s, placement, &it)) {
        db_run(&s->db, "DELETE FROM thread_hand WHERE account = ? AND hash = ?", "ii", it.account,
               it.hash);
        reconnect(s, it.account, it.thread);
        thread_rebuild(
            s, it.account,
            db_number(&s->db, 0, "SELECT thread FROM message WHERE id = ?", "i", it.message));
    }
    return txn_commit(s, err);
}

/* ---- muted ---- */

/* By one of its messages, so that it survives what happens to the label. */
gboolean thread_mute(Store *s, gint64 thread, gboolean mute, GError **err)
{
    if (!txn_begin(s, TRUE, err))
        return FALSE;
    if (mute)
        db_run(&s->db,
               "INSERT OR IGNORE INTO thread_mute SELECT account, mid_hash FROM message"
               " WHERE thread = ? ORDER BY date, id LIMIT 1",
               "i", thread);
    else
        db_run(&s->db,
               "DELETE FROM thread_mute WHERE EXISTS(SELECT 1 FROM thread_ref r"
               " WHERE r.account = thread_mute.account AND r.hash = thread_mute.hash"
               " AND r.thread = ?)",
               "i", thread);
    sqlite3_stmt *st = db_query(&s->db,
                                "SELECT p.id FROM message m CROSS JOIN placement p"
                                " ON p.message = m.id WHERE m.thread = ? AND +p.shown = 1"
                                " LIMIT 10000",
                                "i", thread);
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint64));
    while (db_step(&s->db, st)) {
        gint64 id = db_int(st, 0);
        g_array_append_val(ids, id);
    }
    for (guint i = 0; i < ids->len; i++)
        placement_touch(s, g_array_index(ids, gint64, i));
    return txn_commit(s, err);
}

static gboolean muted(Store *s, gint64 thread)
{
    return db_number(&s->db, 0,
                     "SELECT 1 FROM thread_mute u CROSS JOIN thread_ref r ON r.account = u.account"
                     " AND r.hash = u.hash WHERE r.thread = ? LIMIT 1",
                     "i", thread) != 0;
}

gboolean thread_is_muted(Store *s, gint64 thread)
{
    gboolean is = muted(s, thread);
    db_ok(&s->db, NULL);
    return is;
}

void thread_arrived(Store *s, gint64 message, gint64 placement)
{
    if (!db_number(&s->db, 0, "SELECT 1 FROM thread_mute LIMIT 1", "") ||
        !muted(s, db_number(&s->db, 0, "SELECT thread FROM message WHERE id = ?", "i", message)))
        return;
    change_flags_now(s, placement, FLAG_SEEN, 0);
}
