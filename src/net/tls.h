/* tls.h - TLS on a connected socket: OpenSSL, and the only file that knows it is tls*.c. */
#pragma once
#include <glib.h>
#include "pintail/net/stream.h"

/* What a non-blocking read or write came to. */
typedef enum { IO_DONE, IO_WANT_READ, IO_WANT_WRITE, IO_EOF, IO_FAILED } IoResult;

typedef struct Tls Tls;

/* Shakes hands on `fd` (borrowed) as a client for where->host. NULL with TLS (*report, when
 * not NULL, says what was presented), RETRY or CANCELLED; then no application byte was sent. */
Tls *tls_connect(int fd, const Endpoint *where, const StreamOptions *options, gint64 until,
                 TlsReport **report, GError **err);
/* At most `len` bytes; *count is set with IO_DONE. After IO_FAILED tls_reason() says why. */
IoResult tls_read(Tls *t, void *to, gsize len, gsize *count);
IoResult tls_write(Tls *t, const void *from, gsize len, gsize *count);
const char *tls_reason(const Tls *t);
const char *tls_version(const Tls *t); /* static */
gboolean tls_exporter(Tls *t, guint8 out[32]);
void tls_free(Tls *t); /* says goodbye if that does not block */
