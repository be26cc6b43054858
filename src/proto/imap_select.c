/* imap_select.c - SELECT and EXAMINE (RFC 3501 section 6.3.1), with CONDSTORE or QRESYNC (RFC 7162) for a mailbox
 * that is known from before; CHANGEDSINCE; UNSELECT (RFC 3691). */
#include "imap_session.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"

static gboolean select_data(ImapSession *s, ImapCommand *c, const Response *r)
{
    if (r->kind == RESPONSE_EXISTS)
        *(gboolean *)c->user = TRUE;
    return FALSE; /* imap_changes.c keeps the numbers */
}

static void leave(ImapSession *s)
{
    imap_mailbox_free(s->mailbox);
    s->mailbox = NULL;
    s->selecting = s->resyncing = FALSE;
    s->heard_modseq = 0;
    imap_seqmap_reset(&s->map, 0);
    imap_changes_reset(s);
}

static ImapMailbox *mailbox_new(const char *name)
{
    ImapMailbox *m = g_new0(ImapMailbox, 1);
    m->name = g_strdup(name);
    /* RFC 3501 section 7.1: without PERMANENTFLAGS all flags can be changed for good */
    m->permanent.bits = (IMAP_FLAG_MDNSENT << 1) - 1;
    m->new_keywords = TRUE;
    return m;
}

/* ---- SELECT -------------------------------------------------------------------------- */

#define KNOWN_TEXT   1000 /* bytes of known UIDs that are worth sending */
#define MATCH_PAIRS  8    /* of sequence numbers and UIDs, closer to the end */
#define MATCH_FROM   64   /* messages from which on they are worth it */

/* RFC 7162 section 3.2.5.2: what a server that has forgotten its expunges needs, so that it does not
 * have to name every UID that is missing. */
static void add_match_data(Line *line, const ImapKnown *known)
{
    g_autoptr(GString) numbers = g_string_new(NULL);
    g_autoptr(GString) uids = g_string_new(NULL);
    gsize at = 0;
    for (guint n = 0; n < MATCH_PAIRS && at < known->n; n++) {
        at += MAX((known->n - at) / 2, 1);
        const char *comma = numbers->len > 0 ? "," : "";
        g_string_append_printf(numbers, "%s%zu", comma, at);
        g_string_append_printf(uids, "%s%u", comma, known->uids[at - 1]);
    }
    imap_line_add(line, " (%s %s)", numbers->str, uids->str);
}

static void add_known(Line *line, const ImapKnown *known)
{
    imap_line_add(line, " (QRESYNC (%u %" G_GUINT64_FORMAT, known->uidvalidity, known->modseq);
    g_autoptr(ImapSet) set = imap_set_of(known->uids, known->n);
    g_autofree char *text = imap_set_text(set);
    if (text && strlen(text) <= KNOWN_TEXT) {
        imap_line_add(line, " %s", text);
        if (known->whole && known->n >= MATCH_FROM && imap_set_ranges(set) > 1)
            add_match_data(line, known);
    }
    imap_line_add(line, "))");
}

typedef enum { SELECT_PLAIN, SELECT_CONDSTORE, SELECT_QRESYNC } SelectForm;

static SelectForm form_of(const ImapSession *s, const ImapKnown *known)
{
    gboolean qresync = imap_has(s, IMAP_CAP_QRESYNC) && (s->enabled & CAP_BIT(IMAP_CAP_QRESYNC));
    if (!known)
        return SELECT_PLAIN;
    if (qresync && known->uidvalidity > 0 && known->modseq > 0)
        return SELECT_QRESYNC;
    gboolean enabled = s->enabled & (CAP_BIT(IMAP_CAP_QRESYNC) | CAP_BIT(IMAP_CAP_CONDSTORE));
    return imap_has(s, IMAP_CAP_CONDSTORE) && !enabled ? SELECT_CONDSTORE : SELECT_PLAIN;
}

static gboolean select_once(ImapSession *s, const char *name, gboolean read_only, SelectForm form,
                            const ImapKnown *known, GError **err)
{
    const char *verb = read_only ? "EXAMINE" : "SELECT";
    gboolean counted = FALSE;
    g_auto(Line) line = {0};
    imap_line_init(&line, s, verb);
    imap_line_add(&line, " ");
    if (!imap_line_name(&line, name, err))
        return FALSE;
    if (form == SELECT_CONDSTORE)
        imap_line_add(&line, " (CONDSTORE)");
    else if (form == SELECT_QRESYNC)
        add_known(&line, known);
    leave(s);
    s->mailbox = mailbox_new(name);
    s->selecting = TRUE;
    s->resyncing = form == SELECT_QRESYNC;
    gboolean good = imap_command_run(
        s, imap_command_new(s, select_data, &counted, "%s %s", verb, name), &line, err);
    if (good && !counted) {
        error_set(err, PINTAIL_ERROR_REFUSED, _("%s said OK to %s %s, but did not describe it"),
                  stream_peer(s->stream), verb, name);
        good = FALSE;
    }
    if (!good) {
        leave(s);
        return FALSE;
    }
    if (read_only)
        s->mailbox->read_only = TRUE;
    s->selecting = s->resyncing = FALSE;
    s->heard_modseq = 0;
    imap_seqmap_reset(&s->map, s->mailbox->exists);
    return TRUE;
}

/* Does the answer tell of everything since what is known? With another UIDVALIDITY, without modification
 * sequences, or with lower ones than we have seen, it tells nothing (RFC 7162 section 3.2.5). */
static gboolean is_resynced(const ImapMailbox *m, const ImapKnown *known)
{
    return m->uidvalidity == known->uidvalidity && m->highestmodseq >= known->modseq;
}

const ImapMailbox *imap_select_known(ImapSession *s, const char *name, gboolean read_only,
                                     const ImapKnown *known, gboolean *resynced, GError **err)
{
    g_autoptr(GError) refused = NULL;
    SelectForm form = form_of(s, known);
    *resynced = FALSE;
    if (form == SELECT_PLAIN)
        return imap_select(s, name, read_only, err);
    gboolean good = select_once(s, name, read_only, form, known, &refused);
    if (!good && !s->broken && s->answer.status == 'B') { /* it does not know the parameter after all */
        imap_session_drop_capability(s, form == SELECT_QRESYNC ? IMAP_CAP_QRESYNC : IMAP_CAP_CONDSTORE);
        return imap_select(s, name, read_only, err);
    }
    if (!good) {
        g_propagate_error(err, g_steal_pointer(&refused));
        return NULL;
    }
    *resynced = form == SELECT_QRESYNC && is_resynced(s->mailbox, known);
    if (!*resynced)
        imap_changes_reset(s);
    return s->mailbox;
}

const ImapMailbox *imap_select(ImapSession *s, const char *name, gboolean read_only, GError **err)
{
    if (!select_once(s, name, read_only, SELECT_PLAIN, NULL, err))
        return NULL;
    imap_changes_reset(s);
    return s->mailbox;
}

gboolean imap_changed_since(ImapSession *s, guint64 modseq, gboolean *vanished, GError **err)
{
    *vanished = imap_has(s, IMAP_CAP_QRESYNC) && (s->enabled & CAP_BIT(IMAP_CAP_QRESYNC));
    if (!s->mailbox || !imap_has(s, IMAP_CAP_CONDSTORE)) {
        error_set(err, PINTAIL_ERROR_REFUSED, _("%s has no %s"), stream_peer(s->stream), "CONDSTORE");
        return FALSE;
    }
    g_auto(Line) line = {0};
    imap_line_init(&line, s, "");
    imap_line_add(&line, "UID FETCH 1:* (UID FLAGS) (CHANGEDSINCE %" G_GUINT64_FORMAT "%s)", modseq,
                  *vanished ? " VANISHED" : "");
    if (!imap_command_run(s, imap_command_new(s, NULL, NULL, "UID FETCH CHANGEDSINCE"), &line, err))
        return FALSE;
    imap_changes_settle(s);
    return TRUE;
}

/* ---- leaving it ---------------------------------------------------------------------- */

static gboolean bare(ImapSession *s, const char *command, GError **err)
{
    g_auto(Line) line = {0};
    imap_line_init(&line, s, command);
    return imap_command_run(s, imap_command_new(s, NULL, NULL, "%s", command), &line, err);
}

gboolean imap_unselect(ImapSession *s, GError **err)
{
    if (!s->mailbox)
        return TRUE;
    gboolean good;
    if (imap_has(s, IMAP_CAP_UNSELECT)) {
        good = bare(s, "UNSELECT", err);
    } else {
        /* CLOSE expunges what is marked, unless the mailbox is read only */
        g_autofree char *name = g_strdup(s->mailbox->name);
        good = (s->mailbox->read_only || imap_select(s, name, TRUE, err)) && bare(s, "CLOSE", err);
    }
    leave(s);
    return good;
}
