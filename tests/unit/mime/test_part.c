/* test_part.c - trees: whole ones, broken ones, endless ones. */
#include <string.h>
#include "pintail/mime/part.h"
#include "pintail/util/error.h"

static void put(GString *out, const Part *p)
{
    g_string_append(out, p->type);
    if (p->children->len == 0)
        return;
    g_string_append_c(out, '(');
    for (guint i = 0; i < p->children->len; i++) {
        g_string_append(out, i > 0 ? "," : "");
        put(out, g_ptr_array_index(p->children, i));
    }
    g_string_append_c(out, ')');
}

static char *tree_of(const char *text)
{
    g_autoptr(Part) root = part_parse(text, strlen(text));
    GString *out = g_string_new(NULL);
    put(out, root);
    return g_string_free(out, FALSE);
}

#define MIXED "Content-Type: multipart/mixed; boundary=b\n\n"

static const struct {
    const char *text, *tree;
} trees[] = {
    {"", "text/plain"},
    {"\n", "text/plain"},
    {"garbage", "text/plain"},
    {"\n\n\ntext", "text/plain"},
    {"Content-Type: text/html\n\nx", "text/html"},
    {"Content-Type: TEXT/HTML; x\n\nx", "text/html"},
    {"Content-Type: text\n\nx", "text/plain"},
    {"Content-Type: nonsense\n\nx", "text/plain"},
    {"Content-Type: /\n\nx", "text/plain"},
    {"Content-Type: multipart\n\nx", "multipart/mixed"},
    {"Content-Type: text/html\nContent-Type: text/plain\n\nx", "text/html"},
    {MIXED "--b\n\na\n--b\nContent-Type: image/png\n\nb\n--b--\n", "multipart/mixed(text/plain,image/png)"},
    /* CRLF, bare CR */
    {"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\na\r\n--b--\r\n", "multipart/mixed(text/plain)"},
    {"Content-Type: multipart/mixed; boundary=b\r\r--b\r\ra\r--b--\r", "multipart/mixed(text/plain)"},
    {"Content-Type: multipart/mixed; boundary=b\r\n\n--b\n\na\r\n--b--", "multipart/mixed(text/plain)"},
    /* no end, no last line end, nothing at all behind the boundary */
    {MIXED "--b\n\na\n--b\n\nb", "multipart/mixed(text/plain,text/plain)"},
    {MIXED "--b\n\na\n--b--", "multipart/mixed(text/plain)"},
    {MIXED "--b", "multipart/mixed"},
    {MIXED "--b\n", "multipart/mixed"},
    {MIXED "--b--\n", "multipart/mixed"},
    {MIXED "", "multipart/mixed"},
    {MIXED "--b\n--b\n\na\n--b--\n", "multipart/mixed(text/plain)"},
    {MIXED "--b\n\n--b--\n", "multipart/mixed(text/plain)"},
    {MIXED "--b\nContent-Type: text/html\n--b--\n", "multipart/mixed(text/html)"},
    {MIXED "--b\nno header at all\n--b--\n", "multipart/mixed(text/plain)"},
    /* lines that are almost boundaries */
    {MIXED "--bb\n\na\n-- b\n --b\n--B\n", "multipart/mixed"},
    {MIXED "--b  \t\n\na\n--b-- \n", "multipart/mixed(text/plain)"},
    {MIXED "--b\n\na\n--b--trailing\n--b\n\nepilogue", "multipart/mixed(text/plain)"},
    {MIXED "--b\n\na\n--b-\n\nb\n--b--\n", "multipart/mixed(text/plain)"},
    {"Content-Type: multipart/mixed; boundary=\"b c\"\n\n--b c\n\na\n--b c--\n", "multipart/mixed(text/plain)"},
    {"Content-Type: multipart/mixed; boundary=\"b \"\n\n--b\n\na\n--b--\n", "multipart/mixed(text/plain)"},
    {"Content-Type: multipart/mixed; boundary=b;\n\n--b\n\na\n--b--\n", "multipart/mixed(text/plain)"},
    {"Content-Type: multipart/mixed; boundary=\"=_?(:)\"\n\n--=_?(:)\n\na\n", "multipart/mixed(text/plain)"},
    {"Content-Type: multipart/mixed; boundary=\n\n--\n\na\n", "multipart/mixed"},
    {"Content-Type: multipart/mixed\n\n--b\n\na\n--b--\n", "multipart/mixed"},
    /* no boundary, or not the one that was announced: taken from the body when it is plain */
    {"Content-Type: multipart/mixed\n\n--x\nContent-Type: text/html\n\na\n--x--\n", "multipart/mixed(text/html)"},
    {MIXED "--x\nContent-Type: text/html\n\na\n--x\n\nb\n--x--\n", "multipart/mixed(text/html,text/plain)"},
    {MIXED "--\nContent-Type: text/html\n\na\n", "multipart/mixed"},
    /* nested; the outer boundary ends everything */
    {MIXED "--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\n\na\n--c\nContent-Type: text/html\n\nb\n--c--\n--b\n\nd\n--b--\n",
     "multipart/mixed(multipart/alternative(text/plain,text/html),text/plain)"},
    {MIXED "--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\n\na\n--b\n\nd\n--b--\n",
     "multipart/mixed(multipart/alternative(text/plain),text/plain)"},
    {MIXED "--b\nContent-Type: multipart/alternative; boundary=bc\n\n--bc\n\na\n--bc--\n--b\n\nd\n--b--\n",
     "multipart/mixed(multipart/alternative(text/plain),text/plain)"},
    {MIXED "--b\nContent-Type: multipart/alternative; boundary=b\n\n--b\n\na\n--b--\n",
     "multipart/mixed(multipart/alternative(text/plain))"},
    {MIXED "--b\nContent-Type: multipart/alternative; boundary=b--\n\n--b--\n\na\n--b----\n--b--\n",
     "multipart/mixed(multipart/alternative(text/plain))"},
    /* messages in messages */
    {"Content-Type: message/rfc822\n\nSubject: x\n\nbody", "message/rfc822(text/plain)"},
    {"Content-Type: message/rfc822\n\n", "message/rfc822(text/plain)"},
    {"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdA==", "message/rfc822"},
    {MIXED "--b\nContent-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\na\n--c--\n--b\n\nz\n--b--\n",
     "multipart/mixed(message/rfc822(multipart/mixed(text/plain)),text/plain)"},
    {MIXED "--b\nContent-Type: message/rfc822\n--b\n\nz\n--b--\n", "multipart/mixed(message/rfc822(text/plain),text/plain)"},
    {"Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: x\n\ny\n--b--\n", "multipart/digest(message/rfc822(text/plain))"},
    /* mbox, blank first lines */
    {"From a@example.org Thu Nov 19 23:24:00 2026\n" MIXED "--b\n\na\n--b--\n", "multipart/mixed(text/plain)"},
    {"\r\n\r\n" MIXED "--b\n\na\n--b--\n", "multipart/mixed(text/plain)"},
};

static void test_trees(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(trees); i++) {
        g_autofree char *got = tree_of(trees[i].text);
        if (strcmp(got, trees[i].tree) != 0)
            g_test_message("%s", trees[i].text);
        g_assert_cmpstr(got, ==, trees[i].tree);
    }
}

static const char sample[] =
    "From: a@example.org\r\nContent-Type: multipart/mixed; boundary=\"o\"\r\n\r\npreamble\r\n"
    "--o\r\nContent-Type: multipart/alternative; boundary=i\r\n\r\n"
    "--i\r\nContent-Type: text/plain; charset=ISO-8859-1; format=flowed; DelSp=yes\r\n\r\nhello\r\n"
    "--i\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: Quoted-Printable\r\n\r\n<p>h=\r\ni\r\n"
    "--i--\r\nepilogue of i\r\n"
    "--o\r\nContent-Type: application/pdf; name=old.pdf\r\nContent-ID: <p1@x>\r\n"
    "Content-Description: =?utf-8?q?=C3=BC?=\r\nContent-Transfer-Encoding: base64\r\n"
    "Content-Disposition: Attachment; filename*=utf-8''%C3%BC.pdf\r\n\r\nYWJj\r\n\r\n"
    "--o\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n"
    "--m\r\n\r\none\r\n--m\r\nContent-Type: image/png; name=i.png\r\n\r\ntwo\r\n--m--\r\n"
    "--o\r\nContent-Type: message/rfc822\r\n\r\nSubject: plain\r\n\r\nthree\r\n--o--\r\nthe end";

static void test_fields(void)
{
    g_autoptr(Part) root = part_parse(sample, strlen(sample));
    const Part *text = part_by_section(root, "1.1"), *html = part_by_section(root, "1.2");
    const Part *pdf = part_by_section(root, "2");
    g_assert_cmpstr(root->section, ==, "");
    g_assert_true(part_by_section(root, "") == root);
    g_assert_cmpstr(text->charset, ==, "iso-8859-1");
    g_assert_true(text->flowed && text->delsp && !html->flowed);
    g_assert_cmpint(html->encoding, ==, PART_ENCODING_QUOTED_PRINTABLE);
    g_assert_cmpint(pdf->encoding, ==, PART_ENCODING_BASE64);
    g_assert_cmpstr(pdf->name, ==, "\303\274.pdf");
    g_assert_cmpstr(pdf->disposition, ==, "attachment");
    g_assert_cmpstr(pdf->content_id, ==, "p1@x");
    g_assert_cmpstr(pdf->description, ==, "\303\274");
    g_assert_cmpuint(pdf->size, ==, 6); /* the empty line before the boundary's own line end counts */
    g_assert_cmpstr(part_by_section(root, "3")->type, ==, "message/rfc822");
    g_assert_cmpstr(part_by_section(root, "3.1")->type, ==, "text/plain");
    g_assert_cmpstr(part_by_section(root, "3.2")->name, ==, "i.png");
    g_assert_cmpstr(part_by_section(root, "4.1")->type, ==, "text/plain");
    g_assert_null(part_by_section(root, "5"));
    g_assert_null(part_by_section(root, "1.3"));
}

static void assert_span(Span s, const char *expected)
{
    g_autofree char *got = span_dup(s);
    g_assert_cmpstr(got, ==, expected);
}

static void test_spans(void)
{
    g_autoptr(Part) root = part_parse(sample, strlen(sample));
    assert_span(part_by_section(root, "1.1")->body, "hello");
    assert_span(part_by_section(root, "1.2")->body, "<p>h=\r\ni");
    assert_span(part_by_section(root, "2")->body, "YWJj\r\n");
    assert_span(part_by_section(root, "4.1")->body, "three");
    assert_span(part_by_section(root, "4")->body, "Subject: plain\r\n\r\nthree");
    assert_span(part_by_section(root, "4.1")->header, "Subject: plain\r\n");
    g_assert_true(root->body.at + root->body.len == sample + strlen(sample));
    const Part *alternative = g_ptr_array_index(root->children, 0);
    g_autofree char *inner = span_dup(alternative->body);
    g_assert_true(g_str_has_suffix(inner, "--i--\r\nepilogue of i"));
}

static void test_choice(void)
{
    g_autoptr(Part) root = part_parse(sample, strlen(sample));
    g_assert_cmpstr(part_main_text(root, FALSE)->section, ==, "1.1");
    g_assert_cmpstr(part_main_text(root, TRUE)->section, ==, "1.2");
    g_autoptr(GPtrArray) a = part_attachments(root);
    g_assert_cmpuint(a->len, ==, 4); /* the PDF, a message, the image in it, another message */
    g_assert_cmpstr(((const Part *)g_ptr_array_index(a, 0))->section, ==, "2");
    g_assert_cmpstr(((const Part *)g_ptr_array_index(a, 2))->section, ==, "3.2");
}

static const struct {
    const char *text, *plain, *html; /* sections; NULL: nothing to read */
    guint attachments;
} choices[] = {
    {"\n\nx", "1", "1", 0},
    {"Content-Type: text/html\n\nx", "1", "1", 0},
    {"Content-Type: image/png\n\nx", NULL, NULL, 1},
    {"Content-Disposition: attachment\n\nx", NULL, NULL, 1},
    {"Content-Disposition: attachment; filename=a.txt\n\nx", NULL, NULL, 1},
    {MIXED "--b\nContent-Type: text/html\n\nx\n--b\n\nfooter\n--b--", "1", "1", 0}, /* both are shown */
    {MIXED "--b\n\nx\n--b\nContent-Type: text/html\n\ny\n--b--", "1", "1", 0},
    {MIXED "--b\n\nx\n--b\nContent-Type: text/plain; name=a.c\n\ny\n--b--", "1", "1", 1},
    {MIXED "--b\nContent-Disposition: attachment\n\nx\n--b\n\ny\n--b--", "2", "2", 1},
    {"Content-Type: multipart/alternative; boundary=b\n\n--b\n\n \n--b\nContent-Type: text/html\n\ny\n--b--", "2", "2", 0},
    {"Content-Type: multipart/alternative; boundary=b\n\n--b\n\nx\n--b\nContent-Type: text/calendar\n\ny\n--b--", "1", "1", 0},
    {"Content-Type: multipart/alternative; boundary=b\n\n--b\n\nx\n--b\nContent-Type: multipart/related; boundary=c\n\n"
     "--c\nContent-Type: text/html\n\nh\n--c\nContent-Type: image/png\n\ni\n--c--\n--b--", "1", "2.1", 1},
    {"Content-Type: multipart/signed; boundary=b\n\n--b\n\nx\n--b\nContent-Type: application/pgp-signature\n\ns\n--b--", "1", "1", 0},
    {"Content-Type: multipart/report; boundary=b\n\n--b\n\nx\n--b\nContent-Type: message/delivery-status\n\ns\n"
     "--b\nContent-Type: message/rfc822\n\nSubject: y\n\nz\n--b--", "1", "1", 1},
    {"Content-Type: message/rfc822\n\nSubject: y\n\nz", "1.1", "1.1", 0},
    {"Content-Type: multipart/mixed\n\n--b\n\nonly text\n", "", "", 0},
};

static void test_choices(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(choices); i++) {
        g_autoptr(Part) root = part_parse(choices[i].text, strlen(choices[i].text));
        const Part *plain = part_main_text(root, FALSE), *html = part_main_text(root, TRUE);
        g_autoptr(GPtrArray) a = part_attachments(root);
        g_test_message("%s", choices[i].text);
        g_assert_cmpstr(plain ? plain->section : NULL, ==, choices[i].plain);
        g_assert_cmpstr(html ? html->section : NULL, ==, choices[i].html);
        g_assert_cmpuint(a->len, ==, choices[i].attachments);
    }
}

static void test_uuencoded(void)
{
    static const char text[] = "Subject: x\n\nbefore\nbegin 644 a.txt\n%:&5L;&\\\n`\nend\nbetween\n"
                               "begin 644 b.bin\n%:&5L;&\\\n`\nend\nafter\nbegin 644 no file\n";
    g_autoptr(Part) root = part_parse(text, strlen(text));
    g_assert_cmpstr(root->type, ==, "text/plain");
    g_assert_cmpuint(root->children->len, ==, 2);
    const Part *a = g_ptr_array_index(root->children, 0);
    g_assert_cmpstr(a->name, ==, "a.txt");
    g_autoptr(GBytes) b = part_decode(a->encoding, a->body);
    gsize n;
    const char *bytes = g_bytes_get_data(b, &n);
    g_assert_cmpmem(bytes, n, "hello", 5);
    g_autofree char *rest = part_text_of(root, root->body, NULL);
    g_assert_cmpstr(rest, ==, "before\nbetween\nafter\nbegin 644 no file\n");
    g_autoptr(GPtrArray) found = part_attachments(root);
    g_assert_cmpuint(found->len, ==, 2);
}

static void test_text_of(void)
{
    g_autoptr(Part) html = part_parse("Content-Type: text/html\n\n<meta charset=koi8-r>\301", 48);
    g_autofree char *t = part_text_of(html, html->body, NULL);
    g_assert_nonnull(strstr(t, "\320\260"));
    g_autoptr(Part) labelled = part_parse("Content-Type: text/plain; charset=koi8-r\n\n\301", 43);
    g_autofree char *u = part_text_of(labelled, labelled->body, NULL);
    g_assert_cmpstr(u, ==, "\320\260");
}

static void test_text_form(void)
{
    g_autoptr(Part) root = part_parse(sample, strlen(sample));
    g_autofree char *text = part_tree_to_text(root);
    g_autoptr(GError) err = NULL;
    g_autoptr(Part) back = part_tree_from_text(text, &err);
    g_assert_no_error(err);
    g_autofree char *again = part_tree_to_text(back);
    g_assert_cmpstr(text, ==, again);
    g_assert_cmpstr(part_by_section(back, "3.2")->name, ==, "i.png");
    g_assert_cmpstr(part_by_section(back, "1.1")->charset, ==, "iso-8859-1");
    g_assert_true(part_by_section(back, "1.1")->delsp);
    g_assert_cmpuint(part_by_section(back, "2")->body.len, ==, 0);
    g_assert_cmpstr(part_main_text(back, FALSE)->section, ==, "1.1");

    static const char *const bad[] = {
        "", "nonsense", "1\ttext/plain\t\t\t\t\t\tidentity\t3\t\n", "0\ttext\t\t\t\t\t\tidentity\t3\t\n",
        "0\ttext/plain\t\t\t\t\t\tidentity\t-3\t\n", "0\ttext/plain\t\t\t\t\t\tidentity\t3\n",
        "0\tmultipart/mixed\t\t\t\t\t\tidentity\t3\t\n2\ttext/plain\t\t\t\t\t\tidentity\t3\t\n",
        "0\tmultipart/mixed\t\t\t\t\t\tidentity\t3\t\n0\ttext/plain\t\t\t\t\t\tidentity\t3\t\n",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) e = NULL;
        g_assert_null(part_tree_from_text(bad[i], &e));
        g_assert_true(error_is(e, PINTAIL_ERROR_PROTOCOL));
    }
}

static void test_facts(void)
{
    static const char *const type[] = {"BOUNDARY", "x", NULL};
    static const char *const text[] = {"CHARSET", "UTF-8", "FORMAT", "Flowed", NULL};
    static const char *const name[] = {"FILENAME*0*", "utf-8''%C3", "filename*1*", "%BC\t.pdf", NULL};
    g_autoptr(GString) s = g_string_new(NULL);
    part_tree_add(s, 0, &(PartFacts){.type = "MULTIPART/MIXED", .type_params = type});
    part_tree_add(s, 1, &(PartFacts){.type = "TEXT/PLAIN", .type_params = text, .encoding = "8BIT",
                                     .size = 12});
    part_tree_add(s, 1, &(PartFacts){.type = "APPLICATION/PDF", .disposition = "ATTACHMENT",
                                     .disposition_params = name, .encoding = "BASE64",
                                     .content_id = "<id@x>", .description = "=?utf-8?q?=C3=A4?=",
                                     .size = G_MAXUINT32});
    part_tree_add(s, 1, &(PartFacts){0});
    g_autoptr(Part) root = part_tree_from_text(s->str, NULL);
    g_assert_nonnull(root);
    const Part *one = part_by_section(root, "1"), *two = part_by_section(root, "2");
    g_assert_cmpstr(one->charset, ==, "utf-8");
    g_assert_true(one->flowed);
    g_assert_cmpuint(one->size, ==, 12);
    g_assert_cmpstr(two->name, ==, "\303\274\t.pdf");
    g_assert_cmpstr(two->disposition, ==, "attachment");
    g_assert_cmpstr(two->content_id, ==, "id@x");
    g_assert_cmpstr(two->description, ==, "\303\244");
    g_assert_cmpint(two->encoding, ==, PART_ENCODING_BASE64);
    g_assert_cmpstr(part_by_section(root, "3")->type, ==, "text/plain");
}

static guint depth_of(const Part *p)
{
    guint depth = 0;
    while (p->children->len > 0) {
        p = g_ptr_array_index(p->children, 0);
        depth++;
    }
    return depth;
}

static void test_depth(void)
{
    g_autoptr(GString) multi = g_string_new(NULL), rfc = g_string_new(NULL);
    for (guint i = 0; i < 5000; i++) {
        g_string_append_printf(multi, "Content-Type: multipart/mixed; boundary=b%u\n\n--b%u\n", i, i);
        g_string_append(rfc, "Content-Type: message/rfc822\n\n");
    }
    g_string_append(multi, "\ntext\n");
    g_autoptr(Part) a = part_parse(multi->str, multi->len);
    g_autoptr(Part) b = part_parse(rfc->str, rfc->len);
    g_assert_cmpuint(depth_of(a), ==, PART_DEPTH_MAX);
    g_assert_cmpuint(depth_of(b), ==, PART_DEPTH_MAX);
    g_autofree char *text = part_tree_to_text(a);
    g_autoptr(Part) back = part_tree_from_text(text, NULL);
    g_assert_nonnull(back);
}

static void test_count(void)
{
    g_autoptr(GString) s = g_string_new(MIXED);
    for (guint i = 0; i < 2 * PART_COUNT_MAX; i++)
        g_string_append(s, "--b\n\nx\n");
    gint64 start = g_get_monotonic_time();
    g_autoptr(Part) root = part_parse(s->str, s->len);
    g_autoptr(GPtrArray) found = part_attachments(root);
    g_assert_cmpuint(root->children->len, ==, PART_COUNT_MAX - 1);
    const Part *last = g_ptr_array_index(root->children, root->children->len - 1);
    g_assert_true(last->body.len <= root->body.len);
    g_assert_cmpint(g_get_monotonic_time() - start, <, 10 * G_USEC_PER_SEC);
}

/* 100 open multiparts, and a megabyte of lines that might be a boundary of each. */
static void test_boundary_storm(void)
{
    g_autoptr(GString) s = g_string_new(NULL);
    for (guint i = 0; i < 100; i++)
        g_string_append_printf(s, "Content-Type: multipart/mixed; boundary=\"%0*d\"\n\n--%0*d\n",
                               (int)i + 1, 0, (int)i + 1, 0);
    while (s->len < 1000000)
        g_string_append(s, "--00000000x\n--\n");
    gint64 start = g_get_monotonic_time();
    g_autoptr(Part) root = part_parse(s->str, s->len);
    g_assert_nonnull(root);
    g_assert_cmpint(g_get_monotonic_time() - start, <, 10 * G_USEC_PER_SEC);
}

/* Every span lies in the message and in its parent, whatever is cut out of it. */
static void assert_sound(const Part *p, const char *at, const char *end)
{
    g_assert_true(p->header.at >= at && p->header.at + p->header.len <= end);
    g_assert_true(p->body.at >= p->header.at && p->body.at + p->body.len <= end);
    g_assert_true(g_utf8_validate(p->name, -1, NULL) && g_utf8_validate(p->type, -1, NULL));
    for (guint i = 0; i < p->children->len; i++)
        assert_sound(g_ptr_array_index(p->children, i), p->body.at, p->body.at + p->body.len);
}

static void test_cut_anywhere(void)
{
    gsize len = strlen(sample);
    for (gsize n = 0; n <= len; n++) {
        g_autofree char *copy = g_memdup2(sample, n); /* so that reading past it is seen */
        g_autoptr(Part) root = part_parse(copy, n);
        assert_sound(root, copy ? copy : root->header.at, copy ? copy + n : root->header.at);
        g_autofree char *tail = g_memdup2(sample + n, len - n);
        g_autoptr(Part) rest = part_parse(tail, len - n);
        g_assert_nonnull(rest);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mime/part/trees", test_trees);
    g_test_add_func("/mime/part/fields", test_fields);
    g_test_add_func("/mime/part/spans", test_spans);
    g_test_add_func("/mime/part/choice", test_choice);
    g_test_add_func("/mime/part/choices", test_choices);
    g_test_add_func("/mime/part/uuencoded", test_uuencoded);
    g_test_add_func("/mime/part/text-of", test_text_of);
    g_test_add_func("/mime/part/text-form", test_text_form);
    g_test_add_func("/mime/part/facts", test_facts);
    g_test_add_func("/mime/part/depth", test_depth);
    g_test_add_func("/mime/part/count", test_count);
    g_test_add_func("/mime/part/boundary-storm", test_boundary_storm);
    g_test_add_func("/mime/part/cut-anywhere", test_cut_anywhere);
    return g_test_run();
}
