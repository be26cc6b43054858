/* trust.c - see trust.h: the sender, where answers go, the links, and what the server found out. */
#include <string.h>
#include "header.h"
#include "html_url.h"
#include "trust_private.h"
#include "pintail/util/i18n.h"
#include "pintail/util/text.h"

#define LINKS_SHOWN 5
#define NAME_MAX_SHOWN 60 /* cells */

struct TrustSurvey {
    Envelope *e;
    char *from;            /* domain of the first From, lower case; "" */
    AuthResults auth;      /* of the topmost field only */
    gboolean is_list;
    GPtrArray *findings;   /* of TrustFinding, whatever the account */
};

static void finding_free(gpointer p)
{
    TrustFinding *f = p;
    g_free(f->brief);
    g_free(f->reason);
    g_free(f);
}

void trust_add(GPtrArray *findings, TrustLevel level, char *brief, char *reason)
{
    TrustFinding *f = g_new0(TrustFinding, 1);
    f->level = level;
    f->brief = brief;
    f->reason = reason;
    g_ptr_array_add(findings, f);
}

/* Lower case, in ASCII form where there is one; "" for an address without a domain. The caller owns it. */
static char *domain_of(const char *address)
{
    const char *at = strrchr(address, '@');
    g_autofree char *lower = g_utf8_strdown(at ? at + 1 : "", -1);
    char *ascii = NULL;
    (void)host_kind(lower, &ascii, NULL);
    return ascii;
}

/* ---- names ---- */

/* The first thing of the form x@y.z in a name; NULL. The caller owns it. */
static char *address_within(const char *name)
{
    static const char ends[] = " \t<>()[]\"',;:|";
    const char *from = name;
    const char *at;
    while ((at = strchr(from, '@'))) {
        const char *begin = at, *end = at + 1;
        while (begin > from && !strchr(ends, begin[-1]))
            begin--;
        end += strcspn(end, ends);
        while (end > at + 1 && end[-1] == '.')
            end--;
        if (begin < at && memchr(at, '.', (gsize)(end - at)))
            return g_strndup(begin, (gsize)(end - begin));
        from = at + 1;
    }
    return NULL;
}

static gboolean has_override(const char *text)
{
    for (const char *p = text; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if ((c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069))
            return TRUE;
    }
    return FALSE;
}

/* A word in which letters of two kinds of writing look alike. */
static char *imitating_word(const char *name)
{
    g_auto(GStrv) words = g_strsplit_set(name, " \t.,;:()[]<>\"'-_/@|", 40);
    for (char **w = words; *w; w++)
        if (**w && strlen(*w) < 200 && host_kind(*w, NULL, NULL) >= HOST_MIXED)
            return g_strdup(*w);
    return NULL;
}

/* Lists that send in their own name put the writer's address beside it. */
static void look_at_name(GPtrArray *to, const Address *a, gboolean is_list)
{
    g_autofree char *shown = text_clip(a->name, NAME_MAX_SHOWN, FALSE);
    g_autofree char *claimed = address_within(a->name);
    g_autofree char *domain = domain_of(a->address);
    g_autofree char *claimed_domain = claimed ? domain_of(claimed) : NULL;
    if (claimed && !url_same_site(claimed_domain, domain))
        trust_add(to, is_list ? TRUST_NOTE : TRUST_WARNING, g_strdup_printf(_("the name says %s, the address is %s"), claimed, a->address),
                  g_strdup_printf(_("The sender's name is written like the address %s, but the message is from %s. A name "
                                    "can be anything: only the address counts."), claimed, a->address));
    g_autofree char *named = claimed ? NULL : url_named_host(a->name);
    if (named && *named && *domain && !url_same_site(named, domain))
        trust_add(to, TRUST_NOTE, g_strdup_printf(_("the name says %s, the address is of %s"), named, domain),
                  g_strdup_printf(_("The sender's name is written like the site %s, but the message is from %s."), named,
                                  a->address));
    if (has_override(a->name))
        trust_add(to, TRUST_WARNING, g_strdup(_("a sender's name that is written backwards")),
                  g_strdup_printf(_("The sender's name holds characters that turn the direction of writing: '%s'."), shown));
    g_autofree char *word = imitating_word(a->name);
    if (word)
        trust_add(to, TRUST_WARNING, g_strdup_printf(_("a name in imitated letters: %s"), word),
                  g_strdup_printf(_("'%s' in the sender's name is written with letters of another script that look "
                                    "like those of a name you know."), word));
}

/* ---- domains ---- */

static void look_at_domain(GPtrArray *to, const char *address, const char *whose)
{
    g_autofree char *domain = domain_of(address), *ascii = NULL, *unicode = NULL;
    HostKind kind = host_kind(domain, &ascii, &unicode);
    if (kind == HOST_PLAIN)
        return;
    if (kind == HOST_INTERNATIONAL) {
        trust_add(to, TRUST_NOTE, g_strdup_printf("%s = %s", unicode, ascii),
                  g_strdup_printf(_("%s is of the domain %s, which is %s in the network's own form."), whose, unicode, ascii));
        return;
    }
    g_autofree char *looks = kind == HOST_CONFUSABLE ? host_skeleton(domain) : NULL;
    trust_add(to, TRUST_WARNING, g_strdup_printf(_("a domain in imitated letters: %s = %s"), unicode, ascii),
              looks ? g_strdup_printf(_("%s is of the domain %s (%s), whose letters look like those of '%s', but are others."),
                                      whose, unicode, ascii, looks)
                    : g_strdup_printf(_("%s is of the domain %s (%s), which mixes letters of several scripts, or holds some "
                                        "that no domain may have."), whose, unicode, ascii));
}

static void look_at_reply_to(GPtrArray *to, const Envelope *e, const char *from)
{
    for (guint i = 0; i < e->reply_to->len && i < 10; i++) {
        const Address *a = e->reply_to->pdata[i];
        g_autofree char *domain = domain_of(a->address);
        look_at_domain(to, a->address, _("Where answers go"));
        if (!*domain || url_same_site(domain, from) || (*e->list_post && g_ascii_strcasecmp(e->list_post, a->address) == 0) ||
            (*e->list_id && url_same_site(domain, e->list_id)))
            continue;
        trust_add(to, TRUST_NOTE, g_strdup_printf(_("answers go to %s"), a->address),
                  g_strdup_printf(_("An answer would not go to the sender's domain %s, but to %s (Reply-To)."), from, a->address));
        return;
    }
}

/* ---- links ---- */

static void look_at_lies(GPtrArray *to, const Rendered *r)
{
    guint told = 0;
    for (guint i = 0; i < r->lies->len && told < LINKS_SHOWN; i++, told++) {
        const RenderLie *lie = r->lies->pdata[i];
        trust_add(to, lie->counter ? TRUST_FACT : TRUST_WARNING,
                  g_strdup_printf(_("link [%u] says %s, leads to %s"), lie->link, lie->named, lie->host),
                  lie->counter ? g_strdup_printf(_("The text of link [%u] names %s; it goes through %s, which counts clicks."),
                                                 lie->link, lie->named, lie->host)
                               : g_strdup_printf(_("The text of link [%u] names %s, but the link leads to %s."), lie->link,
                                                 lie->named, lie->host));
    }
}

static void look_at_links(GPtrArray *to, const Rendered *r)
{
    guint told = 0;
    for (guint i = 0; i < r->links->len && told < LINKS_SHOWN; i++) {
        const char *url = r->links->pdata[i];
        g_autofree char *host = url_is_web(url) ? url_host(url) : NULL, *unicode = NULL;
        if (!host)
            continue;
        const char *authority = strstr(url, "//");
        gsize n = authority ? strcspn(authority + 2, "/?#\\") : 0;
        if (authority && memchr(authority + 2, '@', n)) {
            trust_add(to, TRUST_WARNING, g_strdup_printf(_("link [%u] leads to %s"), i + 1, host),
                      g_strdup_printf(_("Link [%u] begins like another address, but what stands before the @ is no host: it "
                                        "leads to %s."), i + 1, host));
            told++;
        } else if (host_kind(host, NULL, &unicode) >= HOST_MIXED) {
            trust_add(to, TRUST_WARNING, g_strdup_printf(_("link [%u] leads to imitated letters: %s"), i + 1, unicode),
                      g_strdup_printf(_("Link [%u] leads to %s (%s), a domain in letters that imitate others."), i + 1,
                                      unicode, host));
            told++;
        }
    }
}

/* ---- the header ---- */

static void look_at_header(TrustSurvey *s, Span header)
{
    HeaderCursor c;
    HeaderField f;
    guint froms = 0;
    gboolean seen = FALSE;
    if (header.len == 0)
        return;
    header_cursor_init(&c, header);
    while (header_cursor_next(&c, &f)) {
        froms += header_field_is(&f, "From");
        s->is_list = s->is_list || header_field_is(&f, "List-Id") || header_field_is(&f, "List-Post");
        if (seen || !header_field_is(&f, "Authentication-Results"))
            continue;
        seen = TRUE; /* those below the topmost may be anybody's */
        g_autofree char *value = header_unfold(f.value);
        auth_results_parse(value, s->from, &s->auth);
    }
    if (froms > 1)
        trust_add(s->findings, TRUST_WARNING, g_strdup(_("it names its sender twice")),
                  g_strdup_printf(_("The message has %u From lines: other programs may show another sender, and what its "
                                    "server checked may be another one, too."), froms));
    if (s->e->from->len > 1)
        trust_add(s->findings, TRUST_NOTE, g_strdup(_("several senders")),
                  g_strdup_printf(_("The message names %u senders; the first is shown in the list."), s->e->from->len));
}

TrustSurvey *trust_survey(Span header, const Envelope *e, const Rendered *text, const Part *root,
                          TrustBytes bytes, gpointer data)
{
    TrustSurvey *s = g_new0(TrustSurvey, 1);
    const Address *first = e->from->len ? e->from->pdata[0] : NULL;
    s->e = envelope_ref((Envelope *)e);
    s->from = domain_of(first ? first->address : "");
    s->findings = g_ptr_array_new_with_free_func(finding_free);
    look_at_header(s, header);
    for (guint i = 0; i < e->from->len && i < 5; i++) {
        look_at_name(s->findings, e->from->pdata[i], s->is_list);
        look_at_domain(s->findings, ((const Address *)e->from->pdata[i])->address, _("The sender"));
    }
    if (first)
        look_at_reply_to(s->findings, e, s->from);
    if (text) {
        look_at_lies(s->findings, text);
        look_at_links(s->findings, text);
    }
    if (root)
        trust_files(s->findings, root, bytes, data);
    return s;
}

void trust_survey_free(TrustSurvey *s)
{
    if (!s)
        return;
    envelope_unref(s->e);
    g_free(s->from);
    auth_results_clear(&s->auth);
    g_ptr_array_unref(s->findings);
    g_free(s);
}

/* ---- what the account adds ---- */

/* Is that field by the account's own server? */
static gboolean is_own_server(const char *id, const TrustFacts *facts)
{
    const GPtrArray *more = facts->servers;
    for (guint i = 0; more && i < more->len; i++) {
        if (strcmp(more->pdata[i], "none") == 0)
            return FALSE;
        if (g_ascii_strcasecmp(more->pdata[i], id) == 0)
            return TRUE;
    }
    g_autofree char *host = g_ascii_strdown(facts->host ? facts->host : "", -1);
    return *host && strchr(host, '.') ? url_same_site(host, id) : strcmp(host, id) == 0;
}

static void judge_auth(const TrustSurvey *s, const TrustFacts *facts, GPtrArray *to)
{
    const AuthResults *r = &s->auth;
    if (!r->server || !*s->from)
        return;
    if (!is_own_server(r->server, facts)) {
        trust_add(to, TRUST_FACT, g_strdup(""),
                  g_strdup_printf(_("%s has checked the sender, but is not known as this account's server (auth-server), so "
                                    "that could be invented."), r->server));
        return;
    }
    gboolean dkim = r->dkim.result == AUTH_PASS && r->dkim.domain && url_same_site(r->dkim.domain, s->from);
    gboolean spf = r->spf.result == AUTH_PASS && r->spf.domain && url_same_site(r->spf.domain, s->from);
    gboolean dmarc = r->dmarc.result == AUTH_PASS && (!r->dmarc.domain || url_same_site(r->dmarc.domain, s->from));
    if (r->dmarc.result == AUTH_FAIL) {
        trust_add(to, s->is_list ? TRUST_NOTE : TRUST_WARNING, g_strdup_printf(_("%s did not send this, says your server"), s->from),
                  s->is_list ? g_strdup_printf(_("%s could not confirm that this is from %s (DMARC). It came by a mailing list, "
                                                 "which often breaks that."), r->server, s->from)
                             : g_strdup_printf(_("%s found that this is not from %s (DMARC)."), r->server, s->from));
    } else if (dmarc || dkim || spf) {
        trust_add(to, TRUST_FACT, g_strdup(""),
                  g_strdup_printf(_("%s has confirmed that this is from %s (%s)."), r->server, s->from,
                                  dmarc ? "DMARC" : dkim ? "DKIM" : "SPF"));
    } else if (r->dkim.result == AUTH_FAIL || r->spf.result == AUTH_FAIL || r->spf.result == AUTH_SOFTFAIL) {
        gboolean both = r->dkim.result == AUTH_FAIL && r->spf.result == AUTH_FAIL && !s->is_list;
        trust_add(to, both ? TRUST_WARNING : TRUST_NOTE, g_strdup_printf(_("your server could not confirm %s"), s->from),
                  g_strdup_printf(_("%s could not confirm that this is from %s: %s."), r->server, s->from,
                                  r->dkim.result == AUTH_FAIL && r->spf.result != AUTH_NONE && r->spf.result != AUTH_PASS
                                      ? _("neither its signature (DKIM) nor the server that sent it (SPF) is right")
                                      : r->dkim.result == AUTH_FAIL ? _("its signature (DKIM) is not right")
                                      : _("it came from a server that may not send for it (SPF)")));
    } else {
        trust_add(to, TRUST_FACT, g_strdup(""),
                  g_strdup_printf(_("%s found nothing that vouches for %s."), r->server, s->from));
    }
}

/* Somebody under the person's own name, or under a domain that looks like theirs. */
static void judge_own(const TrustSurvey *s, const TrustFacts *facts, GPtrArray *to)
{
    const Address *from = s->e->from->len ? s->e->from->pdata[0] : NULL;
    g_autofree char *looks = host_skeleton(s->from), *name = text_fold(from ? from->name : "", -1);
    gboolean mine = FALSE, named = FALSE;
    const char *like = NULL;
    g_autoptr(GPtrArray) domains = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; facts->own && from && i < facts->own->len; i++) {
        const Address *a = facts->own->pdata[i];
        g_autofree char *own_name = text_fold(a->name, -1);
        char *domain = domain_of(a->address);
        g_autofree char *own_looks = host_skeleton(domain);
        g_ptr_array_add(domains, domain);
        mine = mine || g_ascii_strcasecmp(a->address, from->address) == 0 || url_same_site(domain, s->from);
        named = named || (*own_name && strcmp(own_name, name) == 0);
        if (*domain && strcmp(own_looks, looks) == 0)
            like = domain;
    }
    if (mine)
        return;
    if (like)
        trust_add(to, TRUST_WARNING, g_strdup_printf(_("%s is not your %s"), s->from, like),
                  g_strdup_printf(_("The sender's domain %s looks like %s, but is another one."), s->from, like));
    if (named)
        trust_add(to, TRUST_NOTE, g_strdup_printf(_("your own name, but the address %s"), from->address),
                  g_strdup_printf(_("The sender has your name, but writes from %s, which is none of your addresses."),
                                  from->address));
}

static gint by_weight(gconstpointer a, gconstpointer b)
{
    const TrustFinding *x = *(TrustFinding *const *)a, *y = *(TrustFinding *const *)b;
    return (gint)y->level - (gint)x->level;
}

GPtrArray *trust_judge(const TrustSurvey *s, const TrustFacts *facts)
{
    GPtrArray *all = g_ptr_array_new_with_free_func(finding_free);
    judge_auth(s, facts, all);
    judge_own(s, facts, all);
    for (guint i = 0; i < s->findings->len; i++) {
        const TrustFinding *f = s->findings->pdata[i];
        trust_add(all, f->level, g_strdup(f->brief), g_strdup(f->reason));
    }
    g_ptr_array_sort(all, by_weight); /* stable */
    return all;
}
