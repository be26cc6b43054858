/* body_tree.c - see body_tree.h. Walks without recursion. */
#include "body_tree.h"
#include "pintail/mime/part.h"

/* Name, value, name, value, NULL; borrows the strings. */
static const char **pairs(const GArray *params)
{
    guint n = params ? params->len : 0;
    const char **out = g_new0(const char *, 2 * (gsize)n + 1);
    for (guint i = 0; i < n; i++) {
        const ImapParam *p = &g_array_index(params, ImapParam, i);
        out[2 * i] = p->name;
        out[2 * i + 1] = p->value;
    }
    return out;
}

static void add_part(GString *out, guint depth, const ImapBody *b)
{
    g_autofree char *type = g_strdup_printf("%s/%s", b->type, b->subtype);
    g_autofree const char **params = pairs(b->params);
    g_autofree const char **disposition_params = pairs(b->disposition_params);
    PartFacts facts = {.type = type,
                       .type_params = params,
                       .disposition = b->disposition,
                       .disposition_params = disposition_params,
                       .content_id = b->id,
                       .description = b->description,
                       .encoding = b->encoding,
                       .size = b->size};
    part_tree_add(out, depth, &facts);
}

typedef struct {
    const ImapBody *body;
    guint next; /* child */
} Level;

char *body_tree_text(const ImapBody *root)
{
    GString *out = g_string_new(NULL);
    g_autoptr(GArray) path = g_array_new(FALSE, FALSE, sizeof(Level));
    Level first = {.body = root};
    guint count = 1;
    add_part(out, 0, root);
    g_array_append_val(path, first);
    while (path->len > 0) {
        Level *level = &g_array_index(path, Level, path->len - 1);
        guint children = level->body->children ? level->body->children->len : 0;
        if (level->next >= children || path->len >= PART_DEPTH_MAX || count >= PART_COUNT_MAX) {
            g_array_set_size(path, path->len - 1);
            continue;
        }
        Level child = {.body = level->body->children->pdata[level->next++]};
        add_part(out, path->len, child.body);
        count++;
        g_array_append_val(path, child);
    }
    return g_string_free(out, FALSE);
}
