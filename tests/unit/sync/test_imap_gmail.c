/* test_imap_gmail.c - Gmail (X-GM-EXT-1), scripted: labels are folders, one message may lie in several. */
#include "imap_home.h"

#define GMAIL "UIDPLUS MOVE UNSELECT LITERAL+ X-GM-EXT-1"
#define ALL "[Gmail]/All Mail"
#define SENT "[Gmail]/Sent Mail"
#define TRASH "[Gmail]/Trash"

typedef struct {
    guint bodies, appends;
} Seen;

static gboolean gmail(FakeClient *c, const char *tag, const char *command)
{
    static const struct {
        const char *name, *use;
    } folders[] = {{"INBOX", ""}, {"Work", ""}, {ALL, "\\All"}, {SENT, "\\Sent"}, {TRASH, "\\Trash"}};
    ImapWorld *w = c->fake->data;
    Seen *seen = w->data;
    if (g_str_has_prefix(command, "APPEND "))
        seen->appends++;
    if (strstr(command, "BODY.PEEK[]"))
        seen->bodies++;
    if (!g_str_has_prefix(command, "LIST ") && !g_str_has_prefix(command, "LSUB "))
        return FALSE;
    for (guint n = 0; n < G_N_ELEMENTS(folders); n++)
        fake_send(c, "* %.4s (%s) \"/\" \"%s\"", command, folders[n].use, folders[n].name);
    fake_send(c, "%s OK done", tag);
    return TRUE;
}

typedef struct {
    Seen seen;
    ImapWorld *w;
    Fake *f;
    Home *h;
} Gmail;

/* One message with two labels: in INBOX, in Work and in All Mail; another one in All Mail only. */
static Gmail *gmail_new(void)
{
    Gmail *g = g_new0(Gmail, 1);
    g->w = world_new(1, GMAIL);
    g->w->intercept = gmail;
    g->w->data = &g->seen;
    const ImapMail *first = world_box(g->w, "INBOX")->mails->pdata[0];
    box_add(world_add_box(g->w, "Work"), first->text, 0);
    ImapBox *all = world_add_box(g->w, ALL);
    box_add(all, "From: b@example.org\r\nSubject: old\r\nMessage-ID: <old@example.org>\r\n\r\nold\r\n", 1);
    box_add(all, first->text, 0);
    world_add_box(g->w, SENT);
    world_add_box(g->w, TRASH);
    g->f = fake_new(&imap_serve, g->w);
    g->h = imap_home(g->f);
    home_run_once(g->h, 0, 2);
    return g;
}

static void gmail_free(Gmail *g)
{
    home_free(g->h);
    fake_free(g->f);
    world_free(g->w);
    g_free(g);
}

static gint64 message_of(Home *h, const char *folder, const char *subject)
{
    gint64 where, message = 0;
    guint32 uid, uidvalidity;
    g_assert_true(placement_locate(h->store, home_placement(h, home_folder(h, folder), subject), &where, &uid,
                                   &uidvalidity, &message));
    return message;
}

static void test_one_message(void)
{
    Gmail *g = gmail_new();
    gint64 inbox = message_of(g->h, "INBOX", "mail 1");
    g_assert_cmpint(inbox, ==, message_of(g->h, "Work", "mail 1"));
    g_assert_cmpint(inbox, ==, message_of(g->h, ALL, "mail 1"));
    g_assert_cmpint(inbox, !=, message_of(g->h, ALL, "old"));
    g_autoptr(Folder) archive = folder_by_role(g->h->store, g->h->id, ROLE_ARCHIVE);
    g_assert_cmpstr(archive->name, ==, ALL);

    /* its content, asked for in each of them, comes once */
    g_autoptr(Engine) e = home_engine(g->h, 0);
    const char *const folders[] = {"INBOX", "Work", ALL};
    for (guint n = 0; n < G_N_ELEMENTS(folders); n++) {
        Request *r = request_new(REQUEST_BODY, g->h->id);
        r->message_id = message_of(g->h, folders[n], "mail 1");
        r->section = g_strdup("");
        g_assert_true(bus_request(g->h->bus, LANE_FAST, r));
        g_assert_true(home_wait(g->h, EVENT_BODY)->ok);
    }
    home_stop(g->h, e);
    g_assert_cmpuint(g->seen.bodies, ==, 1);

    /* a label is taken away: the message is still in the others */
    g_ptr_array_set_size(world_box(g->w, "Work")->mails, 0);
    home_run_once(g->h, 0, 2);
    assert_here(g->h, "Work", "");
    assert_here(g->h, "INBOX", "mail 1");
    g_assert_true(body_have(g->h->store, inbox, ""));
    gmail_free(g);
}

/* What was sent through Gmail is in Sent already; what was not is stored. */
static void test_sent(void)
{
    static const char copy[] = "From: ana@example.org\r\nSubject: sent\r\nMessage-ID: <sent@example.org>\r\n\r\nhello\r\n";
    static const char other[] = "From: ana@example.org\r\nSubject: other\r\nMessage-ID: <other@example.org>\r\n\r\nx\r\n";
    Gmail *g = gmail_new();
    g_autoptr(GError) err = NULL;
    /* as the server writes it: another size, the same Message-ID */
    box_add(world_box(g->w, SENT), "Received: by gmail\r\nSubject: sent\r\nMessage-ID: <sent@example.org>\r\n\r\nhello\r\n", 1);
    gint64 sent = home_folder(g->h, SENT);
    g_assert_cmpint(message_append(g->h->store, sent, copy, strlen(copy), FLAG_SEEN, 0, &err), !=, 0);
    g_assert_cmpint(message_append(g->h->store, sent, other, strlen(other), FLAG_SEEN, 0, &err), !=, 0);
    home_run_once(g->h, 0, 2);
    home_run_once(g->h, 0, 2);
    assert_there(g->w, SENT, "sent,other");
    assert_here(g->h, SENT, "other,sent");
    g_assert_cmpuint(g->seen.appends, ==, 1);
    g_assert_false(ops_waiting(g->h->store, g->h->id));
    gmail_free(g);
}

/* Archiving is a move to All Mail; deleting for good goes by way of Trash. */
static void test_archive_and_purge(void)
{
    Gmail *g = gmail_new();
    change(g->h, CHANGE_PURGE, home_placement(g->h, home_folder(g->h, ALL), "old"), 0, 0);
    change(g->h, CHANGE_MOVE, home_placement(g->h, home_folder(g->h, "INBOX"), "mail 1"), 0, home_folder(g->h, "Work"));
    home_run_once(g->h, 0, 2);
    home_run_once(g->h, 0, 2);
    assert_there(g->w, TRASH, "");
    assert_there(g->w, ALL, "mail 1");
    assert_here(g->h, ALL, "mail 1");
    assert_here(g->h, TRASH, "");
    assert_here(g->h, "INBOX", "");
    g_assert_false(ops_waiting(g->h->store, g->h->id));
    g_assert_cmpuint(ops_count(g->h->store, OP_PARKED), ==, 0);
    gmail_free(g);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/imap/gmail/one message", test_one_message);
    g_test_add_func("/imap/gmail/sent", test_sent);
    g_test_add_func("/imap/gmail/archive and purge", test_archive_and_purge);
    return g_test_run();
}
