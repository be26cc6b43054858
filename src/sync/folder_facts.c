/* folder_facts.c - see folder_facts.h. */
#include "folder_facts.h"
#include <string.h>
#include "pintail/store/folder.h"
#include "pintail/util/date.h"

#define ASK_AGAIN (60 * 60) /* seconds */
#define AT_ONCE 200         /* folders whose rights are asked for in one go */

static guint flag_of(const GPtrArray *namespaces, const char *name)
{
    const ImapNamespace *best = NULL;
    for (guint n = 0; n < namespaces->len; n++) {
        const ImapNamespace *one = namespaces->pdata[n];
        gsize len = strlen(one->prefix);
        /* "shared/" is a namespace's prefix, and "shared" the folder that stands for it */
        gboolean root = *one->delimiter && len > 0 && strlen(name) == len - 1 && strncmp(name, one->prefix, len - 1) == 0;
        if ((g_str_has_prefix(name, one->prefix) || root) && (!best || len > strlen(best->prefix)))
            best = one;
    }
    if (!best || best->kind == IMAP_NAMESPACE_PERSONAL)
        return 0;
    return best->kind == IMAP_NAMESPACE_OTHERS ? FOLDER_OTHERS : FOLDER_SHARED;
}

gboolean folder_facts_identify(SyncLane *l, const GPtrArray *folders, GError **err)
{
    if (!imap_has(l->session, IMAP_CAP_OBJECTID))
        return TRUE;
    g_autoptr(GPtrArray) known = folders_list(l->w->store, l->w->account_id, err);
    if (!known)
        return FALSE;
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GHashTable) listed = g_hash_table_new(g_str_hash, g_str_equal);
    gboolean missing = FALSE;
    for (guint n = 0; n < folders->len; n++)
        g_hash_table_add(listed, ((ImapFolder *)folders->pdata[n])->name);
    for (guint n = 0; n < known->len; n++) {
        const Folder *f = known->pdata[n];
        g_hash_table_add(names, f->name);
        missing = missing || (*f->mailbox_id && !g_hash_table_contains(listed, f->name));
    }
    const char *new[AT_ONCE];
    ImapFolder *which[AT_ONCE];
    ImapStatus status[AT_ONCE];
    guint count = 0;
    for (guint n = 0; missing && n < folders->len && count < AT_ONCE; n++) {
        ImapFolder *f = folders->pdata[n];
        if (g_hash_table_contains(names, f->name) || (f->flags & IMAP_FOLDER_NOSELECT))
            continue;
        which[count] = f;
        new[count++] = f->name;
    }
    if (!imap_status(l->session, new, count, IMAP_STATUS_MAILBOXID, status, err))
        return FALSE;
    for (guint i = 0; i < count; i++)
        memcpy(which[i]->status.mailboxid, status[i].mailboxid, sizeof status[i].mailboxid);
    return TRUE;
}

/* The identities of those that are not known yet, some at a time. */
static gboolean ask_identities(SyncLane *l, GError **err)
{
    const char *names[AT_ONCE];
    gint64 ids[AT_ONCE];
    ImapStatus status[AT_ONCE];
    guint n = 0;
    g_autoptr(GPtrArray) folders = folders_list(l->w->store, l->w->account_id, err);
    if (!folders)
        return FALSE;
    if (worker_once(l->w) && l->selected != 0) { /* STATUS is for the others; nothing is watched here */
        l->selected = 0;
        if (!imap_unselect(l->session, err))
            return FALSE;
    }
    for (guint i = 0; i < folders->len && n < AT_ONCE; i++) {
        const Folder *f = folders->pdata[i];
        if (*f->mailbox_id || f->id == l->selected || f->role == ROLE_INBOX ||
            (f->flags & (FOLDER_NOSELECT | FOLDER_VANISHED | FOLDER_TO_CREATE)))
            continue;
        names[n] = f->name;
        ids[n++] = f->id;
    }
    if (!imap_status(l->session, names, n, IMAP_STATUS_MAILBOXID, status, err))
        return FALSE;
    for (guint i = 0; i < n; i++)
        if (*status[i].mailboxid && !folder_set_mailbox_id(l->w->store, ids[i], status[i].mailboxid, err))
            return FALSE;
    return TRUE;
}

gboolean folder_facts_listed(Worker *w, const ImapSession *session, GArray *listed, GError **err)
{
    const GPtrArray *namespaces = imap_namespaces(session);
    if (namespaces->len == 0)
        return TRUE;
    g_autofree StoredNamespace *all = g_new0(StoredNamespace, namespaces->len);
    for (guint n = 0; n < namespaces->len; n++) {
        const ImapNamespace *one = namespaces->pdata[n];
        all[n] = (StoredNamespace){(NamespaceKind)one->kind, one->prefix, one->delimiter};
    }
    for (guint n = 0; n < listed->len; n++) {
        ListedFolder *f = &g_array_index(listed, ListedFolder, n);
        f->flags |= flag_of(namespaces, f->name);
    }
    return account_set_namespaces(w->store, w->account_id, all, namespaces->len, err);
}

static gboolean ask_rights(SyncLane *l, gboolean all, GError **err)
{
    const char *names[AT_ONCE];
    gint64 ids[AT_ONCE];
    char *rights[AT_ONCE];
    guint n = 0;
    g_autoptr(GPtrArray) folders = folders_list(l->w->store, l->w->account_id, err);
    if (!folders)
        return FALSE;
    for (guint i = 0; i < folders->len && n < AT_ONCE; i++) {
        const Folder *f = folders->pdata[i];
        if (!(f->flags & (FOLDER_OTHERS | FOLDER_SHARED)) || (f->flags & (FOLDER_NOSELECT | FOLDER_VANISHED)) ||
            (*f->rights && !all))
            continue;
        names[n] = f->name;
        ids[n++] = f->id;
    }
    if (n == 0)
        return TRUE;
    if (!imap_my_rights(l->session, names, n, rights, err))
        return FALSE;
    gboolean ok = TRUE;
    for (guint i = 0; i < n; i++) {
        ok = ok && (!rights[i] || folder_set_rights(l->w->store, ids[i], rights[i], err));
        g_free(rights[i]);
    }
    return ok;
}

gboolean folder_facts_ask(SyncLane *l, GError **err)
{
    guint64 used = 0, limit = 0;
    gint64 read = 0;
    gboolean known = account_quota(l->w->store, l->w->account_id, &used, &limit, &read);
    gboolean due = !known || date_now() - read >= ASK_AGAIN || date_now() < read;
    if (worker_read_only(l->w))
        return TRUE;
    if (l->look_at_rights && imap_has(l->session, IMAP_CAP_OBJECTID) && !ask_identities(l, err))
        return FALSE;
    if (imap_has(l->session, IMAP_CAP_ACL) && (due || l->look_at_rights) && !ask_rights(l, due, err))
        return FALSE;
    l->look_at_rights = FALSE;
    if (!due || !(imap_has(l->session, IMAP_CAP_QUOTA) || imap_has(l->session, IMAP_CAP_ACL)))
        return TRUE;
    g_autoptr(GError) refused = NULL;
    if (!imap_quota(l->session, "INBOX", &used, &limit, &refused)) {
        if (!imap_usable(l->session)) {
            g_propagate_error(err, g_steal_pointer(&refused));
            return FALSE;
        }
        used = limit = 0;
    }
    return account_set_quota(l->w->store, l->w->account_id, used, limit, err);
}
