/* append.c - a whole message is put into a folder.
 *
 * The bytes are durable before the row says so: a local message stands under tmp/ until the
 * transaction gives it its name; one for a server is a file in append/ until the server has
 * confirmed it. A file without a row (crash in between) was never promised to anybody. */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "change_private.h"
#include "folder_private.h"
#include "maildir_files.h"
#include "pintail/util/date.h"
#include "pintail/util/error.h"
#include "pintail/util/file.h"
#include "pintail/util/i18n.h"

void prepared_clear(Prepared *p)
{
    if (p->path)
        unlink(p->path);
    g_free(p->maildir);
    g_free(p->base);
    g_free(p->path);
    g_clear_pointer(&p->envelope, envelope_unref);
    memset(p, 0, sizeof *p);
}

static gboolean prepare_local(const void *bytes, gsize len, Prepared *p, GError **err)
{
    crash_point("append");
    if (!maildir_write_tmp(p->maildir, p->base, bytes, len, &p->size, err))
        return FALSE;
    p->path = g_build_filename(p->maildir, "tmp", p->base, NULL);
    return TRUE;
}

/* As it goes over the wire: the size must be the one that the server will report. */
static gboolean prepare_remote(Store *s, const void *bytes, gsize len, Prepared *p, GError **err)
{
    g_autofree char *directory = home_path(s->home, "append");
    g_autofree char *name = g_strconcat(p->base, ".eml", NULL);
    g_autoptr(GBytes) wire = lf_to_crlf(bytes, len);
    const void *at = g_bytes_get_data(wire, &p->size);
    if (!file_make_directories(directory, err))
        return FALSE;
    g_autofree char *path = g_build_filename(directory, name, NULL);
    crash_point("append");
    if (!file_replace_durable(path, at, p->size, err))
        return FALSE;
    p->path = g_steal_pointer(&path);
    return TRUE;
}

gboolean append_prepare(Store *s, gint64 folder, const void *bytes, gsize len, const char *key,
                        Prepared *p, GError **err)
{
    *p = (Prepared){.folder = folder};
    g_autoptr(Folder) f = folder_get(s, folder, err);
    if (!f)
        return FALSE;
    if (s->home->flags & STORE_READ_ONLY) {
        error_set(err, PINTAIL_ERROR_REFUSED, _("opened read only: nothing is changed"));
        return FALSE;
    }
    if ((f->flags & FOLDER_READ_ONLY) || len > BODY_LIMIT) {
        error_set(err, PINTAIL_ERROR_REFUSED,
                  len > BODY_LIMIT ? _("the message is too large for '%s'")
                                   : _("'%s' is read only"),
                  f->name);
        return FALSE;
    }
    p->account = f->account_id;
    p->local = (f->flags & FOLDER_LOCAL) != 0;
    p->maildir = g_strdup(f->path);
    p->base = key ? maildir_derived("append", key, strlen(key)) : maildir_unique();
    p->envelope = envelope_parse(bytes, MIN(len, (gsize)1 << 20));
    return p->local ? prepare_local(bytes, len, p, err) : prepare_remote(s, bytes, len, p, err);
}

static void place_file(Store *s, Prepared *p, gint64 id, guint flags)
{
    GError *err = NULL;
    /* What Pintail puts there itself is not new mail. */
    g_autofree char *file = maildir_name(p->base, flags, "cur/");
    crash_point("append");
    if (!maildir_publish(p->maildir, p->base, file, &err)) {
        db_fail(&s->db, err);
        return;
    }
    crash_point("append");
    g_autofree char *path = g_build_filename(p->maildir, file, NULL);
    txn_created(s, path);
    txn_sync_parent(s, path);
    placement_set_file(s, id, p->base, file);
}

/* What `old` was to become is never sent; what it was to replace, the new one replaces. */
static gint64 supersede(Store *s, gint64 old)
{
    gint64 op = db_number(
        &s->db, 0, "SELECT id FROM op WHERE placement = ? AND kind = 4 AND state <> 1", "i", old);
    if (!op)
        return old;
    gint64 before = db_number(&s->db, 0, "SELECT replaces FROM op WHERE id = ?", "i", op);
    db_run(&s->db, "UPDATE op SET replaces = 0 WHERE id = ?", "i", op);
    append_withdraw(s, op);
    return before;
}

gint64 append_place(Store *s, Prepared *p, guint flags, gint64 replaces)
{
    flags &= FLAGS_ALL;
    if (p->local) {
        gint64 have =
            db_number(&s->db, 0, "SELECT id FROM placement WHERE base = ? AND +folder = ?", "ti",
                      p->base, p->folder);
        if (have) {
            relay_leave(s, replaces);
            return have;
        }
    }
    gint64 message = message_insert(s, p->account, p->envelope, p->size, date_now(), FALSE);
    gint64 id = placement_insert(s, message, p->folder, 0, 0, flags, p->local);
    if (p->local) {
        place_file(s, p, id, flags);
        relay_leave(s, replaces);
    } else {
        gint64 instead = replaces ? supersede(s, replaces) : 0;
        Placement row = {.id = id, .message = message, .folder = p->folder, .account = p->account};
        gint64 op = op_insert(s, OP_APPEND, &row, p->folder, 0, flags, 0);
        g_autofree char *name = g_path_get_basename(p->path);
        g_autofree char *file = g_build_filename("append", name, NULL);
        db_run(&s->db, "UPDATE op SET file = ?, replaces = ? WHERE id = ?", "tii", file, instead,
               op);
        if (instead)
            placement_recompute(s, instead);
    }
    placement_recompute(s, id);
    g_clear_pointer(&p->path, g_free); /* kept from now on; a rollback removes it again */
    return id;
}

gint64 message_append(Store *s, gint64 folder, const void *bytes, gsize len, guint flags,
                      gint64 replaces, GError **err)
{
    g_auto(Prepared) p = {0};
    if (!append_prepare(s, folder, bytes, len, NULL, &p, err))
        return 0;
    crash_point("append");
    if (!txn_begin(s, TRUE, err))
        return 0;
    if (!p.local)
        txn_created(s, p.path);
    gint64 id = append_place(s, &p, flags, replaces);
    crash_point("append");
    if (!txn_commit(s, err))
        return 0;
    crash_point("append");
    file_todo_run(s);
    return id;
}

char *op_file(Store *s, gint64 op)
{
    g_autofree char *file = db_string(&s->db, "SELECT file FROM op WHERE id = ?", "i", op);
    return file ? home_path(s->home, file) : NULL;
}

void op_remove_file(Store *s, gint64 op)
{
    g_autofree char *path = op_file(s, op);
    if (path)
        txn_remove_file(s, path);
}

void placement_unmake(Store *s, gint64 placement)
{
    g_autoptr(GArray) made = g_array_new(FALSE, FALSE, sizeof(gint64));
    sqlite3_stmt *st = db_query(&s->db,
                                "WITH RECURSIVE lost(p) AS (VALUES(?) UNION"
                                " SELECT o.destination_placement FROM op o JOIN lost"
                                " ON o.placement = lost.p WHERE o.destination_placement <> 0)"
                                " SELECT p FROM lost LIMIT 1000",
                                "i", placement);
    while (db_step(&s->db, st)) {
        gint64 id = db_int(st, 0);
        g_array_append_val(made, id);
    }
    for (guint i = 0; i < made->len; i++)
        db_run(&s->db,
               "DELETE FROM op WHERE placement = ?1 OR (destination_placement = ?1"
               " AND destination_placement <> 0)",
               "i", g_array_index(made, gint64, i));
    for (guint i = 0; i < made->len; i++)
        placement_delete(s, g_array_index(made, gint64, i));
}

void append_withdraw(Store *s, gint64 op)
{
    gint64 placement = db_number(&s->db, 0, "SELECT placement FROM op WHERE id = ?", "i", op);
    gint64 replaces = db_number(&s->db, 0, "SELECT replaces FROM op WHERE id = ?", "i", op);
    op_remove_file(s, op);
    placement_unmake(s, placement);
    relay_leave(s, replaces);
}

void append_clean(Store *s)
{
    g_autofree char *directory = home_path(s->home, "append");
    DIR *d = opendir(directory);
    if (!d)
        return;
    time_t limit = time(NULL) - 36 * 3600;
    struct dirent *e;
    while ((e = readdir(d))) {
        struct stat st;
        g_autofree char *path = g_build_filename(directory, e->d_name, NULL);
        g_autofree char *file = g_build_filename("append", e->d_name, NULL);
        if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_mtime < limit &&
            !db_number(&s->db, 1, "SELECT EXISTS(SELECT 1 FROM op WHERE file = ?)", "t", file))
            unlink(path);
    }
    closedir(d);
    db_ok(&s->db, NULL);
}
