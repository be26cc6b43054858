/* search_match.c - does a candidate match? Decided by its row, its message and its text, whatever
 * the index says: a result does not depend on how far the index has come. What can be known without
 * the text is asked first. */
#include <string.h>
#include "index_text.h"
#include "indexer_private.h"
#include "search_private.h"
#include "pintail/store/folder.h"

#define COLUMN_MAX 65536

/* Header and body text of a candidate, from the index or made now. */
typedef struct {
    char *header, *body;
    gboolean loaded;
} Texts;

static void texts_load(Search *q, gint64 message, Texts *t)
{
    if (t->loaded)
        return;
    t->loaded = TRUE;
    gboolean stale = ids_have(q->unindexed, message);
    if (!stale && q->s->index.sql && index_doc(q->s, message, &t->header, &t->body))
        return;
    g_autofree char *files = NULL;
    t->body = index_body_text(q->s, message, &files);
    if (!t->body && q->s->index.sql)
        t->body = index_old_body(q->s, message);
    t->header = index_header_text(q->s, message, files ? files : "");
}

static gboolean holds(const char *plain, const Term *t)
{
    return plain && plain_has_word(plain, t->text, t->phrase && !strchr(t->text, ' '));
}

static gboolean in_texts(Search *q, const Node *n, gint64 message, Texts *texts)
{
    if (n->found && !ids_have(n->found, message))
        return FALSE;
    if (n->found && n->exact && !ids_have(q->unindexed, message))
        return TRUE;
    texts_load(q, message, texts);
    if (n->term.kind == TERM_FILENAME) {
        g_autofree char *files = texts->header ? index_column(texts->header, INDEX_FILE) : NULL;
        return holds(files, &n->term);
    }
    return (n->term.kind == TERM_WORD && holds(texts->header, &n->term)) ||
           holds(texts->body, &n->term);
}

/* ---- columns of the message ---- */

static char *plain_column(const char *text)
{
    g_autofree char *clean = g_strdup(text);
    for (char *p = clean; *p; p++) {
        if ((guchar)*p < ' ')
            *p = ' ';
    }
    return index_plain(clean, COLUMN_MAX);
}

/* People: anywhere in name or address ("from:ana" finds juliana@). */
static gboolean in_people(Search *q, const Term *t, gint64 message)
{
    static const guint8 columns[] = {
        [TERM_FROM] = 1, [TERM_TO] = 2, [TERM_CC] = 4, [TERM_TO_OR_CC] = 6, [TERM_ANYONE] = 7,
    };
    gboolean found = FALSE;
    sqlite3_stmt *st = db_query(
        &q->s->db, "SELECT from_people, to_people, cc_people FROM message WHERE id = ?", "i", message);
    if (!db_step(&q->s->db, st))
        return FALSE;
    for (int i = 0; i < 3 && !found; i++) {
        if (!(columns[t->kind] & (1 << i)))
            continue;
        g_autofree char *plain = plain_column(db_peek(st, i));
        found = strstr(plain, t->text) != NULL;
    }
    db_reset(st);
    return found;
}

static gboolean in_subject(Search *q, const Node *n, gint64 message)
{
    if (n->found && !ids_have(n->found, message))
        return FALSE;
    if (n->found && n->exact && !ids_have(q->unindexed, message))
        return TRUE;
    g_autofree char *subject =
        db_string(&q->s->db, "SELECT subject FROM message WHERE id = ?", "i", message);
    g_autofree char *plain = plain_column(subject ? subject : "");
    return holds(plain, &n->term);
}

/* The fifth field of `extra` (message.c); without a text: is there one? */
static gboolean in_list(Search *q, const Term *t, gint64 message)
{
    g_autofree char *extra =
        db_string(&q->s->db, "SELECT extra FROM message WHERE id = ?", "i", message);
    const char *at = extra;
    for (int i = 0; i < 4 && at; i++) {
        at = strchr(at, 0x1d);
        at = at ? at + 1 : NULL;
    }
    if (!at)
        return FALSE;
    const char *end = strchrnul(at, 0x1d);
    g_autofree char *list = g_strndup(at, (gsize)(end - at));
    g_autofree char *plain = plain_column(list);
    return *t->text ? strstr(plain, t->text) != NULL : *plain != '\0';
}

static gboolean refers(Search *q, const Term *t, gint64 message)
{
    g_autofree char *refs = db_string(
        &q->s->db, "SELECT in_reply_to || ' ' || refs FROM message WHERE id = ?", "i", message);
    g_auto(GStrv) ids = g_strsplit(refs ? refs : "", " ", -1);
    return g_strv_contains((const char *const *)ids, t->text);
}

static gboolean is_muted(Search *q, gint64 message)
{
    return db_number(&q->s->db, 0,
                     "SELECT 1 FROM message m CROSS JOIN thread_ref r ON r.thread = m.thread"
                     " CROSS JOIN thread_mute u ON u.account = r.account AND u.hash = r.hash"
                     " WHERE m.id = ? LIMIT 1",
                     "i", message) == 1;
}

static gboolean is_last(Search *q, gint64 message)
{
    return db_number(&q->s->db, 0,
                     "SELECT 1 FROM message m CROSS JOIN message n ON n.thread = m.thread"
                     " AND (n.date, n.id) > (m.date, m.id) WHERE m.id = ? LIMIT 1",
                     "i", message) != 1;
}

/* ---- folders ---- */

static gboolean in_folder(const Term *t, const ScopeFolder *f)
{
    static const char *const roles[] = {
        [ROLE_INBOX] = "inbox",     [ROLE_DRAFTS] = "drafts", [ROLE_SENT] = "sent",
        [ROLE_ARCHIVE] = "archive", [ROLE_JUNK] = "junk",     [ROLE_TRASH] = "trash",
    };
    if (f->role > ROLE_NONE && f->role < (int)G_N_ELEMENTS(roles) &&
        strcmp(roles[f->role], t->text) == 0)
        return TRUE;
    gsize len = strlen(f->name), want = strlen(t->text);
    if (want > len || strcmp(f->name + len - want, t->text) != 0)
        return FALSE;
    return len == want || strchr("/.\\", f->name[len - want - 1]) != NULL;
}

static gboolean is_place(TermKind kind)
{
    return kind == TERM_IN || kind == TERM_ACCOUNT;
}

static gboolean in_place(const Term *t, const ScopeFolder *f)
{
    return t->kind == TERM_IN ? in_folder(t, f) : strcmp(f->account, t->text) == 0;
}

gboolean search_folder_may(const Node *n, const ScopeFolder *f)
{
    if (n->kind == NODE_TERM)
        return !is_place(n->term.kind) || in_place(&n->term, f);
    if (n->kind == NODE_NOT) {
        const Node *child = n->children->pdata[0];
        return child->kind != NODE_TERM || !is_place(child->term.kind) || !in_place(&child->term, f);
    }
    for (guint i = 0; i < n->children->len; i++) {
        if (search_folder_may(n->children->pdata[i], f) == (n->kind == NODE_OR))
            return n->kind == NODE_OR;
    }
    return n->kind == NODE_AND;
}

/* ---- one candidate ---- */

static gboolean term_holds(Search *q, const Node *n, const Candidate *c, Texts *texts)
{
    const Term *t = &n->term;
    switch (t->kind) {
    case TERM_ALL:
        return TRUE;
    case TERM_FLAG:
        return ((c->flags & t->flag) != 0) == t->set;
    case TERM_ATTACHMENT:
        return c->attachment;
    case TERM_SINCE:
        return c->date >= t->number;
    case TERM_BEFORE:
        return c->date < t->number;
    case TERM_RECEIVED_SINCE:
        return c->received >= t->number;
    case TERM_RECEIVED_BEFORE:
        return c->received < t->number;
    case TERM_LARGER:
        return c->size > t->number;
    case TERM_SMALLER:
        return c->size < t->number;
    case TERM_IN:
    case TERM_ACCOUNT:
        return in_place(t, g_hash_table_lookup(q->folders, &c->folder));
    case TERM_LIST:
        return in_list(q, t, c->message);
    case TERM_ID:
        return db_number(&q->s->db, 0, "SELECT message_id = ? FROM message WHERE id = ?", "ti",
                         t->text, c->message) == 1;
    case TERM_REFERS:
        return refers(q, t, c->message);
    case TERM_MUTED:
        return is_muted(q, c->message);
    case TERM_LAST:
        return is_last(q, c->message);
    case TERM_SUBJECT:
        return in_subject(q, n, c->message);
    case TERM_WORD:
    case TERM_FILENAME:
    case TERM_BODY:
        return in_texts(q, n, c->message, texts);
    case TERM_FROM:
    case TERM_TO:
    case TERM_CC:
    case TERM_TO_OR_CC:
    case TERM_ANYONE:
        return in_people(q, t, c->message);
    }
    return FALSE;
}

/* As deep as the pattern's brackets, which are limited. */
static gboolean node_holds(Search *q, const Node *n, const Candidate *c, Texts *texts)
{
    if (n->kind == NODE_TERM)
        return term_holds(q, n, c, texts);
    if (n->kind == NODE_NOT)
        return !node_holds(q, n->children->pdata[0], c, texts);
    for (guint i = 0; i < n->children->len; i++) {
        if (node_holds(q, n->children->pdata[i], c, texts) == (n->kind == NODE_OR))
            return n->kind == NODE_OR;
    }
    return n->kind == NODE_AND;
}

gboolean search_matches(Search *q, const Candidate *c)
{
    Texts texts = {0};
    gboolean match = node_holds(q, q->root, c, &texts);
    g_free(texts.header);
    g_free(texts.body);
    return match;
}
