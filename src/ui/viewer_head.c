/* viewer_head.c - what stands above a message's text: the usual fields or all of them, attachments,
 * and only what is out of the ordinary. */
#include <string.h>
#include "keymap.h"
#include "list_view.h"
#include "trust_line.h"
#include "viewer_private.h"
#include "pintail/util/date.h"
#include "pintail/util/i18n.h"
#include "pintail/util/text.h"

#define RECIPIENTS_SHOWN  20
#define ATTACHMENTS_SHOWN 30
#define TRACKERS_SHOWN    3

void viewer_head_free(gpointer p)
{
    Head *h = p;
    g_free(h->text);
    g_free(h->right);
    g_free(h);
}

static Head *add(Viewer *v, const char *element, const char *text, gsize len, guint name_len)
{
    Head *h = g_new0(Head, 1);
    h->text = g_strndup(text, len);
    h->element = element;
    h->name_len = name_len;
    g_ptr_array_add(v->heads, h);
    return h;
}

/* Wrapped by words; rows after the first are indented. */
static Head *add_wrapped(Viewer *v, const char *element, const char *text, guint name_len)
{
    gsize left = strlen(text), skip;
    gsize n = viewer_wrap(text, left, v->width, TRUE, &skip);
    Head *first = add(v, element, text, n, MIN(name_len, (guint)n));
    while (n + skip < left) {
        text += n + skip;
        left -= n + skip;
        n = viewer_wrap(text, left, MAX(v->width - 4, 4), TRUE, &skip);
        g_autofree char *row = g_strdup_printf("    %.*s", (int)n, text);
        add(v, element, row, strlen(row), 0);
    }
    return first;
}

void viewer_add_head(Viewer *v, const char *element, const char *text)
{
    add_wrapped(v, element, text, 0);
}

static void add_field(Viewer *v, const char *name, const char *value, const char *element)
{
    g_autofree char *text = g_strdup_printf("%s %s", name, value);
    add_wrapped(v, element, text, (guint)strlen(name));
}

/* "you, Bob <bob@example.org>": the address is always shown, for a name can be anything. */
static char *people(const GPtrArray *list, const Account *own)
{
    g_autoptr(GString) s = g_string_new(NULL);
    for (guint i = 0; i < list->len && i < RECIPIENTS_SHOWN; i++) {
        const Address *a = list->pdata[i];
        g_autofree char *formatted = address_format(a, FALSE);
        gboolean me = own && account_owns_address(own, a->address);
        g_string_append_printf(s, "%s%s", i ? ", " : "", me ? _("you") : formatted);
    }
    if (list->len > RECIPIENTS_SHOWN) {
        guint more = list->len - RECIPIENTS_SHOWN;
        g_string_append_printf(s, P_(" and %u more", " and %u more", more), more);
    }
    return g_string_free(g_steal_pointer(&s), FALSE);
}

static void add_people(Viewer *v, const char *name, const GPtrArray *list, const Account *own)
{
    if (list->len == 0)
        return;
    g_autofree char *text = people(list, own);
    add_field(v, name, text, "viewer.header");
}

static gboolean is_among(const GPtrArray *names, const char *name)
{
    for (guint i = 0; i < names->len; i++)
        if (g_ascii_strcasecmp(names->pdata[i], name) == 0)
            return TRUE;
    return FALSE;
}

/* Every line of that field. */
static void add_lines_of(Viewer *v, const Loaded *l, const char *name)
{
    gsize n = strlen(name);
    for (guint i = 0; i < l->headers->len; i++) {
        const char *line = l->headers->pdata[i];
        if (g_ascii_strncasecmp(line, name, n) == 0 && line[n] == ':')
            add_wrapped(v, "viewer.header", line, (guint)n + 1);
    }
}

static gboolean answers_elsewhere(const Envelope *e)
{
    const Address *first = e->from->len ? e->from->pdata[0] : NULL;
    const Address *reply = e->reply_to->len ? e->reply_to->pdata[0] : NULL;
    return reply && (!first || g_ascii_strcasecmp(first->address, reply->address) != 0);
}

static void add_named(Viewer *v, const Loaded *l, const Account *own, const char *name)
{
    const Envelope *e = l->envelope;
    if (g_ascii_strcasecmp(name, "From") == 0)
        add_people(v, _("From:"), e->from, NULL);
    else if (g_ascii_strcasecmp(name, "To") == 0)
        add_people(v, _("To:  "), e->to, own);
    else if (g_ascii_strcasecmp(name, "Cc") == 0)
        add_people(v, _("Cc:  "), e->cc, own);
    else if (g_ascii_strcasecmp(name, "Bcc") == 0)
        add_people(v, _("Bcc: "), e->bcc, own);
    else if (g_ascii_strcasecmp(name, "Subject") == 0)
        add_field(v, _("Subject:"), e->subject, "viewer.header.subject");
    else if (g_ascii_strcasecmp(name, "Date") == 0 && e->date) {
        g_autofree char *date = date_format_long(e->date);
        add_field(v, _("Date:"), date, "viewer.header");
    } else if (g_ascii_strcasecmp(name, "Reply-To") != 0 || answers_elsewhere(e)) {
        add_lines_of(v, l, name);
    }
}

/* As `headers` wants them. FALSE: nothing is wanted, the usual ones then. */
static gboolean add_chosen(Viewer *v, const Loaded *l, const Account *own)
{
    static const char *const usual[] = {"From", "Date", "To", "Cc", "Bcc", "Reply-To"};
    const Conf *c = v->view.ui->conf;
    const GPtrArray *show = conf_headers(c, HEADERS_SHOW), *hide = conf_headers(c, HEADERS_HIDE),
                    *order = conf_headers(c, HEADERS_ORDER);
    if (show->len + hide->len + order->len == 0)
        return FALSE;
    g_autoptr(GPtrArray) wanted = g_ptr_array_new();
    gboolean none = is_among(hide, "*");
    for (gsize i = 0; i < G_N_ELEMENTS(usual); i++)
        if (!none && !is_among(hide, usual[i]))
            g_ptr_array_add(wanted, (gpointer)usual[i]);
    for (guint i = 0; i < show->len; i++)
        if (!is_among(wanted, show->pdata[i]))
            g_ptr_array_add(wanted, show->pdata[i]);
    for (guint i = 0; i < order->len; i++)
        if (is_among(wanted, order->pdata[i]))
            add_named(v, l, own, order->pdata[i]);
    for (guint i = 0; i < wanted->len; i++)
        if (!is_among(order, wanted->pdata[i]))
            add_named(v, l, own, wanted->pdata[i]);
    return TRUE;
}

static void add_usual(Viewer *v, const Envelope *e, const Account *own)
{
    g_autofree char *from = people(e->from, NULL);
    g_autofree char *date = e->date ? date_format_long(e->date) : g_strdup("");
    g_autofree char *line = g_strdup_printf("%s %s", _("From:"), *from ? from : _("(nobody)"));
    if ((int)(text_width(line, -1) + text_width(date, -1)) + 2 <= v->width) {
        Head *h = add_wrapped(v, "viewer.header", line, (guint)strlen(_("From:")));
        h->right = g_steal_pointer(&date);
    } else {
        add_wrapped(v, "viewer.header", line, (guint)strlen(_("From:")));
        if (*date)
            add_field(v, _("Date:"), date, "viewer.header");
    }
    add_people(v, _("To:  "), e->to, own);
    add_people(v, _("Cc:  "), e->cc, own);
    add_people(v, _("Bcc: "), e->bcc, own);
    if (answers_elsewhere(e))
        add_people(v, _("Reply-To:"), e->reply_to, own);
    if (v->width < 60 || strlen(e->subject) > 50) /* else the title above has it whole */
        add_field(v, _("Subject:"), e->subject, "viewer.header.subject");
}

/* Side by side as long as there is room; none is broken in two. */
static void add_attachments(Viewer *v, const GPtrArray *attachments)
{
    if (attachments->len == 0)
        return;
    g_autofree char *key = keymap_label(v->view.ui->keymap, "viewer", "parts");
    g_autofree char *hint = key ? g_strdup_printf(_("%s: parts"), key) : NULL;
    int room = v->width - (hint ? (int)text_width(hint, -1) + 3 : 0);
    g_autoptr(GString) row = g_string_new(NULL);
    Head *first = NULL;
    for (guint i = 0; i <= attachments->len && i <= ATTACHMENTS_SHOWN; i++) {
        const char *one = i == attachments->len ? NULL : i == ATTACHMENTS_SHOWN ? "…" : attachments->pdata[i];
        gboolean fits = one && (int)(text_width(row->str, -1) + text_width(one, -1)) + 3 <=
                                   (first ? v->width : room);
        if (row->len && !fits) {
            Head *h = add_wrapped(v, "viewer.attachment", row->str, 0);
            first = first ? first : h;
            g_string_truncate(row, 0);
        }
        if (one)
            g_string_append_printf(row, "%s%s", row->len ? "   " : "", one);
    }
    if (row->len) {
        Head *h = add_wrapped(v, "viewer.attachment", row->str, 0);
        first = first ? first : h;
    }
    if (hint && (int)text_width(first->text, -1) <= room)
        first->right = g_steal_pointer(&hint);
}

/* Who would have been told that, and when, this was read or clicked. */
static void add_trackers(Viewer *v, const Rendered *r)
{
    g_autoptr(GString) hosts = g_string_new(NULL);
    guint pixels = 0, clicks = 0;
    for (guint i = 0; i < r->trackers->len; i++) {
        const RenderTracker *t = r->trackers->pdata[i];
        pixels += t->pixels;
        clicks += t->clicks;
        if (i < TRACKERS_SHOWN)
            g_string_append_printf(hosts, "%s%s", i ? ", " : "", t->host);
        else if (i == TRACKERS_SHOWN)
            g_string_append(hosts, ", …");
    }
    g_autofree char *unseen = pixels ? g_strdup_printf(P_("%u tracking picture left out", "%u tracking pictures left out",
                                                          pixels), pixels) : NULL;
    g_autofree char *counted = clicks ? g_strdup_printf(P_("%u link counts clicks", "%u links count clicks", clicks),
                                                        clicks) : NULL;
    g_autofree char *text = g_strdup_printf("%s%s%s: %s", unseen ? unseen : "", unseen && counted ? ", " : "",
                                            counted ? counted : "", hosts->str);
    add_wrapped(v, "viewer.note", text, 0);
}

static void add_exceptions(Viewer *v, const Loaded *l)
{
    const Row *row = list_view_row(v->view.ui->panes->list);
    if (row && row->message == v->message && row->partial)
        add_wrapped(v, "viewer.exception",
                    _("Only the beginning of this large message is here; opening it fetches the rest."), 0);
    if (row && row->message == v->message && row->parked)
        add_wrapped(v, "viewer.exception",
                    _("The server refused a change to this message (O shows its words)."), 0);
    if (!l)
        return;
    viewer_add_trust(v);
    if (l->rendered && l->rendered->remote_images > 0) {
        g_autofree char *text = g_strdup_printf(
            P_("%u remote picture was left out.", "%u remote pictures were left out.",
               l->rendered->remote_images), l->rendered->remote_images);
        add_wrapped(v, "viewer.exception", text, 0);
    }
    if (l->rendered && l->rendered->trackers->len > 0)
        add_trackers(v, l->rendered);
    if (v->charset) {
        g_autofree char *text = g_strdup_printf(_("Read as %s, whatever its label says."), v->charset);
        add_wrapped(v, "viewer.note", text, 0);
    }
    if (l->filter_problem)
        add_wrapped(v, "viewer.exception", l->filter_problem, 0);
    if (l->rendered && l->rendered->truncated)
        add_wrapped(v, "viewer.exception", _("This text is extremely long: its end is left out."), 0);
    if (l->invitation && !v->view.ui->read_only)
        add_wrapped(v, "viewer.note", _("You are invited.  :invite accept, :invite tentative, :invite decline"), 0);
    if (l->empty && l->attachments->len)
        add_wrapped(v, "viewer.note", _("This message has no text, only attachments."), 0);
    else if (l->empty)
        add_wrapped(v, "viewer.note", _("This message is empty."), 0);
}

static void add_from_row(Viewer *v)
{
    const Row *r = list_view_row(v->view.ui->panes->list);
    if (!r || r->message != v->message)
        return;
    g_autofree char *date = date_format_long(r->date);
    g_autofree char *line = g_strdup_printf("%s %s <%s>", _("From:"), r->from, r->from_address);
    Head *h = add_wrapped(v, "viewer.header", line, (guint)strlen(_("From:")));
    if ((int)(text_width(h->text, -1) + text_width(date, -1)) + 2 <= v->width)
        h->right = g_steal_pointer(&date);
}

void viewer_make_heads(Viewer *v)
{
    g_ptr_array_set_size(v->heads, 0);
    if (v->state == BODY_NONE)
        return;
    const Loaded *l = v->loaded;
    const Account *own = ui_current_account(v->view.ui);
    if (l && l->source) {
        add_wrapped(v, "viewer.note", _("The message as it was sent.  :raw shows its text again"), 0);
        return;
    }
    if (l && v->all_headers && l->headers->len) {
        for (guint i = 0; i < l->headers->len; i++) {
            const char *line = l->headers->pdata[i];
            const char *colon = strchr(line, ':');
            add_wrapped(v, "viewer.header", line, colon ? (guint)(colon - line) + 1 : 0);
        }
    } else if (l && l->envelope) {
        if (!add_chosen(v, l, own))
            add_usual(v, l->envelope, own);
    } else {
        add_from_row(v);
    }
    if (l)
        add_attachments(v, l->attachments);
    add_exceptions(v, l);
    add(v, "viewer", "", 0, 0);
}
