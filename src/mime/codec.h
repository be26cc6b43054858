/* codec.h - private: base64, quoted-printable and uuencode, both ways where mail
 * that leaves needs it. Pure, linear; decoding never fails, it gives what can be had. */
#pragma once
#include "pintail/util/span.h"

/* Sextets go in, octets come out; state lives between the words of a header. */
typedef struct {
    guint32 bits;
    guint count; /* sextets held, 0..3 */
    gboolean padded;
} Base64State;

void base64_append(GString *out, Base64State *state, Span text);
/* What is left over gives the octets it has. */
void base64_finish(GString *out, Base64State *state);
gboolean base64_is_char(char c);
/* With `header` the Q encoding of RFC 2047: '_' is a blank, no soft line breaks. */
void qp_append(GString *out, Span text, gboolean header);
void uu_append(GString *out, Span text);
/* yEnc 1.3: what is between the "=y" lines. */
void yenc_append(GString *out, Span text);

/* A uuencoded file in running text. */
typedef struct {
    Span name;
    Span whole; /* from "begin" to the end of the "end" line */
} UuFile;
/* The first one at or after `from` (the start of a line); FALSE when there is none. */
/* The same for yEnc: from "=ybegin" to the end of the "=yend" line. */
gboolean yenc_find(Span text, gsize from, UuFile *out);
gboolean uu_find(Span text, gsize from, UuFile *out);

/* Lines of 76 characters and CRLF. */
void base64_encode_lines(GString *out, Span bytes);
/* Text with LF (or CRLF) line ends to quoted-printable with CRLF. */
void qp_encode_text(GString *out, Span text);
