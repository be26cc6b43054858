/* html_css.c - see html_css.h. Not a CSS engine: selectors of one element only, later rules over
 * earlier ones, an id over a class over a tag, style= over all, !important over that. */
#include "html_css.h"
#include <stdlib.h>
#include <string.h>
#include "render_build.h"

#define RULES_MAX 4000
#define NAME_MAX_BYTES 80
#define VALUE_MAX_BYTES 200
#define CLASSES_MAX 16

typedef struct {
    Css normal, important;
} Rule;

struct CssSheet {
    GHashTable *rules; /* "tag", ".class", "#id", "tag.class" to Rule */
};

static void css_clear(Css *c)
{
    for (guint i = 0; i < CSS_N; i++)
        c->v[i] = CSS_UNSET;
}

static void css_lay(Css *under, const Css *over)
{
    for (guint i = 0; i < CSS_N; i++)
        if (over->v[i] != CSS_UNSET)
            under->v[i] = over->v[i];
}

CssSheet *css_sheet_new(void)
{
    CssSheet *s = g_new0(CssSheet, 1);
    s->rules = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return s;
}

void css_sheet_free(CssSheet *s)
{
    g_hash_table_unref(s->rules);
    g_free(s);
}

/* ---- values ---- */

static const struct {
    const char *name;
    gint32 rgb;
} color_names[] = {
    {"white", 0xffffff}, {"black", 0x000000}, {"red", 0xff0000}, {"green", 0x008000},
    {"blue", 0x0000ff}, {"gray", 0x808080}, {"grey", 0x808080}, {"silver", 0xc0c0c0},
    {"navy", 0x000080}, {"yellow", 0xffff00}, {"whitesmoke", 0xf5f5f5}, {"snow", 0xfffafa},
    {"ivory", 0xfffff0}, {"lightgray", 0xd3d3d3}, {"lightgrey", 0xd3d3d3}, {"orange", 0xffa500},
    {"purple", 0x800080}, {"maroon", 0x800000}, {"teal", 0x008080}, {"olive", 0x808000},
    {"windowtext", 0x000000}, {"transparent", -2},
};

gint32 css_color(const char *v)
{
    if (*v == '#') {
        gsize n = strspn(v + 1, "0123456789abcdef");
        guint32 x = (guint32)strtoul(v + 1, NULL, 16);
        if (n == 3)
            return (gint32)(((x >> 8 & 15) * 17) << 16 | ((x >> 4 & 15) * 17) << 8 | (x & 15) * 17);
        return n == 6 ? (gint32)x : n == 8 ? (gint32)(x >> 8) : -1;
    }
    if (g_str_has_prefix(v, "rgb")) {
        const char *p = strchr(v, '(');
        gint32 rgb = 0;
        for (guint i = 0; p && i < 3; i++) {
            p += strcspn(p, "0123456789");
            guint64 one = g_ascii_strtoull(p, (char **)&p, 10);
            rgb = rgb << 8 | (gint32)MIN(one, 255);
        }
        double alpha = p && (*p == ',' || strchr(p, '/')) ? g_ascii_strtod(p + strcspn(p, "0123456789."), NULL) : 1;
        return !p ? -1 : alpha <= 0 ? -2 : rgb;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(color_names); i++) {
        gsize n = strlen(color_names[i].name);
        if (strncmp(v, color_names[i].name, n) == 0 && !g_ascii_isalpha(v[n]))
            return color_names[i].rgb;
    }
    return -1;
}

static gboolean starts(const char *value, const char *with)
{
    return strncmp(value, with, strlen(with)) == 0;
}

/* A length that is nothing, or less than `below` of its unit px or pt. */
static gboolean is_nothing(const char *v, double below)
{
    char *end;
    if (!g_ascii_isdigit(*v) && *v != '.')
        return FALSE;
    double n = g_ascii_strtod(v, &end);
    return n == 0 || (n < below && (starts(end, "px") || starts(end, "pt")));
}

static gint32 display_of(const char *v)
{
    static const char *const blocks[] = {"block", "list-item", "flex", "grid", "table"};
    if (starts(v, "none"))
        return DISPLAY_NONE;
    for (gsize i = 0; i < G_N_ELEMENTS(blocks); i++)
        if (strcmp(v, blocks[i]) == 0)
            return DISPLAY_BLOCK;
    return starts(v, "inline") ? DISPLAY_INLINE : DISPLAY_OTHER;
}

static gint32 background_of(const char *v, gboolean shorthand)
{
    if (strstr(v, "url(") || strstr(v, "gradient"))
        return -1;
    gint32 rgb = css_color(v);
    if (shorthand && rgb == -1 && starts(v, "none"))
        return -2;
    return rgb;
}

static gint32 list_of(const char *v)
{
    static const struct {
        const char *name;
        char kind;
    } kinds[] = {{"none", '-'}, {"decimal", '1'}, {"lower-alpha", 'a'}, {"lower-latin", 'a'},
                 {"upper-alpha", 'A'}, {"upper-latin", 'A'}, {"lower-roman", 'i'},
                 {"upper-roman", 'I'}, {"disc", '*'}, {"circle", '*'}, {"square", '*'}};
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (strstr(v, kinds[i].name))
            return kinds[i].kind;
    return CSS_UNSET;
}

static gint32 border_of(const char *v)
{
    return starts(v, "none") || starts(v, "0") ? 0 : 1;
}

/* margin: top right bottom left */
static void set_margin(const char *v, Css *c)
{
    g_auto(GStrv) parts = g_strsplit(v, " ", 5);
    guint n = g_strv_length(parts);
    if (n == 0)
        return;
    c->v[CSS_ABOVE] = !is_nothing(parts[0], 3);
    c->v[CSS_BELOW] = !is_nothing(parts[n >= 3 ? 2 : 0], 3);
}

static gboolean far_outside(const char *v)
{
    return *v == '-' && g_ascii_strtod(v, NULL) <= -500;
}

static void set_text(const char *name, const char *v, Css *c)
{
    if (strcmp(name, "color") == 0)
        c->v[CSS_COLOR] = css_color(v);
    else if (strcmp(name, "background-color") == 0)
        c->v[CSS_BACKGROUND] = background_of(v, FALSE);
    else if (strcmp(name, "background") == 0)
        c->v[CSS_BACKGROUND] = background_of(v, TRUE);
    else if (strcmp(name, "background-image") == 0 && !starts(v, "none"))
        c->v[CSS_BACKGROUND] = -1;
    else if (strcmp(name, "font-weight") == 0)
        c->v[CSS_WEIGHT] = starts(v, "bold") || g_ascii_strtoull(v, NULL, 10) >= 600;
    else if (strcmp(name, "font-style") == 0)
        c->v[CSS_SLANT] = starts(v, "italic") || starts(v, "oblique");
    else if (starts(name, "text-decoration") && (name[15] == '\0' || strcmp(name + 15, "-line") == 0))
        c->v[CSS_DECORATION] = (strstr(v, "underline") ? 1 : 0) | (strstr(v, "line-through") ? 2 : 0);
    else if (strcmp(name, "white-space") == 0)
        c->v[CSS_WHITE_SPACE] = starts(v, "pre") && strcmp(v, "pre-line") != 0;
    else if (strcmp(name, "text-align") == 0)
        c->v[CSS_ALIGN] = starts(v, "right") ? ALIGN_RIGHT : starts(v, "center") ? ALIGN_CENTER : ALIGN_LEFT;
    else if (strcmp(name, "list-style-type") == 0 || strcmp(name, "list-style") == 0)
        c->v[CSS_LIST] = list_of(v);
}

static void set_property(const char *name, const char *v, Css *c)
{
    if (strcmp(name, "display") == 0)
        c->v[CSS_DISPLAY] = display_of(v);
    else if (strcmp(name, "visibility") == 0)
        c->v[CSS_VISIBILITY] = starts(v, "hidden") || starts(v, "collapse");
    else if (strcmp(name, "font-size") == 0)
        c->v[CSS_TINY] = is_nothing(v, 2);
    else if (strcmp(name, "max-height") == 0)
        c->v[CSS_HEIGHT] = is_nothing(v, 1.1) ? 2 : 0;
    else if (strcmp(name, "height") == 0)
        c->v[CSS_HEIGHT] = c->v[CSS_HEIGHT] == 2 ? 2 : is_nothing(v, 1.1);
    else if (strcmp(name, "max-width") == 0 || strcmp(name, "width") == 0)
        c->v[CSS_WIDTH] = is_nothing(v, 1.1) || c->v[CSS_WIDTH] == 1;
    else if (strcmp(name, "overflow") == 0)
        c->v[CSS_OVERFLOW] = starts(v, "hidden");
    else if (strcmp(name, "opacity") == 0)
        c->v[CSS_OPACITY] = is_nothing(v, 0);
    else if (strcmp(name, "left") == 0 || strcmp(name, "top") == 0)
        c->v[CSS_OFFSCREEN] = far_outside(v) || c->v[CSS_OFFSCREEN] == 1;
    else if (strcmp(name, "margin") == 0)
        set_margin(v, c);
    else if (strcmp(name, "margin-top") == 0)
        c->v[CSS_ABOVE] = !is_nothing(v, 3);
    else if (strcmp(name, "margin-bottom") == 0)
        c->v[CSS_BELOW] = !is_nothing(v, 3);
    else if (strcmp(name, "border-left") == 0)
        c->v[CSS_BORDER_LEFT] = border_of(v);
    else if (strcmp(name, "border-top") == 0)
        c->v[CSS_BORDER_TOP] = border_of(v);
    else
        set_text(name, v, c);
}

/* ---- declarations ---- */

/* Lower case, trimmed, without what is beyond `max`; quotes and comments stay. */
static void clean(char *to, gsize max, const char *from, gsize len)
{
    gsize n = 0;
    for (gsize i = 0; i < len && n + 1 < max; i++) {
        char c = g_ascii_isspace(from[i]) ? ' ' : g_ascii_tolower(from[i]);
        if (c != ' ' || (n > 0 && to[n - 1] != ' '))
            to[n++] = c;
    }
    while (n > 0 && to[n - 1] == ' ')
        n--;
    to[n] = '\0';
}

static void declarations(const char *p, gsize len, Rule *r)
{
    const char *end = p + len;
    while (p < end) {
        const char *stop = memchr(p, ';', (gsize)(end - p));
        stop = stop ? stop : end;
        const char *colon = memchr(p, ':', (gsize)(stop - p));
        if (colon) {
            char name[NAME_MAX_BYTES], value[VALUE_MAX_BYTES];
            clean(name, sizeof name, p, (gsize)(colon - p));
            clean(value, sizeof value, colon + 1, (gsize)(stop - colon - 1));
            char *important = strstr(value, "!important");
            if (important) {
                *important = '\0';
                g_strchomp(value);
            }
            set_property(name, value, important ? &r->important : &r->normal);
        }
        p = stop + 1;
    }
}

/* ---- style sheets ---- */

static gboolean is_simple(const char *selector)
{
    const char *mark = strpbrk(selector, ".#");
    return *selector && !strpbrk(selector, " >+~:[*\"@()") && (!mark || !strpbrk(mark + 1, ".#"));
}

static void add_rule(CssSheet *s, const char *selectors, gsize len, const char *body, gsize body_len)
{
    Rule r;
    css_clear(&r.normal);
    css_clear(&r.important);
    declarations(body, body_len, &r);
    const char *end = selectors + len;
    while (selectors < end && g_hash_table_size(s->rules) < RULES_MAX) {
        const char *stop = memchr(selectors, ',', (gsize)(end - selectors));
        stop = stop ? stop : end;
        char one[NAME_MAX_BYTES];
        gsize n = (gsize)(stop - selectors);
        clean(one, sizeof one, selectors, n);
        if (n < sizeof one && is_simple(one)) {
            Rule *known = g_hash_table_lookup(s->rules, one);
            if (known) {
                css_lay(&known->normal, &r.normal);
                css_lay(&known->important, &r.important);
            } else {
                g_hash_table_insert(s->rules, g_strdup(one), g_memdup2(&r, sizeof r));
            }
        }
        selectors = stop + 1;
    }
}

static char *without_comments(const char *text)
{
    GString *out = g_string_new(NULL);
    const char *open;
    while ((open = strstr(text, "/*"))) {
        g_string_append_len(out, text, open - text);
        const char *close = strstr(open + 2, "*/");
        text = close ? close + 2 : "";
    }
    g_string_append(out, text);
    return g_string_free(out, FALSE);
}

/* "@media screen {": its rules hold here; those for printers, small or dark screens do not. */
static gboolean holds_here(const char *at, gsize len)
{
    char text[NAME_MAX_BYTES];
    clean(text, sizeof text, at, len);
    return strcmp(text, "@media screen") == 0 || strcmp(text, "@media all") == 0 ||
           strcmp(text, "@media only screen") == 0;
}

static const char *behind_block(const char *p)
{
    guint depth = 1;
    for (; *p && depth > 0; p++)
        depth += *p == '{' ? 1 : *p == '}' ? -1 : 0;
    return p;
}

void css_sheet_add(CssSheet *s, const char *text)
{
    g_autofree char *css = without_comments(text);
    for (const char *p = css; *p;) {
        p += strspn(p, " \t\r\n\f}");
        if (g_str_has_prefix(p, "<!--") || g_str_has_prefix(p, "-->")) {
            p += *p == '<' ? 4 : 3;
            continue;
        }
        gsize n = strcspn(p, "{};");
        if (p[n] != '{') { /* "@import …;" */
            p += n + (p[n] != '\0');
            continue;
        }
        if (*p == '@') {
            p = holds_here(p, n) ? p + n + 1 : behind_block(p + n + 1);
            continue;
        }
        const char *body = p + n + 1;
        gsize body_len = strcspn(body, "}");
        add_rule(s, p, n, body, body_len);
        p = body + body_len;
    }
}

/* ---- elements ---- */

static void lay_rule(const CssSheet *s, const char *key, Rule *r)
{
    const Rule *rule = g_hash_table_lookup(s->rules, key);
    if (!rule)
        return;
    css_lay(&r->normal, &rule->normal);
    css_lay(&r->important, &rule->important);
}

static void lay_name(const CssSheet *s, const char *tag, char mark, const char *name, gsize len, Rule *r)
{
    char key[NAME_MAX_BYTES], *with_tag = key;
    gsize tag_len = strlen(tag);
    if (len == 0 || tag_len + len + 2 > sizeof key)
        return;
    memcpy(key, tag, tag_len);
    key[tag_len] = mark;
    for (gsize i = 0; i < len; i++)
        key[tag_len + 1 + i] = g_ascii_tolower(name[i]);
    key[tag_len + 1 + len] = '\0';
    lay_rule(s, key + tag_len, r);
    if (tag_len > 0)
        lay_rule(s, with_tag, r);
}

void css_of(const CssSheet *s, const GumboElement *e, Css *css)
{
    Rule r;
    css_clear(&r.normal);
    css_clear(&r.important);
    if (g_hash_table_size(s->rules) > 0) {
        const char *tag = gumbo_normalized_tagname(e->tag);
        lay_rule(s, tag, &r);
        const GumboAttribute *a = gumbo_get_attribute(&e->attributes, "class");
        const char *p = a ? a->value : "";
        for (guint i = 0; *p && i < CLASSES_MAX; i++) {
            p += strspn(p, " \t\r\n");
            gsize n = strcspn(p, " \t\r\n");
            lay_name(s, tag, '.', p, n, &r);
            p += n;
        }
        if ((a = gumbo_get_attribute(&e->attributes, "id")))
            lay_name(s, tag, '#', a->value, strlen(a->value), &r);
    }
    const GumboAttribute *style = gumbo_get_attribute(&e->attributes, "style");
    if (style)
        declarations(style->value, strlen(style->value), &r);
    *css = r.normal;
    css_lay(css, &r.important);
}
