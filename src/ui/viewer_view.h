/* viewer_view.h - the pane that shows one message. */
#pragma once
#include "view.h"
#include "pintail/mime/envelope.h"
#include "pintail/mime/render.h"

View *viewer_view_new(Ui *ui);
void viewer_view_show(View *v, gint64 placement, gint64 message, gboolean opened); /* 0: nothing */
void viewer_view_reload(View *v); /* shown anew: a setting changed */
void viewer_view_draw_title(View *v, Surface *row, int rows);
/* The message on the screen as text ("> " before quotes), once it is here; NULL. The caller owns it. */
char *viewer_view_text(View *v);
const Rendered *viewer_view_rendered(View *v); /* borrowed until the next event; NULL */
const Envelope *viewer_view_envelope(View *v);   /* the same */
gint64 viewer_view_message(View *v);
const struct Loaded *viewer_view_loaded(View *v); /* borrowed until the next event; NULL */
