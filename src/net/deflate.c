/* deflate.c - see deflate.h.
 *
 * Hostile input costs what its own bytes cost: output goes only where the caller has room, so a bomb
 * is read as slowly as any other text and meets the same limits; blocks that hold nothing are
 * counted, because nobody else would notice them. */
#include "deflate.h"
#include <string.h>
#include <zlib.h>

#define LEVEL       6
#define WINDOW_OUT  12 /* commands are short: 4 KB to look back on */
#define MEMORY_OUT  5
#define WINDOW_IN   15 /* the peer's choice */
#define EMPTY_INPUT (256 * 1024) /* so much input without any output is no mail server's */

struct Deflate {
    z_stream out, in;
    char input[DEFLATE_INPUT];
    gsize empty; /* input since the last output */
};

Deflate *deflate_new(void)
{
    Deflate *d = g_new0(Deflate, 1);
    if (deflateInit2(&d->out, LEVEL, Z_DEFLATED, -WINDOW_OUT, MEMORY_OUT, Z_DEFAULT_STRATEGY) != Z_OK ||
        inflateInit2(&d->in, -WINDOW_IN) != Z_OK)
        g_error("zlib: cannot begin");
    return d;
}

void deflate_free(Deflate *d)
{
    if (!d)
        return;
    deflateEnd(&d->out);
    inflateEnd(&d->in);
    g_free(d);
}

void deflate_out(Deflate *d, const void *from, gsize len, GString *out)
{
    char piece[4096];
    d->out.next_in = (Bytef *)(gpointer)from;
    d->out.avail_in = (uInt)len;
    do {
        d->out.next_out = (Bytef *)piece;
        d->out.avail_out = sizeof piece;
        int done = deflate(&d->out, Z_SYNC_FLUSH);
        g_assert(done == Z_OK || done == Z_BUF_ERROR);
        g_string_append_len(out, piece, (gssize)(sizeof piece - d->out.avail_out));
    } while (d->out.avail_out == 0);
}

gsize deflate_room(const Deflate *d, char **to)
{
    *to = (char *)d->input;
    return d->in.avail_in > 0 ? 0 : sizeof d->input;
}

void deflate_fed(Deflate *d, gsize len)
{
    g_assert(d->in.avail_in == 0 && len <= sizeof d->input);
    d->in.next_in = (Bytef *)d->input;
    d->in.avail_in = (uInt)len;
}

DeflateResult deflate_in(Deflate *d, char *to, gsize len, gsize *count)
{
    uInt before = d->in.avail_in;
    d->in.next_out = (Bytef *)to;
    d->in.avail_out = (uInt)MIN(len, G_MAXINT);
    uInt room = d->in.avail_out;
    int done = inflate(&d->in, Z_SYNC_FLUSH); /* output may be left inside even without input */
    *count = room - d->in.avail_out;
    if (*count > 0) {
        d->empty = 0;
        return DEFLATE_BYTES;
    }
    if (done == Z_STREAM_END)
        return DEFLATE_END;
    d->empty += before - d->in.avail_in;
    if ((done != Z_OK && done != Z_BUF_ERROR) || d->empty > EMPTY_INPUT)
        return DEFLATE_BAD;
    return DEFLATE_HUNGRY;
}
