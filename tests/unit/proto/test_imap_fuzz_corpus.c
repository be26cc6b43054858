/* test_imap_fuzz_corpus.c - replays the fuzz corpus of IMAP: what once crashed
 * stays mended. */
#include <glib.h>

#define LLVMFuzzerTestOneInput fuzz_response
#include "fuzz/proto_imap_response.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_body
#include "fuzz/proto_imap_body.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_name
#include "fuzz/proto_imap_name.c"
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

static void test_response(void)
{
    replay("proto_imap_response", fuzz_response);
}

static void test_body(void)
{
    replay("proto_imap_body", fuzz_body);
}

static void test_name(void)
{
    replay("proto_imap_name", fuzz_name);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/imap/fuzz/response", test_response);
    g_test_add_func("/imap/fuzz/body", test_body);
    g_test_add_func("/imap/fuzz/name", test_name);
    return g_test_run();
}
