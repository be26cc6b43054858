/* message.c - message rows: an envelope in columns and back.
 *
 * Lists of people are packed as NAME 0x1f ADDRESS 0x1e; these two bytes cannot occur in them
 * (they are replaced on the way in). Everything is bounded: a hostile header makes a cut
 * column, never a huge row. */
#include "message_private.h"
#include <string.h>
#include "folder_private.h"
#include "pintail/util/date.h"
#include "pintail/util/error.h"
#include "pintail/util/file.h"
#include "pintail/util/i18n.h"
#include "pintail/util/text.h"

#define PEOPLE_MAX     65536
#define TEXT_MAX       8192
#define REFERENCES_MAX 200
#define SORT_MAX       48
#define DAY            86400

/* ---- packing ---- */
static void append_clean(GString *to, const char *text)
{
    gsize len = MIN(strlen(text), (gsize)TEXT_MAX);
    for (gsize i = 0; i < len; i++)
        g_string_append_c(to, text[i] >= 0x1d && text[i] <= 0x1f ? ' ' : text[i]);
}

char *people_pack(const GPtrArray *people)
{
    GString *packed = g_string_new(NULL);
    for (guint i = 0; people && i < people->len && packed->len < PEOPLE_MAX; i++) {
        const Address *a = people->pdata[i];
        append_clean(packed, a->name);
        g_string_append_c(packed, 0x1f);
        append_clean(packed, a->address);
        g_string_append_c(packed, 0x1e);
    }
    return g_string_free(packed, FALSE);
}

GPtrArray *people_unpack(const char *packed)
{
    GPtrArray *people = g_ptr_array_new_with_free_func((GDestroyNotify)address_free);
    const char *end;
    for (const char *p = packed; (end = strchr(p, 0x1e)); p = end + 1) {
        const char *middle = memchr(p, 0x1f, (gsize)(end - p));
        if (!middle)
            break;
        g_autofree char *name = g_strndup(p, (gsize)(middle - p));
        g_autofree char *address = g_strndup(middle + 1, (gsize)(end - middle - 1));
        g_ptr_array_add(people, address_new(name, address));
    }
    return people;
}

/* sender, reply_to, followup_to, bcc, list_id, list_post, 0x1d between. */
static char *extra_pack(const Envelope *e)
{
    const GPtrArray *lists[] = {e->sender, e->reply_to, e->followup_to, e->bcc};
    GString *packed = g_string_new(NULL);
    for (guint i = 0; i < G_N_ELEMENTS(lists); i++) {
        g_autofree char *one = people_pack(lists[i]);
        g_string_append(packed, one);
        g_string_append_c(packed, 0x1d);
    }
    append_clean(packed, e->list_id);
    g_string_append_c(packed, 0x1d);
    append_clean(packed, e->list_post);
    return g_string_free(packed, FALSE);
}

static char *references_pack(const GPtrArray *references)
{
    GString *packed = g_string_new(NULL);
    guint from = references->len > REFERENCES_MAX ? references->len - REFERENCES_MAX : 0;
    for (guint i = from; i < references->len && packed->len < PEOPLE_MAX; i++) {
        if (packed->len)
            g_string_append_c(packed, ' ');
        append_clean(packed, references->pdata[i]);
    }
    return g_string_free(packed, FALSE);
}

static char *cut(const char *text, gsize limit)
{
    gsize len = strlen(text);
    if (len <= limit)
        return g_strdup(text);
    while (limit > 0 && ((guchar)text[limit] & 0xc0) == 0x80)
        limit--;
    return g_strndup(text, limit);
}

/* ---- identity ---- */
static gint64 hash_of(const char *tag, const char *text)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_checksum_update(sum, (const guchar *)tag, 1);
    g_checksum_update(sum, (const guchar *)text, (gssize)strlen(text));
    guint8 digest[32];
    gsize len = sizeof digest;
    g_checksum_get_digest(sum, digest, &len);
    gint64 hash;
    memcpy(&hash, digest, sizeof hash);
    return GINT64_FROM_LE(hash);
}

gint64 message_id_hash(const char *message_id)
{
    return hash_of("i", message_id);
}

gint64 message_hash(const Envelope *e)
{
    if (*e->message_id)
        return message_id_hash(e->message_id);
    const Address *from = e->from->len ? e->from->pdata[0] : NULL;
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT "\n%s\n%s", e->date,
                                            from ? from->address : "", e->subject);
    return hash_of("h", text);
}

/* ---- rows ---- */
/* Date, or arrival where that is missing, before mail existed, or in the future. */
static gint64 list_date(gint64 date, gint64 received)
{
    return date <= 0 || date > received + 2 * DAY ? received : date;
}

static const char *label(const GPtrArray *people)
{
    return people->len ? address_label(people->pdata[0]) : "";
}

/* What AUTOINCREMENT would give: known before the row is made, because the thread may be called so. */
static gint64 next_id(Store *s)
{
    return 1 + db_number(&s->db, 0, "SELECT seq FROM sqlite_sequence WHERE name = 'message'", "");
}

gint64 message_insert(Store *s, gint64 account, const Envelope *e, guint64 size, gint64 received,
                      gboolean partial)
{
    if (received <= 0)
        received = date_now();
    g_autofree char *from = people_pack(e->from);
    g_autofree char *to = people_pack(e->to);
    g_autofree char *cc = people_pack(e->cc);
    g_autofree char *extra = extra_pack(e);
    g_autofree char *references = references_pack(e->references);
    g_autofree char *subject = cut(e->subject, TEXT_MAX);
    g_autofree char *message_id = cut(e->message_id, TEXT_MAX);
    g_autofree char *parent = cut(e->in_reply_to, TEXT_MAX);
    g_autofree char *from_label = cut(label(e->from), TEXT_MAX);
    g_autofree char *to_label = cut(label(e->to), TEXT_MAX);
    const Address *author = e->from->len ? e->from->pdata[0] : NULL;
    g_autofree char *address = cut(author ? author->address : "", TEXT_MAX);
    gint64 id = next_id(s), loose = 0, date = list_date(e->date, received);
    gint64 thread = thread_assign(s, account, id, e, &loose);
    db_run(&s->db,
           "INSERT INTO message(id, thread, loose, account, mid_hash, message_id, in_reply_to, refs, date, sent,"
           " zone, received, size, subject, from_label, from_address, to_label, from_people, to_people,"
           " cc_people, extra, attachment, partial)"
           " VALUES(?, ?, nullif(?, 0), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
           "iiiiitttiiiiittttttttii", id, thread, loose, account, message_hash(e), message_id, parent, references,
           date, e->date, I64(e->zone_minutes), received, I64(size), subject, from_label, address, to_label, from,
           to, cc, extra, I64(e->has_attachment), I64(partial));
    if (loose)
        thread_connect(s, account, id, e, date, thread);
    index_enqueue(s, id, FALSE);
    return id;
}

void message_complete(Store *s, gint64 message, const Envelope *e, guint64 size)
{
    g_autofree char *extra = extra_pack(e);
    db_run(&s->db,
           "UPDATE message SET partial = 0, content = 0, size = ?, attachment = ?, extra = ?"
           " WHERE id = ?",
           "iiti", I64(size), I64(e->has_attachment), extra, message);
    db_run(&s->db, "UPDATE placement SET size = ? WHERE message = ?", "ii", I64(size), message);
    index_enqueue(s, message, FALSE);
}

void index_enqueue(Store *s, gint64 message, gboolean gone)
{
    db_run(&s->db, "INSERT INTO index_queue(message, gone) VALUES(?, ?)", "ii", message, I64(gone));
}

void message_collect(Store *s, gint64 message)
{
    if (db_number(&s->db, 0, "SELECT 1 FROM placement WHERE message = ? LIMIT 1", "i", message) ||
        db_number(&s->db, 0, "SELECT 1 FROM op WHERE message = ? LIMIT 1", "i", message) ||
        db_failed(&s->db))
        return;
    gint64 thread = db_number(&s->db, 0, "SELECT thread FROM message WHERE id = ?", "i", message);
    db_run(&s->db, "DELETE FROM message WHERE id = ?", "i", message);
    if (!db_number(&s->db, 0, "SELECT 1 FROM message WHERE thread = ? LIMIT 1", "i", thread))
        db_run(&s->db, "DELETE FROM thread_ref WHERE thread = ?", "i", thread);
    db_run(&s->db, "UPDATE uidl SET message = 0 WHERE message = ? AND message <> 0", "i", message);
    index_enqueue(s, message, TRUE);
}

/* ---- reading ---- */
static void replace_people(GPtrArray **list, const char *packed)
{
    g_ptr_array_unref(*list);
    *list = people_unpack(packed);
}

static void replace_text(char **text, const char *with)
{
    g_free(*text);
    *text = g_strdup(with);
}

static void unpack_extra(Envelope *e, const char *packed)
{
    g_auto(GStrv) fields = g_strsplit(packed, "\x1d", 6);
    if (g_strv_length(fields) != 6)
        return;
    GPtrArray **lists[] = {&e->sender, &e->reply_to, &e->followup_to, &e->bcc};
    for (guint i = 0; i < G_N_ELEMENTS(lists); i++)
        replace_people(lists[i], fields[i]);
    replace_text(&e->list_id, fields[4]);
    replace_text(&e->list_post, fields[5]);
}

Envelope *envelope_from_row(Store *s, gint64 message)
{
    sqlite3_stmt *st = db_query(&s->db,
                                "SELECT message_id, in_reply_to, refs, sent, zone, subject,"
                                " from_people, to_people, cc_people, extra, attachment"
                                " FROM message WHERE id = ?",
                                "i", message);
    if (!db_step(&s->db, st))
        return NULL;
    Envelope *e = envelope_parse("", 0);
    replace_text(&e->message_id, db_peek(st, 0));
    replace_text(&e->in_reply_to, db_peek(st, 1));
    g_auto(GStrv) references = g_strsplit(db_peek(st, 2), " ", -1);
    g_ptr_array_set_size(e->references, 0);
    for (char **r = references; *r; r++) {
        if (**r)
            g_ptr_array_add(e->references, g_strdup(*r));
    }
    e->date = db_int(st, 3);
    e->zone_minutes = (int)db_int(st, 4);
    replace_text(&e->subject, db_peek(st, 5));
    replace_people(&e->from, db_peek(st, 6));
    replace_people(&e->to, db_peek(st, 7));
    replace_people(&e->cc, db_peek(st, 8));
    unpack_extra(e, db_peek(st, 9));
    e->has_attachment = db_int(st, 10) != 0;
    db_reset(st);
    return e;
}

char *message_file(Store *s, gint64 message)
{
    g_autofree char *waiting = db_string(&s->db,
                                         "SELECT file FROM op WHERE message = ? AND kind = 4"
                                         " AND file IS NOT NULL ORDER BY id LIMIT 1",
                                         "i", message);
    if (waiting)
        return home_path(s->home, waiting);
    g_autofree char *found = NULL;
    gint64 folder = 0;
    sqlite3_stmt *st = db_query(&s->db,
                                "SELECT folder, file FROM placement WHERE message = ?"
                                " AND file IS NOT NULL ORDER BY id LIMIT 1",
                                "i", message);
    if (db_step(&s->db, st)) {
        folder = db_int(st, 0);
        found = db_text(st, 1);
        db_reset(st);
    }
    if (!found)
        return NULL;
    g_autofree char *maildir = folder_maildir(s, folder);
    return maildir ? g_build_filename(maildir, found, NULL) : NULL;
}

/* The header of a file, at most 256 KiB of it; NULL: not readable. */
static Envelope *envelope_of_file(const char *path)
{
    g_autoptr(GBytes) bytes = file_read(path, BODY_LIMIT, NULL);
    if (!bytes)
        return NULL;
    gsize len;
    const char *at = g_bytes_get_data(bytes, &len);
    return envelope_parse(at, MIN(len, 262144));
}

Envelope *message_envelope(Store *s, gint64 message, GError **err)
{
    g_autoptr(Envelope) e = NULL;
    g_autofree char *path = message_file(s, message);
    if (path)
        e = envelope_of_file(path);
    if (!e && db_number(&s->db, 0, "SELECT content & 9 FROM message WHERE id = ?", "i", message)) {
        g_autoptr(GBytes) header = body_get(s, message, "HEADER", NULL);
        if (header) {
            gsize len;
            const char *at = g_bytes_get_data(header, &len);
            e = envelope_parse(at, len);
        }
    }
    if (!e)
        e = envelope_from_row(s, message);
    if (!db_ok(&s->db, err))
        return NULL;
    if (!e)
        error_set(err, PINTAIL_ERROR_GONE, _("that message is not there any more"));
    return g_steal_pointer(&e);
}

gint64 placement_by_message_id(Store *s, gint64 account, const char *message_id)
{
    gint64 found = db_number(&s->db, 0,
                             "SELECT p.id FROM message m CROSS JOIN placement p ON p.message = m.id"
                             " WHERE m.account = ? AND m.mid_hash = ? AND m.message_id = ?"
                             " ORDER BY p.shown DESC, p.id LIMIT 1",
                             "iit", account, message_id_hash(message_id), message_id);
    db_ok(&s->db, NULL);
    return found;
}

guint64 message_size(Store *s, gint64 message)
{
    gint64 size = db_number(&s->db, 0, "SELECT size FROM message WHERE id = ?", "i", message);
    db_ok(&s->db, NULL);
    return (guint64)MAX(size, 0);
}
