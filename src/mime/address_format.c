/* address_format.c - addresses as text, for people and for the wire. */
#include <string.h>
#include "pintail/mime/envelope.h"
#include "pintail/util/i18n.h"
#include "words.h"

/* An addr-spec as it may stand in a header: no blank, no control character, no
 * bracket that would end it early. */
static char *clean_address(const char *address)
{
    GString *s = g_string_new(NULL);
    gboolean quoted = FALSE;
    for (const char *p = address; *p; p++) {
        if (*p == '"')
            quoted = !quoted;
        if ((guchar)*p < ' ' || *p == 0x7f)
            continue;
        if (!quoted && strchr(" <>,;()", *p))
            continue;
        g_string_append_c(s, *p);
    }
    if (quoted) /* an open quote would swallow what follows */
        g_string_append_c(s, '"');
    return g_string_free(s, FALSE);
}

static void append_for_people(GString *out, const Address *a)
{
    gboolean quote = strpbrk(a->name, ",;:<>()\"@[]\\") != NULL;
    if (!*a->name) {
        g_string_append(out, a->address);
        return;
    }
    if (quote) {
        g_string_append_c(out, '"');
        for (const char *p = a->name; *p; p++) {
            if (*p == '"' || *p == '\\')
                g_string_append_c(out, '\\');
            g_string_append_c(out, *p);
        }
        g_string_append_c(out, '"');
    } else {
        g_string_append(out, a->name);
    }
    if (*a->address)
        g_string_append_printf(out, " <%s>", a->address);
}

static void append_for_header(GString *out, const Address *a, gsize *column)
{
    g_autofree char *address = clean_address(a->address);
    if (!*a->name) {
        g_string_append(out, address);
        *column += strlen(address);
        return;
    }
    words_encode(out, a->name, column, TRUE);
    gsize n = strlen(address) + 2;
    if (*column + 1 + n > 76) {
        g_string_append(out, "\r\n ");
        *column = 1;
    } else {
        g_string_append_c(out, ' ');
        (*column)++;
    }
    g_string_append_printf(out, "<%s>", address);
    *column += n;
}

char *address_format(const Address *a, gboolean for_header)
{
    GString *out = g_string_new(NULL);
    gsize column = 10;
    if (for_header)
        append_for_header(out, a, &column);
    else
        append_for_people(out, a);
    return g_string_free(out, FALSE);
}

char *address_list_format(const GPtrArray *list, gboolean for_header)
{
    GString *out = g_string_new(NULL);
    gsize column = 10; /* room for the name of the field */
    for (guint i = 0; i < list->len; i++) {
        const Address *a = g_ptr_array_index(list, i);
        if (i > 0) {
            g_string_append_c(out, ',');
            if (for_header && column + strlen(a->name) + strlen(a->address) + 5 > 76) {
                g_string_append(out, "\r\n ");
                column = 1;
            } else {
                g_string_append_c(out, ' ');
                column += 2;
            }
        }
        if (for_header)
            append_for_header(out, a, &column);
        else
            append_for_people(out, a);
    }
    return g_string_free(out, FALSE);
}

const char *address_label(const Address *a)
{
    return *a->name ? a->name : a->address;
}

const char *address_problem(const char *address)
{
    const char *at = strrchr(address, '@');
    if (!*address)
        return _("there is no address");
    for (const char *p = address; *p; p++) {
        if ((guchar)*p < ' ' || *p == 0x7f)
            return _("there is a control character in the address");
    }
    if (!at)
        return _("there is no '@' in the address");
    if (at == address)
        return _("there is nothing before the '@'");
    if (!at[1])
        return _("there is nothing after the '@'");
    gboolean quoted = address[0] == '"' && at > address + 1 && at[-1] == '"';
    for (const char *p = address; *p; p++) {
        gboolean local = p < at;
        if (*p == ' ' && !(quoted && local))
            return _("there is a blank in the address");
        if (*p == '@' && local && !quoted)
            return _("there is more than one '@' in the address");
        if (strchr("<>(),;:\\\"", *p) && !(quoted && local) && !(!local && at[1] == '['))
            return _("there is a character in the address that cannot be there");
    }
    if (at[1] == '.' || strstr(at, "..") || address[strlen(address) - 1] == '.')
        return _("the dots after the '@' are not in the right places");
    if (!g_utf8_validate(address, -1, NULL))
        return _("the address is not valid UTF-8");
    return NULL;
}
