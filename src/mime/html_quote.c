/* html_quote.c - the ways in which mail programs mark what they quote. */
#include <string.h>
#include "html_flow.h"
#include "html_style.h"

#define SIBLINGS_MAX 50

static gboolean has_word(const char *value, const char *word)
{
    return value && strstr(value, word) != NULL;
}

static char *squeezed(const char *style)
{
    GString *s = g_string_new(NULL);
    for (; *style && s->len < 400; style++)
        if (!g_ascii_isspace(*style))
            g_string_append_c(s, g_ascii_tolower(*style));
    return g_string_free(s, FALSE);
}

static QuoteKind of_style(const GumboElement *e, const char *given)
{
    g_autofree char *s = squeezed(given);
    if (e->tag == GUMBO_TAG_BLOCKQUOTE) /* how Gmail and Apple Mail indent */
        return strstr(s, "00040px") && strstr(s, "border:none") ? QUOTE_INDENT : QUOTE_LEVEL;
    if (strstr(s, "border-left:solidblue1.5pt") || (strstr(s, "border-left") && strstr(s, "padding-left:1ex")))
        return QUOTE_LEVEL; /* Outlook, and Gmail's quotes that others rewrote */
    if ((strstr(s, "border-top:solid#e1e1e11.0pt") || strstr(s, "border-top:solid#b5c4df1.0pt")) &&
        strstr(s, "padding:3.0pt"))
        return QUOTE_REST; /* Outlook: From, Sent, To, Subject; the text of that message follows */
    return QUOTE_NONE;
}

QuoteKind quote_kind(const GumboElement *e)
{
    if (e->tag != GUMBO_TAG_DIV && e->tag != GUMBO_TAG_BLOCKQUOTE && e->tag != GUMBO_TAG_PRE &&
        e->tag != GUMBO_TAG_SPAN && e->tag != GUMBO_TAG_P)
        return QUOTE_NONE;
    const char *class = style_attribute(e, "class"), *id = style_attribute(e, "id");
    const char *style = style_attribute(e, "style");
    if (has_word(class, "gmail_signature") || has_word(class, "moz-signature") ||
        (id && (strcmp(id, "AppleMailSignature") == 0 || strcmp(id, "Signature") == 0)))
        return QUOTE_SIGNATURE;
    if (e->tag == GUMBO_TAG_DIV && (has_word(class, "yahoo_quoted") || has_word(class, "OutlookMessageQuote")))
        return QUOTE_LEVEL;
    if (e->tag == GUMBO_TAG_DIV && id && (strstr(id, "divRplyFwdMsg") || strcmp(id, "mail-editor-reference-message") == 0))
        return QUOTE_REST;
    QuoteKind kind = style ? of_style(e, style) : QUOTE_NONE;
    return kind == QUOTE_NONE && e->tag == GUMBO_TAG_BLOCKQUOTE ? QUOTE_LEVEL : kind;
}

static gboolean is_followed(const GumboNode *n)
{
    const GumboVector *v = &n->parent->v.element.children;
    for (guint i = n->index_within_parent + 1; i < v->length && i < n->index_within_parent + SIBLINGS_MAX; i++) {
        const GumboNode *s = v->data[i];
        if (s->type == GUMBO_NODE_ELEMENT || s->type == GUMBO_NODE_TEXT)
            return TRUE;
    }
    return FALSE;
}

void quote_rest(Layout *l)
{
    guint from = l->stack->len - 1; /* of the element whose siblings follow */
    while (from > 2 && !is_followed(g_array_index(l->stack, Context, from).node) &&
           g_array_index(l->stack, Context, from - 1).node->v.element.tag == GUMBO_TAG_DIV)
        from--;
    for (guint i = from > 1 ? from - 1 : from; i < l->stack->len; i++)
        g_array_index(l->stack, Context, i).quote_depth++;
}
