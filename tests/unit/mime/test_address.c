/* test_address.c - address lists as they are and as they should be. */
#include <string.h>
#include "pintail/mime/envelope.h"

/* "name|address" for each entry, ';' between. */
static char *parsed(const char *text, gsize len)
{
    g_autoptr(GPtrArray) list = address_list_parse(text, len);
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < list->len; i++) {
        const Address *a = g_ptr_array_index(list, i);
        g_assert_true(g_utf8_validate(a->name, -1, NULL));
        g_assert_true(g_utf8_validate(a->address, -1, NULL));
        g_string_append_printf(out, "%s%s|%s", i > 0 ? ";" : "", a->name, a->address);
    }
    return g_string_free(out, FALSE);
}

static const struct {
    const char *text, *expected;
} lists[] = {
    /* RFC 5322 */
    {"ana@example.org", "|ana@example.org"},
    {"Ana Costa <ana@example.org>", "Ana Costa|ana@example.org"},
    {"\"Costa, Ana\" <ana@example.org>, bo@example.com", "Costa, Ana|ana@example.org;|bo@example.com"},
    {"\"Ana \\\"A\\\" Costa\" <ana@example.org>", "Ana \"A\" Costa|ana@example.org"},
    {"Team: Ana <ana@example.org>, bo@example.com;, eve@example.net",
     "Ana|ana@example.org;|bo@example.com;|eve@example.net"},
    {"Undisclosed recipients:;", ""},
    {"ana@example.org (Ana (the \\) first) Costa)", "Ana (the ) first) Costa|ana@example.org"},
    {"\"a b\"@example.org", "|\"a b\"@example.org"},
    {"<\"a@b\"@example.org>", "|\"a@b\"@example.org"},
    {"ana@[192.0.2.1]", "|ana@[192.0.2.1]"},
    {"ana@[IPv6:2001:db8::1]", "|ana@[IPv6:2001:db8::1]"},
    {"Ana\r\n\t<ana@example.org>,\r\n bo@example.com", "Ana|ana@example.org;|bo@example.com"},
    {"<>", ""},
    {"", ""},
    {" , ,; ", ""},
    /* obsolete forms, section 4.4 */
    {"Ana Q. Costa <ana@example.org>", "Ana Q. Costa|ana@example.org"},
    {"Ana <@relay.example,@b.example:ana@example.org>", "Ana|ana@example.org"},
    {"ana . costa @ example . org", "|ana.costa@example.org"},
    {"ana@example . org", "|ana@example.org"},
    {"Pete(A nice \\) chap) <pete(his account)@silly.example(his host)>", "Pete|pete@silly.example"},
    /* RFC 2047 */
    {"=?UTF-8?Q?Bj=C3=B6rn?= =?UTF-8?Q?_L?= <b@example.org>", "Bj\303\266rn L|b@example.org"},
    {"\"=?UTF-8?Q?Bj=C3=B6rn?=\" <b@example.org>", "Bj\303\266rn|b@example.org"},
    {"=?UTF-8?Q?Costa,_Ana?= <ana@example.org>", "Costa, Ana|ana@example.org"},
    {"ana@example.org (=?ISO-8859-1?Q?Andr=E9?=)", "Andr\303\251|ana@example.org"},
    /* nothing is decoded in an addr-spec */
    {"=?utf-8?b?cG90dXM=?=@evil.example", "|=?utf-8?b?cG90dXM=?=@evil.example"},
    {"<=?utf-8?q?a=40b.example?=@evil.example>", "|=?utf-8?q?a=40b.example?=@evil.example"},
    /* broken, RFC 7103 and worse */
    {"Ana <ana@example.org", "Ana|ana@example.org"},
    {"Ana ana@example.org>", "Ana|ana@example.org"},
    {"<<ana@example.org>>", "|ana@example.org"},
    {"Ana <ana@example.org> Bo <bo@example.com>", "Ana|ana@example.org;Bo|bo@example.com"},
    {"<a@example.org> <b@example.com>", "|a@example.org;|b@example.com"},
    {"<a@example.org, b@example.com>", "|a@example.org;|b@example.com"},
    {"a@example.org b@example.com", "|a@example.org;|b@example.com"},
    {"\"Ana <ana@example.org>, Bo <bo@example.com>", "Ana|ana@example.org;Bo|bo@example.com"},
    {"me@other.example <ana@example.org>", "me@other.example|ana@example.org"},
    {"mailto:ana@example.org", "|ana@example.org"},
    {"root", "|root"},
    {"No address here", "No address here|"},
    {"a@example.org;b@example.com", "|a@example.org;|b@example.com"},
    {"Andr\351 <a@example.org>", "Andr\303\251|a@example.org"},
    {"Bj\303\266rn <b\303\266@ex\303\244mple.org>", "Bj\303\266rn|b\303\266@ex\303\244mple.org"},
};

static void test_lists(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(lists); i++) {
        g_autofree char *got = parsed(lists[i].text, strlen(lists[i].text));
        if (strcmp(got, lists[i].expected) != 0)
            g_test_message("'%s'", lists[i].text);
        g_assert_cmpstr(got, ==, lists[i].expected);
    }
}

static void test_no_line_end_or_nul_survives(void)
{
    static const char text[] = "A\0na <ana\r\n@example\0.org>";
    g_autofree char *got = parsed(text, sizeof text - 1);
    g_assert_null(strpbrk(got, "\r\n"));
    g_assert_nonnull(strstr(got, "ana@example"));
}

/* Each of these once made some parser quadratic. A megabyte must take no time. */
static void test_linear(void)
{
    static const char *const units[] = {"<", "(", "\"", "\\\"", "[", "=?", "=?a?q?x", "a@", ",", ":",
                                        "<a@b", "\"<", "([", "@[", "a ", "a.", "(a)", "<\"", "\\"};
    for (gsize i = 0; i < G_N_ELEMENTS(units); i++) {
        g_autoptr(GString) s = g_string_new("x@");
        while (s->len < 1000000)
            g_string_append(s, units[i]);
        gint64 start = g_get_monotonic_time();
        g_autoptr(GPtrArray) list = address_list_parse(s->str, s->len);
        gint64 took = g_get_monotonic_time() - start;
        g_test_message("%s: %u entries, %d ms", units[i], list->len, (int)(took / 1000));
        g_assert_cmpint(took, <, 10 * G_USEC_PER_SEC); /* quadratic would be minutes */
    }
}

static void assert_format(const char *name, const char *address, const char *people,
                          const char *header)
{
    g_autoptr(Address) a = address_new(name, address);
    g_autofree char *p = address_format(a, FALSE), *h = address_format(a, TRUE);
    g_assert_cmpstr(p, ==, people);
    g_assert_cmpstr(h, ==, header);
}

static void test_format(void)
{
    assert_format("", "a@example.org", "a@example.org", "a@example.org");
    assert_format("Ana Costa", "a@example.org", "Ana Costa <a@example.org>",
                  "Ana Costa <a@example.org>");
    assert_format("Costa, Ana", "a@example.org", "\"Costa, Ana\" <a@example.org>",
                  "\"Costa, Ana\" <a@example.org>");
    assert_format("Ana \"A\"", "a@example.org", "\"Ana \\\"A\\\"\" <a@example.org>",
                  "\"Ana \\\"A\\\"\" <a@example.org>");
    assert_format("Bj\303\266rn", "b@example.org", "Bj\303\266rn <b@example.org>",
                  "=?UTF-8?B?QmrDtnJu?= <b@example.org>");
    assert_format("Q. Public", "q@example.org", "Q. Public <q@example.org>",
                  "\"Q. Public\" <q@example.org>");
}

/* What goes out comes back the same. */
static void test_round_trip(void)
{
    static const char *const names[] = {
        "Ana", "Costa, Ana", "\"x\" \\ y", "Bj\303\266rn Lindqvist", "\346\227\245\346\234\254",
        "=?UTF-8?Q?no?=", "a (b) <c>", "  ", "\316\221 b \316\223 d \316\225 f",
        "a very long name of somebody whose parents could not agree on how to call the child and so "
        "took every name \303\244ll of them together, at once",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(GPtrArray) list =
            g_ptr_array_new_with_free_func((GDestroyNotify)address_free);
        g_ptr_array_add(list, address_new(names[i], "a@example.org"));
        g_ptr_array_add(list, address_new("Bo", "bo@example.com"));
        g_autofree char *wire = address_list_format(list, TRUE);
        g_autoptr(GPtrArray) back = address_list_parse(wire, strlen(wire));
        g_autofree char *wanted = g_strstrip(g_strdup(names[i]));
        g_assert_cmpuint(back->len, ==, 2);
        g_assert_cmpstr(((Address *)g_ptr_array_index(back, 0))->name, ==, wanted);
        g_assert_cmpstr(((Address *)g_ptr_array_index(back, 0))->address, ==, "a@example.org");
        g_assert_cmpstr(((Address *)g_ptr_array_index(back, 1))->address, ==, "bo@example.com");
        for (const char *p = wire; *p; p++)
            g_assert_cmpint((guchar)*p, <, 0x80);
    }
}

static void test_no_injection(void)
{
    g_autoptr(Address) a = address_new("Ana\r\nBcc: x@evil.example", "a@b.example>\r\nBcc: <y@e.x");
    g_autofree char *h = address_format(a, TRUE);
    for (const char *p = strchr(h, '\n'); p; p = strchr(p + 1, '\n'))
        g_assert_cmpint(p[1], ==, ' '); /* only folds */
    g_autoptr(GPtrArray) back = address_list_parse(h, strlen(h));
    g_assert_cmpuint(back->len, ==, 1);
}

static void test_problem(void)
{
    static const char *const good[] = {"a@example.org", "a.b+c@x.example", "\"a b\"@example.org",
                                       "a@[192.0.2.1]", "a@[IPv6:2001:db8::1]",
                                       "b\303\266@ex\303\244mple.org"};
    static const char *const bad[] = {"", "a", "@example.org", "a@", "a b@example.org", "a@b@c.example",
                                      "a@b c.example", "a@.example", "a@b..example", "a@example.",
                                      "a@x\n.example", "<a@example.org>", "a,b@example.org"};
    for (gsize i = 0; i < G_N_ELEMENTS(good); i++)
        g_assert_null(address_problem(good[i]));
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_nonnull(address_problem(bad[i]));
}

static void test_label(void)
{
    g_autoptr(Address) named = address_new("Ana", "a@example.org");
    g_autoptr(Address) bare = address_new(NULL, "a@example.org");
    g_assert_cmpstr(address_label(named), ==, "Ana");
    g_assert_cmpstr(address_label(bare), ==, "a@example.org");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mime/address/lists", test_lists);
    g_test_add_func("/mime/address/no-line-end", test_no_line_end_or_nul_survives);
    g_test_add_func("/mime/address/linear", test_linear);
    g_test_add_func("/mime/address/format", test_format);
    g_test_add_func("/mime/address/round-trip", test_round_trip);
    g_test_add_func("/mime/address/no-injection", test_no_injection);
    g_test_add_func("/mime/address/problem", test_problem);
    g_test_add_func("/mime/address/label", test_label);
    return g_test_run();
}
