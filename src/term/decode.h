/* decode.h - bytes from a terminal's keyboard to keys. Pure: no terminal, no
 * clock of its own; the caller says what time it is. */
#pragma once
#include "pintail/term/key.h"

#define DECODE_ESC_WAIT_US (25 * 1000)      /* an Esc alone is the Esc key after this */
#define DECODE_PASTE_WAIT_US (1000 * 1000)  /* a paste whose end never comes */
#define DECODE_REPEAT_US (600 * 1000)       /* a held key repeats within this */
#define DECODE_TYPING_US (3 * 1000 * 1000)  /* somebody who typed within this is typing */

typedef struct Decoder Decoder;
Decoder *decoder_new(void);
void decoder_free(Decoder *d);
void decoder_feed(Decoder *d, const char *bytes, gsize len, gint64 now);
/* The next key; FALSE: nothing (more) until bytes or decoder_deadline() come. */
gboolean decoder_next(Decoder *d, gint64 now, Key *out);
gint64 decoder_deadline(const Decoder *d); /* 0: none */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Decoder, decoder_free)
