/* html.c - gumbo within bounds.
 *
 * HTML's rules for misnested tags let a small document become a huge tree, and
 * gumbo frees a tree by recursion. So tags and nesting are estimated first, tags that are nested too
 * deeply are taken out before it sees them, all of
 * gumbo's memory is ours (a list of chunks, freed by walking the list, never by
 * gumbo), and when it asks for too much the parse is abandoned by longjmp(), which
 * leaks nothing because the list knows every chunk. */
#include "html.h"
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_MAX (8 * 1024 * 1024)
#define TAGS_MAX 300000
#define BYTES_FINE (512 * 1024) /* above, it may be pictures in data: URLs that make it large */
#define NESTING_MAX 400
#define NESTING_KEPT 300
#define MEMORY_BASE (16 * 1024 * 1024)
#define MEMORY_MAX (192 * 1024 * 1024)

/* Gumbo asks for very many small pieces. They are cut from chunks, by classes of 16, 32, ... 2048 bytes,
 * and given again from a list per class; larger ones have a chunk of their own. */
#define CLASSES 8
#define SMALLEST 16
#define CHUNK_FIRST (32 * 1024)
#define CHUNK (256 * 1024)

typedef struct Chunk {
    struct Chunk *next, **link; /* link points at what points here */
    gsize size;
    gsize pad; /* keeps what follows aligned as malloc() would */
} Chunk;

/* Before each piece. */
typedef union {
    guint class; /* CLASSES: it has a chunk of its own */
    char align[16];
} Piece;

struct HtmlTree {
    Chunk *chunks;
    char *at, *end; /* what is left of the newest chunk for small pieces */
    Piece *spare[CLASSES]; /* by the pointer that is in them */
    gsize used, limit;
    GString *pruned; /* what was parsed instead of what was given; NULL */
    GumboOutput *output;
    jmp_buf out_of_memory;
};

static void *new_chunk(HtmlTree *t, gsize size)
{
    if (size > t->limit || t->used + size > t->limit)
        longjmp(t->out_of_memory, 1);
    Chunk *c = g_malloc(sizeof *c + size);
    c->size = size;
    c->next = t->chunks;
    c->link = &t->chunks;
    if (c->next)
        c->next->link = &c->next;
    t->chunks = c;
    t->used += size + sizeof *c;
    return c + 1;
}

static void *tree_alloc(void *user, size_t size)
{
    HtmlTree *t = user;
    guint class = 0;
    while (class < CLASSES && (gsize)SMALLEST << class < size)
        class++;
    Piece *p;
    if (class == CLASSES) {
        if (size > t->limit)
            longjmp(t->out_of_memory, 1);
        p = new_chunk(t, sizeof *p + size);
    } else if (t->spare[class]) {
        p = t->spare[class];
        memcpy(&t->spare[class], p + 1, sizeof(void *));
    } else {
        gsize whole = sizeof *p + ((gsize)SMALLEST << class);
        if ((gsize)(t->end - t->at) < whole) {
            gsize chunk = t->chunks ? CHUNK : CHUNK_FIRST;
            t->at = new_chunk(t, chunk);
            t->end = t->at + chunk;
        }
        p = (Piece *)(void *)t->at;
        t->at += whole;
    }
    p->class = class;
    return p + 1;
}

static void tree_release(void *user, void *memory)
{
    HtmlTree *t = user;
    if (!memory)
        return;
    Piece *p = (Piece *)memory - 1;
    if (p->class < CLASSES) {
        memcpy(memory, &t->spare[p->class], sizeof(void *));
        t->spare[p->class] = p;
        return;
    }
    Chunk *c = (Chunk *)(void *)p - 1;
    *c->link = c->next;
    if (c->next)
        c->next->link = c->link;
    t->used -= c->size + sizeof *c;
    g_free(c);
}

/* Tags that never hold anything, or whose end is implied so often that counting them
 * as nesting would condemn ordinary mail. */
static gboolean nests(const char *name, gsize len)
{
    static const char *const flat[] = {"br", "img", "p",  "li",   "td",    "tr", "th", "hr", "meta",
                                       "link", "input", "col", "o:p", "option", "dd", "dt", "base",
                                       "area", "wbr", "tbody", "thead"};
    for (gsize i = 0; i < G_N_ELEMENTS(flat); i++) {
        if (strlen(flat[i]) == len && g_ascii_strncasecmp(name, flat[i], len) == 0)
            return FALSE;
    }
    return TRUE;
}

/* A tag's name at `p`, behind "<"; NULL when that is none. */
static const char *tag_name(const char *p, const char *end, gboolean *close, gsize *len)
{
    *close = p < end && *p == '/';
    const char *name = p + *close, *q = name;
    while (q < end && (g_ascii_isalnum(*q) || *q == ':'))
        q++;
    *len = (gsize)(q - name);
    return *len > 0 ? name : NULL;
}

typedef enum { COST_FINE, COST_PRUNE, COST_TOO_MUCH } Cost;

static Cost cost_of(const char *p, gsize len)
{
    const char *end = p + len;
    gsize tags = 0, depth = 0, name_len;
    gboolean close, deep = len > BYTES_FINE;
    while ((p = memchr(p, '<', (gsize)(end - p))) && ++p < end) {
        const char *name = tag_name(p, end, &close, &name_len);
        if (!name)
            continue;
        if (++tags > TAGS_MAX)
            return COST_TOO_MUCH;
        if (!nests(name, name_len))
            continue;
        if (close)
            depth -= depth > 0;
        else
            deep = ++depth > NESTING_MAX || deep;
    }
    return deep ? COST_PRUNE : COST_FINE;
}

/* "data:image/png;base64,…" in a tag: nothing of it is shown here, and it may be megabytes. */
static const char *behind_data(const char *p, const char *end)
{
    while (p < end && (g_ascii_isalnum(*p) || strchr("+/=;,:-%.", *p)))
        p++;
    return p;
}

/* A copy of one tag, "<" to ">", without what is in data: URLs. */
static const char *copy_tag(GString *out, const char *p, const char *end)
{
    const char *close = memchr(p, '>', (gsize)(end - p));
    const char *stop = close ? close + 1 : end;
    while (p < stop) {
        const char *data = memmem(p, (gsize)(stop - p), "data:", 5);
        const char *upto = data ? data + 5 : stop;
        g_string_append_len(out, p, upto - p);
        p = data ? behind_data(upto, stop) : stop;
    }
    return stop;
}

/* Without the tags that would nest deeper than is worth it, each with its end, and without what is
 * in data: URLs. Text all stays. */
static GString *prune(const char *p, gsize len)
{
    const char *end = p + len;
    GString *out = g_string_sized_new(MIN(len, BYTES_MAX));
    gsize depth = 0, dropped = 0, name_len;
    gboolean close;
    while (p < end) {
        const char *open = memchr(p, '<', (gsize)(end - p));
        g_string_append_len(out, p, (open ? open : end) - p);
        if (!open)
            break;
        const char *name = tag_name(open + 1, end, &close, &name_len);
        gboolean drop = FALSE;
        if (name && nests(name, name_len)) {
            if (close) {
                drop = dropped > 0;
                dropped -= drop;
                depth -= !drop && depth > 0;
            } else {
                drop = depth >= NESTING_KEPT;
                dropped += drop;
                depth += !drop;
            }
        }
        gsize before = out->len;
        if (name) {
            p = copy_tag(out, open, end);
        } else {
            g_string_append_c(out, '<');
            p = open + 1;
        }
        if (drop)
            g_string_truncate(out, before);
    }
    return out;
}

/* Apart from html_parse(), for longjmp() spoils what changes in the function that it comes back to. */
static HtmlTree *parse(const char *utf8, gsize len, GString *pruned_take)
{
    HtmlTree *t = g_new0(HtmlTree, 1);
    t->pruned = pruned_take;
    t->limit = MIN(MEMORY_BASE + 40 * len, MEMORY_MAX);
    GumboOptions options = kGumboDefaultOptions;
    options.allocator = tree_alloc;
    options.deallocator = tree_release;
    options.userdata = t;
    options.max_errors = 0;
    if (setjmp(t->out_of_memory) != 0) {
        html_free(t);
        return NULL;
    }
    t->output = gumbo_parse_with_options(&options, utf8, len);
    return t;
}

HtmlTree *html_parse(const char *utf8, gsize len)
{
    Cost cost = cost_of(utf8, len);
    if (cost == COST_TOO_MUCH)
        return NULL;
    if (cost == COST_FINE)
        return parse(utf8, len, NULL);
    GString *pruned = prune(utf8, len);
    if (pruned->len <= BYTES_MAX)
        return parse(pruned->str, pruned->len, pruned);
    g_string_free(pruned, TRUE);
    return NULL;
}

const GumboNode *html_root(const HtmlTree *t)
{
    return t->output->root;
}

void html_free(HtmlTree *t)
{
    if (!t)
        return;
    for (Chunk *c = t->chunks, *next; c; c = next) {
        next = c->next;
        g_free(c);
    }
    if (t->pruned)
        g_string_free(t->pruned, TRUE);
    g_free(t);
}

static gboolean tag_is(const char *name, gsize len, const char *wanted)
{
    return strlen(wanted) == len && g_ascii_strncasecmp(name, wanted, len) == 0;
}

/* Behind "</name" of an element whose text is none for people. */
static const char *skip_element(const char *p, const char *end, const char *name)
{
    gsize n = strlen(name);
    while ((p = memchr(p, '<', (gsize)(end - p)))) {
        if ((gsize)(end - p) > n + 2 && p[1] == '/' && g_ascii_strncasecmp(p + 2, name, n) == 0)
            return p;
        p++;
    }
    return end;
}

static const char *put_entity(GString *out, const char *p, const char *end)
{
    static const struct {
        const char *name, *text;
    } known[] = {{"&amp;", "&"},  {"&lt;", "<"},    {"&gt;", ">"},
                 {"&quot;", "\""}, {"&nbsp;", " "}, {"&#39;", "'"}};
    for (gsize i = 0; i < G_N_ELEMENTS(known); i++) {
        gsize n = strlen(known[i].name);
        if ((gsize)(end - p) >= n && memcmp(p, known[i].name, n) == 0) {
            g_string_append(out, known[i].text);
            return p + n;
        }
    }
    g_string_append_c(out, '&');
    return p + 1;
}

char *html_strip(const char *utf8, gsize len)
{
    static const char *const unseen[] = {"script", "style", "title"};
    static const char *const inside_line[] = {"b", "i", "u", "a", "font", "span", "em", "strong"};
    GString *out = g_string_new(NULL);
    const char *p = utf8, *end = utf8 + len;
    while (p < end) {
        if (*p == '&') {
            p = put_entity(out, p, end);
            continue;
        }
        if (*p != '<') {
            char c = *p == '\n' || *p == '\r' || *p == '\t' ? ' ' : *p;
            gboolean first = out->len == 0 || strchr(" \n", out->str[out->len - 1]);
            if (c != ' ' || !first)
                g_string_append_c(out, c);
            p++;
            continue;
        }
        const char *name = p + 1 + (p + 1 < end && p[1] == '/');
        const char *q = name;
        while (q < end && g_ascii_isalnum(*q))
            q++;
        const char *close = memchr(q, '>', (gsize)(end - q));
        p = close ? close + 1 : end;
        gsize n = (gsize)(q - name);
        gboolean inl = FALSE;
        for (gsize i = 0; i < G_N_ELEMENTS(inside_line); i++)
            inl = inl || tag_is(name, n, inside_line[i]);
        if (!inl && out->len > 0 && out->str[out->len - 1] != '\n')
            g_string_append_c(out, '\n');
        for (gsize i = 0; i < G_N_ELEMENTS(unseen) && name[-1] == '<'; i++) {
            if (tag_is(name, n, unseen[i]))
                p = skip_element(p, end, unseen[i]);
        }
    }
    return g_string_free(out, FALSE);
}
