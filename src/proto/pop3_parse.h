/* pop3_parse.h - the grammar of POP3 replies (RFC 1939, 2449). Pure: bytes in, facts out. */
#pragma once
#include <glib.h>
#include "pintail/proto/pop3.h"
#include "pintail/util/error.h"
#include "pintail/util/span.h"

typedef struct {
    gboolean ok;
    Span code; /* response code without brackets, "IN-USE" (RFC 2449 section 8); empty: none */
    Span text; /* the rest */
} Pop3Status;

/* FALSE when the line is neither +OK nor -ERR. */
gboolean pop3_parse_status(Span line, Pop3Status *status);
/* What a refusal allows: RETRY for the temporary codes (and for the words that servers without
 * RESP-CODES use for them), AUTH for [AUTH], REFUSED for [SYS/PERM], else `otherwise`. */
PintailErrorCode pop3_refusal(const Pop3Status *status, PintailErrorCode otherwise);

/* A line of CAPA; SASL mechanisms are added to `sasl` (of char *, without repeats). */
void pop3_parse_capability(Span line, Pop3Capabilities *c, GPtrArray *sasl);

/* "number rest" with any blanks and, leniently, "+OK" before them. */
gboolean pop3_parse_numbered(Span line, guint *number, Span *rest);
gboolean pop3_parse_size(Span text, guint64 *size); /* digits up to a blank or the end */
/* 1 to 1000 bytes of 0x21..0xFE up to a blank or the end. */
gboolean pop3_parse_uidl(Span text, Span *uidl);

/* The end of a multi-line reply and its doubled dots, whatever the pieces it comes in
 * (RFC 1939 section 3). Only CR LF "." CR LF ends it: a bare LF is content. */
typedef enum {
    POP3_BODY_START, /* at the start of a line */
    POP3_BODY_TEXT,
    POP3_BODY_CR,
    POP3_BODY_DOT,
    POP3_BODY_DOT_CR,
    POP3_BODY_END,
} Pop3Body;

/* Eats from *in up to the next piece of content or the end: FALSE when there is neither (more input
 * is needed, or *state is POP3_BODY_END). *piece points into *in or is static. */
gboolean pop3_body_next(Pop3Body *state, Span *in, Span *piece);
