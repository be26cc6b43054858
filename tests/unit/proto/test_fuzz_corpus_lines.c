/* test_fuzz_corpus_lines.c - replays the fuzz corpus of SMTP and POP3: what once crashed
 * stays mended. */
#include <glib.h>

#define LLVMFuzzerTestOneInput fuzz_smtp
#include "fuzz/proto_smtp_reply.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_pop3
#include "fuzz/proto_pop3_reply.c"
#undef LLVMFuzzerTestOneInput

static void replay(const char *name, int (*target)(const guint8 *, size_t))
{
    g_autofree char *path = g_build_filename("tests", "fuzz", "corpus", name, NULL);
    g_autoptr(GError) err = NULL;
    g_autoptr(GDir) dir = g_dir_open(path, 0, &err);
    g_assert_no_error(err);
    guint n = 0;
    for (const char *file; (file = g_dir_read_name(dir)); n++) {
        g_autofree char *whole = g_build_filename(path, file, NULL);
        g_autofree char *bytes = NULL;
        gsize len;
        g_assert_true(g_file_get_contents(whole, &bytes, &len, &err));
        g_test_message("%s", whole);
        target((const guint8 *)bytes, len);
    }
    g_assert_cmpuint(n, >, 0);
}

static void test_smtp(void)
{
    replay("proto_smtp_reply", fuzz_smtp);
}

static void test_pop3(void)
{
    replay("proto_pop3_reply", fuzz_pop3);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/proto/fuzz/smtp", test_smtp);
    g_test_add_func("/proto/fuzz/pop3", test_pop3);
    return g_test_run();
}
