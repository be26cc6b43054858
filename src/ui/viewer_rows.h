/* viewer_rows.h - lines of a message wrapped to a width, as far as they are needed.
 *
 * Wrapping goes on from where it stopped, row by row, so that the first page of a message of any size
 * takes no time; the loader does the rest when the end is wanted. */
#pragma once
#include "pintail/mime/render.h"
#include "pintail/util/cancel.h"

typedef struct {
    guint32 line;   /* of the Rendered */
    guint32 start;  /* byte in its text */
    guint32 len;
    guint32 hidden; /* > 0: stands for this many quoted lines that are not shown */
    guint8 indent;  /* cells before the text, after the quote marks */
    gboolean broken; /* the word goes on in the next row: copied without a line end */
} ViewerRow;

typedef struct {
    Rendered *rendered; /* fitted to the width: its tables are rows; owned. NULL: nothing */
    int width;
    gboolean hide_quotes;
    GArray *rows; /* of ViewerRow */
    guint next_line;
    guint32 next_start;
    gboolean complete;
} ViewerRows;

void viewer_rows_begin(ViewerRows *r, const Rendered *rendered, int width, gboolean hide_quotes);
void viewer_rows_clear(ViewerRows *r);
/* Until there are `n` rows, or the end, or `stop` (may be NULL). */
void viewer_rows_extend(ViewerRows *r, guint n, const Cancel *stop);
/* Bytes of `text` that go on one row of `cells`; *skip: blanks after it that are not drawn. */
gsize viewer_wrap(const char *text, gsize len, int cells, gboolean by_words, gsize *skip);
/* Cells taken by quote marks: two each, not more than half of the width. */
int viewer_quote_cells(guint depth, int width);
