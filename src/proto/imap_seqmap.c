/* imap_seqmap.c - see imap_seqmap.h. */
#include "imap_seqmap.h"

typedef struct {
    guint32 count; /* more than SEQMAP_CHUNK only when nothing is known of it */
    guint32 *uids; /* SEQMAP_CHUNK of them, 0 where unknown; NULL: nothing known */
} SeqChunk;

static SeqChunk *chunk_at(const SeqMap *m, guint i)
{
    return &g_array_index(m->chunks, SeqChunk, i);
}

static void free_chunk(gpointer p)
{
    g_free(((SeqChunk *)p)->uids);
}

void imap_seqmap_init(SeqMap *m)
{
    *m = (SeqMap){0};
    m->chunks = g_array_new(FALSE, FALSE, sizeof(SeqChunk));
    g_array_set_clear_func(m->chunks, free_chunk);
}

void imap_seqmap_clear(SeqMap *m)
{
    g_clear_pointer(&m->chunks, g_array_unref);
}

static void forget_hint(SeqMap *m)
{
    m->hint = 0;
    m->hint_at = 0;
}

void imap_seqmap_reset(SeqMap *m, guint32 total)
{
    g_array_set_size(m->chunks, 0);
    m->total = 0;
    forget_hint(m);
    imap_seqmap_resize(m, total);
}

void imap_seqmap_resize(SeqMap *m, guint32 total)
{
    while (m->total > total) {
        SeqChunk *last = chunk_at(m, m->chunks->len - 1);
        guint64 surplus = m->total - total;
        forget_hint(m);
        if (last->count > surplus) {
            last->count -= (guint32)surplus;
            m->total = total;
        } else {
            m->total -= last->count;
            g_array_set_size(m->chunks, m->chunks->len - 1);
        }
    }
    if (m->total == total)
        return;
    guint32 more = (guint32)(total - m->total);
    SeqChunk *last = m->chunks->len ? chunk_at(m, m->chunks->len - 1) : NULL;
    if (last && !last->uids) {
        last->count += more;
    } else {
        guint32 room = last ? MIN(SEQMAP_CHUNK - last->count, more) : 0;
        if (room > 0) {
            memset(last->uids + last->count, 0, room * sizeof *last->uids);
            last->count += room;
        }
        SeqChunk unknown = {.count = more - room};
        if (unknown.count > 0)
            g_array_append_val(m->chunks, unknown);
    }
    m->total = total;
}

/* The chunk that holds the entry `index` (0-based, < total); *offset is within it. */
static guint find(SeqMap *m, guint64 index, guint32 *offset)
{
    if (index < m->hint_at)
        forget_hint(m);
    while (index - m->hint_at >= chunk_at(m, m->hint)->count) {
        m->hint_at += chunk_at(m, m->hint)->count;
        m->hint++;
    }
    *offset = (guint32)(index - m->hint_at);
    return m->hint;
}

/* Cuts chunk `i` of unknown entries so that a known one of at most SEQMAP_CHUNK begins at
 * `offset`; the caller looks it up again. */
static void split(SeqMap *m, guint i, guint32 offset)
{
    SeqChunk old = *chunk_at(m, i);
    guint32 known = MIN(old.count - offset, SEQMAP_CHUNK);
    SeqChunk middle = {.count = known, .uids = g_new0(guint32, SEQMAP_CHUNK)};
    SeqChunk after = {.count = old.count - offset - known};
    guint at = i;
    if (offset > 0) {
        chunk_at(m, i)->count = offset;
        at = i + 1;
        g_array_insert_val(m->chunks, at, middle);
    } else {
        *chunk_at(m, i) = middle;
    }
    if (after.count > 0)
        g_array_insert_val(m->chunks, at + 1, after);
}

void imap_seqmap_set(SeqMap *m, guint32 seq, guint32 uid)
{
    guint32 offset;
    if (seq == 0 || seq > m->total)
        return;
    guint i = find(m, seq - 1, &offset);
    if (!chunk_at(m, i)->uids) {
        if (m->chunks->len >= SEQMAP_CHUNKS)
            return;
        /* newest first: make room on both sides of what is asked for now */
        guint32 begin = offset >= SEQMAP_CHUNK / 2 ? offset - SEQMAP_CHUNK / 2 : 0;
        split(m, i, begin);
        i = find(m, seq - 1, &offset);
    }
    chunk_at(m, i)->uids[offset] = uid;
}

guint32 imap_seqmap_get(SeqMap *m, guint32 seq)
{
    guint32 offset;
    if (seq == 0 || seq > m->total)
        return 0;
    const SeqChunk *c = chunk_at(m, find(m, seq - 1, &offset));
    return c->uids ? c->uids[offset] : 0;
}

guint32 imap_seqmap_remove(SeqMap *m, guint32 seq)
{
    guint32 offset, uid = 0;
    if (seq == 0 || seq > m->total)
        return 0;
    guint i = find(m, seq - 1, &offset);
    SeqChunk *c = chunk_at(m, i);
    if (c->uids) {
        uid = c->uids[offset];
        memmove(c->uids + offset, c->uids + offset + 1, (c->count - offset - 1) * sizeof *c->uids);
        c->uids[c->count - 1] = 0;
    }
    m->total--;
    if (--c->count == 0) {
        g_array_remove_index(m->chunks, i);
        if (i == m->chunks->len)
            forget_hint(m);
    }
    return uid;
}

guint32 imap_seqmap_remove_set(SeqMap *m, const ImapSet *uids)
{
    guint32 removed = 0;
    guint kept_chunks = 0;
    for (guint i = 0; i < m->chunks->len; i++) {
        SeqChunk *c = chunk_at(m, i);
        guint32 kept = 0;
        for (guint32 k = 0; c->uids && k < c->count; k++) {
            if (!imap_set_contains(uids, c->uids[k]))
                c->uids[kept++] = c->uids[k];
        }
        if (c->uids) {
            removed += c->count - kept;
            c->count = kept;
        }
        if (c->count == 0) {
            g_clear_pointer(&c->uids, g_free);
            continue;
        }
        SeqChunk move = *c;
        *c = (SeqChunk){0};
        *chunk_at(m, kept_chunks++) = move;
    }
    g_array_set_size(m->chunks, kept_chunks);
    m->total -= removed;
    forget_hint(m);
    return removed;
}
