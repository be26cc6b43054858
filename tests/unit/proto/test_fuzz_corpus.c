/* test_fuzz_corpus.c - the fuzz corpus of IMAP, POP3 and SMTP. */
#include "fuzz_replay.h"

#define LLVMFuzzerTestOneInput fuzz_proto_imap_body
#include "fuzz/proto_imap_body.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_proto_imap_name
#include "fuzz/proto_imap_name.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_proto_imap_response
#include "fuzz/proto_imap_response.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_proto_imap_session
#include "fuzz/proto_imap_session.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_proto_pop3_reply
#include "fuzz/proto_pop3_reply.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_proto_smtp_reply
#include "fuzz/proto_smtp_reply.c"
#undef LLVMFuzzerTestOneInput

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    FUZZ_REPLAY("proto_imap_body", fuzz_proto_imap_body);
    FUZZ_REPLAY("proto_imap_name", fuzz_proto_imap_name);
    FUZZ_REPLAY("proto_imap_response", fuzz_proto_imap_response);
    FUZZ_REPLAY("proto_imap_session", fuzz_proto_imap_session);
    FUZZ_REPLAY("proto_pop3_reply", fuzz_proto_pop3_reply);
    FUZZ_REPLAY("proto_smtp_reply", fuzz_proto_smtp_reply);
    return g_test_run();
}
