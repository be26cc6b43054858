/* Drafts from any text, and what must hold for the message that is made of them. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "pintail/mime/compose.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_message(Draft *d)
{
    for (guint i = d->attachments->len; i-- > 0;) { /* no file is read here */
        if (((Attachment *)g_ptr_array_index(d->attachments, i))->path)
            g_ptr_array_remove_index(d->attachments, i);
    }
    g_autoptr(GBytes) m = compose_message(d, 0, NULL);
    g_assert(m);
    gsize len, column = 0;
    const char *at = g_bytes_get_data(m, &len);
    gboolean eight = FALSE, header = TRUE;
    for (gsize i = 0; i < len; i++) {
        g_assert(at[i] && (at[i] != '\n' || at[i - 1] == '\r') && (at[i] != '\r' || at[i + 1] == '\n'));
        eight = eight || (!header && (guchar)at[i] >= 0x80); /* UTF-8 addresses may be in headers */
        header = header && !(at[i] == '\n' && column == 1);
        column = at[i] == '\n' ? 0 : column + 1;
        g_assert(header || column <= 999);
    }
    g_assert(!eight);
    g_autoptr(Envelope) e = envelope_parse(at, len);
    g_assert(e->bcc->len == 0);
    g_autoptr(Part) root = part_parse(at, len);
    g_assert(root->children->len == (d->attachments->len ? d->attachments->len + 1 : 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autoptr(Address) from = address_new("Ana", "ana@example.org");
    g_autoptr(Draft) d = draft_new(from);
    d->date = 1;
    if (draft_from_editor(d, text, TRUE, NULL))
        check_message(d);
    g_autofree char *url = g_strconcat("mailto:", text, NULL);
    g_autoptr(Draft) m = draft_from_mailto(url, NULL);
    m->date = 1;
    check_message(m);
    g_autoptr(Draft) old = draft_from_message((const char *)data, size, NULL);
    if (old) {
        old->date = 1;
        check_message(old);
    }
    g_autoptr(Envelope) e = envelope_parse((const char *)data, size);
    g_autoptr(Draft) reply = draft_reply(e, REPLY_ALL, from, NULL, text);
    check_message(reply);
    g_autoptr(GBytes) whole = g_bytes_new(data, size);
    g_autoptr(Draft) forward = draft_forward(e, from, NULL, whole);
    check_message(forward);
    return 0;
}
