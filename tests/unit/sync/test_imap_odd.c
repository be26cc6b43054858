/* test_imap_odd.c - servers that do not do what they should: whatever one of them gets wrong, the
 * other messages are there, and what the person did is done once. */
#include "imap_home.h"

#define MODERN "UIDPLUS MOVE UNSELECT LITERAL+ SPECIAL-USE"

typedef struct {
    ImapWorld *w;
    Fake *f;
    Home *h;
} Odd;

static Odd odd_new(guint n, const char *capabilities,
                   gboolean (*intercept)(FakeClient *c, const char *tag, const char *command), void *data)
{
    Odd o = {.w = world_new(n, capabilities)};
    o.w->intercept = intercept;
    o.w->data = data;
    o.f = fake_new(&imap_serve, o.w);
    o.h = imap_home(o.f);
    return o;
}

static void odd_free(Odd *o)
{
    home_free(o->h);
    fake_free(o->f);
    world_free(o->w);
}

static ImapWorld *world_of(FakeClient *c)
{
    return c->fake->data;
}

/* Does a UID command of this verb name `uid`? */
static gboolean names(FakeClient *c, const char *command, const char *verb, guint32 uid)
{
    const ImapState *s = c->state;
    g_autofree char *start = g_strdup_printf("UID %s ", verb);
    if (!s->box || !g_str_has_prefix(command, start))
        return FALSE;
    const char *at = command + strlen(start);
    g_autofree char *set = imap_word(&at);
    return imap_in_set(set, uid, imap_last(s->box));
}

/* ---- reading ---- */

/* One message cannot be converted, and takes its whole batch with it. */
static gboolean cannot_convert(FakeClient *c, const char *tag, const char *command)
{
    if (!names(c, command, "FETCH", 30) || !strstr(command, "HEADER"))
        return FALSE;
    fake_send(c, "%s BAD message 30 cannot be converted", tag);
    return TRUE;
}

static void test_bisect(void)
{
    Odd o = odd_new(50, MODERN, cannot_convert, NULL);
    home_run_once(o.h, 0, 2);
    g_autoptr(GArray) ids = list_first(o.h->store, home_folder(o.h, "INBOX"), SORT_DATE, FALSE, 100, NULL);
    g_assert_cmpuint(ids->len, ==, 50); /* the one without a header, too */
    g_assert_cmpint(home_placement(o.h, home_folder(o.h, "INBOX"), "mail 29"), !=, 0);
    g_assert_cmpint(home_placement(o.h, home_folder(o.h, "INBOX"), "mail 30"), ==, 0);
    odd_free(&o);
}

/* OK, without the messages that were asked for; the next time they come. */
static gboolean says_nothing(FakeClient *c, const char *tag, const char *command)
{
    guint *times = world_of(c)->data;
    if (!names(c, command, "FETCH", 3) || !strstr(command, "HEADER") || (*times)++ > 0)
        return FALSE;
    fake_send(c, "* 1 FETCH (UID 1 FLAGS ())");
    fake_send(c, "* 2 FETCH (UID 2)");
    fake_send(c, "%s OK fetched", tag);
    return TRUE;
}

static void test_ok_without_data(void)
{
    guint times = 0;
    Odd o = odd_new(5, MODERN, says_nothing, &times);
    home_run_once(o.h, 0, 2);
    home_run_once(o.h, 0, 2);
    assert_here(o.h, "INBOX", "mail 1,mail 2,mail 3,mail 4,mail 5");
    odd_free(&o);
}

/* OK to UID SEARCH, and no result, ever: the UIDs are asked for in another way. */
static gboolean finds_nothing(FakeClient *c, const char *tag, const char *command)
{
    if (!g_str_has_prefix(command, "UID SEARCH"))
        return FALSE;
    fake_send(c, "%s OK Search completed", tag);
    return TRUE;
}

static void test_no_search(void)
{
    Odd o = odd_new(5, "UNSELECT ESEARCH", finds_nothing, NULL);
    home_run_once(o.h, 0, 2);
    assert_here(o.h, "INBOX", "mail 1,mail 2,mail 3,mail 4,mail 5");
    ImapBox *inbox = world_box(o.w, "INBOX");
    g_ptr_array_remove_index(inbox->mails, 1);
    box_add(inbox, "Subject: new\r\nMessage-ID: <new@example.org>\r\n\r\n\r\n", 0);
    home_run_once(o.h, 0, 2);
    assert_here(o.h, "INBOX", "mail 1,mail 3,mail 4,mail 5,new");
    for (guint n = 0; n < o.h->events->len; n++)
        g_assert_cmpint(((Event *)o.h->events->pdata[n])->kind, !=, EVENT_NOTICE);
    odd_free(&o);
}

/* NO for ranges that reach past the last message. */
static gboolean no_past_the_end(FakeClient *c, const char *tag, const char *command)
{
    const ImapState *s = c->state;
    const char *range = strstr(command, "UID SEARCH UID ");
    range = range ? range + 15 : g_str_has_prefix(command, "UID FETCH ") ? command + 10 : NULL;
    if (!range || !s->box || !strstr(range, ":*") || g_ascii_strtoull(range, NULL, 10) <= imap_last(s->box))
        return FALSE;
    (*(guint *)world_of(c)->data)++;
    fake_send(c, "%s NO the specified message set is invalid", tag);
    return TRUE;
}

static void test_past_the_end(void)
{
    guint refused = 0;
    Odd o = odd_new(3, "UNSELECT MOVE", no_past_the_end, &refused);
    home_run_once(o.h, 0, 2);
    ImapBox *inbox = world_box(o.w, "INBOX");
    inbox->uidnext = 9; /* came, and went again */
    ((ImapMail *)inbox->mails->pdata[1])->flags = 2;
    change(o.h, CHANGE_MOVE, home_placement(o.h, home_folder(o.h, "INBOX"), "mail 3"), 0, home_folder(o.h, "Trash"));
    world_box(o.w, "Trash")->uidnext = 5;
    home_run_once(o.h, 0, 2);
    home_run_once(o.h, 0, 2);
    g_assert_cmpuint(refused, >, 0);
    g_autoptr(GPtrArray) rows = NULL;
    gint64 second = home_placement(o.h, home_folder(o.h, "INBOX"), "mail 2");
    rows = rows_get(o.h->store, &second, 1, NULL);
    g_assert_cmpuint(((Row *)rows->pdata[0])->flags, ==, FLAG_FLAGGED); /* the rest of the sync went on */
    assert_here(o.h, "INBOX", "mail 1,mail 2");
    assert_there(o.w, "Trash", "mail 3");
    assert_here(o.h, "Trash", "mail 3");
    g_assert_false(ops_waiting(o.h->store, o.h->id));
    odd_free(&o);
}

/* UIDVALIDITY 0 and UIDNEXT 0, in SELECT and in STATUS. */
static gboolean zeros(FakeClient *c, const char *tag, const char *command)
{
    const ImapWorld *w = world_of(c);
    const char *at = command;
    g_autofree char *verb = imap_word(&at);
    g_autofree char *name = imap_word(&at);
    ImapState *s = c->state;
    gboolean status = g_str_equal(verb, "STATUS");
    if (!status && !g_str_equal(verb, "SELECT") && !g_str_equal(verb, "EXAMINE"))
        return FALSE;
    ImapBox *b = world_box(w, name);
    if (!b)
        return FALSE;
    if (status) {
        fake_send(c, "* STATUS \"%s\" (MESSAGES %u UIDNEXT 0 UIDVALIDITY 0 UNSEEN 0)", name, b->mails->len);
    } else {
        s->box = b;
        g_array_set_size(s->view, 0);
        for (guint i = 0; i < b->mails->len; i++)
            g_array_append_val(s->view, ((ImapMail *)b->mails->pdata[i])->uid);
        fake_send(c, "* %u EXISTS", s->view->len);
        fake_send(c, "* OK [UIDVALIDITY 0] x");
        fake_send(c, "* OK [UIDNEXT 0] x");
    }
    fake_send(c, "%s OK done", tag);
    return TRUE;
}

static void test_zeros(void)
{
    Odd o = odd_new(3, "UNSELECT", zeros, NULL);
    home_run_once(o.h, 0, 2);
    assert_here(o.h, "INBOX", "mail 1,mail 2,mail 3");
    change(o.h, CHANGE_MOVE, home_placement(o.h, home_folder(o.h, "INBOX"), "mail 2"), 0, home_folder(o.h, "Trash"));
    box_add(world_box(o.w, "INBOX"), "Subject: new\r\nMessage-ID: <new@example.org>\r\n\r\n\r\n", 0);
    home_run_once(o.h, 0, 2);
    home_run_once(o.h, 0, 2);
    assert_there(o.w, "INBOX", "mail 1,mail 3,new");
    assert_here(o.h, "INBOX", "mail 1,mail 3,new");
    assert_here(o.h, "Trash", "mail 2");
    g_assert_false(ops_waiting(o.h->store, o.h->id));
    odd_free(&o);
}

/* ---- writing ---- */

static void change_many(Home *h, ChangeKind kind, guint n, guint add, gint64 destination)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(GArray) ids = list_first(h->store, home_folder(h, "INBOX"), SORT_DATE, FALSE, n, &err);
    Change c = {.kind = kind, .placements = (const gint64 *)(void *)ids->data, .n = ids->len, .add = add,
                .destination = destination};
    change_commit(h->store, &c, &err);
    g_assert_no_error(err);
}

/* One message of a batch is the trouble, whatever is done with it. */
static gboolean one_is_stuck(FakeClient *c, const char *tag, const char *command)
{
    if (!names(c, command, "MOVE", 7) && !names(c, command, "COPY", 7) && !names(c, command, "STORE", 7))
        return FALSE;
    (*(guint *)world_of(c)->data)++;
    fake_send(c, "%s NO message 7 is locked", tag);
    return TRUE;
}

static void check_stuck(const char *capabilities)
{
    guint refusals = 0;
    Odd o = odd_new(40, capabilities, one_is_stuck, &refusals);
    home_run_once(o.h, 0, 2);
    change_many(o.h, CHANGE_MOVE, 40, 0, home_folder(o.h, "Trash"));
    home_run_once(o.h, 0, 2);
    home_run_once(o.h, 0, 2);
    assert_there(o.w, "INBOX", "mail 7");
    assert_here(o.h, "INBOX", "mail 7");
    g_assert_cmpuint(world_box(o.w, "Trash")->mails->len, ==, 39);
    g_assert_cmpuint(ops_count(o.h->store, OP_PARKED), ==, 1);
    g_assert_false(ops_waiting(o.h->store, o.h->id));
    g_assert_cmpuint(refusals, <, 10); /* halves, not one by one */
    g_autoptr(GPtrArray) parked = ops_list(o.h->store, TRUE, NULL);
    g_assert_nonnull(strstr(((OpRow *)parked->pdata[0])->words, "message 7 is locked"));
    odd_free(&o);
}

static void test_stuck_move(void)
{
    check_stuck(MODERN);
    check_stuck("UIDPLUS UNSELECT");
    check_stuck("MOVE UNSELECT");
    check_stuck("UNSELECT");
}

static void test_stuck_flags(void)
{
    guint refusals = 0;
    Odd o = odd_new(20, MODERN, one_is_stuck, &refusals);
    home_run_once(o.h, 0, 2);
    change_many(o.h, CHANGE_FLAGS, 20, FLAG_FLAGGED, 0);
    home_run_once(o.h, 0, 2);
    guint flagged = 0;
    for (guint n = 0; n < 20; n++)
        flagged += !!(((ImapMail *)world_box(o.w, "INBOX")->mails->pdata[n])->flags & 2);
    g_assert_cmpuint(flagged, ==, 19);
    g_assert_cmpuint(ops_count(o.h->store, OP_PARKED), ==, 1);
    odd_free(&o);
}

/* A full destination refuses all of it: it is asked once. */
static gboolean is_full(FakeClient *c, const char *tag, const char *command)
{
    if (!names(c, command, "MOVE", 7))
        return FALSE;
    (*(guint *)world_of(c)->data)++;
    fake_send(c, "%s NO [OVERQUOTA] full", tag);
    return TRUE;
}

static void test_full(void)
{
    guint refusals = 0;
    Odd o = odd_new(20, MODERN, is_full, &refusals);
    home_run_once(o.h, 0, 2);
    change_many(o.h, CHANGE_MOVE, 20, 0, home_folder(o.h, "Trash"));
    home_run_once(o.h, 0, 2);
    g_assert_cmpuint(refusals, ==, 1);
    g_assert_cmpuint(ops_count(o.h->store, OP_PARKED), ==, 20);
    g_assert_cmpuint(world_box(o.w, "INBOX")->mails->len, ==, 20);
    odd_free(&o);
}

/* MOVE gives an empty COPYUID, or that of other messages: it is looked for where it went. */
static gboolean bad_copyuid(FakeClient *c, const char *tag, const char *command)
{
    ImapWorld *w = world_of(c);
    const char *code = w->data;
    if (!g_str_has_prefix(command, "UID MOVE "))
        return FALSE;
    const char *at = command + 9;
    g_autofree char *set = imap_word(&at);
    g_autofree char *name = imap_word(&at);
    w->uidplus = FALSE;
    fake_send(c, "* OK %s moved", code);
    imap_transfer(c, tag, set, name, TRUE);
    w->uidplus = TRUE;
    return TRUE;
}

static void test_bad_copyuid(void)
{
    static const char *const codes[] = {"[COPYUID]", "[COPYUID 1003  ]", "[COPYUID 1003 900 901]", "[COPYUID 77 1 x]"};
    for (guint i = 0; i < G_N_ELEMENTS(codes); i++) {
        Odd o = odd_new(3, MODERN, bad_copyuid, (void *)codes[i]);
        home_run_once(o.h, 0, 2);
        change(o.h, CHANGE_MOVE, home_placement(o.h, home_folder(o.h, "INBOX"), "mail 2"), 0,
               home_folder(o.h, "Trash"));
        home_run_once(o.h, 0, 2);
        assert_there(o.w, "Trash", "mail 2");
        assert_here(o.h, "Trash", "mail 2");
        assert_here(o.h, "INBOX", "mail 1,mail 3");
        g_assert_cmpuint(ops_count(o.h->store, OP_PARKED), ==, 0);
        g_assert_false(ops_waiting(o.h->store, o.h->id));
        odd_free(&o);
    }
}

/* Commands of more than 1000 octets are not understood. */
static gboolean short_lines(FakeClient *c, const char *tag, const char *command)
{
    guint *longest = world_of(c)->data;
    guint length = (guint)(strlen(tag) + 1 + strlen(command) + 2);
    if (length > 1000) {
        (*longest)++;
        fake_send(c, "%s BAD line too long", tag);
        return TRUE;
    }
    return FALSE;
}

static void test_short_lines(void)
{
    guint refused = 0;
    Odd o = odd_new(600, MODERN, short_lines, &refused);
    ImapBox *inbox = world_box(o.w, "INBOX");
    for (guint n = 0; n < 300; n++) /* holes: no ranges */
        g_ptr_array_remove_index(inbox->mails, n);
    home_run_once(o.h, 0, 2);
    gint64 folder = home_folder(o.h, "INBOX");
    g_autoptr(Folder) f = folder_get(o.h->store, folder, NULL);
    g_assert_cmpint(f->total, ==, 300);
    refused = 0;
    change_many(o.h, CHANGE_FLAGS, 300, FLAG_SEEN, 0);
    change_many(o.h, CHANGE_MOVE, 300, 0, home_folder(o.h, "Trash"));
    home_run_once(o.h, 0, 2);
    g_assert_cmpuint(world_box(o.w, "Trash")->mails->len, ==, 300);
    g_assert_cmpuint(inbox->mails->len, ==, 0);
    g_assert_cmpuint(refused, ==, 1); /* then it is known */
    g_assert_cmpuint(ops_count(o.h->store, OP_PARKED), ==, 0);
    odd_free(&o);
}

/* ---- flags that the server does not keep ---- */

static gboolean no_keywords(FakeClient *c, const char *tag, const char *command)
{
    const ImapWorld *w = world_of(c);
    const char *at = command;
    g_autofree char *verb = imap_word(&at);
    g_autofree char *name = imap_word(&at);
    ImapState *s = c->state;
    if (strstr(command, "$Forwarded"))
        (*(guint *)w->data)++;
    if (!g_str_equal(verb, "SELECT") || !(s->box = world_box(w, name)))
        return FALSE;
    g_array_set_size(s->view, 0);
    for (guint i = 0; i < s->box->mails->len; i++)
        g_array_append_val(s->view, ((ImapMail *)s->box->mails->pdata[i])->uid);
    fake_send(c, "* OK [PERMANENTFLAGS (\\Seen \\Flagged \\Answered \\Deleted \\Draft)] ok");
    fake_send(c, "* %u EXISTS", s->view->len);
    fake_send(c, "* OK [UIDVALIDITY %u] ok", s->box->uidvalidity);
    fake_send(c, "* OK [UIDNEXT %u] ok", s->box->uidnext);
    fake_send(c, "%s OK [READ-WRITE] selected", tag);
    return TRUE;
}

static guint flags_here(Home *h, const char *folder, const char *subject)
{
    gint64 p = home_placement(h, home_folder(h, folder), subject);
    g_autoptr(GPtrArray) rows = rows_get(h->store, &p, 1, NULL);
    return ((Row *)rows->pdata[0])->flags;
}

static void test_local_keyword(void)
{
    guint sent = 0;
    Odd o = odd_new(2, MODERN, no_keywords, &sent);
    home_run_once(o.h, 0, 2);
    change(o.h, CHANGE_FLAGS, home_placement(o.h, home_folder(o.h, "INBOX"), "mail 1"), FLAG_FORWARDED | FLAG_SEEN, 0);
    home_run_once(o.h, 0, 2);
    g_assert_cmpuint(sent, ==, 0);
    ImapMail *mail = world_box(o.w, "INBOX")->mails->pdata[0];
    g_assert_cmpuint(mail->flags, ==, 1);
    mail->flags = 2; /* another program */
    home_run_once(o.h, 0, 2);
    g_assert_cmpuint(flags_here(o.h, "INBOX", "mail 1"), ==, FLAG_FORWARDED | FLAG_FLAGGED);
    odd_free(&o);
}

/* ---- storing ---- */

static gboolean count_appends(FakeClient *c, const char *tag, const char *command)
{
    if (g_str_has_prefix(command, "APPEND "))
        (*(guint *)world_of(c)->data)++;
    return FALSE;
}

static void append_some(Home *h, const char *folder, guint n)
{
    for (guint i = 0; i < n; i++) {
        g_autoptr(GError) err = NULL;
        g_autofree char *text = g_strdup_printf("Subject: made %u\r\nMessage-ID: <made%u@example.org>\r\n\r\ntext\r\n", i, i);
        message_append(h->store, home_folder(h, folder), text, strlen(text), FLAG_SEEN, 0, &err);
        g_assert_no_error(err);
    }
}

static gboolean sweep_appends(guint cut, const char *capabilities, guint commands)
{
    guint appends = 0;
    Odd o = odd_new(0, capabilities, count_appends, &appends);
    home_run_once(o.h, 0, 2);
    append_some(o.h, "Archive", 25);
    o.f->cut = cut ? o.f->sent + cut : 0;
    home_run_once(o.h, 0, 2);
    gboolean was_cut = o.f->was_cut;
    if (was_cut)
        home_run_once(o.h, 0, 2);
    home_run_once(o.h, 0, 2);
    g_assert_cmpuint(world_box(o.w, "Archive")->mails->len, ==, 25);
    g_autoptr(Folder) f = folder_get(o.h->store, home_folder(o.h, "Archive"), NULL);
    g_assert_cmpint(f->total, ==, 25);
    g_assert_false(ops_waiting(o.h->store, o.h->id));
    if (!cut)
        g_assert_cmpuint(appends, ==, commands);
    odd_free(&o);
    return was_cut;
}

static void test_appends(void)
{
    sweep_appends(0, MODERN, 25);
    sweep_appends(0, MODERN " MULTIAPPEND", 2);
    sweep_appends(0, "UNSELECT MULTIAPPEND", 2);
    for (guint cut = 1; sweep_appends(cut, "UNSELECT MULTIAPPEND", 0);)
        cut += 5;
    for (guint cut = 1; sweep_appends(cut, "UIDPLUS UNSELECT MULTIAPPEND LITERAL+", 0);)
        cut += 2;
}

/* The batch is refused for the sake of one: that one is parked, the others are stored. */
static gboolean refuses_one(FakeClient *c, const char *tag, const char *command)
{
    guint *appends = world_of(c)->data;
    if (!g_str_has_prefix(command, "APPEND ") || ++*appends == 2)
        return FALSE;
    fake_send(c, "%s NO not this one", tag);
    return TRUE;
}

static void test_append_refused(void)
{
    guint appends = 0;
    Odd o = odd_new(0, "UIDPLUS UNSELECT MULTIAPPEND", refuses_one, &appends);
    home_run_once(o.h, 0, 2);
    append_some(o.h, "Archive", 2);
    home_run_once(o.h, 0, 2);
    assert_there(o.w, "Archive", "made 0");
    g_assert_cmpuint(ops_count(o.h->store, OP_PARKED), ==, 1);
    odd_free(&o);
}

/* HIGHESTMODSEQ that an expunge does not raise: the number of messages tells. */
static gboolean sequences(FakeClient *c, const char *tag, const char *command)
{
    if (g_str_has_prefix(command, "EXAMINE "))
        fake_send(c, "* OK [HIGHESTMODSEQ 5] x");
    if (!g_str_has_prefix(command, "STATUS "))
        return FALSE;
    const char *at = command + 7;
    g_autofree char *name = imap_word(&at);
    const ImapBox *b = world_box(world_of(c), name);
    g_assert_nonnull(b);
    fake_send(c, "* STATUS %s (MESSAGES %u UIDNEXT %u UIDVALIDITY %u UNSEEN 0 HIGHESTMODSEQ 5)", name, b->mails->len,
              b->uidnext, b->uidvalidity);
    fake_send(c, "%s OK", tag);
    return TRUE;
}

static void test_expunge_without_modseq(void)
{
    Odd o = odd_new(1, MODERN " CONDSTORE", sequences, NULL);
    ImapBox *archive = world_box(o.w, "Archive");
    box_add(archive, "Subject: first\r\n\r\n\r\n", 0);
    box_add(archive, "Subject: second\r\n\r\n\r\n", 0);
    home_run_once(o.h, 0, 2);
    assert_here(o.h, "Archive", "first,second");
    g_ptr_array_remove_index(archive->mails, 0);
    home_run_once(o.h, 0, 2);
    assert_here(o.h, "Archive", "second");
    odd_free(&o);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/imap/odd/bisect", test_bisect);
    g_test_add_func("/imap/odd/expunge without modseq", test_expunge_without_modseq);
    g_test_add_func("/imap/odd/OK without data", test_ok_without_data);
    g_test_add_func("/imap/odd/no search", test_no_search);
    g_test_add_func("/imap/odd/past the end", test_past_the_end);
    g_test_add_func("/imap/odd/zeros", test_zeros);
    g_test_add_func("/imap/odd/stuck move", test_stuck_move);
    g_test_add_func("/imap/odd/stuck flags", test_stuck_flags);
    g_test_add_func("/imap/odd/full", test_full);
    g_test_add_func("/imap/odd/COPYUID", test_bad_copyuid);
    g_test_add_func("/imap/odd/short lines", test_short_lines);
    g_test_add_func("/imap/odd/local keyword", test_local_keyword);
    g_test_add_func("/imap/odd/appends", test_appends);
    g_test_add_func("/imap/odd/append refused", test_append_refused);
    return g_test_run();
}
