/* card.c - see card.h. */
#include "card_private.h"
#include <string.h>

#define VALUE_MAX 1000

static gboolean is(const Part *p, const char *type)
{
    return strcmp(p->type, type) == 0;
}

typedef char *(*CardMaker)(const char *utf8);

static CardMaker maker_of(const Part *p)
{
    static const struct {
        const char *type;
        CardMaker make;
    } kinds[] = {
        {"text/calendar", calendar_card},
        {"application/ics", calendar_card},
        {"text/x-vcalendar", calendar_card},
        {"text/vcard", vcard_card},
        {"text/x-vcard", vcard_card},
        {"text/directory", vcard_card},
        {"message/delivery-status", delivery_card},
        {"message/global-delivery-status", delivery_card},
        {"message/disposition-notification", receipt_card},
        {"message/global-disposition-notification", receipt_card},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (is(p, kinds[i].type))
            return kinds[i].make;
    return NULL;
}

gboolean card_is_for(const Part *p)
{
    return maker_of(p) != NULL;
}

char *card_of(const Part *p, const char *utf8)
{
    CardMaker make = maker_of(p);
    return make ? make(utf8) : NULL;
}

void card_text(GString *out, const char *text)
{
    gsize len = strlen(text);
    gboolean cut = len > VALUE_MAX;
    if (cut)
        for (len = VALUE_MAX; len > 0 && ((guchar)text[len] & 0xc0) == 0x80;)
            len--;
    for (gsize i = 0; i < len; i++)
        g_string_append_c(out, (guchar)text[i] < ' ' ? ' ' : text[i]);
    if (cut)
        g_string_append(out, "…");
}

void card_line(GString *out, const char *label, const char *value)
{
    if (out->len)
        g_string_append_c(out, '\n');
    g_string_append_printf(out, "%s: ", label);
    card_text(out, value);
}
