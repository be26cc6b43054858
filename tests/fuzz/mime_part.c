/* Whole messages: the tree, the texts in it, its text form. */
#include <stddef.h>
#include <stdint.h>
#include "pintail/mime/envelope.h"
#include "pintail/mime/part.h"
#include "pintail/mime/render.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_part(const Part *p, const char *at, const char *end)
{
    g_assert(p->header.at >= at && p->header.at + p->header.len <= end);
    g_assert(p->body.at >= at && p->body.at + p->body.len <= end);
    g_assert(g_utf8_validate(p->name, -1, NULL) && g_utf8_validate(p->type, -1, NULL) &&
             g_utf8_validate(p->description, -1, NULL));
    g_autoptr(GBytes) decoded = part_decode(p->encoding, p->body);
    g_assert(g_bytes_get_size(decoded) <= 3 * p->body.len);
    for (guint i = 0; i < p->children->len && !part_is_tnef(p); i++)
        check_part(g_ptr_array_index(p->children, i), p->body.at, p->body.at + p->body.len);
}

static void check_text(const Part *p)
{
    if (!p)
        return;
    g_autofree char *text = part_text_of(p, p->body, NULL);
    g_assert(g_utf8_validate(text, -1, NULL));
    g_autoptr(Rendered) r = render_plain(text, strlen(text), p->flowed, p->delsp);
    g_autofree char *again = rendered_to_text(r);
    g_assert(g_utf8_validate(again, -1, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *at = (const char *)data;
    g_autoptr(Part) root = part_parse(at, size);
    if (size > 0)
        check_part(root, at, at + size);
    g_autofree char *text = part_tree_to_text(root);
    g_autoptr(Part) back = part_tree_from_text(text, NULL);
    g_assert(back);
    g_autofree char *again = part_tree_to_text(back);
    g_assert(strcmp(text, again) == 0);
    check_text(part_main_text(root, FALSE));
    check_text(part_main_text(root, TRUE));
    g_autoptr(GPtrArray) attachments = part_attachments(root);
    g_autofree char *whole = g_strndup(at, size);
    g_autoptr(Part) from_text = part_tree_from_text(whole, NULL);
    return 0;
}
