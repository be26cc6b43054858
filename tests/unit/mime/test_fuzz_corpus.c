/* test_fuzz_corpus.c - the fuzz corpus of mime. */
#include "fuzz_replay.h"

#define LLVMFuzzerTestOneInput fuzz_mime_compose
#include "fuzz/mime_compose.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_mime_envelope
#include "fuzz/mime_envelope.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_mime_html
#include "fuzz/mime_html.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_mime_part
#include "fuzz/mime_part.c"
#undef LLVMFuzzerTestOneInput

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    FUZZ_REPLAY("mime_compose", fuzz_mime_compose);
    FUZZ_REPLAY("mime_envelope", fuzz_mime_envelope);
    FUZZ_REPLAY("mime_html", fuzz_mime_html);
    FUZZ_REPLAY("mime_part", fuzz_mime_part);
    return g_test_run();
}
