/* thread_tree.c - the messages of one thread as a tree, in the order in which they are shown.
 *
 * A message hangs below the nearest one that it names and that is there; a reply that names none,
 * below the loose message of its subject before it. What a sender makes a circle of is opened at
 * its oldest message. Everything is a loop over arrays: a chain of 100,000 answers needs no stack,
 * and takes time in proportion (sorting apart). */
#include "thread_private.h"
#include "pintail/store/folder.h"

#define DEPTH_MAX 1000
#define NONE      G_MAXUINT

typedef struct {
    gint64 placement, message, folder, date, hash, loose;
    guint flags;
    gboolean reply;
    guint parent, child, next; /* numbers of nodes; child: the first one, next: its sibling */
    guint16 depth;
} Node;

typedef struct {
    Store *s;
    gint64 account;
    GArray *nodes;       /* of Node, by date */
    GHashTable *by_hash; /* of a node's own id -> number + 1 */
} Tree;

static Node *node(Tree *t, guint n)
{
    return &g_array_index(t->nodes, Node, n);
}

static guint named(Tree *t, gint64 hash)
{
    gpointer n = g_hash_table_lookup(t->by_hash, &hash);
    return n ? GPOINTER_TO_UINT(n) - 1 : NONE;
}

/* ---- what is there ---- */

/* Which placement stands for a message that is in several folders. */
static int preference(gint64 folder, gint64 preferred, gint64 role)
{
    if (folder == preferred)
        return 3;
    return role == ROLE_TRASH || role == ROLE_JUNK ? 0 : role == ROLE_ALL ? 1 : 2;
}

static void read_nodes(Tree *t, gint64 thread, gint64 folder, gboolean everywhere)
{
    Store *s = t->s;
    gint64 last = 0;
    int best = -1;
    sqlite3_stmt *st =
        db_query(&s->db,
                 "SELECT m.id, m.mid_hash, m.loose, p.id, p.folder, p.date, p.shown_flags, f.role,"
                 " m.account, m.subject FROM message m CROSS JOIN placement p ON p.message = m.id"
                 " CROSS JOIN folder f ON f.id = p.folder"
                 " WHERE m.thread = ?1 AND p.shown = 1 AND (?3 OR p.folder = ?2) ORDER BY m.id",
                 "iii", thread, folder, I64(everywhere));
    while (db_step(&s->db, st)) {
        Node n = {.message = db_int(st, 0), .hash = db_int(st, 1), .loose = db_int(st, 2),
                  .placement = db_int(st, 3), .folder = db_int(st, 4), .date = db_int(st, 5),
                  .flags = (guint)db_int(st, 6), .parent = NONE, .child = NONE, .next = NONE};
        t->account = db_int(st, 8);
        if (n.loose)
            thread_loose(db_peek(st, 9), &n.reply);
        int worth = everywhere ? preference(n.folder, folder, db_int(st, 7)) : 1;
        if (worth == 0)
            continue;
        if (everywhere && n.message == last) {
            if (worth > best)
                *node(t, t->nodes->len - 1) = n;
            best = MAX(best, worth);
            continue;
        }
        last = n.message;
        best = worth;
        g_array_append_val(t->nodes, n);
    }
}

static int by_date(gconstpointer a, gconstpointer b)
{
    const Node *x = a, *y = b;
    if (x->date != y->date)
        return x->date < y->date ? -1 : 1;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return x->placement < y->placement ? -1 : x->placement > y->placement;
}

/* ---- who hangs below whom ---- */

static void find_parent(Tree *t, guint i)
{
    Node *n = node(t, i);
    Chain c = {.n = 0};
    sqlite3_stmt *st = db_query(
        &t->s->db, "SELECT in_reply_to, refs FROM message WHERE id = ?", "i", n->message);
    if (!db_step(&t->s->db, st))
        return;
    thread_chain_columns(t->s, t->account, n->hash, db_peek(st, 0), db_peek(st, 1), &c);
    db_reset(st);
    for (guint k = c.n; k-- > 0 && n->parent == NONE;) {
        guint p = c.hash[k] == n->hash ? NONE : named(t, c.hash[k]);
        if (p != NONE && p != i)
            n->parent = p;
    }
}

/* The loose ones by their order: each reply below the one before it, of the same subject. */
static void hang_loose(Tree *t)
{
    g_autoptr(GHashTable) newest = g_hash_table_new(g_int64_hash, g_int64_equal);
    for (guint i = 0; i < t->nodes->len; i++) {
        Node *n = node(t, i);
        if (!n->loose)
            continue;
        gint64 parent;
        gpointer before = g_hash_table_lookup(newest, &n->loose);
        if (n->reply && n->parent == NONE && before &&
            n->date - node(t, GPOINTER_TO_UINT(before) - 1)->date <= LOOSE_SECONDS &&
            !thread_hand(t->s, t->account, n->hash, &parent))
            n->parent = GPOINTER_TO_UINT(before) - 1;
        g_hash_table_insert(newest, &n->loose, GUINT_TO_POINTER(i + 1));
    }
}

/* Follows each one upwards, once; who is met on his own way is opened at the oldest of the circle. */
static void open_circles(Tree *t)
{
    guint count = t->nodes->len;
    g_autofree guint *walk = g_new0(guint, count + 1); /* in which walk it was met */
    for (guint i = 0; i < count; i++) {
        guint at = i;
        while (at != NONE && !walk[at]) {
            walk[at] = i + 1;
            at = node(t, at)->parent;
        }
        if (at == NONE || walk[at] != i + 1)
            continue;
        guint oldest = at;
        for (guint k = node(t, at)->parent; k != at; k = node(t, k)->parent)
            oldest = MIN(oldest, k); /* numbers are in the order of dates */
        node(t, oldest)->parent = NONE;
    }
}

/* Roots and siblings in the order of dates. Returns the first root. */
static guint hang_up(Tree *t)
{
    guint root = NONE;
    for (guint i = t->nodes->len; i-- > 0;) {
        Node *n = node(t, i);
        guint *first = n->parent == NONE ? &root : &node(t, n->parent)->child;
        n->next = *first;
        *first = i;
    }
    return root;
}

static GArray *walk(Tree *t, guint root)
{
    GArray *entries = g_array_sized_new(FALSE, FALSE, sizeof(ThreadEntry), t->nodes->len);
    for (guint at = root; at != NONE;) {
        Node *n = node(t, at);
        n->depth = n->parent == NONE ? 0 : (guint16)MIN(node(t, n->parent)->depth + 1, DEPTH_MAX);
        ThreadEntry e = {n->placement, n->message, n->folder, n->date, n->flags, n->depth,
                         n->next == NONE};
        g_array_append_val(entries, e);
        guint next = n->child;
        for (guint up = at; next == NONE && up != NONE; up = node(t, up)->parent)
            next = node(t, up)->next; /* upwards to who has a sibling */
        at = next;
    }
    return entries;
}

GArray *thread_entries(Store *s, gint64 thread, gint64 folder, gboolean everywhere, GError **err)
{
    Tree t = {.s = s, .nodes = g_array_new(FALSE, FALSE, sizeof(Node)),
              .by_hash = g_hash_table_new(g_int64_hash, g_int64_equal)};
    gboolean reading = read_begin(s);
    read_nodes(&t, thread, folder, everywhere);
    g_array_sort(t.nodes, by_date);
    for (guint i = t.nodes->len; i-- > 0;) /* of two with one Message-ID the older counts */
        g_hash_table_insert(t.by_hash, &node(&t, i)->hash, GUINT_TO_POINTER(i + 1));
    for (guint i = 0; i < t.nodes->len; i++)
        find_parent(&t, i);
    hang_loose(&t);
    if (reading)
        read_end(s);
    open_circles(&t);
    GArray *entries = walk(&t, hang_up(&t));
    g_array_unref(t.nodes);
    g_hash_table_unref(t.by_hash);
    if (db_ok(&s->db, err))
        return entries;
    g_array_unref(entries);
    return NULL;
}

gint64 thread_of_placement(Store *s, gint64 placement)
{
    gint64 thread = db_number(&s->db, 0,
                              "SELECT m.thread FROM placement p CROSS JOIN message m"
                              " ON m.id = p.message WHERE p.id = ?",
                              "i", placement);
    db_ok(&s->db, NULL);
    return thread;
}

GArray *thread_placements(Store *s, gint64 thread, gint64 folder, GError **err)
{
    GArray *ids = g_array_new(FALSE, FALSE, sizeof(gint64));
    sqlite3_stmt *st = db_query(&s->db,
                                "SELECT p.id FROM message m CROSS JOIN placement p"
                                " ON p.message = m.id WHERE m.thread = ?1 AND +p.shown = 1"
                                " AND (?2 = 0 OR +p.folder = ?2)",
                                "ii", thread, folder);
    while (db_step(&s->db, st)) {
        gint64 id = db_int(st, 0);
        g_array_append_val(ids, id);
    }
    if (db_ok(&s->db, err))
        return ids;
    g_array_unref(ids);
    return NULL;
}
