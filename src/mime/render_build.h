/* render_build.h - private: what the renderers share, lines added within bounds. */
#pragma once
#include "pintail/mime/render.h"

#define RENDER_LINES_MAX 100000
#define RENDER_BYTES_MAX (16 * 1024 * 1024)
#define PLAIN_LINES_MAX 2000000 /* plain text costs little a line: logs of 50 MB are read whole */
#define PLAIN_BYTES_MAX (96 * 1024 * 1024)

typedef struct {
    Rendered *out;
    gsize bytes, bytes_max;
    guint lines_max;
} Builder;

void builder_init(Builder *b);       /* bounded by RENDER_*_MAX */
void builder_init_plain(Builder *b); /* by PLAIN_*_MAX */
/* Adds one line; FALSE when the bound is met (a last line says so, once). */
gboolean builder_add(Builder *b, const char *text, gsize len, LineKind kind, guint quote_depth,
                     guint indent, gboolean flowed);
gboolean builder_is_full(const Builder *b);
Rendered *rendered_new(void);

RenderLine *line_new(char *text_take, LineKind kind, guint quote_depth, guint indent, gboolean flowed);
void line_set_spans(RenderLine *l, const GArray *spans); /* of RenderSpan; copied */
void line_unref(gpointer line);

/* ---- render_table.c ---- */

enum { ALIGN_LEFT, ALIGN_RIGHT, ALIGN_CENTER };

typedef struct {
    GPtrArray *lines; /* of RenderLine, unwrapped */
    guint8 span;      /* columns */
    guint8 align;
    gboolean header;
} TableCell;

struct RenderTable {
    GPtrArray *rows; /* of GArray of TableCell */
    guint columns;
    gboolean titled; /* the first row names the columns */
};

RenderTable *table_new(void);
void table_free(RenderTable *t);
/* A cell at the end of row `row` (as many are made); the caller adds its lines. */
TableCell *table_add_cell(RenderTable *t, guint row, guint span);
/* Rows of text, of `like`'s quote depth and indent, appended to `to`. */
void table_lay_out(const RenderTable *t, const RenderLine *like, guint width, GPtrArray *to);
/* Everything in it, for whoever does not lay it out. */
char *table_flat_text(const RenderTable *t);
