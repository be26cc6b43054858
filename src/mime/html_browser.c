/* html_browser.c - a mail's HTML made fit for a browser: nothing in it runs, asks anybody for
 * anything, or tells anybody that it is looked at. Written anew from the tree, of known elements and
 * attributes only; a policy in the document forbids once more what was left out. */
#include <string.h>
#include "html.h"
#include "html_style.h"
#include "html_url.h"
#include "pintail/mime/render.h"

#define OUTPUT_MAX (64 * 1024 * 1024)

static const char head[] =
    "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
    "style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'\">\n"
    "<meta name=\"referrer\" content=\"no-referrer\">\n"
    "<meta http-equiv=\"x-dns-prefetch-control\" content=\"off\">\n<title>Mail</title>\n";

static void put_escaped(GString *out, const char *given)
{
    g_autofree char *valid = g_utf8_make_valid(given, -1);
    for (const char *p = valid; *p; p++) {
        switch (*p) {
        case '&': g_string_append(out, "&amp;"); break;
        case '<': g_string_append(out, "&lt;"); break;
        case '>': g_string_append(out, "&gt;"); break;
        case '"': g_string_append(out, "&quot;"); break;
        default: g_string_append_c(out, *p);
        }
    }
}

/* Kept as they are; what is in others is kept without them. */
static gboolean is_kept(GumboTag tag)
{
    static const GumboTag kept[] = {
        GUMBO_TAG_A, GUMBO_TAG_ABBR, GUMBO_TAG_ADDRESS, GUMBO_TAG_ARTICLE, GUMBO_TAG_ASIDE, GUMBO_TAG_B,
        GUMBO_TAG_BDI, GUMBO_TAG_BDO, GUMBO_TAG_BIG, GUMBO_TAG_BLOCKQUOTE, GUMBO_TAG_BR, GUMBO_TAG_CAPTION,
        GUMBO_TAG_CENTER, GUMBO_TAG_CITE, GUMBO_TAG_CODE, GUMBO_TAG_COL, GUMBO_TAG_COLGROUP, GUMBO_TAG_DD,
        GUMBO_TAG_DEL, GUMBO_TAG_DETAILS, GUMBO_TAG_DFN, GUMBO_TAG_DIV, GUMBO_TAG_DL, GUMBO_TAG_DT, GUMBO_TAG_EM,
        GUMBO_TAG_FIGCAPTION, GUMBO_TAG_FIGURE, GUMBO_TAG_FONT, GUMBO_TAG_FOOTER, GUMBO_TAG_H1, GUMBO_TAG_H2,
        GUMBO_TAG_H3, GUMBO_TAG_H4, GUMBO_TAG_H5, GUMBO_TAG_H6, GUMBO_TAG_HEADER, GUMBO_TAG_HR, GUMBO_TAG_I,
        GUMBO_TAG_IMG, GUMBO_TAG_INS, GUMBO_TAG_KBD, GUMBO_TAG_LI, GUMBO_TAG_MAIN, GUMBO_TAG_MARK,
        GUMBO_TAG_NAV, GUMBO_TAG_OL, GUMBO_TAG_P, GUMBO_TAG_PRE, GUMBO_TAG_Q, GUMBO_TAG_S, GUMBO_TAG_SAMP,
        GUMBO_TAG_SECTION, GUMBO_TAG_SMALL, GUMBO_TAG_SPAN, GUMBO_TAG_STRIKE, GUMBO_TAG_STRONG,
        GUMBO_TAG_STYLE, GUMBO_TAG_SUB, GUMBO_TAG_SUMMARY, GUMBO_TAG_SUP, GUMBO_TAG_TABLE, GUMBO_TAG_TBODY,
        GUMBO_TAG_TD, GUMBO_TAG_TFOOT, GUMBO_TAG_TH, GUMBO_TAG_THEAD, GUMBO_TAG_TIME, GUMBO_TAG_TR,
        GUMBO_TAG_TT, GUMBO_TAG_U, GUMBO_TAG_UL, GUMBO_TAG_VAR, GUMBO_TAG_WBR, GUMBO_TAG_BODY};
    for (gsize i = 0; i < G_N_ELEMENTS(kept); i++)
        if (kept[i] == tag)
            return TRUE;
    return FALSE;
}

static gboolean is_void(GumboTag tag)
{
    return tag == GUMBO_TAG_BR || tag == GUMBO_TAG_HR || tag == GUMBO_TAG_IMG || tag == GUMBO_TAG_COL ||
           tag == GUMBO_TAG_WBR;
}

/* A style that could ask for anything is not kept in part: escapes make too many ways to write it. */
static gboolean style_asks(const char *css)
{
    static const char *const words[] = {"url", "import", "image", "expression", "binding", "behavior", "src",
                                        "\\", "<", "attr("};
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
        if (strcasestr(css, words[i]))
            return TRUE;
    return FALSE;
}

/* One declaration or rule at a time, so that a picture in the background does not cost the layout. */
static void put_style(GString *out, const char *css, const char *separators)
{
    g_autofree char *valid = g_utf8_make_valid(css, -1);
    for (const char *p = valid; *p;) {
        gsize n = strcspn(p, separators);
        n += p[n] != '\0';
        g_autofree char *one = g_strndup(p, n);
        if (!style_asks(one))
            put_escaped(out, one);
        p += n;
    }
}

static gboolean is_allowed(const char *name)
{
    static const char *const allowed[] = {
        "align", "alt", "bgcolor", "border", "cellpadding", "cellspacing", "class", "color", "colspan", "dir",
        "face", "height", "hidden", "id", "lang", "reversed", "rowspan", "size", "span", "start", "title", "type",
        "valign", "value", "width", "nowrap", "open"};
    for (gsize i = 0; i < G_N_ELEMENTS(allowed); i++)
        if (g_ascii_strcasecmp(name, allowed[i]) == 0)
            return TRUE;
    return FALSE;
}

static void put_attribute(GString *out, const char *name, const char *value)
{
    g_string_append_printf(out, " %s=\"", name);
    put_escaped(out, value);
    g_string_append_c(out, '"');
}

static void put_link(GString *out, const GumboElement *e)
{
    const char *href = style_attribute(e, "href");
    if (!href)
        return;
    href += strspn(href, " \t\r\n");
    if (!url_is_web(href) && g_ascii_strncasecmp(href, "mailto:", 7) != 0)
        return;
    put_attribute(out, "href", href);
    g_string_append(out, " rel=\"noreferrer noopener\" target=\"_blank\"");
}

static gboolean is_picture(const char *url)
{
    static const char *const types[] = {"data:image/png;", "data:image/jpeg;", "data:image/gif;", "data:image/webp;"};
    for (gsize i = 0; i < G_N_ELEMENTS(types); i++)
        if (g_ascii_strncasecmp(url, types[i], strlen(types[i])) == 0)
            return TRUE;
    return FALSE;
}

static void put_source(GString *out, const GumboElement *e, InlineImage inline_image, gpointer data)
{
    const char *src = style_attribute(e, "src");
    g_autofree char *found = NULL;
    if (!src)
        return;
    if (g_ascii_strncasecmp(src, "cid:", 4) == 0 && inline_image) {
        g_autofree char *id = g_uri_unescape_string(src + 4, NULL);
        found = inline_image(id ? id : src + 4, data);
        src = found ? found : "";
    }
    if (is_picture(src))
        put_attribute(out, "src", src);
}

static void put_element(GString *out, const GumboElement *e, InlineImage inline_image, gpointer data)
{
    const char *tag = e->tag == GUMBO_TAG_BODY ? "div" : gumbo_normalized_tagname(e->tag);
    g_string_append_printf(out, "<%s", tag);
    for (guint i = 0; i < e->attributes.length; i++) {
        const GumboAttribute *a = e->attributes.data[i];
        if (is_allowed(a->name)) {
            put_attribute(out, a->name, a->value);
        } else if (g_ascii_strcasecmp(a->name, "style") == 0) {
            g_string_append(out, " style=\"");
            put_style(out, a->value, ";");
            g_string_append_c(out, '"');
        }
    }
    if (e->tag == GUMBO_TAG_A)
        put_link(out, e);
    else if (e->tag == GUMBO_TAG_IMG)
        put_source(out, e, inline_image, data);
    g_string_append_c(out, '>');
}

/* The rules of a <style>; text in it is not escaped, so it must hold no "<" (style_asks). */
static void put_sheet(GString *out, const GumboElement *e)
{
    const GumboNode *text = e->children.length ? e->children.data[0] : NULL;
    if (!text || text->type != GUMBO_NODE_TEXT)
        return;
    g_autofree char *valid = g_utf8_make_valid(text->v.text.text, -1);
    g_string_append(out, "<style>");
    for (const char *p = valid; *p;) {
        gsize n = strcspn(p, "}");
        n += p[n] != '\0';
        g_autofree char *rule = g_strndup(p, n);
        g_string_append(out, style_asks(rule) ? "x{}" : rule); /* of a block's end, the brace is kept */
        p += n;
    }
    g_string_append(out, "</style>");
}

typedef struct {
    GString *out;
    InlineImage inline_image;
    gpointer data;
} Writer;

/* TRUE: what is in it comes next. */
static gboolean enter(Writer *w, const GumboNode *n)
{
    const GumboElement *e = &n->v.element;
    if (e->tag_namespace != GUMBO_NAMESPACE_HTML || n->type == GUMBO_NODE_TEMPLATE)
        return FALSE;
    if (e->tag == GUMBO_TAG_STYLE) {
        put_sheet(w->out, e);
        return FALSE;
    }
    if (style_is_unseen(e->tag) && e->tag != GUMBO_TAG_HEAD)
        return FALSE;
    if (is_kept(e->tag))
        put_element(w->out, e, w->inline_image, w->data);
    return e->children.length > 0;
}

static void leave(Writer *w, const GumboNode *n)
{
    const GumboElement *e = &n->v.element;
    if (is_kept(e->tag) && !is_void(e->tag) && e->tag != GUMBO_TAG_STYLE)
        g_string_append_printf(w->out, "</%s>", e->tag == GUMBO_TAG_BODY ? "div" : gumbo_normalized_tagname(e->tag));
}

static void write_tree(Writer *w, const GumboNode *root)
{
    const GumboNode *n = root;
    while (n && w->out->len < OUTPUT_MAX) {
        if (n->type == GUMBO_NODE_ELEMENT || n->type == GUMBO_NODE_TEMPLATE) {
            if (enter(w, n)) {
                n = n->v.element.children.data[0];
                continue;
            }
            if (n->v.element.children.length == 0 && n->v.element.tag_namespace == GUMBO_NAMESPACE_HTML &&
                !style_is_unseen(n->v.element.tag))
                leave(w, n);
        } else if (n->type == GUMBO_NODE_TEXT || n->type == GUMBO_NODE_WHITESPACE || n->type == GUMBO_NODE_CDATA) {
            put_escaped(w->out, n->v.text.text);
        }
        while (n != root && n->index_within_parent + 1 >= n->parent->v.element.children.length) {
            n = n->parent;
            leave(w, n);
        }
        n = n == root ? NULL : n->parent->v.element.children.data[n->index_within_parent + 1];
    }
}

char *html_for_browser(const char *utf8, gsize len, InlineImage inline_image, gpointer data)
{
    Writer w = {g_string_new(head), inline_image, data};
    g_string_append(w.out, "</head><body>\n");
    g_autoptr(HtmlTree) tree = html_parse(utf8, len);
    if (tree) {
        write_tree(&w, html_root(tree));
    } else {
        g_autofree char *text = html_strip(utf8, len);
        g_string_append(w.out, "<pre>");
        put_escaped(w.out, text);
        g_string_append(w.out, "</pre>");
    }
    g_string_append(w.out, "\n</body></html>\n");
    return g_string_free(w.out, FALSE);
}
