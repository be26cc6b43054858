/* delivery_status.h - what an enhanced status code means, in words: the same whether a server says it
 * while it takes a message or a report says it later. Pure. */
#pragma once
#include <glib.h>

/* `status` as in RFC 3463 section 2, "5.1.1", whatever may follow it. Translated, static; NULL when there
 * is nothing to say that the server's own words would not. */
const char *delivery_status_meaning(const char *status);
