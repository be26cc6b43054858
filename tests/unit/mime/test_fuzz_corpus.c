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
#define LLVMFuzzerTestOneInput fuzz_mime_calendar
#include "fuzz/mime_calendar.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_mime_describe
#include "fuzz/mime_describe.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_mime_tnef
#include "fuzz/mime_tnef.c"
#undef LLVMFuzzerTestOneInput

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    FUZZ_REPLAY("mime_compose", fuzz_mime_compose);
    FUZZ_REPLAY("mime_envelope", fuzz_mime_envelope);
    FUZZ_REPLAY("mime_html", fuzz_mime_html);
    FUZZ_REPLAY("mime_part", fuzz_mime_part);
    FUZZ_REPLAY("mime_calendar", fuzz_mime_calendar);
    FUZZ_REPLAY("mime_describe", fuzz_mime_describe);
    FUZZ_REPLAY("mime_tnef", fuzz_mime_tnef);
    return g_test_run();
}
