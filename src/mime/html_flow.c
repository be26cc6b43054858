/* html_flow.c - text to lines: blanks, fillers, empty lines, styles. See html_flow.h. */
#include "html_flow.h"
#include <string.h>

#define LEADING_MAX 12

Context *flow_top(Layout *l)
{
    return &g_array_index(l->stack, Context, l->stack->len - 1);
}

void flow_take_blank(Layout *l)
{
    GPtrArray *lines = l->b.out->lines;
    if (l->blank_wanted && lines->len > 0 && lines->len != l->cell_start) {
        const RenderLine *last = g_ptr_array_index(lines, lines->len - 1);
        guint depth = MIN(flow_top(l)->quote_depth, last->quote_depth);
        if (*last->text)
            builder_add(&l->b, "", 0, depth > 0 ? LINE_QUOTE : LINE_TEXT, depth, 0, FALSE);
    }
    l->blank_wanted = FALSE;
}

/* The line ends at `at` now: what was cut off has no style any more. */
static void clip_spans(Layout *l, gsize at)
{
    while (l->spans->len > 0) {
        RenderSpan *s = &g_array_index(l->spans, RenderSpan, l->spans->len - 1);
        if ((gsize)s->start + s->len <= at)
            return;
        if (s->start < at) {
            s->len = (guint32)(at - s->start);
            return;
        }
        g_array_set_size(l->spans, l->spans->len - 1);
    }
}

static void add_line(Layout *l, Context *c, LineKind kind)
{
    clip_spans(l, l->line->len);
    GPtrArray *lines = l->b.out->lines;
    guint before = lines->len;
    if (!builder_add(&l->b, l->line->str, l->line->len, kind, c->quote_depth, l->mark_indent, kind != LINE_PRE))
        return;
    RenderLine *added = lines->pdata[before];
    added->level = kind == LINE_HEADING ? c->level : 0;
    line_set_spans(added, l->spans);
}

void flow_end_line(Layout *l)
{
    Context *c = flow_top(l);
    GString *s = l->line;
    while (!c->pre && s->len > 0 && s->str[s->len - 1] == ' ')
        g_string_truncate(s, s->len - 1);
    if (s->len > 0) {
        flow_take_blank(l);
        LineKind kind = c->kind == LINE_TEXT && c->quote_depth > 0 ? LINE_QUOTE : c->kind;
        if (kind == LINE_TEXT && strcmp(s->str, "--") == 0)
            kind = LINE_SIGNATURE;
        add_line(l, c, kind);
    } else if (l->hard_blanks > 0) {
        l->blank_wanted = TRUE; /* "<p>&nbsp;</p>" */
    }
    g_string_truncate(s, 0);
    g_array_set_size(l->spans, 0);
    l->space_wanted = l->item = FALSE;
    l->hard_blanks = 0;
    l->mark_indent = c->indent;
}

void flow_end_paragraph(Layout *l)
{
    if (l->item)
        return; /* a paragraph that opens a list item stays beside its mark */
    flow_end_line(l);
    l->blank_wanted = TRUE;
}

void flow_end_block(Layout *l)
{
    if (!l->item)
        flow_end_line(l);
}

/* What stands in front of text in a line: an item's mark alone is no text. */
void flow_end_item(Layout *l)
{
    if (l->item)
        g_string_truncate(l->line, 0);
    l->item = FALSE;
    flow_end_line(l);
}

void flow_begin_item(Layout *l, Context *c, const char *mark)
{
    flow_end_item(l);
    for (guint i = 0; i < c->indent; i++)
        g_string_append_c(l->line, ' ');
    g_string_append(l->line, mark);
    c->indent += (guint)g_utf8_strlen(mark, -1);
    l->mark_indent = c->indent;
    l->item = *mark != '\0';
}

static void begin_text(Layout *l)
{
    if (l->line->len == 0) {
        guint indent = flow_top(l)->indent + (l->hard_blanks > 1 ? MIN(l->hard_blanks, LEADING_MAX) : 0);
        for (guint i = 0; i < indent; i++)
            g_string_append_c(l->line, ' ');
        l->mark_indent = indent;
    } else if (l->space_wanted && l->line->str[l->line->len - 1] != ' ') {
        g_string_append_c(l->line, ' ');
    }
    l->hard_blanks = 0;
    l->space_wanted = FALSE;
    l->item = FALSE;
}

/* The bytes of the line from `from` on look as their context says. */
static void note_style(Layout *l, gsize from)
{
    guint8 style = flow_top(l)->style;
    guint link = l->link.number;
    clip_spans(l, from);
    if (l->line->len <= from || (!style && !link))
        return;
    RenderSpan *last = l->spans->len ? &g_array_index(l->spans, RenderSpan, l->spans->len - 1) : NULL;
    if (last && last->style == style && last->link == link && last->start + last->len + 1 >= from &&
        last->start + last->len <= from) {
        last->len = (guint32)(l->line->len - last->start);
        return;
    }
    RenderSpan s = {(guint32)from, (guint32)(l->line->len - from), (guint16)link, style};
    g_array_append_val(l->spans, s);
}

/* Gumbo makes bytes that are no UTF-8 of numbers that are no characters ("&#xffffffff;"). */
static const char *valid_utf8(const char *text, char **mended)
{
    if (g_utf8_validate(text, -1, NULL))
        return text;
    *mended = g_utf8_make_valid(text, -1);
    return *mended;
}

/* Characters that only push text about: preheaders are padded with them. */
static gboolean is_filler(gunichar c)
{
    return c == 0x200B || c == 0xFEFF || c == 0xAD || c == 0x34F || c == 0x2060 || c == 0x180E ||
           c == 0x61C || (c >= 0x2061 && c <= 0x2064) || (c >= 0x115F && c <= 0x1160) || c == 0x17B4 || c == 0x17B5;
}

static gboolean is_hard_blank(gunichar c)
{
    return c == 0xA0 || c == 0x3000 || (c >= 0x2000 && c <= 0x200A) || c == 0x202F || c == 0x205F;
}

static const char *const raised[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
static const char *const lowered[] = {"₀", "₁", "₂", "₃", "₄", "₅", "₆", "₇", "₈", "₉"};

static void put_char(Layout *l, gunichar c, const char *at, gsize n)
{
    guint8 script = flow_top(l)->script;
    if (script && c >= '0' && c <= '9')
        g_string_append(l->line, (script == 1 ? raised : lowered)[c - '0']);
    else
        g_string_append_len(l->line, at, (gssize)n);
}

void flow_text(Layout *l, const char *given)
{
    g_autofree char *mended = NULL;
    const char *text = valid_utf8(given, &mended);
    gsize from = G_MAXSIZE;
    for (const char *p = text, *next; *p; p = next) {
        gunichar c = g_utf8_get_char(p);
        next = g_utf8_next_char(p);
        gboolean joiner = c == 0x200C || c == 0x200D || c == 0x200E || c == 0x200F;
        gboolean after_blank = l->line->len == 0 || l->space_wanted || l->item ||
                               l->line->str[l->line->len - 1] == ' ';
        if (is_filler(c) || (joiner && after_blank))
            continue;
        if (c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f') {
            l->space_wanted = l->space_wanted || l->line->len > 0;
        } else if (is_hard_blank(c)) {
            if (l->line->len == 0)
                l->hard_blanks++;
            else if (!after_blank)
                g_string_append_c(l->line, ' ');
        } else {
            link_seen(l, p, (gsize)(next - p));
            begin_text(l);
            from = MIN(from, l->line->len);
            put_char(l, c, p, (gsize)(next - p));
        }
    }
    while (from < l->line->len && l->line->str[l->line->len - 1] == ' ') {
        g_string_truncate(l->line, l->line->len - 1); /* of no-break spaces; one is enough */
        l->space_wanted = TRUE;
    }
    if (from != G_MAXSIZE)
        note_style(l, from);
}

void flow_raw(Layout *l, const char *text)
{
    begin_text(l);
    gsize from = l->line->len;
    g_string_append(l->line, text);
    note_style(l, from);
}

void flow_pre(Layout *l, const char *given)
{
    g_autofree char *mended = NULL;
    const char *text = valid_utf8(given, &mended);
    for (const char *p = text; *p;) {
        gsize n = strcspn(p, "\r\n");
        gsize from = l->line->len;
        if (n > 0) {
            link_seen(l, p, n);
            if (l->line->len == 0)
                g_string_append_printf(l->line, "%*s", (int)flow_top(l)->indent, "");
            from = MAX(from, l->line->len);
        }
        g_string_append_len(l->line, p, (gssize)n);
        note_style(l, from);
        p += n;
        if (*p == '\r' && p[1] == '\n')
            p++;
        if (*p) {
            if (l->line->len == 0) {
                guint depth = flow_top(l)->quote_depth;
                builder_add(&l->b, "", 0, depth > 0 ? LINE_QUOTE : flow_top(l)->kind, depth, 0, FALSE);
            }
            flow_end_line(l);
            p++;
        }
    }
}
