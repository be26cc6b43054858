/* html_style.c - see html_style.h. */
#include "html_style.h"
#include <stdlib.h>
#include <string.h>
#include "pintail/mime/render.h"

const char *style_attribute(const GumboElement *e, const char *name)
{
    const GumboAttribute *a = gumbo_get_attribute(&e->attributes, name);
    return a ? a->value : NULL;
}

gboolean style_is_unseen(GumboTag tag)
{
    switch (tag) {
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
        return TRUE;
    default:
        return FALSE;
    }
}

guint style_heading(GumboTag tag)
{
    static const GumboTag tags[] = {GUMBO_TAG_H1, GUMBO_TAG_H2, GUMBO_TAG_H3,
                                    GUMBO_TAG_H4, GUMBO_TAG_H5, GUMBO_TAG_H6};
    for (guint i = 0; i < G_N_ELEMENTS(tags); i++)
        if (tags[i] == tag)
            return i + 1;
    return 0;
}

guint style_of_tag(GumboTag tag)
{
    switch (tag) {
    case GUMBO_TAG_B:
    case GUMBO_TAG_STRONG:
    case GUMBO_TAG_TH:
    case GUMBO_TAG_DT:
        return RENDER_BOLD;
    case GUMBO_TAG_I:
    case GUMBO_TAG_EM:
    case GUMBO_TAG_CITE:
    case GUMBO_TAG_DFN:
    case GUMBO_TAG_VAR:
        return RENDER_ITALIC;
    case GUMBO_TAG_U:
    case GUMBO_TAG_INS:
        return RENDER_UNDERLINE;
    case GUMBO_TAG_S:
    case GUMBO_TAG_STRIKE:
    case GUMBO_TAG_DEL:
        return RENDER_STRIKE;
    case GUMBO_TAG_CODE:
    case GUMBO_TAG_TT:
    case GUMBO_TAG_KBD:
    case GUMBO_TAG_SAMP:
        return RENDER_CODE;
    default:
        return 0;
    }
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

/* "1", "1px"; of an attribute or of style=. */
static gboolean is_small(const GumboElement *e, const char *name)
{
    const char *value = style_attribute(e, name), *style = style_attribute(e, "style");
    if (value && g_ascii_isdigit(*value))
        return g_ascii_strtoull(value, NULL, 10) <= 3 && !strchr(value, '%');
    gsize n = strlen(name);
    for (const char *p = style; p && (p = strcasestr(p, name)); p += n) {
        if (p > style && (g_ascii_isalpha(p[-1]) || p[-1] == '-'))
            continue;
        const char *at = p + n + strspn(p + n, " :");
        char *end;
        if (g_ascii_isdigit(*at) && g_ascii_strtoull(at, &end, 10) <= 3 && *end != '%' && *end != '.' &&
            g_ascii_strncasecmp(end, "em", 2) != 0 && g_ascii_strncasecmp(end, "rem", 3) != 0)
            return TRUE;
    }
    return FALSE;
}

gboolean style_is_pixel(const GumboElement *e)
{
    return is_small(e, "width") && is_small(e, "height");
}

const char *style_alt(const GumboElement *e)
{
    const char *alt = style_attribute(e, "alt");
    return alt && strspn(alt, " \t\r\n") < strlen(alt) ? alt : NULL;
}

guint style_list_start(const GumboElement *e)
{
    const char *start = style_attribute(e, "start");
    guint64 n = start ? g_ascii_strtoull(start, NULL, 10) : 1;
    return n >= 1 && n < 1000000 ? (guint)n : 1;
}

static char *roman(int n, gboolean upper)
{
    static const struct {
        int value;
        const char *text;
    } digits[] = {{1000, "m"}, {900, "cm"}, {500, "d"}, {400, "cd"}, {100, "c"}, {90, "xc"}, {50, "l"},
                  {40, "xl"}, {10, "x"}, {9, "ix"}, {5, "v"}, {4, "iv"}, {1, "i"}};
    g_autoptr(GString) out = g_string_new(NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(digits); i++)
        for (; n >= digits[i].value; n -= digits[i].value)
            g_string_append(out, digits[i].text);
    return upper ? g_ascii_strup(out->str, -1) : g_strdup(out->str);
}

static char *letters(int n, char first)
{
    char text[8] = "";
    gsize at = sizeof text - 1;
    for (; n > 0 && at > 0; n = (n - 1) / 26)
        text[--at] = (char)(first + (n - 1) % 26);
    return g_strdup(text + at);
}

char *style_list_mark(char kind, int number)
{
    if (number >= 1 && number < 4000 && (kind == 'i' || kind == 'I'))
        return roman(number, kind == 'I');
    if (number >= 1 && (kind == 'a' || kind == 'A'))
        return letters(number, kind);
    return g_strdup_printf("%d", number);
}
