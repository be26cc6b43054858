/* listing.c - see listing.h. */
#include "listing.h"
#include <string.h>
#include "pintail/util/text.h"

typedef struct {
    FolderRole role;
    const char *const *names; /* best first; compared without case */
} UsualNames;

static const char *const drafts[] = {
    "Drafts", "Draft", "Entwürfe", "Brouillons", "Borradores", "Bozze", "Concepten", "Rascunhos", "Utkast",
    "Kladder", "Luonnokset", "Wersje robocze", "Robocze", "Koncepty", "Черновики", "Чернетки", "Taslaklar",
    "Piszkozatok", "Πρόχειρα", "下書き", "草稿", "草稿箱", "임시보관함", NULL};
static const char *const sent[] = {
    "Sent", "Sent Items", "Sent Messages", "Sent Mail", "Gesendet", "Gesendete Elemente", "Gesendete Objekte",
    "Envoyés", "Éléments envoyés", "Messages envoyés", "Enviados", "Elementos enviados", "Mensajes enviados",
    "Posta inviata", "Inviata", "Inviati", "Verzonden", "Verzonden items", "Itens enviados",
    "Mensagens enviadas", "Skickat", "Skickade", "Sendt", "Lähetetyt", "Wysłane", "Elementy wysłane",
    "Odeslané", "Odeslaná pošta", "Отправленные", "Надіслані", "Gönderilmiş Öğeler", "Gönderilenler",
    "Elküldött", "Απεσταλμένα", "送信済み", "送信済みアイテム", "已发送", "已发送邮件", "寄件備份", "보낸편지함", NULL};
static const char *const trash[] = {
    "Trash", "Deleted Items", "Deleted Messages", "Deleted", "Bin", "Papierkorb", "Gelöscht",
    "Gelöschte Elemente", "Gelöschte Objekte", "Corbeille", "Éléments supprimés", "Papelera",
    "Elementos eliminados", "Cestino", "Posta eliminata", "Prullenbak", "Verwijderde items", "Lixeira", "Lixo",
    "Itens excluídos", "Papperskorgen", "Borttaget", "Papirkurv", "Slettet post", "Roskakori", "Kosz",
    "Elementy usunięte", "Koš", "Odstraněná pošta", "Корзина", "Удаленные", "Кошик", "Çöp Kutusu",
    "Silinmiş Öğeler", "Lomtár", "Törölt elemek", "Κάδος", "ごみ箱", "削除済みアイテム", "垃圾桶", "已删除",
    "已删除邮件", "휴지통", NULL};
static const char *const junk[] = {
    "Junk", "Spam", "Junk E-mail", "Junk Email", "Junk Mail", "Bulk Mail", "Spamverdacht", "Unerwünscht",
    "Courrier indésirable", "Indésirables", "Pourriel", "Correo no deseado", "No deseado",
    "Posta indesiderata", "Ongewenste e-mail", "Ongewenst", "Lixo eletrônico", "Skräppost", "Søppelpost",
    "Uønsket post", "Roskaposti", "Niechciane", "Wiadomości-śmieci", "Nevyžádaná pošta", "Спам", "Önemsiz",
    "İstenmeyen", "Levélszemét", "Ανεπιθύμητα", "迷惑メール", "垃圾邮件", "垃圾郵件", "스팸", "스팸메일함", NULL};
static const char *const archive[] = {
    "Archive", "Archives", "Archiv", "Archivo", "Archivados", "Archivio", "Archief", "Arquivo", "Arkiv",
    "Arkisto", "Archiwum", "Архив", "Архів", "Arşiv", "Archívum", "Αρχείο", "アーカイブ", "归档", "封存", "보관함",
    NULL};

static const UsualNames usual[] = {
    {ROLE_DRAFTS, drafts}, {ROLE_SENT, sent}, {ROLE_TRASH, trash}, {ROLE_JUNK, junk}, {ROLE_ARCHIVE, archive},
};

static FolderRole role_of_use(ImapUse use)
{
    static const FolderRole roles[] = {
        [IMAP_USE_NONE] = ROLE_NONE,       [IMAP_USE_ALL] = ROLE_ALL,     [IMAP_USE_ARCHIVE] = ROLE_ARCHIVE,
        [IMAP_USE_DRAFTS] = ROLE_DRAFTS,   [IMAP_USE_FLAGGED] = ROLE_FLAGGED, [IMAP_USE_JUNK] = ROLE_JUNK,
        [IMAP_USE_SENT] = ROLE_SENT,       [IMAP_USE_TRASH] = ROLE_TRASH,
        [IMAP_USE_IMPORTANT] = ROLE_IMPORTANT, [IMAP_USE_INBOX] = ROLE_INBOX,
    };
    return (guint)use < G_N_ELEMENTS(roles) ? roles[use] : ROLE_NONE;
}

static const char *setting_of(const Account *a, FolderRole role)
{
    switch (role) {
    case ROLE_DRAFTS:
        return a->drafts;
    case ROLE_SENT:
        return a->sent_kind == SENT_FOLDER ? a->sent : NULL;
    case ROLE_TRASH:
        return a->trash;
    case ROLE_JUNK:
        return a->junk;
    case ROLE_ARCHIVE:
        return a->archive;
    default:
        return NULL;
    }
}

static gboolean can_hold_mail(const ListedFolder *f)
{
    return !(f->flags & FOLDER_NOSELECT);
}

/* "Sent" of "INBOX.Sent" and "[Gmail]/Sent"; NULL for what lies deeper. */
static const char *base_name(const ListedFolder *f)
{
    if (!*f->delimiter)
        return f->name;
    const char *cut = strstr(f->name, f->delimiter);
    if (!cut)
        return f->name;
    gsize first = (gsize)(cut - f->name);
    const char *rest = cut + strlen(f->delimiter);
    gboolean is_top = (first == 5 && g_ascii_strncasecmp(f->name, "INBOX", 5) == 0) || f->name[0] == '[';
    return is_top && !strstr(rest, f->delimiter) ? rest : NULL;
}

/* Where names are: made once, so that many folders cost no more than each one looked at once. */
typedef struct {
    GHashTable *exact;  /* name -> index + 1 of the first such folder */
    GHashTable *folded; /* the same without case and prefix */
} Names;

static void names_add(GHashTable *to, char *name_take, guint index)
{
    if (g_hash_table_contains(to, name_take))
        g_free(name_take);
    else
        g_hash_table_insert(to, name_take, GUINT_TO_POINTER(index + 1));
}

static Names names_of(const GArray *listed, guint *looks)
{
    Names n = {g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
               g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
    for (guint i = 0; i < listed->len; i++) {
        const ListedFolder *f = &g_array_index(listed, ListedFolder, i);
        const char *base = can_hold_mail(f) ? base_name(f) : NULL;
        (*looks)++;
        if (can_hold_mail(f))
            names_add(n.exact, g_strdup(f->name), i);
        if (base && f->role != ROLE_INBOX)
            names_add(n.folded, g_utf8_casefold(base, -1), i);
    }
    return n;
}

/* The index of the folder of this name: exact first, then without case and prefix; -1. */
static int find_named(const Names *names, const char *name)
{
    guint found = GPOINTER_TO_UINT(g_hash_table_lookup(names->exact, name));
    if (found == 0) {
        g_autofree char *wanted = g_utf8_casefold(name, -1);
        found = GPOINTER_TO_UINT(g_hash_table_lookup(names->folded, wanted));
    }
    return (int)found - 1;
}

static gboolean is_usual(const ListedFolder *f, FolderRole role)
{
    const char *base = base_name(f);
    g_autofree char *folded = base ? g_utf8_casefold(base, -1) : NULL;
    for (guint u = 0; folded && u < G_N_ELEMENTS(usual); u++) {
        for (guint i = 0; usual[u].role == role && usual[u].names[i]; i++) {
            g_autofree char *name = g_utf8_casefold(usual[u].names[i], -1);
            if (g_str_equal(name, folded))
                return TRUE;
        }
    }
    return FALSE;
}

/* Of several folders with one role, which keeps it? The same in whatever order a server lists them. */
static gboolean goes_before(const ListedFolder *a, const ListedFolder *b, FolderRole role)
{
    gboolean usual_a = is_usual(a, role), usual_b = is_usual(b, role);
    return usual_a != usual_b ? usual_a : strcmp(a->name, b->name) < 0;
}

/* Leaves `role` to one folder only (-1: to the first that has it, in a fixed order). */
static gboolean settle(GArray *listed, FolderRole role, int keep, guint *looks)
{
    *looks += 2 * listed->len;
    for (guint n = 0, choose = keep < 0; n < listed->len && choose; n++) {
        const ListedFolder *f = &g_array_index(listed, ListedFolder, n);
        if (f->role == role && (keep < 0 || goes_before(f, &g_array_index(listed, ListedFolder, keep), role)))
            keep = (int)n;
    }
    for (guint n = 0; n < listed->len; n++) {
        ListedFolder *f = &g_array_index(listed, ListedFolder, n);
        if (f->role == role && (int)n != keep)
            f->role = ROLE_NONE;
    }
    if (keep >= 0)
        g_array_index(listed, ListedFolder, keep).role = role;
    return keep >= 0;
}

/* Gmail: taking a message out of INBOX is archiving it, and All Mail is where it then is. Elsewhere
 * a folder of all mail is a view, into which nothing can be moved. */
static int gmail_all_mail(const GArray *listed)
{
    for (guint n = 0; n < listed->len; n++) {
        const ListedFolder *f = &g_array_index(listed, ListedFolder, n);
        if (f->role == ROLE_ALL && can_hold_mail(f) &&
            (g_str_has_prefix(f->name, "[Gmail]") || g_str_has_prefix(f->name, "[Google Mail]")))
            return (int)n;
    }
    return -1;
}

GArray *listing_counted(const GPtrArray *folders, const Account *account, guint *looks)
{
    *looks = folders->len;
    GArray *listed = g_array_new(FALSE, FALSE, sizeof(ListedFolder));
    for (guint n = 0; n < folders->len; n++) {
        const ImapFolder *f = folders->pdata[n];
        ListedFolder l = {.name = f->name, .delimiter = f->delimiter, .role = role_of_use(f->use),
                          .mailbox_id = f->status.mailboxid};
        if (f->flags & IMAP_FOLDER_NOSELECT)
            l.flags |= FOLDER_NOSELECT;
        if (f->flags & IMAP_FOLDER_NOINFERIORS)
            l.flags |= FOLDER_NO_CHILDREN;
        if (f->flags & IMAP_FOLDER_SUBSCRIBED)
            l.flags |= FOLDER_SUBSCRIBED;
        if (g_ascii_strcasecmp(f->name, "INBOX") == 0)
            l.role = ROLE_INBOX;
        g_array_append_val(listed, l);
    }
    static const FolderRole once[] = {ROLE_INBOX, ROLE_ALL, ROLE_FLAGGED, ROLE_IMPORTANT};
    for (guint i = 0; i < G_N_ELEMENTS(once); i++)
        settle(listed, once[i], -1, looks);
    Names names = names_of(listed, looks);
    for (guint u = 0; u < G_N_ELEMENTS(usual); u++) {
        const char *setting = setting_of(account, usual[u].role);
        int named = setting ? find_named(&names, setting) : -1;
        /* What the account names but the server does not have yet is made when it is needed. */
        if (setting && named < 0) {
            for (guint n = 0; n < listed->len; n++)
                if (g_array_index(listed, ListedFolder, n).role == usual[u].role)
                    g_array_index(listed, ListedFolder, n).role = ROLE_NONE;
            continue;
        }
        if (settle(listed, usual[u].role, named, looks))
            continue;
        if (usual[u].role == ROLE_ARCHIVE && settle(listed, ROLE_ARCHIVE, gmail_all_mail(listed), looks))
            continue;
        for (guint i = 0; usual[u].names[i]; i++) {
            int found = find_named(&names, usual[u].names[i]);
            if (found >= 0 && g_array_index(listed, ListedFolder, found).role == ROLE_NONE) {
                g_array_index(listed, ListedFolder, found).role = usual[u].role;
                break;
            }
        }
    }
    g_hash_table_unref(names.exact);
    g_hash_table_unref(names.folded);
    return listed;
}

GArray *listing_with_roles(const GPtrArray *folders, const Account *account)
{
    guint looks;
    return listing_counted(folders, account, &looks);
}
