/* reading.c - see reading.h. */
#include "pintail/mime/reading.h"
#include "pintail/mime/calendar.h"
#include "pintail/mime/card.h"
#include "pintail/mime/envelope.h"
#include "pintail/util/date.h"
#include "pintail/util/i18n.h"
#include "render_build.h"
#include "tree.h"

#define PEOPLE_SHOWN 10

static gboolean is(const Part *p, const char *type)
{
    return strcmp(p->type, type) == 0;
}

static gboolean is_message(const Part *p)
{
    return is(p, "message/rfc822") || is(p, "message/global");
}

/* Text that is read as such, not one that needs a program or becomes a card. */
static gboolean is_readable(const Part *p)
{
    static const char *const never[] = {"text/rtf", "text/css", "text/javascript", "text/x-amp-html",
                                        "text/rfc822-headers"};
    if (strncmp(p->type, "text/", 5) != 0 || strcmp(p->disposition, "attachment") == 0 ||
        p->encoding >= PART_ENCODING_UUENCODE || card_is_for(p))
        return FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(never); i++)
        if (is(p, never[i]))
            return FALSE;
    return TRUE;
}

/* 3: the wanted one of plain and HTML, 2: the other, 1: other text, or one that is empty. */
static int rank(const Part *p, gboolean prefer_html)
{
    if (!is_readable(p))
        return 0;
    gboolean html = is(p, "text/html");
    if (part_is_empty(p) || (!html && !is(p, "text/plain")))
        return 1;
    return html == !!prefer_html ? 3 : 2;
}

/* Each part of an alternative is as good as the best text in it. One walk over the whole tree, so
 * that nested alternatives cost nothing more: ranks go up to the parents. */
static GHashTable *rank_parts(const Part *root, gboolean prefer_html)
{
    GHashTable *ranks = g_hash_table_new(NULL, NULL);
    for (const Part *p = root; p; p = tree_next(p)) {
        int r = rank(p, prefer_html);
        for (const Part *up = p; up && r > GPOINTER_TO_INT(g_hash_table_lookup(ranks, up)); up = up->parent) {
            g_hash_table_insert(ranks, (gpointer)up, GINT_TO_POINTER(r));
            if (is_message(up) && up != root)
                break; /* what an enclosed message says does not make it the better alternative */
        }
    }
    return ranks;
}

static const Part *best_alternative(const Part *p, GHashTable *ranks)
{
    const Part *best = NULL;
    int best_rank = 0;
    for (guint i = 0; i < p->children->len; i++) {
        const Part *child = p->children->pdata[i];
        int r = GPOINTER_TO_INT(g_hash_table_lookup(ranks, child));
        if (r > 0 && r >= best_rank) {
            best = child;
            best_rank = r;
        }
    }
    return best;
}

typedef struct {
    const Part *part;
    guint enclosed;   /* how many messages around it */
    gboolean report;  /* inside a multipart/report: what it returns is not read in place */
    gboolean only_cards;
} Todo;

static void push_children(GArray *todo, Todo from, const Part *only)
{
    for (guint i = from.part->children->len; i-- > 0;) {
        Todo t = from;
        t.part = from.part->children->pdata[i];
        t.only_cards = from.only_cards || (only && t.part != only);
        g_array_append_val(todo, t);
    }
}

/* The root of a multipart/related, and nothing else of it that is text with an id (RFC 2387). */
static gboolean is_resource(const Part *p)
{
    return p->parent && is(p->parent, "multipart/related") && p->index > 0 && *p->content_id;
}

static void add(GArray *out, ReadingKind kind, const Todo *t)
{
    Reading r = {kind, t->part, t->enclosed > 0};
    g_array_append_val(out, r);
}

static void read_container(GArray *out, GArray *todo, Todo t, GHashTable *ranks)
{
    const Part *p = t.part;
    if (is(p, "multipart/alternative")) {
        const Part *best = best_alternative(p, ranks);
        push_children(todo, t, best ? best : p);
        return;
    }
    if (is(p, "multipart/encrypted"))
        add(out, READ_NOTE, &t);
    if (is(p, "multipart/report"))
        t.report = TRUE;
    if (part_is_multipart(p) && p->children->len == 0 && !p->parent && p->body.len > 0)
        add(out, READ_TEXT, &t); /* its boundary never came: its text is all there is */
    push_children(todo, t, NULL);
}

static void read_one(GArray *out, GArray *todo, Todo t, GHashTable *ranks)
{
    const Part *p = t.part;
    if (card_is_for(p)) {
        add(out, READ_CARD, &t);
    } else if (part_is_multipart(p)) {
        read_container(out, todo, t, ranks);
    } else if (is_message(p)) {
        if ((t.report && p->parent) || t.only_cards || p->children->len == 0)
            return;
        gboolean whole = t.enclosed == 0 && !p->parent;
        Todo inner = t;
        inner.part = p->children->pdata[0];
        inner.enclosed = whole ? 0 : t.enclosed + 1;
        if (p->header.at || !whole)
            add(out, READ_MESSAGE, &inner);
        g_array_append_val(todo, inner);
    } else if (!t.only_cards && is_readable(p) && !part_is_empty(p) && !is_resource(p)) {
        if (is(p, "text/plain") || is(p, "text/html") || !*p->name || !p->parent)
            add(out, READ_TEXT, &t);
    }
}

/* The text inside a winmail.dat counts when there is no other. */
static void read_tnef(GArray *out, const Part *root, gboolean prefer_html)
{
    for (guint i = 0; i < out->len; i++)
        if (g_array_index(out, Reading, i).kind == READ_TEXT)
            return;
    const Part *best = NULL;
    for (const Part *p = root; p; p = tree_next(p))
        if (p->parent && part_is_tnef(p->parent) && strcmp(p->disposition, "attachment") != 0 &&
            rank(p, prefer_html) > (best ? rank(best, prefer_html) : 0))
            best = p;
    if (best) {
        Todo t = {.part = best};
        add(out, READ_TEXT, &t);
    }
}

GArray *part_reading(const Part *root, gboolean prefer_html)
{
    GArray *out = g_array_new(FALSE, TRUE, sizeof(Reading));
    g_autoptr(GArray) todo = g_array_new(FALSE, TRUE, sizeof(Todo));
    g_autoptr(GHashTable) ranks = rank_parts(root, prefer_html);
    Todo first = {.part = root};
    g_array_append_val(todo, first);
    while (todo->len > 0) {
        Todo t = g_array_index(todo, Todo, todo->len - 1);
        g_array_set_size(todo, todo->len - 1);
        read_one(out, todo, t, ranks);
    }
    read_tnef(out, root, prefer_html);
    return out;
}

/* ---- to lines ---- */

typedef struct {
    Builder b;
    ReadingText text;
    ReadingFilter filter;
    gpointer data;
    ReadingResult result;
    gboolean any; /* something stands above */
} Writer;

static void line(Writer *w, const char *text, LineKind kind)
{
    builder_add(&w->b, text, strlen(text), kind, 0, 4, TRUE);
}

static void separate(Writer *w)
{
    if (w->any)
        builder_add(&w->b, "", 0, LINE_TEXT, 0, 0, FALSE);
    w->any = TRUE;
}

static gboolean is_invitation(const Part *p, const char *text)
{
    if (!strstr(p->type, "calendar") && !is(p, "application/ics"))
        return FALSE;
    g_autoptr(Calendar) c = calendar_parse(text);
    return calendar_is_invitation(c);
}

static void write_card(Writer *w, const Reading *r)
{
    g_autofree char *text = w->text(w->data, r->part);
    if (!text) {
        w->result.missing = w->result.missing ? w->result.missing : r->part;
        return;
    }
    g_autofree char *card = card_of(r->part, text);
    if (!card)
        return;
    if (!w->result.invitation && !r->enclosed && is_invitation(r->part, text))
        w->result.invitation = r->part;
    separate(w);
    g_auto(GStrv) lines = g_strsplit(card, "\n", -1);
    for (gsize i = 0; lines[i]; i++)
        line(w, lines[i], i == 0 ? LINE_HEADING : LINE_CARD);
}

static void write_people(Writer *w, const char *name, const GPtrArray *list)
{
    if (list->len == 0)
        return;
    g_autoptr(GString) s = g_string_new(name);
    for (guint i = 0; i < list->len && i < PEOPLE_SHOWN; i++) {
        g_autofree char *one = address_format(list->pdata[i], FALSE);
        g_string_append_printf(s, "%s%s", i ? ", " : " ", one);
    }
    if (list->len > PEOPLE_SHOWN)
        g_string_append(s, ", …");
    line(w, s->str, LINE_CARD);
}

static void write_message(Writer *w, const Reading *r)
{
    separate(w);
    line(w, _("Enclosed message"), LINE_HEADING);
    if (!r->part->header.at)
        return;
    g_autoptr(Envelope) e = envelope_parse(r->part->header.at, r->part->header.len);
    write_people(w, _("From:"), e->from);
    write_people(w, _("To:"), e->to);
    write_people(w, _("Cc:"), e->cc);
    if (e->date) {
        g_autofree char *date = date_format_long(e->date);
        g_autofree char *text = g_strdup_printf("%s %s", _("Date:"), date);
        line(w, text, LINE_CARD);
    }
    if (*e->subject) {
        g_autofree char *text = g_strdup_printf("%s %s", _("Subject:"), e->subject);
        line(w, text, LINE_CARD);
    }
}

/* The lines are shared, with their styles and tables. Links are numbered through. */
static void append(Writer *w, const Rendered *from)
{
    Rendered *to = w->b.out;
    for (guint i = 0; i < from->lines->len && to->lines->len <= PLAIN_LINES_MAX; i++) {
        RenderLine *l = from->lines->pdata[i];
        g_atomic_ref_count_inc(&l->refs);
        g_ptr_array_add(to->lines, l);
    }
    for (guint i = 0; i < from->links->len; i++)
        g_ptr_array_add(to->links, g_strdup(from->links->pdata[i]));
    for (guint i = 0; i < from->trackers->len; i++) {
        RenderTracker *t = g_memdup2(from->trackers->pdata[i], sizeof(RenderTracker));
        t->host = g_strdup(t->host);
        g_ptr_array_add(to->trackers, t);
    }
    for (guint i = 0; i < from->lies->len; i++) {
        RenderLie *t = g_memdup2(from->lies->pdata[i], sizeof(RenderLie));
        t->named = g_strdup(t->named);
        t->host = g_strdup(t->host);
        g_ptr_array_add(to->lies, t);
    }
    to->remote_images += from->remote_images;
    to->truncated = to->truncated || from->truncated;
    to->has_tables = to->has_tables || from->has_tables;
}

static void write_text(Writer *w, const Reading *r)
{
    const Part *p = r->part;
    g_autofree char *text = w->text(w->data, p);
    if (!text) {
        w->result.missing = w->result.missing ? w->result.missing : p;
        return;
    }
    gboolean html = is(p, "text/html");
    g_autoptr(Rendered) one = w->filter ? w->filter(w->data, p, text) : NULL;
    if (!one && html)
        one = render_html_from(text, strlen(text), w->b.out->links->len);
    else if (!one)
        one = render_plain(text, strlen(text), p->flowed, p->delsp);
    w->result.html = w->result.html || (w->result.empty && html);
    w->result.empty = FALSE;
    separate(w);
    append(w, one);
}

ReadingResult reading_render(const Part *root, gboolean prefer_html, ReadingText text, gpointer data)
{
    return reading_render_html(root, prefer_html, text, NULL, data);
}

ReadingResult reading_render_html(const Part *root, gboolean prefer_html, ReadingText text, ReadingFilter filter,
                                  gpointer data)
{
    Writer w = {.text = text, .filter = filter, .data = data, .result = {.empty = TRUE}};
    g_autoptr(GArray) readings = part_reading(root, prefer_html);
    builder_init_plain(&w.b);
    for (guint i = 0; i < readings->len; i++) { /* what it is about comes first */
        const Reading *r = &g_array_index(readings, Reading, i);
        if (r->kind == READ_CARD && !r->enclosed)
            write_card(&w, r);
    }
    for (guint i = 0; i < readings->len && !builder_is_full(&w.b); i++) {
        const Reading *r = &g_array_index(readings, Reading, i);
        if (r->kind == READ_CARD && r->enclosed)
            write_card(&w, r);
        else if (r->kind == READ_MESSAGE)
            write_message(&w, r);
        else if (r->kind == READ_TEXT)
            write_text(&w, r);
        else if (r->kind == READ_NOTE) {
            separate(&w);
            line(&w, _("This message is encrypted; its content cannot be shown here."), LINE_CARD);
        }
    }
    w.result.rendered = w.b.out;
    w.result.empty = w.result.empty && w.b.out->lines->len == 0;
    return w.result;
}
