/* style.c - colours and attributes: from text to small numbers, by element name.
 *
 * A Style is an index into one table of distinct combinations; what it means on this terminal
 * (pair, attributes) is worked out when it is first drawn: style_look() in style_private.h. */
#include <stdlib.h>
#include <string.h>
#include "style_private.h"
#include "pintail/util/i18n.h"

static GArray *styles;       /* of Look; index 0 is the terminal's own */
static GHashTable *elements; /* name -> Style */
static guint colors_shown;   /* how many this terminal has; 0: none */
static gboolean default_colors;

static const struct {
    const char *name;
    guint attribute;
} attributes[] = {
    {"bold", LOOK_BOLD}, {"dim", LOOK_DIM}, {"italic", LOOK_ITALIC}, {"underline", LOOK_UNDERLINE},
    {"reverse", LOOK_REVERSE}, {"blink", LOOK_BLINK},
};

static const char *const color_names[] = {"black", "red", "green", "yellow",
                                          "blue", "magenta", "cyan", "white"};

void style_terminal(guint colors, gboolean with_default)
{
    colors_shown = colors;
    default_colors = with_default;
}

static GArray *table(void)
{
    if (!styles) {
        Look plain = {.fg = LOOK_UNSET, .bg = LOOK_UNSET};
        styles = g_array_new(FALSE, TRUE, sizeof(Look));
        g_array_append_val(styles, plain);
    }
    return styles;
}

static Style intern(const Look *l)
{
    GArray *t = table();
    for (guint i = 0; i < t->len; i++) {
        const Look *have = &g_array_index(t, Look, i);
        if (have->fg == l->fg && have->bg == l->bg && have->attributes == l->attributes)
            return i;
    }
    if (t->len >= 4096) /* far more than any rc needs; keeps the search bounded */
        return 0;
    g_array_append_val(t, *l);
    return t->len - 1;
}

const Look *style_look(Style s)
{
    GArray *t = table();
    return &g_array_index(t, Look, s < t->len ? s : 0);
}

/* A colour word: LOOK_DEFAULT, 0..255, or LOOK_RGB | 0xrrggbb; FALSE when it is none. */
static gboolean parse_color(const char *word, int *out)
{
    if (g_ascii_strcasecmp(word, "default") == 0) {
        *out = LOOK_DEFAULT;
        return TRUE;
    }
    if (g_ascii_strcasecmp(word, "gray") == 0 || g_ascii_strcasecmp(word, "grey") == 0) {
        *out = 8;
        return TRUE;
    }
    int base = 0;
    if (g_ascii_strncasecmp(word, "bright", 6) == 0 || g_ascii_strncasecmp(word, "light", 5) == 0) {
        base = 8;
        word += g_ascii_tolower(word[0]) == 'b' ? 6 : 5;
        if (*word == '-')
            word++;
    }
    for (int i = 0; i < 8; i++)
        if (g_ascii_strcasecmp(word, color_names[i]) == 0) {
            *out = base + i;
            return TRUE;
        }
    if (base)
        return FALSE;
    char *end;
    if (word[0] == '#' && strlen(word) == 7) {
        gulong rgb = strtoul(word + 1, &end, 16);
        if (*end || !g_ascii_isxdigit(word[1]))
            return FALSE;
        *out = LOOK_RGB | (int)rgb;
        return TRUE;
    }
    if (!g_ascii_isdigit(word[0]))
        return FALSE;
    gulong n = strtoul(word, &end, 10);
    if (*end || n > 255)
        return FALSE;
    *out = (int)n;
    return TRUE;
}

/* NULL when fine. */
static char *parse(const char *text, Look *l)
{
    *l = (Look){.fg = LOOK_UNSET, .bg = LOOK_UNSET};
    g_auto(GStrv) words = g_strsplit_set(text, " \t,", -1);
    gboolean background = FALSE;
    for (char **w = words; *w; w++) {
        if (!**w || g_ascii_strcasecmp(*w, "normal") == 0)
            continue;
        if (g_ascii_strcasecmp(*w, "on") == 0) {
            background = TRUE;
            continue;
        }
        gboolean found = FALSE;
        for (gsize i = 0; i < G_N_ELEMENTS(attributes); i++)
            if (g_ascii_strcasecmp(*w, attributes[i].name) == 0) {
                l->attributes |= attributes[i].attribute;
                found = TRUE;
            }
        if (found)
            continue;
        int color;
        if (!parse_color(*w, &color))
            return g_strdup_printf(_("\"%s\" is no colour or attribute; there are bold, dim, italic, "
                                     "underline, reverse, blink, default, black, red, green, yellow, "
                                     "blue, magenta, cyan, white, bright-red..., 0 to 255, #rrggbb"),
                                   *w);
        if (background)
            l->bg = color;
        else
            l->fg = color;
    }
    return NULL;
}

char *style_problem(const char *text)
{
    Look l;
    return parse(text, &l);
}

Style style_parse(const char *text)
{
    Look l;
    g_autofree char *problem = parse(text, &l);
    return problem ? 0 : intern(&l);
}

void style_set(const char *element, const char *style)
{
    if (!elements)
        elements = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_hash_table_insert(elements, g_strdup(element), GUINT_TO_POINTER(style_parse(style)));
}

Style style_of(const char *element)
{
    char name[64];
    gpointer found;
    if (!elements)
        return 0;
    if (g_hash_table_lookup_extended(elements, element, NULL, &found))
        return GPOINTER_TO_UINT(found);
    g_strlcpy(name, element, sizeof name);
    for (char *dot; (dot = strrchr(name, '.'));) {
        *dot = '\0';
        if (g_hash_table_lookup_extended(elements, name, NULL, &found))
            return GPOINTER_TO_UINT(found);
    }
    return 0;
}

void style_reset(void)
{
    g_clear_pointer(&elements, g_hash_table_unref);
}

Style style_merge(Style under, Style over)
{
    if (!over || under == over)
        return under;
    if (!under)
        return over;
    Look l = *style_look(under), o = *style_look(over);
    if (o.fg != LOOK_UNSET)
        l.fg = o.fg;
    if (o.bg != LOOK_UNSET)
        l.bg = o.bg;
    l.attributes |= o.attributes;
    return intern(&l);
}

/* ---- what a colour is on this terminal ---- */

static int rgb_of(int n)
{
    static const int base[16] = {0x000000, 0xcd0000, 0x00cd00, 0xcdcd00, 0x0000ee, 0xcd00cd,
                                 0x00cdcd, 0xe5e5e5, 0x7f7f7f, 0xff0000, 0x00ff00, 0xffff00,
                                 0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff};
    if (n < 16)
        return base[n];
    if (n >= 232) {
        int g = 8 + (n - 232) * 10;
        return g << 16 | g << 8 | g;
    }
    n -= 16;
    int r = n / 36, g = n / 6 % 6, b = n % 6;
    return (r ? 55 + r * 40 : 0) << 16 | (g ? 55 + g * 40 : 0) << 8 | (b ? 55 + b * 40 : 0);
}

static int nearest(int rgb, int from, int to)
{
    int best = from;
    long best_distance = -1;
    for (int i = from; i < to; i++) {
        int c = rgb_of(i);
        long r = (rgb >> 16 & 255) - (c >> 16 & 255), g = (rgb >> 8 & 255) - (c >> 8 & 255),
             b = (rgb & 255) - (c & 255), distance = r * r + g * g + b * b;
        if (best_distance < 0 || distance < best_distance) {
            best = i;
            best_distance = distance;
        }
    }
    return best;
}

int style_terminal_color(int color, int unset)
{
    if (color == LOOK_UNSET || color == LOOK_DEFAULT)
        return default_colors ? -1 : unset;
    if (color & LOOK_RGB)
        return colors_shown >= 256 ? nearest(color & 0xffffff, 16, 256)
                                   : nearest(color & 0xffffff, 0, colors_shown >= 16 ? 16 : 8);
    if ((guint)color < colors_shown)
        return color;
    return color < 16 ? color & 7 : nearest(rgb_of(color), 0, colors_shown >= 16 ? 16 : 8);
}
