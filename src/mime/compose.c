/* compose.c - a draft to the bytes of a message.
 *
 * Guarantees: CRLF line ends; no line longer than 998 octets; 7-bit unless 8-bit was
 * allowed; every value that goes into a header has lost its line ends, so none can
 * add a field; the boundary is not in the content; Bcc only when asked. */
#include "compose.h"
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include "codec.h"
#include "pintail/util/date.h"
#include "pintail/util/error.h"
#include "pintail/util/file.h"
#include "pintail/util/i18n.h"
#include "words.h"

#define ATTACHMENT_MAX ((gsize)256 * 1024 * 1024)
#define LINE_OCTETS_MAX 998

static void random_hex(char *out, gsize octets)
{
    static const char hex[] = "0123456789abcdef";
    guchar bytes[32];
    gsize have = 0;
    g_assert(octets <= sizeof bytes);
    while (have < octets) {
        gssize n = getrandom(bytes + have, octets - have, 0);
        if (n < 0 && errno != EINTR)
            g_error("getrandom: %s", g_strerror(errno)); /* no kernel we run on lacks it */
        have += n > 0 ? (gsize)n : 0;
    }
    for (gsize i = 0; i < octets; i++) {
        out[2 * i] = hex[bytes[i] >> 4];
        out[2 * i + 1] = hex[bytes[i] & 15];
    }
    out[2 * octets] = '\0';
}

char *compose_boundary(void)
{
    char random[33];
    random_hex(random, 16);
    return g_strconcat("=_", random, NULL); /* "=_" is in no base64 or quoted-printable */
}

char *compose_new_message_id(const char *address)
{
    char random[41];
    const char *at = address ? strrchr(address, '@') : NULL;
    g_autofree char *domain = at ? g_hostname_to_ascii(at + 1) : NULL;
    g_autofree char *clean = domain ? compose_clean_id(domain) : NULL;
    random_hex(random, 20);
    return g_strconcat(random, "@", clean && *clean ? clean : "localhost.invalid", NULL);
}

char *compose_clean_id(const char *id)
{
    GString *s = g_string_new(NULL);
    for (; *id; id++) {
        if ((guchar)*id > ' ' && *id != 0x7f && *id != '<' && *id != '>')
            g_string_append_c(s, *id);
    }
    return g_string_free(s, FALSE);
}

char *compose_one_line(const char *text)
{
    char *s = g_utf8_make_valid(text, -1);
    for (char *p = s; *p; p++) {
        if ((guchar)*p < ' ' || *p == 0x7f)
            *p = ' ';
    }
    return g_strstrip(s);
}

gboolean bytes_are_plain(Span s, gboolean allow_8bit)
{
    if (s.len == 0)
        return TRUE;
    const char *p = s.at, *end = s.at + s.len;
    while (p < end) {
        const char *nl = memchr(p, '\n', (gsize)(end - p));
        const char *stop = nl ? nl : end;
        if (stop - p > LINE_OCTETS_MAX)
            return FALSE;
        for (const char *q = p; q < stop; q++) {
            if (*q == '\0' || (*q == '\r' && q + 1 != nl) || (!allow_8bit && (guchar)*q >= 0x80))
                return FALSE;
        }
        p = nl ? nl + 1 : end;
    }
    return TRUE;
}

static void put_addresses(GString *out, const char *name, const GPtrArray *list)
{
    g_autoptr(GPtrArray) usable = g_ptr_array_new_with_free_func((GDestroyNotify)address_free);
    for (guint i = 0; i < list->len; i++) {
        const Address *a = g_ptr_array_index(list, i);
        if (!*a->address)
            continue;
        const char *at = strrchr(a->address, '@');
        g_autofree char *domain = at ? g_hostname_to_ascii(at + 1) : NULL;
        g_autofree char *whole = domain ? g_strdup_printf("%.*s@%s", (int)(at - a->address),
                                                          a->address, domain)
                                        : g_strdup(a->address);
        g_ptr_array_add(usable, address_new(a->name, whole));
    }
    if (usable->len == 0)
        return;
    g_autofree char *text = address_list_format(usable, TRUE);
    g_string_append_printf(out, "%s: %s\r\n", name, text);
}

static void put_ids(GString *out, const char *name, const GPtrArray *ids)
{
    g_string_append_printf(out, "%s:", name);
    for (guint i = 0; i < ids->len; i++) {
        g_autofree char *id = compose_clean_id(g_ptr_array_index(ids, i));
        if (*id && strlen(id) < LINE_OCTETS_MAX - 10)
            g_string_append_printf(out, "%s<%s>", i > 0 ? "\r\n " : " ", id);
    }
    g_string_append(out, "\r\n");
}

static void put_header(GString *out, Draft *d, ComposeFlags flags)
{
    g_autofree char *date = date_format_rfc5322(d->date ? d->date : date_now());
    g_autoptr(GPtrArray) from = g_ptr_array_new();
    if (!d->message_id || !*d->message_id) {
        g_free(d->message_id);
        d->message_id = compose_new_message_id(d->from->address);
    }
    g_ptr_array_add(from, d->from);
    g_string_append_printf(out, "Date: %s\r\n", date);
    put_addresses(out, "From", from);
    put_addresses(out, "To", d->to);
    put_addresses(out, "Cc", d->cc);
    if (flags & COMPOSE_KEEP_BCC)
        put_addresses(out, "Bcc", d->bcc);
    else if (d->to->len == 0 && d->cc->len == 0)
        g_string_append(out, "To: undisclosed-recipients:;\r\n");
    put_addresses(out, "Reply-To", d->reply_to);
    g_string_append(out, "Subject: ");
    gsize column = strlen("Subject: ");
    words_encode(out, d->subject ? d->subject : "", &column, FALSE);
    g_string_append(out, "\r\n");
    g_autofree char *id = compose_clean_id(d->message_id);
    g_string_append_printf(out, "Message-ID: <%s>\r\n", id);
    if (d->in_reply_to && *d->in_reply_to) {
        g_autofree char *parent = compose_clean_id(d->in_reply_to);
        g_string_append_printf(out, "In-Reply-To: <%s>\r\n", parent);
    }
    if (d->references && d->references->len > 0)
        put_ids(out, "References", d->references);
    g_string_append(out, "MIME-Version: 1.0\r\n");
}

static gboolean has_8bit(Span s)
{
    for (gsize i = 0; i < s.len; i++) {
        if ((guchar)s.at[i] >= 0x80)
            return TRUE;
    }
    return FALSE;
}

/* "From " at the start of a line is changed by mbox software on the way. */
static gboolean has_from_line(Span s)
{
    const char *p = s.at, *end = s.at + s.len;
    while ((p = memmem(p, (gsize)(end - p), "From ", 5))) {
        if (p == s.at || p[-1] == '\n')
            return TRUE;
        p += 5;
    }
    return FALSE;
}

static void put_crlf(GString *out, Span s)
{
    const char *p = s.at, *end = s.at + s.len;
    while (p < end) {
        const char *nl = memchr(p, '\n', (gsize)(end - p));
        gsize n = (gsize)((nl ? nl : end) - p);
        if (nl && n > 0 && p[n - 1] == '\r')
            n--;
        g_string_append_len(out, p, (gssize)n);
        if (!nl)
            break;
        g_string_append(out, "\r\n");
        p = nl + 1;
    }
}

/* Fields and body of a text part. `text` is UTF-8 (or ASCII) with LF or CRLF. */
static void put_text(GString *out, const char *type, Span text, gboolean allow_8bit)
{
    gboolean eight = has_8bit(text);
    gsize high = 0;
    for (gsize i = 0; i < text.len; i++)
        high += (guchar)text.at[i] >= 0x80;
    g_string_append_printf(out, "Content-Type: %s; charset=%s\r\n", type, eight ? "utf-8" : "us-ascii");
    if (bytes_are_plain(text, allow_8bit) && !has_from_line(text)) {
        g_string_append_printf(out, "Content-Transfer-Encoding: %s\r\n\r\n",
                               eight ? "8bit" : "7bit");
        put_crlf(out, text);
    } else if (high * 6 <= text.len) {
        g_string_append(out, "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
        qp_encode_text(out, text);
    } else {
        g_autoptr(GString) crlf = g_string_new(NULL);
        put_crlf(crlf, text);
        g_string_append(out, "Content-Transfer-Encoding: base64\r\n\r\n");
        base64_encode_lines(out, span_new(crlf->str, crlf->len));
    }
    if (out->len < 2 || out->str[out->len - 1] != '\n')
        g_string_append(out, "\r\n");
}

static GBytes *attachment_bytes(const Attachment *a, GError **err)
{
    if (a->content)
        return g_bytes_ref(a->content);
    g_autofree char *path = file_expand_home(a->path ? a->path : "");
    GError *cause = NULL;
    GBytes *bytes = file_read(path, ATTACHMENT_MAX, &cause);
    if (!bytes) {
        PintailErrorCode code =
            error_is(cause, PINTAIL_ERROR_GONE) ? PINTAIL_ERROR_GONE : PINTAIL_ERROR_STORE;
        error_set(err, code, _("cannot attach '%s': %s"), path, cause->message);
        g_error_free(cause);
    }
    return bytes;
}

/* A type that may stand in a header: what a file or a stored message says is not trusted. */
static gboolean type_is_valid(const char *type)
{
    const char *slash = type ? strchr(type, '/') : NULL;
    if (!slash || slash == type || !slash[1] || strlen(type) > 120)
        return FALSE;
    for (const char *p = type; *p; p++) {
        if (!g_ascii_isalnum(*p) && !strchr("!#$&-^_.+", *p) && p != slash)
            return FALSE;
    }
    return TRUE;
}

static void put_disposition(GString *out, const char *name)
{
    g_string_append(out, "Content-Disposition: attachment");
    if (*name)
        params_encode(out, "filename", name);
    g_string_append(out, "\r\n");
}

/* The METHOD of an iCalendar object that means something to the recipient's program; or NULL. */
static char *calendar_method(const char *type, Span content)
{
    if (g_ascii_strcasecmp(type, "text/calendar") != 0 || content.len == 0)
        return NULL;
    const char *at = memmem(content.at, content.len, "\nMETHOD:", 8);
    gsize n = 0, room = at ? content.len - (gsize)(at - content.at) - 8 : 0;
    while (n < room && n < 20 && g_ascii_isalpha(at[8 + n]))
        n++;
    return n > 0 ? g_strndup(at + 8, n) : NULL;
}

static gboolean put_attachment(GString *out, const Attachment *a, ComposeFlags flags, GError **err)
{
    g_autoptr(GBytes) bytes = attachment_bytes(a, err);
    if (!bytes)
        return FALSE;
    gsize len;
    const char *data = g_bytes_get_data(bytes, &len);
    g_autofree char *base = a->path ? g_path_get_basename(a->path) : g_strdup("");
    g_autofree char *name = compose_one_line(a->name && *a->name ? a->name : base);
    const char *type = type_is_valid(a->type) ? a->type
                                              : media_type_guess(name, span_new(data, len));
    gboolean allow_8bit = (flags & COMPOSE_ALLOW_8BIT) != 0;
    g_autofree char *method = calendar_method(type, span_new(data, len));
    g_autoptr(GString) extra = g_string_new(NULL);
    if (method) /* RFC 6047 section 2.4: shown, not attached, and the method said in the type too */
        g_string_append_printf(extra, "; method=%s", method);
    else
        put_disposition(out, name);
    if (*name) /* programs that know no Content-Disposition look here */
        params_encode(extra, "name", name);
    if (g_ascii_strcasecmp(type, "message/rfc822") == 0) {
        g_autoptr(GBytes) inner = downgrade_message(bytes, !allow_8bit);
        gsize n;
        const char *text = g_bytes_get_data(inner, &n);
        g_string_append_printf(out, "Content-Type: message/rfc822%s\r\n", extra->str);
        g_string_append_printf(out, "Content-Transfer-Encoding: %s\r\n\r\n",
                               has_8bit(span_new(text, n)) ? "8bit" : "7bit");
        g_string_append_len(out, text, (gssize)n);
        if (n == 0 || text[n - 1] != '\n')
            g_string_append(out, "\r\n");
    } else { /* base64 for text too: as text its line ends would become CRLF for good */
        gboolean multipart = g_ascii_strncasecmp(type, "multipart/", 10) == 0 ||
                             g_ascii_strncasecmp(type, "message/", 8) == 0;
        gboolean text = g_ascii_strncasecmp(type, "text/", 5) == 0 && len > 0 &&
                        g_utf8_validate(data, (gssize)len, NULL);
        const char *charset = !text ? "" : has_8bit(span_new(data, len)) ? "; charset=utf-8" : "; charset=us-ascii";
        g_string_append_printf(out, "Content-Type: %s%s%s\r\n",
                               multipart ? "application/octet-stream" : type, charset, extra->str);
        g_string_append(out, "Content-Transfer-Encoding: base64\r\n\r\n");
        base64_encode_lines(out, span_new(data, len));
    }
    return TRUE;
}

GBytes *compose_message(Draft *d, ComposeFlags flags, GError **err)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(GPtrArray) parts = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    gboolean allow_8bit = (flags & COMPOSE_ALLOW_8BIT) != 0;
    g_autofree char *body = g_utf8_make_valid(d->body ? d->body : "", -1);
    put_header(out, d, flags);
    if (d->attachments->len == 0) {
        put_text(out, "text/plain", span_of(body), allow_8bit);
        return g_string_free_to_bytes(g_steal_pointer(&out));
    }
    GString *text = g_string_new(NULL);
    put_text(text, "text/plain", span_of(body), allow_8bit);
    g_ptr_array_add(parts, g_string_free_to_bytes(text));
    for (guint i = 0; i < d->attachments->len; i++) {
        GString *part = g_string_new(NULL);
        gboolean ok = put_attachment(part, g_ptr_array_index(d->attachments, i), flags, err);
        g_ptr_array_add(parts, g_string_free_to_bytes(part));
        if (!ok)
            return NULL;
    }
    g_autofree char *boundary = NULL;
    for (gboolean clash = TRUE; clash;) {
        g_free(boundary);
        boundary = compose_boundary();
        clash = FALSE;
        for (guint i = 0; i < parts->len && !clash; i++) {
            gsize n;
            const char *p = g_bytes_get_data(g_ptr_array_index(parts, i), &n);
            clash = memmem(p, n, boundary, strlen(boundary)) != NULL;
        }
    }
    g_string_append_printf(out, "Content-Type: multipart/mixed; boundary=\"%s\"\r\n\r\n", boundary);
    for (guint i = 0; i < parts->len; i++) {
        gsize n;
        const char *p = g_bytes_get_data(g_ptr_array_index(parts, i), &n);
        g_string_append_printf(out, "--%s\r\n", boundary);
        g_string_append_len(out, p, (gssize)n);
        g_string_append(out, "\r\n"); /* the boundary's own (RFC 2046 section 5.1.1) */
    }
    g_string_append_printf(out, "--%s--\r\n", boundary);
    return g_string_free_to_bytes(g_steal_pointer(&out));
}
