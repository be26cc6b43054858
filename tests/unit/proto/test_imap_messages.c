/* UID FETCH steps, sections, SEARCH, STORE, COPY, MOVE, EXPUNGE, APPEND, IDLE and what comes
 * unasked, against scripted servers. */
#include <unistd.h>
#include "test_imap_rig.h"

/* What a fetch step gave, as one line of text per message. */
static gboolean note(ImapFetched *m, gpointer data, GError **err)
{
    GString *out = data;
    g_string_append_printf(out, "%u", m->uid);
    if (m->has & IMAP_FETCH_FLAGS)
        g_string_append_printf(out, " f%x", m->flags.bits);
    if (m->has & IMAP_FETCH_SIZE)
        g_string_append_printf(out, " s%" G_GUINT64_FORMAT, m->size);
    if (m->has & IMAP_FETCH_HEADER)
        g_string_append_printf(out, " h%.*s", (int)m->header.len, m->header.at);
    if (m->has & IMAP_FETCH_BODY)
        g_string_append_printf(out, " b%s/%s", m->body->type, m->body->subtype);
    if (m->has & IMAP_FETCH_BAD_BODY)
        g_string_append(out, " bad");
    g_string_append_c(out, '\n');
    return TRUE;
}

static gboolean refuse(ImapFetched *m, gpointer data, GError **err)
{
    ++*(guint *)data;
    error_set(err, PINTAIL_ERROR_STORE, "disk full");
    return FALSE;
}

static gboolean collect(guint32 uid, Span bytes, guint64 total, gpointer data, GError **err)
{
    g_string_append_len(data, bytes.at, (gssize)bytes.len);
    return TRUE;
}

static void test_fetch_pipelined(void)
{
    Rig r;
    rig_select(&r, "",
               "C: p2 UID FETCH 10:12 (UID FLAGS)\n"
               "C: p3 UID FETCH 20:21 (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS "
               "(FROM DATE)])\n"
               "S: * 1 FETCH (UID 10 FLAGS (\\\\Seen))\n"
               "S: * 2 FETCH (FLAGS () UID 12)\n"
               "S: p2 OK\n"
               "S- * 3 FETCH (UID 20 RFC822.SIZE 100 FLAGS () BODY[HEADER.FIELDS (FROM DATE)] "
               "{9}\\r\\nFrom: a\\r\\n)\\r\\n\n"
               "S: * 3 FETCH (FLAGS (\\\\Answered))\n"
               "S: * 2 FETCH (FLAGS (\\\\Deleted) UID 12 MODSEQ (5))\n"
               "S: p3 OK\n");
    g_autoptr(ImapSet) first = imap_set_range(10, 12), second = imap_set_range(20, 21);
    g_autoptr(GString) flags = g_string_new(NULL), headers = g_string_new(NULL);
    g_assert_true(
        imap_fetch_begin(r.session, first, IMAP_FETCH_FLAGS, NULL, note, flags, &r.error));
    g_assert_true(imap_fetch_begin(r.session, second,
                                   IMAP_FETCH_FLAGS | IMAP_FETCH_DATE | IMAP_FETCH_SIZE |
                                       IMAP_FETCH_HEADER | IMAP_FETCH_MODSEQ | IMAP_FETCH_IDS,
                                   "FROM DATE", note, headers, &r.error));
    g_assert_cmpuint(imap_pending(r.session), ==, 2);
    g_assert_true(imap_await(r.session, &r.error));
    g_assert_cmpstr(flags->str, ==, "10 f1\n12 f0\n");
    g_assert_true(imap_await(r.session, &r.error));
    g_assert_cmpstr(headers->str, ==, "20 f0 s100 hFrom: a\r\n\n");
    g_autoptr(ImapChanges) changes = imap_take_changes(r.session);
    g_assert_cmpuint(changes->flags->len, ==, 2); /* unasked: by number, and of another set */
    const ImapFlagChange *f = &g_array_index(changes->flags, ImapFlagChange, 0);
    g_assert_cmpuint(f[0].uid, ==, 20);
    g_assert_cmpuint(f[0].flags.bits, ==, IMAP_FLAG_ANSWERED);
    g_assert_cmpuint(f[1].uid, ==, 12);
    g_assert_cmpuint(f[1].modseq, ==, 5);
    rig_close(&r);
}

/* Two steps over the same messages, worked on at once by the server: each gets its own. */
static void test_fetch_interleaved(void)
{
    Rig r;
    rig_select(&r, "",
               "C: p2 UID FETCH 1:* (UID FLAGS)\nC: p3 UID FETCH 10:12 (UID FLAGS RFC822.SIZE)\n"
               "S: * 1 FETCH (UID 10 FLAGS () RFC822.SIZE 5)\nS: * 1 FETCH (UID 10 FLAGS ())\n"
               "S: * 2 FETCH (UID 11 FLAGS ())\nS: * 2 FETCH (UID 11 FLAGS () RFC822.SIZE 6)\n"
               "S: p3 OK\nS: p2 OK\n");
    g_autoptr(ImapSet) all = imap_set_range(1, IMAP_LAST), some = imap_set_range(10, 12);
    g_autoptr(GString) flags = g_string_new(NULL), sizes = g_string_new(NULL);
    imap_fetch_begin(r.session, all, IMAP_FETCH_FLAGS, NULL, note, flags, &r.error);
    imap_fetch_begin(r.session, some, IMAP_FETCH_FLAGS | IMAP_FETCH_SIZE, NULL, note, sizes,
                     &r.error);
    g_assert_true(imap_await(r.session, &r.error));
    g_assert_true(imap_await(r.session, &r.error));
    g_assert_cmpstr(flags->str, ==, "10 f0\n11 f0\n");
    g_assert_cmpstr(sizes->str, ==, "10 f0 s5\n11 f0 s6\n");
    rig_close(&r);
}

/* Malformed BODYSTRUCTURE costs that message's only; headers left out are left out. */
static void test_fetch_bent(void)
{
    Rig r;
    rig_select(&r, "",
               "C: p2 UID FETCH 5:9 (UID BODYSTRUCTURE)\n"
               "S: * 1 FETCH (UID 5 BODYSTRUCTURE (\"text\" \"plain\" NIL NIL NIL \"7bit\" 1 1))\n"
               "S: * 2 FETCH (UID 6 BODYSTRUCTURE (\"text\" \"plain\" (\"name\" \"a\"b\") NIL)))\n"
               "S: * 3 FETCH (UID 7 BODYSTRUCTURE ((\"un\n"
               "S: * 1 FETCH (UID 8 BODYSTRUCTURE NIL)\n"
               "S: \n"
               "S: )\n"
               "S: p2 OK\n");
    g_autoptr(ImapSet) set = imap_set_range(5, 9);
    g_autoptr(GString) out = g_string_new(NULL);
    g_assert_true(imap_fetch(r.session, set, IMAP_FETCH_BODY, NULL, note, out, &r.error));
    g_assert_cmpstr(out->str, ==, "5 btext/plain\n6 bad\n7 bad\n8 bad\n");
    rig_close(&r);
}

static void test_fetch_callback_fails(void)
{
    Rig r;
    rig_select(&r, "",
               "C: p2 UID FETCH 5:9 (UID FLAGS)\n"
               "S: * 1 FETCH (UID 5 FLAGS ())\nS: * 2 FETCH (UID 6 FLAGS ())\nS: p2 OK\n"
               "C: p3 NOOP\nS: p3 OK\n");
    g_autoptr(ImapSet) set = imap_set_range(5, 9);
    guint calls = 0;
    g_assert_false(imap_fetch(r.session, set, IMAP_FETCH_FLAGS, NULL, refuse, &calls, &r.error));
    rig_failed(&r, PINTAIL_ERROR_STORE, "disk full");
    g_assert_cmpuint(calls, ==, 1);
    g_assert_true(imap_noop(r.session, &r.error));
    rig_close(&r);
}

static void test_fetch_refused(void)
{
    Rig r;
    rig_select(&r, "",
               "C: p2 UID FETCH 5 (UID FLAGS)\nC: p3 UID FETCH 6 (UID FLAGS)\n"
               "S: p2 NO past the end\nS: p3 BAD cannot convert\n");
    g_autoptr(ImapSet) one = imap_set_range(5, 5), two = imap_set_range(6, 6),
                       none = imap_set_new();
    g_autoptr(GString) out = g_string_new(NULL);
    imap_fetch_begin(r.session, one, IMAP_FETCH_FLAGS, NULL, note, out, NULL);
    imap_fetch_begin(r.session, two, IMAP_FETCH_FLAGS, NULL, note, out, NULL);
    g_assert_false(imap_await(r.session, &r.error));
    rig_failed(&r, PINTAIL_ERROR_REFUSED, "past the end");
    g_assert_false(imap_await(r.session, &r.error));
    rig_failed(&r, PINTAIL_ERROR_REFUSED, "cannot convert");
    g_assert_cmpint(imap_answer(r.session)->status, ==, 'B');
    g_assert_false(imap_fetch(r.session, none, IMAP_FETCH_FLAGS, NULL, note, out, &r.error));
    rig_failed(&r, PINTAIL_ERROR_INVALID, "");
    g_assert_false(
        imap_fetch(r.session, one, IMAP_FETCH_HEADER, "X)]\r\nA LOGOUT", note, out, &r.error));
    rig_failed(&r, PINTAIL_ERROR_INVALID, "");
    rig_close(&r);
}

/* One section of UID 5, answered with `reply`: its bytes, or NULL with r->error. */
static GString *section(Rig *r, const char *reply, guint64 offset, guint64 length)
{
    g_autofree char *script =
        g_strdup_printf("C~ p2 UID FETCH 5 \\(UID BODY\\.PEEK\\[1\\].*\\)\n%s", reply);
    rig_select(r, "", script);
    GString *out = g_string_new(NULL);
    if (imap_section(r->session, 5, "1", offset, length, 0, collect, out, &r->error))
        return out;
    g_string_free(out, TRUE);
    return NULL;
}

static void check_section(const char *reply, const char *wanted)
{
    Rig r;
    g_autofree char *script = g_strconcat(reply, "S: p2 OK\nC: p3 NOOP\nS: p3 OK\n", NULL);
    GString *out = section(&r, script, 0, 0);
    g_assert_no_error(r.error);
    g_assert_cmpstr(out->str, ==, wanted);
    g_assert_true(imap_noop(r.session, &r.error));
    g_string_free(out, TRUE);
    rig_close(&r);
}

static void test_section(void)
{
    check_section("S- * 1 FETCH (UID 5 BODY[1] {7}\\r\\nhe\\r\\nllo)\\r\\n\n", "he\r\nllo");
    check_section("S- * 1 FETCH (BODY[1] {5}\\r\\nhello UID 5 FLAGS (\\\\Seen))\\r\\n\n", "hello");
    check_section("S: * 1 FETCH (UID 5 BODY[1] \"quo\\\\\"ted\")\n", "quo\"ted");
    check_section("S: * 1 FETCH (UID 5 BODY[1] \"\")\n", "");
    check_section("S- * 1 FETCH (UID 5 BODY[1] {0}\\r\\n)\\r\\n\n", "");
    check_section(
        "S: * 9 EXISTS\nS- * 1 FETCH (UID 5 BODY[1] {2}\\r\\n\\r\\n)\\r\\n\nS: * 8 EXPUNGE\n",
        "\r\n");
    /* a message that looks like the protocol */
    check_section(
        "S- * 1 FETCH (UID 5 BODY[1] {24}\\r\\n)\\r\\np2 OK\\r\\n* BYE x\\r\\n{9}\\r\\n)\\r\\n\n",
        ")\r\np2 OK\r\n* BYE x\r\n{9}\r\n");
}

/* PROTOCOLS quirk 2: the announced size is off by one or two. */
static void test_section_literal_off(void)
{
    check_section("S- * 1 FETCH (UID 5 BODY[1] {5}\\r\\nhell)\\r\\n\n", "hell");
    check_section("S- * 1 FETCH (UID 5 BODY[1] {6}\\r\\nhell)\\r\\n\n", "hell");
    check_section("S- * 1 FETCH (UID 5 BODY[1] {4}\\r\\nhell\\r\\n)\\r\\n\n", "hell\r\n");
    check_section("S- * 1 FETCH (UID 5 BODY[1] {5}\\r\\nhell\\r\\n)\\r\\n\n", "hell\r\n");
    check_section("S- * 1 FETCH (UID 5 BODY[1] {4}\\r\\nhello)\\r\\n\n", "hello");
    check_section("S- * 1 FETCH (UID 5 BODY[1] {3}\\r\\nhello FLAGS ())\\r\\n\n", "hello");
    check_section("S- * 1 FETCH (UID 5 BODY[1] {4}\\r\\nx(a)\\r\\n)\\r\\n\n", "x(a)\r\n");
}

static void check_no_section(const char *reply, guint64 offset, guint64 length,
                             PintailErrorCode code, const char *word, gboolean usable)
{
    Rig r;
    g_assert_null(section(&r, reply, offset, length));
    rig_failed(&r, code, word);
    g_assert_true(imap_usable(r.session) == usable);
    rig_close(&r);
}

static void test_section_missing(void)
{
    check_no_section("S: p2 OK\n", 0, 0, PINTAIL_ERROR_GONE, "UID 5", TRUE);
    check_no_section("S: * 1 FETCH (UID 5 BODY[1] NIL)\nS: p2 OK\n", 0, 0, PINTAIL_ERROR_REFUSED,
                     "did not send", TRUE);
    check_no_section("S: * 1 FETCH (UID 5 FLAGS ())\nS: p2 OK\n", 0, 0, PINTAIL_ERROR_REFUSED,
                     "did not send", TRUE);
    check_no_section("S- * 1 FETCH (UID 6 BODY[1] {5}\\r\\nhello)\\r\\n\nS: p2 OK\n", 0, 0,
                     PINTAIL_ERROR_GONE, "UID 5", TRUE);
    /* the bytes of another message, named only behind them */
    check_no_section("S- * 1 FETCH (BODY[1] {5}\\r\\nhello UID 6)\\r\\n\nS: p2 OK\n", 0, 0,
                     PINTAIL_ERROR_PROTOCOL, "another message", FALSE);
    /* another piece than the one asked for */
    check_no_section("S- * 1 FETCH (UID 5 BODY[1] {5}\\r\\nhello)\\r\\n\nS: p2 OK\n", 100, 5,
                     PINTAIL_ERROR_REFUSED, "did not send", TRUE);
    check_no_section("S: * 1 FETCH (UID 5 BODY[1] {99999999999}\nstall\n", 0, 0,
                     PINTAIL_ERROR_PROTOCOL, "99999999999", FALSE);
    check_no_section("S: * 1 FETCH (UID 5 BODY[1]<0> {70000}\nstall\n", 0, 1000,
                     PINTAIL_ERROR_PROTOCOL, "70000", FALSE);
    check_no_section("S: * 1 FETCH (UID 5 BODY[2] {99999999999999999999999999}\nstall\n", 0, 0,
                     PINTAIL_ERROR_PROTOCOL, "absurd", FALSE);
    check_no_section("S: * 1 FETCH (UID 5 BODY[1] {10}\nS- hel\nclose\n", 0, 0, PINTAIL_ERROR_RETRY,
                     "", FALSE);
}

static void test_section_pieces(void)
{
    Rig r;
    rig_select(
        &r, "",
        "C: p2 UID FETCH 5 (UID BODY.PEEK[1]<0.4>)\nC: p3 UID FETCH 5 (UID BODY.PEEK[1]<4.4>)\n"
        "C: p4 UID FETCH 6 (UID BODY.PEEK[])\n"
        "S- * 1 FETCH (UID 5 BODY[1]<0> {4}\\r\\nabcd)\\r\\n\nS: p2 OK\n"
        "S- * 2 FETCH (UID 6 BODY[] {3}\\r\\nraw)\\r\\n\n"
        "S- * 1 FETCH (UID 5 BODY[1]<4> {6}\\r\\nefghij)\\r\\n\nS: p3 OK\nS: p4 OK\n");
    g_autoptr(GString) out = g_string_new(NULL), raw = g_string_new(NULL);
    g_assert_true(imap_section_begin(r.session, 5, "1", 0, 4, 0, collect, out, &r.error));
    g_assert_true(imap_section_begin(r.session, 5, "1", 4, 4, 0, collect, out, &r.error));
    g_assert_true(imap_section_begin(r.session, 6, "", 0, 0, 0, collect, raw, &r.error));
    g_assert_true(imap_await(r.session, &r.error));
    g_assert_true(imap_await(r.session, &r.error));
    g_assert_cmpstr(out->str, ==, "abcdefgh"); /* more than was asked for is not taken */
    g_assert_true(imap_await(r.session, &r.error));
    g_assert_cmpstr(raw->str, ==, "raw");
    g_assert_false(imap_section(r.session, 5, "1]\r\n", 0, 0, 0, collect, out, &r.error));
    rig_failed(&r, PINTAIL_ERROR_INVALID, "");
    rig_close(&r);
}

/* 3 MB pass through without being kept; headers beyond their bound are cut, not refused. */
static void test_large_literals(void)
{
    Rig r;
    GString *script = g_string_new("C~ p2 .*\nS: * 1 FETCH (UID 5 BODY[] {3000000}\n");
    g_string_append(script, "S* 30000 ");
    for (guint i = 0; i < 98; i++)
        g_string_append_c(script, 'x');
    g_string_append(script, "\nS: )\nS: p2 OK\n"
                            "C~ p3 .*\nS: * 1 FETCH (UID 5 BODY[HEADER] {3000000}\nS* 30000 ");
    for (guint i = 0; i < 98; i++)
        g_string_append_c(script, 'h');
    g_string_append(script, "\nS:  RFC822.SIZE 12)\nS: p3 OK\n");
    rig_select(&r, "", script->str);
    g_string_free(script, TRUE);
    g_autoptr(GString) out = g_string_new(NULL), header = g_string_new(NULL);
    g_assert_true(imap_section(r.session, 5, "", 0, 0, 0, collect, out, &r.error));
    g_assert_cmpuint(out->len, ==, 3000000);
    g_autoptr(ImapSet) set = imap_set_range(5, 5);
    g_assert_true(imap_fetch(r.session, set, IMAP_FETCH_HEADER | IMAP_FETCH_SIZE, NULL, note,
                             header, &r.error));
    g_assert_no_error(r.error);
    g_assert_true(g_str_has_prefix(header->str, "5 s12 hhhh"));
    g_assert_cmpuint(header->len, ==, 1024 * 1024 + strlen("5 s12 h\n"));
    rig_close(&r);
}

static void test_search(void)
{
    Rig r;
    rig_open(&r, "ESEARCH",
             "C: p1 UID SEARCH RETURN (ALL) UNDELETED HEADER \"Message-ID\" \"<a@example.org>\"\n"
             "S: * ESEARCH (TAG \"p1\") UID ALL 3:5,9\nS: p1 OK\n"
             "C: p2 UID SEARCH RETURN (ALL) ALL\nS: * SEARCH 9 7 8\nS: p2 OK\n"
             "C: p3 UID SEARCH RETURN (ALL) CHARSET UTF-8 SUBJECT {4}\nS: + \nC: \\xc3\\xbcx\\x21\n"
             "S: * ESEARCH (TAG \"p3\") UID\nS: p3 OK\n"
             "C: p4 UID SEARCH RETURN (ALL) SEEN\nS: p4 BAD what?\nC: p5 UID SEARCH SEEN\n"
             "S: * SEARCH\nS: p5 OK\n"
             "C: p6 UID SEARCH SEEN\nS: p6 OK\n");
    ImapTerm by_id[] = {{.key = "UNDELETED"},
                        {"HEADER", "Message-ID", "<a@example.org>"},
                        {.key = NULL}},
             all[] = {{.key = NULL}}, subject[] = {{"SUBJECT", NULL, "\xc3\xbcx!"}, {.key = NULL}},
             seen[] = {{.key = "SEEN"}, {.key = NULL}};
    g_autoptr(ImapSet) a = imap_search(r.session, by_id, &r.error),
                       b = imap_search(r.session, all, &r.error),
                       c = imap_search(r.session, subject, &r.error),
                       d = imap_search(r.session, seen, &r.error);
    g_assert_no_error(r.error);
    g_autofree char *a_text = imap_set_text(a), *b_text = imap_set_text(b);
    g_assert_cmpstr(a_text, ==, "3:5,9");
    g_assert_cmpstr(b_text, ==, "7:9");
    g_assert_true(imap_set_is_empty(c) && imap_set_is_empty(d));
    g_assert_null(
        imap_search(r.session, seen, &r.error)); /* silence does not mean "nothing found" */
    rig_failed(&r, PINTAIL_ERROR_REFUSED, "no result");
    rig_close(&r);
}

static void test_store(void)
{
    Rig r;
    rig_select(
        &r, "UIDPLUS",
        "C: p2 UID STORE 3:5,9 +FLAGS.SILENT (\\\\Seen \\\\Flagged work)\nS: p2 OK\n"
        "C: p3 UID STORE 3 -FLAGS (\\\\Deleted)\nS: * 1 FETCH (UID 3 FLAGS (\\\\Seen))\nS: p3 OK\n"
        "C: p4 UID EXPUNGE 3\nS: * 1 EXPUNGE\nS: p4 OK\n"
        "C: p5 UID STORE 9 +FLAGS.SILENT (\\\\Seen)\nS: p5 NO [CANNOT] read only\n");
    g_autoptr(ImapSet) set = imap_set_parse(SPAN_LITERAL("3:5,9")), three = imap_set_range(3, 3),
                       nine = imap_set_range(9, 9);
    const char *work[] = {"work", NULL}, *bad[] = {"a b", NULL};
    g_assert_true(imap_store(r.session, set, IMAP_STORE_ADD, IMAP_FLAG_SEEN | IMAP_FLAG_FLAGGED,
                             work, TRUE, &r.error));
    g_assert_true(
        imap_store(r.session, three, IMAP_STORE_REMOVE, IMAP_FLAG_DELETED, NULL, FALSE, &r.error));
    g_autoptr(ImapChanges) changes = imap_take_changes(r.session);
    g_assert_cmpuint(changes->flags->len, ==, 1);
    g_assert_true(imap_expunge(r.session, three, &r.error));
    g_autoptr(ImapChanges) gone = imap_take_changes(r.session);
    g_assert_cmpuint(gone->expunged->len, ==, 1);
    g_assert_cmpuint(g_array_index(gone->expunged, guint32, 0), ==, 3);
    g_assert_cmpuint(imap_selected(r.session)->exists, ==, 2);
    g_assert_false(
        imap_store(r.session, nine, IMAP_STORE_ADD, IMAP_FLAG_SEEN, NULL, TRUE, &r.error));
    rig_failed(&r, PINTAIL_ERROR_REFUSED, "read only");
    g_assert_false(imap_store(r.session, nine, IMAP_STORE_ADD, 0, bad, TRUE, &r.error));
    rig_failed(&r, PINTAIL_ERROR_INVALID, "flag");
    rig_close(&r);
}

static void test_too_long(void)
{
    Rig r;
    rig_select(&r, "MOVE UIDPLUS", "C: p2 NOOP\nS: p2 OK\n");
    g_autoptr(ImapSet) set = imap_set_new();
    for (guint32 uid = 1; uid < 20000; uid += 2)
        imap_set_add(set, uid, uid);
    ImapCopied copied;
    g_assert_false(imap_move(r.session, set, "a", &copied, &r.error));
    rig_failed(&r, PINTAIL_ERROR_INVALID, "UID MOVE");
    imap_copied_clear(&copied);
    g_assert_true(imap_noop(r.session, &r.error)); /* nothing had been sent */
    rig_close(&r);
}

static void test_copy_and_move(void)
{
    Rig r;
    rig_select(&r, "MOVE UIDPLUS",
               "C: p2 UID COPY 3:4 \"Entw&APw-rfe\"\nS: p2 OK [COPYUID 44 3:4 101:102] done\n"
               "C: p3 UID MOVE 3:4 \"Trash\"\nS: * OK [COPYUID 45 4,3 7,9] moved\nS: * 2 "
               "EXPUNGE\nS: p3 OK done\n"
               "C: p4 UID MOVE 9 \"Trash\"\nS: p4 OK [COPYUID 45] empty\n"
               "C: p5 UID COPY 9 \"nowhere\"\nS: p5 NO [TRYCREATE] no such folder\n"
               "C: p6 UID MOVE 9 \"full\"\nS: * OK [COPYUID 46 9 10] x\nS: p6 NO [OVERQUOTA] full\n"
               "C: p7 UID MOVE 9 \"cut\"\nS: * OK [COPYUID 46 9 11] x\nclose\n");
    g_autoptr(ImapSet) set = imap_set_range(3, 4), nine = imap_set_range(9, 9);
    ImapCopied c;
    g_assert_true(imap_copy(r.session, set, "Entwürfe", &c, &r.error));
    g_assert_cmpuint(c.uidvalidity, ==, 44);
    g_assert_cmpuint(c.from->len, ==, 2);
    g_assert_cmpuint(g_array_index(c.to, guint32, 1), ==, 102);
    imap_copied_clear(&c);
    g_assert_true(imap_move(r.session, set, "Trash", &c, &r.error));
    g_assert_cmpuint(g_array_index(c.from, guint32, 0), ==, 4);
    g_assert_cmpuint(g_array_index(c.to, guint32, 0), ==, 7);
    imap_copied_clear(&c);
    g_assert_true(imap_move(r.session, nine, "Trash", &c, &r.error));
    g_assert_cmpuint(c.from->len, ==, 0);
    imap_copied_clear(&c);
    g_assert_false(imap_copy(r.session, nine, "nowhere", NULL, &r.error));
    rig_failed(&r, PINTAIL_ERROR_GONE, "no such folder");
    g_assert_false(imap_move(r.session, nine, "full", &c, &r.error));
    rig_failed(&r, PINTAIL_ERROR_REFUSED, "full");
    g_assert_cmpuint(c.to->len, ==, 1); /* what was moved before the error is known */
    imap_copied_clear(&c);
    g_assert_false(imap_move(r.session, nine, "cut", &c, &r.error));
    g_assert_error(r.error, PINTAIL_ERROR, PINTAIL_ERROR_RETRY);
    g_assert_cmpuint(c.to->len, ==, 1);
    imap_copied_clear(&c);
    rig_close(&r);
    rig_select(&r, "", "C: p2 NOOP\nS: p2 OK\n");
    g_assert_false(imap_move(r.session, nine, "Trash", &c, &r.error));
    rig_failed(&r, PINTAIL_ERROR_REFUSED, "MOVE");
    imap_copied_clear(&c);
    g_assert_false(imap_expunge(r.session, nine, &r.error));
    rig_failed(&r, PINTAIL_ERROR_REFUSED, "EXPUNGE");
    g_assert_true(imap_noop(r.session, &r.error));
    rig_close(&r);
}

static void count_progress(guint64 done, guint64 total, gpointer data)
{
    *(guint64 *)data = done;
}

static void test_append(void)
{
    Rig r;
    rig_open(&r, "APPENDLIMIT=1000",
             "C: p1 APPEND \"Sent\" (\\\\Seen work) \"17-Jul-1996 02:44:25 -0700\" {9}\n"
             "S: * 5 EXISTS\nS: + go\nC= 11\nS: p1 OK [APPENDUID 38505 3955] done\n"
             "C: p2 APPEND \"gone\" {9}\nS: p2 NO [TRYCREATE] no such folder\n"
             "C: p3 APPEND \"full\" {9}\nS: + go\nC= 11\nS: p3 NO [OVERQUOTA] full\n"
             "C: p4 APPEND \"Sent\" {9}\nS: + go\nC= 11\nS: p4 OK no word of a UID\n");
    guint32 validity, uid;
    guint64 done = 0;
    const char *work[] = {"work", NULL};
    ImapAppend full = {.message = SPAN_LITERAL("a: b\r\n\r\nc"),
                       .bits = IMAP_FLAG_SEEN,
                       .keywords = work,
                       .date = "17-Jul-1996 02:44:25 -0700",
                       .progress = count_progress,
                       .data = &done};
    ImapAppend bare = {.message = full.message};
    g_assert_true(imap_append(r.session, "Sent", &full, &validity, &uid, &r.error));
    g_assert_cmpuint(validity, ==, 38505);
    g_assert_cmpuint(uid, ==, 3955);
    g_assert_cmpuint(done, ==, 9);
    g_assert_false(imap_append(r.session, "gone", &bare, NULL, NULL, &r.error));
    rig_failed(&r, PINTAIL_ERROR_GONE, "no such folder");
    g_assert_false(imap_append(r.session, "full", &bare, NULL, NULL, &r.error));
    rig_failed(&r, PINTAIL_ERROR_REFUSED, "full");
    g_assert_cmpstr(imap_answer(r.session)->code, ==, "OVERQUOTA");
    g_assert_true(imap_append(r.session, "Sent", &bare, &validity, &uid, &r.error));
    g_assert_cmpuint(uid, ==, 0);
    g_autofree char *large = g_strnfill(1001, 'x');
    ImapAppend over = {.message = span_of(large)};
    g_assert_false(imap_append(r.session, "Sent", &over, NULL, NULL, &r.error));
    rig_failed(&r, PINTAIL_ERROR_REFUSED, "at most");
    WireServer *server = r.server;
    r.server = NULL;
    imap_free(g_steal_pointer(&r.session));
    char *captured;
    g_assert_true(wire_end(server, &captured));
    g_assert_cmpstr(captured, ==, "a: b\r\n\r\nc\r\na: b\r\n\r\nc\r\na: b\r\n\r\nc\r\n");
    g_free(captured);
    endpoint_free(r.endpoint);
}

/* LITERAL+ for small ones, LITERAL- for very small ones, "+" for the rest. */
static void test_append_literals(void)
{
    static const struct {
        const char *capability;
        gsize size;
        gboolean at_once;
    } cases[] = {{"LITERAL+", 5000, TRUE},
                 {"LITERAL+", 70000, FALSE},
                 {"LITERAL-", 4096, TRUE},
                 {"LITERAL-", 4097, FALSE},
                 {"", 10, FALSE}};
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        Rig r;
        g_autofree char *script = g_strdup_printf(
            "C: p1 APPEND \"Sent\" {%" G_GSIZE_FORMAT "%s}\n%sC= %" G_GSIZE_FORMAT "\nS: p1 OK\n",
            cases[i].size, cases[i].at_once ? "+" : "", cases[i].at_once ? "" : "S: + \n",
            cases[i].size + 2);
        rig_open(&r, cases[i].capability, script);
        g_autofree char *bytes = g_strnfill(cases[i].size, 'x');
        ImapAppend what = {.message = span_of(bytes)};
        g_assert_true(imap_append(r.session, "Sent", &what, NULL, NULL, &r.error));
        rig_close(&r);
    }
}

/* BINARY (RFC 3516): literal8 with NULs, a refusal, and no mistaking of one for the other. */
static void test_binary(void)
{
    Rig r;
    rig_select(&r, "BINARY",
               "C: p2 UID FETCH 5 (UID BINARY.PEEK[2]<0.100>)\n"
               "S- * 1 FETCH (UID 5 BODY[2]<0> {2}\\r\\nno)\\r\\n\n"
               "S- * 1 FETCH (UID 5 BINARY[2]<0> ~{4}\\r\\na\\0\\xffb)\\r\\n\nS: p2 OK\n"
               "C: p3 UID FETCH 5 (UID BINARY.PEEK[2])\nS: p3 NO [UNKNOWN-CTE] what is x-uue?\n"
               "C: p4 UID FETCH 5 (UID BODY.PEEK[2])\n"
               "S- * 1 FETCH (UID 5 BINARY[2] {2}\\r\\nno)\\r\\n\nS: p4 OK\n");
    g_autoptr(GString) out = g_string_new(NULL);
    g_assert_true(imap_binary_begin(r.session, 5, "2", 0, 100, 0, collect, out, &r.error));
    g_assert_true(imap_await(r.session, &r.error));
    g_assert_cmpmem(out->str, out->len, "a\0\xff" "b", 4);
    g_assert_true(imap_binary_begin(r.session, 5, "2", 0, 0, 0, collect, out, &r.error));
    g_assert_false(imap_await(r.session, &r.error));
    rig_failed(&r, PINTAIL_ERROR_REFUSED, "x-uue");
    g_assert_cmpstr(imap_answer(r.session)->code, ==, "UNKNOWN-CTE");
    g_assert_false(imap_section(r.session, 5, "2", 0, 0, 0, collect, out, &r.error));
    rig_failed(&r, PINTAIL_ERROR_REFUSED, "did not send");
    rig_close(&r);
}

static void test_append_many(void)
{
    Rig r;
    rig_open(&r, "MULTIAPPEND UIDPLUS",
             "C: p1 APPEND \"Sent\" (\\\\Seen) {3}\nS: + \nC= 3\nC:  (\\\\Draft) {4}\nS: + \nC= 4\nC:  {1}\nS: + \n"
             "C= 3\nS: p1 OK [APPENDUID 7 10:12] done\n"
             "C: p2 APPEND \"Sent\" {1}\nS: + \nC= 1\nC:  {1}\nS: p2 NO [OVERQUOTA] full\n"
             "C: p3 APPEND \"Sent\" {1}\nS: + \nC= 1\nC:  {1}\nS: + \nC= 3\nS: p3 OK [APPENDUID 7 13] one too few\n");
    ImapAppend three[] = {{.message = SPAN_LITERAL("one"), .bits = IMAP_FLAG_SEEN},
                          {.message = SPAN_LITERAL("four"), .bits = IMAP_FLAG_DRAFT},
                          {.message = SPAN_LITERAL("x")}};
    ImapAppend two[] = {{.message = SPAN_LITERAL("a")}, {.message = SPAN_LITERAL("b")}};
    guint32 validity, uids[3];
    g_assert_true(imap_append_many(r.session, "Sent", three, 3, &validity, uids, &r.error));
    g_assert_cmpuint(validity, ==, 7);
    g_assert_cmpuint(uids[0], ==, 10);
    g_assert_cmpuint(uids[2], ==, 12);
    g_assert_false(imap_append_many(r.session, "Sent", two, 2, &validity, uids, &r.error));
    rig_failed(&r, PINTAIL_ERROR_REFUSED, "full");
    g_assert_true(imap_append_many(r.session, "Sent", two, 2, &validity, uids, &r.error));
    g_assert_cmpuint(uids[0], ==, 0);
    rig_close(&r);
    rig_open(&r, "MULTIAPPEND LITERAL+ APPENDLIMIT=3",
             "C: p1 APPEND \"Sent\" {1+}\nC= 1\nC:  {1+}\nC= 3\nS: p1 OK\nC: p2 NOOP\nS: p2 OK\n");
    g_assert_true(imap_append_many(r.session, "Sent", two, 2, &validity, uids, &r.error));
    g_assert_false(imap_append_many(r.session, "Sent", three, 3, &validity, uids, &r.error));
    rig_failed(&r, PINTAIL_ERROR_REFUSED, "at most"); /* before a byte was sent */
    g_assert_true(imap_noop(r.session, &r.error));
    rig_close(&r);
    /* each folder has its own */
    rig_open(&r, "APPENDLIMIT LITERAL+",
             "C: p1 STATUS \"Sent\" (UIDNEXT APPENDLIMIT)\nS: * STATUS \"Sent\" (APPENDLIMIT 3 UIDNEXT 5)\nS: p1 OK\n"
             "C: p2 APPEND \"Archive\" (\\\\Draft) {4+}\nC= 6\nS: p2 OK\n"
             "C: p3 STATUS \"Sent\" (UIDNEXT APPENDLIMIT)\nS: * STATUS \"Sent\" (APPENDLIMIT NIL)\nS: p3 OK\n");
    const char *folder = "Sent";
    ImapStatus status;
    guint items = IMAP_STATUS_UIDNEXT | IMAP_STATUS_APPENDLIMIT;
    g_assert_true(imap_status(r.session, &folder, 1, items, &status, &r.error));
    g_assert_false(imap_append(r.session, "Sent", &three[1], NULL, NULL, &r.error));
    rig_failed(&r, PINTAIL_ERROR_REFUSED, "at most");
    g_assert_true(imap_append(r.session, "Archive", &three[1], NULL, NULL, &r.error));
    g_assert_true(imap_status(r.session, &folder, 1, items, &status, &r.error));
    g_assert_false(status.has & IMAP_STATUS_APPENDLIMIT);
    rig_close(&r);
    rig_open(&r, "", "C: p1 NOOP\nS: p1 OK\n");
    g_assert_false(imap_append_many(r.session, "Sent", two, 2, &validity, uids, &r.error));
    rig_failed(&r, PINTAIL_ERROR_REFUSED, "MULTIAPPEND");
    g_assert_true(imap_noop(r.session, &r.error));
    rig_close(&r);
}

/* A long line that is answered BAD makes shorter ones; so does the account's word. */
static void test_line_limit(void)
{
    Rig r;
    rig_select(&r, "", "C~ p2 UID STORE .*\nS: p2 BAD line too long\nC: p3 EXPUNGE\nS: * 1 EXPUNGE\nS: p3 OK\n");
    g_autoptr(ImapSet) set = imap_set_new();
    for (guint32 uid = 1; uid < 1000; uid += 2)
        imap_set_add(set, uid, uid);
    g_assert_cmpuint(imap_set_room(r.session), ==, IMAP_SET_TEXT);
    g_assert_false(imap_store(r.session, set, IMAP_STORE_ADD, IMAP_FLAG_SEEN, NULL, TRUE, &r.error));
    rig_failed(&r, PINTAIL_ERROR_REFUSED, "too long");
    g_assert_cmpuint(imap_set_room(r.session), <, 1000);
    imap_limit_lines(r.session, 0);
    g_assert_cmpuint(imap_set_room(r.session), ==, IMAP_SET_TEXT);
    imap_limit_lines(r.session, 2000);
    g_assert_cmpuint(imap_set_room(r.session), <, 2000);
    g_assert_true(imap_expunge_marked(r.session, &r.error));
    rig_close(&r);
}

/* ---- what comes unasked ------------------------------------------------------------- */

static void test_changes(void)
{
    Rig r;
    rig_select(
        &r, "",
        "C: p2 UID FETCH 1:* (UID FLAGS)\nS: * 1 FETCH (UID 11 FLAGS ())\nS: * 2 FETCH (UID 12 "
        "FLAGS ())\n"
        "S: p2 OK\n"
        "C: p3 NOOP\n"
        "S: * 2 FETCH (FLAGS (\\\\Seen))\nS: * 1 EXPUNGE\nS: * 1 FETCH (FLAGS (\\\\Seen $Junk))\n"
        "S: * 2 EXPUNGE\nS: * 2 EXISTS\nS: * 2 FETCH (FLAGS ())\nS: * 9 EXPUNGE\nS: * 0 EXPUNGE\n"
        "S: * OK [ALERT] disk \\x1b[2Jalmost full\nS: * XFOO bar\nS: p3 OK\n"
        "C: p4 NOOP\nS: * VANISHED 12\nS: * 1 EXISTS\nS: p4 OK\n"
        "C: p5 NOOP\nS: * 0 EXISTS\nS: * OK [UIDVALIDITY 8] new\nS: p5 OK\n");
    g_autoptr(ImapSet) all = imap_set_range(1, IMAP_LAST);
    g_autoptr(GString) out = g_string_new(NULL);
    g_assert_true(imap_fetch(r.session, all, IMAP_FETCH_FLAGS, NULL, note, out, &r.error));
    g_assert_false(imap_has_changes(r.session));
    g_assert_true(imap_noop(r.session, &r.error));
    g_assert_true(imap_has_changes(r.session));
    ImapChanges *c = imap_take_changes(r.session);
    g_assert_true(c->exists_changed);
    g_assert_cmpuint(c->expunged->len, ==, 1);
    g_assert_cmpuint(g_array_index(c->expunged, guint32, 0), ==, 11);
    g_assert_cmpuint(c->unknown_expunged, ==, 1);
    g_assert_cmpuint(c->unknown_flags, ==, 1);
    g_assert_cmpuint(c->flags->len, ==, 1);
    const ImapFlagChange *f = &g_array_index(c->flags, ImapFlagChange, 0);
    g_assert_cmpuint(f->uid, ==, 12);
    g_assert_cmpuint(f->flags.bits, ==, IMAP_FLAG_SEEN | IMAP_FLAG_JUNK);
    g_assert_cmpuint(c->alerts->len, ==, 1);
    g_assert_null(strchr(g_ptr_array_index(c->alerts, 0), '\x1b'));
    g_assert_false(c->overflow || c->lost);
    imap_changes_free(c);
    g_assert_false(imap_has_changes(r.session));
    g_assert_true(imap_noop(r.session, &r.error));
    c = imap_take_changes(r.session);
    g_assert_cmpuint(c->expunged->len, ==, 1);
    g_assert_cmpuint(imap_selected(r.session)->exists, ==, 1);
    imap_changes_free(c);
    g_assert_true(imap_noop(r.session, &r.error));
    c = imap_take_changes(r.session);
    g_assert_true(c->overflow); /* fewer messages and no EXPUNGE: look again, believe nothing */
    g_assert_true(c->lost);
    imap_changes_free(c);
    rig_close(&r);
}

static void test_idle(void)
{
    Rig r;
    int wake[2];
    ImapIdle why;
    g_assert_cmpint(pipe(wake), ==, 0);
    rig_select(&r, "IDLE",
               "C: p2 IDLE\nS: +\nS: * OK still here\nS: * 4 EXISTS\nC: DONE\nS: p2 OK\n"
               "C: p3 IDLE\nS: + idling\nC: DONE\nS: * 5 EXISTS\nS: p3 OK\n"
               "C: p4 IDLE\nS: + idling\nC: DONE\nS: p4 OK\n"
               "C: p5 IDLE\nS: + idling\nS: * BYE shutting down\nclose\n");
    g_assert_true(imap_idle(r.session, wake[0], 60000, &why, &r.error));
    g_assert_cmpint(why, ==, IMAP_IDLE_CHANGED);
    g_assert_true(
        imap_idle(r.session, wake[0], 60000, &why, &r.error)); /* not taken yet: at once */
    g_assert_cmpint(why, ==, IMAP_IDLE_CHANGED);
    imap_changes_free(imap_take_changes(r.session));
    g_assert_cmpint(write(wake[1], "x", 1), ==, 1);
    g_assert_true(imap_idle(r.session, wake[0], 60000, &why, &r.error));
    g_assert_cmpint(why, ==, IMAP_IDLE_CHANGED); /* woken, but news came with the answer */
    imap_changes_free(imap_take_changes(r.session));
    g_assert_true(imap_idle(r.session, wake[0], 60000, &why, &r.error));
    g_assert_cmpint(why, ==, IMAP_IDLE_WOKEN);
    g_assert_false(imap_idle(r.session, -1, 60000, &why, &r.error));
    rig_failed(&r, PINTAIL_ERROR_RETRY, "shutting down");
    rig_close(&r);
    close(wake[0]);
    close(wake[1]);
}

static void test_idle_without(void)
{
    Rig r;
    ImapIdle why;
    rig_select(&r, "IDLE",
               "C: p2 IDLE\nS: p2 BAD not today\nC: p3 NOOP\nS: p3 OK\n"
               "C: p4 NOOP\nS: * 1 EXPUNGE\nS: p4 OK\n");
    g_assert_true(imap_idle(r.session, -1, 1, &why, &r.error));
    g_assert_cmpint(why, ==, IMAP_IDLE_TIMEOUT);
    g_assert_false(imap_has(r.session, IMAP_CAP_IDLE));
    g_assert_true(imap_idle(r.session, -1, 1, &why, &r.error));
    g_assert_cmpint(why, ==, IMAP_IDLE_CHANGED);
    rig_close(&r);
    /* a server that ends every IDLE at once must not make a busy loop */
    rig_select(
        &r, "IDLE",
        "C: p2 IDLE\nS: + \nS: p2 OK\nC: p3 IDLE\nS: + \nS: p3 OK\nC: p4 IDLE\nS: + \nS: p4 OK\n"
        "C: p5 NOOP\nS: p5 OK\n");
    for (guint i = 0; i < 4; i++)
        g_assert_true(imap_idle(r.session, -1, i == 3 ? 1 : 60000, &why, &r.error));
    rig_close(&r);
}

/* Responses nobody asked for are bounded, in number and in depth. */
static void check_hostile(const char *play, PintailErrorCode code)
{
    Rig r;
    g_autofree char *script = g_strconcat("C: p2 NOOP\n", play, NULL);
    rig_select(&r, "", script);
    g_assert_false(imap_noop(r.session, &r.error));
    g_assert_error(r.error, PINTAIL_ERROR, (int)code);
    g_assert_false(imap_usable(r.session));
    imap_free(g_steal_pointer(&r.session));
    rig_close(&r);
}

/* Real news without end, fast or slow, and more of it than anybody can keep. */
static void test_endless_news(void)
{
    check_hostile("flood * CAPABILITY IMAP4rev1\n", PINTAIL_ERROR_PROTOCOL);
    check_hostile("flood * 3 EXISTS\n", PINTAIL_ERROR_PROTOCOL);
    check_hostile("flood * 1 FETCH (FLAGS ())\n", PINTAIL_ERROR_PROTOCOL);
    check_hostile("flood * NAMESPACE NIL NIL NIL\n", PINTAIL_ERROR_PROTOCOL);
    Rig r;
    rig_select(&r, "", "C: p2 NOOP\ndrip 10 * 1 FETCH (FLAGS ())\n");
    r.options.timeout_ms = 50;
    gint64 began = g_get_monotonic_time();
    g_assert_false(imap_noop(r.session, &r.error));
    g_assert_error(r.error, PINTAIL_ERROR, PINTAIL_ERROR_RETRY);
    g_assert_cmpint(g_get_monotonic_time() - began, <, 15 * G_TIME_SPAN_SECOND);
    imap_free(g_steal_pointer(&r.session));
    rig_close(&r);
}

static gboolean count_answer(ImapFetched *m, gpointer data, GError **err)
{
    (*(guint *)data)++;
    return TRUE;
}

/* A step of one message takes some answers, and the rest for news. */
static void test_endless_answers(void)
{
    Rig r;
    guint answers = 0;
    rig_select(&r, "", "C: p2 UID FETCH 5 (UID FLAGS)\nS* 5000 * 1 FETCH (UID 5 FLAGS ())\nS: p2 OK\n");
    g_autoptr(ImapSet) one = imap_set_range(5, 5);
    g_assert_true(imap_fetch(r.session, one, IMAP_FETCH_FLAGS, NULL, count_answer, &answers, &r.error));
    g_assert_cmpuint(answers, >, 0);
    g_assert_cmpuint(answers, <, 2000);
    rig_close(&r);
}

/* Keywords are kept up to a bound; beyond it the folder is compared as a whole. */
static void test_keyword_memory(void)
{
    Rig r;
    g_autoptr(GString) script = g_string_new("C: p2 NOOP\n");
    g_autofree char *word = g_strnfill(250, 'k');
    g_autoptr(GString) words = g_string_new(word);
    for (guint i = 1; i < 200; i++)
        g_string_append_printf(words, " %s%u", word, i);
    for (guint i = 0; i < 200; i++)
        g_string_append_printf(script, "S: * 1 FETCH (UID %u FLAGS (%s))\n", i + 10, words->str);
    g_string_append(script, "S: p2 OK\n");
    rig_select(&r, "", script->str);
    g_assert_true(imap_noop(r.session, &r.error));
    g_autoptr(ImapChanges) c = imap_take_changes(r.session);
    g_assert_true(c->overflow);
    g_assert_cmpuint(c->flags->len, >, 10);
    g_assert_cmpuint(c->flags->len, <, 150);
    rig_close(&r);
}

/* UIDs that no folder can have, in a few bytes. */
static void test_absurd_sets(void)
{
    Rig r;
    rig_select(&r, "ESEARCH",
               "C: p2 UID SEARCH RETURN (ALL) ALL\nS: * ESEARCH (TAG \"p2\") UID ALL 1:4294967295\nS: p2 OK\n"
               "C: p3 NOOP\nS* 300 * VANISHED 1:4294967295\nS: p3 OK\n");
    ImapTerm all[] = {{.key = "ALL"}, {.key = NULL}};
    g_assert_null(imap_search(r.session, all, &r.error));
    rig_failed(&r, PINTAIL_ERROR_REFUSED, "no sensible result");
    g_assert_true(imap_noop(r.session, &r.error));
    g_autoptr(ImapChanges) c = imap_take_changes(r.session);
    g_assert_true(c->overflow);
    g_assert_cmpuint(c->expunged->len, ==, 1000000);
    rig_close(&r);
}

static void test_hostile(void)
{
    check_hostile("flood * XFOO\n", PINTAIL_ERROR_PROTOCOL);
    check_hostile("flood + \n", PINTAIL_ERROR_PROTOCOL);
    check_hostile("flood * BYE\n", PINTAIL_ERROR_RETRY);
    check_hostile("S: garbage\nstall\n", PINTAIL_ERROR_PROTOCOL);
    check_hostile("S: p99 OK\nstall\n", PINTAIL_ERROR_PROTOCOL);
    check_hostile("S: * LIST () \"/\" {4294967296}\nstall\n", PINTAIL_ERROR_PROTOCOL);
    check_hostile("S: * 1 FETCH (UID 3 X {100}\nS- abc\nclose\n", PINTAIL_ERROR_RETRY);
}

/* A cut after every line of the server: an error, never a crash or a hang. */
static void test_cut(void)
{
    static const char script[] =
        "S: * PREAUTH [CAPABILITY IMAP4rev1] hi\n" SELECTED "C: p2 UID FETCH 5 (UID FLAGS)\n"
        "S- * 1 FETCH (UID 5 BODY[HEADER] {5}\\r\\n\nS- hel\nS- lo FLAGS ())\\r\n";
    for (guint n = 0;; n++) {
        g_autofree char *cut = wire_cut_after(script, n);
        if (!cut)
            break;
        Rig r;
        rig_open_with(&r, cut, NULL, TLS_OFF);
        g_autoptr(ImapSet) set = imap_set_range(5, 5);
        g_autoptr(GString) out = g_string_new(NULL);
        gboolean good = r.session && imap_login(r.session, NULL, &r.error) &&
                        imap_select(r.session, "INBOX", FALSE, &r.error) &&
                        imap_fetch(r.session, set, IMAP_FETCH_FLAGS, NULL, note, out, &r.error);
        g_assert_false(good);
        g_assert_error(r.error, PINTAIL_ERROR, PINTAIL_ERROR_RETRY);
        g_assert_cmpuint(out->len, ==, 0);
        g_clear_pointer(&r.session, imap_free);
        (void)wire_end(r.server, NULL);
        endpoint_free(r.endpoint);
        g_clear_error(&r.error);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/imap/messages/fetch-pipelined", test_fetch_pipelined);
    g_test_add_func("/imap/messages/fetch-interleaved", test_fetch_interleaved);
    g_test_add_func("/imap/messages/fetch-bent", test_fetch_bent);
    g_test_add_func("/imap/messages/fetch-callback-fails", test_fetch_callback_fails);
    g_test_add_func("/imap/messages/fetch-refused", test_fetch_refused);
    g_test_add_func("/imap/messages/section", test_section);
    g_test_add_func("/imap/messages/section-literal-off", test_section_literal_off);
    g_test_add_func("/imap/messages/section-missing", test_section_missing);
    g_test_add_func("/imap/messages/section-pieces", test_section_pieces);
    g_test_add_func("/imap/messages/large-literals", test_large_literals);
    g_test_add_func("/imap/messages/search", test_search);
    g_test_add_func("/imap/messages/store", test_store);
    g_test_add_func("/imap/messages/too-long", test_too_long);
    g_test_add_func("/imap/messages/copy-and-move", test_copy_and_move);
    g_test_add_func("/imap/messages/append", test_append);
    g_test_add_func("/imap/messages/append-literals", test_append_literals);
    g_test_add_func("/imap/messages/binary", test_binary);
    g_test_add_func("/imap/messages/append-many", test_append_many);
    g_test_add_func("/imap/messages/line-limit", test_line_limit);
    g_test_add_func("/imap/messages/changes", test_changes);
    g_test_add_func("/imap/messages/idle", test_idle);
    g_test_add_func("/imap/messages/idle-without", test_idle_without);
    g_test_add_func("/imap/messages/hostile", test_hostile);
    g_test_add_func("/imap/messages/endless-news", test_endless_news);
    g_test_add_func("/imap/messages/endless-answers", test_endless_answers);
    g_test_add_func("/imap/messages/keyword-memory", test_keyword_memory);
    g_test_add_func("/imap/messages/absurd-sets", test_absurd_sets);
    g_test_add_func("/imap/messages/cut", test_cut);
    return g_test_run();
}
