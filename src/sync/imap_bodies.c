/* imap_bodies.c - message content from the server into the cache.
 *
 * A small message comes whole. Of a large one the structure, the header and the text parts;
 * its attachments when they are asked for, in pieces, so that a small message asked for
 * meanwhile need not wait and a cancel costs no more than one piece. */
#include <string.h>
#include "body_tree.h"
#include "imap_fast.h"
#include "pintail/mime/part.h"
#include "pintail/store/message.h"
#include "pintail/util/date.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/log.h"

#define SMALL_MESSAGE (128 * 1024)
#define PIECE (256 * 1024)
#define BODY_LIMIT (256 * 1024 * 1024)
#define SHOWN_TEXT (512 * 1024) /* further inline text parts up to this size come along */
#define PREFETCH_BATCH 16
#define PREFETCH_IN_FLIGHT 4
#define RECENT_SECONDS (30 * 24 * 3600)

/* Where one message is. */
typedef struct {
    gint64 message;
    guint32 uid, uidvalidity;
    Folder *folder;
} Place;

static void place_clear(Place *p)
{
    g_clear_pointer(&p->folder, folder_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Place, place_clear)

static gboolean find_place(FastLane *l, gint64 message, Place *p, GError **err)
{
    gint64 folder = 0, ignored = 0;
    gint64 placement = message_fetchable(l->w->store, message);
    p->message = message;
    if (placement == 0 ||
        !placement_locate(l->w->store, placement, &folder, &p->uid, &p->uidvalidity, &ignored) || p->uid == 0) {
        error_set(err, PINTAIL_ERROR_GONE, _("this message is not on the server (any more)"));
        return FALSE;
    }
    p->folder = folder_get(l->w->store, folder, err);
    return p->folder != NULL;
}

static gboolean select_place(FastLane *l, const Place *p, GError **err)
{
    const ImapMailbox *m = fast_select(l, p->folder, FALSE, err);
    if (!m)
        return FALSE;
    if (p->uidvalidity == fast_uidvalidity(m))
        return fast_see(l, p->uid, err);
    fast_doubt(l, p->folder->id);
    error_set(err, PINTAIL_ERROR_GONE, _("the server has renumbered '%s'; try again in a moment"), p->folder->name);
    return FALSE;
}

/* ---- one section ---- */

typedef struct {
    FastLane *lane;
    GByteArray *bytes;
    const char *label; /* of the progress; NULL: none is shown */
    guint64 total;     /* expected */
    gint64 shown;      /* monotonic: last progress */
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
        worker_progress(s->lane->w, s->label, MIN(s->bytes->len, s->total - 1), s->total, TRUE);
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

/* `expected` bytes (0: unknown) of a section, in pieces when it is large. NULL with err. */
static GByteArray *fetch_section(FastLane *l, const Place *p, const char *section, guint64 expected, GError **err)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    Sink sink = {.lane = l, .bytes = bytes, .total = expected};
    gboolean large = expected > SMALL_MESSAGE;
    if (large)
        sink.label = _("Fetching a message");
    if (!select_place(l, p, err))
        return NULL;
    gboolean ok = TRUE, more = large;
    if (!large)
        ok = imap_section(l->session, p->uid, section, 0, 0, BODY_LIMIT, take_bytes, &sink, err);
    while (ok && more) {
        guint64 before = bytes->len;
        g_autoptr(GError) failure = NULL;
        ok = imap_section(l->session, p->uid, section, before, PIECE, BODY_LIMIT, take_bytes, &sink, &failure);
        more = ok && bytes->len - before >= PIECE;
        /* Past the end some say NO, or nothing: that is the end. */
        if (!ok && before >= expected && before > 0 && imap_usable(l->session))
            ok = TRUE;
        else if (!ok)
            g_propagate_error(err, g_steal_pointer(&failure));
        if (more && worker_has_requests(l->w)) {
            serve_between(l);
            ok = select_place(l, p, err);
        }
    }
    if (large)
        worker_progress(l->w, sink.label, sink.total, sink.total, TRUE);
    return ok ? g_steal_pointer(&bytes) : NULL;
}

static gboolean fetch_into_cache(FastLane *l, const Place *p, const char *section, guint64 expected, GError **err)
{
    g_autoptr(GByteArray) bytes = fetch_section(l, p, section, expected, err);
    return bytes && body_put(l->w->store, p->message, section, bytes->data, bytes->len, err);
}

/* ---- the parts of a large message ---- */

typedef struct {
    ImapBody *body;
    GByteArray *header;
} Structure;

static gboolean take_structure(ImapFetched *m, gpointer data, GError **err)
{
    Structure *s = data;
    if ((m->has & IMAP_FETCH_BODY) && !s->body)
        s->body = g_steal_pointer(&m->body);
    if ((m->has & IMAP_FETCH_HEADER) && !s->header) {
        s->header = g_byte_array_new();
        g_byte_array_append(s->header, (const guint8 *)(m->header.at ? m->header.at : ""), (guint)m->header.len);
    }
    return TRUE;
}

static gboolean is_shown_text(const Part *p)
{
    return (g_str_equal(p->type, "text/plain") || g_str_equal(p->type, "text/html")) &&
           !g_str_equal(p->disposition, "attachment") && p->size <= SHOWN_TEXT;
}

static void add_part(GPtrArray *parts, const Part *p)
{
    if (p && *p->section && !g_ptr_array_find(parts, p, NULL))
        g_ptr_array_add(parts, (gpointer)p);
}

/* What the viewer will want to show at once: const Part *, the main text first. */
static GPtrArray *parts_to_show(const Part *root)
{
    GPtrArray *parts = g_ptr_array_new();
    add_part(parts, part_main_text(root, FALSE));
    add_part(parts, part_main_text(root, TRUE));
    g_autoptr(GQueue) walk = g_queue_new();
    g_queue_push_tail(walk, (gpointer)root);
    const Part *p;
    while ((p = g_queue_pop_head(walk))) {
        if (is_shown_text(p))
            add_part(parts, p);
        for (guint n = 0; n < p->children->len; n++)
            g_queue_push_tail(walk, p->children->pdata[n]);
    }
    return parts;
}

static gboolean store_structure(FastLane *l, const Place *p, const Structure *s, GError **err)
{
    g_autofree char *text = body_tree_text(s->body);
    g_autoptr(Part) root = part_tree_from_text(text, err);
    if (!root)
        return FALSE;
    if (!body_put(l->w->store, p->message, "HEADER", s->header->data, s->header->len, err))
        return FALSE;
    g_autoptr(GPtrArray) parts = parts_to_show(root);
    for (guint n = 0; n < parts->len; n++) {
        const Part *part = parts->pdata[n];
        if (!fetch_into_cache(l, p, part->section, part->size, err))
            return FALSE;
    }
    /* Last: who finds the tree finds the text. */
    return body_put(l->w->store, p->message, "TREE", text, strlen(text), err);
}

static gboolean fetch_large(FastLane *l, const Place *p, guint64 size, GError **err)
{
    Structure s = {0};
    g_autoptr(GError) failure = NULL;
    g_autoptr(ImapSet) uid = imap_set_of(&p->uid, 1);
    if (!select_place(l, p, err))
        return FALSE;
    gboolean ok = imap_fetch(l->session, uid, IMAP_FETCH_BODY | IMAP_FETCH_HEADER, NULL, take_structure, &s, &failure);
    if (ok && s.body && s.header)
        ok = store_structure(l, p, &s, &failure);
    else if (ok || imap_usable(l->session)) {
        /* A structure that cannot be read (PROTOCOLS, quirk 1): the raw message always can. */
        log_line("sync", "no structure for UID %u: fetching it whole", p->uid);
        g_clear_error(&failure);
        ok = fetch_into_cache(l, p, "", size, &failure);
    }
    g_clear_pointer(&s.body, imap_body_free);
    g_clear_pointer(&s.header, g_byte_array_unref);
    if (!ok)
        g_propagate_error(err, g_steal_pointer(&failure));
    return ok;
}

static guint64 part_size(FastLane *l, gint64 message, const char *section)
{
    g_autoptr(GBytes) tree = body_get(l->w->store, message, "TREE", NULL);
    gsize len = 0;
    const char *bytes = tree ? g_bytes_get_data(tree, &len) : NULL;
    g_autofree char *text = bytes ? g_strndup(bytes, len) : NULL;
    g_autoptr(Part) root = text ? part_tree_from_text(text, NULL) : NULL;
    const Part *p = root ? part_by_section(root, section) : NULL;
    return p ? p->size : 0;
}

static gboolean have_content(FastLane *l, gint64 message, const char *section)
{
    Store *s = l->w->store;
    if (body_have(s, message, ""))
        return TRUE;
    if (*section == '\0')
        return body_have(s, message, "TREE");
    return !g_str_equal(section, "WHOLE") && body_have(s, message, section);
}

static gboolean fetch_content(FastLane *l, gint64 message, const char *section, GError **err)
{
    g_auto(Place) p = {0};
    if (have_content(l, message, section))
        return TRUE;
    if (!find_place(l, message, &p, err))
        return FALSE;
    guint64 size = message_size(l->w->store, message);
    if (g_str_equal(section, "WHOLE") || (*section == '\0' && size <= SMALL_MESSAGE))
        return fetch_into_cache(l, &p, "", size, err);
    if (*section == '\0')
        return fetch_large(l, &p, size, err);
    return fetch_into_cache(l, &p, section, part_size(l, message, section), err);
}

void bodies_serve(FastLane *l, gint64 message, const char *section)
{
    g_autoptr(GError) err = NULL;
    const char *wanted = section ? section : "";
    gboolean ok = fetch_content(l, message, wanted, &err);
    worker_body_event(l->w, message, wanted, ok ? NULL : err);
    if (l->session && !imap_usable(l->session))
        fast_disconnect(l);
}

/* ---- beforehand ---- */

/* Several small ones in flight at once. FALSE: not now (the connection, or the store). */
static gboolean prefetch_small(FastLane *l, const Place *places, guint n, guint *done, GError **err)
{
    GByteArray *bytes[PREFETCH_IN_FLIGHT];
    Sink sinks[PREFETCH_IN_FLIGHT];
    guint begun = 0;
    gboolean ok = TRUE;
    for (; ok && begun < n; begun++) {
        bytes[begun] = g_byte_array_new();
        sinks[begun] = (Sink){.lane = l, .bytes = bytes[begun]};
        ok = imap_section_begin(l->session, places[begun].uid, "", 0, 0, BODY_LIMIT, take_bytes, &sinks[begun], err);
    }
    for (guint i = 0; i < begun; i++) {
        g_autoptr(GError) failure = NULL;
        gboolean arrived = ok && imap_await(l->session, &failure);
        if (arrived && (ok = body_put(l->w->store, places[i].message, "", bytes[i]->data, bytes[i]->len, err)))
            (*done)++;
        else if (ok && !imap_usable(l->session)) {
            g_propagate_error(err, g_steal_pointer(&failure));
            ok = FALSE;
        }
        g_byte_array_unref(bytes[i]);
    }
    if (!ok)
        fast_disconnect(l);
    return ok;
}

/* One batch of `ids`; *done counts what arrived. */
static gboolean prefetch_batch(FastLane *l, const GArray *ids, guint *done, GError **err)
{
    for (guint n = 0; n < ids->len && !worker_has_requests(l->w) && !worker_is_stopping(l->w);) {
        Place small[PREFETCH_IN_FLIGHT] = {0};
        guint count = 0;
        gboolean ok = TRUE;
        while (ok && n < ids->len && count < PREFETCH_IN_FLIGHT) {
            gint64 message = g_array_index(ids, gint64, n++);
            g_autoptr(GError) failure = NULL;
            if (message_size(l->w->store, message) > SMALL_MESSAGE) {
                if (fetch_content(l, message, "", &failure))
                    (*done)++;
                else if (!l->session || !imap_usable(l->session))
                    ok = FALSE;
            } else if (find_place(l, message, &small[count], NULL)) {
                /* The ids are of one folder, but a copy elsewhere may be the one to be had. */
                if (count > 0 && small[count].folder->id != small[0].folder->id)
                    place_clear(&small[count]);
                else
                    count++;
            }
            if (!ok)
                g_propagate_error(err, g_steal_pointer(&failure));
        }
        for (guint i = 0; ok && i < count; i++)
            ok = select_place(l, &small[i], err);
        ok = ok && (count == 0 || prefetch_small(l, small, count, done, err));
        for (guint i = 0; i < count; i++)
            place_clear(&small[i]);
        if (!ok)
            return FALSE;
    }
    return TRUE;
}

void bodies_prefetch(FastLane *l)
{
    gint64 *folder = g_queue_peek_head(&l->prefetch);
    gint64 since = l->w->account->download == DOWNLOAD_ALL ? 0 : date_now() - RECENT_SECONDS;
    g_autoptr(GError) err = NULL;
    g_autoptr(GArray) ids = bodies_missing(l->w->store, *folder, since, PREFETCH_BATCH, &err);
    guint done = 0;
    gboolean ok = ids && prefetch_batch(l, ids, &done, &err);
    if (!ok)
        log_line("sync", "prefetch: %s", err ? err->message : "stopped");
    if (l->session && !imap_usable(l->session))
        fast_disconnect(l);
    /* A batch without any success would only be repeated. */
    if (ok && done > 0)
        return;
    if (ok && worker_has_requests(l->w))
        return;
    g_free(g_queue_pop_head(&l->prefetch));
}
