/* folder.c - accounts and folders: making, finding, listing. See the contract.
 *
 * A folder's name is what a server or a person calls it and never a file name; a local
 * folder's Maildir is `path` below the account's, made of safe names. */
#include <string.h>
#include "folder_private.h"
#include "maildir_files.h"
#include "pintail/util/error.h"
#include "pintail/util/file.h"
#include "pintail/util/i18n.h"
#include "pintail/util/text.h"

#define ADOPT_DEPTH 8
#define ADOPT_MAX   2000

void folder_free(Folder *f)
{
    if (!f)
        return;
    g_free(f->name);
    g_free(f->label);
    g_free(f->delimiter);
    g_free(f->mailbox_id);
    g_free(f->rights);
    g_free(f->path);
    g_free(f);
}

/* ---- accounts ---- */
gint64 account_find(Store *s, const char *name)
{
    gint64 id =
        db_number(&s->db, 0, "SELECT id FROM account WHERE name = ? ORDER BY current DESC, id DESC",
                  "t", name);
    db_ok(&s->db, NULL);
    return id;
}

char *account_name(Store *s, gint64 account)
{
    char *name = db_string(&s->db, "SELECT name FROM account WHERE id = ?", "i", account);
    db_ok(&s->db, NULL);
    return name;
}

/* A directory of our choosing for somebody else's name. */
static char *safe_component(const char *name)
{
    g_autofree char *safe = file_safe_name(name);
    static const char *const taken[] = {"cur", "new", "tmp"};
    for (guint i = 0; i < G_N_ELEMENTS(taken); i++) {
        if (g_ascii_strcasecmp(safe, taken[i]) == 0)
            return g_strconcat(safe, "_", NULL);
    }
    return g_steal_pointer(&safe);
}

char *account_maildir(Store *s, gint64 account)
{
    g_autofree char *given =
        db_string(&s->db, "SELECT maildir FROM account WHERE id = ?", "i", account);
    if (given)
        return g_steal_pointer(&given);
    g_autofree char *name =
        db_string(&s->db, "SELECT name FROM account WHERE id = ?", "i", account);
    g_autofree char *safe = safe_component(name ? name : "");
    return g_build_filename(s->home->directory, "mail", safe, NULL);
}

static const struct {
    const char *name;
    FolderRole role;
} local_folders[] = {
    {"INBOX", ROLE_INBOX},     {"Drafts", ROLE_DRAFTS}, {"Sent", ROLE_SENT},
    {"Archive", ROLE_ARCHIVE}, {"Junk", ROLE_JUNK},     {"Trash", ROLE_TRASH},
};

static void ensure_local(Store *s, gint64 account)
{
    g_autofree char *root = account_maildir(s, account);
    for (guint i = 0; i < G_N_ELEMENTS(local_folders); i++) {
        const char *name = local_folders[i].name;
        g_autofree char *path = g_build_filename(root, name, NULL);
        GError *err = NULL;
        if (!maildir_make(path, &err)) {
            db_fail(&s->db, err);
            return;
        }
        if (!db_number(&s->db, 0, "SELECT id FROM folder WHERE account = ? AND name = ?", "it",
                       account, name))
            folder_insert(s, account, name, "/", local_folders[i].role, FOLDER_LOCAL, name);
    }
    folders_adopt(s, account, root);
}

void folders_changed(Store *s, gint64 account)
{
    db_run(&s->db, "UPDATE account SET list_seq = ? WHERE id = ?", "ii", txn_seq(s), account);
    txn_touch_list(s, account);
}

gboolean folder_is_standard(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(local_folders); i++) {
        if (strcmp(local_folders[i].name, name) == 0)
            return TRUE;
    }
    return FALSE;
}

gint64 account_ensure(Store *s, const char *name, StoredAccountKind kind, const char *maildir,
                      GError **err)
{
    g_autofree char *root = maildir ? file_expand_home(maildir) : NULL;
    gint64 known = db_number(&s->db, 0, "SELECT id FROM account WHERE name = ? AND kind = ?", "ti", name,
                             I64(kind));
    if (known && kind != STORED_IMAP && !folders_resume(s, known, err))
        return 0;
    if (!txn_begin(s, TRUE, err))
        return 0;
    db_run(&s->db, "UPDATE account SET current = 0 WHERE name = ? AND kind <> ? AND current = 1",
           "ti", name, I64(kind));
    gint64 id = db_number(&s->db, 0, "SELECT id FROM account WHERE name = ? AND kind = ?", "ti",
                          name, I64(kind));
    gboolean fresh = !id;
    if (fresh) {
        db_run(&s->db, "INSERT INTO account(name, kind, maildir, current) VALUES(?, ?, ?, 1)",
               "tit", name, I64(kind), root);
        id = db_last_id(&s->db);
        folders_changed(s, id);
    } else {
        db_run(&s->db,
               "UPDATE account SET current = 1, maildir = ?2 WHERE id = ?1"
               " AND (current <> 1 OR maildir IS NOT ?2)",
               "it", id, root);
    }
    if (kind != STORED_IMAP)
        ensure_local(s, id);
    else if (fresh)
        folder_insert(s, id, "INBOX", "", ROLE_INBOX, FOLDER_SUBSCRIBED, NULL);
    if (fresh && kind == STORED_POP3) {
        g_autofree char *where = account_maildir(s, id);
        uidls_import(s, id, where);
    }
    return txn_commit(s, err) ? id : 0;
}

gint64 account_find_as(Store *s, const char *name, StoredAccountKind kind, const char *maildir)
{
    g_autofree char *root = maildir ? file_expand_home(maildir) : NULL;
    gint64 id = db_number(&s->db, 0,
                          "SELECT id FROM account WHERE name = ? AND kind = ? AND current = 1"
                          " AND maildir IS ?",
                          "tit", name, I64(kind), root);
    return db_ok(&s->db, NULL) ? id : 0;
}

/* ---- one folder ---- */
char *folder_maildir(Store *s, gint64 folder)
{
    gint64 account = 0;
    g_autofree char *path = NULL;
    sqlite3_stmt *st = db_query(
        &s->db, "SELECT account, path FROM folder WHERE id = ? AND path IS NOT NULL", "i", folder);
    if (!db_step(&s->db, st))
        return NULL;
    account = db_int(st, 0);
    path = db_text(st, 1);
    db_reset(st);
    if (g_path_is_absolute(path))
        return g_steal_pointer(&path);
    g_autofree char *root = account_maildir(s, account);
    return g_build_filename(root, path, NULL);
}

gint64 folder_account(Store *s, gint64 folder)
{
    return db_number(&s->db, 0, "SELECT account FROM folder WHERE id = ?", "i", folder);
}

guint folder_flags(Store *s, gint64 folder)
{
    return (guint)db_number(&s->db, 0, "SELECT flags FROM folder WHERE id = ?", "i", folder);
}

gint64 folder_insert(Store *s, gint64 account, const char *name, const char *delimiter,
                     FolderRole role, guint flags, const char *path)
{
    db_run(
        &s->db,
        "INSERT INTO folder(account, name, delimiter, role, flags, path) VALUES(?, ?, ?, ?, ?, ?)",
        "ittiit", account, name, delimiter, I64(role), I64(flags), path);
    gint64 id = db_last_id(&s->db);
    folders_changed(s, account);
    return id;
}

#define FOLDER_COLUMNS                                                                             \
    "f.id, f.account, f.name, f.delimiter, f.role, f.flags, f.total, f.unread, f.change_seq,"      \
    " f.uidvalidity, f.uidnext, f.highestmodseq, f.floor_uid, f.path, f.wished, f.rights,"           \
    " (SELECT n.prefix FROM namespace n WHERE n.account = f.account AND n.kind = 0 LIMIT 1)," \
    " f.mailbox_id"

/* A name without the personal namespace's prefix. */
static char *label_of(const char *name, const char *prefix)
{
    gsize n = prefix ? strlen(prefix) : 0;
    return g_strdup(n && strncmp(name, prefix, n) == 0 && name[n] ? name + n : name);
}

static Folder *folder_from(sqlite3_stmt *st)
{
    Folder *f = g_new0(Folder, 1);
    f->id = db_int(st, 0);
    f->account_id = db_int(st, 1);
    f->name = db_text(st, 2);
    f->delimiter = db_text(st, 3);
    f->role = (FolderRole)db_int(st, 4);
    f->flags = (guint)db_int(st, 5);
    f->total = db_int(st, 6);
    f->unread = db_int(st, 7);
    f->change_seq = db_int(st, 8);
    f->uidvalidity = (guint32)db_int(st, 9);
    f->uidnext = (guint32)db_int(st, 10);
    f->highestmodseq = (guint64)db_int(st, 11);
    f->floor_uid = (guint32)db_int(st, 12);
    f->path = g_strdup((const char *)sqlite3_column_text(st, 13));
    const char *wished = (const char *)sqlite3_column_text(st, 14);
    f->rights = db_text(st, 15);
    f->mailbox_id = db_text(st, 17);
    f->label = label_of(wished ? wished : f->name, (const char *)sqlite3_column_text(st, 16));
    return f;
}

static Folder *resolve_path(Store *s, Folder *f)
{
    if (f && f->path) {
        g_free(f->path);
        f->path = folder_maildir(s, f->id);
    }
    return f;
}

static Folder *one(Store *s, sqlite3_stmt *st)
{
    Folder *f = NULL;
    if (db_step(&s->db, st)) {
        f = folder_from(st);
        db_reset(st);
    }
    return resolve_path(s, f);
}

Folder *folder_get(Store *s, gint64 id, GError **err)
{
    Folder *f =
        one(s, db_query(&s->db, "SELECT " FOLDER_COLUMNS " FROM folder f WHERE f.id = ?", "i", id));
    if (!db_ok(&s->db, err)) {
        folder_free(f);
        return NULL;
    }
    if (!f)
        error_set(err, PINTAIL_ERROR_GONE, _("that folder is not there any more"));
    return f;
}

/* INBOX is the same in any case (RFC 3501 section 5.1). */
static const char *canonical(const char *name)
{
    return g_ascii_strcasecmp(name, "INBOX") == 0 ? "INBOX" : name;
}

Folder *folder_by_name(Store *s, gint64 account, const char *name)
{
    Folder *f = one(s, db_query(&s->db,
                                "SELECT " FOLDER_COLUMNS
                                " FROM folder f WHERE f.account = ? AND f.name = ?",
                                "it", account, canonical(name)));
    db_ok(&s->db, NULL);
    return f;
}

Folder *folder_by_role(Store *s, gint64 account, FolderRole role)
{
    Folder *f = one(s, db_query(&s->db,
                                "SELECT " FOLDER_COLUMNS " FROM folder f WHERE f.account = ?"
                                " AND f.role = ? AND f.flags & 81 = 0 ORDER BY f.id LIMIT 1",
                                "ii", account, I64(role)));
    db_ok(&s->db, NULL);
    return f;
}

static int rank(const Folder *f)
{
    static const int order[] = {
        [ROLE_INBOX] = 1,   [ROLE_DRAFTS] = 2, [ROLE_SENT] = 3,
        [ROLE_ARCHIVE] = 4, [ROLE_JUNK] = 5,   [ROLE_TRASH] = 6,
    };
    int n = (guint)f->role < G_N_ELEMENTS(order) ? order[f->role] : 0;
    return n ? n : 99;
}

typedef struct {
    Folder *folder;
    char *key;
} Sortable;

static int by_rank(gconstpointer a, gconstpointer b)
{
    const Sortable *x = a, *y = b;
    if (x->folder->account_id != y->folder->account_id)
        return x->folder->account_id < y->folder->account_id ? -1 : 1;
    int d = rank(x->folder) - rank(y->folder);
    return d ? d : strcmp(x->key, y->key);
}

GPtrArray *folders_list(Store *s, gint64 account, GError **err)
{
    g_autoptr(GArray) sorted = g_array_new(FALSE, FALSE, sizeof(Sortable));
    sqlite3_stmt *st = db_query(&s->db,
                                "SELECT " FOLDER_COLUMNS " FROM folder f"
                                " JOIN account a ON a.id = f.account"
                                " WHERE (?1 = f.account OR (?1 = 0 AND a.current = 1))"
                                " AND f.flags & 64 = 0",
                                "i", account);
    while (db_step(&s->db, st)) {
        Sortable one_folder = {folder_from(st), NULL};
        one_folder.key = text_fold(one_folder.folder->label, -1);
        g_array_append_val(sorted, one_folder);
    }
    g_array_sort(sorted, by_rank);
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)folder_free);
    for (guint i = 0; i < sorted->len; i++) {
        Sortable *one_folder = &g_array_index(sorted, Sortable, i);
        g_ptr_array_add(list, resolve_path(s, one_folder->folder));
        g_free(one_folder->key);
    }
    if (db_ok(&s->db, err))
        return list;
    g_ptr_array_unref(list);
    return NULL;
}

/* ---- making folders ---- */
static gboolean path_taken(Store *s, gint64 account, const char *path)
{
    return db_number(&s->db, 0, "SELECT 1 FROM folder WHERE account = ? AND path = ?", "it",
                     account, path) != 0;
}

/* "Archive/2025" below the account's Maildir: component by component, each made safe. */
char *folder_local_path(Store *s, gint64 account, const char *name)
{
    g_auto(GStrv) components = g_strsplit(name, "/", ADOPT_DEPTH);
    GString *path = g_string_new(NULL);
    for (char **c = components; *c; c++) {
        if (!**c)
            continue;
        g_autofree char *safe = safe_component(*c);
        if (path->len)
            g_string_append_c(path, '/');
        g_string_append(path, safe);
    }
    g_autofree char *wanted = g_string_free(path, FALSE);
    char *free_one = g_strdup(wanted);
    for (int n = 2; path_taken(s, account, free_one) && !db_failed(&s->db); n++) {
        g_free(free_one);
        free_one = g_strdup_printf("%s-%d", wanted, n);
    }
    return free_one;
}

static gint64 make_local(Store *s, gint64 account, const char *name, FolderRole role)
{
    g_autofree char *root = account_maildir(s, account);
    g_autofree char *path = folder_local_path(s, account, name);
    g_autofree char *whole = g_build_filename(root, path, NULL);
    GError *err = NULL;
    if (!maildir_make(whole, &err)) {
        db_fail(&s->db, err);
        return 0;
    }
    return folder_insert(s, account, name, "/", role, FOLDER_LOCAL, path);
}

static gint64 make_folder(Store *s, gint64 account, const char *name, FolderRole role)
{
    gint64 kind = db_number(&s->db, -1, "SELECT kind FROM account WHERE id = ?", "i", account);
    if (kind < 0) {
        GError *gone = NULL;
        error_set(&gone, PINTAIL_ERROR_GONE, _("that account is not there any more"));
        db_fail(&s->db, gone);
        return 0;
    }
    if (kind != STORED_IMAP)
        return make_local(s, account, name, role);
    g_autofree char *delimiter = db_string(
        &s->db, "SELECT delimiter FROM folder WHERE account = ? AND delimiter <> '' LIMIT 1", "i",
        account);
    return folder_insert(s, account, name, delimiter ? delimiter : "", role,
                         FOLDER_TO_CREATE | FOLDER_SUBSCRIBED, NULL);
}

gboolean folder_name_ok(const char *name, GError **err)
{
    const char *bad = NULL;
    if (!*name || !g_utf8_validate(name, -1, NULL))
        bad = _("a folder needs a name");
    else if (strlen(name) > 1000)
        bad = _("that folder name is too long");
    for (const char *p = name; *p && !bad; p++) {
        if ((guchar)*p < 0x20 || *p == 0x7f)
            bad = _("a folder name cannot hold control characters");
    }
    if (bad)
        error_set(err, PINTAIL_ERROR_INVALID, "%s", bad);
    return bad == NULL;
}

gint64 folder_create(Store *s, gint64 account, const char *name, GError **err)
{
    if (!folder_name_ok(name, err) || !txn_begin(s, TRUE, err))
        return 0;
    g_autofree char *wire = folder_wire_name(s, account, name);
    name = canonical(wire);
    if (db_number(&s->db, 0, "SELECT 1 FROM folder WHERE account = ? AND name = ?", "it", account,
                  name)) {
        txn_rollback(s);
        error_set(err, PINTAIL_ERROR_REFUSED, _("there is a folder '%s' already"), name);
        return 0;
    }
    gint64 id = make_folder(s, account, name, ROLE_NONE);
    if (id && (folder_flags(s, id) & FOLDER_TO_CREATE))
        folder_queue_creation(s, account, id, name);
    return txn_commit(s, err) ? id : 0;
}

/* What a role's folder is called where nobody has said otherwise. */
static const char *name_of_role(FolderRole role)
{
    for (guint i = 0; i < G_N_ELEMENTS(local_folders); i++) {
        if (local_folders[i].role == role)
            return local_folders[i].name;
    }
    return "";
}

gint64 folder_for_role(Store *s, gint64 account, FolderRole role, const char *name, GError **err)
{
    g_autoptr(Folder) have = folder_by_role(s, account, role);
    if (have)
        return have->id;
    if (!name)
        name = name_of_role(role);
    if (!folder_name_ok(name, err) || !txn_begin(s, TRUE, err))
        return 0;
    g_autofree char *wire = folder_wire_name(s, account, name);
    name = canonical(wire);
    gint64 id = db_number(&s->db, 0,
                          "SELECT id FROM folder WHERE account = ? AND name = ? AND flags & 81 = 0",
                          "it", account, name);
    if (id) {
        db_run(&s->db, "UPDATE folder SET role = ? WHERE id = ?", "ii", I64(role), id);
        folders_changed(s, account);
    } else {
        id = make_folder(s, account, name, role);
    }
    return txn_commit(s, err) ? id : 0;
}

/* ---- what is on disk already ---- */
static FolderRole role_of_name(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(local_folders); i++) {
        if (strcmp(name, local_folders[i].name) == 0)
            return local_folders[i].role;
    }
    return ROLE_NONE;
}

void folders_adopt(Store *s, gint64 account, const char *root)
{
    g_autoptr(GPtrArray) todo = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(todo, g_strdup(""));
    for (guint i = 0; i < todo->len && todo->len < ADOPT_MAX && !db_failed(&s->db); i++) {
        const char *relative = todo->pdata[i];
        g_autofree char *whole = g_build_filename(root, relative, NULL);
        g_autoptr(GDir) dir = g_dir_open(whole, 0, NULL);
        const char *name;
        while (dir && (name = g_dir_read_name(dir))) {
            g_autofree char *child =
                *relative ? g_strconcat(relative, "/", name, NULL) : g_strdup(name);
            g_autofree char *path = g_build_filename(root, child, NULL);
            guint depth = 0;
            for (const char *p = child; *p; p++)
                depth += *p == '/';
            if (*name == '.' || depth >= ADOPT_DEPTH || !maildir_is(path) ||
                !g_utf8_validate(child, -1, NULL))
                continue;
            if (!path_taken(s, account, child))
                folder_insert(s, account, child, "/", role_of_name(child), FOLDER_LOCAL, child);
            g_ptr_array_add(todo, g_steal_pointer(&child));
        }
    }
}
