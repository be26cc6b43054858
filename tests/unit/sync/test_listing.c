/* test_listing.c - which folder is for what: each test is data. A folder is written
 * "name", "name=use", or "name!" (cannot be selected); "d:." sets the delimiter. */
#include <glib.h>
#include <string.h>
#include "listing.h"
#include "pintail/conf/conf.h"

typedef struct {
    const char *name;
    const char *folders;  /* ";" between */
    const char *settings; /* of the account block */
    const char *roles;    /* "name=role;..." of those that have one */
} Case;

static const Case cases[] = {
    {"special use", "INBOX;Kram=trash;Weg=sent;Alles=all", "", "INBOX=inbox;Kram=trash;Weg=sent;Alles=all"},
    {"usual names", "INBOX;Drafts;Sent Items;Deleted Items;Junk E-mail;Archive;Other", "",
     "INBOX=inbox;Drafts=drafts;Sent Items=sent;Deleted Items=trash;Junk E-mail=junk;Archive=archive"},
    {"German", "INBOX;Entwürfe;Gesendet;Papierkorb;Archiv", "",
     "INBOX=inbox;Entwürfe=drafts;Gesendet=sent;Papierkorb=trash;Archiv=archive"},
    {"Japanese", "INBOX;下書き;送信済み;ごみ箱;迷惑メール", "",
     "INBOX=inbox;下書き=drafts;送信済み=sent;ごみ箱=trash;迷惑メール=junk"},
    {"below INBOX", "d:.;INBOX;INBOX.Sent;INBOX.Trash;INBOX.Old.Drafts", "",
     "INBOX=inbox;INBOX.Sent=sent;INBOX.Trash=trash"},
    {"special use wins over a name", "INBOX;Trash;Bin=trash", "", "INBOX=inbox;Bin=trash"},
    {"each use once", "INBOX;A=sent;B=sent", "", "INBOX=inbox;A=sent"},
    {"in any order of theirs", "B=sent;Y=all;INBOX;A=sent;X=all", "", "INBOX=inbox;A=sent;X=all"},
    {"the usual name before others", "INBOX;Old=sent;Sent Mail=sent", "", "INBOX=inbox;Sent Mail=sent"},
    {"the account wins over both", "INBOX;Sent=sent;My Sent", "    sent \"My Sent\"\n", "INBOX=inbox;My Sent=sent"},
    {"a setting without the prefix", "d:.;INBOX;INBOX.Bin;INBOX.Trash", "    trash Bin\n",
     "INBOX=inbox;INBOX.Bin=trash"},
    {"a setting that is not there yet", "INBOX;Trash=trash", "    trash Bin\n", "INBOX=inbox"},
    {"case does not matter", "INBOX;SENT;drafts", "", "INBOX=inbox;SENT=sent;drafts=drafts"},
    {"no mail can be in it", "INBOX;Sent!;Sent Mail", "", "INBOX=inbox;Sent Mail=sent"},
    {"deeper ones are not meant", "INBOX;work/Sent", "", "INBOX=inbox"},
    {"All Mail is the archive of Gmail", "INBOX;[Gmail]!;[Gmail]/All Mail=all;[Gmail]/Sent Mail=sent", "",
     "INBOX=inbox;[Gmail]/All Mail=archive;[Gmail]/Sent Mail=sent"},
    {"unless the account says otherwise", "INBOX;[Gmail]/All Mail=all;Old", "    archive Old\n",
     "INBOX=inbox;[Gmail]/All Mail=all;Old=archive"},
    {"all mail elsewhere is no archive", "INBOX;Virtual/All=all", "", "INBOX=inbox;Virtual/All=all"},
    {"[Gmail]", "INBOX;[Gmail]!;[Gmail]/Trash", "", "INBOX=inbox;[Gmail]/Trash=trash"},
};

static const char *const role_names[] = {"", "inbox", "drafts", "sent", "archive", "junk", "trash", "all", "flagged",
                                         "important"};

static ImapUse use_of(const char *text)
{
    static const char *const uses[] = {"", "all", "archive", "drafts", "flagged", "junk", "sent", "trash"};
    for (guint n = 0; n < G_N_ELEMENTS(uses); n++)
        if (g_str_equal(uses[n], text))
            return (ImapUse)n;
    g_assert_not_reached();
}

static GPtrArray *folders_of(const char *text)
{
    GPtrArray *folders = g_ptr_array_new_with_free_func((GDestroyNotify)imap_folder_free);
    g_auto(GStrv) words = g_strsplit(text, ";", -1);
    char delimiter = '/';
    for (guint n = 0; words[n]; n++) {
        if (g_str_has_prefix(words[n], "d:")) {
            delimiter = words[n][2];
            continue;
        }
        ImapFolder *f = g_new0(ImapFolder, 1);
        char *equals = strchr(words[n], '=');
        f->use = use_of(equals ? equals + 1 : "");
        f->name = equals ? g_strndup(words[n], (gsize)(equals - words[n])) : g_strdup(words[n]);
        if (g_str_has_suffix(f->name, "!")) {
            f->name[strlen(f->name) - 1] = '\0';
            f->flags |= IMAP_FOLDER_NOSELECT;
        }
        f->delimiter[0] = delimiter;
        g_ptr_array_add(folders, f);
    }
    return folders;
}

static void test_case(gconstpointer data)
{
    const Case *c = data;
    g_autofree char *rc = g_strdup_printf("account a\n    address a@example.org\n    imap imaps://imap.example.org\n%s",
                                          c->settings);
    g_autoptr(GError) err = NULL;
    g_autoptr(Account) account = conf_account_from_text(rc, &err);
    g_assert_no_error(err);
    g_autoptr(GPtrArray) folders = folders_of(c->folders);
    g_autoptr(GArray) listed = listing_with_roles(folders, account);
    g_assert_cmpuint(listed->len, ==, folders->len);
    GString *got = g_string_new(NULL);
    for (guint n = 0; n < listed->len; n++) {
        const ListedFolder *f = &g_array_index(listed, ListedFolder, n);
        if (f->role != ROLE_NONE)
            g_string_append_printf(got, "%s%s=%s", got->len ? ";" : "", f->name, role_names[f->role]);
    }
    g_assert_cmpstr(got->str, ==, c->roles);
    g_string_free(got, TRUE);
}

/* A list of 200,000 names is looked through a few times, not once for each usual name. */
static void test_long(void)
{
    enum { MANY = 200000 };
    g_autoptr(Account) account =
        conf_account_from_text("account a\n    address a@example.org\n    imap imaps://imap.example.org\n    trash Bin\n", NULL);
    g_autoptr(GPtrArray) folders = folders_of("INBOX");
    for (guint n = 0; n < MANY; n++) {
        ImapFolder *f = g_new0(ImapFolder, 1);
        f->name = n == MANY - 1 ? g_strdup("Gesendet") : n == MANY / 2 ? g_strdup("BIN") : g_strdup_printf("list/%u", n);
        f->delimiter[0] = '/';
        g_ptr_array_add(folders, f);
    }
    guint looks;
    g_autoptr(GArray) listed = listing_counted(folders, account, &looks);
    g_assert_cmpuint(looks, <=, 30 * folders->len);
    g_assert_cmpint(g_array_index(listed, ListedFolder, MANY).role, ==, ROLE_SENT);
    g_assert_cmpint(g_array_index(listed, ListedFolder, MANY / 2 + 1).role, ==, ROLE_TRASH);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint n = 0; n < G_N_ELEMENTS(cases); n++) {
        g_autofree char *path = g_strdup_printf("/listing/%s", cases[n].name);
        g_test_add_data_func(path, &cases[n], test_case);
    }
    g_test_add_func("/listing/long", test_long);
    return g_test_run();
}
