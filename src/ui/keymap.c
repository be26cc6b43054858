/* keymap.c - what a key means where. */
#include <string.h>
#include "keymap.h"
#include "command.h"

struct Keymap {
    GHashTable *lines; /* "context\nkey" -> command line */
    GPtrArray *order;  /* of Entry: as bound, for labels */
};

typedef struct {
    char *context, *line;
    Key key;
    char *id; /* as in `lines` */
} Entry;

static void entry_free(gpointer p)
{
    Entry *e = p;
    g_free(e->context);
    g_free(e->line);
    g_free(e->id);
    g_free(e);
}

static char *id_of(const char *context, const Key *key)
{
    g_autofree char *name = key_to_name(key);
    return g_strdup_printf("%s\n%s", context, name);
}

static void forget(Keymap *k, const char *id)
{
    g_hash_table_remove(k->lines, id);
    for (guint i = 0; i < k->order->len; i++)
        if (g_str_equal(((Entry *)k->order->pdata[i])->id, id)) {
            g_ptr_array_remove_index(k->order, i);
            return;
        }
}

static void add(Keymap *k, const Binding *b)
{
    Key key;
    if (!key_parse(b->key, &key, NULL))
        return; /* conf has told the person */
    g_autofree char *id = id_of(b->context, &key);
    forget(k, id);
    if (!b->command)
        return;
    Entry *e = g_new0(Entry, 1);
    e->context = g_strdup(b->context);
    e->line = g_strdup(b->command);
    e->key = key;
    e->id = g_strdup(id);
    g_ptr_array_add(k->order, e);
    g_hash_table_insert(k->lines, g_strdup(id), e->line);
}

static void add_all(Keymap *k, const Conf *c)
{
    const GPtrArray *bindings = conf_bindings(c);
    for (guint i = 0; i < bindings->len; i++)
        add(k, bindings->pdata[i]);
}

Keymap *keymap_new(const Conf *conf)
{
    Keymap *k = g_new0(Keymap, 1);
    k->lines = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    k->order = g_ptr_array_new_with_free_func(entry_free);
    g_autoptr(Conf) defaults = defaults_conf(conf_string(conf, "keys"), NULL);
    if (defaults)
        add_all(k, defaults);
    add_all(k, conf);
    return k;
}

void keymap_free(Keymap *k)
{
    if (!k)
        return;
    g_hash_table_unref(k->lines);
    g_ptr_array_unref(k->order);
    g_free(k);
}

const char *keymap_lookup(const Keymap *k, const char *context, const Key *key)
{
    for (const char *c = context; c; c = context_parent(c)) {
        g_autofree char *id = id_of(c, key);
        const char *line = g_hash_table_lookup(k->lines, id);
        if (line)
            return line;
    }
    g_autofree char *id = id_of("all", key);
    return g_hash_table_lookup(k->lines, id);
}

static gboolean runs(const char *line, const char *command)
{
    gsize n = strlen(command);
    return strncmp(line, command, n) == 0 && line[n] == '\0';
}

/* Does the entry's key really do that, seen from `context`? */
static gboolean reaches(const Keymap *k, const char *context, const Entry *e)
{
    return keymap_lookup(k, context, &e->key) == e->line;
}

/* A key that can be read off the keyboard: what hints prefer. */
static gboolean is_plain(const Key *key)
{
    return key->kind == KEY_CHAR && !key->mods && key->code > ' ';
}

char *keymap_label(const Keymap *k, const char *context, const char *command)
{
    const char *c = context;
    while (c) {
        const Entry *best = NULL;
        for (guint i = 0; i < k->order->len; i++) {
            const Entry *e = k->order->pdata[i];
            if (!g_str_equal(e->context, c) || !runs(e->line, command) || !reaches(k, context, e))
                continue;
            if (!best || (!is_plain(&best->key) && is_plain(&e->key)))
                best = e;
        }
        if (best)
            return key_label(&best->key);
        const char *parent = context_parent(c);
        c = parent ? parent : g_str_equal(c, "all") ? NULL : "all";
    }
    return NULL;
}

char *keymap_labels(const Keymap *k, const char *context, const char *command)
{
    g_autoptr(GString) out = g_string_new(NULL);
    for (guint i = 0; i < k->order->len; i++) {
        const Entry *e = k->order->pdata[i];
        if (!runs(e->line, command) || (context && !reaches(k, context, e)))
            continue;
        g_autofree char *label = key_label(&e->key);
        if (strstr(out->str, label) && g_str_equal(out->str, label))
            continue;
        g_string_append_printf(out, "%s%s", out->len ? ", " : "", label);
    }
    return out->len ? g_string_free(g_steal_pointer(&out), FALSE) : NULL;
}

char *keymap_names(const Keymap *k, const char *command)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < k->order->len; i++) {
        const Entry *e = k->order->pdata[i];
        if (!runs(e->line, command))
            continue;
        char *name = key_to_name(&e->key);
        if (g_ptr_array_find_with_equal_func(names, name, g_str_equal, NULL))
            g_free(name);
        else
            g_ptr_array_add(names, name);
    }
    g_ptr_array_add(names, NULL);
    return g_strjoinv(" ", (char **)names->pdata);
}
