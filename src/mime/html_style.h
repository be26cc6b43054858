/* html_style.h - private: what tags and the few bits of CSS that matter mean. */
#pragma once
#include <glib.h>
#include <gumbo.h>

typedef struct {
    gboolean hidden; /* neither it nor what is in it is for people */
    gboolean has_font_size, font_zero;
} StyleInfo;

StyleInfo html_style_of(const GumboElement *e);
const char *style_attribute(const GumboElement *e, const char *name); /* NULL when not there */
gboolean style_is_block(GumboTag tag);
gboolean style_is_paragraph(GumboTag tag); /* has empty lines around it */
gboolean style_is_heading(GumboTag tag);
gboolean style_is_pixel(const GumboElement *e); /* an image of at most 3x3: it counts readers */
guint style_list_start(const GumboElement *e);
