/* list_private.h - the list view's own data, for list_view.c and list_find.c. */
#pragma once
#include "index_format.h"
#include "list_model.h"
#include "list_view.h"
#include "scroll.h"
#include "pintail/util/text.h"

typedef struct ListLive ListLive; /* list_live.c */

typedef struct {
    View view;
    gint64 account;
    ListModel model;
    Scroll scroll;
    gboolean recipient; /* Sent, Drafts: shows who it goes to */
    gint64 wanted;      /* cursor goes to this placement as soon as it is in the list, */
    gint64 wanted_message; /* or to another placement of this message; 0 */
    IndexFormat format;
    char *format_text;
    gint64 now;
    char *pattern;      /* limit; NULL: none */
    char *search;       /* what `/` looked for */
    GHashTable *hits;   /* its placements; NULL: none */
    ListLive *live;     /* `/` is being typed; NULL */
    gboolean folded;    /* Alt-V: all threads were folded */
    gint64 last_unread; /* where Tab went: it goes on from there */
    guint seen_timer;
    gint64 seen_placement;
} ListView;

void list_moved(ListView *v); /* the cursor was set: keep it on the page, preview */
