/* imap_frame.h - cuts the stream into responses: lines and the literals between them.
 *
 * Guarantees: what is kept of one response is bounded (FRAME_RESPONSE), nothing is allocated
 * by an announced size, and a literal that somebody claimed goes to them piece by piece and
 * not into memory. The text that comes out has literals inline, each with the number of bytes
 * that are really there, so the grammar never meets a wrong one. Literals of FETCH that are a
 * byte or two too short or too long (seen on real servers) are put right. */
#pragma once
#include "imap_grammar.h"
#include "sasl.h"

#define FRAME_LINE_EARLY (64 * 1024)               /* before login */
#define FRAME_LINE       ((gsize)16 * 1024 * 1024) /* SEARCH over a million messages is 8 MB */
#define FRAME_RESPONSE   ((gsize)32 * 1024 * 1024)
#define FRAME_LITERAL                                                                              \
    ((gsize)1024 * 1024) /* kept of one that nobody claimed; the rest is dropped */
#define FRAME_LITERAL_ANNOUNCED                                                                    \
    ((guint64)64 * 1024 * 1024) /* unclaimed: more ends the connection */

typedef struct {
    /* May take the literal that comes after `so_far` (a whole response up to it). */
    gboolean (*claim)(Span so_far, guint64 size, gpointer data, GError **err);
    /* Its bytes. FALSE ends the connection. */
    gboolean (*bytes)(Span bytes, guint64 size, gpointer data, GError **err);
    gpointer data;
} FrameSink;

typedef struct {
    Stream *stream;  /* borrowed */
    GString *text;   /* of the response */
    GString *pushed; /* a line that was read too early */
    gboolean has_pushed;
    FrameSink sink;
    gsize line_limit;
    const char *log_name;    /* borrowed; NULL: not logged */
    gboolean hide_challenge; /* "+" carries a SASL challenge */
    const SaslGuard *guard;  /* borrowed: lines that repeat a secret are not logged */
} Frame;

void imap_frame_init(Frame *f, Stream *stream, const char *log_name, const SaslGuard *guard);
void imap_frame_clear(Frame *f);
/* Forgets everything that was read (after STARTTLS). */
void imap_frame_reset(Frame *f);
/* The next response; *out points into the frame until the next call. */
gboolean imap_frame_read(Frame *f, Span *out, GError **err);
