/* deflate.h - both directions of a compressed stream (RFC 1951, as RFC 4978 uses it). Pure: bytes in,
 * bytes out; memory is bounded at its making (about 90 KB). */
#pragma once
#include <glib.h>

typedef struct Deflate Deflate;

Deflate *deflate_new(void);
void deflate_free(Deflate *d);

/* Appends `from` compressed to `out`, ended so that the peer can read all of it. */
void deflate_out(Deflate *d, const void *from, gsize len, GString *out);

/* What has been received: the caller's `bytes` are used up or kept (up to DEFLATE_INPUT). */
#define DEFLATE_INPUT 16384
gsize deflate_room(const Deflate *d, char **to); /* where to read to; 0: there is input already */
void deflate_fed(Deflate *d, gsize len);

typedef enum { DEFLATE_BYTES, DEFLATE_HUNGRY, DEFLATE_END, DEFLATE_BAD } DeflateResult;
/* At most `len` bytes to `to`; never more than the caller has room for, whatever was compressed. HUNGRY: needs
 * input. END: the peer has ended its stream. BAD: nothing that can be read; also too much that means nothing. */
DeflateResult deflate_in(Deflate *d, char *to, gsize len, gsize *count);
