/* Any bytes as everything that an IMAP server says in a whole session: greeting, login, and one
 * command of each kind, whatever came before. What the client says goes into a socket that nobody
 * reads; when the bytes are over, the connection is closed. */
#include <sys/socket.h>
#include <unistd.h>
#include "imap_session.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

#define SESSION_MAX 65536 /* what a socket takes at once */

static gboolean take(ImapFetched *m, gpointer data, GError **err)
{
    g_assert(m->uid != 0);
    return TRUE;
}

static gboolean take_bytes(guint32 uid, Span bytes, guint64 total, gpointer data, GError **err)
{
    *(guint64 *)data += bytes.len;
    return TRUE;
}

static void check_changes(ImapSession *s)
{
    g_autoptr(ImapChanges) c = imap_take_changes(s);
    for (guint i = 0; i < c->flags->len; i++)
        g_assert(g_array_index(c->flags, ImapFlagChange, i).uid != 0);
    for (guint i = 0; i < c->alerts->len; i++)
        g_assert(g_utf8_validate(g_ptr_array_index(c->alerts, i), -1, NULL));
}

static void read_messages(ImapSession *s, const ImapSet *all)
{
    guint64 bytes = 0;
    if (imap_fetch_begin(s, all, IMAP_FETCH_FLAGS | IMAP_FETCH_HEADER | IMAP_FETCH_BODY, NULL, take, NULL, NULL)) {
        gboolean more = imap_section_begin(s, 7, "1", 0, 100, 1000, take_bytes, &bytes, NULL);
        imap_await(s, NULL);
        if (more)
            imap_await(s, NULL);
    }
    g_assert(bytes <= 100);
}

static void change_messages(ImapSession *s, const ImapSet *all)
{
    ImapTerm terms[] = {{.key = "ALL"}, {.key = NULL}};
    ImapCopied copied;
    imap_set_free(imap_search(s, terms, NULL));
    imap_store(s, all, IMAP_STORE_ADD, IMAP_FLAG_SEEN, NULL, FALSE, NULL);
    imap_copy(s, all, "b\xc3\xa4", &copied, NULL);
    g_assert(copied.from->len == copied.to->len);
    imap_copied_clear(&copied);
    imap_expunge(s, all, NULL);
}

static void run(ImapSession *s)
{
    g_autoptr(Secret) password = secret_new("correct horse", 13);
    Credentials who = {.user = "ana", .password = password};
    g_autoptr(ImapSet) all = imap_set_range(1, IMAP_LAST);
    ImapStatus status;
    const char *name = "a";
    ImapIdle why;
    imap_login(s, &who, NULL);
    GPtrArray *folders = imap_list(s, IMAP_STATUS_USUAL, NULL);
    if (folders)
        g_ptr_array_unref(folders);
    imap_status(s, &name, 1, IMAP_STATUS_USUAL, &status, NULL);
    imap_select(s, "INBOX", FALSE, NULL);
    if (imap_selected(s))
        read_messages(s, all);
    change_messages(s, all);
    imap_idle(s, -1, 0, &why, NULL);
    check_changes(s);
    imap_logout(s);
}

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    int ends[2];
    if (size > SESSION_MAX || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return 0;
    g_assert(size == 0 || send(ends[1], data, size, MSG_NOSIGNAL) == (ssize_t)size);
    shutdown(ends[1], SHUT_WR);
    char host[] = "localhost";
    Endpoint where = {.protocol = PROTOCOL_IMAP, .tls = TLS_OFF, .host = host, .port = 143};
    StreamOptions options = {.timeout_ms = 1000};
    g_autoptr(GError) err = NULL;
    ImapSession *s =
        imap_session_on(stream_on_socket(ends[0], &where, &options), &where, &options, NULL, &err);
    g_assert((s != NULL) == (err == NULL));
    if (s)
        run(s);
    else
        g_assert(g_utf8_validate(err->message, -1, NULL));
    imap_free(s);
    close(ends[1]);
    return 0;
}
