/* imap_flow.c - see imap_flow.h.
 *
 * What is in flight is what a message that the person opens meanwhile waits for, beside its own round trip:
 * it grows only while it comes within SOON, and is never more than MOST. */
#include "imap_flow.h"
#include <string.h>
#include "pintail/store/message.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"

#define LEAST (128 * 1024)
#define MOST (1024 * 1024)
#define MOST_COMMANDS 400
#define SOON (150 * G_TIME_SPAN_MILLISECOND)
#define STORE_BYTES (256 * 1024) /* and commands are sent, and bodies stored, several at a time */
#define STORE_COUNT 100
#define SLACK (256 * 1024) /* so much larger than it was said to be one may be */
#define ANNOUNCED_MOST (256 * 1024 * 1024)

typedef struct {
    gint64 message;
    char *section;
    guint64 size; /* expected */
    gboolean *arrived;
    GByteArray *bytes;
} Item;

struct Flow {
    FastLane *lane;
    GQueue in_flight; /* of Item */
    GPtrArray *here;  /* of Item: not stored yet */
    guint64 flying, here_bytes;
    guint done;
    gint64 began, round_trip; /* of the first one; the quickest so far */
    gint64 since;             /* when the last `came` bytes began to come */
    guint64 came;
};

static void item_free(Item *i)
{
    g_byte_array_unref(i->bytes);
    g_free(i->section);
    g_free(i);
}

Flow *flow_new(FastLane *l)
{
    Flow *f = g_new0(Flow, 1);
    f->lane = l;
    g_queue_init(&f->in_flight);
    f->here = g_ptr_array_new_with_free_func((GDestroyNotify)item_free);
    l->window = CLAMP(l->window, LEAST, MOST);
    return f;
}

void flow_free(Flow *f)
{
    if (!f)
        return;
    if (f->in_flight.length > 0)
        fast_disconnect(f->lane);
    g_queue_clear_full(&f->in_flight, (GDestroyNotify)item_free);
    g_ptr_array_unref(f->here);
    g_free(f);
}

static gboolean take_bytes(guint32 uid, Span bytes, guint64 total, gpointer data, GError **err)
{
    Item *i = data;
    if (i->bytes->len + bytes.len > i->size + SLACK) {
        error_set(err, PINTAIL_ERROR_REFUSED, "%s", _("not wanted any more"));
        return FALSE;
    }
    if (bytes.len > 0)
        g_byte_array_append(i->bytes, (const guint8 *)bytes.at, (guint)bytes.len);
    return TRUE;
}

static gboolean store_here(Flow *f, GError **err)
{
    guint n = f->here->len;
    g_autofree Body *bodies = g_new(Body, n + 1);
    for (guint k = 0; k < n; k++) {
        const Item *i = f->here->pdata[k];
        bodies[k] = (Body){i->message, i->section, i->bytes->data, i->bytes->len};
    }
    gboolean ok = n == 0 || bodies_put(f->lane->w->store, bodies, n, err);
    for (guint k = 0; ok && k < n; k++) {
        const Item *i = f->here->pdata[k];
        if (i->arrived)
            *i->arrived = TRUE;
    }
    f->done += ok ? n : 0;
    f->here_bytes = 0;
    g_ptr_array_set_size(f->here, 0);
    return ok;
}

/* How much may be in flight from now on. */
static void adapt(Flow *f, guint64 bytes)
{
    FastLane *l = f->lane;
    gint64 now = g_get_monotonic_time();
    if (f->began) {
        gint64 took = now - f->began;
        f->round_trip = f->round_trip ? MIN(f->round_trip, took) : MIN(took, G_TIME_SPAN_SECOND);
        f->began = 0;
    }
    f->came += bytes;
    if (f->came < l->window)
        return;
    gint64 took = now - f->since;
    if (took < SOON + f->round_trip)
        l->window = MIN(l->window * 2, MOST);
    else if (took > 2 * SOON + f->round_trip)
        l->window = MAX(l->window / 2, LEAST);
    f->came = 0;
    f->since = now;
}

/* The oldest one has come, or was refused. */
static gboolean take(Flow *f, GError **err)
{
    Item *i = g_queue_pop_head(&f->in_flight);
    g_autoptr(GError) failure = NULL;
    gboolean came = imap_await(f->lane->session, &failure);
    f->flying -= i->size;
    if (came) {
        f->lane->used = g_get_monotonic_time();
        adapt(f, i->bytes->len);
        f->here_bytes += i->bytes->len;
        g_ptr_array_add(f->here, i);
    } else {
        item_free(i);
    }
    if (!came && !imap_usable(f->lane->session)) {
        store_here(f, NULL);
        g_propagate_error(err, g_steal_pointer(&failure));
        return FALSE;
    }
    return (f->here->len < STORE_COUNT && f->here_bytes < STORE_BYTES) || store_here(f, err);
}

/* May it be asked for behind what is in flight, when no other command can be sent? */
static gboolean goes_along(const Flow *f, const Place *p)
{
    const FastLane *l = f->lane;
    const ImapMailbox *m = l->session ? imap_selected(l->session) : NULL;
    return m && l->selected == p->folder->id && fast_uidvalidity(m) == p->uidvalidity && p->uid < l->sees_below;
}

static gboolean make_room(Flow *f, guint64 size, GError **err)
{
    guint64 window = f->lane->window;
    if (f->flying + size <= window && f->in_flight.length < MOST_COMMANDS)
        return TRUE;
    while (f->in_flight.length > 0 &&
           (f->flying + size > window / 4 * 3 || f->in_flight.length > MOST_COMMANDS / 4 * 3))
        if (!take(f, err))
            return FALSE;
    return TRUE;
}

gboolean flow_add(Flow *f, const Place *p, const char *section, guint64 size, gboolean *arrived, GError **err)
{
    if (f->in_flight.length > 0 && !goes_along(f, p) && !flow_finish(f, &f->done, err))
        return FALSE;
    if (!make_room(f, size, err) || (f->in_flight.length == 0 && !place_select(f->lane, p, err)))
        return FALSE;
    Item *i = g_new0(Item, 1);
    *i = (Item){.message = p->message, .section = g_strdup(section), .size = size, .arrived = arrived,
                .bytes = g_byte_array_sized_new((guint)MIN(size, LEAST) + 64)};
    if (f->in_flight.length == 0)
        f->began = f->since = g_get_monotonic_time();
    g_queue_push_tail(&f->in_flight, i); /* also when it fails: the connection has to go then */
    f->flying += size;
    return imap_section_begin(f->lane->session, p->uid, section, 0, 0, ANNOUNCED_MOST, take_bytes, i, err);
}

gboolean flow_finish(Flow *f, guint *done, GError **err)
{
    while (f->in_flight.length > 0)
        if (!take(f, err))
            return FALSE;
    gboolean ok = store_here(f, err);
    guint n = f->done;
    f->done = 0;
    *done += n;
    return ok;
}
