/* imap_idle.c - waiting for changes: IDLE (RFC 2177), or NOOP now and then without it; NOTIFY (RFC 5465),
 * which makes IDLE tell of all folders. */
#include "imap_session.h"
#include "pintail/util/log.h"

#define CUT_SHORT_MAX 3 /* IDLEs that the server ended by itself: then it has none */

gboolean imap_noop(ImapSession *s, GError **err)
{
    g_auto(Line) line = {0};
    imap_line_init(&line, s, "NOOP");
    if (!imap_command_run(s, imap_command_new(s, NULL, NULL, "NOOP"), &line, err))
        return FALSE;
    imap_changes_settle(s);
    return TRUE;
}

static guint left_of(gint64 until)
{
    gint64 left = (until - g_get_monotonic_time()) / 1000;
    return left <= 0 ? 0 : (guint)MIN(left, G_MAXINT);
}

/* Waits while the IDLE `c` stands (NULL: there is none). TRUE with *why, or with c->done. */
static gboolean watch(ImapSession *s, ImapCommand *c, int wake_fd, gint64 until, ImapIdle *why,
                      GError **err)
{
    *why = IMAP_IDLE_TIMEOUT;
    for (;;) {
        GError *error = NULL;
        StreamWake wake = STREAM_WAKE_INPUT;
        if (imap_has_changes(s)) {
            *why = IMAP_IDLE_CHANGED;
            return TRUE;
        }
        if ((c && c->done) || s->bye)
            return TRUE;
        if (!stream_has_input(s->stream) && !s->frame.has_pushed &&
            !stream_wait(s->stream, wake_fd, left_of(until), &wake, &error))
            return imap_session_broke(s, error, err);
        if (wake == STREAM_WAKE_OTHER)
            *why = IMAP_IDLE_WOKEN;
        if (wake != STREAM_WAKE_INPUT)
            return TRUE;
        stream_deadline(s->stream, 0); /* for the rest of the line */
        if (!imap_session_read(s, err))
            return FALSE;
    }
}

static gboolean poll_instead(ImapSession *s, int wake_fd, gint64 until, ImapIdle *why, GError **err)
{
    if (!watch(s, NULL, wake_fd, until, why, err))
        return FALSE;
    if (*why == IMAP_IDLE_TIMEOUT) {
        if (!imap_noop(s, err))
            return FALSE;
        if (imap_has_changes(s))
            *why = IMAP_IDLE_CHANGED;
    }
    return TRUE;
}

static gboolean say_done(ImapSession *s, GError **err)
{
    GError *error = NULL;
    stream_deadline(s->stream, 0);
    if (s->frame.log_name && log_is_open())
        log_dialogue(s->frame.log_name, '>', "DONE", 4);
    if (!stream_write(s->stream, "DONE\r\n", 6, &error))
        return imap_session_broke(s, error, err);
    return imap_session_flush(s, err);
}

/* *unable: the server does not take IDLE after all. */
static gboolean run_idle(ImapSession *s, ImapCommand *c, int wake_fd, gint64 until, ImapIdle *why,
                         gboolean *unable, GError **err)
{
    g_auto(Line) line = {0};
    gboolean go;
    imap_line_init(&line, s, "IDLE");
    *unable = FALSE;
    if (!imap_command_send(s, c, &line, err) || !imap_command_wait_continue(s, c, &go, err))
        return FALSE;
    if (!go) {
        *unable = TRUE;
        return TRUE;
    }
    if (!watch(s, c, wake_fd, until, why, err))
        return FALSE;
    if (c->done && ++s->idle_cut_short >= CUT_SHORT_MAX)
        imap_session_drop_capability(s, IMAP_CAP_IDLE);
    if (!c->done && (!say_done(s, err) || !imap_command_wait(s, c, err)))
        return FALSE;
    imap_changes_settle(s);
    if (imap_has_changes(s))
        *why = IMAP_IDLE_CHANGED;
    return imap_command_judge(s, c, err);
}

gboolean imap_idle(ImapSession *s, int wake_fd, guint timeout_ms, ImapIdle *why, GError **err)
{
    gint64 until = g_get_monotonic_time() + (gint64)timeout_ms * 1000;
    *why = IMAP_IDLE_CHANGED;
    if (imap_has_changes(s))
        return TRUE;
    if (!imap_has(s, IMAP_CAP_IDLE))
        return poll_instead(s, wake_fd, until, why, err);
    gboolean unable;
    ImapCommand *c = imap_command_new(s, NULL, NULL, "IDLE");
    gboolean good = run_idle(s, c, wake_fd, until, why, &unable, err);
    imap_command_free(s, c);
    if (!good || !unable)
        return good;
    imap_session_drop_capability(s, IMAP_CAP_IDLE);
    return poll_instead(s, wake_fd, until, why, err);
}

/* ---- NOTIFY -------------------------------------------------------------------------- */

/* Expunges of the selected mailbox only when a command lets them through, as without NOTIFY. Whoever knows
 * no FlagChange for other mailboxes answers NO [BADEVENT] (RFC 5465 section 5): then without. */
static const char *const notify_sets[] = {
    "NOTIFY SET (SELECTED-DELAYED (MessageNew MessageExpunge FlagChange)) "
    "(PERSONAL (MessageNew MessageExpunge FlagChange MailboxName))",
    "NOTIFY SET (SELECTED-DELAYED (MessageNew MessageExpunge FlagChange)) "
    "(PERSONAL (MessageNew MessageExpunge))",
};

static void notify_ended(ImapSession *s, ImapCommand *c)
{
    guint which = GPOINTER_TO_UINT(c->user);
    s->notifying = c->status == 'O';
    if (s->notifying)
        return;
    if (c->status == 'N' && which + 1 < G_N_ELEMENTS(notify_sets) && strcmp(c->code, "BADEVENT") == 0)
        s->notify_next = which + 1;
    else
        imap_session_drop_capability(s, IMAP_CAP_NOTIFY);
}

static gboolean send_notify(ImapSession *s, guint which, GError **err)
{
    g_auto(Line) line = {0};
    imap_line_init(&line, s, notify_sets[which]);
    ImapCommand *c = imap_command_new(s, NULL, GUINT_TO_POINTER(which), "NOTIFY");
    c->forgotten = TRUE;
    c->ended = notify_ended;
    if (imap_command_send(s, c, &line, err))
        return TRUE;
    imap_command_free(s, c);
    return FALSE;
}

gboolean imap_notify(ImapSession *s, GError **err)
{
    if (!imap_has(s, IMAP_CAP_NOTIFY) || s->notifying)
        return TRUE;
    return send_notify(s, s->notify_next, err);
}

gboolean imap_notifies(const ImapSession *s)
{
    return s->notifying;
}
