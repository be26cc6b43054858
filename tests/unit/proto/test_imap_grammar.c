/* The IMAP grammar: names, sets, responses, FETCH, BODYSTRUCTURE - as the RFCs have them, as
 * real servers bend them, and as an enemy would write them. */
#include <string.h>
#include "imap_grammar.h"
#include "imap_seqmap.h"

static GStringChunk *chunk;

static void test_numbers(void)
{
    static const struct {
        const char *text;
        gint64 value;
        gsize left;
    } cases[] = {
        {"0", 0, 0},
        {"4294967296 x", 4294967296, 2},
        {"-1", -1, 0},
        {"9.3736e+06", 9373600, 0},
        {"12.5)", 13, 1},
        {"1e3", 1000, 0},
        {"5e-1", 1, 0},
        {"7.", 7, 1},
        {"7.x", 7, 2},
        {"3ex", 3, 2},
        {"99999999999999999999999", G_MAXINT64, 0},
        {"1e999999999", G_MAXINT64, 0},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        Cursor c = cursor_new(span_of(cases[i].text), chunk);
        gint64 n;
        g_assert_true(imap_cursor_number(&c, &n));
        g_assert_cmpint(n, ==, cases[i].value);
        g_assert_cmpuint(cursor_left(&c), ==, cases[i].left);
    }
    gint64 n;
    guint32 u;
    Cursor c = cursor_new(SPAN_LITERAL("-x"), chunk);
    g_assert_false(imap_cursor_number(&c, &n));
    c = cursor_new(SPAN_LITERAL("4294967296"), chunk);
    g_assert_false(imap_cursor_uint32(&c, &u));
    g_assert_cmpuint(cursor_left(&c), ==, 10);
    g_assert_cmpuint(imap_fold32(-1), ==, G_MAXUINT32);
    g_assert_cmpuint(imap_fold32(G_GINT64_CONSTANT(1) << 32), ==, 1);
    g_assert_cmpuint(imap_fold32(0), ==, 0);
    g_assert_cmpuint(imap_clamp32(-5), ==, 0);
    g_assert_cmpuint(imap_clamp32(G_MAXINT64), ==, G_MAXUINT32);
}

static void check_string(const char *text, gsize len, const char *wanted, gsize wanted_len)
{
    Cursor c = cursor_new(span_new(text, len), chunk);
    Span s;
    g_assert_true(imap_cursor_string(&c, &s));
    g_assert_cmpmem(s.at, s.len, wanted, wanted_len);
}

static void test_strings(void)
{
    check_string("\"a b\"", 5, "a b", 3);
    check_string("\"a\\\"b\\\\\"", 8, "a\"b\\", 4);
    check_string("\"\"", 2, "", 0);
    check_string("{3}\r\na\0c)", 9, "a\0c", 3);
    check_string("~{2+}\r\nab", 9, "ab", 2);
    static const char *const bad[] = {
        "\"abc",  "\"abc\\", "{4}\r\nabc", "{4}abcd", "{99999999999999999999}\r\nabc",
        "{}\r\n", "",        "{-1}\r\n"};
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        Cursor c = cursor_new(span_of(bad[i]), chunk);
        Span s;
        g_assert_false(imap_cursor_string(&c, &s));
        g_assert_true(c.at == bad[i]);
    }
}

static void test_names(void)
{
    static const struct {
        const char *wire, *name;
    } pairs[] = {
        {"INBOX", "INBOX"},       {"Entw&APw-rfe", "Entwürfe"},
        {"&ZeVnLIqe-", "日本語"}, {"~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/台北/日本語"},
        {"A&-B", "A&B"},          {"&2D3eCQ-", "\360\237\230\211"},
        {"a b", "a b"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(pairs); i++) {
        g_autofree char *name = imap_name_decode(span_of(pairs[i].wire));
        g_autofree char *wire = imap_name_encode(pairs[i].name);
        g_assert_cmpstr(name, ==, pairs[i].name);
        g_assert_cmpstr(wire, ==, pairs[i].wire);
    }
    g_autofree char *inbox = imap_name_decode(SPAN_LITERAL("InBox"));
    g_assert_cmpstr(inbox, ==, "INBOX");
    g_assert_null(imap_name_encode("\xff"));
}

/* Whatever a server calls a mailbox: valid UTF-8 for us, the same bytes for it. */
static void test_names_come_back(void)
{
    static const char *const strange[] = {
        "A&B",        "&",      "&AGE-", "&ZeVnLIqe",    "&2D0-",
        "&3gk-",      "&AAA-",  "&-&-",  "&APx-",        "Entw\xc3\xbcrfe",
        "\xff\xfe x", "a\x01b", "&97D-", "\xef\x9e\x80", "&APwA5A-",
        "&APw-&AOQ-", "\xc3",   "&!-",   "&APwAX-",      "\x7f",
    };
    for (guint i = 0; i < G_N_ELEMENTS(strange); i++) {
        g_autofree char *name = imap_name_decode(span_of(strange[i]));
        g_assert_true(g_utf8_validate(name, -1, NULL));
        g_autofree char *wire = imap_name_encode(name);
        g_assert_cmpstr(wire, ==, strange[i]);
    }
    GRand *rand = g_rand_new_with_seed(7);
    for (guint i = 0; i < 20000; i++) {
        static const char letters[] = "&-,+AQgwZ/ \x80\xc3\xbc\xef\x9e";
        char wire[12];
        gsize len = (gsize)g_rand_int_range(rand, 1, sizeof wire);
        for (gsize k = 0; k < len; k++)
            wire[k] = letters[g_rand_int_range(rand, 0, sizeof letters - 1)];
        g_autofree char *name = imap_name_decode(span_new(wire, len));
        g_assert_true(g_utf8_validate(name, -1, NULL));
        g_autofree char *again = imap_name_encode(name);
        g_assert_cmpmem(again, strlen(again), wire, len);
    }
    g_rand_free(rand);
}

static void test_sets(void)
{
    guint32 uids[] = {7, 3, 4, 9, 3, 5, 0, 100};
    g_autoptr(ImapSet) set = imap_set_of(uids, G_N_ELEMENTS(uids));
    g_autofree char *text = imap_set_text(set);
    g_assert_cmpstr(text, ==, "3:5,7,9,100");
    g_assert_cmpuint(imap_set_count(set), ==, 6);
    g_assert_true(imap_set_contains(set, 4));
    g_assert_false(imap_set_contains(set, 6));
    g_assert_false(imap_set_contains(set, 0));
    imap_set_add(set, 6, 8);
    g_autofree char *joined = imap_set_text(set);
    g_assert_cmpstr(joined, ==, "3:9,100");
    imap_set_add(set, 90, IMAP_LAST);
    g_autofree char *open = imap_set_text(set);
    g_assert_cmpstr(open, ==, "3:9,90:*");
    g_autoptr(ImapSet) star = imap_set_range(IMAP_LAST, IMAP_LAST);
    g_autofree char *star_text = imap_set_text(star);
    g_assert_cmpstr(star_text, ==, "*");
    g_autoptr(ImapSet) parsed = imap_set_parse(SPAN_LITERAL("9:7,1,3:4,2"));
    g_autofree char *parsed_text = imap_set_text(parsed);
    g_assert_cmpstr(parsed_text, ==, "1:4,7:9");
    g_autoptr(GArray) members = imap_set_uids(parsed, 5);
    g_assert_cmpuint(members->len, ==, 5);
    g_assert_cmpuint(g_array_index(members, guint32, 4), ==, 7);
    static const char *const bad[] = {"", "0", "1,", ",1", "1:", "a", "1 2", "4294967296", "1:2:3"};
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_null(imap_set_parse(span_of(bad[i])));
}

static void test_set_pieces(void)
{
    for (guint high = 0; high < 2; high++) {
        g_autoptr(ImapSet) set = imap_set_new();
        g_autoptr(ImapSet) seen = imap_set_new();
        for (guint32 uid = 1; uid < 9000; uid += 1 + uid % 3)
            imap_set_add(set, uid, uid);
        guint64 count = imap_set_count(set), taken = 0;
        for (;;) {
            g_autoptr(ImapSet) piece = imap_set_take(set, 500, 200, high);
            if (!piece)
                break;
            g_autofree char *text = imap_set_text(piece);
            g_assert_cmpuint(strlen(text), <=, 200);
            g_assert_cmpuint(imap_set_count(piece), <=, 500);
            taken += imap_set_count(piece);
            imap_set_merge(seen, piece);
        }
        g_assert_cmpuint(taken, ==, count);
        g_assert_cmpuint(imap_set_count(seen), ==, count);
    }
    g_autoptr(ImapSet) range = imap_set_range(1, 1000);
    g_autoptr(ImapSet) newest = imap_set_take(range, 100, 0, TRUE);
    g_autofree char *text = imap_set_text(newest), *rest = imap_set_text(range);
    g_assert_cmpstr(text, ==, "901:1000");
    g_assert_cmpstr(rest, ==, "1:900");
}

static void check_response(const char *line, ResponseKind kind, const char *code,
                           const char *arguments, const char *text)
{
    Response r;
    imap_parse_response(span_of(line), &r);
    g_assert_cmpint(r.kind, ==, kind);
    g_assert_cmpmem(r.code.at, r.code.len, code, strlen(code));
    g_assert_cmpmem(r.arguments.at, r.arguments.len, arguments, strlen(arguments));
    g_assert_cmpmem(r.text.at, r.text.len, text, strlen(text));
}

static void test_responses(void)
{
    check_response("p1 OK [READ-WRITE] done", RESPONSE_TAGGED, "READ-WRITE", "", "done");
    check_response("p1 OK", RESPONSE_TAGGED, "", "", "");
    check_response("p1 no [UNAVAILABLE] later", RESPONSE_TAGGED, "UNAVAILABLE", "", "later");
    check_response("* OK [UIDVALIDITY 5] x", RESPONSE_STATUS, "UIDVALIDITY", "5", "x");
    check_response("* [UIDNEXT 9]", RESPONSE_STATUS, "UIDNEXT", "9", "");
    check_response("* OK [X \"a]b\" c] t", RESPONSE_STATUS, "X", "\"a]b\" c", "t");
    check_response("* OK [broken text", RESPONSE_STATUS, "", "", "[broken text");
    check_response("* BYE", RESPONSE_STATUS, "", "", "");
    check_response("+", RESPONSE_CONTINUE, "", "", "");
    check_response("+ YQ==", RESPONSE_CONTINUE, "", "", "YQ==");
    check_response("+idling", RESPONSE_CONTINUE, "", "", "idling");
    check_response("* 5 EXISTS", RESPONSE_EXISTS, "", "", "* 5 EXISTS");
    static const struct {
        const char *line;
        ResponseKind kind;
    } kinds[] = {
        {"* 4294967295 EXPUNGE", RESPONSE_EXPUNGE},
        {"* 99999999999 EXPUNGE", RESPONSE_OTHER},
        {"* 3 FETCH (UID 4)", RESPONSE_FETCH},
        {"* XYZZY plugh", RESPONSE_OTHER},
        {"* LIST () NIL x", RESPONSE_LIST},
        {"* XLIST () NIL x", RESPONSE_LIST},
        {"* SEARCH", RESPONSE_SEARCH},
        {"* ESEARCH (TAG \"a\")", RESPONSE_ESEARCH},
        {"* vanished 1:4", RESPONSE_VANISHED},
        {"*", RESPONSE_STRAY},
        {"", RESPONSE_STRAY},
        {"p1", RESPONSE_STRAY},
        {"p1 BYE x", RESPONSE_STRAY},
        {"HTTP/1.1 400 Bad", RESPONSE_STRAY},
        {"* OKAY x", RESPONSE_OTHER},
        {"*OK x", RESPONSE_STRAY},
        {"* 5", RESPONSE_OTHER},
        {"*  5  EXISTS", RESPONSE_EXISTS},
    };
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        Response r;
        imap_parse_response(span_of(kinds[i].line), &r);
        g_assert_cmpint(r.kind, ==, kinds[i].kind);
    }
}

static void test_literal_ends(void)
{
    gsize at;
    guint64 size, origin;
    gboolean binary;
    Span section;
    g_assert_true(imap_parse_literal_end(SPAN_LITERAL("x {12}"), &at, &size));
    g_assert_cmpuint(at, ==, 2);
    g_assert_cmpuint(size, ==, 12);
    g_assert_true(imap_parse_literal_end(SPAN_LITERAL("{3+}"), &at, &size));
    g_assert_true(imap_parse_literal_end(SPAN_LITERAL("{99999999999999999999999}"), &at, &size));
    g_assert_cmpuint(size, ==, G_MAXUINT64);
    static const char *const none[] = {"", "}", "{}", "x 12}", "{1} ", "{-1}", "{1a}", "+}"};
    for (guint i = 0; i < G_N_ELEMENTS(none); i++)
        g_assert_false(imap_parse_literal_end(span_of(none[i]), &at, &size));
    g_assert_true(
        imap_parse_section_end(SPAN_LITERAL("* 1 FETCH (BODY[1.2]<100> "), &section, &origin, &binary));
    g_assert_cmpmem(section.at, section.len, "1.2", 3);
    g_assert_cmpuint(origin, ==, 100);
    g_assert_true(imap_parse_section_end(SPAN_LITERAL("(BINARY[2]<0> ~"), &section, &origin, &binary));
    g_assert_true(binary);
    g_assert_true(imap_parse_section_end(SPAN_LITERAL("body[] ~"), &section, &origin, &binary));
    g_assert_cmpuint(section.len, ==, 0);
    g_assert_false(binary);
    static const char *const no_section[] = {"",     "RFC822 ", "BODY[1",    "1]",
                                             "X[1]", "<5>",     "BODY[1]<x>"};
    for (guint i = 0; i < G_N_ELEMENTS(no_section); i++)
        g_assert_false(imap_parse_section_end(span_of(no_section[i]), &section, &origin, &binary));
}

static void test_capabilities(void)
{
    Capabilities c;
    imap_parse_capabilities(SPAN_LITERAL("IMAP4rev1 LITERAL + AUTH=plain AUTH=SCRAM-SHA-256 idle "
                                         "APPENDLIMIT=1000 QRESYNC UNKNOWN"),
                            &c);
    g_assert_true(c.bits & (1ull << IMAP_CAP_LITERAL_PLUS));
    g_assert_true(c.bits & (1ull << IMAP_CAP_IDLE));
    g_assert_true(c.bits & (1ull << IMAP_CAP_CONDSTORE));
    g_assert_false(c.bits & (1ull << IMAP_CAP_MOVE));
    g_assert_cmpuint(c.append_limit, ==, 1000);
    g_assert_cmpuint(c.mechanisms->len, ==, 3);
    g_assert_cmpstr(g_ptr_array_index(c.mechanisms, 0), ==, "PLAIN");
    imap_capabilities_clear(&c);
    imap_parse_capabilities(SPAN_LITERAL("IMAP4rev2"), &c);
    g_assert_true(c.bits & (1ull << IMAP_CAP_MOVE));
    imap_capabilities_clear(&c);
}

static void test_flags(void)
{
    ImapFlags f;
    gboolean any;
    Cursor c =
        cursor_new(SPAN_LITERAL("(\\Seen \\ANSWERED $forwarded \\* work \\Odd todo)"), chunk);
    g_assert_true(imap_parse_flags(&c, &f, &any));
    g_assert_cmpuint(f.bits, ==, IMAP_FLAG_SEEN | IMAP_FLAG_ANSWERED | IMAP_FLAG_FORWARDED);
    g_assert_true(any);
    g_assert_cmpuint(f.keywords->len, ==, 2);
    ImapFlags copy = imap_flags_copy(&f);
    imap_flags_clear(&f);
    g_assert_cmpstr(g_ptr_array_index(copy.keywords, 1), ==, "todo");
    imap_flags_clear(&copy);
    c = cursor_new(SPAN_LITERAL("(\\Seen"), chunk);
    g_assert_false(imap_parse_flags(&c, &f, NULL));
    g_autoptr(GString) out = g_string_new(NULL);
    const char *good[] = {"work", NULL}, *bad[] = {"two words", NULL}, *worse[] = {"x\r\n", NULL};
    g_assert_true(imap_flags_text(out, IMAP_FLAG_SEEN | IMAP_FLAG_RECENT, good));
    g_assert_cmpstr(out->str, ==, "\\Seen work");
    g_assert_false(imap_flags_text(out, 0, bad));
    g_assert_false(imap_flags_text(out, 0, worse));
}

static ImapFolder *list(const char *text)
{
    return imap_parse_list(span_of(text), FALSE, chunk);
}

static void test_list(void)
{
    ImapFolder *f = list("(\\HasNoChildren \\Sent \\Subscribed) \"/\" \"Gesendet &- mehr\"");
    g_assert_cmpstr(f->name, ==, "Gesendet & mehr");
    g_assert_cmpstr(f->delimiter, ==, "/");
    g_assert_cmpint(f->use, ==, IMAP_USE_SENT);
    g_assert_cmpuint(f->flags, ==, IMAP_FOLDER_HASNOCHILDREN | IMAP_FOLDER_SUBSCRIBED);
    imap_folder_free(f);
    f = list("() \"\\\\\" {5}\r\na\"b c");
    g_assert_cmpstr(f->name, ==, "a\"b c");
    g_assert_cmpstr(f->delimiter, ==, "\\");
    imap_folder_free(f);
    f = list("(\\Noselect) NIL Sent Items"); /* blanks that nobody quoted */
    g_assert_cmpstr(f->name, ==, "Sent Items");
    g_assert_cmpstr(f->delimiter, ==, "");
    imap_folder_free(f);
    f = list("() \".\" Sent Items (\"CHILDINFO\" (\"SUBSCRIBED\"))");
    g_assert_cmpstr(f->name, ==, "Sent Items");
    imap_folder_free(f);
    f = list("(\\Inbox) \"/\" \"inbox\"");
    g_assert_cmpstr(f->name, ==, "INBOX");
    g_assert_cmpint(f->use, ==, IMAP_USE_INBOX);
    imap_folder_free(f);
    f = list("(\\AllMail \\Starred) \"/\" x"); /* the first counts */
    g_assert_cmpint(f->use, ==, IMAP_USE_ALL);
    imap_folder_free(f);
    static const char *const bad[] = {
        "",          "()",          "() \"/\"",         "() \"/\" \"\"", "() \"/\" \"x",
        "( \"/\" x", "() \"ab\" x", "() \"/\" {9}\r\nx"};
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_null(list(bad[i]));
}

static void test_status(void)
{
    ImapStatus st;
    g_autofree char *name = imap_parse_status_of(
        SPAN_LITERAL("\"a b\" (MESSAGES 3 UIDNEXT 0 UIDVALIDITY -1 X (1 2) HIGHESTMODSEQ 1e3)"),
        &st, FALSE, chunk);
    g_assert_cmpstr(name, ==, "a b");
    g_assert_cmpuint(st.has, ==,
                     IMAP_STATUS_MESSAGES | IMAP_STATUS_UIDNEXT | IMAP_STATUS_UIDVALIDITY |
                         IMAP_STATUS_HIGHESTMODSEQ);
    g_assert_cmpuint(st.uidvalidity, ==, G_MAXUINT32);
    g_assert_cmpuint(st.highestmodseq, ==, 1000);
    g_autofree char *loose =
        imap_parse_status_of(SPAN_LITERAL("Sent Items (UNSEEN 2)"), &st, FALSE, chunk);
    g_assert_cmpstr(loose, ==, "Sent Items");
    g_assert_cmpuint(st.unseen, ==, 2);
    g_assert_null(imap_parse_status_of(SPAN_LITERAL("x (MESSAGES"), &st, FALSE, chunk));
    g_assert_null(imap_parse_status_of(SPAN_LITERAL("x"), &st, FALSE, chunk));
}

static void test_namespace(void)
{
    g_autoptr(GPtrArray) out = g_ptr_array_new();
    g_assert_true(imap_parse_namespace(
        SPAN_LITERAL("((\"INBOX.\" \".\" \"X\" (\"y\"))(\"\" \"/\")) NIL ((\"Shared/\" \"/\"))"),
        out, FALSE, chunk));
    g_assert_cmpuint(out->len, ==, 3);
    const ImapNamespace *first = g_ptr_array_index(out, 0), *last = g_ptr_array_index(out, 2);
    g_assert_cmpstr(first->prefix, ==, "INBOX.");
    g_assert_cmpint(last->kind, ==, IMAP_NAMESPACE_SHARED);
    g_assert_false(imap_parse_namespace(SPAN_LITERAL("(("), out, FALSE, chunk));
}

static void test_search(void)
{
    g_autoptr(ImapSet) set = imap_set_new();
    gboolean uid;
    g_assert_true(imap_parse_search(SPAN_LITERAL("5 3 4 (MODSEQ 12)"), set));
    g_assert_true(
        imap_parse_esearch(SPAN_LITERAL("(TAG \"p1\") UID COUNT 3 ALL 7:8,10"), set, &uid, chunk));
    g_assert_true(uid);
    g_autofree char *text = imap_set_text(set);
    g_assert_cmpstr(text, ==, "3:5,7:8,10");
    g_assert_true(imap_parse_search(SPAN_NONE, set));
    g_assert_true(imap_parse_esearch(SPAN_LITERAL("(TAG \"p1\") UID"), set, &uid, chunk));
    g_assert_false(imap_parse_search(SPAN_LITERAL("1 x"), set));
    g_assert_false(imap_parse_esearch(SPAN_LITERAL("ALL"), set, &uid, chunk));
    g_assert_false(imap_parse_esearch(SPAN_LITERAL("ALL 1:x"), set, &uid, chunk));
}

static void test_copyuid(void)
{
    ImapCopied c = {0, g_array_new(FALSE, FALSE, 4), g_array_new(FALSE, FALSE, 4)};
    g_assert_true(imap_parse_copyuid(SPAN_LITERAL("38505 304,319:320 3958,3956:3957"), 3, &c));
    g_assert_cmpuint(c.uidvalidity, ==, 38505);
    g_assert_cmpuint(c.from->len, ==, 3);
    g_assert_cmpuint(g_array_index(c.from, guint32, 1), ==, 319);
    g_assert_cmpuint(g_array_index(c.to, guint32, 0), ==, 3958); /* in the order written */
    g_assert_cmpuint(g_array_index(c.to, guint32, 1), ==, 3956);
    imap_copied_clear(&c);
    c = (ImapCopied){0, g_array_new(FALSE, FALSE, 4), g_array_new(FALSE, FALSE, 4)};
    static const char *const bad[] = {
        "",      "1",     "1 2",   "1 2 3,4", "1 1:4294967295 1:4294967295",
        "1 0 1", "1 2 *", "x 1 1", "1 1,2 3"};
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_false(imap_parse_copyuid(span_of(bad[i]), 100, &c));
    g_assert_cmpuint(c.from->len, ==, 0);
    imap_copied_clear(&c);
    guint32 validity, uid;
    g_assert_true(imap_parse_appenduid(SPAN_LITERAL("1 4294967295"), &validity, &uid));
    g_assert_cmpuint(uid, ==, G_MAXUINT32);
    g_assert_false(imap_parse_appenduid(SPAN_LITERAL("1 0"), &validity, &uid));
}

static void test_fetch(void)
{
    FetchResponse f;
    imap_parse_fetch(
        SPAN_LITERAL("(UID 7 FLAGS (\\Seen x) INTERNALDATE \" 1-Jan-2026 00:00:00 +0000\" "
                     "RFC822.SIZE 9.5e3 MODSEQ (12) X-GM-MSGID 18446744073709551615 "
                     "EMAILID (M1) THREADID NIL X-NEW ((a) {2}\r\n)( \"b\") "
                     "BODY[HEADER.FIELDS (SUBJECT)] {13}\r\nSubject: a\r\n\r BODY[1]<5> \"q\\\"\" "
                     "BODY[2] NIL)"),
        &f, chunk);
    g_assert_true(f.whole);
    g_assert_cmpuint(f.data.uid, ==, 7);
    g_assert_cmpuint(f.data.has, ==,
                     IMAP_FETCH_FLAGS | IMAP_FETCH_DATE | IMAP_FETCH_SIZE | IMAP_FETCH_MODSEQ |
                         IMAP_FETCH_IDS | IMAP_FETCH_HEADER);
    g_assert_cmpuint(f.data.size, ==, 9500);
    g_assert_cmpuint(f.data.gm_msgid, ==, G_MAXUINT64);
    g_assert_cmpmem(f.data.emailid.at, f.data.emailid.len, "M1", 2);
    g_assert_cmpuint(f.data.header.len, ==, 13);
    g_assert_cmpuint(f.n_sections, ==, 3);
    g_assert_cmpuint(f.sections[1].origin, ==, 5);
    g_assert_cmpmem(f.sections[1].value.at, f.sections[1].value.len, "q\"", 2);
    g_assert_true(f.sections[2].nil);
    imap_fetch_response_clear(&f);
    /* the rest of a broken one is lost, what came before is not */
    imap_parse_fetch(
        SPAN_LITERAL("(UID 9 FLAGS (\\Seen) BODYSTRUCTURE ((\"text\" \"plain\" (\"a\" \"b\"c\") "),
        &f, chunk);
    g_assert_false(f.whole);
    g_assert_cmpuint(f.data.uid, ==, 9);
    g_assert_true(f.data.has & IMAP_FETCH_BAD_BODY);
    g_assert_false(f.data.has & IMAP_FETCH_BODY);
    imap_fetch_response_clear(&f);
    imap_parse_fetch(SPAN_LITERAL("(UID 4294967296 FLAGS x RFC822.SIZE NIL)"), &f, chunk);
    g_assert_true(f.whole);
    g_assert_cmpuint(f.data.uid, ==, 0);
    g_assert_cmpuint(f.data.has, ==, 0);
    imap_fetch_response_clear(&f);
}

static ImapBody *body(const char *text)
{
    Cursor c = cursor_new(span_of(text), chunk);
    return imap_parse_body(&c);
}

static const ImapBody *child(const ImapBody *b, guint i)
{
    g_assert_nonnull(b->children);
    return g_ptr_array_index(b->children, i);
}

static void test_body_single(void)
{
    g_autoptr(ImapBody) b =
        body("(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"UTF-8\" \"Format\" NIL) \"<id>\" NIL "
             "\"QUOTED-PRINTABLE\" 3028 92 NIL (\"INLINE\" (\"FILENAME\" \"a b.txt\")) NIL NIL)");
    g_assert_nonnull(b);
    g_assert_cmpstr(b->section, ==, "1");
    g_assert_cmpstr(b->type, ==, "text");
    g_assert_cmpstr(b->encoding, ==, "quoted-printable");
    g_assert_cmpstr(imap_body_param(b->params, "charset"), ==, "UTF-8");
    g_assert_cmpstr(imap_body_param(b->params, "format"), ==, "");
    g_assert_null(imap_body_param(b->params, "name"));
    g_assert_cmpuint(b->size, ==, 3028);
    g_assert_cmpuint(b->lines, ==, 92);
    g_assert_cmpstr(b->disposition, ==, "inline");
    g_assert_cmpstr(imap_body_param(b->disposition_params, "filename"), ==, "a b.txt");
    g_assert_null(b->description);
    g_assert_null(b->children);
}

/* A mixed message: alternative, a forwarded message that is a multipart, one that is not. */
static void test_body_sections(void)
{
    g_autoptr(ImapBody) b = body("(((\"text\" \"plain\" NIL NIL NIL \"7bit\" 1 1)(\"text\" "
                                 "\"html\" NIL NIL NIL \"7bit\" 2 1) \"alternative\")"
                                 "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 900 (NIL \"s\" NIL "
                                 "NIL NIL NIL NIL NIL NIL NIL)"
                                 "((\"text\" \"plain\" NIL NIL NIL \"7bit\" 3 1)(\"image\" \"png\" "
                                 "NIL NIL NIL \"base64\" 4) \"mixed\") 40)"
                                 "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 90 (NIL \"s\" NIL "
                                 "NIL NIL NIL NIL NIL NIL NIL)"
                                 "(\"text\" \"plain\" NIL NIL NIL \"7bit\" 5 1) 9 NIL NIL) "
                                 "\"mixed\" (\"boundary\" \"x\") NIL NIL NIL (1 2))");
    g_assert_nonnull(b);
    g_assert_cmpstr(b->section, ==, "TEXT");
    g_assert_cmpstr(b->subtype, ==, "mixed");
    g_assert_cmpstr(child(b, 0)->section, ==, "1");
    g_assert_cmpstr(child(child(b, 0), 1)->section, ==, "1.2");
    const ImapBody *message = child(b, 1), *inner = child(message, 0);
    g_assert_cmpstr(message->section, ==, "2");
    g_assert_cmpuint(message->lines, ==, 40);
    g_assert_cmpstr(inner->section, ==, "2.TEXT");
    g_assert_cmpstr(child(inner, 1)->section, ==, "2.2");
    g_assert_cmpuint(child(inner, 1)->size, ==, 4);
    g_assert_cmpstr(child(child(b, 2), 0)->section, ==, "3.1");
}

static void test_body_bent(void)
{
    static const char *const good[] = {
        "(\"text\" \"plain\" NIL NIL NIL \"7bit\" 12)", /* no line count */
        "(NIL NIL NIL NIL NIL NIL NIL)",
        "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 12)", /* no envelope */
        "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 12 NIL NIL 5)",
        "(text plain NIL NIL NIL 7BIT 9.3736e+06 -4)", /* atoms, odd numbers */
        "(\"a\" \"b\" () NIL NIL {4}\r\n8bit 1 NIL (\"attachment\" NIL))",
        "((\"a\" \"b\" NIL NIL NIL NIL 1) (\"a\" \"b\" NIL NIL NIL NIL 1)  NIL)",
    };
    for (guint i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autoptr(ImapBody) b = body(good[i]);
        g_assert_nonnull(b);
        g_assert_nonnull(b->type);
        g_assert_nonnull(b->subtype);
    }
    static const char *const bad[] = {
        "",
        "(",
        "()",
        "((",
        "(())",
        "(\"text\" \"plain\"",
        "(\"text\" \"plain\" x NIL NIL NIL 1)",
        "((\"a\" \"b\" NIL NIL NIL NIL 1)",
        "((\"a\" \"b\" NIL NIL NIL NIL 1) \"mixed\"",
        "(\"text\" \"plain\" (\"name\" \"un\"quoted\") NIL NIL \"7bit\" 1 1)",
    };
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_null(body(bad[i]));
}

static void test_body_hostile(void)
{
    GString *deep = g_string_new(NULL);
    for (guint depth = 90; depth <= 100000; depth += 99910) {
        g_string_truncate(deep, 0);
        for (guint i = 0; i < depth; i++)
            g_string_append_c(deep, '(');
        g_string_append(deep, "\"a\" \"b\" NIL NIL NIL NIL 1)");
        for (guint i = 1; i < depth; i++)
            g_string_append(deep, " \"mixed\")");
        g_autoptr(ImapBody) b = body(deep->str);
        g_assert_true((b != NULL) == (depth == 90));
        Cursor c = cursor_new(span_new(deep->str, deep->len), chunk);
        g_assert_true(imap_cursor_skip(&c)); /* any depth can be skipped */
    }
    g_string_assign(deep, "(");
    for (guint i = 0; i < 20000; i++)
        g_string_append(deep, "(\"a\" \"b\" NIL NIL NIL NIL 1)");
    g_string_append(deep, " \"mixed\")");
    g_assert_null(body(deep->str)); /* too many parts */
    g_string_assign(deep, "(\"a\" \"b\" (");
    for (guint i = 0; i < 5000; i++)
        g_string_append(deep, "\"n\" \"v\" ");
    g_string_append(deep, ") NIL NIL NIL 1)");
    g_autoptr(ImapBody) many = body(deep->str);
    g_assert_cmpuint(many->params->len, ==, 200);
    g_string_free(deep, TRUE);
}

static void test_seqmap(void)
{
    SeqMap m;
    imap_seqmap_init(&m);
    imap_seqmap_reset(&m, G_MAXUINT32); /* a lie costs nothing */
    imap_seqmap_set(&m, G_MAXUINT32, 5);
    imap_seqmap_set(&m, 1, 4);
    g_assert_cmpuint(imap_seqmap_get(&m, G_MAXUINT32), ==, 5);
    g_assert_cmpuint(imap_seqmap_get(&m, 2), ==, 0);
    g_assert_cmpuint(m.chunks->len, <, 8);
    /* against a plain array, with the same random steps */
    guint32 plain[3000] = {0}, total = 2000;
    imap_seqmap_reset(&m, total);
    GRand *rand = g_rand_new_with_seed(11);
    for (guint step = 0; step < 20000; step++) {
        guint32 seq = (guint32)g_rand_int_range(rand, 1, (gint32)total + 1);
        int what = g_rand_int_range(rand, 0, 10);
        if (what < 6) {
            plain[seq - 1] = step + 1;
            imap_seqmap_set(&m, seq, step + 1);
        } else if (what < 8 && total > 1) {
            g_assert_cmpuint(imap_seqmap_remove(&m, seq), ==, plain[seq - 1]);
            memmove(plain + seq - 1, plain + seq, (total - seq) * sizeof *plain);
            plain[--total] = 0;
        } else if (what == 8 && total < 2990) {
            total += (guint32)g_rand_int_range(rand, 1, 6);
            imap_seqmap_resize(&m, total);
        } else {
            g_assert_cmpuint(imap_seqmap_get(&m, seq), ==, plain[seq - 1]);
        }
    }
    for (guint32 seq = 1; seq <= total; seq++)
        g_assert_cmpuint(imap_seqmap_get(&m, seq), ==, plain[seq - 1]);
    imap_seqmap_resize(&m, 10);
    imap_seqmap_resize(&m, 20);
    g_assert_cmpuint(imap_seqmap_get(&m, 15), ==, 0);
    imap_seqmap_reset(&m, 5);
    for (guint32 seq = 1; seq <= 5; seq++)
        imap_seqmap_set(&m, seq, seq * 10);
    g_autoptr(ImapSet) gone = imap_set_parse(SPAN_LITERAL("10,30:40,77"));
    g_assert_cmpuint(imap_seqmap_remove_set(&m, gone), ==, 3);
    g_assert_cmpuint(imap_seqmap_get(&m, 1), ==, 20);
    g_assert_cmpuint(imap_seqmap_get(&m, 2), ==, 50);
    g_assert_cmpuint(imap_seqmap_get(&m, 3), ==, 0);
    g_rand_free(rand);
    imap_seqmap_clear(&m);
}

/* A server may number its messages as wildly as it likes: what is kept of it is bounded. */
static void test_seqmap_bounded(void)
{
    SeqMap m;
    imap_seqmap_init(&m);
    imap_seqmap_reset(&m, G_MAXUINT32);
    for (guint32 i = 1; i < 30000; i++)
        imap_seqmap_set(&m, i * 100000, i);
    g_assert_cmpuint(imap_seqmap_get(&m, 100000), ==, 1);
    g_assert_cmpuint(imap_seqmap_get(&m, 29999u * 100000), ==, 0);
    g_assert_cmpuint(m.chunks->len, <=, SEQMAP_CHUNKS + 2);
    g_assert_cmpuint(imap_seqmap_remove(&m, 200000), ==, 2);
    imap_seqmap_clear(&m);
}

/* Names longer than any folder's are no folders. */
static void test_long_names(void)
{
    g_autofree char *name = g_strnfill(IMAP_NAME_MAX + 1, 'n');
    g_autofree char *line = g_strdup_printf("(\\Marked) \"/\" \"%s\"", name);
    g_assert_null(imap_parse_list(span_of(line), FALSE, chunk));
    name[IMAP_NAME_MAX] = '\0';
    g_autofree char *fits = g_strdup_printf("(\\Marked) \"/\" \"%s\"", name);
    ImapFolder *f = imap_parse_list(span_of(fits), FALSE, chunk);
    g_assert_cmpstr(f->name, ==, name);
    imap_folder_free(f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    chunk = g_string_chunk_new(256);
    g_test_add_func("/imap/grammar/numbers", test_numbers);
    g_test_add_func("/imap/grammar/strings", test_strings);
    g_test_add_func("/imap/grammar/names", test_names);
    g_test_add_func("/imap/grammar/names-come-back", test_names_come_back);
    g_test_add_func("/imap/grammar/sets", test_sets);
    g_test_add_func("/imap/grammar/set-pieces", test_set_pieces);
    g_test_add_func("/imap/grammar/responses", test_responses);
    g_test_add_func("/imap/grammar/literal-ends", test_literal_ends);
    g_test_add_func("/imap/grammar/capabilities", test_capabilities);
    g_test_add_func("/imap/grammar/flags", test_flags);
    g_test_add_func("/imap/grammar/list", test_list);
    g_test_add_func("/imap/grammar/status", test_status);
    g_test_add_func("/imap/grammar/namespace", test_namespace);
    g_test_add_func("/imap/grammar/search", test_search);
    g_test_add_func("/imap/grammar/copyuid", test_copyuid);
    g_test_add_func("/imap/grammar/fetch", test_fetch);
    g_test_add_func("/imap/grammar/body-single", test_body_single);
    g_test_add_func("/imap/grammar/body-sections", test_body_sections);
    g_test_add_func("/imap/grammar/body-bent", test_body_bent);
    g_test_add_func("/imap/grammar/body-hostile", test_body_hostile);
    g_test_add_func("/imap/grammar/seqmap", test_seqmap);
    g_test_add_func("/imap/grammar/seqmap-bounded", test_seqmap_bounded);
    g_test_add_func("/imap/grammar/long-names", test_long_names);
    int failed = g_test_run();
    g_string_chunk_free(chunk);
    return failed;
}
