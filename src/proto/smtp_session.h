/* smtp_session.h - private to smtp*.c: the session, and how it talks. */
#pragma once
#include "pintail/proto/smtp.h"
#include "sasl.h"
#include "smtp_reply.h"

struct Smtp {
    const Endpoint *where;
    const StreamOptions *options;
    Stream *stream;
    SmtpExtensions extensions;
    SmtpReply reply;   /* the last one */
    gboolean usable;   /* nothing has gone wrong with the connection */
    gboolean dirty;    /* a transaction may be open: RSET first */
    char *description;
    SaslGuard guard;   /* while the login runs, */
    char *login;       /* and as for sasl_login_of() */
};

/* Writes a command line (buffered); `shown` replaces it in the log when it holds a secret. */
gboolean smtp_say(Smtp *s, const char *line, const char *shown, GError **err);
gboolean smtp_flush(Smtp *s, GError **err);
/* Reads one reply into s->reply within one phase (0: the options' timeout). FALSE: the
 * connection is unusable. A 421 makes it unusable too, but is a reply (section 3.8). */
gboolean smtp_hear(Smtp *s, guint timeout_ms, GError **err);
/* Says, flushes, hears. */
gboolean smtp_ask(Smtp *s, const char *line, GError **err);
/* "550 5.1.1 no such user": the last reply for people. The caller owns it. */
char *smtp_reply_shown(const Smtp *s);
guint smtp_timeout(const Smtp *s);
