/* surface.c - the only way to put text on the screen.
 *
 * Everything goes through put_grapheme(): what reaches curses is one base character of the width that
 * was announced, followed by marks of no width; never a control character. Where curses (that is,
 * the C library) disagrees about a width, a substitute is drawn, so that columns line up. */
#include "curses_.h"
#include <stdarg.h>
#include <string.h>
#include <wchar.h>
#include "style_private.h"
#include "term_private.h"
#include "pintail/util/text.h"

struct Surface {
    int row, column; /* on the screen */
    int rows, columns;
};

Surface *surface_whole(int rows, int columns)
{
    Surface *s = g_new0(Surface, 1);
    s->rows = rows;
    s->columns = columns;
    return s;
}

void surface_resize(Surface *s, int rows, int columns)
{
    s->rows = rows;
    s->columns = columns;
}

Surface *surface_sub(const Surface *s, int row, int column, int rows, int columns)
{
    Surface *t = g_new0(Surface, 1);
    row = CLAMP(row, 0, s->rows);
    column = CLAMP(column, 0, s->columns);
    t->row = s->row + row;
    t->column = s->column + column;
    t->rows = CLAMP(rows, 0, s->rows - row);
    t->columns = CLAMP(columns, 0, s->columns - column);
    return t;
}

void surface_free(Surface *s)
{
    g_free(s);
}

int surface_rows(const Surface *s)
{
    return s->rows;
}

int surface_columns(const Surface *s)
{
    return s->columns;
}

void surface_origin(const Surface *s, int *row, int *column)
{
    *row = s->row;
    *column = s->column;
}

static void look_to_curses(Style style, attr_t *attrs, int *pair)
{
    static const struct {
        guint mine;
        attr_t theirs;
    } map[] = {{LOOK_BOLD, A_BOLD}, {LOOK_DIM, A_DIM}, {LOOK_ITALIC, A_ITALIC},
               {LOOK_UNDERLINE, A_UNDERLINE}, {LOOK_REVERSE, A_REVERSE}, {LOOK_BLINK, A_BLINK}};
    const Look *l = style_look(style);
    *attrs = A_NORMAL;
    *pair = 0;
    for (gsize i = 0; i < G_N_ELEMENTS(map); i++)
        if (l->attributes & map[i].mine)
            *attrs |= map[i].theirs;
    if (!term_has_color() || (l->fg < 0 && l->bg < 0))
        return;
    int p = alloc_pair(style_terminal_color(l->fg, 7), style_terminal_color(l->bg, 0));
    if (p > 0)
        *pair = p;
}

/* The look that the last call had: rows are drawn in few styles. Pairs may be recycled by curses when
 * there are very many, so this is kept per call, not for ever. */
typedef struct {
    attr_t attrs;
    int pair;
} Pen;

static Pen pen_of(Style style)
{
    Pen p;
    look_to_curses(style, &p.attrs, &p.pair);
    return p;
}

static void put_cell(int y, int x, const Pen *pen, const wchar_t *text)
{
    cchar_t cell;
    int pair = pen->pair;
    if (setcchar(&cell, text, pen->attrs, (short)MIN(pair, 32767), &pair) == OK)
        (void)mvwadd_wch(stdscr, y, x, &cell); /* ERR in the last cell, which is drawn all the same */
}

/* Our own symbols, for terminals that have ASCII only. */
static wchar_t plain_symbol(gunichar c)
{
    static const struct {
        gunichar from;
        char to;
    } map[] = {{0x2502, '|'}, {0x2500, '-'}, {0x2026, '~'}, {0x25b8, '>'}, {0x25cf, '*'},
               {0x25cb, 'o'}, {0x251c, '+'}, {0x2514, '`'}, {0x253c, '+'}, {0x2534, '+'},
               {0x252c, '+'}, {0x2524, '+'}, {0x2013, '-'}, {0x2014, '-'}, {0x2018, '\''},
               {0x2019, '\''}, {0x201c, '"'}, {0x201d, '"'}, {0xa0, ' '}, {0x2022, '*'},
               {0x25a4, '='}, {0x2713, '+'}, {0x00b7, '.'}, {0x2192, '>'}, {0x2191, '^'},
               {0x2193, 'v'}, {0x2610, '-'}, {0x2611, 'x'}, {0x258f, '|'}, {0x2691, '!'}, {0x2717, 'x'}, {0x25c6, '*'}};
    for (gsize i = 0; i < G_N_ELEMENTS(map); i++)
        if (map[i].from == c)
            return (wchar_t)map[i].to;
    return 0;
}

static void put_grapheme(int y, int x, const Pen *pen, const Grapheme *g)
{
    wchar_t cell[6];
    guint n = 0;
    const char *p = g->text;
    gunichar base = g_utf8_get_char(p);
    int width = wcwidth((wchar_t)base);
    if (base >= 0x80 && !term_can_show(base)) {
        wchar_t other = plain_symbol(base);
        cell[n++] = other ? other : L'?';
        if (!other)
            term_note_unshown();
        width = 1;
    } else if (width == g->width && base >= 0x20) {
        cell[n++] = (wchar_t)base;
        for (p = g_utf8_next_char(p); *p && n < 5; p = g_utf8_next_char(p)) {
            gunichar mark = g_utf8_get_char(p);
            if (wcwidth((wchar_t)mark) == 0 && term_can_show(mark))
                cell[n++] = (wchar_t)mark;
        }
    } else {
        cell[n++] = term_can_show(0xfffd) ? L'\xfffd' : L'?';
        width = 1;
    }
    cell[n] = L'\0';
    put_cell(y, x, pen, cell);
    if (width < g->width)
        put_cell(y, x + 1, pen, L" ");
}

static int put(Surface *s, int row, int column, int cells, const Pen *pen, const char *text,
               gsize len, gboolean *whole)
{
    int used = 0;
    *whole = TRUE;
    while (len > 0) {
        Grapheme g;
        guchar c = (guchar)text[0];
        if (c >= 0x20 && c < 0x7f && (len == 1 || (guchar)text[1] < 0x80)) {
            g.text[0] = (char)c;
            g.text[1] = '\0';
            g.width = 1;
            g.bytes = 1;
        } else {
            g = printable_next(text, len);
        }
        if (used + g.width > cells) {
            *whole = FALSE;
            break;
        }
        put_grapheme(s->row + row, s->column + column + used, pen, &g);
        used += g.width;
        text += g.bytes;
        len -= MIN(g.bytes, len);
    }
    return used;
}

static int clip(const Surface *s, int row, int column, int cells)
{
    if (row < 0 || row >= s->rows || column < 0 || column >= s->columns)
        return 0;
    int room = s->columns - column;
    return cells < 0 ? room : MIN(cells, room);
}

int surface_put(Surface *s, int row, int column, int cells, Style style, const char *text, gssize len)
{
    gboolean whole;
    Pen pen = pen_of(style);
    return put(s, row, column, clip(s, row, column, cells), &pen, text,
               len < 0 ? strlen(text) : (gsize)len, &whole);
}

static void blank(Surface *s, int row, int column, int cells, const Pen *pen)
{
    for (int i = 0; i < cells; i++)
        put_cell(s->row + row, s->column + column + i, pen, L" ");
}

void surface_field(Surface *s, int row, int column, int cells, Style style, const char *text)
{
    gboolean whole;
    Pen pen = pen_of(style);
    cells = clip(s, row, column, cells);
    if (cells == 0)
        return;
    gsize len = strlen(text);
    /* "…" needs to know beforehand whether all fits: measure as it would be drawn */
    guint fits = 0;
    gsize bytes = text_fit(text, (gssize)len, (guint)cells, &fits);
    if (bytes < len) {
        bytes = text_fit(text, (gssize)len, (guint)cells - 1, &fits);
        int used = put(s, row, column, cells - 1, &pen, text, bytes, &whole);
        used += put(s, row, column + used, 1, &pen, "…", strlen("…"), &whole);
        blank(s, row, column + used, cells - used, &pen);
        return;
    }
    int used = put(s, row, column, cells, &pen, text, len, &whole);
    blank(s, row, column + used, cells - used, &pen);
}

void surface_fill(Surface *s, int row, int column, int cells, Style style, const char *one)
{
    gboolean whole;
    Pen pen = pen_of(style);
    cells = clip(s, row, column, cells);
    gsize len = strlen(one);
    for (int used = 0; used < cells;) {
        int n = put(s, row, column + used, cells - used, &pen, one, len, &whole);
        if (n == 0)
            break;
        used += n;
    }
}

void surface_clear(Surface *s, Style style)
{
    Pen pen = pen_of(style);
    for (int row = 0; row < s->rows; row++)
        blank(s, row, 0, s->columns, &pen);
}

int surface_printf(Surface *s, int row, int column, Style style, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *text = g_strdup_vprintf(format, ap);
    va_end(ap);
    return surface_put(s, row, column, -1, style, text, -1);
}

void surface_vline(Surface *s, int row, int column, int rows, Style style)
{
    for (int i = 0; i < rows; i++)
        surface_put(s, row + i, column, 1, style, "│", -1);
}

void surface_restyle(Surface *s, int row, int column, int cells, Style style)
{
    cells = clip(s, row, column, cells);
    if (cells == 0)
        return;
    Pen pen = pen_of(style);
    (void)mvwchgat(stdscr, s->row + row, s->column + column, cells, pen.attrs,
                   (short)MIN(pen.pair, 32767), &pen.pair);
}
