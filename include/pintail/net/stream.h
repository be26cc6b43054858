/* stream.h - one connection to a server: dial, TLS, buffered reading, writing.
 *
 * Thread: a stream belongs to one worker. Every wait is one poll() on the socket,
 * the `cancel` descriptor and the phase's deadline, so any call returns at once
 * (CANCELLED) when cancelled, and in bounded time (RETRY) when the peer stalls.
 * Errors: RETRY (network; names host:port), TLS (certificate or handshake; a
 * TlsReport is kept), PROTOCOL, CANCELLED. After an error the stream is only good
 * for stream_free().
 *
 * THREATS in short: nothing but greeting, capabilities and STARTTLS may pass before
 * TLS is up; stream_secured() is the one choke point that callers ask before a
 * credential or mail command. */
#pragma once
#include <glib.h>
#include "pintail/util/cancel.h"
#include "pintail/util/certificate.h"
#include "pintail/util/endpoint.h"
#include "pintail/util/span.h"

typedef struct Stream Stream;

typedef struct {
    const Cancel *cancel;   /* may be NULL */
    guint timeout_ms;       /* per phase: dial, handshake, one reply; 0 means 30 s */
    const char *ca_file;    /* additional trust anchors, or NULL */
    const char *const *trusted_sha256; /* NULL-terminated: leaf certificates accepted for this
                                          host:port whatever the chain says; or NULL */
    gboolean allow_clear;   /* `tls off` was written: clear text to a host that is not loopback */
    const char *setting;    /* where host came from, for messages: "imap of account work"; or NULL */
    const char *log_name;   /* for the protocol log, e.g. "work/imap"; or NULL */
} StreamOptions;

/* Resolves (detached thread), connects (IPv6 and IPv4 in turn, RFC 8305 in spirit), and for
 * TLS_IMPLICIT shakes hands. On TLS failure *report (may be NULL) gets the chain. The options
 * and what they point to must outlive the stream. */
Stream *stream_open(const Endpoint *where, const StreamOptions *options, TlsReport **report,
                    GError **err);
/* A stream in clear text on a connected local socket (consumed): for tests and fuzzing. */
Stream *stream_on_socket(int fd_take, const Endpoint *where, const StreamOptions *options);
/* After the server's OK to STARTTLS/STLS: fails (PROTOCOL) when bytes already wait in the
 * buffer (injection, CVE-2021-38370 class), then shakes hands. The caller forgets capabilities. */
gboolean stream_starttls(Stream *s, TlsReport **report, GError **err);
/* From now on both ways are compressed (DEFLATE, RFC 4978), after the server's OK to that. What it
 * may inflate to is bounded by what the reader has room for. PROTOCOL when more waits than can be meant. */
gboolean stream_compress(Stream *s, GError **err);
gboolean stream_is_compressed(const Stream *s);
gboolean stream_is_loopback(const Stream *s); /* the peer is this machine */
/* TLS is up, or clear text is allowed for this endpoint (loopback or allow_clear with TLS_OFF). */
gboolean stream_secured(const Stream *s);
gboolean stream_is_tls(const Stream *s);
/* "TLSv1.3" or "" - for the status line; static. */
const char *stream_tls_version(const Stream *s);
/* RFC 9266 tls-exporter channel binding, 32 bytes; FALSE without TLS 1.3. */
gboolean stream_channel_binding(Stream *s, guint8 out[32]);
/* "host:port", borrowed. */
const char *stream_peer(const Stream *s);

/* One line without its CRLF (bare LF accepted), NUL bytes kept; at most `limit`
 * bytes, else PROTOCOL. *line points into the buffer until the next call. Each 64 KiB of a
 * huge line begin the phase anew. */
gboolean stream_read_line(Stream *s, gsize limit, Span *line, GError **err);
/* Exactly `len` bytes to `out`; what is already buffered comes first. */
gboolean stream_read_exact(Stream *s, char *out, gsize len, GError **err);
/* At least 1, at most `len` bytes: what is there. */
gssize stream_read_some(Stream *s, char *out, gsize len, GError **err);
/* What has been received and not consumed, at least one byte (waits for it); it stays until
 * stream_skip(). For replies that are scanned for their end while they stream through. */
gboolean stream_peek(Stream *s, Span *there, GError **err);
void stream_skip(Stream *s, gsize len); /* at most what stream_peek() gave */
gboolean stream_write(Stream *s, const void *bytes, gsize len, GError **err); /* buffered */
gboolean stream_flush(Stream *s, GError **err);
gboolean stream_has_input(const Stream *s); /* bytes already received */

/* Begins a phase: its deadline is now + timeout (0: the options' timeout). stream_open and
 * each command start one; a long transfer that makes progress extends its own by restarting. */
void stream_deadline(Stream *s, guint timeout_ms);
guint stream_timeout(const Stream *s); /* the options' timeout in ms, 30 s when they have none */

typedef enum { STREAM_WAKE_INPUT, STREAM_WAKE_OTHER, STREAM_WAKE_TIMEOUT } StreamWake;
/* For IDLE: waits until input is there, `other_fd` (-1: none) is readable, or the time is over
 * (0: only looks). The phase's deadline plays no part.
 * FALSE with err on cancel or a broken connection. */
gboolean stream_wait(Stream *s, int other_fd, guint timeout_ms, StreamWake *why, GError **err);

/* For a greeting that is not of the expected protocol: a sentence for people that says what
 * answered instead and which port is usual. `line` as it came. The caller owns it. */
char *stream_wrong_greeting(const Stream *s, Span line);

/* Bytes through the socket so far, both ways (TLS overhead not counted; compressed ones as they travel). */
void stream_traffic(const Stream *s, guint64 *in, guint64 *out);
void stream_free(Stream *s); /* closes at once; never blocks */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Stream, stream_free)
