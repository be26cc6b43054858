/* test_messages.c - our own messages, malformed or unusual, one a file: tests/corpus/mime/NAME.eml, and in
 * NAME.json what the RFCs (or, where they say nothing, common sense: "rule") want of it. Each key there is
 * compared with the same key of message_to_json(); "names" are the names of the parts. Blanks are collapsed. */
#include <stdio.h>
#include "json.h"
#include "pintail/mime/describe.h"

#define PLACE "tests/corpus/mime"

static char *collapsed(const char *s)
{
    g_auto(GStrv) words = g_strsplit_set(s, " \t\r\n", -1);
    GString *out = g_string_new(NULL);
    for (gsize i = 0; words[i]; i++)
        if (*words[i])
            g_string_append_printf(out, "%s%s", out->len ? " " : "", words[i]);
    return g_string_free(out, FALSE);
}

/* As text, to compare and to show. */
static void put(GString *out, const Json *j)
{
    if (!j || j->kind == JSON_NULL) {
        g_string_append(out, "null");
    } else if (j->kind == JSON_STRING) {
        g_autofree char *text = collapsed(j->text);
        g_string_append_printf(out, "\"%s\"", text);
    } else if (j->kind == JSON_LIST || j->kind == JSON_OBJECT) {
        g_string_append_c(out, '[');
        for (guint i = 0; i < json_length(j); i++) {
            if (j->kind == JSON_OBJECT)
                g_string_append_printf(out, "%s:", (char *)g_ptr_array_index(j->keys, i));
            put(out, json_at(j, i));
            g_string_append_c(out, ' ');
        }
        g_string_append_c(out, ']');
    } else {
        g_string_append_printf(out, "%g", j->number);
    }
}

static char *names_of(const Json *got)
{
    GString *out = g_string_new("[");
    const Json *parts = json_get(got, "parts");
    for (guint i = 0; i < json_length(parts); i++) {
        const char *name = json_string(json_get(json_at(parts, i), "name"));
        if (*name)
            g_string_append_printf(out, "\"%s\" ", name);
    }
    g_string_append_c(out, ']');
    return g_string_free(out, FALSE);
}

static void check(gconstpointer data)
{
    g_autofree char *eml = g_strdup_printf(PLACE "/%s.eml", (const char *)data);
    g_autofree char *wanted_path = g_strdup_printf(PLACE "/%s.json", (const char *)data);
    g_autofree char *message = NULL, *wanted_text = NULL;
    gsize len;
    g_assert_true(g_file_get_contents(eml, &message, &len, NULL));
    g_assert_true(g_file_get_contents(wanted_path, &wanted_text, NULL, NULL));
    g_autofree char *got_text = message_to_json(message, len);
    Json *wanted = json_parse(wanted_text), *got = json_parse(got_text);
    for (guint i = 0; i < wanted->keys->len; i++) {
        const char *key = g_ptr_array_index(wanted->keys, i);
        if (strcmp(key, "rule") == 0)
            continue;
        g_autoptr(GString) w = g_string_new(NULL), g = g_string_new(NULL);
        put(w, json_at(wanted, i));
        put(g, json_get(got, key));
        g_autofree char *names = strcmp(key, "names") == 0 ? names_of(got) : NULL;
        if (strcmp(w->str, names ? names : g->str) != 0)
            g_test_message("%s: %s (%s)", (const char *)data, key, json_string(json_get(wanted, "rule")));
        g_assert_cmpstr(w->str, ==, names ? names : g->str);
    }
    json_free(wanted);
    json_free(got);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_autoptr(GDir) dir = g_dir_open(PLACE, 0, NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    for (const char *name; dir && (name = g_dir_read_name(dir));) {
        if (!g_str_has_suffix(name, ".json"))
            continue;
        char *stem = g_strndup(name, strlen(name) - 5);
        g_ptr_array_add(names, stem);
        g_autofree char *path = g_strconcat("/mime/messages/", stem, NULL);
        g_test_add_data_func(path, stem, check);
    }
    g_assert_cmpuint(names->len, >=, 150);
    return g_test_run();
}
