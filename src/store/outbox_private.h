/* outbox_private.h - the outbox at start. */
#pragma once
#include "pintail/store/outbox.h"
#include "private.h"

/* Entries that were being sent when their process ended become unknown; files without a row (a
 * crash, or a database that was lost) become entries that a person decides about. */
gboolean outbox_recover(Store *s, GError **err);
