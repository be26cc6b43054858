/* conversation_view.h - a whole conversation, of all folders of its account, as one page. */
#pragma once
#include "view.h"

/* NULL: the placement is gone. */
View *conversation_view_new(Ui *ui, gint64 placement);
