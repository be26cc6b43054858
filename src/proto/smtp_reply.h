/* smtp_reply.h - one SMTP reply (RFC 5321 section 4.2) and what EHLO announces. Pure. */
#pragma once
#include <glib.h>
#include "pintail/util/span.h"

#define SMTP_LINE_MAX  4096 /* section 4.5.3.1.5 says 512; a challenge may be longer */
#define SMTP_AUTH_MAX  16384
#define SMTP_LINES_MAX 200  /* continuation lines of one reply */

typedef struct {
    int code;          /* 200..599; 0 before the first line */
    char enhanced[16]; /* "5.1.1" of the first line that has one (RFC 2034), else "" */
    GString *text;     /* printable, lines joined by a blank, bounded */
    GPtrArray *lines;  /* of char *: the text of each line as it came, NUL bytes replaced */
} SmtpReply;

void smtp_reply_init(SmtpReply *r);
void smtp_reply_clear(SmtpReply *r);
void smtp_reply_reset(SmtpReply *r); /* ready for the next reply */
/* Takes the next line, without CRLF. FALSE with a static *reason when it is malformed;
 * *last tells whether the reply is complete. */
gboolean smtp_reply_add(SmtpReply *r, Span line, gboolean *last, const char **reason);
static inline int smtp_reply_class(const SmtpReply *r)
{
    return r->code / 100;
}

typedef struct {
    gboolean starttls, pipelining, eight_bit, utf8, enhanced;
    gboolean chunking, dsn; /* RFC 3030, RFC 3461 */
    gboolean size;      /* the SIZE parameter may be used */
    guint64 size_limit; /* 0: none known */
    GStrv auth;         /* mechanisms, never NULL after smtp_extensions_parse() */
} SmtpExtensions;

/* From the reply to EHLO; replaces what was there. */
void smtp_extensions_parse(SmtpExtensions *e, const SmtpReply *r);
void smtp_extensions_clear(SmtpExtensions *e);
