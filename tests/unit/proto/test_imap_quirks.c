/* test_imap_quirks.c - what real servers get wrong, one test each: the session goes on, believes
 * nothing that was not said, and loses at most the one message that cannot be read. */
#include "test_imap_rig.h"

static gboolean note(ImapFetched *m, gpointer data, GError **err)
{
    GString *out = data;
    g_string_append_printf(out, "%u", m->uid);
    if (m->has & IMAP_FETCH_FLAGS)
        g_string_append_printf(out, " f%x", m->flags.bits);
    if (m->has & IMAP_FETCH_SIZE)
        g_string_append_printf(out, " s%" G_GUINT64_FORMAT, m->size);
    if (m->has & IMAP_FETCH_MODSEQ)
        g_string_append_printf(out, " m%" G_GUINT64_FORMAT, m->modseq);
    if (m->has & IMAP_FETCH_HEADER)
        g_string_append_printf(out, " h%.*s", (int)m->header.len, m->header.at);
    if (m->has & IMAP_FETCH_BODY)
        g_string_append_printf(out, " b%s/%s", m->body->type, m->body->subtype);
    if (m->has & IMAP_FETCH_BAD_BODY)
        g_string_append(out, " bad");
    g_string_append_c(out, ';');
    return TRUE;
}

static gboolean collect(guint32 uid, Span bytes, guint64 total, gpointer data, GError **err)
{
    g_string_append_len(data, bytes.at, (gssize)bytes.len);
    return TRUE;
}

/* One FETCH of 5:9 for `items`, answered with `play`: what came, as note() writes it. The session
 * has to be in order afterwards. */
static void check_fetch(const char *capabilities, guint items, const char *play, const char *wanted)
{
    Rig r;
    g_autofree char *script =
        g_strconcat("C~ p2 UID FETCH 5:9 \\(UID.*\\)\n", play, "S: p2 OK\nC: p3 NOOP\nS: p3 OK\n", NULL);
    rig_select(&r, capabilities, script);
    g_autoptr(ImapSet) set = imap_set_range(5, 9);
    g_autoptr(GString) out = g_string_new(NULL);
    g_assert_true(imap_fetch(r.session, set, items, NULL, note, out, &r.error));
    g_assert_cmpstr(out->str, ==, wanted);
    g_assert_true(imap_noop(r.session, &r.error));
    rig_close(&r);
}

/* ---- FETCH --------------------------------------------------------------------------- */

static void test_bodystructure(void)
{
    static const char *const bent[] = {
        "((((",                                                    /* never closed */
        "(\"text\" \"plain\" (\"name\" \"a\"b\") NIL)",            /* an unescaped quote */
        "(\"text\")",                                              /* fields left out */
        "(\"text\" \"plain\" (\"charset\") NIL NIL \"7bit\" 1 1)", /* a name without its value */
        "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 9 (NIL \"x\"y\" NIL) (\"text\" \"plain\"))", /* ENVELOPE */
        "(\"multipart\" \"mixed\" NIL NIL NIL \"7bit\" 9))",       /* one parenthesis too many */
        "\"\"",
        "NIL",
    };
    for (guint i = 0; i < G_N_ELEMENTS(bent); i++) {
        g_autofree char *play = g_strdup_printf("S: * 1 FETCH (UID 5 BODYSTRUCTURE %s)\n"
                                                "S: * 2 FETCH (UID 6 BODYSTRUCTURE (\"text\" \"plain\" NIL NIL NIL "
                                                "\"7bit\" 1 1))\n",
                                                bent[i]);
        Rig r;
        g_autofree char *script =
            g_strconcat("C: p2 UID FETCH 5:9 (UID BODYSTRUCTURE)\n", play, "S: p2 OK\n", NULL);
        rig_select(&r, "", script);
        g_autoptr(ImapSet) set = imap_set_range(5, 9);
        g_autoptr(GString) out = g_string_new(NULL);
        g_assert_true(imap_fetch(r.session, set, IMAP_FETCH_BODY, NULL, note, out, &r.error));
        if (!g_str_has_suffix(out->str, "6 btext/plain;"))
            g_error("%s: %s", bent[i], out->str);
        rig_close(&r);
    }
}

/* An ENVELOPE that nobody asked for and nobody could read: what stands before it is kept, and the
 * other messages come. */
static void test_envelope(void)
{
    check_fetch("", IMAP_FETCH_FLAGS,
                "S: * 1 FETCH (UID 5 FLAGS (\\\\Seen) ENVELOPE (\"date\" \"sub\"ject\" ((\"a))\n"
                "S: * 2 FETCH (ENVELOPE (NIL \"subject\" NIL NIL) UID 6 FLAGS ())\n"
                "S: * 3 FETCH (UID 7 FLAGS ())\n",
                "5 f1;6 f0;7 f0;");
}

/* A header literal that is a byte or two short, or long: header and neighbours are whole. */
static void test_literal_size(void)
{
    static const char *const replies[] = {
        "S- * 1 FETCH (UID 5 BODY[HEADER] {8}\\r\\nTo: a\\r\\n\\r\\n)\\r\\n\n",
        "S- * 1 FETCH (UID 5 BODY[HEADER] {7}\\r\\nTo: a\\r\\n\\r\\n)\\r\\n\n",
        "S- * 1 FETCH (UID 5 BODY[HEADER] {10}\\r\\nTo: a\\r\\n\\r\\n)\\r\\n\n",
        "S- * 1 FETCH (UID 5 BODY[HEADER] {9}\\r\\nTo: a\\r\\n\\r\\n)\\r\\n\n",
    };
    for (guint i = 0; i < G_N_ELEMENTS(replies); i++) {
        g_autofree char *play =
            g_strconcat(replies[i], "S- * 2 FETCH (UID 6 BODY[HEADER] {7}\\r\\nTo: b\\r\\n)\\r\\n\n", NULL);
        Rig r;
        g_autofree char *script =
            g_strconcat("C: p2 UID FETCH 5:6 (UID BODY.PEEK[HEADER])\n", play, "S: p2 OK\n", NULL);
        rig_select(&r, "", script);
        g_autoptr(ImapSet) set = imap_set_range(5, 6);
        g_autoptr(GString) out = g_string_new(NULL);
        g_assert_true(imap_fetch(r.session, set, IMAP_FETCH_HEADER, NULL, note, out, &r.error));
        g_assert_true(g_str_has_prefix(out->str, "5 hTo: a"));
        g_assert_true(g_str_has_suffix(out->str, ";6 hTo: b\r\n;"));
        rig_close(&r);
    }
}

/* OK, and nothing of what was asked for, or a part of it. */
static void test_ok_without_data(void)
{
    check_fetch("", IMAP_FETCH_FLAGS | IMAP_FETCH_SIZE, "", "");
    check_fetch("", IMAP_FETCH_FLAGS | IMAP_FETCH_SIZE,
                "S: * 1 FETCH (UID 5 RFC822.SIZE 3)\nS: * 2 FETCH (UID 6)\nS: * 3 FETCH ()\n", "5 s3;");
    check_fetch("", IMAP_FETCH_HEADER, "S: * 1 FETCH (UID 5 BODY[HEADER] NIL)\n", "");
}

/* Sizes and modification sequences as no RFC has them. */
static void test_numbers(void)
{
    check_fetch("CONDSTORE", IMAP_FETCH_FLAGS | IMAP_FETCH_SIZE | IMAP_FETCH_MODSEQ,
                "S: * 1 FETCH (UID 5 FLAGS () RFC822.SIZE 9.3736e+06 MODSEQ (18446744073709551615))\n"
                "S: * 2 FETCH (UID 6 FLAGS () RFC822.SIZE -1 MODSEQ (-1))\n"
                "S: * 3 FETCH (UID 7 FLAGS () RFC822.SIZE 99999999999999999999 MODSEQ (0))\n"
                "S: * 1 FETCH (UID 8 FLAGS () MODSEQ NIL RFC822.SIZE 1)\n",
                "5 f0 s9373600 m9223372036854775807;6 f0 s0 m0;7 f0 s9223372036854775807 m0;8 f0 s1;");
}

/* BODY[] left out, given as another item, or of another message. */
static void test_section(void)
{
    static const struct {
        const char *reply, *wanted; /* NULL: REFUSED or GONE, and usable */
    } cases[] = {
        {"S- * 1 FETCH (UID 5 BODY[] {2}\\r\\nab)\\r\\n\n", "ab"},
        {"S- * 1 FETCH (UID 5 body[] {2}\\r\\nab)\\r\\n\n", "ab"},
        {"S: * 1 FETCH (UID 5 BODY[] \"ab\")\n", "ab"},
        {"S: * 1 FETCH (UID 5 FLAGS (\\\\Seen))\nS- * 1 FETCH (UID 5 BODY[] {2}\\r\\nab)\\r\\n\n", "ab"},
        {"S: * 1 FETCH (UID 5)\n", NULL},
        {"S: * 1 FETCH (UID 5 BODY[] NIL)\n", NULL},
        {"S: * 1 FETCH (UID 5 RFC822 \"ab\")\n", NULL},
        {"S- * 1 FETCH (UID 7 BODY[] {2}\\r\\nab)\\r\\n\n", NULL},
        {"", NULL},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        Rig r;
        g_autofree char *script = g_strconcat("C: p2 UID FETCH 5 (UID BODY.PEEK[])\n", cases[i].reply,
                                              "S: p2 OK\nC: p3 NOOP\nS: p3 OK\n", NULL);
        rig_select(&r, "", script);
        g_autoptr(GString) out = g_string_new(NULL);
        gboolean good = imap_section(r.session, 5, "", 0, 0, 0, collect, out, &r.error);
        g_assert_cmpint(good, ==, cases[i].wanted != NULL);
        if (good)
            g_assert_cmpstr(out->str, ==, cases[i].wanted);
        else
            g_assert_true(error_is(r.error, PINTAIL_ERROR_REFUSED) || error_is(r.error, PINTAIL_ERROR_GONE));
        g_assert_true(imap_noop(r.session, NULL));
        rig_close(&r);
    }
}

/* One message that cannot be converted fails the command, a range past EXISTS is refused: both are
 * a refusal of that command only, so the caller can ask for halves. */
static void test_refused_ranges(void)
{
    Rig r;
    rig_select(&r, "",
               "C: p2 UID FETCH 5:9 (UID FLAGS)\nS: * 1 FETCH (UID 5 FLAGS ())\nS: p2 BAD cannot convert\n"
               "C: p3 UID FETCH 5:6 (UID FLAGS)\nS: * 1 FETCH (UID 5 FLAGS ())\nS: * 2 FETCH (UID 6 FLAGS ())\n"
               "S: p3 OK\n"
               "C: p4 UID FETCH 60:* (UID FLAGS)\nS: p4 NO the specified message set is invalid\n"
               "C: p5 UID SEARCH UID 60:*\nS: p5 NO the specified message set is invalid\n"
               "C: p6 UID STORE 60 +FLAGS.SILENT (\\\\Seen)\nS: p6 NO no such message\n");
    g_autoptr(ImapSet) all = imap_set_range(5, 9), half = imap_set_range(5, 6),
                       past = imap_set_range(60, IMAP_LAST), one = imap_set_range(60, 60);
    g_autoptr(GString) out = g_string_new(NULL);
    ImapTerm terms[] = {{.key = "UID 60:*"}, {.key = NULL}};
    g_assert_false(imap_fetch(r.session, all, IMAP_FETCH_FLAGS, NULL, note, out, &r.error));
    rig_failed(&r, PINTAIL_ERROR_REFUSED, "cannot convert");
    g_assert_true(imap_fetch(r.session, half, IMAP_FETCH_FLAGS, NULL, note, out, &r.error));
    g_assert_false(imap_fetch(r.session, past, IMAP_FETCH_FLAGS, NULL, note, out, &r.error));
    rig_failed(&r, PINTAIL_ERROR_REFUSED, "invalid");
    g_assert_null(imap_search(r.session, terms, &r.error));
    rig_failed(&r, PINTAIL_ERROR_REFUSED, "invalid");
    g_assert_false(imap_store(r.session, one, IMAP_STORE_ADD, IMAP_FLAG_SEEN, NULL, TRUE, &r.error));
    rig_failed(&r, PINTAIL_ERROR_REFUSED, "no such message");
    g_assert_true(imap_usable(r.session));
    rig_close(&r);
}

/* ---- SELECT and STATUS --------------------------------------------------------------- */

static void test_select_numbers(void)
{
    static const struct {
        const char *codes;
        gboolean uidvalidity; /* is there one? */
        guint32 uidnext;
        guint64 modseq;
    } cases[] = {
        {"S: * OK [UIDVALIDITY 0]\nS: * OK [UIDNEXT 0]\n", FALSE, 0, 0},
        {"S: * OK [UIDVALIDITY 4294967296]\nS: * OK [UIDNEXT -1]\n", TRUE, 0, 0},
        {"S: * OK [UIDVALIDITY -1]\nS: * OK [UIDNEXT 7]\n", TRUE, 7, 0},
        {"S: * OK [UIDVALIDITY 9.3736e+06]\nS: * OK [HIGHESTMODSEQ 18446744073709551615]\n", TRUE, 0, G_MAXINT64},
        {"S: * OK [UIDVALIDITY 3]\nS: * OK [HIGHESTMODSEQ -1]\n", TRUE, 0, 0},
        {"S: * OK [UIDVALIDITY 3]\nS: * OK [HIGHESTMODSEQ 0]\n", TRUE, 0, 0},
        {"S: * OK [UIDVALIDITY]\nS: * OK [UIDNEXT x]\nS: * OK [HIGHESTMODSEQ\n", FALSE, 0, 0},
        {"", FALSE, 0, 0},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        Rig r;
        g_autofree char *script = g_strconcat("C~ p1 SELECT \"a\".*\nS: * 1 EXISTS\n", cases[i].codes,
                                              "S: p1 OK done\n", NULL);
        rig_open(&r, "CONDSTORE", script);
        const ImapMailbox *m = imap_select(r.session, "a", FALSE, &r.error);
        g_assert_nonnull(m);
        g_assert_cmpint(m->uidvalidity != 0, ==, cases[i].uidvalidity);
        g_assert_cmpuint(m->uidnext, ==, cases[i].uidnext);
        g_assert_cmpuint(m->highestmodseq, ==, cases[i].modseq);
        rig_close(&r);
    }
}

static void test_status_numbers(void)
{
    Rig r;
    rig_open(&r, "",
             "C: p1 STATUS \"a\" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN)\n"
             "S: * STATUS \"a\" (MESSAGES 9.3736e+06 UIDNEXT 0 UIDVALIDITY 0 UNSEEN -1 X-MORE (1 2))\nS: p1 OK\n"
             "C: p2 STATUS \"b\" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN)\nS: p2 OK and nothing\n");
    const char *a = "a", *b = "b";
    ImapStatus status;
    g_assert_true(imap_status(r.session, &a, 1, IMAP_STATUS_USUAL, &status, &r.error));
    g_assert_cmpuint(status.messages, ==, 9373600);
    g_assert_cmpuint(status.uidvalidity, ==, 0);
    g_assert_cmpuint(status.unseen, ==, 0);
    g_assert_true(imap_status(r.session, &b, 1, IMAP_STATUS_USUAL, &status, &r.error));
    g_assert_cmpuint(status.has, ==, 0);
    rig_close(&r);
}

/* ---- COPYUID, APPENDUID, SEARCH, ENABLE, LIST ---------------------------------------- */

static void test_copyuid(void)
{
    static const char *const codes[] = {"[COPYUID]", "[COPYUID 45]", "[COPYUID 45  ]", "[COPYUID 45 9 ]",
                                        "[COPYUID 45 9 1:9]", "[COPYUID 45 0 0]", "[COPYUID 45 1:4294967295 9]",
                                        "[COPYUID 45 a b]", ""};
    for (guint i = 0; i < G_N_ELEMENTS(codes); i++) {
        Rig r;
        g_autofree char *script = g_strdup_printf("C: p2 UID MOVE 9 \"Trash\"\nS: * OK %s x\nS: p2 OK %s done\n",
                                                  codes[i], codes[i]);
        rig_select(&r, "MOVE UIDPLUS", script);
        g_autoptr(ImapSet) nine = imap_set_range(9, 9);
        ImapCopied c;
        g_assert_true(imap_move(r.session, nine, "Trash", &c, &r.error));
        g_assert_cmpuint(c.from->len, ==, 0);
        imap_copied_clear(&c);
        rig_close(&r);
    }
}

static void test_appenduid(void)
{
    static const char *const codes[] = {"[APPENDUID]", "[APPENDUID 5]", "[APPENDUID 5 0]", "[APPENDUID x y]",
                                        "[APPENDUID 5 99999999999]"};
    for (guint i = 0; i < G_N_ELEMENTS(codes); i++) {
        Rig r;
        g_autofree char *script =
            g_strdup_printf("C: p1 APPEND \"Sent\" {1+}\nC= 3\nS: p1 OK %s done\n", codes[i]);
        rig_open(&r, "LITERAL+", script);
        ImapAppend what = {.message = SPAN_LITERAL("x")};
        guint32 validity, uid;
        g_assert_true(imap_append(r.session, "Sent", &what, &validity, &uid, &r.error));
        g_assert_cmpuint(uid, ==, 0);
        rig_close(&r);
    }
}

/* "* SEARCH" in answer to ESEARCH, ESEARCH in answer to SEARCH, and both in pieces. */
static void test_search(void)
{
    static const struct {
        const char *capability, *command, *reply, *wanted; /* NULL: no result is believed */
    } cases[] = {
        {"ESEARCH", "UID SEARCH RETURN (ALL) ALL", "S: * SEARCH 9 7 8\n", "7:9"},
        {"ESEARCH", "UID SEARCH RETURN (ALL) ALL", "S: * SEARCH\n", ""},
        {"ESEARCH", "UID SEARCH RETURN (ALL) ALL", "S: * ESEARCH UID ALL 3\n", "3"},
        {"ESEARCH", "UID SEARCH RETURN (ALL) ALL", "S: * ESEARCH (TAG \"p2\") UID\n", ""},
        {"ESEARCH", "UID SEARCH RETURN (ALL) ALL", "S: * ESEARCH (TAG \"p2\") UID COUNT 2 MODSEQ 9 ALL 3,5\n", "3,5"},
        {"", "UID SEARCH ALL", "S: * ESEARCH (TAG \"p2\") UID ALL 3:4\n", "3:4"},
        {"", "UID SEARCH ALL", "S: * SEARCH 1 2\nS: * SEARCH 3 (MODSEQ 5)\n", "1:3"},
        {"", "UID SEARCH ALL", "S: * SEARCH x\n", NULL},
        {"", "UID SEARCH ALL", "S: * ESEARCH ALL 1:3\n", NULL}, /* sequence numbers */
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        Rig r;
        g_autofree char *script =
            g_strdup_printf("C: p2 %s\n%sS: p2 OK\n", cases[i].command, cases[i].reply);
        rig_select(&r, cases[i].capability, script);
        ImapTerm all[] = {{.key = NULL}};
        g_autoptr(ImapSet) found = imap_search(r.session, all, &r.error);
        g_autofree char *text = found ? imap_set_text(found) : NULL;
        if (cases[i].wanted && *cases[i].wanted)
            g_assert_cmpstr(text, ==, cases[i].wanted);
        else if (cases[i].wanted)
            g_assert_true(found && imap_set_is_empty(found));
        else
            rig_failed(&r, PINTAIL_ERROR_REFUSED, "sensible");
        rig_close(&r);
    }
}

static void test_enabled_missing(void)
{
    Rig r;
    rig_open(&r, "ENABLE QRESYNC CONDSTORE",
             "C: p1 ENABLE QRESYNC\nS: p1 OK\nC: p2 ENABLE QRESYNC\nS: * ENABLED\nS: p2 OK\n"
             "C: p3 ENABLE QRESYNC\nS: p3 BAD what?\nC: p4 NOOP\nS: p4 OK\n");
    g_assert_true(imap_enable(r.session, "QRESYNC", &r.error));
    g_assert_true(imap_enable(r.session, "QRESYNC", &r.error));
    g_assert_false(imap_enable(r.session, "QRESYNC", &r.error));
    rig_failed(&r, PINTAIL_ERROR_REFUSED, "what?");
    g_assert_true(imap_noop(r.session, &r.error));
    rig_close(&r);
}

/* ---- BYE and what comes unasked ------------------------------------------------------ */

static void test_bye(void)
{
    static const char *const plays[] = {"S: * BYE going down\nclose\n", "flood * BYE going down\n",
                                        "S: * BYE going down\nstall\n", "S* 3 * BYE going down\nclose\n",
                                        "drip 20 * BYE going down\n"};
    for (guint i = 0; i < G_N_ELEMENTS(plays); i++) {
        Rig r;
        g_autofree char *script = g_strconcat("C: p2 NOOP\n", plays[i], NULL);
        rig_select(&r, "", script);
        r.options.timeout_ms = 300;
        gint64 began = g_get_monotonic_time();
        g_assert_false(imap_noop(r.session, &r.error));
        g_assert_error(r.error, PINTAIL_ERROR, PINTAIL_ERROR_RETRY);
        g_assert_false(imap_usable(r.session));
        g_assert_cmpint(g_get_monotonic_time() - began, <, 15 * G_TIME_SPAN_SECOND);
        imap_free(g_steal_pointer(&r.session));
        rig_close(&r);
    }
}

/* Everything a server may say unasked, and much that it may not, in the middle of each command. */
#define NOISE                                                                                      \
    "S: * OK still here\nS: * NO [ALERT] quota\nS: * BAD [CLIENTBUG] hm\nS: * 3 RECENT\n"        \
    "S: * FLAGS (\\\\Seen x)\nS: * OK [PERMANENTFLAGS (\\\\Seen)] x\nS: * 3 EXISTS\n"             \
    "S: * 1 FETCH (FLAGS (\\\\Seen))\nS: * 2 FETCH (UID 900 FLAGS ())\nS: * 77 EXPUNGE\n"         \
    "S: * 0 EXPUNGE\nS: * 99 FETCH (UID 0)\nS: * 4294967296 EXISTS\nS: * CAPABILITY IMAP4rev1 MOVE UIDPLUS LITERAL+\n"  \
    "S: * SEARCH 77\nS: * ESEARCH (TAG \"x\") UID ALL 4\nS: * STATUS \"other\" (MESSAGES 1)\n"  \
    "S: * LIST () \"/\" other\nS: * LSUB () \"/\" other\nS: * NAMESPACE NIL NIL NIL\n"          \
    "S: * ENABLED X\nS: * ID NIL\nS: * QUOTA \"\" (STORAGE 10 99999999999999999999)\n"           \
    "S: * VANISHED (EARLIER) 800:900\nS: * XFOO (((\nS: * 5\nS: * \nS: \nS: )\nS: + stray\n"      \
    "S- * 2 FETCH (UID 901 BODY[TEXT] {3}\\r\\nabc)\\r\\n\nS: * OK [COPYUID 1 2 3] x\n"           \
    "S: * OK [APPENDUID 1 2] x\nS: * OK [UNSEEN x] y\nS: * [UIDNEXT 4] no OK\n"

static void test_unsolicited(void)
{
    Rig r;
    rig_open(&r, "MOVE UIDPLUS LITERAL+",
             "C: p1 SELECT \"INBOX\"\n" NOISE "S: * 3 EXISTS\nS: * OK [UIDVALIDITY 7] x\nS: p1 OK\n"
             "C: p2 UID FETCH 5:9 (UID FLAGS)\n" NOISE "S: * 1 FETCH (UID 5 FLAGS ())\n" NOISE "S: p2 OK\n"
             "C: p3 UID FETCH 5 (UID BODY.PEEK[])\n" NOISE
             "S- * 1 FETCH (UID 5 BODY[] {2}\\r\\nab)\\r\\n\n" NOISE "S: p3 OK\n"
             "C: p4 UID STORE 5 +FLAGS.SILENT (\\\\Seen)\n" NOISE "S: p4 OK\n"
             "C: p5 UID MOVE 5 \"Trash\"\n" NOISE "S: p5 OK [COPYUID 9 5 6] x\n"
             "C: p6 UID EXPUNGE 5\n" NOISE "S: p6 OK\n"
             "C: p7 APPEND \"Sent\" {1+}\n" NOISE "C= 3\n" NOISE "S: p7 OK [APPENDUID 4 44] x\n"
             "C: p8 STATUS \"b\" (MESSAGES)\n" NOISE "S: * STATUS \"b\" (MESSAGES 3)\nS: p8 OK\n"
             "C: p9 NOOP\n" NOISE "S: p9 OK\n");
    const ImapMailbox *m = imap_select(r.session, "INBOX", FALSE, &r.error);
    g_assert_no_error(r.error);
    g_assert_cmpuint(m->exists, ==, 3);
    g_autoptr(ImapSet) set = imap_set_range(5, 9), five = imap_set_range(5, 5);
    g_autoptr(GString) out = g_string_new(NULL);
    g_assert_true(imap_fetch(r.session, set, IMAP_FETCH_FLAGS, NULL, note, out, &r.error));
    g_assert_nonnull(strstr(out->str, "5 f0;"));
    g_string_truncate(out, 0);
    g_assert_true(imap_section(r.session, 5, "", 0, 0, 0, collect, out, &r.error));
    g_assert_cmpstr(out->str, ==, "ab");
    g_assert_true(imap_store(r.session, five, IMAP_STORE_ADD, IMAP_FLAG_SEEN, NULL, TRUE, &r.error));
    ImapCopied c;
    g_assert_true(imap_move(r.session, five, "Trash", &c, &r.error));
    imap_copied_clear(&c);
    g_assert_true(imap_expunge(r.session, five, &r.error));
    ImapAppend what = {.message = SPAN_LITERAL("x")};
    guint32 validity, uid;
    g_assert_true(imap_append(r.session, "Sent", &what, &validity, &uid, &r.error));
    g_assert_cmpuint(uid, ==, 44);
    const char *b = "b";
    ImapStatus status;
    g_assert_true(imap_status(r.session, &b, 1, IMAP_STATUS_MESSAGES, &status, &r.error));
    g_assert_cmpuint(status.messages, ==, 3);
    g_assert_true(imap_noop(r.session, &r.error));
    g_assert_no_error(r.error);
    rig_close(&r);
}

/* A COPYUID that belongs to nothing we moved names no message of ours. */
static void test_copyuid_of_others(void)
{
    Rig r;
    rig_select(&r, "MOVE UIDPLUS",
               "C: p2 UID MOVE 9 \"Trash\"\nS: * OK [COPYUID 45 7 8] x\nS: p2 OK [COPYUID 45 9 10] x\n");
    g_autoptr(ImapSet) nine = imap_set_range(9, 9);
    ImapCopied c;
    g_assert_true(imap_move(r.session, nine, "Trash", &c, &r.error));
    for (guint i = 0; i < c.from->len; i++)
        g_assert_cmpuint(g_array_index(c.from, guint32, i), ==, 9);
    g_assert_cmpuint(c.to->len, ==, 1);
    imap_copied_clear(&c);
    rig_close(&r);
}

/* "+" without text, and an answer that comes instead of it. */
static void test_continuations(void)
{
    Rig r;
    rig_open(&r, "",
             "C: p1 APPEND \"Sent\" {1}\nS: +\nC= 3\nS: p1 OK\n"
             "C: p2 APPEND \"Sent\" {1}\nS: * OK wait\nS: +  \nC= 3\nS: p2 OK\n"
             "C: p3 APPEND \"Sent\" {1}\nS: p3 BAD not today\n");
    ImapAppend what = {.message = SPAN_LITERAL("x")};
    g_assert_true(imap_append(r.session, "Sent", &what, NULL, NULL, &r.error));
    g_assert_true(imap_append(r.session, "Sent", &what, NULL, NULL, &r.error));
    g_assert_false(imap_append(r.session, "Sent", &what, NULL, NULL, &r.error));
    rig_failed(&r, PINTAIL_ERROR_REFUSED, "not today");
    rig_close(&r);
}

/* "LITERAL +" in two words is LITERAL+, and costs none of the words behind it. */
static void test_split_capability(void)
{
    Rig r;
    rig_open(&r, "LITERAL + MOVE", "C: p1 APPEND \"Sent\" {1+}\nC= 3\nS: p1 OK\n");
    ImapAppend what = {.message = SPAN_LITERAL("x")};
    g_assert_true(imap_append(r.session, "Sent", &what, NULL, NULL, &r.error));
    g_assert_true(imap_has(r.session, IMAP_CAP_MOVE));
    rig_close(&r);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/imap/quirks/bodystructure", test_bodystructure);
    g_test_add_func("/imap/quirks/envelope", test_envelope);
    g_test_add_func("/imap/quirks/literal-size", test_literal_size);
    g_test_add_func("/imap/quirks/ok-without-data", test_ok_without_data);
    g_test_add_func("/imap/quirks/numbers", test_numbers);
    g_test_add_func("/imap/quirks/section", test_section);
    g_test_add_func("/imap/quirks/refused-ranges", test_refused_ranges);
    g_test_add_func("/imap/quirks/select-numbers", test_select_numbers);
    g_test_add_func("/imap/quirks/status-numbers", test_status_numbers);
    g_test_add_func("/imap/quirks/copyuid", test_copyuid);
    g_test_add_func("/imap/quirks/copyuid-of-others", test_copyuid_of_others);
    g_test_add_func("/imap/quirks/appenduid", test_appenduid);
    g_test_add_func("/imap/quirks/search", test_search);
    g_test_add_func("/imap/quirks/enabled-missing", test_enabled_missing);
    g_test_add_func("/imap/quirks/bye", test_bye);
    g_test_add_func("/imap/quirks/unsolicited", test_unsolicited);
    g_test_add_func("/imap/quirks/continuations", test_continuations);
    g_test_add_func("/imap/quirks/split-capability", test_split_capability);
    return g_test_run();
}
