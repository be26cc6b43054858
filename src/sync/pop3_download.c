/* pop3_download.c - see pop3_download.h. */
#include "pop3_download.h"
#include "pintail/util/date.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/log.h"

#define GROUP_MESSAGES 32
#define GROUP_BYTES (2 * 1024 * 1024)
#define MESSAGE_LIMIT (256u * 1024 * 1024)
#define HEADER_LIMIT (1024 * 1024)

Pop3Action pop3_decide(const Pop3Rules *rules, guint64 size, gboolean has_uidl, const Uidl *known)
{
    if (!known)
        return has_uidl && rules->top && rules->max_size > 0 && size > rules->max_size ? POP3_FETCH_HEADER
                                                                                       : POP3_FETCH;
    if (rules->keep == POP3_KEEP_UNSET) /* nothing leaves before the person has answered */
        return known->partial && known->wanted && !known->purge ? POP3_FETCH : POP3_SKIP;
    if (known->purge)
        return rules->delete_on_server || rules->keep == POP3_KEEP_NEVER ? POP3_DELETE : POP3_SKIP;
    if (known->partial)
        return known->wanted ? POP3_FETCH : POP3_SKIP;
    if (rules->keep == POP3_KEEP_NEVER)
        return POP3_DELETE; /* it came, but the session ended before its DELE counted */
    if (rules->keep == POP3_KEEP_DAYS && rules->now - known->downloaded >= (gint64)rules->keep_days * 86400)
        return POP3_DELETE;
    return POP3_SKIP;
}

gboolean pop3_leaves_at_once(const Pop3Rules *rules)
{
    return rules->keep == POP3_KEEP_NEVER;
}

typedef struct {
    const Pop3Item *item;
    const char *uidl; /* NULL: none that can be relied on */
    Pop3Action action;
} Work;

typedef struct {
    Work *work;
    GByteArray *bytes;
} Arrived;

typedef struct {
    Pop3Download *d;
    Pop3 *pop3;
    Pop3Rules rules;
    GHashTable *known;    /* of Uidl by UIDL */
    GPtrArray *items;     /* of Pop3Item */
    GArray *work;         /* of Work, newest first */
    GPtrArray *deleted;   /* of const char *: UIDLs whose DELE was answered */
    guint64 done, total;  /* announced bytes */
    char *label;
    /* the group that is arriving: */
    GArray *group;        /* of Work * */
    GArray *arrived;      /* of Arrived */
    GByteArray *bytes;
    guint64 bytes_before;
    gsize held; /* bytes of the group in memory: the sizes that were announced prove nothing */
} Session;

static void clear_arrived(gpointer item)
{
    g_byte_array_unref(((Arrived *)item)->bytes);
}

/* ---- what is to be done ---- */

/* UIDLs that occur twice name nothing (RFC 1939 section 7 allows it for equal messages only). */
static GHashTable *repeated_uidls(const GPtrArray *items)
{
    GHashTable *seen = g_hash_table_new(g_str_hash, g_str_equal);
    GHashTable *repeated = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint n = 0; n < items->len; n++) {
        const Pop3Item *i = items->pdata[n];
        if (i->uidl && !g_hash_table_add(seen, i->uidl))
            g_hash_table_add(repeated, i->uidl);
    }
    g_hash_table_unref(seen);
    return repeated;
}

static void decide_all(Session *s)
{
    g_autoptr(GHashTable) repeated = repeated_uidls(s->items);
    for (guint n = s->items->len; n > 0; n--) {
        const Pop3Item *i = s->items->pdata[n - 1];
        Work w = {.item = i, .uidl = i->uidl && !g_hash_table_contains(repeated, i->uidl) ? i->uidl : NULL};
        const Uidl *known = w.uidl ? g_hash_table_lookup(s->known, w.uidl) : NULL;
        w.action = pop3_decide(&s->rules, i->size, w.uidl != NULL, known);
        if (w.action == POP3_FETCH)
            s->total += i->size;
        if (w.action != POP3_SKIP)
            g_array_append_val(s->work, w);
    }
}

/* Without UIDLs every message comes each time, unless the list is the very same as the last. */
static gboolean is_same_list(Session *s)
{
    GString *sizes = g_string_new(NULL);
    for (guint n = 0; n < s->items->len; n++) {
        const Pop3Item *i = s->items->pdata[n];
        if (i->uidl) {
            g_string_free(sizes, TRUE);
            g_clear_pointer(&s->d->last_list, g_free);
            return FALSE;
        }
        g_string_append_printf(sizes, "%" G_GUINT64_FORMAT " ", i->size);
    }
    gboolean same = g_strcmp0(sizes->str, s->d->last_list) == 0 && !pop3_leaves_at_once(&s->rules);
    g_free(s->d->last_list);
    s->d->last_list = g_string_free(sizes, FALSE);
    return same;
}

/* ---- a group of messages ---- */

static Work *work_of(Session *s, guint number)
{
    for (guint n = 0; n < s->group->len; n++) {
        Work *w = g_array_index(s->group, Work *, n);
        if (w->item->number == number)
            return w;
    }
    return NULL;
}

static gboolean sink_begin(guint number, void *data, GError **err)
{
    Session *s = data;
    g_clear_pointer(&s->bytes, g_byte_array_unref);
    s->bytes = g_byte_array_new();
    s->bytes_before = s->done;
    return TRUE;
}

static gboolean sink_bytes(const char *bytes, gsize len, void *data, GError **err)
{
    Session *s = data;
    if (s->held + len > MESSAGE_LIMIT) {
        error_set(err, PINTAIL_ERROR_PROTOCOL, _("the server sends more than %u MiB at once"), MESSAGE_LIMIT >> 20);
        return FALSE;
    }
    s->held += len;
    g_byte_array_append(s->bytes, (const guint8 *)bytes, (guint)len);
    s->done += len;
    if (s->total > 0 && s->done < s->total)
        worker_progress(s->d->w, s->label, s->done, s->total, TRUE);
    return TRUE;
}

static gboolean sink_end(guint number, const GError *failure, void *data, GError **err)
{
    Session *s = data;
    Work *w = work_of(s, number);
    if (failure || !w || !s->bytes) {
        log_line("sync", "message %u did not come: %s", number, failure ? failure->message : "?");
    } else {
        Arrived a = {.work = w, .bytes = g_steal_pointer(&s->bytes)};
        g_array_append_val(s->arrived, a);
        s->done = s->bytes_before + (w->action == POP3_FETCH ? w->item->size : 0);
    }
    g_clear_pointer(&s->bytes, g_byte_array_unref);
    return TRUE;
}

static gboolean store_arrived(Session *s, GError **err)
{
    Store *store = s->d->w->store;
    gint64 account = s->d->w->account_id;
    g_autoptr(GArray) downloads = g_array_new(FALSE, FALSE, sizeof(Download));
    for (guint n = 0; n < s->arrived->len; n++) {
        const Arrived *a = &g_array_index(s->arrived, Arrived, n);
        Download d = {.uidl = a->work->uidl,
                      .bytes = a->bytes->data ? (const void *)a->bytes->data : "",
                      .len = a->bytes->len,
                      .partial = a->work->action == POP3_FETCH_HEADER,
                      .size = a->work->item->size};
        if (!d.uidl && pop3_have_content(store, account, d.bytes, d.len))
            continue;
        g_array_append_val(downloads, d);
    }
    if (downloads->len > 0 &&
        !pop3_store(store, account, (const Download *)(void *)downloads->data, downloads->len, err))
        return FALSE;
    s->d->new_messages += downloads->len;
    return TRUE;
}

/* DELE of what is safe here. A refusal of the server is no trouble: it is tried again next time. */
static gboolean delete_some(Session *s, const GArray *numbers, const GPtrArray *uidls, GError **err)
{
    if (numbers->len == 0)
        return TRUE;
    gsize deleted = 0;
    g_autoptr(GError) failure = NULL;
    if (!pop3_delete(s->pop3, (const guint *)(void *)numbers->data, numbers->len, &deleted, &failure)) {
        if (!pop3_usable(s->pop3)) {
            g_propagate_error(err, g_steal_pointer(&failure));
            return FALSE;
        }
        log_line("sync", "%s: %s", s->d->w->account->name, failure->message);
    }
    for (guint n = 0; deleted == numbers->len && n < uidls->len; n++)
        if (uidls->pdata[n])
            g_ptr_array_add(s->deleted, uidls->pdata[n]);
    return TRUE;
}

static gboolean delete_arrived(Session *s, GError **err)
{
    g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(guint));
    g_autoptr(GPtrArray) uidls = g_ptr_array_new();
    for (guint n = 0; n < s->arrived->len; n++) {
        const Work *w = g_array_index(s->arrived, Arrived, n).work;
        if (w->action != POP3_FETCH)
            continue; /* only its header is here */
        g_array_append_val(numbers, w->item->number);
        g_ptr_array_add(uidls, (gpointer)w->uidl);
    }
    return delete_some(s, numbers, uidls, err);
}

static guint64 limit_of(const Session *s, Pop3Action action)
{
    guint64 limit = HEADER_LIMIT;
    for (guint n = 0; action == POP3_FETCH && n < s->group->len; n++)
        limit = MAX(limit, 2 * MIN(g_array_index(s->group, Work *, n)->item->size, MESSAGE_LIMIT) + HEADER_LIMIT);
    /* An announced size may be wrong by much; only what cannot be a message ends the session. */
    return action == POP3_FETCH ? MAX(limit, 64u << 20) : limit;
}

/* Fetch, make safe, delete. What came whole is kept even when the session breaks on the way. */
static gboolean fetch_group(Session *s, GError **err)
{
    Pop3Action action = g_array_index(s->group, Work *, 0)->action;
    g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(guint));
    for (guint n = 0; n < s->group->len; n++)
        g_array_append_val(numbers, g_array_index(s->group, Work *, n)->item->number);
    s->held = 0;
    Pop3Sink sink = {.begin = sink_begin, .bytes = sink_bytes, .end = sink_end, .data = s};
    GError *failure = NULL;
    gboolean whole = pop3_retrieve(s->pop3, (const guint *)(void *)numbers->data, numbers->len,
                                   action == POP3_FETCH ? -1 : 0, limit_of(s, action), &sink, &failure);
    gboolean ok = store_arrived(s, whole ? err : NULL) && whole;
    if (!whole)
        g_propagate_error(err, failure);
    if (ok && pop3_leaves_at_once(&s->rules))
        ok = delete_arrived(s, err);
    g_array_set_size(s->arrived, 0);
    g_array_set_size(s->group, 0);
    return ok;
}

static gboolean fetch_all(Session *s, GError **err)
{
    guint64 bytes = 0;
    for (guint n = 0; n < s->work->len; n++) {
        Work *w = &g_array_index(s->work, Work, n);
        if (w->action != POP3_FETCH && w->action != POP3_FETCH_HEADER)
            continue;
        gboolean full = s->group->len >= GROUP_MESSAGES || bytes >= GROUP_BYTES;
        gboolean other = s->group->len > 0 && g_array_index(s->group, Work *, 0)->action != w->action;
        if ((full || other) && !fetch_group(s, err))
            return FALSE;
        if (full || other)
            bytes = 0;
        g_array_append_val(s->group, w);
        bytes += w->action == POP3_FETCH ? w->item->size : 0;
    }
    return s->group->len == 0 || fetch_group(s, err);
}

static gboolean delete_known(Session *s, GError **err)
{
    g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(guint));
    g_autoptr(GPtrArray) uidls = g_ptr_array_new();
    for (guint n = 0; n < s->work->len; n++) {
        const Work *w = &g_array_index(s->work, Work, n);
        if (w->action != POP3_DELETE)
            continue;
        g_array_append_val(numbers, w->item->number);
        g_ptr_array_add(uidls, (gpointer)w->uidl);
    }
    return delete_some(s, numbers, uidls, err);
}

/* ---- what is no longer listed ---- */

/* Forgotten only when two lists in a row lack it: an empty list may be the server's trouble, and a
 * forgotten UIDL that comes back is a message downloaded twice. */
static gboolean forget_unlisted(Session *s, GError **err)
{
    g_autoptr(GHashTable) listed = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint n = 0; n < s->items->len; n++) {
        Pop3Item *i = s->items->pdata[n];
        if (i->uidl)
            g_hash_table_add(listed, i->uidl);
    }
    GHashTable *missing = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GPtrArray) gone = g_ptr_array_new();
    GHashTableIter iter;
    gpointer uidl;
    g_hash_table_iter_init(&iter, s->known);
    while (g_hash_table_iter_next(&iter, &uidl, NULL)) {
        if (g_hash_table_contains(listed, uidl))
            continue;
        if (g_hash_table_contains(s->d->missing, uidl))
            g_ptr_array_add(gone, uidl);
        else
            g_hash_table_add(missing, g_strdup(uidl));
    }
    g_hash_table_unref(s->d->missing);
    s->d->missing = missing;
    return gone->len == 0 || uidls_forget(s->d->w->store, s->d->w->account_id,
                                          (const char *const *)gone->pdata, gone->len, err);
}

/* ---- the session ---- */

static Pop3Rules rules_of(const Pop3Download *d, const Pop3 *pop3)
{
    const Account *a = d->w->account;
    const Pop3Capabilities *caps = pop3_capabilities(pop3);
    return (Pop3Rules){.keep = d->keep,
                       .keep_days = a->pop3_keep_days,
                       .delete_on_server = a->pop3_delete_on_server,
                       .max_size = a->pop3_max_size,
                       .top = caps->top || !caps->known,
                       .now = date_now()};
}

static gboolean finish(Session *s, GError **err)
{
    if (!pop3_quit(s->pop3, err))
        return FALSE;
    return s->deleted->len == 0 || uidls_deleted(s->d->w->store, s->d->w->account_id,
                                                 (const char *const *)s->deleted->pdata, s->deleted->len, err);
}

static gboolean run_session(Session *s, GError **err)
{
    s->items = pop3_list(s->pop3, err);
    if (!s->items)
        return FALSE;
    s->known = uidls_load(s->d->w->store, s->d->w->account_id, err);
    if (!s->known)
        return FALSE;
    s->d->on_server = s->items->len;
    if (!is_same_list(s))
        decide_all(s);
    g_autofree char *label = g_strdup_printf(_("%s: downloading mail"), s->d->w->account->name);
    s->label = label;
    gboolean ok = fetch_all(s, err) && delete_known(s, err) && forget_unlisted(s, err) && finish(s, err);
    if (s->total > 0)
        worker_progress(s->d->w, label, s->total, s->total, TRUE);
    if (!ok)
        g_clear_pointer(&s->d->last_list, g_free);
    return ok;
}

gboolean pop3_download(Pop3Download *d, GError **err)
{
    d->new_messages = 0;
    g_autoptr(Pop3) pop3 = login_pop3(d->login, err);
    if (!pop3)
        return FALSE;
    d->login_delay = pop3_capabilities(pop3)->login_delay;
    worker_state(d->w, ACCOUNT_ONLINE, pop3_description(pop3));
    Session s = {.d = d, .pop3 = pop3, .rules = rules_of(d, pop3)};
    s.work = g_array_new(FALSE, FALSE, sizeof(Work));
    s.group = g_array_new(FALSE, FALSE, sizeof(Work *));
    s.arrived = g_array_new(FALSE, FALSE, sizeof(Arrived));
    g_array_set_clear_func(s.arrived, clear_arrived);
    s.deleted = g_ptr_array_new();
    gboolean ok = run_session(&s, err);
    g_clear_pointer(&s.bytes, g_byte_array_unref);
    g_array_unref(s.arrived);
    g_array_unref(s.group);
    g_array_unref(s.work);
    g_ptr_array_unref(s.deleted);
    g_clear_pointer(&s.items, g_ptr_array_unref);
    g_clear_pointer(&s.known, g_hash_table_unref);
    return ok;
}
