/* imap.c - sessions on a real server, all commands in a row. `make live` runs it on servers of its
 * own; on another one:
 *
 *   PINTAIL_TEST_IMAP=imap://USER@HOST:PORT PINTAIL_TEST_PASSWORD=... [PINTAIL_TEST_CA=FILE]
 *
 * The user's mailbox is changed: folders named "pintail-test*" are made and deleted. */
#include "pintail/proto/imap.h"
#include "pintail/util/error.h"
#include "pintail/util/log.h"

#define FOLDER "pintail-test Entw\xc3\xbcrfe & mehr"
#define OTHER  "pintail-test other"

static gboolean collect(guint32 uid, Span bytes, guint64 total, gpointer data, GError **err)
{
    g_string_append_len(data, bytes.at, (gssize)bytes.len);
    return TRUE;
}

typedef struct {
    guint messages, with_header;
    guint flags;
    guint32 last_uid;
    char *structure;
} Seen;

static gboolean see(ImapFetched *m, gpointer data, GError **err)
{
    Seen *seen = data;
    seen->messages++;
    seen->with_header += (m->has & IMAP_FETCH_HEADER) && m->header.len > 2;
    seen->flags = m->flags.bits;
    seen->last_uid = m->uid;
    if (m->has & IMAP_FETCH_BODY) {
        g_free(seen->structure);
        const ImapBody *first =
            m->body->children ? g_ptr_array_index(m->body->children, 0) : m->body;
        seen->structure =
            g_strdup_printf("%s/%s %s", m->body->type, m->body->subtype, first->section);
    }
    return TRUE;
}

#define OK(call)                                                                                   \
    G_STMT_START                                                                                   \
    {                                                                                              \
        gboolean done_ = (call);                                                                   \
        g_assert_no_error(error);                                                                  \
        g_assert_true(done_);                                                                      \
    }                                                                                              \
    G_STMT_END

static const char message[] =
    "From: Ana Ruiz <ana@example.org>\r\nTo: ben@example.org\r\nSubject: test\r\n"
    "Message-ID: <live-%u@example.org>\r\nMIME-Version: 1.0\r\n"
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello\r\n--b\r\n"
    "Content-Type: application/octet-stream; name=x.bin\r\n\r\n%0*u\r\n--b--\r\n";

static void append_some(ImapSession *s, guint n)
{
    GError *error = NULL;
    for (guint i = 1; i <= n; i++) {
        g_autofree char *text = g_strdup_printf(message, i, i == n ? 90000 : 10, i);
        const char *work[] = {"work", NULL};
        ImapAppend what = {.message = {text, strlen(text)},
                           .bits = IMAP_FLAG_FLAGGED,
                           .keywords = work,
                           .date = "17-Jul-1996 02:44:25 -0700"};
        guint32 validity = 0, uid = 0;
        OK(imap_append(s, FOLDER, &what, &validity, &uid, &error));
        g_assert_true(!imap_has(s, IMAP_CAP_UIDPLUS) || uid == i);
    }
}

static void read_them(ImapSession *s, guint n)
{
    GError *error = NULL;
    Seen seen = {0}, flags = {0};
    g_autoptr(ImapSet) all = imap_set_range(1, IMAP_LAST), some = imap_set_range(1, n);
    OK(imap_fetch_begin(s, all, IMAP_FETCH_FLAGS, NULL, see, &flags, &error));
    OK(imap_fetch_begin(s, some,
                        IMAP_FETCH_FLAGS | IMAP_FETCH_DATE | IMAP_FETCH_SIZE | IMAP_FETCH_HEADER |
                            IMAP_FETCH_BODY | IMAP_FETCH_MODSEQ | IMAP_FETCH_IDS,
                        "DATE FROM SUBJECT MESSAGE-ID", see, &seen, &error));
    OK(imap_await(s, &error));
    OK(imap_await(s, &error));
    g_assert_cmpuint(flags.messages, ==, n);
    g_assert_cmpuint(seen.with_header, ==, n);
    g_assert_cmpuint(flags.flags & ~(guint)IMAP_FLAG_RECENT, ==, IMAP_FLAG_FLAGGED);
    g_assert_cmpstr(seen.structure, ==, "multipart/mixed 1");
    g_free(seen.structure);
    g_autoptr(GString) part = g_string_new(NULL), slice = g_string_new(NULL),
                       whole = g_string_new(NULL);
    OK(imap_section(s, n, "1", 0, 0, 0, collect, part, &error));
    g_assert_cmpstr(part->str, ==, "hello");
    OK(imap_section(s, n, "2", 50000, 1000, 0, collect, slice, &error));
    g_assert_cmpuint(slice->len, ==, 1000);
    OK(imap_section(s, n, "", 0, 0, 0, collect, whole, &error));
    g_autofree char *text = g_strdup_printf(message, n, 90000, n);
    g_assert_cmpstr(whole->str, ==, text);
    g_assert_false(imap_section(s, 9999, "1", 0, 0, 0, collect, part, &error));
    g_assert_error(error, PINTAIL_ERROR, PINTAIL_ERROR_GONE);
    g_clear_error(&error);
}

static void change_them(ImapSession *s)
{
    GError *error = NULL;
    ImapTerm by_id[] = {{"HEADER", "Message-ID", "<live-2@example.org>"}, {.key = NULL}};
    g_autoptr(ImapSet) found = imap_search(s, by_id, &error);
    g_assert_no_error(error);
    g_autofree char *text = imap_set_text(found);
    g_assert_cmpstr(text, ==, "2");
    OK(imap_store(s, found, IMAP_STORE_ADD, IMAP_FLAG_SEEN | IMAP_FLAG_FORWARDED, NULL, FALSE,
                  &error));
    g_autoptr(ImapChanges) changed = imap_take_changes(s);
    g_assert_cmpuint(changed->flags->len, ==, 1);
    g_assert_cmpuint(
        g_array_index(changed->flags, ImapFlagChange, 0).flags.bits & IMAP_FLAG_FORWARDED, !=, 0);
    ImapCopied copied;
    OK(imap_copy(s, found, OTHER, &copied, &error));
    g_assert_cmpuint(copied.from->len, ==, 1);
    imap_copied_clear(&copied);
    OK(imap_move(s, found, OTHER, &copied, &error));
    g_assert_cmpuint(g_array_index(copied.to, guint32, 0), ==, 2);
    imap_copied_clear(&copied);
    g_autoptr(ImapSet) first = imap_set_range(1, 1);
    OK(imap_store(s, first, IMAP_STORE_ADD, IMAP_FLAG_DELETED, NULL, TRUE, &error));
    OK(imap_expunge(s, first, &error));
    g_autoptr(ImapChanges) gone = imap_take_changes(s);
    g_assert_cmpuint(gone->expunged->len, ==, 2);
    g_assert_cmpuint(gone->unknown_expunged, ==, 0);
    g_autoptr(ImapSet) third = imap_set_range(3, 3);
    g_assert_false(imap_copy(s, third, "pintail-test nowhere", NULL, &error));
    g_assert_error(error, PINTAIL_ERROR, PINTAIL_ERROR_GONE);
    g_clear_error(&error);
}

static void run(ImapSession *s)
{
    GError *error = NULL;
    imap_delete(s, FOLDER, NULL);
    imap_delete(s, OTHER, NULL);
    OK(imap_create(s, FOLDER, IMAP_USE_NONE, &error));
    OK(imap_create(s, OTHER, IMAP_USE_ARCHIVE, &error));
    OK(imap_subscribe(s, FOLDER, TRUE, &error));
    g_autoptr(GPtrArray) list = imap_list(s, IMAP_STATUS_USUAL, &error);
    g_assert_no_error(error);
    const ImapFolder *ours = NULL;
    for (guint i = 0; i < list->len; i++) {
        const ImapFolder *f = g_ptr_array_index(list, i);
        if (strcmp(f->name, FOLDER) == 0)
            ours = f;
    }
    g_assert_nonnull(ours);
    g_assert_true(ours->flags & IMAP_FOLDER_SUBSCRIBED);
    g_assert_true(!imap_has(s, IMAP_CAP_LIST_STATUS) || ours->status.has & IMAP_STATUS_UIDNEXT);
    append_some(s, 5);
    const ImapMailbox *m = imap_select(s, FOLDER, FALSE, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(m->exists, ==, 5);
    g_assert_cmpuint(m->uidvalidity, !=, 0);
    g_assert_cmpuint(m->uidnext, ==, 6);
    read_them(s, 5);
    change_them(s);
    g_assert_cmpuint(m->exists, ==, 3);
    ImapIdle why;
    OK(imap_idle(s, -1, 1, &why, &error));
    append_some(s, 0);
    const char *names[] = {OTHER, "pintail-test nowhere"};
    ImapStatus status[2];
    OK(imap_status(s, names, 2, IMAP_STATUS_USUAL | IMAP_STATUS_SIZE, status, &error));
    g_assert_cmpuint(status[0].messages, ==, 2);
    g_assert_cmpuint(status[1].has, ==, 0);
    OK(imap_unselect(s, &error));
    OK(imap_rename(s, OTHER, "pintail-test renamed", &error));
    OK(imap_delete(s, "pintail-test renamed", &error));
    OK(imap_subscribe(s, FOLDER, FALSE, &error));
    OK(imap_delete(s, FOLDER, &error));
    g_assert_true(imap_logout(s));
}

static void test_live(void)
{
    const char *url = g_getenv("PINTAIL_TEST_IMAP"), *password = g_getenv("PINTAIL_TEST_PASSWORD");
    if (!url || !password) {
        g_error("PINTAIL_TEST_IMAP and PINTAIL_TEST_PASSWORD name no server");
    }
    if (g_getenv("PINTAIL_TEST_LOG"))
        log_open(g_getenv("PINTAIL_TEST_LOG"), NULL);
    g_autoptr(Endpoint) where = endpoint_parse(url, NULL);
    g_assert_true(where && where->user);
    StreamOptions options = {
        .timeout_ms = 10000, .ca_file = g_getenv("PINTAIL_TEST_CA"), .log_name = "live"};
    static const char *const mechanisms[] = {"SCRAM-SHA-256", "PLAIN", NULL};
    for (guint i = 0; i < G_N_ELEMENTS(mechanisms); i++) {
        GError *error = NULL;
        g_autoptr(ImapSession) s = imap_connect(where, &options, NULL, &error);
        g_assert_no_error(error);
        g_autoptr(Secret) wrong = secret_new("wrong", 5),
                          right = secret_new(password, strlen(password));
        Credentials who = {.user = where->user, .password = wrong, .mechanism = mechanisms[i]};
        if (i == 0) {
            g_assert_false(imap_login(s, &who, &error));
            g_assert_error(error, PINTAIL_ERROR, PINTAIL_ERROR_AUTH);
            g_clear_error(&error);
        }
        who.password = right;
        OK(imap_login(s, &who, &error));
        g_test_message("%s", imap_description(s));
        run(s);
    }
    log_close();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/imap/live", test_live);
    return g_test_run();
}
