/* viewer_private.h - the viewer's own data, for its files. */
#pragma once
#include "viewer_load.h"
#include "viewer_rows.h"
#include "viewer_view.h"

typedef enum {
    BODY_NONE,     /* no message */
    BODY_LOADING,  /* the loader has it */
    BODY_READY,
    BODY_FETCHING, /* asked a server */
    BODY_FAILED,   /* `problem` says why */
} BodyState;

typedef struct {
    char *text;
    char *right;         /* at the right end of the first row; NULL */
    const char *element; /* style */
    guint name_len;      /* bytes of the field's name, drawn in viewer.header.name */
} Head;

typedef struct {
    View view;
    gint64 placement, message;
    gboolean opened;     /* by the person, not only previewed */
    BodyState state;
    char *problem;
    guint retries;       /* by itself, after it failed */
    Loaded *loaded;      /* NULL while BODY_LOADING for the first time */
    GPtrArray *heads;    /* of Head, wrapped to `width` */
    ViewerRows rows;
    int width, page, top;
    gboolean hide_quotes, all_headers, other_alternative, source;
    char *charset;       /* the texts are read in it; NULL: by their labels */
    gboolean to_end;     /* the loader wraps the rest: go to the end then */
    guint fetch_timer, slow_timer;
    char *search;
    GArray *hits;        /* of guint32: lines of `hits_of` that hold it; NULL: not looked for yet */
    GPtrArray *hits_of;  /* the lines that were searched; a reference */
    int match;           /* row of the last hit among rows.rows; -1 */
    int by;              /* what to do when hits are known: which way; 0: nothing */
    gboolean from_here;
    int drag_from, drag_to; /* rows on the pane while the mouse drags; -1 */
} Viewer;

/* ---- viewer_head.c ---- */
void viewer_make_heads(Viewer *v); /* for the present width */
void viewer_head_free(gpointer head);
void viewer_add_head(Viewer *v, const char *element, const char *text); /* one more, wrapped */
/* ---- viewer_find.c ---- */
void viewer_find(Viewer *v, int by, gboolean from_here); /* the next line that holds v->search */
void viewer_forget_search(Viewer *v);
/* Draws matches over a row that was drawn. */
void viewer_mark_matches(const Viewer *v, Surface *s, int y, int column, const char *text, gsize len);
void viewer_copy_rows(Viewer *v, int from, int to); /* screen rows; wrapped lines are joined */
/* ---- viewer_charset.c ---- */
void viewer_switch_alternative(Viewer *v);
void viewer_charset(Viewer *v, const char *name); /* "label": as labelled; NULL: asks */
/* ---- viewer_words.c ---- */
/* Bytes of a line, its words in their styles over `base` (viewer.bold, viewer.link, ...). */
void viewer_put_styled(Surface *s, int y, int column, Style base, const RenderLine *l, gsize start, gsize len);
/* A row of text with its quote marks; the column of what follows them. */
int viewer_put_row(Surface *s, int y, int width, const ViewerRows *rows, const ViewerRow *r);
/* ---- viewer_view.c ---- */
int viewer_total_rows(const Viewer *v); /* heads and as many text rows as are known */
void viewer_scroll_to(Viewer *v, int top);
