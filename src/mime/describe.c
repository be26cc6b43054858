/* describe.c - see describe.h. */
#include "pintail/mime/describe.h"
#include <string.h>
#include "header.h"
#include "pintail/mime/json.h"
#include "pintail/mime/envelope.h"
#include "pintail/mime/reading.h"
#include "pintail/mime/render.h"
#include "pintail/util/date.h"
#include "pintail/util/text.h"
#include "charset.h"
#include "tree.h"

static gboolean is(const Part *p, const char *type)
{
    return strcmp(p->type, type) == 0;
}

static void put_text(GString *out, const char *name, const char *value)
{
    json_put_name(out, name);
    json_put_string(out, value, strlen(value));
}

static void put_people(GString *out, const char *name, const GPtrArray *list)
{
    json_put_name(out, name);
    g_string_append_c(out, '[');
    for (guint i = 0; i < list->len; i++) {
        const Address *a = list->pdata[i];
        json_put_comma(out);
        g_string_append_c(out, '{');
        put_text(out, "n", a->name);
        put_text(out, "a", a->address);
        g_string_append_c(out, '}');
    }
    g_string_append_c(out, ']');
}

static void put_texts(GString *out, const char *name, const GPtrArray *list)
{
    json_put_name(out, name);
    g_string_append_c(out, '[');
    for (guint i = 0; i < list->len; i++) {
        const char *s = list->pdata[i];
        json_put_comma(out);
        json_put_string(out, s, strlen(s));
    }
    g_string_append_c(out, ']');
}

/* RFC 3339 in the sender's own zone. */
static void put_date(GString *out, const Envelope *e)
{
    json_put_name(out, "date");
    gint64 local = e->date + (gint64)e->zone_minutes * 60;
    g_autoptr(GDateTime) t = e->date ? g_date_time_new_from_unix_utc(local) : NULL;
    g_autofree char *text = t ? g_date_time_format(t, "%Y-%m-%dT%H:%M:%S") : NULL;
    int zone = ABS(e->zone_minutes);
    if (text)
        g_string_append_printf(out, "\"%s%c%02d:%02d\"", text, e->zone_minutes < 0 ? '-' : '+', zone / 60, zone % 60);
    else
        g_string_append(out, "null");
}

static void put_envelope(GString *out, const Envelope *e)
{
    put_text(out, "subject", e->subject);
    put_people(out, "from", e->from);
    put_people(out, "to", e->to);
    put_people(out, "cc", e->cc);
    put_people(out, "bcc", e->bcc);
    put_people(out, "reply_to", e->reply_to);
    put_people(out, "sender", e->sender);
    put_text(out, "message_id", e->message_id);
    put_text(out, "in_reply_to", e->in_reply_to);
    put_texts(out, "references", e->references);
    put_date(out, e);
}

static gboolean is_message(const Part *p)
{
    return is(p, "message/rfc822") || is(p, "message/global");
}

static gboolean is_container(const Part *p)
{
    return part_is_multipart(p) || is_message(p);
}

/* multipart/mixed(text/plain,message/rfc822(text/plain)), in one walk. */
static char *tree_text(const Part *root)
{
    GString *out = g_string_new(NULL);
    guint open = 0;
    for (const Part *p = root; p; p = tree_next(p)) {
        if (p->parent && !is_container(p->parent))
            continue; /* uuencoded files, what is in a winmail.dat: no parts of the message */
        guint depth = tree_depth(p);
        for (; open > depth; open--)
            g_string_append_c(out, ')');
        if (p->parent && p->index > 0)
            g_string_append_c(out, ',');
        g_string_append(out, p->type);
        if (is_container(p) && p->children->len > 0) {
            g_string_append_c(out, '(');
            open++;
        }
    }
    for (; open > 0; open--)
        g_string_append_c(out, ')');
    return g_string_free(out, FALSE);
}

static void put_part(GString *out, const Part *p)
{
    g_autoptr(GBytes) bytes = is_message(p) && p->encoding == PART_ENCODING_UUENCODE
                                  ? part_decode(PART_ENCODING_IDENTITY, p->body) : part_decode(p->encoding, p->body);
    g_autofree char *sum = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, bytes);
    json_put_comma(out);
    g_string_append_c(out, '{');
    put_text(out, "type", p->type);
    put_text(out, "name", p->name);
    put_text(out, "disposition", p->disposition);
    put_text(out, "charset", p->charset);
    json_put_name(out, "size");
    g_string_append_printf(out, "%" G_GSIZE_FORMAT, g_bytes_get_size(bytes));
    put_text(out, "sha256", sum);
    put_text(out, "section", p->section);
    g_string_append_c(out, '}');
}

static void put_parts(GString *out, const Part *root)
{
    json_put_name(out, "parts");
    g_string_append_c(out, '[');
    for (const Part *p = root; p; p = tree_next(p))
        if (!part_is_multipart(p))
            put_part(out, p);
    g_string_append_c(out, ']');
}

/* The name, else the type: an attachment without a name is one all the same. */
static void put_attachments(GString *out, const Part *root)
{
    g_autoptr(GPtrArray) parts = part_attachments(root);
    json_put_name(out, "attachments");
    g_string_append_c(out, '[');
    for (guint i = 0; i < parts->len; i++) {
        const Part *p = parts->pdata[i];
        json_put_comma(out);
        json_put_string(out, p->name, strlen(p->name));
    }
    g_string_append_c(out, ']');
}

/* Line ends are LF; of format=flowed each paragraph is a line (RFC 3676). */
static char *plain_text(const Part *p, const char *text)
{
    GString *out = g_string_new(NULL);
    if (!p->flowed) {
        for (const char *s = text; *s; s++)
            if (s[0] != '\r' || s[1] != '\n')
                g_string_append_c(out, *s);
        return g_string_free(out, FALSE);
    }
    g_autoptr(Rendered) r = render_plain(text, strlen(text), TRUE, p->delsp);
    for (guint i = 0; i < r->lines->len; i++) {
        const RenderLine *l = r->lines->pdata[i];
        for (guint d = 0; d < l->quote_depth; d++)
            g_string_append_c(out, '>');
        g_string_append_printf(out, "%s%s\n", l->quote_depth ? " " : "", l->text);
    }
    return g_string_free(out, FALSE);
}

static void add_block(GString *to, const char *text)
{
    if (to->len > 0 && to->str[to->len - 1] != '\n')
        g_string_append_c(to, '\n');
    g_string_append(to, text);
}

/* The texts that are read, of plain text (any kind but HTML) or of HTML; what an alternative hides is not. */
static char *all_text(const Part *root, gboolean html)
{
    g_autoptr(GArray) readings = part_reading(root, html);
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < readings->len; i++) {
        const Reading *r = &g_array_index(readings, Reading, i);
        if (r->kind != READ_TEXT || is(r->part, "text/html") != html)
            continue;
        g_autofree char *text = part_text_of(r->part, r->part->body, NULL);
        g_autofree char *plain = html ? g_strdup(text) : plain_text(r->part, text);
        add_block(out, plain);
    }
    return g_string_free(out, FALSE);
}

static char *html_rendered(const Part *root)
{
    g_autoptr(GArray) readings = part_reading(root, TRUE);
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < readings->len; i++) {
        const Reading *r = &g_array_index(readings, Reading, i);
        if (r->kind != READ_TEXT || !is(r->part, "text/html"))
            continue;
        g_autofree char *text = part_text_of(r->part, r->part->body, NULL);
        g_autoptr(Rendered) rendered = render_html(text, strlen(text));
        g_autofree char *shown = rendered_to_text(rendered);
        add_block(out, shown);
    }
    return g_string_free(out, FALSE);
}

/* ---- warnings ---- */

static void warn(GPtrArray *out, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void warn(GPtrArray *out, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_ptr_array_add(out, g_strdup_vprintf(format, args));
    va_end(args);
}

static void warn_of_header(GPtrArray *out, const char *message, gsize len)
{
    static const char *const once[] = {"From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Subject", "Date",
                                       "Message-ID", "In-Reply-To", "References", "Content-Type",
                                       "Content-Transfer-Encoding", "MIME-Version"};
    guint seen[G_N_ELEMENTS(once)] = {0}, fields = 0;
    HeaderCursor c;
    HeaderField f;
    if (len == 0) {
        warn(out, "the message is empty");
        return;
    }
    header_cursor_init(&c, span_new(message, len));
    while (header_cursor_next(&c, &f)) {
        fields++;
        for (gsize i = 0; i < G_N_ELEMENTS(once); i++)
            if (header_field_is(&f, once[i]))
                seen[i]++;
    }
    if (fields == 0)
        warn(out, "there is no header");
    for (gsize i = 0; i < G_N_ELEMENTS(once); i++)
        if (seen[i] > 1)
            warn(out, "%s appears %u times", once[i], seen[i]);
    if (fields > 0 && !seen[0])
        warn(out, "there is no From");
}

static void warn_of_people(GPtrArray *out, const Envelope *e)
{
    for (guint i = 0; i < e->from->len; i++) {
        const Address *a = e->from->pdata[i];
        const char *at = strchr(a->name, '@');
        if (at && at > a->name && !g_str_equal(a->name, a->address) && !strstr(a->name, a->address))
            warn(out, "the display name '%s' looks like an address, but the address is '%s'", a->name, a->address);
        if (address_problem(a->address))
            warn(out, "From is no address that could be answered");
    }
    if (e->date == 0)
        warn(out, "there is no date that can be understood");
}

static gboolean is_closed(const Part *p)
{
    g_autofree char *end = g_strdup_printf("--%s--", p->boundary);
    return p->body.len > 0 && memmem(p->body.at, p->body.len, end, strlen(end));
}

static void warn_of_part(GPtrArray *out, const Part *p)
{
    const char *guessed = NULL;
    if (part_is_multipart(p)) {
        if (p->children->len == 0)
            warn(out, "%s has no parts", p->type);
        else if (!is_closed(p))
            warn(out, "%s is not closed: its end may be missing", p->type);
        return;
    }
    if (*p->charset && strncmp(p->type, "text/", 5) == 0 && !charset_is_known(p->charset))
        warn(out, "unknown charset '%s' in part %s", p->charset, p->section);
    if (strncmp(p->type, "text/", 5) != 0 || p->content || strcmp(p->disposition, "attachment") == 0)
        return;
    g_autofree char *text = part_text_of(p, p->body, &guessed);
    if (guessed && !*p->charset && g_strcmp0(guessed, "UTF-8") != 0)
        warn(out, "no charset is named in part %s: read as %s", p->section, guessed);
    if (*p->charset && !guessed && strstr(text, "\xEF\xBF\xBD"))
        warn(out, "part %s holds bytes that are not in its charset", p->section);
}

static GPtrArray *warnings_of(const char *message, gsize len, const Envelope *e, const Part *root)
{
    GPtrArray *out = g_ptr_array_new_with_free_func(g_free);
    warn_of_header(out, message, len);
    if (len > 0)
        warn_of_people(out, e);
    guint parts = 0;
    for (const Part *p = root; p; p = tree_next(p), parts++)
        if (out->len < 100)
            warn_of_part(out, p);
    if (parts >= PART_COUNT_MAX)
        warn(out, "there are more parts than are looked into");
    return out;
}

GPtrArray *message_warnings(const char *message, gsize len)
{
    g_autoptr(Envelope) e = envelope_parse(message, len);
    g_autoptr(Part) root = part_parse(message, len);
    return warnings_of(message, len, e, root);
}

char *message_to_json(const char *message, gsize len)
{
    g_autoptr(Envelope) e = envelope_parse(message, len);
    g_autoptr(Part) root = part_parse(message, len);
    g_autoptr(GPtrArray) warnings = warnings_of(message, len, e, root);
    g_autofree char *tree = tree_text(root), *text = all_text(root, FALSE);
    g_autofree char *html = all_text(root, TRUE), *html_text = html_rendered(root);
    GString *out = g_string_new("{");
    put_envelope(out, e);
    put_text(out, "type", root->type);
    put_text(out, "tree", tree);
    put_parts(out, root);
    put_attachments(out, root);
    put_text(out, "text", text);
    put_text(out, "html", html);
    put_text(out, "html_text", html_text);
    put_texts(out, "warnings", warnings);
    g_string_append_c(out, '}');
    return g_string_free(out, FALSE);
}
