/* HTML to lines. */
#include <stddef.h>
#include <stdint.h>
#include "html.h"
#include "pintail/mime/render.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *html = g_utf8_make_valid((const char *)data, (gssize)size);
    g_autoptr(Rendered) r = render_html(html, strlen(html));
    for (guint i = 0; i < r->lines->len; i++) {
        const RenderLine *l = g_ptr_array_index(r->lines, i);
        g_assert(g_utf8_validate(l->text, -1, NULL) && !strchr(l->text, '\n'));
    }
    g_autofree char *text = rendered_to_text(r);
    g_autofree char *stripped = html_strip(html, strlen(html));
    g_assert(g_utf8_validate(text, -1, NULL) && g_utf8_validate(stripped, -1, NULL));
    return 0;
}
