/* html_style.c - see html_style.h. Only inline styles are looked at: mail has them
 * inline, because mail programs do without style sheets. */
#include "html_style.h"
#include <stdlib.h>
#include <string.h>

#define STYLE_MAX 4096

const char *style_attribute(const GumboElement *e, const char *name)
{
    const GumboAttribute *a = gumbo_get_attribute(&e->attributes, name);
    return a ? a->value : NULL;
}

/* `css` (lower case, without blanks) says name:value with a value that is zero? */
static gboolean is_zero(const char *value)
{
    while (*value == '0' || *value == '.')
        value++;
    return !g_ascii_isdigit(*value);
}

static const char *property(const char *css, const char *name)
{
    gsize n = strlen(name);
    for (const char *p = css; (p = strstr(p, name)); p += n) {
        if ((p == css || p[-1] == ';') && p[n] == ':')
            return p + n + 1;
    }
    return NULL;
}

static gboolean value_is(const char *value, const char *wanted)
{
    return value && strncmp(value, wanted, strlen(wanted)) == 0;
}

static void read_css(const char *css, StyleInfo *s)
{
    char clean[STYLE_MAX];
    gsize n = 0;
    for (; *css && n + 1 < sizeof clean; css++) {
        if (!g_ascii_isspace(*css))
            clean[n++] = g_ascii_tolower(*css);
    }
    clean[n] = '\0';
    const char *size = property(clean, "font-size"), *height = property(clean, "max-height"),
               *opacity = property(clean, "opacity");
    s->hidden = value_is(property(clean, "display"), "none") ||
                value_is(property(clean, "visibility"), "hidden") ||
                (height && g_ascii_isdigit(*height) && is_zero(height)) ||
                (opacity && g_ascii_isdigit(*opacity) && is_zero(opacity));
    s->has_font_size = size != NULL;
    s->font_zero = size && g_ascii_isdigit(*size) && is_zero(size);
}

StyleInfo html_style_of(const GumboElement *e)
{
    StyleInfo s = {FALSE, FALSE, FALSE};
    switch (e->tag) {
    case GUMBO_TAG_HEAD:
    case GUMBO_TAG_TITLE:
    case GUMBO_TAG_SCRIPT:
    case GUMBO_TAG_STYLE:
    case GUMBO_TAG_TEMPLATE:
    case GUMBO_TAG_NOSCRIPT:
    case GUMBO_TAG_NOEMBED:
    case GUMBO_TAG_NOFRAMES:
    case GUMBO_TAG_IFRAME:
    case GUMBO_TAG_OBJECT:
    case GUMBO_TAG_EMBED:
    case GUMBO_TAG_AUDIO:
    case GUMBO_TAG_VIDEO:
    case GUMBO_TAG_CANVAS:
    case GUMBO_TAG_SVG:
    case GUMBO_TAG_MATH:
    case GUMBO_TAG_SELECT:
    case GUMBO_TAG_INPUT:
        s.hidden = TRUE;
        return s;
    default:
        break;
    }
    const char *css = style_attribute(e, "style");
    if (css)
        read_css(css, &s);
    if (style_attribute(e, "hidden"))
        s.hidden = TRUE;
    return s;
}

gboolean style_is_heading(GumboTag tag)
{
    return tag == GUMBO_TAG_H1 || tag == GUMBO_TAG_H2 || tag == GUMBO_TAG_H3 ||
           tag == GUMBO_TAG_H4 || tag == GUMBO_TAG_H5 || tag == GUMBO_TAG_H6;
}

gboolean style_is_paragraph(GumboTag tag)
{
    return tag == GUMBO_TAG_P || tag == GUMBO_TAG_TABLE || tag == GUMBO_TAG_DL ||
           tag == GUMBO_TAG_FIGURE || tag == GUMBO_TAG_FIELDSET;
}

gboolean style_is_block(GumboTag tag)
{
    switch (tag) {
    case GUMBO_TAG_DIV:
    case GUMBO_TAG_CENTER:
    case GUMBO_TAG_SECTION:
    case GUMBO_TAG_ARTICLE:
    case GUMBO_TAG_ASIDE:
    case GUMBO_TAG_HEADER:
    case GUMBO_TAG_FOOTER:
    case GUMBO_TAG_MAIN:
    case GUMBO_TAG_NAV:
    case GUMBO_TAG_ADDRESS:
    case GUMBO_TAG_FORM:
    case GUMBO_TAG_BODY:
    case GUMBO_TAG_HTML:
    case GUMBO_TAG_TBODY:
    case GUMBO_TAG_THEAD:
    case GUMBO_TAG_TFOOT:
    case GUMBO_TAG_CAPTION:
    case GUMBO_TAG_DT:
    case GUMBO_TAG_DETAILS:
    case GUMBO_TAG_SUMMARY:
    case GUMBO_TAG_FIGCAPTION:
    case GUMBO_TAG_LEGEND:
        return TRUE;
    default:
        return FALSE;
    }
}

gboolean style_is_pixel(const GumboElement *e)
{
    const char *w = style_attribute(e, "width"), *h = style_attribute(e, "height");
    return w && h && g_ascii_strtoull(w, NULL, 10) <= 3 && g_ascii_strtoull(h, NULL, 10) <= 3;
}

guint style_list_start(const GumboElement *e)
{
    const char *start = style_attribute(e, "start");
    guint64 n = start ? g_ascii_strtoull(start, NULL, 10) : 1;
    return n >= 1 && n < 1000000 ? (guint)n : 1;
}
