/* imap_changes.c - the selected mailbox as untagged responses and codes describe it
 * (RFC 3501 sections 7.1 to 7.4), and what changed since the worker last asked.
 *
 * What is kept is bounded; beyond that `overflow` tells the worker to compare the whole
 * folder. Counts that shrink without EXPUNGE do the same: never guess which messages went. */
#include "imap_session.h"
#include "pintail/util/text.h"

#define MAX_EXPUNGED 1000000
#define MAX_FLAGS    50000
#define MAX_ALERTS   20
#define MAX_STATUSES 1000 /* a LIST tells better then */
#define MAX_KEYWORDS (4u * 1024 * 1024) /* bytes of all keywords of all changes */
#define MAX_NEWS     1200000 /* responses per command: a million may be expunged at once */

static void clear_flag_change(gpointer p)
{
    imap_flags_clear(&((ImapFlagChange *)p)->flags);
}

static ImapChanges *changes_new(void)
{
    ImapChanges *c = g_new0(ImapChanges, 1);
    c->expunged = g_array_new(FALSE, FALSE, sizeof(guint32));
    c->flags = g_array_new(FALSE, FALSE, sizeof(ImapFlagChange));
    g_array_set_clear_func(c->flags, clear_flag_change);
    c->alerts = g_ptr_array_new_with_free_func(g_free);
    c->statuses = g_ptr_array_new_with_free_func((GDestroyNotify)imap_folder_free);
    return c;
}

void imap_changes_free(ImapChanges *c)
{
    if (!c)
        return;
    g_array_unref(c->expunged);
    g_array_unref(c->flags);
    g_ptr_array_unref(c->alerts);
    g_ptr_array_unref(c->statuses);
    g_free(c);
}

void imap_changes_init(ImapSession *s)
{
    s->changes = changes_new();
    s->changed_flags = g_hash_table_new(NULL, NULL);
}

void imap_changes_clear(ImapSession *s)
{
    g_clear_pointer(&s->changes, imap_changes_free);
    g_clear_pointer(&s->changed_flags, g_hash_table_unref);
}

ImapChanges *imap_take_changes(ImapSession *s)
{
    ImapChanges *taken = s->changes;
    s->changes = changes_new();
    g_hash_table_remove_all(s->changed_flags);
    s->changed_bytes = 0;
    guint kept = 0;
    for (guint i = 0; i < taken->flags->len; i++) { /* without those that were expunged later */
        ImapFlagChange *f = &g_array_index(taken->flags, ImapFlagChange, i);
        ImapFlagChange move = *f;
        if (move.uid == 0)
            continue;
        *f = (ImapFlagChange){0};
        g_array_index(taken->flags, ImapFlagChange, kept++) = move;
    }
    g_array_set_size(taken->flags, kept);
    return taken;
}

void imap_changes_reset(ImapSession *s)
{
    ImapChanges *old = imap_take_changes(s);
    GPtrArray *swap = s->changes->alerts;
    s->changes->alerts = old->alerts;
    old->alerts = swap;
    swap = s->changes->statuses; /* they are not of this mailbox */
    s->changes->statuses = old->statuses;
    old->statuses = swap;
    s->changes->folders_changed = old->folders_changed;
    imap_changes_free(old);
}

gboolean imap_has_changes(const ImapSession *s)
{
    const ImapChanges *c = s->changes;
    return c->exists_changed || c->expunged->len || c->unknown_expunged || c->flags->len ||
           c->unknown_flags || c->overflow || c->lost || c->alerts->len || c->statuses->len ||
           c->folders_changed;
}

void imap_mailbox_free(ImapMailbox *m)
{
    if (!m)
        return;
    g_free(m->name);
    imap_flags_clear(&m->permanent);
    g_free(m);
}

const ImapMailbox *imap_selected(const ImapSession *s)
{
    return s->selecting ? NULL : s->mailbox;
}

/* ---- codes -------------------------------------------------------------------------- */

static void permanent_flags(ImapMailbox *m, Span arguments, GStringChunk *chunk)
{
    Cursor c = cursor_new(arguments, chunk);
    ImapFlags flags;
    gboolean any;
    if (!imap_parse_flags(&c, &flags, &any))
        return;
    imap_flags_clear(&m->permanent);
    m->permanent = flags;
    m->new_keywords = any;
}

static void uidvalidity(ImapSession *s, gint64 n)
{
    guint32 now = imap_fold32(n);
    if (!s->selecting && s->mailbox->uidvalidity != now)
        s->changes->lost = TRUE; /* it changed under us: no UID means anything any more */
    s->mailbox->uidvalidity = now;
}

/* In the middle of a session an untagged one may run ahead of changes that are still to be told. */
static void highestmodseq(ImapSession *s, guint64 n, gboolean tagged)
{
    if (s->selecting)
        s->mailbox->highestmodseq = n;
    else if (tagged)
        s->mailbox->highestmodseq = MAX(s->mailbox->highestmodseq, n);
    else
        s->heard_modseq = MAX(s->heard_modseq, n);
}

void imap_changes_settle(ImapSession *s)
{
    if (s->mailbox && s->mailbox->highestmodseq > 0 && s->commands.length == 0)
        s->mailbox->highestmodseq = MAX(s->mailbox->highestmodseq, s->heard_modseq);
}

/* Codes that describe the mailbox which is, or is being, selected. */
static void mailbox_code(ImapSession *s, const Response *r)
{
    ImapMailbox *m = s->mailbox;
    Cursor c = cursor_new(r->arguments, s->chunk);
    gint64 n = 0;
    gboolean number = imap_cursor_number(&c, &n);
    if (span_is(r->code, "PERMANENTFLAGS"))
        permanent_flags(m, r->arguments, s->chunk);
    else if (span_is(r->code, "UIDVALIDITY") && number)
        uidvalidity(s, n);
    else if (span_is(r->code, "UIDNEXT") && number)
        m->uidnext = imap_clamp32(n);
    else if (span_is(r->code, "UNSEEN") && number)
        m->first_unseen = imap_clamp32(n);
    else if (span_is(r->code, "HIGHESTMODSEQ") && number)
        highestmodseq(s, imap_clamp64(n), r->kind == RESPONSE_TAGGED);
    else if (span_is(r->code, "NOMODSEQ"))
        m->highestmodseq = 0;
    else if (span_is(r->code, "READ-ONLY"))
        m->read_only = TRUE;
    else if (span_is(r->code, "READ-WRITE"))
        m->read_only = FALSE;
    else if (span_is(r->code, "UIDNOTSTICKY"))
        m->uid_not_sticky = TRUE;
    else if (span_is(r->code, "CLOSED") && !s->selecting)
        s->changes->lost = TRUE;
    else if (span_is(r->code, "CLOSED")) /* RFC 7162 section 3.2.11: what came so far is of the one before */
        imap_changes_reset(s);
}

void imap_changes_code(ImapSession *s, const Response *r)
{
    if (r->code.len == 0)
        return;
    if (span_is(r->code, "CAPABILITY") && r->status == 'O') {
        imap_session_set_capabilities(s, r->arguments);
        return;
    }
    if (imap_session_is_early(s))
        return;
    if (span_is(r->code, "ALERT") && s->changes->alerts->len < MAX_ALERTS &&
        !sasl_guard_repeats(&s->guard, r->text))
        g_ptr_array_add(s->changes->alerts, printable_text(r->text.at ? r->text.at : "",
                                                           MIN(r->text.len, 1000), FALSE));
    else if (span_is(r->code, "NOTIFICATIONOVERFLOW")) { /* RFC 5465 section 5.8: it tells no more */
        s->notifying = FALSE;
        s->changes->folders_changed = TRUE;
    } else if (s->mailbox && r->status == 'O')
        mailbox_code(s, r);
}

/* ---- counts and expunges ------------------------------------------------------------ */

/* TRUE when there are more than before. */
static gboolean exists(ImapSession *s, guint32 n)
{
    ImapMailbox *m = s->mailbox;
    gboolean more = n > m->exists;
    if (!s->selecting) {
        if (n > m->exists)
            s->changes->exists_changed = TRUE;
        else if (n < m->exists)
            s->changes->overflow = TRUE;
        if (n < m->exists) /* which ones went? the map knows nothing any more */
            imap_seqmap_reset(&s->map, n);
        else
            imap_seqmap_resize(&s->map, n);
    }
    m->exists = n;
    return more;
}

static void add_expunged(ImapSession *s, guint32 uid)
{
    gpointer known = g_hash_table_lookup(s->changed_flags, GUINT_TO_POINTER(uid));
    if (known) { /* its flags are of no interest any more */
        g_array_index(s->changes->flags, ImapFlagChange, GPOINTER_TO_UINT(known) - 1).uid = 0;
        g_hash_table_remove(s->changed_flags, GUINT_TO_POINTER(uid));
    }
    if (s->changes->expunged->len < MAX_EXPUNGED)
        g_array_append_val(s->changes->expunged, uid);
    else
        s->changes->overflow = TRUE;
}

static gboolean expunge(ImapSession *s, guint32 seq)
{
    if (seq == 0 || seq > s->mailbox->exists)
        return FALSE;
    guint32 uid = imap_seqmap_remove(&s->map, seq);
    s->mailbox->exists--;
    if (uid)
        add_expunged(s, uid);
    else
        s->changes->unknown_expunged++;
    return TRUE;
}

/* RFC 7162 section 3.2.10. Without (EARLIER) the messages have just gone, and the counts with
 * them; where one of them was not on the map, the map is worth nothing any more. */
static gboolean vanished(ImapSession *s, Span rest)
{
    g_autoptr(ImapSet) gone = NULL;
    gboolean earlier = rest.len > 0 && *rest.at == '(';
    if ((s->selecting && !earlier) || !imap_parse_vanished(rest, &gone))
        return FALSE;
    gsize room = MAX_EXPUNGED - s->changes->expunged->len;
    g_autoptr(GArray) uids = imap_set_uids(gone, room);
    for (guint i = 0; i < uids->len; i++)
        add_expunged(s, g_array_index(uids, guint32, i));
    if (imap_set_count(gone) > uids->len)
        s->changes->overflow = TRUE;
    if (earlier)
        return TRUE;
    guint32 known = imap_seqmap_remove_set(&s->map, gone);
    guint64 count = imap_set_count(gone);
    s->mailbox->exists -= (guint32)MIN(count, s->mailbox->exists);
    if (known < count)
        imap_seqmap_reset(&s->map, s->mailbox->exists);
    return TRUE;
}

static gboolean untagged(ImapSession *s, const Response *r)
{
    switch (r->kind) {
    case RESPONSE_EXISTS:
        return exists(s, r->number);
    case RESPONSE_EXPUNGE:
        return !s->selecting && expunge(s, r->number);
    case RESPONSE_VANISHED:
        return vanished(s, r->rest);
    default: /* RECENT, FLAGS: nothing we need */
        return FALSE;
    }
}

gboolean imap_changes_count(ImapSession *s)
{
    return ++s->news <= MAX_NEWS;
}

/* What NOTIFY tells of other mailboxes (RFC 5465 section 4). */
static gboolean notified(ImapSession *s, const Response *r)
{
    ImapChanges *c = s->changes;
    if (r->kind == RESPONSE_LIST) {
        c->folders_changed = TRUE;
        return TRUE;
    }
    ImapFolder *f = g_new0(ImapFolder, 1);
    f->name = imap_parse_status_of(r->rest, &f->status, s->utf8, s->chunk);
    if (f->name && c->statuses->len < MAX_STATUSES) {
        g_ptr_array_add(c->statuses, f);
        return TRUE;
    }
    c->folders_changed = c->folders_changed || f->name;
    gboolean good = f->name != NULL;
    imap_folder_free(f);
    return good;
}

gboolean imap_changes_untagged(ImapSession *s, const Response *r)
{
    if (s->notifying && (r->kind == RESPONSE_LIST || r->kind == RESPONSE_STATUS_OF))
        return notified(s, r) && imap_changes_count(s);
    return s->mailbox && untagged(s, r) && imap_changes_count(s);
}

static gsize keyword_bytes(const ImapFlags *f)
{
    gsize total = 0;
    for (guint i = 0; f->keywords && i < f->keywords->len; i++)
        total += strlen(g_ptr_array_index(f->keywords, i)) + 2 * sizeof(gpointer);
    return total;
}

void imap_changes_flags(ImapSession *s, ImapFetched *m)
{
    s->heard_modseq = MAX(s->heard_modseq, m->modseq);
    if (!(m->has & IMAP_FETCH_FLAGS))
        return;
    if (m->uid == 0) {
        s->changes->unknown_flags++;
        return;
    }
    gpointer known = g_hash_table_lookup(s->changed_flags, GUINT_TO_POINTER(m->uid));
    gsize bytes = keyword_bytes(&m->flags);
    if ((!known && s->changes->flags->len >= MAX_FLAGS) || s->changed_bytes + bytes > MAX_KEYWORDS) {
        s->changes->overflow = TRUE;
        return;
    }
    s->changed_bytes += bytes; /* those that are replaced count on: it is a bound, no account */
    ImapFlagChange change = {m->uid, m->modseq, m->flags};
    m->flags = (ImapFlags){0}; /* taken */
    m->has &= ~(guint)IMAP_FETCH_FLAGS;
    if (known) {
        ImapFlagChange *old =
            &g_array_index(s->changes->flags, ImapFlagChange, GPOINTER_TO_UINT(known) - 1);
        imap_flags_clear(&old->flags);
        *old = change;
        return;
    }
    g_array_append_val(s->changes->flags, change);
    g_hash_table_insert(s->changed_flags, GUINT_TO_POINTER(m->uid),
                        GUINT_TO_POINTER(s->changes->flags->len));
}
