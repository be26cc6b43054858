/* pop3.c - downloaded messages become files, then rows.
 *
 * Order: every file complete and fsynced under tmp/; names in new/; fsync of the directories; the
 * side file; then one FULL transaction. Whatever a crash leaves is found again by the base name,
 * which is derived from what the server calls the message (or from its content): the next download
 * of the same message only records it. The server deletes after all this, so a message is at every
 * moment on the server or whole in a Maildir, and never twice here.
 *
 * A server may reuse the UIDL of a deleted message. Where a file of that name is here and no row
 * says that it is this message, the bytes decide; different mail gets a name of its own. */
#include <string.h>
#include "change_private.h"
#include "folder_private.h"
#include "maildir_files.h"
#include "uidl_private.h"
#include "pintail/util/date.h"
#include "pintail/util/error.h"
#include "pintail/util/file.h"
#include "pintail/util/i18n.h"

typedef struct {
    const Download *d;
    char *key, *base;
    gint64 folder;
    char *maildir, *file; /* where the file goes; file NULL: none is written */
    gsize size;
} Job;

typedef struct {
    Store *s;
    gint64 account, inbox;
    char *name, *root, *inbox_maildir;
    GArray *jobs;
} Batch;

static void job_clear(gpointer data)
{
    Job *j = data;
    g_free(j->key);
    g_free(j->base);
    g_free(j->maildir);
    g_free(j->file);
}

static void batch_clear(Batch *b)
{
    g_free(b->name);
    g_free(b->root);
    g_free(b->inbox_maildir);
    g_array_unref(b->jobs);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Batch, batch_clear)

static char *derive(const char *account, const char *tag, const void *bytes, gsize len)
{
    g_autoptr(GByteArray) key = g_byte_array_new();
    g_byte_array_append(key, (const guint8 *)account, (guint)strlen(account) + 1);
    g_byte_array_append(key, bytes, (guint)len);
    return maildir_derived(tag, key->data, key->len);
}

/* Bytes as they are in the file. */
static GBytes *as_stored(const Download *d)
{
    GBytes *lf = crlf_to_lf(d->bytes, d->len);
    return lf ? lf : g_bytes_new_static(d->bytes, d->len);
}

static char *content_base(const char *account, const void *bytes, gsize len)
{
    Download d = {.bytes = bytes, .len = len};
    g_autoptr(GBytes) stored = as_stored(&d);
    gsize n;
    const void *at = g_bytes_get_data(stored, &n);
    return derive(account, "content", at, n);
}

static gboolean same_content(const char *path, const Download *d)
{
    g_autoptr(GBytes) have = file_read(path, BODY_LIMIT, NULL);
    g_autoptr(GBytes) want = as_stored(d);
    return have && g_bytes_equal(have, want);
}

/* Every local folder once, so that whatever a crash or another program left there is known. */
static gboolean look_through(Store *s, gint64 account, GError **err)
{
    StoreHome *h = s->home;
    pthread_mutex_lock(&h->lock);
    gboolean known = g_hash_table_contains(h->rescanned, &account);
    pthread_mutex_unlock(&h->lock);
    if (known)
        return TRUE;
    g_autoptr(GPtrArray) folders = folders_list(s, account, err);
    if (!folders)
        return FALSE;
    for (guint i = 0; i < folders->len; i++) {
        const Folder *f = folders->pdata[i];
        if ((f->flags & FOLDER_LOCAL) && !folder_rescan(s, f->id, NULL, err))
            return FALSE;
    }
    gint64 *key = g_new(gint64, 1);
    *key = account;
    pthread_mutex_lock(&h->lock);
    g_hash_table_add(h->rescanned, key);
    pthread_mutex_unlock(&h->lock);
    return TRUE;
}

static void look_again(Store *s, gint64 account)
{
    pthread_mutex_lock(&s->home->lock);
    g_hash_table_remove(s->home->rescanned, &account);
    pthread_mutex_unlock(&s->home->lock);
}

static gboolean batch_init(Batch *b, Store *s, gint64 account, GError **err)
{
    g_autoptr(Folder) inbox = folder_by_role(s, account, ROLE_INBOX);
    *b = (Batch){.s = s, .account = account};
    b->jobs = g_array_new(FALSE, TRUE, sizeof(Job));
    g_array_set_clear_func(b->jobs, job_clear);
    if (!inbox || !inbox->path) {
        error_set(err, PINTAIL_ERROR_GONE, _("that account has no local inbox"));
        return FALSE;
    }
    b->inbox = inbox->id;
    b->inbox_maildir = g_strdup(inbox->path);
    b->name = account_name(s, account);
    b->root = account_maildir(s, account);
    return db_ok(&s->db, err);
}

/* The row that stands for a base in this account, 0: none. */
static gint64 placement_of(Store *s, gint64 account, const char *base)
{
    return db_number(&s->db, 0,
                     "SELECT p.id FROM placement p CROSS JOIN folder f ON f.id = p.folder"
                     " WHERE p.base = ? AND f.account = ? ORDER BY p.id LIMIT 1",
                     "ti", base, account);
}

static void plan_job(Batch *b, Job *j)
{
    Store *s = b->s;
    const Download *d = j->d;
    gint64 have = placement_of(s, b->account, j->base);
    gboolean recorded = db_number(&s->db, 0, "SELECT 1 FROM uidl WHERE account = ? AND uidl = ?",
                                  "it", b->account, j->key) != 0;
    g_auto(Placement) p = {0};
    if (have)
        placement_load(s, have, &p);
    g_autofree char *path = have ? placement_path(&p) : NULL;
    if (path && !recorded && !d->partial && !same_content(path, d)) {
        g_autofree char *other = content_base(b->name, d->bytes, d->len);
        g_free(j->base);
        j->base = g_steal_pointer(&other);
        g_clear_pointer(&path, g_free);
        have = placement_of(s, b->account, j->base);
        placement_clear(&p);
        if (have)
            placement_load(s, have, &p);
        path = have ? placement_path(&p) : NULL;
    }
    if (d->partial || path)
        return; /* nothing to write: the header only, or here already */
    if (have) { /* its header was here; now the rest, where the person has put it meanwhile */
        j->folder = p.folder;
        j->maildir = g_strdup(p.maildir);
        j->file = maildir_name(j->base, p.shown_flags, NULL);
    } else {
        j->folder = b->inbox;
        j->maildir = g_strdup(b->inbox_maildir);
        j->file = g_strconcat("new/", j->base, NULL);
    }
}

static gboolean write_files(Batch *b, GError **err)
{
    for (guint i = 0; i < b->jobs->len; i++) {
        Job *j = &g_array_index(b->jobs, Job, i);
        if (!j->file)
            continue;
        crash_point("pop3");
        if (!maildir_write_tmp(j->maildir, j->base, j->d->bytes, j->d->len, &j->size, err))
            return FALSE;
    }
    g_autoptr(GHashTable) directories =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < b->jobs->len; i++) {
        Job *j = &g_array_index(b->jobs, Job, i);
        if (!j->file)
            continue;
        crash_point("pop3");
        if (!maildir_publish(j->maildir, j->base, j->file, err))
            return FALSE;
        g_hash_table_add(directories, g_strdup(j->maildir));
    }
    GHashTableIter it;
    gpointer maildir;
    g_hash_table_iter_init(&it, directories);
    while (g_hash_table_iter_next(&it, &maildir, NULL)) {
        crash_point("pop3");
        if (!maildir_sync(maildir, err))
            return FALSE;
    }
    crash_point("pop3");
    return TRUE;
}

static gboolean write_side(Batch *b, GError **err)
{
    g_autoptr(GString) lines = g_string_new(NULL);
    for (guint i = 0; i < b->jobs->len; i++) {
        const Job *j = &g_array_index(b->jobs, Job, i);
        g_autofree char *line = side_line(j->d->partial ? 'p' : 'd', date_now(), j->base, j->key);
        g_string_append(lines, line);
    }
    if (!side_append(b->root, lines->str, err))
        return FALSE;
    crash_point("pop3");
    return TRUE;
}

static gint64 insert_message(Batch *b, const Job *j)
{
    Store *s = b->s;
    g_autoptr(Envelope) e = envelope_parse(j->d->bytes, MIN(j->d->len, (gsize)1 << 20));
    guint64 size = j->d->partial ? j->d->size : j->size;
    gint64 message = message_insert(s, b->account, e, size, date_now(), j->d->partial);
    gint64 id = placement_insert(s, message, b->inbox, 0, 0, 0, TRUE);
    placement_set_file(s, id, j->base, j->file);
    placement_recompute(s, id);
    thread_arrived(s, message, id);
    return message;
}

static gint64 complete_message(Batch *b, const Job *j, const Placement *p)
{
    Store *s = b->s;
    g_autoptr(Envelope) e = envelope_parse(j->d->bytes, MIN(j->d->len, (gsize)1 << 20));
    message_complete(s, p->message, e, j->size);
    placement_set_file(s, p->id, j->base, j->file);
    placement_touch(s, p->id);
    return p->message;
}

static void record(Batch *b, const Job *j)
{
    Store *s = b->s;
    g_auto(Placement) p = {0};
    gint64 have = placement_of(s, b->account, j->base);
    gint64 message;
    gboolean partial = j->d->partial;
    if (have && placement_load(s, have, &p)) {
        message = p.message;
        if (!p.file && j->file && p.folder == j->folder)
            complete_message(b, j, &p);
        else if (p.file)
            partial = FALSE;
    } else {
        message = insert_message(b, j);
    }
    db_run(&s->db,
           "INSERT INTO uidl(account, uidl, base, message, downloaded, partial, wanted, purge,"
           " content) VALUES(?, ?, ?, ?, ?, ?, 0, 0, ?) ON CONFLICT DO UPDATE SET"
           " base = excluded.base, message = excluded.message, partial = excluded.partial,"
           " wanted = CASE WHEN excluded.partial THEN wanted ELSE 0 END",
           "ittiiii", b->account, j->key, j->base, message, date_now(), I64(partial),
           I64(j->d->uidl == NULL));
}

/* TOP's bytes are the only header that there is until the message is fetched whole. */
static void keep_headers(Batch *b)
{
    Store *s = b->s;
    for (guint i = 0; i < b->jobs->len; i++) {
        const Job *j = &g_array_index(b->jobs, Job, i);
        if (!j->d->partial)
            continue;
        gint64 message =
            db_number(&s->db, 0, "SELECT message FROM uidl WHERE account = ? AND uidl = ?", "it",
                      b->account, j->key);
        if (message)
            body_put(s, message, "HEADER", j->d->bytes, j->d->len, NULL);
    }
    db_ok(&s->db, NULL);
}

static gboolean store_batch(Batch *b, GError **err)
{
    if (!write_files(b, err) || !write_side(b, err) || !txn_begin(b->s, TRUE, err))
        return FALSE;
    for (guint i = 0; i < b->jobs->len; i++)
        record(b, &g_array_index(b->jobs, Job, i));
    crash_point("pop3");
    if (!txn_commit(b->s, err))
        return FALSE;
    crash_point("pop3");
    keep_headers(b);
    return TRUE;
}

gboolean pop3_store(Store *s, gint64 account, const Download *downloads, guint n, GError **err)
{
    g_auto(Batch) b = {0};
    if (s->home->flags & STORE_READ_ONLY) {
        error_set(err, PINTAIL_ERROR_REFUSED, _("opened read only: nothing is changed"));
        b.jobs = g_array_new(FALSE, FALSE, 1);
        return FALSE;
    }
    if (!batch_init(&b, s, account, err) || !look_through(s, account, err))
        return FALSE;
    g_autoptr(GHashTable) bases = g_hash_table_new(g_str_hash, g_str_equal);
    g_array_set_size(b.jobs, n);
    for (guint i = 0; i < n; i++) {
        Job *j = &g_array_index(b.jobs, Job, i);
        const Download *d = j->d = &downloads[i];
        j->base = d->uidl ? derive(b.name, "uidl", d->uidl, strlen(d->uidl))
                          : content_base(b.name, d->bytes, d->len);
        j->key = g_strdup(d->uidl ? d->uidl : j->base);
        plan_job(&b, j);
        /* The same message twice in one batch (no UIDL): the file is written once. */
        if (!g_hash_table_add(bases, j->base))
            g_clear_pointer(&j->file, g_free);
    }
    if (db_ok(&s->db, err) && store_batch(&b, err))
        return TRUE;
    look_again(s, account);
    return FALSE;
}

gboolean pop3_have_content(Store *s, gint64 account, const void *bytes, gsize len)
{
    g_autofree char *name = account_name(s, account);
    g_autofree char *base = content_base(name ? name : "", bytes, len);
    gboolean have = placement_of(s, account, base) ||
                    db_number(&s->db, 0, "SELECT 1 FROM uidl WHERE account = ? AND uidl = ?", "it",
                              account, base);
    db_ok(&s->db, NULL);
    return have;
}
