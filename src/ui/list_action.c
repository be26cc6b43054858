/* list_action.c - what a mailing list offers in its header: leaving it, writing to it, its help and archive.
 *
 * Nothing is sent without the person: a mail is shown for review, a page is named before a browser gets it,
 * and the host of a one-click request (RFC 8058) before it is posted to. */
#include "command.h"
#include "compose.h"
#include "panes.h"
#include "private_file.h"
#include "viewer_private.h"
#include "pintail/util/i18n.h"

static const struct {
    const char *command;
    ListAction action;
} names[] = {
    {"unsubscribe", LIST_UNSUBSCRIBE}, {"list-subscribe", LIST_SUBSCRIBE}, {"list-post", LIST_POST},
    {"list-help", LIST_HELP},          {"list-archive", LIST_ARCHIVE},     {"list-owner", LIST_OWNER},
};

static char *host_of(const char *url)
{
    g_autoptr(GUri) u = g_uri_parse(url, G_URI_FLAGS_ENCODED | G_URI_FLAGS_PARSE_RELAXED, NULL);
    return g_strdup(u && g_uri_get_host(u) ? g_uri_get_host(u) : url);
}

static void browser_answered(Ui *ui, char key, gpointer data)
{
    g_autofree char *url = data;
    if (key == 'y' && browser_open(ui, url))
        ui_say(ui, NOTICE_INFO, _("Opened %s"), url);
}

static void offer_browser(Ui *ui, const char *url)
{
    g_autofree char *prompt = g_strdup_printf(_("Open %s in a browser?"), url);
    ui_ask_key(ui, prompt, "yn", browser_answered, g_strdup(url));
}

static void one_click_answered(Ui *ui, char key, gpointer data)
{
    g_autofree char *url = data;
    g_autofree char *host = host_of(url);
    if (key == 'b')
        offer_browser(ui, url);
    if (key != 'y')
        return;
    Request *r = request_new(REQUEST_UNSUBSCRIBE, 0);
    r->section = g_strdup(url);
    if (bus_request(ui->bus, LANE_SYNC, r))
        ui_say(ui, NOTICE_INFO, _("Asking %s to unsubscribe you…"), host);
    else
        ui_say(ui, NOTICE_WARNING, _("Not yet connected: try again in a moment"));
}

static void unsubscribe(Ui *ui, const ListActions *l)
{
    const char *web = l->of[LIST_UNSUBSCRIBE].web, *mailto = l->of[LIST_UNSUBSCRIBE].mailto;
    if (l->one_click) {
        g_autofree char *host = host_of(web);
        g_autofree char *prompt = g_strdup_printf(_("Unsubscribe? This tells %s that your address is read. b: in a browser"), host);
        ui_ask_key(ui, prompt, "ynb", one_click_answered, g_strdup(web));
    } else if (mailto) {
        compose_mailto_review(ui, mailto);
    } else {
        offer_browser(ui, web);
    }
}

void cmd_list_action(Ui *ui, char **args)
{
    const Loaded *loaded = viewer_view_loaded(ui->panes->viewer);
    const ListActions *l = loaded ? loaded->list : NULL;
    ListAction a = LIST_HELP;
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        if (g_str_equal(names[i].command, args[0]))
            a = names[i].action;
    if (!loaded) {
        ui_say(ui, NOTICE_INFO, _("There is no message here"));
    } else if (a == LIST_POST && l && l->closed) {
        ui_say(ui, NOTICE_INFO, _("This list takes no messages"));
    } else if (!l || (!l->of[a].web && !l->of[a].mailto)) {
        ui_say(ui, NOTICE_INFO, a == LIST_UNSUBSCRIBE ? _("This message does not say how to unsubscribe")
                                                      : _("This message does not offer that"));
    } else if (a == LIST_UNSUBSCRIBE) {
        if (!ui_refuses(ui))
            unsubscribe(ui, l);
    } else if (l->of[a].mailto) {
        compose_mailto(ui, l->of[a].mailto);
    } else {
        offer_browser(ui, l->of[a].web);
    }
}
