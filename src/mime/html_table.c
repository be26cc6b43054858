/* html_table.c - is a table one of data, or only somebody's layout?
 *
 * Cells are laid out as text first; when the table ends, what is in them decides. Data is made a
 * RenderTable of those lines. In a layout, rows of short cells that follow each other (an invoice's
 * items between its head and its foot, the links of a menu) are tables of their own, the rest stays
 * lines one below the other. */
#include <string.h>
#include "html_flow.h"
#include "html_style.h"
#include "pintail/util/text.h"

#define SINGLE_MAX 76  /* cells of a lone row that becomes one line */
#define SHORT_MAX 60   /* of one cell of such a row, or of a run of rows */
#define STACK_LINES 5  /* of a cell of such a row that holds a few short lines */
#define STACK_MAX 34   /* cells of each */
#define CELL_BYTES 160 /* of a cell of data that nothing says is data */
#define CELL_BYTES_DATA 600
#define CELL_LINES 6
#define LONG_LINE 60   /* a paragraph rather than a label */

void table_build_free(gpointer table)
{
    HtmlTable *t = table;
    g_array_unref(t->ranges);
    g_free(t);
}

void table_begin(Layout *l, const Context *c)
{
    HtmlTable *t = g_new0(HtmlTable, 1);
    const GumboElement *e = &c->node->v.element;
    const char *border = style_attribute(e, "border");
    t->node = c->node;
    t->start = l->b.out->lines->len;
    t->indent = c->indent;
    t->quote_depth = c->quote_depth;
    t->ranges = g_array_new(FALSE, FALSE, sizeof(CellRange));
    t->data = border && *border && *border != '0';
    g_ptr_array_add(l->tables, t);
}

static HtmlTable *current(Layout *l)
{
    return l->tables->len ? l->tables->pdata[l->tables->len - 1] : NULL;
}

void table_begin_row(Layout *l)
{
    HtmlTable *t = current(l);
    if (t)
        t->rows++;
}

static guint span_of(const GumboElement *e)
{
    const char *span = style_attribute(e, "colspan");
    return span ? (guint)CLAMP(g_ascii_strtoull(span, NULL, 10), 1, 60) : 1;
}

/* A cell that is only there to be high. */
static gboolean is_spacer(const GumboElement *e)
{
    const char *style = style_attribute(e, "style");
    return e->children.length > 0 || style_attribute(e, "height") || (style && strstr(style, "height"));
}

void table_end_cell(Layout *l, const Context *c, guint from)
{
    HtmlTable *t = current(l);
    gboolean airy = l->blank_wanted;
    flow_end_line(l);
    if (!t || t->rows == 0)
        return;
    const GumboElement *e = &c->node->v.element;
    guint to = l->b.out->lines->len;
    CellRange r = {.from = MIN(from, to), .to = to, .row = t->rows - 1, .span = (guint8)span_of(e),
                   .align = c->align, .header = e->tag == GUMBO_TAG_TH, .spacer = is_spacer(e),
                   .airy = airy};
    t->data = t->data || (r.header && r.to > r.from);
    g_array_append_val(t->ranges, r);
}

/* ---- what is in cells ---- */

static RenderLine *line_at(Layout *l, guint i)
{
    return l->b.out->lines->pdata[i];
}

static gboolean is_plain(const RenderLine *line, guint depth)
{
    return !line->table && line->kind != LINE_PRE && line->quote_depth == depth &&
           (line->kind == LINE_TEXT || line->kind == LINE_QUOTE || line->kind == LINE_SIGNATURE);
}

/* Could the cell stand beside others? */
static gboolean is_small(Layout *l, const HtmlTable *t, const CellRange *r, gsize bytes_max)
{
    gsize bytes = 0;
    if (r->to - r->from > CELL_LINES)
        return FALSE;
    for (guint i = r->from; i < r->to; i++) {
        const RenderLine *line = line_at(l, i);
        bytes += strlen(line->text);
        if (!is_plain(line, t->quote_depth) || (!*line->text && !t->data) || bytes > bytes_max)
            return FALSE;
    }
    return TRUE;
}

static gboolean is_one_short_line(Layout *l, const HtmlTable *t, const CellRange *r)
{
    if (r->to - r->from != 1)
        return FALSE;
    const RenderLine *line = line_at(l, r->from);
    return is_plain(line, t->quote_depth) && strlen(line->text) <= 4 * SHORT_MAX &&
           text_width(line->text, -1) <= SHORT_MAX;
}

typedef struct {
    guint first, end; /* of the ranges of one row */
    guint filled;
    gboolean shorts;     /* every cell is one short line */
    gboolean stacks;     /* every cell is a few of them */
    gboolean tall, spacer;
    guint width;
} RowInfo;

/* The width of a cell of a few short lines; 0: it is none. */
static guint stack_width(Layout *l, const HtmlTable *t, const CellRange *r)
{
    guint most = 0;
    if (r->to - r->from > STACK_LINES)
        return 0;
    for (guint i = r->from; i < r->to; i++) {
        const RenderLine *line = line_at(l, i);
        if (!is_plain(line, t->quote_depth) || !*line->text || *line->text == ' ' ||
            strlen(line->text) > 4 * STACK_MAX)
            return 0;
        most = MAX(most, text_width(line->text, -1));
    }
    return most <= STACK_MAX ? most : 0;
}

static RowInfo row_info(Layout *l, const HtmlTable *t, guint first)
{
    RowInfo row = {.first = first, .shorts = TRUE, .stacks = TRUE};
    guint stacked = 0, number = g_array_index(t->ranges, CellRange, first).row, i = first;
    for (; i < t->ranges->len; i++) {
        const CellRange *r = &g_array_index(t->ranges, CellRange, i);
        if (r->row != number)
            break;
        row.spacer = row.spacer || r->spacer;
        if (r->to == r->from)
            continue;
        row.filled++;
        row.tall = row.tall || r->airy || r->to - r->from > 1 || strlen(line_at(l, r->from)->text) > LONG_LINE;
        guint stack = row.stacks ? stack_width(l, t, r) : 0;
        stacked += stack + 2;
        row.stacks = stack > 0 && stacked <= SINGLE_MAX;
        row.shorts = row.shorts && is_one_short_line(l, t, r);
        if (row.shorts)
            row.width += text_width(line_at(l, r->from)->text, -1) + 3;
    }
    row.end = i;
    return row;
}

static gboolean is_data(Layout *l, const HtmlTable *t)
{
    guint several = 0, filled_rows = 0;
    for (guint i = 0; i < t->ranges->len;) {
        RowInfo row = row_info(l, t, i);
        for (; i < row.end; i++) {
            const CellRange *r = &g_array_index(t->ranges, CellRange, i);
            if (!is_small(l, t, r, t->data || r->span > 1 ? CELL_BYTES_DATA : CELL_BYTES))
                return FALSE;
        }
        several += row.filled >= 2;
        filled_rows += row.filled > 0;
    }
    return t->data ? several >= 1 && filled_rows >= 2 : several >= 2 && several * 2 > filled_rows;
}

/* ---- making tables of lines ---- */

/* Blanks to the left go, with the styles' places. */
static void strip_left(RenderLine *line)
{
    guint n = (guint)strspn(line->text, " ");
    if (n == 0 || line->indent > n)
        return; /* a list item keeps its place */
    memmove(line->text, line->text + n, strlen(line->text + n) + 1);
    for (guint i = 0; i < line->n_spans; i++) {
        RenderSpan *s = &line->spans[i];
        guint end = s->start + s->len;
        s->start -= MIN(n, s->start);
        s->len = end > n + s->start ? end - n - s->start : 0;
    }
}

static gboolean is_bold(const TableCell *c)
{
    for (guint i = 0; i < c->lines->len; i++) {
        const RenderLine *line = c->lines->pdata[i];
        if (*line->text && (line->n_spans == 0 || !(line->spans[0].style & RENDER_BOLD) ||
                            line->spans[0].len + 1 < strlen(line->text)))
            return FALSE;
    }
    return TRUE;
}

/* Do the cells of the first row, and only they, name things? */
static gboolean is_titled(const RenderTable *t)
{
    const GArray *first = t->rows->len >= 2 ? t->rows->pdata[0] : NULL;
    guint filled = 0, headers = 0, plain = 0;
    for (guint i = 0; first && i < first->len; i++) {
        const TableCell *c = &g_array_index(first, TableCell, i);
        if (c->lines->len == 0)
            continue;
        filled++;
        headers += c->header;
        if (!c->header && !is_bold(c))
            return FALSE;
    }
    if (filled < 2)
        return FALSE;
    const GArray *second = t->rows->pdata[1];
    for (guint i = 0; i < second->len; i++) {
        const TableCell *c = &g_array_index(second, TableCell, i);
        plain += c->lines->len > 0 && !c->header && (headers == filled || !is_bold(c));
    }
    return plain > 0;
}

typedef struct {
    Layout *l;
    HtmlTable *t;
    GPtrArray *old;  /* its lines; NULL where one was taken */
    RenderTable *run; /* rows that follow each other, not yet put anywhere */
} Rebuild;

static RenderLine *take_old(Rebuild *b, guint line)
{
    g_assert(line >= b->t->start && line - b->t->start < b->old->len);
    return g_steal_pointer(&b->old->pdata[line - b->t->start]);
}

static void put_line(Rebuild *b, RenderLine *line)
{
    g_ptr_array_add(b->l->b.out->lines, line);
}

static void put_blank(Rebuild *b)
{
    GPtrArray *lines = b->l->b.out->lines;
    guint depth = b->t->quote_depth;
    if (lines->len > b->t->start && (*line_at(b->l, lines->len - 1)->text || line_at(b->l, lines->len - 1)->table))
        put_line(b, line_new(g_strdup(""), depth ? LINE_QUOTE : LINE_TEXT, depth, 0, FALSE));
}

static void add_row(Rebuild *b, const RowInfo *row)
{
    if (!b->run)
        b->run = table_new();
    guint number = b->run->rows->len;
    for (guint i = row->first; i < row->end; i++) {
        const CellRange *r = &g_array_index(b->t->ranges, CellRange, i);
        TableCell *c = table_add_cell(b->run, number, r->span);
        c->align = r->align;
        c->header = r->header;
        for (guint n = r->from; n < r->to; n++) {
            RenderLine *line = take_old(b, n);
            strip_left(line);
            g_ptr_array_add(c->lines, line);
        }
    }
}

/* A line before that is a lone row of as many cells is the same table, made of several. */
static gboolean join_above(Rebuild *b)
{
    GPtrArray *lines = b->l->b.out->lines;
    guint i = lines->len;
    while (i > 0 && lines->len - i < 2 && !*line_at(b->l, i - 1)->text && !line_at(b->l, i - 1)->table)
        i--;
    const GPtrArray *tables = b->l->tables; /* lines before the one around it are not its own to change */
    HtmlTable *outer = tables->len > 1 ? tables->pdata[tables->len - 2] : NULL;
    RenderLine *above = i > (outer ? outer->start : 0) ? line_at(b->l, i - 1) : NULL;
    if (!above || !above->table || above->table->titled || b->run->titled || b->run->rows->len != 1 ||
        above->table->columns != b->run->columns || above->quote_depth != b->t->quote_depth || above->level == 0)
        return FALSE;
    GArray *row = b->run->rows->pdata[0];
    g_ptr_array_add(above->table->rows, g_array_ref(row));
    g_ptr_array_set_size(lines, (int)i);
    for (guint c = outer ? outer->ranges->len : 0; c-- > 0;) { /* cells that ended with the empty lines */
        CellRange *r = &g_array_index(outer->ranges, CellRange, c);
        if (r->to <= i)
            break;
        r->to = i;
        r->from = MIN(r->from, i);
    }
    g_free(above->text);
    above->text = table_flat_text(above->table);
    return TRUE;
}

static void put_run(Rebuild *b)
{
    if (!b->run)
        return;
    b->run->titled = is_titled(b->run);
    if (!join_above(b)) {
        RenderLine *line = line_new(table_flat_text(b->run), LINE_TABLE, b->t->quote_depth, b->t->indent, FALSE);
        line->level = b->run->rows->len == 1; /* may go on in the next table */
        line->table = g_steal_pointer(&b->run);
        put_line(b, line);
        b->l->b.out->has_tables = TRUE;
    }
    g_clear_pointer(&b->run, table_free);
}

static void put_old(Rebuild *b, guint from, guint to)
{
    for (guint i = from; i < to; i++) {
        RenderLine *line = b->old->pdata[i - b->t->start] ? take_old(b, i) : NULL;
        if (line)
            put_line(b, line);
    }
}

/* Short cells beside each other, and room for that. */
static gboolean belongs_to_run(const Rebuild *b, const RowInfo *row, const RowInfo *next)
{
    if (row->filled < 2 || (!row->shorts && !row->stacks))
        return FALSE;
    if (row->stacks && !row->shorts)
        return TRUE;
    gboolean alone = !b->run && !(next && next->shorts && next->filled >= 2);
    return row->width <= (alone ? SINGLE_MAX + 3 : 110);
}

/* One row of a layout: its cells one below the other. */
static void put_row(Rebuild *b, const RowInfo *row, gboolean last)
{
    put_run(b);
    if (row->tall)
        put_blank(b);
    for (guint c = row->first; c < row->end; c++) {
        const CellRange *r = &g_array_index(b->t->ranges, CellRange, c);
        if (c > row->first && r->to - r->from > 1)
            put_blank(b);
        put_old(b, r->from, r->to);
    }
    if (row->tall && !last)
        put_blank(b);
}

/* What stood between the cells of a row: an empty line is of no use there, text must not get lost. */
static void put_forgotten(Rebuild *b)
{
    for (guint i = 0; i < b->old->len; i++) {
        RenderLine *line = g_steal_pointer(&b->old->pdata[i]);
        if (line && (*line->text || line->table))
            put_line(b, line);
        else if (line)
            line_unref(line);
    }
}

static void put_rows(Rebuild *b, const GArray *rows, gboolean data)
{
    guint at = b->t->start;
    for (guint i = 0; i < rows->len; i++) {
        const RowInfo *row = &g_array_index(rows, RowInfo, i);
        const RowInfo *next = i + 1 < rows->len ? row + 1 : NULL;
        put_old(b, at, g_array_index(b->t->ranges, CellRange, row->first).from); /* a caption */
        at = g_array_index(b->t->ranges, CellRange, row->end - 1).to;
        if (row->filled == 0 && !data) {
            put_run(b);
            if (row->spacer)
                put_blank(b);
        } else if (row->filled > 0 && (data || belongs_to_run(b, row, next))) {
            add_row(b, row);
        } else if (row->filled > 0) {
            put_row(b, row, !next);
        }
    }
    put_run(b);
    put_old(b, at, b->t->start + b->old->len);
    put_forgotten(b);
}

/* The table's lines are taken out and put back, as tables where they are that. */
static void rebuild(Layout *l, HtmlTable *t, gboolean data)
{
    GPtrArray *lines = l->b.out->lines;
    g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(RowInfo));
    for (guint i = 0; i < t->ranges->len;) {
        RowInfo row = row_info(l, t, i);
        i = row.end;
        g_array_append_val(rows, row);
    }
    g_autoptr(GPtrArray) old = g_ptr_array_new();
    g_ptr_array_set_size(old, (int)(lines->len - t->start));
    while (lines->len > t->start) {
        guint i = lines->len - 1;
        old->pdata[i - t->start] = g_ptr_array_steal_index(lines, i);
    }
    Rebuild b = {.l = l, .t = t, .old = old};
    put_rows(&b, rows, data);
}

void table_end(Layout *l)
{
    HtmlTable *t = current(l);
    flow_end_line(l);
    if (!t)
        return;
    if (t->ranges->len > 1 && !builder_is_full(&l->b))
        rebuild(l, t, is_data(l, t));
    g_ptr_array_set_size(l->tables, (int)l->tables->len - 1);
}
