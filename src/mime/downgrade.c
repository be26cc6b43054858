/* downgrade.c - a whole message as content of another one.
 *
 * message/rfc822 may not be base64 or quoted-printable (RFC 2046 section 5.2.1), so a
 * message with 8-bit bytes is made 7-bit from the inside: bodies of its leaves are
 * encoded, raw 8-bit headers become encoded-words. All else stays as it is. */
#include "codec.h"
#include "compose.h"
#include "header.h"
#include "words.h"

static gboolean is_container(const Part *p)
{
    return p->children->len > 0 && strcmp(p->type, "text/plain") != 0;
}

static const Part *next_leaf(const Part *p)
{
    while (p && is_container(p))
        p = g_ptr_array_index(p->children, 0);
    return p;
}

static const Part *after_leaf(const Part *p)
{
    while (p && p->parent) {
        if (p->index + 1 < p->parent->children->len)
            return next_leaf(g_ptr_array_index(p->parent->children, p->index + 1));
        p = p->parent;
    }
    return NULL;
}

/* Bytes as they are, but CRLF at line ends, lines cut at 998 octets and no 8-bit:
 * for what is between parts (preambles) and in headers that are no fields. */
static void put_clean(GString *out, Span s, gboolean seven_bit)
{
    gsize column = 0;
    for (gsize i = 0; i < s.len; i++) {
        char c = s.at[i];
        if (c == '\r' && i + 1 < s.len && s.at[i + 1] == '\n')
            continue;
        if (c == '\n' || column >= 990) {
            g_string_append(out, "\r\n");
            column = 0;
            if (c == '\n')
                continue;
        }
        if (c == '\0' || c == '\r' || (seven_bit && (guchar)c >= 0x80))
            c = '?';
        g_string_append_c(out, c);
        column++;
    }
}

static gboolean is_address_field(Span name)
{
    static const char *const fields[] = {"From",     "To",     "Cc",          "Bcc",      "Sender",
                                         "Reply-To", "Resent-From", "Resent-To", "Resent-Cc",
                                         "Mail-Followup-To"};
    for (gsize i = 0; i < G_N_ELEMENTS(fields); i++) {
        if (span_is(name, fields[i]))
            return TRUE;
    }
    return FALSE;
}

static void put_field(GString *out, const HeaderField *f)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_append_printf(out, "%.*s: ", (int)f->name.len, f->name.at);
    if (is_address_field(f->name)) {
        g_autoptr(GPtrArray) list = address_list_parse(f->value.at, f->value.len);
        g_autofree char *formatted = address_list_format(list, TRUE);
        put_clean(out, span_of(formatted), TRUE);
    } else {
        gsize column = f->name.len + 2;
        words_decode(text, span_trim(f->value));
        words_encode(out, text->str, &column, FALSE);
    }
    g_string_append(out, "\r\n");
}

/* The header of an entity; with `encoding` its own Content-Transfer-Encoding is replaced. */
static void put_header(GString *out, Span header, const char *encoding, gboolean seven_bit)
{
    HeaderCursor c;
    HeaderField f;
    const char *at = header.at;
    if (header.len > 0) {
        header_cursor_init(&c, header);
        at = c.at;
        while (header_cursor_next(&c, &f)) {
            Span raw = span_new(at, (gsize)(c.at - at));
            at = c.at;
            if (encoding && header_field_is(&f, "Content-Transfer-Encoding"))
                continue;
            if (bytes_are_plain(raw, !seven_bit))
                put_clean(out, raw, seven_bit);
            else
                put_field(out, &f);
            if (out->len > 0 && out->str[out->len - 1] != '\n')
                g_string_append(out, "\r\n");
        }
    }
    if (encoding)
        g_string_append_printf(out, "Content-Transfer-Encoding: %s\r\n", encoding);
    g_string_append(out, "\r\n");
}

static void put_leaf(GString *out, const Part *p, gboolean seven_bit)
{
    gboolean plain = bytes_are_plain(p->body, !seven_bit);
    if (plain || p->encoding != PART_ENCODING_IDENTITY) {
        put_header(out, p->header, NULL, seven_bit);
        put_clean(out, p->body, seven_bit);
    } else if (g_str_has_prefix(p->type, "text/")) {
        put_header(out, p->header, "quoted-printable", seven_bit);
        qp_encode_text(out, p->body);
    } else {
        put_header(out, p->header, "base64", seven_bit);
        base64_encode_lines(out, p->body);
    }
}

/* Everything between the last thing written and a leaf: headers of containers, preambles,
 * boundary lines. Containers that begin there have their header written as such. */
static const char *put_between(GString *out, const char *at, const Part *leaf, gboolean seven_bit)
{
    const Part *chain[3 * PART_DEPTH_MAX];
    guint n = 0;
    for (const Part *p = leaf->parent; p && n < G_N_ELEMENTS(chain); p = p->parent) {
        if (p->header.at >= at)
            chain[n++] = p;
    }
    while (n-- > 0) {
        const Part *p = chain[n];
        put_clean(out, span_new(at, (gsize)(p->header.at - at)), seven_bit);
        put_header(out, p->header, NULL, seven_bit);
        at = p->body.at;
    }
    put_clean(out, span_new(at, (gsize)(leaf->header.at - at)), seven_bit);
    return leaf->header.at;
}

GBytes *downgrade_message(GBytes *message, gboolean seven_bit)
{
    gsize len;
    const char *data = g_bytes_get_data(message, &len);
    GString *out = g_string_sized_new(len + len / 16);
    Span all = span_new(data, len);
    if (bytes_are_plain(all, !seven_bit)) {
        put_clean(out, all, seven_bit);
        return g_string_free_to_bytes(out);
    }
    g_autoptr(Part) root = part_parse(data, len);
    /* an mbox From_ line and blanks before the header are left out */
    const char *at = root->header.at;
    for (const Part *leaf = next_leaf(root); leaf; leaf = after_leaf(leaf)) {
        at = put_between(out, at, leaf, seven_bit);
        put_leaf(out, leaf, seven_bit);
        at = leaf->body.at + leaf->body.len;
    }
    put_clean(out, span_new(at, (gsize)(data + len - at)), seven_bit);
    return g_string_free_to_bytes(out);
}
