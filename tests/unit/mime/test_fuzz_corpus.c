/* test_fuzz_corpus.c - replays tests/fuzz/corpus: what once crashed stays mended. */
#include <glib.h>
#include <string.h>

#define LLVMFuzzerTestOneInput fuzz_part
#include "fuzz/mime_part.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_envelope
#include "fuzz/mime_envelope.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_html
#include "fuzz/mime_html.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_compose
#include "fuzz/mime_compose.c"
#undef LLVMFuzzerTestOneInput

typedef int (*Target)(const uint8_t *, size_t);

static void replay(const char *name, Target target)
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
        target((const uint8_t *)bytes, len);
    }
    g_assert_cmpuint(n, >, 0);
}

static void test_part(void)
{
    replay("mime_part", fuzz_part);
}

static void test_envelope(void)
{
    replay("mime_envelope", fuzz_envelope);
}

static void test_html(void)
{
    replay("mime_html", fuzz_html);
}

static void test_compose(void)
{
    replay("mime_compose", fuzz_compose);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mime/fuzz/part", test_part);
    g_test_add_func("/mime/fuzz/envelope", test_envelope);
    g_test_add_func("/mime/fuzz/html", test_html);
    g_test_add_func("/mime/fuzz/compose", test_compose);
    return g_test_run();
}
