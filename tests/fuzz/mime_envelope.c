/* Headers: fields, addresses, encoded-words, parameters; and out again. */
#include <stddef.h>
#include <stdint.h>
#include "pintail/mime/envelope.h"
#include "pintail/mime/part.h"
#include "words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_list(const GPtrArray *list)
{
    g_autofree char *wire = address_list_format(list, TRUE);
    g_autofree char *people = address_list_format(list, FALSE);
    for (const char *p = wire; *p; p++)
        g_assert(*p != '\r' || (p[1] == '\n' && p[2] == ' '));
    for (guint i = 0; i < list->len; i++) {
        const Address *a = g_ptr_array_index(list, i);
        g_assert(g_utf8_validate(a->name, -1, NULL) && g_utf8_validate(a->address, -1, NULL));
        g_assert(!strpbrk(a->address, "\r\n"));
        address_problem(a->address);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *at = (const char *)data;
    g_autoptr(Envelope) e = envelope_parse(at, size);
    check_list(e->from);
    check_list(e->to);
    g_assert(g_utf8_validate(e->subject, -1, NULL));
    g_autoptr(GPtrArray) list = address_list_parse(at, size);
    check_list(list);
    g_autofree char *decoded = header_decode(at, size);
    g_assert(g_utf8_validate(decoded, -1, NULL));
    g_autoptr(GString) encoded = g_string_new("Subject: ");
    gsize column = encoded->len;
    words_encode(encoded, decoded, &column, FALSE);
    for (gsize i = 0; i < encoded->len; i++) {
        g_assert((guchar)encoded->str[i] < 0x80);
        g_assert(encoded->str[i] != '\n' || encoded->str[i + 1] == ' ');
    }
    Params p;
    params_init(&p, span_new(at, size));
    for (guint i = 0; i < p.values->len; i++)
        g_assert(g_utf8_validate(g_ptr_array_index(p.values, i), -1, NULL));
    params_clear(&p);
    g_autoptr(GString) param = g_string_new("x/y");
    params_encode(param, "name", decoded);
    params_init(&p, span_new(param->str, param->len));
    g_assert(params_get(&p, "name") || !*decoded);
    params_clear(&p);
    return 0;
}
