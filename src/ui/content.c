/* content.c - see content.h. */
#include "content.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/text.h"

static Span bytes_span(GBytes *b)
{
    gsize len = 0;
    const char *at = g_bytes_get_data(b, &len);
    return span_new(at, len);
}

/* A winmail.dat that is here is looked into. */
static void open_containers(Content *c, Store *s)
{
    for (const Part *p = c->root; p; p = part_next(p)) {
        if (!part_is_tnef(p) || p->children->len > 0 || p->content)
            continue;
        g_autoptr(GBytes) decoded = content_part(c, s, p, NULL);
        if (decoded)
            part_expand((Part *)p, decoded);
    }
}

/* From the tree that an IMAP BODYSTRUCTURE gave. */
static Content *open_tree(Store *s, gint64 message, GError **err)
{
    g_autoptr(GError) failure = NULL;
    g_autoptr(GBytes) header = body_get(s, message, "HEADER", &failure);
    g_autoptr(GBytes) tree = header ? body_get(s, message, "TREE", &failure) : NULL;
    if (!tree) {
        if (failure)
            g_propagate_error(err, g_steal_pointer(&failure));
        return NULL;
    }
    g_autofree char *text = span_dup(bytes_span(tree));
    g_autoptr(Part) root = part_tree_from_text(text, err);
    if (!root)
        return NULL;
    Content *c = g_new0(Content, 1);
    c->message = message;
    c->header = g_steal_pointer(&header);
    c->root = g_steal_pointer(&root);
    open_containers(c, s);
    return c;
}

Content *content_open(Store *s, gint64 message, GError **err)
{
    g_autoptr(GError) failure = NULL;
    GBytes *whole = body_get(s, message, "", &failure);
    if (failure) {
        g_propagate_error(err, g_steal_pointer(&failure));
        return NULL;
    }
    if (!whole)
        return open_tree(s, message, err);
    Content *c = g_new0(Content, 1);
    c->message = message;
    c->whole = whole;
    Span all = bytes_span(whole);
    c->root = part_parse(all.at, all.len);
    c->header = g_bytes_new_from_bytes(whole, 0, c->root->header.at ? (gsize)(c->root->header.at - all.at) + c->root->header.len : 0);
    return c;
}

void content_free(Content *c)
{
    if (!c)
        return;
    part_free(c->root);
    g_bytes_unref(c->header);
    if (c->whole)
        g_bytes_unref(c->whole);
    g_free(c);
}

void content_set_charset(Content *c, const char *charset)
{
    for (const Part *at = c->root; at; at = part_next(at)) {
        Part *p = (Part *)at; /* the tree is this Content's own */
        if (!g_str_has_prefix(p->type, "text/"))
            continue;
        g_free(p->charset);
        p->charset = g_strdup(charset);
    }
}

char *content_source(const Content *c, Store *s, GError **err)
{
    Span all = bytes_span(c->whole ? c->whole : c->header);
    g_autoptr(GString) source = g_string_new_len(all.at, (gssize)all.len);
    for (const Part *p = c->whole ? NULL : c->root; p; p = part_next(p)) {
        if (part_is_multipart(p) || p->content)
            continue;
        g_autoptr(GBytes) body = body_get(s, c->message, content_section(p), err);
        if (err && *err)
            return NULL;
        g_string_append_printf(source, "\n[%s %s]\n", content_section(p), p->type);
        Span encoded = body ? bytes_span(body) : span_new("", 0);
        g_string_append_len(source, encoded.at, (gssize)encoded.len);
        if (!body)
            g_string_append(source, _("(not on this computer)"));
    }
    return text_make_valid(source->str, source->len);
}

const char *content_section(const Part *p)
{
    return *p->section ? p->section : "1"; /* a message of one part: RFC 3501 section 6.4.5 */
}

GBytes *content_part(const Content *c, Store *s, const Part *p, GError **err)
{
    if (c->whole || p->content)
        return part_decode(p->encoding, p->body);
    g_autoptr(GBytes) encoded = body_get(s, c->message, content_section(p), err);
    return encoded ? part_decode(p->encoding, bytes_span(encoded)) : NULL;
}

char *content_text(const Content *c, Store *s, const Part *p, GError **err)
{
    if (c->whole || p->content)
        return part_text_of(p, p->body, NULL);
    g_autoptr(GBytes) encoded = body_get(s, c->message, content_section(p), err);
    return encoded ? part_text_of(p, bytes_span(encoded), NULL) : NULL;
}
