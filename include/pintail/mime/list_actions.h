/* list_actions.h - what a mailing list or newsletter offers in its header (RFC 2369, RFC 8058). Pure. */
#pragma once
#include <glib.h>
#include "pintail/util/span.h"

typedef enum { LIST_UNSUBSCRIBE, LIST_SUBSCRIBE, LIST_POST, LIST_HELP, LIST_ARCHIVE, LIST_OWNER, LIST_ACTIONS } ListAction;

typedef struct {
    struct {
        char *mailto; /* "mailto:..."; NULL */
        char *web;    /* http or https; https where both are; NULL */
    } of[LIST_ACTIONS];
    gboolean closed;    /* List-Post: NO */
    gboolean one_click; /* of[LIST_UNSUBSCRIBE].web is https and may be posted to (RFC 8058) */
} ListActions;

/* Of a whole message's header. NULL: there are none. The caller owns it. */
ListActions *list_actions_parse(Span header);
void list_actions_free(ListActions *l);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ListActions, list_actions_free)
