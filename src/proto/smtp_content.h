/* smtp_content.h - private to smtp*.c: the octets of a message on their way out, and what
 * has to be known of them beforehand. Pure. */
#pragma once
#include "pintail/util/span.h"

typedef struct {
    guint64 size; /* with CRLF line ends, without stuffed dots (RFC 1870 section 3) */
    gboolean eight_bit, nul;
} SmtpMeasure;

SmtpMeasure smtp_measure(Span content);

/* Where the content has been read up to. Begins as smtp_content_begin() sets it. */
typedef struct {
    const char *at, *end;
    gboolean fresh; /* a line begins here */
    gboolean stuff; /* DATA: leading dots are doubled (RFC 5321 section 4.5.2); BDAT: they are not */
} SmtpContent;

void smtp_content_begin(SmtpContent *c, Span content, gboolean stuff);
/* Appends what comes next to `out` until that has about `room` octets: every line ends in CRLF
 * whatever it ended in, and only then is a leading dot doubled, so that no content can end the
 * message early. FALSE: there is nothing left. */
gboolean smtp_content_next(SmtpContent *c, GString *out, gsize room);
