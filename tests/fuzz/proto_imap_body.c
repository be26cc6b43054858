/* Any bytes as a BODYSTRUCTURE: a tree of bounded depth with texts and sections, or nothing. */
#include "imap_grammar.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

static void check(const ImapBody *body, guint depth)
{
    g_assert(depth <= IMAP_MAX_DEPTH + 1);
    g_assert(body->type && body->subtype && body->section && *body->section);
    for (guint i = 0; body->children && i < body->children->len; i++)
        check(g_ptr_array_index(body->children, i), depth + 1);
}

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    GStringChunk *chunk = g_string_chunk_new(256);
    Cursor c = cursor_new(span_new((const char *)data, size), chunk);
    g_autoptr(ImapBody) body = imap_parse_body(&c);
    g_assert(c.at <= c.end);
    if (body)
        check(body, 1);
    g_string_chunk_free(chunk);
    return 0;
}
