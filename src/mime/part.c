/* part.c - a message to a tree of parts, in one pass.
 *
 * Lines are found with memchr(); only lines that begin with "--" are compared, with
 * the boundaries of all multiparts that are open, innermost first (RFC 2046 section
 * 5.1.2), so a boundary of an outer multipart ends whatever is inside. Nothing
 * recurses: the open multiparts are a stack of at most PART_DEPTH_MAX frames. */
#include "codec.h"
#include "header.h"
#include "tree.h"

#define GUESS_BYTES (64 * 1024)
#define BOUNDARY_MAX 200 /* RFC 2046 allows 70 */

typedef struct {
    Part *part;
    Span boundary; /* len 0: a message/rfc822, which has none */
    gboolean closed;
} Frame;

typedef struct {
    const char *start, *end;
    char eol;
    Frame frames[PART_DEPTH_MAX];
    guint depth;
    guint open; /* frames with a boundary that is not closed */
    guint count;
} Parser;

typedef struct {
    guint level;
    gboolean close;
    const char *line, *after;
} Delimiter;

static gboolean is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static const char *line_after(const Parser *p, const char *at)
{
    const char *nl = memchr(at, p->eol, (gsize)(p->end - at));
    return nl ? nl + 1 : p->end;
}

/* Is the rest of the line blank? */
static gboolean blank_to_end(const Parser *p, const char *at)
{
    while (at < p->end && *at != p->eol) {
        if (!is_blank(*at))
            return FALSE;
        at++;
    }
    return TRUE;
}

/* The boundary line at `line` (which begins with "--"). An exact match of any level goes
 * before one with something behind "--boundary--", which broken software writes. */
static gboolean delimiter_at(const Parser *p, const char *line, Delimiter *out)
{
    gsize room = (gsize)(p->end - line) - 2;
    gboolean found = FALSE;
    for (guint i = p->depth; i-- > 0;) {
        const Frame *f = &p->frames[i];
        if (f->boundary.len == 0 || f->closed || f->boundary.len > room ||
            memcmp(line + 2, f->boundary.at, f->boundary.len) != 0)
            continue;
        const char *tail = line + 2 + f->boundary.len;
        gboolean dashes = p->end - tail >= 2 && tail[0] == '-' && tail[1] == '-';
        if (blank_to_end(p, tail) || (dashes && blank_to_end(p, tail + 2))) {
            out->level = i;
            out->close = dashes;
            found = TRUE;
            break;
        }
        if (dashes && !found) {
            out->level = i;
            out->close = found = TRUE;
        }
    }
    out->line = line;
    return found;
}

static gboolean ends_header(const char *line, gpointer data)
{
    Delimiter d;
    return delimiter_at(data, line, &d);
}

/* The next boundary line at or after `at`, which begins a line. */
static gboolean find_delimiter(const Parser *p, const char *at, Delimiter *out)
{
    const char *end = p->end;
    if (p->open == 0)
        return FALSE;
    while (at < end) {
        if (*at == '-' && end - at > 2 && at[1] == '-' && delimiter_at(p, at, out)) {
            out->after = line_after(p, at);
            return TRUE;
        }
        const char *nl = memchr(at, p->eol, (gsize)(end - at));
        if (!nl)
            return FALSE;
        at = nl + 1;
    }
    return FALSE;
}

static void read_header(Part *p)
{
    HeaderCursor c = {p->header.at, p->header.at + p->header.len, '\n'};
    HeaderField f;
    gboolean type = FALSE, encoding = FALSE, disposition = FALSE;
    g_autofree char *location = NULL;
    c.eol = line_end_of(p->header.at, p->header.len);
    while (header_cursor_next(&c, &f)) {
        if (f.name.len < 10 || (f.name.at[0] | 0x20) != 'c' ||
            g_ascii_strncasecmp(f.name.at, "content-", 8) != 0)
            continue;
        Params params;
        if (!type && header_field_is(&f, "Content-Type")) {
            params_init(&params, f.value);
            tree_set_type(p, &params);
            params_clear(&params);
            type = TRUE;
        } else if (!disposition && header_field_is(&f, "Content-Disposition")) {
            params_init(&params, f.value);
            tree_set_disposition(p, &params);
            params_clear(&params);
            disposition = TRUE;
        } else if (!encoding && header_field_is(&f, "Content-Transfer-Encoding")) {
            params_init(&params, f.value);
            p->encoding = tree_encoding(params.main);
            params_clear(&params);
            encoding = TRUE;
        } else if (!*p->content_id && header_field_is(&f, "Content-ID")) {
            g_autofree char *raw = header_unfold(f.value);
            g_autofree char *valid = g_utf8_make_valid(raw, -1);
            char *open = strchr(valid, '<');
            g_free(p->content_id);
            p->content_id = open ? g_strndup(open + 1, strcspn(open + 1, ">")) : g_strdup(valid);
        } else if (!*p->description && header_field_is(&f, "Content-Description")) {
            g_free(p->description);
            p->description = header_decode(f.value.at, f.value.len);
        } else if (!location && header_field_is(&f, "Content-Location")) {
            location = header_decode(f.value.at, f.value.len);
        }
    }
    if (!*p->name && location && strcmp(p->disposition, "attachment") == 0) {
        const char *slash = strrchr(location, '/');
        g_free(p->name);
        p->name = g_strdup(slash ? slash + 1 : location);
    }
    tree_set_defaults(p);
}

/* Reads the header of the entity at `at` into a new part; its body begins at body.at. */
static Part *begin_part(Parser *parser, const char *at, Part *parent, gboolean is_message)
{
    Part *p = tree_part_new(parent);
    HeaderExtent x = header_find(at, parser->end, parser->eol, is_message,
                                 parser->open ? ends_header : NULL, parser);
    p->header = x.fields;
    p->body = span_new(x.body, 0);
    parser->count++;
    read_header(p);
    return p;
}

static gboolean is_message_type(const Part *p)
{
    return strcmp(p->type, "message/rfc822") == 0 || strcmp(p->type, "message/global") == 0;
}

static void end_part(Part *p, const char *end)
{
    /* a header that ran into a boundary: its last line end is the boundary's */
    p->header.at = MIN(p->header.at, end);
    p->header.len = MIN(p->header.len, (gsize)(end - p->header.at));
    p->body.at = MIN(p->body.at, end);
    p->body.len = (gsize)(end - p->body.at);
    p->size = p->body.len;
}

/* Where the content before a boundary line ends: its line end belongs to the boundary. */
static const char *before_line_end(const Parser *p, const char *line)
{
    const char *q = line;
    if (q > p->start && q[-1] == p->eol)
        q--;
    if (p->eol == '\n' && q > p->start && q[-1] == '\r')
        q--;
    return q;
}

/* Two boundary lines in a row, or one at the very end, make no part. */
static gboolean is_phantom(const Part *p, const char *line)
{
    return p->parent && p->body.at == p->header.at && p->body.at == line &&
           part_is_multipart(p->parent);
}

static void drop_part(Parser *parser, Part *p)
{
    g_ptr_array_remove_index(p->parent->children, p->parent->children->len - 1);
    parser->count--;
}

static void pop_frame(Parser *p, const char *end)
{
    Frame *f = &p->frames[--p->depth];
    if (f->boundary.len > 0 && !f->closed)
        p->open--;
    end_part(f->part, end);
}

/* A boundary for a multipart whose own is missing or never came: the first line that
 * begins with "--" and has a Content- field behind it. NULL when there is none near. */
static char *guess_boundary(const Parser *p, const char *at)
{
    const char *end = p->end - at > GUESS_BYTES ? at + GUESS_BYTES : p->end;
    while (at < end) {
        const char *next = line_after(p, at);
        if (end - at > 3 && at[0] == '-' && at[1] == '-' && p->end - next > 8 &&
            g_ascii_strncasecmp(next, "Content-", 8) == 0) {
            Span rest = span_trim(span_new(at + 2, (gsize)(next - at - 2)));
            return rest.len > 0 && rest.len <= BOUNDARY_MAX ? span_dup(rest) : NULL;
        }
        at = next;
    }
    return NULL;
}

/* Opens containers at `current` until a leaf; returns the innermost part. */
static Part *descend(Parser *p, Part *current)
{
    while (p->depth < PART_DEPTH_MAX && p->count < PART_COUNT_MAX) {
        gboolean nothing = current->parent && current->body.at == current->header.at;
        if (is_message_type(current) && current->encoding == PART_ENCODING_IDENTITY && !nothing) {
            p->frames[p->depth++] = (Frame){current, SPAN_NONE, FALSE};
            current = begin_part(p, current->body.at, current, TRUE);
        } else if (part_is_multipart(current) && *current->boundary) {
            p->frames[p->depth++] = (Frame){current, span_of(current->boundary), FALSE};
            p->open++;
            return NULL;
        } else {
            break;
        }
    }
    return current;
}

static void add_file(Parser *parser, Part *p, const UuFile *file, PartEncoding encoding)
{
    Part *child = tree_part_new(p);
    g_free(child->type);
    g_free(child->name);
    g_free(child->disposition);
    child->type = g_strdup("application/octet-stream");
    child->name = header_decode(file->name.at, file->name.len);
    child->disposition = g_strdup("attachment");
    child->encoding = encoding;
    child->header = span_new(file->whole.at, 0);
    child->body = file->whole;
    child->size = file->whole.len;
    parser->count++;
}

/* The same for yEnc; a text has files of one kind. */
static void find_yenc(Parser *parser, Part *p)
{
    UuFile file;
    gsize from = 0;
    if (strcmp(p->type, "text/plain") != 0 || p->encoding != PART_ENCODING_IDENTITY || p->children->len > 0)
        return;
    while (parser->count < PART_COUNT_MAX && parser->eol == '\n' && yenc_find(p->body, from, &file)) {
        add_file(parser, p, &file, PART_ENCODING_YENC);
        from = (gsize)(file.whole.at - p->body.at) + file.whole.len;
    }
}

/* Uuencoded files in plain text become its children, so that they can be saved. */
static void find_uuencoded(Parser *parser, Part *p)
{
    UuFile file;
    gsize from = 0;
    if (strcmp(p->type, "text/plain") != 0 || p->encoding != PART_ENCODING_IDENTITY)
        return;
    const char *at = p->body.at, *end = at + p->body.len;
    while (parser->count < PART_COUNT_MAX && parser->eol == '\n') {
        /* memmem is quick at passing over text; the line start is checked after it */
        const char *hit = memmem(at + from, p->body.len - from, "begin ", 6);
        if (!hit)
            return;
        from = (gsize)(hit - at) + 6;
        if ((hit != at && hit[-1] != '\n') || end - hit < 12 || !g_ascii_isdigit(hit[6]))
            continue;
        const char *nl = memchr(hit, '\n', (gsize)(end - hit));
        if (!nl || !uu_find(p->body, (gsize)(hit - at), &file) || file.whole.at != hit)
            continue;
        add_file(parser, p, &file, PART_ENCODING_UUENCODE);
        from = (gsize)(file.whole.at - at) + file.whole.len;
    }
}

static void end_leaf(Parser *parser, Part *leaf, const char *end)
{
    end_part(leaf, end);
    find_uuencoded(parser, leaf);
    find_yenc(parser, leaf);
}

static void parse_body(Parser *p, Part *root)
{
    Part *leaf = descend(p, root);
    const char *at = leaf ? leaf->body.at : p->frames[p->depth - 1].part->body.at;
    Delimiter d;
    while (find_delimiter(p, at, &d)) {
        const char *end = before_line_end(p, d.line);
        Part *owner = p->frames[d.level].part;
        if (leaf) {
            if (is_phantom(leaf, d.line))
                drop_part(p, leaf);
            else
                end_leaf(p, leaf, end);
            leaf = NULL;
        }
        while (p->depth > d.level + 1)
            pop_frame(p, end);
        at = d.after;
        if (d.close) {
            p->frames[d.level].closed = TRUE; /* what follows is its epilogue */
            p->open--;
        } else if (p->count < PART_COUNT_MAX) {
            leaf = descend(p, begin_part(p, at, owner, FALSE));
            at = leaf ? leaf->body.at : p->frames[p->depth - 1].part->body.at;
        }
    }
    if (leaf) {
        if (is_phantom(leaf, p->end))
            drop_part(p, leaf);
        else
            end_leaf(p, leaf, p->end);
    }
    while (p->depth > 0)
        pop_frame(p, p->end);
}

/* With `guess`, the root's boundary is what its body looks to have; NULL when it has none. */
static Part *parse(const char *message, gsize len, gboolean guess)
{
    g_autofree Parser *p = g_new0(Parser, 1);
    p->start = message ? message : "";
    p->end = p->start + (message ? len : 0);
    p->eol = line_end_of(p->start, (gsize)(p->end - p->start));
    Part *root = begin_part(p, p->start, NULL, TRUE);
    if (guess) {
        char *boundary = guess_boundary(p, root->body.at);
        if (!boundary) {
            part_free(root);
            return NULL;
        }
        g_free(root->boundary);
        root->boundary = boundary;
    }
    parse_body(p, root);
    tree_number(root);
    return root;
}

static Part *expand(Part *root)
{
    for (Part *p = root; p; p = tree_next(p)) {
        if (p->children->len > 0 || p->content || !part_is_tnef(p))
            continue;
        g_autoptr(GBytes) decoded = part_decode(p->encoding, p->body);
        part_expand(p, decoded);
    }
    return root;
}

Part *part_parse(const char *message, gsize len)
{
    Part *root = parse(message, len, FALSE);
    if (!part_is_multipart(root) || root->children->len > 0 || root->body.len == 0)
        return expand(root);
    Part *guessed = parse(message, len, TRUE);
    if (!guessed)
        return root;
    part_free(root);
    return expand(guessed);
}
