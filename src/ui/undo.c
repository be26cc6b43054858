/* undo.c - what `u` takes back, newest first.
 *
 * An action may be taken back before the writer has committed it: it has no group then, is
 * remembered as wanted, and is undone as soon as its group is known. */
#include "undo.h"

struct Undo {
    GPtrArray *steps; /* of Undone; last is newest */
    guint64 last;
    GHashTable *wanted; /* tickets taken before they had a group */
};

static void step_free(gpointer p)
{
    Undone *s = p;
    g_free(s->what);
    g_free(s);
}

Undo *undo_new(void)
{
    Undo *u = g_new0(Undo, 1);
    u->steps = g_ptr_array_new_with_free_func(step_free);
    u->wanted = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    return u;
}

void undo_free(Undo *u)
{
    if (!u)
        return;
    g_ptr_array_unref(u->steps);
    g_hash_table_unref(u->wanted);
    g_free(u);
}

guint64 undo_begin(Undo *u, const char *what, gint64 placement, gint64 message)
{
    Undone *s = g_new0(Undone, 1);
    s->ticket = ++u->last;
    s->what = g_strdup(what);
    s->placement = placement;
    s->message = message;
    g_ptr_array_add(u->steps, s);
    if (u->steps->len > UNDO_LEVELS)
        g_ptr_array_remove_index(u->steps, 0);
    return s->ticket;
}

void undo_add_sending(Undo *u, gint64 outbox, gint64 account)
{
    undo_begin(u, "", 0, 0);
    Undone *s = u->steps->pdata[u->steps->len - 1];
    s->outbox = outbox;
    s->account = account;
}

static guint find(const Undo *u, guint64 ticket)
{
    for (guint i = u->steps->len; i > 0; i--)
        if (((Undone *)u->steps->pdata[i - 1])->ticket == ticket)
            return i - 1;
    return G_MAXUINT;
}

void undo_committed(Undo *u, guint64 ticket, gint64 group, gint64 also)
{
    guint at = find(u, ticket);
    if (at == G_MAXUINT)
        return;
    Undone *s = u->steps->pdata[at];
    s->groups[0] = group;
    s->groups[1] = also;
}

void undo_failed(Undo *u, guint64 ticket)
{
    guint at = find(u, ticket);
    if (at != G_MAXUINT)
        g_ptr_array_remove_index(u->steps, at);
    g_hash_table_remove(u->wanted, &ticket);
}

gboolean undo_take(Undo *u, Undone *out)
{
    if (u->steps->len == 0)
        return FALSE;
    Undone *s = u->steps->pdata[u->steps->len - 1];
    *out = *s;
    s->what = NULL;
    if (out->groups[0] == 0 && !out->outbox)
        g_hash_table_add(u->wanted, g_memdup2(&out->ticket, sizeof out->ticket));
    g_ptr_array_set_size(u->steps, (int)u->steps->len - 1);
    return TRUE;
}

gboolean undo_wanted(Undo *u, guint64 ticket)
{
    return g_hash_table_remove(u->wanted, &ticket);
}
