/* envelope.h - what a list, a thread or an answer needs of a message's header.
 *
 * The one header parser: IMAP's HEADER.FIELDS, POP3's TOP and a Maildir file all
 * come through envelope_parse(). Pure; never fails: a broken header gives what
 * could be read. Strings are valid UTF-8, decoded (RFC 2047), unfolded, and may
 * hold anything else: they are made printable only when drawn. */
#pragma once
#include <glib.h>
#include "pintail/util/span.h"

/* The fields to ask a server for, "DATE FROM ..." separated by blanks. */
#define ENVELOPE_FIELDS                                                                       \
    "DATE FROM SENDER REPLY-TO TO CC SUBJECT MESSAGE-ID IN-REPLY-TO REFERENCES "             \
    "CONTENT-TYPE LIST-ID LIST-POST MAIL-FOLLOWUP-TO"

typedef struct {
    char *name;    /* display name, decoded; "" when there is none */
    char *address; /* addr-spec as written, never decoded (CVE-2017-7829 class); "" when missing */
} Address;

typedef struct {
    gatomicrefcount refs;
    char *subject;
    GPtrArray *from, *sender, *reply_to, *to, *cc, *bcc, *followup_to; /* of Address; never NULL */
    gint64 date;      /* Unix seconds; 0 when missing or hopeless */
    int zone_minutes;
    char *message_id; /* without <>; "" when missing */
    char *in_reply_to;  /* first id, without <> */
    GPtrArray *references; /* of char *, oldest first, without <>; In-Reply-To not added */
    char *list_id;    /* inside the <>; "" */
    char *list_post;  /* address; "" */
    gboolean has_attachment; /* guess from Content-Type: multipart/mixed and the like */
} Envelope;

Envelope *envelope_parse(const char *header, gsize len); /* stops at the blank line */
Envelope *envelope_ref(Envelope *e);
void envelope_unref(Envelope *e);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Envelope, envelope_unref)

Address *address_new(const char *name, const char *address);
void address_free(Address *a);
/* RFC 5322 address list with groups (flattened) and the obsolete forms; linear time. */
GPtrArray *address_list_parse(const char *text, gsize len);
/* `Name <a@b>` for people and, with `for_header`, RFC 2047-encoded for the wire. */
char *address_format(const Address *a, gboolean for_header);
char *address_list_format(const GPtrArray *list, gboolean for_header);
/* What a narrow column shows: the name, else the address. Borrowed. */
const char *address_label(const Address *a);
/* NULL, or a sentence (translated) that says why nobody could be reached there: no '@', a blank... */
const char *address_problem(const char *address);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Address, address_free)
