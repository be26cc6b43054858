/* header.h - the lines of a header: where it ends, its fields, their values.
 *
 * Private to mime. Pure and linear. Line ends are CRLF, LF, or - in a message
 * that has no LF at all - CR. */
#pragma once
#include "pintail/util/span.h"

typedef struct {
    Span name;  /* without blanks before the colon (RFC 5322 section 4.5) */
    Span value; /* after the colon, still folded, without the last line end */
} HeaderField;

typedef struct {
    const char *at, *end;
    char eol;
} HeaderCursor;

/* What the message's lines end in: '\n', or '\r' when there is no '\n' in it. */
char line_end_of(const char *at, gsize len);

/* Fields one after the other; lines that are none are passed over. Stops at a
 * blank line, so a whole message may be given. */
void header_cursor_init(HeaderCursor *c, Span block);
gboolean header_cursor_next(HeaderCursor *c, HeaderField *out);
gboolean header_field_is(const HeaderField *f, const char *name);

/* Says whether a line that begins with "--" ends the header (a boundary). */
typedef gboolean (*HeaderStop)(const char *line, gpointer data);

typedef struct {
    Span fields;      /* from the first field to the end of the last one's line */
    const char *body; /* after the blank line */
} HeaderExtent;

/* Finds the end of a header that begins at `at`. With `is_message` an mbox From_
 * line, blank lines and garbage before the first field are stepped over. Text
 * after the last field that is no field belongs to the body: nothing is lost
 * when the blank line is missing. */
HeaderExtent header_find(const char *at, const char *end, char eol, gboolean is_message,
                         HeaderStop stop, gpointer data);

/* Value without line ends and outer blanks; NUL becomes '?'. The caller owns it. */
char *header_unfold(Span value);
