/* test_draft.c - drafts: the editor's text, stored ones, mailto:, answers, forwards. */
#include <string.h>
#include "pintail/mime/compose.h"
#include "pintail/util/error.h"

static char *list(const GPtrArray *l)
{
    return address_list_format(l, FALSE);
}

static void assert_list(const GPtrArray *l, const char *expected)
{
    g_autofree char *got = list(l);
    g_assert_cmpstr(got, ==, expected);
}

static Draft *sample(void)
{
    g_autoptr(Address) from = address_new("Ana", "ana@example.org");
    Draft *d = draft_new(from);
    g_ptr_array_add(d->to, address_new("Costa, B", "b@example.com"));
    g_ptr_array_add(d->bcc, address_new("", "c@example.com"));
    g_free(d->subject);
    d->subject = g_strdup("Gr\303\274n");
    g_free(d->body);
    d->body = g_strdup("Hello\n\nSubject: not a header\n");
    Attachment *a = g_new0(Attachment, 1);
    a->path = g_strdup("/srv/a file.txt");
    g_ptr_array_add(d->attachments, a);
    Attachment *part = g_new0(Attachment, 1);
    part->content = g_bytes_new_static("x", 1);
    g_ptr_array_add(d->attachments, part);
    return d;
}

static void test_editor_round_trip(void)
{
    g_autoptr(Draft) d = sample();
    g_autofree char *text = draft_to_editor(d, TRUE);
    g_assert_cmpstr(text, ==,
                    "From: Ana <ana@example.org>\nTo: \"Costa, B\" <b@example.com>\nCc: \n"
                    "Bcc: c@example.com\nSubject: Gr\303\274n\nAttach: /srv/a file.txt\n\n"
                    "Hello\n\nSubject: not a header\n");
    g_autoptr(GError) err = NULL;
    g_assert_true(draft_from_editor(d, text, TRUE, &err));
    g_assert_no_error(err);
    g_autofree char *again = draft_to_editor(d, TRUE);
    g_assert_cmpstr(text, ==, again);
    g_assert_cmpuint(d->attachments->len, ==, 2);
    g_autofree char *body = draft_to_editor(d, FALSE);
    g_assert_cmpstr(body, ==, "Hello\n\nSubject: not a header\n");
    g_assert_true(draft_from_editor(d, "other\r\ntext\n", FALSE, &err));
    g_assert_cmpstr(d->body, ==, "other\ntext\n");
}

static void test_editor_changes(void)
{
    g_autoptr(Draft) d = sample();
    g_autoptr(GError) err = NULL;
    g_assert_true(draft_from_editor(d,
                                    "to: x@example.org,\n  y@example.org\nTO: z@example.org\n"
                                    "Subject:   two   words \nAttach: /b\nAttach:\n\nbody",
                                    TRUE, &err));
    assert_list(d->to, "x@example.org, y@example.org, z@example.org");
    assert_list(d->bcc, "");
    g_assert_cmpstr(d->from->address, ==, "ana@example.org"); /* not given: as it was */
    g_assert_cmpstr(d->subject, ==, "two   words");
    g_assert_cmpstr(d->body, ==, "body");
    g_assert_cmpuint(d->attachments->len, ==, 2); /* the content without a path stays */
    g_assert_cmpstr(((Attachment *)g_ptr_array_index(d->attachments, 1))->path, ==, "/b");
}

static void test_editor_mistakes(void)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"To: a@example.org\nSubjct: x\n\nbody", "Subject"},
        {"To: a@example.org\nno colon\n\nbody", "line 2"},
        {"X-Weird-Thing: a\n\nbody", "line 1"},
        {"just text", "line 1"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Draft) d = sample();
        g_autoptr(GError) err = NULL;
        g_assert_false(draft_from_editor(d, cases[i].text, TRUE, &err));
        g_assert_true(error_is(err, PINTAIL_ERROR_INVALID));
        g_assert_nonnull(strstr(err->message, cases[i].says));
        g_assert_cmpstr(d->subject, ==, "Gr\303\274n"); /* nothing was changed */
        assert_list(d->to, "\"Costa, B\" <b@example.com>");
    }
    g_autoptr(Draft) d = sample();
    g_assert_true(draft_from_editor(d, "", TRUE, NULL));
    g_assert_cmpstr(d->body, ==, "");
}

static void test_from_message(void)
{
    g_autoptr(Draft) d = sample();
    g_ptr_array_remove_index(d->attachments, 0); /* the one with a path */
    ((Attachment *)g_ptr_array_index(d->attachments, 0))->name = g_strdup("n.bin");
    d->in_reply_to = g_strdup("p@x");
    d->references = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(d->references, g_strdup("o@x"));
    g_ptr_array_add(d->references, g_strdup("p@x"));
    g_autoptr(GBytes) m = compose_message(d, COMPOSE_KEEP_BCC, NULL);
    gsize n;
    const char *at = g_bytes_get_data(m, &n);
    g_autoptr(Draft) back = draft_from_message(at, n, NULL);
    g_assert_nonnull(back);
    assert_list(back->to, "\"Costa, B\" <b@example.com>");
    assert_list(back->bcc, "c@example.com");
    g_assert_cmpstr(back->subject, ==, d->subject);
    g_assert_cmpstr(back->body, ==, d->body);
    g_assert_cmpstr(back->in_reply_to, ==, "p@x");
    g_assert_cmpuint(back->references->len, ==, 2);
    g_assert_cmpuint(back->attachments->len, ==, 1);
    const Attachment *a = g_ptr_array_index(back->attachments, 0);
    g_assert_cmpstr(a->name, ==, "n.bin");
    g_assert_cmpmem(g_bytes_get_data(a->content, NULL), g_bytes_get_size(a->content), "x", 1);
    g_autoptr(GError) err = NULL;
    g_assert_null(draft_from_message("", 0, &err));
    g_assert_true(error_is(err, PINTAIL_ERROR_INVALID));
    static const char html[] = "Content-Type: text/html\n\n<p>only</p>";
    g_autoptr(Draft) from_html = draft_from_message(html, strlen(html), NULL);
    g_assert_cmpstr(from_html->body, ==, "only\n");
}

static void test_mailto(void)
{
    g_autoptr(Draft) d = draft_from_mailto(
        "mailto:a@example.org,%22b%2C%20c%22%20%3Cb@example.org%3E?to=d@example.org&Subject=two%20words"
        "&body=one%0D%0Atwo&bcc=e@example.org&cc=f@example.org&in-reply-to=%3Cid@x%3E"
        "&attach=/etc/passwd&attachment=/etc/passwd&from=evil@example.net&x-y=z&amp;body=three",
        NULL);
    assert_list(d->to, "a@example.org, \"b, c\" <b@example.org>, d@example.org");
    assert_list(d->cc, "f@example.org");
    assert_list(d->bcc, "e@example.org");
    g_assert_cmpstr(d->subject, ==, "two words");
    g_assert_cmpstr(d->body, ==, "one\ntwo\nthree");
    g_assert_cmpstr(d->in_reply_to, ==, "id@x");
    g_assert_cmpuint(d->attachments->len, ==, 0);
    g_assert_cmpstr(d->from->address, ==, "");
    g_autoptr(Draft) evil = draft_from_mailto("mailto:?subject=a%0d%0abcc:x@example.org&to=a%0ab@example.org", NULL);
    g_assert_cmpuint(evil->bcc->len, ==, 0);
    g_assert_null(strpbrk(evil->subject, "\r\n"));
    g_autoptr(Draft) empty = draft_from_mailto("MAILTO:", NULL);
    g_assert_cmpuint(empty->to->len, ==, 0);
    g_autoptr(Draft) plus = draft_from_mailto("mailto:a+b@example.org?subject=1+1%", NULL);
    g_assert_cmpstr(plus->subject, ==, "1+1%");
    g_autoptr(GError) err = NULL;
    g_assert_null(draft_from_mailto("http://example.org/", &err));
    g_assert_true(error_is(err, PINTAIL_ERROR_INVALID));
}

static Draft *reply(const char *header, ReplyMode mode, const char *quoted)
{
    static const char *const own[] = {"me@example.org", "me2@example.org", NULL};
    g_autoptr(Address) me = address_new("Me", "me@example.org");
    g_autoptr(Envelope) e = envelope_parse(header, strlen(header));
    return draft_reply(e, mode, me, own, quoted);
}

static const struct {
    const char *header;
    ReplyMode mode;
    const char *to, *cc;
} replies[] = {
    {"From: a@x.example\nTo: me@example.org, b@x.example\nCc: c@x.example\n\n", REPLY_SENDER, "a@x.example", ""},
    {"From: a@x.example\nTo: me@example.org, b@x.example\nCc: c@x.example\n\n", REPLY_ALL, "a@x.example", "b@x.example, c@x.example"},
    {"From: a@x.example\nReply-To: r@x.example\nTo: ME2@Example.ORG\n\n", REPLY_SENDER, "r@x.example", ""},
    {"From: a@x.example\nReply-To: r@x.example\nTo: b@x.example, B@X.example\nCc: r@x.example\n\n", REPLY_ALL, "r@x.example", "b@x.example"},
    /* an answer to one's own message goes on to its recipients */
    {"From: me@example.org\nTo: a@x.example\nCc: b@x.example\n\n", REPLY_SENDER, "a@x.example", ""},
    {"From: me2@example.org\nTo: a@x.example\nCc: b@x.example\n\n", REPLY_ALL, "a@x.example", "b@x.example"},
    {"From: me@example.org\nTo: me@example.org\n\n", REPLY_SENDER, "me@example.org", ""},
    /* lists */
    {"From: a@x.example\nTo: l@x.example\nList-Post: <mailto:l@x.example>\n\n", REPLY_LIST, "l@x.example", ""},
    {"From: a@x.example\nTo: l@x.example\nList-Post: <mailto:l@x.example>\n\n", REPLY_SENDER, "a@x.example", ""},
    {"From: a@x.example\nTo: l@x.example\nMail-Followup-To: l@x.example, me@example.org\nList-Post: <mailto:o@x.example>\n\n", REPLY_LIST, "l@x.example", ""},
    {"From: a@x.example\nTo: l@x.example\nMail-Followup-To: l@x.example\n\n", REPLY_ALL, "l@x.example", ""},
    {"From: a@x.example\nTo: b@x.example\n\n", REPLY_LIST, "a@x.example", "b@x.example"},
    {"From: a@x.example\nTo: undisclosed:;\n\n", REPLY_ALL, "a@x.example", ""},
    {"\n", REPLY_ALL, "", ""},
};

static void test_reply_recipients(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(replies); i++) {
        g_autoptr(Draft) d = reply(replies[i].header, replies[i].mode, NULL);
        g_test_message("%s", replies[i].header);
        assert_list(d->to, replies[i].to);
        assert_list(d->cc, replies[i].cc);
        g_assert_cmpuint(d->bcc->len, ==, 0);
    }
}

static void assert_references(const Draft *d, const char *expected)
{
    g_autoptr(GString) got = g_string_new(NULL);
    for (guint i = 0; d->references && i < d->references->len; i++)
        g_string_append_printf(got, "%s ", (char *)g_ptr_array_index(d->references, i));
    g_assert_cmpstr(got->str, ==, expected);
}

static void test_reply_threads(void)
{
    g_autoptr(Draft) a = reply("Message-ID: <m@x>\nReferences: <1@x> <2@x>\nIn-Reply-To: <3@x>\n\n", REPLY_SENDER, NULL);
    assert_references(a, "1@x 2@x m@x ");
    g_assert_cmpstr(a->in_reply_to, ==, "m@x");
    g_autoptr(Draft) b = reply("Message-ID: <m@x>\nIn-Reply-To: <3@x>\n\n", REPLY_SENDER, NULL);
    assert_references(b, "3@x m@x ");
    g_autoptr(Draft) c = reply("Message-ID: <m@x>\n\n", REPLY_SENDER, NULL);
    assert_references(c, "m@x ");
    g_autoptr(Draft) d = reply("Subject: x\n\n", REPLY_SENDER, NULL);
    g_assert_null(d->in_reply_to);
    g_assert_null(d->references);
    g_autoptr(GString) many = g_string_new("Message-ID: <m@x>\nReferences:");
    for (guint i = 0; i < 500; i++)
        g_string_append_printf(many, "\n <%u@x>", i);
    g_string_append(many, "\n\n");
    g_autoptr(Draft) e = reply(many->str, REPLY_SENDER, NULL);
    g_assert_cmpuint(e->references->len, ==, 40);
    g_assert_cmpstr(g_ptr_array_index(e->references, 0), ==, "0@x");
    g_assert_cmpstr(g_ptr_array_index(e->references, 39), ==, "m@x");
}

static void test_subjects(void)
{
    static const char *const cases[][3] = {
        {"Hello", "Re: Hello", "Fwd: Hello"},
        {"Re: Hello", "Re: Hello", "Fwd: Re: Hello"},
        {"RE: re : Re[2]: Hello", "Re: Hello", NULL},
        {"AW: Hallo", "Re: Hallo", NULL},
        {"Sv: Antw: R: x", "Re: x", NULL},
        {"\345\233\236\345\244\215\357\274\232x", "Re: x", NULL},
        {"Fwd: Hello", "Re: Fwd: Hello", "Fwd: Hello"},
        {"WG: x", "Re: WG: x", "WG: x"},
        {"Regarding: x", "Re: Regarding: x", NULL},
        {"Re", "Re: Re", NULL},
        {"Re[x]: a", "Re: Re[x]: a", NULL},
        {"", "Re: ", "Fwd: "},
    };
    g_autoptr(Address) me = address_new("", "me@example.org");
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *header = g_strdup_printf("Subject: %s\n\n", cases[i][0]);
        g_autoptr(Envelope) e = envelope_parse(header, strlen(header));
        g_autoptr(Draft) r = draft_reply(e, REPLY_SENDER, me, NULL, NULL);
        g_autoptr(Draft) f = draft_forward(e, me, NULL, NULL);
        g_assert_cmpstr(r->subject, ==, cases[i][1]);
        if (cases[i][2])
            g_assert_cmpstr(f->subject, ==, cases[i][2]);
    }
}

static void test_quoting(void)
{
    g_autoptr(Draft) d = reply("From: =?utf-8?q?A=0Aa?= <a@x.example>\nDate: Thu, 19 Nov 2026 23:24:00 +0100\n\n",
                               REPLY_SENDER, "one\n\n> two\nthree  \n-- \nsignature\n");
    char *lines = strchr(d->body, '\n');
    g_assert_nonnull(lines);
    g_assert_cmpstr(lines, ==, "\n> one\n>\n>> two\n> three\n\n");
    g_assert_true(strstr(d->body, "A a") < lines); /* the attribution is one line */
    g_autoptr(Draft) forwarded = reply("From: a@x.example\n\n", REPLY_SENDER, "one\n\n-- \nAna\n\n----- F -----\ntwo\n");
    g_assert_cmpstr(strchr(forwarded->body, '\n'), ==, "\n> one\n>\n> ----- F -----\n> two\n\n");
    g_autoptr(Draft) none = reply("From: a@x.example\n\n", REPLY_SENDER, NULL);
    g_assert_cmpstr(none->body, ==, "");
    g_autoptr(Draft) undated = reply("From: a@x.example\n\n", REPLY_SENDER, "x");
    g_assert_cmpstr(undated->body, ==, "a@x.example wrote:\n> x\n\n");
}

static void test_forward(void)
{
    static const char header[] = "From: A <a@x.example>\nTo: b@x.example\nSubject: =?utf-8?q?S=0Ax?=\n"
                                 "Date: Thu, 19 Nov 2026 23:24:00 +0100\n\n";
    g_autoptr(Address) me = address_new("", "me@example.org");
    g_autoptr(Envelope) e = envelope_parse(header, strlen(header));
    g_autoptr(GBytes) message = g_bytes_new_static(header, strlen(header));
    g_autoptr(Draft) inline_one = draft_forward(e, me, "the text\n", NULL);
    g_assert_cmpuint(inline_one->to->len, ==, 0);
    g_assert_null(inline_one->references);
    g_assert_nonnull(strstr(inline_one->body, "\nFrom: A <a@x.example>\n"));
    g_assert_nonnull(strstr(inline_one->body, "\nSubject: S x\n"));
    g_assert_true(g_str_has_suffix(inline_one->body, "\n\nthe text\n"));
    g_autoptr(Draft) attached = draft_forward(e, me, NULL, message);
    g_assert_cmpstr(attached->body, ==, "");
    const Attachment *a = g_ptr_array_index(attached->attachments, 0);
    g_assert_cmpstr(a->type, ==, "message/rfc822");
    g_assert_cmpstr(a->name, ==, "S x.eml");
    g_autoptr(GBytes) m = compose_message(attached, 0, NULL);
    gsize n;
    const char *at = g_bytes_get_data(m, &n);
    g_autoptr(Part) root = part_parse(at, n);
    g_assert_cmpuint(part_by_section(root, "2")->children->len, ==, 1);
}

int main(int argc, char **argv)
{
    g_setenv("TZ", "UTC", TRUE);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mime/draft/editor", test_editor_round_trip);
    g_test_add_func("/mime/draft/editor-changes", test_editor_changes);
    g_test_add_func("/mime/draft/editor-mistakes", test_editor_mistakes);
    g_test_add_func("/mime/draft/from-message", test_from_message);
    g_test_add_func("/mime/draft/mailto", test_mailto);
    g_test_add_func("/mime/reply/recipients", test_reply_recipients);
    g_test_add_func("/mime/reply/threads", test_reply_threads);
    g_test_add_func("/mime/reply/subjects", test_subjects);
    g_test_add_func("/mime/reply/quoting", test_quoting);
    g_test_add_func("/mime/forward", test_forward);
    return g_test_run();
}
