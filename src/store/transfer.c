/* transfer.c - mail from and to Maildir and mbox files.
 *
 * Importing changes nothing at its source and may be repeated: what is in the folder already
 * (Message-ID + size) is skipped. An mbox is read as mboxrd; the Status lines that programs write
 * into it become flags. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "change_private.h"
#include "folder_private.h"
#include "maildir_files.h"
#include "mbox.h"
#include "pintail/store/maildir.h"
#include "pintail/util/error.h"
#include "pintail/util/file.h"
#include "pintail/util/i18n.h"

static gboolean stopped(const Cancel *stop, GError **err)
{
    if (!stop || !cancel_is_set(stop))
        return FALSE;
    error_set(err, PINTAIL_ERROR_CANCELLED, _("stopped"));
    return TRUE;
}

/* ---- import ---- */
typedef struct {
    Store *s;
    gint64 folder, account;
    Moved *moved;
    const Cancel *stop;
} Import;

static gboolean is_there(Import *im, const char *bytes, gsize len)
{
    g_autoptr(Envelope) e = envelope_parse(bytes, MIN(len, (gsize)1 << 20));
    gsize lines = 0, pairs = 0;
    for (const char *p = bytes, *end = bytes + len; (p = memchr(p, '\n', (gsize)(end - p))); p++) {
        lines++;
        pairs += p > bytes && p[-1] == '\r';
    }
    /* As a file it has LF line ends, at a server CRLF. */
    return db_number(&im->s->db, 0,
                     "SELECT 1 FROM message m CROSS JOIN placement p ON p.message = m.id"
                     " WHERE m.account = ? AND m.mid_hash = ? AND +p.folder = ? AND p.shown = 1"
                     " AND m.size IN (?, ?, ?) LIMIT 1",
                     "iiiiii", im->account, message_hash(e), im->folder, I64(len), I64(len - pairs),
                     I64(len + lines - pairs)) != 0;
}

static gboolean import_one(Import *im, const char *bytes, gsize len, guint flags, GError **err)
{
    if (stopped(im->stop, err))
        return FALSE;
    gboolean have = is_there(im, bytes, len);
    if (!db_ok(&im->s->db, err))
        return FALSE;
    if (have) {
        im->moved->skipped++;
        return TRUE;
    }
    if (!message_append(im->s, im->folder, bytes, len, flags, 0, err))
        return FALSE;
    im->moved->messages++;
    return TRUE;
}

static void note_file(const char *file, void *files)
{
    g_ptr_array_add(files, g_strdup(file));
}

static int by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static gboolean import_maildir(Import *im, const char *path, GError **err)
{
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
    if (!maildir_scan(path, note_file, files, err))
        return FALSE;
    g_ptr_array_sort(files, by_name);
    for (guint i = 0; i < files->len; i++) {
        g_autofree char *whole = g_build_filename(path, files->pdata[i], NULL);
        g_autoptr(GError) trouble = NULL;
        g_autoptr(GBytes) bytes = file_read(whole, BODY_LIMIT, &trouble);
        if (!bytes && error_is(trouble, PINTAIL_ERROR_GONE))
            continue;
        if (!bytes) {
            g_propagate_error(err, g_steal_pointer(&trouble));
            return FALSE;
        }
        gsize len;
        const char *at = g_bytes_get_data(bytes, &len);
        if (!import_one(im, at ? at : "", len, maildir_flags(files->pdata[i]), err))
            return FALSE;
    }
    return TRUE;
}

static gboolean import_mbox_message(const char *bytes, gsize len, guint flags, void *data,
                                    GError **err)
{
    return import_one(data, bytes, len, flags, err);
}

gboolean mail_import(Store *s, const char *path, gint64 folder, Moved *moved, const Cancel *stop,
                     GError **err)
{
    Moved ignored;
    Import im = {.s = s, .folder = folder, .moved = moved ? moved : &ignored, .stop = stop};
    *im.moved = (Moved){0};
    im.account = folder_account(s, folder);
    if (!db_ok(&s->db, err))
        return FALSE;
    if (!im.account) {
        error_set(err, PINTAIL_ERROR_GONE, _("that folder is not there any more"));
        return FALSE;
    }
    struct stat st;
    if (stat(path, &st) < 0) {
        error_set_errno(err, PINTAIL_ERROR_GONE, errno, _("cannot open '%s'"), path);
        return FALSE;
    }
    /* What an import that was cut short has left as a file only is there already, too. */
    if ((folder_flags(s, folder) & FOLDER_LOCAL) && !folder_rescan(s, folder, NULL, err))
        return FALSE;
    if (!S_ISDIR(st.st_mode))
        return mbox_read(path, import_mbox_message, &im, err);
    if (!maildir_is(path)) {
        error_set(err, PINTAIL_ERROR_INVALID, _("'%s' is neither a Maildir nor an mbox file"),
                  path);
        return FALSE;
    }
    return import_maildir(&im, path, err);
}

/* ---- export ---- */
typedef struct {
    Store *s;
    const char *path;
    GString *mbox; /* buffered; NULL: a Maildir */
    int fd;
} Export;

static gboolean export_maildir_one(Export *ex, GBytes *bytes, guint flags, GError **err)
{
    g_autofree char *base = maildir_unique();
    g_autofree char *file = maildir_name(base, flags, "cur/");
    gsize len;
    const void *at = g_bytes_get_data(bytes, &len);
    return maildir_write_tmp(ex->path, base, at, len, NULL, err) &&
           maildir_publish(ex->path, base, file, err);
}

static gboolean flush(Export *ex, GError **err)
{
    const char *at = ex->mbox->str;
    for (gsize left = ex->mbox->len; left > 0;) {
        ssize_t n = write(ex->fd, at, left);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            error_set_errno(err, PINTAIL_ERROR_STORE, n == 0 ? ENOSPC : errno,
                            _("cannot write '%s'"), ex->path);
            return FALSE;
        }
        at += n;
        left -= (gsize)n;
    }
    g_string_truncate(ex->mbox, 0);
    return TRUE;
}

static gboolean export_one(Export *ex, gint64 placement, Moved *moved, GError **err)
{
    g_auto(Placement) p = {0};
    if (!placement_load(ex->s, placement, &p))
        return db_ok(&ex->s->db, err);
    g_autoptr(GError) trouble = NULL;
    g_autoptr(GBytes) bytes = body_get(ex->s, p.message, "", &trouble);
    if (trouble) {
        g_propagate_error(err, g_steal_pointer(&trouble));
        return FALSE;
    }
    if (!bytes) {
        moved->skipped++;
        return TRUE;
    }
    moved->messages++;
    if (!ex->mbox)
        return export_maildir_one(ex, bytes, p.shown_flags, err);
    gint64 received =
        db_number(&ex->s->db, 0, "SELECT received FROM placement WHERE id = ?", "i", placement);
    mbox_append(ex->mbox, bytes, p.shown_flags, received);
    return flush(ex, err);
}

static gboolean export_all(Export *ex, const GArray *ids, Moved *moved, const Cancel *stop,
                           GError **err)
{
    for (guint i = 0; i < ids->len; i++) {
        if (stopped(stop, err) || !export_one(ex, g_array_index(ids, gint64, i), moved, err))
            return FALSE;
    }
    return TRUE;
}

static gboolean export_mbox(Export *ex, const GArray *ids, Moved *moved, const Cancel *stop,
                            GError **err)
{
    g_autofree char *directory = g_path_get_dirname(ex->path);
    g_autofree char *name = g_path_get_basename(ex->path);
    ex->fd = file_create_new(directory, name, 0600, err);
    if (ex->fd < 0)
        return FALSE;
    ex->mbox = g_string_new(NULL);
    gboolean ok = export_all(ex, ids, moved, stop, err);
    if (ok && fsync(ex->fd) < 0) {
        error_set_errno(err, PINTAIL_ERROR_STORE, errno, _("cannot write '%s'"), ex->path);
        ok = FALSE;
    }
    close(ex->fd);
    g_string_free(ex->mbox, TRUE);
    if (!ok)
        unlink(ex->path); /* half an export looks like a whole one */
    return ok && file_sync_directory(directory, err);
}

gboolean mail_export_these(Store *s, const GArray *ids, const char *path, gboolean mbox,
                           Moved *moved, const Cancel *stop, GError **err)
{
    Moved ignored;
    Export ex = {.s = s, .path = path, .fd = -1};
    moved = moved ? moved : &ignored;
    *moved = (Moved){0};
    if (g_file_test(path, G_FILE_TEST_EXISTS)) {
        error_set(err, PINTAIL_ERROR_REFUSED, _("'%s' exists already"), path);
        return FALSE;
    }
    if (mbox)
        return export_mbox(&ex, ids, moved, stop, err);
    return maildir_make(path, err) && export_all(&ex, ids, moved, stop, err) &&
           maildir_sync(path, err);
}

gboolean mail_export(Store *s, gint64 folder, const char *path, gboolean mbox, Moved *moved,
                     const Cancel *stop, GError **err)
{
    g_autoptr(GArray) ids = list_all(s, folder, SORT_ARRIVAL, FALSE, stop, err);
    return ids && mail_export_these(s, ids, path, mbox, moved, stop, err);
}

/* ---- pintail -f PATH ---- */
static gint64 local_account(Store *s, const char *name)
{
    gint64 id = db_number(&s->db, 0, "SELECT id FROM account WHERE name = ? AND kind = ?", "ti",
                          name, I64(STORED_LOCAL));
    if (id)
        return id;
    db_run(&s->db, "INSERT INTO account(name, kind, maildir, current) VALUES(?, ?, ?, 1)", "tit",
           name, I64(STORED_LOCAL), name);
    return db_last_id(&s->db);
}

/* The account is the path; its folder stands for the Maildir itself. */
static gint64 place(Store *s, const char *account, const char *maildir, const char *label,
                    GError **err)
{
    if (!txn_begin(s, TRUE, err))
        return 0;
    gint64 id = local_account(s, account);
    gint64 folder = db_number(&s->db, 0, "SELECT id FROM folder WHERE account = ? AND path = ?",
                              "it", id, maildir);
    if (!folder)
        folder = folder_insert(s, id, label, "/", ROLE_INBOX, FOLDER_LOCAL, maildir);
    if (strcmp(account, maildir) == 0)
        folders_adopt(s, id, maildir);
    return txn_commit(s, err) ? folder : 0;
}

static gint64 open_mbox(Store *s, const char *path, const char *label, GError **err)
{
    g_autofree char *name = maildir_derived("mbox", path, strlen(path));
    g_autofree char *maildir = g_build_filename(s->home->directory, "mbox", name, NULL);
    if (!maildir_make(maildir, err))
        return 0;
    gint64 folder = place(s, path, maildir, label, err);
    if (!folder || !folder_rescan(s, folder, NULL, err) ||
        !mail_import(s, path, folder, NULL, NULL, err) || !txn_begin(s, TRUE, err))
        return 0;
    db_run(&s->db, "UPDATE folder SET flags = flags | ? WHERE id = ?", "ii", I64(FOLDER_READ_ONLY),
           folder);
    return txn_commit(s, err) ? folder : 0;
}

gint64 mail_open_path(Store *s, const char *path, GError **err)
{
    g_autofree char *expanded = file_expand_home(path);
    g_autofree char *whole = g_canonicalize_filename(expanded, NULL);
    g_autofree char *label = g_path_get_basename(whole);
    g_autofree char *valid = g_utf8_make_valid(label, -1);
    struct stat st;
    if (stat(whole, &st) < 0) {
        error_set_errno(err, PINTAIL_ERROR_GONE, errno, _("cannot open '%s'"), path);
        return 0;
    }
    if (!S_ISDIR(st.st_mode))
        return open_mbox(s, whole, valid, err);
    if (!maildir_is(whole)) {
        error_set(err, PINTAIL_ERROR_INVALID, _("'%s' is neither a Maildir nor an mbox file"),
                  path);
        return 0;
    }
    gint64 folder = place(s, whole, whole, valid, err);
    return folder && folder_rescan(s, folder, NULL, err) ? folder : 0;
}
