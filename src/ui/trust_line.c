/* trust_line.c - see trust_line.h. What all is fine says nothing here; `why` says that too. */
#include "trust_line.h"
#include "command.h"
#include "keymap.h"
#include "panes.h"
#include "text_view.h"
#include "pintail/mime/trust.h"
#include "pintail/util/i18n.h"

#define LOOKED_AT   (16 * 1024)  /* encoded bytes of an attachment */
#define SECTION_MAX (256 * 1024) /* a larger one of a server's is not read for its first bytes */

typedef struct {
    Store *store;
    const Content *content;
} Source;

static GBytes *first_bytes(gpointer data, const Part *p)
{
    const Source *source = data;
    if (source->content->whole || p->content)
        return part_decode(p->encoding, span_new(p->body.at, MIN(p->body.len, LOOKED_AT)));
    return p->size <= SECTION_MAX ? content_part(source->content, source->store, p, NULL) : NULL;
}

void trust_look(Loaded *l, Store *s, const Content *c)
{
    Source source = {s, c};
    gsize len;
    const char *header = g_bytes_get_data(c->header, &len);
    l->list = list_actions_parse(span_new(header, len));
    if (l->envelope)
        l->trust = trust_survey(span_new(header, len), l->envelope, l->rendered, c->root, first_bytes, &source);
}

/* NULL when nothing is known of the message. */
static GPtrArray *findings(Ui *ui, const Loaded *l)
{
    const Account *a = ui_current_account(ui);
    g_autoptr(GPtrArray) own = g_ptr_array_new_with_free_func((GDestroyNotify)address_free);
    if (!l || !l->trust)
        return NULL;
    if (a && *a->identity.address)
        g_ptr_array_add(own, address_new(a->identity.name, a->identity.address));
    for (guint i = 0; a && i < a->identities->len; i++) {
        const Identity *one = a->identities->pdata[i];
        g_ptr_array_add(own, address_new(one->name, one->address));
    }
    TrustFacts facts = {.host = a && a->incoming ? a->incoming->host : NULL,
                        .servers = a ? a->auth_servers : NULL, .own = own};
    return trust_judge(l->trust, &facts);
}

void viewer_add_trust(Viewer *v)
{
    g_autoptr(GPtrArray) all = findings(v->view.ui, v->loaded);
    guint more = 0;
    for (guint i = 0; all && i < all->len; i++)
        more += ((TrustFinding *)all->pdata[i])->level > TRUST_FACT;
    if (more-- == 0)
        return;
    const TrustFinding *first = all->pdata[0];
    g_autofree char *key = keymap_label(v->view.ui->keymap, "viewer", "why");
    g_autofree char *rest = more ? g_strdup_printf(P_(" (and %u more)", " (and %u more)", more), more) : g_strdup("");
    g_autofree char *text = g_strdup_printf(first->level == TRUST_WARNING ? _("Careful: %s%s.  %s: why") : _("Note: %s%s.  %s: why"),
                                            first->brief, rest, key ? key : ":why");
    viewer_add_head(v, first->level == TRUST_WARNING ? "viewer.warning" : "viewer.note", text);
}

void cmd_why(Ui *ui, char **args)
{
    const Loaded *l = viewer_view_loaded(ui->panes->viewer);
    g_autoptr(GPtrArray) all = findings(ui, l);
    if (!all) {
        ui_say(ui, NOTICE_INFO, _("There is no message here"));
        return;
    }
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < l->envelope->from->len; i++) {
        const Address *a = l->envelope->from->pdata[i];
        g_autofree char *shown = address_format(a, FALSE);
        g_string_append_printf(text, "%s %s\n", _("From:"), shown);
    }
    g_string_append_c(text, '\n');
    for (guint i = 0; i < all->len; i++) {
        const TrustFinding *f = all->pdata[i];
        g_string_append_printf(text, "%s%s\n\n", f->level == TRUST_WARNING ? _("Careful: ") : "", f->reason);
    }
    if (all->len == 0)
        g_string_append(text, _("Nothing about this message is out of the ordinary. That does not prove that it is honest."));
    ui_push(ui, text_view_new(ui, _("Who is it really?"), text->str));
}
