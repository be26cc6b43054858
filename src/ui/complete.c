/* complete.c - what could stand where the person types. */
#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include "complete.h"
#include "folder_view.h"
#include "keymap.h"
#include "panes.h"
#include "pintail/mime/envelope.h"
#include "pintail/util/file.h"
#include "pintail/util/i18n.h"

#define FILES_LOOKED_AT 2000

void candidate_free(Candidate *c)
{
    if (!c)
        return;
    g_free(c->text);
    g_free(c->note);
    g_free(c);
}

static GPtrArray *list_new(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)candidate_free);
}

static void add(GPtrArray *list, const char *text, const char *note)
{
    Candidate *c = g_new0(Candidate, 1);
    c->text = g_strdup(text);
    c->note = g_strdup(note ? note : "");
    g_ptr_array_add(list, c);
}

static gboolean begins(const char *text, const char *typed)
{
    g_autofree char *a = g_utf8_casefold(text, -1), *b = g_utf8_casefold(typed, -1);
    return g_str_has_prefix(a, b);
}

gboolean complete_matches(const char *text, const char *typed)
{
    g_autofree char *folded = g_utf8_casefold(text, -1);
    g_autofree char *wanted = g_utf8_casefold(typed, -1);
    g_auto(GStrv) words = g_strsplit(wanted, " ", -1);
    for (char **w = words; *w; w++)
        if (!strstr(folded, *w))
            return FALSE;
    return TRUE;
}

const char *complete_last_word(const char *text)
{
    const char *at = text;
    for (const char *p = text; *p; p++)
        if (*p == ' ' || *p == ',')
            at = p + 1;
    return at;
}

/* Those that begin with what was typed come before those that only hold it. */
static void add_matching(GPtrArray *list, const char *const *words, const char *const *notes,
                         const char *typed)
{
    for (int pass = 0; pass < 2; pass++)
        for (gsize i = 0; words[i]; i++) {
            gboolean begin = begins(words[i], typed);
            if (pass == 0 ? begin : !begin && complete_matches(words[i], typed))
                add(list, words[i], notes ? _(notes[i]) : NULL);
        }
}

/* ---- kinds ---- */

static void add_commands(Ui *ui, GPtrArray *list, const char *typed)
{
    guint n;
    const Command *all = commands(&n);
    const char *context = ui_focused(ui)->class->context;
    for (int pass = 0; pass < 2; pass++)
        for (guint i = 0; i < n; i++) {
            gboolean begin = begins(all[i].name, typed);
            if (pass == 0 ? !begin : begin || !complete_matches(all[i].name, typed))
                continue;
            g_autofree char *keys = keymap_label(ui->keymap, context, all[i].name);
            g_autofree char *note = g_strdup_printf("%-6s %s", keys ? keys : "", _(all[i].help));
            add(list, all[i].name, note);
        }
    static const char *const configuring[] = {"set", "bind", "color", "alias", "source", "filter", NULL};
    static const char *const notes[] = {N_("change an option"), N_("bind a key"),
                                        N_("change a colour"), N_("name an address"),
                                        N_("read a file of commands"), N_("a program that makes text of a type of part")};
    add_matching(list, configuring, notes, typed);
}

static char *folder_full_name(Ui *ui, const Folder *f, gint64 here)
{
    if (f->account_id == here)
        return g_strdup(folder_label(f));
    return g_strdup_printf("%s/%s", folder_view_account_name(ui->panes->folders, f->account_id), folder_label(f));
}

static void add_folders(Ui *ui, GPtrArray *list, const char *typed)
{
    const GPtrArray *folders = folder_view_folders(ui->panes->folders);
    gint64 here = panes_selection(ui).account;
    const char *wanted = *typed == '=' ? typed + 1 : typed;
    /* begins in this account, holds in this account, then the others' */
    for (int pass = 0; pass < 3; pass++)
        for (guint i = 0; i < folders->len; i++) {
            const Folder *f = folders->pdata[i];
            if (f->flags & FOLDER_NOSELECT)
                continue;
            g_autofree char *name = folder_full_name(ui, f, here);
            gboolean begin = begins(name, wanted), mine = f->account_id == here;
            if (!complete_matches(name, wanted) || pass != (!mine ? 2 : begin ? 0 : 1))
                continue;
            g_autofree char *note =
                f->unread ? g_strdup_printf(_("%lld unread"), (long long)f->unread) : NULL;
            add(list, name, note);
        }
}

static void add_files(GPtrArray *list, const char *typed)
{
    const char *slash = strrchr(typed, '/');
    g_autofree char *shown = slash ? g_strndup(typed, (gsize)(slash - typed) + 1) : g_strdup("");
    g_autofree char *directory = file_expand_home(*shown ? shown : ".");
    const char *base = slash ? slash + 1 : typed;
    DIR *d = opendir(directory);
    if (!d)
        return;
    struct dirent *e;
    for (guint looked = 0; looked < FILES_LOOKED_AT && (e = readdir(d)); looked++) {
        if (!g_str_has_prefix(e->d_name, base) || (e->d_name[0] == '.' && base[0] != '.') ||
            g_str_equal(e->d_name, ".") || g_str_equal(e->d_name, "..") ||
            !g_utf8_validate(e->d_name, -1, NULL))
            continue;
        g_autofree char *text =
            g_strconcat(shown, e->d_name, e->d_type == DT_DIR ? "/" : "", NULL);
        add(list, text, NULL);
    }
    closedir(d);
}

static int by_text(gconstpointer a, gconstpointer b)
{
    return strcmp((*(Candidate *const *)a)->text, (*(Candidate *const *)b)->text);
}

static void add_options(Ui *ui, GPtrArray *list, const char *typed)
{
    guint n;
    const Option *all = conf_options(&n);
    for (guint i = 0; i < n; i++)
        if (complete_matches(all[i].name, typed)) {
            g_autofree char *now = conf_option_text(ui->conf, all[i].name);
            g_autofree char *note = g_strdup_printf("%s  - %s", now, _(all[i].help));
            add(list, all[i].name, note);
        }
}

static void add_patterns(GPtrArray *list, const char *typed)
{
    static const char *const words[] = {
        "from:", "to:", "cc:", "subject:", "body:", "is:unread", "is:flagged", "is:answered",
        "is:deleted", "has:attachment", "after:", "before:", "larger:", "smaller:", "in:",
        "filename:", "date:", "account:", "list:", "or", "not", NULL};
    static const char *const notes[] = {
        N_("sender"), N_("recipient"), N_("copy recipient"), N_("words of the subject"),
        N_("words of the text"), N_("not read"), N_("flagged"), N_("answered"),
        N_("marked deleted"), N_("with attachments"), N_("since a day: 2025-01-31"),
        N_("before a day: 2025-01-31"), N_("larger than: 1M"), N_("smaller than: 10K"), N_("folder"),
        N_("names of attachments"), N_("all of a time: last-week, 2025-01..2025-03"), N_("account"),
        N_("mailing list"), N_("either of two"), N_("the opposite of the next")};
    if (*typed)
        add_matching(list, words, notes, typed);
}

static void add_accounts(Ui *ui, GPtrArray *list, const char *typed)
{
    const GPtrArray *accounts = conf_accounts(ui->conf);
    for (guint i = 0; i < accounts->len; i++) {
        const Account *a = accounts->pdata[i];
        if (complete_matches(a->name, typed))
            add(list, a->name, a->identity.address);
    }
}

/* Who the person may be in this account. All of them while one of them stands there. */
static void add_identities(Ui *ui, GPtrArray *list, const char *typed)
{
    const Account *a = ui_current_account(ui);
    gboolean is_one = FALSE;
    for (guint n = 0; a && n <= a->identities->len; n++) {
        const Identity *own = n == 0 ? &a->identity : a->identities->pdata[n - 1];
        g_autoptr(Address) address = address_new(own->name, own->address);
        g_autofree char *text = address_format(address, FALSE);
        is_one = is_one || g_str_equal(text, typed);
        if (complete_matches(text, typed))
            add(list, text, "");
    }
    if (is_one && list->len < a->identities->len + 1) {
        g_ptr_array_set_size(list, 0);
        add_identities(ui, list, "");
    }
}

GPtrArray *complete_word(Ui *ui, Complete what, const char *typed, guint max)
{
    static const char *const sorts[] = {"threads", "date", "arrival", "from", "subject", "size", NULL};
    GPtrArray *list = list_new();
    switch (what) {
    case COMPLETE_COMMAND: add_commands(ui, list, typed); break;
    case COMPLETE_FOLDER: add_folders(ui, list, typed); break;
    case COMPLETE_FILE:
        add_files(list, typed);
        g_ptr_array_sort(list, by_text);
        break;
    case COMPLETE_OPTION: add_options(ui, list, typed); break;
    case COMPLETE_PATTERN: add_patterns(list, typed); break;
    case COMPLETE_SORT: add_matching(list, sorts, NULL, typed); break;
    case COMPLETE_ACCOUNT: add_accounts(ui, list, typed); break;
    case COMPLETE_IDENTITY: add_identities(ui, list, typed); break;
    case COMPLETE_ADDRESS:
    case COMPLETE_NONE: break;
    }
    if (list->len > max)
        g_ptr_array_set_size(list, (int)max);
    return list;
}

/* ---- a whole command line ---- */

/* Words with blanks are quoted, so that the line means what it says. */
static void quote(GPtrArray *list)
{
    for (guint i = 0; i < list->len; i++) {
        Candidate *c = list->pdata[i];
        if (!strpbrk(c->text, " ;#'\"\\"))
            continue;
        g_auto(GStrv) parts = g_strsplit(c->text, "'", -1);
        g_autofree char *inside = g_strjoinv("'\\''", parts);
        g_free(c->text);
        c->text = g_strdup_printf("'%s'", inside);
    }
}

static GPtrArray *configuring_words(Ui *ui, char **before, guint n, const char *typed)
{
    GPtrArray *list = list_new();
    if (g_str_equal(before[0], "set") && n == 1) {
        add_options(ui, list, typed);
    } else if (g_str_equal(before[0], "set") && n == 2) {
        guint count;
        const Option *all = conf_options(&count);
        static const char *const flags[] = {"on", "off", NULL};
        for (guint i = 0; i < count; i++)
            if (g_str_equal(all[i].name, before[1]))
                add_matching(list, all[i].type == OPTION_BOOL ? flags
                                   : all[i].choices ? all[i].choices : flags + 2, NULL, typed);
    } else if (g_str_equal(before[0], "bind") && n == 1) {
        add_matching(list, command_contexts(), NULL, typed);
    } else if (g_str_equal(before[0], "bind") && n == 3) {
        add_commands(ui, list, typed);
    } else if (g_str_equal(before[0], "color") && n == 1) {
        add_matching(list, default_elements(), NULL, typed);
    } else if (g_str_equal(before[0], "source") && n == 1) {
        add_files(list, typed);
    }
    return list;
}

GPtrArray *complete_line(Ui *ui, const char *line, gsize *start, guint max)
{
    const char *word = line + strlen(line);
    while (word > line && word[-1] != ' ')
        word--;
    *start = (gsize)(word - line);
    g_autofree char *head = g_strndup(line, *start);
    g_auto(GStrv) before = conf_words(head, NULL);
    if (!before || !before[0])
        return complete_word(ui, COMPLETE_COMMAND, word, max);
    const Command *c = command_find(before[0]);
    GPtrArray *list;
    if (!c)
        list = configuring_words(ui, before, g_strv_length(before), word);
    else
        list = complete_word(ui, before[1] && c->complete != COMPLETE_PATTERN ? COMPLETE_NONE
                                                                             : c->complete,
                             word, max);
    quote(list);
    if (list->len > max)
        g_ptr_array_set_size(list, (int)max);
    return list;
}

/* ---- a folder by its name ---- */

static gint64 account_of_prefix(Ui *ui, const char *name, const char **rest)
{
    const GPtrArray *accounts = conf_accounts(ui->conf);
    for (guint i = 0; i < accounts->len; i++) {
        const Account *a = accounts->pdata[i];
        gsize n = strlen(a->name);
        if (strncmp(name, a->name, n) == 0 && name[n] == '/' && name[n + 1]) {
            *rest = name + n + 1;
            return account_find(ui->store, a->name);
        }
    }
    return 0;
}

/* How well a folder answers to a name; 0: not at all. */
static int fit(const Folder *f, const char *name)
{
    g_autofree char *a = g_utf8_casefold(folder_label(f), -1), *b = g_utf8_casefold(name, -1);
    if (g_str_equal(folder_label(f), name) || g_str_equal(f->name, name))
        return 5;
    if (g_str_equal(a, b))
        return 4;
    if (g_str_has_prefix(a, b))
        return 2;
    return strstr(a, b) ? 1 : 0;
}

gint64 complete_find_folder(Ui *ui, gint64 account, const char *name)
{
    const char *wanted = *name == '=' ? name + 1 : name;
    const GPtrArray *folders = folder_view_folders(ui->panes->folders);
    const char *rest = wanted;
    gint64 prefixed = account_of_prefix(ui, wanted, &rest);
    const Folder *best = NULL;
    int best_fit = 0;
    guint equals = 0;
    for (guint i = 0; i < folders->len; i++) {
        const Folder *f = folders->pdata[i];
        if (f->flags & FOLDER_NOSELECT)
            continue;
        int n = f->account_id == account ? fit(f, wanted) * 2 : 0;
        if (prefixed && f->account_id == prefixed)
            n = MAX(n, fit(f, rest) * 2);
        if (n > best_fit) {
            best = f;
            best_fit = n;
            equals = 1;
        } else if (n && n == best_fit) {
            equals++;
        }
    }
    if (best && (equals == 1 || best_fit >= 10))
        return best->id;
    if (best)
        ui_say(ui, NOTICE_WARNING, _("\"%s\" could be several folders: type more of the name (Tab completes)"), name);
    else
        ui_say(ui, NOTICE_WARNING, _("There is no folder \"%s\" here"), name);
    return 0;
}
