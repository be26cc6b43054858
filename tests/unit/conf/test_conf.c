/* test_conf.c - rc files: what is read, how mistakes are told, and that config.example is
 * complete and true. Run from the top of the source tree, as make does. */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include "pintail/conf/conf.h"
#include "pintail/util/error.h"

typedef struct {
    char *directory, *path;
    Conf *conf;
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
    f->directory = g_dir_make_tmp("pintail-conf-XXXXXX", NULL);
    f->path = g_build_filename(f->directory, "rc", NULL);
    f->conf = conf_new();
}

static void tear_down(Fixture *f, gconstpointer data)
{
    g_autoptr(GDir) d = g_dir_open(f->directory, 0, NULL);
    const char *name;
    while ((name = g_dir_read_name(d))) {
        g_autofree char *path = g_build_filename(f->directory, name, NULL);
        g_remove(path);
    }
    g_rmdir(f->directory);
    g_free(f->directory);
    g_free(f->path);
    conf_free(f->conf);
}

static void write_to(const Fixture *f, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(f->directory, name, NULL);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    g_assert_cmpint(chmod(path, 0600), ==, 0);
}

static void load(Fixture *f, const char *text)
{
    g_autoptr(GError) err = NULL;
    write_to(f, "rc", text);
    g_assert_true(conf_load(f->conf, f->path, &err));
    g_assert_no_error(err);
}

static void no_mistakes(const Fixture *f)
{
    const GPtrArray *m = conf_mistakes(f->conf);
    if (m->len)
        g_error("%s", (char *)m->pdata[0]);
}

/* The n-th mistake is `FILE:LINE: text`. */
static void mistake(const Fixture *f, guint n, guint line, const char *text)
{
    const GPtrArray *m = conf_mistakes(f->conf);
    g_assert_cmpuint(m->len, >, n);
    g_autofree char *wanted = g_strdup_printf("%s:%u: %s", f->path, line, text);
    g_assert_cmpstr(m->pdata[n], ==, wanted);
}

/* Some mistake on `line` holds `text`. */
static void mistake_says(const Fixture *f, guint line, const char *text)
{
    const GPtrArray *m = conf_mistakes(f->conf);
    g_autofree char *start = g_strdup_printf("%s:%u: ", f->path, line);
    for (guint i = 0; i < m->len; i++) {
        if (g_str_has_prefix(m->pdata[i], start) && strstr(m->pdata[i], text))
            return;
    }
    g_error("no mistake on line %u says \"%s\"; the first of %u: %s", line, text, m->len,
            m->len ? (char *)m->pdata[0] : "-");
}

static void refused(Fixture *f, const char *line, const char *says)
{
    g_autoptr(GError) err = NULL;
    g_assert_false(conf_execute(f->conf, line, &err));
    g_assert_true(error_is(err, PINTAIL_ERROR_INVALID));
    if (!strstr(err->message, says))
        g_error("<%s>: \"%s\" does not say \"%s\"", line, err->message, says);
}

static void run(Fixture *f, const char *line)
{
    g_autoptr(GError) err = NULL;
    conf_execute(f->conf, line, &err);
    g_assert_no_error(err);
}

/* ---- options ---- */

static void test_table(Fixture *f, gconstpointer data)
{
    guint count;
    const Option *options = conf_options(&count);
    for (guint i = 0; i < count; i++) {
        const Option *o = &options[i];
        g_assert_true(i == 0 || strcmp(options[i - 1].name, o->name) < 0); /* sorted, none twice */
        g_assert_true(o->help && *o->help && strlen(o->help) < 110 && !strchr(o->help, '\n'));
        g_assert_cmpint(o->type == OPTION_CHOICE, ==, o->choices != NULL);
        /* The default is a valid value, and what a new Conf has. */
        g_assert_cmpstr(conf_string(f->conf, o->name), ==, o->value);
        g_autoptr(GError) err = NULL;
        conf_set(f->conf, o->name, o->value, &err);
        g_assert_no_error(err);
    }
    const AccountSetting *settings = conf_account_settings(&count);
    for (guint i = 0; i < count; i++) {
        g_assert_true(settings[i].argument && settings[i].help && *settings[i].help);
        for (guint j = 0; j < i; j++)
            g_assert_cmpstr(settings[i].name, !=, settings[j].name);
    }
}

static void test_set(Fixture *f, gconstpointer data)
{
    run(f, "set mouse off");
    g_assert_false(conf_bool(f->conf, "mouse"));
    run(f, "set mouse");
    g_assert_true(conf_bool(f->conf, "mouse"));
    run(f, "toggle mouse");
    g_assert_false(conf_bool(f->conf, "mouse"));
    run(f, "unset mouse");
    g_assert_true(conf_bool(f->conf, "mouse"));
    run(f, "set sidebar=never");
    g_assert_cmpstr(conf_string(f->conf, "sidebar"), ==, "never");
    run(f, "set index-format \"%D  %s\" # two blanks");
    g_assert_cmpstr(conf_string(f->conf, "index-format"), ==, "%D  %s");
    run(f, "set editor vim -c 'set tw=72'");
    g_assert_cmpstr(conf_string(f->conf, "editor"), ==, "vim -c set tw=72");
    run(f, "set cache-size 2G");
    g_assert_cmpint(conf_number(f->conf, "cache-size"), ==, 2000000000);
    run(f, "set sidebar-width 30");
    g_assert_cmpint(conf_number(f->conf, "sidebar-width"), ==, 30);
    run(f, "set mark-seen 2s");
    g_autofree char *text = conf_option_text(f->conf, "mark-seen");
    g_assert_cmpstr(text, ==, "2s");

    refused(f, "set", "set OPTION");
    refused(f, "set sort", "value is missing");
    refused(f, "set indx-format x", "unknown option \"indx-format\", did you mean \"index-format\"?");
    refused(f, "set zzz x", "unknown option \"zzz\"");
    refused(f, "set mouse perhaps", "mouse wants on or off, not \"perhaps\"");
    refused(f, "set sidebar-width wide", "a number");
    refused(f, "set cache-size big", "a size");
    refused(f, "set mark-seen soon", "open, never");
    refused(f, "set sort subjct", "did you mean \"subject\"?");
    refused(f, "toggle sort", "not on or off");
    refused(f, "toggle muose", "did you mean \"mouse\"?");
    refused(f, "unset", "unset OPTION");
    refused(f, "unset colour", "unknown option");
    refused(f, "set editor \"vi", "quote");
    refused(f, "sett mouse on", "unknown command \"sett\", did you mean \"set\"?");
    /* A refused value changes nothing. */
    g_assert_cmpint(conf_number(f->conf, "sidebar-width"), ==, 30);
    run(f, "");
    run(f, "   # nothing");
}

static int changes;
static char *last_change;

static void changed(const char *what, void *data)
{
    changes++;
    g_free(last_change);
    last_change = g_strdup(what);
    g_assert_true(data == &changes);
}

static void test_change(Fixture *f, gconstpointer data)
{
    changes = 0;
    conf_on_change(f->conf, changed, &changes);
    run(f, "set mouse off");
    g_assert_cmpint(changes, ==, 1);
    g_assert_cmpstr(last_change, ==, "mouse");
    refused(f, "set mouse perhaps", "on or off");
    g_assert_cmpint(changes, ==, 1);
    run(f, "bind list d delete");
    g_assert_cmpstr(last_change, ==, "bind");
    run(f, "color list red");
    g_assert_cmpstr(last_change, ==, "color");
    g_assert_cmpint(changes, ==, 3);
    g_clear_pointer(&last_change, g_free);
}

/* ---- bindings, colours, aliases ---- */

static char *key_problem(const char *key)
{
    return g_str_equal(key, "ctrl-") ? g_strdup("ctrl- wants a letter") : NULL;
}

static char *style_problem(const char *style)
{
    return strstr(style, "purpel") ? g_strdup("unknown colour \"purpel\"") : NULL;
}

static void test_bind(Fixture *f, gconstpointer data)
{
    static const char *const contexts[] = {"all", "list", "viewer", NULL};
    static const char *const commands[] = {"delete", "next-message", "search", "tag", NULL};
    static const char *const elements[] = {"list", "list.unread", NULL};
    refused(f, "bind list d", "bind CONTEXT KEY COMMAND");
    run(f, "bind nowhere d nothing"); /* not checked before anything is registered */
    conf_register_words(f->conf, contexts, commands, elements);
    conf_register_syntax(f->conf, key_problem, style_problem);
    run(f, "bind list d delete");
    run(f, "bind list D 'tag; delete'");
    run(f, "bind list / search from:ana");
    run(f, "bind list ';' 'set mouse off'");
    run(f, "unbind list d");
    refused(f, "bind lsit d delete", "unknown context \"lsit\", did you mean \"list\"?");
    refused(f, "bind list d delet", "unknown command \"delet\", did you mean \"delete\"?");
    refused(f, "bind list d 'tag; delet'", "did you mean \"delete\"?");
    refused(f, "bind list ctrl- delete", "ctrl- wants a letter");
    refused(f, "unbind list", "unbind CONTEXT KEY");
    refused(f, "unbind lst d", "did you mean \"list\"?");

    const GPtrArray *b = conf_bindings(f->conf);
    static const struct {
        const char *key, *command;
    } wanted[] = {{"d", "nothing"}, {"d", "delete"}, {"D", "tag; delete"}, {"/", "search from:ana"},
                  {";", "set mouse off"}, {"d", NULL}};
    g_assert_cmpuint(b->len, ==, G_N_ELEMENTS(wanted));
    for (guint i = 0; i < b->len; i++) {
        const Binding *one = b->pdata[i];
        g_assert_cmpstr(one->key, ==, wanted[i].key);
        g_assert_cmpstr(one->command, ==, wanted[i].command);
    }

    run(f, "color list.unread bold red on default");
    refused(f, "color list.unraed bold", "unknown element \"list.unraed\", did you mean \"list.unread\"?");
    refused(f, "color list purpel", "purpel");
    refused(f, "color list", "color ELEMENT STYLE");
    const ColorRule *rule = conf_colors(f->conf)->pdata[0];
    g_assert_cmpstr(rule->element, ==, "list.unread");
    g_assert_cmpstr(rule->style, ==, "bold red on default");
}

static void check_headers(Fixture *f, HeadersKind kind, const char *expected)
{
    const GPtrArray *names = conf_headers(f->conf, kind);
    g_autoptr(GString) got = g_string_new(NULL);
    for (guint i = 0; i < names->len; i++)
        g_string_append_printf(got, "%s ", (const char *)names->pdata[i]);
    g_assert_cmpstr(got->str, ==, expected);
}

static void test_viewing(Fixture *f, gconstpointer data)
{
    run(f, "headers show X-Mailer: List-Id");
    run(f, "headers hide Cc x-mailer");
    run(f, "headers order Date From");
    run(f, "headers order From");
    check_headers(f, HEADERS_SHOW, "List-Id ");
    check_headers(f, HEADERS_HIDE, "Cc x-mailer ");
    check_headers(f, HEADERS_ORDER, "From ");
    refused(f, "headers show", "headers show|hide|order");
    refused(f, "headers turn From", "headers show|hide|order");
    run(f, "filter Image/PNG one -x \"a b\"");
    GHashTable *before = g_hash_table_ref(conf_filters(f->conf));
    run(f, "filter image/* 'two; three'");
    g_assert_cmpstr(filter_for(conf_filters(f->conf), "image/png"), ==, "one -x \"a b\"");
    g_assert_cmpstr(filter_for(conf_filters(f->conf), "image/gif"), ==, "two; three");
    g_assert_null(filter_for(conf_filters(f->conf), "imagex/gif"));
    g_assert_null(filter_for(before, "image/gif")); /* who holds it is not disturbed */
    g_hash_table_unref(before);
    run(f, "filter image/png");
    g_assert_cmpstr(filter_for(conf_filters(f->conf), "image/png"), ==, "two; three");
    refused(f, "filter png x", "filter TYPE COMMAND");
}

static void test_alias(Fixture *f, gconstpointer data)
{
    run(f, "alias bea Bea Boss <bea@example.org>");
    run(f, "alias crew \"Ana <ana@example.org>, Bob <bob@example.org>\"");
    g_assert_cmpstr(conf_alias(f->conf, "bea"), ==, "Bea Boss <bea@example.org>");
    g_assert_cmpstr(conf_alias(f->conf, "crew"), ==, "Ana <ana@example.org>, Bob <bob@example.org>");
    run(f, "alias bea Bea <bea@example.com>");
    g_assert_cmpstr(conf_alias(f->conf, "bea"), ==, "Bea <bea@example.com>");
    g_assert_null(conf_alias(f->conf, "nobody"));
    refused(f, "alias bea", "alias NICK");
}

/* ---- files ---- */

static void test_mistakes(Fixture *f, gconstpointer data)
{
    load(f, "\xef\xbb\xbf# comment\r\n"
            "set indx-format \"%s\"\n"
            "set mouse off\r\n"
            "\n"
            "bnid list d delete\n"
            "    mouse on\n"
            "set sort \"date\n"
            "account work\n"
            "    address Ana <ana@example.org>\n"
            "\n"
            "    # a comment in between\n"
            "\timap imaps://imap.example.org\n"
            "    imapp imaps://imap.example.org\n"
            "    timeout forever\n"
            "    smtp\n"
            "imap imaps://imap.example.org\n"
            "set beep on"); /* and no newline at the end */
    mistake(f, 0, 2, "unknown option \"indx-format\", did you mean \"index-format\"?");
    mistake(f, 1, 5, "unknown command \"bnid\", did you mean \"bind\"?");
    mistake(f, 2, 6, "\"mouse\" is indented, but no account line stands above it");
    mistake(f, 3, 7, "a quote is not closed");
    mistake(f, 4, 13, "unknown account setting \"imapp\", did you mean \"imap\"?");
    mistake(f, 5, 14, "timeout wants a time such as 30s or 5m, not \"forever\"");
    mistake(f, 6, 15, "smtp wants URL");
    mistake_says(f, 16, "indent it");
    g_assert_cmpuint(conf_mistakes(f->conf)->len, ==, 8);
    /* Everything else applies. */
    g_assert_false(conf_bool(f->conf, "mouse"));
    g_assert_true(conf_bool(f->conf, "beep"));
    Account *a = conf_account(f->conf, "work");
    g_assert_nonnull(a);
    g_assert_cmpstr(a->incoming->host, ==, "imap.example.org");
    g_assert_cmpuint(a->line, ==, 8);
    g_assert_cmpstr(a->file, ==, f->path);
    g_assert_cmpstr(conf_path(f->conf), ==, f->path);
}

static void test_indentation_ends_a_block(Fixture *f, gconstpointer data)
{
    load(f, "account work\n"
            "    address ana@example.org\n"
            "    imap imaps://imap.example.org\n"
            "set mouse off\n"
            "    imap imaps://other.example.org\n" /* still "the block above": refused as a twin */
            "account b@d\n"
            "    address x@example.org\n"
            "account work\n"
            "    address twin@example.org\n");
    mistake_says(f, 6, "account name \"b@d\"");
    mistake_says(f, 7, "no account line");
    mistake_says(f, 8, "is there already");
    mistake_says(f, 9, "no account line");
    g_assert_cmpuint(conf_accounts(f->conf)->len, ==, 1);
    g_assert_cmpstr(conf_account(f->conf, "work")->identity.address, ==, "ana@example.org");
    g_assert_cmpstr(conf_account(f->conf, "work")->incoming->host, ==, "imap.example.org");
}

static void test_load_errors(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) err = NULL;
    g_autofree char *missing = g_build_filename(f->directory, "missing", NULL);
    load(f, "set mouse off\n");
    g_assert_false(conf_load(f->conf, missing, &err));
    g_assert_true(error_is(err, PINTAIL_ERROR_GONE));
    g_assert_cmpstr(conf_path(f->conf), ==, missing);
    g_assert_true(conf_bool(f->conf, "mouse"));
    g_clear_error(&err);
    load(f, "set mouse off\n");
    g_assert_false(conf_load(f->conf, f->directory, &err)); /* unreadable: nothing is forgotten */
    g_assert_true(error_is(err, PINTAIL_ERROR_STORE));
    g_assert_false(conf_bool(f->conf, "mouse"));
}

static void test_reload(Fixture *f, gconstpointer data)
{
    run(f, "bind list d delete"); /* a default */
    load(f, "set mouse off\nset nonsense\nbind list x exit\ncolor list red\nalias a b@example.org\n"
            "account w\n  address a@example.org\n  imap imap://localhost\n");
    run(f, "bind list y yes");
    run(f, "set beep on");
    g_autoptr(Account) kept = account_ref(conf_account(f->conf, "w"));
    g_assert_cmpuint(conf_bindings(f->conf)->len, ==, 3);
    write_to(f, "rc", "set sort from\n");
    g_assert_true(conf_load(f->conf, conf_path(f->conf), NULL));
    no_mistakes(f);
    g_assert_true(conf_bool(f->conf, "mouse"));
    g_assert_false(conf_bool(f->conf, "beep"));
    g_assert_cmpstr(conf_string(f->conf, "sort"), ==, "from");
    g_assert_cmpuint(conf_bindings(f->conf)->len, ==, 1);
    g_assert_cmpuint(conf_colors(f->conf)->len, ==, 0);
    g_assert_null(conf_alias(f->conf, "a"));
    g_assert_null(conf_account(f->conf, "w"));
    g_assert_cmpstr(kept->name, ==, "w"); /* a worker's own lives on */
}

static void test_source(Fixture *f, gconstpointer data)
{
    write_to(f, "more", "set mouse off\nset mose on\naccount w\n  address a@example.org\n  smtp smtp://localhost\n");
    write_to(f, "loop", "source loop\n");
    load(f, "source more\nsource none\nset beep on\nsource loop\nsource\n");
    g_assert_false(conf_bool(f->conf, "mouse"));
    g_assert_true(conf_bool(f->conf, "beep"));
    g_assert_nonnull(conf_account(f->conf, "w"));
    g_autofree char *inner = g_strdup_printf("%s/more:2: ", f->directory);
    g_assert_true(g_str_has_prefix(conf_mistakes(f->conf)->pdata[0], inner));
    mistake_says(f, 2, "none");
    mistake_says(f, 5, "source FILE");
    const GPtrArray *m = conf_mistakes(f->conf);
    g_assert_cmpuint(m->len, ==, 4);
    g_assert_nonnull(strstr(m->pdata[2], "nested too deep"));
}

/* A typed `source` of the rc file: as if it had just been started with it. */
static void test_source_typed(Fixture *f, gconstpointer data)
{
    load(f, "set beep on\nset mose on\naccount w\n  address a@example.org\n  smtp smtp://localhost\n");
    write_to(f, "rc", "set mouse off\naccount x\n  address a@example.org\n  smtp smtp://localhost\n");
    g_autofree char *line = g_strdup_printf("source '%s'", f->path);
    changes = 0;
    conf_on_change(f->conf, changed, &changes);
    run(f, line);
    g_assert_cmpint(changes, >, 0);
    g_assert_null(last_change); /* everything may have changed */
    g_assert_false(conf_bool(f->conf, "beep"));
    g_assert_false(conf_bool(f->conf, "mouse"));
    g_assert_null(conf_account(f->conf, "w"));
    g_assert_nonnull(conf_account(f->conf, "x"));
    g_assert_cmpuint(conf_mistakes(f->conf)->len, ==, 0);
    /* another file adds to what there is, and its mistakes are told */
    write_to(f, "more", "set beep on\nset mose on\n");
    g_autofree char *other = g_strdup_printf("source '%s/more'", f->directory);
    run(f, other);
    g_assert_true(conf_bool(f->conf, "beep"));
    g_assert_nonnull(conf_account(f->conf, "x"));
    g_assert_cmpuint(conf_mistakes(f->conf)->len, ==, 1);
}

static void test_password_needs_private_file(Fixture *f, gconstpointer data)
{
    static const struct {
        int mode;
        gboolean accepted;
    } modes[] = {{0600, TRUE}, {0400, TRUE}, {0640, FALSE}, {0604, FALSE}, {0660, FALSE}, {0644, FALSE}};
    for (gsize i = 0; i < G_N_ELEMENTS(modes); i++) {
        write_to(f, "rc", "account w\n  address a@example.org\n  imap imap://localhost\n"
                          "  password \"geheim #1\"\n");
        g_assert_cmpint(chmod(f->path, (mode_t)modes[i].mode), ==, 0);
        g_assert_true(conf_load(f->conf, f->path, NULL));
        const Account *a = conf_account(f->conf, "w"); /* usable either way */
        if (modes[i].accepted) {
            no_mistakes(f);
            g_assert_cmpint(a->password.kind, ==, PASSWORD_LITERAL);
            g_assert_cmpstr(secret_text(a->password.literal, NULL), ==, "geheim #1");
        } else {
            mistake_says(f, 4, "chmod 600");
            g_assert_null(strstr(conf_mistakes(f->conf)->pdata[0], "geheim"));
            g_assert_cmpint(a->password.kind, ==, PASSWORD_ASK);
        }
    }
}

/* ---- accounts ---- */

static const char everything[] =
    "account work-1\n"
    "    address   \"#1 Ana\\\"s \" <ana@example.org>\n"
    "    identity  Ana Ruiz <ruiz@example.org>\n"
    "    identity  other@example.com\n"
    "    pop3      pop3s://ana@example.org@pop.example.org:1995\n"
    "    pop3-keep 14d\n"
    "    pop3-delete-on-server yes\n"
    "    pop3-max-size 7M\n"
    "    imap-line-limit 1000\n"
    "    smtp      smtp://ana@smtp.example.org\n"
    "    auth      SCRAM-SHA-256\n"
    "    tls       off\n"
    "    tls-ca    ~/ca.pem\n"
    "    tls-trust 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n"
    "    auth-server MX.example.net\n"
    "    timeout   1m\n"
    "    poll      90\n"
    "    download  all\n"
    "    drafts    My Drafts\n"
    "    sent      Sent Items\n"
    "    trash     Müll\n"
    "    archive   Archive/2026\n"
    "    junk      \"two  blanks\"\n"
    "    maildir   ~/Mail/work\n"
    "    signature \"Ana\\n-- \\nC:\\\\x\"\n"
    "    token     command: oauth \"a b\" # this is the shell's\n"
    "    smtp-password command: pass show 'x y' | head -1\n"
    "    password  command: pass show mail/work\n";

static void check_everything(const Account *a)
{
    g_assert_cmpstr(a->name, ==, "work-1");
    g_assert_cmpstr(a->identity.name, ==, "#1 Ana\"s");
    g_assert_cmpstr(a->identity.address, ==, "ana@example.org");
    g_assert_cmpuint(a->identities->len, ==, 2);
    g_assert_cmpstr(((Identity *)a->identities->pdata[1])->name, ==, "");
    g_assert_true(account_owns_address(a, "RUIZ@example.org"));
    g_assert_true(account_owns_address(a, "ana@EXAMPLE.org"));
    g_assert_true(account_owns_address(a, "other@example.com"));
    g_assert_false(account_owns_address(a, "ana@example.com"));
    g_assert_cmpint(a->incoming->protocol, ==, PROTOCOL_POP3);
    g_assert_cmpstr(a->incoming->user, ==, "ana@example.org");
    g_assert_cmpuint(a->incoming->port, ==, 1995);
    g_assert_cmpint(a->pop3_keep, ==, POP3_KEEP_DAYS);
    g_assert_cmpuint(a->pop3_keep_days, ==, 14);
    g_assert_true(a->pop3_delete_on_server);
    g_assert_cmpuint(a->pop3_max_size, ==, 7000000);
    g_assert_cmpuint(a->line_limit, ==, 1000);
    g_assert_cmpstr(a->smtp->host, ==, "smtp.example.org");
    g_assert_cmpstr(a->auth, ==, "scram-sha-256");
    g_assert_true(a->tls_off);
    g_assert_cmpstr(a->tls_ca, ==, "~/ca.pem");
    g_assert_cmpstr(a->tls_trust->pdata[0], ==,
                    "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"
                    "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF");
    g_assert_cmpstr(a->auth_servers->pdata[0], ==, "mx.example.net");
    g_assert_cmpuint(a->timeout, ==, 60);
    g_assert_cmpuint(a->poll, ==, 90);
    g_assert_cmpint(a->download, ==, DOWNLOAD_ALL);
    g_assert_cmpstr(a->drafts, ==, "My Drafts");
    g_assert_cmpint(a->sent_kind, ==, SENT_FOLDER);
    g_assert_cmpstr(a->sent, ==, "Sent Items");
    g_assert_cmpstr(a->trash, ==, "Müll");
    g_assert_cmpstr(a->archive, ==, "Archive/2026");
    g_assert_cmpstr(a->junk, ==, "two  blanks");
    g_assert_cmpstr(a->maildir, ==, "~/Mail/work");
    g_assert_cmpstr(a->signature, ==, "Ana\n-- \nC:\\x");
    g_assert_cmpstr(a->token_command, ==, "oauth \"a b\" # this is the shell's");
    g_assert_cmpint(a->smtp_password.kind, ==, PASSWORD_COMMAND);
    g_assert_cmpstr(a->smtp_password.command, ==, "pass show 'x y' | head -1");
    g_assert_cmpint(a->password.kind, ==, PASSWORD_COMMAND);
    g_assert_cmpstr(a->password.command, ==, "pass show mail/work");
}

static void test_account(Fixture *f, gconstpointer data)
{
    load(f, everything);
    no_mistakes(f);
    const Account *a = conf_account(f->conf, "work-1");
    check_everything(a);
    /* Written and read again it is the same. */
    g_autofree char *text = account_to_rc(a);
    g_autoptr(GError) err = NULL;
    g_autoptr(Account) again = conf_account_from_text(text, &err);
    g_assert_no_error(err);
    check_everything(again);
}

static void test_account_defaults(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(Account) a = conf_account_from_text(
        "account w\n address ana@example.org\n imap imaps://imap.example.org\n", &err);
    g_assert_no_error(err);
    g_assert_cmpstr(a->identity.name, ==, "");
    g_assert_cmpstr(a->auth, ==, "auto");
    g_assert_cmpuint(a->timeout, ==, 30);
    g_assert_cmpint(a->pop3_keep, ==, POP3_KEEP_UNSET); /* nothing is deleted unasked */
    g_assert_false(a->tls_off);
    g_assert_cmpint(a->password.kind, ==, PASSWORD_ASK);
    g_assert_null(a->smtp);
    g_autofree char *text = account_to_rc(a);
    g_assert_cmpstr(text, ==,
                    "account w\n"
                    "    address   ana@example.org\n"
                    "    imap      imaps://imap.example.org\n"
                    "    # password command: pass show mail/w   # without this line Pintail asks\n");
}

static void test_account_password_is_not_written(Fixture *f, gconstpointer data)
{
    g_autoptr(Account) a = conf_account_from_text(
        "account w\n address a@example.org\n imap imap://localhost\n password geheim\n smtp-password auch\n",
        NULL);
    g_assert_cmpint(a->password.kind, ==, PASSWORD_LITERAL);
    g_autofree char *text = account_to_rc(a);
    g_assert_null(strstr(text, "geheim"));
    g_assert_null(strstr(text, "auch"));
}

static void test_account_mistakes(Fixture *f, gconstpointer data)
{
    static const struct {
        const char *line, *says;
    } bad[] = {
        {"address Ana Ruiz", "Name <user@host>"},
        {"address <@example.org>", "Name <user@host>"},
        {"address ana@", "Name <user@host>"},
        {"address Ana <ana@example.org> x", "Name <user@host>"},
        {"imap pop3s://pop.example.org", "imap://"},
        {"pop3 imaps://imap.example.org", "pop3://"},
        {"smtp imaps://imap.example.org", "smtp://"},
        {"imap imap.example.org", "not a server address"},
        {"pop3 pop3s://pop.example.org", "such a server already"},
        {"password command:", "a command"},
        {"password my pass word", "quotes"},
        {"auth scram-sha256", "did you mean \"scram-sha-256\"?"},
        {"token abc", "command:"},
        {"tls perhaps", "on or off"},
        {"tls-trust 00:11", "SHA-256"},
        {"tls-trust zz", "SHA-256"},
        {"timeout 0", "a time"},
        {"timeout 2d", "a time"},
        {"poll never", "a time"},
        {"download some", "headers, recent or all"},
        {"pop3-keep 14", "14d"},
        {"pop3-keep 0d", "14d"},
        {"pop3-delete-on-server often", "yes or no"},
        {"pop3-max-size huge", "a size"},
        {"imap-line-limit 100", "512"},
        {"signature", "signature wants"},
        {"trahs Bin", "did you mean \"trash\"?"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *text = g_strdup_printf(
            "account w\n address ana@example.org\n imap imaps://h.example\n smtp smtps://h.example\n %s\n",
            bad[i].line);
        /* the servers are there already: try those lines in a block without them */
        if (g_str_has_prefix(bad[i].line, "imap ") || g_str_has_prefix(bad[i].line, "smtp ")) {
            g_free(text);
            text = g_strdup_printf("account w\n address ana@example.org\n %s\n", bad[i].line);
        }
        load(f, text);
        g_assert_cmpuint(conf_mistakes(f->conf)->len, >=, 1);
        if (!strstr(conf_mistakes(f->conf)->pdata[0], bad[i].says))
            g_error("<%s>: \"%s\"", bad[i].line, (char *)conf_mistakes(f->conf)->pdata[0]);
        g_autoptr(GError) err = NULL;
        g_assert_null(conf_account_from_text(text, &err));
        g_assert_true(error_is(err, PINTAIL_ERROR_INVALID));
    }
    load(f, "account w\n  imap imap://localhost\naccount v\n  address a@example.org\n");
    mistake_says(f, 1, "no address");
    mistake_says(f, 3, "no server");
    g_assert_cmpuint(conf_accounts(f->conf)->len, ==, 0);
    g_assert_null(conf_account_from_text("", NULL));
}

static void test_append(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(Account) first = conf_account_from_text(
        "account one\n address a@example.org\n imap imaps://h.example\n smtp smtps://h.example\n", NULL);
    g_autoptr(Account) second = conf_account_from_text(
        "account two\n address b@example.org\n pop3 pop3s://h.example\n pop3-keep never\n", NULL);
    g_autofree char *sub = g_build_filename(f->directory, "a", NULL);
    g_autofree char *path = g_build_filename(sub, "b", NULL);
    g_autofree char *rc = g_build_filename(path, "rc", NULL);
    g_assert_true(conf_append_account(rc, first, &err));
    struct stat st;
    g_assert_cmpint(stat(rc, &st), ==, 0);
    g_assert_cmpint(st.st_mode & 0777, ==, 0600);
    g_assert_true(conf_append_account(rc, second, &err));
    g_assert_false(conf_append_account(rc, first, &err));
    g_assert_true(error_is(err, PINTAIL_ERROR_INVALID));
    g_assert_true(conf_load(f->conf, rc, NULL));
    no_mistakes(f);
    g_assert_cmpuint(conf_accounts(f->conf)->len, ==, 2);
    g_assert_cmpint(conf_account(f->conf, "two")->pop3_keep, ==, POP3_KEEP_NEVER);
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents(rc, &text, NULL, NULL));
    g_assert_cmpint(text[0], ==, '#');
    g_remove(rc);
    g_rmdir(path);
    g_rmdir(sub);

    /* What the person wrote stays, byte for byte, also without a newline at its end. */
    write_to(f, "rc", "set mouse off # mine");
    g_assert_true(conf_append_account(f->path, first, NULL));
    g_autofree char *after = NULL;
    g_assert_true(g_file_get_contents(f->path, &after, NULL, NULL));
    g_assert_true(g_str_has_prefix(after, "set mouse off # mine\n\naccount one\n"));
    /* A directory in its place is an error, and stays. */
    g_clear_error(&err);
    g_assert_false(conf_append_account(f->directory, first, &err));
    g_assert_true(error_is(err, PINTAIL_ERROR_STORE));
}

static void test_default_path(Fixture *f, gconstpointer data)
{
    /* GLib reads HOME and XDG_CONFIG_HOME once; main() set them before anything did. */
    const char *home = g_get_home_dir();
    g_autofree char *config = g_build_filename(home, "config", "pintail", NULL);
    g_autofree char *first = g_build_filename(config, "pintailrc", NULL);
    g_autofree char *second = g_build_filename(home, ".pintailrc", NULL);
    g_autofree char *none = conf_default_path();
    g_assert_cmpstr(none, ==, first); /* where a new one goes */
    g_assert_true(g_file_set_contents(second, "", 0, NULL));
    g_autofree char *old = conf_default_path();
    g_assert_cmpstr(old, ==, second);
    g_assert_cmpint(g_mkdir_with_parents(config, 0700), ==, 0);
    g_assert_true(g_file_set_contents(first, "", 0, NULL));
    g_autofree char *both = conf_default_path();
    g_assert_cmpstr(both, ==, first);
    g_remove(first);
    g_remove(second);
    g_rmdir(config);
    g_autofree char *parent = g_build_filename(home, "config", NULL);
    g_rmdir(parent);
}

/* ---- config.example ---- */

/* A setting that is off: "#" and no blank before a command, or "#" and a deep indentation. */
static gboolean is_disabled_setting(const char *line)
{
    return line[0] == '#' && (g_ascii_islower(line[1]) || g_str_has_prefix(line + 1, "    "));
}

/* config.example with every setting switched on; counts the "set" lines of each option. */
static char *switched_on(const char *text, GHashTable *set, GHashTable *settings)
{
    g_autoptr(GString) on = g_string_new(NULL);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        gboolean setting = is_disabled_setting(*line);
        const char *content = setting ? *line + 1 : *line;
        g_string_append_printf(on, "%s\n", content);
        g_auto(GStrv) words = setting ? conf_words(content, NULL) : NULL;
        if (!words || !words[0])
            continue;
        if (content[0] == ' ')
            g_hash_table_add(settings, g_strdup(words[0]));
        else if (g_str_equal(words[0], "set") && words[1] && !g_hash_table_add(set, g_strdup(words[1])))
            g_error("config.example sets %s twice", words[1]);
    }
    return g_string_free(g_steal_pointer(&on), FALSE);
}

static void test_example(Fixture *f, gconstpointer data)
{
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents("config.example", &text, NULL, NULL));
    g_assert_null(strchr(text, '\t'));

    /* As it stands it changes nothing. */
    load(f, text);
    no_mistakes(f);
    g_assert_cmpuint(conf_accounts(f->conf)->len, ==, 0);

    /* Switched on, all of it is valid, and options have their defaults. */
    g_autoptr(GHashTable) set = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) settings = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autofree char *on = switched_on(text, set, settings);
    write_to(f, "colors", "color list normal\n");
    load(f, on);
    no_mistakes(f);
    guint count;
    const Option *options = conf_options(&count);
    for (guint i = 0; i < count; i++) {
        if (!g_hash_table_contains(set, options[i].name))
            g_error("config.example does not show the option %s", options[i].name);
        g_assert_cmpstr(conf_string(f->conf, options[i].name), ==, options[i].value);
    }
    g_assert_cmpuint(g_hash_table_size(set), ==, count);
    const AccountSetting *known = conf_account_settings(&count);
    for (guint i = 0; i < count; i++) {
        if (!g_hash_table_contains(settings, known[i].name))
            g_error("config.example does not show the account setting %s", known[i].name);
    }
    g_assert_cmpuint(g_hash_table_size(settings), ==, count);
    g_assert_cmpuint(conf_accounts(f->conf)->len, ==, 4);
    g_assert_nonnull(conf_alias(f->conf, "bea"));
    g_assert_cmpuint(conf_bindings(f->conf)->len, >=, 2);
}

int main(int argc, char **argv)
{
    g_autofree char *home = g_dir_make_tmp("pintail-home-XXXXXX", NULL);
    g_autofree char *config = g_build_filename(home, "config", NULL);
    g_setenv("HOME", home, TRUE);
    g_setenv("XDG_CONFIG_HOME", config, TRUE);
    g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add(name, Fixture, NULL, set_up, function, tear_down)
    ADD("/conf/table", test_table);
    ADD("/conf/set", test_set);
    ADD("/conf/change", test_change);
    ADD("/conf/bind", test_bind);
    ADD("/conf/alias", test_alias);
    ADD("/conf/viewing", test_viewing);
    ADD("/conf/mistakes", test_mistakes);
    ADD("/conf/blocks", test_indentation_ends_a_block);
    ADD("/conf/load-errors", test_load_errors);
    ADD("/conf/reload", test_reload);
    ADD("/conf/source", test_source);
    ADD("/conf/source-typed", test_source_typed);
    ADD("/conf/password-file-mode", test_password_needs_private_file);
    ADD("/conf/account", test_account);
    ADD("/conf/account-defaults", test_account_defaults);
    ADD("/conf/account-password", test_account_password_is_not_written);
    ADD("/conf/account-mistakes", test_account_mistakes);
    ADD("/conf/append", test_append);
    ADD("/conf/default-path", test_default_path);
    ADD("/conf/example", test_example);
    int status = g_test_run();
    g_rmdir(home);
    return status;
}
