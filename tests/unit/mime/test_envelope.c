/* test_envelope.c - headers: where they begin and end, what their fields say. */
#include <string.h>
#include "pintail/mime/envelope.h"
#include "pintail/mime/part.h"

static Envelope *parse(const char *text)
{
    return envelope_parse(text, strlen(text));
}

static const char *first(const GPtrArray *list)
{
    return list->len > 0 ? ((Address *)g_ptr_array_index(list, 0))->address : "";
}

static void test_whole(void)
{
    g_autoptr(Envelope) e = parse("Date: Thu, 19 Nov 2026 23:24:00 +0100\r\n"
                                  "From: =?UTF-8?Q?Bj=C3=B6rn?= <bjorn@example.org>\r\n"
                                  "Sender: robot@example.org\r\n"
                                  "Reply-To: answers@example.org\r\n"
                                  "To: ana@example.com,\r\n bo@example.com\r\n"
                                  "Cc: Team: x@example.net, y@example.net;\r\n"
                                  "Subject: =?UTF-8?B?R3LDvMOfZQ==?= from\r\n\there\r\n"
                                  "Message-ID: <one@example.org>\r\n"
                                  "In-Reply-To: <zero@example.com>\r\n"
                                  "References: <minus@example.com>\r\n <zero@example.com>\r\n"
                                  "List-Id: A list <talk.example.org>\r\n"
                                  "List-Post: <mailto:talk@example.org?x=y>, <https://x.example/>\r\n"
                                  "Mail-Followup-To: talk@example.org\r\n"
                                  "Content-Type: multipart/mixed; boundary=b\r\n"
                                  "\r\nSubject: not this\r\n");
    g_assert_cmpstr(e->subject, ==, "Gr\303\274\303\237e from\there");
    g_assert_cmpint(e->date, ==, 1795127040);
    g_assert_cmpint(e->zone_minutes, ==, 60);
    g_assert_cmpstr(((Address *)g_ptr_array_index(e->from, 0))->name, ==, "Bj\303\266rn");
    g_assert_cmpstr(first(e->sender), ==, "robot@example.org");
    g_assert_cmpstr(first(e->reply_to), ==, "answers@example.org");
    g_assert_cmpuint(e->to->len, ==, 2);
    g_assert_cmpuint(e->cc->len, ==, 2);
    g_assert_cmpuint(e->bcc->len, ==, 0);
    g_assert_cmpstr(e->message_id, ==, "one@example.org");
    g_assert_cmpstr(e->in_reply_to, ==, "zero@example.com");
    g_assert_cmpuint(e->references->len, ==, 2);
    g_assert_cmpstr(g_ptr_array_index(e->references, 0), ==, "minus@example.com");
    g_assert_cmpstr(e->list_id, ==, "talk.example.org");
    g_assert_cmpstr(e->list_post, ==, "talk@example.org");
    g_assert_cmpstr(first(e->followup_to), ==, "talk@example.org");
    g_assert_true(e->has_attachment);
    g_autoptr(Envelope) again = envelope_ref(e);
    g_assert_true(again == e);
}

/* Where a header begins and ends. Each: the text and the subject that is found. */
static const struct {
    const char *text, *subject;
} starts[] = {
    {"Subject: a\r\n\r\nbody", "a"},
    {"Subject: a\n\nbody", "a"},
    {"Subject: a\r\rbody", "a"},
    {"Subject: a", "a"},
    {"subject : a\n\n", "a"},
    {"SUBJECT:a\n\n", "a"},
    {"\nSubject: a\n\nb", "a"},
    {"\r\n\r\nSubject: a\r\n\r\nb", "a"},
    {"From ana@example.org Thu Nov 19 23:24:00 2026\nSubject: a\n\n", "a"},
    {">From ana@example.org Thu Nov 19 23:24:00 2026\nSubject: a\n\n", "a"},
    {"From ana@example.org Thu Nov 19 23:24:00 2026\n\nSubject: a\n\n", "a"},
    {"garbage without a colon\nSubject: a\n\n", "a"},
    {"X: 1\ngarbage\nSubject: a\n\n", "a"},
    {":nameless\nSubject: a\n\n", "a"},
    {"X: 1\n \n folded\nSubject: a\n\n", "a"},
    {"Subject: a\n b\n\tc\n\n", "a b\tc"},
    {"Subject: a\r\n  b\r\n\r\n", "a  b"},
    {"Subject:\n a\n\n", "a"},
    {"Subject: a\nSubject: b\n\n", "a"},
    {"Subject:\nSubject: b\n\n", "b"},
    {"\n\nNo header here\nSubject of this text: none\n", ""},
    {"X: 1\n\nSubject: a\n", ""},
    {"", ""},
    {"\n", ""},
    {":", ""},
    {"Subject", ""},
    {"Subject:", ""},
};

static void test_starts(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(starts); i++) {
        g_autoptr(Envelope) e = parse(starts[i].text);
        if (strcmp(e->subject, starts[i].subject) != 0)
            g_test_message("case %u", (guint)i);
        g_assert_cmpstr(e->subject, ==, starts[i].subject);
    }
}

static void test_ids(void)
{
    static const struct {
        const char *field, *ids;
    } cases[] = {
        {"<a@x> <b@x>", "a@x b@x "},       {"<a@x><b@x>", "a@x b@x "},
        {"<a@x>\r\n\t<b@x>", "a@x b@x "},  {"<a@\r\n x>", "a@x "},
        {"<a@x>, <b@x>", "a@x b@x "},      {"a@x b@x", "a@x b@x "},
        {"<<a@x>>", "a@x "},               {"<a@x", "a@x "},
        {"Your mail of \"today\" <a@x>", "a@x "}, {"<>", ""},
        {"a", "a "},                       {"no id here", ""},
        {"<a@x> (comment) <b@x>", "a@x b@x "}, {"", ""},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strdup_printf("References: %s\r\n\r\n", cases[i].field);
        g_autoptr(Envelope) e = parse(text);
        g_autoptr(GString) got = g_string_new(NULL);
        for (guint k = 0; k < e->references->len; k++)
            g_string_append_printf(got, "%s ", (char *)g_ptr_array_index(e->references, k));
        g_assert_cmpstr(got->str, ==, cases[i].ids);
    }
}

static void test_joined_fields(void)
{
    g_autoptr(Envelope) e = parse("To: a@example.org\nTo: b@example.org\nFrom: c@example.org\n"
                                  "From: d@example.org\nReferences: <1@x>\nReferences: <2@x>\n\n");
    g_assert_cmpuint(e->to->len, ==, 2);
    g_assert_cmpuint(e->from->len, ==, 1);
    g_assert_cmpuint(e->references->len, ==, 2);
}

static void test_attachment_guess(void)
{
    static const struct {
        const char *type;
        gboolean has;
    } cases[] = {
        {"text/plain", FALSE},          {"multipart/alternative; boundary=x", FALSE},
        {"multipart/mixed; boundary=x", TRUE}, {"Application/PDF", TRUE},
        {"multipart/signed", FALSE},    {"application/pkcs7-mime", FALSE},
        {"image/png", TRUE},            {"", FALSE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strdup_printf("Content-Type: %s\n\n", cases[i].type);
        g_autoptr(Envelope) e = parse(text);
        g_assert_cmpint(e->has_attachment, ==, cases[i].has);
    }
}

static void test_list_post(void)
{
    g_autoptr(Envelope) no = parse("List-Post: NO (not allowed)\n\n");
    g_autoptr(Envelope) bad = parse("List-Post: <mailto:a%0d%0aBcc:x@example.org>\n\n");
    g_autoptr(Envelope) web = parse("List-Post: <https://x.example/p>,\n <mailto:a%2Bb@example.org>\n\n");
    g_assert_cmpstr(no->list_post, ==, "");
    g_assert_cmpstr(bad->list_post, ==, "");
    g_assert_cmpstr(web->list_post, ==, "a+b@example.org");
}

static void test_header_get(void)
{
    Span h = SPAN_LITERAL("A: 1\r\nBe: two\r\n  lines \r\nA: 2\r\n\r\nC: 3\r\n");
    g_autofree char *a = header_get(h, "a"), *b = header_get(h, "BE"), *c = header_get(h, "C");
    g_assert_cmpstr(a, ==, "1");
    g_assert_cmpstr(b, ==, "two  lines");
    g_assert_null(c);
    g_assert_null(header_get(SPAN_NONE, "A"));
}

/* Everything that comes out is valid UTF-8 without NUL, whatever goes in. */
static void test_binary(void)
{
    guint32 seed = 7;
    for (guint round = 0; round < 300; round++) {
        g_autoptr(GString) s = g_string_new("Subject: ");
        for (guint i = 0; i < 200; i++) {
            seed = seed * 1664525u + 1013904223u;
            g_string_append_c(s, (char)(seed >> 24));
            if (i % 40 == 39)
                g_string_append(s, "\nFrom: =?utf-8?q?");
        }
        g_autoptr(Envelope) e = envelope_parse(s->str, s->len);
        g_assert_true(g_utf8_validate(e->subject, -1, NULL));
        g_assert_true(g_utf8_validate(e->message_id, -1, NULL));
        for (guint i = 0; i < e->from->len; i++)
            g_assert_true(
                g_utf8_validate(((Address *)g_ptr_array_index(e->from, i))->name, -1, NULL));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mime/envelope/whole", test_whole);
    g_test_add_func("/mime/envelope/starts", test_starts);
    g_test_add_func("/mime/envelope/ids", test_ids);
    g_test_add_func("/mime/envelope/joined", test_joined_fields);
    g_test_add_func("/mime/envelope/attachment", test_attachment_guess);
    g_test_add_func("/mime/envelope/list-post", test_list_post);
    g_test_add_func("/mime/envelope/header-get", test_header_get);
    g_test_add_func("/mime/envelope/binary", test_binary);
    return g_test_run();
}
