/* start.c - how the screen begins and ends, and how a changed setting applies at once. */
#include <string.h>
#include "start.h"
#include "compose.h"
#include "folder_view.h"
#include "keymap.h"
#include "list_view.h"
#include "panes.h"
#include "status.h"
#include "text_view.h"
#include "viewer_view.h"
#include "writer.h"
#include "pintail/util/i18n.h"

char *start_key_problem(const char *key)
{
    Key k;
    char *problem = NULL;
    return key_parse(key, &k, &problem) ? NULL : problem;
}

static void apply_colors(const Conf *conf)
{
    style_reset();
    for (const char *const *line = default_colors(); *line; line++) {
        g_auto(GStrv) words = conf_words(*line, NULL);
        if (words && g_strv_length(words) == 3)
            style_set(words[1], words[2]);
    }
    const GPtrArray *rules = conf_colors(conf);
    for (guint i = 0; i < rules->len; i++) {
        const ColorRule *r = rules->pdata[i];
        style_set(r->element, r->style);
    }
}

/* Writer thread. */
static gint64 set_cache_size(Store *s, gpointer data, GError **err)
{
    return store_set_cache_size(s, *(guint64 *)data, err);
}

static void apply_cache_size(Ui *ui)
{
    guint64 *bytes = g_new(guint64, 1);
    *bytes = (guint64)conf_number(ui->conf, "cache-size");
    writer_run(ui->writer, set_cache_size, NULL, bytes, g_free);
}

static gint64 first_folder(Ui *ui)
{
    if (ui->options->open_folder)
        return ui->options->open_folder;
    const GPtrArray *accounts = conf_accounts(ui->conf);
    for (guint i = 0; i < accounts->len; i++) {
        const Account *a = accounts->pdata[i];
        gint64 id = account_find(ui->store, a->name);
        g_autoptr(Folder) inbox = id ? folder_by_role(ui->store, id, ROLE_INBOX) : NULL;
        if (inbox)
            return inbox->id;
    }
    return 0;
}

/* All mistakes at once, over what was opened: the program works without them. */
static void show_mistakes(Ui *ui)
{
    const GPtrArray *mistakes = conf_mistakes(ui->conf);
    if (mistakes->len == 0)
        return;
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_append_printf(text, P_("%u mistake in the configuration; everything else holds:\n\n",
                                    "%u mistakes in the configuration; everything else holds:\n\n",
                                    mistakes->len),
                           mistakes->len);
    for (guint i = 0; i < mistakes->len; i++)
        g_string_append_printf(text, "%s\n", (const char *)mistakes->pdata[i]);
    ui_push(ui, text_view_new(ui, _("Mistakes in the configuration"), text->str));
}

/* ---- a configuration that was read again ---- */

/* Writer thread. */
static gint64 ensure_accounts(Store *s, gpointer data, GError **err)
{
    const GPtrArray *accounts = data;
    for (guint i = 0; i < accounts->len; i++) {
        const Account *a = accounts->pdata[i];
        StoredAccountKind kind = !a->incoming ? STORED_LOCAL
                                 : a->incoming->protocol == PROTOCOL_IMAP ? STORED_IMAP : STORED_POP3;
        if (!account_ensure(s, a->name, kind, a->maildir, err))
            return 0;
    }
    return 1;
}

static void accounts_ensured(Ui *ui, gint64 result, const GError *err, gpointer data)
{
    if (err) {
        ui_say(ui, NOTICE_ERROR, "%s", err->message);
        return;
    }
    ui->options->accounts_changed(ui->options->data);
    folder_view_reload(ui->panes->folders);
    Selection open = panes_selection(ui);
    gint64 folder = open.folder && ui_account(ui, open.account) ? 0 : first_folder(ui);
    if (folder)
        panes_open_folder(ui, folder);
}

static void read_again(Ui *ui)
{
    if (!ui->panes)
        return;
    show_mistakes(ui);
    list_view_sort_changed(ui->panes->list);
    viewer_view_reload(ui->panes->viewer);
    if (ui->read_only || ui->options->open_folder)
        return;
    GPtrArray *accounts = g_ptr_array_new_with_free_func((GDestroyNotify)account_unref);
    const GPtrArray *now = conf_accounts(ui->conf);
    for (guint i = 0; i < now->len; i++)
        g_ptr_array_add(accounts, account_ref(now->pdata[i]));
    writer_run(ui->writer, ensure_accounts, accounts_ensured, accounts, (GDestroyNotify)g_ptr_array_unref);
}

static void changed(const char *what, void *data)
{
    Ui *ui = data;
    if (!what)
        read_again(ui);
    if (!what || g_str_equal(what, "color"))
        apply_colors(ui->conf);
    if (!what || g_str_equal(what, "bind") || g_str_equal(what, "keys")) {
        keymap_free(ui->keymap);
        ui->keymap = keymap_new(ui->conf);
    }
    if (ui->panes && ui->panes->list && what && (g_str_equal(what, "sort") || g_str_equal(what, "sort-reverse") || g_str_equal(what, "threads")))
        list_view_sort_changed(ui->panes->list);
    if (ui->panes && ui->panes->viewer && what && (g_str_equal(what, "prefer-html") || g_str_equal(what, "headers") || g_str_equal(what, "filter")))
        viewer_view_reload(ui->panes->viewer);
    if (!what || g_str_equal(what, "cache-size"))
        apply_cache_size(ui);
    ui->dirty = TRUE;
}

void start_configure(Ui *ui)
{
    apply_colors(ui->conf);
    conf_on_change(ui->conf, changed, ui);
}

void start_first_views(Ui *ui)
{
    gint64 folder = first_folder(ui);
    if (folder)
        panes_open_folder(ui, folder);
    status_counts_changed(ui);
    if (ui->options->notice)
        ui_say(ui, NOTICE_WARNING, "%s", ui->options->notice);
    if (ui->options->flags & UI_NO_ACCOUNT)
        ui_run_line(ui, "add-account");
}

void start_after_first_screen(Ui *ui)
{
    show_mistakes(ui);
    if (!ui->read_only)
        apply_cache_size(ui);
    compose_offer_rescued(ui);
    if (ui->options->mailto)
        compose_mailto(ui, ui->options->mailto);
}

char *start_farewell(Ui *ui)
{
    guint n = status_waiting(ui), problems = status_problems(ui);
    g_autoptr(GString) text = g_string_new(NULL);
    if (n)
        g_string_append_printf(text, P_("Pintail: %u change or message is kept and goes out next time.",
                                        "Pintail: %u changes or messages are kept and go out next time.", n),
                               n);
    if (problems)
        g_string_append_printf(text, P_("%sPintail: %u message or change was not accepted, and waits for you (O).",
                                        "%sPintail: %u messages or changes were not accepted, and wait for you (O).", problems),
                               n ? "\n" : "", problems);
    return text->len ? g_string_free(g_steal_pointer(&text), FALSE) : NULL;
}
