/* message_output.c - a message's text, addresses and links to the clipboard. */
#include <string.h>
#include "clipboard.h"
#include "command.h"
#include "list_view.h"
#include "loader.h"
#include "panes.h"
#include "viewer_view.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/spawn.h"

/* ---- to the clipboard ---- */

static gpointer copy_work(Store *s, gpointer data, const Cancel *stop, GError **err)
{
    char **both = data; /* command, text */
    g_autoptr(GString) output = NULL;
    if (!spawn_capture(both[0], both[1], strlen(both[1]), 5000, stop, &output, err))
        return NULL;
    if (output)
        g_string_free(g_steal_pointer(&output), TRUE);
    return NULL;
}

static void copy_done(Ui *ui, gpointer result, const GError *err, gpointer data)
{
    if (err)
        ui_say(ui, NOTICE_ERROR, "%s", err->message);
}

void clipboard_copy(Ui *ui, const char *text)
{
    const char *command = conf_string(ui->conf, "copy-command");
    gboolean by_terminal = term_copy(text, strlen(text));
    if (*command) {
        char **both = g_new0(char *, 3);
        both[0] = g_strdup(command);
        both[1] = g_strdup(text);
        loader_run(ui->loader, LOAD_OTHER, copy_work, copy_done, both, (GDestroyNotify)g_strfreev, NULL);
    }
    if (by_terminal || *command) {
        glong n = g_utf8_strlen(text, -1);
        ui_say(ui, NOTICE_INFO, P_("Copied %ld character", "Copied %ld characters", n), n);
    } else {
        ui_say(ui, NOTICE_WARNING,
               _("This terminal has no clipboard for programs: set copy-command, e.g. wl-copy or xsel -ib"));
    }
}

static void link_typed(Ui *ui, const char *text, gpointer data)
{
    const Rendered *r = viewer_view_rendered(ui->panes->viewer);
    guint64 n;
    if (!text || !r)
        return;
    if (g_ascii_string_to_unsigned(text, 10, 1, r->links->len, &n, NULL))
        clipboard_copy(ui, r->links->pdata[n - 1]);
    else
        ui_say(ui, NOTICE_WARNING, _("Links have numbers from 1 to %u"), r->links->len);
}

static void copy_link(Ui *ui)
{
    const Rendered *r = viewer_view_rendered(ui->panes->viewer);
    if (!r || r->links->len == 0)
        ui_say(ui, NOTICE_INFO, _("This message has no links"));
    else if (r->links->len == 1)
        clipboard_copy(ui, r->links->pdata[0]);
    else
        ui_ask(ui, _("Copy link number:"), "1", FALSE, link_typed, NULL);
}

static void copy_what(Ui *ui, char key, gpointer data)
{
    const Row *row = list_view_row(ui->panes->list);
    const Envelope *e = viewer_view_envelope(ui->panes->viewer);
    g_autofree char *text = NULL;
    if (key == 't')
        text = viewer_view_text(ui->panes->viewer);
    else if (key == 'a')
        text = row ? g_strdup(row->from_address) : NULL;
    else if (key == 'i')
        text = e && *e->message_id ? g_strdup_printf("<%s>", e->message_id) : NULL;
    else if (key == 'l')
        copy_link(ui);
    if (text && *text)
        clipboard_copy(ui, text);
    else if (key && key != 'l')
        ui_say(ui, NOTICE_WARNING, _("There is nothing of that kind to copy"));
}

void cmd_clipboard(Ui *ui, char **args)
{
    static const char *const names[] = {"text", "address", "link", "id"};
    for (gsize i = 0; args[1] && i < G_N_ELEMENTS(names); i++)
        if (g_str_equal(args[1], names[i])) {
            copy_what(ui, names[i][0], NULL);
            return;
        }
    ui_ask_key(ui, _("Copy: t text, a address, l link, i Message-ID"), "tali", copy_what, NULL);
}
