/* imap_body.c - BODYSTRUCTURE (RFC 3501 section 7.4.2, RFC 9051 section 7.5.2).
 *
 * Iterative, with a stack of at most IMAP_MAX_DEPTH open multiparts and messages and at most
 * MAX_PARTS parts. Real servers bend this grammar: NIL or an atom where a string belongs,
 * missing line counts, message/rfc822 without envelope are taken; anything else fails, and
 * the caller fetches the raw message instead. */
#include "imap_grammar.h"

#define MAX_PARTS  10000
#define MAX_PARAMS 200

typedef struct {
    ImapBody *body;
    char *prefix; /* of the sections of its children; "" at the top */
    gboolean message;
} Open;

typedef struct {
    Cursor *c;
    Open stack[IMAP_MAX_DEPTH];
    guint depth, parts;
    ImapBody *root;
} BodyParser;

static void clear_param(gpointer p)
{
    g_free(((ImapParam *)p)->name);
    g_free(((ImapParam *)p)->value);
}

void imap_body_free(ImapBody *b)
{
    if (!b)
        return;
    g_free(b->section);
    g_free(b->type);
    g_free(b->subtype);
    g_clear_pointer(&b->params, g_array_unref);
    g_free(b->id);
    g_free(b->description);
    g_free(b->encoding);
    g_free(b->disposition);
    g_clear_pointer(&b->disposition_params, g_array_unref);
    g_clear_pointer(&b->children, g_ptr_array_unref); /* as deep as the parser's stack */
    g_free(b);
}

const char *imap_body_param(const GArray *params, const char *name)
{
    for (guint i = 0; params && i < params->len; i++) {
        const ImapParam *p = &g_array_index(params, ImapParam, i);
        if (g_ascii_strcasecmp(p->name, name) == 0)
            return p->value;
    }
    return NULL;
}

/* NIL is NULL. */
static gboolean nstring(Cursor *c, gboolean lower, char **out)
{
    Span s;
    gboolean nil;
    imap_cursor_blanks(c);
    if (!imap_cursor_nstring(c, &s, &nil))
        return FALSE;
    if (!nil)
        *out = lower ? imap_dup_lower(s) : imap_dup(s);
    return TRUE;
}

static gboolean params(Cursor *c, GArray **out)
{
    imap_cursor_blanks(c);
    if (imap_cursor_word(c, "NIL"))
        return TRUE;
    if (!imap_cursor_char(c, '('))
        return FALSE;
    *out = g_array_new(FALSE, FALSE, sizeof(ImapParam));
    g_array_set_clear_func(*out, clear_param);
    for (;;) {
        Span name, value;
        gboolean nil;
        imap_cursor_blanks(c);
        if (imap_cursor_char(c, ')'))
            return TRUE;
        if (!imap_cursor_astring(c, &name))
            return FALSE;
        imap_cursor_blanks(c);
        if (!imap_cursor_nstring(c, &value, &nil))
            return FALSE;
        if ((*out)->len < MAX_PARAMS) {
            ImapParam p = {imap_dup_lower(name), imap_dup(value)};
            g_array_append_val(*out, p);
        }
    }
}

static gboolean number(Cursor *c, guint64 *out)
{
    gint64 value;
    imap_cursor_blanks(c);
    if (imap_cursor_word(c, "NIL"))
        return TRUE;
    if (!imap_cursor_number(c, &value))
        return FALSE;
    *out = imap_clamp64(value);
    return TRUE;
}

/* Disposition and whatever follows, up to and with the ')' of the part. */
static gboolean extension(Cursor *c, ImapBody *b)
{
    imap_cursor_blanks(c);
    if (imap_cursor_char(c, ')'))
        return TRUE;
    if (imap_cursor_char(c, '(')) {
        if (!nstring(c, TRUE, &b->disposition))
            return FALSE;
        imap_cursor_blanks(c);
        if (cursor_peek(c) != ')' && !params(c, &b->disposition_params))
            return FALSE;
        imap_cursor_blanks(c);
        if (!imap_cursor_char(c, ')'))
            return FALSE;
    } else if (!imap_cursor_skip(c)) {
        return FALSE;
    }
    for (;;) { /* language, location, and what later RFCs may add */
        imap_cursor_blanks(c);
        if (imap_cursor_char(c, ')'))
            return TRUE;
        if (!imap_cursor_skip(c))
            return FALSE;
    }
}

/* After the fields of its type: MD5, then the above. */
static gboolean extension_of_single(Cursor *c, ImapBody *b)
{
    imap_cursor_blanks(c);
    if (cursor_peek(c) != ')' && !imap_cursor_skip(c))
        return FALSE;
    return extension(c, b);
}

static gboolean extension_of_multipart(Cursor *c, ImapBody *b)
{
    char *subtype = NULL;
    if (!nstring(c, TRUE, &subtype))
        return FALSE;
    b->subtype = subtype ? subtype : g_strdup("mixed");
    imap_cursor_blanks(c);
    if (cursor_peek(c) != ')' && !params(c, &b->params))
        return FALSE;
    return extension(c, b);
}

/* A new body below the top of the stack, with its section. */
static ImapBody *add_body(BodyParser *p, gboolean multipart, char **prefix)
{
    ImapBody *b = g_new0(ImapBody, 1);
    if (p->depth == 0) {
        p->root = b;
        b->section = g_strdup(multipart ? "TEXT" : "1");
        *prefix = multipart ? g_strdup("") : g_strdup("1");
        return b;
    }
    const Open *top = &p->stack[p->depth - 1];
    ImapBody *parent = top->body;
    if (!parent->children)
        parent->children = g_ptr_array_new_with_free_func((GDestroyNotify)imap_body_free);
    g_ptr_array_add(parent->children, b);
    if (top->message && multipart) {
        b->section = g_strdup_printf("%s.TEXT", top->prefix);
        *prefix = g_strdup(top->prefix);
        return b;
    }
    b->section = g_strdup_printf("%s%s%u", top->prefix, *top->prefix ? "." : "",
                                 top->message ? 1 : parent->children->len);
    *prefix = g_strdup(b->section);
    return b;
}

static gboolean push(BodyParser *p, ImapBody *b, char *prefix_take, gboolean message)
{
    if (p->depth == IMAP_MAX_DEPTH) {
        g_free(prefix_take);
        return FALSE;
    }
    p->stack[p->depth++] = (Open){b, prefix_take, message};
    return TRUE;
}

static void pop(BodyParser *p)
{
    g_free(p->stack[--p->depth].prefix);
}

/* The fields that every single part has; the cursor is behind its '('. */
static gboolean single_fields(Cursor *c, ImapBody *b)
{
    char *type = NULL, *subtype = NULL;
    gboolean good = nstring(c, TRUE, &type) && nstring(c, TRUE, &subtype);
    b->type = type ? type : g_strdup("text");
    b->subtype = subtype ? subtype : g_strdup("plain");
    return good && params(c, &b->params) && nstring(c, FALSE, &b->id) &&
           nstring(c, FALSE, &b->description) && nstring(c, TRUE, &b->encoding) &&
           number(c, &b->size);
}

/* After the size of a message/rfc822: is there an envelope, and a body behind it? */
static gboolean enter_message(Cursor *c)
{
    Cursor p = *c;
    imap_cursor_blanks(&p);
    if (cursor_peek(&p) != '(' || !imap_cursor_skip(&p))
        return FALSE;
    imap_cursor_blanks(&p);
    if (cursor_peek(&p) != '(')
        return FALSE;
    *c = p;
    return TRUE;
}

/* One part up to its ')', or the beginning of one that holds others (then it is on the stack). */
static gboolean open_body(BodyParser *p, gboolean *entered)
{
    Cursor *c = p->c;
    char *prefix;
    imap_cursor_blanks(c);
    if (++p->parts > MAX_PARTS || !imap_cursor_char(c, '('))
        return FALSE;
    imap_cursor_blanks(c);
    *entered = cursor_peek(c) == '(';
    ImapBody *b = add_body(p, *entered, &prefix);
    if (*entered) {
        b->type = g_strdup("multipart");
        return push(p, b, prefix, FALSE);
    }
    if (!single_fields(c, b)) {
        g_free(prefix);
        return FALSE;
    }
    gboolean is_message = strcmp(b->type, "message") == 0 &&
                          (strcmp(b->subtype, "rfc822") == 0 || strcmp(b->subtype, "global") == 0);
    if (is_message && enter_message(c)) {
        *entered = TRUE;
        return push(p, b, prefix, TRUE);
    }
    g_free(prefix);
    imap_cursor_blanks(c);
    if (g_ascii_isdigit(cursor_peek(c)) && !number(c, &b->lines))
        return FALSE;
    return extension_of_single(c, b);
}

/* Closes what a finished part completes; *more: the next part of a multipart follows. */
static gboolean close_bodies(BodyParser *p, gboolean *more)
{
    Cursor *c = p->c;
    *more = FALSE;
    while (p->depth > 0) {
        const Open *top = &p->stack[p->depth - 1];
        imap_cursor_blanks(c);
        if (!top->message && cursor_peek(c) == '(') {
            *more = TRUE;
            return TRUE;
        }
        if (top->message) {
            if (g_ascii_isdigit(cursor_peek(c)) && !number(c, &top->body->lines))
                return FALSE;
            if (!extension_of_single(c, top->body))
                return FALSE;
        } else if (!extension_of_multipart(c, top->body)) {
            return FALSE;
        }
        pop(p);
    }
    return TRUE;
}

ImapBody *imap_parse_body(Cursor *c)
{
    BodyParser *p = g_new0(BodyParser, 1);
    p->c = c;
    gboolean good, more = TRUE, entered;
    do {
        good = open_body(p, &entered);
        if (good && !entered)
            good = close_bodies(p, &more);
    } while (good && more);
    while (p->depth > 0)
        pop(p);
    ImapBody *root = p->root;
    g_free(p);
    if (good)
        return root;
    imap_body_free(root);
    return NULL;
}
