/* card_private.h - private: the kinds of cards, and how their lines are written. */
#pragma once
#include "pintail/mime/card.h"

/* "Label: value" as a new line; control characters become blanks, a long value is cut. */
void card_line(GString *out, const char *label, const char *value);
void card_text(GString *out, const char *text);

char *vcard_card(const char *utf8);
char *calendar_card(const char *utf8);
char *delivery_card(const char *utf8); /* message/delivery-status, RFC 3464 */
char *receipt_card(const char *utf8);  /* message/disposition-notification, RFC 8098 */
