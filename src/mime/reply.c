/* reply.c - answers and forwards: who gets them (RFC 5322 section 3.6.3,
 * Mail-Followup-To, List-Post), how they thread (section 3.6.4), what they quote. */
#include <string.h>
#include "compose.h"
#include "pintail/util/date.h"
#include "pintail/util/i18n.h"

#define REFERENCES_KEPT 40

/* "Re:" as programs of other languages write it; "Re[2]:" and "Re(2):" too. */
static const char *const reply_prefixes[] = {"re",  "aw",   "antw", "antwort", "sv",  "vs",
                                             "odp", "rif",  "r",       "res",
                                             "ynt", "回复", "回覆", "答复",    "답장"};
static const char *const forward_prefixes[] = {"fwd", "fw", "wg", "tr", "rv", "i", "转发", "轉寄"};

/* Length of a prefix with its colon and blanks at the start of `s`, or 0. */
static gsize prefix_length(const char *s, const char *const *words, gsize n)
{
    for (gsize i = 0; i < n; i++) {
        gsize len = strlen(words[i]);
        if (g_ascii_strncasecmp(s, words[i], len) != 0)
            continue;
        const char *p = s + len;
        if (*p == '[' || *p == '(') {
            gsize digits = strspn(p + 1, "0123456789");
            if (digits == 0 || (p[digits + 1] != ']' && p[digits + 1] != ')'))
                continue;
            p += digits + 2;
        }
        while (*p == ' ')
            p++;
        if (*p == ':')
            p++;
        else if (g_str_has_prefix(p, "\357\274\232")) /* full-width colon */
            p += 3;
        else
            continue;
        return (gsize)(p - s) + strspn(p, " \t");
    }
    return 0;
}

static const char *without_reply_prefixes(const char *subject)
{
    gsize n;
    const char *s = subject + strspn(subject, " \t");
    while ((n = prefix_length(s, reply_prefixes, G_N_ELEMENTS(reply_prefixes))) > 0)
        s += n;
    return s;
}

static gboolean is_own(const char *address, const Address *from, const char *const *own)
{
    if (from && g_ascii_strcasecmp(address, from->address) == 0)
        return TRUE;
    for (; own && *own; own++) {
        if (g_ascii_strcasecmp(address, *own) == 0)
            return TRUE;
    }
    return FALSE;
}

typedef struct {
    const Address *from;
    const char *const *own;
    GHashTable *there; /* addresses that are in To or Cc, lower case */
    Draft *d;
} Reply;

/* Those who are not me and are not there yet. */
static void add_others(Reply *r, GPtrArray *into, const GPtrArray *from)
{
    for (guint i = 0; i < from->len; i++) {
        const Address *a = g_ptr_array_index(from, i);
        if (*a->address && !is_own(a->address, r->from, r->own) &&
            g_hash_table_add(r->there, g_ascii_strdown(a->address, -1)))
            g_ptr_array_add(into, address_new(a->name, a->address));
    }
}

static gboolean all_own(const GPtrArray *list, const Address *from, const char *const *own)
{
    for (guint i = 0; i < list->len; i++) {
        if (!is_own(((Address *)g_ptr_array_index(list, i))->address, from, own))
            return FALSE;
    }
    return TRUE;
}

static void set_recipients(Reply *r, const Envelope *e, ReplyMode mode)
{
    Draft *d = r->d;
    const GPtrArray *writer = e->reply_to->len > 0 ? e->reply_to : e->from;
    gboolean mine = e->from->len > 0 && all_own(e->from, r->from, r->own) &&
                    all_own(writer, r->from, r->own);
    if (mode != REPLY_SENDER && e->followup_to->len > 0) {
        add_others(r, d->to, e->followup_to);
        if (d->to->len > 0)
            return;
    }
    if (mode == REPLY_LIST && *e->list_post) {
        g_ptr_array_add(d->to, address_new("", e->list_post));
        return;
    }
    if (mine) { /* an answer to what I wrote goes on to those I wrote to */
        add_others(r, d->to, e->to);
        if (mode != REPLY_SENDER)
            add_others(r, d->cc, e->cc);
        if (d->to->len > 0)
            return;
    }
    add_others(r, d->to, writer);
    if (d->to->len == 0)
        address_list_copy(d->to, writer); /* a message to myself */
    if (mode != REPLY_SENDER) {
        add_others(r, d->cc, e->to);
        add_others(r, d->cc, e->cc);
    }
}

/* RFC 5322 section 3.6.4. A long history keeps its first id and the newest. */
static void set_references(Draft *d, const Envelope *e)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new();
    for (guint i = 0; i < e->references->len; i++)
        g_ptr_array_add(all, g_ptr_array_index(e->references, i));
    if (all->len == 0 && *e->in_reply_to)
        g_ptr_array_add(all, e->in_reply_to);
    if (*e->message_id) {
        if (all->len == 0 || strcmp(g_ptr_array_index(all, all->len - 1), e->message_id) != 0)
            g_ptr_array_add(all, e->message_id);
        d->in_reply_to = g_strdup(e->message_id);
    }
    if (all->len == 0)
        return;
    d->references = g_ptr_array_new_with_free_func(g_free);
    guint skip = all->len > REFERENCES_KEPT ? all->len - REFERENCES_KEPT : 0;
    for (guint i = 0; i < all->len; i++) {
        if (i == 0 || i > skip)
            g_ptr_array_add(d->references, g_strdup(g_ptr_array_index(all, i)));
    }
}

static void put_quoted_lines(GString *out, const char *p, const char *end)
{
    while (end > p && strchr("\r\n ", end[-1]))
        end--;
    while (p < end) {
        const char *nl = memchr(p, '\n', (gsize)(end - p));
        gsize n = (gsize)((nl ? nl : end) - p);
        while (n > 0 && (p[n - 1] == '\r' || p[n - 1] == ' '))
            n--;
        g_string_append(out, n == 0 || *p == '>' ? ">" : "> ");
        g_string_append_len(out, p, (gssize)n);
        g_string_append_c(out, '\n');
        p = nl ? nl + 1 : end;
    }
}

/* "> " before each line; the writer's signature is left out, but not what was forwarded below it. */
static void put_quoted(GString *out, const char *text)
{
    const char *all = text + strlen(text);
    const char *mark = strstr(text, "\n-- \n");
    const char *signature = g_str_has_prefix(text, "-- \n") ? text : mark ? mark + 1 : all;
    const char *forwarded = strstr(signature, "\n-----");
    put_quoted_lines(out, text, signature);
    if (forwarded) {
        g_string_append(out, signature > text ? ">\n" : "");
        put_quoted_lines(out, forwarded + 1, all);
    }
}

Draft *draft_reply(const Envelope *to, ReplyMode mode, const Address *from,
                   const char *const *own, const char *quoted)
{
    Draft *d = draft_new(from);
    g_autoptr(GHashTable) there = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Reply r = {from, own, there, d};
    set_recipients(&r, to, mode);
    set_references(d, to);
    g_autofree char *subject = compose_one_line(to->subject);
    g_free(d->subject);
    d->subject = g_strconcat("Re: ", without_reply_prefixes(subject), NULL);
    if (quoted) {
        g_autoptr(GString) body = g_string_new(NULL);
        g_autofree char *when = date_format_long(to->date);
        g_autofree char *who = to->from->len > 0
                                   ? compose_one_line(address_label(g_ptr_array_index(to->from, 0)))
                                   : NULL;
        if (who && *who && to->date)
            g_string_append_printf(body, _("On %s, %s wrote:"), when, who);
        else if (who && *who)
            g_string_append_printf(body, _("%s wrote:"), who);
        if (body->len > 0)
            g_string_append_c(body, '\n');
        put_quoted(body, quoted);
        g_string_append_c(body, '\n');
        g_free(d->body);
        d->body = g_strdup(body->str);
    }
    return d;
}

static void put_line(GString *out, const char *name, const char *value)
{
    g_autofree char *line = compose_one_line(value);
    if (*line)
        g_string_append_printf(out, "%s %s\n", name, line);
}

static char *forwarded_text(const Envelope *of, const char *text)
{
    GString *out = g_string_new("\n");
    g_autofree char *from = address_list_format(of->from, FALSE);
    g_autofree char *to = address_list_format(of->to, FALSE);
    g_autofree char *cc = address_list_format(of->cc, FALSE);
    g_string_append_printf(out, "---------- %s ----------\n", _("Forwarded message"));
    put_line(out, _("From:"), from);
    if (of->date) {
        g_autofree char *date = date_format_rfc5322(of->date);
        put_line(out, _("Date:"), date);
    }
    put_line(out, _("Subject:"), of->subject);
    put_line(out, _("To:"), to);
    put_line(out, _("Cc:"), cc);
    g_string_append_c(out, '\n');
    g_string_append(out, text);
    return g_string_free(out, FALSE);
}

Draft *draft_forward(const Envelope *of, const Address *from, const char *text, GBytes *message)
{
    Draft *d = draft_new(from);
    g_autofree char *subject = compose_one_line(of->subject);
    g_free(d->subject);
    gboolean again = prefix_length(subject, forward_prefixes, G_N_ELEMENTS(forward_prefixes)) > 0;
    d->subject = again ? g_strdup(subject) : g_strconcat("Fwd: ", subject, NULL);
    if (text) {
        g_free(d->body);
        d->body = forwarded_text(of, text);
    }
    if (message) {
        Attachment *a = g_new0(Attachment, 1);
        a->type = g_strdup("message/rfc822");
        a->name = *subject ? g_strconcat(subject, ".eml", NULL) : g_strdup("message.eml");
        a->content = g_bytes_ref(message);
        g_ptr_array_add(d->attachments, a);
    }
    return d;
}
