/* uidl.c - which POP3 messages are here: the rows, and the file beside the Maildir.
 *
 * The side file is a log of lines, appended and fsynced before the row is committed:
 *     d TIME BASE UIDL     downloaded whole        p TIME BASE UIDL     its header only
 *     x UIDL               no longer on the server
 * UIDL is percent-encoded. A line without its newline (a crash) does not count. It is read only
 * when the account's rows have been lost. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "folder_private.h"
#include "message_private.h"
#include "uidl_private.h"
#include "pintail/util/error.h"
#include "pintail/util/file.h"
#include "pintail/util/i18n.h"

#define SIDE_NAME  ".pintail-uidl"
#define SIDE_MAX   (256u * 1024 * 1024)
#define COMPACT_AT 262144

void uidl_free(Uidl *u)
{
    if (!u)
        return;
    g_free(u->uidl);
    g_free(u);
}

GHashTable *uidls_load(Store *s, gint64 account, GError **err)
{
    GHashTable *known =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)uidl_free);
    sqlite3_stmt *st = db_query(&s->db,
                                "SELECT uidl, message, downloaded, partial, wanted, purge FROM uidl"
                                " WHERE account = ? AND content = 0",
                                "i", account);
    while (db_step(&s->db, st)) {
        Uidl *u = g_new0(Uidl, 1);
        u->uidl = db_text(st, 0);
        u->message = db_int(st, 1);
        u->downloaded = db_int(st, 2);
        u->partial = db_int(st, 3) != 0;
        u->wanted = db_int(st, 4) != 0;
        u->purge = db_int(st, 5) != 0;
        g_hash_table_insert(known, u->uidl, u);
    }
    if (db_ok(&s->db, err))
        return known;
    g_hash_table_unref(known);
    return NULL;
}

/* ---- the side file ---- */
static char *escape(const char *uidl)
{
    return g_uri_escape_string(uidl, NULL, FALSE);
}

char *side_line(char kind, gint64 when, const char *base, const char *uidl)
{
    g_autofree char *escaped = escape(uidl);
    if (kind == 'x')
        return g_strdup_printf("x %s\n", escaped);
    return g_strdup_printf("%c %" G_GINT64_FORMAT " %s %s\n", kind, when, base, escaped);
}

static gboolean append_all(int fd, const char *text, gsize len)
{
    while (len > 0) {
        ssize_t n = write(fd, text, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            errno = n == 0 ? ENOSPC : errno;
            return FALSE;
        }
        text += n;
        len -= (gsize)n;
    }
    return fsync(fd) == 0;
}

gboolean side_append(const char *root, const char *lines, GError **err)
{
    g_autofree char *path = g_build_filename(root, SIDE_NAME, NULL);
    gboolean fresh = access(path, F_OK) < 0;
    int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        error_set_errno(err, PINTAIL_ERROR_STORE, errno, _("cannot write '%s'"), path);
        return FALSE;
    }
    struct stat st;
    char last = '\n';
    if (fstat(fd, &st) == 0 && st.st_size > 0 && pread(fd, &last, 1, st.st_size - 1) != 1)
        last = ' ';
    g_autofree char *text = g_strconcat(last == '\n' ? "" : "\n", lines, NULL);
    gboolean ok = append_all(fd, text, strlen(text));
    int number = errno;
    if (close(fd) < 0 && ok) {
        ok = FALSE;
        number = errno;
    }
    if (!ok) {
        error_set_errno(err, PINTAIL_ERROR_STORE, number, _("cannot write '%s'"), path);
        return FALSE;
    }
    return !fresh || file_sync_directory(root, err);
}

static void import_line(Store *s, gint64 account, char *line)
{
    g_auto(GStrv) word = g_strsplit(line, " ", 4);
    guint n = g_strv_length(word);
    if (n == 2 && strcmp(word[0], "x") == 0) {
        g_autofree char *uidl = g_uri_unescape_string(word[1], NULL);
        if (uidl)
            db_run(&s->db, "DELETE FROM uidl WHERE account = ? AND uidl = ?", "it", account, uidl);
        return;
    }
    if (n != 4 || (strcmp(word[0], "d") != 0 && strcmp(word[0], "p") != 0))
        return;
    g_autofree char *uidl = g_uri_unescape_string(word[3], NULL);
    /* A header alone is not mail that is safe here: it is listed anew. */
    if (!uidl || word[0][0] == 'p')
        return;
    db_run(&s->db,
           "INSERT OR REPLACE INTO uidl(account, uidl, base, message, downloaded, partial, wanted,"
           " purge, content) VALUES(?, ?, ?, coalesce((SELECT p.message FROM placement p CROSS "
           "JOIN message m"
           " ON m.id = p.message WHERE p.base = ? AND m.account = ? LIMIT 1), 0), ?, 0, 0, 0, ?)",
           "itttiii", account, uidl, word[2], word[2], account, g_ascii_strtoll(word[1], NULL, 10),
           I64(strcmp(uidl, word[2]) == 0));
}

void uidls_import(Store *s, gint64 account, const char *root)
{
    g_autofree char *path = g_build_filename(root, SIDE_NAME, NULL);
    GError *err = NULL;
    g_autoptr(GBytes) bytes = file_read(path, SIDE_MAX, &err);
    if (!bytes) {
        if (error_is(err, PINTAIL_ERROR_GONE))
            g_clear_error(&err);
        else
            db_fail(&s->db, err);
        return;
    }
    gsize len;
    const char *at = g_bytes_get_data(bytes, &len);
    const char *end;
    for (; len > 0 && (end = memchr(at, '\n', len)); len -= (gsize)(end + 1 - at), at = end + 1) {
        g_autofree char *line = g_strndup(at, (gsize)(end - at));
        import_line(s, account, line);
    }
}

/* The log grows with every message that was ever here; rewritten from the rows now and then. */
static void compact(Store *s, gint64 account, const char *root)
{
    g_autofree char *path = g_build_filename(root, SIDE_NAME, NULL);
    struct stat st;
    gint64 rows = db_number(&s->db, 0, "SELECT count(*) FROM uidl WHERE account = ?", "i", account);
    if (stat(path, &st) < 0 || st.st_size < COMPACT_AT + 400 * rows)
        return;
    g_autoptr(GString) text = g_string_new(NULL);
    sqlite3_stmt *q = db_query(
        &s->db, "SELECT uidl, base, downloaded, partial FROM uidl WHERE account = ?", "i", account);
    while (db_step(&s->db, q)) {
        g_autofree char *line =
            side_line(db_int(q, 3) ? 'p' : 'd', db_int(q, 2), db_peek(q, 1), db_peek(q, 0));
        g_string_append(text, line);
    }
    if (!db_failed(&s->db))
        file_replace_durable(path, text->str, text->len, NULL);
}

/* ---- rows ---- */
void uidl_relink(Store *s, gint64 account, const char *base, gint64 message)
{
    db_run(
        &s->db,
        "UPDATE uidl SET message = ? WHERE account = ? AND base = ? AND message = 0 AND purge = 0",
        "iit", message, account, base);
}

gboolean uidls_forget(Store *s, gint64 account, const char *const *uidls, guint n, GError **err)
{
    if (n == 0)
        return TRUE;
    g_autofree char *root = account_maildir(s, account);
    if (!db_ok(&s->db, err))
        return FALSE;
    g_autoptr(GString) lines = g_string_new(NULL);
    for (guint i = 0; i < n; i++) {
        g_autofree char *line = side_line('x', 0, NULL, uidls[i]);
        g_string_append(lines, line);
    }
    crash_point("pop3");
    if (!side_append(root, lines->str, err))
        return FALSE;
    crash_point("pop3");
    if (!txn_begin(s, TRUE, err))
        return FALSE;
    for (guint i = 0; i < n; i++)
        db_run(&s->db, "DELETE FROM uidl WHERE account = ? AND uidl = ?", "it", account, uidls[i]);
    compact(s, account, root);
    crash_point("pop3");
    if (!txn_commit(s, err))
        return FALSE;
    crash_point("pop3");
    return TRUE;
}

gboolean uidls_deleted(Store *s, gint64 account, const char *const *uidls, guint n, GError **err)
{
    return uidls_forget(s, account, uidls, n, err);
}

gboolean uidl_want(Store *s, gint64 message, GError **err)
{
    if (!txn_begin(s, TRUE, err))
        return FALSE;
    db_run(&s->db, "UPDATE uidl SET wanted = 1 WHERE message = ? AND message <> 0 AND partial = 1",
           "i", message);
    return txn_commit(s, err);
}
