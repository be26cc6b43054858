/* test_trust.c - who is it really: senders, domains, servers' findings, links, attachments, list headers. */
#include <string.h>
#include "pintail/mime/list_actions.h"
#include "pintail/mime/trust.h"

typedef struct {
    const char *header, *html, *parts; /* parts: the whole message instead */
    const char *host;
    TrustLevel level;
    const char *brief; /* is in the first finding's words; NULL: nothing above a fact */
} Case;

static GBytes *bytes_of(gpointer data, const Part *p)
{
    return part_decode(p->encoding, p->body);
}

static GPtrArray *judge(const Case *c)
{
    g_autofree char *message = c->parts ? g_strdup(c->parts) : g_strdup_printf("%s\r\n\r\n", c->header);
    Span header = span_new(message, strlen(message));
    g_autoptr(Envelope) e = envelope_parse(message, strlen(message));
    g_autoptr(Part) root = part_parse(message, strlen(message));
    g_autoptr(Rendered) r = c->html ? render_html(c->html, strlen(c->html)) : NULL;
    g_autoptr(TrustSurvey) s = trust_survey(header, e, r, root, bytes_of, NULL);
    g_autoptr(GPtrArray) own = g_ptr_array_new_with_free_func((GDestroyNotify)address_free);
    g_autoptr(GPtrArray) servers = g_ptr_array_new();
    g_ptr_array_add(own, address_new("Ana Ruiz", "ana@milo.example"));
    g_ptr_array_add(servers, (gpointer)"mx.provider.example");
    TrustFacts facts = {.host = c->host ? c->host : "imap.milo.example", .servers = servers, .own = own};
    return trust_judge(s, &facts);
}

static void check(const Case *cases, gsize n)
{
    for (gsize i = 0; i < n; i++) {
        g_autoptr(GPtrArray) all = judge(&cases[i]);
        const TrustFinding *f = all->len ? all->pdata[0] : NULL;
        g_test_message("case %zu: %s", i, f ? f->brief : "-");
        if (!cases[i].brief) {
            g_assert_true(!f || f->level == TRUST_FACT);
            continue;
        }
        g_assert_nonnull(f);
        g_assert_cmpint(f->level, ==, cases[i].level);
        g_assert_nonnull(strstr(f->brief, cases[i].brief));
        g_assert_true(*f->reason);
    }
}

static void test_names(void)
{
    static const Case cases[] = {
        {.header = "From: Grace <grace@example.org>"},
        {.header = "From: \"grace@example.org\" <grace@mail.example.org>"},
        {"From: \"pay@bank.example\" <x@evil.example>", .level = TRUST_WARNING, .brief = "pay@bank.example"},
        {"From: \"Bank (pay@bank.example)\" <x@evil.example>", .level = TRUST_WARNING, .brief = "x@evil.example"},
        {"From: \"pay@bank.example via L\" <l@lists.example>\r\nList-Id: <l.lists.example>", .level = TRUST_NOTE,
         .brief = "pay@bank.example"},
        {"From: \"www.bank.com\" <x@evil.example>", .level = TRUST_NOTE, .brief = "www.bank.com"},
        {"From: =?utf-8?B?0KBheXBhbA==?= <x@evil.example>", .level = TRUST_WARNING, .brief = "imitated"},
        {"From: =?utf-8?Q?=E2=80=AEknab?= <x@evil.example>", .level = TRUST_WARNING, .brief = "backwards"},
        {"From: Ana Ruiz <boss@evil.example>", .level = TRUST_NOTE, .brief = "boss@evil.example"},
        {.header = "From: Ana Ruiz <other@milo.example>"},
        {"From: a@example.org\r\nFrom: b@example.org", .level = TRUST_WARNING, .brief = "twice"},
        {"From: a@example.org, b@example.org\r\nSender: a@example.org", .level = TRUST_NOTE, .brief = "several"},
        {.header = "From: \xd0\x90\xd0\xbd\xd0\xbd\xd0\xb0 <anna@example.org>"},
        {.header = "Subject: nobody"},
    };
    check(cases, G_N_ELEMENTS(cases));
}

static void test_domains(void)
{
    static const Case cases[] = {
        {"From: a@b\xc3\xbc" "cher.example", .level = TRUST_NOTE, .brief = "b\xc3\xbc" "cher.example = xn--bcher-kva.example"},
        {"From: a@xn--bcher-kva.example", .level = TRUST_NOTE, .brief = "b\xc3\xbc" "cher.example = xn--bcher-kva.example"},
        /* Cyrillic a in a Latin word; a word that is all Cyrillic and all doubles */
        {"From: a@p\xd0\xb0ypal.example", .level = TRUST_WARNING, .brief = "xn--"},
        {"From: a@\xd0\xb0\xd1\x80\xd1\x80\xd3\x8f\xd0\xb5.example", .level = TRUST_WARNING, .brief = "imitated letters"},
        {"From: a@\xd0\xbc\xd0\xbe\xd1\x81\xd0\xba\xd0\xb2\xd0\xb0.example", .level = TRUST_NOTE, .brief = "xn--"},
        {"From: a@xn--99999999999.example", .level = TRUST_WARNING, .brief = "xn--99999999999"},
        {"From: a@mi1o.example", .level = TRUST_WARNING, .brief = "mi1o.example is not your milo.example"},
        {.header = "From: a@example.org\r\nReply-To: b@mail.example.org"},
        {"From: a@example.org\r\nReply-To: b@evil.example", .level = TRUST_NOTE, .brief = "b@evil.example"},
        {.header = "From: a@example.org\r\nReply-To: l@lists.example\r\nList-Post: <mailto:l@lists.example>"},
    };
    check(cases, G_N_ELEMENTS(cases));
    g_autofree char *a = host_skeleton("rnodern.example"), *b = host_skeleton("modem.example");
    g_assert_cmpstr(a, ==, b);
}

#define AR "Authentication-Results: "
static void test_servers(void)
{
    static const Case cases[] = {
        {AR "mx.milo.example; dmarc=fail header.from=bank.example\r\nFrom: a@bank.example", .level = TRUST_WARNING,
         .brief = "bank.example did not send this"},
        {AR "mx.provider.example 1; dmarc=fail\r\nFrom: a@bank.example", .level = TRUST_WARNING, .brief = "bank.example"},
        {AR "mx.milo.example; dmarc=fail\r\nFrom: a@bank.example\r\nList-Id: <l.example>", .level = TRUST_NOTE, .brief = "bank.example"},
        /* another server's, and one below another */
        {.header = AR "mx.evil.example; dmarc=fail\r\nFrom: a@bank.example"},
        {.header = AR "mx.evil.example; dmarc=pass\r\n" AR "mx.milo.example; dmarc=fail\r\nFrom: a@bank.example"},
        {AR "mx.milo.example; dmarc=fail\r\nFrom: a@bank.example", .host = "imap.other.example"},
        {.header = AR "mx.milo.example; spf=pass smtp.mailfrom=a@bank.example; dkim=fail (bad (very)) header.d=bank.example\r\nFrom: a@bank.example"},
        {AR "mx.milo.example; dkim=pass header.d=evil.example; spf=fail smtp.mailfrom=x@y.example\r\nFrom: a@bank.example",
         .level = TRUST_NOTE, .brief = "could not confirm bank.example"},
        {AR "mx.milo.example;\r\n dkim=fail header.d=bank.example;\r\n spf=fail\r\nFrom: a@bank.example", .level = TRUST_WARNING,
         .brief = "could not confirm"},
        {.header = AR "mx.milo.example; none\r\nFrom: a@bank.example"},
        {.header = AR "spf=fail; dkim=fail\r\nFrom: a@bank.example"},
        {.header = AR "mx.milo.example; dmarc=fail (\r\nFrom: a@bank.example"},
    };
    check(cases, G_N_ELEMENTS(cases));
    AuthResults r;
    auth_results_parse("MX.example 1 (x); dkim=pass header.i=@a.example header.b=\"ab=\"; dkim=fail header.d=b.example;"
                       " dkim=pass header.d=b.example header.b=xyz==; spf=softfail (\\) no) smtp.mailfrom=x@c.example",
                       "b.example", &r);
    g_assert_cmpstr(r.server, ==, "mx.example");
    g_assert_cmpint(r.dkim.result, ==, AUTH_PASS);
    g_assert_cmpstr(r.dkim.domain, ==, "b.example");
    g_assert_cmpint(r.spf.result, ==, AUTH_SOFTFAIL);
    g_assert_cmpstr(r.spf.domain, ==, "c.example");
    auth_results_clear(&r);
}

static void test_links(void)
{
    static const Case cases[] = {
        {"From: a@example.org", "<a href='https://evil.example/'>https://bank.example/login</a>", .level = TRUST_WARNING,
         .brief = "says bank.example, leads to evil.example"},
        {.header = "From: a@example.org", "<a href='https://click.news.example/ls/click?upn=AbCdEfGhIjKlMnOpQrStUvWxYz0123456789'>www.shop.example</a>"},
        {"From: a@example.org", "<a href='https://bank.example@evil.example/'>here</a>", .level = TRUST_WARNING, .brief = "evil.example"},
        {"From: a@example.org", "<a href='https://p\xd0\xb0ypal.example/'>here</a>", .level = TRUST_WARNING, .brief = "imitated"},
        {.header = "From: a@example.org", "<a href='https://bank.example/a@b'>here</a>"},
    };
    check(cases, G_N_ELEMENTS(cases));
}

#define FILE_PART(name, content)                                                                               \
    "From: a@example.org\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n" \
    "x\r\n--b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename*=utf-8''" \
    name "\r\n\r\n" content "\r\n--b--\r\n"
#define LONG "0123456789012345678901234567890123456789012345678901234567890123456789"

static void test_files(void)
{
    static const Case cases[] = {
        {.parts = FILE_PART("report.pdf", "%PDF-1.7")},
        {.parts = FILE_PART("report.pdf.exe", "x"), .level = TRUST_WARNING, .brief = "looks like a document: report.pdf.exe"},
        {.parts = FILE_PART("report.pdf%20%20%20.SCR%20", "x"), .level = TRUST_WARNING, .brief = "report.pdf"},
        {.parts = FILE_PART("x.lnk", "x"), .level = TRUST_WARNING, .brief = "program is attached"},
        {.parts = FILE_PART("x.iso.", "x"), .level = TRUST_WARNING, .brief = "x.iso"},
        {.parts = FILE_PART("build.sh", "#!/bin/sh"), .level = TRUST_NOTE, .brief = "script"},
        {.parts = FILE_PART("table.xlsm", "PK"), .level = TRUST_NOTE, .brief = "macros"},
        {.parts = FILE_PART("ann%E2%80%AEfdp.exe", "x"), .level = TRUST_WARNING, .brief = "hides its ending"},
        {.parts = FILE_PART("report.pdf", "MZ" LONG), .level = TRUST_WARNING, .brief = "does not look like one"},
        {.parts = FILE_PART("report", "\x7f" "ELF" LONG), .level = TRUST_WARNING, .brief = "does not look like one"},
        {.parts = FILE_PART("report.txt", "#!/bin/sh\necho"), .level = TRUST_WARNING, .brief = "does not look like one"},
        {.parts = FILE_PART("a.html", "<p>hello</p>")},
        {.parts = FILE_PART("a.html", "<p><SCRIPT>x</SCRIPT>"), .level = TRUST_WARNING, .brief = "program in it"},
        {.parts = FILE_PART("a.htm", "<form action=x>"), .level = TRUST_WARNING, .brief = "asks for something"},
        {.parts = FILE_PART("MZ.txt", "MZ is short")},
    };
    check(cases, G_N_ELEMENTS(cases));
}

static void test_lists(void)
{
    static const char header[] =
        "From: a@example.org\r\nList-Unsubscribe: <mailto:leave@l.example?subject=out>,\r\n <http://l.example/u>, (c) "
        "<https://l.example/\r\n u?x=1>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nList-Post: NO\r\n"
        "List-Archive: <https://l.example/archive>\r\nList-Help: <javascript:x>, <ftp://x>\r\nList-Owner: <mailto:o@l.example\r\n\r\n";
    g_autoptr(ListActions) l = list_actions_parse(span_new(header, strlen(header)));
    g_assert_cmpstr(l->of[LIST_UNSUBSCRIBE].mailto, ==, "mailto:leave@l.example?subject=out");
    g_assert_cmpstr(l->of[LIST_UNSUBSCRIBE].web, ==, "https://l.example/u?x=1");
    g_assert_true(l->one_click);
    g_assert_true(l->closed);
    g_assert_cmpstr(l->of[LIST_ARCHIVE].web, ==, "https://l.example/archive");
    g_assert_null(l->of[LIST_HELP].web);
    g_assert_null(l->of[LIST_OWNER].mailto);
    static const char clear[] = "List-Unsubscribe: <http://l.example/u>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\r\n";
    g_autoptr(ListActions) m = list_actions_parse(span_new(clear, strlen(clear)));
    g_assert_false(m->one_click);
    g_assert_null(list_actions_parse(SPAN_LITERAL("From: a@example.org\r\nList-Id: <x>\r\n\r\n")));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mime/trust/names", test_names);
    g_test_add_func("/mime/trust/domains", test_domains);
    g_test_add_func("/mime/trust/servers", test_servers);
    g_test_add_func("/mime/trust/links", test_links);
    g_test_add_func("/mime/trust/files", test_files);
    g_test_add_func("/mime/trust/lists", test_lists);
    return g_test_run();
}
