/* draft.c - drafts as such, as text for the editor, from stored messages and mailto:. */
#include <string.h>
#include "compose.h"
#include "pintail/mime/render.h"
#include "pintail/util/error.h"
#include "pintail/util/file.h"
#include "pintail/util/i18n.h"
#include "pintail/util/text.h"

static GPtrArray *addresses_new(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)address_free);
}

Draft *draft_new(const Address *from)
{
    Draft *d = g_new0(Draft, 1);
    d->from = from ? address_new(from->name, from->address) : address_new("", "");
    d->to = addresses_new();
    d->cc = addresses_new();
    d->bcc = addresses_new();
    d->reply_to = addresses_new();
    d->subject = g_strdup("");
    d->body = g_strdup("");
    d->attachments = g_ptr_array_new_with_free_func((GDestroyNotify)attachment_free);
    return d;
}

void attachment_free(Attachment *a)
{
    if (!a)
        return;
    g_free(a->path);
    g_free(a->type);
    g_free(a->name);
    g_clear_pointer(&a->content, g_bytes_unref);
    g_free(a);
}

void draft_free(Draft *d)
{
    if (!d)
        return;
    address_free(d->from);
    g_ptr_array_unref(d->to);
    g_ptr_array_unref(d->cc);
    g_ptr_array_unref(d->bcc);
    g_ptr_array_unref(d->reply_to);
    g_ptr_array_unref(d->attachments);
    g_clear_pointer(&d->references, g_ptr_array_unref);
    g_free(d->subject);
    g_free(d->body);
    g_free(d->message_id);
    g_free(d->in_reply_to);
    g_free(d);
}

void address_list_copy(GPtrArray *list, const GPtrArray *from)
{
    for (guint i = 0; i < from->len; i++) {
        const Address *a = g_ptr_array_index(from, i);
        g_ptr_array_add(list, address_new(a->name, a->address));
    }
}

static void put_list(GString *out, const char *name, const GPtrArray *list, gboolean always)
{
    if (list->len == 0 && !always)
        return;
    g_autofree char *text = address_list_format(list, FALSE);
    g_autofree char *line = compose_one_line(text);
    g_string_append_printf(out, "%s: %s\n", name, line);
}

char *draft_to_editor(const Draft *d, gboolean with_headers)
{
    GString *out = g_string_new(NULL);
    if (with_headers) {
        g_autofree char *from = address_format(d->from, FALSE);
        g_autofree char *from_line = compose_one_line(from);
        g_autofree char *subject = compose_one_line(d->subject);
        g_string_append_printf(out, "From: %s\n", from_line);
        put_list(out, "To", d->to, TRUE);
        put_list(out, "Cc", d->cc, TRUE);
        put_list(out, "Bcc", d->bcc, TRUE);
        put_list(out, "Reply-To", d->reply_to, FALSE);
        g_string_append_printf(out, "Subject: %s\n", subject);
        for (guint i = 0; i < d->attachments->len; i++) {
            const Attachment *a = g_ptr_array_index(d->attachments, i);
            if (a->path && !strpbrk(a->path, "\r\n"))
                g_string_append_printf(out, "Attach: %s\n", a->path);
        }
        g_string_append_c(out, '\n');
    }
    g_string_append(out, d->body);
    return g_string_free(out, FALSE);
}

/* What the header lines of the edited text say; swapped in only when all are good. */
typedef struct {
    Draft *d;
    GPtrArray *paths;
} Edited;

static gboolean set_field(Edited *e, const char *name, const char *value)
{
    struct {
        const char *name;
        GPtrArray *list;
    } lists[] = {
        {"To", e->d->to}, {"Cc", e->d->cc}, {"Bcc", e->d->bcc}, {"Reply-To", e->d->reply_to},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(lists); i++) {
        if (g_ascii_strcasecmp(name, lists[i].name) == 0) {
            g_autoptr(GPtrArray) more = address_list_parse(value, strlen(value));
            g_ptr_array_extend_and_steal(lists[i].list, g_steal_pointer(&more));
            return TRUE;
        }
    }
    if (g_ascii_strcasecmp(name, "From") == 0) {
        g_autoptr(GPtrArray) one = address_list_parse(value, strlen(value));
        address_free(e->d->from);
        const Address *a = one->len > 0 ? g_ptr_array_index(one, 0) : NULL;
        e->d->from = address_new(a ? a->name : "", a ? a->address : "");
    } else if (g_ascii_strcasecmp(name, "Subject") == 0) {
        g_free(e->d->subject);
        e->d->subject = compose_one_line(value);
    } else if (g_ascii_strcasecmp(name, "Attach") == 0) {
        if (*value)
            g_ptr_array_add(e->paths, g_strdup(value));
    } else {
        return FALSE;
    }
    return TRUE;
}

static const char *const field_names[] = {"From",    "To",      "Cc",     "Bcc",
                                          "Reply-To", "Subject", "Attach", NULL};

/* One logical header line ("Name: value", continuation lines joined). */
static gboolean read_line(Edited *e, const char *line, guint number, GError **err)
{
    const char *colon = strchr(line, ':');
    if (!colon) {
        error_set(err, PINTAIL_ERROR_INVALID,
                  _("line %u is no header line ('%s'); an empty line ends the header"), number,
                  line);
        return FALSE;
    }
    g_autofree char *name = g_strstrip(g_strndup(line, (gsize)(colon - line)));
    g_autofree char *value = g_strstrip(g_strdup(colon + 1));
    if (set_field(e, name, value))
        return TRUE;
    const char *near = text_nearest(name, field_names);
    if (near)
        error_set(err, PINTAIL_ERROR_INVALID, _("line %u: '%s' is not known here; '%s'?"), number,
                  name, near);
    else
        error_set(err, PINTAIL_ERROR_INVALID,
                  _("line %u: '%s' is not known here "
                    "(From, To, Cc, Bcc, Reply-To, Subject, Attach)"),
                  number, name);
    return FALSE;
}

static const char *read_header(Edited *e, const char *text, GError **err)
{
    const char *p = text;
    g_autoptr(GString) line = g_string_new(NULL);
    guint number = 0, first = 1;
    for (;;) {
        gsize n = strcspn(p, "\n");
        gboolean more = *p && (*p == ' ' || *p == '\t') && line->len > 0 &&
                        strspn(p, " \t\r") < n;
        number++;
        if (!more) {
            if (line->len > 0 && !read_line(e, line->str, first, err))
                return NULL;
            g_string_truncate(line, 0);
            first = number;
            if (strspn(p, " \t\r") >= n) /* the empty line, or the end */
                return p + n + (p[n] == '\n');
        }
        g_string_append_len(line, p, (gssize)n);
        p += n + (p[n] == '\n');
    }
}

static char *unix_lines(const char *text)
{
    GString *out = g_string_new(NULL);
    for (const char *p = text; *p; p++) {
        if (*p != '\r' || p[1] != '\n')
            g_string_append_c(out, *p);
    }
    char *valid = g_utf8_make_valid(out->str, (gssize)out->len);
    g_string_free(out, TRUE);
    return valid;
}

/* Attachments with a path become those that were listed; others stay. */
static void set_paths(Draft *d, const GPtrArray *paths)
{
    GPtrArray *kept = g_ptr_array_new_with_free_func((GDestroyNotify)attachment_free);
    for (guint i = 0; i < d->attachments->len; i++) {
        Attachment *a = g_ptr_array_index(d->attachments, i);
        gboolean listed = !a->path || strpbrk(a->path, "\r\n") ||
                          g_ptr_array_find_with_equal_func((GPtrArray *)paths, a->path,
                                                           g_str_equal, NULL);
        if (listed) {
            g_ptr_array_add(kept, a);
            d->attachments->pdata[i] = NULL;
        }
    }
    for (guint i = 0; i < paths->len; i++) {
        const char *path = g_ptr_array_index(paths, i);
        gboolean there = FALSE;
        for (guint k = 0; k < kept->len && !there; k++)
            there = g_strcmp0(((Attachment *)g_ptr_array_index(kept, k))->path, path) == 0;
        if (!there) {
            Attachment *a = g_new0(Attachment, 1);
            a->path = file_expand_home(path);
            g_ptr_array_add(kept, a);
        }
    }
    g_ptr_array_unref(d->attachments);
    d->attachments = kept;
}

#define SWAP(a, b)                                                                                 \
    do {                                                                                           \
        gpointer swapped = (a);                                                                    \
        (a) = (b);                                                                                 \
        (b) = swapped;                                                                             \
    } while (0)

gboolean draft_from_editor(Draft *d, const char *text, gboolean with_headers, GError **err)
{
    const char *body = text;
    if (with_headers) {
        g_autoptr(Draft) read = draft_new(NULL);
        g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
        Edited e = {read, paths};
        if (!(body = read_header(&e, text, err)))
            return FALSE;
        if (*read->from->address || *read->from->name)
            SWAP(d->from, read->from);
        SWAP(d->to, read->to);
        SWAP(d->cc, read->cc);
        SWAP(d->bcc, read->bcc);
        SWAP(d->reply_to, read->reply_to);
        SWAP(d->subject, read->subject);
        set_paths(d, paths);
    }
    g_free(d->body);
    d->body = unix_lines(body);
    return TRUE;
}

static void add_part(Draft *d, const Part *p)
{
    Attachment *a = g_new0(Attachment, 1);
    a->type = g_strdup(p->type);
    a->name = *p->name ? g_strdup(p->name) : NULL;
    a->content = part_decode(p->encoding, p->body);
    g_ptr_array_add(d->attachments, a);
}

static char *text_of(const Part *root)
{
    const Part *p = part_main_text(root, FALSE);
    if (!p)
        return g_strdup("");
    g_autofree char *text = part_text_of(p, p->body, NULL);
    gboolean html = strcmp(p->type, "text/html") == 0;
    if (!html && !p->flowed)
        return unix_lines(text);
    g_autoptr(Rendered) r = html ? render_html(text, strlen(text))
                                 : render_plain(text, strlen(text), p->flowed, p->delsp);
    return rendered_to_text(r);
}

Draft *draft_from_message(const char *message, gsize len, GError **err)
{
    if (len == 0) {
        error_set(err, PINTAIL_ERROR_INVALID, _("the message is empty"));
        return NULL;
    }
    g_autoptr(Envelope) e = envelope_parse(message, len);
    g_autoptr(Part) root = part_parse(message, len);
    Draft *d = draft_new(e->from->len > 0 ? g_ptr_array_index(e->from, 0) : NULL);
    address_list_copy(d->to, e->to);
    address_list_copy(d->cc, e->cc);
    address_list_copy(d->bcc, e->bcc);
    address_list_copy(d->reply_to, e->reply_to);
    g_free(d->subject);
    d->subject = compose_one_line(e->subject);
    if (*e->in_reply_to)
        d->in_reply_to = g_strdup(e->in_reply_to);
    if (e->references->len > 0) {
        d->references = g_ptr_array_new_with_free_func(g_free);
        for (guint i = 0; i < e->references->len; i++)
            g_ptr_array_add(d->references, g_strdup(g_ptr_array_index(e->references, i)));
    }
    g_free(d->body);
    d->body = text_of(root);
    g_autoptr(GPtrArray) parts = part_attachments(root);
    for (guint i = 0; i < parts->len; i++) {
        const Part *p = g_ptr_array_index(parts, i), *up = p->parent;
        while (up && strncmp(up->type, "message/", 8) != 0)
            up = up->parent;
        if (!up || up == root) /* what is inside an enclosed message comes with it */
            add_part(d, p);
    }
    return d;
}

/* Percent-decoded (RFC 6068), NUL left out, always valid UTF-8. */
static char *percent_decode(const char *s, gsize len)
{
    g_autoptr(GString) out = g_string_new(NULL);
    for (gsize i = 0; i < len; i++) {
        int high, low;
        if (s[i] == '%' && i + 2 < len && (high = g_ascii_xdigit_value(s[i + 1])) >= 0 &&
            (low = g_ascii_xdigit_value(s[i + 2])) >= 0) {
            if (high || low)
                g_string_append_c(out, (char)(high << 4 | low));
            i += 2;
        } else {
            g_string_append_c(out, s[i]);
        }
    }
    return g_utf8_make_valid(out->str, (gssize)out->len);
}

static void add_addresses(GPtrArray *list, const char *text)
{
    g_autofree char *line = compose_one_line(text);
    g_autoptr(GPtrArray) more = address_list_parse(line, strlen(line));
    g_ptr_array_extend_and_steal(list, g_steal_pointer(&more));
}

static void mailto_field(Draft *d, const char *name, const char *value)
{
    if (g_ascii_strcasecmp(name, "to") == 0) {
        add_addresses(d->to, value);
    } else if (g_ascii_strcasecmp(name, "cc") == 0) {
        add_addresses(d->cc, value);
    } else if (g_ascii_strcasecmp(name, "bcc") == 0) {
        add_addresses(d->bcc, value);
    } else if (g_ascii_strcasecmp(name, "subject") == 0) {
        g_free(d->subject);
        d->subject = compose_one_line(value);
    } else if (g_ascii_strcasecmp(name, "body") == 0) {
        g_autofree char *before = d->body;
        g_autofree char *more = unix_lines(value);
        d->body = *before ? g_strconcat(before, "\n", more, NULL) : g_strdup(more);
    } else if (g_ascii_strcasecmp(name, "in-reply-to") == 0) {
        g_free(d->in_reply_to);
        d->in_reply_to = compose_clean_id(value);
    }
}

Draft *draft_from_mailto(const char *url, GError **err)
{
    if (g_ascii_strncasecmp(url, "mailto:", 7) != 0) {
        error_set(err, PINTAIL_ERROR_INVALID, _("'%s' is no mailto: link"), url);
        return NULL;
    }
    Draft *d = draft_new(NULL);
    const char *p = url + 7;
    gsize n = strcspn(p, "?#");
    /* each address is decoded by itself: an encoded comma is no separator */
    const char *end = p + n;
    while (p < end) {
        gsize k = MIN(strcspn(p, ","), (gsize)(end - p));
        g_autofree char *one = percent_decode(p, k);
        add_addresses(d->to, one);
        p += k + (p + k < end);
    }
    p = end;
    while (*p == '?' || *p == '&') {
        p += g_str_has_prefix(p, "&amp;") ? 5 : 1; /* copied out of HTML */
        gsize k = strcspn(p, "&#");
        const char *equals = memchr(p, '=', k);
        if (equals) {
            g_autofree char *name = percent_decode(p, (gsize)(equals - p));
            g_autofree char *value = percent_decode(equals + 1, (gsize)(p + k - equals - 1));
            mailto_field(d, name, value);
        }
        p += k;
    }
    return d;
}
