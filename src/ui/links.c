/* links.c - see links.h. The program is run with the target as one argument, never through a shell. */
#include <string.h>
#include "links.h"
#include "compose.h"
#include "panes.h"
#include "picker_view.h"
#include "private_file.h"
#include "viewer_view.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"

#define LINKS_MAX 1000

/* ---- which there are ---- */

/* Is there a link's text at this byte? Then the target is known better. */
static gboolean is_linked(const RenderLine *line, gsize at)
{
    for (guint i = 0; i < line->n_spans; i++)
        if (line->spans[i].link && at >= line->spans[i].start &&
            at < (gsize)line->spans[i].start + line->spans[i].len)
            return TRUE;
    return FALSE;
}

GPtrArray *links_of(const Rendered *r)
{
    GPtrArray *all = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < r->links->len; i++) {
        g_ptr_array_add(all, g_strdup(r->links->pdata[i]));
        g_hash_table_add(seen, all->pdata[i]);
    }
    for (guint i = 0; i < r->lines->len; i++) {
        const RenderLine *line = r->lines->pdata[i];
        gsize len = 0;
        const char *at = line->kind == LINE_LINKS ? NULL : url_find(line->text, &len);
        for (; at && all->len < LINKS_MAX; at = url_find(at + len, &len)) {
            if (is_linked(line, (gsize)(at - line->text)))
                continue;
            char *url = g_strndup(at, len);
            if (g_hash_table_add(seen, url))
                g_ptr_array_add(all, url);
            else
                g_free(url);
        }
    }
    return all;
}

/* ---- what becomes of one ---- */

/* What the text of a link said, when that names another host; NULL. */
static const RenderLie *lie_of(const Rendered *r, gint64 number)
{
    for (guint i = 0; i < r->lies->len; i++)
        if (((RenderLie *)r->lies->pdata[i])->link == number)
            return r->lies->pdata[i];
    return NULL;
}

/* Only what a browser is for: no file:, no javascript:, nothing of this computer. */
static gboolean may_be_opened(const char *url)
{
    return g_ascii_strncasecmp(url, "https://", 8) == 0 || g_ascii_strncasecmp(url, "http://", 7) == 0;
}

static void open_answered(Ui *ui, char key, gpointer data)
{
    g_autofree char *url = data;
    if (key == 'c') {
        ui_say(ui, NOTICE_INFO, term_copy(url, strlen(url)) ? _("Copied") : _("This terminal cannot copy"));
        return;
    }
    if (key != 'y')
        return;
    if (browser_open(ui, url))
        ui_say(ui, NOTICE_INFO, _("Opened %s"), url);
}

static void chosen(Ui *ui, gint64 id, gpointer data)
{
    const Rendered *r = viewer_view_rendered(ui->panes->viewer);
    g_autoptr(GPtrArray) links = r ? links_of(r) : NULL;
    if (!links || id < 1 || (guint)id > links->len)
        return;
    const char *url = links->pdata[id - 1];
    if (g_ascii_strncasecmp(url, "mailto:", 7) == 0) {
        compose_mailto(ui, url);
        return;
    }
    if (!may_be_opened(url)) {
        ui_say(ui, NOTICE_WARNING, _("Not opened, because it is no web address: %s"), url);
        return;
    }
    const RenderLie *lie = lie_of(r, id);
    g_autofree char *prompt = lie ? g_strdup_printf(_("The text says %s, but this is %s. Open it? c copies it"), lie->named, url)
                                  : g_strdup_printf(_("Open %s? c copies it"), url);
    ui_ask_key(ui, prompt, "ync", open_answered, g_strdup(url));
}

static void number_typed(Ui *ui, const char *text, gpointer data)
{
    const Rendered *r = viewer_view_rendered(ui->panes->viewer);
    g_autoptr(GPtrArray) links = r ? links_of(r) : NULL;
    guint64 n;
    if (!text || !*text || !links)
        return;
    if (g_ascii_string_to_unsigned(text, 10, 1, links->len, &n, NULL))
        chosen(ui, (gint64)n, NULL);
    else
        ui_say(ui, NOTICE_WARNING, P_("There is %u link: type its number", "Links have numbers from 1 to %u", links->len),
               links->len);
}

void cmd_open_link(Ui *ui, char **args)
{
    const Rendered *r = viewer_view_rendered(ui->panes->viewer);
    g_autoptr(GPtrArray) links = r ? links_of(r) : NULL;
    if (!links || links->len == 0) {
        ui_say(ui, NOTICE_INFO, r ? _("There are no links in this message") : _("There is no message here"));
        return;
    }
    if (args[1]) {
        number_typed(ui, args[1], NULL);
        return;
    }
    g_autofree char *prompt = g_strdup_printf(P_("Open link (%u):", "Open link (1-%u):", links->len), links->len);
    ui_ask(ui, prompt, links->len == 1 ? "1" : "", FALSE, number_typed, NULL);
}

void cmd_links(Ui *ui, char **args)
{
    const Rendered *r = viewer_view_rendered(ui->panes->viewer);
    g_autoptr(GPtrArray) links = r ? links_of(r) : NULL;
    if (!links || links->len == 0) {
        ui_say(ui, NOTICE_INFO, r ? _("There are no links in this message") : _("There is no message here"));
        return;
    }
    GPtrArray *choices = choices_new();
    for (guint i = 0; i < links->len; i++) {
        g_autofree char *number = g_strdup_printf("[%u]", i + 1);
        choices_add(choices, (gint64)i + 1, links->pdata[i], number);
    }
    ui_push(ui, picker_view_new(ui, _("Links"), choices, chosen, NULL));
}
