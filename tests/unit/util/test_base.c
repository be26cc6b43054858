/* test_base.c - errors, spans, certificates and the log. */
#include <errno.h>
#include <glib/gstdio.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include "pintail/util/certificate.h"
#include "pintail/util/error.h"
#include "pintail/util/log.h"
#include "pintail/util/span.h"

static void test_error(void)
{
    g_autoptr(GError) err = NULL;
    error_set(&err, PINTAIL_ERROR_GONE, "cannot find '%s' (%d)", "x", 7);
    g_assert_true(error_is(err, PINTAIL_ERROR_GONE));
    g_assert_false(error_is(err, PINTAIL_ERROR_RETRY));
    g_assert_cmpstr(err->message, ==, "cannot find 'x' (7)");
    g_clear_error(&err);
    error_set_errno(&err, PINTAIL_ERROR_STORE, ENOSPC, "cannot write '%s'", "100%s");
    g_autofree char *expected = g_strdup_printf("cannot write '100%%s': %s", g_strerror(ENOSPC));
    g_assert_cmpstr(err->message, ==, expected);
    g_assert_false(error_is(NULL, PINTAIL_ERROR_RETRY));
    g_autoptr(GError) foreign = g_error_new_literal(G_FILE_ERROR, 0, "other");
    g_assert_false(error_is(foreign, PINTAIL_ERROR_RETRY));
    error_set(NULL, PINTAIL_ERROR_GONE, "nobody listens");
    error_set_errno(NULL, PINTAIL_ERROR_GONE, EIO, "nobody listens");
}

static void trimmed(const char *in, const char *out)
{
    g_autofree char *got = span_dup(span_trim(span_of(in)));
    g_assert_cmpstr(got, ==, out);
}

static void test_span(void)
{
    trimmed("  a b\t\r\n", "a b");
    trimmed("\r\n \t", "");
    trimmed("", "");
    trimmed("x", "x");
    g_assert_cmpuint(span_trim(SPAN_NONE).len, ==, 0);
    g_assert_true(span_is(SPAN_LITERAL("Subject"), "sUBJECT"));
    g_assert_false(span_is(SPAN_LITERAL("Subject"), "Subjec"));
    g_assert_true(span_is(SPAN_NONE, ""));
    g_autofree char *none = span_dup(SPAN_NONE);
    g_assert_cmpstr(none, ==, "");
    g_autofree char *part = span_dup(span_new("abc", 2));
    g_assert_cmpstr(part, ==, "ab");
    g_assert_cmpuint(span_of(NULL).len, ==, 0);
}

static void test_certificate(void)
{
    g_autoptr(TlsReport) r = tls_report_new("imap.example.org", 993, "it has expired");
    Certificate *c = g_new0(Certificate, 1);
    c->subject = g_strdup("CN=imap.example.org");
    g_ptr_array_add(r->chain, c);
    TlsReport *other = tls_report_ref(r);
    tls_report_unref(other);
    g_assert_cmpstr(r->host, ==, "imap.example.org");
    g_assert_cmpuint(r->port, ==, 993);
    g_assert_cmpstr(r->problem, ==, "it has expired");
    g_assert_cmpuint(r->chain->len, ==, 1);
    tls_report_unref(NULL);
    certificate_free(NULL);
}

static void *log_many(void *data)
{
    for (int i = 0; i < 300; i++)
        log_line("thread", "%s", (const char *)data);
    return NULL;
}

/* "HH:MM:SS.mmm rest" without its time; asserts that there is one. */
static const char *without_time(const char *line)
{
    g_assert_true(g_regex_match_simple("^\\d\\d:\\d\\d:\\d\\d\\.\\d\\d\\d ", line, 0, 0));
    return line + 13;
}

static void test_log(void)
{
    g_autofree char *directory = g_dir_make_tmp("pintail-log-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "log", NULL);
    g_autoptr(GError) err = NULL;
    g_autofree char *nowhere = g_build_filename(directory, "no", "log", NULL);
    g_assert_false(log_open(nowhere, &err));
    g_assert_true(error_is(err, PINTAIL_ERROR_STORE));
    g_assert_nonnull(strstr(err->message, nowhere));
    g_clear_error(&err);

    log_line("nobody", "hears this");
    g_assert_false(log_is_open());
    g_assert_true(log_open(path, &err));
    g_assert_true(log_is_open());
    struct stat st;
    g_assert_cmpint(stat(path, &st), ==, 0);
    g_assert_cmpint(st.st_mode & 0777, ==, 0600);

    log_line("imap", "a\x1b[31m\nb\\%d", 5);
    log_dialogue("work/imap", '>', "A1 NOOP\r\n", 9);
    log_dialogue("work/imap", '<', "* \0\xff\x9b\r", 6);
    log_dialogue("work/imap", '<', "", 0);
    g_autofree char *huge = g_strnfill(100000, 'x');
    log_dialogue("work/imap", '<', huge, 100000);
    pthread_t threads[2];
    g_assert_cmpint(pthread_create(&threads[0], NULL, log_many, (void *)"aaaaaaaaaaaaaaaa"), ==, 0);
    g_assert_cmpint(pthread_create(&threads[1], NULL, log_many, (void *)"bbbbbbbbbbbbbbbb"), ==, 0);
    for (int i = 0; i < 2; i++)
        g_assert_cmpint(pthread_join(threads[i], NULL), ==, 0);
    log_close();
    g_assert_false(log_is_open());
    log_line("late", "not written");

    g_autofree char *content = NULL;
    g_assert_true(g_file_get_contents(path, &content, NULL, NULL));
    g_auto(GStrv) lines = g_strsplit(content, "\n", -1);
    g_assert_cmpuint(g_strv_length(lines), ==, 5 + 600 + 1);
    g_assert_cmpstr(without_time(lines[0]), ==, "imap: a\\x1b[31m\\nb\\\\5");
    g_assert_cmpstr(without_time(lines[1]), ==, "work/imap > A1 NOOP");
    g_assert_cmpstr(without_time(lines[2]), ==, "work/imap < * \\x00\\xff\\x9b");
    g_assert_cmpstr(without_time(lines[3]), ==, "work/imap < ");
    g_assert_cmpuint(strlen(lines[4]), <, 5000);
    g_assert_true(g_str_has_suffix(lines[4], "... (100000 bytes)"));
    for (int i = 5; i < 605; i++)
        g_assert_true(g_str_equal(without_time(lines[i]), "thread: aaaaaaaaaaaaaaaa") ||
                      g_str_equal(without_time(lines[i]), "thread: bbbbbbbbbbbbbbbb"));
    g_unlink(path);
    g_rmdir(directory);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/error", test_error);
    g_test_add_func("/span", test_span);
    g_test_add_func("/certificate", test_certificate);
    g_test_add_func("/log", test_log);
    return g_test_run();
}
