/* iCalendar, vCards and reports: the cards, and the answer to an invitation. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "card_private.h"
#include "pintail/mime/calendar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_card(char *card_take)
{
    if (card_take)
        g_assert(g_utf8_validate(card_take, -1, NULL) && *card_take);
    g_free(card_take);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *raw = g_strndup((const char *)data, size);
    g_autofree char *text = g_utf8_make_valid(raw, -1); /* as part_text_of() gives it */
    check_card(calendar_card(text));
    check_card(vcard_card(text));
    check_card(delivery_card(text));
    check_card(receipt_card(text));
    g_autoptr(Calendar) c = calendar_parse(text);
    for (guint i = 0; i < c->events->len; i++)
        g_assert(g_utf8_validate(((const CalendarEvent *)c->events->pdata[i])->summary, -1, NULL));
    if (!calendar_is_invitation(c))
        return 0;
    g_autofree char *reply = calendar_reply(c, "a@example.org", "A", INVITE_ACCEPT, 1800000000);
    g_assert(g_utf8_validate(reply, -1, NULL));
    for (const char *line = reply; *line;) { /* RFC 5545 section 3.1 */
        const char *end = strstr(line, "\r\n");
        g_assert(end && end - line <= 75 && !memchr(line, '\n', (gsize)(end - line)));
        line = end + 2;
    }
    return 0;
}
