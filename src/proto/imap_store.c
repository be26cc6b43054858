/* imap_store.c - SEARCH (RFC 3501, ESEARCH RFC 4731), STORE, COPY, MOVE (RFC 6851) and
 * UID EXPUNGE (RFC 4315). By UID only; none of them is repeated by itself. */
#include "imap_session.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"

#define MAX_RESPONSES 100      /* to one SEARCH */
#define MAX_FOUND     10000000 /* messages, and ranges of them, that it may name */

/* "UID STORE 1:5" and the like; INVALID when the set does not fit a command. */
static gboolean line_set(Line *l, ImapSession *s, const char *command, const ImapSet *uids,
                         GError **err)
{
    g_autofree char *text = imap_set_text(uids);
    imap_line_init(l, s, command);
    if (!text || strlen(text) > IMAP_SET_TEXT) {
        error_set(err, PINTAIL_ERROR_INVALID, _("a set of messages that no %s can carry"), command);
        return FALSE;
    }
    imap_line_add(l, " %s", text);
    return TRUE;
}

/* ---- SEARCH ------------------------------------------------------------------------- */

typedef struct {
    ImapSet *found;
    guint responses;
    gboolean malformed;
} Search;

static gboolean search_data(ImapSession *s, ImapCommand *c, const Response *r)
{
    Search *search = c->user;
    gboolean uid = TRUE;
    if (r->kind != RESPONSE_SEARCH && r->kind != RESPONSE_ESEARCH)
        return FALSE;
    if (++search->responses > MAX_RESPONSES)
        return FALSE;
    gboolean good = r->kind == RESPONSE_SEARCH /* seen in answer to RETURN too */
                        ? imap_parse_search(r->rest, search->found)
                        : imap_parse_esearch(r->rest, search->found, &uid, s->chunk) && uid;
    if (!good || imap_set_ranges(search->found) > MAX_FOUND / 4)
        search->malformed = TRUE;
    if (search->malformed) { /* nothing of it is believed, so nothing is kept */
        imap_set_free(search->found);
        search->found = imap_set_new();
    }
    return TRUE;
}

static void add_terms(Line *line, const ImapTerm *terms)
{
    gboolean ascii = TRUE;
    for (const ImapTerm *t = terms; t->key; t++)
        ascii = ascii && (!t->name || g_str_is_ascii(t->name)) &&
                (!t->value || g_str_is_ascii(t->value));
    if (!ascii)
        imap_line_add(line, " CHARSET UTF-8");
    for (const ImapTerm *t = terms; t->key; t++) {
        imap_line_add(line, " %s", t->key);
        if (t->name) {
            imap_line_add(line, " ");
            imap_line_string(line, span_of(t->name));
        }
        if (t->value) {
            imap_line_add(line, " ");
            imap_line_string(line, span_of(t->value));
        }
    }
    if (!terms->key)
        imap_line_add(line, " ALL");
}

static ImapSet *search_once(ImapSession *s, const ImapTerm *terms, gboolean extended,
                            gboolean *again, GError **err)
{
    g_auto(Line) line = {0};
    Search search = {.found = imap_set_new()};
    imap_line_init(&line, s, extended ? "UID SEARCH RETURN (ALL)" : "UID SEARCH");
    add_terms(&line, terms);
    gboolean good =
        imap_command_run(s, imap_command_new(s, search_data, &search, "UID SEARCH"), &line, err);
    *again = extended && !s->broken && (good ? search.responses == 0 : s->answer.status == 'B');
    if (imap_set_count(search.found) > MAX_FOUND)
        search.malformed = TRUE;
    if (good && (search.responses == 0 || search.malformed)) {
        error_set(err, PINTAIL_ERROR_REFUSED,
                  search.malformed ? _("%s gave no sensible result of UID SEARCH")
                                   : _("%s said OK to UID SEARCH, but gave no result"),
                  stream_peer(s->stream));
        good = FALSE;
    }
    if (good)
        return search.found;
    imap_set_free(search.found);
    return NULL;
}

ImapSet *imap_search(ImapSession *s, const ImapTerm *terms, GError **err)
{
    GError *error = NULL;
    gboolean again;
    ImapSet *found = search_once(s, terms, imap_has(s, IMAP_CAP_ESEARCH), &again, &error);
    if (!found && again) {
        g_clear_error(&error);
        imap_session_drop_capability(s, IMAP_CAP_ESEARCH);
        found = search_once(s, terms, FALSE, &again, &error);
    }
    if (error)
        g_propagate_error(err, error);
    return found;
}

/* ---- STORE, EXPUNGE ----------------------------------------------------------------- */

gboolean imap_store(ImapSession *s, const ImapSet *uids, ImapStore how, guint bits,
                    const char *const *keywords, gboolean silent, GError **err)
{
    g_auto(Line) line = {0};
    g_autoptr(GString) flags = g_string_new(NULL);
    if (!imap_flags_text(flags, bits, keywords) || flags->len == 0) {
        error_set(err, PINTAIL_ERROR_INVALID, "%s", _("a flag that IMAP cannot carry"));
        return FALSE;
    }
    if (!line_set(&line, s, "UID STORE", uids, err))
        return FALSE;
    imap_line_add(&line, " %cFLAGS%s (%s)", how == IMAP_STORE_ADD ? '+' : '-',
                  silent ? ".SILENT" : "", flags->str);
    return imap_command_run(s, imap_command_new(s, NULL, NULL, "UID STORE"), &line, err);
}

static gboolean needs(ImapSession *s, ImapCapability c, const char *what, GError **err)
{
    if (imap_has(s, c))
        return TRUE;
    error_set(err, PINTAIL_ERROR_REFUSED, _("%s has no %s"), stream_peer(s->stream), what);
    return FALSE;
}

gboolean imap_expunge(ImapSession *s, const ImapSet *uids, GError **err)
{
    g_auto(Line) line = {0};
    return needs(s, IMAP_CAP_UIDPLUS, "UID EXPUNGE", err) &&
           line_set(&line, s, "UID EXPUNGE", uids, err) &&
           imap_command_run(s, imap_command_new(s, NULL, NULL, "UID EXPUNGE"), &line, err);
}

gboolean imap_expunge_marked(ImapSession *s, GError **err)
{
    g_auto(Line) line = {0};
    imap_line_init(&line, s, "EXPUNGE");
    return imap_command_run(s, imap_command_new(s, NULL, NULL, "EXPUNGE"), &line, err);
}

/* ---- COPY, MOVE --------------------------------------------------------------------- */

typedef struct {
    ImapCopied *out;
    const ImapSet *uids; /* of the command */
    gsize max;
} Copying;

/* What a COPYUID adds; pairs of messages that were not asked for are somebody else's. */
static gboolean take_copyuid(Copying *copying, Span arguments)
{
    ImapCopied *out = copying->out;
    gsize before = out->from->len, kept = before;
    if (before >= copying->max || !imap_parse_copyuid(arguments, copying->max - before, out))
        return FALSE;
    for (gsize i = before; i < out->from->len; i++) {
        guint32 from = g_array_index(out->from, guint32, i);
        if (!imap_set_contains(copying->uids, from))
            continue;
        g_array_index(out->from, guint32, kept) = from;
        g_array_index(out->to, guint32, kept++) = g_array_index(out->to, guint32, i);
    }
    g_array_set_size(out->from, (guint)kept);
    g_array_set_size(out->to, (guint)kept);
    return kept > before;
}

/* MOVE tells it in an untagged OK, before the EXPUNGEs (RFC 6851 section 4.3). */
static gboolean copy_data(ImapSession *s, ImapCommand *c, const Response *r)
{
    Copying *copying = c->user;
    return r->kind == RESPONSE_STATUS && span_is(r->code, "COPYUID") && take_copyuid(copying, r->arguments);
}

static gboolean copy_or_move(ImapSession *s, const char *command, const ImapSet *uids,
                             const char *folder, ImapCopied *out, GError **err)
{
    g_auto(Line) line = {0};
    ImapCopied ignored = {0}, *to = out ? out : &ignored;
    *to = (ImapCopied){0, g_array_new(FALSE, FALSE, sizeof(guint32)),
                       g_array_new(FALSE, FALSE, sizeof(guint32))};
    Copying copying = {to, uids, (gsize)MIN(imap_set_count(uids), 100000)};
    gboolean good = line_set(&line, s, command, uids, err);
    if (good) {
        imap_line_add(&line, " ");
        good = imap_line_name(&line, folder, err);
    }
    if (good) {
        ImapCommand *c = imap_command_new(s, copy_data, &copying, "%s %s", command, folder);
        good = imap_command_send(s, c, &line, err) && imap_command_wait(s, c, err);
        if (c->code && strcmp(c->code, "COPYUID") == 0 && to->from->len == 0)
            take_copyuid(&copying, span_of(c->arguments));
        good = good && imap_command_judge(s, c, err);
        imap_command_free(s, c);
    }
    imap_copied_clear(&ignored);
    return good;
}

gboolean imap_copy(ImapSession *s, const ImapSet *uids, const char *folder, ImapCopied *out,
                   GError **err)
{
    return copy_or_move(s, "UID COPY", uids, folder, out, err);
}

gboolean imap_move(ImapSession *s, const ImapSet *uids, const char *folder, ImapCopied *out,
                   GError **err)
{
    if (needs(s, IMAP_CAP_MOVE, "MOVE", err))
        return copy_or_move(s, "UID MOVE", uids, folder, out, err);
    if (out)
        *out = (ImapCopied){0, g_array_new(FALSE, FALSE, sizeof(guint32)),
                            g_array_new(FALSE, FALSE, sizeof(guint32))};
    return FALSE;
}
