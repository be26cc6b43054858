/* Any bytes as one IMAP response, through every parser that could be asked for it. */
#include "imap_grammar.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

static void all_parsers(Span rest, GStringChunk *chunk)
{
    FetchResponse fetch;
    imap_parse_fetch(rest, &fetch, chunk);
    imap_fetch_response_clear(&fetch);
    imap_folder_free(imap_parse_list(rest, FALSE, chunk));
    ImapStatus status;
    g_free(imap_parse_status_of(rest, &status, FALSE, chunk));
    g_autoptr(GPtrArray) namespaces = g_ptr_array_new();
    imap_parse_namespace(rest, namespaces, FALSE, chunk);
    g_autofree char *rights = NULL;
    g_free(imap_parse_my_rights(rest, &rights, TRUE, chunk));
    guint64 used, limit;
    imap_parse_quota(rest, &used, &limit, chunk);
    g_autofree char *name = imap_name_decode_utf8(rest);
    g_autofree char *wire = imap_name_encode_utf8(name);
    g_assert(wire);
    g_autoptr(ImapSet) found = imap_set_new();
    gboolean uid;
    imap_parse_search(rest, found);
    imap_parse_esearch(rest, found, &uid, chunk);
    ImapSet *gone = NULL;
    if (imap_parse_vanished(rest, &gone)) {
        g_autofree char *text = imap_set_text(gone);
        g_autoptr(ImapSet) again = imap_set_parse(span_of(text));
        g_assert(again && imap_set_count(again) == imap_set_count(gone));
    }
    imap_set_free(gone);
    Capabilities capabilities;
    imap_parse_capabilities(rest, &capabilities);
    imap_capabilities_clear(&capabilities);
    Cursor c = cursor_new(rest, chunk);
    ImapFlags flags;
    if (imap_parse_flags(&c, &flags, NULL))
        imap_flags_clear(&flags);
    g_assert(c.at <= c.end);
}

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    GStringChunk *chunk = g_string_chunk_new(256);
    Span bytes = span_new((const char *)data, size), section;
    Response r;
    gsize at;
    guint64 n;
    gboolean binary;
    imap_parse_response(bytes, &r);
    imap_parse_literal_end(bytes, &at, &n);
    imap_parse_section_end(bytes, &section, &n, &binary);
    all_parsers(r.rest, chunk);
    all_parsers(r.arguments, chunk);
    ImapCopied copied = {0, g_array_new(FALSE, FALSE, sizeof(guint32)),
                         g_array_new(FALSE, FALSE, sizeof(guint32))};
    guint32 validity, uid;
    imap_parse_copyuid(r.arguments, 1000, &copied);
    g_assert(copied.from->len == copied.to->len);
    imap_copied_clear(&copied);
    imap_parse_appenduid(r.arguments, &validity, &uid);
    g_string_chunk_free(chunk);
    return 0;
}
