/* body_pieces.c - content that comes piece by piece: what is here of it survives a cut, a cancel and the
 * program, and memory never holds more than one piece.
 *
 * An unfinished section is kept under its name with a mark in front of it ("~1.2"), which nobody reads; the
 * last piece gives it its name, in the same transaction. It ages and is evicted like the rest. */
#include "body_private.h"
#include "pintail/util/date.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"

/* `how` keeps apart what was begun in different ways. */
static char *unfinished(const char *section, const char *how)
{
    return g_strconcat("~", how, section, NULL);
}

guint64 body_begun(Store *s, gint64 message, const char *section, const char *how)
{
    g_autofree char *name = unfinished(section, how);
    if (!store_cache(s)) {
        db_ok(&s->db, NULL);
        return 0;
    }
    gint64 size = db_number(&s->cache, 0, "SELECT size FROM body WHERE message = ? AND section = ?", "it", message, name);
    db_ok(&s->cache, NULL);
    return (guint64)MAX(size, 0);
}

/* The row that grows: a new one at 0, else the one that has exactly so much. 0: it is not there any more. */
static gint64 growing_row(Db *cache, gint64 message, const char *name, guint64 at)
{
    gint64 id = db_number(cache, 0, "SELECT id FROM body WHERE message = ? AND section = ?", "it", message, name);
    if (at > 0)
        return id && db_number(cache, -1, "SELECT size FROM body WHERE id = ?", "i", id) == I64(at) ? id : 0;
    if (id)
        cache_delete(cache, id);
    db_run(cache, "INSERT INTO body(message, section, size, stored, used) VALUES(?, ?, 0, 64, ?)", "iti", message, name,
           date_now());
    id = db_last_id(cache);
    db_run(cache, "UPDATE state SET total = total + 64", "");
    return id;
}

static void finish(Db *cache, gint64 id, gint64 message, const char *section)
{
    gint64 old = db_number(cache, 0, "SELECT id FROM body WHERE message = ? AND section = ?", "it", message, section);
    if (old)
        cache_delete(cache, old);
    db_run(cache, "UPDATE body SET section = ? WHERE id = ?", "ti", section, id);
}

gboolean body_add(Store *s, gint64 message, const char *section, const char *how, guint64 at, const void *bytes,
                  gsize len, gboolean last, GError **err)
{
    g_autofree char *name = unfinished(section, how);
    if (!body_may_put(s, at + len, err))
        return FALSE;
    g_autoptr(GPtrArray) chunks = body_compress(bytes, len);
    if (!cache_begin(s))
        return db_ok(&s->cache, err) && db_ok(&s->db, err);
    gint64 id = growing_row(&s->cache, message, name, at);
    if (id) {
        gint64 next = db_number(&s->cache, 0, "SELECT max(n) + 1 FROM chunk WHERE body = ?", "i", id);
        gsize stored = body_write_chunks(&s->cache, id, next, chunks);
        db_run(&s->cache, "UPDATE body SET size = size + ?, stored = stored + ? WHERE id = ?", "iii", I64(len),
               I64(stored), id);
        db_run(&s->cache, "UPDATE state SET total = total + ?", "i", I64(stored));
        if (last)
            finish(&s->cache, id, message, section);
    }
    if (!cache_commit(s, err))
        return FALSE;
    if (!id) {
        error_set(err, PINTAIL_ERROR_GONE, "%s", _("the beginning of this is not here any more"));
        return FALSE;
    }
    return !last || body_is_here(s, message, section, err);
}
