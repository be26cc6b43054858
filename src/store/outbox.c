/* outbox.c - messages on their way out: files, rows, and who is sending which.
 *
 * outbox/NAME.eml is the message as it will be sent, NAME.envelope beside it says to whom, so that
 * a lost database loses no mail. The files are written under tmp/ and get their names inside
 * the transaction that makes the row. A process that sends an entry holds a flock on its .eml: when
 * it dies, the lock goes with it, and an entry found `sending` without a lock is `unknown`. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include "change_private.h"
#include "maildir_files.h"
#include "outbox_files.h"
#include "outbox_private.h"
#include "pintail/util/date.h"
#include "pintail/util/error.h"
#include "pintail/util/file.h"
#include "pintail/util/i18n.h"

void recipient_free(Recipient *r)
{
    if (!r)
        return;
    g_free(r->address);
    g_free(r->words);
    g_free(r);
}

void outbox_entry_free(OutboxEntry *e)
{
    if (!e)
        return;
    g_free(e->from);
    g_ptr_array_unref(e->recipients);
    g_free(e->subject);
    g_free(e->message_id);
    g_free(e->path);
    g_free(e->words);
    g_free(e->via);
    g_free(e);
}

/* ---- queueing ---- */
static gboolean insert_row(Store *s, const OutboxEntry *e, const char *file, OutboxState state,
                           const char *words)
{
    db_run(
        &s->db,
        "INSERT INTO outbox(account, state, sender, subject, message_id, file, words, created,"
        " not_before, answers, forwards, sent_folder, draft, notify) VALUES(?, ?, ?, ?, ?, ?, ?, ?,"
        " ?, ?, ?, ?, ?, ?)",
        "iitttttiiiiiii", e->account, I64(state), e->from, e->subject ? e->subject : "",
        e->message_id ? e->message_id : "", file, words, date_now(), e->not_before, e->answers,
        I64(e->forwards), e->sent_folder, e->draft, I64(e->notify));
    gint64 id = db_last_id(&s->db);
    for (guint i = 0; i < e->recipients->len; i++) {
        const Recipient *r = e->recipients->pdata[i];
        db_run(&s->db, "INSERT INTO outbox_recipient VALUES(?, ?, ?, ?, ?)", "iitit", id, I64(i),
               r->address, I64(r->state), r->words ? r->words : "");
    }
    txn_touch_list(s, e->account);
    return !db_failed(&s->db);
}

gint64 outbox_adopt(Store *s, const OutboxEntry *e, const char *file, OutboxState state,
                    const char *words)
{
    insert_row(s, e, file, state, words);
    return db_number(&s->db, 0, "SELECT id FROM outbox WHERE file = ?", "t", file);
}

gint64 outbox_add(Store *s, const OutboxEntry *e, const void *bytes, gsize len, GError **err)
{
    if (s->home->flags & STORE_READ_ONLY) {
        error_set(err, PINTAIL_ERROR_REFUSED, _("opened read only: nothing is sent"));
        return 0;
    }
    if (e->recipients->len == 0) {
        error_set(err, PINTAIL_ERROR_INVALID, _("the message has no recipient"));
        return 0;
    }
    g_autofree char *account = account_name_of(s, e->account);
    g_autofree char *file = outbox_write_files(s->home, account, e, bytes, len, err);
    if (!file)
        return 0;
    if (!txn_begin(s, TRUE, err)) {
        outbox_remove_files(s->home, file, TRUE);
        return 0;
    }
    gint64 id = 0;
    GError *failed = NULL;
    if (!outbox_publish_files(s, file, &failed)) {
        db_fail(&s->db, failed);
    } else {
        id = outbox_adopt(s, e, file, OUTBOX_QUEUED, "");
        if (e->draft)
            change_purge_now(s, e->draft);
    }
    crash_point("outbox");
    if (!txn_commit(s, err)) {
        outbox_remove_files(s->home, file, TRUE);
        return 0;
    }
    crash_point("outbox");
    file_todo_run(s);
    return id;
}

/* ---- reading ---- */
#define ENTRY_COLUMNS                                                                              \
    "SELECT id, account, state, sender, subject, message_id, file, words, created, not_before,"    \
    " attempts, answers, forwards, sent_folder, draft, notify, finished, via FROM outbox"

static OutboxEntry *entry_from(Store *s, sqlite3_stmt *st)
{
    OutboxEntry *e = g_new0(OutboxEntry, 1);
    e->recipients = g_ptr_array_new_with_free_func((GDestroyNotify)recipient_free);
    e->id = db_int(st, 0);
    e->account = db_int(st, 1);
    e->state = (OutboxState)db_int(st, 2);
    e->from = db_text(st, 3);
    e->subject = db_text(st, 4);
    e->message_id = db_text(st, 5);
    e->path = outbox_path(s->home, db_peek(st, 6));
    e->words = db_text(st, 7);
    e->created = db_int(st, 8);
    e->not_before = db_int(st, 9);
    e->attempts = (guint)db_int(st, 10);
    e->answers = db_int(st, 11);
    e->forwards = db_int(st, 12) != 0;
    e->sent_folder = db_int(st, 13);
    e->draft = db_int(st, 14);
    e->notify = (guint)db_int(st, 15);
    e->finished = db_int(st, 16);
    e->via = db_text(st, 17);
    return e;
}

static void read_recipients(Store *s, OutboxEntry *e)
{
    sqlite3_stmt *st =
        db_query(&s->db,
                 "SELECT address, state, words FROM outbox_recipient WHERE outbox = ?"
                 " ORDER BY n",
                 "i", e->id);
    while (db_step(&s->db, st)) {
        Recipient *r = g_new0(Recipient, 1);
        r->address = db_text(st, 0);
        r->state = (RecipientState)db_int(st, 1);
        r->words = db_text(st, 2);
        g_ptr_array_add(e->recipients, r);
    }
}

OutboxEntry *outbox_load(Store *s, gint64 id)
{
    OutboxEntry *e = NULL;
    sqlite3_stmt *st = db_query(&s->db, ENTRY_COLUMNS " WHERE id = ?", "i", id);
    if (db_step(&s->db, st)) {
        e = entry_from(s, st);
        db_reset(st);
        read_recipients(s, e);
    }
    return e;
}

OutboxEntry *outbox_sent_as(Store *s, const char *message_id, GError **err)
{
    gint64 id = db_number(&s->db, 0,
                          "SELECT id FROM outbox WHERE message_id = ? AND state = 4"
                          " ORDER BY id DESC LIMIT 1",
                          "t", message_id);
    g_autoptr(OutboxEntry) e = id ? outbox_load(s, id) : NULL;
    return db_ok(&s->db, err) ? g_steal_pointer(&e) : NULL;
}

OutboxEntry *outbox_get(Store *s, gint64 id, GError **err)
{
    g_autoptr(OutboxEntry) e = outbox_load(s, id);
    if (!db_ok(&s->db, err))
        return NULL;
    if (!e)
        error_set(err, PINTAIL_ERROR_GONE, _("that message is not in the outbox any more"));
    return g_steal_pointer(&e);
}

GPtrArray *outbox_list(Store *s, gint64 account, GError **err)
{
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)outbox_entry_free);
    sqlite3_stmt *st = db_query(&s->db,
                                ENTRY_COLUMNS " WHERE state <> 4 AND (?1 = 0 OR account = ?1)"
                                              " ORDER BY id",
                                "i", account);
    while (db_step(&s->db, st))
        g_ptr_array_add(list, entry_from(s, st));
    for (guint i = 0; i < list->len; i++)
        read_recipients(s, list->pdata[i]);
    if (db_ok(&s->db, err))
        return list;
    g_ptr_array_unref(list);
    return NULL;
}

guint outbox_count(Store *s)
{
    gint64 n = db_number(&s->db, 0, "SELECT count(*) FROM outbox WHERE state < 4", "");
    db_ok(&s->db, NULL);
    return (guint)n;
}

/* ---- claims ---- */
/* TRUE when this process now holds the entry (from now on, until release()). */
static gboolean claim(StoreHome *h, const OutboxEntry *e, GError **err)
{
    int fd = open(e->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        error_set_errno(err, PINTAIL_ERROR_STORE, errno, _("cannot open '%s'"), e->path);
        return FALSE;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            error_set_errno(err, PINTAIL_ERROR_STORE, errno, _("cannot lock '%s'"), e->path);
        close(fd);
        return FALSE;
    }
    gint64 *key = g_new(gint64, 1);
    *key = e->id;
    pthread_mutex_lock(&h->lock);
    g_hash_table_insert(h->claims, key, GINT_TO_POINTER(fd));
    pthread_mutex_unlock(&h->lock);
    return TRUE;
}

static void release(StoreHome *h, gint64 id)
{
    pthread_mutex_lock(&h->lock);
    g_hash_table_remove(h->claims, &id);
    pthread_mutex_unlock(&h->lock);
}

static gboolean is_ours(StoreHome *h, gint64 id)
{
    pthread_mutex_lock(&h->lock);
    gboolean ours = g_hash_table_contains(h->claims, &id);
    pthread_mutex_unlock(&h->lock);
    return ours;
}

/* As claim(), and the state must still be one of `states` (bits) once the lock is held. */
static OutboxEntry *claim_in_state(Store *s, gint64 id, guint states, GError **err)
{
    g_autoptr(OutboxEntry) e = outbox_load(s, id);
    if (!e || !(states & (1u << e->state)) || !claim(s->home, e, err))
        return NULL;
    g_autoptr(OutboxEntry) now = outbox_load(s, id);
    if (now && (states & (1u << now->state)))
        return g_steal_pointer(&now);
    release(s->home, id);
    return NULL;
}

static gboolean set_state(Store *s, const OutboxEntry *e, OutboxState state, const char *words,
                          GError **err)
{
    crash_point("outbox");
    if (!txn_begin(s, TRUE, err))
        return FALSE;
    db_run(&s->db, "UPDATE outbox SET state = ?, words = coalesce(?, words) WHERE id = ?", "iti",
           I64(state), words, e->id);
    txn_touch_list(s, e->account);
    crash_point("outbox");
    if (!txn_commit(s, err))
        return FALSE;
    crash_point("outbox");
    return TRUE;
}

/* Those whose sender died between the final dot and its answer. */
gboolean outbox_find_unknown(Store *s, GError **err)
{
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint64));
    sqlite3_stmt *st = db_query(&s->db, "SELECT id FROM outbox WHERE state = 1 ORDER BY id", "");
    while (db_step(&s->db, st)) {
        gint64 id = db_int(st, 0);
        g_array_append_val(ids, id);
    }
    for (guint i = 0; i < ids->len; i++) {
        gint64 id = g_array_index(ids, gint64, i);
        g_autoptr(OutboxEntry) e =
            is_ours(s->home, id) ? NULL : claim_in_state(s, id, 1u << OUTBOX_SENDING, NULL);
        if (!e)
            continue;
        gboolean ok = set_state(s, e, OUTBOX_UNKNOWN,
                                _("Pintail ended before the server had confirmed it"), err);
        release(s->home, id);
        if (!ok)
            return FALSE;
    }
    return db_ok(&s->db, err);
}

/* Address -> the oldest entry that somebody there waits for, because it is being sent or is tried again. */
static GHashTable *find_held(Store *s, gint64 account)
{
    GHashTable *held = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    sqlite3_stmt *st =
        db_query(&s->db,
                 "SELECT o.id, lower(r.address) FROM outbox o JOIN outbox_recipient r ON r.outbox = o.id"
                 " WHERE o.account = ? AND (o.state = 1 OR (o.state = 0 AND o.attempts > 0))"
                 " AND r.state = 0 ORDER BY o.id DESC",
                 "i", account);
    while (db_step(&s->db, st)) {
        gint64 id = db_int(st, 0);
        g_hash_table_replace(held, db_text(st, 1), g_memdup2(&id, sizeof id));
    }
    return held;
}

static gboolean is_held(GHashTable *held, gint64 id, const char *address)
{
    g_autofree char *key = g_ascii_strdown(address, -1);
    const gint64 *older = g_hash_table_lookup(held, key);
    return older && *older < id;
}

/* Nobody is left who may get it now. */
static gboolean all_held(Store *s, GHashTable *held, gint64 id)
{
    if (g_hash_table_size(held) == 0)
        return FALSE;
    guint waiting = 0, of_these = 0;
    sqlite3_stmt *st = db_query(
        &s->db, "SELECT address FROM outbox_recipient WHERE outbox = ? AND state = 0", "i", id);
    for (; db_step(&s->db, st); waiting++)
        of_these += is_held(held, id, db_peek(st, 0));
    return waiting > 0 && of_these == waiting;
}

static void mark_held(GHashTable *held, const OutboxEntry *e)
{
    for (guint i = 0; i < e->recipients->len; i++) {
        Recipient *r = e->recipients->pdata[i];
        r->held = r->state == RECIPIENT_WAITING && is_held(held, e->id, r->address);
    }
}

/* The ids of those that may go now, oldest first. One that was asked to wait holds nobody back. */
static GArray *find_due(Store *s, gint64 account, GHashTable *held, gint64 *next)
{
    gint64 now = date_now();
    GArray *ids = g_array_new(FALSE, FALSE, sizeof(gint64));
    sqlite3_stmt *st = db_query(
        &s->db, "SELECT id, not_before FROM outbox WHERE state = 0 AND account = ? ORDER BY id",
        "i", account);
    while (db_step(&s->db, st)) {
        gint64 id = db_int(st, 0), not_before = db_int(st, 1);
        if (not_before > now && next && (*next == 0 || not_before < *next))
            *next = not_before;
        else if (not_before <= now && !all_held(s, held, id))
            g_array_append_val(ids, id);
    }
    return ids;
}

OutboxEntry *outbox_claim(Store *s, gint64 account, gint64 *next, GError **err)
{
    if (next)
        *next = 0;
    if ((s->home->flags & STORE_READ_ONLY) || !outbox_find_unknown(s, err))
        return NULL;
    g_autoptr(GHashTable) held = find_held(s, account);
    g_autoptr(GArray) ids = find_due(s, account, held, next);
    OutboxEntry *claimed = NULL;
    for (guint i = 0; i < ids->len && !claimed; i++) {
        g_autoptr(GError) trouble = NULL;
        gint64 id = g_array_index(ids, gint64, i);
        claimed = claim_in_state(s, id, 1u << OUTBOX_QUEUED, &trouble);
        if (trouble && !error_is(trouble, PINTAIL_ERROR_STORE))
            continue;
        if (trouble) { /* its file is gone or unreadable: a person has to look */
            OutboxEntry e = {.id = id, .account = account};
            if (!set_state(s, &e, OUTBOX_REFUSED, trouble->message, err))
                return NULL;
        }
    }
    if (claimed)
        mark_held(held, claimed);
    return db_ok(&s->db, err) ? claimed : (outbox_entry_free(claimed), NULL);
}

OutboxEntry *outbox_claim_id(Store *s, gint64 id, GError **err)
{
    OutboxEntry *e = claim_in_state(s, id, 1u << OUTBOX_QUEUED, err);
    return db_ok(&s->db, err) ? e : (outbox_entry_free(e), NULL);
}

gboolean outbox_sending(Store *s, gint64 id, GError **err)
{
    g_autoptr(OutboxEntry) e = outbox_get(s, id, err);
    return e && set_state(s, e, OUTBOX_SENDING, NULL, err);
}

/* ---- results ---- */
static gboolean any(const OutboxEntry *e, RecipientState state)
{
    for (guint i = 0; i < e->recipients->len; i++) {
        if (((const Recipient *)e->recipients->pdata[i])->state == state)
            return TRUE;
    }
    return FALSE;
}

static void write_result(Store *s, const OutboxEntry *e, OutboxState state, const char *words,
                         gint64 not_before)
{
    db_run(&s->db,
           "UPDATE outbox SET state = ?, words = ?, not_before = ?, attempts = attempts + 1,"
           " finished = ?, via = ? WHERE id = ?",
           "itiiti", I64(state), words ? words : "", not_before,
           state == OUTBOX_SENT ? date_now() : 0, e->via ? e->via : "", e->id);
    for (guint i = 0; i < e->recipients->len; i++) {
        const Recipient *r = e->recipients->pdata[i];
        db_run(&s->db,
               "UPDATE outbox_recipient SET state = ?, words = ? WHERE outbox = ? AND n = ?",
               "itii", I64(r->state), r->words ? r->words : "", e->id, I64(i));
    }
    if (state == OUTBOX_SENT)
        outbox_drop_files(s, e->path);
    txn_touch_list(s, e->account);
}

/* Somebody has got it: the copy in Sent, and the mark on what it answers. Once. */
static void write_consequences(Store *s, const OutboxEntry *e, Prepared *copy)
{
    if (copy->path)
        append_place(s, copy, FLAG_SEEN, 0);
    if (e->answers)
        change_flags_now(s, e->answers, e->forwards ? FLAG_FORWARDED : FLAG_ANSWERED, 0);
    db_run(&s->db, "UPDATE outbox SET copied = 1 WHERE id = ?", "i", e->id);
}

/* The bytes of the Sent copy, before the transaction. A Sent folder that is gone is no
 * reason to send again: the result counts. */
static gboolean prepare_copy(Store *s, const OutboxEntry *e, Prepared *copy, GError **err)
{
    if (!e->sent_folder)
        return TRUE;
    g_autoptr(GError) trouble = NULL;
    g_autoptr(GBytes) bytes = file_read(e->path, BODY_LIMIT, &trouble);
    g_autofree char *key =
        g_strdup_printf("%" G_GINT64_FORMAT " %s %s", e->id, e->message_id, e->path);
    gsize len;
    const void *at = bytes ? g_bytes_get_data(bytes, &len) : NULL;
    if (!at || append_prepare(s, e->sent_folder, at, len, key, copy, &trouble) ||
        error_is(trouble, PINTAIL_ERROR_GONE) || error_is(trouble, PINTAIL_ERROR_REFUSED))
        return TRUE;
    g_propagate_error(err, g_steal_pointer(&trouble));
    return FALSE;
}

static gboolean record(Store *s, const OutboxEntry *e, OutboxState state, const char *words,
                       gint64 not_before, GError **err)
{
    g_auto(Prepared) copy = {0};
    gboolean got = state == OUTBOX_SENT || any(e, RECIPIENT_ACCEPTED);
    got = got && !db_number(&s->db, 1, "SELECT copied FROM outbox WHERE id = ?", "i", e->id);
    crash_point("outbox");
    if (!db_ok(&s->db, err) || (got && !prepare_copy(s, e, &copy, err)))
        return FALSE;
    if (!txn_begin(s, TRUE, err))
        return FALSE;
    /* Read again: another process may have recorded it first. */
    got = got && !db_number(&s->db, 1, "SELECT copied FROM outbox WHERE id = ?", "i", e->id);
    if (copy.path && !copy.local)
        txn_created(s, copy.path);
    write_result(s, e, state, words, not_before);
    if (got)
        write_consequences(s, e, &copy);
    crash_point("outbox");
    if (!txn_commit(s, err))
        return FALSE;
    crash_point("outbox");
    file_todo_run(s);
    crash_point("outbox");
    return TRUE;
}

gboolean outbox_result(Store *s, const OutboxEntry *e, OutboxState state, const char *words,
                       gint64 not_before, GError **err)
{
    if (state == OUTBOX_SENT && any(e, RECIPIENT_WAITING))
        state = OUTBOX_QUEUED;
    gboolean ok = record(s, e, state, words, not_before, err);
    if (ok) /* while it is not recorded, nobody else may take it for unsent */
        release(s->home, e->id);
    return ok;
}

/* ---- the person's answers ---- */
#define DECIDABLE ((1u << OUTBOX_QUEUED) | (1u << OUTBOX_UNKNOWN) | (1u << OUTBOX_REFUSED))

static OutboxEntry *take(Store *s, gint64 id, GError **err)
{
    g_autoptr(GError) trouble = NULL;
    OutboxEntry *e = claim_in_state(s, id, DECIDABLE, &trouble);
    if (e || !db_ok(&s->db, err))
        return e;
    g_autoptr(OutboxEntry) there = outbox_load(s, id);
    db_ok(&s->db, NULL);
    if (trouble)
        g_propagate_error(err, g_steal_pointer(&trouble));
    else if (!there || there->state == OUTBOX_SENT)
        error_set(err, PINTAIL_ERROR_GONE, _("that message is not in the outbox any more"));
    else
        error_set(err, PINTAIL_ERROR_REFUSED, _("that message is being sent right now"));
    return NULL;
}

gboolean outbox_requeue(Store *s, gint64 id, GError **err)
{
    g_autoptr(OutboxEntry) e = take(s, id, err);
    if (!e)
        return FALSE;
    gboolean ok = txn_begin(s, TRUE, err);
    if (ok) {
        db_run(&s->db, "UPDATE outbox SET state = 0, words = '', not_before = 0 WHERE id = ?", "i",
               id);
        db_run(&s->db,
               "UPDATE outbox_recipient SET state = 0, words = '' WHERE outbox = ?"
               " AND state = 2",
               "i", id);
        txn_touch_list(s, e->account);
        ok = txn_commit(s, err);
    }
    release(s->home, id);
    return ok;
}

gboolean outbox_consider_sent(Store *s, gint64 id, GError **err)
{
    g_autoptr(OutboxEntry) e = take(s, id, err);
    if (!e)
        return FALSE;
    for (guint i = 0; i < e->recipients->len; i++) {
        Recipient *r = e->recipients->pdata[i];
        if (r->state == RECIPIENT_WAITING)
            r->state = RECIPIENT_ACCEPTED;
    }
    gboolean ok = record(s, e, OUTBOX_SENT, "", 0, err);
    release(s->home, id);
    return ok;
}

/* The bytes go to an editor; until that has saved them somewhere, the file stays under taken/. */
GBytes *outbox_take_back(Store *s, gint64 id, OutboxEntry **entry, GError **err)
{
    g_autoptr(OutboxEntry) e = take(s, id, err);
    g_autoptr(GBytes) bytes = NULL;
    if (!e)
        return NULL;
    bytes = file_read(e->path, BODY_LIMIT, err);
    gboolean ok =
        bytes && outbox_keep_taken(s->home, e->path, bytes, err) && txn_begin(s, TRUE, err);
    if (ok) {
        db_run(&s->db, "DELETE FROM outbox WHERE id = ?", "i", id);
        db_run(&s->db, "DELETE FROM outbox_recipient WHERE outbox = ?", "i", id);
        outbox_drop_files(s, e->path);
        txn_touch_list(s, e->account);
        crash_point("outbox");
        ok = txn_commit(s, err);
        crash_point("outbox");
    }
    release(s->home, id);
    if (!ok)
        return NULL;
    file_todo_run(s);
    if (entry)
        *entry = g_steal_pointer(&e);
    return g_steal_pointer(&bytes);
}
