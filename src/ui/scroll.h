/* scroll.h - a cursor in a list and the part of it that shows; the motions of both. */
#pragma once
#include <glib.h>

typedef struct {
    int cursor; /* index; 0 in an empty list */
    int top;    /* first index shown */
    int page;   /* rows shown, as last drawn */
    int count;
} Scroll;

/* Before drawing a list with a cursor: keeps the cursor in the list and on the page. */
void scroll_fit(Scroll *s, int count, int page);
/* The same for text, which has no cursor. */
void scroll_page(Scroll *s, int count, int page);
/* up, down, page-up, page-down, half-up, half-down, first, last. TRUE: it was one of these. */
gboolean scroll_command(Scroll *s, const char *command);
gboolean scroll_text_command(Scroll *s, const char *command);
