/* imap_grammar.h - one whole response in, structure out.
 *
 * Pure: bytes of a response as imap_frame.c gives them (literals inline, without the last
 * CRLF); no I/O, depth and counts bounded, linear. Spans point into the input or the chunk. */
#pragma once
#include "imap_cursor.h"
#include "pintail/proto/imap.h"

typedef enum {
    RESPONSE_STRAY,    /* nothing that IMAP knows */
    RESPONSE_CONTINUE, /* "+" */
    RESPONSE_TAGGED,
    RESPONSE_STATUS, /* untagged OK, NO, BAD, BYE, PREAUTH */
    RESPONSE_CAPABILITY,
    RESPONSE_ENABLED,
    RESPONSE_LIST,
    RESPONSE_LSUB,
    RESPONSE_STATUS_OF,
    RESPONSE_SEARCH,
    RESPONSE_ESEARCH,
    RESPONSE_FLAGS,
    RESPONSE_NAMESPACE,
    RESPONSE_MYRIGHTS,
    RESPONSE_QUOTA,
    RESPONSE_QUOTAROOT,
    RESPONSE_VANISHED,
    RESPONSE_EXISTS,
    RESPONSE_RECENT,
    RESPONSE_EXPUNGE,
    RESPONSE_FETCH,
    RESPONSE_OTHER, /* untagged, of a kind that we do not know: ignored */
} ResponseKind;

typedef struct {
    ResponseKind kind;
    Span tag;             /* RESPONSE_TAGGED */
    char status;          /* 'O' OK, 'N' NO, 'B' BAD, 'Y' BYE, 'P' PREAUTH */
    Span code, arguments; /* [CODE arguments]; empty when none */
    Span text;            /* of a status or a continuation */
    guint32 number;       /* before EXISTS, EXPUNGE, FETCH */
    Span rest;            /* what follows the keyword */
} Response;

void imap_parse_response(Span bytes, Response *out);
/* Does `line` end in {n}? *at: where the '{' is. */
gboolean imap_parse_literal_end(Span line, gsize *at, guint64 *size);
/* `so_far` ends in BODY[section]<origin>, or BINARY[...] (the literal's value comes next). */
gboolean imap_parse_section_end(Span so_far, Span *section, guint64 *origin, gboolean *binary);

typedef struct {
    guint64 bits;          /* 1 << IMAP_CAP_* */
    GPtrArray *mechanisms; /* of char *, NULL-terminated by imap_parse_capabilities */
    guint64 append_limit;
} Capabilities;
void imap_parse_capabilities(Span rest, Capabilities *out);
void imap_capabilities_clear(Capabilities *c);

gboolean imap_parse_flags(Cursor *c, ImapFlags *out,
                          gboolean *any_keyword); /* a list in parentheses */
void imap_flags_clear(ImapFlags *f);
ImapFlags imap_flags_copy(const ImapFlags *f);
/* "\\Seen \\Deleted kw": what STORE and APPEND send, without parentheses. FALSE: a bad keyword. */
gboolean imap_flags_text(GString *out, guint bits, const char *const *keywords);

#define IMAP_NAME_MAX 4096 /* bytes of a folder's name on the wire: longer ones are no names */
/* `utf8`: names come as UTF-8 (RFC 6855), not as modified UTF-7. */
ImapFolder *imap_parse_list(Span rest, gboolean utf8, GStringChunk *chunk);
/* The name is the caller's; NULL when malformed. */
char *imap_parse_status_of(Span rest, ImapStatus *out, gboolean utf8, GStringChunk *chunk);
gboolean imap_parse_namespace(Span rest, GPtrArray *out, gboolean utf8, GStringChunk *chunk);
/* The name, and the rights, are the caller's. */
char *imap_parse_my_rights(Span rest, char **rights, gboolean utf8, GStringChunk *chunk);
/* STORAGE of one root, in KiB; limit 0 when it has none. FALSE when malformed. */
gboolean imap_parse_quota(Span rest, guint64 *used, guint64 *limit, GStringChunk *chunk);
/* imap_name.c: as imap_name_decode() and _encode() for a session with UTF8=ACCEPT. */
char *imap_name_decode_utf8(Span wire);
char *imap_name_encode_utf8(const char *name);

void imap_set_merge(ImapSet *s, const ImapSet *more);
guint imap_set_ranges(const ImapSet *s); /* how many: what it costs in memory */
gboolean imap_parse_search(Span rest, ImapSet *out);
/* *uid: the numbers are UIDs. */
gboolean imap_parse_esearch(Span rest, ImapSet *out, gboolean *uid, GStringChunk *chunk);
gboolean imap_parse_vanished(Span rest, ImapSet **out);
/* At most `max` pairs; *out is cleared when they do not fit together. */
gboolean imap_parse_copyuid(Span arguments, gsize max, ImapCopied *out);
/* A set of exactly `n` (MULTIAPPEND), in its order. */
gboolean imap_parse_appenduids(Span arguments, guint n, guint32 *uidvalidity, guint32 *uids);
gboolean imap_parse_appenduid(Span arguments, guint32 *uidvalidity, guint32 *uid);

/* NULL when malformed, *c then undefined. */
ImapBody *imap_parse_body(Cursor *c);

typedef struct {
    Span name;      /* of the section, as the server writes it */
    guint64 origin; /* <n> */
    Span value;
    gboolean nil, binary;
} FetchSection;

typedef struct {
    ImapFetched data;       /* uid 0: not given */
    FetchSection *sections; /* all but the header fields, which are data.header too */
    guint n_sections;
    gboolean whole; /* FALSE: the end could not be read; what came before is there */
} FetchResponse;
#define FETCH_MAX_SECTIONS 64
/* `rest` begins with "(". Always gives what could be read; imap_fetch_response_clear() frees it. */
void imap_parse_fetch(Span rest, FetchResponse *out, GStringChunk *chunk);
void imap_fetch_response_clear(FetchResponse *f);
