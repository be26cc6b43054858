/* change_local.c - changes of local mail: the file moves first, then the row.
 *
 * A crash between the two is healed by folder_rescan(), which believes the files. When the
 * transaction fails, the files are moved back (txn_rollback). */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "change_private.h"
#include "folder_private.h"
#include "maildir_files.h"
#include "pintail/util/error.h"
#include "pintail/util/file.h"
#include "pintail/util/i18n.h"

static void fail_errno(Store *s, int number, const char *format, const char *path)
{
    GError *err = NULL;
    error_set_errno(&err, PINTAIL_ERROR_STORE, number, format, path);
    db_fail(&s->db, err);
}

/* Renames the file of `p` to maildir/file. FALSE: gone (the row goes too), or an error sticks.
 * Another program may have renamed it meanwhile; its base name finds it. */
static gboolean move_file(Store *s, Placement *p, const char *maildir, const char *file)
{
    g_autofree char *to = g_build_filename(maildir, file, NULL);
    for (int tries = 0; tries < 3; tries++) {
        g_autofree char *from = placement_path(p);
        crash_point("change");
        if (strcmp(from, to) == 0 || maildir_rename_new(from, to) == 0) {
            crash_point("change");
            txn_renamed(s, from, to);
            txn_sync_parent(s, to);
            txn_sync_parent(s, from);
            return TRUE;
        }
        if (errno != ENOENT) {
            fail_errno(s, errno, _("cannot move '%s'"), from);
            return FALSE;
        }
        char *found = maildir_find(p->maildir, p->base);
        if (!found)
            break;
        g_free(p->file);
        p->file = found;
    }
    /* A crash after the rename of this very change, before its commit, leaves it there. */
    if (access(to, F_OK) == 0)
        return TRUE;
    placement_delete(s, p->id);
    return FALSE;
}

gboolean local_set_flags(Store *s, Placement *p, guint flags)
{
    if (p->file) {
        g_autofree char *file = maildir_name(p->base, flags, p->file);
        if (strcmp(file, p->file) != 0) {
            if (!move_file(s, p, p->maildir, file))
                return FALSE;
            placement_set_file(s, p->id, p->base, file);
        }
    }
    db_run(&s->db, "UPDATE placement SET server_flags = ? WHERE id = ?", "ii", I64(flags), p->id);
    placement_recompute(s, p->id);
    return !db_failed(&s->db);
}

static gboolean base_taken(Store *s, gint64 folder, const char *base)
{
    return db_number(&s->db, 0, "SELECT 1 FROM placement WHERE base = ? AND +folder = ?", "ti",
                     base, folder) != 0;
}

gboolean local_move(Store *s, Placement *p, gint64 destination)
{
    g_autofree char *maildir = folder_maildir(s, destination);
    if (!maildir)
        return FALSE;
    if (p->file) {
        g_autofree char *base =
            base_taken(s, destination, p->base) ? maildir_unique() : g_strdup(p->base);
        g_autofree char *file = maildir_name(base, p->shown_flags, p->file);
        if (!move_file(s, p, maildir, file))
            return FALSE;
        placement_set_file(s, p->id, base, file);
    }
    placement_refolder(s, p->id, destination);
    return !db_failed(&s->db);
}

gint64 local_copy(Store *s, Placement *p, gint64 destination)
{
    g_autofree char *maildir = folder_maildir(s, destination);
    g_autofree char *base = NULL, *file = NULL;
    if (!maildir)
        return 0;
    if (p->file) {
        g_autofree char *from = placement_path(p);
        GError *err = NULL;
        g_autoptr(GBytes) bytes = file_read(from, BODY_LIMIT, &err);
        if (!bytes) {
            if (error_is(err, PINTAIL_ERROR_GONE))
                g_clear_error(&err);
            else
                db_fail(&s->db, err);
            return 0;
        }
        gsize len;
        const void *data = g_bytes_get_data(bytes, &len);
        base = maildir_unique();
        file = maildir_name(base, p->shown_flags, p->file);
        if (!maildir_write_tmp(maildir, base, data, len, NULL, &err) ||
            !maildir_publish(maildir, base, file, &err)) {
            db_fail(&s->db, err);
            return 0;
        }
        g_autofree char *to = g_build_filename(maildir, file, NULL);
        txn_created(s, to);
        txn_sync_parent(s, to);
    }
    gint64 id = placement_clone(s, p->id, destination, TRUE);
    if (base)
        placement_set_file(s, id, base, file);
    placement_recompute(s, id);
    return db_failed(&s->db) ? 0 : id;
}

/* The row goes with the commit, the file right after it (file_todo). */
void local_purge(Store *s, Placement *p)
{
    g_autofree char *path = placement_path(p);
    if (path)
        txn_remove_file(s, path);
    if (db_number(&s->db, 0,
                  "SELECT count(*) FROM (SELECT 1 FROM placement WHERE message = ? LIMIT 2)", "i",
                  p->message) < 2)
        db_run(&s->db, "UPDATE uidl SET purge = 1, wanted = 0 WHERE message = ? AND message <> 0",
               "i", p->message);
    placement_delete(s, p->id);
}
