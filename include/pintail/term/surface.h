/* surface.h - a rectangle of the screen, and the only way to put text on it.
 *
 * surface_put() takes any bytes: each grapheme passes printable_next() (util/text.h),
 * so nothing from a message reaches the terminal raw, and columns always line up. Clipped, never
 * wrapped. UI thread only. */
#pragma once
#include <glib.h>

typedef struct Surface Surface;
typedef guint Style; /* from style_of() or style_parse(); 0 is the terminal's own */

int surface_rows(const Surface *s);
int surface_columns(const Surface *s);
/* A part of `s`, in its coordinates, clipped to it; the caller frees it (it holds no pixels). */
Surface *surface_sub(const Surface *s, int row, int column, int rows, int columns);
void surface_free(Surface *s);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Surface, surface_free)
/* Where on the screen (row, column) of `s` is. */
void surface_origin(const Surface *s, int *row, int *column);

void surface_clear(Surface *s, Style style);
/* At most `cells` cells (-1: to the right edge); returns the cells used. len -1: NUL-terminated. */
int surface_put(Surface *s, int row, int column, int cells, Style style, const char *text, gssize len);
/* As surface_put(), with "…" when it did not fit and blanks to fill `cells`. */
void surface_field(Surface *s, int row, int column, int cells, Style style, const char *text);
void surface_fill(Surface *s, int row, int column, int cells, Style style, const char *one);
int surface_printf(Surface *s, int row, int column, Style style, const char *format, ...) G_GNUC_PRINTF(5, 6);
void surface_vline(Surface *s, int row, int column, int rows, Style style);
void surface_restyle(Surface *s, int row, int column, int cells, Style style); /* keeps the text */

/* ---- styles: "bold reverse red on default", #rrggbb or 0..255 where the terminal can ---- */
/* Reason when it cannot be understood (caller frees), else NULL. */
char *style_problem(const char *text);
Style style_parse(const char *text); /* 0 when not understood */
/* Elements are named by dots: "list.unread", "status.error"; style_set() is called for each `color`
 * rule in order, style_of() falls back to the part before the last dot. */
void style_set(const char *element, const char *style);
Style style_of(const char *element);
void style_reset(void);
/* `over` laid on `under` (selection on a coloured row). */
Style style_merge(Style under, Style over);
