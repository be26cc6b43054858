/* render_table.c - a table of data in as many cells as there are.
 *
 * A column is as wide as its longest line where all fit; else no narrower than its longest word, and
 * the rest of the room is shared by how much each would take. Where not even the longest words fit side by side,
 * every row becomes a record, each cell below the title of its column. */
#include <string.h>
#include "pintail/util/text.h"
#include "render_build.h"

#define GAP 2
#define COLUMNS_MAX 64
#define WORD_MAX 24 /* cells: a longer word may be broken */

static void cell_clear(gpointer data)
{
    g_ptr_array_unref(((TableCell *)data)->lines);
}

RenderTable *table_new(void)
{
    RenderTable *t = g_new0(RenderTable, 1);
    t->rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
    return t;
}

void table_free(RenderTable *t)
{
    g_ptr_array_unref(t->rows);
    g_free(t);
}

TableCell *table_add_cell(RenderTable *t, guint row, guint span)
{
    while (t->rows->len <= row) {
        GArray *cells = g_array_new(FALSE, TRUE, sizeof(TableCell));
        g_array_set_clear_func(cells, cell_clear);
        g_ptr_array_add(t->rows, cells);
    }
    GArray *cells = t->rows->pdata[row];
    TableCell c = {.lines = g_ptr_array_new_with_free_func(line_unref), .span = (guint8)CLAMP(span, 1, COLUMNS_MAX)};
    g_array_append_val(cells, c);
    guint columns = 0;
    for (guint i = 0; i < cells->len; i++)
        columns += g_array_index(cells, TableCell, i).span;
    t->columns = MAX(t->columns, MIN(columns, COLUMNS_MAX));
    return &g_array_index(cells, TableCell, cells->len - 1);
}

char *table_flat_text(const RenderTable *t)
{
    GString *out = g_string_new(NULL);
    for (guint r = 0; r < t->rows->len; r++) {
        GArray *cells = t->rows->pdata[r];
        for (guint c = 0; c < cells->len; c++) {
            const TableCell *cell = &g_array_index(cells, TableCell, c);
            for (guint i = 0; i < cell->lines->len; i++) {
                const RenderLine *l = cell->lines->pdata[i];
                g_string_append_printf(out, "%s%s", out->len ? " " : "", l->text);
            }
        }
    }
    return g_string_free(out, FALSE);
}

/* ---- widths ---- */

typedef struct {
    const RenderTable *t;
    const RenderLine *like;
    guint width;
    guint least[COLUMNS_MAX], most[COLUMNS_MAX], columns[COLUMNS_MAX];
    gboolean numbers[COLUMNS_MAX]; /* nothing but numbers below the title */
    gboolean used[COLUMNS_MAX];
    gboolean apart;                /* rows have several lines: an empty one between them */
    GPtrArray *out;
} Sheet;

static guint longest_word(const char *text)
{
    guint most = 0;
    while (*text) {
        text += strspn(text, " ");
        gsize n = strcspn(text, " ");
        if (n > 0)
            most = MAX(most, text_width(text, (gssize)n));
        text += n;
    }
    return most;
}

/* "12", "€1,299.00", "-5 %", "1.5 kg" */
static gboolean is_number(const char *text)
{
    gboolean digit = FALSE;
    guint letters = 0;
    for (const char *p = text; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        digit = digit || g_unichar_isdigit(c);
        letters += g_unichar_isalpha(c) != 0;
        if (c == '[' || c == '/' || c == ':')
            return FALSE;
    }
    return digit && letters <= 3;
}

static void measure_cell(Sheet *s, const TableCell *c, guint column)
{
    for (guint i = 0; i < c->lines->len; i++) {
        const RenderLine *l = c->lines->pdata[i];
        if (!*l->text)
            continue;
        s->used[column] = TRUE;
        s->most[column] = MAX(s->most[column], text_width(l->text, -1));
        s->least[column] = MAX(s->least[column], MIN(longest_word(l->text), WORD_MAX));
        if (!c->header)
            s->numbers[column] = s->numbers[column] && is_number(l->text);
    }
}

static void measure(Sheet *s)
{
    for (guint c = 0; c < COLUMNS_MAX; c++)
        s->numbers[c] = TRUE;
    for (guint r = 0; r < s->t->rows->len; r++) {
        GArray *cells = s->t->rows->pdata[r];
        for (guint i = 0, column = 0; i < cells->len && column < COLUMNS_MAX; i++) {
            const TableCell *c = &g_array_index(cells, TableCell, i);
            if (c->span == 1)
                measure_cell(s, c, column);
            column += c->span;
        }
    }
}

/* Columns that need no more than a fair share get it; the others share what is left, each at least
 * its longest word. */
static void keep_narrow(Sheet *s, guint room)
{
    gboolean kept[COLUMNS_MAX] = {FALSE};
    guint open = 0, least = 0, wish = 0;
    for (guint c = 0; c < s->t->columns; c++) {
        open += s->used[c];
        least += s->least[c];
    }
    for (gboolean again = TRUE; again && open > 0;) {
        again = FALSE;
        guint fair = room / open;
        for (guint c = 0; c < s->t->columns && open > 0; c++) {
            guint rest = least - s->least[c]; /* what the others need in any case */
            if (!s->used[c] || kept[c] || s->most[c] > fair || s->most[c] + rest > room)
                continue;
            kept[c] = again = TRUE;
            room -= s->most[c];
            least = rest;
            open--;
        }
    }
    for (guint c = 0; c < s->t->columns; c++)
        wish += kept[c] ? 0 : s->most[c] - s->least[c];
    for (guint c = 0; c < s->t->columns; c++)
        if (!kept[c])
            s->columns[c] = s->least[c] + (guint)((guint64)(room - least) * (s->most[c] - s->least[c]) / MAX(wish, 1));
}

/* FALSE: it does not fit, not even with every line wrapped. */
static gboolean share_out(Sheet *s)
{
    guint least = 0, most = 0, used = 0;
    for (guint c = 0; c < s->t->columns; c++) {
        s->columns[c] = s->most[c];
        least += s->least[c];
        most += s->most[c];
        used += s->used[c];
    }
    guint gaps = used > 1 ? (used - 1) * GAP : 0;
    if (most + gaps <= s->width)
        return TRUE;
    if (least + gaps > s->width)
        return FALSE;
    keep_narrow(s, s->width - gaps);
    return TRUE;
}

/* ---- rows ---- */

/* A piece of a cell's line with its part of the styles, behind what stands in `text` already. */
static void take_piece(GString *text, GArray *spans, const RenderLine *l, gsize from, gsize len)
{
    guint32 at = (guint32)text->len;
    g_string_append_len(text, l->text + from, (gssize)len);
    for (guint i = 0; i < l->n_spans; i++) {
        const RenderSpan *s = &l->spans[i];
        gsize start = MAX(s->start, from), end = MIN((gsize)s->start + s->len, from + len);
        if (start >= end)
            continue;
        RenderSpan piece = {at + (guint32)(start - from), (guint32)(end - start), s->link, s->style};
        g_array_append_val(spans, piece);
    }
}

typedef struct {
    const RenderLine *line;
    gsize from, len;
} Piece;

static GArray *wrap_cell(const TableCell *c, guint width)
{
    GArray *pieces = g_array_new(FALSE, FALSE, sizeof(Piece));
    for (guint i = 0; i < c->lines->len; i++) {
        const RenderLine *l = c->lines->pdata[i];
        gsize at = 0, len = strlen(l->text);
        do {
            gsize skip, n = text_wrap(l->text + at, len - at, MAX(width, 2), &skip, NULL);
            Piece p = {l, at, n};
            g_array_append_val(pieces, p);
            at += n + skip;
        } while (at < len);
    }
    return pieces;
}

static void add_row_line(Sheet *s, GString *text, GArray *spans)
{
    gsize n = text->len;
    while (n > 0 && text->str[n - 1] == ' ')
        n--;
    RenderLine *l = line_new(g_strndup(text->str, n), LINE_TABLE, s->like->quote_depth, s->like->indent, FALSE);
    line_set_spans(l, spans);
    g_ptr_array_add(s->out, l);
    g_string_truncate(text, 0);
    g_array_set_size(spans, 0);
}

static void pad(GString *text, guint cells)
{
    for (guint i = 0; i < cells; i++)
        g_string_append_c(text, ' ');
}

static guint spanned_width(const Sheet *s, guint column, guint span)
{
    guint width = 0, used = 0;
    for (guint c = column; c < MIN(column + span, s->t->columns); c++) {
        width += s->columns[c];
        used += s->used[c];
    }
    width += used > 1 ? (used - 1) * GAP : 0;
    return column == 0 && span >= s->t->columns ? s->width : width;
}

static void put_cell(Sheet *s, GString *text, GArray *spans, const TableCell *c, GArray *pieces, guint line,
                     guint column, guint width)
{
    const Piece *p = line < pieces->len ? &g_array_index(pieces, Piece, line) : NULL;
    guint used = p ? text_width(p->line->text + p->from, (gssize)p->len) : 0;
    gboolean right = c->span == 1 && (c->align == ALIGN_RIGHT || (s->numbers[column] && column > 0));
    guint before = right && used < width ? width - used : 0;
    pad(text, before);
    if (p)
        take_piece(text, spans, p->line, p->from, p->len);
    pad(text, width > before + used ? width - before - used : 0);
}

/* Returns how many lines it took. */
static guint lay_row(Sheet *s, const GArray *cells)
{
    g_autoptr(GPtrArray) wrapped = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
    guint lines = 0, column = 0;
    for (guint i = 0; i < cells->len; i++) {
        const TableCell *c = &g_array_index(cells, TableCell, i);
        GArray *pieces = wrap_cell(c, spanned_width(s, column, c->span));
        g_ptr_array_add(wrapped, pieces);
        lines = MAX(lines, pieces->len);
        column += c->span;
    }
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GArray) spans = g_array_new(FALSE, FALSE, sizeof(RenderSpan));
    for (guint line = 0; line < lines; line++) {
        column = 0;
        pad(text, s->like->indent);
        for (guint i = 0; i < cells->len && column < s->t->columns; i++) {
            const TableCell *c = &g_array_index(cells, TableCell, i);
            guint width = spanned_width(s, column, c->span);
            if (width > 0) {
                if (column > 0 && text->len > s->like->indent)
                    pad(text, GAP);
                put_cell(s, text, spans, c, wrapped->pdata[i], line, column, width);
            }
            column += c->span;
        }
        add_row_line(s, text, spans);
    }
    return lines;
}

static void lay_rule(Sheet *s)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GArray) spans = g_array_new(FALSE, FALSE, sizeof(RenderSpan));
    pad(text, s->like->indent);
    gboolean first = TRUE;
    for (guint c = 0; c < s->t->columns; c++) {
        if (!s->used[c])
            continue;
        pad(text, first ? 0 : GAP);
        first = FALSE;
        for (guint i = 0; i < s->columns[c]; i++)
            g_string_append(text, "\342\224\200");
    }
    add_row_line(s, text, spans);
}

static gboolean has_text(const TableCell *c)
{
    for (guint i = 0; i < c->lines->len; i++)
        if (*((RenderLine *)c->lines->pdata[i])->text)
            return TRUE;
    return FALSE;
}

static gboolean row_is_tall(const Sheet *s, const GArray *cells)
{
    for (guint i = 0, column = 0; i < cells->len && column < s->t->columns; i++) {
        const TableCell *c = &g_array_index(cells, TableCell, i);
        guint width = spanned_width(s, column, c->span);
        for (guint l = 0; l < c->lines->len; l++)
            if (l > 0 || text_width(((RenderLine *)c->lines->pdata[l])->text, -1) > width)
                return TRUE;
        column += c->span;
    }
    return FALSE;
}

/* Will many rows take several lines? */
static gboolean is_tall(const Sheet *s)
{
    guint tall = 0, from = s->t->titled ? 1 : 0;
    for (guint r = from; r < s->t->rows->len; r++)
        tall += row_is_tall(s, s->t->rows->pdata[r]);
    return tall * 2 >= s->t->rows->len - from && tall > 0;
}

static void add_blank(Sheet *s)
{
    LineKind kind = s->like->quote_depth ? LINE_QUOTE : LINE_TEXT;
    g_ptr_array_add(s->out, line_new(g_strdup(""), kind, s->like->quote_depth, 0, FALSE));
}

/* One row: "a | b". */
static void lay_single(Sheet *s)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GArray) spans = g_array_new(FALSE, FALSE, sizeof(RenderSpan));
    GArray *cells = s->t->rows->pdata[0];
    pad(text, s->like->indent);
    for (guint i = 0, shown = 0; i < cells->len; i++) {
        const TableCell *c = &g_array_index(cells, TableCell, i);
        if (!has_text(c))
            continue;
        g_string_append(text, shown++ ? " | " : "");
        for (guint l = 0; l < c->lines->len; l++) {
            const RenderLine *line = c->lines->pdata[l];
            g_string_append(text, l > 0 ? " " : "");
            take_piece(text, spans, line, 0, strlen(line->text));
        }
    }
    RenderLine *l = line_new(g_strdup(text->str), s->like->quote_depth ? LINE_QUOTE : LINE_TEXT, s->like->quote_depth,
                             s->like->indent, TRUE);
    line_set_spans(l, spans);
    g_ptr_array_add(s->out, l);
}

/* "Title: text" for each cell of each row; wrapped by whoever shows it. */
static void lay_records(Sheet *s)
{
    const GArray *titles = s->t->titled ? s->t->rows->pdata[0] : NULL;
    g_autoptr(GArray) spans = g_array_new(FALSE, FALSE, sizeof(RenderSpan));
    for (guint r = titles ? 1 : 0; r < s->t->rows->len; r++) {
        GArray *cells = s->t->rows->pdata[r];
        if (s->out->len > 0 && r > (titles ? 1u : 0u))
            add_blank(s);
        for (guint i = 0; i < cells->len; i++) {
            const TableCell *c = &g_array_index(cells, TableCell, i);
            const TableCell *title = titles && i < titles->len ? &g_array_index(titles, TableCell, i) : NULL;
            if (!has_text(c))
                continue;
            g_autoptr(GString) text = g_string_new(NULL);
            pad(text, s->like->indent);
            if (title && has_text(title)) {
                const RenderLine *name = title->lines->pdata[0];
                take_piece(text, spans, name, 0, strlen(name->text));
                g_string_append(text, g_str_has_suffix(text->str, ":") ? " " : ": ");
            }
            for (guint l = 0; l < c->lines->len; l++) {
                const RenderLine *line = c->lines->pdata[l];
                g_string_append(text, l > 0 ? " " : "");
                take_piece(text, spans, line, 0, strlen(line->text));
            }
            RenderLine *l = line_new(g_strdup(text->str), s->like->quote_depth ? LINE_QUOTE : LINE_TEXT,
                                     s->like->quote_depth, s->like->indent + 2, TRUE);
            line_set_spans(l, spans);
            g_array_set_size(spans, 0);
            g_ptr_array_add(s->out, l);
        }
    }
}

static gboolean has_stacks(const GArray *cells)
{
    for (guint i = 0; i < cells->len; i++)
        if (g_array_index(cells, TableCell, i).lines->len > 1)
            return TRUE;
    return FALSE;
}

void table_lay_out(const RenderTable *t, const RenderLine *like, guint width, GPtrArray *to)
{
    guint taken = like->quote_depth ? like->quote_depth * 2u : 0;
    taken += like->indent;
    g_autofree Sheet *s = g_new0(Sheet, 1);
    s->t = t;
    s->like = like;
    s->out = to;
    s->width = width > taken + 10 ? width - taken : 10;
    if (t->rows->len == 1 && !t->titled && !has_stacks(t->rows->pdata[0])) {
        lay_single(s);
        return;
    }
    measure(s);
    if (!share_out(s)) {
        lay_records(s);
        return;
    }
    s->apart = is_tall(s);
    for (guint r = 0; r < t->rows->len; r++) {
        if (s->apart && r > (t->titled ? 1u : 0u))
            add_blank(s);
        lay_row(s, t->rows->pdata[r]);
        if (r == 0 && t->titled)
            lay_rule(s);
    }
}
