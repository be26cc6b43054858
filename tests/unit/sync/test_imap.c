/* test_imap.c - the IMAP lanes against a server with a state: sync, renumbering, second looks, and
 * replay with the line cut at every place: whatever the person did is there, once. */
#include "imap_home.h"

#define MODERN "UIDPLUS MOVE UNSELECT LITERAL+ SPECIAL-USE"

/* ---- sync ---- */

static void test_sync(void)
{
    ImapWorld *w = world_new(3, MODERN);
    Fake *f = fake_new(&imap_serve, w);
    Home *h = imap_home(f);
    home_run_once(h, 0, 2);
    assert_here(h, "INBOX", "mail 1,mail 2,mail 3");
    g_assert_cmpuint(w->fetched, ==, 3);

    /* what another program did: a flag, a deletion, new mail */
    ImapBox *inbox = world_box(w, "INBOX");
    ((ImapMail *)inbox->mails->pdata[2])->flags |= 3;
    g_ptr_array_remove_index(inbox->mails, 0);
    box_add(inbox, "Subject: new\r\nMessage-ID: <new@example.org>\r\n\r\n\r\n", 0);
    home_run_once(h, 0, 2);
    assert_here(h, "INBOX", "mail 2,mail 3,new");
    g_assert_cmpuint(w->fetched, ==, 4);
    gint64 p = home_placement(h, home_folder(h, "INBOX"), "mail 3");
    g_autoptr(GPtrArray) rows = rows_get(h->store, &p, 1, NULL);
    g_assert_cmpuint(((Row *)rows->pdata[0])->flags, ==, FLAG_SEEN | FLAG_FLAGGED);
    home_free(h);
    fake_free(f);
    world_free(w);
}

/* Renumbered: the same placements, found again. */
static void test_renumbered(void)
{
    ImapWorld *w = world_new(3, MODERN);
    Fake *f = fake_new(&imap_serve, w);
    Home *h = imap_home(f);
    home_run_once(h, 0, 2);
    gint64 before = home_placement(h, home_folder(h, "INBOX"), "mail 2");
    ImapBox *inbox = world_box(w, "INBOX");
    inbox->uidvalidity = 77;
    inbox->uidnext = 1;
    for (guint n = 0; n < inbox->mails->len; n++)
        ((ImapMail *)inbox->mails->pdata[n])->uid = inbox->uidnext++;
    g_ptr_array_remove_index(inbox->mails, 0);
    home_run_once(h, 0, 2);
    assert_here(h, "INBOX", "mail 2,mail 3");
    g_assert_cmpint(home_placement(h, home_folder(h, "INBOX"), "mail 2"), ==, before);
    home_free(h);
    fake_free(f);
    world_free(w);
}

/* The folder seems to be empty: a second look, and then it is believed. */
static void test_emptied(void)
{
    ImapWorld *w = world_new(30, MODERN);
    Fake *f = fake_new(&imap_serve, w);
    Home *h = imap_home(f);
    home_run_once(h, 0, 2);
    g_ptr_array_set_size(world_box(w, "INBOX")->mails, 0);
    home_run_once(h, 0, 2);
    assert_here(h, "INBOX", "");
    home_free(h);
    fake_free(f);
    world_free(w);
}

static void test_read_only(void)
{
    ImapWorld *w = world_new(2, MODERN);
    Fake *f = fake_new(&imap_serve, w);
    Home *h = imap_home(f);
    home_run_once(h, ENGINE_READ_ONLY, 2);
    assert_here(h, "INBOX", "mail 1,mail 2");
    change(h, CHANGE_FLAGS, home_placement(h, home_folder(h, "INBOX"), "mail 1"), FLAG_FLAGGED, 0);
    home_run_once(h, ENGINE_READ_ONLY, 2);
    assert_there(w, "INBOX", "mail 1,mail 2");
    g_assert_true(ops_waiting(h->store, h->id));
    home_free(h);
    fake_free(f);
    world_free(w);
}

/* ---- replay ---- */

static const char draft[] = "From: ana@example.org\r\nSubject: draft\r\nMessage-ID: <draft@example.org>\r\n\r\n\r\n";

static gboolean refuse_first_list(FakeClient *c, const char *tag, const char *command)
{
    gboolean *first = ((ImapWorld *)c->fake->data)->data;
    if (!*first || !g_str_has_prefix(command, "LIST"))
        return FALSE;
    *first = FALSE;
    fake_send(c, "%s NO not now", tag);
    return TRUE;
}

/* Kept before the first LIST: it goes to what the server calls so, and no folder is made. */
static void test_before_the_folders(gconstpointer unlisted)
{
    g_autoptr(GError) err = NULL;
    ImapWorld *w = world_new(1, MODERN);
    ImapBox *b = world_box(w, "Drafts");
    g_free(b->name);
    b->name = g_strdup("Unfertiges");
    Fake *f = fake_new(&imap_serve, w);
    Home *h = imap_home(f);
    gint64 drafts = folder_for_role(h->store, h->id, ROLE_DRAFTS, NULL, &err);
    g_assert_no_error(err);
    message_append(h->store, drafts, draft, strlen(draft), FLAG_DRAFT, 0, &err);
    g_assert_no_error(err);
    gboolean first = TRUE;
    w->data = &first;
    if (unlisted) /* the sync lane comes to nothing */
        w->intercept = refuse_first_list;
    home_run_once(h, 0, 2);
    assert_there(w, "Unfertiges", "draft");
    g_assert_null(world_box(w, "Drafts"));
    g_assert_cmpint(home_folder(h, "Unfertiges"), ==, drafts);
    home_free(h);
    fake_free(f);
    world_free(w);
}

/* One of each kind, and a move into a folder that is yet to be made. */
static void do_changes(Home *h)
{
    g_autoptr(GError) err = NULL;
    gint64 inbox = home_folder(h, "INBOX");
    change(h, CHANGE_MOVE, home_placement(h, inbox, "mail 1"), 0, home_folder(h, "Trash"));
    change(h, CHANGE_FLAGS, home_placement(h, inbox, "mail 2"), FLAG_FLAGGED, 0);
    change(h, CHANGE_COPY, home_placement(h, inbox, "mail 3"), 0, home_folder(h, "Archive"));
    change(h, CHANGE_PURGE, home_placement(h, inbox, "mail 4"), 0, 0);
    gint64 made = folder_create(h->store, h->id, "Made here", &err);
    g_assert_no_error(err);
    change(h, CHANGE_MOVE, home_placement(h, inbox, "mail 5"), 0, made);
    message_append(h->store, home_folder(h, "Drafts"), draft, strlen(draft), FLAG_DRAFT, 0, &err);
    g_assert_no_error(err);
}

static void assert_replayed(Home *h, const ImapWorld *w)
{
    assert_there(w, "INBOX", "mail 2*,mail 3,mail 6");
    assert_there(w, "Trash", "mail 1");
    assert_there(w, "Archive", "mail 3");
    assert_there(w, "Made here", "mail 5");
    assert_there(w, "Drafts", "draft");
    assert_here(h, "INBOX", "mail 2,mail 3,mail 6");
    assert_here(h, "Trash", "mail 1");
    assert_here(h, "Archive", "mail 3");
    assert_here(h, "Made here", "mail 5");
    assert_here(h, "Drafts", "draft");
    g_assert_false(ops_waiting(h->store, h->id));
    g_assert_cmpuint(ops_count(h->store, OP_PARKED), ==, 0);
}

static gboolean sweep_one(guint cut, const char *capabilities)
{
    ImapWorld *w = world_new(6, capabilities);
    Fake *f = fake_new(&imap_serve, w);
    Home *h = imap_home(f);
    home_run_once(h, 0, 2);
    do_changes(h);
    f->cut = cut ? f->sent + cut : 0;
    home_run_once(h, 0, 2);
    gboolean was_cut = f->was_cut;
    if (was_cut)
        home_run_once(h, 0, 2);
    home_run_once(h, 0, 2); /* and what arrived is bound */
    assert_replayed(h, w);
    home_free(h);
    fake_free(f);
    world_free(w);
    return was_cut;
}

static void test_replay(gconstpointer capabilities)
{
    g_assert_false(sweep_one(0, capabilities));
}

static void test_cut_everywhere(gconstpointer capabilities)
{
    guint cut = 1;
    while (sweep_one(cut, capabilities))
        cut++;
    g_assert_cmpuint(cut, >, 60);
    g_test_message("%u places", cut - 1);
}

/* Without UIDPLUS there is only the plain EXPUNGE: while another message is marked \Deleted, nothing
 * is removed and nothing is moved, in clear words; the rest is not held up. */
static void test_without_uidplus(void)
{
    ImapWorld *w = world_new(4, "UNSELECT");
    Fake *f = fake_new(&imap_serve, w);
    Home *h = imap_home(f);
    ImapMail *marked = world_box(w, "INBOX")->mails->pdata[3];
    marked->flags = 8;
    home_run_once(h, 0, 2);
    gint64 inbox = home_folder(h, "INBOX");
    change(h, CHANGE_PURGE, home_placement(h, inbox, "mail 1"), 0, 0);
    change(h, CHANGE_MOVE, home_placement(h, inbox, "mail 2"), 0, home_folder(h, "Trash"));
    change(h, CHANGE_FLAGS, home_placement(h, inbox, "mail 3"), FLAG_FLAGGED, 0);
    home_run_once(h, 0, 2);
    assert_there(w, "INBOX", "mail 1,mail 2,mail 3*,mail 4");
    assert_there(w, "Trash", "");
    assert_here(h, "INBOX", "mail 1,mail 2,mail 3,mail 4");
    g_assert_cmpuint(((ImapMail *)world_box(w, "INBOX")->mails->pdata[0])->flags & 8, ==, 0);
    g_assert_cmpuint(ops_count(h->store, OP_PARKED), ==, 2);
    g_autoptr(GPtrArray) parked = ops_list(h->store, TRUE, NULL);
    g_assert_nonnull(strstr(((OpRow *)parked->pdata[0])->words, "UIDPLUS"));

    /* unmarked meanwhile: both go, and nothing else */
    marked->flags = 0;
    for (guint n = 0; n < parked->len; n++)
        g_assert_true(op_retry(h->store, ((OpRow *)parked->pdata[n])->id, NULL));
    home_run_once(h, 0, 2);
    home_run_once(h, 0, 2);
    assert_there(w, "INBOX", "mail 3*,mail 4");
    assert_there(w, "Trash", "mail 2");
    assert_here(h, "INBOX", "mail 3,mail 4");
    assert_here(h, "Trash", "mail 2");
    g_assert_cmpuint(ops_count(h->store, OP_PARKED), ==, 0);
    g_assert_false(ops_waiting(h->store, h->id));
    home_free(h);
    fake_free(f);
    world_free(w);
}

/* Somebody else was quicker: the change is parked and says so; the others go on. */
static void test_gone_meanwhile(void)
{
    ImapWorld *w = world_new(3, MODERN);
    Fake *f = fake_new(&imap_serve, w);
    Home *h = imap_home(f);
    home_run_once(h, 0, 2);
    gint64 inbox = home_folder(h, "INBOX"), trash = home_folder(h, "Trash");
    change(h, CHANGE_MOVE, home_placement(h, inbox, "mail 1"), 0, trash);
    change(h, CHANGE_MOVE, home_placement(h, inbox, "mail 2"), 0, trash);
    g_ptr_array_remove_index(world_box(w, "INBOX")->mails, 0);
    home_run_once(h, 0, 2);
    home_run_once(h, 0, 2);
    assert_there(w, "INBOX", "mail 3");
    assert_there(w, "Trash", "mail 2");
    assert_here(h, "INBOX", "mail 3");
    assert_here(h, "Trash", "mail 2");
    g_assert_false(ops_waiting(h->store, h->id));
    home_free(h);
    fake_free(f);
    world_free(w);
}

/* ---- bodies ---- */

static void test_body(void)
{
    ImapWorld *w = world_new(2, MODERN);
    Fake *f = fake_new(&imap_serve, w);
    Home *h = imap_home(f);
    home_run_once(h, 0, 2);
    gint64 folder, message;
    guint32 uid, uidvalidity;
    g_assert_true(placement_locate(h->store, home_placement(h, home_folder(h, "INBOX"), "mail 2"), &folder, &uid,
                                   &uidvalidity, &message));
    g_assert_false(body_have(h->store, message, ""));
    g_autoptr(Engine) e = home_engine(h, 0);
    Request *r = request_new(REQUEST_BODY, h->id);
    r->message_id = message;
    r->section = g_strdup("");
    g_assert_true(bus_request(h->bus, LANE_FAST, r));
    Event *body = home_wait(h, EVENT_BODY);
    g_assert_true(body->ok);
    g_assert_cmpint(body->message_id, ==, message);
    home_stop(h, e);
    g_autoptr(GBytes) bytes = body_get(h->store, message, "", NULL);
    g_assert_nonnull(bytes);
    gsize len = 0;
    const char *at = g_bytes_get_data(bytes, &len);
    g_autofree char *text = g_strndup(at, len);
    g_assert_true(g_str_has_suffix(text, "\r\n\r\ntext 2\r\n"));
    home_free(h);
    fake_free(f);
    world_free(w);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/imap/sync", test_sync);
    g_test_add_func("/imap/renumbered", test_renumbered);
    g_test_add_func("/imap/emptied", test_emptied);
    g_test_add_func("/imap/read only", test_read_only);
    g_test_add_data_func("/imap/before the folders/listed", NULL, test_before_the_folders);
    g_test_add_data_func("/imap/before the folders/not listed yet", "", test_before_the_folders);
    g_test_add_func("/imap/body", test_body);
    g_test_add_data_func("/imap/replay/MOVE", MODERN, test_replay);
    g_test_add_data_func("/imap/replay/COPY and UID EXPUNGE", "UIDPLUS UNSELECT", test_replay);
    g_test_add_data_func("/imap/replay/MOVE without UIDPLUS", "MOVE UNSELECT", test_replay);
    g_test_add_func("/imap/replay/without UIDPLUS", test_without_uidplus);
    g_test_add_func("/imap/replay/gone meanwhile", test_gone_meanwhile);
    g_test_add_data_func("/imap/replay/EXPUNGE only", "UNSELECT", test_replay);
    g_test_add_data_func("/imap/replay/cut everywhere, EXPUNGE only", "UNSELECT", test_cut_everywhere);
    g_test_add_data_func("/imap/replay/cut everywhere, MOVE", MODERN, test_cut_everywhere);
    g_test_add_data_func("/imap/replay/cut everywhere, COPY", "UIDPLUS UNSELECT", test_cut_everywhere);
    g_test_add_data_func("/imap/replay/cut everywhere, MOVE without UIDPLUS", "MOVE UNSELECT", test_cut_everywhere);
    return g_test_run();
}
