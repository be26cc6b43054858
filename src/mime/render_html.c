/* render_html.c - HTML to lines.
 *
 * The tree is walked along its parent pointers; what an element changes is kept on a stack of
 * contexts. Text is collected into the current line (html_flow.c); a block ends it; tables are
 * judged when they end (html_table.c). Nothing is ever loaded: images become their text and are
 * counted. */
#include <string.h>
#include "html_flow.h"
#include "html_style.h"
#include "pintail/util/i18n.h"
#include "pintail/util/text.h"

#define LIST_DEPTH_MAX 12
#define INDENT_MAX 36

/* ---- what is seen ---- */

static gboolean is_near(gint32 a, gint32 b)
{
    for (guint shift = 0; shift <= 16; shift += 8) {
        gint32 d = (a >> shift & 255) - (b >> shift & 255);
        if (d > 4 || d < -4)
            return FALSE;
    }
    return TRUE;
}

static gboolean is_hidden(const GumboElement *e, const Css *css)
{
    gboolean cut = css->v[CSS_OVERFLOW] == 1;
    return style_is_unseen(e->tag) || style_attribute(e, "hidden") || css->v[CSS_DISPLAY] == DISPLAY_NONE ||
           css->v[CSS_VISIBILITY] == 1 || css->v[CSS_OPACITY] == 1 || css->v[CSS_OFFSCREEN] == 1 ||
           css->v[CSS_HEIGHT] == 2 || (cut && (css->v[CSS_HEIGHT] == 1 || css->v[CSS_WIDTH] == 1));
}

static gint32 color_attribute(const GumboElement *e, const char *name)
{
    const char *value = style_attribute(e, name);
    if (!value)
        return CSS_UNSET;
    g_autofree char *lower = g_ascii_strdown(value, -1);
    return css_color(lower);
}

static void apply_colors(Context *c, const GumboElement *e, const Css *css)
{
    gint32 ground = css->v[CSS_BACKGROUND], color = css->v[CSS_COLOR];
    if (ground == CSS_UNSET)
        ground = color_attribute(e, "bgcolor");
    if (color == CSS_UNSET && e->tag == GUMBO_TAG_FONT)
        color = color_attribute(e, "color");
    if (color == CSS_UNSET && e->tag == GUMBO_TAG_BODY)
        color = color_attribute(e, "text");
    if (style_attribute(e, "background"))
        ground = -1;
    if (color == CSS_UNSET && e->tag == GUMBO_TAG_A)
        color = -1; /* the browser's own */
    if (ground != CSS_UNSET && ground != -2)
        c->background = ground;
    if (color != CSS_UNSET)
        c->color = color;
    if (css->v[CSS_TINY] != CSS_UNSET)
        c->tiny = css->v[CSS_TINY];
    c->unseen = c->tiny || (c->color >= 0 && c->background >= 0 && is_near(c->color, c->background));
}

/* Bits that are inherited, and those that this element adds or takes. */
static void apply_style(Context *c, const GumboElement *e, const Css *css)
{
    c->style |= (guint8)style_of_tag(e->tag);
    if (css->v[CSS_WEIGHT] != CSS_UNSET)
        c->style = (guint8)(css->v[CSS_WEIGHT] ? c->style | RENDER_BOLD : c->style & ~RENDER_BOLD);
    if (css->v[CSS_SLANT] != CSS_UNSET)
        c->style = (guint8)(css->v[CSS_SLANT] ? c->style | RENDER_ITALIC : c->style & ~RENDER_ITALIC);
    if (css->v[CSS_DECORATION] != CSS_UNSET && css->v[CSS_DECORATION] & 2)
        c->style |= RENDER_STRIKE;
    if (css->v[CSS_DECORATION] != CSS_UNSET && css->v[CSS_DECORATION] & 1 && e->tag != GUMBO_TAG_A)
        c->style |= RENDER_UNDERLINE;
    if (css->v[CSS_WHITE_SPACE] != CSS_UNSET && e->tag != GUMBO_TAG_PRE)
        c->pre = css->v[CSS_WHITE_SPACE] == 1;
    const char *align = style_attribute(e, "align");
    if (css->v[CSS_ALIGN] != CSS_UNSET)
        c->align = (guint8)css->v[CSS_ALIGN];
    else if (align)
        c->align = g_ascii_strcasecmp(align, "right") == 0 ? ALIGN_RIGHT : ALIGN_LEFT;
    if (e->tag == GUMBO_TAG_SUP || e->tag == GUMBO_TAG_SUB)
        c->script = e->tag == GUMBO_TAG_SUP ? 1 : 2;
}

/* ---- elements ---- */

static void add_image(Layout *l, const GumboElement *e)
{
    const char *alt = style_alt(e), *src = style_attribute(e, "src");
    if (alt) {
        g_autofree char *trimmed = g_strstrip(g_strdup(alt));
        g_autofree char *text = g_strdup_printf(*trimmed == '[' ? "%s" : "[%s]", trimmed);
        flow_text(l, text);
        return;
    }
    if (style_is_pixel(e))
        return;
    l->link.image = TRUE;
    const char *dot = src && g_ascii_strncasecmp(src, "cid:", 4) == 0 ? strrchr(src, '.') : NULL;
    if (!src || g_ascii_strncasecmp(src, "cid:", 4) != 0 || style_attribute(e, "alt"))
        return; /* alt="" says that it is only decoration */
    gsize name = strcspn(src + 4, "@");
    gboolean named = dot && strchr(src, '.') < src + 4 + name && name < 60;
    g_autofree char *text = named ? g_strdup_printf("[%.*s]", (int)name, src + 4) : g_strdup_printf("[%s]", _("image"));
    flow_text(l, text);
}

/* A form cannot be filled in here; what is ticked can be told. */
static void add_input(Layout *l, const GumboElement *e)
{
    const char *type = style_attribute(e, "type");
    if (type && (g_ascii_strcasecmp(type, "checkbox") == 0 || g_ascii_strcasecmp(type, "radio") == 0))
        flow_text(l, style_attribute(e, "checked") ? "[x]" : "[ ]");
}

static void begin_list(Layout *l, Context *c, const GumboElement *e, const Css *css)
{
    gboolean nested = c->list_depth > 0;
    if (nested)
        flow_end_item(l);
    else
        flow_end_paragraph(l);
    const char *type = style_attribute(e, "type");
    gboolean ordered = e->tag == GUMBO_TAG_OL;
    c->list = ordered ? '1' : '*';
    if (ordered && type && strchr("1aAiI", *type) && *type)
        c->list = *type;
    if (css->v[CSS_LIST] != CSS_UNSET)
        c->list = (char)css->v[CSS_LIST];
    c->number = (int)style_list_start(e);
    c->step = 1;
    if (ordered && style_attribute(e, "reversed")) {
        guint items = 0;
        for (guint i = 0; i < e->children.length; i++) {
            const GumboNode *n = e->children.data[i];
            items += n->type == GUMBO_NODE_ELEMENT && n->v.element.tag == GUMBO_TAG_LI;
        }
        c->number = style_attribute(e, "start") ? c->number : (int)items;
        c->step = -1;
    }
    c->list_depth++;
    c->below = !nested;
    if (!nested && c->list != '-')
        c->indent = MIN(c->indent + 2, INDENT_MAX);
}

static void begin_item(Layout *l, Context *c, const GumboElement *e)
{
    static const char *const bullets[] = {"• ", "◦ ", "▪ "};
    Context *list = l->stack->len > 1 ? &g_array_index(l->stack, Context, l->stack->len - 2) : c;
    const char *value = style_attribute(e, "value");
    g_autofree char *mark = NULL;
    if (list->list == '-') {
        mark = g_strdup("");
    } else if (list->list == '*' || list->list == 0) {
        mark = g_strdup(bullets[MIN(list->list_depth ? list->list_depth - 1 : 0, G_N_ELEMENTS(bullets) - 1)]);
    } else {
        if (value && g_ascii_isdigit(*value))
            list->number = (int)MIN(g_ascii_strtoull(value, NULL, 10), 1000000);
        g_autofree char *number = style_list_mark(list->list, list->number);
        mark = g_strdup_printf("%s. ", number);
        list->number += list->step;
    }
    if (c->indent + 6 > INDENT_MAX)
        c->indent = INDENT_MAX - 6;
    flow_begin_item(l, c, mark);
}

static void begin_break(Layout *l)
{
    if (l->line->len == 0 || l->item)
        l->blank_wanted = TRUE;
    l->item = FALSE;
    flow_end_line(l);
}

static void add_rule(Layout *l)
{
    flow_end_line(l);
    for (guint i = 0; i < 24; i++)
        g_string_append(l->line, "─");
    flow_end_line(l);
}

static void begin_quote(Layout *l, Context *c, const GumboElement *e)
{
    switch (quote_kind(e)) {
    case QUOTE_LEVEL:
        flow_end_paragraph(l);
        c->quote_depth++;
        c->below = TRUE;
        break;
    case QUOTE_INDENT:
        flow_end_paragraph(l);
        c->indent = MIN(c->indent + 4, INDENT_MAX);
        c->below = TRUE;
        break;
    case QUOTE_REST:
        flow_end_paragraph(l);
        quote_rest(l);
        break;
    case QUOTE_SIGNATURE:
        flow_end_line(l);
        c->kind = LINE_SIGNATURE;
        break;
    default:
        break;
    }
}

/* The many elements that are only blocks of some kind. */
static void begin_block(Layout *l, Context *c, const GumboElement *e, const Css *css)
{
    guint heading = style_heading(e->tag);
    gboolean paragraph = heading || style_is_paragraph(e->tag);
    gboolean block = paragraph || style_is_block(e->tag) || css->v[CSS_DISPLAY] == DISPLAY_BLOCK;
    if (css->v[CSS_DISPLAY] == DISPLAY_INLINE && !paragraph && e->tag != GUMBO_TAG_BODY)
        block = FALSE;
    c->block = block;
    c->above = paragraph && css->v[CSS_ABOVE] != 0;
    c->below = c->below || (paragraph && css->v[CSS_BELOW] != 0);
    if (heading) {
        c->above = c->below = TRUE;
        c->kind = LINE_HEADING;
        c->level = (guint8)heading;
        c->style &= (guint8)~RENDER_BOLD;
    }
    if (c->above)
        flow_end_paragraph(l);
    else if (block)
        flow_end_block(l);
}

/* "~" around what does not hold any more: a price that was. */
static void begin_struck(Layout *l, Context *c, const Context *outer, const GumboElement *e)
{
    if (!(c->style & RENDER_STRIKE) || outer->style & RENDER_STRIKE || c->block || e->tag == GUMBO_TAG_TD)
        return;
    flow_text(l, "~");
    c->struck = TRUE;
    c->struck_at = (guint32)l->line->len;
}

static void end_struck(Layout *l, const Context *c)
{
    if (!c->struck || l->line->len < c->struck_at)
        return;
    if (l->line->len > c->struck_at) {
        gboolean space = l->space_wanted;
        l->space_wanted = FALSE;
        flow_raw(l, "~");
        l->space_wanted = space;
    } else {
        g_string_truncate(l->line, c->struck_at - 1);
    }
}

static void begin_pre(Layout *l, Context *c)
{
    flow_end_paragraph(l);
    c->pre = c->below = TRUE;
    c->kind = c->kind == LINE_SIGNATURE ? LINE_SIGNATURE : LINE_PRE;
}

/* What an element does when it begins; its context is already on the stack. */
static void begin_element(Layout *l, Context *c, const Context *outer, const GumboElement *e, const Css *css)
{
    begin_quote(l, c, e);
    switch (e->tag) {
    case GUMBO_TAG_BR:
        begin_break(l);
        return;
    case GUMBO_TAG_HR:
        add_rule(l);
        return;
    case GUMBO_TAG_IMG:
        add_image(l, e);
        return;
    case GUMBO_TAG_INPUT:
        add_input(l, e);
        return;
    case GUMBO_TAG_PRE:
    case GUMBO_TAG_LISTING:
    case GUMBO_TAG_XMP:
        begin_pre(l, c);
        return;
    case GUMBO_TAG_UL:
    case GUMBO_TAG_OL:
        begin_list(l, c, e, css);
        return;
    case GUMBO_TAG_LI:
        begin_item(l, c, e);
        return;
    case GUMBO_TAG_DD:
        flow_end_line(l);
        c->indent = MIN(c->indent + 4, INDENT_MAX);
        return;
    case GUMBO_TAG_TR:
        flow_end_line(l);
        table_begin_row(l);
        return;
    case GUMBO_TAG_TD:
    case GUMBO_TAG_TH:
        flow_end_line(l);
        if (l->blank_wanted)
            flow_take_blank(l); /* now, so that it is no part of the cell */
        l->cell_start = c->cell_from = l->b.out->lines->len;
        c->indent = 0;
        c->list_depth = 0;
        return;
    case GUMBO_TAG_Q:
        flow_text(l, "“");
        l->space_wanted = FALSE;
        break;
    default:
        break;
    }
    begin_block(l, c, e, css);
    if (e->tag == GUMBO_TAG_TABLE) {
        flow_take_blank(l);
        table_begin(l, c);
    } else if (e->tag == GUMBO_TAG_A) {
        link_begin(l, c, style_attribute(e, "href"));
    }
    begin_struck(l, c, outer, e);
}

/* Before the context goes: the line still belongs to the element. */
static void end_element(Layout *l, Context *c, GumboTag tag)
{
    end_struck(l, c);
    if (c->link)
        link_end(l);
    switch (tag) {
    case GUMBO_TAG_LI:
        flow_end_item(l);
        break;
    case GUMBO_TAG_TD:
    case GUMBO_TAG_TH:
        table_end_cell(l, c, c->cell_from);
        l->blank_wanted = FALSE;
        break;
    case GUMBO_TAG_TR:
    case GUMBO_TAG_DD:
        flow_end_line(l);
        break;
    case GUMBO_TAG_TABLE:
        table_end(l);
        l->cell_start = G_MAXUINT;
        break;
    case GUMBO_TAG_Q:
        flow_raw(l, "”");
        break;
    default:
        break;
    }
    if (tag == GUMBO_TAG_UL || tag == GUMBO_TAG_OL || c->below) {
        flow_end_line(l);
        l->blank_wanted = l->blank_wanted || c->below;
    } else if (c->block) {
        flow_end_block(l);
    }
}

/* ---- the walk ---- */

static void begin_own(Context *c, const GumboNode *n)
{
    c->node = n;
    c->link = c->struck = c->block = c->above = c->below = FALSE;
    c->number = c->step = 0;
}

static gboolean enter(Layout *l, const GumboNode *n)
{
    const GumboElement *e = &n->v.element;
    Context c = *flow_top(l), outer = c;
    Css css;
    css_of(l->css, e, &css);
    if (is_hidden(e, &css))
        return FALSE;
    begin_own(&c, n);
    apply_colors(&c, e, &css);
    apply_style(&c, e, &css);
    g_array_append_val(l->stack, c);
    begin_element(l, flow_top(l), &outer, e, &css);
    return TRUE;
}

static void leave(Layout *l)
{
    Context *c = flow_top(l);
    end_element(l, c, c->node->v.element.tag);
    g_array_set_size(l->stack, l->stack->len - 1);
    l->mark_indent = l->line->len ? l->mark_indent : flow_top(l)->indent;
}

static void text_node(Layout *l, const GumboNode *n)
{
    Context *c = flow_top(l);
    if (c->unseen)
        return;
    if (c->pre)
        flow_pre(l, n->v.text.text);
    else
        flow_text(l, n->v.text.text);
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

static void drop_blank_ends(GPtrArray *lines)
{
    while (lines->len > 0 && !*((RenderLine *)g_ptr_array_index(lines, lines->len - 1))->text)
        g_ptr_array_set_size(lines, (int)lines->len - 1);
}

static void layout_init(Layout *l)
{
    *l = (Layout){.line = g_string_new(NULL), .css = css_sheet_new(), .cell_start = G_MAXUINT};
    l->spans = g_array_new(FALSE, FALSE, sizeof(RenderSpan));
    l->stack = g_array_new(FALSE, TRUE, sizeof(Context));
    l->tables = g_ptr_array_new_with_free_func(table_build_free);
    l->links = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    l->quiet = g_ptr_array_new_with_free_func(g_free);
    l->said = g_hash_table_new(NULL, NULL);
    l->texted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    l->trackers = g_hash_table_new(g_str_hash, g_str_equal);
    l->link.text = g_string_new(NULL);
    builder_init(&l->b);
    g_array_set_size(l->stack, 1);
    flow_top(l)->color = flow_top(l)->background = -1;
}

static Rendered *layout_finish(Layout *l)
{
    flow_end_line(l);
    drop_blank_ends(l->b.out->lines);
    link_add_list(l);
    g_string_free(l->line, TRUE);
    g_array_unref(l->spans);
    g_array_unref(l->stack);
    g_ptr_array_unref(l->tables);
    g_hash_table_unref(l->links);
    g_ptr_array_unref(l->quiet);
    g_hash_table_unref(l->said);
    g_hash_table_unref(l->texted);
    g_hash_table_unref(l->trackers);
    g_string_free(l->link.text, TRUE);
    g_free(l->link.target);
    g_free(l->base);
    css_sheet_free(l->css);
    return l->b.out;
}

Rendered *render_html(const char *utf8, gsize len)
{
    return render_html_from(utf8, len, 0);
}

Rendered *render_html_from(const char *utf8, gsize len, guint links_before)
{
    g_autoptr(HtmlTree) tree = html_parse(utf8, len);
    if (!tree) {
        g_autofree char *text = html_strip(utf8, len);
        return render_plain(text, strlen(text), FALSE, FALSE);
    }
    Layout l;
    layout_init(&l);
    l.links_before = links_before;
    html_survey(&l, html_root(tree));
    walk(&l, html_root(tree));
    return layout_finish(&l);
}
