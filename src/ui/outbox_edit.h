/* outbox_edit.h - a message that has not gone out yet becomes a draft again. */
#pragma once
#include "view.h"

/* Takes it back from the outbox and opens the review; says why when it cannot be (it is on its way). */
void outbox_edit(Ui *ui, gint64 outbox_id, gint64 account);
