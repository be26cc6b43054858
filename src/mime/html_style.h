/* html_style.h - private: what tags and attributes mean. */
#pragma once
#include <glib.h>
#include <gumbo.h>

const char *style_attribute(const GumboElement *e, const char *name); /* NULL when not there */
gboolean style_is_unseen(GumboTag tag);  /* neither it nor what is in it is text for people */
gboolean style_is_block(GumboTag tag);
gboolean style_is_paragraph(GumboTag tag); /* has empty lines around it */
guint style_heading(GumboTag tag);         /* 1 to 6; 0: none */
guint style_of_tag(GumboTag tag);          /* RENDER_* */
gboolean style_is_pixel(const GumboElement *e); /* an image of at most 3x3: it counts readers */
const char *style_alt(const GumboElement *e);   /* what an image says instead of itself; NULL */
guint style_list_start(const GumboElement *e);
/* "iv", "d", "12": the caller owns it. */
char *style_list_mark(char kind, int number);
