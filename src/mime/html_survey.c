/* html_survey.c - once over the tree before it is laid out: what has to be known beforehand, and the
 * pictures, seen and unseen, that would tell somebody of this reader. */
#include <string.h>
#include "html_flow.h"
#include "html_style.h"
#include "html_url.h"

#define SHEETS_MAX 20
#define TEXTED_MAX 4000

typedef struct {
    Layout *l;
    guint sheets;
    const char *href; /* of the link that the walk is in */
    const GumboNode *link;
    gboolean texted;
} Survey;

static void see_image(Survey *s, const GumboElement *e)
{
    const char *src = style_attribute(e, "src");
    if (!src || (!url_is_web(src) && !g_str_has_prefix(src, "//")))
        return;
    if (!style_is_pixel(e) && !url_counts_readers(src)) {
        s->l->b.out->remote_images++;
        return;
    }
    g_autofree char *host = url_host(src);
    if (host && *host)
        link_tracker(s->l, host)->pixels++;
}

static void see_background(Survey *s, const GumboElement *e)
{
    const char *background = style_attribute(e, "background");
    if (background && (url_is_web(background) || g_str_has_prefix(background, "//")))
        s->l->b.out->remote_images++;
}

static void see_sheet(Survey *s, const GumboElement *e)
{
    if (s->sheets++ >= SHEETS_MAX || e->children.length == 0)
        return;
    const GumboNode *text = e->children.data[0];
    if (text->type == GUMBO_NODE_TEXT)
        css_sheet_add(s->l->css, text->v.text.text);
}

static void enter(Survey *s, const GumboNode *n)
{
    const GumboElement *e = &n->v.element;
    switch (e->tag) {
    case GUMBO_TAG_IMG:
        see_image(s, e);
        if (s->href && style_alt(e))
            s->texted = TRUE;
        break;
    case GUMBO_TAG_STYLE:
        see_sheet(s, e);
        break;
    case GUMBO_TAG_BASE:
        if (!s->l->base && style_attribute(e, "href"))
            s->l->base = g_utf8_make_valid(style_attribute(e, "href"), -1);
        break;
    case GUMBO_TAG_A:
        s->href = style_attribute(e, "href");
        s->link = n;
        s->texted = FALSE;
        break;
    case GUMBO_TAG_TABLE:
    case GUMBO_TAG_TD:
    case GUMBO_TAG_BODY:
        see_background(s, e);
        break;
    default:
        break;
    }
}

static void leave(Survey *s, const GumboNode *n)
{
    if (n != s->link)
        return;
    if (s->href && s->texted && g_hash_table_size(s->l->texted) < TEXTED_MAX)
        g_hash_table_add(s->l->texted, g_utf8_make_valid(s->href, -1));
    s->href = NULL;
    s->link = NULL;
}

void html_survey(Layout *l, const GumboNode *root)
{
    Survey s = {.l = l};
    const GumboNode *n = root;
    while (n) {
        gboolean element = n->type == GUMBO_NODE_ELEMENT || n->type == GUMBO_NODE_TEMPLATE;
        if (element) {
            enter(&s, n);
            if (n->v.element.children.length > 0) {
                n = n->v.element.children.data[0];
                continue;
            }
        } else if (n->type == GUMBO_NODE_TEXT && s.href) {
            s.texted = TRUE;
        }
        while (n != root && n->index_within_parent + 1 >= n->parent->v.element.children.length) {
            leave(&s, n);
            n = n->parent;
        }
        leave(&s, n);
        n = n == root ? NULL : n->parent->v.element.children.data[n->index_within_parent + 1];
    }
}
