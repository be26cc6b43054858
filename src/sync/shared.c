/* shared.c - see shared.h. */
#include "shared.h"
#include <pthread.h>
#include "lend.h"
#include "pintail/bus/bus.h"

#define FAILURES_A_MINUTE 3
#define SAME_ALERT (5 * G_TIME_SPAN_MINUTE)

typedef struct {
    Secret *secret;
    guint generation;
    gboolean accepted;
    char *refusal;
} Slot;

struct Shared {
    gatomicrefcount refs;
    pthread_mutex_t lock;
    Slot slots[SLOT_COUNT];
    char *denied;
    gboolean asking;
    GPtrArray *waiting; /* of Queue, borrowed: each leaves before its worker ends */
    GHashTable *once;   /* "host:port" -> SHA-256 */
    gint64 failed[FAILURES_A_MINUTE]; /* monotonic, newest first; 0: none */
    gint64 leaving_folder;
    GArray *leaving;
    guint ended; /* bits: lanes */
    Lend *lend;
    char *alert; /* the last one; NULL */
    gint64 alerted; /* monotonic */
};

static void shared_lock(Shared *s)
{
    if (pthread_mutex_lock(&s->lock) != 0)
        g_error("shared: cannot lock");
}

static void shared_unlock(Shared *s)
{
    if (pthread_mutex_unlock(&s->lock) != 0)
        g_error("shared: cannot unlock");
}

Shared *shared_new(void)
{
    Shared *s = g_new0(Shared, 1);
    g_atomic_ref_count_init(&s->refs);
    if (pthread_mutex_init(&s->lock, NULL) != 0)
        g_error("shared: cannot create a lock");
    s->waiting = g_ptr_array_new();
    s->once = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    s->leaving = g_array_new(FALSE, FALSE, sizeof(guint32));
    s->lend = lend_new();
    return s;
}

Shared *shared_ref(Shared *s)
{
    g_atomic_ref_count_inc(&s->refs);
    return s;
}

void shared_unref(Shared *s)
{
    if (!s || !g_atomic_ref_count_dec(&s->refs))
        return;
    for (int n = 0; n < SLOT_COUNT; n++) {
        secret_unref(s->slots[n].secret);
        g_free(s->slots[n].refusal);
    }
    g_free(s->denied);
    g_ptr_array_unref(s->waiting);
    g_hash_table_unref(s->once);
    g_array_unref(s->leaving);
    lend_free(s->lend);
    g_free(s->alert);
    pthread_mutex_destroy(&s->lock);
    g_free(s);
}

Secret *shared_secret(Shared *s, SecretSlot slot, guint *generation)
{
    shared_lock(s);
    Slot *it = &s->slots[slot];
    Secret *secret = it->secret ? secret_ref(it->secret) : NULL;
    *generation = it->generation;
    shared_unlock(s);
    return secret;
}

guint shared_secret_put(Shared *s, SecretSlot slot, const Secret *secret, gboolean typed)
{
    shared_lock(s);
    Slot *it = &s->slots[slot];
    secret_unref(it->secret);
    it->secret = secret_ref(secret);
    it->accepted = FALSE;
    guint generation = ++it->generation;
    g_clear_pointer(&it->refusal, g_free);
    g_clear_pointer(&s->denied, g_free);
    if (typed)
        memset(s->failed, 0, sizeof s->failed);
    shared_unlock(s);
    return generation;
}

gboolean shared_secret_refused(Shared *s, SecretSlot slot, guint generation, const char *words,
                               gboolean *was_good)
{
    shared_lock(s);
    Slot *it = &s->slots[slot];
    gboolean newer = it->secret && it->generation != generation;
    *was_good = !newer && it->accepted;
    if (!newer) {
        g_clear_pointer(&it->secret, secret_unref);
        g_free(it->refusal);
        it->refusal = *was_good ? NULL : g_strdup(words);
        it->accepted = FALSE;
    }
    shared_unlock(s);
    return newer;
}

void shared_secret_accepted(Shared *s, SecretSlot slot, guint generation)
{
    shared_lock(s);
    Slot *it = &s->slots[slot];
    if (it->generation == generation)
        it->accepted = TRUE;
    shared_unlock(s);
}

char *shared_refusal(Shared *s, SecretSlot slot)
{
    shared_lock(s);
    char *words = g_strdup(s->slots[slot].refusal);
    shared_unlock(s);
    return words;
}

void shared_deny(Shared *s, const char *words)
{
    shared_lock(s);
    g_free(s->denied);
    s->denied = g_strdup(words);
    shared_unlock(s);
}

char *shared_denied(Shared *s)
{
    shared_lock(s);
    char *words = g_strdup(s->denied);
    shared_unlock(s);
    return words;
}

void shared_forgive(Shared *s)
{
    shared_lock(s);
    g_clear_pointer(&s->denied, g_free);
    memset(s->failed, 0, sizeof s->failed);
    shared_unlock(s);
}

gboolean shared_begin_asking(Shared *s, Queue *inbox)
{
    shared_lock(s);
    gboolean mine = !s->asking;
    if (mine)
        s->asking = TRUE;
    else if (!g_ptr_array_find(s->waiting, inbox, NULL))
        g_ptr_array_add(s->waiting, inbox);
    shared_unlock(s);
    return mine;
}

void shared_end_asking(Shared *s)
{
    shared_lock(s);
    s->asking = FALSE;
    for (guint n = 0; n < s->waiting->len; n++)
        queue_push(s->waiting->pdata[n], request_new(REQUEST_RECONNECT, 0));
    g_ptr_array_set_size(s->waiting, 0);
    shared_unlock(s);
}

void shared_stop_waiting(Shared *s, Queue *inbox)
{
    shared_lock(s);
    g_ptr_array_remove(s->waiting, inbox);
    shared_unlock(s);
}

static char *place(const char *host, guint16 port)
{
    g_autofree char *lower = g_ascii_strdown(host, -1);
    return g_strdup_printf("%s:%u", lower, port);
}

void shared_trust_once(Shared *s, const char *host, guint16 port, const char *sha256)
{
    shared_lock(s);
    g_hash_table_replace(s->once, place(host, port), g_strdup(sha256));
    memset(s->failed, 0, sizeof s->failed);
    shared_unlock(s);
}

char *shared_trusted_once(Shared *s, const char *host, guint16 port)
{
    g_autofree char *key = place(host, port);
    shared_lock(s);
    char *sha256 = g_strdup(g_hash_table_lookup(s->once, key));
    shared_unlock(s);
    return sha256;
}

void shared_connection_failed(Shared *s)
{
    shared_lock(s);
    memmove(s->failed + 1, s->failed, sizeof s->failed - sizeof s->failed[0]);
    s->failed[0] = g_get_monotonic_time();
    shared_unlock(s);
}

void shared_connection_worked(Shared *s)
{
    shared_lock(s);
    memset(s->failed, 0, sizeof s->failed);
    shared_unlock(s);
}

gint64 shared_connection_pause(Shared *s)
{
    shared_lock(s);
    gint64 oldest = s->failed[FAILURES_A_MINUTE - 1];
    shared_unlock(s);
    gint64 free_at = oldest + G_TIME_SPAN_MINUTE;
    return oldest == 0 ? 0 : MAX(free_at - g_get_monotonic_time(), 0);
}

gboolean shared_is_new_alert(Shared *s, const char *text)
{
    gint64 now = g_get_monotonic_time();
    shared_lock(s);
    gboolean is_new = g_strcmp0(s->alert, text) != 0 || now - s->alerted > SAME_ALERT;
    if (is_new) {
        g_free(s->alert);
        s->alert = g_strdup(text);
        s->alerted = now;
    }
    shared_unlock(s);
    return is_new;
}

Lend *shared_lend(Shared *s)
{
    return s->lend;
}

static int compare_uids(const void *a, const void *b)
{
    guint32 x = *(const guint32 *)a, y = *(const guint32 *)b;
    return x < y ? -1 : x > y;
}

void shared_set_leaving(Shared *s, gint64 folder, const guint32 *uids, guint n)
{
    shared_lock(s);
    s->leaving_folder = folder;
    g_array_set_size(s->leaving, 0);
    g_array_append_vals(s->leaving, uids, n);
    g_array_sort(s->leaving, compare_uids);
    shared_unlock(s);
}

GArray *shared_leaving(Shared *s, gint64 folder)
{
    GArray *copy = g_array_new(FALSE, FALSE, sizeof(guint32));
    shared_lock(s);
    if (s->leaving_folder == folder)
        g_array_append_vals(copy, s->leaving->data, s->leaving->len);
    shared_unlock(s);
    return copy;
}

void shared_lane_ended(Shared *s, int lane)
{
    shared_lock(s);
    s->ended |= 1u << lane;
    shared_unlock(s);
}

gboolean shared_has_ended(Shared *s, int lane)
{
    shared_lock(s);
    gboolean ended = (s->ended & 1u << lane) != 0;
    shared_unlock(s);
    return ended;
}
