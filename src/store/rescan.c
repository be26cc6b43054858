/* rescan.c - a local folder's files as they are now; other programs may have changed them.
 *
 * The files are right: a new one becomes a row, a renamed one changes flags, a missing one
 * loses its row. The directory is read outside any transaction; each difference is looked at again
 * inside one, because this program's own changes move the file before they commit. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "change_private.h"
#include "folder_private.h"
#include "maildir_files.h"
#include "message_private.h"
#include "pintail/util/date.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"

#define HEAD_MAX 262144
#define FRESH_NS                                                                                   \
    (2 * G_GINT64_CONSTANT(1000000000)) /* a directory's time stamp is this coarse, at worst */

typedef struct {
    GHashTable *on_disk; /* base -> file */
    GPtrArray *todo;     /* char *: files to be looked at, each "+file" or "-base" */
} Scan;

static void seen(const char *file, void *data)
{
    Scan *scan = data;
    g_hash_table_insert(scan->on_disk, maildir_base(file), g_strdup(file));
}

/* What differs from the rows. `todo` gets files on disk without an equal row, and bases of rows
 * without a file. */
static void compare(Store *s, gint64 folder, Scan *scan)
{
    sqlite3_stmt *st = db_query(&s->db,
                                "SELECT base, file FROM placement WHERE folder = ? AND base IS NOT"
                                " NULL AND file IS NOT NULL",
                                "i", folder);
    while (db_step(&s->db, st)) {
        const char *base = db_peek(st, 0);
        const char *file = g_hash_table_lookup(scan->on_disk, base);
        if (!file)
            g_ptr_array_add(scan->todo, g_strconcat("-", base, NULL));
        else if (strcmp(file, db_peek(st, 1)) != 0)
            g_ptr_array_add(scan->todo, g_strconcat("+", file, NULL));
        if (file)
            g_hash_table_remove(scan->on_disk, base);
    }
    GHashTableIter it;
    gpointer file;
    g_hash_table_iter_init(&it, scan->on_disk);
    while (g_hash_table_iter_next(&it, NULL, &file))
        g_ptr_array_add(scan->todo, g_strconcat("+", (char *)file, NULL));
}

/* The header of a file, its size and its time. NULL: not readable (any more). */
static Envelope *read_head(const char *path, gint64 *size, gint64 *modified)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
    struct stat st;
    if (fd < 0)
        return NULL;
    g_autofree char *head = g_malloc(HEAD_MAX);
    gsize len = 0;
    gboolean ok = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    while (ok && len < HEAD_MAX) {
        ssize_t n = read(fd, head + len, HEAD_MAX - len);
        if (n < 0 && errno == EINTR)
            continue;
        ok = n >= 0;
        if (n <= 0)
            break;
        len += (gsize)n;
    }
    close(fd);
    if (!ok)
        return NULL;
    *size = st.st_size;
    *modified = st.st_mtim.tv_sec;
    return envelope_parse(head, len);
}

static void add_file(Store *s, gint64 account, gint64 folder, const char *base, const char *file,
                     const char *path)
{
    gint64 size = 0, modified = 0;
    g_autoptr(Envelope) e = read_head(path, &size, &modified);
    if (!e)
        return;
    /* Moved or copied here by another program: the same message. */
    gint64 message =
        db_number(&s->db, 0,
                  "SELECT m.id FROM placement p CROSS JOIN message m ON m.id = p.message"
                  " WHERE p.base = ? AND m.account = ? AND p.file IS NOT NULL"
                  " AND m.size = ? LIMIT 1",
                  "tii", base, account, size);
    if (!message)
        message = message_insert(s, account, e, (guint64)size, modified, FALSE);
    gint64 id = placement_insert(s, message, folder, 0, 0, maildir_flags(file), TRUE);
    placement_set_file(s, id, base, file);
    placement_recompute(s, id);
    uidl_relink(s, account, base, message);
}

/* A crash had come between the file of a partial message and its row. */
static void complete(Store *s, gint64 id, const char *base, const char *file, const char *path)
{
    gint64 size = 0, modified = 0;
    g_autoptr(Envelope) e = read_head(path, &size, &modified);
    gint64 message = db_number(&s->db, 0, "SELECT message FROM placement WHERE id = ?", "i", id);
    if (!e || !message)
        return;
    message_complete(s, message, e, (guint64)size);
    placement_set_file(s, id, base, file);
    db_run(&s->db, "UPDATE uidl SET partial = 0, wanted = 0 WHERE message = ? AND message <> 0",
           "i", message);
    placement_touch(s, id);
}

static void take_file(Store *s, gint64 account, gint64 folder, const char *maildir,
                      const char *file)
{
    g_autofree char *base = maildir_base(file);
    g_autofree char *path = g_build_filename(maildir, file, NULL);
    if (access(path, F_OK) < 0)
        return;
    gint64 id = db_number(&s->db, 0, "SELECT id FROM placement WHERE base = ? AND +folder = ?",
                          "ti", base, folder);
    if (!id) {
        add_file(s, account, folder, base, file, path);
        return;
    }
    g_auto(Placement) p = {0};
    if (!placement_load(s, id, &p))
        return;
    if (!p.file) {
        complete(s, id, base, file, path);
        return;
    }
    guint flags = (p.server_flags & ~(guint)MAILDIR_FLAGS_MASK) | maildir_flags(file);
    placement_set_file(s, id, base, file);
    db_run(&s->db, "UPDATE placement SET server_flags = ? WHERE id = ?", "ii", I64(flags), id);
    placement_recompute(s, id);
}

static void lose_file(Store *s, gint64 folder, const char *maildir, const char *base)
{
    gint64 id = db_number(&s->db, 0, "SELECT id FROM placement WHERE base = ? AND +folder = ?",
                          "ti", base, folder);
    g_auto(Placement) p = {0};
    if (!id || !placement_load(s, id, &p) || !p.file)
        return;
    g_autofree char *path = placement_path(&p);
    g_autofree char *elsewhere =
        access(path, F_OK) < 0 ? maildir_find(maildir, base) : g_strdup("");
    if (!elsewhere)
        placement_delete(s, id);
}

static gboolean apply(Store *s, gint64 account, gint64 folder, const char *maildir,
                      const GPtrArray *todo, GError **err)
{
    for (guint i = 0; i < todo->len;) {
        if (!txn_begin(s, TRUE, err))
            return FALSE;
        gint64 end = slice_end();
        do {
            const char *what = todo->pdata[i++];
            if (*what == '+')
                take_file(s, account, folder, maildir, what + 1);
            else
                lose_file(s, folder, maildir, what + 1);
        } while (i < todo->len && g_get_monotonic_time() < end);
        if (!txn_commit(s, err))
            return FALSE;
    }
    return TRUE;
}

/* The times are kept only when they are old enough to tell a later change from this state. */
static gboolean remember_times(Store *s, gint64 folder, gint64 new_time, gint64 cur_time,
                               GError **err)
{
    gint64 now = g_get_real_time() * 1000;
    if (now - new_time < FRESH_NS || now - cur_time < FRESH_NS)
        return TRUE;
    if (!txn_begin(s, FALSE, err))
        return FALSE;
    db_run(&s->db, "UPDATE folder SET new_time = ?, cur_time = ? WHERE id = ?", "iii", new_time,
           cur_time, folder);
    return txn_commit(s, err);
}

static gboolean unchanged(Store *s, gint64 folder, gint64 new_time, gint64 cur_time)
{
    return db_number(&s->db, 0,
                     "SELECT 1 FROM folder WHERE id = ? AND new_time = ? AND cur_time = ?"
                     " AND new_time > 0",
                     "iii", folder, new_time, cur_time) != 0;
}

gboolean folder_rescan(Store *s, gint64 folder, gboolean *changed, GError **err)
{
    if (changed)
        *changed = FALSE;
    g_autoptr(Folder) f = folder_get(s, folder, err);
    if (!f)
        return FALSE;
    if (!f->path || (s->home->flags & STORE_READ_ONLY))
        return TRUE;
    file_todo_run(s); /* what is to be removed is not to be found again */
    gint64 new_time, cur_time;
    maildir_times(f->path, &new_time, &cur_time);
    if (unchanged(s, folder, new_time, cur_time))
        return db_ok(&s->db, err);
    g_autoptr(GHashTable) on_disk = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(GPtrArray) todo = g_ptr_array_new_with_free_func(g_free);
    Scan scan = {on_disk, todo};
    if (!maildir_scan(f->path, seen, &scan, err))
        return FALSE;
    compare(s, folder, &scan);
    if (!db_ok(&s->db, err) || !apply(s, f->account_id, folder, f->path, todo, err))
        return FALSE;
    maildir_clean(f->path);
    if (changed)
        *changed = todo->len > 0;
    return remember_times(s, folder, new_time, cur_time, err);
}
