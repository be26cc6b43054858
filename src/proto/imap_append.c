/* imap_append.c - APPEND (RFC 3501 section 6.3.11), several in one command (RFC 3502),
 * APPENDUID (RFC 4315), LITERAL+ and LITERAL- (RFC 7888), APPENDLIMIT (RFC 7889). */
#include "imap_session.h"
#include "pintail/util/error.h"
#include "pintail/util/i18n.h"
#include "pintail/util/text.h"

#define PIECE 65536
/* Larger messages wait for the "+" even with LITERAL+: a server that refuses says so before
 * the bytes are on their way. */
#define AT_ONCE 65536

static gboolean send_bytes(ImapSession *s, const char *bytes, gsize len, GError **err)
{
    GError *error = NULL;
    stream_deadline(s->stream, 0);
    if (!stream_write(s->stream, bytes, len, &error) || !stream_flush(s->stream, &error))
        return imap_session_broke(s, error, err);
    return TRUE;
}

static gboolean send_message(ImapSession *s, ImapCommand *c, const ImapAppend *what, GError **err)
{
    for (gsize done = 0; done < what->message.len && !c->done;) {
        gsize n = MIN(PIECE, what->message.len - done);
        if (!send_bytes(s, what->message.at + done, n, err))
            return FALSE;
        done += n;
        if (what->progress)
            what->progress(done, what->message.len, what->data);
    }
    return TRUE;
}

static gboolean too_large(ImapSession *s, const char *folder, gsize size, GError **err)
{
    guint64 limit = imap_append_limit(s);
    gboolean has_limit = limit != 0;
    if (s->limited && strcmp(s->limited, folder) == 0) {
        limit = s->limit;
        has_limit = TRUE;
    }
    if (!has_limit || size <= limit)
        return FALSE;
    g_autofree char *is = text_size(size), *most = text_size(limit);
    error_set(err, PINTAIL_ERROR_REFUSED, _("the message has %s, and %s takes at most %s"), is,
              stream_peer(s->stream), most);
    return TRUE;
}

static gboolean is_at_once(const ImapSession *s, const ImapAppend *what)
{
    return (imap_has(s, IMAP_CAP_LITERAL_PLUS) && what->message.len <= AT_ONCE) ||
           (imap_has(s, IMAP_CAP_LITERAL_MINUS) && what->message.len <= 4096);
}

/* Flags, date and the literal's size. */
static gboolean add_head(ImapSession *s, Line *line, const ImapAppend *what, GError **err)
{
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
    imap_line_add(line, " {%" G_GSIZE_FORMAT "%s}", what->message.len, is_at_once(s, what) ? "+" : "");
    return TRUE;
}

/* The literal, once the server may have it. */
static gboolean send_literal(ImapSession *s, ImapCommand *c, const ImapAppend *what, GError **err)
{
    gboolean go = TRUE;
    if (!is_at_once(s, what) && !c->done && !imap_command_wait_continue(s, c, &go, err))
        return FALSE;
    return !go || c->done || send_message(s, c, what, err);
}

/* RFC 3502 section 6.3.11: further messages follow the literal before them. */
static gboolean run_append(ImapSession *s, ImapCommand *c, Line *line, const ImapAppend *what, guint n, GError **err)
{
    if (!imap_command_send(s, c, line, err) || !send_literal(s, c, &what[0], err))
        return FALSE;
    for (guint i = 1; i < n && !c->done; i++) {
        g_auto(Line) head = {0};
        imap_line_init(&head, s, "");
        if (!add_head(s, &head, &what[i], NULL))
            g_assert_not_reached(); /* check() has done it before the first byte */
        g_string_append(head.bytes, "\r\n");
        if (!send_bytes(s, head.bytes->str, head.bytes->len, err) || !send_literal(s, c, &what[i], err))
            return FALSE;
    }
    if (!c->done && !send_bytes(s, "\r\n", 2, err))
        return FALSE;
    return imap_command_wait(s, c, err) && imap_command_judge(s, c, err);
}

/* Everything that is refused without asking the server. */
static gboolean check(ImapSession *s, const char *folder, const ImapAppend *what, guint n, GError **err)
{
    if (n == 0 || (n > 1 && !imap_has(s, IMAP_CAP_MULTIAPPEND))) {
        error_set(err, PINTAIL_ERROR_REFUSED, _("%s has no %s"), stream_peer(s->stream), "MULTIAPPEND");
        return FALSE;
    }
    for (guint i = 0; i < n; i++) {
        g_auto(Line) head = {0};
        imap_line_init(&head, s, "");
        if (too_large(s, folder, what[i].message.len, err) || !add_head(s, &head, &what[i], err))
            return FALSE;
    }
    return TRUE;
}

gboolean imap_append_many(ImapSession *s, const char *folder, const ImapAppend *what, guint n, guint32 *uidvalidity,
                          guint32 *uids, GError **err)
{
    g_auto(Line) line = {0};
    *uidvalidity = 0;
    memset(uids, 0, n * sizeof *uids);
    imap_line_init(&line, s, "APPEND ");
    if (!check(s, folder, what, n, err) || !imap_line_name(&line, folder, err) || !add_head(s, &line, &what[0], err))
        return FALSE;
    ImapCommand *c = imap_command_new(s, NULL, NULL, "APPEND %s", folder);
    gboolean good = run_append(s, c, &line, what, n, err);
    if (good && c->code && strcmp(c->code, "APPENDUID") == 0 &&
        !(n == 1 ? imap_parse_appenduid(span_of(c->arguments), uidvalidity, uids)
                 : imap_parse_appenduids(span_of(c->arguments), n, uidvalidity, uids))) {
        *uidvalidity = 0;
        memset(uids, 0, n * sizeof *uids);
    }
    imap_command_free(s, c);
    return good;
}

gboolean imap_append(ImapSession *s, const char *folder, const ImapAppend *what, guint32 *uidvalidity, guint32 *uid,
                     GError **err)
{
    guint32 validity, number;
    gboolean good = imap_append_many(s, folder, what, 1, &validity, &number, err);
    if (uidvalidity)
        *uidvalidity = validity;
    if (uid)
        *uid = number;
    return good;
}
