/* part.h - a message as a tree of parts.
 *
 * Parsing copies nothing: every part knows its exact spans in the message, kept
 * for signatures. Depth (PART_DEPTH_MAX) and number (PART_COUNT_MAX) are bounded;
 * what lies deeper is one opaque part. Anything at all parses to something that
 * can be shown. Pure, no I/O, any thread; a tree is immutable once built.
 *
 * A tree also comes without content, from an IMAP BODYSTRUCTURE
 * (part_tree_from_text); its spans are empty then and content is fetched by section. */
#pragma once
#include <glib.h>
#include "pintail/util/span.h"

#define PART_DEPTH_MAX 100
#define PART_COUNT_MAX 10000

typedef enum {
    PART_ENCODING_IDENTITY, /* 7bit, 8bit, binary, unknown */
    PART_ENCODING_BASE64,
    PART_ENCODING_QUOTED_PRINTABLE,
    PART_ENCODING_UUENCODE,
    PART_ENCODING_YENC,
} PartEncoding;

typedef struct Part Part;
struct Part {
    char *type;        /* lower case "text/plain"; a bad or missing one becomes what RFC 2045 5.2 says */
    char *charset;     /* as labelled, lower case; "" when not */
    char *name;        /* file name, decoded (RFC 2231, 2047, filename= then name=); "" */
    char *disposition; /* lower case: "inline", "attachment", "" */
    char *content_id;  /* without <>; "" */
    char *description; /* "" */
    char *boundary;    /* multiparts; "" */
    gboolean flowed, delsp; /* text/plain; format=flowed */
    PartEncoding encoding;
    guint64 size;      /* encoded octets of the body */
    char *section;     /* IMAP section number, "1.2"; "" for the root of a multipart */
    Span header, body; /* in the message; body is still encoded */
    Part *parent;
    guint index;         /* among the parent's children */
    /* Of a part inside a decoded one (winmail.dat): holds what `body` is in, outside the message; else NULL. */
    GBytes *content;
    /* Of Part. Multiparts; message/rfc822 (one child: its root); text/plain with uuencoded or yEnc files in
     * it (parsed from bytes only, never numbered by IMAP): those files; winmail.dat: what is in it. Else empty. */
    GPtrArray *children;
};

/* `message` must outlive the tree. Never NULL. */
Part *part_parse(const char *message, gsize len);
void part_free(Part *root);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Part, part_free)

/* The tree as text and back (for the body cache, and from a BODYSTRUCTURE). One line a part, in
 * preorder, fields separated by a tab ("\\t", "\\n", "\\\\" stand for tab, line feed, backslash):
 * depth, type, charset, name, disposition, content-id, description, encoding, size, flags.
 * Sections are numbered again when it is read; boundaries and spans are not kept.
 * NULL (PROTOCOL) when the text is not of that form. */
char *part_tree_to_text(const Part *root);
Part *part_tree_from_text(const char *text, GError **err);

/* What a BODYSTRUCTURE says about one part, undecoded; any pointer may be NULL. */
typedef struct {
    const char *type;                      /* "TEXT/PLAIN" */
    const char *const *type_params;        /* name, value, name, value, NULL */
    const char *disposition;
    const char *const *disposition_params;
    const char *content_id, *description, *encoding;
    guint64 size;
} PartFacts;
/* Appends that part's line (parameters decoded, RFC 2231 and 2047). Preorder; the root has
 * depth 0, the children of a multipart and the content of a message/rfc822 one more. */
void part_tree_add(GString *text, guint depth, const PartFacts *facts);

const Part *part_by_section(const Part *root, const char *section);
/* The part that should be read first: best alternative of text/plain and text/html, not an
 * attachment; NULL when there is none. `prefer_html` swaps the preference. All that is read: reading.h. */
const Part *part_main_text(const Part *root, gboolean prefer_html);
/* Those that a person sees as attachments, in order: const Part *, borrowed. */
GPtrArray *part_attachments(const Part *root);
gboolean part_is_multipart(const Part *p);
/* A winmail.dat (application/ms-tnef): its text and files become its children, when the message is
 * parsed or, of one that came by sections, when part_expand() is given its decoded bytes. */
gboolean part_is_tnef(const Part *p);
void part_expand(Part *p, GBytes *decoded);
/* Nothing to read in it: many senders put an empty text beside their HTML. */
gboolean part_is_empty(const Part *p);
/* The part that follows in preorder, NULL after the last. */
const Part *part_next(const Part *p);

/* Value of a header field in `header` (part or message), unfolded, undecoded; NULL when not there.
 * The first one; the caller owns it. */
char *header_get(Span header, const char *name);
/* Unstructured field text decoded (RFC 2047) to valid UTF-8. */
char *header_decode(const char *value, gsize len);

/* Undoes the transfer encoding of `body`; broken input gives what can be had. */
GBytes *part_decode(PartEncoding encoding, Span body);
/* A text part for reading: `body` (p->body, or what was fetched for it, still encoded) decoded to
 * valid UTF-8 by the part's labels, HTML's own <meta> when there is no label, else by guessing;
 * uuencoded files are left out. *guessed as in charset_to_utf8(). */
char *part_text_of(const Part *p, Span body, const char **guessed);
/* Can text in this charset be read? */
gboolean charset_is_known(const char *charset);
/* Bytes in `charset` ("" or unknown: guessed - UTF-8, else windows-1252) to valid UTF-8.
 * *guessed (may be NULL) names the charset that was used when not the label's. */
char *charset_to_utf8(Span bytes, const char *charset, const char **guessed);
