/* render.h - the text that a person reads: from a part's decoded bytes to lines.
 *
 * Pure; any thread; linear time; the result is plain UTF-8 without layout to a
 * width (the viewer wraps), each line with a style. HTML is parsed by gumbo and laid out
 * here; nothing remote is ever loaded. */
#pragma once
#include <glib.h>

typedef enum {
    LINE_TEXT,
    LINE_QUOTE,     /* quote_depth says how deep */
    LINE_SIGNATURE, /* after "-- " */
    LINE_HEADING,
    LINE_PRE,       /* not to be rewrapped */
    LINE_LINKS,     /* the numbered list of links at the end */
} LineKind;

typedef struct {
    char *text;      /* valid UTF-8 without line end; quote marks removed where quote_depth > 0 */
    LineKind kind;
    guint8 quote_depth;
    guint8 indent;   /* cells for continuation lines (list items) */
    gboolean flowed; /* paragraph: wraps at words to any width */
} RenderLine;

typedef struct {
    GPtrArray *lines; /* of RenderLine */
    GPtrArray *links; /* of char *: number n is at n - 1 */
    guint remote_images; /* left out */
    gboolean truncated;  /* the bound on lines was met: the end says so */
} Rendered;

/* text/plain; `flowed` and `delsp` as in RFC 3676. */
Rendered *render_plain(const char *utf8, gsize len, gboolean flowed, gboolean delsp);
Rendered *render_html(const char *utf8, gsize len);
void rendered_free(Rendered *r);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Rendered, rendered_free)
/* As plain text again, "> " before quotes: for quoting in a reply, for piping. The caller owns it. */
char *rendered_to_text(const Rendered *r);
