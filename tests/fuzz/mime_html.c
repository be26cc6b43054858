/* HTML to lines at several widths, and to a page for a browser. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "html.h"
#include "pintail/mime/render.h"
#include "pintail/util/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_line(const RenderLine *l, guint links)
{
    g_assert(g_utf8_validate(l->text, -1, NULL) && !strchr(l->text, '\n'));
    gsize at = 0, len = strlen(l->text);
    for (guint i = 0; i < l->n_spans; i++) {
        const RenderSpan *s = &l->spans[i];
        g_assert(s->start >= at && (gsize)s->start + s->len <= len && s->link <= links);
        at = (gsize)s->start + s->len;
    }
}

static void check_fit(const Rendered *r, guint width)
{
    g_autoptr(Rendered) fit = rendered_fit(r, width);
    for (guint i = 0; i < fit->lines->len; i++) {
        const RenderLine *l = g_ptr_array_index(fit->lines, i);
        check_line(l, r->links->len);
        g_assert(!l->table);
    }
    g_autofree char *text = rendered_to_width(r, width);
    g_assert(g_utf8_validate(text, -1, NULL));
}

static char *no_image(const char *id, gpointer data)
{
    return g_strdup_printf("data:image/png;base64,%.4s", id);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *html = g_utf8_make_valid((const char *)data, (gssize)size);
    g_autoptr(Rendered) r = render_html(html, strlen(html));
    for (guint i = 0; i < r->lines->len; i++)
        check_line(g_ptr_array_index(r->lines, i), r->links->len);
    for (guint i = 0; i < r->lies->len; i++) {
        const RenderLie *l = g_ptr_array_index(r->lies, i);
        g_assert(l->link >= 1 && l->link <= r->links->len && g_utf8_validate(l->named, -1, NULL));
    }
    for (guint i = 0; i < r->trackers->len; i++)
        g_assert(g_utf8_validate(((RenderTracker *)g_ptr_array_index(r->trackers, i))->host, -1, NULL));
    check_fit(r, 1);
    check_fit(r, 80);
    g_autofree char *stripped = html_strip(html, strlen(html));
    g_assert(g_utf8_validate(stripped, -1, NULL));
    g_autofree char *page = html_for_browser(html, strlen(html), no_image, NULL);
    g_assert(g_utf8_validate(page, -1, NULL) && !strcasestr(page, "<script"));
    return 0;
}
