/* test_imap_bodies.c - the content of a large message: text first, attachments in pieces that survive a
 * cut, BINARY where it helps, and the raw message where nothing else can be read. */
#include "imap_home.h"
#include "pintail/mime/part.h"

#define MODERN "UIDPLUS MOVE UNSELECT LITERAL+"
#define ATTACHMENT 1500000 /* bytes, decoded */

/* The large message is UID 2 of INBOX: text (1), a small inline part (2), an attachment (3). */
typedef struct {
    char *message, *attachment; /* whole; decoded */
    Part *root;
    const char *structure; /* what BODYSTRUCTURE says; NULL: the truth */
    const char *binary;    /* what BINARY answers instead of data; NULL */
    GString *log;          /* sections asked for */
    guint sent;            /* bytes of sections */
    guint cut;             /* in the middle of this one, counted from 1; 0: none */
} Large;

static char *encoded(const char *text)
{
    GString *out = g_string_new(NULL);
    for (gsize from = 0, len = strlen(text); from < len; from += 54) { /* not the lines that we would write */
        g_autofree char *line = g_base64_encode((const guchar *)text + from, MIN(54, len - from));
        g_string_append_printf(out, "%s\r\n", line);
    }
    return g_string_free(out, FALSE);
}

static Large *large_new(void)
{
    Large *l = g_new0(Large, 1);
    l->log = g_string_new(NULL);
    l->attachment = g_malloc(ATTACHMENT + 1);
    for (guint i = 0; i < ATTACHMENT; i++)
        l->attachment[i] = (char)('A' + (i * 7 + i / 1000) % 50);
    l->attachment[ATTACHMENT] = '\0';
    g_autofree char *body = encoded(l->attachment);
    l->message = g_strdup_printf("From: bea@example.org\r\nSubject: large\r\nMessage-ID: <large@example.org>\r\n"
                                 "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n"
                                 "--B\r\nContent-Type: text/plain\r\n\r\nthe text\r\n"
                                 "--B\r\nContent-Type: image/png\r\nContent-Disposition: inline\r\n"
                                 "Content-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n"
                                 "--B\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=a.pdf\r\n"
                                 "Content-Transfer-Encoding: base64\r\n\r\n%s--B--\r\n",
                                 body);
    l->root = part_parse(l->message, strlen(l->message));
    return l;
}

static void large_free(Large *l)
{
    part_free(l->root);
    g_string_free(l->log, TRUE);
    g_free(l->message);
    g_free(l->attachment);
    g_free(l);
}

static Span section_span(const Large *l, const char *section)
{
    if (!*section)
        return span_of(l->message);
    const Part *p = part_by_section(l->root, section);
    return p ? p->body : SPAN_NONE;
}

static void send_section(FakeClient *c, Large *l, const char *item, guint number)
{
    gboolean binary = g_str_has_prefix(item, "BINARY");
    const char *from = strchr(item, '[') + 1, *end = strchr(from, ']');
    g_autofree char *section = g_strndup(from, (gsize)(end - from));
    Span whole = section_span(l, section);
    if (binary)
        whole = span_of(l->attachment);
    guint64 offset = 0, length = whole.len;
    g_autofree char *origin = g_strdup("");
    if (end[1] == '<') {
        offset = g_ascii_strtoull(end + 2, NULL, 10);
        length = g_ascii_strtoull(strchr(end, '.') + 1, NULL, 10);
        g_free(origin);
        origin = g_strdup_printf("<%" G_GUINT64_FORMAT ">", offset);
    }
    offset = MIN(offset, whole.len);
    length = MIN(length, whole.len - offset);
    g_string_append_printf(l->log, "%s%s[%s]%s", l->log->len ? " " : "", binary ? "BINARY" : "BODY", section, origin);
    l->sent += (guint)length;
    g_autofree char *bytes = g_strndup(whole.at + offset, length);
    if (l->cut > 0 && --l->cut == 0) {
        g_autofree char *half = g_strdup_printf("* %u FETCH (UID 2 %s[%s]%s %s{%zu}\r\n%.*s", number,
                                                binary ? "BINARY" : "BODY", section, origin, binary ? "~" : "",
                                                (size_t)length, (int)(length / 2), bytes);
        g_assert_cmpint(send(c->fd, half, strlen(half), MSG_NOSIGNAL), >, 0);
        c->open = FALSE;
        return;
    }
    fake_send(c, "* %u FETCH (UID 2 %s[%s]%s %s{%zu}\r\n%s)", number, binary ? "BINARY" : "BODY", section, origin,
              binary ? "~" : "", (size_t)length, bytes);
}

static gboolean serve(FakeClient *c, const char *tag, const char *command)
{
    Large *l = ((ImapWorld *)c->fake->data)->data;
    const char *item;
    if (!g_str_has_prefix(command, "UID FETCH 2 "))
        return FALSE;
    if (strstr(command, "BODYSTRUCTURE")) {
        gsize size = section_span(l, "3").len;
        g_autofree char *truth = g_strdup_printf(
            "((\"text\" \"plain\" NIL NIL NIL \"7bit\" 8 1)(\"image\" \"png\" NIL NIL NIL \"base64\" 12 NIL "
            "(\"inline\" NIL) NIL)(\"application\" \"pdf\" NIL NIL NIL \"base64\" %zu NIL (\"attachment\" "
            "(\"filename\" \"a.pdf\")) NIL) \"mixed\")", size);
        gsize header = (gsize)(strstr(l->message, "\r\n\r\n") + 4 - l->message);
        g_string_append(l->log, "STRUCTURE");
        fake_send(c, "* 2 FETCH (UID 2 BODYSTRUCTURE %s BODY[HEADER] {%zu}\r\n%.*s)", l->structure ? l->structure : truth,
                  header, (int)header, l->message);
    } else if ((item = strstr(command, "BINARY.PEEK[")) && l->binary) {
        g_string_append(l->log, " refused");
        fake_send(c, "%s %s", tag, l->binary);
        return TRUE;
    } else if (item || (item = strstr(command, "BODY.PEEK[")) ) {
        if (g_str_has_prefix(item, "BODY.PEEK[HEADER"))
            return FALSE;
        send_section(c, l, item, 2);
    } else {
        return FALSE;
    }
    fake_send(c, "%s OK fetched", tag);
    return TRUE;
}

typedef struct {
    Large *l;
    ImapWorld *w;
    Fake *f;
    Home *h;
    gint64 message;
} Rig;

static Rig rig_new(const char *capabilities)
{
    Rig r = {.l = large_new(), .w = world_new(1, capabilities)};
    box_add(world_box(r.w, "INBOX"), r.l->message, 1);
    r.w->intercept = serve;
    r.w->data = r.l;
    r.f = fake_new(&imap_serve, r.w);
    r.h = imap_home(r.f);
    home_run_once(r.h, 0, 2);
    gint64 folder;
    guint32 uid, uidvalidity;
    g_assert_true(placement_locate(r.h->store, home_placement(r.h, home_folder(r.h, "INBOX"), "large"), &folder, &uid,
                                   &uidvalidity, &r.message));
    return r;
}

static void rig_free(Rig *r)
{
    home_free(r->h);
    fake_free(r->f);
    world_free(r->w);
    large_free(r->l);
}

/* Asks for it as the viewer does. */
static gboolean fetch(Rig *r, const char *section)
{
    g_autoptr(Engine) e = home_engine(r->h, 0);
    Request *request = request_new(REQUEST_BODY, r->h->id);
    request->message_id = r->message;
    request->section = g_strdup(section);
    g_string_truncate(r->l->log, 0);
    r->l->sent = 0;
    g_assert_true(bus_request(r->h->bus, LANE_FAST, request));
    gboolean ok = home_wait(r->h, EVENT_BODY)->ok;
    home_stop(r->h, e);
    return ok;
}

/* The attachment, decoded. */
static void assert_attachment(Rig *r)
{
    g_autoptr(GBytes) bytes = body_get(r->h->store, r->message, "3", NULL);
    g_assert_nonnull(bytes);
    g_autoptr(GBytes) plain = part_decode(PART_ENCODING_BASE64, span_new(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes)));
    g_assert_cmpmem(g_bytes_get_data(plain, NULL), g_bytes_get_size(plain), r->l->attachment, ATTACHMENT);
}

/* Structure, text and what is small and inline; not the attachment. */
static void test_text_first(void)
{
    Rig r = rig_new(MODERN);
    g_assert_true(fetch(&r, ""));
    g_assert_cmpstr(r.l->log->str, ==, "STRUCTURE BODY[1] BODY[2]");
    g_assert_true(body_have(r.h->store, r.message, "TREE"));
    g_assert_true(body_have(r.h->store, r.message, "2"));
    g_assert_false(body_have(r.h->store, r.message, "3"));
    g_assert_cmpuint(r.l->sent, <, 100);
    g_assert_true(fetch(&r, "3"));
    g_assert_true(g_str_has_prefix(r.l->log->str, "BODY[3]<0> BODY[3]<"));
    g_autoptr(GBytes) raw = body_get(r.h->store, r.message, "3", NULL);
    Span wanted = section_span(r.l, "3");
    g_assert_cmpmem(g_bytes_get_data(raw, NULL), g_bytes_get_size(raw), wanted.at, wanted.len); /* to the byte */
    assert_attachment(&r);
    rig_free(&r);
}

/* A cut in the middle of a piece: what had come is not asked for again. */
static void check_resume(const char *capabilities, const char *word)
{
    for (guint cut = 1; cut <= 3; cut++) {
        Rig r = rig_new(capabilities);
        g_assert_true(fetch(&r, ""));
        r.l->cut = cut;
        g_assert_false(fetch(&r, "3"));
        g_assert_false(body_have(r.h->store, r.message, "3"));
        g_assert_true(fetch(&r, "3"));
        g_autofree char *start = g_strdup_printf("%s[3]<0>", word);
        g_assert_true(g_str_has_prefix(r.l->log->str, word));
        g_assert_false(g_str_has_prefix(r.l->log->str, start));
        assert_attachment(&r);
        rig_free(&r);
    }
}

static void test_resume_body(void)
{
    check_resume(MODERN, "BODY");
}

static void test_resume_binary(void)
{
    check_resume(MODERN " BINARY", "BINARY");
}

static void test_binary(void)
{
    Rig r = rig_new(MODERN " BINARY");
    g_assert_true(fetch(&r, ""));
    g_assert_true(fetch(&r, "3"));
    g_assert_true(g_str_has_prefix(r.l->log->str, "BINARY[3]<0>"));
    g_assert_null(strstr(r.l->log->str, "BODY"));
    g_assert_cmpuint(r.l->sent, ==, ATTACHMENT);
    assert_attachment(&r);
    rig_free(&r);
}

static void test_unknown_cte(void)
{
    static const char *const answers[] = {"NO [UNKNOWN-CTE] no", "BAD what?", "OK and nothing"};
    for (guint i = 0; i < G_N_ELEMENTS(answers); i++) {
        Rig r = rig_new(MODERN " BINARY");
        r.l->binary = answers[i];
        g_assert_true(fetch(&r, ""));
        g_assert_true(fetch(&r, "3"));
        g_assert_nonnull(strstr(r.l->log->str, "refused BODY[3]<0>"));
        assert_attachment(&r);
        rig_free(&r);
    }
}

/* A structure that cannot be read costs nothing but bytes. */
static void test_bad_structure(void)
{
    static const char *const bad[] = {"((((", "(\"text\")", "NIL", "((\"text\" \"plain\" (\"a\"b\")))"};
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        Rig r = rig_new(MODERN);
        r.l->structure = bad[i];
        g_assert_true(fetch(&r, ""));
        g_autoptr(GBytes) whole = body_get(r.h->store, r.message, "", NULL);
        g_assert_cmpmem(g_bytes_get_data(whole, NULL), g_bytes_get_size(whole), r.l->message, strlen(r.l->message));
        rig_free(&r);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/imap/bodies/text first", test_text_first);
    g_test_add_func("/imap/bodies/resume", test_resume_body);
    g_test_add_func("/imap/bodies/resume with BINARY", test_resume_binary);
    g_test_add_func("/imap/bodies/BINARY", test_binary);
    g_test_add_func("/imap/bodies/UNKNOWN-CTE", test_unknown_cte);
    g_test_add_func("/imap/bodies/bad structure", test_bad_structure);
    return g_test_run();
}
