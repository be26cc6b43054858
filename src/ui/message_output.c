/* message_output.c - a message's text elsewhere: a program's input, the clipboard. */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "clipboard.h"
#include "command.h"
#include "list_view.h"
#include "loader.h"
#include "panes.h"
#include "viewer_view.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/spawn.h"

/* ---- to a program ---- */

typedef struct {
    gint64 message;
    char *command;
} Pipe;

static void pipe_free(gpointer p)
{
    g_free(((Pipe *)p)->command);
    g_free(p);
}

static gpointer pipe_work(Store *s, gpointer data, const Cancel *stop, GError **err)
{
    return body_get(s, ((Pipe *)data)->message, "", err);
}

static gboolean write_temporary(const char *bytes, gsize len, char **path, GError **err)
{
    int fd = g_file_open_tmp("pintail-XXXXXX", path, err);
    if (fd < 0)
        return FALSE;
    gsize at = 0;
    while (at < len) {
        ssize_t n = write(fd, bytes + at, len - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            error_set_errno(err, PINTAIL_ERROR_STORE, errno, _("cannot write '%s'"), *path);
            break;
        }
        at += (gsize)n;
    }
    close(fd);
    return at == len;
}

/* The whole message where it is here, else its text as shown. */
static void pipe_ready(Ui *ui, gpointer result, const GError *problem, gpointer data)
{
    g_autoptr(GBytes) whole = result;
    Pipe *p = data;
    g_autofree char *path = NULL, *text = NULL;
    g_autoptr(GError) err = NULL;
    gsize len = 0;
    const char *bytes = whole ? g_bytes_get_data(whole, &len) : NULL;
    if (!whole) {
        text = viewer_view_message(ui->panes->viewer) == p->message
                   ? viewer_view_text(ui->panes->viewer) : NULL;
        if (!text) {
            ui_say(ui, NOTICE_WARNING, _("The message is not here yet: open it first"));
            return;
        }
        bytes = text;
        len = strlen(text);
    }
    if (write_temporary(bytes, len, &path, &err)) {
        const char *argv[] = {"/bin/sh", "-c",
                              "eval \"$1\" <\"$2\"; s=$?; printf '\\n%s ' \"$3\"; read -r _; exit $s",
                              "sh", p->command, path, _("Press Enter to go back to Pintail."), NULL};
        gboolean ok = ui_run_on_terminal(ui, argv);
        ui_say(ui, ok ? NOTICE_INFO : NOTICE_WARNING,
               ok ? _("Done: %s") : _("This ended with an error: %s"), p->command);
    } else {
        ui_say(ui, NOTICE_ERROR, "%s", err->message);
    }
    if (path)
        (void)unlink(path);
}

static void pipe_typed(Ui *ui, const char *text, gpointer data)
{
    gint64 message = panes_selection(ui).message;
    if (!text || !*text || !message)
        return;
    Pipe *p = g_new0(Pipe, 1);
    p->message = message;
    p->command = g_strdup(text);
    loader_run(ui->loader, LOAD_OTHER, pipe_work, pipe_ready, p, pipe_free, (GDestroyNotify)g_bytes_unref);
}

void cmd_pipe(Ui *ui, char **args)
{
    if (!panes_selection(ui).message) {
        ui_say(ui, NOTICE_WARNING, _("There is no message here"));
        return;
    }
    g_autofree char *command = g_strjoinv(" ", args + 1);
    if (*command)
        pipe_typed(ui, command, NULL);
    else
        ui_ask(ui, _("Pipe to command:"), "", FALSE, pipe_typed, NULL);
}

/* ---- to the printer ---- */

/* The text as it is shown, from the program's standard input. */
void cmd_print(Ui *ui, char **args)
{
    const char *command = conf_string(ui->conf, "print-command");
    g_autofree char *text = viewer_view_text(ui->panes->viewer);
    if (!*command) {
        ui_say(ui, NOTICE_WARNING, _("No printer is set up: `:set print-command lpr`, or another program"));
        return;
    }
    if (!text) {
        ui_say(ui, NOTICE_WARNING, _("There is no message on the screen"));
        return;
    }
    g_autofree char *path = NULL;
    g_autoptr(GError) err = NULL;
    if (write_temporary(text, strlen(text), &path, &err)) {
        const char *argv[] = {"/bin/sh", "-c", "eval \"$1\" <\"$2\"", "sh", command, path, NULL};
        gboolean ok = ui_run_on_terminal(ui, argv);
        ui_say(ui, ok ? NOTICE_INFO : NOTICE_WARNING, ok ? _("Given to %s") : _("%s ended with an error"), command);
    } else {
        ui_say(ui, NOTICE_ERROR, "%s", err->message);
    }
    if (path)
        (void)unlink(path);
}

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
