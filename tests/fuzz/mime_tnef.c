/* winmail.dat: the stream, what is in it, its RTF. */
#include <stddef.h>
#include <stdint.h>
#include "pintail/mime/part.h"
#include "tnef.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char head[] = "Content-Type: application/ms-tnef\n\n";
    g_autoptr(GString) message = g_string_new(head);
    g_string_append_len(message, (const char *)data, (gssize)size);
    g_autoptr(Part) root = part_parse(message->str, message->len);
    guint parts = 0;
    for (const Part *p = root; p; p = part_next(p), parts++) {
        g_assert(g_utf8_validate(p->name, -1, NULL) && g_utf8_validate(p->type, -1, NULL));
        g_autoptr(GBytes) bytes = part_decode(p->encoding, p->body);
        g_assert(parts > 0 || g_bytes_get_size(bytes) == size);
    }
    g_autoptr(GPtrArray) attachments = part_attachments(root);
    gboolean html;
    g_autofree char *text = rtf_to_text(span_new((const char *)data, size), &html);
    g_assert(!text || g_utf8_validate(text, -1, NULL));
    g_autoptr(GString) rtf = rtf_decompress(span_new((const char *)data, size));
    if (rtf)
        g_string_free(g_steal_pointer(&rtf), TRUE);
    return 0;
}
