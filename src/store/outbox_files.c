/* outbox_files.c - see outbox.c. NAME.envelope holds one fact per line:
 *     account NAME / from ADDRESS / to ADDRESS (one line each) / notify BITS */
#include <dirent.h>
#include <fcntl.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "folder_private.h"
#include "maildir_files.h"
#include "message_private.h"
#include "outbox_files.h"
#include "pintail/util/error.h"
#include "pintail/util/file.h"
#include "pintail/util/i18n.h"

char *outbox_path(const StoreHome *h, const char *file)
{
    return g_build_filename(h->directory, "outbox", file, NULL);
}

char *account_name_of(Store *s, gint64 account)
{
    char *name = db_string(&s->db, "SELECT name FROM account WHERE id = ?", "i", account);
    return name ? name : g_strdup("");
}

/* NAME.eml -> NAME.envelope */
static char *envelope_name(const char *file)
{
    g_autofree char *stem = g_strndup(file, strlen(file) - strlen(".eml"));
    return g_strconcat(stem, ".envelope", NULL);
}

static void append_fact(GString *to, const char *what, const char *value)
{
    g_string_append_printf(to, "%s ", what);
    for (; *value; value++)
        g_string_append_c(to, *value == '\n' || *value == '\r' ? ' ' : *value);
    g_string_append_c(to, '\n');
}

char *outbox_write_files(StoreHome *h, const char *account, const OutboxEntry *e, const void *bytes,
                         gsize len, GError **err)
{
    g_autofree char *tmp = g_build_filename(h->directory, "outbox", "tmp", NULL);
    g_autofree char *base = maildir_unique();
    g_autofree char *file = g_strconcat(base, ".eml", NULL);
    g_autofree char *side = envelope_name(file);
    g_autofree char *path = g_build_filename(tmp, file, NULL);
    g_autofree char *side_path = g_build_filename(tmp, side, NULL);
    g_autoptr(GString) facts = g_string_new(NULL);
    append_fact(facts, "account", account);
    append_fact(facts, "from", e->from);
    for (guint i = 0; i < e->recipients->len; i++)
        append_fact(facts, "to", ((const Recipient *)e->recipients->pdata[i])->address);
    g_autofree char *notify = g_strdup_printf("%u", e->notify);
    if (e->notify)
        append_fact(facts, "notify", notify);
    crash_point("outbox");
    if (!file_make_directories(tmp, err) ||
        !file_replace_durable(side_path, facts->str, facts->len, err))
        return NULL;
    crash_point("outbox");
    if (!file_replace_durable(path, bytes, len, err)) {
        unlink(side_path);
        return NULL;
    }
    crash_point("outbox");
    return g_steal_pointer(&file);
}

static gboolean publish(Store *s, const char *name, GError **err)
{
    g_autofree char *from = g_build_filename(s->home->directory, "outbox", "tmp", name, NULL);
    g_autofree char *to = outbox_path(s->home, name);
    if (maildir_rename_new(from, to) < 0) {
        error_set_errno(err, PINTAIL_ERROR_STORE, errno, _("cannot write '%s'"), to);
        return FALSE;
    }
    txn_created(s, to);
    txn_sync_parent(s, to);
    crash_point("outbox");
    return TRUE;
}

gboolean outbox_publish_files(Store *s, const char *file, GError **err)
{
    g_autofree char *side = envelope_name(file);
    return publish(s, side, err) && publish(s, file, err);
}

void outbox_remove_files(StoreHome *h, const char *file, gboolean temporary)
{
    g_autofree char *side = envelope_name(file);
    const char *names[] = {file, side};
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path =
            temporary ? g_build_filename(h->directory, "outbox", "tmp", names[i], NULL)
                      : outbox_path(h, names[i]);
        unlink(path);
    }
}

void outbox_drop_files(Store *s, const char *path)
{
    g_autofree char *side = envelope_name(path);
    txn_remove_file(s, path);
    txn_remove_file(s, side);
}

gboolean outbox_keep_taken(StoreHome *h, const char *path, GBytes *bytes, GError **err)
{
    g_autofree char *directory = g_build_filename(h->directory, "outbox", "taken", NULL);
    g_autofree char *name = g_path_get_basename(path);
    g_autofree char *kept = g_build_filename(directory, name, NULL);
    gsize len;
    const void *at = g_bytes_get_data(bytes, &len);
    return file_make_directories(directory, err) && file_replace_durable(kept, at, len, err);
}

/* ---- at start ---- */
static void remove_old(StoreHome *h, const char *sub, time_t age)
{
    g_autofree char *directory = g_build_filename(h->directory, "outbox", sub, NULL);
    DIR *d = opendir(directory);
    struct dirent *e;
    while (d && (e = readdir(d))) {
        struct stat st;
        if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
            st.st_mtime < time(NULL) - age)
            unlinkat(dirfd(d), e->d_name, 0);
    }
    if (d)
        closedir(d);
}

static OutboxEntry *read_orphan(Store *s, const char *file)
{
    g_autofree char *side = envelope_name(file);
    g_autofree char *side_path = outbox_path(s->home, side);
    g_autofree char *path = outbox_path(s->home, file);
    g_autoptr(GBytes) facts = file_read(side_path, 1u << 20, NULL);
    g_autoptr(GBytes) mail = file_read(path, BODY_LIMIT, NULL);
    if (!mail)
        return NULL;
    OutboxEntry *e = g_new0(OutboxEntry, 1);
    e->recipients = g_ptr_array_new_with_free_func((GDestroyNotify)recipient_free);
    gsize len;
    const char *at = g_bytes_get_data(mail, &len);
    g_autoptr(Envelope) envelope = envelope_parse(at, MIN(len, (gsize)1 << 20));
    e->subject = g_strdup(envelope->subject);
    e->message_id = g_strdup(envelope->message_id);
    at = facts ? g_bytes_get_data(facts, &len) : "";
    g_autofree char *text = g_strndup(at, facts ? len : 0);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **l = lines; *l; l++) {
        if (g_str_has_prefix(*l, "account ")) {
            e->account = account_find(s, *l + 8);
        } else if (g_str_has_prefix(*l, "from ") && !e->from) {
            e->from = g_strdup(*l + 5);
        } else if (g_str_has_prefix(*l, "notify ")) {
            e->notify = (guint)g_ascii_strtoull(*l + 7, NULL, 10) & 15u;
        } else if (g_str_has_prefix(*l, "to ")) {
            Recipient *r = g_new0(Recipient, 1);
            r->address = g_strdup(*l + 3);
            g_ptr_array_add(e->recipients, r);
        }
    }
    if (!e->from)
        e->from = g_strdup("");
    return e;
}

static GPtrArray *find_orphans(Store *s)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *directory = home_path(s->home, "outbox");
    g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
    const char *name;
    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *path = outbox_path(s->home, name);
        if (g_str_has_suffix(name, ".eml") && g_utf8_validate(name, -1, NULL) &&
            !db_number(&s->db, 1,
                       "SELECT EXISTS(SELECT 1 FROM outbox WHERE file = ?1)"
                       " OR EXISTS(SELECT 1 FROM file_todo WHERE path = ?2)",
                       "tt", name, path))
            g_ptr_array_add(names, g_strdup(name));
    }
    return names;
}

gboolean outbox_recover(Store *s, GError **err)
{
    remove_old(s->home, "tmp", 36 * 3600);
    remove_old(s->home, "taken", 7 * 86400);
    g_autofree char *salvaged = meta_get(s, "salvaged");
    g_autoptr(GPtrArray) first = find_orphans(s);
    if (!db_ok(&s->db, err))
        return FALSE;
    if (first->len > 0 || salvaged) {
        if (!txn_begin(s, TRUE, err))
            return FALSE;
        /* Again under the lock: what another process was just queueing has its row by now. */
        g_autoptr(GPtrArray) orphans = find_orphans(s);
        for (guint i = 0; i < orphans->len; i++) {
            g_autoptr(OutboxEntry) e = read_orphan(s, orphans->pdata[i]);
            if (e)
                outbox_adopt(s, e, orphans->pdata[i], salvaged ? OUTBOX_UNKNOWN : OUTBOX_REFUSED,
                             salvaged
                                 ? _("the database was damaged: this may have been sent")
                                 : _("Pintail ended while this was being queued: it was not sent"));
        }
        db_run(&s->db, "DELETE FROM meta WHERE key = 'salvaged'", "");
        if (!txn_commit(s, err))
            return FALSE;
    }
    return outbox_find_unknown(s, err);
}
