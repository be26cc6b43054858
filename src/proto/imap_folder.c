/* imap_folder.c - LIST in its forms (RFC 3501, 5258, 5819, 6154; XLIST's flags), NAMESPACE
 * (RFC 2342), STATUS, CREATE and its relatives. */
#include "imap_session.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"

#define MAX_FOLDERS   200000
#define MAX_NAMES     (32u * 1024 * 1024) /* bytes of all their names */
#define STATUS_WINDOW 20 /* STATUS commands in flight */

static const struct {
    guint bit;
    const char *word;
} status_words[] = {
    {IMAP_STATUS_MESSAGES, "MESSAGES"},           {IMAP_STATUS_UIDNEXT, "UIDNEXT"},
    {IMAP_STATUS_UIDVALIDITY, "UIDVALIDITY"},     {IMAP_STATUS_UNSEEN, "UNSEEN"},
    {IMAP_STATUS_HIGHESTMODSEQ, "HIGHESTMODSEQ"}, {IMAP_STATUS_SIZE, "SIZE"},
    {IMAP_STATUS_MAILBOXID, "MAILBOXID"},         {IMAP_STATUS_APPENDLIMIT, "APPENDLIMIT"},
};

static char *status_items(const ImapSession *s, guint items)
{
    GString *out = g_string_new(NULL);
    if (!imap_has(s, IMAP_CAP_CONDSTORE))
        items &= ~(guint)IMAP_STATUS_HIGHESTMODSEQ;
    if (!imap_has(s, IMAP_CAP_STATUS_SIZE))
        items &= ~(guint)IMAP_STATUS_SIZE;
    if (!imap_has(s, IMAP_CAP_APPENDLIMIT))
        items &= ~(guint)IMAP_STATUS_APPENDLIMIT;
    if (!imap_has(s, IMAP_CAP_OBJECTID))
        items &= ~(guint)IMAP_STATUS_MAILBOXID;
    for (guint i = 0; i < G_N_ELEMENTS(status_words); i++) {
        if (items & status_words[i].bit)
            g_string_append_printf(out, "%s%s", out->len ? " " : "", status_words[i].word);
    }
    return g_string_free(out, FALSE);
}

/* ---- LIST --------------------------------------------------------------------------- */

typedef struct {
    GPtrArray *folders;     /* of ImapFolder */
    GHashTable *by_name;    /* borrowed from them */
    GHashTable *subscribed; /* LSUB's names, owned */
    gsize bytes;            /* of all these names */
} Listing;

static gboolean has_room(Listing *l, guint count, const char *name)
{
    gsize len = strlen(name);
    if (count >= MAX_FOLDERS || l->bytes + len > MAX_NAMES)
        return FALSE;
    l->bytes += len;
    return TRUE;
}

/* TRUE when it was new. */
static gboolean listing_add(Listing *l, ImapFolder *f_take)
{
    ImapFolder *known = g_hash_table_lookup(l->by_name, f_take->name);
    if (known) {
        known->flags |= f_take->flags;
        if (known->use == IMAP_USE_NONE)
            known->use = f_take->use;
        imap_folder_free(f_take);
        return FALSE;
    }
    if (!has_room(l, l->folders->len, f_take->name)) {
        imap_folder_free(f_take);
        return FALSE;
    }
    g_ptr_array_add(l->folders, f_take);
    g_hash_table_insert(l->by_name, f_take->name, f_take);
    return TRUE;
}

/* Likewise. */
static gboolean subscribed_add(Listing *l, ImapFolder *f_take)
{
    gboolean is_new = !g_hash_table_contains(l->subscribed, f_take->name) &&
                      has_room(l, g_hash_table_size(l->subscribed), f_take->name);
    if (is_new)
        g_hash_table_add(l->subscribed, g_steal_pointer(&f_take->name));
    imap_folder_free(f_take);
    return is_new;
}

static gboolean list_data(ImapSession *s, ImapCommand *c, const Response *r)
{
    Listing *l = c->user;
    if (r->kind == RESPONSE_STATUS_OF) {
        ImapStatus status;
        g_autofree char *name = imap_parse_status_of(r->rest, &status, s->utf8, s->chunk);
        ImapFolder *f = name ? g_hash_table_lookup(l->by_name, name) : NULL;
        gboolean is_new = f && f->status.has == 0;
        if (f)
            f->status = status;
        return is_new;
    }
    if (r->kind != RESPONSE_LIST && r->kind != RESPONSE_LSUB)
        return FALSE;
    ImapFolder *f = imap_parse_list(r->rest, s->utf8, s->chunk);
    if (!f)
        return FALSE;
    return r->kind == RESPONSE_LIST ? listing_add(l, f) : subscribed_add(l, f);
}

static gboolean namespace_data(ImapSession *s, ImapCommand *c, const Response *r)
{
    if (r->kind != RESPONSE_NAMESPACE)
        return FALSE;
    gboolean is_new = s->namespaces->len == 0;
    g_ptr_array_set_size(s->namespaces, 0);
    imap_parse_namespace(r->rest, s->namespaces, s->utf8, s->chunk);
    return is_new;
}

const GPtrArray *imap_namespaces(const ImapSession *s)
{
    return s->namespaces;
}

/* Sent ahead of LIST; a server that cannot (BAD) is just asked no more. */
static gboolean ask_namespaces(ImapSession *s, GError **err)
{
    if (!imap_has(s, IMAP_CAP_NAMESPACE) || s->namespaces->len > 0)
        return TRUE;
    g_auto(Line) line = {0};
    imap_line_init(&line, s, "NAMESPACE");
    ImapCommand *c = imap_command_new(s, namespace_data, NULL, "NAMESPACE");
    c->forgotten = TRUE;
    if (imap_command_send(s, c, &line, err))
        return TRUE;
    imap_command_free(s, c);
    return FALSE;
}

static void list_line(ImapSession *s, Line *line, gboolean extended, guint items)
{
    imap_line_init(line, s, "LIST \"\" \"*\"");
    if (!extended)
        return;
    g_autofree char *status = status_items(s, items & ~(guint)IMAP_STATUS_MAILBOXID);
    imap_line_add(line, " RETURN (SUBSCRIBED%s",
                  imap_has(s, IMAP_CAP_SPECIAL_USE) ? " SPECIAL-USE" : "");
    if (*status && imap_has(s, IMAP_CAP_LIST_STATUS))
        imap_line_add(line, " STATUS (%s)", status);
    imap_line_add(line, ")");
}

static gboolean list_once(ImapSession *s, Listing *l, gboolean extended, guint items, GError **err)
{
    g_auto(Line) list = {0}, lsub = {0};
    ImapCommand *subscribed = NULL;
    list_line(s, &list, extended, items);
    ImapCommand *c = imap_command_new(s, list_data, l, "LIST");
    gboolean good = imap_command_send(s, c, &list, err);
    if (good && !extended) {
        imap_line_init(&lsub, s, "LSUB \"\" \"*\"");
        subscribed = imap_command_new(s, list_data, l, "LSUB");
        good = imap_command_send(s, subscribed, &lsub, err);
    }
    good = good && imap_command_wait(s, c, err) &&
           (!subscribed || imap_command_wait(s, subscribed, err)) &&
           imap_command_judge(s, c, err); /* a refused LSUB only costs the marks */
    imap_command_free(s, c);
    imap_command_free(s, subscribed);
    return good;
}

static void mark_subscribed(Listing *l)
{
    for (guint i = 0; i < l->folders->len; i++) {
        ImapFolder *f = g_ptr_array_index(l->folders, i);
        if (g_hash_table_contains(l->subscribed, f->name))
            f->flags |= IMAP_FOLDER_SUBSCRIBED;
    }
}

GPtrArray *imap_list(ImapSession *s, guint items, GError **err)
{
    GError *error = NULL;
    Listing l = {.folders = g_ptr_array_new_with_free_func((GDestroyNotify)imap_folder_free),
                 .by_name = g_hash_table_new(g_str_hash, g_str_equal),
                 .subscribed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
    gboolean extended = imap_has(s, IMAP_CAP_LIST_EXTENDED);
    gboolean good = ask_namespaces(s, &error) && list_once(s, &l, extended, items, &error);
    /* RETURN answered with BAD, or with nothing: then without it */
    if (extended && !s->broken && (good ? l.folders->len == 0 : s->answer.status == 'B')) {
        g_clear_error(&error);
        imap_session_drop_capability(s, IMAP_CAP_LIST_EXTENDED);
        imap_session_drop_capability(s, IMAP_CAP_LIST_STATUS);
        good = list_once(s, &l, FALSE, 0, &error);
    }
    if (good && l.folders->len == 0) {
        error_set(&error, PINTAIL_ERROR_REFUSED, _("%s said OK to LIST, but listed no folder"),
                  stream_peer(s->stream));
        good = FALSE;
    }
    mark_subscribed(&l);
    g_hash_table_unref(l.by_name);
    g_hash_table_unref(l.subscribed);
    if (good)
        return l.folders;
    g_ptr_array_unref(l.folders);
    g_propagate_error(err, error);
    return NULL;
}

/* ---- STATUS ------------------------------------------------------------------------- */

typedef struct {
    const char *name;
    ImapStatus *out;
} StatusOf;

static gboolean status_data(ImapSession *s, ImapCommand *c, const Response *r)
{
    const StatusOf *of = c->user;
    if (r->kind != RESPONSE_STATUS_OF)
        return FALSE;
    ImapStatus status;
    g_autofree char *name = imap_parse_status_of(r->rest, &status, s->utf8, s->chunk);
    if (!name || strcmp(name, of->name) != 0)
        return FALSE;
    gboolean is_new = of->out->has == 0;
    *of->out = status;
    return is_new;
}

/* One window of STATUS commands: all sent, then all awaited. */
static gboolean status_window(ImapSession *s, StatusOf *of, gsize n, const char *items,
                              GError **err)
{
    g_autoptr(GPtrArray) commands = g_ptr_array_new();
    gboolean good = TRUE;
    for (gsize i = 0; i < n && good; i++) {
        g_auto(Line) line = {0};
        imap_line_init(&line, s, "STATUS ");
        if (!imap_line_name(&line, of[i].name, NULL))
            continue; /* no such folder can exist: has stays 0 */
        imap_line_add(&line, " (%s)", items);
        ImapCommand *c = imap_command_new(s, status_data, &of[i], "STATUS %s", of[i].name);
        g_ptr_array_add(commands, c);
        good = imap_command_send(s, c, &line, err);
    }
    for (guint i = 0; i < commands->len; i++) {
        ImapCommand *c = g_ptr_array_index(commands, i);
        good = good && imap_command_wait(s, c, err);
        if (good)
            imap_command_judge(s, c, NULL);
    }
    for (guint i = 0; i < commands->len; i++)
        imap_command_free(s, g_ptr_array_index(commands, i));
    return good;
}

gboolean imap_status(ImapSession *s, const char *const *names, gsize n, guint items,
                     ImapStatus *out, GError **err)
{
    g_autofree char *text = status_items(s, items);
    g_autofree StatusOf *of = g_new0(StatusOf, n + 1);
    for (gsize i = 0; i < n; i++) {
        out[i] = (ImapStatus){0};
        of[i] = (StatusOf){names[i], &out[i]};
    }
    for (gsize i = 0; i < n && *text; i += STATUS_WINDOW) {
        if (!status_window(s, of + i, MIN(STATUS_WINDOW, n - i), text, err))
            return FALSE;
    }
    if (n > 0 && (items & IMAP_STATUS_APPENDLIMIT)) { /* imap_append() holds to it */
        g_free(s->limited);
        s->limited = out[n - 1].has & IMAP_STATUS_APPENDLIMIT ? g_strdup(names[n - 1]) : NULL;
        s->limit = out[n - 1].appendlimit;
    }
    return imap_session_check(s, err);
}

/* ---- CREATE and its relatives ------------------------------------------------------- */

static gboolean name_command(ImapSession *s, const char *command, const char *name,
                             const char *more, GError **err)
{
    g_auto(Line) line = {0};
    imap_line_init(&line, s, command);
    imap_line_add(&line, " ");
    if (!imap_line_name(&line, name, err))
        return FALSE;
    imap_line_add(&line, "%s", more);
    return imap_command_run(s, imap_command_new(s, NULL, NULL, "%s %s", command, name), &line, err);
}

gboolean imap_create(ImapSession *s, const char *name, ImapUse use, GError **err)
{
    static const char *const attributes[] = {
        [IMAP_USE_ALL] = "\\All",       [IMAP_USE_ARCHIVE] = "\\Archive",
        [IMAP_USE_DRAFTS] = "\\Drafts", [IMAP_USE_FLAGGED] = "\\Flagged",
        [IMAP_USE_JUNK] = "\\Junk",     [IMAP_USE_SENT] = "\\Sent",
        [IMAP_USE_TRASH] = "\\Trash",   [IMAP_USE_IMPORTANT] = "\\Important",
        [IMAP_USE_INBOX] = NULL,
    };
    if (imap_has(s, IMAP_CAP_CREATE_SPECIAL_USE) && attributes[use]) {
        g_autoptr(GError) refused = NULL;
        g_autofree char *more = g_strdup_printf(" (USE (%s))", attributes[use]);
        if (name_command(s, "CREATE", name, more, &refused))
            return TRUE;
        /* RFC 6154 section 3: this use is not possible; the folder still may be */
        if (s->broken || (s->answer.status != 'B' && strcmp(s->answer.code, "USEATTR") != 0)) {
            g_propagate_error(err, g_steal_pointer(&refused));
            return FALSE;
        }
    }
    return name_command(s, "CREATE", name, "", err);
}

gboolean imap_delete(ImapSession *s, const char *name, GError **err)
{
    return name_command(s, "DELETE", name, "", err);
}

gboolean imap_subscribe(ImapSession *s, const char *name, gboolean on, GError **err)
{
    return name_command(s, on ? "SUBSCRIBE" : "UNSUBSCRIBE", name, "", err);
}

gboolean imap_rename(ImapSession *s, const char *from, const char *to, GError **err)
{
    g_auto(Line) line = {0};
    imap_line_init(&line, s, "RENAME ");
    if (!imap_line_name(&line, from, err))
        return FALSE;
    imap_line_add(&line, " ");
    if (!imap_line_name(&line, to, err))
        return FALSE;
    return imap_command_run(s, imap_command_new(s, NULL, NULL, "RENAME %s", from), &line, err);
}
