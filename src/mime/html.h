/* html.h - private: gumbo within bounds, and what a tag means for the layout. */
#pragma once
#include <glib.h>
#include <gumbo.h>

typedef struct HtmlTree HtmlTree;

/* NULL when the document would cost more than a mail is worth (its tags, its size, its
 * memory): html_strip() then. What is nested too deeply is parsed without those tags. `utf8` must
 * outlive the tree. */
HtmlTree *html_parse(const char *utf8, gsize len);
const GumboNode *html_root(const HtmlTree *t);
void html_free(HtmlTree *t);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HtmlTree, html_free)

/* Tags taken out with no tree built; linear. The caller owns it. */
char *html_strip(const char *utf8, gsize len);
