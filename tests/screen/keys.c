/* keys.c - the bytes that an xterm sends for a key named in a script. */
#include "keys.h"

#include <string.h>

static const struct {
    const char *name, *bytes;
} named[] = {
    {"Enter", "\r"},      {"Esc", "\033"},      {"Tab", "\t"},        {"BTab", "\033[Z"},
    {"Space", " "},       {"lt", "<"},          {"gt", ">"},          {"BS", "\177"},
    {"Del", "\033[3~"},   {"Ins", "\033[2~"},   {"Up", "\033OA"},     {"Down", "\033OB"},
    {"Right", "\033OC"},  {"Left", "\033OD"},   {"Home", "\033OH"},   {"End", "\033OF"},
    {"PgUp", "\033[5~"},  {"PgDn", "\033[6~"},  {"F1", "\033OP"},     {"F2", "\033OQ"},
    {"F3", "\033OR"},     {"F4", "\033OS"},     {"F5", "\033[15~"},   {"F6", "\033[17~"},
    {"F7", "\033[18~"},   {"F8", "\033[19~"},   {"F9", "\033[20~"},   {"F10", "\033[21~"},
    {"F11", "\033[23~"},  {"F12", "\033[24~"},
};

static char *named_key(const char *name, gsize len)
{
    for (gsize i = 0; i < G_N_ELEMENTS(named); i++)
        if (strlen(named[i].name) == len && strncmp(named[i].name, name, len) == 0)
            return g_strdup(named[i].bytes);
    if (len > 2 && strncmp(name, "M-", 2) == 0) {
        g_autofree char *rest = len == 3 ? g_strndup(name + 2, 1) : named_key(name + 2, len - 2);
        return rest ? g_strconcat("\033", rest, NULL) : NULL;
    }
    if (len == 3 && strncmp(name, "C-", 2) == 0)
        return g_strdup_printf("%c", name[2] & 0x1f);
    return NULL;
}

char *key_bytes(const char **cursor, char **problem)
{
    const char *p = *cursor;
    if (*p != '<') {
        const char *next = g_utf8_next_char(p);
        *cursor = next;
        return g_strndup(p, next - p);
    }
    const char *end = strchr(p + 1, '>');
    char *bytes = end ? named_key(p + 1, end - p - 1) : NULL;
    if (!bytes) {
        *problem = g_strdup_printf("unknown key at \"%s\" (write <lt> for <)", p);
        return NULL;
    }
    *cursor = end + 1;
    return bytes;
}
