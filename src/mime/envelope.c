/* envelope.c - see the contract. One pass over the fields; the first of each counts,
 * but To, Cc, Bcc and References are joined when a broken sender wrote several. */
#include "header.h"
#include "pintail/mime/envelope.h"
#include "pintail/mime/part.h"
#include "pintail/util/date.h"
#include "words.h"

#define REFERENCES_MAX 1000

static GPtrArray *address_array(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)address_free);
}

static void read_addresses(GPtrArray *into, Span value, gboolean join)
{
    if (into->len > 0 && !join)
        return;
    g_autoptr(GPtrArray) list = address_list_parse(value.at, value.len);
    g_ptr_array_extend_and_steal(into, g_steal_pointer(&list));
}

/* An id without blanks: folding inside <> is no part of it (RFC 5322 4.5.4). */
static char *clean_id(const char *at, gsize len)
{
    GString *id = g_string_sized_new(len);
    for (gsize i = 0; i < len; i++) {
        if ((guchar)at[i] > ' ' && at[i] != 0x7f)
            g_string_append_c(id, at[i]);
    }
    char *valid = g_utf8_make_valid(id->str, (gssize)id->len);
    g_string_free(id, TRUE);
    return valid;
}

/* All ids of a field, in order. Words outside <> count only when they look like an id
 * ("word@word") or, with `loose`, when there is nothing else. */
static void read_ids(GPtrArray *into, Span value, gboolean loose)
{
    const char *p = value.at, *end = p + value.len;
    guint before = into->len;
    if (value.len == 0)
        return;
    while (p < end && into->len < REFERENCES_MAX) {
        const char *open = memchr(p, '<', (gsize)(end - p));
        if (!open)
            break;
        const char *close = memchr(open, '>', (gsize)(end - open));
        const char *stop = close ? close : end;
        g_autofree char *id = clean_id(open + 1, (gsize)(stop - open - 1));
        char *again = strrchr(id, '<'); /* "<<id>" or a forgotten '>' */
        if (again)
            memmove(id, again + 1, strlen(again + 1) + 1);
        if (*id && (close || strchr(id, '@')))
            g_ptr_array_add(into, g_steal_pointer(&id));
        p = stop;
    }
    if (into->len > before)
        return;
    /* no brackets at all: words, those with an '@' first */
    g_autofree char *text = header_unfold(value);
    g_auto(GStrv) words = g_strsplit_set(text, " \t,<>", REFERENCES_MAX);
    for (gsize i = 0; words[i]; i++) {
        if (strchr(words[i], '@') && into->len < REFERENCES_MAX)
            g_ptr_array_add(into, clean_id(words[i], strlen(words[i])));
    }
    if (into->len == before && loose && words[0] && *text && !strpbrk(text, " \t<"))
        g_ptr_array_add(into, clean_id(text, strlen(text)));
}

static void read_id(char **into, Span value)
{
    if (**into)
        return;
    g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
    read_ids(ids, value, TRUE);
    if (ids->len == 0)
        return;
    g_free(*into);
    *into = g_strdup(g_ptr_array_index(ids, 0));
}

/* What is inside the last <>, else the whole. */
static char *inside_angles(Span value)
{
    g_autofree char *text = header_unfold(value);
    char *open = strrchr(text, '<'), *close = open ? strchr(open, '>') : NULL;
    char *inner = close ? g_strndup(open + 1, (gsize)(close - open - 1)) : g_strdup(text);
    char *valid = g_utf8_make_valid(g_strstrip(inner), -1);
    g_free(inner);
    return valid;
}

/* RFC 2369: a list of URLs in <>; the first mailto: counts, "NO" means none. */
static char *list_post(Span value)
{
    g_autofree char *text = header_unfold(value);
    for (char *p = strchr(text, '<'); p; p = strchr(p + 1, '<')) {
        if (g_ascii_strncasecmp(p + 1, "mailto:", 7) != 0)
            continue;
        g_autofree char *raw = g_strndup(p + 8, strcspn(p + 8, ">?"));
        char *address = g_uri_unescape_string(g_strstrip(raw), NULL);
        if (!address || !g_utf8_validate(address, -1, NULL) || address_problem(address)) {
            g_free(address);
            break;
        }
        return address;
    }
    return g_strdup("");
}

static gboolean type_suggests_attachment(Span value)
{
    Params p;
    params_init(&p, value);
    g_autofree char *type = g_ascii_strdown(p.main, -1);
    params_clear(&p);
    if (strcmp(type, "multipart/mixed") == 0)
        return TRUE;
    if (g_str_has_prefix(type, "application/"))
        return !strstr(type, "pkcs7-mime") && !strstr(type, "pgp-encrypted");
    return g_str_has_prefix(type, "image/") || g_str_has_prefix(type, "audio/") ||
           g_str_has_prefix(type, "video/") || strcmp(type, "message/rfc822") == 0;
}

static void read_subject(Envelope *e, Span value)
{
    if (*e->subject)
        return;
    GString *s = g_string_new(NULL);
    words_decode(s, span_trim(value));
    g_free(e->subject);
    e->subject = g_strstrip(g_string_free(s, FALSE));
}

static void read_date(Envelope *e, Span value)
{
    MailDate date;
    g_autofree char *text = header_unfold(value);
    if (e->date == 0 && date_parse(text, strlen(text), &date)) {
        e->date = date.seconds;
        e->zone_minutes = date.zone_minutes;
    }
}

static void replace(char **into, char *value)
{
    g_free(*into);
    *into = value;
}

static void read_field(Envelope *e, const HeaderField *f)
{
    struct {
        const char *name;
        GPtrArray *list;
        gboolean join;
    } lists[] = {
        {"From", e->from, FALSE},       {"Sender", e->sender, FALSE},
        {"Reply-To", e->reply_to, FALSE}, {"To", e->to, TRUE},
        {"Cc", e->cc, TRUE},            {"Bcc", e->bcc, TRUE},
        {"Mail-Followup-To", e->followup_to, FALSE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(lists); i++) {
        if (header_field_is(f, lists[i].name)) {
            read_addresses(lists[i].list, f->value, lists[i].join);
            return;
        }
    }
    if (header_field_is(f, "Subject"))
        read_subject(e, f->value);
    else if (header_field_is(f, "Date"))
        read_date(e, f->value);
    else if (header_field_is(f, "Message-ID"))
        read_id(&e->message_id, f->value);
    else if (header_field_is(f, "In-Reply-To"))
        read_id(&e->in_reply_to, f->value);
    else if (header_field_is(f, "References"))
        read_ids(e->references, f->value, TRUE);
    else if (header_field_is(f, "List-Id") && !*e->list_id)
        replace(&e->list_id, inside_angles(f->value));
    else if (header_field_is(f, "List-Post") && !*e->list_post)
        replace(&e->list_post, list_post(f->value));
    else if (header_field_is(f, "Content-Type"))
        e->has_attachment = e->has_attachment || type_suggests_attachment(f->value);
}

Envelope *envelope_parse(const char *header, gsize len)
{
    Envelope *e = g_new0(Envelope, 1);
    g_atomic_ref_count_init(&e->refs);
    e->subject = g_strdup("");
    e->message_id = g_strdup("");
    e->in_reply_to = g_strdup("");
    e->list_id = g_strdup("");
    e->list_post = g_strdup("");
    e->from = address_array();
    e->sender = address_array();
    e->reply_to = address_array();
    e->to = address_array();
    e->cc = address_array();
    e->bcc = address_array();
    e->followup_to = address_array();
    e->references = g_ptr_array_new_with_free_func(g_free);
    if (len == 0)
        return e;
    HeaderCursor c;
    HeaderField f;
    header_cursor_init(&c, span_new(header, len));
    while (header_cursor_next(&c, &f))
        read_field(e, &f);
    return e;
}

Envelope *envelope_ref(Envelope *e)
{
    g_atomic_ref_count_inc(&e->refs);
    return e;
}

void envelope_unref(Envelope *e)
{
    if (!e || !g_atomic_ref_count_dec(&e->refs))
        return;
    g_ptr_array_unref(e->from);
    g_ptr_array_unref(e->sender);
    g_ptr_array_unref(e->reply_to);
    g_ptr_array_unref(e->to);
    g_ptr_array_unref(e->cc);
    g_ptr_array_unref(e->bcc);
    g_ptr_array_unref(e->followup_to);
    g_ptr_array_unref(e->references);
    g_free(e->subject);
    g_free(e->message_id);
    g_free(e->in_reply_to);
    g_free(e->list_id);
    g_free(e->list_post);
    g_free(e);
}
