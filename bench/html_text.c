/* html_text.c - how fast HTML becomes text.
 *
 * `html_text FILE...` prints what is in them as text at 80 columns, as other programs' -dump does.
 * `html_text --limits` measures documents made here, 200 KB as a newsletter is made, 20 MB, pictures of
 * 20 MB within, 100,000 nested tags, and fails where one takes longer than it may. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "pintail/mime/render.h"

#define ROUNDS 5

static int print_files(int n, char **paths)
{
    for (int i = 0; i < n; i++) {
        g_autofree char *html = NULL;
        g_autoptr(GError) err = NULL;
        gsize len;
        if (!g_file_get_contents(paths[i], &html, &len, &err)) {
            fprintf(stderr, "%s\n", err->message);
            return 1;
        }
        g_autoptr(Rendered) r = render_html(html, len);
        g_autofree char *text = rendered_to_width(r, 80);
        fputs(text, stdout);
    }
    return 0;
}

static GString *letters(gsize bytes)
{
    GString *s = g_string_new("<html><head><style>.n{color:#333}.h{display:none}</style></head><body>");
    for (guint i = 0; s->len < bytes; i++) {
        g_string_append_printf(s, "<table role=\"presentation\" width=\"100%%\"><tr><td class=\"n\" style=\"padding:4px;"
                                  "font-size:14px\"><h3>Story %u</h3><p>The <b>harbour</b> is <i>open</i> again, and the "
                                  "ferry leaves at nine. <a href=\"https://news.example/story/%u\">Read on</a></p></td>"
                                  "<td><img src=\"https://img.news.example/%u.jpg\" alt=\"Picture %u\" width=\"200\" "
                                  "height=\"100\"></td></tr></table>\n", i, i, i, i);
        g_string_append_printf(s, "<table><tr><th>Item</th><th>Price</th></tr><tr><td>Thing %u</td><td>%u.00</td></tr>"
                                  "<tr><td>Other &amp; more</td><td>12.50</td></tr></table>\n", i, i);
    }
    return s;
}

static GString *repeated(const char *before, const char *unit, gsize times, const char *after)
{
    GString *s = g_string_new(before);
    for (gsize i = 0; i < times; i++)
        g_string_append(s, unit);
    g_string_append(s, after);
    return s;
}

/* The best of several rounds, text at 80 columns included. */
static gboolean measure(const char *name, GString *html_take, double limit_ms)
{
    double best = G_MAXDOUBLE;
    gsize bytes = 0;
    for (guint i = 0; i < ROUNDS; i++) {
        clock_t start = clock(); /* of the processor: others may be busy */
        g_autoptr(Rendered) r = render_html(html_take->str, html_take->len);
        g_autofree char *text = rendered_to_width(r, 80);
        best = MIN(best, (double)(clock() - start) * 1000 / CLOCKS_PER_SEC);
        bytes = strlen(text);
    }
    double mb = (double)html_take->len / 1e6;
    printf("%-44s %8.2f MB  %8.1f ms  %7.1f MB/s  %9" G_GSIZE_FORMAT " bytes of text%s\n", name, mb, best,
           mb / best * 1000, bytes, best > limit_ms ? "  TOO SLOW" : "");
    g_string_free(html_take, TRUE);
    return best <= limit_ms;
}

static int measure_limits(void)
{
    gboolean ok = measure("newsletter, 200 KB (at most 50 ms)", letters(200000), 50);
    ok = measure("newsletter, 2 MB", letters(2000000), 1000) && ok;
    ok = measure("paragraphs, 20 MB", repeated("", "<p>The ferry leaves at nine.</p>\n", 620000, ""), 3000) && ok;
    ok = measure("a picture of 20 MB in it", repeated("<p>a<img src=\"data:image/png;base64,", "AAAAAAAA", 2500000,
                                                      "\"><p>b"), 1000) && ok;
    ok = measure("100,000 nested <div>", repeated("", "<div>", 100000, "text"), 1000) && ok;
    ok = measure("100,000 nested tags of tables", repeated("", "<table><tr><td>", 33334, "text"), 1000) && ok;
    ok = measure("100,000 nested <b><i><font>", repeated("", "<b><i><font>", 33334, "text"), 1000) && ok;
    return ok ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--limits") == 0)
        return measure_limits();
    return print_files(argc - 1, argv + 1);
}
