/* json.c - see json.h. RFC 8259. */
#include "pintail/mime/json.h"
#include "pintail/util/text.h"
#include <string.h>

void json_put_string(GString *out, const char *text, gsize len)
{
    g_autofree char *valid = text_make_valid(text ? text : "", text ? len : 0);
    g_string_append_c(out, '"');
    for (const char *p = valid; *p; p++) {
        switch (*p) {
        case '"': g_string_append(out, "\\\""); break;
        case '\\': g_string_append(out, "\\\\"); break;
        case '\n': g_string_append(out, "\\n"); break;
        case '\r': g_string_append(out, "\\r"); break;
        case '\t': g_string_append(out, "\\t"); break;
        default:
            if ((guchar)*p < ' ' || *p == 0x7f)
                g_string_append_printf(out, "\\u%04x", (guint)(guchar)*p);
            else
                g_string_append_c(out, *p);
        }
    }
    g_string_append_c(out, '"');
}

void json_put_comma(GString *out)
{
    if (out->len > 0 && out->str[out->len - 1] != '{' && out->str[out->len - 1] != '[')
        g_string_append(out, ", ");
}

void json_put_name(GString *out, const char *name)
{
    json_put_comma(out);
    json_put_string(out, name, strlen(name));
    g_string_append(out, ": ");
}
