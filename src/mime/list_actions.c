/* list_actions.c - see list_actions.h. Only the first field of a name counts. */
#include "pintail/mime/list_actions.h"
#include "header.h"

#define URL_LENGTH_MAX 4000

static const char *const fields[LIST_ACTIONS] = {
    [LIST_UNSUBSCRIBE] = "List-Unsubscribe", [LIST_SUBSCRIBE] = "List-Subscribe", [LIST_POST] = "List-Post",
    [LIST_HELP] = "List-Help",               [LIST_ARCHIVE] = "List-Archive",     [LIST_OWNER] = "List-Owner",
};

/* What is between < and >, without the blanks that folding leaves; NULL for what is no address of the net. */
static char *clean_url(const char *at, gsize len)
{
    g_autoptr(GString) out = g_string_new(NULL);
    for (gsize i = 0; i < len; i++) {
        guchar c = (guchar)at[i];
        if (c == ' ' || c == '\t')
            continue;
        if (c < ' ' || c >= 0x7f || out->len >= URL_LENGTH_MAX)
            return NULL;
        g_string_append_c(out, (char)c);
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static gboolean begins(const char *url, const char *with)
{
    return g_ascii_strncasecmp(url, with, strlen(with)) == 0;
}

static void take_urls(ListActions *l, ListAction a, const char *value)
{
    const char *at = value;
    while ((at = strchr(at, '<'))) {
        const char *end = strchr(++at, '>');
        g_autofree char *url = end ? clean_url(at, (gsize)(end - at)) : NULL;
        if (!end)
            return;
        at = end;
        if (!url)
            continue;
        gboolean secure = begins(url, "https://");
        char **mailto = &l->of[a].mailto, **web = &l->of[a].web;
        if (begins(url, "mailto:") && !*mailto) {
            *mailto = g_steal_pointer(&url);
        } else if (secure ? !*web || !begins(*web, "https://") : begins(url, "http://") && !*web) {
            g_free(*web);
            *web = g_steal_pointer(&url);
        }
    }
}

ListActions *list_actions_parse(Span header)
{
    ListActions *l = g_new0(ListActions, 1);
    HeaderCursor c;
    HeaderField f;
    gboolean seen[LIST_ACTIONS] = {FALSE}, any = FALSE, post = FALSE;
    if (header.len == 0)
        return g_free(l), NULL;
    header_cursor_init(&c, header);
    while (header_cursor_next(&c, &f)) {
        g_autofree char *value = NULL;
        if (f.name.len < 8 || g_ascii_strncasecmp(f.name.at, "List-", 5) != 0)
            continue;
        value = header_unfold(f.value);
        if (header_field_is(&f, "List-Unsubscribe-Post"))
            post = post || g_ascii_strcasecmp(value, "List-Unsubscribe=One-Click") == 0;
        for (int a = 0; a < LIST_ACTIONS; a++) {
            if (seen[a] || !header_field_is(&f, fields[a]))
                continue;
            any = seen[a] = TRUE;
            take_urls(l, (ListAction)a, value);
            if (a == LIST_POST && g_ascii_strncasecmp(value, "NO", 2) == 0 && !strchr(value, '<'))
                l->closed = TRUE;
        }
    }
    const char *web = l->of[LIST_UNSUBSCRIBE].web;
    l->one_click = post && web && begins(web, "https://");
    if (!any)
        g_clear_pointer(&l, list_actions_free);
    return l;
}

void list_actions_free(ListActions *l)
{
    for (int a = 0; l && a < LIST_ACTIONS; a++) {
        g_free(l->of[a].mailto);
        g_free(l->of[a].web);
    }
    g_free(l);
}
