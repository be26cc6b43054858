/* Any bytes as a mailbox name: valid UTF-8 for us, and the same bytes when sent back. */
#include "imap_grammar.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    Span wire = span_new((const char *)data, size);
    g_autofree char *name = imap_name_decode(wire);
    g_assert(g_utf8_validate(name, -1, NULL));
    g_autofree char *again = imap_name_encode(name);
    g_assert(again);
    if (memchr(data, 0, size) == NULL && strcmp(again, "INBOX") != 0)
        g_assert(strlen(again) == size && memcmp(again, data, size) == 0);
    return 0;
}
