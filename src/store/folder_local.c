/* folder_local.c - Maildirs are renamed and deleted.
 *
 * Renaming: the row first, with the way that its directory has to go (`moved_from`), then the directory,
 * then the note goes; folders_resume() follows a note that a crash left. Deleting: the folder is hidden,
 * its mail goes, its directories, its row; a crash leaves a hidden folder, which folders_resume() goes
 * on with. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "change_private.h"
#include "folder_private.h"
#include "maildir_files.h"
#include "pintail/util/error.h"
#include "pintail/util/file.h"
#include "pintail/util/i18n.h"

#define DELETE_ROUNDS 3 /* another program may deliver there meanwhile */

/* The directory goes where the row says. */
static gboolean follow_note(Store *s, gint64 folder, GError **err)
{
    gint64 account = folder_account(s, folder);
    g_autofree char *note = db_string(&s->db, "SELECT moved_from FROM folder WHERE id = ?", "i", folder);
    g_autofree char *to = folder_maildir(s, folder), *root = account_maildir(s, account);
    if (!note || !to)
        return db_ok(&s->db, err);
    g_autofree char *from = g_build_filename(root, note, NULL);
    g_autofree char *parent = g_path_get_dirname(to);
    if (!maildir_is(to) && maildir_is(from)) {
        if (!file_make_directories(parent, err))
            return FALSE;
        crash_point("folder");
        if (rename(from, to) != 0) {
            error_set_errno(err, PINTAIL_ERROR_STORE, errno, _("cannot rename '%s'"), from);
            return FALSE;
        }
        crash_point("folder");
    }
    if (!maildir_make(to, err) || !txn_begin(s, TRUE, err))
        return FALSE;
    txn_sync_parent(s, to);
    txn_sync_parent(s, from);
    db_run(&s->db, "UPDATE folder SET moved_from = NULL WHERE id = ?", "i", folder);
    return folder_commit(s, err);
}

static void repath(Store *s, const Folder *f, const char *name, const char *old_path, const char *path,
                   gboolean with_note)
{
    gint64 length = (gint64)g_utf8_strlen(old_path, -1);
    g_autofree char *below = g_strconcat(old_path, "/", NULL);
    folder_rename_rows(s, f->account_id, f->name, name, f->delimiter);
    db_run(&s->db, "UPDATE folder SET path = ?, moved_from = ? WHERE id = ?", "tti", path,
           with_note ? old_path : NULL, f->id);
    db_run(&s->db,
           "UPDATE folder SET path = ? || substr(path, ?) WHERE account = ? AND substr(path, 1, ?) = ?",
           "tiiit", path, length + 1, f->account_id, length + 1, below);
}

gboolean folder_rename_local(Store *s, const Folder *f, const char *name, GError **err)
{
    g_autofree char *old = db_string(&s->db, "SELECT path FROM folder WHERE id = ?", "i", f->id);
    g_autofree char *below = g_strconcat(f->name, f->delimiter, NULL);
    if (!old || g_path_is_absolute(old) || g_str_has_prefix(name, below)) {
        if (db_ok(&s->db, err))
            error_set(err, PINTAIL_ERROR_REFUSED, _("'%s' cannot be renamed to '%s'"), f->name, name);
        return FALSE;
    }
    g_autoptr(GError) failure = NULL;
    if (!txn_begin(s, TRUE, err))
        return FALSE;
    g_autofree char *path = folder_local_path(s, f->account_id, name);
    repath(s, f, name, old, path, TRUE);
    if (!folder_commit(s, err))
        return FALSE;
    if (follow_note(s, f->id, &failure))
        return TRUE;
    g_propagate_error(err, g_steal_pointer(&failure));
    Folder now = *f;
    now.name = (char *)name;
    if (txn_begin(s, TRUE, NULL)) { /* as it was */
        repath(s, &now, f->name, path, old, FALSE);
        (void)folder_commit(s, NULL);
    }
    return FALSE;
}

static gboolean purge_all(Store *s, gint64 folder, GError **err)
{
    for (gint64 id = 1; id;) {
        if (!txn_begin(s, TRUE, err))
            return FALSE;
        gint64 end = slice_end();
        while (g_get_monotonic_time() < end &&
               (id = db_number(&s->db, 0, "SELECT id FROM placement WHERE folder = ? LIMIT 1", "i", folder))) {
            g_auto(Placement) p = {0};
            if (!placement_load(s, id, &p))
                break;
            local_purge(s, &p);
        }
        if (!folder_commit(s, err))
            return FALSE;
        file_todo_run(s);
    }
    return TRUE;
}

static void empty_tmp(const char *tmp)
{
    DIR *d = opendir(tmp);
    struct dirent *e;
    while (d && (e = readdir(d)))
        if (e->d_name[0] != '.') {
            g_autofree char *path = g_build_filename(tmp, e->d_name, NULL);
            unlink(path);
        }
    if (d)
        closedir(d);
}

/* cur/ last: as long as it is there, so is a Maildir. FALSE: mail has come meanwhile. */
static gboolean remove_directories(const char *path)
{
    static const char *const parts[] = {"tmp", "new", "cur"};
    for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
        g_autofree char *part = g_build_filename(path, parts[i], NULL);
        if (i == 0)
            empty_tmp(part);
        if (rmdir(part) != 0 && errno != ENOENT)
            return FALSE;
    }
    rmdir(path); /* unless there are folders below it */
    return TRUE;
}

static gboolean finish_delete(Store *s, gint64 folder, GError **err)
{
    g_autofree char *path = folder_maildir(s, folder);
    gboolean gone = FALSE;
    for (int i = 0; path && i < DELETE_ROUNDS && !gone; i++) {
        if (!maildir_make(path, err) || !folder_rescan(s, folder, NULL, err) || !purge_all(s, folder, err))
            return FALSE;
        crash_point("folder");
        gone = remove_directories(path);
        crash_point("folder");
    }
    if (gone)
        return folder_remove(s, folder, err);
    if (!txn_begin(s, TRUE, err))
        return FALSE;
    db_run(&s->db, "UPDATE folder SET flags = flags & ~64 WHERE id = ?", "i", folder);
    folders_changed(s, folder_account(s, folder));
    if (!folder_commit(s, err) || (path && !maildir_make(path, err)))
        return FALSE;
    error_set(err, PINTAIL_ERROR_REFUSED, _("'%s' cannot be removed: there are other files in it"), path ? path : "");
    return FALSE;
}

gboolean folder_delete_local(Store *s, const Folder *f, GError **err)
{
    g_autofree char *path = db_string(&s->db, "SELECT path FROM folder WHERE id = ?", "i", f->id);
    if (!path || g_path_is_absolute(path) || folder_is_standard(f->name)) {
        if (db_ok(&s->db, err))
            error_set(err, PINTAIL_ERROR_REFUSED, _("'%s' cannot be deleted: this account needs it"), f->label);
        return FALSE;
    }
    if (!txn_begin(s, TRUE, err))
        return FALSE;
    db_run(&s->db, "UPDATE folder SET flags = flags | 64 WHERE id = ?", "i", f->id);
    folders_changed(s, f->account_id);
    return folder_commit(s, err) && finish_delete(s, f->id, err);
}

gboolean folders_resume(Store *s, gint64 account, GError **err)
{
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint64));
    sqlite3_stmt *st = db_query(&s->db,
                                "SELECT id FROM folder WHERE account = ? AND (moved_from IS NOT NULL"
                                " OR flags & 68 = 68) ORDER BY id",
                                "i", account);
    while (db_step(&s->db, st)) {
        gint64 id = db_int(st, 0);
        g_array_append_val(ids, id);
    }
    for (guint i = 0; i < ids->len; i++) {
        gint64 id = g_array_index(ids, gint64, i);
        g_autoptr(GError) refused = NULL;
        if (!follow_note(s, id, err))
            return FALSE;
        if ((folder_flags(s, id) & FOLDER_TO_DELETE) && !finish_delete(s, id, &refused) &&
            !error_is(refused, PINTAIL_ERROR_REFUSED)) {
            g_propagate_error(err, g_steal_pointer(&refused));
            return FALSE;
        }
    }
    return db_ok(&s->db, err);
}
