/* imap_parts.c - see imap_parts.h.
 *
 * A piece that was cut off is kept as far as it came, so that the next attempt goes on from there. What
 * BINARY brings is encoded again, in lines of 76 characters: everything else knows parts only as they
 * are in the message, and a line is the unit in which both sides count. */
#include "imap_parts.h"
#include "imap_flow.h"
#include "pintail/store/message.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"

#define LINE_IN 57 /* octets in a line of base64, */
#define LINE_OUT 78 /* and its length with CRLF */
#define PIECE ((guint64)LINE_IN * 4600) /* 256 KiB; doubles while they come fast */
#define LARGEST_PIECE (8 * PIECE)
#define FAST (150 * G_TIME_SPAN_MILLISECOND)
#define BODY_LIMIT (256 * 1024 * 1024)

typedef struct {
    FastLane *lane;
    GByteArray *bytes;
    const char *label; /* of the progress; NULL: none is shown */
    guint64 before, total;
    gint64 shown; /* monotonic: last progress */
} Sink;

static gboolean take_bytes(guint32 uid, Span bytes, guint64 total, gpointer data, GError **err)
{
    Sink *s = data;
    if (s->bytes->len + bytes.len > BODY_LIMIT) {
        error_set(err, PINTAIL_ERROR_REFUSED, _("this is larger than %d MiB"), BODY_LIMIT >> 20);
        return FALSE;
    }
    if (bytes.len > 0)
        g_byte_array_append(s->bytes, (const guint8 *)bytes.at, (guint)bytes.len);
    gint64 now = g_get_monotonic_time();
    if (s->label && now - s->shown > 100000) {
        s->shown = now;
        worker_progress(s->lane->w, s->label, MIN(s->before + s->bytes->len, s->total - 1), s->total, TRUE);
    }
    return TRUE;
}

/* Between two pieces: what is small and wanted now goes first, the rest waits. */
static void serve_between(FastLane *l)
{
    if (l->nested)
        return;
    g_autoptr(GPtrArray) later = g_ptr_array_new();
    while (worker_has_requests(l->w) && !cancel_is_set(l->w->cancel)) {
        Request *r = worker_next(l->w);
        if (!r)
            break;
        if (r->kind != REQUEST_BODY || (r->section && *r->section)) {
            g_ptr_array_add(later, r);
            continue;
        }
        l->nested = TRUE;
        bodies_serve(l, r->message_id, r->section);
        l->nested = FALSE;
        request_free(r);
    }
    for (guint n = 0; n < later->len; n++)
        g_queue_push_tail(&l->w->put_off, later->pdata[n]);
}

/* ---- in pieces ---- */

typedef struct {
    FastLane *lane;
    const Place *place;
    const char *section, *how;
    guint64 expected;
    gboolean binary;
    guint64 at;    /* bytes in the cache */
    guint64 piece; /* to be asked for */
    gboolean last;
    Sink sink;
} Transfer;

static GByteArray *encode(const GByteArray *bytes)
{
    GByteArray *out = g_byte_array_sized_new((bytes->len / LINE_IN + 1) * LINE_OUT);
    for (guint from = 0; from < bytes->len; from += LINE_IN) {
        g_autofree char *line = g_base64_encode(bytes->data + from, MIN(LINE_IN, bytes->len - from));
        g_byte_array_append(out, (const guint8 *)line, (guint)strlen(line));
        g_byte_array_append(out, (const guint8 *)"\r\n", 2);
    }
    return out;
}

/* Into t->sink. What came before a failure is there, too. */
static gboolean ask(Transfer *t, GError **err)
{
    guint64 offset = t->binary ? t->at / LINE_OUT * LINE_IN : t->at;
    ImapSession *s = t->lane->session;
    gboolean begun = (t->binary ? imap_binary_begin : imap_section_begin)(s, t->place->uid, t->section, offset, t->piece,
                                                                         BODY_LIMIT, take_bytes, &t->sink, err);
    return begun && imap_await(s, err);
}

static gboolean keep(Transfer *t, GError **err)
{
    if (t->binary && !t->last) /* whole lines */
        g_byte_array_set_size(t->sink.bytes, t->sink.bytes->len / LINE_IN * LINE_IN);
    g_autoptr(GByteArray) bytes = t->binary ? encode(t->sink.bytes) : g_byte_array_ref(t->sink.bytes);
    if (bytes->len == 0 && !t->last)
        return TRUE;
    if (!body_add(t->lane->w->store, t->place->message, t->section, t->how, t->at, bytes->data, bytes->len, t->last, err))
        return FALSE;
    t->at += bytes->len;
    return TRUE;
}

static gboolean one_piece(Transfer *t, GError **err)
{
    g_autoptr(GError) failure = NULL;
    gint64 began = g_get_monotonic_time();
    if (!place_select(t->lane, t->place, err))
        return FALSE;
    t->sink.bytes = g_byte_array_new();
    t->sink.before = t->at;
    gboolean ok = ask(t, &failure);
    /* Past the end some say NO, or nothing: that is the end. */
    gboolean past = !ok && t->at > 0 && (t->binary || t->at >= t->expected) && imap_usable(t->lane->session);
    t->last = past || (ok && t->sink.bytes->len < t->piece);
    gboolean kept = keep(t, ok || past ? err : NULL);
    g_clear_pointer(&t->sink.bytes, g_byte_array_unref);
    if (ok && g_get_monotonic_time() - began < FAST)
        t->piece = MIN(t->piece * 2, LARGEST_PIECE);
    if (ok || past)
        return kept;
    g_propagate_error(err, g_steal_pointer(&failure));
    return FALSE;
}

static gboolean fetch_pieces(FastLane *l, const Place *p, const char *section, guint64 expected, gboolean binary,
                             GError **err)
{
    Transfer t = {.lane = l, .place = p, .section = section, .how = binary ? "b" : "", .expected = expected,
                  .binary = binary, .piece = PIECE};
    t.sink = (Sink){.lane = l, .label = _("Fetching a message"), .total = expected};
    t.at = body_begun(l->w->store, p->message, section, t.how);
    if (binary && t.at % LINE_OUT != 0)
        t.at = 0;
    gboolean ok = TRUE, again = FALSE;
    while (ok && !t.last) {
        g_autoptr(GError) failure = NULL;
        ok = one_piece(&t, &failure);
        /* Evicted while it came: once more from its beginning. */
        if (!ok && !again && t.at > 0 && imap_usable(l->session) && error_is(failure, PINTAIL_ERROR_GONE)) {
            again = ok = TRUE;
            t.at = 0;
            t.last = FALSE;
        } else if (!ok) {
            g_propagate_error(err, g_steal_pointer(&failure));
        }
        if (ok && !t.last && worker_has_requests(l->w))
            serve_between(l);
    }
    worker_progress(l->w, t.sink.label, expected, expected, TRUE);
    return ok;
}

/* ---- the contract ---- */

static gboolean fetch_small(FastLane *l, const Place *p, const char *section, GError **err)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    Sink sink = {.lane = l, .bytes = bytes};
    return place_select(l, p, err) &&
           imap_section(l->session, p->uid, section, 0, 0, BODY_LIMIT, take_bytes, &sink, err) &&
           body_put(l->w->store, p->message, section, bytes->data, bytes->len, err);
}

gboolean section_fetch(FastLane *l, const Place *p, const char *section, guint64 expected, gboolean base64,
                       GError **err)
{
    if (expected <= SMALL_MESSAGE)
        return fetch_small(l, p, section, err);
    if (!place_select(l, p, err))
        return FALSE;
    if (base64 && *section && imap_has(l->session, IMAP_CAP_BINARY)) {
        g_autoptr(GError) failure = NULL;
        if (fetch_pieces(l, p, section, expected, TRUE, &failure))
            return TRUE;
        /* [UNKNOWN-CTE], broken base64, or OK without any data: as it is, then. */
        if (!l->session || !imap_usable(l->session) ||
            !(error_is(failure, PINTAIL_ERROR_REFUSED) || error_is(failure, PINTAIL_ERROR_GONE))) {
            g_propagate_error(err, g_steal_pointer(&failure));
            return FALSE;
        }
    }
    return fetch_pieces(l, p, section, expected, FALSE, err);
}

gboolean sections_fetch(FastLane *l, SmallSection *wanted, guint n, GError **err)
{
    g_autoptr(Flow) f = flow_new(l);
    guint done = 0;
    for (guint i = 0; i < n; i++)
        if (!flow_add(f, wanted[i].place, wanted[i].section, wanted[i].size, &wanted[i].arrived, err))
            return FALSE;
    return flow_finish(f, &done, err);
}
