/* report.c - delivery reports (RFC 3464) and read receipts (RFC 8098) as sentences: who, why, and
 * whether it is final. */
#include "card_private.h"
#include <string.h>
#include "header.h"
#include "pintail/util/date.h"
#include "pintail/mime/delivery_status.h"
#include "pintail/util/i18n.h"

#define RECIPIENTS_MAX 50
#define BLOCKS_MAX 2000

/* The fields of one block (blank lines stand between blocks). */
typedef struct {
    const char *at, *end;
} Blocks;

static gboolean next_block(Blocks *b, Span *out)
{
    while (b->at < b->end && (*b->at == '\r' || *b->at == '\n'))
        b->at++;
    if (b->at == b->end)
        return FALSE;
    const char *start = b->at;
    while (b->at < b->end) {
        const char *nl = memchr(b->at, '\n', (gsize)(b->end - b->at));
        gsize n = nl ? (gsize)(nl - b->at) : (gsize)(b->end - b->at);
        if (n == 0 || (n == 1 && *b->at == '\r'))
            break;
        b->at += nl ? n + 1 : n;
    }
    *out = span_new(start, (gsize)(b->at - start));
    return TRUE;
}

static char *field(Span block, const char *name)
{
    g_autofree char *raw = header_get(block, name);
    return raw ? header_decode(raw, strlen(raw)) : NULL;
}

/* "rfc822; bob@example.org" without its type; a comment at the end stays. NULL when it is not there. */
static char *typed(Span block, const char *name)
{
    char *value = field(block, name);
    char *semicolon = value ? strchr(value, ';') : NULL;
    if (semicolon)
        memmove(value, semicolon + 1, strlen(semicolon + 1) + 1);
    if (value)
        g_strstrip(value);
    if (value && !*value)
        g_clear_pointer(&value, g_free);
    return value;
}

/* An address without <>. */
static char *address(Span block)
{
    char *a = typed(block, "Final-Recipient");
    if (!a)
        a = typed(block, "Original-Recipient");
    if (a && *a == '<' && g_str_has_suffix(a, ">")) {
        a[strlen(a) - 1] = '\0';
        memmove(a, a + 1, strlen(a));
    }
    return a;
}

typedef enum { FATE_FAILED, FATE_DELAYED, FATE_DELIVERED, FATE_RELAYED, FATE_EXPANDED } Fate;

static Fate fate_of(const char *action, const char *status)
{
    static const char *const names[] = {"failed", "delayed", "delivered", "relayed", "expanded"};
    for (gsize i = 0; action && i < G_N_ELEMENTS(names); i++)
        if (g_ascii_strncasecmp(action, names[i], strlen(names[i])) == 0)
            return (Fate)i;
    return status && *status == '2' ? FATE_DELIVERED : status && *status == '4' ? FATE_DELAYED : FATE_FAILED;
}

static char *sentence(Fate fate, const char *who)
{
    switch (fate) {
    case FATE_DELAYED: return g_strdup_printf(_("%s has not got your message yet."), who);
    case FATE_DELIVERED: return g_strdup_printf(_("Your message was delivered to %s."), who);
    case FATE_RELAYED: return g_strdup_printf(_("Your message was passed on towards %s, by a server that sends no reports."), who);
    case FATE_EXPANDED: return g_strdup_printf(_("Your message was delivered to %s and sent on to more people."), who);
    case FATE_FAILED: break;
    }
    return g_strdup_printf(_("%s did not get your message."), who);
}

static char *local_date(Span block, const char *name)
{
    MailDate date;
    g_autofree char *value = field(block, name);
    return value && date_parse(value, strlen(value), &date) ? date_format_long(date.seconds) : NULL;
}

static void add_recipient(GString *out, Span block, Fate fate, const char *who, const char *status)
{
    g_autofree char *text = sentence(fate, who);
    g_autofree char *words = typed(block, "Diagnostic-Code");
    g_autofree char *host = typed(block, "Remote-MTA");
    g_string_append_c(out, '\n');
    card_text(out, text);
    if (fate > FATE_DELAYED)
        return;
    const char *known = status ? delivery_status_meaning(status) : NULL;
    if (known)
        card_line(out, _("Reason"), known);
    if (words && host) {
        g_autofree char *label = g_strdup_printf(_("%s said"), host);
        card_line(out, label, words);
    } else if (words) {
        card_line(out, _("The server said"), words);
    } else if (status && !known) {
        card_line(out, _("Status"), status);
    }
    if (fate == FATE_FAILED) {
        g_string_append_printf(out, "\n%s", _("This is final: nothing more is tried."));
        return;
    }
    g_autofree char *until = local_date(block, "Will-Retry-Until");
    if (until) {
        g_autofree char *t = g_strdup_printf(_("This is not final: it is tried again until %s."), until);
        g_string_append_printf(out, "\n%s", t);
    } else {
        g_string_append_printf(out, "\n%s", _("This is not final: it is tried again."));
    }
}

static const char *heading(const gboolean seen[])
{
    if (seen[FATE_FAILED])
        return _("Not delivered");
    if (seen[FATE_DELAYED])
        return _("Not delivered yet");
    return _("Delivered");
}

char *delivery_card(const char *utf8)
{
    Blocks b = {utf8, utf8 + strlen(utf8)};
    Span block;
    gboolean seen[FATE_EXPANDED + 1] = {FALSE};
    g_autoptr(GString) body = g_string_new(NULL);
    guint n = 0, more = 0;
    for (guint blocks = 0; blocks < BLOCKS_MAX && next_block(&b, &block); blocks++) {
        g_autofree char *who = address(block), *action = field(block, "Action"), *status = field(block, "Status");
        if (!who)
            continue;
        Fate fate = fate_of(action, status);
        seen[fate] = TRUE;
        if (n++ < RECIPIENTS_MAX)
            add_recipient(body, block, fate, who, status);
        else
            more++;
    }
    if (n == 0)
        return NULL;
    if (more) {
        g_autofree char *t = g_strdup_printf(P_("and %u more recipient", "and %u more recipients", more), more);
        g_string_append_printf(body, "\n%s", t);
    }
    return g_strconcat(heading(seen), body->str, NULL);
}

/* "automatic-action/MDN-sent-automatically; displayed/error": type and modifiers of it. */
static char *disposition_type(const char *value, gboolean *automatic)
{
    g_autofree char *lower = g_ascii_strdown(value, -1);
    char *semicolon = strchr(lower, ';');
    *automatic = g_str_has_prefix(lower, "automatic-action");
    char *type = semicolon ? semicolon + 1 : lower;
    type += strspn(type, " \t");
    return g_strndup(type, strcspn(type, "/, \t"));
}

char *receipt_card(const char *utf8)
{
    Span all = span_of(utf8);
    g_autofree char *who = address(all), *disposition = field(all, "Disposition");
    g_autofree char *problem = field(all, "Error"), *failure = field(all, "Failure");
    if (!who && !disposition)
        return NULL;
    const char *name = who ? who : _("The recipient");
    gboolean automatic = FALSE;
    g_autofree char *type = disposition ? disposition_type(disposition, &automatic) : g_strdup("");
    g_autofree char *text = NULL;
    const char *head = _("Read receipt");
    if (strcmp(type, "displayed") == 0) {
        text = g_strdup_printf(_("Your message was displayed to %s. Whether it was read or understood is not known."), name);
    } else if (strcmp(type, "deleted") == 0) {
        head = _("Not read");
        text = g_strdup_printf(_("Your message to %s was deleted; it may not have been seen."), name);
    } else if (strcmp(type, "dispatched") == 0) {
        text = g_strdup_printf(_("Your message to %s was forwarded or filed; it may not have been seen."), name);
    } else if (strcmp(type, "denied") == 0) {
        text = g_strdup_printf(_("%s does not want to say what happened to your message."), name);
    } else if (strcmp(type, "failed") == 0 || failure) {
        text = g_strdup_printf(_("The mail program of %s could not make a receipt."), name);
    } else {
        text = g_strdup_printf(_("Your message to %s was processed without being displayed."), name);
    }
    g_autoptr(GString) out = g_string_new(head);
    g_string_append_c(out, '\n');
    card_text(out, text);
    if (automatic)
        g_string_append_printf(out, "\n%s", _("A program sent this by itself."));
    if (failure || problem)
        card_line(out, _("It said"), failure ? failure : problem);
    return g_string_free(g_steal_pointer(&out), FALSE);
}
