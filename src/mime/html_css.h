/* html_css.h - private: the little of CSS that decides whether and how text is seen. */
#pragma once
#include <glib.h>
#include <gumbo.h>

typedef enum {
    CSS_DISPLAY,     /* CssDisplay */
    CSS_VISIBILITY,  /* 1: hidden */
    CSS_TINY,        /* font-size; 1: too small to be seen */
    CSS_HEIGHT,      /* 1: height, 2: max-height is nothing */
    CSS_WIDTH,       /* 1: nothing */
    CSS_OVERFLOW,    /* 1: hidden */
    CSS_OPACITY,     /* 1: none */
    CSS_OFFSCREEN,   /* left or top; 1: far outside */
    CSS_COLOR,       /* 0xrrggbb; -1: not known */
    CSS_BACKGROUND,  /* the same; a picture is not known; -2: transparent */
    CSS_WEIGHT,      /* 1: bold */
    CSS_SLANT,       /* 1: italic */
    CSS_DECORATION,  /* bits: 1 underline, 2 line-through */
    CSS_WHITE_SPACE, /* 1: kept */
    CSS_ABOVE,       /* margin-top; 0: none */
    CSS_BELOW,       /* margin-bottom */
    CSS_ALIGN,       /* ALIGN_* of render_build.h */
    CSS_BORDER_LEFT, /* 1: a line */
    CSS_BORDER_TOP,
    CSS_LIST,        /* '1', 'a', 'A', 'i', 'I', '*' (a bullet), '-' (none) */
    CSS_N
} CssProperty;

typedef enum { DISPLAY_NONE, DISPLAY_BLOCK, DISPLAY_INLINE, DISPLAY_OTHER } CssDisplay;

#define CSS_UNSET G_MININT32
typedef struct {
    gint32 v[CSS_N];
} Css;

typedef struct CssSheet CssSheet;

CssSheet *css_sheet_new(void);
void css_sheet_free(CssSheet *s);
/* The text of a <style>: rules for a tag, a class, an id, or a tag with one; what depends on the
 * screen's size or theme is left out. Linear, bounded. */
void css_sheet_add(CssSheet *s, const char *text);
/* What sheet and style= say of one element. */
void css_of(const CssSheet *s, const GumboElement *e, Css *css);
/* "#fff", "#ffffff", "rgb(…)", a name; -1: not known, -2: transparent. Lower case. */
gint32 css_color(const char *value);
