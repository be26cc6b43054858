/* test_html_golden.c - what mails look like: tests/html/NAME.html at 80 columns is NAME.txt, to the
 * byte, with what was noticed of trackers and links that lie below it. UPDATE=1 writes the texts
 * anew: read them before committing. */
#include <string.h>
#include "pintail/mime/render.h"
#include "pintail/util/text.h"

#define DIRECTORY "tests/html"

static char *shown(const Rendered *r)
{
    g_autofree char *text = rendered_to_width(r, 80);
    GString *out = g_string_new(text);
    if (r->remote_images + r->trackers->len + r->lies->len > 0)
        g_string_append(out, "----\n");
    if (r->remote_images)
        g_string_append_printf(out, "remote images: %u\n", r->remote_images);
    for (guint i = 0; i < r->trackers->len; i++) {
        const RenderTracker *t = r->trackers->pdata[i];
        g_string_append_printf(out, "tracker: %s, pixels %u, clicks %u\n", t->host, t->pixels, t->clicks);
    }
    for (guint i = 0; i < r->lies->len; i++) {
        const RenderLie *l = r->lies->pdata[i];
        g_string_append_printf(out, "link %u: says %s, leads to %s%s\n", l->link, l->named, l->host,
                               l->counter ? " (counts clicks)" : "");
    }
    return g_string_free(out, FALSE);
}

static void test_golden(gconstpointer data)
{
    const char *name = data;
    g_autofree char *path = g_strdup_printf(DIRECTORY "/%s.html", name);
    g_autofree char *golden = g_strdup_printf(DIRECTORY "/%s.txt", name);
    g_autofree char *html = NULL, *expected = NULL;
    g_autoptr(GError) err = NULL;
    gsize len;
    g_assert_true(g_file_get_contents(path, &html, &len, &err));
    g_autoptr(Rendered) r = render_html(html, len);
    g_autofree char *got = shown(r);
    if (g_getenv("UPDATE"))
        g_file_set_contents(golden, got, -1, &err);
    g_assert_no_error(err);
    g_assert_true(g_file_get_contents(golden, &expected, NULL, &err));
    g_assert_cmpstr(got, ==, expected);
}

/* At any width the same words stand there, and no table is wider than it may be. */
static void test_widths(gconstpointer data)
{
    g_autofree char *path = g_strdup_printf(DIRECTORY "/%s.html", (const char *)data);
    g_autofree char *html = NULL;
    gsize len;
    g_assert_true(g_file_get_contents(path, &html, &len, NULL));
    g_autoptr(Rendered) r = render_html(html, len);
    for (guint width = 20; width <= 200; width += 20) {
        g_autoptr(Rendered) fit = rendered_fit(r, width);
        for (guint i = 0; i < fit->lines->len; i++) {
            const RenderLine *l = fit->lines->pdata[i];
            g_assert_null(l->table);
            g_assert_true(g_utf8_validate(l->text, -1, NULL));
            if (l->kind == LINE_TABLE)
                g_assert_cmpuint(text_width(l->text, -1), <=, width);
            for (guint s = 0; s < l->n_spans; s++) {
                const RenderSpan *span = &l->spans[s];
                g_assert_cmpuint(span->start + span->len, <=, strlen(l->text));
                g_assert_true(s == 0 || span->start >= l->spans[s - 1].start + l->spans[s - 1].len);
                g_assert_cmpuint(span->link, <=, r->links->len);
            }
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_autoptr(GError) err = NULL;
    g_autoptr(GDir) dir = g_dir_open(DIRECTORY, 0, &err);
    g_assert_no_error(err);
    guint n = 0;
    for (const char *file; (file = g_dir_read_name(dir));) {
        if (!g_str_has_suffix(file, ".html"))
            continue;
        char *name = g_strndup(file, strlen(file) - 5);
        g_autofree char *golden = g_strdup_printf("/mime/html/golden/%s", name);
        g_autofree char *widths = g_strdup_printf("/mime/html/widths/%s", name);
        g_test_add_data_func_full(golden, name, test_golden, g_free);
        g_test_add_data_func_full(widths, g_strdup(name), test_widths, g_free);
        n++;
    }
    g_assert_cmpuint(n, >=, 60);
    return g_test_run();
}
