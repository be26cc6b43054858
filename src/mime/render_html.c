/* render_html.c - HTML to lines.
 *
 * The tree is walked along its parent pointers; what an element changes is kept on a
 * stack of contexts. Text is collected into the current line; a block ends it. A
 * table row whose cells are one line each becomes one line with the cells separated
 * (a table of data); any other row is layout, its cells are blocks. Nothing is ever
 * loaded: images become their alt text and are counted. */
#include <string.h>
#include "html.h"
#include "html_style.h"
#include "pintail/util/i18n.h"
#include "pintail/util/text.h"
#include "render_build.h"

#define LIST_DEPTH_MAX 12
#define LINKS_MAX 2000
#define ROW_BYTES_MAX 400

typedef struct {
    const GumboNode *node;
    LineKind kind;
    guint quote_depth;
    guint indent;      /* cells to the left of text */
    gboolean pre;
    gboolean tiny;     /* font-size: 0 */
    guint number;      /* of the next item in an ordered list; 0: bullets */
    const char *href;  /* of the link that this is; its number is shown when it ends */
    gsize link_start;  /* length of the line where it began */
    guint row_start;   /* first line of a row */
    gboolean headed;   /* table with th: empty cells keep their place */
} Context;

typedef struct {
    Builder b;
    GString *line;
    GArray *stack;     /* of Context */
    GArray *cells;     /* guint pairs: lines from, to, of the cells of open rows */
    GHashTable *links; /* target to number */
    gboolean blank_wanted, space_wanted;
    gboolean item;     /* the line holds nothing but a list mark */
    guint mark_indent; /* cells of continuation lines of the item being collected */
    guint cell_start;  /* first line of the cell: none empty before it */
    gboolean image;    /* an image without alt stands in the current link */
} Layout;

static Context *top(Layout *l)
{
    return &g_array_index(l->stack, Context, l->stack->len - 1);
}

/* The empty line that was asked for, unless there is one. */
static void take_blank(Layout *l)
{
    GPtrArray *lines = l->b.out->lines;
    if (l->blank_wanted && lines->len > 0 && lines->len != l->cell_start) {
        const RenderLine *last = g_ptr_array_index(lines, lines->len - 1);
        guint depth = MIN(top(l)->quote_depth, last->quote_depth);
        if (*last->text)
            builder_add(&l->b, "", 0, depth > 0 ? LINE_QUOTE : LINE_TEXT, depth, 0, FALSE);
    }
    l->blank_wanted = FALSE;
}

static void end_line(Layout *l)
{
    Context *c = top(l);
    GString *s = l->line;
    while (!c->pre && s->len > 0 && s->str[s->len - 1] == ' ')
        g_string_truncate(s, s->len - 1);
    if (s->len > 0) {
        guint depth = c->quote_depth;
        take_blank(l);
        LineKind kind = c->kind == LINE_TEXT && depth > 0 ? LINE_QUOTE : c->kind;
        builder_add(&l->b, s->str, s->len, kind, depth, l->mark_indent, kind != LINE_PRE);
    }
    g_string_truncate(s, 0);
    l->space_wanted = l->item = FALSE;
    l->mark_indent = c->indent;
}

/* Ends the line, and asks for an empty one before what follows. */
static void end_paragraph(Layout *l)
{
    if (l->item)
        return; /* a paragraph that opens a list item stays beside its mark */
    end_line(l);
    l->blank_wanted = TRUE;
}

static void end_block(Layout *l)
{
    if (!l->item)
        end_line(l);
}

static void begin_text(Layout *l)
{
    if (l->line->len == 0) {
        guint indent = top(l)->indent;
        for (guint i = 0; i < indent; i++)
            g_string_append_c(l->line, ' ');
        l->mark_indent = indent;
    } else if (l->space_wanted && l->line->str[l->line->len - 1] != ' ') {
        g_string_append_c(l->line, ' ');
    }
    l->space_wanted = FALSE;
    l->item = FALSE;
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
    return c == 0x200B || c == 0xFEFF || c == 0xAD || c == 0x34F || c == 0x2060 || c == 0x180E;
}

static void add_text(Layout *l, const char *given)
{
    g_autofree char *mended = NULL;
    const char *text = valid_utf8(given, &mended);
    for (const char *p = text; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        gboolean joiner = c == 0x200C || c == 0x200D;
        gboolean after_blank = l->line->len == 0 || l->space_wanted ||
                               l->line->str[l->line->len - 1] == ' ';
        if (is_filler(c) || (joiner && after_blank))
            continue;
        if (c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f') {
            l->space_wanted = l->space_wanted || l->line->len > 0;
        } else if (c == 0xA0 || c == 0x2007 || c == 0x202F) {
            if (l->line->len > 0)
                g_string_append_c(l->line, ' ');
        } else {
            begin_text(l);
            g_string_append_unichar(l->line, c);
        }
    }
}

static void add_pre(Layout *l, const char *given)
{
    g_autofree char *mended = NULL;
    const char *text = valid_utf8(given, &mended);
    for (const char *p = text; *p;) {
        gsize n = strcspn(p, "\r\n");
        g_string_append_len(l->line, p, (gssize)n);
        p += n;
        if (*p == '\r' && p[1] == '\n')
            p++;
        if (*p) {
            if (l->line->len == 0)
                builder_add(&l->b, "", 0, LINE_PRE, top(l)->quote_depth, 0, FALSE);
            end_line(l);
            p++;
        }
    }
}

/* A target worth a number; others (anchors, scripts) are only their text. */
static guint link_number(Layout *l, const char *href)
{
    g_autofree char *target = g_utf8_make_valid(href, -1);
    char *to = target; /* line ends and tabs are no part of a URL, whoever put them there */
    for (const char *p = target; *p; p++) {
        if ((guchar)*p >= ' ' && *p != 0x7f)
            *to++ = *p;
    }
    *to = '\0';
    g_strstrip(target);
    if (!*target || *target == '#' || !strchr(target, ':') ||
        g_ascii_strncasecmp(target, "javascript:", 11) == 0 ||
        g_ascii_strncasecmp(target, "data:", 5) == 0)
        return 0;
    gpointer known = g_hash_table_lookup(l->links, target);
    if (known)
        return GPOINTER_TO_UINT(known);
    GPtrArray *links = l->b.out->links;
    if (links->len >= LINKS_MAX)
        return 0;
    g_ptr_array_add(links, g_strdup(target));
    g_hash_table_insert(l->links, g_steal_pointer(&target), GUINT_TO_POINTER(links->len));
    return links->len;
}

static void add_image(Layout *l, const GumboElement *e)
{
    const char *src = style_attribute(e, "src"), *alt = style_attribute(e, "alt");
    if (src && (g_ascii_strncasecmp(src, "http", 4) == 0 || strncmp(src, "//", 2) == 0))
        l->b.out->remote_images++;
    if (alt && *alt && strspn(alt, " \t\r\n") < strlen(alt)) {
        g_autofree char *text = g_strdup_printf("[%s]", alt);
        add_text(l, text);
    } else if (!style_is_pixel(e)) {
        l->image = TRUE;
    }
}

static void end_link(Layout *l, const Context *c)
{
    gboolean empty = l->line->len <= c->link_start;
    guint number = !c->href || (empty && !l->image) ? 0 : link_number(l, c->href);
    if (number == 0)
        return; /* nothing to see, nothing to open */
    if (empty) {
        g_autofree char *text = g_strdup_printf("[%s]", _("image"));
        add_text(l, text);
    }
    g_autofree char *mark = g_strdup_printf("[%u]", number);
    begin_text(l);
    while (l->line->len > 0 && l->line->str[l->line->len - 1] == ' ')
        g_string_truncate(l->line, l->line->len - 1);
    g_string_append(l->line, mark);
}

static void begin_item(Layout *l)
{
    Context *c = top(l);
    Context *list = l->stack->len > 1 ? &g_array_index(l->stack, Context, l->stack->len - 2) : c;
    end_line(l);
    g_autofree char *mark = list->number > 0 ? g_strdup_printf("%u. ", list->number++)
                                             : g_strdup("\342\200\242 ");
    guint width = (guint)g_utf8_strlen(mark, -1);
    for (guint i = 0; i < c->indent; i++)
        g_string_append_c(l->line, ' ');
    g_string_append(l->line, mark);
    c->indent += width;
    l->mark_indent = c->indent;
    l->item = TRUE;
}

/* What stands in front of text in a line: an item's mark alone is no text. */
static void end_item(Layout *l)
{
    if (l->item)
        g_string_truncate(l->line, 0);
    l->item = FALSE;
    end_line(l);
}

static void end_cell(Layout *l, guint from)
{
    end_line(l);
    guint to = l->b.out->lines->len;
    g_array_append_val(l->cells, from);
    g_array_append_val(l->cells, to);
}

/* May lines [from, to) stand in one line with others? */
static gboolean cell_is_short(Layout *l, guint from, guint to, guint depth)
{
    if (from == to)
        return TRUE;
    const RenderLine *line = g_ptr_array_index(l->b.out->lines, from);
    return to - from == 1 && line->quote_depth == depth && line->kind != LINE_PRE;
}

/* A row of layout: cells of several lines have an empty one between them. */
static void separate_cells(Layout *l, guint first_cell)
{
    gboolean tall = FALSE;
    for (guint i = l->cells->len; i >= first_cell + 2; i -= 2) {
        guint from = g_array_index(l->cells, guint, i - 2);
        guint to = g_array_index(l->cells, guint, i - 1);
        tall = tall || to - from > 1;
        if (to == from || from == 0 || i == first_cell + 2 || builder_is_full(&l->b))
            continue;
        const RenderLine *above = g_ptr_array_index(l->b.out->lines, from - 1);
        if (to - from > 1 && *above->text && builder_add(&l->b, "", 0, LINE_TEXT, 0, 0, FALSE)) {
            /* the new line is moved from the end to where it belongs */
            gpointer blank = g_ptr_array_steal_index(l->b.out->lines, l->b.out->lines->len - 1);
            g_ptr_array_insert(l->b.out->lines, (int)from, blank);
        }
    }
    l->blank_wanted = l->blank_wanted || tall;
}

static void end_row(Layout *l, const Context *row, guint first_cell)
{
    GPtrArray *lines = l->b.out->lines;
    guint n = l->cells->len, filled = 0;
    gsize bytes = 0;
    gboolean shorts = TRUE;
    end_line(l);
    for (guint i = first_cell; i + 1 < n && shorts; i += 2) {
        guint from = g_array_index(l->cells, guint, i), to = g_array_index(l->cells, guint, i + 1);
        shorts = cell_is_short(l, from, to, row->quote_depth);
        filled += to > from;
        if (to > from)
            bytes += strlen(((RenderLine *)g_ptr_array_index(lines, from))->text);
    }
    if (shorts && filled >= 2 && bytes <= ROW_BYTES_MAX && !builder_is_full(&l->b) &&
        lines->len - row->row_start == filled) {
        g_autoptr(GString) joined = g_string_new(NULL);
        guint shown = 0;
        for (guint i = first_cell; i + 1 < n; i += 2) {
            guint from = g_array_index(l->cells, guint, i);
            gboolean empty = from == g_array_index(l->cells, guint, i + 1);
            if (empty && !row->headed)
                continue;
            g_string_append(joined, shown++ ? " | " : "");
            if (!empty) {
                RenderLine *line = g_ptr_array_index(lines, from);
                g_string_append(joined, shown > 1 ? g_strstrip(line->text) : line->text);
            }
        }
        RenderLine *first = g_ptr_array_index(lines, row->row_start);
        g_free(first->text);
        first->text = g_strdup(g_strchomp(joined->str));
        g_ptr_array_set_size(lines, (int)row->row_start + 1);
        l->blank_wanted = FALSE;
    } else {
        separate_cells(l, first_cell);
    }
    g_array_set_size(l->cells, first_cell);
    l->cell_start = G_MAXUINT;
}

static gboolean has_header_cells(const GumboNode *row)
{
    const GumboVector *v = &row->v.element.children;
    for (guint i = 0; i < v->length; i++) {
        const GumboNode *n = v->data[i];
        if (n->type == GUMBO_NODE_ELEMENT && n->v.element.tag == GUMBO_TAG_TH)
            return TRUE;
    }
    return FALSE;
}

/* The table that the row on top of the stack is in has titles. */
static void set_headed(Layout *l)
{
    for (guint i = l->stack->len; i-- > 1;) {
        Context *c = &g_array_index(l->stack, Context, i);
        c->headed = TRUE;
        if (c->node->v.element.tag == GUMBO_TAG_TABLE)
            return;
    }
}

static void begin_list(Layout *l, Context *c, const GumboElement *e)
{
    gboolean nested = c->indent > 0;
    if (nested)
        end_item(l);
    else
        end_paragraph(l);
    c->number = e->tag == GUMBO_TAG_OL ? style_list_start(e) : 0;
    c->indent = MIN(c->indent + (nested ? 0 : 2), 2 * LIST_DEPTH_MAX);
}

static void begin_row(Layout *l, Context *c)
{
    end_line(l);
    take_blank(l); /* now, so that it is no part of the row */
    c->row_start = l->b.out->lines->len;
    c->number = l->cells->len;
    if (has_header_cells(c->node))
        set_headed(l);
}

static void begin_break(Layout *l)
{
    if (l->line->len == 0 || l->item)
        l->blank_wanted = TRUE;
    l->item = FALSE;
    end_line(l);
}

static void add_rule(Layout *l)
{
    end_line(l);
    for (guint i = 0; i < 24; i++)
        g_string_append(l->line, "\342\224\200");
    end_line(l);
}

/* The many elements that are only blocks of some kind. */
static void begin_block(Layout *l, Context *c, GumboTag tag)
{
    if (tag == GUMBO_TAG_TABLE)
        c->headed = FALSE;
    if (style_is_heading(tag)) {
        end_paragraph(l);
        c->kind = LINE_HEADING;
    } else if (style_is_paragraph(tag)) {
        end_paragraph(l);
    } else if (style_is_block(tag)) {
        end_block(l);
    }
}

/* What an element does when it begins; its context is already on the stack. */
static void begin_element(Layout *l, Context *c, const GumboElement *e)
{
    switch (e->tag) {
    case GUMBO_TAG_BR:
        begin_break(l);
        break;
    case GUMBO_TAG_HR:
        add_rule(l);
        break;
    case GUMBO_TAG_IMG:
        add_image(l, e);
        break;
    case GUMBO_TAG_A:
        l->image = FALSE;
        c->href = style_attribute(e, "href");
        c->link_start = l->line->len;
        break;
    case GUMBO_TAG_BLOCKQUOTE:
        end_paragraph(l);
        c->quote_depth++;
        break;
    case GUMBO_TAG_PRE:
    case GUMBO_TAG_LISTING:
    case GUMBO_TAG_XMP:
        end_paragraph(l);
        c->pre = TRUE;
        c->kind = LINE_PRE;
        break;
    case GUMBO_TAG_UL:
    case GUMBO_TAG_OL:
        begin_list(l, c, e);
        break;
    case GUMBO_TAG_LI:
        begin_item(l);
        break;
    case GUMBO_TAG_DD:
        end_line(l);
        c->indent = MIN(c->indent + 4, 2 * LIST_DEPTH_MAX);
        break;
    case GUMBO_TAG_TR:
        begin_row(l, c);
        break;
    case GUMBO_TAG_TD:
    case GUMBO_TAG_TH:
        end_line(l);
        l->cell_start = c->row_start = l->b.out->lines->len;
        c->indent = 0;
        break;
    default:
        begin_block(l, c, e->tag);
    }
}

/* Before the context goes: the line still belongs to the element. */
static void end_element(Layout *l, Context *c, GumboTag tag)
{
    switch (tag) {
    case GUMBO_TAG_A:
        end_link(l, c);
        break;
    case GUMBO_TAG_LI:
        end_item(l);
        break;
    case GUMBO_TAG_TD:
    case GUMBO_TAG_TH:
        end_cell(l, c->row_start);
        break;
    case GUMBO_TAG_TR:
        end_row(l, c, c->number);
        break;
    case GUMBO_TAG_UL:
    case GUMBO_TAG_OL:
        end_line(l);
        l->blank_wanted = l->blank_wanted || l->stack->len < 2 || (c - 1)->indent == 0;
        break;
    case GUMBO_TAG_BLOCKQUOTE:
    case GUMBO_TAG_PRE:
    case GUMBO_TAG_LISTING:
    case GUMBO_TAG_XMP:
        end_line(l);
        l->blank_wanted = TRUE;
        break;
    default:
        if (style_is_heading(tag) || style_is_paragraph(tag))
            end_paragraph(l);
        else if (style_is_block(tag))
            end_block(l);
    }
}

static gboolean enter(Layout *l, const GumboNode *n)
{
    const GumboElement *e = &n->v.element;
    Context c = *top(l);
    StyleInfo style = html_style_of(e);
    if (style.hidden)
        return FALSE;
    c.node = n;
    c.href = NULL;
    c.tiny = style.has_font_size ? style.font_zero : c.tiny;
    g_array_append_val(l->stack, c);
    begin_element(l, top(l), e);
    return TRUE;
}

static void leave(Layout *l)
{
    Context *c = top(l);
    end_element(l, c, c->node->v.element.tag);
    g_array_set_size(l->stack, l->stack->len - 1);
    l->mark_indent = l->line->len ? l->mark_indent : top(l)->indent;
}

static void text_node(Layout *l, const GumboNode *n)
{
    Context *c = top(l);
    if (c->tiny)
        return;
    if (c->pre && n->type != GUMBO_NODE_WHITESPACE)
        add_pre(l, n->v.text.text);
    else if (c->pre)
        add_pre(l, n->v.text.text);
    else
        add_text(l, n->v.text.text);
}

/* The node after `n` in document order that is not below it, leaving elements on the way. */
static const GumboNode *after(Layout *l, const GumboNode *n, const GumboNode *root)
{
    while (n != root) {
        const GumboNode *parent = n->parent;
        const GumboVector *v = &parent->v.element.children;
        if (n->index_within_parent + 1 < v->length)
            return v->data[n->index_within_parent + 1];
        n = parent;
        leave(l);
    }
    return NULL;
}

static void walk(Layout *l, const GumboNode *root)
{
    const GumboNode *n = root;
    while (n && !builder_is_full(&l->b)) {
        if (n->type == GUMBO_NODE_ELEMENT || n->type == GUMBO_NODE_TEMPLATE) {
            if (enter(l, n)) {
                if (n->v.element.children.length > 0) {
                    n = n->v.element.children.data[0];
                    continue;
                }
                leave(l);
            }
        } else if (n->type == GUMBO_NODE_TEXT || n->type == GUMBO_NODE_WHITESPACE ||
                   n->type == GUMBO_NODE_CDATA) {
            text_node(l, n);
        }
        n = after(l, n, root);
    }
}

static void add_link_list(Layout *l)
{
    GPtrArray *links = l->b.out->links;
    if (links->len > 0)
        builder_add(&l->b, "", 0, LINE_TEXT, 0, 0, FALSE);
    for (guint i = 0; i < links->len; i++) {
        g_autofree char *text = g_strdup_printf("[%u] %s", i + 1,
                                                (char *)g_ptr_array_index(links, i));
        builder_add(&l->b, text, strlen(text), LINE_LINKS, 0, 4, FALSE);
    }
}

static void drop_blank_ends(GPtrArray *lines)
{
    while (lines->len > 0 && !*((RenderLine *)g_ptr_array_index(lines, lines->len - 1))->text)
        g_ptr_array_set_size(lines, (int)lines->len - 1);
}

Rendered *render_html(const char *utf8, gsize len)
{
    g_autoptr(HtmlTree) tree = html_parse(utf8, len);
    if (!tree) {
        g_autofree char *text = html_strip(utf8, len);
        return render_plain(text, strlen(text), FALSE, FALSE);
    }
    Layout l = {.line = g_string_new(NULL),
                .stack = g_array_new(FALSE, TRUE, sizeof(Context)),
                .cells = g_array_new(FALSE, FALSE, sizeof(guint)),
                .links = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
    builder_init(&l.b);
    l.cell_start = G_MAXUINT;
    g_array_set_size(l.stack, 1);
    walk(&l, html_root(tree));
    end_line(&l);
    drop_blank_ends(l.b.out->lines);
    add_link_list(&l);
    g_string_free(l.line, TRUE);
    g_array_unref(l.stack);
    g_array_unref(l.cells);
    g_hash_table_unref(l.links);
    return l.b.out;
}
