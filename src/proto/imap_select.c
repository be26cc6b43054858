/* imap_select.c - SELECT, EXAMINE, UNSELECT (RFC 3501 section 6.3.1, RFC 3691). */
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
    s->selecting = FALSE;
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

const ImapMailbox *imap_select(ImapSession *s, const char *name, gboolean read_only, GError **err)
{
    const char *verb = read_only ? "EXAMINE" : "SELECT";
    gboolean counted = FALSE;
    g_auto(Line) line = {0};
    imap_line_init(&line, s, verb);
    imap_line_add(&line, " ");
    if (!imap_line_name(&line, name, err))
        return NULL;
    leave(s);
    s->mailbox = mailbox_new(name);
    s->selecting = TRUE;
    gboolean good = imap_command_run(
        s, imap_command_new(s, select_data, &counted, "%s %s", verb, name), &line, err);
    if (good && !counted) {
        error_set(err, PINTAIL_ERROR_REFUSED, _("%s said OK to %s %s, but did not describe it"),
                  stream_peer(s->stream), verb, name);
        good = FALSE;
    }
    if (!good) {
        leave(s);
        return NULL;
    }
    if (read_only)
        s->mailbox->read_only = TRUE;
    s->selecting = FALSE;
    imap_changes_reset(s);
    imap_seqmap_reset(&s->map, s->mailbox->exists);
    return s->mailbox;
}

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
