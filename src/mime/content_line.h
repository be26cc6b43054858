/* content_line.h - private: the lines of iCalendar (RFC 5545 section 3.1) and vCard (RFC 6350
 * section 3.3; 2.1 with its quoted-printable): unfolded, split into name, parameters and value. */
#pragma once
#include <glib.h>

#define CONTENT_LINES_MAX 50000
#define CONTENT_VALUE_MAX 16384 /* a longer one (a photo) is cut */
#define CONTENT_PARAMS_MAX 50

typedef struct {
    const char *at;
    guint lines;
} ContentCursor;

typedef struct {
    char *name;        /* upper case, without the group ("item1."); never NULL */
    GPtrArray *params; /* name in upper case, value, name, value...; a bare one is TYPE (vCard 2.1) */
    char *value;       /* as it stands, not unescaped; quoted-printable decoded */
} ContentLine;

void content_cursor_init(ContentCursor *c, const char *text);
/* FALSE at the end. Clears what `out` held. */
gboolean content_line_next(ContentCursor *c, ContentLine *out);
void content_line_clear(ContentLine *l);
/* The parameter's value, NULL when it is not there. Borrowed. */
const char *content_param(const ContentLine *l, const char *name);
/* Backslash escapes undone (RFC 5545 section 3.3.11); line ends become blanks with `one_line`. Owned. */
char *content_unescape(const char *value, gboolean one_line);
/* The n-th of the fields between unescaped ';', unescaped; "" when there is none. Owned. */
char *content_field(const char *value, guint n);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ContentLine, content_line_clear)
