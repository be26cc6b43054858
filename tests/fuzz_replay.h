/* fuzz_replay.h - replays one target's corpus in an ordinary test: what once crashed stays mended.
 *
 * A test includes the target's source with its entry point renamed:
 *     #define LLVMFuzzerTestOneInput fuzz_html
 *     #include "fuzz/mime_html.c"
 *     #undef LLVMFuzzerTestOneInput
 * and adds it by FUZZ_REPLAY("mime_html", fuzz_html). */
#pragma once
#include <glib.h>
#include <stdint.h>

typedef struct {
    const char *name;
    int (*target)(const uint8_t *bytes, size_t len);
} FuzzReplay;

static void fuzz_replay(gconstpointer data)
{
    const FuzzReplay *r = data;
    g_autofree char *path = g_build_filename("tests", "fuzz", "corpus", r->name, NULL);
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
        r->target((const uint8_t *)bytes, len);
    }
    g_assert_cmpuint(n, >, 0);
}

#define FUZZ_REPLAY(corpus, function)                                     \
    do {                                                                  \
        static const FuzzReplay replay = {corpus, function};              \
        g_test_add_data_func("/fuzz/" corpus, &replay, fuzz_replay);      \
    } while (0)
