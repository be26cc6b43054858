/* LIST, NAMESPACE, STATUS, SELECT, CREATE against scripted servers, with what real ones do. */
#include "test_imap_rig.h"

static const ImapFolder *folder(const GPtrArray *list, const char *name)
{
    for (guint i = 0; i < list->len; i++) {
        const ImapFolder *f = g_ptr_array_index(list, i);
        if (strcmp(f->name, name) == 0)
            return f;
    }
    g_error("no folder '%s'", name);
}

static void test_list_extended(void)
{
    Rig r;
    rig_open(
        &r, "LIST-EXTENDED SPECIAL-USE LIST-STATUS NAMESPACE CONDSTORE",
        "C: p1 NAMESPACE\n"
        "C: p2 LIST \"\" \"*\" RETURN (SUBSCRIBED SPECIAL-USE STATUS (MESSAGES UIDNEXT UIDVALIDITY "
        "UNSEEN HIGHESTMODSEQ))\n"
        "S: * NAMESPACE ((\"\" \"/\")) NIL ((\"#shared/\" \"/\"))\nS: p1 OK\n"
        "S: * LIST (\\\\Subscribed) \"/\" INBOX\n"
        "S: * STATUS INBOX (MESSAGES 3 UIDNEXT 9 UIDVALIDITY 4 UNSEEN 1 HIGHESTMODSEQ 77)\n"
        "S: * LIST (\\\\Drafts) \"/\" \"Entw&APw-rfe\"\n"
        "S: * LIST (\\\\NonExistent \\\\HasChildren) \"/\" {1}\nS: a\n"
        "S: * LIST (\\\\Sent) \"/\" \"Entw&APw-rfe\"\n"
        "S: p2 OK\n");
    g_autoptr(GPtrArray) list = imap_list(r.session, IMAP_STATUS_USUAL, &r.error);
    g_assert_no_error(r.error);
    g_assert_cmpuint(list->len, ==, 3);
    const ImapFolder *inbox = folder(list, "INBOX");
    g_assert_cmpint(inbox->use, ==, IMAP_USE_INBOX);
    g_assert_cmpuint(inbox->flags, ==, IMAP_FOLDER_SUBSCRIBED);
    g_assert_cmpuint(inbox->status.has, ==, IMAP_STATUS_USUAL);
    g_assert_cmpuint(inbox->status.highestmodseq, ==, 77);
    g_assert_cmpint(folder(list, "Entwürfe")->use, ==, IMAP_USE_DRAFTS);
    g_assert_cmpuint(folder(list, "Entwürfe")->status.has, ==, 0);
    g_assert_true(folder(list, "a")->flags & IMAP_FOLDER_NOSELECT);
    g_assert_cmpuint(imap_namespaces(r.session)->len, ==, 2);
    rig_close(&r);
}

/* RETURN answered with BAD, or with nothing: plain LIST and LSUB, and never again RETURN. */
static void test_list_fall_back(void)
{
    static const char *const answers[] = {"S: p1 BAD what?\n", "S: p1 OK done\n"};
    for (guint i = 0; i < G_N_ELEMENTS(answers); i++) {
        Rig r;
        g_autofree char *script = g_strconcat(
            "C~ p1 LIST .* RETURN .*\n", answers[i],
            "C: p2 LIST \"\" \"*\"\nC: p3 LSUB \"\" \"*\"\n"
            "S: * LIST (\\\\Trash) \".\" Deleted Items\nS: * LIST () \".\" INBOX\nS: p2 OK\n"
            "S: * LSUB () \".\" INBOX\nS: * LSUB () \".\" gone\nS: p3 NO partly\n"
            "C: p4 LIST \"\" \"*\"\nC: p5 LSUB \"\" \"*\"\nS: p5 OK\nS: * LIST () \".\" INBOX\nS: "
            "p4 OK\n",
            NULL);
        rig_open(&r, "LIST-EXTENDED", script);
        g_autoptr(GPtrArray) list = imap_list(r.session, 0, &r.error);
        g_assert_no_error(r.error);
        g_assert_cmpuint(list->len, ==, 2);
        g_assert_cmpint(folder(list, "Deleted Items")->use, ==, IMAP_USE_TRASH);
        g_assert_cmpuint(folder(list, "INBOX")->flags, ==, IMAP_FOLDER_SUBSCRIBED);
        g_autoptr(GPtrArray) again = imap_list(r.session, 0, &r.error);
        g_assert_cmpuint(again->len, ==, 1);
        rig_close(&r);
    }
}

/* The same folder for ever, and a name that is a control sequence. */
static void test_list_hostile(void)
{
    Rig r;
    rig_open(&r, "", "C: p1 LIST \"\" \"*\"\nC: p2 LSUB \"\" \"*\"\nflood * LIST () \"/\" a\n");
    g_assert_null(imap_list(r.session, 0, &r.error));
    rig_failed(&r, PINTAIL_ERROR_PROTOCOL, "answer nothing");
    imap_free(g_steal_pointer(&r.session));
    rig_close(&r);
    rig_open(&r, "", "C~ p1 SELECT .*\nS: p1 NO [\\xff\\x9b2J]\n");
    g_assert_null(imap_select(r.session, "\033]0;x\007\r\np9 DELETE INBOX", FALSE, &r.error));
    g_assert_true(g_utf8_validate(r.error->message, -1, NULL));
    for (const char *p = r.error->message; *p; p++)
        g_assert_true((guchar)*p >= 0x20 && *p != 0x7f);
    g_assert_cmpstr(imap_answer(r.session)->code, ==, "");
    rig_close(&r);
}

static void test_list_refused(void)
{
    Rig r;
    rig_open(&r, "NAMESPACE",
             "C: p1 NAMESPACE\nC: p2 LIST \"\" \"*\"\nC: p3 LSUB \"\" \"*\"\n"
             "S: p1 BAD half dead\nS: p2 OK\nS: p3 OK\n"
             "C: p4 NAMESPACE\nC: p5 LIST \"\" \"*\"\nC: p6 LSUB \"\" \"*\"\n"
             "S: p4 NO\nS: p5 NO [SERVERBUG] later\nS: p6 OK\n");
    g_assert_null(imap_list(r.session, 0, &r.error));
    rig_failed(&r, PINTAIL_ERROR_REFUSED, "no folder"); /* an empty list destroys nothing */
    g_assert_null(imap_list(r.session, 0, &r.error));
    rig_failed(&r, PINTAIL_ERROR_RETRY, "later");
    g_assert_true(imap_usable(r.session));
    g_assert_cmpstr(imap_answer(r.session)->code, ==, "SERVERBUG");
    rig_close(&r);
}

static void test_status(void)
{
    Rig r;
    rig_open(&r, "",
             "C: p1 STATUS \"a b\" (MESSAGES UNSEEN)\n"
             "C: p2 STATUS \"gone\" (MESSAGES UNSEEN)\n"
             "C: p3 STATUS \"INBOX\" (MESSAGES UNSEEN)\n"
             "S: * STATUS a b (MESSAGES 5 UNSEEN -1)\nS: p1 OK\n"
             "S: p2 NO [NONEXISTENT] no such\n"
             "S: * STATUS inbox (MESSAGES 7)\nS: p3 OK\n");
    const char *names[] = {"a b", "gone", "INBOX"};
    ImapStatus out[3];
    g_assert_true(imap_status(r.session, names, 3,
                              IMAP_STATUS_MESSAGES | IMAP_STATUS_UNSEEN | IMAP_STATUS_SIZE, out,
                              &r.error));
    g_assert_cmpuint(out[0].messages, ==, 5);
    g_assert_cmpuint(out[0].unseen, ==, 0);
    g_assert_cmpuint(out[1].has, ==, 0);
    g_assert_cmpuint(out[2].has, ==, IMAP_STATUS_MESSAGES);
    g_assert_cmpuint(out[2].messages, ==, 7);
    rig_close(&r);
}

static void test_select(void)
{
    Rig r;
    rig_open(&r, "",
             "C: p1 SELECT \"Entw&APw-rfe\"\n"
             "S: * OK [CLOSED] x\nS: * 17 EXISTS\nS: * 2 RECENT\n"
             "S: * FLAGS (\\\\Seen $Forwarded)\n"
             "S: * OK [PERMANENTFLAGS (\\\\Seen \\\\Deleted $Junk \\\\*)] x\n"
             "S: * OK [UNSEEN 12]\nS: * OK [UIDVALIDITY 3857529045] x\nS: * [UIDNEXT 4392]\n"
             "S: * OK [HIGHESTMODSEQ 9.3736e+06] x\nS: * X-STRANGE (1 2 3)\n"
             "S: p1 OK [READ-ONLY] done\n"
             "C: p2 EXAMINE \"gone\"\nS: p2 NO [NONEXISTENT] no mailbox\n");
    const ImapMailbox *m = imap_select(r.session, "Entwürfe", FALSE, &r.error);
    g_assert_no_error(r.error);
    g_assert_cmpuint(m->exists, ==, 17);
    g_assert_cmpuint(m->uidvalidity, ==, 3857529045u);
    g_assert_cmpuint(m->uidnext, ==, 4392);
    g_assert_cmpuint(m->first_unseen, ==, 12);
    g_assert_cmpuint(m->highestmodseq, ==, 9373600);
    g_assert_cmpuint(m->permanent.bits, ==, IMAP_FLAG_SEEN | IMAP_FLAG_DELETED | IMAP_FLAG_JUNK);
    g_assert_true(m->new_keywords);
    g_assert_true(m->read_only);
    g_assert_false(imap_has_changes(r.session));
    g_assert_true(imap_selected(r.session) == m);
    g_assert_null(imap_select(r.session, "gone", TRUE, &r.error));
    rig_failed(&r, PINTAIL_ERROR_GONE, "no mailbox");
    g_assert_null(
        imap_selected(r.session)); /* the other one is left as well: RFC 3501 section 6.3.1 */
    rig_close(&r);
}

static void test_select_quirks(void)
{
    Rig r;
    rig_open(&r, "",
             "C: p1 SELECT \"a\"\nS: p1 OK but nothing\n"
             "C: p2 SELECT \"b\"\nS: * 1 EXISTS\nS: * OK [UIDVALIDITY 0]\nS: * OK [UIDNEXT -1]\n"
             "S: * OK [NOMODSEQ]\nS: * OK [PERMANENTFLAGS ()]\nS: p2 OK\n"
             "C: p3 EXAMINE \"c\"\nS: * 0 EXISTS\nS: * OK [UIDVALIDITY 18446744073709551615]\n"
             "S: p3 OK [READ-WRITE]\n");
    g_assert_null(imap_select(r.session, "a", FALSE, &r.error));
    rig_failed(&r, PINTAIL_ERROR_REFUSED, "did not describe");
    const ImapMailbox *m = imap_select(r.session, "b", FALSE, &r.error);
    g_assert_cmpuint(m->uidvalidity, ==, 0);
    g_assert_cmpuint(m->uidnext, ==, 0);
    g_assert_cmpuint(m->permanent.bits, ==, 0);
    m = imap_select(r.session, "c", TRUE, &r.error);
    g_assert_true(m->read_only);
    g_assert_cmpuint(m->uidvalidity, !=, 0);
    rig_close(&r);
}

static void test_unselect(void)
{
    Rig r;
    rig_select(&r, "UNSELECT", "C: p2 UNSELECT\nS: p2 OK\n");
    g_assert_true(imap_unselect(r.session, &r.error));
    g_assert_null(imap_selected(r.session));
    g_assert_true(imap_unselect(r.session, &r.error)); /* nothing to do, nothing said */
    rig_close(&r);
    rig_select(&r, "", "C: p2 EXAMINE \"INBOX\"\nS: * 3 EXISTS\nS: p2 OK\nC: p3 CLOSE\nS: p3 OK\n");
    g_assert_true(imap_unselect(r.session, &r.error));
    rig_close(&r);
}

static void test_create(void)
{
    Rig r;
    rig_open(&r, "CREATE-SPECIAL-USE",
             "C: p1 CREATE \"Sent\" (USE (\\\\Sent))\nS: p1 NO [USEATTR] taken\nC: p2 CREATE "
             "\"Sent\"\nS: p2 OK\n"
             "C: p3 CREATE \"Sent\" (USE (\\\\Sent))\nS: p3 NO [OVERQUOTA] full\n"
             "C: p4 RENAME \"a\" {6}\nS: + ok\nC: \\xef\\xbf\\xbdraw\nS: p4 OK\n"
             "C: p5 SUBSCRIBE \"Sent\"\nS: p5 OK\nC: p6 UNSUBSCRIBE \"Sent\"\nS: p6 OK\n"
             "C: p7 DELETE \"Sent\"\nS: p7 BAD no\n");
    g_assert_true(imap_create(r.session, "Sent", IMAP_USE_SENT, &r.error));
    g_assert_false(imap_create(r.session, "Sent", IMAP_USE_SENT, &r.error));
    rig_failed(&r, PINTAIL_ERROR_REFUSED, "full");
    g_autofree char *raw = imap_name_decode(SPAN_LITERAL("\xef\xbf\xbdraw"));
    g_assert_true(imap_rename(r.session, "a", raw, &r.error));
    g_assert_true(imap_subscribe(r.session, "Sent", TRUE, &r.error));
    g_assert_true(imap_subscribe(r.session, "Sent", FALSE, &r.error));
    g_assert_false(imap_delete(r.session, "Sent", &r.error));
    rig_failed(&r, PINTAIL_ERROR_REFUSED, "BAD");
    g_assert_true(imap_usable(r.session));
    g_assert_false(imap_create(r.session, "\xff", IMAP_USE_NONE, &r.error));
    rig_failed(&r, PINTAIL_ERROR_INVALID, "UTF-8");
    rig_close(&r);
}

static void test_enable(void)
{
    Rig r;
    rig_open(&r, "ENABLE",
             "C: p1 ENABLE CONDSTORE\nS: p1 OK no word of it\n"
             "C: p2 ENABLE QRESYNC\nS: * ENABLED QRESYNC\nS: p2 OK\n");
    g_assert_true(imap_enable(r.session, "CONDSTORE", &r.error));
    g_assert_true(imap_enable(r.session, "QRESYNC", &r.error));
    rig_close(&r);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/imap/folders/list-extended", test_list_extended);
    g_test_add_func("/imap/folders/list-fall-back", test_list_fall_back);
    g_test_add_func("/imap/folders/list-refused", test_list_refused);
    g_test_add_func("/imap/folders/list-hostile", test_list_hostile);
    g_test_add_func("/imap/folders/status", test_status);
    g_test_add_func("/imap/folders/select", test_select);
    g_test_add_func("/imap/folders/select-quirks", test_select_quirks);
    g_test_add_func("/imap/folders/unselect", test_unselect);
    g_test_add_func("/imap/folders/create", test_create);
    g_test_add_func("/imap/folders/enable", test_enable);
    return g_test_run();
}
