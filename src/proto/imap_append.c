/* imap_append.c - APPEND (RFC 3501 section 6.3.11), APPENDUID (RFC 4315), LITERAL+ and
 * LITERAL- (RFC 7888), APPENDLIMIT (RFC 7889). */
#include "imap_session.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/text.h"

#define PIECE 65536
/* Larger messages wait for the "+" even with LITERAL+: a server that refuses says so before
 * the bytes are on their way. */
#define AT_ONCE 65536

static gboolean send_message(ImapSession *s, ImapCommand *c, const ImapAppend *what, GError **err)
{
    GError *error = NULL;
    for (gsize done = 0; done < what->message.len && !c->done;) {
        gsize n = MIN(PIECE, what->message.len - done);
        stream_deadline(s->stream, 0);
        if (!stream_write(s->stream, what->message.at + done, n, &error) ||
            !stream_flush(s->stream, &error))
            return imap_session_broke(s, error, err);
        done += n;
        if (what->progress)
            what->progress(done, what->message.len, what->data);
    }
    if (!stream_write(s->stream, "\r\n", 2, &error))
        return imap_session_broke(s, error, err);
    stream_deadline(s->stream, 0);
    return imap_session_flush(s, err);
}

static gboolean too_large(ImapSession *s, gsize size, GError **err)
{
    guint64 limit = imap_append_limit(s);
    if (limit == 0 || size <= limit)
        return FALSE;
    g_autofree char *is = text_size(size), *most = text_size(limit);
    error_set(err, PINTAIL_ERROR_REFUSED, _("the message has %s, and %s takes at most %s"), is,
              stream_peer(s->stream), most);
    return TRUE;
}

/* The command up to the literal. *at_once: it needs no "+". */
static gboolean append_line(ImapSession *s, const char *folder, const ImapAppend *what, Line *line,
                            gboolean *at_once, GError **err)
{
    imap_line_init(line, s, "APPEND ");
    if (!imap_line_name(line, folder, err))
        return FALSE;
    g_autoptr(GString) flags = g_string_new(NULL);
    if (!imap_flags_text(flags, what->bits, what->keywords)) {
        error_set(err, PINTAIL_ERROR_INVALID, "%s", _("a flag that IMAP cannot carry"));
        return FALSE;
    }
    if (flags->len > 0)
        imap_line_add(line, " (%s)", flags->str);
    if (what->date) {
        imap_line_add(line, " ");
        imap_line_string(line, span_of(what->date));
    }
    gsize len = what->message.len;
    *at_once = (imap_has(s, IMAP_CAP_LITERAL_PLUS) && len <= AT_ONCE) ||
               (imap_has(s, IMAP_CAP_LITERAL_MINUS) && len <= 4096);
    imap_line_add(line, " {%" G_GSIZE_FORMAT "%s}", len, *at_once ? "+" : "");
    return TRUE;
}

static gboolean run_append(ImapSession *s, ImapCommand *c, Line *line, gboolean at_once,
                           const ImapAppend *what, GError **err)
{
    gboolean go = TRUE;
    if (!imap_command_send(s, c, line, err))
        return FALSE;
    if (!at_once && !c->done && !imap_command_wait_continue(s, c, &go, err))
        return FALSE;
    if (go && !c->done && !send_message(s, c, what, err))
        return FALSE;
    return imap_command_wait(s, c, err) && imap_command_judge(s, c, err);
}

gboolean imap_append(ImapSession *s, const char *folder, const ImapAppend *what,
                     guint32 *uidvalidity, guint32 *uid, GError **err)
{
    guint32 validity = 0, number = 0;
    g_auto(Line) line = {0};
    gboolean at_once, good = FALSE;
    if (!too_large(s, what->message.len, err) &&
        append_line(s, folder, what, &line, &at_once, err)) {
        ImapCommand *c = imap_command_new(s, NULL, NULL, "APPEND %s", folder);
        good = run_append(s, c, &line, at_once, what, err);
        if (good && c->code && strcmp(c->code, "APPENDUID") == 0 &&
            !imap_parse_appenduid(span_of(c->arguments), &validity, &number))
            validity = number = 0;
        imap_command_free(s, c);
    }
    if (uidvalidity)
        *uidvalidity = validity;
    if (uid)
        *uid = number;
    return good;
}
