/* render_diff.h - private: which lines of a text are a patch. */
#pragma once
#include <glib.h>

typedef guint DiffLine; /* DIFF_* of render.h; 0: not of a patch */

typedef struct {
    guint64 old, new; /* lines that the hunk still has, as its header counts them */
    gboolean in_file; /* names of a file stand above */
} Diff;

/* The kind of the next line, at `line` in a text that goes on to `end`. */
DiffLine diff_line(Diff *d, const char *line, gsize len, const char *end);
