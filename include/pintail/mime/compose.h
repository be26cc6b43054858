/* compose.h - messages that leave: a draft in the person's words, and the bytes.
 *
 * compose_message() gives RFC 5322 bytes with CRLF, 7-bit (or 8bit where
 * allowed), lines of at most 998 octets, a fresh Message-ID and boundary that does not
 * occur in the content, Bcc only when asked (drafts, never for sending). */
#pragma once
#include <glib.h>
#include "pintail/mime/envelope.h"
#include "pintail/mime/part.h"

typedef struct {
    char *path;  /* read when the message is made */
    char *type;  /* media type; NULL: guessed from name and content */
    char *name;  /* shown to the recipient; NULL: the path's base name */
    GBytes *content; /* instead of a path (parts of a forwarded message); or NULL */
} Attachment;

typedef struct {
    Address *from;
    GPtrArray *to, *cc, *bcc, *reply_to; /* of Address; never NULL */
    char *subject;
    char *body;         /* UTF-8, LF line ends */
    char *message_id;   /* without <>; NULL: made by compose_message() and stored here */
    char *in_reply_to;  /* without <>; or NULL */
    GPtrArray *references; /* of char *; or NULL */
    GPtrArray *attachments; /* of Attachment; never NULL */
    gint64 date;        /* 0: now */
} Draft;

Draft *draft_new(const Address *from);
void draft_free(Draft *d);
void attachment_free(Attachment *a);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Draft, draft_free)

typedef enum {
    COMPOSE_KEEP_BCC = 1 << 0,
    COMPOSE_ALLOW_8BIT = 1 << 1,
} ComposeFlags;
/* The message; STORE or GONE when an attachment cannot be read (names it). */
GBytes *compose_message(Draft *d, ComposeFlags flags, GError **err);

/* The draft as text for the editor (headers, blank line, body) and back. Header lines are
 * From, To, Cc, Bcc, Reply-To, Subject, Attach (a path); INVALID names the line. */
char *draft_to_editor(const Draft *d, gboolean with_headers);
gboolean draft_from_editor(Draft *d, const char *text, gboolean with_headers, GError **err);
/* A draft again from a stored message (continue a draft, edit as new). */
Draft *draft_from_message(const char *message, gsize len, GError **err);
/* mailto: (RFC 6068); only to, cc, bcc, subject, body, in-reply-to are taken, never attach. */
Draft *draft_from_mailto(const char *url, GError **err);

typedef enum { REPLY_SENDER, REPLY_ALL, REPLY_LIST } ReplyMode;
/* `own` are the addresses (char *, NULL-terminated) that are not answered to. `quoted` is the text
 * to quote (rendered_to_text), or NULL. The attribution line is translated. */
Draft *draft_reply(const Envelope *to, ReplyMode mode, const Address *from,
                   const char *const *own, const char *quoted);
/* Inline: `text` follows a header block. As attachment: `message` becomes message/rfc822. */
Draft *draft_forward(const Envelope *of, const Address *from, const char *text, GBytes *message);
char *compose_new_message_id(const char *address); /* without <> */
