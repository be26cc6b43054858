/* conf.c - commands that configure, and reading rc files.
 *
 * A mistake never stops a load: it is kept as "FILE:LINE: what" and the next line is read. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include "conf_private.h"
#include "pintail/util/error.h"
#include "pintail/util/file.h"
#include "pintail/util/i18n.h"

#define RC_MAX           (1u << 20) /* bytes of one rc file */
#define SOURCE_DEPTH_MAX 8

struct Conf {
    OptionValues *values;
    GPtrArray *mistakes; /* of char * */
    GPtrArray *bindings; /* of Binding */
    GPtrArray *colors;   /* of ColorRule */
    GPtrArray *accounts; /* of Account */
    GHashTable *aliases; /* nick -> addresses */
    Viewing *viewing;
    char *path;
    void (*changed)(const char *what, void *data);
    void *changed_data;
    const char *const *contexts, *const *commands, *const *elements; /* registered; or NULL */
    char *(*key_problem)(const char *key);
    char *(*style_problem)(const char *style);
};

/* Where a line stands while a file is read; for `:` all are empty. */
typedef struct {
    const char *file; /* NULL: typed */
    guint line;
    guint depth;      /* of `source` */
    gboolean is_private;
    Account *block;   /* the account that indented lines belong to; borrowed */
} Place;

static void binding_free(gpointer p)
{
    Binding *b = p;
    g_free(b->context);
    g_free(b->key);
    g_free(b->command);
    g_free(b->where);
    g_free(b);
}

static void color_free(gpointer p)
{
    ColorRule *c = p;
    g_free(c->element);
    g_free(c->style);
    g_free(c->where);
    g_free(c);
}

Conf *conf_new(void)
{
    Conf *c = g_new0(Conf, 1);
    c->values = option_values_new();
    c->mistakes = g_ptr_array_new_with_free_func(g_free);
    c->bindings = g_ptr_array_new_with_free_func(binding_free);
    c->colors = g_ptr_array_new_with_free_func(color_free);
    c->accounts = g_ptr_array_new_with_free_func((GDestroyNotify)account_unref);
    c->aliases = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    c->viewing = viewing_new();
    return c;
}

void conf_free(Conf *c)
{
    if (!c)
        return;
    option_values_free(c->values);
    g_ptr_array_unref(c->mistakes);
    g_ptr_array_unref(c->bindings);
    g_ptr_array_unref(c->colors);
    g_ptr_array_unref(c->accounts);
    g_hash_table_unref(c->aliases);
    viewing_free(c->viewing);
    g_free(c->path);
    g_free(c);
}

char *conf_default_path(void)
{
    g_autofree char *first = g_build_filename(g_get_user_config_dir(), "pintail", "pintailrc", NULL);
    g_autofree char *second = g_build_filename(g_get_home_dir(), ".pintailrc", NULL);
    if (!g_file_test(first, G_FILE_TEST_EXISTS) && g_file_test(second, G_FILE_TEST_EXISTS))
        return g_steal_pointer(&second);
    return g_steal_pointer(&first);
}

static void notify(Conf *c, const char *what)
{
    if (c->changed)
        c->changed(what, c->changed_data);
}

#define WHERE_DEFAULT "default"

static char *place_text(const Conf *c, const Place *at)
{
    if (at->file)
        return g_strdup_printf("%s:%u", at->file, at->line);
    return g_strdup(c->path ? _("typed") : WHERE_DEFAULT);
}

/* ---- commands ---- */

typedef gboolean (*CommandFunction)(Conf *c, char **words, const char *rest, Place *at, GError **err);

static gboolean usage(const char *form, GError **err)
{
    error_set(err, PINTAIL_ERROR_INVALID, _("write: %s"), form);
    return FALSE;
}

static gboolean run_set(Conf *c, char **words, const char *rest, Place *at, GError **err)
{
    guint n = g_strv_length(words);
    if (n < 2)
        return usage(_("set OPTION VALUE"), err);
    const char *equals = n == 2 ? strchr(words[1], '=') : NULL; /* set option=value, as in mutt */
    g_autofree char *name = equals ? g_strndup(words[1], (gsize)(equals - words[1])) : g_strdup(words[1]);
    g_autofree char *joined = n > 2 ? g_strjoinv(" ", words + 2) : NULL;
    const char *value = equals ? equals + 1 : joined;
    const Option *o = option_find(name);
    if (!value && o && o->type == OPTION_BOOL)
        value = "on";
    if (!value && o) {
        error_set(err, PINTAIL_ERROR_INVALID, _("set %s: a value is missing"), name);
        return FALSE;
    }
    return conf_set(c, name, value ? value : "", err);
}

static gboolean run_unset(Conf *c, char **words, const char *rest, Place *at, GError **err)
{
    if (g_strv_length(words) != 2)
        return usage(_("unset OPTION"), err);
    return conf_set(c, words[1], NULL, err);
}

static gboolean run_toggle(Conf *c, char **words, const char *rest, Place *at, GError **err)
{
    if (g_strv_length(words) != 2)
        return usage(_("toggle OPTION"), err);
    const Option *o = option_find(words[1]);
    if (!o) {
        option_unknown(err, words[1]);
        return FALSE;
    }
    if (o->type != OPTION_BOOL) {
        error_set(err, PINTAIL_ERROR_INVALID, _("toggle: %s is not on or off"), o->name);
        return FALSE;
    }
    return conf_set(c, o->name, conf_bool(c, o->name) ? "off" : "on", err);
}

/* Is `word` one of the registered ones? Always, while none is registered. */
static gboolean known(const char *const *words, const char *word, const char *message, GError **err)
{
    if (!words || g_strv_contains(words, word))
        return TRUE;
    error_unknown(err, message, word, words);
    return FALSE;
}

static gboolean check_key(const Conf *c, const char *key, GError **err)
{
    g_autofree char *problem = c->key_problem ? c->key_problem(key) : NULL;
    if (problem)
        error_set(err, PINTAIL_ERROR_INVALID, "%s", problem);
    return problem == NULL;
}

/* Every command of the line must exist: a screen's, or one of ours. */
static gboolean check_bound(const Conf *c, const char *line, GError **err);

static void add_binding(Conf *c, char **words, const char *command, const Place *at)
{
    Binding *b = g_new0(Binding, 1);
    b->context = g_strdup(words[1]);
    b->key = g_strdup(words[2]);
    b->command = g_strdup(command);
    b->where = place_text(c, at);
    g_ptr_array_add(c->bindings, b);
    notify(c, "bind");
}

/* What follows the first `n` words of a line, as written. */
static const char *after_words(const char *rest, guint n)
{
    while (n-- > 0) {
        rest += strcspn(rest, " \t");
        rest += strspn(rest, " \t");
    }
    return rest;
}

static gboolean run_bind(Conf *c, char **words, const char *rest, Place *at, GError **err)
{
    if (g_strv_length(words) < 4)
        return usage(_("bind CONTEXT KEY COMMAND"), err);
    g_autofree char *one = words[4] ? NULL : g_strdup(words[3]); /* quoted, or one word */
    const char *command = one ? one : after_words(rest, 2);
    if (!known(c->contexts, words[1], _("unknown context"), err) || !check_key(c, words[2], err) ||
        !check_bound(c, command, err))
        return FALSE;
    add_binding(c, words, command, at);
    return TRUE;
}

static gboolean run_unbind(Conf *c, char **words, const char *rest, Place *at, GError **err)
{
    if (g_strv_length(words) != 3)
        return usage(_("unbind CONTEXT KEY"), err);
    if (!known(c->contexts, words[1], _("unknown context"), err) || !check_key(c, words[2], err))
        return FALSE;
    add_binding(c, words, NULL, at);
    return TRUE;
}

static gboolean run_color(Conf *c, char **words, const char *rest, Place *at, GError **err)
{
    if (g_strv_length(words) < 3)
        return usage(_("color ELEMENT STYLE"), err);
    if (!known(c->elements, words[1], _("unknown element"), err))
        return FALSE;
    g_autofree char *style = g_strjoinv(" ", words + 2);
    g_autofree char *problem = c->style_problem ? c->style_problem(style) : NULL;
    if (problem) {
        error_set(err, PINTAIL_ERROR_INVALID, "%s", problem);
        return FALSE;
    }
    ColorRule *rule = g_new0(ColorRule, 1);
    rule->element = g_strdup(words[1]);
    rule->style = g_steal_pointer(&style);
    rule->where = place_text(c, at);
    g_ptr_array_add(c->colors, rule);
    notify(c, "color");
    return TRUE;
}

static gboolean run_alias(Conf *c, char **words, const char *rest, Place *at, GError **err)
{
    if (g_strv_length(words) < 3)
        return usage(_("alias NICK NAME <ADDRESS>"), err);
    g_hash_table_replace(c->aliases, g_strdup(words[1]), g_strjoinv(" ", words + 2));
    return TRUE;
}

static gboolean run_headers(Conf *c, char **words, const char *rest, Place *at, GError **err)
{
    static const char *const kinds[] = {[HEADERS_SHOW] = "show", [HEADERS_HIDE] = "hide", [HEADERS_ORDER] = "order"};
    for (guint i = 0; words[1] && words[2] && i < HEADERS_KINDS; i++)
        if (g_str_equal(words[1], kinds[i])) {
            viewing_add_headers(c->viewing, i, words + 2);
            notify(c, "headers");
            return TRUE;
        }
    return usage(_("headers show|hide|order NAME..."), err);
}

static gboolean run_filter(Conf *c, char **words, const char *rest, Place *at, GError **err)
{
    if (!words[1] || !strchr(words[1], '/'))
        return usage(_("filter TYPE COMMAND"), err);
    g_autofree char *one = words[2] && words[3] ? NULL : g_strdup(words[2] ? words[2] : "");
    viewing_set_filter(c->viewing, words[1], one ? one : after_words(rest, 1));
    notify(c, "filter");
    return TRUE;
}

static gboolean is_account_name(const char *name)
{
    return *name && strlen(name) <= 64 && name[0] != '.' && name[0] != '-' &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == strlen(name);
}

static gboolean run_account(Conf *c, char **words, const char *rest, Place *at, GError **err)
{
    at->block = NULL;
    if (g_strv_length(words) != 2)
        return usage(_("account NAME"), err);
    if (!is_account_name(words[1])) {
        error_set(err, PINTAIL_ERROR_INVALID, _("account name \"%s\": use letters, digits, '.', '_' and '-'"),
                  words[1]);
        return FALSE;
    }
    const Account *twin = conf_account(c, words[1]);
    if (twin) {
        error_set(err, PINTAIL_ERROR_INVALID, _("account %s is there already (%s:%u)"), twin->name, twin->file,
                  twin->line);
        return FALSE;
    }
    at->block = account_new(words[1], at->file, at->line);
    g_ptr_array_add(c->accounts, at->block);
    return TRUE;
}

static gboolean read_file(Conf *c, const char *path, guint depth, GError **err);

/* A typed `source`. The rc file itself is loaded anew, so that what was taken out of it is gone; the
 * mistakes are those of this file. */
static gboolean source_typed(Conf *c, const char *path, GError **err)
{
    g_autofree char *given = g_canonicalize_filename(path, NULL);
    g_autofree char *own = c->path ? g_canonicalize_filename(c->path, NULL) : NULL;
    gboolean done;
    if (own && g_str_equal(given, own) && g_file_test(own, G_FILE_TEST_EXISTS)) {
        done = conf_load(c, c->path, err);
    } else {
        g_ptr_array_set_size(c->mistakes, 0);
        done = read_file(c, path, 1, err);
    }
    if (done)
        notify(c, NULL);
    return done;
}

static gboolean run_source(Conf *c, char **words, const char *rest, Place *at, GError **err)
{
    if (g_strv_length(words) != 2)
        return usage(_("source FILE"), err);
    if (at->depth >= SOURCE_DEPTH_MAX) {
        error_set(err, PINTAIL_ERROR_INVALID, _("source %s: files are nested too deep; does it read itself?"), words[1]);
        return FALSE;
    }
    g_autofree char *expanded = file_expand_home(words[1]);
    /* Beside the file that names it, wherever Pintail was started. */
    g_autofree char *directory = at->file ? g_path_get_dirname(at->file) : g_strdup(".");
    g_autofree char *path = g_path_is_absolute(expanded) ? g_steal_pointer(&expanded)
                                                         : g_build_filename(directory, expanded, NULL);
    return at->file ? read_file(c, path, at->depth + 1, err) : source_typed(c, path, err);
}

static const struct {
    const char *name;
    CommandFunction run;
} commands[] = {
    {"set", run_set},     {"unset", run_unset}, {"toggle", run_toggle}, {"bind", run_bind},     {"unbind", run_unbind},
    {"color", run_color}, {"alias", run_alias}, {"source", run_source}, {"account", run_account},
    {"headers", run_headers}, {"filter", run_filter},
};

static CommandFunction find_command(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
        if (g_str_equal(commands[i].name, name))
            return commands[i].run;
    return NULL;
}

/* All command words: ours, and those that were registered when `with_registered`. */
static void unknown_command(const Conf *c, const char *name, gboolean with_registered, GError **err)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
        g_ptr_array_add(names, (gpointer)commands[i].name);
    for (const char *const *at = with_registered ? c->commands : NULL; at && *at; at++)
        g_ptr_array_add(names, (gpointer)*at);
    g_ptr_array_add(names, NULL);
    error_unknown(err, _("unknown command"), name, (const char *const *)names->pdata);
}

static gboolean check_bound(const Conf *c, const char *line, GError **err)
{
    g_auto(GStrv) parts = conf_split_commands(line);
    for (char **part = parts; *part; part++) {
        g_auto(GStrv) words = conf_words(*part, err);
        if (!words)
            return FALSE;
        if (!words[0] || !c->commands || g_strv_contains(c->commands, words[0]) || find_command(words[0]))
            continue;
        unknown_command(c, words[0], TRUE, err);
        return FALSE;
    }
    return TRUE;
}

/* One line that is not indented, or typed. */
static gboolean execute(Conf *c, const char *line, Place *at, GError **err)
{
    g_auto(GStrv) words = conf_words(line, err);
    if (!words)
        return FALSE;
    if (!words[0])
        return TRUE;
    CommandFunction run = find_command(words[0]);
    if (!run && at->file && account_is_setting(words[0])) {
        error_set(err, PINTAIL_ERROR_INVALID, _("\"%s\" belongs to an account: indent it below its account line"),
                  words[0]);
        return FALSE;
    }
    if (run)
        return run(c, words, after_words(line + strspn(line, " \t"), 1), at, err);
    unknown_command(c, words[0], at->file == NULL, err);
    return FALSE;
}

gboolean conf_execute(Conf *c, const char *line, GError **err)
{
    Place typed = {0};
    return execute(c, line, &typed, err);
}

/* ---- files ---- */

static void add_mistake(Conf *c, const char *file, guint line, const GError *err)
{
    g_ptr_array_add(c->mistakes, g_strdup_printf("%s:%u: %s", file, line, err->message));
}

static gboolean execute_indented(char *line, Place *at, GError **err)
{
    g_auto(GStrv) words = conf_words(line, err);
    if (!words)
        return FALSE;
    if (!words[0])
        return TRUE;
    if (!at->block) {
        error_set(err, PINTAIL_ERROR_INVALID, _("\"%s\" is indented, but no account line stands above it"), words[0]);
        return FALSE;
    }
    /* the text after the name, without a comment unless it is a command's own */
    char *rest = (char *)after_words(line + strspn(line, " \t"), 1);
    g_autofree char *joined = words[1] ? g_strjoinv(" ", words + 1) : g_strdup("");
    gboolean is_command = g_str_has_prefix(rest, "command:");
    return account_set(at->block, words, is_command ? g_strchomp(rest) : joined, at->is_private, err);
}

static void read_lines(Conf *c, char *text, Place *at)
{
    for (char *line = text; line;) {
        char *next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        at->line++;
        g_autoptr(GError) err = NULL;
        gboolean indented = *line == ' ' || *line == '\t';
        if (!(indented ? execute_indented(line, at, &err) : execute(c, line, at, &err)))
            add_mistake(c, at->file, at->line, err);
        line = next;
    }
}

static void read_bytes(Conf *c, GBytes *bytes, const char *path, guint depth)
{
    struct stat st;
    gsize len = 0;
    const char *data = g_bytes_get_data(bytes, &len);
    if (len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) { /* a byte order mark says nothing */
        data += 3;
        len -= 3;
    }
    g_autofree char *text = g_strndup(data, len); /* ends at a NUL: an rc has none */
    Place at = {.file = path, .depth = depth, .is_private = stat(path, &st) == 0 && (st.st_mode & 077) == 0};
    guint first = c->accounts->len;
    read_lines(c, text, &at);
    for (guint i = first; i < c->accounts->len;) {
        const Account *a = c->accounts->pdata[i];
        g_autoptr(GError) problem = NULL;
        if (g_str_equal(a->file, path) && !account_check(a, &problem)) {
            add_mistake(c, path, a->line, problem);
            g_ptr_array_remove_index(c->accounts, i);
        } else {
            i++;
        }
    }
}

static gboolean read_file(Conf *c, const char *path, guint depth, GError **err)
{
    g_autoptr(GBytes) bytes = file_read(path, RC_MAX, err);
    if (bytes)
        read_bytes(c, bytes, path, depth);
    return bytes != NULL;
}

/* Back to the defaults, so that reading again leaves nothing of the last time. */
static void forget(Conf *c)
{
    option_values_free(c->values);
    c->values = option_values_new();
    g_ptr_array_set_size(c->mistakes, 0);
    g_ptr_array_set_size(c->accounts, 0);
    g_hash_table_remove_all(c->aliases);
    viewing_free(c->viewing);
    c->viewing = viewing_new();
    for (guint i = c->bindings->len; i-- > 0;)
        if (!g_str_equal(((const Binding *)c->bindings->pdata[i])->where, WHERE_DEFAULT))
            g_ptr_array_remove_index(c->bindings, i);
    for (guint i = c->colors->len; i-- > 0;)
        if (!g_str_equal(((const ColorRule *)c->colors->pdata[i])->where, WHERE_DEFAULT))
            g_ptr_array_remove_index(c->colors, i);
}

gboolean conf_load(Conf *c, const char *path, GError **err)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(GBytes) bytes = file_read(path, RC_MAX, &problem);
    char *kept = g_strdup(path); /* it may be our own */
    g_free(c->path);
    c->path = kept;
    /* A file that cannot be read now does not undo what it said before. */
    if (bytes || error_is(problem, PINTAIL_ERROR_GONE))
        forget(c);
    if (bytes)
        read_bytes(c, bytes, c->path, 0);
    else
        g_propagate_error(err, g_steal_pointer(&problem));
    return bytes != NULL;
}

const GPtrArray *conf_mistakes(const Conf *c)
{
    return c->mistakes;
}

const char *conf_path(const Conf *c)
{
    return c->path;
}

/* ---- options ---- */

gboolean conf_set(Conf *c, const char *name, const char *value, GError **err)
{
    if (!option_set(c->values, name, value, err))
        return FALSE;
    notify(c, name);
    return TRUE;
}

gboolean conf_bool(const Conf *c, const char *name)
{
    gboolean value = FALSE;
    value_bool(option_text(c->values, name), &value);
    return value;
}

gint64 conf_number(const Conf *c, const char *name)
{
    const Option *o = option_find(name);
    const char *text = option_text(c->values, name);
    gint64 value = 0;
    if (o->type == OPTION_SIZE)
        value_size(text, &value);
    else if (o->type == OPTION_SECONDS)
        value_seconds(text, &value);
    else
        value_number(text, &value);
    return value;
}

const char *conf_string(const Conf *c, const char *name)
{
    return option_text(c->values, name);
}

char *conf_option_text(const Conf *c, const char *name)
{
    return g_strdup(option_text(c->values, name));
}

void conf_on_change(Conf *c, void (*changed)(const char *what, void *data), void *data)
{
    c->changed = changed;
    c->changed_data = data;
}

const GPtrArray *conf_bindings(const Conf *c)
{
    return c->bindings;
}

const GPtrArray *conf_colors(const Conf *c)
{
    return c->colors;
}

void conf_register_words(Conf *c, const char *const *contexts, const char *const *names,
                         const char *const *elements)
{
    c->contexts = contexts;
    c->commands = names;
    c->elements = elements;
}

void conf_register_syntax(Conf *c, char *(*key_problem)(const char *key),
                          char *(*style_problem)(const char *style))
{
    c->key_problem = key_problem;
    c->style_problem = style_problem;
}

/* ---- accounts and aliases ---- */

const GPtrArray *conf_accounts(const Conf *c)
{
    return c->accounts;
}

Account *conf_account(const Conf *c, const char *name)
{
    for (guint i = 0; i < c->accounts->len; i++) {
        Account *a = c->accounts->pdata[i];
        if (g_str_equal(a->name, name))
            return a;
    }
    return NULL;
}

Account *conf_account_from_text(const char *text, GError **err)
{
    g_autoptr(Conf) c = conf_new();
    g_autofree char *copy = g_strdup(text);
    Place at = {.file = _("account form"), .is_private = TRUE};
    read_lines(c, copy, &at);
    if (c->mistakes->len > 0)
        error_set(err, PINTAIL_ERROR_INVALID, "%s", (char *)c->mistakes->pdata[0]);
    else if (c->accounts->len != 1)
        error_set(err, PINTAIL_ERROR_INVALID, _("no account is described"));
    else if (account_check(c->accounts->pdata[0], err))
        return account_ref(c->accounts->pdata[0]);
    return NULL;
}

gboolean conf_append_account(const char *path, const Account *a, GError **err)
{
    g_autofree char *directory = g_path_get_dirname(path);
    if (!file_make_directories(directory, err))
        return FALSE;
    g_autoptr(GError) absent = NULL;
    g_autoptr(GBytes) old = file_read(path, RC_MAX, &absent);
    if (!old && !error_is(absent, PINTAIL_ERROR_GONE)) {
        g_propagate_error(err, g_steal_pointer(&absent));
        return FALSE;
    }
    g_autoptr(Conf) before = conf_new();
    if (old)
        read_bytes(before, old, path, 0);
    if (conf_account(before, a->name)) {
        error_set(err, PINTAIL_ERROR_INVALID, _("'%s' has an account %s already"), path, a->name);
        return FALSE;
    }
    g_autoptr(GString) text = g_string_new(NULL);
    if (old)
        g_string_append_len(text, g_bytes_get_data(old, NULL), (gssize)g_bytes_get_size(old));
    else
        g_string_append_printf(text, "# %s\n", _("Pintail's configuration: pintailrc(5), or ? in the program."));
    if (text->len > 0 && text->str[text->len - 1] != '\n')
        g_string_append_c(text, '\n');
    g_autofree char *block = account_to_rc(a);
    g_string_append_printf(text, "\n%s", block);
    return file_replace_durable(path, text->str, text->len, err);
}

const char *conf_alias(const Conf *c, const char *nick)
{
    return g_hash_table_lookup(c->aliases, nick);
}

/* ---- how messages are shown ---- */

const GPtrArray *conf_headers(const Conf *c, HeadersKind kind)
{
    return viewing_headers(c->viewing, kind);
}

GHashTable *conf_filters(const Conf *c)
{
    return viewing_filters(c->viewing);
}
