/* placement.c - a message in a folder: what the server says, and what the person sees.
 *
 * Shown = the server's state with every operation applied that waits, is in flight, or
 * was derived from one that does; parked operations do not count. Let C be the operation that makes
 * this placement (a MOVE or COPY whose destination it is), if it is still queued:
 *
 *   flags(p, before) = flags(source of C, before C) + FLAGS operations on p older than `before`
 *                      (without C: server_flags instead)
 *   here(p)          = server_here, or APPEND queued on p, or C in flight, or C waiting and its
 *                      source here
 *   shown(p)         = here(p), and no MOVE or PURGE on p and no APPEND that replaces p
 *
 * Nothing else writes shown, shown_flags, waiting, parked or the folder's counters. */
#include <string.h>
#include "change_private.h"
#include "folder_private.h"
#include "message_private.h"
#include "pintail/store/op.h"
#include "subject.h"
#include "pintail/util/text.h"

#define SORT_MAX  48
#define CHAIN_MAX 256 /* moves of one message that wait one behind the other */

void placement_clear(Placement *p)
{
    g_free(p->base);
    g_free(p->file);
    g_free(p->maildir);
    memset(p, 0, sizeof *p);
}

gboolean placement_load(Store *s, gint64 id, Placement *p)
{
    *p = (Placement){0};
    sqlite3_stmt *st = db_query(
        &s->db,
        "SELECT p.id, p.message, p.folder, f.account, p.uid, p.uidvalidity = f.uidvalidity,"
        " p.server_here, p.shown, p.waiting, p.parked, p.server_flags, p.shown_flags, f.flags,"
        " p.added_seq, p.op_done_seq, p.base, p.file, p.date"
        " FROM placement p JOIN folder f ON f.id = p.folder WHERE p.id = ?",
        "i", id);
    if (!db_step(&s->db, st))
        return FALSE;
    gboolean current = db_int(st, 5) != 0;
    *p = (Placement){.id = db_int(st, 0),
                     .message = db_int(st, 1),
                     .folder = db_int(st, 2),
                     .account = db_int(st, 3),
                     .uid = current ? (guint32)db_int(st, 4) : 0,
                     .unbound = db_int(st, 4) != 0 && !current,
                     .server_here = db_int(st, 6) != 0,
                     .shown = db_int(st, 7) != 0,
                     .waiting = db_int(st, 8) != 0,
                     .parked = db_int(st, 9) != 0,
                     .server_flags = (guint)db_int(st, 10),
                     .shown_flags = (guint)db_int(st, 11),
                     .folder_flags = (guint)db_int(st, 12),
                     .added_seq = db_int(st, 13),
                     .op_done_seq = db_int(st, 14),
                     .base = g_strdup((const char *)sqlite3_column_text(st, 15)),
                     .file = g_strdup((const char *)sqlite3_column_text(st, 16)),
                     .date = db_int(st, 17)};
    db_reset(st);
    if (p->folder_flags & FOLDER_LOCAL)
        p->maildir = folder_maildir(s, p->folder);
    return TRUE;
}

char *placement_path(const Placement *p)
{
    return p->file && p->maildir ? g_build_filename(p->maildir, p->file, NULL) : NULL;
}

/* ---- making rows ---- */
static char *sort_key(const char *text)
{
    gsize len = MIN(strlen(text), (gsize)4 * SORT_MAX);
    while (len > 0 && ((guchar)text[len] & 0xc0) == 0x80)
        len--;
    g_autofree char *folded = text_fold(text, (gssize)len);
    gsize keep = MIN(strlen(folded), (gsize)SORT_MAX);
    while (keep > 0 && ((guchar)folded[keep] & 0xc0) == 0x80)
        keep--;
    return g_strndup(folded, keep);
}

gint64 placement_insert(Store *s, gint64 message, gint64 folder, guint32 uidvalidity, guint32 uid,
                        guint server_flags, gboolean server_here)
{
    sqlite3_stmt *st = db_query(
        &s->db, "SELECT from_label, subject, date, received, size FROM message WHERE id = ?", "i",
        message);
    if (!db_step(&s->db, st))
        return 0;
    g_autofree char *from = sort_key(db_peek(st, 0));
    g_autofree char *subject = sort_key(subject_bare(db_peek(st, 1), NULL));
    gint64 date = db_int(st, 2), received = db_int(st, 3), size = db_int(st, 4);
    db_reset(st);
    db_run(&s->db,
           "INSERT INTO placement(message, folder, uidvalidity, uid, server_here, server_flags,"
           " date, received, size, sort_from, sort_subject)"
           " VALUES(?, ?, ?, nullif(?, 0), ?, ?, ?, ?, ?, ?, ?)",
           "iiiiiiiiitt", message, folder, I64(uidvalidity), I64(uid), I64(server_here),
           I64(server_flags), date, received, size, from, subject);
    return db_last_id(&s->db);
}

gint64 placement_insert_shown(Store *s, gint64 message, gint64 folder, guint32 uidvalidity, guint32 uid, guint flags)
{
    gint64 seq = txn_seq(s), thread, date;
    sqlite3_stmt *st = db_query(
        &s->db, "SELECT from_label, subject, date, received, size, thread FROM message WHERE id = ?", "i",
        message);
    if (!db_step(&s->db, st))
        return 0;
    g_autofree char *from = sort_key(db_peek(st, 0));
    g_autofree char *subject = sort_key(subject_bare(db_peek(st, 1), NULL));
    gint64 received = db_int(st, 3), size = db_int(st, 4);
    date = db_int(st, 2);
    thread = db_int(st, 5);
    db_reset(st);
    db_run(&s->db,
           "INSERT INTO placement(message, folder, uidvalidity, uid, server_here, server_flags, shown,"
           " shown_flags, change_seq, added_seq, date, received, size, sort_from, sort_subject)"
           " VALUES(?1, ?2, ?3, ?4, 1, ?5, 1, ?5, ?6, ?6, ?7, ?8, ?9, ?10, ?11)",
           "iiiiiiiiitt", message, folder, I64(uidvalidity), I64(uid), I64(flags), seq, date, received, size, from,
           subject);
    gint64 id = db_last_id(&s->db);
    thread_add(s, folder, thread, date, 1, !(flags & FLAG_SEEN));
    return id;
}

void placement_counted(Store *s, gint64 account, gint64 folder, gint64 total, gint64 unread)
{
    db_run(&s->db, "UPDATE folder SET total = total + ?, unread = unread + ?, change_seq = ? WHERE id = ?", "iiii",
           total, unread, txn_seq(s), folder);
    txn_touch(s, account, folder);
    if (total || unread)
        txn_touch_list(s, account);
}

gint64 placement_clone(Store *s, gint64 source, gint64 folder, gboolean server_here)
{
    db_run(&s->db,
           "INSERT INTO placement(message, folder, server_here, server_flags, date, received, size,"
           " sort_from, sort_subject)"
           " SELECT message, ?, ?, shown_flags, date, received, size, sort_from, sort_subject"
           " FROM placement WHERE id = ?",
           "iii", folder, I64(server_here), source);
    return db_changes(&s->db) ? db_last_id(&s->db) : 0;
}

void placement_set_file(Store *s, gint64 id, const char *base, const char *file)
{
    db_run(&s->db, "UPDATE placement SET base = ?, file = ? WHERE id = ?", "tti", base, file, id);
}

/* ---- what is shown ---- */
typedef struct {
    gint64 op, source;
    OpState state;
} Creator;

static Creator creator_of(Store *s, gint64 id)
{
    Creator c = {0};
    sqlite3_stmt *st =
        db_query(&s->db,
                 "SELECT id, placement, state FROM op WHERE destination_placement = ?"
                 " AND destination_placement <> 0 ORDER BY id LIMIT 1",
                 "i", id);
    if (db_step(&s->db, st)) {
        c = (Creator){db_int(st, 0), db_int(st, 1), (OpState)db_int(st, 2)};
        db_reset(st);
    }
    return c;
}

guint placement_flags_before(Store *s, gint64 id, gint64 op)
{
    g_autoptr(GArray) deltas = g_array_new(FALSE, FALSE, 2 * sizeof(guint)); /* newest first */
    guint flags = 0;
    if (op == 0)
        op = G_MAXINT64;
    for (int i = 0;; i++) {
        sqlite3_stmt *st = db_query(&s->db,
                                    "SELECT add_flags, remove_flags FROM op WHERE placement = ?"
                                    " AND id < ? AND kind = 0 AND state <> 2 ORDER BY id DESC",
                                    "ii", id, op);
        while (db_step(&s->db, st)) {
            guint delta[2] = {(guint)db_int(st, 0), (guint)db_int(st, 1)};
            g_array_append_val(deltas, delta);
        }
        Creator c = i < CHAIN_MAX ? creator_of(s, id) : (Creator){0};
        if (!c.op) {
            flags = (guint)db_number(&s->db, 0, "SELECT server_flags FROM placement WHERE id = ?",
                                     "i", id);
            break;
        }
        id = c.source;
        op = c.op;
    }
    for (guint i = deltas->len; i > 0; i--) {
        const guint *delta = (const guint *)(const void *)deltas->data + 2 * (i - 1);
        flags = (flags | delta[0]) & ~delta[1];
    }
    return flags;
}

static gboolean is_here(Store *s, gint64 id)
{
    for (int i = 0; i <= CHAIN_MAX; i++) {
        if (db_number(&s->db, 0, "SELECT server_here FROM placement WHERE id = ?", "i", id) ||
            db_number(&s->db, 0, "SELECT 1 FROM op WHERE placement = ? AND kind = 4", "i", id))
            return TRUE;
        Creator c = creator_of(s, id);
        if (!c.op || c.state == OP_PARKED)
            return FALSE;
        if (c.state == OP_INFLIGHT) /* the source may already be gone because of it */
            return TRUE;
        id = c.source;
    }
    return FALSE;
}

static gboolean is_hidden(Store *s, gint64 id)
{
    return db_number(&s->db, 0,
                     "SELECT 1 FROM op WHERE placement = ? AND kind IN (1, 3) AND state <> 2", "i",
                     id) ||
           db_number(&s->db, 0,
                     "SELECT 1 FROM op WHERE replaces = ? AND replaces <> 0 AND state <> 2", "i",
                     id);
}

static void count(Store *s, const Placement *p, gboolean shown, guint flags)
{
    gint64 total = (gint64)shown - (gint64)p->shown;
    gint64 unread = (gint64)(shown && !(flags & FLAG_SEEN)) -
                    (gint64)(p->shown && !(p->shown_flags & FLAG_SEEN));
    if (shown || p->shown)
        thread_count(s, p->folder, p->message, p->date, total, unread);
    placement_counted(s, p->account, p->folder, total, unread);
}

static void bury(Store *s, const Placement *p)
{
    db_run(&s->db, "INSERT OR REPLACE INTO tombstone VALUES(?, ?, ?, ?)", "iiii", p->folder,
           txn_seq(s), p->id, p->added_seq);
}

static void recompute_one(Store *s, gint64 id)
{
    g_auto(Placement) p = {0};
    if (!placement_load(s, id, &p))
        return;
    gboolean busy = db_number(&s->db, 0,
                              "SELECT EXISTS(SELECT 1 FROM op WHERE placement = ?1)"
                              " OR EXISTS(SELECT 1 FROM op WHERE destination_placement = ?1"
                              " AND destination_placement <> 0)"
                              " OR EXISTS(SELECT 1 FROM op WHERE replaces = ?1 AND replaces <> 0)",
                              "i", id) != 0;
    /* Most placements have no operation: then it is what the server says. */
    gboolean shown = p.server_here, waiting = FALSE, parked = FALSE;
    guint flags = p.server_flags;
    if (busy) {
        shown = is_here(s, id) && !is_hidden(s, id);
        flags = placement_flags_before(s, id, 0);
        waiting = db_number(&s->db, 0,
                            "SELECT EXISTS(SELECT 1 FROM op WHERE placement = ?1 AND state <> 2)"
                            " OR EXISTS(SELECT 1 FROM op WHERE destination_placement = ?1"
                            " AND destination_placement <> 0 AND state <> 2)",
                            "i", id) != 0;
        parked = db_number(&s->db, 0, "SELECT 1 FROM op WHERE placement = ? AND state = 2 LIMIT 1",
                           "i", id) != 0;
    }
    if (shown == p.shown && flags == p.shown_flags && waiting == p.waiting && parked == p.parked)
        return;
    gint64 seq = txn_seq(s);
    if (p.shown && !shown)
        bury(s, &p);
    db_run(&s->db,
           "UPDATE placement SET shown = ?, shown_flags = ?, waiting = ?, parked = ?,"
           " change_seq = ?, added_seq = ? WHERE id = ?",
           "iiiiiii", I64(shown), I64(flags), I64(waiting), I64(parked), seq,
           shown && !p.shown ? seq : p.added_seq, id);
    count(s, &p, shown, flags);
}

void placement_recompute(Store *s, gint64 id)
{
    g_autoptr(GArray) todo = g_array_new(FALSE, FALSE, sizeof(gint64));
    g_array_append_val(todo, id);
    for (guint i = 0; i < todo->len && i < 4 * CHAIN_MAX; i++) {
        id = g_array_index(todo, gint64, i);
        recompute_one(s, id);
        sqlite3_stmt *st = db_query(&s->db,
                                    "SELECT destination_placement FROM op WHERE placement = ?"
                                    " AND destination_placement <> 0",
                                    "i", id);
        while (db_step(&s->db, st)) {
            gint64 next = db_int(st, 0);
            g_array_append_val(todo, next);
        }
    }
}

void placement_touch(Store *s, gint64 id)
{
    g_auto(Placement) p = {0};
    if (!placement_load(s, id, &p) || !p.shown)
        return;
    db_run(&s->db, "UPDATE placement SET change_seq = ? WHERE id = ?", "ii", txn_seq(s), id);
    count(s, &p, p.shown, p.shown_flags);
}

void placement_refolder(Store *s, gint64 id, gint64 folder)
{
    g_auto(Placement) p = {0};
    if (!placement_load(s, id, &p) || p.folder == folder)
        return;
    db_run(&s->db, "UPDATE placement SET folder = ?, shown = 0 WHERE id = ?", "ii", folder, id);
    if (p.shown) {
        bury(s, &p);
        count(s, &p, FALSE, 0);
    }
    placement_recompute(s, id);
}

void placement_delete(Store *s, gint64 id)
{
    g_auto(Placement) p = {0};
    if (!placement_load(s, id, &p))
        return;
    db_run(&s->db, "DELETE FROM placement WHERE id = ?", "i", id);
    if (p.shown) {
        bury(s, &p);
        count(s, &p, FALSE, 0);
    }
    message_collect(s, p.message);
}

void placement_collect(Store *s, gint64 id)
{
    gint64 wanted = db_number(&s->db, 1,
                              "SELECT server_here OR await_uidnext > 0"
                              " OR EXISTS(SELECT 1 FROM op WHERE placement = ?1)"
                              " OR EXISTS(SELECT 1 FROM op WHERE destination_placement = ?1"
                              " AND destination_placement <> 0) FROM placement WHERE id = ?1",
                              "i", id);
    if (!wanted && !db_failed(&s->db))
        placement_delete(s, id);
}

/* ---- a UID becomes known ---- */
void placement_merge(Store *s, gint64 kept, gint64 gone)
{
    gint64 message = db_number(&s->db, 0, "SELECT message FROM placement WHERE id = ?", "i", kept);
    db_run(&s->db, "UPDATE op SET placement = ?, message = ? WHERE placement = ?", "iii", kept,
           message, gone);
    db_run(&s->db,
           "UPDATE op SET destination_placement = ? WHERE destination_placement = ?"
           " AND destination_placement <> 0",
           "ii", kept, gone);
    db_run(&s->db, "UPDATE op SET replaces = ? WHERE replaces = ? AND replaces <> 0", "ii", kept,
           gone);
    db_run(&s->db, "UPDATE outbox SET answers = ? WHERE answers = ?", "ii", kept, gone);
    undo_follow(s, kept, gone);
    placement_delete(s, gone);
}

void placement_bind(Store *s, gint64 id, guint32 uidvalidity, guint32 uid)
{
    g_auto(Placement) p = {0};
    if (!placement_load(s, id, &p))
        return;
    gint64 other = db_number(&s->db, 0,
                             "SELECT id FROM placement WHERE folder = ? AND uidvalidity = ?"
                             " AND uid = ?",
                             "iii", p.folder, I64(uidvalidity), I64(uid));
    guint flags = p.server_flags;
    if (other && other != id) {
        flags = (guint)db_number(&s->db, 0, "SELECT server_flags FROM placement WHERE id = ?", "i",
                                 other);
        db_run(&s->db, "UPDATE placement SET uid = NULL WHERE id = ?", "i", other);
    }
    guint32 old = p.uid;
    db_run(&s->db,
           "UPDATE placement SET uidvalidity = ?, uid = ?, server_here = 1, server_flags = ?,"
           " await_uidnext = 0, await_rounds = 0, op_done_seq = ? WHERE id = ?",
           "iiiii", I64(uidvalidity), I64(uid), I64(flags), txn_seq(s), id);
    if (other && other != id) {
        if (old && old != uid) /* two copies, bound the wrong way round */
            db_run(&s->db, "UPDATE placement SET uid = ?, server_flags = ? WHERE id = ?", "iii",
                   I64(old), I64(p.server_flags), other);
        else
            placement_merge(s, id, other);
    }
    placement_recompute(s, id);
    if (other && other != id)
        placement_recompute(s, other);
}
