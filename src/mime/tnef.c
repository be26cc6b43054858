/* tnef.c - see tnef.h. A flat list of attributes, each with a length; the attributes of the message
 * come first, then those of one attachment after the other. MAPI properties are inside some of them.
 * Nothing is copied but the text: files are slices of the stream. */
#include "tnef.h"
#include <string.h>
#include "charset.h"
#include "compose.h"

#define SIGNATURE 0x223e9f78u
#define FILES_MAX 1000
#define PROPERTIES_MAX 5000
#define VALUES_MAX 10000

enum {
    ATTRIBUTE_BODY = 0x0002800c,
    ATTRIBUTE_MAPI = 0x00069003,
    ATTRIBUTE_CODEPAGE = 0x00069007,
    ATTRIBUTE_FILE_BEGINS = 0x00069002,
    ATTRIBUTE_FILE_TITLE = 0x00018010,
    ATTRIBUTE_FILE_DATA = 0x0006800f,
    ATTRIBUTE_FILE_MAPI = 0x00069005,
};

enum {
    PROPERTY_BODY = 0x1000,
    PROPERTY_RTF = 0x1009,
    PROPERTY_HTML = 0x1013,
    PROPERTY_CODEPAGE = 0x3fde,
    PROPERTY_DATA = 0x3701,
    PROPERTY_SHORT_NAME = 0x3704,
    PROPERTY_METHOD = 0x3705,
    PROPERTY_LONG_NAME = 0x3707,
    PROPERTY_MIME_TAG = 0x370e,
    PROPERTY_CONTENT_ID = 0x3712,
    PROPERTY_DISPLAY_NAME = 0x3001,
};

#define METHOD_EMBEDDED 5

typedef struct {
    const guchar *at, *end;
} Bytes;

typedef struct {
    Span title, data, long_name, short_name, mime_tag, content_id, display_name;
    gboolean title_wide, long_wide, short_wide, tag_wide, id_wide, display_wide;
    guint32 method;
} File;

typedef struct {
    Part *part;
    GBytes *stream;
    const char *start;
    guint codepage;
    Span body, rtf, html;
    gboolean body_wide, html_wide;
    File file;
    gboolean in_file;
    guint files;
} Reader;

static gboolean take(Bytes *b, gsize n, Span *out)
{
    if ((gsize)(b->end - b->at) < n)
        return FALSE;
    *out = span_new((const char *)b->at, n);
    b->at += n;
    return TRUE;
}

static gboolean take_u16(Bytes *b, guint *out)
{
    if (b->end - b->at < 2)
        return FALSE;
    *out = b->at[0] | (guint)b->at[1] << 8;
    b->at += 2;
    return TRUE;
}

static gboolean take_u32(Bytes *b, guint32 *out)
{
    if (b->end - b->at < 4)
        return FALSE;
    *out = b->at[0] | (guint32)b->at[1] << 8 | (guint32)b->at[2] << 16 | (guint32)b->at[3] << 24;
    b->at += 4;
    return TRUE;
}

static gboolean skip_padded(Bytes *b, gsize n)
{
    Span ignored;
    return n <= G_MAXUINT32 && take(b, (n + 3) & ~(gsize)3, &ignored);
}

/* ---- MAPI properties ---- */

typedef struct {
    guint type, id;
    Span value;     /* of a string, binary or object */
    guint32 number; /* of a short or long */
} Property;

/* Octets of one value in the stream; 0: it has a length of its own. */
static gsize fixed_size(guint type)
{
    switch (type) {
    case 0x0005: case 0x0006: case 0x0007: case 0x0014: case 0x0040: return 8;
    case 0x0048: return 16;
    case 0x000d: case 0x001e: case 0x001f: case 0x0102: return 0;
    default: return 4;
    }
}

static gboolean skip_name(Bytes *b)
{
    Span ignored;
    guint32 kind, n;
    if (!take(b, 16, &ignored) || !take_u32(b, &kind) || !take_u32(b, &n))
        return FALSE;
    return kind == 0 || skip_padded(b, n);
}

static gboolean next_property(Bytes *b, Property *p)
{
    guint32 count = 1, len;
    *p = (Property){0};
    if (!take_u16(b, &p->type) || !take_u16(b, &p->id) || (p->id >= 0x8000 && !skip_name(b)))
        return FALSE;
    gboolean many = p->type & 0x1000;
    guint type = p->type & 0x0fff;
    gsize size = fixed_size(type);
    if ((many || size == 0) && (!take_u32(b, &count) || count > VALUES_MAX))
        return FALSE;
    for (guint32 i = 0; i < count; i++) {
        Span value;
        if (size > 0) {
            if (!take(b, size, &value))
                return FALSE;
            Bytes v = {(const guchar *)value.at, (const guchar *)value.at + size};
            take_u32(&v, &p->number);
            continue;
        }
        if (!take_u32(b, &len) || !take(b, len, &value))
            return FALSE;
        gsize odd = (4 - (len & 3)) & 3;
        b->at += MIN(odd, (gsize)(b->end - b->at));
        if (i == 0)
            p->value = value;
    }
    p->type = type;
    return TRUE;
}

static void message_property(Reader *r, const Property *p)
{
    gboolean wide = p->type == 0x001f;
    if (p->id == PROPERTY_BODY && r->body.len == 0) {
        r->body = p->value;
        r->body_wide = wide;
    } else if (p->id == PROPERTY_RTF) {
        r->rtf = p->value;
    } else if (p->id == PROPERTY_HTML) {
        r->html = p->value;
        r->html_wide = wide;
    } else if (p->id == PROPERTY_CODEPAGE && p->number) {
        r->codepage = p->number;
    }
}

static void file_property(Reader *r, const Property *p)
{
    File *f = &r->file;
    gboolean wide = p->type == 0x001f;
    const struct {
        guint id;
        Span *into;
        gboolean *wide;
    } texts[] = {
        {PROPERTY_LONG_NAME, &f->long_name, &f->long_wide},
        {PROPERTY_SHORT_NAME, &f->short_name, &f->short_wide},
        {PROPERTY_MIME_TAG, &f->mime_tag, &f->tag_wide},
        {PROPERTY_CONTENT_ID, &f->content_id, &f->id_wide},
        {PROPERTY_DISPLAY_NAME, &f->display_name, &f->display_wide},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        if (p->id == texts[i].id && p->value.len) {
            *texts[i].into = p->value;
            *texts[i].wide = wide;
        }
    }
    if (p->id == PROPERTY_METHOD)
        f->method = p->number;
    if (p->id == PROPERTY_DATA && p->value.len) {
        gboolean object = p->type == 0x000d && p->value.len > 16; /* behind the id of its interface */
        f->data = object ? span_new(p->value.at + 16, p->value.len - 16) : p->value;
    }
}

static void read_properties(Reader *r, Span data)
{
    if (data.len == 0)
        return;
    Bytes b = {(const guchar *)data.at, (const guchar *)data.at + data.len};
    guint32 count;
    Property p;
    if (!take_u32(&b, &count))
        return;
    for (guint32 i = 0; i < MIN(count, PROPERTIES_MAX) && next_property(&b, &p); i++) {
        if (r->in_file)
            file_property(r, &p);
        else
            message_property(r, &p);
    }
}

/* ---- parts ---- */

static char *text_of(const Reader *r, Span s, gboolean wide)
{
    g_autofree char *page = g_strdup_printf("cp%u", r->codepage);
    const char *charset = wide ? "utf-16le" : r->codepage == 65001 ? "utf-8" : page;
    while (wide ? s.len >= 2 && !s.at[s.len - 1] && !s.at[s.len - 2] : s.len > 0 && !s.at[s.len - 1])
        s.len -= wide ? 2 : 1; /* its NUL */
    return charset_to_utf8(s, charset, NULL);
}

static Part *new_child(Reader *r, const char *type_take, GBytes *content_take)
{
    Part *child = tree_part_new(r->part);
    gsize len;
    g_free(child->type);
    child->type = (char *)type_take;
    child->content = content_take;
    const char *at = g_bytes_get_data(content_take, &len);
    child->body = span_new(at ? at : "", len);
    child->size = len;
    return child;
}

static void replace(char **into, char *value)
{
    g_free(*into);
    *into = value;
}

static GBytes *slice(const Reader *r, Span s)
{
    return s.len ? g_bytes_new_from_bytes(r->stream, (gsize)(s.at - r->start), s.len) : g_bytes_new(NULL, 0);
}

static void add_text(Reader *r, char *text_take, gboolean html)
{
    gsize len = strlen(text_take);
    Part *p = new_child(r, g_strdup(html ? "text/html" : "text/plain"), g_bytes_new_take(text_take, len));
    replace(&p->charset, g_strdup("utf-8"));
    replace(&p->disposition, g_strdup("inline"));
}

static char *media_type_of(const Reader *r, const File *f, const char *name)
{
    g_autofree char *tag = f->mime_tag.len ? text_of(r, f->mime_tag, f->tag_wide) : NULL;
    if (tag && strchr(tag, '/') && strspn(tag, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/.+-_") == strlen(tag) &&
        !g_str_has_prefix(tag, "multipart/") && !g_str_has_prefix(tag, "message/"))
        return g_ascii_strdown(tag, -1);
    return g_strdup(media_type_guess(name, f->data));
}

static void end_file(Reader *r)
{
    const File *f = &r->file;
    if (!r->in_file || r->files >= FILES_MAX)
        return;
    r->files++;
    g_autofree char *name = f->long_name.len      ? text_of(r, f->long_name, f->long_wide)
                            : f->title.len        ? text_of(r, f->title, FALSE)
                            : f->short_name.len   ? text_of(r, f->short_name, f->short_wide)
                            : f->display_name.len ? text_of(r, f->display_name, f->display_wide)
                                                  : g_strdup("");
    gboolean embedded = f->method == METHOD_EMBEDDED && f->data.len > 6;
    char *type = embedded ? g_strdup("application/ms-tnef") : media_type_of(r, f, name);
    Part *p = new_child(r, type, slice(r, f->data));
    replace(&p->name, g_steal_pointer(&name));
    replace(&p->disposition, g_strdup("attachment"));
    if (f->content_id.len)
        replace(&p->content_id, text_of(r, f->content_id, f->id_wide));
}

static void end_message(Reader *r)
{
    gboolean html = FALSE;
    if (r->body.len)
        add_text(r, text_of(r, r->body, r->body_wide), FALSE);
    if (r->html.len)
        add_text(r, text_of(r, r->html, r->html_wide), TRUE);
    if (r->rtf.len == 0 || r->html.len)
        return;
    g_autoptr(GString) rtf = rtf_decompress(r->rtf);
    char *text = rtf ? rtf_to_text(span_new(rtf->str, rtf->len), &html) : NULL;
    if (!text)
        return;
    if (html || r->body.len == 0)
        add_text(r, text, html);
    else
        g_free(text);
}

static void attribute(Reader *r, guint32 id, Span data)
{
    Bytes b = {(const guchar *)data.at, (const guchar *)data.at + data.len};
    guint32 page;
    switch (id) {
    case ATTRIBUTE_BODY:
        r->body = r->body.len ? r->body : data;
        break;
    case ATTRIBUTE_CODEPAGE:
        if (take_u32(&b, &page) && page)
            r->codepage = page;
        break;
    case ATTRIBUTE_FILE_BEGINS:
        if (r->in_file)
            end_file(r);
        else
            end_message(r);
        r->file = (File){0};
        r->in_file = TRUE;
        break;
    case ATTRIBUTE_FILE_TITLE:
        r->file.title = data;
        break;
    case ATTRIBUTE_FILE_DATA:
        if (r->file.data.len == 0)
            r->file.data = data;
        break;
    case ATTRIBUTE_MAPI:
        if (!r->in_file)
            read_properties(r, data);
        break;
    case ATTRIBUTE_FILE_MAPI:
        if (r->in_file)
            read_properties(r, data);
        break;
    default:
        break;
    }
}

gboolean tnef_expand(Part *p, GBytes *stream)
{
    gsize len;
    const char *at = g_bytes_get_data(stream, &len);
    if (!at)
        return FALSE;
    Bytes b = {(const guchar *)at, (const guchar *)at + len};
    guint32 word, id, size;
    guint key;
    if (!take_u32(&b, &word) || word != SIGNATURE || !take_u16(&b, &key))
        return FALSE;
    Reader r = {.part = p, .stream = stream, .start = at, .codepage = 1252};
    while (b.at < b.end) {
        Span data, checksum;
        b.at++; /* level: the attribute says as much */
        if (!take_u32(&b, &id) || !take_u32(&b, &size))
            break;
        gsize room = (gsize)(b.end - b.at);
        if (!take(&b, MIN(size, room), &data))
            break;
        attribute(&r, id, data); /* what was cut off is cut off */
        if (!take(&b, 2, &checksum))
            break;
    }
    if (r.in_file)
        end_file(&r);
    else
        end_message(&r);
    return TRUE;
}
