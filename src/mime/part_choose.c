/* part_choose.c - which part is read, and which are attachments. */
#include "charset.h"
#include "pintail/mime/reading.h"
#include "tree.h"

static gboolean is(const Part *p, const char *type)
{
    return strcmp(p->type, type) == 0;
}

static gboolean is_attached(const Part *p)
{
    return strcmp(p->disposition, "attachment") == 0;
}

static gboolean is_message(const Part *p)
{
    return is(p, "message/rfc822") || is(p, "message/global");
}

/* Inside an enclosed message, seen from `root`? A root that is itself nothing but a
 * message counts as what it holds. */
static gboolean is_enclosed(const Part *p, const Part *root)
{
    while (is_message(root) && root->children->len > 0)
        root = g_ptr_array_index(root->children, 0);
    for (; p && p != root; p = p->parent) {
        if (p->parent && is_message(p->parent))
            return TRUE;
    }
    return FALSE;
}

gboolean part_is_empty(const Part *p)
{
    if (!p->body.at)
        return p->size <= 2;
    return p->body.len < 64 && span_trim(p->body).len == 0;
}

static gboolean in_alternative_with(const Part *a, const Part *b)
{
    const Part *x = a, *y = b;
    guint dx = tree_depth(x), dy = tree_depth(y);
    while (dx > dy) {
        x = x->parent;
        dx--;
    }
    while (dy > dx) {
        y = y->parent;
        dy--;
    }
    while (x != y) {
        x = x->parent;
        y = y->parent;
    }
    return is(x, "multipart/alternative");
}

/* 3: the wanted one of plain and HTML, 2: the other, 1: text of another kind or an
 * empty one, 0: not for reading. */
static int rank(const Part *p, gboolean prefer_html)
{
    if (strncmp(p->type, "text/", 5) != 0 || is_attached(p) ||
        p->encoding >= PART_ENCODING_UUENCODE)
        return 0;
    gboolean html = is(p, "text/html"), plain = is(p, "text/plain");
    if (is(p, "text/calendar") || is(p, "text/x-vcard") || is(p, "text/vcard"))
        return *p->name ? 0 : 1;
    if ((!html && !plain) || part_is_empty(p))
        return 1;
    return html == !!prefer_html ? 3 : 2;
}

const Part *part_main_text(const Part *root, gboolean prefer_html)
{
    const Part *best = NULL;
    int best_rank = 0;
    for (const Part *p = root; p; p = tree_next(p)) {
        int r = rank(p, prefer_html);
        if (r == 0 || is_enclosed(p, root))
            continue;
        if (!best || (r > best_rank && (best_rank == 1 || in_alternative_with(best, p)))) {
            best = p;
            best_rank = r;
        }
    }
    /* a multipart whose boundary never came: its text is all there is */
    if (!best && part_is_multipart(root) && root->children->len == 0)
        return root;
    return best;
}

/* Parts that belong to the structure and mean nothing to a reader. */
static gboolean is_machinery(const Part *p)
{
    static const char *const types[] = {
        "message/delivery-status",   "message/global-delivery-status",
        "message/disposition-notification", "text/rfc822-headers",
        "application/pgp-encrypted", "message/feedback-report",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
        if (is(p, types[i]))
            return !*p->name;
    }
    gboolean signature = is(p, "application/pgp-signature") ||
                         is(p, "application/pkcs7-signature") ||
                         is(p, "application/x-pkcs7-signature");
    return signature && !*p->name;
}

/* Text that is shown, or another form of what is shown, or belongs to an enclosed message. Any other
 * is listed, or nobody would ever see it. */
static gboolean is_read_elsewhere(const Part *p, const Part *root, const Part *plain, const Part *html,
                                  GHashTable *read)
{
    if (strncmp(p->type, "text/", 5) != 0 || is_attached(p) || *p->name || p->encoding >= PART_ENCODING_UUENCODE)
        return FALSE;
    return part_is_empty(p) || is_enclosed(p, root) || g_hash_table_contains(read, p) || (plain && in_alternative_with(p, plain)) ||
           (html && in_alternative_with(p, html));
}

static void add_read(GHashTable *to, const Part *root, gboolean prefer_html)
{
    g_autoptr(GArray) readings = part_reading(root, prefer_html);
    for (guint i = 0; i < readings->len; i++)
        if (g_array_index(readings, Reading, i).kind == READ_TEXT)
            g_hash_table_add(to, (gpointer)g_array_index(readings, Reading, i).part);
}

GPtrArray *part_attachments(const Part *root)
{
    GPtrArray *out = g_ptr_array_new();
    const Part *plain = part_main_text(root, FALSE), *html = part_main_text(root, TRUE);
    g_autoptr(GHashTable) read = g_hash_table_new(NULL, NULL);
    add_read(read, root, FALSE);
    add_read(read, root, TRUE);
    for (const Part *p = root; p; p = tree_next(p)) {
        if (part_is_multipart(p) || is_machinery(p) || p == plain || p == html)
            continue;
        if (is_message(p) && p == root)
            continue;
        if (is_read_elsewhere(p, root, plain, html, read))
            continue;
        g_ptr_array_add(out, (gpointer)p);
    }
    return out;
}

/* Text without the uuencoded files in it. */
static GBytes *without_children(const Part *p)
{
    GByteArray *out = g_byte_array_new();
    const char *at = p->body.at, *end = at + p->body.len;
    for (guint i = 0; i < p->children->len; i++) {
        const Part *child = g_ptr_array_index(p->children, i);
        g_byte_array_append(out, (const guint8 *)at, (guint)(child->body.at - at));
        at = child->body.at + child->body.len;
    }
    g_byte_array_append(out, (const guint8 *)at, (guint)(end - at));
    return g_byte_array_free_to_bytes(out);
}

char *part_text_of(const Part *p, Span body, const char **guessed)
{
    gboolean uu = p->children->len > 0 && body.at == p->body.at && is(p, "text/plain");
    PartEncoding encoding = part_is_multipart(p) ? PART_ENCODING_IDENTITY : p->encoding;
    g_autoptr(GBytes) bytes = uu ? without_children(p) : part_decode(encoding, body);
    gsize len;
    const char *data = g_bytes_get_data(bytes, &len);
    g_autofree char *meta = NULL;
    if (!*p->charset && is(p, "text/html"))
        meta = charset_of_html(span_new(data, len));
    return charset_to_utf8(span_new(data, len), meta ? meta : p->charset, guessed);
}
