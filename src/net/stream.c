/* stream.c - buffered, deadline-bound reading and writing, with or without TLS.
 *
 * Guarantees: no call waits past the phase's deadline or a cancel; a peer that sends byte
 * by byte gains nothing by it; writing goes on reading, so that two pipelines can never
 * block each other; SIGPIPE is never raised; nothing is sent to a host that is not
 * loopback in clear text unless the account says so. */
#include "pintail/net/stream.h"
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>
#include "deflate.h"
#include "dial.h"
#include "peer.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/log.h"
#include "pintail/util/secret.h"
#include "pintail/util/text.h"
#include "tls.h"
#include "wait.h"

#define TIMEOUT_DEFAULT  30000 /* ms */
#define IN_START         16384
#define IN_KEPT          (1024 * 1024) /* a larger buffer is given back when it is empty */
#define IN_WHILE_WRITING (1024 * 1024) /* read ahead at most so much while a write is stuck */
#define LINE_PROGRESS    65536 /* so much of one line is worth a new deadline: SEARCH may answer in 8 MB */
#define PROBE_AFTER      4000 /* ms without a greeting: does the port expect TLS? */
#define PROBE_FOR        3000
#define OUT_MAX          65536         /* written by itself beyond this */

struct Stream {
    const Endpoint *where;
    const StreamOptions *options;
    char *peer;
    int fd;
    Tls *tls;
    gboolean loopback;
    gboolean eof;   /* the peer has closed its side */
    gint64 until;   /* deadline of this phase, monotonic clock */
    gint64 probe_at; /* when a peer that is still silent is asked for TLS; 0: not, or not again */
    guint timeout;  /* ms, for messages */
    char *in;       /* [start, end) is unread; [start, scanned) holds no line end */
    gsize start, end, size, scanned;
    GString *out;
    Deflate *deflate; /* NULL: not compressed */
    GString *packed;  /* what `out` became */
    guint64 traffic_in, traffic_out;
    int system_error;
    gboolean garbled; /* compressed data that is none */
};

static void log_fact(const Stream *s, const char *fact)
{
    const char *area = s->options->log_name ? s->options->log_name : "net";
    if (log_is_open())
        log_line(area, "%s %s", s->peer, fact);
}

/* ---- errors ------------------------------------------------------------------------------ */

static gboolean fail_cancelled(const Stream *s, GError **err)
{
    error_set(err, PINTAIL_ERROR_CANCELLED, _("the connection to %s was cancelled"), s->peer);
    return FALSE;
}

static gboolean fail_late(const Stream *s, GError **err)
{
    if (s->traffic_in == 0 && !s->tls) {
        g_autofree char *text = peer_silent_greeting(s->where);
        error_set(err, PINTAIL_ERROR_RETRY, "%s", text);
    } else {
        error_set(err, PINTAIL_ERROR_RETRY,
                  P_("%s has not answered within %u second", "%s has not answered within %u seconds",
                     MAX(1, s->timeout / 1000)),
                  s->peer, MAX(1, s->timeout / 1000));
    }
    return FALSE;
}

static gboolean fail_closed(const Stream *s, GError **err)
{
    g_autofree char *hint = dial_port_hint(s->where);
    if (s->traffic_in == 0)
        error_set(err, PINTAIL_ERROR_RETRY, _("%s closed the connection at once%s"), s->peer, hint);
    else
        error_set(err, PINTAIL_ERROR_RETRY, _("%s closed the connection"), s->peer);
    return FALSE;
}

static gboolean fail_broken(const Stream *s, GError **err)
{
    const char *reason = s->garbled ? _("its compressed data cannot be read")
                         : s->tls   ? tls_reason(s->tls)
                                    : g_strerror(s->system_error);
    error_set(err, PINTAIL_ERROR_RETRY, _("the connection to %s was lost: %s"), s->peer,
              *reason ? reason : _("unknown reason"));
    return FALSE;
}

/* ---- raw, non-blocking --------------------------------------------------------------------- */

static IoResult wire_read(Stream *s, char *to, gsize len, gsize *count)
{
    *count = 0;
    IoResult r;
    if (s->tls) {
        r = tls_read(s->tls, to, len, count);
    } else {
        ssize_t n;
        do {
            n = recv(s->fd, to, len, MSG_DONTWAIT);
        } while (n < 0 && errno == EINTR);
        s->system_error = n < 0 ? errno : 0;
        *count = n > 0 ? (gsize)n : 0;
        r = n > 0 ? IO_DONE : n == 0 ? IO_EOF : IO_FAILED;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            r = IO_WANT_READ;
    }
    s->traffic_in += *count;
    if (r == IO_EOF)
        s->eof = TRUE;
    return r;
}

/* What is left of a chunk, in TLS or in the inflater, is taken before anybody polls. */
static IoResult raw_read(Stream *s, char *to, gsize len, gsize *count)
{
    if (!s->deflate)
        return wire_read(s, to, len, count);
    for (;;) {
        char *room;
        gsize got;
        DeflateResult r = deflate_in(s->deflate, to, len, count);
        if (r == DEFLATE_BYTES)
            return IO_DONE;
        if (r == DEFLATE_END)
            s->eof = TRUE;
        s->garbled = r == DEFLATE_BAD;
        if (r != DEFLATE_HUNGRY)
            return r == DEFLATE_END ? IO_EOF : IO_FAILED;
        gsize size = deflate_room(s->deflate, &room);
        IoResult wire = wire_read(s, room, size, &got);
        if (wire != IO_DONE)
            return wire;
        deflate_fed(s->deflate, got);
    }
}

static IoResult raw_write(Stream *s, const char *from, gsize len, gsize *count)
{
    *count = 0;
    IoResult r;
    if (s->tls) {
        r = tls_write(s->tls, from, len, count);
    } else {
        ssize_t n;
        do {
            n = send(s->fd, from, len, MSG_DONTWAIT | MSG_NOSIGNAL);
        } while (n < 0 && errno == EINTR);
        s->system_error = n < 0 ? errno : 0;
        *count = n > 0 ? (gsize)n : 0;
        r = n >= 0 ? IO_DONE : IO_FAILED;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            r = IO_WANT_WRITE;
    }
    s->traffic_out += *count;
    return r;
}

/* ---- input buffer -------------------------------------------------------------------------- */

/* Makes room for at least one more byte behind `end`. */
static void make_room(Stream *s)
{
    if (s->start == s->end)
        s->start = s->end = s->scanned = 0;
    if (s->end == 0 && s->size > IN_KEPT) { /* one huge line is no reason to keep so much for ever */
        g_clear_pointer(&s->in, g_free);
        s->size = 0;
    }
    if (s->end < s->size)
        return;
    if (s->start > s->size / 2) {
        memmove(s->in, s->in + s->start, s->end - s->start);
        s->end -= s->start;
        s->scanned -= MIN(s->scanned, s->start);
        s->start = 0;
        return;
    }
    s->size = MAX((gsize)IN_START, s->size * 2);
    s->in = g_realloc(s->in, s->size);
}

static IoResult read_into_buffer(Stream *s)
{
    make_room(s);
    gsize n;
    IoResult r = raw_read(s, s->in + s->end, s->size - s->end, &n);
    s->end += n;
    return r;
}

/* Before each read: the deadline counts even when the peer always has one more byte. */
static gboolean may_go_on(Stream *s, GError **err)
{
    if (s->options->cancel && cancel_is_set(s->options->cancel))
        return fail_cancelled(s, err);
    if (g_get_monotonic_time() > s->until)
        return fail_late(s, err);
    return TRUE;
}

/* On a connection of its own: bytes out of turn on this one would annoy a server that is only slow. */
static gboolean is_tls_port(const Stream *s)
{
    Endpoint where = *s->where;
    StreamOptions options = *s->options;
    where.tls = TLS_IMPLICIT;
    options.timeout_ms = MIN(PROBE_FOR, stream_timeout(s) / 4);
    log_fact(s, "says nothing: does it expect TLS?");
    g_autoptr(GError) failure = NULL;
    g_autoptr(TlsReport) report = NULL;
    g_autoptr(Stream) other = stream_open(&where, &options, &report, &failure);
    return other || (report && report->chain->len > 0);
}

static gboolean probe(Stream *s, GError **err)
{
    s->probe_at = 0;
    if (!is_tls_port(s))
        return TRUE;
    g_autofree char *text = peer_expects_tls(s->where);
    error_set(err, PINTAIL_ERROR_TLS, "%s", text);
    return FALSE;
}

static gboolean wait_for(Stream *s, IoResult want, GError **err)
{
    short events = want == IO_WANT_READ ? POLLIN : POLLOUT;
    gboolean may_probe = s->probe_at && s->traffic_in == 0 && !s->tls && s->probe_at < s->until;
    switch (wait_one(s->fd, events, s->options->cancel, may_probe ? s->probe_at : s->until)) {
    case WAIT_CANCELLED:
        return fail_cancelled(s, err);
    case WAIT_TIMEOUT:
        return may_probe ? probe(s, err) : fail_late(s, err);
    case WAIT_READY:
        break;
    }
    return TRUE;
}

/* What a read that gave no byte means; TRUE: it is worth another try. */
static gboolean after_read(Stream *s, IoResult r, GError **err)
{
    if (r == IO_EOF)
        return fail_closed(s, err);
    if (r == IO_FAILED)
        return fail_broken(s, err);
    return wait_for(s, r, err);
}

/* At least one byte more in the buffer. */
static gboolean fill(Stream *s, GError **err)
{
    for (;;) {
        if (!may_go_on(s, err))
            return FALSE;
        IoResult r = s->eof ? IO_EOF : read_into_buffer(s);
        if (r == IO_DONE)
            return TRUE;
        if (!after_read(s, r, err))
            return FALSE;
    }
}

gboolean stream_read_line(Stream *s, gsize limit, Span *line, GError **err)
{
    gsize mark = s->end - s->start;
    for (;;) {
        gsize from = MAX(s->scanned, s->start);
        char *lf = s->end > from ? memchr(s->in + from, '\n', s->end - from) : NULL;
        gsize have = lf ? (gsize)(lf - s->in) - s->start : s->end - s->start;
        gsize len = have;
        if (lf && len > 0 && lf[-1] == '\r')
            len--;
        if (len > limit && (lf || len > limit + 1)) { /* +1: a CR whose LF is still to come */
            error_set(err, PINTAIL_ERROR_PROTOCOL,
                      _("%s sent a line of more than %zu bytes"), s->peer, limit);
            return FALSE;
        }
        if (lf) {
            *line = span_new(s->in + s->start, len);
            s->start += have + 1;
            s->scanned = s->start;
            return TRUE;
        }
        s->scanned = s->end;
        if (!fill(s, err))
            return FALSE;
        if (s->end - s->start - mark >= LINE_PROGRESS) {
            mark = s->end - s->start;
            stream_deadline(s, s->timeout);
        }
    }
}

gssize stream_read_some(Stream *s, char *out, gsize len, GError **err)
{
    g_return_val_if_fail(len > 0, -1);
    /* Small pieces go through the buffer: one system call for many of them. */
    if (s->start == s->end && len < IN_START / 4 && !fill(s, err))
        return -1;
    if (s->start < s->end) {
        gsize take = MIN(len, s->end - s->start);
        memcpy(out, s->in + s->start, take);
        s->start += take;
        return (gssize)take;
    }
    for (;;) {
        if (!may_go_on(s, err))
            return -1;
        gsize n = 0;
        IoResult r = s->eof ? IO_EOF : raw_read(s, out, len, &n);
        if (r == IO_DONE)
            return (gssize)n;
        if (!after_read(s, r, err))
            return -1;
    }
}

gboolean stream_read_exact(Stream *s, char *out, gsize len, GError **err)
{
    while (len > 0) {
        gssize n = stream_read_some(s, out, len, err);
        if (n < 0)
            return FALSE;
        out += n;
        len -= (gsize)n;
    }
    return TRUE;
}

gboolean stream_peek(Stream *s, Span *there, GError **err)
{
    if (s->start == s->end && !fill(s, err))
        return FALSE;
    *there = span_new(s->in + s->start, s->end - s->start);
    return TRUE;
}

void stream_skip(Stream *s, gsize len)
{
    g_return_if_fail(len <= s->end - s->start);
    s->start += len;
}

gboolean stream_has_input(const Stream *s)
{
    return s->start < s->end;
}

/* ---- output -------------------------------------------------------------------------------- */

/* A server that throws us out usually says why before it closes: look for its last words. */
static gboolean fail_write(Stream *s, GError **err)
{
    int reason = s->system_error;
    while (!s->eof && s->end - s->start < IN_START && read_into_buffer(s) == IO_DONE)
        ;
    s->system_error = reason;
    const char *lf = s->end > s->start ? memchr(s->in + s->start, '\n', s->end - s->start) : NULL;
    if (!lf)
        return fail_broken(s, err);
    gsize len = MIN((gsize)(lf - s->in) - s->start, 300u);
    Span said = span_trim(span_new(s->in + s->start, len));
    g_autofree char *words = printable_text(said.at, said.len, FALSE);
    error_set(err, PINTAIL_ERROR_RETRY, _("%s closed the connection: '%s'"), s->peer, words);
    return FALSE;
}

/* Waits until a stuck write can go on. What arrives meanwhile is read, because the peer may be
 * unable to read on before we have taken its replies (pipelining, RFC 2920 section 3.1). */
static gboolean wait_to_write(Stream *s, IoResult want, GError **err)
{
    gboolean listen = !s->eof && s->end - s->start < IN_WHILE_WRITING;
    short events = want == IO_WANT_READ ? POLLIN : POLLOUT;
    struct pollfd p = {.fd = s->fd, .events = (short)(events | (listen ? POLLIN : 0))};
    switch (wait_any(&p, 1, s->options->cancel, s->until)) {
    case WAIT_CANCELLED:
        return fail_cancelled(s, err);
    case WAIT_TIMEOUT:
        return fail_late(s, err);
    case WAIT_READY:
        break;
    }
    if (listen && (p.revents & POLLIN) && read_into_buffer(s) == IO_FAILED)
        return fail_broken(s, err);
    return TRUE;
}

gboolean stream_flush(Stream *s, GError **err)
{
    gsize done = 0;
    gboolean ok = TRUE;
    GString *out = s->out;
    if (s->deflate && s->out->len > 0) {
        deflate_out(s->deflate, s->out->str, s->out->len, s->packed);
        out = s->packed;
    }
    while (ok && done < out->len) {
        if (!may_go_on(s, err)) {
            ok = FALSE;
            break;
        }
        gsize n;
        IoResult r = raw_write(s, out->str + done, out->len - done, &n);
        done += n;
        if (r == IO_FAILED || r == IO_EOF)
            ok = fail_write(s, err);
        else if (r != IO_DONE)
            ok = wait_to_write(s, r, err);
    }
    secret_wipe(s->out->str, s->out->len); /* it may have held a password */
    g_string_truncate(s->out, 0);
    if (s->packed)
        g_string_truncate(s->packed, 0);
    return ok;
}

gboolean stream_write(Stream *s, const void *bytes, gsize len, GError **err)
{
    const char *from = bytes;
    while (len > 0) {
        gsize take = MIN(len, OUT_MAX - MIN(s->out->len, (gsize)OUT_MAX));
        g_string_append_len(s->out, from, (gssize)take); /* never reallocates: nothing is left behind */
        from += take;
        len -= take;
        if (s->out->len >= OUT_MAX && !stream_flush(s, err))
            return FALSE;
    }
    return TRUE;
}

/* ---- waiting ------------------------------------------------------------------------------- */

guint stream_timeout(const Stream *s)
{
    return s->options->timeout_ms ? s->options->timeout_ms : TIMEOUT_DEFAULT;
}

void stream_deadline(Stream *s, guint timeout_ms)
{
    s->timeout = timeout_ms ? timeout_ms : stream_timeout(s);
    s->until = g_get_monotonic_time() + (gint64)s->timeout * G_TIME_SPAN_MILLISECOND;
}

gboolean stream_wait(Stream *s, int other_fd, guint timeout_ms, StreamWake *why, GError **err)
{
    gint64 until = g_get_monotonic_time() + (gint64)timeout_ms * G_TIME_SPAN_MILLISECOND;
    *why = STREAM_WAKE_INPUT;
    while (!stream_has_input(s)) {
        if (s->options->cancel && cancel_is_set(s->options->cancel))
            return fail_cancelled(s, err);
        /* TLS may hold a whole record that poll() knows nothing of. */
        IoResult r = s->eof ? IO_EOF : read_into_buffer(s);
        if (r == IO_DONE)
            return TRUE;
        if (r == IO_EOF)
            return fail_closed(s, err);
        if (r == IO_FAILED)
            return fail_broken(s, err);
        struct pollfd fds[2] = {
            {.fd = s->fd, .events = r == IO_WANT_READ ? POLLIN : POLLOUT},
            {.fd = other_fd, .events = POLLIN},
        };
        WaitResult w = wait_any(fds, 2, s->options->cancel, until);
        if (w == WAIT_CANCELLED)
            return fail_cancelled(s, err);
        if (w == WAIT_READY && fds[0].revents)
            continue;
        *why = w == WAIT_TIMEOUT ? STREAM_WAKE_TIMEOUT : STREAM_WAKE_OTHER;
        return TRUE;
    }
    return TRUE;
}

/* ---- life ---------------------------------------------------------------------------------- */

static gboolean shake_hands(Stream *s, TlsReport **report, GError **err)
{
    stream_deadline(s, 0);
    s->tls = tls_connect(s->fd, s->where, s->options, s->until, report, err);
    stream_deadline(s, 0);
    if (s->tls)
        log_fact(s, tls_version(s->tls));
    return s->tls != NULL;
}

/* The endpoint's text and the peer's address both decide what is loopback: a name such as
 * "localhost" may well resolve to some other machine. */
static gboolean refuse_clear(const Stream *s, GError **err)
{
    error_set(err, PINTAIL_ERROR_TLS,
              _("no connection to %s without TLS: clear text would show password and mail to "
                "everyone on the way (\"tls off\" in the account allows it)"),
              s->peer);
    return FALSE;
}

static gboolean open_stream(Stream *s, TlsReport **report, GError **err)
{
    gboolean clear = s->where->tls == TLS_OFF && !s->options->allow_clear;
    if (clear && !endpoint_is_loopback(s->where))
        return refuse_clear(s, err);
    stream_deadline(s, 0);
    s->fd = dial(s->where, s->options, s->until, err);
    if (s->fd < 0)
        return FALSE;
    s->loopback = dial_is_loopback(s->fd);
    log_fact(s, "connected");
    if (clear && !s->loopback)
        return refuse_clear(s, err);
    if (s->where->tls == TLS_IMPLICIT)
        return shake_hands(s, report, err);
    stream_deadline(s, 0);
    s->probe_at = g_get_monotonic_time() + (gint64)MIN(PROBE_AFTER, s->timeout / 2) * G_TIME_SPAN_MILLISECOND;
    return TRUE;
}

static Stream *stream_new(const Endpoint *where, const StreamOptions *options)
{
    Stream *s = g_new0(Stream, 1);
    s->where = where;
    s->options = options;
    s->fd = -1;
    gboolean v6 = strchr(where->host, ':') != NULL;
    s->peer = g_strdup_printf(v6 ? "[%s]:%u" : "%s:%u", where->host, where->port);
    s->out = g_string_sized_new(OUT_MAX);
    return s;
}

Stream *stream_on_socket(int fd_take, const Endpoint *where, const StreamOptions *options)
{
    Stream *s = stream_new(where, options);
    s->fd = fd_take;
    s->loopback = TRUE;
    stream_deadline(s, 0);
    return s;
}

Stream *stream_open(const Endpoint *where, const StreamOptions *options, TlsReport **report,
                    GError **err)
{
    Stream *s = stream_new(where, options);
    if (open_stream(s, report, err))
        return s;
    stream_free(s);
    return NULL;
}

gboolean stream_starttls(Stream *s, TlsReport **report, GError **err)
{
    g_return_val_if_fail(!s->tls, FALSE);
    if (!stream_flush(s, err))
        return FALSE;
    /* RFC 3501 section 6.2.1, CVE-2011-0411, CVE-2021-38371: whatever lies here was sent in clear
     * text and must not be read as if it came through TLS. A server has nothing to say before
     * our ClientHello, so bytes that wait in the socket are foreign too. */
    char byte;
    if (stream_has_input(s) || recv(s->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0) {
        error_set(err, PINTAIL_ERROR_PROTOCOL,
                  _("%s sent data between its consent to TLS and the handshake: somebody may be "
                    "tampering with the connection, it was closed"),
                  s->peer);
        return FALSE;
    }
    s->start = s->end = s->scanned = 0;
    return shake_hands(s, report, err);
}

gboolean stream_compress(Stream *s, GError **err)
{
    g_return_val_if_fail(!s->deflate, FALSE);
    if (!stream_flush(s, err))
        return FALSE;
    s->deflate = deflate_new();
    s->packed = g_string_new(NULL);
    char *room;
    gsize left = s->end - s->start; /* came right behind the answer: compressed already */
    if (left > deflate_room(s->deflate, &room)) {
        error_set(err, PINTAIL_ERROR_PROTOCOL, _("%s sent data that nobody asked for"), s->peer);
        return FALSE;
    }
    if (left > 0)
        memcpy(room, s->in + s->start, left);
    deflate_fed(s->deflate, left);
    s->start = s->end = s->scanned = 0;
    log_fact(s, "compressed");
    return TRUE;
}

gboolean stream_is_compressed(const Stream *s)
{
    return s->deflate != NULL;
}

gboolean stream_is_loopback(const Stream *s)
{
    return s->loopback;
}

gboolean stream_secured(const Stream *s)
{
    if (s->tls)
        return TRUE;
    return s->where->tls == TLS_OFF && (s->options->allow_clear || s->loopback);
}

gboolean stream_is_tls(const Stream *s)
{
    return s->tls != NULL;
}

const char *stream_tls_version(const Stream *s)
{
    return s->tls ? tls_version(s->tls) : "";
}

gboolean stream_channel_binding(Stream *s, guint8 out[32])
{
    return s->tls && tls_exporter(s->tls, out);
}

const char *stream_peer(const Stream *s)
{
    return s->peer;
}

char *stream_wrong_greeting(const Stream *s, Span line)
{
    return peer_wrong_greeting(s->where, line);
}

void stream_traffic(const Stream *s, guint64 *in, guint64 *out)
{
    if (in)
        *in = s->traffic_in;
    if (out)
        *out = s->traffic_out;
}

void stream_free(Stream *s)
{
    if (!s)
        return;
    tls_free(s->tls);
    deflate_free(s->deflate);
    if (s->packed)
        g_string_free(s->packed, TRUE);
    if (s->fd >= 0)
        close(s->fd);
    secret_wipe(s->out->str, s->out->len);
    g_string_free(s->out, TRUE);
    g_free(s->in);
    g_free(s->peer);
    g_free(s);
}
