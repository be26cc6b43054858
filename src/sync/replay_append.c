/* replay_append.c - messages that were made here are stored on the server, several with one command
 * where it has MULTIAPPEND. */
#include "pintail/util/date.h"
#include "pintail/util/error.h"
#include "pintail/util/file.h"
#include "pintail/util/i18n.h"
#include "replay_private.h"

#define FILE_LIMIT (256 * 1024 * 1024)
#define LARGE_APPEND (256 * 1024)
#define GROUP_MESSAGES 20 /* with one command (MULTIAPPEND), */
#define GROUP_BYTES (2 * 1024 * 1024) /* and together no larger than this */
#define LATELY 30 /* UIDs */

/* IMAP wants CRLF; files of ours may have either. */
static GBytes *with_crlf(GBytes *bytes)
{
    gsize len = 0;
    const char *at = g_bytes_get_data(bytes, &len);
    gboolean proper = TRUE;
    for (gsize n = 0; n < len && proper; n++)
        proper = at[n] != '\n' || (n > 0 && at[n - 1] == '\r');
    if (proper)
        return g_bytes_ref(bytes);
    GString *out = g_string_sized_new(len + len / 32);
    for (gsize n = 0; n < len; n++) {
        if (at[n] == '\n' && (n == 0 || at[n - 1] != '\r'))
            g_string_append_c(out, '\r');
        g_string_append_c(out, at[n]);
    }
    return g_string_free_to_bytes(out);
}

static void append_progress(guint64 done, guint64 total, gpointer data)
{
    if (total > LARGE_APPEND)
        worker_progress(data, _("Storing a message"), done, total, TRUE);
}

/* The bytes of each item (GBytes); NULL with err: one of them cannot be read. */
static GPtrArray *read_files(const OpBatch *b, GError **err)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    for (guint n = 0; n < b->items->len; n++) {
        const char *name = item_at(b, n)->file;
        g_autoptr(GBytes) file = file_read(name ? name : "", FILE_LIMIT, err);
        if (!file)
            return NULL;
        g_ptr_array_add(all, with_crlf(file));
    }
    return g_steal_pointer(&all);
}

static gboolean send_files(FastLane *l, const OpBatch *b, const Folder *target, const GPtrArray *files,
                           guint32 *uidvalidity, guint32 *uids, GError **err)
{
    g_autoptr(GPtrArray) dates = g_ptr_array_new_with_free_func(g_free);
    g_autofree ImapAppend *what = g_new0(ImapAppend, b->items->len);
    for (guint n = 0; n < b->items->len; n++) {
        const OpItem *item = item_at(b, n);
        gsize len = 0;
        const char *at = g_bytes_get_data(files->pdata[n], &len);
        char *date = item->date ? date_format_internal(item->date) : NULL;
        g_ptr_array_add(dates, date);
        what[n] = (ImapAppend){.message = span_new(at, len),
                               .bits = item->flags,
                               .date = date,
                               .progress = append_progress,
                               .data = l->w};
    }
    return imap_append_many(l->session, target->name, what, b->items->len, uidvalidity, uids, err);
}

/* Servers exist that keep a copy of what is sent through them (Gmail does): the newest of the folder are
 * looked at before another one is stored. */
static gboolean look_for_copy(FastLane *l, const OpBatch *b, const Folder *target, guint32 *uids, guint32 *uidvalidity,
                              GError **err)
{
    OpBatch newest = *b;
    if (target->role != ROLE_SENT || b->recorded_uidvalidity == 0 || b->recorded_uidnext == 0)
        return TRUE;
    newest.recorded_uidnext = b->recorded_uidnext > LATELY ? b->recorded_uidnext - LATELY : 1;
    if (!replay_find(l, &newest, uids, uidvalidity, err))
        return FALSE;
    /* Courier stores nothing in a folder that this session has open for reading only. */
    if (l->selected == 0 || l->writable)
        return TRUE;
    fast_unselect(l);
    return imap_unselect(l->session, err);
}

/* Marked, sent, and settled. */
static gboolean append_batch(FastLane *l, const OpBatch *batch, gboolean *split, GError **err)
{
    OpBatch b = *batch;
    guint count = b.items->len;
    g_autofree guint32 *uids = g_new0(guint32, count);
    guint32 uidvalidity = 0;
    g_autoptr(GError) failure = NULL;
    g_autoptr(Folder) target = folder_get(l->w->store, b.folder, err);
    if (!target)
        return FALSE;
    g_autoptr(GPtrArray) files = read_files(&b, &failure);
    *split = !files && count > 1;
    if (!files)
        return *split || replay_park(l, &b, failure->message, err);
    if (!replay_position(l, target, &b.recorded_uidvalidity, &b.recorded_uidnext, err) ||
        (count == 1 && !look_for_copy(l, &b, target, uids, &uidvalidity, err)) ||
        !ops_mark_inflight(l->w->store, &b, b.recorded_uidvalidity, b.recorded_uidnext, err))
        return FALSE;
    if (uids[0] != 0)
        return replay_settle(l, &b, uids, uidvalidity, FALSE, "", err);
    if (!send_files(l, &b, target, files, &uidvalidity, uids, &failure)) {
        *split = count > 1 && replay_is_refusal(l, failure); /* nothing was stored (RFC 3502) */
        return *split || replay_park_if_refused(l, &b, g_steal_pointer(&failure), err);
    }
    /* Without APPENDUID, looking now is cheap, and spares the sync lane a guess. */
    if (uids[0] == 0 && !replay_find(l, &b, uids, &uidvalidity, err))
        return FALSE;
    return replay_settle(l, &b, uids, uidvalidity, TRUE, "", err);
}

/* How many from `low` on go in one command. */
static guint group_size(FastLane *l, const OpBatch *b, const Folder *target, guint low)
{
    guint64 total = item_at(b, low)->size;
    guint n = 1;
    if (!imap_has(l->session, IMAP_CAP_MULTIAPPEND) || target->role == ROLE_SENT)
        return n;
    while (low + n < b->items->len && n < GROUP_MESSAGES && total + item_at(b, low + n)->size <= GROUP_BYTES)
        total += item_at(b, low + n++)->size;
    return n;
}

gboolean replay_append(FastLane *l, const OpBatch *b, GError **err)
{
    GError *failure = NULL;
    g_autoptr(Folder) target = replay_target(l, b->folder, &failure);
    if (!target)
        return replay_park_if_refused(l, b, failure, err);
    g_autoptr(GArray) sources = g_array_new(FALSE, FALSE, sizeof(gint64));
    for (guint n = 0; n < b->items->len; n++)
        if (item_at(b, n)->replaces != 0)
            g_array_append_val(sources, item_at(b, n)->replaces);
    for (guint low = 0; low < b->items->len && !worker_has_requests(l->w);) {
        if (!fast_connect(l, err))
            return FALSE;
        guint n = group_size(l, b, target, low);
        OpBatch group = replay_slice(b, low, low + n);
        gboolean split = FALSE;
        gboolean ok = append_batch(l, &group, &split, err) && (!split || replay_halves(l, &group, append_batch, err));
        g_array_unref(group.items);
        if (!ok)
            return FALSE;
        low += n;
        replay_tell_sources(l, sources);
    }
    return TRUE;
}
