/* render.c - plain text to lines, and lines to plain text again. */
#include "pintail/mime/render.h"
#include <string.h>
#include "pintail/util/i18n.h"
#include "pintail/util/text.h"
#include "render_build.h"
#include "render_diff.h"

#define QUOTE_DEPTH_MAX 200
#define LONG_LINE 80 /* a longer line was meant to be wrapped by whoever shows it */
#define WRAP_AT 72

void line_unref(gpointer line)
{
    RenderLine *l = line;
    if (!g_atomic_ref_count_dec(&l->refs))
        return;
    if (l->table)
        table_free(l->table);
    g_free(l->spans);
    g_free(l->text);
    g_free(l);
}

RenderLine *line_new(char *text_take, LineKind kind, guint quote_depth, guint indent, gboolean flowed)
{
    RenderLine *l = g_new0(RenderLine, 1);
    g_atomic_ref_count_init(&l->refs);
    l->text = text_take;
    l->kind = kind;
    l->quote_depth = (guint8)MIN(quote_depth, QUOTE_DEPTH_MAX);
    l->indent = (guint8)MIN(indent, 40);
    l->flowed = flowed;
    return l;
}

void line_set_spans(RenderLine *l, const GArray *spans)
{
    l->n_spans = spans->len;
    l->spans = spans->len ? g_memdup2(spans->data, spans->len * sizeof(RenderSpan)) : NULL;
}

static void tracker_free(gpointer data)
{
    RenderTracker *t = data;
    g_free(t->host);
    g_free(t);
}

static void lie_free(gpointer data)
{
    RenderLie *l = data;
    g_free(l->named);
    g_free(l->host);
    g_free(l);
}

Rendered *rendered_new(void)
{
    Rendered *r = g_new0(Rendered, 1);
    r->lines = g_ptr_array_new_with_free_func(line_unref);
    r->links = g_ptr_array_new_with_free_func(g_free);
    r->trackers = g_ptr_array_new_with_free_func(tracker_free);
    r->lies = g_ptr_array_new_with_free_func(lie_free);
    return r;
}

void builder_init(Builder *b)
{
    *b = (Builder){.out = rendered_new(), .bytes_max = RENDER_BYTES_MAX, .lines_max = RENDER_LINES_MAX};
}

void builder_init_plain(Builder *b)
{
    *b = (Builder){.out = rendered_new(), .bytes_max = PLAIN_BYTES_MAX, .lines_max = PLAIN_LINES_MAX};
}

gboolean builder_is_full(const Builder *b)
{
    return b->out->truncated;
}

gboolean builder_add(Builder *b, const char *text, gsize len, LineKind kind, guint quote_depth,
                     guint indent, gboolean flowed)
{
    if (b->out->truncated)
        return FALSE;
    b->bytes += len + 1;
    if (b->out->lines->len >= b->lines_max || b->bytes > b->bytes_max) {
        b->out->truncated = TRUE;
        char *end = g_strdup(_("[The rest is not shown: the text is too long.]"));
        g_ptr_array_add(b->out->lines, line_new(end, LINE_TEXT, 0, 0, TRUE));
        return FALSE;
    }
    g_ptr_array_add(b->out->lines, line_new(g_strndup(text, len), kind, quote_depth, indent, flowed));
    return TRUE;
}

void rendered_free(Rendered *r)
{
    if (!r)
        return;
    g_ptr_array_unref(r->lines);
    g_ptr_array_unref(r->links);
    g_ptr_array_unref(r->trackers);
    g_ptr_array_unref(r->lies);
    g_free(r);
}

Rendered *rendered_fit(const Rendered *r, guint width)
{
    Rendered *fit = g_memdup2(r, sizeof *r);
    fit->links = g_ptr_array_ref(r->links);
    fit->trackers = g_ptr_array_ref(r->trackers);
    fit->lies = g_ptr_array_ref(r->lies);
    if (!r->has_tables) {
        fit->lines = g_ptr_array_ref(r->lines);
        return fit;
    }
    fit->lines = g_ptr_array_new_with_free_func(line_unref);
    for (guint i = 0; i < r->lines->len && fit->lines->len <= r->lines->len + RENDER_LINES_MAX; i++) {
        RenderLine *l = g_ptr_array_index(r->lines, i);
        if (l->table) {
            table_lay_out(l->table, l, width, fit->lines);
        } else {
            g_atomic_ref_count_inc(&l->refs);
            g_ptr_array_add(fit->lines, l);
        }
    }
    fit->has_tables = FALSE;
    return fit;
}

typedef struct {
    const char *text;
    gsize len;
    guint depth;
} Line;

/* "> > text" and ">> text" alike; RFC 3676 section 4.5 counts only marks that touch. */
static Line strip_quotes(const char *p, gsize len, gboolean flowed)
{
    Line l = {p, len, 0};
    if (!flowed && len > 6 && memcmp(p, ">From ", 6) == 0) {
        l.text++; /* mbox quoting, not the writer's */
        l.len--;
        return l;
    }
    gsize i = 0;
    while (i < len && l.depth < QUOTE_DEPTH_MAX) {
        if (p[i] == '>') {
            l.depth++;
            i++;
        } else if (!flowed && p[i] == ' ' && i + 1 < len && p[i + 1] == '>' && l.depth > 0) {
            i++;
        } else {
            break;
        }
    }
    if (i < len && p[i] == ' ' && (l.depth > 0 || flowed))
        i++; /* the blank behind the marks, or space-stuffing */
    l.text = p + i;
    l.len = len - i;
    return l;
}

static gboolean is_signature_mark(const Line *l)
{
    return l->len == 3 && memcmp(l->text, "-- ", 3) == 0;
}

/* "---------- Forwarded message ----------": what was forwarded below a signature is none. */
static gboolean ends_signature(const Line *l)
{
    return l->depth == 0 && l->len >= 5 && memcmp(l->text, "-----", 5) == 0;
}

typedef struct {
    Builder b;
    gboolean in_signature;
    GString *paragraph; /* flowed lines joined so far */
    guint depth;        /* of the paragraph */
    gboolean open;
    Diff diff;
    GArray *urls;       /* of RenderSpan: scratch */
} Plain;

/* Addresses in the line that was added last. */
static void mark_urls(Plain *s)
{
    RenderLine *l = s->b.out->lines->pdata[s->b.out->lines->len - 1];
    gsize len = 0;
    if (!strchr(l->text, ':'))
        return;
    g_array_set_size(s->urls, 0);
    for (const char *at = l->text; (at = url_find(at, &len)); at += len) {
        RenderSpan span = {.start = (guint32)(at - l->text), .len = (guint32)len, .style = RENDER_URL};
        g_array_append_val(s->urls, span);
    }
    line_set_spans(l, s->urls);
}

static void add_line(Plain *s, const char *text, gsize len, guint depth, gboolean flowed)
{
    LineKind kind = depth > 0 ? LINE_QUOTE : s->in_signature ? LINE_SIGNATURE : LINE_TEXT;
    if (builder_add(&s->b, text, len, kind, depth, 0, flowed))
        mark_urls(s);
}

static gboolean diff_added(Plain *s, const char *line, gsize len, const char *end)
{
    DiffLine kind = diff_line(&s->diff, line, len, end);
    if (kind == 0 || !builder_add(&s->b, line, len, LINE_DIFF, 0, 0, FALSE))
        return kind != 0;
    ((RenderLine *)s->b.out->lines->pdata[s->b.out->lines->len - 1])->level = (guint8)kind;
    return TRUE;
}

static void end_paragraph(Plain *s)
{
    if (s->open)
        add_line(s, s->paragraph->str, s->paragraph->len, s->depth, TRUE);
    g_string_truncate(s->paragraph, 0);
    s->open = FALSE;
}

static void flowed_line(Plain *s, Line l, gboolean delsp)
{
    gboolean signature = is_signature_mark(&l);
    if (s->open && (s->depth != l.depth || signature))
        end_paragraph(s);
    if (signature) {
        s->in_signature = s->in_signature || l.depth == 0;
        add_line(s, l.text, l.len, l.depth, FALSE);
        return;
    }
    if (!s->open && ends_signature(&l))
        s->in_signature = FALSE;
    gboolean soft = l.len > 0 && l.text[l.len - 1] == ' ';
    g_string_append_len(s->paragraph, l.text, (gssize)(soft && delsp ? l.len - 1 : l.len));
    s->depth = l.depth;
    s->open = TRUE;
    if (!soft)
        end_paragraph(s);
}

Rendered *render_plain(const char *utf8, gsize len, gboolean flowed, gboolean delsp)
{
    Plain s = {.paragraph = g_string_new(NULL), .urls = g_array_new(FALSE, FALSE, sizeof(RenderSpan))};
    builder_init_plain(&s.b);
    const char *p = utf8, *end = len > 0 ? utf8 + len : utf8;
    while (p < end && !builder_is_full(&s.b)) {
        const char *nl = memchr(p, '\n', (gsize)(end - p));
        const char *stop = nl ? nl : end;
        gsize n = (gsize)(stop - p);
        while (n > 0 && p[n - 1] == '\r')
            n--;
        Line l = strip_quotes(p, n, flowed);
        if (!flowed && diff_added(&s, p, n, end)) {
            s.in_signature = FALSE;
        } else if (flowed) {
            flowed_line(&s, l, delsp);
        } else {
            if (is_signature_mark(&l) && l.depth == 0)
                s.in_signature = TRUE;
            else if (ends_signature(&l))
                s.in_signature = FALSE;
            add_line(&s, l.text, l.len, l.depth, l.len > LONG_LINE);
        }
        p = nl ? nl + 1 : end;
    }
    end_paragraph(&s);
    g_string_free(s.paragraph, TRUE);
    g_array_unref(s.urls);
    return s.b.out;
}

Rendered *render_source(const char *utf8, gsize len)
{
    Builder b;
    builder_init_plain(&b);
    const char *p = utf8, *end = len > 0 ? utf8 + len : utf8;
    while (p < end) {
        const char *nl = memchr(p, '\n', (gsize)(end - p));
        gsize n = (gsize)((nl ? nl : end) - p);
        if (n > 0 && p[n - 1] == '\r')
            n--;
        if (!builder_add(&b, p, n, LINE_PRE, 0, 0, FALSE))
            break;
        p = nl ? nl + 1 : end;
    }
    return b.out;
}

static void put_marks(GString *out, guint depth, gboolean blank)
{
    for (guint i = 0; i < depth; i++)
        g_string_append_c(out, '>');
    if (depth > 0 && blank)
        g_string_append_c(out, ' ');
}

/* A paragraph broken at blanks; a word that is too long stays whole. */
static void put_wrapped(GString *out, const RenderLine *l, guint width)
{
    const char *p = l->text, *end = p + strlen(p);
    guint indent = 0;
    do {
        gsize left = (gsize)(end - p), skip;
        gboolean whole;
        gsize n = text_wrap(p, left, width > indent ? width - indent : 1, &skip, &whole);
        if (!whole) { /* one long word, and whatever is before it */
            n = strspn(p, " ");
            n += strcspn(p + n, " ");
            skip = strspn(p + n, " ");
        }
        put_marks(out, l->quote_depth, n > 0);
        g_string_append_printf(out, "%*s", (int)indent, "");
        g_string_append_len(out, p, (gssize)n);
        g_string_append_c(out, '\n');
        p += n + skip;
        indent = l->indent;
    } while (*p);
}

char *rendered_to_width(const Rendered *r, guint width)
{
    GString *out = g_string_new(NULL);
    width = MAX(width, 20);
    g_autoptr(Rendered) fit = rendered_fit(r, width);
    for (guint i = 0; i < fit->lines->len; i++) {
        const RenderLine *l = g_ptr_array_index(fit->lines, i);
        guint marks = l->quote_depth ? l->quote_depth + 1u : 0;
        if (l->flowed && *l->text) {
            put_wrapped(out, l, width > marks + 10 ? width - marks : 10);
        } else {
            put_marks(out, l->quote_depth, *l->text != '\0');
            g_string_append(out, l->text);
            g_string_append_c(out, '\n');
        }
    }
    return g_string_free(out, FALSE);
}

char *rendered_to_text(const Rendered *r)
{
    return rendered_to_width(r, WRAP_AT);
}
