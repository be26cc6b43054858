/* test_compose.c - messages that leave: their bytes, and what must never be in them. */
#include <stdio.h>
#include <glib/gstdio.h>
#include <string.h>
#include "pintail/mime/compose.h"
#include "pintail/util/error.h"

static Draft *draft(const char *subject, const char *body)
{
    g_autoptr(Address) from = address_new("Ana Costa", "ana@example.org");
    Draft *d = draft_new(from);
    g_ptr_array_add(d->to, address_new("Bj\303\266rn, L.", "bjorn@example.com"));
    g_ptr_array_add(d->bcc, address_new("", "secret@example.net"));
    g_free(d->subject);
    g_free(d->body);
    d->subject = g_strdup(subject);
    d->body = g_strdup(body);
    d->date = 1795127040;
    return d;
}

/* The message as text, after what must hold for every message. */
static char *composed(Draft *d, ComposeFlags flags)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(GBytes) b = compose_message(d, flags, &err);
    g_assert_no_error(err);
    gsize len;
    const char *at = g_bytes_get_data(b, &len);
    gsize column = 0;
    gboolean header = TRUE;
    for (gsize i = 0; i < len; i++) {
        g_assert_true(at[i] != '\0');
        g_assert_true(at[i] != '\n' || (i > 0 && at[i - 1] == '\r'));
        g_assert_true(at[i] != '\r' || (i + 1 < len && at[i + 1] == '\n'));
        g_assert_true((guchar)at[i] < 0x80 || (!header && (flags & COMPOSE_ALLOW_8BIT)));
        if (at[i] == '\n') {
            header = header && column > 1;
            column = 0;
        } else {
            column++;
            g_assert_cmpuint(column, <=, header ? 999 : 999); /* CR counts here, not in the limit */
        }
    }
    g_assert_cmpint(at[len - 1], ==, '\n');
    return g_strndup(at, len);
}

static Part *tree(const char *message)
{
    return part_parse(message, strlen(message));
}

static char *body_of(const char *message)
{
    g_autoptr(Part) root = tree(message);
    const Part *p = part_main_text(root, FALSE);
    g_assert_nonnull(p);
    char *text = part_text_of(p, p->body, NULL);
    GString *lf = g_string_new(text);
    g_string_replace(lf, "\r\n", "\n", 0);
    g_free(text);
    return g_string_free(lf, FALSE);
}

static void test_plain(void)
{
    g_autoptr(Draft) d = draft("Hello", "A line.\n\n-- \nAna\n");
    g_autofree char *m = composed(d, 0);
    g_autoptr(Envelope) e = envelope_parse(m, strlen(m));
    g_assert_cmpstr(e->subject, ==, "Hello");
    g_assert_cmpint(e->date, ==, 1795127040);
    g_assert_cmpstr(((Address *)g_ptr_array_index(e->to, 0))->name, ==, "Bj\303\266rn, L.");
    g_assert_cmpstr(d->message_id, ==, e->message_id);
    g_assert_true(g_str_has_suffix(e->message_id, "@example.org"));
    g_assert_nonnull(strstr(m, "\r\nMIME-Version: 1.0\r\n"));
    g_assert_nonnull(strstr(m, "Content-Transfer-Encoding: 7bit\r\n"));
    g_assert_true(g_str_has_suffix(m, "\r\n\r\nA line.\r\n\r\n-- \r\nAna\r\n"));
    g_autofree char *again = composed(d, 0);
    g_assert_cmpstr(m, ==, again); /* the id stays: the outbox may compose twice */
}

static void test_bcc(void)
{
    g_autoptr(Draft) d = draft("x", "y");
    g_autofree char *sent = composed(d, 0), *stored = composed(d, COMPOSE_KEEP_BCC);
    g_assert_null(strstr(sent, "secret@"));
    g_assert_null(strcasestr(sent, "\nbcc:"));
    g_assert_nonnull(strstr(stored, "\r\nBcc: secret@example.net\r\n"));
    g_ptr_array_set_size(d->to, 0);
    g_autofree char *only_bcc = composed(d, 0);
    g_assert_nonnull(strstr(only_bcc, "\r\nTo: undisclosed-recipients:;\r\n"));
    g_assert_null(strstr(only_bcc, "secret@"));
}

static const struct {
    const char *body, *encoding, *encoding_8bit;
} bodies[] = {
    {"", "7bit", "7bit"},
    {"plain\n", "7bit", "7bit"},
    {"no line end", "7bit", "7bit"},
    {"gr\303\274n ist die Farbe der Hoffnung\n", "quoted-printable", "8bit"},
    {"\346\227\245\346\234\254\350\252\236\343\201\256\346\234\254\346\226\207\n", "base64", "8bit"},
    {"From the start\n", "quoted-printable", "quoted-printable"},
    {"a\rb\n", "quoted-printable", "quoted-printable"},
    {".\n..\n", "7bit", "7bit"},
    {"trailing blank \n\ttab\n", "7bit", "7bit"},
};

static void test_bodies(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(bodies); i++) {
        for (int eight = 0; eight < 2; eight++) {
            g_autoptr(Draft) d = draft("x", bodies[i].body);
            g_autofree char *m = composed(d, eight ? COMPOSE_ALLOW_8BIT : 0);
            g_autofree char *cte = header_get(span_of(m), "Content-Transfer-Encoding");
            g_assert_cmpstr(cte, ==, eight ? bodies[i].encoding_8bit : bodies[i].encoding);
            g_autofree char *back = body_of(m);
            g_autofree char *a = g_strchomp(g_strdup(back)), *b = g_strchomp(g_strdup(bodies[i].body));
            g_assert_cmpstr(a, ==, b);
        }
    }
    g_autofree char *line = g_strnfill(3000, 'x');
    g_autoptr(Draft) d = draft("x", line);
    g_autofree char *m = composed(d, COMPOSE_ALLOW_8BIT);
    g_autofree char *back = body_of(m);
    g_assert_cmpstr(g_strchomp(back), ==, line);
}

static void test_no_injection(void)
{
    g_autoptr(Draft) d = draft("x\r\nBcc: evil@example.net\r\n\r\nbody", "y");
    g_autoptr(Address) evil = address_new("a\nX-Evil: 1", "b@example.org>\r\nX-Evil: 2\r\nCc: <c@x");
    g_ptr_array_add(d->cc, address_new(evil->name, evil->address));
    g_ptr_array_add(d->reply_to, address_new("\r\n\r\n", "r@example.org\n\nX-Evil: 3"));
    d->message_id = g_strdup("id@x>\r\nX-Evil: 4");
    d->in_reply_to = g_strdup("p@x\r\nX-Evil: 5");
    d->references = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(d->references, g_strdup("r@x\r\nX-Evil: 6"));
    Attachment *a = g_new0(Attachment, 1);
    a->name = g_strdup("n\"\r\nX-Evil: 7\r\n\r\n.txt");
    a->type = g_strdup("text/plain\r\nX-Evil: 8");
    a->content = g_bytes_new_static("--b\r\n", 5);
    g_ptr_array_add(d->attachments, a);
    g_autofree char *m = composed(d, 0);
    g_assert_null(strstr(m, "\nX-Evil"));
    g_assert_null(strstr(m, "\nBcc"));
    g_autofree char *got = header_get(span_of(m), "X-Evil");
    g_assert_null(got);
    g_autoptr(Envelope) e = envelope_parse(m, strlen(m));
    g_assert_cmpuint(e->bcc->len, ==, 0);
    g_autoptr(Part) root = tree(m);
    g_assert_cmpuint(root->children->len, ==, 2);
}

static Attachment *attached(const char *name, const char *type, const void *bytes, gsize len)
{
    Attachment *a = g_new0(Attachment, 1);
    a->name = g_strdup(name);
    a->type = g_strdup(type);
    a->content = g_bytes_new(bytes, len);
    return a;
}

static void test_attachments(void)
{
    static const char binary[] = "\x89PNG\r\n\x1a\n\0\xff\n\r";
    g_autoptr(Draft) d = draft("x", "see attached\n");
    g_ptr_array_add(d->attachments, attached("p.dat", NULL, binary, sizeof binary));
    g_ptr_array_add(d->attachments, attached("gr\303\274n \"1\".txt", NULL, "a\nb\n", 4));
    g_ptr_array_add(d->attachments, attached("x", "multipart/mixed", "a\r\n", 3));
    g_ptr_array_add(d->attachments, attached("u.txt", NULL, "\303\274\n", 3));
    g_ptr_array_add(d->attachments, attached(NULL, NULL, "", 0));
    g_autofree char *m = composed(d, 0);
    g_autoptr(Part) root = tree(m);
    g_assert_cmpstr(root->type, ==, "multipart/mixed");
    g_autoptr(GPtrArray) all = part_attachments(root);
    g_assert_cmpuint(all->len, ==, 5);
    const Part *p = g_ptr_array_index(all, 0);
    g_autoptr(GBytes) back = part_decode(p->encoding, p->body);
    gsize n;
    const char *at = g_bytes_get_data(back, &n);
    g_assert_cmpmem(at, n, binary, sizeof binary);
    g_assert_cmpstr(p->type, ==, "image/png");
    p = g_ptr_array_index(all, 1);
    g_assert_cmpstr(p->name, ==, "gr\303\274n \"1\".txt");
    g_assert_cmpstr(p->type, ==, "text/plain");
    g_assert_cmpint(p->encoding, ==, PART_ENCODING_BASE64); /* the same bytes: no line end is made CRLF */
    p = g_ptr_array_index(all, 2);
    g_assert_cmpstr(p->type, ==, "application/octet-stream");
    p = g_ptr_array_index(all, 3);
    g_assert_cmpstr(p->charset, ==, "utf-8");
    g_assert_cmpuint(strlen(root->boundary), >, 20);
}

static void test_files(void)
{
    g_autoptr(GError) err = NULL;
    g_autofree char *directory = g_dir_make_tmp("pintail-compose-XXXXXX", &err);
    g_assert_no_error(err);
    g_autofree char *path = g_build_filename(directory, "notes.md", NULL);
    g_assert_true(g_file_set_contents(path, "# Notes\n", -1, &err));
    g_autoptr(Draft) d = draft("x", "y\n");
    Attachment *a = g_new0(Attachment, 1);
    a->path = g_strdup(path);
    g_ptr_array_add(d->attachments, a);
    g_autofree char *m = composed(d, 0);
    g_autoptr(Part) root = tree(m);
    const Part *p = part_by_section(root, "2");
    g_assert_cmpstr(p->name, ==, "notes.md");
    g_assert_cmpstr(p->type, ==, "text/markdown");
    g_assert_cmpint(g_remove(path), ==, 0);
    g_autoptr(GBytes) none = compose_message(d, 0, &err);
    g_assert_null(none);
    g_assert_true(error_is(err, PINTAIL_ERROR_GONE));
    g_assert_nonnull(strstr(err->message, path));
    g_assert_cmpint(g_rmdir(directory), ==, 0);
}

/* A message with 8-bit and endless lines becomes content that may travel anywhere. */
static void test_enclosed(void)
{
    g_autoptr(GString) inner = g_string_new("From x@example.org Thu Nov 19 23:24:00 2026\n"
        "From: Bj\303\266rn <b@example.org>\nSubject: gr\303\274n\nX-Old: \374\n"
        "Content-Type: multipart/mixed; boundary=in\n\npreamble\n"
        "--in\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\ngr\303\274n\n"
        "--in\nContent-Type: application/octet-stream\n\n");
    g_string_append_len(inner, "\0\377\n", 3);
    for (guint i = 0; i < 3000; i++)
        g_string_append_c(inner, 'x');
    g_string_append(inner, "\n--in--\n");
    g_autoptr(Draft) d = draft("Fwd", "see\n");
    g_ptr_array_add(d->attachments, attached("m.eml", "message/rfc822", inner->str, inner->len));
    g_autofree char *m = composed(d, 0);
    g_autoptr(Part) root = tree(m);
    const Part *text = part_by_section(root, "2.1"), *binary = part_by_section(root, "2.2");
    g_assert_cmpstr(part_by_section(root, "2")->type, ==, "message/rfc822");
    g_assert_nonnull(text);
    g_autofree char *t = part_text_of(text, text->body, NULL);
    g_assert_cmpstr(g_strchomp(t), ==, "gr\303\274n");
    g_autoptr(GBytes) back = part_decode(binary->encoding, binary->body);
    g_assert_cmpuint(g_bytes_get_size(back), ==, 3003);
    const Part *message = part_by_section(root, "2");
    g_autoptr(Envelope) e = envelope_parse(message->body.at, message->body.len);
    g_assert_cmpstr(e->subject, ==, "gr\303\274n");
    g_assert_cmpstr(((Address *)g_ptr_array_index(e->from, 0))->name, ==, "Bj\303\266rn");
    /* one that may travel as it is, does */
    static const char simple[] = "Subject: s\r\n\r\nbody \r\n\tx\r\n";
    g_autoptr(Draft) plain = draft("Fwd", "see\n");
    g_ptr_array_add(plain->attachments, attached("m.eml", "message/rfc822", simple, strlen(simple)));
    g_autofree char *whole = composed(plain, 0);
    g_assert_nonnull(strstr(whole, simple));
}

static void test_international_domain(void)
{
    g_autoptr(Draft) d = draft("x", "y");
    g_ptr_array_add(d->to, address_new("", "a@ex\303\244mple.org"));
    g_autofree char *m = composed(d, 0);
    g_assert_nonnull(strstr(m, "a@xn--exmple-cua.org"));
}

static void test_message_ids(void)
{
    g_autofree char *a = compose_new_message_id("x@example.org"), *b = compose_new_message_id("x@example.org");
    g_autofree char *c = compose_new_message_id(""), *d = compose_new_message_id("a@b>\r\nX: 1");
    g_assert_cmpstr(a, !=, b);
    g_assert_true(g_str_has_suffix(a, "@example.org"));
    g_assert_null(strchr(a, '<'));
    g_assert_nonnull(strchr(c, '@'));
    g_assert_null(strpbrk(d, "\r\n <>"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mime/compose/plain", test_plain);
    g_test_add_func("/mime/compose/bcc", test_bcc);
    g_test_add_func("/mime/compose/bodies", test_bodies);
    g_test_add_func("/mime/compose/no-injection", test_no_injection);
    g_test_add_func("/mime/compose/attachments", test_attachments);
    g_test_add_func("/mime/compose/files", test_files);
    g_test_add_func("/mime/compose/enclosed", test_enclosed);
    g_test_add_func("/mime/compose/international-domain", test_international_domain);
    g_test_add_func("/mime/compose/message-ids", test_message_ids);
    return g_test_run();
}
