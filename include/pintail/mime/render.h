/* render.h - the text that a person reads: from a part's decoded bytes to lines.
 *
 * Pure; any thread; linear time and bounded; the result is UTF-8 without layout to a width, each
 * line with a kind and its words with styles. Only tables depend on the width: rendered_fit()
 * lays them out, and the viewer wraps the rest. HTML is parsed by gumbo and laid out here; nothing
 * remote is ever loaded. Whoever draws the text passes it through printable_next() (surface_put()). */
#pragma once
#include <glib.h>

typedef enum {
    LINE_TEXT,
    LINE_QUOTE,     /* quote_depth says how deep */
    LINE_SIGNATURE, /* after "-- " */
    LINE_HEADING,
    LINE_PRE,       /* not to be rewrapped */
    LINE_LINKS,     /* the numbered list of links at the end */
    LINE_CARD,      /* of an invitation, a report, a contact; the header of an enclosed message */
    LINE_DIFF,      /* of a patch; `level` is one of DIFF_*; not to be rewrapped */
    LINE_TABLE,     /* a whole table (`table`) until rendered_fit() made rows of it; not to be rewrapped */
} LineKind;

enum { DIFF_CONTEXT = 1, DIFF_ADDED, DIFF_REMOVED, DIFF_HUNK, DIFF_FILE };

enum {
    RENDER_BOLD = 1,
    RENDER_ITALIC = 2,
    RENDER_UNDERLINE = 4,
    RENDER_STRIKE = 8,
    RENDER_CODE = 16,
    RENDER_URL = 32, /* an address that stands in the text */
};

/* Bytes of a line that look otherwise than the line; in order, not overlapping. */
typedef struct {
    guint32 start, len;
    guint16 link; /* number of the link that this is the text of; 0: none */
    guint8 style; /* RENDER_* */
} RenderSpan;

typedef struct RenderTable RenderTable;

typedef struct {
    char *text;      /* valid UTF-8 without line end; quote marks removed where quote_depth > 0 */
    LineKind kind;
    guint8 quote_depth;
    guint8 indent;   /* cells for continuation lines (list items) */
    guint8 level;    /* of a heading, 1 to 6; of a patch, DIFF_* */
    gboolean flowed; /* paragraph: wraps at words to any width */
    RenderSpan *spans;
    guint n_spans;
    RenderTable *table;
    gatomicrefcount refs; /* lines are shared by what rendered_fit() gives */
} RenderLine;

/* Something whose only use is to tell its owner that, and by whom, this mail was read or clicked. */
typedef struct {
    char *host;
    guint pixels; /* images of no size; never loaded */
    guint clicks; /* links that lead through a counter */
} RenderTracker;

/* A link whose text names another host than the one that it leads to. */
typedef struct {
    guint link;         /* its number */
    char *named, *host; /* the host in the text, and that of the target */
    gboolean counter;   /* the target counts clicks and may lead to where the text says: a newsletter's habit */
} RenderLie;

typedef struct {
    GPtrArray *lines; /* of RenderLine */
    GPtrArray *links; /* of char *: number n is at n - 1 */
    GPtrArray *trackers; /* of RenderTracker, by host; never NULL */
    GPtrArray *lies;     /* of RenderLie; never NULL */
    guint remote_images; /* left out, trackers not counted */
    gboolean truncated;  /* the bound on lines was met: the end says so */
    gboolean has_tables;
} Rendered;

/* text/plain; `flowed` and `delsp` as in RFC 3676. */
Rendered *render_plain(const char *utf8, gsize len, gboolean flowed, gboolean delsp);
/* Every line as it stands: nothing is a quote, nothing is rewrapped. For the source of a message. */
Rendered *render_source(const char *utf8, gsize len);
Rendered *render_html(const char *utf8, gsize len);
/* The same, numbers of links beginning after `links_before`: for a second text in one message. */
Rendered *render_html_from(const char *utf8, gsize len, guint links_before);
void rendered_free(Rendered *r);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Rendered, rendered_free)
/* The same with its tables laid out in `width` cells; what is not a table is shared. Costs nothing
 * where there are no tables. The caller owns it. */
Rendered *rendered_fit(const Rendered *r, guint width);
/* As plain text again, "> " before quotes: for quoting in a reply, for piping. The caller owns it. */
char *rendered_to_text(const Rendered *r);
/* The same in `width` cells (at least 20), paragraphs and tables. */
char *rendered_to_width(const Rendered *r, guint width);

/* The next web or mailto: address in `text`; its length in *len. NULL: none. What ends the sentence around
 * it is not part of it. */
const char *url_find(const char *text, gsize *len);

/* The same document for a browser, complete: no script, form, frame or style sheet of others, nothing
 * that would be loaded, and a policy in it that forbids it again. `inline_image` gives what
 * "cid:ID" names as a data: URL that the caller of it frees, or NULL; it may be NULL. */
typedef char *(*InlineImage)(const char *content_id, gpointer data);
char *html_for_browser(const char *utf8, gsize len, InlineImage inline_image, gpointer data);
