/* json.h - a small JSON reader for test data. Values are a tree of Json; anything
 * malformed ends the test. */
#pragma once
#include <glib.h>
#include <string.h>

typedef enum { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_LIST, JSON_OBJECT } JsonKind;

typedef struct Json {
    JsonKind kind;
    double number; /* 0 or 1 for bool */
    char *text;
    GPtrArray *keys;   /* of char *, objects */
    GPtrArray *values; /* of Json, objects and lists */
} Json;

static Json *json_value(const char **p);

static void json_free(gpointer data)
{
    Json *j = data;
    if (!j)
        return;
    g_free(j->text);
    g_clear_pointer(&j->keys, g_ptr_array_unref);
    g_clear_pointer(&j->values, g_ptr_array_unref);
    g_free(j);
}

static void json_blanks(const char **p)
{
    *p += strspn(*p, " \t\r\n");
}

static gunichar json_hex4(const char *p)
{
    gunichar c = 0;
    for (int i = 0; i < 4; i++) {
        g_assert(g_ascii_isxdigit(p[i]));
        c = c << 4 | (gunichar)g_ascii_xdigit_value(p[i]);
    }
    return c;
}

static char *json_text(const char **p)
{
    GString *s = g_string_new(NULL);
    g_assert(**p == '"');
    for (++*p; **p != '"'; ++*p) {
        g_assert(**p);
        if (**p != '\\') {
            g_string_append_c(s, **p);
            continue;
        }
        ++*p;
        static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
        const char *escape = **p ? strchr(from, **p) : NULL;
        if (escape) {
            g_string_append_c(s, to[escape - from]);
        } else if (**p == 'u') {
            gunichar c = json_hex4(*p + 1);
            *p += 4;
            if (c >= 0xd800 && c < 0xdc00 && (*p)[1] == '\\' && (*p)[2] == 'u') {
                c = 0x10000 + ((c - 0xd800) << 10) + (json_hex4(*p + 3) - 0xdc00);
                *p += 6;
            }
            g_string_append_unichar(s, c ? c : 0xfffd);
        } else {
            g_string_append_c(s, **p);
        }
    }
    ++*p;
    return g_string_free(s, FALSE);
}

static void json_items(Json *j, const char **p, char close)
{
    j->values = g_ptr_array_new_with_free_func(json_free);
    j->keys = g_ptr_array_new_with_free_func(g_free);
    ++*p;
    for (json_blanks(p); **p != close; json_blanks(p)) {
        if (j->kind == JSON_OBJECT) {
            g_ptr_array_add(j->keys, json_text(p));
            json_blanks(p);
            g_assert(**p == ':');
            ++*p;
        }
        g_ptr_array_add(j->values, json_value(p));
        json_blanks(p);
        g_assert(**p == ',' || **p == close);
        if (**p == ',')
            ++*p;
    }
    ++*p;
}

static Json *json_value(const char **p)
{
    Json *j = g_new0(Json, 1);
    json_blanks(p);
    if (**p == '{' || **p == '[') {
        j->kind = **p == '{' ? JSON_OBJECT : JSON_LIST;
        json_items(j, p, **p == '{' ? '}' : ']');
    } else if (**p == '"') {
        j->kind = JSON_STRING;
        j->text = json_text(p);
    } else if (g_str_has_prefix(*p, "null")) {
        *p += 4;
    } else if (g_str_has_prefix(*p, "true") || g_str_has_prefix(*p, "false")) {
        j->kind = JSON_BOOL;
        j->number = **p == 't';
        *p += **p == 't' ? 4 : 5;
    } else {
        char *end;
        j->kind = JSON_NUMBER;
        j->number = g_ascii_strtod(*p, &end);
        g_assert(end > *p);
        *p = end;
    }
    return j;
}

static Json *json_parse(const char *text)
{
    return json_value(&text);
}

static inline const Json *json_get(const Json *object, const char *key)
{
    for (guint i = 0; object->kind == JSON_OBJECT && i < object->keys->len; i++) {
        if (strcmp(g_ptr_array_index(object->keys, i), key) == 0)
            return g_ptr_array_index(object->values, i);
    }
    return NULL;
}

static inline const Json *json_at(const Json *list, guint i)
{
    return g_ptr_array_index(list->values, i);
}

static inline guint json_length(const Json *list)
{
    return list && list->values ? list->values->len : 0;
}

static inline const char *json_string(const Json *j)
{
    return j && j->kind == JSON_STRING ? j->text : "";
}
