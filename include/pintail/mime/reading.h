/* reading.h - what a person reads of a message, in order: the cards and sentences made of
 * its machine-readable parts, its text (all of it: a list's footer too), and the messages that are
 * enclosed in it, in place.
 *
 * Of alternatives the best is taken (RFC 2046 section 5.1.4): the one that has the wanted kind of
 * text, and of equals the last. Pure; any thread; no recursion on the depth of the message. */
#pragma once
#include "pintail/mime/part.h"
#include "pintail/mime/render.h"

typedef enum {
    READ_TEXT,    /* the text of `part` */
    READ_CARD,    /* calendar, vCard, delivery report, read receipt: see card.h */
    READ_MESSAGE, /* an enclosed message begins; `part` is its root, whose header is shown */
    READ_NOTE,    /* `part` is a container that cannot be looked into (multipart/encrypted) */
} ReadingKind;

typedef struct {
    ReadingKind kind;
    const Part *part;
    gboolean enclosed; /* in an enclosed message */
} Reading;

/* Of Reading; the caller owns the array. */
GArray *part_reading(const Part *root, gboolean prefer_html);

/* The decoded text of a part (part_text_of), the caller owns it; NULL: it is not here. */
typedef char *(*ReadingText)(gpointer data, const Part *p);

typedef struct {
    Rendered *rendered;   /* never NULL */
    const Part *missing;  /* the first part whose text is not here; or NULL */
    const Part *invitation; /* the calendar part that may be answered; or NULL */
    gboolean empty;       /* nothing to read */
    gboolean html;        /* the first text was HTML */
} ReadingResult;

ReadingResult reading_render(const Part *root, gboolean prefer_html, ReadingText text, gpointer data);
/* The same with texts made lines by somebody else (filter, html-filter); where that gives NULL, as ever. */
typedef Rendered *(*ReadingFilter)(gpointer data, const Part *p, const char *text);
ReadingResult reading_render_html(const Part *root, gboolean prefer_html, ReadingText text, ReadingFilter filter,
                                  gpointer data);
