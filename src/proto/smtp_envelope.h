/* smtp_envelope.h - private to smtp*.c: may a message go to this server at all, and the lines
 * that say from whom and to whom (RFC 5321 section 4.1.1.2 and 3, with the parameters of RFC 1870,
 * 6152, 6531 and 3461). Nothing is sent here. */
#pragma once
#include "smtp_content.h"
#include "smtp_session.h"

/* FALSE (REFUSED): what the server announced cannot carry it, or an address could mean more than
 * an address. *utf8: the transaction needs SMTPUTF8. */
gboolean smtp_envelope_check(const Smtp *s, const SmtpMessage *m, const SmtpMeasure *size,
                             gboolean *utf8, GError **err);
/* Without CRLF; the caller owns them. Delivery reports are asked for where DSN is offered. */
char *smtp_mail_line(const Smtp *s, const SmtpMessage *m, const SmtpMeasure *size, gboolean utf8);
char *smtp_recipient_line(const Smtp *s, const SmtpMessage *m, const char *address);
