/* imap_bodies.c - message content from the server into the cache.
 *
 * A small message comes whole. Of a large one the structure, the header, the text parts and what is small
 * and stands in the text; its attachments when they are asked for, in pieces (imap_parts.c), so that a
 * small message asked for meanwhile need not wait. While something is read, the unread next to it come. */
#include <string.h>
#include "body_tree.h"
#include "imap_flow.h"
#include "imap_parts.h"
#include "pintail/mime/part.h"
#include "pintail/store/message.h"
#include "pintail/util/date.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/log.h"

#define SHOWN_TEXT (512 * 1024) /* further inline text parts up to this size come along, */
#define SHOWN_OTHER (16 * 1024) /* and of the other inline parts the small ones: */
#define SHOWN_PARTS 32          /* so many */
#define PREFETCH_BATCH 2000 /* looked for at once: what is there already is passed over each time */
#define NEAR 1 /* unread ones on each side of what is being read */
#define RECENT_SECONDS (30 * 24 * 3600)

/* `near` is a folder that was read a moment ago: it is lent when the message lies there; NULL. */
static gboolean find_place(FastLane *l, gint64 message, Folder *near, Place *p, GError **err)
{
    gint64 folder = 0;
    p->message = message;
    if (!message_locate(l->w->store, message, &folder, &p->uid, &p->uidvalidity, &p->size)) {
        error_set(err, PINTAIL_ERROR_GONE, _("this message is not on the server (any more)"));
        return FALSE;
    }
    p->borrowed = near && near->id == folder;
    p->folder = p->borrowed ? near : folder_get(l->w->store, folder, err);
    return p->folder != NULL;
}

gboolean place_select(FastLane *l, const Place *p, GError **err)
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

/* A text, or something small that stands in the message: a signature, an invitation, a picture. */
static gboolean is_shown(const Part *p)
{
    if (part_is_multipart(p) || p->children->len > 0 || g_str_equal(p->disposition, "attachment"))
        return FALSE;
    gboolean text = g_str_equal(p->type, "text/plain") || g_str_equal(p->type, "text/html");
    return p->size <= (text ? SHOWN_TEXT : SHOWN_OTHER);
}

static void add_part(GPtrArray *parts, const Part *p)
{
    if (p && *p->section && parts->len < SHOWN_PARTS && !g_ptr_array_find(parts, p, NULL))
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
        if (is_shown(p))
            add_part(parts, p);
        for (guint n = 0; n < p->children->len; n++)
            g_queue_push_tail(walk, p->children->pdata[n]);
    }
    return parts;
}

/* The small ones together, then the large ones. Only the main text, the first, has to arrive: what a server
 * cannot give of the others is asked for again when it is wanted. */
static gboolean fetch_shown(FastLane *l, const Place *p, const GPtrArray *parts, GError **err)
{
    SmallSection small[SHOWN_PARTS];
    guint n_small = 0;
    for (guint n = 0; n < parts->len && n_small < SHOWN_PARTS; n++) {
        const Part *part = parts->pdata[n];
        if (part->size <= SMALL_MESSAGE)
            small[n_small++] = (SmallSection){.place = p, .section = part->section, .size = part->size};
    }
    if (!place_select(l, p, err) || !sections_fetch(l, small, n_small, err))
        return FALSE;
    for (guint n = 0; n < parts->len; n++) {
        const Part *part = parts->pdata[n];
        g_autoptr(GError) failure = NULL;
        if (body_have(l->w->store, p->message, part->section) || (part->size <= SMALL_MESSAGE && n > 0))
            continue;
        if (section_fetch(l, p, part->section, part->size, part->encoding == PART_ENCODING_BASE64, &failure))
            continue;
        if (n == 0 || !l->session || !imap_usable(l->session)) {
            g_propagate_error(err, g_steal_pointer(&failure));
            return FALSE;
        }
    }
    return TRUE;
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
    if (!fetch_shown(l, p, parts, err))
        return FALSE;
    /* Last: who finds the tree finds the text. */
    return body_put(l->w->store, p->message, "TREE", text, strlen(text), err);
}

static gboolean fetch_large(FastLane *l, const Place *p, guint64 size, GError **err)
{
    Structure s = {0};
    g_autoptr(GError) failure = NULL;
    g_autoptr(ImapSet) uid = imap_set_of(&p->uid, 1);
    if (!place_select(l, p, err))
        return FALSE;
    gboolean ok = imap_fetch(l->session, uid, IMAP_FETCH_BODY | IMAP_FETCH_HEADER, NULL, take_structure, &s, &failure);
    gboolean readable = ok && s.body && s.header;
    if (readable)
        ok = store_structure(l, p, &s, &failure);
    if (readable && ok)
        ;
    else if (ok || (l->session && imap_usable(l->session) && imap_pending(l->session) == 0)) {
        /* A structure that cannot be read (PROTOCOLS, quirk 1): the raw message always can. */
        log_line("sync", "no structure for UID %u: fetching it whole", p->uid);
        g_clear_error(&failure);
        ok = section_fetch(l, p, "", size, FALSE, &failure);
    }
    g_clear_pointer(&s.body, imap_body_free);
    g_clear_pointer(&s.header, g_byte_array_unref);
    if (!ok)
        g_propagate_error(err, g_steal_pointer(&failure));
    return ok;
}

/* What the structure says of a part; 0 when it says nothing. */
static guint64 part_size(FastLane *l, gint64 message, const char *section, gboolean *base64)
{
    g_autoptr(GBytes) tree = body_get(l->w->store, message, "TREE", NULL);
    gsize len = 0;
    const char *bytes = tree ? g_bytes_get_data(tree, &len) : NULL;
    g_autofree char *text = bytes ? g_strndup(bytes, len) : NULL;
    g_autoptr(Part) root = text ? part_tree_from_text(text, NULL) : NULL;
    const Part *p = root ? part_by_section(root, section) : NULL;
    *base64 = p && p->encoding == PART_ENCODING_BASE64;
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
    if (!find_place(l, message, NULL, &p, err))
        return FALSE;
    guint64 size = p.size;
    if (g_str_equal(section, "WHOLE") || (*section == '\0' && size <= SMALL_MESSAGE))
        return section_fetch(l, &p, "", size, FALSE, err);
    if (*section == '\0')
        return fetch_large(l, &p, size, err);
    gboolean base64 = FALSE;
    guint64 expected = part_size(l, message, section, &base64);
    return section_fetch(l, &p, section, expected, base64, err);
}

void bodies_serve(FastLane *l, gint64 message, const char *section)
{
    g_autoptr(GError) err = NULL;
    const char *wanted = section ? section : "";
    gboolean ok = fetch_content(l, message, wanted, &err);
    worker_body_event(l->w, message, wanted, ok ? NULL : err);
    if (ok && *wanted == '\0' && l->w->account->download != DOWNLOAD_HEADERS)
        l->near_to = message;
    if (l->session && !imap_usable(l->session))
        fast_disconnect(l);
}

GBytes *bodies_whole(FastLane *l, gint64 message, GError **err)
{
    if (!fetch_content(l, message, "WHOLE", err))
        return NULL;
    GBytes *bytes = body_get(l->w->store, message, "", err);
    if (!bytes && err && !*err)
        error_set(err, PINTAIL_ERROR_RETRY, _("a message that was just fetched is not in the cache any more"));
    return bytes;
}

/* ---- beforehand ---- */

/* A large one. FALSE: not now (the connection, or the store). */
static gboolean prefetch_large(FastLane *l, gint64 message, guint *done, GError **err)
{
    g_autoptr(GError) failure = NULL;
    if (fetch_content(l, message, "", &failure)) {
        (*done)++;
    } else if (!l->session || !imap_usable(l->session)) {
        g_propagate_error(err, g_steal_pointer(&failure));
        return FALSE;
    }
    return TRUE;
}

/* One batch of `ids`; *done counts what arrived. */
static gboolean prefetch_batch(FastLane *l, const GArray *ids, guint *done, GError **err)
{
    g_autoptr(Flow) flow = flow_new(l);
    g_autoptr(Folder) folder = NULL;
    for (guint n = 0; n < ids->len && !worker_has_requests(l->w) && !worker_is_stopping(l->w); n++) {
        g_auto(Place) p = {0};
        if (!find_place(l, g_array_index(ids, gint64, n), folder, &p, NULL))
            continue;
        if (p.size > SMALL_MESSAGE) {
            if (!flow_finish(flow, done, err) || !prefetch_large(l, p.message, done, err))
                return FALSE;
            continue;
        }
        if (!folder) {
            folder = g_steal_pointer(&p.folder);
            p.folder = folder;
            p.borrowed = TRUE;
        }
        /* The ids are of one folder, but a copy elsewhere may be the one to be had: in a batch of its own. */
        if (p.folder == folder && !flow_add(flow, &p, "", p.size, NULL, err))
            return FALSE;
    }
    return flow_finish(flow, done, err);
}

void bodies_fetch_near(FastLane *l)
{
    g_autoptr(GError) err = NULL;
    guint done = 0;
    g_autoptr(GArray) ids = bodies_near(l->w->store, l->near_to, NEAR, &err);
    l->near_to = 0;
    if (!ids || !prefetch_batch(l, ids, &done, &err))
        log_line("sync", "what is read next: %s", err ? err->message : "stopped");
    if (l->session && !imap_usable(l->session))
        fast_disconnect(l);
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
