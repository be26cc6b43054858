/* viewer_load.h - what the viewer shows of a message, made by the loader: immutable, reference counted. */
#pragma once
#include "view.h"
#include "pintail/mime/envelope.h"
#include "pintail/mime/list_actions.h"
#include "pintail/mime/render.h"
#include "pintail/mime/trust.h"

/* How the person wants to see it. */
typedef struct {
    gboolean prefer_html;
    gboolean source;     /* as it was sent */
    const char *charset; /* whatever the labels say; NULL: by them */
    const char *html_filter; /* the program that makes text of HTML; "" for Pintail itself */
    GHashTable *filters; /* conf_filters() */
} Reader;

typedef struct Loaded {
    gatomicrefcount refs;
    gint64 message;
    Envelope *envelope;     /* NULL: nothing is known of it */
    GPtrArray *headers;     /* of char *: every header line, decoded; may be empty */
    Rendered *rendered;     /* NULL: see `missing` */
    GPtrArray *attachments; /* of char *: "[1] report.pdf 40 KB" */
    gboolean missing;       /* its text is not here yet */
    gboolean empty;         /* it has no text at all */
    gboolean html;
    gboolean source;        /* what is shown is the message as it was sent */
    char *filter_problem;   /* why html-filter was not used; or NULL */
    gboolean invitation;    /* it may be answered: `invite` */
    TrustSurvey *trust;     /* NULL: nothing is known of it */
    ListActions *list;      /* NULL: it is of no list */
} Loaded;

Loaded *loaded_ref(Loaded *l);
void loaded_unref(Loaded *l);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Loaded, loaded_unref)

/* On a loader thread. STORE with err when it cannot be read. */
Loaded *viewer_load(Store *s, gint64 message, const Reader *how, const Cancel *stop, GError **err);
