/* card.h - machine-readable parts as people read them: a first line that says what it is, then lines
 * of "Label: value". Pure, linear, bounded; any bytes give a card or NULL. */
#pragma once
#include "pintail/mime/part.h"

/* Is this part shown as a card? */
gboolean card_is_for(const Part *p);
/* The card, lines separated by '\n', from the part's decoded text; NULL when nothing in it can
 * be said. Translated; times are in the local zone. The caller owns it. */
char *card_of(const Part *p, const char *utf8);
