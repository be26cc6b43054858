/* tree.c - parts as such: making, freeing, walking and numbering them, and what
 * the fields of a part's header mean for it. No recursion: a walk goes along the
 * parents' pointers. */
#include "tree.h"
#include <stdlib.h>
#include "tnef.h"

#define TNEF_DEPTH_MAX 10

static void node_free(gpointer data)
{
    Part *p = data;
    g_free(p->type);
    g_free(p->charset);
    g_free(p->name);
    g_free(p->disposition);
    g_free(p->content_id);
    g_free(p->description);
    g_free(p->boundary);
    g_free(p->section);
    g_clear_pointer(&p->content, g_bytes_unref);
    g_ptr_array_unref(p->children);
    g_free(p);
}

Part *tree_part_new(Part *parent)
{
    Part *p = g_new0(Part, 1);
    p->type = g_strdup("");
    p->charset = g_strdup("");
    p->name = g_strdup("");
    p->disposition = g_strdup("");
    p->content_id = g_strdup("");
    p->description = g_strdup("");
    p->boundary = g_strdup("");
    p->section = g_strdup("");
    p->children = g_ptr_array_new_with_free_func(node_free); /* depth is bounded */
    p->parent = parent;
    if (parent) {
        p->index = parent->children->len;
        g_ptr_array_add(parent->children, p);
    }
    return p;
}

void part_free(Part *root)
{
    if (root)
        node_free(root);
}

gboolean part_is_multipart(const Part *p)
{
    return strncmp(p->type, "multipart/", 10) == 0;
}

Part *tree_next(const Part *p)
{
    if (p->children->len > 0)
        return g_ptr_array_index(p->children, 0);
    while (p->parent) {
        guint i = p->index + 1;
        if (i < p->parent->children->len)
            return g_ptr_array_index(p->parent->children, i);
        p = p->parent;
    }
    return NULL;
}

const Part *part_next(const Part *p)
{
    return tree_next(p);
}

gboolean part_is_tnef(const Part *p)
{
    static const char *const types[] = {"application/ms-tnef", "application/vnd.ms-tnef"};
    for (gsize i = 0; i < G_N_ELEMENTS(types); i++)
        if (strcmp(p->type, types[i]) == 0)
            return TRUE;
    return g_ascii_strcasecmp(p->name, "winmail.dat") == 0 && strncmp(p->type, "application/", 12) == 0;
}

guint tree_depth(const Part *p)
{
    guint depth = 0;
    for (; p->parent; p = p->parent)
        depth++;
    return depth;
}

static gboolean type_part_is_valid(const char *s)
{
    if (!*s)
        return FALSE;
    for (; *s; s++) {
        if ((guchar)*s <= ' ' || (guchar)*s >= 0x7f || strchr("()<>@,;:\\\"[]?=", *s))
            return FALSE;
    }
    return TRUE;
}

/* "text" and "text/" are text/plain, "multipart" is multipart/mixed, anything
 * that is no type at all is "" (the defaults follow). */
static char *media_type(const char *value)
{
    g_autofree char *lower = g_ascii_strdown(value, -1);
    char *slash = strchr(lower, '/');
    char *sub = slash ? slash + 1 : lower + strlen(lower);
    if (slash)
        *slash = '\0';
    sub[strcspn(sub, "/,")] = '\0';
    if (type_part_is_valid(lower) && type_part_is_valid(sub))
        return g_strconcat(lower, "/", sub, NULL);
    if (strcmp(lower, "text") == 0)
        return g_strdup("text/plain");
    if (strcmp(lower, "multipart") == 0)
        return g_strdup("multipart/mixed");
    return g_strdup("");
}

static void set(char **into, char *value)
{
    g_free(*into);
    *into = value;
}

void tree_set_type(Part *p, const Params *params)
{
    const char *v;
    set(&p->type, media_type(params->main));
    if ((v = params_get(params, "charset")))
        set(&p->charset, g_ascii_strdown(v, -1));
    if ((v = params_get(params, "name")) && !*p->name)
        set(&p->name, g_strdup(v));
    if (part_is_multipart(p) && (v = params_get(params, "boundary")))
        set(&p->boundary, g_strchomp(g_strdup(v)));
    if (strcmp(p->type, "text/plain") == 0) {
        v = params_get(params, "format");
        p->flowed = v && g_ascii_strcasecmp(v, "flowed") == 0;
        v = params_get(params, "delsp");
        p->delsp = p->flowed && v && g_ascii_strcasecmp(v, "yes") == 0;
    }
}

void tree_set_disposition(Part *p, const Params *params)
{
    g_autofree char *kind = g_ascii_strdown(params->main, -1);
    const char *name = params_get(params, "filename");
    if (!name || !*name)
        name = params_get(params, "name");
    if (strcmp(kind, "inline") == 0 || strcmp(kind, "attachment") == 0)
        set(&p->disposition, g_steal_pointer(&kind));
    if (name && *name)
        set(&p->name, g_strdup(name));
}

void tree_set_defaults(Part *p)
{
    if (*p->type)
        return;
    gboolean digest = p->parent && strcmp(p->parent->type, "multipart/digest") == 0;
    set(&p->type, g_strdup(digest ? "message/rfc822" : "text/plain"));
}

PartEncoding tree_encoding(const char *name)
{
    static const struct {
        const char *name;
        PartEncoding encoding;
    } known[] = {
        {"base64", PART_ENCODING_BASE64},
        {"b", PART_ENCODING_BASE64},
        {"quoted-printable", PART_ENCODING_QUOTED_PRINTABLE},
        {"quoted_printable", PART_ENCODING_QUOTED_PRINTABLE},
        {"quotedprintable", PART_ENCODING_QUOTED_PRINTABLE},
        {"q", PART_ENCODING_QUOTED_PRINTABLE},
        {"uuencode", PART_ENCODING_UUENCODE},
        {"x-uuencode", PART_ENCODING_UUENCODE},
        {"x-uue", PART_ENCODING_UUENCODE},
        {"x-uu", PART_ENCODING_UUENCODE},
        {"yenc", PART_ENCODING_YENC},
        {"x-yenc", PART_ENCODING_YENC},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(known); i++) {
        if (g_ascii_strcasecmp(name, known[i].name) == 0)
            return known[i].encoding;
    }
    return PART_ENCODING_IDENTITY;
}

/* A multipart that is the content of a message has no number of its own: its
 * children are numbered below the message. */
static char *number_of(const Part *p)
{
    const Part *parent = p->parent;
    if (!parent)
        return g_strdup(part_is_multipart(p) ? "" : "1");
    guint n = p->index + 1;
    if (part_is_multipart(parent)) {
        const Part *above = parent;
        /* up to the message whose root multipart this is */
        if (!*above->section && above->parent)
            above = above->parent;
        if (!*above->section)
            return g_strdup_printf("%u", n);
        return g_strdup_printf("%s.%u", above->section, n);
    }
    if (part_is_multipart(p))
        return g_strdup("");
    return g_strdup_printf("%s.%u", parent->section, n);
}

void tree_number(Part *root)
{
    for (Part *p = root; p; p = tree_next(p))
        set(&p->section, number_of(p));
}

/* Streams in a stream are expanded too, up to the depth that every tree has. */
void part_expand(Part *p, GBytes *decoded)
{
    if (p->children->len > 0 || !tnef_expand(p, decoded))
        return;
    guint depth = tree_depth(p), count = 0;
    for (Part *c = tree_next(p); c && tree_depth(c) > depth && count < PART_COUNT_MAX; c = tree_next(c), count++) {
        if (part_is_tnef(c) && c->children->len == 0 && c->content && tree_depth(c) < depth + TNEF_DEPTH_MAX)
            tnef_expand(c, c->content);
        set(&c->section, number_of(c));
    }
}

const Part *part_by_section(const Part *root, const char *section)
{
    for (const Part *p = root; p; p = tree_next(p)) {
        if (strcmp(p->section, section) == 0)
            return p;
    }
    return NULL;
}
