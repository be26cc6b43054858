/* pop3_transaction.c - what is said between login and QUIT (RFC 1939 section 5), pipelined
 * where the server offers it (RFC 2449 section 6.8). */
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/log.h"
#include "pop3_session.h"

#define RETRIEVE_AHEAD 8  /* messages asked for before the first has come */
#define DELETE_AHEAD   64
#define LIST_MAX       (32u * 1024 * 1024) /* bytes of a million lines of LIST, */
#define UIDL_MAX       (96u * 1024 * 1024) /* and of UIDL */
#define PROGRESS       16384 /* bytes that are worth a new deadline: 30 s for each means that
                                nothing slower than 550 B/s is waited for */

static gboolean broken(Pop3 *p)
{
    p->usable = FALSE;
    return FALSE;
}

static gboolean simple(Pop3 *p, const char *command, GError **err)
{
    Pop3Status status;
    if (!pop3_ask(p, command, &status, err))
        return FALSE;
    return status.ok || pop3_fail(p, &status, PINTAIL_ERROR_REFUSED, command, err);
}

gboolean pop3_stat(Pop3 *p, guint *count, guint64 *octets, GError **err)
{
    Pop3Status status;
    if (!pop3_ask(p, "STAT", &status, err))
        return FALSE;
    if (!status.ok)
        return pop3_fail(p, &status, PINTAIL_ERROR_REFUSED, "STAT", err);
    /* "+OK 0 0": here zero is a number that a message cannot have. */
    guint64 n = 0;
    const char *blank = status.text.len ? memchr(status.text.at, ' ', status.text.len) : NULL;
    Span rest = blank ? span_trim(span_new(blank, status.text.len - (gsize)(blank - status.text.at)))
                      : SPAN_NONE;
    if (!pop3_parse_size(status.text, &n) || n > G_MAXINT32 || !pop3_parse_size(rest, octets)) {
        error_set(err, PINTAIL_ERROR_PROTOCOL, _("%s answers STAT without two numbers"),
                  stream_peer(p->stream));
        return broken(p);
    }
    *count = (guint)n;
    return TRUE;
}

/* ---- LIST and UIDL ------------------------------------------------------------------------------ */

typedef struct {
    GPtrArray *items;
    GHashTable *by_number; /* number -> Pop3Item, borrowed from items */
} Listing;

static void item_free(Pop3Item *i)
{
    g_free(i->uidl);
    g_free(i);
}

static void take_size(Span line, void *data)
{
    Listing *l = data;
    guint number;
    guint64 size;
    Span rest;
    if (!pop3_parse_numbered(line, &number, &rest) || !pop3_parse_size(rest, &size) ||
        g_hash_table_contains(l->by_number, GUINT_TO_POINTER(number)))
        return;
    Pop3Item *item = g_new0(Pop3Item, 1);
    item->number = number;
    item->size = size;
    g_ptr_array_add(l->items, item);
    g_hash_table_insert(l->by_number, GUINT_TO_POINTER(number), item);
}

static void take_uidl(Span line, void *data)
{
    Listing *l = data;
    guint number;
    Span rest, uidl;
    if (!pop3_parse_numbered(line, &number, &rest) || !pop3_parse_uidl(rest, &uidl))
        return;
    Pop3Item *item = g_hash_table_lookup(l->by_number, GUINT_TO_POINTER(number));
    if (item && !item->uidl)
        item->uidl = span_dup(uidl);
}

static gint by_number(gconstpointer a, gconstpointer b)
{
    const Pop3Item *x = *(Pop3Item *const *)a, *y = *(Pop3Item *const *)b;
    return x->number < y->number ? -1 : x->number > y->number;
}

static gboolean hear_list(Pop3 *p, Listing *l, GError **err)
{
    Pop3Status status;
    if (!pop3_hear(p, &status, err))
        return FALSE;
    if (!status.ok)
        return pop3_fail(p, &status, PINTAIL_ERROR_REFUSED, "LIST", err);
    return pop3_lines(p, LIST_MAX, take_size, l, err);
}

/* A server without UIDL says -ERR: then there are none, which is no error. */
static gboolean hear_uidl(Pop3 *p, Listing *l, GError **err)
{
    Pop3Status status;
    if (!pop3_hear(p, &status, err))
        return FALSE;
    if (status.ok)
        return pop3_lines(p, UIDL_MAX, take_uidl, l, err);
    if (pop3_refusal(&status, PINTAIL_ERROR_REFUSED) == PINTAIL_ERROR_RETRY)
        return pop3_fail(p, &status, PINTAIL_ERROR_RETRY, "UIDL", err);
    p->capabilities.uidl = FALSE;
    return TRUE;
}

static gboolean listing_fill(Pop3 *p, Listing *l, GError **err)
{
    gboolean pipelined = p->capabilities.pipelining;
    if (!pop3_say(p, "LIST", NULL, err) || (pipelined && !pop3_say(p, "UIDL", NULL, err)) ||
        !pop3_flush(p, err))
        return FALSE;
    g_autoptr(GError) refused = NULL;
    if (!hear_list(p, l, &refused)) {
        /* The answer to UIDL is still to come: it must not be taken for another's. */
        if (p->usable && pipelined)
            hear_uidl(p, l, NULL);
        g_propagate_error(err, g_steal_pointer(&refused));
        return FALSE;
    }
    if (!pipelined && (!pop3_say(p, "UIDL", NULL, err) || !pop3_flush(p, err)))
        return FALSE;
    return hear_uidl(p, l, err);
}

GPtrArray *pop3_list(Pop3 *p, GError **err)
{
    g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func((GDestroyNotify)item_free);
    g_autoptr(GHashTable) index = g_hash_table_new(NULL, NULL);
    Listing l = {items, index};
    if (!listing_fill(p, &l, err))
        return NULL;
    g_ptr_array_sort(items, by_number);
    return g_steal_pointer(&items);
}

/* ---- RETR and TOP ------------------------------------------------------------------------------- */

static gboolean say_retrieve(Pop3 *p, guint number, int lines, GError **err)
{
    g_autofree char *command = lines < 0 ? g_strdup_printf("RETR %u", number)
                                         : g_strdup_printf("TOP %u %d", number, lines);
    return pop3_say(p, command, NULL, err);
}

typedef struct {
    const Pop3Sink *sink;
    guint64 limit, done;
    gsize since; /* bytes since the deadline was set */
} Transfer;

static gboolean give(Pop3 *p, Transfer *t, Span piece, GError **err)
{
    t->done += piece.len;
    if (t->done > t->limit) {
        error_set(err, PINTAIL_ERROR_PROTOCOL,
                  _("%s sends more than the %llu bytes that were expected"),
                  stream_peer(p->stream), (unsigned long long)t->limit);
        return FALSE;
    }
    return !t->sink->bytes || t->sink->bytes(piece.at, piece.len, t->sink->data, err);
}

/* Everything up to CR LF "." CR LF. */
static gboolean transfer(Pop3 *p, Transfer *t, GError **err)
{
    Pop3Body state = POP3_BODY_START;
    stream_deadline(p->stream, 0);
    while (state != POP3_BODY_END) {
        Span there, piece;
        if (!stream_peek(p->stream, &there, err))
            return FALSE;
        gsize had = there.len;
        while (pop3_body_next(&state, &there, &piece)) {
            if (!give(p, t, piece, err))
                return FALSE;
        }
        stream_skip(p->stream, had - there.len);
        t->since += had - there.len;
        if (t->since >= PROGRESS) {
            stream_deadline(p->stream, 0);
            t->since = 0;
        }
    }
    if (log_is_open())
        log_line(p->options->log_name ? p->options->log_name : "pop3",
                 "< (message, %" G_GUINT64_FORMAT " bytes)", t->done);
    return TRUE;
}

static gboolean tell_end(const Pop3Sink *sink, guint number, const GError *failure, GError **err)
{
    return !sink->end || sink->end(number, failure, sink->data, err);
}

static gboolean hear_retrieve(Pop3 *p, guint number, int lines, guint64 limit, const Pop3Sink *sink,
                              GError **err)
{
    Pop3Status status;
    g_autoptr(GError) failure = NULL;
    if (!pop3_hear(p, &status, err))
        return FALSE;
    if (!status.ok) {
        g_autofree char *what = g_strdup_printf(_("message %u"), number);
        pop3_fail(p, &status, PINTAIL_ERROR_GONE, what, &failure);
        if (failure->code != PINTAIL_ERROR_GONE) /* [SYS/TEMP] and the like: only this message */
            failure->code = PINTAIL_ERROR_REFUSED;
        return tell_end(sink, number, failure, err) || broken(p);
    }
    Transfer t = {.sink = sink, .limit = limit};
    if ((!sink->begin || sink->begin(number, sink->data, &failure)) &&
        transfer(p, &t, &failure))
        return tell_end(sink, number, NULL, err) || broken(p);
    broken(p);
    tell_end(sink, number, failure, NULL); /* what went wrong first is what is said */
    g_propagate_error(err, g_steal_pointer(&failure));
    return FALSE;
}

gboolean pop3_retrieve(Pop3 *p, const guint *numbers, gsize n, int lines, guint64 limit,
                       const Pop3Sink *sink, GError **err)
{
    gsize ahead = p->capabilities.pipelining ? RETRIEVE_AHEAD : 1, asked = 0;
    for (gsize heard = 0; heard < n; heard++) {
        gsize before = asked;
        for (; asked < n && asked < heard + ahead; asked++) {
            if (!say_retrieve(p, numbers[asked], lines, err))
                return FALSE;
        }
        if (asked > before && !pop3_flush(p, err))
            return FALSE;
        if (!hear_retrieve(p, numbers[heard], lines, limit, sink, err))
            return FALSE;
    }
    return TRUE;
}

/* ---- DELE, RSET, NOOP, QUIT ---------------------------------------------------------------------- */

gboolean pop3_delete(Pop3 *p, const guint *numbers, gsize n, gsize *deleted, GError **err)
{
    gsize ahead = p->capabilities.pipelining ? DELETE_AHEAD : 1, asked = 0, count = 0;
    g_autoptr(GError) refused = NULL; /* the first */
    gboolean alive = TRUE;
    for (gsize heard = 0; alive && heard < n; heard++) {
        gsize before = asked;
        for (; alive && asked < n && asked < heard + ahead; asked++) {
            g_autofree char *command = g_strdup_printf("DELE %u", numbers[asked]);
            alive = pop3_say(p, command, NULL, err);
        }
        Pop3Status status;
        alive = alive && (asked == before || pop3_flush(p, err)) && pop3_hear(p, &status, err);
        if (!alive)
            break;
        count += status.ok;
        if (!status.ok && !refused) {
            g_autofree char *what = g_strdup_printf(_("deleting message %u"), numbers[heard]);
            pop3_fail(p, &status, PINTAIL_ERROR_GONE, what, &refused);
        }
    }
    if (deleted)
        *deleted = count;
    if (!alive || !refused)
        return alive;
    g_propagate_error(err, g_steal_pointer(&refused));
    return FALSE;
}

gboolean pop3_reset(Pop3 *p, GError **err)
{
    return simple(p, "RSET", err);
}

gboolean pop3_noop(Pop3 *p, GError **err)
{
    return simple(p, "NOOP", err);
}

gboolean pop3_quit(Pop3 *p, GError **err)
{
    gboolean ok = simple(p, "QUIT", err);
    p->usable = FALSE;
    return ok;
}
