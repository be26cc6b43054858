/* Names as UTF-8, identities of mailboxes, rights and quotas against scripted servers. */
#include "test_imap_rig.h"

static void test_utf8(void)
{
    Rig r;
    rig_open(&r, "ENABLE UTF8=ACCEPT LITERAL+",
             "C: p1 ENABLE UTF8=ACCEPT\n"
             "C: p2 CREATE \"Entw\xc3\xbcrfe & \\\\\"mehr\\\\\"\"\n"
             "S: * ENABLED UTF8=ACCEPT\nS: p1 OK\nS: p2 OK\n"
             "C: p3 LIST \"\" \"*\"\nC: p4 LSUB \"\" \"*\"\n"
             "S: * LIST () \"/\" \"Entw\xc3\xbcrfe & \\\\\"mehr\\\\\"\"\n"
             "S: * LIST () \"/\" &AOk-\nS: * LIST () \"/\" inbox\nS: p3 OK\nS: p4 OK\n");
    g_assert_true(imap_create(r.session, "Entwürfe & \"mehr\"", IMAP_USE_NONE, &r.error));
    g_autoptr(GPtrArray) list = imap_list(r.session, 0, &r.error);
    g_assert_no_error(r.error);
    g_assert_cmpuint(list->len, ==, 3);
    g_assert_cmpstr(((ImapFolder *)list->pdata[0])->name, ==, "Entwürfe & \"mehr\"");
    g_assert_cmpstr(((ImapFolder *)list->pdata[1])->name, ==, "&AOk-"); /* not modified UTF-7 here */
    g_assert_cmpstr(((ImapFolder *)list->pdata[2])->name, ==, "INBOX");
    rig_close(&r);
}

static void test_rev2(void)
{
    Rig r;
    rig_open(&r, "IMAP4rev2",
             "C: p1 ENABLE IMAP4rev2\n"
             "C: p2 CREATE \"Entw\xc3\xbcrfe\"\n"
             "S: * ENABLED IMAP4rev2\nS: p1 OK\nS: p2 OK\n");
    g_assert_true(imap_create(r.session, "Entwürfe", IMAP_USE_NONE, &r.error));
    g_assert_no_error(r.error);
    rig_close(&r);
}

/* A server that takes its word back: from then on as before. */
static void test_utf8_refused(void)
{
    Rig r;
    rig_open(&r, "ENABLE UTF8=ACCEPT",
             "C: p1 ENABLE UTF8=ACCEPT\nS: p1 NO not today\n"
             "C: p2 NOOP\nS: p2 OK\n"
             "C: p3 CREATE \"Entw&APw-rfe\"\nS: p3 OK\n");
    g_assert_true(imap_noop(r.session, &r.error));
    g_assert_true(imap_create(r.session, "Entwürfe", IMAP_USE_NONE, &r.error));
    rig_close(&r);
}

/* Never beside other items, nor with LIST. */
static void test_mailboxid(void)
{
    Rig r;
    rig_open(&r, "OBJECTID LIST-EXTENDED LIST-STATUS",
             "C: p1 LIST \"\" \"*\" RETURN (SUBSCRIBED STATUS (MESSAGES UIDNEXT UIDVALIDITY UNSEEN))\n"
             "S: * LIST () \"/\" INBOX\nS: p1 OK\n"
             "C: p2 STATUS \"Work\" (MAILBOXID)\nC: p3 STATUS \"odd\" (MAILBOXID)\nC: p4 STATUS \"long\" (MAILBOXID)\n"
             "S: * STATUS Work (MAILBOXID (F2212ea87-6097-4256-9d51-71338625))\nS: p2 OK\n"
             "S: * STATUS odd (MAILBOXID NIL MESSAGES 1)\nS: p3 OK\n"
             "S: * STATUS long (MAILBOXID (aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa))\n"
             "S: p4 OK\n");
    g_autoptr(GPtrArray) list = imap_list(r.session, IMAP_STATUS_USUAL | IMAP_STATUS_MAILBOXID, &r.error);
    g_assert_no_error(r.error);
    const char *names[] = {"Work", "odd", "long"};
    ImapStatus status[3];
    g_assert_true(imap_status(r.session, names, 3, IMAP_STATUS_MAILBOXID, status, &r.error));
    g_assert_cmpstr(status[0].mailboxid, ==, "F2212ea87-6097-4256-9d51-71338625");
    g_assert_cmpstr(status[1].mailboxid, ==, "");
    g_assert_cmpuint(status[1].messages, ==, 1);
    g_assert_cmpstr(status[2].mailboxid, ==, "");
    rig_close(&r);
}

static void test_rights(void)
{
    Rig r;
    rig_open(&r, "ACL RIGHTS=texk",
             "C: p1 MYRIGHTS \"shared/Plans\"\nC: p2 MYRIGHTS \"user/bob\"\nC: p3 MYRIGHTS \"gone\"\n"
             "S: * MYRIGHTS \"shared/Plans\" lr\nS: p1 OK\n"
             "S: * MYRIGHTS elsewhere lrswite\nS: * MYRIGHTS user/bob \"lrs\"\nS: p2 OK\n"
             "S: p3 NO [NONEXISTENT] no such\n");
    const char *names[] = {"shared/Plans", "user/bob", "gone"};
    char *rights[3];
    g_assert_true(imap_my_rights(r.session, names, 3, rights, &r.error));
    g_assert_cmpstr(rights[0], ==, "lr");
    g_assert_cmpstr(rights[1], ==, "lrs");
    g_assert_null(rights[2]);
    g_free(rights[0]);
    g_free(rights[1]);
    rig_close(&r);
}

static void test_quota(void)
{
    Rig r;
    guint64 used, limit;
    rig_open(&r, "QUOTA",
             "C: p1 GETQUOTAROOT \"INBOX\"\n"
             "S: * QUOTAROOT INBOX \"\" \"group\"\n"
             "S: * QUOTA \"\" (STORAGE 10 1000 MESSAGE 3 50)\n"
             "S: * QUOTA \"group\" (MESSAGE 9 10 STORAGE 6000000000 8000000000)\nS: p1 OK\n"
             "C: p2 GETQUOTAROOT \"INBOX\"\nS: * QUOTAROOT INBOX\nS: p2 OK\n"
             "C: p3 GETQUOTAROOT \"INBOX\"\nS: * QUOTA x (STORAGE ten)\nS: p3 NO [NOPERM] no\n");
    g_assert_true(imap_quota(r.session, "INBOX", &used, &limit, &r.error));
    g_assert_cmpuint(used, ==, 6000000000);
    g_assert_cmpuint(limit, ==, 8000000000);
    g_assert_true(imap_quota(r.session, "INBOX", &used, &limit, &r.error));
    g_assert_cmpuint(limit, ==, 0);
    g_assert_false(imap_quota(r.session, "INBOX", &used, &limit, &r.error));
    rig_failed(&r, PINTAIL_ERROR_REFUSED, "no");
    rig_close(&r);
}

/* Without the capabilities nothing is sent. */
static void test_not_offered(void)
{
    Rig r;
    guint64 used, limit;
    const char *name = "a";
    char *rights;
    rig_open(&r, "", "C: p1 NOOP\nS: p1 OK\n");
    g_assert_true(imap_my_rights(r.session, &name, 1, &rights, &r.error));
    g_assert_null(rights);
    g_assert_true(imap_quota(r.session, "INBOX", &used, &limit, &r.error));
    g_assert_true(imap_noop(r.session, &r.error));
    rig_close(&r);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/imap/rights/utf8", test_utf8);
    g_test_add_func("/imap/rev2", test_rev2);
    g_test_add_func("/imap/rights/utf8-refused", test_utf8_refused);
    g_test_add_func("/imap/rights/mailboxid", test_mailboxid);
    g_test_add_func("/imap/rights/my-rights", test_rights);
    g_test_add_func("/imap/rights/quota", test_quota);
    g_test_add_func("/imap/rights/not-offered", test_not_offered);
    return g_test_run();
}
