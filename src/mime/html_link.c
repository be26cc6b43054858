/* html_link.c - links: numbers, the list at the end, who counts clicks, which texts lie. */
#include <string.h>
#include "html_flow.h"
#include "html_url.h"
#include "pintail/util/i18n.h"

#define LINKS_MAX 2000
#define TEXT_MAX 400
#define SHOWN_MAX 300 /* bytes of a target in the list; the whole is there when it is opened */

/* A target worth a number; NULL for others (anchors, scripts), which are only their text. */
static char *target_of(const Layout *l, const char *href)
{
    g_autofree char *clean = g_utf8_make_valid(href, -1);
    char *to = clean; /* line ends and tabs are no part of a URL, whoever put them there */
    for (const char *p = clean; *p; p++) {
        if ((guchar)*p >= ' ' && *p != 0x7f)
            *to++ = *p;
    }
    *to = '\0';
    g_strstrip(clean);
    static const char *const useless[] = {"javascript:", "data:", "vbscript:", "about:", "cid:", "file:", "x-"};
    for (gsize i = 0; i < G_N_ELEMENTS(useless); i++)
        if (g_ascii_strncasecmp(clean, useless[i], strlen(useless[i])) == 0)
            return NULL;
    if (!*clean || *clean == '#' || g_ascii_strcasecmp(clean, "http://") == 0 ||
        g_ascii_strcasecmp(clean, "https://") == 0)
        return NULL;
    return url_resolve(l->base, clean);
}

RenderTracker *link_tracker(Layout *l, const char *host)
{
    RenderTracker *t = g_hash_table_lookup(l->trackers, host);
    if (!t) {
        t = g_new0(RenderTracker, 1);
        t->host = g_strdup(host);
        g_hash_table_insert(l->trackers, t->host, t);
        g_ptr_array_add(l->b.out->trackers, t);
    }
    return t;
}

/* An address that is its own text needs no number where it stands; it comes behind the others. */
static gboolean is_quiet(const GumboNode *a, const char *target)
{
    if (g_ascii_strncasecmp(target, "mailto:", 7) != 0 && g_ascii_strncasecmp(target, "tel:", 4) != 0)
        return FALSE;
    const GumboVector *v = &a->v.element.children;
    const GumboNode *text = v->length == 1 ? v->data[0] : NULL;
    return text && text->type == GUMBO_NODE_TEXT && url_is_said_by(target, text->v.text.text);
}

void link_begin(Layout *l, Context *c, const char *href)
{
    if (l->link.target)
        link_end(l);
    l->link.target = href ? target_of(l, href) : NULL;
    if (l->link.target && is_quiet(c->node, l->link.target)) {
        if (l->quiet->len < LINKS_MAX)
            g_ptr_array_add(l->quiet, g_steal_pointer(&l->link.target));
        g_clear_pointer(&l->link.target, g_free);
    }
    l->link.number = 0;
    l->link.line = l->b.out->lines->len;
    l->link.image = FALSE;
    g_string_truncate(l->link.text, 0);
    c->link = l->link.target != NULL;
}

static guint number_of(Layout *l, const char *target)
{
    gpointer known = g_hash_table_lookup(l->links, target);
    if (known)
        return GPOINTER_TO_UINT(known);
    GPtrArray *links = l->b.out->links;
    if (links->len >= LINKS_MAX)
        return 0;
    g_ptr_array_add(links, g_strdup(target));
    g_hash_table_insert(l->links, g_strdup(target), GUINT_TO_POINTER(l->links_before + links->len));
    if (url_counts_clicks(target, NULL)) {
        g_autofree char *host = url_host(target);
        link_tracker(l, host)->clicks++;
    }
    return l->links_before + links->len;
}

void link_seen(Layout *l, const char *text, gsize len)
{
    LinkState *link = &l->link;
    if (!link->target)
        return;
    if (link->number == 0)
        link->number = number_of(l, link->target);
    if (l->space_wanted && link->text->len > 0 && link->text->len < TEXT_MAX)
        g_string_append_c(link->text, ' ');
    if (link->text->len + len < TEXT_MAX)
        g_string_append_len(link->text, text, (gssize)len);
}

/* Where does the text say that it leads, and where does it lead? */
static void compare(Layout *l, const LinkState *link)
{
    g_autofree char *named = url_is_web(link->target) ? url_named_host(link->text->str) : NULL;
    g_autofree char *host = named ? url_host(link->target) : NULL, *inner = NULL;
    if (!host || !*named || url_same_site(named, host))
        return;
    gboolean counter = url_counts_clicks(link->target, &inner);
    if (inner) {
        g_autofree char *final = url_host(inner);
        if (final && url_same_site(named, final))
            return; /* it says itself that it goes on to there */
    }
    GPtrArray *lies = l->b.out->lies;
    for (guint i = 0; i < lies->len; i++)
        if (((RenderLie *)lies->pdata[i])->link == link->number)
            return;
    RenderLie *lie = g_new0(RenderLie, 1);
    lie->link = link->number;
    lie->named = g_steal_pointer(&named);
    lie->host = g_steal_pointer(&host);
    lie->counter = counter && !inner;
    g_ptr_array_add(lies, lie);
}

/* The mark belongs behind the text, also when that ended its line. */
static void put_mark(Layout *l, const LinkState *link)
{
    gboolean said = url_is_said_by(link->target, link->text->str);
    g_autofree char *mark = g_strdup_printf(said ? " [%u]" : "[%u]", link->number);
    if (said)
        g_hash_table_add(l->said, GUINT_TO_POINTER(link->number));
    gboolean in_line = l->line->len > 0 && !l->item;
    GPtrArray *lines = l->b.out->lines;
    if (in_line) {
        gboolean space = l->space_wanted;
        while (l->line->len > 0 && l->line->str[l->line->len - 1] == ' ')
            g_string_truncate(l->line, l->line->len - 1);
        l->space_wanted = FALSE;
        flow_raw(l, mark);
        l->space_wanted = space;
        return;
    }
    RenderLine *last = lines->len > link->line ? lines->pdata[lines->len - 1] : NULL;
    if (!last || !*last->text || last->table)
        return;
    char *longer = g_strconcat(last->text, mark, NULL);
    g_free(last->text);
    last->text = longer;
}

/* A picture that is all there is of a link; not when another link to there has a text. */
static void put_image(Layout *l)
{
    if (!l->link.image || g_hash_table_contains(l->texted, l->link.target))
        return;
    g_autofree char *text = g_strdup_printf("[%s]", _("image"));
    flow_text(l, text);
}

void link_end(Layout *l)
{
    LinkState *link = &l->link;
    if (!link->target)
        return;
    if (link->number == 0)
        put_image(l);
    if (link->number > 0) {
        compare(l, link);
        put_mark(l, link);
    }
    g_clear_pointer(&link->target, g_free);
    link->number = 0;
}

static const RenderLie *lie_of(const Rendered *r, guint number)
{
    for (guint i = 0; i < r->lies->len; i++)
        if (((RenderLie *)r->lies->pdata[i])->link == number)
            return r->lies->pdata[i];
    return NULL;
}

/* "https://shop.example/x (through click.news.example)": what a person wants to know, not 300 characters of key. */
static char *shown_target(const char *url)
{
    g_autofree char *inner = NULL;
    if (url_counts_clicks(url, &inner)) {
        g_autofree char *host = url_host(url);
        if (inner)
            return g_strdup_printf(_("%s (through %s)"), inner, host);
        gsize keep = (gsize)(strstr(url, host) ? strstr(url, host) - url : 0) + strlen(host);
        keep += strcspn(url + keep, "?&=#");
        keep = MIN(keep, 60);
        while (keep > 0 && ((guchar)url[keep] & 0xC0) == 0x80)
            keep--;
        return url[keep] ? g_strdup_printf(_("%.*s… (counts the click)"), (int)keep, url)
                         : g_strdup_printf(_("%s (counts the click)"), url);
    }
    gsize n = strlen(url);
    if (n <= SHOWN_MAX)
        return g_strdup(url);
    gsize keep = SHOWN_MAX;
    while (((guchar)url[keep] & 0xC0) == 0x80)
        keep--;
    return g_strdup_printf("%.*s…", (int)keep, url);
}

void link_add_list(Layout *l)
{
    GPtrArray *links = l->b.out->links;
    gboolean any = FALSE;
    for (guint i = 0; i < links->len; i++) {
        guint number = l->links_before + i + 1;
        if (g_hash_table_contains(l->said, GUINT_TO_POINTER(number)))
            continue;
        if (!any)
            builder_add(&l->b, "", 0, LINE_TEXT, 0, 0, FALSE);
        any = TRUE;
        g_autofree char *target = shown_target(links->pdata[i]);
        const RenderLie *lie = lie_of(l->b.out, number);
        g_autofree char *text = g_strdup_printf("[%u] %s", number, target);
        builder_add(&l->b, text, strlen(text), LINE_LINKS, 0, 4, FALSE);
        if (lie && !lie->counter) {
            g_autofree char *note = g_strdup_printf(_("    (but the text says %s)"), lie->named);
            builder_add(&l->b, note, strlen(note), LINE_LINKS, 0, 4, FALSE);
        }
    }
    for (guint i = 0; i < l->quiet->len; i++)
        number_of(l, l->quiet->pdata[i]);
}
