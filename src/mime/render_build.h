/* render_build.h - private: what the two renderers share, lines added within bounds. */
#pragma once
#include "pintail/mime/render.h"

#define RENDER_LINES_MAX 100000
#define RENDER_BYTES_MAX (16 * 1024 * 1024)

typedef struct {
    Rendered *out;
    gsize bytes;
} Builder;

void builder_init(Builder *b);
/* Adds one line; FALSE when the bound is met (a last line says so, once). */
gboolean builder_add(Builder *b, const char *text, gsize len, LineKind kind, guint quote_depth,
                     guint indent, gboolean flowed);
gboolean builder_is_full(const Builder *b);
