/* viewing.c - how messages are shown: `headers` and `filter`. */
#include <string.h>
#include "conf_private.h"

struct Viewing {
    GHashTable *filters; /* type -> command; never changed, but replaced: loaders hold references */
    GPtrArray *headers[HEADERS_KINDS]; /* of char * */
};

static GHashTable *filters_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

Viewing *viewing_new(void)
{
    Viewing *v = g_new0(Viewing, 1);
    v->filters = filters_new();
    for (gsize i = 0; i < HEADERS_KINDS; i++)
        v->headers[i] = g_ptr_array_new_with_free_func(g_free);
    return v;
}

void viewing_free(Viewing *v)
{
    if (!v)
        return;
    g_hash_table_unref(v->filters);
    for (gsize i = 0; i < HEADERS_KINDS; i++)
        g_ptr_array_unref(v->headers[i]);
    g_free(v);
}

void viewing_set_filter(Viewing *v, const char *type, const char *command)
{
    GHashTable *next = filters_new();
    GHashTableIter it;
    gpointer key, value;
    g_hash_table_iter_init(&it, v->filters);
    while (g_hash_table_iter_next(&it, &key, &value))
        g_hash_table_insert(next, g_strdup(key), g_strdup(value));
    g_autofree char *low = g_ascii_strdown(type, -1);
    if (*command)
        g_hash_table_replace(next, g_steal_pointer(&low), g_strdup(command));
    else
        g_hash_table_remove(next, low);
    g_hash_table_unref(v->filters);
    v->filters = next;
}

GHashTable *viewing_filters(const Viewing *v)
{
    return v->filters;
}

const char *filter_for(GHashTable *filters, const char *type)
{
    const char *exact = g_hash_table_lookup(filters, type);
    if (exact)
        return exact;
    g_autofree char *any = g_strdup_printf("%.*s/*", (int)strcspn(type, "/"), type);
    return g_hash_table_lookup(filters, any);
}

static gboolean take_out(GPtrArray *names, const char *name)
{
    for (guint i = 0; i < names->len; i++)
        if (g_ascii_strcasecmp(names->pdata[i], name) == 0) {
            g_ptr_array_remove_index(names, i);
            return TRUE;
        }
    return FALSE;
}

void viewing_add_headers(Viewing *v, HeadersKind kind, char **names)
{
    if (kind == HEADERS_ORDER)
        g_ptr_array_set_size(v->headers[kind], 0);
    for (; *names; names++) {
        g_autofree char *name = g_strdup(*names);
        if (g_str_has_suffix(name, ":"))
            name[strlen(name) - 1] = '\0';
        (void)take_out(v->headers[kind], name);
        if (kind != HEADERS_ORDER) /* the last word about a field holds */
            (void)take_out(v->headers[kind == HEADERS_SHOW ? HEADERS_HIDE : HEADERS_SHOW], name);
        if (*name)
            g_ptr_array_add(v->headers[kind], g_steal_pointer(&name));
    }
}

const GPtrArray *viewing_headers(const Viewing *v, HeadersKind kind)
{
    return v->headers[kind];
}
