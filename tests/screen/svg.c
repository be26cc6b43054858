/* svg.c - a screen as a picture, cell by cell: for the manual and for looking at a failure.
 *
 * Every run of cells with the same look is one text element with its exact width, so that the columns
 * line up in whatever font the reader has. */
#include "session.h"

#include <string.h>

enum { CELL_W = 9, CELL_H = 19, BASELINE = 14, MARGIN = 8 };

typedef struct {
    guint fg, bg;
    gboolean bold, italic, underline;
} Look;

static guint rgb(const Session *s, VTermColor color, guint other, gboolean is_default)
{
    if (is_default)
        return other;
    vterm_screen_convert_color_to_rgb(session_screen(s), &color);
    return (guint)color.rgb.red << 16 | (guint)color.rgb.green << 8 | color.rgb.blue;
}

static Look look_of(const Session *s, const VTermScreenCell *cell)
{
    Look look = {.bold = cell->attrs.bold, .italic = cell->attrs.italic,
                 .underline = cell->attrs.underline != 0};
    look.fg = rgb(s, cell->fg, 0xd8dee9, VTERM_COLOR_IS_DEFAULT_FG(&cell->fg));
    look.bg = rgb(s, cell->bg, 0x1d2129, VTERM_COLOR_IS_DEFAULT_BG(&cell->bg));
    if (cell->attrs.reverse) {
        guint swap = look.fg;
        look.fg = look.bg;
        look.bg = swap;
    }
    return look;
}

static void put_run(GString *svg, int row, int column, int cells, const Look *look, const char *text)
{
    int x = MARGIN + column * CELL_W, y = MARGIN + row * CELL_H;
    if (look->bg != 0x1d2129)
        g_string_append_printf(svg, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"#%06x\"/>\n",
                               x, y, cells * CELL_W, CELL_H, look->bg);
    if (strspn(text, " ") == strlen(text) && !look->underline)
        return;
    g_autofree char *escaped = g_markup_escape_text(text, -1);
    g_string_append_printf(svg, "<text x=\"%d\" y=\"%d\" textLength=\"%d\" fill=\"#%06x\"%s%s%s>%s</text>\n",
                           x, y + BASELINE, cells * CELL_W, look->fg,
                           look->bold ? " font-weight=\"bold\"" : "",
                           look->italic ? " font-style=\"italic\"" : "",
                           look->underline ? " text-decoration=\"underline\"" : "", escaped);
}

static void put_row(GString *svg, const Session *s, int row)
{
    g_autoptr(GString) text = g_string_new(NULL);
    Look look = {0};
    int start = 0, column = 0;
    while (column < session_columns(s)) {
        VTermScreenCell cell = {0};
        vterm_screen_get_cell(session_screen(s), (VTermPos){.row = row, .col = column}, &cell);
        Look next = look_of(s, &cell);
        gboolean wide = cell.width > 1;
        if (text->len > 0 && (wide || memcmp(&next, &look, sizeof look) != 0)) {
            put_run(svg, row, start, column - start, &look, text->str);
            g_string_truncate(text, 0);
        }
        if (text->len == 0) {
            look = next;
            start = column;
        }
        if (cell.chars[0] == 0)
            g_string_append_c(text, ' ');
        for (int i = 0; i < VTERM_MAX_CHARS_PER_CELL && cell.chars[i]; i++)
            g_string_append_unichar(text, cell.chars[i]);
        column += wide ? cell.width : 1;
        if (wide) {
            put_run(svg, row, start, column - start, &look, text->str);
            g_string_truncate(text, 0);
        }
    }
    if (text->len > 0)
        put_run(svg, row, start, column - start, &look, text->str);
}

char *session_svg(const Session *s)
{
    GString *svg = g_string_new(NULL);
    int width = session_columns(s) * CELL_W + 2 * MARGIN, height = session_rows(s) * CELL_H + 2 * MARGIN;
    g_string_append_printf(svg,
                           "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
                           "viewBox=\"0 0 %d %d\">\n<rect width=\"100%%\" height=\"100%%\" rx=\"8\" "
                           "fill=\"#1d2129\"/>\n<g font-family=\"'DejaVu Sans Mono', Menlo, Consolas, "
                           "monospace\" font-size=\"15\" xml:space=\"preserve\">\n",
                           width, height, width, height);
    for (int row = 0; row < session_rows(s); row++)
        put_row(svg, s, row);
    g_string_append(svg, "</g>\n</svg>\n");
    return g_string_free(svg, FALSE);
}
