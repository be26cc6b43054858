/* html_flow.h - private: text on its way to lines, and what the elements around it say of it. */
#pragma once
#include "html.h"
#include "html_css.h"
#include "render_build.h"

typedef struct {
    const GumboNode *node;
    LineKind kind;
    guint8 level;      /* of a heading */
    guint8 style;      /* RENDER_* */
    guint8 align;
    guint8 script;     /* 1: above the line, 2: below */
    guint quote_depth;
    guint indent;      /* cells to the left of text */
    gboolean pre;
    gboolean tiny, unseen; /* too small; that, or in the colour of its ground */
    gint32 color, background; /* -1: not known */
    /* of this element only */
    gboolean block, above, below; /* ends lines; wants an empty line before, after */
    gboolean link;     /* the current link began here */
    gboolean struck;   /* "~" was put before its text */
    guint32 struck_at; /* where the text behind it begins */
    guint cell_from;   /* first line of a cell */
    int number, step;  /* of the next item of a list */
    char list;         /* '*' bullets, '-' none, else the kind of numbers; inherited by its items */
    guint list_depth;
} Context;

/* Cells of a table that is being read: lines from, to. */
typedef struct {
    guint from, to, row;
    guint8 span, align;
    gboolean header, spacer;
    gboolean airy; /* wants an empty line after it */
} CellRange;

typedef struct {
    const GumboNode *node;
    guint start;    /* its first line */
    guint rows;
    guint indent, quote_depth;
    GArray *ranges; /* of CellRange */
    gboolean data;  /* it says so itself: titles, a border, a caption */
} HtmlTable;

/* The link that text belongs to now. */
typedef struct {
    char *target;   /* NULL: none, or none worth a number */
    GString *text;  /* as it is seen, for comparing */
    guint number;   /* 0: nothing of it was seen yet */
    guint line;     /* lines there were when it began */
    gboolean image; /* it holds one without a text */
} LinkState;

typedef struct {
    Builder b;
    GString *line;
    GArray *spans;     /* of RenderSpan, of `line` */
    GArray *stack;     /* of Context */
    GPtrArray *tables; /* of HtmlTable, the open ones */
    GHashTable *links; /* target to number */
    guint links_before; /* numbers that are taken already */
    GPtrArray *quiet;  /* targets that are their own text, without a number beside it */
    GHashTable *said;  /* numbers whose text says the target */
    GHashTable *texted; /* targets of links that have text somewhere */
    GHashTable *trackers; /* host to RenderTracker */
    CssSheet *css;
    char *base;
    LinkState link;
    gboolean blank_wanted, space_wanted;
    gboolean item;     /* the line holds nothing but a list mark */
    guint mark_indent; /* cells of continuation lines of the item being collected */
    guint cell_start;  /* first line of the cell: none empty before it */
    guint hard_blanks; /* no-break spaces at the beginning of a line */
} Layout;

/* ---- html_flow.c ---- */
Context *flow_top(Layout *l);
void flow_text(Layout *l, const char *text);    /* blanks collapse */
void flow_pre(Layout *l, const char *text);
void flow_raw(Layout *l, const char *text);     /* at once behind what is there */
void flow_end_line(Layout *l);
void flow_end_paragraph(Layout *l);             /* and an empty line before what follows */
void flow_end_block(Layout *l);
void flow_end_item(Layout *l);
void flow_take_blank(Layout *l);                /* the empty line that was asked for, unless there is one */
void flow_begin_item(Layout *l, Context *c, const char *mark);
/* ---- html_link.c ---- */
void link_begin(Layout *l, Context *c, const char *href);
void link_seen(Layout *l, const char *text, gsize len); /* some of its text is about to stand in the line */
void link_end(Layout *l);
void link_add_list(Layout *l);
RenderTracker *link_tracker(Layout *l, const char *host);
/* ---- html_table.c ---- */
void table_begin(Layout *l, const Context *c);
void table_begin_row(Layout *l);
void table_end_cell(Layout *l, const Context *c, guint from);
void table_end(Layout *l);
void table_build_free(gpointer table);
/* ---- html_survey.c ---- */
/* Once over the whole tree: style sheets, base, which links have text, images and who counts with them. */
void html_survey(Layout *l, const GumboNode *root);
/* ---- html_quote.c ---- */
typedef enum { QUOTE_NONE, QUOTE_LEVEL, QUOTE_INDENT, QUOTE_REST, QUOTE_SIGNATURE } QuoteKind;
/* What mail programs mean by this element: a quoted text, only an indentation, the head of one (it
 * and what follows is quoted), or a signature. */
QuoteKind quote_kind(const GumboElement *e);
/* The element at the top of the stack and what follows it in the document is one level deeper. */
void quote_rest(Layout *l);
